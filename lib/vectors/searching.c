/* searching.c - columns made ready, searchers for reuse, and what a search's options come to. */
#include "vectors/searching.h"
#include "base/error.h"
#include "par/context.h"

#include <math.h>
#include <string.h>

void scree_vectors_search_options_init(struct scree_vectors_search_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->k = 10;
    /* MNIST, 32 of 256 lists, 1 bit: recall .9976 with 1.9, .9984 with 2.3, .9990 with 2.7, for 21, 24 and 27 rows a query. */
    options->deviations = 2.3f;
    options->within = INFINITY;
}

enum scree_status scree__vectors_searching_new(struct scree_context *context,
                                               struct scree__vectors_svx *svx,
                                               struct scree__vectors_searching **out,
                                               struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *memory = NULL, *columns = NULL;
    uint32_t count = scree__vectors_svx_column_count(svx);
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree__vectors_searching), &memory, "an index", err);
    if (status != SCREE_OK)
        return status;
    status = scree__mem_alloc(budget, count * sizeof(struct scree__vectors_ready_column), &columns,
                              "an index", err);
    if (status != SCREE_OK) {
        scree__mem_free(budget, memory, sizeof(struct scree__vectors_searching));
        return status;
    }
    struct scree__vectors_searching *searching = memory;
    memset(searching, 0, sizeof *searching);
    memset(columns, 0, count * sizeof(struct scree__vectors_ready_column));
    searching->budget = budget;
    searching->svx = svx;
    searching->column_count = count;
    searching->columns = columns;
    scree__par_lock_init(&searching->lock);
    *out = searching;
    return SCREE_OK;
}

void scree__vectors_searching_free(struct scree__vectors_searching *searching)
{
    if (searching == NULL)
        return;
    struct scree__mem_budget *budget = searching->budget;
    for (uint32_t i = 0; i < searching->column_count; i++) {
        struct scree__vectors_ready_column *column = &searching->columns[i];
        while (column->idle != NULL) {
            struct scree__vectors_idle *idle = column->idle;
            column->idle = idle->next;
            scree__vectors_searcher_release(&idle->searcher);
            scree__mem_free(budget, idle, sizeof *idle);
        }
        if (column->ready)
            scree__vectors_target_release(&column->target);
    }
    scree__mem_free(budget, searching->columns,
                    searching->column_count * sizeof *searching->columns);
    scree__par_lock_release(&searching->lock);
    scree__mem_free(budget, searching, sizeof *searching);
}

/* Panels of centroids are made when a column is first searched. */
static enum scree_status ready_column(struct scree__vectors_searching *searching, uint32_t at,
                                      struct scree_error *err)
{
    struct scree__vectors_ready_column *column = &searching->columns[at];
    enum scree_status status = SCREE_OK;
    scree__par_lock_take(&searching->lock);
    if (!column->ready) {
        status =
            scree__vectors_target_init(&column->target, searching->svx, at, searching->budget, err);
        column->ready = status == SCREE_OK;
    }
    scree__par_lock_give(&searching->lock);
    return status;
}

enum scree_status scree__vectors_searcher_take(struct scree__vectors_searching *searching,
                                               uint32_t at, struct scree__vectors_idle **out,
                                               struct scree_error *err)
{
    struct scree__vectors_ready_column *column = &searching->columns[at];
    scree__par_lock_take(&searching->lock);
    *out = column->idle;
    if (*out != NULL)
        column->idle = (*out)->next;
    scree__par_lock_give(&searching->lock);
    if (*out != NULL)
        return SCREE_OK;
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(searching->budget, sizeof **out, &memory, "a query", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_idle *fresh = memory;
    status = scree__vectors_searcher_init(&fresh->searcher, &column->target, err);
    if (status != SCREE_OK) {
        scree__mem_free(searching->budget, fresh, sizeof *fresh);
        return status;
    }
    *out = fresh;
    return SCREE_OK;
}

void scree__vectors_searcher_give(struct scree__vectors_searching *searching, uint32_t at,
                                  struct scree__vectors_idle *idle,
                                  struct scree_vectors_search_statistics *statistics)
{
    struct scree__vectors_ready_column *column = &searching->columns[at];
    struct scree__vectors_done *done = &idle->searcher.done;
    scree__par_lock_take(&searching->lock);
    if (statistics != NULL) {
        statistics->list_count += done->lists;
        statistics->code_count += done->codes;
        statistics->whole_code_count += done->whole_codes;
        statistics->row_count += done->rows;
    }
    memset(done, 0, sizeof *done);
    idle->next = column->idle;
    column->idle = idle;
    scree__par_lock_give(&searching->lock);
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

void scree__vectors_search_options_take(struct scree_vectors_search_options *own,
                                        const struct scree_vectors_search_options *given)
{
    scree_vectors_search_options_init(own);
    if (given != NULL)
        memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
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

enum scree_status scree__vectors_want_set(struct scree__vectors_searching *searching,
                                          const struct scree_vectors_search_options *options,
                                          uint32_t *at, struct scree__vectors_want *want,
                                          struct scree_error *err)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "indices are searched on little-endian machines only: kernels read "
                            "what lies in the file"); /* building and verifying do not */
#endif
    enum scree_status status = scree__vectors_svx_find(searching->svx, options->column, at, err);
    if (status != SCREE_OK)
        return status;
    const struct scree__vectors_column *column = scree__vectors_svx_column(searching->svx, *at);
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
    return status == SCREE_OK ? ready_column(searching, *at, err) : status;
}
