/*
 * test_vectors_lists.c - an index of many lists: those that few probes choose, by rounded centroids, are the first of those that comparing all of them gives; a query among
 * others of a call finds what it finds alone, and what it finds on another level.
 */
#include "simd/level.h"
#include "temporary.h"
#include "vectors_index.h"
#include "vectors_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 6000u
#define DIM 72u
#define QUERIES 40u
#define K 10u
#define LISTS 150u

static char folder[64];
static float rows[ROWS * DIM], queries[QUERIES * DIM];

static struct scree_vectors_index *build(enum scree_vectors_metric metric, uint32_t bits,
                                         enum scree_vectors_rerank rerank, float away)
{
    char input[200], output[200];
    const uint32_t dim = DIM;
    snprintf(input, sizeof input, "%s/rows.fvecs", folder);
    snprintf(output, sizeof output, "%s/it.svx", folder);
    vectors_clusters(rows, ROWS, DIM, 60, 2, 5);
    for (size_t i = 0; i < ROWS * DIM; i++)
        rows[i] += away;
    for (uint32_t i = 0; i < QUERIES * DIM; i++) /* near rows; the first is one */
        queries[i] =
            rows[(i / DIM * 137) * DIM + i % DIM] + (i < DIM ? 0 : 0.3F * rows[i] - 0.3F * away);
    FILE *file = fopen(input, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(fwrite(&dim, sizeof dim, 1, file), 1);
        assert_int_equal(fwrite(rows + i * DIM, sizeof(float), DIM, file), DIM);
    }
    assert_int_equal(fclose(file), 0);
    vectors_build(input, NULL, output,
                  &(struct scree_vectors_column_options){
                      .metric = metric, .bits = bits, .rerank = rerank, .list_count = LISTS});
    return vectors_open(NULL, output, (uint64_t)1 << 20);
}

/* All of them are chosen by sums that are less exact far from the origin. */
static int by_distance(const void *left, const void *right)
{
    const struct scree_vectors_planned_read *a = left, *b = right;
    return (a->distance > b->distance) - (a->distance < b->distance);
}

static void check_first_lists(struct scree_vectors_index *index)
{
    static struct scree_vectors_planned_read all[LISTS], few[LISTS];
    static const uint32_t probes[] = {1, 2, 7, 16, 17, 18};
    struct scree_vectors_search_options options;
    uint32_t all_count, count;
    for (uint32_t q = 0; q < QUERIES; q++) {
        scree_vectors_search_options_init(&options);
        options.nprobe = LISTS;
        assert_int_equal(scree_vectors_search_plan(index, &options, queries + q * DIM, all, LISTS,
                                                   &all_count, NULL),
                         SCREE_OK);
        qsort(all, all_count, sizeof all[0], by_distance);
        for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
            options.nprobe = probes[i];
            assert_int_equal(scree_vectors_search_plan(index, &options, queries + q * DIM, few,
                                                       LISTS, &count, NULL),
                             SCREE_OK);
            assert_int_equal(count, probes[i]);
            for (uint32_t j = 0; j < count; j++) {
                assert_true(few[j].distance == all[j].distance);
                assert_true(few[j].list == all[j].list ||
                            (j + 1 < all_count && all[j].distance == all[j + 1].distance) ||
                            (j > 0 && all[j].distance == all[j - 1].distance));
            }
        }
    }
}

static void test_first_lists(void **state)
{
    static const enum scree_vectors_metric metrics[] = {SCREE_VECTORS_L2, SCREE_VECTORS_COSINE};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scree_vectors_index *index =
            build(metrics[i % 2], 1, SCREE_VECTORS_RERANK_NONE, i < 2 ? 0 : 50.0F);
        check_first_lists(index);
        scree_vectors_close(index);
    }
}

/* Each query in a call of its own, on every level. */
static void check_alone(struct scree_vectors_index *index, const char *path, bool no_rerank,
                        uint32_t nprobe)
{
    static uint64_t ids[QUERIES * K], one[K];
    static float distances[QUERIES * K], near[K];
    uint32_t counts[QUERIES], count;
    struct scree_vectors_search_options options;
    scree_vectors_search_options_init(&options);
    options.no_rerank = no_rerank;
    options.nprobe = nprobe;
    assert_int_equal(
        scree_vectors_search(index, &options, queries, QUERIES, ids, distances, counts, NULL, NULL),
        SCREE_OK);
    for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_AVX512; level++) {
        scree__simd_force((enum scree__simd_level)level);
        struct scree_vectors_index *again = vectors_open(NULL, path, (uint64_t)1 << 20);
        for (uint32_t q = 0; q < QUERIES; q++) {
            assert_int_equal(scree_vectors_search(again, &options, queries + q * DIM, 1, one, near,
                                                  &count, NULL, NULL),
                             SCREE_OK);
            assert_int_equal(count, counts[q]);
            assert_memory_equal(one, ids + q * K, sizeof one);
            assert_memory_equal(near, distances + q * K, sizeof near);
        }
        scree_vectors_close(again);
    }
    scree__simd_force(SCREE__SIMD_BEST);
}

static void test_alone(void **state)
{
    static const enum scree_vectors_rerank reranks[] = {
        SCREE_VECTORS_RERANK_FP32, SCREE_VECTORS_RERANK_FP16, SCREE_VECTORS_RERANK_SQ8};
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "%s/it.svx", folder);
    for (int i = 0; i < 3; i++) {
        struct scree_vectors_index *index =
            build(i == 1 ? SCREE_VECTORS_COSINE : SCREE_VECTORS_L2, i == 2 ? 1 : 5, reranks[i], 0);
        for (uint32_t nprobe = 1; nprobe <= 64; nprobe *= 4) {
            check_alone(index, path, false, nprobe);
            check_alone(index, path, true, nprobe);
        }
        scree_vectors_close(index);
    }
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree_lists_XXXXXX", temporary_base());
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "%s/rows.fvecs", folder);
    remove(path);
    snprintf(path, sizeof path, "%s/it.svx", folder);
    remove(path);
    return remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_lists),
                                       cmocka_unit_test(test_alone)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
