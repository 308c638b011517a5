/* test_synth.c - made-up surveys: exact counts, same bytes, and points that make sense. */
#include "context.h"
#include "scree/las.h"
#include "scree/synth.h"
#include "base/bytes.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPACITY 4096

static char folder[64];

/* What the points of a file say. */
struct seen {
    uint64_t points, pulses, hash, multiple, overlap, edges, classes[256], lines;
    int32_t min[3], max[3];
    uint16_t colour_max;
};

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct scree_synth_options wanted(const char *output, uint64_t points, unsigned format)
{
    struct scree_synth_options options;
    scree_synth_options_init(&options);
    options.output = output;
    options.point_count = points;
    options.point_format = format;
    options.chunk_points = 7000;
    options.replace = true;
    options.crs = "";
    return options;
}

static struct scree_synth_result make(unsigned threads, const struct scree_synth_options *options)
{
    struct scree_context *context = context_with(threads, (uint64_t)256 << 20);
    struct scree_synth_result result;
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = scree_synth_run(context, options, &result, &err);
    if (status != SCREE_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, SCREE_OK);
    assert_true(scree_context_peak_bytes(context) < (uint64_t)64 << 20);
    scree_context_free(context);
    return result;
}

struct walk {
    unsigned format;
    uint32_t bytes;
    uint8_t previous[64]; /* record */
    uint64_t previous_time;
    bool begun;
};

static void number_of(const struct walk *walk, const uint8_t *record, unsigned *number,
                      unsigned *count)
{
    *number = walk->format < 6 ? record[14] & 7u : record[14] & 15u;
    *count = walk->format < 6 ? record[14] >> 3 & 7u : record[14] >> 4;
}

/* One point after the other: returns of a pulse stand together, 1 to n; time does not run back. */
static void see(struct walk *walk, const uint8_t *record, struct seen *seen)
{
    unsigned number, count, last = 0, last_count = 0;
    number_of(walk, record, &number, &count);
    number_of(walk, walk->previous, &last, &last_count);
    assert_in_range(number, 1, count);
    assert_in_range(count, 1, 5);
    unsigned time_at = walk->format == 0 || walk->format == 2 ? 0 : walk->format < 6 ? 20 : 22;
    unsigned source_at = walk->format < 6 ? 18 : 20;
    uint64_t time = time_at != 0 ? scree__base_load64(record + time_at) : 0;
    bool same_line = walk->begun && scree__base_load16(record + source_at) ==
                                        scree__base_load16(walk->previous + source_at);
    if (number == 1) {
        assert_int_equal(last, last_count);
        seen->pulses++;
    } else {
        assert_int_equal(number, last + 1);
        assert_int_equal(count, last_count);
        assert_true(time == walk->previous_time);
        assert_true(scree__base_load_i32(record + 8) < scree__base_load_i32(walk->previous + 8));
    }
    if (same_line)
        assert_true(time >= walk->previous_time);
    else
        seen->lines++;
    uint8_t class = walk->format < 6 ? record[15] & 31u : record[16];
    seen->classes[class]++;
    seen->multiple += count > 1;
    seen->edges += walk->format < 6 ? record[14] >> 7 : record[15] >> 7;
    seen->overlap += walk->format < 6 ? class == 12 : record[15] >> 3 & 1u;
    for (int axis = 0; axis < 3; axis++) {
        int32_t v = scree__base_load_i32(record + 4 * axis);
        seen->min[axis] = v < seen->min[axis] ? v : seen->min[axis];
        seen->max[axis] = v > seen->max[axis] ? v : seen->max[axis];
    }
    for (uint32_t i = 0; i < walk->bytes; i++)
        seen->hash = (seen->hash ^ record[i]) * 1099511628211u;
    memcpy(walk->previous, record, walk->bytes < 64 ? walk->bytes : 64);
    walk->previous_time = time;
    walk->begun = true;
    seen->points++;
}

static void check_header(const struct scree_las_header *header, const struct seen *seen)
{
    uint64_t returns = 0;
    assert_int_equal(header->point_count, seen->points);
    for (int i = 0; i < 15; i++)
        returns += header->return_counts[i];
    assert_int_equal(returns, seen->points);
    assert_int_equal(header->return_counts[0], seen->pulses);
    for (int axis = 0; axis < 3 && seen->points > 0; axis++) {
        double min = seen->min[axis] * header->scale[axis] + header->offset[axis];
        assert_true(min - header->min[axis] < 1e-6 && header->min[axis] - min < 1e-6);
    }
}

static struct seen look(const char *path, struct scree_las_header *header_out)
{
    struct seen seen;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    struct scree_las_unit unit;
    memset(&seen, 0, sizeof seen);
    for (int axis = 0; axis < 3; axis++) {
        seen.min[axis] = INT32_MAX;
        seen.max[axis] = INT32_MIN;
    }
    assert_int_equal(scree_source_open_file(path, &source, &err), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, &err), SCREE_OK);
    assert_int_equal(scree_las_remark_count(reader), 0);
    assert_int_equal(scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &err), SCREE_OK);
    const struct scree_las_header *header = scree_las_header(reader);
    struct walk walk = {.format = header->point_format, .bytes = header->record_bytes};
    uint8_t *records = malloc((size_t)CAPACITY * walk.bytes);
    assert_non_null(records);
    for (uint64_t i = 0; i < scree_las_unit_count(reader); i++) {
        size_t count;
        scree_las_unit(reader, i, &unit);
        assert_int_equal(scree_las_cursor_open(cursor, i, &err), SCREE_OK);
        do {
            assert_int_equal(scree_las_cursor_next(cursor, records, CAPACITY, &count, &err),
                             SCREE_OK);
            for (size_t k = 0; k < count; k++)
                see(&walk, records + k * walk.bytes, &seen);
        } while (count > 0);
    }
    if (seen.points > 0) {
        unsigned number, count;
        number_of(&walk, walk.previous, &number, &count);
        assert_int_equal(number, count);
    }
    check_header(header, &seen);
    if (header_out != NULL)
        *header_out = *header;
    free(records);
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
    return seen;
}

static void inside(const struct seen *seen, double x0, double y0, double width, double height)
{
    if (seen->points == 0)
        return;
    assert_true(seen->min[0] >= x0 * 1000 - 0.5 && seen->max[0] <= (x0 + width) * 1000 + 0.5);
    assert_true(seen->min[1] >= y0 * 1000 - 0.5 && seen->max[1] <= (y0 + height) * 1000 + 0.5);
}

static void counts_are_exact(void **state)
{
    static const uint64_t counts[] = {0, 1, 2, 63, 64, 65, 1000, 100000};
    static const uint32_t tiles[] = {1, 3, 4, 7};
    (void)state;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (unsigned k = 0; k < sizeof tiles / sizeof tiles[0]; k++) {
            char name[32], output[256];
            snprintf(name, sizeof name, "count_%u_%u%s", i, k, tiles[k] == 1 ? ".laz" : "");
            snprintf(output, sizeof output, "%s", path_of(name));
            struct scree_synth_options options = wanted(output, counts[i], 6);
            options.tile_count = tiles[k];
            struct scree_synth_result result = make(2, &options);
            uint32_t columns = tiles[k] == 1 ? 1 : (tiles[k] <= 4 ? 2 : 3);
            uint32_t rows = (tiles[k] + columns - 1) / columns;
            double wide = result.width_m / columns, high = result.height_m / rows;
            uint64_t sum = 0, bytes = 0;
            for (uint32_t tile = 0; tile < tiles[k]; tile++) {
                char path[300];
                struct stat info;
                snprintf(path, sizeof path, "%s/tile_%u_%u.laz", output, tile % columns,
                         tile / columns);
                const char *file = tiles[k] == 1 ? output : path;
                struct seen seen = look(file, NULL);
                inside(&seen, wide * (tile % columns), high * (tile / columns), wide, high);
                sum += seen.points;
                assert_int_equal(stat(file, &info), 0);
                bytes += (uint64_t)info.st_size;
                unlink(file);
            }
            rmdir(output);
            assert_int_equal(sum, counts[i]);
            assert_int_equal(result.point_count, counts[i]);
            assert_int_equal(result.file_count, tiles[k]);
            assert_int_equal(result.output_bytes, bytes);
        }
}

static bool same_files(const char *a_path, const char *b_path)
{
    uint8_t a[65536], b[65536];
    FILE *a_file = fopen(a_path, "rb"), *b_file = fopen(b_path, "rb");
    assert_non_null(a_file);
    assert_non_null(b_file);
    bool same = true;
    size_t count;
    do {
        count = fread(a, 1, sizeof a, a_file);
        same = fread(b, 1, sizeof b, b_file) == count && memcmp(a, b, count) == 0;
    } while (same && count > 0);
    fclose(a_file);
    fclose(b_file);
    return same;
}

static void same_options_same_bytes(void **state)
{
    char a[256], b[256];
    (void)state;
    snprintf(a, sizeof a, "%s", path_of("a.laz"));
    snprintf(b, sizeof b, "%s", path_of("b.LAZ"));
    struct scree_synth_options options = wanted(a, 100000, 7), other = wanted(b, 100000, 7);
    make(1, &options);
    make(4, &other);
    assert_true(same_files(a, b));
    make(4, &other);
    assert_true(same_files(a, b));
    other.seed = 1;
    make(4, &other);
    assert_false(same_files(a, b));
    unlink(a);
    unlink(b);
}

/* The cut into chunks is not seen in the points, nor is the compression. */
static void chunks_do_not_matter(void **state)
{
    (void)state;
    struct scree_synth_options options = wanted(path_of("c.las"), 30000, 3);
    make(3, &options);
    struct seen las = look(options.output, NULL);
    unlink(options.output);
    static const uint32_t chunks[] = {1000, 4097, 1000000};
    for (unsigned i = 0; i < 3; i++) {
        options = wanted(path_of("c.laz"), 30000, 3);
        options.chunk_points = chunks[i];
        make(3, &options);
        struct seen seen = look(options.output, NULL);
        assert_true(seen.hash == las.hash);
        unlink(options.output);
    }
}

static void every_format(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++)
        for (int compressed = 0; compressed < 2; compressed++) {
            struct scree_las_header header;
            struct scree_synth_options options =
                wanted(path_of(compressed ? "f.laz" : "f.LAS"), 20000, format);
            make(2, &options);
            struct seen seen = look(options.output, &header);
            assert_int_equal(seen.points, 20000);
            assert_int_equal(header.point_format, format);
            assert_int_equal(header.version_minor, format >= 6 ? 4 : (format >= 4 ? 3 : 2));
            assert_int_equal((header.global_encoding & SCREE_LAS_WKT) != 0, format >= 6);
            assert_int_equal((header.global_encoding & SCREE_LAS_GPS_STANDARD_TIME) != 0,
                             format != 0 && format != 2);
            unlink(options.output);
        }
}

/* Enough land for some of everything. */
static void the_land_is_varied(void **state)
{
    (void)state;
    struct scree_synth_options options = wanted(path_of("land.laz"), 400000, 6);
    options.points_per_m2 = 0.4;
    make(4, &options);
    struct seen seen = look(options.output, NULL);
    static const uint8_t classes[] = {2, 3, 4, 5, 6, 7, 9, 14, 18};
    for (unsigned i = 0; i < sizeof classes; i++)
        assert_true(seen.classes[classes[i]] > 0);
    assert_true(seen.classes[2] > seen.points / 4);
    assert_true(seen.multiple > seen.points / 10 && seen.multiple < seen.points * 9 / 10);
    assert_true(seen.overlap > seen.points / 20 && seen.overlap < seen.points / 2);
    assert_true(seen.lines >= 3);
    assert_true(seen.edges > 100);
    unlink(options.output);
}

static void legacy_files_carry_geo_keys(void **state)
{
    (void)state;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_synth_options options = wanted(path_of("keys.laz"), 100, 1);
    options.crs = "EPSG:2154+5720";
    make(1, &options);
    assert_int_equal(scree_source_open_file(options.output, &source, NULL), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    const struct scree_las_vlr *vlr = scree_las_find_vlr(reader, "LASF_Projection", 34735);
    assert_non_null(vlr);
    assert_int_equal(vlr->payload_bytes, 48);
    assert_int_equal(scree__base_load16(vlr->payload + 6), 5);
    assert_int_equal(scree__base_load16(vlr->payload + 8), 1024);
    assert_int_equal(scree__base_load16(vlr->payload + 16), 3072);
    assert_int_equal(scree__base_load16(vlr->payload + 22), 2154);
    assert_int_equal(scree__base_load16(vlr->payload + 32), 4096);
    assert_int_equal(scree__base_load16(vlr->payload + 38), 5720);
    scree_las_close(reader);
    scree_source_close(source);
    unlink(options.output);
}

static enum scree_status run_of(const struct scree_synth_options *options)
{
    struct scree_context *context = context_with(1, (uint64_t)256 << 20);
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = scree_synth_run(context, options, NULL, &err);
    assert_int_equal(err.status, status);
    assert_true(status == SCREE_OK || err.message[0] != '\0');
    scree_context_free(context);
    return status;
}

static void refusals(void **state)
{
    (void)state;
    struct scree_synth_options options = wanted(path_of("r.laz"), 10, 6);
    options.replace = false;
    assert_int_equal(run_of(&options), SCREE_OK);
    assert_int_equal(run_of(&options), SCREE_E_EXISTS);
    options.tile_count = 2; /* a file where the folder should be */
    assert_int_equal(run_of(&options), SCREE_E_EXISTS);
    unlink(options.output);

    options = wanted(path_of("r.copc.laz"), 10, 6);
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT);
    options = wanted(path_of("r.xyz"), 10, 6);
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT);
    options = wanted(path_of("r.laz"), 10, 11);
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT);
    options = wanted(path_of("r.laz"), UINT64_MAX, 6);
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT);
    options = wanted(path_of("r.laz"), (uint64_t)1 << 50, 6);
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT); /* wider than coordinates reach */
    options = wanted(path_of("r.laz"), 10, 6);
    options.points_per_m2 = 0;
    assert_int_equal(run_of(&options), SCREE_E_ARGUMENT);
    options = wanted(path_of("r.laz"), (uint64_t)1 << 30, 6);
    options.chunk_points = 1u << 30;
    assert_int_equal(run_of(&options), SCREE_E_BUDGET);
    assert_int_not_equal(access(options.output, F_OK), 0);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree-synth-XXXXXX", temporary_base());
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when a test left something */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_exact),
        cmocka_unit_test(same_options_same_bytes),
        cmocka_unit_test(chunks_do_not_matter),
        cmocka_unit_test(every_format),
        cmocka_unit_test(the_land_is_varied),
        cmocka_unit_test(legacy_files_carry_geo_keys),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
