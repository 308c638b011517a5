/*
 * scene.h - what a laser pulse meets: ground, water, houses, trees, a power line.
 *
 * A scene belongs to one thread. It remembers trees and houses that it worked out; what it answers
 * does not depend on that.
 */
#ifndef SCREE_LIB_SYNTH_SCENE_H
#define SCREE_LIB_SYNTH_SCENE_H

#include "synth/hash.h"
#include "synth/terrain.h"

#define SCREE__SYNTH_RETURNS_MAX 5

enum scree__synth_surface {
    SCREE__SYNTH_MEADOW,
    SCREE__SYNTH_ROAD,
    SCREE__SYNTH_WATER,
    SCREE__SYNTH_ROOF,
    SCREE__SYNTH_WALL,
    SCREE__SYNTH_CROWN,
    SCREE__SYNTH_SHRUB,
    SCREE__SYNTH_METAL,
    SCREE__SYNTH_AIR, /* birds, dust, echoes from nowhere */
    SCREE__SYNTH_SURFACES
};

/* Point classes (ASPRS). */
enum scree__synth_class {
    SCREE__SYNTH_CLASS_OTHER = 1,
    SCREE__SYNTH_CLASS_GROUND = 2,
    SCREE__SYNTH_CLASS_LOW_PLANTS = 3,
    SCREE__SYNTH_CLASS_PLANTS = 4,
    SCREE__SYNTH_CLASS_HIGH_PLANTS = 5,
    SCREE__SYNTH_CLASS_BUILDING = 6,
    SCREE__SYNTH_CLASS_LOW_NOISE = 7,
    SCREE__SYNTH_CLASS_WATER = 9,
    SCREE__SYNTH_CLASS_OVERLAP = 12, /* formats 0-5 only */
    SCREE__SYNTH_CLASS_WIRE = 14,    /* formats 6-10 only, as the next two */
    SCREE__SYNTH_CLASS_TOWER = 15,
    SCREE__SYNTH_CLASS_HIGH_NOISE = 18
};

/* Flags, in the order of formats 6-10. */
#define SCREE__SYNTH_FLAG_SYNTHETIC 1u
#define SCREE__SYNTH_FLAG_KEY_POINT 2u
#define SCREE__SYNTH_FLAG_WITHHELD 4u
#define SCREE__SYNTH_FLAG_OVERLAP 8u

struct scree__synth_hit {
    int32_t x, y, z;
    uint16_t intensity;
    uint8_t surface, tint, classification, flags;
};

struct scree__synth_tree {
    int64_t cell_x, cell_y;
    bool known, present, conifer;
    uint8_t tint;
    int32_t x, y, radius, height, base; /* base: where the crown begins, above the ground */
};

enum scree__synth_roof { SCREE__SYNTH_FLAT, SCREE__SYNTH_GABLE_X, SCREE__SYNTH_GABLE_Y };

/* A square of town: perhaps streets along it, perhaps a house on it. Lengths in the lot. */
struct scree__synth_lot {
    int64_t cell_x, cell_y;
    bool known, town, house;
    uint8_t roof, tint;
    int32_t x0, y0, x1, y1;
    int32_t floor, eave,
        rise; /* height of the ground; of the eave above it; of the ridge above that */
    int32_t street_x, street_y; /* breadth of the streets at the west and south side */
};

#define SCREE__SYNTH_TREE_COLUMNS 256
#define SCREE__SYNTH_TREE_ROWS 8
#define SCREE__SYNTH_LOT_COLUMNS 64
#define SCREE__SYNTH_LOT_ROWS 2

struct scree__synth_scene {
    struct scree__synth_world world;
    struct scree__synth_tree trees[SCREE__SYNTH_TREE_COLUMNS * SCREE__SYNTH_TREE_ROWS];
    struct scree__synth_lot lots[SCREE__SYNTH_LOT_COLUMNS * SCREE__SYNTH_LOT_ROWS];
};

/* A pulse: the place on the ground that it is aimed at, and how far it moves to the east for each
 * unit that it falls (tangent, in 1/65536; rays lie in planes of constant y). */
struct scree__synth_ray {
    int64_t x, y;
    int32_t tangent;
    bool certain; /* at least one return */
};

/* Beyond 8 degrees from the vertical water reflects away from the scanner. */
static inline bool scree__synth_is_steep(int32_t tangent)
{
    return tangent > 9210 || tangent < -9210;
}

void scree__synth_scene_init(struct scree__synth_scene *scene, uint64_t seed);

/* Returns in order of flight; their number, 0 to SCREE__SYNTH_RETURNS_MAX. */
unsigned scree__synth_scene_pulse(struct scree__synth_scene *scene,
                                  const struct scree__synth_ray *ray,
                                  struct scree__synth_dice *dice,
                                  struct scree__synth_hit hits[SCREE__SYNTH_RETURNS_MAX]);

/* town.c */
#define SCREE__SYNTH_LOT 32768 /* mm a side */
const struct scree__synth_lot *scree__synth_lot_at(struct scree__synth_scene *scene, int64_t x,
                                                   int64_t y);
struct scree__synth_house_hit {
    bool roof, wall;
    int32_t height; /* above lot.floor */
    int32_t margin; /* from a roof hit to the nearest edge of the roof */
};
struct scree__synth_house_hit scree__synth_house_pulse(const struct scree__synth_lot *lot,
                                                       const struct scree__synth_ray *ray);

/* The height of a parked car at a place, 0 for none. */
int32_t scree__synth_car_at(const struct scree__synth_scene *scene,
                            const struct scree__synth_lot *lot, int64_t x, int64_t y);

/* trees.c: the height of the highest crown over a place, 0 for none; *tree is its tree. */
int32_t scree__synth_crown_at(struct scree__synth_scene *scene, int64_t x, int64_t y,
                              const struct scree__synth_tree **tree);

/* power.c: does the pulse meet a wire or a tower? Then *z is where. */
enum scree__synth_power { SCREE__SYNTH_NO_POWER, SCREE__SYNTH_WIRE, SCREE__SYNTH_TOWER };
enum scree__synth_power scree__synth_power_at(struct scree__synth_scene *scene, int64_t x,
                                              int64_t y, struct scree__synth_dice *dice,
                                              int32_t *z);
/* Is a place within `distance` of a power line? */
bool scree__synth_power_near(int64_t x, int64_t y, int64_t distance);
/* A beam meets wires some 25 m above the ground. */
#define SCREE__SYNTH_WIRE_HEIGHT 25000

#endif
