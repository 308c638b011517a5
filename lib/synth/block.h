/* block.h - the pulses of one block of slots, with exactly the number of points that the plan says.
 */
#ifndef SCREE_LIB_SYNTH_BLOCK_H
#define SCREE_LIB_SYNTH_BLOCK_H

#include "synth/plan.h"

/*
 * The most points of a block. Its share is its weight over the mean weight that the slots were
 * chosen by, and that mean over the true one; both are bounded by the range of weights:
 * 512 * (150 / 64) * (150 / 19) is 9474.
 */
#define SCREE__SYNTH_BLOCK_POINTS_MAX 9500u
/* Room for what the slots give of themselves before it is cut down. */
#define SCREE__SYNTH_BLOCK_HITS \
    (SCREE__SYNTH_BLOCK_POINTS_MAX + SCREE__SYNTH_BLOCK_SLOTS * SCREE__SYNTH_RETURNS_MAX)

struct scree__synth_pulse {
    struct scree__synth_shot shot;
    uint32_t moment; /* order within the block */
    uint32_t first_hit;
    uint32_t count; /* returns; 0: nothing came back */
};

struct scree__synth_block {
    uint32_t pulse_count, hit_count;
    struct scree__synth_pulse pulses[SCREE__SYNTH_BLOCK_HITS]; /* in order of time */
    struct scree__synth_hit hits[SCREE__SYNTH_BLOCK_HITS];
};

/* Fills the block that `walk` stands on. */
void scree__synth_block_make(struct scree__synth_block *block, struct scree__synth_scene *scene,
                             const struct scree__synth_walk *walk);

#endif
