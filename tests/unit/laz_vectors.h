/* laz_vectors.h - what the tests of the LAZ codec share: generated records, checksums, whole-chunk
 * calls that own their memory. */
#ifndef SCREE_TESTS_LAZ_VECTORS_H
#define SCREE_TESTS_LAZ_VECTORS_H

#include "scree/laz.h"

/* Random records of one point format, the same on every machine. */
struct laz_vectors_generator {
    uint32_t seed;
    uint32_t x, y, z;
    uint32_t intensity, returns, return_count, flags, classification, angle, user, source, channel;
    uint64_t time;
    int64_t step;
    uint32_t rgb[4];
    uint32_t wave_index, wave_size, wave_floats[4];
    uint64_t wave_offset;
    uint8_t extra[64];
};

void laz_vectors_generator_init(struct laz_vectors_generator *generator);
uint32_t laz_vectors_next(uint32_t *seed);

/* count records of `format`; extra_bytes <= 64. Returns malloc'ed memory; *record_bytes is the
 * record's length. */
uint8_t *laz_vectors_records(unsigned format, unsigned channels, unsigned extra_bytes,
                             uint32_t seed, size_t count, size_t *record_bytes);

uint32_t laz_vectors_crc32(const uint8_t *data, size_t bytes);
/* Bytes of a hex text, blanks skipped. Returns their number. */
size_t laz_vectors_unhex(const char *text, uint8_t *out, size_t capacity);

/* A layout with all items of `version` (wave packets of formats 4 and 5 keep version 1). */
struct scree_laz_layout laz_vectors_layout(unsigned format, unsigned version, uint32_t extra_bytes);

/* Encodes one chunk; fails the test on error. Returns malloc'ed memory. */
uint8_t *laz_vectors_encode(const struct scree_laz_layout *layout, const uint8_t *records,
                            size_t count, size_t *chunk_bytes);

/*
 * Decodes one chunk in calls of `step` points (0: one call) into records[count * record_bytes].
 * *consumed may be NULL. Copies the chunk to memory of exactly its size first, so that a sanitizer
 * sees every stray read.
 */
enum scree_status laz_vectors_decode(const struct scree_laz_layout *layout, uint32_t fields,
                                     const uint8_t *chunk, size_t chunk_bytes, size_t count,
                                     size_t step, uint8_t *records, size_t *consumed,
                                     struct scree_error *err);

/* 64-byte aligned memory; free() it. */
void *laz_vectors_aligned(size_t bytes);

#endif
