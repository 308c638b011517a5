/*
 * order.c - points into Morton order. First a counting sort by cells of the top levels, all threads
 * on ranges of the input; then each cell by itself: radix sort on the rest of the code, ties by GPS
 * time and bytes, and the prefix of each point with the one before.
 */
#include "copc/order.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/radix.h"

#include <string.h>

/* 2^18 cells: one MiB of counters a thread, and cells of some thousand points for a survey of 20
 * million. */
#define TOP_LEVELS 6u
/* Levels that one 64-bit code holds. */
#define WORD_LEVELS 21u
/* A bucket is a run of cells with about this many points: large enough to be worth a thread's
 * while. */
#define BUCKET_POINTS 65536u
#define GPS_TIME_AT 22u

struct bucket {
    uint32_t begin_cell, end_cell;
};

struct worker {
    struct scree__copc_radix radix;
    uint64_t capacity;
};

struct sorter {
    struct scree_context *context;
    const struct scree__copc_points *points;
    const struct scree__copc_cube *cube;
    uint32_t *order;
    uint8_t *prefix;
    unsigned threads, common_levels,
        top_levels; /* cells are those of top_levels below the common ones */
    uint64_t cell_count;
    uint32_t *counts; /* [thread][cell]: first how many, then where the next one goes */
    uint64_t *starts; /* [cell + 1] */
    struct bucket *buckets;
    uint64_t bucket_count;
    struct worker *workers;
};

static void cells_of(const struct sorter *sorter, uint64_t id, uint64_t cells[3])
{
    const uint8_t *record = sorter->points->records + id * sorter->points->record_bytes;
    int32_t at[3] = {scree__base_load_i32(record), scree__base_load_i32(record + 4),
                     scree__base_load_i32(record + 8)};
    scree__copc_cube_cells(sorter->cube, at, cells);
}

static uint32_t top_cell(const struct sorter *sorter, uint64_t id)
{
    uint64_t cells[3];
    unsigned shift = sorter->cube->depth - sorter->common_levels - sorter->top_levels;
    cells_of(sorter, id, cells);
    return (uint32_t)(scree__copc_morton(cells[0] >> shift, cells[1] >> shift, cells[2] >> shift) &
                      (sorter->cell_count - 1));
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
    struct sorter *sorter = arg;
    uint32_t *counts = sorter->counts + index * sorter->cell_count;
    uint64_t begin, end;
    (void)worker;
    (void)err;
    range_of(sorter, index, &begin, &end);
    for (uint64_t id = begin; id < end; id++)
        counts[top_cell(sorter, id)]++;
    return SCREE_OK;
}

static enum scree_status scatter_range(void *arg, uint64_t index, unsigned worker,
                                       struct scree_error *err)
{
    struct sorter *sorter = arg;
    uint32_t *next = sorter->counts + index * sorter->cell_count;
    uint64_t begin, end;
    (void)worker;
    (void)err;
    range_of(sorter, index, &begin, &end);
    for (uint64_t id = begin; id < end; id++)
        sorter->order[next[top_cell(sorter, id)]++] = (uint32_t)id;
    return SCREE_OK;
}

/* Counts into places: cell by cell, and within a cell range by range. */
static void place_cells(struct sorter *sorter)
{
    uint64_t at = 0;
    for (uint64_t cell = 0; cell < sorter->cell_count; cell++) {
        sorter->starts[cell] = at;
        for (unsigned t = 0; t < sorter->threads; t++) {
            uint32_t *count = &sorter->counts[t * sorter->cell_count + cell];
            uint32_t here = *count;
            *count = (uint32_t)at;
            at += here;
        }
    }
    sorter->starts[sorter->cell_count] = at;
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

/* ------------------------------------------------------------------------------------- one cell */

int scree__copc_record_compare(const uint8_t *a, const uint8_t *b, uint32_t record_bytes)
{
    uint64_t time_a = scree__copc_gps_key(scree__base_load64(a + GPS_TIME_AT));
    uint64_t time_b = scree__copc_gps_key(scree__base_load64(b + GPS_TIME_AT));
    if (time_a != time_b)
        return time_a < time_b ? -1 : 1;
    return memcmp(a, b, record_bytes);
}

/* The Morton code is equal. */
static int compare_ties(const struct sorter *sorter, uint32_t a, uint32_t b)
{
    const uint8_t *first = sorter->points->records + (uint64_t)a * sorter->points->record_bytes;
    const uint8_t *second = sorter->points->records + (uint64_t)b * sorter->points->record_bytes;
    return scree__copc_record_compare(first, second, sorter->points->record_bytes);
}

static void insert_ties(const struct sorter *sorter, uint32_t *ids, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        uint32_t id = ids[i];
        uint64_t at = i;
        for (; at > 0 && compare_ties(sorter, ids[at - 1], id) > 0; at--)
            ids[at] = ids[at - 1];
        ids[at] = id;
    }
}

/* Merge sort, bottom up, from runs of 16. other: as many elements to work in. The result is in ids.
 */
static void sort_ties(const struct sorter *sorter, uint32_t *ids, uint32_t *other, uint64_t count)
{
    enum { RUN = 16 };
    for (uint64_t i = 0; i < count; i += RUN)
        insert_ties(sorter, ids + i, count - i < RUN ? count - i : RUN);
    uint32_t *from = ids, *to = other;
    for (uint64_t run = RUN; run < count; run *= 2) {
        for (uint64_t i = 0; i < count; i += 2 * run) {
            uint64_t a = i, b = i + run < count ? i + run : count, a_end = b;
            uint64_t b_end = i + 2 * run < count ? i + 2 * run : count;
            for (uint64_t k = i; k < b_end; k++) {
                bool left =
                    a < a_end && (b >= b_end || compare_ties(sorter, from[a], from[b]) <= 0);
                to[k] = left ? from[a++] : from[b++];
            }
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != ids)
        memcpy(ids, from, count * sizeof *ids);
}

/* Heap sort: slower, and in place. */
static void sort_ties_in_place(const struct sorter *sorter, uint32_t *ids, uint64_t count)
{
    for (uint64_t root = count / 2, end = count; end > 1;) {
        uint32_t id;
        if (root > 0) {
            id = ids[--root];
        } else {
            id = ids[--end];
            ids[end] = ids[0];
        }
        uint64_t at = root;
        for (uint64_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && compare_ties(sorter, ids[child], ids[child + 1]) < 0)
                child++;
            if (compare_ties(sorter, id, ids[child]) >= 0)
                break;
            ids[at] = ids[child];
        }
        ids[at] = id;
    }
}

/* False when the budget has no room for the scratch of so many points. */
static bool need_scratch(struct sorter *sorter, struct worker *worker, uint64_t count)
{
    if (count <= worker->capacity)
        return true;
    struct scree__mem_budget *budget = scree__par_budget(sorter->context);
    uint64_t capacity = count < BUCKET_POINTS ? BUCKET_POINTS : count;
    void *memory;
    /* The block begins with whichever keys array is first after the sorts' swaps. */
    uint8_t *block =
        (uint8_t *)(worker->radix.keys < worker->radix.other_keys ? worker->radix.keys
                                                                  : worker->radix.other_keys);
    scree__mem_free(budget, block, worker->capacity * SCREE__COPC_RADIX_BYTES);
    memset(worker, 0, sizeof *worker);
    if (scree__mem_alloc(budget, capacity * SCREE__COPC_RADIX_BYTES, &memory,
                         "sorting the points of one cell", NULL) != SCREE_OK)
        return false;
    worker->capacity = capacity;
    worker->radix.keys = memory;
    worker->radix.other_keys = worker->radix.keys + capacity;
    worker->radix.ids = (uint32_t *)(worker->radix.other_keys + capacity);
    worker->radix.other_ids = worker->radix.ids + capacity;
    return true;
}

/* Code of the levels [shift, shift + 21) counted from the deepest. */
static void make_keys(const struct sorter *sorter, struct scree__copc_radix *radix, uint64_t count,
                      unsigned shift)
{
    const struct scree__copc_points *points = sorter->points;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t cells[3];
        if (i + SCREE__COPC_AHEAD < count)
            __builtin_prefetch(points->records +
                               (uint64_t)radix->ids[i + SCREE__COPC_AHEAD] * points->record_bytes);
        cells_of(sorter, radix->ids[i], cells);
        radix->keys[i] =
            scree__copc_morton(cells[0] >> shift, cells[1] >> shift, cells[2] >> shift);
    }
}

static unsigned shared_levels(unsigned depth, const uint64_t a[3], const uint64_t b[3])
{
    uint64_t differ = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]);
    return differ == 0 ? depth : depth - (64u - (unsigned)__builtin_clzll(differ));
}

/* Prefixes of the points in place [begin, end); the one of `begin` is left to link_cells(). */
static void find_prefixes(struct sorter *sorter, uint64_t begin, uint64_t end)
{
    uint64_t last[3], here[3];
    cells_of(sorter, sorter->order[begin], last);
    for (uint64_t i = begin + 1; i < end; i++) {
        cells_of(sorter, sorter->order[i], here);
        sorter->prefix[i] = (uint8_t)shared_levels(sorter->cube->depth, last, here);
        memcpy(last, here, sizeof last);
    }
}

/* The same from the sorted codes, where one word holds all levels below the common ones. */
static void prefixes_from_keys(struct sorter *sorter, const uint64_t *keys, uint64_t begin,
                               uint64_t end)
{
    unsigned depth = sorter->cube->depth;
    for (uint64_t i = begin + 1; i < end; i++) {
        uint64_t differ = keys[i - begin] ^ keys[i - begin - 1];
        unsigned highest = differ == 0 ? 0 : 63u - (unsigned)__builtin_clzll(differ);
        sorter->prefix[i] = (uint8_t)(differ == 0 ? depth : depth - 1 - highest / 3);
    }
}

static void sort_run(struct sorter *sorter, struct worker *worker, uint64_t begin, uint64_t end)
{
    uint64_t count = end - begin;
    unsigned levels = sorter->cube->depth - sorter->common_levels - sorter->top_levels;
    struct scree__copc_radix *radix = &worker->radix;
    memcpy(radix->ids, sorter->order + begin, count * sizeof *radix->ids);
    make_keys(sorter, radix, count, 0);
    scree__copc_radix_sort(radix, count);
    if (levels > WORD_LEVELS) {
        make_keys(sorter, radix, count, WORD_LEVELS);
        scree__copc_radix_sort(radix, count);
    }
    memcpy(sorter->order + begin, radix->ids, count * sizeof *radix->ids);
    if (levels > WORD_LEVELS)
        find_prefixes(sorter, begin, end);
    else
        prefixes_from_keys(sorter, radix->keys, begin, end);
    for (uint64_t i = begin; i < end;) {
        uint64_t run = i + 1;
        while (run < end && sorter->prefix[run] == sorter->cube->depth)
            run++;
        if (run - i > 1)
            sort_ties(sorter, sorter->order + i, radix->other_ids, run - i);
        i = run;
    }
}

/* Puts the points whose code has 0 in `bit` (level and axis) before the others; returns where those begin. */
static uint64_t split_run(struct sorter *sorter, uint64_t begin, uint64_t end, unsigned bit)
{
    unsigned shift = sorter->cube->depth - 1 - bit / 3, axis = 2 - bit % 3;
    uint32_t *order = sorter->order;
    uint64_t cells[3];
    while (begin < end) {
        cells_of(sorter, order[begin], cells);
        if ((cells[axis] >> shift & 1) == 0) {
            begin++;
            continue;
        }
        uint32_t swap = order[--end];
        order[end] = order[begin];
        order[begin] = swap;
    }
    return begin;
}

/*
 * A run of the order, all of whose points agree in the code's bits before `bit`. Where there is no scratch for it, it is split by that bit in
 * place; of points at one position there is no bit left.
 */
static void sort_cell(struct sorter *sorter, struct worker *worker, uint64_t begin, uint64_t end,
                      unsigned bit)
{
    unsigned bit_count = 3 * sorter->cube->depth;
    while (end - begin > 1 && !need_scratch(sorter, worker, end - begin)) {
        if (bit == bit_count) {
            sort_ties_in_place(sorter, sorter->order + begin, end - begin);
            memset(sorter->prefix + begin + 1, (int)sorter->cube->depth, end - begin - 1);
            return;
        }
        uint64_t middle = split_run(sorter, begin, end, bit++);
        if (middle > begin && middle < end) {
            sort_cell(sorter, worker, begin, middle, bit);
            sort_cell(sorter, worker, middle, end, bit);
            uint64_t before[3], here[3];
            cells_of(sorter, sorter->order[middle - 1], before);
            cells_of(sorter, sorter->order[middle], here);
            sorter->prefix[middle] = (uint8_t)shared_levels(sorter->cube->depth, before, here);
            return;
        }
    }
    if (end - begin > 1)
        sort_run(sorter, worker, begin, end);
}

static enum scree_status sort_bucket(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    struct sorter *sorter = arg;
    const struct bucket *bucket = &sorter->buckets[index];
    (void)err;
    for (uint64_t cell = bucket->begin_cell; cell < bucket->end_cell; cell++) {
        uint64_t begin = sorter->starts[cell], end = sorter->starts[cell + 1];
        if (begin == end)
            continue;
        sort_cell(sorter, &sorter->workers[worker], begin, end,
                  3 * (sorter->common_levels + sorter->top_levels));
    }
    scree__par_stage_add(sorter->context,
                         sorter->starts[bucket->end_cell] - sorter->starts[bucket->begin_cell]);
    return SCREE_OK;
}

/* The first point of each cell against the last one of the cell before. */
static void link_cells(struct sorter *sorter)
{
    sorter->prefix[0] = 0;
    for (uint64_t cell = 0; cell < sorter->cell_count; cell++) {
        uint64_t begin = sorter->starts[cell];
        if (begin == sorter->starts[cell + 1] || begin == 0)
            continue;
        uint64_t before[3], here[3];
        cells_of(sorter, sorter->order[begin - 1], before);
        cells_of(sorter, sorter->order[begin], here);
        sorter->prefix[begin] = (uint8_t)shared_levels(sorter->cube->depth, before, here);
    }
}

/* ------------------------------------------------------------------------------------ the whole */

uint64_t scree__copc_order_bytes(uint64_t cell_points, unsigned threads)
{
    uint64_t cells = (uint64_t)1 << 3 * TOP_LEVELS;
    uint64_t scratch = cell_points < BUCKET_POINTS ? BUCKET_POINTS : cell_points;
    return cells * (4 * threads + 8 + sizeof(struct bucket)) + threads * 256u +
           scratch * SCREE__COPC_RADIX_BYTES * threads;
}

static enum scree_status allocate(struct sorter *sorter, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(sorter->context);
    static const char what[] = "sorting points by cell";
    void *memory;
    enum scree_status status = scree__mem_alloc(
        budget, sorter->threads * sorter->cell_count * sizeof *sorter->counts, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->counts = memory;
    memset(memory, 0, sorter->threads * sorter->cell_count * sizeof *sorter->counts);
    status = scree__mem_alloc(budget, (sorter->cell_count + 1) * sizeof *sorter->starts, &memory,
                              what, err);
    if (status != SCREE_OK)
        return status;
    sorter->starts = memory;
    status =
        scree__mem_alloc(budget, sorter->cell_count * sizeof *sorter->buckets, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->buckets = memory;
    status =
        scree__mem_alloc(budget, sorter->threads * sizeof *sorter->workers, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    sorter->workers = memory;
    memset(memory, 0, sorter->threads * sizeof *sorter->workers);
    return SCREE_OK;
}

static void release(struct sorter *sorter)
{
    struct scree__mem_budget *budget = scree__par_budget(sorter->context);
    for (unsigned t = 0; sorter->workers != NULL && t < sorter->threads; t++) {
        struct worker *worker = &sorter->workers[t];
        void *block = worker->radix.keys < worker->radix.other_keys ? worker->radix.keys
                                                                    : worker->radix.other_keys;
        scree__mem_free(budget, block, worker->capacity * SCREE__COPC_RADIX_BYTES);
    }
    scree__mem_free(budget, sorter->workers, sorter->threads * sizeof *sorter->workers);
    scree__mem_free(budget, sorter->buckets, sorter->cell_count * sizeof *sorter->buckets);
    scree__mem_free(budget, sorter->starts, (sorter->cell_count + 1) * sizeof *sorter->starts);
    scree__mem_free(budget, sorter->counts,
                    sorter->threads * sorter->cell_count * sizeof *sorter->counts);
}

enum scree_status scree__copc_order(struct scree_context *context,
                                    const struct scree__copc_points *points,
                                    const struct scree__copc_cube *cube, unsigned common_levels,
                                    uint32_t *order, uint8_t *prefix, struct scree_error *err)
{
    struct scree__par_pool *pool = scree__par_pool(context);
    struct sorter sorter;
    memset(&sorter, 0, sizeof sorter);
    sorter.context = context;
    sorter.points = points;
    sorter.cube = cube;
    sorter.order = order;
    sorter.prefix = prefix;
    sorter.threads = scree__par_pool_threads(pool);
    sorter.common_levels = common_levels < cube->depth ? common_levels : cube->depth;
    unsigned levels_left = cube->depth - sorter.common_levels;
    sorter.top_levels = levels_left < TOP_LEVELS ? levels_left : TOP_LEVELS;
    sorter.cell_count = (uint64_t)1 << 3 * sorter.top_levels;
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
