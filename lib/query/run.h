/*
 * run.h - one run over all items of a query, as run.c, fetch.c and memory.c share it.
 *
 * Items are worked on in groups of `lanes` (one or two), which a worker walks through side by side. A group is what the pool's lane calls an
 * item: made in parallel, taken in order, `window` of them in flight. Each item of a group has a slot.
 */
#ifndef SCREE_LIB_QUERY_RUN_H
#define SCREE_LIB_QUERY_RUN_H

#include "query/consumer.h"
#include "query/decode.h"

/* Chunks that were fetched ahead: those of items [first, end). */
struct scree__query_batch {
    uint8_t *bytes;
    uint64_t capacity, first, end;
};
#define SCREE__QUERY_BATCHES 8u

/* How much of everything there is, so that it fits the budget. */
struct scree__query_memory {
    unsigned lanes;  /* 1 or 2 */
    unsigned window; /* groups in flight */
    unsigned
        sets; /* of buffers for decoding: the threads', or those of the groups in flight where they are fewer */
    unsigned batches;     /* fetched ahead; 0: nothing is */
    uint64_t batch_bytes; /* of each, at most */
};

struct scree__query_run {
    struct scree_query *query;
    const struct scree__query_consumer *consumer;
    struct scree_query_result *result;
    struct scree__query_hits hits;
    struct scree__query_memory memory;
    unsigned threads;
    bool keeps;                          /* records are kept in the slots */
    struct scree__query_worker *workers; /* sets * lanes */
    struct scree__query_slot *slots;     /* window * lanes */
    const uint8_t **fetched;             /* by slot: the item's bytes; NULL: not fetched ahead */
    uint64_t first, end;                 /* the items of this stretch: no large ones among them */
    struct scree__query_batch batches[SCREE__QUERY_BATCHES];
    uint64_t fetched_end;
    atomic_bool enough; /* the limit is reached */
    uint64_t left;      /* points up to it */
};

bool scree__query_item_read(const struct scree__query_run *run,
                            const struct scree__query_item *item);
uint32_t scree__query_item_source(const struct scree__query_run *run,
                                  const struct scree__query_item *item);

/* memory.c: chooses, or fails with the budget that would do. */
SCREE_MUST_CHECK enum scree_status scree__query_memory_choose(struct scree__query_run *run,
                                                              struct scree_error *err);
bool scree__query_keeps_records(const struct scree_query *query,
                                const struct scree__query_consumer *consumer);

/* fetch.c. An item's bytes, or those of them that are wanted, from a local file into the worker's memory. */
SCREE_MUST_CHECK enum scree_status
scree__query_item_load(const struct scree__query_run *run, const struct scree__query_item *item,
                       struct scree__query_worker *worker, struct scree__query_slot *slot,
                       const uint8_t **bytes, struct scree_error *err);
/*
 * Item `index` is about to enter the window: its file is opened, its bytes are fetched where that is done ahead. By whoever takes, or before
 * the first is made.
 */
SCREE_MUST_CHECK enum scree_status scree__query_fetch(struct scree__query_run *run, uint64_t index,
                                                      struct scree_error *err);
/* Items before this one have been taken. */
void scree__query_fetch_let(struct scree__query_run *run, uint64_t taken_end);

#endif
