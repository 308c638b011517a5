/*
 * values.h - the features of a point, from what search.h keeps of its surroundings.
 *
 * l1 >= l2 >= l3 are the eigenvalues of the covariance (n - 1), e3 the eigenvector of l3. In mode SQRT the ratios take the square roots of the eigenvalues (Demantke
 * 2011) instead of themselves (Weinmann 2015, Hackel 2016).
 */
#ifndef SCREE_LIB_FEATURES_VALUES_H
#define SCREE_LIB_FEATURES_VALUES_H

#include "features/search.h"

enum features_value {
    FEATURES_NORMAL_X, /* e3, upwards */
    FEATURES_NORMAL_Y,
    FEATURES_NORMAL_Z,
    FEATURES_LINEARITY,         /* (l1 - l2) / l1 */
    FEATURES_PLANARITY,         /* (l2 - l3) / l1 */
    FEATURES_SPHERICITY,        /* l3 / l1 */
    FEATURES_ANISOTROPY,        /* (l1 - l3) / l1 */
    FEATURES_SURFACE_VARIATION, /* l3 / (l1 + l2 + l3) */
    FEATURES_OMNIVARIANCE,      /* cube root of l1 l2 l3; square units */
    FEATURES_EIGENENTROPY,      /* - sum of p ln p, p = l / (l1 + l2 + l3); 0 to ln 3 */
    FEATURES_EIGENVALUE_SUM,    /* l1 + l2 + l3; square units */
    FEATURES_VERTICALITY,       /* 1 - |z of e3| */
    FEATURES_ROUGHNESS,         /* square root of l3: standard deviation from the plane; units */
    FEATURES_DENSITY,           /* neighbours by the volume of their sphere; 1 / cubic unit */
    FEATURES_NEIGHBOR_DISTANCE, /* to the farthest neighbour; units */
    FEATURES_EIGENVALUE_1,      /* l1 ... square units */
    FEATURES_EIGENVALUE_2,
    FEATURES_EIGENVALUE_3,
    FEATURES_VALUES
};

struct features_rules {
    bool square_roots; /* ratios of the roots of eigenvalues */
    double radius;     /* of the sphere that density is of; 0: the farthest neighbour's */
};

/* Where a value is not defined: fewer than three neighbours, all at one place, or, for what needs a
 * normal, all on one line. */
#define FEATURES_NO_DATA (-9999.0F)

/* All values of `count` rows, as many as there are. */
void scree__features_values(const struct features_row *rows, uint32_t count,
                            const struct features_rules *rules, float (*values)[FEATURES_VALUES]);

#endif
