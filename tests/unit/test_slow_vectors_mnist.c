/* test_slow_vectors_mnist.c - 60 000 vectors of 784 dimensions ($SCREE_TEST_DATA/vectors): recall by lists probed, and how few rows are compared. */
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

static char input[] = "/tmp/scree_mnist_XXXXXX.fvecs", output[] = "/tmp/scree_mnist_XXXXXX.svx";
static float *queries, *truth;
static size_t query_count;
static uint32_t truth_dim;

static double recall_of(const uint64_t *ids)
{
    size_t hits = 0;
    for (size_t i = 0; i < query_count * K; i++)
        for (uint32_t j = 0; j < K; j++)
            hits += ids[i] == (uint64_t)truth[i / K * truth_dim + j];
    return (double)hits / (double)(query_count * K);
}

static void check(uint32_t bits, enum scree_vectors_rerank rerank, uint32_t nprobe, double floor,
                  double most_rows)
{
    struct scree_vectors_column_options column = {
        .bits = bits, .rerank = rerank, .list_count = 256};
    struct scree_vectors_search_options options;
    struct scree_vectors_search_statistics done;
    uint64_t *ids = malloc(query_count * K * sizeof *ids);
    float *distances = malloc(query_count * K * sizeof *distances);
    vectors_build(input, NULL, output, &column);
    struct scree_vectors_index *index = vectors_open(NULL, output, (uint64_t)512 << 20);
    scree_vectors_search_options_init(&options);
    options.nprobe = nprobe;
    assert_int_equal(scree_vectors_search(index, &options, queries, query_count, ids, distances,
                                          NULL, &done, NULL),
                     SCREE_OK);
    double recall = recall_of(ids), rows = (double)done.row_count / (double)query_count;
    if (recall < floor || rows > most_rows)
        fail_msg("%u bits: recall %.4f (expected %.3f), %.1f rows a query (at most %.0f)", bits,
                 recall, floor, rows, most_rows);
    scree_vectors_close(index);
    free(ids);
    free(distances);
}

/* The sample is gzipped; a build reads .fvecs. */
static void unpack(const char *folder)
{
    size_t count;
    uint32_t dim;
    float *rows = vectors_read(folder, "mnist784_base_60000.bvecs.gz", &count, &dim);
    int descriptor = mkstemps(input, 6);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    assert_non_null(rows);
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        fwrite(&dim, sizeof dim, 1, file);
        fwrite(rows + i * dim, sizeof *rows, dim, file);
    }
    assert_int_equal(fclose(file), 0);
    free(rows);
    descriptor = mkstemps(output, 4);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void test_mnist(void **state)
{
    char folder[900];
    uint32_t dim;
    size_t truth_count;
    const char *data = las_data_folder();
    (void)state;
    snprintf(folder, sizeof folder, "%s/vectors", data == NULL ? "" : data);
    if (data == NULL || access(folder, R_OK) != 0) {
        print_message("no vectors/ among the sample files (SCREE_TEST_DATA names their folder): "
                      "MNIST is not searched\n");
        skip();
    }
    queries = vectors_read(folder, "mnist784_query_1000.bvecs", &query_count, &dim);
    truth = vectors_read(folder, "mnist784_l2_gt100.ivecs", &truth_count, &truth_dim);
    unpack(folder);
    check(1, SCREE_VECTORS_RERANK_FP32, 32, 0.995, 40);
    check(1, SCREE_VECTORS_RERANK_FP16, 16, 0.985, 40);
    check(5, SCREE_VECTORS_RERANK_FP16, 32, 0.995, 14);
    check(5, SCREE_VECTORS_RERANK_NONE, 32, 0.975, 0);
    remove(input);
    remove(output);
    free(queries);
    free(truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mnist)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
