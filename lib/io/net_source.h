/*
 * net_source.h - a remote object as a source: inside.
 *
 *   net_source.c  opening: head and tail, what the object is; the table of functions
 *   net_fetch.c   pieces of the object by requests for ranges: coalescing
 *   net_span.c    one such request: checks of its answer, retries
 *   net_session.c what a thread needs for that, kept
 *   net_read.c    ranges from the cache, and the rest by net_fetch.c
 */
#ifndef SCREE_LIB_IO_NET_SOURCE_H
#define SCREE_LIB_IO_NET_SOURCE_H

#include "io/net_cache.h"
#include "io/net_http.h"
#include "io/net_s3.h"
#include "io/source.h"

#define SCREE__NET_NO_SLOT UINT32_MAX
#define SCREE__NET_BATCH_RANGES 256u
#define SCREE__NET_PIECES_MAX (2 * SCREE__NET_BATCH_RANGES)

/* What is wanted of the object, and where it goes. */
struct scree__net_piece {
    uint64_t offset, byte_count; /* more than 0 */
    uint8_t *to;
    uint32_t slot; /* of the cache, claimed; SCREE__NET_NO_SLOT: the caller's memory */
};

/* Pieces in order of offset, and how far requests for them have been made. */
struct scree__net_fetch {
    struct scree__net_piece *pieces;
    size_t count;
    uint64_t covered; /* requests were made for all that lies before */
    size_t first;     /* of the pieces that are not covered */
};

/* A part of a cached block that somebody wants. */
struct scree__net_want {
    uint64_t block;
    uint32_t from, byte_count;
    uint8_t *to;
};

struct scree__net_source;
/* Idle sessions: of a run (its context), or of one source where there is no context. */
struct scree__net_pool;

/* One range that is requested, with its retries. */
struct scree__net_span {
    struct scree__net_job job;
    struct scree__net_source *source;
    struct scree__net_fetch *fetch;
    uint64_t begin, end; /* of the object */
    uint64_t position;   /* what lies before is delivered */
    uint64_t attempt_at; /* position when this attempt began */
    uint64_t stream_at;  /* offset in the object of the next byte of the body */
    uint64_t answer_end; /* where the answer's range ends */
    size_t first;        /* piece that position may lie in */
    bool probes;         /* at opening: length and identity may not be known yet */
    bool is_tail;        /* "the last bytes": begin and end are known when the answer comes */
    bool whole;          /* the answer is the whole object, not the range */
    bool used_final_url;
    struct scree_error err; /* what was wrong with the answer */
};

/* What one thread needs to read; they are kept for the next one. */
struct scree__net_session {
    struct scree__net_session *next;
    struct scree__net_engine *engine;
    struct scree__net_span spans[SCREE__NET_PARALLEL_MAX];
    struct scree__net_piece pieces[SCREE__NET_PIECES_MAX];
    struct scree__net_want wants[SCREE__NET_PIECES_MAX];
};

struct scree__net_source {
    struct scree_source source;
    struct scree_source_options options;
    struct scree__net_settings settings;
    struct scree__net_cache cache;
    bool is_s3;
    struct scree__io_url url;
    struct scree__net_s3 s3;

    /* What the object is; fixed once it is open. */
    bool open, pinned, length_known, ignores_ranges;
    bool pins_late; /* opened without a request: the first answer of many threads' pins it */
    char etag[256], last_modified[64];
    uint8_t *whole; /* all of it, where the server knows no ranges; from the budget */
    uint64_t whole_capacity;

    struct scree__net_pool *pool;
    bool owns_pool;
    struct scree__par_lock lock; /* of what follows, and of the identity until it is pinned */
    bool locked;                 /* the lock is made */
    char final_url[SCREE__NET_URL_BYTES]; /* where a redirect led; "" */
};

/* -------------------------------------------------------------------------------- net_session.c */

/* Sets source->pool. */
SCREE_MUST_CHECK enum scree_status scree__net_pool_find(struct scree__net_source *source,
                                                        struct scree_error *err);
void scree__net_pool_leave(struct scree__net_source *source);

/* A session from the pool, or a new one; give it back after use. */
SCREE_MUST_CHECK enum scree_status scree__net_session_take(struct scree__net_source *source,
                                                           struct scree__net_session **session,
                                                           struct scree_error *err);
void scree__net_session_give(struct scree__net_source *source, struct scree__net_session *session);

/* ---------------------------------------------------------------------------------- net_fetch.c */

/* Fetches pieces (any order; sorted here). On failure their contents are undefined. */
SCREE_MUST_CHECK enum scree_status scree__net_fetch(struct scree__net_source *source,
                                                    struct scree__net_session *session,
                                                    struct scree__net_piece *pieces, size_t count,
                                                    struct scree_error *err);

/* What is fetched of one of several sources. Each has a session of its own; connections are those of the first one's. */
struct scree__net_fetching {
    struct scree__net_source *source;
    struct scree__net_session *session;
    struct scree__net_fetch fetch;
};

SCREE_MUST_CHECK enum scree_status scree__net_fetch_several(struct scree__net_fetching *fetchings,
                                                            size_t count, struct scree_error *err);

/* ----------------------------------------------------------------------------------- net_span.c */

/* Makes a span's job for [begin, end) ready to start. */
void scree__net_span_init(struct scree__net_span *span, struct scree__net_source *source,
                          struct scree__net_fetch *fetch, uint64_t begin, uint64_t end);

/* Method, URL, credentials and common headers of a request for the object. */
SCREE_MUST_CHECK enum scree_status scree__net_source_request(struct scree__net_source *source,
                                                             struct scree__net_request *request,
                                                             enum scree__net_method method,
                                                             bool *used_final_url,
                                                             struct scree_error *err);

/* Takes or compares what an answer says of the object's identity. total_known false: it says
 * nothing of its length. */
SCREE_MUST_CHECK enum scree_status scree__net_identify(struct scree__net_source *source,
                                                       const struct scree__io_response *response,
                                                       bool total_known, uint64_t total,
                                                       struct scree_error *err);

/* ----------------------------------------------------------------------------------- net_read.c */

SCREE_MUST_CHECK enum scree_status scree__net_read_many(struct scree_source *source,
                                                        const struct scree_range *ranges,
                                                        size_t range_count,
                                                        struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__net_read_several(const struct scree__io_part *parts,
                                                           size_t part_count,
                                                           struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__net_prefetch(struct scree_source *source,
                                                       const struct scree_range *ranges,
                                                       size_t range_count, struct scree_error *err);

#endif
