/* rough.c - centroids, rounded. */
#include "vectors/rough.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

static void add_list(struct scree__vectors_rough *rough, uint32_t list, const float *r)
{
    const uint32_t n = rough->padded_dim;
    uint8_t *to = rough->codes +
                  (size_t)(list / SCREE__VECTORS_ROUGH_GROUP) * n * SCREE__VECTORS_ROUGH_GROUP +
                  4 * (size_t)(list % SCREE__VECTORS_ROUGH_GROUP);
    double square = 0, lost = 0, size = 0;
    float most = 0;
    for (uint32_t d = 0; d < n; d++)
        most = fabsf(r[d]) > most ? fabsf(r[d]) : most;
    const float scale = most / 127;
    for (uint32_t d = 0; d < n; d++) {
        const int a = most > 0 ? (int)lrintf(r[d] / scale) : 0;
        const double rounded = (double)scale * a;
        square += (double)r[d] * r[d];
        lost += (r[d] - rounded) * (r[d] - rounded);
        size += rounded * rounded;
        to[(size_t)(d / 4) * 4 * SCREE__VECTORS_ROUGH_GROUP + d % 4] = (uint8_t)(a + 128);
    }
    rough->scales[list] = scale;
    rough->lost[list] = (float)sqrt(lost);
    rough->sizes[list] = (float)sqrt(size);
    rough->squares[list] = (float)square;
}

enum scree_status scree__vectors_rough_init(struct scree__vectors_rough *rough,
                                            struct scree__mem_budget *budget,
                                            const struct scree__vectors_quantizer *quantizer,
                                            const float *centroids, size_t stride,
                                            uint32_t list_count, const float *origin,
                                            struct scree_error *err)
{
    const uint32_t n = quantizer->padded_dim;
    const uint32_t groups =
        list_count / SCREE__VECTORS_ROUGH_GROUP + (list_count % SCREE__VECTORS_ROUGH_GROUP != 0);
    void *row = NULL;
    memset(rough, 0, sizeof *rough);
    rough->budget = budget;
    rough->padded_dim = n;
    rough->padded_count = groups * SCREE__VECTORS_ROUGH_GROUP;
    rough->memory_bytes = rough->padded_count * (n + 4 * (uint64_t)sizeof(float));
    enum scree_status status = scree__mem_alloc(budget, n * sizeof(float), &row, "centroids", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, rough->memory_bytes, &rough->memory, "centroids", err);
    if (status == SCREE_OK) {
        memset(rough->memory, 0, rough->memory_bytes);
        rough->codes = rough->memory;
        rough->scales = (float *)(void *)(rough->codes + (size_t)rough->padded_count * n);
        rough->lost = rough->scales + rough->padded_count;
        rough->sizes = rough->lost + rough->padded_count;
        rough->squares = rough->sizes + rough->padded_count;
        for (uint32_t list = 0; list < list_count; list++) {
            scree__vectors_rotate(quantizer->rotation, quantizer->dim, n, centroids + list * stride,
                                  0, 1, origin, row);
            add_list(rough, list, row);
        }
    }
    scree__mem_free(budget, row, n * sizeof(float));
    return status;
}

void scree__vectors_rough_release(struct scree__vectors_rough *rough)
{
    scree__mem_free(rough->budget, rough->memory, rough->memory_bytes);
    memset(rough, 0, sizeof *rough);
}

void scree__vectors_rough_keys(const struct scree__vectors_rough *rough,
                               const struct scree__vectors_query *query, float *lower, float *upper)
{
    query->kernels->rough(rough, query, lower, upper);
}
