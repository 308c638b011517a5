/* heights_tree.c - the ground beyond what was read around a part: walks over the survey's tree. */
#include "enrich/heights.h"

#include <math.h>
#include <string.h>

/* A box is as dear to look at as so many points. */
#define NODE_LOOKS 8u

struct search {
    const struct scree__enrich_ground *ground;
    struct scree__enrich_walk *walk;
    struct features_place near;
    /* In a circle. */
    const struct features_facet *facet; /* NULL: beyond a line */
    const struct features_circle *circle;
    struct features_bowl bowl;
    double limit; /* what lies above this is not in the circle */
    uint64_t looks;
    /* Beyond a line, or on it behind a. */
    struct features_place line[2];
    bool opposite;

    struct features_corner found;
    double best;
};

static int64_t clamp(int64_t x)
{
    return x > FEATURES_GROUND_MAX    ? FEATURES_GROUND_MAX
           : x < -FEATURES_GROUND_MAX ? -FEATURES_GROUND_MAX
                                      : x;
}

/* May the box have points beyond the line? Its corners tell. */
static bool meets_line(const struct search *search, const int64_t min[2], const int64_t max[2])
{
    for (int c = 0; c < 4; c++) {
        const struct features_place p = {(int32_t)clamp(c & 1 ? max[0] : min[0]),
                                         (int32_t)clamp(c & 2 ? max[1] : min[1])};
        const int64_t turn = features_turn(search->line[0], search->line[1], p);
        if (turn > 0 || (search->opposite && turn == 0))
            return true;
    }
    return false;
}

static bool search_meets(void *user, const struct scree__enrich_node *node)
{
    struct search *search = user;
    const struct scree__enrich_ground *ground = search->ground;
    const int32_t *middle = ground->window->middle;
    int64_t min[2], max[2];
    search->looks += NODE_LOOKS;
    double far2 = 0;
    bool known = true;
    if (node->ground == 0)
        return false;
    for (int a = 0; a < 2; a++) {
        min[a] = (int64_t)node->min[a] - middle[a];
        max[a] = (int64_t)node->max[a] - middle[a];
        if (min[a] > ground->region_max[a] || max[a] < ground->region_min[a])
            return false;
        known = known && min[a] >= ground->whole_min[a] && max[a] <= ground->whole_max[a];
    }
    if (search->facet == NULL)
        return meets_line(search, min, max);
    for (int a = 0; a < 2; a++) {
        const double low = (double)min[a], high = (double)max[a], c = search->circle->centre[a];
        const double d = c < low ? low - c : c > high ? c - high : 0;
        far2 += d * d;
    }
    if (known || far2 > search->circle->radius * search->circle->radius)
        return false;
    return ground->window->lifts == NULL ||
           !scree__enrich_lift_clears(ground->window, node, &search->bowl, search->near);
}

/* How much a point is to be preferred, the least first; false: it does not count. */
static bool worth_in_circle(const struct search *search, struct features_place at, double *worth)
{
    const double dx = (double)at.x - search->near.x, dy = (double)at.y - search->near.y;
    const double value =
        dx * dx + dy * dy - (search->bowl.a * dx + search->bowl.b * dy + search->bowl.c);
    *worth = value;
    if (!(value < search->limit))
        return false;
    const double slack = scree__features_bowl_slack(&search->bowl, dx, dy);
    return value < -slack || (value <= slack && scree__features_facet_rejects(search->facet, at));
}

static bool worth_beyond(const struct search *search, struct features_place at, double *worth)
{
    const struct features_place a = search->line[0], b = search->line[1];
    const int64_t turn = features_turn(a, b, at);
    *worth = -(double)turn;
    if (turn != 0 || !search->opposite)
        return turn > 0;
    return ((int64_t)at.x - a.x) * ((int64_t)b.x - a.x) +
               ((int64_t)at.y - a.y) * ((int64_t)b.y - a.y) <
           0;
}

/* Of the points of a leaf that count: the one deepest in a circle, the farthest one beyond a line. */
static void search_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct search *search = user;
    const struct scree__enrich_ground *ground = search->ground;
    const int32_t *middle = ground->window->middle;
    bool found = false, all = true;
    double least = INFINITY;
    search->looks += count;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        const int64_t x = (int64_t)p->x - middle[0], y = (int64_t)p->y - middle[1];
        double worth;
        if (!(p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND))
            continue;
        if (x < ground->region_min[0] || x > ground->region_max[0] || y < ground->region_min[1] ||
            y > ground->region_max[1]) {
            all = false;
            continue;
        }
        const struct features_place at = {(int32_t)x, (int32_t)y};
        const bool counts = search->facet != NULL ? worth_in_circle(search, at, &worth)
                                                  : worth_beyond(search, at, &worth);
        least = worth < least ? worth : least;
        if (!counts || (found && worth >= search->best))
            continue;
        found = true;
        search->best = worth;
        search->found = (struct features_corner){at.x, at.y, scree__enrich_minus(p->z, middle[2])};
    }
    search->walk->done = found;
    if (search->facet != NULL && all && !found && ground->window->lifts != NULL)
        scree__enrich_lift_keep(ground->window, node, &search->bowl, search->near, least);
}

/* ------------------------------------------------------------------------------------- lowest of one place */

static bool lowest_meets(void *user, const struct scree__enrich_node *node)
{
    const int32_t *lowest = user;
    return node->ground > 0 && node->min[0] <= lowest[0] && node->max[0] >= lowest[0] &&
           node->min[1] <= lowest[1] && node->max[1] >= lowest[1] && node->min[2] < lowest[2];
}

static void lowest_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    int32_t *lowest = user;
    (void)node;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        if ((p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND) && p->x == lowest[0] &&
            p->y == lowest[1] && p->z < lowest[2])
            lowest[2] = p->z;
    }
}

/* The same place may have lower points in another leaf. */
static enum scree_status find_lowest(struct scree__enrich_ground *ground,
                                     struct features_corner *point, struct scree_error *err)
{
    const int32_t *middle = ground->window->middle;
    int32_t lowest[3] = {(int32_t)((int64_t)point->x + middle[0]),
                         (int32_t)((int64_t)point->y + middle[1]),
                         (int32_t)((uint32_t)point->z + (uint32_t)middle[2])};
    struct scree__enrich_walk walk = {
        .flat = true, .user = lowest, .meets = lowest_meets, .take = lowest_take};
    memcpy(walk.at, lowest, sizeof walk.at);
    enum scree_status status = scree__enrich_walk(&ground->window->seek, &walk, err);
    point->z = scree__enrich_minus(lowest[2], middle[2]);
    return status;
}

static enum scree_status ask(struct scree__enrich_ground *ground, struct search *search,
                             struct features_corner *point, bool *found, struct scree_error *err)
{
    struct scree__enrich_walk walk = {
        .flat = true, .user = search, .meets = search_meets, .take = search_take};
    search->ground = ground;
    search->walk = &walk;
    walk.at[0] = (int32_t)((int64_t)search->near.x + ground->window->middle[0]);
    walk.at[1] = (int32_t)((int64_t)search->near.y + ground->window->middle[1]);
    enum scree_status status = scree__enrich_walk(&ground->window->seek, &walk, err);
    *found = walk.done;
    if (status != SCREE_OK || !walk.done)
        return status;
    status = find_lowest(ground, &search->found, err);
    *point = search->found;
    if (status == SCREE_OK &&
        scree__features_ground_at(&ground->near, features_place_of(point)) == FEATURES_NO_GROUND)
        scree__features_ground_add(&ground->near, point);
    return status;
}

enum scree_status scree__enrich_ground_in_circle(struct scree__enrich_ground *ground,
                                                 const struct features_facet *facet,
                                                 const struct features_circle *circle,
                                                 struct features_place p,
                                                 struct features_corner *point, bool *found,
                                                 uint64_t *looks, struct scree_error *err)
{
    struct search search = {.near = p, .facet = facet, .circle = circle};
    scree__features_facet_bowl(facet, p, &search.bowl);
    const double side = (double)(ground->region_max[0] - ground->region_min[0]) +
                        (double)(ground->region_max[1] - ground->region_min[1]);
    search.limit = scree__features_bowl_slack(&search.bowl, side, side);
    enum scree_status status = ask(ground, &search, point, found, err);
    *looks += search.looks;
    scree__enrich_lift_begin(ground->window, search.looks);
    return status;
}

enum scree_status scree__enrich_ground_beyond(struct scree__enrich_ground *ground,
                                              struct features_place a, struct features_place b,
                                              bool opposite, struct features_corner *point,
                                              bool *found, struct scree_error *err)
{
    struct search search = {.near = a, .line = {a, b}, .opposite = opposite};
    return ask(ground, &search, point, found, err);
}

/* --------------------------------------------------------------------------------------- all of a disc */

struct disc {
    struct scree__enrich_window *window;
    struct scree__enrich_walk *walk;
    double reach2;
    bool full;
};

static bool disc_meets(void *user, const struct scree__enrich_node *node)
{
    const struct disc *disc = user;
    double sum = 0;
    for (int a = 0; a < 2; a++) {
        const double at = disc->walk->at[a], low = node->min[a], high = node->max[a];
        const double d = at < low ? low - at : at > high ? at - high : 0;
        sum += d * d;
    }
    return node->ground > 0 && sum <= disc->reach2;
}

static void disc_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                      uint32_t count, uint32_t stride)
{
    struct disc *disc = user;
    struct scree__enrich_window *window = disc->window;
    scree__enrich_lowest_ground(node, &points, &count, stride);
    for (uint32_t i = 0; i < count && !disc->full; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        const double dx = (double)p->x - disc->walk->at[0], dy = (double)p->y - disc->walk->at[1];
        if (!(p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND) || dx * dx + dy * dy > disc->reach2)
            continue;
        disc->full = disc->walk->done = window->count == window->capacity;
        if (disc->full)
            return;
        window->x[window->count] = p->x;
        window->y[window->count] = p->y;
        window->z[window->count++] = p->z;
    }
}

enum scree_status scree__enrich_ground_collect(struct scree__enrich_ground *ground,
                                               const int32_t at[3], double reach, bool *whole,
                                               struct scree_error *err)
{
    struct disc disc = {.window = ground->window, .reach2 = reach * reach};
    struct scree__enrich_walk walk = {
        .flat = true, .user = &disc, .meets = disc_meets, .take = disc_take};
    disc.walk = &walk;
    memcpy(walk.at, at, sizeof walk.at);
    ground->window->count = 0;
    enum scree_status status = scree__enrich_walk(&ground->window->seek, &walk, err);
    *whole = !disc.full;
    return status;
}

/* --------------------------------------------------------------------------------------- surrounding */

/* What is seen from p lies to the left of `right` and to the right of `left`, within less than half a circle. */
struct wedge {
    struct features_place p;
    struct features_corner left, right;
};

static int64_t turn_at(struct features_place p, const struct features_corner *a,
                       const struct features_corner *b)
{
    return features_turn(p, features_place_of(a), features_place_of(b));
}

/* p lies between the wedge's one direction and `behind`: any third point will do. */
static enum scree_status third_point(struct scree__enrich_ground *ground, const struct wedge *wedge,
                                     const struct features_corner *behind,
                                     struct features_facet *facet, bool *found,
                                     struct scree_error *err)
{
    struct features_corner third;
    const struct features_place a = features_place_of(&wedge->right), b = features_place_of(behind);
    *facet = (struct features_facet){{wedge->right, *behind, wedge->right}};
    enum scree_status status = scree__enrich_ground_beyond(ground, a, b, false, &third, found, err);
    if (status == SCREE_OK && !*found) {
        *facet = (struct features_facet){{*behind, wedge->right, wedge->right}};
        status = scree__enrich_ground_beyond(ground, b, a, false, &third, found, err);
    }
    if (status == SCREE_OK && *found)
        facet->corner[2] = third;
    return status;
}

/* From the wedge's ends to an edge of the hull that p lies beyond. */
static enum scree_status remember_edge(struct scree__enrich_ground *ground, struct wedge *wedge,
                                       struct scree_error *err)
{
    struct features_corner between;
    bool found = true;
    enum scree_status status = SCREE_OK;
    if (turn_at(wedge->p, &wedge->right, &wedge->left) <= 0)
        return SCREE_OK;
    while (found) {
        const struct features_place a = features_place_of(&wedge->right),
                                    b = features_place_of(&wedge->left);
        status = scree__enrich_ground_beyond(ground, a, b, false, &between, &found, err);
        if (status != SCREE_OK)
            return status;
        if (found && turn_at(wedge->p, &wedge->right, &between) > 0)
            wedge->left = between;
        else if (found)
            wedge->right = between;
    }
    struct features_place *edge = ground->hull[ground->hull_count++ % ENRICH_HULL_EDGES];
    edge[0] = features_place_of(&wedge->right);
    edge[1] = features_place_of(&wedge->left);
    return SCREE_OK;
}

static bool beyond_hull(const struct scree__enrich_ground *ground, struct features_place p)
{
    const uint32_t count =
        ground->hull_count < ENRICH_HULL_EDGES ? ground->hull_count : ENRICH_HULL_EDGES;
    for (uint32_t i = 0; i < count; i++)
        if (features_turn(ground->hull[i][0], ground->hull[i][1], p) > 0)
            return true;
    return false;
}

enum scree_status scree__enrich_ground_surround(struct scree__enrich_ground *ground,
                                                struct features_place p,
                                                const struct features_corner *first,
                                                struct features_facet *facet, bool *found,
                                                struct scree_error *err)
{
    struct wedge wedge = {p, *first, *first};
    struct features_corner q;
    bool more = true;
    enum scree_status status = SCREE_OK;
    *found = false;
    if (beyond_hull(ground, p))
        return SCREE_OK;
    while (status == SCREE_OK && more) {
        status = scree__enrich_ground_beyond(ground, p, features_place_of(&wedge.left), true, &q,
                                             &more, err);
        if (status != SCREE_OK)
            return status;
        if (more && turn_at(p, &wedge.right, &q) > 0) {
            wedge.left = q;
            continue;
        }
        if (more && turn_at(p, &wedge.right, &wedge.left) == 0)
            return third_point(ground, &wedge, &q, facet, found, err);
        if (more) {
            *facet = (struct features_facet){{wedge.right, wedge.left, q}};
            *found = true;
            return SCREE_OK;
        }
        status = scree__enrich_ground_beyond(ground, features_place_of(&wedge.right), p, false, &q,
                                             &more, err);
        if (status == SCREE_OK && more && turn_at(p, &q, &wedge.left) <= 0) {
            *facet = (struct features_facet){{q, wedge.right, wedge.left}};
            *found = true;
            return SCREE_OK;
        }
        if (more)
            wedge.right = q;
    }
    return status == SCREE_OK ? remember_edge(ground, &wedge, err) : status;
}
