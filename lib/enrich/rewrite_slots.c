/* rewrite_slots.c - the memory of what is in flight while points are written: as much of it as threads and budget allow. */
#include "enrich/rewrite_points.h"
#include "laz/encoder.h"

#include <string.h>

static uint64_t slot_bytes(const struct scree__enrich_points *points)
{
    const struct scree__enrich_writing *writing = points->writing;
    const uint64_t fields = writing->change->field_count;
    uint64_t bytes = points->slot_points * points->record_bytes + points->old_bytes +
                     points->head_bytes +
                     points->piece_points * (writing->in_bytes + fields * sizeof(float));
    if (writing->compressed)
        bytes +=
            points->encoder_bytes + scree_laz_encode_bound(&points->layout, points->slot_points);
    /* The cursor's decoder and the chunk that it reads, which is seldom larger than its records. */
    if (points->direct && points->decoded != 0 &&
        scree_las_layout(writing->reader)->compressor != SCREE_LAZ_NONE)
        bytes += scree_laz_decoder_bytes(scree_las_layout(writing->reader)) +
                 points->slot_points * writing->in_bytes;
    return bytes + 4096;
}

void scree__enrich_slots_release(struct scree__enrich_points *points)
{
    struct scree__enrich_writing *writing = points->writing;
    struct scree__mem_budget *budget = writing->budget;
    const uint64_t fields = writing->change->field_count;
    for (unsigned s = 0; points->slots != NULL && s < points->window; s++) {
        struct scree__enrich_slot *slot = &points->slots[s];
        scree_las_cursor_free(slot->cursor);
        scree__mem_free(budget, slot->encoder_memory, points->encoder_bytes);
        scree__mem_free(budget, slot->piece, points->piece_points * writing->in_bytes);
        scree__mem_free(budget, slot->values, points->piece_points * fields * sizeof(float));
        scree__mem_free(budget, slot->records, points->slot_points * points->record_bytes);
        scree__mem_free(budget, slot->chunk, slot->chunk_capacity);
        scree__mem_free(budget, slot->old, points->old_bytes);
        scree__mem_free(budget, slot->splice.head, points->head_bytes);
    }
    scree__mem_free(budget, points->slots, points->window * sizeof *points->slots);
    scree_las_cursor_free(points->cursor);
    points->slots = NULL;
    points->cursor = NULL;
}

static enum scree_status fill_slot(struct scree__enrich_points *points,
                                   struct scree__enrich_slot *slot, struct scree_error *err)
{
    static const char what[] = "the points of one chunk";
    struct scree__enrich_writing *writing = points->writing;
    struct scree__mem_budget *budget = writing->budget;
    const uint64_t values = points->piece_points * writing->change->field_count * sizeof(float);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, points->piece_points * writing->in_bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    slot->piece = memory;
    if ((status = scree__mem_alloc(budget, values, &memory, what, err)) != SCREE_OK)
        return status;
    slot->values = memory;
    status =
        scree__mem_alloc(budget, points->slot_points * points->record_bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    slot->records = memory;
    if (points->decoded == 0 &&
        points->record_bytes > 0) /* records of the new fields: all else stays nothing */
        memset(slot->records, 0, points->slot_points * points->record_bytes);
    if ((status = scree__mem_alloc(budget, points->old_bytes, &memory, what, err)) != SCREE_OK)
        return status;
    slot->old = memory;
    if ((status = scree__mem_alloc(budget, points->head_bytes, &memory, what, err)) != SCREE_OK)
        return status;
    slot->splice.head = memory;
    if (points->direct && points->decoded != 0)
        status = scree_las_cursor_new(writing->reader, points->decoded, &slot->cursor, err);
    if (status != SCREE_OK || !writing->compressed || points->record_bytes == 0)
        return status;
    const uint64_t capacity = scree_laz_encode_bound(&points->layout, points->slot_points);
    if ((status = scree__mem_alloc(budget, capacity, &memory, what, err)) != SCREE_OK)
        return status;
    slot->chunk = memory;
    slot->chunk_capacity = capacity;
    status = scree__mem_alloc(budget, points->encoder_bytes, &memory, "LAZ encoder", err);
    if (status != SCREE_OK)
        return status;
    slot->encoder_memory = memory;
    status =
        scree_laz_encoder_init(memory, points->encoder_bytes, &points->layout, &slot->encoder, err);
    if (status == SCREE_OK && writing->splices)
        scree__laz_encode_bytes_alone(slot->encoder);
    return status;
}

/* As many slots as threads keep busy, and as the budget has room for; at least one. */
enum scree_status scree__enrich_slots_make(struct scree__enrich_points *points,
                                           struct scree_error *err)
{
    struct scree__enrich_writing *writing = points->writing;
    const unsigned threads = scree_context_threads(writing->context);
    const uint64_t each = slot_bytes(points);
    const uint64_t limit = scree_context_budget_bytes(writing->context);
    const uint64_t used = scree__mem_budget_used(writing->budget);
    const uint64_t room = limit > used ? limit - used : 0;
    void *memory;
    points->window = threads == 1 ? 1 : 2 * threads;
    while (points->window > 1 && each * points->window > room)
        points->window--;
    enum scree_status status = scree__mem_alloc(
        writing->budget, points->window * sizeof *points->slots, &memory, "chunks", err);
    if (status != SCREE_OK)
        return status;
    points->slots = memory;
    memset(memory, 0, points->window * sizeof *points->slots);
    for (unsigned s = 0; s < points->window && status == SCREE_OK; s++)
        status = fill_slot(points, &points->slots[s], err);
    if (status == SCREE_OK && !points->direct)
        status = scree_las_cursor_new(writing->reader, SCREE_LAZ_FIELD_ALL, &points->cursor, err);
    if (status == SCREE_E_BUDGET && err != NULL && err->need_bytes < used + each)
        err->need_bytes = used + each;
    return status;
}
