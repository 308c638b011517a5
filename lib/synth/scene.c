/*
 * scene.c - one pulse through the scene: which things it meets on its way down, how much light each
 * sends back.
 */
#include "synth/scene.h"

#include <string.h>

#define RANGE_NOISE 18 /* mm, of heights on hard ground */
#define ROUGH 21000    /* of a meadow's texture */
#define BEAM_HALF 220  /* mm: so near to a roof's edge a pulse is cut in two */

/* Shares of 65536. */
#define WATER_STEEP 19000    /* a return from water that is seen aslant */
#define WATER_BELOW 39000    /* from water under the aircraft */
#define NOISE_SHARE 10       /* echoes from nowhere */
#define BUSH_SHARE 14000     /* a bush, where the meadow is rough */
#define KEY_POINT_SHARE 60   /* of ground points */
#define SHORE_FILL_SHARE 160 /* water points that software added */

/* Light that comes back, of 4096, and its fluctuation. */
static const struct {
    uint16_t mean, wobble;
} brightness[SCREE__SYNTH_SURFACES] = {
    [SCREE__SYNTH_MEADOW] = {1150, 110}, [SCREE__SYNTH_ROAD] = {310, 40},
    [SCREE__SYNTH_WATER] = {90, 60},     [SCREE__SYNTH_ROOF] = {780, 70},
    [SCREE__SYNTH_WALL] = {420, 120},    [SCREE__SYNTH_CROWN] = {820, 200},
    [SCREE__SYNTH_SHRUB] = {760, 160},   [SCREE__SYNTH_METAL] = {230, 80},
    [SCREE__SYNTH_AIR] = {40, 30},
};

/* What is worked out once for a pulse. */
struct pulse {
    const struct scree__synth_ray *ray;
    struct scree__synth_dice *dice;
    struct scree__synth_hit *hits;
    unsigned count;
    int32_t texture; /* of the ground here, in [-32768, 32767] */
};

void scree__synth_scene_init(struct scree__synth_scene *scene, uint64_t seed)
{
    memset(scene, 0, sizeof *scene);
    scree__synth_world_init(&scene->world, seed);
}

/* Adds a return at a height above the place that the ray is aimed at. */
static struct scree__synth_hit *add(struct pulse *pulse, int32_t floor, int32_t height,
                                    enum scree__synth_surface surface,
                                    enum scree__synth_class class)
{
    struct scree__synth_hit *hit = &pulse->hits[pulse->count++];
    int64_t east = pulse->ray->x - (int64_t)pulse->ray->tangent * height / 65536;
    hit->x = (int32_t)east;
    hit->y = (int32_t)pulse->ray->y;
    hit->z = floor + height + scree__synth_wobble(pulse->dice, RANGE_NOISE);
    hit->surface = (uint8_t)surface;
    hit->classification = (uint8_t) class;
    hit->tint = 0;
    hit->flags = 0;
    int32_t light = brightness[surface].mean;
    light += light * (pulse->texture / 64) / 2048 +
             scree__synth_wobble(pulse->dice, brightness[surface].wobble);
    hit->intensity = (uint16_t)(light < 1 ? 1 : light);
    return hit;
}

/* Returns of one pulse share its light: the first takes most, what is last a little more than its
 * place. */
static void share_light(struct pulse *pulse)
{
    static const uint16_t share[SCREE__SYNTH_RETURNS_MAX] = {36, 26, 19, 14, 10}; /* of 64 */
    if (pulse->count < 2)
        return;
    for (unsigned i = 0; i < pulse->count; i++) {
        uint32_t light = pulse->hits[i].intensity * (uint32_t)share[i] / 64;
        pulse->hits[i].intensity = (uint16_t)(light < 1 ? 1 : light);
    }
}

static void add_ground(struct scree__synth_scene *scene, struct pulse *pulse, int32_t floor)
{
    const struct scree__synth_ray *ray = pulse->ray;
    const struct scree__synth_lot *lot = scree__synth_lot_at(scene, ray->x, ray->y);
    bool street = lot->town && (ray->x - lot->cell_x * SCREE__SYNTH_LOT < lot->street_x ||
                                ray->y - lot->cell_y * SCREE__SYNTH_LOT < lot->street_y);
    struct scree__synth_hit *hit =
        add(pulse, floor, 0, street ? SCREE__SYNTH_ROAD : SCREE__SYNTH_MEADOW,
            SCREE__SYNTH_CLASS_GROUND);
    if (scree__synth_chance(pulse->dice, KEY_POINT_SHARE))
        hit->flags |= SCREE__SYNTH_FLAG_KEY_POINT;
}

static void meet_water(struct pulse *pulse, int32_t level)
{
    bool steep = scree__synth_is_steep(pulse->ray->tangent);
    if (!pulse->ray->certain &&
        !scree__synth_chance(pulse->dice, steep ? WATER_STEEP : WATER_BELOW))
        return;
    struct scree__synth_hit *hit =
        add(pulse, level, 0, SCREE__SYNTH_WATER, SCREE__SYNTH_CLASS_WATER);
    if (!steep) /* glint */
        hit->intensity = (uint16_t)(hit->intensity * (2 + scree__synth_below(pulse->dice, 6)));
    if (scree__synth_chance(pulse->dice, SHORE_FILL_SHARE))
        hit->flags |= SCREE__SYNTH_FLAG_SYNTHETIC;
}

static void meet_nothing_real(struct pulse *pulse, int32_t floor)
{
    bool high = scree__synth_chance(pulse->dice, 40000);
    int32_t height = high ? 40000 + (int32_t)scree__synth_below(pulse->dice, 120000)
                          : -3000 - (int32_t)scree__synth_below(pulse->dice, 9000);
    struct scree__synth_hit *hit =
        add(pulse, floor, height, SCREE__SYNTH_AIR,
            high ? SCREE__SYNTH_CLASS_HIGH_NOISE : SCREE__SYNTH_CLASS_LOW_NOISE);
    if (scree__synth_chance(pulse->dice, 32768))
        hit->flags |= SCREE__SYNTH_FLAG_WITHHELD;
}

/* True when a house stopped the pulse. */
static bool meet_house(struct scree__synth_scene *scene, struct pulse *pulse, int32_t floor)
{
    const struct scree__synth_lot *lot = scree__synth_lot_at(scene, pulse->ray->x, pulse->ray->y);
    if (!lot->house)
        return false;
    struct scree__synth_house_hit house = scree__synth_house_pulse(lot, pulse->ray);
    if (!house.roof && !house.wall)
        return false;
    struct scree__synth_hit *hit =
        add(pulse, lot->floor, house.height, house.roof ? SCREE__SYNTH_ROOF : SCREE__SYNTH_WALL,
            SCREE__SYNTH_CLASS_BUILDING);
    hit->tint = lot->tint;
    return house.wall || house.margin > BEAM_HALF || floor + 1500 > hit->z;
}

static enum scree__synth_class plant_class(int32_t height)
{
    if (height < 1500)
        return SCREE__SYNTH_CLASS_LOW_PLANTS;
    return height < 5000 ? SCREE__SYNTH_CLASS_PLANTS : SCREE__SYNTH_CLASS_HIGH_PLANTS;
}

/*
 * A crown: a first return near its top, then some from inside and from the undergrowth, and the
 * ground with what light is left. True when no light is left.
 */
static bool meet_tree(struct scree__synth_scene *scene, struct pulse *pulse, int32_t floor)
{
    const struct scree__synth_ray *ray = pulse->ray;
    const struct scree__synth_tree *tree;
    /* Where the ray is when it reaches the crowns: guess 12 m, then once more with their height. */
    int32_t crown =
        scree__synth_crown_at(scene, ray->x - (int64_t)ray->tangent * 12000 / 65536, ray->y, &tree);
    if (crown > 0)
        crown = scree__synth_crown_at(scene, ray->x - (int64_t)ray->tangent * crown / 65536, ray->y,
                                      &tree);
    if (crown <= 0)
        return false;
    uint8_t tint = (uint8_t)((tree->tint & 0x7Fu) | (tree->conifer ? 0x80u : 0));
    static const uint8_t echoes[16] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5};
    unsigned wanted = echoes[scree__synth_below(pulse->dice, 16)];
    bool reaches_ground = wanted > 1 ? scree__synth_chance(pulse->dice, 50000)
                                     : scree__synth_chance(pulse->dice, 9000);
    if (wanted == 1 && reaches_ground)
        return false;
    int32_t height = crown - (int32_t)scree__synth_below(pulse->dice, 700);
    unsigned plants = reaches_ground ? wanted - 1 : wanted;
    while (pulse->count < plants && height > 400) {
        add(pulse, floor, height, height < 2500 ? SCREE__SYNTH_SHRUB : SCREE__SYNTH_CROWN,
            plant_class(height))
            ->tint = tint;
        /* Receivers cannot part echoes that are nearer than this. */
        height =
            (int32_t)((int64_t)height * (20 + scree__synth_below(pulse->dice, 64)) / 100) - 500;
    }
    return pulse->count > 0 && !reaches_ground;
}

static void meet_power(struct scree__synth_scene *scene, struct pulse *pulse, int32_t floor)
{
    const struct scree__synth_ray *ray = pulse->ray;
    int64_t x = ray->x - (int64_t)ray->tangent * SCREE__SYNTH_WIRE_HEIGHT / 65536;
    int32_t z;
    enum scree__synth_power power = scree__synth_power_at(scene, x, ray->y, pulse->dice, &z);
    if (power != SCREE__SYNTH_NO_POWER && z > floor + 1000)
        add(pulse, floor, z - floor, SCREE__SYNTH_METAL,
            power == SCREE__SYNTH_WIRE ? SCREE__SYNTH_CLASS_WIRE : SCREE__SYNTH_CLASS_TOWER);
}

/* Small things on open ground. True when they stopped the pulse. */
static bool meet_small_things(struct scree__synth_scene *scene, struct pulse *pulse, int32_t floor)
{
    const struct scree__synth_ray *ray = pulse->ray;
    const struct scree__synth_lot *lot = scree__synth_lot_at(scene, ray->x, ray->y);
    if (lot->town) {
        int32_t car = scree__synth_car_at(scene, lot, ray->x, ray->y);
        if (car > 0)
            add(pulse, floor, car, SCREE__SYNTH_METAL, SCREE__SYNTH_CLASS_OTHER);
        return car > 0;
    }
    if (pulse->texture > ROUGH && scree__synth_chance(pulse->dice, BUSH_SHARE)) {
        int32_t height =
            250 + (pulse->texture - ROUGH) / 8 + (int32_t)scree__synth_below(pulse->dice, 500);
        add(pulse, floor, height, SCREE__SYNTH_SHRUB, plant_class(height));
    }
    return false;
}

unsigned scree__synth_scene_pulse(struct scree__synth_scene *scene,
                                  const struct scree__synth_ray *ray,
                                  struct scree__synth_dice *dice,
                                  struct scree__synth_hit hits[SCREE__SYNTH_RETURNS_MAX])
{
    struct pulse pulse = {ray, dice, hits, 0, 0};
    pulse.texture =
        scree__synth_noise(scene->world.layer[SCREE__SYNTH_TEXTURE], ray->x, ray->y, 13);
    struct scree__synth_ground ground = scree__synth_ground_at(&scene->world, ray->x, ray->y);
    if (scree__synth_chance(dice, NOISE_SHARE)) {
        meet_nothing_real(&pulse, ground.z);
        return pulse.count;
    }
    meet_power(scene, &pulse, ground.z);
    bool stopped = false;
    if (pulse.count == 0)
        stopped = meet_house(scene, &pulse, ground.z);
    if (pulse.count == 0)
        stopped = meet_tree(scene, &pulse, ground.z);
    if (!stopped && ground.water) {
        meet_water(&pulse, ground.z);
    } else if (!stopped && (pulse.count > 0 || !meet_small_things(scene, &pulse, ground.z))) {
        add_ground(scene, &pulse, ground.z);
    }
    share_light(&pulse);
    return pulse.count;
}
