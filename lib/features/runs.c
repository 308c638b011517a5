/* runs.c - a walk over an index. */
#include "features/runs.h"

static bool apart(const struct features_node *node, const struct features_box *box)
{
    for (int a = 0; a < 3; a++)
        if (node->min[a] > box->max[a] || node->max[a] < box->min[a])
            return true;
    return false;
}

static void add_run(struct features_runs *runs, uint32_t first, uint32_t count)
{
    runs->points += count;
    if (runs->count > 0) {
        uint32_t last = runs->count - 1;
        uint32_t end = runs->run[last].first + runs->run[last].count;
        /* When the list is full, what lies between is taken, too: the loops look at each point. */
        if (end == first || runs->count == FEATURES_RUNS_MAX) {
            runs->run[last].count = first + count - runs->run[last].first;
            return;
        }
    }
    runs->run[runs->count].first = first;
    runs->run[runs->count++].count = count;
}

/* A walk with a stack of its own: at most 7 siblings wait on each of the 40 levels. */
void scree__features_find_runs(const struct scree__features_index *index,
                               const struct features_box *box, struct features_runs *runs)
{
    uint32_t stack[7 * 40 + 8];
    unsigned depth = 0;
    runs->count = 0;
    runs->points = 0;
    stack[depth++] = 0;
    while (depth > 0) {
        const struct features_node *node = &index->nodes[stack[--depth]];
        if (apart(node, box))
            continue;
        if (node->child_count == 0 || features_inside(node, box)) {
            add_run(runs, node->first, node->count);
            continue;
        }
        for (uint32_t c = node->child_count; c > 0; c--)
            stack[depth++] = node->child + c - 1;
    }
}

uint64_t scree__features_runs_total(const struct features_runs *runs)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < runs->count; i++)
        total += runs->run[i].count;
    return total;
}
