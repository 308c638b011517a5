/* rotate_here.h - the rounds of a rotation, over lanes. Butterflies are single additions, so their grouping does not show. */
#ifndef SCREE_LIB_VECTORS_ROTATE_HERE_H
#define SCREE_LIB_VECTORS_ROTATE_HERE_H

#include "base/bytes.h"
#include "vectors/lanes.h"
#include "vectors/rotation.h"

#include <math.h>

/* Lanes that are worked on in registers. */
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
#define BLOCK_LANES 8
#else
#define BLOCK_LANES 1
#endif

/* Signs, then all steps within `count` times sixteen values: 1, 2, 4, 8, 16 and so on. count: a constant. */
static inline __attribute__((always_inline)) void hadamard_block(const uint8_t *bits, float *values,
                                                                 const uint32_t count, lanes scale)
{
    lanes a[BLOCK_LANES];
#pragma GCC unroll 8
    for (uint32_t i = 0; i < count; i++) {
        a[i] = lanes_flip(lanes_load(values + i * LANES), scree__base_load16(bits + 2 * i));
        a[i] = lanes_butterfly(a[i], 1);
        a[i] = lanes_butterfly(a[i], 2);
        a[i] = lanes_butterfly(a[i], 4);
        a[i] = lanes_butterfly(a[i], 8);
    }
#pragma GCC unroll 3
    for (uint32_t by = 1; by < count; by *= 2) {
#pragma GCC unroll 8
        for (uint32_t i = 0; i < count; i++) {
            if ((i & by) != 0)
                continue;
            lanes x = a[i], y = a[i + by];
            a[i] = lanes_add(x, y);
            a[i + by] = lanes_sub(x, y);
        }
    }
#pragma GCC unroll 8
    for (uint32_t i = 0; i < count; i++)
        lanes_store(values + i * LANES, lanes_mul(a[i], scale));
}

/* In blocks; returns within how many values all steps are done. Where these are all, they are scaled. */
static uint32_t hadamard_within(const uint8_t *bits, float *values, uint32_t n, float by_all)
{
    const uint32_t half = LANES * (BLOCK_LANES + 1) / 2, whole = LANES * BLOCK_LANES;
    if (n < whole) { /* the least n is half of this, if it is less */
        hadamard_block(bits, values, half / LANES, lanes_set(by_all));
        return half;
    }
    const lanes scale = lanes_set(n == whole ? by_all : 1);
    for (uint32_t i = 0; i < n; i += whole)
        hadamard_block(bits + i / 8, values + i, BLOCK_LANES, scale);
    return whole;
}

static inline void butterfly_at(float *a, float *b, lanes scale)
{
    lanes x = lanes_load(a), y = lanes_load(b);
    lanes_store(a, lanes_mul(lanes_add(x, y), scale));
    lanes_store(b, lanes_mul(lanes_sub(x, y), scale));
}

/* From step `by` on: two steps in one pass over memory, then one where it is left; the last one scales. n: a power of two. */
static void hadamard_across(float *values, uint32_t n, uint32_t by, float by_all)
{
    for (; by * 2 < n; by *= 4) {
        const lanes scale = lanes_set(by * 4 == n ? by_all : 1);
        for (uint32_t begin = 0; begin < n; begin += 4 * by)
            for (uint32_t i = begin; i < begin + by; i += LANES) {
                lanes a = lanes_load(values + i), b = lanes_load(values + i + by);
                lanes c = lanes_load(values + i + 2 * by), d = lanes_load(values + i + 3 * by);
                lanes s = lanes_add(a, b), t = lanes_sub(a, b);
                lanes u = lanes_add(c, d), v = lanes_sub(c, d);
                lanes_store(values + i, lanes_mul(lanes_add(s, u), scale));
                lanes_store(values + i + by, lanes_mul(lanes_add(t, v), scale));
                lanes_store(values + i + 2 * by, lanes_mul(lanes_sub(s, u), scale));
                lanes_store(values + i + 3 * by, lanes_mul(lanes_sub(t, v), scale));
            }
    }
    const lanes scale = lanes_set(by_all);
    for (uint32_t i = 0; by < n && i < by; i += LANES)
        butterfly_at(values + i, values + i + by, scale);
}

static void scale_all(float *values, uint32_t n, float by)
{
    lanes factor = lanes_set(by);
    for (uint32_t i = 0; i < n; i += LANES)
        lanes_store(values + i, lanes_mul(lanes_load(values + i), factor));
}

static void flip_signs(const uint8_t *bits, float *values, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i += LANES)
        lanes_store(values + i,
                    lanes_flip(lanes_load(values + i), scree__base_load16(bits + i / 8)));
}

/* row - minus, zeros behind it. */
static void load_row(uint32_t dim, uint32_t padded_dim, const float *row, const float *minus,
                     float *values)
{
    uint32_t i = 0;
    for (; i + LANES <= dim; i += LANES) {
        lanes x = lanes_load(row + i);
        lanes_store(values + i, minus == NULL ? x : lanes_sub(x, lanes_load(minus + i)));
    }
    for (; i < dim; i++)
        values[i] = minus == NULL ? row[i] : row[i] - minus[i];
    for (; i < padded_dim; i++)
        values[i] = 0;
}

static void rotate(const uint8_t *state, uint32_t dim, uint32_t padded_dim, const float *row,
                   const float *minus, float *values)
{
    load_row(dim, padded_dim, row, minus, values);
    uint32_t n = 64, half = padded_dim / 2;
    double power = 0.015625; /* 1 / n */
    while (n * 2 <= padded_dim) {
        n *= 2;
        power /= 2;
    }
    float root = (float)sqrt(power); /* IEEE 754 has square roots exact */
    for (unsigned round = 0; round < SCREE__VECTORS_ROUNDS; round++) {
        const uint8_t *bits = state + round * (size_t)padded_dim / 8;
        uint32_t begin = round % 2 == 0 ? 0 : padded_dim - n;
        flip_signs(bits, values, 0, begin);
        flip_signs(bits, values, begin + n, padded_dim);
        uint32_t by = hadamard_within(bits + begin / 8, values + begin, n, root);
        hadamard_across(values + begin, n, by, root);
        if (n < padded_dim)
            for (uint32_t i = 0; i < half; i += LANES)
                butterfly_at(values + i, values + half + i, lanes_set(1));
    }
    if (n < padded_dim)
        scale_all(values, padded_dim, 0.25f); /* sqrt(2) four times */
}

#endif
