/* context.c - a run's context for tests. */
#include "context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct scree_context *context_with(unsigned threads, uint64_t memory_bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_context_options_init(&options);
    options.threads = threads;
    options.memory_bytes = memory_bytes;
    if (scree_context_new(&options, &context, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return context;
}
