/*
 * decode_small.h - GPS time, scan angle and flags of two layered chunks, in turns as the main loop
 * of decode_two.h. read_small_in_turns() at the end is where to start reading.
 *
 * Most points of a pulse share its time and angle, and whether one changes is as good as random: a
 * branch on it costs more than a symbol. So the values that were coded are decoded one behind the
 * other, and spread over the points afterwards. That works while a block keeps to one scanner
 * channel.
 */
#ifndef SCREE_LIB_LAZ_DECODE_SMALL_H
#define SCREE_LIB_LAZ_DECODE_SMALL_H

#include "laz/decode_lanes.h"

/* Does the block keep to one channel that has begun? */
static bool one_channel(const struct laz_side *side, size_t count)
{
    return one_context(side->state->block[side->state->now].select, count);
}

#if defined(__GNUC__)
#define LAZ_NOT_INLINE __attribute__((noinline))
#else
#define LAZ_NOT_INLINE
#endif

/* What goes along with GPS times. */
enum { LAZ_TURNS_ANGLE = 1, LAZ_TURNS_FLAGS = 2 };

/* What the values of a block become before they are spread: [0] the one before the block. */
struct laz_values {
    uint64_t times[LAZ_BLOCK_POINTS + 1];
    uint16_t angles[LAZ_BLOCK_POINTS + 1];
    uint8_t contexts[LAZ_BLOCK_POINTS + 8]; /* of angles; eight are stored at a time */
};

/* What one of the chunks brings, and its values of the moment. */
struct laz_small_turn {
    struct laz_point14 *c;
    struct laz_values *values;
    size_t time_count, angle_count; /* that the block has */
    struct laz_reader gps, angle, flags;
    uint8_t *out;
    size_t stride;
    unsigned last_angle, last_flags;
    unsigned time_symbol, time_k, angle_k, symbols[2];
};

/* How many times the block has, and how many angles, whose contexts are listed. */
struct laz_small_counts {
    size_t times, angles;
};

static struct laz_small_counts list_small(const uint8_t *changed, size_t count, uint8_t *contexts)
{
    struct laz_small_counts n = {0, 0};
    size_t i = 0;
#if LAZ_QUADS_HERE
    for (; i + 32 <= count; i += 32) { /* bits of 32 points at a time */
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(changed + i));
        uint32_t gps = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(v, 3));
        uint32_t angle = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(v, 4));
        uint32_t listed = _pext_u32(gps, angle);
        size_t angles = (unsigned)_mm_popcnt_u32(angle);
        for (size_t k = 0; k < angles; k += 8)
            scree__base_store64(contexts + n.angles + k, _pdep_u64(listed >> k, UINT64_MAX / 255));
        n.times += (unsigned)_mm_popcnt_u32(gps);
        n.angles += angles;
    }
#endif
    for (; i < count; i++) {
        unsigned gps = changed[i] / LAZ_CHANGED_GPS & 1;
        contexts[n.angles] = (uint8_t)gps;
        n.times += gps;
        n.angles += changed[i] / LAZ_CHANGED_ANGLE & 1;
    }
    return n;
}

static struct laz_small_turn small_turn_begin(const struct laz_side *side, size_t count,
                                              struct laz_values *values, unsigned with)
{
    struct laz_layered *state = side->state;
    const struct laz_block *block = &state->block[state->now];
    struct laz_small_turn t = {0};
    t.c = &state->point[LAZ_SELECT_MODELS(block->select[0])];
    t.values = values;
    struct laz_small_counts n = list_small(block->changed, count, values->contexts);
    t.time_count = n.times;
    t.gps = side->streams[LAZ_LAYER_GPS].reader;
    t.out = side->records;
    t.stride = side->stride;
    values->times[0] = t.c->gps.time[t.c->gps.current];
    if (with & LAZ_TURNS_ANGLE) {
        t.angle_count = n.angles;
        t.angle = side->streams[LAZ_LAYER_ANGLE].reader;
        t.last_angle = values->angles[0] = (uint16_t)t.c->angle;
    }
    if (with & LAZ_TURNS_FLAGS) {
        t.flags = side->streams[LAZ_LAYER_FLAGS].reader;
        t.last_flags = t.c->flags;
    }
    return t;
}

static void spread_times(const uint8_t *changed, size_t count, const uint64_t *times, uint8_t *out,
                         size_t stride)
{
    for (size_t i = 0; i < count; i++, out += stride) {
        times += changed[i] / LAZ_CHANGED_GPS & 1;
        scree__base_store64(out, *times);
    }
}

static void spread_angles(const uint8_t *changed, size_t count, const uint16_t *angles,
                          uint8_t *out, size_t stride)
{
    for (size_t i = 0; i < count; i++, out += stride) {
        angles += changed[i] / LAZ_CHANGED_ANGLE & 1;
        scree__base_store16(out, *angles);
    }
}

static void small_turn_end(const struct laz_small_turn *t, const struct laz_side *side,
                           size_t count, unsigned with)
{
    const struct laz_block *block = &side->state->block[side->state->now];
    spread_times(block->changed, count, t->values->times, t->out + LAZ_P14_GPS, t->stride);
    side->streams[LAZ_LAYER_GPS].reader = t->gps;
    if (with & LAZ_TURNS_ANGLE) {
        spread_angles(block->changed, count, t->values->angles, t->out + LAZ_P14_ANGLE, t->stride);
        side->streams[LAZ_LAYER_ANGLE].reader = t->angle;
        t->c->angle = t->last_angle;
    }
    if (with & LAZ_TURNS_FLAGS) {
        side->streams[LAZ_LAYER_FLAGS].reader = t->flags;
        t->c->flags = t->last_flags;
    }
}

/* ------------------------------------------------------------------------------ value by value */

LAZ_INLINE struct laz_model_ref turn_flags(struct laz_small_turn *t)
{
    return LAZ_REF(&t->c->flag_models[t->last_flags]);
}

LAZ_INLINE void turn_store_flags(const struct laz_small_turn *t, size_t i)
{
    uint8_t *out = t->out + i * t->stride + LAZ_P14_FLAGS;
    *out = (uint8_t)(*out | laz_flags_byte(t->last_flags));
}

LAZ_INLINE struct laz_model_ref turn_angle_k(struct laz_small_turn *t, size_t i)
{
    return LAZ_REF(&t->c->angle_coder.k[t->values->contexts[i]]);
}

LAZ_INLINE void turn_store_angle(struct laz_small_turn *t, size_t i, uint32_t residual)
{
    t->last_angle = (t->last_angle + residual) & 0xFFFFu;
    t->values->angles[i + 1] = (uint16_t)t->last_angle;
}

/* Time i and what goes along by itself; begun: the first symbols are known. */
static LAZ_NOT_INLINE void turn_alone(struct laz_small_turn *t, size_t i, unsigned with, bool begun)
{
    struct laz_gps *gps = &t->c->gps;
    t->values->times[i + 1] =
        begun ? laz_gps_said(&t->gps, gps, t->time_symbol) : laz_gps_read(&t->gps, gps, true);
    if (with & LAZ_TURNS_ANGLE) {
        if (!begun)
            t->angle_k = laz_reader_symbol(&t->angle, turn_angle_k(t, i));
        turn_store_angle(t, i,
                         laz_reader_residual(&t->angle, t->c->angle_coder.detail, t->angle_k));
    }
    if (with & LAZ_TURNS_FLAGS) {
        t->last_flags = laz_reader_symbol(&t->flags, turn_flags(t));
        turn_store_flags(t, i);
    }
}

/* The same, with a copy: what a function is given a pointer to does not stay in registers. */
LAZ_INLINE void turn_apart(struct laz_small_turn *t, size_t i, const unsigned with,
                           const bool begun)
{
    struct laz_small_turn copy = *t;
    turn_alone(&copy, i, with, begun);
    *t = copy;
}

LAZ_INLINE bool turn_has_step(const struct laz_small_turn *t)
{
    return t->c->gps.step[t->c->gps.current] != 0;
}

/* How far the time is from the last one, in steps, beside k of the angle. */
LAZ_INLINE struct laz_divisions turn_times(struct laz_small_turn *t, size_t i, const unsigned with)
{
    struct laz_divisions next = {0};
    next.first =
        laz_divide(&t->gps, LAZ_REF_OF(&t->c->gps.multi, LAZ_GPS_MULTI_V2 - 2, LAZ_SYMBOL_SHIFT),
                   &t->time_symbol);
    if (with & LAZ_TURNS_ANGLE)
        next.second = laz_divide(&t->angle, turn_angle_k(t, i), &t->angle_k);
    return next;
}

/* k of the time's residual, beside the angle's detail. */
LAZ_INLINE struct laz_divisions turn_time_k(struct laz_small_turn *t, const unsigned with)
{
    struct laz_divisions next = {0};
    unsigned context = laz_gps_context(t->time_symbol);
    next.first = laz_divide(&t->gps, LAZ_REF(&t->c->gps.value.k[context]), &t->time_k);
    if (with & LAZ_TURNS_ANGLE)
        next.second =
            laz_divide(&t->angle, laz_detail(t->c->angle_coder.detail, t->angle_k), &t->symbols[1]);
    return next;
}

/* The detail of the time, beside flags. */
LAZ_INLINE struct laz_divisions turn_time_detail(struct laz_small_turn *t, struct laz_divisions now,
                                                 size_t i, const unsigned with)
{
    struct laz_divisions next = {0};
    laz_divided(now, with & LAZ_TURNS_ANGLE);
    next.first = laz_divide(&t->gps, laz_detail(t->c->gps.value.detail, t->time_k), &t->symbols[0]);
    if (with & LAZ_TURNS_FLAGS)
        next.second = laz_divide(&t->flags, turn_flags(t), &t->last_flags);
    if (with & LAZ_TURNS_ANGLE)
        turn_store_angle(t, i, laz_reader_rest(&t->angle, t->angle_k, t->symbols[1]));
    return next;
}

LAZ_INLINE void turn_time_end(struct laz_small_turn *t, struct laz_divisions now, size_t i,
                              const unsigned with)
{
    laz_divided(now, with & LAZ_TURNS_FLAGS);
    if (with & LAZ_TURNS_FLAGS)
        turn_store_flags(t, i);
    uint32_t residual = laz_reader_rest(&t->gps, t->time_k, t->symbols[0]);
    t->values->times[i + 1] = laz_gps_move(&t->c->gps, t->time_symbol, residual);
}

/* lanes: how many of them go along, a constant. */
LAZ_INLINE void small_step_two(struct laz_small_turn *a, struct laz_small_turn *b,
                               struct laz_lanes *l, size_t i, const unsigned with,
                               const unsigned lanes)
{
    if (LAZ_UNLIKELY(!turn_has_step(a) || !turn_has_step(b))) {
        turn_apart(a, i, with, false);
        turn_apart(b, i, with, false);
        return;
    }
    struct laz_quad_step of_l = lanes_divide(l, lanes);
    struct laz_divisions of_a = turn_times(a, i, with), of_b = turn_times(b, i, with);
    lanes_divided(l, of_l, lanes);
    of_l = lanes_divide(l, lanes);
    laz_divided(of_a, with & LAZ_TURNS_ANGLE);
    laz_divided(of_b, with & LAZ_TURNS_ANGLE);
    lanes_divided(l, of_l, lanes);
    lanes_refill(l, lanes);
    if (LAZ_UNLIKELY(a->time_symbol >= LAZ_GPS_SAME || b->time_symbol >= LAZ_GPS_SAME)) {
        turn_apart(a, i, with, true);
        turn_apart(b, i, with, true);
        return;
    }
    of_l = lanes_divide(l, lanes);
    of_a = turn_time_k(a, with);
    of_b = turn_time_k(b, with);
    lanes_divided(l, of_l, lanes);
    of_l = lanes_divide(l, lanes);
    of_a = turn_time_detail(a, of_a, i, with);
    of_b = turn_time_detail(b, of_b, i, with);
    lanes_divided(l, of_l, lanes);
    lanes_refill(l, lanes);
    turn_time_end(a, of_a, i, with);
    turn_time_end(b, of_b, i, with);
}

/* Times [from, to) of both chunks, and angles and flags [from, to) if they go along. Returns how far
 * that went: until there is nothing left for lanes. */
LAZ_INLINE size_t small_steps_two(struct laz_small_turn t[2], struct laz_lanes *lanes_of,
                                  size_t from, size_t to, const unsigned with, const unsigned lanes)
{
    struct laz_small_turn a = t[0], b = t[1];
    struct laz_lanes l = *lanes_of;
    size_t i = from;
    for (; i < to && (lanes == 0 || l.busy > LANES_SPARED(lanes)); i++)
        small_step_two(&a, &b, &l, i, with, lanes);
    t[0] = a;
    t[1] = b;
    *lanes_of = l;
    return i;
}

#define LAZ_SMALL_STEPS(with, lanes)                                                            \
    static size_t small_steps_##with##_##lanes(struct laz_small_turn t[2], struct laz_lanes *l, \
                                               size_t from, size_t to)                          \
    {                                                                                           \
        return small_steps_two(t, l, from, to, (with), (lanes));                                \
    }
#if LAZ_QUADS_HERE
#define LAZ_SMALL_STEPS_OF(with) \
    LAZ_SMALL_STEPS(with, 0)     \
    LAZ_SMALL_STEPS(with, 2)     \
    LAZ_SMALL_STEPS(with, 4)
#define LAZ_SMALL_STEPS_LIST(with)                                             \
    {                                                                          \
        small_steps_##with##_0, small_steps_##with##_2, small_steps_##with##_4 \
    }
#else
#define LAZ_SMALL_STEPS_OF(with) LAZ_SMALL_STEPS(with, 0)
#define LAZ_SMALL_STEPS_LIST(with) \
    {                              \
        small_steps_##with##_0     \
    }
#endif
LAZ_SMALL_STEPS_OF(0)
LAZ_SMALL_STEPS_OF(1)
LAZ_SMALL_STEPS_OF(2)
LAZ_SMALL_STEPS_OF(3)

/* [from, to) as small_steps_two(), all of it. */
static void small_stretch(struct laz_small_turn t[2], struct laz_lanes *l, size_t from, size_t to,
                          unsigned with)
{
    /* By what goes along with times, and by pairs of lanes. */
    static size_t (*const steps[4][1 + 2 * LAZ_QUADS_HERE])(
        struct laz_small_turn t[2], struct laz_lanes * l, size_t from,
        size_t to) = {LAZ_SMALL_STEPS_LIST(0), LAZ_SMALL_STEPS_LIST(1), LAZ_SMALL_STEPS_LIST(2),
                      LAZ_SMALL_STEPS_LIST(3)};
    while (from < to)
        from = steps[with][lanes_needed(l) / 2](t, l, from, to);
}

static void flags_two(struct laz_small_turn t[2], size_t from, size_t to)
{
    struct laz_small_turn a = t[0], b = t[1];
    for (size_t i = from; i < to; i++) {
        laz_reader_two_symbols(&a.flags, turn_flags(&a), &a.last_flags, &b.flags, turn_flags(&b),
                               &b.last_flags);
        turn_store_flags(&a, i);
        turn_store_flags(&b, i);
    }
    t[0] = a;
    t[1] = b;
}

/* What one chunk has more of than the other. */
static void small_rest(struct laz_small_turn *t, size_t times_from, size_t angles_from)
{
    struct laz_reader gps = t->gps, angle = t->angle;
    for (size_t i = times_from; i < t->time_count; i++)
        t->values->times[i + 1] = laz_gps_read(&gps, &t->c->gps, true);
    for (size_t i = angles_from; i < t->angle_count; i++) {
        unsigned k = laz_reader_symbol(&angle, turn_angle_k(t, i));
        turn_store_angle(t, i, laz_reader_residual(&angle, t->c->angle_coder.detail, k));
    }
    t->gps = gps;
    t->angle = angle;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void small_two(struct laz_small_turn t[2], struct laz_lanes *l, size_t count, unsigned with)
{
    size_t times = smaller(t[0].time_count, t[1].time_count);
    size_t angles = smaller(smaller(t[0].angle_count, t[1].angle_count), times);
    if (with & LAZ_TURNS_ANGLE)
        small_stretch(t, l, 0, angles, with);
    small_stretch(t, l, angles, times, with & LAZ_TURNS_FLAGS);
    if (with & LAZ_TURNS_FLAGS)
        flags_two(t, times, count);
    small_rest(&t[0], times, angles);
    small_rest(&t[1], times, angles);
    lanes_rest(l);
}

/*
 * Those of the `layers` that both chunks have which can go in turns, and others that can go along.
 * Returns them.
 */
static uint64_t read_small_in_turns(const struct laz_side sides[2], uint64_t layers, size_t count)
{
    const uint64_t gps = (uint64_t)1 << LAZ_LAYER_GPS, angle = (uint64_t)1 << LAZ_LAYER_ANGLE;
    const uint64_t flags = (uint64_t)1 << LAZ_LAYER_FLAGS;
    if (!(layers & gps) || !one_channel(&sides[0], count) || !one_channel(&sides[1], count))
        return 0;
    unsigned with =
        (layers & angle ? LAZ_TURNS_ANGLE : 0u) | (layers & flags ? LAZ_TURNS_FLAGS : 0u);
    struct laz_values values[2];
    struct laz_small_turn t[2] = {small_turn_begin(&sides[0], count, &values[0], with),
                                  small_turn_begin(&sides[1], count, &values[1], with)};
    struct laz_lanes lanes;
    struct laz_lane_jobs jobs;
    uint64_t as_lanes = lanes_begin(&lanes, &jobs, sides, count);
    small_two(t, &lanes, count, with);
    small_turn_end(&t[0], &sides[0], count, with);
    small_turn_end(&t[1], &sides[1], count, with);
    lanes_end(&lanes, sides);
    return (layers & (gps | angle | flags)) | as_lanes;
}

#endif
