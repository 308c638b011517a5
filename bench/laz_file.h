/* laz_file.h - LAZ files for benchmarks: read whole into memory, trusted, no more than needed. */
#ifndef SCREE_BENCH_LAZ_FILE_H
#define SCREE_BENCH_LAZ_FILE_H

#include "scree/laz.h"

struct bench_file {
    uint8_t *bytes;
    size_t size;
    unsigned format; /* point data record format */
    struct scree_laz_layout layout;
    uint64_t point_count;
    uint32_t chunk_count;
    struct bench_chunk {
        size_t at, bytes;
        uint64_t point_count;
    } * chunks;
    size_t chunk_bytes; /* of all chunks */
    uint64_t chunk_points_max;
};

/* Ends the program on error. */
void bench_file_read(struct bench_file *file, const char *path);
void bench_file_release(struct bench_file *file);

/*
 * Writes records of `format` (layout->record_bytes each) as a LAZ file: a header with what a
 * decoder needs, the LASzip VLR, chunks, table.
 */
void bench_file_write(const char *path, unsigned format, const struct scree_laz_layout *layout,
                      const uint8_t *records, uint64_t point_count);

/* A record of format 0 to 3 as one of format 6 to 8; extra bytes kept. */
void bench_record_convert(const uint8_t *from, unsigned from_format, uint8_t *to,
                          unsigned to_format, uint32_t extra_bytes);
unsigned bench_record_bytes(unsigned format);

void *bench_memory(size_t bytes); /* 64-byte aligned */
void bench_check(enum scree_status status, const struct scree_error *err);

#endif
