/* test_las_extra_bytes.c - extra-bytes descriptors cover a record's extra bytes exactly, whatever
 * the records say. */
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DESCRIPTORS_MAX 40

struct fixture {
    uint8_t payload[DESCRIPTORS_MAX * 192];
    struct scree_las_vlr vlrs[2];
    struct las_bytes file;
    struct scree_source *source;
    struct scree_las_reader *reader;
};

static void describe(uint8_t *descriptor, unsigned type, unsigned options, const char *name)
{
    memset(descriptor, 0, 192);
    descriptor[2] = (uint8_t)type;
    descriptor[3] = (uint8_t)options;
    memcpy(descriptor + 4, name, strlen(name));
    memcpy(descriptor + 160, "about ", 6);
    memcpy(descriptor + 166, name, strlen(name) < 26 ? strlen(name) : 26);
}

/* A file with `extra_bytes` extra bytes and descriptors [0, first) in one record, [first, count) in
 * another. */
static void open_with(struct fixture *fixture, uint32_t extra_bytes, uint64_t first, uint64_t count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .extra_bytes = extra_bytes,
                                .vlrs = fixture->vlrs,
                                .vlr_count = count > first ? 2 : 1};
    for (int i = 0; i < 2; i++) {
        struct scree_las_vlr *vlr = &fixture->vlrs[i];
        memset(vlr, 0, sizeof *vlr);
        snprintf(vlr->user_id, sizeof vlr->user_id, "LASF_Spec");
        vlr->record_id = 4;
        vlr->payload = fixture->payload + (i == 0 ? 0 : first * 192);
        vlr->payload_bytes = (i == 0 ? first : count - first) * 192;
    }
    fixture->file = las_make(&recipe, NULL);
    assert_int_equal(scree_source_open_memory(fixture->file.bytes, fixture->file.count, "made",
                                              &fixture->source, &err),
                     SCREE_OK);
    assert_int_equal(scree_las_open(fixture->source, NULL, &fixture->reader, &err), SCREE_OK);
    uint32_t offset = 0;
    for (uint32_t i = 0; i < scree_las_extra_byte_count(fixture->reader); i++) {
        assert_int_equal(scree_las_extra_byte(fixture->reader, i)->offset, offset);
        offset += scree_las_extra_byte(fixture->reader, i)->bytes;
    }
    assert_int_equal(offset, extra_bytes);
}

static void close_again(struct fixture *fixture)
{
    scree_las_close(fixture->reader);
    scree_source_close(fixture->source);
    las_bytes_free(&fixture->file);
}

static void expect_remark(const struct fixture *fixture, const char *words)
{
    for (uint64_t i = 0; i < scree_las_remark_count(fixture->reader); i++)
        if (strstr(scree_las_remark(fixture->reader, i), words) != NULL)
            return;
    fail_msg("no remark has the words: %s", words);
}

static void test_every_type(void **state)
{
    (void)state;
    static const uint32_t scalar[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    struct fixture fixture;
    uint32_t total = 17;
    describe(fixture.payload, 0, 17, "undocumented");
    for (unsigned type = 1; type <= 30; type++) {
        char name[20];
        snprintf(name, sizeof name, "type %u", type);
        describe(fixture.payload + type * 192, type, 0x1F, name);
        total += scalar[(type - 1) % 10] * ((type - 1) / 10 + 1);
    }
    for (uint64_t first = 1; first <= 31; first += 10) {
        open_with(&fixture, total, first, 31);
        assert_int_equal(scree_las_remark_count(fixture.reader), 0);
        assert_int_equal(scree_las_extra_byte_count(fixture.reader), 31);
        for (uint32_t i = 0; i < 31; i++) {
            const struct scree_las_extra_byte *extra = scree_las_extra_byte(fixture.reader, i);
            char name[20], description[30];
            snprintf(name, sizeof name, i == 0 ? "undocumented" : "type %u", i);
            snprintf(description, sizeof description, "about %s", name);
            assert_string_equal(extra->name, name);
            assert_string_equal(extra->description, description);
            assert_int_equal(extra->data_type, i);
            assert_int_equal(extra->options, i == 0 ? 17 : 0x1F);
            assert_int_equal(extra->bytes, i == 0 ? 17 : scalar[(i - 1) % 10] * ((i - 1) / 10 + 1));
            assert_memory_equal(extra->raw, fixture.payload + i * 192, 192);
        }
        assert_null(scree_las_extra_byte(fixture.reader, 31));
        close_again(&fixture);
    }
}

static void test_undescribed(void **state)
{
    (void)state;
    struct fixture fixture;
    describe(fixture.payload, 3, 0, "two bytes");
    open_with(&fixture, 7, 1, 1);
    assert_int_equal(scree_las_extra_byte_count(fixture.reader), 2);
    const struct scree_las_extra_byte *rest = scree_las_extra_byte(fixture.reader, 1);
    assert_string_equal(rest->name, "");
    assert_int_equal(rest->data_type, 0);
    assert_int_equal(rest->options, 5);
    assert_int_equal(rest->bytes, 5);
    expect_remark(&fixture, "5 bytes of a record");
    close_again(&fixture);
}

static void test_beyond_record(void **state)
{
    (void)state;
    struct fixture fixture;
    describe(fixture.payload, 5, 0, "fits");
    describe(fixture.payload + 192, 10, 0, "does not");
    describe(fixture.payload + 384, 1, 0, "comes after");
    open_with(&fixture, 6, 2, 3);
    assert_int_equal(scree_las_extra_byte_count(fixture.reader), 2);
    assert_string_equal(scree_las_extra_byte(fixture.reader, 0)->name, "fits");
    assert_int_equal(scree_las_extra_byte(fixture.reader, 1)->bytes, 2);
    expect_remark(&fixture, "needs 8 bytes, the record has 2 left");
    close_again(&fixture);
    open_with(&fixture, 0, 3, 3);
    assert_int_equal(scree_las_extra_byte_count(fixture.reader), 0);
    expect_remark(&fixture, "needs 4 bytes, the record has 0 left");
    close_again(&fixture);
}

static void test_odd_descriptors(void **state)
{
    (void)state;
    struct fixture fixture;
    describe(fixture.payload, 0, 0, "no size");
    describe(fixture.payload + 192, 1, 0, "a byte");
    describe(fixture.payload + 384, 31, 0, "unknown");
    describe(fixture.payload + 576, 1, 0, "after it");
    open_with(&fixture, 4, 4, 4);
    assert_int_equal(scree_las_extra_byte_count(fixture.reader), 2);
    assert_string_equal(scree_las_extra_byte(fixture.reader, 0)->name, "a byte");
    assert_int_equal(scree_las_extra_byte(fixture.reader, 1)->bytes, 3);
    expect_remark(&fixture, "of no size");
    expect_remark(&fixture, "of unknown type 31");
    close_again(&fixture);
}

/* A name of all 32 characters has no NUL in the file; a record may be no multiple of 192. */
static void test_long_name(void **state)
{
    (void)state;
    struct fixture fixture;
    describe(fixture.payload, 1, 0, "a name of thirty-two characters.");
    describe(fixture.payload + 192, 1, 0, "cut");
    open_with(&fixture, 1, 2, 2);
    assert_string_equal(scree_las_extra_byte(fixture.reader, 0)->name,
                        "a name of thirty-two characters.");
    close_again(&fixture);
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .extra_bytes = 1, .vlrs = fixture.vlrs};
    recipe.vlr_count = 1;
    fixture.vlrs[0].payload_bytes = 192 + 100;
    fixture.file = las_make(&recipe, NULL);
    struct las_outcome outcome = las_read_bytes(&fixture.file, 0, 1);
    assert_int_equal(outcome.status, SCREE_OK);
    assert_int_equal(outcome.remark_count, 1);
    assert_non_null(strstr(outcome.remark, "no multiple of 192"));
    las_bytes_free(&fixture.file);
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
        cmocka_unit_test(test_every_type), cmocka_unit_test(test_undescribed),
        cmocka_unit_test(test_beyond_record), cmocka_unit_test(test_odd_descriptors),
        cmocka_unit_test(test_long_name)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
