/* count.c - how many points lie within a radius. */
#include "base/error.h"
#include "features/nearest.h"
#include "features/runs.h"
#include "features/search.h"

#include <math.h>
#include <string.h>

struct count {
    struct scree__mem_budget *budget;
    const struct scree__features_index *index, *among;
    const struct features_loops *loops;
    uint64_t limit2;
    int64_t radius;
    uint32_t *counts;
    struct features_candidates near;
    uint64_t capacity;
    struct scree_error *err;
};

static enum scree_status reserve(struct count *count, uint64_t points)
{
    uint64_t need = points + FEATURES_ROOM;
    void *memory;
    if (need <= count->capacity)
        return SCREE_OK;
    scree__mem_free(count->budget, count->near.xy, count->capacity * 2 * sizeof(int32_t));
    count->near.xy = NULL;
    count->capacity = 0;
    need += need / 2;
    enum scree_status status = scree__mem_alloc(count->budget, need * 2 * sizeof(int32_t), &memory,
                                                "neighbours", count->err);
    if (status != SCREE_OK)
        return status;
    count->capacity = need;
    count->near.xy = memory;
    count->near.z = count->near.xy + need;
    return SCREE_OK;
}

static bool wanted(const struct count *count, uint32_t i)
{
    return (count->index->source[i] & FEATURES_SOURCE_WANTED) != 0;
}

static uint32_t *place_of(const struct count *count, uint32_t i)
{
    return &count->counts[count->index->source[i] & ~FEATURES_SOURCE_WANTED];
}

static enum scree_status count_near(struct count *count, const struct features_node *leaf,
                                    const struct features_box *box,
                                    const struct features_runs *runs)
{
    const struct scree__features_index *index = count->index, *among = count->among;
    enum scree_status status = reserve(count, scree__features_runs_total(runs));
    if (status != SCREE_OK)
        return status;
    count->near.count = 0;
    for (int a = 0; a < 3; a++) {
        count->near.low[a] = (int32_t)box->min[a];
        count->near.span[a] = (uint32_t)(box->max[a] - box->min[a]);
    }
    for (uint32_t r = 0; r < runs->count; r++) {
        uint32_t first = runs->run[r].first;
        count->loops->take(&count->near, among->x + first, among->y + first, among->z + first,
                           runs->run[r].count);
    }
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        const uint32_t at[3] = {(uint32_t)(index->x[i] - box->min[0]),
                                (uint32_t)(index->y[i] - box->min[1]),
                                (uint32_t)(index->z[i] - box->min[2])};
        if (wanted(count, i))
            *place_of(count, i) = count->loops->within(&count->near, at, (uint32_t)count->limit2);
    }
    return SCREE_OK;
}

static uint64_t square(int64_t d)
{
    return (uint64_t)(d * d);
}

/* Boxes beyond 16-bit offsets. */
static void count_far(struct count *count, const struct features_node *leaf,
                      const struct features_runs *runs)
{
    const struct scree__features_index *index = count->index, *among = count->among;
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        uint32_t found = 0;
        if (!wanted(count, i))
            continue;
        for (uint32_t r = 0; r < runs->count; r++)
            for (uint32_t j = runs->run[r].first; j < runs->run[r].first + runs->run[r].count; j++)
                found += square((int64_t)among->x[j] - index->x[i]) +
                             square((int64_t)among->y[j] - index->y[i]) +
                             square((int64_t)among->z[j] - index->z[i]) <=
                         count->limit2;
        *place_of(count, i) = found;
    }
}

static enum scree_status count_leaf(struct count *count, const struct features_node *leaf)
{
    struct features_box box;
    struct features_runs runs;
    bool near = count->limit2 < (uint64_t)FEATURES_NEAR_REACH * FEATURES_NEAR_REACH, any = false;
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count && !any; i++)
        any = wanted(count, i);
    if (!any)
        return SCREE_OK;
    for (int a = 0; a < 3; a++) {
        box.min[a] = leaf->min[a] - count->radius;
        box.max[a] = leaf->max[a] + count->radius;
        near = near && (int64_t)leaf->max[a] - leaf->min[a] + count->radius <= FEATURES_NEAR_REACH;
    }
    scree__features_find_runs(count->among, &box, &runs);
    if (near)
        return count_near(count, leaf, &box, &runs);
    count_far(count, leaf, &runs);
    return SCREE_OK;
}

enum scree_status scree__features_count(struct scree__mem_budget *budget,
                                        const struct scree__features_index *index,
                                        const struct scree__features_index *among, uint64_t limit2,
                                        uint32_t *counts, struct scree_error *err)
{
    struct count count = {.budget = budget,
                          .index = index,
                          .among = among,
                          .loops = scree__features_loops(),
                          .limit2 = limit2,
                          .radius = (int64_t)sqrt((double)limit2) + 1,
                          .counts = counts,
                          .err = err};
    enum scree_status status = SCREE_OK;
    if (among->count == 0)
        return SCREE_OK;
    for (uint64_t i = 0; i < index->node_count && status == SCREE_OK; i++)
        if (index->nodes[i].child_count == 0)
            status = count_leaf(&count, &index->nodes[i]);
    scree__mem_free(budget, count.near.xy, count.capacity * 2 * sizeof(int32_t));
    return status;
}
