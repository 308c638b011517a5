/* spill_move.c - points into partitions on scratch: from the inputs, from memory, from other partitions. */
#include "copc/spilled.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

/* A partition has at most so many buckets: each has a block a thread in memory while it is filled. */
#define BUCKETS_MAX 1024u
/* Partitions at a time: one a depth of 6 levels, and one more for each cut by counts. */
#define PARTITIONS_MAX 16384u
/* Points that are in memory already are taken by so many bytes. */
#define TAKEN_BLOCK_BYTES (256u << 10)

static const struct scree__copc_region whole = {0, 0};

/* ------------------------------------------------------------------------------------------ partitions */

static enum scree_status add_partition(struct scree__copc_spilled *spilled,
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
    *out = memory;
    memset(memory, 0, sizeof **out);
    spilled->partitions[spilled->partition_count++] = *out;
    return SCREE_OK;
}

enum scree_status scree__copc_spilled_begin_partition(struct scree__copc_spilled *spilled,
                                                      struct scree__copc_region region,
                                                      const uint64_t *weights,
                                                      struct scree__copc_partition **out,
                                                      struct scree_error *err)
{
    enum scree_status status = add_partition(spilled, out, err);
    if (status != SCREE_OK)
        return status;
    uint64_t bucket_max = spilled->block_bytes / SCREE__COPC_PART_BLOCK_MIN /
                          scree_context_threads(spilled->job->context);
    bucket_max = bucket_max > BUCKETS_MAX ? BUCKETS_MAX : bucket_max < 16 ? 16 : bucket_max;
    return scree__copc_partition_begin(*out, spilled->job->context, spilled->scratch,
                                       &spilled->cube, spilled->job->plan.record_bytes, region,
                                       weights, scree__copc_spilled_target(spilled),
                                       (uint32_t)bucket_max, spilled->block_bytes, err);
}

/* -------------------------------------------------------------------------------------------- blocks */

struct mover {
    struct scree__copc_spilled *spilled;
    const struct scree__copc_moving *moving;
    const struct scree__copc_extent *extents;
    uint8_t **blocks;                 /* one a worker */
    uint64_t block_bytes, work_bytes; /* work follows the block */
};

static void widen_range(const struct mover *mover, const uint8_t *records, uint32_t count)
{
    uint64_t *range = mover->moving->range, low = UINT64_MAX, high = 0;
    uint32_t record_bytes = mover->spilled->job->plan.record_bytes;
    for (uint32_t i = 0; i < count; i++, records += record_bytes) {
        uint64_t code = scree__copc_code(&mover->spilled->cube, records);
        low = code < low ? code : low;
        high = code > high ? code : high;
    }
    for (uint64_t was = __atomic_load_n(&range[0], __ATOMIC_RELAXED); low < was;)
        if (__atomic_compare_exchange_n(&range[0], &was, low, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
    for (uint64_t was = __atomic_load_n(&range[1], __ATOMIC_RELAXED); high > was;)
        if (__atomic_compare_exchange_n(&range[1], &was, high, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            break;
}

static void count_block(const struct mover *mover, const uint8_t *records, uint32_t count)
{
    const struct scree__copc_moving *moving = mover->moving;
    uint32_t record_bytes = mover->spilled->job->plan.record_bytes;
    unsigned below = 3 * (SCREE__COPC_CODE_LEVELS - moving->region.level - SCREE__COPC_PART_LEVELS);
    for (uint32_t i = 0; i < count; i++, records += record_bytes) {
        uint64_t code = scree__copc_code(&mover->spilled->cube, records);
        __atomic_fetch_add(&moving->weights[(code - moving->region.code) >> below], 1,
                           __ATOMIC_RELAXED);
    }
}

static void count_alike(const struct mover *mover, const uint8_t *records, uint32_t count)
{
    uint32_t record_bytes = mover->spilled->job->plan.record_bytes;
    for (uint32_t i = 0; i < count; i++, records += record_bytes) {
        uint64_t hash = scree__base_load64(records) * 0x9E3779B97F4A7C15u;
        hash = (hash ^ hash >> 32 ^ scree__base_load32(records + 8)) * 0x9E3779B97F4A7C15u;
        __atomic_fetch_add(&mover->moving->alike[hash >> (64 - 3 * SCREE__COPC_PART_LEVELS)], 1,
                           __ATOMIC_RELAXED);
    }
}

static enum scree_status move_block(void *arg, uint64_t index, unsigned worker,
                                    struct scree_error *err)
{
    struct mover *mover = arg;
    const struct scree__copc_extent *extent = &mover->extents[index];
    uint8_t *block = mover->blocks[worker];
    if (extent->count == 0) /* moved before */
        return SCREE_OK;
    enum scree_status status = scree__spill_scratch_read(mover->spilled->scratch, &extent->block,
                                                         block, block + mover->block_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (mover->moving->to != NULL) {
        status = scree__copc_partition_add(mover->moving->to, worker, block, extent->count, err);
        if (status == SCREE_OK)
            scree__spill_scratch_drop(mover->spilled->scratch, &extent->block);
    } else if (mover->moving->weights != NULL) {
        count_block(mover, block, extent->count);
    } else if (mover->moving->range != NULL) {
        widen_range(mover, block, extent->count);
    } else {
        count_alike(mover, block, extent->count);
    }
    return status;
}

enum scree_status scree__copc_spilled_move(struct scree__copc_spilled *spilled,
                                           const struct scree__copc_moving *moving,
                                           const struct scree__copc_extent *extents, uint64_t count,
                                           struct scree_error *err)
{
    unsigned threads = scree_context_threads(spilled->job->context);
    struct mover mover = {spilled, moving, extents, NULL, 0, 0};
    uint64_t block_points = 1;
    void *memory;
    for (uint64_t i = 0; i < count; i++)
        if (extents[i].count > block_points)
            block_points = extents[i].count;
    mover.block_bytes = block_points * spilled->job->plan.record_bytes;
    mover.work_bytes = scree__spill_work_bytes(spilled->scratch, (uint32_t)mover.block_bytes);
    enum scree_status status = scree__mem_alloc(spilled->budget, threads * sizeof *mover.blocks,
                                                &memory, "moving buckets", err);
    if (status != SCREE_OK)
        return status;
    mover.blocks = memory;
    memset(memory, 0, threads * sizeof *mover.blocks);
    for (unsigned t = 0; t < threads && status == SCREE_OK; t++) {
        status = scree__mem_alloc(spilled->budget, mover.block_bytes + mover.work_bytes, &memory,
                                  "moving buckets", err);
        mover.blocks[t] = memory;
    }
    if (status == SCREE_OK)
        status =
            scree__par_for(scree__par_pool(spilled->job->context), count, move_block, &mover, err);
    for (unsigned t = 0; t < threads; t++)
        scree__mem_free(spilled->budget, mover.blocks[t], mover.block_bytes + mover.work_bytes);
    scree__mem_free(spilled->budget, mover.blocks, threads * sizeof *mover.blocks);
    return status;
}

/* --------------------------------------------------------------------------------------------- inputs */

static enum scree_status allocate_weights(struct scree__copc_spilled *spilled, uint64_t **weights,
                                          struct scree_error *err)
{
    void *memory;
    enum scree_status status = scree__mem_alloc(
        spilled->budget, SCREE__COPC_PART_CELLS * sizeof **weights, &memory, "cells", err);
    *weights = memory;
    if (status == SCREE_OK)
        memset(memory, 0, SCREE__COPC_PART_CELLS * sizeof **weights);
    return status;
}

static void free_weights(struct scree__copc_spilled *spilled, uint64_t *weights)
{
    scree__mem_free(spilled->budget, weights, SCREE__COPC_PART_CELLS * sizeof *weights);
}

enum scree_status scree__copc_spilled_read(struct scree__copc_spilled *spilled,
                                           struct scree_error *err)
{
    struct scree__copc_read_to to;
    uint64_t *weights;
    memset(&to, 0, sizeof to);
    enum scree_status status = allocate_weights(spilled, &weights, err);
    if (status == SCREE_OK)
        status = scree__copc_spilled_weigh(spilled, weights, err);
    if (status == SCREE_OK)
        status = scree__copc_spilled_begin_partition(spilled, whole, weights, &to.partition, err);
    free_weights(spilled, weights);
    to.beside_bytes = scree__copc_extents_bytes(spilled->job, 3);
    if (status == SCREE_OK)
        status = scree__copc_read(spilled->job, &to, err);
    if (status == SCREE_OK)
        status = scree__copc_partition_end(to.partition, err);
    spilled->summary = to.summary;
    return status;
}

/* --------------------------------------------------------------------------------------------- memory */

struct taking {
    struct scree__copc_spilled *spilled;
    const uint8_t *records;
    uint8_t
        *waited; /* a block for each worker, where records become those of the output only now */
    uint64_t block_points, point_count;
    struct mover counting;
    struct scree__copc_partition *to; /* NULL: they are counted */
};

/* As the output has them. */
static const uint8_t *taken_records(const struct taking *taking, uint64_t first, uint64_t count,
                                    unsigned worker)
{
    const struct scree_convert_job *job = taking->spilled->job;
    const uint8_t *from = taking->records + first * job->form.bytes;
    if (taking->waited == NULL)
        return from;
    uint8_t *records = taking->waited + worker * taking->block_points * job->plan.record_bytes;
    for (uint64_t i = 0; i < count; i++)
        (void)scree__copc_record_waited(&job->form, from + i * job->form.bytes,
                                        records + i * job->plan.record_bytes);
    return records;
}

static enum scree_status take_block(void *arg, uint64_t index, unsigned worker,
                                    struct scree_error *err)
{
    struct taking *taking = arg;
    uint64_t first = index * taking->block_points, left = taking->point_count - first;
    uint64_t count = left < taking->block_points ? left : taking->block_points;
    const uint8_t *records = taken_records(taking, first, count, worker);
    if (taking->to != NULL)
        return scree__copc_partition_add(taking->to, worker, records, count, err);
    count_block(&taking->counting, records, (uint32_t)count);
    return SCREE_OK;
}

enum scree_status scree__copc_spilled_take(struct scree__copc_spilled *spilled,
                                           const uint8_t *records, struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    struct scree__par_pool *pool = scree__par_pool(job->context);
    struct scree__copc_moving moving = {.region = whole};
    struct taking taking = {.spilled = spilled,
                            .records = records,
                            .point_count = job->plan.point_count,
                            .block_points = TAKEN_BLOCK_BYTES / job->plan.record_bytes + 1,
                            .counting = {.spilled = spilled, .moving = &moving}};
    uint64_t count = (taking.point_count - 1) / taking.block_points + 1;
    uint64_t waited_bytes =
        scree__copc_form_waits(&job->form)
            ? scree__par_pool_threads(pool) * taking.block_points * job->plan.record_bytes
            : 0;
    void *waited;
    enum scree_status status =
        scree__mem_alloc(spilled->budget, waited_bytes, &waited, "moving buckets", err);
    taking.waited = waited;
    if (status == SCREE_OK)
        status = allocate_weights(spilled, &moving.weights, err);
    if (status == SCREE_OK)
        status = scree__par_for(pool, count, take_block, &taking, err);
    uint64_t limit = scree_context_budget_bytes(job->context);
    uint64_t used = scree__mem_budget_used(spilled->budget) + scree__copc_extents_bytes(job, 3);
    spilled->block_bytes = limit > used ? (limit - used) / 2 : 0;
    if (status == SCREE_OK)
        status =
            scree__copc_spilled_begin_partition(spilled, whole, moving.weights, &taking.to, err);
    free_weights(spilled, moving.weights);
    if (status == SCREE_OK)
        status = scree__par_for(pool, count, take_block, &taking, err);
    if (status == SCREE_OK)
        status = scree__copc_partition_end(taking.to, err);
    scree__mem_free(spilled->budget, waited, waited_bytes);
    return status;
}

/* ---------------------------------------------------------------------------------------------- again */

/* The blocks of partitions [0, count) of the list. */
static enum scree_status move_partitions(struct scree__copc_spilled *spilled, uint64_t count,
                                         const struct scree__copc_moving *moving,
                                         struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        const struct scree__copc_partition *from = spilled->partitions[i];
        if (from != NULL)
            status = scree__copc_spilled_move(spilled, moving, from->extents,
                                              from->first_extent[from->bucket_count], err);
    }
    return status;
}

enum scree_status scree__copc_spilled_again(struct scree__copc_spilled *spilled,
                                            struct scree_error *err)
{
    uint64_t old_count = spilled->partition_count;
    struct scree__copc_moving moving;
    memset(&moving, 0, sizeof moving);
    enum scree_status status = allocate_weights(spilled, &moving.weights, err);
    if (status == SCREE_OK)
        status = move_partitions(spilled, old_count, &moving, err);
    if (status == SCREE_OK)
        status =
            scree__copc_spilled_begin_partition(spilled, whole, moving.weights, &moving.to, err);
    free_weights(spilled, moving.weights);
    if (status == SCREE_OK)
        status = move_partitions(spilled, old_count, &moving, err);
    if (status == SCREE_OK)
        status = scree__copc_partition_end(moving.to, err);
    if (status == SCREE_OK)
        scree__copc_spilled_release_partitions(spilled, old_count);
    return status;
}
