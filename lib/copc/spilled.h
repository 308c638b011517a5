/*
 * spilled.h - a run whose points do not fit the budget, as its files share it:
 *
 *     spill.c          the run: how much memory for what, and what is tried again
 *     spill_guess.c    where the points are, before they are read
 *     spill_move.c     points into partitions on scratch: from the inputs, from memory, from other partitions
 *     spill_buckets.c  partitions into buckets that fit a batch, cut again where they do not
 *     spill_sweep.c    batches of buckets, in Morton order: loaded, sorted, settled, written
 */
#ifndef SCREE_LIB_COPC_SPILLED_H
#define SCREE_LIB_COPC_SPILLED_H

#include "copc/job.h"

/* A bucket of a partition, small enough for a batch, or not to be cut any further. */
struct scree__copc_bucket {
    const struct scree__copc_partition *partition;
    uint32_t bucket;
    uint64_t count;
    uint64_t first_cell, last_cell; /* index into cells */
};

/* A cell that has points, of any partition. */
struct scree__copc_cell {
    uint64_t code, before; /* points in all cells before it */
    uint64_t span;         /* codes in it */
};

struct scree__copc_spilled {
    struct scree_convert_job *job;
    struct scree__mem_budget *budget;
    struct scree__spill_scratch *scratch;
    struct scree__copc_cube cube;
    struct scree_las_summary summary;
    uint64_t batch_points; /* of a batch, at most, unless its one bucket cannot be cut */
    uint64_t block_bytes;  /* of all blocks of a partition that is filled */
    uint64_t indivisible;  /* points of the largest bucket that cannot be cut */
    uint64_t wait_bytes;   /* of chunks that wait in memory until the end of the file */
    uint64_t top_node;     /* no node of the first levels has more points: from the cells' counts */
    /* Found by sweeps: */
    uint64_t largest_node;  /* points of it, so far */
    uint64_t settled_bytes; /* the most that was held when a batch's nodes were to be written */
    bool measured;          /* a sweep has seen all nodes: */
    uint64_t beside_bytes;  /* what it held at most beside the batch */

    struct scree__copc_partition **partitions; /* those that buckets refer to; NULL: released */
    uint64_t partition_count, partition_capacity;
    struct scree__copc_bucket *buckets; /* in Morton order */
    uint64_t bucket_count, bucket_capacity;
    struct scree__copc_cell *cells; /* in Morton order, and one beyond the last */
    uint64_t cell_count, cell_capacity, points_placed;

    /* The batch. */
    uint64_t batch_begin, batch_end; /* buckets */
    uint8_t *records;
    uint64_t *order;
    uint8_t *prefix, *level;
};

/* Levels that two codes have in common. */
static inline unsigned scree__copc_shared_levels(uint64_t a, uint64_t b)
{
    if (a == b)
        return SCREE__COPC_CODE_LEVELS;
    unsigned highest = 63u - (unsigned)__builtin_clzll(a ^ b);
    return SCREE__COPC_CODE_LEVELS - 1 - highest / 3;
}

/* Lists of blocks, of the smallest size; while they are gathered, a list that grows and its successor are there, too. */
uint64_t scree__copc_extents_bytes(const struct scree_convert_job *job, unsigned copies);
/* Points that a bucket should have. */
uint64_t scree__copc_spilled_target(const struct scree__copc_spilled *spilled);

/* ---- spill_guess.c */

/* The bounds that the headers promise, as record integers. Wrong ones cost a second partition. */
void scree__copc_spilled_guess_bounds(const struct scree_convert_job *job, int32_t min[3],
                                      int32_t max[3]);
/* Weighs the cells of the cube by the boxes in the headers and by a sample, half and half. weights: 0 before. */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_weigh(struct scree__copc_spilled *spilled,
                                                             uint64_t *weights,
                                                             struct scree_error *err);

/* ---- spill_move.c */

/* What becomes of records of blocks on scratch. The first that is not NULL counts. */
struct scree__copc_moving {
    struct scree__copc_partition *to; /* they are added to it, which empties the blocks */
    struct scree__copc_region region;
    uint64_t *weights; /* they are counted, by cells of the region */
    uint64_t *range;   /* [2]: the smallest and the largest of their codes and of what is there */
    uint64_t *alike;   /* they are counted, by a hash of their positions; as many as weights */
};
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_move(
    struct scree__copc_spilled *spilled, const struct scree__copc_moving *moving,
    const struct scree__copc_extent *extents, uint64_t count, struct scree_error *err);

/* Begins a partition under the run's cube and adds it to the list. weights: see scree__copc_partition_begin(). */
SCREE_MUST_CHECK enum scree_status
scree__copc_spilled_begin_partition(struct scree__copc_spilled *spilled,
                                    struct scree__copc_region region, const uint64_t *weights,
                                    struct scree__copc_partition **out, struct scree_error *err);

/* Every input, read once, into one partition. Fills the summary. */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_read(struct scree__copc_spilled *spilled,
                                                            struct scree_error *err);
/* Points that are in memory, into one partition, whose cells are counted first. What their order took before has room for its buckets. */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_take(struct scree__copc_spilled *spilled,
                                                            const uint8_t *records,
                                                            struct scree_error *err);
/* All points again, under another cube. Cells of the new cube are counted first. */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_again(struct scree__copc_spilled *spilled,
                                                             struct scree_error *err);

/* ---- spill_buckets.c */

/* The last partition into buckets that fit a batch. Checks that no point is missing. */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_place(struct scree__copc_spilled *spilled,
                                                             struct scree_error *err);
/* No position has more points than this: of the buckets that cannot be cut. */
uint64_t scree__copc_spilled_most_alike(struct scree__copc_spilled *spilled);
/* Points in cells with codes below `code`. */
uint64_t scree__copc_spilled_points_below(const struct scree__copc_spilled *spilled, uint64_t code);
/* Partitions [0, count) of the list. */
void scree__copc_spilled_release_partitions(struct scree__copc_spilled *spilled, uint64_t count);
void scree__copc_spilled_release(struct scree__copc_spilled *spilled);

/* ---- spill_sweep.c */

/*
 * All batches, and the output. When *deepest exceeds the cube's face_depth nothing was published: again, with that depth. result: NULL: nothing is
 * written, so that only largest_node and settled_bytes are found.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_spilled_sweep(struct scree__copc_spilled *spilled,
                                                             struct scree_convert_result *result,
                                                             unsigned *deepest,
                                                             struct scree_error *err);

/* Points of the largest batch there will be. */
uint64_t scree__copc_spilled_largest_batch(struct scree__copc_spilled *spilled);

#endif
