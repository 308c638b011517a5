/*
 * test_enrich_cells.c - the ground thinned by a grid: the rows of a cloud with cells are those of the cloud whose classes were thinned before, by a sort of all ground points, whatever
 * is read at a time and wherever points wait.
 */
#include "context.h"
#include "enrich_naive.h"
#include "scree/scree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct ground {
    int64_t cell[2];
    int32_t at[3];
    uint32_t point;
};

static int64_t floor_of(int64_t a, int64_t b)
{
    int64_t whole = a / b;
    return whole * b > a ? whole - 1 : whole;
}

static int compare(const void *a, const void *b)
{
    const struct ground *g = a, *h = b;
    const int64_t keys[2][5] = {{g->cell[0], g->cell[1], g->at[2], g->at[0], g->at[1]},
                                {h->cell[0], h->cell[1], h->at[2], h->at[0], h->at[1]}};
    for (int i = 0; i < 5; i++)
        if (keys[0][i] != keys[1][i])
            return keys[0][i] < keys[1][i] ? -1 : 1;
    return 0;
}

/* Classes with 1 in place of 2 where a point is not the lowest of its cell; returns how many stay. */
static uint32_t thin(const struct naive_cloud *cloud, int64_t side, uint8_t *classes)
{
    struct ground *all = malloc(cloud->count * sizeof *all);
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < cloud->count; i++) {
        classes[i] = cloud->classes[i];
        if (classes[i] == 2)
            all[count++] =
                (struct ground){{floor_of(cloud->x[i], side), floor_of(cloud->y[i], side)},
                                {cloud->x[i], cloud->y[i], cloud->z[i]},
                                i};
    }
    qsort(all, count, sizeof *all, compare);
    const struct ground *first = all;
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(all[i].cell, first->cell, sizeof first->cell) != 0)
            first = &all[i];
        if (memcmp(all[i].at, first->at, sizeof first->at) != 0)
            classes[all[i].point] = 1;
        else
            kept++;
    }
    free(all);
    return kept;
}

#define ONLY SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND)

static struct scree_enrich_options options_of(enum scree_ground_mode mode, double cell)
{
    struct scree_enrich_options options;
    scree_enrich_options_init(&options);
    options.features = ONLY;
    options.ground_reach = 12;
    options.ground_mode = mode;
    options.ground_cell = cell;
    return options;
}

static void heights(const struct naive_cloud *cloud, const uint8_t *classes,
                    const struct scree_enrich_options *options, unsigned threads, float *rows)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(threads, (uint64_t)128 << 20);
    const struct scree_enrich_cloud from = {.size = sizeof from,
                                            .count = cloud->count,
                                            .x = cloud->x,
                                            .y = cloud->y,
                                            .z = cloud->z,
                                            .scale = {0.01, 0.01, 0.01},
                                            .classes = classes};
    if (scree_enrich_points(context, options, &from, rows, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

static uint32_t differing(const float *a, const float *b, uint32_t count)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < count; i++)
        differ += memcmp(&a[i], &b[i], sizeof *a) != 0;
    return differ;
}

/* sides in steps; the last one holds all. */
static void check(unsigned kind, uint32_t count, const int64_t *sides, size_t side_count)
{
    struct naive_cloud cloud;
    naive_cloud_make(&cloud, kind, count, 77 + kind);
    uint8_t *classes = malloc(count);
    float *expected = malloc(count * sizeof *expected), *rows = malloc(count * sizeof *rows);
    for (uint32_t i = 0; i < count; i++) { /* on both sides of the origin */
        cloud.x[i] -= 2511;
        cloud.y[i] -= 907;
    }
    uint32_t all = 0;
    for (uint32_t i = 0; i < count; i++)
        all += cloud.classes[i] == 2;
    for (size_t s = 0; s < side_count; s++) {
        const uint32_t kept = thin(&cloud, sides[s], classes);
        assert_true(kept > 0 && kept <= all);
        for (int mode = 0; mode < 3; mode++) {
            struct scree_enrich_options options = options_of((enum scree_ground_mode)mode, 0);
            heights(&cloud, classes, &options, 2, expected);
            options.ground_cell = (double)sides[s] * 0.01 + (sides[s] == 1 ? -0.007 : 0.001);
            for (int way = 0; way < 4; way++) {
                options.force_scratch = way >= 2;
                options.window_points = way % 2 == 0 ? 0 : 900;
                heights(&cloud, cloud.classes, &options, 1 + (unsigned)way, rows);
                const uint32_t differ = differing(rows, expected, count);
                if (differ > 0)
                    fail_msg("kind %u, cells of %d, mode %d, way %d: %u of %u points differ", kind,
                             (int)sides[s], mode, way, differ, count);
            }
        }
    }
    free(classes);
    free(expected);
    free(rows);
    naive_cloud_free(&cloud);
}

static void test_kinds(void **state)
{
    static const int64_t sides[] = {1, 37, 110, 500, 100000};
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++)
        check(kind, 1500, sides, sizeof sides / sizeof *sides);
}

/* More points than are thinned at a time: cells across parts, parts within cells. */
static void test_parts(void **state)
{
    static const int64_t sides[] = {60, 1500};
    (void)state;
    check(0, 90000, sides, 2);
}

/* Places as coordinates: cells count from the origin and not from the first point. */
static void test_coordinates(void **state)
{
    enum { COUNT = 1000 };
    static double places[3 * COUNT];
    static float expected[COUNT], rows[COUNT];
    struct naive_cloud cloud;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_options options = options_of(SCREE_GROUND_TIN, 1.3);
    (void)state;
    naive_cloud_make(&cloud, 0, COUNT, 5);
    heights(&cloud, cloud.classes, &options, 1, expected);
    for (uint32_t i = 0; i < COUNT; i++) {
        places[3 * i] = cloud.x[i] * 0.01;
        places[3 * i + 1] = cloud.y[i] * 0.01;
        places[3 * i + 2] = cloud.z[i] * 0.01;
    }
    const struct scree_enrich_cloud from = {.size = sizeof from,
                                            .count = COUNT,
                                            .coordinates = places,
                                            .scale = {0.01, 0.01, 0.01},
                                            .classes = cloud.classes};
    struct scree_context *context = context_with(2, (uint64_t)128 << 20);
    if (scree_enrich_points(context, &options, &from, rows, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(differing(rows, expected, COUNT), 0);
    options.ground_cell = -1;
    assert_int_equal(scree_enrich_points(context, &options, &from, rows, &err), SCREE_E_ARGUMENT);
    scree_context_free(context);
    naive_cloud_free(&cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_coordinates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
