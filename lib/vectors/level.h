/* level.h - for which processor the kernels of this translation unit are compiled: VECTORS_LEVEL, set before anything is included. */
#ifndef SCREE_LIB_VECTORS_LEVEL_H
#define SCREE_LIB_VECTORS_LEVEL_H

#include "simd/level.h"

#define VECTORS_LEVEL_PLAIN 0
#define VECTORS_LEVEL_AVX2 1
#define VECTORS_LEVEL_AVX512 2

#ifndef VECTORS_LEVEL
#define VECTORS_LEVEL VECTORS_LEVEL_PLAIN
#endif

#if VECTORS_LEVEL != VECTORS_LEVEL_PLAIN && SCREE__SIMD_X86
#include <immintrin.h>
#endif

#endif
