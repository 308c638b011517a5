/*
 * nearest.h - the inner loops of the neighbour search, compiled once for each level of lib/simd. All give the same numbers, because all
 * of them are whole: distances are squared lattice units, sums are exact.
 *
 * Candidates lie in a box around a group of queries, as 16-bit offsets from its low corner: no distance in it reaches 2^15, no squared
 * one 2^31. Boxes too large for that take the loops of far.h.
 */
#ifndef SCREE_LIB_FEATURES_NEAREST_H
#define SCREE_LIB_FEATURES_NEAREST_H

#include "features/index.h"
#include "simd/level.h"

/* Two points in a box differ by at most this on each axis: three squares stay below 2^31. */
#define FEATURES_NEAR_REACH 26754

/* Room beyond the last candidate that loops may write. */
#define FEATURES_ROOM 32u

/* Within the box [low, low + span], which is in the index's coordinates. */
struct features_candidates {
    int32_t low[3];
    uint32_t span[3];
    int32_t *xy; /* x and y as two 16-bit halves, x low */
    int32_t *z;
    uint32_t count;
    /* Scratch, as much room as above: those that a query looks at, as offsets from it. */
    int32_t *kept_xy, *kept_z, *kept_d2;
};

/* Which neighbours a query wants. */
struct features_want {
    uint32_t k;      /* at most so many, the nearest ones; 0: all */
    uint64_t limit2; /* none beyond this squared distance */
    uint64_t sure2;  /* every point with a smaller squared distance is among the candidates */
    uint64_t guess2; /* about as far as a few more than k; costs time, never shows */
};

/* What is kept of a set of neighbours: sums of offsets from the query. */
struct features_moments {
    uint32_t count;
    uint64_t reach2; /* squared distance of the farthest */
    int64_t sum[3];  /* x y z */
    int64_t low[6];  /* of products xx xy xz yy yz zz: low + high * 2^32 */
    int64_t high[6];
};

/* Up to so many symmetric matrices at a time, a column each. */
#define FEATURES_SHAPES 64u

struct features_matrices {
    double at[6][FEATURES_SHAPES];     /* xx xy xz yy yz zz; filled up to a multiple of 8 */
    double value[3][FEATURES_SHAPES];  /* eigenvalues, largest first */
    double vector[3][FEATURES_SHAPES]; /* unit eigenvector of the smallest */
};

/* What features take of the eigenvalues of rows, a column each. */
struct features_formulas {
    bool square_roots;                /* ratios and entropy are of the roots of eigenvalues */
    double value[3][FEATURES_SHAPES]; /* eigenvalues; filled up to a multiple of 8 */
    double sum[FEATURES_SHAPES], omnivariance[FEATURES_SHAPES], roughness[FEATURES_SHAPES];
    double linearity[FEATURES_SHAPES], planarity[FEATURES_SHAPES], sphericity[FEATURES_SHAPES],
        anisotropy[FEATURES_SHAPES], variation[FEATURES_SHAPES], entropy[FEATURES_SHAPES];
};

struct features_loops {
    /*
     * Appends those of `count` points that lie in the candidates' box. Reads up to FEATURES_PAD points beyond the last, writes up to
     * FEATURES_ROOM beyond the candidates.
     */
    void (*take)(struct features_candidates *candidates, const int32_t *x, const int32_t *y,
                 const int32_t *z, uint32_t count);
    /*
     * The moments of the neighbours of the point at `at` (offsets from the box's low corner, 16 bits). False: fewer than k are sure,
     * and there may be more outside.
     */
    bool (*nearest)(const struct features_candidates *candidates, const uint32_t at[3],
                    const struct features_want *want, struct features_moments *moments);
    /* How many candidates lie within limit2, below 2^31, of the point at `at`. */
    uint32_t (*within)(const struct features_candidates *candidates, const uint32_t at[3],
                       uint32_t limit2);
    /* Fills value and vector of the first `count` matrices. */
    void (*solve)(struct features_matrices *matrices, unsigned count);
    /* Fills the others of the first `count` rows, as far as they have numbers. */
    void (*formulas)(struct features_formulas *formulas, unsigned count);
};

extern const struct features_loops scree__features_loops_plain;
#if SCREE__SIMD_X86
extern const struct features_loops scree__features_loops_avx2, scree__features_loops_avx512;
#endif

/* Those of the level in force. */
const struct features_loops *scree__features_loops(void);

#endif
