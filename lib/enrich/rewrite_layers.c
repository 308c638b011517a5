/*
 * rewrite_layers.c - chunks of formats 6 to 10 without encoding what stays: each attribute and each extra byte is a layer of its own, so the layers of what is kept
 * are copied as they are, and those of the new fields come from a chunk of these fields alone. A layer of extra bytes depends on nothing of its points but their scanner channels.
 */
#include "enrich/rewrite.h"
#include "enrich/rows.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

#define POINT14_BYTES 30u
#define CHANNEL_AT 15u
#define CHANNEL_BITS 0x30u

bool scree__enrich_layers_stay(const struct scree__enrich_writing *writing)
{
    const struct scree_laz_layout *in = scree_las_layout(writing->reader), *out = &writing->layout;
    const uint32_t base = scree_las_format_bytes(writing->header->point_format);
    uint16_t items = out->item_count, in_items = in->item_count;
    if (!writing->compressed || writing->change->touch != NULL || writing->old_header.is ||
        in->compressor != SCREE_LAZ_LAYERED || !scree__enrich_chunks_stay(writing) ||
        writing->keep_at < base)
        return false;
    if (writing->out_bytes > base)
        items--;
    if (writing->in_bytes > base) {
        const struct scree_laz_item *bytes = &in->items[--in_items];
        if (bytes->type != SCREE_LAZ_BYTE14 || bytes->version != 3 ||
            bytes->bytes != writing->in_bytes - base)
            return false;
    }
    return items == in_items && memcmp(in->items, out->items, items * sizeof *in->items) == 0;
}

enum scree_status scree__enrich_fields_layout(const struct scree__enrich_writing *writing,
                                              struct scree_laz_layout *layout,
                                              struct scree_error *err)
{
    return scree_laz_layout_init(layout, 6, writing->field_bytes, SCREE_LAZ_VARIABLE_CHUNKS, err);
}

void scree__enrich_fields_record(uint8_t *record, const uint8_t *point)
{
    memset(record, 0, POINT14_BYTES);
    if (point != NULL)
        record[CHANNEL_AT] = point[CHANNEL_AT] & CHANNEL_BITS;
}

/* The layers' sizes of a chunk: those of extra bytes from `extra` on. */
struct chunk {
    const uint8_t *bytes, *sizes, *layers;
    uint32_t count, extra;
};

static void set_chunk(const struct scree_laz_layout *layout, uint32_t extra_bytes,
                      const uint8_t *bytes, struct chunk *chunk)
{
    const size_t fixed = scree_laz_layered_fixed_bytes(layout);
    chunk->bytes = bytes;
    chunk->sizes = bytes + layout->record_bytes + 4;
    chunk->layers = bytes + fixed;
    chunk->count = (uint32_t)((fixed - layout->record_bytes - 4) / 4);
    chunk->extra = chunk->count - extra_bytes;
}

/* Layers [begin, end) of a chunk: their sizes to the head, themselves as a piece. */
static void put_layers(struct scree__enrich_splice *splice, const struct chunk *chunk,
                       uint32_t begin, uint32_t end)
{
    uint64_t before = 0, bytes = 0;
    for (uint32_t l = 0; l < end; l++)
        *(l < begin ? &before : &bytes) += scree__base_load32(chunk->sizes + 4 * (size_t)l);
    memcpy(splice->head + splice->head_bytes, chunk->sizes + 4 * (size_t)begin,
           4 * (size_t)(end - begin));
    splice->head_bytes += 4 * (size_t)(end - begin);
    splice->pieces[splice->count] = chunk->layers + before;
    splice->bytes[splice->count++] = bytes;
    splice->total += bytes;
}

static enum scree_status check_chunk(const struct scree__enrich_writing *writing,
                                     const struct scree_las_unit *unit, const uint8_t *bytes,
                                     struct scree_error *err)
{
    uint64_t need;
    uint32_t points;
    enum scree_status status = scree_laz_layered_chunk_size(
        scree_las_layout(writing->reader), bytes, (size_t)unit->bytes, &need, &points, err);
    if (status == SCREE_OK && (need > unit->bytes || points != unit->point_count))
        status = scree__base_fail(err, SCREE_E_DATA,
                                  "%s: chunk at byte %" PRIu64 ": it has changed since it was read",
                                  scree_source_name(writing->source), unit->offset);
    return status;
}

enum scree_status scree__enrich_splice(const struct scree__enrich_writing *writing,
                                       const struct scree_las_unit *unit, const uint8_t *old,
                                       const uint8_t *fields, struct scree__enrich_splice *splice,
                                       struct scree_error *err)
{
    const uint32_t base = scree_las_format_bytes(writing->header->point_format);
    const uint32_t kept = writing->keep_at - base, after = writing->keep_at + writing->drop_bytes;
    struct chunk in, added;
    enum scree_status status = check_chunk(writing, unit, old, err);
    if (status != SCREE_OK)
        return status;
    set_chunk(scree_las_layout(writing->reader), writing->in_bytes - base, old, &in);
    uint8_t *at = splice->head;
    memcpy(at, old, writing->keep_at);
    at += writing->keep_at;
    if (fields != NULL)
        memcpy(at, fields + POINT14_BYTES, writing->field_bytes);
    at += writing->field_bytes;
    memcpy(at, old + after, writing->in_bytes - after);
    at += writing->in_bytes - after;
    memcpy(at, old + writing->in_bytes, 4);
    splice->head_bytes = writing->out_bytes + 4;
    splice->count = 0;
    splice->total = 0;
    put_layers(splice, &in, 0, in.extra + kept);
    if (fields != NULL) {
        struct scree_laz_layout layout;
        if ((status = scree__enrich_fields_layout(writing, &layout, err)) != SCREE_OK)
            return status;
        set_chunk(&layout, writing->field_bytes, fields, &added);
        put_layers(splice, &added, added.extra, added.count);
    }
    put_layers(splice, &in, in.extra + kept + writing->drop_bytes, in.count);
    splice->total += splice->head_bytes;
    return SCREE_OK;
}
