/* loops.c - which loops the level in force means. */
#include "features/nearest.h"

const struct features_loops *scree__features_loops(void)
{
#if SCREE__SIMD_X86
    switch (scree__simd_level()) {
    case SCREE__SIMD_AVX512:
        return &scree__features_loops_avx512;
    case SCREE__SIMD_AVX2:
        return &scree__features_loops_avx2;
    default:
        break;
    }
#endif
    return &scree__features_loops_plain;
}
