/* test_las_malformed.c - files that lie: what is refused, what is remarked, what is still read. */
#include "las_make.h"
#include "base/bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BUDGET ((uint64_t)32 << 20)
#define POINTS 25

static const uint8_t payload[] = "a payload that has some bytes";

/* The three kinds of file that most cases start from, each with a VLR; 1.4 also with an EVLR. */
struct sample {
    struct las_recipe recipe;
    uint8_t *records;
    struct las_bytes file;
};

static struct sample sample_make(unsigned format, uint32_t chunk_points)
{
    static const struct scree_las_vlr vlr = {"someone", "", 5, false, sizeof payload, 0, payload};
    static const struct scree_las_vlr evlr = {"someone", "", 6, true, sizeof payload, 0, payload};
    struct sample sample = {
        {4, format, 0, POINTS, chunk_points, &vlr, 1, &evlr, 1}, NULL, {NULL, 0}};
    sample.records = las_make_records(&sample.recipe);
    for (uint64_t i = 0; i < POINTS; i++) /* return 1 of 1, so that a good file has no remarks */
        sample.records[i * scree_las_format_bytes(format) + 14] = format < 6 ? 0x09 : 0x11;
    sample.file = las_make(&sample.recipe, sample.records);
    return sample;
}

static void sample_free(struct sample *sample)
{
    las_bytes_free(&sample->file);
    free(sample->records);
}

static void expect_status(const struct sample *sample, enum scree_status status, const char *words)
{
    struct las_outcome outcome = las_read_bytes(&sample->file, BUDGET, 10);
    if (outcome.status != status || strstr(outcome.err.message, words) == NULL)
        fail_msg("status %d expected with \"%s\"; it is %d, %s", status, words, outcome.status,
                 outcome.err.message);
    if (strncmp(outcome.err.message, "made.las: ", 10) != 0 ||
        strstr(outcome.err.message + 1, "made.las") != NULL)
        fail_msg("the file is to be named, once: %s", outcome.err.message);
    las_outcome_free(&outcome);
}

/* The points are all there; the first remark has these words (NULL: there is none). */
static void expect_points(const struct sample *sample, bool has_table, const char *words)
{
    struct las_outcome outcome = las_read_bytes(&sample->file, BUDGET, 10);
    if (outcome.status != SCREE_OK)
        fail_msg("%s", outcome.err.message);
    assert_int_equal(outcome.point_count, POINTS);
    assert_int_equal(outcome.has_table, has_table);
    assert_memory_equal(outcome.records, sample->records, POINTS * outcome.record_bytes);
    if (words == NULL && outcome.remark_count > 0)
        fail_msg("unexpected remark: %s", outcome.remark);
    if (words != NULL && strstr(outcome.remark, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, outcome.remark);
    las_outcome_free(&outcome);
}

/* Changes a field for one check. */
#define WITH(type, offset, value, check)                             \
    do {                                                             \
        uint8_t with_kept[8];                                        \
        size_t with_at = (size_t)(offset);                           \
        memcpy(with_kept, sample.file.bytes + with_at, 8);           \
        scree__base_store##type(sample.file.bytes + with_at, value); \
        check;                                                       \
        memcpy(sample.file.bytes + with_at, with_kept, 8);           \
    } while (0)
#define WITH_BYTE(offset, value, check) \
    WITH(16, offset, (uint16_t)(sample.file.bytes[(offset) + 1] << 8 | (value)), check)

static void test_header(void **state)
{
    (void)state;
    struct sample sample = sample_make(6, 0);
    expect_points(&sample, false, NULL);
    WITH_BYTE(0, 'M', expect_status(&sample, SCREE_E_DATA, "not a LAS or LAZ file"));
    WITH_BYTE(24, 2, expect_status(&sample, SCREE_E_UNSUPPORTED, "version 2.4"));
    WITH_BYTE(25, 6, expect_status(&sample, SCREE_E_UNSUPPORTED, "version 1.6"));
    WITH_BYTE(25, 5, expect_points(&sample, false, NULL));
    WITH(16, 94, 374, expect_status(&sample, SCREE_E_DATA, "header size is 374"));
    WITH(16, 94, 65535, expect_status(&sample, SCREE_E_DATA, "within the header"));
    WITH(32, 96, 100, expect_status(&sample, SCREE_E_DATA, "within the header"));
    WITH(32, 96, UINT32_MAX, expect_status(&sample, SCREE_E_DATA, "truncated"));
    WITH_BYTE(104, 11, expect_status(&sample, SCREE_E_UNSUPPORTED, "format 11"));
    WITH_BYTE(104, 63, expect_status(&sample, SCREE_E_UNSUPPORTED, "format 63"));
    WITH(16, 105, 29, expect_status(&sample, SCREE_E_DATA, "record of 29 bytes"));
    WITH(16, 105, 0, expect_status(&sample, SCREE_E_DATA, "record of 0 bytes"));
    WITH(16, 105, 65535, expect_status(&sample, SCREE_E_DATA, "truncated"));
    WITH_BYTE(104, 0x86, expect_status(&sample, SCREE_E_DATA, "no LASzip VLR"));
    WITH_BYTE(104, 0xC6, expect_status(&sample, SCREE_E_UNSUPPORTED, "older than LAZ 1.0"));
    WITH_BYTE(104, 0x46, expect_status(&sample, SCREE_E_UNSUPPORTED, "older than LAZ 1.0"));
    sample_free(&sample);
}

static void test_grid_and_bounds(void **state)
{
    (void)state;
    static const double bad_scales[] = {0, -0.01, NAN, INFINITY, 1e300};
    struct sample sample = sample_make(6, 0);
    for (size_t i = 0; i < sizeof bad_scales / sizeof bad_scales[0]; i++)
        WITH(_f64, 139, bad_scales[i], expect_status(&sample, SCREE_E_DATA, "scale"));
    WITH(_f64, 171, (double)NAN, expect_status(&sample, SCREE_E_DATA, "z offset"));
    WITH(_f64, 155, -(double)INFINITY, expect_status(&sample, SCREE_E_DATA, "x offset"));
    WITH(_f64, 179, (double)NAN, expect_points(&sample, false, "bounds are impossible"));
    WITH(_f64, 187, 1e9, expect_points(&sample, false, "bounds are impossible"));
    WITH(_f64, 195, 1e9, expect_points(&sample, false, "bounds are impossible"));
    WITH(_f64, 203, -(double)INFINITY, expect_points(&sample, false, "bounds are impossible"));
    sample_free(&sample);
}

static void test_counts(void **state)
{
    (void)state;
    struct sample sample = sample_make(1, 0);
    expect_points(&sample, false, NULL);
    WITH(32, 107, 24, expect_points(&sample, false, "32-bit point count is 24"));
    WITH(32, 107, 0, expect_points(&sample, false, NULL));
    WITH(64, 247, UINT64_MAX, expect_status(&sample, SCREE_E_DATA, "has room for"));
    WITH(64, 247, (uint64_t)1 << 60, expect_status(&sample, SCREE_E_DATA, "has room for"));
    WITH(64, 255, 24, expect_points(&sample, false, "add up to 24"));
    WITH(64, 263, UINT64_MAX, expect_points(&sample, false, "add up to"));
    WITH(64, 247, 0, expect_points(&sample, false, NULL)); /* the legacy count counts */
    sample_free(&sample);
}

/* Bytes behind the points do no harm; one byte too few does. */
static void test_las_length(void **state)
{
    (void)state;
    struct sample sample = sample_make(1, 0);
    struct las_bytes whole = sample.file;
    scree__base_store32(whole.bytes + 243, 0);
    size_t end = las_point_offset(&whole) + POINTS * 28;
    assert_true(end < whole.count);
    expect_points(&sample, false, NULL);
    sample.file.count = end;
    expect_points(&sample, false, NULL);
    sample.file.count = end - 1;
    expect_status(&sample, SCREE_E_DATA, "says 25 points of 28 bytes");
    sample.file.count = las_point_offset(&whole) - 1;
    expect_status(&sample, SCREE_E_DATA, "truncated");
    sample_free(&sample);
}

static void test_vlrs(void **state)
{
    (void)state;
    struct sample sample = sample_make(6, 0);
    WITH(32, 100, UINT32_MAX, expect_points(&sample, false, "4294967295 VLRs, 1 fit"));
    WITH(32, 100, 2, expect_points(&sample, false, "2 VLRs, 1 fit"));
    WITH(32, 100, 0, expect_points(&sample, false, NULL));
    WITH(16, 375 + 20, 65535, expect_points(&sample, false, "runs into the points"));
    WITH(16, 375 + 20, sizeof payload + 1, expect_points(&sample, false, "runs into the points"));
    /* No points, and the file ends within the header of the VLR. */
    sample.file.count = 375 + 30;
    scree__base_store32(sample.file.bytes + 96, 375 + 30);
    scree__base_store32(sample.file.bytes + 243, 0);
    memset(sample.file.bytes + 247, 0, 16 * 8);
    expect_status(&sample, SCREE_E_DATA, "header of VLR 0");
    sample_free(&sample);
}

static void test_evlrs(void **state)
{
    (void)state;
    struct sample sample = sample_make(6, 0);
    uint64_t offset = scree__base_load64(sample.file.bytes + 235);
    WITH(64, 235, UINT64_MAX, expect_points(&sample, false, "not in the file"));
    WITH(64, 235, sample.file.count - 59, expect_points(&sample, false, "not in the file"));
    WITH(64, 235, 0, expect_points(&sample, false, "before the end of the points"));
    WITH(64, 235, offset - 1, expect_points(&sample, false, "before the end of the points"));
    WITH(32, 243, UINT32_MAX, expect_points(&sample, false, "EVLR 1 of 4294967295"));
    WITH(64, offset + 20, UINT64_MAX, expect_points(&sample, false, "left out"));
    WITH(64, offset + 20, (uint64_t)0 - offset - 60, expect_points(&sample, false, "left out"));
    WITH(64, offset + 20, sizeof payload + 1, expect_points(&sample, false, "left out"));
    sample_free(&sample);
}

/* A table of given sizes and counts in place of the file's own; it ends the file. */
static void replace_table(struct sample *sample, struct scree_laz_chunk *chunks, uint32_t count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t at = las_table_offset(&sample->file), capacity = scree_laz_chunk_table_bound(count),
           bytes;
    bool variable = sample->recipe.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    sample->file.bytes = realloc(sample->file.bytes, at + capacity);
    assert_non_null(sample->file.bytes);
    assert_int_equal(scree_laz_chunk_table_write(chunks, count, variable, sample->file.bytes + at,
                                                 capacity, &bytes, &err),
                     SCREE_OK);
    sample->file.count = at + bytes;
    scree__base_store32(sample->file.bytes + 243, 0);
}

static uint32_t read_table(const struct sample *sample, struct scree_laz_chunk *chunks)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t at = las_table_offset(&sample->file);
    uint32_t count = scree__base_load32(sample->file.bytes + at + 4);
    bool variable = sample->recipe.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    assert_true(count <= POINTS);
    assert_int_equal(scree_laz_chunk_table_read(sample->file.bytes + at, sample->file.count - at,
                                                variable, chunks, count, NULL, &err),
                     SCREE_OK);
    return count;
}

/* Layered chunks are found without a table, pointwise ones of fixed size are read in sequence. */
static void expect_fallback(const struct sample *sample, const char *words)
{
    if (sample->recipe.point_format > 5 || sample->recipe.chunk_points != SCREE_LAZ_VARIABLE_CHUNKS)
        expect_points(sample, false, words);
    else
        expect_status(sample, SCREE_E_DATA, "without a chunk table");
}

static void check_pointer(struct sample sample)
{
    uint32_t begin = las_point_offset(&sample.file);
    WITH(64, begin, 0, expect_fallback(&sample, "there is no chunk table"));
    WITH(64, begin, begin, expect_fallback(&sample, "there is no chunk table"));
    WITH(64, begin, begin + 7, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, begin + 8, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, begin + 11, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, sample.file.count - 7, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, sample.file.count + 1, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, (uint64_t)1 << 63, expect_fallback(&sample, "cannot be used"));
    WITH(64, begin, UINT64_MAX, expect_fallback(&sample, "cannot be used"));
}

static void check_table(struct sample sample)
{
    size_t at = las_table_offset(&sample.file);
    WITH(32, at, 1, expect_fallback(&sample, "its version is 1"));
    WITH(32, at + 4, UINT32_MAX, expect_fallback(&sample, "4294967295 chunks"));
    WITH(32, at + 4, 4294967280u, expect_fallback(&sample, "4294967280 chunks"));
    if (sample.recipe.chunk_points != SCREE_LAZ_VARIABLE_CHUNKS)
        WITH(32, at + 4, 1, expect_status(&sample, SCREE_E_DATA, "the chunk table has 1"));
    else
        WITH(32, at + 4, 1, expect_status(&sample, SCREE_E_DATA, "says 25 points"));
    const char *words = sample.recipe.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS ? "the header says"
                                                                                : "the header's";
    WITH(64, 247, 100, expect_status(&sample, SCREE_E_DATA, words));
    WITH(64, 247, 1, expect_status(&sample, SCREE_E_DATA, words));
    WITH(64, 247, UINT64_MAX, expect_status(&sample, SCREE_E_DATA, words));
}

static void check_entries(unsigned format, uint32_t chunk_points)
{
    struct scree_laz_chunk chunks[POINTS];
    struct sample sample = sample_make(format, chunk_points);
    uint32_t count = read_table(&sample, chunks);
    assert_true(count > 2);
    replace_table(&sample, chunks, count);
    expect_points(&sample, true, NULL);
    /* Stray bytes behind the table, and -1 with the table's place in the last 8 bytes. */
    uint64_t begin = las_point_offset(&sample.file), table = las_table_offset(&sample.file);
    sample.file.bytes = realloc(sample.file.bytes, sample.file.count + 40);
    assert_non_null(sample.file.bytes);
    memset(sample.file.bytes + sample.file.count, 0xEE, 40);
    scree__base_store64(sample.file.bytes + sample.file.count + 32, table);
    sample.file.count += 40;
    expect_points(&sample, true, NULL);
    WITH(64, begin, UINT64_MAX, expect_points(&sample, true, NULL));

    chunks[0].bytes++;
    chunks[1].bytes--;
    replace_table(&sample, chunks, count);
    expect_status(&sample, SCREE_E_DATA, "chunk 0 at byte");
    chunks[0].bytes--;
    chunks[1].bytes++;

    chunks[count - 1].bytes++; /* beyond the table */
    replace_table(&sample, chunks, count);
    expect_fallback(&sample, "cannot be used");
    chunks[count - 1].bytes -= 2; /* one byte short of the chunk */
    replace_table(&sample, chunks, count);
    expect_status(&sample, SCREE_E_DATA, "at byte");
    chunks[count - 1].bytes++;
    chunks[1].bytes = 0;
    replace_table(&sample, chunks, count);
    expect_fallback(&sample, "cannot be used");
    sample_free(&sample);
}

static void test_laz(void **state)
{
    (void)state;
    static const unsigned formats[] = {1, 6};
    static const uint32_t chunk_points[] = {10, SCREE_LAZ_VARIABLE_CHUNKS};
    for (int i = 0; i < 4; i++) {
        struct sample sample = sample_make(formats[i / 2], chunk_points[i % 2]);
        expect_points(&sample, true, NULL);
        size_t vlr = las_laszip_offset(&sample.file);
        check_pointer(sample);
        check_table(sample);
        WITH_BYTE(104, formats[i / 2], expect_points(&sample, true, NULL)); /* no bit, but a VLR */
        WITH(16, vlr, 4, expect_status(&sample, SCREE_E_UNSUPPORTED, "VLR at byte"));
        WITH(16, vlr + 2, 1, expect_status(&sample, SCREE_E_UNSUPPORTED, "coder"));
        WITH(16, vlr + 34, 77, expect_status(&sample, SCREE_E_UNSUPPORTED, "item"));
        WITH(16, vlr + 32, 0, expect_status(&sample, SCREE_E_DATA, "VLR at byte"));
        WITH(16, vlr + 36, 21, expect_status(&sample, SCREE_E_DATA, "VLR at byte"));
        WITH(32, vlr + 8, 1, expect_points(&sample, true, "compatibility mode"));
        if (chunk_points[i % 2] == SCREE_LAZ_VARIABLE_CHUNKS)
            WITH(32, vlr + 12, 0, expect_points(&sample, true, NULL));
        sample_free(&sample);
        check_entries(formats[i / 2], chunk_points[i % 2]);
    }
}

/* One stream for all points, right at the point offset, nothing else. */
static void test_pointwise(void **state)
{
    (void)state;
    struct sample sample = sample_make(3, 1000);
    size_t begin = las_point_offset(&sample.file), table = las_table_offset(&sample.file);
    memmove(sample.file.bytes + begin, sample.file.bytes + begin + 8, table - begin - 8);
    sample.file.count = table - 8;
    scree__base_store32(sample.file.bytes + 243, 0);
    scree__base_store16(sample.file.bytes + las_laszip_offset(&sample.file), SCREE_LAZ_POINTWISE);
    expect_points(&sample, false, NULL);
    for (size_t count = begin; count < table - 8; count++) {
        sample.file.count = count;
        expect_status(&sample, SCREE_E_DATA, "");
    }
    sample_free(&sample);
}

/* Some writers give a file without points one chunk of no bytes. */
static void test_one_empty_chunk(void **state)
{
    (void)state;
    struct scree_laz_chunk empty = {0, 0};
    static const uint32_t chunk_points[] = {10, SCREE_LAZ_VARIABLE_CHUNKS};
    for (int i = 0; i < 2; i++) {
        struct sample sample = {{4, 6, 0, 0, chunk_points[i], NULL, 0, NULL, 0}, NULL, {NULL, 0}};
        sample.file = las_make(&sample.recipe, NULL);
        replace_table(&sample, &empty, 1);
        struct las_outcome outcome = las_read_bytes(&sample.file, BUDGET, 10);
        assert_int_equal(outcome.status, SCREE_OK);
        assert_int_equal(outcome.unit_count, 0);
        assert_int_equal(outcome.remark_count, 0);
        /* The header says 5 points: there are none. */
        WITH(64, 247, 5, expect_status(&sample, SCREE_E_DATA, ""));
        sample_free(&sample);
    }
}

/* Cut anywhere: an error or all points, and never memory that is not the file's. */
static void check_cuts(unsigned format, uint32_t chunk_points)
{
    struct sample sample = sample_make(format, chunk_points);
    size_t whole = sample.file.count, good = 0;
    for (size_t count = 0; count < whole; count++) {
        struct las_bytes cut = {malloc(count + 1), count};
        assert_non_null(cut.bytes);
        memcpy(cut.bytes, sample.file.bytes, count);
        struct las_outcome outcome = las_read_bytes(&cut, BUDGET, 10);
        if (outcome.status == SCREE_OK) {
            good++;
            assert_int_equal(outcome.point_count, POINTS);
            assert_memory_equal(outcome.records, sample.records, POINTS * outcome.record_bytes);
            assert_true(outcome.remark_count > 0);
        } else {
            assert_int_equal(outcome.status, SCREE_E_DATA);
        }
        las_outcome_free(&outcome);
        las_bytes_free(&cut);
    }
    assert_true(good >= 60); /* cut within the EVLR */
    sample_free(&sample);
}

static void test_cuts(void **state)
{
    (void)state;
    check_cuts(1, 0);
    check_cuts(1, 10);
    check_cuts(6, 10);
    check_cuts(6, SCREE_LAZ_VARIABLE_CHUNKS);
}

/* Bytes changed under a small budget: each of the header in three ways, every fourth behind it in one. */
static void check_changes(unsigned format, uint32_t chunk_points)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xFF};
    struct sample sample = sample_make(format, chunk_points);
    for (size_t at = 0; at < sample.file.count; at += at < 375 ? 1 : 4) {
        for (size_t i = at < 375 ? 0 : at % 3; i < (at < 375 ? 3 : at % 3 + 1); i++) {
            sample.file.bytes[at] ^= changes[i];
            struct las_outcome outcome = las_read_bytes(&sample.file, (uint64_t)8 << 20, 10);
            assert_true(outcome.status == SCREE_OK || outcome.status == SCREE_E_DATA ||
                        outcome.status == SCREE_E_UNSUPPORTED);
            las_outcome_free(&outcome);
            sample.file.bytes[at] ^= changes[i];
        }
    }
    sample_free(&sample);
}

static void test_changes(void **state)
{
    (void)state;
    check_changes(1, 0);
    check_changes(3, 10);
    check_changes(6, 10);
    check_changes(7, SCREE_LAZ_VARIABLE_CHUNKS);
}

/* Any budget: it works, or says how much would do; nothing is left behind. */
static void test_budgets(void **state)
{
    (void)state;
    struct sample sample = sample_make(7, 10);
    uint64_t budget = 1, steps = 0;
    struct las_outcome outcome;
    for (;;) {
        outcome = las_read_bytes(&sample.file, budget, 10);
        if (outcome.status == SCREE_OK)
            break;
        assert_int_equal(outcome.status, SCREE_E_BUDGET);
        assert_true(outcome.err.need_bytes > budget);
        budget = outcome.err.need_bytes;
        assert_true(++steps < 100);
        las_outcome_free(&outcome);
    }
    assert_true(steps > 5);
    assert_memory_equal(outcome.records, sample.records, POINTS * outcome.record_bytes);
    las_outcome_free(&outcome);
    sample_free(&sample);
}

static int tear_down(void **state)
{
    (void)state;
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_header),
                                       cmocka_unit_test(test_grid_and_bounds),
                                       cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_las_length),
                                       cmocka_unit_test(test_vlrs),
                                       cmocka_unit_test(test_evlrs),
                                       cmocka_unit_test(test_laz),
                                       cmocka_unit_test(test_pointwise),
                                       cmocka_unit_test(test_one_empty_chunk),
                                       cmocka_unit_test(test_cuts),
                                       cmocka_unit_test(test_changes),
                                       cmocka_unit_test(test_budgets)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
