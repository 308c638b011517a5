/* read_report.c - what was noticed while the inputs were read, one warning for all files concerned. */
#include "copc/job.h"

#include <stdio.h>
#include <string.h>

#define NAMED_FILES_MAX 4u
/* Coordinates that moved by less than this part of a unit were carried over, not rounded. */
#define ROUNDING_WORTH_SAYING 0.01

typedef uint64_t (*counted)(const struct scree_convert_job *job,
                            const struct scree__copc_input *input);

static uint64_t count_zero_returns(const struct scree_convert_job *job,
                                   const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.zero_returns;
}

static uint64_t count_excess_returns(const struct scree_convert_job *job,
                                     const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.excess_returns;
}

static uint64_t count_eight_bit(const struct scree_convert_job *job,
                                const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.color_max > 0 && input->stats.color_max <= 255 ? input->header.point_count
                                                                       : 0;
}

static uint64_t count_rounded(const struct scree_convert_job *job,
                              const struct scree__copc_input *input)
{
    for (int a = 0; a < 3; a++)
        if (input->stats.rounding_max > job->grid.scale[a] * ROUNDING_WORTH_SAYING)
            return input->header.point_count;
    return 0;
}

static uint64_t count_lacking(const struct scree_convert_job *job,
                              const struct scree__copc_input *input)
{
    (void)job;
    return input->lacks_extra_bytes ? input->header.point_count : 0;
}

/* One warning for all files concerned: how many points, in which files, and `what`. */
static void warn_of(const struct scree_convert_job *job, counted count_of, const char *what)
{
    char names[512] = "";
    uint64_t points = 0, files = 0;
    for (uint64_t i = 0; i < job->input_count; i++) {
        uint64_t count = count_of(job, &job->inputs[i]);
        if (count == 0)
            continue;
        points += count;
        if (files++ < NAMED_FILES_MAX) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                     job->inputs[i].path);
        }
    }
    if (points > 0)
        scree__par_log(job->context, SCREE_LOG_WARNING, "%llu points in %llu file%s (%s%s) %s",
                       (unsigned long long)points, (unsigned long long)files, files == 1 ? "" : "s",
                       names, files > NAMED_FILES_MAX ? ", ..." : "", what);
}

void scree__copc_read_report(const struct scree_convert_job *job)
{
    char text[160];
    double rounding = 0;
    for (uint64_t i = 0; i < job->input_count; i++)
        if (job->inputs[i].stats.rounding_max > rounding)
            rounding = job->inputs[i].stats.rounding_max;
    warn_of(job, count_zero_returns,
            job->fix_returns ? "had return number 0: set to 1"
                             : "have return number 0: kept (--fix-returns repairs them)");
    warn_of(job, count_excess_returns,
            job->fix_returns
                ? "had a return number above the number of returns: the latter was raised"
                : "have a return number above the number of returns: kept (--fix-returns repairs "
                  "them)");
    warn_of(
        job, count_eight_bit,
        job->scale_colors
            ? "had 8-bit colours: scaled to 16 bits"
            : "have 8-bit colours, which viewers show black: kept (--scale-colors repairs them)");
    snprintf(text, sizeof text, "were rounded to the output's grid; the largest error is %.3g",
             rounding);
    warn_of(job, count_rounded, text);
    warn_of(job, count_lacking,
            "lack extra bytes that other inputs have: filled with no_data, or 0");
}
