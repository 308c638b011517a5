/*
 * lanes.h - sixteen floats at a time, in plain C, two AVX2 registers or one of AVX-512: what kernels_here.h is written over. Each operation rounds
 * once, as C does; sums of lanes go by halves: 8 + 8, 4 + 4, 2 + 2, 1 + 1. (features/lanes.h has whole numbers, as many as the
 * level's register holds: no operation of it is one of these.)
 */
#ifndef SCREE_LIB_VECTORS_LANES_H
#define SCREE_LIB_VECTORS_LANES_H

#include "vectors/level.h"

#include <string.h>

#define LANES 16

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

typedef struct {
    float at[LANES];
} lanes;

#define LANES_EACH(expression)          \
    do {                                \
        lanes out;                      \
        for (int i = 0; i < LANES; i++) \
            out.at[i] = (expression);   \
        return out;                     \
    } while (0)

static inline lanes lanes_load(const float *p)
{
    LANES_EACH(p[i]);
}
static inline void lanes_store(float *p, lanes a)
{
    memcpy(p, a.at, sizeof a.at);
}
static inline lanes lanes_set(float v)
{
    LANES_EACH(v);
}
static inline lanes lanes_add(lanes a, lanes b)
{
    LANES_EACH(a.at[i] + b.at[i]);
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    LANES_EACH(a.at[i] - b.at[i]);
}
static inline lanes lanes_mul(lanes a, lanes b)
{
    LANES_EACH(a.at[i] * b.at[i]);
}
static inline lanes lanes_max(lanes a, lanes b)
{
    LANES_EACH(a.at[i] > b.at[i] ? a.at[i] : b.at[i]);
}
static inline lanes lanes_min(lanes a, lanes b)
{
    LANES_EACH(a.at[i] < b.at[i] ? a.at[i] : b.at[i]);
}
static inline lanes lanes_abs(lanes a)
{
    LANES_EACH(a.at[i] < 0 ? -a.at[i] : a.at[i]);
}
/* b with the sign changed where a is negative. */
static inline lanes lanes_sign(lanes a, lanes b)
{
    LANES_EACH(a.at[i] < 0 ? -b.at[i] : b.at[i]);
}
static inline lanes lanes_of_whole(const int32_t *p)
{
    LANES_EACH((float)p[i]);
}
/* The sign changed where a bit is set. */
static inline lanes lanes_flip(lanes a, uint32_t bits)
{
    LANES_EACH((bits >> i & 1) != 0 ? -a.at[i] : a.at[i]);
}
/* Bit i: lane i is less than 0. */
static inline uint32_t lanes_negative(lanes a)
{
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++)
        bits |= (uint32_t)(a.at[i] < 0) << i;
    return bits;
}
/* Bit i: lane i of a is less than that of b. */
static inline uint32_t lanes_less(lanes a, lanes b)
{
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++)
        bits |= (uint32_t)(a.at[i] < b.at[i]) << i;
    return bits;
}
/* A step of a Hadamard transform among lanes `by` apart. */
static inline lanes lanes_butterfly(lanes a, int by)
{
    LANES_EACH((i & by) == 0 ? a.at[i] + a.at[i + by] : a.at[i - by] - a.at[i]);
}
static inline float lanes_sum(lanes a)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            a.at[i] = a.at[i] + a.at[i + half];
    return a.at[0];
}
/* The sums of `count` of sixteen; what else there is has to be numbers, too. */
static inline void lanes_sums(const lanes each[LANES], unsigned count, float out[LANES])
{
    for (unsigned i = 0; i < count; i++)
        out[i] = lanes_sum(each[i]);
}
/* Rounded towards zero, not above top: the numbers, and as bytes, `less` smaller. a is not negative. */
static inline lanes lanes_whole(lanes a, float top, uint8_t less, uint8_t *bytes)
{
    lanes out;
    for (int i = 0; i < LANES; i++) {
        float v = a.at[i] < top ? a.at[i] : top;
        out.at[i] = (float)(int32_t)v;
        bytes[i] = (uint8_t)((int32_t)v - less);
    }
    return out;
}

#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2

typedef struct {
    __m256 low, high;
} lanes;

static inline lanes lanes_load(const float *p)
{
    return (lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
static inline void lanes_store(float *p, lanes a)
{
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
}
static inline lanes lanes_set(float v)
{
    return (lanes){_mm256_set1_ps(v), _mm256_set1_ps(v)};
}
static inline lanes lanes_add(lanes a, lanes b)
{
    return (lanes){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    return (lanes){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
static inline lanes lanes_mul(lanes a, lanes b)
{
    return (lanes){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
static inline lanes lanes_max(lanes a, lanes b)
{
    return (lanes){_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
static inline lanes lanes_min(lanes a, lanes b)
{
    return (lanes){_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
static inline lanes lanes_abs(lanes a)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (lanes){_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
static inline lanes lanes_of_whole(const int32_t *p)
{
    return (lanes){_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p)),
                   _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(p + 8)))};
}
static inline __m256 sign_where_negative(__m256 a)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_LT_OQ), _mm256_set1_ps(-0.0f));
}
static inline lanes lanes_sign(lanes a, lanes b)
{
    return (lanes){_mm256_xor_ps(b.low, sign_where_negative(a.low)),
                   _mm256_xor_ps(b.high, sign_where_negative(a.high))};
}
static inline __m256 sign_of_bits(uint32_t bits)
{
    const __m256i at = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
    return _mm256_and_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(_mm256_set1_epi32((int)bits), at)),
                         _mm256_set1_ps(-0.0f));
}
static inline lanes lanes_flip(lanes a, uint32_t bits)
{
    return (lanes){_mm256_xor_ps(a.low, sign_of_bits(bits)),
                   _mm256_xor_ps(a.high, sign_of_bits(bits >> 8))};
}
static inline uint32_t lanes_negative(lanes a)
{
    __m256 zero = _mm256_setzero_ps();
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a.low, zero, _CMP_LT_OQ)) |
           (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a.high, zero, _CMP_LT_OQ)) << 8;
}
static inline uint32_t lanes_less(lanes a, lanes b)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)) |
           (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)) << 8;
}
/* a +- its partner: lanes whose index has the bit get partner - own. */
static inline __m256 butterfly8(__m256 a, int by)
{
    __m256 other = by == 1   ? _mm256_permute_ps(a, 0xb1)
                   : by == 2 ? _mm256_permute_ps(a, 0x4e)
                             : _mm256_permute2f128_ps(a, a, 0x01);
    __m256 sum = _mm256_add_ps(a, other), difference = _mm256_sub_ps(other, a);
    return by == 1   ? _mm256_blend_ps(sum, difference, 0xaa)
           : by == 2 ? _mm256_blend_ps(sum, difference, 0xcc)
                     : _mm256_blend_ps(sum, difference, 0xf0);
}
static inline lanes lanes_butterfly(lanes a, int by)
{
    if (by == 8)
        return (lanes){_mm256_add_ps(a.low, a.high), _mm256_sub_ps(a.low, a.high)};
    return (lanes){butterfly8(a.low, by), butterfly8(a.high, by)};
}
static inline float sum8(__m256 a)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
static inline float lanes_sum(lanes a)
{
    return sum8(_mm256_add_ps(a.low, a.high));
}
static inline void lanes_sums(const lanes each[LANES], unsigned count, float out[LANES])
{
    for (unsigned i = 0; i < count; i++)
        out[i] = lanes_sum(each[i]);
}
static inline lanes lanes_whole(lanes a, float top, uint8_t less, uint8_t *bytes)
{
    __m256 most = _mm256_set1_ps(top);
    __m256i low = _mm256_cvttps_epi32(_mm256_min_ps(a.low, most));
    __m256i high = _mm256_cvttps_epi32(_mm256_min_ps(a.high, most));
    /* Four-byte groups come out as low 0-3, high 0-3, low 4-7, high 4-7. */
    __m256i words = _mm256_packus_epi32(low, high);
    __m128i packed =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    packed = _mm_sub_epi8(_mm_shuffle_epi32(packed, 0xd8), _mm_set1_epi8((char)less));
    _mm_storeu_si128((__m128i *)bytes, packed);
    return (lanes){_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)};
}

#else

typedef __m512 lanes;

static inline lanes lanes_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void lanes_store(float *p, lanes a)
{
    _mm512_storeu_ps(p, a);
}
static inline lanes lanes_set(float v)
{
    return _mm512_set1_ps(v);
}
static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_ps(a, b);
}
static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm512_sub_ps(a, b);
}
static inline lanes lanes_mul(lanes a, lanes b)
{
    return _mm512_mul_ps(a, b);
}
static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm512_max_ps(a, b);
}
static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm512_min_ps(a, b);
}
static inline lanes lanes_abs(lanes a)
{
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a);
}
static inline lanes lanes_of_whole(const int32_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_loadu_si512(p));
}
static inline lanes flip_where(lanes a, __mmask16 where)
{
    return _mm512_mask_xor_ps(a, where, a, _mm512_set1_ps(-0.0f));
}
static inline lanes lanes_sign(lanes a, lanes b)
{
    return flip_where(b, _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LT_OQ));
}
static inline lanes lanes_flip(lanes a, uint32_t bits)
{
    return flip_where(a, (__mmask16)bits);
}
static inline uint32_t lanes_negative(lanes a)
{
    return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LT_OQ);
}
static inline uint32_t lanes_less(lanes a, lanes b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
/* A product with 1 or -1 is exact: this rounds once, as additions do. */
static inline lanes lanes_butterfly(lanes a, int by)
{
    lanes other = by == 1   ? _mm512_permute_ps(a, 0xb1)
                  : by == 2 ? _mm512_permute_ps(a, 0x4e)
                  : by == 4 ? _mm512_shuffle_f32x4(a, a, 0xb1)
                            : _mm512_shuffle_f32x4(a, a, 0x4e);
    __mmask16 upper = by == 1 ? 0xaaaa : by == 2 ? 0xcccc : by == 4 ? 0xf0f0 : 0xff00;
    lanes sign = _mm512_mask_blend_ps(upper, _mm512_set1_ps(1), _mm512_set1_ps(-1));
    return _mm512_fmadd_ps(a, sign, other);
}
static inline float lanes_sum(lanes a)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
/* Each step halves the lanes of two into those of one. */
static inline void lanes_sums(const lanes each[LANES], unsigned count, float out[LANES])
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    lanes a[LANES];
    (void)count;
#pragma GCC unroll 16
    for (unsigned i = 0; i < LANES; i++)
        a[i] = each[i];
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) /* eight lanes of two */
        a[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0x44),
                             _mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0xee));
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) /* four of four */
        a[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0x88),
                             _mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0xdd));
#pragma GCC unroll 2
    for (unsigned i = 0; i < 2; i++) /* two of eight */
        a[i] = _mm512_add_ps(_mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0x44),
                             _mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0xee));
    a[0] = _mm512_add_ps(_mm512_shuffle_ps(a[0], a[1], 0x88), _mm512_shuffle_ps(a[0], a[1], 0xdd));
    _mm512_storeu_ps(out, _mm512_permutexvar_ps(order, a[0]));
}
static inline lanes lanes_whole(lanes a, float top, uint8_t less, uint8_t *bytes)
{
    __m512i whole = _mm512_cvttps_epi32(_mm512_min_ps(a, _mm512_set1_ps(top)));
    _mm_storeu_si128((__m128i *)bytes,
                     _mm_sub_epi8(_mm512_cvtepi32_epi8(whole), _mm_set1_epi8((char)less)));
    return _mm512_cvtepi32_ps(whole);
}

#endif
#endif
