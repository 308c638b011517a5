/*
 * write.h - the output file, batch by batch.
 *
 *     scree__copc_write_begin()       opens the sink, writes the head
 *     scree__copc_write_batch() ...   encodes and writes the octree's new nodes
 *     scree__copc_write_end()         hierarchy, forwarded records, header; publishes
 *     scree__copc_write_free()        without an end before, nothing appears
 */
#ifndef SCREE_LIB_COPC_WRITE_H
#define SCREE_LIB_COPC_WRITE_H

#include "copc/encode.h"
#include "copc/job.h"

struct scree__copc_writing;

/* scratch: where chunks wait that belong at the end of the file; NULL when there is one batch only. */
SCREE_MUST_CHECK enum scree_status scree__copc_write_begin(struct scree_convert_job *job,
                                                           const struct scree__copc_cube *cube,
                                                           struct scree__spill_scratch *scratch,
                                                           struct scree__copc_writing **writing,
                                                           struct scree_error *err);
/* So many bytes of those chunks may wait in memory instead. */
void scree__copc_write_wait_bytes(struct scree__copc_writing *writing, uint64_t bytes);
/* Nodes octree->first_new and up, of points in the batch or carried. order: packed (order.h). */
SCREE_MUST_CHECK enum scree_status scree__copc_write_batch(struct scree__copc_writing *writing,
                                                           const struct scree__copc_points *points,
                                                           const uint32_t *order,
                                                           const uint8_t *level,
                                                           const struct scree__copc_octree *octree,
                                                           struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__copc_write_end(struct scree__copc_writing *writing,
                                                         const struct scree_las_summary *summary,
                                                         const struct scree__copc_octree *octree,
                                                         struct scree_convert_result *result,
                                                         struct scree_error *err);
void scree__copc_write_free(struct scree__copc_writing *writing); /* accepts NULL */

/* Nodes in flight at most. */
unsigned scree__copc_write_window(unsigned threads);
/*
 * Memory that writing takes beside the points, with nodes of node_points points and `window` of them in flight. Where the budget has less, fewer are:
 * one is the least.
 */
uint64_t scree__copc_write_bytes(const struct scree_convert_job *job, uint64_t node_points,
                                 unsigned window);

#endif
