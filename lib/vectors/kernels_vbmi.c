/* kernels_vbmi.c - the kernels for AVX-512 with VBMI and VNNI. */
#define VECTORS_LEVEL VECTORS_LEVEL_AVX512
#define VECTORS_VBMI
#include "vectors/level.h"

#if SCREE__SIMD_X86

/* What these declare must not get the target. */
#include "base/bytes.h"
#include "vectors/half.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((                                                                                \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,f16c,bmi,bmi2,popcnt"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,f16c,bmi,bmi2,popcnt")
#endif

#include "vectors/kernels_here.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct scree__vectors_kernels scree__vectors_kernels_vbmi = VECTORS_KERNELS_HERE("vbmi");

#endif
