/* net_s3.c - requests for one object of an S3 store. */
#include "io/net_s3.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* SHA-256 of nothing. */
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *const method_names[] = {[SCREE__NET_GET] = "GET",
                                           [SCREE__NET_HEAD] = "HEAD",
                                           [SCREE__NET_PUT] = "PUT",
                                           [SCREE__NET_POST] = "POST",
                                           [SCREE__NET_DELETE] = "DELETE"};

/* Visible ASCII: what may stand in a header. */
static bool copy_visible(char *place, size_t place_bytes, const char *text)
{
    size_t bytes = text != NULL ? strlen(text) : 0;
    if (bytes >= place_bytes)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e)
            return false;
        place[i] = text[i];
    }
    place[bytes] = '\0';
    return true;
}

enum scree_status scree__net_s3_init(struct scree__net_s3 *s3, const char *location,
                                     const struct scree_s3_options *options,
                                     struct scree_error *err)
{
    struct scree_s3_options wanted;
    struct scree__io_bucket_key object;
    memset(s3, 0, sizeof *s3);
    scree_s3_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    enum scree_status status = scree__io_s3_parse(location, &object, err);
    if (status != SCREE_OK)
        return status;
    const char *region =
        wanted.region != NULL && wanted.region[0] != '\0' ? wanted.region : "us-east-1";
    status =
        scree__io_s3_target_make(&object, wanted.endpoint, region, wanted.style, &s3->target, err);
    if (status != SCREE_OK)
        return status;
    bool fits = copy_visible(s3->region, sizeof s3->region, region) &&
                copy_visible(s3->access_key_id, sizeof s3->access_key_id, wanted.access_key_id) &&
                copy_visible(s3->secret_access_key, sizeof s3->secret_access_key,
                             wanted.secret_access_key) &&
                copy_visible(s3->session_token, sizeof s3->session_token, wanted.session_token);
    bool has_key = s3->access_key_id[0] != '\0', has_secret = s3->secret_access_key[0] != '\0';
    s3->sign = !wanted.anonymous && has_key && has_secret;
    if (!fits || (!wanted.anonymous && has_key != has_secret)) {
        scree__net_s3_release(s3);
        return scree__base_fail(err, SCREE_E_ARGUMENT, "S3 credentials: %s",
                                fits ? "key and secret belong together"
                                     : "too long, or not printable ASCII");
    }
    return SCREE_OK;
}

void scree__net_s3_release(struct scree__net_s3 *s3)
{
    explicit_bzero(s3->access_key_id, sizeof s3->access_key_id);
    explicit_bzero(s3->secret_access_key, sizeof s3->secret_access_key);
    explicit_bzero(s3->session_token, sizeof s3->session_token);
}

static enum scree_status sign(const struct scree__net_s3 *s3, struct scree__net_request *request,
                              const char *query, const char *payload_hash, struct scree_error *err)
{
    char date[17], headers[8600];
    time_t now = time(NULL);
    struct tm utc;
    bool has_token = s3->session_token[0] != '\0';
    if (gmtime_r(&now, &utc) == NULL || strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &utc) != 16)
        return scree__base_fail(err, SCREE_E_IO, "the system's clock makes no sense");
    snprintf(headers, sizeof headers, "x-amz-content-sha256:%s\nx-amz-date:%s\n%s%s%s",
             payload_hash, date, has_token ? "x-amz-security-token:" : "", s3->session_token,
             has_token ? "\n" : "");
    struct scree__net_signature signature = {.access_key_id = s3->access_key_id,
                                             .secret_access_key = s3->secret_access_key,
                                             .region = s3->region,
                                             .method = method_names[request->method],
                                             .host = s3->target.host,
                                             .path = s3->target.path,
                                             .query = query,
                                             .payload_hash = payload_hash,
                                             .headers = headers,
                                             .date = date};
    bool signed_ = scree__net_sign(&signature);
    explicit_bzero(headers, sizeof headers);
    if (!signed_)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "S3 credentials: too long to sign with");
    enum scree_status status = scree__net_header(request, err, "x-amz-date: %s", date);
    if (status == SCREE_OK)
        status = scree__net_header(request, err, "Authorization: %s", signature.authorization);
    if (status == SCREE_OK && has_token)
        status = scree__net_header(request, err, "x-amz-security-token: %s", s3->session_token);
    return status;
}

enum scree_status scree__net_s3_request(const struct scree__net_s3 *s3,
                                        struct scree__net_request *request,
                                        enum scree__net_method method, const char *query,
                                        const char *payload_hash, struct scree_error *err)
{
    if (payload_hash == NULL)
        payload_hash = EMPTY_HASH;
    request->method = method;
    request->is_unsigned = !s3->sign;
    int count = snprintf(request->url, sizeof request->url, "%s%s%s%s", s3->target.origin,
                         s3->target.path, query[0] != '\0' ? "?" : "", query);
    if (count < 0 || (size_t)count >= sizeof request->url)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "S3: the URL of the object is too long");
    enum scree_status status = SCREE_OK;
    if (method == SCREE__NET_PUT || method == SCREE__NET_POST) /* no 100 Continue: a round trip */
        status = scree__net_header(request, err, "Expect:");
    if (status != SCREE_OK || !s3->sign)
        return status;
    status = scree__net_header(request, err, "x-amz-content-sha256: %s", payload_hash);
    return status == SCREE_OK ? sign(s3, request, query, payload_hash, err) : status;
}
