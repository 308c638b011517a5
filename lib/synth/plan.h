/*
 * plan.h - which points of a tile lie where.
 *
 * A tile has an exact number of points, but how many returns a pulse has depends on what it meets.
 * So points are shared out beforehand: every block of 512 pulse slots has a weight (the returns to
 * be expected there), and block b gets the points from P(b) to P(b + 1), where P(b) = floor(points
 * * (weights before b) / (all weights)). block.c then makes exactly so many. A table holds the sum
 * of weights before every stride-th block, so that any run of points is found without making those
 * before it, and the table stays small.
 */
#ifndef SCREE_LIB_SYNTH_PLAN_H
#define SCREE_LIB_SYNTH_PLAN_H

#include "synth/flight.h"

#include "par/context.h"

struct scree__synth_plan {
    const struct scree__synth_survey *survey;
    const struct scree__synth_world *world;
    struct scree__mem_budget *budget;
    uint32_t tile, first_line, end_line;
    uint64_t point_count, slot_area, block_count;
    uint64_t stride, entry_count;
    uint64_t *sums; /* entry_count + 1: weights before block i * stride; last: all */
};

/* A walk over the blocks of a tile, strip after strip. */
struct scree__synth_walk {
    const struct scree__synth_plan *plan;
    struct scree__synth_strip strip;
    uint64_t block; /* within the strip */
    uint64_t weight, weight_before;
    uint64_t begin, end; /* points of the tile that the block holds */
};

/* Works out the table, in parallel. Release it also after a failure. */
SCREE_MUST_CHECK enum scree_status scree__synth_plan_init(struct scree__synth_plan *plan,
                                                          struct scree_context *context,
                                                          const struct scree__synth_survey *survey,
                                                          const struct scree__synth_world *world,
                                                          uint32_t tile, struct scree_error *err);
void scree__synth_plan_release(struct scree__synth_plan *plan);

/* Goes to the block that holds a point, point < plan->point_count. */
void scree__synth_walk_to(struct scree__synth_walk *walk, const struct scree__synth_plan *plan,
                          uint64_t point);
/* Goes to the next block; there must be one. */
void scree__synth_walk_next(struct scree__synth_walk *walk);

#endif
