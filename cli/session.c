/* session.c - a library context with the command line's ways. */
#include "cli/session.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the handler may touch. */
static _Atomic(struct scree_context *) running;
static volatile sig_atomic_t interrupted;

static void set_handler(void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void on_signal(int number)
{
    (void)number;
    set_handler(SIG_DFL);
    interrupted = 1;
    struct scree_context *context = atomic_load(&running);
    if (context != NULL)
        scree_context_cancel(context);
}

enum scree_status session_begin(struct session *session, const struct common_options *options,
                                struct scree_error *err)
{
    struct scree_context_options wanted;
    memset(session, 0, sizeof *session);
    progress_init(&session->progress, options);
    scree_context_options_init(&wanted);
    wanted.memory_bytes = options->memory_bytes;
    wanted.huge_pages = options->huge_pages != 0;
    wanted.threads = (unsigned)options->threads;
    wanted.user = &session->progress;
    wanted.log = progress_log;
    wanted.progress = progress_update;
    enum scree_status status = scree_context_new(&wanted, &session->context, err);
    if (status != SCREE_OK)
        return status;
    atomic_store(&running, session->context);
    set_handler(on_signal);
    return SCREE_OK;
}

void session_end(struct session *session)
{
    if (session->context == NULL)
        return;
    set_handler(SIG_DFL);
    atomic_store(&running, NULL);
    progress_finish(&session->progress);
    scree_context_free(session->context);
    session->context = NULL;
}

bool session_interrupted(void)
{
    return interrupted != 0;
}

static uint64_t status_bytes(const char *form)
{
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return 0;
    char line[256];
    uint64_t kib = 0;
    const size_t length = strlen(form);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, form, length) == 0) {
            kib = strtoull(line + length, NULL, 10);
            break;
        }
    }
    (void)fclose(file);
    return kib * 1024;
}

uint64_t session_peak_resident_bytes(void)
{
    return status_bytes("VmHWM:");
}

uint64_t session_resident_bytes(void)
{
    return status_bytes("VmRSS:");
}
