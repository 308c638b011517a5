/*
 * index.h - the points of a window that count as neighbours, in Morton order, under an octree of
 * tight boxes. Any distribution is served: cells are cut until few points or one position are left.
 *
 *   scree__features_index_build(budget, points, &index)
 *   ... index->x[i], y[i], z[i], source[i]; leaves are runs of i ...
 *   scree__features_index_release(&index)
 */
#ifndef SCREE_LIB_FEATURES_INDEX_H
#define SCREE_LIB_FEATURES_INDEX_H

#include "mem/budget.h"

/* Coordinates are whole lattice units about the window's middle, within this. */
#define FEATURES_COORDINATE_MAX ((int32_t)1 << 30)

/* Roles of a point in a window. */
#define FEATURES_NEIGHBOUR 1u /* counts in others' surroundings */
#define FEATURES_WANTED 2u    /* its own surroundings are asked for */

struct scree__features_points {
    const int32_t *x, *y, *z;
    const uint8_t *roles;
    uint32_t count; /* below 2^31 */
};

/* A cell of the octree, with the box of the points in it. A leaf has no children. */
struct features_node {
    int32_t min[3], max[3];
    uint32_t first, count; /* its run of points */
    uint32_t child;        /* the first of its children, which follow one another */
    uint32_t child_count;
};

struct scree__features_index {
    struct scree__mem_budget *budget;
    int32_t *x, *y, *z; /* padded by FEATURES_PAD points that may be read, not used */
    uint32_t *source;   /* index in the window's points; its top bit: FEATURES_WANTED */
    uint32_t count;
    struct features_node *nodes; /* node 0 is the root, unless count is 0 */
    uint64_t node_count, node_capacity;
};

#define FEATURES_PAD 16u
#define FEATURES_SOURCE_WANTED 0x80000000u

/* More points than this at more than one position are cut. */
#define FEATURES_LEAF_POINTS 64u

/* Errors: SCREE_E_MEMORY, SCREE_E_BUDGET. Release the index after failure, too. */
SCREE_MUST_CHECK enum scree_status
scree__features_index_build(struct scree__mem_budget *budget,
                            const struct scree__features_points *points,
                            struct scree__features_index *index, struct scree_error *err);
void scree__features_index_release(struct scree__features_index *index);

/* The budget that a window of this many points takes at most while it is built, and after that. */
uint64_t scree__features_index_bytes(uint64_t point_count);

#endif
