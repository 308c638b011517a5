/*
 * count.c - how many points lie within a radius: leaf by leaf, nodes that lie within it of the whole leaf by their counts, the points of those on the
 * border one by one.
 */
#include "base/error.h"
#include "features/nearest.h"
#include "features/search.h"

#include <math.h>
#include <string.h>

struct run {
    uint32_t first, end;
};

struct count {
    struct scree__mem_budget *budget;
    const struct scree__features_index *index, *among;
    const struct features_loops *loops;
    uint64_t limit2;
    int64_t radius;
    uint32_t *counts;
    struct run *runs; /* of points that a leaf has to look at one by one */
    uint64_t run_count, run_capacity;
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

static uint64_t square(int64_t d)
{
    return (uint64_t)(d * d);
}

/* ------------------------------------------------------------------------------------------ walk */

enum relation { OUTSIDE, ASTRIDE, INSIDE };

/* Of all pairs of points of two boxes: are none, some or all within the radius? */
static enum relation relation_of(const struct count *count, const struct features_node *a,
                                 const struct features_node *b)
{
    uint64_t nearest2 = 0, farthest2 = 0;
    for (int i = 0; i < 3; i++) {
        int64_t below = (int64_t)b->min[i] - a->max[i], above = (int64_t)a->min[i] - b->max[i];
        int64_t gap = below > above ? below : above;
        int64_t one = (int64_t)b->max[i] - a->min[i], other = (int64_t)a->max[i] - b->min[i];
        nearest2 += gap > 0 ? square(gap) : 0;
        farthest2 += square(one > other ? one : other);
    }
    return nearest2 > count->limit2 ? OUTSIDE : farthest2 <= count->limit2 ? INSIDE : ASTRIDE;
}

static enum scree_status add_run(struct count *count, uint32_t first, uint32_t points)
{
    void *array = count->runs;
    if (count->run_count > 0 && count->runs[count->run_count - 1].end == first) {
        count->runs[count->run_count - 1].end += points;
        return SCREE_OK;
    }
    enum scree_status status =
        scree__mem_grow(count->budget, &array, &count->run_capacity, count->run_count + 1,
                        sizeof *count->runs, "neighbours", count->err);
    count->runs = array;
    if (status == SCREE_OK)
        count->runs[count->run_count++] = (struct run){first, first + points};
    return status;
}

/* How many points lie within the radius of every point of the leaf; runs: those that may lie within it of some. A stack as that of
 * scree__features_find_runs(). */
static enum scree_status sort_out(struct count *count, const struct features_node *leaf,
                                  uint32_t *common)
{
    const struct scree__features_index *among = count->among;
    uint32_t stack[7 * 40 + 8];
    unsigned depth = 0;
    enum scree_status status = SCREE_OK;
    *common = 0;
    count->run_count = 0;
    stack[depth++] = 0;
    while (depth > 0 && status == SCREE_OK) {
        const struct features_node *node = &among->nodes[stack[--depth]];
        enum relation relation = relation_of(count, leaf, node);
        if (relation == INSIDE)
            *common += node->count;
        else if (relation == ASTRIDE && node->child_count == 0)
            status = add_run(count, node->first, node->count);
        else if (relation == ASTRIDE)
            for (uint32_t c = node->child_count; c > 0; c--)
                stack[depth++] = node->child + c - 1;
    }
    return status;
}

/* ---------------------------------------------------------------------------------------- leaves */

static enum scree_status count_near(struct count *count, const struct features_node *leaf,
                                    uint32_t common)
{
    const struct scree__features_index *index = count->index, *among = count->among;
    struct features_candidates *near = &count->near;
    uint64_t points = 0;
    for (uint64_t r = 0; r < count->run_count; r++)
        points += count->runs[r].end - count->runs[r].first;
    enum scree_status status = reserve(count, points);
    if (status != SCREE_OK)
        return status;
    near->count = 0;
    for (int a = 0; a < 3; a++) {
        near->low[a] = (int32_t)(leaf->min[a] - count->radius);
        near->span[a] = (uint32_t)(leaf->max[a] - leaf->min[a] + 2 * count->radius);
    }
    for (uint64_t r = 0; r < count->run_count; r++) {
        uint32_t first = count->runs[r].first;
        count->loops->take(near, among->x + first, among->y + first, among->z + first,
                           count->runs[r].end - first);
    }
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        const uint32_t at[3] = {(uint32_t)(index->x[i] - near->low[0]),
                                (uint32_t)(index->y[i] - near->low[1]),
                                (uint32_t)(index->z[i] - near->low[2])};
        if (wanted(count, i))
            *place_of(count, i) += common + count->loops->within(near, at, (uint32_t)count->limit2);
    }
    return SCREE_OK;
}

/* Boxes beyond 16-bit offsets. */
static void count_far(struct count *count, const struct features_node *leaf, uint32_t common)
{
    const struct scree__features_index *index = count->index, *among = count->among;
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        uint32_t found = common;
        if (!wanted(count, i))
            continue;
        for (uint64_t r = 0; r < count->run_count; r++)
            for (uint32_t j = count->runs[r].first; j < count->runs[r].end; j++)
                found += square((int64_t)among->x[j] - index->x[i]) +
                             square((int64_t)among->y[j] - index->y[i]) +
                             square((int64_t)among->z[j] - index->z[i]) <=
                         count->limit2;
        *place_of(count, i) += found;
    }
}

/* What one point of a leaf at one position has got, the others get as well. */
static void add_to_others(struct count *count, const struct features_node *leaf, uint32_t first,
                          uint32_t added)
{
    for (uint32_t i = first + 1; i < leaf->first + leaf->count; i++)
        if (wanted(count, i))
            *place_of(count, i) += added;
}

static enum scree_status count_leaf(struct count *count, const struct features_node *leaf)
{
    struct features_node part = *leaf;
    bool near = count->limit2 < (uint64_t)FEATURES_NEAR_REACH * FEATURES_NEAR_REACH;
    uint32_t common;
    while (part.count > 0 && !wanted(count, part.first)) {
        part.first++;
        part.count--;
    }
    if (part.count == 0)
        return SCREE_OK;
    bool position = memcmp(leaf->min, leaf->max, sizeof leaf->min) == 0;
    if (position)
        part.count = 1;
    for (int a = 0; a < 3; a++)
        near = near && (int64_t)leaf->max[a] - leaf->min[a] + count->radius <= FEATURES_NEAR_REACH;
    uint32_t before = *place_of(count, part.first);
    enum scree_status status = sort_out(count, &part, &common);
    if (status == SCREE_OK && near)
        status = count_near(count, &part, common);
    else if (status == SCREE_OK)
        count_far(count, &part, common);
    if (status == SCREE_OK && position)
        add_to_others(count, leaf, part.first, *place_of(count, part.first) - before);
    return status;
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
    scree__mem_free(budget, count.runs, count.run_capacity * sizeof *count.runs);
    return status;
}
