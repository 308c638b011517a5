/* ground.c - looks at grids of ground points. */
#include "features/ground.h"

#include <math.h>

/* Runs of cells with so many points are looked at as one. */
#define RUN_POINTS 256u

/* -------------------------------------------------------------------------------------------- looks */

/* What is looked at: a box, and a circle in it. Points a little outside are shown, too. */
struct look {
    const struct scree__features_ground *ground;
    int64_t min[2], max[2];
    double centre[2], radius2; /* below 0: the box alone; may become less on the way */
    bool downward;             /* rows from the last to the first */
    void *user;
    void (*take)(void *user, const struct features_corner *points, uint32_t count);
};

/* The part of a row from y to y + size - 1 that is in the circle. False: none. */
static bool chord(const struct look *look, double low, double high, int64_t *left, int64_t *right)
{
    const double y = look->centre[1], dy = y < low ? low - y : y > high ? y - high : 0;
    const double rest = look->radius2 - dy * dy;
    if (rest < 0)
        return false;
    const double half = sqrt(rest) + 2, from = look->centre[0] - half, to = look->centre[0] + half;
    if (from > (double)*right || to < (double)*left)
        return false;
    if (from > (double)*left)
        *left = (int64_t)from;
    if (to < (double)*right)
        *right = (int64_t)to;
    return *left <= *right;
}

static void look_at_level(const struct look *look, uint32_t number);

static void look_at_cells(const struct look *look, uint32_t begin, uint32_t end)
{
    const struct scree__features_ground *ground = look->ground;
    const struct features_ground_cell *cells = ground->cells;
    const uint32_t first = cells[begin].first, last = cells[end].first;
    if (first == last)
        return;
    if (last - first <= RUN_POINTS || ground->level_count == 1) {
        look->take(look->user, ground->points + first, last - first);
        return;
    }
    for (uint32_t c = begin; c < end; c++) {
        if (cells[c].inner != 0)
            look_at_level(look, cells[c].inner - 1);
        else if (cells[c].first != cells[c + 1].first)
            look->take(look->user, ground->points + cells[c].first,
                       cells[c + 1].first - cells[c].first);
    }
}

static void look_at_level(const struct look *look, uint32_t number)
{
    const struct features_ground_level *level = &look->ground->levels[number];
    int64_t min[2], max[2];
    for (int a = 0; a < 2; a++) {
        min[a] = look->min[a] > level->min[a] ? look->min[a] : level->min[a];
        max[a] = look->max[a] < level->max[a] ? look->max[a] : level->max[a];
        if (min[a] > max[a])
            return;
    }
    const uint32_t begin = (uint32_t)(min[1] - level->min[1]) >> level->shift,
                   end = (uint32_t)(max[1] - level->min[1]) >> level->shift;
    for (uint32_t i = 0; i <= end - begin; i++) {
        const uint32_t row = look->downward ? end - i : begin + i;
        int64_t left = min[0], right = max[0];
        const double low = level->min[1] + (double)row * (double)((uint32_t)1 << level->shift);
        if (look->radius2 >= 0 &&
            !chord(look, low, low + (double)(((uint32_t)1 << level->shift) - 1), &left, &right))
            continue;
        const uint32_t cells = level->cells + row * level->across;
        look_at_cells(look, cells + ((uint32_t)(left - level->min[0]) >> level->shift),
                      cells + ((uint32_t)(right - level->min[0]) >> level->shift) + 1);
    }
}

/* Everything in the box and circle, and what is beside the grid. */
static void look_around(const struct look *look)
{
    const struct scree__features_ground *ground = look->ground;
    if (ground->level_count > 0)
        look_at_level(look, 0);
    if (ground->beside > 0)
        look->take(look->user, ground->points + ground->count, ground->beside);
}

static void set_square(struct look *look, struct features_place p, int64_t half)
{
    look->min[0] = (int64_t)p.x - half;
    look->max[0] = (int64_t)p.x + half;
    look->min[1] = (int64_t)p.y - half;
    look->max[1] = (int64_t)p.y + half;
}

/* Is the whole grid in the box? */
static bool covers(const struct look *look)
{
    if (look->ground->level_count == 0)
        return true;
    const struct features_ground_level *level = &look->ground->levels[0];
    for (int a = 0; a < 2; a++)
        if (look->min[a] > level->min[a] || look->max[a] < level->max[a])
            return false;
    return true;
}

static int64_t cell_side(const struct scree__features_ground *ground)
{
    return ground->level_count > 0 ? (int64_t)1 << ground->levels[0].shift : 1;
}

/* -------------------------------------------------------------------------------------- one position */

uint32_t scree__features_ground_at(const struct scree__features_ground *ground,
                                   struct features_place p)
{
    const struct features_corner *points = ground->points;
    for (uint32_t number = 1; number != 0 && number <= ground->level_count;) {
        const struct features_ground_level *level = &ground->levels[number - 1];
        if (p.x < level->min[0] || p.x > level->max[0] || p.y < level->min[1] ||
            p.y > level->max[1])
            break;
        const struct features_ground_cell *cell =
            &ground->cells[scree__features_ground_cell(level, p.x, p.y)];
        number = cell->inner;
        for (uint32_t i = cell->first; i < cell[1].first && number == 0; i++)
            if (points[i].x == p.x && points[i].y == p.y)
                return i;
    }
    for (uint32_t i = ground->count; i < ground->count + ground->beside; i++)
        if (points[i].x == p.x && points[i].y == p.y)
            return i;
    return FEATURES_NO_GROUND;
}

/* ----------------------------------------------------------------------------------- three around one */

struct around {
    struct features_place p;
    double best[4];
    const struct features_corner *quadrant[4];
    struct look look;
    int only; /* the one quadrant that is looked at; -1: all */
};

static void around_take(void *user, const struct features_corner *points, uint32_t count)
{
    struct around *around = user;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t dx = (int64_t)points[i].x - around->p.x,
                      dy = (int64_t)points[i].y - around->p.y;
        const double d2 = (double)dx * (double)dx + (double)dy * (double)dy;
        const unsigned q = features_quadrant(dx, dy);
        if (d2 < around->best[q] && d2 > 0) {
            around->best[q] = d2;
            around->quadrant[q] = &points[i];
            if ((int)q == around->only)
                around->look.radius2 = d2;
        }
    }
}

/* The nearest one of a quadrant within the square of half a side about p. */
static void look_at_quadrant(struct around *around, unsigned quadrant, int64_t half)
{
    const struct features_place p = around->p;
    const bool right = quadrant == 0 || quadrant == 3, up = quadrant < 2;
    struct look *look = &around->look;
    look->min[0] = right ? p.x : (int64_t)p.x - half;
    look->max[0] = right ? (int64_t)p.x + half : p.x;
    look->min[1] = up ? p.y : (int64_t)p.y - half;
    look->max[1] = up ? (int64_t)p.y + half : p.y;
    look->downward = !up;
    look->radius2 = 2.0 * (double)half * (double)half;
    around->only = (int)quadrant;
    look_at_level(look, 0);
}

/* Beyond the first square only quadrants in which nothing was found are looked at. */
bool scree__features_ground_around(const struct scree__features_ground *ground,
                                   struct features_place p, struct features_facet *facet)
{
    struct around around = {.p = p,
                            .look = {.ground = ground,
                                     .centre = {p.x, p.y},
                                     .radius2 = -1,
                                     .user = &around,
                                     .take = around_take},
                            .only = -1};
    int64_t half = cell_side(ground);
    for (int q = 0; q < 4; q++)
        around.best[q] = INFINITY;
    set_square(&around.look, p, half);
    look_around(&around.look);
    while (!covers(&around.look)) {
        if (scree__features_facet_start(around.quadrant, p, facet))
            return true;
        half *= 2;
        for (unsigned q = 0; q < 4; q++)
            if (around.quadrant[q] == NULL)
                look_at_quadrant(&around, q, half);
        set_square(&around.look, p, half);
    }
    return scree__features_facet_start(around.quadrant, p, facet);
}

/* --------------------------------------------------------------------------------------- in a circle */

struct within {
    const struct features_facet *facet;
    struct features_place p;
    struct features_bowl bowl;
    double limit; /* less than this is looked at more closely */
    uint64_t looks;
    const struct features_corner *found;
};

static void within_take(void *user, const struct features_corner *points, uint32_t count)
{
    struct within *within = user;
    const struct features_bowl bowl = within->bowl;
    const double px = within->p.x, py = within->p.y;
    within->looks += count;
    for (uint32_t i = 0; i < count; i++) {
        const double dx = (double)points[i].x - px, dy = (double)points[i].y - py;
        const double value = dx * dx + dy * dy - (bowl.a * dx + bowl.b * dy + bowl.c);
        if (!(value < within->limit))
            continue;
        const double slack = scree__features_bowl_slack(&bowl, dx, dy);
        if (value < -slack) {
            within->limit = value;
            within->found = &points[i];
        } else if (value <= slack && within->limit > -slack &&
                   scree__features_facet_rejects(within->facet, features_place_of(&points[i]))) {
            within->limit = -slack;
            within->found = &points[i];
        }
    }
}

uint32_t scree__features_ground_within(const struct scree__features_ground *ground,
                                       const struct features_facet *facet,
                                       const struct features_circle *circle,
                                       struct features_place p, uint64_t *looks)
{
    struct within within = {.facet = facet, .p = p};
    struct look look = {.ground = ground,
                        .centre = {circle->centre[0], circle->centre[1]},
                        .radius2 = circle->radius * circle->radius,
                        .user = &within,
                        .take = within_take};
    const double reach = circle->radius + fabs(circle->centre[0] - p.x) +
                         fabs(circle->centre[1] - p.y) + 4.0 * (double)cell_side(ground);
    scree__features_facet_bowl(facet, p, &within.bowl);
    within.limit = scree__features_bowl_slack(&within.bowl, reach, reach);
    for (int64_t half = 2 * cell_side(ground);; half *= 4) {
        set_square(&look, p, half);
        look_around(&look);
        bool all = true;
        for (int a = 0; a < 2; a++)
            all = all && circle->centre[a] - circle->radius >= (double)look.min[a] &&
                  circle->centre[a] + circle->radius <= (double)look.max[a];
        if (within.found != NULL || all || covers(&look)) {
            *looks += within.looks;
            return within.found != NULL ? (uint32_t)(within.found - ground->points)
                                        : FEATURES_NO_GROUND;
        }
    }
}

/* ----------------------------------------------------------------------------------------- nearest */

struct nearest {
    struct features_place p;
    uint32_t k, count;
    uint64_t bound; /* more than this is too far */
    struct features_near *near;
    struct look look;
};

static bool is_before(const struct features_near *a, const struct features_near *b)
{
    if (a->d2 != b->d2)
        return a->d2 < b->d2;
    return a->at.x != b->at.x ? a->at.x < b->at.x : a->at.y < b->at.y;
}

static void insert(struct nearest *nearest, const struct features_near *one)
{
    uint32_t at = nearest->count;
    for (uint32_t i = 0; i < nearest->count; i++)
        if (nearest->near[i].at.x == one->at.x && nearest->near[i].at.y == one->at.y)
            return;
    while (at > 0 && is_before(one, &nearest->near[at - 1]))
        at--;
    if (at >= nearest->k)
        return;
    const uint32_t last = nearest->count < nearest->k ? nearest->count++ : nearest->k - 1;
    for (uint32_t i = last; i > at; i--)
        nearest->near[i] = nearest->near[i - 1];
    nearest->near[at] = *one;
    if (nearest->count == nearest->k) {
        const double bound = (double)(nearest->bound = nearest->near[nearest->k - 1].d2);
        nearest->look.radius2 = bound < nearest->look.radius2 ? bound : nearest->look.radius2;
    }
}

static void nearest_take(void *user, const struct features_corner *points, uint32_t count)
{
    struct nearest *nearest = user;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t dx = (int64_t)points[i].x - nearest->p.x,
                      dy = (int64_t)points[i].y - nearest->p.y;
        const uint64_t d2 = (uint64_t)(dx * dx) + (uint64_t)(dy * dy);
        if (d2 > nearest->bound)
            continue;
        const struct features_near one = {d2, points[i],
                                          (uint32_t)(points + i - nearest->look.ground->points)};
        insert(nearest, &one);
    }
}

/* Rows above p upwards, then those below it downwards: the circle becomes smaller on the way. */
static void look_at_disc(struct nearest *nearest, int64_t half)
{
    struct look *look = &nearest->look;
    look->radius2 = (double)half * (double)half;
    for (int down = 0; down < 2; down++) {
        set_square(look, nearest->p, half);
        *(down ? &look->max[1] : &look->min[1]) = nearest->p.y;
        look->downward = down != 0;
        look_at_level(look, 0);
    }
}

uint32_t scree__features_ground_nearest(const struct scree__features_ground *ground,
                                        struct features_place p, uint32_t k, uint64_t limit2,
                                        uint32_t hint, struct features_near *near)
{
    struct nearest nearest = {
        p, k, 0, limit2, near, {.ground = ground, .centre = {p.x, p.y}, .take = nearest_take}};
    nearest.look.user = &nearest;
    const int64_t all = (int64_t)sqrt((double)limit2) + 2;
    if (hint < ground->count)
        nearest_take(&nearest, ground->points + hint, 1);
    nearest_take(&nearest, ground->points + ground->count, ground->beside);
    for (int64_t half = cell_side(ground); ground->level_count > 0; half *= 2) {
        /* Where k are there already none is farther than they. */
        if (nearest.count == k)
            half = (int64_t)sqrt((double)nearest.bound) + 2;
        half = half < all ? half : all;
        const bool last = half == all || nearest.count == k;
        look_at_disc(&nearest, half);
        set_square(&nearest.look, p, half / 10 * 7); /* the square in the disc */
        const double reached = (double)half - 1;
        if (last || covers(&nearest.look) ||
            (nearest.count == k && (double)nearest.bound <= reached * reached))
            break;
    }
    return nearest.count;
}
