/*
 * test_features_tin.c - the ground network: every triangle's circle is empty, the hull is whole, the same triangles come of every order of points, heights are those of the
 * triangle that a full scan finds, and a triangle whose circle lies in a window is one of the window's own network.
 */
#include "features/exact.h"
#include "tin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS_MAX 3000u

struct ground {
    int32_t x[POINTS_MAX], y[POINTS_MAX], z[POINTS_MAX];
    uint32_t count;
};

static uint64_t seed = 3;

static uint32_t random_below(uint32_t end)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % end);
}

static void fill(struct ground *ground, unsigned kind, uint32_t n)
{
    ground->count = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t side = kind == 0 ? 100000000u : kind == 1 ? 12 : kind == 2 ? 300 : 1000;
        ground->x[i] = (int32_t)random_below(side) - (int32_t)side / 2;
        ground->y[i] = (int32_t)random_below(side) - (int32_t)side / 2;
        if (kind == 3)
            ground->y[i] = i % 7 == 0 ? 5 : ground->x[i] / 2 * 2; /* lines */
        if (kind == 4)
            ground->y[i] = 3 * ground->x[i]; /* one line */
        if (kind == 5 && i > 3) {            /* on circles */
            static const int32_t ring[12][2] = {{65, 0},  {63, 16}, {60, 25},  {56, 33},
                                                {52, 39}, {39, 52}, {33, 56},  {25, 60},
                                                {16, 63}, {0, 65},  {-33, 56}, {-60, -25}};
            ground->x[i] = ring[i % 12][0] * (int32_t)(1 + i / 12);
            ground->y[i] = ring[i % 12][1] * (int32_t)(1 + i / 12);
        }
        ground->z[i] = (int32_t)random_below(5000);
    }
}

static struct features_place at(const struct ground *ground, uint32_t i)
{
    struct features_place p = {ground->x[i], ground->y[i]};
    return p;
}

static void build(const struct ground *ground, struct scree__features_tin *tin)
{
    struct scree_error err = SCREE_ERROR_INIT;
    assert_int_equal(
        scree__features_tin_build(NULL, ground->x, ground->y, ground->z, ground->count, tin, &err),
        SCREE_OK);
}

static bool real(const struct features_triangle *t)
{
    return t->corner[0] != FEATURES_GHOST && t->corner[1] != FEATURES_GHOST &&
           t->corner[2] != FEATURES_GHOST;
}

/* Structure, and the circle of each triangle against each point. */
static void check_network(const struct ground *ground, const struct scree__features_tin *tin)
{
    for (uint32_t i = 0; i < tin->network.triangle_count; i++) {
        const struct features_triangle *t = &tin->network.triangles[i];
        for (unsigned e = 0; e < 3; e++) {
            const struct features_triangle *u = &tin->network.triangles[t->neighbour[e]];
            unsigned back = u->neighbour[0] == i ? 0 : u->neighbour[1] == i ? 1 : 2;
            assert_int_equal(u->neighbour[back], i);
            assert_int_equal(t->corner[(e + 1) % 3], u->corner[(back + 2) % 3]);
            assert_int_equal(t->corner[(e + 2) % 3], u->corner[(back + 1) % 3]);
        }
        if (!real(t)) {
            unsigned g = t->corner[0] == FEATURES_GHOST   ? 0
                         : t->corner[1] == FEATURES_GHOST ? 1
                                                          : 2;
            for (uint32_t j = 0; j < ground->count; j++)
                assert_true(features_turn(at(ground, t->corner[(g + 1) % 3]),
                                          at(ground, t->corner[(g + 2) % 3]), at(ground, j)) <= 0);
            continue;
        }
        struct features_place a = at(ground, t->corner[0]), b = at(ground, t->corner[1]),
                              c = at(ground, t->corner[2]);
        assert_true(features_turn(a, b, c) > 0);
        for (uint32_t j = 0; j < ground->count; j++) {
            struct features_place p = at(ground, j);
            if ((p.x == a.x && p.y == a.y) || (p.x == b.x && p.y == b.y) ||
                (p.x == c.x && p.y == c.y))
                continue;
            assert_false(scree__features_in_circle(a, b, c, p));
        }
    }
}

/* The places and height of a triangle's corners, in one order whatever its own. */
struct key {
    int32_t v[3][3];
};

static int compare_corner(const void *a, const void *b)
{
    const int32_t *p = a, *q = b;
    for (int i = 0; i < 3; i++)
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    return 0;
}

static int compare_key(const void *a, const void *b)
{
    const struct key *p = a, *q = b;
    for (int i = 0; i < 3; i++) {
        int order = compare_corner(p->v[i], q->v[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

static uint32_t keys_of(const struct ground *ground, const struct scree__features_tin *tin,
                        struct key *keys)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tin->network.triangle_count; i++) {
        const struct features_triangle *t = &tin->network.triangles[i];
        if (!real(t))
            continue;
        for (int c = 0; c < 3; c++) {
            keys[count].v[c][0] = ground->x[t->corner[c]];
            keys[count].v[c][1] = ground->y[t->corner[c]];
            keys[count].v[c][2] = ground->z[t->corner[c]];
        }
        qsort(keys[count].v, 3, sizeof keys[count].v[0], compare_corner);
        count++;
    }
    qsort(keys, count, sizeof *keys, compare_key);
    return count;
}

static void shuffle(struct ground *ground)
{
    for (uint32_t i = ground->count; i > 1; i--) {
        uint32_t j = random_below(i), k = i - 1;
        int32_t x = ground->x[j], y = ground->y[j], z = ground->z[j];
        ground->x[j] = ground->x[k];
        ground->y[j] = ground->y[k];
        ground->z[j] = ground->z[k];
        ground->x[k] = x;
        ground->y[k] = y;
        ground->z[k] = z;
    }
}

static void networks(void **state)
{
    (void)state;
    static struct ground ground;
    static struct key keys[2 * POINTS_MAX], again[2 * POINTS_MAX];
    for (unsigned kind = 0; kind < 6; kind++)
        for (unsigned round = 0; round < 12; round++) {
            struct scree__features_tin tin;
            fill(&ground, kind, round < 4 ? round + 2 : 20 + 25 * round);
            build(&ground, &tin);
            check_network(&ground, &tin);
            if (kind == 4)
                assert_int_equal(tin.network.triangle_count, 0);
            uint32_t count = keys_of(&ground, &tin, keys);
            scree__features_tin_release(&tin);
            shuffle(&ground);
            build(&ground, &tin);
            assert_int_equal(keys_of(&ground, &tin, again), count);
            assert_memory_equal(keys, again, count * sizeof *keys);
            scree__features_tin_release(&tin);
        }
}

/* Barycentric, in long double, from whichever triangle holds the point. */
static bool scan_height(const struct ground *ground, const struct scree__features_tin *tin,
                        int32_t x, int32_t y, int32_t z, long double *above)
{
    struct features_place p = {x, y};
    for (uint32_t i = 0; i < tin->network.triangle_count; i++) {
        const struct features_triangle *t = &tin->network.triangles[i];
        if (!real(t))
            continue;
        struct features_place c[3] = {at(ground, t->corner[0]), at(ground, t->corner[1]),
                                      at(ground, t->corner[2])};
        long double w[3], sum = 0;
        bool in = true;
        for (int k = 0; k < 3; k++) {
            w[k] = (long double)features_turn(c[(k + 1) % 3], c[(k + 2) % 3], p);
            in = in && w[k] >= 0;
            sum += w[k];
        }
        if (!in)
            continue;
        *above = 0;
        for (int k = 0; k < 3; k++)
            *above += w[k] / sum * (z - (long double)ground->z[t->corner[k]]);
        return true;
    }
    return false;
}

static void heights(void **state)
{
    (void)state;
    static struct ground ground;
    for (unsigned kind = 0; kind < 6; kind++) {
        struct scree__features_tin tin;
        fill(&ground, kind, 400);
        build(&ground, &tin);
        for (uint32_t i = 0; i < 1500; i++) {
            uint32_t side = kind == 0 ? 100000000u : kind == 1 ? 14 : 400;
            int32_t x = (int32_t)random_below(side) - (int32_t)side / 2,
                    y = (int32_t)random_below(side) - (int32_t)side / 2,
                    z = (int32_t)random_below(9000);
            if (i % 3 == 0) {
                uint32_t j = random_below(ground.count);
                x = ground.x[j];
                y = ground.y[j];
            }
            struct features_height height;
            long double above = 0;
            bool inside = scan_height(&ground, &tin, x, y, z, &above);
            scree__features_tin_height(&tin, x, y, z, &height);
            assert_int_equal(height.inside, inside);
            if (inside)
                assert_true(fabsl(height.above - above) <= 1e-9L);
        }
        scree__features_tin_release(&tin);
    }
}

static void windows(void **state)
{
    (void)state;
    static struct ground whole, part;
    unsigned kept = 0;
    for (unsigned round = 0; round < 30; round++) {
        struct scree__features_tin tin, cut;
        fill(&whole, round % 2 ? 2 : 0, 1500);
        build(&whole, &tin);
        int32_t side = round % 2 ? 300 : 100000000;
        int32_t low = -side / 3, high = side / 4;
        part.count = 0;
        for (uint32_t i = 0; i < whole.count; i++)
            if (whole.x[i] >= low && whole.x[i] <= high && whole.y[i] >= low &&
                whole.y[i] <= high) {
                part.x[part.count] = whole.x[i];
                part.y[part.count] = whole.y[i];
                part.z[part.count++] = whole.z[i];
            }
        build(&part, &cut);
        for (unsigned i = 0; i < 300; i++) {
            int32_t x = low + (int32_t)random_below((uint32_t)(high - low)),
                    y = low + (int32_t)random_below((uint32_t)(high - low));
            struct features_height here, there;
            scree__features_tin_height(&cut, x, y, 77, &here);
            scree__features_tin_height(&tin, x, y, 77, &there);
            if (!here.inside || here.reach_min[0] < low || here.reach_min[1] < low ||
                here.reach_max[0] > high || here.reach_max[1] > high)
                continue;
            assert_true(there.inside);
            assert_true(here.above == there.above);
            kept++;
        }
        scree__features_tin_release(&tin);
        scree__features_tin_release(&cut);
    }
    assert_true(kept > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(heights),
        cmocka_unit_test(windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
