/* encode_here.h - sums over a residual, and its codes. All lengths are multiples of 64. */
#ifndef SCREE_LIB_VECTORS_ENCODE_HERE_H
#define SCREE_LIB_VECTORS_ENCODE_HERE_H

#include "base/bytes.h"
#include "vectors/kernels.h"
#include "vectors/lanes.h"

static void measure(const float *r, uint32_t n, uint8_t *signs, float sums[3])
{
    lanes squares = lanes_set(0), sizes = lanes_set(0), most = lanes_set(0);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes x = lanes_load(r + i);
        squares = lanes_add(squares, lanes_mul(x, x));
        sizes = lanes_add(sizes, lanes_abs(x));
        most = lanes_max(most, lanes_abs(x));
        scree__base_store16(signs + i / 8, (uint16_t)~lanes_negative(x));
    }
    sums[0] = lanes_sum(squares);
    sums[1] = lanes_sum(sizes);
    float each[LANES];
    lanes_store(each, most);
    sums[2] = 0;
    for (int i = 0; i < LANES; i++)
        sums[2] = each[i] > sums[2] ? each[i] : sums[2];
}

static void quantize(const float *r, uint32_t n, float scale, uint32_t top, uint8_t *codes,
                     float sums[2])
{
    lanes along = lanes_set(0), squares = lanes_set(0);
    const lanes factor = lanes_set(scale), half = lanes_set(0.5f);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes size = lanes_abs(lanes_load(r + i));
        lanes x = lanes_add(lanes_whole(lanes_mul(size, factor), (float)top, 0, codes + i), half);
        along = lanes_add(along, lanes_mul(x, size));
        squares = lanes_add(squares, lanes_mul(x, x));
    }
    sums[0] = lanes_sum(along);
    sums[1] = lanes_sum(squares);
}

/* k + 0.5 */
static inline lanes lanes_of_codes(const uint8_t *codes)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    __m512i whole = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)codes));
    return _mm512_add_ps(_mm512_cvtepi32_ps(whole), _mm512_set1_ps(0.5f));
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    __m256i low = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)codes));
    __m256i high = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + 8)));
    lanes k = {_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)};
    return lanes_add(k, lanes_set(0.5f));
#else
    lanes k;
    for (int i = 0; i < LANES; i++)
        k.at[i] = (float)codes[i] + 0.5f;
    return k;
#endif
}

static void project(const float *r, uint32_t n, const uint8_t *codes, const float *a,
                    const float *b, float sums[3])
{
    lanes signs = lanes_set(0), whole = lanes_set(0), straight = lanes_set(0);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes x = lanes_load(r + i), turned = lanes_sign(x, lanes_load(a + i));
        signs = lanes_add(signs, turned);
        if (codes != NULL)
            whole = lanes_add(whole, lanes_mul(lanes_of_codes(codes + i), turned));
        if (b != NULL)
            straight = lanes_add(straight, lanes_mul(x, lanes_load(b + i)));
    }
    sums[0] = lanes_sum(signs);
    sums[1] = lanes_sum(whole);
    sums[2] = lanes_sum(straight);
}

static void levels(const float *v, uint32_t n, float per_step, uint8_t *out, float sums[2])
{
    lanes squares = lanes_set(0), along = lanes_set(0);
    const lanes factor = lanes_set(per_step);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes x = lanes_load(v + i);
        lanes at = lanes_max(lanes_add(lanes_mul(x, factor), lanes_set(8)), lanes_set(0));
        lanes u = lanes_whole(at, 15, 0, out + i);
        u = lanes_sub(lanes_add(u, u), lanes_set(15));
        squares = lanes_add(squares, lanes_mul(u, u));
        along = lanes_add(along, lanes_mul(x, u));
    }
    sums[0] = lanes_sum(squares);
    sums[1] = lanes_sum(along);
}

/* With s = the rounded value + 8191: high + 64 = (s + 65) / 128 rounded down, low + 64 the rest of it. Floats hold all of these. */
static int64_t split(const float *v, uint32_t n, float per_unit, int8_t *high, int8_t *low)
{
    enum { BLOCK = 1024 }; /* values whose sum a float holds */
    int64_t sum = 0;
    const lanes factor = lanes_set(per_unit), shift = lanes_set(8191.5f);
    for (uint32_t begin = 0; begin < n; begin += BLOCK) {
        uint32_t end = n - begin < BLOCK ? n : begin + BLOCK;
        lanes part = lanes_set(0);
        for (uint32_t i = begin; i < end; i += LANES) {
            uint8_t unused[LANES];
            lanes s = lanes_add(lanes_mul(lanes_load(v + i), factor), shift);
            s = lanes_whole(lanes_max(s, lanes_set(0)), 16383, 0, unused);
            part = lanes_add(part, s);
            s = lanes_add(s, lanes_set(65));
            lanes h =
                lanes_whole(lanes_mul(s, lanes_set(0.0078125f)), 127, 64, (uint8_t *)high + i);
            lanes_whole(lanes_sub(s, lanes_mul(h, lanes_set(128))), 127, 64, (uint8_t *)low + i);
        }
        sum += (int64_t)lanes_sum(part) - (int64_t)8191 * (end - begin);
    }
    return sum;
}

#endif
