/* writer_points.c - the points of a file that is being written: records, or chunks and their table.
 */
#include "las/writer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mem/budget.h"

#include <inttypes.h>

static enum scree_status check_open(const struct scree_las_writer *writer, bool compressed,
                                    struct scree_error *err)
{
    if (writer->header.compressed != compressed)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: is written as %s",
                                scree_sink_name(writer->sink),
                                writer->header.compressed ? "LAZ, by chunks" : "LAS, by records");
    if (writer->points_ended)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: its points have ended",
                                scree_sink_name(writer->sink));
    return SCREE_OK;
}

enum scree_status scree_las_writer_add_records(struct scree_las_writer *writer,
                                               const uint8_t *records, uint64_t count,
                                               struct scree_error *err)
{
    size_t bytes;
    enum scree_status status = check_open(writer, false, err);
    if (status != SCREE_OK)
        return status;
    if (count > SIZE_MAX ||
        !scree__base_mul_size((size_t)count, writer->header.record_bytes, &bytes))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: %" PRIu64 " records at once",
                                scree_sink_name(writer->sink), count);
    status = scree_sink_write(writer->sink, records, bytes, err);
    if (status == SCREE_OK)
        writer->point_count += count;
    return status;
}

void scree__las_writer_count_records(struct scree_las_writer *writer, uint64_t count)
{
    writer->point_count += count;
}

/* Table entries are coded as signed 32-bit numbers; chunks of fixed size are all full but the last.
 */
static enum scree_status check_chunk(const struct scree_las_writer *writer, uint64_t chunk_bytes,
                                     uint64_t point_count, struct scree_error *err)
{
    const char *name = scree_sink_name(writer->sink);
    uint32_t each = writer->layout.chunk_points;
    if (chunk_bytes == 0 || chunk_bytes > INT32_MAX || point_count == 0 ||
        point_count > INT32_MAX || writer->chunk_count == UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: chunk %" PRIu64 " of %" PRIu64 " points and %" PRIu64
                                " bytes cannot be written",
                                name, writer->chunk_count, point_count, chunk_bytes);
    if (each == SCREE_LAZ_VARIABLE_CHUNKS)
        return SCREE_OK;
    if (point_count > each)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: chunk %" PRIu64 " of %" PRIu64 " points, they have %u", name,
                                writer->chunk_count, point_count, each);
    if (writer->point_count % each != 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: chunk %" PRIu64 " follows one of %" PRIu64
                                " points, all but the last have %u",
                                name, writer->chunk_count, writer->point_count % each, each);
    return SCREE_OK;
}

enum scree_status scree_las_writer_add_chunk(struct scree_las_writer *writer, const uint8_t *chunk,
                                             uint64_t chunk_bytes, uint64_t point_count,
                                             uint64_t *offset, struct scree_error *err)
{
    enum scree_status status = check_open(writer, true, err);
    if (status == SCREE_OK)
        status = check_chunk(writer, chunk_bytes, point_count, err);
    if (status != SCREE_OK)
        return status;
    void *memory = writer->chunks;
    status = scree__mem_grow(NULL, &memory, &writer->chunk_capacity, writer->chunk_count + 1,
                             sizeof *writer->chunks, "list of chunks", err);
    if (status != SCREE_OK)
        return status;
    writer->chunks = memory;
    if (offset != NULL)
        *offset = scree_sink_position(writer->sink);
    status = scree_sink_write(writer->sink, chunk, (size_t)chunk_bytes, err);
    if (status != SCREE_OK)
        return status;
    writer->chunks[writer->chunk_count++] =
        (struct scree_laz_chunk){.bytes = chunk_bytes, .point_count = point_count};
    writer->point_count += point_count;
    return SCREE_OK;
}

static enum scree_status write_table(struct scree_las_writer *writer, struct scree_error *err)
{
    uint8_t pointer[8];
    uint32_t count = (uint32_t)writer->chunk_count;
    bool variable = writer->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    size_t capacity = scree_laz_chunk_table_bound(count), bytes = 0;
    uint64_t position = scree_sink_position(writer->sink);
    void *memory;
    enum scree_status status = scree__mem_alloc(NULL, capacity, &memory, "chunk table", err);
    if (status != SCREE_OK)
        return status;
    status =
        scree_laz_chunk_table_write(writer->chunks, count, variable, memory, capacity, &bytes, err);
    if (status == SCREE_OK)
        status = scree_sink_write(writer->sink, memory, bytes, err);
    scree__mem_free(NULL, memory, capacity);
    if (status != SCREE_OK)
        return status;
    scree__base_store64(pointer, position);
    return scree_sink_patch(writer->sink, writer->header.point_offset, pointer, sizeof pointer,
                            err);
}

enum scree_status scree_las_writer_end_points(struct scree_las_writer *writer,
                                              struct scree_error *err)
{
    if (writer->points_ended)
        return SCREE_OK;
    writer->points_ended = true;
    return writer->header.compressed ? write_table(writer, err) : SCREE_OK;
}
