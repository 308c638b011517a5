/*
 * test_inputs_change.c - inputs that are not what they were: of many files one is cut off, vanishes, grows or shrinks, before the run, once all were
 * looked at, and while others are being read. The run fails with that file's name, without an output and with the old one as it was; or the file was
 * open already and what it said still counts: then every byte is right.
 */
#include "las_make.h"

#include "copc/job.h"
#include "copc/network.h"
#include "scree/copc.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* More than are open at once: some are open when the first points have been read, others are not. */
#define FILES (SCREE__COPC_GROUP_FILES + 12u)
#define POINTS 60u
#define OLD_TEXT "what was there before"
enum { OPEN = 25, FEW = 30, NOT_OPEN = FILES - 3 };

/* PLANNED: all were looked at. MIDWAY: the first points have been read. */
enum moment { BEFORE, PLANNED, MIDWAY };
enum change { VANISHES, GROWS, IS_CUT };

struct change_case {
    const char *name;
    enum moment moment;
    enum change change;
    unsigned file;
    enum scree_status status;
    const char *says;
};

static const struct change_case cases[] = {
    {"cut off before", BEFORE, IS_CUT, OPEN, SCREE_E_DATA, "truncated"},
    {"vanished after the plan", PLANNED, VANISHES, OPEN, SCREE_E_IO, "No such file"},
    {"grown after the plan", PLANNED, GROWS, OPEN, SCREE_E_IO, "changed after"},
    {"cut off after the plan", PLANNED, IS_CUT, OPEN, SCREE_E_DATA, "truncated"},
    {"vanished midway", MIDWAY, VANISHES, NOT_OPEN, SCREE_E_IO, "No such file"},
    {"grown midway", MIDWAY, GROWS, NOT_OPEN, SCREE_E_IO, "changed after"},
    {"cut off midway", MIDWAY, IS_CUT, NOT_OPEN, SCREE_E_DATA, "truncated"},
    {"cut off while open", MIDWAY, IS_CUT, OPEN, SCREE_E_IO, "became shorter"},
    {"removed while open", MIDWAY, VANISHES, OPEN, SCREE_OK, NULL},
    {"grown while open", MIDWAY, GROWS, OPEN, SCREE_OK, NULL},
};
#define CASES (sizeof cases / sizeof cases[0])

static char folder[200], paths[FILES][240], output[240], part[260];
static struct las_bytes files[FILES], whole;
static const struct change_case *now;
static unsigned calls;      /* of progress while reading */
static unsigned file_count; /* of the run: enough for what is to happen */

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void change(const struct change_case *what)
{
    const char *path = paths[what->file];
    if (what->change == VANISHES)
        assert_int_equal(unlink(path), 0);
    else if (what->change == IS_CUT)
        assert_int_equal(truncate(path, (off_t)las_point_offset(&files[what->file]) + 20), 0);
    else
        assert_int_equal(truncate(path, (off_t)files[what->file].count + 1000), 0);
}

/* Reading begins, and, as that call takes longer than the time between two, right after the first points. */
static void progress(void *user, const struct scree_progress *progress)
{
    static const struct timespec pause = {0, 120000000};
    (void)user;
    if (now == NULL || strcmp(progress->stage, "read") != 0)
        return;
    calls++;
    if ((calls == 1 && now->moment == PLANNED) || (calls == 2 && now->moment == MIDWAY))
        change(now);
    if (calls == 1 && now->moment == MIDWAY)
        nanosleep(&pause, NULL);
}

static enum scree_status convert(unsigned threads, uint64_t batch_points, struct scree_error *err)
{
    const char *inputs[FILES];
    struct scree_context_options of_context;
    struct scree_context *context;
    struct scree_convert_options options;
    struct scree_convert_job *job = NULL;
    struct scree_convert_result result;
    for (unsigned i = 0; i < file_count; i++)
        inputs[i] = paths[i];
    scree_context_options_init(&of_context);
    of_context.threads = threads;
    of_context.memory_bytes = (uint64_t)1 << 30;
    of_context.progress = progress;
    assert_int_equal(scree_context_new(&of_context, &context, NULL), SCREE_OK);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = file_count;
    options.output = output;
    options.replace = true;
    options.scratch_folder = folder;
    enum scree_status status = scree_convert_open(context, &options, &job, err);
    if (status == SCREE_OK) {
        job->batch_points = batch_points;
        status = scree_convert_run(job, &result, err);
    }
    scree_convert_close(job);
    scree_context_free(context);
    return status;
}

static bool holds(const void *bytes, size_t count)
{
    struct las_bytes file = las_bytes_of_file(output);
    bool same = file.count == count && memcmp(file.bytes, bytes, count) == 0;
    las_bytes_free(&file);
    return same;
}

static void run(const struct change_case *what, unsigned threads, uint64_t batch_points)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct stat info;
    write_file(paths[what->file], files[what->file].bytes, files[what->file].count);
    write_file(output, OLD_TEXT, strlen(OLD_TEXT));
    calls = 0;
    file_count = what->file == NOT_OPEN ? FILES : FEW;
    now = what;
    if (what->moment == BEFORE)
        change(what);
    enum scree_status status = convert(threads, batch_points, &err);
    now = NULL;
    if (what->moment == MIDWAY && calls < 2)
        fail_msg("%s: the moment never came", what->name);
    if (status != what->status)
        fail_msg("%s, %u threads: status %d (%s)", what->name, threads, status, err.message);
    if (status == SCREE_OK ? !holds(whole.bytes, whole.count) : !holds(OLD_TEXT, strlen(OLD_TEXT)))
        fail_msg("%s, %u threads: another output", what->name, threads);
    assert_int_not_equal(stat(part, &info), 0);
    if (status != SCREE_OK && (strstr(err.message, strrchr(paths[what->file], '/') + 1) == NULL ||
                               strstr(err.message, what->says) == NULL))
        fail_msg("%s, %u threads: '%s'", what->name, threads, err.message);
}

static void one_of_many_changes(void **state)
{
    const struct change_case *what = *state;
    run(what, 1, 0);
    run(what, 2, 300);
    write_file(paths[what->file], files[what->file].bytes, files[what->file].count);
}

static int begin(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 50};
    snprintf(folder, sizeof folder, "%s/scree-inputs-XXXXXX", temporary_base());
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(output, sizeof output, "%s/out.copc.laz", folder);
    snprintf(part, sizeof part, "%s.part", output);
    for (unsigned i = 0; i < FILES; i++) {
        uint8_t *records = las_make_records(&recipe);
        snprintf(paths[i], sizeof paths[i], "%s/tile_%03u.laz", folder, i);
        files[i] = las_make(&recipe, records);
        free(records);
        write_file(paths[i], files[i].bytes, files[i].count);
    }
    las_tidy();
    file_count = FEW; /* files that are open, and left so, are among these */
    if (convert(1, 0, &err) != SCREE_OK)
        return -1;
    whole = las_bytes_of_file(output);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char command[300];
    for (unsigned i = 0; i < FILES; i++)
        las_bytes_free(&files[i]);
    las_bytes_free(&whole);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    struct CMUnitTest tests[CASES];
    memset(tests, 0, sizeof tests);
    for (unsigned i = 0; i < CASES; i++) {
        tests[i].name = cases[i].name;
        tests[i].test_func = one_of_many_changes;
        tests[i].initial_state = (void *)&cases[i];
    }
    return cmocka_run_group_tests_name("inputs that change", tests, begin, end);
}
