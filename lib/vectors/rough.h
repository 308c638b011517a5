/*
 * rough.h - which of many centroids may be among the nearest to a query, from rounded numbers: a byte a dimension, whole sums, and a bound that holds always. What is
 * left, a handful of a thousand, is compared exactly. So the lists are those that comparing all of them would give, for a quarter of the bytes and a
 * fraction of the time.
 *
 *     scree__vectors_rough_init()         of a column's centroids
 *     scree__vectors_rough_keys()         a query (scan.h), set: bounds on its distances to all
 *     scree__vectors_rough_release()
 *
 * With v = R (q - m), r = R (c - m) as in quantizer.h: |q - c|^2 - |v|^2 = |r|^2 - 2 <v, r>. r is rounded to scale * a, a from -127 to 127; v to
 * unit * h, h its upper 7 bits. By Cauchy-Schwarz <v, r> differs from unit * scale * <h, a> by no more than |v| |r - scale a| + |v - unit h| |scale a|.
 *
 * Threads: read only once made.
 */
#ifndef SCREE_LIB_VECTORS_ROUGH_H
#define SCREE_LIB_VECTORS_ROUGH_H

#include "vectors/quantizer.h"
#include "mem/budget.h"

struct scree__vectors_query;

/* Lists lie in groups of so many, four dimensions after four; kernels take a group at a time. */
#define SCREE__VECTORS_ROUGH_GROUP 64u

/* Of |v|^2 + |r|^2, beyond the bound: more than all that float arithmetic - the rotation, the sums, exact distances - can have moved. */
#define SCREE__VECTORS_ROUGH_SLACK 4e-5f

struct scree__vectors_rough {
    struct scree__mem_budget *budget;
    uint32_t padded_dim,
        padded_count; /* of lists: a multiple of GROUP; behind the last one zeros */
    uint8_t *codes;   /* [padded_count / GROUP][padded_dim / 4][GROUP][4]: a + 128 */
    float *scales, *lost, *sizes, *squares; /* scale, |r - scale a|, |scale a|, |r|^2 */
    void *memory;
    uint64_t memory_bytes;
};

/* list_count centroids of quantizer->dim floats, `stride` apart; origin as of scree__vectors_origin(). Errors: SCREE_E_BUDGET, SCREE_E_MEMORY. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_rough_init(struct scree__vectors_rough *rough, struct scree__mem_budget *budget,
                          const struct scree__vectors_quantizer *quantizer, const float *centroids,
                          size_t stride, uint32_t list_count, const float *origin,
                          struct scree_error *err);
void scree__vectors_rough_release(struct scree__vectors_rough *rough);

/* |q - c|^2 - |v|^2 of each list is not below lower[] and not above upper[]: [padded_count]. query: set, with `rough`. */
void scree__vectors_rough_keys(const struct scree__vectors_rough *rough,
                               const struct scree__vectors_query *query, float *lower,
                               float *upper);

#endif
