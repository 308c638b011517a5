/*
 * decode_main.h - the loop that most of a layered chunk's time goes into: layer 0 of the next block
 * of points beside other layers of this block. step_xy_and() is its body; run_main() at the end
 * chooses a form of it.
 */
#ifndef SCREE_LIB_LAZ_DECODE_MAIN_H
#define SCREE_LIB_LAZ_DECODE_MAIN_H

#include "laz/decode_steps.h"

/* Layers that the main loop takes along. */
enum { LAZ_WITH_Z = 1, LAZ_WITH_INTENSITY = 2, LAZ_WITH_CLASS = 4, LAZ_WITH_RGB = 8 };

struct laz_main {
    struct laz_reader xy, z, intensity, classification, rgb;
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
                                 LAZ_REF_RGB_USED(turn->models), &turn->used);
    else if (with & LAZ_WITH_CLASS)
        laz_reader_two_symbols(&m->xy, LAZ_REF(mask), &changed, &m->classification,
                               LAZ_REF(classes), classification);
    else if (with & LAZ_WITH_RGB)
        laz_reader_two_symbols(&m->xy, LAZ_REF(mask), &changed, &m->rgb,
                               LAZ_REF_RGB_USED(turn->models), &turn->used);
    else
        changed = LAZ_READ(&m->xy, mask);
    return changed;
}

/* Where a channel begins: what the layers of the main loop, but for colours, do. */
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
    unsigned changed = mask_and(m, &xy->c->mask[xy->c->mask_context], &o->classes[class_model],
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
LAZ_MAIN(zir, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_RGB)
LAZ_MAIN(zicr, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS | LAZ_WITH_RGB)

typedef void main_loop(struct laz_layered *state, struct laz_layer_stream *streams,
                       uint8_t *records, size_t stride, size_t count, size_t next);

/* Runs the main loop with as many layers as it has a form for; returns them as bits of layer
 * numbers. */
static uint64_t run_main(struct laz_layered *state, struct laz_layer_stream *streams,
                         uint8_t *records, size_t stride, size_t count, size_t next)
{
    /* With intensity: by classification, colours. */
    static main_loop *const full[4] = {main_zi, main_zic, main_zir, main_zicr};
    const bool c = streams[LAZ_LAYER_CLASSIFICATION].active;
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
    full[(unsigned)c | (unsigned)r << 1](state, streams, records, stride, count, next);
    return done | (uint64_t)1 << LAZ_LAYER_INTENSITY | (uint64_t)c << LAZ_LAYER_CLASSIFICATION |
           (uint64_t)r << state->rgb_layer;
}

#endif
