/* power.c - power lines, about a kilometre apart: towers every 180 m, three wires that sag between
 * them. */
#include "synth/scene.h"

#define LINE_EVERY ((int64_t)1 << 20)
#define LINE_AT 170000 /* of the first, at x = 0, from the south */
#define LINE_MIDDLE (LINE_EVERY / 2)
#define SPAN 180000
#define SAG 5000
#define TOWER_HEIGHT 28000
#define TOWER_HALF 1300
#define WIRE_HALF 160 /* half of the wire's and the beam's breadth together */
#define WIRE_APART 5000
#define TOWER_SHARE 24000 /* of 65536: most of the light passes a lattice tower */

/* Where the line runs: a slope of 3/16. */
static int64_t line_y(int64_t x)
{
    return LINE_AT + x * 3 / 16;
}

bool scree__synth_power_near(int64_t x, int64_t y, int64_t distance)
{
    int64_t across = (y - line_y(x) + LINE_MIDDLE + 1024 * LINE_EVERY) % LINE_EVERY - LINE_MIDDLE;
    return across < distance && across > -distance;
}

static int32_t tower_top(struct scree__synth_scene *scene, int64_t tower, int64_t base_y)
{
    int64_t x = tower * SPAN;
    return scree__synth_ground_at(&scene->world, x, base_y + line_y(x)).z + TOWER_HEIGHT;
}

enum scree__synth_power scree__synth_power_at(struct scree__synth_scene *scene, int64_t x,
                                              int64_t y, struct scree__synth_dice *dice, int32_t *z)
{
    int64_t across = y - line_y(x) + LINE_MIDDLE;
    int64_t line = (across + 1024 * LINE_EVERY) / LINE_EVERY - 1024;
    across -= line * LINE_EVERY + LINE_MIDDLE;
    if (across > WIRE_APART + WIRE_HALF || across < -WIRE_APART - WIRE_HALF)
        return SCREE__SYNTH_NO_POWER;
    int64_t tower = (x + 1024 * (int64_t)SPAN) / SPAN - 1024;
    int64_t along = x - tower * SPAN;
    if ((along < TOWER_HALF || along > SPAN - TOWER_HALF) && across < TOWER_HALF &&
        across > -TOWER_HALF) {
        if (!scree__synth_chance(dice, TOWER_SHARE))
            return SCREE__SYNTH_NO_POWER;
        int64_t nearest = along < TOWER_HALF ? tower : tower + 1;
        *z = tower_top(scene, nearest, line * LINE_EVERY) -
             (int32_t)scree__synth_below(dice, TOWER_HEIGHT - 1500);
        return SCREE__SYNTH_TOWER;
    }
    int64_t off = (across + 2 * WIRE_APART + WIRE_APART / 2) % WIRE_APART - WIRE_APART / 2;
    if (off > WIRE_HALF || off < -WIRE_HALF)
        return SCREE__SYNTH_NO_POWER;
    int64_t from = tower_top(scene, tower, line * LINE_EVERY);
    int64_t to = tower_top(scene, tower + 1, line * LINE_EVERY);
    int64_t straight = from + (to - from) * along / SPAN;
    *z = (int32_t)(straight - 4 * (int64_t)SAG * along / SPAN * (SPAN - along) / SPAN) - 1500;
    return SCREE__SYNTH_WIRE;
}
