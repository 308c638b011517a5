/*
 * searcher.c - one query: scree__vectors_probe() chooses lists, scan_lists() gathers candidates from their codes, scree__vectors_settle() orders them.
 */
#include "vectors/searcher_parts.h"
#include "base/error.h"
#include "vectors/filter.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------- columns, memory */

enum scree_status scree__vectors_target_init(struct scree__vectors_target *target,
                                             struct scree__vectors_svx *svx, uint32_t column,
                                             struct scree__mem_budget *budget,
                                             struct scree_error *err)
{
    const struct scree__vectors_column *it = scree__vectors_svx_column(svx, column);
    const struct scree__vectors_shape *shape = &it->shape;
    void *memory = NULL;
    memset(target, 0, sizeof *target);
    target->svx = svx;
    target->budget = budget;
    target->at = column;
    target->column = it;
    target->quantizer = (struct scree__vectors_quantizer){
        shape->dim, shape->padded_dim, shape->bits,
        shape->metric == SCREE_VECTORS_L2 ? SCREE__VECTORS_L2 : SCREE__VECTORS_PRODUCT,
        it->rotation};
    enum scree_status status =
        scree__vectors_lists_init(&target->lists, budget, it->centroids, it->centroid_stride,
                                  it->list_count, shape->dim, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, shape->dim * sizeof(float), &memory, "a column", err);
    target->origin = memory;
    if (status == SCREE_OK)
        scree__vectors_origin(it->centroids, it->centroid_stride, it->list_count, shape->dim,
                              target->origin);
    else
        scree__vectors_target_release(target);
    return status;
}

void scree__vectors_target_release(struct scree__vectors_target *target)
{
    if (target->column != NULL)
        scree__mem_free(target->budget, target->origin, target->column->shape.dim * sizeof(float));
    scree__vectors_lists_release(&target->lists);
    memset(target, 0, sizeof *target);
}

static uint64_t fixed_bytes(const struct scree__vectors_searcher *searcher)
{
    uint64_t floats = SCREE__VECTORS_TOGETHER * (searcher->product_stride + searcher->value_stride);
    return (floats + searcher->value_stride) * sizeof(float);
}

enum scree_status scree__vectors_searcher_init(struct scree__vectors_searcher *searcher,
                                               const struct scree__vectors_target *target,
                                               struct scree_error *err)
{
    void *memory = NULL;
    memset(searcher, 0, sizeof *searcher);
    searcher->target = target;
    searcher->product_stride = (size_t)target->lists.panel_count * SCREE__VECTORS_PANEL;
    searcher->value_stride = (target->column->shape.dim + 15u) / 16 * 16;
    enum scree_status status =
        scree__vectors_query_init(&searcher->query, &target->quantizer, 0, target->budget, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(target->budget, fixed_bytes(searcher), &memory, "a query", err);
    if (status != SCREE_OK) {
        scree__vectors_query_release(&searcher->query);
        return status;
    }
    searcher->products = memory;
    searcher->values = searcher->products + SCREE__VECTORS_TOGETHER * searcher->product_stride;
    searcher->decoded = searcher->values + SCREE__VECTORS_TOGETHER * searcher->value_stride;
    return SCREE_OK;
}

#define FREE_ARRAY(budget, array, capacity) \
    scree__mem_free(budget, (void *)(array), (capacity) * sizeof *(array))

void scree__vectors_searcher_release(struct scree__vectors_searcher *searcher)
{
    if (searcher->target == NULL)
        return;
    struct scree__mem_budget *budget = searcher->target->budget;
    scree__vectors_query_release(&searcher->query);
    scree__mem_free(budget, searcher->products, fixed_bytes(searcher));
    FREE_ARRAY(budget, searcher->probes, searcher->probe_capacity);
    FREE_ARRAY(budget, searcher->blocks, searcher->block_capacity);
    FREE_ARRAY(budget, searcher->wanted, searcher->wanted_capacity);
    FREE_ARRAY(budget, searcher->uppers.values, searcher->upper_capacity);
    FREE_ARRAY(budget, searcher->candidates, searcher->candidate_capacity);
    FREE_ARRAY(budget, searcher->refs, searcher->ref_capacity);
    FREE_ARRAY(budget, searcher->rows, searcher->row_capacity);
    FREE_ARRAY(budget, searcher->pins, searcher->pin_capacity);
    FREE_ARRAY(budget, searcher->nearest.items, searcher->nearest_capacity);
    memset(searcher, 0, sizeof *searcher);
}

static enum scree_status grow_for(struct scree__vectors_searcher *searcher,
                                  const struct scree__vectors_want *want, struct scree_error *err)
{
    uint64_t lists = (uint64_t)want->nprobe * searcher->target->column->segment_count;
    enum scree_status status = SCREE__VECTORS_GROW(searcher, probes, probe_capacity, lists, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, blocks, block_capacity, lists, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, wanted, wanted_capacity, lists, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, uppers.values, upper_capacity, want->k, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, nearest.items, nearest_capacity, want->k, err);
    return status;
}

/* --------------------------------------------------------------------------------- candidates */

static enum scree_status add_candidate(struct scree__vectors_searcher *searcher,
                                       struct scree__vectors_candidate candidate,
                                       struct scree_error *err)
{
    if (searcher->candidate_count == searcher->candidate_capacity) {
        enum scree_status status = SCREE__VECTORS_GROW(searcher, candidates, candidate_capacity,
                                                       searcher->candidate_count + 256, err);
        if (status != SCREE_OK)
            return status;
    }
    searcher->candidates[searcher->candidate_count++] = candidate;
    return SCREE_OK;
}

struct scan {
    struct scree__vectors_searcher *searcher;
    const struct scree__vectors_want *want;
    float within; /* as compared */
    uint32_t slot, extra_bytes;
};

static float limit_of(const struct scan *scan)
{
    float limit = scree__vectors_uppers_limit(&scan->searcher->uppers);
    return limit < scan->within ? limit : scan->within;
}

/* Row `row` of the packs from `first` on: passed by the filter, if there is one. */
static bool is_wanted(const struct scan *scan, uint32_t at)
{
    const struct scree__vectors_target *target = scan->searcher->target;
    return scan->want->filter == NULL ||
           scree__vectors_filter_allows(scan->want->filter, target->svx, target->column,
                                        &scan->searcher->blocks[scan->slot], at);
}

/* From so many hits on, those with the least estimates come first: whole codes of these bring the limit down, which then rules out most of the others. */
#define ORDERED_FROM 32u

/* Hits in the order in which they are looked at. */
static void order_hits(const struct scree__vectors_hits *hits, bool nearest_first, uint8_t *order)
{
    uint8_t rest[SCREE__VECTORS_SCAN_ROWS];
    uint32_t near = 0, far = 0;
    if (!nearest_first || hits->count < ORDERED_FROM) {
        for (uint32_t i = 0; i < hits->count; i++)
            order[i] = (uint8_t)i;
        return;
    }
    for (uint32_t i = 0; i < hits->count; i++) {
        bool is_near = hits->estimate[i] < hits->middling;
        order[near] = rest[far] = (uint8_t)i;
        near += is_near;
        far += !is_near;
    }
    memcpy(order + near, rest, far);
}

struct looked_at {
    uint8_t row[SCREE__VECTORS_WHOLE_ROWS];
    float estimate[SCREE__VECTORS_WHOLE_ROWS], error[SCREE__VECTORS_WHOLE_ROWS];
    uint32_t count;
};

/* The next hits that are still below the limit, from order[*next] on. */
static void gather(const struct scan *scan, uint32_t first, const struct scree__vectors_hits *hits,
                   const uint8_t *order, uint32_t *next, struct looked_at *some)
{
    const struct scree__vectors_block *block = &scan->searcher->blocks[scan->slot];
    const uint8_t *extra = block->extra + (size_t)first * scan->extra_bytes;
    const float limit = limit_of(scan);
    uint32_t i = *next, count = 0;
    for (; i < hits->count && count < SCREE__VECTORS_WHOLE_ROWS; i++) {
        const uint32_t hit = order[i];
        bool near = hits->estimate[hit] - hits->error[hit] < limit;
        if (scan->want->filter != NULL && near)
            near = is_wanted(scan, first + hits->row[hit]);
        if (near && scan->want->whole) {
            __builtin_prefetch(extra + (size_t)hits->row[hit] * scan->extra_bytes);
            __builtin_prefetch(block->extra_factors + 2 * (size_t)(first + hits->row[hit]));
        }
        some->row[count] = hits->row[hit];
        some->estimate[count] = hits->estimate[hit];
        some->error[count] = hits->error[hit];
        count += near;
    }
    some->count = count;
    *next = i;
}

/* Hits of the packs from row `first` on become candidates, after another look at all their bits. */
static enum scree_status take_hits(const struct scan *scan, const uint8_t *pack, uint32_t width,
                                   uint32_t first, const struct scree__vectors_hits *hits,
                                   struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_block *block = &searcher->blocks[scan->slot];
    enum scree_status status = SCREE_OK;
    struct looked_at some;
    uint8_t order[SCREE__VECTORS_SCAN_ROWS];
    order_hits(hits, scan->want->whole, order);
    for (uint32_t next = 0; next < hits->count && status == SCREE_OK;) {
        gather(scan, first, hits, order, &next, &some);
        if (scan->want->whole && some.count > 0) {
            searcher->done.whole_codes += some.count;
            scree__vectors_scan_whole(&searcher->query, pack, width, some.row, some.count,
                                      block->extra + (size_t)first * scan->extra_bytes,
                                      block->extra_factors + 2 * (size_t)first, some.estimate,
                                      some.error);
        }
        for (uint32_t i = 0; i < some.count && status == SCREE_OK; i++) {
            float low = some.estimate[i] - some.error[i];
            if (!(low < limit_of(scan)))
                continue;
            scree__vectors_uppers_add(&searcher->uppers, some.estimate[i] + some.error[i]);
            status = add_candidate(searcher,
                                   (struct scree__vectors_candidate){
                                       low, some.estimate[i], scan->slot, first + some.row[i]},
                                   err);
        }
    }
    return status;
}

static enum scree_status scan_block(const struct scan *scan, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_block *block = &searcher->blocks[scan->slot];
    const uint64_t pack_bytes =
        scree__vectors_pack_bytes(searcher->target->quantizer.padded_dim, SCREE__VECTORS_PACK_ROWS);
    struct scree__vectors_hits hits;
    enum scree_status status = SCREE_OK;
    uint32_t rows, width;
    for (uint32_t first = 0; first < block->count && status == SCREE_OK; first += rows) {
        uint32_t p = first / SCREE__VECTORS_PACK_ROWS;
        width = scree__vectors_pack_width(block->count, p);
        rows = block->count - first;
        if (rows > SCREE__VECTORS_SCAN_ROWS)
            rows = SCREE__VECTORS_SCAN_ROWS;
        else if (rows > SCREE__VECTORS_PACK_ROWS &&
                 scree__vectors_pack_width(block->count, p + 1) != SCREE__VECTORS_PACK_ROWS)
            rows = SCREE__VECTORS_PACK_ROWS;
        const uint8_t *pack = block->packs + p * pack_bytes;
        scree__vectors_scan_packs(&searcher->query, pack, width, rows, limit_of(scan), &hits);
        if (hits.count > 0)
            status = take_hits(scan, pack, width, first, &hits, err);
    }
    searcher->done.codes += block->count;
    return status;
}

/* The first bytes of what comes next; the processor sees by itself how it goes on. */
static void prefetch_list(const struct scree__vectors_block *block)
{
    enum { LINES = 16 };
    for (uint32_t i = 0; i < LINES; i++)
        __builtin_prefetch(block->packs + 64 * (size_t)i);
}

static enum scree_status scan_lists(struct scree__vectors_searcher *searcher,
                                    const struct scree__vectors_want *want, uint32_t count,
                                    struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    const struct scree__vectors_shape *shape = &target->column->shape;
    struct scan scan = {searcher, want, scree__vectors_compared(target, want->within), 0,
                        scree__vectors_extra_bytes(shape->padded_dim, shape->bits)};
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        struct scree__vectors_probe it = searcher->probes[i];
        if (scree__vectors_beyond(target, it, searcher->length, limit_of(&scan)))
            continue;
        scan.slot = i;
        if (i + 1 < count)
            prefetch_list(&searcher->blocks[i + 1]);
        scree__vectors_query_list(&searcher->query, it.distance2, it.product);
        status = scan_block(&scan, err);
        searcher->done.lists++;
    }
    return status;
}

/* ------------------------------------------------------------------------------------- queries */

/* Copies a query, to length 1 for cosine. */
static enum scree_status take_query(struct scree__vectors_searcher *searcher, const float *query,
                                    float *values, struct scree_error *err)
{
    const struct scree__vectors_shape *shape = &searcher->target->column->shape;
    double square = 0;
    for (uint32_t d = 0; d < shape->dim; d++) {
        if (!(fabsf(query[d]) <= 1e16f))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "value %u of the query is %g: expected at most 1e16", d,
                                    (double)query[d]);
        square += (double)query[d] * query[d];
    }
    memcpy(values, query, shape->dim * sizeof *values);
    if (shape->metric != SCREE_VECTORS_COSINE)
        return SCREE_OK;
    if (!(square > 0))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a query of zeros has no cosine");
    float by = (float)(1 / sqrt(square));
    for (uint32_t d = 0; d < shape->dim; d++)
        values[d] *= by;
    return SCREE_OK;
}

static enum scree_status run_one(struct scree__vectors_searcher *searcher,
                                 const struct scree__vectors_want *want, const float *values,
                                 const float *products, struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    uint32_t count = scree__vectors_probe(searcher, want, values, products);
    for (uint32_t i = 0; i < count; i++)
        searcher->wanted[i] = searcher->probes[i].list;
    enum scree_status status = scree__vectors_svx_lists_take(
        target->svx, target->at, searcher->wanted, count, want->whole, searcher->blocks, err);
    if (status != SCREE_OK)
        return status;
    searcher->uppers.count = 0;
    searcher->uppers.k = want->k;
    searcher->candidate_count = 0;
    searcher->query.deviations = want->deviations;
    scree__vectors_query_set(&searcher->query, values, target->origin);
    status = scan_lists(searcher, want, count, err);
    if (status == SCREE_OK)
        status = scree__vectors_settle(searcher, want, values, err);
    scree__vectors_svx_lists_give(target->svx, searcher->blocks, count);
    return status;
}

static void give_results(struct scree__vectors_searcher *searcher,
                         const struct scree__vectors_want *want, uint64_t *ids, float *distances,
                         uint32_t *count)
{
    scree__vectors_nearest_sort(&searcher->nearest);
    *count = searcher->nearest.count;
    for (uint32_t i = 0; i < want->k; i++) {
        bool there = i < *count;
        ids[i] = there ? searcher->nearest.items[i].id : UINT64_MAX;
        distances[i] =
            there ? scree__vectors_given(searcher->target, searcher->nearest.items[i].distance)
                  : INFINITY;
    }
}

enum scree_status scree__vectors_searcher_run(struct scree__vectors_searcher *searcher,
                                              const struct scree__vectors_want *want,
                                              const float *queries, uint32_t count, uint64_t *ids,
                                              float *distances, uint32_t *counts,
                                              struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    const uint32_t dim = target->column->shape.dim;
    enum scree_status status = grow_for(searcher, want, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = take_query(searcher, queries + (size_t)i * dim,
                            searcher->values + i * searcher->value_stride, err);
    if (status != SCREE_OK)
        return status;
    searcher->query.kernels->products(&target->lists, searcher->values, searcher->value_stride,
                                      count, searcher->products, searcher->product_stride);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        status = run_one(searcher, want, searcher->values + i * searcher->value_stride,
                         searcher->products + i * searcher->product_stride, err);
        if (status == SCREE_OK)
            give_results(searcher, want, ids + (size_t)i * want->k, distances + (size_t)i * want->k,
                         counts + i);
    }
    return status;
}

enum scree_status scree__vectors_searcher_probe(struct scree__vectors_searcher *searcher,
                                                const struct scree__vectors_want *want,
                                                const float *query, uint32_t *count,
                                                struct scree_error *err)
{
    enum scree_status status = grow_for(searcher, want, err);
    if (status == SCREE_OK)
        status = take_query(searcher, query, searcher->values, err);
    if (status != SCREE_OK)
        return status;
    searcher->query.kernels->products(&searcher->target->lists, searcher->values,
                                      searcher->value_stride, 1, searcher->products,
                                      searcher->product_stride);
    *count = scree__vectors_probe(searcher, want, searcher->values, searcher->products);
    return SCREE_OK;
}
