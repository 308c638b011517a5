/*
 * test_refused.c - what files, sinks, lists of paths, the codec, the writer of LAS, conversions and amendments do not take, and what is said of it. Each case is one that a
 * caller can bring about.
 */
#include "conversion.h"
#include "base/bytes.h"
#include "scree/copc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SAYS(call, wanted, part)                                                                   \
    do {                                                                                           \
        struct scree_error err = SCREE_ERROR_INIT;                                                 \
        const enum scree_status found = (call);                                                    \
        if (found != (wanted) || strstr(err.message, part) == NULL)                                \
            fail_msg("%s: status %d, '%s' instead of '%s'", #call, (int)found, err.message, part); \
    } while (0)

static char city[300], output[300];

/* ------------------------------------------------------------------------------------------- io */

static enum scree_status fail_read(void *user, const struct scree_range *ranges, size_t count,
                                   struct scree_error *err)
{
    (void)user, (void)ranges, (void)count, (void)err;
    return SCREE_E_IO;
}

static void count_close(void *user)
{
    ++*(int *)user;
}

static void test_sources(void **state)
{
    struct scree_source *source = NULL;
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, to[8];
    int closed = 0;
    (void)state;
    SAYS(scree_source_open_file(conversion_path("."), &source, &err), SCREE_E_IO,
         "not a regular file");
    /* Not waited for whoever might write to it: the test would not end. */
    assert_int_equal(mkfifo(conversion_path("pipe.laz"), 0666), 0);
    SAYS(scree_source_open_file(conversion_path("pipe.laz"), &source, &err), SCREE_E_IO,
         "pipe.laz: not a regular file");
    assert_int_equal(unlink(conversion_path("pipe.laz")), 0);
    SAYS(scree_source_open(conversion_path("nothing"), NULL, &source, &err), SCREE_E_IO, "nothing");
    assert_int_equal(scree_source_open_memory(bytes, 8, "bytes", &source, NULL), SCREE_OK);
    const struct scree_range ranges[2] = {{4, 8, to}, {100, 8, to}};
    assert_int_equal(scree_source_prefetch(source, ranges, 2, NULL), SCREE_OK);
    SAYS(scree_source_read_many(source, ranges, 2, &err), SCREE_E_DATA, "bytes");
    SAYS(scree_source_read_many(source, ranges, 0, &err), SCREE_OK, "");
    scree_source_close(source);
    assert_int_equal(scree_source_open_file(city, &source, NULL), SCREE_OK);
    assert_int_equal(scree_source_prefetch(source, ranges, 2, NULL), SCREE_OK);
    assert_int_equal(scree_source_prefetch(source, ranges, 0, NULL), SCREE_OK);
    scree_source_close(source);
    const struct scree_source_callbacks callbacks = {&closed, 50, fail_read, count_close};
    assert_int_equal(scree_source_open_callbacks(&callbacks, "mine", &source, NULL), SCREE_OK);
    SAYS(scree_source_read(source, 0, to, 8, &err), SCREE_E_IO, "");
    scree_source_close(source);
    assert_int_equal(closed, 1);
    scree_source_close(NULL);
}

static void test_sinks(void **state)
{
    struct scree_sink *sink = NULL;
    char long_path[5000];
    (void)state;
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    SAYS(scree_sink_open_file(long_path, true, &sink, &err), SCREE_E_ARGUMENT, "too long");
    SAYS(scree_sink_open_file(conversion_path("."), true, &sink, &err), SCREE_E_IO,
         "not a regular file");
    SAYS(scree_sink_open_file(conversion_path("no/where"), true, &sink, &err), SCREE_E_IO, "where");
    assert_int_equal(mkdir(conversion_path("taken.part"), 0777), 0);
    SAYS(scree_sink_open_file(conversion_path("taken"), true, &sink, &err), SCREE_E_IO,
         "taken.part");
    assert_int_equal(scree_sink_open_file(output, false, &sink, NULL), SCREE_OK);
    struct scree_sink *second = NULL;
    SAYS(scree_sink_open_file(output, false, &second, &err), SCREE_E_EXISTS, output);
    assert_int_equal(scree_sink_write(sink, "12345678", 8, NULL), SCREE_OK);
    SAYS(scree_sink_patch(sink, 5, "1234", 4, &err), SCREE_E_ARGUMENT, "beyond the end");
    conversion_write_file(output, "in between", 10); /* somebody else was faster */
    SAYS(scree_sink_commit(sink, &err), SCREE_E_EXISTS, output);
    scree_sink_close(sink);
    scree_sink_close(NULL);
    unlink(output);
}

static void test_paths(void **state)
{
    static const char *const endings[] = {".laz", NULL};
    static char line[5000];
    struct scree_path_list list = {0};
    char argument[310];
    (void)state;
    snprintf(argument, sizeof argument, "@%s", conversion_path("list.txt"));
    SAYS(scree_paths_expand(argument, endings, &list, &err), SCREE_E_IO, "list.txt");
    memset(line, 'x', sizeof line);
    conversion_write_file(argument + 1, line, sizeof line);
    SAYS(scree_paths_expand(argument, endings, &list, &err), SCREE_E_DATA, "line 1 is too long");
    conversion_write_file(argument + 1, "# a comment\n\n@other.txt\n", 23);
    SAYS(scree_paths_expand(argument, endings, &list, &err), SCREE_E_DATA, "cannot name lists");
    SAYS(scree_paths_expand(conversion_path("*.none"), endings, &list, &err), SCREE_E_IO, ".none");
    assert_int_equal(mkdir(conversion_path("empty"), 0777), 0);
    SAYS(scree_paths_expand(conversion_path("empty"), endings, &list, &err), SCREE_E_IO, "empty");
    snprintf(argument, sizeof argument, "@%s", conversion_path("empty"));
    SAYS(scree_paths_expand(argument, endings, &list, &err), SCREE_E_IO, "cannot be read");
    scree_path_list_release(&list);
    assert_null(list.paths);
}

/* ------------------------------------------------------------------------------------ laz and las */

static void test_layouts(void **state)
{
    struct scree_laz_layout layout, seven;
    struct scree_laz_decoder *decoder;
    struct scree_laz_chunk chunk;
    uint8_t payload[34 + 6 * 20], table[32] = {0};
    size_t bytes;
    uint64_t chunk_bytes;
    (void)state;
    SAYS(scree_laz_layout_init(&layout, 11, 0, 1, &err), SCREE_E_ARGUMENT, "11");
    SAYS(scree_laz_layout_init(&layout, 6, 70000, 1, &err), SCREE_E_ARGUMENT, "extra bytes");
    SAYS(scree_laz_layout_init(&layout, 6, 0, 0, &err), SCREE_E_ARGUMENT, "0 points");
    assert_int_equal(scree_laz_layout_init(&seven, 7, 0, 100, NULL), SCREE_OK);
    scree_laz_layout_vlr_write(&seven, payload);
    /* Colours twice; then more items than there can be. */
    const size_t one = scree_laz_layout_vlr_bytes(&seven);
    memcpy(payload + one, payload + one - 6, 6);
    payload[32] = 3;
    SAYS(scree_laz_layout_parse(payload, one + 6, 42, &layout, &err), SCREE_E_UNSUPPORTED,
         "the same attribute");
    for (size_t i = one + 6; i + 6 <= sizeof payload; i += 6)
        memcpy(payload + i, payload + one, 6);
    payload[32] = 17;
    SAYS(scree_laz_layout_parse(payload, 34 + 6 * 17, 42, &layout, &err), SCREE_E_UNSUPPORTED,
         "17 items");
    layout = seven;
    layout.record_bytes++;
    assert_int_equal(scree_laz_decoder_bytes(&layout), 0);
    assert_int_equal(scree_laz_encoder_bytes(&layout), 0);
    SAYS(scree_laz_decoder_init(payload, 1, &layout, 0, &decoder, &err), SCREE_E_DATA,
         "items have");
    struct scree_laz_encoder *encoder;
    SAYS(scree_laz_encoder_init(payload, 1, &layout, &encoder, &err), SCREE_E_DATA, "items have");
    SAYS(scree_laz_encoder_init(payload, 1, &seven, &encoder, &err), SCREE_E_ARGUMENT, "needs");
    assert_int_equal(scree_laz_layout_init(&layout, 3, 0, 100, NULL), SCREE_OK);
    SAYS(scree_laz_layered_chunk_size(&layout, payload, 100, &chunk_bytes, NULL, &err),
         SCREE_E_ARGUMENT, "only layered");
    void *memory = aligned_alloc(64, (scree_laz_decoder_bytes(&layout) + 63) / 64 * 64);
    assert_int_equal(scree_laz_decoder_init(memory, scree_laz_decoder_bytes(&layout), &layout, 0,
                                            &decoder, NULL),
                     SCREE_OK);
    SAYS(scree_laz_decoder_end(decoder, NULL, &err), SCREE_E_ARGUMENT, "no chunk is begun");
    SAYS(scree_laz_decoder_next(decoder, payload, 34, 1, &err), SCREE_E_ARGUMENT,
         "no chunk is begun");
    SAYS(scree_laz_decoder_begin(decoder, payload, 100, 0, &err), SCREE_E_ARGUMENT,
         "at least one point");
    free(memory);
    SAYS(scree_laz_chunk_table_read(table, sizeof table, false, &chunk, 7, &bytes, &err),
         SCREE_E_ARGUMENT, "entries, not 7");
    struct scree_laz_chunk large = {(uint64_t)1 << 40, 3};
    SAYS(scree_laz_chunk_table_write(&large, 1, false, table, 1, &bytes, &err), SCREE_E_ARGUMENT,
         "room for");
    SAYS(scree_laz_chunk_table_write(&large, 1, false, payload, sizeof payload, &bytes, &err),
         SCREE_E_ARGUMENT, "");
}

static void test_writer(void **state)
{
    const struct las_recipe recipe = {.version_minor = 2, .point_format = 1};
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree_sink *sink;
    struct scree_las_writer *writer = NULL;
    struct scree_las_vlr vlr = {.user_id = "a", .record_id = 1, .payload_bytes = 70000};
    (void)state;
    las_make_header(&recipe, &header);
    assert_int_equal(scree_laz_layout_init(&layout, 1, 0, 100, NULL), SCREE_OK);
    assert_int_equal(scree_sink_open_file(output, true, &sink, NULL), SCREE_OK);
    layout.chunk_points = 0;
    SAYS(scree_las_writer_new(sink, &header, NULL, 0, &layout, &writer, &err), SCREE_E_ARGUMENT,
         "chunks of 0 points");
    layout.chunk_points = 100;
    header.record_bytes = 50;
    SAYS(scree_las_writer_new(sink, &header, NULL, 0, &layout, &writer, &err), SCREE_E_ARGUMENT,
         "the LAZ layout's 28");
    header.record_bytes = 28;
    SAYS(scree_las_writer_new(sink, &header, &vlr, 1, &layout, &writer, &err), SCREE_E_ARGUMENT,
         "");
    assert_int_equal(scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, NULL), SCREE_OK);
    SAYS(scree_las_writer_add_evlr(writer, &vlr, NULL, NULL, &err), SCREE_E_ARGUMENT,
         "without a payload");
    vlr.payload_bytes = 0;
    SAYS(scree_las_writer_add_evlr(writer, &vlr, NULL, NULL, &err), SCREE_E_ARGUMENT,
         "has no EVLRs");
    SAYS(scree_las_writer_add_records(writer, (const uint8_t *)"", UINT64_MAX, &err),
         SCREE_E_ARGUMENT, "records at once");
    SAYS(scree_las_writer_add_chunk(writer, (const uint8_t *)"", 1, 1, NULL, &err),
         SCREE_E_ARGUMENT, "");
    struct scree_las_summary summary;
    scree_las_summary_init(&summary);
    summary.point_count = 3;
    SAYS(scree_las_writer_finish(writer, &summary, &err), SCREE_E_DATA, "3 were expected");
    scree_las_writer_free(writer);
    scree_las_writer_free(NULL);
    SAYS(scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, &err), SCREE_E_ARGUMENT,
         "not at its beginning");
    scree_sink_close(sink);
}

static void test_cursor(void **state)
{
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    struct scree_las_unit unit;
    (void)state;
    assert_int_equal(scree_source_open_file(city, &source, NULL), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    assert_int_equal(scree_las_cursor_new(reader, 0, &cursor, NULL), SCREE_OK);
    const uint64_t units = scree_las_unit_count(reader);
    SAYS(scree_las_cursor_open(cursor, units, &err), SCREE_E_ARGUMENT, "there is no unit");
    scree_las_unit(reader, units, &unit);
    assert_true(unit.point_count == 0 && unit.bytes == 0);
    assert_null(scree_las_vlr(reader, UINT64_MAX));
    assert_null(scree_las_extra_byte(reader, UINT32_MAX));
    assert_null(scree_las_remark(reader, UINT64_MAX));
    assert_int_equal(scree_las_format_bytes(11), 0);
    scree_las_cursor_free(cursor);
    scree_las_cursor_free(NULL);
    scree_las_close(reader);
    scree_las_close(NULL);
    scree_source_close(source);
}

/* ------------------------------------------------------------------------------------------ copc */

static void test_conversions(void **state)
{
    struct scree_context *context = conversion_context(1, (uint64_t)64 << 20);
    const char *inputs[] = {city};
    struct scree_convert_job *job = NULL;
    struct scree_convert_options options = conversion_options(inputs, 0, output);
    (void)state;
    SAYS(scree_convert_open(context, &options, &job, &err), SCREE_E_ARGUMENT, "no input");
    options = conversion_options(inputs, 1, NULL);
    SAYS(scree_convert_open(context, &options, &job, &err), SCREE_E_ARGUMENT, "no output");
    options = conversion_options(inputs, 1, output);
    options.scale[0] = options.scale[2] = 1;
    options.scale[1] = -1;
    SAYS(scree_convert_open(context, &options, &job, &err), SCREE_E_ARGUMENT, "scale -1");
    options.scale[0] = options.scale[1] = options.scale[2] = 0;
    assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
    assert_int_equal(scree_convert_run(job, NULL, NULL), SCREE_OK);
    SAYS(scree_convert_run(job, NULL, &err), SCREE_E_ARGUMENT, "runs once");
    scree_convert_close(job);
    scree_convert_close(NULL);
    scree_context_free(context);
    unlink(output);
}

static void test_amendments(void **state)
{
    struct scree_context *context = conversion_context(1, (uint64_t)64 << 20);
    static char long_path[5000];
    struct scree_amend_options options;
    (void)state;
    scree_amend_options_init(&options);
    options.path = city;
    SAYS(scree_amend(context, &options, NULL, &err), SCREE_E_ARGUMENT, "nothing to change");
    options.temporal_stride = 5;
    memset(long_path, 'x', sizeof long_path - 1);
    options.output = long_path;
    SAYS(scree_amend(context, &options, NULL, &err), SCREE_E_ARGUMENT, "too long");
    options.output = NULL;
    options.crs = "no such thing";
    SAYS(scree_amend(context, &options, NULL, &err), SCREE_E_ARGUMENT, "no such thing");
    options.crs = NULL;
    /* Another run is at work on it. */
    const int held = open(city, O_RDWR);
    assert_true(held >= 0 && flock(held, LOCK_EX | LOCK_NB) == 0);
    SAYS(scree_amend(context, &options, NULL, &err), SCREE_E_EXISTS, "another run");
    close(held);
    scree_context_free(context);
}

static int set_up(void **state)
{
    if (conversion_make_folder(state) != 0)
        return -1;
    snprintf(city, sizeof city, "%s", conversion_path("city.copc.laz"));
    snprintf(output, sizeof output, "%s", conversion_path("out.copc.laz"));
    char survey[300];
    snprintf(survey, sizeof survey, "%s", conversion_path("survey.laz"));
    conversion_make_survey(survey, 500, 1, 6);
    const char *inputs[] = {survey};
    const struct scree_convert_options options = conversion_options(inputs, 1, city);
    conversion_succeeds(&options, 1, NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),     cmocka_unit_test(test_sinks),
        cmocka_unit_test(test_paths),       cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_writer),      cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_conversions), cmocka_unit_test(test_amendments),
    };
    return cmocka_run_group_tests(tests, set_up, conversion_remove_folder);
}
