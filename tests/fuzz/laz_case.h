/*
 * laz_case.h - what the targets of the LAZ codec share: the first bytes of the input choose a
 * layout, fields and calls; chunks are decoded and encoded at every level of lib/simd that the
 * machine has, and all must agree.
 *
 *     byte 0     point format modulo 11; 0xE0 and above: an item list follows, as in a LASzip VLR
 *     byte 1     item version; 0x40: one chunk a file (compressor 1); 0x80: stored (compressor 0)
 *     byte 2     extra bytes: modulo 8, or from 248 on up to 200 of them
 *     bytes 3-4  fields
 *     bytes 5-6  points
 *     byte 7     points a call
 */
#ifndef SCREE_TESTS_FUZZ_LAZ_CASE_H
#define SCREE_TESTS_FUZZ_LAZ_CASE_H

#include "scree/laz.h"
#include "simd/level.h"

#define LAZ_CASE_HEAD_BYTES 8u

/* Ends the program, so that the fuzzer keeps the input. */
#define REQUIRE(condition)                                   \
    do {                                                     \
        if (!(condition))                                    \
            laz_case_broken(__FILE__, __LINE__, #condition); \
    } while (0)
_Noreturn void laz_case_broken(const char *file, int line, const char *condition);

struct laz_case {
    struct scree_laz_layout layout;
    uint32_t fields;
    size_t point_count, step;
    const uint8_t *rest; /* the input behind what chose all this */
    size_t rest_bytes;
};

/* False: too short, or an item list that is refused. */
bool laz_case_read(struct laz_case *fuzz, const uint8_t *data, size_t size);

struct laz_outcome {
    enum scree_status status;
    uint64_t done; /* points that came out, also where it failed */
    size_t consumed;
    struct scree_error err;
};

/* Decodes a chunk of fuzz->point_count points in calls of `step` (0: one call). */
struct laz_outcome laz_case_decode(const struct laz_case *fuzz, enum scree__simd_level level,
                                   uint32_t fields, size_t step, const uint8_t *chunk,
                                   size_t chunk_bytes, uint8_t *records);

/* Encodes the records at every level; all give the same bytes, which are malloc'ed. */
uint8_t *laz_case_encode(const struct laz_case *fuzz, const uint8_t *records, size_t *chunk_bytes);

/* The levels of this machine are [0, laz_case_levels()). */
unsigned laz_case_levels(void);

/* Makes fields that are not in the mask those of the first record, as the decoder does. */
void laz_case_mask(const struct laz_case *fuzz, uint32_t fields, uint8_t *records);

/* malloc() that does not fail. */
void *laz_case_memory(size_t bytes);

/* Memory of a decoder or encoder, of exactly so many bytes: kept from case to case, with what the last one left in it, for states are large. */
enum laz_case_use {
    LAZ_CASE_DECODER,
    LAZ_CASE_ENCODER,
    LAZ_CASE_LEFT,
    LAZ_CASE_RIGHT,
    LAZ_CASE_USES
};
void *laz_case_state(enum laz_case_use use, size_t bytes);

#endif
