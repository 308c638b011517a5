/* pick.c - scanning levels for one of them. */
#include "copc/pick.h"
#include "simd/level.h"

#include <string.h>

/* Where the first this many levels have fewer than one in four that are wanted, they are found by memchr(). */
#define BLOCK 64u
#define SPARSE (BLOCK / 8)

static uint64_t pick_plain(const uint32_t *order, const uint8_t *level, uint64_t count,
                           uint8_t wanted, uint64_t *places, uint64_t capacity)
{
    uint64_t found = 0;
    const uint8_t *at = level, *end = level + count;
    while (at < end) {
        const uint8_t *stop = (uint64_t)(end - at) < BLOCK ? end : at + BLOCK;
        uint64_t before = found;
        for (; at < stop && found < capacity; at++) {
            places[found] = order[at - level];
            found += *at == wanted;
        }
        if (at < stop) /* the places are full */
            return memchr(at, wanted, (size_t)(end - at)) != NULL ? capacity + 1 : found;
        if (found - before <= SPARSE && at < end) {
            at = memchr(at, wanted, (size_t)(end - at));
            if (at == NULL)
                break;
        }
    }
    return found;
}

#if SCREE__SIMD_X86

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,bmi,popcnt")))

/* 64 levels at a time; their order is not even looked at where none is wanted. */
AVX512 static uint64_t pick_avx512(const uint32_t *order, const uint8_t *level, uint64_t count,
                                   uint8_t wanted, uint64_t *places, uint64_t capacity)
{
    const __m512i alike = _mm512_set1_epi8((char)wanted);
    uint64_t found = 0, i = 0;
    for (; i + BLOCK <= count && capacity - found >= BLOCK; i += BLOCK) {
        uint64_t mask = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(level + i), alike);
        for (const uint32_t *from = order + i; mask != 0; mask >>= 8, from += 8) {
            __mmask8 eight = (__mmask8)(mask & 255);
            __m512i all = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)from));
            __m512i some = _mm512_maskz_compress_epi64(eight, all);
            _mm512_storeu_si512(places + found, some);
            found += (unsigned)__builtin_popcountll(mask & 255);
        }
    }
    return found +
           pick_plain(order + i, level + i, count - i, wanted, places + found, capacity - found);
}

#endif

scree__copc_pick scree__copc_pick_choose(void)
{
#if SCREE__SIMD_X86
    if (scree__simd_level() == SCREE__SIMD_AVX512)
        return pick_avx512;
#endif
    return pick_plain;
}
