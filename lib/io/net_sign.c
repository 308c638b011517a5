/* net_sign.c - AWS Signature Version 4. */
#include "io/net_sign.h"

#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static void to_hex(const uint8_t *bytes, size_t byte_count, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < byte_count; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

void scree__net_hash(const void *bytes, size_t byte_count, char text[SCREE__NET_HASH_TEXT_BYTES])
{
    struct sha256_ctx hash;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&hash);
    sha256_update(&hash, byte_count, bytes);
    sha256_digest(&hash, sizeof digest, digest);
    to_hex(digest, sizeof digest, text);
}

static void mac(const uint8_t *key, size_t key_bytes, const char *text,
                uint8_t digest[SHA256_DIGEST_SIZE])
{
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key_bytes, key);
    hmac_sha256_update(&context, strlen(text), (const uint8_t *)text);
    hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
    explicit_bzero(&context, sizeof context);
}

/* The key of one day, region and service. */
static void derive_key(const struct scree__net_signature *signature, const char *day,
                       uint8_t key[SHA256_DIGEST_SIZE])
{
    char secret[300];
    snprintf(secret, sizeof secret, "AWS4%s", signature->secret_access_key);
    mac((const uint8_t *)secret, strlen(secret), day, key);
    mac(key, SHA256_DIGEST_SIZE, signature->region, key);
    mac(key, SHA256_DIGEST_SIZE, "s3", key);
    mac(key, SHA256_DIGEST_SIZE, "aws4_request", key);
    explicit_bzero(secret, sizeof secret);
}

/* The names in "name:value\n..." as "host;name;...". */
static bool name_headers(struct scree__net_signature *signature)
{
    size_t used = 4;
    memcpy(signature->signed_headers, "host", 5);
    for (const char *at = signature->headers; *at != '\0';) {
        size_t name = strcspn(at, ":");
        if (used + name + 2 > sizeof signature->signed_headers)
            return false;
        signature->signed_headers[used++] = ';';
        memcpy(signature->signed_headers + used, at, name);
        used += name;
        signature->signed_headers[used] = '\0';
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return true;
}

/* The request as it is signed, hashed piece by piece: a session token may be long. */
static void hash_request(const struct scree__net_signature *signature,
                         char text[SCREE__NET_HASH_TEXT_BYTES])
{
    const char *pieces[] = {signature->method,
                            "\n",
                            signature->path,
                            "\n",
                            signature->query,
                            "\n",
                            "host:",
                            signature->host,
                            "\n",
                            signature->headers,
                            "\n",
                            signature->signed_headers,
                            "\n",
                            signature->payload_hash};
    struct sha256_ctx hash;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&hash);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        sha256_update(&hash, strlen(pieces[i]), (const uint8_t *)pieces[i]);
    sha256_digest(&hash, sizeof digest, digest);
    to_hex(digest, sizeof digest, text);
}

bool scree__net_sign(struct scree__net_signature *signature)
{
    char day[9], request[SCREE__NET_HASH_TEXT_BYTES], to_sign[512],
        text[SCREE__NET_HASH_TEXT_BYTES];
    uint8_t digest[SHA256_DIGEST_SIZE];
    if (strlen(signature->date) != 16 || strlen(signature->secret_access_key) > 256 ||
        !name_headers(signature))
        return false;
    memcpy(day, signature->date, 8);
    day[8] = '\0';
    hash_request(signature, request);
    int count = snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s",
                         signature->date, day, signature->region, request);
    if (count < 0 || (size_t)count >= sizeof to_sign)
        return false;
    derive_key(signature, day, digest);
    mac(digest, sizeof digest, to_sign, digest);
    to_hex(digest, sizeof digest, text);
    count =
        snprintf(signature->authorization, sizeof signature->authorization,
                 "AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request, SignedHeaders=%s, "
                 "Signature=%s",
                 signature->access_key_id, day, signature->region, signature->signed_headers, text);
    return count > 0 && (size_t)count < sizeof signature->authorization;
}
