/*
 * level.h - which instructions kernels may use. Asked when a context is made, never inside a loop.
 *
 * Every level gives the same results; tests and benchmarks force a lower one than the machine has.
 */
#ifndef SCREE_LIB_SIMD_LEVEL_H
#define SCREE_LIB_SIMD_LEVEL_H

#include "scree/base.h"

/* Variants for x86 exist where the compiler knows target attributes, and the build does not leave them out. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(SCREE_NO_X86)
#define SCREE__SIMD_X86 1
#else
#define SCREE__SIMD_X86 0
#endif

enum scree__simd_level {
    SCREE__SIMD_PLAIN = 0,  /* what every machine of this architecture has */
    SCREE__SIMD_AVX2 = 1,   /* AVX2, BMI1, BMI2, LZCNT, POPCNT, MOVBE: x86-64-v3 */
    SCREE__SIMD_AVX512 = 2, /* and AVX-512 F, BW, DQ, VL: x86-64-v4 */
    SCREE__SIMD_BEST = 3    /* for scree__simd_force(): what the machine has */
};

/* The level in force: the machine's, unless a lower one is forced. */
enum scree__simd_level scree__simd_level(void);

/* Forces a level, for the whole process; no more than the machine has. Call it while no other
 * thread works. */
void scree__simd_force(enum scree__simd_level level);

/* The level called `name`, which must not be above the machine's. Errors as of scree_cpu_force(). */
SCREE_MUST_CHECK enum scree_status scree__simd_choose(const char *name,
                                                      enum scree__simd_level machine,
                                                      enum scree__simd_level *level,
                                                      struct scree_error *err);

#endif
