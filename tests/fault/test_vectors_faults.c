/*
 * test_vectors_faults.c - a build of an index in which the nth system call fails, is cut short or is the last before a cancel or a kill. Whatever happens:
 * the whole output or none, an old output as it was, no .part file unless the run was killed, all memory given back, a message that says what and where.
 */
#include "faults.h"

#include "par/context.h"
#include "scree/vectors.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 600u
#define DIM 6u
#define OLD_TEXT "what was there before"

static char folder[256], input[300], ids[300], output[300], part[320];
static char journal[320];
static uint32_t checkpoint_seconds; /* 0: after each tile */
static uint64_t seed = 1;
static uint64_t write_count; /* of a build, about */
static uint32_t resumed;     /* of the last build that worked */
static uint8_t *whole;
static size_t whole_bytes;

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static uint8_t *read_file(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*count + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

static bool holds(const char *path, const void *bytes, size_t count)
{
    size_t found = 0;
    uint8_t *there = read_file(path, &found);
    bool same = there != NULL && found == count && memcmp(there, bytes, count) == 0;
    free(there);
    return same;
}

static struct scree_context *new_context_of(uint32_t memory_mib)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.threads = 1;
    options.memory_bytes = (uint64_t)memory_mib << 20;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    return context;
}

static struct scree_context *new_context(void)
{
    return new_context_of(96);
}

static enum scree_status build(struct scree_context *context, struct scree_error *err)
{
    struct scree_vectors_column_options column = {.name = "v",
                                                  .input = {.location = input},
                                                  .bits = 2,
                                                  .rerank = SCREE_VECTORS_RERANK_FP16,
                                                  .list_count = 5};
    struct scree_vectors_build_options options;
    struct scree_vectors_build_result result;
    struct scree_vectors_build_job *job = NULL;
    scree_vectors_build_options_init(&options);
    options.columns = &column;
    options.column_count = 1;
    options.output = output;
    options.ids = ids;
    options.replace = true;
    options.checkpoint_seconds = checkpoint_seconds;
    options.seed = seed;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    resumed = status == SCREE_OK ? result.resumed : 0;
    return status;
}

static void check_after(const char *what, struct scree_context *context, enum scree_status status,
                        const struct scree_error *err)
{
    if (status != err->status)
        fail_msg("%s: status %d, in the error %d", what, status, err->status);
    if (status == SCREE_OK && !holds(output, whole, whole_bytes))
        fail_msg("%s: another output", what);
    if (status != SCREE_OK && !holds(output, OLD_TEXT, strlen(OLD_TEXT)))
        fail_msg("%s: the old output was touched (%s)", what, err->message);
    if (status != SCREE_OK && err->message[0] == '\0')
        fail_msg("%s: no message", what);
    if (status == SCREE_E_EXISTS) /* it is another run's */
        unlink(part);
    if (access(part, F_OK) == 0 || (access(journal, F_OK) == 0 && status != SCREE_E_EXISTS))
        fail_msg("%s: a .part or .resume file is left", what);
    unlink(journal);
    if (scree__mem_budget_used(scree__par_budget(context)) != 0)
        fail_msg("%s: memory is not given back", what);
}

enum end { FAILS, WORKS, EITHER };

struct kind {
    enum fault_call call;
    int what;
    uint64_t repeat;
    enum end end;
    enum scree_status status;
    const char *name;
};

static const struct kind kinds[] = {
    {FAULT_READ, EIO, 1, FAILS, SCREE_E_IO, "read fails"},
    {FAULT_READ, FAULT_SHORT_ONE, 1, WORKS, 0, "read of one byte"},
    {FAULT_READ, FAULT_SHORT_HALF, UINT64_MAX, WORKS, 0, "reads of half"},
    {FAULT_READ, FAULT_ZERO, 1, FAILS, SCREE_E_IO, "read of nothing"},
    {FAULT_READ, EINTR, 3, WORKS, 0, "read interrupted"},
    {FAULT_READ, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, "cancel at a read"},
    {FAULT_WRITE, ENOSPC, 1, FAILS, SCREE_E_IO, "disk full"},
    {FAULT_WRITE, FAULT_SHORT_ONE, 1, WORKS, 0, "write of one byte"},
    {FAULT_WRITE, FAULT_SHORT_HALF, UINT64_MAX, WORKS, 0, "writes of half"},
    {FAULT_WRITE, FAULT_ZERO, 1, FAILS, SCREE_E_IO, "write of nothing"},
    {FAULT_WRITE, EINTR, 3, WORKS, 0, "write interrupted"},
    {FAULT_WRITE, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, "cancel at a write"},
    {FAULT_FSYNC, EIO, 1, EITHER, SCREE_E_IO, "fsync fails"},
    {FAULT_OPEN, EMFILE, 1, EITHER, SCREE_E_IO, "open fails"},
    {FAULT_TMPFILE, EOPNOTSUPP, UINT64_MAX, WORKS, 0, "no files without a name"},
    {FAULT_TMPFILE, ENOSPC, 1, FAILS, SCREE_E_IO, "no room for a file without a name"},
    {FAULT_STATVFS, EIO, 1, FAILS, SCREE_E_IO, "statvfs fails"},
    {FAULT_TRUNCATE, ENOSPC, 1, FAILS, SCREE_E_IO, "ftruncate fails"},
    {FAULT_TRUNCATE, EINTR, 3, WORKS, 0, "ftruncate interrupted"},
    {FAULT_LOCK, EWOULDBLOCK, 1, FAILS, SCREE_E_EXISTS, "lock is held"},
    {FAULT_RENAME, EIO, 1, FAILS, SCREE_E_IO, "rename fails"},
    {FAULT_ALLOCATE, ENOMEM, 1, FAILS, SCREE_E_MEMORY, "allocation fails"},
    {FAULT_ALLOCATE, ENOMEM, UINT64_MAX, FAILS, SCREE_E_MEMORY, "no memory from here on"},
    {FAULT_ALLOCATE, FAULT_CANCEL, 1, EITHER, SCREE_E_CANCELLED, "cancel at an allocation"},
};

static void any_call_may_fail(void **state)
{
    (void)state;
    uint64_t calls[FAULT_CALLS];
    struct scree_error none = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    faults_begin(NULL);
    assert_int_equal(build(context, &none), SCREE_OK);
    for (unsigned i = 0; i < FAULT_CALLS; i++)
        calls[i] = faults_calls((enum fault_call)i);
    (void)faults_end();
    scree_context_free(context);
    assert_true(calls[FAULT_READ] > 5 && calls[FAULT_WRITE] > 5 && calls[FAULT_ALLOCATE] > 5);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct kind *kind = &kinds[i];
        uint64_t all = calls[kind->call];
        for (uint64_t place = 1; place <= all; place += place < 40 ? 1 : place / 5) {
            struct scree_error err = SCREE_ERROR_INIT;
            char what[96];
            context = new_context();
            struct fault fault = {kind->call, kind->what, place, kind->repeat, context};
            snprintf(what, sizeof what, "%s, %u of %u", kind->name, (unsigned)place, (unsigned)all);
            write_file(output, OLD_TEXT, strlen(OLD_TEXT));
            faults_begin(&fault);
            enum scree_status status = build(context, &err);
            if (faults_end() == 0)
                fail_msg("%s: nothing was hit", what);
            check_after(what, context, status, &err);
            if (status == SCREE_OK ? kind->end == FAILS
                                   : kind->end == WORKS || status != kind->status)
                fail_msg("%s: ended with %d (%s)", what, status, err.message);
            scree_context_free(context);
        }
    }
}

static enum scree_status build_one(const void *arg)
{
    struct scree_error err = SCREE_ERROR_INIT;
    return build(new_context_of(*(const uint32_t *)arg), &err);
}

/* False: it worked, as there are not so many writes. */
static bool build_killed_at(uint64_t place, uint32_t memory_mib)
{
    struct fault fault = {FAULT_WRITE, FAULT_KILL_HALF, place, 1, NULL};
    return faults_kill(&fault, build_one, &memory_mib);
}

static void build_again(const char *what)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    enum scree_status status = build(context, &err);
    check_after(what, context, status, &err);
    assert_int_equal(status, SCREE_OK);
    scree_context_free(context);
}

/* Killed at any write: the old output is there, and the next run goes on from what is finished: the same bytes. */
static void killed_at_any_write(void **state)
{
    (void)state;
    unsigned from[4] = {0};
    uint64_t place = 1;
    for (;; place += place < 150 ? 1 : place / 30) {
        write_file(output, OLD_TEXT, strlen(OLD_TEXT));
        if (!build_killed_at(place, 96))
            break;
        assert_true(holds(output, OLD_TEXT, strlen(OLD_TEXT)));
        /* Every third time once more, a little later. */
        if (place % 3 == 0 && !build_killed_at(7, 200))
            continue;
        build_again("after a kill");
        from[resumed]++;
    }
    print_message(
        "killed up to write %u; went on from nothing %u, centroids %u, lists %u, the output %u\n",
        (unsigned)place, from[0], from[1], from[2], from[3]);
    write_count = place;
    assert_true(place > 50 && from[1] > 0 && from[2] > 0 && from[3] > 10);
}

static void kill_when_much_is_there(void)
{
    unlink(part);
    unlink(journal);
    assert_true(build_killed_at(write_count * 3 / 4, 96));
}

/* What a killed run has left is of no use after anything has changed, or when somebody else has written the .part file. */
static void changes_begin_afresh(void **state)
{
    (void)state;
    size_t count = 0;
    write_file(output, OLD_TEXT, strlen(OLD_TEXT));
    kill_when_much_is_there();
    seed = 2;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    assert_int_equal(build(context, &err), SCREE_OK);
    assert_int_equal(resumed, 0);
    assert_false(holds(output, whole, whole_bytes));
    scree_context_free(context);
    seed = 1;

    /* An input of the same length at another time. */
    kill_when_much_is_there();
    uint8_t *bytes = read_file(input, &count);
    usleep(20000);
    write_file(input, bytes, count);
    free(bytes);
    build_again("after another input");
    assert_int_equal(resumed, 0);

    /* Another's .part file. */
    kill_when_much_is_there();
    bytes = read_file(part, &count);
    memset(bytes, 7, count);
    write_file(part, bytes, count);
    free(bytes);
    build_again("after another's .part file");
    assert_int_equal(resumed, 2);

    /* A journal that is cut off, or damaged, counts up to there. */
    for (unsigned step = 1; step < 8; step++) {
        kill_when_much_is_there();
        bytes = read_file(journal, &count);
        if (step % 2 == 0)
            bytes[count * step / 8] ^= 16;
        write_file(journal, bytes, step % 2 == 0 ? count : count * step / 8);
        free(bytes);
        build_again("after a damaged journal");
    }
}

/* ------------------------------------------------------------------------------- append, merge */

static char segments[2][320], deletions_part[340], merged[320], merged_part[340];
static uint8_t *joined, *manifest; /* what merge and append make */
static size_t joined_bytes, manifest_bytes;

static enum scree_status append(struct scree_context *context, struct scree_error *err)
{
    struct scree_vectors_column_options column = {.name = NULL, .input = {.location = input}};
    struct scree_vectors_build_options options;
    struct scree_vectors_build_result result;
    struct scree_vectors_build_job *job = NULL;
    scree_vectors_build_options_init(&options);
    options.columns = &column;
    options.column_count = 1;
    options.output = output;
    options.ids = ids; /* all are replaced */
    options.append = true;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    return status;
}

static enum scree_status merge(struct scree_context *context, struct scree_error *err)
{
    const char *inputs[] = {output};
    struct scree_vectors_merge_options options;
    struct scree_vectors_merge_result result;
    scree_vectors_merge_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = merged;
    options.replace = true;
    return scree_vectors_merge(context, &options, &result, err);
}

static void one_file(void)
{
    unlink(segments[0]);
    unlink(segments[1]);
    write_file(output, whole, whole_bytes);
}

static void check_append(const char *what, enum scree_status status)
{
    if (status == SCREE_OK
            ? !holds(output, manifest, manifest_bytes) || !holds(segments[0], whole, whole_bytes)
            : !holds(output, whole, whole_bytes))
        fail_msg("%s: status %d, and another index", what, status);
    if (status != SCREE_OK && access(segments[1], F_OK) == 0)
        fail_msg("%s: a segment is left", what);
    if (status != SCREE_E_EXISTS && (access(part, F_OK) == 0 || access(deletions_part, F_OK) == 0))
        fail_msg("%s: a .part file is left", what);
}

static void check_merge(const char *what, enum scree_status status)
{
    if (status == SCREE_OK ? !holds(merged, joined, joined_bytes)
                           : !holds(merged, OLD_TEXT, strlen(OLD_TEXT)))
        fail_msg("%s: status %d, and another output", what, status);
    if (status != SCREE_E_EXISTS && access(merged_part, F_OK) == 0)
        fail_msg("%s: a .part file is left", what);
}

static void sweep(enum scree_status (*job)(struct scree_context *, struct scree_error *),
                  void (*check)(const char *, enum scree_status), bool appends)
{
    uint64_t calls[FAULT_CALLS];
    struct scree_error none = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    if (appends)
        one_file();
    faults_begin(NULL);
    assert_int_equal(job(context, &none), SCREE_OK);
    for (unsigned i = 0; i < FAULT_CALLS; i++)
        calls[i] = faults_calls((enum fault_call)i);
    (void)faults_end();
    scree_context_free(context);
    assert_true(calls[FAULT_READ] > 5 && calls[FAULT_WRITE] > 5 && calls[FAULT_ALLOCATE] > 5);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct kind *kind = &kinds[i];
        uint64_t all = calls[kind->call];
        for (uint64_t place = 1; place <= all; place += place < 60 ? 1 : place / 8) {
            struct scree_error err = SCREE_ERROR_INIT;
            char what[96];
            if (appends)
                one_file();
            else
                write_file(merged, OLD_TEXT, strlen(OLD_TEXT));
            context = new_context();
            struct fault fault = {kind->call, kind->what, place, kind->repeat, context};
            snprintf(what, sizeof what, "%s, %u of %u", kind->name, (unsigned)place, (unsigned)all);
            faults_begin(&fault);
            enum scree_status status = job(context, &err);
            (void)faults_end();
            if (status != err.status || (status != SCREE_OK && err.message[0] == '\0'))
                fail_msg("%s: status %d, in the error %d: %s", what, status, err.status,
                         err.message);
            if (status == SCREE_OK ? kind->end == FAILS : kind->end == WORKS)
                fail_msg("%s: ended with %d (%s)", what, status, err.message);
            check(what, status);
            if (scree__mem_budget_used(scree__par_budget(context)) != 0)
                fail_msg("%s: memory is not given back", what);
            scree_context_free(context);
        }
    }
}

static void an_append_may_fail(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    one_file();
    assert_int_equal(append(context, &err), SCREE_OK);
    scree_context_free(context);
    manifest = read_file(output, &manifest_bytes);
    sweep(append, check_append, true);
    free(manifest);
}

static void a_merge_may_fail(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    one_file();
    assert_int_equal(append(context, &err), SCREE_OK);
    assert_int_equal(merge(context, &err), SCREE_OK);
    scree_context_free(context);
    joined = read_file(merged, &joined_bytes);
    sweep(merge, check_merge, false);
    free(joined);
}

static enum scree_status append_one(const void *arg)
{
    struct scree_error err = SCREE_ERROR_INIT;
    (void)arg;
    return append(new_context(), &err);
}

/* Killed at a write: the index is as it was, and the next append works. */
static void an_append_may_be_killed(void **state)
{
    (void)state;
    for (uint64_t place = 1;; place += place < 30 ? 1 : place / 5) {
        one_file();
        struct fault fault = {FAULT_WRITE, FAULT_KILL_HALF, place, 1, NULL};
        if (!faults_kill(&fault, append_one, NULL)) {
            assert_true(place > 10);
            break;
        }
        assert_true(holds(output, whole, whole_bytes));
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_context *context = new_context();
        assert_int_equal(append(context, &err), SCREE_OK);
        struct scree_vectors_index *index;
        assert_int_equal(scree_vectors_open(context, output, NULL, &index, &err), SCREE_OK);
        assert_int_equal(scree_vectors_verify(index, &err), SCREE_OK);
        scree_vectors_close(index);
        uint32_t removed;
        assert_int_equal(scree_vectors_gc(output, &removed, &err), SCREE_OK);
        scree_context_free(context);
    }
}

static int begin(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    if (base == NULL && access("/dev/shm", W_OK) == 0)
        base = "/dev/shm";
    snprintf(folder, sizeof folder, "%s/scree-fault-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(input, sizeof input, "%s/v.u8bin", folder);
    snprintf(ids, sizeof ids, "%s/ids", folder);
    snprintf(output, sizeof output, "%s/out.svx", folder);
    snprintf(part, sizeof part, "%s.part", output);
    snprintf(journal, sizeof journal, "%s.resume", output);
    snprintf(segments[0], sizeof segments[0], "%s.segment-1", output);
    snprintf(segments[1], sizeof segments[1], "%s.segment-2", output);
    snprintf(deletions_part, sizeof deletions_part, "%s.del.part", output);
    snprintf(merged, sizeof merged, "%s/merged.svx", folder);
    snprintf(merged_part, sizeof merged_part, "%s.part", merged);
    uint8_t bytes[8 + ROWS * DIM] = {ROWS & 255, ROWS >> 8, 0, 0, DIM};
    for (unsigned i = 0; i < ROWS * DIM; i++)
        bytes[8 + i] = (uint8_t)(i * 7919u >> 3);
    write_file(input, bytes, sizeof bytes);
    FILE *file = fopen(ids, "w");
    for (unsigned i = 0; file != NULL && i < ROWS; i++)
        fprintf(file, "%u\n", 3 * i);
    if (file == NULL || fclose(file) != 0)
        return -1;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = new_context();
    if (build(context, &err) != SCREE_OK)
        return -1;
    scree_context_free(context);
    whole = read_file(output, &whole_bytes);
    return whole != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[300];
    free(whole);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_call_may_fail),    cmocka_unit_test(killed_at_any_write),
        cmocka_unit_test(changes_begin_afresh), cmocka_unit_test(an_append_may_fail),
        cmocka_unit_test(a_merge_may_fail),     cmocka_unit_test(an_append_may_be_killed)};
    return cmocka_run_group_tests(tests, begin, end);
}
