/* test_vectors_kmeans.c - training: the same bits for any number of threads and level of instructions, good centroids, hostile samples. */
#include "context.h"
#include "vectors/kmeans.h"
#include "vectors/lists.h"
#include "simd/level.h"
#include "vectors_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float *train(struct scree_context *context, const float *rows, size_t count, uint32_t dim,
                    uint32_t lists, uint32_t iterations)
{
    struct scree__vectors_kmeans_options options = {lists, iterations, 42};
    float *centroids = malloc((size_t)lists * dim * sizeof *centroids);
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree__vectors_kmeans(context, &options, rows, dim, count, dim, centroids, dim, &err) !=
        SCREE_OK)
        fail_msg("%s", err.message);
    return centroids;
}

static void test_same_bits(void **state)
{
    (void)state;
    enum { COUNT = 5000, DIM = 51, LISTS = 70 };
    float *rows = malloc(COUNT * DIM * sizeof *rows);
    vectors_clusters(rows, COUNT, DIM, 40, 1, 5);
    float *first = train(NULL, rows, COUNT, DIM, LISTS, 0);
    for (unsigned threads = 1; threads <= 3; threads++)
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_AVX512; level++) {
            struct scree_context *context = context_with(threads, 0);
            scree__simd_force((enum scree__simd_level)level);
            float *again = train(context, rows, COUNT, DIM, LISTS, 0);
            assert_memory_equal(first, again, LISTS * DIM * sizeof *again);
            free(again);
            scree_context_free(context);
        }
    scree__simd_force(SCREE__SIMD_BEST);
    free(first);
    free(rows);
}

static double mean_distance2(const float *rows, size_t count, uint32_t dim, const float *centroids,
                             uint32_t lists, uint32_t *largest, uint32_t *empty)
{
    struct scree__vectors_lists panels;
    uint32_t *nearest = malloc(count * sizeof *nearest), *counts = calloc(lists, sizeof *counts);
    float *distances2 = malloc(count * sizeof *distances2);
    double sum = 0;
    assert_int_equal(scree__vectors_lists_init(&panels, NULL, centroids, dim, lists, dim, NULL),
                     SCREE_OK);
    scree__vectors_assign(&panels, rows, dim, count, nearest, distances2);
    for (size_t i = 0; i < count; i++) {
        sum += distances2[i];
        counts[nearest[i]]++;
    }
    *largest = *empty = 0;
    for (uint32_t i = 0; i < lists; i++) {
        *largest = counts[i] > *largest ? counts[i] : *largest;
        *empty += counts[i] == 0;
    }
    scree__vectors_lists_release(&panels);
    free(nearest);
    free(counts);
    free(distances2);
    return sum / (double)count;
}

/*
 * As many lists as clusters that lie far apart. Rows are DIM from their cluster's centre, squared; each pair of clusters that shares a list adds 0.72 DIM
 * to the mean. Rows drawn without weights leave some 18 clusters out, which makes 13 DIM.
 */
static void test_finds_clusters(void **state)
{
    (void)state;
    enum { COUNT = 8000, DIM = 24, LISTS = 50 };
    float *rows = malloc(COUNT * DIM * sizeof *rows);
    vectors_clusters(rows, COUNT, DIM, LISTS, 6, 11);
    float *centroids = train(NULL, rows, COUNT, DIM, LISTS, 0);
    uint32_t largest, empty;
    double mean = mean_distance2(rows, COUNT, DIM, centroids, LISTS, &largest, &empty);
    assert_true(mean < 6 * DIM);
    assert_int_equal(empty, 0);
    free(centroids);
    free(rows);
}

/* Assignment by the definition, in double. */
static void test_assign_is_exact(void **state)
{
    (void)state;
    enum { COUNT = 300, DIM = 300, LISTS = 45 };
    float *rows = malloc(COUNT * DIM * sizeof *rows),
          *centroids = malloc(LISTS * DIM * sizeof *rows);
    vectors_clusters(rows, COUNT, DIM, 20, 1, 3);
    vectors_clusters(centroids, LISTS, DIM, 20, 1, 4);
    memcpy(centroids + 40 * DIM, centroids + 3 * DIM,
           DIM * sizeof *rows); /* equals: the lower number */
    struct scree__vectors_lists panels;
    uint32_t nearest[COUNT];
    float distances2[COUNT];
    assert_int_equal(scree__vectors_lists_init(&panels, NULL, centroids, DIM, LISTS, DIM, NULL),
                     SCREE_OK);
    scree__vectors_assign(&panels, rows, DIM, COUNT, nearest, distances2);
    for (size_t i = 0; i < COUNT; i++) {
        double best = INFINITY, own = 0;
        for (uint32_t list = 0; list < LISTS; list++) {
            double sum = 0;
            for (uint32_t d = 0; d < DIM; d++) {
                double difference = (double)rows[i * DIM + d] - centroids[list * DIM + d];
                sum += difference * difference;
            }
            best = sum < best ? sum : best;
            own = list == nearest[i] ? sum : own;
        }
        assert_true(own <= best * (1 + 1e-5));
        assert_true(fabs(distances2[i] - own) < 1e-4 * own);
        assert_int_not_equal(nearest[i], 40);
    }
    scree__vectors_lists_release(&panels);
    free(rows);
    free(centroids);
}

static void test_hostile_samples(void **state)
{
    (void)state;
    enum { COUNT = 600, DIM = 8, LISTS = 100 };
    float *rows = calloc(COUNT * DIM, sizeof *rows);
    uint32_t largest, empty;
    free(train(NULL, rows, COUNT, DIM, LISTS, 0)); /* all equal */
    for (size_t i = 0; i < 20; i++)
        rows[i * DIM] = (float)(i + 1); /* few different */
    float *centroids = train(NULL, rows, COUNT, DIM, LISTS, 0);
    assert_true(mean_distance2(rows, COUNT, DIM, centroids, LISTS, &largest, &empty) < 0.01);
    free(centroids);
    free(train(NULL, rows, LISTS, DIM, LISTS, 3)); /* as many lists as rows */
    free(train(NULL, rows, 1, DIM, 1, 1));
    struct scree__vectors_kmeans_options options = {5, 0, 1};
    assert_int_equal(scree__vectors_kmeans(NULL, &options, rows, DIM, 4, DIM, rows, DIM, NULL),
                     SCREE_E_ARGUMENT);
    free(rows);
}

/* One dense cluster among scattered rows: its list is divided. */
static void test_hot_lists_are_divided(void **state)
{
    (void)state;
    enum { COUNT = 6000, DIM = 16, LISTS = 40 };
    float *rows = malloc(COUNT * DIM * sizeof *rows);
    uint64_t seed = 1;
    for (size_t i = 0; i < COUNT; i++)
        for (uint32_t d = 0; d < DIM; d++)
            rows[i * DIM + d] = (i % 2 == 0 ? 0.01f : 10.f) * vectors_normal(&seed);
    float *centroids = train(NULL, rows, COUNT, DIM, LISTS, 0);
    uint32_t largest, empty;
    mean_distance2(rows, COUNT, DIM, centroids, LISTS, &largest, &empty);
    assert_int_equal(empty, 0);
    free(centroids);
    free(rows);
}

static void test_memory_is_as_said(void **state)
{
    (void)state;
    enum { COUNT = 3000, DIM = 40, LISTS = 90 };
    struct scree_context *context = context_with(2, 0);
    float *rows = malloc(COUNT * DIM * sizeof *rows);
    vectors_clusters(rows, COUNT, DIM, 40, 1, 5);
    free(train(context, rows, COUNT, DIM, LISTS, 0));
    assert_true(scree_context_peak_bytes(context) <=
                scree__vectors_kmeans_bytes(COUNT, DIM, LISTS, 2));
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    free(rows);
}

/* Neighbours in the result are nearer than centroids far apart in it. */
static void test_near_lists_are_neighbours(void **state)
{
    (void)state;
    enum { COUNT = 4000, DIM = 12, LISTS = 128 };
    float *rows = malloc(COUNT * DIM * sizeof *rows);
    vectors_clusters(rows, COUNT, DIM, 16, 4, 6);
    float *centroids = train(NULL, rows, COUNT, DIM, LISTS, 0);
    double near = 0, far = 0;
    for (uint32_t i = 0; i < LISTS; i++)
        for (uint32_t d = 0; d < DIM; d++) {
            near += pow(centroids[i * DIM + d] - centroids[(i + 1) % LISTS * DIM + d], 2);
            far += pow(centroids[i * DIM + d] - centroids[(i + LISTS / 2) % LISTS * DIM + d], 2);
        }
    assert_true(near < 0.7 * far);
    free(centroids);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_finds_clusters),
        cmocka_unit_test(test_assign_is_exact),
        cmocka_unit_test(test_hostile_samples),
        cmocka_unit_test(test_hot_lists_are_divided),
        cmocka_unit_test(test_memory_is_as_said),
        cmocka_unit_test(test_near_lists_are_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
