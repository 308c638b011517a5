/* fuzz_http.c - any bytes as the header of an HTTP response, as an HTTP date and as a location. */
#include "io/http_response.h"
#include "io/location.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct scree__io_response *response)
{
    if (response->range_kind == SCREE__IO_RANGE_BYTES &&
        (response->range_begin >= response->range_end ||
         (response->total_known && response->range_end > response->total)))
        abort();
    if (response->retry_after_s < -1 || response->date_s < -1)
        abort();
    if (strpbrk(response->location, "\r\n") != NULL || strpbrk(response->etag, "\r\n") != NULL)
        abort();
}

static void parse_header(const char *text, size_t size)
{
    static struct scree__io_response response;
    scree__io_response_init(&response);
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t bytes = end != NULL ? (size_t)(end - text) + 1 : size;
        scree__io_response_line(&response, text, bytes);
        check(&response);
        text += bytes;
        size -= bytes;
    }
}

static void parse_location(const char *text)
{
    static struct scree__io_url url;
    static struct scree__io_bucket_key object;
    static struct scree__io_s3_target target;
    if (scree__io_location_check_local(text, NULL) == SCREE_OK && strstr(text, "://") == NULL)
        return;
    if (!scree_location_is_remote(text))
        return;
    if (!scree__io_location_is_s3(text)) {
        if (scree__io_url_parse(text, &url, NULL) == SCREE_OK &&
            !scree__io_same_origin(url.url, url.url))
            abort();
    } else if (scree__io_s3_parse(text, &object, NULL) == SCREE_OK) {
        for (int style = SCREE_S3_STYLE_AUTO; style <= SCREE_S3_STYLE_VIRTUAL; style++)
            (void)!scree__io_s3_target_make(&object, NULL, "us-east-1", (enum scree_s3_style)style,
                                            &target, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    parse_header(text, size);
    (void)scree__io_http_date(text, size);
    parse_location(text);
    free(text);
    return 0;
}
