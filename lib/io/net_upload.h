/* net_upload.h - the calls that make up a multipart upload to an S3 store. */
#ifndef SCREE_LIB_IO_NET_UPLOAD_H
#define SCREE_LIB_IO_NET_UPLOAD_H

#include "io/net_http.h"
#include "io/net_s3.h"
#include "mem/budget.h"

#define SCREE__NET_ETAG_BYTES 80u /* an MD5 with quotes has 34; some stores' are longer */
#define SCREE__NET_UPLOAD_ID_BYTES 1024u

/* One upload. All zero but the first three members before scree__net_upload_begin(). */
struct scree__net_upload {
    const char *name; /* s3://bucket/key, for messages */
    const struct scree__net_s3 *s3;
    struct scree__net_engine *engine;
    bool replace;
    char id[3 * SCREE__NET_UPLOAD_ID_BYTES]; /* escaped; "" while there is none */
};

/* One call with its retries; stays where it is while it runs. */
struct scree__net_call {
    struct scree__net_job job;
    const struct scree__net_upload *upload;
    enum scree__net_method method;
    char query[3 * SCREE__NET_UPLOAD_ID_BYTES + 64];
    char what[48]; /* for messages */
    const uint8_t *body;
    uint64_t body_bytes;
    char hash[SCREE__NET_HASH_TEXT_BYTES];
    bool if_none_match, fresh; /* see struct scree__net_request */
    /* What came back. */
    int status;
    uint64_t length;
    char etag[SCREE__NET_ETAG_BYTES];
    char text[SCREE__NET_TEXT_BYTES];
};

/* SCREE_E_EXISTS unless replace is set and something is there. */
SCREE_MUST_CHECK enum scree_status scree__net_upload_check(const struct scree__net_upload *upload,
                                                           struct scree_error *err);
/* Begins the upload: the store knows of it from here on, and nobody sees it. */
SCREE_MUST_CHECK enum scree_status scree__net_upload_begin(struct scree__net_upload *upload,
                                                           struct scree_error *err);
/* Prepares the call that uploads a part; the caller starts it on the engine. number: from 1. */
void scree__net_upload_part(const struct scree__net_upload *upload, struct scree__net_call *call,
                            unsigned number, const uint8_t *bytes, uint64_t byte_count);
/* Publishes the object: parts 1 to part_count, which have these tags, together `byte_count`. */
SCREE_MUST_CHECK enum scree_status
scree__net_upload_complete(struct scree__net_upload *upload,
                           const char (*etags)[SCREE__NET_ETAG_BYTES], unsigned part_count,
                           uint64_t byte_count, struct scree__mem_budget *budget,
                           struct scree_error *err);
/* Takes back what was uploaded. */
SCREE_MUST_CHECK enum scree_status scree__net_upload_abort(struct scree__net_upload *upload,
                                                           struct scree_error *err);

#endif
