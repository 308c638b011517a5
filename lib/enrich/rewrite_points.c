/*
 * rewrite_points.c - the points, in the file's order: decoded, widened by the new fields' bytes, encoded. What is in flight is a slot: a chunk, or a run of records.
 *
 * Where each chunk becomes a chunk, slots are filled in parallel. Else (a LAZ file without chunk table, chunks too large to be held, LAS to LAZ) one cursor goes
 * through the points, round by round, and what follows is done in parallel.
 */
#include "enrich/rewrite_points.h"
#include "enrich/rows.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

#define PIECE_BYTES 262144u /* of records decoded at a time: what stays in a core's own cache */
#define PUT_AT_ONCE 128u
#define POINTER_BYTES 8u /* before the chunks of a LAZ file: where their table is */

/* Most points and most bytes that a unit has, be it one or two. */
struct most {
    uint64_t points, bytes;
};

static struct most most_of_units(const struct scree_las_reader *reader)
{
    struct most most = {0, 0};
    for (uint64_t i = 0; i < scree_las_unit_count(reader); i++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, i, &unit);
        most.points = unit.point_count > most.points ? unit.point_count : most.points;
        most.bytes = unit.bytes > most.bytes ? unit.bytes : most.bytes;
    }
    return most;
}

static bool is_sequential(const struct scree_las_reader *reader)
{
    struct scree_las_unit unit;
    scree_las_unit(reader, 0, &unit);
    return unit.sequential;
}

/* Pointwise files and those without a table have chunks that cannot be looked up. */
bool scree__enrich_chunks_stay(const struct scree__enrich_writing *writing)
{
    const struct scree_las_reader *reader = writing->reader;
    return scree_las_layout(reader)->compressor >= SCREE_LAZ_CHUNKED && !is_sequential(reader) &&
           (writing->is_copc || most_of_units(reader).points <= SCREE__ENRICH_CHUNK_POINTS_MOST);
}

/* ---------------------------------------------------------------------------------------- records */

/* New fields into `count` records. */
static void put_fields(const struct scree__enrich_change *change, const float *values,
                       uint32_t count, uint8_t *at, uint32_t record_bytes)
{
    const uint32_t fields = change->field_count;
    for (uint32_t f = 0; f < fields; f++) {
        scree__enrich_store(change->fields[f].feature, change->fields[f].compact, values + f,
                            fields, count, at, record_bytes);
        at += change->fields[f].bytes;
    }
}

/* Of `count` records, from point `first` on: a few at a time, so that they stay at hand from field to field, and for the look at what was written. */
static enum scree_status put_all_fields(const struct scree__enrich_writing *writing, uint64_t first,
                                        const float *values, uint32_t count, uint8_t *at,
                                        uint32_t record_bytes, struct scree_error *err)
{
    const struct scree__enrich_change *change = writing->change;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i += PUT_AT_ONCE) {
        const uint32_t some = count - i < PUT_AT_ONCE ? count - i : PUT_AT_ONCE;
        uint8_t *to = at + (size_t)i * record_bytes;
        put_fields(change, values + (size_t)i * change->field_count, some, to, record_bytes);
        if (change->invariants != NULL)
            status =
                scree__enrich_invariants_check(change->invariants, to, record_bytes, some,
                                               first + i, scree_source_name(writing->source), err);
    }
    return status;
}

/* Are the points of a unit known to be of one scanner channel? */
static bool one_channel(const struct scree__enrich_points *points, uint64_t unit)
{
    const uint8_t *channels = points->writing->change->channels;
    return channels != NULL && (channels[unit] & (channels[unit] - 1)) == 0;
}

/* `count` records of the new fields alone. decoded: the slot's piece has them. */
static enum scree_status make_fields(const struct scree__enrich_points *points,
                                     struct scree__enrich_slot *slot, bool decoded, uint64_t done,
                                     uint32_t count, struct scree_error *err)
{
    const struct scree__enrich_writing *writing = points->writing;
    const struct scree__enrich_change *change = writing->change;
    const uint32_t before = points->record_bytes - writing->field_bytes;
    uint8_t *to = slot->records + done * points->record_bytes;
    if (change->field_count == 0)
        return SCREE_OK;
    enum scree_status status =
        change->values(change->user, slot->first_point + done, count, slot->values, err);
    if (status != SCREE_OK)
        return status;
    for (uint32_t i = 0; i < count && points->decoded != 0; i++)
        scree__enrich_fields_record(to + (uint64_t)i * points->record_bytes,
                                    decoded ? slot->piece + (uint64_t)i * writing->in_bytes : NULL);
    return put_all_fields(writing, slot->first_point + done, slot->values, count, to + before,
                          points->record_bytes, err);
}

/* `count` records of the slot's chunk from `done` on: as they were, and the new fields. */
static enum scree_status widen(const struct scree__enrich_points *points,
                               struct scree__enrich_slot *slot, uint64_t done, uint32_t count,
                               struct scree_error *err)
{
    struct scree__enrich_writing *writing = points->writing;
    const struct scree__enrich_change *change = writing->change;
    const uint32_t after = writing->keep_at + writing->drop_bytes;
    const uint64_t first = slot->first_point + done;
    uint8_t *to = slot->records + done * writing->out_bytes;
    const uint8_t *from = slot->piece;
    if (change->field_count > 0) {
        enum scree_status status = change->values(change->user, first, count, slot->values, err);
        if (status != SCREE_OK)
            return status;
    }
    if (writing->old_header.is)
        scree__enrich_version_count(writing, from, writing->in_bytes, count);
    for (uint32_t i = 0; i < count; i++, from += writing->in_bytes) {
        uint8_t *at = to + (uint64_t)i * writing->out_bytes;
        memcpy(at, from, writing->keep_at);
        if (after < writing->in_bytes)
            memcpy(at + writing->keep_at + writing->field_bytes, from + after,
                   writing->in_bytes - after);
    }
    enum scree_status status = put_all_fields(writing, first, slot->values, count,
                                              to + writing->keep_at, writing->out_bytes, err);
    if (status == SCREE_OK && change->touch != NULL)
        change->touch(change->user, first, count, to, writing->out_bytes, slot->values);
    return status;
}

static enum scree_status encode(const struct scree__enrich_points *points,
                                struct scree__enrich_slot *slot, struct scree_error *err)
{
    const struct scree__enrich_writing *writing = points->writing;
    size_t bytes = 0;
    if (!writing->compressed || points->record_bytes == 0)
        return SCREE_OK;
    enum scree_status status =
        scree_laz_encode(slot->encoder, slot->records, points->record_bytes, slot->point_count,
                         slot->chunk, (size_t)slot->chunk_capacity, &bytes, err);
    slot->chunk_bytes = bytes;
    return status;
}

static enum scree_status next_piece(const struct scree__enrich_points *points,
                                    struct scree__enrich_slot *slot, size_t *count,
                                    struct scree_error *err)
{
    enum scree_status status =
        scree_las_cursor_next(slot->cursor, slot->piece, (size_t)points->piece_points, count, err);
    if (status == SCREE_OK && *count == 0)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: points are missing",
                                  scree_source_name(points->writing->source));
    return status;
}

/* A unit whose layers stay; its points are decoded no further than is needed. */
static enum scree_status splice_unit(void *arg, uint64_t index, unsigned slot_index,
                                     unsigned worker, struct scree_error *err)
{
    struct scree__enrich_points *points = arg;
    struct scree__enrich_writing *writing = points->writing;
    struct scree__enrich_slot *slot = &points->slots[slot_index];
    struct scree_las_unit unit;
    const bool decoded =
        points->decoded != 0 && !(writing->change->checked && one_channel(points, index));
    (void)worker;
    scree_las_unit(writing->reader, index, &unit);
    slot->first_point = unit.first_point;
    slot->point_count = unit.point_count;
    enum scree_status status =
        scree_source_read(writing->source, unit.offset, slot->old, (size_t)unit.bytes, err);
    if (status == SCREE_OK && decoded)
        status = scree_las_cursor_open(slot->cursor, index, err);
    for (uint64_t done = 0; done < unit.point_count && status == SCREE_OK;) {
        const uint64_t left = unit.point_count - done;
        size_t count = (size_t)(left < points->piece_points ? left : points->piece_points);
        if (decoded)
            status = next_piece(points, slot, &count, err);
        if (status == SCREE_OK)
            status = make_fields(points, slot, decoded, done, (uint32_t)count, err);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(writing->context, err);
        done += count;
    }
    if (status == SCREE_OK)
        status = encode(points, slot, err);
    if (status == SCREE_OK)
        status =
            scree__enrich_splice(writing, &unit, slot->old,
                                 points->record_bytes > 0 ? slot->chunk : NULL, &slot->splice, err);
    slot->chunk_bytes = slot->splice.total;
    return status;
}

/* A unit, from the file to the encoded chunk. */
static enum scree_status make_unit(void *arg, uint64_t index, unsigned slot_index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__enrich_points *points = arg;
    struct scree__enrich_writing *writing = points->writing;
    struct scree__enrich_slot *slot = &points->slots[slot_index];
    struct scree_las_unit unit;
    (void)worker;
    scree_las_unit(writing->reader, index, &unit);
    slot->first_point = unit.first_point;
    slot->point_count = unit.point_count;
    enum scree_status status = scree_las_cursor_open(slot->cursor, index, err);
    for (uint64_t done = 0; done < unit.point_count && status == SCREE_OK;) {
        size_t count = 0;
        status = next_piece(points, slot, &count, err);
        if (status == SCREE_OK)
            status = widen(points, slot, done, (uint32_t)count, err);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(writing->context, err);
        done += count;
    }
    return status == SCREE_OK ? encode(points, slot, err) : status;
}

static enum scree_status write_splice(struct scree_sink *sink,
                                      const struct scree__enrich_splice *splice,
                                      struct scree_error *err)
{
    enum scree_status status = scree_sink_write(sink, splice->head, splice->head_bytes, err);
    for (unsigned i = 0; i < splice->count && status == SCREE_OK; i++)
        if (splice->bytes[i] > 0)
            status = scree_sink_write(sink, splice->pieces[i], (size_t)splice->bytes[i], err);
    return status;
}

static enum scree_status note_chunk(struct scree__enrich_writing *writing,
                                    const struct scree__enrich_slot *slot, struct scree_error *err)
{
    void *memory = writing->chunks;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &writing->chunk_capacity, writing->chunk_count + 1,
                        sizeof *writing->chunks, "list of chunks", err);
    if (status != SCREE_OK)
        return status;
    writing->chunks = memory;
    memory = writing->chunk_offsets;
    status = scree__mem_grow(NULL, &memory, &writing->offset_capacity, writing->chunk_count + 1,
                             sizeof *writing->chunk_offsets, "list of chunks", err);
    if (status != SCREE_OK)
        return status;
    writing->chunk_offsets = memory;
    writing->chunks[writing->chunk_count] =
        (struct scree_laz_chunk){slot->chunk_bytes, slot->point_count};
    writing->chunk_offsets[writing->chunk_count++] = scree_sink_position(writing->sink);
    return SCREE_OK;
}

static enum scree_status take(void *arg, uint64_t index, unsigned slot_index,
                              struct scree_error *err)
{
    struct scree__enrich_points *points = arg;
    struct scree__enrich_writing *writing = points->writing;
    const struct scree__enrich_slot *slot = &points->slots[slot_index];
    enum scree_status status = SCREE_OK;
    (void)index;
    if (writing->compressed) {
        if (slot->chunk_bytes > INT32_MAX)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                    "%s: a chunk of %" PRIu64 " points would take %" PRIu64
                                    " bytes, more than a chunk table counts",
                                    scree_source_name(writing->source), slot->point_count,
                                    slot->chunk_bytes);
        status = note_chunk(writing, slot, err);
        if (status == SCREE_OK && writing->splices)
            status = write_splice(writing->sink, &slot->splice, err);
        else if (status == SCREE_OK)
            status = scree_sink_write(writing->sink, slot->chunk, (size_t)slot->chunk_bytes, err);
    } else {
        status = scree_sink_write(writing->sink, slot->records,
                                  (size_t)(slot->point_count * writing->out_bytes), err);
    }
    writing->points_written += slot->point_count;
    scree__par_stage_add(writing->context, slot->point_count);
    return status;
}

/* ----------------------------------------------------------------------------------------- rounds */

/* The next points of the file into a slot, across units where they are short. */
static enum scree_status read_slot(struct scree__enrich_points *points,
                                   struct scree__enrich_slot *slot, uint64_t first, uint64_t wanted,
                                   struct scree_error *err)
{
    struct scree__enrich_writing *writing = points->writing;
    slot->first_point = first;
    slot->point_count = 0;
    enum scree_status status = SCREE_OK;
    while (slot->point_count < wanted && status == SCREE_OK) {
        uint64_t room = wanted - slot->point_count;
        size_t count = 0;
        status = scree_las_cursor_next(points->cursor,
                                       slot->piece + slot->point_count * writing->in_bytes,
                                       (size_t)room, &count, err);
        slot->point_count += count;
        if (status == SCREE_OK && count == 0 &&
            points->unit < scree_las_unit_count(writing->reader))
            status = scree_las_cursor_open(points->cursor, points->unit++, err);
        else if (status == SCREE_OK && count == 0)
            status = scree__base_fail(err, SCREE_E_DATA, "%s: points are missing",
                                      scree_source_name(writing->source));
    }
    return status;
}

static enum scree_status make_read(void *arg, uint64_t index, unsigned slot_index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__enrich_points *points = arg;
    struct scree__enrich_slot *slot = &points->slots[slot_index];
    (void)index;
    (void)worker;
    enum scree_status status = widen(points, slot, 0, (uint32_t)slot->point_count, err);
    return status == SCREE_OK ? encode(points, slot, err) : status;
}

static enum scree_status write_rounds(struct scree__enrich_points *points, struct scree_error *err)
{
    struct scree__enrich_writing *writing = points->writing;
    const uint64_t total = writing->header->point_count;
    enum scree_status status = SCREE_OK;
    if (total > 0)
        status = scree_las_cursor_open(points->cursor, points->unit++, err);
    for (uint64_t first = 0; first < total && status == SCREE_OK;) {
        unsigned used = 0;
        for (; used < points->window && first < total && status == SCREE_OK; used++) {
            const uint64_t left = total - first;
            const uint64_t wanted = left < points->slot_points ? left : points->slot_points;
            status = read_slot(points, &points->slots[used], first, wanted, err);
            first += wanted;
        }
        if (status != SCREE_OK)
            break;
        struct scree__par_lane_job lane = {used, points->window, points, make_read, take};
        status = scree__par_lane(scree__par_pool(writing->context), &lane, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------ whole */

static enum scree_status write_table(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const bool variable = writing->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    const uint32_t count = (uint32_t)writing->chunk_count;
    const size_t capacity = scree_laz_chunk_table_bound(count);
    const uint64_t position = scree_sink_position(writing->sink);
    uint8_t pointer[POINTER_BYTES];
    size_t bytes = 0;
    void *memory;
    if (writing->chunk_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: more than 2^32 chunks",
                                scree_source_name(writing->source));
    enum scree_status status = scree__mem_alloc(NULL, capacity, &memory, "chunk table", err);
    if (status != SCREE_OK)
        return status;
    status = scree_laz_chunk_table_write(writing->chunks, count, variable, memory, capacity, &bytes,
                                         err);
    if (status == SCREE_OK)
        status = scree_sink_write(writing->sink, memory, bytes, err);
    scree__mem_free(NULL, memory, capacity);
    if (status != SCREE_OK)
        return status;
    scree__base_store64(pointer, position);
    return scree_sink_patch(writing->sink, writing->head_bytes, pointer, sizeof pointer, err);
}

static bool channels_known(const struct scree__enrich_points *points)
{
    bool known = true;
    for (uint64_t i = 0; i < scree_las_unit_count(points->writing->reader) && known; i++)
        known = one_channel(points, i);
    return known;
}

/* What is encoded: whole records; or the new fields, to be put between layers that stay. */
static enum scree_status choose_layout(struct scree__enrich_points *points, struct scree_error *err)
{
    struct scree__enrich_writing *writing = points->writing;
    const struct scree__enrich_change *change = writing->change;
    points->layout = writing->layout;
    points->record_bytes = writing->out_bytes;
    points->decoded = SCREE_LAZ_FIELD_ALL;
    writing->splices = scree__enrich_layers_stay(writing);
    if (!writing->splices)
        return SCREE_OK;
    if (change->checked)
        points->decoded =
            change->field_count > 0 && !channels_known(points) ? SCREE_LAZ_FIELD_XY : 0;
    points->old_bytes = most_of_units(writing->reader).bytes;
    points->head_bytes = scree_laz_layered_fixed_bytes(&writing->layout);
    points->record_bytes = 0;
    if (change->field_count == 0)
        return SCREE_OK;
    enum scree_status status = scree__enrich_fields_layout(writing, &points->layout, err);
    points->record_bytes = points->layout.record_bytes;
    return status;
}

static void choose_sizes(struct scree__enrich_points *points)
{
    const struct scree__enrich_writing *writing = points->writing;
    const struct scree_las_reader *reader = writing->reader;
    const uint64_t largest = most_of_units(reader).points;
    points->direct = writing->compressed
                         ? scree__enrich_chunks_stay(writing)
                         : !is_sequential(reader) && largest <= SCREE__ENRICH_CHUNK_POINTS_MOST;
    points->slot_points = points->direct ? largest : SCREE__ENRICH_CHUNK_POINTS;
    if (points->slot_points > writing->header->point_count)
        points->slot_points = writing->header->point_count;
    points->piece_points = PIECE_BYTES / writing->in_bytes + 1;
    if (!points->direct || points->piece_points > points->slot_points)
        points->piece_points = points->slot_points;
    points->encoder_bytes = writing->compressed ? scree_laz_encoder_bytes(&points->layout) : 0;
}

enum scree_status scree__enrich_points_write(struct scree__enrich_writing *writing,
                                             struct scree_error *err)
{
    static const uint8_t unknown[POINTER_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255};
    struct scree__enrich_points points = {.writing = writing};
    enum scree_status status = SCREE_OK;
    if ((status = choose_layout(&points, err)) != SCREE_OK)
        return status;
    choose_sizes(&points);
    scree__par_stage_begin(writing->context, "write", writing->header->point_count);
    if (writing->compressed)
        status = scree_sink_write(writing->sink, unknown, sizeof unknown, err);
    if (status == SCREE_OK && writing->header->point_count > 0)
        status = scree__enrich_slots_make(&points, err);
    if (status == SCREE_OK && points.direct && writing->header->point_count > 0) {
        struct scree__par_lane_job lane = {scree_las_unit_count(writing->reader), points.window,
                                           &points, writing->splices ? splice_unit : make_unit,
                                           take};
        status = scree__par_lane(scree__par_pool(writing->context), &lane, err);
    } else if (status == SCREE_OK) {
        status = write_rounds(&points, err);
    }
    scree__enrich_slots_release(&points);
    if (status == SCREE_OK && writing->compressed)
        status = write_table(writing, err);
    if (status == SCREE_OK)
        scree__par_stage_end(writing->context);
    return status;
}
