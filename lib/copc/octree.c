/*
 * octree.c - the level rule. One walk down and up the octree; the points of a cube are a range of
 * the Morton order, and its children are found where the prefix is the cube's level.
 */
#include "copc/octree.h"
#include "base/error.h"
#include "copc/cube.h"

#include <string.h>

#define NO_LEVEL 255u /* not decided yet */
#define NEVER 254u    /* first in no cell: the same position as the point before */

struct walk {
    struct scree__copc_octree *octree;
    struct scree__mem_budget *budget;
    const uint8_t *prefix;
    uint8_t *level;
    unsigned depth;
    struct scree__copc_limits limits;
    struct scree_error *err;
};

/* What a visit leaves behind for the parent. */
struct outcome {
    bool leaf;
    uint64_t point_count; /* 0: no node */
    uint64_t node;        /* index, where there is one */
};

/* The level at which a point is the first in its cell. */
static unsigned natural_level(const struct walk *walk, uint64_t i)
{
    unsigned prefix = walk->prefix[i];
    if (prefix >= walk->depth)
        return NEVER;
    return prefix < SCREE__COPC_CELL_LEVELS ? 0 : prefix - (SCREE__COPC_CELL_LEVELS - 1);
}

static bool is_one_position(const struct walk *walk, uint64_t begin, uint64_t end)
{
    for (uint64_t i = begin + 1; i < end; i++)
        if (walk->prefix[i] < walk->depth)
            return false;
    return true;
}

static enum scree_status add_node(struct walk *walk, unsigned level, uint64_t begin, uint64_t end,
                                  uint64_t point_count, uint64_t *index)
{
    struct scree__copc_octree *octree = walk->octree;
    void *nodes = octree->nodes;
    enum scree_status status =
        scree__mem_grow(walk->budget, &nodes, &octree->node_capacity, octree->node_count + 1,
                        sizeof *octree->nodes, "octree nodes", walk->err);
    octree->nodes = nodes;
    if (status != SCREE_OK)
        return status;
    if (octree->node_count >= UINT32_MAX)
        return scree__base_fail(walk->err, SCREE_E_UNSUPPORTED, "more than 2^32 octree nodes");
    struct scree__copc_node *node = &octree->nodes[octree->node_count];
    node->begin = begin;
    node->end = end;
    node->point_count = point_count;
    node->level = level;
    node->parent = (uint32_t)octree->node_count;
    *index = octree->node_count++;
    return SCREE_OK;
}

/* A leaf: every point of the cube that no ancestor took. */
static enum scree_status visit_leaf(struct walk *walk, unsigned level, uint64_t begin, uint64_t end,
                                    struct outcome *outcome)
{
    uint64_t own = 0;
    for (uint64_t i = begin; i < end; i++) {
        if (walk->level[i] == NO_LEVEL) {
            unsigned natural = natural_level(walk, i);
            walk->level[i] = (uint8_t)(natural < level ? natural : level);
        }
        own += walk->level[i] == level;
    }
    outcome->leaf = true;
    outcome->point_count = own;
    return own == 0 ? SCREE_OK : add_node(walk, level, begin, end, own, &outcome->node);
}

/* Points of the cube that are first in a cell of this level; when there are none, the last one that
 * no ancestor took is made one. */
static uint64_t count_own(struct walk *walk, unsigned level, uint64_t begin, uint64_t end)
{
    uint64_t own = 0;
    for (uint64_t i = begin; i < end; i++)
        own += walk->level[i] == NO_LEVEL && natural_level(walk, i) == level;
    for (uint64_t i = end; own == 0 && i > begin; i--) {
        if (walk->level[i - 1] == NO_LEVEL && natural_level(walk, i - 1) > level) {
            walk->level[i - 1] = (uint8_t)level;
            own = 1;
        }
    }
    return own;
}

/* Gives a small leaf's points to its parent. The leaf is the last node of the list. */
static void give_to_parent(struct walk *walk, unsigned level, const struct outcome *child)
{
    const struct scree__copc_node *node = &walk->octree->nodes[child->node];
    for (uint64_t i = node->begin; i < node->end; i++)
        if (walk->level[i] == level + 1)
            walk->level[i] = (uint8_t)level;
    walk->octree->node_count--;
}

static enum scree_status visit(struct walk *walk, unsigned level, uint64_t begin, uint64_t end,
                               struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    if (end - begin <= walk->limits.leaf_max || level >= SCREE__COPC_LEVEL_MAX ||
        is_one_position(walk, begin, end))
        return visit_leaf(walk, level, begin, end, outcome);

    uint64_t own = count_own(walk, level, begin, end);
    uint64_t children[8];
    unsigned child_count = 0;
    for (uint64_t from = begin; from < end;) {
        uint64_t to = from + 1;
        while (to < end && walk->prefix[to] != level)
            to++;
        struct outcome child;
        enum scree_status status = visit(walk, level + 1, from, to, &child);
        if (status != SCREE_OK)
            return status;
        if (child.point_count > 0 && child.leaf && child.point_count < walk->limits.leaf_min) {
            give_to_parent(walk, level, &child);
            own += child.point_count;
        } else if (child.point_count > 0) {
            children[child_count++] = child.node;
        }
        from = to;
    }
    outcome->leaf = child_count == 0;
    outcome->point_count = own;
    if (own == 0)
        return SCREE_OK; /* then ancestors took all there is, and there are no children */
    enum scree_status status = add_node(walk, level, begin, end, own, &outcome->node);
    for (unsigned i = 0; i < child_count && status == SCREE_OK; i++)
        walk->octree->nodes[children[i]].parent = (uint32_t)outcome->node;
    return status;
}

enum scree_status scree__copc_octree_build(struct scree__copc_octree *octree,
                                           struct scree__mem_budget *budget, const uint8_t *prefix,
                                           uint8_t *level, uint64_t count, unsigned depth,
                                           const struct scree__copc_limits *limits,
                                           struct scree_error *err)
{
    struct walk walk = {octree, budget, prefix, level, depth, *limits, err};
    struct outcome root;
    octree->node_count = 0;
    octree->deepest = 0;
    memset(level, NO_LEVEL, count);
    enum scree_status status = visit(&walk, 0, 0, count, &root);
    for (uint64_t i = 0; i < octree->node_count; i++)
        if (octree->nodes[i].level > octree->deepest)
            octree->deepest = octree->nodes[i].level;
    return status;
}

void scree__copc_octree_release(struct scree__copc_octree *octree, struct scree__mem_budget *budget)
{
    scree__mem_free(budget, octree->nodes, octree->node_capacity * sizeof *octree->nodes);
    memset(octree, 0, sizeof *octree);
}
