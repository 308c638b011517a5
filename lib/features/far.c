/* far.c - the neighbour search in 64 bits. */
#include "features/far.h"

#include <string.h>

static uint64_t square(int64_t d)
{
    return (uint64_t)(d * d);
}

/* The squared distance of a node's box. */
static uint64_t box_distance2(const struct features_node *node, const int32_t query[3])
{
    uint64_t d2 = 0;
    for (int a = 0; a < 3; a++) {
        int64_t below = (int64_t)node->min[a] - query[a], above = (int64_t)query[a] - node->max[a];
        int64_t d = below > above ? below : above;
        d2 += d > 0 ? square(d) : 0;
    }
    return d2;
}

/* --------------------------------------------------------------------------------------- moments */

static void add(const struct scree__features_index *index, uint32_t at, uint64_t d2,
                const int32_t query[3], struct features_moments *moments)
{
    static const int first[6] = {0, 0, 0, 1, 1, 2}, second[6] = {0, 1, 2, 1, 2, 2};
    int64_t d[3] = {(int64_t)index->x[at] - query[0], (int64_t)index->y[at] - query[1],
                    (int64_t)index->z[at] - query[2]};
    for (int a = 0; a < 3; a++)
        moments->sum[a] += d[a];
    for (int a = 0; a < 6; a++) {
        int64_t product = d[first[a]] * d[second[a]];
        int64_t low = product & 0xFFFFFFFF;
        moments->low[a] += low;
        moments->high[a] += (product - low) / 4294967296;
    }
    moments->reach2 = d2 > moments->reach2 ? d2 : moments->reach2;
    moments->count++;
}

/* ------------------------------------------------------------------------------------------ heap */

struct candidate {
    uint64_t d2;
    uint32_t at;
};

/* The order of neighbours: by distance, then x, y, z. */
static bool before(const struct scree__features_index *index, const struct candidate *a,
                   const struct candidate *b)
{
    if (a->d2 != b->d2)
        return a->d2 < b->d2;
    if (index->x[a->at] != index->x[b->at])
        return index->x[a->at] < index->x[b->at];
    if (index->y[a->at] != index->y[b->at])
        return index->y[a->at] < index->y[b->at];
    return index->z[a->at] < index->z[b->at];
}

static struct candidate heap_at(const struct features_far *far, uint32_t i)
{
    return (struct candidate){far->d2[i], far->at[i]};
}

static void heap_set(struct features_far *far, uint32_t i, const struct candidate *candidate)
{
    far->d2[i] = candidate->d2;
    far->at[i] = candidate->at;
}

static void heap_push(struct features_far *far, const struct candidate *candidate)
{
    uint32_t i = far->count++;
    while (i > 0) {
        struct candidate parent = heap_at(far, (i - 1) / 2);
        if (!before(far->index, &parent, candidate))
            break;
        heap_set(far, i, &parent);
        i = (i - 1) / 2;
    }
    heap_set(far, i, candidate);
}

/* The farthest gives way to the candidate. */
static void heap_replace(struct features_far *far, const struct candidate *candidate)
{
    uint32_t i = 0, child;
    while ((child = 2 * i + 1) < far->count) {
        struct candidate larger = heap_at(far, child);
        if (child + 1 < far->count) {
            struct candidate other = heap_at(far, child + 1);
            if (before(far->index, &larger, &other)) {
                larger = other;
                child++;
            }
        }
        if (!before(far->index, candidate, &larger))
            break;
        heap_set(far, i, &larger);
        i = child;
    }
    heap_set(far, i, candidate);
}

/* ------------------------------------------------------------------------------------------ walk */

/* Wait on the stack: at most 7 siblings on each of the 40 levels. */
#define STACK (7 * 40 + 8)

struct walk {
    struct features_far *far;
    const int32_t *query;
    uint32_t k;
    uint64_t limit2; /* what lies beyond is no neighbour; shrinks with the heap */
    struct features_moments *moments;
    struct candidate stack[STACK]; /* nodes, with the distances of their boxes */
    unsigned depth;
};

static void offer(struct walk *walk, uint32_t at)
{
    struct features_far *far = walk->far;
    const struct scree__features_index *index = far->index;
    struct candidate candidate = {square((int64_t)index->x[at] - walk->query[0]) +
                                      square((int64_t)index->y[at] - walk->query[1]) +
                                      square((int64_t)index->z[at] - walk->query[2]),
                                  at};
    if (candidate.d2 > walk->limit2)
        return;
    if (walk->k == 0) {
        add(index, at, candidate.d2, walk->query, walk->moments);
    } else if (far->count < walk->k) {
        heap_push(far, &candidate);
    } else {
        struct candidate farthest = heap_at(far, 0);
        if (before(index, &candidate, &farthest))
            heap_replace(far, &candidate);
    }
    if (walk->k != 0 && far->count == walk->k)
        walk->limit2 = far->d2[0];
}

static void offer_leaf(struct walk *walk, const struct features_node *leaf)
{
    uint32_t count = leaf->count;
    /* Of copies of one place, no more than k can be among the nearest. */
    if (walk->k != 0 && count > walk->k && memcmp(leaf->min, leaf->max, sizeof leaf->min) == 0)
        count = walk->k;
    for (uint32_t i = leaf->first; i < leaf->first + count; i++)
        offer(walk, i);
}

/* The nearest child on top. */
static void push_children(struct walk *walk, const struct features_node *node)
{
    unsigned bottom = walk->depth;
    for (uint32_t c = 0; c < node->child_count; c++) {
        struct candidate child = {
            box_distance2(&walk->far->index->nodes[node->child + c], walk->query), node->child + c};
        unsigned i = walk->depth;
        if (child.d2 > walk->limit2)
            continue;
        for (; i > bottom && walk->stack[i - 1].d2 < child.d2; i--)
            walk->stack[i] = walk->stack[i - 1];
        walk->stack[i] = child;
        walk->depth++;
    }
}

void scree__features_far_nearest(struct features_far *far, const int32_t query[3], uint32_t k,
                                 uint64_t limit2, struct features_moments *moments)
{
    const struct scree__features_index *index = far->index;
    struct walk walk;
    walk.far = far;
    walk.query = query;
    walk.k = k;
    walk.limit2 = limit2;
    walk.moments = moments;
    walk.depth = 1;
    walk.stack[0] = (struct candidate){box_distance2(&index->nodes[0], query), 0};
    memset(moments, 0, sizeof *moments);
    far->count = 0;
    while (walk.depth > 0) {
        struct candidate next = walk.stack[--walk.depth];
        const struct features_node *node = &index->nodes[next.at];
        if (next.d2 > walk.limit2)
            continue;
        if (node->child_count == 0)
            offer_leaf(&walk, node);
        else
            push_children(&walk, node);
    }
    for (uint32_t i = 0; i < far->count; i++)
        add(index, far->at[i], far->d2[i], query, moments);
}
