/* net_s3.h - one object of an S3 store: where it is, and requests for it, signed. */
#ifndef SCREE_LIB_IO_NET_S3_H
#define SCREE_LIB_IO_NET_S3_H

#include "io/net_http.h"
#include "io/net_sign.h"

struct scree__net_s3 {
    struct scree__io_s3_target target;
    bool sign;
    char region[64], access_key_id[256], secret_access_key[256], session_token[8192];
};

/* options: NULL for Amazon, unsigned. SCREE_E_ARGUMENT where location or options make no sense. */
SCREE_MUST_CHECK enum scree_status scree__net_s3_init(struct scree__net_s3 *s3,
                                                      const char *location,
                                                      const struct scree_s3_options *options,
                                                      struct scree_error *err);
/* Wipes the secrets. */
void scree__net_s3_release(struct scree__net_s3 *s3);

/*
 * Fills method, URL and headers of a request for the object. query: as it is signed ("" none, names
 * sorted, "name=value&..."), payload_hash: of the body, NULL for none.
 */
SCREE_MUST_CHECK enum scree_status
scree__net_s3_request(const struct scree__net_s3 *s3, struct scree__net_request *request,
                      enum scree__net_method method, const char *query, const char *payload_hash,
                      struct scree_error *err);

#endif
