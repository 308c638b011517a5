/* rough_here.h - whole sums of rounded centroids and the upper 7 bits of a query, and bounds from them. Sums of two products fit 16 bits. */
#ifndef SCREE_LIB_VECTORS_ROUGH_HERE_H
#define SCREE_LIB_VECTORS_ROUGH_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"

#include <math.h>

#define GROUP SCREE__VECTORS_ROUGH_GROUP

/* Of a group: n / 4 times 64 lists of four dimensions. */
#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static void rough_sums(const uint8_t *codes, const int8_t *query, uint32_t n, int32_t *sums)
{
    memset(sums, 0, GROUP * sizeof *sums);
    for (uint32_t d = 0; d < n; d += 4, codes += 4 * GROUP)
        for (uint32_t list = 0; list < GROUP; list++)
            for (uint32_t i = 0; i < 4; i++)
                sums[list] += codes[4 * list + i] * query[d + i];
}

#else

#if VECTORS_LEVEL == VECTORS_LEVEL_AVX2
typedef __m256i four_products;
#define HELD_LISTS 8
#define load_codes(from) _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define store_sums(to, sums) _mm256_storeu_si256((__m256i *)(void *)(to), sums)
#define no_sums() _mm256_setzero_si256()
#define each_four(four) _mm256_set1_epi32(four)

static inline __m256i add_four_products(__m256i sums, __m256i codes, __m256i query)
{
    return _mm256_add_epi32(
        sums, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, query), _mm256_set1_epi16(1)));
}
#else
typedef __m512i four_products;
#define HELD_LISTS 16
#define load_codes(from) _mm512_loadu_si512(from)
#define store_sums(to, sums) _mm512_storeu_si512(to, sums)
#define no_sums() _mm512_setzero_si512()
#define each_four(four) _mm512_set1_epi32(four)

static inline __m512i add_four_products(__m512i sums, __m512i codes, __m512i query)
{
#ifdef VECTORS_VBMI
    return _mm512_dpbusd_epi32(sums, codes, query);
#else
    return _mm512_add_epi32(
        sums, _mm512_madd_epi16(_mm512_maddubs_epi16(codes, query), _mm512_set1_epi16(1)));
#endif
}
#endif

static void rough_sums(const uint8_t *codes, const int8_t *query, uint32_t n, int32_t *sums)
{
    enum { HELD = 64 / HELD_LISTS };
    four_products all[HELD];
#pragma GCC unroll 8
    for (int i = 0; i < HELD; i++)
        all[i] = no_sums();
    for (uint32_t d = 0; d < n; d += 4, codes += 4 * GROUP) {
        int32_t four;
        memcpy(&four, query + d, sizeof four);
        const four_products each = each_four(four);
#pragma GCC unroll 8
        for (int i = 0; i < HELD; i++)
            all[i] = add_four_products(all[i], load_codes(codes + i * 4 * HELD_LISTS), each);
    }
#pragma GCC unroll 8
    for (int i = 0; i < HELD; i++)
        store_sums(sums + i * HELD_LISTS, all[i]);
}

#endif

/* Of the query's upper parts the sum, of its lower parts the sum of squares. */
#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN
static void rounded_sums(const struct scree__vectors_query *query, uint32_t n, int32_t *high,
                         float *low2)
{
    int64_t squares = 0;
    *high = 0;
    for (uint32_t d = 0; d < n; d++) {
        *high += query->high[d];
        squares += query->low[d] * query->low[d];
    }
    *low2 = (float)squares;
}
#else
static void rounded_sums(const struct scree__vectors_query *query, uint32_t n, int32_t *high,
                         float *low2)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256(), squares = sums;
    int32_t each[2][8];
    int64_t total = 0;
    for (uint32_t d = 0; d < n; d += 16) {
        __m256i upper = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query->high + d)));
        __m256i lower = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query->low + d)));
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(upper, ones));
        squares = _mm256_add_epi32(squares, _mm256_madd_epi16(lower, lower));
    }
    _mm256_storeu_si256((__m256i *)each[0], sums);
    _mm256_storeu_si256((__m256i *)each[1], squares);
    *high = 0;
    for (int i = 0; i < 8; i++) {
        *high += each[0][i];
        total += each[1][i];
    }
    *low2 = (float)total;
}
#endif

static void rough(const struct scree__vectors_rough *lists,
                  const struct scree__vectors_query *query, float *lower, float *upper)
{
    const uint32_t n = lists->padded_dim;
    int32_t high;
    float low2;
    rounded_sums(query, n, &high, &low2);
    /* What rounding to units of whole_scale left out is 0.6 of one at most. */
    const float unit = 2 * query->whole_scale;
    const lanes left = lanes_set(unit * (sqrtf(low2) + 0.6f * sqrtf((float)n)));
    const lanes scale = lanes_set(128 * unit), length = lanes_set(2 * sqrtf(query->square));
    const lanes slack = lanes_set(SCREE__VECTORS_ROUGH_SLACK);
    const lanes rest = lanes_set(SCREE__VECTORS_ROUGH_SLACK * query->square);
    _Alignas(64) int32_t sums[GROUP];
    const uint8_t *codes = lists->codes;
    for (uint32_t first = 0; first < lists->padded_count;
         first += GROUP, codes += (size_t)GROUP * n) {
        rough_sums(codes, query->high, n, sums);
        for (uint32_t i = 0; i < GROUP; i++)
            sums[i] -= 128 * high;
        for (uint32_t i = 0; i < GROUP; i += LANES) {
            const uint32_t at = first + i;
            const lanes square = lanes_load(lists->squares + at);
            lanes along = lanes_mul(lanes_mul(lanes_of_whole(sums + i), scale),
                                    lanes_load(lists->scales + at));
            lanes key = lanes_sub(square, along);
            lanes error = lanes_add(lanes_add(lanes_mul(length, lanes_load(lists->lost + at)),
                                              lanes_mul(left, lanes_load(lists->sizes + at))),
                                    lanes_add(lanes_mul(slack, square), rest));
            lanes_store(lower + at, lanes_sub(key, error));
            lanes_store(upper + at, lanes_add(key, error));
        }
    }
}

#endif
