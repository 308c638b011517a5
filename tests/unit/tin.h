/*
 * tin.h - the whole Delaunay triangulation of ground points (features/network.h) and heights above it: what the triangles that lib/features finds one by one are compared with.
 *
 * It is unique: four points on one circle are settled by their coordinates (see exact.h), so that a triangle whose circumcircle lies in a window
 * is one of every larger window, too. Of ground points at one (x, y) the lowest counts.
 *
 *   scree__features_tin_build(budget, x, y, z, count, &tin, err)
 *   scree__features_tin_height(&tin, ...) any number of times
 *   scree__features_tin_release(&tin)
 */
#ifndef SCREE_TESTS_UNIT_TIN_H
#define SCREE_TESTS_UNIT_TIN_H

#include "features/network.h"

/* Coordinates are within this. */
#define FEATURES_TIN_MAX ((int32_t)1 << 28)

struct scree__features_tin {
    struct scree__features_network network;
    const int32_t *x, *y, *z; /* borrowed */
};

/*
 * x, y, z: in an order in which neighbours tend to follow each other (Morton order); borrowed until the release. Fewer than three points, or all on a line: a network without
 * triangles. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET. Release it after failure, too.
 */
SCREE_MUST_CHECK enum scree_status scree__features_tin_build(struct scree__mem_budget *budget,
                                                             const int32_t *x, const int32_t *y,
                                                             const int32_t *z, uint32_t count,
                                                             struct scree__features_tin *tin,
                                                             struct scree_error *err);
void scree__features_tin_release(struct scree__features_tin *tin);

struct features_height {
    bool inside;         /* within the hull; else the rest is not set */
    double above;        /* z minus the ground's, lattice units */
    double reach_min[2]; /* a box around the triangle's circumcircle */
    double reach_max[2];
};

/* Above the ground at (x, y). Not for two threads at once: it remembers where it was. */
void scree__features_tin_height(struct scree__features_tin *tin, int32_t x, int32_t y, int32_t z,
                                struct features_height *height);

/* False: there are no triangles. */
bool scree__features_tin_find(struct scree__features_tin *tin, int32_t x, int32_t y,
                              struct features_spot *spot);
/* z minus the height of the ground at (x, y), where `spot` is; not for ghosts. */
double scree__features_tin_above(const struct scree__features_tin *tin,
                                 const struct features_spot *spot, int32_t x, int32_t y, int32_t z);
/* The circumcircle of a triangle that is no ghost. */
void scree__features_tin_circle(const struct scree__features_tin *tin, uint32_t triangle,
                                struct features_circle *circle);

#endif
