/*
 * octree.h - the level rule: from points in Morton order to nodes, batch by batch.
 *
 * A batch is a run of the Morton order; all batches together are all points. Cubes that lie within one batch are settled there. A cube that reaches
 * beyond its batch is *open*: at most one a level, on the path from the root to the border. Its points so far are carried, as copies of
 * their records, until the batch in which it ends. The result does not depend on where batches are cut; the rules are in
 * docs/decisions/octree.md.
 *
 *     scree__copc_octree_init()
 *     for each batch:  scree__copc_octree_batch()        appends the nodes that end in it
 *                      (encode nodes[first_new ...])      while the batch's arrays are still there
 *                      scree__copc_octree_batch_done()
 *     scree__copc_octree_release()
 */
#ifndef SCREE_LIB_COPC_OCTREE_H
#define SCREE_LIB_COPC_OCTREE_H

#include "scree/copc.h"
#include "copc/cube.h"
#include "mem/budget.h"

struct scree__copc_limits {
    uint64_t leaf_max; /* a cube with more points than this is split */
    uint64_t leaf_min; /* a leaf with fewer points gives them to its parent */
};

#define SCREE__COPC_LEAF_MAX 100000u
#define SCREE__COPC_LEAF_MIN 2000u

/* Records of points of an open cube, in Morton order. */
struct scree__copc_carry {
    uint8_t *records;
    uint64_t count, capacity;
};

struct scree__copc_node {
    uint64_t begin, end; /* its cube's points in the batch where it ends: a range of the order */
    uint64_t
        point_count; /* its own, at least 1: the carried ones, and those in the range whose level is its level */
    uint32_t level;
    uint32_t parent; /* index into the nodes; the root's is its own */
    bool was_open;   /* then all its points are in `carry`, once the batch is settled */
    struct scree__copc_carry carry;
};

struct scree__copc_open {
    uint64_t own;   /* points so far by rules 2 and 3, without what leaves gave */
    bool has_spare; /* some point of an earlier batch was taken by no ancestor: see rule 3 */
    uint64_t begin; /* in the current batch */
    uint32_t children[8], child_count;
    struct scree__copc_carry carry;
};

/* In post-order along the Morton curve: a node after its descendants, the root last. */
struct scree__copc_octree {
    struct scree__mem_budget *budget;
    struct scree__copc_limits limits;
    const struct scree__copc_cube *cube;
    uint32_t record_bytes;
    struct scree__copc_node *nodes;
    uint64_t node_count, node_capacity;
    uint64_t first_new; /* of the batch */
    unsigned deepest;
    struct scree__copc_open open[SCREE__COPC_LEVEL_MAX + 1];
};

/* One batch. Counts of points in a cube that reaches beyond it are asked of count_of. */
struct scree__copc_batch {
    const uint8_t *records;
    const uint64_t *order; /* places of records (radix.h), in Morton order */
    const uint8_t *
        prefix; /* levels shared with the point before, at most depth; [0]: with the batch before, 0 in the first */
    uint8_t *level;  /* out: level of the node that has the point */
    uint64_t count;  /* at least 1 */
    int open_before; /* the deepest cube shared with the batch before; -1 in the first */
    int open_after;  /* and with the one after; -1 in the last */
    void *arg;
    uint64_t (*count_of)(void *arg, bool at_end,
                         unsigned level); /* points in the cube of the first or the last point */
};

void scree__copc_octree_init(struct scree__copc_octree *octree, struct scree__mem_budget *budget,
                             const struct scree__copc_limits *limits,
                             const struct scree__copc_cube *cube, uint32_t record_bytes);

/*
 * Settles a batch. *again (out): the batch ends a cube whose one point would have to come out of an earlier batch (rule 3, in data made for it): this
 * cut cannot be worked on, larger batches can; *again is then true, and the octree is to be released.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_octree_batch(struct scree__copc_octree *octree,
                                                            const struct scree__copc_batch *batch,
                                                            bool *again, struct scree_error *err);

/* Frees what the new nodes carried. */
void scree__copc_octree_batch_done(struct scree__copc_octree *octree);
void scree__copc_octree_release(struct scree__copc_octree *octree);

#endif
