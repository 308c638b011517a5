/* loops_avx512.c - the loops over points for machines with AVX-512. */
#define LAZ_LEVEL LAZ_LEVEL_AVX512
#include "laz/level.h"

#if SCREE__SIMD_X86

/* What these declare must not get the target. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                     \
    __attribute__((                                                                               \
        target("avx2,bmi,bmi2,lzcnt,popcnt,movbe,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt,movbe,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")
#endif

#include "laz/loops_here.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct laz_loops scree__laz_loops_avx512 = LAZ_LOOPS_HERE;

#endif
