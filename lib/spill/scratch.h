/*
 * scratch.h - one run's scratch: a single file, unlinked as soon as it is open, so that nothing is left behind whatever happens. Blocks are
 * appended from any thread and read back by offset; a block is written once.
 */
#ifndef SCREE_LIB_SPILL_SCRATCH_H
#define SCREE_LIB_SPILL_SCRATCH_H

#include "scree/base.h"

struct scree__spill_scratch;

/*
 * Opens scratch in a folder. expected_bytes: what the run means to write at most; when the file system has less room, SCREE_E_IO says so before
 * anything is written.
 */
SCREE_MUST_CHECK enum scree_status scree__spill_scratch_open(const char *folder,
                                                             uint64_t expected_bytes,
                                                             struct scree__spill_scratch **scratch,
                                                             struct scree_error *err);
void scree__spill_scratch_close(struct scree__spill_scratch *scratch); /* accepts NULL */

/* Appends a block; *offset is where to find it. From any thread. */
SCREE_MUST_CHECK enum scree_status scree__spill_scratch_write(struct scree__spill_scratch *scratch,
                                                              const void *bytes, uint64_t count,
                                                              uint64_t *offset,
                                                              struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__spill_scratch_read(struct scree__spill_scratch *scratch,
                                                             uint64_t offset, void *bytes,
                                                             uint64_t count,
                                                             struct scree_error *err);
/* Gives a block's room back to the file system, where it can do that. */
void scree__spill_scratch_drop(struct scree__spill_scratch *scratch, uint64_t offset,
                               uint64_t count);

uint64_t scree__spill_scratch_bytes(const struct scree__spill_scratch *scratch);

#endif
