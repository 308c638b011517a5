/*
 * scratch.h - one run's scratch: a single file, unlinked as soon as it is open, so that nothing is left behind whatever happens. Blocks are
 * appended from any thread and read back by offset; a block is written once. Blocks that are dropped make room for others.
 */
#ifndef SCREE_LIB_SPILL_SCRATCH_H
#define SCREE_LIB_SPILL_SCRATCH_H

#include "scree/base.h"

struct scree__spill_scratch;

enum scree__spill_compression { SCREE__SPILL_PLAIN = 0, SCREE__SPILL_LZ4 = 1 };

/* Where a block is. */
struct scree__spill_block {
    uint64_t offset;
    uint32_t bytes;  /* of the block */
    uint32_t stored; /* on scratch; below bytes: compressed */
};

/*
 * Opens scratch in a folder. expected_bytes: what the run means to write at most; when the file system has less room, SCREE_E_IO says so before
 * anything is written. stride: bytes of the records that blocks
 * are made of, which compression goes by. SCREE_E_UNSUPPORTED: built without LZ4.
 */
SCREE_MUST_CHECK enum scree_status
scree__spill_scratch_open(const char *folder, uint64_t expected_bytes,
                          enum scree__spill_compression compression, uint32_t stride,
                          struct scree__spill_scratch **scratch, struct scree_error *err);
void scree__spill_scratch_close(struct scree__spill_scratch *scratch); /* accepts NULL */

/* Memory that a caller brings to write or read blocks of up to `bytes`; 0 without compression. */
uint64_t scree__spill_work_bytes(const struct scree__spill_scratch *scratch, uint32_t bytes);

/* Appends a block; *block says where to find it. work: scree__spill_work_bytes() of it. From any thread. */
SCREE_MUST_CHECK enum scree_status
scree__spill_scratch_write(struct scree__spill_scratch *scratch, const void *bytes, uint32_t count,
                           void *work, struct scree__spill_block *block, struct scree_error *err);
/* Reads block->bytes. */
SCREE_MUST_CHECK enum scree_status scree__spill_scratch_read(struct scree__spill_scratch *scratch,
                                                             const struct scree__spill_block *block,
                                                             void *bytes, void *work,
                                                             struct scree_error *err);
/* A block is not needed any more: its room is given back to the file system, where it can do that, or to blocks that are written later. */
void scree__spill_scratch_drop(struct scree__spill_scratch *scratch,
                               const struct scree__spill_block *block);

/* How long the file is. */
uint64_t scree__spill_scratch_bytes(const struct scree__spill_scratch *scratch);

#endif
