/*
 * test_amend_faults.c - an amendment in which the nth system call fails, is cut short, or is where the
 * program is killed: the file is the old one or the new one, whole, whatever happens. After a kill
 * bytes may lie behind the old file's end that nothing speaks of; the next run gets over them.
 */
#include "faults.h"
#include "las_make.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 3000u

static char file[300], part[320], input[300];
static struct las_bytes old_file, new_file;
static struct scree_context *context;

struct way {
    const char *name;
    uint32_t stride;
    const char *crs;
    bool repair, in_place;
};

static const struct way ways[] = {
    {"index in place", 5, NULL, false, true},
    {"header in place", 0, NULL, true, true},
    {"index and header in place", 3, NULL, true, true},
    {"CRS, a new file", 0, "LOCAL_CS[\"here\",UNIT[\"metre\",1]]", false, false},
    {"all, a new file", 4, "LOCAL_CS[\"there\",UNIT[\"metre\",1]]", true, false},
};
#define WAYS (sizeof ways / sizeof ways[0])

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

/* A COPC file with wrong bounds and counts in its header. */
static void make_old_file(void)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 500};
    struct scree_convert_options options;
    struct scree_convert_job *job;
    const char *inputs[] = {input};
    uint8_t *records = las_make_records(&recipe);
    for (uint32_t i = 0; i < POINTS; i++)
        scree__base_store_f64(records + 30 * i + 22, i * 17 % 1000);
    struct las_bytes made = las_make(&recipe, records);
    write_file(input, made.bytes, made.count);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = file;
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    job->limits.leaf_max = 400;
    job->limits.leaf_min = 10;
    assert_int_equal(scree_convert_run(job, NULL, &err), SCREE_OK);
    scree_convert_close(job);
    old_file = las_bytes_of_file(file);
    scree__base_store_f64(old_file.bytes + 179, 1e6);
    scree__base_store64(old_file.bytes + 255, 7);
    unlink(input);
    las_bytes_free(&made);
    free(records);
}

static enum scree_status amend(const struct way *way, struct scree_error *err)
{
    struct scree_amend_options options;
    struct scree_amend_result result;
    scree_amend_options_init(&options);
    options.path = file;
    options.temporal_stride = way->stride;
    options.crs = way->crs;
    options.repair_header = way->repair;
    enum scree_status status = scree_amend(context, &options, &result, err);
    if (status == SCREE_OK)
        assert_int_equal(result.in_place, way->in_place);
    return status;
}

static bool is_file(const struct las_bytes *now, const struct las_bytes *wanted, bool longer)
{
    return (now->count == wanted->count || (longer && now->count > wanted->count)) &&
           memcmp(now->bytes, wanted->bytes, wanted->count) == 0;
}

static void assert_valid_points(void)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_validate_report report;
    struct scree_validate_options options;
    scree_validate_options_init(&options);
    assert_int_equal(scree_source_open_file(file, &source, &err), SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, &err), SCREE_OK);
    assert_int_equal(report.points_checked, POINTS);
    scree_source_close(source);
}

static void assert_no_part(void)
{
    struct stat info;
    if (stat(part, &info) == 0)
        fail_msg("%s is there, %lld bytes", part, (long long)info.st_size);
}

static void make_new_file(const struct way *way)
{
    struct scree_error err = SCREE_ERROR_INIT;
    write_file(file, old_file.bytes, old_file.count);
    if (amend(way, &err) != SCREE_OK)
        fail_msg("%s: %s", way->name, err.message);
    new_file = las_bytes_of_file(file);
    assert_false(is_file(&new_file, &old_file, false));
    assert_valid_points();
}

/* --------------------------------------------------------------------------------------- failures */

static void check_failure(const struct way *way, enum fault_call call, int what, uint64_t number)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct fault fault = {call, what, number, 1, NULL};
    write_file(file, old_file.bytes, old_file.count);
    faults_begin(&fault);
    enum scree_status status = amend(way, &err);
    uint64_t hits = faults_end();
    if (call == FAULT_LOCK)
        unlink(part); /* whose it is nobody can tell, so it stays */
    struct las_bytes now = las_bytes_of_file(file);
    bool is_old = is_file(&now, &old_file, false), is_new = is_file(&now, &new_file, false);
    if (status == SCREE_OK ? !is_new : !is_old && !is_new)
        fail_msg("%s, call %d, number %d, fault %d: status %d, %zu bytes: %s", way->name, (int)call,
                 (int)number, what, (int)status, now.count, err.message);
    if (status != SCREE_OK) {
        assert_true(hits > 0);
        assert_true(err.message[0] != '\0');
        /* The new file with a failure: only its last flush was refused. */
        assert_true(is_old || call == FAULT_FSYNC);
    }
    assert_no_part();
    las_bytes_free(&now);
}

static void test_failures(void **state)
{
    static const struct {
        enum fault_call call;
        int what;
    } kinds[] = {{FAULT_OPEN, EMFILE},
                 {FAULT_STAT, EIO},
                 {FAULT_READ, EIO},
                 {FAULT_WRITE, ENOSPC},
                 {FAULT_WRITE, EIO},
                 {FAULT_WRITE, FAULT_ZERO},
                 {FAULT_WRITE, EINTR},
                 {FAULT_WRITE, FAULT_SHORT_ONE},
                 {FAULT_WRITE, FAULT_SHORT_HALF},
                 {FAULT_FSYNC, EIO},
                 {FAULT_LOCK, EIO},
                 {FAULT_RENAME, EACCES},
                 {FAULT_ALLOCATE, ENOMEM}};
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        make_new_file(&ways[w]);
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            struct scree_error err = SCREE_ERROR_INIT;
            write_file(file, old_file.bytes, old_file.count);
            faults_begin(NULL);
            assert_int_equal(amend(&ways[w], &err), SCREE_OK);
            uint64_t calls = faults_calls(kinds[k].call);
            faults_end();
            for (uint64_t n = 1; n <= calls;
                 n += calls > 12 && n > 4 && n + 4 < calls ? calls / 8 : 1)
                check_failure(&ways[w], kinds[k].call, kinds[k].what, n);
        }
        las_bytes_free(&new_file);
    }
}

/* ------------------------------------------------------------------------------------------ kills */

static enum scree_status amend_one(const void *arg)
{
    struct scree_error err = SCREE_ERROR_INIT;
    return amend(arg, &err);
}

/* Killed at that write, truncation, flush or rename; false: it was not. */
static bool kill_at(const struct way *way, enum fault_call call, int what, uint64_t number)
{
    struct fault fault = {call, what, number, 1, NULL};
    write_file(file, old_file.bytes, old_file.count);
    return faults_kill(&fault, amend_one, way);
}

static void test_kills(void **state)
{
    static const struct {
        enum fault_call call;
        int what;
    } kinds[] = {{FAULT_WRITE, FAULT_KILL},
                 {FAULT_WRITE, FAULT_KILL_HALF},
                 {FAULT_FSYNC, FAULT_KILL},
                 {FAULT_TRUNCATE, FAULT_KILL},
                 {FAULT_RENAME, FAULT_KILL}};
    unsigned kills = 0, news = 0;
    (void)state;
    for (unsigned w = 0; w < WAYS; w++) {
        make_new_file(&ways[w]);
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            for (uint64_t n = 1; kill_at(&ways[w], kinds[k].call, kinds[k].what, n); n++) {
                struct scree_error err = SCREE_ERROR_INIT;
                struct las_bytes now = las_bytes_of_file(file);
                bool is_new = is_file(&now, &new_file, false);
                kills++;
                news += is_new;
                if (!is_new && !is_file(&now, &old_file, true))
                    fail_msg("%s, kind %u, call %d: %zu bytes are neither file", ways[w].name, k,
                             (int)n, now.count);
                las_bytes_free(&now);
                assert_valid_points();
                /* Again, and it is done. */
                if (!is_new && amend(&ways[w], &err) != SCREE_OK)
                    fail_msg("%s, kind %u, call %d, again: %s", ways[w].name, k, (int)n,
                             err.message);
                now = las_bytes_of_file(file);
                assert_true(is_file(&now, &new_file, false));
                las_bytes_free(&now);
                assert_no_part();
            }
        }
        las_bytes_free(&new_file);
    }
    assert_true(kills >= 20 && news >= 3);
}

static int tidy(void **state)
{
    (void)state;
    unlink(file);
    unlink(part);
    las_bytes_free(&old_file);
    scree_context_free(context);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_kills)};
    struct scree_context_options options;
    scree_context_options_init(&options);
    options.threads = 1; /* fork() */
    options.memory_bytes = (uint64_t)256 << 20;
    snprintf(file, sizeof file, "%s", las_temporary_path("amended.copc.laz"));
    snprintf(input, sizeof input, "%s", las_temporary_path("times.laz"));
    snprintf(part, sizeof part, "%s.part", file);
    if (scree_context_new(&options, &context, NULL) != SCREE_OK)
        return 1;
    make_old_file();
    return cmocka_run_group_tests(tests, NULL, tidy);
}
