/* identity.c - which file is it. */
#include "enrich/identity.h"
#include "base/error.h"
#include "enrich/own.h"
#include "las/reader.h"
#include "mem/budget.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES ((uint64_t)65536)

uint64_t scree__enrich_digest(uint64_t digest, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001B3);
    return digest;
}

static void set_name(struct scree__enrich_identity *identity, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(identity->name, sizeof identity->name, "%s", slash != NULL ? slash + 1 : path);
}

enum scree_status scree__enrich_identity_of_source(struct scree_source *source,
                                                   struct scree__enrich_identity *identity,
                                                   struct scree_error *err)
{
    const uint64_t bytes = scree_source_bytes(source);
    const uint64_t head = bytes < PART_BYTES ? bytes : PART_BYTES;
    const uint64_t tail = bytes - head < PART_BYTES ? bytes - head : PART_BYTES;
    void *memory;
    memset(identity, 0, sizeof *identity);
    set_name(identity, scree_source_name(source));
    identity->bytes = bytes;
    enum scree_status status =
        scree__mem_alloc(NULL, 2 * PART_BYTES, &memory, "digest of a file", err);
    if (status != SCREE_OK)
        return status;
    status = scree_source_read(source, 0, memory, (size_t)head, err);
    if (status == SCREE_OK)
        status =
            scree_source_read(source, bytes - tail, (uint8_t *)memory + head, (size_t)tail, err);
    identity->digest =
        scree__enrich_digest(SCREE__ENRICH_DIGEST_BEGIN, memory, (size_t)(head + tail));
    scree__mem_free(NULL, memory, 2 * PART_BYTES);
    return status;
}

/* {"name":"tile.laz","bytes":1234,"digest":"0123456789abcdef"} */
static bool parse(const char *text, uint64_t bytes, struct scree__enrich_identity *identity)
{
    cJSON *root = text != NULL ? cJSON_ParseWithLength(text, (size_t)bytes) : NULL;
    const cJSON *input = cJSON_GetObjectItemCaseSensitive(root, "input");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(input, "name");
    const cJSON *length = cJSON_GetObjectItemCaseSensitive(input, "bytes");
    const cJSON *digest = cJSON_GetObjectItemCaseSensitive(input, "digest");
    const bool good = cJSON_IsString(name) && cJSON_IsNumber(length) && cJSON_IsString(digest) &&
                      length->valuedouble >= 0 && length->valuedouble < 9e15;
    if (good) {
        snprintf(identity->name, sizeof identity->name, "%s", name->valuestring);
        identity->bytes = (uint64_t)length->valuedouble;
        identity->digest = strtoull(digest->valuestring, NULL, 16);
    }
    cJSON_Delete(root);
    return good;
}

enum scree_status scree__enrich_identity_of_reader(const struct scree_las_reader *reader,
                                                   struct scree__enrich_identity *identity,
                                                   struct scree_error *err)
{
    const struct scree_las_vlr *vlr =
        scree_las_find_vlr(reader, SCREE__ENRICH_USER, SCREE__ENRICH_RECORD);
    memset(identity, 0, sizeof *identity);
    if (vlr != NULL && parse((const char *)vlr->payload, vlr->payload_bytes, identity))
        return SCREE_OK;
    return scree__enrich_identity_of_source(scree_las_source(reader), identity, err);
}

enum scree_status scree__enrich_identity_of_file(const char *path,
                                                 const struct scree_source_options *options,
                                                 struct scree__enrich_identity *identity,
                                                 struct scree_error *err)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    enum scree_status status = scree_source_open(path, options, &source, err);
    if (status == SCREE_OK)
        status = scree__las_open_head(source, NULL, &reader, err);
    if (status == SCREE_OK)
        status = scree__enrich_identity_of_reader(reader, identity, err);
    scree_las_close(reader);
    scree_source_close(source);
    return status;
}

void scree__enrich_identity_add(struct scree__enrich_text *text,
                                const struct scree__enrich_identity *identity)
{
    scree__enrich_text_add(text, "{\"name\":");
    scree__enrich_text_add_string(text, identity->name);
    scree__enrich_text_add(text, ",\"bytes\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\"}",
                           identity->bytes, identity->digest);
}
