/* loops_plain.c - the loops over points for any machine, and the choice between all variants. */
#include "laz/loops_here.h"

const struct laz_loops scree__laz_loops_plain = LAZ_LOOPS_HERE;

const struct laz_loops *scree__laz_loops(void)
{
    switch (scree__simd_level()) {
#if SCREE__SIMD_X86
    case SCREE__SIMD_AVX512:
        return &scree__laz_loops_avx512;
    case SCREE__SIMD_AVX2:
        return &scree__laz_loops_avx2;
#endif
    default:
        return &scree__laz_loops_plain;
    }
}
