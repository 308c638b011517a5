/*
 * kmeans.h - centroids of lists, from a sample of the rows.
 *
 * Lloyd's iterations, the first ones on every eighth, then every fourth ... row of the sample, the last ones on all. It begins with rows drawn in
 * eight rounds, each row with a probability in proportion to its squared distance from what is chosen already (k-means||, Bahmani et al., 2012).
 * After each iteration a list without rows, or one with less than an eighth of the mean while another has more than four times the mean, gets
 * a row of the largest list as its new centroid. The result depends on the rows, their order, the options and nothing else: not on threads or the
 * level of lib/simd. The centroids come in an order in which near ones are mostly neighbours.
 */
#ifndef SCREE_LIB_VECTORS_KMEANS_H
#define SCREE_LIB_VECTORS_KMEANS_H

#include "scree/base.h"
#include "par/context.h"

struct scree__vectors_kmeans_options {
    uint32_t list_count; /* at least 1; no more than rows */
    uint32_t iterations; /* of all sizes together; 0: 10 */
    uint64_t seed;
};

/* What training takes from the budget besides the rows: `threads` as of the context. */
uint64_t scree__vectors_kmeans_bytes(uint64_t row_count, uint32_t dim, uint32_t list_count,
                                     unsigned threads);

/*
 * rows: row_count rows of dim floats, row_stride floats apart, all finite. centroids: [list_count][centroid_stride], filled with dim values each.
 * context: budget, threads, cancellation; NULL: none, one thread. For cosine, rows have length 1 already; centroids have not, and need not.
 * A list may end up without rows where there are fewer different rows than lists.
 * Errors: SCREE_E_ARGUMENT (no rows, more lists than rows), SCREE_E_BUDGET, SCREE_E_MEMORY, SCREE_E_CANCELLED.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_kmeans(struct scree_context *context,
                      const struct scree__vectors_kmeans_options *options, const float *rows,
                      size_t row_stride, uint64_t row_count, uint32_t dim, float *centroids,
                      size_t centroid_stride, struct scree_error *err);

#endif
