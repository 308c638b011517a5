/* window_gather.c - points from the store into a window: those of its part, and those around it. */
#include "base/error.h"
#include "enrich/window_slice.h"

#include <string.h>

static enum scree_status add_leaf(struct scree__enrich_window *window, uint32_t node,
                                  struct scree_error *err)
{
    void *array = window->leaves;
    enum scree_status status = scree__mem_grow(
        window->store->budget, &array, &window->leaf_capacity, window->leaf_count + 1,
        sizeof *window->leaves, "a window of the survey", err);
    window->leaves = array;
    if (status == SCREE_OK)
        window->leaves[window->leaf_count++] =
            (struct scree__enrich_part){node, window->core_count};
    return status;
}

enum scree_status scree__enrich_window_load(struct scree__enrich_window *window, uint32_t at,
                                            struct scree_error *err)
{
    const struct scree__enrich_store *store = window->store;
    const struct scree__enrich_node *node = &store->nodes[at];
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    if (!scree__enrich_is_leaf(node)) {
        enum scree_status status = scree__enrich_window_load(window, node->child[0], err);
        return status == SCREE_OK ? scree__enrich_window_load(window, node->child[1], err) : status;
    }
    enum scree_status status = add_leaf(window, at, err);
    scree__enrich_leaf_first(store, node, window->seek.buffer, &leaf);
    do {
        if (status == SCREE_OK)
            status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status != SCREE_OK)
            return status;
        for (uint32_t i = 0; i < piece.count; i++) {
            const struct scree__enrich_point *p =
                (const struct scree__enrich_point *)(const void *)(piece.points +
                                                                   (size_t)i * store->stride);
            window->core[window->core_count++] = (struct scree__enrich_core){
                {p->x, p->y, p->z},
                p->what >> ENRICH_INDEX_BITS,
                (uint64_t)piece.segment << ENRICH_INDEX_BITS | (p->what & ENRICH_INDEX_MASK)};
        }
    } while (piece.count > 0);
    return SCREE_OK;
}

struct gather {
    struct scree__enrich_window *window;
    const struct scree__enrich_node *core;
    int64_t min[3], max[3];
    uint32_t role;
    uint64_t copies; /* of a position that is a leaf, at most */
    struct scree__enrich_walk *walk;
    bool full;
};

static bool gather_meets(void *user, const struct scree__enrich_node *node)
{
    const struct gather *gather = user;
    if (node == gather->core ||
        (gather->role == ENRICH_GROUND ? node->ground : node->neighbors) == 0)
        return false;
    for (int a = 0; a < 3; a++)
        if (node->min[a] > gather->max[a] || node->max[a] < gather->min[a])
            return false;
    return true;
}

static void gather_add(struct gather *gather, const struct scree__enrich_point *p, uint32_t roles)
{
    struct scree__enrich_window *window = gather->window;
    if (window->count == window->capacity) {
        gather->full = gather->walk->done = true;
        return;
    }
    window->x[window->count] = scree__enrich_minus(p->x, window->middle[0]);
    window->y[window->count] = scree__enrich_minus(p->y, window->middle[1]);
    window->z[window->count] = scree__enrich_minus(p->z, window->middle[2]);
    window->roles[window->count++] =
        (uint8_t)((p->what >> ENRICH_INDEX_BITS & ~ENRICH_WANTED) | roles);
}

static void gather_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct gather *gather = user;
    uint64_t copies = 1;
    bool one = scree__enrich_one_position(node);
    if (one && gather->role != ENRICH_GROUND)
        copies = node->neighbors < gather->copies ? node->neighbors : gather->copies;
    if (gather->role == ENRICH_GROUND)
        scree__enrich_lowest_ground(node, &points, &count, stride);
    for (uint32_t i = 0; i < count && !gather->full; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        if (!(p->what >> ENRICH_INDEX_BITS & gather->role) || p->x < gather->min[0] ||
            p->x > gather->max[0] || p->y < gather->min[1] || p->y > gather->max[1] ||
            p->z < gather->min[2] || p->z > gather->max[2])
            continue;
        for (uint64_t c = 0; c < copies && !gather->full; c++)
            gather_add(gather, p, one && c < node->early ? ENRICH_EARLY : 0);
    }
}

enum scree_status scree__enrich_window_gather(struct scree__enrich_window *window, uint32_t core,
                                              const int64_t min[3], const int64_t max[3],
                                              uint32_t role, uint64_t copies, bool *whole,
                                              struct scree_error *err)
{
    struct gather gather = {.window = window, .role = role, .copies = copies};
    struct scree__enrich_walk walk = {.user = &gather, .meets = gather_meets, .take = gather_take};
    gather.core = core == ENRICH_NONE ? NULL : &window->store->nodes[core];
    gather.walk = &walk;
    memcpy(gather.min, min, sizeof gather.min);
    memcpy(gather.max, max, sizeof gather.max);
    memcpy(walk.at, window->middle, sizeof walk.at);
    enum scree_status status = scree__enrich_walk(&window->seek, &walk, err);
    *whole = !gather.full;
    return status;
}
