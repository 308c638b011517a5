/*
 * decode_pair.h - the loop over points of two pointwise chunks at once. All items of such a chunk
 * share one stream, one chain of dependent steps; two chunks are two chains that do not know of
 * each other, so they go symbol by symbol in turns: a point of chunk a, and one of chunk b.
 */
#ifndef SCREE_LIB_LAZ_DECODE_PAIR_H
#define SCREE_LIB_LAZ_DECODE_PAIR_H

#include "laz/pointwise.h"

struct laz_pair {
    struct laz_reader a, b;
    struct laz_pointwise *state_a, *state_b;
};

/* The model of 256 symbols if it is wanted, else one that takes nothing from the stream; ready for
 * one symbol. */
LAZ_INLINE struct laz_model_ref pair_optional(struct laz_model_256 *model,
                                              struct laz_model_256 *idle, unsigned wanted)
{
    uintptr_t apart = (uintptr_t)model - (uintptr_t)idle;
    model = (struct laz_model_256 *)((uintptr_t)idle + (apart & (0 - (uintptr_t)(wanted != 0))));
    if (LAZ_UNLIKELY(--model->head.left < 0))
        scree__laz_rebuild_optional(model, model == idle);
    return LAZ_REF_READY(model, model->head.last, LAZ_SYMBOL_SHIFT, LAZ_START_SHIFT(256), true);
}

/* One symbol of each stream that wants one; 0 of the other. */
LAZ_INLINE void pair_optional_symbols(struct laz_pair *pair, struct laz_model_256 *ma, unsigned wa,
                                      unsigned *sa, struct laz_model_256 *mb, unsigned wb,
                                      unsigned *sb)
{
    laz_reader_two_symbols(&pair->a, pair_optional(ma, &pair->state_a->idle, wa), sa, &pair->b,
                           pair_optional(mb, &pair->state_b->idle, wb), sb);
}

/* The symbol, if there was one. */
LAZ_INLINE void pair_keep(uint8_t *last, unsigned symbol, unsigned wanted)
{
    *last = (uint8_t)(*last ^ ((*last ^ symbol) & laz_mask(wanted != 0)));
}

/* What hardly changes from point to point. */
LAZ_INLINE void pair_rare(struct laz_reader *reader, struct laz_point10 *p, unsigned changed)
{
    uint8_t *last = p->last;
    if (changed & 4)
        last[LAZ_P10_ANGLE] =
            (uint8_t)(last[LAZ_P10_ANGLE] +
                      LAZ_READ(reader, &p->angle_diff[(last[LAZ_P10_RETURNS] >> 6) & 1]));
    if (changed & 2)
        last[LAZ_P10_USER] = (uint8_t)LAZ_READ(reader, &p->user[last[LAZ_P10_USER]]);
    if (changed & 1) {
        unsigned k;
        uint32_t source =
            LAZ_READ_INT(reader, &p->source, 0, scree__base_load16(last + LAZ_P10_SOURCE), &k);
        scree__base_store16(last + LAZ_P10_SOURCE, (uint16_t)source);
    }
}

LAZ_INLINE void pair_intensity(struct laz_reader *reader, struct laz_point10 *p, unsigned map)
{
    unsigned k;
    p->last_intensity[map] = (uint16_t)LAZ_READ_INT(reader, &p->intensity, map < 3 ? map : 3,
                                                    p->last_intensity[map], &k);
}

LAZ_INLINE void pair_move(struct laz_point10 *p, struct laz_point10_return at, uint32_t x,
                          uint32_t y, uint32_t z)
{
    uint8_t *last = p->last;
    struct laz_medians *medians = &p->medians[at.map];
    x += laz_median_x(medians);
    y += laz_median_y(medians);
    laz_medians_insert(medians, x, y);
    scree__base_store32(last + LAZ_P10_X, scree__base_load32(last + LAZ_P10_X) + x);
    scree__base_store32(last + LAZ_P10_Y, scree__base_load32(last + LAZ_P10_Y) + y);
    p->height[at.level] += z;
    scree__base_store32(last + LAZ_P10_Z, p->height[at.level]);
}

LAZ_INLINE void pair_xyz(struct laz_pair *pair, struct laz_point10 *pa, struct laz_point10 *pb,
                         struct laz_point10_return ra, struct laz_point10_return rb)
{
    struct laz_two_ints x =
        laz_reader_two_ints(&pair->a, LAZ_REF(&pa->dx.k[ra.single]), pa->dx.detail, &pair->b,
                            LAZ_REF(&pb->dx.k[rb.single]), pb->dx.detail, NULL);
    struct laz_two_ints y = laz_reader_two_ints(
        &pair->a, LAZ_REF(&pa->dy.k[ra.single + laz_even(x.k[0], 20)]), pa->dy.detail, &pair->b,
        LAZ_REF(&pb->dy.k[rb.single + laz_even(x.k[1], 20)]), pb->dy.detail, NULL);
    struct laz_two_ints z = laz_reader_two_ints(
        &pair->a, LAZ_REF(&pa->z.k[ra.single + laz_even((x.k[0] + y.k[0]) / 2, 18)]), pa->z.detail,
        &pair->b, LAZ_REF(&pb->z.k[rb.single + laz_even((x.k[1] + y.k[1]) / 2, 18)]), pb->z.detail,
        NULL);
    pair_move(pa, ra, x.residual[0], y.residual[0], z.residual[0]);
    pair_move(pb, rb, x.residual[1], y.residual[1], z.residual[1]);
}

LAZ_INLINE void pair_point(struct laz_pair *pair, uint8_t *out_a, uint8_t *out_b)
{
    struct laz_point10 *pa = pair->state_a->point, *pb = pair->state_b->point;
    unsigned ca, cb, sa, sb;
    laz_reader_two_symbols(&pair->a, LAZ_REF(&pa->mask), &ca, &pair->b, LAZ_REF(&pb->mask), &cb);
    if ((ca | cb) & 32) {
        uint8_t *la = &pa->last[LAZ_P10_RETURNS], *lb = &pb->last[LAZ_P10_RETURNS];
        pair_optional_symbols(pair, &pa->returns[*la], ca & 32, &sa, &pb->returns[*lb], cb & 32,
                              &sb);
        pair_keep(la, sa, ca & 32);
        pair_keep(lb, sb, cb & 32);
    }
    struct laz_point10_return ra = laz_point10_return_of(pa->last[LAZ_P10_RETURNS]);
    struct laz_point10_return rb = laz_point10_return_of(pb->last[LAZ_P10_RETURNS]);
    if (LAZ_LIKELY(ca & cb & 16)) {
        struct laz_two_ints i = laz_reader_two_ints(
            &pair->a, LAZ_REF(&pa->intensity.k[ra.map < 3 ? ra.map : 3]), pa->intensity.detail,
            &pair->b, LAZ_REF(&pb->intensity.k[rb.map < 3 ? rb.map : 3]), pb->intensity.detail,
            NULL);
        pa->last_intensity[ra.map] = (uint16_t)(pa->last_intensity[ra.map] + i.residual[0]);
        pb->last_intensity[rb.map] = (uint16_t)(pb->last_intensity[rb.map] + i.residual[1]);
    } else if (ca & 16) {
        pair_intensity(&pair->a, pa, ra.map);
    } else if (cb & 16) {
        pair_intensity(&pair->b, pb, rb.map);
    }
    scree__base_store16(pa->last + LAZ_P10_INTENSITY, pa->last_intensity[ra.map]);
    scree__base_store16(pb->last + LAZ_P10_INTENSITY, pb->last_intensity[rb.map]);
    if ((ca | cb) & 8) {
        uint8_t *la = &pa->last[LAZ_P10_CLASS], *lb = &pb->last[LAZ_P10_CLASS];
        pair_optional_symbols(pair, &pa->classification[*la], ca & 8, &sa, &pb->classification[*lb],
                              cb & 8, &sb);
        pair_keep(la, sa, ca & 8);
        pair_keep(lb, sb, cb & 8);
    }
    if (LAZ_UNLIKELY(ca & 7))
        pair_rare(&pair->a, pa, ca);
    if (LAZ_UNLIKELY(cb & 7))
        pair_rare(&pair->b, pb, cb);
    pair_xyz(pair, pa, pb, ra, rb);
    memcpy(out_a, pa->last, LAZ_POINT10_BYTES);
    memcpy(out_b, pb->last, LAZ_POINT10_BYTES);
}

/* What symbol s of `multi` says, and the residual if it has one. */
LAZ_INLINE void pair_gps_said(struct laz_reader *reader, struct laz_gps *gps, unsigned s,
                              uint32_t residual)
{
    if (s < LAZ_GPS_SAME) {
        laz_gps_move(gps, s, residual);
    } else if (LAZ_UNLIKELY(s > LAZ_GPS_SAME)) {
        if (!laz_gps_jump(reader, gps, s - LAZ_GPS_SAME - 1))
            laz_gps_read_turns(reader, gps, false, 1);
    }
}

LAZ_INLINE struct laz_model_ref pair_gps_k(struct laz_gps *gps, unsigned s)
{
    return LAZ_REF(&gps->value.k[laz_gps_context(s)]);
}

LAZ_INLINE uint32_t pair_gps_residual(struct laz_reader *reader, struct laz_gps *gps, unsigned s)
{
    return laz_reader_residual(reader, gps->value.detail,
                               laz_reader_symbol(reader, pair_gps_k(gps, s)));
}

LAZ_INLINE void pair_gps(struct laz_pair *pair, uint8_t *out_a, uint8_t *out_b)
{
    struct laz_gps *ga = pair->state_a->gps, *gb = pair->state_b->gps;
    if (LAZ_LIKELY(ga->step[ga->current] != 0 && gb->step[gb->current] != 0)) {
        unsigned sa, sb;
        uint32_t da = 0, db = 0;
        laz_reader_two_symbols(
            &pair->a, LAZ_REF_OF(&ga->multi, LAZ_GPS_MULTI_V2 - 1, LAZ_SYMBOL_SHIFT), &sa, &pair->b,
            LAZ_REF_OF(&gb->multi, LAZ_GPS_MULTI_V2 - 1, LAZ_SYMBOL_SHIFT), &sb);
        if (sa < LAZ_GPS_SAME && sb < LAZ_GPS_SAME) {
            struct laz_two_ints d =
                laz_reader_two_ints(&pair->a, pair_gps_k(ga, sa), ga->value.detail, &pair->b,
                                    pair_gps_k(gb, sb), gb->value.detail, NULL);
            da = d.residual[0];
            db = d.residual[1];
        } else if (sa < LAZ_GPS_SAME) {
            da = pair_gps_residual(&pair->a, ga, sa);
        } else if (sb < LAZ_GPS_SAME) {
            db = pair_gps_residual(&pair->b, gb, sb);
        }
        pair_gps_said(&pair->a, ga, sa, da);
        pair_gps_said(&pair->b, gb, sb, db);
    } else {
        laz_gps_read_turns(&pair->a, ga, false, 0);
        laz_gps_read_turns(&pair->b, gb, false, 0);
    }
    scree__base_store64(out_a, ga->time[ga->current]);
    scree__base_store64(out_b, gb->time[gb->current]);
}

LAZ_INLINE void pair_rgb(struct laz_pair *pair, uint8_t *out_a, uint8_t *out_b)
{
    static const uint8_t order[6] = {0, 1, 2, 4, 3, 5};
    struct laz_rgb12 *a = pair->state_a->rgb, *b = pair->state_b->rgb;
    unsigned symbols_a[6] = {0, 0, 0, 0, 0, 0}, symbols_b[6] = {0, 0, 0, 0, 0, 0};
    unsigned used_a, used_b;
    laz_reader_two_symbols(&pair->a, LAZ_REF_RGB_USED(&a->models), &used_a, &pair->b,
                           LAZ_REF_RGB_USED(&b->models), &used_b);
    unsigned coded_a = laz_rgb_coded(used_a), coded_b = laz_rgb_coded(used_b);
    for (unsigned i = 0; i < 6; i++) {
        unsigned j = order[i];
        if ((coded_a | coded_b) >> j & 1)
            pair_optional_symbols(pair, &a->models.diff[j], coded_a >> j & 1, &symbols_a[j],
                                  &b->models.diff[j], coded_b >> j & 1, &symbols_b[j]);
    }
    laz_rgb_apply(a->last, used_a, symbols_a);
    laz_rgb_apply(b->last, used_b, symbols_b);
    laz_rgb_store(a->last, out_a);
    laz_rgb_store(b->last, out_b);
}

LAZ_INLINE void pair_extra(struct laz_pair *pair, uint8_t *out_a, uint8_t *out_b, uint32_t count)
{
    struct laz_bytes *a = pair->state_a->bytes, *b = pair->state_b->bytes;
    for (uint32_t i = 0; i < count; i++) {
        unsigned change_a, change_b;
        laz_reader_two_symbols(&pair->a, LAZ_REF(&a->diff[i]), &change_a, &pair->b,
                               LAZ_REF(&b->diff[i]), &change_b);
        out_a[i] = a->last[i] = (uint8_t)(a->last[i] + change_a);
        out_b[i] = b->last[i] = (uint8_t)(b->last[i] + change_b);
    }
}

static size_t pointwise_read_two(struct laz_pointwise *const states[2],
                                 struct laz_reader *const readers[2], uint8_t *const records[2],
                                 const size_t strides[2], size_t count)
{
    struct laz_pair pair = {*readers[0], *readers[1], states[0], states[1]};
    const struct laz_pointwise *usual = states[0];
    size_t i;
    for (i = 0; i < count; i++) {
        uint8_t *a = records[0] + i * strides[0], *b = records[1] + i * strides[1];
        pair_point(&pair, a, b);
        a += LAZ_POINT10_BYTES;
        b += LAZ_POINT10_BYTES;
        if (usual->usual_gps) {
            pair_gps(&pair, a, b);
            a += 8;
            b += 8;
        }
        if (usual->usual_rgb) {
            pair_rgb(&pair, a, b);
            a += 6;
            b += 6;
        }
        if (usual->usual_extra_bytes)
            pair_extra(&pair, a, b, usual->usual_extra_bytes);
        if (LAZ_UNLIKELY(!laz_reader_sound(&pair.a) || !laz_reader_sound(&pair.b)))
            break;
    }
    *readers[0] = pair.a;
    *readers[1] = pair.b;
    return i;
}

#endif
