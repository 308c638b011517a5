/* The LASzip VLR and the chunk table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "laz_vectors.h"

static void known_table(bool variable, const struct scree_laz_chunk *chunks, uint32_t count,
                        const char *stream_hex)
{
    uint8_t expected[64] = {0}, out[200];
    struct scree_laz_chunk read[4];
    size_t bytes = 8 + laz_vectors_unhex(stream_hex, expected + 8, sizeof expected - 8), written;
    uint32_t found = 0;
    scree__base_store32(expected + 4, count);
    assert_true(scree_laz_chunk_table_bound(count) <= sizeof out);
    assert_int_equal(
        scree_laz_chunk_table_write(chunks, count, variable, out, sizeof out, &written, NULL),
        SCREE_OK);
    assert_int_equal(written, bytes);
    assert_memory_equal(out, expected, bytes);
    /* What follows the table is not its own. */
    memset(out + bytes, 0x99, sizeof out - bytes);
    assert_int_equal(scree_laz_chunk_table_count(out, sizeof out, 1000, &found, NULL), SCREE_OK);
    assert_int_equal(found, count);
    assert_int_equal(
        scree_laz_chunk_table_read(out, sizeof out, variable, read, count, &written, NULL),
        SCREE_OK);
    assert_int_equal(written, bytes);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(read[i].bytes == chunks[i].bytes);
        assert_true(read[i].point_count == (variable ? chunks[i].point_count : 0));
    }
}

static void known_tables(void **state)
{
    static const struct scree_laz_chunk variable[] = {{5000, 100}, {2600, 50}, {60, 1}};
    static const struct scree_laz_chunk fixed[] = {{123456, 0}, {123400, 0}, {98765, 0}, {77, 0}};
    (void)state;
    known_table(true, variable, 3, "3c51f38bf7e25d54b6db97000000");
    known_table(false, fixed, 4, "8b2ddc972fbd227f373b000000");
    known_table(true, NULL, 0, "");
}

static void table_round_trip(void **state)
{
    static struct scree_laz_chunk chunks[5000], read[5000];
    uint32_t seed = 11;
    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        chunks[i].bytes = laz_vectors_next(&seed) >> (1 + laz_vectors_next(&seed) % 31);
        chunks[i].point_count = laz_vectors_next(&seed) >> (1 + laz_vectors_next(&seed) % 31);
    }
    size_t room = scree_laz_chunk_table_bound(5000), bytes, again;
    uint8_t *out = malloc(room);
    assert_int_equal(scree_laz_chunk_table_write(chunks, 5000, true, out, room, &bytes, NULL), 0);
    uint8_t *exact = malloc(bytes);
    memcpy(exact, out, bytes);
    assert_int_equal(scree_laz_chunk_table_read(exact, bytes, true, read, 5000, &again, NULL), 0);
    assert_int_equal(bytes, again);
    assert_memory_equal(read, chunks, sizeof chunks);
    assert_int_equal(scree_laz_chunk_table_read(exact, bytes - 1, true, read, 5000, NULL, NULL),
                     SCREE_E_DATA);
    free(exact);
    free(out);
}

/* The densest table: all chunks alike. Its count must not pass for a lie. */
static void long_even_table(void **state)
{
    uint32_t count = 3000000;
    struct scree_laz_chunk *chunks = calloc(count, sizeof *chunks);
    size_t room = scree_laz_chunk_table_bound(count), bytes;
    uint8_t *out = malloc(room);
    uint32_t found = 0;
    (void)state;
    assert_true(chunks != NULL && out != NULL);
    assert_int_equal(scree_laz_chunk_table_write(chunks, count, true, out, room, &bytes, NULL), 0);
    assert_int_equal(scree_laz_chunk_table_count(out, bytes, UINT64_MAX, &found, NULL), 0);
    assert_int_equal(found, count);
    free(out);
    free(chunks);
}

static void refused_tables(void **state)
{
    uint8_t table[64] = {0};
    uint32_t count;
    size_t bytes;
    struct scree_laz_chunk chunk = {(uint64_t)1 << 31, 0};
    (void)state;
    assert_int_equal(scree_laz_chunk_table_count(table, 7, 10, &count, NULL), SCREE_E_DATA);
    scree__base_store32(table, 1);
    assert_int_equal(scree_laz_chunk_table_count(table, 64, 10, &count, NULL), SCREE_E_DATA);
    scree__base_store32(table, 0);
    scree__base_store32(table + 4, 11);
    assert_int_equal(scree_laz_chunk_table_count(table, 64, 10, &count, NULL), SCREE_E_DATA);
    assert_int_equal(scree_laz_chunk_table_count(table, 64, 11, &count, NULL), SCREE_OK);
    assert_int_equal(scree_laz_chunk_table_count(table, 11, 11, &count, NULL), SCREE_E_DATA);
    scree__base_store32(table + 4, 0xFFFFFFFFu);
    assert_int_equal(scree_laz_chunk_table_count(table, 64, UINT64_MAX, &count, NULL),
                     SCREE_E_DATA);
    assert_int_equal(scree_laz_chunk_table_write(&chunk, 1, false, table, 64, &bytes, NULL),
                     SCREE_E_ARGUMENT);
    chunk.bytes = 5;
    assert_int_equal(scree_laz_chunk_table_write(&chunk, 1, false, table, 9, &bytes, NULL),
                     SCREE_E_ARGUMENT);
}

static void damaged_tables(void **state)
{
    struct scree_laz_chunk chunks[50], read[50];
    uint8_t out[1000];
    uint32_t seed = 3;
    size_t bytes;
    (void)state;
    for (uint32_t i = 0; i < 50; i++) {
        chunks[i].bytes = 1000 + laz_vectors_next(&seed) % 5000;
        chunks[i].point_count = laz_vectors_next(&seed) % 700;
    }
    assert_int_equal(scree_laz_chunk_table_write(chunks, 50, true, out, sizeof out, &bytes, NULL),
                     0);
    for (size_t cut = 0; cut < bytes; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        memcpy(exact, out, cut);
        assert_int_equal(scree_laz_chunk_table_read(exact, cut, true, read, 50, NULL, NULL),
                         SCREE_E_DATA);
        free(exact);
    }
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t *exact = malloc(bytes);
        memcpy(exact, out, bytes);
        exact[8 + laz_vectors_next(&seed) % (bytes - 8)] ^=
            (uint8_t)(1u << laz_vectors_next(&seed) % 8);
        enum scree_status status =
            scree_laz_chunk_table_read(exact, bytes, true, read, 50, NULL, NULL);
        assert_true(status == SCREE_OK || status == SCREE_E_DATA);
        free(exact);
    }
}

static void layouts(void **state)
{
    static const uint32_t base[11] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        for (uint32_t extra = 0; extra <= 4; extra += 4) {
            struct scree_laz_layout layout, parsed;
            uint8_t vlr[200];
            assert_int_equal(scree_laz_layout_init(&layout, format, extra, 7, NULL), SCREE_OK);
            assert_int_equal(layout.record_bytes, base[format] + extra);
            assert_int_equal(layout.compressor, format < 6 ? 2 : 3);
            size_t bytes = scree_laz_layout_vlr_bytes(&layout);
            assert_int_equal(bytes, 34 + 6 * layout.item_count);
            scree_laz_layout_vlr_write(&layout, vlr);
            assert_int_equal(
                scree_laz_layout_parse(vlr, bytes, base[format] + extra, &parsed, NULL), SCREE_OK);
            assert_memory_equal(&parsed, &layout, sizeof layout);
            assert_int_equal(
                scree_laz_layout_parse(vlr, bytes, base[format] + extra + 1, &parsed, NULL),
                SCREE_E_DATA);
            for (size_t cut = 0; cut < bytes; cut++)
                assert_int_equal(
                    scree_laz_layout_parse(vlr, cut, base[format] + extra, &parsed, NULL),
                    SCREE_E_DATA);
        }
    }
    struct scree_laz_layout layout;
    assert_int_equal(scree_laz_layout_init(&layout, 11, 0, 7, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_layout_init(&layout, 1, 65536, 7, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_layout_init(&layout, 1, 0, 0, NULL), SCREE_E_ARGUMENT);
}

static void refused_layout(size_t offset, uint8_t value, enum scree_status expected)
{
    struct scree_laz_layout layout = laz_vectors_layout(7, 3, 2), parsed;
    struct scree_error err = SCREE_ERROR_INIT;
    uint8_t vlr[200];
    scree_laz_layout_vlr_write(&layout, vlr);
    vlr[offset] = value;
    assert_int_equal(scree_laz_layout_parse(vlr, scree_laz_layout_vlr_bytes(&layout),
                                            layout.record_bytes, &parsed, &err),
                     expected);
    assert_true(expected == SCREE_OK || err.message[0] != '\0');
}

static void refused_layouts(void **state)
{
    (void)state;
    refused_layout(0, 4, SCREE_E_UNSUPPORTED);  /* compressor */
    refused_layout(0, 2, SCREE_E_UNSUPPORTED);  /* layered items in a pointwise file */
    refused_layout(2, 1, SCREE_E_UNSUPPORTED);  /* coder */
    refused_layout(32, 2, SCREE_E_DATA);        /* item count */
    refused_layout(34, 3, SCREE_E_UNSUPPORTED); /* item type */
    refused_layout(34, 14, SCREE_E_UNSUPPORTED);
    refused_layout(36, 29, SCREE_E_DATA);       /* item size */
    refused_layout(38, 5, SCREE_E_UNSUPPORTED); /* item version */
    refused_layout(38, 1, SCREE_E_UNSUPPORTED);
    refused_layout(38, 2, SCREE_OK); /* a prototype's files, read by the rules of version 3 */
    refused_layout(38, 4, SCREE_OK);
    refused_layout(48, 0, SCREE_E_DATA); /* no extra bytes in the item of extra bytes */
    refused_layout(48, 9, SCREE_E_DATA); /* sum */
}

static void chunk_size_of_zero_is_variable(void **state)
{
    struct scree_laz_layout layout = laz_vectors_layout(6, 3, 0), parsed;
    uint8_t vlr[40];
    (void)state;
    scree_laz_layout_vlr_write(&layout, vlr);
    memset(vlr + 12, 0, 4);
    assert_int_equal(scree_laz_layout_parse(vlr, 40, 30, &parsed, NULL), SCREE_OK);
    assert_int_equal(parsed.chunk_points, SCREE_LAZ_VARIABLE_CHUNKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_tables),    cmocka_unit_test(table_round_trip),
        cmocka_unit_test(long_even_table), cmocka_unit_test(refused_tables),
        cmocka_unit_test(damaged_tables),  cmocka_unit_test(layouts),
        cmocka_unit_test(refused_layouts), cmocka_unit_test(chunk_size_of_zero_is_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
