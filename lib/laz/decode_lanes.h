/*
 * decode_lanes.h - colours, near infrared, user data and extra bytes of two layered chunks as lanes of
 * a quad, which goes along with the loop of decode_small.h. lanes_begin() and lanes_divided() are
 * where to start reading.
 *
 * A layer of these is a row of symbols of models that all look alike: of a mask, then of the bytes
 * that it names; an extra byte is a mask that names none, and so is user data, whose symbol tells the
 * next one's model. The symbols of a layer alone decide which model is next: so they are put one
 * behind the other, and become values afterwards (decode_spread.h). A lane whose layer is done takes
 * up the next one that waits. All that while a block keeps to one scanner channel.
 */
#ifndef SCREE_LIB_LAZ_DECODE_LANES_H
#define SCREE_LIB_LAZ_DECODE_LANES_H

#include "laz/decode_spread.h"
#include "laz/loops.h"

/* Does the block keep to one context that has begun? */
static bool one_context(const uint8_t *selects, size_t count)
{
    return !(selects[0] & LAZ_SELECT_NEW) && laz_select_run(selects, count) == count;
}

#if LAZ_QUADS_HERE

/* Fewer points are not worth the beginning, nor is a stream with few bytes left. */
enum { LANES_POINTS_MIN = 64, LANES_BYTES_MIN = 24 };
/* Extra bytes of a chunk: more of them go by quads of their own. */
enum { LANES_BYTES_MAX = 3, LANES_JOBS_MAX = 2 * (3 + LANES_BYTES_MAX) };
/* Symbols of a block's colours, near infrared, user data and extra bytes, with room to load eight. */
enum { LANES_SYMBOLS = (7 + 3 + 1 + LANES_BYTES_MAX) * LAZ_BLOCK_POINTS + 8 };

/* A layer of one of the chunks. */
struct laz_lane_job {
    const struct laz_side *side;
    uint32_t layer;
    struct laz_model_256 *models; /* of masks, then of bytes */
    const uint64_t *programs;     /* by the mask: see scree__laz_rgb_programs */
    unsigned program;             /* at first */
    unsigned asks;                /* a program below this is at what the next one goes by */
    unsigned last;                /* mask */
    uint8_t *symbols;             /* where they go */
};

struct laz_lane_jobs {
    unsigned count, next; /* next: the first that waits */
    struct laz_lane_job job[LANES_JOBS_MAX];
    struct laz_lane_job idle; /* of lanes for which no layer is left */
    struct laz_reader idle_reader;
    struct laz_layer_stream *stream[4]; /* of the lanes, or NULL */
    size_t points;
    uint8_t *symbols_end[2]; /* of what the two chunks' jobs were given */
    uint8_t symbols[2][LANES_SYMBOLS], idle_symbols[LAZ_BLOCK_POINTS];
};

#define LAZ_BY_LANE __attribute__((aligned(32)))

/* The lanes; arrays are by lane, most of them vectors. Where nothing is left to do, `busy` is 0. */
struct laz_lanes {
    struct laz_quad quad;
    struct laz_model_256 *m[4] LAZ_BY_LANE;
    uint64_t models[4] LAZ_BY_LANE;  /* addresses */
    uint64_t program[4] LAZ_BY_LANE; /* from m on; below asks[]: the next is looked up */
    uint64_t asks[4] LAZ_BY_LANE;
    int64_t left[4] LAZ_BY_LANE; /* points, less one */
    const uint64_t *programs[4];
    uintptr_t out[4]; /* where symbols go, `steps` bytes behind that */
    uintptr_t steps;
    unsigned last[4];
    unsigned busy; /* two of them or one: lanes 0 and 1 */
    struct laz_lane_jobs *jobs;
};

/* --------------------------------------------------------------------------------- taking layers */

static void lanes_take(struct laz_lanes *l, unsigned i)
{
    struct laz_lane_jobs *jobs = l->jobs;
    const bool idle = jobs->next == jobs->count;
    const struct laz_lane_job *job = idle ? &jobs->idle : &jobs->job[jobs->next++];
    l->models[i] = (uintptr_t)job->models;
    l->m[i] = job->models + job->program;
    l->program[i] = job->program;
    l->programs[i] = job->programs;
    l->asks[i] = job->asks;
    l->out[i] = (uintptr_t)job->symbols - l->steps;
    l->left[i] = (int64_t)(idle ? LAZ_BLOCK_POINTS : jobs->points) - 1;
    l->last[i] = job->last;
    jobs->stream[i] = idle ? NULL : &job->side->streams[job->layer];
}

static void lanes_load(struct laz_lanes *l)
{
    struct laz_reader *readers[4];
    l->busy = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct laz_layer_stream *stream = l->jobs->stream[i];
        readers[i] = stream ? &stream->reader : &l->jobs->idle_reader;
        l->busy += stream != NULL;
    }
    laz_quad_begin(&l->quad, readers);
}

static void lane_move(struct laz_lanes *l, unsigned to, unsigned from)
{
    l->m[to] = l->m[from];
    l->models[to] = l->models[from];
    l->program[to] = l->program[from];
    l->programs[to] = l->programs[from];
    l->asks[to] = l->asks[from];
    l->out[to] = l->out[from];
    l->left[to] = l->left[from];
    l->last[to] = l->last[from];
    l->jobs->stream[to] = l->jobs->stream[from];
    lanes_take(l, from);
}

/* Once nothing waits, those that are busy become the first ones. */
static void lanes_close_up(struct laz_lanes *l)
{
    for (unsigned i = 0, to = 0; i < 4; i++) {
        if (l->jobs->stream[i] == NULL)
            continue;
        if (i > to)
            lane_move(l, to, i);
        to++;
    }
}

/* Lanes that have no point left take up what waits. */
static LAZ_APART void lanes_next(struct laz_lanes *l)
{
    laz_quad_end(&l->quad);
    for (unsigned i = 0; i < 4; i++) {
        if (l->left[i] < 0)
            lanes_take(l, i);
    }
    if (l->jobs->next == l->jobs->count)
        lanes_close_up(l);
    lanes_load(l);
}

/* ------------------------------------------------------------------------------ symbol by symbol */

static LAZ_APART void lane_rebuild(struct laz_model_256 *model, unsigned last)
{
    if (last == 0)
        scree__laz_rebuild_optional(model, 1);
    else
        scree__laz_rebuild(&model->head, model->start, model->cum, model->count, 256, last,
                           LAZ_SYMBOL_SHIFT);
}

/* A symbol of each lane as far as the division. */
LAZ_INLINE struct laz_quad_step lanes_divide(struct laz_lanes *l, const unsigned lanes)
{
    struct laz_quad_step step = {0};
    if (lanes == 0)
        return step;
    quad_divide(&step, &l->quad);
    LAZ_LANES_OF(lanes)
    {
        if (LAZ_UNLIKELY(--l->m[i]->head.left < 0))
            lane_rebuild(l->m[i], (uintptr_t)l->m[i] == l->models[i] ? l->last[i] : 255);
    }
    return step;
}

LAZ_INLINE __m256i lanes_of(const void *by_lane)
{
    return _mm256_load_si256((const __m256i *)by_lane);
}

/* What the programs' tables have for the symbols. */
LAZ_INLINE __m256i lanes_looked_up(const struct laz_lanes *l, const uint64_t s[4],
                                   const unsigned lanes)
{
    uint64_t v[4] = {0};
    LAZ_LANES_OF(lanes) v[i] = l->programs[i][s[i]];
    return lanes == 2 ? _mm256_zextsi128_si256(_mm_set_epi64x((long long)v[1], (long long)v[0]))
                      : laz_quad_of(v);
}

/* Symbols go where they belong, and the next models are found. Is a lane done? */
LAZ_INLINE bool lanes_went(struct laz_lanes *l, const uint64_t s[4], const unsigned lanes)
{
    const __m256i asks = lanes_of(l->asks);
    const uintptr_t steps = l->steps++;
    LAZ_LANES_OF(lanes)
    {
        uint8_t *out = (void *)(l->out[i] + steps);
        *out = (uint8_t)s[i];
    }
    __m256i program = lanes_of(l->program);
    __m256i looked_up =
        _mm256_and_si256(lanes_looked_up(l, s, lanes), _mm256_cmpgt_epi64(asks, program));
    program = _mm256_or_si256(_mm256_srli_epi64(program, 8), looked_up);
    __m256i left = _mm256_add_epi64(lanes_of(l->left), _mm256_cmpgt_epi64(asks, program));
    __m256i bytes = _mm256_mul_epu32(_mm256_and_si256(program, laz_quad_constant(LAZ_QUADS_LOW8)),
                                     laz_quad_constant(LAZ_QUADS_MODEL));
    _mm256_store_si256((__m256i *)(void *)l->m, _mm256_add_epi64(bytes, lanes_of(l->models)));
    _mm256_store_si256((__m256i *)(void *)l->program, program);
    _mm256_store_si256((__m256i *)(void *)l->left, left);
    return _mm256_movemask_pd(_mm256_castsi256_pd(left)) != 0;
}

LAZ_INLINE void lanes_divided(struct laz_lanes *l, struct laz_quad_step step, const unsigned lanes)
{
    if (lanes == 0)
        return;
    uint64_t s[4];
    quad_starts(&step, l->m, s, lanes);
    quad_search(&step, l->m, s, lanes);
    quad_narrow(&step, &l->quad, l->m, s, lanes);
    if (LAZ_UNLIKELY(lanes_went(l, s, lanes))) {
        struct laz_lanes copy = *l; /* so that the lanes' own need no place in memory */
        lanes_next(&copy);
        *l = copy;
    }
}

/* Two symbols at most between these. */
LAZ_INLINE void lanes_refill(struct laz_lanes *l, const unsigned lanes)
{
    if (lanes > 0)
        laz_quad_refill(&l->quad, lanes);
}

/* What a loop of so many lanes leaves to one of fewer: that many are busy at most. */
#define LANES_SPARED(lanes) ((lanes) == 4 ? 2u : 0u)

/* What the loop of times leaves. */
LAZ_INLINE void lanes_rest_of(struct laz_lanes *saved, const unsigned lanes)
{
    struct laz_lanes l = *saved;
    while (l.busy > LANES_SPARED(lanes)) {
        lanes_divided(&l, lanes_divide(&l, lanes), lanes);
        lanes_refill(&l, lanes);
    }
    *saved = l;
}

/* How many lanes have something to do: 0, 2, 4. */
static unsigned lanes_needed(const struct laz_lanes *l)
{
    return l->busy == 0 ? 0 : l->busy <= 2 ? 2 : 4;
}

static void lanes_rest(struct laz_lanes *l)
{
    lanes_rest_of(l, 4);
    lanes_rest_of(l, 2);
}

/* --------------------------------------------------------------------------- which layers, values */

/* Can layer `index` of a chunk be a lane's? */
static bool lane_layer(const struct laz_side *side, uint32_t index, size_t count)
{
    const struct laz_layer_stream *stream = &side->streams[index];
    const struct laz_layer *layer = &side->state->layers[index];
    bool wanted = layer->kind == LAZ_LAYER_RGB || layer->kind == LAZ_LAYER_NIR ||
                  layer->kind == LAZ_LAYER_USER ||
                  (layer->kind == LAZ_LAYER_BYTE &&
                   side->state->layer_count - side->state->first_byte_layer <= LANES_BYTES_MAX);
    return wanted && stream->active && stream->reader.end - stream->reader.at >= LANES_BYTES_MIN &&
           one_context(laz_layer_select(side->state, layer), count);
}

static unsigned lane_select(const struct laz_side *side, uint32_t index)
{
    return *laz_layer_select(side->state, &side->state->layers[index]);
}

static const uint64_t no_programs[256];

static void lanes_add(struct laz_lane_jobs *jobs, const struct laz_side *side, uint32_t index,
                      unsigned which)
{
    struct laz_layered *state = side->state;
    unsigned context = LAZ_SELECT_MODELS(lane_select(side, index)), symbols = 1;
    struct laz_lane_job *job = &jobs->job[jobs->count++];
    job->side = side;
    job->layer = index;
    job->programs = no_programs;
    job->program = 0;
    job->asks = 1;
    job->symbols = jobs->symbols_end[which];
    if (state->layers[index].kind == LAZ_LAYER_RGB) {
        job->models = &state->rgb[context].models.used;
        job->programs = scree__laz_rgb_programs;
        job->last = LAZ_RGB_MASKS - 1;
        symbols = 7;
    } else if (state->layers[index].kind == LAZ_LAYER_NIR) {
        job->models = &state->rgb[context].nir_models.used;
        job->programs = scree__laz_nir_programs;
        job->last = LAZ_NIR_MASKS - 1;
        symbols = 3;
    } else if (state->layers[index].kind == LAZ_LAYER_USER) {
        job->models = state->point[context].users;
        job->programs = scree__laz_user_programs;
        job->program = state->point[context].user / 4;
        job->asks = 64;
        job->last = 255;
    } else {
        job->models = &laz_layer_bytes(state, index)[context].diff;
        job->last = 255;
    }
    jobs->symbols_end[which] += symbols * jobs->points;
}

/* Layers of two chunks that both have and that can be lanes: bits of their numbers. */
static uint64_t lanes_begin(struct laz_lanes *l, struct laz_lane_jobs *jobs,
                            const struct laz_side sides[2], size_t count)
{
    static const uint8_t nothing[16];
    uint64_t layers = 0;
    uint32_t end = sides[0].state->layer_count < 64 ? sides[0].state->layer_count : 64;
    jobs->count = jobs->next = 0;
    jobs->points = count;
    jobs->symbols_end[0] = jobs->symbols[0];
    jobs->symbols_end[1] = jobs->symbols[1];
    for (uint32_t i = LAZ_POINT14_LAYERS; i <= end && count >= LANES_POINTS_MIN; i++) {
        const uint32_t index = i < end ? i : LAZ_LAYER_USER; /* as the last one */
        if (!lane_layer(&sides[0], index, count) || !lane_layer(&sides[1], index, count))
            continue;
        lanes_add(jobs, &sides[0], index, 0);
        lanes_add(jobs, &sides[1], index, 1);
        layers |= (uint64_t)1 << index;
    }
    struct laz_lane_job idle = {NULL, 0, &sides[0].state->idle, no_programs, 0,
                                1,    0, jobs->idle_symbols};
    jobs->idle = idle;
    laz_reader_start(&jobs->idle_reader, nothing, nothing + sizeof nothing);
    l->jobs = jobs;
    l->steps = 0;
    for (unsigned i = 0; i < 4; i++)
        lanes_take(l, i);
    lanes_load(l);
    return layers;
}

/* The values of a layer of both chunks, once all is done. */
static void lanes_spread(const struct laz_lane_job job[2], const struct laz_side sides[2],
                         size_t count)
{
    const uint32_t index = job->layer, offset = sides->state->layers[index].offset;
    const unsigned slots[2] = {LAZ_SELECT_SLOT(lane_select(&sides[0], index)),
                               LAZ_SELECT_SLOT(lane_select(&sides[1], index))};
    struct laz_layered *a = sides[0].state, *b = sides[1].state;
    struct laz_spread s = {{job[0].symbols, job[1].symbols},
                           {sides[0].records + offset, sides[1].records + offset},
                           {sides[0].stride, sides[1].stride},
                           count};
    switch (a->layers[index].kind) {
    case LAZ_LAYER_RGB:
        spread_rgb((uint16_t *[2]){a->rgb[slots[0]].last, b->rgb[slots[1]].last}, &s);
        break;
    case LAZ_LAYER_NIR:
        s.out[0] += 6; /* behind the colours */
        s.out[1] += 6;
        spread_nir((uint16_t *[2]){&a->rgb[slots[0]].last_nir, &b->rgb[slots[1]].last_nir}, &s);
        break;
    case LAZ_LAYER_USER:
        s.out[0] += LAZ_P14_USER;
        s.out[1] += LAZ_P14_USER;
        spread_user((unsigned *[2]){&a->point[slots[0]].user, &b->point[slots[1]].user}, &s);
        break;
    default:
        spread_byte((uint8_t *[2]){&laz_layer_bytes(a, index)[slots[0]].last,
                                   &laz_layer_bytes(b, index)[slots[1]].last},
                    &s);
        break;
    }
}

static void lanes_end(const struct laz_lanes *l, const struct laz_side sides[2])
{
    for (unsigned i = 0; i < l->jobs->count; i += 2)
        lanes_spread(&l->jobs->job[i], sides, l->jobs->points);
}

#else

/* Nothing goes by lanes here. */
struct laz_lanes {
    unsigned busy;
};
struct laz_lane_jobs {
    unsigned count;
};

struct laz_quad_step {
    unsigned none;
};

LAZ_INLINE struct laz_quad_step lanes_divide(struct laz_lanes *l, const unsigned lanes)
{
    struct laz_quad_step step = {0};
    (void)l;
    (void)lanes;
    return step;
}

LAZ_INLINE void lanes_divided(struct laz_lanes *l, struct laz_quad_step step, const unsigned lanes)
{
    (void)l;
    (void)step;
    (void)lanes;
}

LAZ_INLINE void lanes_refill(struct laz_lanes *l, const unsigned lanes)
{
    (void)l;
    (void)lanes;
}

#define LANES_SPARED(lanes) 0u

static unsigned lanes_needed(const struct laz_lanes *l)
{
    (void)l;
    return 0;
}

static void lanes_rest(struct laz_lanes *l)
{
    (void)l;
}

static uint64_t lanes_begin(struct laz_lanes *l, struct laz_lane_jobs *jobs,
                            const struct laz_side sides[2], size_t count)
{
    (void)sides;
    (void)count;
    l->busy = 0;
    jobs->count = 0;
    return 0;
}

static void lanes_end(const struct laz_lanes *l, const struct laz_side sides[2])
{
    (void)l;
    (void)sides;
}

#endif
#endif
