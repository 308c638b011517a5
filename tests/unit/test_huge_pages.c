/* test_huge_pages.c - large blocks are in huge pages where the run's options ask for them, and only then. */
#include "mem/budget.h"
#include "par/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

/* Whether the mapping that has `at` was told to take huge pages: "hg" among its VmFlags. */
static bool asked_for_huge(const void *at)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false, huge = false, found = false;
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        unsigned long long begin, end;
        if (sscanf(line, "%llx-%llx ", &begin, &end) == 2)
            inside = begin <= (uintptr_t)at && (uintptr_t)at < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            huge = strstr(line, " hg") != NULL;
            found = true;
        }
    }
    fclose(maps);
    assert_true(found);
    return huge;
}

static bool block_is_huge(bool wanted, uint64_t bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    assert_false(options.huge_pages);
    options.memory_bytes = 64 * MIB;
    options.threads = 1;
    options.huge_pages = wanted;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *block;
    assert_int_equal(scree__mem_alloc(budget, bytes, &block, "a block", NULL), SCREE_OK);
    bool huge = asked_for_huge(block);
    scree__mem_free(budget, block, bytes);
    assert_int_equal(scree__mem_budget_used(budget), 0);
    scree_context_free(context);
    return huge;
}

static void large_blocks_alone(void **state)
{
    (void)state;
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) != 0) {
        print_message("skipped: this kernel has no transparent huge pages\n");
        skip();
    }
    assert_true(block_is_huge(true, 4 * MIB));
    assert_false(block_is_huge(true, 4 * MIB - 1));
    assert_false(block_is_huge(false, 32 * MIB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(large_blocks_alone)};
    return cmocka_run_group_tests_name("unit.huge_pages", tests, NULL, NULL);
}
