/*
 * encode.c - one chunk at a time. Layers are coded side by side, each into a stretch of the output
 * as large as it can get, and moved together at the end: no memory that grows with the points, and
 * the reason for the size of scree_laz_encode_bound().
 */
#include "scree/laz.h"
#include "base/bytes.h"
#include "base/error.h"
#include "laz/encoder.h"
#include "laz/layout.h"
#include "laz/loops.h"

/*
 * The most bytes that a step can shift out, from the least width it leaves (2^24 before it):
 * symbols and bits 2 (the width stays at 2^9 or more), raw bits up to 8: 1, up to 16: 2, up to
 * 19: 3. An integer of 32 bits is two symbols and up to 23 raw bits (16 + 7): 7. One of 16 bits:
 * two symbols and 8 raw bits: 5. One of 8 bits: 4.
 */
#define SYMBOL_MOST 2u
#define INT8_MOST 4u
#define INT16_MOST 5u
#define INT32_MOST 7u
#define RAW32_MOST 4u

#define RGB_MOST (7 * SYMBOL_MOST)
#define NIR_MOST (3 * SYMBOL_MOST)
#define GPS_MOST (2 * SYMBOL_MOST + INT32_MOST + RAW32_MOST)
#define WAVE_MOST (2 * SYMBOL_MOST + 2 * RAW32_MOST + 5 * INT32_MOST)
#define POINT10_MOST (3 * SYMBOL_MOST + 2 * INT16_MOST + INT8_MOST + SYMBOL_MOST + 3 * INT32_MOST)
#define RGB12_MOST (SYMBOL_MOST + 6 * INT8_MOST)

struct layer_out {
    struct laz_writer writer;
    bool constant; /* all points have the first one's attribute: nothing to code */
    bool needed;
};

struct scree_laz_encoder {
    struct scree_laz_layout layout;
    const struct laz_loops *loops;
    struct laz_pointwise pointwise;
    struct laz_layered layered;
    struct layer_out *outs; /* one per layer */
    uint32_t first_layer;   /* those before it come out empty */
};

static size_t place(struct scree_laz_encoder *encoder, const struct scree_laz_layout *layout,
                    struct laz_arena *arena)
{
    if (layout->compressor == SCREE_LAZ_LAYERED) {
        scree__laz_layered_place(&encoder->layered, layout, arena);
        encoder->outs = laz_arena_take(arena, encoder->layered.layer_count * sizeof *encoder->outs);
    } else if (layout->compressor != SCREE_LAZ_NONE) {
        scree__laz_pointwise_place(&encoder->pointwise, layout, arena);
    }
    return arena->used;
}

size_t scree_laz_encoder_bytes(const struct scree_laz_layout *layout)
{
    struct scree_laz_encoder measured;
    struct laz_arena arena = {NULL, 0};
    if (scree__laz_layout_check(layout, NULL) != SCREE_OK)
        return 0;
    laz_arena_take(&arena, sizeof measured);
    return place(&measured, layout, &arena);
}

enum scree_status scree_laz_encoder_init(void *memory, size_t memory_bytes,
                                         const struct scree_laz_layout *layout,
                                         struct scree_laz_encoder **encoder_out,
                                         struct scree_error *err)
{
    struct laz_arena arena = {memory, 0};
    enum scree_status status = scree__laz_layout_check(layout, err);
    if (status != SCREE_OK)
        return status;
    if (memory == NULL || (uintptr_t)memory % LAZ_ARENA_ALIGN != 0 ||
        memory_bytes < scree_laz_encoder_bytes(layout))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "an encoder of this layout needs %zu bytes, aligned to %u",
                                scree_laz_encoder_bytes(layout), LAZ_ARENA_ALIGN);
    struct scree_laz_encoder *encoder = laz_arena_take(&arena, sizeof *encoder);
    memset(encoder, 0, sizeof *encoder);
    encoder->layout = *layout;
    encoder->loops = scree__laz_loops();
    place(encoder, layout, &arena);
    *encoder_out = encoder;
    return SCREE_OK;
}

void scree__laz_encode_bytes_alone(struct scree_laz_encoder *encoder)
{
    const struct laz_layered *layered = &encoder->layered;
    encoder->first_layer = layered->bytes != NULL ? layered->first_byte_layer : 0;
}

/* --------------------------------------------------------------------------------------- bounds */

static unsigned layer_most(unsigned kind)
{
    switch ((enum laz_layer_kind)kind) {
    case LAZ_LAYER_XY:
        return 4 * SYMBOL_MOST + 2 * INT32_MOST;
    case LAZ_LAYER_Z:
        return INT32_MOST;
    case LAZ_LAYER_INTENSITY:
    case LAZ_LAYER_ANGLE:
    case LAZ_LAYER_SOURCE:
        return INT16_MOST;
    case LAZ_LAYER_GPS:
        return GPS_MOST;
    case LAZ_LAYER_RGB:
        return RGB_MOST;
    case LAZ_LAYER_NIR:
        return NIR_MOST;
    case LAZ_LAYER_WAVE:
        return WAVE_MOST;
    default:
        return SYMBOL_MOST;
    }
}

/* The most bytes that all coded streams take for a point after the first. */
static uint64_t item_most(const struct scree_laz_item *item)
{
    uint64_t sum = 0;
    switch (item->type) {
    case SCREE_LAZ_POINT10:
        return POINT10_MOST;
    case SCREE_LAZ_GPSTIME11:
        return GPS_MOST;
    case SCREE_LAZ_RGB12:
        return RGB12_MOST;
    case SCREE_LAZ_WAVEPACKET13:
    case SCREE_LAZ_WAVEPACKET14:
        return WAVE_MOST;
    case SCREE_LAZ_POINT14:
        for (unsigned kind = LAZ_LAYER_XY; kind <= LAZ_LAYER_GPS; kind++)
            sum += layer_most(kind);
        return sum;
    case SCREE_LAZ_RGB14:
        return RGB_MOST;
    case SCREE_LAZ_RGBNIR14:
        return RGB_MOST + NIR_MOST;
    case SCREE_LAZ_BYTE:
        return (uint64_t)INT8_MOST * item->bytes;
    default:
        return (uint64_t)SYMBOL_MOST * item->bytes;
    }
}

static uint64_t stream_room(uint64_t most, uint64_t point_count)
{
    return most * (point_count - 1) + LAZ_WRITER_FLUSH + LAZ_WRITER_SLACK;
}

size_t scree_laz_encode_bound(const struct scree_laz_layout *layout, uint64_t point_count)
{
    uint64_t most = layout->record_bytes, bound;
    if (layout->compressor != SCREE_LAZ_NONE) {
        most = 0;
        for (unsigned i = 0; i < layout->item_count; i++)
            most += item_most(&layout->items[i]);
    }
    if (!scree__base_mul64(most, point_count, &bound))
        return 0;
    uint64_t layers = layout->compressor == SCREE_LAZ_LAYERED ? scree__laz_layer_count(layout) : 1;
    uint64_t fixed =
        layout->record_bytes + 4 + layers * (4 + LAZ_WRITER_FLUSH + (uint64_t)LAZ_WRITER_SLACK);
    if (!scree__base_add64(bound, fixed, &bound) || bound > SIZE_MAX)
        return 0;
    return (size_t)bound;
}

/* --------------------------------------------------------------------------------------- chunks */

static size_t encode_raw(const struct scree_laz_layout *layout, const uint8_t *records,
                         size_t stride, uint64_t point_count, uint8_t *out)
{
    for (uint64_t i = 0; i < point_count; i++)
        memcpy(out + i * layout->record_bytes, records + i * stride, layout->record_bytes);
    return (size_t)point_count * layout->record_bytes;
}

static size_t encode_pointwise(struct scree_laz_encoder *encoder, const uint8_t *records,
                               size_t stride, uint64_t point_count, uint8_t *out)
{
    struct laz_writer writer;
    size_t record_bytes = encoder->layout.record_bytes;
    /* A writer also stores what lies before its stream. */
    uint8_t *stream = out + (record_bytes < 4 ? 4 : record_bytes);
    memset(out, 0, 4);
    memcpy(out, records, record_bytes);
    laz_writer_start(&writer, stream);
    scree__laz_pointwise_seed(&encoder->pointwise, records);
    encoder->loops->pointwise_write(&encoder->pointwise, &writer, records + stride, stride,
                                    point_count - 1);
    size_t stream_bytes = scree__laz_writer_flush(&writer);
    if (record_bytes < 4)
        memmove(out + record_bytes, stream, stream_bytes);
    return record_bytes + stream_bytes;
}

#define VARIES_OF(type)                                                             \
    static bool varies_##type(const uint8_t *at, size_t stride, size_t count,       \
                              const uint8_t *first, size_t bytes)                   \
    {                                                                               \
        type differ = 0;                                                            \
        for (; count > 0; count--, at += stride) {                                  \
            for (size_t i = 0; i < bytes; i += sizeof(type)) {                      \
                size_t from = i + sizeof(type) <= bytes ? i : bytes - sizeof(type); \
                type is, was;                                                       \
                memcpy(&is, at + from, sizeof is);                                  \
                memcpy(&was, first + from, sizeof was);                             \
                differ = (type)(differ | (is ^ was));                               \
            }                                                                       \
        }                                                                           \
        return differ != 0;                                                         \
    }

/* By pieces, the last of which may overlap the one before. */
VARIES_OF(uint8_t)
VARIES_OF(uint16_t)
VARIES_OF(uint32_t)
VARIES_OF(uint64_t)

static bool flags_vary(const uint8_t *at, size_t stride, size_t count, const uint8_t *first)
{
    unsigned differ = 0;
    for (; count > 0; count--, at += stride)
        differ |= (unsigned)(*at ^ *first);
    return laz_flags_of(differ) != 0; /* but for the channel */
}

static bool layer_varies(const struct laz_layer *layer, const uint8_t *first,
                         const uint8_t *records, size_t stride, size_t count)
{
    struct laz_layer_part part = scree__laz_layer_parts[layer->kind];
    const uint8_t *at = records + layer->offset + part.offset;
    const uint8_t *was = first + layer->offset + part.offset;
    if (layer->kind == LAZ_LAYER_FLAGS)
        return flags_vary(at, stride, count, was);
    if (part.bytes >= 8)
        return varies_uint64_t(at, stride, count, was, part.bytes);
    if (part.bytes >= 4)
        return varies_uint32_t(at, stride, count, was, part.bytes);
    if (part.bytes == 2)
        return varies_uint16_t(at, stride, count, was, 2);
    return varies_uint8_t(at, stride, count, was, 1);
}

/* Colours that are not grey are coded though they never change, and so are times that are NaN. */
static bool may_be_constant(const struct laz_layer *layer, const uint8_t *first)
{
    const uint8_t *item = first + layer->offset;
    if (layer->kind == LAZ_LAYER_RGB)
        return memcmp(item, item + 2, 2) == 0 && memcmp(item, item + 4, 2) == 0;
    if (layer->kind == LAZ_LAYER_GPS)
        return scree__base_load64(item + LAZ_P14_GPS) << 1 <= (uint64_t)0x7FF << 53;
    return layer->kind != LAZ_LAYER_XY && layer->kind != LAZ_LAYER_Z;
}

/* Coding an attribute only to find at the end that it never changed takes longer than to look. */
static void find_constant_layers(struct scree_laz_encoder *encoder, const uint8_t *records,
                                 size_t stride, uint64_t point_count)
{
    const struct laz_layered *layered = &encoder->layered;
    uint32_t left = 0; /* constant so far */
    for (uint32_t i = encoder->first_layer; i < layered->layer_count; i++) {
        encoder->outs[i].constant = may_be_constant(&layered->layers[i], records);
        left += encoder->outs[i].constant;
    }
    for (uint64_t done = 1; done < point_count && left > 0; done += LAZ_BLOCK_POINTS) {
        uint64_t there = point_count - done;
        size_t block = there < LAZ_BLOCK_POINTS ? (size_t)there : LAZ_BLOCK_POINTS;
        for (uint32_t i = encoder->first_layer; i < layered->layer_count; i++) {
            if (encoder->outs[i].constant && layer_varies(&layered->layers[i], records,
                                                          records + done * stride, stride, block)) {
                encoder->outs[i].constant = false;
                left--;
            }
        }
    }
}

static void start_layers(struct scree_laz_encoder *encoder, uint64_t point_count, uint8_t *at)
{
    for (uint32_t i = 0; i < encoder->layered.layer_count; i++) {
        unsigned kind = encoder->layered.layers[i].kind;
        memset(at - 4, 0, 4);
        laz_writer_start(&encoder->outs[i].writer, at);
        /* Only these two are written though they may say nothing. */
        encoder->outs[i].needed =
            i >= encoder->first_layer && (kind == LAZ_LAYER_XY || kind == LAZ_LAYER_Z);
        at += stream_room(layer_most(kind), point_count);
    }
}

/* Flushes the layers, writes their sizes and moves them together; returns the end. */
static uint8_t *finish_layers(struct scree_laz_encoder *encoder, uint8_t *sizes, uint8_t *at)
{
    for (uint32_t i = 0; i < encoder->layered.layer_count; i++) {
        struct layer_out *layer = &encoder->outs[i];
        size_t bytes = layer->needed ? scree__laz_writer_flush(&layer->writer) : 0;
        memmove(at, layer->writer.begin, bytes);
        scree__base_store32(sizes + (size_t)4 * i, (uint32_t)bytes);
        at += bytes;
    }
    return at;
}

/* What layer 0 would leave the layers of extra bytes of a block: which channels its points are of. */
static void select_channels(struct laz_layered *layered, const uint8_t *records, size_t stride,
                            size_t count)
{
    struct laz_block *block = layered->block;
    unsigned channel = layered->channel;
    for (size_t i = 0; i < count; i++) {
        const unsigned target = (records[i * stride + LAZ_P14_FLAGS] >> 4) & 3u;
        block->changed[i] = target != channel ? LAZ_CHANGED_CHANNEL : 0;
        block->select[i] = (uint8_t)(channel = target);
    }
    layered->channel = channel;
    scree__laz_layered_select_v3(layered, block, count);
}

static size_t encode_layered(struct scree_laz_encoder *encoder, const uint8_t *records,
                             size_t stride, uint64_t point_count, uint8_t *out)
{
    struct laz_layered *layered = &encoder->layered;
    size_t record_bytes = encoder->layout.record_bytes;
    uint8_t *layers = out + scree_laz_layered_fixed_bytes(&encoder->layout);
    const uint8_t *last[4] = {records, records, records, records};
    memcpy(out, records, record_bytes);
    scree__base_store32(out + record_bytes, (uint32_t)point_count);
    scree__laz_layered_seed(layered, records);
    start_layers(encoder, point_count, layers);
    find_constant_layers(encoder, records, stride, point_count);
    for (uint64_t done = 1; done < point_count;) {
        uint64_t left = point_count - done;
        size_t block = left < LAZ_BLOCK_POINTS ? (size_t)left : LAZ_BLOCK_POINTS;
        if (encoder->first_layer > 0)
            select_channels(layered, records + done * stride, stride, block);
        for (uint32_t i = encoder->first_layer; i < layered->layer_count; i++) {
            struct layer_out *layer = &encoder->outs[i];
            if (layer->constant)
                continue;
            bool differs = encoder->loops->layered_write(layered, i, &layer->writer, last,
                                                         records + done * stride, stride, block);
            layer->needed = layer->needed || differs;
        }
        done += block;
    }
    return (size_t)(finish_layers(encoder, out + record_bytes + 4, layers) - out);
}

enum scree_status scree_laz_encode(struct scree_laz_encoder *encoder, const uint8_t *records,
                                   size_t stride_bytes, uint64_t point_count, uint8_t *out,
                                   size_t out_capacity, size_t *out_bytes, struct scree_error *err)
{
    const struct scree_laz_layout *layout = &encoder->layout;
    if (point_count == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a chunk has at least one point");
    if (layout->compressor == SCREE_LAZ_LAYERED && point_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a chunk of %llu points; 2^32 - 1 at most",
                                (unsigned long long)point_count);
    if (stride_bytes < layout->record_bytes)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "stride of %zu bytes, records of %lu",
                                stride_bytes, (unsigned long)layout->record_bytes);
    size_t bound = scree_laz_encode_bound(layout, point_count);
    if (bound == 0 || out_capacity < bound)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "room for %zu bytes; %llu points can take %zu", out_capacity,
                                (unsigned long long)point_count, bound);
    if (layout->compressor == SCREE_LAZ_NONE)
        *out_bytes = encode_raw(layout, records, stride_bytes, point_count, out);
    else if (layout->compressor == SCREE_LAZ_LAYERED)
        *out_bytes = encode_layered(encoder, records, stride_bytes, point_count, out);
    else
        *out_bytes = encode_pointwise(encoder, records, stride_bytes, point_count, out);
    if (layout->compressor >= SCREE_LAZ_CHUNKED && *out_bytes > INT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "a chunk of %zu bytes; chunk tables hold 2^31 - 1 at most",
                                *out_bytes);
    return SCREE_OK;
}
