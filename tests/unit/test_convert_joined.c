/* test_convert_joined.c - what a conversion makes of several inputs: their formats, CRSs and kinds of time, returns and colours, VLRs, the header. */
#include "conversion.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"
#include "scree/synth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* -------------------------------------------------------------------------------------- joining */

/* Thousands of nodes: the hierarchy takes several pages, none above 64 KiB, and every node is
 * reached. */
static void a_hierarchy_of_many_pages(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 700000};
    uint8_t *records = las_make_records(&recipe);
    for (uint32_t i = 0; i < recipe.point_count;
         i++) { /* along a line a node takes 128 points at most */
        scree__base_store32(records + i * 30, i * 3);
        scree__base_store32(records + i * 30 + 4, i * 2);
        scree__base_store32(records + i * 30 + 8, i / 1000);
    }
    conversion_make_file(conversion_path("many.las"), &recipe, records);
    free(records);
    const char *inputs[] = {conversion_path("many.las")};
    const char *output = conversion_path("many.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, 1, output);
    struct scree_convert_job *job;
    struct scree_convert_result result;
    struct scree_context *context = conversion_context(2, (uint64_t)1 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    job->limits.leaf_max = 60;
    job->limits.leaf_min = 10;
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    assert_true(result.node_count > 2 * 2048);
    assert_true(result.page_count > 2);
    assert_int_equal(result.points_out, 700000);
    conversion_is_valid(output);
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    assert_int_equal(scree_source_open_file(output, &source, NULL), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    assert_int_equal(scree_copc_open(reader, NULL, &copc, NULL), SCREE_OK);
    assert_int_equal(scree_copc_entry_count(copc), result.node_count);
    assert_int_equal(scree_copc_page_count(copc), result.page_count);
    assert_true(scree_copc_info(copc)->root_page_bytes <= 65536);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
}

static void formats_are_joined(void **state)
{
    (void)state;
    static const struct {
        unsigned a, b, out;
        uint32_t bytes;
    } cases[] = {{0, 1, 6, 30}, {1, 2, 7, 36}, {6, 8, 8, 38}, {3, 10, 8, 38}, {4, 9, 6, 30}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct las_recipe a = {.version_minor = cases[i].a < 6 ? 3 : 4,
                               .point_format = cases[i].a,
                               .point_count = 700};
        struct las_recipe b = {.version_minor = cases[i].b < 6 ? 3 : 4,
                               .point_format = cases[i].b,
                               .point_count = 800};
        conversion_make_file(conversion_path("a.las"), &a, NULL);
        conversion_make_file(conversion_path("b.las"), &b, NULL);
        const char *inputs[] = {conversion_path("a.las"), conversion_path("b.las")};
        struct scree_convert_options options =
            conversion_options(inputs, 2, conversion_path("ab.copc.laz"));
        conversion_succeeds(&options, 2, NULL);
        bool waves = cases[i].a == 4 || cases[i].b == 10;
        assert_int_equal(strstr(conversion_warnings, "waveform") != NULL, waves);
        conversion_is_valid(conversion_path("ab.copc.laz"));
        struct las_outcome outcome;
        assert_int_equal(conversion_records(conversion_path("ab.copc.laz"), &outcome), 1500);
        assert_int_equal(outcome.record_bytes, cases[i].bytes);
        las_outcome_free(&outcome);
    }
}

static void patch16(const char *path, size_t at, uint16_t value)
{
    struct las_bytes file = las_bytes_of_file(path);
    scree__base_store16(file.bytes + at, value);
    conversion_write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
}

static void two_kinds_of_gps_time_are_refused(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    char message[1000];
    conversion_make_file(conversion_path("week.las"), &recipe, NULL);
    conversion_make_file(conversion_path("standard.las"), &recipe, NULL);
    patch16(conversion_path("week.las"), 6, 0);
    patch16(conversion_path("standard.las"), 6, SCREE_LAS_GPS_STANDARD_TIME);
    const char *inputs[] = {conversion_path("week.las"), conversion_path("standard.las")};
    struct scree_convert_options options =
        conversion_options(inputs, 2, conversion_path("gps.copc.laz"));
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "week.las"));
    assert_non_null(strstr(message, "standard.las"));
    conversion_left_nothing(conversion_path("gps.copc.laz"));
    options = conversion_options(inputs + 1, 1, conversion_path("gps.copc.laz"));
    conversion_succeeds(&options, 1, NULL);
    struct las_bytes file = las_bytes_of_file(conversion_path("gps.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 6),
                     SCREE_LAS_GPS_STANDARD_TIME | SCREE_LAS_WKT);
    las_bytes_free(&file);
}

static void crs_texts_must_agree(void **state)
{
    (void)state;
    static const char metres[] = "LOCAL_CS[\"a\",UNIT[\"metre\",1]]";
    static const char feet[] = "LOCAL_CS[\"b\",UNIT[\"foot\",0.3048]]";
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    struct scree_las_vlr wkt = {.user_id = "LASF_Projection", .record_id = 2112};
    char message[1000];
    recipe.vlrs = &wkt;
    recipe.vlr_count = 1;
    wkt.payload = (const uint8_t *)metres;
    wkt.payload_bytes = sizeof metres;
    conversion_make_file(conversion_path("metres.las"), &recipe, NULL);
    wkt.payload = (const uint8_t *)feet;
    wkt.payload_bytes = sizeof feet;
    conversion_make_file(conversion_path("feet.las"), &recipe, NULL);
    const char *inputs[] = {conversion_path("metres.las"), conversion_path("feet.las")};
    struct scree_convert_options options =
        conversion_options(inputs, 2, conversion_path("crs.copc.laz"));
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "metres.las"));
    assert_non_null(strstr(message, "--crs"));
    conversion_left_nothing(conversion_path("crs.copc.laz"));
    options.crs = metres;
    conversion_succeeds(&options, 1, NULL);
    conversion_is_valid(conversion_path("crs.copc.laz"));
}

/* What files say of their CRS is read once where they say the same; what was noted of it is said of each, and one that says something else is heard. */
static void crs_that_was_said_before(void **state)
{
    (void)state;
    static const char *const texts[] = {"PROJCS[\"half", "PROJCS[\"half",
                                        "LOCAL_CS[\"b\",UNIT[\"metre\",1]]"};
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    struct scree_las_vlr wkt = {.user_id = "LASF_Projection", .record_id = 2112};
    const char *inputs[] = {conversion_path("said_a.las"), conversion_path("said_b.las"),
                            conversion_path("said_c.las")};
    const char *output = conversion_path("said.copc.laz");
    char message[1000];
    recipe.vlrs = &wkt;
    recipe.vlr_count = 1;
    for (unsigned i = 0; i < 3; i++) {
        wkt.payload = (const uint8_t *)texts[i];
        wkt.payload_bytes = strlen(texts[i]);
        conversion_make_file(inputs[i], &recipe, NULL);
    }
    struct scree_convert_options options = conversion_options(inputs, 2, output);
    conversion_succeeds(&options, 1, NULL);
    bool noted = strstr(conversion_warnings, "said_a.las: PROJ") != NULL; /* not without PROJ */
    assert_true(noted == (strstr(conversion_warnings, "said_b.las: PROJ") != NULL));
    options.input_count = 3;
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "said_c.las"));
    options.input_count = 2;
    options.inputs = inputs + 1;
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_MISMATCH);
}

/* ------------------------------------------------------------------------------------ repairing */

static void returns_and_colours_are_repaired_when_asked(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 7, .point_count = 300};
    uint8_t *records = las_make_records(&recipe);
    for (uint64_t i = 0; i < recipe.point_count; i++) {
        uint8_t *record = records + i * 36;
        record[14] = (uint8_t)(i == 0 ? 0x00 : i == 1 ? 0x13 : 0x21); /* 0 of 0, 3 of 1, 1 of 2 */
        for (int c = 0; c < 3; c++)
            scree__base_store16(record + 30 + 2 * c, (uint16_t)(i % 256));
    }
    conversion_make_file(conversion_path("repair.las"), &recipe, records);
    const char *inputs[] = {conversion_path("repair.las")};
    for (int repair = 0; repair < 2; repair++) {
        struct scree_convert_options options =
            conversion_options(inputs, 1, conversion_path("repair.copc.laz"));
        options.fix_returns = options.scale_colors = repair;
        conversion_succeeds(&options, 2, NULL);
        assert_int_equal(strstr(conversion_warnings, "--fix-returns") != NULL, !repair);
        assert_int_equal(strstr(conversion_warnings, "--scale-colors") != NULL, !repair);
        struct las_outcome outcome;
        assert_int_equal(conversion_records(conversion_path("repair.copc.laz"), &outcome), 300);
        uint64_t zero = 0, excess = 0, color_max = 0;
        for (uint64_t i = 0; i < 300; i++) {
            const uint8_t *record = outcome.records + i * 36;
            zero += (record[14] & 15) == 0;
            excess += (record[14] & 15) > record[14] >> 4;
            uint64_t red = scree__base_load16(record + 30);
            color_max = red > color_max ? red : color_max;
        }
        assert_int_equal(zero, repair ? 0 : 1);
        assert_int_equal(excess, repair ? 0 : 1);
        assert_int_equal(color_max, repair ? 65535 : 255);
        las_outcome_free(&outcome);
    }
    free(records);
}

/* --------------------------------------------------------------------------------- header, VLRs */

static void records_are_forwarded(void **state)
{
    (void)state;
    static const uint8_t note[] = "made by hand", large[65000] = {1, 2, 3};
    struct scree_las_vlr vlrs[4] = {
        {.user_id = "someone", .record_id = 7, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "copc", .record_id = 1, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "LAStools", .record_id = 30, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "someone", .record_id = 8, .payload = large, .payload_bytes = sizeof large}};
    struct scree_las_vlr evlr = {.user_id = "someone",
                                 .record_id = 9,
                                 .extended = true,
                                 .payload = note,
                                 .payload_bytes = sizeof note};
    for (uint64_t count = 3; count <= 4; count++) {
        struct las_recipe recipe = {.version_minor = 4,
                                    .point_format = 6,
                                    .point_count = 60,
                                    .vlrs = vlrs,
                                    .vlr_count = count,
                                    .evlrs = &evlr,
                                    .evlr_count = 1};
        conversion_make_file(conversion_path("v1.las"), &recipe, NULL);
        recipe.point_count = 70;
        conversion_make_file(conversion_path("v2.las"), &recipe, NULL);
        const char *inputs[] = {conversion_path("v1.las"), conversion_path("v2.las")};
        struct scree_convert_options options =
            conversion_options(inputs, 2, conversion_path("v.copc.laz"));
        conversion_succeeds(&options, 1, NULL);
        conversion_is_valid(conversion_path("v.copc.laz"));
        struct scree_source *source;
        struct scree_las_reader *reader;
        assert_int_equal(scree_source_open_file(conversion_path("v.copc.laz"), &source, NULL),
                         SCREE_OK);
        assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
        unsigned found[10] = {0};
        for (uint64_t i = 0; i < scree_las_vlr_count(reader); i++) {
            const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
            assert_string_not_equal(vlr->user_id, "LAStools");
            if (strcmp(vlr->user_id, "someone") == 0) {
                found[vlr->record_id]++;
                assert_memory_equal(vlr->payload, vlr->record_id == 8 ? large : note,
                                    vlr->payload_bytes);
                /* With the large one the head would pass 64 KiB: then they come after the points.
                 */
                assert_int_equal(vlr->extended, vlr->record_id == 9 || count == 4);
            }
        }
        assert_int_equal(found[7], 1);
        assert_int_equal(found[8], count == 4);
        assert_int_equal(found[9], 1);
        assert_true(scree_copc_is(reader));
        scree_las_close(reader);
        scree_source_close(source);
    }
}

static void header_of_the_output(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 40};
    conversion_make_file(conversion_path("old.las"), &recipe, NULL);
    conversion_make_file(conversion_path("new.las"), &recipe, NULL);
    patch16(conversion_path("old.las"), 90, 300);
    patch16(conversion_path("old.las"), 92, 2019);
    patch16(conversion_path("new.las"), 90, 20);
    patch16(conversion_path("new.las"), 92, 2023);
    patch16(conversion_path("old.las"), 4, 5);
    patch16(conversion_path("new.las"), 4, 5);
    const char *inputs[] = {conversion_path("old.las"), conversion_path("new.las")};
    struct scree_convert_options options =
        conversion_options(inputs, 2, conversion_path("h.copc.laz"));
    conversion_succeeds(&options, 1, NULL);
    struct las_bytes file = las_bytes_of_file(conversion_path("h.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 90), 20);
    assert_int_equal(scree__base_load16(file.bytes + 92), 2023);
    assert_int_equal(scree__base_load16(file.bytes + 4), 5);
    assert_memory_equal(file.bytes + 58, "scree ", 6);
    las_bytes_free(&file);
    options.creation_seconds = 1709164800; /* 29 February 2024 */
    conversion_succeeds(&options, 1, NULL);
    file = las_bytes_of_file(conversion_path("h.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 90), 60);
    assert_int_equal(scree__base_load16(file.bytes + 92), 2024);
    las_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hierarchy_of_many_pages),
        cmocka_unit_test(formats_are_joined),
        cmocka_unit_test(two_kinds_of_gps_time_are_refused),
        cmocka_unit_test(crs_texts_must_agree),
        cmocka_unit_test(crs_that_was_said_before),
        cmocka_unit_test(returns_and_colours_are_repaired_when_asked),
        cmocka_unit_test(records_are_forwarded),
        cmocka_unit_test(header_of_the_output),
    };
    return cmocka_run_group_tests(tests, conversion_make_folder, conversion_remove_folder);
}
