/*
 * net_sign.h - signatures of S3 requests: AWS Signature Version 4 over HMAC-SHA256, as Amazon
 * documents it ("Authenticating Requests: Using the Authorization Header").
 */
#ifndef SCREE_LIB_IO_NET_SIGN_H
#define SCREE_LIB_IO_NET_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREE__NET_HASH_TEXT_BYTES 65u /* 64 hexadecimal digits */

struct scree__net_signature {
    /* What goes in. All strings; path and query are escaped as they go over the wire. */
    const char *access_key_id, *secret_access_key, *region;
    const char *method, *host, *path;
    const char *query;        /* sorted; "" for none; a name without value has its "=" */
    const char *payload_hash; /* hexadecimal SHA-256 of the body */
    /* Further headers to sign, each "name:value\n", lower case, sorted; all sort after "host".
     * x-amz-content-sha256 and x-amz-date belong here where they are sent. */
    const char *headers;
    const char *date; /* "20130524T000000Z" */
    /* What comes out. */
    char signed_headers[256];
    char authorization[1024]; /* the value of the Authorization header */
};

/* False where something does not fit. */
bool scree__net_sign(struct scree__net_signature *signature);

void scree__net_hash(const void *bytes, size_t byte_count, char text[SCREE__NET_HASH_TEXT_BYTES]);

#endif
