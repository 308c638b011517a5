/*
 * reals.h - doubles in lanes, for each level: + - * / and square roots that round as IEEE 754 says, never contracted, so that a lane's bits do
 * not depend on how many there are.
 */
#ifndef SCREE_LIB_FEATURES_REALS_H
#define SCREE_LIB_FEATURES_REALS_H

#include "features/level.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#if FEATURES_LEVEL == FEATURES_LEVEL_AVX512

#define REALS 8u
typedef __m512d reals;
typedef __mmask8 reals_mask;
#define REALS_OP(name) _mm512_##name##_pd
typedef __m512i reals_bits;
#define BITS_OP(name) _mm512_##name##_epi64
#define BITS_LOGIC(name) _mm512_##name##_si512
#define BITS_ALL _mm512_set1_epi64
static inline reals_bits bits_of_reals(reals v)
{
    return _mm512_castpd_si512(v);
}
static inline reals reals_of_bits(reals_bits v)
{
    return _mm512_castsi512_pd(v);
}
static inline reals reals_select(reals_mask mask, reals yes, reals no)
{
    return _mm512_mask_blend_pd(mask, no, yes);
}
static inline reals_mask reals_greater(reals a, reals b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}

#elif FEATURES_LEVEL == FEATURES_LEVEL_AVX2

#define REALS 4u
typedef __m256d reals;
typedef __m256d reals_mask;
#define REALS_OP(name) _mm256_##name##_pd
typedef __m256i reals_bits;
#define BITS_OP(name) _mm256_##name##_epi64
#define BITS_LOGIC(name) _mm256_##name##_si256
#define BITS_ALL _mm256_set1_epi64x
static inline reals_bits bits_of_reals(reals v)
{
    return _mm256_castpd_si256(v);
}
static inline reals reals_of_bits(reals_bits v)
{
    return _mm256_castsi256_pd(v);
}
static inline reals reals_select(reals_mask mask, reals yes, reals no)
{
    return _mm256_blendv_pd(no, yes, mask);
}
static inline reals_mask reals_greater(reals a, reals b)
{
    return _mm256_cmp_pd(a, b, _CMP_GT_OQ);
}

#elif defined(__SSE2__)

#define REALS 2u
typedef __m128d reals;
typedef __m128d reals_mask;
#define REALS_OP(name) _mm_##name##_pd
typedef __m128i reals_bits;
#define BITS_OP(name) _mm_##name##_epi64
#define BITS_LOGIC(name) _mm_##name##_si128
#define BITS_ALL _mm_set1_epi64x
static inline reals_bits bits_of_reals(reals v)
{
    return _mm_castpd_si128(v);
}
static inline reals reals_of_bits(reals_bits v)
{
    return _mm_castsi128_pd(v);
}
static inline reals reals_select(reals_mask mask, reals yes, reals no)
{
    return _mm_or_pd(_mm_and_pd(mask, yes), _mm_andnot_pd(mask, no));
}
static inline reals_mask reals_greater(reals a, reals b)
{
    return _mm_cmpgt_pd(a, b);
}

#else

#define REALS 1u
typedef double reals;
typedef bool reals_mask;
typedef uint64_t reals_bits;
static inline reals_bits bits_of_reals(reals v)
{
    reals_bits bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
static inline reals reals_of_bits(reals_bits bits)
{
    reals v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
static inline reals_bits bits_all(uint64_t v)
{
    return v;
}
static inline reals_bits bits_and(reals_bits a, reals_bits b)
{
    return a & b;
}
static inline reals_bits bits_or(reals_bits a, reals_bits b)
{
    return a | b;
}
static inline reals_bits bits_add(reals_bits a, reals_bits b)
{
    return a + b;
}
static inline reals_bits bits_sub(reals_bits a, reals_bits b)
{
    return a - b;
}
static inline reals_bits bits_right(reals_bits a, unsigned by)
{
    return a >> by;
}
static inline reals_bits bits_left(reals_bits a, unsigned by)
{
    return a << by;
}
static inline reals reals_select(reals_mask mask, reals yes, reals no)
{
    return mask ? yes : no;
}
static inline reals_mask reals_greater(reals a, reals b)
{
    return a > b;
}
static inline reals reals_load(const double *p)
{
    return *p;
}
static inline void reals_store(double *p, reals v)
{
    *p = v;
}
static inline reals reals_all(double v)
{
    return v;
}
static inline reals reals_add(reals a, reals b)
{
    return a + b;
}
static inline reals reals_sub(reals a, reals b)
{
    return a - b;
}
static inline reals reals_mul(reals a, reals b)
{
    return a * b;
}
static inline reals reals_div(reals a, reals b)
{
    return a / b;
}
static inline reals reals_sqrt(reals a)
{
    return sqrt(a);
}

#endif

#ifdef REALS_OP

static inline reals reals_load(const double *p)
{
    return REALS_OP(loadu)(p);
}
static inline void reals_store(double *p, reals v)
{
    REALS_OP(storeu)(p, v);
}
static inline reals reals_all(double v)
{
    return REALS_OP(set1)(v);
}
static inline reals reals_add(reals a, reals b)
{
    return REALS_OP(add)(a, b);
}
static inline reals reals_sub(reals a, reals b)
{
    return REALS_OP(sub)(a, b);
}
static inline reals reals_mul(reals a, reals b)
{
    return REALS_OP(mul)(a, b);
}
static inline reals reals_div(reals a, reals b)
{
    return REALS_OP(div)(a, b);
}
static inline reals reals_sqrt(reals a)
{
    return REALS_OP(sqrt)(a);
}

/* A lane's bits as a whole number. */
static inline reals_bits bits_all(uint64_t v)
{
    return BITS_ALL((long long)v);
}
static inline reals_bits bits_and(reals_bits a, reals_bits b)
{
    return BITS_LOGIC(and)(a, b);
}
static inline reals_bits bits_or(reals_bits a, reals_bits b)
{
    return BITS_LOGIC(or)(a, b);
}
static inline reals_bits bits_add(reals_bits a, reals_bits b)
{
    return BITS_OP(add)(a, b);
}
static inline reals_bits bits_sub(reals_bits a, reals_bits b)
{
    return BITS_OP(sub)(a, b);
}
static inline reals_bits bits_right(reals_bits a, unsigned by)
{
    return BITS_OP(srli)(a, by);
}
static inline reals_bits bits_left(reals_bits a, unsigned by)
{
    return BITS_OP(slli)(a, by);
}

#endif

static inline reals reals_negative(reals a)
{
    return reals_sub(reals_all(0.0), a);
}

static inline reals reals_abs(reals a)
{
    return reals_select(reals_greater(reals_all(0.0), a), reals_negative(a), a);
}

#endif
