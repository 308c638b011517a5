/*
 * heights.c - how high the points of a part lie above the ground.
 *
 * The ground is the Delaunay network of the survey's ground points, its triangles with circumcircles up to a limit; beyond it the nearest ground
 * point counts, up to the same limit. The network is not built: the triangle that holds a place is found by itself (features/facet.h), among the ground
 * points around the part. It is one of the survey's if no ground point of the survey lies in its circle; nor does one have to be looked for farther from
 * the part than twice the limit, because any other triangle about the same place would have a circle that large at most. So where its circle leaves what was read the
 * survey's tree is asked (heights_tree.c). Points on ground points, most of them in open country, need no triangle, and triangles are remembered by
 * the cells in which they were asked for. Where triangles are dear to find the part gets a network of its own after all (heights_network.c).
 */
#include "enrich/heights.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

/* Of the distance between ground points: how much around the part is read at first. */
#define GROUND_SPACINGS 6.0
/* Of the triangles of a cell so many are looked at. */
#define CHAIN 32u
/* Wider ones than 4 cells go by cells that are 16 times as wide. */
#define WIDE_SHIFT 4u

/* -------------------------------------------------------------------------------- remembered triangles */

static uint16_t *head_of(struct scree__enrich_ground *ground, struct features_place p, bool wide)
{
    const unsigned shift = ground->cell_shift + (wide ? WIDE_SHIFT : 0);
    const uint32_t x = (uint32_t)(((int64_t)p.x + FEATURES_GROUND_MAX) >> shift),
                   y = (uint32_t)(((int64_t)p.y + FEATURES_GROUND_MAX) >> shift);
    const uint32_t hash = (x * 0x9E3779B1u ^ (y + wide) * 0x85EBCA77u) * 0x2C1B3C6Du;
    return &ground->heads[(hash >> 16) % ENRICH_FACET_HEADS];
}

static const struct scree__enrich_facet *recall(struct scree__enrich_ground *ground,
                                                struct features_place p)
{
    for (int wide = 0; wide < 2; wide++) {
        uint16_t at = *head_of(ground, p, wide);
        for (uint32_t i = 0; i < CHAIN && at != 0; i++) {
            const struct scree__enrich_facet *known = &ground->facets[at - 1];
            if (features_facet_holds(&known->facet, p))
                return known;
            at = known->next;
        }
    }
    return NULL;
}

static bool is_wide(const struct scree__enrich_ground *ground, const struct features_facet *facet)
{
    const struct features_corner *c = facet->corner;
    for (unsigned i = 0; i < 3; i++) {
        const int64_t dx = (int64_t)c[i].x - c[(i + 1) % 3].x,
                      dy = (int64_t)c[i].y - c[(i + 1) % 3].y;
        const int64_t most = (int64_t)4 << ground->cell_shift;
        if (dx > most || dx < -most || dy > most || dy < -most)
            return true;
    }
    return false;
}

static const struct scree__enrich_facet *remember(struct scree__enrich_ground *ground,
                                                  const struct features_facet *facet,
                                                  const struct features_circle *circle,
                                                  struct features_place p)
{
    if (ground->facet_count == ENRICH_FACETS) {
        memset(ground->heads, 0, sizeof ground->heads);
        ground->facet_count = 0;
    }
    uint16_t *head = head_of(ground, p, is_wide(ground, facet));
    struct scree__enrich_facet *known = &ground->facets[ground->facet_count++];
    *known = (struct scree__enrich_facet){*facet, circle->radius2 <= ground->reach2, *head};
    *head = (uint16_t)ground->facet_count;
    return known;
}

/* -------------------------------------------------------------------------------------- triangles */

/* Is all in the box between low and high in what was read? */
static bool is_whole(const struct scree__enrich_ground *ground, const double low[2],
                     const double high[2])
{
    for (int a = 0; a < 2; a++)
        if (low[a] < (double)ground->whole_min[a] || high[a] > (double)ground->whole_max[a])
            return false;
    return true;
}

static bool is_place_whole(const struct scree__enrich_ground *ground, struct features_place p)
{
    const double at[2] = {p.x, p.y};
    return is_whole(ground, at, at);
}

bool scree__enrich_circle_whole(const struct scree__enrich_ground *ground,
                                const struct features_circle *circle)
{
    const double low[2] = {circle->centre[0] - circle->radius, circle->centre[1] - circle->radius},
                 high[2] = {circle->centre[0] + circle->radius, circle->centre[1] + circle->radius};
    return is_whole(ground, low, high);
}

/* From any triangle of ground points that holds p to the survey's. */
static enum scree_status settle(struct scree__enrich_ground *ground, struct features_facet *facet,
                                struct features_place p, struct features_circle *circle,
                                struct scree_error *err)
{
    uint64_t looks = 0;
    for (;;) {
        struct features_corner point;
        bool found = false;
        scree__features_facet_circle(facet, circle);
        const uint32_t near =
            scree__features_ground_within(&ground->near, facet, circle, p, &looks);
        if (near != FEATURES_NO_GROUND) {
            point = ground->near.points[near];
        } else {
            enum scree_status status = SCREE_OK;
            if (!scree__enrich_circle_whole(ground, circle))
                status = scree__enrich_ground_in_circle(ground, facet, circle, p, &point, &found,
                                                        &looks, err);
            if (status != SCREE_OK)
                return status;
            if (!found)
                return scree__enrich_network_begin(ground, looks, err);
        }
        scree__features_facet_turn(facet, &point, p);
    }
}

/* The triangle on the other side of the edge that p lies on. */
static enum scree_status find_other(struct scree__enrich_ground *ground, struct features_place p,
                                    const struct features_facet *facet, unsigned edge,
                                    const struct scree__enrich_facet **known,
                                    struct scree_error *err)
{
    const struct features_corner a = facet->corner[(edge + 2) % 3],
                                 b = facet->corner[(edge + 1) % 3];
    struct features_facet other = {{a, b, a}};
    struct features_circle circle;
    bool found;
    *known = NULL;
    enum scree_status status = scree__enrich_ground_beyond(
        ground, features_place_of(&a), features_place_of(&b), false, &other.corner[2], &found, err);
    if (status != SCREE_OK || !found)
        return status;
    status = settle(ground, &other, p, &circle, err);
    if (status == SCREE_OK)
        *known = remember(ground, &other, &circle, p);
    return status;
}

/* ------------------------------------------------------------------------------------------- nearest */

static struct features_place place_of(const struct scree__enrich_ground *ground,
                                      const int32_t at[3])
{
    const int32_t *middle = ground->window->middle;
    const struct features_place p = {(int32_t)((int64_t)at[0] - middle[0]),
                                     (int32_t)((int64_t)at[1] - middle[1])};
    return p;
}

/* From the nearest ground points, if they are known to be all in what was read; else later. */
static enum scree_status height_nearby(struct scree__enrich_ground *ground, uint32_t i,
                                       struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    const int32_t *middle = window->middle;
    const struct features_place p = place_of(ground, window->core[i].at);
    const uint32_t k = scree__enrich_ground_asked(window);
    struct features_near near[SCREE_ENRICH_IDW_MAX];
    const int64_t reach = window->question->ground_reach;
    int64_t edge = reach;
    for (int a = 0; a < 2; a++) {
        const int64_t at = a ? p.y : p.x;
        edge = at - ground->whole_min[a] < edge ? at - ground->whole_min[a] : edge;
        edge = ground->whole_max[a] - at < edge ? ground->whole_max[a] - at : edge;
    }
    uint32_t count = 0;
    if (edge >= 0)
        count = scree__features_ground_nearest(&ground->near, p, k, (uint64_t)(edge * edge),
                                               ground->hint, near);
    ground->hint = count > 0 ? near[0].index : ground->hint;
    if (count < k && edge < reach) {
        void *array = ground->far;
        enum scree_status status =
            scree__mem_grow(window->store->budget, &array, &ground->far_capacity,
                            ground->far_count + 1, sizeof *ground->far, "the ground", err);
        ground->far = array;
        if (status == SCREE_OK)
            ground->far[ground->far_count++] = i;
        return status;
    }
    for (uint32_t h = 0; h < count; h++)
        window->hits[h] =
            (struct scree__enrich_hit){near[h].d2,
                                       {near[h].at.x + middle[0], near[h].at.y + middle[1],
                                        (int32_t)((uint32_t)near[h].at.z + (uint32_t)middle[2])}};
    scree__enrich_height_by_points(window, i, count);
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------------ one place */

/* *known NULL: p is outside of the network. */
static enum scree_status find_triangle(struct scree__enrich_ground *ground, const int32_t at[3],
                                       struct features_place p,
                                       const struct scree__enrich_facet **known,
                                       struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    struct features_facet facet;
    struct features_circle circle;
    bool empty;
    enum scree_status status = scree__enrich_network_find(ground, p, &empty, known, err);
    if (status != SCREE_OK || !empty)
        return status;
    *known = recall(ground, p);
    if (*known != NULL)
        return SCREE_OK;
    bool found = scree__features_ground_around(&ground->near, p, &facet);
    if (!found) {
        struct features_corner first;
        uint32_t count = ground->near.count + ground->near.beside;
        if (count > 0) {
            first = ground->near.points[0];
        } else {
            const uint64_t reach = (uint64_t)window->question->ground_reach;
            status = scree__enrich_seek_ground(&window->seek, at, 1, reach * reach, window->hits,
                                               &count, err);
            if (status != SCREE_OK || count == 0)
                return status;
            const struct features_place there = place_of(ground, window->hits[0].at);
            first = (struct features_corner){
                there.x, there.y, scree__enrich_minus(window->hits[0].at[2], window->middle[2])};
        }
        status = scree__enrich_ground_surround(ground, p, &first, &facet, &found, err);
        if (status != SCREE_OK || !found)
            return status;
    }
    status = settle(ground, &facet, p, &circle, err);
    if (status == SCREE_OK)
        status = scree__enrich_network_add(ground, &facet, err);
    if (status == SCREE_OK)
        *known = remember(ground, &facet, &circle, p);
    return status;
}

static enum scree_status height_by_network(struct scree__enrich_ground *ground, uint32_t i,
                                           struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    const int32_t *at = window->core[i].at;
    const struct features_place p = place_of(ground, at);
    const int32_t z = scree__enrich_minus(at[2], window->middle[2]);
    const struct scree__enrich_facet *known = NULL;
    enum scree_status status = SCREE_OK;
    if (is_place_whole(ground, p)) {
        const uint32_t there = scree__features_ground_at(&ground->near, p);
        if (there != FEATURES_NO_GROUND) {
            const double above = (double)z - ground->near.points[there].z;
            window->values[i].height = (float)(above * window->question->unit);
            return SCREE_OK;
        }
        status = find_triangle(ground, at, p, &known, err);
    }
    if (status == SCREE_OK && known != NULL && !known->good && known != &ground->of_network) {
        const struct features_facet facet = known->facet;
        const unsigned edge = scree__features_facet_edge(&facet, p);
        if (edge != 3)
            status = find_other(ground, p, &facet, edge, &known, err);
    }
    if (status == SCREE_OK && known != NULL && known->good) {
        window->values[i].height =
            (float)(scree__features_facet_above(&known->facet, p, z) * window->question->unit);
        return SCREE_OK;
    }
    return status == SCREE_OK ? height_nearby(ground, i, err) : status;
}

/* ------------------------------------------------------------------------------------------- one part */

/* Points [first, end) of the core, which are those under a node. */
struct part {
    uint32_t node, first, end;
    bool in_core; /* else the node is one position, and the core stands for it */
};

static void copy_ground(const struct scree__enrich_window *window, const struct part *part,
                        struct features_corner *points, uint32_t own)
{
    const int32_t *middle = window->middle;
    for (uint32_t i = part->first, to = 0; to < own; i++) {
        const struct scree__enrich_core *core = &window->core[i];
        if (core->roles & ENRICH_GROUND)
            points[to++] = (struct features_corner){(int32_t)((int64_t)core->at[0] - middle[0]),
                                                    (int32_t)((int64_t)core->at[1] - middle[1]),
                                                    scree__enrich_minus(core->at[2], middle[2])};
    }
    for (uint32_t i = 0; i < window->count; i++)
        points[own + i] = (struct features_corner){window->x[i], window->y[i], window->z[i]};
}

/* A rectangle of the survey. */
struct box {
    int64_t min[2], max[2];
};

static struct box box_of(const struct scree__enrich_node *node)
{
    const struct box box = {{node->min[0], node->min[1]}, {node->max[0], node->max[1]}};
    return box;
}

/* Ground points within `halo` of a box, and those of the part. *whole false: there are too many, and nothing is known. */
static enum scree_status gather_ground(struct scree__enrich_ground *ground, const struct part *part,
                                       const struct box *box, int64_t halo, bool *whole,
                                       struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    int64_t min[3], max[3];
    uint32_t own = 0;
    void *memory = NULL;
    for (int a = 0; a < 2; a++) {
        min[a] = box->min[a] - halo;
        max[a] = box->max[a] + halo;
    }
    min[2] = INT32_MIN;
    max[2] = INT32_MAX;
    window->count = 0;
    enum scree_status status = scree__enrich_window_gather(
        window, part->in_core ? part->node : ENRICH_NONE, min, max, ENRICH_GROUND, 1, whole, err);
    if (status != SCREE_OK || !*whole)
        return status;
    for (uint32_t i = part->first; i < part->end && part->in_core; i++)
        own += (window->core[i].roles & ENRICH_GROUND) != 0;
    const uint64_t bytes = ((uint64_t)own + window->count) * sizeof(struct features_corner);
    status =
        scree__mem_alloc(window->store->budget, bytes > 0 ? bytes : 1, &memory, "the ground", err);
    if (status != SCREE_OK)
        return status;
    copy_ground(window, part, memory, own);
    status = scree__features_ground_build(window->store->budget, memory, own + window->count,
                                          &ground->near, err);
    scree__mem_free(window->store->budget, memory, bytes > 0 ? bytes : 1);
    for (int a = 0; a < 2; a++) {
        ground->whole_min[a] = min[a] - window->middle[a];
        ground->whole_max[a] = max[a] - window->middle[a];
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

static void begin_part(struct scree__enrich_ground *ground, const struct part *part)
{
    struct scree__enrich_window *window = ground->window;
    const struct scree__enrich_node *node = &window->store->nodes[part->node];
    const int64_t most = 2 * window->question->ground_reach + 1;
    for (int a = 0; a < 3; a++)
        window->middle[a] = (int32_t)(((int64_t)node->min[a] + node->max[a]) / 2);
    for (int a = 0; a < 2; a++) {
        ground->region_min[a] = (int64_t)node->min[a] - most - window->middle[a];
        ground->region_max[a] = (int64_t)node->max[a] + most - window->middle[a];
        ground->whole_min[a] = INT32_MAX;
        ground->whole_max[a] = INT32_MIN;
    }
    memset(ground->heads, 0, sizeof ground->heads);
    ground->facet_count = 0;
    ground->hull_count = 0;
    ground->hint = FEATURES_NO_GROUND;
}

static bool is_in(const struct box *box, const int32_t at[3])
{
    return at[0] >= box->min[0] && at[0] <= box->max[0] && at[1] >= box->min[1] &&
           at[1] <= box->max[1];
}

/* Of the part's points in the box. */
static enum scree_status part_heights(struct scree__enrich_ground *ground, const struct part *part,
                                      const struct box *box, struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    enum scree_status status = SCREE_OK;
    ground->cell_shift = ground->near.level_count > 0 ? ground->near.levels[0].shift : 0;
    for (uint32_t i = part->first; i < part->end && status == SCREE_OK; i++) {
        if (!(window->core[i].roles & ENRICH_WANTED) || !is_in(box, window->core[i].at))
            continue;
        status = window->question->ground_mode == SCREE_GROUND_TIN
                     ? height_by_network(ground, i, err)
                     : height_nearby(ground, i, err);
        scree__enrich_ground_note(ground, i);
    }
    scree__enrich_network_end(ground);
    if (status == SCREE_OK && ground->far_count > 0)
        status = scree__enrich_far_heights(ground, &window->store->nodes[part->node], err);
    if (status == SCREE_OK)
        status = scree__enrich_ground_check(ground, err);
    return status;
}

/*
 * A leaf under more ground than fits the window, which leaves far above and below it have: a smaller box after the other. Of one place that is too much as well the ground is at the place
 * itself, and so the nearest.
 */
static enum scree_status box_heights(struct scree__enrich_ground *ground, const struct part *part,
                                     const struct box *box, int64_t halo, struct scree_error *err)
{
    const int a = box->max[0] - box->min[0] >= box->max[1] - box->min[1] ? 0 : 1;
    const bool one = box->max[a] == box->min[a];
    bool whole = false;
    begin_part(ground, part);
    enum scree_status status = gather_ground(ground, part, box, halo, &whole, err);
    if (status == SCREE_OK && !whole && !one) {
        struct box left = *box, right = *box;
        left.max[a] = box->min[a] + (box->max[a] - box->min[a]) / 2;
        right.min[a] = left.max[a] + 1;
        status = box_heights(ground, part, &left, halo / 2, err);
        return status == SCREE_OK ? box_heights(ground, part, &right, halo / 2, err) : status;
    }
    if (status == SCREE_OK && !whole && halo > 0)
        return box_heights(ground, part, box, halo / 2, err);
    if (status == SCREE_OK && !whole)
        status = scree__features_ground_build(ground->window->store->budget, NULL, 0, &ground->near,
                                              err);
    if (status == SCREE_OK)
        status = part_heights(ground, part, box, err);
    scree__features_ground_release(&ground->near);
    return status;
}

/* Where the ground around a part does not fit the window it is cut: parts have their children's points one after the other. */
static enum scree_status node_heights(struct scree__enrich_ground *ground, const struct part *part,
                                      struct scree_error *err)
{
    const struct scree__enrich_node *nodes = ground->window->store->nodes,
                                    *node = &nodes[part->node];
    const struct box box = box_of(node);
    bool whole = false;
    begin_part(ground, part);
    const int64_t halo = ground_halo(ground->window, node);
    enum scree_status status = gather_ground(ground, part, &box, halo, &whole, err);
    if (status == SCREE_OK && !whole && scree__enrich_is_leaf(node))
        return box_heights(ground, part, &box, halo / 4, err);
    if (status == SCREE_OK && !whole) {
        struct part left = *part, right = *part;
        left.node = node->child[0];
        right.node = node->child[1];
        left.end = right.first = part->first + (uint32_t)nodes[left.node].count;
        status = node_heights(ground, &left, err);
        return status == SCREE_OK ? node_heights(ground, &right, err) : status;
    }
    if (status == SCREE_OK)
        status = part_heights(ground, part, &box, err);
    scree__features_ground_release(&ground->near);
    return status;
}

enum scree_status scree__enrich_heights(struct scree__enrich_window *window, uint32_t at,
                                        struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    const struct part part = {
        .node = at, .end = window->core_count, .in_core = node->count == window->core_count};
    void *memory = NULL;
    if (window->store->nodes[window->store->root].ground == 0)
        return SCREE_OK; /* no heights are what they are at first */
    enum scree_status status = scree__mem_alloc(
        window->store->budget, sizeof(struct scree__enrich_ground), &memory, "the ground", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_ground *ground = memory;
    memset(ground, 0, sizeof *ground);
    ground->window = window;
    ground->reach2 =
        (double)window->question->ground_reach * (double)window->question->ground_reach;
    status = node_heights(ground, &part, err);
    scree__mem_free(window->store->budget, ground->far, ground->far_capacity * sizeof *ground->far);
    scree__mem_free(window->store->budget, memory, sizeof(struct scree__enrich_ground));
    return status;
}
