/*
 * test_vectors_corners.c - searches where bounds and memory meet their ends: rows that are all the same, whose distances are known without an error; and a budget that
 * holds the rows of one query or the lists of the next one, not both.
 */
#include "context.h"
#include "scree/vectors.h"
#include "mem/budget.h"
#include "par/context.h"
#include "temporary.h"
#include "vectors_index.h"
#include "vectors_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define K 10u

static char folder[64];

/* An index of `count` rows, opened. */
static struct scree_vectors_index *index_of(struct scree_context *context, const float *rows,
                                            size_t count, uint32_t dim, uint64_t cache_bytes,
                                            struct scree_vectors_column_options column)
{
    char input[200], output[200];
    snprintf(input, sizeof input, "%s/rows.fvecs", folder);
    snprintf(output, sizeof output, "%s/it.svx", folder);
    FILE *file = fopen(input, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        fwrite(&dim, sizeof dim, 1, file);
        fwrite(rows + i * dim, sizeof(float), dim, file);
    }
    assert_int_equal(fclose(file), 0);
    vectors_build(input, NULL, output, &column);
    return vectors_open(context, output, cache_bytes);
}

/* ----------------------------------------------------------------------------------- equal rows */

enum { SAME = 150, SAME_DIM = 20 };

/* All rows but `others` are equal to the query: k of them are found. */
static void check_equal(struct scree_context *context, uint32_t others,
                        struct scree_vectors_column_options column)
{
    static float rows[SAME * SAME_DIM];
    struct scree_vectors_search_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t ids[K], seed = 1;
    float distances[K];
    uint32_t count;
    for (uint32_t i = 0; i < SAME * SAME_DIM; i++)
        rows[i] = i / SAME_DIM < others ? 20 * vectors_normal(&seed) : (float)(i % SAME_DIM) - 7;
    struct scree_vectors_index *index = index_of(context, rows, SAME, SAME_DIM, 0, column);
    scree_vectors_search_options_init(&options);
    options.k = K;
    options.nprobe = column.list_count;
    if (scree_vectors_search(index, &options, rows + (SAME - 1) * SAME_DIM, 1, ids, distances,
                             &count, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(count, K);
    for (uint32_t i = 0; i < K; i++) {
        if (column.metric != SCREE_VECTORS_IP)
            assert_in_range(ids[i], others, SAME - 1);
        assert_true(i == 0 || distances[i] > distances[i - 1] || ids[i] > ids[i - 1]);
    }
    scree_vectors_close(index);
}

static void test_equal_rows(void **state)
{
    static const enum scree_vectors_rerank reranks[] = {
        SCREE_VECTORS_RERANK_NONE, SCREE_VECTORS_RERANK_FP32, SCREE_VECTORS_RERANK_FP16,
        SCREE_VECTORS_RERANK_SQ8};
    static const enum scree_vectors_metric metrics[] = {SCREE_VECTORS_L2, SCREE_VECTORS_COSINE,
                                                        SCREE_VECTORS_IP};
    struct scree_context *context = context_with(1, (uint64_t)256 << 20);
    (void)state;
    for (size_t i = 0; i < 24; i++)
        check_equal(context, i % 2 == 0 ? 0 : 40,
                    (struct scree_vectors_column_options){.metric = metrics[i % 3],
                                                          .bits = i % 8 < 4 ? 1 : 4,
                                                          .rerank = reranks[i / 6],
                                                          .list_count = i % 2 == 0 ? 1 : 3});
    scree_context_free(context);
}

/* ---------------------------------------------------------------------------------- short memory */

enum { QUERIES = 6, LARGE_DIM = 1024, LARGE_ROWS = 600 };

struct found {
    uint64_t ids[QUERIES * K];
    float distances[QUERIES * K];
};

static enum scree_status search(struct scree_vectors_index *index, const float *queries,
                                uint32_t together, struct found *found)
{
    struct scree_vectors_search_options options;
    enum scree_status status = SCREE_OK;
    scree_vectors_search_options_init(&options);
    options.k = K;
    options.nprobe = 3;
    for (uint32_t i = 0; i < QUERIES && status == SCREE_OK; i += together)
        status =
            scree_vectors_search(index, &options, queries + (size_t)i * LARGE_DIM, together,
                                 found->ids + i * K, found->distances + i * K, NULL, NULL, NULL);
    return status;
}

/* With memory in which queries succeed one by one they do in one call, too, where rows of one query and lists of the next are wanted at a time. */
static void test_short_memory(void **state)
{
    static float rows[LARGE_ROWS * LARGE_DIM];
    struct scree_context *context = context_with(1, (uint64_t)256 << 20);
    struct scree__mem_budget *budget = scree__par_budget(context);
    const uint64_t all = (uint64_t)256 << 20, step = 8192;
    struct found one, several;
    uint32_t alone = 0;
    (void)state;
    vectors_clusters(rows, LARGE_ROWS, LARGE_DIM, 12, 1, 3);
    /* A cache of no size keeps no lists, and has no room for rows. */
    struct scree_vectors_index *index =
        index_of(context, rows, LARGE_ROWS, LARGE_DIM, 1,
                 (struct scree_vectors_column_options){.metric = SCREE_VECTORS_L2,
                                                       .bits = 1,
                                                       .rerank = SCREE_VECTORS_RERANK_FP32,
                                                       .list_count = 12});
    assert_int_equal(search(index, rows, QUERIES, &several), SCREE_OK);
    for (uint64_t left = 0; alone < 20; left += step) {
        const uint64_t taken = all - scree__mem_budget_used(budget) - left;
        assert_int_equal(scree__mem_reserve(budget, taken, "nothing", NULL), SCREE_OK);
        if (search(index, rows, 1, &one) == SCREE_OK) {
            memset(&several, 0, sizeof several);
            assert_int_equal(search(index, rows, QUERIES, &several), SCREE_OK);
            assert_memory_equal(one.ids, several.ids, sizeof one.ids);
            assert_memory_equal(one.distances, several.distances, sizeof one.distances);
            alone++;
        }
        scree__mem_release(budget, taken);
        assert_true(left < (uint64_t)8 << 20);
    }
    scree_vectors_close(index);
    scree_context_free(context);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree_corners-XXXXXX", temporary_base());
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/rows.fvecs", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/it.svx", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal_rows),
                                       cmocka_unit_test(test_short_memory)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
