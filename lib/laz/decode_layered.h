/*
 * decode_layered.h - layered chunks, a block of points at a time: the main loop for as many layers
 * as it takes along, then one loop for each other layer. layered_read() at the end is where to
 * start reading.
 */
#ifndef SCREE_LIB_LAZ_DECODE_LAYERED_H
#define SCREE_LIB_LAZ_DECODE_LAYERED_H

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
LAZ_LOOP(flags)
LAZ_LOOP(intensity)
LAZ_LOOP(angle)
LAZ_LOOP(user)
LAZ_LOOP(source)
LAZ_LOOP(gps)

static void read_rgb(struct laz_layered *state, const struct laz_layer *layer,
                     struct laz_reader *saved, uint8_t *records, size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    for (size_t i = 0; i < count; i++)
        step_rgb(state, &reader, selects[i], records + i * stride + layer->offset);
    *saved = reader;
}

static void read_nir(struct laz_layered *state, const struct laz_layer *layer,
                     struct laz_reader *saved, uint8_t *records, size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_nir14_begin(state->rgb, select);
        uint16_t *last = &state->rgb[LAZ_SELECT_SLOT(select)].last_nir;
        *last = laz_nir_read(&reader, &state->rgb[LAZ_SELECT_MODELS(select)].nir_models, *last);
        scree__base_store16(records + i * stride + layer->offset + 6, *last);
    }
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

static void read_byte(struct laz_layered *state, uint32_t index, struct laz_reader *saved,
                      uint8_t *records, size_t stride, size_t count)
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
        *last = (uint8_t)(*last + LAZ_READ(&reader, &bytes[LAZ_SELECT_MODELS(select)].diff));
        records[i * stride + layer->offset] = *last;
    }
    *saved = reader;
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

/* One layer by itself, not the first. */
static void read_layer(struct laz_layered *state, uint32_t index, struct laz_reader *reader,
                       uint8_t *records, size_t stride, size_t count)
{
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
    case LAZ_LAYER_FLAGS:
        read_flags(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_INTENSITY:
        read_intensity(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_ANGLE:
        read_angle(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_USER:
        read_user(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_SOURCE:
        read_source(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_GPS:
        read_gps(state, reader, records, stride, count);
        break;
    case LAZ_LAYER_RGB:
        read_rgb(state, layer, reader, records, stride, count);
        break;
    case LAZ_LAYER_NIR:
        read_nir(state, layer, reader, records, stride, count);
        break;
    case LAZ_LAYER_WAVE:
        read_wave(state, layer, reader, records, stride, count);
        break;
    case LAZ_LAYER_BYTE:
        read_byte(state, index, reader, records, stride, count);
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
    for (uint32_t i = 1; i < state->layer_count; i++) {
        if (!streams[i].active || (i < 64 && (done >> i & 1)))
            continue;
        if (state->layers[i].kind == LAZ_LAYER_BYTE && i + 1 < state->layer_count &&
            state->layers[i + 1].kind == LAZ_LAYER_BYTE && streams[i + 1].active)
            read_two_bytes(state, i++, streams, records, stride, count);
        else
            read_layer(state, i, &streams[i].reader, records, stride, count);
    }
    state->now ^= 1;
    scree__laz_layered_select_v3(state, &state->block[state->now], next);
}

#endif
