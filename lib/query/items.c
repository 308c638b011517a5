/*
 * items.c - the order of the answer, and what is worked on together.
 *
 * Order: input by input as they were given, in an input by place in the file. With a limit: level by level, and
 * within a level like that, so that the first points are the coarse ones.
 */
#include "query/job.h"
#include "base/error.h"

#include <string.h>

/* Nodes that lie next to each other are one item up to so many points: enough that an item's own cost vanishes, few
 * enough that a node of 100 000 points is still the largest. Small answers have smaller ones, so that many threads have work. */
#define ITEM_POINTS 65536u
#define ITEM_POINTS_LEAST 2048u
#define ITEMS_WANTED 64u
/* Bytes between two nodes that are read along rather than skipped: a request costs more. */
#define GAP_BYTES 16384u
/* Records of a node that are held at once; larger nodes are decoded in pieces. */
#define NODE_BYTES_MAX ((uint64_t)16 << 20)

static int compare(const struct scree__query_node *a, const struct scree__query_node *b,
                   bool by_level)
{
    if (by_level && a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static void sift(struct scree__query_node *nodes, uint64_t at, uint64_t count, bool by_level)
{
    struct scree__query_node moved = nodes[at];
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(&nodes[child], &nodes[child + 1], by_level) < 0)
            child++;
        if (compare(&nodes[child], &moved, by_level) <= 0)
            break;
        nodes[at] = nodes[child];
    }
    nodes[at] = moved;
}

/* Heapsort: in place, without memory that no budget knows of. */
static void sort(struct scree__query_node *nodes, uint64_t count, bool by_level)
{
    for (uint64_t i = count / 2; i > 0; i--)
        sift(nodes, i - 1, count, by_level);
    for (uint64_t last = count; last > 1; last--) {
        struct scree__query_node largest = nodes[0];
        nodes[0] = nodes[last - 1];
        nodes[last - 1] = largest;
        sift(nodes, 0, last - 1, by_level);
    }
}

bool scree__query_node_tested(const struct scree_query *query, const struct scree__query_node *node)
{
    return !node->inside || query->sources[node->source].bound.tests;
}

/* With a limit, nodes behind those that are sure to reach it are not needed. */
static void cut_behind_limit(struct scree_query *query)
{
    uint64_t sure = 0;
    if (query->limit == 0)
        return;
    for (uint64_t i = 0; i < query->node_count; i++) {
        const struct scree__query_node *node = &query->nodes[i];
        if (!scree__query_node_tested(query, node))
            sure += node->end - node->begin;
        if (sure >= query->limit) {
            query->node_count = i + 1;
            return;
        }
    }
}

static bool is_too_large(const struct scree_query *query, const struct scree__query_node *node)
{
    uint64_t record = query->sources[node->source].header.record_bytes;
    if (query->header.record_bytes > record)
        record = query->header.record_bytes;
    return node->sequential || node->point_count > NODE_BYTES_MAX / record;
}

static uint64_t item_points(const struct scree_query *query)
{
    uint64_t points = 0;
    for (uint64_t i = 0; i < query->node_count; i++)
        points += query->nodes[i].point_count;
    points /= ITEMS_WANTED;
    if (points < ITEM_POINTS_LEAST)
        return ITEM_POINTS_LEAST;
    return points < ITEM_POINTS ? points : ITEM_POINTS;
}

static bool fits(const struct scree_query *query, const struct scree__query_item *item,
                 const struct scree__query_node *node, uint64_t most)
{
    const struct scree__query_node *first = &query->nodes[item->first_node];
    uint64_t end = item->offset + item->bytes;
    return !item->alone && first->source == node->source && node->offset >= end &&
           node->offset - end <= GAP_BYTES && item->point_count + node->point_count <= most;
}

static enum scree_status add_item(struct scree_query *query, uint64_t index, bool alone,
                                  struct scree_error *err)
{
    const struct scree__query_node *node = &query->nodes[index];
    void *memory = query->items;
    enum scree_status status =
        scree__mem_grow(query->budget, &memory, &query->item_capacity, query->item_count + 1,
                        sizeof *query->items, "list of nodes", err);
    query->items = memory;
    if (status == SCREE_OK)
        query->items[query->item_count++] =
            (struct scree__query_item){.first_node = index,
                                       .node_count = 1,
                                       .alone = alone,
                                       .offset = node->offset,
                                       .bytes = node->bytes,
                                       .point_count = node->point_count};
    return status;
}

static enum scree_status group(struct scree_query *query, struct scree_error *err)
{
    uint64_t most = item_points(query);
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < query->node_count && status == SCREE_OK; i++) {
        const struct scree__query_node *node = &query->nodes[i];
        struct scree__query_item *last =
            query->item_count > 0 ? &query->items[query->item_count - 1] : NULL;
        bool alone = is_too_large(query, node);
        if (alone || last == NULL || !fits(query, last, node, most)) {
            status = add_item(query, i, alone, err);
            continue;
        }
        last->node_count++;
        last->bytes = node->offset + node->bytes - last->offset;
        last->point_count += node->point_count;
    }
    return status;
}

static void number_points(struct scree_query *query)
{
    uint64_t point = 0;
    for (uint64_t i = 0; i < query->item_count; i++) {
        struct scree__query_item *item = &query->items[i];
        item->first_point = point;
        for (uint64_t n = 0; n < item->node_count; n++)
            point +=
                query->nodes[item->first_node + n].end - query->nodes[item->first_node + n].begin;
    }
}

bool scree__query_is_exact(const struct scree_query *query)
{
    for (uint64_t i = 0; i < query->node_count; i++)
        if (scree__query_node_tested(query, &query->nodes[i]))
            return false;
    return query->limit == 0;
}

enum scree_status scree__query_check_exact(const struct scree_query *query, uint64_t count,
                                           struct scree_error *err)
{
    return count == query->plan.points_at_most
               ? SCREE_OK
               : scree__base_fail(err, SCREE_E_DATA, "%llu points came out of %llu",
                                  (unsigned long long)count,
                                  (unsigned long long)query->plan.points_at_most);
}

static void fill_plan(struct scree_query *query)
{
    struct scree_query_plan *plan = &query->plan;
    for (uint64_t i = 0; i < query->node_count; i++) {
        const struct scree__query_node *node = &query->nodes[i];
        unsigned level = node->level < 33 ? node->level : 32;
        plan->points_at_most += node->end - node->begin;
        plan->fetch_bytes += node->bytes;
        plan->level_nodes[level]++;
        plan->level_points[level] += node->end - node->begin;
        if (level + 1 > plan->level_count)
            plan->level_count = level + 1;
    }
    plan->node_count = query->node_count;
    if (query->limit > 0 && plan->points_at_most > query->limit)
        plan->points_at_most = query->limit;
}

enum scree_status scree__query_items_make(struct scree_query *query, struct scree_error *err)
{
    sort(query->nodes, query->node_count, query->limit > 0);
    cut_behind_limit(query);
    enum scree_status status = group(query, err);
    if (status != SCREE_OK)
        return status;
    number_points(query);
    fill_plan(query);
    return status;
}
