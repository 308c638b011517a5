/*
 * decode_layered.h - layered chunks, a block of points at a time: the main loop for as many layers
 * as it takes along, then one loop for each other layer. layered_read() at the end is where to
 * start reading.
 */
#ifndef SCREE_LIB_LAZ_DECODE_LAYERED_H
#define SCREE_LIB_LAZ_DECODE_LAYERED_H

#include "laz/decode_bytes.h"
#include "laz/decode_main.h"

static void read_xy(struct laz_layered *state, struct laz_reader *saved, uint8_t *records,
                    size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    struct laz_xy xy = xy_begin(state);
    for (size_t i = 0; i < count; i++)
        step_xy(state, &xy, &reader, &state->block[state->now], i, records + i * stride);
    xy_end(state, &xy);
    *saved = reader;
}

#define LAZ_LOOP(name)                                                                             \
    static void read_##name(struct laz_layered *state, struct laz_reader *saved, uint8_t *records, \
                            size_t stride, size_t count)                                           \
    {                                                                                              \
        struct laz_reader reader = *saved;                                                         \
        for (size_t i = 0; i < count; i++)                                                         \
            step_##name(state, &reader, &state->block[state->now], i, records + i * stride);       \
        *saved = reader;                                                                           \
    }

LAZ_LOOP(z)
LAZ_LOOP(classification)
LAZ_LOOP(intensity)

static void read_rgb(struct laz_layered *state, const struct laz_layer *layer,
                     struct laz_reader *saved, uint8_t *records, size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    for (size_t i = 0; i < count; i++)
        step_rgb(state, &reader, selects[i], records + i * stride + layer->offset);
    *saved = reader;
}

static void read_wave(struct laz_layered *state, const struct laz_layer *layer,
                      struct laz_reader *saved, uint8_t *records, size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_wave14_begin(state->wave, select);
        uint8_t *last = state->wave[LAZ_SELECT_SLOT(select)].last;
        laz_wave_read(&reader, &state->wave[LAZ_SELECT_MODELS(select)].models, last);
        memcpy(records + i * stride + layer->offset, last, LAZ_WAVE_BYTES);
    }
    *saved = reader;
}

LAZ_INLINE void read_byte_by(struct laz_layered *state, uint32_t index, struct laz_reader *saved,
                             uint8_t *records, size_t stride, size_t count, const bool steady)
{
    struct laz_reader reader = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer);
    struct laz_byte14 *bytes = laz_layer_bytes(state, index);
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_byte14_begin(bytes, select);
        uint8_t *last = &bytes[LAZ_SELECT_SLOT(select)].last;
        struct laz_model_256 *model = &bytes[LAZ_SELECT_MODELS(select)].diff;
        *last = (uint8_t)(*last +
                          (steady ? LAZ_READ_GUESS(&reader, model, 0) : LAZ_READ(&reader, model)));
        records[i * stride + layer->offset] = *last;
    }
    *saved = reader;
}

static void read_byte(struct laz_layered *state, uint32_t index, struct laz_layer_stream *stream,
                      uint8_t *records, size_t stride, size_t count)
{
    if (stream->steady)
        read_byte_by(state, index, &stream->reader, records, stride, count, true);
    else
        read_byte_by(state, index, &stream->reader, records, stride, count, false);
}

/* Two extra bytes of an item beside each other: layers `index` and `index` + 1. */
static void read_two_bytes(struct laz_layered *state, uint32_t index,
                           struct laz_layer_stream *streams, uint8_t *records, size_t stride,
                           size_t count)
{
    struct laz_reader a = streams[index].reader, b = streams[index + 1].reader;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer);
    struct laz_byte14 *bytes_a = laz_layer_bytes(state, index);
    struct laz_byte14 *bytes_b = laz_layer_bytes(state, index + 1);
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i], change_a, change_b;
        if (LAZ_BEGINS(select)) {
            laz_byte14_begin(bytes_a, select);
            laz_byte14_begin(bytes_b, select);
        }
        laz_reader_two_symbols(&a, LAZ_REF(&bytes_a[LAZ_SELECT_MODELS(select)].diff), &change_a, &b,
                               LAZ_REF(&bytes_b[LAZ_SELECT_MODELS(select)].diff), &change_b);
        uint8_t *last_a = &bytes_a[LAZ_SELECT_SLOT(select)].last;
        uint8_t *last_b = &bytes_b[LAZ_SELECT_SLOT(select)].last;
        uint8_t *out = records + i * stride + layer->offset;
        out[0] = *last_a = (uint8_t)(*last_a + change_a);
        out[1] = *last_b = (uint8_t)(*last_b + change_b);
    }
    streams[index].reader = a;
    streams[index + 1].reader = b;
}

/* Layers that read_small() takes, those that are active. */
struct laz_small {
    struct laz_layer_stream *flags, *angle, *user, *source, *nir, *gps; /* or NULL */
    uint32_t nir_layer;
    uint64_t layers; /* bits of their numbers */
};

static struct laz_layer_stream *small_layer(struct laz_small *small,
                                            struct laz_layer_stream *streams, uint32_t index)
{
    if (!streams[index].active)
        return NULL;
    small->layers |= (uint64_t)1 << index;
    return &streams[index];
}

static struct laz_small small_layers(const struct laz_layered *state,
                                     struct laz_layer_stream *streams)
{
    struct laz_small small = {0};
    small.flags = small_layer(&small, streams, LAZ_LAYER_FLAGS);
    small.angle = small_layer(&small, streams, LAZ_LAYER_ANGLE);
    small.user = small_layer(&small, streams, LAZ_LAYER_USER);
    small.source = small_layer(&small, streams, LAZ_LAYER_SOURCE);
    small.gps = small_layer(&small, streams, LAZ_LAYER_GPS);
    uint32_t nir = state->rgb_layer + 1; /* behind the colours, if at all */
    if (state->rgb_layer != 0 && nir < state->layer_count && nir < 64 &&
        state->layers[nir].kind == LAZ_LAYER_NIR)
        small.nir = small_layer(&small, streams, small.nir_layer = nir);
    return small;
}

/* Those of them that are in a set of layers. */
static struct laz_small small_among(const struct laz_small *small, uint64_t layers)
{
    struct laz_small s = *small;
    s.layers &= layers;
    s.flags = layers >> LAZ_LAYER_FLAGS & 1 ? s.flags : NULL;
    s.angle = layers >> LAZ_LAYER_ANGLE & 1 ? s.angle : NULL;
    s.user = layers >> LAZ_LAYER_USER & 1 ? s.user : NULL;
    s.source = layers >> LAZ_LAYER_SOURCE & 1 ? s.source : NULL;
    s.gps = layers >> LAZ_LAYER_GPS & 1 ? s.gps : NULL;
    s.nir = s.layers >> s.nir_layer & 1 ? s.nir : NULL;
    return s;
}

/* The loop over small layers of one chunk. */
struct laz_small_loop {
    struct laz_small s;
    struct laz_layered *state;
    const struct laz_block *block;
    const uint8_t *selects; /* of near infrared */
    uint32_t colours_at;
    bool steady_flags, steady_user;
    struct laz_reader flags, angle, user, source, gps, nir;
};

LAZ_INLINE struct laz_small_loop small_begin(struct laz_layered *state,
                                             const struct laz_small *small)
{
    static const struct laz_layer_stream none;
    const struct laz_layer *colours = &state->layers[state->rgb_layer];
    struct laz_small_loop loop = {0};
    loop.s = *small;
    loop.state = state;
    loop.block = &state->block[state->now];
    loop.selects = laz_layer_select(state, colours);
    loop.colours_at = colours->offset;
    loop.steady_flags = small->flags && small->flags->steady;
    loop.steady_user = small->user && small->user->steady;
    loop.flags = (small->flags ? small->flags : &none)->reader;
    loop.angle = (small->angle ? small->angle : &none)->reader;
    loop.user = (small->user ? small->user : &none)->reader;
    loop.source = (small->source ? small->source : &none)->reader;
    loop.gps = (small->gps ? small->gps : &none)->reader;
    loop.nir = (small->nir ? small->nir : &none)->reader;
    return loop;
}

LAZ_INLINE void small_flags(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_flags(l->state, &l->flags, l->block, i, out, l->steady_flags);
}

LAZ_INLINE void small_gps(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_gps(l->state, &l->gps, l->block, i, out);
}

LAZ_INLINE void small_angle(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_angle(l->state, &l->angle, l->block, i, out);
}

LAZ_INLINE void small_user(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_user(l->state, &l->user, l->block, i, out, l->steady_user);
}

LAZ_INLINE void small_source(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_source(l->state, &l->source, l->block, i, out);
}

LAZ_INLINE void small_nir(struct laz_small_loop *l, size_t i, uint8_t *out)
{
    step_nir(l->state, &l->nir, l->selects[i], out + l->colours_at);
}

LAZ_INLINE void small_end(const struct laz_small_loop *l)
{
    if (l->s.flags)
        l->s.flags->reader = l->flags;
    if (l->s.angle)
        l->s.angle->reader = l->angle;
    if (l->s.user)
        l->s.user->reader = l->user;
    if (l->s.source)
        l->s.source->reader = l->source;
    if (l->s.gps)
        l->s.gps->reader = l->gps;
    if (l->s.nir)
        l->s.nir->reader = l->nir;
}

/* The layers of few bytes, in one loop: what one waits for is the others' time. Which of them there
 * are is the same at every point, and foretold. */
static void read_small(struct laz_layered *state, const struct laz_small *small, uint8_t *records,
                       size_t stride, size_t count)
{
    struct laz_small_loop loop = small_begin(state, small);
    for (size_t i = 0; i < count; i++) {
        uint8_t *out = records + i * stride;
        if (loop.s.flags)
            small_flags(&loop, i, out);
        if (loop.s.gps)
            small_gps(&loop, i, out);
        if (loop.s.angle)
            small_angle(&loop, i, out);
        if (loop.s.user)
            small_user(&loop, i, out);
        if (loop.s.source)
            small_source(&loop, i, out);
        if (loop.s.nir)
            small_nir(&loop, i, out);
    }
    small_end(&loop);
}

/* One layer by itself, not the first. */
static void read_layer(struct laz_layered *state, uint32_t index, struct laz_layer_stream *stream,
                       uint8_t *records, size_t stride, size_t count)
{
    struct laz_reader *reader = &stream->reader;
    const struct laz_layer *layer = &state->layers[index];
    switch ((enum laz_layer_kind)layer->kind) {
    default:
        break;
    case LAZ_LAYER_Z:
        read_z(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_CLASSIFICATION:
        read_classification(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_INTENSITY:
        read_intensity(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_RGB:
        read_rgb(state, layer, reader, records, stride, count);
        break;
    case LAZ_LAYER_WAVE:
        read_wave(state, layer, reader, records, stride, count);
        break;
    case LAZ_LAYER_BYTE:
        read_byte(state, index, stream, records, stride, count);
        break;
    }
}

static void layered_start(struct laz_layered *state, struct laz_layer_stream *streams,
                          uint8_t *records, size_t stride, size_t count)
{
    read_xy(state, &streams[0].reader, records, stride, count);
    scree__laz_layered_select_v3(state, &state->block[state->now], count);
}

static void layered_read(struct laz_layered *state, struct laz_layer_stream *streams,
                         uint8_t *records, size_t stride, size_t count, size_t next)
{
    uint64_t done = run_main(state, streams, records, stride, count, next);
    struct laz_small small = small_layers(state, streams);
    if (small.layers)
        read_small(state, &small, records, stride, count);
    done |= small.layers;
    const struct laz_side side = {state, streams, records, stride};
    for (uint32_t i = 1; i < state->layer_count; i++) {
        if (!streams[i].active || (i < 64 && (done >> i & 1)))
            continue;
        unsigned bytes = read_bytes_by_quads(&side, i, count);
        if (bytes > 0)
            i += bytes - 1;
        else if (searched_byte(state, streams, i) && searched_byte(state, streams, i + 1))
            read_two_bytes(state, i++, streams, records, stride, count);
        else
            read_layer(state, i, &streams[i], records, stride, count);
    }
    state->now ^= 1;
    scree__laz_layered_select_v3(state, &state->block[state->now], next);
}

#endif
