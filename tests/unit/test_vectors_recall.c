/*
 * test_vectors_recall.c - recall of the ten nearest on real vectors ($SCREE_TEST_DATA/vectors), for codes of all widths, with rows and without, against exact
 * neighbours that were computed elsewhere.
 */
#include "vectors_index.h"
#include "vectors_rows.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define K 10u

static char output[] = "/tmp/scree_recall_XXXXXX";

/* Floors: a quarter of the lists with fp32 rows; all lists and codes of 1 to 8 bits alone (0: not tried). */
struct set {
    const char *base, *queries, *truth;
    enum scree_vectors_metric metric;
    uint32_t lists;
    double quarter, alone[8];
};

static double recall_of(const struct set *set, const char *folder,
                        struct scree_vectors_index *index, uint32_t nprobe)
{
    size_t count, truth_count;
    uint32_t dim, truth_dim;
    float *queries = vectors_read(folder, set->queries, &count, &dim);
    float *truth = vectors_read(folder, set->truth, &truth_count, &truth_dim);
    uint64_t *ids = malloc(count * K * sizeof *ids);
    float *distances = malloc(count * K * sizeof *distances);
    struct scree_vectors_search_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    size_t hits = 0;
    scree_vectors_search_options_init(&options);
    options.nprobe = nprobe;
    if (scree_vectors_search(index, &options, queries, count, ids, distances, NULL, NULL, &err) !=
        SCREE_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < count * K; i++)
        for (uint32_t j = 0; j < K; j++)
            hits += ids[i] == (uint64_t)truth[i / K * truth_dim + j];
    free(queries);
    free(truth);
    free(ids);
    free(distances);
    return (double)hits / (double)(count * K);
}

static void check(const struct set *set, const char *folder, uint32_t bits, bool rows)
{
    char base[1000];
    snprintf(base, sizeof base, "%s/%s", folder, set->base);
    struct scree_vectors_column_options column = {.metric = set->metric,
                                                  .bits = bits,
                                                  .rerank = rows ? SCREE_VECTORS_RERANK_FP32
                                                                 : SCREE_VECTORS_RERANK_NONE,
                                                  .list_count = set->lists};
    vectors_build(base, NULL, output, &column);
    struct scree_vectors_index *index = vectors_open(NULL, output, 0);
    double recall = recall_of(set, folder, index, rows ? set->lists / 4 : set->lists);
    double floor = rows ? set->quarter : set->alone[bits - 1];
    if (recall < floor)
        fail_msg("%s, metric %d, %u bits%s: recall %.4f, expected %.3f", set->base,
                 (int)set->metric, bits, rows ? " and rows" : "", recall, floor);
    scree_vectors_close(index);
}

static void test_real_vectors(void **state)
{
    static const struct set sets[] = {
        {"bigann_sift128_base_9800.bvecs",
         "bigann_sift128_query_200.bvecs",
         "bigann_sift128_l2_gt100.ivecs",
         SCREE_VECTORS_L2,
         100,
         0.97,
         {0.60, 0.80, 0.88, 0.925, 0.95, 0.97, 0.98, 0.985}},
        {"words128_base_19000.fvecs",
         "words128_query_1000.fvecs",
         "words128_l2_gt100.ivecs",
         SCREE_VECTORS_L2,
         128,
         0.985,
         {0.73, 0, 0, 0.945, 0, 0, 0, 0}},
        {"words128_base_19000.fvecs",
         "words128_query_1000.fvecs",
         "words128_cos_gt100.ivecs",
         SCREE_VECTORS_COSINE,
         128,
         0.985,
         {0.74, 0.86, 0.92, 0.95, 0.965, 0.98, 0.985, 0.99}},
        {"nmslib_final8_base_9800.fvecs",
         "nmslib_final8_query_200.fvecs",
         "nmslib_final8_l2_gt100.ivecs",
         SCREE_VECTORS_L2,
         64,
         0.985,
         {0.58, 0.87, 0.925, 0.95, 0.97, 0.98, 0.985, 0.985}},
    };
    char folder[900];
    const char *data = las_data_folder();
    (void)state;
    snprintf(folder, sizeof folder, "%s/vectors", data == NULL ? "" : data);
    if (data == NULL || access(folder, R_OK) != 0) {
        print_message("no vectors/ among the sample files (SCREE_TEST_DATA names their folder): "
                      "recall on real vectors is not tested\n");
        skip();
    }
    int descriptor = mkstemp(output);
    assert_true(descriptor >= 0);
    close(descriptor);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        check(&sets[i], folder, 1, true);
        check(&sets[i], folder, 5, true);
        for (uint32_t bits = 1; bits <= 8; bits++)
            if (sets[i].alone[bits - 1] > 0)
                check(&sets[i], folder, bits, false);
    }
    remove(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
