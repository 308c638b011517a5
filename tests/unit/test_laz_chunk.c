/* Whole chunks: known bytes, generated records, splits, fields, sizes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "laz_vectors.h"

static void decode_ok(const struct scree_laz_layout *layout, uint32_t fields, const uint8_t *chunk,
                      size_t chunk_bytes, size_t count, size_t step, uint8_t *records)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t consumed = 0;
    enum scree_status status = laz_vectors_decode(layout, fields, chunk, chunk_bytes, count, step,
                                                  records, &consumed, &err);
    if (status != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(consumed, chunk_bytes);
}

static void known_chunk(unsigned format, const char *records_hex, const char *chunk_hex)
{
    uint8_t records[4 * 40], chunk[512], decoded[4 * 40];
    struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 0);
    size_t bytes = laz_vectors_unhex(records_hex, records, sizeof records), encoded_bytes;
    size_t chunk_bytes = laz_vectors_unhex(chunk_hex, chunk, sizeof chunk);
    assert_int_equal(bytes, 4 * layout.record_bytes);
    decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 4, 0, decoded);
    assert_memory_equal(decoded, records, bytes);
    uint8_t *encoded = laz_vectors_encode(&layout, records, 4, &encoded_bytes);
    assert_int_equal(encoded_bytes, chunk_bytes);
    assert_memory_equal(encoded, chunk, chunk_bytes);
    free(encoded);
}

static void known_chunk_of_format_6(void **state)
{
    (void)state;
    known_chunk(6,
                "e5fbffff3e0400002fffffff640011003800000001000000000000001041"
                "0ee6ffffc2f2ffffca020000640010003800000001000010000000001041"
                "cdeeffffcff9ffff7700000064004000c300cdff01000010000000001041"
                "c5eeffffbef9ffff7900000064004100c30071ff01000010000000001041",
                "e5fbffff3e0400002fffffff640011003800000001000000000000001041"
                "04000000"
                "12000000 09000000 07000000 00000000 00000000 06000000 00000000 00000000 06000000"
                "24ce57268cab05938a486356b8aeee000000"
                "548e23d57c41000000"
                "38c3a69f000000"
                "5d461e000000"
                "142a6d000000");
}

static void known_chunk_of_format_3(void **state)
{
    (void)state;
    known_chunk(
        3,
        "e5fbffff3e0400002fffffff64000938000001000000000000001041e803d007b80b"
        "0ee6ffffc2f2ffffca02000064000838000001000010000000001041e803d007b80b"
        "cdeeffffcff9ffff77000000640020c3cd0001000010000000001041e803d007b80b"
        "c5eeffffbef9ffff79000000640021c37100010000100000000010418481760496ab",
        "e5fbffff3e0400002fffffff64000938000001000000000000001041e803d007b80b"
        "c021702f35d9e611dd492ffd399e14a0251050b7b522caa9f636638ae2de0f91fab43efc62a98a5250ca"
        "000000");
}

struct row {
    unsigned format, version, channels, extra_bytes;
    uint32_t crc_raw;
    size_t chunk_bytes;
    uint32_t crc_chunk;
};

/* 1000 generated records in one chunk, as the reference library writes them. */
static const struct row rows[] = {
    {0, 1, 1, 0, 0xa947e508, 6660, 0x45812a60},   {1, 1, 1, 0, 0xc5b276c2, 8649, 0x6d8988b9},
    {3, 1, 1, 3, 0x70f26594, 12749, 0xf002594d},  {5, 1, 1, 0, 0x340ce589, 18084, 0x89477418},
    {0, 2, 1, 0, 0xa947e508, 7662, 0x92f00ecd},   {1, 2, 1, 0, 0xc5b276c2, 9549, 0xf1c67656},
    {2, 2, 1, 0, 0x5bc440b0, 10523, 0xa24626de},  {3, 2, 1, 5, 0x205126f8, 14432, 0xef72a515},
    {4, 2, 1, 0, 0x9d4f7a48, 15930, 0xc29f9aa0},  {5, 2, 1, 2, 0x9e37204f, 20024, 0xaca07f65},
    {6, 3, 1, 0, 0xb716809a, 11833, 0x27c0da00},  {6, 3, 4, 0, 0x3cd42509, 14035, 0xe0a64fef},
    {7, 3, 1, 0, 0xaf0d1218, 14702, 0x98df9a57},  {7, 3, 4, 2, 0xe8892c1c, 18228, 0x52190e9c},
    {7, 4, 4, 2, 0xe8892c1c, 18534, 0x89f0438c},  {8, 3, 4, 3, 0xe7fcd45d, 19650, 0x3caf0eb2},
    {8, 4, 4, 3, 0xe7fcd45d, 20116, 0x9f3ccd4a},  {9, 3, 4, 1, 0xd943d40c, 21718, 0xfda4469c},
    {9, 4, 4, 1, 0xd943d40c, 21862, 0x46905f71},  {10, 3, 4, 3, 0x35653715, 27568, 0x51dd4dfe},
    {10, 4, 4, 3, 0x35653715, 27976, 0x187fa15a},
};

#define ROW_POINTS 1000u

static void generated_row(const struct row *row)
{
    struct scree_laz_layout layout =
        laz_vectors_layout(row->format, row->version, row->extra_bytes);
    size_t record_bytes, chunk_bytes;
    uint8_t *records = laz_vectors_records(row->format, row->channels, row->extra_bytes, 12345,
                                           ROW_POINTS, &record_bytes);
    assert_int_equal(laz_vectors_crc32(records, ROW_POINTS * record_bytes), row->crc_raw);
    uint8_t *chunk = laz_vectors_encode(&layout, records, ROW_POINTS, &chunk_bytes);
    assert_int_equal(chunk_bytes, row->chunk_bytes);
    assert_int_equal(laz_vectors_crc32(chunk, chunk_bytes), row->crc_chunk);
    uint8_t *decoded = malloc(ROW_POINTS * record_bytes);
    static const size_t steps[] = {0, 1, 7, 333, 999};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        memset(decoded, 0x5A, ROW_POINTS * record_bytes);
        decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, ROW_POINTS, steps[i], decoded);
        assert_memory_equal(decoded, records, ROW_POINTS * record_bytes);
    }
    free(decoded);
    free(chunk);
    free(records);
}

static void generated_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        generated_row(&rows[i]);
}

static void round_trip(unsigned format, unsigned version, unsigned channels, unsigned extra_bytes,
                       size_t count, uint32_t seed)
{
    struct scree_laz_layout layout = laz_vectors_layout(format, version, extra_bytes);
    size_t record_bytes, chunk_bytes;
    uint8_t *records =
        laz_vectors_records(format, channels, extra_bytes, seed, count, &record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layout, records, count, &chunk_bytes);
    uint8_t *decoded = malloc(count * record_bytes);
    assert_true(chunk_bytes <= scree_laz_encode_bound(&layout, count));
    decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, count, 0, decoded);
    assert_memory_equal(decoded, records, count * record_bytes);
    free(decoded);
    free(chunk);
    free(records);
}

static void round_trips(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        for (unsigned extra_bytes = 0; extra_bytes <= 10; extra_bytes++) {
            unsigned channels = format >= 6 ? 1 + extra_bytes % 4 : 1;
            size_t count = 1 + extra_bytes * 431;
            unsigned version = format >= 6 ? 3 : 1;
            round_trip(format, version, channels, extra_bytes, count, 99 + extra_bytes);
            round_trip(format, version + 1, channels, extra_bytes, count, 777 + extra_bytes);
        }
    }
}

/* Fields without any pattern: every branch of every coder. */
static void noise(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 3);
        size_t bytes = 3000 * (size_t)layout.record_bytes, chunk_bytes;
        uint8_t *records = malloc(bytes), *decoded = malloc(bytes);
        uint32_t seed = 4711 + format;
        for (size_t i = 0; i < bytes; i++)
            records[i] = (uint8_t)(laz_vectors_next(&seed) >> 8);
        uint8_t *chunk = laz_vectors_encode(&layout, records, 3000, &chunk_bytes);
        assert_true(chunk_bytes <= scree_laz_encode_bound(&layout, 3000));
        decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 3000, 0, decoded);
        assert_memory_equal(decoded, records, bytes);
        free(chunk);
        free(decoded);
        free(records);
    }
}

/* Encoding and decoding leave no trace for the next chunk, whatever came before. */
static void state_is_reusable(void **state)
{
    (void)state;
    for (unsigned format = 3; format <= 10; format += 7) {
        struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 2);
        size_t record_bytes, bytes[2] = {0, 0};
        uint8_t *records = laz_vectors_records(format, 4, 2, 31, 2000, &record_bytes);
        size_t room = scree_laz_encode_bound(&layout, 2000);
        size_t state_bytes = scree_laz_encoder_bytes(&layout);
        void *memory = laz_vectors_aligned(state_bytes);
        uint8_t *out = malloc(room), *again = malloc(room);
        struct scree_laz_encoder *encoder = NULL;
        assert_int_equal(scree_laz_encoder_init(memory, state_bytes, &layout, &encoder, NULL), 0);
        assert_int_equal(
            scree_laz_encode(encoder, records, record_bytes, 2000, out, room, &bytes[0], NULL), 0);
        assert_int_equal(scree_laz_encode(encoder, records + 500 * record_bytes, record_bytes, 700,
                                          again, room, &bytes[1], NULL),
                         0);
        assert_int_equal(
            scree_laz_encode(encoder, records, record_bytes, 2000, again, room, &bytes[1], NULL),
            0);
        assert_int_equal(bytes[0], bytes[1]);
        assert_memory_equal(out, again, bytes[0]);
        free(memory);
        size_t decoder_bytes = scree_laz_decoder_bytes(&layout);
        memory = laz_vectors_aligned(decoder_bytes);
        struct scree_laz_decoder *decoder = NULL;
        uint8_t *decoded = malloc(2000 * record_bytes);
        assert_int_equal(scree_laz_decoder_init(memory, decoder_bytes, &layout, SCREE_LAZ_FIELD_ALL,
                                                &decoder, NULL),
                         0);
        for (unsigned pass = 0; pass < 3; pass++) {
            /* The second pass is given up half way. */
            size_t count = pass == 1 ? 900 : 2000;
            assert_int_equal(scree_laz_decoder_begin(decoder, out, bytes[0], 2000, NULL), 0);
            assert_int_equal(scree_laz_decoder_next(decoder, decoded, record_bytes, count, NULL),
                             0);
            assert_memory_equal(decoded, records, count * record_bytes);
            if (pass != 1)
                assert_int_equal(scree_laz_decoder_end(decoder, NULL, NULL), 0);
        }
        free(memory);
        free(decoded);
        free(out);
        free(again);
        free(records);
    }
}

/* Where the bits of each field lie in a record of format 10 with extra bytes. */
static void field_mask(uint32_t field, size_t record_bytes, uint8_t *mask)
{
    static const struct {
        uint32_t field;
        size_t begin, end;
    } places[] = {
        {SCREE_LAZ_FIELD_XY, 0, 8},
        {SCREE_LAZ_FIELD_Z, 8, 12},
        {SCREE_LAZ_FIELD_INTENSITY, 12, 14},
        {SCREE_LAZ_FIELD_XY, 14, 15},
        {SCREE_LAZ_FIELD_CLASSIFICATION, 16, 17},
        {SCREE_LAZ_FIELD_USER_DATA, 17, 18},
        {SCREE_LAZ_FIELD_SCAN_ANGLE, 18, 20},
        {SCREE_LAZ_FIELD_POINT_SOURCE, 20, 22},
        {SCREE_LAZ_FIELD_GPS_TIME, 22, 30},
        {SCREE_LAZ_FIELD_RGB, 30, 36},
        {SCREE_LAZ_FIELD_NIR, 36, 38},
        {SCREE_LAZ_FIELD_WAVEPACKET, 38, 67},
    };
    memset(mask, 0, record_bytes);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].field & field)
            memset(mask + places[i].begin, 0xFF, places[i].end - places[i].begin);
    }
    mask[15] = (uint8_t)((field & SCREE_LAZ_FIELD_XY ? 0x30 : 0) |
                         (field & SCREE_LAZ_FIELD_FLAGS ? 0xCF : 0));
    if (field & SCREE_LAZ_FIELD_EXTRA_BYTES)
        memset(mask + 67, 0xFF, record_bytes - 67);
}

static void fields(unsigned version, unsigned channels)
{
    struct scree_laz_layout layout = laz_vectors_layout(10, version, 3);
    size_t record_bytes, chunk_bytes, count = 2500;
    uint8_t mask[80];
    uint8_t *records = laz_vectors_records(10, channels, 3, 2024, count, &record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layout, records, count, &chunk_bytes);
    uint8_t *decoded = malloc(count * record_bytes);
    for (unsigned i = 0; i < 13; i++) {
        uint32_t wanted = 1u << i;
        decode_ok(&layout, wanted, chunk, chunk_bytes, count, i == 3 ? 100 : 0, decoded);
        field_mask(wanted | SCREE_LAZ_FIELD_XY, record_bytes, mask);
        for (size_t j = 0; j < count * record_bytes; j++) {
            uint8_t m = mask[j % record_bytes];
            uint8_t expected =
                (uint8_t)((records[j] & m) | (records[j % record_bytes] & (uint8_t)~m));
            if (decoded[j] != expected)
                fail_msg("field %u, point %zu, byte %zu", i, j / record_bytes, j % record_bytes);
        }
    }
    free(decoded);
    free(chunk);
    free(records);
}

static void each_field_alone(void **state)
{
    (void)state;
    fields(3, 1);
    fields(3, 4);
    fields(4, 3);
}

/* The bytes of layers that are not asked for are not looked at. */
static void skipped_layers_are_not_touched(void **state)
{
    struct scree_laz_layout layout = laz_vectors_layout(6, 3, 0);
    size_t record_bytes, chunk_bytes;
    (void)state;
    uint8_t *records = laz_vectors_records(6, 1, 0, 8, 500, &record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layout, records, 500, &chunk_bytes);
    uint8_t *decoded = malloc(500 * record_bytes);
    size_t fixed = scree_laz_layered_fixed_bytes(&layout);
    size_t first_bytes = chunk[34] | (size_t)chunk[35] << 8;
    assert_int_equal(fixed, 30 + 4 + 36);
    memset(chunk + fixed + first_bytes, 0xEE, chunk_bytes - fixed - first_bytes);
    decode_ok(&layout, SCREE_LAZ_FIELD_XY, chunk, chunk_bytes, 500, 0, decoded);
    for (size_t i = 0; i < 500; i++)
        assert_memory_equal(decoded + i * record_bytes, records + i * record_bytes, 8);
    free(decoded);
    free(chunk);
    free(records);
}

/* GPS times that never change: no layer for them, but for NaN, which LASzip takes for changed each
 * time; and a zero that changes its sign is a change. */
static void times_that_compare_oddly(void **state)
{
    static const struct {
        uint64_t times[3];
        bool layer;
    } cases[] = {{{0x4110000000000000u, 0x4110000000000000u, 0x4110000000000000u}, false},
                 {{0x7FF8000000000001u, 0x7FF8000000000001u, 0x7FF8000000000001u}, true},
                 {{0xFFF0000000000000u, 0xFFF0000000000000u, 0xFFF0000000000000u}, false},
                 {{0, 0x8000000000000000u, 0}, true}};
    struct scree_laz_layout layout = laz_vectors_layout(6, 3, 0);
    uint8_t records[3 * 30] = {0}, decoded[3 * 30];
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t chunk_bytes;
        for (size_t j = 0; j < 3; j++)
            scree__base_store64(records + 30 * j + 22, cases[i].times[j]);
        uint8_t *chunk = laz_vectors_encode(&layout, records, 3, &chunk_bytes);
        assert_int_equal(scree__base_load32(chunk + 30 + 4 + 4 * 8) != 0, cases[i].layer);
        decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 3, 0, decoded);
        assert_memory_equal(decoded, records, sizeof records);
        free(chunk);
    }
}

static void one_point(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 1);
        size_t record_bytes, chunk_bytes;
        uint8_t decoded[100];
        uint8_t *records = laz_vectors_records(format, 4, 1, 6, 1, &record_bytes);
        uint8_t *chunk = laz_vectors_encode(&layout, records, 1, &chunk_bytes);
        static const uint8_t empty[4] = {1, 0, 0, 0};
        assert_memory_equal(chunk + chunk_bytes - 4, empty, 4);
        assert_int_equal(chunk_bytes, format >= 6 ? scree_laz_layered_fixed_bytes(&layout) + 8
                                                  : record_bytes + 4);
        decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 1, 0, decoded);
        assert_memory_equal(decoded, records, record_bytes);
        free(chunk);
        free(records);
    }
}

/* A chunk whose size is not known is given with what follows it. */
static void larger_than_the_chunk(void **state)
{
    (void)state;
    for (unsigned format = 1; format <= 7; format += 6) {
        struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 0);
        size_t record_bytes, chunk_bytes, consumed = 0;
        uint8_t *records = laz_vectors_records(format, 2, 0, 5, 300, &record_bytes);
        uint8_t *chunk = laz_vectors_encode(&layout, records, 300, &chunk_bytes);
        uint8_t *wide = malloc(chunk_bytes + 100), *decoded = malloc(300 * record_bytes);
        memcpy(wide, chunk, chunk_bytes);
        memset(wide + chunk_bytes, 0x77, 100);
        assert_int_equal(laz_vectors_decode(&layout, SCREE_LAZ_FIELD_ALL, wide, chunk_bytes + 100,
                                            300, 0, decoded, &consumed, NULL),
                         SCREE_OK);
        assert_int_equal(consumed, chunk_bytes);
        assert_memory_equal(decoded, records, 300 * record_bytes);
        if (format >= 6) {
            uint64_t size = 0;
            uint32_t count = 0;
            assert_int_equal(scree_laz_layered_chunk_size(&layout, chunk,
                                                          scree_laz_layered_fixed_bytes(&layout),
                                                          &size, &count, NULL),
                             SCREE_OK);
            assert_true(size == chunk_bytes && count == 300);
        }
        free(decoded);
        free(wide);
        free(chunk);
        free(records);
    }
}

static void wrong_point_count(void **state)
{
    size_t record_bytes, chunk_bytes, consumed = 0;
    struct scree_laz_layout layered = laz_vectors_layout(6, 3, 0);
    struct scree_laz_layout pointwise = laz_vectors_layout(0, 2, 0);
    (void)state;
    uint8_t *records = laz_vectors_records(6, 1, 0, 5, 300, &record_bytes);
    uint8_t *decoded = malloc(400 * record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layered, records, 300, &chunk_bytes);
    for (size_t count = 299; count <= 301; count += 2)
        assert_int_equal(laz_vectors_decode(&layered, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes,
                                            count, 0, decoded, NULL, NULL),
                         SCREE_E_DATA);
    /* The chunk itself lies about its count: the streams are too long or too short. */
    for (unsigned count = 200; count <= 400; count += 200) {
        chunk[30] = (uint8_t)count;
        chunk[31] = (uint8_t)(count >> 8);
        assert_int_equal(laz_vectors_decode(&layered, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes,
                                            count, 0, decoded, NULL, NULL),
                         SCREE_E_DATA);
    }
    free(chunk);
    free(records);
    records = laz_vectors_records(0, 1, 0, 5, 300, &record_bytes);
    chunk = laz_vectors_encode(&pointwise, records, 300, &chunk_bytes);
    assert_int_equal(laz_vectors_decode(&pointwise, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 200, 0,
                                        decoded, &consumed, NULL),
                     SCREE_OK);
    assert_true(consumed < chunk_bytes);
    assert_int_equal(laz_vectors_decode(&pointwise, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 400, 0,
                                        decoded, NULL, NULL),
                     SCREE_E_DATA);
    free(chunk);
    free(decoded);
    free(records);
}

static void stride_leaves_gaps_alone(void **state)
{
    struct scree_laz_layout layout = laz_vectors_layout(7, 3, 1);
    struct scree_laz_decoder *decoder = NULL;
    size_t record_bytes, chunk_bytes, stride;
    (void)state;
    uint8_t *records = laz_vectors_records(7, 2, 1, 5, 50, &record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layout, records, 50, &chunk_bytes);
    size_t state_bytes = scree_laz_decoder_bytes(&layout);
    void *memory = laz_vectors_aligned(state_bytes);
    stride = record_bytes + 5;
    uint8_t *out = malloc(50 * stride);
    memset(out, 0xC3, 50 * stride);
    assert_int_equal(
        scree_laz_decoder_init(memory, state_bytes, &layout, SCREE_LAZ_FIELD_ALL, &decoder, NULL),
        0);
    assert_int_equal(scree_laz_decoder_begin(decoder, chunk, chunk_bytes, 50, NULL), 0);
    assert_int_equal(scree_laz_decoder_next(decoder, out, record_bytes - 1, 50, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_next(decoder, out, stride, 51, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_next(decoder, out, stride, 50, NULL), 0);
    for (size_t i = 0; i < 50; i++) {
        assert_memory_equal(out + i * stride, records + i * record_bytes, record_bytes);
        for (size_t j = record_bytes; j < stride; j++)
            assert_int_equal(out[i * stride + j], 0xC3);
    }
    free(out);
    free(memory);
    free(chunk);
    free(records);
}

static void stored_records(void **state)
{
    struct scree_laz_layout layout = laz_vectors_layout(3, 0, 2);
    size_t record_bytes, chunk_bytes;
    (void)state;
    layout.compressor = SCREE_LAZ_NONE;
    uint8_t *records = laz_vectors_records(3, 1, 2, 5, 50, &record_bytes);
    uint8_t *chunk = laz_vectors_encode(&layout, records, 50, &chunk_bytes);
    uint8_t *decoded = malloc(50 * record_bytes);
    assert_int_equal(chunk_bytes, 50 * record_bytes);
    decode_ok(&layout, 0, chunk, chunk_bytes, 50, 7, decoded);
    assert_memory_equal(decoded, records, chunk_bytes);
    assert_int_equal(
        laz_vectors_decode(&layout, 0, chunk, chunk_bytes - 1, 50, 0, decoded, NULL, NULL),
        SCREE_E_DATA);
    free(decoded);
    free(chunk);
    free(records);
}

/* As many extra bytes as a record can have. */
static void very_wide_records(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 6; format += 6) {
        struct scree_laz_layout layout = laz_vectors_layout(format, format >= 6 ? 3 : 2, 65000);
        size_t chunk_bytes, bytes = 5 * (size_t)layout.record_bytes;
        uint8_t *records = calloc(1, bytes), *decoded = malloc(bytes);
        uint32_t seed = 3;
        for (size_t i = 0; i < bytes; i += 1 + i % 5)
            records[i] = (uint8_t)laz_vectors_next(&seed);
        assert_true(scree_laz_decoder_bytes(&layout) > 65000u * 1000u);
        uint8_t *chunk = laz_vectors_encode(&layout, records, 5, &chunk_bytes);
        decode_ok(&layout, SCREE_LAZ_FIELD_ALL, chunk, chunk_bytes, 5, 0, decoded);
        assert_memory_equal(decoded, records, bytes);
        free(chunk);
        free(decoded);
        free(records);
    }
}

/* A chunk in flight takes at most 3 MiB besides its points: formats 0 to 8 with up to 200 extra bytes, 9 and 10 with 50. */
static void state_is_small(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        uint32_t extra_bytes = format <= 8 ? 200 : 50;
        struct scree_laz_layout layout =
            laz_vectors_layout(format, format >= 6 ? 3 : 2, extra_bytes);
        assert_in_range(scree_laz_decoder_bytes(&layout), 1, 3u << 20);
        assert_in_range(scree_laz_encoder_bytes(&layout), 1, 3u << 20);
    }
}

static void refused_arguments(void **state)
{
    struct scree_laz_layout layout = laz_vectors_layout(1, 2, 0);
    struct scree_laz_encoder *encoder = NULL;
    struct scree_laz_decoder *decoder = NULL;
    size_t bytes, encoder_bytes = scree_laz_encoder_bytes(&layout);
    uint8_t record[28] = {0}, out[500];
    (void)state;
    uint8_t *memory = laz_vectors_aligned(encoder_bytes + 64);
    assert_int_equal(scree_laz_encoder_init(memory + 8, encoder_bytes, &layout, &encoder, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_encoder_init(memory, encoder_bytes - 1, &layout, &encoder, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_init(memory, 100, &layout, 0, &decoder, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_encoder_init(memory, encoder_bytes, &layout, &encoder, NULL), 0);
    assert_int_equal(scree_laz_encode(encoder, record, 28, 0, out, sizeof out, &bytes, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_encode(encoder, record, 27, 1, out, sizeof out, &bytes, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_encode(encoder, record, 28, 1, out, 20, &bytes, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_encode_bound(&layout, UINT64_MAX / 2), 0);
    free(memory);
    layout.items[0].version = 9;
    assert_int_equal(scree_laz_decoder_bytes(&layout), 0);
    assert_int_equal(scree_laz_encoder_bytes(&layout), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_chunk_of_format_6),
        cmocka_unit_test(times_that_compare_oddly),
        cmocka_unit_test(known_chunk_of_format_3),
        cmocka_unit_test(generated_rows),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(noise),
        cmocka_unit_test(state_is_reusable),
        cmocka_unit_test(each_field_alone),
        cmocka_unit_test(skipped_layers_are_not_touched),
        cmocka_unit_test(one_point),
        cmocka_unit_test(larger_than_the_chunk),
        cmocka_unit_test(wrong_point_count),
        cmocka_unit_test(stride_leaves_gaps_alone),
        cmocka_unit_test(stored_records),
        cmocka_unit_test(very_wide_records),
        cmocka_unit_test(state_is_small),
        cmocka_unit_test(refused_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
