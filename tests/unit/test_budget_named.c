/*
 * test_budget_named.c - a hierarchy of 540 000 nodes, which is more than a run may take beside its budget to find out what would do: the budget
 * that a query or an amendment names then does, all the same.
 */
#include "context.h"
#include "las_make.h"
#include "query_naive.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define EMPTY_NODES 540000u
#define ENTRY_BYTES 32u
#define EVLR_BYTES 60u

static char path[256];

static bool is_there(const uint8_t *entries, uint64_t bytes, const uint8_t *key)
{
    for (uint64_t at = 0; at < bytes; at += ENTRY_BYTES)
        if (memcmp(entries + at, key, 16) == 0)
            return true;
    return false;
}

/* All nodes of the levels from 1 on that are not there, without points, until there are enough. */
static void fill_octree(const uint8_t *page, uint64_t page_bytes, uint8_t *to)
{
    uint32_t made = 0;
    for (uint32_t level = 1; made < EMPTY_NODES; level++)
        for (uint32_t i = 0; i < 1u << 3 * level && made < EMPTY_NODES; i++) {
            uint32_t mask = (1u << level) - 1;
            scree__base_store32(to, level);
            scree__base_store32(to + 4, i & mask);
            scree__base_store32(to + 8, i >> level & mask);
            scree__base_store32(to + 12, i >> 2 * level);
            if (level < 5 && is_there(page, page_bytes, to))
                continue;
            to += ENTRY_BYTES;
            made++;
        }
}

/* A COPC file, whose hierarchy is written once more behind it, with many nodes without points. */
static int make_file(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s", naive_make_copc(6, 20000, 1000, "many.copc.laz"));
    struct las_bytes file = las_bytes_of_file(path);
    uint64_t root_at = scree__base_load64(file.bytes + 469);
    uint64_t root_bytes = scree__base_load64(file.bytes + 477);
    uint64_t evlr_at = scree__base_load64(file.bytes + 235), page_at = file.count + EVLR_BYTES;
    uint64_t page_bytes = root_bytes + (uint64_t)EMPTY_NODES * ENTRY_BYTES;
    uint8_t *more = calloc(1, EVLR_BYTES + page_bytes);
    assert_int_equal(scree__base_load32(file.bytes + 243), 1);
    memcpy(more, file.bytes + evlr_at, EVLR_BYTES);
    scree__base_store64(more + 20, page_bytes);
    memcpy(more + EVLR_BYTES, file.bytes + root_at, root_bytes);
    fill_octree(file.bytes + root_at, root_bytes, more + EVLR_BYTES + root_bytes);
    scree__base_store64(file.bytes + 235, file.count);
    scree__base_store64(file.bytes + 469, page_at);
    scree__base_store64(file.bytes + 477, page_bytes);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.count, out), file.count);
    assert_int_equal(fwrite(more, 1, EVLR_BYTES + page_bytes, out), EVLR_BYTES + page_bytes);
    assert_int_equal(fclose(out), 0);
    free(more);
    las_bytes_free(&file);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static enum scree_status query(uint64_t budget, uint64_t *count, struct scree_error *err)
{
    struct scree_query_options options;
    struct scree_query_result result = {0};
    struct scree_query *query = NULL;
    const char *input = path;
    struct scree_context *context = context_with(2, budget);
    scree_query_options_init(&options);
    options.inputs = &input;
    options.input_count = 1;
    options.where = "intensity >= 0";
    enum scree_status status = scree_query_open(context, &options, &query, err);
    if (status == SCREE_OK)
        status = scree_query_count(query, &result, err);
    *count = result.points_matched;
    scree_query_close(query);
    scree_context_free(context);
    return status;
}

static enum scree_status amend(uint64_t budget, uint64_t *count, struct scree_error *err)
{
    struct scree_amend_options options;
    struct scree_amend_result result = {0};
    struct scree_context *context = context_with(2, budget);
    scree_amend_options_init(&options);
    options.path = path;
    options.temporal_stride = 10;
    enum scree_status status = scree_amend(context, &options, &result, err);
    *count = result.point_count;
    scree_context_free(context);
    return status;
}

static void does(enum scree_status (*run)(uint64_t, uint64_t *, struct scree_error *))
{
    struct scree_error err = SCREE_ERROR_INIT, none = SCREE_ERROR_INIT;
    uint64_t count = 0;
    assert_int_equal(run(1 << 20, &count, &err), SCREE_E_BUDGET);
    assert_true(err.need_bytes > 1 << 20);
    if (run(err.need_bytes, &count, &none) != SCREE_OK)
        fail_msg("%llu bytes were named: %s", (unsigned long long)err.need_bytes, none.message);
    assert_int_equal(count, 20000);
}

static void of_a_query(void **state)
{
    (void)state;
    does(query);
}

static void of_an_amendment(void **state)
{
    (void)state;
    does(amend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_a_query),
                                       cmocka_unit_test(of_an_amendment)};
    int failed = cmocka_run_group_tests(tests, make_file, remove_file);
    las_tidy();
    return failed;
}
