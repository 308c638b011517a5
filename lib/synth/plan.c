/* plan.c - the weights of a tile's blocks, and the search for a point's block. */
#include "synth/plan.h"

/* 128 KiB at most, whatever the size of the tile. */
#define ENTRIES_MAX 16384u

/*
 * Slots are so many that about 1 return in 20 is too many: block.c leaves pulses out rather than to
 * add some, as a receiver misses some.
 */
#define SURPLUS_NUMERATOR 20u
#define SURPLUS_DENOMINATOR 19u

/* Places of a tile where the expected returns are looked up, along each side, to choose the number
 * of slots. */
#define SAMPLES 48

/* Places of a block where they are, for its weight. */
#define PLACES 16u

static uint64_t mean_weight_q6(const struct scree__synth_plan *plan)
{
    const struct scree__synth_survey *survey = plan->survey;
    int64_t west = plan->tile % survey->columns * survey->side;
    int64_t south = plan->tile / survey->columns * survey->side;
    uint64_t sum = 0;
    for (int64_t i = 0; i < SAMPLES * SAMPLES; i++) {
        int64_t x = west + survey->side * (2 * (i % SAMPLES) + 1) / (2 * SAMPLES);
        int64_t y = south + survey->side * (2 * (i / SAMPLES) + 1) / (2 * SAMPLES);
        /* 3 of 5 pulses are steep, where that matters. */
        sum += scree__synth_expect_at(plan->world, x, y, i % 5 < 3);
    }
    return sum / (SAMPLES * SAMPLES);
}

/* The expected returns at some places of the block, as a sum: the scale of weights is free. */
static uint64_t block_weight(const struct scree__synth_plan *plan,
                             const struct scree__synth_strip *strip, uint64_t block)
{
    uint64_t weight = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        struct scree__synth_shot shot;
        uint64_t slot = block * SCREE__SYNTH_BLOCK_SLOTS +
                        (2 * i + 1) * (SCREE__SYNTH_BLOCK_SLOTS / (2 * PLACES));
        scree__synth_shoot(plan->survey, strip, slot, 0, &shot);
        weight += scree__synth_expect_at(plan->world, shot.ray.x, shot.ray.y,
                                         scree__synth_is_steep(shot.ray.tangent));
    }
    return weight;
}

/*
 * Double arithmetic, and still the same everywhere: one division and one product, each rounded once
 * by IEEE 754, both monotone in `before`; for all weights it is the number of points.
 */
static uint64_t points_before(const struct scree__synth_plan *plan, uint64_t before)
{
    double share = (double)before / (double)plan->sums[plan->entry_count];
    return (uint64_t)(share * (double)plan->point_count);
}

static void settle(struct scree__synth_walk *walk)
{
    walk->weight = block_weight(walk->plan, &walk->strip, walk->block);
    walk->begin = points_before(walk->plan, walk->weight_before);
    walk->end = points_before(walk->plan, walk->weight_before + walk->weight);
}

static void walk_begin(struct scree__synth_walk *walk, const struct scree__synth_plan *plan,
                       uint64_t block)
{
    uint32_t line = plan->first_line;
    walk->plan = plan;
    scree__synth_strip_init(plan->survey, plan->tile, line, plan->slot_area, &walk->strip);
    while (block >= walk->strip.block_count) {
        block -= walk->strip.block_count;
        scree__synth_strip_init(plan->survey, plan->tile, ++line, plan->slot_area, &walk->strip);
    }
    walk->block = block;
}

static void step(struct scree__synth_walk *walk)
{
    if (++walk->block == walk->strip.block_count) {
        walk->block = 0;
        scree__synth_strip_init(walk->plan->survey, walk->plan->tile, walk->strip.line + 1,
                                walk->plan->slot_area, &walk->strip);
    }
}

void scree__synth_walk_next(struct scree__synth_walk *walk)
{
    walk->weight_before += walk->weight;
    step(walk);
    settle(walk);
}

void scree__synth_walk_to(struct scree__synth_walk *walk, const struct scree__synth_plan *plan,
                          uint64_t point)
{
    uint64_t low = 0, high = plan->entry_count; /* the last entry that begins at or before point */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (points_before(plan, plan->sums[middle]) <= point)
            low = middle;
        else
            high = middle;
    }
    walk_begin(walk, plan, low * plan->stride);
    walk->weight_before = plan->sums[low];
    settle(walk);
    while (walk->end <= point)
        scree__synth_walk_next(walk);
}

static enum scree_status sum_entry(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__synth_plan *plan = arg;
    struct scree__synth_walk walk;
    (void)worker;
    (void)err;
    uint64_t begin = index * plan->stride, end = begin + plan->stride, sum = 0;
    if (end > plan->block_count)
        end = plan->block_count;
    walk_begin(&walk, plan, begin);
    for (uint64_t block = begin; block < end; block++) {
        if (block != begin)
            step(&walk);
        sum += block_weight(plan, &walk.strip, walk.block);
    }
    plan->sums[index + 1] = sum;
    return SCREE_OK;
}

enum scree_status scree__synth_plan_init(struct scree__synth_plan *plan,
                                         struct scree_context *context,
                                         const struct scree__synth_survey *survey,
                                         const struct scree__synth_world *world, uint32_t tile,
                                         struct scree_error *err)
{
    *plan = (struct scree__synth_plan){
        .survey = survey, .world = world, .budget = scree__par_budget(context), .tile = tile};
    plan->point_count =
        scree__synth_points_before(survey, tile + 1) - scree__synth_points_before(survey, tile);
    scree__synth_tile_lines(survey, tile, &plan->first_line, &plan->end_line);
    uint64_t slots =
        plan->point_count * 64 * SURPLUS_NUMERATOR / (SURPLUS_DENOMINATOR * mean_weight_q6(plan)) +
        1;
    plan->slot_area = scree__synth_tile_area(survey, tile) / slots;
    if (plan->slot_area == 0)
        plan->slot_area = 1;
    for (uint32_t line = plan->first_line; line < plan->end_line; line++) {
        struct scree__synth_strip strip;
        scree__synth_strip_init(survey, tile, line, plan->slot_area, &strip);
        plan->block_count += strip.block_count;
    }
    plan->stride = plan->block_count / ENTRIES_MAX + 1;
    plan->entry_count = (plan->block_count + plan->stride - 1) / plan->stride;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(plan->budget, (plan->entry_count + 1) * sizeof *plan->sums, &memory,
                         "synthetic survey's plan", err);
    if (status != SCREE_OK)
        return status;
    plan->sums = memory;
    plan->sums[0] = 0;
    status = scree__par_for(scree__par_pool(context), plan->entry_count, sum_entry, plan, err);
    if (status != SCREE_OK)
        return status;
    for (uint64_t i = 0; i < plan->entry_count; i++)
        plan->sums[i + 1] += plan->sums[i];
    return SCREE_OK;
}

void scree__synth_plan_release(struct scree__synth_plan *plan)
{
    scree__mem_free(plan->budget, plan->sums, (plan->entry_count + 1) * sizeof *plan->sums);
    plan->sums = NULL;
}
