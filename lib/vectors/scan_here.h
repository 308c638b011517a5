/*
 * scan_here.h - packs of 1-bit codes against a query of 4 bits a dimension. What is summed over the dimensions is
 *     t = sum of (bit ? u : 15 - u)
 * by tables of these sums for 4 dimensions (16 entries, at most 60), or with VBMI for 6 (64 entries, at most 90); up to 16 dimensions are added as bytes
 * (at most 240), 4096 as 16-bit numbers (at most 61 440).
 */
#ifndef SCREE_LIB_VECTORS_SCAN_HERE_H
#define SCREE_LIB_VECTORS_SCAN_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"

#define WIDE_PLANES 512u /* bytes of code whose sums fit 16 bits */

/* table[n] = the sum for the bits n of `dims` dimensions. */
static inline void fill_table(const uint8_t *levels, unsigned dims, uint8_t *table)
{
    unsigned all = 0;
    for (unsigned i = 0; i < dims; i++)
        all += 15u - levels[i];
    table[0] = (uint8_t)all;
    for (unsigned i = 0; i < dims; i++)
        for (unsigned n = 0; n < 1u << i; n++)
            table[n + (1u << i)] = (uint8_t)(table[n] + 2 * levels[i] - 15);
}

#ifndef VECTORS_VBMI
static void tables(const uint8_t *levels, uint32_t padded_dim, uint8_t *out)
{
    for (uint32_t d = 0; d < padded_dim; d += 4)
        fill_table(levels + d, 4, out + d * 4);
}
#endif

/* ------------------------------------------------------------------------- sums of one pack */

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static void sum_pack(const uint8_t *table, const uint8_t *pack, uint32_t width, uint32_t planes,
                     uint32_t *sums)
{
    for (uint32_t row = 0; row < width; row++)
        sums[row] = 0;
    for (uint32_t k = 0; k < planes; k++, table += 32, pack += width)
        for (uint32_t row = 0; row < width; row++)
            sums[row] += (uint32_t)table[pack[row] & 15] + table[16 + (pack[row] >> 4)];
}

#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2

static inline __m256i look_up(const uint8_t *table, __m256i plane)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)table));
    __m256i high = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(table + 16)));
    return _mm256_add_epi8(
        _mm256_shuffle_epi8(low, _mm256_and_si256(plane, nibble)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(plane, 4), nibble)));
}

/* all: even rows and 256 times odd rows, modulo 2^16; odd: odd rows. Added to sums[32]. */
static inline void spread(__m256i all, __m256i odd, uint32_t *sums)
{
    __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    __m256i parts[2] = {_mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd)};
    for (int i = 0; i < 4; i++) { /* rows 8 i and on */
        __m128i eight = i < 2 ? _mm256_castsi256_si128(parts[i % 2])
                              : _mm256_extracti128_si256(parts[i % 2], 1);
        __m256i *to = (__m256i *)(sums + 8 * i);
        _mm256_storeu_si256(to,
                            _mm256_add_epi32(_mm256_loadu_si256(to), _mm256_cvtepu16_epi32(eight)));
    }
}

static void sum_pack(const uint8_t *table, const uint8_t *pack, uint32_t width, uint32_t planes,
                     uint32_t *sums)
{
    memset(sums, 0, width * sizeof *sums);
    for (uint32_t begin = 0; begin < planes; begin += WIDE_PLANES) {
        uint32_t end = planes - begin < WIDE_PLANES ? planes : begin + WIDE_PLANES;
        __m256i all[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        __m256i odd[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (uint32_t k = begin; k < end; k += 2, table += 64, pack += 2 * (size_t)width)
            for (uint32_t half = 0; half < width / 32; half++) {
                const uint8_t *at = pack + 32 * half;
                __m256i first = _mm256_loadu_si256((const __m256i *)at);
                __m256i second = _mm256_loadu_si256((const __m256i *)(at + width));
                __m256i sum = _mm256_add_epi8(look_up(table, first), look_up(table + 32, second));
                all[half] = _mm256_add_epi16(all[half], sum);
                odd[half] = _mm256_add_epi16(odd[half], _mm256_srli_epi16(sum, 8));
            }
        for (uint32_t half = 0; half < width / 32; half++)
            spread(all[half], odd[half], sums + 32 * half);
    }
}

#else

/* As with AVX2, for 64 rows. */
static inline void spread64(__m512i all, __m512i odd, uint32_t *sums)
{
    __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    __m512i parts[2] = {_mm512_unpacklo_epi16(even, odd), _mm512_unpackhi_epi16(even, odd)};
    const __m512i order[2] = {_mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                              _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15)};
    for (int i = 0; i < 2; i++) {
        __m512i rows = _mm512_permutex2var_epi64(parts[0], order[i], parts[1]);
        for (int j = 0; j < 2; j++) {
            __m256i sixteen =
                j == 0 ? _mm512_castsi512_si256(rows) : _mm512_extracti64x4_epi64(rows, 1);
            uint32_t *to = sums + 32 * i + 16 * j;
            _mm512_storeu_si512(
                to, _mm512_add_epi32(_mm512_loadu_si512(to), _mm512_cvtepu16_epi32(sixteen)));
        }
    }
}

#ifdef VECTORS_VBMI

/* For two planes, 16 dimensions: a table of 64 for the lower 6 bits of each, and one of 16, four times, for the upper 2 bits of the first and the
 * second. A byte permutation looks at the lower 6 bits of its indices only. */
static inline __m512i table_of(const uint8_t u[6], unsigned dims)
{
    /* Byte n has all bits set where bit i of n is. */
    static const uint64_t with[6] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                     0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
    unsigned all = 0;
    for (unsigned i = 0; i < dims; i++)
        all += 15u - u[i];
    __m512i sums = _mm512_set1_epi8((char)all);
    for (unsigned i = 0; i < dims; i++)
        sums = _mm512_mask_add_epi8(sums, with[i], sums, _mm512_set1_epi8((char)(2 * u[i] - 15)));
    return sums;
}

static void tables(const uint8_t *levels, uint32_t padded_dim, uint8_t *out)
{
    for (uint32_t d = 0; d < padded_dim; d += 16, out += 192) {
        const uint8_t *u = levels + d;
        const uint8_t rest[6] = {u[6], u[7], u[14], u[15]};
        _mm512_storeu_si512(out, table_of(u, 6));
        _mm512_storeu_si512(out + 64, table_of(u + 8, 6));
        _mm512_storeu_si512(out + 128, table_of(rest, 4));
    }
}

static inline __m512i look_up(const uint8_t *table, __m512i first, __m512i second)
{
    const __m512i two = _mm512_set1_epi8(3);
    /* where `two` is set the first, else the second */
    __m512i rest = _mm512_ternarylogic_epi64(two, _mm512_srli_epi16(first, 6),
                                             _mm512_srli_epi16(second, 4), 0xca);
    __m512i sum = _mm512_permutexvar_epi8(first, _mm512_load_si512(table));
    sum = _mm512_add_epi8(sum, _mm512_permutexvar_epi8(second, _mm512_load_si512(table + 64)));
    return _mm512_add_epi8(sum, _mm512_permutexvar_epi8(rest, _mm512_load_si512(table + 128)));
}

#define TABLE_STEP 192

#else

static inline __m512i look_up_one(const uint8_t *table, __m512i plane)
{
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i low = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)table));
    __m512i high = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)(table + 16)));
    return _mm512_add_epi8(
        _mm512_shuffle_epi8(low, _mm512_and_si512(plane, nibble)),
        _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(plane, 4), nibble)));
}

static inline __m512i look_up(const uint8_t *table, __m512i first, __m512i second)
{
    return _mm512_add_epi8(look_up_one(table, first), look_up_one(table + 32, second));
}

#define TABLE_STEP 64

#endif

static void sum_pack(const uint8_t *table, const uint8_t *pack, uint32_t width, uint32_t planes,
                     uint32_t *sums)
{
    memset(sums, 0, SCREE__VECTORS_PACK_ROWS * sizeof *sums);
    for (uint32_t begin = 0; begin < planes; begin += WIDE_PLANES) {
        uint32_t end = planes - begin < WIDE_PLANES ? planes : begin + WIDE_PLANES;
        __m512i all = _mm512_setzero_si512(), odd = all;
        for (uint32_t k = begin; k < end; k += 2, table += TABLE_STEP, pack += 2 * (size_t)width) {
            __m512i first, second;
            if (width == 64) {
                first = _mm512_loadu_si512(pack);
                second = _mm512_loadu_si512(pack + 64);
            } else {
                first = _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)pack));
                second = _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)(pack + 32)));
            }
            __m512i sum = look_up(table, first, second);
            all = _mm512_add_epi16(all, sum);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16(sum, 8));
        }
        spread64(all, odd, sums);
    }
}

#endif

/* ------------------------------------------------------------------------------ estimates */

static inline lanes lanes_of_sums(const uint32_t *sums)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    return _mm512_cvtepi32_ps(_mm512_loadu_si512(sums));
#elif VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    return (lanes){_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)sums)),
                   _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(sums + 8)))};
#else
    lanes out;
    for (int i = 0; i < LANES; i++)
        out.at[i] = (float)sums[i];
    return out;
#endif
}

static inline void take_hits(struct scree__vectors_hits *hits, uint32_t first, uint32_t mask,
                             lanes estimates, lanes errors)
{
    float estimate[LANES], error[LANES];
    lanes_store(estimate, estimates);
    lanes_store(error, errors);
    uint32_t count = hits->count;
    for (; mask != 0; mask &= mask - 1, count++) {
        unsigned lane = (unsigned)__builtin_ctz(mask);
        hits->row[count] = (uint8_t)(first + lane);
        hits->estimate[count] = estimate[lane];
        hits->error[count] = error[lane];
    }
    hits->count = count;
}

static void scan(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                 uint32_t rows, float limit, struct scree__vectors_hits *hits)
{
    uint32_t planes = query->quantizer->padded_dim / 8;
    uint32_t sums[SCREE__VECTORS_PACK_ROWS];
    sum_pack(query->tables, pack, width, planes, sums);
    const float *factors = (const float *)(const void *)(pack + (size_t)planes * width);
    const lanes scale = lanes_set(query->pack_scale), offset = lanes_set(query->pack_offset);
    const lanes add = lanes_set(query->add), wide = lanes_set(query->pack_error);
    hits->count = 0;
    for (uint32_t row = 0; row < rows; row += LANES, factors += LANES) {
        lanes along = lanes_add(lanes_mul(lanes_of_sums(sums + row), scale), offset);
        lanes estimate = lanes_add(lanes_add(lanes_load(factors), add),
                                   lanes_mul(lanes_load(factors + width), along));
        lanes error = lanes_mul(lanes_load(factors + 2 * width), wide);
        uint32_t mask = lanes_negative(lanes_sub(lanes_sub(estimate, error), lanes_set(limit)));
        if (rows - row < LANES)
            mask &= (1u << (rows - row)) - 1;
        if (mask != 0)
            take_hits(hits, row, mask, estimate, error);
    }
}

/* --------------------------------------------------------------------------- whole codes */

/* 64 bits of signs of a row, from eight planes. */
static inline uint64_t signs_of(const uint8_t *planes, uint32_t width)
{
    uint64_t signs = 0;
    for (unsigned k = 0; k < 8; k++)
        signs |= (uint64_t)planes[(size_t)k * width] << (8 * k);
    return signs;
}

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static int64_t whole(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                     uint32_t row, const uint8_t *extra)
{
    const unsigned bits = query->quantizer->bits - 1;
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
static inline __m256i codes_of(const uint8_t *extra, unsigned bits, uint64_t signs, int half)
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

static int64_t whole(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                     uint32_t row, const uint8_t *extra)
{
    const unsigned bits = query->quantizer->bits - 1;
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

static inline __m512i codes_of(const uint8_t *extra, unsigned bits, uint64_t signs)
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

static int64_t whole(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                     uint32_t row, const uint8_t *extra)
{
    const unsigned bits = query->quantizer->bits - 1;
    __m512i high = _mm512_setzero_si512(), low = high;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 64, extra += 8 * bits) {
        __m512i codes = codes_of(extra, bits, signs_of(pack + row + d / 8 * (size_t)width, width));
        high = add_products(high, codes, query->high + d);
        low = add_products(low, codes, query->low + d);
    }
    return (int64_t)_mm512_reduce_add_epi32(high) * 128 + _mm512_reduce_add_epi32(low);
}

#endif
#endif
