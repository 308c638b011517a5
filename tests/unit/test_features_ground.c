/*
 * test_features_ground.c - ground points in grids: the triangle that is found about a place is that of the whole network (tin.h), the point at a place and the nearest
 * ones are those of a full scan; whatever the distribution, and also for points that came later.
 */
#include "features/ground.h"
#include "tin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS_MAX 4000u
#define KINDS 7u

struct ground {
    int32_t x[POINTS_MAX], y[POINTS_MAX], z[POINTS_MAX];
    uint32_t count;
    int32_t side;
};

static uint64_t seed = 5;

static uint32_t random_below(uint32_t end)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % end);
}

static void fill(struct ground *ground, unsigned kind, uint32_t n)
{
    static const int32_t sides[KINDS] = {100000000, 12, 300, 1000, 400, 3000, 200000000};
    const int32_t side = ground->side = sides[kind];
    ground->count = n;
    for (uint32_t i = 0; i < n; i++) {
        ground->x[i] = (int32_t)random_below((uint32_t)side) - side / 2;
        ground->y[i] = (int32_t)random_below((uint32_t)side) - side / 2;
        if (kind == 3) /* lines */
            ground->y[i] = i % 7 == 0 ? 5 : ground->x[i] / 2 * 2;
        if (kind == 4) /* one line */
            ground->y[i] = 3 * ground->x[i];
        if (kind == 5) { /* a lattice with a hole: many points on each circle */
            ground->x[i] = ground->x[i] / 60 * 60 + (ground->x[i] >= 0 ? 900 : -900);
            ground->y[i] = ground->y[i] / 60 * 60;
        }
        if (kind == 6 &&
            i % 50 != 0) { /* nearly all in a corner, and most of these in a corner of that */
            ground->x[i] = (int32_t)random_below(i % 3 == 0 ? 2000 : 30) + 70000000;
            ground->y[i] = (int32_t)random_below(i % 3 == 0 ? 2000 : 30) - 60000000;
        }
        ground->z[i] = (int32_t)random_below(5000);
    }
}

static void build(const struct ground *all, uint32_t later, struct scree__features_ground *ground)
{
    static struct features_corner points[POINTS_MAX];
    const uint32_t count = all->count - later;
    for (uint32_t i = 0; i < count; i++)
        points[i] = (struct features_corner){all->x[i], all->y[i], all->z[i]};
    assert_int_equal(scree__features_ground_build(NULL, points, count, ground, NULL), SCREE_OK);
    for (uint32_t i = count; i < all->count; i++) {
        const struct features_corner point = {all->x[i], all->y[i], all->z[i]};
        scree__features_ground_add(ground, &point);
    }
}

static struct features_place somewhere(const struct ground *all, uint32_t i)
{
    const uint32_t side = (uint32_t)all->side + (uint32_t)all->side / 10 + 2;
    struct features_place p = {(int32_t)random_below(side) - (int32_t)side / 2,
                               (int32_t)random_below(side) - (int32_t)side / 2};
    const uint32_t j = random_below(all->count);
    if (i % 3 != 2) { /* by a ground point, or on it */
        p.x = all->x[j] + (i % 3 == 0 ? 0 : (int32_t)random_below(41) - 20);
        p.y = all->y[j] + (i % 3 == 0 ? 0 : (int32_t)random_below(41) - 20);
    }
    return p;
}

/* The triangle of the network, from any. */
static bool find(const struct scree__features_ground *ground, struct features_place p,
                 struct features_facet *facet)
{
    uint64_t looks = 0;
    if (!scree__features_ground_around(ground, p, facet))
        return false;
    for (unsigned steps = 0; steps < 10000; steps++) {
        struct features_circle circle;
        assert_true(features_facet_holds(facet, p));
        scree__features_facet_circle(facet, &circle);
        const uint32_t found = scree__features_ground_within(ground, facet, &circle, p, &looks);
        if (found == FEATURES_NO_GROUND)
            return true;
        scree__features_facet_turn(facet, &ground->points[found], p);
    }
    fail_msg("no end");
    return false;
}

static void triangles(void **state)
{
    static struct ground all;
    unsigned found = 0;
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned round = 0; round < 6; round++) {
            struct scree__features_tin tin;
            struct scree__features_ground ground;
            fill(&all, kind, round == 0 ? 5 : round * 500);
            build(&all, 0, &ground);
            assert_int_equal(
                scree__features_tin_build(NULL, all.x, all.y, all.z, all.count, &tin, NULL),
                SCREE_OK);
            for (uint32_t i = 0; i < 400; i++) {
                const struct features_place p = somewhere(&all, i);
                struct features_height height;
                struct features_facet facet;
                scree__features_tin_height(&tin, p.x, p.y, 77, &height);
                const uint32_t at = scree__features_ground_at(&ground, p);
                if (at != FEATURES_NO_GROUND) {
                    if (height.inside)
                        assert_true(77.0 - ground.points[at].z == height.above);
                    continue;
                }
                if (!find(&ground, p, &facet))
                    continue;
                assert_true(height.inside);
                assert_true(scree__features_facet_above(&facet, p, 77) == height.above);
                found++;
            }
            scree__features_tin_release(&tin);
            scree__features_ground_release(&ground);
        }
    assert_true(found > 4000);
}

static uint32_t lowest_at(const struct ground *all, struct features_place p)
{
    uint32_t lowest = FEATURES_NO_GROUND;
    for (uint32_t j = 0; j < all->count; j++)
        if (all->x[j] == p.x && all->y[j] == p.y &&
            (lowest == FEATURES_NO_GROUND || all->z[j] < all->z[lowest]))
            lowest = j;
    return lowest;
}

/* The k nearest places of all, by (d2, x, y). */
static uint32_t scan_nearest(const struct ground *all, struct features_place p, uint32_t k,
                             uint64_t limit2, struct features_near *near)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < all->count; j++) {
        const int64_t dx = (int64_t)all->x[j] - p.x, dy = (int64_t)all->y[j] - p.y;
        const struct features_near one = {
            (uint64_t)(dx * dx + dy * dy), {all->x[j], all->y[j], 0}, j};
        uint32_t at = count;
        bool there = false;
        for (uint32_t i = 0; i < count; i++)
            there = there || (near[i].at.x == one.at.x && near[i].at.y == one.at.y);
        if (there || one.d2 > limit2)
            continue;
        while (at > 0 && (one.d2 < near[at - 1].d2 ||
                          (one.d2 == near[at - 1].d2 &&
                           (one.at.x < near[at - 1].at.x ||
                            (one.at.x == near[at - 1].at.x && one.at.y < near[at - 1].at.y)))))
            at--;
        if (at == k)
            continue;
        count += count < k;
        for (uint32_t i = count - 1; i > at; i--)
            near[i] = near[i - 1];
        near[at] = one;
    }
    return count;
}

static void check_nearest(const struct ground *all, const struct scree__features_ground *ground,
                          uint32_t i)
{
    static const uint32_t ks[4] = {1, 3, 32, 7};
    struct features_near near[32], scanned[32];
    const struct features_place p = somewhere(all, i);
    const uint32_t k = ks[i % 4];
    const uint64_t side = (uint64_t)all->side,
                   limit2 = i % 5 == 0 ? side * side / 100 : side * side * 9;
    const uint32_t hint = i % 2 == 0 ? random_below(ground->count + 1) : FEATURES_NO_GROUND;
    const uint32_t count = scree__features_ground_nearest(ground, p, k, limit2, hint, near);
    assert_int_equal(count, scan_nearest(all, p, k, limit2, scanned));
    for (uint32_t n = 0; n < count; n++) {
        const struct features_place place = features_place_of(&near[n].at);
        assert_true(near[n].d2 == scanned[n].d2 && place.x == scanned[n].at.x &&
                    place.y == scanned[n].at.y);
        assert_int_equal(near[n].at.z, all->z[lowest_at(all, place)]);
    }
    const uint32_t at = scree__features_ground_at(ground, p), lowest = lowest_at(all, p);
    assert_int_equal(at == FEATURES_NO_GROUND, lowest == FEATURES_NO_GROUND);
    if (at != FEATURES_NO_GROUND)
        assert_int_equal(ground->points[at].z, all->z[lowest]);
}

/* Points that come later have the lowest z of their places. */
static void settle_heights(struct ground *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct features_place p = {all->x[i], all->y[i]};
        all->z[i] = all->z[lowest_at(all, p)];
    }
}

static void nearest(void **state)
{
    static struct ground all;
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned round = 0; round < 4; round++) {
            struct scree__features_ground ground;
            const uint32_t later = round == 2 ? 90 : round == 3 ? 100 : 0;
            fill(&all, kind, round == 0 ? 1 : round == 3 ? 100 : 1200);
            if (later > 0)
                settle_heights(&all);
            build(&all, later, &ground);
            for (uint32_t i = 0; i < 200; i++)
                check_nearest(&all, &ground, i);
            scree__features_ground_release(&ground);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triangles),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
