/*
 * sums_here.h - the sums that a query's 1-bit estimates are made of, for packs of codes and 4 bits a dimension of the query:
 *     t = sum over the dimensions of (bit ? u : 15 - u)
 * by tables of these sums for 4 dimensions, or with VBMI for 6. The smaller one of each dimension's two values is left out of the tables and added at the end
 * (query->table_base), so that a dimension adds |2 u - 15| or nothing: 16 dimensions at most 240, which is added as bytes, and with nearly every query
 * 32 dimensions (query->table_roomy) stay below 256 as well. 4096 dimensions are added as 16-bit numbers (at most 61 440).
 */
#ifndef SCREE_LIB_VECTORS_SUMS_HERE_H
#define SCREE_LIB_VECTORS_SUMS_HERE_H

#include "vectors/kernels.h"

#define WIDE_PLANES 512u /* bytes of code whose sums fit 16 bits */

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN
/* What the code's bit adds: levels above 7 where it is 1, others where it is 0. */
static inline unsigned spread_of(uint8_t level)
{
    return level > 7 ? 2u * level - 15 : 15 - 2u * level;
}
#endif

/* query->table_base and query->table_roomy. */
static inline void measure_levels(struct scree__vectors_query *query)
{
    const uint32_t n = query->quantizer->padded_dim;
    uint32_t total = 0, most = 0;
    for (uint32_t d = 0; d < n; d += 32) {
        uint32_t spread = 0;
#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN
        for (uint32_t i = 0; i < 32; i++)
            spread += spread_of(query->levels[d + i]);
#else
        const __m256i fifteen = _mm256_set1_epi8(15);
        __m256i u = _mm256_loadu_si256((const __m256i *)(query->levels + d));
        __m256i twice = _mm256_add_epi8(u, u);
        __m256i sums = _mm256_sad_epu8(
            _mm256_or_si256(_mm256_subs_epu8(twice, fifteen), _mm256_subs_epu8(fifteen, twice)),
            _mm256_setzero_si256());
        __m128i two =
            _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        spread = (uint32_t)(_mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 2));
#endif
        total += spread;
        most = spread > most ? spread : most;
    }
    query->table_base = (15 * n - total) / 2;
    query->table_roomy = most < 256;
}

/* ------------------------------------------------------------------------------------ tables */

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static void tables(struct scree__vectors_query *query)
{
    measure_levels(query);
    uint8_t *table = query->tables;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 4, table += 16)
        for (unsigned n = 0; n < 16; n++) {
            table[n] = 0;
            for (unsigned i = 0; i < 4; i++) {
                uint8_t u = query->levels[d + i];
                if ((n >> i & 1) == (u > 7))
                    table[n] = (uint8_t)(table[n] + spread_of(u));
            }
        }
}

#elif defined(VECTORS_VBMI)

/* A byte, eight times. */
#define EIGHT(byte) ((long long)((byte)*0x0101010101010101u))

/*
 * For two planes, 16 dimensions: a table of 64 for the lower 6 bits of each, and one of 16, four times, for the upper 2 bits of the first and the
 * second. A byte permutation looks at the lower 6 bits of its indices only. First come the sums of three dimensions, eight bytes for each three of a
 * plane, and the sixteen for the upper bits: `part`.
 */
static void tables(struct scree__vectors_query *query)
{
    const __m512i none = _mm512_set1_epi64(EIGHT(16)); /* where the bit is 0 */
    const __m512i which[4] = {_mm512_setr_epi64(EIGHT(0), EIGHT(3), EIGHT(8), EIGHT(11), EIGHT(6),
                                                EIGHT(6), EIGHT(32), EIGHT(32)),
                              _mm512_setr_epi64(EIGHT(1), EIGHT(4), EIGHT(9), EIGHT(12), EIGHT(7),
                                                EIGHT(7), EIGHT(32), EIGHT(32)),
                              _mm512_setr_epi64(EIGHT(2), EIGHT(5), EIGHT(10), EIGHT(13), EIGHT(14),
                                                EIGHT(14), EIGHT(32), EIGHT(32)),
                              _mm512_setr_epi64(EIGHT(32), EIGHT(32), EIGHT(32), EIGHT(32),
                                                EIGHT(15), EIGHT(15), EIGHT(32), EIGHT(32))};
    /* Byte n has all bits set where bit i of n is 0. */
    const __mmask64 without[4] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f,
                                  0x00ff00ff00ff00ff};
    const __m512i low = _mm512_set1_epi64(0x0706050403020100);
    const __m512i high = _mm512_setr_epi64(EIGHT(8), EIGHT(9), EIGHT(10), EIGHT(11), EIGHT(12),
                                           EIGHT(13), EIGHT(14), EIGHT(15));
    const __m512i upper = _mm512_add_epi8(
        _mm512_set1_epi64(EIGHT(32)),
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x0f0e0d0c0b0a0908, 0x0706050403020100)));
    __m512i at[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        at[i] = _mm512_mask_add_epi8(which[i], without[i], which[i], none);
    measure_levels(query);
    uint8_t *out = query->tables;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 16, out += 192) {
        __m128i u = _mm_loadu_si128((const __m128i *)(query->levels + d));
        __m128i one = _mm_sub_epi8(_mm_add_epi8(u, u), _mm_set1_epi8(15));
        __m512i each = _mm512_inserti32x4(_mm512_zextsi128_si512(one),
                                          _mm_sub_epi8(_mm_setzero_si128(), one), 1);
        each = _mm512_max_epi8(each, _mm512_setzero_si512());
        __m512i part = _mm512_add_epi8(_mm512_add_epi8(_mm512_permutexvar_epi8(at[0], each),
                                                       _mm512_permutexvar_epi8(at[1], each)),
                                       _mm512_add_epi8(_mm512_permutexvar_epi8(at[2], each),
                                                       _mm512_permutexvar_epi8(at[3], each)));
        const __m512i second = _mm512_set1_epi64(EIGHT(16));
        _mm512_storeu_si512(out, _mm512_add_epi8(_mm512_permutexvar_epi8(low, part),
                                                 _mm512_permutexvar_epi8(high, part)));
        _mm512_storeu_si512(
            out + 64,
            _mm512_add_epi8(_mm512_permutexvar_epi8(_mm512_add_epi8(low, second), part),
                            _mm512_permutexvar_epi8(_mm512_add_epi8(high, second), part)));
        _mm512_storeu_si512(out + 128, _mm512_permutexvar_epi8(upper, part));
    }
}

#else

/* Two tables of 16 at a time: what a bit of 1 adds for each of 8 dimensions, then what one of 0 adds, chosen by shuffles. */
static void tables(struct scree__vectors_query *query)
{
    __m256i at[4];
    for (int i = 0; i < 4; i++) {
        const __m128i n = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        __m128i bit = _mm_set1_epi8((char)(1 << i));
        __m128i without = _mm_cmpeq_epi8(_mm_and_si128(n, bit), _mm_setzero_si128());
        __m128i first =
            _mm_add_epi8(_mm_set1_epi8((char)i), _mm_and_si128(without, _mm_set1_epi8(8)));
        at[i] = _mm256_setr_m128i(first, _mm_add_epi8(first, _mm_set1_epi8(4)));
    }
    measure_levels(query);
    uint8_t *out = query->tables;
    for (uint32_t d = 0; d < query->quantizer->padded_dim; d += 8, out += 32) {
        __m128i u = _mm_loadl_epi64((const __m128i *)(query->levels + d));
        __m128i one = _mm_sub_epi8(_mm_add_epi8(u, u), _mm_set1_epi8(15));
        __m128i both = _mm_unpacklo_epi64(one, _mm_sub_epi8(_mm_setzero_si128(), one));
        __m256i each = _mm256_broadcastsi128_si256(_mm_max_epi8(both, _mm_setzero_si128()));
        __m256i sums = _mm256_add_epi8(
            _mm256_add_epi8(_mm256_shuffle_epi8(each, at[0]), _mm256_shuffle_epi8(each, at[1])),
            _mm256_add_epi8(_mm256_shuffle_epi8(each, at[2]), _mm256_shuffle_epi8(each, at[3])));
        _mm256_storeu_si256((__m256i *)out, sums);
    }
}

#endif

/* -------------------------------------------------------------------------------------- sums */

#if VECTORS_LEVEL == VECTORS_LEVEL_PLAIN

static void sum_pack(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                     uint32_t *sums)
{
    const uint8_t *table = query->tables;
    for (uint32_t row = 0; row < width; row++)
        sums[row] = query->table_base;
    for (uint32_t k = 0; k < query->quantizer->padded_dim / 8; k++, table += 32, pack += width)
        for (uint32_t row = 0; row < width; row++)
            sums[row] += (uint32_t)table[pack[row] & 15] + table[16 + (pack[row] >> 4)];
}

static void sum_packs(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                      uint32_t packs, uint32_t *sums)
{
    for (uint32_t p = 0; p < packs; p++)
        sum_pack(query, pack + p * scree__vectors_pack_bytes(query->quantizer->padded_dim, width),
                 width, sums + p * SCREE__VECTORS_PACK_ROWS);
}

#else

/* As many rows as a register has bytes: `all` sums even rows and 256 times odd rows, modulo 2^16; `odd` odd rows. */
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX2

typedef __m256i rows_bytes;

static inline rows_bytes add_bytes(rows_bytes a, rows_bytes b)
{
    return _mm256_add_epi8(a, b);
}

struct row_sums {
    __m256i all, odd;
};

static inline void add_to_sums(struct row_sums *sums, __m256i bytes)
{
    sums->all = _mm256_add_epi16(sums->all, bytes);
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(bytes, 8));
}

static inline __m256i load_plane(const uint8_t *plane, uint32_t width)
{
    (void)width;
    return _mm256_loadu_si256((const __m256i *)plane);
}

static inline __m256i load_table(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)table));
}

static inline __m256i look_up_one(__m256i low, __m256i high, __m256i codes)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    return _mm256_add_epi8(
        _mm256_shuffle_epi8(low, _mm256_and_si256(codes, nibble)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble)));
}

/* Added to to[32]. */
static inline void spread_sums(const struct row_sums *sums, uint32_t *to)
{
    __m256i even = _mm256_sub_epi16(sums->all, _mm256_slli_epi16(sums->odd, 8));
    __m256i parts[2] = {_mm256_unpacklo_epi16(even, sums->odd),
                        _mm256_unpackhi_epi16(even, sums->odd)};
    for (int i = 0; i < 4; i++, to += 8) { /* rows 8 i and on */
        __m128i eight = i < 2 ? _mm256_castsi256_si128(parts[i % 2])
                              : _mm256_extracti128_si256(parts[i % 2], 1);
        _mm256_storeu_si256((__m256i *)to, _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)to),
                                                            _mm256_cvtepu16_epi32(eight)));
    }
}

#else

typedef __m512i rows_bytes;

static inline rows_bytes add_bytes(rows_bytes a, rows_bytes b)
{
    return _mm512_add_epi8(a, b);
}

struct row_sums {
    __m512i all, odd;
};

static inline void add_to_sums(struct row_sums *sums, __m512i bytes)
{
    sums->all = _mm512_add_epi16(sums->all, bytes);
    sums->odd = _mm512_add_epi16(sums->odd, _mm512_srli_epi16(bytes, 8));
}

static inline __m512i load_plane(const uint8_t *plane, uint32_t width)
{
    return width == 64 ? _mm512_loadu_si512(plane)
                       : _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)plane));
}

/* Added to to[64]. */
static inline void spread_sums(const struct row_sums *sums, uint32_t *to)
{
    __m512i even = _mm512_sub_epi16(sums->all, _mm512_slli_epi16(sums->odd, 8));
    __m512i parts[2] = {_mm512_unpacklo_epi16(even, sums->odd),
                        _mm512_unpackhi_epi16(even, sums->odd)};
    const __m512i order[2] = {_mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                              _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15)};
    for (int i = 0; i < 2; i++) {
        __m512i rows = _mm512_permutex2var_epi64(parts[0], order[i], parts[1]);
        for (int j = 0; j < 2; j++, to += 16) {
            __m256i sixteen =
                j == 0 ? _mm512_castsi512_si256(rows) : _mm512_extracti64x4_epi64(rows, 1);
            _mm512_storeu_si512(
                to, _mm512_add_epi32(_mm512_loadu_si512(to), _mm512_cvtepu16_epi32(sixteen)));
        }
    }
}

#ifdef VECTORS_VBMI

static inline __m512i load_table(const uint8_t *table)
{
    return _mm512_load_si512(table);
}

#else

static inline __m512i load_table(const uint8_t *table)
{
    return _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)table));
}

static inline __m512i look_up_one(__m512i low, __m512i high, __m512i codes)
{
    const __m512i nibble = _mm512_set1_epi8(15);
    return _mm512_add_epi8(
        _mm512_shuffle_epi8(low, _mm512_and_si512(codes, nibble)),
        _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble)));
}

#endif

#endif

/*
 * In a register: compilers would rather load tables and planes again in each instruction that uses them, and processors load 64 bytes once or twice in a
 * cycle. With that the loads, not the sums, were what Zen 4 waited for: 1.65 ns for 768 dimensions, and 1.35 without.
 */
static inline rows_bytes held(rows_bytes a)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    __asm__("" : "+x"(a));
#else
    __asm__("" : "+v"(a));
#endif
    return a;
}

/* Of two planes. */
#ifdef VECTORS_VBMI
#define TABLES 3
#define TABLE_BYTES 64u
#else
#define TABLES 4
#define TABLE_BYTES 16u
#endif

struct tables {
    rows_bytes of[TABLES];
};

static inline void load_tables(struct tables *tables, const uint8_t *from)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < TABLES; i++)
        tables->of[i] = held(load_table(from + i * TABLE_BYTES));
}

/* Two planes. */
static inline rows_bytes look_up(const struct tables *tables, const uint8_t *plane, uint32_t width)
{
    rows_bytes first = held(load_plane(plane, width)),
               second = held(load_plane(plane + width, width));
#ifdef VECTORS_VBMI
    /* Where `two` is set the first, else the second. */
    const __m512i two = _mm512_set1_epi8(3);
    __m512i rest = _mm512_ternarylogic_epi64(_mm512_srli_epi16(first, 6),
                                             _mm512_srli_epi16(second, 4), two, 0xe4);
    __m512i sum = _mm512_add_epi8(_mm512_permutexvar_epi8(first, tables->of[0]),
                                  _mm512_permutexvar_epi8(second, tables->of[1]));
    return _mm512_add_epi8(sum, _mm512_permutexvar_epi8(rest, tables->of[2]));
#else
    return add_bytes(look_up_one(tables->of[0], tables->of[1], first),
                     look_up_one(tables->of[2], tables->of[3], second));
#endif
}

/* Two planes of one or two packs. */
static inline __attribute__((always_inline)) void look_up_both(const uint8_t *table,
                                                               const uint8_t *first,
                                                               const uint8_t *second, bool both,
                                                               uint32_t width, rows_bytes sums[2])
{
    struct tables tables;
    load_tables(&tables, table);
    sums[0] = look_up(&tables, first, width);
    if (both)
        sums[1] = look_up(&tables, second, width);
}

static inline void add_four(struct row_sums *sums, rows_bytes two, rows_bytes next, bool roomy)
{
    if (roomy) {
        add_to_sums(sums, add_bytes(two, next));
    } else {
        add_to_sums(sums, two);
        add_to_sums(sums, next);
    }
}

/* Rows of `first` and, if `both`, of `second`, which share the look at the tables; four planes at a time, as bytes where there is room. */
static inline __attribute__((always_inline)) void
sum_rows(const struct scree__vectors_query *query, const uint8_t *first, const uint8_t *second,
         bool both, uint32_t width, bool roomy, uint32_t *first_sums, uint32_t *second_sums)
{
    const uint32_t planes = query->quantizer->padded_dim / 8;
    const uint8_t *table = query->tables;
    for (uint32_t begin = 0; begin < planes; begin += WIDE_PLANES) {
        uint32_t end = planes - begin < WIDE_PLANES ? planes : begin + WIDE_PLANES;
        struct row_sums a, b;
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        for (uint32_t k = begin; k < end; k += 4, table += 2 * TABLES * TABLE_BYTES) {
            const uint8_t *at = first + (size_t)k * width;
            const uint8_t *other = both ? second + (size_t)k * width : NULL;
            rows_bytes two[2], next[2];
            look_up_both(table, at, other, both, width, two);
            look_up_both(table + TABLES * TABLE_BYTES, at + 2 * (size_t)width,
                         both ? other + 2 * (size_t)width : NULL, both, width, next);
            add_four(&a, two[0], next[0], roomy);
            if (both)
                add_four(&b, two[1], next[1], roomy);
        }
        spread_sums(&a, first_sums);
        if (both)
            spread_sums(&b, second_sums);
    }
}

static inline __attribute__((always_inline)) void
sum_packs_of(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
             uint32_t packs, bool roomy, uint32_t *sums)
{
    const uint64_t pack_bytes = scree__vectors_pack_bytes(query->quantizer->padded_dim, width);
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX2
    for (uint32_t p = 0; p < packs; p++, pack += pack_bytes, sums += SCREE__VECTORS_PACK_ROWS)
        if (width == 64)
            sum_rows(query, pack, pack + 32, true, 64, roomy, sums, sums + 32);
        else
            sum_rows(query, pack, NULL, false, 32, roomy, sums, NULL);
#else
    if (packs == 2)
        sum_rows(query, pack, pack + pack_bytes, true, 64, roomy, sums,
                 sums + SCREE__VECTORS_PACK_ROWS);
    else if (width == 64)
        sum_rows(query, pack, NULL, false, 64, roomy, sums, NULL);
    else
        sum_rows(query, pack, NULL, false, 32, roomy, sums, NULL);
#endif
}

/* One pack, or two of 64 rows, one behind the other: to sums[64 * packs]. */
static void sum_packs(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                      uint32_t packs, uint32_t *sums)
{
    for (uint32_t i = 0; i < packs * SCREE__VECTORS_PACK_ROWS; i++)
        sums[i] = query->table_base;
    if (query->table_roomy)
        sum_packs_of(query, pack, width, packs, true, sums);
    else
        sum_packs_of(query, pack, width, packs, false, sums);
}

#endif
#endif
