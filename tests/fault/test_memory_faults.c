/*
 * test_memory_faults.c - each place of the library at which a small job takes memory, reads, writes, opens a file, once without. The job ends with an error that says
 * so, or does without; it gives all memory back, leaves no unfinished file, and works again afterwards.
 */
#include "conversion.h"
#include "faults.h"
#include "memory_jobs.h"
#include "par/context.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The name of an unfinished file, if there is one in the folder; it is removed. */
static bool part_is_left(char name[300])
{
    DIR *folder = opendir(conversion_path("."));
    bool found = false;
    assert_non_null(folder);
    for (struct dirent *entry; !found && (entry = readdir(folder)) != NULL;) {
        const size_t bytes = strlen(entry->d_name);
        found = bytes > 5 && strcmp(entry->d_name + bytes - 5, ".part") == 0;
        if (found)
            snprintf(name, 300, "%s", entry->d_name);
    }
    closedir(folder);
    if (found)
        unlink(conversion_path(name));
    return found;
}

static enum scree_status run(const struct memory_job *job, const struct fault *fault,
                             uint64_t *hits, struct scree_error *err)
{
    struct scree_context *context = conversion_context(1, (uint64_t)96 << 20);
    char left[300];
    *err = (struct scree_error)SCREE_ERROR_INIT;
    if (job->before != NULL)
        job->before();
    faults_begin(fault);
    const enum scree_status status = job->run(context, err);
    *hits = faults_end();
    if (scree__mem_budget_used(scree__par_budget(context)) != 0)
        fail_msg("%s: memory is not given back (%s)", job->name, err->message);
    scree_context_free(context);
    if (part_is_left(left))
        fail_msg("%s: %s is left (%s)", job->name, left, err->message);
    return status;
}

static void sweep(const struct memory_job *job, enum fault_call call, int code,
                  enum scree_status expected)
{
    struct scree_error err;
    uint64_t hits, failed = 0;
    faults_note_sites(true);
    enum scree_status status = run(job, NULL, &hits, &err);
    const uint64_t calls = faults_calls(call);
    faults_note_sites(false);
    if (status != SCREE_OK)
        fail_msg("%s: %s", job->name, err.message);
    assert_true(call != FAULT_ALLOCATE || calls > 0);
    for (uint64_t number = 1; number <= calls; number++) {
        const struct fault fault = {call, code, number, 1, NULL};
        if (faults_earlier_at_site(call, number) > 0)
            continue;
        status = run(job, &fault, &hits, &err);
        if (hits == 0 || status != err.status || (status != SCREE_OK && err.message[0] == '\0'))
            fail_msg("%s, call %u: %u hits, status %d, in the error %d: %s", job->name,
                     (unsigned)number, (unsigned)hits, status, err.status, err.message);
        if (status != SCREE_OK && status != expected)
            fail_msg("%s, call %u: status %d: %s", job->name, (unsigned)number, status,
                     err.message);
        failed += status != SCREE_OK;
    }
    assert_true(call != FAULT_ALLOCATE || failed > 0);
    status = run(job, NULL, &hits, &err);
    if (status != SCREE_OK)
        fail_msg("%s, afterwards: %s", job->name, err.message);
}

static bool every_kind;

/* Of other calls than allocations and reads a job need not have any. */
static void without(void **state)
{
    static const struct {
        enum fault_call call;
        int code;
        enum scree_status status;
    } kinds[] = {
        {FAULT_ALLOCATE, ENOMEM, SCREE_E_MEMORY}, {FAULT_READ, EIO, SCREE_E_IO},
        {FAULT_OPEN, EMFILE, SCREE_E_IO},         {FAULT_TMPFILE, EOPNOTSUPP, SCREE_E_IO},
        {FAULT_TMPFILE, ENOSPC, SCREE_E_IO},      {FAULT_STAT, EIO, SCREE_E_IO},
        {FAULT_STATVFS, EIO, SCREE_E_IO},         {FAULT_WRITE, ENOSPC, SCREE_E_IO},
        {FAULT_FSYNC, EIO, SCREE_E_IO},           {FAULT_TRUNCATE, EIO, SCREE_E_IO},
        {FAULT_RENAME, EACCES, SCREE_E_IO},
    };
    const struct memory_job *job = *state;
    for (size_t i = 0; i < (every_kind ? sizeof kinds / sizeof kinds[0] : 1); i++)
        sweep(job, kinds[i].call, kinds[i].code, kinds[i].status);
}

/* "all": not allocations alone. */
int main(int argc, char **argv)
{
    every_kind = argc > 1 && strcmp(argv[1], "all") == 0;
    struct CMUnitTest tests[64];
    assert_true(memory_job_count <= 64);
    memset(tests, 0, sizeof tests);
    for (size_t i = 0; i < memory_job_count; i++) {
        tests[i].name = memory_jobs[i].name;
        tests[i].test_func = without;
        tests[i].initial_state = (void *)&memory_jobs[i];
    }
    if (conversion_make_folder(NULL) != 0)
        return 1;
    memory_jobs_files();
    int failed = _cmocka_run_group_tests("memory", tests, memory_job_count, NULL, NULL);
    conversion_remove_folder(NULL);
    return failed;
}
