/* store_memory.c - a store in memory: points come in blocks, are moved into the cells of a grid, and cells that are too large are cut again in their place. */
#include "enrich/store.h"
#include "base/error.h"

#include <string.h>

#define BLOCK_POINTS 65536u

static uint64_t block_bytes(const struct scree__enrich_store *store)
{
    return (uint64_t)BLOCK_POINTS * store->stride;
}

static enum scree_status add_block(struct scree__enrich_store *store, struct scree_error *err)
{
    void *array = store->blocks, *memory = NULL;
    enum scree_status status =
        scree__mem_grow(store->budget, &array, &store->block_capacity, store->block_count + 1,
                        sizeof *store->blocks, "the points of a survey", err);
    store->blocks = array;
    if (status == SCREE_OK)
        status = scree__mem_alloc(store->budget, block_bytes(store), &memory,
                                  "the points of a survey", err);
    if (status != SCREE_OK)
        return status;
    store->blocks[store->block_count++] = memory;
    store->last_used = 0;
    return SCREE_OK;
}

enum scree_status scree__enrich_memory_add(struct scree__enrich_store *store, const void *points,
                                           uint32_t count, struct scree_error *err)
{
    const uint8_t *from = points;
    enum scree_status status = SCREE_OK;
    scree__par_lock_take(&store->lock);
    while (count > 0 && status == SCREE_OK) {
        if (store->block_count == 0 || store->last_used == BLOCK_POINTS)
            status = add_block(store, err);
        if (status != SCREE_OK)
            break;
        uint64_t room = BLOCK_POINTS - store->last_used;
        uint32_t taken = count < room ? count : (uint32_t)room;
        memcpy(store->blocks[store->block_count - 1] + store->last_used * store->stride, from,
               (size_t)taken * store->stride);
        store->last_used += taken;
        store->count += taken;
        from += (size_t)taken * store->stride;
        count -= taken;
    }
    scree__par_lock_give(&store->lock);
    return status;
}

/* ------------------------------------------------------------------------------------------ cuts */

struct cut {
    struct scree__enrich_store *store;
    struct scree__enrich_grid grid;
    struct scree__enrich_cell cells[1u << ENRICH_GRID_BITS];
    uint64_t starts[(1u << ENRICH_GRID_BITS) + 1];
    uint64_t at[1u << ENRICH_GRID_BITS];
    uint32_t nodes[1u << ENRICH_GRID_BITS];
};

static const struct scree__enrich_point *point_at(const struct scree__enrich_store *store,
                                                  const uint8_t *points, uint64_t i)
{
    return (const struct scree__enrich_point *)(const void *)(points + i * store->stride);
}

static void count_cells(struct cut *cut, const uint8_t *points, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p = point_at(cut->store, points, i);
        scree__enrich_cell_add(&cut->cells[scree__enrich_grid_code(&cut->grid, p)], p);
    }
}

static void begin_cut(struct cut *cut, const int32_t min[3], const int32_t max[3], unsigned bits)
{
    scree__enrich_grid_init(&cut->grid, min, max, bits);
    for (uint32_t c = 0; c < 1u << cut->grid.bits; c++)
        scree__enrich_cell_init(&cut->cells[c]);
}

static void find_starts(struct cut *cut)
{
    uint64_t sum = 0;
    for (uint32_t c = 0; c < 1u << cut->grid.bits; c++) {
        cut->starts[c] = cut->at[c] = sum;
        sum += cut->cells[c].count;
    }
    cut->starts[1u << cut->grid.bits] = sum;
}

static void move_cells(struct cut *cut, const uint8_t *points, uint64_t count, uint8_t *to)
{
    uint32_t stride = cut->store->stride;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t code = scree__enrich_grid_code(&cut->grid, point_at(cut->store, points, i));
        memcpy(to + cut->at[code]++ * stride, points + i * stride, stride);
    }
}

static enum scree_status make_leaf(struct scree__enrich_store *store, uint64_t first,
                                   struct scree__enrich_cell *cell, uint32_t *node,
                                   struct scree_error *err)
{
    uint8_t *points = store->points + first * store->stride;
    if (store->settings.tagged) {
        uint32_t kept = scree__enrich_drop_duplicates((struct scree__enrich_tagged *)(void *)points,
                                                      (uint32_t)cell->count);
        store->duplicates += cell->count - kept;
        scree__enrich_cell_init(cell);
        for (uint32_t i = 0; i < kept; i++)
            scree__enrich_cell_add(cell, point_at(store, points, i));
    }
    enum scree_status status = scree__enrich_add_node(store, cell, node, err);
    if (status == SCREE_OK)
        store->nodes[*node].first = first;
    return status;
}

static enum scree_status build(struct scree__enrich_store *store, uint64_t first,
                               struct scree__enrich_cell *cell, uint32_t *node,
                               struct scree_error *err);

/* A node for each cell of a cut whose points are in place from `first` on. */
static enum scree_status build_cells(struct cut *cut, uint64_t first, uint32_t *node,
                                     struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t c = 0; c < 1u << cut->grid.bits && status == SCREE_OK; c++) {
        cut->nodes[c] = ENRICH_NONE;
        if (cut->cells[c].count > 0)
            status = build(cut->store, first + cut->starts[c], &cut->cells[c], &cut->nodes[c], err);
    }
    if (status == SCREE_OK)
        status = scree__enrich_join_cells(cut->store, cut->nodes, cut->grid.bits, node, err);
    return status;
}

static enum scree_status cut_in_place(struct scree__enrich_store *store, uint64_t first,
                                      const struct scree__enrich_cell *cell, uint32_t *node,
                                      struct scree_error *err)
{
    void *memory = NULL, *copy = NULL;
    uint64_t bytes = cell->count * store->stride;
    enum scree_status status =
        scree__mem_alloc(store->budget, sizeof(struct cut), &memory, "cutting a survey", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(store->budget, bytes, &copy, "cutting a survey", err);
    struct cut *cut = memory;
    if (status == SCREE_OK) {
        uint8_t *points = store->points + first * store->stride;
        cut->store = store;
        begin_cut(cut, cell->min, cell->max, scree__enrich_cut_bits(store, cell->count));
        count_cells(cut, points, cell->count);
        find_starts(cut);
        memcpy(copy, points, bytes);
        move_cells(cut, copy, cell->count, points);
    }
    scree__mem_free(store->budget, copy, bytes);
    if (status == SCREE_OK)
        status = build_cells(cut, first, node, err);
    scree__mem_free(store->budget, memory, sizeof(struct cut));
    return status;
}

/* Depth: each call cuts the longest side in at least eight. */
static enum scree_status build(struct scree__enrich_store *store, uint64_t first,
                               struct scree__enrich_cell *cell, uint32_t *node,
                               struct scree_error *err)
{
    if (scree__enrich_must_cut(store, cell))
        return cut_in_place(store, first, cell, node, err);
    return make_leaf(store, first, cell, node, err);
}

static uint64_t used_of(const struct scree__enrich_store *store, uint64_t block)
{
    return block + 1 < store->block_count ? BLOCK_POINTS : store->last_used;
}

static void free_blocks(struct scree__enrich_store *store)
{
    for (uint64_t b = 0; b < store->block_count; b++)
        scree__mem_free(store->budget, store->blocks[b], block_bytes(store));
    scree__mem_free(store->budget, store->blocks, store->block_capacity * sizeof *store->blocks);
    store->blocks = NULL;
    store->block_count = store->block_capacity = 0;
}

/* The first cut takes points out of their blocks, which are given back as they are emptied. */
static enum scree_status cut_blocks(struct scree__enrich_store *store, struct cut *cut,
                                    struct scree_error *err)
{
    void *memory = NULL;
    struct scree__enrich_cell whole;
    cut->store = store;
    scree__enrich_cell_init(&whole);
    for (uint64_t b = 0; b < store->block_count; b++)
        for (uint64_t i = 0; i < used_of(store, b); i++)
            scree__enrich_cell_add(&whole, point_at(store, store->blocks[b], i));
    begin_cut(cut, whole.min, whole.max, scree__enrich_cut_bits(store, store->count));
    for (uint64_t b = 0; b < store->block_count; b++)
        count_cells(cut, store->blocks[b], used_of(store, b));
    find_starts(cut);
    store->points_bytes = store->count * store->stride;
    enum scree_status status = scree__mem_alloc(store->budget, store->points_bytes, &memory,
                                                "the points of a survey", err);
    if (status != SCREE_OK)
        return status;
    store->points = memory;
    for (uint64_t b = 0; b < store->block_count; b++) {
        move_cells(cut, store->blocks[b], used_of(store, b), store->points);
        scree__mem_free(store->budget, store->blocks[b], block_bytes(store));
        store->blocks[b] = NULL;
    }
    free_blocks(store);
    return build_cells(cut, 0, &store->root, err);
}

enum scree_status scree__enrich_memory_finish(struct scree__enrich_store *store,
                                              struct scree_error *err)
{
    void *memory = NULL;
    if (store->count == 0)
        return SCREE_OK;
    enum scree_status status =
        scree__mem_alloc(store->budget, sizeof(struct cut), &memory, "cutting a survey", err);
    if (status == SCREE_OK)
        status = cut_blocks(store, memory, err);
    scree__mem_free(store->budget, memory, sizeof(struct cut));
    return status;
}

void scree__enrich_memory_release(struct scree__enrich_store *store)
{
    free_blocks(store);
    scree__mem_free(store->budget, store->points, store->points_bytes);
    store->points = NULL;
}
