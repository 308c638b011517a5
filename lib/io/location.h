/* location.h - URLs and s3:// locations taken apart. Text only: no network, no curl. */
#ifndef SCREE_LIB_IO_LOCATION_H
#define SCREE_LIB_IO_LOCATION_H

#include "scree/io.h"

/* Longer URLs are refused. Signed ones have 1 to 2 KiB. */
#define SCREE__IO_URL_BYTES 8192u
/* S3: a bucket's name has 3 to 63 characters, some stores take up to 255; a key up to 1024 bytes. */
#define SCREE__IO_BUCKET_BYTES 256u
#define SCREE__IO_KEY_BYTES 1025u
#define SCREE__IO_HOST_BYTES 600u

/* An http:// or https:// location. */
struct scree__io_url {
    bool https;
    char url
        [SCREE__IO_URL_BYTES]; /* without user and fragment; spaces and bytes above 127 escaped */
    char user[512];            /* user:password, unescaped; "" where there is none */
    char name[SCREE__IO_URL_BYTES]; /* for messages: without user and query */
};

struct scree__io_bucket_key {
    char bucket[SCREE__IO_BUCKET_BYTES], key[SCREE__IO_KEY_BYTES];
};

/* Where requests for one object of an S3 store go. */
struct scree__io_s3_target {
    char origin[SCREE__IO_HOST_BYTES]; /* https://host:port */
    const char *host;                  /* in origin: what the Host header says */
    char path[3 * (SCREE__IO_KEY_BYTES + SCREE__IO_BUCKET_BYTES) + 3]; /* escaped, from / on */
};

/* SCREE_E_UNSUPPORTED for what looks like a URL of a kind that scree does not know. */
SCREE_MUST_CHECK enum scree_status scree__io_location_check_local(const char *location,
                                                                  struct scree_error *err);

bool scree__io_location_is_s3(const char *location);

/* SCREE_E_ARGUMENT where the location makes no sense. */
SCREE_MUST_CHECK enum scree_status
scree__io_url_parse(const char *location, struct scree__io_url *url, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__io_s3_parse(const char *location, struct scree__io_bucket_key *out, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__io_s3_target_make(const struct scree__io_bucket_key *object, const char *endpoint,
                         const char *region, enum scree_s3_style style,
                         struct scree__io_s3_target *target, struct scree_error *err);

/*
 * Appends text to out at *used with everything escaped but letters, digits, "-._~" and, where
 * keep_slash is set, "/": as the signatures of S3 want it. False where it does not fit.
 */
bool scree__io_escape(const char *text, bool keep_slash, char *out, size_t out_bytes, size_t *used);

/* Do two URLs have the same scheme, host and port? */
bool scree__io_same_origin(const char *a, const char *b);

#endif
