/*
 * units.c - the points of a file as units that can be read one by one.
 *
 *     LAS                       runs of records
 *     LAZ with a chunk table    chunks                             (units_table.c)
 *     LAZ layered, no table     chunks, found from their headers   (units_walk.c)
 *     LAZ pointwise, no table   one unit, decoded chunk after chunk
 */
#include "las/reader.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>

/* A run is as long as a large LAZ chunk, and no longer in bytes than a reader should hold at once.
 */
#define RUN_POINTS ((uint64_t)65536)
#define RUN_BYTES ((uint64_t)4 << 20)

static enum scree_status read_uncompressed(struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    uint64_t room = (reader->file_bytes - header->point_offset) / header->record_bytes;
    enum scree_status status = SCREE_OK;
    struct scree_error why = SCREE_ERROR_INIT;
    if (header->point_count > room)
        status = scree__las_fail(
            reader, &why, SCREE_E_DATA, header->point_offset,
            "truncated: the header says %" PRIu64 " points of %u bytes, the file of %" PRIu64
            " bytes has room for %" PRIu64,
            header->point_count, header->record_bytes, reader->file_bytes, room);
    if (status != SCREE_OK && !reader->salvage)
        return scree__base_fail(err, status, "%s", why.message);
    if (status != SCREE_OK)
        scree__las_cut_at(reader, room, 0, header->point_offset + room * header->record_bytes,
                          &why);
    reader->unit_points = RUN_BYTES / header->record_bytes;
    if (reader->unit_points > RUN_POINTS)
        reader->unit_points = RUN_POINTS;
    reader->unit_count = header->point_count / reader->unit_points +
                         (header->point_count % reader->unit_points != 0);
    return SCREE_OK;
}

static void make_sequential(struct scree_las_reader *reader)
{
    reader->sequential = true;
    reader->unit_count = reader->header.point_count > 0;
}

/* No table that can be used; the remark is made. */
static enum scree_status read_without_table(struct scree_las_reader *reader,
                                            struct scree_error *err)
{
    if (reader->header.point_count == 0)
        return SCREE_OK;
    if (reader->layout.compressor == SCREE_LAZ_LAYERED)
        return scree__las_chunks_walk(reader, err);
    if (reader->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS)
        return scree__las_fail(reader, err, SCREE_E_DATA, reader->header.point_offset,
                               "chunks of varying size cannot be found without a chunk table");
    make_sequential(reader);
    return SCREE_OK;
}

static enum scree_status read_units(struct scree_las_reader *reader, struct scree_error *err)
{
    switch (reader->layout.compressor) {
    case SCREE_LAZ_NONE:
        return read_uncompressed(reader, err);
    case SCREE_LAZ_POINTWISE:
        make_sequential(reader);
        return SCREE_OK;
    default:
        break;
    }
    if (reader->layout.chunk_points == 0)
        reader->layout.chunk_points = SCREE_LAZ_VARIABLE_CHUNKS;
    enum scree_status status = scree__las_table_read(reader, &reader->has_chunk_table, err);
    if (status != SCREE_OK || reader->has_chunk_table)
        return status;
    return read_without_table(reader, err);
}

/* Salvage: where the file contradicts itself about its chunks, layered ones can still be found one
 * after the other; of others nothing tells where they are. */
static enum scree_status find_what_is_left(struct scree_las_reader *reader, struct scree_error *why,
                                           struct scree_error *err)
{
    reader->has_chunk_table = false;
    reader->unit_count = 0;
    if (reader->layout.compressor == SCREE_LAZ_LAYERED &&
        reader->file_bytes >= (uint64_t)reader->header.point_offset + 8)
        return scree__las_chunks_walk(reader, err);
    scree__las_cut_at(reader, 0, 0, reader->header.point_offset, why);
    return SCREE_OK;
}

enum scree_status scree__las_units_read(struct scree_las_reader *reader, struct scree_error *err)
{
    reader->claimed_points = reader->header.point_count;
    if (!reader->salvage)
        return read_units(reader, err);
    struct scree_error why = SCREE_ERROR_INIT;
    enum scree_status status = read_units(reader, &why);
    if (status == SCREE_E_DATA)
        return find_what_is_left(reader, &why, err);
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}

enum scree_status scree__las_chunk_add(struct scree_las_reader *reader, uint64_t index,
                                       uint64_t offset, uint64_t first_point,
                                       struct scree_error *err)
{
    void *memory = reader->chunks;
    enum scree_status status =
        scree__mem_grow(reader->budget, &memory, &reader->chunk_capacity, index + 1,
                        sizeof *reader->chunks, "list of chunks", err);
    if (status != SCREE_OK)
        return status;
    reader->chunks = memory;
    reader->chunks[index].offset = offset;
    reader->chunks[index].first_point = first_point;
    return SCREE_OK;
}

uint64_t scree_las_unit_count(const struct scree_las_reader *reader)
{
    return reader->unit_count;
}

bool scree_las_has_chunk_table(const struct scree_las_reader *reader)
{
    return reader->has_chunk_table;
}

void scree_las_unit(const struct scree_las_reader *reader, uint64_t index,
                    struct scree_las_unit *unit)
{
    const struct scree_las_header *header = &reader->header;
    memset(unit, 0, sizeof *unit);
    if (index >= reader->unit_count)
        return;
    if (reader->sound_units != NULL) {
        *unit = reader->sound_units[index];
        return;
    }
    if (reader->sequential) {
        bool has_pointer = reader->layout.compressor != SCREE_LAZ_POINTWISE;
        unit->sequential = true;
        unit->point_count = header->point_count;
        unit->offset = (uint64_t)header->point_offset + (has_pointer ? 8 : 0);
        unit->bytes = unit->offset < reader->file_bytes ? reader->file_bytes - unit->offset : 0;
    } else if (reader->chunks != NULL) {
        const struct scree__las_chunk *chunk = &reader->chunks[index];
        unit->first_point = chunk[0].first_point;
        unit->point_count = chunk[1].first_point - chunk[0].first_point;
        unit->offset = chunk[0].offset;
        unit->bytes = chunk[1].offset - chunk[0].offset;
    } else {
        unit->first_point = index * reader->unit_points;
        unit->point_count = header->point_count - unit->first_point;
        if (unit->point_count > reader->unit_points)
            unit->point_count = reader->unit_points;
        unit->offset = header->point_offset + unit->first_point * header->record_bytes;
        unit->bytes = unit->point_count * header->record_bytes;
    }
}
