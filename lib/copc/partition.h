/*
 * partition.h - points into buckets on scratch. A bucket is a run of octree cells along the Morton curve; the buckets of a partition, in order, are
 * all points. Where to cut is guessed from a sample, or known from counts; the guess decides how large buckets are and nothing else.
 *
 * Cells: those of 6 levels below a root cell (the cube itself, or a cell that turned out too full). Each worker fills a block a bucket, and
 * writes it to scratch when it is full.
 */
#ifndef SCREE_LIB_COPC_PARTITION_H
#define SCREE_LIB_COPC_PARTITION_H

#include "copc/codes.h"
#include "par/context.h"
#include "spill/scratch.h"

#define SCREE__COPC_PART_LEVELS 6u
/* Blocks below this make scratch slow to read back. */
#define SCREE__COPC_PART_BLOCK_MIN 8192u
#define SCREE__COPC_PART_CELLS (1u << 3 * SCREE__COPC_PART_LEVELS)
/* Cells are named by codes of so many levels: 63 bits. */
#define SCREE__COPC_CODE_LEVELS 21u

/* Cell at `level` levels, as the first code in it. */
struct scree__copc_region {
    uint64_t code;
    unsigned level;
};

/* Code of a record's position: the Morton code of its cell at 21 levels. */
uint64_t scree__copc_code(const struct scree__copc_cube *cube, const uint8_t *record);

/* Codes in a cell of this level. */
static inline uint64_t scree__copc_code_span(unsigned level)
{
    return (uint64_t)1 << 3 * (SCREE__COPC_CODE_LEVELS - level);
}

/* A block of a bucket's records on scratch. */
struct scree__copc_extent {
    struct scree__spill_block block;
    uint32_t bucket, count; /* count: records */
};

struct scree__copc_partition {
    struct scree_context *context;
    struct scree__spill_scratch *scratch;
    const struct scree__copc_cube *cube;
    scree__copc_codes codes;
    uint32_t record_bytes;
    struct scree__copc_region region;
    uint32_t bucket_count;
    uint32_t *bucket_of;                /* [cell] */
    uint64_t *counts;                   /* [cell]: after scree__copc_partition_end() */
    struct scree__copc_extent *extents; /* by bucket: after scree__copc_partition_end() */
    uint64_t *first_extent;             /* [bucket + 1] */
    /* While it is filled: */
    struct scree__copc_part_worker *workers;
    unsigned threads;
    uint32_t block_points;
    uint64_t work_bytes; /* a worker's, for scratch */
};

/*
 * Begins: cells are cut into buckets of about target_points by `weights` (one a cell; NULL: equal), which add up to the number of points
 * expected. At most bucket_max buckets. Memory: threads * buckets * a block.
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_partition_begin(struct scree__copc_partition *partition, struct scree_context *context,
                            struct scree__spill_scratch *scratch,
                            const struct scree__copc_cube *cube, uint32_t record_bytes,
                            struct scree__copc_region region, const uint64_t *weights,
                            uint64_t target_points, uint32_t bucket_max, uint64_t block_bytes_total,
                            struct scree_error *err);

/* Adds records. One call at a time for each worker. */
SCREE_MUST_CHECK enum scree_status
scree__copc_partition_add(struct scree__copc_partition *partition, unsigned worker,
                          const uint8_t *records, uint64_t count, struct scree_error *err);

/* Writes what is left in the blocks, frees them, and sorts the extents by bucket. */
SCREE_MUST_CHECK enum scree_status
scree__copc_partition_end(struct scree__copc_partition *partition, struct scree_error *err);

/* Frees bucket_of and counts: extents are still there. */
void scree__copc_partition_forget_cells(struct scree__copc_partition *partition);
void scree__copc_partition_release(struct scree__copc_partition *partition);

#endif
