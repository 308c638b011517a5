/* status.h - exit codes, and how a failure is said. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "scree/base.h"

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_FAILED = 1, /* data or I/O */
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_BUDGET = 3, /* the memory budget is too small */
    EXIT_CODE_PARTLY = 4, /* a batch is through, but some of its inputs failed, or lost points */
    EXIT_CODE_INTERRUPTED = 130
};

enum exit_code status_exit_code(enum scree_status status);

/* Says on stderr why a call failed and what would help; returns the exit code. */
enum exit_code status_report(enum scree_status status, const struct scree_error *err);

/* Flushes and closes stdout. When what was written did not arrive, says so and returns a failure
 * instead of `code`. */
int status_close_stdout(int code);

/* Ends the program: there is no memory left for a few strings. */
_Noreturn void status_out_of_memory(void);

#endif
