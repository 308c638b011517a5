/* The engine of enrich against features computed the slow way; and the same bits whatever the windows, the budget, the threads, the instructions. */
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

#define ALL (SCREE_FEATURE_BIT(SCREE_FEATURE_COUNT) - 1)

struct setting {
    uint64_t window;
    uint32_t halo;
    unsigned threads;
    bool scratch;
};

static void run(const struct naive_cloud *cloud, const struct scree_enrich_options *asked,
                const struct setting *setting, double unit, float *rows)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options run;
    struct scree_context *context;
    struct scree_enrich_options options = *asked;
    struct scree_enrich_cloud from = {.size = sizeof from,
                                      .count = cloud->count,
                                      .x = cloud->x,
                                      .y = cloud->y,
                                      .z = cloud->z,
                                      .scale = {unit, unit, unit},
                                      .classes = cloud->classes,
                                      .returns = cloud->returns};
    scree_context_options_init(&run);
    run.memory_bytes = (uint64_t)256 << 20;
    run.threads = setting->threads;
    options.window_points = setting->window;
    options.halo_percent = setting->halo;
    options.force_scratch = setting->scratch;
    assert_int_equal(scree_context_new(&run, &context, &err), SCREE_OK);
    if (scree_enrich_points(context, &options, &from, rows, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

static const double near_enough[SCREE_FEATURE_COUNT] = {[SCREE_FEATURE_NORMAL_X] = 2e-5,
                                                        [SCREE_FEATURE_NORMAL_Y] = 2e-5,
                                                        [SCREE_FEATURE_NORMAL_Z] = 2e-5};

static void compare(const float *rows, const float *naive, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (int f = 0; f < SCREE_FEATURE_COUNT; f++) {
            double a = (double)rows[(size_t)i * SCREE_FEATURE_COUNT + f];
            double b = (double)naive[(size_t)i * SCREE_FEATURE_COUNT + f];
            double allowed = near_enough[f] > 0 ? near_enough[f] : 1e-6;
            if (f >= SCREE_FEATURE_WALL_SCORE && f <= SCREE_FEATURE_BUILDING_SCORE)
                continue;
            if (f == SCREE_FEATURE_OMNIVARIANCE) { /* the root of what may be 1e-16 of the whole */
                double l =
                    (double)naive[(size_t)i * SCREE_FEATURE_COUNT + SCREE_FEATURE_EIGENVALUE_1];
                a = a > 0 ? a * a * a : a;
                b = b > 0 ? b * b * b : b;
                allowed = 1e-13 * fabs(l * l * l) + 1e-5 * fabs(b) + 1e-12;
            }
            double scale = fabs(b) > 1 ? fabs(b) : 1;
            if (!(fabs(a - b) <= allowed * scale))
                fail_msg("point %u %s: %.9g, naive %.9g", i, scree_feature_info(f)->name, a, b);
        }
}

/* Where two eigenvalues are as good as equal the normal is anybody's guess. */
static void forgive_normals(const float *rows, float *naive, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const float *row = rows + (size_t)i * SCREE_FEATURE_COUNT;
        float *n = naive + (size_t)i * SCREE_FEATURE_COUNT;
        bool loose = n[SCREE_FEATURE_EIGENVALUE_2] - n[SCREE_FEATURE_EIGENVALUE_3] <
                     1e-3F * n[SCREE_FEATURE_EIGENVALUE_1];
        bool level = fabsf(n[SCREE_FEATURE_NORMAL_Z]) < 1e-4F;
        for (int a = 0; a < 3 && (loose || level) && n[SCREE_FEATURE_NORMAL_X] > -2; a++)
            n[SCREE_FEATURE_NORMAL_X + a] = row[SCREE_FEATURE_NORMAL_X + a];
        if (loose && n[SCREE_FEATURE_VERTICALITY] > -2)
            n[SCREE_FEATURE_VERTICALITY] = row[SCREE_FEATURE_VERTICALITY];
    }
}

static const struct setting settings[] = {
    {0, 0, 1, false},    {256, 100, 1, false}, {256, 1, 4, false}, {1000, 30, 2, false},
    {600, 300, 2, true}, {300, 10, 4, true},   {0, 0, 2, true}};

static void check_cloud(unsigned kind, uint32_t count, uint32_t k, double radius, double reach)
{
    struct naive_cloud cloud;
    struct scree_enrich_options options;
    double unit = 0.01;
    size_t bytes = ((size_t)count + 1) * SCREE_FEATURE_COUNT * sizeof(float);
    float *rows = malloc(bytes), *naive = malloc(bytes), *first = malloc(bytes);
    naive_cloud_make(&cloud, kind, count, 88172645463325252u + kind * 77 + count);
    scree_enrich_options_init(&options);
    options.features = ALL;
    options.k = k;
    options.radius = radius;
    options.ground_reach = reach;
    options.count_radius = 0.7;
    naive_rows(&cloud, unit, k, radius, 0.7, reach, naive);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        static const char *const levels[] = {NULL, "plain", "avx2", "avx512"};
        (void)!scree_cpu_force(levels[s % 4], NULL); /* what the machine has not stays as it was */
        run(&cloud, &options, &settings[s], unit, rows);
        if (s == 0) {
            forgive_normals(rows, naive, count);
            compare(rows, naive, count);
            memcpy(first, rows, bytes);
        }
        for (size_t i = 0; i < (size_t)count * SCREE_FEATURE_COUNT; i++)
            if (memcmp(&rows[i], &first[i], sizeof(float)) != 0)
                fail_msg("kind %u setting %zu: point %zu %s: %.9g, before %.9g", kind, s,
                         i / SCREE_FEATURE_COUNT,
                         scree_feature_info((enum scree_feature)(i % SCREE_FEATURE_COUNT))->name,
                         (double)rows[i], (double)first[i]);
    }
    (void)!scree_cpu_force(NULL, NULL);
    naive_cloud_free(&cloud);
    free(rows);
    free(naive);
    free(first);
}

static void test_surface(void **state)
{
    (void)state;
    check_cloud(0, 2500, 20, 0, 8);
    check_cloud(0, 1500, 7, 0, 100);
}

static void test_volume(void **state)
{
    (void)state;
    check_cloud(1, 1500, 20, 0, 20);
}

static void test_few_positions(void **state)
{
    (void)state;
    check_cloud(2, 1500, 20, 0, 10);
    check_cloud(4, 1200, 20, 0, 10);
    check_cloud(5, 900, 20, 0, 10);
}

static void test_clusters(void **state)
{
    (void)state;
    check_cloud(3, 2000, 20, 0, 200);
    check_cloud(3, 1500, 300, 0, 20000);
}

static void test_radius(void **state)
{
    (void)state;
    check_cloud(0, 1500, 0, 1.5, 8);
    check_cloud(0, 1500, 20, 1.0, 8);
    check_cloud(3, 1200, 0, 3, 200);
    check_cloud(2, 1200, 0, 0.14, 8);
}

static void test_tiny(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 24; count++)
        check_cloud(count % 4, count, 20, 0, 10);
}

/* Walls without any roughness, one of 1 in 2: the normal is that of the wall, and not upwards as in programs that take l3 = 0 for no plane. On one line there is none. */
static void test_walls(void **state)
{
    enum { SIDE = 20, COUNT = SIDE * SIDE };
    static float rows[COUNT * 5];
    struct naive_cloud cloud;
    struct scree_enrich_options options;
    (void)state;
    naive_cloud_make(&cloud, 5, COUNT, 1);
    scree_enrich_options_init(&options);
    options.features =
        SCREE_FEATURE_BIT(SCREE_FEATURE_NORMAL_X) | SCREE_FEATURE_BIT(SCREE_FEATURE_NORMAL_Y) |
        SCREE_FEATURE_BIT(SCREE_FEATURE_NORMAL_Z) | SCREE_FEATURE_BIT(SCREE_FEATURE_VERTICALITY) |
        SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY);
    for (int kind = 0; kind < 3; kind++) { /* along y; along (1, 2, 0); a line */
        static const float normals[2][3] = {{1, 0, 0}, {-0.894427191F, 0.447213595F, 0}};
        for (int32_t i = 0; i < COUNT; i++) {
            const int32_t along = i % SIDE * 10, up = i / SIDE * 9;
            cloud.x[i] = kind == 1 ? along : 0;
            cloud.y[i] = kind == 1 ? 2 * along : along;
            cloud.z[i] = kind == 2 ? along + 7 * SIDE : up;
            cloud.y[i] += kind == 2 ? i / SIDE * 200 : 0;
            cloud.z[i] += kind == 2 ? i / SIDE * 200 : 0;
        }
        run(&cloud, &options, &settings[0], 0.01, rows);
        for (uint32_t i = 0; i < COUNT; i++) {
            const float *row = rows + (size_t)i * 5;
            for (int a = 0; a < 3 && kind == 2; a++)
                assert_true(row[a] == SCREE_FEATURE_NO_DATA);
            /* Of level normals the sign is that of z, which is 0 but for rounding. */
            const float sign = kind < 2 && row[1] * normals[kind][1] < 0 ? -1 : 1;
            for (int a = 0; a < 3 && kind < 2; a++)
                if (fabsf(sign * row[a] - normals[kind][a]) > 1e-6F)
                    fail_msg("wall %d, point %u: normal %g %g %g", kind, i, (double)row[0],
                             (double)row[1], (double)row[2]);
            assert_true(row[4] == (kind == 2 ? SCREE_FEATURE_NO_DATA : 1));
            assert_true(row[3] >= 0);
        }
    }
    naive_cloud_free(&cloud);
}

/* Heights from the nearest ground points: also where these are far from any window. */
static void check_points(unsigned kind, uint32_t count, uint32_t k, double reach)
{
    struct naive_cloud cloud;
    struct scree_enrich_options options;
    const double unit = 0.01;
    float *rows = malloc(((size_t)count + 1) * sizeof *rows);
    naive_cloud_make(&cloud, kind, count, 88172645463325252u + kind * 77 + count);
    /* A part without ground. */
    for (uint32_t i = 0; i < count && kind == 0; i++)
        if (cloud.x[i] > 1500 && cloud.x[i] < 5500 && cloud.y[i] > 1000 && cloud.y[i] < 5800)
            cloud.classes[i] = 1;
    scree_enrich_options_init(&options);
    options.features = SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND);
    options.ground_mode = k == 1 ? SCREE_GROUND_NEAREST : SCREE_GROUND_IDW;
    options.idw_count = k;
    options.ground_reach = reach;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        run(&cloud, &options, &settings[s], unit, rows);
        for (uint32_t i = 0; i < count; i++) {
            const float naive =
                naive_height_by_points(&cloud, i, unit, k, floor(reach / unit + 0.5));
            if (memcmp(&rows[i], &naive, sizeof naive) != 0)
                fail_msg("kind %u k %u setting %zu point %u: %.9g, naive %.9g", kind, k, s, i,
                         (double)rows[i], (double)naive);
        }
    }
    naive_cloud_free(&cloud);
    free(rows);
}

static void test_nearest_ground(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        check_points(kind, 700, 1, kind == 3 ? 200 : 8);
        check_points(kind, 500, 3, kind == 3 ? 20000 : 25);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surface),        cmocka_unit_test(test_volume),
        cmocka_unit_test(test_few_positions),  cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_radius),         cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_nearest_ground), cmocka_unit_test(test_walls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
