/*
 * decode_layered.h - one loop per layer over a block of points. layered_read() at the
 * end is where to start reading.
 */
#ifndef SCREE_LIB_LAZ_DECODE_LAYERED_H
#define SCREE_LIB_LAZ_DECODE_LAYERED_H

#include "laz/layered.h"

LAZ_INLINE unsigned read_return_number(struct laz_reader *reader, struct laz_point14 *c,
                                       unsigned changed)
{
    unsigned r = c->return_number;
    switch (changed & LAZ_CHANGED_RETURN) {
    case 0:
        return r;
    case 1:
        return (r + 1) & 15;
    case 2:
        return (r + 15) & 15;
    default:
        if (changed & LAZ_CHANGED_GPS)
            return LAZ_READ(reader, &c->return_numbers[r]);
        return (r + LAZ_READ(reader, &c->return_numbers_same_time) + 2) & 15;
    }
}

/* What layer 0 keeps in registers from point to point. */
struct laz_xy {
    unsigned channel, seen;
    struct laz_point14 *c;
};

LAZ_INLINE struct laz_xy xy_begin(struct laz_layered *state)
{
    struct laz_xy xy = {state->channel, state->channels_seen, &state->point[state->channel]};
    return xy;
}

LAZ_INLINE void xy_end(struct laz_layered *state, const struct laz_xy *xy)
{
    state->channel = xy->channel;
    state->channels_seen = xy->seen;
}

/* The changed mask's channel bit: another channel's state, which may begin here. */
LAZ_INLINE unsigned xy_switch(struct laz_layered *state, struct laz_xy *xy,
                              struct laz_reader *reader)
{
    const struct laz_point14 *before = xy->c;
    unsigned from = xy->channel;
    xy->channel = (from + LAZ_READ(reader, &xy->c->channel) + 1) & 3;
    xy->c = &state->point[xy->channel];
    if (xy->seen >> xy->channel & 1)
        return 0;
    xy->seen |= 1u << xy->channel;
    laz_point14_start(xy->c, before->x, before->y, before->return_number, before->return_count);
    return LAZ_SELECT_NEW | from << 4;
}

LAZ_INLINE void step_xy(struct laz_layered *state, struct laz_xy *xy, struct laz_reader *reader,
                        struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned changed = LAZ_READ(reader, &xy->c->mask[laz_mask_context(xy->c)]);
    unsigned begins = 0;
    if (LAZ_UNLIKELY(changed & LAZ_CHANGED_CHANNEL))
        begins = xy_switch(state, xy, reader);
    struct laz_point14 *c = xy->c;
    if (changed & LAZ_CHANGED_RETURN_COUNT)
        c->return_count = LAZ_READ(reader, &c->return_counts[c->return_count]);
    c->return_number = read_return_number(reader, c, changed);
    unsigned r = c->return_number, n = c->return_count;
    unsigned time_changed = changed & LAZ_CHANGED_GPS ? 1 : 0;
    unsigned median = 2u * scree__laz_return_map16[n][r] + time_changed;
    unsigned single = n == 1, kx, ky;
    uint32_t d = LAZ_READ_INT(reader, &c->dx, single, laz_median_get(&c->x_median[median]), &kx);
    laz_median_insert(&c->x_median[median], d);
    c->x += d;
    d = LAZ_READ_INT(reader, &c->dy, single + laz_even(kx, 20),
                     laz_median_get(&c->y_median[median]), &ky);
    laz_median_insert(&c->y_median[median], d);
    c->y += d;
    c->gps_changed = time_changed;
    scree__base_store32(out + LAZ_P14_X, c->x);
    scree__base_store32(out + LAZ_P14_Y, c->y);
    out[LAZ_P14_RETURNS] = (uint8_t)(r | n << 4);
    out[LAZ_P14_FLAGS] = (uint8_t)(xy->channel << 4);
    block->select[i] = (uint8_t)(xy->channel | xy->channel << 2 | begins);
    block->changed[i] = (uint8_t)changed;
    block->context[i] = (uint8_t)laz_return_context(r, n);
    block->level[i] = (uint8_t)laz_return_level(r, n);
    block->z_context[i] = (uint8_t)(single + laz_even((kx + ky) / 2, 18));
}

LAZ_INLINE void step_z(struct laz_layered *state, struct laz_reader *reader,
                       const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i], k;
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        laz_point14_start_z(c, state->point[LAZ_SELECT_FROM(select)].z);
    uint32_t *height = &c->height[block->level[i]];
    *height = LAZ_READ_INT(reader, &c->z_coder, block->z_context[i], *height, &k);
    c->z = *height;
    scree__base_store32(out + LAZ_P14_Z, c->z);
}

LAZ_INLINE void step_classification(struct laz_layered *state, struct laz_reader *reader,
                                    const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i];
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->classification = state->point[LAZ_SELECT_FROM(select)].classification;
    unsigned model = 2 * (c->classification & 31) + (block->context[i] == 3 ? 1 : 0);
    c->classification = LAZ_READ(reader, &c->classes[model]);
    out[LAZ_P14_CLASS] = (uint8_t)c->classification;
}

LAZ_INLINE void step_flags(struct laz_layered *state, struct laz_reader *reader,
                           const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i];
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->flags = state->point[LAZ_SELECT_FROM(select)].flags;
    c->flags = LAZ_READ(reader, &c->flag_models[c->flags]);
    out[LAZ_P14_FLAGS] = (uint8_t)(out[LAZ_P14_FLAGS] | laz_flags_byte(c->flags));
}

LAZ_INLINE void step_intensity(struct laz_layered *state, struct laz_reader *reader,
                               const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i], k;
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        laz_point14_start_intensity(c, state->point[LAZ_SELECT_FROM(select)].intensity);
    unsigned context = block->context[i];
    unsigned time_changed = block->changed[i] & LAZ_CHANGED_GPS ? 1 : 0;
    uint16_t *last = &c->last_intensity[2 * context + time_changed];
    *last = (uint16_t)LAZ_READ_INT(reader, &c->intensity_coder, context, *last, &k);
    c->intensity = *last;
    scree__base_store16(out + LAZ_P14_INTENSITY, c->intensity);
}

LAZ_INLINE void step_angle(struct laz_layered *state, struct laz_reader *reader,
                           const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i], changed = block->changed[i], k;
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->angle = state->point[LAZ_SELECT_FROM(select)].angle;
    if (changed & LAZ_CHANGED_ANGLE)
        c->angle =
            LAZ_READ_INT(reader, &c->angle_coder, changed & LAZ_CHANGED_GPS ? 1 : 0, c->angle, &k) &
            0xFFFFu;
    scree__base_store16(out + LAZ_P14_ANGLE, (uint16_t)c->angle);
}

LAZ_INLINE void step_user(struct laz_layered *state, struct laz_reader *reader,
                          const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i];
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->user = state->point[LAZ_SELECT_FROM(select)].user;
    c->user = LAZ_READ(reader, &c->users[c->user / 4]);
    out[LAZ_P14_USER] = (uint8_t)c->user;
}

LAZ_INLINE void step_source(struct laz_layered *state, struct laz_reader *reader,
                            const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i], k;
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->source = state->point[LAZ_SELECT_FROM(select)].source;
    if (block->changed[i] & LAZ_CHANGED_SOURCE)
        c->source = (uint16_t)LAZ_READ_INT(reader, &c->source_coder, 0, c->source, &k);
    scree__base_store16(out + LAZ_P14_SOURCE, c->source);
}

LAZ_INLINE void step_gps(struct laz_layered *state, struct laz_reader *reader,
                         const struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned select = block->select[i];
    struct laz_gps *gps = &state->point[LAZ_SELECT_MODELS(select)].gps;
    if (LAZ_BEGINS(select)) {
        const struct laz_gps *from = &state->point[LAZ_SELECT_FROM(select)].gps;
        laz_gps_seed(gps, from->time[from->current]);
    }
    uint64_t time = gps->time[gps->current];
    if (block->changed[i] & LAZ_CHANGED_GPS)
        time = laz_gps_read(reader, gps, true);
    scree__base_store64(out + LAZ_P14_GPS, time);
}

static void read_xy(struct laz_layered *state, struct laz_reader *saved, uint8_t *records,
                    size_t stride, size_t count)
{
    struct laz_reader reader = *saved;
    struct laz_xy xy = xy_begin(state);
    for (size_t i = 0; i < count; i++)
        step_xy(state, &xy, &reader, state->block, i, records + i * stride);
    xy_end(state, &xy);
    *saved = reader;
}

#define LAZ_LOOP(name)                                                                             \
    static void read_##name(struct laz_layered *state, struct laz_reader *saved, uint8_t *records, \
                            size_t stride, size_t count)                                           \
    {                                                                                              \
        struct laz_reader reader = *saved;                                                         \
        for (size_t i = 0; i < count; i++)                                                         \
            step_##name(state, &reader, state->block, i, records + i * stride);                    \
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
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_rgb14_begin(state->rgb, select);
        uint16_t *rgb = state->rgb[LAZ_SELECT_SLOT(select)].last;
        laz_rgb_read(&reader, &state->rgb[LAZ_SELECT_MODELS(select)].models, rgb);
        laz_rgb_store(rgb, records + i * stride + layer->offset);
    }
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

static void layered_read(struct laz_layered *state, uint32_t index, struct laz_reader *reader,
                         uint8_t *records, size_t stride, size_t count)
{
    const struct laz_layer *layer = &state->layers[index];
    switch ((enum laz_layer_kind)layer->kind) {
    case LAZ_LAYER_XY:
        read_xy(state, reader, records, stride, count);
        scree__laz_layered_select_v3(state, count);
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

#endif
