/*
 * temporal_index.h - making a temporal index: samples node by node, then the pages.
 *
 *     scree__temporal_index_init()
 *     scree__temporal_sample() -> scree__temporal_index_add()     for each node with points, in any
 *                                                                 order; sampling in parallel
 *     scree__temporal_index_plan()                                how many bytes it will be
 *     scree__temporal_index_write()                               the payload, front to back
 *     scree__temporal_index_release()
 */
#ifndef SCREE_LIB_COPC_TEMPORAL_INDEX_H
#define SCREE_LIB_COPC_TEMPORAL_INDEX_H

#include "copc/temporal_pages.h"
#include "spill/scratch.h"

/* Samples of one node on their way. Zeroed at first; memory grows to the largest node. */
struct scree__temporal_samples {
    uint8_t *bytes; /* 8 each, as in the file */
    uint64_t capacity, count;
};

struct scree__temporal_kept {
    struct scree__temporal_page_node node;
    uint8_t *samples; /* NULL: on scratch, or none */
    struct scree__spill_block block;
};

struct scree__temporal_index {
    struct scree__mem_budget *budget;
    struct scree__spill_scratch *scratch; /* NULL: samples stay in memory */
    uint32_t stride;
    struct scree__temporal_kept *nodes;
    uint64_t node_count, node_capacity, sampled_count; /* of these with points */
    uint64_t largest_bytes;                            /* samples of one node */
    struct scree__temporal_pages pages;
};

/* What `auto` means for a file of that many points: 100 below 100 million, 500 below a billion,
 * 1000 above. The samples are then 8 to 16 MB at most up to a few billion points. */
uint32_t scree__temporal_auto_stride(uint64_t point_count);

/* Bytes of the samples of point_count points in node_count nodes, at most. */
uint64_t scree__temporal_samples_bytes(uint64_t point_count, uint64_t node_count, uint32_t stride);

/* Makes room for the samples of a node. SCREE_E_UNSUPPORTED: more than one entry can hold. */
SCREE_MUST_CHECK enum scree_status
scree__temporal_samples_begin(struct scree__temporal_samples *samples,
                              struct scree__mem_budget *budget, uint64_t point_count,
                              uint32_t stride, struct scree_error *err);
/* Takes the samples out of points [first, first + count) of the node; pieces come in order.
 * times: of the first of them, stride_bytes apart. */
void scree__temporal_samples_take(struct scree__temporal_samples *samples, const uint8_t *times,
                                  size_t stride_bytes, uint64_t first, uint64_t count,
                                  uint64_t point_count, uint32_t stride);
void scree__temporal_samples_release(struct scree__temporal_samples *samples,
                                     struct scree__mem_budget *budget);

void scree__temporal_index_init(struct scree__temporal_index *index,
                                struct scree__mem_budget *budget,
                                struct scree__spill_scratch *scratch, uint32_t stride);
/* samples->count 0: a node without points, which is in the octree only. time_min, time_max: of its
 * points that have a number; NaN: none has. From one thread. */
SCREE_MUST_CHECK enum scree_status
scree__temporal_index_add(struct scree__temporal_index *index, struct scree_copc_key key,
                          const struct scree__temporal_samples *samples, double time_min,
                          double time_max, struct scree_error *err);
/* *payload_bytes: of the record, with its header. */
SCREE_MUST_CHECK enum scree_status scree__temporal_index_plan(struct scree__temporal_index *index,
                                                              uint64_t *payload_bytes,
                                                              struct scree_error *err);

/* Takes the next bytes of the payload. */
typedef enum scree_status (*scree__temporal_put)(void *user, const void *bytes, size_t count,
                                                 struct scree_error *err);
/* payload_offset: where in the file it begins. */
SCREE_MUST_CHECK enum scree_status
scree__temporal_index_write(const struct scree__temporal_index *index, uint64_t payload_offset,
                            scree__temporal_put put, void *user, struct scree_error *err);
/* Samples on scratch stay there. */
void scree__temporal_index_release(struct scree__temporal_index *index);

/* The EVLR's header fields; payload_bytes is set, payload is not. */
void scree__temporal_vlr(struct scree_las_vlr *vlr, uint64_t payload_bytes);

#endif
