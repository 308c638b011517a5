/*
 * test_convert_faults.c - a conversion in which the nth system call fails, is cut short or is the
 * last before a cancel: in memory, and through scratch with everything that the spilled path has
 * (a second partition, buckets that are cut again, chunks that wait). Whatever happens: the whole
 * output or none, an old output as it was, no .part file, empty scratch, all memory and all
 * descriptors given back, and a message that says what and where.
 *
 * Without arguments each kind of call fails at a few places, with `all` at every one, and with two
 * threads at many; with `sites` at the first three calls and others of every place in the program.
 */
#include "faults.h"
#include "las_make.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BUDGET_BYTES ((uint64_t)1 << 30)
#define POINTS 2400u
#define OLD_TEXT "what was there before"

static bool every_place, every_site;
static char folder[256], input_a[300], input_b[300], output[300], part[320], out_folder[300],
    tmp_folder[300];
static struct las_bytes whole;
static struct scree_context *contexts[2]; /* with one thread and with two */

struct way {
    const char *name;
    uint64_t batch_points; /* 0: in memory */
    bool replace;          /* an output that is there */
    unsigned threads;
};

static const struct way ways[] = {
    {"in memory", 0, false, 1},
    {"in memory, replacing", 0, true, 1},
    {"through scratch", 300, true, 1},
    {"through scratch, two threads", 300, false, 2},
};
#define WAYS (sizeof ways / sizeof ways[0])

/* ---------------------------------------------------------------------------------------- inputs */

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* A third of the points in one small cell, so that its bucket has to be cut twice; bounds in the header that are wrong, so that all is
 * partitioned again; VLRs and an EVLR that are forwarded. */
static void make_input(const char *path, unsigned format, uint32_t chunk_points)
{
    static const char note[] = "a note";
    struct scree_las_vlr vlr = {.user_id = "a user",
                                .record_id = 7,
                                .description = "notes",
                                .payload = (const uint8_t *)note,
                                .payload_bytes = sizeof note};
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = format,
                                .point_count = POINTS,
                                .chunk_points = chunk_points,
                                .vlrs = &vlr,
                                .vlr_count = 1,
                                .evlrs = &vlr,
                                .evlr_count = 1};
    uint8_t *records = las_make_records(&recipe);
    size_t record_bytes = scree_las_format_bytes(format);
    for (uint32_t i = 0; i < POINTS; i++)
        for (uint32_t axis = 0; axis < 3; axis++)
            scree__base_store32(records + i * record_bytes + 4 * axis,
                                i % 3 == 0 ? 70000 + i * (axis + 1) % 64
                                           : i * 7919 * (axis + 1) % 65521);
    struct las_bytes file = las_make(&recipe, records);
    double max_x = scree__base_load_f64(file.bytes + 179);
    scree__base_store_f64(file.bytes + 179, max_x - 100);
    write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
    free(records);
}

/* -------------------------------------------------------------------------------------------- run */

static unsigned entries_of(const char *path)
{
    unsigned count = 0;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(stream);
    return count;
}

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static bool holds(const char *path, const void *bytes, size_t count)
{
    struct las_bytes file = las_bytes_of_file(path);
    bool same = file.count == count && memcmp(file.bytes, bytes, count) == 0;
    las_bytes_free(&file);
    return same;
}

/* limit_bytes 0: enough; else the run is tried, whatever the plan says of it. */
static enum scree_status convert(struct scree_context *context, const struct way *way,
                                 uint64_t limit_bytes, struct scree_error *err)
{
    const char *inputs[] = {input_a, input_b};
    struct scree_convert_options options;
    struct scree_convert_job *job = NULL;
    struct scree_convert_result result;
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 2;
    options.output = output;
    options.replace = way->replace;
    options.scratch_folder = tmp_folder;
    options.scale_colors = true;
    enum scree_status status = scree_convert_open(context, &options, &job, err);
    if (status == SCREE_OK) {
        job->limits.leaf_max = 200;
        job->limits.leaf_min = 20;
        job->batch_points = way->batch_points;
        if (limit_bytes > 0) {
            job->plan.fits = way->batch_points == 0;
            job->plan.floor_bytes = 0;
        }
        status = scree_convert_run(job, &result, err);
    }
    scree_convert_close(job);
    return status;
}

static struct scree_context *new_context(unsigned threads, uint64_t limit_bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.threads = threads;
    options.memory_bytes = limit_bytes;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    return context;
}

static void prepare(const struct way *way)
{
    unlink(output);
    unlink(part);
    if (way->replace)
        write_file(output, OLD_TEXT, strlen(OLD_TEXT));
}

/* What holds after any run, however it ended. */
static void check_after(const struct way *way, const char *what, struct scree_context *context,
                        enum scree_status status, const struct scree_error *err)
{
    if (status != err->status)
        fail_msg("%s: %s: status %d, in the error %d", way->name, what, status, err->status);
    if (status == SCREE_OK && !holds(output, whole.bytes, whole.count))
        fail_msg("%s: %s: another output", way->name, what);
    if (status != SCREE_OK && err->message[0] == '\0')
        fail_msg("%s: %s: no message", way->name, what);
    if (status == SCREE_E_IO && strstr(err->message, folder) == NULL)
        fail_msg("%s: %s: no place in '%s'", way->name, what, err->message);
    if (status != SCREE_OK && way->replace && !holds(output, OLD_TEXT, strlen(OLD_TEXT)))
        fail_msg("%s: %s: the old output was touched", way->name, what);
    if (status != SCREE_OK && !way->replace && is_there(output))
        fail_msg("%s: %s: failed (%s), but there is an output", way->name, what, err->message);
    if (is_there(part))
        fail_msg("%s: %s: a .part file is left", way->name, what);
    assert_int_equal(entries_of(out_folder), status == SCREE_OK || way->replace ? 1 : 0);
    assert_int_equal(entries_of(tmp_folder), 0);
    if (scree__mem_budget_used(scree__par_budget(context)) != 0)
        fail_msg("%s: %s: memory is not given back", way->name, what);
}

static struct scree_error run_with(const struct way *way, const struct fault *fault,
                                   const char *what, uint64_t *hits)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = contexts[way->threads - 1];
    struct fault own = {0};
    if (fault != NULL)
        own = *fault;
    if (own.what == FAULT_CANCEL) /* which is for good */
        context = own.context = new_context(way->threads, BUDGET_BYTES);
    prepare(way);
    unsigned descriptors = entries_of("/proc/self/fd");
    faults_begin(fault != NULL ? &own : NULL);
    enum scree_status status = convert(context, way, 0, &err);
    *hits = faults_end();
    assert_int_equal(entries_of("/proc/self/fd"), descriptors);
    if (own.call == FAULT_LOCK && own.first > 0)
        unlink(part); /* whose it is nobody can tell, so it stays */
    check_after(way, what, context, status, &err);
    if (own.what == FAULT_CANCEL)
        scree_context_free(context);
    return err;
}

/* ----------------------------------------------------------------------------------------- sweeps */

/* MOSTLY: fails, but for the few calls that a run can do without: a sort in place takes longer, and no memory. */
enum end { WORKS, FAILS, MOSTLY, EITHER };

struct kind {
    enum fault_call call;
    int what;
    uint64_t repeat;
    enum end end;              /* when the call was hit */
    enum scree_status status;  /* with FAILS */
    unsigned last_is_harmless; /* the last so many calls of a run only make it more durable */
    const char *name;
};

static const struct kind kinds[] = {
    {FAULT_READ, EIO, 1, FAILS, SCREE_E_IO, 0, "read fails"},
    {FAULT_READ, EIO, UINT64_MAX, FAILS, SCREE_E_IO, 0, "all reads fail"},
    {FAULT_READ, FAULT_ZERO, 1, FAILS, SCREE_E_IO, 0, "read meets the end"},
    {FAULT_READ, FAULT_SHORT_ONE, 1, WORKS, 0, 0, "read of one byte"},
    {FAULT_READ, FAULT_SHORT_HALF, UINT64_MAX, WORKS, 0, 0, "reads halved"},
    {FAULT_READ, EINTR, 3, WORKS, 0, 0, "read interrupted"},
    {FAULT_READ, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, 0, "cancel at a read"},
    {FAULT_WRITE, ENOSPC, 1, FAILS, SCREE_E_IO, 0, "write without space"},
    {FAULT_WRITE, ENOSPC, UINT64_MAX, FAILS, SCREE_E_IO, 0, "disk full from here on"},
    {FAULT_WRITE, EFBIG, 1, FAILS, SCREE_E_IO, 0, "write of a file too large"},
    {FAULT_WRITE, FAULT_ZERO, UINT64_MAX, FAILS, SCREE_E_IO, 0, "writes of nothing"},
    {FAULT_WRITE, FAULT_SHORT_ONE, 1, WORKS, 0, 0, "write of one byte"},
    {FAULT_WRITE, FAULT_SHORT_HALF, UINT64_MAX, WORKS, 0, 0, "writes halved"},
    {FAULT_WRITE, EINTR, 3, WORKS, 0, 0, "write interrupted"},
    {FAULT_WRITE, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, 0, "cancel at a write"},
    {FAULT_FSYNC, EIO, 1, FAILS, SCREE_E_IO, 1, "fsync fails"},
    {FAULT_FSYNC, EINTR, 3, WORKS, 0, 0, "fsync interrupted"},
    {FAULT_OPEN, EMFILE, 1, FAILS, SCREE_E_IO, 1, "open fails"},
    {FAULT_OPEN, ENOENT, 1, EITHER, SCREE_E_IO, 1, "open finds nothing"},
    {FAULT_OPEN, EOPNOTSUPP, 1, EITHER, SCREE_E_IO, 1, "open is not supported"},
    {FAULT_TMPFILE, EOPNOTSUPP, UINT64_MAX, WORKS, 0, 0, "no files without a name"},
    {FAULT_TMPFILE, EISDIR, UINT64_MAX, WORKS, 0, 0, "a system that knows of none"},
    {FAULT_TMPFILE, ENOSPC, 1, FAILS, SCREE_E_IO, 0, "no room for a file without a name"},
    {FAULT_STAT, EIO, 1, EITHER, SCREE_E_IO, 0, "stat fails"},
    {FAULT_STATVFS, EIO, 1, FAILS, SCREE_E_IO, 0, "statvfs fails"},
    {FAULT_TRUNCATE, EIO, 1, FAILS, SCREE_E_IO, 0, "ftruncate fails"},
    {FAULT_TRUNCATE, EINTR, 3, WORKS, 0, 0, "ftruncate interrupted"},
    {FAULT_LOCK, EWOULDBLOCK, 1, FAILS, SCREE_E_EXISTS, 0, "lock is held"},
    {FAULT_LOCK, ENOLCK, 1, FAILS, SCREE_E_IO, 0, "lock fails"},
    {FAULT_LINK, EEXIST, 1, FAILS, SCREE_E_EXISTS, 0, "the new name is taken"},
    {FAULT_LINK, EIO, 1, FAILS, SCREE_E_IO, 0, "rename to a new name fails"},
    {FAULT_LINK, EINVAL, 1, WORKS, 0, 0, "renameat2 is not supported"},
    {FAULT_LINK, EINVAL, UINT64_MAX, WORKS, 0, 0, "nor are links"},
    {FAULT_RENAME, EIO, 1, FAILS, SCREE_E_IO, 0, "rename fails"},
    {FAULT_PUNCH, EOPNOTSUPP, UINT64_MAX, WORKS, 0, 0, "fallocate is not supported"},
    {FAULT_ALLOCATE, ENOMEM, 1, MOSTLY, SCREE_E_MEMORY, 0, "allocation fails"},
    {FAULT_ALLOCATE, ENOMEM, UINT64_MAX, FAILS, SCREE_E_MEMORY, 0, "no memory from here on"},
    {FAULT_ALLOCATE, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, 0, "cancel at an allocation"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* Early ones, then ever fewer; always the last. With `all` every one, where a single call is to stop the run. */
static uint64_t next_place(const struct way *way, const struct kind *kind, uint64_t place,
                           uint64_t last)
{
    uint64_t next = 3 * place + 1;
    if (every_place)
        next = place + 1 + place / 8;
    bool single =
        way->threads == 1 && kind->repeat == 1 && (kind->end == FAILS || kind->end == MOSTLY);
    if (every_place && single)
        next = place + 1;
    if (every_site && single) /* or an earlier one that is new */
        for (uint64_t here = place + 1; here < next; here++)
            if (faults_earlier_at_site(kind->call, here) < 3)
                next = here;
    return next > last && place < last ? last : next;
}

static void sweep(const struct way *way, const struct kind *kind, uint64_t calls)
{
    uint64_t tried = 0, done = 0;
    for (uint64_t place = 1; place <= calls; place = next_place(way, kind, place, calls)) {
        struct fault fault = {kind->call, kind->what, place, kind->repeat, NULL};
        char what[96];
        uint64_t hits;
        snprintf(what, sizeof what, "%s, %u of %u", kind->name, (unsigned)place, (unsigned)calls);
        struct scree_error err = run_with(way, &fault, what, &hits);
        enum end end = kind->end;
        if (place + kind->last_is_harmless > calls)
            end = WORKS;
        if (hits == 0) /* with several threads the number of calls is not always the same */
            end = way->threads > 1 ? WORKS : FAILS;
        if (err.status == SCREE_OK ? end == FAILS : end == WORKS || err.status != kind->status)
            fail_msg("%s: %s: ended with %d (%s)", way->name, what, err.status, err.message);
        tried++;
        done += err.status == SCREE_OK && hits > 0;
    }
    if (kind->end == MOSTLY && done > tried / 8 + 1)
        fail_msg("%s: %s: %u of %u runs did without", way->name, kind->name, (unsigned)done,
                 (unsigned)tried);
}

static void any_call_may_fail(void **state)
{
    static const enum fault_call always[] = {FAULT_OPEN,  FAULT_READ,     FAULT_WRITE,
                                             FAULT_FSYNC, FAULT_ALLOCATE, FAULT_LOCK};
    const struct way *way = *state;
    if (way->threads > 1 && !every_place && !every_site)
        skip();
    uint64_t calls[FAULT_CALLS], hits;
    faults_note_sites(every_site);
    struct scree_error err = run_with(way, NULL, "no fault", &hits);
    faults_note_sites(false);
    assert_int_equal(err.status, SCREE_OK);
    for (unsigned i = 0; i < FAULT_CALLS; i++)
        calls[i] = faults_calls((enum fault_call)i);
    for (unsigned i = 0; i < sizeof always / sizeof always[0]; i++)
        assert_true(calls[always[i]] > 0); /* else --wrap does not reach the library */
    assert_int_equal(calls[way->replace ? FAULT_RENAME : FAULT_LINK], 1);
    assert_int_equal(calls[FAULT_TMPFILE], way->batch_points > 0 ? 1 : 0);
    if (way->batch_points > 0)
        assert_true(calls[FAULT_PUNCH] > 0); /* something was cut or partitioned again */
    for (unsigned i = 0; i < KINDS; i++)
        sweep(way, &kinds[i], calls[kinds[i].call]);
}

/* Budgets from the smallest up to one that is enough: refused with a number, or done. */
static void any_budget_may_be_too_small(void **state)
{
    const struct way *way = *state;
    if (way->threads > 1 && !every_place && !every_site)
        skip();
    unsigned refused = 0, done = 0;
    for (uint64_t limit = 100000; limit < (uint64_t)256 << 20;
         limit += limit / (every_place  ? 32
                           : every_site ? 8
                                        : 2)) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_context *context = new_context(way->threads, limit);
        prepare(way);
        enum scree_status status = convert(context, way, limit, &err);
        check_after(way, "a budget", context, status, &err);
        if (status != SCREE_OK && (status != SCREE_E_BUDGET || err.need_bytes <= limit))
            fail_msg("%s: budget %llu: %s", way->name, (unsigned long long)limit, err.message);
        refused += status != SCREE_OK;
        done += status == SCREE_OK;
        scree_context_free(context);
    }
    assert_true(refused > 5 && done > 1);
}

/* A run whose points fit, and whose largest node then does not, goes on through scratch, which may not open. */
static void scratch_may_not_open_midway(void **state)
{
    static const int calls[] = {FAULT_STATVFS, FAULT_TMPFILE};
    const struct way *way = &ways[1];
    unsigned met = 0;
    (void)state;
    for (uint64_t limit = 400000; limit < (uint64_t)64 << 20 && met == 0; limit += limit / 16) {
        struct scree_context *context = new_context(way->threads, limit);
        struct scree_error err = SCREE_ERROR_INIT;
        prepare(way);
        faults_begin(NULL);
        enum scree_status status = convert(context, way, limit, &err);
        faults_end();
        if (faults_calls(FAULT_TMPFILE) > 0)
            for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
                struct fault fault = {(enum fault_call)calls[i], ENOSPC, 1, 1, NULL};
                struct scree_error again = SCREE_ERROR_INIT;
                prepare(way);
                faults_begin(&fault);
                status = convert(context, way, limit, &again);
                assert_int_equal(faults_end(), 1);
                assert_int_equal(status, SCREE_E_IO);
                check_after(way, "scratch midway", context, status, &again);
                met++;
            }
        scree_context_free(context);
    }
    assert_int_equal(met, sizeof calls / sizeof calls[0]);
}

/* ---------------------------------------------------------------------------------------- publishing */

/* A run that ends between link() and unlink() leaves a .part file which is the output itself: the next run must not empty it. */
static void a_part_file_that_is_the_output(void **state)
{
    (void)state;
    const struct way first = {"linked", 0, false, 1}, next = {"linked, next", 0, true, 1};
    const struct fault disk_full = {FAULT_WRITE, ENOSPC, 1, 1, NULL};
    struct scree_error err = SCREE_ERROR_INIT;
    prepare(&first);
    assert_int_equal(convert(contexts[0], &first, 0, &err), SCREE_OK);
    assert_int_equal(link(output, part), 0);
    faults_begin(&disk_full);
    assert_int_equal(convert(contexts[0], &next, 0, &err), SCREE_E_IO);
    assert_int_equal(faults_end(), 1);
    assert_true(holds(output, whole.bytes, whole.count));
    assert_false(is_there(part));
}

static int begin(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    if (base == NULL && access("/dev/shm", W_OK) == 0)
        base = "/dev/shm"; /* where fsync takes no time */
    snprintf(folder, sizeof folder, "%s/scree-fault-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(input_a, sizeof input_a, "%s/a.laz", folder);
    snprintf(input_b, sizeof input_b, "%s/b.las", folder);
    snprintf(out_folder, sizeof out_folder, "%s/out", folder);
    snprintf(tmp_folder, sizeof tmp_folder, "%s/tmp", folder);
    snprintf(output, sizeof output, "%s/out.copc.laz", out_folder);
    snprintf(part, sizeof part, "%s.part", output);
    if (mkdir(out_folder, 0777) != 0 || mkdir(tmp_folder, 0777) != 0)
        return -1;
    make_input(input_a, 6, 500);
    make_input(input_b, 7, 0);
    las_tidy();
    for (unsigned i = 0; i < 2; i++)
        contexts[i] = new_context(i + 1, BUDGET_BYTES);
    /* The bytes that every way has to give. */
    struct scree_error err = SCREE_ERROR_INIT;
    if (convert(contexts[0], &ways[0], 0, &err) != SCREE_OK)
        return -1;
    whole = las_bytes_of_file(output);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char command[300];
    las_bytes_free(&whole);
    for (unsigned i = 0; i < 2; i++)
        scree_context_free(contexts[i]);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[2 * WAYS + 2];
    char names[2 * WAYS][80];
    memset(tests, 0, sizeof tests);
    every_place = argc > 1 && strcmp(argv[1], "all") == 0;
    every_site = argc > 1 && strcmp(argv[1], "sites") == 0;
    for (unsigned i = 0; i < 2 * WAYS; i++) {
        bool budget = i >= WAYS;
        snprintf(names[i], sizeof names[i], "%s: %s",
                 budget ? "any budget may be too small" : "any call may fail", ways[i % WAYS].name);
        tests[i].name = names[i];
        tests[i].test_func = budget ? any_budget_may_be_too_small : any_call_may_fail;
        tests[i].initial_state = (void *)&ways[i % WAYS];
    }
    tests[2 * WAYS + 1].name = "scratch may not open midway";
    tests[2 * WAYS + 1].test_func = scratch_may_not_open_midway;
    tests[2 * WAYS].name = "a .part file that is the output";
    tests[2 * WAYS].test_func = a_part_file_that_is_the_output;
    return cmocka_run_group_tests_name("faults", tests, begin, end);
}
