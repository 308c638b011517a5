/* test_mem_touch.c - pages that are about to be written are there after one call, and nothing else has changed. */
#include "mem/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE 4096u
#define PAGES 512u

static unsigned pages_there(void *block)
{
    unsigned char there[PAGES];
    unsigned count = 0;
    assert_int_equal(mincore(block, (size_t)PAGES * PAGE, there), 0);
    for (unsigned i = 0; i < PAGES; i++)
        count += there[i] & 1;
    return count;
}

static void touched_pages_are_there(void **state)
{
    (void)state;
    void *memory;
    assert_int_equal(scree__mem_alloc(NULL, (uint64_t)PAGES * PAGE, &memory, "pages", NULL),
                     SCREE_OK);
    uint8_t *block = memory;
    assert_int_equal(pages_there(block), 0);
    block[3 * PAGE + 5] = 77;
    bool able = sysconf(_SC_PAGESIZE) == PAGE;
#ifdef MADV_POPULATE_WRITE
    able = able && madvise(block, PAGE, MADV_POPULATE_WRITE) == 0;
#else
    able = false;
#endif
    unsigned before = pages_there(block);
    scree__mem_touch(block + PAGE + 100, (uint64_t)100 * PAGE);
    /* Pages 2 to 101, of which the fourth was there. */
    if (able)
        assert_int_equal(pages_there(block) - before, 99);
    for (uint64_t i = 0; i < (uint64_t)PAGES * PAGE; i++)
        if (block[i] != (i == 3 * PAGE + 5 ? 77 : 0))
            fail_msg("byte %llu is %u", (unsigned long long)i, block[i]);
    scree__mem_touch(block, 0);
    scree__mem_free(NULL, memory, (uint64_t)PAGES * PAGE);
    if (!able) {
        print_message("skipped: this kernel does not fetch pages in one call\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(touched_pages_are_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
