/*
 * seek.h - questions about a whole survey, answered exactly for one place at a time: what windows could not decide. Slower by far than a
 * window, but in memory that does not grow with what is asked.
 *
 * One thread each.
 */
#ifndef SCREE_LIB_ENRICH_SEEK_H
#define SCREE_LIB_ENRICH_SEEK_H

#include "enrich/store.h"
#include "features/nearest.h"

#define ENRICH_CACHED 32u

struct scree__enrich_seek {
    const struct scree__enrich_store *store;
    uint8_t *buffer; /* of leaves */
    uint8_t *cache;  /* leaves on scratch that were read: ENRICH_CACHED of them */
    uint64_t buffer_bytes, cache_bytes;
    uint32_t cached[ENRICH_CACHED], cached_count[ENRICH_CACHED];
    uint64_t used[ENRICH_CACHED], clock;
};

uint64_t scree__enrich_seek_bytes(const struct scree__enrich_store *store);
SCREE_MUST_CHECK enum scree_status scree__enrich_seek_init(struct scree__enrich_seek *seek,
                                                           const struct scree__enrich_store *store,
                                                           struct scree_error *err);
void scree__enrich_seek_release(struct scree__enrich_seek *seek);

/*
 * A walk over the leaves that may matter, those near `at` first. meets(): may the box of a node hold something of interest? take(): points of
 * a leaf; `copies` of each, which is 1 but for leaves at one position. Roles of such a leaf's point: those that any of its points has.
 */
struct scree__enrich_walk {
    int32_t at[3];
    bool flat; /* distances in x and y alone */
    void *user;
    bool (*meets)(void *user, const struct scree__enrich_node *node);
    /* The node lies wholly where everything counts: true when that was taken account of, and its points need not be seen. NULL: never. */
    bool (*swallow)(void *user, const struct scree__enrich_node *node);
    void (*take)(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                 uint32_t count, uint32_t stride);
    bool done; /* set it to end the walk */
};

SCREE_MUST_CHECK enum scree_status scree__enrich_walk(struct scree__enrich_seek *seek,
                                                      struct scree__enrich_walk *walk,
                                                      struct scree_error *err);

/* Farther neighbours than this on any axis do not exist. */
#define ENRICH_REACH ((int64_t)1 << 29)

struct scree__enrich_hit {
    uint64_t d2;
    int32_t at[3];
};

/*
 * Of the ground points of a leaf that stand above one another the lowest is the ground: moves *points to it, and *count becomes 1, or 0 without one. So a column of points
 * is as many ground points as it has leaves.
 */
void scree__enrich_lowest_ground(const struct scree__enrich_node *node, const uint8_t **points,
                                 uint32_t *count, uint32_t stride);

/* The k nearest neighbours by (d2, x, y, z) within limit2, nearest first. hits: room for k. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_seek_nearest(struct scree__enrich_seek *seek, const int32_t at[3], uint32_t k,
                           uint64_t limit2, struct scree__enrich_hit *hits, uint32_t *count,
                           struct scree_error *err);
/* The nearest ground positions in x and y, each with its lowest point. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_seek_ground(struct scree__enrich_seek *seek, const int32_t at[3], uint32_t k,
                          uint64_t limit2, struct scree__enrich_hit *hits, uint32_t *count,
                          struct scree_error *err);
/* Adds a neighbour, so many times, to the sums about `at`. */
void scree__enrich_add_moment(struct features_moments *moments, const int32_t at[3],
                              const struct scree__enrich_hit *hit, uint64_t copies);
/* Sums over all neighbours within limit2. */
SCREE_MUST_CHECK enum scree_status scree__enrich_seek_moments(struct scree__enrich_seek *seek,
                                                              const int32_t at[3], uint64_t limit2,
                                                              struct features_moments *moments,
                                                              struct scree_error *err);
/* How many neighbours lie within limit2, and how many of them are early returns. */
SCREE_MUST_CHECK enum scree_status scree__enrich_seek_count(struct scree__enrich_seek *seek,
                                                            const int32_t at[3], uint64_t limit2,
                                                            uint64_t *count, uint64_t *early,
                                                            struct scree_error *err);

#endif
