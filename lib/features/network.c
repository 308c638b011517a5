/*
 * network.c - points are put in one by one, each where a walk from the last one finds it; edges that are not Delaunay's any more are flipped. Rounds of
 * more and more points, each round in the given order, keep walks short and flips few whatever the points are.
 */
#include "features/network.h"
#include "base/error.h"

#include <string.h>

#define NONE UINT32_MAX
/* For points that are added. */
#define ROOM 256u

static unsigned next3(unsigned i)
{
    return i == 2 ? 0 : i + 1;
}

static unsigned before3(unsigned i)
{
    return i == 0 ? 2 : i - 1;
}

static struct features_place place(const struct scree__features_network *network, uint32_t vertex)
{
    return features_place_of(&network->points[vertex]);
}

/* The corner of `of` that lies across from its neighbour `to`. */
static unsigned side_to(const struct features_triangle *of, uint32_t to)
{
    return of->neighbour[0] == to ? 0 : of->neighbour[1] == to ? 1 : 2;
}

/* ---------------------------------------------------------------------------------------- walks */

/* From a triangle to the one that holds p: to a ghost when p is outside the hull. */
static struct features_spot walk(const struct scree__features_network *network, uint32_t at,
                                 struct features_place p)
{
    if (features_is_ghost(&network->triangles[at]))
        at = network->triangles[at]
                 .neighbour[features_corner_of(&network->triangles[at], FEATURES_GHOST)];
    uint32_t from = NONE;
    for (;;) {
        const struct features_triangle *t = &network->triangles[at];
        struct features_spot spot = {at, 3, 3, false};
        unsigned zeros = 0;
        uint32_t to = NONE;
        if (features_is_ghost(t))
            return spot;
        for (unsigned i = 0; i < 3 && to == NONE; i++) {
            if (t->neighbour[i] == from)
                continue;
            int64_t turn = features_turn(place(network, t->corner[next3(i)]),
                                         place(network, t->corner[before3(i)]), p);
            if (turn < 0)
                to = t->neighbour[i];
            if (turn == 0) {
                spot.corner = 3 - spot.edge - i;
                spot.edge = i;
                zeros++;
            }
        }
        if (to == NONE) {
            if (zeros < 2)
                spot.corner = 3;
            return spot;
        }
        from = at;
        at = to;
    }
}

/* -------------------------------------------------------------------------------------- changes */

static void set(struct scree__features_network *network, uint32_t at, uint32_t a, uint32_t b,
                uint32_t c, uint32_t across_a, uint32_t across_b, uint32_t across_c)
{
    struct features_triangle *t = &network->triangles[at];
    t->corner[0] = a;
    t->corner[1] = b;
    t->corner[2] = c;
    t->neighbour[0] = across_a;
    t->neighbour[1] = across_b;
    t->neighbour[2] = across_c;
    network->marks[at] = 0;
}

/* `of` has a new neighbour instead of an old one. */
static void relink(struct scree__features_network *network, uint32_t of, uint32_t old, uint32_t now)
{
    struct features_triangle *t = &network->triangles[of];
    t->neighbour[side_to(t, old)] = now;
}

/* Room for so many points and triangles. */
static enum scree_status make_room(struct scree__features_network *network, uint64_t points,
                                   uint64_t triangles, struct scree_error *err)
{
    void *array = network->points;
    enum scree_status status =
        scree__mem_grow(network->budget, &array, &network->point_capacity, points,
                        sizeof *network->points, "the ground's network", err);
    network->points = array;
    array = network->triangles;
    if (status == SCREE_OK)
        status = scree__mem_grow(network->budget, &array, &network->triangle_capacity, triangles,
                                 sizeof *network->triangles, "the ground's network", err);
    network->triangles = array;
    array = network->marks;
    if (status == SCREE_OK)
        status = scree__mem_grow(network->budget, &array, &network->mark_capacity, triangles,
                                 sizeof *network->marks, "the ground's network", err);
    network->marks = array;
    return status;
}

static enum scree_status add_triangles(struct scree__features_network *network, uint32_t count,
                                       uint32_t *first, struct scree_error *err)
{
    enum scree_status status =
        make_room(network, network->point_count, network->triangle_count + count, err);
    *first = (uint32_t)network->triangle_count;
    if (status == SCREE_OK)
        network->triangle_count += count;
    return status;
}

static enum scree_status push(struct scree__features_network *network, uint32_t triangle,
                              struct scree_error *err)
{
    void *array = network->stack;
    enum scree_status status =
        scree__mem_grow(network->budget, &array, &network->stack_capacity, network->depth + 1,
                        sizeof *network->stack, "the ground's network", err);
    network->stack = array;
    if (status == SCREE_OK)
        network->stack[network->depth++] = triangle;
    return status;
}

/* Must the edge between t (whose corner 0 is the new point) and its neighbour be flipped? */
static bool wrong_edge(const struct scree__features_network *network,
                       const struct features_triangle *t, const struct features_triangle *u,
                       uint32_t q)
{
    struct features_place p = place(network, t->corner[0]);
    if (!features_is_ghost(u))
        return scree__features_in_circle(place(network, u->corner[0]), place(network, u->corner[1]),
                                         place(network, u->corner[2]), p);
    if (q == FEATURES_GHOST)
        return false;
    /* Both are ghosts: p may see the neighbour's edge of the hull. */
    unsigned g = features_corner_of(u, FEATURES_GHOST);
    return features_turn(place(network, u->corner[next3(g)]), place(network, u->corner[before3(g)]),
                         p) > 0;
}

/* t = (p, a, b), u = (q, b, a) become (p, a, q) and (p, q, b). */
static enum scree_status settle(struct scree__features_network *network, struct scree_error *err)
{
    while (network->depth > 0) {
        uint32_t ti = network->stack[--network->depth];
        struct features_triangle t = network->triangles[ti];
        uint32_t ui = t.neighbour[0];
        struct features_triangle u = network->triangles[ui];
        unsigned side = side_to(&u, ti);
        uint32_t q = u.corner[side], p = t.corner[0], a = t.corner[1], b = t.corner[2];
        if (!wrong_edge(network, &t, &u, q))
            continue;
        uint32_t across_b = u.neighbour[next3(side)], across_a = u.neighbour[before3(side)];
        /* u's corners after q are b, a: across from b is the edge (a, q), across from a (q, b). */
        set(network, ti, p, a, q, across_b, ui, t.neighbour[2]);
        set(network, ui, p, q, b, across_a, t.neighbour[1], ti);
        relink(network, across_b, ui, ti);
        relink(network, t.neighbour[1], ti, ui);
        enum scree_status status = push(network, ti, err);
        if (status == SCREE_OK)
            status = push(network, ui, err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

/* A triangle (or ghost) becomes three around p. */
static enum scree_status split_triangle(struct scree__features_network *network, uint32_t at,
                                        uint32_t p, struct scree_error *err)
{
    uint32_t first;
    enum scree_status status = add_triangles(network, 2, &first, err);
    if (status != SCREE_OK)
        return status;
    const struct features_triangle t = network->triangles[at];
    uint32_t a = t.corner[0], b = t.corner[1], c = t.corner[2], second = first + 1;
    set(network, at, p, b, c, t.neighbour[0], first, second);
    set(network, first, p, c, a, t.neighbour[1], second, at);
    set(network, second, p, a, b, t.neighbour[2], at, first);
    relink(network, t.neighbour[1], at, first);
    relink(network, t.neighbour[2], at, second);
    status = push(network, at, err);
    if (status == SCREE_OK)
        status = push(network, first, err);
    return status == SCREE_OK ? push(network, second, err) : status;
}

/* The two triangles at an edge become four around p, which lies on it. */
static enum scree_status split_edge(struct scree__features_network *network, uint32_t at,
                                    unsigned edge, uint32_t p, struct scree_error *err)
{
    uint32_t first;
    enum scree_status status = add_triangles(network, 2, &first, err);
    if (status != SCREE_OK)
        return status;
    const struct features_triangle t = network->triangles[at];
    uint32_t other = t.neighbour[edge], second = first + 1;
    const struct features_triangle u = network->triangles[other];
    unsigned side = side_to(&u, at);
    uint32_t c = t.corner[edge], a = t.corner[next3(edge)], b = t.corner[before3(edge)];
    uint32_t d = u.corner[side];
    uint32_t across_a = t.neighbour[next3(edge)], across_b = t.neighbour[before3(edge)];
    uint32_t other_b = u.neighbour[next3(side)], other_a = u.neighbour[before3(side)];
    /* t = (c, a, b), u = (d, b, a). */
    set(network, at, p, c, a, across_b, second, first);
    set(network, first, p, b, c, across_a, at, other);
    set(network, other, p, d, b, other_a, first, second);
    set(network, second, p, a, d, other_b, other, at);
    relink(network, across_a, at, first);
    relink(network, other_b, other, second);
    const uint32_t changed[4] = {at, first, other, second};
    for (int i = 0; i < 4 && status == SCREE_OK; i++)
        status = push(network, changed[i], err);
    return status;
}

static enum scree_status insert(struct scree__features_network *network, uint32_t p,
                                struct scree_error *err)
{
    struct features_spot spot = walk(network, network->last, place(network, p));
    enum scree_status status;
    if (spot.corner != 3) {
        uint32_t *corner = &network->triangles[spot.triangle].corner[spot.corner];
        uint32_t there = *corner;
        if (network->points[p].z >= network->points[there].z)
            return SCREE_OK;
        /* The lower one takes its place in every triangle around it. */
        uint32_t at = spot.triangle;
        do {
            struct features_triangle *t = &network->triangles[at];
            unsigned i = features_corner_of(t, there);
            t->corner[i] = p;
            at = t->neighbour[next3(i)];
        } while (at != spot.triangle);
        return SCREE_OK;
    }
    if (spot.edge != 3)
        status = split_edge(network, spot.triangle, spot.edge, p, err);
    else
        status = split_triangle(network, spot.triangle, p, err);
    if (status == SCREE_OK)
        status = settle(network, err);
    network->last = spot.triangle;
    return status;
}

/* ---------------------------------------------------------------------------------------- order */

static uint32_t hash_of(uint32_t i)
{
    i = (i ^ i >> 16) * 0x7FEB352Du;
    i = (i ^ i >> 15) * 0x846CA68Bu;
    return i ^ i >> 16;
}

/* The first round has few points, each other one about twice as many as all before. */
static unsigned round_of(uint32_t i, unsigned rounds)
{
    uint32_t hash = hash_of(i);
    unsigned zeros = 0;
    while (zeros + 1 < rounds && !(hash >> zeros & 1))
        zeros++;
    return rounds - 1 - zeros;
}

/* Three points that are not on a line: the first, the next that is elsewhere, and the next beside
 * the line. False: there are none. */
static bool find_first(const struct scree__features_network *network, uint32_t first[3])
{
    const uint32_t count = (uint32_t)network->point_count;
    first[0] = 0;
    first[1] = 1;
    while (first[1] < count && network->points[first[1]].x == network->points[0].x &&
           network->points[first[1]].y == network->points[0].y)
        first[1]++;
    if (first[1] >= count)
        return false;
    for (first[2] = first[1] + 1; first[2] < count; first[2]++) {
        int64_t turn = features_turn(place(network, first[0]), place(network, first[1]),
                                     place(network, first[2]));
        if (turn == 0)
            continue;
        if (turn < 0) {
            uint32_t swap = first[0];
            first[0] = first[1];
            first[1] = swap;
        }
        return true;
    }
    return false;
}

/* A triangle, and a ghost at each of its edges. */
static enum scree_status begin(struct scree__features_network *network, const uint32_t v[3],
                               struct scree_error *err)
{
    uint32_t t;
    enum scree_status status = add_triangles(network, 4, &t, err);
    if (status != SCREE_OK)
        return status;
    set(network, t, v[0], v[1], v[2], t + 1, t + 2, t + 3);
    for (unsigned i = 0; i < 3; i++)
        set(network, t + 1 + i, FEATURES_GHOST, v[before3(i)], v[next3(i)], t, t + 1 + before3(i),
            t + 1 + next3(i));
    network->last = t;
    return SCREE_OK;
}

static enum scree_status insert_all(struct scree__features_network *network,
                                    struct scree_error *err)
{
    const uint32_t count = (uint32_t)network->point_count;
    uint32_t first[3];
    if (count < 3 || !find_first(network, first))
        return SCREE_OK;
    enum scree_status status = begin(network, first, err);
    unsigned rounds = 1;
    while (rounds < 16 && count >> rounds > 64)
        rounds++;
    for (unsigned round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
            if (round_of(i, rounds) == round && i != first[0] && i != first[1] && i != first[2])
                status = insert(network, i, err);
    return status;
}

/* ---------------------------------------------------------------------------------------- public */

enum scree_status scree__features_network_init(struct scree__features_network *network,
                                               struct scree__mem_budget *budget,
                                               const struct features_corner *points, uint32_t count,
                                               struct scree_error *err)
{
    memset(network, 0, sizeof *network);
    network->budget = budget;
    network->point_capacity = (uint64_t)count + ROOM;
    network->triangle_capacity = network->mark_capacity = 2 * network->point_capacity;
    void *memory[3] = {NULL, NULL, NULL};
    const uint64_t bytes[3] = {network->point_capacity * sizeof *network->points,
                               network->triangle_capacity * sizeof *network->triangles,
                               network->mark_capacity * sizeof *network->marks};
    enum scree_status status = SCREE_OK;
    for (int i = 0; i < 3 && status == SCREE_OK; i++)
        status = scree__mem_alloc(budget, bytes[i], &memory[i], "the ground's network", err);
    network->points = memory[0];
    network->triangles = memory[1];
    network->marks = memory[2];
    if (status != SCREE_OK)
        return status;
    if (count > 0)
        memcpy(network->points, points, count * sizeof *points);
    network->point_count = count;
    return insert_all(network, err);
}

void scree__features_network_release(struct scree__features_network *network)
{
    scree__mem_free(network->budget, network->points,
                    network->point_capacity * sizeof *network->points);
    scree__mem_free(network->budget, network->triangles,
                    network->triangle_capacity * sizeof *network->triangles);
    scree__mem_free(network->budget, network->marks,
                    network->mark_capacity * sizeof *network->marks);
    scree__mem_free(network->budget, network->stack,
                    network->stack_capacity * sizeof *network->stack);
    memset(network, 0, sizeof *network);
}

enum scree_status scree__features_network_add(struct scree__features_network *network,
                                              const struct features_corner *point,
                                              struct scree_error *err)
{
    enum scree_status status =
        make_room(network, network->point_count + 1, network->triangle_count, err);
    if (status != SCREE_OK)
        return status;
    network->points[network->point_count++] = *point;
    return network->triangle_count == 0 ? insert_all(network, err)
                                        : insert(network, (uint32_t)network->point_count - 1, err);
}

bool scree__features_network_find(struct scree__features_network *network, struct features_place p,
                                  struct features_spot *spot)
{
    if (network->triangle_count == 0)
        return false;
    *spot = walk(network, network->last, p);
    spot->ghost = features_is_ghost(&network->triangles[spot->triangle]);
    network->last = spot->triangle;
    return true;
}
