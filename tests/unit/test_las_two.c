/*
 * Two cursors that go on together give what each of them gives alone: points, counts, statuses and
 * messages, for LAS, LAZ with a chunk table and without, the same file and different ones, sound
 * and damaged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "las_make.h"

#define POINTS 1000u
#define STEP 170u

/* One unit of one file. */
struct place {
    struct las_bytes file;
    uint64_t unit;
};

struct opened {
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    uint64_t point_count;
    size_t record_bytes;
};

static struct opened open_place(const struct place *place)
{
    struct opened opened;
    struct scree_las_unit unit;
    assert_int_equal(scree_source_open_memory(place->file.bytes, place->file.count, "made.las",
                                              &opened.source, NULL),
                     SCREE_OK);
    assert_int_equal(scree_las_open(opened.source, NULL, &opened.reader, NULL), SCREE_OK);
    assert_int_equal(scree_las_cursor_new(opened.reader, SCREE_LAZ_FIELD_ALL, &opened.cursor, NULL),
                     SCREE_OK);
    assert_int_equal(scree_las_cursor_open(opened.cursor, place->unit, NULL), SCREE_OK);
    scree_las_unit(opened.reader, place->unit, &unit);
    opened.point_count = unit.point_count;
    opened.record_bytes = scree_las_header(opened.reader)->record_bytes;
    return opened;
}

static void close_place(struct opened *opened)
{
    scree_las_cursor_free(opened->cursor);
    scree_las_close(opened->reader);
    scree_source_close(opened->source);
}

/* Goes through both units, with one call for each alone beside one call for both. Returns how many
 * of them failed on the way. */
static unsigned compare(const struct place places[2])
{
    struct opened alone[2], both[2];
    struct scree_error errs[2];
    struct scree_las_part parts[2];
    uint8_t *records[2], *expected[2];
    bool more = true;
    unsigned failed = 0;
    for (unsigned i = 0; i < 2; i++) {
        alone[i] = open_place(&places[i]);
        both[i] = open_place(&places[i]);
        records[i] = malloc(STEP * both[i].record_bytes);
        expected[i] = malloc(STEP * both[i].record_bytes);
        parts[i] = (struct scree_las_part){both[i].cursor, records[i], STEP, &errs[i], 99, 99};
    }
    while (more) {
        errs[0] = errs[1] = (struct scree_error)SCREE_ERROR_INIT;
        scree_las_cursor_next_two(parts);
        more = false;
        for (unsigned i = 0; i < 2; i++) {
            struct scree_error err = SCREE_ERROR_INIT;
            size_t count = 99;
            assert_int_equal(
                scree_las_cursor_next(alone[i].cursor, expected[i], STEP, &count, &err),
                parts[i].status);
            assert_int_equal(count, parts[i].count);
            assert_memory_equal(expected[i], records[i], count * both[i].record_bytes);
            assert_string_equal(err.message, errs[i].message);
            failed += parts[i].status == SCREE_E_DATA;
            more = more || count > 0;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        close_place(&alone[i]);
        close_place(&both[i]);
        free(records[i]);
        free(expected[i]);
    }
    return failed;
}

static struct las_bytes make(unsigned format, uint32_t chunk_points)
{
    struct las_recipe recipe = {.version_minor = format < 6 ? 2 : 4,
                                .point_format = format,
                                .extra_bytes = 2,
                                .point_count = POINTS,
                                .chunk_points = chunk_points};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    free(records);
    return file;
}

/* Chunks of one file, neighbours and the last one, which is smaller. */
static void chunks(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 7; format++) {
        if (format == 4 || format == 5)
            continue;
        struct las_bytes file = make(format, 400);
        for (unsigned i = 0; i < 9; i++) {
            struct place places[2] = {{file, i / 3}, {file, i % 3}};
            assert_int_equal(compare(places), 0);
        }
        las_bytes_free(&file);
    }
}

/* LAS, a file without its chunk table, one of another format: whatever the other one is. */
static void mixed(void **state)
{
    (void)state;
    struct las_bytes files[4] = {make(1, 400), make(1, 0), make(1, 400), make(3, 300)};
    scree__base_store64(files[2].bytes + las_point_offset(&files[2]), 0);
    files[2].count = las_table_offset(&files[0]);
    for (unsigned i = 0; i < 16; i++) {
        struct place places[2] = {{files[i / 4], 0}, {files[i % 4], 0}};
        assert_int_equal(compare(places), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        las_bytes_free(&files[i]);
}

/* Damage in one chunk or both is told of the chunk that has it. */
static void damaged(void **state)
{
    (void)state;
    unsigned failed = 0;
    struct las_bytes sound = make(1, 400), file = make(1, 400);
    for (size_t at = las_point_offset(&file) + 40; at < las_table_offset(&file); at += 211) {
        file.bytes[at] = (uint8_t)(file.bytes[at] + 1);
        for (unsigned i = 0; i < 4; i++) {
            struct place places[2] = {{i & 1 ? sound : file, 0}, {i & 2 ? sound : file, 1}};
            unsigned count = compare(places);
            assert_true(i < 3 || count == 0);
            failed += count;
        }
    }
    assert_true(failed > 20);
    las_bytes_free(&sound);
    las_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks),
        cmocka_unit_test(mixed),
        cmocka_unit_test(damaged),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return result;
}
