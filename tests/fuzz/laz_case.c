/* laz_case.c - see laz_case.h. */
#include "laz_case.h"
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decoded records take no more than this, so that a run stays short. */
#define RECORDS_BYTES_MAX ((size_t)128 << 10)
#define POINTS_MAX 3000u

_Noreturn void laz_case_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

void *laz_case_memory(size_t bytes)
{
    void *memory = malloc(bytes + (bytes == 0));
    REQUIRE(memory != NULL);
    return memory;
}

/* Of AddressSanitizer: what is behind a state must not be touched. */
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#endif

void *laz_case_state(enum laz_case_use use, size_t bytes)
{
    static uint8_t *states[LAZ_CASE_USES];
    static size_t room[LAZ_CASE_USES];
    REQUIRE(bytes > 0);
    if (room[use] < bytes) {
        free(states[use]);
        room[use] = (bytes + 63) / 64 * 64;
        states[use] = aligned_alloc(64, room[use]);
        REQUIRE(states[use] != NULL);
    }
    ASAN_UNPOISON_MEMORY_REGION(states[use], bytes);
    ASAN_POISON_MEMORY_REGION(states[use] + bytes, room[use] - bytes);
    return states[use];
}

unsigned laz_case_levels(void)
{
    scree__simd_force(SCREE__SIMD_BEST);
    return (unsigned)scree__simd_level() + 1;
}

/* What the library accepts it also writes, and reads back the same. */
static void check_layout(const struct scree_laz_layout *layout)
{
    struct scree_laz_layout again;
    size_t bytes = scree_laz_layout_vlr_bytes(layout);
    uint8_t *payload = laz_case_memory(bytes);
    scree_laz_layout_vlr_write(layout, payload);
    REQUIRE(scree_laz_layout_parse(payload, bytes, layout->record_bytes, &again, NULL) == SCREE_OK);
    REQUIRE(memcmp(again.items, layout->items, sizeof again.items) == 0);
    REQUIRE(again.item_count == layout->item_count && again.compressor == layout->compressor &&
            again.chunk_points == layout->chunk_points);
    free(payload);
}

/* An item list: its length in 6 bytes an item modulo the most there can be, then the payload. */
static bool read_items(struct laz_case *fuzz)
{
    if (fuzz->rest_bytes < 36)
        return false;
    size_t bytes = 34 + (size_t)6 * (fuzz->rest[32] % (SCREE_LAZ_ITEMS_MAX + 2));
    uint32_t record_bytes = scree__base_load16(fuzz->rest + 16);
    if (bytes > fuzz->rest_bytes ||
        scree_laz_layout_parse(fuzz->rest, bytes, record_bytes, &fuzz->layout, NULL) != SCREE_OK)
        return false;
    fuzz->rest += bytes;
    fuzz->rest_bytes -= bytes;
    return true;
}

static void choose_version(struct scree_laz_layout *layout, unsigned choice)
{
    for (unsigned i = 0; i < layout->item_count; i++) {
        struct scree_laz_item *item = &layout->items[i];
        if (item->type == SCREE_LAZ_WAVEPACKET13)
            continue;
        item->version =
            (uint16_t)(item->type >= SCREE_LAZ_POINT14 ? 2 + choice % 3 : 1 + choice % 2);
        if (item->type == SCREE_LAZ_WAVEPACKET14 && item->version == 2)
            item->version = 3;
    }
    if ((choice & 0x40) && layout->compressor == SCREE_LAZ_CHUNKED)
        layout->compressor = SCREE_LAZ_POINTWISE;
    if (choice & 0x80)
        layout->compressor = SCREE_LAZ_NONE;
}

/* Mostly few, because a model for each makes a run slow. */
static uint32_t extra_bytes_of(unsigned choice)
{
    return choice < 248 ? choice % 8 : 25 * (choice - 247);
}

bool laz_case_read(struct laz_case *fuzz, const uint8_t *data, size_t size)
{
    memset(fuzz, 0, sizeof *fuzz);
    if (size < LAZ_CASE_HEAD_BYTES)
        return false;
    fuzz->rest = data + LAZ_CASE_HEAD_BYTES;
    fuzz->rest_bytes = size - LAZ_CASE_HEAD_BYTES;
    fuzz->fields = scree__base_load16(data + 3);
    fuzz->step = data[7] == 255 ? 0 : data[7] >= 250 ? 1024u + data[7] - 252 : data[7];
    if (data[0] >= 0xE0) {
        if (!read_items(fuzz))
            return false;
    } else {
        enum scree_status status = scree_laz_layout_init(&fuzz->layout, data[0] % 11,
                                                         extra_bytes_of(data[2]), 50000, NULL);
        REQUIRE(status == SCREE_OK);
        choose_version(&fuzz->layout, data[1]);
    }
    check_layout(&fuzz->layout);
    size_t most = RECORDS_BYTES_MAX / fuzz->layout.record_bytes;
    fuzz->point_count = 1 + scree__base_load16(data + 5) % POINTS_MAX;
    if (fuzz->point_count > most)
        fuzz->point_count = most;
    return true;
}

static struct laz_outcome run(struct scree_laz_decoder *decoder, const struct laz_case *fuzz,
                              size_t step, const uint8_t *chunk, size_t chunk_bytes,
                              uint8_t *records)
{
    struct laz_outcome outcome = {SCREE_OK, 0, 0, SCREE_ERROR_INIT};
    size_t record_bytes = fuzz->layout.record_bytes;
    outcome.status =
        scree_laz_decoder_begin(decoder, chunk, chunk_bytes, fuzz->point_count, &outcome.err);
    for (size_t done = 0; done < fuzz->point_count && outcome.status == SCREE_OK;) {
        size_t left = fuzz->point_count - done, count = step == 0 || step > left ? left : step;
        outcome.status = scree_laz_decoder_next(decoder, records + done * record_bytes,
                                                record_bytes, count, &outcome.err);
        done += count;
    }
    outcome.done = scree_laz_decoder_done(decoder);
    REQUIRE(outcome.done <= fuzz->point_count);
    if (outcome.status == SCREE_OK)
        outcome.status = scree_laz_decoder_end(decoder, &outcome.consumed, &outcome.err);
    REQUIRE(outcome.status == SCREE_OK || outcome.status == SCREE_E_DATA);
    REQUIRE((outcome.status == SCREE_OK) == (outcome.err.message[0] == '\0'));
    REQUIRE(outcome.consumed <= chunk_bytes);
    return outcome;
}

struct laz_outcome laz_case_decode(const struct laz_case *fuzz, enum scree__simd_level level,
                                   uint32_t fields, size_t step, const uint8_t *chunk,
                                   size_t chunk_bytes, uint8_t *records)
{
    struct scree_laz_decoder *decoder;
    size_t state_bytes = scree_laz_decoder_bytes(&fuzz->layout);
    void *memory = laz_case_state(LAZ_CASE_DECODER, state_bytes);
    scree__simd_force(level);
    enum scree_status status =
        scree_laz_decoder_init(memory, state_bytes, &fuzz->layout, fields, &decoder, NULL);
    REQUIRE(status == SCREE_OK);
    struct laz_outcome outcome = run(decoder, fuzz, step, chunk, chunk_bytes, records);
    return outcome;
}

static uint8_t *encode(const struct laz_case *fuzz, unsigned level, const uint8_t *records,
                       size_t *chunk_bytes)
{
    struct scree_laz_encoder *encoder;
    size_t state_bytes = scree_laz_encoder_bytes(&fuzz->layout);
    size_t bound = scree_laz_encode_bound(&fuzz->layout, fuzz->point_count);
    void *memory = laz_case_state(LAZ_CASE_ENCODER, state_bytes);
    uint8_t *out = laz_case_memory(bound);
    scree__simd_force((enum scree__simd_level)level);
    REQUIRE(bound > 0);
    REQUIRE(scree_laz_encoder_init(memory, state_bytes, &fuzz->layout, &encoder, NULL) == SCREE_OK);
    REQUIRE(scree_laz_encode(encoder, records, fuzz->layout.record_bytes, fuzz->point_count, out,
                             bound, chunk_bytes, NULL) == SCREE_OK);
    REQUIRE(*chunk_bytes <= bound);
    return out;
}

uint8_t *laz_case_encode(const struct laz_case *fuzz, const uint8_t *records, size_t *chunk_bytes)
{
    unsigned levels = laz_case_levels();
    uint8_t *out = encode(fuzz, 0, records, chunk_bytes);
    for (unsigned level = 1; level < levels; level++) {
        size_t bytes;
        uint8_t *other = encode(fuzz, level, records, &bytes);
        REQUIRE(bytes == *chunk_bytes && memcmp(out, other, bytes) == 0);
        free(other);
    }
    return out;
}

/* ---------------------------------------------------------------------------------------- fields */

/* A field's bits in an item of a record. */
struct part {
    uint16_t item;
    uint8_t offset, bytes, bits;
    uint32_t field;
};

static const struct part parts[] = {
    {SCREE_LAZ_POINT14, 8, 4, 0xFF, SCREE_LAZ_FIELD_Z},
    {SCREE_LAZ_POINT14, 12, 2, 0xFF, SCREE_LAZ_FIELD_INTENSITY},
    {SCREE_LAZ_POINT14, 15, 1, 0xCF, SCREE_LAZ_FIELD_FLAGS}, /* bits 4 and 5: scanner channel */
    {SCREE_LAZ_POINT14, 16, 1, 0xFF, SCREE_LAZ_FIELD_CLASSIFICATION},
    {SCREE_LAZ_POINT14, 17, 1, 0xFF, SCREE_LAZ_FIELD_USER_DATA},
    {SCREE_LAZ_POINT14, 18, 2, 0xFF, SCREE_LAZ_FIELD_SCAN_ANGLE},
    {SCREE_LAZ_POINT14, 20, 2, 0xFF, SCREE_LAZ_FIELD_POINT_SOURCE},
    {SCREE_LAZ_POINT14, 22, 8, 0xFF, SCREE_LAZ_FIELD_GPS_TIME},
    {SCREE_LAZ_RGB14, 0, 6, 0xFF, SCREE_LAZ_FIELD_RGB},
    {SCREE_LAZ_RGBNIR14, 0, 6, 0xFF, SCREE_LAZ_FIELD_RGB},
    {SCREE_LAZ_RGBNIR14, 6, 2, 0xFF, SCREE_LAZ_FIELD_NIR},
    {SCREE_LAZ_WAVEPACKET14, 0, 29, 0xFF, SCREE_LAZ_FIELD_WAVEPACKET},
};

static void mask_bytes(uint8_t *records, size_t stride, size_t count, size_t offset, size_t bytes,
                       unsigned bits)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = offset; j < offset + bytes; j++)
            records[i * stride + j] =
                (uint8_t)((records[i * stride + j] & ~bits) | (records[j] & bits));
}

void laz_case_mask(const struct laz_case *fuzz, uint32_t fields, uint8_t *records)
{
    const struct scree_laz_layout *layout = &fuzz->layout;
    size_t offset = 0;
    if (layout->compressor != SCREE_LAZ_LAYERED)
        return;
    for (unsigned i = 0; i < layout->item_count; i++) {
        const struct scree_laz_item *item = &layout->items[i];
        for (unsigned j = 0; j < sizeof parts / sizeof parts[0]; j++)
            if (parts[j].item == item->type && !(fields & parts[j].field))
                mask_bytes(records, layout->record_bytes, fuzz->point_count,
                           offset + parts[j].offset, parts[j].bytes, parts[j].bits);
        if (item->type == SCREE_LAZ_BYTE14 && !(fields & SCREE_LAZ_FIELD_EXTRA_BYTES))
            mask_bytes(records, layout->record_bytes, fuzz->point_count, offset, item->bytes, 0xFF);
        offset += item->bytes;
    }
}
