/*
 * test_features_count.c - counts within a radius against a full scan, on every level; and a block in which everybody is near to everybody, which only
 * whole boxes make a matter of milliseconds.
 */
#include "features/search.h"
#include "simd/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct cloud {
    int32_t *x, *y, *z;
    uint8_t *roles;
    uint32_t count;
};

static uint64_t seed;

static int32_t random_below(uint32_t end)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int32_t)((seed >> 33) % end);
}

static void *room(size_t bytes)
{
    void *memory = malloc(bytes);
    assert_non_null(memory);
    return memory;
}

/* Boxes of these sides in turn, `apart` from one another. Some points do not count, some are not asked for. */
static struct cloud make_cloud(uint32_t count, const uint32_t side[3], uint32_t boxes,
                               int32_t apart)
{
    struct cloud cloud = {room(count * 4), room(count * 4), room(count * 4), room(count), count};
    for (uint32_t i = 0; i < count; i++) {
        int32_t corner = (int32_t)(i % boxes) * apart - (int32_t)(boxes / 2) * apart;
        cloud.x[i] = corner + random_below(side[0]);
        cloud.y[i] = corner + random_below(side[1]);
        cloud.z[i] = random_below(side[2]);
        cloud.roles[i] = (uint8_t)(random_below(5) != 0 ? FEATURES_NEIGHBOUR : 0) |
                         (uint8_t)(random_below(5) != 0 ? FEATURES_WANTED : 0);
    }
    return cloud;
}

static void free_cloud(struct cloud *cloud)
{
    free(cloud->x);
    free(cloud->y);
    free(cloud->z);
    free(cloud->roles);
}

static void build(struct scree__mem_budget *budget, const struct cloud *cloud,
                  struct scree__features_index *index)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__features_points points = {cloud->x, cloud->y, cloud->z, cloud->roles,
                                            cloud->count};
    assert_int_equal(scree__features_index_build(budget, &points, index, &err), SCREE_OK);
}

static uint32_t scan(const struct cloud *cloud, uint32_t query, uint64_t limit2)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cloud->count; i++) {
        int64_t x = (int64_t)cloud->x[i] - cloud->x[query],
                y = (int64_t)cloud->y[i] - cloud->y[query],
                z = (int64_t)cloud->z[i] - cloud->z[query];
        count += (cloud->roles[i] & FEATURES_NEIGHBOUR) != 0 &&
                 (uint64_t)(x * x) + (uint64_t)(y * y) + (uint64_t)(z * z) <= limit2;
    }
    return count;
}

/* On top of what is there already. */
#define BEFORE 1000u

static void check_counts(const struct cloud *cloud, uint64_t limit2)
{
    uint32_t *counts = room(cloud->count * sizeof *counts);
    for (int level = 0; level < 3; level++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree__mem_budget budget;
        struct scree__features_index index;
        scree__mem_budget_init(&budget, UINT64_MAX);
        scree__simd_force((enum scree__simd_level)level);
        build(&budget, cloud, &index);
        for (uint32_t i = 0; i < cloud->count; i++)
            counts[i] = BEFORE;
        assert_int_equal(scree__features_count(&budget, &index, &index, limit2, counts, &err),
                         SCREE_OK);
        scree__features_index_release(&index);
        assert_int_equal(scree__mem_budget_used(&budget), 0);
        for (uint32_t i = 0; i < cloud->count; i += 1 + cloud->count / 400) {
            bool asked =
                (cloud->roles[i] & FEATURES_WANTED) && (cloud->roles[i] & FEATURES_NEIGHBOUR);
            uint32_t expected = BEFORE + (asked ? scan(cloud, i, limit2) : 0);
            if (counts[i] != expected)
                fail_msg("level %d, limit2 %llu, point %u: %u, not %u", level,
                         (unsigned long long)limit2, i, counts[i], expected);
        }
    }
    free(counts);
}

static void full_scan(void **state)
{
    static const struct {
        uint32_t side[3], boxes;
        int32_t apart;
    } clouds[] = {{{4000, 4000, 30}, 1, 0},
                  {{40, 40, 3}, 1, 0},
                  {{1, 1, 1}, 3, 50},
                  {{1, 1, 100000}, 1, 0},
                  {{300, 300, 300}, 6, 150000000},
                  {{2000000000, 2000000000, 2000000000}, 1, 0},
                  {{90000, 90000, 90000}, 1, 0}};
    static const uint64_t radii[] = {0, 1, 12, 200, 1700, 26753, 26754, 60000, 400000000};
    (void)state;
    for (size_t c = 0; c < sizeof clouds / sizeof clouds[0]; c++) {
        seed = c + 1;
        struct cloud cloud = make_cloud(3000, clouds[c].side, clouds[c].boxes, clouds[c].apart);
        if (clouds[c].side[0] == 2000000000)
            for (uint32_t i = 0; i < cloud.count; i++) {
                cloud.x[i] -= 1000000000;
                cloud.y[i] -= 1000000000;
                cloud.z[i] -= 1000000000;
            }
        for (size_t r = 0; r < sizeof radii / sizeof radii[0]; r++) {
            check_counts(&cloud, radii[r] * radii[r]);
            check_counts(&cloud, radii[r] * radii[r] + radii[r] / 2);
        }
        free_cloud(&cloud);
    }
}

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* A million points within reach of one another: 10^12 pairs, which at 16 a nanosecond would take a minute. */
static void near_to_all(void **state)
{
    static const uint32_t side[3] = {3000, 3000, 50};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__mem_budget budget;
    struct scree__features_index index;
    struct cloud cloud = make_cloud(1000000, side, 1, 0);
    uint32_t *counts = room(cloud.count * sizeof *counts), neighbours = 0;
    (void)state;
    for (uint32_t i = 0; i < cloud.count; i++)
        neighbours += cloud.roles[i] & FEATURES_NEIGHBOUR;
    memset(counts, 0, cloud.count * sizeof *counts);
    scree__mem_budget_init(&budget, UINT64_MAX);
    build(&budget, &cloud, &index);
    double begin = seconds();
    assert_int_equal(
        scree__features_count(&budget, &index, &index, (uint64_t)5000 * 5000, counts, &err),
        SCREE_OK);
    double spent = seconds() - begin;
    scree__features_index_release(&index);
    for (uint32_t i = 0; i < cloud.count; i++)
        assert_int_equal(counts[i], (cloud.roles[i] & 3) == 3 ? neighbours : 0);
    if (spent > 10)
        fail_msg("%.1f s for points that are all within the radius", spent);
    free(counts);
    free_cloud(&cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_scan),
        cmocka_unit_test(near_to_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
