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
    /* Two bits a difference of return numbers: 0, 1 for 1, 2 for -1, 3 for all others. */
    unsigned changed = 0xBFFFFFF4u >> 2 * ((is - was) & 15u) & 3u;
    changed |= (is ^ was) > 15 ? LAZ_CHANGED_RETURN_COUNT : 0;
    /* Scan angle, point source and half of the GPS time. */
    uint64_t differ =
        scree__base_load64(p + LAZ_P14_ANGLE) ^ scree__base_load64(reference + LAZ_P14_ANGLE);
    changed |= (uint16_t)differ != 0 ? LAZ_CHANGED_ANGLE : 0;
    changed |= (uint32_t)differ >> 16 != 0 ? LAZ_CHANGED_SOURCE : 0;
    /* Bit patterns: LASzip compares doubles, which loses the sign of zero. As there, NaN always
     * counts as changed. */
    uint64_t time = scree__base_load64(p + LAZ_P14_GPS);
    bool same = time == scree__base_load64(reference + LAZ_P14_GPS);
    bool nan = time << 1 > (uint64_t)0x7FF << 53;
    changed |= (!same | nan) != 0 ? LAZ_CHANGED_GPS : 0;
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
        LAZ_WRITE(&writer, &c->mask[c->mask_context], changed);
        if (LAZ_UNLIKELY(target != channel)) {
            const struct laz_point14 *before = c;
            LAZ_WRITE(&writer, &c->channel, ((target - channel + 4) & 3u) - 1);
            c = &state->point[target];
            if (!known) {
                seen |= 1u << target;
                begins = LAZ_SELECT_NEW | channel << 4;
                laz_point14_start(c, before->xy, before->return_number, before->return_count);
            }
            channel = target;
        }
        last[channel] = p;
        unsigned byte = p[LAZ_P14_RETURNS], r = byte & 15u, n = byte >> 4;
        unsigned returns = scree__laz_returns[byte];
        if (changed & LAZ_CHANGED_RETURN_COUNT)
            LAZ_WRITE(&writer, &c->return_counts[c->return_count], n);
        write_return_number(&writer, c, changed, r);
        c->return_count = n;
        c->return_number = r;
        unsigned gps = changed & LAZ_CHANGED_GPS ? 1 : 0;
        unsigned single = LAZ_RETURNS_SINGLE(returns);
        c->mask_context = laz_mask_context(returns, gps);
        uint32_t x = scree__base_load32(p + LAZ_P14_X), y = scree__base_load32(p + LAZ_P14_Y);
        uint32_t dx = x - c->xy[0], dy = y - c->xy[1];
        struct laz_medians *medians = &c->medians[2u * LAZ_RETURNS_MAP(returns) + gps];
        unsigned kx = LAZ_WRITE_INT(&writer, &c->dx, single, laz_median_x(medians), dx);
        unsigned ky =
            LAZ_WRITE_INT(&writer, &c->dy, single + laz_even(kx, 20), laz_median_y(medians), dy);
        laz_medians_insert_wide(medians, dx, dy);
        c->xy[0] = x;
        c->xy[1] = y;
        block->select[i] = (uint8_t)(channel | channel << 2 | begins);
        block->changed[i] = (uint8_t)changed;
        block->context[i] = (uint8_t)LAZ_RETURNS_CONTEXT(returns);
        block->level[i] = (uint8_t)LAZ_RETURNS_LEVEL(returns);
        block->z_context[i] = (uint8_t)(single + laz_even((kx + ky) / 2, 18));
    }
    state->channel = channel;
    state->channels_seen = seen;
    *saved = writer;
}

/*
 * Where all points of a block go by one context, which is nearly always, it is looked up once a
 * block; else once a point. What a layer keeps of its last point is in registers meanwhile.
 */
#define LAZ_BEGIN_LAYER(name, statement)                                                    \
    LAZ_INLINE struct laz_point14 *begin_##name(struct laz_layered *state, unsigned select) \
    {                                                                                       \
        struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];                   \
        const struct laz_point14 *from = &state->point[LAZ_SELECT_FROM(select)];            \
        if (LAZ_BEGINS(select))                                                             \
            statement;                                                                      \
        return c;                                                                           \
    }

LAZ_BEGIN_LAYER(z, laz_point14_start_z(c, from->z))
LAZ_BEGIN_LAYER(classification, c->classification = from->classification)
LAZ_BEGIN_LAYER(flags, c->flags = from->flags)
LAZ_BEGIN_LAYER(intensity, laz_point14_start_intensity(c, from->intensity))
LAZ_BEGIN_LAYER(angle, c->angle = from->angle)
LAZ_BEGIN_LAYER(user, c->user = from->user)
LAZ_BEGIN_LAYER(source, c->source = from->source)
LAZ_BEGIN_LAYER(gps, laz_gps_seed(&c->gps, from->gps.time[from->gps.current]))

static void write_z(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                    size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_z(state, block->select[i]);
        for (size_t end = i + run; i < end; i++) {
            uint32_t *height = &c->height[block->level[i]];
            uint32_t z = scree__base_load32(records + i * stride + LAZ_P14_Z);
            LAZ_WRITE_INT(&writer, &c->z_coder, block->z_context[i], *height, z);
            *height = z;
            c->z = z;
        }
    }
    *saved = writer;
}

static bool write_classification(struct laz_layered *state, struct laz_writer *saved,
                                 const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_classification(state, block->select[i]);
        unsigned last = c->classification;
        for (size_t end = i + run; i < end; i++) {
            unsigned model = 2 * (last & 31) + (block->context[i] == 3 ? 1 : 0);
            unsigned v = records[i * stride + LAZ_P14_CLASS];
            LAZ_WRITE(&writer, &c->classes[model], v);
            differs |= v ^ last;
            last = v;
        }
        c->classification = last;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_flags(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                        size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_flags(state, block->select[i]);
        unsigned last = c->flags;
        for (size_t end = i + run; i < end; i++) {
            unsigned v = laz_flags_of(records[i * stride + LAZ_P14_FLAGS]);
            LAZ_WRITE(&writer, &c->flag_models[last], v);
            differs |= v ^ last;
            last = v;
        }
        c->flags = last;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_intensity(struct laz_layered *state, struct laz_writer *saved,
                            const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_intensity(state, block->select[i]);
        for (size_t end = i + run; i < end; i++) {
            unsigned context = block->context[i];
            unsigned time_changed = block->changed[i] & LAZ_CHANGED_GPS ? 1 : 0;
            uint16_t *last = &c->last_intensity[2 * context + time_changed];
            uint16_t v = scree__base_load16(records + i * stride + LAZ_P14_INTENSITY);
            LAZ_WRITE_INT(&writer, &c->intensity_coder, context, *last, v);
            *last = v;
            differs |= (unsigned)(v ^ c->intensity);
            c->intensity = v;
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_angle(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                        size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_angle(state, block->select[i]);
        unsigned last = c->angle;
        for (size_t end = i + run; i < end; i++) {
            unsigned changed = block->changed[i];
            if (changed & LAZ_CHANGED_ANGLE) {
                unsigned v = scree__base_load16(records + i * stride + LAZ_P14_ANGLE);
                LAZ_WRITE_INT(&writer, &c->angle_coder, changed & LAZ_CHANGED_GPS ? 1 : 0, last, v);
                last = v;
                differs = 1;
            }
        }
        c->angle = last;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_user(struct laz_layered *state, struct laz_writer *saved, const uint8_t *records,
                       size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_user(state, block->select[i]);
        unsigned last = c->user;
        for (size_t end = i + run; i < end; i++) {
            unsigned v = records[i * stride + LAZ_P14_USER];
            LAZ_WRITE(&writer, &c->users[last / 4], v);
            differs |= v ^ last;
            last = v;
        }
        c->user = last;
    }
    *saved = writer;
    return differs != 0;
}

static bool write_source(struct laz_layered *state, struct laz_writer *saved,
                         const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_block *block = state->block;
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_source(state, block->select[i]);
        for (size_t end = i + run; i < end; i++) {
            if (block->changed[i] & LAZ_CHANGED_SOURCE) {
                uint16_t v = scree__base_load16(records + i * stride + LAZ_P14_SOURCE);
                LAZ_WRITE_INT(&writer, &c->source_coder, 0, c->source, v);
                c->source = v;
                differs = 1;
            }
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
    const size_t run = laz_select_run(block->select, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        struct laz_point14 *c = begin_gps(state, block->select[i]);
        struct laz_gps *gps = &c->gps;
        for (size_t end = i + run; i < end; i++) {
            if (block->changed[i] & LAZ_CHANGED_GPS) {
                laz_gps_write(&writer, gps, scree__base_load64(records + i * stride + LAZ_P14_GPS),
                              true);
                differs = 1;
            }
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_rgb(struct laz_layered *state, uint32_t index, struct laz_writer *saved,
                      const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer), *p = records + layer->offset;
    const size_t run = laz_select_run(selects, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_rgb14_begin(state->rgb, select);
        struct laz_rgb_models *models = &state->rgb[LAZ_SELECT_MODELS(select)].models;
        uint16_t *last = state->rgb[LAZ_SELECT_SLOT(select)].last;
        for (size_t end = i + run; i < end; i++, p += stride) {
            differs |= laz_rgb_write(&writer, models, last, p);
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_nir(struct laz_layered *state, uint32_t index, struct laz_writer *saved,
                      const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer), *p = records + layer->offset;
    const size_t run = laz_select_run(selects, count);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_nir14_begin(state->rgb, select);
        struct laz_nir_models *models = &state->rgb[LAZ_SELECT_MODELS(select)].nir_models;
        uint16_t *last = &state->rgb[LAZ_SELECT_SLOT(select)].last_nir;
        for (size_t end = i + run; i < end; i++, p += stride) {
            uint16_t nir = scree__base_load16(p + 6);
            differs |= laz_nir_write(&writer, models, *last, nir);
            *last = nir;
        }
    }
    *saved = writer;
    return differs != 0;
}

static bool write_wave(struct laz_layered *state, uint32_t index, struct laz_writer *saved,
                       const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer), *p = records + layer->offset;
    const size_t run = laz_select_run(selects, count);
    bool differs = false;
    for (size_t i = 0; i < count;) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_wave14_begin(state->wave, select);
        struct laz_wave_models *models = &state->wave[LAZ_SELECT_MODELS(select)].models;
        uint8_t *last = state->wave[LAZ_SELECT_SLOT(select)].last;
        for (size_t end = i + run; i < end; i++, p += stride) {
            laz_wave_write(&writer, models, last, p);
            differs = differs || memcmp(last, p, LAZ_WAVE_BYTES) != 0;
            memcpy(last, p, LAZ_WAVE_BYTES);
        }
    }
    *saved = writer;
    return differs;
}

static bool write_byte(struct laz_layered *state, uint32_t index, struct laz_writer *saved,
                       const uint8_t *records, size_t stride, size_t count)
{
    struct laz_writer writer = *saved;
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *selects = laz_layer_select(state, layer), *p = records + layer->offset;
    const size_t run = laz_select_run(selects, count);
    struct laz_byte14 *bytes = laz_layer_bytes(state, index);
    unsigned differs = 0;
    for (size_t i = 0; i < count;) {
        unsigned select = selects[i];
        if (LAZ_BEGINS(select))
            laz_byte14_begin(bytes, select);
        struct laz_model_256 *model = &bytes[LAZ_SELECT_MODELS(select)].diff;
        struct laz_byte14 *slot = &bytes[LAZ_SELECT_SLOT(select)];
        unsigned last = slot->last;
        for (size_t end = i + run; i < end; i++, p += stride) {
            unsigned v = *p, change = (v - last) & 0xFFu;
            LAZ_WRITE(&writer, model, change);
            differs |= change;
            last = v;
        }
        slot->last = (uint8_t)last;
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
        return write_rgb(state, index, writer, records, stride, count);
    case LAZ_LAYER_NIR:
        return write_nir(state, index, writer, records, stride, count);
    case LAZ_LAYER_WAVE:
        return write_wave(state, index, writer, records, stride, count);
    case LAZ_LAYER_BYTE:
        return write_byte(state, index, writer, records, stride, count);
    }
    return true;
}

#endif
