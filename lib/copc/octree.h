/*
 * octree.h - the level rule: from points in Morton order to nodes.
 *
 * Input is one byte a point: `prefix`, the number of levels down to which the point shares its cell
 * with the point before it, at most `depth` (the same cell at the deepest level: the same stored
 * position). Nothing else is needed; see docs/decisions/octree.md for the rules.
 */
#ifndef SCREE_LIB_COPC_OCTREE_H
#define SCREE_LIB_COPC_OCTREE_H

#include "scree/copc.h"
#include "mem/budget.h"

struct scree__copc_limits {
    uint64_t leaf_max; /* a cube with more points than this is split */
    uint64_t leaf_min; /* a leaf with fewer points gives them to its parent */
};

#define SCREE__COPC_LEAF_MAX 100000u
#define SCREE__COPC_LEAF_MIN 2000u

struct scree__copc_node {
    uint64_t begin, end;  /* its cube's points: a range of the Morton order */
    uint64_t point_count; /* its own: those in the range whose level is its level; at least 1 */
    uint32_t level;
    uint32_t parent; /* index into the nodes; the root's is its own */
};

/* In post-order along the Morton curve: a node after its descendants, the root last. */
struct scree__copc_octree {
    struct scree__copc_node *nodes;
    uint64_t node_count, node_capacity;
    unsigned deepest;
};

/*
 * count >= 1 points; prefix[0] is 0. level[i] (out): the level of the node that has point i. The
 * octree starts from zeros and is released with scree__copc_octree_release(), also after an error.
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_octree_build(struct scree__copc_octree *octree, struct scree__mem_budget *budget,
                         const uint8_t *prefix, uint8_t *level, uint64_t count, unsigned depth,
                         const struct scree__copc_limits *limits, struct scree_error *err);

void scree__copc_octree_release(struct scree__copc_octree *octree,
                                struct scree__mem_budget *budget);

#endif
