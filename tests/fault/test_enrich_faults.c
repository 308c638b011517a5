/*
 * test_enrich_faults.c - an enrichment in which the nth system call fails or is cut short: the output is whole, or not there, and all memory is given back; or the program is killed: then
 * the old output is there or the new one.
 */
#include "faults.h"
#include "las_make.h"

#include "mem/budget.h"
#include "par/context.h"
#include "scree/features.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { POINTS = 900 };

static char input[300], output[320], part[340], report[320], text[320], map[320];
static struct las_bytes expected;
static struct scree_context *context;

struct way {
    const char *name;
    bool building, scratch, compact, strip;
};

static const struct way ways[] = {{"with report and map", true, false, false, false},
                                  {"through scratch", false, true, true, false},
                                  {"stripped", false, false, false, true}};
#define WAYS (sizeof ways / sizeof ways[0])

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

static void make_input(void)
{
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 300};
    uint8_t *records = las_make_records(&recipe);
    uint32_t state = 1;
    for (unsigned i = 0; i < POINTS; i++) {
        int32_t at[3];
        for (int axis = 0; axis < 3; axis++) {
            state = state * 1664525u + 1013904223u;
            at[axis] = (int32_t)(state >> 8) % (axis < 2 ? 2000 : 50);
        }
        memcpy(records + (size_t)i * 30, at, sizeof at);
        records[(size_t)i * 30 + 15] = 0;
        records[(size_t)i * 30 + 16] = (uint8_t)(i % 3 == 0 ? 6 : 2);
    }
    struct las_bytes file = las_make(&recipe, records);
    write_file(input, file.bytes, file.count);
    las_bytes_free(&file);
    free(records);
}

static enum scree_status enrich(const struct way *way, struct scree_error *err)
{
    struct scree_enrich_options options;
    struct scree_enrich_job *job;
    scree_enrich_options_init(&options);
    options.input = input;
    options.output = output;
    options.replace = true;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    options.k = 6;
    options.mode = way->building ? SCREE_ENRICH_BUILDING : SCREE_ENRICH_CORE;
    options.force_scratch = way->scratch;
    options.ground_cell = way->scratch ? 2 : 0;
    options.compact = way->compact;
    options.strip = way->strip;
    options.report = way->building ? report : NULL;
    options.map = way->building ? map : NULL;
    enum scree_status status = scree_enrich_open(context, &options, &job, err);
    if (status == SCREE_OK) {
        status = scree_enrich_run(job, NULL, err);
        scree_enrich_close(job);
    }
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    return status;
}

static void tidy_outputs(void)
{
    unlink(output);
    unlink(report);
    unlink(text);
    unlink(map);
}

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static void check_output(const struct way *way, const char *what)
{
    struct las_bytes now = las_bytes_of_file(output);
    if (now.count != expected.count || memcmp(now.bytes, expected.bytes, now.count) != 0)
        fail_msg("%s, %s: the output is another one", way->name, what);
    las_bytes_free(&now);
}

static void check_failure(const struct way *way, enum fault_call call, int what, uint64_t number)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct fault fault = {call, what, number, 1, NULL};
    char name[80];
    snprintf(name, sizeof name, "call %d, number %d, fault %d", (int)call, (int)number, what);
    tidy_outputs();
    faults_begin(&fault);
    enum scree_status status = enrich(way, &err);
    uint64_t hits = faults_end();
    if (call == FAULT_LOCK)
        unlink(part); /* whose it is nobody can tell, so it stays */
    if (status != SCREE_OK && (hits == 0 || err.message[0] == '\0'))
        fail_msg("%s, %s: status %d without a cause", way->name, name, (int)status);
    if (status == SCREE_OK || is_there(output))
        check_output(way, name); /* a report that fails comes after the output */
    if (is_there(part))
        fail_msg("%s, %s: %s is left", way->name, name, part);
}

static void test_failures(void **state)
{
    static const struct {
        enum fault_call call;
        int what;
    } kinds[] = {{FAULT_OPEN, EMFILE}, {FAULT_TMPFILE, ENOSPC}, {FAULT_STAT, EIO},
                 {FAULT_READ, EIO},    {FAULT_WRITE, ENOSPC},   {FAULT_WRITE, FAULT_SHORT_HALF},
                 {FAULT_FSYNC, EIO},   {FAULT_LOCK, EIO},       {FAULT_RENAME, EACCES},
                 {FAULT_LINK, EACCES}, {FAULT_ALLOCATE, ENOMEM}};
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        struct scree_error err = SCREE_ERROR_INIT;
        tidy_outputs();
        if (enrich(&ways[w], &err) != SCREE_OK)
            fail_msg("%s: %s", ways[w].name, err.message);
        expected = las_bytes_of_file(output);
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            tidy_outputs();
            faults_begin(NULL);
            assert_int_equal(enrich(&ways[w], &err), SCREE_OK);
            const uint64_t calls = faults_calls(kinds[k].call);
            faults_end();
            const uint64_t step = calls > 10 ? calls / 10 : 1;
            for (uint64_t n = 1; n <= calls; n += step)
                check_failure(&ways[w], kinds[k].call, kinds[k].what, n);
        }
        las_bytes_free(&expected);
    }
}

/* Killed at a write, a flush, a rename: what was there before is there, or the new output. */
static enum scree_status enrich_one(const void *arg)
{
    struct scree_error err = SCREE_ERROR_INIT;
    return enrich(arg, &err);
}

static void test_kills(void **state)
{
    static const enum fault_call calls[] = {FAULT_WRITE, FAULT_FSYNC, FAULT_RENAME};
    const struct way *way = &ways[1];
    struct scree_error err = SCREE_ERROR_INIT;
    unsigned killed = 0;
    (void)state;
    tidy_outputs();
    assert_int_equal(enrich(way, &err), SCREE_OK);
    expected = las_bytes_of_file(output);
    for (unsigned c = 0; c < 3; c++)
        for (uint64_t n = 1; n < 6; n++) {
            write_file(output, "before", 6);
            struct fault fault = {calls[c], FAULT_KILL, n, 1, NULL};
            killed += faults_kill(&fault, enrich_one, way);
            struct las_bytes now = las_bytes_of_file(output);
            if (!(now.count == 6 && memcmp(now.bytes, "before", 6) == 0))
                check_output(way, "killed");
            las_bytes_free(&now);
        }
    assert_true(killed > 3);
    assert_int_equal(enrich(way, &err), SCREE_OK);
    check_output(way, "after the kills");
    assert_false(is_there(part));
    las_bytes_free(&expected);
}

static int set_up(void **state)
{
    struct scree_context_options options;
    (void)state;
    scree_context_options_init(&options);
    options.threads = 1; /* so that calls can be counted, and a child has all threads there are */
    options.memory_bytes = (uint64_t)128 << 20;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    snprintf(input, sizeof input, "%s", las_temporary_path("made.las"));
    snprintf(output, sizeof output, "%s.out.laz", input);
    snprintf(part, sizeof part, "%s.part", output);
    snprintf(report, sizeof report, "%s.out.json", input);
    snprintf(text, sizeof text, "%s.out.txt", input);
    snprintf(map, sizeof map, "%s.out.png", input);
    make_input();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tidy_outputs();
    unlink(part);
    unlink(input);
    scree_context_free(context);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_kills)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
