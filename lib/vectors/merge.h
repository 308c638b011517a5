/*
 * merge.h - several segments, of one or more indexes, into one file.
 *
 *     scree_vectors_merge()              merge.c          inputs; which of the two ways
 *     scree__vectors_merge_lists()       merge_lists.c    around the same centroids: lists are joined as they are
 *     scree__vectors_merge_rows()        merge_rows.c     else, or where it is wanted: a build from the rows that they keep
 */
#ifndef SCREE_LIB_VECTORS_MERGE_H
#define SCREE_LIB_VECTORS_MERGE_H

#include "vectors/merge_ahead.h"
#include "vectors/svx_inside.h"
#include "vectors/tags.h"

#define SCREE__VECTORS_MERGE_INPUTS_MAX 64u

struct scree__vectors_merge_segment {
    struct scree__vectors_svx *svx;
    const struct scree__vectors_segment *segment;
    uint32_t at;    /* of its index */
    uint32_t *sets; /* of its tags: their number in the output */
    uint64_t sets_bytes;
};

struct scree__vectors_merge {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    const struct scree_vectors_merge_options *options;
    struct scree_vectors_index *inputs[SCREE__VECTORS_MERGE_INPUTS_MAX];
    struct scree__vectors_merge_segment *segments;
    uint32_t input_count, segment_count;
    uint64_t segments_bytes;
    struct scree__vectors_tags tags; /* of all inputs */
    bool has_tags;
    struct scree_sink *place;
    struct scree_sink_options sink_options;
    struct scree_vectors_merge_result *result;
};

SCREE_MUST_CHECK enum scree_status scree__vectors_merge_lists(struct scree__vectors_merge *merge,
                                                              struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_merge_rows(struct scree__vectors_merge *merge,
                                                             struct scree_error *err);

/* Where lists [first, end) of a segment end: their blocks, and their rows. */
struct scree__vectors_merge_end {
    uint64_t blocks, rows;
};
struct scree__vectors_merge_end
scree__vectors_merge_end_of(const struct scree__vectors_merge_segment *segment, uint32_t column,
                            uint32_t first, uint32_t end);

/* A list's whole block as it is in the file, its CRCs checked: bytes[scree__vectors_block_bytes()]. ahead: NULL, or of blocks of this segment. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_merge_read_block(const struct scree__vectors_merge_segment *segment, uint32_t column,
                                uint32_t list, struct scree__vectors_ahead *ahead, uint8_t *bytes,
                                struct scree_error *err);
/* `count` rerank rows from `first`, CRCs checked. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_merge_read_rows(const struct scree__vectors_merge_segment *segment, uint32_t column,
                               uint32_t list, uint32_t first, uint32_t count,
                               struct scree__vectors_ahead *ahead, uint8_t *bytes,
                               struct scree_error *err);
/* The id of vector `at` of a block. */
uint64_t scree__vectors_merge_id(const struct scree__vectors_merge_segment *segment,
                                 uint32_t column, uint32_t count, const uint8_t *block,
                                 uint32_t at);
/* Its set of tags, as in the output. */
uint32_t scree__vectors_merge_set(const struct scree__vectors_merge_segment *segment,
                                  uint32_t column, uint32_t count, const uint8_t *block,
                                  uint32_t at);

#endif
