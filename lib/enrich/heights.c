/*
 * heights.c - how high the points of a part lie above the ground.
 *
 * The ground is the Delaunay network of the survey's ground points, its triangles with circumcircles up to a limit; beyond it the nearest ground
 * point counts, up to the same limit. What is built is the network of the ground points around the part. A triangle of it is one of the survey's
 * if no ground point of the survey lies in its circle; nor does one have to be looked for farther from the part than twice the limit, because any
 * other triangle about the same place would have a circle that large at most. So triangles whose circles leave what was read are asked about in the survey's
 * tree; a point that turns up is put into the network, and the question is put again. A place outside the network's hull is
 * outside of the survey's if no ground point lies beyond the edge there, again within twice the limit.
 */
#include "enrich/window.h"
#include "base/error.h"
#include "features/exact.h"

#include <math.h>
#include <string.h>

/* Of the distance between ground points: how much around the part is read at first. */
#define GROUND_SPACINGS 6.0
#define KNOWN 1024u
/* Room for points that turn up. */
#define ROOM 2048u

struct known { /* corners of a triangle, or of an edge and a ghost, that is one of the survey's */
    uint32_t corner[3];
    bool valid;
};

struct ground {
    struct scree__enrich_window *window;
    struct scree__features_tin tin;
    int64_t whole_min[2], whole_max[2];   /* all ground points in here are in the network */
    int64_t region_min[2], region_max[2]; /* no other points matter */
    double reach2;
    bool partial; /* there was no room for all points around the part */
    struct known known[KNOWN];
};

/* -------------------------------------------------------------------------------- the survey's tree */

struct search_ground {
    const struct ground *ground;
    struct features_place corner[3]; /* of a circle; the first two: of an edge */
    struct features_circle circle;
    bool edge;
    struct features_place near;
    struct scree__enrich_walk *walk;
    int32_t found[3];
    double best;
};

/* The window's coordinates of a node's box and of a point are whole numbers about its middle. */
static bool search_meets(void *user, const struct scree__enrich_node *node)
{
    const struct search_ground *search = user;
    const struct ground *ground = search->ground;
    const int32_t *middle = ground->window->middle;
    double far2 = 0;
    if (node->ground == 0)
        return false;
    bool known = true;
    for (int a = 0; a < 2; a++) {
        if (node->min[a] > ground->region_max[a] || node->max[a] < ground->region_min[a])
            return false;
        known =
            known && node->min[a] >= ground->whole_min[a] && node->max[a] <= ground->whole_max[a];
        if (search->edge)
            continue;
        double low = (double)node->min[a] - middle[a], high = (double)node->max[a] - middle[a];
        double c = search->circle.centre[a], d = c < low ? low - c : c > high ? c - high : 0;
        far2 += d * d;
    }
    if (known || (!search->edge && far2 > search->circle.radius * search->circle.radius))
        return false;
    if (!search->edge)
        return true;
    /* Does any corner of the box lie beyond the edge? */
    for (int c = 0; c < 4; c++) {
        int64_t x = (c & 1 ? (int64_t)node->max[0] : node->min[0]) - middle[0];
        int64_t y = (c & 2 ? (int64_t)node->max[1] : node->min[1]) - middle[1];
        x = x > FEATURES_TIN_MAX ? FEATURES_TIN_MAX : x < -FEATURES_TIN_MAX ? -FEATURES_TIN_MAX : x;
        y = y > FEATURES_TIN_MAX ? FEATURES_TIN_MAX : y < -FEATURES_TIN_MAX ? -FEATURES_TIN_MAX : y;
        struct features_place p = {(int32_t)x, (int32_t)y};
        if (features_turn(search->corner[0], search->corner[1], p) > 0)
            return true;
    }
    return false;
}

/* Of the points of a leaf that count: the nearest one in a circle, the farthest one beyond an edge; the lowest of those at one place. */
static void search_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct search_ground *search = user;
    const struct ground *ground = search->ground;
    const int32_t *middle = ground->window->middle;
    bool found = false;
    (void)node;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        if (!(p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND) || p->x < ground->region_min[0] ||
            p->x > ground->region_max[0] || p->y < ground->region_min[1] ||
            p->y > ground->region_max[1])
            continue;
        struct features_place at = {p->x - middle[0], p->y - middle[1]};
        double worth;
        if (search->edge) {
            int64_t turn = features_turn(search->corner[0], search->corner[1], at);
            if (turn <= 0)
                continue;
            worth = -(double)turn;
        } else {
            if (!scree__features_in_circle(search->corner[0], search->corner[1], search->corner[2],
                                           at))
                continue;
            double dx = (double)at.x - search->near.x, dy = (double)at.y - search->near.y;
            worth = dx * dx + dy * dy;
        }
        bool same = found && at.x == search->found[0] && at.y == search->found[1];
        if (found && (same ? scree__enrich_minus(p->z, middle[2]) >= search->found[2]
                           : worth >= search->best))
            continue;
        found = true;
        search->best = worth;
        search->found[0] = at.x;
        search->found[1] = at.y;
        search->found[2] = scree__enrich_minus(p->z, middle[2]);
    }
    search->walk->done = found;
}

/* The same place may have lower points in another leaf: leaves at one position hold others of the same x and y. */
struct lowest {
    int32_t at[3];
};

static bool lowest_meets(void *user, const struct scree__enrich_node *node)
{
    const struct lowest *lowest = user;
    return node->ground > 0 && node->min[0] <= lowest->at[0] && node->max[0] >= lowest->at[0] &&
           node->min[1] <= lowest->at[1] && node->max[1] >= lowest->at[1] &&
           node->min[2] < lowest->at[2];
}

static void lowest_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct lowest *lowest = user;
    (void)node;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        if ((p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND) && p->x == lowest->at[0] &&
            p->y == lowest->at[1] && p->z < lowest->at[2])
            lowest->at[2] = p->z;
    }
}

static enum scree_status find_lowest(struct ground *ground, int32_t found[3],
                                     struct scree_error *err)
{
    struct lowest lowest;
    struct scree__enrich_walk walk = {
        .flat = true, .user = &lowest, .meets = lowest_meets, .take = lowest_take};
    for (int a = 0; a < 3; a++)
        lowest.at[a] = (int32_t)((uint32_t)found[a] + (uint32_t)ground->window->middle[a]);
    memcpy(walk.at, lowest.at, sizeof walk.at);
    enum scree_status status = scree__enrich_walk(&ground->window->seek, &walk, err);
    found[2] = scree__enrich_minus(lowest.at[2], ground->window->middle[2]);
    return status;
}

static enum scree_status put_in(struct ground *ground, int32_t found[3], struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    if (window->count >= window->capacity + ENRICH_WINDOW_ROOM)
        return scree__base_fail(err, SCREE_E_BUDGET,
                                "the ground around %u points has too many corners for a window of "
                                "%llu points: a larger budget helps",
                                window->core_count, (unsigned long long)window->capacity);
    enum scree_status status = find_lowest(ground, found, err);
    window->x[window->count] = found[0];
    window->y[window->count] = found[1];
    window->z[window->count] = found[2];
    if (status == SCREE_OK)
        status = scree__features_tin_add(&ground->tin, window->count++, err);
    return status;
}

/* *found: a point was, and is in the network now. */
static enum scree_status ask(struct ground *ground, struct search_ground *search, bool *found,
                             struct scree_error *err)
{
    struct scree__enrich_walk walk = {
        .flat = true, .user = search, .meets = search_meets, .take = search_take};
    search->ground = ground;
    search->walk = &walk;
    walk.at[0] = search->near.x + ground->window->middle[0];
    walk.at[1] = search->near.y + ground->window->middle[1];
    enum scree_status status = scree__enrich_walk(&ground->window->seek, &walk, err);
    *found = walk.done;
    if (status == SCREE_OK && walk.done)
        status = put_in(ground, search->found, err);
    return status;
}

/* --------------------------------------------------------------------------- what is the survey's */

static struct known *known_of(struct ground *ground, const struct features_triangle *t)
{
    uint32_t hash = (t->corner[0] * 0x9E3779B1u ^ t->corner[1]) * 0x85EBCA77u ^ t->corner[2];
    hash = (hash ^ hash >> 15) * 0x2C1B3C6Du;
    return &ground->known[(hash ^ hash >> 13) % KNOWN];
}

static struct features_place place_of(const struct ground *ground, uint32_t corner)
{
    struct features_place p = {ground->window->x[corner], ground->window->y[corner]};
    return p;
}

/*
 * Is a triangle one of the survey's, or a ghost's edge one of its hull? *changed: it was not, and the network has one more point.
 */
static enum scree_status check(struct ground *ground, uint32_t triangle, struct features_place near,
                               bool *changed, struct scree_error *err)
{
    const struct features_triangle *t = &ground->tin.triangles[triangle];
    struct known *known = known_of(ground, t);
    struct search_ground search = {.near = near};
    *changed = false;
    if (known->valid && memcmp(known->corner, t->corner, sizeof t->corner) == 0)
        return SCREE_OK;
    for (unsigned i = 0; i < 3; i++)
        if (t->corner[i] == FEATURES_GHOST) {
            search.edge = true;
            search.corner[0] = place_of(ground, t->corner[(i + 1) % 3]);
            search.corner[1] = place_of(ground, t->corner[(i + 2) % 3]);
        }
    bool inside = !search.edge;
    if (!search.edge) {
        const int32_t *middle = ground->window->middle;
        for (unsigned i = 0; i < 3; i++)
            search.corner[i] = place_of(ground, t->corner[i]);
        scree__features_tin_circle(&ground->tin, triangle, &search.circle);
        for (int a = 0; a < 2; a++) {
            double low = search.circle.centre[a] - search.circle.radius,
                   high = search.circle.centre[a] + search.circle.radius;
            inside = inside && low >= (double)(ground->whole_min[a] - middle[a]) &&
                     high <= (double)(ground->whole_max[a] - middle[a]);
        }
    }
    const struct known now = {{t->corner[0], t->corner[1], t->corner[2]}, true};
    enum scree_status status = inside ? SCREE_OK : ask(ground, &search, changed, err);
    if (status == SCREE_OK && !*changed)
        *known = now;
    return status;
}

/* ----------------------------------------------------------------------------------------- heights */

static bool qualifies(const struct ground *ground, uint32_t triangle)
{
    struct features_circle circle;
    scree__features_tin_circle(&ground->tin, triangle, &circle);
    return circle.radius2 <= ground->reach2;
}

/* What is known of a place. */
enum state { AGAIN, WITHIN, OUTSIDE };

static bool is_whole(const struct ground *ground, struct features_place p)
{
    const int32_t *middle = ground->window->middle;
    int64_t x = (int64_t)p.x + middle[0], y = (int64_t)p.y + middle[1];
    return x >= ground->whole_min[0] && x <= ground->whole_max[0] && y >= ground->whole_min[1] &&
           y <= ground->whole_max[1];
}

static enum scree_status look(struct ground *ground, const int32_t at[3], enum state *state,
                              double *above, struct scree_error *err)
{
    struct features_place p = {at[0], at[1]};
    struct features_spot spot;
    bool changed;
    *state = OUTSIDE;
    if (!scree__features_tin_find(&ground->tin, p.x, p.y, &spot))
        return SCREE_OK;
    if (spot.corner != 3) {
        /* On a ground point: the lowest one there, if that is known; the nearest one is the same. */
        if (!is_whole(ground, p))
            return SCREE_OK;
        *state = WITHIN;
        *above = scree__features_tin_above(&ground->tin, &spot, p.x, p.y, at[2]);
        return SCREE_OK;
    }
    enum scree_status status = check(ground, spot.triangle, p, &changed, err);
    if (status != SCREE_OK || changed) {
        *state = AGAIN;
        return status;
    }
    bool good = !spot.ghost && qualifies(ground, spot.triangle);
    if (!good && !spot.ghost && spot.edge != 3) {
        /* On an edge: the triangle on the other side will do as well. */
        uint32_t other = ground->tin.triangles[spot.triangle].neighbour[spot.edge];
        const struct features_triangle *t = &ground->tin.triangles[other];
        bool ghost = t->corner[0] == FEATURES_GHOST || t->corner[1] == FEATURES_GHOST ||
                     t->corner[2] == FEATURES_GHOST;
        status = check(ground, other, p, &changed, err);
        if (status != SCREE_OK || changed) {
            *state = AGAIN;
            return status;
        }
        good = !ghost && qualifies(ground, other);
    }
    if (good) {
        *state = WITHIN;
        *above = scree__features_tin_above(&ground->tin, &spot, p.x, p.y, at[2]);
    }
    return SCREE_OK;
}

/* From the nearest ground points, as many as asked for. */
static enum scree_status height_by_points(struct scree__enrich_window *window, uint32_t i,
                                          uint32_t points, struct scree_error *err)
{
    const struct scree__enrich_question *question = window->question;
    const struct scree__enrich_core *core = &window->core[i];
    uint64_t reach2 = (uint64_t)question->ground_reach * (uint64_t)question->ground_reach;
    uint32_t count;
    enum scree_status status = scree__enrich_seek_ground(&window->seek, core->at, points, reach2,
                                                         window->hits, &count, err);
    window->values[i].height = SCREE_FEATURE_NO_DATA;
    if (status != SCREE_OK || count == 0)
        return status;
    double sum = 0, weights = 0;
    for (uint32_t h = 0; h < count && window->hits[0].d2 > 0; h++) {
        double weight = 1.0 / (double)window->hits[h].d2;
        sum += weight * ((double)core->at[2] - window->hits[h].at[2]);
        weights += weight;
    }
    double above = count == 1 || window->hits[0].d2 == 0
                       ? (double)core->at[2] - window->hits[0].at[2]
                       : sum / weights;
    window->values[i].height = (float)(above * question->unit);
    return SCREE_OK;
}

static enum scree_status height_by_network(struct ground *ground, uint32_t i,
                                           struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    int32_t at[3];
    enum state state = AGAIN;
    double above = 0;
    enum scree_status status = SCREE_OK;
    for (int a = 0; a < 3; a++)
        at[a] = scree__enrich_minus(window->core[i].at[a], window->middle[a]);
    while (status == SCREE_OK && state == AGAIN)
        status = look(ground, at, &state, &above, err);
    if (status == SCREE_OK && state == OUTSIDE)
        return height_by_points(window, i, 1, err);
    window->values[i].height = (float)(above * window->question->unit);
    return status;
}

/* ------------------------------------------------------------------------------------------ network */

/* Ground points within `halo` of the part, or the first that fit. */
static enum scree_status gather_ground(struct ground *ground, const struct scree__enrich_node *node,
                                       int64_t halo, struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    int64_t min[3], max[3];
    bool whole;
    for (int a = 0; a < 2; a++) {
        ground->whole_min[a] = min[a] = node->min[a] - halo;
        ground->whole_max[a] = max[a] = node->max[a] + halo;
    }
    min[2] = INT32_MIN;
    max[2] = INT32_MAX;
    window->count = 0;
    enum scree_status status =
        scree__enrich_window_gather(window, ENRICH_NONE, min, max, ENRICH_GROUND, 1, &whole, err);
    for (int a = 0; a < 2 && !whole; a++) { /* nothing is known to be complete */
        ground->whole_min[a] = INT32_MAX;
        ground->whole_max[a] = INT32_MIN;
    }
    ground->partial = !whole;
    return status;
}

/* Into Morton order: a point that is put into the network is found from the one before. */
static enum scree_status order_ground(struct scree__enrich_window *window, struct scree_error *err)
{
    struct scree__features_points points = {window->x, window->y, window->z, window->roles,
                                            window->count};
    struct scree__features_index index;
    enum scree_status status =
        scree__features_index_build(window->store->budget, &points, &index, err);
    if (status == SCREE_OK && index.count == window->count) {
        memcpy(window->x, index.x, (size_t)index.count * 4);
        memcpy(window->y, index.y, (size_t)index.count * 4);
        memcpy(window->z, index.z, (size_t)index.count * 4);
    }
    scree__features_index_release(&index);
    return status;
}

static enum scree_status build_network(struct ground *ground, const struct scree__enrich_node *node,
                                       int64_t halo, struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    enum scree_status status = gather_ground(ground, node, halo, err);
    memset(ground->known, 0, sizeof ground->known);
    if (status == SCREE_OK && window->count > 0)
        status = order_ground(window, err);
    if (status == SCREE_OK)
        status = scree__features_tin_build(window->store->budget, window->x, window->y, window->z,
                                           window->count, &ground->tin, err);
    /* Where points are missing, lower ones may be at the places of those that are there. */
    bool lower = ground->partial && ground->tin.triangle_count > 0;
    for (uint32_t i = 0; i < window->count && lower && status == SCREE_OK; i++) {
        int32_t found[3] = {window->x[i], window->y[i], window->z[i]};
        status = find_lowest(ground, found, err);
        window->z[i] = found[2];
    }
    return status;
}

static int64_t ground_halo(const struct scree__enrich_window *window,
                           const struct scree__enrich_node *node)
{
    int64_t most = 2 * window->question->ground_reach + 1;
    if (node->ground == 0)
        return most < 64 ? most : most / 8;
    double area =
        ((double)node->max[0] - node->min[0] + 1.0) * ((double)node->max[1] - node->min[1] + 1.0);
    double halo = GROUND_SPACINGS * sqrt(area / (double)node->ground) *
                      window->question->halo_percent / 100.0 +
                  1;
    return halo < (double)most ? (int64_t)halo : most;
}

static enum scree_status network_heights(struct scree__enrich_window *window,
                                         const struct scree__enrich_node *node,
                                         struct ground *ground, struct scree_error *err)
{
    int64_t most = 2 * window->question->ground_reach + 1;
    ground->window = window;
    ground->reach2 =
        (double)window->question->ground_reach * (double)window->question->ground_reach;
    for (int a = 0; a < 3; a++)
        window->middle[a] = (int32_t)(((int64_t)node->min[a] + node->max[a]) / 2);
    for (int a = 0; a < 2; a++) {
        ground->region_min[a] = node->min[a] - most;
        ground->region_max[a] = node->max[a] + most;
    }
    enum scree_status status = build_network(ground, node, ground_halo(window, node), err);
    if (status == SCREE_OK && ground->tin.triangle_count == 0) {
        scree__features_tin_release(&ground->tin);
        status = build_network(ground, node, most, err);
    }
    for (uint32_t i = 0; i < window->core_count && status == SCREE_OK; i++)
        if (window->core[i].roles & ENRICH_WANTED)
            status = height_by_network(ground, i, err);
    scree__features_tin_release(&ground->tin);
    return status;
}

enum scree_status scree__enrich_heights(struct scree__enrich_window *window, uint32_t at,
                                        struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    const struct scree__enrich_question *question = window->question;
    enum scree_status status = SCREE_OK;
    if (window->store->nodes[window->store->root].ground > 0 &&
        question->ground_mode == SCREE_GROUND_TIN) {
        void *memory = NULL;
        status = scree__mem_alloc(window->store->budget, sizeof(struct ground), &memory,
                                  "the ground", err);
        if (status != SCREE_OK)
            return status;
        status = network_heights(window, node, memset(memory, 0, sizeof(struct ground)), err);
        scree__mem_free(window->store->budget, memory, sizeof(struct ground));
        return status;
    }
    uint32_t points = question->ground_mode == SCREE_GROUND_IDW ? question->idw_count : 1;
    for (uint32_t i = 0; i < window->core_count && status == SCREE_OK; i++)
        if (window->core[i].roles & ENRICH_WANTED)
            status = height_by_points(window, i, points, err);
    return status;
}
