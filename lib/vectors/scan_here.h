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
                             lanes estimates, lanes factors, lanes lows)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512i each = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i rows = _mm512_add_epi32(each, _mm512_set1_epi32((int)first));
    const uint32_t at = hits->count;
    _mm512_storeu_ps(hits->estimate + at, _mm512_maskz_compress_ps((__mmask16)mask, estimates));
    _mm512_storeu_ps(hits->factor + at, _mm512_maskz_compress_ps((__mmask16)mask, factors));
    _mm512_storeu_ps(hits->low + at, _mm512_maskz_compress_ps((__mmask16)mask, lows));
    _mm512_storeu_si512(hits->row + at, _mm512_maskz_compress_epi32((__mmask16)mask, rows));
    hits->count = at + (uint32_t)__builtin_popcount(mask);
#else
    float estimate[LANES], factor[LANES], low[LANES];
    lanes_store(estimate, estimates);
    lanes_store(factor, factors);
    lanes_store(low, lows);
    uint32_t count = hits->count;
    for (; mask != 0; mask &= mask - 1, count++) {
        unsigned lane = (unsigned)__builtin_ctz(mask);
        hits->row[count] = first + lane;
        hits->estimate[count] = estimate[lane];
        hits->factor[count] = factor[lane];
        hits->low[count] = low[lane];
    }
    hits->count = count;
#endif
}

static uint32_t select_hits(struct scree__vectors_hits *hits, uint32_t begin, uint32_t end,
                            float limit, float low_limit, bool with_estimates,
                            struct scree__vectors_seen *seen)
{
    uint32_t count = seen->count;
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512 infinite = _mm512_set1_ps(INFINITY);
    for (uint32_t i = begin; i < end; i += 16) {
        const __mmask16 there = (__mmask16)(end - i < 16 ? (1u << (end - i)) - 1 : 0xffff);
        const __m512 estimates = _mm512_loadu_ps(hits->estimate + i);
        const __m512 lows = _mm512_loadu_ps(hits->low + i);
        const __mmask16 near =
            _mm512_mask_cmp_ps_mask(there, estimates, _mm512_set1_ps(limit), _CMP_LT_OQ);
        const __mmask16 in =
            _mm512_mask_cmp_ps_mask(near, lows, _mm512_set1_ps(low_limit), _CMP_LT_OQ);
        _mm512_storeu_si512(seen->row + count,
                            _mm512_maskz_compress_epi32(in, _mm512_loadu_si512(hits->row + i)));
        _mm512_storeu_ps(seen->factor + count,
                         _mm512_maskz_compress_ps(in, _mm512_loadu_ps(hits->factor + i)));
        if (with_estimates)
            _mm512_storeu_ps(seen->estimate + count, _mm512_maskz_compress_ps(in, estimates));
        _mm512_storeu_ps(hits->estimate + i, _mm512_mask_mov_ps(estimates, in, infinite));
        _mm512_storeu_ps(hits->low + i, _mm512_mask_mov_ps(lows, in, infinite));
        count += (uint32_t)__builtin_popcount(in);
    }
#else
    for (uint32_t i = begin; i < end; i++) {
        const float estimate = hits->estimate[i];
        const bool in = estimate < limit && hits->low[i] < low_limit;
        seen->row[count] = hits->row[i];
        seen->factor[count] = hits->factor[i];
        if (with_estimates)
            seen->estimate[count] = estimate;
        count += in;
        hits->estimate[i] = in ? INFINITY : estimate;
        hits->low[i] = in ? INFINITY : hits->low[i];
    }
#endif
    const uint32_t added = count - seen->count;
    seen->count = count;
    return added;
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
        lanes factor = lanes_load(factors + 2 * width);
        lanes low = lanes_sub(estimate, lanes_mul(factor, wide));
        uint32_t mask = lanes_negative(lanes_sub(low, lanes_set(limit)));
        if (rows - row < LANES)
            mask &= (1u << (rows - row)) - 1;
        if (mask != 0)
            take_hits(hits, first + row, mask, estimate, factor, low);
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
        codes =
            _mm512_mask_add_epi8(codes, (__mmask64)one, codes, _mm512_set1_epi8((char)(1 << at)));
        at += 1;
    }
    return _mm512_mask_add_epi8(codes, (__mmask64)signs, codes, _mm512_set1_epi8((char)(1 << at)));
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
/* Rows of one pack whose signs are put together. */
#define RUN_ROWS 16u

#ifdef VECTORS_VBMI

/* Of eight planes the bytes of up to sixteen rows: to signs[16]. */
static inline void signs_of_rows(const uint8_t *planes, uint32_t width, const uint32_t *rows,
                                 uint32_t count, uint64_t *signs)
{
    /* Rows 0, 1, 8, 9, then 2, 3, 10, 11 and so on: as unpacking puts them in order. */
    const __m512i order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    const __m512i lowest =
        _mm512_broadcast_i32x4(_mm_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0x00000000));
    const __m512i at =
        _mm512_shuffle_epi8(_mm512_permutexvar_epi32(order, _mm512_loadu_si512(rows)), lowest);
    __m512i four[2];
    (void)count;
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        const uint8_t *from = planes + half * 4 * (size_t)width;
        __m512i a = _mm512_maskz_permutexvar_epi8(0x1111111111111111, at, load_plane(from, width));
        a = _mm512_mask_permutexvar_epi8(a, 0x2222222222222222, at,
                                         load_plane(from + width, width));
        a = _mm512_mask_permutexvar_epi8(a, 0x4444444444444444, at,
                                         load_plane(from + 2 * (size_t)width, width));
        four[half] = _mm512_mask_permutexvar_epi8(a, 0x8888888888888888, at,
                                                  load_plane(from + 3 * (size_t)width, width));
    }
    _mm512_storeu_si512(signs, _mm512_unpacklo_epi32(four[0], four[1]));
    _mm512_storeu_si512(signs + 8, _mm512_unpackhi_epi32(four[0], four[1]));
}

#else

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

/* So many rows make it worth while to turn the signs of all around. */
#define TURNED_FROM 4u

static inline void signs_of_rows(const uint8_t *planes, uint32_t width, const uint32_t *rows,
                                 uint32_t count, uint64_t *signs)
{
    uint64_t turned[SCREE__VECTORS_PACK_ROWS];
    if (count < TURNED_FROM) {
        for (uint32_t i = 0; i < count; i++)
            signs[i] = signs_of(planes + rows[i] % SCREE__VECTORS_PACK_ROWS, width);
        return;
    }
    turn_signs(planes, width, turned);
    for (uint32_t i = 0; i < count; i++)
        signs[i] = turned[turned_at(rows[i] % SCREE__VECTORS_PACK_ROWS)];
}

#endif

/* In lanes: their sum is that of the row. */
static inline __attribute__((always_inline)) __m512i
whole_of(const struct scree__vectors_query *query, unsigned bits, uint32_t first, uint32_t dims,
         const uint64_t *signs, size_t stride, const uint8_t *extra)
{
    __m512i high = _mm512_setzero_si512(), low = high;
    for (uint32_t d = first; d < first + dims; d += 64, extra += 8 * bits, signs += stride) {
        __m512i codes = codes_of(extra, bits, *signs);
        high = add_products(high, codes, query->high + d);
        low = add_products(low, codes, query->low + d);
    }
    return _mm512_add_epi32(_mm512_slli_epi32(high, 7), low);
}

/* The sums of the lanes of four. */
static inline __m128i sums_of_four(const __m512i each[4])
{
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(each[0], each[1]),
                                 _mm512_unpackhi_epi32(each[0], each[1]));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(each[2], each[3]),
                                 _mm512_unpackhi_epi32(each[2], each[3]));
    __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1));
}

/* What whole_sums() needs of each row. */
struct row_places {
    const uint8_t *extra[SCREE__VECTORS_HITS_ROOM];
    uint32_t run_count; /* rows of one pack */
    const uint8_t *pack[SCREE__VECTORS_HITS_ROOM];
    uint32_t width[SCREE__VECTORS_HITS_ROOM], end[SCREE__VECTORS_HITS_ROOM];
};

static inline void find_places(uint32_t padded_dim, unsigned bits,
                               const struct scree__vectors_seen *seen, struct row_places *places)
{
    const uint64_t pack_bytes = scree__vectors_pack_bytes(padded_dim, SCREE__VECTORS_PACK_ROWS);
    const size_t extra_bytes = (size_t)padded_dim / 8 * bits;
    uint32_t runs = 0, i = 0;
    for (uint32_t p = 0; p < seen->list_count; p++) {
        const struct scree__vectors_pending *list = seen->list[p];
        uint32_t last = UINT32_MAX;
        for (; i < seen->end[p]; i++) {
            const uint32_t pack = seen->row[i] / SCREE__VECTORS_PACK_ROWS;
            places->extra[i] = list->extra + seen->row[i] * extra_bytes;
            __builtin_prefetch(places->extra[i]);
            runs += pack != last;
            places->pack[runs - 1] = list->packs + pack * pack_bytes;
            places->width[runs - 1] = scree__vectors_pack_width(list->row_count, pack);
            places->end[runs - 1] = i + 1;
            last = pack;
        }
    }
    places->run_count = runs;
}

static inline __attribute__((always_inline)) void
whole_sums(const struct scree__vectors_query *query, unsigned bits,
           const struct scree__vectors_seen *seen, int64_t *sums)
{
    enum { STRIDE = SCREE__VECTORS_HITS_ROOM + RUN_ROWS };
    const uint32_t n = query->quantizer->padded_dim;
    uint64_t signs[WHOLE_DIMS / 64][STRIDE];
    struct row_places places;
    find_places(n, bits, seen, &places);
    for (uint32_t first = 0; first < n; first += WHOLE_DIMS) {
        const uint32_t dims = n - first < WHOLE_DIMS ? n - first : WHOLE_DIMS;
        for (uint32_t r = 0, i = 0; r < places.run_count; r++)
            for (uint32_t rows; i < places.end[r]; i += rows) {
                const size_t width = places.width[r];
                const uint8_t *planes = places.pack[r] + first / 8 * width;
                rows = places.end[r] - i < RUN_ROWS ? places.end[r] - i : RUN_ROWS;
                for (uint32_t d = 0; d < dims; d += 64, planes += 8 * width)
                    signs_of_rows(planes, (uint32_t)width, seen->row + i, rows, signs[d / 64] + i);
            }
        for (uint32_t i = 0; i < seen->count; i += 4) {
            __m512i each[4];
#pragma GCC unroll 4
            for (uint32_t j = 0; j < 4; j++)
                each[j] = i + j < seen->count
                              ? whole_of(query, bits, first, dims, signs[0] + i + j, STRIDE,
                                         places.extra[i + j] + first / 8 * (size_t)bits)
                              : _mm512_setzero_si512();
            __m256i four = _mm256_cvtepi32_epi64(sums_of_four(each));
            if (first > 0)
                four = _mm256_add_epi64(four, _mm256_loadu_si256((const __m256i *)(sums + i)));
            _mm256_storeu_si256((__m256i *)(sums + i), four);
        }
    }
}

#endif

#if VECTORS_LEVEL != VECTORS_LEVEL_AVX512

static inline __attribute__((always_inline)) void
whole_sums(const struct scree__vectors_query *query, unsigned bits,
           const struct scree__vectors_seen *seen, int64_t *sums)
{
    const uint32_t n = query->quantizer->padded_dim;
    for (uint32_t p = 0, i = 0; p < seen->list_count; p++) {
        const struct scree__vectors_pending *list = seen->list[p];
        for (; i < seen->end[p]; i++) {
            const uint32_t pack = seen->row[i] / SCREE__VECTORS_PACK_ROWS;
            sums[i] = whole_of(query, bits,
                               list->packs +
                                   pack * scree__vectors_pack_bytes(n, SCREE__VECTORS_PACK_ROWS),
                               scree__vectors_pack_width(list->row_count, pack),
                               seen->row[i] % SCREE__VECTORS_PACK_ROWS,
                               list->extra + (size_t)seen->row[i] * (n / 8 * bits));
        }
    }
}

#endif

/* error_1 is a float whose upper half lies in the lower half of f_error. Sums of codes become sums of what they stand for, twice. */
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
static inline lanes errors_of(const float *factors)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(factors), 16));
}

static inline lanes along_of(const int64_t *sums, int64_t offset)
{
    const __m512i by = _mm512_set1_epi64(offset);
    __m512i low = _mm512_loadu_si512(sums), high = _mm512_loadu_si512(sums + 8);
    return _mm512_insertf32x8(
        _mm512_castps256_ps512(
            _mm512_cvtepi64_ps(_mm512_sub_epi64(_mm512_add_epi64(low, low), by))),
        _mm512_cvtepi64_ps(_mm512_sub_epi64(_mm512_add_epi64(high, high), by)), 1);
}
#else
static inline lanes errors_of(const float *factors)
{
    uint32_t words[LANES];
    float each[LANES];
    memcpy(words, factors, sizeof words);
    for (int i = 0; i < LANES; i++)
        words[i] <<= 16;
    memcpy(each, words, sizeof each);
    return lanes_load(each);
}

static inline lanes along_of(const int64_t *sums, int64_t offset)
{
    float along[LANES];
    for (int i = 0; i < LANES; i++)
        along[i] = (float)(2 * sums[i] - offset);
    return lanes_load(along);
}
#endif

/* Two of each row: of up to sixteen rows. */
static inline void load_pairs(const float *pairs, const uint32_t *rows, uint32_t count,
                              lanes *first, lanes *second)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const uint32_t there = count < LANES ? (1u << count) - 1 : 0xffff;
    const __m512d none = _mm512_setzero_pd();
    const __m512 low = _mm512_castpd_ps(_mm512_mask_i32gather_pd(
        none, (__mmask8)there, _mm256_loadu_si256((const __m256i *)rows), pairs, 8));
    const __m512 high = _mm512_castpd_ps(_mm512_mask_i32gather_pd(
        none, (__mmask8)(there >> 8), _mm256_loadu_si256((const __m256i *)(rows + 8)), pairs, 8));
    *first = _mm512_permutex2var_ps(low, even, high);
    *second = _mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high);
#else
    float each[2][LANES] = {{0}, {0}};
    for (uint32_t i = 0; i < count && i < LANES; i++) {
        each[0][i] = pairs[2 * (size_t)rows[i]];
        each[1][i] = pairs[2 * (size_t)rows[i] + 1];
    }
    *first = lanes_load(each[0]);
    *second = lanes_load(each[1]);
#endif
}

/* Estimates and errors from the sums of codes, whose rows have two extra factors each. */
static inline __attribute__((always_inline)) void
whole_rows(const struct scree__vectors_query *query, unsigned bits,
           struct scree__vectors_seen *seen)
{
    const int64_t offset = ((2 << bits) - 1) * query->whole_sum;
    const lanes scale = lanes_set(query->whole_scale * 0.5f);
    int64_t sums[SCREE__VECTORS_HITS_ROOM + LANES];
    whole_sums(query, bits, seen, sums);
    for (uint32_t p = 0, i = 0; p < seen->list_count; p++) {
        const struct scree__vectors_pending *list = seen->list[p];
        const lanes add = lanes_set(list->add), wide = lanes_set(list->whole_error);
        for (; i < seen->end[p]; i += LANES) {
            lanes first, second;
            load_pairs(list->extra_factors, seen->row + i, seen->end[p] - i, &first, &second);
            for (uint32_t after = seen->count; after < i + LANES; after++)
                sums[after] = 0;
            lanes along = lanes_mul(along_of(sums + i, offset), scale);
            lanes_store(seen->estimate + i,
                        lanes_add(lanes_add(first, add), lanes_mul(second, along)));
            lanes_store(seen->error + i, lanes_mul(errors_of(seen->factor + i), wide));
        }
        i = seen->end[p];
    }
}

/* A loop for each number of extra bits. */
static void whole(const struct scree__vectors_query *query, struct scree__vectors_seen *seen)
{
    switch (query->quantizer->bits - 1) {
#define WHOLE_ROWS(bits)               \
    case bits:                         \
        whole_rows(query, bits, seen); \
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
