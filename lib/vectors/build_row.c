/* build_row.c - a rerank row as the file keeps it. */
#include "vectors/build.h"
#include "vectors/half.h"
#include "base/bytes.h"
#include "simd/crc32c.h"

#include <math.h>
#include <string.h>

static void store_half(const float *row, uint32_t dim, uint8_t *p)
{
    const float most = 65504; /* the largest that a half holds */
    for (uint32_t i = 0; i < dim; i++) {
        float value = row[i] > most ? most : row[i] < -most ? -most : row[i];
        scree__base_store16(p + 2 * (size_t)i, scree__vectors_float_to_half(value));
    }
}

/* The residual in 255 steps between its least and its most. */
static void store_sq8(const float *row, const float *centroid, uint32_t dim, uint8_t *p)
{
    float low = row[0] - centroid[0], high = low;
    for (uint32_t i = 1; i < dim; i++) {
        float r = row[i] - centroid[i];
        low = r < low ? r : low;
        high = r > high ? r : high;
    }
    float step = (high - low) / 255;
    scree__base_store_f32(p, low);
    scree__base_store_f32(p + 4, step);
    for (uint32_t i = 0; i < dim; i++) {
        float steps = step > 0 ? ((row[i] - centroid[i]) - low) / step + 0.5f : 0;
        p[8 + i] = steps >= 255 ? 255 : (uint8_t)steps;
    }
}

void scree__vectors_row_store(const struct scree__vectors_shape *shape, const float *row,
                              const float *centroid, uint8_t *bytes)
{
    uint32_t payload = scree__vectors_row_bytes(shape), stride = scree__vectors_row_stride(shape);
    switch (shape->rerank) {
    case SCREE_VECTORS_RERANK_FP32:
        for (uint32_t i = 0; i < shape->dim; i++)
            scree__base_store_f32(bytes + 4 * (size_t)i, row[i]);
        break;
    case SCREE_VECTORS_RERANK_FP16:
        store_half(row, shape->dim, bytes);
        break;
    case SCREE_VECTORS_RERANK_SQ8:
        store_sq8(row, centroid, shape->dim, bytes);
        break;
    case SCREE_VECTORS_RERANK_NONE:
        return;
    }
    memset(bytes + payload, 0, stride - 4 - payload);
    scree__base_store32(bytes + stride - 4, scree__simd_crc32c(0, bytes, stride - 4));
}
