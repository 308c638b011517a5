/* terrain.c - relief in five octaves of value noise, lakes where it is low, woods and towns where
 * other noise is high. */
#include "synth/terrain.h"
#include "synth/hash.h"

/* Noise is asked for places somewhat outside the survey too; with this added none is negative. */
#define PLACE_BIAS ((int64_t)1 << 40)

#define MEAN_HEIGHT 140000
#define LAKE_HEIGHT (MEAN_HEIGHT - 15000)
#define SHORE 2500 /* so far above the lake the small octaves reach their full height */

#define WOODS_BEGIN 3000 /* noise; the first trees */
#define WOODS_RANGE 5000 /* noise; from there to dense wood */
#define WOODS_DENSE 235  /* of 256 */
#define WOODS_LONE 8     /* of 256: single trees in the open */
#define TOWN_FROM 6500   /* noise */
#define TOWN_ABOVE_LAKE 3000

void scree__synth_world_init(struct scree__synth_world *world, uint64_t seed)
{
    for (unsigned i = 0; i < SCREE__SYNTH_LAYERS; i++)
        world->layer[i] = scree__synth_mix(scree__synth_mix(seed) + (i + 1) * SCREE__SYNTH_STEP);
}

/* 3 f^2 - 2 f^3 for f in [0, 65536). */
static int64_t smooth(int64_t f)
{
    return ((f * f >> 16) * (3 * 65536 - 2 * f)) >> 16;
}

static int64_t lattice(uint64_t seed, int64_t x, int64_t y)
{
    return (int64_t)(scree__synth_hash(seed, x, y) >> 48);
}

int32_t scree__synth_noise(uint64_t seed, int64_t x, int64_t y, unsigned cell_bits)
{
    x += PLACE_BIAS;
    y += PLACE_BIAS;
    int64_t cx = x >> cell_bits, cy = y >> cell_bits;
    int64_t mask = ((int64_t)1 << cell_bits) - 1;
    int64_t fx = smooth(((x & mask) << 16) >> cell_bits);
    int64_t fy = smooth(((y & mask) << 16) >> cell_bits);
    int64_t a = lattice(seed, cx, cy), b = lattice(seed, cx + 1, cy);
    int64_t c = lattice(seed, cx, cy + 1), d = lattice(seed, cx + 1, cy + 1);
    int64_t south = (a << 16) + (b - a) * fx, north = (c << 16) + (d - c) * fx;
    return (int32_t)((((south >> 16) << 16) + ((north - south) >> 16) * fy) >> 16) - 32768;
}

/* The same, on a lattice turned by the angle of a 3-4-5 triangle: neighbouring octaves do not share
 * their axes. */
static int32_t turned_noise(uint64_t seed, int64_t x, int64_t y, unsigned cell_bits)
{
    return scree__synth_noise(seed, (4 * x - 3 * y) / 5, (3 * x + 4 * y) / 5, cell_bits);
}

/* The two large octaves, of 524 and 131 m: hills and valleys. */
static int32_t hills(const struct scree__synth_world *world, int64_t x, int64_t y)
{
    const uint64_t *seed = world->layer + SCREE__SYNTH_RELIEF;
    int64_t z = (int64_t)scree__synth_noise(seed[0], x, y, 19) * 42000 +
                (int64_t)turned_noise(seed[1], x, y, 17) * 9000;
    return MEAN_HEIGHT + (int32_t)(z / 32768);
}

struct scree__synth_ground scree__synth_ground_at(const struct scree__synth_world *world, int64_t x,
                                                  int64_t y)
{
    struct scree__synth_ground ground = {LAKE_HEIGHT, true};
    int32_t z = hills(world, x, y);
    if (z < LAKE_HEIGHT)
        return ground;
    const uint64_t *seed = world->layer + SCREE__SYNTH_RELIEF;
    int64_t fine = (int64_t)scree__synth_noise(seed[2], x, y, 15) * 1400 +
                   (int64_t)turned_noise(seed[3], x, y, 13) * 220 +
                   (int64_t)scree__synth_noise(seed[4], x, y, 11) * 45;
    fine /= 32768;
    if (z < LAKE_HEIGHT + SHORE)
        fine = fine * (z - LAKE_HEIGHT) / SHORE;
    ground.z = z + (int32_t)fine;
    ground.water = false;
    return ground;
}

uint32_t scree__synth_woods_at(const struct scree__synth_world *world, int64_t x, int64_t y)
{
    const uint64_t *seed = world->layer + SCREE__SYNTH_WOODS;
    int32_t noise =
        (3 * turned_noise(seed[0], x, y, 17) + scree__synth_noise(seed[1], x, y, 15)) / 4;
    if (noise < WOODS_BEGIN)
        return WOODS_LONE;
    if (noise >= WOODS_BEGIN + WOODS_RANGE)
        return WOODS_DENSE;
    return WOODS_LONE +
           (uint32_t)((noise - WOODS_BEGIN) * (WOODS_DENSE - WOODS_LONE) / WOODS_RANGE);
}

bool scree__synth_town_at(const struct scree__synth_world *world, int64_t x, int64_t y)
{
    return scree__synth_noise(world->layer[SCREE__SYNTH_TOWNS], x, y, 18) >= TOWN_FROM &&
           hills(world, x, y) >= LAKE_HEIGHT + TOWN_ABOVE_LAKE;
}

/* The figures were measured on pulses of each kind of land (means of scree__synth_scene_pulse()).
 */
uint32_t scree__synth_expect_at(const struct scree__synth_world *world, int64_t x, int64_t y,
                                bool steep)
{
    if (hills(world, x, y) < LAKE_HEIGHT)
        return steep ? SCREE__SYNTH_EXPECT_MIN : 38;
    if (scree__synth_noise(world->layer[SCREE__SYNTH_TOWNS], x, y, 18) >= TOWN_FROM)
        return 72;
    return 66 + scree__synth_woods_at(world, x, y) * 39 / 256;
}
