/*
 * naive_octree.h - the octree of docs/decisions/octree.md, computed from that page alone: slow,
 * short, and with no code in common with lib/copc. test_octree_naive.c compares the two.
 */
#ifndef SCREE_TESTS_NAIVE_OCTREE_H
#define SCREE_TESTS_NAIVE_OCTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAIVE_DEPTH_MAX 42

struct naive_input {
    const uint8_t *records; /* of the output: formats 6 to 8, tightly packed */
    size_t count, record_bytes;
    double scale[3], offset[3];
    uint64_t leaf_max, leaf_min;
    /* The file's cube. Used where doubles cannot follow, so that both halve the very same bounds.
     */
    double file_center[3], file_halfsize;
};

struct naive_node {
    int32_t level, x, y, z;
    size_t count;
    const uint8_t **records; /* in the order of the node; they point into the input */
};

struct naive_octree {
    struct naive_node *nodes; /* in file order */
    size_t node_count;
    double center[3], halfsize, spacing; /* of the cube */
    bool halved;                         /* doubles could not follow */
    /* How often each rule had work, so that a test knows that it tried them. */
    size_t rebuilds, single_leaves, level_30_leaves, taken, exhausted, robbed, given, cascades;
    int32_t deepest;
};

void naive_octree_build(const struct naive_input *input, struct naive_octree *octree);
void naive_octree_release(struct naive_octree *octree);

#endif
