/*
 * decode_spread.h - from the symbols that decode_lanes.h put one behind the other to the values of
 * two chunks' records: colours, near infrared, user data, extra bytes. Both chunks go side by side,
 * for where a value's symbols begin is known only after the value before.
 */
#ifndef SCREE_LIB_LAZ_DECODE_SPREAD_H
#define SCREE_LIB_LAZ_DECODE_SPREAD_H

#include "laz/decode_layered.h"
#include "laz/quad.h"

#if LAZ_QUADS_HERE

/* A layer of two chunks. */
struct laz_spread {
    const uint8_t *symbols[2];
    uint8_t *out[2]; /* in the first records */
    size_t stride[2], count;
};

/* The colours of two chunks: their lower and upper bytes as lanes of 16 bits, two for each chunk. */
struct laz_colours {
    __m128i red, green, blue; /* the lower half of a register */
};

LAZ_INLINE __m128i colours_of(const uint16_t *a, const uint16_t *b)
{
    return _mm_cvtepu8_epi16(_mm_cvtsi32_si128((int)(*a | (uint32_t)*b << 16)));
}

LAZ_INLINE __m128i clamped8(__m128i v)
{
    return _mm_max_epi16(_mm_min_epi16(v, _mm_set1_epi16(255)), _mm_setzero_si128());
}

/* laz_rgb_apply() with all of a mask's bits; where a byte has no symbol, `none` is negative. */
LAZ_INLINE void colours_move(struct laz_colours *c, __m128i symbols, __m128i blue_symbols,
                             __m128i none, __m128i blue_none)
{
    const __m128i low = _mm_set1_epi16(255);
    __m128i red = _mm_and_si128(_mm_add_epi16(c->red, symbols), low);
    __m128i change = _mm_sub_epi16(red, c->red);
    __m128i green = clamped8(_mm_add_epi16(c->green, change));
    green = _mm_and_si128(_mm_add_epi16(green, _mm_srli_si128(symbols, 8)), low);
    green = _mm_blendv_epi8(green, c->green, _mm_srli_si128(none, 8));
    change = _mm_add_epi16(change, _mm_sub_epi16(green, c->green));
    change = _mm_srai_epi16(_mm_add_epi16(change, _mm_srli_epi16(change, 15)), 1);
    __m128i blue = clamped8(_mm_add_epi16(c->blue, change));
    blue = _mm_and_si128(_mm_add_epi16(blue, blue_symbols), low);
    c->blue = _mm_blendv_epi8(blue, c->blue, blue_none);
    c->green = green;
    c->red = red;
}

/* Where a mask says that all three are the same. */
static LAZ_APART void colours_grey(struct laz_colours *c, unsigned used_a, unsigned used_b)
{
    __m128i grey = _mm_cvtsi64_si128((used_a & 64 ? 0 : 0xFFFFFFFF) |
                                     (used_b & 64 ? 0 : (long long)0xFFFFFFFF00000000u));
    c->green = _mm_blendv_epi8(c->green, c->red, grey);
    c->blue = _mm_blendv_epi8(c->blue, c->red, grey);
}

/* A chunk's as they lie in a record, in each half. */
LAZ_INLINE __m128i colours_bytes(const struct laz_colours *c)
{
    __m128i bytes = _mm_packus_epi16(_mm_unpacklo_epi64(c->red, c->green), c->blue);
    return _mm_shuffle_epi8(bytes,
                            _mm_setr_epi8(0, 1, 4, 5, 8, 9, -1, -1, 2, 3, 6, 7, 10, 11, -1, -1));
}

LAZ_INLINE void colours_store(__m128i bytes, uint8_t *a, uint8_t *b)
{
    scree__base_store32(a, (uint32_t)_mm_cvtsi128_si32(bytes));
    scree__base_store16(a + 4, (uint16_t)_mm_extract_epi16(bytes, 2));
    scree__base_store32(b, (uint32_t)_mm_extract_epi32(bytes, 2));
    scree__base_store16(b + 4, (uint16_t)_mm_extract_epi16(bytes, 6));
}

/* The symbols behind a mask, each at its byte's place. */
LAZ_INLINE __m128i colours_symbols(const uint8_t *symbols, __m128i places)
{
    return _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(const void *)symbols), places);
}

LAZ_INLINE __m128i colours_places(unsigned used)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)&scree__laz_rgb_places[used]);
}

static void spread_rgb(uint16_t *const rgb[2], const struct laz_spread *s)
{
    struct laz_colours c = {colours_of(rgb[0], rgb[1]), colours_of(rgb[0] + 1, rgb[1] + 1),
                            colours_of(rgb[0] + 2, rgb[1] + 2)};
    const size_t stride_a = s->stride[0], stride_b = s->stride[1];
    const uint8_t *a = s->symbols[0], *b = s->symbols[1];
    uint8_t *out_a = s->out[0], *out_b = s->out[1], last[2][6];
    for (size_t i = 0; i < s->count; i++, out_a += stride_a, out_b += stride_b) {
        unsigned used_a = *a++, used_b = *b++;
        __m128i pa = colours_places(used_a), pb = colours_places(used_b);
        __m128i symbols = _mm_unpacklo_epi16(colours_symbols(a, pa), colours_symbols(b, pb));
        __m128i none = _mm_unpacklo_epi16(pa, pb);
        colours_move(&c, _mm_cvtepu8_epi16(symbols), _mm_cvtepu8_epi16(_mm_srli_si128(symbols, 8)),
                     _mm_cvtepi8_epi16(none), _mm_cvtepi8_epi16(_mm_srli_si128(none, 8)));
        if (LAZ_UNLIKELY(!(used_a & used_b & 64))) {
            struct laz_colours copy = c; /* so that c needs no place in memory */
            colours_grey(&copy, used_a, used_b);
            c = copy;
        }
        a += scree__laz_rgb_places[used_a] >> 56;
        b += scree__laz_rgb_places[used_b] >> 56;
        colours_store(colours_bytes(&c), out_a, out_b);
    }
    colours_store(colours_bytes(&c), last[0], last[1]);
    laz_rgb_load(rgb[0], last[0]);
    laz_rgb_load(rgb[1], last[1]);
}

/* Near infrared of the moment: its bytes, each with what overflowed it. */
struct laz_nir_turn {
    const uint8_t *symbols;
    unsigned low, high;
};

LAZ_INLINE uint16_t nir_next(struct laz_nir_turn *t)
{
    const uint8_t *symbols = t->symbols;
    unsigned mask = *symbols, first = mask & 1u, second = mask >> 1;
    t->symbols += 1 + first + second;
    t->low += symbols[1] & laz_mask(first);
    t->high += symbols[1 + first] & laz_mask(second);
    return (uint16_t)((t->low & 0xFF) | t->high << 8);
}

static void spread_nir(uint16_t *const nir[2], const struct laz_spread *s)
{
    struct laz_nir_turn a = {s->symbols[0], *nir[0] & 0xFFu, *nir[0] >> 8};
    struct laz_nir_turn b = {s->symbols[1], *nir[1] & 0xFFu, *nir[1] >> 8};
    const size_t stride_a = s->stride[0], stride_b = s->stride[1];
    uint8_t *out_a = s->out[0], *out_b = s->out[1];
    for (size_t i = 0; i < s->count; i++, out_a += stride_a, out_b += stride_b) {
        scree__base_store16(out_a, *nir[0] = nir_next(&a));
        scree__base_store16(out_b, *nir[1] = nir_next(&b));
    }
}

static void spread_byte(uint8_t *const last[2], const struct laz_spread *s)
{
    const size_t stride_a = s->stride[0], stride_b = s->stride[1], count = s->count;
    const uint8_t *symbols_a = s->symbols[0], *symbols_b = s->symbols[1];
    uint8_t *out_a = s->out[0], *out_b = s->out[1], a = *last[0], b = *last[1];
    for (size_t i = 0; i < count; i++, out_a += stride_a, out_b += stride_b) {
        *out_a = a = (uint8_t)(a + symbols_a[i]);
        *out_b = b = (uint8_t)(b + symbols_b[i]);
    }
    *last[0] = a;
    *last[1] = b;
}

static void spread_user(unsigned *const user[2], const struct laz_spread *s)
{
    for (unsigned k = 0; k < 2; k++) {
        uint8_t *out = s->out[k];
        for (size_t i = 0; i < s->count; i++, out += s->stride[k])
            *out = s->symbols[k][i];
        *user[k] = s->symbols[k][s->count - 1];
    }
}

#endif
#endif
