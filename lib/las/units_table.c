/*
 * units_table.c - the chunk table of a LAZ file.
 *
 * At the point offset P lies the table's offset T; or -1, and then T is in the file's last 8 bytes;
 * or what the writer left there when it was interrupted. The chunks lie between P + 8 and T. A
 * table is used if all of it is possible: each chunk holds at least its raw first point and ends
 * before T. One that is possible, but of other counts than the header's, is an error: one of the
 * two is wrong, and nothing tells which.
 */
#include "las/reader.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>

#define TABLE_HEAD_BYTES 8u

struct table {
    uint64_t begin;  /* of the chunks */
    uint64_t offset; /* of the table: the end of the chunks */
    struct scree_laz_chunk *chunks;
    uint32_t count;
    uint8_t *bytes;
    uint64_t byte_count;
    bool usable;
};

#define UNUSABLE "the chunk table cannot be used: "

/* Sets table->offset. *found false: there is none, and a remark says so. */
static enum scree_status find_table(struct scree_las_reader *reader, struct table *table,
                                    bool *found, struct scree_error *err)
{
    uint8_t bytes[8];
    uint64_t pointer_offset = reader->header.point_offset;
    *found = false;
    table->begin = pointer_offset + 8;
    if (reader->file_bytes < table->begin) {
        if (reader->header.point_count > 0)
            return scree__las_fail(reader, err, SCREE_E_DATA, pointer_offset,
                                   "truncated: the points begin here, the file has %" PRIu64
                                   " bytes",
                                   reader->file_bytes);
        return scree__las_remark(reader, err, "there is no chunk table");
    }
    enum scree_status status =
        scree_source_read(reader->source, pointer_offset, bytes, sizeof bytes, err);
    if (status != SCREE_OK)
        return status;
    table->offset = scree__base_load64(bytes);
    if (table->offset == UINT64_MAX && reader->file_bytes >= table->begin + 8) {
        status =
            scree_source_read(reader->source, reader->file_bytes - 8, bytes, sizeof bytes, err);
        if (status != SCREE_OK)
            return status;
        table->offset = scree__base_load64(bytes);
    }
    if (table->offset == pointer_offset || table->offset == 0 || table->offset == UINT64_MAX)
        return scree__las_remark(reader, err,
                                 "there is no chunk table: the writer of the file was interrupted");
    if (table->offset < table->begin || table->offset > reader->file_bytes ||
        reader->file_bytes - table->offset < TABLE_HEAD_BYTES)
        return scree__las_remark(reader, err,
                                 UNUSABLE "it should be at byte %" PRIu64
                                          ", the chunks begin at %" PRIu64
                                          " and the file has %" PRIu64 " bytes",
                                 table->offset, table->begin, reader->file_bytes);
    *found = true;
    return SCREE_OK;
}

/* Loads as many bytes as a table of its count can have. */
static enum scree_status load_table(struct scree_las_reader *reader, struct table *table,
                                    struct scree_error *err)
{
    uint8_t head[TABLE_HEAD_BYTES];
    enum scree_status status =
        scree_source_read(reader->source, table->offset, head, sizeof head, err);
    if (status != SCREE_OK)
        return status;
    uint32_t version = scree__base_load32(head), count = scree__base_load32(head + 4);
    /* Each chunk begins with a raw record. One empty chunk is what some writers give no points. */
    uint64_t count_max = (table->offset - table->begin) / reader->header.record_bytes;
    if (count_max == 0)
        count_max = 1;
    if (version != 0)
        return scree__las_remark(reader, err, UNUSABLE "its version is %u, 0 is expected", version);
    if (count > count_max)
        return scree__las_remark(reader, err,
                                 UNUSABLE "it says %u chunks, %" PRIu64
                                          " fit between bytes %" PRIu64 " and %" PRIu64,
                                 count, count_max, table->begin, table->offset);
    table->byte_count = reader->file_bytes - table->offset;
    uint64_t bound = (uint64_t)scree_laz_chunk_table_bound(count) + TABLE_HEAD_BYTES;
    if (table->byte_count > bound)
        table->byte_count = bound;
    void *memory;
    status = scree__mem_alloc(reader->budget, table->byte_count, &memory, "chunk table", err);
    if (status != SCREE_OK)
        return status;
    table->bytes = memory;
    table->count = count;
    table->usable = true;
    return scree_source_read(reader->source, table->offset, table->bytes, (size_t)table->byte_count,
                             err);
}

static enum scree_status decode_table(struct scree_las_reader *reader, struct table *table,
                                      struct scree_error *err)
{
    bool variable = reader->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    struct scree_error why = SCREE_ERROR_INIT;
    size_t byte_count = (size_t)table->byte_count;
    void *memory;
    enum scree_status status = scree__mem_alloc(
        reader->budget, table->count * sizeof *table->chunks, &memory, "chunk table", err);
    if (status != SCREE_OK)
        return status;
    table->chunks = memory;
    uint32_t count = 0;
    status = scree_laz_chunk_table_count(table->bytes, byte_count, table->count, &count, &why);
    if (status == SCREE_OK && count > 0)
        status = scree_laz_chunk_table_read(table->bytes, byte_count, variable, table->chunks,
                                            count, NULL, &why);
    if (status == SCREE_OK)
        return SCREE_OK;
    table->usable = false;
    return scree__las_remark(reader, err, UNUSABLE "%s", why.message);
}

/* Fixed chunks: the count of chunks follows from the header. */
static enum scree_status check_fixed_count(const struct scree_las_reader *reader,
                                           const struct table *table, struct scree_error *err)
{
    uint64_t points = reader->header.point_count, each = reader->layout.chunk_points;
    uint64_t expected = points / each + (points % each != 0);
    bool one_empty = points == 0 && table->count == 1 && table->chunks[0].bytes == 0;
    if (table->count == expected || one_empty)
        return SCREE_OK;
    return scree__las_fail(reader, err, SCREE_E_DATA, table->offset,
                           "the header's %" PRIu64 " points in chunks of %" PRIu64 " make %" PRIu64
                           " chunks, the chunk table has %u",
                           points, each, expected, table->count);
}

/* Turns sizes into places. Entries of no bytes and no points are skipped. */
static enum scree_status place_chunks(struct scree_las_reader *reader, struct table *table,
                                      struct scree_error *err)
{
    bool variable = reader->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    uint64_t offset = table->begin, points = 0, total = reader->header.point_count;
    uint64_t index = 0;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < table->count && status == SCREE_OK; i++) {
        uint64_t bytes = table->chunks[i].bytes, count = table->chunks[i].point_count;
        if (!variable)
            count = i + 1 < table->count ? reader->layout.chunk_points : total - points;
        if (bytes == 0 && count == 0)
            continue;
        if (count == 0 || bytes < reader->layout.record_bytes || bytes > table->offset - offset) {
            table->usable = false;
            return scree__las_remark(reader, err,
                                     UNUSABLE "chunk %u has %" PRIu64 " points in %" PRIu64
                                              " bytes from byte %" PRIu64
                                              ", the chunks end at %" PRIu64,
                                     i, count, bytes, offset, table->offset);
        }
        status = scree__las_chunk_add(reader, index++, offset, points, err);
        offset += bytes;
        points += count; /* both at most 2^32 times 2^32: no overflow */
    }
    if (status == SCREE_OK)
        status = scree__las_chunk_add(reader, index, offset, points, err);
    if (status == SCREE_OK && points != total)
        return scree__las_fail(reader, err, SCREE_E_DATA, table->offset,
                               "the header says %" PRIu64 " points, the chunk table %" PRIu64,
                               total, points);
    reader->unit_count = index;
    return status;
}

enum scree_status scree__las_table_read(struct scree_las_reader *reader, bool *usable,
                                        struct scree_error *err)
{
    struct table table = {0};
    bool found;
    *usable = false;
    enum scree_status status = find_table(reader, &table, &found, err);
    if (status != SCREE_OK || !found)
        return status;
    status = load_table(reader, &table, err);
    if (status == SCREE_OK && table.usable)
        status = decode_table(reader, &table, err);
    if (status == SCREE_OK && table.usable &&
        reader->layout.chunk_points != SCREE_LAZ_VARIABLE_CHUNKS)
        status = check_fixed_count(reader, &table, err);
    if (status == SCREE_OK && table.usable)
        status = place_chunks(reader, &table, err);
    *usable = table.usable;
    scree__mem_free(reader->budget, table.chunks, table.count * sizeof *table.chunks);
    scree__mem_free(reader->budget, table.bytes, table.byte_count);
    return status;
}
