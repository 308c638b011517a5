/* laz_file.c - see laz_file.h. */
#include "laz_file.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

void *bench_memory(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void bench_check(enum scree_status status, const struct scree_error *err)
{
    if (status != SCREE_OK) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

static void refuse(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static void find_layout(struct bench_file *file, const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t at = scree__base_load16(file->bytes + 94);
    uint32_t count = scree__base_load32(file->bytes + 100);
    for (uint32_t i = 0; i < count && at + 54 <= file->size; i++) {
        const uint8_t *vlr = file->bytes + at;
        size_t bytes = scree__base_load16(vlr + 20);
        if (scree__base_load16(vlr + 18) == 22204 && memcmp(vlr + 2, "laszip encoded", 15) == 0) {
            bench_check(scree_laz_layout_parse(vlr + 54, bytes,
                                               scree__base_load16(file->bytes + 105), &file->layout,
                                               &err),
                        &err);
            return;
        }
        at += 54 + bytes;
    }
    refuse(path, "no LASzip VLR");
}

static void find_chunks(struct bench_file *file, const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t at = scree__base_load32(file->bytes + 96);
    uint64_t table_at = scree__base_load64(file->bytes + at);
    bool variable = file->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    if (file->layout.compressor < SCREE_LAZ_CHUNKED || table_at >= file->size)
        refuse(path, "no chunk table");
    const uint8_t *table = file->bytes + table_at;
    size_t available = file->size - (size_t)table_at;
    uint32_t count = 0;
    bench_check(scree_laz_chunk_table_count(table, available, UINT32_MAX, &count, &err), &err);
    struct scree_laz_chunk *chunks = bench_memory(count * sizeof *chunks);
    bench_check(scree_laz_chunk_table_read(table, available, variable, chunks, count, NULL, &err),
                &err);
    file->chunk_count = count;
    file->chunks = bench_memory(count * sizeof *file->chunks);
    uint64_t left = file->point_count;
    at += 8;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t points = variable ? chunks[i].point_count : file->layout.chunk_points;
        points = points < left ? points : left;
        file->chunks[i] = (struct bench_chunk){at, (size_t)chunks[i].bytes, points};
        at += (size_t)chunks[i].bytes;
        left -= points;
        file->chunk_bytes += (size_t)chunks[i].bytes;
        if (points > file->chunk_points_max)
            file->chunk_points_max = points;
    }
    free(chunks);
}

void bench_file_read(struct bench_file *file, const char *path)
{
    FILE *stream = fopen(path, "rb");
    memset(file, 0, sizeof *file);
    if (!stream || fseek(stream, 0, SEEK_END) != 0)
        refuse(path, "cannot be opened");
    file->size = (size_t)ftell(stream);
    rewind(stream);
    file->bytes = bench_memory(file->size + 1);
    if (fread(file->bytes, 1, file->size, stream) != file->size || file->size < 227)
        refuse(path, "cannot be read");
    fclose(stream);
    file->format = file->bytes[104] & 63u;
    file->point_count = scree__base_load32(file->bytes + 107);
    if (file->bytes[25] >= 4 && scree__base_load64(file->bytes + 247) != 0)
        file->point_count = scree__base_load64(file->bytes + 247);
    find_layout(file, path);
    find_chunks(file, path);
}

void bench_file_release(struct bench_file *file)
{
    free(file->chunks);
    free(file->bytes);
}

unsigned bench_record_bytes(unsigned format)
{
    static const unsigned bytes[] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};
    return bytes[format];
}

void bench_record_convert(const uint8_t *from, unsigned from_format, uint8_t *to,
                          unsigned to_format, uint32_t extra_bytes)
{
    const uint8_t *gps = from + 20, *rgb = from + (from_format == 3 ? 28 : 20);
    memset(to, 0, bench_record_bytes(to_format));
    memcpy(to, from, 14);
    to[14] = (uint8_t)((from[14] & 7) | ((from[14] >> 3) & 7) << 4);
    to[15] = (uint8_t)(from[15] >> 5 | (from[14] & 0xC0));
    to[16] = from[15] & 31;
    to[17] = from[17];
    double angle = (double)(int8_t)from[16] / 0.006;
    scree__base_store16(to + 18, (uint16_t)(int16_t)(angle < 0 ? angle - 0.5 : angle + 0.5));
    memcpy(to + 20, from + 18, 2);
    if (from_format & 1)
        memcpy(to + 22, gps, 8);
    if (from_format >= 2 && to_format >= 7)
        memcpy(to + 30, rgb, 6);
    if (to_format == 8) /* something like near infrared: between red and green */
        scree__base_store16(
            to + 36, (uint16_t)((scree__base_load16(to + 30) + scree__base_load16(to + 32)) / 2));
    memcpy(to + bench_record_bytes(to_format), from + bench_record_bytes(from_format), extra_bytes);
}

static uint8_t *encode_chunks(const struct scree_laz_layout *layout, const uint8_t *records,
                              uint64_t point_count, struct scree_laz_chunk *chunks, size_t *bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_laz_encoder *encoder;
    size_t memory_bytes = scree_laz_encoder_bytes(layout), at = 0;
    void *memory = bench_memory(memory_bytes);
    bench_check(scree_laz_encoder_init(memory, memory_bytes, layout, &encoder, &err), &err);
    size_t bound = scree_laz_encode_bound(layout, layout->chunk_points);
    uint8_t *out = bench_memory((size_t)point_count * layout->record_bytes * 2 + bound);
    for (uint64_t done = 0; done < point_count; done += layout->chunk_points) {
        uint64_t left = point_count - done, written;
        size_t chunk_bytes = 0;
        written = left < layout->chunk_points ? left : layout->chunk_points;
        bench_check(scree_laz_encode(encoder, records + done * layout->record_bytes,
                                     layout->record_bytes, written, out + at, bound, &chunk_bytes,
                                     &err),
                    &err);
        chunks->bytes = chunk_bytes;
        (chunks++)->point_count = written;
        at += chunk_bytes;
    }
    free(memory);
    *bytes = at;
    return out;
}

void bench_file_write(const char *path, unsigned format, const struct scree_laz_layout *layout,
                      const uint8_t *records, uint64_t point_count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint8_t head[375 + 54 + 34 + 6 * SCREE_LAZ_ITEMS_MAX + 8] = {0};
    uint32_t count = (uint32_t)((point_count + layout->chunk_points - 1) / layout->chunk_points);
    struct scree_laz_chunk *chunks = bench_memory(count * sizeof *chunks);
    size_t bytes, table_bytes, vlr_bytes = scree_laz_layout_vlr_bytes(layout);
    uint8_t *out = encode_chunks(layout, records, point_count, chunks, &bytes);
    size_t points_at = 375 + 54 + vlr_bytes;
    memcpy(head, "LASF", 4);
    head[24] = 1;
    head[25] = 4;
    scree__base_store16(head + 94, 375);
    scree__base_store32(head + 96, (uint32_t)points_at);
    scree__base_store32(head + 100, 1);
    head[104] = (uint8_t)(format | 128u);
    scree__base_store16(head + 105, (uint16_t)layout->record_bytes);
    scree__base_store64(head + 247, point_count);
    memcpy(head + 375 + 2, "laszip encoded", 15);
    scree__base_store16(head + 375 + 18, 22204);
    scree__base_store16(head + 375 + 20, (uint16_t)vlr_bytes);
    scree_laz_layout_vlr_write(layout, head + 375 + 54);
    scree__base_store64(head + points_at, points_at + 8 + bytes);
    uint8_t *table = bench_memory(scree_laz_chunk_table_bound(count));
    bench_check(scree_laz_chunk_table_write(chunks, count, false, table,
                                            scree_laz_chunk_table_bound(count), &table_bytes, &err),
                &err);
    FILE *stream = fopen(path, "wb");
    if (!stream || fwrite(head, 1, points_at + 8, stream) != points_at + 8 ||
        fwrite(out, 1, bytes, stream) != bytes ||
        fwrite(table, 1, table_bytes, stream) != table_bytes || fclose(stream) != 0)
        refuse(path, "cannot be written");
    free(table);
    free(out);
    free(chunks);
}
