/*
 * far.h - the neighbours of one point by a walk over the index, nearest boxes first: for lonely points, whose surroundings are too large for
 * the 16-bit offsets of nearest.h or would hold far too many points. Plain C in 64 bits, the same numbers as nearest.h gives.
 */
#ifndef SCREE_LIB_FEATURES_FAR_H
#define SCREE_LIB_FEATURES_FAR_H

#include "features/nearest.h"

/* The nearest so far, a heap whose first is the farthest of them. */
struct features_far {
    const struct scree__features_index *index;
    uint32_t *at;
    uint64_t *d2; /* room for k of both */
    uint32_t count;
};

/*
 * The moments of the neighbours of a query (at the index's coordinates) among all points of the index: the k nearest of those within limit2, or, if
 * k is 0, all of them.
 */
void scree__features_far_nearest(struct features_far *far, const int32_t query[3], uint32_t k,
                                 uint64_t limit2, struct features_moments *moments);

#endif
