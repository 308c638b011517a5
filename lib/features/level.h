/* level.h - for which processor the loops of this translation unit are compiled: FEATURES_LEVEL,
 * set before anything is included. */
#ifndef SCREE_LIB_FEATURES_LEVEL_H
#define SCREE_LIB_FEATURES_LEVEL_H

#include "simd/level.h"

#define FEATURES_LEVEL_PLAIN 0
#define FEATURES_LEVEL_AVX2 1
#define FEATURES_LEVEL_AVX512 2

#ifndef FEATURES_LEVEL
#define FEATURES_LEVEL FEATURES_LEVEL_PLAIN
#endif

#if FEATURES_LEVEL != FEATURES_LEVEL_PLAIN && SCREE__SIMD_X86
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#endif

#endif
