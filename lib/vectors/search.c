/* search.c - an opened index for callers, and queries by the dozen. */
#include "scree/vectors.h"
#include "base/error.h"
#include "par/context.h"
#include "vectors/filter.h"
#include "vectors/index.h"

#include <math.h>
#include <string.h>

void scree_vectors_index_options_init(struct scree_vectors_index_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

void scree_vectors_search_options_init(struct scree_vectors_search_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->k = 10;
    options->deviations = 1.9f;
    options->within = INFINITY;
}

/* --------------------------------------------------------------------------------- open, close */

static uint64_t cache_bytes(struct scree_context *context,
                            const struct scree_vectors_index_options *options)
{
    const uint64_t most = (uint64_t)256 << 20;
    if (options != NULL && options->cache_bytes > 0)
        return options->cache_bytes;
    uint64_t half = context == NULL ? most : scree_context_budget_bytes(context) / 2;
    return half < most ? half : most;
}

static enum scree_status open_over(struct scree_context *context, struct scree_source *source,
                                   bool own, const struct scree_vectors_index_options *options,
                                   struct scree_vectors_index **out, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree__vectors_svx_options svx_options = {context, cache_bytes(context, options)};
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree_vectors_index), &memory, "an index", err);
    if (status != SCREE_OK) {
        if (own)
            scree_source_close(source);
        return status;
    }
    struct scree_vectors_index *index = memory;
    memset(index, 0, sizeof *index);
    index->context = context;
    index->budget = budget;
    index->source = own ? source : NULL;
    scree__par_lock_init(&index->lock);
    status = scree__vectors_svx_open(source, &svx_options, &index->svx, err);
    if (status == SCREE_OK) {
        index->column_count = scree__vectors_svx_column_count(index->svx);
        status = scree__mem_alloc(budget, index->column_count * sizeof *index->columns,
                                  (void **)&index->columns, "an index", err);
        if (status == SCREE_OK)
            memset(index->columns, 0, index->column_count * sizeof *index->columns);
    }
    if (status != SCREE_OK) {
        scree_vectors_index_close(index);
        return status;
    }
    *out = index;
    return SCREE_OK;
}

enum scree_status scree_vectors_index_open(struct scree_context *context, const char *location,
                                           const struct scree_vectors_index_options *options,
                                           struct scree_vectors_index **index,
                                           struct scree_error *err)
{
    struct scree_source *source;
    enum scree_status status =
        scree_source_open(location, options == NULL ? NULL : options->source_options, &source, err);
    return status == SCREE_OK ? open_over(context, source, true, options, index, err) : status;
}

enum scree_status scree_vectors_index_open_source(struct scree_context *context,
                                                  struct scree_source *source,
                                                  const struct scree_vectors_index_options *options,
                                                  struct scree_vectors_index **index,
                                                  struct scree_error *err)
{
    return open_over(context, source, false, options, index, err);
}

static void free_searcher(struct scree_vectors_index *index, struct scree__vectors_idle *idle)
{
    scree__vectors_searcher_release(&idle->searcher);
    scree__mem_free(index->budget, idle, sizeof *idle);
}

void scree_vectors_index_close(struct scree_vectors_index *index)
{
    if (index == NULL)
        return;
    for (uint32_t i = 0; index->columns != NULL && i < index->column_count; i++) {
        struct scree__vectors_open_column *column = &index->columns[i];
        while (column->idle != NULL) {
            struct scree__vectors_idle *idle = column->idle;
            column->idle = idle->next;
            free_searcher(index, idle);
        }
        if (column->ready)
            scree__vectors_target_release(&column->target);
    }
    scree__mem_free(index->budget, index->columns, index->column_count * sizeof *index->columns);
    scree__vectors_svx_close(index->svx);
    scree_source_close(index->source);
    scree__par_lock_release(&index->lock);
    scree__mem_free(index->budget, index, sizeof *index);
}

uint32_t scree_vectors_index_column_count(const struct scree_vectors_index *index)
{
    return index->column_count;
}

enum scree_status scree_vectors_index_column(const struct scree_vectors_index *index,
                                             const char *name,
                                             struct scree_vectors_column_view *view,
                                             struct scree_error *err)
{
    uint32_t at;
    enum scree_status status = scree__vectors_svx_find(index->svx, name, &at, err);
    if (status != SCREE_OK)
        return status;
    const struct scree__vectors_column *column = scree__vectors_svx_column(index->svx, at);
    *view = (struct scree_vectors_column_view){
        column->name,       column->vector_count, column->shape.dim,   column->shape.bits,
        column->list_count, column->shape.metric, column->shape.rerank};
    return SCREE_OK;
}

/* ------------------------------------------------------------------------ searchers, for reuse */

/* Panels of centroids are made when a column is first searched. */
static enum scree_status ready_column(struct scree_vectors_index *index, uint32_t at,
                                      struct scree_error *err)
{
    struct scree__vectors_open_column *column = &index->columns[at];
    enum scree_status status = SCREE_OK;
    scree__par_lock_take(&index->lock);
    if (!column->ready) {
        status = scree__vectors_target_init(&column->target, index->svx, at, index->budget, err);
        column->ready = status == SCREE_OK;
    }
    scree__par_lock_give(&index->lock);
    return status;
}

enum scree_status scree__vectors_searcher_take(struct scree_vectors_index *index, uint32_t at,
                                               struct scree__vectors_idle **out,
                                               struct scree_error *err)
{
    struct scree__vectors_open_column *column = &index->columns[at];
    scree__par_lock_take(&index->lock);
    *out = column->idle;
    if (*out != NULL)
        column->idle = (*out)->next;
    scree__par_lock_give(&index->lock);
    if (*out != NULL)
        return SCREE_OK;
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(index->budget, sizeof **out, &memory, "a query", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_idle *fresh = memory;
    status = scree__vectors_searcher_init(&fresh->searcher, &column->target, err);
    if (status != SCREE_OK) {
        scree__mem_free(index->budget, fresh, sizeof *fresh);
        return status;
    }
    *out = fresh;
    return SCREE_OK;
}

void scree__vectors_searcher_give(struct scree_vectors_index *index, uint32_t at,
                                  struct scree__vectors_idle *idle,
                                  struct scree_vectors_search_statistics *statistics)
{
    struct scree__vectors_open_column *column = &index->columns[at];
    struct scree__vectors_done *done = &idle->searcher.done;
    scree__par_lock_take(&index->lock);
    if (statistics != NULL) {
        statistics->list_count += done->lists;
        statistics->code_count += done->codes;
        statistics->whole_code_count += done->whole_codes;
        statistics->row_count += done->rows;
    }
    memset(done, 0, sizeof *done);
    idle->next = column->idle;
    column->idle = idle;
    scree__par_lock_give(&index->lock);
}

/* -------------------------------------------------------------------------------------- options */

/* The least nprobe that was found to reach the recall, for k or the next larger one that was tried. 0: none. */
static uint32_t probes_for(const struct scree__vectors_column *column, uint32_t k, float recall)
{
    uint32_t best = 0, best_k = UINT32_MAX;
    for (uint32_t i = 0; i < column->recall_count; i++) {
        const struct scree__vectors_recall_point *point = &column->recalls[i];
        if (point->recall < recall || point->k < k)
            continue;
        if (point->k < best_k || (point->k == best_k && point->nprobe < best)) {
            best = point->nprobe;
            best_k = point->k;
        }
    }
    return best;
}

static enum scree_status choose_probes(const struct scree__vectors_column *column,
                                       const struct scree_vectors_search_options *options,
                                       uint32_t *nprobe, struct scree_error *err)
{
    *nprobe = options->nprobe;
    if (*nprobe == 0)
        *nprobe = probes_for(column, options->k, options->recall > 0 ? options->recall : 0.95f);
    if (*nprobe == 0 && options->recall > 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "column '%s': no evaluation has reached a recall of %g for the %u "
                                "nearest; evaluate it, or say how many lists to probe",
                                column->name, (double)options->recall, options->k);
    if (*nprobe == 0)
        *nprobe = column->list_count / 16 > 8 ? column->list_count / 16 : 8;
    if (*nprobe > column->list_count)
        *nprobe = column->list_count;
    return SCREE_OK;
}

enum scree_status scree__vectors_want_set(struct scree_vectors_index *index,
                                          const struct scree_vectors_search_options *options,
                                          uint32_t *at, struct scree__vectors_want *want,
                                          struct scree_error *err)
{
    enum scree_status status = scree__vectors_svx_find(index->svx, options->column, at, err);
    if (status != SCREE_OK)
        return status;
    const struct scree__vectors_column *column = scree__vectors_svx_column(index->svx, *at);
    if (options->k == 0 || options->k > 65536)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "k is %u: expected 1 to 65536", options->k);
    if (options->bits > column->shape.bits)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "column '%s' has codes of %u bits a dimension; %u were asked for",
                                column->name, column->shape.bits, options->bits);
    if (options->bits > 1 && options->bits < column->shape.bits)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "of codes of %u bits the first one can be used, or all; %u were "
                                "asked for",
                                column->shape.bits, options->bits);
    if (!(options->deviations > 0) || options->within != options->within)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "deviations have to be above 0, within has to be a number");
    memset(want, 0, sizeof *want);
    want->k = options->k;
    want->whole = column->shape.bits > 1 && options->bits != 1;
    want->rerank = column->shape.rerank != SCREE_VECTORS_RERANK_NONE && !options->no_rerank;
    want->rerank_most = options->rerank_most == 0 ? UINT32_MAX : options->rerank_most;
    want->deviations = options->deviations;
    want->within = options->within;
    status = choose_probes(column, options, &want->nprobe, err);
    return status == SCREE_OK ? ready_column(index, *at, err) : status;
}

/* --------------------------------------------------------------------------------------- search */

struct batch {
    struct scree_vectors_index *index;
    uint32_t at, dim;
    const struct scree__vectors_want *want;
    const float *queries;
    uint64_t query_count;
    uint64_t *ids;
    float *distances;
    uint32_t *counts; /* may be NULL */
    struct scree_vectors_search_statistics *statistics;
};

static enum scree_status search_dozen(void *arg, uint64_t item, unsigned worker,
                                      struct scree_error *err)
{
    const struct batch *batch = arg;
    const uint64_t first = item * SCREE__VECTORS_TOGETHER;
    const uint64_t left = batch->query_count - first;
    const uint32_t count =
        left < SCREE__VECTORS_TOGETHER ? (uint32_t)left : SCREE__VECTORS_TOGETHER;
    uint32_t counts[SCREE__VECTORS_TOGETHER];
    struct scree__vectors_idle *idle;
    (void)worker;
    enum scree_status status = scree__vectors_searcher_take(batch->index, batch->at, &idle, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_searcher_run(&idle->searcher, batch->want,
                                         batch->queries + first * batch->dim, count,
                                         batch->ids + first * batch->want->k,
                                         batch->distances + first * batch->want->k, counts, err);
    if (status == SCREE_OK && batch->counts != NULL)
        memcpy(batch->counts + first, counts, count * sizeof *counts);
    scree__vectors_searcher_give(batch->index, batch->at, idle, batch->statistics);
    return status;
}

static enum scree_status run_batch(struct batch *batch, struct scree_error *err)
{
    const uint64_t dozens =
        (batch->query_count + SCREE__VECTORS_TOGETHER - 1) / SCREE__VECTORS_TOGETHER;
    struct scree_context *context = batch->index->context;
    if (dozens > 1 && context != NULL && scree_context_threads(context) > 1)
        return scree__par_for(scree__par_pool(context), dozens, search_dozen, batch, err);
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < dozens && status == SCREE_OK; i++) {
        if (context != NULL && (status = scree__par_check_cancel(context, err)) != SCREE_OK)
            break;
        status = search_dozen(batch, i, 0, err);
    }
    return status;
}

enum scree_status scree_vectors_search(struct scree_vectors_index *index,
                                       const struct scree_vectors_search_options *options,
                                       const float *queries, uint64_t query_count, uint64_t *ids,
                                       float *distances, uint32_t *counts,
                                       struct scree_vectors_search_statistics *statistics,
                                       struct scree_error *err)
{
    struct scree__vectors_want want;
    struct scree__vectors_filter filter;
    uint32_t at;
    enum scree_status status = scree__vectors_want_set(index, options, &at, &want, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_filter_init(&filter, options, index->svx, index->budget, err);
    if (status != SCREE_OK)
        return status;
    want.filter = filter.all ? NULL : &filter;
    if (statistics != NULL) {
        memset(statistics, 0, sizeof *statistics);
        statistics->nprobe = want.nprobe;
    }
    struct batch batch = {index,     at,        index->columns[at].target.quantizer.dim,
                          &want,     queries,   query_count,
                          ids,       distances, counts,
                          statistics};
    status = run_batch(&batch, err);
    scree__vectors_filter_release(&filter);
    return status;
}

enum scree_status scree_vectors_search_plan(struct scree_vectors_index *index,
                                            const struct scree_vectors_search_options *options,
                                            const float *query,
                                            struct scree_vectors_planned_read *reads, uint32_t room,
                                            uint32_t *count, struct scree_error *err)
{
    struct scree__vectors_want want;
    struct scree__vectors_idle *idle;
    uint32_t at, found;
    enum scree_status status = scree__vectors_want_set(index, options, &at, &want, err);
    if (status == SCREE_OK)
        status = scree__vectors_searcher_take(index, at, &idle, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_searcher_probe(&idle->searcher, &want, query, &found, err);
    *count = 0;
    for (uint32_t i = 0; status == SCREE_OK && i < found && i < room; i++) {
        const struct scree__vectors_probe *probe = &idle->searcher.probes[i];
        struct scree_range range = scree__vectors_svx_list_range(index->columns[at].target.column,
                                                                 probe->list, want.whole);
        reads[(*count)++] = (struct scree_vectors_planned_read){
            range.offset, range.byte_count, probe->list, sqrtf(probe->distance2)};
    }
    scree__vectors_searcher_give(index, at, idle, NULL);
    return status;
}
