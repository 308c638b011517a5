/*
 * count_reads.c - a conversion that says how many bytes of its inputs it read. Linked with --wrap=pread64, so that the library's reads come here first;
 * scratch has no name, which tells its reads from those of inputs.
 *
 *     count_reads MEMORY THREADS OUT IN...      MEMORY in bytes; prints one JSON document
 */
#include "scree/copc.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>

ssize_t __real_pread64(int descriptor, void *bytes, size_t count, off_t offset);
ssize_t __wrap_pread64(int descriptor, void *bytes, size_t count, off_t offset);

static atomic_uint_least64_t read_bytes;

ssize_t __wrap_pread64(int descriptor, void *bytes, size_t count, off_t offset)
{
    ssize_t got = __real_pread64(descriptor, bytes, count, offset);
    struct stat info;
    if (got > 0 && fstat(descriptor, &info) == 0 && info.st_nlink > 0)
        atomic_fetch_add(&read_bytes, (uint64_t)got);
    return got;
}

int main(int argc, char **argv)
{
    struct scree_context_options wanted;
    struct scree_convert_options options;
    struct scree_convert_result result;
    struct scree_context *context = NULL;
    struct scree_convert_job *job = NULL;
    struct scree_error err = SCREE_ERROR_INIT;
    if (argc < 5)
        return 2;
    scree_context_options_init(&wanted);
    wanted.memory_bytes = strtoull(argv[1], NULL, 10);
    wanted.threads = (unsigned)strtoul(argv[2], NULL, 10);
    scree_convert_options_init(&options);
    options.output = argv[3];
    options.replace = true;
    options.inputs = (const char *const *)(argv + 4);
    options.input_count = (uint64_t)argc - 4;
    enum scree_status status = scree_context_new(&wanted, &context, &err);
    if (status == SCREE_OK)
        status = scree_convert_open(context, &options, &job, &err);
    if (status == SCREE_OK)
        status = scree_convert_run(job, &result, &err);
    if (status == SCREE_OK)
        printf("{\"read_bytes\": %" PRIu64 ", \"input_bytes\": %" PRIu64
               ", \"scratch_bytes\": %" PRIu64 ", \"planned_scratch_bytes\": %" PRIu64 "}\n",
               (uint64_t)atomic_load(&read_bytes), result.input_bytes, result.scratch_bytes,
               scree_convert_plan(job)->scratch_bytes);
    else
        fprintf(stderr, "count_reads: %s\n", err.message);
    scree_convert_close(job);
    scree_context_free(context);
    return status == SCREE_OK ? 0 : 1;
}
