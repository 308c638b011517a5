/*
 * decode_bytes.h - extra bytes of layered chunks, four to a quad: the bytes of a point have streams
 * of their own and models that have seen equally many symbols, so that they take the same steps.
 * read_byte_quads() is where to start reading.
 */
#ifndef SCREE_LIB_LAZ_DECODE_BYTES_H
#define SCREE_LIB_LAZ_DECODE_BYTES_H

#include "laz/loops.h"
#include "laz/quad.h"

/* An extra byte whose symbols are searched for, not guessed. */
static bool searched_byte(const struct laz_layered *state, const struct laz_layer_stream *streams,
                          uint32_t index)
{
    return index < state->layer_count && state->layers[index].kind == LAZ_LAYER_BYTE &&
           streams[index].active && !streams[index].steady;
}

#if LAZ_QUADS_HERE

/* How many quads of such bytes there are from layer `index` on: 0 to 4. */
static unsigned byte_quads(const struct laz_side *side, uint32_t index)
{
    unsigned n = 0;
    while (n < 16 && searched_byte(side->state, side->streams, index + n))
        n++;
    return n / 4;
}

static LAZ_APART void rebuild_models(struct laz_byte14 (*bytes)[4], unsigned context,
                                     unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct laz_model_256 *model = &bytes[i][context].diff;
        model->head.left = -1; /* only the first one's was counted down */
        scree__laz_rebuild(&model->head, model->start, model->cum, model->count, 256, 255,
                           LAZ_SYMBOL_SHIFT);
    }
}

/* One side's bytes, 4 * quads of them, and their point of the moment. */
struct laz_byte_side {
    struct laz_byte14 (*bytes)[4];
    const uint8_t *selects;
    uint8_t *out;
    size_t stride;
};

LAZ_INLINE struct laz_byte_side byte_side(const struct laz_side *side, uint32_t index,
                                          struct laz_quad *quad, const unsigned quads)
{
    struct laz_layered *state = side->state;
    struct laz_byte_side s = {(struct laz_byte14(*)[4])(void *)laz_layer_bytes(state, index),
                              laz_layer_select(state, &state->layers[index]),
                              side->records + state->layers[index].offset, side->stride};
    for (unsigned q = 0; q < quads; q++) {
        struct laz_reader *readers[4];
        for (unsigned i = 0; i < 4; i++)
            readers[i] = &side->streams[index + 4 * q + i].reader;
        laz_quad_begin(&quad[q], readers);
    }
    return s;
}

/* Models for the next symbol of each byte; returns the slot whose last bytes they go on from. */
LAZ_INLINE unsigned byte_side_point(const struct laz_byte_side *s, size_t i, const unsigned quads,
                                    struct laz_model_256 **m)
{
    unsigned select = s->selects[i], context = LAZ_SELECT_MODELS(select);
    if (LAZ_BEGINS(select)) {
        for (unsigned j = 0; j < 4 * quads; j++)
            laz_byte14_begin(s->bytes[j], select);
    }
    if (LAZ_UNLIKELY(--s->bytes[0][context].diff.head.left < 0))
        rebuild_models(s->bytes, context, 4 * quads);
    for (unsigned q = 0; q < quads; q++) {
        LAZ_UNROLL for (unsigned j = 0; j < 4; j++) m[4 * q + j] =
            &s->bytes[4 * q + j][context].diff;
    }
    return LAZ_SELECT_SLOT(select);
}

LAZ_INLINE void byte_side_store(const struct laz_byte_side *s, size_t i, unsigned slot,
                                const unsigned quads, const uint64_t *symbols)
{
    uint8_t *out = s->out + i * s->stride;
    for (unsigned q = 0; q < quads; q++) {
        LAZ_UNROLL for (unsigned j = 0; j < 4; j++)
        {
            uint8_t *last = &s->bytes[4 * q + j][slot].last;
            out[4 * q + j] = *last = (uint8_t)(*last + symbols[4 * q + j]);
        }
    }
}

/* Of models whose first was counted down. */
static void byte_side_end(const struct laz_byte_side *s, struct laz_quad *quad, unsigned quads)
{
    for (unsigned q = 0; q < quads; q++)
        laz_quad_end(&quad[q]);
    for (unsigned context = 0; context < 4; context++) {
        for (unsigned j = 1; j < 4 * quads; j++)
            s->bytes[j][context].diff.head.left = s->bytes[0][context].diff.head.left;
    }
}

/* Layers [index, index + 4 * quads) of one or two chunks, all of bytes that are searched for. */
LAZ_INLINE void read_byte_quads(const struct laz_side *sides, const unsigned n, uint32_t index,
                                const unsigned quads, size_t count)
{
    struct laz_quad quad[4];
    struct laz_byte_side a = byte_side(&sides[0], index, quad, quads), b = a;
    if (n == 2)
        b = byte_side(&sides[1], index, quad + quads, quads);
    for (size_t i = 0; i < count; i++) {
        struct laz_model_256 *m[16];
        uint64_t symbols[16];
        unsigned slot_a = byte_side_point(&a, i, quads, m), slot_b = 0;
        if (n == 2)
            slot_b = byte_side_point(&b, i, quads, m + 4 * quads);
        laz_quads_symbols(quad, m, symbols, n * quads);
        byte_side_store(&a, i, slot_a, quads, symbols);
        if (n == 2)
            byte_side_store(&b, i, slot_b, quads, symbols + 4 * quads);
        if (i % 2 == 1) {
            LAZ_UNROLL for (unsigned q = 0; q < n * quads; q++) laz_quad_refill(&quad[q], 4);
        }
    }
    byte_side_end(&a, quad, quads);
    if (n == 2)
        byte_side_end(&b, quad + quads, quads);
}

/* As many of a chunk's extra bytes from layer `index` on as pay: 16, 8 or none. Returns how many. */
static unsigned read_bytes_by_quads(const struct laz_side *side, uint32_t index, size_t count)
{
    unsigned quads = byte_quads(side, index);
    if (quads == 4)
        read_byte_quads(side, 1, index, 4, count);
    else if (quads >= 2)
        read_byte_quads(side, 1, index, 2, count);
    else
        return 0;
    return quads == 4 ? 16 : 8;
}

/* The same of two chunks: 8, 4 or none of each. */
static unsigned read_bytes_two_by_quads(const struct laz_side sides[2], uint32_t index,
                                        size_t count)
{
    unsigned a = byte_quads(&sides[0], index), b = byte_quads(&sides[1], index);
    unsigned quads = a < b ? a : b;
    if (quads >= 2)
        read_byte_quads(sides, 2, index, 2, count);
    else if (quads == 1)
        read_byte_quads(sides, 2, index, 1, count);
    return quads >= 2 ? 8 : 4 * quads;
}

#else

static unsigned read_bytes_by_quads(const struct laz_side *side, uint32_t index, size_t count)
{
    (void)side;
    (void)index;
    (void)count;
    return 0;
}

static unsigned read_bytes_two_by_quads(const struct laz_side sides[2], uint32_t index,
                                        size_t count)
{
    return read_bytes_by_quads(sides, index, count);
}

#endif
#endif
