/*
 * window_counts.c - how many points lie within the count radius, and how many of them are early returns: among a window's points where all within
 * the radius are there, else among those around a part, some at a time.
 */
#include "base/error.h"
#include "enrich/window_slice.h"

/* Others within the count radius, and the share of early returns among them and the point itself. */
static void set_count(struct scree__enrich_window *window, uint32_t i, uint64_t count,
                      uint64_t early)
{
    uint64_t share = count > 0 ? (early * 255 + count / 2) / count : 0;
    uint64_t others = (window->core[i].roles & ENRICH_NEIGHBOR) && count > 0 ? count - 1 : count;
    others = others > 0xFFFFFF ? 0xFFFFFF : others;
    window->values[i].count = (uint32_t)(share << 24 | others);
}

enum scree_status scree__enrich_window_count(struct scree__enrich_window *window,
                                             const struct scree__enrich_slice *slice,
                                             const struct scree__features_index *index,
                                             const struct scree__features_points *points,
                                             struct scree_error *err)
{
    struct scree__mem_budget *budget = window->store->budget;
    struct scree__features_index early;
    uint32_t *all = (uint32_t *)(void *)window->rows, *of_them = all + window->count;
    memset(all, 0, (size_t)window->count * 8);
    for (uint32_t i = 0; i < window->count; i++)
        if (!(window->roles[i] & ENRICH_EARLY))
            window->roles[i] &= (uint8_t)~ENRICH_NEIGHBOR;
    enum scree_status status = scree__features_index_build(budget, points, &early, err);
    if (status == SCREE_OK)
        status = scree__features_count(budget, index, index, window->question->count2, all, err);
    if (status == SCREE_OK)
        status =
            scree__features_count(budget, index, &early, window->question->count2, of_them, err);
    scree__features_index_release(&early);
    for (uint32_t i = slice->first; i < slice->end && status == SCREE_OK; i++)
        if (window->core[i].roles & ENRICH_NEIGHBOR)
            set_count(window, i, all[i - slice->first], of_them[i - slice->first]);
    return status;
}

/* ---------------------------------------------------------------------------------- some at a time */

/* More copies of one position than this are not put into an index. */
#define COPIES 64u

struct around {
    struct scree__enrich_window *window;
    const struct scree__enrich_node *part;
    const struct scree__features_index *index; /* of the part's wanted points */
    uint64_t common, common_early;             /* within the radius of all of them */
    uint32_t *all, *early;                     /* and of each one beyond that */
    struct scree__enrich_walk *walk;
    enum scree_status status;
    struct scree_error *err;
};

/* Squared distances of two boxes' nearest or farthest points; UINT64_MAX: beyond what a radius can be. */
static uint64_t boxes_distance2(const struct scree__enrich_node *a,
                                const struct scree__enrich_node *b, bool farthest)
{
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        int64_t one = farthest ? (int64_t)b->max[i] - a->min[i] : (int64_t)b->min[i] - a->max[i];
        int64_t other = farthest ? (int64_t)a->max[i] - b->min[i] : (int64_t)a->min[i] - b->max[i];
        int64_t d = one > other ? one : other;
        if (d > ENRICH_REACH)
            return UINT64_MAX;
        sum += d > 0 ? (uint64_t)(d * d) : 0;
    }
    return sum;
}

static bool around_meets(void *user, const struct scree__enrich_node *node)
{
    const struct around *around = user;
    return node->neighbors > 0 &&
           boxes_distance2(around->part, node, false) <= around->window->question->count2;
}

static bool around_swallow(void *user, const struct scree__enrich_node *node)
{
    struct around *around = user;
    if (boxes_distance2(around->part, node, true) > around->window->question->count2)
        return false;
    around->common += node->neighbors;
    around->common_early += node->early;
    return true;
}

static enum scree_status add_counts(const struct around *around, uint32_t *counts)
{
    struct scree__enrich_window *window = around->window;
    struct scree__features_index among;
    struct scree__features_points points = {
        window->x + window->core_count, window->y + window->core_count,
        window->z + window->core_count, window->roles + window->core_count,
        window->count - window->core_count};
    enum scree_status status =
        scree__features_index_build(window->store->budget, &points, &among, around->err);
    if (status == SCREE_OK)
        status = scree__features_count(window->store->budget, around->index, &among,
                                       window->question->count2, counts, around->err);
    scree__features_index_release(&among);
    return status;
}

/* Counts among the points that have been put behind those of the part, and lets them go. */
static void count_some(struct around *around)
{
    struct scree__enrich_window *window = around->window;
    if (window->count == window->core_count || around->status != SCREE_OK)
        return;
    around->status = add_counts(around, around->all);
    for (uint32_t i = window->core_count; i < window->count; i++)
        if (!(window->roles[i] & ENRICH_EARLY))
            window->roles[i] &= (uint8_t)~ENRICH_NEIGHBOR;
    if (around->status == SCREE_OK)
        around->status = add_counts(around, around->early);
    window->count = window->core_count;
    around->walk->done = around->status != SCREE_OK;
}

/* Many points at one position. */
static void count_position(struct around *around, const struct scree__enrich_node *node)
{
    const struct scree__enrich_window *window = around->window;
    for (uint32_t i = 0; i < window->core_count; i++) {
        struct scree__enrich_node here;
        memcpy(here.min, window->core[i].at, sizeof here.min);
        memcpy(here.max, window->core[i].at, sizeof here.max);
        if (boxes_distance2(&here, node, false) > window->question->count2)
            continue;
        around->all[i] += (uint32_t)node->neighbors;
        around->early[i] += (uint32_t)node->early;
    }
}

static void around_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct around *around = user;
    struct scree__enrich_window *window = around->window;
    bool position = scree__enrich_one_position(node);
    if (position && node->neighbors > COPIES) {
        count_position(around, node);
        return;
    }
    uint64_t copies = position ? node->neighbors : 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        uint32_t roles = p->what >> ENRICH_INDEX_BITS & (ENRICH_NEIGHBOR | ENRICH_EARLY);
        for (uint64_t c = 0; c < copies && (roles & ENRICH_NEIGHBOR); c++) {
            if (window->count == window->capacity)
                count_some(around);
            if (around->status != SCREE_OK)
                return;
            window->x[window->count] = scree__enrich_minus(p->x, window->middle[0]);
            window->y[window->count] = scree__enrich_minus(p->y, window->middle[1]);
            window->z[window->count] = scree__enrich_minus(p->z, window->middle[2]);
            window->roles[window->count++] =
                (uint8_t)(roles | (position && c < node->early ? ENRICH_EARLY : 0));
        }
    }
}

/* The part's wanted points, whether they count or not, as those that ask. */
static void place_asking(struct scree__enrich_window *window, const struct scree__enrich_node *part)
{
    for (int a = 0; a < 3; a++)
        window->middle[a] = (int32_t)(((int64_t)part->min[a] + part->max[a]) / 2);
    for (uint32_t i = 0; i < window->core_count; i++) {
        const struct scree__enrich_core *core = &window->core[i];
        window->x[i] = scree__enrich_minus(core->at[0], window->middle[0]);
        window->y[i] = scree__enrich_minus(core->at[1], window->middle[1]);
        window->z[i] = scree__enrich_minus(core->at[2], window->middle[2]);
        window->roles[i] = core->roles & ENRICH_WANTED ? FEATURES_WANTED | FEATURES_NEIGHBOUR : 0;
    }
    window->count = window->core_count;
}

enum scree_status scree__enrich_window_count_all(struct scree__enrich_window *window, uint32_t node,
                                                 struct scree_error *err)
{
    struct scree__features_index index;
    struct scree__enrich_walk walk = {
        .meets = around_meets, .swallow = around_swallow, .take = around_take};
    struct around around = {.window = window,
                            .part = &window->store->nodes[node],
                            .index = &index,
                            .all = (uint32_t *)(void *)window->rows,
                            .walk = &walk,
                            .err = err};
    place_asking(window, around.part);
    struct scree__features_points points = {window->x, window->y, window->z, window->roles,
                                            window->core_count};
    around.early = around.all + window->core_count;
    memset(around.all, 0, (size_t)window->core_count * 8);
    walk.user = &around;
    memcpy(walk.at, window->middle, sizeof walk.at);
    enum scree_status status =
        scree__features_index_build(window->store->budget, &points, &index, err);
    if (status == SCREE_OK)
        status = scree__enrich_walk(&window->seek, &walk, err);
    if (status == SCREE_OK) {
        count_some(&around);
        status = around.status;
    }
    scree__features_index_release(&index);
    for (uint32_t i = 0; i < window->core_count && status == SCREE_OK; i++)
        if (window->core[i].roles & ENRICH_WANTED)
            set_count(window, i, around.common + around.all[i],
                      around.common_early + around.early[i]);
    return status;
}

/* ------------------------------------------------------------------------------------- one by one */

enum scree_status scree__enrich_window_seek_count(struct scree__enrich_window *window, uint32_t i,
                                                  struct scree_error *err)
{
    uint64_t count, early;
    enum scree_status status = scree__enrich_seek_count(
        &window->seek, window->core[i].at, window->question->count2, &count, &early, err);
    if (status == SCREE_OK)
        set_count(window, i, count, early);
    return status;
}
