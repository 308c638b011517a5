/* decode_steps.h - one point of one layer: what the loops of decode_layered.h and decode_main.h are
 * made of. */
#ifndef SCREE_LIB_LAZ_DECODE_STEPS_H
#define SCREE_LIB_LAZ_DECODE_STEPS_H

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
    unsigned fixed_flags;
};

LAZ_INLINE struct laz_xy xy_begin(struct laz_layered *state)
{
    struct laz_xy xy = {state->channel, state->channels_seen, &state->point[state->channel],
                        state->fixed_flags};
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
    laz_point14_start(xy->c, before->xy, before->return_number, before->return_count);
    return LAZ_SELECT_NEW | from << 4;
}

/* What a point of layer 0 is decoded with, once its changed mask is known. */
struct laz_xy_point {
    struct laz_point14 *c;
    unsigned changed, begins, byte, returns, median, single; /* returns: scree__laz_returns[byte] */
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
    unsigned gps = changed & LAZ_CHANGED_GPS ? 1 : 0;
    p.c = c;
    p.byte = c->return_number | c->return_count << 4;
    p.returns = scree__laz_returns[p.byte];
    p.single = LAZ_RETURNS_SINGLE(p.returns);
    p.median = 2u * LAZ_RETURNS_MAP(p.returns) + gps;
    c->mask_context = laz_mask_context(p.returns, gps);
    return p;
}

/* dx, dy: residuals */
LAZ_INLINE void xy_move(const struct laz_xy_point *p, uint32_t dx, uint32_t dy)
{
    laz_medians_move(&p->c->medians[p->median], p->c->xy, dx, dy);
}

LAZ_INLINE void xy_store(const struct laz_xy *xy, const struct laz_xy_point *p, unsigned kx,
                         unsigned ky, struct laz_block *block, size_t i, uint8_t *out)
{
    laz_xy_store(p->c->xy, out + LAZ_P14_X);
    out[LAZ_P14_RETURNS] = (uint8_t)p->byte;
    out[LAZ_P14_FLAGS] = (uint8_t)(xy->channel << 4 | xy->fixed_flags);
    block->select[i] = (uint8_t)(xy->channel | xy->channel << 2 | p->begins);
    block->changed[i] = (uint8_t)p->changed;
    block->context[i] = (uint8_t)LAZ_RETURNS_CONTEXT(p->returns);
    block->level[i] = (uint8_t)LAZ_RETURNS_LEVEL(p->returns);
    block->z_context[i] = (uint8_t)(p->single + laz_even((kx + ky) / 2, 18));
}

LAZ_INLINE void step_xy(struct laz_layered *state, struct laz_xy *xy, struct laz_reader *reader,
                        struct laz_block *block, size_t i, uint8_t *out)
{
    unsigned changed = LAZ_READ(reader, &xy->c->mask[xy->c->mask_context]), kx, ky;
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

/* steady: hardly ever another value than the last. */
LAZ_INLINE void step_flags(struct laz_layered *state, struct laz_reader *reader,
                           const struct laz_block *block, size_t i, uint8_t *out, bool steady)
{
    unsigned select = block->select[i];
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->flags = state->point[LAZ_SELECT_FROM(select)].flags;
    struct laz_model_64 *model = &c->flag_models[c->flags];
    c->flags = steady ? LAZ_READ_GUESS(reader, model, c->flags) : LAZ_READ(reader, model);
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
                          const struct laz_block *block, size_t i, uint8_t *out, bool steady)
{
    unsigned select = block->select[i];
    struct laz_point14 *c = &state->point[LAZ_SELECT_MODELS(select)];
    if (LAZ_BEGINS(select))
        c->user = state->point[LAZ_SELECT_FROM(select)].user;
    struct laz_model_256 *model = &c->users[c->user / 4];
    c->user = steady ? LAZ_READ_GUESS(reader, model, c->user) : LAZ_READ(reader, model);
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

LAZ_INLINE void step_nir(struct laz_layered *state, struct laz_reader *reader, unsigned select,
                         uint8_t *out)
{
    if (LAZ_BEGINS(select))
        laz_nir14_begin(state->rgb, select);
    uint16_t *last = &state->rgb[LAZ_SELECT_SLOT(select)].last_nir;
    *last = laz_nir_read(reader, &state->rgb[LAZ_SELECT_MODELS(select)].nir_models, *last);
    scree__base_store16(out + 6, *last);
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

#endif
