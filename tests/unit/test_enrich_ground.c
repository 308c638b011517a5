/*
 * test_enrich_ground.c - heights where a great many ground points lie along the circles of triangles, or on none: the same as from the whole network, whatever the windows, the
 * halos, the threads, the budget and where points wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enrich_naive.h"
#include "scree/scree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 0.01
#define TURN 6.283185307179586

struct setting {
    uint64_t window;
    uint32_t halo;
    unsigned threads, mebibytes;
    bool scratch;
};

static const struct setting settings[] = {
    {0, 100, 1, 256, false},
    {0, 100, 2, 64, true},
    {900, 4, 3, 256, false},
    {2500, 300, 1, 64, true},
};

/* k: of how many ground points; 0: by the network. */
static void run(const struct naive_cloud *cloud, double reach, uint32_t k,
                const struct setting *setting, float *heights)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options run;
    struct scree_context *context;
    struct scree_enrich_options options;
    struct scree_enrich_cloud from = {.size = sizeof from,
                                      .count = cloud->count,
                                      .x = cloud->x,
                                      .y = cloud->y,
                                      .z = cloud->z,
                                      .scale = {UNIT, UNIT, UNIT},
                                      .classes = cloud->classes,
                                      .returns = cloud->returns};
    scree_context_options_init(&run);
    run.memory_bytes = (uint64_t)setting->mebibytes << 20;
    run.threads = setting->threads;
    scree_enrich_options_init(&options);
    options.features = SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND);
    options.ground_reach = reach;
    options.ground_mode = k == 0   ? SCREE_GROUND_TIN
                          : k == 1 ? SCREE_GROUND_NEAREST
                                   : SCREE_GROUND_IDW;
    options.idw_count = k > 1 ? k : options.idw_count;
    options.window_points = setting->window;
    options.halo_percent = setting->halo;
    options.force_scratch = setting->scratch;
    assert_int_equal(scree_context_new(&run, &context, &err), SCREE_OK);
    if (scree_enrich_points(context, &options, &from, heights, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

static void check_by(const char *name, const struct naive_cloud *cloud, double reach, uint32_t k,
                     const float *naive)
{
    const uint32_t n = cloud->count;
    float *heights = malloc(n * sizeof *heights);
    uint32_t known = 0;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        run(cloud, reach, k, &settings[s], heights);
        for (uint32_t i = 0; i < n; i++) {
            const float *expected = &naive[i];
            if (memcmp(&heights[i], expected, sizeof *expected) != 0)
                fail_msg("%s, setting %zu: point %u (%d %d): %.9g, not %.9g", name, s, i,
                         cloud->x[i], cloud->y[i], (double)heights[i], (double)*expected);
            known += *expected > SCREE_FEATURE_NO_DATA;
        }
    }
    assert_true(known > n);
    free(heights);
}

static void check(const char *name, const struct naive_cloud *cloud, double reach)
{
    float *rows = malloc((size_t)cloud->count * SCREE_FEATURE_COUNT * sizeof *rows);
    float *naive = malloc(cloud->count * sizeof *naive);
    naive_heights(cloud, UNIT, reach / UNIT, rows);
    for (uint32_t i = 0; i < cloud->count; i++)
        naive[i] = rows[(size_t)i * SCREE_FEATURE_COUNT + SCREE_FEATURE_HEIGHT_ABOVE_GROUND];
    check_by(name, cloud, reach, 0, naive);
    free(naive);
    free(rows);
}

static void check_nearest(const char *name, const struct naive_cloud *cloud, double reach,
                          uint32_t k)
{
    float *naive = malloc(cloud->count * sizeof *naive);
    for (uint32_t i = 0; i < cloud->count; i++)
        naive[i] = naive_height_by_points(cloud, i, UNIT, k, reach / UNIT);
    check_by(name, cloud, reach, k, naive);
    free(naive);
}

/* ------------------------------------------------------------------------------------------ places */

static uint64_t seed;

static double share(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static void polar(struct naive_cloud *cloud, uint32_t i, double radius, double turn)
{
    cloud->x[i] = (int32_t)lrint(radius * cos(turn * TURN));
    cloud->y[i] = (int32_t)lrint(radius * sin(turn * TURN));
}

/* Random heights; every other point is ground, and lies at no place yet; the others lie all over. */
static void begin(struct naive_cloud *cloud, uint32_t count, double radius)
{
    naive_cloud_make(cloud, 0, count, 5);
    seed = 7;
    for (uint32_t i = 0; i < count; i++) {
        cloud->classes[i] = i % 2 == 0 ? 2 : 1;
        cloud->z[i] = (int32_t)(share() * 5000);
        polar(cloud, i, radius * sqrt(share()), share());
    }
}

static void ring(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 8000, 6200);
    for (uint32_t i = 0; i < cloud.count; i++)
        if (i % 2 == 0 || i % 4 == 1)
            polar(&cloud, i, i % 2 == 0 ? 6000 : 5900 + 200 * share(), share());
    check("ring", &cloud, 100);
    check("ring at the reach", &cloud, 60.2);
    check("ring that is wider than the reach", &cloud, 59);
    naive_cloud_free(&cloud);
}

/* The nearest ground of places inside a ring, all of which is as far from the middle. */
static void nearest(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 3000, 6200);
    for (uint32_t i = 0; i < cloud.count; i++)
        if (i % 4 == 1)
            polar(&cloud, i, 300 * share(), share());
        else if (i % 2 == 0)
            polar(&cloud, i, 6000, share());
    check_nearest("nearest of a ring", &cloud, 100, 1);
    check_nearest("nearest of a ring at the reach", &cloud, 60, 1);
    check_nearest("nearest few of a ring", &cloud, 100, 4);
    naive_cloud_free(&cloud);
}

static void two_rings(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 8000, 6200);
    for (uint32_t i = 0; i < cloud.count; i += 2)
        polar(&cloud, i, i % 4 == 0 ? 6000 : 2500, share());
    check("two rings", &cloud, 100);
    naive_cloud_free(&cloud);
}

static double shore(double turn)
{
    return 2600 + 500 * sin(3 * TURN * turn) + 330 * cos(5 * TURN * turn + 1) +
           120 * sin(11 * TURN * turn);
}

/* Ground around a lake, dense along its shore, and a ring of it around an island in the middle. */
static void lake(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 8000, 6000);
    for (uint32_t i = 0; i < cloud.count; i += 2) {
        const double turn = share();
        const double low = shore(turn);
        polar(&cloud, i, i % 4 == 0 ? low : i % 16 == 2 ? 300 : low + (6000 - low) * share(), turn);
    }
    check("lake", &cloud, 60);
    naive_cloud_free(&cloud);
}

/* Squares of ground points, each on one circle, around a hole. */
static void grid(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 8000, 6000);
    for (uint32_t i = 0, at = 0; i < cloud.count; i += 2, at++) {
        while (abs((int)(at % 80) - 40) < 25 && abs((int)(at / 80) - 40) < 25)
            at++;
        cloud.x[i] = (int32_t)(at % 80) * 100 - 4000;
        cloud.y[i] = (int32_t)(at / 80) * 100 - 4000;
    }
    check("grid", &cloud, 100);
    naive_cloud_free(&cloud);
}

static void line(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 6000, 3000);
    for (uint32_t i = 0; i < cloud.count; i++)
        if (i % 2 == 0 || i % 8 == 1) {
            const int32_t at = (int32_t)(share() * 3000) - 1500;
            cloud.x[i] = 2 * at + 3;
            cloud.y[i] = at - 7;
        }
    check("line", &cloud, 50);
    naive_cloud_free(&cloud);
}

/* A shaft: ground from bottom to top over a small square, more of it above and below each part than a window holds, and never quite as wide as the square. */
static void shaft(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 7000, 3000);
    for (uint32_t i = 0; i < cloud.count; i++) {
        cloud.x[i] = (int32_t)(share() * 1000);
        cloud.y[i] = (int32_t)(share() * 1000);
        cloud.z[i] = (int32_t)(share() * 1000000);
    }
    check("shaft", &cloud, 100);
    naive_cloud_free(&cloud);
}

/* All whole places at one distance from the middle, exactly: (5 13 17 29)² is the sum of two squares in 324 ways. */
static void circle(void **state)
{
    struct naive_cloud cloud;
    (void)state;
    begin(&cloud, 2 * 324 + 6000, 33000);
    uint32_t i = 0;
    const int64_t radius = 5 * 13 * 17 * 29;
    for (int64_t x = -radius; x <= radius; x++) {
        const int64_t y = lrint(sqrt((double)(radius * radius - x * x)));
        for (int sign = y > 0 ? -1 : 1; sign <= 1 && x * x + y * y == radius * radius; sign += 2) {
            cloud.x[i] = (int32_t)x;
            cloud.y[i] = (int32_t)(sign * y);
            i += 2;
        }
    }
    assert_int_equal(i, 2 * 324);
    for (; i < cloud.count; i += 2)
        cloud.classes[i] = 6;
    check("circle", &cloud, 400);
    naive_cloud_free(&cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring),   cmocka_unit_test(nearest), cmocka_unit_test(two_rings),
        cmocka_unit_test(lake),   cmocka_unit_test(grid),    cmocka_unit_test(line),
        cmocka_unit_test(circle), cmocka_unit_test(shaft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
