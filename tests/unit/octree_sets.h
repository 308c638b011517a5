/* octree_sets.h - made-up sets of points, some of each kind that the octree has a rule for: what test_octree_naive.c tries. */
#ifndef SCREE_TESTS_UNIT_OCTREE_SETS_H
#define SCREE_TESTS_UNIT_OCTREE_SETS_H

#include <stddef.h>
#include <stdint.h>

#define OCTREE_SET_POINTS 20000 /* of a set at most */
#define OCTREE_SET_KINDS 25

struct octree_set {
    const char *kind;
    unsigned number, threads, point_format;
    uint64_t random, leaf_max, leaf_min;
    size_t count, record_bytes;
    double scale[3], offset[3];
    int32_t (*at)[3];
    uint8_t *records;
};

/* "cube", "surface" ...: set number n is of kind n % OCTREE_SET_KINDS. */
const char *octree_set_kind(unsigned kind);
/* The set of that number, always the same. Free at and records. */
void octree_set_make(struct octree_set *set, unsigned number);
/* Puts the records into another order. */
void octree_set_shuffle(struct octree_set *set);
/* A number of the set's own chance. */
int32_t octree_set_between(struct octree_set *set, int64_t low, int64_t high);

#endif
