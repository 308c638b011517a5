/* test_copc_sorts.c - places by their keys, all of them and those that are spread, against a plain sort; and points picked by their level, every variant. */
#include "base/bytes.h"
#include "copc/order.h"
#include "copc/pick.h"
#include "copc/radix.h"
#include "simd/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_MAX 70000u

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 20;
}

/* By key; places are numbered in their order before, so that this is stable. */
static int compare(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static uint32_t key_of(unsigned kind, uint32_t i, uint64_t *random)
{
    uint32_t any = (uint32_t)next_random(random);
    switch (kind) {
    case 0: /* spread */
        return any & 0x3FFFFFFF;
    case 1: /* a heap of them alike in their upper bits, and one that is not */
        return i == 7 ? UINT32_MAX : any & 0xFFF;
    case 2: /* many heaps, with few keys in each */
        return (any % 37) << 25 | (any >> 8 & 3);
    case 3: /* one key */
        return 5;
    case 4: /* in order */
        return i * 3;
    case 5: /* the other way round */
        return COUNT_MAX - i;
    default: /* the upper bits in order, the lower ones not */
        return i / 100 << 8 | (any & 255);
    }
}

static void sorts_agree(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 32, 33, 300, 2047, 2048, 5000, COUNT_MAX};
    static uint64_t places[COUNT_MAX], other[COUNT_MAX], expected[COUNT_MAX];
    uint64_t random = 3;
    for (unsigned kind = 0; kind < 7; kind++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            uint32_t count = counts[c];
            for (uint32_t i = 0; i < count; i++)
                places[i] = scree__copc_place(key_of(kind, i, &random), i);
            memcpy(expected, places, count * sizeof *places);
            qsort(expected, count, sizeof *expected, compare);
            const uint64_t *sorted = scree__copc_radix_sort_spread(places, other, count);
            if (memcmp(sorted, expected, count * sizeof *sorted) != 0)
                fail_msg("kind %u, %u places", kind, count);
        }
}

/* Digits counted on the way. */
static void counted_digits_sort(void **state)
{
    (void)state;
    static uint64_t places[COUNT_MAX], other[COUNT_MAX], expected[COUNT_MAX];
    static struct scree__copc_digits digits;
    static const unsigned counts[] = {1, 2, 40, 2047, 2048, COUNT_MAX};
    uint64_t random = 3;
    for (unsigned width = 1; width <= 32; width++)
        for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
            uint32_t upper = width < 32 ? (uint32_t)next_random(&random) << width : 0;
            scree__copc_digits_init(&digits, width, counts[c]);
            assert_true(digits.count * digits.bits >= width);
            for (unsigned i = 0; i < counts[c]; i++) {
                uint32_t key = (uint32_t)(next_random(&random) & ((UINT64_C(1) << width) - 1));
                places[i] = scree__copc_place(upper | key, i);
                scree__copc_digits_add(&digits, upper | key, digits.count, digits.bits);
            }
            memcpy(expected, places, counts[c] * sizeof *places);
            qsort(expected, counts[c], sizeof *expected, compare);
            const uint64_t *sorted = scree__copc_digits_sort(&digits, places, other, counts[c]);
            if (memcmp(sorted, expected, counts[c] * sizeof *sorted) != 0)
                fail_msg("%u bits, %u places", width, counts[c]);
        }
    scree__copc_digits_init(&digits, 22, 40000);
    assert_true(scree__copc_digits_are(&digits, 2));
    scree__copc_digits_init(&digits, 32, 40000);
    assert_true(scree__copc_digits_are(&digits, 3));
}

static void orders_are_packed(void **state)
{
    (void)state;
    static uint64_t order[1001];
    uint64_t random = 9;
    for (uint32_t i = 0; i < 1001; i++)
        order[i] = scree__copc_place((uint32_t)next_random(&random), 7 * i + 1);
    const uint32_t *packed = scree__copc_order_pack(order, 1001);
    assert_ptr_equal(packed, order);
    for (uint32_t i = 0; i < 1001; i++)
        assert_int_equal(scree__base_load32((const uint8_t *)packed + 4 * i), 7 * i + 1);
}

static void levels_are_picked(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static uint32_t order[COUNT];
    static uint64_t places[COUNT + 1], expected[COUNT];
    static uint8_t levels[COUNT];
    uint64_t random = 11;
    for (unsigned round = 0; round < 400; round++) {
        uint64_t count = round < 200 ? round : next_random(&random) % COUNT, found = 0;
        uint64_t rare = 1 + next_random(&random) % 200, bursts = 1 + next_random(&random) % 90;
        for (uint64_t i = 0; i < count; i++) {
            order[i] = (uint32_t)next_random(&random);
            levels[i] = i / bursts % 2 == 0 && next_random(&random) % rare == 0 ? 3 : 4;
            if (levels[i] == 3)
                expected[found++] = order[i];
        }
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_BEST; level++) {
            scree__simd_force((enum scree__simd_level)level);
            for (uint64_t room = found > 2 ? found - 2 : 0; room <= found + 2 && room <= COUNT;
                 room++) {
                memset(places, 0xAA, sizeof places);
                uint64_t got = scree__copc_pick_choose()(order, levels, count, 3, places, room);
                if (room < found)
                    assert_true(got > room);
                else
                    assert_int_equal(got, found);
                assert_memory_equal(places, expected,
                                    (room < found ? room : found) * sizeof *places);
                assert_int_equal(places[room], 0xAAAAAAAAAAAAAAAA);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_agree), cmocka_unit_test(counted_digits_sort),
        cmocka_unit_test(orders_are_packed), cmocka_unit_test(levels_are_picked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
