/*
 * decode.c - the decoder's life: memory, chunk begin, points, end. The loops over points are in
 * decode_pointwise.c and decode_layered.c.
 */
#include "scree/laz.h"
#include "base/bytes.h"
#include "base/error.h"
#include "laz/decoder.h"
#include "laz/leave.h"
#include "laz/layout.h"

static size_t place(struct scree_laz_decoder *decoder, const struct scree_laz_layout *layout,
                    struct laz_arena *arena)
{
    if (layout->compressor == SCREE_LAZ_LAYERED) {
        scree__laz_layered_place(&decoder->layered, layout, arena);
        decoder->streams =
            laz_arena_take(arena, decoder->layered.layer_count * sizeof *decoder->streams);
        decoder->fills =
            laz_arena_take(arena, decoder->layered.layer_count * sizeof *decoder->fills);
    } else if (layout->compressor != SCREE_LAZ_NONE) {
        scree__laz_pointwise_place(&decoder->pointwise, layout, arena);
    }
    return arena->used;
}

size_t scree_laz_decoder_bytes(const struct scree_laz_layout *layout)
{
    struct scree_laz_decoder measured;
    struct laz_arena arena = {NULL, 0};
    if (scree__laz_layout_check(layout, NULL) != SCREE_OK)
        return 0;
    laz_arena_take(&arena, sizeof measured);
    return place(&measured, layout, &arena);
}

enum scree_status scree_laz_decoder_init(void *memory, size_t memory_bytes,
                                         const struct scree_laz_layout *layout, uint32_t fields,
                                         struct scree_laz_decoder **decoder_out,
                                         struct scree_error *err)
{
    struct laz_arena arena = {memory, 0};
    enum scree_status status = scree__laz_layout_check(layout, err);
    if (status != SCREE_OK)
        return status;
    if (memory == NULL || (uintptr_t)memory % LAZ_ARENA_ALIGN != 0 ||
        memory_bytes < scree_laz_decoder_bytes(layout))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "a decoder of this layout needs %zu bytes, aligned to %u",
                                scree_laz_decoder_bytes(layout), LAZ_ARENA_ALIGN);
    struct scree_laz_decoder *decoder = laz_arena_take(&arena, sizeof *decoder);
    memset(decoder, 0, sizeof *decoder);
    decoder->layout = *layout;
    decoder->loops = scree__laz_loops();
    decoder->fields = fields | SCREE_LAZ_FIELD_XY;
    decoder->broken = true;
    place(decoder, layout, &arena);
    *decoder_out = decoder;
    return SCREE_OK;
}

void scree__laz_decoder_leave(struct scree_laz_decoder *decoder)
{
    decoder->leaves = true;
}

/* ---------------------------------------------------------------------------------------- begin */

size_t scree_laz_layered_fixed_bytes(const struct scree_laz_layout *layout)
{
    return layout->record_bytes + 4 + (size_t)4 * scree__laz_layer_count(layout);
}

enum scree_status scree_laz_layered_chunk_size(const struct scree_laz_layout *layout,
                                               const uint8_t *chunk, size_t available_bytes,
                                               uint64_t *chunk_bytes, uint32_t *point_count,
                                               struct scree_error *err)
{
    if (layout->compressor != SCREE_LAZ_LAYERED)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "only layered chunks tell their size");
    size_t fixed_bytes = scree_laz_layered_fixed_bytes(layout);
    if (available_bytes < fixed_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "chunk is truncated: %zu bytes, its fixed part alone takes %zu",
                                available_bytes, fixed_bytes);
    uint64_t sum = fixed_bytes; /* 2^32 per layer at most: cannot overflow */
    for (size_t at = layout->record_bytes + 4; at < fixed_bytes; at += 4)
        sum += scree__base_load32(chunk + at);
    if (chunk_bytes)
        *chunk_bytes = sum;
    if (point_count)
        *point_count = scree__base_load32(chunk + layout->record_bytes);
    return SCREE_OK;
}

static void plan_fill(struct scree_laz_decoder *decoder, uint32_t index)
{
    const struct laz_layer *layer = &decoder->layered.layers[index];
    uint32_t field = scree__laz_layer_field((enum laz_layer_kind)layer->kind);
    if (decoder->streams[index].active || (decoder->leaves && !(decoder->fields & field)))
        return;
    struct laz_layer_part part = scree__laz_layer_parts[layer->kind];
    uint32_t offset = layer->offset + part.offset;
    struct fill *last = decoder->fills + decoder->fill_count - 1;
    if (decoder->fill_count == 0 || last->offset + last->bytes != offset) {
        last++;
        decoder->fill_count++;
        last->offset = offset;
        last->bytes = 0;
    }
    last->bytes += part.bytes;
}

/* Attributes that are not decoded, or never change, get the first record's value: neighbours in one
 * piece. */
static void plan_fills(struct scree_laz_decoder *decoder)
{
    static const uint8_t by_offset[] = {
        LAZ_LAYER_Z,    LAZ_LAYER_INTENSITY, LAZ_LAYER_CLASSIFICATION,
        LAZ_LAYER_USER, LAZ_LAYER_ANGLE,     LAZ_LAYER_SOURCE,
        LAZ_LAYER_GPS};
    decoder->fill_count = 0;
    for (unsigned i = 0; i < sizeof by_offset; i++)
        plan_fill(decoder, by_offset[i]);
    for (uint32_t i = LAZ_POINT14_LAYERS; i < decoder->layered.layer_count; i++)
        plan_fill(decoder, i);
    /* The flags share a byte with the channel, which layer 0 writes. */
    decoder->layered.fixed_flags =
        decoder->streams[LAZ_LAYER_FLAGS].active
            ? 0
            : (uint8_t)laz_flags_byte(laz_flags_of(decoder->chunk[LAZ_P14_FLAGS]));
}

static enum scree_status begin_layers(struct scree_laz_decoder *decoder, struct scree_error *err)
{
    const uint8_t *sizes = decoder->chunk + decoder->layout.record_bytes + 4;
    size_t at = scree_laz_layered_fixed_bytes(&decoder->layout);
    char name[32];
    for (uint32_t i = 0; i < decoder->layered.layer_count; i++) {
        struct laz_layer_stream *stream = &decoder->streams[i];
        uint32_t bytes = scree__base_load32(sizes + (size_t)4 * i);
        uint32_t field =
            scree__laz_layer_field((enum laz_layer_kind)decoder->layered.layers[i].kind);
        stream->begin = decoder->chunk + at;
        stream->bytes = bytes;
        stream->active = bytes != 0 && (decoder->fields & field);
        stream->steady = bytes < decoder->point_count / 16;
        at += bytes;
        if (i == 0 && bytes == 0 && decoder->point_count > 1)
            return scree__base_fail(err, SCREE_E_DATA, "chunk has no layer of x and y");
        if (!stream->active)
            continue;
        if (bytes < 4)
            return scree__base_fail(err, SCREE_E_DATA, "layer '%s' has %u bytes; 4 are the least",
                                    scree__laz_layer_name(&decoder->layered, i, name),
                                    (unsigned)bytes);
        laz_reader_start(&stream->reader, stream->begin, stream->begin + bytes);
    }
    decoder->layers_end = at;
    plan_fills(decoder);
    return SCREE_OK;
}

static enum scree_status begin_layered(struct scree_laz_decoder *decoder, struct scree_error *err)
{
    uint64_t need_bytes = 0;
    uint32_t point_count = 0;
    enum scree_status status = scree_laz_layered_chunk_size(
        &decoder->layout, decoder->chunk, decoder->chunk_bytes, &need_bytes, &point_count, err);
    if (status != SCREE_OK)
        return status;
    if (need_bytes > decoder->chunk_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "chunk is truncated: its layers need %llu bytes, %zu are there",
                                (unsigned long long)need_bytes, decoder->chunk_bytes);
    if (point_count != decoder->point_count)
        return scree__base_fail(err, SCREE_E_DATA, "chunk holds %lu points; %llu are expected",
                                (unsigned long)point_count,
                                (unsigned long long)decoder->point_count);
    scree__laz_layered_seed(&decoder->layered, decoder->chunk);
    return begin_layers(decoder, err);
}

static enum scree_status begin_pointwise(struct scree_laz_decoder *decoder, struct scree_error *err)
{
    uint32_t record_bytes = decoder->layout.record_bytes;
    if (decoder->chunk_bytes < (size_t)record_bytes + 4)
        return scree__base_fail(err, SCREE_E_DATA,
                                "chunk is truncated: %zu bytes, at least %zu expected",
                                decoder->chunk_bytes, (size_t)record_bytes + 4);
    laz_reader_start(&decoder->reader, decoder->chunk + record_bytes,
                     decoder->chunk + decoder->chunk_bytes);
    scree__laz_pointwise_seed(&decoder->pointwise, decoder->chunk);
    return SCREE_OK;
}

static enum scree_status begin_raw(struct scree_laz_decoder *decoder, struct scree_error *err)
{
    if (decoder->point_count > decoder->chunk_bytes / decoder->layout.record_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "chunk is truncated: %zu bytes do not hold %llu records of %lu",
                                decoder->chunk_bytes, (unsigned long long)decoder->point_count,
                                (unsigned long)decoder->layout.record_bytes);
    return SCREE_OK;
}

enum scree_status scree_laz_decoder_begin(struct scree_laz_decoder *decoder, const uint8_t *chunk,
                                          size_t chunk_bytes, uint64_t point_count,
                                          struct scree_error *err)
{
    enum scree_status status;
    decoder->broken = true;
    decoder->ran_out = false;
    decoder->done = 0;
    if (point_count == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a chunk has at least one point");
    decoder->chunk = chunk;
    decoder->chunk_bytes = chunk_bytes;
    decoder->point_count = point_count;
    if (decoder->layout.compressor == SCREE_LAZ_LAYERED)
        status = begin_layered(decoder, err);
    else if (decoder->layout.compressor == SCREE_LAZ_NONE)
        status = begin_raw(decoder, err);
    else
        status = begin_pointwise(decoder, err);
    decoder->broken = status != SCREE_OK;
    return status;
}

/* --------------------------------------------------------------------------------------- points */

static const char *damage_of(const struct laz_reader *reader)
{
    return reader->overrun ? "stream ends early" : "stream is damaged";
}

enum scree_status scree__laz_point_damaged(struct scree_laz_decoder *decoder,
                                           struct scree_error *err)
{
    decoder->ran_out = decoder->reader.damage == 0;
    return scree__base_fail(err, SCREE_E_DATA, "point %llu of the chunk, byte %zu: %s",
                            (unsigned long long)decoder->done,
                            (size_t)(decoder->reader.at - decoder->chunk),
                            damage_of(&decoder->reader));
}

static enum scree_status next_pointwise(struct scree_laz_decoder *decoder, uint8_t *records,
                                        size_t stride, size_t count, struct scree_error *err)
{
    size_t sound = decoder->loops->pointwise_read(&decoder->pointwise, &decoder->reader, records,
                                                  stride, count);
    decoder->done += sound;
    return sound == count ? SCREE_OK : scree__laz_point_damaged(decoder, err);
}

/* Pieces of constant size, the last of which may overlap the one before. */
LAZ_INLINE void fill_by(uint8_t *at, size_t stride, size_t count, const uint8_t *from,
                        const size_t bytes, const size_t piece)
{
    for (; count > 0; count--, at += stride) {
        for (size_t i = 0; i + piece <= bytes; i += piece)
            memcpy(at + i, from + i, piece);
        if (bytes > piece)
            memcpy(at + bytes - piece, from + bytes - piece, piece);
    }
}

static void fill(const struct fill *fill, const uint8_t *first, uint8_t *records, size_t stride,
                 size_t count)
{
    const size_t bytes = fill->bytes;
    const uint8_t *from = first + fill->offset;
    uint8_t *at = records + fill->offset;
    if (bytes == 1)
        fill_by(at, stride, count, from, 1, 1);
    else if (bytes == 2)
        fill_by(at, stride, count, from, 2, 2);
    else if (bytes == 3)
        fill_by(at, stride, count, from, 3, 2);
    else if (bytes < 8)
        fill_by(at, stride, count, from, bytes, 4);
    else
        fill_by(at, stride, count, from, bytes, 8);
}

static enum scree_status layer_damaged(const struct scree_laz_decoder *decoder, uint32_t layer,
                                       size_t count, struct scree_error *err)
{
    const struct laz_reader *reader = &decoder->streams[layer].reader;
    char name[32];
    return scree__base_fail(
        err, SCREE_E_DATA, "points %llu to %llu of the chunk, byte %zu: %s (layer '%s')",
        (unsigned long long)decoder->done, (unsigned long long)(decoder->done + count - 1),
        (size_t)(reader->at - decoder->chunk), damage_of(reader),
        scree__laz_layer_name(&decoder->layered, layer, name));
}

enum scree_status scree__laz_end_block(struct scree_laz_decoder *decoder, uint8_t *records,
                                       size_t stride, size_t count, struct scree_error *err)
{
    for (uint32_t i = 0; i < decoder->fill_count; i++)
        fill(&decoder->fills[i], decoder->chunk, records, stride, count);
    for (uint32_t i = 1; i < decoder->layered.layer_count; i++) {
        struct laz_layer_stream *stream = &decoder->streams[i];
        if (stream->active && !laz_reader_sound(&stream->reader))
            return layer_damaged(decoder, i, count, err);
    }
    decoder->done += count;
    return SCREE_OK;
}

enum scree_status scree__laz_begin_block(struct scree_laz_decoder *decoder, size_t count,
                                         struct scree_error *err)
{
    return laz_reader_sound(&decoder->streams[0].reader) ? SCREE_OK
                                                         : layer_damaged(decoder, 0, count, err);
}

static enum scree_status next_block(struct scree_laz_decoder *decoder, uint8_t *records,
                                    size_t stride, size_t count, size_t next,
                                    struct scree_error *err)
{
    enum scree_status status = scree__laz_begin_block(decoder, count, err);
    if (status != SCREE_OK)
        return status;
    decoder->loops->layered_read(&decoder->layered, decoder->streams, records, stride, count, next);
    return scree__laz_end_block(decoder, records, stride, count, err);
}

enum scree_status scree__laz_next_blocks(struct scree_laz_decoder *decoder, uint8_t *records,
                                         size_t stride, size_t count, struct scree_error *err)
{
    size_t block = laz_block_points(count);
    while (block > 0) {
        size_t next = laz_block_points(count - block);
        enum scree_status status = next_block(decoder, records, stride, block, next, err);
        if (status != SCREE_OK)
            return status;
        records += block * stride;
        count -= block;
        block = next;
    }
    return SCREE_OK;
}

static enum scree_status next_layered(struct scree_laz_decoder *decoder, uint8_t *records,
                                      size_t stride, size_t count, struct scree_error *err)
{
    decoder->loops->layered_start(&decoder->layered, decoder->streams, records, stride,
                                  laz_block_points(count));
    return scree__laz_next_blocks(decoder, records, stride, count, err);
}

static void next_raw(struct scree_laz_decoder *decoder, uint8_t *records, size_t stride,
                     size_t count)
{
    size_t record_bytes = decoder->layout.record_bytes;
    const uint8_t *from = decoder->chunk + (size_t)decoder->done * record_bytes;
    for (size_t i = 0; i < count; i++)
        memcpy(records + i * stride, from + i * record_bytes, record_bytes);
    decoder->done += count;
}

size_t scree__laz_next_first(struct scree_laz_decoder *decoder, uint8_t *records)
{
    if (decoder->done > 0)
        return 0;
    memcpy(records, decoder->chunk, decoder->layout.record_bytes);
    decoder->done = 1;
    return 1;
}

static enum scree_status next_coded(struct scree_laz_decoder *decoder, uint8_t *records,
                                    size_t stride, size_t count, struct scree_error *err)
{
    size_t first = scree__laz_next_first(decoder, records);
    records += first * stride;
    count -= first;
    if (count == 0)
        return SCREE_OK;
    if (decoder->layout.compressor == SCREE_LAZ_LAYERED)
        return next_layered(decoder, records, stride, count, err);
    return next_pointwise(decoder, records, stride, count, err);
}

enum scree_status scree__laz_next_allowed(const struct scree_laz_decoder *decoder,
                                          size_t stride_bytes, size_t count,
                                          struct scree_error *err)
{
    if (decoder->broken)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no chunk is begun, or it failed before");
    if (count > decoder->point_count - decoder->done)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%zu points wanted, %llu are left", count,
                                (unsigned long long)(decoder->point_count - decoder->done));
    if (stride_bytes < decoder->layout.record_bytes)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "stride of %zu bytes, records of %lu",
                                stride_bytes, (unsigned long)decoder->layout.record_bytes);
    return SCREE_OK;
}

enum scree_status scree_laz_decoder_next(struct scree_laz_decoder *decoder, uint8_t *records,
                                         size_t stride_bytes, size_t count, struct scree_error *err)
{
    enum scree_status status = scree__laz_next_allowed(decoder, stride_bytes, count, err);
    if (status != SCREE_OK || count == 0)
        return status;
    if (decoder->layout.compressor == SCREE_LAZ_NONE) {
        next_raw(decoder, records, stride_bytes, count);
        return SCREE_OK;
    }
    status = next_coded(decoder, records, stride_bytes, count, err);
    decoder->broken = status != SCREE_OK;
    return status;
}

uint64_t scree_laz_decoder_done(const struct scree_laz_decoder *decoder)
{
    return decoder->done;
}

bool scree_laz_decoder_ran_out(const struct scree_laz_decoder *decoder)
{
    return decoder->ran_out;
}

/* ------------------------------------------------------------------------------------------ end */

static enum scree_status end_layered(const struct scree_laz_decoder *decoder, size_t *consumed,
                                     struct scree_error *err)
{
    char name[32];
    for (uint32_t i = 0; i < decoder->layered.layer_count; i++) {
        const struct laz_layer_stream *stream = &decoder->streams[i];
        if (stream->active && stream->reader.at != stream->begin + stream->bytes)
            return scree__base_fail(
                err, SCREE_E_DATA, "layer '%s' has %u bytes, its points take %zu",
                scree__laz_layer_name(&decoder->layered, i, name), (unsigned)stream->bytes,
                (size_t)(stream->reader.at - stream->begin));
    }
    *consumed = decoder->layers_end;
    return SCREE_OK;
}

enum scree_status scree_laz_decoder_end(struct scree_laz_decoder *decoder, size_t *consumed_bytes,
                                        struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    size_t consumed = 0;
    if (decoder->broken)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no chunk is begun, or it failed before");
    if (decoder->done != decoder->point_count)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%llu points of the chunk are not decoded",
                                (unsigned long long)(decoder->point_count - decoder->done));
    decoder->broken = true;
    if (decoder->layout.compressor == SCREE_LAZ_LAYERED)
        status = end_layered(decoder, &consumed, err);
    else if (decoder->layout.compressor == SCREE_LAZ_NONE)
        consumed = (size_t)decoder->point_count * decoder->layout.record_bytes;
    else
        consumed = (size_t)(decoder->reader.at - decoder->chunk);
    if (status == SCREE_OK && consumed_bytes)
        *consumed_bytes = consumed;
    return status;
}
