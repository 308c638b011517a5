/* level.c - asks the processor what it has; levels by name. */
#include "simd/level.h"
#include "base/error.h"

#include <string.h>

static enum scree__simd_level forced = SCREE__SIMD_BEST;

static const char *const names[] = {
    [SCREE__SIMD_PLAIN] = "plain", [SCREE__SIMD_AVX2] = "avx2", [SCREE__SIMD_AVX512] = "avx512"};

#define NAMES (sizeof names / sizeof names[0])

static enum scree__simd_level machine_level(void)
{
#if SCREE__SIMD_X86
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
        return SCREE__SIMD_PLAIN;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
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

enum scree_status scree__simd_choose(const char *name, enum scree__simd_level machine,
                                     enum scree__simd_level *level, struct scree_error *err)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        if (i > (unsigned)machine)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                    "this processor has no %s; '%s' is the most it can do", name,
                                    names[machine]);
        *level = (enum scree__simd_level)i;
        return SCREE_OK;
    }
    return scree__base_fail(err, SCREE_E_ARGUMENT,
                            "expected 'plain', 'avx2' or 'avx512', got '%.40s'", name);
}

enum scree_status scree_cpu_force(const char *level, struct scree_error *err)
{
    if (level == NULL) {
        forced = SCREE__SIMD_BEST;
        return SCREE_OK;
    }
    return scree__simd_choose(level, machine_level(), &forced, err);
}

const char *scree_cpu_level(void)
{
    return names[scree__simd_level()];
}
