/* partition.c - records into buckets, blocks to scratch. */
#include "copc/partition.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/record.h"

#include <string.h>

/* Codes computed at a time. */
#define CODES 256u
/* Blocks above this only take memory. */
#define BLOCK_BYTES_MAX (256u << 10)

struct scree__copc_part_worker {
    uint8_t *blocks;  /* [bucket][block_points] records */
    uint32_t *filled; /* [bucket] */
    uint32_t *counts; /* [cell] */
    struct scree__copc_extent *extents;
    uint64_t extent_count, extent_capacity;
    void *work; /* for scratch */
};

static const char what[] = "partitioning into buckets";

uint64_t scree__copc_code(const struct scree__copc_cube *cube, const uint8_t *record)
{
    int32_t at[3] = {scree__base_load_i32(record), scree__base_load_i32(record + 4),
                     scree__base_load_i32(record + 8)};
    uint64_t cells[3];
    for (int a = 0; a < 3; a++) { /* a cube that was guessed may be too small */
        at[a] = at[a] < cube->min[a] ? cube->min[a] : at[a];
        at[a] = at[a] > cube->max[a] ? cube->max[a] : at[a];
    }
    scree__copc_cube_cells(cube, at, cells);
    if (cube->depth >= SCREE__COPC_CODE_LEVELS) {
        unsigned shift = cube->depth - SCREE__COPC_CODE_LEVELS;
        return scree__copc_morton(cells[0] >> shift, cells[1] >> shift, cells[2] >> shift);
    }
    return scree__copc_morton(cells[0], cells[1], cells[2])
           << 3 * (SCREE__COPC_CODE_LEVELS - cube->depth);
}

/* Number of the region's cell that has a code. */
static uint32_t cell_of(const struct scree__copc_region *region, uint64_t code)
{
    unsigned below = SCREE__COPC_CODE_LEVELS - region->level - SCREE__COPC_PART_LEVELS;
    return (uint32_t)((code - region->code) >> 3 * below);
}

static void cut(struct scree__copc_partition *partition, const uint64_t *weights,
                uint64_t target_points, uint32_t bucket_max)
{
    uint64_t total = 0, in_bucket = 0;
    uint32_t bucket = 0;
    for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++)
        total += weights != NULL ? weights[cell] : 1;
    if (weights == NULL)
        target_points = SCREE__COPC_PART_CELLS / 64;
    if (target_points < total / bucket_max + 1)
        target_points = total / bucket_max + 1;
    for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++) {
        uint64_t weight = weights != NULL ? weights[cell] : 1;
        /* A cell that would overfill the bucket begins the next. */
        if (in_bucket > 0 && in_bucket + weight > target_points && bucket + 1 < bucket_max) {
            bucket++;
            in_bucket = 0;
        }
        partition->bucket_of[cell] = bucket;
        in_bucket += weight;
    }
    partition->bucket_count = bucket + 1;
}

static enum scree_status allocate_worker(struct scree__copc_partition *partition,
                                         struct scree__copc_part_worker *worker,
                                         struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    uint64_t blocks = (uint64_t)partition->bucket_count * partition->block_points;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, blocks * partition->record_bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    worker->blocks = memory;
    status =
        scree__mem_alloc(budget, partition->bucket_count * sizeof(uint32_t), &memory, what, err);
    if (status != SCREE_OK)
        return status;
    worker->filled = memory;
    memset(memory, 0, partition->bucket_count * sizeof(uint32_t));
    status =
        scree__mem_alloc(budget, SCREE__COPC_PART_CELLS * sizeof(uint32_t), &memory, what, err);
    if (status != SCREE_OK)
        return status;
    worker->counts = memory;
    memset(memory, 0, SCREE__COPC_PART_CELLS * sizeof(uint32_t));
    return scree__mem_alloc(budget, partition->work_bytes, &worker->work, what, err);
}

static void release_workers(struct scree__copc_partition *partition)
{
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    for (unsigned t = 0; partition->workers != NULL && t < partition->threads; t++) {
        struct scree__copc_part_worker *worker = &partition->workers[t];
        uint64_t blocks = (uint64_t)partition->bucket_count * partition->block_points;
        scree__mem_free(budget, worker->blocks, blocks * partition->record_bytes);
        scree__mem_free(budget, worker->filled, partition->bucket_count * sizeof(uint32_t));
        scree__mem_free(budget, worker->counts, SCREE__COPC_PART_CELLS * sizeof(uint32_t));
        scree__mem_free(budget, worker->work, partition->work_bytes);
        scree__mem_free(budget, worker->extents, worker->extent_capacity * sizeof *worker->extents);
    }
    scree__mem_free(budget, partition->workers, partition->threads * sizeof *partition->workers);
    partition->workers = NULL;
}

enum scree_status
scree__copc_partition_begin(struct scree__copc_partition *partition, struct scree_context *context,
                            struct scree__spill_scratch *scratch,
                            const struct scree__copc_cube *cube, uint32_t record_bytes,
                            struct scree__copc_region region, const uint64_t *weights,
                            uint64_t target_points, uint32_t bucket_max, uint64_t block_bytes_total,
                            struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *memory;
    memset(partition, 0, sizeof *partition);
    partition->context = context;
    partition->scratch = scratch;
    partition->cube = cube;
    partition->codes = scree__copc_codes_choose(cube);
    partition->record_bytes = record_bytes;
    partition->region = region;
    partition->threads = scree_context_threads(context);
    enum scree_status status =
        scree__mem_alloc(budget, SCREE__COPC_PART_CELLS * sizeof(uint32_t), &memory, what, err);
    if (status != SCREE_OK)
        return status;
    partition->bucket_of = memory;
    cut(partition, weights, target_points, bucket_max);
    uint64_t block = block_bytes_total / partition->threads / partition->bucket_count;
    block = block < SCREE__COPC_PART_BLOCK_MIN ? SCREE__COPC_PART_BLOCK_MIN : block;
    block = block > BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : block;
    partition->block_points = (uint32_t)(block / record_bytes > 0 ? block / record_bytes : 1);
    partition->work_bytes =
        scree__spill_work_bytes(scratch, partition->block_points * record_bytes);
    status = scree__mem_alloc(budget, partition->threads * sizeof *partition->workers, &memory,
                              what, err);
    if (status != SCREE_OK)
        return status;
    partition->workers = memory;
    memset(memory, 0, partition->threads * sizeof *partition->workers);
    for (unsigned t = 0; t < partition->threads && status == SCREE_OK; t++)
        status = allocate_worker(partition, &partition->workers[t], err);
    return status;
}

static enum scree_status flush_block(struct scree__copc_partition *partition,
                                     struct scree__copc_part_worker *worker, uint32_t bucket,
                                     struct scree_error *err)
{
    void *extents = worker->extents;
    enum scree_status status =
        scree__mem_grow(scree__par_budget(partition->context), &extents, &worker->extent_capacity,
                        worker->extent_count + 1, sizeof *worker->extents, what, err);
    worker->extents = extents;
    if (status != SCREE_OK)
        return status;
    struct scree__copc_extent *extent = &worker->extents[worker->extent_count++];
    uint64_t block = (uint64_t)bucket * partition->block_points * partition->record_bytes;
    extent->bucket = bucket;
    extent->count = worker->filled[bucket];
    worker->filled[bucket] = 0;
    status = scree__spill_scratch_write(partition->scratch, worker->blocks + block,
                                        extent->count * partition->record_bytes, worker->work,
                                        &extent->block, err);
    scree__par_scratch_add(partition->context, extent->block.stored);
    return status;
}

static enum scree_status add_record(struct scree__copc_partition *partition,
                                    struct scree__copc_part_worker *worker, uint64_t code,
                                    const uint8_t *record, struct scree_error *err)
{
    uint32_t cell = cell_of(&partition->region, code), record_bytes = partition->record_bytes;
    if (cell >= SCREE__COPC_PART_CELLS)
        return scree__base_fail(err, SCREE_E_DATA,
                                "a point lies outside its region (an error of "
                                "scree: please report it)");
    uint32_t bucket = partition->bucket_of[cell];
    uint64_t at = (uint64_t)bucket * partition->block_points + worker->filled[bucket];
    scree__copc_record_copy(worker->blocks + at * record_bytes, record, record_bytes);
    worker->counts[cell]++;
    if (++worker->filled[bucket] == partition->block_points)
        return flush_block(partition, worker, bucket, err);
    return SCREE_OK;
}

enum scree_status scree__copc_partition_add(struct scree__copc_partition *partition,
                                            unsigned worker, const uint8_t *records, uint64_t count,
                                            struct scree_error *err)
{
    unsigned depth = partition->cube->depth;
    unsigned below = depth > SCREE__COPC_CODE_LEVELS ? depth - SCREE__COPC_CODE_LEVELS : 0;
    unsigned above = depth < SCREE__COPC_CODE_LEVELS ? SCREE__COPC_CODE_LEVELS - depth : 0;
    uint64_t codes[CODES];
    while (count > 0) {
        uint64_t now = count < CODES ? count : CODES;
        partition->codes(partition->cube, records, partition->record_bytes, now, below, codes);
        for (uint64_t i = 0; i < now; i++, records += partition->record_bytes) {
            enum scree_status status = add_record(partition, &partition->workers[worker],
                                                  codes[i] << 3 * above, records, err);
            if (status != SCREE_OK)
                return status;
        }
        count -= now;
    }
    return SCREE_OK;
}

/* All workers' extents in one array, by bucket. */
static enum scree_status gather_extents(struct scree__copc_partition *partition,
                                        struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    uint64_t total = 0;
    void *memory;
    enum scree_status status = scree__mem_alloc(
        budget, (partition->bucket_count + (uint64_t)1) * sizeof(uint64_t), &memory, what, err);
    if (status != SCREE_OK)
        return status;
    partition->first_extent = memory;
    memset(memory, 0, (partition->bucket_count + (uint64_t)1) * sizeof(uint64_t));
    for (unsigned t = 0; t < partition->threads; t++)
        for (uint64_t i = 0; i < partition->workers[t].extent_count; i++)
            partition->first_extent[partition->workers[t].extents[i].bucket + 1]++;
    for (uint32_t b = 0; b < partition->bucket_count; b++)
        partition->first_extent[b + 1] += partition->first_extent[b];
    total = partition->first_extent[partition->bucket_count];
    status = scree__mem_alloc(budget, total * sizeof *partition->extents, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    partition->extents = memory;
    /* Each bucket's place moves on while it is filled, and so ends where the next one begins. */
    for (unsigned t = 0; t < partition->threads; t++) {
        const struct scree__copc_part_worker *worker = &partition->workers[t];
        for (uint64_t i = 0; i < worker->extent_count; i++)
            partition->extents[partition->first_extent[worker->extents[i].bucket]++] =
                worker->extents[i];
    }
    for (uint32_t b = partition->bucket_count; b > 0; b--)
        partition->first_extent[b] = partition->first_extent[b - 1];
    partition->first_extent[0] = 0;
    return SCREE_OK;
}

enum scree_status scree__copc_partition_end(struct scree__copc_partition *partition,
                                            struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    void *memory;
    enum scree_status status = SCREE_OK;
    for (unsigned t = 0; t < partition->threads; t++)
        for (uint32_t b = 0; b < partition->bucket_count && status == SCREE_OK; b++)
            if (partition->workers[t].filled[b] > 0)
                status = flush_block(partition, &partition->workers[t], b, err);
    if (status == SCREE_OK)
        status =
            scree__mem_alloc(budget, SCREE__COPC_PART_CELLS * sizeof(uint64_t), &memory, what, err);
    if (status != SCREE_OK)
        return status;
    partition->counts = memory;
    memset(memory, 0, SCREE__COPC_PART_CELLS * sizeof(uint64_t));
    for (unsigned t = 0; t < partition->threads; t++)
        for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++)
            partition->counts[cell] += partition->workers[t].counts[cell];
    status = gather_extents(partition, err);
    release_workers(partition);
    return status;
}

void scree__copc_partition_forget_cells(struct scree__copc_partition *partition)
{
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    scree__mem_free(budget, partition->counts, SCREE__COPC_PART_CELLS * sizeof(uint64_t));
    scree__mem_free(budget, partition->bucket_of, SCREE__COPC_PART_CELLS * sizeof(uint32_t));
    partition->counts = NULL;
    partition->bucket_of = NULL;
}

void scree__copc_partition_release(struct scree__copc_partition *partition)
{
    if (partition->context == NULL)
        return;
    struct scree__mem_budget *budget = scree__par_budget(partition->context);
    uint64_t extents =
        partition->first_extent != NULL ? partition->first_extent[partition->bucket_count] : 0;
    release_workers(partition);
    scree__mem_free(budget, partition->extents, extents * sizeof *partition->extents);
    scree__mem_free(budget, partition->first_extent,
                    (partition->bucket_count + (uint64_t)1) * sizeof(uint64_t));
    scree__copc_partition_forget_cells(partition);
    memset(partition, 0, sizeof *partition);
}
