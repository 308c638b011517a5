/*
 * scan.h - a query against the codes of lists: estimates and bounds of what is compared (quantizer.h). Smaller is nearer, for every metric.
 *
 *     scree__vectors_query_init()         once for a column: working memory
 *     scree__vectors_query_set()          a query: rotated, and rounded to 4 bits a dimension for the packs, to 14 for whole codes
 *     scree__vectors_query_list()         a list: what its estimates have in common
 *     scree__vectors_scan_packs()         a pack of its rows, or two: estimates from the first bit
 *     scree__vectors_scan_whole()         some of these rows, of whatever lists: estimates from all bits
 *     scree__vectors_query_release()
 *
 * Rounded queries are whole numbers, so sums are the same in whatever order a level of lib/simd takes them: 4 bits u of the rotated query v make
 * v^ = (u - 7.5) * step, the step such that <v^, v> = <v, v>: what rounding takes away at right angles to v is an error that is part of the bound.
 *
 * Threads: a query belongs to one thread.
 */
#ifndef SCREE_LIB_VECTORS_SCAN_H
#define SCREE_LIB_VECTORS_SCAN_H

#include "vectors/quantizer.h"
#include "mem/budget.h"

struct scree__vectors_kernels;

struct scree__vectors_query {
    const struct scree__vectors_quantizer *quantizer;
    const struct scree__vectors_kernels *kernels;
    struct scree__mem_budget *budget;
    float deviations; /* how many standard deviations a bound is wide; the paper takes 1.9 */
    bool rough;       /* rounded as whole codes need it, for rough.h as well */
    float *rotated;   /* R (q - m) */
    float square;     /* its squared length */
    uint8_t *tables;  /* of the kernel */
    uint32_t table_base;
    bool table_roomy;   /* sums of 32 dimensions fit a byte */
    uint8_t *levels;    /* [padded_dim]: u, 0 to 15 */
    int8_t *high, *low; /* [padded_dim]: a value in units of whole_scale is high * 128 + low */
    int64_t whole_sum;  /* of these values */
    float pack_scale,
        pack_offset; /* <x, v> = scale * (sum of u where the bit is 1, 15 - u where it is 0) + offset */
    float whole_scale;
    float pack_spread2,
        whole_spread2; /* what rounding left out, squared, as if it were part of |q - c|^2 */
    float add, pack_error, whole_error; /* of the list */
    void *memory;
    uint64_t memory_bytes;
};

/* quantizer: kept, not copied. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_query_init(struct scree__vectors_query *query,
                          const struct scree__vectors_quantizer *quantizer, float deviations,
                          struct scree__mem_budget *budget, struct scree_error *err);
void scree__vectors_query_release(struct scree__vectors_query *query);

/* values: [dim]; of length 1 for cosine. origin as of scree__vectors_origin(). */
void scree__vectors_query_set(struct scree__vectors_query *query, const float *values,
                              const float *origin);

/* distance2: |q - c|^2; product: <q, c> (used for inner products only). */
void scree__vectors_query_list(struct scree__vectors_query *query, float distance2, float product);

/* Rows that are scanned together, at most. */
#define SCREE__VECTORS_SCAN_ROWS (2 * SCREE__VECTORS_PACK_ROWS)
/* Hits that are kept, before those of another SCAN_ROWS; kernels write them sixteen at a time. */
#define SCREE__VECTORS_HITS_KEPT 256u
#define SCREE__VECTORS_HITS_ROOM (SCREE__VECTORS_HITS_KEPT + SCREE__VECTORS_SCAN_ROWS + 16)

/* Lists whose hits are kept, at most. */
#define SCREE__VECTORS_PENDING_MAX 64u

/* Rows that may be nearer than a limit. */
struct scree__vectors_hits {
    uint32_t count;
    uint32_t row[SCREE__VECTORS_HITS_ROOM];
    float estimate[SCREE__VECTORS_HITS_ROOM];
    float factor
        [SCREE__VECTORS_HITS_ROOM]; /* f_error as it lies in the pack, error_1 in its lower half: times pack_error it is the error */
    float low[SCREE__VECTORS_HITS_ROOM]; /* estimate - error */
};

/*
 * Rows [0, rows) of a pack of `width` (64 or 32), or of two packs of 64, one behind the other, whose estimate - error is below limit, in order: added to the
 * hits, of which there are no more than HITS_KEPT, counted on from `first`. Kernels may read up to the end of the packs, never beyond.
 */
void scree__vectors_scan_packs(const struct scree__vectors_query *query, const uint8_t *pack,
                               uint32_t width, uint32_t rows, uint32_t first, float limit,
                               struct scree__vectors_hits *hits);

/* A list some of whose rows are among the hits. */
struct scree__vectors_pending {
    uint32_t slot;                      /* its block of the query */
    uint32_t first_hit;                 /* its hits are those from here to the next list's first */
    float add, pack_error, whole_error; /* as in scree__vectors_query */
    /* Of the block. */
    uint32_t row_count;
    const uint8_t *packs, *extra;
    const float *extra_factors;
};

/* Hits that are looked at together, list after list, and what is found: the distance is estimate -+ error. */
struct scree__vectors_seen {
    uint32_t count, list_count;
    const struct scree__vectors_pending *list[SCREE__VECTORS_PENDING_MAX];
    uint32_t end[SCREE__VECTORS_PENDING_MAX]; /* of its rows */
    uint32_t slot[SCREE__VECTORS_HITS_ROOM], row[SCREE__VECTORS_HITS_ROOM];
    float factor[SCREE__VECTORS_HITS_ROOM]; /* as hits have it */
    float estimate[SCREE__VECTORS_HITS_ROOM], error[SCREE__VECTORS_HITS_ROOM];
};

/* Their estimates and errors from all bits, of row[] and factor[]. */
void scree__vectors_scan_whole(const struct scree__vectors_query *query,
                               struct scree__vectors_seen *seen);

#endif
