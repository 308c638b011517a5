/* town.c - lots of 33 m with streets along some sides; on most a house, with a flat or gabled roof.
 */
#include "synth/scene.h"

#define STREET 7000
#define PLAZA_SHARE 5  /* of 64 lots: no house */
#define BLOCK_SHARE 12 /* of 64 lots: a large flat-roofed building */
#define LOT_MIDDLE (SCREE__SYNTH_LOT / 2)

static void build_house(struct scree__synth_lot *lot, uint64_t chance, bool under_wires)
{
    struct scree__synth_dice dice = {chance};
    uint32_t kind = scree__synth_below(&dice, 64);
    lot->tint = (uint8_t)scree__synth_draw(&dice);
    lot->house = kind >= PLAZA_SHARE && !under_wires;
    int32_t wide, deep;
    if (kind < PLAZA_SHARE + BLOCK_SHARE) {
        lot->roof = SCREE__SYNTH_FLAT;
        wide = 15000 + (int32_t)scree__synth_below(&dice, 6000);
        deep = 14000 + (int32_t)scree__synth_below(&dice, 6000);
        lot->eave = 3200 * (2 + (int32_t)scree__synth_below(&dice, 5));
        lot->rise = 0;
    } else {
        lot->roof = kind % 2 != 0 ? SCREE__SYNTH_GABLE_X : SCREE__SYNTH_GABLE_Y;
        wide = 9000 + (int32_t)scree__synth_below(&dice, 7000);
        deep = 8000 + (int32_t)scree__synth_below(&dice, 6000);
        lot->eave = 2800 * (1 + (int32_t)scree__synth_below(&dice, 3)) + 300;
        lot->rise = (lot->roof == SCREE__SYNTH_GABLE_X ? deep : wide) * 2 / 5;
    }
    /* 2 m to the street, 1 m to the neighbour. */
    lot->x0 = STREET + 2000 + (int32_t)scree__synth_below(&dice, (uint32_t)(22700 - wide));
    lot->y0 = STREET + 2000 + (int32_t)scree__synth_below(&dice, (uint32_t)(22700 - deep));
    lot->x1 = lot->x0 + wide;
    lot->y1 = lot->y0 + deep;
}

const struct scree__synth_lot *scree__synth_lot_at(struct scree__synth_scene *scene, int64_t x,
                                                   int64_t y)
{
    /* Places may lie a little outside the survey: the cells are counted from a negative one on. */
    int64_t cell_x = (x + 64 * (int64_t)SCREE__SYNTH_LOT) / SCREE__SYNTH_LOT - 64;
    int64_t cell_y = (y + 64 * (int64_t)SCREE__SYNTH_LOT) / SCREE__SYNTH_LOT - 64;
    struct scree__synth_lot *lot =
        &scene->lots[((uint64_t)cell_y % SCREE__SYNTH_LOT_ROWS) * SCREE__SYNTH_LOT_COLUMNS +
                     (uint64_t)cell_x % SCREE__SYNTH_LOT_COLUMNS];
    if (lot->known && lot->cell_x == cell_x && lot->cell_y == cell_y)
        return lot;
    int64_t middle_x = cell_x * SCREE__SYNTH_LOT + LOT_MIDDLE;
    int64_t middle_y = cell_y * SCREE__SYNTH_LOT + LOT_MIDDLE;
    *lot = (struct scree__synth_lot){.cell_x = cell_x, .cell_y = cell_y, .known = true};
    lot->town = scree__synth_town_at(&scene->world, middle_x, middle_y);
    if (!lot->town)
        return lot;
    lot->floor = scree__synth_ground_at(&scene->world, middle_x, middle_y).z;
    lot->street_x = (uint64_t)cell_x % 4 == 0 ? STREET : 0;
    lot->street_y = (uint64_t)cell_y % 2 == 0 ? STREET : 0;
    build_house(lot, scree__synth_hash(scene->world.layer[SCREE__SYNTH_LOTS], cell_x, cell_y),
                scree__synth_power_near(middle_x, middle_y, 30000));
    return lot;
}

/* Cars stand along the west street of a lot, in places of 6 m: a hood, and a roof behind it. */
int32_t scree__synth_car_at(const struct scree__synth_scene *scene,
                            const struct scree__synth_lot *lot, int64_t x, int64_t y)
{
    int64_t in_x = x - lot->cell_x * SCREE__SYNTH_LOT, in_y = y - lot->cell_y * SCREE__SYNTH_LOT;
    if (lot->street_x == 0 || in_x < 700 || in_x > 2500 || in_y < lot->street_y)
        return 0;
    int64_t place = in_y / 6000, along = in_y % 6000;
    uint64_t lot_seed =
        scree__synth_hash(scene->world.layer[SCREE__SYNTH_LOTS], lot->cell_y, lot->cell_x);
    if (along < 800 || along > 5200 || scree__synth_hash(lot_seed, place, 0) % 5 < 3)
        return 0;
    return along < 1900 ? 850 : 1450;
}

static int32_t roof_height(const struct scree__synth_lot *lot, int32_t x, int32_t y)
{
    if (lot->roof == SCREE__SYNTH_FLAT)
        return lot->eave;
    bool along_x = lot->roof == SCREE__SYNTH_GABLE_X;
    int32_t from = along_x ? lot->y0 : lot->x0, to = along_x ? lot->y1 : lot->x1;
    int32_t at = along_x ? y : x;
    int32_t to_edge = at - from < to - at ? at - from : to - at;
    return lot->eave + (int32_t)((int64_t)lot->rise * to_edge * 2 / (to - from));
}

static int32_t east_at(int32_t x, int32_t tangent, int32_t height)
{
    return x - (int32_t)((int64_t)tangent * height / 65536);
}

struct scree__synth_house_hit scree__synth_house_pulse(const struct scree__synth_lot *lot,
                                                       const struct scree__synth_ray *ray)
{
    struct scree__synth_house_hit hit = {false, false, 0, 0};
    int32_t x = (int32_t)(ray->x - lot->cell_x * SCREE__SYNTH_LOT);
    int32_t y = (int32_t)(ray->y - lot->cell_y * SCREE__SYNTH_LOT);
    if (!lot->house || y < lot->y0 || y > lot->y1)
        return hit;
    int32_t at = east_at(x, ray->tangent, lot->eave);
    if (at >= lot->x0 && at <= lot->x1) {
        int32_t height = roof_height(lot, at, y);
        /* The ray meets a gable earlier than the eave's height: go back along it once. */
        at = east_at(x, ray->tangent, height);
        at = at < lot->x0 ? lot->x0 : (at > lot->x1 ? lot->x1 : at);
        hit.roof = true;
        hit.height = roof_height(lot, at, y);
        int32_t mx = at - lot->x0 < lot->x1 - at ? at - lot->x0 : lot->x1 - at;
        int32_t my = y - lot->y0 < lot->y1 - y ? y - lot->y0 : lot->y1 - y;
        hit.margin = mx < my ? mx : my;
    } else if (x > lot->x0 && x < lot->x1 && ray->tangent != 0) {
        /* Aimed at the floor, but under the roof only after it has met the wall that looks at the
         * scanner. */
        int32_t wall = ray->tangent > 0 ? lot->x0 : lot->x1;
        hit.wall = true;
        hit.height = (int32_t)((int64_t)(x - wall) * 65536 / ray->tangent);
        if (hit.height > lot->eave)
            hit.height = lot->eave;
    }
    return hit;
}
