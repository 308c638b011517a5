/* spent.c - what a run took. */
#include "cli/spent.h"
#include "cli/text.h"

#include <stdio.h>

struct spent spent_of(const struct session *session)
{
    return (struct spent){.budget_bytes = scree_context_budget_bytes(session->context),
                          .threads = scree_context_threads(session->context),
                          .seconds = progress_seconds(&session->progress),
                          .peak_budget_bytes = scree_context_peak_bytes(session->context),
                          .peak_resident_bytes = session_peak_resident_bytes()};
}

void spent_text(const struct spent *spent, uint64_t points, uint64_t scratch_bytes)
{
    fprintf(stderr, "  time     %s, %.2f M points/s, %u thread%s\n",
            seconds_text(spent->seconds).text,
            spent->seconds > 0 ? (double)points / spent->seconds * 1e-6 : 0, spent->threads,
            plural(spent->threads));
    fprintf(stderr, "  memory   peak %s of a budget of %s",
            size_text(spent->peak_budget_bytes).text, size_text(spent->budget_bytes).text);
    if (spent->peak_resident_bytes > 0)
        fprintf(stderr, "; peak resident %s", size_text(spent->peak_resident_bytes).text);
    if (scratch_bytes > 0)
        fprintf(stderr, "; scratch %s", size_text(scratch_bytes).text);
    fputc('\n', stderr);
}
