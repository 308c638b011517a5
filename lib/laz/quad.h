/*
 * quad.h - the arithmetic decoder of four streams at once, a 64-bit lane of a vector register each,
 * for streams that take the same steps. Where a function is told how many lanes there are, a
 * constant, the others take nothing from anywhere. One division, one search by shifting and one refill do for
 * four symbols what reader.h does for one. The chain of dependent steps is longer than there, so
 * that it pays where two quads or more go through a step beside each other.
 */
#ifndef SCREE_LIB_LAZ_QUAD_H
#define SCREE_LIB_LAZ_QUAD_H

#include "laz/reader.h"

#define LAZ_QUADS_HERE (LAZ_LEVEL != LAZ_LEVEL_PLAIN && SCREE__SIMD_X86)
#if LAZ_QUADS_HERE

#if defined(__clang__)
#define LAZ_UNROLL
#else
#define LAZ_UNROLL _Pragma("GCC unroll 4")
#endif
/* A value that goes by itself: compilers put neighbours into a vector register, by way of memory, and
 * a load of two values waits until both stores are done. */
#define LAZ_BY_ITSELF(value) __asm__("" : "+r"(value))
/* Not LAZ_COLD: gcc then takes the loop that calls it for cold, too. */
#define LAZ_APART __attribute__((noinline))
#define LAZ_LANES_OF(lanes) LAZ_UNROLL for (unsigned i = 0; i < (lanes); i++)

#define LAZ_QUAD_MAGIC \
    0x4330000000000000 /* the double 2^52, to whose lower half integers are put */
/* Added to a quotient: its integer part comes to lie at bit 24 of the sum's 64, with bit 15 of a
 * 16-bit lane set by 2^15 as in search.h. What is cut off the fraction never rounds up, for
 * a fraction is at most 1 - 2^-17. */
#define LAZ_QUAD_FRACTION 24u
#define LAZ_QUAD_UNITS (268435456.0 + 32768.0)
/* The same bit 15 as it comes to the index of a table of starts of 2^shift each. */
#define LAZ_QUAD_START(shift) (0x8000u >> (shift))

/* Constants that instructions take from memory: compilers make each of them in three steps, at every
 * use, where they know its value. */
enum laz_quads {
    LAZ_QUADS_MAGIC,
    LAZ_QUADS_24,
    LAZ_QUADS_64,
    LAZ_QUADS_SIXTEENS,
    LAZ_QUADS_LOW16,
    LAZ_QUADS_EXPONENT,
    LAZ_QUADS_LOW8,
    LAZ_QUADS_MODEL, /* bytes of one */
    LAZ_QUADS_COUNT
};
extern const uint64_t scree__laz_quads[LAZ_QUADS_COUNT][4];

LAZ_INLINE __m256i laz_quad_constant(enum laz_quads which)
{
    return _mm256_load_si256((const __m256i *)(const void *)scree__laz_quads[which]);
}

struct laz_quad {
    __m256i code;  /* the upper halves are those of LAZ_QUAD_MAGIC */
    __m256i width; /* the upper halves are 0 */
    __m256i next;  /* eight bytes of the stream that are not in `code`, less those taken since */
    __m256i taken; /* bits of them */
    __m256i at;    /* addresses of what `next` was */
    __m256i last8; /* eight bytes can be loaded up to here */
    struct laz_reader *readers[4];
};

LAZ_INLINE __m256i laz_quad_of(const uint64_t v[4])
{
    __m128i low = _mm_insert_epi64(_mm_cvtsi64_si128((long long)v[0]), (long long)v[1], 1);
    __m128i high = _mm_insert_epi64(_mm_cvtsi64_si128((long long)v[2]), (long long)v[3], 1);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* Two lanes of four; the others hold entries of cum that end a search at once. */
LAZ_INLINE __m256i laz_quad_of_two(const uint64_t v[2])
{
    __m128i low = _mm_insert_epi64(_mm_cvtsi64_si128((long long)v[0]), (long long)v[1], 1);
    return _mm256_blend_epi32(_mm256_set1_epi64x((long long)0x8000800080000000u),
                              _mm256_castsi128_si256(low), 0x0F);
}

LAZ_INLINE __m256i laz_quad_of_lanes(const uint64_t v[4], const unsigned lanes)
{
    return lanes == 2 ? laz_quad_of_two(v) : laz_quad_of(v);
}

/* The first of eight bytes becomes the highest. */
LAZ_INLINE __m256i laz_quad_swap(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10,
                                                   9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11,
                                                   10, 9, 8));
}

static LAZ_APART void quad_load_tail(struct laz_quad *quad)
{
    uint64_t at[4], next[4];
    _mm256_storeu_si256((__m256i *)at, quad->at);
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *p = (const uint8_t *)(uintptr_t)at[i];
        next[i] = scree__laz_quad_tail(quad->readers[i], &p);
        at[i] = (uintptr_t)p;
    }
    quad->at = _mm256_loadu_si256((const __m256i *)at);
    quad->next = _mm256_loadu_si256((const __m256i *)next);
}

/* Fills `next` again, of which at most 64 bits were taken. */
LAZ_INLINE void laz_quad_refill(struct laz_quad *quad, const unsigned lanes)
{
    uint64_t at[4] __attribute__((aligned(32))), v[4] = {0};
    quad->at = _mm256_add_epi64(quad->at, _mm256_srli_epi64(quad->taken, 3));
    quad->taken = _mm256_setzero_si256();
    __m256i beyond = _mm256_cmpgt_epi64(quad->at, quad->last8);
    if (LAZ_UNLIKELY(!_mm256_testz_si256(beyond, beyond))) {
        quad_load_tail(quad);
        return;
    }
    _mm256_store_si256((__m256i *)at, quad->at);
    LAZ_LANES_OF(lanes) memcpy(&v[i], (const void *)(uintptr_t)at[i], 8);
    quad->next = laz_quad_swap(laz_quad_of_lanes(v, lanes));
}

/* Takes four readers, which are out of date until laz_quad_end(). */
static void laz_quad_begin(struct laz_quad *quad, struct laz_reader *const readers[4])
{
    uint64_t code[4], width[4], at[4], last8[4];
    for (unsigned i = 0; i < 4; i++) {
        struct laz_reader *r = quad->readers[i] = readers[i];
        code[i] = r->code | (uint64_t)LAZ_QUAD_MAGIC;
        width[i] = r->width;
        at[i] = (uintptr_t)r->at;
        last8[i] = (uintptr_t)r->end < 8 ? 0 : (uintptr_t)r->end - 8;
    }
    quad->code = _mm256_loadu_si256((const __m256i *)code);
    quad->width = _mm256_loadu_si256((const __m256i *)width);
    quad->at = _mm256_loadu_si256((const __m256i *)at);
    quad->last8 = _mm256_loadu_si256((const __m256i *)last8);
    quad->taken = _mm256_setzero_si256();
    laz_quad_refill(quad, 4);
}

static void laz_quad_end(struct laz_quad *quad)
{
    uint64_t code[4], width[4], at[4];
    laz_quad_refill(quad, 4); /* counts what lies beyond the ends */
    _mm256_storeu_si256((__m256i *)code, quad->code);
    _mm256_storeu_si256((__m256i *)width, quad->width);
    _mm256_storeu_si256((__m256i *)at, quad->at);
    for (unsigned i = 0; i < 4; i++) {
        quad->readers[i]->code = (uint32_t)code[i];
        quad->readers[i]->width = (uint32_t)width[i];
        quad->readers[i]->at = (const uint8_t *)(uintptr_t)at[i];
    }
}

/* Zeros before a width's highest byte that is not 0, in bits: 0, 8, 16, 24. */
LAZ_INLINE __m256i laz_quad_zeros(__m256i width)
{
    const __m256i mask = laz_quad_constant(LAZ_QUADS_24);
#if LAZ_LEVEL == LAZ_LEVEL_AVX512
    return _mm256_and_si256(_mm256_lzcnt_epi32(width), mask);
#else
    /* By the exponent of the double that it is. */
    const __m256i magic = laz_quad_constant(LAZ_QUADS_MAGIC);
    __m256d d = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(width, magic)),
                              _mm256_castsi256_pd(magic));
    __m256i exponent = _mm256_srli_epi64(_mm256_castpd_si256(d), 52);
    return _mm256_and_si256(_mm256_sub_epi64(laz_quad_constant(LAZ_QUADS_EXPONENT), exponent),
                            mask);
#endif
}

/* laz_reader_shift() */
LAZ_INLINE void laz_quad_shift(struct laz_quad *quad, __m256i code, __m256i width)
{
    __m256i bits = laz_quad_zeros(width);
    __m256i next =
        _mm256_srlv_epi64(quad->next, _mm256_sub_epi64(laz_quad_constant(LAZ_QUADS_64), bits));
    quad->code = _mm256_or_si256(_mm256_sllv_epi32(code, bits), next);
    quad->width = _mm256_sllv_epi32(width, bits);
    quad->next = _mm256_sllv_epi64(quad->next, bits);
    quad->taken = _mm256_add_epi64(quad->taken, bits);
}

/* A step as far as it has come. */
struct laz_quad_step {
    __m256i unit, sum, four, bits, pair;
};

/* Units, and quotients as the sums that LAZ_QUAD_UNITS tells. */
LAZ_INLINE void quad_divide(struct laz_quad_step *step, const struct laz_quad *quad)
{
    const __m256i magic = laz_quad_constant(LAZ_QUADS_MAGIC);
    const __m256d two52 = _mm256_castsi256_pd(magic);
    step->unit = _mm256_srli_epi64(quad->width, (int)LAZ_SYMBOL_SHIFT);
    __m256d unit = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(step->unit, magic)), two52);
    __m256d code = _mm256_sub_pd(_mm256_castsi256_pd(quad->code), two52);
    step->sum = _mm256_castpd_si256(
        _mm256_add_pd(_mm256_div_pd(code, unit), _mm256_set1_pd(LAZ_QUAD_UNITS)));
}

/* Where the searches start, and four entries of cum from there. */
LAZ_INLINE void quad_starts(struct laz_quad_step *step, struct laz_model_256 *const m[4],
                            uint64_t s[4], const unsigned lanes)
{
    const unsigned shift = LAZ_START_SHIFT(256);
    uint64_t index[4] __attribute__((aligned(32))), v[4] = {0};
    _mm256_store_si256((__m256i *)index,
                       _mm256_srli_epi64(_mm256_slli_epi64(step->sum, 12), /* the exponent goes */
                                         (int)(12 + LAZ_QUAD_FRACTION + shift)));
    LAZ_LANES_OF(lanes)
    {
        s[i] = *((const uint8_t *)m[i] + offsetof(struct laz_model_256, start) -
                 LAZ_QUAD_START(shift) + index[i]);
    }
    LAZ_LANES_OF(lanes) memcpy(&v[i], m[i]->cum + s[i], 8);
    step->four = laz_quad_of_lanes(v, lanes);
}

/* Lanes whose search goes further than three symbols: bits of `lanes`. */
static LAZ_APART void quad_find(struct laz_model_256 *const m[4], const uint64_t s[4], __m256i sum,
                                unsigned lanes, __m256i *pair, __m256i *bits)
{
    uint64_t sums[4], pairs[4], counts[4];
    _mm256_storeu_si256((__m256i *)sums, sum);
    _mm256_storeu_si256((__m256i *)pairs, *pair);
    _mm256_storeu_si256((__m256i *)counts, *bits);
    for (unsigned i = 0; i < 4; i++) {
        if (lanes >> i & 1) {
            uint32_t q = (uint32_t)(sums[i] >> LAZ_QUAD_FRACTION & 0xFFFF) ^ 0x8000u;
            struct laz_found found = laz_find_from(m[i]->cum, (unsigned)s[i], q);
            pairs[i] = found.pair;
            counts[i] = 16 * (found.symbol - s[i]);
        }
    }
    *pair = _mm256_loadu_si256((const __m256i *)pairs);
    *bits = _mm256_loadu_si256((const __m256i *)counts);
}

/* search.h's way, with the difference the other way round: the top bit of a 16-bit lane says "not
 * above". The first lane always is; how many others are, times 16, are the bits to shift by. */
LAZ_INLINE void quad_search(struct laz_quad_step *step, struct laz_model_256 *const m[4],
                            const uint64_t s[4], const unsigned lanes)
{
    const __m256i to_lanes =
        _mm256_setr_epi8(3, 4, 3, 4, 3, 4, 3, 4, 11, 12, 11, 12, 11, 12, 11, 12, 3, 4, 3, 4, 3, 4,
                         3, 4, 11, 12, 11, 12, 11, 12, 11, 12);
    const __m256i sixteens = laz_quad_constant(LAZ_QUADS_SIXTEENS);
    __m256i d = _mm256_sub_epi16(_mm256_shuffle_epi8(step->sum, to_lanes), step->four);
    step->bits = _mm256_sad_epu8(_mm256_and_si256(_mm256_srli_epi16(d, 11), sixteens),
                                 _mm256_setzero_si256());
    step->pair = _mm256_srlv_epi64(step->four, step->bits);
    unsigned further = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(d));
    if (LAZ_UNLIKELY(further != 0)) {
        struct laz_model_256 *at[4]; /* copies, so that the lanes' own need no place in memory */
        uint64_t from[4];
        __m256i pair = step->pair, bits = step->bits;
        LAZ_LANES_OF(lanes)
        {
            at[i] = m[i];
            from[i] = s[i];
            LAZ_BY_ITSELF(at[i]);
            LAZ_BY_ITSELF(from[i]);
        }
        quad_find(at, from, step->sum, further, &pair, &bits);
        step->pair = pair;
        step->bits = bits;
    }
}

LAZ_INLINE void quad_narrow(const struct laz_quad_step *step, struct laz_quad *quad,
                            struct laz_model_256 *const m[4], uint64_t s[4], const unsigned lanes)
{
    uint64_t more[4] __attribute__((aligned(32)));
    _mm256_store_si256((__m256i *)more, _mm256_srli_epi64(step->bits, 4));
    const __m256i low16 = laz_quad_constant(LAZ_QUADS_LOW16);
    __m256i low = _mm256_mul_epu32(_mm256_and_si256(step->pair, low16), step->unit);
    __m256i high = _mm256_mul_epu32(_mm256_srli_epi32(step->pair, 16), step->unit);
    /* The top symbol gets all the rest. */
    __m256i top = _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(high),
                                                       _mm256_castsi256_ps(quad->width),
                                                       _mm256_castsi256_ps(step->pair)));
    laz_quad_shift(quad, _mm256_sub_epi32(quad->code, low), _mm256_sub_epi32(top, low));
    LAZ_LANES_OF(lanes)
    {
        s[i] += more[i];
        m[i]->count[s[i]]++;
    }
}

/*
 * A symbol of each stream of n quads, step by step beside each other: of models of 256 symbols that
 * are ready for them, four for each quad. n is a constant. A symbol takes at most 24 bits, of the 64
 * since laz_quad_refill().
 */
LAZ_INLINE void laz_quads_symbols(struct laz_quad *quads, struct laz_model_256 *const m[],
                                  uint64_t s[], const unsigned n)
{
    struct laz_quad_step steps[4];
    LAZ_UNROLL for (unsigned q = 0; q < n; q++) quad_divide(&steps[q], &quads[q]);
    LAZ_UNROLL for (unsigned q = 0; q < n; q++) quad_starts(&steps[q], m + 4 * q, s + 4 * q, 4);
    LAZ_UNROLL for (unsigned q = 0; q < n; q++) quad_search(&steps[q], m + 4 * q, s + 4 * q, 4);
    LAZ_UNROLL for (unsigned q = 0; q < n; q++)
        quad_narrow(&steps[q], &quads[q], m + 4 * q, s + 4 * q, 4);
}

#endif
#endif
