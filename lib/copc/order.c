/*
 * order.c - points into Morton order. First a counting sort by cells of the top levels, all threads on ranges of the input: records are read in turn,
 * twice, and each point's place takes the next levels of its code along as a key. Then each cell by itself (order_cell.c), which looks at
 * records only where keys are equal.
 */
#include "copc/order.h"
#include "copc/codes.h"
#include "copc/order_cell.h"
#include "mem/shelf.h"

#include <string.h>

/* 2^18 cells: one MiB of counters a thread, and cells of some thousand points for a survey of 20
 * million. */
#define TOP_LEVELS 6u
/* A bucket is a run of cells with about this many points: large enough to be worth a thread's
 * while. */
#define BUCKET_POINTS 65536u
/* Codes computed at a time. */
#define BLOCK_POINTS 256u
/* And places of the order whose pages are fetched at a time: 128 KiB. */
#define TOUCHED_PLACES 16384u

struct bucket {
    uint32_t begin_cell, end_cell;
};

struct sorter {
    struct scree_context *context;
    const struct scree__copc_points *points;
    const struct scree__copc_cube *cube;
    scree__copc_codes codes;
    uint64_t *order;
    uint8_t *prefix;
    unsigned threads, common_levels;
    unsigned top_levels; /* cells are those of top_levels below the common ones */
    unsigned key_levels; /* and keys the levels below */
    unsigned below;      /* and these are left */
    uint64_t cell_count;
    uint32_t *counts; /* [thread][cell]: first how many, then where the next one goes */
    uint32_t *starts; /* [cell + 1] */
    struct bucket *buckets;
    uint64_t bucket_count, bucket_capacity;
    struct scree__copc_cell_sorter *workers;
};

/* Codes of the records [begin, begin + count), down to the last level of a key. */
static void codes_of(const struct sorter *sorter, uint64_t begin, uint64_t count, uint64_t *codes)
{
    uint32_t record_bytes = sorter->points->form.bytes;
    sorter->codes(sorter->cube, sorter->points->records + begin * record_bytes, record_bytes, count,
                  sorter->below, codes);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void range_of(const struct sorter *sorter, uint64_t index, uint64_t *begin, uint64_t *end)
{
    *begin = sorter->points->count / sorter->threads * index;
    *end = index + 1 == sorter->threads ? sorter->points->count
                                        : sorter->points->count / sorter->threads * (index + 1);
}

static enum scree_status count_range(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    const struct sorter *sorter = arg;
    uint32_t *counts = sorter->counts + index * sorter->cell_count;
    uint64_t mask = sorter->cell_count - 1, begin, end, codes[BLOCK_POINTS];
    unsigned key_bits = 3 * sorter->key_levels;
    (void)worker;
    (void)err;
    range_of(sorter, index, &begin, &end);
    scree__mem_touch(sorter->prefix + begin, end - begin);
    for (uint64_t i = begin; i < end; i += TOUCHED_PLACES)
        scree__mem_touch(sorter->order + i, least(end - i, TOUCHED_PLACES) * sizeof *sorter->order);
    for (; begin < end; begin += BLOCK_POINTS) {
        uint64_t count = least(end - begin, BLOCK_POINTS);
        codes_of(sorter, begin, count, codes);
        for (uint64_t i = 0; i < count; i++)
            counts[codes[i] >> key_bits & mask]++;
    }
    return SCREE_OK;
}

static enum scree_status scatter_range(void *arg, uint64_t index, unsigned worker,
                                       struct scree_error *err)
{
    const struct sorter *sorter = arg;
    uint32_t *next = sorter->counts + index * sorter->cell_count;
    uint64_t mask = sorter->cell_count - 1, begin, end, codes[BLOCK_POINTS];
    uint64_t *order = sorter->order;
    unsigned key_bits = 3 * sorter->key_levels;
    uint32_t key_mask = (1u << key_bits) - 1;
    (void)worker;
    (void)err;
    range_of(sorter, index, &begin, &end);
    for (; begin < end; begin += BLOCK_POINTS) {
        uint64_t count = least(end - begin, BLOCK_POINTS);
        codes_of(sorter, begin, count, codes);
        for (uint64_t i = 0; i < count; i++)
            order[next[codes[i] >> key_bits & mask]++] =
                scree__copc_place((uint32_t)codes[i] & key_mask, (uint32_t)(begin + i));
    }
    return SCREE_OK;
}

/* Counts into places: cell by cell, and within a cell range by range. */
static void place_cells(struct sorter *sorter)
{
    uint64_t at = 0;
    for (uint64_t cell = 0; cell < sorter->cell_count; cell++) {
        sorter->starts[cell] = (uint32_t)at;
        for (unsigned t = 0; t < sorter->threads; t++) {
            uint32_t *count = &sorter->counts[t * sorter->cell_count + cell];
            uint32_t here = *count;
            *count = (uint32_t)at;
            at += here;
        }
    }
    sorter->starts[sorter->cell_count] = (uint32_t)at;
}

static void make_buckets(struct sorter *sorter)
{
    uint64_t begin = 0;
    for (uint64_t cell = 0; cell < sorter->cell_count; cell++) {
        if (sorter->starts[cell + 1] - sorter->starts[begin] >= BUCKET_POINTS ||
            cell + 1 == sorter->cell_count) {
            struct bucket *bucket = &sorter->buckets[sorter->bucket_count++];
            bucket->begin_cell = (uint32_t)begin;
            bucket->end_cell = (uint32_t)(cell + 1);
            begin = cell + 1;
        }
    }
}

static enum scree_status sort_bucket(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    const struct sorter *sorter = arg;
    const struct bucket *bucket = &sorter->buckets[index];
    (void)err;
    for (uint64_t cell = bucket->begin_cell; cell < bucket->end_cell; cell++)
        scree__copc_cell_sort(&sorter->workers[worker], sorter->starts[cell],
                              sorter->starts[cell + 1], sorter->below);
    scree__par_stage_add(sorter->context,
                         sorter->starts[bucket->end_cell] - sorter->starts[bucket->begin_cell]);
    return SCREE_OK;
}

/* The first point of each cell shares with the one before what their cells do. */
static void link_cells(struct sorter *sorter)
{
    uint64_t last = 0;
    unsigned deepest = sorter->common_levels + sorter->top_levels;
    sorter->prefix[0] = 0;
    for (uint64_t cell = 0; cell < sorter->cell_count; cell++) {
        uint64_t begin = sorter->starts[cell];
        if (begin == sorter->starts[cell + 1])
            continue;
        unsigned highest = 63u - (unsigned)__builtin_clzll((cell ^ last) | 1);
        if (begin > 0)
            sorter->prefix[begin] = (uint8_t)(deepest - 1 - highest / 3);
        last = cell;
    }
}

/* ------------------------------------------------------------------------------------ the whole */

uint64_t scree__copc_order_bytes(uint64_t cell_points, unsigned threads)
{
    uint64_t cells = (uint64_t)1 << 3 * TOP_LEVELS;
    uint64_t scratch =
        cell_points < SCREE__COPC_CELL_SCRATCH ? SCREE__COPC_CELL_SCRATCH : cell_points;
    return cells * (4 * threads + 8 + sizeof(struct bucket)) + threads * 256u +
           scratch * SCREE__COPC_PLACE_BYTES * threads;
}

static enum scree_status allocate(struct sorter *sorter, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(sorter->context);
    static const char what[] = "sorting points by cell";
    void *memory;
    enum scree_status status = scree__mem_alloc_rested(
        budget, sorter->threads * sorter->cell_count * sizeof *sorter->counts, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->counts = memory;
    memset(memory, 0, sorter->threads * sorter->cell_count * sizeof *sorter->counts);
    status = scree__mem_alloc_rested(budget, (sorter->cell_count + 1) * sizeof *sorter->starts,
                                     &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->starts = memory;
    status = scree__mem_alloc(budget, sorter->bucket_capacity * sizeof *sorter->buckets, &memory,
                              what, err);
    if (status != SCREE_OK)
        return status;
    sorter->buckets = memory;
    status =
        scree__mem_alloc(budget, sorter->threads * sizeof *sorter->workers, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->workers = memory;
    for (unsigned t = 0; t < sorter->threads; t++)
        sorter->workers[t] = (struct scree__copc_cell_sorter){.budget = budget,
                                                              .points = sorter->points,
                                                              .cube = sorter->cube,
                                                              .order = sorter->order,
                                                              .prefix = sorter->prefix};
    return SCREE_OK;
}

static void release(struct sorter *sorter)
{
    struct scree__mem_budget *budget = scree__par_budget(sorter->context);
    for (unsigned t = 0; sorter->workers != NULL && t < sorter->threads; t++)
        scree__copc_cell_release(&sorter->workers[t]);
    scree__mem_free(budget, sorter->workers, sorter->threads * sizeof *sorter->workers);
    scree__mem_free(budget, sorter->buckets, sorter->bucket_capacity * sizeof *sorter->buckets);
    scree__mem_rest(budget, sorter->starts, (sorter->cell_count + 1) * sizeof *sorter->starts);
    scree__mem_rest(budget, sorter->counts,
                    sorter->threads * sorter->cell_count * sizeof *sorter->counts);
}

/* Which levels of the codes make the cells, and which the keys. */
static void choose_levels(struct sorter *sorter, unsigned common_levels)
{
    unsigned depth = sorter->cube->depth;
    sorter->common_levels = common_levels < depth ? common_levels : depth;
    unsigned left = depth - sorter->common_levels;
    sorter->top_levels = left < TOP_LEVELS ? left : TOP_LEVELS;
    /* Not many more cells than points: most would be empty. */
    while (sorter->top_levels > 1 && (uint64_t)1 << 3 * sorter->top_levels > sorter->points->count)
        sorter->top_levels--;
    left -= sorter->top_levels;
    sorter->key_levels = left < SCREE__COPC_KEY_LEVELS ? left : SCREE__COPC_KEY_LEVELS;
    sorter->below = left - sorter->key_levels;
    sorter->cell_count = (uint64_t)1 << 3 * sorter->top_levels;
    sorter->bucket_capacity = least(sorter->cell_count, sorter->points->count / BUCKET_POINTS + 1);
}

enum scree_status scree__copc_order(struct scree_context *context,
                                    const struct scree__copc_points *points,
                                    const struct scree__copc_cube *cube, unsigned common_levels,
                                    uint64_t *order, uint8_t *prefix, struct scree_error *err)
{
    struct scree__par_pool *pool = scree__par_pool(context);
    struct sorter sorter;
    memset(&sorter, 0, sizeof sorter);
    sorter.context = context;
    sorter.points = points;
    sorter.cube = cube;
    sorter.codes = scree__copc_codes_choose(cube);
    sorter.order = order;
    sorter.prefix = prefix;
    sorter.threads = scree__par_pool_threads(pool);
    choose_levels(&sorter, common_levels);
    enum scree_status status = allocate(&sorter, err);
    if (status != SCREE_OK)
        goto out;
    status = scree__par_for(pool, sorter.threads, count_range, &sorter, err);
    if (status != SCREE_OK)
        goto out;
    place_cells(&sorter);
    make_buckets(&sorter);
    status = scree__par_for(pool, sorter.threads, scatter_range, &sorter, err);
    if (status != SCREE_OK)
        goto out;
    status = scree__par_for(pool, sorter.bucket_count, sort_bucket, &sorter, err);
    if (status != SCREE_OK)
        goto out;
    link_cells(&sorter);
out:
    release(&sorter);
    return status;
}

uint32_t *scree__copc_order_pack(uint64_t *order, uint64_t count)
{
    uint8_t *bytes = (uint8_t *)order;
    for (uint64_t i = 0; i < count; i++)
        scree__base_store32(bytes + i * sizeof(uint32_t),
                            scree__copc_place_id(scree__base_load64(bytes + i * sizeof *order)));
    return (uint32_t *)order;
}
