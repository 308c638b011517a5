/* level.h - for which processor the loops of this translation unit are compiled: LAZ_LEVEL, set
 * before anything is included. Headers of this room look at it. */
#ifndef SCREE_LIB_LAZ_LEVEL_H
#define SCREE_LIB_LAZ_LEVEL_H

#include "simd/level.h"

#define LAZ_LEVEL_PLAIN 0
#define LAZ_LEVEL_AVX2 1
#define LAZ_LEVEL_AVX512 2

#ifndef LAZ_LEVEL
#define LAZ_LEVEL LAZ_LEVEL_PLAIN
#endif

#if LAZ_LEVEL != LAZ_LEVEL_PLAIN && SCREE__SIMD_X86
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#endif

#endif
