/*
 * searcher.c - queries: scree__vectors_probe() chooses lists, scree__vectors_scan_lists() gathers candidates from their codes, scree__vectors_leave() and
 * scree__vectors_settle_by_rows() order them by rows.
 */
#include "vectors/searcher_parts.h"
#include "base/error.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------- columns, memory */

/* Lists that are worth it. */
#define ROUGH_FROM 64u

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
    if (status == SCREE_OK && shape->metric != SCREE_VECTORS_IP && it->list_count >= ROUGH_FROM)
        status =
            scree__vectors_rough_init(&target->rough, budget, &target->quantizer, it->centroids,
                                      it->centroid_stride, it->list_count, target->origin, err);
    if (status != SCREE_OK)
        scree__vectors_target_release(target);
    return status;
}

void scree__vectors_target_release(struct scree__vectors_target *target)
{
    if (target->column != NULL)
        scree__mem_free(target->budget, target->origin, target->column->shape.dim * sizeof(float));
    scree__vectors_lists_release(&target->lists);
    scree__vectors_rough_release(&target->rough);
    memset(target, 0, sizeof *target);
}

static uint64_t fixed_bytes(const struct scree__vectors_searcher *searcher)
{
    uint64_t floats = SCREE__VECTORS_TOGETHER * (searcher->product_stride + searcher->value_stride);
    return (floats + 2 * searcher->key_stride + searcher->value_stride) * sizeof(float);
}

enum scree_status scree__vectors_searcher_init(struct scree__vectors_searcher *searcher,
                                               const struct scree__vectors_target *target,
                                               struct scree_error *err)
{
    void *memory = NULL;
    memset(searcher, 0, sizeof *searcher);
    searcher->target = target;
    searcher->product_stride = (size_t)target->lists.panel_count * SCREE__VECTORS_PANEL;
    searcher->key_stride = searcher->product_stride > target->rough.padded_count
                               ? searcher->product_stride
                               : target->rough.padded_count;
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
    searcher->keys = searcher->values + SCREE__VECTORS_TOGETHER * searcher->value_stride;
    searcher->lower = searcher->keys + searcher->key_stride;
    searcher->decoded = searcher->lower + searcher->key_stride;
    searcher->query.rough = target->rough.codes != NULL;
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
    FREE_ARRAY(budget, searcher->near_lists, searcher->near_list_capacity);
    FREE_ARRAY(budget, searcher->uppers.values, searcher->upper_capacity);
    FREE_ARRAY(budget, searcher->candidates, searcher->candidate_capacity);
    const struct scree__vectors_unsettled *left = &searcher->unsettled;
    FREE_ARRAY(budget, left->refs, left->ref_capacity);
    FREE_ARRAY(budget, left->ids, left->id_capacity);
    FREE_ARRAY(budget, left->lows, left->low_capacity);
    FREE_ARRAY(budget, left->rows, left->row_capacity);
    FREE_ARRAY(budget, left->pins, left->pin_capacity);
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
        status = SCREE__VECTORS_GROW(searcher, near_lists, near_list_capacity,
                                     searcher->key_stride + 16, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, uppers.values, upper_capacity,
                                     want->k + SCREE__VECTORS_UPPERS_IN_ORDER, err);
    if (status == SCREE_OK)
        status = SCREE__VECTORS_GROW(searcher, nearest.items, nearest_capacity, want->k, err);
    return status;
}

/* ------------------------------------------------------------------------------------- queries */

static enum scree_status check_query(const float *query, uint32_t dim, struct scree_error *err)
{
    for (uint32_t d = 0; d < dim; d++)
        if (!(fabsf(query[d]) <= 1e16f))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "value %u of the query is %g: expected at most 1e16", d,
                                    (double)query[d]);
    return SCREE_OK;
}

/* Squared length; where floats do not hold it, exactly enough all the same. */
static double square_of(const struct scree__vectors_searcher *searcher, const float *query,
                        uint32_t dim)
{
    float square = searcher->query.kernels->product_fp32(query, query, dim);
    if (square >= 1e-24f)
        return square;
    double exact = 0;
    for (uint32_t d = 0; d < dim; d++)
        exact += (double)query[d] * query[d];
    return exact;
}

/* Copies a query, to length 1 for cosine. */
static enum scree_status take_query(struct scree__vectors_searcher *searcher, const float *query,
                                    float *values, struct scree_error *err)
{
    const struct scree__vectors_shape *shape = &searcher->target->column->shape;
    /* A sum of squares below the largest value's square has no larger value in it. */
    double square = square_of(searcher, query, shape->dim);
    if (!(square <= 1e31)) {
        enum scree_status status = check_query(query, shape->dim, err);
        if (status != SCREE_OK)
            return status;
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

/* A call of scree__vectors_searcher_run(). */
struct run {
    struct scree__vectors_searcher *searcher;
    const struct scree__vectors_want *want;
    uint64_t *ids;
    float *distances;
    uint32_t *counts;
};

static const float *values_of(const struct run *run, uint32_t query)
{
    return run->searcher->values + query * run->searcher->value_stride;
}

static void give_results(const struct run *run, uint32_t query)
{
    struct scree__vectors_searcher *searcher = run->searcher;
    const struct scree__vectors_nearest *nearest = &searcher->nearest;
    uint64_t *ids = run->ids + (size_t)query * run->want->k;
    float *distances = run->distances + (size_t)query * run->want->k;
    scree__vectors_nearest_sort(&searcher->nearest);
    for (uint32_t i = 0; i < nearest->count; i++) {
        ids[i] = nearest->items[i].id;
        distances[i] = scree__vectors_given(searcher->target, nearest->items[i].distance);
    }
    for (uint32_t i = nearest->count; i < run->want->k; i++) {
        ids[i] = UINT64_MAX;
        distances[i] = INFINITY;
    }
    run->counts[query] = nearest->count;
}

/* The query before, whose rows have come meanwhile. */
static void settle_last(const struct run *run)
{
    struct scree__vectors_searcher *searcher = run->searcher;
    const uint32_t query = searcher->unsettled.query;
    if (!searcher->unsettled.there)
        return;
    scree__vectors_settle_by_rows(searcher, run->want, values_of(run, query));
    scree__vectors_give_rows(searcher);
    give_results(run, query);
}

/* Where there is no room for these beside the rows of the query before, that one goes first. */
static enum scree_status take_blocks(const struct run *run, uint32_t count, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = run->searcher;
    const struct scree__vectors_target *target = searcher->target;
    for (uint32_t i = 0; i < count; i++)
        searcher->wanted[i] = searcher->probes[i].list;
    for (;;) {
        enum scree_status status =
            scree__vectors_svx_lists_take(target->svx, target->at, searcher->wanted, count,
                                          run->want->whole, searcher->blocks, err);
        if (!searcher->unsettled.there || (status != SCREE_E_BUDGET && status != SCREE_E_MEMORY))
            return status;
        settle_last(run);
    }
}

static enum scree_status run_one(const struct run *run, uint32_t query, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = run->searcher;
    const struct scree__vectors_target *target = searcher->target;
    const float *values = values_of(run, query);
    searcher->query.deviations = run->want->deviations;
    scree__vectors_query_set(&searcher->query, values, target->origin);
    const uint32_t count = scree__vectors_probe(
        searcher, run->want, values, searcher->products + query * searcher->product_stride);
    enum scree_status status = take_blocks(run, count, err);
    if (status != SCREE_OK)
        return status;
    scree__vectors_uppers_begin(&searcher->uppers, run->want->k);
    searcher->candidate_count = 0;
    scree__vectors_ask_rows_again(searcher);
    status = scree__vectors_scan_lists(searcher, run->want, count, err);
    settle_last(run);
    if (status == SCREE_OK && run->want->rerank) {
        status = scree__vectors_leave(searcher, run->want, query, err);
    } else if (status == SCREE_OK) {
        scree__vectors_settle_by_estimate(searcher, run->want);
        give_results(run, query);
    }
    scree__vectors_svx_lists_give(target->svx, searcher->blocks, count);
    if (status == SCREE_OK && run->want->rerank)
        status = scree__vectors_ask_rows(searcher, err);
    return status;
}

enum scree_status scree__vectors_searcher_run(struct scree__vectors_searcher *searcher,
                                              const struct scree__vectors_want *want,
                                              const float *queries, uint32_t count, uint64_t *ids,
                                              float *distances, uint32_t *counts,
                                              struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    const struct run run = {searcher, want, ids, distances, counts};
    const uint32_t dim = target->column->shape.dim;
    enum scree_status status = grow_for(searcher, want, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = take_query(searcher, queries + (size_t)i * dim,
                            searcher->values + i * searcher->value_stride, err);
    if (status != SCREE_OK)
        return status;
    if (!scree__vectors_probes_roughly(target, want))
        searcher->query.kernels->products(&target->lists, searcher->values, searcher->value_stride,
                                          count, searcher->products, searcher->product_stride);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = run_one(&run, i, err);
    if (status == SCREE_OK)
        settle_last(&run);
    else
        scree__vectors_give_rows(searcher);
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
    scree__vectors_query_set(&searcher->query, searcher->values, searcher->target->origin);
    searcher->query.kernels->products(&searcher->target->lists, searcher->values,
                                      searcher->value_stride, 1, searcher->products,
                                      searcher->product_stride);
    *count = scree__vectors_probe(searcher, want, searcher->values, searcher->products);
    return SCREE_OK;
}
