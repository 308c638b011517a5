/*
 * test_node_order.c - the records of a node: by GPS time, every kind of span and of odd number, pulses by return number, others of one time by rows,
 * against a plain comparison sort; what is equal keeps its order.
 */
#include "base/bytes.h"
#include "copc/node_order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_BYTES 30u
#define TIME_AT 22u
#define SIDE 1024
#define LEVEL 2u /* of the node */
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
    case 5: /* closer together than the key can tell, and one far away */
        return i == 0 ? 0 : 1e8 + (double)(next_random(random) % 300) * 3e-8;
    case 6: /* one time but for one point, which a few looks miss */
        return i == 1 ? 5 : 4;
    default: /* in order already */
        return 1e8 + (double)(i / 3);
    }
}

static uint64_t time_at(uint32_t number)
{
    return scree__copc_gps_key(
        scree__base_load64(records + (uint64_t)number * RECORD_BYTES + TIME_AT));
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t among_equals[COUNT_MAX];

static int compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    uint64_t x = time_at(first), y = time_at(second);
    if (x != y)
        return x < y ? -1 : 1;
    int by = compare_numbers(among_equals[first], among_equals[second]);
    /* Places begin with the last record: of equals, the higher number comes first. */
    return by != 0 ? by : compare_numbers(second, first);
}

/* The cube's side is SIDE, and its deepest cells are units: a node of level 2 has 64 rows of 4 units, and columns of one. */
static int64_t place_in_rows(const uint8_t *record)
{
    int32_t x = scree__base_load_i32(record), row = scree__base_load_i32(record + 4) / 4;
    return row * 10000 + (row % 2 == 0 ? x : -x);
}

static void expect(uint32_t *expected, uint32_t count)
{
    memset(among_equals, 0, sizeof among_equals);
    qsort(expected, count, sizeof *expected, compare);
    for (uint32_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && time_at(expected[end]) == time_at(expected[i]);)
            end++;
        for (uint32_t k = i; k < end; k++) {
            const uint8_t *record = records + (uint64_t)expected[k] * RECORD_BYTES;
            among_equals[expected[k]] = end - i > 15 ? place_in_rows(record) : record[14] & 15;
        }
    }
    qsort(expected, count, sizeof *expected, compare);
}

static void sort_and_compare(unsigned kind, uint32_t count, uint64_t *random)
{
    static uint64_t places[COUNT_MAX], other[COUNT_MAX];
    static uint32_t expected[COUNT_MAX];
    static uint8_t sorted[COUNT_MAX * RECORD_BYTES];
    static const int32_t min[3] = {0, 0, 0}, max[3] = {SIDE - 1, SIDE - 1, SIDE - 1};
    struct scree__copc_grid grid = {{1, 1, 1}, {0, 0, 0}};
    struct scree__copc_cube cube;
    scree__copc_cube_init(&cube, &grid, min, max, 3);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *record = records + (uint64_t)i * RECORD_BYTES;
        /* In one node of level 2. */
        for (uint32_t a = 0; a < 3; a++)
            scree__base_store32(record + 4 * a, (uint32_t)(256 + next_random(random) % 256));
        record[14] = (uint8_t)next_random(random);
        scree__base_store32(record + 16, i); /* a name for it */
        scree__base_store_f64(record + TIME_AT, time_of(kind, i, random));
        expected[i] = i;
        places[i] = scree__copc_place((uint32_t)next_random(random), count - 1 - i);
    }
    expect(expected, count);
    struct scree__copc_node_source source = {records, scree__copc_form_out(RECORD_BYTES), &cube,
                                             LEVEL};
    scree__copc_node_order(&source, places, other, count, sorted);
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(sorted + (size_t)i * RECORD_BYTES,
                   records + (uint64_t)expected[i] * RECORD_BYTES, RECORD_BYTES) != 0)
            fail_msg("kind %u, %u points: place %u has record %u, expected %u", kind, count, i,
                     scree__base_load32(sorted + (size_t)i * RECORD_BYTES + 16), expected[i]);
}

static void times_are_sorted(void **state)
{
    static const uint32_t counts[] = {1, 2, 15, 16, 17, 31, 32, 33, 100, 2047, 2048, COUNT_MAX};
    uint64_t random = 1;
    (void)state;
    records = calloc(COUNT_MAX, RECORD_BYTES);
    assert_non_null(records);
    for (unsigned round = 0; round < 5; round++)
        for (unsigned kind = 0; kind < 8; kind++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
                sort_and_compare(kind, counts[c], &random);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_are_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
