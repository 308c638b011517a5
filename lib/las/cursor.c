/*
 * cursor.c - the points of one unit.
 *
 * Uncompressed records go straight from the source into the caller's memory. A chunk of known size
 * is loaded whole. In a sequential unit a window slides over the compressed bytes: wide enough for
 * the longest chunk there can be, so that a chunk never has to be begun twice.
 */
#include "las/reader.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mem/shelf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_STEP_BYTES ((uint64_t)64 << 10)

struct scree_las_cursor {
    const struct scree_las_reader *reader;
    struct scree__mem_budget *budget;
    struct scree_las_unit unit;
    bool open;
    uint64_t left;          /* points of the unit */
    uint64_t chunk_index;   /* within the file; within the unit where that is sequential */
    uint64_t chunk_offset;  /* in the file */
    uint64_t chunk_left;    /* points of the chunk */
    uint64_t chunk_first;   /* its first point, in the unit */
    bool chunk_begun;       /* the decoder is at it */
    uint64_t offset_before; /* of the chunk before it in the unit */

    struct scree_laz_decoder *decoder; /* NULL: uncompressed */
    void *decoder_memory;
    uint64_t decoder_bytes;

    uint8_t *window; /* holds window_bytes bytes of the file from window_offset on */
    uint64_t window_capacity, window_offset, window_bytes;
};

/* Makes the cursor one of a reader's; memory that it has for a decoder serves again where it is large enough. */
static enum scree_status begin_reader(struct scree_las_cursor *cursor,
                                      const struct scree_las_reader *reader, uint32_t fields,
                                      struct scree_error *err)
{
    cursor->reader = reader;
    cursor->open = false;
    cursor->decoder = NULL;
    cursor->window_bytes = 0;
    if (reader->layout.compressor == SCREE_LAZ_NONE)
        return SCREE_OK;
    uint64_t bytes = scree_laz_decoder_bytes(&reader->layout);
    if (bytes > cursor->decoder_bytes) {
        scree__mem_free(cursor->budget, cursor->decoder_memory, cursor->decoder_bytes);
        cursor->decoder_memory = NULL;
        cursor->decoder_bytes = 0;
        enum scree_status status = scree__mem_alloc_rested(
            cursor->budget, bytes, &cursor->decoder_memory, "LAZ decoder", err);
        if (status != SCREE_OK)
            return status;
        cursor->decoder_bytes = bytes;
    }
    enum scree_status status =
        scree_laz_decoder_init(cursor->decoder_memory, (size_t)cursor->decoder_bytes,
                               &reader->layout, fields, &cursor->decoder, err);
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s", scree_source_name(reader->source));
    return status;
}

enum scree_status scree_las_cursor_new(const struct scree_las_reader *reader, uint32_t fields,
                                       struct scree_las_cursor **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status = scree__mem_alloc(reader->budget, sizeof(struct scree_las_cursor),
                                                &memory, "LAS cursor", err);
    if (status != SCREE_OK)
        return status;
    struct scree_las_cursor *cursor = memory;
    memset(cursor, 0, sizeof *cursor);
    cursor->budget = reader->budget;
    status = begin_reader(cursor, reader, fields, err);
    if (status != SCREE_OK) {
        scree_las_cursor_free(cursor);
        return status;
    }
    *out = cursor;
    return SCREE_OK;
}

enum scree_status scree__las_cursor_move(struct scree_las_cursor **cursor,
                                         const struct scree_las_reader *reader, uint32_t fields,
                                         struct scree_error *err)
{
    if (*cursor == NULL)
        return scree_las_cursor_new(reader, fields, cursor, err);
    enum scree_status status = begin_reader(*cursor, reader, fields, err);
    if (status != SCREE_OK) {
        scree_las_cursor_free(*cursor);
        *cursor = NULL;
    }
    return status;
}

void scree_las_cursor_free(struct scree_las_cursor *cursor)
{
    if (cursor == NULL)
        return;
    struct scree__mem_budget *budget = cursor->budget;
    scree__mem_free(budget, cursor->window, cursor->window_capacity);
    scree__mem_rest(budget, cursor->decoder_memory, cursor->decoder_bytes);
    scree__mem_free(budget, cursor, sizeof *cursor);
}

/*
 * The most bytes that a chunk can take. Beyond its raw first record a byte of a record costs at
 * most one symbol of 15 bits and its share of a residual's raw bits, which makes less than four
 * bytes.
 */
static uint64_t chunk_bytes_max(const struct scree_las_cursor *cursor, uint64_t point_count)
{
    uint64_t bytes;
    if (!scree__base_mul64(point_count, (uint64_t)cursor->reader->layout.record_bytes * 4 + 64,
                           &bytes) ||
        !scree__base_add64(bytes, 65536, &bytes))
        return UINT64_MAX;
    return bytes;
}

/* Points of the next chunk of a sequential unit, with `left` points to go. */
static uint64_t next_chunk_points(const struct scree_las_cursor *cursor, uint64_t left)
{
    const struct scree_laz_layout *layout = &cursor->reader->layout;
    if (layout->compressor == SCREE_LAZ_POINTWISE || left < layout->chunk_points)
        return left;
    return layout->chunk_points;
}

static enum scree_status ensure_window(struct scree_las_cursor *cursor, uint64_t bytes,
                                       struct scree_error *err)
{
    char what[400];
    void *memory;
    if (bytes <= cursor->window_capacity)
        return SCREE_OK;
    snprintf(what, sizeof what, "chunk %" PRIu64 " of %s", cursor->chunk_index,
             scree_source_name(cursor->reader->source));
    scree__mem_free(cursor->budget, cursor->window, cursor->window_capacity);
    cursor->window = NULL;
    cursor->window_capacity = 0;
    cursor->window_bytes = 0;
    /* Chunks are of much the same length: a little more serves for most that come after. */
    uint64_t capacity =
        bytes < UINT64_MAX - WINDOW_STEP_BYTES
            ? (bytes + WINDOW_STEP_BYTES - 1) / WINDOW_STEP_BYTES * WINDOW_STEP_BYTES
            : bytes;
    if (scree__mem_alloc(cursor->budget, capacity, &memory, what, NULL) != SCREE_OK) {
        capacity = bytes;
        enum scree_status status = scree__mem_alloc(cursor->budget, bytes, &memory, what, err);
        if (status != SCREE_OK)
            return status;
    }
    cursor->window = memory;
    cursor->window_capacity = capacity;
    return SCREE_OK;
}

/*
 * Makes the window hold the chunk at chunk_offset: `bytes` bytes, or what the unit has left. What
 * is there already is kept.
 */
static enum scree_status load(struct scree_las_cursor *cursor, uint64_t bytes,
                              struct scree_error *err)
{
    uint64_t unit_end = cursor->unit.offset + cursor->unit.bytes;
    uint64_t begin = cursor->chunk_offset, kept = 0;
    if (bytes > unit_end - begin)
        bytes = unit_end - begin;
    uint64_t window_end = cursor->window_offset + cursor->window_bytes;
    if (begin >= cursor->window_offset && begin < window_end) {
        kept = window_end - begin;
        if (kept >= bytes)
            return SCREE_OK;
        memmove(cursor->window, cursor->window + (begin - cursor->window_offset), (size_t)kept);
    }
    cursor->window_offset = begin;
    cursor->window_bytes = 0;
    uint64_t end = begin + cursor->window_capacity;
    if (end > unit_end)
        end = unit_end;
    enum scree_status status =
        scree_source_read(cursor->reader->source, begin + kept, cursor->window + kept,
                          (size_t)(end - begin - kept), err);
    if (status == SCREE_OK)
        cursor->window_bytes = end - begin;
    return status;
}

static enum scree_status in_chunk(const struct scree_las_cursor *cursor, enum scree_status status,
                                  struct scree_error *err)
{
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s: chunk %" PRIu64 " at byte %" PRIu64,
                                 scree_source_name(cursor->reader->source), cursor->chunk_index,
                                 cursor->chunk_offset);
    return status;
}

static enum scree_status begin_chunk(struct scree_las_cursor *cursor, struct scree_error *err)
{
    uint64_t bytes = cursor->unit.bytes;
    cursor->chunk_begun = false;
    cursor->chunk_first = cursor->unit.point_count - cursor->left;
    cursor->chunk_left = cursor->left;
    if (cursor->unit.sequential) {
        cursor->chunk_left = next_chunk_points(cursor, cursor->left);
        bytes = chunk_bytes_max(cursor, cursor->chunk_left);
    }
    enum scree_status status = load(cursor, bytes, err);
    if (status != SCREE_OK)
        return status;
    const uint8_t *chunk = cursor->window + (cursor->chunk_offset - cursor->window_offset);
    uint64_t there = cursor->window_offset + cursor->window_bytes - cursor->chunk_offset;
    cursor->chunk_begun = true;
    return in_chunk(
        cursor,
        scree_laz_decoder_begin(cursor->decoder, chunk, (size_t)there, cursor->chunk_left, err),
        err);
}

/* The last point of a chunk is out: its size must be the table's, or tells where the next begins.
 */
static enum scree_status end_chunk(struct scree_las_cursor *cursor, struct scree_error *err)
{
    size_t consumed = 0;
    enum scree_status status =
        in_chunk(cursor, scree_laz_decoder_end(cursor->decoder, &consumed, err), err);
    if (status != SCREE_OK)
        return status;
    if (!cursor->unit.sequential && consumed != cursor->unit.bytes)
        return in_chunk(cursor,
                        scree__base_fail(err, SCREE_E_DATA,
                                         "its %" PRIu64 " points took %zu of its %" PRIu64 " bytes",
                                         cursor->unit.point_count, consumed, cursor->unit.bytes),
                        err);
    cursor->offset_before = cursor->chunk_offset;
    cursor->chunk_offset += consumed;
    cursor->chunk_index++;
    return SCREE_OK;
}

enum scree_status scree_las_cursor_open(struct scree_las_cursor *cursor, uint64_t unit,
                                        struct scree_error *err)
{
    cursor->open = false;
    if (unit >= cursor->reader->unit_count)
        return scree__base_fail(
            err, SCREE_E_ARGUMENT, "%s: there is no unit %" PRIu64 " of %" PRIu64,
            scree_source_name(cursor->reader->source), unit, cursor->reader->unit_count);
    scree_las_unit(cursor->reader, unit, &cursor->unit);
    cursor->left = cursor->unit.point_count;
    cursor->chunk_index = unit;
    cursor->chunk_offset = cursor->offset_before = cursor->unit.offset;
    cursor->chunk_left = cursor->chunk_first = 0;
    cursor->chunk_begun = false;
    if (cursor->decoder == NULL) {
        cursor->open = true;
        return SCREE_OK;
    }
    uint64_t bytes = cursor->unit.bytes;
    if (bytes == 0)
        return scree__las_fail(cursor->reader, err, SCREE_E_DATA, cursor->unit.offset,
                               "truncated: %" PRIu64 " points should begin here, the file ends",
                               cursor->left);
    if (cursor->unit.sequential) {
        uint64_t most = chunk_bytes_max(cursor, next_chunk_points(cursor, cursor->left));
        if (bytes > most)
            bytes = most;
    }
    enum scree_status status = ensure_window(cursor, bytes, err);
    if (status == SCREE_OK)
        status = begin_chunk(cursor, err);
    cursor->open = status == SCREE_OK;
    return status;
}

/* The decoder was asked for `count` points of the chunk, and said `status`. */
static enum scree_status took(struct scree_las_cursor *cursor, uint64_t count,
                              enum scree_status status, struct scree_error *err)
{
    cursor->chunk_left -= count;
    cursor->left -= count;
    status = in_chunk(cursor, status, err);
    if (status == SCREE_OK && cursor->chunk_left == 0)
        status = end_chunk(cursor, err);
    return status;
}

static enum scree_status next_decoded(struct scree_las_cursor *cursor, uint8_t *records,
                                      uint64_t wanted, struct scree_error *err)
{
    uint32_t record_bytes = cursor->reader->layout.record_bytes;
    enum scree_status status = SCREE_OK;
    while (wanted > 0 && status == SCREE_OK) {
        if (cursor->chunk_left == 0) {
            status = begin_chunk(cursor, err);
            if (status != SCREE_OK)
                break;
        }
        uint64_t now = wanted < cursor->chunk_left ? wanted : cursor->chunk_left;
        status = scree_laz_decoder_next(cursor->decoder, records, record_bytes, (size_t)now, err);
        records += now * record_bytes;
        wanted -= now;
        status = took(cursor, now, status, err);
    }
    return status;
}

enum scree_status scree_las_cursor_next(struct scree_las_cursor *cursor, uint8_t *records,
                                        size_t capacity, size_t *count, struct scree_error *err)
{
    *count = 0;
    if (!cursor->open)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: no unit is open, or it has failed",
                                scree_source_name(cursor->reader->source));
    uint64_t wanted = capacity < cursor->left ? capacity : cursor->left;
    if (wanted == 0)
        return SCREE_OK;
    enum scree_status status;
    if (cursor->decoder != NULL) {
        status = next_decoded(cursor, records, wanted, err);
    } else {
        uint64_t done = cursor->unit.point_count - cursor->left;
        uint32_t record_bytes = cursor->reader->header.record_bytes;
        status =
            scree_source_read(cursor->reader->source, cursor->unit.offset + done * record_bytes,
                              records, (size_t)(wanted * record_bytes), err);
        cursor->left -= wanted;
    }
    cursor->open = status == SCREE_OK;
    if (status == SCREE_OK)
        *count = (size_t)wanted;
    return status;
}

void scree__las_cursor_place(const struct scree_las_cursor *cursor,
                             struct scree__las_cursor_place *place)
{
    const struct scree_las_reader *reader = cursor->reader;
    memset(place, 0, sizeof *place);
    place->chunk = cursor->chunk_index;
    place->offset = cursor->chunk_offset;
    place->offset_before = cursor->offset_before;
    place->done = cursor->unit.point_count - cursor->left;
    if (cursor->decoder == NULL || cursor->open)
        return;
    place->done = cursor->chunk_first;
    if (!cursor->chunk_begun)
        return;
    place->done += scree_laz_decoder_done(cursor->decoder);
    place->at_end = scree_laz_decoder_ran_out(cursor->decoder) &&
                    cursor->window_offset + cursor->window_bytes == reader->file_bytes;
}

/* Points that the next call takes from a chunk that is one unit; 0: not such a unit, or none. */
static size_t next_of_chunk(const struct scree_las_part *part)
{
    const struct scree_las_cursor *cursor = part->cursor;
    if (!cursor->open || cursor->decoder == NULL || cursor->unit.sequential)
        return 0;
    return (size_t)(part->capacity < cursor->chunk_left ? part->capacity : cursor->chunk_left);
}

void scree_las_cursor_next_two(struct scree_las_part parts[2])
{
    struct scree_laz_part chunks[2];
    size_t counts[2] = {next_of_chunk(&parts[0]), next_of_chunk(&parts[1])};
    bool both = counts[0] > 0 && counts[1] > 0 && parts[0].cursor != parts[1].cursor;
    for (unsigned i = 0; i < 2; i++) {
        struct scree_las_part *part = &parts[i];
        if (!both) {
            part->status = scree_las_cursor_next(part->cursor, part->records, part->capacity,
                                                 &part->count, part->err);
            continue;
        }
        chunks[i] = (struct scree_laz_part){part->cursor->decoder,
                                            part->records,
                                            part->cursor->reader->layout.record_bytes,
                                            counts[i],
                                            part->err,
                                            SCREE_OK};
    }
    if (!both)
        return;
    scree_laz_decoder_next_two(chunks);
    for (unsigned i = 0; i < 2; i++) {
        struct scree_las_part *part = &parts[i];
        part->status = took(part->cursor, counts[i], chunks[i].status, part->err);
        part->cursor->open = part->status == SCREE_OK;
        part->count = part->status == SCREE_OK ? counts[i] : 0;
    }
}
