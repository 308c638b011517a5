/* size.c - how the budget is divided: what waits, what is worked on, what goes to scratch. */
#include "enrich/job.h"

/* Windows that are larger gain nothing; smaller ones than the least are mostly halo. */
#define WINDOW_MOST ((uint64_t)256 << 10)
#define WINDOW_LEAST ((uint64_t)16 << 10)
#define LEAF_IN_MEMORY 1024u
/* On scratch: what the first cut gives, within this. */
#define LEAF_SCRATCH_LEAST 2048u
#define LEAF_SCRATCH_MOST 16384u
/* What decoding takes beside: a thread's chunk and its state. */
#define DECODE_BYTES ((uint64_t)4 << 20)

static uint64_t clamp(uint64_t x, uint64_t low, uint64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Bytes a point of a window, as scree__enrich_window_bytes() counts them. */
static uint64_t window_point_bytes(const struct scree__enrich_engine *engine)
{
    struct scree__enrich_store store = {.settings = {.in_memory = true}};
    return (scree__enrich_window_bytes(&store, &engine->question, 2048) -
            scree__enrich_window_bytes(&store, &engine->question, 1024)) /
               1024 +
           1;
}

static uint64_t window_fixed_bytes(const struct scree__enrich_engine *engine, bool in_memory)
{
    struct scree__enrich_store store = {.settings = {.in_memory = true}};
    uint64_t stride =
        engine->tagged ? sizeof(struct scree__enrich_tagged) : sizeof(struct scree__enrich_point);
    uint64_t bytes = scree__enrich_window_bytes(&store, &engine->question, 0);
    return in_memory ? bytes
                     : bytes + ENRICH_CACHED * engine->leaf_points * stride +
                           2 * (uint64_t)engine->block_bytes;
}

/* As many workers as there is room for, and windows as large as they may be. */
static void size_windows(struct scree__enrich_engine *engine, uint64_t all, uint64_t room,
                         bool in_memory)
{
    uint64_t each = window_point_bytes(engine), fixed = window_fixed_bytes(engine, in_memory);
    uint64_t threads = scree_context_threads(engine->context);
    uint64_t least = WINDOW_LEAST * each + fixed;
    engine->workers = (unsigned)clamp(room / least, 1, threads);
    uint64_t share = room / engine->workers;
    uint64_t points = share > fixed ? (share - fixed) / each : 0;
    /* Of few points not all in one window: it would be most of the memory. */
    uint64_t most = clamp(all / 16, 2 * WINDOW_LEAST, WINDOW_MOST);
    engine->question.window_points = clamp(points, WINDOW_LEAST, most);
    if (engine->options.window_points > 0)
        engine->question.window_points =
            engine->options.window_points < 256 ? 256 : engine->options.window_points;
}

void scree__enrich_size(struct scree__enrich_engine *engine, uint64_t points, uint64_t around)
{
    struct scree__enrich_plan *plan = &engine->plan;
    struct scree__enrich_shelf_settings rows = {.shapes = engine->question.shapes,
                                                .counts = engine->question.counts,
                                                .heights = engine->question.heights,
                                                .k = engine->question.k};
    uint64_t stride =
        engine->tagged ? sizeof(struct scree__enrich_tagged) : sizeof(struct scree__enrich_point);
    uint64_t row = scree__enrich_shelf_row_bytes(&rows), all = points + around;
    uint64_t threads = scree_context_threads(engine->context);
    uint64_t budget = scree_context_budget_bytes(engine->context);
    uint64_t used = scree__mem_budget_used(engine->budget);
    budget = budget > used ? budget - used : 0;
    engine->leaf_points = LEAF_IN_MEMORY;
    uint64_t windows =
        threads * (32768 * window_point_bytes(engine) + window_fixed_bytes(engine, true));
    uint64_t reading = 2 * all * stride + threads * DECODE_BYTES;
    uint64_t computing = all * stride + points * row + windows;
    /* The tree's nodes, and what a last block has to spare. */
    uint64_t rest = all / 8 + ((uint64_t)4 << 20);
    plan->point_count = points;
    plan->context_count = around;
    plan->memory_bytes = (reading > computing ? reading : computing) + rest;
    plan->fits = plan->memory_bytes <= budget && all < (uint64_t)1 << ENRICH_INDEX_BITS &&
                 !engine->options.force_scratch;
    plan->scratch_bytes =
        plan->fits ? 0 : all * stride + all * stride / 8 + points * (row + 4) + (64u << 20);
    if (!plan->fits && engine->question.heights && engine->question.ground_cells.side > 0)
        plan->scratch_bytes +=
            all * stride /
            8; /* leaves that are written anew, until their old blocks are given back */
    plan->floor_bytes = (uint64_t)64 << 20;
    if (plan->fits) {
        uint64_t held = all * stride + points * row + rest;
        size_windows(engine, all, budget > held ? budget - held : 0, true);
    } else {
        engine->leaf_points =
            clamp(all >> (ENRICH_GRID_BITS - 1), LEAF_SCRATCH_LEAST, LEAF_SCRATCH_MOST);
        engine->block_bytes = (uint32_t)clamp(budget / 8 >> ENRICH_GRID_BITS, 2048, 65536) & ~63u;
        engine->range_points = clamp(budget / 8 / (row > 0 ? row : 1), 4096, 4u << 20);
        uint64_t ranges = points / engine->range_points + 1;
        engine->shelf_block_bytes = (uint32_t)clamp(budget / 12 / ranges, 2048, 256u << 10) & ~63u;
        size_windows(engine, all, budget / 20 * 13, false);
    }
    if (engine->options.window_points > 0 &&
        engine->leaf_points > engine->question.window_points / 8)
        engine->leaf_points = engine->question.window_points / 8;
}
