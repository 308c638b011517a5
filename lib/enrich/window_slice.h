/*
 * window_slice.h - what the files of a window share: window.c (its memory, a part from its points to its rows), window_gather.c (points from
 * the store), window_shapes.c (neighbours), window_counts.c (how many there are within a radius).
 */
#ifndef SCREE_LIB_ENRICH_WINDOW_SLICE_H
#define SCREE_LIB_ENRICH_WINDOW_SLICE_H

#include "enrich/window.h"

#include <string.h>

/* Points [first, end) of the part, and a halo around the box [min, max]. */
struct scree__enrich_slice {
    uint32_t node, first, end;
    bool retry;  /* only for those that are undecided */
    bool counts; /* the halo is wide enough for the count radius: count, too */
    int32_t min[3], max[3];
    int64_t halo;
};

/* What is the same place has the same surroundings: points of a leaf at one position follow each other. */
static inline bool scree__enrich_same_as_before(const struct scree__enrich_window *window,
                                                uint32_t i)
{
    return i > 0 &&
           memcmp(window->core[i].at, window->core[i - 1].at, sizeof window->core[i].at) == 0 &&
           (window->core[i].roles & (ENRICH_NEIGHBOR | ENRICH_WANTED)) ==
               (window->core[i - 1].roles & (ENRICH_NEIGHBOR | ENRICH_WANTED));
}

/* window_gather.c: the points under a node, into core. */
SCREE_MUST_CHECK enum scree_status scree__enrich_window_load(struct scree__enrich_window *window,
                                                             uint32_t node,
                                                             struct scree_error *err);

/* window_shapes.c */

/* The halo that almost all points of a node need for their neighbours. */
int64_t scree__enrich_window_halo(const struct scree__enrich_window *window,
                                  const struct scree__enrich_node *node);
/* Searches the slice in a window. *whole false: the points around do not fit, and nothing was done. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_window_search(struct scree__enrich_window *window,
                            const struct scree__enrich_slice *slice, bool *whole,
                            struct scree_error *err);
/* What that has left undecided, leaf by leaf: in a wider window, or one by one. */
SCREE_MUST_CHECK enum scree_status scree__enrich_window_retry(struct scree__enrich_window *window,
                                                              struct scree_error *err);
/* One point's row from the whole survey. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_window_seek_shape(struct scree__enrich_window *window, uint32_t i,
                                struct scree_error *err);

/* window_counts.c */

/* Of the points of a slice that count themselves, among all of the window; takes the window's roles and rows. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_window_count(struct scree__enrich_window *window,
                           const struct scree__enrich_slice *slice,
                           const struct scree__features_index *index,
                           const struct scree__features_points *points, struct scree_error *err);
/* Of all wanted points of the part under a node, however many there are around: as many of them at a time as there is room for. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_window_count_all(struct scree__enrich_window *window, uint32_t node,
                               struct scree_error *err);
/* One point's, from the whole survey. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_window_seek_count(struct scree__enrich_window *window, uint32_t i,
                                struct scree_error *err);

#endif
