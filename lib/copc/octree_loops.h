/*
 * octree_loops.h - what the level rule does with every point, once for each level above its node's. Blocks have a known length and sums of one
 * byte, which compilers turn into vectors.
 */
#ifndef SCREE_LIB_COPC_OCTREE_LOOPS_H
#define SCREE_LIB_COPC_OCTREE_LOOPS_H

#include "copc/cube.h"

#define SCREE__COPC_NO_LEVEL 255u /* not decided yet */

enum { SCREE__COPC_LOOP_BLOCK = 128 };

static inline uint8_t scree__copc_free_in_block(const uint8_t *prefix, const uint8_t *level,
                                                unsigned count, uint8_t low, uint8_t span)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum = (uint8_t)(sum + (((uint8_t)(prefix[i] - low) <= span) &
                               (level[i] == SCREE__COPC_NO_LEVEL)));
    return sum;
}

/* Points without a level whose prefix is in [low, low + span]. */
static inline uint64_t scree__copc_count_free(const uint8_t *prefix, const uint8_t *level,
                                              uint64_t count, uint8_t low, uint8_t span)
{
    uint64_t sum = 0;
    for (; count >= SCREE__COPC_LOOP_BLOCK; count -= SCREE__COPC_LOOP_BLOCK) {
        sum += scree__copc_free_in_block(prefix, level, SCREE__COPC_LOOP_BLOCK, low, span);
        prefix += SCREE__COPC_LOOP_BLOCK;
        level += SCREE__COPC_LOOP_BLOCK;
    }
    return sum + scree__copc_free_in_block(prefix, level, (unsigned)count, low, span);
}

static inline uint8_t scree__copc_level_in_block(const uint8_t *levels, unsigned count,
                                                 uint8_t level)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum = (uint8_t)(sum + (levels[i] == level));
    return sum;
}

static inline uint64_t scree__copc_count_level(const uint8_t *levels, uint64_t count, uint8_t level)
{
    uint64_t sum = 0;
    for (; count >= SCREE__COPC_LOOP_BLOCK; count -= SCREE__COPC_LOOP_BLOCK) {
        sum += scree__copc_level_in_block(levels, SCREE__COPC_LOOP_BLOCK, level);
        levels += SCREE__COPC_LOOP_BLOCK;
    }
    return sum + scree__copc_level_in_block(levels, (unsigned)count, level);
}

static inline uint8_t scree__copc_settle_block(const uint8_t *restrict prefix,
                                               uint8_t *restrict level, unsigned count,
                                               uint8_t depth, uint8_t leaf)
{
    enum { SHIFT = SCREE__COPC_CELL_LEVELS - 1 };
    uint8_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t natural = (uint8_t)((prefix[i] > SHIFT ? prefix[i] : SHIFT) - SHIFT);
        natural = natural < leaf ? natural : leaf;
        natural = prefix[i] >= depth ? leaf : natural;
        level[i] = level[i] == SCREE__COPC_NO_LEVEL ? natural : level[i];
        sum = (uint8_t)(sum + (level[i] == leaf));
    }
    return sum;
}

/* Gives those points of a leaf their level that have none; how many have the leaf's own then. */
static inline uint64_t scree__copc_settle_leaf(const uint8_t *prefix, uint8_t *level,
                                               uint64_t count, uint8_t depth, uint8_t leaf)
{
    uint64_t sum = 0;
    for (; count >= SCREE__COPC_LOOP_BLOCK; count -= SCREE__COPC_LOOP_BLOCK) {
        sum += scree__copc_settle_block(prefix, level, SCREE__COPC_LOOP_BLOCK, depth, leaf);
        prefix += SCREE__COPC_LOOP_BLOCK;
        level += SCREE__COPC_LOOP_BLOCK;
    }
    return sum + scree__copc_settle_block(prefix, level, (unsigned)count, depth, leaf);
}

#endif
