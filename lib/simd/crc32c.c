/*
 * crc32c.c - CRC-32C: by tables, four bytes a step; and with the processor's instruction on three runs of bytes at once, as it takes three cycles
 * but begins one each cycle. The CRCs of the runs are put together by a carry-less product: with A a CRC and K = x^(8 n - 33) mod P,
 * crc32(0, A * K) is A followed by n zero bytes (the instruction multiplies by x^32, the reflected product by x).
 */
#include "simd/crc32c.h"
#include "simd/crc32c_table.h"
#include "simd/level.h"
#include "base/bytes.h"

#if SCREE__SIMD_X86
#include <immintrin.h>
#endif

uint32_t scree__simd_crc32c_plain(uint32_t crc, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    crc = ~crc;
    for (; count >= 4; count -= 4, p += 4) {
        crc ^= scree__base_load32(p);
        crc = crc32c_table[3][crc & 255] ^ crc32c_table[2][crc >> 8 & 255] ^
              crc32c_table[1][crc >> 16 & 255] ^ crc32c_table[0][crc >> 24];
    }
    for (; count > 0; count--, p++)
        crc = crc >> 8 ^ crc32c_table[0][(crc ^ *p) & 255];
    return ~crc;
}

#if SCREE__SIMD_X86

#define SHORT_RUN 128u
#define LONG_RUN 1024u
/* x^(8 n - 33) mod P, bits reflected, for n = one run and two of them. */
#define SHORT_ONE 0x0d3b6092u
#define SHORT_TWO 0xb9e02b86u
#define LONG_ONE 0x170076fau
#define LONG_TWO 0xa51b6135u

#define CRC_TARGET __attribute__((target("sse4.2,pclmul")))

CRC_TARGET static inline uint64_t load(const uint8_t *p)
{
    return scree__base_load64(p);
}

CRC_TARGET static inline uint32_t shift(uint32_t crc, uint32_t factor)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128((int)factor), 0);
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* Three runs of `run` bytes. */
CRC_TARGET static inline uint32_t three_runs(uint32_t crc, const uint8_t *p, size_t run,
                                             uint32_t one, uint32_t two)
{
    uint64_t a = crc, b = 0, c = 0;
    for (size_t i = 0; i < run; i += 8) {
        a = _mm_crc32_u64(a, load(p + i));
        b = _mm_crc32_u64(b, load(p + run + i));
        c = _mm_crc32_u64(c, load(p + 2 * run + i));
    }
    return shift((uint32_t)a, two) ^ shift((uint32_t)b, one) ^ (uint32_t)c;
}

CRC_TARGET static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p, size_t count)
{
    crc = ~crc;
    for (; count >= 3 * LONG_RUN; count -= 3 * LONG_RUN, p += 3 * LONG_RUN)
        crc = three_runs(crc, p, LONG_RUN, LONG_ONE, LONG_TWO);
    for (; count >= 3 * SHORT_RUN; count -= 3 * SHORT_RUN, p += 3 * SHORT_RUN)
        crc = three_runs(crc, p, SHORT_RUN, SHORT_ONE, SHORT_TWO);
    for (; count >= 8; count -= 8, p += 8)
        crc = (uint32_t)_mm_crc32_u64(crc, load(p));
    for (; count > 0; count--, p++)
        crc = _mm_crc32_u8(crc, *p);
    return ~crc;
}

#endif

uint32_t scree__simd_crc32c(uint32_t crc, const void *bytes, size_t count)
{
#if SCREE__SIMD_X86
    if (scree__simd_level() >= SCREE__SIMD_AVX2 && __builtin_cpu_supports("pclmul"))
        return crc32c_sse42(crc, bytes, count);
#endif
    return scree__simd_crc32c_plain(crc, bytes, count);
}
