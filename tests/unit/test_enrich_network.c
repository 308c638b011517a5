/*
 * test_enrich_network.c - what the ground around a part remembers, by itself: leaves whose points are not in a circle, and triangles on both sides of an edge. Whole runs that would
 * show a fault in them are too rare to wait for.
 */
#include "enrich/heights.h"
#include "scree/scree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The ground of some places, in one leaf, about (0, 0, 0). */
struct scene {
    struct scree_context *context;
    struct scree__enrich_store store;
    struct scree__enrich_question question;
    struct scree__enrich_window window;
    struct scree__enrich_ground ground;
};

static void ok(enum scree_status status, const struct scree_error *err)
{
    if (status != SCREE_OK)
        fail_msg("%s", err->message);
}

static void add(struct scene *scene, const struct features_corner *at, uint32_t roles)
{
    struct scree_error err = SCREE_ERROR_INIT;
    const struct scree__enrich_point point = {at->x, at->y, at->z, ENRICH_ROLE(roles)};
    ok(scree__enrich_store_add(&scene->store, 0, &point, 1, 0, &err), &err);
}

/* The two that are far away and no ground make the cells of the first cut large enough for all others to be in one. */
static struct scene *scene_new(const struct features_corner *places, uint32_t count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options run;
    static const struct features_corner far[2] = {{-20000, -20000, 0}, {80000, 80000, 0}};
    struct scree__enrich_store_settings settings = {
        .in_memory = true, .leaf_points = 4096, .points = count + 2};
    struct scene *scene = calloc(1, sizeof *scene);
    scree_context_options_init(&run);
    run.memory_bytes = (uint64_t)64 << 20;
    run.threads = 1;
    ok(scree_context_new(&run, &scene->context, &err), &err);
    ok(scree__enrich_store_init(&scene->store, scene->context, &settings, &err), &err);
    for (uint32_t i = 0; i < count; i++)
        add(scene, &places[i], ENRICH_GROUND | ENRICH_NEIGHBOR | ENRICH_WANTED);
    for (uint32_t i = 0; i < 2; i++)
        add(scene, &far[i], ENRICH_NEIGHBOR);
    ok(scree__enrich_store_finish(&scene->store, &err), &err);
    scene->window.context = scene->context;
    scene->window.store = &scene->store;
    scene->window.question = &scene->question;
    ok(scree__enrich_seek_init(&scene->window.seek, &scene->store, &err), &err);
    scene->ground.window = &scene->window;
    for (int a = 0; a < 2; a++) {
        scene->ground.whole_min[a] = INT32_MAX;
        scene->ground.whole_max[a] = INT32_MIN;
        scene->ground.region_min[a] = -100000;
        scene->ground.region_max[a] = 100000;
    }
    return scene;
}

static void scene_free(struct scene *scene)
{
    scree__enrich_network_end(&scene->ground);
    scree__features_ground_release(&scene->ground.near);
    scree__mem_free(scene->store.budget, scene->window.lifts,
                    ENRICH_LIFTS * sizeof *scene->window.lifts);
    scree__enrich_seek_release(&scene->window.seek);
    scree__enrich_store_release(&scene->store);
    scree_context_free(scene->context);
    free(scene);
}

/* Does the tree find a point in the circle of a triangle about p? looks: so many it took. */
static bool in_circle(struct scene *scene, const struct features_facet *facet,
                      struct features_place p, struct features_corner *point, uint64_t *looks)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct features_circle circle;
    bool found;
    *looks = 0;
    scree__features_facet_circle(facet, &circle);
    ok(scree__enrich_ground_in_circle(&scene->ground, facet, &circle, p, point, &found, looks,
                                      &err),
       &err);
    return found;
}

/*
 * Three hundred ground points to the left of a circle and one in it, to the right. As long as the right one is outside of the region it does not count, but the leaf is not free of
 * points in the circle: another part's region has it.
 */
static void region(void **state)
{
    (void)state;
    enum { LEFT = 300 };
    struct features_corner places[LEFT + 1], point;
    struct scree_error err = SCREE_ERROR_INIT;
    const struct features_facet facet = {{{0, 0, 0}, {1500, -1500, 0}, {1500, 1500, 0}}};
    const struct features_place p = {1000, 0};
    uint64_t looks, again;
    for (int32_t i = 0; i < LEFT; i++)
        places[i] = (struct features_corner){-100 - i, 7 * i % 1000 - 500, i};
    places[LEFT] = (struct features_corner){2000, 0, 77};
    struct scene *scene = scene_new(places, LEFT + 1);
    ok(scree__features_ground_build(scene->store.budget, NULL, 0, &scene->ground.near, &err), &err);
    scree__enrich_lift_begin(&scene->window, UINT64_MAX);
    assert_non_null(scene->window.lifts);

    scene->ground.region_max[0] = 1200;
    assert_false(in_circle(scene, &facet, p, &point, &looks));
    scene->ground.region_max[0] = 5000;
    assert_true(in_circle(scene, &facet, p, &point, &looks));
    assert_int_equal(point.x, 2000);
    assert_int_equal(point.z, 77);

    /* A circle that no point lies in: the leaf is looked at once, for the next one like it no more. */
    const struct features_facet clear = {{{0, 0, 0}, {900, -900, 0}, {900, 900, 0}}},
                                like = {{{10, 0, 0}, {900, -900, 0}, {900, 890, 0}}};
    assert_false(in_circle(scene, &clear, p, &point, &looks));
    assert_false(in_circle(scene, &like, p, &point, &again));
    assert_true(looks > LEFT && again < looks - LEFT);
    scene_free(scene);
}

/* On the edge of two triangles, one of which has too large a circle: the other one, from whichever side it is come upon. */
static void edge(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    struct features_corner places[COUNT] = {{0, 0, 5}, {200, 0, 6}, {100, 100, 7}, {100, -5000, 8}};
    const struct features_place on = {100, 0}, sides[2] = {{100, 20}, {100, -300}};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scene *scene = scene_new(places, COUNT);
    const struct scree__enrich_facet *known;
    bool empty;
    scene->ground.reach2 = 1000.0 * 1000.0;
    for (int a = 0; a < 2; a++) {
        scene->ground.whole_min[a] = -50000;
        scene->ground.whole_max[a] = 50000;
    }
    ok(scree__features_ground_build(scene->store.budget, places, COUNT, &scene->ground.near, &err),
       &err);
    ok(scree__enrich_network_begin(&scene->ground, UINT64_MAX / 2, &err), &err);
    assert_true(scene->ground.networked);
    for (int i = 0; i < 4; i++) {
        ok(scree__enrich_network_find(&scene->ground, sides[i % 2], &empty, &known, &err), &err);
        assert_false(empty);
        assert_non_null(known);
        assert_int_equal(known->good, i % 2 == 0);
        ok(scree__enrich_network_find(&scene->ground, on, &empty, &known, &err), &err);
        assert_false(empty);
        assert_non_null(known);
        assert_true(known->good);
    }
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region),
        cmocka_unit_test(edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
