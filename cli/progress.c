/* progress.c - the bar, the lines, the JSON objects; warnings in between. */
#include "cli/progress.h"
#include "cli/numbers.h"
#include "cli/session.h"
#include "cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define QUIET_SECONDS 1.0 /* short runs show no bar */
#define BAR_EVERY 0.18    /* the library reports every 0.1 s: this makes five times a second */
#define PLAIN_EVERY 2.0
#define LINE_MAX_BYTES 512

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool is_terminal(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void progress_init(struct progress *progress, const struct common_options *options)
{
    memset(progress, 0, sizeof *progress);
    pthread_mutex_init(&progress->lock, NULL);
    progress->verbose = options->verbose;
    progress->begun = clock_seconds();
    switch ((enum progress_choice)options->progress) {
    case PROGRESS_AUTO:
        progress->form = is_terminal() ? FORM_BAR : FORM_NONE;
        break;
    case PROGRESS_PLAIN:
        progress->form = FORM_PLAIN;
        break;
    case PROGRESS_JSON:
        progress->form = FORM_JSON;
        break;
    case PROGRESS_NONE:
        progress->form = FORM_NONE;
        break;
    }
    if (options->quiet)
        progress->form = FORM_NONE;
}

double progress_seconds(const struct progress *progress)
{
    return clock_seconds() - progress->begun;
}

/* COLUMNS, if it is set, else the terminal's width, else 80. */
static unsigned terminal_columns(void)
{
    uint64_t columns;
    const char *text = getenv("COLUMNS");
    if (text != NULL && parse_integer(text, &columns) && columns > 0)
        return columns > LINE_MAX_BYTES - 1 ? LINE_MAX_BYTES - 1 : (unsigned)columns;
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col > LINE_MAX_BYTES - 1 ? LINE_MAX_BYTES - 1 : size.ws_col;
    return 80;
}

static void erase_bar(struct progress *progress)
{
    if (progress->bar_shown)
        fputs("\r\033[K", stderr);
    progress->bar_shown = false;
}

/* Appends when it fits into `columns`; the parts that matter most come first. */
static void append(char *line, size_t *used, size_t columns, const char *part)
{
    size_t bytes = strlen(part);
    if (*used + bytes > columns)
        return;
    memcpy(line + *used, part, bytes + 1);
    *used += bytes;
}

/* Items a second of the stage, once that can be told; else 0. */
static double rate_of(const struct progress *progress)
{
    const double seconds = clock_seconds() - progress->stage_begun;
    return seconds > 0.4 ? (double)progress->last.done / seconds : 0;
}

/* "build  54%  12.3M/22.7M  8.1M/s  0:12 left  mem 812M/2.0G  scratch 1.1G" */
static void compose(const struct progress *progress, char *line, size_t columns)
{
    const struct scree_progress *now = &progress->last;
    const double rate = rate_of(progress);
    char part[160];
    size_t used = 0;
    line[0] = '\0';
    snprintf(part, sizeof part, "%.24s", now->stage);
    append(line, &used, columns, part);
    if (now->total > 0) {
        uint64_t done = now->done < now->total ? now->done : now->total;
        snprintf(part, sizeof part, " %3.0f%%", 100.0 * (double)done / (double)now->total);
        append(line, &used, columns, part);
        snprintf(part, sizeof part, "  %s/%s", compact_text(done).text,
                 compact_text(now->total).text);
    } else
        snprintf(part, sizeof part, "  %s", compact_text(now->done).text);
    append(line, &used, columns, part);
    if (rate > 0) {
        snprintf(part, sizeof part, "  %s/s", compact_text((uint64_t)rate).text);
        append(line, &used, columns, part);
    }
    if (rate > 0 && now->total > now->done) {
        double left = (double)(now->total - now->done) / rate;
        snprintf(part, sizeof part, "  %s left", clock_text(left).text);
        append(line, &used, columns, part);
    }
    snprintf(part, sizeof part, "  mem %s/%s", size_letter_text(now->memory_bytes).text,
             size_letter_text(now->budget_bytes).text);
    append(line, &used, columns, part);
    if (now->scratch_bytes > 0) {
        snprintf(part, sizeof part, "  scratch %s", size_letter_text(now->scratch_bytes).text);
        append(line, &used, columns, part);
    }
}

/* The words, then as much of a bar as the line has room for. */
static void say_bar(struct progress *progress)
{
    char line[LINE_MAX_BYTES], bar[48] = "";
    unsigned columns = terminal_columns() - 1; /* the last column makes some terminals wrap */
    const struct scree_progress *now = &progress->last;
    compose(progress, line, columns);
    size_t used = strlen(line);
    if (now->total > 0 && columns > used + 12) {
        size_t width = columns - used - 4;
        width = width > 40 ? 40 : width;
        double share = (double)now->done / (double)now->total;
        size_t filled = share >= 1 ? width : (size_t)(share * (double)width);
        memset(bar, '=', filled);
        memset(bar + filled, ' ', width - filled);
        bar[width] = '\0';
        fprintf(stderr, "\r\033[K%s  [%s]", line, bar);
    } else
        fprintf(stderr, "\r\033[K%s", line);
    progress->bar_shown = true;
}

static void say_plain(struct progress *progress)
{
    char line[LINE_MAX_BYTES];
    compose(progress, line, sizeof line - 1);
    fprintf(stderr, "scree: %s\n", line);
}

static void say_json(struct progress *progress)
{
    const struct scree_progress *now = &progress->last;
    const double rate = rate_of(progress);
    char left[40] = "null";
    if (now->total > 0 && (rate > 0 || now->done >= now->total))
        snprintf(left, sizeof left, "%.3f",
                 now->done < now->total ? (double)(now->total - now->done) / rate : 0);
    fprintf(stderr,
            "{\"schema\":1,\"stage\":\"%s\",\"done\":%llu,\"total\":%llu,\"memory_bytes\":%llu,"
            "\"budget_bytes\":%llu,\"scratch_bytes\":%llu,\"seconds\":%.3f,"
            "\"seconds_left\":%s,\"resident_bytes\":%llu}\n",
            now->stage, (unsigned long long)now->done, (unsigned long long)now->total,
            (unsigned long long)now->memory_bytes, (unsigned long long)now->budget_bytes,
            (unsigned long long)now->scratch_bytes, progress_seconds(progress), left,
            (unsigned long long)session_resident_bytes());
}

static void say(struct progress *progress, double now)
{
    if (progress->form == FORM_BAR)
        say_bar(progress);
    else if (progress->form == FORM_PLAIN)
        say_plain(progress);
    else
        say_json(progress);
    (void)fflush(stderr);
    progress->last_said = now;
    progress->told = true;
}

/* The end of a stage is said in the forms that leave a record. */
static void end_stage(struct progress *progress, double now)
{
    if (progress->have_last && !progress->told &&
        (progress->form == FORM_PLAIN || progress->form == FORM_JSON))
        say(progress, now);
}

static void update_locked(struct progress *progress, const struct scree_progress *update)
{
    double now = clock_seconds();
    bool new_stage = !progress->have_last || strcmp(progress->last.stage, update->stage) != 0 ||
                     update->done < progress->last.done;
    if (new_stage) {
        end_stage(progress, now);
        progress->stage_begun = now;
    }
    bool changed = new_stage || update->done != progress->last.done;
    bool complete = update->total > 0 && update->done >= update->total;
    progress->last = *update;
    progress->have_last = true;
    if (!changed)
        return;
    progress->told = false;
    double every = progress->form == FORM_PLAIN ? PLAIN_EVERY : BAR_EVERY;
    if (progress->form == FORM_BAR) {
        if (now - progress->begun >= QUIET_SECONDS && now - progress->last_said >= every)
            say(progress, now);
    } else if (complete || now - progress->last_said >= every)
        say(progress, now);
}

void progress_update(void *user, const struct scree_progress *update)
{
    struct progress *progress = user;
    if (progress->form == FORM_NONE || update->stage == NULL)
        return;
    pthread_mutex_lock(&progress->lock);
    update_locked(progress, update);
    pthread_mutex_unlock(&progress->lock);
}

void progress_pause(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    erase_bar(progress);
    (void)fflush(stderr);
    pthread_mutex_unlock(&progress->lock);
}

void progress_finish(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    end_stage(progress, clock_seconds());
    erase_bar(progress);
    (void)fflush(stderr);
    pthread_mutex_unlock(&progress->lock);
}

void progress_log(void *user, enum scree_log_level level, const char *message)
{
    struct progress *progress = user;
    if (level == SCREE_LOG_INFO && progress->verbose < 1)
        return;
    if (level >= SCREE_LOG_DEBUG && progress->verbose < 2)
        return;
    pthread_mutex_lock(&progress->lock);
    erase_bar(progress);
    fputs(level == SCREE_LOG_WARNING ? "scree: warning: " : "scree: ", stderr);
    put_clean(stderr, message);
    fputc('\n', stderr);
    pthread_mutex_unlock(&progress->lock);
}
