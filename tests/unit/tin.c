/*
 * tin.c - points are put in one by one, each where a walk from the last one finds it; edges that are not Delaunay's any more are flipped. Rounds of
 * more and more points, each round in the given order, keep walks short and flips few whatever the points are.
 */
#include "tin.h"
#include "base/error.h"
#include "features/exact.h"

#include <math.h>
#include <string.h>

#define NONE UINT32_MAX

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

struct build {
    struct scree__features_tin *tin;
    uint32_t *stack; /* triangles whose edge across from corner 0 may be wrong */
    uint64_t depth, capacity;
    struct scree_error *err;
};

static unsigned next3(unsigned i)
{
    return i == 2 ? 0 : i + 1;
}

static unsigned before3(unsigned i)
{
    return i == 0 ? 2 : i - 1;
}

static struct features_place place(const struct scree__features_tin *tin, uint32_t vertex)
{
    struct features_place p = {tin->x[vertex], tin->y[vertex]};
    return p;
}

/* The corner of t that is v; NONE is not asked for. */
static unsigned corner_of(const struct features_triangle *t, uint32_t v)
{
    return t->corner[0] == v ? 0 : t->corner[1] == v ? 1 : 2;
}

/* The corner of `of` that lies across from its neighbour `to`. */
static unsigned side_to(const struct features_triangle *of, uint32_t to)
{
    return of->neighbour[0] == to ? 0 : of->neighbour[1] == to ? 1 : 2;
}

static bool is_ghost(const struct features_triangle *t)
{
    return t->corner[0] == FEATURES_GHOST || t->corner[1] == FEATURES_GHOST ||
           t->corner[2] == FEATURES_GHOST;
}

/* ---------------------------------------------------------------------------------------- walks */

/* Where a point is: in a triangle, on its edge across from a corner, or on a corner. */
struct spot {
    uint32_t triangle;
    unsigned edge;   /* 3: on none */
    unsigned corner; /* 3: on none */
};

/* From a triangle to the one that holds p: to a ghost when p is outside the hull. */
static struct spot walk(const struct scree__features_tin *tin, uint32_t at, struct features_place p)
{
    if (is_ghost(&tin->triangles[at]))
        at = tin->triangles[at].neighbour[corner_of(&tin->triangles[at], FEATURES_GHOST)];
    uint32_t from = NONE;
    for (;;) {
        const struct features_triangle *t = &tin->triangles[at];
        struct spot spot = {at, 3, 3};
        unsigned zeros = 0;
        uint32_t to = NONE;
        if (is_ghost(t))
            return spot;
        for (unsigned i = 0; i < 3 && to == NONE; i++) {
            if (t->neighbour[i] == from)
                continue;
            int64_t turn = features_turn(place(tin, t->corner[next3(i)]),
                                         place(tin, t->corner[before3(i)]), p);
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

static void set(struct scree__features_tin *tin, uint32_t at, uint32_t a, uint32_t b, uint32_t c,
                uint32_t across_a, uint32_t across_b, uint32_t across_c)
{
    struct features_triangle *t = &tin->triangles[at];
    t->corner[0] = a;
    t->corner[1] = b;
    t->corner[2] = c;
    t->neighbour[0] = across_a;
    t->neighbour[1] = across_b;
    t->neighbour[2] = across_c;
}

/* `of` has a new neighbour instead of an old one. */
static void relink(struct scree__features_tin *tin, uint32_t of, uint32_t old, uint32_t now)
{
    struct features_triangle *t = &tin->triangles[of];
    t->neighbour[side_to(t, old)] = now;
}

static enum scree_status add_triangles(struct build *build, uint32_t count, uint32_t *first)
{
    struct scree__features_tin *tin = build->tin;
    void *array = tin->triangles;
    enum scree_status status =
        scree__mem_grow(tin->budget, &array, &tin->triangle_capacity, tin->triangle_count + count,
                        sizeof *tin->triangles, "the ground's triangles", build->err);
    tin->triangles = array;
    if (status != SCREE_OK)
        return status;
    *first = (uint32_t)tin->triangle_count;
    tin->triangle_count += count;
    return SCREE_OK;
}

static enum scree_status push(struct build *build, uint32_t triangle)
{
    void *array = build->stack;
    enum scree_status status =
        scree__mem_grow(build->tin->budget, &array, &build->capacity, build->depth + 1,
                        sizeof *build->stack, "the ground's triangles", build->err);
    build->stack = array;
    if (status == SCREE_OK)
        build->stack[build->depth++] = triangle;
    return status;
}

/* Must the edge between t (whose corner 0 is the new point) and its neighbour be flipped? */
static bool wrong_edge(const struct scree__features_tin *tin, const struct features_triangle *t,
                       const struct features_triangle *u, uint32_t q)
{
    struct features_place p = place(tin, t->corner[0]);
    if (!is_ghost(u))
        return scree__features_in_circle(place(tin, u->corner[0]), place(tin, u->corner[1]),
                                         place(tin, u->corner[2]), p);
    if (q == FEATURES_GHOST)
        return false;
    /* Both are ghosts: p may see the neighbour's edge of the hull. */
    unsigned g = corner_of(u, FEATURES_GHOST);
    return features_turn(place(tin, u->corner[next3(g)]), place(tin, u->corner[before3(g)]), p) > 0;
}

/* t = (p, a, b), u = (q, b, a) become (p, a, q) and (p, q, b). */
static enum scree_status settle(struct build *build)
{
    struct scree__features_tin *tin = build->tin;
    while (build->depth > 0) {
        uint32_t ti = build->stack[--build->depth];
        struct features_triangle t = tin->triangles[ti];
        uint32_t ui = t.neighbour[0];
        struct features_triangle u = tin->triangles[ui];
        unsigned side = side_to(&u, ti);
        uint32_t q = u.corner[side], p = t.corner[0], a = t.corner[1], b = t.corner[2];
        if (!wrong_edge(tin, &t, &u, q))
            continue;
        uint32_t across_b = u.neighbour[next3(side)], across_a = u.neighbour[before3(side)];
        /* u's corners after q are b, a: across from b is the edge (a, q), across from a (q, b). */
        set(tin, ti, p, a, q, across_b, ui, t.neighbour[2]);
        set(tin, ui, p, q, b, across_a, t.neighbour[1], ti);
        relink(tin, across_b, ui, ti);
        relink(tin, t.neighbour[1], ti, ui);
        enum scree_status status = push(build, ti);
        if (status == SCREE_OK)
            status = push(build, ui);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

/* A triangle (or ghost) becomes three around p. */
static enum scree_status split_triangle(struct build *build, uint32_t at, uint32_t p)
{
    struct scree__features_tin *tin = build->tin;
    uint32_t first;
    enum scree_status status = add_triangles(build, 2, &first);
    if (status != SCREE_OK)
        return status;
    const struct features_triangle t = tin->triangles[at];
    uint32_t a = t.corner[0], b = t.corner[1], c = t.corner[2], second = first + 1;
    set(tin, at, p, b, c, t.neighbour[0], first, second);
    set(tin, first, p, c, a, t.neighbour[1], second, at);
    set(tin, second, p, a, b, t.neighbour[2], at, first);
    relink(tin, t.neighbour[1], at, first);
    relink(tin, t.neighbour[2], at, second);
    status = push(build, at);
    if (status == SCREE_OK)
        status = push(build, first);
    return status == SCREE_OK ? push(build, second) : status;
}

/* The two triangles at an edge become four around p, which lies on it. */
static enum scree_status split_edge(struct build *build, uint32_t at, unsigned edge, uint32_t p)
{
    struct scree__features_tin *tin = build->tin;
    uint32_t first;
    enum scree_status status = add_triangles(build, 2, &first);
    if (status != SCREE_OK)
        return status;
    const struct features_triangle t = tin->triangles[at];
    uint32_t other = t.neighbour[edge], second = first + 1;
    const struct features_triangle u = tin->triangles[other];
    unsigned side = side_to(&u, at);
    uint32_t c = t.corner[edge], a = t.corner[next3(edge)], b = t.corner[before3(edge)];
    uint32_t d = u.corner[side];
    uint32_t across_a = t.neighbour[next3(edge)], across_b = t.neighbour[before3(edge)];
    uint32_t other_b = u.neighbour[next3(side)], other_a = u.neighbour[before3(side)];
    /* t = (c, a, b), u = (d, b, a). */
    set(tin, at, p, c, a, across_b, second, first);
    set(tin, first, p, b, c, across_a, at, other);
    set(tin, other, p, d, b, other_a, first, second);
    set(tin, second, p, a, d, other_b, other, at);
    relink(tin, across_a, at, first);
    relink(tin, other_b, other, second);
    const uint32_t changed[4] = {at, first, other, second};
    for (int i = 0; i < 4 && status == SCREE_OK; i++)
        status = push(build, changed[i]);
    return status;
}

static enum scree_status insert(struct build *build, uint32_t p)
{
    struct scree__features_tin *tin = build->tin;
    struct spot spot = walk(tin, tin->last, place(tin, p));
    enum scree_status status;
    if (spot.corner != 3) {
        uint32_t *corner = &tin->triangles[spot.triangle].corner[spot.corner];
        uint32_t there = *corner;
        if (tin->z[p] >= tin->z[there])
            return SCREE_OK;
        /* The lower one takes its place in every triangle around it. */
        uint32_t at = spot.triangle;
        do {
            struct features_triangle *t = &tin->triangles[at];
            unsigned i = corner_of(t, there);
            t->corner[i] = p;
            at = t->neighbour[next3(i)];
        } while (at != spot.triangle);
        return SCREE_OK;
    }
    if (spot.edge != 3)
        status = split_edge(build, spot.triangle, spot.edge, p);
    else
        status = split_triangle(build, spot.triangle, p);
    if (status == SCREE_OK)
        status = settle(build);
    tin->last = spot.triangle;
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
static bool find_first(const struct scree__features_tin *tin, uint32_t count, uint32_t first[3])
{
    first[0] = 0;
    first[1] = 1;
    while (first[1] < count && tin->x[first[1]] == tin->x[0] && tin->y[first[1]] == tin->y[0])
        first[1]++;
    if (first[1] >= count)
        return false;
    for (first[2] = first[1] + 1; first[2] < count; first[2]++) {
        int64_t turn =
            features_turn(place(tin, first[0]), place(tin, first[1]), place(tin, first[2]));
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
static enum scree_status begin(struct build *build, const uint32_t v[3])
{
    uint32_t t;
    enum scree_status status = add_triangles(build, 4, &t);
    if (status != SCREE_OK)
        return status;
    set(build->tin, t, v[0], v[1], v[2], t + 1, t + 2, t + 3);
    for (unsigned i = 0; i < 3; i++)
        set(build->tin, t + 1 + i, FEATURES_GHOST, v[before3(i)], v[next3(i)], t,
            t + 1 + before3(i), t + 1 + next3(i));
    build->tin->last = t;
    return SCREE_OK;
}

static enum scree_status insert_all(struct build *build, uint32_t count)
{
    uint32_t first[3];
    if (count < 3 || !find_first(build->tin, count, first))
        return SCREE_OK;
    enum scree_status status = begin(build, first);
    unsigned rounds = 1;
    while (rounds < 16 && count >> rounds > 64)
        rounds++;
    for (unsigned round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
            if (round_of(i, rounds) == round && i != first[0] && i != first[1] && i != first[2])
                status = insert(build, i);
    return status;
}

enum scree_status scree__features_tin_build(struct scree__mem_budget *budget, const int32_t *x,
                                            const int32_t *y, const int32_t *z, uint32_t count,
                                            struct scree__features_tin *tin,
                                            struct scree_error *err)
{
    memset(tin, 0, sizeof *tin);
    tin->budget = budget;
    tin->x = x;
    tin->y = y;
    tin->z = z;
    struct build build = {.tin = tin, .err = err};
    enum scree_status status = insert_all(&build, count);
    scree__mem_free(budget, build.stack, build.capacity * sizeof *build.stack);
    return status;
}

void scree__features_tin_release(struct scree__features_tin *tin)
{
    scree__mem_free(tin->budget, tin->triangles, tin->triangle_capacity * sizeof *tin->triangles);
    memset(tin, 0, sizeof *tin);
}

/* --------------------------------------------------------------------------------------- heights */

/* A box around the circumcircle, a little too large rather than too small. */
static void set_reach(const struct scree__features_tin *tin, const struct features_triangle *t,
                      struct features_height *height)
{
    struct features_place a = place(tin, t->corner[0]), b = place(tin, t->corner[1]),
                          c = place(tin, t->corner[2]);
    double bx = (double)b.x - a.x, by = (double)b.y - a.y, cx = (double)c.x - a.x,
           cy = (double)c.y - a.y;
    double scale = 0.5 / (double)features_turn(a, b, c);
    double b2 = bx * bx + by * by, c2 = cx * cx + cy * cy;
    double x = (cy * b2 - by * c2) * scale, y = (bx * c2 - cx * b2) * scale;
    double radius = sqrt(x * x + y * y) * 1.000001 + 1;
    height->reach_min[0] = a.x + x - radius;
    height->reach_min[1] = a.y + y - radius;
    height->reach_max[0] = a.x + x + radius;
    height->reach_max[1] = a.y + y + radius;
}

/* On the edge of two triangles: from its ends alone, so that both say the same. */
static double above_edge(const struct scree__features_tin *tin, uint32_t v, uint32_t w,
                         struct features_place p, int32_t z)
{
    struct features_place a = place(tin, v), b = place(tin, w);
    if (b.x < a.x || (b.x == a.x && b.y < a.y))
        return above_edge(tin, w, v, p, z);
    int64_t dx = (int64_t)b.x - a.x, dy = (int64_t)b.y - a.y;
    int64_t along = dx * ((int64_t)p.x - a.x) + dy * ((int64_t)p.y - a.y);
    int64_t length2 = dx * dx + dy * dy;
    features_wide sum = (features_wide)(length2 - along) * ((int64_t)z - tin->z[v]) +
                        (features_wide)along * ((int64_t)z - tin->z[w]);
    return (double)sum / (double)length2;
}

static double above_triangle(const struct scree__features_tin *tin,
                             const struct features_triangle *t, struct features_place p, int32_t z)
{
    features_wide sum = 0;
    int64_t area = 0;
    for (unsigned i = 0; i < 3; i++) {
        int64_t share =
            features_turn(place(tin, t->corner[next3(i)]), place(tin, t->corner[before3(i)]), p);
        sum += (features_wide)share * ((int64_t)z - tin->z[t->corner[i]]);
        area += share;
    }
    return (double)sum / (double)area;
}

void scree__features_tin_height(struct scree__features_tin *tin, int32_t x, int32_t y, int32_t z,
                                struct features_height *height)
{
    memset(height, 0, sizeof *height);
    if (tin->triangle_count == 0)
        return;
    struct features_place p = {x, y};
    struct spot spot = walk(tin, tin->last, p);
    const struct features_triangle *t = &tin->triangles[spot.triangle];
    tin->last = spot.triangle;
    if (is_ghost(t))
        return;
    height->inside = true;
    if (spot.corner != 3)
        height->above = (double)z - tin->z[t->corner[spot.corner]];
    else if (spot.edge != 3)
        height->above =
            above_edge(tin, t->corner[next3(spot.edge)], t->corner[before3(spot.edge)], p, z);
    else
        height->above = above_triangle(tin, t, p, z);
    set_reach(tin, t, height);
}

bool scree__features_tin_find(struct scree__features_tin *tin, int32_t x, int32_t y,
                              struct features_spot *spot)
{
    struct features_place p = {x, y};
    if (tin->triangle_count == 0)
        return false;
    struct spot found = walk(tin, tin->last, p);
    tin->last = found.triangle;
    *spot = (struct features_spot){found.triangle, found.edge, found.corner,
                                   is_ghost(&tin->triangles[found.triangle])};
    return true;
}

double scree__features_tin_above(const struct scree__features_tin *tin,
                                 const struct features_spot *spot, int32_t x, int32_t y, int32_t z)
{
    const struct features_triangle *t = &tin->triangles[spot->triangle];
    struct features_place p = {x, y};
    if (spot->corner != 3)
        return (double)z - tin->z[t->corner[spot->corner]];
    if (spot->edge != 3)
        return above_edge(tin, t->corner[next3(spot->edge)], t->corner[before3(spot->edge)], p, z);
    return above_triangle(tin, t, p, z);
}

static bool place_before(struct features_place a, struct features_place b)
{
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}

void scree__features_tin_circle(const struct scree__features_tin *tin, uint32_t triangle,
                                struct features_circle *circle)
{
    const struct features_triangle *t = &tin->triangles[triangle];
    struct features_place c[3];
    unsigned first = 0;
    for (unsigned i = 0; i < 3; i++) {
        c[i] = place(tin, t->corner[i]);
        first = place_before(c[i], c[first]) ? i : first;
    }
    /* From the first corner on, in the triangle's own sense: an order that does not depend on how it came about. */
    struct features_place a = c[first], b = c[next3(first)], d = c[before3(first)];
    double bx = (double)b.x - a.x, by = (double)b.y - a.y, dx = (double)d.x - a.x,
           dy = (double)d.y - a.y;
    double scale = 0.5 / (double)features_turn(a, b, d);
    double b2 = bx * bx + by * by, d2 = dx * dx + dy * dy;
    double x = (dy * b2 - by * d2) * scale, y = (bx * d2 - dx * b2) * scale;
    circle->radius2 = x * x + y * y;
    circle->centre[0] = a.x + x;
    circle->centre[1] = a.y + y;
    circle->radius = sqrt(circle->radius2) * 1.000001 + 1;
}
