/*
 * search.h - the symbol whose interval holds a frequency: how many entries of a sorted group are
 * not above it.
 *
 * Entries and q are below 2^15, so that signed 16-bit compares serve. SSE2 belongs to every x86-64;
 * the plain loops mean the same.
 */
#ifndef SCREE_LIB_LAZ_SEARCH_H
#define SCREE_LIB_LAZ_SEARCH_H

#include "laz/model.h"

#if defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>

LAZ_INLINE unsigned laz_above16(const uint16_t *sorted, __m128i q)
{
    __m128i low = _mm_cmpgt_epi16(_mm_loadu_si128((const __m128i *)(const void *)sorted), q);
    __m128i high = _mm_cmpgt_epi16(_mm_loadu_si128((const __m128i *)(const void *)(sorted + 8)), q);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, uint32_t q)
{
    return (unsigned)__builtin_ctz(laz_above16(sorted, _mm_set1_epi16((short)q)) | 0x10000u);
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, uint32_t q)
{
    __m128i wide = _mm_set1_epi16((short)q);
    uint64_t above = laz_above16(sorted, wide) | (uint64_t)laz_above16(sorted + 16, wide) << 16;
    return (unsigned)__builtin_ctzll(above | (uint64_t)1 << 32);
}
#else
LAZ_INLINE unsigned laz_find16(const uint16_t *sorted, uint32_t q)
{
    unsigned found = 0;
    for (unsigned i = 0; i < 16; i++)
        found += sorted[i] <= q;
    return found;
}

LAZ_INLINE unsigned laz_find32(const uint16_t *sorted, uint32_t q)
{
    return laz_find16(sorted, q) + laz_find16(sorted + 16, q);
}
#endif

/* The largest s < n with cum[s] <= q. layout decides the steps at compile time; n may be less at
 * run time. q <= LAZ_CUM_PAD. */
LAZ_INLINE unsigned laz_find_symbol(const uint16_t *top, const uint16_t *cum, const unsigned layout,
                                    unsigned n, uint32_t q)
{
    unsigned s;
    if (layout <= 17) {
        s = laz_find16(cum + 1, q);
    } else if (layout <= 33) {
        s = laz_find32(cum + 1, q);
    } else if (layout <= 64) {
        s = laz_find32(cum + 1, q) + laz_find32(cum + 33, q);
    } else {
        unsigned block = layout <= 256 ? laz_find16(top, q) : laz_find32(top, q);
        unsigned block_max = (n - 1) >> 4;
        block = block < block_max ? block : block_max;
        s = 16 * block + laz_find16(cum + 16 * block + 1, q);
    }
    return s < n ? s : n - 1; /* only q == LAZ_CUM_PAD counts padding */
}

#endif
