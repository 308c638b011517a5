/* test_mem_shelf.c - blocks between two phases: their pages serve again, they are counted once, and they make way for what the budget has to hold. */
#include "mem/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static uint8_t *take(struct scree__mem_budget *budget, uint64_t bytes)
{
    void *memory;
    assert_int_equal(scree__mem_alloc_rested(budget, bytes, &memory, "a block", NULL), SCREE_OK);
    assert_non_null(memory);
    return memory;
}

/* Pages of [memory, memory + bytes) that the process has. */
static uint64_t pages_there(uint8_t *memory, uint64_t bytes)
{
    static unsigned char there[4096];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page, count = 0;
    assert_true(pages <= sizeof there);
    assert_int_equal(mincore(memory, (size_t)bytes, there), 0);
    for (uint64_t i = 0; i < pages; i++)
        count += there[i] & 1;
    return count;
}

static void pages_serve_again(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    scree__mem_budget_init(&budget, 64 * MIB);
    uint8_t *first = take(&budget, 2 * MIB);
    assert_int_equal(pages_there(first, 2 * MIB), 0);
    memset(first, 7, (size_t)(2 * MIB));
    scree__mem_rest(&budget, first, 2 * MIB);
    assert_int_equal(scree__mem_budget_used(&budget), 0);

    uint8_t *same = take(&budget, 2 * MIB);
    assert_int_equal(pages_there(same, 2 * MIB), 2 * MIB / page);
    assert_int_equal(scree__mem_budget_used(&budget), 2 * MIB);
    scree__mem_rest(&budget, same, 2 * MIB);

    uint8_t *longer = take(&budget, 5 * MIB + 5);
    assert_int_equal(pages_there(longer, 5 * MIB + 5), 2 * MIB / page);
    assert_int_equal(longer[2 * MIB - 1], 7);
    memset(longer, 9, (size_t)(5 * MIB + 5));
    scree__mem_rest(&budget, longer, 5 * MIB + 5);

    /* Cut: the rest serves as well. */
    uint8_t *part = take(&budget, MIB), *other = take(&budget, 2 * MIB),
            *small = take(&budget, 100);
    assert_int_equal(pages_there(part, MIB), MIB / page);
    assert_int_equal(pages_there(other, 2 * MIB), 2 * MIB / page);
    assert_int_equal(scree__mem_budget_used(&budget), 3 * MIB + 100);
    memset(part, 1, (size_t)MIB);
    memset(other, 2, (size_t)(2 * MIB));
    memset(small, 3, 100);
    for (uint64_t i = 0; i < MIB; i++)
        assert_int_equal(part[i], 1);
    scree__mem_free(&budget, part, MIB);
    scree__mem_free(&budget, other, 2 * MIB);
    scree__mem_rest(&budget, small, 100); /* too small for the shelf */
    assert_int_equal(scree__mem_budget_used(&budget), 0);
    assert_int_equal(scree__mem_shelf_clear(&budget), 2 * MIB + 5);
    assert_int_equal(scree__mem_shelf_clear(&budget), 0);
}

/* The smallest block that is long enough, whatever the order in which they came. */
static void the_nearest_block_is_taken(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    scree__mem_budget_init(&budget, 64 * MIB);
    for (unsigned turn = 0; turn < 2; turn++) {
        uint8_t *a = take(&budget, 3 * MIB), *b = take(&budget, 6 * MIB), *c = take(&budget, MIB);
        scree__mem_rest(&budget, turn == 0 ? a : b, (turn == 0 ? 3 : 6) * MIB);
        scree__mem_rest(&budget, c, MIB);
        scree__mem_rest(&budget, turn == 0 ? b : a, (turn == 0 ? 6 : 3) * MIB);
        uint8_t *got = take(&budget, 3 * MIB);
        assert_ptr_equal(got, a);
        scree__mem_free(&budget, got, 3 * MIB);
        assert_int_equal(scree__mem_shelf_clear(&budget), 7 * MIB);
    }
}

static void a_tail_rests(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    scree__mem_budget_init(&budget, 64 * MIB);
    uint8_t *block = take(&budget, 8 * MIB);
    memset(block, 5, (size_t)(8 * MIB));
    uint64_t kept = scree__mem_rest_tail(&budget, block, 8 * MIB, 3 * MIB + 1);
    assert_in_range(kept, 3 * MIB + 1, 3 * MIB + 65536);
    assert_int_equal(scree__mem_budget_used(&budget), kept);
    uint8_t *tail = take(&budget, 4 * MIB);
    memset(tail, 6, (size_t)(4 * MIB));
    for (uint64_t i = 0; i <= 3 * MIB; i++)
        assert_int_equal(block[i], 5);
    /* Not worth a block, or no longer a large one: all of it stays. */
    assert_int_equal(scree__mem_rest_tail(&budget, tail, 4 * MIB, 3 * MIB + MIB / 2), 4 * MIB);
    assert_int_equal(scree__mem_rest_tail(&budget, tail, 4 * MIB, MIB / 2), 4 * MIB);
    scree__mem_free(&budget, tail, 4 * MIB);
    scree__mem_free(&budget, block, kept);
    assert_int_equal(scree__mem_budget_used(&budget), 0);
    (void)scree__mem_shelf_clear(&budget);
}

static void the_shelf_makes_way(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    scree__mem_budget_init(&budget, 8 * MIB);
    uint8_t *block = take(&budget, 6 * MIB), *next;
    void *memory;
    memset(block, 1, (size_t)(6 * MIB));
    scree__mem_rest(&budget, block, 6 * MIB);
    /* There is room beside it, then there is not. */
    assert_int_equal(scree__mem_alloc(&budget, 2 * MIB, &memory, "beside", NULL), SCREE_OK);
    assert_int_equal(atomic_load(&budget.shelf.bytes), 6 * MIB);
    assert_int_equal(scree__mem_reserve(&budget, 1, "a byte", NULL), SCREE_OK);
    assert_int_equal(atomic_load(&budget.shelf.bytes), 0);
    scree__mem_release(&budget, 1);
    /* What does not fit does not fit, shelf or not; and a refusal leaves nothing behind. */
    next = take(&budget, 4 * MIB);
    scree__mem_rest(&budget, next, 4 * MIB);
    struct scree_error err = SCREE_ERROR_INIT;
    void *none;
    assert_int_equal(scree__mem_alloc_rested(&budget, 7 * MIB, &none, "too much", &err),
                     SCREE_E_BUDGET);
    assert_null(none);
    assert_int_equal(err.need_bytes, 9 * MIB);
    assert_int_equal(scree__mem_budget_used(&budget), 2 * MIB);
    scree__mem_free(&budget, memory, 2 * MIB);
    (void)scree__mem_shelf_clear(&budget);
    assert_int_equal(scree__mem_budget_used(&budget), 0);
}

/* More blocks than the shelf has room for are freed. */
static void the_shelf_is_small(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    uint8_t *blocks[SCREE__MEM_SHELF_BLOCKS + 2];
    scree__mem_budget_init(&budget, 256 * MIB);
    for (unsigned i = 0; i < SCREE__MEM_SHELF_BLOCKS + 2; i++)
        blocks[i] = take(&budget, MIB);
    for (unsigned i = 0; i < SCREE__MEM_SHELF_BLOCKS + 2; i++)
        scree__mem_rest(&budget, blocks[i], MIB);
    assert_int_equal(scree__mem_budget_used(&budget), 0);
    assert_int_equal(scree__mem_shelf_clear(&budget), SCREE__MEM_SHELF_BLOCKS * MIB);
}

int main(void)
{
#ifdef MREMAP_MAYMOVE
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_serve_again),  cmocka_unit_test(the_nearest_block_is_taken),
        cmocka_unit_test(a_tail_rests),       cmocka_unit_test(the_shelf_makes_way),
        cmocka_unit_test(the_shelf_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    puts("skipped: there is no shelf without mremap()");
    return 77;
#endif
}
