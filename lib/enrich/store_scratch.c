/*
 * store_scratch.c - a store on scratch: each cell of a grid has a block in memory; full ones are appended to the cell's chain. Chains that are too long
 * are read again and cut further.
 */
#include "enrich/store.h"
#include "base/error.h"

#include <string.h>

#define CELLS (1u << ENRICH_GRID_BITS)
#define STRIPES 64u

struct scree__enrich_cells {
    struct scree__enrich_store *store;
    struct scree__enrich_grid grid;
    struct scree__enrich_cell cells[CELLS];
    struct scree__spill_block chains[CELLS];
    uint32_t used[CELLS], segment[CELLS];
    uint32_t nodes[CELLS];
    uint8_t *blocks; /* one a cell: a head, then points */
    uint64_t blocks_bytes, block_bytes;
    uint8_t **work; /* of each worker: codes of a batch, and what scratch needs */
    uint64_t work_bytes;
    unsigned workers;
    struct scree__par_lock locks[STRIPES];
};

#define BATCH 4096u

static uint32_t block_room(const struct scree__enrich_cells *cells)
{
    return (uint32_t)((cells->block_bytes - sizeof(struct scree__enrich_block)) /
                      cells->store->stride);
}

static void cells_free(struct scree__enrich_cells *cells)
{
    if (cells == NULL)
        return;
    struct scree__mem_budget *budget = cells->store->budget;
    scree__mem_free(budget, cells->blocks, cells->blocks_bytes);
    for (unsigned w = 0; w < cells->workers && cells->work != NULL; w++)
        scree__mem_free(budget, cells->work[w], cells->work_bytes);
    scree__mem_free(budget, cells->work, cells->workers * sizeof *cells->work);
    for (unsigned i = 0; i < STRIPES; i++)
        scree__par_lock_release(&cells->locks[i]);
    scree__mem_free(budget, cells, sizeof *cells);
}

static enum scree_status cells_new(struct scree__enrich_store *store, const int32_t min[3],
                                   const int32_t max[3], uint64_t points, unsigned workers,
                                   struct scree__enrich_cells **out, struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(store->budget, sizeof **out, &memory, "cutting a survey", err);
    *out = NULL;
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_cells *cells = memset(memory, 0, sizeof **out);
    cells->store = store;
    cells->workers = workers;
    for (unsigned i = 0; i < STRIPES; i++)
        scree__par_lock_init(&cells->locks[i]);
    scree__enrich_grid_init(&cells->grid, min, max, scree__enrich_cut_bits(store, points));
    for (uint32_t c = 0; c < CELLS; c++)
        scree__enrich_cell_init(&cells->cells[c]);
    cells->block_bytes = store->settings.block_bytes;
    cells->blocks_bytes = cells->block_bytes << cells->grid.bits;
    cells->work_bytes =
        (uint64_t)BATCH * sizeof(uint16_t) +
        scree__spill_work_bytes(store->settings.scratch, (uint32_t)cells->block_bytes);
    status = scree__mem_alloc(store->budget, cells->blocks_bytes, &memory, "cutting a survey", err);
    cells->blocks = memory;
    if (status == SCREE_OK)
        status = scree__mem_alloc(store->budget, workers * sizeof *cells->work, &memory,
                                  "cutting a survey", err);
    if (status == SCREE_OK)
        cells->work = memset(memory, 0, workers * sizeof *cells->work);
    for (unsigned w = 0; w < workers && status == SCREE_OK; w++) {
        status =
            scree__mem_alloc(store->budget, cells->work_bytes, &memory, "cutting a survey", err);
        cells->work[w] = memory;
    }
    if (status != SCREE_OK) {
        cells_free(cells);
        return status;
    }
    *out = cells;
    return SCREE_OK;
}

/* Puts a cell's block on scratch. */
static enum scree_status flush(struct scree__enrich_cells *cells, uint32_t c, void *work,
                               struct scree_error *err)
{
    uint8_t *block = cells->blocks + c * cells->block_bytes;
    struct scree__enrich_block head;
    if (cells->used[c] == 0)
        return SCREE_OK;
    memset(&head, 0, sizeof head);
    head.before = cells->chains[c];
    head.count = cells->used[c];
    head.segment = cells->segment[c];
    memcpy(block, &head, sizeof head);
    uint32_t bytes = (uint32_t)(sizeof head + (uint64_t)head.count * cells->store->stride);
    cells->used[c] = 0;
    scree__par_scratch_add(cells->store->context, bytes);
    return scree__spill_scratch_write(cells->store->settings.scratch, block, bytes, work,
                                      &cells->chains[c], err);
}

static enum scree_status put(struct scree__enrich_cells *cells, uint32_t c, const uint8_t *point,
                             uint32_t segment, void *work, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    uint32_t stride = cells->store->stride;
    if (cells->used[c] == block_room(cells) || (cells->used[c] > 0 && cells->segment[c] != segment))
        status = flush(cells, c, work, err);
    if (status != SCREE_OK)
        return status;
    uint8_t *block = cells->blocks + c * cells->block_bytes;
    memcpy(block + sizeof(struct scree__enrich_block) + (size_t)cells->used[c]++ * stride, point,
           stride);
    cells->segment[c] = segment;
    scree__enrich_cell_add(&cells->cells[c],
                           (const struct scree__enrich_point *)(const void *)point);
    return SCREE_OK;
}

static enum scree_status put_batch(struct scree__enrich_cells *cells, unsigned worker,
                                   const uint8_t *points, uint32_t count, uint32_t segment,
                                   struct scree_error *err)
{
    uint16_t *codes = (uint16_t *)(void *)cells->work[worker];
    void *work = cells->work[worker] + BATCH * sizeof(uint16_t);
    uint32_t stride = cells->store->stride;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count; i++)
        codes[i] = (uint16_t)scree__enrich_grid_code(
            &cells->grid,
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride));
    /* Points that follow each other are often of one cell: one lock for each run. */
    for (uint32_t i = 0; i < count && status == SCREE_OK;) {
        uint32_t c = codes[i];
        scree__par_lock_take(&cells->locks[c % STRIPES]);
        for (; i < count && codes[i] == c && status == SCREE_OK; i++)
            status = put(cells, c, points + (size_t)i * stride, segment, work, err);
        scree__par_lock_give(&cells->locks[c % STRIPES]);
    }
    return status;
}

static enum scree_status put_points(struct scree__enrich_cells *cells, unsigned worker,
                                    const uint8_t *points, uint32_t count, uint32_t segment,
                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i += BATCH)
        status = put_batch(cells, worker, points + (size_t)i * cells->store->stride,
                           count - i < BATCH ? count - i : BATCH, segment, err);
    return status;
}

/* ---------------------------------------------------------------------------------------- leaves */

static void drop_chain(struct scree__enrich_store *store, const struct scree__spill_block *blocks,
                       uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        scree__spill_scratch_drop(store->settings.scratch, &blocks[i]);
}

/* Reads a whole chain into memory. */
static enum scree_status read_chain(struct scree__enrich_store *store,
                                    const struct scree__spill_block *chain, uint8_t *buffer,
                                    uint8_t *points, uint32_t *segments, struct scree_error *err)
{
    struct scree__enrich_node node;
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    enum scree_status status = SCREE_OK;
    memset(&node, 0, sizeof node);
    node.chain = *chain;
    scree__enrich_leaf_first(store, &node, buffer, &leaf);
    do {
        status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status != SCREE_OK)
            return status;
        memcpy(points, piece.points, (size_t)piece.count * store->stride);
        for (uint32_t i = 0; i < piece.count; i++)
            segments[i] = piece.segment;
        points += (size_t)piece.count * store->stride;
        segments += piece.count;
    } while (piece.count > 0);
    return status;
}

/*
 * The duplicates of a leaf are left out, and what stays is written anew. The input's points all stay, but their segments have to be known again:
 * the tag's unused word carries them through the sort.
 */
static enum scree_status clean_leaf(struct scree__enrich_cells *cells, uint32_t c,
                                    struct scree_error *err)
{
    struct scree__enrich_store *store = cells->store;
    uint64_t count = cells->cells[c].count, leaf_bytes = scree__enrich_leaf_bytes(store);
    uint64_t bytes = count * (store->stride + sizeof(uint32_t)) + leaf_bytes;
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(store->budget, bytes, &memory, "points of files that overlap", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_tagged *points = memory;
    uint32_t *segments = (uint32_t *)(points + count);
    status =
        read_chain(store, &cells->chains[c], (uint8_t *)(segments + count), memory, segments, err);
    if (status == SCREE_OK) {
        for (uint64_t i = 0; i < count; i++)
            points[i].unused = segments[i];
        uint32_t kept = scree__enrich_drop_duplicates(points, (uint32_t)count);
        store->duplicates += count - kept;
        memset(&cells->chains[c], 0, sizeof cells->chains[c]);
        scree__enrich_cell_init(&cells->cells[c]);
        cells->used[c] = 0;
        for (uint32_t i = 0; i < kept && status == SCREE_OK; i++)
            status = put(cells, c, (const uint8_t *)&points[i], points[i].unused,
                         cells->work[0] + BATCH * sizeof(uint16_t), err);
    }
    if (status == SCREE_OK)
        status = flush(cells, c, cells->work[0] + BATCH * sizeof(uint16_t), err);
    scree__mem_free(store->budget, memory, bytes);
    return status;
}

static enum scree_status build_cells(struct scree__enrich_cells *cells, uint32_t *root,
                                     struct scree_error *err);

/* Moves a chain into the cells of its own box. */
static enum scree_status cut_chain(struct scree__enrich_store *store,
                                   const struct scree__enrich_cell *cell,
                                   const struct scree__spill_block *chain, uint32_t *node,
                                   struct scree_error *err)
{
    struct scree__enrich_cells *inner = NULL;
    struct scree__enrich_node read = {.chain = *chain};
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece = {NULL, 1, 0};
    uint64_t bytes = scree__enrich_leaf_bytes(store);
    void *buffer = NULL;
    enum scree_status status =
        scree__mem_alloc(store->budget, bytes, &buffer, "cutting a survey", err);
    if (status == SCREE_OK)
        status = cells_new(store, cell->min, cell->max, cell->count, 1, &inner, err);
    scree__enrich_leaf_first(store, &read, buffer, &leaf);
    while (status == SCREE_OK && piece.count > 0) {
        struct scree__spill_block at = leaf.next;
        status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status == SCREE_OK)
            status = put_points(inner, 0, piece.points, piece.count, piece.segment, err);
        if (status == SCREE_OK && at.bytes != 0)
            drop_chain(store, &at, 1);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(store->context, err);
    }
    scree__mem_free(store->budget, buffer, bytes);
    if (status == SCREE_OK)
        status = build_cells(inner, node, err);
    cells_free(inner);
    return status;
}

/* Everything in memory goes to scratch; then the blocks' memory is given back, before cells are cut further. */
static enum scree_status flush_all(struct scree__enrich_cells *cells, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t c = 0; c < 1u << cells->grid.bits && status == SCREE_OK; c++)
        status = flush(cells, c, cells->work[0] + BATCH * sizeof(uint16_t), err);
    for (uint32_t c = 0; c < 1u << cells->grid.bits && status == SCREE_OK; c++)
        if (cells->store->settings.tagged && cells->cells[c].count > 0 &&
            !scree__enrich_must_cut(cells->store, &cells->cells[c]))
            status = clean_leaf(cells, c, err);
    scree__mem_free(cells->store->budget, cells->blocks, cells->blocks_bytes);
    cells->blocks = NULL;
    return status;
}

static enum scree_status build_cells(struct scree__enrich_cells *cells, uint32_t *root,
                                     struct scree_error *err)
{
    struct scree__enrich_store *store = cells->store;
    enum scree_status status = flush_all(cells, err);
    for (uint32_t c = 0; c < 1u << cells->grid.bits && status == SCREE_OK; c++) {
        cells->nodes[c] = ENRICH_NONE;
        if (cells->cells[c].count == 0)
            continue;
        if (scree__enrich_must_cut(store, &cells->cells[c])) {
            status = cut_chain(store, &cells->cells[c], &cells->chains[c], &cells->nodes[c], err);
            continue;
        }
        status = scree__enrich_add_node(store, &cells->cells[c], &cells->nodes[c], err);
        if (status == SCREE_OK)
            store->nodes[cells->nodes[c]].chain = cells->chains[c];
    }
    if (status == SCREE_OK)
        status = scree__enrich_join_cells(store, cells->nodes, cells->grid.bits, root, err);
    return status;
}

/* ------------------------------------------------------------------------------------ whole store */

enum scree_status scree__enrich_scratch_begin(struct scree__enrich_store *store,
                                              struct scree_error *err)
{
    return cells_new(store, store->settings.min, store->settings.max, store->settings.points,
                     scree_context_threads(store->context), &store->cells, err);
}

enum scree_status scree__enrich_scratch_add(struct scree__enrich_store *store, unsigned worker,
                                            const void *points, uint32_t count, uint32_t segment,
                                            struct scree_error *err)
{
    scree__par_lock_take(&store->lock);
    store->count += count;
    scree__par_lock_give(&store->lock);
    return put_points(store->cells, worker, points, count, segment, err);
}

enum scree_status scree__enrich_scratch_finish(struct scree__enrich_store *store,
                                               struct scree_error *err)
{
    store->root = ENRICH_NONE;
    enum scree_status status =
        store->count > 0 ? build_cells(store->cells, &store->root, err) : SCREE_OK;
    scree__enrich_scratch_release(store);
    return status;
}

void scree__enrich_scratch_release(struct scree__enrich_store *store)
{
    cells_free(store->cells);
    store->cells = NULL;
}
