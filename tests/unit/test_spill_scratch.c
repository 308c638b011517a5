/* test_spill_scratch.c - blocks come back as they were written, and those that are dropped make room for others. */
#include "spill/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 400u
#define BYTES 8120u

static void fill(uint8_t *bytes, uint32_t count, uint32_t seed)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)((i * 7 + seed * 31) >> (i % 3));
}

static void put(struct scree__spill_scratch *scratch, uint32_t seed, uint32_t count,
                struct scree__spill_block *block)
{
    static uint8_t bytes[BYTES];
    fill(bytes, count, seed);
    assert_int_equal(scree__spill_scratch_write(scratch, bytes, count, NULL, block, NULL),
                     SCREE_OK);
}

static void check(struct scree__spill_scratch *scratch, uint32_t seed,
                  const struct scree__spill_block *block)
{
    static uint8_t bytes[BYTES], expected[BYTES];
    fill(expected, block->bytes, seed);
    assert_int_equal(scree__spill_scratch_read(scratch, block, bytes, NULL, NULL), SCREE_OK);
    assert_memory_equal(bytes, expected, block->bytes);
}

static void reuse(void **state)
{
    static struct scree__spill_block blocks[BLOCKS], later[BLOCKS];
    struct scree__spill_scratch *scratch;
    (void)state;
    assert_int_equal(scree__spill_scratch_open("/tmp", 0, SCREE__SPILL_PLAIN, 16, &scratch, NULL),
                     SCREE_OK);
    for (uint32_t i = 0; i < BLOCKS; i++)
        put(scratch, i, BYTES, &blocks[i]);
    const uint64_t length = scree__spill_scratch_bytes(scratch);
    assert_int_equal(length, (uint64_t)BLOCKS * BYTES);
    /* Every other one goes, and as many come, some of them shorter. */
    for (uint32_t i = 0; i < BLOCKS; i += 2)
        scree__spill_scratch_drop(scratch, &blocks[i]);
    for (uint32_t i = 0; i < BLOCKS; i += 2)
        put(scratch, 1000 + i, i % 3 == 0 ? BYTES - 100 : BYTES, &later[i]);
    assert_int_equal(scree__spill_scratch_bytes(scratch), length);
    for (uint32_t i = 0; i < BLOCKS; i++)
        check(scratch, i % 2 ? i : 1000 + i, i % 2 ? &blocks[i] : &later[i]);
    /* One more, and one that no dropped block has room for, go to the end. */
    scree__spill_scratch_drop(scratch, &later[0]);
    put(scratch, 5, BYTES, &later[1]);
    assert_int_equal(scree__spill_scratch_bytes(scratch), length + BYTES);
    put(scratch, 6, 500, &later[3]);
    assert_int_equal(scree__spill_scratch_bytes(scratch), length + BYTES);
    check(scratch, 5, &later[1]);
    check(scratch, 6, &later[3]);
    scree__spill_scratch_close(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reuse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
