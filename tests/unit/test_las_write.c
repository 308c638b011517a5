/* test_las_write.c - what the writer writes, the reader reads: every format, LAS and LAZ, all of
 * the header, VLRs and EVLRs; and what the writer refuses. */
#include "las_make.h"
#include "base/bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BUDGET ((uint64_t)64 << 20)

static void check_round_trip(const struct las_recipe *recipe)
{
    static const size_t steps[] = {1, 7, 1000};
    uint8_t *records = las_make_records(recipe);
    struct las_bytes file = las_make(recipe, records);
    for (size_t i = 0; i < 3; i++) {
        struct las_outcome outcome = las_read_bytes(&file, BUDGET, steps[i]);
        if (outcome.status != SCREE_OK)
            fail_msg("format %u: %s", recipe->point_format, outcome.err.message);
        assert_int_equal(outcome.point_count, recipe->point_count);
        assert_int_equal(outcome.has_table, recipe->chunk_points != 0);
        assert_memory_equal(outcome.records, records,
                            (size_t)recipe->point_count * outcome.record_bytes);
        las_outcome_free(&outcome);
    }
    las_bytes_free(&file);
    free(records);
}

static void test_every_format(void **state)
{
    (void)state;
    static const uint32_t chunk_points[] = {0, 32, 100, SCREE_LAZ_VARIABLE_CHUNKS};
    for (unsigned format = 0; format <= 10; format++) {
        for (size_t i = 0; i < sizeof chunk_points / sizeof chunk_points[0]; i++) {
            struct las_recipe recipe = {.version_minor = 4,
                                        .point_format = format,
                                        .extra_bytes = format % 3 * 5,
                                        .point_count = 100,
                                        .chunk_points = chunk_points[i]};
            check_round_trip(&recipe);
        }
    }
}

static void test_every_version(void **state)
{
    (void)state;
    for (unsigned minor = 2; minor <= 4; minor++) {
        struct las_recipe recipe = {.version_minor = minor, .point_format = 3, .point_count = 50};
        check_round_trip(&recipe);
        recipe.chunk_points = 20;
        check_round_trip(&recipe);
    }
}

/* Fixed chunks: the last may be full, or hold one point. */
static void test_chunk_counts(void **state)
{
    (void)state;
    for (uint64_t points = 1; points < 12; points++) {
        struct las_recipe recipe = {
            .version_minor = 4, .point_format = 6, .point_count = points, .chunk_points = 3};
        check_round_trip(&recipe);
        recipe.point_format = 1;
        check_round_trip(&recipe);
    }
}

static void test_no_points(void **state)
{
    (void)state;
    static const uint32_t chunk_points[] = {0, 50000, SCREE_LAZ_VARIABLE_CHUNKS};
    for (size_t i = 0; i < 3; i++) {
        struct las_recipe recipe = {
            .version_minor = 4, .point_format = 7, .chunk_points = chunk_points[i]};
        struct las_bytes file = las_make(&recipe, NULL);
        struct las_outcome outcome = las_read_bytes(&file, BUDGET, 10);
        assert_int_equal(outcome.status, SCREE_OK);
        assert_int_equal(outcome.unit_count, 0);
        assert_int_equal(outcome.remark_count, 0);
        for (size_t byte = 179; byte < 227; byte++)
            assert_int_equal(file.bytes[byte], 0);
        if (chunk_points[i] != 0)
            assert_int_equal(las_table_offset(&file), las_point_offset(&file) + 8);
        las_bytes_free(&file);
    }
}

static struct scree_las_reader *open_bytes(const struct las_bytes *file,
                                           struct scree_source **source)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_reader *reader;
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made", source, &err),
                     SCREE_OK);
    if (scree_las_open(*source, NULL, &reader, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return reader;
}

static void check_bounds_and_returns(const struct scree_las_header *header,
                                     const struct las_recipe *recipe, const uint8_t *records)
{
    uint64_t returns[16] = {0};
    double low[3] = {1e300, 1e300, 1e300}, high[3] = {-1e300, -1e300, -1e300};
    for (uint64_t i = 0; i < recipe->point_count; i++) {
        const uint8_t *record = records + i * header->record_bytes;
        returns[record[14] & (recipe->point_format < 6 ? 7 : 15)]++;
        for (int axis = 0; axis < 3; axis++) {
            double value = scree__base_load_i32(record + 4 * axis) * header->scale[axis] +
                           header->offset[axis];
            low[axis] = value < low[axis] ? value : low[axis];
            high[axis] = value > high[axis] ? value : high[axis];
        }
    }
    assert_memory_equal(low, header->min, sizeof low);
    assert_memory_equal(high, header->max, sizeof high);
    for (int i = 0; i < 15; i++)
        assert_int_equal(header->return_counts[i], returns[i + 1]);
    for (int i = 0; i < 5; i++)
        assert_int_equal(header->legacy_return_counts[i],
                         recipe->point_format < 6 ? returns[i + 1] : 0);
}

static void test_header_fields(void **state)
{
    (void)state;
    for (unsigned format = 1; format <= 6; format += 5) {
        struct las_recipe recipe = {.version_minor = 4,
                                    .point_format = format,
                                    .extra_bytes = 2,
                                    .point_count = 333,
                                    .chunk_points = 100};
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        struct scree_source *source;
        struct scree_las_reader *reader = open_bytes(&file, &source);
        const struct scree_las_header *header = scree_las_header(reader);
        struct scree_las_header expected;
        las_make_header(&recipe, &expected);
        assert_true(header->compressed);
        assert_int_equal(header->version_minor, 4);
        assert_int_equal(header->header_bytes, 375);
        assert_int_equal(header->point_format, format);
        assert_int_equal(header->record_bytes, expected.record_bytes);
        assert_int_equal(header->file_source_id, 4711);
        assert_int_equal(header->global_encoding, SCREE_LAS_GPS_STANDARD_TIME);
        assert_memory_equal(header->guid, expected.guid, 16);
        assert_string_equal(header->system_id, expected.system_id);
        assert_string_equal(header->generating_software, expected.generating_software);
        assert_int_equal(header->creation_day, 123);
        assert_int_equal(header->creation_year, 2024);
        assert_memory_equal(header->scale, expected.scale, sizeof expected.scale);
        assert_memory_equal(header->offset, expected.offset, sizeof expected.offset);
        assert_int_equal(header->point_count, 333);
        assert_int_equal(header->legacy_point_count, format < 6 ? 333 : 0);
        assert_int_equal(file.bytes[104], 0x80 | format);
        assert_int_equal(header->vlr_count, 1);
        assert_int_equal(header->evlr_count, 0);
        check_bounds_and_returns(header, &recipe, records);
        assert_ptr_equal(scree_las_source(reader), source);
        assert_int_equal(scree_las_layout(reader)->chunk_points, 100);
        scree_las_close(reader);
        scree_source_close(source);
        las_bytes_free(&file);
        free(records);
    }
}

static void check_vlr(const struct scree_las_vlr *got, const struct scree_las_vlr *expected)
{
    assert_non_null(got);
    assert_string_equal(got->user_id, expected->user_id);
    assert_string_equal(got->description, expected->description);
    assert_int_equal(got->record_id, expected->record_id);
    assert_int_equal(got->extended, expected->extended);
    assert_int_equal(got->payload_bytes, expected->payload_bytes);
    if (expected->payload_bytes > 0)
        assert_memory_equal(got->payload, expected->payload, (size_t)expected->payload_bytes);
}

static void test_vlrs(void **state)
{
    (void)state;
    static const uint8_t payload[] = "some payload";
    static uint8_t large[70000], most[65535];
    large[69999] = 9;
    most[65534] = 7;
    const struct scree_las_vlr vlrs[] = {
        {"sixteen chars !!", "a description of 32 characters..", 1, false, 12, 0, payload},
        {"empty", "", 65535, false, 0, 0, NULL},
        {"most", "", 2, false, sizeof most, 0, most}};
    const struct scree_las_vlr evlrs[] = {
        {"large", "too large for a VLR", 3, true, sizeof large, 0, large},
        {"empty", "", 4, true, 0, 0, NULL},
        {"most", "the same name", 2, true, 12, 0, payload}};
    for (uint32_t chunk_points = 0; chunk_points < 20; chunk_points += 10) {
        struct las_recipe recipe = {4, 6, 0, 25, chunk_points, vlrs, 3, evlrs, 3};
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        struct scree_source *source;
        struct scree_las_reader *reader = open_bytes(&file, &source);
        uint64_t first_evlr = chunk_points == 0 ? 3 : 4;
        assert_int_equal(scree_las_remark_count(reader), 1); /* points of return number 0 */
        assert_int_equal(scree_las_vlr_count(reader), first_evlr + 3);
        for (uint64_t i = 0; i < 3; i++) {
            check_vlr(scree_las_vlr(reader, i), &vlrs[i]);
            check_vlr(scree_las_vlr(reader, first_evlr + i), &evlrs[i]);
        }
        check_vlr(scree_las_find_vlr(reader, "most", 2), &vlrs[2]);
        check_vlr(scree_las_find_vlr(reader, "large", 3), &evlrs[0]);
        assert_null(scree_las_find_vlr(reader, "large", 4));
        assert_null(scree_las_vlr(reader, first_evlr + 3));
        scree_las_close(reader);
        scree_source_close(source);
        las_bytes_free(&file);
        free(records);
    }
}

/* EVLRs over 1 MiB stay in the file; the writer copies them from there. */
static void test_large_evlr(void **state)
{
    (void)state;
    size_t bytes = ((size_t)2 << 20) + 12345;
    uint8_t *payload = malloc(bytes);
    assert_non_null(payload);
    for (size_t i = 0; i < bytes; i++)
        payload[i] = (uint8_t)(i * 31 >> 3);
    const struct scree_las_vlr evlr = {"large", "", 3, true, bytes, 0, payload};
    struct las_recipe recipe = {4, 6, 0, 25, 10, NULL, 0, &evlr, 1};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    struct scree_source *source;
    struct scree_las_reader *reader = open_bytes(&file, &source);
    const struct scree_las_vlr *found = scree_las_find_vlr(reader, "large", 3);
    assert_non_null(found);
    assert_null(found->payload);
    assert_int_equal(found->payload_bytes, bytes);
    assert_memory_equal(file.bytes + found->payload_offset, payload, bytes);

    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_header header;
    struct scree_las_summary summary;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    uint64_t offset;
    las_make_header(&recipe, &header);
    scree_las_summary_init(&summary);
    assert_int_equal(scree_sink_open_file(las_temporary_path("made.las"), true, &sink, &err),
                     SCREE_OK);
    assert_int_equal(scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_add_evlr(writer, found, NULL, &offset, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_evlr(writer, found, source, &offset, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_finish(writer, &summary, &err), SCREE_OK);
    assert_int_equal(scree_sink_commit(sink, &err), SCREE_OK);
    scree_las_writer_free(writer);
    scree_sink_close(sink);
    struct las_bytes copy = las_bytes_of_file(las_temporary_path("made.las"));
    assert_int_equal(copy.count, offset + bytes);
    assert_memory_equal(copy.bytes + offset, payload, bytes);
    las_bytes_free(&copy);

    scree_las_close(reader);
    scree_source_close(source);
    las_bytes_free(&file);
    free(records);
    free(payload);
}

static void test_summary(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 7, .point_count = 1000};
    uint8_t *records = las_make_records(&recipe);
    struct scree_las_summary whole, parts, part;
    scree_las_summary_init(&whole);
    scree_las_summary_init(&parts);
    scree_las_summary_add(&whole, 7, records, 36, 1000);
    for (uint64_t done = 0; done < 1000; done += 125) {
        scree_las_summary_init(&part);
        scree_las_summary_add(&part, 7, records + done * 36, 36, 125);
        scree_las_summary_merge(&parts, &part);
    }
    scree_las_summary_init(&part);
    scree_las_summary_merge(&parts, &part);
    assert_memory_equal(&whole, &parts, sizeof whole);
    assert_int_equal(whole.point_count, 1000);
    free(records);
}

struct refusal {
    const char *what;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree_las_vlr vlr;
};

static void expect_refused(const struct refusal *refusal)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    assert_int_equal(scree_sink_open_file(las_temporary_path("made.las"), true, &sink, &err),
                     SCREE_OK);
    if (scree_las_writer_new(sink, &refusal->header, &refusal->vlr, refusal->vlr.user_id[0] != '\0',
                             refusal->layout.record_bytes != 0 ? &refusal->layout : NULL, &writer,
                             &err) != SCREE_E_ARGUMENT)
        fail_msg("%s: not refused", refusal->what);
    assert_null(writer);
    scree_sink_close(sink);
}

static void test_refusals(void **state)
{
    (void)state;
    static const uint8_t byte;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6};
    struct refusal good, bad;
    memset(&good, 0, sizeof good);
    las_make_header(&recipe, &good.header);
#define REFUSED(change) \
    bad = good;         \
    bad.what = #change; \
    change;             \
    expect_refused(&bad)
    REFUSED(bad.header.version_minor = 1);
    REFUSED(bad.header.version_minor = 5);
    REFUSED(bad.header.version_minor = 3);
    REFUSED(bad.header.version_major = 2);
    REFUSED(bad.header.point_format = 11);
    REFUSED(bad.header.record_bytes = 29);
    REFUSED(bad.header.scale[1] = 0);
    REFUSED(bad.header.offset[2] = NAN);
    REFUSED(bad.layout.record_bytes = 30);
    REFUSED(assert_int_equal(scree_laz_layout_init(&bad.layout, 6, 1, 100, NULL), SCREE_OK));
    bad = good;
    bad.vlr = (struct scree_las_vlr){"large", "", 1, false, 65536, 0, &byte};
    expect_refused(&bad);
    bad.vlr = (struct scree_las_vlr){"nothing", "", 1, false, 1, 0, NULL};
    expect_refused(&bad);
    bad.vlr = (struct scree_las_vlr){"laszip encoded", "", 22204, false, 1, 0, &byte};
    expect_refused(&bad);
}

/* The writer's calling order, and chunks that do not fit the layout. */
static void test_misuse(void **state)
{
    (void)state;
    static const uint8_t bytes[100];
    struct las_recipe recipe = {.version_minor = 2, .point_format = 0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_vlr evlr = {.user_id = "x"};
    struct scree_las_summary summary;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    las_make_header(&recipe, &header);
    scree_las_summary_init(&summary);
    assert_int_equal(scree_laz_layout_init(&layout, 0, 0, 10, &err), SCREE_OK);
    assert_int_equal(scree_sink_open_file(las_temporary_path("made.las"), true, &sink, &err),
                     SCREE_OK);
    assert_int_equal(scree_las_writer_new(sink, &header, NULL, 0, &layout, &writer, &err),
                     SCREE_OK);
    assert_int_equal(scree_las_writer_add_records(writer, bytes, 1, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_evlr(writer, &evlr, NULL, NULL, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 11, NULL, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 0, NULL, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 0, 1, NULL, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 10, NULL, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 9, NULL, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 1, NULL, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_las_writer_finish(writer, &summary, NULL), SCREE_E_DATA);
    assert_int_equal(scree_las_writer_end_points(writer, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_end_points(writer, &err), SCREE_OK);
    assert_int_equal(scree_las_writer_add_chunk(writer, bytes, 24, 1, NULL, NULL),
                     SCREE_E_ARGUMENT);
    scree_las_writer_free(writer);
    scree_las_writer_free(NULL);
    scree_sink_close(sink);
}

static int tear_down(void **state)
{
    (void)state;
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format),  cmocka_unit_test(test_every_version),
        cmocka_unit_test(test_chunk_counts),  cmocka_unit_test(test_no_points),
        cmocka_unit_test(test_header_fields), cmocka_unit_test(test_vlrs),
        cmocka_unit_test(test_large_evlr),    cmocka_unit_test(test_summary),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_misuse)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
