/*
 * cube.h - the root cube, and the cell of a point at any depth, in integers.
 *
 * All lengths are in finest units: the smallest of the three axis scales. An axis whose scale is a
 * whole multiple `factor` of it has its records multiplied by that factor. The cube's low faces lie
 * half a finest unit below the lowest coordinate of each axis, and its side is a multiple of
 * 2^face_depth, so that the faces of every cell down to that depth lie half a unit off every stored
 * coordinate: no reader's rounding can put a point on the wrong side.
 *
 * Where the scales are not multiples of each other, or a double cannot resolve a quarter of a unit
 * at these coordinates, cells are found as copc.js does it, by halving in doubles: slower, and
 * exact for that reader.
 */
#ifndef SCREE_LIB_COPC_CUBE_H
#define SCREE_LIB_COPC_CUBE_H

#include "scree/base.h"

/* Levels of nodes: keys are 32-bit, and 2^30 cells an axis are more than 32-bit coordinates can
 * fill. */
#define SCREE__COPC_LEVEL_MAX 30u
/* Cells an axis within a node: 2^7 (the specification's spacing is a node's side / 128). */
#define SCREE__COPC_CELL_LEVELS 7u
/* The deepest cells: three times this is what 128 bits hold. */
#define SCREE__COPC_DEPTH_MAX 42u

struct scree__copc_grid {
    double scale[3], offset[3]; /* of the output's records */
};

struct scree__copc_cube {
    struct scree__copc_grid grid;
    int32_t min[3], max[3]; /* lowest and highest record integers */
    bool by_halving;        /* cells in doubles; the fields up to `reciprocal` are unused */
    uint64_t factor[3];     /* finest units a record unit */
    uint64_t side;          /* in finest units */
    unsigned face_depth;    /* side is a multiple of 2^face_depth */
    uint64_t reciprocal;    /* 2^(64 + depth) / (2 * side), rounded up; 0: the side is above 2^31 */
    unsigned depth; /* cells are numbered at this depth: any two stored positions differ there */
    double low[3], center[3], halfsize; /* in coordinates */
};

/* The smallest face_depth worth trying: rounding the side up to it costs less than 1/128 of the
 * side. */
unsigned scree__copc_cube_first_face_depth(const struct scree__copc_grid *grid,
                                           const int32_t min[3], const int32_t max[3]);

/* min <= max: the records' own bounds. */
void scree__copc_cube_init(struct scree__copc_cube *cube, const struct scree__copc_grid *grid,
                           const int32_t min[3], const int32_t max[3], unsigned face_depth);

/* The general way; see below. */
void scree__copc_cube_cells_any(const struct scree__copc_cube *cube, const int32_t record[3],
                                uint64_t cells[3]);

__extension__ typedef unsigned __int128 scree__copc_u128;

/*
 * Cell numbers of a record's X, Y, Z at cube->depth; the cell at a lesser depth d is cell >> (depth - d). Run for every point several times, so the
 * usual case is inline: floor(odd * 2^depth / (2 * side)) with odd = 2u + 1 < 2 * side <= 2^32, by a product with the reciprocal. That is rounded up by
 * less than 1, which adds less than odd / 2^64 < 1 / 2^32 to the quotient, and the quotient lies at least 1 / (2 * side) below the next whole
 * number: the result is exact.
 */
static inline void scree__copc_cube_cells(const struct scree__copc_cube *cube,
                                          const int32_t record[3], uint64_t cells[3])
{
    if (cube->reciprocal == 0) {
        scree__copc_cube_cells_any(cube, record, cells);
        return;
    }
    for (int a = 0; a < 3; a++) {
        uint64_t odd = 2 * ((uint64_t)((int64_t)record[a] - cube->min[a]) * cube->factor[a]) + 1;
        cells[a] = (uint64_t)((scree__copc_u128)odd * cube->reciprocal >> 64);
    }
}

/* Interleaves the lowest 21 bits of each: x in bit 0, y in bit 1, z in bit 2 of each triple. */
static inline uint64_t scree__copc_spread(uint64_t v)
{
    v &= 0x1FFFFF;
    v = (v | v << 32) & 0x001F00000000FFFFu;
    v = (v | v << 16) & 0x001F0000FF0000FFu;
    v = (v | v << 8) & 0x100F00F00F00F00Fu;
    v = (v | v << 4) & 0x10C30C30C30C30C3u;
    v = (v | v << 2) & 0x1249249249249249u;
    return v;
}

static inline uint64_t scree__copc_morton(uint64_t x, uint64_t y, uint64_t z)
{
    return scree__copc_spread(x) | scree__copc_spread(y) << 1 | scree__copc_spread(z) << 2;
}

#endif
