/* searcher_rows.c - candidates into results, by their rerank rows where there are some: asked for by one query, compared when the next has been through its codes. */
#include "vectors/searcher_parts.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

/* So many more candidates than results are hardly too many. */
#define SPARE 8u

static uint64_t id_of(const struct scree__vectors_searcher *searcher,
                      const struct scree__vectors_candidate *candidate)
{
    const struct scree__vectors_target *target = searcher->target;
    return scree__vectors_svx_id(target->svx, target->column, &searcher->blocks[candidate->slot],
                                 candidate->at);
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

/* Those that may still be among the nearest stay; how many. Where errors are 0 the lower bounds of the nearest may be the limit itself. */
static uint64_t keep_candidates(struct scree__vectors_searcher *searcher)
{
    struct scree__vectors_candidate *it = searcher->candidates;
    const float limit = scree__vectors_uppers_limit(&searcher->uppers);
    uint64_t count = 0;
    for (uint64_t i = 0; i < searcher->candidate_count; i++) {
        it[count] = it[i];
        count += it[i].low <= limit;
    }
    return count;
}

/* The `most` of `count` with the least lower bounds come first. */
static void choose_candidates(struct scree__vectors_candidate *it, uint64_t count, uint64_t most)
{
    for (uint64_t i = count / 2; i-- > 0;)
        sift_low(it, i, count);
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
}

/* All of them, as compared, into searcher->nearest; distances: room for NEAREST_FEW. */
static void settle_few(struct scree__vectors_searcher *searcher, float within, float *distances,
                       uint64_t *ids, uint32_t all)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all; i++) {
        const float distance = distances[i];
        const uint64_t id = ids[i];
        distances[count] = distance;
        ids[count] = id;
        count += distance <= within;
    }
    scree__vectors_nearest_few(&searcher->nearest, searcher->query.kernels, distances, ids, count);
}

void scree__vectors_settle_by_estimate(struct scree__vectors_searcher *searcher,
                                       const struct scree__vectors_want *want)
{
    const struct scree__vectors_candidate *it = searcher->candidates;
    const float within = scree__vectors_compared(searcher->target, want->within);
    const uint64_t count = keep_candidates(searcher);
    const bool few = count <= SCREE__VECTORS_NEAREST_FEW;
    float distances[SCREE__VECTORS_NEAREST_FEW] = {0};
    uint64_t ids[SCREE__VECTORS_NEAREST_FEW] = {0};
    scree__vectors_nearest_begin(&searcher->nearest, want->k);
    for (uint64_t i = 0; i < count; i++) {
        if (few) {
            distances[i] = it[i].estimate;
            ids[i] = id_of(searcher, &it[i]);
        } else if (it[i].estimate <= within) {
            scree__vectors_nearest_add(
                &searcher->nearest,
                (struct scree__vectors_near){id_of(searcher, &it[i]), it[i].estimate});
        }
    }
    if (few)
        settle_few(searcher, within, distances, ids, (uint32_t)count);
}

static enum scree_status make_room(struct scree__vectors_searcher *searcher, uint64_t count,
                                   struct scree_error *err)
{
    enum scree_status status =
        SCREE__VECTORS_GROW(searcher, unsettled.refs, unsettled.ref_capacity, count, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, unsettled.ids, unsettled.id_capacity, count, err);
    if (status == SCREE_OK)
        status =
            SCREE__VECTORS_GROW(searcher, unsettled.lows, unsettled.low_capacity, count + 16, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, unsettled.rows, unsettled.row_capacity, count, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, unsettled.pins, unsettled.pin_capacity, count, err);
    return status;
}

static void leave(struct scree__vectors_searcher *searcher,
                  const struct scree__vectors_candidate *candidate)
{
    struct scree__vectors_unsettled *left = &searcher->unsettled;
    const uint32_t at = left->count++;
    left->refs[at] =
        (struct scree__vectors_row_ref){searcher->wanted[candidate->slot], candidate->at};
    left->ids[at] = id_of(searcher, candidate);
    left->lows[at] = candidate->low;
}

/* Where there are more than hardly too many, those with the least lower bounds come first: the limit that they make rules out most of the others. */
enum scree_status scree__vectors_leave(struct scree__vectors_searcher *searcher,
                                       const struct scree__vectors_want *want, uint32_t query,
                                       struct scree_error *err)
{
    struct scree__vectors_unsettled *left = &searcher->unsettled;
    struct scree__vectors_candidate *candidates = searcher->candidates;
    uint64_t count = keep_candidates(searcher);
    if (count > want->rerank_most) {
        choose_candidates(candidates, count, want->rerank_most);
        count = want->rerank_most;
    }
    if (count > left->pin_capacity) {
        enum scree_status status = make_room(searcher, count, err);
        if (status != SCREE_OK)
            return status;
    }
    float limit = INFINITY;
    if (count > (uint64_t)want->k + SPARE) {
        for (uint64_t i = 0; i < count; i++)
            left->lows[i] = candidates[i].low;
        limit =
            scree__vectors_limit_for(searcher->query.kernels, left->lows, (uint32_t)count, want->k);
    }
    left->query = query;
    left->count = 0;
    for (uint64_t i = 0; i < count; i++)
        if (candidates[i].low < limit)
            leave(searcher, &candidates[i]);
    for (uint64_t i = 0; i < count && left->count < count; i++)
        if (!(candidates[i].low < limit))
            leave(searcher, &candidates[i]);
    return SCREE_OK;
}

enum scree_status scree__vectors_ask_rows(struct scree__vectors_searcher *searcher,
                                          struct scree_error *err)
{
    struct scree__vectors_unsettled *left = &searcher->unsettled;
    enum scree_status status =
        scree__vectors_svx_rows_take(searcher->target->svx, searcher->target->at, left->refs,
                                     left->count, left->rows, left->pins, err);
    left->there = status == SCREE_OK;
    return status;
}

void scree__vectors_give_rows(struct scree__vectors_searcher *searcher)
{
    struct scree__vectors_unsettled *left = &searcher->unsettled;
    if (left->there)
        scree__vectors_svx_rows_give(searcher->target->svx, searcher->target->at, left->pins,
                                     left->count);
    left->there = false;
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

/* The exact distances, as compared, of some rows. */
static void compare_rows(struct scree__vectors_searcher *searcher, const float *values,
                         const uint32_t *which, uint32_t count, float *distances)
{
    const struct scree__vectors_unsettled *left = &searcher->unsettled;
    const struct scree__vectors_shape *shape = &searcher->target->column->shape;
    const bool distance2 = shape->metric == SCREE_VECTORS_L2;
    const uint8_t *rows[SCREE__VECTORS_ROWS_TOGETHER];
    searcher->done.rows += count;
    if (shape->rerank == SCREE_VECTORS_RERANK_SQ8) {
        for (uint32_t i = 0; i < count; i++)
            distances[i] = scree__vectors_compare_row(searcher, values, left->rows[which[i]],
                                                      left->refs[which[i]].list);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        rows[i] = left->rows[which[i]];
    searcher->query.kernels->rows(rows, count, values, shape->dim,
                                  shape->rerank == SCREE_VECTORS_RERANK_FP16, distance2, distances);
    for (uint32_t i = 0; !distance2 && i < count; i++)
        distances[i] = -distances[i];
}

/* Bytes [begin, end) of some rows. */
static void prefetch_rows(const struct scree__vectors_unsettled *left, uint32_t first,
                          uint32_t count, uint32_t begin, uint32_t end)
{
    for (uint32_t i = first; i < left->count && i < first + count; i++)
        for (uint32_t at = begin; at < end; at += 64)
            __builtin_prefetch(left->rows[i] + at);
}

void scree__vectors_ask_rows_again(const struct scree__vectors_searcher *searcher)
{
    const struct scree__vectors_unsettled *left = &searcher->unsettled;
    const uint32_t bytes = scree__vectors_row_bytes(&searcher->target->column->shape);
    if (left->there)
        prefetch_rows(left, 0, SCREE__VECTORS_ROWS_TOGETHER, 0,
                      bytes < SCREE__VECTORS_ROW_PREFETCHED ? bytes
                                                            : SCREE__VECTORS_ROW_PREFETCHED);
}

/*
 * Some are compared at a time, of large rows few, as the next ones come from memory meanwhile; where there are more than hardly too many, those are left
 * out that can no longer be among the nearest.
 */
void scree__vectors_settle_by_rows(struct scree__vectors_searcher *searcher,
                                   const struct scree__vectors_want *want, const float *values)
{
    enum { LARGE_BYTES = 1024, LARGE_TOGETHER = 4 };
    struct scree__vectors_unsettled *left = &searcher->unsettled;
    const float within = scree__vectors_compared(searcher->target, want->within);
    const uint32_t bytes = scree__vectors_row_bytes(&searcher->target->column->shape);
    const uint32_t most = bytes > LARGE_BYTES ? LARGE_TOGETHER : SCREE__VECTORS_ROWS_TOGETHER;
    const bool few =
        left->count <= (uint64_t)want->k + SPARE && left->count <= SCREE__VECTORS_NEAREST_FEW;
    float distances[SCREE__VECTORS_NEAREST_FEW] = {0};
    uint32_t which[SCREE__VECTORS_ROWS_TOGETHER] = {0}, count;
    scree__vectors_nearest_begin(&searcher->nearest, want->k);
    prefetch_rows(left, 0, most, SCREE__VECTORS_ROW_PREFETCHED, bytes);
    for (uint32_t next = 0; next < left->count;) {
        const float limit = scree__vectors_nearest_limit(&searcher->nearest);
        float *here = few ? distances + next : distances;
        for (count = 0; next < left->count && count < most; next++) {
            which[count] = next;
            count += !(left->lows[next] > limit);
        }
        prefetch_rows(left, next, most, SCREE__VECTORS_ROW_PREFETCHED, bytes);
        compare_rows(searcher, values, which, count, here);
        for (uint32_t i = 0; !few && i < count; i++)
            if (here[i] <= within)
                scree__vectors_nearest_add(
                    &searcher->nearest, (struct scree__vectors_near){left->ids[which[i]], here[i]});
    }
    if (few)
        settle_few(searcher, within, distances, left->ids, left->count);
}
