/*
 * build_append.h - a build whose output is a further segment of an index: its columns, rotation and centroids are the index's, so nothing is trained,
 * and lists can be joined later without being encoded anew.
 *
 *     scree__vectors_append_open()       the index, its columns in its order; which ids it has
 *     scree__vectors_append_column()     shape and rotation of one
 *     scree__vectors_append_lists()      centroids, in the place of training
 *     scree__vectors_append_begin()      the lock; the segment's file
 *     scree__vectors_append_finish()     the segment is there: ids that it replaces, and the manifest that names it
 */
#ifndef SCREE_LIB_VECTORS_BUILD_APPEND_H
#define SCREE_LIB_VECTORS_BUILD_APPEND_H

#include "vectors/build.h"

SCREE_MUST_CHECK enum scree_status scree__vectors_append_open(struct scree_vectors_build_job *job,
                                                              struct scree_error *err);
void scree__vectors_append_close(
    struct scree_vectors_build_job *job); /* accepts jobs that append nothing */
/* The id of the first row where none are given: one more than the largest of the index. */
uint64_t scree__vectors_append_first_id(const struct scree_vectors_build_job *job);
void scree__vectors_append_column(struct scree_vectors_build_job *job, uint32_t index);
uint64_t scree__vectors_append_bytes(const struct scree__vectors_build_column *column);
SCREE_MUST_CHECK enum scree_status scree__vectors_append_lists(struct scree_vectors_build_job *job,
                                                               uint32_t index,
                                                               struct scree__vectors_lists *lists,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_append_begin(struct scree_vectors_build_job *job,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_append_finish(struct scree_vectors_build_job *job,
                                                                struct scree_error *err);
/* What stays behind of an append that failed. */
void scree__vectors_append_undo(struct scree_vectors_build_job *job);

/* The least and the most of the ids of one file; both of all columns. Reads all codes. */
SCREE_MUST_CHECK enum scree_status scree__vectors_id_range(struct scree__vectors_svx *svx,
                                                           uint64_t *least, uint64_t *most,
                                                           struct scree_error *err);

/* The centroid section of a column, from the first segment, checked. section: scree__vectors_centroids_bytes(). */
SCREE_MUST_CHECK enum scree_status scree__vectors_read_centroids(struct scree__vectors_svx *svx,
                                                                 uint32_t column, uint8_t *section,
                                                                 struct scree_error *err);

#endif
