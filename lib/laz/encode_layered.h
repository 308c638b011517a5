/*
 * encode_layered.h - one loop per layer over a block of points; see decode_layered.h, whose mirror
 * image this is. Each loop also finds out whether its layer says anything at all.
 */
#ifndef SCREE_LIB_LAZ_ENCODE_LAYERED_H
#define SCREE_LIB_LAZ_ENCODE_LAYERED_H

#include "laz/layered.h"

/* The changed mask of a point against its reference record, without LAZ_CHANGED_CHANNEL. */
LAZ_INLINE unsigned changed_mask(const uint8_t *p, const uint8_t *reference)
{
    unsigned was = reference[LAZ_P14_RETURNS], is = p[LAZ_P14_RETURNS];
    unsigned step = ((is & 15u) - (was & 15u)) & 15u;
    unsigned changed = step == 0 ? 0 : step == 1 ? 1 : step == 15 ? 2 : 3;
    if (is >> 4 != was >> 4)
        changed |= LAZ_CHANGED_RETURN_COUNT;
    if (memcmp(p + LAZ_P14_ANGLE, reference + LAZ_P14_ANGLE, 2) != 0)
        changed |= LAZ_CHANGED_ANGLE;
    /* Bit patterns: LASzip compares doubles, which loses the sign of zero. As there, NaN always
     * counts as changed. */
    uint64_t time = scree__base_load64(p + LAZ_P14_GPS);
    if (time != scree__base_load64(reference + LAZ_P14_GPS) || time << 1 > (uint64_t)0x7FF << 53)
        changed |= LAZ_CHANGED_GPS;
    if (memcmp(p + LAZ_P14_SOURCE, reference + LAZ_P14_SOURCE, 2) != 0)
        changed |= LAZ_CHANGED_SOURCE;
    return changed;
}

LAZ_INLINE void write_return_number(struct laz_writer *writer, struct laz_point14 *c,
                                    unsigned changed, unsigned r)
{
    if ((changed & LAZ_CHANGED_RETURN) != 3)
        return;
    if (changed & LAZ_CHANGED_GPS)
        LAZ_WRITE(writer, &c->return_numbers[c->return_number], r);
    else
        LAZ_WRITE(writer, &c->return_numbers_same_time, (r - c->return_number - 2) & 15u);
}

static void write_xy(struct laz_layered *state, struct laz_writer *saved, const uint8_t *last[4],
                     const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    struct laz_block *block = state->block;
    unsigned channel = state->channel, seen = state->channels_seen;
    struct laz_point14 *c = &state->point[channel];
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = records + i * stride;
        unsigned target = (p[LAZ_P14_FLAGS] >> 4) & 3u;
        unsigned known = seen >> target & 1, begins = 0;
        unsigned changed = changed_mask(p, last[known ? target : channel]);
        changed |= target != channel ? LAZ_CHANGED_CHANNEL : 0;
        LAZ_WRITE(&writer, &c->mask[laz_mask_context(c)], changed);
        if (LAZ_UNLIKELY(target != channel)) {
            const struct laz_point14 *before = c;
            LAZ_WRITE(&writer, &c->channel, ((target - channel + 4) & 3u) - 1);
            c = &state->point[target];
            if (!known) {
                seen |= 1u << target;
                begins = LAZ_SELECT_NEW | channel << 4;
                laz_point14_start(c, before->x, before->y, before->return_number,
                                  before->return_count);
            }
            channel = target;
        }
        last[channel] = p;
        unsigned r = p[LAZ_P14_RETURNS] & 15u, n = (unsigned)p[LAZ_P14_RETURNS] >> 4;
        if (changed & LAZ_CHANGED_RETURN_COUNT)
            LAZ_WRITE(&writer, &c->return_counts[c->return_count], n);
        write_return_number(&writer, c, changed, r);
        c->return_count = n;
        c->return_number = r;
        unsigned time_changed = changed & LAZ_CHANGED_GPS ? 1 : 0;
        unsigned median = 2u * scree__laz_return_map16[n][r] + time_changed;
        unsigned single = n == 1;
        uint32_t x = scree__base_load32(p + LAZ_P14_X), y = scree__base_load32(p + LAZ_P14_Y);
        uint32_t dx = x - c->x, dy = y - c->y;
        struct laz_medians *medians = &c->medians[median];
        unsigned kx = LAZ_WRITE_INT(&writer, &c->dx, single, laz_median_x(medians), dx);
        unsigned ky =
            LAZ_WRITE_INT(&writer, &c->dy, single + laz_even(kx, 20), laz_median_y(medians), dy);
        laz_medians_insert(medians, dx, dy);
        c->x = x;
        c->y = y;
        c->gps_changed = time_changed;
        block->select[i] = (uint8_t)(channel | channel << 2 | begins);
        block->changed[i] = (uint8_t)changed;
        block->context[i] = (uint8_t)laz_return_context(r, n);
        block->level[i] = (uint8_t)laz_return_level(r, n);
        block->z_context[i] = (uint8_t)(single + laz_even((kx + ky) / 2, 18));
    }
    state->channel = channel;
    state->channels_seen = seen;
    *saved = writer;
}

static void write_z(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                    size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            laz_point14_start_z(c, state->point[LAZ_SELECT_FROM(select)].z);
        uint32_t *height = &c->height[block->level[i]];
        uint32_t z = scree__base_load32(records + i * stride + LAZ_P14_Z);
        LAZ_WRITE_INT(&writer, &c->z_coder, block->z_context[i], *height, z);
        *height = z;
        c->z = z;
    }
    *saved = writer;
}

static bool write_classification(struct laz_layered *state, struct laz_writer *saved,
                                 const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            c->classification = state->point[LAZ_SELECT_FROM(select)].classification;
        unsigned model = 2 * (c->classification & 31) + (block->context[i] == 3 ? 1 : 0);
        unsigned v = records[i * stride + LAZ_P14_CLASS];
        LAZ_WRITE(&writer, &c->classes[model], v);
        differs |= v ^ c->classification;
        c->classification = v;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_flags(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                        size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            c->flags = state->point[LAZ_SELECT_FROM(select)].flags;
        unsigned v = laz_flags_of(records[i * stride + LAZ_P14_FLAGS]);
        LAZ_WRITE(&writer, &c->flag_models[c->flags], v);
        differs |= v ^ c->flags;
        c->flags = v;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_intensity(struct laz_layered *state, struct laz_writer *saved,
                            const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            laz_point14_start_intensity(c, state->point[LAZ_SELECT_FROM(select)].intensity);
        unsigned context = block->context[i];
        unsigned time_changed = block->changed[i] & LAZ_CHANGED_GPS ? 1 : 0;
        uint16_t *last = &c->last_intensity[2 * context + time_changed];
        uint16_t v = scree__base_load16(records + i * stride + LAZ_P14_INTENSITY);
        LAZ_WRITE_INT(&writer, &c->intensity_coder, context, *last, v);
        *last = v;
        differs |= (unsigned)(v ^ c->intensity);
        c->intensity = v;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_angle(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                        size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i], changed = block->changed[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            c->angle = state->point[LAZ_SELECT_FROM(select)].angle;
        if (changed & LAZ_CHANGED_ANGLE) {
            unsigned v = scree__base_load16(records + i * stride + LAZ_P14_ANGLE);
            LAZ_WRITE_INT(&writer, &c->angle_coder, changed & LAZ_CHANGED_GPS ? 1 : 0, c->angle, v);
            c->angle = v;
            differs = 1;
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_user(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                       size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            c->user = state->point[LAZ_SELECT_FROM(select)].user;
        unsigned v = records[i * stride + LAZ_P14_USER];
        LAZ_WRITE(&writer, &c->users[c->user / 4], v);
        differs |= v ^ c->user;
        c->user = v;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_source(struct laz_layered *state, struct laz_writer *saved,
                         const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            c->source = state->point[LAZ_SELECT_FROM(select)].source;
        if (block->changed[i] & LAZ_CHANGED_SOURCE) {
            uint16_t v = scree__base_load16(records + i * stride + LAZ_P14_SOURCE);
            LAZ_WRITE_INT(&writer, &c->source_coder, 0, c->source, v);
            c->source = v;
            differs = 1;
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_gps(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                      size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = block->select[i];
        struct laz_gps *gps = &state->point[LAZ_SELECT_MODELS(select)].gps;
        if (LAZ_BEGINS(select)) {
            const struct laz_gps *from = &state->point[LAZ_SELECT_FROM(select)].gps;
            laz_gps_seed(gps, from->time[from->current]);
        }
        if (block->changed[i] & LAZ_CHANGED_GPS) {
            laz_gps_write(&writer, gps, scree__base_load64(records + i * stride + LAZ_P14_GPS),
                          true);
            differs = 1;
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_rgb(struct laz_layered *state, const struct laz_layer *layer,
                      struct laz_writer *saved, const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        uint16_t rgb[3];
        if (LAZ_BEGINS(select))
            laz_rgb14_begin(state->rgb, select);
        laz_rgb_load(rgb, records + i * stride + layer->offset);
        differs |= laz_rgb_write(&writer, &state->rgb[LAZ_SELECT_MODELS(select)].models,
                                 state->rgb[LAZ_SELECT_SLOT(select)].last, rgb);
    }
    *saved = writer;
    return differs != 0;
}

static bool write_nir(struct laz_layered *state, const struct laz_layer *layer,
                      struct laz_writer *saved, const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_nir14_begin(state->rgb, select);
        uint16_t nir = scree__base_load16(records + i * stride + layer->offset + 6);
        uint16_t *last = &state->rgb[LAZ_SELECT_SLOT(select)].last_nir;
        differs |=
            laz_nir_write(&writer, &state->rgb[LAZ_SELECT_MODELS(select)].nir_models, *last, nir);
        *last = nir;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_wave(struct laz_layered *state, const struct laz_layer *layer,
                       struct laz_writer *saved, const uint8_t *records, size_t stride,
                       size_t count)
{
    struct laz_writer writer = *saved;
    const uint8_t *selects = laz_layer_select(state, layer);
    bool differs = false;
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_wave14_begin(state->wave, select);
        const uint8_t *p = records + i * stride + layer->offset;
        uint8_t *last = state->wave[LAZ_SELECT_SLOT(select)].last;
        laz_wave_write(&writer, &state->wave[LAZ_SELECT_MODELS(select)].models, last, p);
        differs = differs || memcmp(last, p, LAZ_WAVE_BYTES) != 0;
        memcpy(last, p, LAZ_WAVE_BYTES);
    }
    *saved = writer;
    return differs;
}

static bool write_byte(struct laz_layered *state, uint32_t index, struct laz_writer *saved,
                       const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer);
    struct laz_byte14 *bytes = laz_layer_bytes(state, index);
    unsigned differs = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_byte14_begin(bytes, select);
        uint8_t *last = &bytes[LAZ_SELECT_SLOT(select)].last;
        uint8_t v = records[i * stride + layer->offset];
        unsigned change = (unsigned)(v - *last) & 0xFFu;
        LAZ_WRITE(&writer, &bytes[LAZ_SELECT_MODELS(select)].diff, change);
        differs |= change;
        *last = v;
    }
    *saved = writer;
    return differs != 0;
}

static bool layered_write(struct laz_layered *state, uint32_t index, struct laz_writer *writer,
                          const uint8_t *last[4], const uint8_t *records, size_t stride,
                          size_t count)
{
    const struct laz_layer *layer = &state->layers[index];
    switch ((enum laz_layer_kind)layer->kind) {
    case LAZ_LAYER_XY:
        write_xy(state, writer, last, records, stride, count);
        scree__laz_layered_select_v3(state, state->block, count);
        return true;
    case LAZ_LAYER_Z:
        write_z(state, writer, records, stride, count);
        return true;
    case LAZ_LAYER_CLASSIFICATION:
        return write_classification(state, writer, records, stride, count);
    case LAZ_LAYER_FLAGS:
        return write_flags(state, writer, records, stride, count);
    case LAZ_LAYER_INTENSITY:
        return write_intensity(state, writer, records, stride, count);
    case LAZ_LAYER_ANGLE:
        return write_angle(state, writer, records, stride, count);
    case LAZ_LAYER_USER:
        return write_user(state, writer, records, stride, count);
    case LAZ_LAYER_SOURCE:
        return write_source(state, writer, records, stride, count);
    case LAZ_LAYER_GPS:
        return write_gps(state, writer, records, stride, count);
    case LAZ_LAYER_RGB:
        return write_rgb(state, layer, writer, records, stride, count);
    case LAZ_LAYER_NIR:
        return write_nir(state, layer, writer, records, stride, count);
    case LAZ_LAYER_WAVE:
        return write_wave(state, layer, writer, records, stride, count);
    case LAZ_LAYER_BYTE:
        return write_byte(state, index, writer, records, stride, count);
    }
    return true;
}

#endif
