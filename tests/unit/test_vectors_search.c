/*
 * test_vectors_search.c - searches of whole index files against every distance computed: all metrics, codes and rows, filters, ranges of distance; the same bits for
 * any threads, cache and level; what is read, and in how many waves.
 */
#include "context.h"
#include "scree/vectors.h"
#include "par/pool.h"
#include "simd/level.h"
#include "vectors_index.h"
#include "vectors_rows.h"
#include "temporary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 3000u
#define DIM 40u
#define QUERIES 30u
#define K 10u
#define LISTS 24u

static char folder[64];
static float rows[ROWS * DIM], queries[QUERIES * DIM];

struct found {
    uint64_t ids[QUERIES * K];
    float distances[QUERIES * K];
    uint32_t counts[QUERIES];
};

static void path_of(char path[200], const char *name)
{
    snprintf(path, 200, "%s/%s", folder, name);
}

static void write_rows(void)
{
    char path[200];
    uint32_t dim = DIM;
    path_of(path, "rows.fvecs");
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; i < ROWS; i++) {
        fwrite(&dim, sizeof dim, 1, file);
        fwrite(rows + i * DIM, sizeof(float), DIM, file);
    }
    assert_int_equal(fclose(file), 0);
    path_of(path, "tags");
    file = fopen(path, "w");
    for (size_t i = 0; i < ROWS; i++)
        fprintf(file, "%s\n", i % 3 == 0 ? "red" : i % 5 == 0 ? "blue,red" : "");
    assert_int_equal(fclose(file), 0);
}

static void build(const char *name, enum scree_vectors_metric metric, uint32_t bits,
                  enum scree_vectors_rerank rerank)
{
    char input[200], output[200], tags[200];
    path_of(input, "rows.fvecs");
    path_of(tags, "tags");
    path_of(output, name);
    vectors_build(input, tags, output,
                  &(struct scree_vectors_column_options){
                      .metric = metric, .bits = bits, .rerank = rerank, .list_count = LISTS});
}

static struct scree_vectors_index *open_index(struct scree_context *context, const char *name,
                                              uint64_t cache_bytes)
{
    char path[200];
    path_of(path, name);
    return vectors_open(context, path, cache_bytes);
}

static void search(struct scree_vectors_index *index,
                   const struct scree_vectors_search_options *options, struct found *found)
{
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree_vectors_search(index, options, queries, QUERIES, found->ids, found->distances,
                             found->counts, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
}

/* ---------------------------------------------------------------------------------- the truth */

static double distance_of(enum scree_vectors_metric metric, const float *a, const float *b)
{
    double product = 0, distance2 = 0, a2 = 0, b2 = 0;
    for (uint32_t d = 0; d < DIM; d++) {
        product += (double)a[d] * b[d];
        distance2 += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
        a2 += (double)a[d] * a[d];
        b2 += (double)b[d] * b[d];
    }
    return metric == SCREE_VECTORS_L2   ? distance2
           : metric == SCREE_VECTORS_IP ? -product
                                        : 1 - product / sqrt(a2 * b2);
}

struct truth {
    enum scree_vectors_metric metric;
    bool (*allowed)(uint64_t id);
};

/* The k-th smallest distance of a query among the allowed; and how many rows are below a limit. */
static uint32_t truth_of(const struct truth *truth, uint32_t query, double limit, double kth[K])
{
    uint32_t below = 0, count = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        if (truth->allowed != NULL && !truth->allowed(i))
            continue;
        double distance = distance_of(truth->metric, rows + i * DIM, queries + query * DIM);
        below += distance < limit;
        uint32_t at = count < K ? count++ : K;
        for (; at > 0 && distance < kth[at - 1]; at--)
            if (at < K)
                kth[at] = kth[at - 1];
        if (at < K)
            kth[at] = distance;
    }
    return below;
}

/* The share of results that are no further than the true k-th; every result is checked to be what it says. exact: distances come from rows of floats. */
static double recall_of(const struct found *found, const struct truth *truth, bool exact)
{
    uint32_t hits = 0;
    for (uint32_t q = 0; q < QUERIES; q++) {
        double kth[K];
        truth_of(truth, q, 0, kth);
        for (uint32_t i = 0; i < found->counts[q]; i++) {
            uint64_t id = found->ids[q * K + i];
            assert_true(id < ROWS);
            assert_true(truth->allowed == NULL || truth->allowed(id));
            double own = distance_of(truth->metric, rows + id * DIM, queries + q * DIM);
            if (exact)
                assert_true(fabs(own - found->distances[q * K + i]) < 2e-3 * (fabs(own) + 0.1));
            for (uint32_t j = 0; j < i; j++)
                assert_int_not_equal(id, found->ids[q * K + j]);
            assert_true(i == 0 || found->distances[q * K + i] >= found->distances[q * K + i - 1]);
            hits += own <= kth[K - 1] + 1e-6 * fabs(kth[K - 1]);
        }
    }
    return hits / (double)(QUERIES * K);
}

/* --------------------------------------------------------------------------------------- tests */

static int make_rows(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree_search-XXXXXX", temporary_base());
    if (mkdtemp(folder) == NULL)
        return -1;
    vectors_clusters(rows, ROWS, DIM, 30, 0.7f, 1);
    vectors_clusters(queries, QUERIES, DIM, 30, 0.7f, 1);
    uint64_t seed = 5;
    for (size_t i = 0; i < QUERIES * DIM; i++)
        queries[i] += 0.5f * vectors_normal(&seed);
    write_rows();
    return 0;
}

static int remove_rows(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* Floors of recall with all lists probed, for each metric: what is lost is lost to codes and their bounds. */
static void test_recall(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        enum scree_vectors_rerank rerank;
        double floor;
    } cases[] = {
        {1, SCREE_VECTORS_RERANK_FP32, 0.95}, {1, SCREE_VECTORS_RERANK_FP16, 0.95},
        {1, SCREE_VECTORS_RERANK_SQ8, 0.94},  {1, SCREE_VECTORS_RERANK_NONE, 0.45},
        {2, SCREE_VECTORS_RERANK_FP32, 0.97}, {3, SCREE_VECTORS_RERANK_NONE, 0.78},
        {4, SCREE_VECTORS_RERANK_FP32, 0.97}, {5, SCREE_VECTORS_RERANK_NONE, 0.90},
        {7, SCREE_VECTORS_RERANK_NONE, 0.94}, {8, SCREE_VECTORS_RERANK_NONE, 0.95},
    };
    for (int metric = 0; metric <= 2; metric++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct scree_vectors_search_options options;
            struct found found;
            struct truth truth = {(enum scree_vectors_metric)metric, NULL};
            bool exact = cases[i].rerank == SCREE_VECTORS_RERANK_FP32 ||
                         cases[i].rerank == SCREE_VECTORS_RERANK_FP16;
            build("it.svx", truth.metric, cases[i].bits, cases[i].rerank);
            struct scree_vectors_index *index = open_index(NULL, "it.svx", 0);
            scree_vectors_search_options_init(&options);
            options.nprobe = 10000;
            search(index, &options, &found);
            double recall = recall_of(&found, &truth, exact);
            if (recall < cases[i].floor)
                fail_msg("metric %d, %u bits, rows %d: recall %.3f, expected %.2f", metric,
                         cases[i].bits, (int)cases[i].rerank, recall, cases[i].floor);
            if (exact) { /* bounds as wide as that leave nothing out */
                options.deviations = 6;
                search(index, &options, &found);
                double sure = cases[i].rerank == SCREE_VECTORS_RERANK_FP32 ? 1 : 0.995;
                assert_true(recall_of(&found, &truth, true) >= sure);
                options.bits = 1;
                search(index, &options, &found);
                assert_true(recall_of(&found, &truth, true) >= sure);
            }
            scree_vectors_close(index);
        }
}

static bool in_ranges(uint64_t id)
{
    return (id >= 100 && id < 400) || (id >= 2000 && id < 2100) || id == 2999;
}

static bool in_bits(uint64_t id)
{
    return id % 7 == 0 && id < 2500;
}

static bool is_red(uint64_t id)
{
    return id % 3 == 0 || id % 5 == 0;
}

static bool in_all(uint64_t id)
{
    return in_ranges(id) && in_bits(id) && is_red(id);
}

static void check_filter(struct scree_vectors_index *index,
                         const struct scree_vectors_search_options *options,
                         bool (*allowed)(uint64_t id))
{
    struct found found;
    struct truth truth = {SCREE_VECTORS_L2, allowed};
    search(index, options, &found);
    for (uint32_t q = 0; q < QUERIES; q++)
        assert_int_equal(found.counts[q], K);
    assert_true(recall_of(&found, &truth, true) == 1);
}

static void test_filters(void **state)
{
    (void)state;
    static const struct scree_vectors_id_range ranges[] = {{2999, 5000}, {2000, 2100}, {150, 400},
                                                           {120, 130},   {100, 250},   {7, 7}};
    uint8_t bits[2500 / 8 + 1] = {0};
    for (uint64_t id = 0; id < 2500; id++)
        if (in_bits(id))
            bits[id / 8] |= (uint8_t)(1u << (id % 8));
    struct scree_vectors_search_options options;
    build("it.svx", SCREE_VECTORS_L2, 4, SCREE_VECTORS_RERANK_FP32);
    struct scree_vectors_index *index = open_index(NULL, "it.svx", 0);
    scree_vectors_search_options_init(&options);
    options.nprobe = 10000;
    options.deviations = 6;
    options.id_ranges = ranges;
    options.id_range_count = 6;
    check_filter(index, &options, in_ranges);
    options.id_bits = bits;
    options.id_bit_count = 2500;
    options.tag = "red";
    check_filter(index, &options, in_all);
    options.id_range_count = 0;
    options.id_bits = NULL;
    check_filter(index, &options, is_red);
    options.tag = "green";
    struct found found;
    struct scree_error err = SCREE_ERROR_INIT;
    assert_int_equal(scree_vectors_search(index, &options, queries, 1, found.ids, found.distances,
                                          NULL, NULL, &err),
                     SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "green"));
    /* Fewer than k allowed. */
    static const struct scree_vectors_id_range few = {500, 503};
    options.tag = NULL;
    options.id_ranges = &few;
    options.id_range_count = 1;
    search(index, &options, &found);
    for (uint32_t q = 0; q < QUERIES; q++) {
        assert_int_equal(found.counts[q], 3);
        assert_true(found.ids[q * K + 3] == UINT64_MAX && isinf(found.distances[q * K + 3]));
    }
    scree_vectors_close(index);
}

/* Only what is nearer than a distance; lists that lie beyond are not looked at. */
static void test_within(void **state)
{
    (void)state;
    for (int metric = 0; metric <= 2; metric++) {
        struct scree_vectors_search_options options;
        struct scree_vectors_search_statistics near, all;
        struct found found;
        struct truth truth = {(enum scree_vectors_metric)metric, NULL};
        build("it.svx", truth.metric, 4, SCREE_VECTORS_RERANK_FP32);
        struct scree_vectors_index *index = open_index(NULL, "it.svx", 0);
        scree_vectors_search_options_init(&options);
        options.nprobe = 10000;
        options.deviations = 6;
        options.within = metric == 0 ? 38.f : metric == 1 ? 0.2f : -100.f;
        for (uint32_t q = 0; q < QUERIES; q++) {
            double kth[K];
            uint32_t below = truth_of(&truth, q, options.within, kth);
            assert_int_equal(scree_vectors_search(index, &options, queries + q * DIM, 1, found.ids,
                                                  found.distances, found.counts, NULL, NULL),
                             SCREE_OK);
            assert_int_equal(found.counts[0], below < K ? below : K);
            for (uint32_t i = 0; i < found.counts[0]; i++)
                assert_true(fabs(found.distances[i] - kth[i]) < 1e-3 * (fabs(kth[i]) + 0.1));
        }
        assert_int_equal(scree_vectors_search(index, &options, queries, QUERIES, found.ids,
                                              found.distances, NULL, &near, NULL),
                         SCREE_OK);
        options.within = INFINITY;
        assert_int_equal(scree_vectors_search(index, &options, queries, QUERIES, found.ids,
                                              found.distances, NULL, &all, NULL),
                         SCREE_OK);
        assert_true(near.list_count <= all.list_count);
        assert_true(metric == SCREE_VECTORS_IP || near.list_count < all.list_count);
        scree_vectors_close(index);
    }
}

static void test_same_results(void **state)
{
    (void)state;
    struct scree_vectors_search_options options;
    struct found first, again;
    build("it.svx", SCREE_VECTORS_COSINE, 5, SCREE_VECTORS_RERANK_FP16);
    scree_vectors_search_options_init(&options);
    options.nprobe = 7;
    struct scree_vectors_index *index = open_index(NULL, "it.svx", 0);
    search(index, &options, &first);
    for (uint32_t q = 0; q < QUERIES; q++)
        assert_int_equal(scree_vectors_search(index, &options, queries + q * DIM, 1,
                                              again.ids + q * K, again.distances + q * K,
                                              again.counts + q, NULL, NULL),
                         SCREE_OK);
    assert_memory_equal(&first, &again, sizeof first);
    scree_vectors_close(index);
    for (unsigned threads = 1; threads <= 3; threads++)
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_AVX512; level++) {
            struct scree_context *context = context_with(threads, (uint64_t)256 << 20);
            scree__simd_force((enum scree__simd_level)level);
            index = open_index(context, "it.svx", threads == 2 ? 1 : 0);
            search(index, &options, &again);
            assert_memory_equal(&first, &again, sizeof first);
            scree_vectors_close(index);
            scree_context_free(context);
        }
    scree__simd_force(SCREE__SIMD_BEST);
}

struct concurrent {
    struct scree_vectors_index *index;
    const struct scree_vectors_search_options *options;
    const struct found *expected;
};

static enum scree_status search_one(void *arg, uint64_t item, unsigned worker,
                                    struct scree_error *err)
{
    const struct concurrent *it = arg;
    uint32_t q = (uint32_t)(item * 11 % QUERIES);
    uint64_t ids[K];
    float distances[K];
    (void)worker;
    enum scree_status status = scree_vectors_search(it->index, it->options, queries + q * DIM, 1,
                                                    ids, distances, NULL, NULL, err);
    bool same = status == SCREE_OK && memcmp(ids, it->expected->ids + q * K, sizeof ids) == 0 &&
                memcmp(distances, it->expected->distances + q * K, sizeof distances) == 0;
    return status != SCREE_OK ? status : same ? SCREE_OK : SCREE_E_MISMATCH;
}

/* Many threads, one index, a cache that holds a few lists only, or all lists and rows. */
static void test_many_threads(void **state)
{
    (void)state;
    struct scree_vectors_search_options options;
    struct found expected;
    struct scree__par_pool *pool;
    build("it.svx", SCREE_VECTORS_L2, 4, SCREE_VECTORS_RERANK_FP32);
    scree_vectors_search_options_init(&options);
    options.nprobe = 5;
    assert_int_equal(scree__par_pool_new(4, &pool, NULL), SCREE_OK);
    struct scree_vectors_index *index = open_index(NULL, "it.svx", 40000);
    search(index, &options, &expected);
    scree_vectors_close(index);
    for (int large = 0; large < 2; large++) {
        index = open_index(NULL, "it.svx", large ? (uint64_t)64 << 20 : 40000);
        struct concurrent concurrent = {index, &options, &expected};
        assert_int_equal(scree__par_for(pool, 300, search_one, &concurrent, NULL), SCREE_OK);
        scree_vectors_close(index);
    }
    scree__par_pool_free(pool);
}

/* --------------------------------------------------------------------------- what is read */

struct reads {
    struct scree_source *file;
    atomic_uint calls, ranges;
    atomic_uint_least64_t bytes;
    uint64_t offsets[100];
};

static enum scree_status count_reads(void *user, const struct scree_range *ranges,
                                     size_t range_count, struct scree_error *err)
{
    struct reads *reads = user;
    reads->calls++;
    for (size_t i = 0; i < range_count; i++) {
        if (reads->ranges < 100)
            reads->offsets[reads->ranges] = ranges[i].offset;
        reads->ranges++;
        reads->bytes += ranges[i].byte_count;
    }
    return scree_source_read_many(reads->file, ranges, range_count, err);
}

/* A cold query: a wave for the head, one for the codes, one for the rows; the codes' reads are those of the plan. */
static void test_reads(void **state)
{
    (void)state;
    char path[200];
    struct reads reads = {0};
    struct scree_source *source;
    struct scree_vectors_index *index;
    struct scree_vectors_search_options options;
    struct scree_vectors_search_statistics done;
    struct scree_vectors_planned_read planned[6];
    struct found found;
    uint32_t planned_count;
    build("it.svx", SCREE_VECTORS_L2, 4, SCREE_VECTORS_RERANK_FP16);
    path_of(path, "it.svx");
    assert_int_equal(scree_source_open_file(path, &reads.file, NULL), SCREE_OK);
    struct scree_source_callbacks callbacks = {&reads, scree_source_bytes(reads.file), count_reads,
                                               NULL};
    assert_int_equal(scree_source_open_callbacks(&callbacks, "it", &source, NULL), SCREE_OK);
    assert_int_equal(scree_vectors_open_source(NULL, source, NULL, &index, NULL), SCREE_OK);
    assert_true(reads.calls <= 2); /* of which a remote source makes one request */
    scree_vectors_search_options_init(&options);
    options.nprobe = 6;
    reads.calls = reads.ranges = 0;
    assert_int_equal(
        scree_vectors_search_plan(index, &options, queries, planned, 6, &planned_count, NULL),
        SCREE_OK);
    assert_int_equal(reads.calls, 0);
    assert_int_equal(planned_count, 6);
    assert_int_equal(scree_vectors_search(index, &options, queries, 1, found.ids, found.distances,
                                          NULL, &done, NULL),
                     SCREE_OK);
    assert_int_equal(reads.calls, 2);
    for (uint32_t i = 0; i < planned_count; i++) {
        bool there = false;
        for (uint32_t j = 0; j < reads.ranges && j < 100; j++)
            there |= reads.offsets[j] == planned[i].offset;
        assert_true(there);
        assert_true(i == 0 || planned[i].distance >= planned[i - 1].distance);
    }
    /* The same again: all of it is known. */
    reads.calls = 0;
    assert_int_equal(scree_vectors_search(index, &options, queries, 1, found.ids, found.distances,
                                          NULL, NULL, NULL),
                     SCREE_OK);
    assert_int_equal(reads.calls, 0);
    scree_vectors_close(index);
    scree_source_close(source);
    scree_source_close(reads.file);
}

/* ------------------------------------------------------------------------- options, evaluation */

static void test_options(void **state)
{
    (void)state;
    struct scree_vectors_search_options options;
    struct found found;
    build("it.svx", SCREE_VECTORS_COSINE, 4, SCREE_VECTORS_RERANK_NONE);
    struct scree_vectors_index *index = open_index(NULL, "it.svx", 0);
#define REFUSED(set)                                                                  \
    do {                                                                              \
        scree_vectors_search_options_init(&options);                                  \
        options.nprobe = 2;                                                           \
        set;                                                                          \
        assert_int_equal(scree_vectors_search(index, &options, queries, 1, found.ids, \
                                              found.distances, NULL, NULL, NULL),     \
                         SCREE_E_ARGUMENT);                                           \
    } while (0)
    REFUSED(options.k = 0);
    REFUSED(options.bits = 5);
    REFUSED(options.bits = 3);
    REFUSED(options.column = "other");
    REFUSED(options.deviations = 0);
    REFUSED((options.nprobe = 0, options.recall = 0.9f));
    scree_vectors_search_options_init(&options);
    float bad[DIM] = {0};
    assert_int_equal(
        scree_vectors_search(index, &options, bad, 1, found.ids, found.distances, NULL, NULL, NULL),
        SCREE_E_ARGUMENT); /* no direction */
    bad[3] = 1e-41f;       /* less than what has a reciprocal */
    assert_int_equal(
        scree_vectors_search(index, &options, bad, 1, found.ids, found.distances, NULL, NULL, NULL),
        SCREE_OK);
    bad[3] = NAN;
    assert_int_equal(
        scree_vectors_search(index, &options, bad, 1, found.ids, found.distances, NULL, NULL, NULL),
        SCREE_E_ARGUMENT);
    scree_vectors_close(index);
}

static void test_eval(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct scree_vectors_eval_options options;
        struct scree_vectors_search_options search;
        struct scree_vectors_eval_point points[SCREE_VECTORS_EVAL_POINTS];
        uint32_t count;
        build("it.svx", own != 0 ? SCREE_VECTORS_L2 : SCREE_VECTORS_COSINE, 4,
              SCREE_VECTORS_RERANK_FP32);
        struct scree_context *context = context_with(2, (uint64_t)256 << 20);
        struct scree_vectors_index *index = open_index(context, "it.svx", 0);
        scree_vectors_eval_options_init(&options);
        scree_vectors_search_options_init(&search);
        search.deviations = 6;
        options.search = &search;
        options.queries = own != 0 ? NULL : queries;
        options.query_count = own != 0 ? 100 : QUERIES;
        assert_int_equal(scree_vectors_eval(index, &options, points, &count, NULL), SCREE_OK);
        assert_true(count >= 3);
        assert_true(points[count - 1].recall >= 0.9995f);
        assert_true(points[0].recall < points[count - 1].recall);
        for (uint32_t i = 1; i < count; i++) {
            assert_true(points[i].nprobe > points[i - 1].nprobe);
            assert_true(points[i].recall >= points[i - 1].recall);
        }
        scree_vectors_close(index);
        scree_context_free(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recall),       cmocka_unit_test(test_filters),
        cmocka_unit_test(test_within),       cmocka_unit_test(test_same_results),
        cmocka_unit_test(test_many_threads), cmocka_unit_test(test_reads),
        cmocka_unit_test(test_options),      cmocka_unit_test(test_eval),
    };
    return cmocka_run_group_tests(tests, make_rows, remove_rows);
}
