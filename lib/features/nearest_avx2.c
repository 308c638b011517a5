/* nearest_avx2.c - the neighbour search for machines with AVX2. */
#define FEATURES_LEVEL FEATURES_LEVEL_AVX2
#include "features/level.h"

#if SCREE__SIMD_X86

/* What these declare must not get the target. */
#include "features/nearest.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#endif

#include "features/eigen_here.h"
#include "features/formulas_here.h"
#include "features/nearest_here.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct features_loops scree__features_loops_avx2 = {take, nearest, within, solve, formulas};

#endif
