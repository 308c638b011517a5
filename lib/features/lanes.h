/*
 * lanes.h - the few vector operations that the neighbour search needs, for each level: lanes of 32 bits, which some operations see as pairs of
 * 16. Masks have a bit a lane. Nothing here can fail or round.
 */
#ifndef SCREE_LIB_FEATURES_LANES_H
#define SCREE_LIB_FEATURES_LANES_H

#include "features/level.h"

#include <stdint.h>
#include <string.h>

/* For each mask: the lanes that are set, in order, a nibble each from the lowest on. */
extern const uint32_t scree__features_pack_order[256];

#if FEATURES_LEVEL == FEATURES_LEVEL_AVX512

#define LANES 16u
typedef __m512i lanes;

static inline lanes lanes_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}
static inline void lanes_store(int32_t *p, lanes v)
{
    _mm512_storeu_si512(p, v);
}
static inline lanes lanes_all(int32_t v)
{
    return _mm512_set1_epi32(v);
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm512_sub_epi32(a, b);
}
static inline lanes lanes_sub16(lanes a, lanes b)
{
    return _mm512_sub_epi16(a, b);
}
static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_epi32(a, b);
}
static inline lanes lanes_madd16(lanes a, lanes b)
{
    return _mm512_madd_epi16(a, b);
}
static inline lanes lanes_join16(lanes low, lanes high)
{
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}
/* gcc 12 may store 16 bits of such a mask and load 32 when it has to wait in memory: widened by
 * hand, it does not. lib/laz/search.h has more on it. */
static inline uint32_t lanes_mask(__mmask16 mask)
{
    uint32_t wide;
    __asm__("kmovw %1, %0" : "=r"(wide) : "k"(mask));
    return wide;
}
static inline uint32_t lanes_at_most(lanes a, lanes b)
{
    return lanes_mask(_mm512_cmple_epi32_mask(a, b));
}
static inline uint32_t lanes_at_most_unsigned(lanes a, lanes b)
{
    return lanes_mask(_mm512_cmple_epu32_mask(a, b));
}
static inline void lanes_pack(int32_t *to, lanes v, uint32_t mask)
{
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32((__mmask16)mask, v));
}
static inline unsigned lanes_bits(uint32_t mask)
{
    return (unsigned)_mm_popcnt_u32(mask);
}
static inline lanes lanes_and(lanes a, lanes b)
{
    return _mm512_and_si512(a, b);
}
static inline lanes lanes_high16(lanes v)
{
    return _mm512_srli_epi32(v, 16);
}
static inline lanes lanes_larger(lanes a, lanes b)
{
    return _mm512_max_epi32(a, b);
}
/* v where a <= b, else 0 */
static inline lanes lanes_where(lanes a, lanes b, lanes v)
{
    return _mm512_maskz_mov_epi32(_mm512_cmple_epi32_mask(a, b), v);
}
static inline int32_t lanes_sum(lanes v)
{
    return _mm512_reduce_add_epi32(v);
}
static inline int32_t lanes_largest(lanes v)
{
    return _mm512_reduce_max_epi32(v);
}

#elif FEATURES_LEVEL == FEATURES_LEVEL_AVX2

#define LANES 8u
typedef __m256i lanes;

static inline lanes lanes_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}
static inline void lanes_store(int32_t *p, lanes v)
{
    _mm256_storeu_si256((__m256i *)p, v);
}
static inline lanes lanes_all(int32_t v)
{
    return _mm256_set1_epi32(v);
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm256_sub_epi32(a, b);
}
static inline lanes lanes_sub16(lanes a, lanes b)
{
    return _mm256_sub_epi16(a, b);
}
static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_epi32(a, b);
}
static inline lanes lanes_madd16(lanes a, lanes b)
{
    return _mm256_madd_epi16(a, b);
}
static inline lanes lanes_join16(lanes low, lanes high)
{
    return _mm256_or_si256(low, _mm256_slli_epi32(high, 16));
}
static inline uint32_t lanes_at_most(lanes a, lanes b)
{
    return ~(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b))) & 0xFFu;
}
static inline uint32_t lanes_at_most_unsigned(lanes a, lanes b)
{
    __m256i same = _mm256_cmpeq_epi32(_mm256_min_epu32(a, b), a);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}
static inline void lanes_pack(int32_t *to, lanes v, uint32_t mask)
{
    const __m256i shifts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    __m256i order =
        _mm256_srlv_epi32(_mm256_set1_epi32((int)scree__features_pack_order[mask]), shifts);
    lanes_store(to, _mm256_permutevar8x32_epi32(v, order));
}
static inline unsigned lanes_bits(uint32_t mask)
{
    return (unsigned)_mm_popcnt_u32(mask);
}
static inline lanes lanes_and(lanes a, lanes b)
{
    return _mm256_and_si256(a, b);
}
static inline lanes lanes_high16(lanes v)
{
    return _mm256_srli_epi32(v, 16);
}
static inline lanes lanes_larger(lanes a, lanes b)
{
    return _mm256_max_epi32(a, b);
}
static inline lanes lanes_where(lanes a, lanes b, lanes v)
{
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(a, b), v);
}
static inline int32_t lanes_sum(lanes v)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}
static inline int32_t lanes_largest(lanes v)
{
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

#elif defined(__SSE2__)

#define LANES 4u
typedef __m128i lanes;

static inline lanes lanes_load(const int32_t *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}
static inline void lanes_store(int32_t *p, lanes v)
{
    _mm_storeu_si128((__m128i *)p, v);
}
static inline lanes lanes_all(int32_t v)
{
    return _mm_set1_epi32(v);
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm_sub_epi32(a, b);
}
static inline lanes lanes_sub16(lanes a, lanes b)
{
    return _mm_sub_epi16(a, b);
}
static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm_add_epi32(a, b);
}
static inline lanes lanes_madd16(lanes a, lanes b)
{
    return _mm_madd_epi16(a, b);
}
static inline lanes lanes_join16(lanes low, lanes high)
{
    return _mm_or_si128(low, _mm_slli_epi32(high, 16));
}
static inline uint32_t lanes_at_most(lanes a, lanes b)
{
    return ~(uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(a, b))) & 0xFu;
}
static inline uint32_t lanes_at_most_unsigned(lanes a, lanes b)
{
    const __m128i flip = _mm_set1_epi32(INT32_MIN);
    return lanes_at_most(_mm_xor_si128(a, flip), _mm_xor_si128(b, flip));
}
static inline void lanes_pack(int32_t *to, lanes v, uint32_t mask)
{
    int32_t all[LANES];
    lanes_store(all, v);
    for (unsigned i = 0; i < LANES; i++) {
        *to = all[i];
        to += mask >> i & 1;
    }
}
static inline unsigned lanes_bits(uint32_t mask)
{
    return 0x4332322132212110u >> 4 * mask & 0xF;
}
static inline lanes lanes_and(lanes a, lanes b)
{
    return _mm_and_si128(a, b);
}
static inline lanes lanes_high16(lanes v)
{
    return _mm_srli_epi32(v, 16);
}
static inline lanes lanes_larger(lanes a, lanes b)
{
    __m128i first = _mm_cmpgt_epi32(a, b);
    return _mm_or_si128(_mm_and_si128(first, a), _mm_andnot_si128(first, b));
}
static inline lanes lanes_where(lanes a, lanes b, lanes v)
{
    return _mm_andnot_si128(_mm_cmpgt_epi32(a, b), v);
}
static inline int32_t lanes_sum(lanes v)
{
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xB1)));
}
static inline int32_t lanes_largest(lanes v)
{
    v = lanes_larger(v, _mm_shuffle_epi32(v, 0x4E));
    return _mm_cvtsi128_si32(lanes_larger(v, _mm_shuffle_epi32(v, 0xB1)));
}

#else

#define LANES 4u
typedef struct {
    int32_t at[LANES];
} lanes;

#define LANES_EACH(i) for (unsigned i = 0; i < LANES; i++)

static inline lanes lanes_load(const int32_t *p)
{
    lanes v;
    memcpy(v.at, p, sizeof v.at);
    return v;
}
static inline void lanes_store(int32_t *p, lanes v)
{
    memcpy(p, v.at, sizeof v.at);
}
static inline lanes lanes_all(int32_t v)
{
    lanes all;
    LANES_EACH(i) all.at[i] = v;
    return all;
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    LANES_EACH(i) a.at[i] = (int32_t)((uint32_t)a.at[i] - (uint32_t)b.at[i]);
    return a;
}
static inline lanes lanes_sub16(lanes a, lanes b)
{
    LANES_EACH(i)
    {
        uint32_t low = (uint32_t)a.at[i] - (uint32_t)b.at[i];
        uint32_t high = ((uint32_t)a.at[i] >> 16) - ((uint32_t)b.at[i] >> 16);
        a.at[i] = (int32_t)((low & 0xFFFFu) | high << 16);
    }
    return a;
}
static inline lanes lanes_add(lanes a, lanes b)
{
    LANES_EACH(i) a.at[i] = (int32_t)((uint32_t)a.at[i] + (uint32_t)b.at[i]);
    return a;
}
static inline lanes lanes_madd16(lanes a, lanes b)
{
    LANES_EACH(i)
    {
        int32_t low = (int16_t)a.at[i] * (int16_t)b.at[i];
        int32_t high = (int16_t)((uint32_t)a.at[i] >> 16) * (int16_t)((uint32_t)b.at[i] >> 16);
        a.at[i] = (int32_t)((uint32_t)low + (uint32_t)high);
    }
    return a;
}
static inline lanes lanes_join16(lanes low, lanes high)
{
    LANES_EACH(i) low.at[i] = (int32_t)((uint32_t)low.at[i] | (uint32_t)high.at[i] << 16);
    return low;
}
static inline uint32_t lanes_at_most(lanes a, lanes b)
{
    uint32_t mask = 0;
    LANES_EACH(i) mask |= (uint32_t)(a.at[i] <= b.at[i]) << i;
    return mask;
}
static inline uint32_t lanes_at_most_unsigned(lanes a, lanes b)
{
    uint32_t mask = 0;
    LANES_EACH(i) mask |= (uint32_t)((uint32_t)a.at[i] <= (uint32_t)b.at[i]) << i;
    return mask;
}
static inline void lanes_pack(int32_t *to, lanes v, uint32_t mask)
{
    LANES_EACH(i)
    {
        *to = v.at[i];
        to += mask >> i & 1;
    }
}
static inline unsigned lanes_bits(uint32_t mask)
{
    return 0x4332322132212110u >> 4 * mask & 0xF;
}
static inline lanes lanes_and(lanes a, lanes b)
{
    LANES_EACH(i) a.at[i] &= b.at[i];
    return a;
}
static inline lanes lanes_high16(lanes v)
{
    LANES_EACH(i) v.at[i] = (int32_t)((uint32_t)v.at[i] >> 16);
    return v;
}
static inline lanes lanes_larger(lanes a, lanes b)
{
    LANES_EACH(i) a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    return a;
}
static inline lanes lanes_where(lanes a, lanes b, lanes v)
{
    LANES_EACH(i) v.at[i] = a.at[i] <= b.at[i] ? v.at[i] : 0;
    return v;
}
static inline int32_t lanes_sum(lanes v)
{
    uint32_t sum = 0;
    LANES_EACH(i) sum += (uint32_t)v.at[i];
    return (int32_t)sum;
}
static inline int32_t lanes_largest(lanes v)
{
    int32_t largest = v.at[0];
    LANES_EACH(i) largest = v.at[i] > largest ? v.at[i] : largest;
    return largest;
}

#endif

#endif
