/*
 * search.h - the symbol whose interval holds a frequency: how many entries of a sorted group are
 * not above it. No branch depends on the data: mispredicting one costs as much as the search.
 *
 * Entries in use are below 2^15, unused ones LAZ_CUM_PAD, and q is at most 2^15 + 63; compares are
 * unsigned, so that no padding is ever counted. SSE2 belongs to every x86-64; the plain loops mean
 * the same.
 */
#ifndef SCREE_LIB_LAZ_SEARCH_H
#define SCREE_LIB_LAZ_SEARCH_H

#include "laz/model.h"

#if LAZ_LEVEL == LAZ_LEVEL_AVX512
typedef __m512i laz_wide;

LAZ_INLINE laz_wide laz_spread(uint32_t q)
{
    return _mm512_set1_epi16((short)q);
}

/*
 * A mask of 16 in 32 bits. By hand, because gcc 12 widens the result of a compare by doing nothing:
 * the register's upper bits are zero, but when the mask has to wait in memory, 16 bits are stored
 * and 32 loaded, at any -O above 0. tests/house/slow_laz-optimised.sh has the case. Masks of 32 and
 * 64 have nothing to widen.
 */
LAZ_INLINE uint32_t laz_mask16_widen(__mmask16 mask)
{
    uint32_t wide;
    __asm__("kmovw %1, %0" : "=r"(wide) : "k"(mask));
    return wide;
}

/* How many of 16 ascending entries are <= q. */
LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, laz_wide q)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)sorted);
    __mmask16 not_above = _mm256_cmple_epu16_mask(v, _mm512_castsi512_si256(q));
    return (unsigned)_mm_popcnt_u32(laz_mask16_widen(not_above));
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, laz_wide q)
{
    return (unsigned)_mm_popcnt_u32(_mm512_cmple_epu16_mask(_mm512_loadu_si512(sorted), q));
}
#elif LAZ_LEVEL == LAZ_LEVEL_AVX2
typedef __m256i laz_wide;

LAZ_INLINE laz_wide laz_spread(uint32_t q)
{
    return _mm256_set1_epi16((short)q);
}

/* All ones in each of 16 entries that are <= q. */
LAZ_INLINE __m256i laz_not_above(const uint16_t *sorted, laz_wide q)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)sorted);
    return _mm256_cmpeq_epi16(_mm256_min_epu16(v, q), v);
}

LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, laz_wide q)
{
    unsigned bits = (unsigned)_mm256_movemask_epi8(laz_not_above(sorted, q));
    return (unsigned)_mm_popcnt_u32(bits) >> 1;
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, laz_wide q)
{
    __m256i both = _mm256_packs_epi16(laz_not_above(sorted, q), laz_not_above(sorted + 16, q));
    return (unsigned)_mm_popcnt_u32((unsigned)_mm256_movemask_epi8(both));
}
#elif defined(__GNUC__) && defined(__SSE2__)
typedef __m128i laz_wide;

LAZ_INLINE laz_wide laz_spread(uint32_t q)
{
    return _mm_set1_epi16((short)q);
}

/* A one for each of 16 entries that is <= q. */
LAZ_INLINE unsigned laz_not_above(const uint16_t *sorted, laz_wide q)
{
    __m128i zero = _mm_setzero_si128();
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)sorted);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(sorted + 8));
    low = _mm_cmpeq_epi16(_mm_subs_epu16(low, q), zero);
    high = _mm_cmpeq_epi16(_mm_subs_epu16(high, q), zero);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, laz_wide q)
{
    return (unsigned)__builtin_ctz(~laz_not_above(sorted, q));
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, laz_wide q)
{
    uint64_t bits = laz_not_above(sorted, q) | (uint64_t)laz_not_above(sorted + 16, q) << 16;
    return (unsigned)__builtin_ctzll(~bits);
}
#else
typedef uint32_t laz_wide;

LAZ_INLINE laz_wide laz_spread(uint32_t q)
{
    return q;
}

LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, laz_wide q)
{
    unsigned found = 0;
    for (unsigned i = 0; i < 16; i++)
        found += sorted[i] <= q;
    return found;
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, laz_wide q)
{
    return laz_find16(sorted, q) + laz_find16(sorted + 16, q);
}
#endif

/* The largest s with cum[s] <= q. The layout decides the steps at compile time. */
LAZ_INLINE unsigned laz_find_symbol(const uint16_t *start, const uint16_t *cum,
                                    const unsigned layout, uint32_t q)
{
    laz_wide wide = laz_spread(q);
    if (layout <= 17)
        return laz_find16(cum + 1, wide);
    if (layout <= 33)
        return laz_find32(cum + 1, wide);
    unsigned s = start[q >> LAZ_START_SHIFT];
    unsigned step = laz_find16(cum + s + 1, wide);
    s += step;
    while (LAZ_UNLIKELY(step == 16)) { /* many rare symbols side by side */
        step = laz_find16(cum + s + 1, wide);
        s += step;
    }
    return s;
}

#endif
