/* test_enrich_job.c - one file through the public functions: parameters, verification that bites, classes; batches through theirs. */
#include "context.h"
#include "enrich/enrichment.h"
#include "enrich/job.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

enum { POINTS = 3000 };

static char input[300], output[300];
static struct scree_context *context;

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

/* A flat ground, a box of a roof on it, some noise; classes 1, 2 and 7. */
static void make_input(void)
{
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 700};
    uint8_t *records = las_make_records(&recipe);
    uint32_t state = 1;
    for (unsigned i = 0; i < POINTS; i++) {
        uint8_t *record = records + (size_t)i * 30;
        int32_t at[3];
        for (int axis = 0; axis < 3; axis++) {
            state = state * 1664525u + 1013904223u;
            at[axis] = (int32_t)(state >> 8) % (axis < 2 ? 3000 : 3);
        }
        const bool roof =
            at[0] > 1000 && at[0] < 2000 && at[1] > 1000 && at[1] < 2000 && i % 2 == 0;
        at[2] += roof ? 600 : 0;
        memcpy(record, at, sizeof at);
        record[14] = 0x11; /* the only return */
        record[15] = 0;
        record[16] = (uint8_t)(roof ? 1 : i % 50 == 0 ? 7 : 2);
    }
    struct las_bytes file = las_make(&recipe, records);
    write_file(input, file.bytes, file.count);
    las_bytes_free(&file);
    free(records);
}

static int set_up(void **state)
{
    (void)state;
    context = context_with(2, (uint64_t)128 << 20);
    snprintf(input, sizeof input, "%s", las_temporary_path("made.las"));
    snprintf(output, sizeof output, "%s.out.laz", input);
    make_input();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(output);
    unlink(input);
    las_tidy();
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    return 0;
}

static struct scree_enrich_options defaults(void)
{
    struct scree_enrich_options options;
    scree_enrich_options_init(&options);
    options.input = input;
    options.output = output;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    options.replace = true;
    return options;
}

static struct scree_enrich_job *open_job(const struct scree_enrich_options *options)
{
    struct scree_enrich_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree_enrich_open(context, options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return job;
}

/* A scan of everything agrees; and disagrees as soon as the question is another one. */
static void check_verification(struct scree_enrich_options options)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t verified = 0;
    struct scree_enrich_job *job = open_job(&options);
    assert_int_equal(scree__enrich_engine_run(job->engine, &job->rows, &err), SCREE_OK);
    if (scree__enrich_job_verify(job, POINTS, &verified, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(verified, POINTS);
    if (job->engine->question.k > 0)
        job->engine->question.k--;
    else
        job->engine->question.limit2 /= 2;
    assert_int_equal(scree__enrich_job_verify(job, POINTS, &verified, &err), SCREE_E_DATA);
    assert_non_null(strstr(err.message, "a scan of everything gives"));
    scree_enrich_close(job);
}

static void test_verify(void **state)
{
    (void)state;
    struct scree_enrich_options options = defaults();
    options.mode = SCREE_ENRICH_BUILDING;
    check_verification(options);
    options.k = 7;
    options.radius = 1.5;
    check_verification(options);
    options.k = 0;
    check_verification(options);
    options.noise_neighbors = true;
    options.eigen_mode = SCREE_EIGEN_SQRT;
    check_verification(options);
}

/* The count of neighbours is looked at as well. */
static void test_verify_counts(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t verified = 0;
    struct scree_enrich_options options = defaults();
    options.features = SCREE_FEATURE_BIT(SCREE_FEATURE_NEIGHBOR_COUNT);
    struct scree_enrich_job *job = open_job(&options);
    assert_int_equal(scree__enrich_engine_run(job->engine, &job->rows, &err), SCREE_OK);
    assert_int_equal(scree__enrich_job_verify(job, 500, &verified, &err), SCREE_OK);
    job->engine->question.count2 /= 4;
    assert_int_equal(scree__enrich_job_verify(job, 500, &verified, &err), SCREE_E_DATA);
    scree_enrich_close(job);
}

/* Rows that cannot be right, here by a law that does not fit them: the run says which point, and there is no output; in place of an older one neither. */
static void test_invariants(void **state)
{
    (void)state;
    struct scree_enrich_options options = defaults();
    options.features = scree_enrich_mode_features(SCREE_ENRICH_CORE);
    for (int compact = 0; compact < 2; compact++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_enrich_result result;
        char wanted[400];
        options.compact = compact != 0;
        struct scree_enrich_job *job = open_job(&options);
        assert_int_equal(job->invariants.count, 2);
        job->invariants.threes[compact].at[1] = job->invariants.threes[compact].at[2];
        assert_int_equal(scree_enrich_run(job, &result, &err), SCREE_E_DATA);
        snprintf(wanted, sizeof wanted, "%s: point ", input);
        assert_memory_equal(err.message, wanted, strlen(wanted));
        assert_non_null(strstr(err.message, compact ? "NormalX" : "Linearity"));
        assert_non_null(strstr(err.message, "an error of scree"));
        assert_int_equal(access(output, F_OK), -1);
        scree_enrich_close(job);
        job = open_job(&options);
        assert_int_equal(scree_enrich_run(job, &result, &err), SCREE_OK);
        scree_enrich_close(job);
        unlink(output);
    }
}

/* And heights, with the scores that follow from them: triangles, the nearest ground, none in reach. */
static void test_verify_heights(void **state)
{
    static const enum scree_ground_mode modes[3] = {SCREE_GROUND_TIN, SCREE_GROUND_NEAREST,
                                                    SCREE_GROUND_IDW};
    static const double reaches[3] = {100, 6, 1.5};
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        uint64_t verified = 0;
        struct scree_enrich_options options = defaults();
        options.features = SCREE_FEATURE_BIT(i % 2 ? SCREE_FEATURE_HEIGHT_ABOVE_GROUND
                                                   : SCREE_FEATURE_BUILDING_SCORE);
        options.ground_mode = modes[i % 3];
        options.ground_reach = reaches[i / 3];
        struct scree_enrich_job *job = open_job(&options);
        assert_int_equal(scree__enrich_engine_run(job->engine, &job->rows, &err), SCREE_OK);
        if (scree__enrich_job_verify(job, POINTS, &verified, &err) != SCREE_OK)
            fail_msg("mode %d reach %g: %s", i % 3, options.ground_reach, err.message);
        job->engine->question.ground_reach = 1;
        assert_int_equal(scree__enrich_job_verify(job, POINTS, &verified, &err), SCREE_E_DATA);
        scree_enrich_close(job);
    }
}

/* What the file says of how it was made. */
static void test_parameters(void **state)
{
    (void)state;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_enrich_options options = defaults();
    struct scree_error err = SCREE_ERROR_INIT;
    options.k = 13;
    options.radius = 2.5;
    options.compact = true;
    struct scree_enrich_job *job = open_job(&options);
    if (scree_enrich_run(job, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true(scree__enrich_job_is_done(job));
    scree_enrich_close(job);
    options.k = 14;
    job = open_job(&options);
    assert_false(scree__enrich_job_is_done(job));
    scree_enrich_close(job);
    assert_int_equal(scree_source_open_file(output, &source, NULL), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    const struct scree_las_vlr *vlr = scree_las_find_vlr(reader, "scree", 1);
    assert_non_null(vlr);
    cJSON *root = cJSON_ParseWithLength((const char *)vlr->payload, (size_t)vlr->payload_bytes);
    assert_non_null(root);
    assert_int_equal(cJSON_GetObjectItem(root, "k")->valueint, 13);
    assert_true(cJSON_GetObjectItem(root, "radius")->valuedouble == 2.5);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(root, "compact")));
    const cJSON *names = cJSON_GetObjectItem(root, "dimensions");
    assert_int_equal(cJSON_GetArraySize(names), 16);
    for (int i = 0; i < 16; i++)
        assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(names, i), "name")->valuestring,
                            scree_las_extra_byte(reader, (uint32_t)i)->name);
    cJSON_Delete(root);
    scree_las_close(reader);
    scree_source_close(source);
}

/* Of class 1 alone, at the threshold alone, and counted. */
static void test_write_class(void **state)
{
    (void)state;
    struct scree_enrich_result result;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_options options = defaults();
    options.mode = SCREE_ENRICH_BUILDING;
    options.write_class = true;
    options.building_threshold = 0.6;
    struct scree_enrich_job *job = open_job(&options);
    if (scree_enrich_run(job, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_enrich_close(job);
    assert_true(result.written_class_count > 100);
    struct las_bytes before = las_bytes_of_file(input), after = las_bytes_of_file(output);
    struct las_outcome old = las_read_bytes(&before, 0, 1000),
                       new = las_read_bytes(&after, 0, 1000);
    uint64_t written = 0;
    for (unsigned i = 0; i < POINTS; i++) {
        const uint8_t *a = old.records + (size_t)i * 30;
        const uint8_t *b = new.records + (size_t)i *new.record_bytes;
        float score;
        memcpy(&score, b + new.record_bytes - 4, sizeof score);
        const bool building = a[16] == 1 && score >= 0.6F;
        assert_int_equal(b[16], building ? 6 : a[16]);
        assert_memory_equal(a, b, 16);
        assert_memory_equal(a + 17, b + 17, 13);
        written += building;
    }
    assert_int_equal(written, result.written_class_count);
    las_outcome_free(&old);
    las_outcome_free(&new);
    las_bytes_free(&before);
    las_bytes_free(&after);
}

/* An existing output is kept; options that contradict each other are refused. */
static void test_refusals(void **state)
{
    (void)state;
    struct scree_enrich_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_options options = defaults();
    options.replace = false;
    write_file(output, "kept", 4);
    job = open_job(&options);
    assert_int_equal(scree_enrich_run(job, NULL, &err), SCREE_E_EXISTS);
    scree_enrich_close(job);
    struct las_bytes kept = las_bytes_of_file(output);
    assert_int_equal(kept.count, 4);
    las_bytes_free(&kept);
    options.write_class = true;
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree_enrich_open(context, &options, &job, &err), SCREE_E_ARGUMENT);
    options.write_class = false;
    options.strip = true;
    options.verify_count = 3;
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree_enrich_open(context, &options, &job, &err), SCREE_E_ARGUMENT);
    options.input = "nowhere.laz";
    options.verify_count = 0;
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree_enrich_open(context, &options, &job, &err), SCREE_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),     cmocka_unit_test(test_verify_heights),
        cmocka_unit_test(test_invariants), cmocka_unit_test(test_verify_counts),
        cmocka_unit_test(test_parameters), cmocka_unit_test(test_write_class),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
