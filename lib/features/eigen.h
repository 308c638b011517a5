/*
 * eigen.h - from the moments of neighbourhoods to covariances, eigenvalues and normals, in double precision.
 *
 * Only + - * / and square roots, in a fixed order, never contracted: the same bits on every machine that rounds as IEEE 754
 * says.
 */
#ifndef SCREE_LIB_FEATURES_EIGEN_H
#define SCREE_LIB_FEATURES_EIGEN_H

#include "features/nearest.h"

/* In lattice units; the covariance has n - 1 in the denominator. */
struct features_shape {
    double value[3]; /* eigenvalues, largest first, none negative */
    double
        normal[3]; /* unit eigenvector of the smallest, z >= 0 (then y, then x); 0 0 0 where it is
                         not defined: fewer than three points, or all on one line */
};

/* count: up to FEATURES_SHAPES. Fewer than two points give all zero. */
void scree__features_shapes(const struct features_loops *loops,
                            const struct features_moments *moments, unsigned count,
                            struct features_shape *shapes);

#endif
