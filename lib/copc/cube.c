/* cube.c - the root cube and the cells in it. */
#include "copc/cube.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rounding the side up to 2^d wastes at most 2^d / side of it; d is chosen for at most 1/128. */
#define WASTE_BITS 7u

/* A ratio of scales counts as whole when the drift over 2^32 units stays below 1/200 of a unit. */
#define RATIO_TOLERANCE 1e-12

static unsigned bit_length(uint64_t v)
{
    return v == 0 ? 0 : 64u - (unsigned)__builtin_clzll(v);
}

/* The axes' factors to the finest scale; false where they are not whole or too large. */
static bool find_factors(const struct scree__copc_grid *grid, double *finest, uint64_t factor[3])
{
    double s = fmin(grid->scale[0], fmin(grid->scale[1], grid->scale[2]));
    *finest = s;
    for (int a = 0; a < 3; a++) {
        double ratio = grid->scale[a] / s;
        double whole = floor(ratio + 0.5);
        if (!(fabs(ratio - whole) <= RATIO_TOLERANCE * whole) || whole > 1073741824.0)
            return false;
        factor[a] = (uint64_t)whole;
    }
    return true;
}

/* A double must resolve a quarter of a unit with room to spare, at the coordinates' magnitude. */
static bool doubles_resolve(const struct scree__copc_grid *grid, const int32_t min[3],
                            const int32_t max[3], double finest)
{
    for (int a = 0; a < 3; a++) {
        double reach = fmax(fabs(min[a] * grid->scale[a]), fabs(max[a] * grid->scale[a])) +
                       fabs(grid->offset[a]);
        if (!(reach * DBL_EPSILON * 64 < finest))
            return false;
    }
    return true;
}

static uint64_t largest_extent(const int32_t min[3], const int32_t max[3], const uint64_t factor[3])
{
    uint64_t extent = 1;
    for (int a = 0; a < 3; a++) {
        uint64_t units = (uint64_t)((int64_t)max[a] - min[a]) * factor[a] + 1;
        extent = units > extent ? units : extent;
    }
    return extent;
}

unsigned scree__copc_cube_first_face_depth(const struct scree__copc_grid *grid,
                                           const int32_t min[3], const int32_t max[3])
{
    double finest;
    uint64_t factor[3];
    if (!find_factors(grid, &finest, factor))
        return SCREE__COPC_LEVEL_MAX;
    unsigned bits = bit_length(largest_extent(min, max, factor));
    unsigned depth = bits > WASTE_BITS + 1 ? bits - 1 - WASTE_BITS : 0;
    return depth < SCREE__COPC_LEVEL_MAX ? depth : SCREE__COPC_LEVEL_MAX;
}

static void init_by_halving(struct scree__copc_cube *cube, const int32_t max[3], double finest)
{
    double side = 0;
    double reach = 0;
    for (int a = 0; a < 3; a++) {
        double low = cube->min[a] * cube->grid.scale[a] + cube->grid.offset[a];
        double high = max[a] * cube->grid.scale[a] + cube->grid.offset[a];
        cube->low[a] = low;
        side = fmax(side, high - low);
        reach = fmax(reach, fmax(fabs(low), fabs(high)));
    }
    /* Half a unit around, and what the rounding of centre and half size may take away. */
    double pad = fmax(finest * 0.5, reach * DBL_EPSILON * 8);
    cube->by_halving = true;
    cube->depth = SCREE__COPC_DEPTH_MAX;
    cube->face_depth = SCREE__COPC_LEVEL_MAX;
    cube->halfsize = side * 0.5 + pad;
    for (int a = 0; a < 3; a++) {
        cube->center[a] = cube->low[a] - pad + cube->halfsize;
        cube->low[a] = cube->center[a] - cube->halfsize;
    }
}

/* Below 2^64, as 2^depth is below 2 * side. */
static uint64_t reciprocal_of(uint64_t side, unsigned depth)
{
    scree__copc_u128 one = (scree__copc_u128)1 << (64 + depth), twice = 2 * side;
    return (uint64_t)((one + twice - 1) / twice);
}

void scree__copc_cube_init(struct scree__copc_cube *cube, const struct scree__copc_grid *grid,
                           const int32_t min[3], const int32_t max[3], unsigned face_depth)
{
    double finest;
    memset(cube, 0, sizeof *cube);
    cube->grid = *grid;
    memcpy(cube->min, min, sizeof cube->min);
    memcpy(cube->max, max, sizeof cube->max);
    if (!find_factors(grid, &finest, cube->factor) || !doubles_resolve(grid, min, max, finest)) {
        init_by_halving(cube, max, finest);
        return;
    }
    uint64_t extent = largest_extent(min, max, cube->factor);
    uint64_t step = (uint64_t)1 << face_depth;
    cube->side = (extent + step - 1) & ~(step - 1);
    cube->face_depth = face_depth;
    cube->depth = bit_length(cube->side - 1);
    if (cube->depth > SCREE__COPC_DEPTH_MAX)
        cube->depth = SCREE__COPC_DEPTH_MAX;
    if (cube->side <= (uint64_t)1 << 31)
        cube->reciprocal = reciprocal_of(cube->side, cube->depth);
    cube->halfsize = (double)cube->side * finest * 0.5;
    for (int a = 0; a < 3; a++) {
        cube->low[a] = min[a] * grid->scale[a] + grid->offset[a] - finest * 0.5;
        cube->center[a] = cube->low[a] + cube->halfsize;
    }
}

static uint64_t cell_of(const struct scree__copc_cube *cube, uint64_t u)
{
    return (uint64_t)(((scree__copc_u128)(2 * u + 1) << cube->depth) /
                      ((scree__copc_u128)2 * cube->side));
}

static uint64_t cell_by_halving(const struct scree__copc_cube *cube, int axis, int32_t record)
{
    double at = record * cube->grid.scale[axis] + cube->grid.offset[axis];
    double low = cube->center[axis] - cube->halfsize;
    double high = cube->center[axis] + cube->halfsize;
    uint64_t cell = 0;
    for (unsigned d = 0; d < cube->depth; d++) {
        double middle = low + (high - low) / 2;
        bool upper = at >= middle;
        cell = cell << 1 | (uint64_t)upper;
        if (upper)
            low = middle;
        else
            high = middle;
    }
    return cell;
}

void scree__copc_cube_cells_any(const struct scree__copc_cube *cube, const int32_t record[3],
                                uint64_t cells[3])
{
    for (int a = 0; a < 3; a++) {
        if (cube->by_halving)
            cells[a] = cell_by_halving(cube, a, record[a]);
        else
            cells[a] =
                cell_of(cube, (uint64_t)((int64_t)record[a] - cube->min[a]) * cube->factor[a]);
    }
}
