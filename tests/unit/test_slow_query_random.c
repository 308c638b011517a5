/* Random questions of larger files and of files that other programs wrote, answered by the query and by looking at every point. */
#include "context.h"
#include "query_naive.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t ask_many(const char *path, uint64_t first, unsigned count)
{
    struct naive_file file;
    struct naive_question question;
    uint64_t points = 0;
    naive_open(&file, path);
    for (uint64_t seed = first; seed < first + count && file.count > 0; seed++) {
        naive_ask(&question, &file, seed);
        points += naive_compare(&file, &question, seed, 1u << seed % 3);
    }
    naive_close(&file);
    return points;
}

static void of_made_octrees(void **state)
{
    (void)state;
    char path[256];
    for (unsigned format = 6; format <= 8; format++) {
        snprintf(path, sizeof path, "%s", naive_make_copc(format, 150000, 2000, "q.copc.laz"));
        assert_true(ask_many(path, 100000 + format * 1000, 250) > 0);
        unlink(path);
    }
}

static void of_files(const char *folder, const char *const *names, unsigned count)
{
    char path[512];
    if (las_data_folder() == NULL) {
        printf("no sample files: SCREE_TEST_DATA is not set\n");
        skip();
    }
    for (unsigned i = 0; names[i] != NULL; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", las_data_folder(), folder, names[i]);
        if (access(path, R_OK) != 0) {
            printf("%s is not there\n", path);
            skip();
        }
        assert_true(ask_many(path, 200000 + i * 1000, count) > 0);
    }
}

/* By PDAL, untwine, LAStools and others: the manifest says who. */
static const char *const foreign_octrees[] = {"1.2-with-color.copc.laz",
                                              "autzen.copc.laz",
                                              "autzen_clip_native.copc.laz",
                                              "ellipsoid.copc.laz",
                                              "ellipsoid_eb8.copc.laz",
                                              "example.copc.laz",
                                              "ign_buildings_pf8.copc.laz",
                                              "lone-star.copc.laz",
                                              "rgb.copc.laz",
                                              "rgb16.copc.laz",
                                              "simple_with_page.copc.laz",
                                              "test_data_pixel_point.copc.laz",
                                              NULL};

static void of_foreign_octrees(void **state)
{
    (void)state;
    of_files("copc", foreign_octrees, 40);
}

/* A copy with a temporal index. False: its nodes are not in order of time, so that it gets none. */
static bool make_indexed(const char *path, const char *indexed, uint32_t stride)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_amend_options options;
    struct scree_amend_result result;
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    scree_amend_options_init(&options);
    options.path = path;
    options.output = indexed;
    options.replace = true;
    options.temporal_stride = stride;
    enum scree_status status = scree_amend(context, &options, &result, &err);
    scree_context_free(context);
    if (status != SCREE_OK && status != SCREE_E_UNSUPPORTED)
        fail_msg("%s: %s", path, err.message);
    return status == SCREE_OK;
}

/* Points that have to be decoded and looked at, as far as is known ahead. */
static uint64_t points_at_most(const struct naive_question *question)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query;
    struct scree_context *context = context_with(1, (uint64_t)256 << 20);
    if (scree_query_open(context, &question->options, &query, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    uint64_t points = scree_query_plan(query)->points_at_most;
    scree_query_close(query);
    scree_context_free(context);
    return points;
}

/* Windows of time, without an index and with one, against every point. True: there is one. */
static bool ask_when(const char *path, uint64_t first, unsigned count)
{
    struct naive_file file, with;
    struct naive_question question;
    uint64_t found = 0, plain = 0, narrowed = 0;
    char indexed[256];
    snprintf(indexed, sizeof indexed, "%s", las_temporary_path("indexed.copc.laz"));
    if (!make_indexed(path, indexed, 1 + (uint32_t)first % 23))
        return false;
    naive_open(&file, path);
    naive_open(&with, indexed);
    for (uint64_t seed = first; seed < first + count; seed++) {
        naive_ask_when(&question, &file, seed);
        assert_non_null(question.options.time);
        plain += points_at_most(&question);
        uint64_t points = naive_compare(&file, &question, seed, 1u << seed % 3);
        question.inputs[0] = indexed;
        narrowed += points_at_most(&question);
        assert_int_equal(naive_compare(&with, &question, seed, 1u << seed % 3), points);
        found += points;
    }
    printf("%s: %llu points, looked at %llu without an index, %llu with it\n", path,
           (unsigned long long)found, (unsigned long long)plain, (unsigned long long)narrowed);
    assert_true(narrowed <= plain && found <= narrowed);
    if (file.count > 10000 && file.gps_min < file.gps_max)
        assert_true(narrowed < plain && found > 0);
    naive_close(&with);
    naive_close(&file);
    unlink(indexed);
    return true;
}

static void of_times_of_made_octrees(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s", naive_make_copc(7, 150000, 2000, "q.copc.laz"));
    assert_true(ask_when(path, 300000, 200));
    unlink(path);
}

static void of_times_of_foreign_octrees(void **state)
{
    (void)state;
    char path[512];
    unsigned indexed = 0;
    if (las_data_folder() == NULL) {
        printf("no sample files: SCREE_TEST_DATA is not set\n");
        skip();
    }
    for (unsigned i = 0; foreign_octrees[i] != NULL; i++) {
        snprintf(path, sizeof path, "%s/copc/%s", las_data_folder(), foreign_octrees[i]);
        indexed += ask_when(path, 310000 + i * 1000, 40);
    }
    assert_true(indexed >= 8);
}

static void of_foreign_files(void **state)
{
    (void)state;
    static const char *const names[] = {"point-version-1-point-wise.laz",
                                        "TO_core_last_zoom.laz",
                                        "fullwave.laz",
                                        "fwf.laz",
                                        "extrabytes.las",
                                        "extrabytes.laz",
                                        "pdrf5-1.3.laz",
                                        "pdrf9-1.4.laz",
                                        "pdrf10-1.4.laz",
                                        "point-time-color.las",
                                        "las_with_origin_dsmMarker.laz",
                                        "test_data_77055_627755_LA93_IGN69_extra_dims.laz",
                                        "ellipsoid-1.4.laz",
                                        NULL};
    of_files("lidar", names, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_made_octrees),          cmocka_unit_test(of_foreign_octrees),
        cmocka_unit_test(of_times_of_made_octrees), cmocka_unit_test(of_times_of_foreign_octrees),
        cmocka_unit_test(of_foreign_files),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return failed;
}
