/* test_crc32c.c - CRC-32C: the table from its polynomial, known values, and the processor's instruction against plain C. */
#include "base/clock.h"
#include "simd/crc32c.h"
#include "simd/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 20000u

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *bytes, size_t count)
{
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static uint8_t *noise(void)
{
    uint8_t *bytes = malloc(BYTES);
    uint32_t state = 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    return bytes;
}

static void known_values(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0};
    assert_int_equal(scree__simd_crc32c(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(scree__simd_crc32c_plain(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(scree__simd_crc32c(0, zeros, 32), 0x8A9136AAu); /* RFC 3720, B.4 */
    assert_int_equal(scree__simd_crc32c(0, NULL, 0), 0);
}

static void same_as_bit_by_bit(void **state)
{
    (void)state;
    uint8_t *bytes = noise();
    for (size_t count = 0; count < BYTES; count += count < 1200 ? 1 : 977) {
        size_t from = count % 9;
        if (from + count > BYTES)
            break;
        uint32_t expected = bit_by_bit((uint32_t)count, bytes + from, count);
        assert_int_equal(scree__simd_crc32c_plain((uint32_t)count, bytes + from, count), expected);
        assert_int_equal(scree__simd_crc32c((uint32_t)count, bytes + from, count), expected);
    }
    free(bytes);
}

static void in_pieces(void **state)
{
    (void)state;
    uint8_t *bytes = noise();
    uint32_t whole = scree__simd_crc32c(0, bytes, BYTES), parts = 0;
    for (size_t at = 0, piece = 1; at < BYTES; at += piece, piece = piece * 3 % 4001 + 1) {
        size_t count = BYTES - at < piece ? BYTES - at : piece;
        parts = scree__simd_crc32c(parts, bytes + at, count);
    }
    assert_int_equal(parts, whole);
    free(bytes);
}

static void speed(void **state)
{
    (void)state;
    uint8_t *bytes = noise();
    const char *names[2] = {"plain", scree_cpu_level()};
    for (unsigned way = 0; way < 2; way++) {
        uint64_t begin = scree__base_clock_ns();
        uint32_t crc = 0;
        for (unsigned turn = 0; turn < 200; turn++)
            crc = way == 0 ? scree__simd_crc32c_plain(crc, bytes, BYTES)
                           : scree__simd_crc32c(crc, bytes, BYTES);
        double ns = (double)(scree__base_clock_ns() - begin);
        printf("crc32c %s: %.2f bytes/ns (%08x)\n", names[way], 200.0 * BYTES / ns, crc);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(same_as_bit_by_bit),
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
