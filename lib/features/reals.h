/*
 * reals.h - doubles in lanes, for each level: + - * / and square roots that round as IEEE 754 says, never contracted, so that a lane's bits do
 * not depend on how many there are.
 */
#ifndef SCREE_LIB_FEATURES_REALS_H
#define SCREE_LIB_FEATURES_REALS_H

#include "features/level.h"

#include <math.h>
#include <stdbool.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#if FEATURES_LEVEL == FEATURES_LEVEL_AVX512

#define REALS 8u
typedef __m512d reals;
typedef __mmask8 reals_mask;
#define REALS_OP(name) _mm512_##name##_pd
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
