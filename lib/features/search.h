/*
 * search.h - the shapes of the surroundings of all wanted points of one window.
 *
 *   scree__features_index_build(...)
 *   scree__features_search(budget, index, points, request, rows, &undecided, err)
 *
 * One thread; windows are independent of one another. A row is final when no point outside the
 * window can change it.
 */
#ifndef SCREE_LIB_FEATURES_SEARCH_H
#define SCREE_LIB_FEATURES_SEARCH_H

#include "features/nearest.h"

struct features_request {
    uint32_t k;      /* neighbours at most, the point itself among them; 0: all within the radius */
    uint64_t limit2; /* squared radius in lattice units, inclusive; UINT64_MAX: none. Not both
                        without */
    /*
     * The window: every point of the survey in [min, max] is in the index. An axis end at or beyond FEATURES_OPEN is where the survey
     * ends.
     */
    int64_t min[3], max[3];
    double unit; /* metres (or what the CRS has) a lattice unit */
};

#define FEATURES_OPEN ((int64_t)1 << 40)

/* What is kept of a point's surroundings; features.h derives everything else. */
struct features_row {
    float normal[3];     /* 0 0 0: not defined */
    float eigenvalue[3]; /* unit squared, largest first */
    float reach;         /* to the farthest neighbour, in units; below 0: undecided */
    uint32_t count;      /* neighbours, the point itself among them */
};

/*
 * Fills rows[i] for every point i with FEATURES_WANTED; others are not touched. *undecided counts the rows whose neighbours
 * may lie outside the window: their reach is negative, and -reach is a halo in units that is likely to
 * do. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET.
 */
SCREE_MUST_CHECK enum scree_status
scree__features_search(struct scree__mem_budget *budget, const struct scree__features_index *index,
                       const struct scree__features_points *points,
                       const struct features_request *request, struct features_row *rows,
                       uint64_t *undecided, struct scree_error *err);

/* The row of one neighbourhood, from its sums. */
void scree__features_row(const struct features_moments *moments, double unit,
                         struct features_row *row);

/*
 * Adds how many points of `among` lie within limit2 of each wanted point of `index` to counts[], by the points' place in the window (not: those that are wanted but no
 * neighbours). Both indices are about the same middle. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET.
 */
SCREE_MUST_CHECK enum scree_status scree__features_count(struct scree__mem_budget *budget,
                                                         const struct scree__features_index *index,
                                                         const struct scree__features_index *among,
                                                         uint64_t limit2, uint32_t *counts,
                                                         struct scree_error *err);

#endif
