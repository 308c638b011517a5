/* kmeans_order.h - an order of centroids in which near ones are mostly neighbours: halves by the dimension that spreads most, and their halves. */
#ifndef SCREE_LIB_VECTORS_KMEANS_ORDER_H
#define SCREE_LIB_VECTORS_KMEANS_ORDER_H

#include "scree/base.h"
#include "mem/budget.h"

uint64_t scree__vectors_order_bytes(uint32_t count);

/* order[i]: which of the `count` rows of dim floats comes i-th. Errors: SCREE_E_BUDGET, SCREE_E_MEMORY. */
SCREE_MUST_CHECK enum scree_status scree__vectors_order(struct scree__mem_budget *budget,
                                                        const float *rows, uint32_t count,
                                                        uint32_t dim, uint32_t *order,
                                                        struct scree_error *err);

#endif
