/*
 * lows.h - the lowest point of each square cell of a grid over x and y, ties by x, then y; in memory that grows with the cells that have one.
 *
 *   scree__enrich_lows_init(lows, budget, grid)
 *   scree__enrich_lows_put(lows, at)                 each point
 *   scree__enrich_lows_find(lows, x, y)              the lowest one of the cell of a place
 *   scree__enrich_lows_clear(lows), _release(lows)
 *
 * Cells count from the origin of the CRS, so that every file has the same ones: side and origin are in steps of the survey's lattice. One thread at a time.
 */
#ifndef SCREE_LIB_ENRICH_LOWS_H
#define SCREE_LIB_ENRICH_LOWS_H

#include "mem/budget.h"
#include "scree/base.h"

struct scree__enrich_cells_grid {
    int64_t side;      /* 0: there is no grid */
    int64_t origin[2]; /* added to x and y */
};

static inline int64_t scree__enrich_cell_of(const struct scree__enrich_cells_grid *grid,
                                            unsigned axis, int64_t at)
{
    const int64_t from = at + grid->origin[axis];
    return from >= 0 ? from / grid->side : -1 - (-1 - from) / grid->side;
}

struct scree__enrich_low {
    int32_t at[3];
    uint32_t used; /* else the place in the table is empty */
};

struct scree__enrich_lows {
    struct scree__mem_budget *budget;
    struct scree__enrich_cells_grid grid;
    struct scree__enrich_low *table;
    uint64_t capacity, count; /* capacity: 0 or a power of two */
};

void scree__enrich_lows_init(struct scree__enrich_lows *lows, struct scree__mem_budget *budget,
                             const struct scree__enrich_cells_grid *grid);
void scree__enrich_lows_release(struct scree__enrich_lows *lows);
/* No cells; the memory stays. */
void scree__enrich_lows_clear(struct scree__enrich_lows *lows);

/* Is a lower than b, or before it at the same height? */
static inline bool scree__enrich_is_lower(const int32_t a[3], const int32_t b[3])
{
    if (a[2] != b[2])
        return a[2] < b[2];
    return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
}

/* NULL: the cell of the place has no point. Valid until the next point is put. */
struct scree__enrich_low *scree__enrich_lows_find(const struct scree__enrich_lows *lows, int32_t x,
                                                  int32_t y);
/* Errors: SCREE_E_BUDGET, SCREE_E_MEMORY; what was put before stays. */
SCREE_MUST_CHECK enum scree_status scree__enrich_lows_put(struct scree__enrich_lows *lows,
                                                          const int32_t at[3],
                                                          struct scree_error *err);

#endif
