/*
 * png.c - a small PNG writer. Rows are filtered by whichever of three filters leaves the smallest numbers; what repeats is found by one look into a table of the last
 * places of three bytes. Maps have large plain areas: that is enough, and needs no library.
 */
#include "enrich/png.h"
#include "base/error.h"
#include "scree/io.h"

#include <stdlib.h>
#include <string.h>

#define HASH_BITS 15u
#define WINDOW 32768u
#define LENGTH_MIN 3u
#define LENGTH_MAX 258u

struct bits {
    uint8_t *bytes;
    uint64_t count, capacity;
    uint64_t hold;
    unsigned held;
};

static void put_bits(struct bits *out, uint32_t value, unsigned count)
{
    out->hold |= (uint64_t)value << out->held;
    for (out->held += count; out->held >= 8; out->held -= 8) {
        if (out->count < out->capacity)
            out->bytes[out->count++] = (uint8_t)out->hold;
        out->hold >>= 8;
    }
}

/* Codes are written from their highest bit on. */
static void put_code(struct bits *out, uint32_t code, unsigned count)
{
    uint32_t turned = 0;
    for (unsigned i = 0; i < count; i++)
        turned |= (code >> i & 1) << (count - 1 - i);
    put_bits(out, turned, count);
}

/* RFC 1951, 3.2.6. */
static void put_symbol(struct bits *out, uint32_t symbol)
{
    if (symbol < 144)
        put_code(out, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(out, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(out, symbol - 256, 7);
    else
        put_code(out, 0xC0 + symbol - 280, 8);
}

/* The code of a number that is counted in groups of `each` codes, each group with one extra bit more. */
static void put_grouped(struct bits *out, uint32_t value, unsigned first, bool distance)
{
    const unsigned each = distance ? 2 : 4;
    unsigned code = 0, extra = 0;
    uint32_t base = 0;
    while (base + (1u << extra) <= value) {
        base += 1u << extra;
        code++;
        if (code >= 2 * each && code % each == 0)
            extra++;
    }
    if (distance)
        put_code(out, code, 5);
    else
        put_symbol(out, first + code);
    put_bits(out, value - base, extra);
}

static void put_match(struct bits *out, uint32_t length, uint32_t distance)
{
    if (length == LENGTH_MAX)
        put_symbol(out, 285);
    else
        put_grouped(out, length - LENGTH_MIN, 257, false);
    put_grouped(out, distance - 1, 0, true);
}

static uint32_t hash_of(const uint8_t *p)
{
    const uint32_t three = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return three * 2654435761u >> (32 - HASH_BITS);
}

static void deflate(struct bits *out, const uint8_t *in, uint64_t count, uint32_t *heads)
{
    memset(heads, 0xFF, sizeof *heads << HASH_BITS);
    put_bits(out, 1 | 1 << 1, 3); /* the last block, fixed codes */
    for (uint64_t at = 0; at < count;) {
        uint32_t length = 0, distance = 0;
        if (count - at >= LENGTH_MIN) {
            uint32_t *head = &heads[hash_of(in + at)];
            const uint64_t most = count - at < LENGTH_MAX ? count - at : LENGTH_MAX;
            if (*head != UINT32_MAX && at - *head <= WINDOW)
                for (distance = (uint32_t)(at - *head);
                     length < most && in[at + length] == in[at + length - distance];)
                    length++;
            *head = (uint32_t)at;
        }
        if (length >= LENGTH_MIN) {
            put_match(out, length, distance);
            at += length;
        } else {
            put_symbol(out, in[at++]);
        }
    }
    put_symbol(out, 256);
    put_bits(out, 0, (8 - out->held) % 8);
}

/* ---------------------------------------------------------------------------------------- checksums */

static uint32_t crc(uint32_t value, const uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        value ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
    }
    return value;
}

static uint32_t adler(const uint8_t *bytes, uint64_t count)
{
    uint32_t a = 1, b = 0;
    for (uint64_t i = 0; i < count; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* Numbers of PNG begin with their highest byte. */
static void store(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static enum scree_status put_chunk(struct scree_sink *sink, const char *type, const uint8_t *bytes,
                                   uint64_t count, struct scree_error *err)
{
    uint8_t head[8], tail[4];
    store(head, (uint32_t)count);
    memcpy(head + 4, type, 4);
    store(tail, ~crc(crc(UINT32_MAX, head + 4, 4), bytes, count));
    enum scree_status status = scree_sink_write(sink, head, sizeof head, err);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, bytes, (size_t)count, err);
    return status == SCREE_OK ? scree_sink_write(sink, tail, sizeof tail, err) : status;
}

/* ------------------------------------------------------------------------------------------ whole */

/* Filters: 0 none, 1 less the pixel to the left, 2 less the one above. */
static uint8_t filtered(unsigned filter, const uint8_t *row, const uint8_t *above, uint32_t i)
{
    const uint8_t left = i >= 3 ? row[i - 3] : 0, up = above != NULL ? above[i] : 0;
    return (uint8_t)(row[i] - (filter == 1 ? left : filter == 2 ? up : 0));
}

static void filter_rows(uint32_t width, uint32_t height, const uint8_t *rgb, uint8_t *to)
{
    const uint32_t row_bytes = 3 * width;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = rgb + (uint64_t)y * row_bytes;
        const uint8_t *above = y > 0 ? row - row_bytes : NULL;
        uint64_t least = UINT64_MAX;
        unsigned best = 0;
        for (unsigned filter = 0; filter < 3; filter++) {
            uint64_t sum = 0;
            for (uint32_t i = 0; i < row_bytes; i++)
                sum += (uint64_t)abs((int8_t)filtered(filter, row, above, i));
            if (sum < least) {
                least = sum;
                best = filter;
            }
        }
        *to++ = (uint8_t)best;
        for (uint32_t i = 0; i < row_bytes; i++)
            *to++ = filtered(best, row, above, i);
    }
}

static enum scree_status write_file(const char *path, uint32_t width, uint32_t height,
                                    const struct bits *data, struct scree_error *err)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    uint8_t head[13] = {0};
    struct scree_sink *sink = NULL;
    store(head, width);
    store(head + 4, height);
    head[8] = 8; /* bits */
    head[9] = 2; /* red, green, blue */
    enum scree_status status = scree_sink_open_file(path, true, &sink, err);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, signature, sizeof signature, err);
    if (status == SCREE_OK)
        status = put_chunk(sink, "IHDR", head, sizeof head, err);
    if (status == SCREE_OK)
        status = put_chunk(sink, "IDAT", data->bytes, data->count, err);
    if (status == SCREE_OK)
        status = put_chunk(sink, "IEND", head, 0, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    return status;
}

enum scree_status scree__enrich_png_save(struct scree__mem_budget *budget, const char *path,
                                         uint32_t width, uint32_t height, const uint8_t *rgb,
                                         struct scree_error *err)
{
    const uint64_t raw_bytes = ((uint64_t)3 * width + 1) * height;
    const uint64_t head_bytes = sizeof(uint32_t) << HASH_BITS;
    void *raw = NULL, *heads = NULL, *packed = NULL;
    /* A byte takes nine bits at most. */
    struct bits out = {.capacity = raw_bytes + raw_bytes / 8 + 64};
    if (raw_bytes > INT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: a picture of %u x %u", path, width,
                                height);
    enum scree_status status = scree__mem_alloc(budget, raw_bytes, &raw, "a picture", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, head_bytes, &heads, "a picture", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, out.capacity, &packed, "a picture", err);
    if (status == SCREE_OK) {
        out.bytes = packed;
        filter_rows(width, height, rgb, raw);
        out.bytes[out.count++] = 0x78; /* zlib's two bytes: a window of 32 KiB */
        out.bytes[out.count++] = 0x01;
        deflate(&out, raw, raw_bytes, heads);
        store(out.bytes + out.count, adler(raw, raw_bytes));
        out.count += 4;
        status = write_file(path, width, height, &out, err);
    }
    scree__mem_free(budget, raw, raw != NULL ? raw_bytes : 0);
    scree__mem_free(budget, heads, heads != NULL ? head_bytes : 0);
    scree__mem_free(budget, packed, packed != NULL ? out.capacity : 0);
    return status;
}
