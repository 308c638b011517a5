/* fuzz_las.c - any bytes as a LAS or LAZ file: header, records, chunk table, every point. */
#include "scree/las.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to get through several chunks of a small file, few enough to keep a run short. */
#define POINTS_MAX 4000
#define BATCH_POINTS 64

static uint8_t records[BATCH_POINTS * 65536];

static void read_points(const struct scree_las_reader *reader)
{
    struct scree_las_cursor *cursor = NULL;
    uint64_t left = POINTS_MAX;

    if (scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, NULL) != SCREE_OK)
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
    }
    scree_las_cursor_free(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;

    if (scree_source_open_memory(data, size, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    if (scree_las_open(source, NULL, &reader, NULL) == SCREE_OK)
        read_points(reader);
    scree_las_close(reader);
    scree_source_close(source);
    return 0;
}
