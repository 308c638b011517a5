/*
 * hash.h - where all chance in the survey comes from: integer hashes of a seed and a place. The
 * same place gives the same value, whoever asks and in which order.
 */
#ifndef SCREE_LIB_SYNTH_HASH_H
#define SCREE_LIB_SYNTH_HASH_H

#include <stdint.h>

/* 2^64 / golden ratio, and two more odd numbers without visible structure. */
#define SCREE__SYNTH_STEP 0x9E3779B97F4A7C15u
#define SCREE__SYNTH_X 0xD1B54A32D192ED03u
#define SCREE__SYNTH_Y 0xABC98388FB8FAC03u

/* The finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014, after Stafford's mix 13). */
static inline uint64_t scree__synth_mix(uint64_t v)
{
    v ^= v >> 30;
    v *= 0xBF58476D1CE4E5B9u;
    v ^= v >> 27;
    v *= 0x94D049BB133111EBu;
    return v ^ (v >> 31);
}

static inline uint64_t scree__synth_hash(uint64_t seed, int64_t x, int64_t y)
{
    return scree__synth_mix(seed + (uint64_t)x * SCREE__SYNTH_X + (uint64_t)y * SCREE__SYNTH_Y);
}

/* A run of draws, for one pulse. */
struct scree__synth_dice {
    uint64_t state;
};

static inline uint64_t scree__synth_draw(struct scree__synth_dice *dice)
{
    dice->state += SCREE__SYNTH_STEP;
    return scree__synth_mix(dice->state);
}

/* In [0, n). */
static inline uint32_t scree__synth_below(struct scree__synth_dice *dice, uint32_t n)
{
    return (uint32_t)(((scree__synth_draw(dice) >> 32) * n) >> 32);
}

/* In [-n, n], most often near 0: the sum of two even draws. */
static inline int32_t scree__synth_wobble(struct scree__synth_dice *dice, uint32_t n)
{
    uint64_t draw = scree__synth_draw(dice);
    uint32_t a = (uint32_t)(((draw >> 32) * (n + 1)) >> 32);
    uint32_t b = (uint32_t)(((draw & 0xFFFFFFFFu) * (n + 1)) >> 32);
    return (int32_t)a - (int32_t)b;
}

/* True `share` times in 65536. */
static inline int scree__synth_chance(struct scree__synth_dice *dice, uint32_t share)
{
    return (scree__synth_draw(dice) >> 48) < share;
}

#endif
