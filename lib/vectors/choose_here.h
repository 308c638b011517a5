/* choose_here.h - what is nearest: keys of lists, values below a limit, the least upper bounds. */
#ifndef SCREE_LIB_VECTORS_CHOOSE_HERE_H
#define SCREE_LIB_VECTORS_CHOOSE_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"

#include <math.h>

static void keys(const float *squares, const float *products, uint32_t n, float *out)
{
    const lanes zero = lanes_set(0);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes product = lanes_load(products + i);
        lanes_store(out + i, squares == NULL
                                 ? lanes_sub(zero, product)
                                 : lanes_sub(lanes_load(squares + i), lanes_add(product, product)));
    }
}

static uint32_t below(const float *values, uint32_t n, float limit, uint32_t *which)
{
    const lanes most = lanes_set(limit);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i += LANES) {
        uint32_t mask = lanes_negative(lanes_sub(lanes_load(values + i), most));
        if (n - i < LANES)
            mask &= (1u << (n - i)) - 1;
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
        const __m512i each =
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        if (which != NULL)
            _mm512_storeu_si512(
                which + count,
                _mm512_maskz_compress_epi32((__mmask16)mask,
                                            _mm512_add_epi32(each, _mm512_set1_epi32((int)i))));
        count += (uint32_t)__builtin_popcount(mask);
#else
        if (which == NULL) {
            count += (uint32_t)__builtin_popcount(mask);
            continue;
        }
        for (; mask != 0; mask &= mask - 1)
            which[count++] = i + (uint32_t)__builtin_ctz(mask);
#endif
    }
    return count;
}

/* Each value moves those above it up by one. */
static void uppers(float *best, const float *upper, uint32_t count)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512i least = _mm512_castps_si512(_mm512_set1_ps(-INFINITY));
    __m512 all = _mm512_loadu_ps(best);
    for (uint32_t i = 0; i < count; i++) {
        __m512i moved = _mm512_alignr_epi32(_mm512_castps_si512(all), least, 15);
        all =
            _mm512_min_ps(all, _mm512_max_ps(_mm512_castsi512_ps(moved), _mm512_set1_ps(upper[i])));
    }
    _mm512_storeu_ps(best, all);
#else
    for (uint32_t i = 0; i < count; i++) {
        float value = upper[i];
        if (!(value < best[LANES - 1]))
            continue;
        uint32_t at = LANES - 1;
        for (; at > 0 && best[at - 1] > value; at--)
            best[at] = best[at - 1];
        best[at] = value;
    }
#endif
}

/* Distances are seldom equal: ids are looked at only then. */
static void ranks(const float *distances, const uint64_t *ids, uint32_t count, uint32_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const lanes own = lanes_set(distances[i]);
        uint32_t before = 0, equal = 0;
        for (uint32_t j = 0; j < count; j += LANES) {
            const lanes others = lanes_load(distances + j);
            uint32_t less = lanes_less(others, own), more = lanes_less(own, others);
            uint32_t there = count - j < LANES ? (1u << (count - j)) - 1 : 0xffff;
            before += (uint32_t)__builtin_popcount(less & there);
            equal += (uint32_t)__builtin_popcount(~(less | more) & there);
        }
        for (uint32_t j = 0; equal > 1 && j < count; j++)
            before +=
                distances[j] == distances[i] && (ids[j] < ids[i] || (j < i && ids[j] == ids[i]));
        out[i] = before;
    }
}

#endif
