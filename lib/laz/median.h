/* median.h - the streaming medians of five that predict x and y differences, two by two. */
#ifndef SCREE_LIB_LAZ_MEDIAN_H
#define SCREE_LIB_LAZ_MEDIAN_H

#include "laz/model.h"

/* Of x and of y, which are updated together; not in vectors, whose steps wait for each other longer
 * than they save. */
struct laz_medians {
    int32_t v[5][2];      /* ascending */
    uint32_t drop_low[2]; /* which end gives way to the next value: all ones, the lowest */
};

LAZ_INLINE int32_t laz_max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

LAZ_INLINE int32_t laz_min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

LAZ_INLINE uint32_t laz_median_x(const struct laz_medians *medians)
{
    return (uint32_t)medians->v[2][0];
}

LAZ_INLINE uint32_t laz_median_y(const struct laz_medians *medians)
{
    return (uint32_t)medians->v[2][1];
}

LAZ_INLINE void laz_median_insert(struct laz_medians *medians, unsigned which, uint32_t value)
{
    int32_t x = (int32_t)value;
    int32_t middle = medians->v[2][which];
    uint32_t drop_low = medians->drop_low[which];
    int32_t(*kept)[2] = medians->v + (drop_low & 1u);
    int32_t a = kept[0][which], b = kept[1][which], c = kept[2][which], d = kept[3][which];
    medians->drop_low[which] = laz_mask(x > middle) | (laz_mask(x == middle) & ~drop_low);
    medians->v[0][which] = laz_min32(a, x);
    medians->v[1][which] = laz_max32(a, laz_min32(b, x));
    medians->v[2][which] = laz_max32(b, laz_min32(c, x));
    medians->v[3][which] = laz_max32(c, laz_min32(d, x));
    medians->v[4][which] = laz_max32(d, x);
}

LAZ_INLINE void laz_medians_insert(struct laz_medians *medians, uint32_t x, uint32_t y)
{
    laz_median_insert(medians, 0, x);
    laz_median_insert(medians, 1, y);
}

#if LAZ_LEVEL != LAZ_LEVEL_PLAIN
/* x and y, from the lower half of a register. */
LAZ_INLINE void laz_medians_take(struct laz_medians *medians, __m128i value)
{
    __m256i values = _mm256_broadcastq_epi64(value);
    value = _mm256_castsi256_si128(values);
    __m128i drop_low = _mm_loadl_epi64((const __m128i *)medians->drop_low);
    __m256i v0to3 = _mm256_loadu_si256((const __m256i *)medians->v[0]);
    __m256i v4 = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)medians->v[4]));
    __m256i v1to4 = _mm256_blend_epi32(_mm256_permute4x64_epi64(v0to3, 0x39), v4, 0xC0);
    __m256i kept = _mm256_blendv_epi8(v0to3, v1to4, _mm256_broadcastq_epi64(drop_low));
    __m256i capped = _mm256_min_epi32(kept, values);
    __m256i below = _mm256_blend_epi32(_mm256_permute4x64_epi64(kept, 0x90), capped, 0x03);
    __m128i top = _mm_max_epi32(_mm256_extracti128_si256(kept, 1), value);
    __m128i middle = _mm256_extracti128_si256(v0to3, 1);
    drop_low = _mm_or_si128(_mm_cmpgt_epi32(value, middle),
                            _mm_andnot_si128(drop_low, _mm_cmpeq_epi32(value, middle)));
    _mm256_storeu_si256((__m256i *)medians->v[0], _mm256_max_epi32(capped, below));
    _mm_storel_epi64((__m128i *)medians->v[4], _mm_unpackhi_epi64(top, top));
    _mm_storel_epi64((__m128i *)medians->drop_low, drop_low);
}
#endif

/* The same as laz_medians_insert() where nobody waits for it: fewer instructions, but a longer
 * chain. */
LAZ_INLINE void laz_medians_insert_wide(struct laz_medians *medians, uint32_t x, uint32_t y)
{
#if LAZ_LEVEL == LAZ_LEVEL_PLAIN
    laz_medians_insert(medians, x, y);
#else
    laz_medians_take(medians, _mm_cvtsi64_si128((long long)(x | (uint64_t)y << 32)));
#endif
}

/* From residuals to the point: xy moves by them and the medians, which take in by how much. */
LAZ_INLINE void laz_medians_move(struct laz_medians *medians, uint32_t xy[2], uint32_t dx,
                                 uint32_t dy)
{
#if LAZ_LEVEL == LAZ_LEVEL_PLAIN
    dx += laz_median_x(medians);
    dy += laz_median_y(medians);
    laz_medians_insert(medians, dx, dy);
    xy[0] += dx;
    xy[1] += dy;
#else
    __m128i step = _mm_insert_epi32(_mm_cvtsi32_si128((int)dx), (int)dy, 1);
    step = _mm_add_epi32(step, _mm_loadl_epi64((const __m128i *)medians->v[2]));
    laz_medians_take(medians, step);
    _mm_storel_epi64((__m128i *)xy, _mm_add_epi32(step, _mm_loadl_epi64((const __m128i *)xy)));
#endif
}

/* Contexts made of a bit count: its lowest bit cleared, at most `limit` (even). */
LAZ_INLINE unsigned laz_even(unsigned k, unsigned limit)
{
    return k < limit ? k & ~1u : limit;
}

#endif
