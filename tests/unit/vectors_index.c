/* vectors_index.c - index files for tests. */
#include "context.h"
#include "vectors_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void vectors_build(const char *input, const char *tags, const char *output,
                   const struct scree_vectors_column_options *wanted)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    struct scree_vectors_column_options column = *wanted;
    column.name = "it";
    column.input = (struct scree_vectors_input){.location = input};
    struct scree_vectors_build_options options;
    scree_vectors_build_options_init(&options);
    options.output = output;
    options.replace = true;
    options.columns = &column;
    options.column_count = 1;
    options.tags = tags;
    struct scree_vectors_build_job *job;
    struct scree_vectors_build_result result;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, &err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, &err);
    if (status != SCREE_OK)
        fail_msg("%s", err.message);
    scree_vectors_build_close(job);
    scree_context_free(context);
}

struct scree_vectors_index *vectors_open(struct scree_context *context, const char *path,
                                         uint64_t cache_bytes)
{
    struct scree_vectors_index *index;
    struct scree_vectors_open_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_vectors_open_options_init(&options);
    options.cache_bytes = cache_bytes;
    if (scree_vectors_open(context, path, &options, &index, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return index;
}
