/* searcher_rows.c - candidates into results, by their rerank rows where there are some. */
#include "vectors/searcher_parts.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

static struct scree__vectors_near near_of(const struct scree__vectors_searcher *searcher,
                                          const struct scree__vectors_candidate *candidate,
                                          float distance)
{
    const struct scree__vectors_target *target = searcher->target;
    return (struct scree__vectors_near){scree__vectors_svx_id(target->svx, target->column,
                                                              &searcher->blocks[candidate->slot],
                                                              candidate->at),
                                        distance};
}

static void sift_low(struct scree__vectors_candidate *heap, uint64_t at, uint64_t count)
{
    struct scree__vectors_candidate item = heap[at];
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1].low < heap[child].low)
            child++;
        if (item.low <= heap[child].low)
            break;
        heap[at] = heap[child];
    }
    heap[at] = item;
}

/*
 * Those that may still be among the nearest, no more than want->rerank_most; returns how many. By lower bound, unless there are hardly more than results: the
 * order only spares rows.
 */
static uint64_t sort_candidates(struct scree__vectors_searcher *searcher,
                                const struct scree__vectors_want *want)
{
    enum { SPARE = 4 };
    struct scree__vectors_candidate *it = searcher->candidates;
    float limit = scree__vectors_uppers_limit(&searcher->uppers);
    uint64_t count = 0;
    for (uint64_t i = 0; i < searcher->candidate_count; i++) {
        it[count] = it[i];
        count += it[i].low < limit;
    }
    if (count <= want->k + SPARE && count <= want->rerank_most)
        return count;
    for (uint64_t i = count / 2; i-- > 0;)
        sift_low(it, i, count);
    uint64_t most = count < want->rerank_most ? count : want->rerank_most;
    /* The smallest come to the end, one by one; then they are turned around. */
    uint64_t end = count;
    for (; end > count - most; end--) {
        struct scree__vectors_candidate first = it[0];
        it[0] = it[end - 1];
        it[end - 1] = first;
        sift_low(it, 0, end - 1);
    }
    for (uint64_t i = 0; i < most; i++) {
        struct scree__vectors_candidate moved = it[count - 1 - i];
        if (count - 1 - i <= i)
            break;
        it[count - 1 - i] = it[i];
        it[i] = moved;
    }
    return most;
}

/* A row of bytes: centroid + low + step * value. */
static const float *decode_sq8(const struct scree__vectors_searcher *searcher, const uint8_t *row,
                               uint32_t list)
{
    const struct scree__vectors_column *column = searcher->target->column;
    const float *centroid = scree__vectors_list_centroid(column, list);
    float range[2];
    memcpy(range, row, sizeof range);
    for (uint32_t d = 0; d < column->shape.dim; d++)
        searcher->decoded[d] = centroid[d] + (range[0] + range[1] * (float)row[8 + d]);
    return searcher->decoded;
}

float scree__vectors_compare_row(const struct scree__vectors_searcher *searcher,
                                 const float *values, const uint8_t *row, uint32_t list)
{
    const struct scree__vectors_shape *shape = &searcher->target->column->shape;
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    const void *stored = shape->rerank == SCREE_VECTORS_RERANK_SQ8
                             ? (const void *)decode_sq8(searcher, row, list)
                             : (const void *)row;
    if (shape->rerank == SCREE_VECTORS_RERANK_FP16)
        return shape->metric == SCREE_VECTORS_L2
                   ? kernels->distance2_fp16(stored, values, shape->dim)
                   : -kernels->product_fp16(stored, values, shape->dim);
    return shape->metric == SCREE_VECTORS_L2 ? kernels->distance2_fp32(stored, values, shape->dim)
                                             : -kernels->product_fp32(stored, values, shape->dim);
}

static void prefetch_row(const uint8_t *row, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += 64)
        __builtin_prefetch(row + at);
}

static void compare_rows(struct scree__vectors_searcher *searcher,
                         const struct scree__vectors_want *want, const float *values,
                         uint64_t count)
{
    enum { AHEAD = 3 };
    const uint32_t bytes = scree__vectors_row_bytes(&searcher->target->column->shape);
    for (uint64_t i = 0; i < AHEAD && i < count; i++)
        prefetch_row(searcher->rows[i], bytes);
    for (uint64_t i = 0; i < count; i++) {
        const struct scree__vectors_candidate *candidate = &searcher->candidates[i];
        if (i + AHEAD < count)
            prefetch_row(searcher->rows[i + AHEAD], bytes);
        if (candidate->low > scree__vectors_nearest_limit(&searcher->nearest))
            continue;
        float distance =
            scree__vectors_compare_row(searcher, values, searcher->rows[i], searcher->refs[i].list);
        searcher->done.rows++;
        if (distance <= scree__vectors_compared(searcher->target, want->within))
            scree__vectors_nearest_add(&searcher->nearest, near_of(searcher, candidate, distance));
    }
}

enum scree_status scree__vectors_settle(struct scree__vectors_searcher *searcher,
                                        const struct scree__vectors_want *want, const float *values,
                                        struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    searcher->nearest.count = 0;
    searcher->nearest.k = want->k;
    if (!want->rerank) {
        for (uint64_t i = 0; i < searcher->candidate_count; i++) {
            const struct scree__vectors_candidate *candidate = &searcher->candidates[i];
            if (candidate->estimate <= scree__vectors_compared(target, want->within))
                scree__vectors_nearest_add(&searcher->nearest,
                                           near_of(searcher, candidate, candidate->estimate));
        }
        return SCREE_OK;
    }
    uint64_t count = sort_candidates(searcher, want);
    enum scree_status status = SCREE__VECTORS_GROW(searcher, refs, ref_capacity, count, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, rows, row_capacity, count, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, pins, pin_capacity, count, err);
    if (status != SCREE_OK)
        return status;
    for (uint64_t i = 0; i < count; i++)
        searcher->refs[i] = (struct scree__vectors_row_ref){
            searcher->wanted[searcher->candidates[i].slot], searcher->candidates[i].at};
    status = scree__vectors_svx_rows_take(target->svx, target->at, searcher->refs, (uint32_t)count,
                                          searcher->rows, searcher->pins, err);
    if (status != SCREE_OK)
        return status;
    compare_rows(searcher, want, values, count);
    scree__vectors_svx_rows_give(target->svx, target->at, searcher->pins, (uint32_t)count);
    return SCREE_OK;
}
