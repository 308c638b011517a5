/*
 * test_options_size.c - options of an earlier version: structs that end before their last field, in memory that ends there as well, are taken by every call that takes options
 * (under the address sanitizer a look beyond them ends the test).
 */
#include "conversion.h"
#include "scree/scree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct scree_context *context;
static char survey[300], city[300], target[300], copy[300], index_path[300], merged[300];
static float rows[60 * 4];

static void *blocks[64];
static unsigned block_count;

/* The struct up to a field. */
static void *cut(const void *options, size_t bytes)
{
    void *block = malloc(bytes);
    assert_non_null(block);
    memcpy(block, options, bytes);
    memcpy(block, &bytes, sizeof bytes); /* `size` is the first field */
    blocks[block_count++] = block;
    return block;
}
#define EARLIER(type, options, last) cut(&(options), offsetof(struct type, last))

static void works(enum scree_status status, const struct scree_error *err, const char *what)
{
    if (status != SCREE_OK)
        fail_msg("%s: %s", what, err->message);
}

static void test_files(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    const char *inputs[] = {survey};
    struct scree_context_options run;
    struct scree_context *other;
    struct scree_convert_job *job;
    struct scree_convert_options convert = conversion_options(inputs, 1, target);
    (void)state;
    scree_context_options_init(&run);
    run.threads = 1;
    works(scree_context_new(EARLIER(scree_context_options, run, progress), &other, &err), &err,
          "context");
    scree_context_free(other);
    struct scree_source_options reading;
    struct scree_source *source;
    scree_source_options_init(&reading);
    works(
        scree_source_open(city, EARLIER(scree_source_options, reading, whole_bytes), &source, &err),
        &err, "source");
    struct scree_validate_options judge;
    scree_validate_options_init(&judge);
    works(scree_validate(context, source, EARLIER(scree_validate_options, judge, finding), NULL,
                         &err),
          &err, "validate");
    scree_source_close(source);
    struct scree_sink_options writing;
    struct scree_sink *sink;
    scree_sink_options_init(&writing);
    writing.replace = true;
    works(scree_sink_open(target, EARLIER(scree_sink_options, writing, part_count), &sink, &err),
          &err, "sink");
    scree_sink_close(sink);
    convert.source_options = cut(&reading, offsetof(struct scree_source_options, whole_bytes));
    works(scree_convert_open(context, EARLIER(scree_convert_options, convert, sink_options), &job,
                             &err),
          &err, "convert");
    works(scree_convert_run(job, NULL, &err), &err, "convert");
    scree_convert_close(job);
    struct scree_amend_options amend;
    scree_amend_options_init(&amend);
    amend.path = city;
    amend.output = copy;
    amend.replace = true;
    amend.temporal_stride = 7;
    works(scree_amend(context, EARLIER(scree_amend_options, amend, change), NULL, &err), &err,
          "amend");
    struct scree_synth_options synth;
    scree_synth_options_init(&synth);
    synth.output = target;
    synth.replace = true;
    synth.point_count = 100;
    works(scree_synth_run(context, EARLIER(scree_synth_options, synth, crs), NULL, &err), &err,
          "synth");
}

static void test_remote(void **state)
{
    struct scree_http_options http;
    struct scree_s3_options s3;
    struct scree_source_options reading;
    struct scree_source *source;
    struct scree_error err = SCREE_ERROR_INIT;
    (void)state;
    scree_http_options_init(&http);
    http.retries = 0;
    scree_s3_options_init(&s3);
    s3.endpoint = "http://127.0.0.1:1";
    scree_source_options_init(&reading);
    reading.http = EARLIER(scree_http_options, http, no_proxy);
    reading.s3 = EARLIER(scree_s3_options, s3, style);
    const enum scree_status status = scree_source_open("s3://bucket/key", &reading, &source, &err);
    assert_true(status == SCREE_E_IO ||
                status == SCREE_E_UNSUPPORTED); /* nobody is there; no curl */
}

static void test_queries(void **state)
{
    const char *inputs[] = {city};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query_options options;
    struct scree_query_output output;
    struct scree_query *query;
    (void)state;
    scree_query_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    scree_query_output_init(&output);
    output.path = target;
    output.replace = true;
    works(scree_query_open(context, EARLIER(scree_query_options, options, sink_options), &query,
                           &err),
          &err, "query");
    works(scree_query_run(query, EARLIER(scree_query_output, output, creation_seconds), NULL, &err),
          &err, "output");
    scree_query_close(query);
}

static void test_enrichment(void **state)
{
    static float out[20 * 23];
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_options options;
    struct scree_enrich_job *job;
    struct scree_enrich_batch_options batch;
    struct scree_enrich_batch_result result;
    const char *inputs[] = {survey};
    (void)state;
    scree_enrich_options_init(&options);
    options.input = survey;
    options.output = target;
    options.replace = true;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    works(scree_enrich_open(context, EARLIER(scree_enrich_options, options, map), &job, &err), &err,
          "enrich");
    works(scree_enrich_run(job, NULL, &err), &err, "enrich");
    scree_enrich_close(job);
    scree_enrich_batch_options_init(&batch);
    batch.each = EARLIER(scree_enrich_options, options, map);
    batch.inputs = inputs;
    batch.input_count = 1;
    batch.output_folder = conversion_path("batch");
    works(scree_enrich_batch(context, EARLIER(scree_enrich_batch_options, batch, file), &result,
                             &err),
          &err, "batch");
    assert_int_equal(result.done_count, 1);
    double coordinates[60];
    for (unsigned i = 0; i < 60; i++)
        coordinates[i] = i * i % 17;
    const struct scree_enrich_cloud cloud = {
        .count = 20, .coordinates = coordinates, .scale = {0.1, 0.1, 0.1}};
    works(scree_enrich_points(context, EARLIER(scree_enrich_options, options, map),
                              EARLIER(scree_enrich_cloud, cloud, metres), out, &err),
          &err, "points");
}

static void test_vectors(void **state)
{
    const struct scree_vectors_column_options column = {.name = "v",
                                                        .input = {.format = SCREE_VECTORS_FORMAT_F4,
                                                                  .dim = 4,
                                                                  .memory = rows,
                                                                  .memory_bytes = sizeof rows},
                                                        .bits = 1,
                                                        .rerank = SCREE_VECTORS_RERANK_FP32};
    static struct scree_vectors_build_result built;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_build_options build;
    struct scree_vectors_build_job *job;
    struct scree_vectors_open_options opening;
    struct scree_vectors_index *index;
    struct scree_vectors_search_options search;
    struct scree_vectors_eval_options eval;
    struct scree_vectors_eval_point points[SCREE_VECTORS_EVAL_POINTS];
    struct scree_vectors_planned_read reads[64];
    struct scree_vectors_merge_options merge;
    struct scree_vectors_merge_result joined;
    uint64_t ids[10];
    float distances[10];
    uint32_t count;
    (void)state;
    scree_vectors_build_options_init(&build);
    build.output = index_path;
    build.columns = &column;
    build.column_count = 1;
    works(scree_vectors_build_open(context, EARLIER(scree_vectors_build_options, build, id_count),
                                   &job, &err),
          &err, "build");
    works(scree_vectors_build_run(job, &built, &err), &err, "build");
    scree_vectors_build_close(job);
    scree_vectors_open_options_init(&opening);
    works(scree_vectors_open(context, index_path,
                             EARLIER(scree_vectors_open_options, opening, cache_bytes), &index,
                             &err),
          &err, "open");
    scree_vectors_search_options_init(&search);
    const struct scree_vectors_search_options *earlier =
        EARLIER(scree_vectors_search_options, search, tag);
    works(scree_vectors_search(index, earlier, rows, 1, ids, distances, NULL, NULL, &err), &err,
          "search");
    assert_true(distances[0] == 0);
    works(scree_vectors_search_plan(index, earlier, rows, reads, 64, &count, &err), &err, "plan");
    scree_vectors_eval_options_init(&eval);
    eval.search = earlier;
    eval.query_count = 5;
    works(scree_vectors_eval(index, EARLIER(scree_vectors_eval_options, eval, seed), points, &count,
                             &err),
          &err, "eval");
    scree_vectors_close(index);
    const char *inputs[] = {index_path};
    scree_vectors_merge_options_init(&merge);
    merge.inputs = inputs;
    merge.input_count = 1;
    merge.output = merged;
    works(scree_vectors_merge(context, EARLIER(scree_vectors_merge_options, merge, sink_options),
                              &joined, &err),
          &err, "merge");
}

static int set_up(void **state)
{
    if (conversion_make_folder(state) != 0)
        return -1;
    context = conversion_context(2, (uint64_t)96 << 20);
    snprintf(survey, sizeof survey, "%s", conversion_path("survey.laz"));
    snprintf(city, sizeof city, "%s", conversion_path("city.copc.laz"));
    snprintf(target, sizeof target, "%s", conversion_path("target.laz"));
    snprintf(copy, sizeof copy, "%s", conversion_path("copy.copc.laz"));
    snprintf(index_path, sizeof index_path, "%s", conversion_path("index.svx"));
    snprintf(merged, sizeof merged, "%s", conversion_path("merged.svx"));
    conversion_make_survey(survey, 400, 1, 6);
    const char *inputs[] = {survey};
    const struct scree_convert_options options = conversion_options(inputs, 1, city);
    conversion_succeeds(&options, 1, NULL);
    for (unsigned i = 0; i < 60 * 4; i++)
        rows[i] = (float)(i * 7 % 23);
    return 0;
}

static int tear_down(void **state)
{
    for (unsigned i = 0; i < block_count; i++)
        free(blocks[i]);
    scree_context_free(context);
    return conversion_remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),   cmocka_unit_test(test_remote),
        cmocka_unit_test(test_queries), cmocka_unit_test(test_enrichment),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
