/* kernels.c - which kernels to use. F16C, which the one for AVX2 uses, is part of x86-64-v3 and of every processor with AVX2. */
#include "vectors/kernels.h"

#if SCREE__SIMD_X86
static bool machine_has_vbmi(void)
{
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
}
#endif

const struct scree__vectors_kernels *scree__vectors_kernels(void)
{
#if SCREE__SIMD_X86
    enum scree__simd_level level = scree__simd_level();
    if (level == SCREE__SIMD_AVX512)
        return machine_has_vbmi() ? &scree__vectors_kernels_vbmi : &scree__vectors_kernels_avx512;
    if (level == SCREE__SIMD_AVX2)
        return &scree__vectors_kernels_avx2;
#endif
    return &scree__vectors_kernels_plain;
}

unsigned scree__vectors_kernels_all(const struct scree__vectors_kernels *kernels[4])
{
    unsigned count = 0;
    kernels[count++] = &scree__vectors_kernels_plain;
#if SCREE__SIMD_X86
    if (!__builtin_cpu_supports("avx2"))
        return count;
    kernels[count++] = &scree__vectors_kernels_avx2;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return count;
    kernels[count++] = &scree__vectors_kernels_avx512;
    if (machine_has_vbmi())
        kernels[count++] = &scree__vectors_kernels_vbmi;
#endif
    return count;
}
