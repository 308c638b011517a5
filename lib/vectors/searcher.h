/*
 * searcher.h - one query at a time against one column of an opened index.
 *
 *     scree__vectors_target_init()       a column, made ready: panels of centroids, origin
 *     scree__vectors_searcher_init()     working memory of one thread
 *     scree__vectors_searcher_run()      queries, one after the other
 *
 * A query takes three steps, a wave of reads each at most: the nearest centroids (in memory since the index was opened); the codes of their
 * lists, from which bounds on every distance follow; the rerank rows of those whose lower bound is below the k-th smallest upper bound. The rows of one
 * query are compared after the codes of the next one, so that they come from memory meanwhile.
 *
 * Threads: a target is read only; a searcher belongs to one thread at a time.
 */
#ifndef SCREE_LIB_VECTORS_SEARCHER_H
#define SCREE_LIB_VECTORS_SEARCHER_H

#include "vectors/lists.h"
#include "vectors/nearest.h"
#include "vectors/rough.h"
#include "vectors/scan.h"
#include "vectors/svx.h"

struct scree__vectors_target {
    struct scree__vectors_svx *svx;
    struct scree__mem_budget *budget;
    uint32_t at; /* which column */
    const struct scree__vectors_column *column;
    struct scree__vectors_lists lists;
    struct scree__vectors_quantizer quantizer;
    float *origin;
    struct scree__vectors_rough rough; /* of many centroids, not for inner products; else zero */
};

SCREE_MUST_CHECK enum scree_status scree__vectors_target_init(struct scree__vectors_target *target,
                                                              struct scree__vectors_svx *svx,
                                                              uint32_t column,
                                                              struct scree__mem_budget *budget,
                                                              struct scree_error *err);
void scree__vectors_target_release(struct scree__vectors_target *target);

/* What is wanted of each query; numbers are checked and final. */
struct scree__vectors_want {
    uint32_t k, nprobe;
    bool whole;           /* all bits of codes, where there is more than one */
    bool rerank;          /* with rows, where there are some */
    uint32_t rerank_most; /* rows a query */
    float deviations;
    float within;                               /* nearer than this, as results are given */
    const struct scree__vectors_filter *filter; /* NULL: all vectors */
};

/* What was done; added up. */
struct scree__vectors_done {
    uint64_t lists, codes, whole_codes, rows;
};

struct scree__vectors_probe {
    float distance2, product; /* |q - c|^2, <q, c> */
    uint32_t list;
};

/*
 * What is left of a query whose blocks were given back: its rows. They are taken, and come from memory while the next query of the call looks at codes.
 */
struct scree__vectors_unsettled {
    bool there;
    uint32_t query; /* of the call */
    uint32_t count;
    struct scree__vectors_row_ref *refs;
    uint64_t *ids;
    float *lows;
    const uint8_t **rows;
    void **pins;
    uint64_t ref_capacity, id_capacity, low_capacity, row_capacity, pin_capacity;
};

struct scree__vectors_searcher {
    const struct scree__vectors_target *target;
    struct scree__vectors_query query;
    float *products; /* [SCREE__VECTORS_TOGETHER][product_stride] */
    size_t product_stride;
    float *values; /* [TOGETHER][value_stride]: queries, of length 1 for cosine */
    size_t value_stride;
    float *keys;  /* [key_stride]: of centroids, by which lists are chosen */
    float *lower; /* [key_stride]: bounds of rough.h */
    size_t key_stride;
    float length;                        /* of the query, for inner products */
    float *decoded;                      /* [dim]: a row of sq8 */
    struct scree__vectors_probe *probes; /* a heap, then in order */
    struct scree__vectors_block *blocks;
    uint32_t *wanted; /* lists of the blocks */
    uint32_t *near_lists;
    uint64_t probe_capacity, block_capacity, wanted_capacity, near_list_capacity;
    struct scree__vectors_hits hits; /* of the lists pending[]: not yet looked at */
    struct scree__vectors_pending pending[SCREE__VECTORS_PENDING_MAX];
    uint32_t pending_count;
    struct scree__vectors_uppers uppers; /* the k smallest upper bounds */
    uint64_t upper_capacity;
    struct scree__vectors_candidate *candidates;
    uint64_t candidate_count, candidate_capacity;
    struct scree__vectors_unsettled unsettled;
    struct scree__vectors_nearest nearest; /* the result */
    uint64_t nearest_capacity;
    struct scree__vectors_done done;
};

/* Queries whose products with all centroids are taken together. */
#define SCREE__VECTORS_TOGETHER 12u

SCREE_MUST_CHECK enum scree_status
scree__vectors_searcher_init(struct scree__vectors_searcher *searcher,
                             const struct scree__vectors_target *target, struct scree_error *err);
void scree__vectors_searcher_release(struct scree__vectors_searcher *searcher);

/*
 * Up to TOGETHER queries, dim values each; results to ids[k] and distances[k] of each, ordered by (distance, id), and how many there are. Distances
 * are as scree/vectors.h says. Errors: SCREE_E_ARGUMENT (a query that is not finite, or of no length with cosine), and of reading.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_searcher_run(struct scree__vectors_searcher *searcher,
                            const struct scree__vectors_want *want, const float *queries,
                            uint32_t count, uint64_t *ids, float *distances, uint32_t *counts,
                            struct scree_error *err);

/*
 * The lists that a query is to be compared with, nearest first: up to want->nprobe, without those that `within` rules out; they are at
 * searcher->probes. For plans.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_searcher_probe(struct scree__vectors_searcher *searcher,
                              const struct scree__vectors_want *want, const float *query,
                              uint32_t *count, struct scree_error *err);

#endif
