/* fuzz_s3_profile.c - any bytes as an AWS configuration; nothing of them may get into a message. */
#include "scree/io.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scree_s3_profile profile;
    struct scree_error err = SCREE_ERROR_INIT;
    memset(&profile, 0, sizeof profile);
    enum scree_status status =
        scree_s3_profile_parse((const char *)data, size, "default", "seed", &profile, &err);
    if (memchr(profile.access_key_id, '\0', sizeof profile.access_key_id) == NULL ||
        memchr(profile.secret_access_key, '\0', sizeof profile.secret_access_key) == NULL ||
        memchr(profile.session_token, '\0', sizeof profile.session_token) == NULL ||
        memchr(profile.region, '\0', sizeof profile.region) == NULL ||
        memchr(profile.endpoint, '\0', sizeof profile.endpoint) == NULL)
        abort();
    if (status != SCREE_OK && strncmp(err.message, "seed: line ", 11) != 0)
        abort();
    return 0;
}
