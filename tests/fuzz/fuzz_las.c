/*
 * fuzz_las.c - any bytes as a LAS or LAZ file: header, records, chunk table, every point, all of its
 * fields and some of them; and the same file as salvage opens it. The fields come from the
 * header's GUID, which is there for nobody else.
 */
#include "base/bytes.h"
#include "las/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to get through several chunks of a small file, few enough to keep a run short. */
#define POINTS_MAX 4000
#define BATCH_POINTS 64

static uint8_t records[BATCH_POINTS * 65536];

/* What a cursor says of itself where it stopped has to be within the unit. */
static void check_place(const struct scree_las_reader *reader,
                        const struct scree_las_cursor *cursor, uint64_t index)
{
    struct scree_las_unit unit;
    struct scree__las_cursor_place place;
    scree_las_unit(reader, index, &unit);
    scree__las_cursor_place(cursor, &place);
    if (place.done > unit.point_count || place.offset < unit.offset ||
        place.offset > unit.offset + unit.bytes || place.offset_before > place.offset)
        abort();
}

/* Salvage: the units are within the file, and with what is cut off they make the header's count. */
static void check_damaged(const struct scree_las_reader *reader)
{
    uint64_t points = 0, end = 0;
    for (uint64_t i = 0; i < scree_las_unit_count(reader); i++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, i, &unit);
        if (unit.first_point != points || unit.point_count == 0 || unit.offset < end ||
            unit.bytes > reader->file_bytes || unit.offset > reader->file_bytes - unit.bytes)
            abort();
        points += unit.point_count;
        end = unit.offset + unit.bytes;
    }
    if (points + reader->cut.point_count != reader->claimed_points ||
        points != scree_las_header(reader)->point_count)
        abort();
}

static void read_points(const struct scree_las_reader *reader, uint32_t fields)
{
    struct scree_las_cursor *cursor = NULL;
    uint64_t left = POINTS_MAX;

    if (scree_las_cursor_new(reader, fields, &cursor, NULL) != SCREE_OK)
        return;
    for (uint64_t unit = 0; unit < scree_las_unit_count(reader) && left > 0; unit++) {
        size_t count = 0;
        if (scree_las_cursor_open(cursor, unit, NULL) != SCREE_OK) {
            left--;
            continue;
        }
        while (left > 0 &&
               scree_las_cursor_next(cursor, records, BATCH_POINTS, &count, NULL) == SCREE_OK &&
               count > 0)
            left -= left < count ? left : count;
        check_place(reader, cursor, unit);
    }
    scree_las_cursor_free(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;

    if (scree_source_open_memory(data, size, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    if (scree_las_open(source, NULL, &reader, NULL) == SCREE_OK) {
        read_points(reader, SCREE_LAZ_FIELD_ALL);
        read_points(reader, scree__base_load32(data + 8));
        scree_las_close(reader);
    } else if (scree__las_open_damaged(source, NULL, &reader, NULL) == SCREE_OK) {
        check_damaged(reader);
        read_points(reader, SCREE_LAZ_FIELD_ALL);
        scree_las_close(reader);
    }
    scree_source_close(source);
    return 0;
}
