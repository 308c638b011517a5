/*
 * colour.h - red, green, blue as bytes (RGB12 versions 1 and 2, RGB14) and near infrared
 * (RGBNIR14). Green is predicted from red's change, blue from both.
 */
#ifndef SCREE_LIB_LAZ_COLOUR_H
#define SCREE_LIB_LAZ_COLOUR_H

#include "base/bytes.h"
#include "laz/intcoder.h"

/* Masks have the layout of bytes, so that one search does for both (decode_lanes.h). */
struct laz_rgb_models {
    struct laz_model_256 used; /* LAZ_RGB_MASKS symbols */
    struct laz_model_256 diff[6];
};

#define LAZ_RGB_MASKS 128u
#define LAZ_NIR_MASKS 4u
#define LAZ_REF_RGB_USED(models) LAZ_REF_OF(&(models)->used, LAZ_RGB_MASKS - 1, LAZ_SYMBOL_SHIFT)

struct laz_rgb1_models {
    struct laz_model_64 used;
    struct laz_int8_6 byte;
};

struct laz_nir_models {
    struct laz_model_256 used; /* LAZ_NIR_MASKS symbols */
    struct laz_model_256 diff[2];
};

static inline void laz_rgb_forget(struct laz_rgb_models *models)
{
    LAZ_FORGET_ONE(&models->used);
    LAZ_FORGET(models->diff);
}

static inline void laz_rgb1_forget(struct laz_rgb1_models *models)
{
    LAZ_FORGET_ONE(&models->used);
    LAZ_FORGET_INT(&models->byte);
}

static inline void laz_nir_forget(struct laz_nir_models *models)
{
    LAZ_FORGET_ONE(&models->used);
    LAZ_FORGET(models->diff);
}

LAZ_INLINE void laz_rgb_load(uint16_t rgb[3], const uint8_t *p)
{
    for (unsigned i = 0; i < 3; i++)
        rgb[i] = scree__base_load16(p + 2 * i);
}

LAZ_INLINE void laz_rgb_store(const uint16_t rgb[3], uint8_t *p)
{
    for (unsigned i = 0; i < 3; i++)
        scree__base_store16(p + 2 * i, rgb[i]);
}

LAZ_INLINE int laz_clamp8(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* Prediction of one byte of green or blue: the last one moved by `change`. */
LAZ_INLINE unsigned laz_rgb_predict(unsigned last_byte, int change)
{
    return (unsigned)laz_clamp8((int)last_byte + change);
}

/* Bytes that have a symbol: bits of their models' numbers. */
LAZ_INLINE unsigned laz_rgb_coded(unsigned used)
{
    return used & 64 ? used & 63 : used & 3;
}

/* Updates rgb by the symbols, 0 where there is none. */
LAZ_INLINE void laz_rgb_apply(uint16_t rgb[3], unsigned used, const unsigned symbols[6])
{
    unsigned value[2];
    uint16_t green = 0, blue = 0;
    for (unsigned i = 0; i < 2; i++) { /* low bytes, high bytes */
        unsigned shift = 8 * i;
        unsigned r = ((unsigned)rgb[0] >> shift) & 0xFFu;
        unsigned g = ((unsigned)rgb[1] >> shift) & 0xFFu;
        unsigned b = ((unsigned)rgb[2] >> shift) & 0xFFu;
        value[i] = (r + symbols[i]) & 0xFFu;
        int change = (int)value[i] - (int)r;
        unsigned next = used & 4u << i ? (symbols[2 + i] + laz_rgb_predict(g, change)) & 0xFFu : g;
        change = (change + (int)next - (int)g) / 2;
        b = used & 16u << i ? (symbols[4 + i] + laz_rgb_predict(b, change)) & 0xFFu : b;
        green = (uint16_t)(green | next << shift);
        blue = (uint16_t)(blue | b << shift);
    }
    rgb[0] = (uint16_t)(value[0] | value[1] << 8);
    rgb[1] = used & 64 ? green : rgb[0];
    rgb[2] = used & 64 ? blue : rgb[0];
}

/* Updates rgb in place. */
LAZ_INLINE void laz_rgb_read(struct laz_reader *reader, struct laz_rgb_models *models,
                             uint16_t rgb[3])
{
    static const uint8_t order[6] = {0, 1, 2, 4, 3, 5};
    unsigned symbols[6] = {0, 0, 0, 0, 0, 0};
    unsigned used = LAZ_READ_N(reader, &models->used, LAZ_RGB_MASKS);
    unsigned coded = laz_rgb_coded(used);
    for (unsigned i = 0; i < 6; i++) {
        if (coded >> order[i] & 1)
            symbols[order[i]] = LAZ_READ(reader, &models->diff[order[i]]);
    }
    laz_rgb_apply(rgb, used, symbols);
}

/* Six bytes as they lie in a record: red in the low bits. */
LAZ_INLINE uint64_t laz_rgb_word(const uint8_t *p)
{
    return scree__base_load32(p) | (uint64_t)scree__base_load16(p + 4) << 32;
}

LAZ_INLINE uint64_t laz_rgb_word_of(const uint16_t rgb[3])
{
    return rgb[0] | (uint64_t)rgb[1] << 16 | (uint64_t)rgb[2] << 32;
}

/* Which of the six bytes are not 0: bit 2i for the low byte of channel i, 2i + 1 for the high one.
 */
LAZ_INLINE unsigned laz_rgb_bits(uint64_t word)
{
    const uint64_t low7 = 0x7F7F7F7F7F7Fu;
    uint64_t tops = (((word & low7) + low7) | word) & ~low7; /* the top bit of each such byte */
    return (unsigned)((tops >> 7) * 0x0102040810204080u >> 56);
}

/* A byte of green or blue against the last one moved by `change`. */
LAZ_INLINE unsigned laz_rgb_symbol(int is, int was, int change)
{
    return (unsigned)(is - laz_clamp8(was + change)) & 0xFFu;
}

/* Updates last to the colours at p; returns the mask that was coded (0 for all points: the layer
 * says nothing). */
LAZ_INLINE unsigned laz_rgb_write(struct laz_writer *writer, struct laz_rgb_models *models,
                                  uint16_t last[3], const uint8_t *p)
{
    uint64_t now = laz_rgb_word(p), before = laz_rgb_word_of(last);
    unsigned used = laz_rgb_bits(now ^ before);
    used |= (uint32_t)(now ^ now >> 16) != 0 ? 64 : 0; /* not grey */
    LAZ_WRITE_N(writer, &models->used, LAZ_RGB_MASKS, used);
    laz_rgb_load(last, p);
    if (used & 1)
        LAZ_WRITE(writer, &models->diff[0], (unsigned)(now - before) & 0xFFu);
    if (used & 2)
        LAZ_WRITE(writer, &models->diff[1], (unsigned)((now >> 8) - (before >> 8)) & 0xFFu);
    if (used & 64) {
        for (unsigned i = 0; i < 2; i++, now >>= 8, before >>= 8) { /* low bytes, then high bytes */
            int green = now >> 16 & 0xFF, green_was = before >> 16 & 0xFF;
            int change = (int)(now & 0xFF) - (int)(before & 0xFF);
            if (used & 4u << i)
                LAZ_WRITE(writer, &models->diff[2 + i], laz_rgb_symbol(green, green_was, change));
            change = (change + green - green_was) / 2;
            if (used & 16u << i)
                LAZ_WRITE(writer, &models->diff[4 + i],
                          laz_rgb_symbol(now >> 32 & 0xFF, before >> 32 & 0xFF, change));
        }
    }
    return used;
}

static inline void laz_rgb1_read(struct laz_reader *reader, struct laz_rgb1_models *models,
                                 uint16_t rgb[3])
{
    unsigned used = LAZ_READ(reader, &models->used), k;
    for (unsigned i = 0; i < 6; i++) {
        if (used & 1u << i) {
            unsigned shift = 8 * (i & 1);
            uint32_t last = ((uint32_t)rgb[i / 2] >> shift) & 0xFFu;
            uint32_t v = LAZ_READ_INT(reader, &models->byte, i, last, &k) & 0xFFu;
            rgb[i / 2] = (uint16_t)((rgb[i / 2] & 0xFF00u >> shift) | v << shift);
        }
    }
}

static inline void laz_rgb1_write(struct laz_writer *writer, struct laz_rgb1_models *models,
                                  uint16_t last[3], const uint16_t rgb[3])
{
    unsigned used = laz_rgb_bits(laz_rgb_word_of(last) ^ laz_rgb_word_of(rgb));
    LAZ_WRITE(writer, &models->used, used);
    for (unsigned i = 0; i < 6; i++) {
        if (used & 1u << i) {
            unsigned shift = 8 * (i & 1);
            LAZ_WRITE_INT(writer, &models->byte, i, ((uint32_t)last[i / 2] >> shift) & 0xFFu,
                          ((uint32_t)rgb[i / 2] >> shift) & 0xFFu);
        }
    }
    memcpy(last, rgb, 3 * sizeof last[0]);
}

LAZ_INLINE uint16_t laz_nir_read(struct laz_reader *reader, struct laz_nir_models *models,
                                 uint16_t last)
{
    unsigned used = LAZ_READ_N(reader, &models->used, LAZ_NIR_MASKS);
    unsigned low = last & 0xFFu, high = (unsigned)last >> 8;
    if (used & 1)
        low = (low + LAZ_READ(reader, &models->diff[0])) & 0xFFu;
    if (used & 2)
        high = (high + LAZ_READ(reader, &models->diff[1])) & 0xFFu;
    return (uint16_t)(low | high << 8);
}

LAZ_INLINE unsigned laz_nir_write(struct laz_writer *writer, struct laz_nir_models *models,
                                  uint16_t last, uint16_t nir)
{
    unsigned x = (unsigned)last ^ (unsigned)nir;
    unsigned used = ((x & 0xFFu) != 0 ? 1u : 0u) | (x >> 8 != 0 ? 2u : 0u);
    LAZ_WRITE_N(writer, &models->used, LAZ_NIR_MASKS, used);
    if (used & 1)
        LAZ_WRITE(writer, &models->diff[0], ((unsigned)nir - last) & 0xFFu);
    if (used & 2)
        LAZ_WRITE(writer, &models->diff[1], (((unsigned)nir >> 8) - ((unsigned)last >> 8)) & 0xFFu);
    return used;
}

#endif
