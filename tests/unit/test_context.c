/*
 * test_context.c - what every other call rests on: statuses and errors, sizes in words, memory that is counted, contexts and their threads.
 */
#include "context.h"
#include "base/error.h"
#include "mem/budget.h"
#include "par/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---------------------------------------------------------------------------------------- errors */

/* Each status has a name of its own, a number that is none has one, too. */
static void test_statuses(void **state)
{
    (void)state;
    for (int i = 0; i <= SCREE_E_MISMATCH + 1; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(scree_status_name((enum scree_status)i),
                                    scree_status_name((enum scree_status)j));
    assert_string_equal(scree_status_name(SCREE_E_DATA), "damaged data");
}

/* The first failure stays; a message keeps its beginning where it is too long, a prefix its whole. */
static void test_errors(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    char much[1200];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    assert_int_equal(scree__base_fail(NULL, SCREE_E_IO, "x"), SCREE_E_IO);
    assert_int_equal(scree__base_fail_errno(NULL, SCREE_E_IO, 2, "x"), SCREE_E_IO);
    scree__base_error_prefix(NULL, "x");
    scree__base_error_prefix(&err, "x");
    assert_string_equal(err.message, "");
    assert_int_equal(scree__base_fail(&err, SCREE_E_DATA, "first"), SCREE_E_DATA);
    assert_int_equal(scree__base_fail(&err, SCREE_E_IO, "second"), SCREE_E_IO);
    assert_int_equal(scree__base_fail_errno(&err, SCREE_E_IO, 2, "third"), SCREE_E_IO);
    assert_int_equal(err.status, SCREE_E_DATA);
    assert_string_equal(err.message, "first");
    scree__base_error_prefix(&err, "%s %d", "file", 1);
    assert_string_equal(err.message, "file 1: first");
    scree__base_error_prefix(&err, "%s", much);
    assert_string_equal(err.message, "file 1: first");
    scree__base_error_prefix(&err, "%.996s", much);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_string_equal(err.message + 995, "x: f");
    scree__base_error_prefix(&err, "%.997s", much); /* no room for what it is a prefix of */
    assert_string_equal(err.message + 995, "x: f");
    struct scree_error long_one = SCREE_ERROR_INIT;
    assert_int_equal(scree__base_fail_errno(&long_one, SCREE_E_IO, 2, "%s", much), SCREE_E_IO);
    assert_int_equal(strlen(long_one.message), sizeof long_one.message - 1);
}

/* ----------------------------------------------------------------------------------------- sizes */

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } sizes[] = {
        {"2G", (uint64_t)2 << 30},
        {"512MiB", (uint64_t)512 << 20},
        {"1500000", 1500000},
        {"7B", 7},
        {"1.5K", 1536},
        {"0.001K", 1},
        {"3KB", 3072},
        {"3ki", 3072},
        {"1T", (uint64_t)1 << 40},
        {"70%", 700},
        {"0.1%", 1},
        {"100%", 1000},
        {"", 0},
        {"G", 0},
        {"-1", 0},
        {"0", 0},
        {"0%", 0},
        {"101%", 0},
        {"4g2", 0},
        {"2 G", 0},
        {"1e6", 0},
        {"1.K", 0},
        {"1.2345K", 0},
        {"2Kb", 0},
        {"0.0001", 0},
        {"0.5", 0},
        {"99999999999999999999", 0},
        {"18446744073709551615", 0},
        {"18446744073709552", 0},
        {"18446744073709551.999K", 0},
        {"18014398509481984K", 0},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        uint64_t bytes = 77;
        const enum scree_status status = scree_size_parse(sizes[i].text, 1000, &bytes, &err);
        if (status != (sizes[i].bytes > 0 ? SCREE_OK : SCREE_E_ARGUMENT) ||
            bytes != (sizes[i].bytes > 0 ? sizes[i].bytes : 77))
            fail_msg("'%s': %llu", sizes[i].text, (unsigned long long)bytes);
    }
    uint64_t bytes;
    assert_int_equal(scree_size_parse(NULL, 1, &bytes, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_size_parse("70%", 0, &bytes, NULL), SCREE_E_ARGUMENT);
}

/* ---------------------------------------------------------------------------------------- memory */

static void test_memory(void **state)
{
    (void)state;
    struct scree__mem_budget budget;
    struct scree_error err = SCREE_ERROR_INIT;
    void *memory = NULL, *array = NULL;
    uint64_t capacity = 0;
    scree__mem_budget_init(&budget, 1000);
    assert_int_equal(scree__mem_alloc(&budget, 0, &memory, "nothing", &err), SCREE_OK);
    assert_null(memory);
    assert_int_equal(scree__mem_alloc(&budget, UINT64_MAX, &memory, "much", &err), SCREE_E_MEMORY);
    assert_int_equal(scree__mem_alloc(NULL, SIZE_MAX / 2, &memory, "what there is not", NULL),
                     SCREE_E_MEMORY);
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree__mem_alloc(&budget, 1001, &memory, "more", &err), SCREE_E_BUDGET);
    assert_int_equal(err.need_bytes, 1001);
    assert_int_equal(scree__mem_grow(&budget, &array, &capacity, UINT64_MAX, 1, "x", NULL),
                     SCREE_E_MEMORY);
    assert_int_equal(scree__mem_grow(&budget, &array, &capacity, UINT64_MAX / 4, 16, "x", NULL),
                     SCREE_E_MEMORY);
    assert_int_equal(scree__mem_grow(&budget, &array, &capacity, 9, 8, "x", &err), SCREE_OK);
    assert_int_equal(capacity, 16);
    assert_int_equal(scree__mem_budget_used(&budget), 128);
    struct scree__mem_trial trial;
    scree__mem_trial_begin(&budget, UINT64_MAX, &trial);
    assert_int_equal(budget.limit_bytes, UINT64_MAX);
    assert_int_equal(scree__mem_trial_end(&budget, &trial), 128);
    assert_int_equal(budget.limit_bytes, 1000);
    scree__mem_free(&budget, array, capacity * 8);
    assert_int_equal(scree__mem_budget_used(&budget), 0);
}

/* -------------------------------------------------------------------------------------- contexts */

struct told {
    unsigned logs, steps;
    uint64_t done, total, scratch_bytes;
    char last[100];
};

static void hear(void *user, enum scree_log_level level, const char *message)
{
    struct told *told = user;
    (void)level;
    told->logs++;
    snprintf(told->last, sizeof told->last, "%.99s", message);
}

static void step(void *user, const struct scree_progress *progress)
{
    struct told *told = user;
    told->steps++;
    told->done = progress->done;
    told->total = progress->total;
    told->scratch_bytes = progress->scratch_bytes;
    assert_string_equal(progress->stage, "count");
}

/* Callbacks hear of stages; a caller of an earlier version, whose struct ends before them, hears nothing. */
static void test_contexts(void **state)
{
    (void)state;
    struct told told = {0};
    struct scree_context_options options;
    struct scree_context *context = NULL;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_context_free(NULL);
    scree_context_options_init(&options);
    options.threads = 1025;
    assert_int_equal(scree_context_new(&options, &context, &err), SCREE_E_ARGUMENT);
    assert_null(context);
    options.threads = 3;
    options.memory_bytes = 50 << 20;
    options.user = &told;
    options.log = hear;
    options.progress = step;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    assert_int_equal(scree_context_threads(context), 3);
    assert_true(scree_context_budget_bytes(context) <= 50 << 20);
    scree__par_stage_begin(context, "count", 10);
    scree__par_stage_add(context, 4);
    scree__par_scratch_add(context, 5);
    scree__par_stage_end(context);
    assert_true(told.steps == 2 && told.done == 4 && told.total == 10 && told.scratch_bytes == 5);
    assert_true(told.logs >= 1 && strncmp(told.last, "count: ", 7) == 0);
    scree_context_cancel(context);
    assert_int_equal(scree__par_check_cancel(context, NULL), SCREE_E_CANCELLED);
    assert_int_equal(scree__par_for(scree__par_pool(context), 1, NULL, NULL, NULL),
                     SCREE_E_CANCELLED);
    const struct scree__par_lane_job lane = {.count = 1, .window = 1};
    assert_int_equal(scree__par_lane(scree__par_pool(context), &lane, NULL), SCREE_E_CANCELLED);
    scree_context_free(context);

    told = (struct told){0};
    options.size = offsetof(struct scree_context_options, user);
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    assert_int_equal(scree_context_threads(context), 3);
    scree__par_stage_begin(context, "count", 10);
    scree__par_stage_add(context, 4);
    scree__par_stage_end(context);
    assert_int_equal(told.steps + told.logs, 0);
    scree_context_free(context);

    /* None at all is a context that says and counts nothing. */
    scree__par_stage_begin(NULL, "count", 10);
    scree__par_stage_add(NULL, 4);
    scree__par_stage_end(NULL);
    scree__par_scratch_add(NULL, 1);
    scree__par_log(NULL, SCREE_LOG_INFO, "x");
    assert_int_equal(scree__par_check_cancel(NULL, NULL), SCREE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_memory),
        cmocka_unit_test(test_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
