/*
 * exact.h - signs of determinants of whole coordinates, without rounding: on which side of a line, in which circle.
 */
#ifndef SCREE_LIB_FEATURES_EXACT_H
#define SCREE_LIB_FEATURES_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SIZEOF_INT128__)
__extension__ typedef __int128 features_wide;
#else
#error "lib/features needs a compiler with 128-bit integers"
#endif

struct features_place {
    int32_t x, y;
};

/* Twice the area of abc: above 0 when counter-clockwise. Coordinates within 2^29. */
static inline int64_t features_turn(struct features_place a, struct features_place b,
                                    struct features_place c)
{
    return ((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) -
           ((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);
}

/*
 * Is d inside the circle through a, b, c (counter-clockwise)? Where d is on the circle, the answer is that for points that are lifted off the paraboloid by amounts
 * of which each, in order of (x, y), is infinitely larger than the one before: it depends on the four points alone, and makes the triangulation unique
 * (O. Devillers, M. Teillaud, "Perturbations for Delaunay and weighted Delaunay 3D triangulations", 2011, in one dimension less).
 */
bool scree__features_in_circle(struct features_place a, struct features_place b,
                               struct features_place c, struct features_place d);

#endif
