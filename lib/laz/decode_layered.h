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
    unsigned step = changed & LAZ_CHANGED_RETURN; /* 0, 1: the next, 2: the one before, 3: told */
    if (LAZ_LIKELY(step != 3))
        return (r + step - 3 * (step >> 1)) & 15;
    if (changed & LAZ_CHANGED_GPS)
        return LAZ_READ(reader, &c->return_numbers[r]);
    return (r + LAZ_READ(reader, &c->return_numbers_same_time) + 2) & 15;
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

/* What a point of layer 0 is decoded with, once its changed mask is known. */
struct laz_xy_point {
    struct laz_point14 *c;
    unsigned changed, begins, r, n, median, single;
};

LAZ_INLINE struct laz_xy_point xy_returns(struct laz_layered *state, struct laz_xy *xy,
                                          struct laz_reader *reader, unsigned changed)
{
    struct laz_xy_point p;
    p.changed = changed;
    p.begins = 0;
    if (LAZ_UNLIKELY(changed & LAZ_CHANGED_CHANNEL))
        p.begins = xy_switch(state, xy, reader);
    struct laz_point14 *c = xy->c;
    if (changed & LAZ_CHANGED_RETURN_COUNT)
        c->return_count = LAZ_READ(reader, &c->return_counts[c->return_count]);
    c->return_number = read_return_number(reader, c, changed);
    p.c = c;
    p.r = c->return_number;
    p.n = c->return_count;
    p.single = p.n == 1;
    c->gps_changed = changed & LAZ_CHANGED_GPS ? 1 : 0;
    p.median = 2u * scree__laz_return_map16[p.n][p.r] + c->gps_changed;
    return p;
}

/* dx, dy: residuals */
LAZ_INLINE void xy_move(const struct laz_xy_point *p, uint32_t dx, uint32_t dy)
{
    struct laz_medians *medians = &p->c->medians[p->median];
    dx += laz_median_x(medians);
    dy += laz_median_y(medians);
    laz_medians_insert(medians, dx, dy);
    p->c->x += dx;
    p->c->y += dy;
}

LAZ_INLINE void xy_store(const struct laz_xy *xy, const struct laz_xy_point *p, unsigned kx,
                         unsigned ky, struct laz_block *block, size_t i, uint8_t *out)
{
    scree__base_store32(out + LAZ_P14_X, p->c->x);
    scree__base_store32(out + LAZ_P14_Y, p->c->y);
    out[LAZ_P14_RETURNS] = (uint8_t)(p->r | p->n << 4);
    out[LAZ_P14_FLAGS] = (uint8_t)(xy->channel << 4);
    block->select[i] = (uint8_t)(xy->channel | xy->channel << 2 | p->begins);
    block->changed[i] = (uint8_t)p->changed;
    block->context[i] = (uint8_t)laz_return_context(p->r, p->n);
    block->level[i] = (uint8_t)laz_return_level(p->r, p->n);
    block->z_context[i] = (uint8_t)(p->single + laz_even((kx + ky) / 2, 18));
}

LAZ_INLINE void step_xy(struct laz_layered *state, struct laz_xy *xy, struct laz_reader *reader,
                        struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned changed = LAZ_READ(reader, &xy->c->mask[laz_mask_context(xy->c)]), kx, ky;
    struct laz_xy_point p = xy_returns(state, xy, reader, changed);
    struct laz_point14 *c = p.c;
    uint32_t dx = LAZ_READ_INT(reader, &c->dx, p.single, 0u, &kx);
    uint32_t dy = LAZ_READ_INT(reader, &c->dy, p.single + laz_even(kx, 20), 0u, &ky);
    xy_move(&p, dx, dy);
    xy_store(xy, &p, kx, ky, block, i, out);
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

LAZ_INLINE void step_rgb(struct laz_layered *state, struct laz_reader *reader, unsigned select,
                         uint8_t *out)
{
    if (LAZ_BEGINS(select))
        laz_rgb14_begin(state->rgb, select);
    uint16_t *rgb = state->rgb[LAZ_SELECT_SLOT(select)].last;
    laz_rgb_read(reader, &state->rgb[LAZ_SELECT_MODELS(select)].models, rgb);
    laz_rgb_store(rgb, out);
}

/* Layers that the main loop takes along. */
enum {
    LAZ_WITH_Z = 1,
    LAZ_WITH_INTENSITY = 2,
    LAZ_WITH_CLASS = 4,
    LAZ_WITH_GPS = 8,
    LAZ_WITH_RGB = 16
};

struct laz_main {
    struct laz_reader xy, z, intensity, classification, gps, rgb;
    const uint8_t *rgb_select;
    size_t rgb_offset;
};

/* Colours whose symbols are read beside those of other layers. */
struct laz_rgb_turn {
    struct laz_rgb_models *models;
    uint16_t *last;
    unsigned used, coded, symbols[6];
};

LAZ_INLINE struct laz_rgb_turn rgb_begin(struct laz_layered *state, unsigned select)
{
    struct laz_rgb_turn turn = {0};
    if (LAZ_BEGINS(select))
        laz_rgb14_begin(state->rgb, select);
    turn.models = &state->rgb[LAZ_SELECT_MODELS(select)].models;
    turn.last = state->rgb[LAZ_SELECT_SLOT(select)].last;
    return turn;
}

/* Bytes a and b, in this order, go along with two integers. */
LAZ_INLINE struct laz_third rgb_third(struct laz_rgb_turn *turn, struct laz_reader *reader,
                                      unsigned a, unsigned b)
{
    struct laz_third third = {reader,
                              {&turn->models->diff[a], &turn->models->diff[b]},
                              {turn->coded >> a & 1, turn->coded >> b & 1},
                              {&turn->symbols[a], &turn->symbols[b]}};
    return third;
}

LAZ_INLINE void rgb_end(struct laz_rgb_turn *turn, struct laz_reader *reader, uint8_t *out)
{
    if (turn->coded & 8)
        turn->symbols[3] = LAZ_READ(reader, &turn->models->diff[3]);
    if (turn->coded & 32)
        turn->symbols[5] = LAZ_READ(reader, &turn->models->diff[5]);
    laz_rgb_apply(turn->last, turn->used, turn->symbols);
    laz_rgb_store(turn->last, out);
}

/* The changed mask of a point, beside classification and the mask of colours if they are wanted. */
LAZ_INLINE unsigned mask_and(struct laz_main *m, struct laz_model_128 *mask,
                             struct laz_model_256 *classes, unsigned *classification,
                             struct laz_rgb_turn *turn, const unsigned with)
{
    unsigned changed;
    if ((with & LAZ_WITH_CLASS) && (with & LAZ_WITH_RGB))
        laz_reader_three_symbols(&m->xy, LAZ_REF(mask), &changed, &m->classification,
                                 LAZ_REF(classes), classification, &m->rgb,
                                 LAZ_REF(&turn->models->used), &turn->used);
    else if (with & LAZ_WITH_CLASS)
        laz_reader_two_symbols(&m->xy, LAZ_REF(mask), &changed, &m->classification,
                               LAZ_REF(classes), classification);
    else if (with & LAZ_WITH_RGB)
        laz_reader_two_symbols(&m->xy, LAZ_REF(mask), &changed, &m->rgb,
                               LAZ_REF(&turn->models->used), &turn->used);
    else
        changed = LAZ_READ(&m->xy, mask);
    return changed;
}

/* Where a channel begins: what the layers of the main loop, but for GPS time and colours, do. */
static void begin_beside(struct laz_point14 *c, const struct laz_point14 *from, unsigned with)
{
    laz_point14_start_z(c, from->z);
    if (with & LAZ_WITH_INTENSITY)
        laz_point14_start_intensity(c, from->intensity);
    if (with & LAZ_WITH_CLASS)
        c->classification = from->classification;
}

/* step_xy() for point i of the next block beside z, and the layers that are wanted besides, of
 * point i of this one. */
LAZ_INLINE void step_xy_and(struct laz_layered *state, struct laz_xy *xy, struct laz_main *m,
                            const struct laz_block *now, struct laz_block *next, size_t i,
                            uint8_t *out, uint8_t *out_next, const unsigned with)
{
    unsigned select = now->select[i];
    struct laz_point14 *o = &state->point[LAZ_SELECT_MODELS(select)];
    struct laz_rgb_turn turn = {0};
    struct laz_third third;
    const bool rgb = with & LAZ_WITH_RGB;
    if (LAZ_BEGINS(select))
        begin_beside(o, &state->point[LAZ_SELECT_FROM(select)], with);
    if (rgb)
        turn = rgb_begin(state, m->rgb_select[i]);
    unsigned class_model = 2 * (o->classification & 31) + (now->context[i] == 3 ? 1 : 0);
    unsigned changed = mask_and(m, &xy->c->mask[laz_mask_context(xy->c)], &o->classes[class_model],
                                &o->classification, &turn, with);
    if (with & LAZ_WITH_CLASS)
        out[LAZ_P14_CLASS] = (uint8_t)o->classification;
    if (rgb) {
        turn.coded = laz_rgb_coded(turn.used);
        third = rgb_third(&turn, &m->rgb, 0, 1);
    }
    struct laz_xy_point p = xy_returns(state, xy, &m->xy, changed);
    struct laz_point14 *c = p.c;
    uint32_t *height = &o->height[now->level[i]];
    struct laz_two_ints xz = laz_reader_two_ints(&m->xy, LAZ_REF(&c->dx.k[p.single]), c->dx.detail,
                                                 &m->z, LAZ_REF(&o->z_coder.k[now->z_context[i]]),
                                                 o->z_coder.detail, rgb ? &third : NULL);
    o->z = *height += xz.residual[1];
    scree__base_store32(out + LAZ_P14_Z, o->z);
    if (rgb)
        third = rgb_third(&turn, &m->rgb, 2, 4);
    struct laz_model_ref dy = LAZ_REF(&c->dy.k[p.single + laz_even(xz.k[0], 20)]);
    uint32_t y;
    unsigned ky;
    if (with & LAZ_WITH_INTENSITY) {
        unsigned context = now->context[i];
        unsigned time_changed = now->changed[i] & LAZ_CHANGED_GPS ? 1 : 0;
        uint16_t *last = &o->last_intensity[2 * context + time_changed];
        struct laz_two_ints yi = laz_reader_two_ints(
            &m->xy, dy, c->dy.detail, &m->intensity, LAZ_REF(&o->intensity_coder.k[context]),
            o->intensity_coder.detail, rgb ? &third : NULL);
        o->intensity = *last = (uint16_t)(*last + yi.residual[1]);
        scree__base_store16(out + LAZ_P14_INTENSITY, o->intensity);
        y = yi.residual[0];
        ky = yi.k[0];
    } else {
        ky = laz_reader_symbol(&m->xy, dy);
        y = laz_reader_residual(&m->xy, c->dy.detail, ky);
    }
    xy_move(&p, xz.residual[0], y);
    xy_store(xy, &p, xz.k[0], ky, next, i, out_next);
    if (rgb)
        rgb_end(&turn, &m->rgb, out + m->rgb_offset);
}

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

/* The others of the main loop's layers where there is no next block. */
LAZ_INLINE void step_rest(struct laz_layered *state, struct laz_main *m,
                          const struct laz_block *now, size_t i, uint8_t *out, const unsigned with)
{
    if (with & LAZ_WITH_Z)
        step_z(state, &m->z, now, i, out);
    if (with & LAZ_WITH_INTENSITY)
        step_intensity(state, &m->intensity, now, i, out);
    if (with & LAZ_WITH_CLASS)
        step_classification(state, &m->classification, now, i, out);
    if (with & LAZ_WITH_RGB)
        step_rgb(state, &m->rgb, m->rgb_select[i], out + m->rgb_offset);
}

LAZ_INLINE struct laz_main main_begin(const struct laz_layered *state,
                                      const struct laz_layer_stream *streams, const unsigned with)
{
    struct laz_main m = {0};
    m.xy = streams[LAZ_LAYER_XY].reader;
    m.z = streams[LAZ_LAYER_Z].reader;
    m.intensity = streams[LAZ_LAYER_INTENSITY].reader;
    m.classification = streams[LAZ_LAYER_CLASSIFICATION].reader;
    m.gps = streams[LAZ_LAYER_GPS].reader;
    if (with & LAZ_WITH_RGB) {
        m.rgb = streams[state->rgb_layer].reader;
        m.rgb_select = laz_layer_select(state, &state->layers[state->rgb_layer]);
        m.rgb_offset = state->layers[state->rgb_layer].offset;
    }
    return m;
}

LAZ_INLINE void main_end(const struct laz_layered *state, struct laz_layer_stream *streams,
                         const struct laz_main *m, const unsigned with)
{
    streams[LAZ_LAYER_XY].reader = m->xy;
    if (with & LAZ_WITH_Z)
        streams[LAZ_LAYER_Z].reader = m->z;
    if (with & LAZ_WITH_INTENSITY)
        streams[LAZ_LAYER_INTENSITY].reader = m->intensity;
    if (with & LAZ_WITH_CLASS)
        streams[LAZ_LAYER_CLASSIFICATION].reader = m->classification;
    if (with & LAZ_WITH_GPS)
        streams[LAZ_LAYER_GPS].reader = m->gps;
    if (with & LAZ_WITH_RGB)
        streams[state->rgb_layer].reader = m->rgb;
}

/*
 * The main loop: layer 0 of the next block and, beside it, other layers of this one. `with` is a
 * constant; intensity, classification and colours come with z only.
 */
LAZ_INLINE void read_main(struct laz_layered *state, struct laz_layer_stream *streams,
                          uint8_t *records, size_t stride, size_t count, size_t next_count,
                          const unsigned with)
{
    const struct laz_block *now = &state->block[state->now];
    struct laz_block *next = &state->block[state->now ^ 1];
    struct laz_main m = main_begin(state, streams, with);
    struct laz_xy xy = xy_begin(state);
    for (size_t i = 0; i < count; i++) {
        uint8_t *out = records + i * stride;
        if (i >= next_count)
            step_rest(state, &m, now, i, out, with);
        else if (with & LAZ_WITH_Z)
            step_xy_and(state, &xy, &m, now, next, i, out, out + count * stride, with);
        else
            step_xy(state, &xy, &m.xy, next, i, out + count * stride);
        if (with & LAZ_WITH_GPS)
            step_gps(state, &m.gps, now, i, out);
    }
    main_end(state, streams, &m, with);
    xy_end(state, &xy);
}

#define LAZ_MAIN(name, with)                                                             \
    static void main_##name(struct laz_layered *state, struct laz_layer_stream *streams, \
                            uint8_t *records, size_t stride, size_t count, size_t next)  \
    {                                                                                    \
        read_main(state, streams, records, stride, count, next, (with));                 \
    }

LAZ_MAIN(xy, 0)
LAZ_MAIN(z, LAZ_WITH_Z)
LAZ_MAIN(zi, LAZ_WITH_Z | LAZ_WITH_INTENSITY)
LAZ_MAIN(zic, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS)
LAZ_MAIN(zig, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_GPS)
LAZ_MAIN(zicg, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS | LAZ_WITH_GPS)
LAZ_MAIN(zir, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_RGB)
LAZ_MAIN(zicr, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS | LAZ_WITH_RGB)
LAZ_MAIN(zigr, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_GPS | LAZ_WITH_RGB)
LAZ_MAIN(zicgr, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS | LAZ_WITH_GPS | LAZ_WITH_RGB)

typedef void main_loop(struct laz_layered *state, struct laz_layer_stream *streams,
                       uint8_t *records, size_t stride, size_t count, size_t next);

/* Runs the main loop with as many layers as it has a form for; returns them as bits of layer
 * numbers. */
static uint64_t run_main(struct laz_layered *state, struct laz_layer_stream *streams,
                         uint8_t *records, size_t stride, size_t count, size_t next)
{
    /* With intensity: by classification, GPS time, colours. */
    static main_loop *const full[8] = {main_zi,  main_zic,  main_zig,  main_zicg,
                                       main_zir, main_zicr, main_zigr, main_zicgr};
    const bool c = streams[LAZ_LAYER_CLASSIFICATION].active, g = streams[LAZ_LAYER_GPS].active;
    const bool r = state->rgb_layer != 0 && streams[state->rgb_layer].active;
    uint64_t done = (uint64_t)1 << LAZ_LAYER_XY;
    if (!streams[LAZ_LAYER_Z].active) {
        main_xy(state, streams, records, stride, count, next);
        return done;
    }
    done |= (uint64_t)1 << LAZ_LAYER_Z;
    if (!streams[LAZ_LAYER_INTENSITY].active) {
        main_z(state, streams, records, stride, count, next);
        return done;
    }
    full[(unsigned)c | (unsigned)g << 1 | (unsigned)r << 2](state, streams, records, stride, count,
                                                            next);
    return done | (uint64_t)1 << LAZ_LAYER_INTENSITY | (uint64_t)c << LAZ_LAYER_CLASSIFICATION |
           (uint64_t)g << LAZ_LAYER_GPS | (uint64_t)r << state->rgb_layer;
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
