/* Files through the engine: a survey cut into files gives what it gives as a whole; overlaps, lattices, units, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "context.h"
#include "base/bytes.h"
#include "enrich/engine.h"
#include "enrich_naive.h"
#include "scree/scree.h"
#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD 30u
#define NAMES 8

static char folder[256];
static const char *const names[NAMES] = {"whole.las", "a.las", "b.las",   "c.las",
                                         "d.las",     "e.las", "tmp.las", "f.las"};

static char *path_of(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/enrich-XXXXXX", temporary_base());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static void remove_files(void)
{
    for (int i = 0; i < NAMES; i++)
        (void)unlink(path_of(names[i]));
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static bool flags; /* every fifth point is flagged as withheld */

static bool is_withheld(uint32_t i)
{
    return i % 5 == 3;
}

/* Point i of a cloud as a record of format 6. */
static void record_of(const struct naive_cloud *cloud, uint32_t i, int32_t shift, uint8_t *record)
{
    memset(record, 0, RECORD);
    scree__base_store32(record, (uint32_t)(cloud->x[i] - shift));
    scree__base_store32(record + 4, (uint32_t)(cloud->y[i] - shift));
    scree__base_store32(record + 8, (uint32_t)cloud->z[i]);
    record[14] = cloud->returns[i];
    record[15] = flags && is_withheld(i) ? 4 : 0;
    record[16] = cloud->classes[i];
    scree__base_store_f64(record + 22, 1e5 + i);
}

/* Those of the cloud's points for which keep[i] has a bit of `bits`; index[] tells which they are. */
static uint32_t write_part(const char *name, const struct naive_cloud *cloud, const uint8_t *keep,
                           uint8_t bits, int32_t shift, uint32_t *index)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    struct scree_las_summary summary;
    struct scree_las_header header;
    uint32_t count = 0;
    uint8_t *records = malloc((size_t)cloud->count * RECORD + 1);
    for (uint32_t i = 0; i < cloud->count; i++)
        if (keep[i] & bits) {
            record_of(cloud, i, shift, records + (size_t)count * RECORD);
            index[count++] = i;
        }
    memset(&header, 0, sizeof header);
    header.version_major = 1;
    header.version_minor = 4;
    header.point_format = 6;
    header.record_bytes = RECORD;
    for (int a = 0; a < 3; a++) {
        header.scale[a] = 0.01;
        header.offset[a] = a < 2 ? 1000 + shift * 0.01 : 0;
    }
    scree_las_summary_init(&summary);
    scree_las_summary_add(&summary, 6, records, RECORD, count);
    assert_int_equal(scree_sink_open_file(path_of(name), true, &sink, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_add_records(writer, records, count, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_finish(writer, &summary, &err), SCREE_OK);
    assert_int_equal(scree_sink_commit(sink, &err), SCREE_OK);
    scree_las_writer_free(writer);
    scree_sink_close(sink);
    free(records);
    return count;
}

static double ground_cell; /* of the options */

static void defaults(struct scree_enrich_options *options, const char *name)
{
    scree_enrich_options_init(options);
    options->features = SCREE_FEATURE_BIT(SCREE_FEATURE_COUNT) - 1;
    options->input = path_of(name);
    options->ground_reach = 8;
    options->ground_cell = ground_cell;
    options->scratch_folder = folder;
}

/* All rows of a file. Frees the context's memory to the last byte. */
static float *rows_of(const struct scree_enrich_options *options, uint64_t *count,
                      struct scree__enrich_statistics *statistics)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    struct scree__enrich_engine *engine;
    struct scree__enrich_rows *rows;
    if (scree__enrich_engine_open(context, options, NULL, &engine, &err) != SCREE_OK ||
        scree__enrich_engine_run(engine, &rows, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    *count = scree__enrich_rows_count(rows);
    float *out = malloc((size_t)(*count + 1) * SCREE_FEATURE_COUNT * sizeof *out);
    for (uint64_t at = 0; at < *count; at += 100)
        assert_int_equal(scree__enrich_rows_next(rows, *count - at < 100 ? *count - at : 100,
                                                 out + at * SCREE_FEATURE_COUNT, &err),
                         SCREE_OK);
    if (statistics != NULL)
        *statistics = *scree__enrich_rows_statistics(rows);
    scree__enrich_rows_close(rows);
    scree__enrich_engine_close(engine);
    scree_context_free(context);
    return out;
}

static uint32_t differing(const float *part, const float *whole, const uint32_t *index,
                          uint32_t count)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < count; i++)
        differ += memcmp(part + (size_t)i * SCREE_FEATURE_COUNT,
                         whole + (size_t)index[i] * SCREE_FEATURE_COUNT,
                         SCREE_FEATURE_COUNT * sizeof(float)) != 0;
    return differ;
}

#define POINTS 6000u

/* 1, 2, 4, 8: which quarter; 16: all; 32 and 64: halves that overlap. */
static void cut(const struct naive_cloud *cloud, uint8_t *keep)
{
    for (uint32_t i = 0; i < cloud->count; i++) {
        keep[i] = (uint8_t)(1 << ((cloud->x[i] >= 2900) + 2 * (cloud->y[i] >= 3100)) | 16);
        keep[i] |= cloud->x[i] < 3300 ? 32 : 0;
        keep[i] |= cloud->x[i] >= 2700 ? 64 : 0;
    }
}

struct scene {
    struct naive_cloud cloud;
    uint8_t keep[POINTS];
    uint32_t index[POINTS];
    uint64_t count;
    float *whole;
};

static struct scene *make_scene(void)
{
    struct scene *scene = malloc(sizeof *scene);
    struct scree_enrich_options options;
    naive_cloud_make(&scene->cloud, 0, POINTS, 1234567);
    cut(&scene->cloud, scene->keep);
    write_part("whole.las", &scene->cloud, scene->keep, 16, 0, scene->index);
    defaults(&options, "whole.las");
    scene->whole = rows_of(&options, &scene->count, NULL);
    assert_int_equal(scene->count, POINTS);
    (void)unlink(path_of("whole.las"));
    return scene;
}

static void free_scene(struct scene *scene)
{
    naive_cloud_free(&scene->cloud);
    free(scene->whole);
    free(scene);
    remove_files();
}

static void check_quarters(struct scene *scene, bool scratch, bool expect_same,
                           enum scree_neighbors_mode mode)
{
    uint32_t differ = 0;
    for (int q = 0; q < 4; q++) {
        struct scree_enrich_options options;
        uint64_t count;
        uint32_t written = write_part(names[1 + q], &scene->cloud, scene->keep, (uint8_t)(1 << q),
                                      q * 1700, scene->index);
        defaults(&options, names[1 + q]);
        options.neighbors = mode;
        options.force_scratch = scratch;
        options.window_points = scratch ? 900 : 0;
        float *rows = rows_of(&options, &count, NULL);
        assert_int_equal(count, written);
        differ += differing(rows, scene->whole, scene->index, written);
        free(rows);
    }
    if (expect_same)
        assert_int_equal(differ, 0);
    else
        assert_true(differ > 50);
}

static void quarters(void)
{
    struct scene *scene = make_scene();
    for (int q = 0; q < 4; q++)
        write_part(names[1 + q], &scene->cloud, scene->keep, (uint8_t)(1 << q), q * 1700,
                   scene->index);
    check_quarters(scene, false, true, SCREE_NEIGHBORS_AUTO);
    check_quarters(scene, true, true, SCREE_NEIGHBORS_AUTO);
    check_quarters(scene, false, false, SCREE_NEIGHBORS_NONE);
    free_scene(scene);
}

static void test_quarters(void **state)
{
    (void)state;
    quarters();
}

/* With cells that lie across the cuts: the files' offsets are whole steps apart, and cells count from the origin. */
static void test_quarters_of_cells(void **state)
{
    (void)state;
    ground_cell = 3.37;
    quarters();
    ground_cell = 0;
}

static void test_overlap(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    struct scree__enrich_statistics statistics;
    uint64_t count;
    (void)state;
    for (int scratch = 0; scratch < 2; scratch++) {
        write_part("b.las", &scene->cloud, scene->keep, 64, 0, scene->index);
        uint32_t written = write_part("a.las", &scene->cloud, scene->keep, 32, 0, scene->index);
        defaults(&options, "a.las");
        options.force_scratch = scratch;
        float *rows = rows_of(&options, &count, &statistics);
        assert_int_equal(differing(rows, scene->whole, scene->index, written), 0);
        assert_true(statistics.duplicate_count > 100);
        free(rows);
        options.ignore_overlap = true;
        rows = rows_of(&options, &count, &statistics);
        assert_int_equal(differing(rows, scene->whole, scene->index, written), 0);
        assert_int_equal(statistics.duplicate_count, 0);
        free(rows);
    }
    free_scene(scene);
}

static void test_context_files(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    const char *context[3];
    uint64_t count;
    (void)state;
    for (int q = 3; q >= 0; q--)
        write_part(names[1 + q], &scene->cloud, scene->keep, (uint8_t)(1 << q), 0, scene->index);
    uint32_t written = write_part("a.las", &scene->cloud, scene->keep, 1, 0, scene->index);
    char paths[3][512];
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[2 + i]);
        context[i] = paths[i];
    }
    defaults(&options, "a.las");
    options.neighbors = SCREE_NEIGHBORS_NONE;
    options.context_files = context;
    options.context_count = 3;
    float *rows = rows_of(&options, &count, NULL);
    assert_int_equal(differing(rows, scene->whole, scene->index, written), 0);
    free(rows);
    free_scene(scene);
}

static enum scree_status open_status(const struct scree_enrich_options *options, uint64_t memory,
                                     struct scree_error *err)
{
    struct scree_context *context = context_with(2, memory);
    struct scree__enrich_engine *engine;
    enum scree_status status = scree__enrich_engine_open(context, options, NULL, &engine, err);
    if (status == SCREE_OK)
        scree__enrich_engine_close(engine);
    scree_context_free(context);
    return status;
}

static void test_refused(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    (void)state;
    write_part("a.las", &scene->cloud, scene->keep, 1, 0, scene->index);
    defaults(&options, "a.las");
    assert_int_equal(open_status(&options, (uint64_t)63 << 20, &err), SCREE_E_BUDGET);
    assert_int_equal(err.need_bytes, (uint64_t)64 << 20);
    assert_int_equal(open_status(&options, (uint64_t)64 << 20, NULL), SCREE_OK);
    options.k = 0;
    assert_int_equal(open_status(&options, (uint64_t)64 << 20, NULL), SCREE_E_ARGUMENT);
    options.k = 1001;
    assert_int_equal(open_status(&options, (uint64_t)64 << 20, NULL), SCREE_E_ARGUMENT);
    options.k = 20;
    options.crs =
        "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],"
        "PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433],AUTHORITY[\"EPSG\","
        "\"4326\"]]";
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(open_status(&options, (uint64_t)64 << 20, &err), SCREE_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "degrees"));
    free_scene(scene);
}

static void test_feet(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__enrich_engine *engine;
    struct scree_context *context = context_with(2, (uint64_t)64 << 20);
    (void)state;
    write_part("a.las", &scene->cloud, scene->keep, 1, 0, scene->index);
    defaults(&options, "a.las");
    options.ground_reach = 0;
    options.crs = "PROJCS[\"feet\",GEOGCS[\"NAD83\",DATUM[\"North_American_Datum_1983\",SPHEROID["
                  "\"GRS 1980\",6378137,298.257222101]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\","
                  "0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],PARAMETER["
                  "\"latitude_of_origin\",41],PARAMETER[\"central_meridian\",-120],PARAMETER["
                  "\"scale_factor\",1],PARAMETER[\"false_easting\",0],PARAMETER[\"false_northing\","
                  "0],UNIT[\"US survey foot\",0.304800609601219]]";
    assert_int_equal(scree__enrich_engine_open(context, &options, NULL, &engine, &err), SCREE_OK);
    const struct scree__enrich_survey *survey = scree__enrich_engine_survey(engine);
    assert_true(survey->unit_metres > 0.3048 && survey->unit_metres < 0.304801);
    assert_true(survey->count_radius > 6.56 && survey->count_radius < 6.57);
    assert_true(survey->ground_reach > 328 && survey->ground_reach < 328.1);
    assert_non_null(strstr(survey->unit_name, "foot"));
    scree__enrich_engine_close(engine);
    scree_context_free(context);
    free_scene(scene);
}

/* Lengths of a run: radius, count radius, reach and cell in units, and metres a unit. */
static void lengths_of(const struct scree_enrich_options *options, double lengths[5])
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__enrich_engine *engine;
    struct scree_context *context = context_with(1, (uint64_t)64 << 20);
    if (scree__enrich_engine_open(context, options, NULL, &engine, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    const struct scree__enrich_survey *survey = scree__enrich_engine_survey(engine);
    const double found[5] = {survey->radius, survey->count_radius, survey->ground_reach,
                             survey->ground_cell, survey->unit_metres};
    memcpy(lengths, found, sizeof found);
    scree__enrich_engine_close(engine);
    scree_context_free(context);
}

static bool near(double a, double b)
{
    return a > b - 1e-6 && a < b + 1e-6;
}

/* A unit that the options state, for a file that tells none; and lengths in metres, in any unit. */
static void test_units(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    double is[5];
    (void)state;
    write_part("a.las", &scene->cloud, scene->keep, 1, 0, scene->index);
    defaults(&options, "a.las");
    options.ground_reach = 0;
    options.radius = 3;
    options.ground_cell = 1.5;
    lengths_of(&options, is);
    assert_true(is[0] == 3 && is[1] == 2 && is[2] == 100 && is[3] == 1.5 && is[4] == 1);
    options.unit = SCREE_ENRICH_FOOT;
    lengths_of(&options, is);
    assert_true(is[0] == 3 && near(is[1], 6.561680) && near(is[2], 328.083990) && is[3] == 1.5);
    assert_true(is[4] == 0.3048);
    options.unit = SCREE_ENRICH_US_SURVEY_FOOT;
    lengths_of(&options, is);
    assert_true(is[0] == 3 && near(is[1], 6.561667) && near(is[2], 328.083333) && is[3] == 1.5);
    options.metric_lengths = SCREE_ENRICH_METRIC_RADIUS | SCREE_ENRICH_METRIC_GROUND_CELL;
    lengths_of(&options, is);
    assert_true(near(is[0], 3 * 3.2808333) && near(is[3], 1.5 * 3.2808333));
    options.unit = SCREE_ENRICH_FOOT;
    options.count_radius = 6 * 0.3048;
    options.ground_reach = 250 * 0.3048;
    options.metric_lengths = SCREE_ENRICH_METRIC_COUNT_RADIUS | SCREE_ENRICH_METRIC_GROUND_REACH;
    lengths_of(&options, is);
    assert_true(is[0] == 3 && is[1] == 6 && is[2] == 250); /* feet of feet, whole again */
    options.unit = (enum scree_enrich_unit)4;
    assert_int_equal(open_status(&options, (uint64_t)64 << 20, NULL), SCREE_E_ARGUMENT);
    free_scene(scene);
}

/* Withheld points and noise are nobody's neighbours nor ground, and have values; with an option they count like others. */
static void test_left_out(void **state)
{
    struct scene *scene = make_scene();
    struct scree_enrich_options options;
    uint64_t count;
    (void)state;
    for (int noise = 0; noise < 2; noise++) {
        static uint8_t classes[POINTS];
        memcpy(classes, scene->cloud.classes, sizeof classes);
        for (uint32_t i = 0; i < POINTS; i++)
            scene->keep[i] = is_withheld(i) ? 0 : 1;
        uint32_t written = write_part("a.las", &scene->cloud, scene->keep, 1, 0, scene->index);
        defaults(&options, "a.las");
        float *others = rows_of(&options, &count, NULL); /* of a file that has the others alone */
        assert_int_equal(count, written);
        memset(scene->keep, 1, sizeof scene->keep);
        flags = noise == 0;
        for (uint32_t i = 0; i < POINTS && noise; i++)
            scene->cloud.classes[i] = is_withheld(i) ? (i % 2 ? 7 : 18) : classes[i];
        static uint32_t all[POINTS];
        write_part("a.las", &scene->cloud, scene->keep, 1, 0, all);
        float *rows = rows_of(&options, &count, NULL);
        assert_int_equal(count, POINTS);
        assert_int_equal(differing(others, rows, scene->index, written), 0);
        for (uint32_t i = 0; i < POINTS; i++)
            assert_true(rows[(size_t)i * SCREE_FEATURE_COUNT + SCREE_FEATURE_EIGENVALUE_SUM] >= 0);
        free(rows);
        options.noise_neighbors = noise;
        options.withheld_neighbors = !noise;
        rows = rows_of(&options, &count, NULL);
        assert_true(differing(others, rows, scene->index, written) > written / 2);
        if (!noise)
            assert_int_equal(differing(rows, scene->whole, all, POINTS), 0);
        free(rows);
        free(others);
        flags = false;
        memcpy(scene->cloud.classes, classes, sizeof classes);
    }
    free_scene(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quarters), cmocka_unit_test(test_quarters_of_cells),
        cmocka_unit_test(test_overlap),  cmocka_unit_test(test_context_files),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_feet),
        cmocka_unit_test(test_units),    cmocka_unit_test(test_left_out),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
