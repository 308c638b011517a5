/*
 * test_query_faults.c - a query in which the nth system call fails, is cut short, or is where the program is killed. Rows whose place
 * is known ahead are written straight there, by all threads, in any order: what was there before stays, or the whole answer is there.
 */
#include "faults.h"
#include "las_make.h"

#include "scree/query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 24000u
#define OLD "what was there before"

static char input[300];
static struct scree_context *contexts[2]; /* of 1 and 4 threads */

struct way {
    const char *name; /* of the output */
    const char *where, *dims;
    bool placed;
    char path[300], part[320];
    struct las_bytes whole; /* what comes out when nothing fails */
};

static struct way ways[] = {
    {.name = "out.las", .placed = true},
    {.name = "out.npy", .dims = "x,y,z,intensity", .placed = true},
    {.name = "out.ply", .placed = true},
    /* The same points, but nobody knows that ahead. */
    {.name = "some.npy", .where = "intensity >= 0", .dims = "x,y,z,intensity"},
};
#define WAYS (sizeof ways / sizeof ways[0])

static void make_input(void)
{
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 2000};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes made = las_make(&recipe, records);
    FILE *out = fopen(input, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(made.bytes, 1, made.count, out), made.count);
    assert_int_equal(fclose(out), 0);
    las_bytes_free(&made);
    free(records);
}

static enum scree_status query(const struct way *way, struct scree_context *context,
                               struct scree_error *err)
{
    struct scree_query_options options;
    struct scree_query_output output;
    struct scree_query *query = NULL;
    const char *inputs[] = {input};
    scree_query_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.where = way->where;
    options.dims = way->dims;
    scree_query_output_init(&output);
    output.path = way->path;
    output.replace = true;
    enum scree_status status = scree_query_open(context, &options, &query, err);
    if (status == SCREE_OK)
        status = scree_query_run(query, &output, NULL, err);
    scree_query_close(query);
    return status;
}

static void put_old(const struct way *way)
{
    FILE *out = fopen(way->path, "wb");
    assert_non_null(out);
    assert_true(fputs(OLD, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static bool is_whole(const struct way *way, const struct las_bytes *now)
{
    return now->count == way->whole.count && memcmp(now->bytes, way->whole.bytes, now->count) == 0;
}

static bool is_old(const struct las_bytes *now)
{
    return now->count == strlen(OLD) && memcmp(now->bytes, OLD, now->count) == 0;
}

static void assert_no_part(const struct way *way)
{
    struct stat info;
    if (stat(way->part, &info) == 0)
        fail_msg("%s is there, %lld bytes", way->part, (long long)info.st_size);
}

/* All calls of that kind that a query makes. */
static uint64_t count_calls(const struct way *way, struct scree_context *context,
                            enum fault_call call)
{
    struct scree_error err = SCREE_ERROR_INIT;
    put_old(way);
    faults_begin(NULL);
    enum scree_status status = query(way, context, &err);
    uint64_t calls = faults_calls(call);
    faults_end();
    if (status != SCREE_OK)
        fail_msg("%s: %s", way->name, err.message);
    return calls;
}

/* --------------------------------------------------------------------------------------- failures */

struct kind {
    enum fault_call call;
    int what;
    const char *says; /* NULL: nothing in particular */
};

static void check_failure(const struct way *way, struct scree_context *context,
                          const struct kind *kind, uint64_t number)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct fault fault = {kind->call, kind->what, number, 1, NULL};
    put_old(way);
    faults_begin(&fault);
    enum scree_status status = query(way, context, &err);
    uint64_t hits = faults_end();
    if (kind->call == FAULT_LOCK)
        unlink(way->part); /* whose it is nobody can tell, so it stays */
    struct las_bytes now = las_bytes_of_file(way->path);
    if (status == SCREE_OK ? !is_whole(way, &now) : !is_old(&now))
        fail_msg("%s, call %d, number %d, fault %d: status %d, %zu bytes: %s", way->name,
                 (int)kind->call, (int)number, kind->what, (int)status, now.count, err.message);
    bool passes =
        kind->what == EINTR || kind->what == FAULT_SHORT_ONE || kind->what == FAULT_SHORT_HALF;
    if (kind->call == FAULT_WRITE && hits > 0)
        assert_int_equal(status, passes ? SCREE_OK : SCREE_E_IO);
    if (kind->call == FAULT_PUNCH && hits > 0)
        assert_int_equal(status, kind->what == ENOSPC ? SCREE_E_IO : SCREE_OK);
    /* The second flush is that of the folder, which not every file system can do. */
    if (kind->call == FAULT_RENAME || (kind->call == FAULT_FSYNC && number == 1))
        assert_int_equal(status, SCREE_E_IO);
    if (status != SCREE_OK) {
        assert_true(hits > 0);
        if (kind->says != NULL && strstr(err.message, kind->says) == NULL)
            fail_msg("%s, number %d: '%s' does not say '%s'", way->name, (int)number, err.message,
                     kind->says);
        if (kind->says != NULL)
            assert_non_null(strstr(err.message, way->part));
    }
    assert_no_part(way);
    las_bytes_free(&now);
}

static void test_failures(void **state)
{
    static const struct kind kinds[] = {
        {FAULT_WRITE, ENOSPC, "cannot write: No space left on device"},
        {FAULT_WRITE, EIO, "cannot write: Input/output error"},
        {FAULT_WRITE, FAULT_ZERO, "cannot write: No space left on device"},
        {FAULT_WRITE, EINTR, NULL},
        {FAULT_WRITE, FAULT_SHORT_ONE, NULL},
        {FAULT_WRITE, FAULT_SHORT_HALF, NULL},
        {FAULT_PUNCH, EOPNOTSUPP, NULL},
        {FAULT_PUNCH, ENOSPC, "cannot write: No space left on device"},
        {FAULT_FSYNC, EIO, "cannot flush to disk: Input/output error"},
        {FAULT_RENAME, EACCES, "cannot rename to its final name: Permission denied"},
        {FAULT_OPEN, EMFILE, NULL},
        {FAULT_STAT, EIO, NULL},
        {FAULT_READ, EIO, NULL},
        {FAULT_READ, FAULT_SHORT_HALF, NULL},
        {FAULT_TRUNCATE, EIO, NULL},
        {FAULT_LOCK, EIO, NULL},
        {FAULT_ALLOCATE, ENOMEM, NULL}};
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            uint64_t calls = count_calls(&ways[w], contexts[0], kinds[k].call);
            /* All writes of one thread; a sample of what there is more of, and of four threads. */
            uint64_t step = kinds[k].call == FAULT_WRITE ? 1 : calls / 8 + 1;
            for (uint64_t n = 1; n <= calls; n += n < 3 || n + 2 > calls ? 1 : step)
                check_failure(&ways[w], contexts[0], &kinds[k], n);
            for (uint64_t n = 1; n <= calls; n += calls / 3 + 1)
                check_failure(&ways[w], contexts[1], &kinds[k], n);
        }
    }
}

/* The head is written first and patched last; between them each placed write is a call of its own. What comes out is what is collected
 * in order otherwise. */
static void test_is_placed(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        uint64_t calls = count_calls(&ways[w], contexts[0], FAULT_WRITE);
        uint64_t blocks = ways[w].whole.count >> 20;
        if (ways[w].placed ? calls < 12 : calls > blocks + 4)
            fail_msg("%s: %d writes of %zu bytes", ways[w].name, (int)calls, ways[w].whole.count);
    }
    assert_true(is_whole(&ways[1], &ways[3].whole));
}

static void test_cancel(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (uint64_t n = 1;; n += 3) {
            struct scree_error err = SCREE_ERROR_INIT;
            struct scree_context *context;
            assert_int_equal(scree_context_new(NULL, &context, NULL), SCREE_OK);
            struct fault fault = {FAULT_WRITE, FAULT_CANCEL, n, 1, context};
            put_old(&ways[w]);
            faults_begin(&fault);
            enum scree_status status = query(&ways[w], context, &err);
            uint64_t hits = faults_end();
            struct las_bytes now = las_bytes_of_file(ways[w].path);
            assert_true(status == SCREE_OK ? is_whole(&ways[w], &now) : is_old(&now));
            assert_true(status == SCREE_OK || status == SCREE_E_CANCELLED);
            assert_no_part(&ways[w]);
            las_bytes_free(&now);
            scree_context_free(context);
            if (hits == 0)
                break;
        }
    }
}

/* ------------------------------------------------------------------------------------------ kills */

static enum scree_status query_one(const void *arg)
{
    struct scree_error err = SCREE_ERROR_INIT;
    return query(arg, contexts[0], &err);
}

static bool kill_at(const struct way *way, const struct kind *kind, uint64_t number)
{
    struct fault fault = {kind->call, kind->what, number, 1, NULL};
    put_old(way);
    return faults_kill(&fault, query_one, way);
}

static void test_kills(void **state)
{
    static const struct kind kinds[] = {{FAULT_WRITE, FAULT_KILL, NULL},
                                        {FAULT_WRITE, FAULT_KILL_HALF, NULL},
                                        {FAULT_FSYNC, FAULT_KILL, NULL},
                                        {FAULT_RENAME, FAULT_KILL, NULL}};
    unsigned kills = 0;
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            for (uint64_t n = 1; kill_at(&ways[w], &kinds[k], n); n++, kills++) {
                struct las_bytes now = las_bytes_of_file(ways[w].path);
                /* The last flush is that of the folder: the name is the new file's then. */
                bool late = kinds[k].call == FAULT_FSYNC && n > 1;
                if (late ? !is_whole(&ways[w], &now) : !is_old(&now))
                    fail_msg("%s, kind %u, call %d: %zu bytes", ways[w].name, k, (int)n, now.count);
                las_bytes_free(&now);
            }
        }
        /* Again, over the unfinished file that is left. */
        struct scree_error err = SCREE_ERROR_INIT;
        kill_at(&ways[w], &kinds[0], 3);
        assert_int_equal(query(&ways[w], contexts[1], &err), SCREE_OK);
        struct las_bytes now = las_bytes_of_file(ways[w].path);
        assert_true(is_whole(&ways[w], &now));
        assert_no_part(&ways[w]);
        las_bytes_free(&now);
    }
    assert_true(kills > 60);
}

static int set_up(void **state)
{
    (void)state;
    make_input();
    for (unsigned w = 0; w < WAYS; w++) {
        struct scree_error err = SCREE_ERROR_INIT;
        snprintf(ways[w].path, sizeof ways[w].path, "%s", las_temporary_path(ways[w].name));
        snprintf(ways[w].part, sizeof ways[w].part, "%s.part", ways[w].path);
        if (query(&ways[w], contexts[0], &err) != SCREE_OK)
            fail_msg("%s: %s", ways[w].name, err.message);
        ways[w].whole = las_bytes_of_file(ways[w].path);
        assert_true(ways[w].whole.count > POINTS * 20u);
    }
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        unlink(ways[w].path);
        unlink(ways[w].part);
        las_bytes_free(&ways[w].whole);
    }
    unlink(input);
    scree_context_free(contexts[0]);
    scree_context_free(contexts[1]);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_placed),
                                       cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_cancel), cmocka_unit_test(test_kills)};
    struct scree_context_options options;
    scree_context_options_init(&options);
    options.memory_bytes = (uint64_t)256 << 20;
    snprintf(input, sizeof input, "%s", las_temporary_path("survey.laz"));
    for (unsigned c = 0; c < 2; c++) {
        options.threads = c == 0 ? 1 : 4; /* 1: fork() */
        if (scree_context_new(&options, &contexts[c], NULL) != SCREE_OK)
            return 1;
    }
    return cmocka_run_group_tests(tests, set_up, tidy);
}
