/*
 * lists_here.h - rows times panels of centroids: each product of a row and a centroid is summed by itself, dimension after dimension, so the
 * width of registers does not show. Tiles: 12 rows and 32 centroids make 24 sums of AVX-512, 6 rows and 16 make 12 of AVX2.
 */
#ifndef SCREE_LIB_VECTORS_LISTS_HERE_H
#define SCREE_LIB_VECTORS_LISTS_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"

#include <math.h>

#define PANEL SCREE__VECTORS_PANEL

#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
#define TILE_ROWS 12
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
#define TILE_ROWS 6
#else
#define TILE_ROWS 4
#endif

/* out[row][PANEL], `stride` floats apart: the sums over n dimensions of `count` rows, set or, with `more`, added. count: a constant. */
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
static inline __attribute__((always_inline)) void tile(const float *rows, size_t row_stride,
                                                       const int count, const float *panel,
                                                       uint32_t n, bool more, float *out,
                                                       size_t stride)
{
    __m512 sums[TILE_ROWS][2];
#pragma GCC unroll 12
    for (int r = 0; r < count; r++)
        sums[r][0] = sums[r][1] = _mm512_setzero_ps();
    for (uint32_t d = 0; d < n; d++, panel += PANEL) {
        __m512 a = _mm512_loadu_ps(panel), b = _mm512_loadu_ps(panel + 16);
#pragma GCC unroll 12
        for (int r = 0; r < count; r++) {
            __m512 x = _mm512_set1_ps(rows[r * row_stride + d]);
            sums[r][0] = _mm512_add_ps(sums[r][0], _mm512_mul_ps(x, a));
            sums[r][1] = _mm512_add_ps(sums[r][1], _mm512_mul_ps(x, b));
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < count; r++) {
        float *to = out + r * stride;
        if (more) {
            sums[r][0] = _mm512_add_ps(_mm512_loadu_ps(to), sums[r][0]);
            sums[r][1] = _mm512_add_ps(_mm512_loadu_ps(to + 16), sums[r][1]);
        }
        _mm512_storeu_ps(to, sums[r][0]);
        _mm512_storeu_ps(to + 16, sums[r][1]);
    }
}
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
static inline __attribute__((always_inline)) void tile(const float *rows, size_t row_stride,
                                                       const int count, const float *panel,
                                                       uint32_t n, bool more, float *out,
                                                       size_t stride)
{
    for (int half = 0; half < 2; half++, panel += 16, out += 16) {
        __m256 sums[TILE_ROWS][2];
        const float *at = panel;
#pragma GCC unroll 6
        for (int r = 0; r < count; r++)
            sums[r][0] = sums[r][1] = _mm256_setzero_ps();
        for (uint32_t d = 0; d < n; d++, at += PANEL) {
            __m256 a = _mm256_loadu_ps(at), b = _mm256_loadu_ps(at + 8);
#pragma GCC unroll 6
            for (int r = 0; r < count; r++) {
                __m256 x = _mm256_set1_ps(rows[r * row_stride + d]);
                sums[r][0] = _mm256_add_ps(sums[r][0], _mm256_mul_ps(x, a));
                sums[r][1] = _mm256_add_ps(sums[r][1], _mm256_mul_ps(x, b));
            }
        }
#pragma GCC unroll 6
        for (int r = 0; r < count; r++) {
            float *to = out + r * stride;
            if (more) {
                sums[r][0] = _mm256_add_ps(_mm256_loadu_ps(to), sums[r][0]);
                sums[r][1] = _mm256_add_ps(_mm256_loadu_ps(to + 8), sums[r][1]);
            }
            _mm256_storeu_ps(to, sums[r][0]);
            _mm256_storeu_ps(to + 8, sums[r][1]);
        }
    }
}
#else
static inline void tile(const float *rows, size_t row_stride, const int count, const float *panel,
                        uint32_t n, bool more, float *out, size_t stride)
{
    for (int r = 0; r < count; r++) {
        const float *row = rows + r * row_stride, *at = panel;
        float sums[PANEL] = {0};
        for (uint32_t d = 0; d < n; d++, at += PANEL)
            for (unsigned i = 0; i < PANEL; i++)
                sums[i] += row[d] * at[i];
        float *to = out + r * stride;
        for (unsigned i = 0; i < PANEL; i++)
            to[i] = more ? to[i] + sums[i] : sums[i];
    }
}
#endif

/* Products of up to TILE_ROWS rows with one panel. */
static void tile_any(const float *rows, size_t row_stride, size_t count, const float *panel,
                     uint32_t dim, float *out, size_t stride)
{
    for (uint32_t d = 0; d < dim; d += SCREE__VECTORS_SUM_DIMS) {
        uint32_t n = dim - d < SCREE__VECTORS_SUM_DIMS ? dim - d : SCREE__VECTORS_SUM_DIMS;
        const float *part = panel + (size_t)d * PANEL;
        bool more = d > 0;
        if (count == TILE_ROWS)
            tile(rows + d, row_stride, TILE_ROWS, part, n, more, out, stride);
        else
            for (size_t r = 0; r < count; r++)
                tile(rows + d + r * row_stride, row_stride, 1, part, n, more, out + r * stride,
                     stride);
    }
}

static const float *panel_of(const struct scree__vectors_lists *lists, uint32_t panel)
{
    return lists->panels + (size_t)panel * lists->dim * PANEL;
}

static void products(const struct scree__vectors_lists *lists, const float *rows, size_t row_stride,
                     size_t count, float *out, size_t stride)
{
    for (uint32_t p = 0; p < lists->panel_count; p++)
        for (size_t r = 0; r < count; r += TILE_ROWS)
            tile_any(rows + r * row_stride, row_stride,
                     count - r < TILE_ROWS ? count - r : TILE_ROWS, panel_of(lists, p), lists->dim,
                     out + r * stride + (size_t)p * PANEL, stride);
}

/* The best so far of a row, for each place of a panel: |c|^2 - 2 <x, c>, and in which panel. */
struct best {
    float value[PANEL];
    uint32_t panel[PANEL];
};

static void improve(struct best *best, const float *squares, const float *sums, uint32_t panel)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    for (unsigned i = 0; i < PANEL; i += 16) {
        __m512 sum = _mm512_loadu_ps(sums + i), old = _mm512_loadu_ps(best->value + i);
        __m512 value = _mm512_sub_ps(_mm512_loadu_ps(squares + i), _mm512_add_ps(sum, sum));
        __mmask16 less = _mm512_cmp_ps_mask(value, old, _CMP_LT_OQ);
        _mm512_mask_storeu_ps(best->value + i, less, value);
        _mm512_mask_storeu_epi32(best->panel + i, less, _mm512_set1_epi32((int)panel));
    }
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    for (unsigned i = 0; i < PANEL; i += 8) {
        __m256 sum = _mm256_loadu_ps(sums + i), old = _mm256_loadu_ps(best->value + i);
        __m256 value = _mm256_sub_ps(_mm256_loadu_ps(squares + i), _mm256_add_ps(sum, sum));
        __m256 less = _mm256_cmp_ps(value, old, _CMP_LT_OQ);
        _mm256_maskstore_ps(best->value + i, _mm256_castps_si256(less), value);
        _mm256_maskstore_epi32((int *)best->panel + i, _mm256_castps_si256(less),
                               _mm256_set1_epi32((int)panel));
    }
#else
    for (unsigned i = 0; i < PANEL; i++) {
        float value = squares[i] - (sums[i] + sums[i]);
        if (value < best->value[i]) {
            best->value[i] = value;
            best->panel[i] = panel;
        }
    }
#endif
}

static uint32_t nearest_of(const struct best *best, float *value)
{
    uint32_t nearest = best->panel[0] * PANEL;
    *value = best->value[0];
    for (uint32_t i = 1; i < PANEL; i++) {
        uint32_t list = best->panel[i] * PANEL + i;
        if (best->value[i] < *value || (best->value[i] == *value && list < nearest)) {
            *value = best->value[i];
            nearest = list;
        }
    }
    return nearest;
}

/* A row's squared length, summed as products are. */
static float square_of(const float *row, uint32_t dim)
{
    float total = 0;
    for (uint32_t d = 0; d < dim; d += SCREE__VECTORS_SUM_DIMS) {
        uint32_t n = dim - d < SCREE__VECTORS_SUM_DIMS ? dim - d : SCREE__VECTORS_SUM_DIMS;
        lanes sums = lanes_set(0);
        uint32_t i = 0;
        for (; i + LANES <= n; i += LANES) {
            lanes x = lanes_load(row + d + i);
            sums = lanes_add(sums, lanes_mul(x, x));
        }
        float rest = 0;
        for (; i < n; i++)
            rest += row[d + i] * row[d + i];
        total += lanes_sum(sums) + rest;
    }
    return total;
}

static void assign(const struct scree__vectors_lists *lists, const float *rows, size_t row_stride,
                   size_t count, uint32_t *nearest, float *distances2)
{
    enum { BLOCK = 48 }; /* rows whose bests are kept at a time: they and a panel fit the cache */
    struct best best[BLOCK];
    float sums[TILE_ROWS][PANEL];
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        size_t end = count - begin < BLOCK ? count : begin + BLOCK;
        for (size_t r = begin; r < end; r++)
            for (unsigned i = 0; i < PANEL; i++) {
                best[r - begin].value[i] = INFINITY;
                best[r - begin].panel[i] = 0;
            }
        for (uint32_t p = 0; p < lists->panel_count; p++)
            for (size_t r = begin; r < end; r += TILE_ROWS) {
                size_t n = end - r < TILE_ROWS ? end - r : TILE_ROWS;
                tile_any(rows + r * row_stride, row_stride, n, panel_of(lists, p), lists->dim,
                         sums[0], PANEL);
                for (size_t i = 0; i < n; i++)
                    improve(&best[r - begin + i], lists->squares + (size_t)p * PANEL, sums[i], p);
            }
        for (size_t r = begin; r < end; r++) {
            float value;
            nearest[r] = nearest_of(&best[r - begin], &value);
            if (distances2 != NULL) {
                float distance2 = value + square_of(rows + r * row_stride, lists->dim);
                distances2[r] = distance2 > 0 ? distance2 : 0;
            }
        }
    }
}

#endif
