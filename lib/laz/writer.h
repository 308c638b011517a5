/*
 * writer.h - the arithmetic encoder of one stream, into memory that is large enough (the caller
 * bounds it) with LAZ_WRITER_SLACK bytes to spare: eight bytes are stored every time, the last four
 * once more, that a carry may have changed, and four of which 0 to 3 are kept.
 */
#ifndef SCREE_LIB_LAZ_WRITER_H
#define SCREE_LIB_LAZ_WRITER_H

#include "laz/model.h"
#include "laz/reader.h"

#define LAZ_WRITER_SLACK 8u
/* What the flush adds, at most, and an empty stream is. */
#define LAZ_WRITER_FLUSH 4u

struct laz_writer {
    uint8_t *begin, *at;
    uint64_t low; /* the upper half: the four bytes before `at` */
    uint32_t width;
};

/* Adds 1 to the number that ends four bytes before `at`. */
void scree__laz_writer_carry(uint8_t *at);
/* Ends the stream; returns its length. */
size_t scree__laz_writer_flush(struct laz_writer *writer);

LAZ_INLINE void laz_store_be64(uint8_t *p, uint64_t v)
{
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof v);
#else
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
#endif
}

/* The four bytes before `out` are written too, with what they hold. */
static inline void laz_writer_start(struct laz_writer *writer, uint8_t *out)
{
    writer->begin = out;
    writer->at = out;
    writer->low = (uint64_t)laz_load_be32(out - 4) << 32;
    writer->width = 0xFFFFFFFFu;
}

LAZ_INLINE void laz_writer_add(struct laz_writer *writer, uint32_t x)
{
    /* One step in twelve carries; one carry in 2^32 goes further than four bytes. */
    uint64_t low = writer->low + x;
    if (LAZ_UNLIKELY(low < x))
        scree__laz_writer_carry(writer->at);
    writer->low = low;
}

LAZ_INLINE void laz_writer_shift(struct laz_writer *writer)
{
    unsigned bits = (unsigned)laz_clz32(writer->width) & 24u;
    uint64_t low = writer->low;
    laz_store_be64(writer->at - 4, low);
    writer->at += bits >> 3;
    writer->low = low << bits;
    writer->width <<= bits;
}

/* Symbol s of a model that is ready for it. */
LAZ_INLINE void laz_writer_step(struct laz_writer *writer, const uint16_t *cum, uint16_t *count,
                                unsigned shift, unsigned s)
{
    uint32_t unit = writer->width >> shift;
    uint32_t pair = laz_ends(cum, s);
    uint32_t low = (pair & 0xFFFFu) * unit;
    count[s]++;
    laz_writer_add(writer, low);
    writer->width = laz_top(pair, unit, writer->width) - low;
    laz_writer_shift(writer);
}

LAZ_INLINE void laz_writer_symbol(struct laz_writer *writer, struct laz_head *head, uint16_t *cum,
                                  uint16_t *count, const unsigned layout, unsigned last,
                                  unsigned shift, unsigned s)
{
    if (LAZ_UNLIKELY(--head->left < 0))
        scree__laz_rebuild(head, NULL, cum, count, layout, last, shift);
    laz_writer_step(writer, cum, count, shift, s);
}

#define LAZ_WRITE(writer, model, s)                                                               \
    laz_writer_symbol((writer), &(model)->head, (model)->cum, (model)->count, LAZ_SYMBOLS(model), \
                      LAZ_SYMBOLS(model) - 1, LAZ_SYMBOL_SHIFT, (s))
#define LAZ_WRITE_N(writer, model, n, s)                                                          \
    laz_writer_symbol((writer), &(model)->head, (model)->cum, (model)->count, LAZ_SYMBOLS(model), \
                      (n)-1, LAZ_SYMBOL_SHIFT, (s))

#define LAZ_WRITE_BIT(writer, model, s)                                                           \
    laz_writer_symbol((writer), &(model)->head, (model)->cum, (model)->count, LAZ_SYMBOLS(model), \
                      1, LAZ_BIT_SHIFT, (s))

/* 1 to 19 bits without a model. */
LAZ_INLINE void laz_writer_raw(struct laz_writer *writer, unsigned bits, uint32_t v)
{
    writer->width >>= bits;
    laz_writer_add(writer, v * writer->width);
    laz_writer_shift(writer);
}

LAZ_INLINE void laz_writer_raw32(struct laz_writer *writer, uint32_t v)
{
    laz_writer_raw(writer, 16, v & 0xFFFFu);
    laz_writer_raw(writer, 16, v >> 16);
}

LAZ_INLINE void laz_writer_raw64(struct laz_writer *writer, uint64_t v)
{
    laz_writer_raw32(writer, (uint32_t)v);
    laz_writer_raw32(writer, (uint32_t)(v >> 32));
}

#endif
