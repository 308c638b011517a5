/*
 * http_response.h - the header of an HTTP response, read line by line. Whatever the lines hold, the
 * result is bounded and consistent: a field that makes no sense is told as such or as absent.
 */
#ifndef SCREE_LIB_IO_HTTP_RESPONSE_H
#define SCREE_LIB_IO_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scree__io_range_kind {
    SCREE__IO_RANGE_NONE,        /* no Content-Range */
    SCREE__IO_RANGE_BYTES,       /* bytes begin-last/total or bytes begin-last/<star> */
    SCREE__IO_RANGE_UNSATISFIED, /* bytes <star>/total */
    SCREE__IO_RANGE_BAD
};

struct scree__io_response {
    int status; /* 0: no status line yet */
    bool length_known;
    uint64_t length; /* Content-Length */
    enum scree__io_range_kind range_kind;
    uint64_t range_begin, range_end; /* half open; begin < end */
    bool total_known;                /* of Content-Range */
    uint64_t total;
    int64_t retry_after_s; /* -1: none */
    int64_t date_s;        /* the server's clock, seconds since 1970; -1: none */
    char range_text[96];   /* Content-Range as it came, cut off, for messages */
    char etag[256];        /* with its quotes; "" none, or too long to compare */
    char last_modified[64];
    char encoding[32];   /* Content-Encoding but identity, lower case */
    char region[64];     /* x-amz-bucket-region */
    char location[8192]; /* of a redirect */
};

void scree__io_response_init(struct scree__io_response *response);

/* One line of a header, with or without its line end. A status line begins the response anew: after
 * 100 Continue, or a proxy's answer. */
void scree__io_response_line(struct scree__io_response *response, const char *line,
                             size_t byte_count);

/* "Sun, 06 Nov 1994 08:49:37 GMT" as seconds since 1970; -1 for anything else. */
int64_t scree__io_http_date(const char *text, size_t byte_count);

#endif
