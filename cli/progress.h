/*
 * progress.h - what a run says on stderr while it works: a bar, lines or JSON, and the warnings.
 *
 * The library calls progress_update() and progress_log() from its threads, never two at a time.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/options.h"
#include "scree/base.h"

#include <pthread.h>
#include <stdbool.h>

enum progress_form { FORM_NONE, FORM_BAR, FORM_PLAIN, FORM_JSON };

struct progress {
    pthread_mutex_t lock; /* progress_pause() may come while the library reports */
    enum progress_form form;
    unsigned verbose;
    bool bar_shown;       /* a bar is on the terminal's current line */
    bool have_last, told; /* `last` is filled in; it has been said */
    double begun, stage_begun, last_said;
    struct scree_progress last;
};

void progress_init(struct progress *progress, const struct common_options *options);
/* Says what is left to say and takes the bar away. */
void progress_finish(struct progress *progress);
/* Takes the bar away for a while: something else is about to be printed. */
void progress_pause(struct progress *progress);
/* Seconds since progress_init(). */
double progress_seconds(const struct progress *progress);

/* Callbacks of scree_context_options; user is a struct progress. */
void progress_update(void *user, const struct scree_progress *now);
void progress_log(void *user, enum scree_log_level level, const char *message);

#endif
