/*
 * merge_ahead.h - what a merge reads of a segment, ahead of what it asks for: lists lie one behind the other, so that one request to an object store
 * brings many. No byte is read twice, and none beyond `until`.
 *
 * Threads: a window belongs to one thread.
 */
#ifndef SCREE_LIB_VECTORS_MERGE_AHEAD_H
#define SCREE_LIB_VECTORS_MERGE_AHEAD_H

#include "scree/io.h"

struct scree__vectors_ahead {
    uint8_t *bytes;
    uint64_t room;
    uint64_t begin, end; /* of the segment's file: what is there */
    uint64_t until;      /* what will be asked for ends here */
};

/* Bytes [at, at + count) to `to`, through the window unless that is NULL or too small for them. Errors: of scree_source_read(). */
SCREE_MUST_CHECK enum scree_status
scree__vectors_ahead_read(struct scree__vectors_ahead *ahead, struct scree_source *source,
                          uint64_t at, uint8_t *to, uint64_t count, struct scree_error *err);

#endif
