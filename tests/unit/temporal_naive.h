/*
 * temporal_naive.h - a COPC file decoded node by node, and its temporal index parsed and judged from
 * docs/formats/copc_temporal.md alone, by recursion over the whole file in memory.
 */
#ifndef SCREE_TESTS_TEMPORAL_NAIVE_H
#define SCREE_TESTS_TEMPORAL_NAIVE_H

#include "las_make.h"
#include "scree/copc.h"

struct naive_node {
    struct scree_copc_entry entry;
    double *times; /* of all its points, in their order in the chunk */
    bool indexed;  /* the index has named it */
};

struct naive_copc {
    struct las_bytes file;
    struct naive_node *nodes; /* with points; by level, x, y, z */
    size_t node_count;
    uint64_t index_begin, index_end; /* of the payload; 0: there is none */
    uint32_t stride, page_count;
    size_t pages_below_root, small_pages, deepest_page; /* what there was to see */
};

/* Fails the test where the file cannot be decoded. */
void temporal_naive_open(struct naive_copc *copc, const char *path);
void temporal_naive_close(struct naive_copc *copc);

/* Every rule of the format: samples, pages, pointers, times of subtrees. Fails the test where one
 * does not hold. */
void naive_check_index(struct naive_copc *copc, uint32_t stride);

#endif
