/* lists.c - centroids into panels. */
#include "vectors/lists.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

static uint32_t panels_of(uint32_t count)
{
    return count / SCREE__VECTORS_PANEL + (count % SCREE__VECTORS_PANEL != 0);
}

static uint64_t panel_bytes(uint32_t count, uint32_t dim)
{
    return (uint64_t)panels_of(count) * SCREE__VECTORS_PANEL * dim * sizeof(float);
}

static uint64_t square_bytes(uint32_t count)
{
    return (uint64_t)panels_of(count) * SCREE__VECTORS_PANEL * sizeof(float);
}

uint64_t scree__vectors_lists_bytes(uint32_t count, uint32_t dim)
{
    return panel_bytes(count, dim) + square_bytes(count);
}

/* Summed as products of rows and centroids are. */
static float square_of(const float *values, uint32_t dim)
{
    float total = 0;
    for (uint32_t d = 0; d < dim;) {
        uint32_t end = dim - d < SCREE__VECTORS_SUM_DIMS ? dim : d + SCREE__VECTORS_SUM_DIMS;
        float sum = 0;
        for (; d < end; d++)
            sum += values[d] * values[d];
        total += sum;
    }
    return total;
}

enum scree_status scree__vectors_lists_init(struct scree__vectors_lists *lists,
                                            struct scree__mem_budget *budget,
                                            const float *centroids, size_t stride, uint32_t count,
                                            uint32_t dim, struct scree_error *err)
{
    memset(lists, 0, sizeof *lists);
    lists->budget = budget;
    lists->count = count;
    lists->dim = dim;
    lists->panel_count = panels_of(count);
    void *panels = NULL, *squares = NULL;
    enum scree_status status =
        scree__mem_alloc(budget, panel_bytes(count, dim), &panels, "centroids", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, square_bytes(count), &squares, "centroids", err);
    lists->panels = panels;
    lists->squares = squares;
    if (status != SCREE_OK) {
        scree__vectors_lists_release(lists);
        return status;
    }
    memset(lists->panels, 0, panel_bytes(count, dim));
    for (uint32_t list = 0; list < lists->panel_count * SCREE__VECTORS_PANEL; list++)
        lists->squares[list] = INFINITY;
    if (centroids != NULL)
        scree__vectors_lists_set(lists, 0, centroids, stride, count);
    return SCREE_OK;
}

void scree__vectors_lists_set(struct scree__vectors_lists *lists, uint32_t first,
                              const float *centroids, size_t stride, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t list = first + i;
        const float *from = centroids + i * stride;
        float *to = lists->panels +
                    (size_t)(list / SCREE__VECTORS_PANEL) * lists->dim * SCREE__VECTORS_PANEL +
                    list % SCREE__VECTORS_PANEL;
        for (uint32_t d = 0; d < lists->dim; d++)
            to[(size_t)d * SCREE__VECTORS_PANEL] = from[d];
        lists->squares[list] = square_of(from, lists->dim);
    }
}

void scree__vectors_lists_release(struct scree__vectors_lists *lists)
{
    scree__mem_free(lists->budget, lists->panels, panel_bytes(lists->count, lists->dim));
    scree__mem_free(lists->budget, lists->squares, square_bytes(lists->count));
    memset(lists, 0, sizeof *lists);
}

void scree__vectors_assign(const struct scree__vectors_lists *lists, const float *rows,
                           size_t row_stride, size_t count, uint32_t *nearest, float *distances2)
{
    scree__vectors_kernels()->assign(lists, rows, row_stride, count, nearest, distances2);
}

void scree__vectors_products(const struct scree__vectors_lists *lists, const float *rows,
                             size_t row_stride, size_t count, float *products,
                             size_t product_stride)
{
    scree__vectors_kernels()->products(lists, rows, row_stride, count, products, product_stride);
}
