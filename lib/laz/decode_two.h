/*
 * decode_two.h - two layered chunks at once: the loops of decode_main.h and decode_layered.h, with
 * the same block of both chunks in turns. layered_read_two() at the end is where to start reading.
 *
 * Layer 0 is what a chunk's other layers wait for; two chunks have two of them, which know nothing
 * of each other. A layer that only one of the chunks has is read as if that chunk were alone.
 */
#ifndef SCREE_LIB_LAZ_DECODE_TWO_H
#define SCREE_LIB_LAZ_DECODE_TWO_H

#include "laz/decode_layered.h"
#include "laz/decode_pair.h"
#include "laz/decode_small.h"
#include "laz/loops.h"

/* ----------------------------------------------------------------------------------- main loop */

/*
 * The chunks take their steps in turns: while the divisions of one run, the other's symbols are
 * found. What waits for a division fills the processor's schedulers, so nothing that does comes
 * before something that need not.
 */

/* What one of the chunks brings to the main loop, and its point of the moment. */
struct laz_turn {
    struct laz_layered *state;
    const struct laz_block *now;
    struct laz_block *next;
    struct laz_xy xy;
    struct laz_main m;
    struct laz_point14 *o; /* of the point of this block; p is that of the next */
    struct laz_xy_point p;
    unsigned changed, kx, ky, kz, ki, symbols[2];
    uint32_t dx;
};

/* Does the channel of the point of this block begin here? Then masks, beside classification. */
LAZ_INLINE struct laz_divisions turn_start(struct laz_turn *t, size_t i, const unsigned with)
{
    struct laz_divisions next = {0};
    if (with & LAZ_WITH_Z) {
        unsigned select = t->now->select[i];
        t->o = &t->state->point[LAZ_SELECT_MODELS(select)];
        if (LAZ_BEGINS(select))
            begin_beside(t->o, &t->state->point[LAZ_SELECT_FROM(select)], with);
    }
    next.first = laz_divide(&t->m.xy, LAZ_REF(&t->xy.c->mask[t->xy.c->mask_context]), &t->changed);
    if (with & LAZ_WITH_CLASS) {
        unsigned model = 2 * (t->o->classification & 31) + (t->now->context[i] == 3 ? 1 : 0);
        next.second =
            laz_divide(&t->m.classification, LAZ_REF(&t->o->classes[model]), &t->o->classification);
    }
    return next;
}

/* The mask is known: k of x, beside that of z. */
LAZ_INLINE struct laz_divisions turn_masked(struct laz_turn *t, struct laz_divisions now, size_t i,
                                            uint8_t *out, const unsigned with)
{
    struct laz_divisions next = {0};
    laz_divided(now, with & LAZ_WITH_CLASS);
    if (with & LAZ_WITH_CLASS)
        out[LAZ_P14_CLASS] = (uint8_t)t->o->classification;
    t->p = xy_returns(t->state, &t->xy, &t->m.xy, t->changed);
    next.first = laz_divide(&t->m.xy, LAZ_REF(&t->p.c->dx.k[t->p.single]), &t->kx);
    if (with & LAZ_WITH_Z)
        next.second = laz_divide(&t->m.z, LAZ_REF(&t->o->z_coder.k[t->now->z_context[i]]), &t->kz);
    return next;
}

/* The details of x and z. */
LAZ_INLINE struct laz_divisions turn_x_known(struct laz_turn *t, struct laz_divisions now,
                                             const unsigned with)
{
    struct laz_divisions next = {0};
    laz_divided(now, with & LAZ_WITH_Z);
    next.first = laz_divide(&t->m.xy, laz_detail(t->p.c->dx.detail, t->kx), &t->symbols[0]);
    if (with & LAZ_WITH_Z)
        next.second = laz_divide(&t->m.z, laz_detail(t->o->z_coder.detail, t->kz), &t->symbols[1]);
    return next;
}

/* x and z are known: k of y, beside that of intensity. */
LAZ_INLINE struct laz_divisions turn_x_moved(struct laz_turn *t, struct laz_divisions now, size_t i,
                                             uint8_t *out, const unsigned with)
{
    struct laz_divisions next = {0};
    laz_divided(now, with & LAZ_WITH_Z);
    t->dx = laz_reader_rest(&t->m.xy, t->kx, t->symbols[0]);
    if (with & LAZ_WITH_Z) {
        uint32_t *height = &t->o->height[t->now->level[i]];
        t->o->z = *height += laz_reader_rest(&t->m.z, t->kz, t->symbols[1]);
        scree__base_store32(out + LAZ_P14_Z, t->o->z);
    }
    next.first =
        laz_divide(&t->m.xy, LAZ_REF(&t->p.c->dy.k[t->p.single + laz_even(t->kx, 20)]), &t->ky);
    if (with & LAZ_WITH_INTENSITY)
        next.second = laz_divide(&t->m.intensity,
                                 LAZ_REF(&t->o->intensity_coder.k[t->now->context[i]]), &t->ki);
    return next;
}

/* The details of y and intensity. */
LAZ_INLINE struct laz_divisions turn_y_known(struct laz_turn *t, struct laz_divisions now,
                                             const unsigned with)
{
    struct laz_divisions next = {0};
    laz_divided(now, with & LAZ_WITH_INTENSITY);
    next.first = laz_divide(&t->m.xy, laz_detail(t->p.c->dy.detail, t->ky), &t->symbols[0]);
    if (with & LAZ_WITH_INTENSITY)
        next.second = laz_divide(&t->m.intensity, laz_detail(t->o->intensity_coder.detail, t->ki),
                                 &t->symbols[1]);
    return next;
}

LAZ_INLINE void turn_end(struct laz_turn *t, struct laz_divisions now, size_t i, uint8_t *out,
                         uint8_t *out_next, const unsigned with)
{
    laz_divided(now, with & LAZ_WITH_INTENSITY);
    uint32_t dy = laz_reader_rest(&t->m.xy, t->ky, t->symbols[0]);
    if (with & LAZ_WITH_INTENSITY) {
        unsigned time_changed = t->now->changed[i] & LAZ_CHANGED_GPS ? 1 : 0;
        uint16_t *last = &t->o->last_intensity[2u * t->now->context[i] + time_changed];
        t->o->intensity = *last =
            (uint16_t)(*last + laz_reader_rest(&t->m.intensity, t->ki, t->symbols[1]));
        scree__base_store16(out + LAZ_P14_INTENSITY, t->o->intensity);
    }
    xy_move(&t->p, t->dx, dy);
    xy_store(&t->xy, &t->p, t->kx, t->ky, t->next, i, out_next);
}

/* Point i of the next block of both chunks, beside other layers of point i of this one. ahead: from
 * this block's records to the next one's. */
LAZ_INLINE void step_two(struct laz_turn *a, struct laz_turn *b, size_t i, uint8_t *out_a,
                         uint8_t *out_b, const size_t ahead[2], const unsigned with)
{
    struct laz_divisions of_a = turn_start(a, i, with), of_b = turn_start(b, i, with);
    of_a = turn_masked(a, of_a, i, out_a, with);
    of_b = turn_masked(b, of_b, i, out_b, with);
    of_a = turn_x_known(a, of_a, with);
    of_b = turn_x_known(b, of_b, with);
    of_a = turn_x_moved(a, of_a, i, out_a, with);
    of_b = turn_x_moved(b, of_b, i, out_b, with);
    of_a = turn_y_known(a, of_a, with);
    of_b = turn_y_known(b, of_b, with);
    turn_end(a, of_a, i, out_a, out_a + ahead[0], with);
    turn_end(b, of_b, i, out_b, out_b + ahead[1], with);
}

LAZ_INLINE struct laz_turn turn_begin(const struct laz_side *side, unsigned next)
{
    struct laz_turn turn = {0};
    turn.state = side->state;
    turn.now = &side->state->block[side->state->now];
    turn.next = &side->state->block[next];
    turn.xy = xy_begin(side->state);
    turn.m = main_begin(side->state, side->streams, 0);
    return turn;
}

LAZ_INLINE void turn_finish(const struct laz_side *side, const struct laz_turn *turn,
                            const unsigned with)
{
    main_end(side->state, side->streams, &turn->m, with);
    xy_end(side->state, &turn->xy);
}

/* The two chunks' main loop; `with` is a constant. */
LAZ_INLINE void read_main_two(const struct laz_side sides[2], size_t count, size_t next,
                              const unsigned with)
{
    struct laz_turn a = turn_begin(&sides[0], sides[0].state->now ^ 1);
    struct laz_turn b = turn_begin(&sides[1], sides[1].state->now ^ 1);
    uint8_t *out_a = sides[0].records, *out_b = sides[1].records;
    const size_t ahead[2] = {count * sides[0].stride, count * sides[1].stride};
    for (size_t i = 0; i < count; i++) {
        if (i < next) {
            step_two(&a, &b, i, out_a, out_b, ahead, with);
        } else {
            step_rest(a.state, &a.m, a.now, i, out_a, with);
            step_rest(b.state, &b.m, b.now, i, out_b, with);
        }
        out_a += sides[0].stride;
        out_b += sides[1].stride;
    }
    turn_finish(&sides[0], &a, with);
    turn_finish(&sides[1], &b, with);
}

#define LAZ_MAIN_TWO(name, with)                                                           \
    static void main_two_##name(const struct laz_side sides[2], size_t count, size_t next) \
    {                                                                                      \
        read_main_two(sides, count, next, (with));                                         \
    }

LAZ_MAIN_TWO(xy, 0)
LAZ_MAIN_TWO(z, LAZ_WITH_Z)
LAZ_MAIN_TWO(zi, LAZ_WITH_Z | LAZ_WITH_INTENSITY)
LAZ_MAIN_TWO(zic, LAZ_WITH_Z | LAZ_WITH_INTENSITY | LAZ_WITH_CLASS)

/* Layer 0 of both chunks' first points. */
static void layered_start_two(const struct laz_side sides[2], size_t count)
{
    struct laz_turn a = turn_begin(&sides[0], sides[0].state->now);
    struct laz_turn b = turn_begin(&sides[1], sides[1].state->now);
    static const size_t ahead[2] = {0, 0};
    for (size_t i = 0; i < count; i++)
        step_two(&a, &b, i, sides[0].records + i * sides[0].stride,
                 sides[1].records + i * sides[1].stride, ahead, 0);
    turn_finish(&sides[0], &a, 0);
    turn_finish(&sides[1], &b, 0);
    scree__laz_layered_select_v3(a.state, &a.state->block[a.state->now], count);
    scree__laz_layered_select_v3(b.state, &b.state->block[b.state->now], count);
}

static bool both_have(const struct laz_side sides[2], uint32_t layer)
{
    return sides[0].streams[layer].active && sides[1].streams[layer].active;
}

/* Runs the main loop with as many of the layers that both have as it has a form for; returns them
 * as bits. */
static uint64_t run_main_two(const struct laz_side sides[2], size_t count, size_t next)
{
    uint64_t done = (uint64_t)1 << LAZ_LAYER_XY;
    if (!both_have(sides, LAZ_LAYER_Z)) {
        main_two_xy(sides, count, next);
        return done;
    }
    done |= (uint64_t)1 << LAZ_LAYER_Z;
    if (!both_have(sides, LAZ_LAYER_INTENSITY)) {
        main_two_z(sides, count, next);
        return done;
    }
    done |= (uint64_t)1 << LAZ_LAYER_INTENSITY;
    if (!both_have(sides, LAZ_LAYER_CLASSIFICATION)) {
        main_two_zi(sides, count, next);
        return done;
    }
    main_two_zic(sides, count, next);
    return done | (uint64_t)1 << LAZ_LAYER_CLASSIFICATION;
}

/* ----------------------------------------------------------------------------------- the others */

/* Layers that read_small() takes where both chunks have them. */
static void read_small_two(const struct laz_side sides[2], const struct laz_small *small_a,
                           const struct laz_small *small_b, size_t count)
{
    struct laz_small_loop a = small_begin(sides[0].state, small_a);
    struct laz_small_loop b = small_begin(sides[1].state, small_b);
    for (size_t i = 0; i < count; i++) {
        uint8_t *out_a = sides[0].records + i * sides[0].stride;
        uint8_t *out_b = sides[1].records + i * sides[1].stride;
#define LAZ_BOTH(layer)              \
    if (a.s.layer) {                 \
        small_##layer(&a, i, out_a); \
        small_##layer(&b, i, out_b); \
    }
        LAZ_BOTH(flags)
        LAZ_BOTH(gps)
        LAZ_BOTH(angle)
        LAZ_BOTH(user)
        LAZ_BOTH(source)
        LAZ_BOTH(nir)
#undef LAZ_BOTH
    }
    small_end(&a);
    small_end(&b);
}

/* Colours, byte by byte in turns; where only one chunk has a byte, the other reads what takes
 * nothing from its stream. */
static void read_rgb_two(const struct laz_side sides[2], uint32_t index, size_t count)
{
    static const uint8_t order[6] = {0, 1, 2, 4, 3, 5};
    struct laz_layered *sa = sides[0].state, *sb = sides[1].state;
    struct laz_reader a = sides[0].streams[index].reader, b = sides[1].streams[index].reader;
    const uint8_t *selects_a = laz_layer_select(sa, &sa->layers[index]);
    const uint8_t *selects_b = laz_layer_select(sb, &sb->layers[index]);
    uint8_t *out_a = sides[0].records + sa->layers[index].offset;
    uint8_t *out_b = sides[1].records + sb->layers[index].offset;
    for (size_t i = 0; i < count; i++, out_a += sides[0].stride, out_b += sides[1].stride) {
        struct laz_rgb_turn ta = rgb_begin(sa, selects_a[i]), tb = rgb_begin(sb, selects_b[i]);
        laz_reader_two_symbols(&a, LAZ_REF_RGB_USED(ta.models), &ta.used, &b,
                               LAZ_REF_RGB_USED(tb.models), &tb.used);
        ta.coded = laz_rgb_coded(ta.used);
        tb.coded = laz_rgb_coded(tb.used);
        for (unsigned k = 0; k < 6; k++) {
            unsigned j = order[k];
            if ((ta.coded | tb.coded) >> j & 1)
                laz_reader_two_symbols(
                    &a, pair_optional(&ta.models->diff[j], &sa->idle, ta.coded >> j & 1),
                    &ta.symbols[j], &b,
                    pair_optional(&tb.models->diff[j], &sb->idle, tb.coded >> j & 1),
                    &tb.symbols[j]);
        }
        laz_rgb_apply(ta.last, ta.used, ta.symbols);
        laz_rgb_apply(tb.last, tb.used, tb.symbols);
        laz_rgb_store(ta.last, out_a);
        laz_rgb_store(tb.last, out_b);
    }
    sides[0].streams[index].reader = a;
    sides[1].streams[index].reader = b;
}

/* Some extra bytes of a chunk, and their point of the moment. */
struct laz_byte_turn {
    struct laz_reader reader[2];
    struct laz_byte14 *bytes[2];
    struct laz_model_256 *model[2];
    uint8_t *last[2];
    const uint8_t *selects;
    uint8_t *out;
    size_t stride;
};

LAZ_INLINE struct laz_byte_turn byte_begin(const struct laz_side *side, uint32_t index,
                                           const unsigned wide)
{
    const struct laz_layer *layer = &side->state->layers[index];
    struct laz_byte_turn turn = {0};
    turn.reader[0] = side->streams[index].reader;
    turn.bytes[0] = laz_layer_bytes(side->state, index);
    if (wide == 2) {
        turn.reader[1] = side->streams[index + 1].reader;
        turn.bytes[1] = laz_layer_bytes(side->state, index + 1);
    }
    turn.selects = laz_layer_select(side->state, layer);
    turn.out = side->records + layer->offset;
    turn.stride = side->stride;
    return turn;
}

LAZ_INLINE void byte_point(struct laz_byte_turn *t, const unsigned wide)
{
    unsigned select = *t->selects++;
    if (LAZ_BEGINS(select)) {
        laz_byte14_begin(t->bytes[0], select);
        if (wide == 2)
            laz_byte14_begin(t->bytes[1], select);
    }
    t->model[0] = &t->bytes[0][LAZ_SELECT_MODELS(select)].diff;
    t->last[0] = &t->bytes[0][LAZ_SELECT_SLOT(select)].last;
    if (wide == 2) {
        t->model[1] = &t->bytes[1][LAZ_SELECT_MODELS(select)].diff;
        t->last[1] = &t->bytes[1][LAZ_SELECT_SLOT(select)].last;
    }
}

/* Byte j of both. */
LAZ_INLINE void byte_symbols(struct laz_byte_turn *a, struct laz_byte_turn *b, const unsigned j)
{
    unsigned change_a, change_b;
    laz_reader_two_symbols(&a->reader[j], LAZ_REF(a->model[j]), &change_a, &b->reader[j],
                           LAZ_REF(b->model[j]), &change_b);
    a->out[j] = *a->last[j] = (uint8_t)(*a->last[j] + change_a);
    b->out[j] = *b->last[j] = (uint8_t)(*b->last[j] + change_b);
}

/* Extra byte `index` of both chunks and, if `wide` is 2, the one behind it. */
LAZ_INLINE void read_bytes_two(const struct laz_side sides[2], uint32_t index, size_t count,
                               const unsigned wide)
{
    struct laz_byte_turn a = byte_begin(&sides[0], index, wide);
    struct laz_byte_turn b = byte_begin(&sides[1], index, wide);
    for (; count > 0; count--) {
        byte_point(&a, wide);
        byte_point(&b, wide);
        byte_symbols(&a, &b, 0);
        if (wide == 2)
            byte_symbols(&a, &b, 1);
        a.out += a.stride;
        b.out += b.stride;
    }
    sides[0].streams[index].reader = a.reader[0];
    sides[1].streams[index].reader = b.reader[0];
    if (wide == 2) {
        sides[0].streams[index + 1].reader = a.reader[1];
        sides[1].streams[index + 1].reader = b.reader[1];
    }
}

static bool both_search(const struct laz_side sides[2], uint32_t index)
{
    return searched_byte(sides[0].state, sides[0].streams, index) &&
           searched_byte(sides[1].state, sides[1].streams, index);
}

/* The small layers: those that both have in turns, the others by themselves. */
static uint64_t run_small_two(const struct laz_side sides[2], size_t count)
{
    struct laz_small a = small_layers(sides[0].state, sides[0].streams);
    struct laz_small b = small_layers(sides[1].state, sides[1].streams);
    uint64_t both = a.layers & b.layers;
    struct laz_small a_alone = small_among(&a, ~both), b_alone = small_among(&b, ~both);
    uint64_t in_turns = read_small_in_turns(sides, both, count);
    struct laz_small a_both = small_among(&a, both & ~in_turns);
    struct laz_small b_both = small_among(&b, both & ~in_turns);
    if (a_both.layers)
        read_small_two(sides, &a_both, &b_both, count);
    if (a_alone.layers)
        read_small(sides[0].state, &a_alone, sides[0].records, sides[0].stride, count);
    if (b_alone.layers)
        read_small(sides[1].state, &b_alone, sides[1].records, sides[1].stride, count);
    return both | in_turns;
}

/* Layer `index` of both chunks, or of the one that has it. Returns how many layers that were. */
static unsigned read_layer_two(const struct laz_side sides[2], uint32_t index, size_t count)
{
    const struct laz_layer *layer = &sides[0].state->layers[index];
    if (layer->kind == LAZ_LAYER_RGB && both_have(sides, index)) {
        read_rgb_two(sides, index, count);
        return 1;
    }
    unsigned bytes = read_bytes_two_by_quads(sides, index, count);
    if (bytes > 0)
        return bytes;
    if (both_search(sides, index) && both_search(sides, index + 1)) {
        read_bytes_two(sides, index, count, 2);
        return 2;
    }
    if (both_search(sides, index)) {
        read_bytes_two(sides, index, count, 1);
        return 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct laz_side *side = &sides[i];
        if (side->streams[index].active)
            read_layer(side->state, index, &side->streams[index], side->records, side->stride,
                       count);
    }
    return 1;
}

static void layered_read_two(const struct laz_side sides[2], size_t count, size_t next)
{
    uint64_t done = run_main_two(sides, count, next);
    done |= run_small_two(sides, count);
    for (uint32_t i = 1; i < sides[0].state->layer_count;)
        i += i < 64 && (done >> i & 1) ? 1 : read_layer_two(sides, i, count);
    for (unsigned i = 0; i < 2; i++) {
        struct laz_layered *state = sides[i].state;
        state->now ^= 1;
        scree__laz_layered_select_v3(state, &state->block[state->now], next);
    }
}

#endif
