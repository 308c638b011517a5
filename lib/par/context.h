/*
 * context.h - one run: budget, pool, log and progress in one place. What struct scree_context is to
 * the library's own rooms.
 */
#ifndef SCREE_LIB_PAR_CONTEXT_H
#define SCREE_LIB_PAR_CONTEXT_H

#include "scree/base.h"
#include "mem/budget.h"
#include "par/pool.h"

/* scree_context_new() on a machine whose /proc and /sys lie below `root`; "" is this one. */
SCREE_MUST_CHECK enum scree_status
scree__par_context_new(const struct scree_context_options *options, const char *root,
                       struct scree_context **out, struct scree_error *err);

/* NULL context: NULL budget (unlimited, uncounted). */
struct scree__mem_budget *scree__par_budget(struct scree_context *context);
/* NULL only for a NULL context. */
struct scree__par_pool *scree__par_pool(struct scree_context *context);

/* One line to the caller's log; nothing when there is none. Warnings of parallel stages are
 * gathered and said once, by the stage. */
void scree__par_log(struct scree_context *context, enum scree_log_level level, const char *format,
                    ...) SCREE_PRINTF(3, 4);

/* A stage begins: `stage` has static storage, total may be 0 (not known). */
void scree__par_stage_begin(struct scree_context *context, const char *stage, uint64_t total);
/* `count` more are done. From any thread; cheap: calls the caller's progress at most ten times a
 * second. */
void scree__par_stage_add(struct scree_context *context, uint64_t count);
/* So many more bytes were written to scratch; from any thread. */
void scree__par_scratch_add(struct scree_context *context, uint64_t bytes);
/* The stage is complete: tells the caller once more, and logs its time at SCREE_LOG_INFO. */
void scree__par_stage_end(struct scree_context *context);

/* SCREE_E_CANCELLED when the run was cancelled; for loops that run long within one item. */
SCREE_MUST_CHECK enum scree_status scree__par_check_cancel(struct scree_context *context,
                                                           struct scree_error *err);

/*
 * What lib/io keeps for the length of a run, its connections: made when it is first asked for (NULL
 * when that fails), released when the context is freed, before its budget.
 */
void *scree__par_attachment(struct scree_context *context, void *(*make)(void),
                            void (*release)(void *));

#endif
