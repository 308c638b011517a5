/*
 * test_query_refused.c - what a query does not take, and what is said of it; what joined files cannot be, and what becomes of their headers; names and numbers of tables
 * that need care.
 */
#include "conversion.h"
#include "base/bytes.h"
#include "scree/query.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct scree_context *context;
static char plain[300], output[300];

static struct scree_query_options options_of(const char *const *inputs, uint64_t count)
{
    struct scree_query_options options;
    scree_query_options_init(&options);
    options.inputs = inputs;
    options.input_count = count;
    return options;
}

static void refused(const struct scree_query_options *options, enum scree_status expected,
                    const char *part)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query = NULL;
    const enum scree_status status = scree_query_open(context, options, &query, &err);
    if (status != expected || query != NULL || strstr(err.message, part) == NULL)
        fail_msg("status %d, '%s' instead of '%s'", (int)status, err.message, part);
}

/* Files of a few points with other headers. */
static void make_file(char path[300], const char *name, unsigned format, uint32_t extra_bytes,
                      const struct scree_las_vlr *vlrs, uint64_t vlr_count)
{
    const struct las_recipe recipe = {.version_minor = format > 5   ? 4
                                                       : format > 3 ? 3
                                                                    : 2,
                                      .point_format = format,
                                      .extra_bytes = extra_bytes,
                                      .point_count = 40,
                                      .chunk_points = 30,
                                      .vlrs = vlrs,
                                      .vlr_count = vlr_count};
    snprintf(path, 300, "%s", conversion_path(name));
    conversion_make_file(path, &recipe, NULL);
}

static void patch(const char *path, size_t at, const void *bytes, size_t count)
{
    struct las_bytes file = las_bytes_of_file(path);
    memcpy(file.bytes + at, bytes, count);
    conversion_write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
}

static void test_options(void **state)
{
    const char *inputs[] = {plain};
    struct scree_query_options options = options_of(inputs, 0);
    (void)state;
    refused(&options, SCREE_E_ARGUMENT, "no input");
    options = options_of(inputs, 1);
    options.resolution = -1;
    refused(&options, SCREE_E_ARGUMENT, "resolution -1");
    options = options_of(inputs, 1);
    options.bounds_axes = 1;
    refused(&options, SCREE_E_ARGUMENT, "bounds of 1 axes");
    options = options_of(inputs, 1);
    options.has_circle = true;
    options.circle[2] = -1;
    refused(&options, SCREE_E_ARGUMENT, "circle");
    options.circle[0] = (double)NAN;
    options.circle[2] = 1;
    refused(&options, SCREE_E_ARGUMENT, "circle");
}

static void test_texts(void **state)
{
    static const char *const polygons[] = {
        "POLYGON",
        "POLYGON (",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)",
        "POLYGON ((0 0, 1 0, x 1, 0 0))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)) x",
        "POLYGON ((0 0, 1e999 0, 1 1, 0 0))",
        "POLYGON ((0 0, 0 0, 1 0))",
        "POLYGONE ((0 0, 1 0, 1 1, 0 0))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0);",
        "MULTIPOLYGON",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)) ((0 0, 1 0, 1 1, 0 0)))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0));",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "{\"type\": \"Polygon\", \"coordinates\": [7]}",
        "{\"type\": \"Polygon\", \"coordinates\": 7}",
        "{\"type\": \"Polygon\", \"coordinates\": [[[0, 0], 7, [1, 1], [0, 0]]]}",
        "{\"type\": \"MultiPolygon\", \"coordinates\": 7}",
        "{\"type\": \"GeometryCollection\", \"geometries\": 7}",
        "{\"type\": \"FeatureCollection\", \"features\": []}",
        "{\"kind\": \"Polygon\"}",
        "{\"type\": \"Polygon\"",
    };
    static const char *const conditions[] = {
        "intensity >",
        "intensity > 1000000000000000000000000000000000000000000000000000000000000000000000",
        "intensity > 1e999",
        "intensity > 7x",
        "a_name_that_is_longer_than_any_field_of_a_point_could_possibly_be_named > 1",
        "\"intensity > 1",
        "\"\" > 1",
        "class in (2 6)",
        "class in 2",
        "(intensity > 1",
        "intensity > 1 intensity",
        "nosuchfield > 1",
        "intensity > 1 &&",
    };
    static const char *const times[] = {
        "",
        "1",
        "1,2,3",
        "2024-01-01T00:00:00Z",
        "2024-13-01,2024-12-01",
        "2024-02-30,2024-12-01",
        "2024-01-01T1,2024-12-01",
        "2024-01-01T10:0,2024-12-01",
        "2024-01-01T10:00:0,2024-12-01",
        "2024-01-01T10:00:00.,2024-12-01",
        "2024-01-01T10:00:00+15,2024-12-01",
        "2024-01-01T10:00:00+01:75,2024-12-01",
        "2024-01-01T10:61:00,2024-12-01",
        "20240101T1000001,20241201",
        "2024-0101,2024-12-01",
    };
    static const char *const classes[] = {"", "x", "2,", "2-", "9-2", "2;6", "256", "2-300"};
    static const char *const returns[] = {"", "first,", "third", "16", "first;last"};
    static const char *const dims[] = {"", "x,,y", "x,y,nosuchfield"};
    const char *inputs[] = {plain};
    struct scree_query_options options = options_of(inputs, 1);
    char deep[1200] = "", wide[80000] = "";
    (void)state;
#define EACH(field, texts, said)                                                 \
    do {                                                                         \
        options = options_of(inputs, 1);                                         \
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {              \
            struct scree_error err = SCREE_ERROR_INIT;                           \
            struct scree_query *query = NULL;                                    \
            options.field = texts[i];                                            \
            if (scree_query_open(context, &options, &query, &err) == SCREE_OK || \
                strstr(err.message, said) == NULL)                               \
                fail_msg(#field " '%s': '%s'", texts[i], err.message);           \
        }                                                                        \
    } while (0)
    EACH(polygon, polygons, "polygon");
    EACH(where, conditions, "where");
    EACH(time, times, "time");
    EACH(classes, classes, "class");
    EACH(returns, returns, "return");
    EACH(dims, dims, "dims");
#undef EACH
    options = options_of(inputs, 1);
    for (int i = 0; i < 18; i++)
        strncat(deep, "{\"type\":\"GeometryCollection\",\"geometries\":[",
                sizeof deep - 1 - strlen(deep));
    for (int i = 0; i < 18; i++)
        strncat(deep, "]}", sizeof deep - 1 - strlen(deep));
    options.polygon = deep;
    refused(&options, SCREE_E_ARGUMENT, "16 deep");
    options = options_of(inputs, 1);
    for (int i = 0; i < 4000; i++)
        strncat(wide, "intensity > 1 && ", sizeof wide - 1 - strlen(wide));
    options.where = wide;
    refused(&options, SCREE_E_ARGUMENT, "where: longer than");
}

/* Times without a day; headers that say where points cannot be; waveforms; one is the output. */
static void test_joined(void **state)
{
    static const uint8_t standard = 1;
    const double fine = 1e-9, far[2] = {4e9, -4e9};
    char week[300], adjusted[300], waves[300], tiny[300];
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query = NULL;
    (void)state;
    make_file(week, "week.laz", 1, 0, NULL, 0);
    make_file(adjusted, "adjusted.laz", 1, 0, NULL, 0);
    make_file(waves, "waves.laz", 4, 0, NULL, 0);
    make_file(tiny, "tiny.laz", 3, 0, NULL, 0);
    const uint8_t none = 0;
    patch(week, 6, &none, 1);
    patch(adjusted, 6, &standard, 1);
    const char *both[] = {week, adjusted};
    struct scree_query_options options = options_of(both, 2);
    refused(&options, SCREE_E_MISMATCH, "different kinds of GPS time");
    options = options_of(both, 1);
    options.time = "2024-01-01,2025-01-01";
    refused(&options, SCREE_E_MISMATCH, "seconds of an unnamed GPS week");
    refused(&options, SCREE_E_MISMATCH, "adjusted standard GPS time, as 388102418,419724818)");

    patch(tiny, 131, &fine, sizeof fine);
    patch(tiny, 179, far, sizeof far);
    const char *reaches[] = {tiny, plain};
    options = options_of(reaches, 2);
    refused(&options, SCREE_E_MISMATCH, "does not fit the 32 bits");

    /* Waveforms are left out where formats are joined, and it is said. */
    const char *kinds[] = {waves, plain};
    options = options_of(kinds, 2);
    struct scree_context *talking = conversion_context(1, (uint64_t)64 << 20);
    assert_int_equal(scree_query_open(talking, &options, &query, &err), SCREE_OK);
    assert_non_null(strstr(conversion_warnings, "have waveform packets"));
    assert_int_equal(scree_query_extra_byte_count(query), 0);
    assert_null(scree_query_extra_byte(query, 0));
    struct scree_query_output written;
    scree_query_output_init(&written);
    written.path = plain;
    written.replace = true;
    assert_int_equal(scree_query_run(query, &written, NULL, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "both an input and the output"));
    scree_query_close(query);
    scree_context_free(talking);
}

static void run_to(const struct scree_query_options *options, const char *path, int64_t seconds)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query = NULL;
    struct scree_query_output written;
    scree_query_output_init(&written);
    written.path = path;
    written.replace = true;
    written.creation_seconds = seconds;
    if (scree_query_open(context, options, &query, &err) != SCREE_OK ||
        scree_query_run(query, &written, NULL, &err) != SCREE_OK)
        fail_msg("%s: %s", path, err.message);
    scree_query_close(query);
}

/* A date that is asked for, in leap years and others. */
static void test_dates(void **state)
{
    static const struct {
        int64_t seconds;
        unsigned day, year;
    } dates[] = {{0, 1, 1970},
                 {86400, 2, 1970},
                 {INT64_C(951782400), 60, 2000},
                 {INT64_C(1735603200), 366, 2024},
                 {INT64_C(1735689600), 1, 2025}};
    const char *inputs[] = {plain};
    const struct scree_query_options options = options_of(inputs, 1);
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        run_to(&options, output, dates[i].seconds);
        struct las_bytes file = las_bytes_of_file(output);
        assert_int_equal(scree__base_load16(file.bytes + 90), dates[i].day);
        assert_int_equal(scree__base_load16(file.bytes + 92), dates[i].year);
        las_bytes_free(&file);
    }
}

static void describe(uint8_t *raw, const char *name, unsigned type)
{
    memset(raw, 0, 192);
    raw[2] = (uint8_t)type;
    memcpy(raw + 4, name, strlen(name));
}

/* Extra bytes of every type as text and in PLY, with names of all kinds. */
static void test_tables(void **state)
{
    static const char *const names[] = {"a,b",   "say \"x\"", "7th", "",    "c d",
                                        "plain", "u32",       "i32", "u64", "i64"};
    static const uint8_t types[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    uint8_t described[10 * 192];
    uint32_t bytes = 0;
    char many[300];
    for (unsigned i = 0; i < 10; i++) {
        describe(described + 192 * i, names[i], types[i]);
        bytes += sizes[i];
    }
    const struct scree_las_vlr vlr = {.user_id = "LASF_Spec",
                                      .record_id = 4,
                                      .payload = described,
                                      .payload_bytes = sizeof described};
    (void)state;
    make_file(many, "many.laz", 6, bytes, &vlr, 1);
    const char *inputs[] = {many};
    const struct scree_query_options options = options_of(inputs, 1);
    char table[300];
    snprintf(table, sizeof table, "%s", conversion_path("table.csv"));
    run_to(&options, table, -1);
    struct las_bytes text = las_bytes_of_file(table);
    text.bytes[text.count - 1] = '\0';
    assert_non_null(strstr((char *)text.bytes, "\"a,b\",\"say \"\"x\"\"\",7th,"));
    las_bytes_free(&text);
    snprintf(table, sizeof table, "%s", conversion_path("table.ply"));
    run_to(&options, table, -1);
    text = las_bytes_of_file(table);
    assert_non_null(memmem(text.bytes, text.count, "property uchar a_b\n", 19));
    assert_non_null(memmem(text.bytes, text.count, "property ushort _7th\n", 21));
    las_bytes_free(&text);
}

static int set_up(void **state)
{
    if (conversion_make_folder(state) != 0)
        return -1;
    context = conversion_context(1, (uint64_t)64 << 20);
    make_file(plain, "plain.laz", 3, 0, NULL, 0);
    snprintf(output, sizeof output, "%s", conversion_path("out.las"));
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
        cmocka_unit_test(test_options), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_joined),  cmocka_unit_test(test_dates),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
