/* searcher_parts.h - what the files of the searcher share. */
#ifndef SCREE_LIB_VECTORS_SEARCHER_PARTS_H
#define SCREE_LIB_VECTORS_SEARCHER_PARTS_H

#include "vectors/searcher.h"

#define SCREE__VECTORS_GROW(searcher, array, capacity, need, err)            \
    scree__mem_grow((searcher)->target->budget, (void **)&(searcher)->array, \
                    &(searcher)->capacity, need, sizeof *(searcher)->array, "a query", err)

/* Results are given as |o - q|^2, 1 - <o, q> or -<o, q>; compared are |o - q|^2 and -<o, q>. */
static inline float scree__vectors_given(const struct scree__vectors_target *target, float compared)
{
    return target->column->shape.metric == SCREE_VECTORS_COSINE ? 1 + compared : compared;
}

static inline float scree__vectors_compared(const struct scree__vectors_target *target, float given)
{
    return target->column->shape.metric == SCREE_VECTORS_COSINE ? given - 1 : given;
}

/* Is everything in the probe's list further than limit, by its radius alone? As compared. */
bool scree__vectors_beyond(const struct scree__vectors_target *target,
                           struct scree__vectors_probe probe, float query_length, float limit);

/* A limit below which `most` of so many values are, and few more if such a limit is found soon. values: room for a multiple of 16. */
float scree__vectors_limit_for(const struct scree__vectors_kernels *kernels, const float *values,
                               uint32_t count, uint32_t most);

/* Are so many lists found by rounded centroids? Else they need the products with all. */
static inline bool scree__vectors_probes_roughly(const struct scree__vectors_target *target,
                                                 const struct scree__vectors_want *want)
{
    enum { SHARE = 8 }; /* more leave too many */
    return target->rough.codes != NULL && want->nprobe <= target->column->list_count / SHARE;
}

/* Fills searcher->probes with the lists of a query, which is set, nearest first; returns how many. products: with all centroids, or not used. */
uint32_t scree__vectors_probe(struct scree__vectors_searcher *searcher,
                              const struct scree__vectors_want *want, const float *values,
                              const float *products);

/* Rows of the first `count` probes, whose blocks are taken, that may be among the nearest: into searcher->candidates, their upper bounds into uppers. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_scan_lists(struct scree__vectors_searcher *searcher,
                          const struct scree__vectors_want *want, uint32_t count,
                          struct scree_error *err);

/* Candidates into searcher->nearest by their estimates, while the blocks are taken. */
void scree__vectors_settle_by_estimate(struct scree__vectors_searcher *searcher,
                                       const struct scree__vectors_want *want);

/* Candidates of a query of the call into searcher->unsettled, which is free, while the blocks are taken. Errors: SCREE_E_BUDGET, SCREE_E_MEMORY. */
SCREE_MUST_CHECK enum scree_status scree__vectors_leave(struct scree__vectors_searcher *searcher,
                                                        const struct scree__vectors_want *want,
                                                        uint32_t query, struct scree_error *err);
/* Takes their rows. Errors: of reading them; nothing is left then. */
SCREE_MUST_CHECK enum scree_status scree__vectors_ask_rows(struct scree__vectors_searcher *searcher,
                                                           struct scree_error *err);
/* Asks memory for them once more: of a hundred lines at once some are not fetched. */
void scree__vectors_ask_rows_again(const struct scree__vectors_searcher *searcher);
/* Them into searcher->nearest. */
void scree__vectors_settle_by_rows(struct scree__vectors_searcher *searcher,
                                   const struct scree__vectors_want *want, const float *values);
void scree__vectors_give_rows(struct scree__vectors_searcher *searcher);

/* A stored row of a list with a query, as compared. */
float scree__vectors_compare_row(const struct scree__vectors_searcher *searcher,
                                 const float *values, const uint8_t *row, uint32_t list);

#endif
