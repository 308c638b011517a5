/* block.c - shoots the slots of a block, then leaves pulses out or adds some until the number of
 * points is right. */
#include "synth/block.h"

#define AIM_WOBBLE 24      /* mm: the mirror's own unrest */
#define UPRIGHT_NEAR 16000 /* mm; see keep_inside() */
#define STRIDE 1543u       /* a prime beyond any number of pulses: visits them all, far apart */

/*
 * What stands high is met nearer to the aircraft than where the ray is aimed. So that no tile has
 * points beyond its sides, rays stand ever more upright in the last 16 m before the side that they
 * lean to: things up to 44 m high stay inside, at 20 degrees.
 */
static void keep_inside(const struct scree__synth_survey *survey, uint32_t tile,
                        struct scree__synth_ray *ray)
{
    int64_t west = tile % survey->columns * survey->side,
            south = tile / survey->columns * survey->side;
    int64_t last = survey->side - 1;
    ray->x = ray->x < west ? west : (ray->x > west + last ? west + last : ray->x);
    ray->y = ray->y < south ? south : (ray->y > south + last ? south + last : ray->y);
    int64_t room = ray->tangent > 0 ? ray->x - west : west + last - ray->x;
    if (room < UPRIGHT_NEAR)
        ray->tangent = (int32_t)(ray->tangent * room / UPRIGHT_NEAR);
}

static void clip(const struct scree__synth_survey *survey, uint32_t tile,
                 struct scree__synth_hit *hit)
{
    int64_t west = tile % survey->columns * survey->side, east = west + survey->side - 1;
    if (hit->x < west)
        hit->x = (int32_t)west;
    if (hit->x > east)
        hit->x = (int32_t)east;
}

/* Shoots at part `part` of a slot of the block and appends the pulse. */
static void shoot(struct scree__synth_block *block, struct scree__synth_scene *scene,
                  const struct scree__synth_walk *walk, uint32_t slot, uint32_t part)
{
    const struct scree__synth_survey *survey = walk->plan->survey;
    uint64_t slot_in_strip = walk->block * SCREE__SYNTH_BLOCK_SLOTS + slot;
    struct scree__synth_pulse *pulse = &block->pulses[block->pulse_count];
    struct scree__synth_hit *hits = &block->hits[block->hit_count];
    scree__synth_shoot(survey, &walk->strip, slot_in_strip, part, &pulse->shot);
    uint64_t line_seed = scree__synth_hash(scene->world.layer[SCREE__SYNTH_PULSES],
                                           walk->strip.line, walk->strip.tile);
    struct scree__synth_dice dice = {scree__synth_hash(line_seed, (int64_t)slot_in_strip, part)};
    pulse->shot.ray.x += scree__synth_wobble(&dice, AIM_WOBBLE);
    pulse->shot.ray.y += scree__synth_wobble(&dice, AIM_WOBBLE);
    pulse->shot.ray.certain = part != 0;
    keep_inside(survey, walk->strip.tile, &pulse->shot.ray);
    pulse->moment = slot * SCREE__SYNTH_SLOT_PARTS + part;
    pulse->first_hit = block->hit_count;
    pulse->count = scree__synth_scene_pulse(scene, &pulse->shot.ray, &dice, hits);
    for (unsigned i = 0; i < pulse->count; i++)
        clip(survey, walk->strip.tile, &hits[i]);
    block->hit_count += pulse->count;
    if (pulse->count > 0)
        block->pulse_count++;
}

/* Cuts pulses, whole as long as that is not too much, here and there in the block. */
static void leave_out(struct scree__synth_block *block, uint32_t surplus, uint64_t chance)
{
    uint32_t at = (uint32_t)(chance % (block->pulse_count + 1));
    for (uint32_t i = 0; surplus > 0; i++) {
        at = (at + STRIDE) % block->pulse_count;
        struct scree__synth_pulse *pulse = &block->pulses[at];
        uint32_t cut = pulse->count < surplus ? pulse->count : surplus;
        pulse->count -= cut;
        surplus -= cut;
    }
}

/* Shoots between the slots until there are at least `count` points: halves first, then quarters ...
 */
static void put_in(struct scree__synth_block *block, struct scree__synth_scene *scene,
                   const struct scree__synth_walk *walk, uint32_t count)
{
    static const uint8_t parts[SCREE__SYNTH_SLOT_PARTS - 1] = {
        16, 8, 24, 4, 20, 12, 28, 2, 18, 10, 26, 6, 22, 14, 30, 1,
        17, 9, 25, 5, 21, 13, 29, 3, 19, 11, 27, 7, 23, 15, 31};
    for (uint32_t i = 0; block->hit_count < count; i++)
        shoot(block, scene, walk, i * 29 % SCREE__SYNTH_BLOCK_SLOTS,
              parts[i / SCREE__SYNTH_BLOCK_SLOTS]);
    block->pulses[block->pulse_count - 1].count -= block->hit_count - count;
}

static void sort_by_time(struct scree__synth_block *block, uint32_t sorted)
{
    for (uint32_t i = sorted; i < block->pulse_count; i++) {
        struct scree__synth_pulse pulse = block->pulses[i];
        uint32_t at = i;
        for (; at > 0 && block->pulses[at - 1].moment > pulse.moment; at--)
            block->pulses[at] = block->pulses[at - 1];
        block->pulses[at] = pulse;
    }
}

void scree__synth_block_make(struct scree__synth_block *block, struct scree__synth_scene *scene,
                             const struct scree__synth_walk *walk)
{
    uint32_t count = (uint32_t)(walk->end - walk->begin);
    block->pulse_count = block->hit_count = 0;
    for (uint32_t slot = 0; slot < SCREE__SYNTH_BLOCK_SLOTS; slot++)
        shoot(block, scene, walk, slot, 0);
    uint32_t regular = block->pulse_count;
    if (block->hit_count < count) {
        put_in(block, scene, walk, count);
        sort_by_time(block, regular);
    } else if (block->hit_count > count) {
        uint64_t chance = scree__synth_hash(scene->world.layer[SCREE__SYNTH_PULSES],
                                            (int64_t)walk->begin, (int64_t)walk->end);
        leave_out(block, block->hit_count - count, chance);
    }
}
