/*
 * eval.c - how well a column is found: take_queries(), find_truth() by all rows, then searches with more and more lists.
 */
#include "scree/vectors.h"
#include "base/error.h"
#include "par/context.h"
#include "vectors/draw.h"
#include "vectors/half.h"
#include "vectors/searching.h"
#include "vectors/searcher_parts.h"

#include <math.h>
#include <string.h>

#define ROWS_AT_ONCE 512u /* of a list, when all are read */

struct eval {
    struct scree_vectors_index *index;
    struct scree__mem_budget *budget;
    struct scree_vectors_eval_options options; /* whole, of whatever version the caller's are */
    struct scree_vectors_search_options search;
    const struct scree__vectors_column *column;
    struct scree__vectors_target *target;
    uint32_t at, k;
    uint64_t count; /* of queries */
    float *queries; /* [count][dim], of length 1 for cosine */
    uint64_t *own;  /* [count]: ids of the queries themselves; UINT64_MAX: not of the index */
    struct scree__vectors_near *items;    /* [count][k]: the truth, a heap, then sorted */
    struct scree__vectors_nearest *truth; /* [count] */
    uint64_t *ids;                        /* [count][k + 1]: what was found */
    float *distances;
    const uint8_t **rows; /* [ROWS_AT_ONCE] of the list that is read */
    void **pins;
    struct scree__vectors_row_ref *refs;
    uint64_t *row_ids; /* UINT64_MAX: deleted */
    uint32_t list, row_count;
    struct scree__vectors_idle
        *idle; /* for its kernels, shared by threads: rows of floats need no working memory */
};

void scree_vectors_eval_options_init(struct scree_vectors_eval_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->query_count = 200;
    options->seed = 1;
}

struct block {
    void **at;
    uint64_t bytes;
};

static unsigned blocks_of(struct eval *eval, struct block blocks[10])
{
    const uint64_t n = eval->count, found = n * (eval->k + 1), dim = eval->column->shape.dim;
    unsigned i = 0;
    blocks[i++] = (struct block){(void **)&eval->queries, n * dim * sizeof(float)};
    blocks[i++] = (struct block){(void **)&eval->own, n * sizeof(uint64_t)};
    blocks[i++] = (struct block){(void **)&eval->items, n * eval->k * sizeof *eval->items};
    blocks[i++] = (struct block){(void **)&eval->truth, n * sizeof *eval->truth};
    blocks[i++] = (struct block){(void **)&eval->ids, found * sizeof(uint64_t)};
    blocks[i++] = (struct block){(void **)&eval->distances, found * sizeof(float)};
    blocks[i++] = (struct block){(void **)&eval->rows, ROWS_AT_ONCE * sizeof *eval->rows};
    blocks[i++] = (struct block){(void **)&eval->pins, ROWS_AT_ONCE * sizeof *eval->pins};
    blocks[i++] = (struct block){(void **)&eval->refs, ROWS_AT_ONCE * sizeof *eval->refs};
    blocks[i++] = (struct block){(void **)&eval->row_ids, ROWS_AT_ONCE * sizeof(uint64_t)};
    return i;
}

static enum scree_status take_memory(struct eval *eval, struct scree_error *err)
{
    struct block blocks[10];
    enum scree_status status = SCREE_OK;
    for (unsigned i = blocks_of(eval, blocks); i-- > 0 && status == SCREE_OK;)
        status =
            scree__mem_alloc(eval->budget, blocks[i].bytes, blocks[i].at, "an evaluation", err);
    return status;
}

static void give_memory(struct eval *eval)
{
    struct block blocks[10];
    for (unsigned i = blocks_of(eval, blocks); i-- > 0;)
        scree__mem_free(eval->budget, *blocks[i].at, blocks[i].bytes);
}

/* ------------------------------------------------------------------------------- rows of a list */

static enum scree_status rows_take(struct eval *eval, uint32_t list, uint32_t first, uint32_t count,
                                   struct scree_error *err)
{
    struct scree__vectors_svx *svx = eval->index->svx;
    struct scree__vectors_block block;
    enum scree_status status =
        scree__vectors_svx_lists_take(svx, eval->at, &list, 1, false, &block, err);
    if (status != SCREE_OK)
        return status;
    for (uint32_t i = 0; i < count; i++) {
        eval->refs[i] = (struct scree__vectors_row_ref){list, first + i};
        eval->row_ids[i] = scree__vectors_svx_id(svx, eval->column, &block, first + i);
        if (scree__vectors_svx_deleted(svx, block.segment, eval->row_ids[i]))
            eval->row_ids[i] = UINT64_MAX;
    }
    scree__vectors_svx_lists_give(svx, &block, 1);
    eval->list = list;
    eval->row_count = count;
    return scree__vectors_svx_rows_take(svx, eval->at, eval->refs, count, eval->rows, eval->pins,
                                        err);
}

static void rows_give(struct eval *eval)
{
    scree__vectors_svx_rows_give(eval->index->svx, eval->at, eval->pins, eval->row_count);
}

static void decode_row(const struct eval *eval, const uint8_t *row, float *values)
{
    const struct scree__vectors_shape *shape = &eval->column->shape;
    if (shape->rerank == SCREE_VECTORS_RERANK_FP32) {
        memcpy(values, row, shape->dim * sizeof *values);
        return;
    }
    for (uint32_t d = 0; d < shape->dim; d++) {
        uint16_t half;
        memcpy(&half, row + 2 * (size_t)d, sizeof half);
        values[d] = scree__vectors_half_to_float(half);
    }
}

/* ------------------------------------------------------------------------------------- queries */

static enum scree_status choose_queries(struct eval *eval, struct scree_error *err)
{
    const uint32_t dim = eval->column->shape.dim;
    uint64_t seed = eval->options.seed;
    for (uint64_t i = 0; i < eval->count; i++) {
        uint64_t at = scree__vectors_draw_below(&seed, eval->column->vector_count);
        uint32_t list = 0;
        while (at >= eval->column->lists[list].count)
            at -= eval->column->lists[list++].count;
        enum scree_status status = rows_take(eval, list, (uint32_t)at, 1, err);
        if (status != SCREE_OK)
            return status;
        decode_row(eval, eval->rows[0], eval->queries + i * dim);
        eval->own[i] = eval->row_ids[0];
        rows_give(eval);
    }
    return SCREE_OK;
}

static enum scree_status take_queries(struct eval *eval, struct scree_error *err)
{
    const uint64_t dim = eval->column->shape.dim;
    for (uint64_t i = 0; i < eval->count; i++) {
        eval->own[i] = UINT64_MAX;
        eval->truth[i] =
            (struct scree__vectors_nearest){eval->items + i * eval->k, 0, eval->k, false};
    }
    if (eval->options.queries == NULL)
        return choose_queries(eval, err);
    memcpy(eval->queries, eval->options.queries, eval->count * dim * sizeof *eval->queries);
    for (uint64_t i = 0; i < eval->count && eval->column->shape.metric == SCREE_VECTORS_COSINE;
         i++) {
        float *query = eval->queries + i * dim;
        double square = 0;
        for (uint64_t d = 0; d < dim; d++)
            square += (double)query[d] * query[d];
        float by = square > 0 ? (float)(1 / sqrt(square)) : 0;
        for (uint64_t d = 0; d < dim; d++)
            query[d] *= by;
    }
    return SCREE_OK;
}

/* --------------------------------------------------------------------------------------- truth */

static enum scree_status compare_query(void *arg, uint64_t query, unsigned worker,
                                       struct scree_error *err)
{
    struct eval *eval = arg;
    const float *values = eval->queries + query * eval->column->shape.dim;
    (void)worker;
    (void)err;
    for (uint32_t i = 0; i < eval->row_count; i++) {
        if (eval->row_ids[i] == eval->own[query] || eval->row_ids[i] == UINT64_MAX)
            continue;
        float distance =
            scree__vectors_compare_row(&eval->idle->searcher, values, eval->rows[i], eval->list);
        scree__vectors_nearest_add(&eval->truth[query],
                                   (struct scree__vectors_near){eval->row_ids[i], distance});
    }
    return SCREE_OK;
}

static enum scree_status for_queries(struct eval *eval, struct scree_error *err)
{
    if (eval->index->context != NULL)
        return scree__par_for(scree__par_pool(eval->index->context), eval->count, compare_query,
                              eval, err);
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < eval->count && status == SCREE_OK; i++)
        status = compare_query(eval, i, 0, err);
    return status;
}

static enum scree_status find_truth(struct eval *eval, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t list = 0; list < scree__vectors_all_lists(eval->column) && status == SCREE_OK;
         list++) {
        uint32_t count = eval->column->lists[list].count;
        for (uint32_t first = 0; first < count && status == SCREE_OK; first += ROWS_AT_ONCE) {
            uint32_t left = count - first;
            status = rows_take(eval, list, first, left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE, err);
            if (status != SCREE_OK)
                return status;
            status = for_queries(eval, err);
            rows_give(eval);
        }
    }
    return status;
}

/* -------------------------------------------------------------------------------------- recall */

static float recall_of(const struct eval *eval)
{
    uint64_t found = 0, wanted = 0;
    for (uint64_t i = 0; i < eval->count; i++) {
        const struct scree__vectors_nearest *truth = &eval->truth[i];
        const uint64_t *ids = eval->ids + i * (eval->k + 1);
        uint32_t taken = 0;
        wanted += truth->count;
        for (uint32_t j = 0; j <= eval->k && taken < eval->k; j++) {
            if (ids[j] == eval->own[i])
                continue;
            taken++;
            for (uint32_t t = 0; t < truth->count; t++)
                if (truth->items[t].id == ids[j]) {
                    found++;
                    break;
                }
        }
    }
    return wanted == 0 ? 1 : (float)((double)found / (double)wanted);
}

/* 1, 2, 3, 4, 6, 8, 12 ... */
static uint32_t next_probes(uint32_t nprobe)
{
    if (nprobe < 4)
        return nprobe + 1;
    return (nprobe & (nprobe - 1)) == 0 ? nprobe / 2 * 3 : nprobe / 3 * 4;
}

static enum scree_status try_probes(struct eval *eval, struct scree_vectors_eval_point *points,
                                    uint32_t *count, struct scree_error *err)
{
    struct scree_vectors_search_options options = eval->search;
    options.k = eval->k + 1;
    uint32_t nprobe = 1;
    for (*count = 0; *count < SCREE_VECTORS_EVAL_POINTS;) {
        struct scree_vectors_search_statistics done;
        bool all = nprobe >= eval->column->list_count;
        options.nprobe = all ? eval->column->list_count : nprobe;
        enum scree_status status =
            scree_vectors_search(eval->index, &options, eval->queries, eval->count, eval->ids,
                                 eval->distances, NULL, &done, err);
        if (status != SCREE_OK)
            return status;
        float recall = recall_of(eval);
        points[(*count)++] = (struct scree_vectors_eval_point){
            options.nprobe, recall, (float)done.code_count / (float)eval->count,
            (float)done.row_count / (float)eval->count};
        if (all || recall >= 0.9995f)
            break;
        nprobe = next_probes(nprobe);
    }
    return SCREE_OK;
}

enum scree_status scree_vectors_eval(struct scree_vectors_index *index,
                                     const struct scree_vectors_eval_options *given,
                                     struct scree_vectors_eval_point *points, uint32_t *count,
                                     struct scree_error *err)
{
    struct scree__vectors_want want;
    struct eval eval = {.index = index, .budget = index->searching->budget};
    scree_vectors_eval_options_init(&eval.options);
    memcpy(&eval.options, given,
           given->size < sizeof eval.options ? given->size : sizeof eval.options);
    scree__vectors_search_options_take(&eval.search, eval.options.search);
    struct scree_vectors_search_options once = eval.search;
    once.nprobe = 1;
    enum scree_status status =
        scree__vectors_want_set(index->searching, &once, &eval.at, &want, err);
    if (status != SCREE_OK)
        return status;
    eval.target = &index->searching->columns[eval.at].target;
    eval.column = eval.target->column;
    eval.k = want.k;
    eval.count = eval.options.query_count;
    enum scree_vectors_rerank rerank = eval.column->shape.rerank;
    if (rerank != SCREE_VECTORS_RERANK_FP32 && rerank != SCREE_VECTORS_RERANK_FP16)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "column '%s' has no rows of floats: without them the nearest are "
                                "not known exactly",
                                eval.column->name);
    if (eval.count == 0 || eval.column->vector_count == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "an evaluation needs queries and vectors");
    status = scree__vectors_searcher_take(index->searching, eval.at, &eval.idle, err);
    if (status != SCREE_OK)
        return status;
    status = take_memory(&eval, err);
    if (status == SCREE_OK)
        status = take_queries(&eval, err);
    if (status == SCREE_OK)
        status = find_truth(&eval, err);
    if (status == SCREE_OK)
        status = try_probes(&eval, points, count, err);
    give_memory(&eval);
    scree__vectors_searcher_give(index->searching, eval.at, eval.idle, NULL);
    return status;
}
