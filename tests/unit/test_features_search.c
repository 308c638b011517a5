/*
 * test_features_search.c - neighbours and shapes against a full scan: all distances, sorted by (distance, x, y, z), covariance in long double by
 * its textbook definition, eigenvalues by Jacobi rotations.
 */
#include "features/search.h"
#include "simd/level.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS_MAX 6000u

struct cloud {
    int32_t x[POINTS_MAX], y[POINTS_MAX], z[POINTS_MAX];
    uint8_t roles[POINTS_MAX];
    uint32_t count;
};

static uint64_t seed;

static uint32_t random_below(uint32_t end)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % end);
}

static void add_point(struct cloud *cloud, int32_t x, int32_t y, int32_t z)
{
    if (cloud->count == POINTS_MAX)
        return;
    cloud->x[cloud->count] = x;
    cloud->y[cloud->count] = y;
    cloud->z[cloud->count] = z;
    cloud->roles[cloud->count++] = FEATURES_NEIGHBOUR | FEATURES_WANTED;
}

/* -------------------------------------------------------------------------------------- clouds */

static void flat(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, (int32_t)random_below(4000), (int32_t)random_below(4000),
                  (int32_t)random_below(30));
}

static void lattice(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, (int32_t)random_below(40) * 10, (int32_t)random_below(40) * 10,
                  (int32_t)random_below(3) * 10);
}

static void coincident(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, 7, -9, 11);
    add_point(cloud, 1000, 0, 0);
}

static void column(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, 5, 5, (int32_t)random_below(100000));
}

static void clusters(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t c = (int32_t)random_below(6);
        add_point(cloud, c * 150000000 - 450000000 + (int32_t)random_below(300),
                  c * 100000000 - 300000000 + (int32_t)random_below(300),
                  (int32_t)random_below(300));
    }
}

static void lonely(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, (int32_t)random_below(2000000000) - 1000000000,
                  (int32_t)random_below(2000000000) - 1000000000,
                  (int32_t)random_below(2000000000) - 1000000000);
}

static void dense(struct cloud *cloud, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_point(cloud, (int32_t)random_below(12), (int32_t)random_below(12),
                  (int32_t)random_below(12));
}

/* Flat, with points that do not count and points that are not wanted. */
static void mixed(struct cloud *cloud, uint32_t n)
{
    flat(cloud, n);
    for (uint32_t i = 0; i < cloud->count; i++)
        cloud->roles[i] = (uint8_t)random_below(4);
}

/* ----------------------------------------------------------------------------------- the oracle */

struct neighbour {
    uint64_t d2;
    int32_t x, y, z;
};

static int compare(const void *a, const void *b)
{
    const struct neighbour *p = a, *q = b;
    if (p->d2 != q->d2)
        return p->d2 < q->d2 ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    if (p->y != q->y)
        return p->y < q->y ? -1 : 1;
    return p->z < q->z ? -1 : p->z > q->z;
}

/* Within the limit, at most k, the point itself always among them. */
static uint32_t scan(const struct cloud *cloud, uint32_t query, const struct features_request *want,
                     struct neighbour *found)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cloud->count; i++) {
        int64_t x = (int64_t)cloud->x[i] - cloud->x[query],
                y = (int64_t)cloud->y[i] - cloud->y[query],
                z = (int64_t)cloud->z[i] - cloud->z[query];
        uint64_t d2 = (uint64_t)(x * x) + (uint64_t)(y * y) + (uint64_t)(z * z);
        if (i != query && (!(cloud->roles[i] & FEATURES_NEIGHBOUR) || d2 > want->limit2))
            continue;
        found[count++] = (struct neighbour){d2, (int32_t)x, (int32_t)y, (int32_t)z};
    }
    qsort(found, count, sizeof *found, compare);
    return want->k != 0 && count > want->k ? want->k : count;
}

static void jacobi(long double a[3][3], long double v[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            v[i][j] = i == j;
    for (int sweep = 0; sweep < 60; sweep++)
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (a[p][q] == 0)
                    continue;
                long double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
                long double t = (theta >= 0 ? 1 : -1) / (fabsl(theta) + sqrtl(theta * theta + 1));
                long double c = 1 / sqrtl(t * t + 1), s = t * c;
                for (int k = 0; k < 3; k++) {
                    long double kp = a[k][p], kq = a[k][q];
                    a[k][p] = c * kp - s * kq;
                    a[k][q] = s * kp + c * kq;
                }
                for (int k = 0; k < 3; k++) {
                    long double pk = a[p][k], qk = a[q][k];
                    a[p][k] = c * pk - s * qk;
                    a[q][k] = s * pk + c * qk;
                    long double kp = v[k][p], kq = v[k][q];
                    v[k][p] = c * kp - s * kq;
                    v[k][q] = s * kp + c * kq;
                }
            }
}

struct expected {
    uint32_t count;
    double value[3], normal[3], reach;
};

static void expect(const struct neighbour *found, uint32_t count, double unit,
                   struct expected *expected)
{
    long double mean[3] = {0, 0, 0}, c[3][3] = {{0}}, v[3][3];
    for (uint32_t i = 0; i < count; i++) {
        mean[0] += found[i].x;
        mean[1] += found[i].y;
        mean[2] += found[i].z;
    }
    for (uint32_t i = 0; i < count; i++) {
        long double d[3] = {found[i].x - mean[0] / count, found[i].y - mean[1] / count,
                            found[i].z - mean[2] / count};
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                c[a][b] += d[a] * d[b] / (count > 1 ? count - 1 : 1);
    }
    jacobi(c, v);
    int order[3] = {0, 1, 2};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            if (c[order[j]][order[j]] < c[order[j + 1]][order[j + 1]]) {
                int swap = order[j];
                order[j] = order[j + 1];
                order[j + 1] = swap;
            }
    for (int i = 0; i < 3; i++) {
        expected->value[i] = (double)(c[order[i]][order[i]] * unit * unit);
        expected->normal[i] = (double)v[i][order[2]];
    }
    expected->count = count;
    expected->reach = count > 0 ? (double)sqrtl(found[count - 1].d2) * unit : 0;
}

/* ---------------------------------------------------------------------------------- comparisons */

static void check_row(const struct features_row *row, const struct expected *expected)
{
    assert_int_equal(row->count, expected->count);
    assert_true(fabs(row->reach - expected->reach) <= 1e-6 * expected->reach);
    double largest = expected->value[0];
    for (int i = 0; i < 3; i++)
        assert_true(fabs(row->eigenvalue[i] - expected->value[i]) <=
                    1.2e-7 * expected->value[i] + 1e-14 * largest);
    double gap = expected->value[1] - expected->value[2];
    if (row->count < 3 || expected->value[1] <= 1e-13 * largest) {
        bool none = row->normal[0] == 0 && row->normal[1] == 0 && row->normal[2] == 0;
        assert_true(none || expected->value[1] > 1e-16 * largest);
        return;
    }
    double along = 0, length = 0;
    for (int i = 0; i < 3; i++) {
        along += row->normal[i] * expected->normal[i];
        length += (double)row->normal[i] * row->normal[i];
    }
    assert_true(fabs(length - 1) < 1e-6);
    assert_true(row->normal[2] >= 0);
    if (gap > 1e-6 * largest)
        assert_true(fabs(fabs(along) - 1) < 1e-6);
}

static void search(const struct cloud *cloud, const struct features_request *request,
                   struct features_row *rows, uint64_t *undecided)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__mem_budget budget;
    struct scree__features_index index;
    struct scree__features_points points = {cloud->x, cloud->y, cloud->z, cloud->roles,
                                            cloud->count};
    scree__mem_budget_init(&budget, UINT64_MAX);
    memset(rows, 0, cloud->count * sizeof *rows);
    assert_int_equal(scree__features_index_build(&budget, &points, &index, &err), SCREE_OK);
    assert_int_equal(
        scree__features_search(&budget, &index, &points, request, rows, undecided, &err), SCREE_OK);
    scree__features_index_release(&index);
    assert_int_equal(scree__mem_budget_used(&budget), 0);
}

static struct features_request request_of(uint32_t k, uint64_t radius)
{
    struct features_request request = {
        .k = k, .limit2 = radius != 0 ? radius * radius : UINT64_MAX, .unit = 0.01};
    for (int a = 0; a < 3; a++) {
        request.min[a] = -FEATURES_OPEN;
        request.max[a] = FEATURES_OPEN;
    }
    return request;
}

static void check_cloud(void (*make)(struct cloud *, uint32_t), uint32_t n, uint32_t k,
                        uint64_t radius)
{
    static struct cloud cloud;
    static struct features_row rows[3][POINTS_MAX];
    static struct neighbour found[POINTS_MAX];
    cloud.count = 0;
    make(&cloud, n);
    struct features_request request = request_of(k, radius);
    for (int level = 0; level < 3; level++) {
        uint64_t undecided;
        scree__simd_force((enum scree__simd_level)level);
        search(&cloud, &request, rows[level], &undecided);
        assert_int_equal(undecided, 0);
        assert_memory_equal(rows[level], rows[0], cloud.count * sizeof rows[0][0]);
    }
    uint32_t step = cloud.count > 200 ? cloud.count / 150 : 1;
    for (uint32_t i = 0; i < cloud.count; i += step) {
        if (!(cloud.roles[i] & FEATURES_WANTED))
            continue;
        struct expected expected;
        expect(found, scan(&cloud, i, &request, found), request.unit, &expected);
        check_row(&rows[0][i], &expected);
    }
}

static void every_cloud(void (*make)(struct cloud *, uint32_t))
{
    static const uint32_t sizes[] = {1, 2, 3, 19, 20, 21, 100, 1500};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_cloud(make, sizes[i], 20, 0);
        check_cloud(make, sizes[i], 3, 0);
        check_cloud(make, sizes[i], 0, 60);
        check_cloud(make, sizes[i], 12, 40);
    }
    check_cloud(make, 2500, 200, 0);
}

static void full_scan(void **state)
{
    (void)state;
    void (*clouds[])(struct cloud *, uint32_t) = {flat,     lattice, coincident, column,
                                                  clusters, lonely,  dense,      mixed};
    for (size_t i = 0; i < sizeof clouds / sizeof clouds[0]; i++) {
        seed = i + 1;
        every_cloud(clouds[i]);
    }
}

/* A window that is cut from a cloud: rows that it calls final are those of the whole. */
static void windows(void **state)
{
    (void)state;
    static struct cloud whole, part;
    static struct features_row rows[POINTS_MAX], part_rows[POINTS_MAX];
    static uint32_t origin[POINTS_MAX];
    uint64_t undecided, sum = 0, decided = 0;
    seed = 99;
    whole.count = 0;
    flat(&whole, 5000);
    for (uint32_t round = 0; round < 40; round++) {
        struct features_request request =
            request_of(round % 3 == 0 ? 0 : 20, round % 3 == 1 ? 0 : 90);
        search(&whole, &request, rows, &undecided);
        assert_int_equal(undecided, 0);
        for (int a = 0; a < 2; a++) {
            request.min[a] = (int64_t)random_below(2000);
            request.max[a] = request.min[a] + 300 + random_below(1500);
        }
        if (round % 2)
            request.max[0] = FEATURES_OPEN;
        part.count = 0;
        for (uint32_t i = 0; i < whole.count; i++)
            if (whole.x[i] >= request.min[0] && whole.x[i] <= request.max[0] &&
                whole.y[i] >= request.min[1] && whole.y[i] <= request.max[1]) {
                origin[part.count] = i;
                add_point(&part, whole.x[i], whole.y[i], whole.z[i]);
            }
        search(&part, &request, part_rows, &undecided);
        uint64_t seen = 0;
        for (uint32_t i = 0; i < part.count; i++) {
            if (part_rows[i].reach < 0) {
                seen++;
                continue;
            }
            assert_memory_equal(&part_rows[i], &rows[origin[i]], sizeof rows[0]);
            decided++;
        }
        assert_int_equal(seen, undecided);
        sum += undecided;
    }
    assert_true(sum > 0 && decided > 10 * sum / 10);
}

static void no_room(void **state)
{
    (void)state;
    static struct cloud cloud;
    static struct features_row rows[POINTS_MAX];
    cloud.count = 0;
    seed = 5;
    flat(&cloud, 5000);
    struct scree__features_points points = {cloud.x, cloud.y, cloud.z, cloud.roles, cloud.count};
    struct features_request request = request_of(20, 0);
    bool refused = false, done = false;
    for (uint64_t limit = 1000; !done; limit += 20000) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree__mem_budget budget;
        struct scree__features_index index;
        uint64_t undecided;
        scree__mem_budget_init(&budget, limit);
        enum scree_status status = scree__features_index_build(&budget, &points, &index, &err);
        if (status == SCREE_OK)
            status =
                scree__features_search(&budget, &index, &points, &request, rows, &undecided, &err);
        scree__features_index_release(&index);
        assert_int_equal(scree__mem_budget_used(&budget), 0);
        assert_true(status == SCREE_OK || status == SCREE_E_BUDGET);
        refused |= status == SCREE_E_BUDGET;
        done = status == SCREE_OK;
    }
    assert_true(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_scan),
        cmocka_unit_test(windows),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
