/* level.c - asks the processor what it has. */
#include "simd/level.h"

static enum scree__simd_level forced = SCREE__SIMD_BEST;

static enum scree__simd_level machine_level(void)
{
#if SCREE__SIMD_X86
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
        return SCREE__SIMD_PLAIN;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return SCREE__SIMD_AVX2;
    return SCREE__SIMD_AVX512;
#else
    return SCREE__SIMD_PLAIN;
#endif
}

enum scree__simd_level scree__simd_level(void)
{
    enum scree__simd_level machine = machine_level();
    return machine < forced ? machine : forced;
}

void scree__simd_force(enum scree__simd_level level)
{
    forced = level;
}
