/* test_gps_order.c - points by GPS time: every kind of span and of odd number, against a plain comparison sort; equal times keep their order. */
#include "base/bytes.h"
#include "copc/gps_order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_BYTES 30u
#define TIME_AT 22u
#define COUNT_MAX 5000u

static uint8_t *records;

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 20;
}

static double time_of(unsigned kind, uint64_t i, uint64_t *random)
{
    double small = (double)(next_random(random) % 1000000) * 1e-6;
    switch (kind) {
    case 0: /* none */
        return 0;
    case 1: /* seconds of a week, some pulses with several returns */
        return 345600 + floor(small * 500) / 500 * 3;
    case 2: /* strips hours apart, with times closer than the key can tell */
        return 2e8 + (double)(next_random(random) % 4) * 9000 + small * 1e-4;
    case 3: /* anything at all, NaNs of any kind and zeros of both signs among it */
        return scree__base_load_f64(
            (const uint8_t *)&(uint64_t){next_random(random) << 32 ^ next_random(random)});
    case 4:
        return i % 7 == 0 ? NAN : i % 7 == 1 ? -0.0 : i % 7 == 2 ? INFINITY : -1e9 * small;
    default: /* in order already */
        return 1e8 + (double)(i / 3);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    uint64_t x =
        scree__copc_gps_key(scree__base_load64(records + (uint64_t)first * RECORD_BYTES + TIME_AT));
    uint64_t y = scree__copc_gps_key(
        scree__base_load64(records + (uint64_t)second * RECORD_BYTES + TIME_AT));
    /* Places begin with the last record: of equals, the higher number comes first. */
    return x != y ? (x < y ? -1 : 1) : first > second ? -1 : 1;
}

static void sort_and_compare(unsigned kind, uint32_t count, uint64_t *random)
{
    static uint64_t places[COUNT_MAX], other[COUNT_MAX];
    static uint32_t expected[COUNT_MAX];
    for (uint32_t i = 0; i < count; i++) {
        scree__base_store_f64(records + (uint64_t)i * RECORD_BYTES + TIME_AT,
                              time_of(kind, i, random));
        expected[i] = i;
        places[i] = scree__copc_place((uint32_t)next_random(random), count - 1 - i);
    }
    qsort(expected, count, sizeof *expected, compare);
    const uint64_t *sorted = scree__copc_gps_sort(records, RECORD_BYTES, places, other, count);
    for (uint32_t i = 0; i < count; i++)
        if (scree__copc_place_id(sorted[i]) != expected[i])
            fail_msg("kind %u, %u points: place %u has record %u, expected %u", kind, count, i,
                     scree__copc_place_id(sorted[i]), expected[i]);
}

static void times_are_sorted(void **state)
{
    static const uint32_t counts[] = {1, 2, 31, 32, 33, 100, 2047, 2048, COUNT_MAX};
    uint64_t random = 1;
    (void)state;
    records = calloc(COUNT_MAX, RECORD_BYTES);
    assert_non_null(records);
    for (unsigned round = 0; round < 5; round++)
        for (unsigned kind = 0; kind < 6; kind++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
                sort_and_compare(kind, counts[c], &random);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_are_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
