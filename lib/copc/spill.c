/*
 * spill.c - the run when the points do not fit the budget:
 *
 *   sample     read.c        first points of some units: where the mass is
 *   partition  partition.c   each input decoded once, records into buckets on scratch, under a cube guessed from the headers
 *   repair     here          the guess was wrong: partitioned again under the true cube; a bucket is too large: cut again, by
 *                            counts, or deeper
 *   sweep      here          runs of buckets that fit (batches), in Morton order: load, sort (order.c), settle (octree.c), write
 *
 * Nothing of this shows in the result: the octree is settled across batches as if there were one.
 */
#include "copc/job.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/order.h"
#include "copc/write.h"

#include <math.h>
#include <string.h>

/* Scratch blocks of all buckets of all threads together take a quarter of the budget. */
#define BLOCKS_SHARE 4u
#define BUCKETS_MAX 1024u
/* Buckets to a batch when the sample was right: small enough that a wrong one is seldom too large. */
#define BUCKETS_A_BATCH 4u
/* Carried points of cubes that reach across batches; nodes hold some 20 000 points, one to a level. */
#define CARRIED_POINTS 500000u
/* Partitions at a time: one a depth of 6 levels, and one more for each cut by counts. */
#define PARTITIONS_MAX 16384u
#define PARTITIONS_BYTES ((uint64_t)8 << 20) /* cells of the partition at work, buckets, lists */
/* The most points of an inner node but for those that leaves give it: its 2^21 cells. */
#define INNER_POINTS_MAX ((uint64_t)1 << 21)

struct final_bucket {
    const struct scree__copc_partition *partition;
    uint32_t bucket;
    uint64_t count;
    uint64_t first_cell, last_cell; /* index into cells */
};

struct cell {
    uint64_t code, before; /* points in all cells before it */
    uint64_t span;         /* codes in it */
};

struct spilled {
    struct scree_convert_job *job;
    struct scree__mem_budget *budget;
    struct scree__spill_scratch *scratch;
    struct scree__copc_cube cube;
    struct scree_las_summary summary;
    uint64_t batch_points;
    uint64_t block_bytes;
    uint64_t indivisible; /* points of the largest bucket that cannot be cut */

    struct scree__copc_partition **partitions; /* those that final buckets refer to */
    uint64_t partition_count, partition_capacity;
    struct final_bucket *buckets;
    uint64_t bucket_count, bucket_capacity;
    struct cell *cells;
    uint64_t cell_count, cell_capacity, points_placed;

    /* The batch. */
    uint64_t batch_begin, batch_end; /* buckets */
    uint8_t *records;
    uint32_t *order;
    uint8_t *prefix, *level;
};

/* ------------------------------------------------------------------------------------------------ memory */

/* What a batch needs beside its points, with so many nodes in flight. */
static uint64_t sweep_bytes(const struct scree_convert_job *job, unsigned window)
{
    unsigned threads = scree_context_threads(job->context);
    return scree__copc_write_bytes(job, job->limits.leaf_max, window) +
           scree__copc_order_bytes(0, threads) + CARRIED_POINTS / 2 * job->plan.record_bytes +
           PARTITIONS_BYTES;
}

static uint64_t point_bytes(const struct scree_convert_job *job)
{
    /* The record, its order, prefix and level; and the sort of the cells under work, guessed at half. */
    return job->plan.record_bytes + 6 + SCREE__COPC_RADIX_BYTES / 2;
}

/* Lists of blocks, of the smallest size; while they are gathered, a list that grows and its successor are there, too. */
static uint64_t extents_bytes(const struct scree_convert_job *job, unsigned copies)
{
    uint64_t block_points = SCREE__COPC_PART_BLOCK_MIN / job->plan.record_bytes + 1;
    return job->plan.point_count / block_points * sizeof(struct scree__copc_extent) * copies;
}

uint64_t scree__copc_spill_floor(const struct scree_convert_job *job)
{
    unsigned threads = scree_context_threads(job->context);
    uint64_t sweep =
        sweep_bytes(job, 1) + 4 * job->limits.leaf_max * point_bytes(job) + extents_bytes(job, 1);
    /* Beside reading: blocks, and cells for each worker. */
    uint64_t read = (scree__copc_read_bytes(job) + ((uint64_t)(threads + 8) << 20)) /
                        (BLOCKS_SHARE - 1) * BLOCKS_SHARE +
                    extents_bytes(job, 3);
    return (sweep > read ? sweep : read) + scree__mem_budget_used(scree__par_budget(job->context));
}

/*
 * A budget that would do, after one was not enough: with it, the largest node there may be fits beside a batch (or beside all points), and so does the
 * bucket that cannot be cut.
 */
static uint64_t enough_bytes(const struct spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t inner = INNER_POINTS_MAX + job->limits.leaf_max;
    if (inner > job->plan.point_count)
        inner = job->plan.point_count;
    uint64_t largest = spilled->indivisible > inner ? spilled->indivisible : inner;
    uint64_t node = scree__copc_write_bytes(job, largest, 1);
    uint64_t in_memory = job->plan.memory_bytes + node;
    uint64_t in_batches = job->plan.floor_bytes + spilled->indivisible * point_bytes(job) + node +
                          4 * inner * job->plan.record_bytes;
    return in_memory < in_batches ? in_memory : in_batches;
}

static void size_batches(struct spilled *spilled, uint64_t cell_count)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t limit = scree_context_budget_bytes(job->context);
    uint64_t used = scree__mem_budget_used(spilled->budget) + 3 * cell_count * sizeof(struct cell);
    unsigned window = scree__copc_write_window(scree_context_threads(job->context));
    while (window > 1 && sweep_bytes(job, window) > limit / 2)
        window /= 2;
    used += sweep_bytes(job, window);
    spilled->block_bytes = limit / BLOCKS_SHARE;
    spilled->batch_points = limit > used ? (limit - used) / point_bytes(job) : 1;
    if (spilled->batch_points < job->limits.leaf_max / 4)
        spilled->batch_points = job->limits.leaf_max / 4 + 1;
    if (job->batch_points > 0)
        spilled->batch_points = job->batch_points;
    if (spilled->batch_points > UINT32_MAX - 1)
        spilled->batch_points = UINT32_MAX - 1;
}

/* ------------------------------------------------------------------------------------------------- cube */

static int32_t to_units(double value, double scale, double offset, double round)
{
    double units = floor((value - offset) / scale + round);
    return units < -2147483648.0 ? INT32_MIN : units > 2147483647.0 ? INT32_MAX : (int32_t)units;
}

/* The bounds that the headers promise, as record integers. Wrong ones cost a second partition. */
static void guess_bounds(const struct scree_convert_job *job, int32_t min[3], int32_t max[3])
{
    for (int a = 0; a < 3; a++) {
        min[a] = INT32_MAX;
        max[a] = INT32_MIN;
        for (uint64_t i = 0; i < job->input_count; i++) {
            const struct scree_las_header *header = &job->inputs[i].header;
            if (!isfinite(header->min[a]) || !isfinite(header->max[a]) ||
                header->min[a] > header->max[a])
                continue;
            int32_t low = to_units(header->min[a], job->grid.scale[a], job->grid.offset[a], 0.5);
            int32_t high = to_units(header->max[a], job->grid.scale[a], job->grid.offset[a], 0.5);
            min[a] = low < min[a] ? low : min[a];
            max[a] = high > max[a] ? high : max[a];
        }
        if (min[a] > max[a])
            min[a] = max[a] = 0;
    }
}

/* -------------------------------------------------------------------------------------------- partition */

static enum scree_status new_partition(struct spilled *spilled, struct scree__copc_region region,
                                       const uint64_t *weights, uint64_t target,
                                       struct scree__copc_partition **out, struct scree_error *err)
{
    void *memory = spilled->partitions;
    *out = NULL;
    if (spilled->partition_count >= PARTITIONS_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "too many partitions of scratch");
    enum scree_status status =
        scree__mem_grow(spilled->budget, &memory, &spilled->partition_capacity,
                        spilled->partition_count + 1, sizeof *spilled->partitions, "buckets", err);
    spilled->partitions = memory;
    if (status == SCREE_OK)
        status = scree__mem_alloc(spilled->budget, sizeof(struct scree__copc_partition), &memory,
                                  "buckets", err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_partition *partition = memory;
    memset(partition, 0, sizeof *partition);
    spilled->partitions[spilled->partition_count++] = partition;
    *out = partition;
    uint64_t bucket_max = spilled->block_bytes / SCREE__COPC_PART_BLOCK_MIN /
                          scree_context_threads(spilled->job->context);
    bucket_max = bucket_max > BUCKETS_MAX ? BUCKETS_MAX : bucket_max < 16 ? 16 : bucket_max;
    return scree__copc_partition_begin(partition, spilled->job->context, spilled->scratch,
                                       &spilled->cube, spilled->job->plan.record_bytes, region,
                                       weights, target, (uint32_t)bucket_max, spilled->block_bytes,
                                       err);
}

struct moving {
    struct spilled *spilled;
    const struct scree__copc_extent *extents;
    uint8_t **blocks;                 /* one a worker */
    uint64_t block_bytes, work_bytes; /* work follows the block */
    struct scree__copc_partition *to; /* NULL: count only */
    struct scree__copc_region region;
    uint64_t *weights;
};

static enum scree_status move_extent(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    struct moving *moving = arg;
    const struct scree__copc_extent *extent = &moving->extents[index];
    uint32_t record_bytes = moving->spilled->job->plan.record_bytes;
    uint8_t *block = moving->blocks[worker];
    if (extent->count == 0) /* moved before */
        return SCREE_OK;
    enum scree_status status = scree__spill_scratch_read(moving->spilled->scratch, &extent->block,
                                                         block, block + moving->block_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (moving->to != NULL) {
        status = scree__copc_partition_add(moving->to, worker, block, extent->count, err);
        if (status == SCREE_OK)
            scree__spill_scratch_drop(moving->spilled->scratch, &extent->block);
        return status;
    }
    unsigned below = 3 * (SCREE__COPC_CODE_LEVELS - moving->region.level - SCREE__COPC_PART_LEVELS);
    for (uint32_t i = 0; i < extent->count; i++) {
        uint64_t code =
            scree__copc_code(&moving->spilled->cube, block + (uint64_t)i * record_bytes);
        __atomic_fetch_add(&moving->weights[(code - moving->region.code) >> below], 1,
                           __ATOMIC_RELAXED);
    }
    return SCREE_OK;
}

/* Runs over extents: into another partition, or counting cells of a region. */
static enum scree_status move_extents(struct spilled *spilled, struct moving *moving,
                                      const struct scree__copc_extent *extents, uint64_t count,
                                      struct scree_error *err)
{
    unsigned threads = scree_context_threads(spilled->job->context);
    uint64_t block_points = 1;
    void *memory;
    for (uint64_t i = 0; i < count; i++)
        if (extents[i].count > block_points)
            block_points = extents[i].count;
    moving->spilled = spilled;
    moving->extents = extents;
    moving->block_bytes = block_points * spilled->job->plan.record_bytes;
    moving->work_bytes = scree__spill_work_bytes(spilled->scratch, (uint32_t)moving->block_bytes);
    enum scree_status status = scree__mem_alloc(spilled->budget, threads * sizeof *moving->blocks,
                                                &memory, "moving buckets", err);
    if (status != SCREE_OK)
        return status;
    moving->blocks = memory;
    memset(memory, 0, threads * sizeof *moving->blocks);
    for (unsigned t = 0; t < threads && status == SCREE_OK; t++) {
        status = scree__mem_alloc(spilled->budget, moving->block_bytes + moving->work_bytes,
                                  &memory, "moving buckets", err);
        moving->blocks[t] = memory;
    }
    if (status == SCREE_OK)
        status =
            scree__par_for(scree__par_pool(spilled->job->context), count, move_extent, moving, err);
    for (unsigned t = 0; t < threads; t++)
        scree__mem_free(spilled->budget, moving->blocks[t],
                        moving->block_bytes + moving->work_bytes);
    scree__mem_free(spilled->budget, moving->blocks, threads * sizeof *moving->blocks);
    return status;
}

static uint64_t target_of(const struct spilled *spilled)
{
    return spilled->batch_points / BUCKETS_A_BATCH + 1;
}

/* ---------------------------------------------------------------------------------------- final buckets */

static enum scree_status place_partition(struct spilled *spilled,
                                         struct scree__copc_partition *partition,
                                         struct scree_error *err);

static uint64_t cell_code(const struct scree__copc_region *region, uint32_t cell)
{
    return region->code +
           (uint64_t)cell * scree__copc_code_span(region->level + SCREE__COPC_PART_LEVELS);
}

static enum scree_status place_cell(struct spilled *spilled, uint64_t code, uint64_t span,
                                    uint64_t count, struct scree_error *err)
{
    void *memory = spilled->cells;
    enum scree_status status =
        scree__mem_grow(spilled->budget, &memory, &spilled->cell_capacity, spilled->cell_count + 2,
                        sizeof *spilled->cells, "cells", err);
    spilled->cells = memory;
    if (status != SCREE_OK)
        return status;
    spilled->cells[spilled->cell_count].code = code;
    spilled->cells[spilled->cell_count].span = span;
    spilled->cells[spilled->cell_count++].before = spilled->points_placed;
    spilled->points_placed += count;
    /* One beyond the last, so that a count is always a difference. */
    spilled->cells[spilled->cell_count].code = UINT64_MAX;
    spilled->cells[spilled->cell_count].span = 0;
    spilled->cells[spilled->cell_count].before = spilled->points_placed;
    return SCREE_OK;
}

struct cell_run {
    uint32_t begin, end, filled; /* cells of a bucket, and how many of them have points */
    uint32_t last_filled;
    uint64_t points;
};

static struct cell_run cells_of_bucket(const struct scree__copc_partition *partition,
                                       uint32_t bucket, uint32_t from)
{
    struct cell_run run = {from, from, 0, 0, 0};
    while (run.end < SCREE__COPC_PART_CELLS && partition->bucket_of[run.end] == bucket) {
        if (partition->counts[run.end] > 0) {
            run.filled++;
            run.last_filled = run.end;
        }
        run.points += partition->counts[run.end++];
    }
    return run;
}

static enum scree_status place_bucket(struct spilled *spilled,
                                      const struct scree__copc_partition *partition,
                                      uint32_t bucket, const struct cell_run *run,
                                      struct scree_error *err)
{
    void *memory = spilled->buckets;
    enum scree_status status =
        scree__mem_grow(spilled->budget, &memory, &spilled->bucket_capacity,
                        spilled->bucket_count + 1, sizeof *spilled->buckets, "buckets", err);
    spilled->buckets = memory;
    uint64_t span = scree__copc_code_span(partition->region.level + SCREE__COPC_PART_LEVELS);
    uint64_t first = spilled->cell_count;
    for (uint32_t cell = run->begin; cell < run->end && status == SCREE_OK; cell++)
        if (partition->counts[cell] > 0)
            status = place_cell(spilled, cell_code(&partition->region, cell), span,
                                partition->counts[cell], err);
    if (status != SCREE_OK)
        return status;
    struct final_bucket *placed = &spilled->buckets[spilled->bucket_count++];
    placed->partition = partition;
    placed->bucket = bucket;
    placed->count = run->points;
    placed->first_cell = first;
    placed->last_cell = spilled->cell_count - 1;
    return SCREE_OK;
}

/*
 * A bucket that does not fit a batch: cut anew by its own counts, or, where it is a single cell, by those of the cells in it. A cell of the last
 * level stays whole and makes a batch that is larger than planned, if there is room for it.
 */
static enum scree_status cut_bucket(struct spilled *spilled,
                                    const struct scree__copc_partition *partition, uint32_t bucket,
                                    const struct cell_run *run, struct scree_error *err)
{
    struct scree__copc_extent *extents = partition->extents + partition->first_extent[bucket];
    uint64_t extent_count = partition->first_extent[bucket + 1] - partition->first_extent[bucket];
    struct scree__copc_region region = partition->region;
    uint64_t weight_bytes = SCREE__COPC_PART_CELLS * sizeof(uint64_t);
    struct scree__copc_partition *finer = NULL;
    struct moving moving;
    void *memory;
    memset(&moving, 0, sizeof moving);
    if (run->filled == 1) {
        region.code = cell_code(&partition->region, run->last_filled);
        region.level += SCREE__COPC_PART_LEVELS;
        if (region.level >= SCREE__COPC_CODE_LEVELS) {
            if (run->points > spilled->indivisible)
                spilled->indivisible = run->points;
            return place_bucket(spilled, partition, bucket, run, err);
        }
        /* Fewer than 6 levels are left: a root cell around this one, whose other cells are empty. */
        if (region.level > SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS) {
            region.level = SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS;
            region.code &= ~(scree__copc_code_span(region.level) - 1);
        }
    }
    enum scree_status status =
        scree__mem_alloc(spilled->budget, weight_bytes, &memory, "cells", err);
    if (status != SCREE_OK)
        return status;
    uint64_t *weights = memory;
    memset(weights, 0, weight_bytes);
    if (run->filled == 1) {
        moving.region = region;
        moving.weights = weights;
        status = move_extents(spilled, &moving, extents, extent_count, err);
    } else {
        memcpy(weights + run->begin, partition->counts + run->begin,
               (run->end - run->begin) * sizeof *weights);
    }
    if (status == SCREE_OK)
        status = new_partition(spilled, region, weights, target_of(spilled), &finer, err);
    scree__mem_free(spilled->budget, weights, weight_bytes);
    if (status != SCREE_OK)
        return status;
    moving.to = finer;
    status = move_extents(spilled, &moving, extents, extent_count, err);
    for (uint64_t i = 0; i < extent_count; i++)
        extents[i].count = 0; /* they have moved */
    if (status == SCREE_OK)
        status = scree__copc_partition_end(finer, err);
    if (status == SCREE_OK)
        status = place_partition(spilled, finer, err);
    return status;
}

static enum scree_status place_partition(struct spilled *spilled,
                                         struct scree__copc_partition *partition,
                                         struct scree_error *err)
{
    uint32_t from = 0;
    for (uint32_t bucket = 0; bucket < partition->bucket_count; bucket++) {
        struct cell_run run = cells_of_bucket(partition, bucket, from);
        enum scree_status status = SCREE_OK;
        from = run.end;
        if (run.points > spilled->batch_points)
            status = cut_bucket(spilled, partition, bucket, &run, err);
        else if (run.points > 0)
            status = place_bucket(spilled, partition, bucket, &run, err);
        if (status != SCREE_OK)
            return status;
    }
    scree__copc_partition_forget_cells(partition);
    return SCREE_OK;
}

static void release_partitions(struct spilled *spilled, uint64_t keep_from)
{
    for (uint64_t i = 0; i < keep_from; i++) {
        if (spilled->partitions[i] == NULL)
            continue;
        scree__copc_partition_release(spilled->partitions[i]);
        scree__mem_free(spilled->budget, spilled->partitions[i], sizeof *spilled->partitions[i]);
        spilled->partitions[i] = NULL;
    }
}

/* ------------------------------------------------------------------------------------------- first pass */

static enum scree_status read_into_buckets(struct spilled *spilled, struct scree_error *err)
{
    struct scree__copc_region whole = {0, 0};
    struct scree__copc_read_to to;
    struct scree__copc_partition *partition;
    uint64_t weight_bytes = SCREE__COPC_PART_CELLS * sizeof(uint64_t);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(spilled->budget, weight_bytes, &memory, "sample", err);
    if (status != SCREE_OK)
        return status;
    memset(&to, 0, sizeof to);
    to.weights = memory;
    to.cube = &spilled->cube;
    memset(memory, 0, weight_bytes);
    status = scree__copc_read(spilled->job, &to, err);
    if (status == SCREE_OK)
        status = new_partition(spilled, whole, to.weights, target_of(spilled), &partition, err);
    scree__mem_free(spilled->budget, to.weights, weight_bytes);
    if (status != SCREE_OK)
        return status;
    memset(&to, 0, sizeof to);
    to.partition = partition;
    status = scree__copc_read(spilled->job, &to, err);
    if (status == SCREE_OK)
        status = scree__copc_partition_end(partition, err);
    spilled->summary = to.summary;
    return status;
}

/* All points again, under another cube. Cells of the new cube are counted first. */
static enum scree_status partition_again(struct spilled *spilled, struct scree_error *err)
{
    struct scree__copc_region whole = {0, 0};
    uint64_t old_count = spilled->partition_count;
    uint64_t weight_bytes = SCREE__COPC_PART_CELLS * sizeof(uint64_t);
    struct scree__copc_partition *partition = NULL;
    struct moving moving;
    void *memory;
    scree__par_log(spilled->job->context, SCREE_LOG_INFO,
                   "the bounds in the headers, or the depth, were not right: partitioning again");
    enum scree_status status =
        scree__mem_alloc(spilled->budget, weight_bytes, &memory, "cells", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, weight_bytes);
    memset(&moving, 0, sizeof moving);
    moving.weights = memory;
    for (uint64_t i = 0; i < old_count && status == SCREE_OK; i++) {
        const struct scree__copc_partition *old = spilled->partitions[i];
        if (old != NULL)
            status = move_extents(spilled, &moving, old->extents,
                                  old->first_extent[old->bucket_count], err);
    }
    if (status == SCREE_OK)
        status = new_partition(spilled, whole, moving.weights, target_of(spilled), &partition, err);
    scree__mem_free(spilled->budget, moving.weights, weight_bytes);
    moving.to = partition;
    for (uint64_t i = 0; i < old_count && status == SCREE_OK; i++) {
        const struct scree__copc_partition *old = spilled->partitions[i];
        if (old != NULL)
            status = move_extents(spilled, &moving, old->extents,
                                  old->first_extent[old->bucket_count], err);
    }
    if (status == SCREE_OK)
        status = scree__copc_partition_end(partition, err);
    if (status == SCREE_OK)
        release_partitions(spilled, old_count);
    return status;
}

/* ------------------------------------------------------------------------------------------------ sweep */

static unsigned shared_levels(uint64_t a, uint64_t b)
{
    if (a == b)
        return SCREE__COPC_CODE_LEVELS;
    unsigned highest = 63u - (unsigned)__builtin_clzll(a ^ b);
    return SCREE__COPC_CODE_LEVELS - 1 - highest / 3;
}

/* Points in cells with codes below `code`. */
static uint64_t points_below(const struct spilled *spilled, uint64_t code)
{
    uint64_t low = 0, high = spilled->cell_count;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (spilled->cells[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return spilled->cells[low].before;
}

static uint64_t count_of_cube(void *arg, bool at_end, unsigned level)
{
    const struct spilled *spilled = arg;
    const struct final_bucket *bucket =
        &spilled->buckets[at_end ? spilled->batch_end - 1 : spilled->batch_begin];
    uint64_t code = spilled->cells[at_end ? bucket->last_cell : bucket->first_cell].code;
    uint64_t span = scree__copc_code_span(level);
    uint64_t begin = code & ~(span - 1);
    return points_below(spilled, begin + span) - points_below(spilled, begin);
}

struct loading {
    struct spilled *spilled;
    const struct scree__copc_extent **extents;
    uint64_t *places;
    uint8_t *work; /* [worker] */
    uint64_t work_bytes;
};

static enum scree_status load_extent(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    const struct loading *loading = arg;
    struct spilled *spilled = loading->spilled;
    const struct scree__copc_extent *extent = loading->extents[index];
    uint32_t record_bytes = spilled->job->plan.record_bytes;
    /* None where scratch is not compressed. */
    uint8_t *work = loading->work == NULL ? NULL : loading->work + worker * loading->work_bytes;
    enum scree_status status = scree__par_check_cancel(spilled->job->context, err);
    if (status == SCREE_OK)
        status = scree__spill_scratch_read(spilled->scratch, &extent->block,
                                           spilled->records + loading->places[index] * record_bytes,
                                           work, err);
    return status;
}

static enum scree_status load_batch(struct spilled *spilled, uint64_t *points,
                                    struct scree_error *err)
{
    struct loading loading = {spilled, NULL, NULL, NULL, 0};
    unsigned threads = scree_context_threads(spilled->job->context);
    uint64_t count = 0, at = 0;
    uint32_t largest = 0;
    void *memory, *work;
    for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++) {
        const struct final_bucket *bucket = &spilled->buckets[b];
        count += bucket->partition->first_extent[bucket->bucket + 1] -
                 bucket->partition->first_extent[bucket->bucket];
    }
    uint64_t list_bytes = count * (sizeof *loading.extents + sizeof *loading.places);
    enum scree_status status =
        scree__mem_alloc(spilled->budget, list_bytes, &memory, "loading a batch", err);
    if (status != SCREE_OK)
        return status;
    loading.extents = memory;
    loading.places = (uint64_t *)(loading.extents + count);
    *points = 0;
    for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++) {
        const struct final_bucket *bucket = &spilled->buckets[b];
        const struct scree__copc_partition *partition = bucket->partition;
        for (uint64_t i = partition->first_extent[bucket->bucket];
             i < partition->first_extent[bucket->bucket + 1]; i++) {
            if (partition->extents[i].block.bytes > largest)
                largest = partition->extents[i].block.bytes;
            loading.extents[at] = &partition->extents[i];
            loading.places[at++] = *points;
            *points += partition->extents[i].count;
        }
    }
    loading.work_bytes = scree__spill_work_bytes(spilled->scratch, largest);
    status = scree__mem_alloc(spilled->budget, loading.work_bytes * threads, &work,
                              "loading a batch", err);
    loading.work = work;
    if (status == SCREE_OK)
        status = scree__par_for(scree__par_pool(spilled->job->context), count, load_extent,
                                &loading, err);
    scree__mem_free(spilled->budget, work, loading.work_bytes * threads);
    scree__mem_free(spilled->budget, loading.extents, list_bytes);
    return status;
}

/* The next run of buckets that fits a batch. */
static void take_buckets(struct spilled *spilled)
{
    uint64_t points = 0;
    spilled->batch_begin = spilled->batch_end;
    while (spilled->batch_end < spilled->bucket_count &&
           (points == 0 ||
            points + spilled->buckets[spilled->batch_end].count <= spilled->batch_points))
        points += spilled->buckets[spilled->batch_end++].count;
}

static enum scree_status sweep_batch(struct spilled *spilled, struct scree__copc_octree *octree,
                                     struct scree__copc_writing *writing, bool *deeper,
                                     struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    const struct final_bucket *first = &spilled->buckets[spilled->batch_begin];
    const struct final_bucket *last = &spilled->buckets[spilled->batch_end - 1];
    const struct cell *cells = spilled->cells;
    uint64_t first_code = cells[first->first_cell].code, last_code = cells[last->last_cell].code;
    struct scree__copc_points points = {spilled->records, job->plan.record_bytes, 0};
    bool again = false;
    enum scree_status status = load_batch(spilled, &points.count, err);
    if (status != SCREE_OK)
        return status;
    unsigned common = shared_levels(first_code, last_code + cells[last->last_cell].span - 1);
    status = scree__copc_order(job->context, &points, &spilled->cube, common, spilled->order,
                               spilled->prefix, err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_batch batch = {.records = spilled->records,
                                      .order = spilled->order,
                                      .prefix = spilled->prefix,
                                      .level = spilled->level,
                                      .count = points.count,
                                      .open_before = -1,
                                      .open_after = -1,
                                      .arg = spilled,
                                      .count_of = count_of_cube};
    if (first->first_cell > 0) {
        batch.open_before = (int)shared_levels(cells[first->first_cell - 1].code, first_code);
        spilled->prefix[0] = (uint8_t)batch.open_before;
    }
    if (last->last_cell + 1 < spilled->cell_count)
        batch.open_after = (int)shared_levels(last_code, cells[last->last_cell + 1].code);
    status = scree__copc_octree_batch(octree, &batch, &again, err);
    if (status == SCREE_OK && again) {
        if (err != NULL && err->status == SCREE_OK)
            err->need_bytes = job->plan.memory_bytes;
        status = scree__base_fail(err, SCREE_E_BUDGET,
                                  "these points can only be converted in memory: %llu bytes",
                                  (unsigned long long)job->plan.memory_bytes);
    }
    *deeper = octree->deepest > spilled->cube.face_depth;
    if (status == SCREE_OK && !*deeper)
        status =
            scree__copc_write_batch(writing, &points, spilled->order, spilled->level, octree, err);
    scree__copc_octree_batch_done(octree);
    return status;
}

static enum scree_status sweep(struct spilled *spilled, struct scree_convert_result *result,
                               unsigned *deepest, struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    struct scree__copc_octree octree;
    struct scree__copc_writing *writing = NULL;
    bool deeper = false;
    scree__copc_octree_init(&octree, spilled->budget, &job->limits, &spilled->cube,
                            job->plan.record_bytes);
    enum scree_status status =
        scree__copc_write_begin(job, &spilled->cube, spilled->scratch, &writing, err);
    scree__par_stage_begin(job->context, "build",
                           2 * job->plan.point_count); /* sorted, and written */
    spilled->batch_begin = spilled->batch_end = 0;
    while (status == SCREE_OK && spilled->batch_end < spilled->bucket_count) {
        take_buckets(spilled);
        status = sweep_batch(spilled, &octree, writing, &deeper, err);
    }
    if (status == SCREE_OK && !deeper)
        status = scree__copc_write_end(writing, &spilled->summary, &octree, result, err);
    if (status == SCREE_OK)
        scree__par_stage_end(job->context);
    *deepest = octree.deepest;
    scree__copc_write_free(writing);
    scree__copc_octree_release(&octree);
    return status;
}

/* Room for the largest batch there will be. */
static enum scree_status allocate_batch(struct spilled *spilled, uint64_t *largest,
                                        struct scree_error *err)
{
    void *memory;
    *largest = 0;
    for (spilled->batch_end = 0; spilled->batch_end < spilled->bucket_count;) {
        uint64_t points = 0;
        take_buckets(spilled);
        for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++)
            points += spilled->buckets[b].count;
        *largest = points > *largest ? points : *largest;
    }
    enum scree_status status =
        scree__mem_alloc(spilled->budget, *largest * spilled->job->plan.record_bytes, &memory,
                         "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->records = memory;
    status = scree__mem_alloc(spilled->budget, *largest * sizeof *spilled->order, &memory,
                              "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->order = memory;
    status = scree__mem_alloc(spilled->budget, *largest * 2, &memory, "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->prefix = memory;
    spilled->level = spilled->prefix + *largest;
    return SCREE_OK;
}

static void release_batch(struct spilled *spilled, uint64_t largest)
{
    scree__mem_free(spilled->budget, spilled->prefix, largest * 2);
    scree__mem_free(spilled->budget, spilled->order, largest * sizeof *spilled->order);
    scree__mem_free(spilled->budget, spilled->records, largest * spilled->job->plan.record_bytes);
    spilled->prefix = spilled->level = NULL;
    spilled->order = NULL;
    spilled->records = NULL;
}

/* Buckets of the last partition into final ones. */
static enum scree_status place_all(struct spilled *spilled, bool halved, struct scree_error *err)
{
    struct scree__copc_partition *root = spilled->partitions[spilled->partition_count - 1];
    uint64_t filled = 0;
    spilled->bucket_count = spilled->cell_count = spilled->points_placed = 0;
    spilled->indivisible = 0;
    for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++)
        filled += root->counts[cell] > 0;
    uint64_t most = spilled->batch_points;
    size_batches(spilled, filled); /* what reading and its blocks took is free again */
    if (halved && spilled->batch_points > most)
        spilled->batch_points = most;
    enum scree_status status = place_partition(spilled, root, err);
    if (status == SCREE_OK && spilled->points_placed != spilled->job->plan.point_count)
        status = scree__base_fail(err, SCREE_E_DATA, "%llu points were read, %llu are on scratch",
                                  (unsigned long long)spilled->job->plan.point_count,
                                  (unsigned long long)spilled->points_placed);
    return status;
}

/* A node or what a node carried was too large beside a batch: a smaller batch makes room, unless it is the points of one place that take it. */
static bool can_halve(const struct spilled *spilled)
{
    return spilled->job->batch_points == 0 && spilled->indivisible < spilled->batch_points &&
           spilled->batch_points / 2 >= spilled->job->limits.leaf_max / 4 &&
           spilled->partition_count < PARTITIONS_MAX / 2;
}

static enum scree_status fail(const struct spilled *spilled, enum scree_status status,
                              const struct scree_error *here, struct scree_error *err)
{
    uint64_t need = enough_bytes(spilled);
    bool budget = status == SCREE_E_BUDGET;
    if (err != NULL && err->status == SCREE_OK) {
        err->need_bytes = here->need_bytes;
        if (budget && err->need_bytes < need)
            err->need_bytes = need;
    }
    if (budget && spilled->indivisible > spilled->batch_points)
        return scree__base_fail(err, status,
                                "%llu points lie so close together that they cannot be split: %s",
                                (unsigned long long)spilled->indivisible, here->message);
    return scree__base_fail(err, status, "%s", here->message);
}

static enum scree_status run(struct spilled *spilled, struct scree_convert_result *result,
                             struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    int32_t min[3], max[3];
    guess_bounds(job, min, max);
    unsigned depth = scree__copc_cube_first_face_depth(&job->grid, min, max);
    scree__copc_cube_init(&spilled->cube, &job->grid, min, max, depth);
    enum scree_status status = read_into_buckets(spilled, err);
    if (status != SCREE_OK)
        return status;
    scree__copc_read_report(job);
    const int32_t *true_min = spilled->summary.min, *true_max = spilled->summary.max;
    bool guessed = memcmp(min, true_min, sizeof min) == 0 && memcmp(max, true_max, sizeof max) == 0;
    depth = scree__copc_cube_first_face_depth(&job->grid, true_min, true_max);
    bool halved = false;
    for (;;) {
        if (!guessed) {
            scree__copc_cube_init(&spilled->cube, &job->grid, true_min, true_max, depth);
            status = partition_again(spilled, err);
        }
        uint64_t largest = 0;
        unsigned deepest = 0;
        struct scree_error here = SCREE_ERROR_INIT;
        if (status == SCREE_OK)
            status = place_all(spilled, halved, &here);
        if (status == SCREE_OK)
            status = allocate_batch(spilled, &largest, &here);
        if (status == SCREE_OK)
            status = sweep(spilled, result, &deepest, &here);
        release_batch(spilled, largest);
        if (status == SCREE_OK && deepest <= spilled->cube.face_depth)
            return SCREE_OK;
        if (status == SCREE_OK) {
            depth = deepest;
        } else if (status == SCREE_E_BUDGET && can_halve(spilled)) {
            scree__par_log(job->context, SCREE_LOG_INFO, "%s: again, with smaller batches",
                           here.message);
            spilled->batch_points /= 2;
            halved = true;
            status = SCREE_OK;
        } else {
            return fail(spilled, status, &here, err);
        }
        guessed = false;
    }
}

/* The folder of the output. */
static void folder_of(const char *path, char *folder, size_t folder_bytes)
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 1 : (slash == path ? 1 : (size_t)(slash - path));
    if (bytes >= folder_bytes)
        bytes = folder_bytes - 1;
    memcpy(folder, slash == NULL ? "." : path, bytes);
    folder[bytes] = '\0';
}

enum scree_status scree__copc_build_spilled(struct scree_convert_job *job,
                                            struct scree_convert_result *result,
                                            struct scree_error *err)
{
    struct spilled spilled;
    char folder[4096];
    memset(&spilled, 0, sizeof spilled);
    spilled.job = job;
    spilled.budget = scree__par_budget(job->context);
    size_batches(&spilled, 0);
    folder_of(job->output, folder, sizeof folder);
    enum scree_status status =
        scree__spill_scratch_open(job->scratch_folder != NULL ? job->scratch_folder : folder,
                                  job->plan.scratch_bytes / (job->compress_scratch ? 2 : 1),
                                  job->compress_scratch ? SCREE__SPILL_LZ4 : SCREE__SPILL_PLAIN,
                                  job->plan.record_bytes, &spilled.scratch, err);
    if (status == SCREE_OK)
        status = run(&spilled, result, err);
    result->scratch_bytes = scree__spill_scratch_bytes(spilled.scratch);
    release_partitions(&spilled, spilled.partition_count);
    scree__mem_free(spilled.budget, spilled.partitions,
                    spilled.partition_capacity * sizeof *spilled.partitions);
    scree__mem_free(spilled.budget, spilled.buckets,
                    spilled.bucket_capacity * sizeof *spilled.buckets);
    scree__mem_free(spilled.budget, spilled.cells, spilled.cell_capacity * sizeof *spilled.cells);
    scree__spill_scratch_close(spilled.scratch);
    return status;
}
