/* trees.c - one place for a tree in each cell of 6 m; woods are where many places are taken. */
#include "synth/scene.h"

#include <stddef.h>

/*
 * A crown must not reach beyond the four cells whose middles are nearest to a place: the next
 * middle is at least one cell away, a trunk stands at most JITTER / 2 = 2100 from its middle, so
 * 3900 is the largest radius that is safe.
 */
#define CELL 6000
#define JITTER 4200
#define RADIUS_MIN 1500
#define RADIUS_RANGE 2400
#define GARDEN_SHARE 40 /* of 256 tree places in town */
#define CELL_BIAS 4096  /* cells; places may lie a little outside the survey */

static void plant(struct scree__synth_scene *scene, struct scree__synth_tree *tree)
{
    struct scree__synth_dice dice = {
        scree__synth_hash(scene->world.layer[SCREE__SYNTH_TREES], tree->cell_x, tree->cell_y)};
    int64_t x = tree->cell_x * CELL + (CELL - JITTER) / 2 + scree__synth_below(&dice, JITTER);
    int64_t y = tree->cell_y * CELL + (CELL - JITTER) / 2 + scree__synth_below(&dice, JITTER);
    uint32_t place = scree__synth_below(&dice, 256), share;
    const struct scree__synth_lot *lot = scree__synth_lot_at(scene, x, y);
    if (lot->town) {
        int64_t in_x = x - lot->cell_x * SCREE__SYNTH_LOT,
                in_y = y - lot->cell_y * SCREE__SYNTH_LOT;
        bool built = lot->house && in_x > lot->x0 - 1500 && in_x < lot->x1 + 1500 &&
                     in_y > lot->y0 - 1500 && in_y < lot->y1 + 1500;
        share = built || in_x < lot->street_x || in_y < lot->street_y ? 0 : GARDEN_SHARE;
    } else {
        share = scree__synth_woods_at(&scene->world, x, y);
    }
    if (place >= share || scree__synth_ground_at(&scene->world, x, y).water)
        return;
    /* Kinds of tree stand together: the lattice is 65 m. */
    tree->conifer = scree__synth_noise(scene->world.layer[SCREE__SYNTH_TREES], x, y, 16) +
                        scree__synth_wobble(&dice, 16000) >
                    4000;
    tree->present = true;
    tree->x = (int32_t)x;
    tree->y = (int32_t)y;
    tree->tint = (uint8_t)scree__synth_draw(&dice);
    tree->radius = RADIUS_MIN + (int32_t)scree__synth_below(&dice, RADIUS_RANGE);
    tree->height =
        tree->radius * (tree->conifer ? 5 : 3) + (int32_t)scree__synth_below(&dice, 5000) + 2500;
    tree->base = tree->height * (tree->conifer ? 2 : 4) / 10;
}

static const struct scree__synth_tree *tree_of(struct scree__synth_scene *scene, int64_t cell_x,
                                               int64_t cell_y)
{
    struct scree__synth_tree *tree =
        &scene->trees[((uint64_t)cell_y % SCREE__SYNTH_TREE_ROWS) * SCREE__SYNTH_TREE_COLUMNS +
                      (uint64_t)cell_x % SCREE__SYNTH_TREE_COLUMNS];
    if (tree->known && tree->cell_x == cell_x && tree->cell_y == cell_y)
        return tree;
    *tree = (struct scree__synth_tree){.cell_x = cell_x, .cell_y = cell_y, .known = true};
    plant(scene, tree);
    return tree;
}

/* A cone, or a dome: 1 - (distance / radius)^2 of the crown's depth. */
static int32_t crown_height(const struct scree__synth_tree *tree, int64_t x, int64_t y)
{
    int64_t dx = x - tree->x, dy = y - tree->y;
    int64_t square = dx * dx + dy * dy, radius = tree->radius;
    if (square >= radius * radius)
        return 0;
    int64_t share = square * 65536 / (radius * radius);
    if (tree->conifer) {
        /* sqrt on [0, 1] as a parabola is near enough for a spruce: 2 s - s^2 bends the right way.
         */
        share = 2 * share - (share * share >> 16);
    }
    return tree->height - (int32_t)((tree->height - tree->base) * share >> 16);
}

int32_t scree__synth_crown_at(struct scree__synth_scene *scene, int64_t x, int64_t y,
                              const struct scree__synth_tree **tree)
{
    int64_t west = (x + CELL_BIAS * (int64_t)CELL - CELL / 2) / CELL - CELL_BIAS;
    int64_t south = (y + CELL_BIAS * (int64_t)CELL - CELL / 2) / CELL - CELL_BIAS;
    int32_t highest = 0;
    *tree = NULL;
    for (int i = 0; i < 4; i++) {
        const struct scree__synth_tree *candidate =
            tree_of(scene, west + (i & 1), south + (i >> 1));
        if (!candidate->present)
            continue;
        int32_t height = crown_height(candidate, x, y);
        if (height > highest) {
            highest = height;
            *tree = candidate;
        }
    }
    return highest;
}
