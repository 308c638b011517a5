/* context.c - the run that a caller sees as struct scree_context. */
#include "par/context.h"
#include "base/clock.h"
#include "base/error.h"
#include "mem/limits.h"
#include "mem/shelf.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY_NS 100000000u /* ten times a second */

struct scree_context {
    struct scree_context_options options;
    struct scree__mem_budget budget;
    struct scree__par_pool *pool;

    void *attachment;
    void (*release_attachment)(void *);

    pthread_mutex_t talk; /* one callback at a time */
    const char *stage;
    uint64_t stage_total;
    uint64_t stage_begun_ns;
    atomic_uint_least64_t stage_done;
    atomic_uint_least64_t scratch_bytes;
    atomic_uint_least64_t next_progress_ns;
};

void scree_context_options_init(struct scree_context_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* The cores that the process may run on, and no more than its cgroups give it time for. */
static unsigned usable_cores(const struct scree__mem_limits *limits)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned cores = online > 0 ? (unsigned)online : 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        cores = (unsigned)CPU_COUNT(&set);
    return limits->cores > 0 && limits->cores < cores ? limits->cores : cores;
}

static void say_budget(struct scree_context *context, const struct scree__mem_limits *limits)
{
    const uint64_t mib = (uint64_t)1 << 20;
    unsigned long long asked = context->options.memory_bytes / mib;
    unsigned long long available = limits->available_bytes / mib;
    unsigned long long budget = context->budget.limit_bytes / mib;
    bool lowered = context->budget.limit_bytes < context->options.memory_bytes;
    if (scree__mem_limits_swapping(limits))
        scree__par_log(context, SCREE_LOG_WARNING,
                       "%llu of %llu MiB of swap are in use, and %llu MiB of memory available: the "
                       "memory budget is %s%llu MiB",
                       (unsigned long long)(limits->swap_used_bytes / mib),
                       (unsigned long long)(limits->swap_bytes / mib), available,
                       lowered ? "lowered to " : "", budget);
    else if (lowered)
        scree__par_log(context, SCREE_LOG_WARNING,
                       "a memory budget of %llu MiB was asked for, and %llu MiB are available: it "
                       "is lowered to %llu MiB",
                       asked, available, budget);
}

enum scree_status scree_context_new(const struct scree_context_options *options,
                                    struct scree_context **out, struct scree_error *err)
{
    return scree__par_context_new(options, "", out, err);
}

enum scree_status scree__par_context_new(const struct scree_context_options *options,
                                         const char *root, struct scree_context **out,
                                         struct scree_error *err)
{
    *out = NULL;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_context), &memory, "context", err);
    if (status != SCREE_OK)
        return status;
    struct scree_context *context = memory;
    memset(context, 0, sizeof *context);
    scree_context_options_init(&context->options);
    if (options != NULL) {
        size_t known = options->size < sizeof *options ? options->size : sizeof *options;
        memcpy(&context->options, options, known);
    }
    struct scree__mem_limits limits;
    scree__mem_limits_read(root, &limits);
    scree__mem_budget_init(&context->budget,
                           scree__mem_limits_budget(&limits, context->options.memory_bytes));
    context->budget.huge_pages = context->options.huge_pages;
    pthread_mutex_init(&context->talk, NULL);
    unsigned threads =
        context->options.threads != 0 ? context->options.threads : usable_cores(&limits);
    status = scree__par_pool_new(threads, &context->pool, err);
    if (status != SCREE_OK) {
        scree_context_free(context);
        return status;
    }
    say_budget(context, &limits);
    *out = context;
    return SCREE_OK;
}

void scree_context_free(struct scree_context *context)
{
    if (context == NULL)
        return;
    scree__par_pool_free(context->pool);
    if (context->attachment != NULL)
        context->release_attachment(context->attachment);
    (void)scree__mem_shelf_clear(&context->budget);
    pthread_mutex_destroy(&context->talk);
    scree__mem_free(NULL, context, sizeof *context);
}

void *scree__par_attachment(struct scree_context *context, void *(*make)(void),
                            void (*release)(void *))
{
    pthread_mutex_lock(&context->talk);
    if (context->attachment == NULL) {
        context->attachment = make();
        context->release_attachment = release;
    }
    void *attachment = context->attachment;
    pthread_mutex_unlock(&context->talk);
    return attachment;
}

void scree_context_cancel(struct scree_context *context)
{
    scree__par_pool_cancel(context->pool);
}

unsigned scree_context_threads(const struct scree_context *context)
{
    return scree__par_pool_threads(context->pool);
}

uint64_t scree_context_budget_bytes(const struct scree_context *context)
{
    return context->budget.limit_bytes;
}

uint64_t scree_context_peak_bytes(const struct scree_context *context)
{
    return scree__mem_budget_peak(&context->budget);
}

struct scree__mem_budget *scree__par_budget(struct scree_context *context)
{
    return context != NULL ? &context->budget : NULL;
}

struct scree__par_pool *scree__par_pool(struct scree_context *context)
{
    return context != NULL ? context->pool : NULL;
}

void scree__par_log(struct scree_context *context, enum scree_log_level level, const char *format,
                    ...)
{
    if (context == NULL || context->options.log == NULL)
        return;
    char message[1400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    pthread_mutex_lock(&context->talk);
    context->options.log(context->options.user, level, message);
    pthread_mutex_unlock(&context->talk);
}

/* Called with `talk` held. */
static void tell_progress(struct scree_context *context)
{
    struct scree_progress progress;
    memset(&progress, 0, sizeof progress);
    progress.stage = context->stage;
    progress.done = atomic_load(&context->stage_done);
    progress.total = context->stage_total;
    progress.memory_bytes = scree__mem_budget_used(&context->budget);
    progress.budget_bytes = context->budget.limit_bytes;
    progress.scratch_bytes = atomic_load(&context->scratch_bytes);
    context->options.progress(context->options.user, &progress);
}

void scree__par_stage_begin(struct scree_context *context, const char *stage, uint64_t total)
{
    if (context == NULL)
        return;
    pthread_mutex_lock(&context->talk);
    context->stage = stage;
    context->stage_total = total;
    context->stage_begun_ns = scree__base_clock_ns();
    atomic_store(&context->stage_done, 0);
    atomic_store(&context->next_progress_ns, context->stage_begun_ns + PROGRESS_EVERY_NS);
    if (context->options.progress != NULL)
        tell_progress(context);
    pthread_mutex_unlock(&context->talk);
}

void scree__par_stage_add(struct scree_context *context, uint64_t count)
{
    if (context == NULL)
        return;
    atomic_fetch_add(&context->stage_done, count);
    if (context->options.progress == NULL)
        return;
    uint64_t now = scree__base_clock_ns();
    uint64_t due = atomic_load(&context->next_progress_ns);
    if (now < due ||
        !atomic_compare_exchange_strong(&context->next_progress_ns, &due, now + PROGRESS_EVERY_NS))
        return;
    pthread_mutex_lock(&context->talk);
    tell_progress(context);
    pthread_mutex_unlock(&context->talk);
}

void scree__par_scratch_add(struct scree_context *context, uint64_t bytes)
{
    if (context != NULL)
        atomic_fetch_add_explicit(&context->scratch_bytes, bytes, memory_order_relaxed);
}

void scree__par_stage_end(struct scree_context *context)
{
    if (context == NULL)
        return;
    double seconds = (double)(scree__base_clock_ns() - context->stage_begun_ns) * 1e-9;
    pthread_mutex_lock(&context->talk);
    if (context->options.progress != NULL)
        tell_progress(context);
    pthread_mutex_unlock(&context->talk);
    scree__par_log(context, SCREE_LOG_INFO, "%s: %.3f s", context->stage, seconds);
}

enum scree_status scree__par_check_cancel(struct scree_context *context, struct scree_error *err)
{
    if (context != NULL && scree__par_pool_cancelled(context->pool))
        return scree__base_fail(err, SCREE_E_CANCELLED, "cancelled");
    return SCREE_OK;
}
