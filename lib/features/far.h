/*
 * far.h - the neighbour search where boxes are too large for 16-bit offsets: thin data on a fine lattice, lonely points. Plain C in 64 bits,
 * the same numbers as nearest.h gives where both can be used.
 */
#ifndef SCREE_LIB_FEATURES_FAR_H
#define SCREE_LIB_FEATURES_FAR_H

#include "features/nearest.h"

/* Indices of points that lie in the box [low, high]. */
struct features_far {
    const struct scree__features_index *index;
    uint32_t *at;
    uint64_t *d2; /* scratch, as many */
    uint32_t count;
};

/* As features_loops.nearest(), for a query at the index's coordinates. */
bool scree__features_far_nearest(const struct features_far *far, const int32_t query[3],
                                 const struct features_want *want,
                                 struct features_moments *moments);

#endif
