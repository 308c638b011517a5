/*
 * test_enrich_copc.c - enriched COPC files: the same nodes, pages and points, an index of time that is true, other kinds of files and back; hierarchies and indexes
 * of time that are damaged are refused. Values are made up.
 */
#include "context.h"
#include "conversion.h"
#include "enrich_made.h"
#include "copc/job.h"
#include "test_validate_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct made_run two = {2, (uint64_t)256 << 20};

/* A COPC file of many nodes and hierarchy pages, with a temporal index. */
static struct las_bytes make_copc(void)
{
    enum { COUNT = 20000 };
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 7, .point_count = COUNT, .chunk_points = 5000};
    struct scree_convert_options options;
    struct scree_convert_job *job;
    struct scree_context *context = context_with(2, 0);
    uint8_t *records = las_make_records(&recipe);
    uint32_t noise = 1;
    for (uint64_t i = 0; i < COUNT; i++)
        for (uint32_t axis = 0; axis < 3; axis++) { /* in heaps with a dense middle */
            const uint32_t heap = (uint32_t)(i % 2000) * (2 * axis + 1) * 2654435761u >> 16;
            noise = noise * 1664525u + 1013904223u;
            scree__base_store32(records + 36 * i + 4 * axis, heap + (256u >> (noise >> 28)));
        }
    struct las_bytes made = las_make(&recipe, records);
    char input[300], output[300];
    snprintf(input, sizeof input, "%s", las_temporary_path("made.las"));
    snprintf(output, sizeof output, "%s.copc.laz", input);
    conversion_write_file(input, made.bytes, made.count);
    const char *list[] = {input};
    scree_convert_options_init(&options);
    options.inputs = list;
    options.input_count = 1;
    options.output = output;
    options.temporal_stride = 3;
    if (scree_convert_open(context, &options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    job->limits.leaf_max = 4;
    job->limits.leaf_min = 2;
    assert_int_equal(scree_convert_run(job, NULL, &err), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    las_bytes_free(&made);
    free(records);
    made = las_bytes_of_file(output);
    unlink(output);
    unlink(input);
    return made;
}

static void say(void *user, const struct scree_finding *finding)
{
    (void)user;
    printf("%s: %s\n", finding->rule, finding->message);
}

static struct scree_validate_report judge(const struct las_bytes *file)
{
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_context *context = context_with(2, 0);
    struct scree_source *source;
    scree_validate_options_init(&options);
    options.finding = say;
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made", &source, NULL),
                     SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, NULL), SCREE_OK);
    scree_source_close(source);
    scree_context_free(context);
    return report;
}

/* The same nodes, pages and points; every rule of COPC holds, the temporal index is true. */
static void test_copc(void **state)
{
    (void)state;
    struct las_bytes file = make_copc();
    const struct scree_validate_report before = judge(&file);
    struct made_change made;
    assert_int_equal(before.error_count, 0);
    assert_true(before.page_count > 1 && before.temporal_page_count > 1);
    made_change(&made, scree_enrich_mode_features(SCREE_ENRICH_CORE), false, false, 1);
    struct las_bytes out = made_rewrite_well(&file, &made);
    const struct scree_validate_report after = judge(&out);
    assert_true(after.is_copc);
    assert_int_equal(after.error_count, 0);
    assert_int_equal(after.warning_count, before.warning_count);
    assert_int_equal(after.node_count, before.node_count);
    assert_int_equal(after.page_count, before.page_count);
    assert_int_equal(after.point_count, before.point_count);
    assert_int_equal(after.temporal_page_count, before.temporal_page_count);
    assert_int_equal(after.temporal_stride, 3);
    made_check_comes_back(&out, &file);
    made_check_all(&file, "COPC", two);
    las_bytes_free(&file);
    las_bytes_free(&out);
}

/* COPC to LAZ and LAS, LAS to LAZ and back: another kind, the same records. */
static void test_other_kinds(void **state)
{
    (void)state;
    struct las_bytes file = make_copc();
    struct made_change made;
    uint64_t counts[2];
    uint32_t bytes[2];
    uint8_t *records = made_records(&file, &counts[0], &bytes[0]);
    made_change(&made, 7, false, false, 1);
    for (unsigned kind = SCREE__ENRICH_LAS; kind <= SCREE__ENRICH_LAZ; kind++) {
        made.change.kind = (enum scree__enrich_kind)kind;
        struct las_bytes out = made_rewrite_well(&file, &made);
        const struct scree_validate_report report = judge(&out);
        assert_int_equal(report.error_count, 0);
        assert_false(report.is_copc);
        assert_int_equal(report.is_laz, kind == SCREE__ENRICH_LAZ);
        made.change.kind = kind == SCREE__ENRICH_LAS ? SCREE__ENRICH_LAZ : SCREE__ENRICH_LAS;
        struct las_bytes back = made_rewrite_well(&out, &made);
        uint8_t *then = made_records(&back, &counts[1], &bytes[1]);
        assert_int_equal(counts[0], counts[1]);
        assert_int_equal(bytes[1], bytes[0] + 12);
        for (uint64_t i = 0; i < counts[0]; i++)
            assert_memory_equal(then + i * bytes[1], records + i * bytes[0], bytes[0]);
        free(then);
        las_bytes_free(&out);
        las_bytes_free(&back);
    }
    free(records);
    las_bytes_free(&file);
}

/* ---------------------------------------------------------------------------------------- damaged */

/* 4 bytes, or 8 where `wide` is set, at a place of the small file become `value`; and what the rewriter says of that. */
static const struct damage {
    enum place place;
    unsigned at;
    bool wide;
    uint64_t value;
    const char *said;
} damages[] = {
    {PAGE, 16, true, 400, "a node of the hierarchy that is no chunk"},
    {PAGE, 28, false, 3, "a node of the hierarchy that is no chunk"},
    {PAGE, 96 + 28, false, 0, NULL}, /* no pointer: the page below is not read */
    {TEMPORAL, 16, true, 0, "a page of the temporal index that cannot be"},
    {TEMPORAL, 24, false, 100000, "a page of the temporal index that cannot be"},
    {TEMPORAL, 24, false, 10, "the temporal index is damaged"},
    {TIMES, 16, false, 1000, "the temporal index is damaged"},
    {POINTER, 20, true, 375, "a page of the temporal index that cannot be"},
    {POINTER, 28, false, 30, "the temporal index is damaged"},
    {TIMES_BELOW, 16, false, 0,
     "a page of the temporal index that cannot be"}, /* samples as a pointer */
};

static void check_damage(struct file *file, const char *said)
{
    const struct las_bytes bytes = {file->bytes, file->byte_count};
    struct las_bytes out;
    struct made_change made;
    struct scree_error err;
    made_change(&made, 7, false, false, 1);
    const enum scree_status status = made_rewrite(&bytes, &made, two, &out, &err);
    if (said == NULL ? status != SCREE_OK
                     : status != SCREE_E_DATA || strstr(err.message, said) == NULL)
        fail_msg("'%s', not '%s'", err.message, said == NULL ? "" : said);
    if (status == SCREE_OK)
        las_bytes_free(&out);
    free(file->bytes);
}

static void test_damaged(void **state)
{
    (void)state;
    const struct recipe sound = {.temporal = true};
    struct file file = file_make(&sound);
    check_damage(&file, NULL);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        file = file_make(&sound);
        uint8_t *at = file.bytes + file.places[damages[i].place] + damages[i].at;
        if (damages[i].wide)
            scree__base_store64(at, damages[i].value);
        else
            scree__base_store32(at, (uint32_t)damages[i].value);
        check_damage(&file, damages[i].said);
    }
}

/* Pages behind the record, and an index of time that is a VLR. */
static void test_misplaced(void **state)
{
    (void)state;
    const struct recipe behind = {.tail_bytes = 64}, early = {.temporal_vlr = true};
    struct file file = file_make(&behind);
    const size_t tail = file.byte_count - 64;
    memcpy(file.bytes + tail, file.bytes + file.places[CHILD_PAGE], 64);
    scree__base_store64(file.bytes + file.places[PAGE] + 96 + 16, tail);
    check_damage(&file, "a hierarchy page outside of its record");
    file = file_make(&early);
    check_damage(&file, "a COPC record that is no EVLR, or empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copc),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_misplaced),
    };
    return cmocka_run_group_tests(tests, NULL, las_tear_down);
}
