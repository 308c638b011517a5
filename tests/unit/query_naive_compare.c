/* query_naive_compare.c - the library's answers beside the naive ones, and files to ask: see query_naive.h. */
#include "context.h"
#include "query_naive.h"
#include "las_make.h"
#include "base/bytes.h"
#include "copc/job.h"
#include "query/job.h"
#include "scree/synth.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ------------------------------------------------------------------------------------- comparing */

struct gathered {
    uint8_t *records;
    uint64_t count, capacity;
    size_t bytes;
};

static enum scree_status gather(void *user, const uint8_t *records, uint64_t count,
                                struct scree_error *err)
{
    struct gathered *g = user;
    (void)err;
    if (g->count + count > g->capacity)
        return SCREE_E_DATA;
    memcpy(g->records + g->count * g->bytes, records, count * g->bytes);
    g->count += count;
    return SCREE_OK;
}

/* What an index of time may do: each node keeps the points from its first match to its last, or none. */
static void narrow_nodes(struct scree_query *query, const struct naive_file *file,
                         const struct naive_question *q)
{
    for (uint64_t n = 0; n < query->node_count; n++) {
        struct scree__query_node *node = &query->nodes[n];
        for (uint64_t u = 0; u < file->unit_count && !node->sequential; u++) {
            const struct scree_las_unit *unit = &file->units[u];
            uint64_t begin = 0, end = 0;
            if (unit->offset != node->offset)
                continue;
            for (uint64_t i = 0; i < unit->point_count; i++) {
                if (!naive_matches(file, q, unit->first_point + i))
                    continue;
                begin = end == 0 ? i : begin;
                end = i + 1;
            }
            node->begin = begin;
            node->end = end;
        }
    }
}

/* The least memory that it says it needs has to do: one item in flight. */
static void take_least_memory(struct scree_query *query, struct scree_context *context)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree_error err = SCREE_ERROR_INIT;
    struct gathered none = {0};
    if (query->node_count == 0)
        return;
    budget->limit_bytes = scree__mem_budget_used(budget);
    assert_int_equal(scree_query_each(query, gather, &none, NULL, &err), SCREE_E_BUDGET);
    budget->limit_bytes = err.need_bytes;
}

uint64_t naive_compare(const struct naive_file *file, const struct naive_question *q, uint64_t seed,
                       unsigned threads)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query;
    struct scree_query_result result;
    uint64_t expected_count;
    struct scree_context *context = context_with(threads, (uint64_t)256 << 20);
    uint8_t *expected = naive_answer(file, q, &expected_count);
    struct gathered got = {malloc(file->count * file->header.record_bytes + 1), 0, file->count,
                           file->header.record_bytes};
    enum scree_status status = scree_query_open(context, &q->options, &query, &err);
    /* As if it were read over a network, fetched ahead. */
    if (status == SCREE_OK && seed % 4 == 0)
        query->sources[0].remote = true;
    if (status == SCREE_OK && seed % 3 == 0 && q->options.time != NULL)
        narrow_nodes(query, file, q);
    if (status == SCREE_OK && seed % 5 == 0)
        take_least_memory(query, context);
    if (status != SCREE_OK || scree_query_each(query, gather, &got, &result, &err) != SCREE_OK) {
        naive_print(q, seed);
        fail_msg("%s", err.message);
    }
    if (got.count != expected_count ||
        memcmp(got.records, expected, expected_count * got.bytes) != 0) {
        naive_print(q, seed);
        fail_msg("%llu points, expected %llu", (unsigned long long)got.count,
                 (unsigned long long)expected_count);
    }
    assert_int_equal(result.points_matched, expected_count);
    assert_true(scree_query_plan(query)->points_at_most >= expected_count);
    assert_int_equal(scree_query_count(query, &result, &err), SCREE_OK);
    if (result.points_matched != expected_count) {
        naive_print(q, seed);
        fail_msg("counted %llu, expected %llu", (unsigned long long)result.points_matched,
                 (unsigned long long)expected_count);
    }
    scree_query_close(query);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    free(expected);
    free(got.records);
    return expected_count;
}

/* --------------------------------------------------------------------------------------- making */

const char *naive_make_las(unsigned format, uint64_t points, const char *name)
{
    struct scree_synth_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    static char path[256];
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    scree_synth_options_init(&options);
    options.output = path;
    options.point_count = points;
    options.point_format = format;
    options.chunk_points = 3000;
    options.replace = true;
    options.seed = format + 1;
    options.crs = "";
    if (scree_synth_run(context, &options, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
    return path;
}

const char *naive_make_copc(unsigned format, uint64_t points, unsigned leaf_max, const char *name)
{
    struct scree_convert_options options;
    struct scree_convert_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    static char path[256];
    char from[256];
    snprintf(from, sizeof from, "%s", naive_make_las(format, points, "plain.laz"));
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    const char *inputs[] = {from};
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = path;
    options.replace = true;
    if (scree_convert_open(context, &options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    job->limits.leaf_max = leaf_max;
    job->limits.leaf_min = leaf_max / 20;
    if (scree_convert_run(job, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_convert_close(job);
    scree_context_free(context);
    remove(from);
    return path;
}

static void describe(uint8_t *raw, uint8_t type, uint8_t options, const char *name, double scale,
                     double offset)
{
    memset(raw, 0, 192);
    raw[2] = type;
    raw[3] = options;
    memcpy(raw + 4, name, strlen(name));
    scree__base_store_f64(raw + 112, scale);
    scree__base_store_f64(raw + 136, offset);
}

const char *naive_make_extra(unsigned format, uint64_t points, uint32_t chunk_points,
                             const char *name)
{
    static char path[256];
    uint8_t payload[3 * 192];
    describe(payload, 3, 24, "Pulse width", 0.25, -3);
    describe(payload + 192, 1, 0, "Deviation", 0, 0);
    describe(payload + 384, 4, 8, "amp", 0.01, 0);
    const struct scree_las_vlr vlr = {.user_id = "LASF_Spec",
                                      .record_id = 4,
                                      .payload_bytes = sizeof payload,
                                      .payload = payload};
    const struct las_recipe recipe = {.version_minor = 4,
                                      .point_format = format,
                                      .extra_bytes = 5,
                                      .point_count = points,
                                      .chunk_points = chunk_points,
                                      .vlrs = &vlr,
                                      .vlr_count = 1};
    uint8_t *records = las_make_records(&recipe);
    uint32_t bytes = scree_las_format_bytes(format) + 5;
    /* NaN and -0.0 among the times. */
    for (uint64_t i = 0; i < points && format > 5; i += 7)
        scree__base_store_f64(records + i * bytes + 22, i % 2 == 0 ? (double)NAN : -0.0);
    struct las_bytes file = las_make(&recipe, records);
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.count, out), file.count);
    assert_int_equal(fclose(out), 0);
    las_bytes_free(&file);
    free(records);
    return path;
}
