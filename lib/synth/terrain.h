/*
 * terrain.h - the land itself: relief, water, what grows where. A function of the seed and the
 * place alone. Lengths are whole millimetres, places are counted from the survey's south-west
 * corner; all arithmetic is on integers, so that every machine makes the same land.
 */
#ifndef SCREE_LIB_SYNTH_TERRAIN_H
#define SCREE_LIB_SYNTH_TERRAIN_H

#include <stdbool.h>
#include <stdint.h>

enum scree__synth_layer {
    SCREE__SYNTH_RELIEF = 0, /* and one more for each octave */
    SCREE__SYNTH_WOODS = 8,
    SCREE__SYNTH_TREES = 10,
    SCREE__SYNTH_TOWNS = 11,
    SCREE__SYNTH_LOTS = 12,
    SCREE__SYNTH_TEXTURE = 13,
    SCREE__SYNTH_PULSES = 14,
    SCREE__SYNTH_LAYERS = 16
};

/* One seed for each layer. */
struct scree__synth_world {
    uint64_t layer[SCREE__SYNTH_LAYERS];
};

struct scree__synth_ground {
    int32_t z;
    bool water;
};

void scree__synth_world_init(struct scree__synth_world *world, uint64_t seed);

/* Value noise in [-32768, 32767]: random values on a lattice of 2^cell_bits mm, smoothly joined. */
int32_t scree__synth_noise(uint64_t seed, int64_t x, int64_t y, unsigned cell_bits);

struct scree__synth_ground scree__synth_ground_at(const struct scree__synth_world *world, int64_t x,
                                                  int64_t y);
/* How near trees stand: the share of tree places that are taken, of 256. */
uint32_t scree__synth_woods_at(const struct scree__synth_world *world, int64_t x, int64_t y);
/* Is this good ground for houses? Asked for the middle of a lot. */
bool scree__synth_town_at(const struct scree__synth_world *world, int64_t x, int64_t y);

/*
 * How many returns a pulse that is aimed at a place has in the mean, in 1/64: what block.c shares
 * the points out by. Within [SCREE__SYNTH_EXPECT_MIN, SCREE__SYNTH_EXPECT_MAX]. steep: the beam is
 * far from the vertical, and water throws it elsewhere.
 */
#define SCREE__SYNTH_EXPECT_MIN 19u
#define SCREE__SYNTH_EXPECT_MAX 150u
uint32_t scree__synth_expect_at(const struct scree__synth_world *world, int64_t x, int64_t y,
                                bool steep);

#endif
