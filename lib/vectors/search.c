/* search.c - queries by the dozen, on one thread or all; and the reads that they would make. */
#include "scree/vectors.h"
#include "par/context.h"
#include "vectors/filter.h"
#include "vectors/searching.h"
#include "vectors/svx_inside.h"

#include <math.h>
#include <string.h>

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
    enum scree_status status =
        scree__vectors_searcher_take(batch->index->searching, batch->at, &idle, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_searcher_run(&idle->searcher, batch->want,
                                         batch->queries + first * batch->dim, count,
                                         batch->ids + first * batch->want->k,
                                         batch->distances + first * batch->want->k, counts, err);
    if (status == SCREE_OK && batch->counts != NULL)
        memcpy(batch->counts + first, counts, count * sizeof *counts);
    scree__vectors_searcher_give(batch->index->searching, batch->at, idle, batch->statistics);
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
                                       const struct scree_vectors_search_options *given,
                                       const float *queries, uint64_t query_count, uint64_t *ids,
                                       float *distances, uint32_t *counts,
                                       struct scree_vectors_search_statistics *statistics,
                                       struct scree_error *err)
{
    struct scree__vectors_want want;
    struct scree__vectors_filter filter;
    uint32_t at;
    struct scree_vectors_search_options options;
    scree__vectors_search_options_take(&options, given);
    enum scree_status status = scree__vectors_want_set(index->searching, &options, &at, &want, err);
    if (status != SCREE_OK)
        return status;
    status =
        scree__vectors_filter_init(&filter, &options, index->svx, index->searching->budget, err);
    if (status != SCREE_OK)
        return status;
    want.filter = filter.all ? NULL : &filter;
    if (statistics != NULL) {
        memset(statistics, 0, sizeof *statistics);
        statistics->nprobe = want.nprobe;
    }
    struct batch batch = {index,     at,        index->searching->columns[at].target.quantizer.dim,
                          &want,     queries,   query_count,
                          ids,       distances, counts,
                          statistics};
    status = run_batch(&batch, err);
    scree__vectors_filter_release(&filter);
    return status;
}

enum scree_status scree_vectors_search_plan(struct scree_vectors_index *index,
                                            const struct scree_vectors_search_options *given,
                                            const float *query,
                                            struct scree_vectors_planned_read *reads, uint32_t room,
                                            uint32_t *count, struct scree_error *err)
{
    struct scree__vectors_want want;
    struct scree__vectors_idle *idle;
    uint32_t at, found;
    struct scree_vectors_search_options options;
    scree__vectors_search_options_take(&options, given);
    enum scree_status status = scree__vectors_want_set(index->searching, &options, &at, &want, err);
    if (status == SCREE_OK)
        status = scree__vectors_searcher_take(index->searching, at, &idle, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_searcher_probe(&idle->searcher, &want, query, &found, err);
    *count = 0;
    for (uint32_t i = 0; status == SCREE_OK && i < found && i < room; i++) {
        const struct scree__vectors_probe *probe = &idle->searcher.probes[i];
        struct scree_range range = scree__vectors_svx_list_range(
            index->searching->columns[at].target.column, probe->list, want.whole);
        reads[(*count)++] = (struct scree_vectors_planned_read){
            range.offset, range.byte_count,
            probe->list % index->searching->columns[at].target.column->list_count,
            sqrtf(probe->distance2),
            index->svx
                ->segments[probe->list / index->searching->columns[at].target.column->list_count]
                .number};
    }
    scree__vectors_searcher_give(index->searching, at, idle, NULL);
    return status;
}
