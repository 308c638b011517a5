/*
 * store.h - a small S3 store for server.h: one object at a time, multipart uploads, and signatures checked by a second implementation
 * (SHA-256, HMAC and canonical request written from the specifications, FIPS 180-4, RFC 2104 and Amazon's "Signature Version 4").
 */
#ifndef TESTS_NET_STORE_H
#define TESTS_NET_STORE_H

#include "server.h"

#define STORE_PARTS 64
#define STORE_REGION "us-east-1"
#define STORE_KEY "AKTEST"
#define STORE_SECRET "secret/with+signs="

struct store {
    /* What goes wrong. */
    unsigned fail_parts;       /* so many uploads of parts get 503 */
    unsigned drop_parts;       /* ... are reset without an answer */
    unsigned refuse_part;      /* this part is refused for good; 0: none */
    unsigned complete_errors;  /* so many completions say 200 and <Error> InternalError */
    bool complete_refused;     /* 200 and <Error> for good */
    bool lose_complete;        /* completes, and resets without an answer, once */
    bool loses_a_byte;         /* completes with an object that is a byte short */
    bool no_conditions;        /* 501 to If-None-Match */
    bool appears;              /* another's object is there when the upload is completed */
    bool skewed, wrong_region; /* errors of those kinds to everything */
    bool is_public;            /* whoever does not sign may read */
    /* What is there. */
    bool exists, uploading;
    unsigned char *object;
    uint64_t object_bytes;
    unsigned char *parts[STORE_PARTS];
    uint64_t part_bytes[STORE_PARTS];
    unsigned part_count, begun, aborted, bad_signatures, unsigned_requests;
    char path[2048], host[300]; /* of the last request; without query */
};

bool store_answer(struct server *server, int connection, const struct request *request, bool *keep);
void store_release(struct store *store);

/* Is the request signed with STORE_KEY and STORE_SECRET? */
bool store_signature_is_right(const struct request *request);

#endif
