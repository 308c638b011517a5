/*
 * spill_buckets.c - partitions into buckets that fit a batch. One that does not is cut again: by its counts, or, where it is a single cell, by those
 * of the cells in it.
 */
#include "copc/spilled.h"
#include "base/error.h"

#include <string.h>

static uint64_t cell_code(const struct scree__copc_region *region, uint32_t cell)
{
    return region->code +
           (uint64_t)cell * scree__copc_code_span(region->level + SCREE__COPC_PART_LEVELS);
}

static enum scree_status place_cell(struct scree__copc_spilled *spilled, uint64_t code,
                                    uint64_t span, uint64_t count, struct scree_error *err)
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

/* Cells [first_cell, cell_count) are the bucket's. */
static enum scree_status add_bucket(struct scree__copc_spilled *spilled,
                                    const struct scree__copc_partition *partition, uint32_t bucket,
                                    uint64_t points, uint64_t first_cell, struct scree_error *err)
{
    void *memory = spilled->buckets;
    enum scree_status status =
        scree__mem_grow(spilled->budget, &memory, &spilled->bucket_capacity,
                        spilled->bucket_count + 1, sizeof *spilled->buckets, "buckets", err);
    spilled->buckets = memory;
    if (status != SCREE_OK)
        return status;
    struct scree__copc_bucket *placed = &spilled->buckets[spilled->bucket_count++];
    placed->partition = partition;
    placed->bucket = bucket;
    placed->count = points;
    placed->first_cell = first_cell;
    placed->last_cell = spilled->cell_count - 1;
    return SCREE_OK;
}

static enum scree_status place_bucket(struct scree__copc_spilled *spilled,
                                      const struct scree__copc_partition *partition,
                                      uint32_t bucket, const struct cell_run *run,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    uint64_t span = scree__copc_code_span(partition->region.level + SCREE__COPC_PART_LEVELS);
    uint64_t first = spilled->cell_count;
    for (uint32_t cell = run->begin; cell < run->end && status == SCREE_OK; cell++)
        if (partition->counts[cell] > 0)
            status = place_cell(spilled, cell_code(&partition->region, cell), span,
                                partition->counts[cell], err);
    if (status == SCREE_OK)
        status = add_bucket(spilled, partition, bucket, run->points, first, err);
    return status;
}

/* The same for points that all lie in one cell of the last level. */
static enum scree_status place_indivisible(struct scree__copc_spilled *spilled,
                                           const struct scree__copc_partition *partition,
                                           uint32_t bucket, uint64_t code, uint64_t points,
                                           struct scree_error *err)
{
    uint64_t first = spilled->cell_count;
    if (points > spilled->indivisible)
        spilled->indivisible = points;
    enum scree_status status = place_cell(spilled, code, 1, points, err);
    if (status == SCREE_OK)
        status = add_bucket(spilled, partition, bucket, points, first, err);
    return status;
}

/*
 * The deepest cell that holds all points of these blocks and has as many levels below it as a partition has; or, if not *divisible, the cell of the
 * last level that holds them.
 */
static enum scree_status find_region(struct scree__copc_spilled *spilled,
                                     const struct scree__copc_extent *extents, uint64_t count,
                                     struct scree__copc_region *region, bool *divisible,
                                     struct scree_error *err)
{
    uint64_t range[2] = {UINT64_MAX, 0};
    struct scree__copc_moving moving = {.region = *region, .range = range};
    enum scree_status status = scree__copc_spilled_move(spilled, &moving, extents, count, err);
    if (status != SCREE_OK)
        return status;
    unsigned shared = scree__copc_shared_levels(range[0], range[1]);
    *divisible = shared < SCREE__COPC_CODE_LEVELS;
    region->level = shared;
    if (*divisible && shared > SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS)
        region->level = SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS;
    region->code = range[0] & ~(scree__copc_code_span(region->level) - 1);
    return SCREE_OK;
}

/* How many points each cell of the region has: known where the region is the partition's own, else counted. */
static enum scree_status
weigh_cells(struct scree__copc_spilled *spilled, const struct scree__copc_partition *partition,
            const struct cell_run *run, const struct scree__copc_extent *extents, uint64_t count,
            const struct scree__copc_region *region, uint64_t *weights, struct scree_error *err)
{
    struct scree__copc_moving moving = {.region = *region, .weights = weights};
    memset(weights, 0, SCREE__COPC_PART_CELLS * sizeof *weights);
    if (run->filled == 1)
        return scree__copc_spilled_move(spilled, &moving, extents, count, err);
    memcpy(weights + run->begin, partition->counts + run->begin,
           (run->end - run->begin) * sizeof *weights);
    return SCREE_OK;
}

static enum scree_status place_partition(struct scree__copc_spilled *spilled,
                                         struct scree__copc_partition *partition,
                                         struct scree_error *err);

/*
 * A bucket that does not fit a batch. A cell of the last level stays whole and makes a batch that is larger than planned, if there is room
 * for it.
 */
static enum scree_status cut_bucket(struct scree__copc_spilled *spilled,
                                    const struct scree__copc_partition *partition, uint32_t bucket,
                                    const struct cell_run *run, struct scree_error *err)
{
    struct scree__copc_extent *extents = partition->extents + partition->first_extent[bucket];
    uint64_t count = partition->first_extent[bucket + 1] - partition->first_extent[bucket];
    struct scree__copc_moving moving = {.region = partition->region};
    uint64_t weight_bytes = SCREE__COPC_PART_CELLS * sizeof(uint64_t);
    bool divisible = true;
    void *weights;
    enum scree_status status = SCREE_OK;
    if (run->filled == 1)
        status = find_region(spilled, extents, count, &moving.region, &divisible, err);
    if (status != SCREE_OK)
        return status;
    if (!divisible)
        return place_indivisible(spilled, partition, bucket, moving.region.code, run->points, err);
    status = scree__mem_alloc(spilled->budget, weight_bytes, &weights, "cells", err);
    if (status != SCREE_OK)
        return status;
    status = weigh_cells(spilled, partition, run, extents, count, &moving.region, weights, err);
    if (status == SCREE_OK)
        status =
            scree__copc_spilled_begin_partition(spilled, moving.region, weights, &moving.to, err);
    scree__mem_free(spilled->budget, weights, weight_bytes);
    if (status != SCREE_OK)
        return status;
    status = scree__copc_spilled_move(spilled, &moving, extents, count, err);
    for (uint64_t i = 0; i < count; i++)
        extents[i].count = 0; /* they have moved */
    if (status == SCREE_OK)
        status = scree__copc_partition_end(moving.to, err);
    if (status == SCREE_OK)
        status = place_partition(spilled, moving.to, err);
    return status;
}

static enum scree_status place_partition(struct scree__copc_spilled *spilled,
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

uint64_t scree__copc_spilled_most_alike(struct scree__copc_spilled *spilled)
{
    uint64_t most = 0, bytes = SCREE__COPC_PART_CELLS * sizeof most;
    struct scree__copc_moving moving;
    void *counts;
    memset(&moving, 0, sizeof moving);
    if (scree__mem_alloc(spilled->budget, bytes, &counts, "cells", NULL) != SCREE_OK)
        return spilled->indivisible;
    moving.alike = counts;
    for (uint64_t i = 0; i < spilled->bucket_count; i++) {
        const struct scree__copc_bucket *bucket = &spilled->buckets[i];
        const uint64_t *first = bucket->partition->first_extent + bucket->bucket;
        if (bucket->count <= spilled->batch_points)
            continue;
        memset(counts, 0, bytes);
        if (scree__copc_spilled_move(spilled, &moving, bucket->partition->extents + first[0],
                                     first[1] - first[0], NULL) != SCREE_OK)
            most = spilled->indivisible;
        for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++)
            most = moving.alike[cell] > most ? moving.alike[cell] : most;
    }
    scree__mem_free(spilled->budget, counts, bytes);
    return most;
}

void scree__copc_spilled_release_partitions(struct scree__copc_spilled *spilled, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (spilled->partitions[i] == NULL)
            continue;
        scree__copc_partition_release(spilled->partitions[i]);
        scree__mem_free(spilled->budget, spilled->partitions[i], sizeof *spilled->partitions[i]);
        spilled->partitions[i] = NULL;
    }
}

uint64_t scree__copc_spilled_points_below(const struct scree__copc_spilled *spilled, uint64_t code)
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

enum scree_status scree__copc_spilled_place(struct scree__copc_spilled *spilled,
                                            struct scree_error *err)
{
    struct scree__copc_partition *root = spilled->partitions[spilled->partition_count - 1];
    spilled->bucket_count = spilled->cell_count = spilled->points_placed = 0;
    spilled->indivisible = 0;
    enum scree_status status = place_partition(spilled, root, err);
    if (status == SCREE_OK && spilled->points_placed != spilled->job->plan.point_count)
        status = scree__base_fail(err, SCREE_E_DATA, "%llu points were read, %llu are on scratch",
                                  (unsigned long long)spilled->job->plan.point_count,
                                  (unsigned long long)spilled->points_placed);
    return status;
}

void scree__copc_spilled_release(struct scree__copc_spilled *spilled)
{
    scree__copc_spilled_release_partitions(spilled, spilled->partition_count);
    scree__mem_free(spilled->budget, spilled->partitions,
                    spilled->partition_capacity * sizeof *spilled->partitions);
    scree__mem_free(spilled->budget, spilled->buckets,
                    spilled->bucket_capacity * sizeof *spilled->buckets);
    scree__mem_free(spilled->budget, spilled->cells,
                    spilled->cell_capacity * sizeof *spilled->cells);
}
