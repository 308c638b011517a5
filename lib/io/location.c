/* location.c - URLs and s3:// locations taken apart. */
#include "io/location.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PLACE_MAX 60 /* of a location in a message about it */

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

bool scree_location_is_remote(const char *location)
{
    return begins(location, "http://") || begins(location, "https://") || begins(location, "s3://");
}

bool scree__io_location_is_s3(const char *location)
{
    return begins(location, "s3://");
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum scree_status scree__io_location_check_local(const char *location, struct scree_error *err)
{
    size_t at = 0;
    if (!is_letter(location[0]))
        return SCREE_OK;
    while (is_letter(location[at]) || is_digit(location[at]) || location[at] == '+')
        at++;
    if (strncmp(location + at, "://", 3) != 0)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "%.*s://: expected a path, or http://, https:// or s3://",
                            (int)(at < PLACE_MAX ? at : PLACE_MAX), location);
}

/* ----------------------------------------------------------------------------------------- http */

static bool put(char *out, size_t out_bytes, size_t *used, char c)
{
    if (*used + 1 >= out_bytes)
        return false;
    out[(*used)++] = c;
    out[*used] = '\0';
    return true;
}

static bool put_escaped(char *out, size_t out_bytes, size_t *used, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    return put(out, out_bytes, used, '%') && put(out, out_bytes, used, digits[byte >> 4]) &&
           put(out, out_bytes, used, digits[byte & 15]);
}

static bool put_text(char *out, size_t out_bytes, size_t *used, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!put(out, out_bytes, used, text[i]))
            return false;
    }
    return true;
}

/* The path and the query as they go over the wire. */
static bool put_path(struct scree__io_url *url, size_t *used, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool done = byte == ' ' || byte >= 0x80
                        ? put_escaped(url->url, sizeof url->url, used, text[i])
                        : put(url->url, sizeof url->url, used, text[i]);
        if (!done)
            return false;
    }
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static int hex_value(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* user:password of a URL, where %40 stands for @. What would not be text stays as it is. */
static void unescape(const char *text, size_t count, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        int high = text[i] == '%' && i + 2 < count ? hex_value(text[i + 1]) : -1;
        int low = high >= 2 ? hex_value(text[i + 2]) : -1;
        out[used++] = low >= 0 ? (char)(high * 16 + low) : text[i];
        i += low >= 0 ? 2 : 0;
    }
    out[used] = '\0';
}

enum scree_status scree__io_url_parse(const char *location, struct scree__io_url *url,
                                      struct scree_error *err)
{
    memset(url, 0, sizeof *url);
    url->https = begins(location, "https://");
    const char *scheme = url->https ? "https://" : "http://";
    const char *authority = location + strlen(scheme);
    size_t authority_bytes = strcspn(authority, "/?#");
    const char *host = authority;
    for (size_t i = 0; i < authority_bytes; i++) {
        if (authority[i] == '@')
            host = authority + i + 1;
    }
    size_t host_bytes = (size_t)(authority + authority_bytes - host);
    const char *path = authority + authority_bytes;
    size_t path_bytes = strcspn(path, "?#");
    if (has_control(location) || memchr(host, ' ', host_bytes) != NULL || host_bytes == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: not a URL: expected %shost/path",
                                scheme, scheme);
    size_t user_bytes = host > authority ? (size_t)(host - authority) - 1 : 0, used = 0, named = 0;
    bool fits = user_bytes < sizeof url->user &&
                put_text(url->url, sizeof url->url, &used, scheme, strlen(scheme)) &&
                put_text(url->url, sizeof url->url, &used, host, host_bytes) &&
                put_text(url->name, sizeof url->name, &named, url->url, used) &&
                put_text(url->name, sizeof url->name, &named, path, path_bytes) &&
                (path[0] == '/' || put(url->url, sizeof url->url, &used, '/')) &&
                put_path(url, &used, path, strcspn(path, "#"));
    if (!fits)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s%.*s: the URL is too long", scheme,
                                (int)(host_bytes < PLACE_MAX ? host_bytes : PLACE_MAX), host);
    unescape(authority, user_bytes, url->user);
    return SCREE_OK;
}

bool scree__io_same_origin(const char *a, const char *b)
{
    const char *a_host = strstr(a, "://"), *b_host = strstr(b, "://");
    if (a_host == NULL || b_host == NULL)
        return false;
    size_t a_bytes = (size_t)(a_host - a) + 3 + strcspn(a_host + 3, "/?#");
    size_t b_bytes = (size_t)(b_host - b) + 3 + strcspn(b_host + 3, "/?#");
    return a_bytes == b_bytes && strncasecmp(a, b, a_bytes) == 0;
}

/* ------------------------------------------------------------------------------------------- s3 */

enum scree_status scree__io_s3_parse(const char *location, struct scree__io_bucket_key *out,
                                     struct scree_error *err)
{
    const char *bucket = location + strlen("s3://");
    size_t bucket_bytes = strcspn(bucket, "/");
    const char *key = bucket + bucket_bytes + (bucket[bucket_bytes] == '/');
    size_t key_bytes = strlen(key);
    if (bucket_bytes == 0 || key_bytes == 0 || key[key_bytes - 1] == '/')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.900s: expected s3://bucket/key",
                                location);
    if (bucket_bytes >= sizeof out->bucket || key_bytes >= sizeof out->key)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "s3://%.*s...: a bucket has %u bytes at most, a key %u", PLACE_MAX,
                                bucket, SCREE__IO_BUCKET_BYTES - 1, SCREE__IO_KEY_BYTES - 1);
    for (size_t i = 0; i < bucket_bytes; i++) {
        char c = bucket[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "%.900s: a bucket has letters, digits, '.', '-' and '_'",
                                    location);
    }
    memcpy(out->bucket, bucket, bucket_bytes);
    out->bucket[bucket_bytes] = '\0';
    memcpy(out->key, key, key_bytes + 1);
    return SCREE_OK;
}

bool scree__io_escape(const char *text, bool keep_slash, char *out, size_t out_bytes, size_t *used)
{
    for (; *text != '\0'; text++) {
        bool plain = is_letter(*text) || is_digit(*text) || strchr("-._~", *text) != NULL ||
                     (keep_slash && *text == '/');
        if (!(plain ? put(out, out_bytes, used, *text) : put_escaped(out, out_bytes, used, *text)))
            return false;
    }
    return true;
}

/* A name that can stand before a host's, and that the certificate of *.host covers. */
static bool is_dns_label(const char *bucket)
{
    size_t bytes = strlen(bucket);
    if (bytes < 3 || bytes > 63 || bucket[0] == '-' || bucket[bytes - 1] == '-')
        return false;
    for (; *bucket != '\0'; bucket++) {
        if (!(*bucket >= 'a' && *bucket <= 'z') && !is_digit(*bucket) && *bucket != '-')
            return false;
    }
    return true;
}

static bool is_region(const char *region)
{
    size_t bytes = strlen(region);
    for (size_t i = 0; i < bytes; i++) {
        if (!is_letter(region[i]) && !is_digit(region[i]) && region[i] != '-')
            return false;
    }
    return bytes > 0 && bytes < 64;
}

static enum scree_status check_endpoint(const char *endpoint, struct scree_error *err)
{
    const char *host = strstr(endpoint, "://");
    bool known = begins(endpoint, "http://") || begins(endpoint, "https://");
    if (!known || host[3] == '\0' || strpbrk(host + 3, "@?# ") != NULL || has_control(endpoint))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "S3 endpoint: expected https://host or http://host:port");
    size_t host_bytes = strcspn(host + 3, "/");
    if (host_bytes == 0 || strspn(host + 3 + host_bytes, "/") != strlen(host + 3 + host_bytes))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "S3 endpoint %.200s: expected a host and no path", endpoint);
    return SCREE_OK;
}

enum scree_status scree__io_s3_target_make(const struct scree__io_bucket_key *object,
                                           const char *endpoint, const char *region,
                                           enum scree_s3_style style,
                                           struct scree__io_s3_target *target,
                                           struct scree_error *err)
{
    char amazon[160];
    if (!is_region(region))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "S3 region '%.80s': expected letters, digits and '-'", region);
    bool is_amazon = endpoint == NULL || endpoint[0] == '\0';
    if (is_amazon) {
        snprintf(amazon, sizeof amazon, "https://s3.%s.amazonaws.com%s", region,
                 begins(region, "cn-") ? ".cn" : "");
        endpoint = amazon;
    }
    enum scree_status status = check_endpoint(endpoint, err);
    if (status != SCREE_OK)
        return status;
    bool in_host = style == SCREE_S3_STYLE_VIRTUAL ||
                   (style == SCREE_S3_STYLE_AUTO && is_amazon && is_dns_label(object->bucket));
    size_t scheme_bytes = begins(endpoint, "https://") ? 8 : 7, used = 0;
    size_t host_bytes = strcspn(endpoint + scheme_bytes, "/");
    int count = snprintf(target->origin, sizeof target->origin, "%s%s%s%.*s",
                         scheme_bytes == 8 ? "https://" : "http://", in_host ? object->bucket : "",
                         in_host ? "." : "", (int)host_bytes, endpoint + scheme_bytes);
    if (count < 0 || (size_t)count >= sizeof target->origin)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "S3 endpoint: the host is too long");
    target->host = target->origin + scheme_bytes;
    bool fits = put(target->path, sizeof target->path, &used, '/');
    if (!in_host)
        fits = fits &&
               scree__io_escape(object->bucket, false, target->path, sizeof target->path, &used) &&
               put(target->path, sizeof target->path, &used, '/');
    fits = fits && scree__io_escape(object->key, true, target->path, sizeof target->path, &used);
    return fits ? SCREE_OK
                : scree__base_fail(err, SCREE_E_ARGUMENT, "S3 key: too long once it is escaped");
}
