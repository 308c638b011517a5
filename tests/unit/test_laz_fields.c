/*
 * Every mask of fields, for every point format and item version: what is asked for has the values of a
 * whole decode, and the rest those of the chunk's first point, or what was there before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "laz_vectors.h"
#include "laz/leave.h"

#define POINTS 24u
#define EXTRA_BYTES 2u
#define MASKS 0x2000u /* one for each subset of the 13 fields */

/* Whose the bits of a record are: place in a record of formats 6 to 10, and mask of a byte. */
static uint32_t owner(unsigned format, size_t record_bytes, size_t byte)
{
    static const uint8_t core_ends[] = {8, 12, 14, 15, 16, 17, 18, 20, 22, 30};
    static const uint32_t core[] = {SCREE_LAZ_FIELD_XY,           SCREE_LAZ_FIELD_Z,
                                    SCREE_LAZ_FIELD_INTENSITY,    SCREE_LAZ_FIELD_XY,
                                    SCREE_LAZ_FIELD_FLAGS,        SCREE_LAZ_FIELD_CLASSIFICATION,
                                    SCREE_LAZ_FIELD_USER_DATA,    SCREE_LAZ_FIELD_SCAN_ANGLE,
                                    SCREE_LAZ_FIELD_POINT_SOURCE, SCREE_LAZ_FIELD_GPS_TIME};
    for (unsigned i = 0; i < 10; i++)
        if (byte < core_ends[i])
            return core[i];
    if (byte >= record_bytes - EXTRA_BYTES)
        return SCREE_LAZ_FIELD_EXTRA_BYTES;
    bool rgb = format == 7 || format == 8 || format == 10, nir = format == 8 || format == 10;
    if (rgb && byte < 36)
        return SCREE_LAZ_FIELD_RGB;
    if (nir && byte < 38)
        return SCREE_LAZ_FIELD_NIR;
    return SCREE_LAZ_FIELD_WAVEPACKET;
}

#define BEFORE 0xEE

/* leaves: fields that are left out hold what was there BEFORE. */
static void expect(unsigned format, const uint8_t *records, size_t record_bytes, uint32_t fields,
                   bool leaves, uint8_t *expected)
{
    fields |= SCREE_LAZ_FIELD_XY;
    memcpy(expected, records, POINTS * record_bytes);
    for (size_t j = 0; j < record_bytes; j++) {
        uint32_t field = owner(format, record_bytes, j);
        /* Beside the flags stands the scanner channel, which comes with x and y. */
        unsigned bits = field == SCREE_LAZ_FIELD_FLAGS ? 0xCF : 0xFF;
        for (size_t i = 1; i < POINTS && !(fields & field); i++) {
            uint8_t *at = expected + i * record_bytes + j;
            bool left = leaves && field != SCREE_LAZ_FIELD_FLAGS;
            *at = left ? BEFORE : (uint8_t)((*at & ~bits) | (records[j] & bits));
        }
    }
}

static void decode(void *memory, size_t memory_bytes, const struct scree_laz_layout *layout,
                   uint32_t fields, bool leaves, const uint8_t *chunk, size_t chunk_bytes,
                   uint8_t *decoded)
{
    struct scree_laz_decoder *decoder;
    size_t consumed;
    size_t first = 1 + fields % (POINTS - 1), stride = layout->record_bytes;
    assert_int_equal(scree_laz_decoder_init(memory, memory_bytes, layout, fields, &decoder, NULL),
                     SCREE_OK);
    if (leaves)
        scree__laz_decoder_leave(decoder);
    assert_int_equal(scree_laz_decoder_begin(decoder, chunk, chunk_bytes, POINTS, NULL), SCREE_OK);
    assert_int_equal(scree_laz_decoder_next(decoder, decoded, stride, first, NULL), SCREE_OK);
    assert_int_equal(scree_laz_decoder_done(decoder), first);
    assert_int_equal(
        scree_laz_decoder_next(decoder, decoded + first * stride, stride, POINTS - first, NULL),
        SCREE_OK);
    assert_int_equal(scree_laz_decoder_end(decoder, &consumed, NULL), SCREE_OK);
    assert_int_equal(consumed, chunk_bytes);
}

/* steady: one field never changes, so that it has no layer. */
static void check(unsigned format, unsigned version, bool leaves, bool steady)
{
    struct scree_laz_layout layout = laz_vectors_layout(format, version, EXTRA_BYTES);
    size_t record_bytes, chunk_bytes, state_bytes = scree_laz_decoder_bytes(&layout);
    uint8_t *records =
        laz_vectors_records(format, 3, EXTRA_BYTES, 77 + format, POINTS, &record_bytes);
    for (size_t i = 1; steady && i < POINTS; i++)
        records[i * record_bytes + 17] = records[17]; /* user data */
    uint8_t *chunk = laz_vectors_encode(&layout, records, POINTS, &chunk_bytes);
    uint8_t *decoded = malloc(POINTS * record_bytes), *expected = malloc(POINTS * record_bytes);
    void *memory = laz_vectors_aligned(state_bytes);
    assert_true(decoded != NULL && expected != NULL);
    for (uint32_t fields = 0; fields < MASKS; fields += format < 6 ? 97 : 1) {
        memset(decoded, BEFORE, POINTS * record_bytes);
        decode(memory, state_bytes, &layout, fields, leaves, chunk, chunk_bytes, decoded);
        if (format < 6)
            memcpy(expected, records, POINTS * record_bytes); /* always everything */
        else
            expect(format, records, record_bytes, fields, leaves, expected);
        assert_memory_equal(decoded, expected, POINTS * record_bytes);
    }
    free(memory);
    free(decoded);
    free(expected);
    free(chunk);
    free(records);
}

static void pointwise_formats(void **state)
{
    (void)state;
    for (unsigned format = 0; format < 6; format++)
        check(format, 1 + format % 2, format > 3, false);
}

static void layered_formats(void **state)
{
    (void)state;
    for (unsigned format = 6; format <= 10; format++)
        for (unsigned version = 3; version <= 4; version++)
            check(format, version, false, version == 4);
}

static void fields_that_are_left(void **state)
{
    (void)state;
    for (unsigned format = 6; format <= 10; format++)
        check(format, 3 + format % 2, true, format < 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pointwise_formats),
                                       cmocka_unit_test(layered_formats),
                                       cmocka_unit_test(fields_that_are_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
