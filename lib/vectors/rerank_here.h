/* rerank_here.h - a stored row against a query, summed in lanes as kernels.h says. */
#ifndef SCREE_LIB_VECTORS_RERANK_HERE_H
#define SCREE_LIB_VECTORS_RERANK_HERE_H

#include "vectors/half.h"
#include "vectors/kernels.h"
#include "vectors/lanes.h"

static inline lanes lanes_of_halves(const uint16_t *p)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    return (lanes){_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                   _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)))};
#else
    lanes out;
    for (int i = 0; i < LANES; i++)
        out.at[i] = scree__vectors_half_to_float(p[i]);
    return out;
#endif
}

static inline lanes term_of(lanes a, lanes b, bool distance)
{
    lanes difference = lanes_sub(a, b);
    return distance ? lanes_mul(difference, difference) : lanes_mul(a, b);
}

/* sums[j] + the terms of the up to 64 values that are left; zeros behind them. */
static inline void add_rest(lanes sums[4], const void *a, const float *b, uint32_t left, bool half,
                            bool distance)
{
    float x[64] = {0}, y[64] = {0};
    uint16_t h[64] = {0};
    memcpy(y, b, left * sizeof *b);
    if (half)
        memcpy(h, a, left * sizeof h[0]);
    else
        memcpy(x, a, left * sizeof x[0]);
    for (int j = 0; j < 4; j++) {
        lanes p = half ? lanes_of_halves(h + j * LANES) : lanes_load(x + j * LANES);
        sums[j] = lanes_add(sums[j], term_of(p, lanes_load(y + j * LANES), distance));
    }
}

/* Before its lanes are summed. */
static inline __attribute__((always_inline)) lanes terms_of(const void *a, const float *b,
                                                            uint32_t dim, bool half, bool distance)
{
    lanes sums[4] = {lanes_set(0), lanes_set(0), lanes_set(0), lanes_set(0)};
    const float *whole = a;
    const uint16_t *halves = a;
    uint32_t i = 0;
    for (; i + 64 <= dim; i += 64) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            lanes p =
                half ? lanes_of_halves(halves + i + j * LANES) : lanes_load(whole + i + j * LANES);
            sums[j] = lanes_add(sums[j], term_of(p, lanes_load(b + i + j * LANES), distance));
        }
    }
    if (i < dim)
        add_rest(sums, half ? (const void *)(halves + i) : (const void *)(whole + i), b + i,
                 dim - i, half, distance);
    return lanes_add(lanes_add(sums[0], sums[2]), lanes_add(sums[1], sums[3]));
}

static inline __attribute__((always_inline)) float compare(const void *a, const float *b,
                                                           uint32_t dim, bool half, bool distance)
{
    return lanes_sum(terms_of(a, b, dim, half, distance));
}

static inline __attribute__((always_inline)) void compare_rows(const uint8_t *const *rows,
                                                               uint32_t count, const float *values,
                                                               uint32_t dim, bool half,
                                                               bool distance, float *out)
{
    lanes each[SCREE__VECTORS_ROWS_TOGETHER];
    for (uint32_t i = 0; i < count; i++)
        each[i] = terms_of(rows[i], values, dim, half, distance);
    for (uint32_t i = count; i < SCREE__VECTORS_ROWS_TOGETHER; i++)
        each[i] = lanes_set(0);
    lanes_sums(each, count, out);
}

static void rows(const uint8_t *const *stored, uint32_t count, const float *values, uint32_t dim,
                 bool half, bool distance, float *out)
{
    if (half && distance)
        compare_rows(stored, count, values, dim, true, true, out);
    else if (half)
        compare_rows(stored, count, values, dim, true, false, out);
    else if (distance)
        compare_rows(stored, count, values, dim, false, true, out);
    else
        compare_rows(stored, count, values, dim, false, false, out);
}

static float distance2_fp32(const float *a, const float *b, uint32_t dim)
{
    return compare(a, b, dim, false, true);
}
static float product_fp32(const float *a, const float *b, uint32_t dim)
{
    return compare(a, b, dim, false, false);
}
static float distance2_fp16(const uint16_t *a, const float *b, uint32_t dim)
{
    return compare(a, b, dim, true, true);
}
static float product_fp16(const uint16_t *a, const float *b, uint32_t dim)
{
    return compare(a, b, dim, true, false);
}

#endif
