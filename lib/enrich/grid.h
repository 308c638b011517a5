/*
 * grid.h - cuts a box into up to 4096 cells, by halving its longest side again and again; a cell's code has a bit for each cut, the first one
 * highest, so that a range of codes that share a prefix is a box, too.
 */
#ifndef SCREE_LIB_ENRICH_GRID_H
#define SCREE_LIB_ENRICH_GRID_H

#include "enrich/point.h"

#define ENRICH_GRID_BITS 12u

struct scree__enrich_grid {
    int32_t min[3], max[3];
    uint64_t factor[3]; /* (v - min) * factor >> 32: the cell on an axis */
    unsigned bits;      /* cuts */
    uint16_t codes[3][1u << ENRICH_GRID_BITS];
};

/* bits: at most ENRICH_GRID_BITS; fewer where the box has too few positions. */
void scree__enrich_grid_init(struct scree__enrich_grid *grid, const int32_t min[3],
                             const int32_t max[3], unsigned bits);

static inline uint32_t scree__enrich_grid_axis(const struct scree__enrich_grid *grid, unsigned axis,
                                               int32_t v)
{
    v = v < grid->min[axis] ? grid->min[axis] : v > grid->max[axis] ? grid->max[axis] : v;
    uint64_t offset = (uint32_t)v - (uint32_t)grid->min[axis];
    return grid->codes[axis][offset * grid->factor[axis] >> 32];
}

/* Points outside the box belong to the cells at its sides. */
static inline uint32_t scree__enrich_grid_code(const struct scree__enrich_grid *grid,
                                               const struct scree__enrich_point *p)
{
    return scree__enrich_grid_axis(grid, 0, p->x) | scree__enrich_grid_axis(grid, 1, p->y) |
           scree__enrich_grid_axis(grid, 2, p->z);
}

#endif
