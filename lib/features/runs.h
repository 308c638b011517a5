/*
 * runs.h - which points of an index lie in a box: runs of points of the leaves that meet it.
 */
#ifndef SCREE_LIB_FEATURES_RUNS_H
#define SCREE_LIB_FEATURES_RUNS_H

#include "features/index.h"

struct features_box {
    int64_t min[3], max[3];
};

#define FEATURES_RUNS_MAX 256u

/* Runs of points that meet the box; runs that touch are one. */
struct features_runs {
    struct {
        uint32_t first, count;
    } run[FEATURES_RUNS_MAX];
    uint32_t count;
    uint64_t points;
};

void scree__features_find_runs(const struct scree__features_index *index,
                               const struct features_box *box, struct features_runs *runs);
uint64_t scree__features_runs_total(const struct features_runs *runs);

static inline bool features_inside(const struct features_node *node, const struct features_box *box)
{
    for (int a = 0; a < 3; a++)
        if (node->min[a] < box->min[a] || node->max[a] > box->max[a])
            return false;
    return true;
}

#endif
