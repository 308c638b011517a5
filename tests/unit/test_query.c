/* What random questions do not meet: edges of places, times, texts, kinds of files, outputs. */
#include "query_naive.h"
#include "las_make.h"
#include "base/bytes.h"
#include "par/context.h"
#include "query/region.h"
#include "query/words.h"
#include "query/where.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct scree_context *context;

static char *temporary(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s", las_temporary_path(name));
    return path;
}

/* Points at (x, y, z) = units of 1, format 6; times as given, or 0. */
static void write_grid(const char *path, const int32_t (*points)[3], const double *times,
                       unsigned count, unsigned format)
{
    uint8_t records[64 * 67] = {0};
    struct scree_las_header header;
    struct scree_las_summary summary;
    struct scree_las_writer *writer = NULL;
    struct scree_sink *sink = NULL;
    const struct las_recipe recipe = {.version_minor = 4, .point_format = format};
    struct scree_error err = SCREE_ERROR_INIT;
    las_make_header(&recipe, &header);
    for (int a = 0; a < 3; a++) {
        header.scale[a] = 1;
        header.offset[a] = 0;
    }
    uint32_t bytes = header.record_bytes;
    for (unsigned i = 0; i < count; i++) {
        for (int a = 0; a < 3; a++)
            scree__base_store32(records + i * bytes + 4 * a, (uint32_t)points[i][a]);
        records[i * bytes + 14] = 0x11;
        if (times != NULL)
            scree__base_store_f64(records + i * bytes + 22, times[i]);
    }
    scree_las_summary_init(&summary);
    scree_las_summary_add(&summary, format, records, bytes, count);
    if (scree_sink_open_file(path, true, &sink, &err) != SCREE_OK ||
        scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, &err) != SCREE_OK ||
        scree_las_writer_add_records(writer, records, count, &err) != SCREE_OK ||
        scree_las_writer_finish(writer, &summary, &err) != SCREE_OK ||
        scree_sink_commit(sink, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_las_writer_free(writer);
    scree_sink_close(sink);
}

static enum scree_status count_of(const struct scree_query_options *options, uint64_t *count,
                                  struct scree_error *err)
{
    struct scree_query *query;
    struct scree_query_result result;
    *err = (struct scree_error)SCREE_ERROR_INIT;
    enum scree_status status = scree_query_open(context, options, &query, err);
    if (status == SCREE_OK)
        status = scree_query_count(query, &result, err);
    scree_query_close(query);
    *count = status == SCREE_OK ? result.points_matched : UINT64_MAX;
    return status;
}

static uint64_t counted(const struct scree_query_options *options)
{
    struct scree_error err;
    uint64_t count;
    if (count_of(options, &count, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return count;
}

static void ask(struct scree_query_options *options, const char *const *path)
{
    scree_query_options_init(options);
    options->inputs = path;
    options->input_count = 1;
}

/* -------------------------------------------------------------------------------------- places */

/* A 10 by 10 grid of points at whole coordinates. */
static const char *grid(void)
{
    static int32_t points[64][3];
    const char *path = temporary("grid.las");
    for (int i = 0; i < 64; i++) {
        points[i][0] = i % 8;
        points[i][1] = i / 8;
        points[i][2] = i % 3;
    }
    write_grid(path, (const int32_t(*)[3])points, NULL, 64, 6);
    return path;
}

static void bounds_are_half_open(void **state)
{
    (void)state;
    const char *path = grid();
    struct scree_query_options options;
    ask(&options, &path);
    options.bounds_axes = 2;
    const double cases[][5] = {{0, 0, 8, 8, 64}, {0, 0, 7, 7, 49},      {1, 1, 1, 1, 0},
                               {1, 1, 2, 2, 1},  {0.5, 0.5, 2, 2.5, 2}, {-9, -9, 0, 9, 0},
                               {3, 3, 3, 9, 0},  {7, 7, 99, 99, 1},     {7.5, 0, 9, 9, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(options.bounds_min, cases[i], 16);
        memcpy(options.bounds_max, cases[i] + 2, 16);
        assert_int_equal(counted(&options), (uint64_t)cases[i][4]);
    }
    options.bounds_axes = 3;
    const double box_min[] = {0, 0, 1}, box_max[] = {8, 8, 2};
    memcpy(options.bounds_min, box_min, sizeof box_min);
    memcpy(options.bounds_max, box_max, sizeof box_max);
    assert_int_equal(counted(&options), 21);
}

/* Adjacent windows share no point and lose none, wherever they meet. */
static void windows_partition(void **state)
{
    (void)state;
    struct naive_file file;
    struct scree_query_options options;
    naive_open(&file, naive_make_las(6, 5000, "parts.laz"));
    const char *path = file.path;
    ask(&options, &path);
    options.bounds_axes = 2;
    for (int a = 0; a < 2; a++) {
        options.bounds_min[a] = -1e9;
        options.bounds_max[a] = 1e9;
    }
    for (unsigned i = 0; i < 20; i++) {
        double cut;
        (void)naive_field(&file, file.records + i * 117 * file.header.record_bytes, "x", &cut);
        options.bounds_min[0] = -1e9;
        options.bounds_max[0] = cut;
        uint64_t left = counted(&options);
        options.bounds_min[0] = cut;
        options.bounds_max[0] = 1e9;
        assert_int_equal(left + counted(&options), file.count);
    }
    unlink(file.path);
    naive_close(&file);
}

static void limits_are_those_of_the_arithmetic(void **state)
{
    (void)state;
    static const double scales[] = {0.01, 0.001, 1e-7, 0.1, 1 / 3.0, 0.25};
    static const double offsets[] = {0, 652000, -1234567.891, 1e9, 0.3};
    uint64_t random = 1;
    for (unsigned i = 0; i < 30000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        double scale = scales[i % 6], offset = offsets[i % 5];
        int32_t record = (int32_t)(random >> 32);
        double bound = record * scale + offset;
        if (i % 3 == 1)
            bound = nextafter(bound, INFINITY);
        if (i % 3 == 2)
            bound = nextafter(bound, -INFINITY);
        int64_t first = scree__query_first_at_least(bound, scale, offset);
        if (first <= INT32_MAX)
            assert_true((double)first * scale + offset >= bound);
        if (first > INT32_MIN)
            assert_true((double)(first - 1) * scale + offset < bound);
    }
    assert_int_equal(scree__query_first_at_least(1e300, 1, 0), INT64_C(1) << 31);
    assert_int_equal(scree__query_first_at_least(-1e300, 1, 0), INT32_MIN);
}

static void polygons_share_no_point(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t count;
    } cases[] = {
        {"POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", 16}, /* left and lower edges, not right and upper */
        {"POLYGON ((4 0, 8 0, 8 4, 4 4))", 16},      /* closed by itself; its neighbour */
        {"polygon((0 0,0 4,4 4,4 0,0 0))", 16},      /* the other way around */
        {"POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 4 2, 4 4, 2 4, 2 2))", 60},
        {"MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 1, 3 1, 3 3, 1 3, 1 1)))", 7},
        {"SRID=2154;MULTIPOLYGON Z (((0 0 5, 2 0 5, 2 2 5, 0 2 5, 0 0 5)), EMPTY)", 4},
        {"POLYGON ((100 100, 101 100, 100 101, 100 100))", 0},
        {" {\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}", 16},
        {"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{"
         "\"type\":"
         "\"GeometryCollection\",\"geometries\":[{\"type\":\"Polygon\",\"coordinates\":[[[0,0,9],["
         "1,0],[1,1],[0,"
         "1]]]}]}}]}",
         1},
    };
    const char *path = grid();
    struct scree_query_options options;
    ask(&options, &path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        options.polygon = cases[i].text;
        if (counted(&options) != cases[i].count)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)counted(&options));
    }
    /* Triangles that share a slanting edge through points. */
    options.polygon = "POLYGON ((0 0, 8 0, 8 8, 0 0))";
    uint64_t lower = counted(&options);
    options.polygon = "POLYGON ((0 0, 8 8, 0 8, 0 0))";
    assert_int_equal(lower + counted(&options), 64);
}

static void circles_are_closed(void **state)
{
    (void)state;
    const char *path = grid();
    struct scree_query_options options;
    ask(&options, &path);
    options.has_circle = true;
    options.circle[0] = options.circle[1] = 3;
    options.circle[2] = 0;
    assert_int_equal(counted(&options), 1);
    options.circle[2] = 1;
    assert_int_equal(counted(&options), 5);
    options.circle[2] = 0.999;
    assert_int_equal(counted(&options), 1);
}

/* --------------------------------------------------------------------------------------- times */

static void dates_become_gps_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double begin, end;
    } cases[] = {
        {"1,2.5", 1, 2.5},
        {"-5,-5", -5, -5},
        /* The epoch, and one day later: adjusted by 10^9. */
        {"1980-01-06,1980-01-07T00:00:00Z", -1e9, -1e9 + 86400},
        /* 2011-09-14T01:46:25Z is GPS second 10^9 (15 leap seconds). */
        {"2011-09-14T01:46:25Z,20110914T014626.5Z", 0, 1.5},
        {"2011-09-14T03:46:25+02:00,2011-09-13T20:46:25-0500", 0, 0},
        /* Around the leap second at the end of 2016. */
        {"2016-12-31T23:59:59Z,2016-12-31T23:59:60Z", 167264016, 167264017},
        {"2016-12-31T23:59:60Z,2017-01-01T00:00:00Z", 167264017, 167264018},
    };
    struct scree__query_window window;
    struct scree_error err = SCREE_ERROR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (scree__query_window_parse(cases[i].text, &window, &err) != SCREE_OK)
            fail_msg("%s", err.message);
        if (window.begin != cases[i].begin || window.end != cases[i].end)
            fail_msg("%s: %.17g, %.17g", cases[i].text, window.begin, window.end);
    }
    static const char *const wrong[] = {"",
                                        "1",
                                        "1,",
                                        "2,1",
                                        "1,2,3",
                                        "nan,1",
                                        "1,2024-01-01",
                                        "2024-02-30,2024-03-01",
                                        "2024-13-01,2024-13-02",
                                        "2024-01-01T24:00:00Z,2024-01-03",
                                        "2015-12-31T23:59:60Z,2016-01-02",
                                        "2024-01-01Tx,2024-01-02",
                                        "0x10,0x20"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scree_error why = SCREE_ERROR_INIT;
        if (scree__query_window_parse(wrong[i], &window, &why) != SCREE_E_ARGUMENT)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void times_that_are_no_numbers_match_nothing(void **state)
{
    (void)state;
    static const int32_t points[5][3] = {{0}};
    const double times[] = {1, (double)NAN, -0.0, INFINITY, 2};
    const char *path = temporary("times.las");
    struct scree_query_options options;
    write_grid(path, points, times, 5, 6);
    ask(&options, &path);
    options.time = "-1e300,1e300";
    assert_int_equal(counted(&options), 3);
    options.time = "0,2";
    assert_int_equal(counted(&options), 2); /* -0.0 is 0; 2 is the open end */
    options.time = "1980-01-01,2100-01-01";
    assert_int_equal(counted(&options), 3);
}

static void refuse(const struct scree_query_options *options, enum scree_status status,
                   const char *says)
{
    struct scree_error err;
    uint64_t count;
    assert_int_equal(count_of(options, &count, &err), status);
    if (strstr(err.message, says) == NULL)
        fail_msg("says: %s", err.message);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    struct scree_query_options options;
    char kept[256];
    snprintf(kept, sizeof kept, "%s", naive_make_las(0, 100, "f0.las"));
    const char *path = kept;
    ask(&options, &path);
    options.time = "0,1";
    refuse(&options, SCREE_E_MISMATCH, "no GPS time");
    ask(&options, &path);
    options.where = "nir > 3";
    refuse(&options, SCREE_E_MISMATCH, "column 1: ");
    options.where = "intensity > 3 && Amplitude < 1";
    refuse(&options, SCREE_E_MISMATCH, "column 18: ");
    options.where = "intensity >";
    refuse(&options, SCREE_E_ARGUMENT, "column 12: expected a field or a number, found the end");
    ask(&options, &path);
    options.dims = "x,nir";
    refuse(&options, SCREE_E_MISMATCH, "column 3: points of this format have no 'nir'");
    ask(&options, &path);
    options.crs = "EPSG:4326";
    options.bounds_axes = 2;
    refuse(&options, SCREE_E_MISMATCH, "no known CRS");
    ask(&options, &path);
    options.polygon = "POINT (1 2)";
    refuse(&options, SCREE_E_ARGUMENT, "column 1");
    unlink(kept);
}

/* ---------------------------------------------------------------------------------------- texts */

static void conditions_are_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",          " ",        "1",         "1 <",           "< 1",
        "x <> ",     "x < 1 <",  "x < 1 < 2", "(x < 1",        "x < 1)",
        "x in",      "x in (",   "x in ()",   "x in (1,)",     "x in (y)",
        "x not 3",   "x & y",    "x | y",     "x < 1 y < 2",   "x < 1e",
        "x < 1.2.3", "x < 5abc", "\"x < 1",   "\"\" < 1",      "x ~ 1",
        "! ",        "x && ",    "&& x",      "x < 1 || || x", "in (1)",
        "'x' < 1"};
    struct scree__query_where where;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        if (scree__query_where_parse(wrong[i], &where, &err) != SCREE_E_ARGUMENT)
            fail_msg("'%s' was taken", wrong[i]);
        assert_non_null(strstr(err.message, "where: column "));
        scree__query_where_release(&where);
    }
    char deep[400];
    memset(deep, '(', 100);
    deep[100] = 'x';
    memset(deep + 101, ')', 100);
    deep[201] = '\0';
    struct scree_error err = SCREE_ERROR_INIT;
    assert_int_equal(scree__query_where_parse(deep, &where, &err), SCREE_E_ARGUMENT);
    scree__query_where_release(&where);
}

static void conditions_mean_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t count;
    } cases[] = {
        {"x < 4", 32},
        {"X<4", 32},
        {"x", 56},
        {"!x", 8},
        {"not x or y == 0", 15},
        {"x == y", 8},
        {"x = y and x > 3", 4},
        {"x in (1, 2, 99) && y not in (0,1,2,3,4,5,6)", 2},
        {"x > 3 || y > 3 && z == 0", 37},
        {"(x > 3 || y > 3) && z == 0", 16},
        {"!(x > 3)", 32},
        {"! ! x > 3", 32},
        {"-1 < x && +2 >= x", 24},
        {"ReturnNumber == 1 && Number_Of_Returns==1", 64},
        {"class != 0 || classification == 0", 64},
        {"`x` < .5e1", 40},
    };
    const char *path = grid();
    struct scree_query_options options;
    ask(&options, &path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        options.where = cases[i].text;
        if (counted(&options) != cases[i].count)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)counted(&options));
    }
}

/* --------------------------------------------------------------------------------------- fields */

struct first_record {
    uint8_t *records;
    uint64_t count;
    uint32_t bytes;
};

static enum scree_status keep_records(void *user, const uint8_t *records, uint64_t count,
                                      struct scree_error *err)
{
    struct first_record *keep = user;
    (void)err;
    memcpy(keep->records + keep->count * keep->bytes, records, count * keep->bytes);
    keep->count += count;
    return SCREE_OK;
}

/* With dims, the named fields are as ever and all other bits are 0. */
static void dims_leave_the_rest_zero(void **state)
{
    (void)state;
    struct naive_file file;
    struct scree_query_options options;
    struct scree_query *query;
    struct scree_error err = SCREE_ERROR_INIT;
    naive_open(&file, naive_make_copc(8, 8000, 500, "dims.copc.laz"));
    const char *path = file.path;
    ask(&options, &path);
    options.dims = "x,y,class,overlap,nir";
    if (scree_query_open(context, &options, &query, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    struct first_record got = {malloc(file.count * 38), 0, 38};
    assert_int_equal(scree_query_each(query, keep_records, &got, NULL, &err), SCREE_OK);
    assert_int_equal(got.count, file.count);
    for (uint64_t i = 0; i < file.count; i++) {
        uint8_t expected[38] = {0};
        const uint8_t *record = file.records + i * 38;
        memcpy(expected, record, 8);
        expected[15] = record[15] & 8;
        expected[16] = record[16];
        memcpy(expected + 36, record + 36, 2);
        assert_memory_equal(expected, got.records + i * 38, 38);
    }
    scree_query_close(query);
    free(got.records);
    unlink(file.path);
    naive_close(&file);
}

/* ------------------------------------------------------------------------------------- many files */

static void files_of_several_kinds_are_joined(void **state)
{
    (void)state;
    char a[256], b[256];
    snprintf(a, sizeof a, "%s", naive_make_las(1, 3000, "a.las"));
    snprintf(b, sizeof b, "%s", naive_make_las(8, 4000, "b.laz"));
    const char *paths[] = {a, b};
    struct scree_query_options options;
    struct scree_query *query;
    struct scree_error err = SCREE_ERROR_INIT;
    struct naive_file files[2];
    naive_open(&files[0], a);
    naive_open(&files[1], b);
    scree_query_options_init(&options);
    options.inputs = paths;
    options.input_count = 2;
    if (scree_query_open(context, &options, &query, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(scree_query_plan(query)->point_format, 8);
    struct first_record got = {malloc(7000 * 38), 0, 38};
    assert_int_equal(scree_query_each(query, keep_records, &got, NULL, &err), SCREE_OK);
    assert_int_equal(got.count, 7000);
    for (uint64_t i = 0; i < 7000; i++) {
        const struct naive_file *file = &files[i >= 3000];
        const uint8_t *from =
            file->records + (i >= 3000 ? i - 3000 : i) * file->header.record_bytes;
        for (int axis = 0; axis < 3; axis++) {
            const char name[2] = {(char)('x' + axis), 0};
            double was;
            (void)naive_field(file, from, name, &was);
            double is = scree__base_load_i32(got.records + i * 38 + 4 * axis) *
                            scree_query_header(query)->scale[axis] +
                        scree_query_header(query)->offset[axis];
            assert_true(fabs(is - was) < 1e-6);
        }
    }
    free(got.records);
    scree_query_close(query);
    naive_close(&files[0]);
    naive_close(&files[1]);
    unlink(a);
    unlink(b);
}

/* ------------------------------------------------------------------------------------- statistics */

static void statistics_are_right(void **state)
{
    (void)state;
    struct naive_file file;
    struct scree_query_options options;
    struct scree_query *query;
    struct scree_query_statistics statistics;
    struct scree_error err = SCREE_ERROR_INIT;
    naive_open(&file, naive_make_extra(7, 3000, 500, "stats.laz"));
    const char *path = file.path;
    ask(&options, &path);
    if (scree_query_open(context, &options, &query, &err) != SCREE_OK ||
        scree_query_stats(query, &statistics, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    unsigned checked = 0;
    for (uint64_t d = 0; d < statistics.dimension_count; d++) {
        const struct scree_query_dimension *dim = &statistics.dimensions[d];
        double min = INFINITY, max = -INFINITY, sum = 0, value;
        uint64_t count = 0, binned = 0;
        if (!naive_field(&file, file.records, dim->name, &value))
            continue;
        for (uint64_t i = 0; i < file.count; i++) {
            (void)naive_field(&file, file.records + i * file.header.record_bytes, dim->name,
                              &value);
            if (isnan(value))
                continue;
            count++;
            sum += value;
            min = fmin(min, value);
            max = fmax(max, value);
        }
        for (unsigned b = 0; b < dim->bin_count; b++)
            binned += dim->bins[b];
        assert_int_equal(dim->count, count);
        assert_true(dim->min == min && dim->max == max);
        assert_true(fabs(dim->mean - sum / (double)count) <= 1e-9 * (fabs(min) + fabs(max)));
        assert_true(dim->bin_count == 0 || binned == count);
        checked++;
    }
    assert_true(checked > 15);
    scree_query_statistics_release(&statistics);
    scree_query_close(query);
    unlink(file.path);
    naive_close(&file);
}

/* Whatever request the budget refuses, nothing is left: no memory, no file. */
static void budgets_that_are_too_small(void **state)
{
    (void)state;
    static const char *const endings[] = {"b.las", "b.laz", "b.csv", "b.npy", "b.copc.laz"};
    char from[256], to[256];
    unsigned done = 0, refused = 0;
    snprintf(from, sizeof from, "%s", naive_make_copc(7, 6000, 1000, "from.copc.laz"));
    const char *path = from;
    for (unsigned i = 0; i < 5 * 60; i++) {
        struct scree_context_options wanted;
        struct scree_context *small;
        struct scree_query_options options;
        struct scree_query_output output;
        struct scree_query *query;
        struct scree_error err = SCREE_ERROR_INIT;
        scree_context_options_init(&wanted);
        wanted.threads = 1 + i % 2;
        wanted.memory_bytes = (uint64_t)100000 << i / 5 / 6;
        wanted.memory_bytes += wanted.memory_bytes / 6 * (i / 5 % 6);
        assert_int_equal(scree_context_new(&wanted, &small, NULL), SCREE_OK);
        ask(&options, &path);
        options.where = "intensity > 3 || red in (1, 2)";
        scree_query_output_init(&output);
        snprintf(to, sizeof to, "%s", las_temporary_path(endings[i % 5]));
        output.path = to;
        enum scree_status status = scree_query_open(small, &options, &query, &err);
        if (status == SCREE_OK)
            status = scree_query_run(query, &output, NULL, &err);
        scree_query_close(query);
        assert_int_equal(scree__mem_budget_used(scree__par_budget(small)), 0);
        assert_true(scree_context_peak_bytes(small) <= wanted.memory_bytes);
        scree_context_free(small);
        if (status != SCREE_OK && (status != SCREE_E_BUDGET || err.need_bytes == 0))
            fail_msg("%s", err.message);
        assert_int_equal(access(to, F_OK) == 0, status == SCREE_OK);
        (void)unlink(to);
        done += status == SCREE_OK;
        refused += status != SCREE_OK;
    }
    assert_true(done > 30 && refused > 30);
    unlink(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_half_open),
        cmocka_unit_test(windows_partition),
        cmocka_unit_test(limits_are_those_of_the_arithmetic),
        cmocka_unit_test(polygons_share_no_point),
        cmocka_unit_test(circles_are_closed),
        cmocka_unit_test(dates_become_gps_time),
        cmocka_unit_test(times_that_are_no_numbers_match_nothing),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(conditions_are_read),
        cmocka_unit_test(conditions_mean_what_they_say),
        cmocka_unit_test(dims_leave_the_rest_zero),
        cmocka_unit_test(files_of_several_kinds_are_joined),
        cmocka_unit_test(statistics_are_right),
        cmocka_unit_test(budgets_that_are_too_small),
    };
    if (scree_context_new(NULL, &context, NULL) != SCREE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scree_context_free(context);
    unlink(las_temporary_path("grid.las"));
    unlink(las_temporary_path("times.las"));
    las_tidy();
    return failed;
}
