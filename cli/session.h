/* session.h - a library context with the command line's ways: budget, threads, progress, signals.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/options.h"
#include "cli/progress.h"
#include "scree/base.h"

struct session {
    struct scree_context *context;
    struct progress progress;
};

/*
 * Starts a context. From here to session_end(), the first SIGINT or SIGTERM cancels the running
 * job; the second ends the program at once. session_end() accepts a session that is all zero.
 */
enum scree_status session_begin(struct session *session, const struct common_options *options,
                                struct scree_error *err);
void session_end(struct session *session);

/* Has a signal come? For loops over several files. */
bool session_interrupted(void);

/* The largest resident set so far (VmHWM), in bytes; 0 when the system does not say. */
uint64_t session_peak_resident_bytes(void);
uint64_t session_resident_bytes(void); /* now */

#endif
