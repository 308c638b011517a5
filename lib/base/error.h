/* error.h - filling struct scree_error. The first failure wins. */
#ifndef SCREE_LIB_BASE_ERROR_H
#define SCREE_LIB_BASE_ERROR_H

#include "scree/base.h"

/*
 * Sets *err (may be NULL) to `status` with a printf-style message, unless it holds a failure
 * already. Returns `status`, so that `return scree__base_fail(err, ...)` and `status =
 * scree__base_fail(err, ...); goto out;` read well.
 */
enum scree_status scree__base_fail(struct scree_error *err, enum scree_status status,
                                   const char *format, ...) SCREE_PRINTF(3, 4);

/* As above, with strerror(errno_value) after the message. */
enum scree_status scree__base_fail_errno(struct scree_error *err, enum scree_status status,
                                         int errno_value, const char *format, ...)
    SCREE_PRINTF(4, 5);

#ifdef __clang_analyzer__
/* What clang's analyzer does not see from another file: it is `status` that comes back, so that nobody goes on as if all were well. */
#define scree__base_fail(err, status, ...) (scree__base_fail(err, status, __VA_ARGS__), (status))
#define scree__base_fail_errno(err, status, ...) \
    (scree__base_fail_errno(err, status, __VA_ARGS__), (status))
#endif

/* Puts "prefix: " before a message that is already there (a callee knew the chunk, the caller knows
 * the file). */
void scree__base_error_prefix(struct scree_error *err, const char *format, ...) SCREE_PRINTF(2, 3);

#endif
