/*
 * test_enrich_bits.c - one hash of all columns of all points, equal over tile sizes x halos x threads x instructions x budgets x where points wait: the
 * whole product of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enrich_naive.h"
#include "scree/scree.h"

#include <stdlib.h>
#include <string.h>

#define POINTS 1300u
#define ALL (SCREE_FEATURE_BIT(SCREE_FEATURE_COUNT) - 1)

static const uint64_t windows[] = {0, 256, 900};
static const uint32_t halos[] = {100, 4, 300};
static const unsigned threads[] = {1, 3};
static const uint64_t budgets[] = {(uint64_t)64 << 20, (uint64_t)200 << 20, (uint64_t)2 << 30};
static const char *const levels[] = {"plain", "avx2", "avx512"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct setting {
    size_t window, halo, thread, budget;
    bool scratch;
};

static uint64_t hash_of(const float *rows, size_t count)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &rows[i], sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
    }
    return hash;
}

static uint64_t run(const struct naive_cloud *cloud, const struct scree_enrich_options *asked,
                    const struct setting *setting, float *rows)
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
                                      .scale = {0.01, 0.01, 0.01},
                                      .classes = cloud->classes,
                                      .returns = cloud->returns};
    scree_context_options_init(&run);
    run.memory_bytes = budgets[setting->budget];
    run.threads = threads[setting->thread];
    options.window_points = windows[setting->window];
    options.halo_percent = halos[setting->halo];
    options.force_scratch = setting->scratch;
    assert_int_equal(scree_context_new(&run, &context, &err), SCREE_OK);
    if (scree_enrich_points(context, &options, &from, rows, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
    return hash_of(rows, (size_t)cloud->count * SCREE_FEATURE_COUNT);
}

/* The hash of one level with all settings; `first` 0: whatever it is. */
static uint64_t run_all(const struct naive_cloud *cloud, const struct scree_enrich_options *options,
                        const char *level, uint64_t first, float *rows)
{
    for (size_t i = 0; i < COUNT(windows) * COUNT(halos) * COUNT(threads) * COUNT(budgets) * 2;
         i++) {
        size_t left = i / 2;
        struct setting setting = {.scratch = i % 2 != 0};
        setting.window = left % COUNT(windows);
        left /= COUNT(windows);
        setting.halo = left % COUNT(halos);
        left /= COUNT(halos);
        setting.thread = left % COUNT(threads);
        setting.budget = left / COUNT(threads);
        uint64_t hash = run(cloud, options, &setting, rows);
        first = first == 0 ? hash : first;
        if (hash != first)
            fail_msg(
                "%s, windows of %d, halo %u %%, %u threads, %d MiB%s: hash %016llx, not %016llx",
                level, (int)windows[setting.window], halos[setting.halo], threads[setting.thread],
                (int)(budgets[setting.budget] >> 20), setting.scratch ? ", on scratch" : "",
                (unsigned long long)hash, (unsigned long long)first);
    }
    return first;
}

/* A hash for all levels and settings; rows: of the last one. */
static void check(const struct naive_cloud *cloud, double count_radius, float *rows)
{
    struct scree_enrich_options options;
    uint64_t first = 0;
    scree_enrich_options_init(&options);
    options.features = ALL;
    options.count_radius = count_radius;
    options.ground_reach = 9;
    for (size_t l = 0; l < COUNT(levels); l++) {
        struct scree_error err = SCREE_ERROR_INIT;
        if (scree_cpu_force(levels[l], &err) != SCREE_OK)
            print_message("%s: not on this machine\n", levels[l]);
        else
            first = run_all(cloud, &options, levels[l], first, rows);
    }
    (void)!scree_cpu_force(NULL, NULL);
}

static void surface(void **state)
{
    static float rows[POINTS * SCREE_FEATURE_COUNT];
    struct naive_cloud cloud;
    (void)state;
    naive_cloud_make(&cloud, 0, POINTS, 20261128);
    check(&cloud, 0.9, rows);
    naive_cloud_free(&cloud);
}

/* Others within the count radius, by a full scan. */
static uint32_t count_of(const struct naive_cloud *cloud, uint32_t i, int64_t radius)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < cloud->count; j++) {
        int64_t x = (int64_t)cloud->x[j] - cloud->x[i], y = (int64_t)cloud->y[j] - cloud->y[i],
                z = (int64_t)cloud->z[j] - cloud->z[i];
        count += j != i && cloud->classes[j] != 7 && cloud->classes[j] != 18 &&
                 x * x + y * y + z * z <= radius * radius;
    }
    return count;
}

/* A roof of three metres square above the ground, with a few points far away and every fifth one at one place, and a count radius of half of that: small
 * windows hold a part of what is counted. */
static void block(void **state)
{
    static float rows[POINTS * SCREE_FEATURE_COUNT];
    struct naive_cloud cloud;
    (void)state;
    naive_cloud_make(&cloud, 0, POINTS, 20261129);
    for (uint32_t i = 0; i < POINTS; i++) {
        uint32_t random = i * 2654435761u;
        cloud.x[i] = i % 5 == 0 ? 110 : (int32_t)(random >> 8) % 300;
        cloud.y[i] = i % 5 == 0 ? 130 : (int32_t)(random >> 14) % 300;
        cloud.z[i] = i % 5 == 0 ? 403 : (int32_t)(random >> 20) % 5 + (i % 3 == 0 ? 0 : 400);
        cloud.classes[i] = i % 5 != 0 && i % 3 == 0 ? 2 : 6;
        cloud.returns[i] = i % 4 == 0 ? 0x21 : 0x11;
        if (i % 97 == 0)
            cloud.x[i] = (int32_t)(random >> 1);
        if (i % 7 == 0)
            cloud.classes[i] = 7;
    }
    check(&cloud, 1.5, rows);
    double scores = 0;
    for (uint32_t i = 0; i < POINTS; i++) {
        const float *row = rows + (size_t)i * SCREE_FEATURE_COUNT;
        assert_int_equal((int)row[SCREE_FEATURE_NEIGHBOR_COUNT], count_of(&cloud, i, 150));
        scores += row[SCREE_FEATURE_ROOF_SCORE] > 0 ? (double)row[SCREE_FEATURE_ROOF_SCORE] : 0;
    }
    assert_true(scores > 10); /* the share of early returns shows in them */
    naive_cloud_free(&cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surface),
        cmocka_unit_test(block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
