/* lows.c - a table by cell, open addressing. */
#include "enrich/lows.h"

#include <string.h>

#define FIRST_CAPACITY 1024u

void scree__enrich_lows_init(struct scree__enrich_lows *lows, struct scree__mem_budget *budget,
                             const struct scree__enrich_cells_grid *grid)
{
    memset(lows, 0, sizeof *lows);
    lows->budget = budget;
    lows->grid = *grid;
}

void scree__enrich_lows_release(struct scree__enrich_lows *lows)
{
    scree__mem_free(lows->budget, lows->table, lows->capacity * sizeof *lows->table);
    lows->table = NULL;
    lows->capacity = lows->count = 0;
}

void scree__enrich_lows_clear(struct scree__enrich_lows *lows)
{
    if (lows->count > 0)
        memset(lows->table, 0, lows->capacity * sizeof *lows->table);
    lows->count = 0;
}

/* The place of a cell: its own, or the empty one where it would be. */
static struct scree__enrich_low *place_of(const struct scree__enrich_lows *lows, int32_t x,
                                          int32_t y)
{
    const struct scree__enrich_cells_grid *grid = &lows->grid;
    const int64_t cell[2] = {scree__enrich_cell_of(grid, 0, x), scree__enrich_cell_of(grid, 1, y)};
    uint64_t hash = (uint64_t)cell[0] * UINT64_C(0x9E3779B97F4A7C15) ^
                    (uint64_t)cell[1] * UINT64_C(0xC2B2AE3D27D4EB4F);
    hash = (hash ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    for (uint64_t i = hash >> 20;; i++) {
        struct scree__enrich_low *low = &lows->table[i & (lows->capacity - 1)];
        if (!low->used || (scree__enrich_cell_of(grid, 0, low->at[0]) == cell[0] &&
                           scree__enrich_cell_of(grid, 1, low->at[1]) == cell[1]))
            return low;
    }
}

struct scree__enrich_low *scree__enrich_lows_find(const struct scree__enrich_lows *lows, int32_t x,
                                                  int32_t y)
{
    if (lows->count == 0)
        return NULL;
    struct scree__enrich_low *low = place_of(lows, x, y);
    return low->used ? low : NULL;
}

static enum scree_status grow(struct scree__enrich_lows *lows, struct scree_error *err)
{
    struct scree__enrich_lows more = *lows;
    void *memory = NULL;
    more.capacity = lows->capacity > 0 ? 2 * lows->capacity : FIRST_CAPACITY;
    enum scree_status status = scree__mem_alloc(lows->budget, more.capacity * sizeof *more.table,
                                                &memory, "lowest points of cells", err);
    if (status != SCREE_OK)
        return status;
    more.table = memset(memory, 0, more.capacity * sizeof *more.table);
    for (uint64_t i = 0; i < lows->capacity; i++)
        if (lows->table[i].used)
            *place_of(&more, lows->table[i].at[0], lows->table[i].at[1]) = lows->table[i];
    scree__mem_free(lows->budget, lows->table, lows->capacity * sizeof *lows->table);
    *lows = more;
    return SCREE_OK;
}

enum scree_status scree__enrich_lows_put(struct scree__enrich_lows *lows, const int32_t at[3],
                                         struct scree_error *err)
{
    if (lows->count >= lows->capacity / 4 * 3) {
        enum scree_status status = grow(lows, err);
        if (status != SCREE_OK)
            return status;
    }
    struct scree__enrich_low *low = place_of(lows, at[0], at[1]);
    if (low->used && !scree__enrich_is_lower(at, low->at))
        return SCREE_OK;
    lows->count += !low->used;
    low->used = 1;
    memcpy(low->at, at, sizeof low->at);
    return SCREE_OK;
}
