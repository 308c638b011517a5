/*
 * window.h - the rows of the points of one part of a survey: the part's points and those around it in one index; what that cannot decide is
 * sought in the whole survey, point by point.
 */
#ifndef SCREE_LIB_ENRICH_WINDOW_H
#define SCREE_LIB_ENRICH_WINDOW_H

#include "enrich/lows.h"
#include "enrich/seek.h"
#include "enrich/shelf.h"
#include "features/search.h"
#include "enrich/values.h"
#include "scree/features.h"

#include <stdatomic.h>

/* What is asked, in lattice units. */
struct scree__enrich_question {
    const char *name; /* of the input, for messages */
    bool shapes, counts, heights;
    uint32_t k; /* 0: all within limit2 */
    uint64_t limit2, count2;
    int64_t limit, count_radius; /* the same, not squared, rounded up; limit INT64_MAX: none */
    double unit;
    enum scree_ground_mode ground_mode;
    uint32_t idw_count;
    int64_t ground_reach;
    struct scree__enrich_cells_grid ground_cells; /* side 0: all ground points count */
    uint64_t window_points;
    uint32_t halo_percent;
};

/* What the workers find out together. */
struct scree__enrich_tally {
    atomic_uint_least64_t retried, single, ground;
    atomic_uint_least64_t lacks[ENRICH_LACKS];
};

struct scree__enrich_core { /* a point of the part */
    int32_t at[3];
    uint32_t roles;
    uint64_t source;
};

/* A leaf under the part: its first point there. */
struct scree__enrich_part {
    uint32_t node, first;
};

/* Beside a window's points there is room for some that turn up later. */
#define ENRICH_WINDOW_ROOM 16384u

/* Where a leaf's ground points lie, lifted (heights_lift.c). */
struct scree__enrich_lift {
    uint32_t node;  /* counted from 1; 0: none */
    double a, b, c; /* a plane about the middle of the leaf's box: a x + b y + c */
    double least;   /* no point lies lower above it */
};

#define ENRICH_LIFTS 4096u

/* One worker. */
struct scree__enrich_window {
    struct scree_context *context;
    const struct scree__enrich_store *store;
    const struct scree__enrich_question *question;
    struct scree__enrich_shelf *shelf;
    struct scree__enrich_tally *tally;
    const struct scree__enrich_rules *rules;
    struct scree__enrich_seek seek;
    uint64_t lacks[ENRICH_LACKS], ground; /* of the part */

    uint64_t capacity, core_capacity;
    int32_t *x, *y, *z; /* about middle; core_count points of the part, then those around */
    uint8_t *roles;
    uint32_t count, core_count;
    int32_t middle[3];
    struct scree__enrich_core *core;
    struct scree__enrich_part *leaves;
    uint64_t leaf_count, leaf_capacity;
    struct scree__enrich_values *values; /* of the part's points */
    struct features_row *rows; /* of the part's points as a search finds them; counts as well */
    struct scree__enrich_hit *hits;
    void *put_work;
    struct scree__enrich_lift *lifts; /* ENRICH_LIFTS of them, by node; NULL: none */
};

/* Memory of a window for so many points, all in all. */
uint64_t scree__enrich_window_bytes(const struct scree__enrich_store *store,
                                    const struct scree__enrich_question *question, uint64_t points);
/* context, store, question, shelf, tally, rules are set. */
SCREE_MUST_CHECK enum scree_status scree__enrich_window_init(struct scree__enrich_window *window,
                                                             struct scree_error *err);
void scree__enrich_window_release(struct scree__enrich_window *window);
/* All rows of the points under a node. */
SCREE_MUST_CHECK enum scree_status scree__enrich_window_run(struct scree__enrich_window *window,
                                                            uint32_t node, struct scree_error *err);

/* Points of the window in [min, max] that are neighbours, from the store, beside those under `core`. *whole false: there are too many. role: of those that count. */
SCREE_MUST_CHECK enum scree_status scree__enrich_window_gather(struct scree__enrich_window *window,
                                                               uint32_t core, const int64_t min[3],
                                                               const int64_t max[3], uint32_t role,
                                                               uint64_t copies, bool *whole,
                                                               struct scree_error *err);

/* heights_check.c: SCREE_E_DATA, with what has to hold of the height of a ground point. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_ground_wrong(const struct scree__enrich_window *window, uint64_t point, float height,
                           struct scree_error *err);

/* heights.c: fills values[].height of the part. */
SCREE_MUST_CHECK enum scree_status scree__enrich_heights(struct scree__enrich_window *window,
                                                         uint32_t node, struct scree_error *err);

#endif
