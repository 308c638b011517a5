/*
 * scan_here.h - packs of codes against a query: estimates from the sums of sums_here.h, and from whole codes.
 */
#ifndef SCREE_LIB_VECTORS_SCAN_HERE_H
#define SCREE_LIB_VECTORS_SCAN_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"
#include "vectors/sums_here.h"

/* ------------------------------------------------------------------------------ estimates */

static inline void take_hits(struct scree__vectors_hits *hits, uint32_t first, uint32_t mask,
                             lanes estimates, lanes errors, lanes lows)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512i each = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i rows = _mm512_add_epi32(each, _mm512_set1_epi32((int)first));
    const uint32_t at = hits->count;
    _mm512_storeu_ps(hits->estimate + at, _mm512_maskz_compress_ps((__mmask16)mask, estimates));
    _mm512_storeu_ps(hits->error + at, _mm512_maskz_compress_ps((__mmask16)mask, errors));
    _mm512_storeu_ps(hits->low + at, _mm512_maskz_compress_ps((__mmask16)mask, lows));
    _mm512_storeu_si512(hits->row + at, _mm512_maskz_compress_epi32((__mmask16)mask, rows));
    hits->count = at + (uint32_t)__builtin_popcount(mask);
#else
    float estimate[LANES], error[LANES], low[LANES];
    lanes_store(estimate, estimates);
    lanes_store(error, errors);
    lanes_store(low, lows);
    uint32_t count = hits->count;
    for (; mask != 0; mask &= mask - 1, count++) {
        unsigned lane = (unsigned)__builtin_ctz(mask);
        hits->row[count] = first + lane;
        hits->estimate[count] = estimate[lane];
        hits->error[count] = error[lane];
        hits->low[count] = low[lane];
    }
    hits->count = count;
#endif
}

/* Of the values that fill lanes. */
static float middling(const float *estimates, uint32_t count, float *smallest)
{
    lanes least = lanes_load(estimates), sums = least;
    uint32_t i = LANES;
    for (; i + LANES <= count; i += LANES) {
        lanes some = lanes_load(estimates + i);
        least = lanes_min(least, some);
        sums = lanes_add(sums, some);
    }
    float each[LANES];
    lanes_store(each, least);
    *smallest = each[0];
    for (int j = 1; j < LANES; j++)
        *smallest = each[j] < *smallest ? each[j] : *smallest;
    return 0.5f * (*smallest + lanes_sum(sums) / (float)i);
}

/* Rows [first, first + rows) of the hits: a pack, its rows' sums. */
static inline void estimate_pack(const struct scree__vectors_query *query, const uint8_t *pack,
                                 uint32_t width, uint32_t first, uint32_t rows,
                                 const uint32_t *sums, float limit,
                                 struct scree__vectors_hits *hits)
{
    const size_t code_bytes = (size_t)query->quantizer->padded_dim / 8 * width;
    const float *factors = (const float *)(const void *)(pack + code_bytes);
    const lanes scale = lanes_set(query->pack_scale), offset = lanes_set(query->pack_offset);
    const lanes add = lanes_set(query->add), wide = lanes_set(query->pack_error);
    for (uint32_t row = 0; row < rows; row += LANES, factors += LANES) {
        lanes along =
            lanes_add(lanes_mul(lanes_of_whole((const int32_t *)sums + row), scale), offset);
        lanes estimate = lanes_add(lanes_add(lanes_load(factors), add),
                                   lanes_mul(lanes_load(factors + width), along));
        lanes error = lanes_mul(lanes_load(factors + 2 * width), wide);
        lanes low = lanes_sub(estimate, error);
        uint32_t mask = lanes_negative(lanes_sub(low, lanes_set(limit)));
        if (rows - row < LANES)
            mask &= (1u << (rows - row)) - 1;
        if (mask != 0)
            take_hits(hits, first + row, mask, estimate, error, low);
    }
}

static void scan(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                 uint32_t rows, uint32_t first, float limit, struct scree__vectors_hits *hits)
{
    const uint32_t packs = rows > SCREE__VECTORS_PACK_ROWS ? 2 : 1;
    _Alignas(64) uint32_t sums[SCREE__VECTORS_SCAN_ROWS];
    sum_packs(query, pack, width, packs, sums);
    for (uint32_t at = 0; at < rows; at += SCREE__VECTORS_PACK_ROWS) {
        uint32_t left = rows - at;
        estimate_pack(query, pack, width, first + at,
                      left < SCREE__VECTORS_PACK_ROWS ? left : SCREE__VECTORS_PACK_ROWS, sums + at,
                      limit, hits);
        pack += scree__vectors_pack_bytes(query->quantizer->padded_dim, width);
    }
}

/* --------------------------------------------------------------------------- whole codes */

/* 64 bits of signs of a row, from eight planes. */
static inline uint64_t signs_of(const uint8_t *planes, uint32_t width)
{
    uint64_t signs = 0;
#pragma GCC unroll 8
    for (unsigned k = 0; k < 8; k++)
        signs |= (uint64_t)planes[(size_t)k * width] << (8 * k);
    return signs;
}

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static inline __attribute__((always_inline)) int64_t
whole_of(const struct scree__vectors_query *query, unsigned bits, const uint8_t *pack,
         uint32_t width, uint32_t row, const uint8_t *extra)
{
    int64_t sum = 0;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 64, extra += 8 * bits) {
        uint64_t signs = signs_of(pack + row + d / 8 * (size_t)width, width);
        for (unsigned i = 0; i < 64; i++) {
            const uint8_t *part = extra;
            unsigned code = 0, at = 0;
            if ((bits & 4) != 0) {
                code |= (part[i % 32] >> (i / 32 * 4)) & 15u;
                part += 32;
                at += 4;
            }
            if ((bits & 2) != 0) {
                code |= ((part[i % 16] >> (i / 16 * 2)) & 3u) << at;
                part += 16;
                at += 2;
            }
            if ((bits & 1) != 0) {
                code |= ((part[i / 8] >> (i % 8)) & 1u) << at;
                at += 1;
            }
            code |= (unsigned)(signs >> i & 1) << at;
            sum += (int64_t)code * (query->high[d + i] * 128 + query->low[d + i]);
        }
    }
    return sum;
}

#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2

/* Bit i of 32 as byte i: `value` or 0. */
static inline __m256i bytes_of_bits(uint32_t bits, int value)
{
    const __m256i from =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201u);
    __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), from);
    __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
    return _mm256_and_si256(set, _mm256_set1_epi8((char)value));
}

/* Codes of dimensions 32 * half and on, of 64. */
static inline __attribute__((always_inline)) __m256i codes_of(const uint8_t *extra, unsigned bits,
                                                              uint64_t signs, int half)
{
    __m256i codes = _mm256_setzero_si256();
    int at = 0;
    if ((bits & 4) != 0) {
        __m256i both = _mm256_loadu_si256((const __m256i *)extra);
        codes =
            _mm256_and_si256(half == 0 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
        extra += 32;
        at += 4;
    }
    if ((bits & 2) != 0) {
        __m256i all = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)extra));
        __m256i by = half == 0 ? _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2)
                               : _mm256_setr_epi32(4, 4, 4, 4, 6, 6, 6, 6);
        __m256i two = _mm256_and_si256(_mm256_srlv_epi32(all, by), _mm256_set1_epi8(3));
        codes = _mm256_or_si256(codes, _mm256_sll_epi16(two, _mm_cvtsi32_si128(at)));
        extra += 16;
        at += 2;
    }
    if ((bits & 1) != 0) {
        uint32_t one;
        memcpy(&one, extra + 4 * half, sizeof one);
        codes = _mm256_or_si256(codes, bytes_of_bits(one, 1 << at));
        at += 1;
    }
    return _mm256_or_si256(codes, bytes_of_bits((uint32_t)(signs >> (32 * half)), 1 << at));
}

static inline __m256i add_products(__m256i sum, __m256i codes, const int8_t *query)
{
    __m256i pairs = _mm256_maddubs_epi16(codes, _mm256_loadu_si256((const __m256i *)query));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline int64_t sum_of(__m256i sums)
{
    int32_t each[8];
    int64_t total = 0;
    _mm256_storeu_si256((__m256i *)each, sums);
    for (int i = 0; i < 8; i++)
        total += each[i];
    return total;
}

static inline __attribute__((always_inline)) int64_t
whole_of(const struct scree__vectors_query *query, unsigned bits, const uint8_t *pack,
         uint32_t width, uint32_t row, const uint8_t *extra)
{
    __m256i high = _mm256_setzero_si256(), low = high;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 64, extra += 8 * bits) {
        uint64_t signs = signs_of(pack + row + d / 8 * (size_t)width, width);
        for (int half = 0; half < 2; half++) {
            __m256i codes = codes_of(extra, bits, signs, half);
            high = add_products(high, codes, query->high + d + 32 * half);
            low = add_products(low, codes, query->low + d + 32 * half);
        }
    }
    return sum_of(high) * 128 + sum_of(low);
}

#else

static inline __attribute__((always_inline)) __m512i codes_of(const uint8_t *extra, unsigned bits,
                                                              uint64_t signs)
{
    __m512i codes = _mm512_setzero_si512();
    int at = 0;
    if ((bits & 4) != 0) {
        __m256i both = _mm256_loadu_si256((const __m256i *)extra);
        codes = _mm512_inserti64x4(_mm512_castsi256_si512(both), _mm256_srli_epi16(both, 4), 1);
        codes = _mm512_and_si512(codes, _mm512_set1_epi8(15));
        extra += 32;
        at += 4;
    }
    if ((bits & 2) != 0) {
        const __m512i by = _mm512_setr_epi64(0, 0, 2, 2, 4, 4, 6, 6);
        __m512i all = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)extra));
        __m512i two = _mm512_and_si512(_mm512_srlv_epi64(all, by), _mm512_set1_epi8(3));
        codes = _mm512_or_si512(codes, _mm512_sll_epi16(two, _mm_cvtsi32_si128(at)));
        extra += 16;
        at += 2;
    }
    if ((bits & 1) != 0) {
        uint64_t one;
        memcpy(&one, extra, sizeof one);
        codes = _mm512_or_si512(codes, _mm512_maskz_set1_epi8((__mmask64)one, (char)(1 << at)));
        at += 1;
    }
    return _mm512_or_si512(codes, _mm512_maskz_set1_epi8((__mmask64)signs, (char)(1 << at)));
}

static inline __m512i add_products(__m512i sum, __m512i codes, const int8_t *query)
{
    __m512i values = _mm512_loadu_si512(query);
#ifdef VECTORS_VBMI
    return _mm512_dpbusd_epi32(sum, codes, values);
#else
    __m512i pairs = _mm512_maddubs_epi16(codes, values);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
#endif
}

/* Dimensions whose sums, high * 128 + low, fit 32 bits. */
#define WHOLE_DIMS 512u
/* So many rows of a pack make it worth while to turn all its signs around. */
#define TURNED_FROM 4u

/* Where 64 bits of signs of a row of a pack come to lie. */
static inline uint32_t turned_at(uint32_t row)
{
    return row % 16 / 2 * 8 + row / 16 * 2 + row % 2;
}

/* Eight planes of a pack: bytes of a row come together, then pairs, then fours. */
static inline void turn_signs(const uint8_t *planes, uint32_t width, uint64_t *turned)
{
    __m512i a[8], b[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++)
        a[k] = load_plane(planes + (size_t)k * width, width);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        b[k] = _mm512_unpacklo_epi8(a[2 * k], a[2 * k + 1]);
        b[k + 4] = _mm512_unpackhi_epi8(a[2 * k], a[2 * k + 1]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) { /* rows 0-7 of 16: b[0-3]; 8-15: b[4-7] */
        int from = k / 2 * 4 + k % 2 * 2;
        a[2 * k] = _mm512_unpacklo_epi16(b[from], b[from + 1]);
        a[2 * k + 1] = _mm512_unpackhi_epi16(b[from], b[from + 1]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) { /* rows 4 k and on */
        int from = k / 2 * 4 + k % 2;
        _mm512_storeu_si512(turned + 16 * k, _mm512_unpacklo_epi32(a[from], a[from + 2]));
        _mm512_storeu_si512(turned + 16 * k + 8, _mm512_unpackhi_epi32(a[from], a[from + 2]));
    }
}

static inline __attribute__((always_inline)) int32_t
whole_of(const struct scree__vectors_query *query, unsigned bits, uint32_t first, uint32_t dims,
         const uint64_t *signs, size_t stride, const uint8_t *extra)
{
    __m512i high = _mm512_setzero_si512(), low = high;
    for (uint32_t d = first; d < first + dims; d += 64, extra += 8 * bits, signs += stride) {
        __m512i codes = codes_of(extra, bits, *signs);
        high = add_products(high, codes, query->high + d);
        low = add_products(low, codes, query->low + d);
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 7), low));
}

/* Packs whose signs are turned around for a call, and how many of its rows are in each. */
struct turned {
    const uint8_t *packs[2];
    uint32_t width[2], rows[2];
    uint64_t signs[2][WHOLE_DIMS / 64][SCREE__VECTORS_PACK_ROWS];
};

static inline void choose_turned(const struct scree__vectors_whole_row *rows, uint32_t count,
                                 struct turned *turned)
{
    const struct scree__vectors_whole_row *other = NULL;
    turned->rows[0] = turned->rows[1] = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool same = rows[i].pack == rows[0].pack;
        if (!same && other == NULL)
            other = &rows[i];
        turned->rows[0] += same;
        turned->rows[1] += other != NULL && rows[i].pack == other->pack;
    }
    for (int p = 0; p < 2; p++) {
        const struct scree__vectors_whole_row *row = p == 0 ? rows : other;
        bool worth = turned->rows[p] >= TURNED_FROM;
        turned->packs[p] = worth ? row->pack : NULL;
        turned->width[p] = worth ? row->width : 0;
    }
}

static inline __attribute__((always_inline)) void
whole_rows(const struct scree__vectors_query *query, unsigned bits,
           const struct scree__vectors_whole_row *rows, uint32_t count, int64_t *sums)
{
    const uint32_t n = query->quantizer->padded_dim;
    struct turned turned;
    uint64_t alone[WHOLE_DIMS / 64];
    choose_turned(rows, count, &turned);
    for (uint32_t first = 0; first < n; first += WHOLE_DIMS) {
        const uint32_t dims = n - first < WHOLE_DIMS ? n - first : WHOLE_DIMS;
        for (uint32_t p = 0; p < 2; p++)
            for (uint32_t d = 0; turned.packs[p] != NULL && d < dims; d += 64)
                turn_signs(turned.packs[p] + (first + d) / 8 * (size_t)turned.width[p],
                           turned.width[p], turned.signs[p][d / 64]);
        for (uint32_t i = 0; i < count; i++) {
            const struct scree__vectors_whole_row *it = &rows[i];
            const uint8_t *extra = it->extra + first / 8 * (size_t)bits;
            int32_t sum;
            if (it->pack == turned.packs[0] || it->pack == turned.packs[1]) {
                uint32_t p = it->pack == turned.packs[1];
                sum = whole_of(query, bits, first, dims, turned.signs[p][0] + turned_at(it->row),
                               SCREE__VECTORS_PACK_ROWS, extra);
            } else {
                for (uint32_t d = 0; d < dims; d += 64)
                    alone[d / 64] = signs_of(
                        it->pack + it->row + (first + d) / 8 * (size_t)it->width, it->width);
                sum = whole_of(query, bits, first, dims, alone, 1, extra);
            }
            sums[i] = first == 0 ? sum : sums[i] + sum;
        }
    }
}

#endif

#if VECTORS_LEVEL != VECTORS_LEVEL_AVX512

static inline __attribute__((always_inline)) void
whole_rows(const struct scree__vectors_query *query, unsigned bits,
           const struct scree__vectors_whole_row *rows, uint32_t count, int64_t *sums)
{
    for (uint32_t i = 0; i < count; i++)
        sums[i] = whole_of(query, bits, rows[i].pack, rows[i].width, rows[i].row, rows[i].extra);
}

#endif

/* A loop for each number of extra bits. */
static void whole(const struct scree__vectors_query *query,
                  const struct scree__vectors_whole_row *rows, uint32_t count, int64_t *sums)
{
    switch (query->quantizer->bits - 1) {
#define WHOLE_ROWS(bits)                            \
    case bits:                                      \
        whole_rows(query, bits, rows, count, sums); \
        break;
        WHOLE_ROWS(1)
        WHOLE_ROWS(2)
        WHOLE_ROWS(3)
        WHOLE_ROWS(4)
        WHOLE_ROWS(5)
        WHOLE_ROWS(6)
        WHOLE_ROWS(7)
#undef WHOLE_ROWS
    default:
        break;
    }
}

#endif
