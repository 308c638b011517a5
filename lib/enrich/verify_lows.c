/* verify_lows.c - where the ground is thinned by a grid: the lowest ground point of each cell of the survey, from one more scan, as long as the budget has room for all cells. */
#include "base/error.h"
#include "enrich/verify.h"

#include <inttypes.h>
#include <string.h>

/* Half of what the budget has left, so that there is room for the scans that follow. */
void scree__verify_lows_begin(struct verify *verify)
{
    const uint64_t all = scree_context_budget_bytes(verify->job->context);
    const uint64_t used = scree__mem_budget_used(verify->budget);
    const uint64_t room = all > used ? (all - used) / 2 : 0;
    uint64_t most = 1;
    while (2 * most * (sizeof(struct scree__enrich_low) * 3 / 2) <= room)
        most *= 2;
    verify->lows_most = most / 4 * 3; /* a table grows to twice its size beside itself */
    scree__par_lock_init(&verify->lock);
    scree__enrich_lows_init(&verify->lows, verify->budget, &verify->engine->question.ground_cells);
}

void scree__verify_lows_look(struct verify *verify, const int32_t at[3])
{
    enum scree_status status = SCREE_OK;
    scree__par_lock_take(&verify->lock);
    if (verify->heights && verify->lows.count < verify->lows_most)
        status = scree__enrich_lows_put(&verify->lows, at, NULL);
    else
        status = SCREE_E_BUDGET;
    verify->heights = verify->heights && status == SCREE_OK;
    verify->lows_failed = verify->lows_failed || status == SCREE_E_MEMORY;
    scree__par_lock_give(&verify->lock);
}

enum scree_status scree__verify_lows_end(struct verify *verify, struct scree_error *err)
{
    if (verify->lows_failed)
        return scree__base_fail(err, SCREE_E_MEMORY, "lowest points of cells: out of memory");
    if (!verify->heights)
        scree__par_log(verify->job->context, SCREE_LOG_WARNING,
                       "%s: heights and scores are not verified: the ground has more cells of %g "
                       "units than %" PRIu64 ", for which the budget has room",
                       verify->job->options.input, verify->engine->survey.ground_cell,
                       verify->lows_most);
    return SCREE_OK;
}

bool scree__verify_is_lowest(const struct verify *verify, const int32_t at[3])
{
    if (verify->engine->question.ground_cells.side == 0)
        return true;
    const struct scree__enrich_low *low = scree__enrich_lows_find(&verify->lows, at[0], at[1]);
    return low != NULL && memcmp(low->at, at, sizeof low->at) == 0;
}

void scree__verify_lows_release(struct verify *verify)
{
    if (verify->lows.budget == NULL)
        return;
    scree__enrich_lows_release(&verify->lows);
    scree__par_lock_release(&verify->lock);
}
