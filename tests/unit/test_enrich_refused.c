/*
 * test_enrich_refused.c - what an enrichment does not take, and what is said of it; and ways that are seldom gone: scales that are no multiples of each other, points that two
 * files share, other kinds of output for a folder, context files of a batch, seed scores, written classes in the report.
 */
#include "conversion.h"
#include "base/bytes.h"
#include "scree/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct scree_context *context;
static char tile[300], twin[300], uneven[300], output[300];

static struct scree_enrich_options options_of(const char *input)
{
    struct scree_enrich_options options;
    scree_enrich_options_init(&options);
    options.input = input;
    options.output = output;
    options.replace = true;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    return options;
}

static void refused(const struct scree_enrich_options *options, const char *part)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_job *job = NULL;
    const enum scree_status status = scree_enrich_open(context, options, &job, &err);
    scree_enrich_close(job);
    if (status == SCREE_OK || strstr(err.message, part) == NULL)
        fail_msg("status %d, '%s' instead of '%s'", (int)status, err.message, part);
}

static void run(const struct scree_enrich_options *options, struct scree_enrich_result *result)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_job *job = NULL;
    if (scree_enrich_open(context, options, &job, &err) != SCREE_OK ||
        scree_enrich_run(job, result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(scree_enrich_run(job, NULL, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "the job has run"));
    scree_enrich_close(job);
}

static void test_options(void **state)
{
    struct scree_enrich_options options = options_of(NULL);
    uint64_t features;
    (void)state;
    refused(&options, "no input");
    options = options_of(tile);
    options.k = SCREE_ENRICH_K_MAX + 1;
    refused(&options, "at most 1000");
    options = options_of(tile);
    options.radius = -1;
    refused(&options, "a length has to be 0 or more");
    options = options_of(tile);
    options.k = 0;
    refused(&options, "neither a number of neighbours nor a radius");
    options = options_of(tile);
    options.features = (uint64_t)1 << 60;
    refused(&options, "features that there are not");
    options = options_of(tile);
    options.ground_mode = SCREE_GROUND_IDW;
    options.idw_count = 0;
    refused(&options, "ground from 0 points");
    options = options_of(tile);
    options.neighbors = SCREE_NEIGHBORS_FOLDER;
    refused(&options, "no folder of neighbours is named");
    options = options_of(tile);
    options.mode = SCREE_ENRICH_BUILDING;
    options.building_threshold = 2;
    refused(&options, "between 0 and 1");
    struct scree_error err = SCREE_ERROR_INIT;
    assert_int_equal(scree_enrich_features_parse("-NormalX,-NormalY,-NormalZ,-Linearity,-Planarity,"
                                                 "-Sphericity,-Anisotropy,-SurfaceVariation,"
                                                 "-Omnivariance,-Eigenentropy,-EigenvalueSum,"
                                                 "-Verticality,-Roughness,-Density,"
                                                 "-NeighborDistance,-HeightAboveGround",
                                                 SCREE_ENRICH_CORE, &features, &err),
                     SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "leaves no feature"));
}

static void test_clouds(void **state)
{
    static const double far[6] = {0, 0, 0, 1e12, 0, 0};
    float rows[2 * 23];
    const struct {
        struct scree_enrich_cloud cloud;
        const char *said;
    } clouds[] = {
        {{.count = 2, .scale = {1, 1, 1}}, "without coordinates"},
        {{.count = 2, .coordinates = far, .scale = {1, 0, 1}}, "a scale of 0"},
        {{.count = 2, .coordinates = far, .scale = {0.3, 0.2, 0.2}}, "is no multiple of"},
        {{.count = 2, .coordinates = far, .scale = {0.1, 0.1, 0.1}}, "does not fit"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof clouds / sizeof *clouds; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        const struct scree_enrich_options options = options_of(NULL);
        struct scree_enrich_cloud cloud = clouds[i].cloud;
        cloud.size = sizeof cloud;
        const enum scree_status status = scree_enrich_points(context, &options, &cloud, rows, &err);
        if (status != SCREE_E_ARGUMENT || strstr(err.message, clouds[i].said) == NULL)
            fail_msg("status %d, '%s' instead of '%s'", (int)status, err.message, clouds[i].said);
    }
}

/* Rounded to the finer one, which is said; the same by a scan of everything. */
static void test_uneven_scales(void **state)
{
    struct scree_enrich_options options = options_of(uneven);
    struct scree_enrich_result result;
    (void)state;
    conversion_warnings[0] = '\0';
    options.verify_count = 40;
    run(&options, &result);
    assert_non_null(strstr(conversion_warnings, "is no multiple of"));
    assert_int_equal(result.verified_count, 40);
}

/* A second file with the same points: each counts once, also by a scan of everything; or all of its points do not count. */
static void test_twins(void **state)
{
    const char *files[] = {twin};
    struct scree_enrich_result result;
    (void)state;
    for (int ignore = 0; ignore < 2; ignore++) {
        struct scree_enrich_options options = options_of(tile);
        options.context_files = files;
        options.context_count = 1;
        options.ignore_overlap = ignore != 0;
        options.verify_count = 60;
        run(&options, &result);
        assert_int_equal(result.verified_count, 60);
        assert_int_equal(result.duplicate_count, ignore != 0 ? 0 : 600);
    }
}

static void test_seed_scores(void **state)
{
    struct scree_enrich_options options = options_of(tile);
    struct scree_enrich_result calibrated, seed;
    (void)state;
    options.mode = SCREE_ENRICH_BUILDING;
    run(&options, &calibrated);
    options.score_mode = SCREE_SCORE_SEED;
    options.write_class = true;
    options.building_threshold = 0.01;
    options.report = conversion_path("report.json");
    run(&options, &seed);
    assert_int_equal(seed.point_count, calibrated.point_count);
    assert_true(seed.written_class_count > 0);
    struct las_bytes report = las_bytes_of_file(conversion_path("report.json"));
    assert_non_null(memmem(report.bytes, report.count, "\"classes_written\":", 18));
    las_bytes_free(&report);
    report = las_bytes_of_file(conversion_path("report.txt"));
    assert_non_null(memmem(report.bytes, report.count, "were made class 6", 17));
    las_bytes_free(&report);
}

static void hear(void *user, const struct scree_enrich_file *file)
{
    (void)user;
    if (file->error != NULL)
        print_message("%s: %s\n", file->input, file->error->message);
}

static enum scree_status batch(const struct scree_enrich_options *each, const char *const *inputs,
                               uint64_t count, const char *folder,
                               struct scree_enrich_batch_result *result, struct scree_error *err)
{
    struct scree_enrich_batch_options options;
    *err = (struct scree_error)SCREE_ERROR_INIT;
    scree_enrich_batch_options_init(&options);
    options.each = each;
    options.inputs = inputs;
    options.input_count = count;
    options.output_folder = folder;
    options.file = hear;
    return scree_enrich_batch(context, &options, result, err);
}

/* COPC of every tile; a context file that has changed is reason to do it again. */
static void test_batches(void **state)
{
    const char *inputs[] = {tile}, *both[] = {tile, tile}, *files[] = {twin},
               *none[] = {conversion_path("empty")};
    char folder[300];
    struct scree_error err;
    struct scree_enrich_batch_result result;
    struct scree_enrich_options each = options_of(NULL);
    (void)state;
    snprintf(folder, sizeof folder, "%s", conversion_path("done"));
    each.output = NULL;
    each.output_kind = SCREE_ENRICH_OUTPUT_COPC;
    each.context_files = files;
    each.context_count = 1;
    if (batch(&each, inputs, 1, folder, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(result.done_count, 1);
    assert_true(conversion_file_is_there(conversion_path("done/tile.copc.laz")));
    assert_int_equal(batch(&each, inputs, 1, folder, &result, &err), SCREE_OK);
    assert_int_equal(result.skipped_count, 1);
    struct las_bytes bytes = las_bytes_of_file(twin);
    usleep(20000);
    bytes.bytes[8]++; /* of its GUID */
    conversion_write_file(twin, bytes.bytes, bytes.count);
    las_bytes_free(&bytes);
    assert_int_equal(batch(&each, inputs, 1, folder, &result, &err), SCREE_OK);
    assert_int_equal(result.done_count, 1);
    assert_int_equal(batch(&each, inputs, 1, NULL, &result, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "an output folder"));
    assert_int_equal(batch(&each, both, 2, folder, &result, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "would both become"));
    assert_int_equal(mkdir(none[0], 0777), 0);
    assert_int_equal(batch(&each, none, 1, folder, &result, &err), SCREE_E_IO);
    assert_non_null(strstr(err.message, "empty"));
    each.output_kind = SCREE_ENRICH_OUTPUT_SAME;
    assert_int_equal(batch(&each, inputs, 1, conversion_path("."), &result, &err),
                     SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "is input and output"));
}

static int set_up(void **state)
{
    enum { POINTS = 600 };
    const struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 250};
    const double other = 0.004;
    if (conversion_make_folder(state) != 0)
        return -1;
    context = conversion_context(2, (uint64_t)256 << 20);
    snprintf(tile, sizeof tile, "%s", conversion_path("tile.laz"));
    snprintf(twin, sizeof twin, "%s", conversion_path("twin.laz"));
    snprintf(uneven, sizeof uneven, "%s", conversion_path("uneven.laz"));
    snprintf(output, sizeof output, "%s", conversion_path("out.laz"));
    uint8_t *records = las_make_records(&recipe);
    uint32_t noise = 1;
    for (unsigned i = 0; i < POINTS; i++) { /* a floor, and walls on it */
        int32_t at[3];
        for (int axis = 0; axis < 3; axis++) {
            noise = noise * 1664525u + 1013904223u;
            at[axis] = (int32_t)(noise >> 8) % (axis < 2 ? 2000 : 5);
        }
        if (i % 3 == 0) {
            at[0] = 1000;
            at[2] += (int32_t)(noise >> 9) % 900;
        }
        memcpy(records + (size_t)i * 30, at, sizeof at);
        records[(size_t)i * 30 + 14] = 0x11;
        records[(size_t)i * 30 + 15] = 0;
        records[(size_t)i * 30 + 16] = i % 3 == 0 ? 1 : 2;
    }
    conversion_make_file(tile, &recipe, records);
    conversion_make_file(twin, &recipe, records);
    struct las_bytes file = las_bytes_of_file(tile);
    scree__base_store_f64(file.bytes + 139, other);
    conversion_write_file(uneven, file.bytes, file.count);
    las_bytes_free(&file);
    free(records);
    return 0;
}

static int tear_down(void **state)
{
    scree_context_free(context);
    return conversion_remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),       cmocka_unit_test(test_clouds),
        cmocka_unit_test(test_uneven_scales), cmocka_unit_test(test_twins),
        cmocka_unit_test(test_seed_scores),   cmocka_unit_test(test_batches),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
