/*
 * lists.h - the centroids of lists as the kernels want them: which one is nearest to a row, and how far are all of them. Exact: every row is
 * compared with every centroid in float. A sum over dimensions goes from the first to the last, in blocks of 256 whose sums are added in order, so that the
 * bits are the same on every level, for every tile and every thread.
 *
 * Threads: read only once made.
 */
#ifndef SCREE_LIB_VECTORS_LISTS_H
#define SCREE_LIB_VECTORS_LISTS_H

#include "scree/base.h"
#include "mem/budget.h"

/* Centroids lie in panels of so many, dimension by dimension. */
#define SCREE__VECTORS_PANEL 32u

struct scree__vectors_lists {
    struct scree__mem_budget *budget;
    uint32_t count, dim;
    uint32_t panel_count;
    float *panels;  /* [panel_count][dim][SCREE__VECTORS_PANEL]; behind the last centroid zeros */
    float *squares; /* [panel_count * PANEL]: squared norm of each; behind the last one infinity */
};

/* What _lists_init() takes from the budget. */
uint64_t scree__vectors_lists_bytes(uint32_t count, uint32_t dim);

/* Copies `count` centroids of dim floats, `stride` floats apart, into panels; NULL: _lists_set() comes before use. Errors: SCREE_E_BUDGET, SCREE_E_MEMORY. */
SCREE_MUST_CHECK enum scree_status scree__vectors_lists_init(struct scree__vectors_lists *lists,
                                                             struct scree__mem_budget *budget,
                                                             const float *centroids, size_t stride,
                                                             uint32_t count, uint32_t dim,
                                                             struct scree_error *err);
void scree__vectors_lists_release(struct scree__vectors_lists *lists);

/* Replaces centroids [first, first + count). No one reads meanwhile. */
void scree__vectors_lists_set(struct scree__vectors_lists *lists, uint32_t first,
                              const float *centroids, size_t stride, uint32_t count);

/*
 * The nearest list of each of `count` rows by squared L2 distance, the lower number among equals, and that distance (not negative; NULL: not
 * wanted). Several hundred rows a call keep the centroids in the cache: a tile of 256 is right for one thread's piece of work.
 */
void scree__vectors_assign(const struct scree__vectors_lists *lists, const float *rows,
                           size_t row_stride, size_t count, uint32_t *nearest, float *distances2);

/*
 * Inner products of `count` rows with all centroids: products[i * product_stride + list], product_stride at least
 * panel_count * SCREE__VECTORS_PANEL; 64-byte aligned, stride a multiple of 16.
 */
void scree__vectors_products(const struct scree__vectors_lists *lists, const float *rows,
                             size_t row_stride, size_t count, float *products,
                             size_t product_stride);

#endif
