/* store_sign.c - checks signatures of requests, written from the specifications alone. */
#include "store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes; 5.3.3: square roots. Computed. */
struct constants {
    uint32_t k[64], h[8];
};

/* floor(frac(root) * 2^32): 35 of a double's 53 bits. */
static uint32_t root_fraction(double root)
{
    return (uint32_t)((root - floor(root)) * 4294967296.0);
}

static void make_constants(struct constants *constants)
{
    unsigned count = 0;
    for (uint64_t n = 2; count < 64; n++) {
        bool prime = true;
        for (uint64_t d = 2; d * d <= n; d++)
            prime = prime && n % d != 0;
        if (!prime)
            continue;
        if (count < 8)
            constants->h[count] = root_fraction(sqrt((double)n));
        constants->k[count++] = root_fraction(cbrt((double)n));
    }
}

static uint32_t turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void hash_block(const struct constants *c, uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], v[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + c->k[i] + w[i];
        uint32_t s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

static void sha256(const void *bytes, uint64_t count, unsigned char digest[32])
{
    struct constants c;
    uint32_t state[8];
    unsigned char last[128] = {0};
    const unsigned char *from = bytes;
    uint64_t whole = count / 64 * 64, rest = count - whole, padded = rest < 56 ? 64 : 128;
    make_constants(&c);
    memcpy(state, c.h, sizeof state);
    for (uint64_t at = 0; at < whole; at += 64)
        hash_block(&c, state, from + at);
    if (rest > 0)
        memcpy(last, from + whole, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[padded - 1 - i] = (unsigned char)(count * 8 >> 8 * i);
    for (uint64_t at = 0; at < padded; at += 64)
        hash_block(&c, state, last + at);
    for (unsigned i = 0; i < 32; i++)
        digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void hmac(const void *key, size_t key_bytes, const char *text, unsigned char digest[32])
{
    unsigned char inner[64 + 4096] = {0}, outer[96] = {0};
    size_t bytes = strlen(text);
    memcpy(inner, key, key_bytes); /* at most 64 here */
    memcpy(outer, key, key_bytes);
    for (unsigned i = 0; i < 64; i++) {
        inner[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    memcpy(inner + 64, text, bytes);
    sha256(inner, 64 + bytes, outer + 64);
    sha256(outer, 96, digest);
}

static void hex(const unsigned char digest[32], char text[65])
{
    for (unsigned i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, "=" after names without a value. */
static void canonical_query(const char *query, char *out, size_t out_bytes)
{
    char copy[4096], *parts[16], *state = NULL;
    unsigned count = 0;
    size_t used = 0;
    snprintf(copy, sizeof copy, "%s", query);
    for (char *part = strtok_r(copy, "&", &state); part != NULL && count < 16;
         part = strtok_r(NULL, "&", &state))
        parts[count++] = part;
    qsort(parts, count, sizeof *parts, compare_texts);
    out[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%s%s", i > 0 ? "&" : "", parts[i],
                                 strchr(parts[i], '=') == NULL ? "=" : "");
}

/* The value after "name=" in the Authorization header, up to a comma. */
static void field_of(const char *authorization, const char *name, char *out, size_t out_bytes)
{
    const char *at = strstr(authorization, name);
    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(name);
    snprintf(out, out_bytes, "%.*s", (int)strcspn(at, ","), at);
}

static void canonical_request(const struct request *request, const char *signed_headers, char *out,
                              size_t out_bytes)
{
    char query[4096], names[512], value[9000], *state = NULL;
    const char *mark = strchr(request->path, '?');
    size_t used;
    canonical_query(mark != NULL ? mark + 1 : "", query, sizeof query);
    used = (size_t)snprintf(out, out_bytes, "%s\n%.*s\n%s\n", request->method,
                            (int)strcspn(request->path, "?"), request->path, query);
    snprintf(names, sizeof names, "%s", signed_headers);
    for (char *name = strtok_r(names, ";", &state); name != NULL;
         name = strtok_r(NULL, ";", &state))
        used += (size_t)snprintf(out + used, out_bytes - used, "%s:%s\n", name,
                                 request_header(request, name, value, sizeof value));
    request_header(request, "x-amz-content-sha256", value, sizeof value);
    snprintf(out + used, out_bytes - used, "\n%s\n%s", signed_headers, value);
}

bool store_signature_is_right(const struct request *request)
{
    char authorization[2048], scope[300], names[512], given[100], date[40], text[65], to_sign[600];
    char wanted_scope[200], day[9], claimed[100];
    char canonical[20000];
    unsigned char digest[32];
    request_header(request, "Authorization", authorization, sizeof authorization);
    field_of(authorization, "Credential=", scope, sizeof scope);
    field_of(authorization, "SignedHeaders=", names, sizeof names);
    field_of(authorization, "Signature=", given, sizeof given);
    request_header(request, "x-amz-date", date, sizeof date);
    snprintf(day, sizeof day, "%.8s", date);
    snprintf(wanted_scope, sizeof wanted_scope, "%s/%s/%s/s3/aws4_request", STORE_KEY, day,
             STORE_REGION);
    sha256(request->body, request->body_bytes, digest);
    hex(digest, text);
    request_header(request, "x-amz-content-sha256", claimed, sizeof claimed);
    if (strcmp(text, claimed) != 0 || strcmp(scope, wanted_scope) != 0 ||
        strstr(names, "host") == NULL || strstr(names, "x-amz-date") == NULL)
        return false;
    canonical_request(request, names, canonical, sizeof canonical);
    sha256(canonical, strlen(canonical), digest);
    hex(digest, text);
    snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date,
             wanted_scope + strlen(STORE_KEY) + 1, text);
    hmac("AWS4" STORE_SECRET, strlen("AWS4" STORE_SECRET), day, digest);
    hmac(digest, 32, STORE_REGION, digest);
    hmac(digest, 32, "s3", digest);
    hmac(digest, 32, "aws4_request", digest);
    hmac(digest, 32, to_sign, digest);
    hex(digest, text);
    return strcmp(text, given) == 0;
}
