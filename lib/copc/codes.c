/* codes.c - Morton codes of many records. The variants do what scree__copc_cube_cells() and scree__copc_morton() do, in lanes of 64 bits. */
#include "copc/codes.h"
#include "copc/record.h"
#include "simd/level.h"

static void codes_plain(const struct scree__copc_cube *cube, const uint8_t *records,
                        uint32_t record_bytes, uint64_t count, unsigned below, uint64_t *codes)
{
    const struct scree__copc_cube here = *cube; /* no store to codes can change it */
    for (uint64_t i = 0; i < count; i++, records += record_bytes) {
        int32_t at[3];
        uint64_t cells[3];
        scree__copc_record_position(records, at);
        for (int a = 0; a < 3; a++) {
            at[a] = at[a] < here.min[a] ? here.min[a] : at[a];
            at[a] = at[a] > here.max[a] ? here.max[a] : at[a];
        }
        scree__copc_cube_cells(&here, at, cells);
        codes[i] = scree__copc_morton(cells[0] >> below, cells[1] >> below, cells[2] >> below);
    }
}

#if SCREE__SIMD_X86

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx2,avx512f,avx512vl,avx512dq,avx512bw")))

/* X, Y and Z of four records. */
AVX2 static inline void load_four(const uint8_t *records, uint32_t record_bytes, __m128i axes[3])
{
    __m128i a = _mm_loadu_si128((const __m128i *)records);
    __m128i b = _mm_loadu_si128((const __m128i *)(records + record_bytes));
    __m128i c = _mm_loadu_si128((const __m128i *)(records + (size_t)2 * record_bytes));
    __m128i d = _mm_loadu_si128((const __m128i *)(records + (size_t)3 * record_bytes));
    __m128i ab = _mm_unpacklo_epi32(a, b), cd = _mm_unpacklo_epi32(c, d);
    axes[0] = _mm_unpacklo_epi64(ab, cd);
    axes[1] = _mm_unpackhi_epi64(ab, cd);
    axes[2] = _mm_unpacklo_epi64(_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d));
}

AVX2 static inline __m256i step_avx2(__m256i v, int shift, uint64_t mask)
{
    return _mm256_and_si256(_mm256_or_si256(v, _mm256_slli_epi64(v, shift)),
                            _mm256_set1_epi64x((long long)mask));
}

AVX2 static inline __m256i spread_avx2(__m256i v)
{
    v = _mm256_and_si256(v, _mm256_set1_epi64x(0x1FFFFF));
    v = step_avx2(v, 32, 0x001F00000000FFFFu);
    v = step_avx2(v, 16, 0x001F0000FF0000FFu);
    v = step_avx2(v, 8, 0x100F00F00F00F00Fu);
    v = step_avx2(v, 4, 0x10C30C30C30C30C3u);
    return step_avx2(v, 2, 0x1249249249249249u);
}

/* The product of a 32-bit odd number with the reciprocal, its upper half shifted: see scree__copc_cube_cells(). */
AVX2 static inline __m256i cells_avx2(const struct scree__copc_cube *cube, int axis, __m128i at,
                                      __m128i shift)
{
    __m128i min = _mm_set1_epi32(cube->min[axis]), max = _mm_set1_epi32(cube->max[axis]);
    __m128i u = _mm_sub_epi32(_mm_min_epi32(_mm_max_epi32(at, min), max), min);
    u = _mm_mullo_epi32(u, _mm_set1_epi32((int)(uint32_t)cube->factor[axis]));
    u = _mm_add_epi32(_mm_add_epi32(u, u), _mm_set1_epi32(1));
    __m256i odd = _mm256_cvtepu32_epi64(u);
    __m256i low = _mm256_set1_epi64x((long long)(cube->reciprocal & UINT32_MAX));
    __m256i high = _mm256_set1_epi64x((long long)(cube->reciprocal >> 32));
    __m256i sum = _mm256_add_epi64(_mm256_mul_epu32(odd, high),
                                   _mm256_srli_epi64(_mm256_mul_epu32(odd, low), 32));
    return _mm256_srl_epi64(sum, shift);
}

AVX2 static void codes_avx2(const struct scree__copc_cube *cube, const uint8_t *records,
                            uint32_t record_bytes, uint64_t count, unsigned below, uint64_t *codes)
{
    const struct scree__copc_cube here = *cube;
    __m128i shift = _mm_cvtsi32_si128((int)(32 + below));
    uint64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        __m128i axes[3];
        load_four(records + i * record_bytes, record_bytes, axes);
        __m256i x = spread_avx2(cells_avx2(&here, 0, axes[0], shift));
        __m256i y = spread_avx2(cells_avx2(&here, 1, axes[1], shift));
        __m256i z = spread_avx2(cells_avx2(&here, 2, axes[2], shift));
        __m256i code = _mm256_or_si256(x, _mm256_slli_epi64(y, 1));
        code = _mm256_or_si256(code, _mm256_slli_epi64(z, 2));
        _mm256_storeu_si256((__m256i *)(codes + i), code);
    }
    codes_plain(cube, records + i * record_bytes, record_bytes, count - i, below, codes + i);
}

/* (v | v << shift) & mask */
AVX512 static inline __m512i step_avx512(__m512i v, unsigned shift, uint64_t mask)
{
    return _mm512_ternarylogic_epi64(v, _mm512_slli_epi64(v, shift),
                                     _mm512_set1_epi64((long long)mask), 0xA8);
}

/* What is known of all records of a call: constants wherever these functions are called, as are the axes. */
struct kind {
    bool narrow; /* cells have 16 bits at most */
    bool unit;   /* every axis has the finest scale */
};

AVX512 static inline __attribute__((always_inline)) __m512i spread_avx512(__m512i v,
                                                                          struct kind kind)
{
    if (!kind.narrow) {
        v = _mm512_and_si512(v, _mm512_set1_epi64(0x1FFFFF));
        v = step_avx512(v, 32, 0x001F00000000FFFFu);
    }
    v = step_avx512(v, 16, 0x001F0000FF0000FFu);
    v = step_avx512(v, 8, 0x100F00F00F00F00Fu);
    v = step_avx512(v, 4, 0x10C30C30C30C30C3u);
    return step_avx512(v, 2, 0x1249249249249249u);
}

AVX512 static inline __attribute__((always_inline)) __m512i
cells_avx512(const struct scree__copc_cube *cube, int axis, const __m128i first[3],
             const __m128i last[3], __m128i shift, struct kind kind)
{
    __m256i at = _mm256_set_m128i(last[axis], first[axis]);
    __m256i min = _mm256_set1_epi32(cube->min[axis]), max = _mm256_set1_epi32(cube->max[axis]);
    __m256i u = _mm256_sub_epi32(_mm256_min_epi32(_mm256_max_epi32(at, min), max), min);
    if (!kind.unit)
        u = _mm256_mullo_epi32(u, _mm256_set1_epi32((int)(uint32_t)cube->factor[axis]));
    u = _mm256_add_epi32(_mm256_add_epi32(u, u), _mm256_set1_epi32(1));
    __m512i odd = _mm512_cvtepu32_epi64(u);
    __m512i low = _mm512_set1_epi64((long long)(cube->reciprocal & UINT32_MAX));
    __m512i high = _mm512_set1_epi64((long long)(cube->reciprocal >> 32));
    __m512i sum = _mm512_add_epi64(_mm512_mul_epu32(odd, high),
                                   _mm512_srli_epi64(_mm512_mul_epu32(odd, low), 32));
    return spread_avx512(_mm512_srl_epi64(sum, shift), kind);
}

/* Of whole groups of 8 records; how many those are. */
AVX512 static inline __attribute__((always_inline)) uint64_t
codes_of_kind(const struct scree__copc_cube *cube, const uint8_t *records, uint32_t record_bytes,
              uint64_t count, unsigned below, uint64_t *codes, struct kind kind)
{
    const struct scree__copc_cube here = *cube;
    __m128i shift = _mm_cvtsi32_si128((int)(32 + below));
    uint64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m128i first[3], last[3];
        load_four(records + i * record_bytes, record_bytes, first);
        load_four(records + (i + 4) * record_bytes, record_bytes, last);
        __m512i x = cells_avx512(&here, 0, first, last, shift, kind);
        __m512i y = cells_avx512(&here, 1, first, last, shift, kind);
        __m512i z = cells_avx512(&here, 2, first, last, shift, kind);
        __m512i code =
            _mm512_ternarylogic_epi64(x, _mm512_slli_epi64(y, 1), _mm512_slli_epi64(z, 2), 0xFE);
        _mm512_storeu_si512(codes + i, code);
    }
    return i;
}

AVX512 static void codes_avx512(const struct scree__copc_cube *cube, const uint8_t *records,
                                uint32_t record_bytes, uint64_t count, unsigned below,
                                uint64_t *codes)
{
    static const struct kind usual = {true, true}, narrow = {true, false}, any = {false, false};
    bool few = cube->depth <= below + 16;
    bool unit = cube->factor[0] == 1 && cube->factor[1] == 1 && cube->factor[2] == 1;
    uint64_t done = few && unit
                        ? codes_of_kind(cube, records, record_bytes, count, below, codes, usual)
                    : few ? codes_of_kind(cube, records, record_bytes, count, below, codes, narrow)
                          : codes_of_kind(cube, records, record_bytes, count, below, codes, any);
    codes_plain(cube, records + done * record_bytes, record_bytes, count - done, below,
                codes + done);
}

#endif

scree__copc_codes scree__copc_codes_choose(const struct scree__copc_cube *cube)
{
#if SCREE__SIMD_X86
    if (cube->reciprocal != 0 && scree__simd_level() == SCREE__SIMD_AVX512)
        return codes_avx512;
    if (cube->reciprocal != 0 && scree__simd_level() == SCREE__SIMD_AVX2)
        return codes_avx2;
#endif
    (void)cube;
    return codes_plain;
}
