#include "laz_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

void *laz_vectors_aligned(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    CHECK(memory != NULL);
    memset(memory, 0xA5, bytes); /* nothing may count on zeros */
    return memory;
}

uint32_t laz_vectors_next(uint32_t *seed)
{
    uint32_t x = *seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

static uint32_t rnd(struct laz_vectors_generator *g, uint32_t k)
{
    return laz_vectors_next(&g->seed) % k;
}

void laz_vectors_generator_init(struct laz_vectors_generator *g)
{
    memset(g, 0, sizeof *g);
    g->seed = 12345;
    g->intensity = 100;
    g->returns = g->return_count = 1;
    g->classification = 2;
    g->source = 1;
    g->time = 0x4110000000000000u;
    g->step = 4096;
    for (uint32_t i = 0; i < 4; i++)
        g->rgb[i] = 1000 * (i + 1);
    g->wave_index = 1;
    g->wave_offset = 1000;
    g->wave_size = 256;
    g->wave_floats[0] = 0x3F800000;
    g->wave_floats[1] = 0x3A000000;
    g->wave_floats[2] = 0x3A100000;
    g->wave_floats[3] = 0x3A200000;
}

static void advance_place(struct laz_vectors_generator *g)
{
    uint32_t a = rnd(g, 16);
    if (a < 10) {
        g->x += rnd(g, 41) - 20;
        g->y += rnd(g, 41) - 20;
        g->z += rnd(g, 11) - 5;
    } else if (a < 15) {
        g->x += rnd(g, 20001) - 10000;
        g->y += rnd(g, 20001) - 10000;
        g->z += rnd(g, 2001) - 1000;
    } else {
        g->x = laz_vectors_next(&g->seed);
        g->y = laz_vectors_next(&g->seed);
        g->z = laz_vectors_next(&g->seed);
    }
}

static void advance_returns(struct laz_vectors_generator *g, uint32_t limit)
{
    uint32_t a = rnd(g, 8);
    if (a == 0) {
        g->return_count = 1 + rnd(g, limit - 1);
        g->returns = 1 + rnd(g, g->return_count);
    } else if (a == 1) {
        g->return_count = rnd(g, limit);
        g->returns = rnd(g, limit);
    } else if (a <= 3) {
        g->returns = g->return_count != 0 ? g->returns % g->return_count + 1 : 0;
    }
    if (g->returns >= limit)
        g->returns = limit - 1;
}

static void advance_small(struct laz_vectors_generator *g)
{
    uint32_t a = rnd(g, 4);
    if (a == 0)
        g->intensity = rnd(g, 65536);
    else if (a == 1)
        g->intensity = (g->intensity + rnd(g, 9) - 4) & 0xFFFF;
    if (rnd(g, 8) == 0)
        g->classification = rnd(g, 256);
    else if (rnd(g, 4) == 0)
        g->classification = rnd(g, 4);
    if (rnd(g, 10) == 0)
        g->flags = rnd(g, 64);
    if (rnd(g, 6) == 0) {
        if (rnd(g, 8) != 0)
            g->angle += rnd(g, 201) - 100;
        else
            g->angle = laz_vectors_next(&g->seed);
    }
    if (rnd(g, 12) == 0)
        g->user = rnd(g, 256);
    if (rnd(g, 20) == 0)
        g->source = rnd(g, 65536);
}

static void advance_time(struct laz_vectors_generator *g)
{
    uint32_t a = rnd(g, 32);
    if (a < 12)
        return;
    if (a < 22) {
        g->time += (uint64_t)g->step;
    } else if (a < 24) {
        g->time += (uint64_t)(g->step * (int64_t)rnd(g, 600));
    } else if (a < 26) {
        g->time -= (uint64_t)(g->step * (int64_t)rnd(g, 20));
    } else if (a < 28) {
        g->time += rnd(g, 1u << 20);
    } else if (a < 30) {
        uint64_t far = rnd(g, 6);
        g->time = 0x4110000000000000u + far * 0x0000010000000000u;
        g->time += rnd(g, 1000);
    } else {
        g->step = (int64_t)rnd(g, 100000) - 500;
    }
}

static void advance_colour(struct laz_vectors_generator *g)
{
    uint32_t a = rnd(g, 4);
    if (a == 0) {
        for (unsigned i = 0; i < 4; i++)
            g->rgb[i] = rnd(g, 65536);
    } else if (a == 1) {
        for (unsigned i = 0; i < 4; i++)
            g->rgb[i] = (g->rgb[i] + rnd(g, 301) - 150) & 0xFFFF;
    } else if (a == 2 && rnd(g, 3) == 0) {
        g->rgb[1] = g->rgb[2] = g->rgb[0];
    }
}

static void advance_wave(struct laz_vectors_generator *g)
{
    uint32_t a = rnd(g, 8);
    if (a == 0)
        g->wave_index = rnd(g, 256);
    if (a < 4) {
        g->wave_offset += g->wave_size;
    } else if (a == 4) {
        g->wave_offset += (uint64_t)((int64_t)rnd(g, 5000) - 2500);
    } else if (a == 5) {
        uint64_t high = rnd(g, 16);
        g->wave_offset = high << 32 | laz_vectors_next(&g->seed);
    }
    if (rnd(g, 4) == 0)
        g->wave_size = rnd(g, 4096);
    if (rnd(g, 2) == 0) {
        for (unsigned i = 0; i < 4; i++)
            g->wave_floats[i] += rnd(g, 2001) - 1000;
    }
}

static void advance(struct laz_vectors_generator *g, unsigned format, unsigned channels,
                    unsigned extra_bytes)
{
    if (channels > 1 && rnd(g, 8) == 0)
        g->channel = rnd(g, channels);
    advance_place(g);
    advance_returns(g, format >= 6 ? 16 : 8);
    advance_small(g);
    advance_time(g);
    advance_colour(g);
    advance_wave(g);
    for (unsigned j = 0; j < extra_bytes; j++) {
        uint32_t a = rnd(g, 8);
        if (j % 3 == 0 && j < 9) /* behind those: many streams in a row */
            continue;
        if (a == 0)
            g->extra[j] = (uint8_t)rnd(g, 256);
        else if (a < 4)
            g->extra[j] = (uint8_t)(g->extra[j] + rnd(g, 5) - 2);
    }
}

static uint8_t *put_core(const struct laz_vectors_generator *g, unsigned format, uint8_t *p)
{
    scree__base_store32(p, g->x);
    scree__base_store32(p + 4, g->y);
    scree__base_store32(p + 8, g->z);
    scree__base_store16(p + 12, (uint16_t)g->intensity);
    if (format >= 6) {
        p[14] = (uint8_t)(g->returns | g->return_count << 4);
        p[15] = (uint8_t)((g->flags & 15) | g->channel << 4 | (g->flags >> 4) << 6);
        p[16] = (uint8_t)g->classification;
        p[17] = (uint8_t)g->user;
        scree__base_store16(p + 18, (uint16_t)g->angle);
        scree__base_store16(p + 20, (uint16_t)g->source);
        scree__base_store64(p + 22, g->time);
        return p + 30;
    }
    p[14] = (uint8_t)(g->returns | g->return_count << 3 | (g->flags >> 4) << 6);
    p[15] = (uint8_t)g->classification;
    p[16] = (uint8_t)g->angle;
    p[17] = (uint8_t)g->user;
    scree__base_store16(p + 18, (uint16_t)g->source);
    if (format == 0 || format == 2)
        return p + 20;
    scree__base_store64(p + 20, g->time);
    return p + 28;
}

static void put(const struct laz_vectors_generator *g, unsigned format, unsigned extra_bytes,
                uint8_t *p)
{
    bool nir = format == 8 || format == 10;
    bool rgb = nir || format == 2 || format == 3 || format == 5 || format == 7;
    bool wave = format == 4 || format == 5 || format == 9 || format == 10;
    p = put_core(g, format, p);
    for (unsigned i = 0; i < (nir ? 4u : rgb ? 3u : 0u); i++, p += 2)
        scree__base_store16(p, (uint16_t)g->rgb[i]);
    if (wave) {
        p[0] = (uint8_t)g->wave_index;
        scree__base_store64(p + 1, g->wave_offset);
        scree__base_store32(p + 9, g->wave_size);
        for (unsigned i = 0; i < 4; i++)
            scree__base_store32(p + 13 + 4 * i, g->wave_floats[i]);
        p += 29;
    }
    memcpy(p, g->extra, extra_bytes);
}

uint8_t *laz_vectors_records(unsigned format, unsigned channels, unsigned extra_bytes,
                             uint32_t seed, size_t count, size_t *record_bytes)
{
    struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, extra_bytes);
    struct laz_vectors_generator g;
    laz_vectors_generator_init(&g);
    g.seed = seed;
    uint8_t *records = malloc(count * layout.record_bytes);
    CHECK(records != NULL && extra_bytes <= sizeof g.extra);
    for (size_t i = 0; i < count; i++) {
        advance(&g, format, channels, extra_bytes);
        put(&g, format, extra_bytes, records + i * layout.record_bytes);
    }
    *record_bytes = layout.record_bytes;
    return records;
}

uint32_t laz_vectors_crc32(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t laz_vectors_unhex(const char *text, uint8_t *out, size_t capacity)
{
    size_t bytes = 0;
    for (; *text; text++) {
        if (*text == ' ' || *text == '\n')
            continue;
        CHECK(bytes < capacity && text[1] != '\0');
        out[bytes++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text++;
    }
    return bytes;
}

struct scree_laz_layout laz_vectors_layout(unsigned format, unsigned version, uint32_t extra_bytes)
{
    struct scree_laz_layout layout;
    CHECK(scree_laz_layout_init(&layout, format, extra_bytes, 50000, NULL) == SCREE_OK);
    for (unsigned i = 0; i < layout.item_count; i++) {
        if (layout.items[i].type != SCREE_LAZ_WAVEPACKET13)
            layout.items[i].version = (uint16_t)version;
    }
    return layout;
}

uint8_t *laz_vectors_encode(const struct scree_laz_layout *layout, const uint8_t *records,
                            size_t count, size_t *chunk_bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_laz_encoder *encoder = NULL;
    size_t state_bytes = scree_laz_encoder_bytes(layout);
    size_t bound = scree_laz_encode_bound(layout, count);
    void *memory = laz_vectors_aligned(state_bytes);
    uint8_t *out = malloc(bound);
    CHECK(out != NULL);
    CHECK(scree_laz_encoder_init(memory, state_bytes, layout, &encoder, &err) == SCREE_OK);
    enum scree_status status = scree_laz_encode(encoder, records, layout->record_bytes, count, out,
                                                bound, chunk_bytes, &err);
    if (status != SCREE_OK)
        fprintf(stderr, "%s\n", err.message);
    CHECK(status == SCREE_OK);
    free(memory);
    return out;
}

static enum scree_status decode_steps(struct scree_laz_decoder *decoder, size_t record_bytes,
                                      size_t count, size_t step, uint8_t *records,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (size_t done = 0; done < count && status == SCREE_OK;) {
        size_t n = step == 0 || step > count - done ? count - done : step;
        status =
            scree_laz_decoder_next(decoder, records + done * record_bytes, record_bytes, n, err);
        done += n;
    }
    return status;
}

enum scree_status laz_vectors_decode(const struct scree_laz_layout *layout, uint32_t fields,
                                     const uint8_t *chunk, size_t chunk_bytes, size_t count,
                                     size_t step, uint8_t *records, size_t *consumed,
                                     struct scree_error *err)
{
    struct scree_laz_decoder *decoder = NULL;
    size_t state_bytes = scree_laz_decoder_bytes(layout);
    void *memory = laz_vectors_aligned(state_bytes);
    uint8_t *copy = malloc(chunk_bytes ? chunk_bytes : 1);
    CHECK(copy != NULL);
    memcpy(copy, chunk, chunk_bytes);
    enum scree_status status =
        scree_laz_decoder_init(memory, state_bytes, layout, fields, &decoder, err);
    CHECK(status == SCREE_OK);
    status = scree_laz_decoder_begin(decoder, copy, chunk_bytes, count, err);
    if (status == SCREE_OK)
        status = decode_steps(decoder, layout->record_bytes, count, step, records, err);
    if (status == SCREE_OK)
        status = scree_laz_decoder_end(decoder, consumed, err);
    free(copy);
    free(memory);
    return status;
}
