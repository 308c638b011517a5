/*
 * merge_joining.h - lists of several segments, taken together.
 *
 *     merge_groups.c    lists by groups, each read ahead by one thread
 *     merge_lists.c     the whole; how many vectors are left in each list
 *     merge_join.c      their blocks and rows into the output
 */
#ifndef SCREE_LIB_VECTORS_MERGE_JOINING_H
#define SCREE_LIB_VECTORS_MERGE_JOINING_H

#include "vectors/build.h"
#include "vectors/merge.h"
#include "par/pool.h"

struct scree__vectors_joining {
    struct scree__vectors_merge *merge;
    struct scree_vectors_build_job *job;
    uint32_t column;
    uint64_t largest_in, largest_out; /* blocks */
    uint8_t *memory;                  /* of workers */
    uint64_t worker_bytes;
    scree__par_item list_item; /* what is done with each list */
    uint32_t group_lists;      /* lists that one worker takes, one after the other */
    uint64_t ahead_bytes; /* of each worker, behind its worker_bytes; 0: it does not read ahead */
    /* While ids are counted: of each worker. */
    uint64_t *least, *most;
};

static inline uint32_t scree__vectors_joining_count(const struct scree__vectors_joining *j,
                                                    uint32_t segment, uint64_t list)
{
    const struct scree__vectors_merge_segment *from = &j->merge->segments[segment];
    const struct scree__vectors_svx_column *column = &from->svx->columns[j->column];
    return column->lists[(size_t)from->at * column->head.list_count + list].count;
}

static inline uint64_t scree__vectors_joining_block(const struct scree__vectors_joining *j,
                                                    uint32_t segment, uint64_t list)
{
    return scree__vectors_block_bytes(&j->merge->segments[segment].segment->heads[j->column].shape,
                                      scree__vectors_joining_count(j, segment, list));
}

static inline bool
scree__vectors_joining_deleted(const struct scree__vectors_merge_segment *segment, uint64_t id)
{
    return scree__vectors_svx_deleted(segment->svx, segment->at, id);
}

/* Windows of a worker: of blocks and of rows of each segment. */
static inline struct scree__vectors_ahead *
scree__vectors_joining_aheads(const struct scree__vectors_joining *j, unsigned worker)
{
    if (j->ahead_bytes == 0)
        return NULL;
    return (void *)(j->memory + worker * (j->worker_bytes + j->ahead_bytes) + j->worker_bytes);
}

static inline uint8_t *scree__vectors_joining_memory(const struct scree__vectors_joining *j,
                                                     unsigned worker)
{
    return j->memory + worker * (j->worker_bytes + j->ahead_bytes);
}

/* Window 2 s of blocks of segment s, 2 s + 1 of its rows; NULL: it does not read ahead. */
static inline struct scree__vectors_ahead *
scree__vectors_joining_ahead(const struct scree__vectors_joining *j, unsigned worker,
                             uint32_t which)
{
    return j->ahead_bytes == 0 ? NULL : scree__vectors_joining_aheads(j, worker) + which;
}

/*
 * item(joining, list, worker) for each list, with worker_bytes for each worker: with less read ahead, and then one list after the other, where memory is
 * too little. Errors: SCREE_E_BUDGET, and of the items.
 */
SCREE_MUST_CHECK enum scree_status scree__vectors_merge_for_lists(struct scree__vectors_joining *j,
                                                                  uint64_t worker_bytes,
                                                                  scree__par_item item,
                                                                  struct scree_error *err);

/* Blocks and rows of all columns, once the output is laid out. */
SCREE_MUST_CHECK enum scree_status scree__vectors_merge_join(struct scree__vectors_joining *j,
                                                             struct scree_error *err);

#endif
