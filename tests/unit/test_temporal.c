/*
 * test_temporal.c - the temporal index: what convert writes against a naive computation, the same
 * bytes on every way, and spans of time windows against every point of the file.
 */
#include "context.h"
#include "temporal_naive.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "copc/temporal_read.h"
#include "par/context.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char input[512], output[512], other[512];

/* --------------------------------------------------------------------------------------- making */

enum times { FLIGHT, FEW, ODD, NAN_ONLY, EQUAL, TIMES_COUNT };

static uint32_t noise;

static uint32_t next_noise(void)
{
    noise = noise * 1664525u + 1013904223u;
    return noise >> 8;
}

/* A time of the kind: of a flight, of a handful of values, with what floating point can be besides
 * numbers, ... */
static double make_time(enum times kind, uint64_t i)
{
    static const double odd[] = {NAN, -0.0, 0.0, INFINITY, -INFINITY, 1.0, -1.0, NAN};
    switch (kind) {
    case FLIGHT:
        return -1e6 + (double)(i / 3) * 0.25 + next_noise() % 5;
    case FEW:
        return next_noise() % 7;
    case ODD:
        return next_noise() % 2 ? odd[next_noise() % 8] : next_noise() % 100 - 50.0;
    case NAN_ONLY:
        return NAN;
    default:
        return 12.5;
    }
}

/* Half of the points are spread out flat, half crowd around a corner, so that the octree is deep. */
static void make_input(uint64_t point_count, enum times kind)
{
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = point_count, .chunk_points = 50000};
    uint8_t *records = las_make_records(&recipe);
    noise = 1;
    for (uint64_t i = 0; i < point_count; i++) {
        uint8_t *record = records + 30 * i;
        uint32_t shift = i % 2 ? next_noise() % 16 : 0;
        scree__base_store32(record, (next_noise() & 0xFFFFF) >> shift);
        scree__base_store32(record + 4, (next_noise() & 0xFFFFF) >> shift);
        scree__base_store32(record + 8, (next_noise() & 0xFFF) >> shift);
        record[14] = 0x11; /* one return of one */
        scree__base_store_f64(record + 22, make_time(kind, i));
    }
    struct las_bytes file = las_make(&recipe, records);
    FILE *out = fopen(input, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.count, out), file.count);
    assert_int_equal(fclose(out), 0);
    las_bytes_free(&file);
    free(records);
}

struct way {
    unsigned threads;
    uint64_t batch_points; /* 0: in memory */
    bool compress;
};

static void convert(const char *path, uint32_t stride, uint64_t leaf_max, struct way way)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(way.threads, (uint64_t)1 << 30);
    struct scree_convert_options options;
    struct scree_convert_job *job;
    const char *inputs[] = {input};
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = path;
    options.replace = true;
    options.temporal_stride = stride;
    options.compress_scratch = way.compress;
    enum scree_status status = scree_convert_open(context, &options, &job, &err);
    if (status == SCREE_OK) {
        job->limits.leaf_max = leaf_max;
        job->limits.leaf_min = leaf_max / 20 + 1;
        job->batch_points = way.batch_points;
        status = scree_convert_run(job, NULL, &err);
        scree_convert_close(job);
    }
    if (status != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
}

static void assert_same_files(const char *a, const char *b)
{
    struct las_bytes first = las_bytes_of_file(a), second = las_bytes_of_file(b);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.bytes, second.bytes, first.count);
    las_bytes_free(&first);
    las_bytes_free(&second);
}

/* --------------------------------------------------------------------------------------- writing */

static void test_auto_stride(void **state)
{
    struct naive_copc copc;
    (void)state;
    make_input(3000, FLIGHT);
    convert(output, SCREE_TEMPORAL_AUTO, 400, (struct way){1, 0, false});
    temporal_naive_open(&copc, output);
    naive_check_index(&copc, 100);
    temporal_naive_close(&copc);
    convert(output, 0, 400, (struct way){1, 0, false});
    temporal_naive_open(&copc, output);
    assert_int_equal(copc.index_begin, 0);
    temporal_naive_close(&copc);
}

static void test_same_bytes(void **state)
{
    static const struct way ways[] = {
        {4, 0, false}, {1, 5000, false}, {4, 5000, false}, {3, 20000, true}};
    static const uint32_t strides[] = {1, 1000};
    (void)state;
    make_input(60000, ODD);
    for (unsigned s = 0; s < 2; s++) {
        convert(output, strides[s], 2000, (struct way){1, 0, false});
        for (unsigned w = 0; w < 4; w++) {
#if !SCREE_HAVE_LZ4
            if (ways[w].compress)
                continue;
#endif
            convert(other, strides[s], 2000, ways[w]);
            assert_same_files(output, other);
        }
    }
}

static void test_no_times(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context;
    struct scree_convert_options options;
    struct scree_convert_job *job;
    const char *inputs[] = {input};
    struct las_recipe recipe = {.version_minor = 2, .point_format = 2, .point_count = 10};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    FILE *out = fopen(input, "wb");
    (void)state;
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.count, out), file.count);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(scree_context_new(NULL, &context, &err), SCREE_OK);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = other;
    options.replace = true;
    options.temporal_stride = 100;
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no GPS time"));
    scree_context_free(context);
    las_bytes_free(&file);
    free(records);
}

/* --------------------------------------------------------------------------------------- reading */

struct opened {
    struct scree_context *context;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree__copc_temporal index;
};

static enum scree_status open_index(struct opened *opened, const struct las_bytes *file,
                                    struct scree_error *err)
{
    bool found;
    memset(opened, 0, sizeof *opened);
    assert_int_equal(scree_context_new(NULL, &opened->context, NULL), SCREE_OK);
    assert_int_equal(
        scree_source_open_memory(file->bytes, file->count, "made", &opened->source, NULL),
        SCREE_OK);
    enum scree_status status =
        scree_las_open(opened->source, opened->context, &opened->reader, err);
    if (status == SCREE_OK) {
        status =
            scree__copc_temporal_open(opened->reader, opened->context, &opened->index, &found, err);
        assert_true(found);
    }
    return status;
}

static void close_index(struct opened *opened)
{
    scree_las_close(opened->reader);
    scree_source_close(opened->source);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(opened->context)), 0);
    scree_context_free(opened->context);
}

/* The span by the rule, from the points themselves. */
static struct scree__copc_temporal_span naive_span(const struct naive_node *node, uint32_t stride,
                                                   double t0, double t1)
{
    uint64_t count = (uint64_t)node->entry.point_count, begin = 0, end = count;
    for (uint64_t i = count; i-- > 0;) {
        if (i % stride != 0 && i != count - 1)
            continue;
        if (node->times[i] < t0 && begin == 0)
            begin = i + 1;
        if (node->times[i] > t1 || isnan(node->times[i]))
            end = i;
    }
    return begin < end ? (struct scree__copc_temporal_span){begin, end}
                       : (struct scree__copc_temporal_span){0, 0};
}

static double any_time(const struct naive_copc *copc)
{
    const struct naive_node *node = &copc->nodes[next_noise() % copc->node_count];
    uint64_t i = next_noise() % (uint64_t)node->entry.point_count;
    double time = node->times[next_noise() % 2 ? i : i / copc->stride * copc->stride];
    switch (next_noise() % 8) {
    case 0:
        return nextafter(time, INFINITY);
    case 1:
        return nextafter(time, -INFINITY);
    case 2:
        return next_noise() % 2 ? INFINITY : -INFINITY;
    default:
        return time;
    }
}

/* Nodes in any order, some left out. */
static size_t choose_nodes(const struct naive_copc *copc, size_t *chosen)
{
    size_t count = 0;
    uint32_t skip = next_noise() % 4;
    for (size_t i = 0; i < copc->node_count; i++)
        if (skip == 0 || next_noise() % (skip + 1) == 0)
            chosen[count++] = i;
    for (size_t i = count; i > 1; i--) {
        size_t j = next_noise() % i, swapped = chosen[i - 1];
        chosen[i - 1] = chosen[j];
        chosen[j] = swapped;
    }
    return count;
}

static uint64_t check_window(const struct naive_copc *copc, const struct opened *opened, double t0,
                             double t1)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t found = 0;
    size_t *chosen = malloc(copc->node_count * sizeof *chosen);
    struct scree_copc_entry *entries = calloc(copc->node_count, sizeof *entries);
    struct scree__copc_temporal_span *spans = malloc(copc->node_count * sizeof *spans);
    size_t count = choose_nodes(copc, chosen);
    for (size_t i = 0; i < count; i++)
        entries[i] = copc->nodes[chosen[i]].entry;
    if (scree__copc_temporal_spans(&opened->index, t0, t1, entries, count, spans, &err) != SCREE_OK)
        fail_msg("[%g, %g]: %s", t0, t1, err.message);
    for (size_t i = 0; i < count; i++) {
        const struct naive_node *node = &copc->nodes[chosen[i]];
        uint64_t matching = 0;
        for (uint64_t p = 0; p < (uint64_t)node->entry.point_count; p++) {
            if (!(t0 <= node->times[p] && node->times[p] <= t1))
                continue;
            assert_true(spans[i].begin <= p && p < spans[i].end);
            matching++;
        }
        struct scree__copc_temporal_span wanted = naive_span(node, copc->stride, t0, t1);
        if (wanted.begin == wanted.end || t0 > t1)
            assert_int_equal(spans[i].end, spans[i].begin);
        else if (spans[i].begin == spans[i].end) /* left out by the times of a page */
            assert_int_equal(matching, 0);
        else {
            assert_int_equal(spans[i].begin, wanted.begin);
            assert_int_equal(spans[i].end, wanted.end);
        }
        found += matching;
    }
    free(chosen);
    free(entries);
    free(spans);
    return found;
}

static void check_windows(struct naive_copc *copc, unsigned count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct opened opened;
    uint64_t found = 0;
    assert_int_equal(open_index(&opened, &copc->file, &err), SCREE_OK);
    for (unsigned i = 0; i < count; i++) {
        double t0 = any_time(copc), t1 = any_time(copc);
        if (isnan(t0) || isnan(t1))
            t0 = -1, t1 = 1;
        bool as_they_are = t0 < t1 || i % 16 == 0;
        found += check_window(copc, &opened, as_they_are ? t0 : t1, as_they_are ? t1 : t0);
    }
    check_window(copc, &opened, -INFINITY, INFINITY);
    assert_true(found > 0 || isnan(copc->nodes[0].times[0]));
    close_index(&opened);
}

static void hear(void *user, const struct scree_finding *finding)
{
    (void)user;
    if (finding->severity == SCREE_FINDING_ERROR || finding->rule[0] == 'T')
        fail_msg("%s: %s", finding->rule, finding->message);
}

static void assert_valid(const struct las_bytes *file)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_context *context;
    struct scree_source *source;
    scree_validate_options_init(&options);
    options.finding = hear;
    assert_int_equal(scree_context_new(NULL, &context, &err), SCREE_OK);
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made", &source, &err),
                     SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, &err), SCREE_OK);
    assert_true(report.temporal_stride > 0 && report.temporal_page_count > 0);
    scree_source_close(source);
    scree_context_free(context);
}

/* What is written is what a naive computation makes of the points, and no window loses a point. */
static void test_all_kinds_of_times(void **state)
{
    static const uint32_t strides[] = {50, 1, 2, 1000, 100000};
    struct naive_copc copc;
    (void)state;
    for (int kind = 0; kind < TIMES_COUNT; kind++) {
        make_input(12000, (enum times)kind);
        for (unsigned s = 0; s < (kind == FEW || kind == ODD ? 5 : 1); s++) {
            convert(output, strides[s], 300, (struct way){2, 0, false});
            temporal_naive_open(&copc, output);
            assert_true(copc.node_count > 20);
            naive_check_index(&copc, strides[s]);
            check_windows(&copc, 200);
            assert_valid(&copc.file);
            temporal_naive_close(&copc);
        }
    }
}

static void test_nested_pages(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct naive_copc copc;
    struct opened opened;
    (void)state;
    make_input(400000, FLIGHT);
    convert(output, 1, 6000, (struct way){2, 0, false});
    temporal_naive_open(&copc, output);
    naive_check_index(&copc, 1);
    assert_true(copc.pages_below_root >= 8);
    assert_true(copc.deepest_page >= 2);
    check_windows(&copc, 10);
    assert_valid(&copc.file);
    /* Pages whose times miss the window are not looked at. */
    const uint8_t *header = copc.file.bytes + copc.index_begin;
    uint64_t root_end = copc.index_begin + 32 + scree__base_load32(header + 24);
    memset(copc.file.bytes + root_end, 0xEE, copc.index_end - root_end);
    assert_int_equal(open_index(&opened, &copc.file, &err), SCREE_OK);
    assert_int_equal(check_window(&copc, &opened, -INFINITY, -2e6), 0);
    close_index(&opened);
    temporal_naive_close(&copc);
}

static void test_no_window_is_nan(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct naive_copc copc;
    struct opened opened;
    struct scree__copc_temporal_span span;
    (void)state;
    make_input(1000, FLIGHT);
    convert(output, 10, 400, (struct way){1, 0, false});
    temporal_naive_open(&copc, output);
    assert_int_equal(open_index(&opened, &copc.file, &err), SCREE_OK);
    assert_int_equal(
        scree__copc_temporal_spans(&opened.index, NAN, 1, &copc.nodes[0].entry, 1, &span, &err),
        SCREE_E_ARGUMENT);
    close_index(&opened);
    temporal_naive_close(&copc);
}

/* ---------------------------------------------------------------------------------------- damage */

/* Any four bytes of the index set to something else: an error, or spans within the nodes. */
static void test_damage_is_found(void **state)
{
    static const uint32_t values[] = {0, 1, 0xFFFFFFFFu, 0x7FFFFFFFu, 48, 0x7FF80000u};
    struct naive_copc copc;
    uint64_t refused = 0, passed = 0;
    (void)state;
    make_input(6000, FLIGHT);
    convert(output, 3, 100, (struct way){2, 0, false});
    temporal_naive_open(&copc, output);
    size_t count = copc.node_count;
    struct scree_copc_entry *entries = malloc(count * sizeof *entries);
    struct scree__copc_temporal_span *spans = malloc(count * sizeof *spans);
    for (size_t i = 0; i < count; i++)
        entries[i] = copc.nodes[i].entry;
    for (unsigned i = 0; i < 4000; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct opened opened;
        uint64_t at = i < 200 ? i / 6 : next_noise() % (copc.index_end - copc.index_begin - 4);
        uint8_t *p = copc.file.bytes + copc.index_begin + at, kept[4];
        memcpy(kept, p, 4);
        scree__base_store32(p, values[i % 6]);
        enum scree_status status = open_index(&opened, &copc.file, &err);
        if (status == SCREE_OK)
            status = scree__copc_temporal_spans(&opened.index, -1e6, -1e6 + 200, entries, count,
                                                spans, &err);
        if (status == SCREE_OK) {
            passed++;
            for (size_t n = 0; n < count; n++)
                assert_true(spans[n].begin <= spans[n].end &&
                            spans[n].end <= (uint64_t)entries[n].point_count);
        } else {
            refused++;
            assert_true(status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED);
            assert_non_null(strstr(err.message, "made: temporal index at byte "));
        }
        close_index(&opened);
        memcpy(p, kept, 4);
    }
    assert_true(refused > 1000 && passed > 100);
    free(entries);
    free(spans);
    temporal_naive_close(&copc);
}

static int tidy(void **state)
{
    (void)state;
    unlink(input);
    unlink(output);
    unlink(other);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds_of_times), cmocka_unit_test(test_nested_pages),
        cmocka_unit_test(test_auto_stride),        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_no_times),           cmocka_unit_test(test_no_window_is_nan),
        cmocka_unit_test(test_damage_is_found)};
    snprintf(input, sizeof input, "%s", las_temporary_path("times.laz"));
    snprintf(output, sizeof output, "%s", las_temporary_path("times.copc.laz"));
    snprintf(other, sizeof other, "%s", las_temporary_path("other.copc.laz"));
    return cmocka_run_group_tests(tests, NULL, tidy);
}
