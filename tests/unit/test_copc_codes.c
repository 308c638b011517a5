/* test_copc_codes.c - Morton codes of records: the product with the reciprocal against the division, and every variant against plain C; points outside
 * the cube count as on its face. */
#include "base/bytes.h"
#include "copc/codes.h"
#include "simd/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 1003u
#define RECORD_BYTES_MAX 61u

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 20;
}

/* A cube around `extent` units, with bounds anywhere in 32 bits; every third one has axes of different scales. */
static void make_cube(uint64_t *random, struct scree__copc_cube *cube)
{
    struct scree__copc_grid grid = {{0.001, 0.001, 0.001}, {0, 0, 0}};
    uint64_t extent = ((uint64_t)1 << next_random(random) % 32) + next_random(random) % 7;
    int32_t min[3], max[3];
    for (int a = 0; a < 3; a++) {
        if (next_random(random) % 9 == 0)
            grid.scale[a] = 0.01;
        int64_t low = INT32_MIN + (int64_t)(next_random(random) % ((uint64_t)1 << 31));
        int64_t high = low + (int64_t)(next_random(random) % extent);
        min[a] = (int32_t)low;
        max[a] = (int32_t)(high < INT32_MAX ? high : INT32_MAX);
    }
    scree__copc_cube_init(cube, &grid, min, max, (unsigned)(next_random(random) % 12));
}

static void make_records(uint64_t *random, const struct scree__copc_cube *cube, uint8_t *records,
                         uint32_t record_bytes)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        for (int a = 0; a < 3; a++) {
            uint64_t span = (uint64_t)((int64_t)cube->max[a] - cube->min[a]);
            uint64_t at = i == 0 ? 0 : i == 1 ? span : next_random(random) % (span + 1);
            int64_t outside = i % 5 == 4 ? (int64_t)(next_random(random) % 1000) - 500 : 0;
            int64_t value = cube->min[a] + (int64_t)at + outside;
            value = value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value;
            scree__base_store32(records + i * record_bytes + 4 * a, (uint32_t)value);
        }
    }
}

static void expect_codes(const struct scree__copc_cube *cube, const uint8_t *records,
                         uint32_t record_bytes, unsigned below, const uint64_t *codes)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        int32_t at[3];
        uint64_t cells[3];
        for (int a = 0; a < 3; a++) {
            at[a] = scree__base_load_i32(records + i * record_bytes + 4 * a);
            at[a] = at[a] < cube->min[a] ? cube->min[a] : at[a];
            at[a] = at[a] > cube->max[a] ? cube->max[a] : at[a];
        }
        scree__copc_cube_cells_any(cube, at, cells);
        uint64_t code = scree__copc_morton(cells[0] >> below, cells[1] >> below, cells[2] >> below);
        if (codes[i] != code)
            fail_msg("%d %d %d: %llx, expected %llx", at[0], at[1], at[2],
                     (unsigned long long)codes[i], (unsigned long long)code);
    }
}

static void codes_are_those_of_the_division(void **state)
{
    (void)state;
    uint64_t random = 7, *codes = malloc(COUNT * sizeof *codes);
    uint8_t *records = calloc(COUNT, RECORD_BYTES_MAX);
    assert_true(codes != NULL && records != NULL);
    for (unsigned round = 0; round < 300; round++) {
        struct scree__copc_cube cube;
        uint32_t record_bytes = 30 + round % (RECORD_BYTES_MAX - 29);
        make_cube(&random, &cube);
        make_records(&random, &cube, records, record_bytes);
        unsigned below = (unsigned)(next_random(&random) % (cube.depth + 1));
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_BEST; level++) {
            scree__simd_force((enum scree__simd_level)level);
            memset(codes, 0xAA, COUNT * sizeof *codes);
            scree__copc_codes_choose (&cube)(&cube, records, record_bytes, COUNT, below, codes);
            expect_codes(&cube, records, record_bytes, below, codes);
        }
    }
    free(records);
    free(codes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(codes_are_those_of_the_division)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
