/*
 * units_walk.c - layered chunks without a chunk table. Each begins with its number of points and
 * the sizes of its layers, so the chunks are found one after the other without decoding any. As
 * each is longer than what is read of it, the walk reads no more than the file has.
 */
#include "las/reader.h"
#include "base/error.h"

#include <inttypes.h>

struct walk {
    uint64_t offset, points, index;
    uint8_t *fixed; /* the part of a chunk before its layers */
    size_t fixed_bytes;
};

static enum scree_status step(struct scree_las_reader *reader, struct walk *walk,
                              struct scree_error *err)
{
    uint64_t room = reader->file_bytes - walk->offset, chunk_bytes, total;
    uint32_t count;
    total = reader->header.point_count;
    if (room < walk->fixed_bytes)
        return scree__las_fail(reader, err, SCREE_E_DATA, walk->offset,
                               "truncated: chunk %" PRIu64 " should begin here, after %" PRIu64
                               " of %" PRIu64 " points; the file ends after %" PRIu64 " bytes",
                               walk->index, walk->points, total, room);
    enum scree_status status =
        scree_source_read(reader->source, walk->offset, walk->fixed, walk->fixed_bytes, err);
    if (status != SCREE_OK)
        return status;
    status = scree_laz_layered_chunk_size(&reader->layout, walk->fixed, walk->fixed_bytes,
                                          &chunk_bytes, &count, err);
    if (status != SCREE_OK) {
        scree__base_error_prefix(err, "%s: chunk %" PRIu64 " at byte %" PRIu64,
                                 scree_source_name(reader->source), walk->index, walk->offset);
        return status;
    }
    if (chunk_bytes > room)
        return scree__las_fail(reader, err, SCREE_E_DATA, walk->offset,
                               "truncated: chunk %" PRIu64 " has %" PRIu64
                               " bytes, the file ends after %" PRIu64,
                               walk->index, chunk_bytes, room);
    if (count == 0 || count > total - walk->points)
        return scree__las_fail(reader, err, SCREE_E_DATA, walk->offset,
                               "chunk %" PRIu64 " says %u points, the header leaves %" PRIu64
                               " of its %" PRIu64,
                               walk->index, count, total - walk->points, total);
    status = scree__las_chunk_add(reader, walk->index, walk->offset, walk->points, err);
    walk->index++;
    walk->offset += chunk_bytes;
    walk->points += count;
    return status;
}

enum scree_status scree__las_chunks_walk(struct scree_las_reader *reader, struct scree_error *err)
{
    struct walk walk = {0};
    void *memory;
    walk.offset = (uint64_t)reader->header.point_offset + 8;
    walk.fixed_bytes = scree_laz_layered_fixed_bytes(&reader->layout);
    enum scree_status status =
        scree__mem_alloc(reader->budget, walk.fixed_bytes, &memory, "search for chunks", err);
    if (status != SCREE_OK)
        return status;
    walk.fixed = memory;
    struct scree_error why = SCREE_ERROR_INIT;
    while (status == SCREE_OK && walk.points < reader->header.point_count)
        status = step(reader, &walk, &why);
    if (status == SCREE_E_DATA && reader->salvage) {
        scree__las_cut_at(reader, walk.points, walk.index, walk.offset, &why);
        status = SCREE_OK;
    }
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = why;
    if (status == SCREE_OK)
        status = scree__las_chunk_add(reader, walk.index, walk.offset, walk.points, err);
    if (status == SCREE_OK)
        reader->unit_count = walk.index;
    scree__mem_free(reader->budget, walk.fixed, walk.fixed_bytes);
    return status;
}
