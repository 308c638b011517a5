/*
 * decode.h - items into records that match: one worker's part. An item is walked through piece by piece; what matches of a piece goes to the
 * slot, and is formed, while it is still in the cache. Two items are walked through side by side: two chunks are decoded in one loop in less
 * time than one after the other (scree_laz_decoder_next_two()).
 */
#ifndef SCREE_LIB_QUERY_DECODE_H
#define SCREE_LIB_QUERY_DECODE_H

#include "query/consumer.h"

#include <stdatomic.h>

/* Records decoded and looked at together: those of two items stay in the second-level cache, of a MiB or so. A decoder begins each call
 * with a block that has no neighbour to overlap with, so that few large pieces beat many small ones. */
#define SCREE__QUERY_PIECE 8192u
#define SCREE__QUERY_PIECE_BYTES 245760u /* of wide records fewer */
/* Points of an item that is alone, between two deliveries. */
#define SCREE__QUERY_ALONE_POINTS (8 * SCREE__QUERY_PIECE)

/* How often nodes that were looked at point by point had a match: decides whether to look before decoding the rest. */
struct scree__query_hits {
    atomic_uint_least64_t nodes, matched;
};

struct scree__query_worker {
    uint8_t *chunk; /* bytes of the item, where they were not fetched ahead */
    uint64_t chunk_capacity;
    uint8_t *decoder; /* memory of the running decoder */
    uint64_t decoder_capacity;
    uint8_t *piece, *compact,
        *mapped; /* records as they are in the file; those that match; as they come out */
    uint64_t piece_capacity, compact_capacity, mapped_capacity;
    uint8_t *keep; /* a byte a point */
    uint64_t keep_capacity;
    uint8_t *work; /* of conditions */
    uint64_t work_capacity;
};

/* What is done with the pieces of a node. */
enum scree__query_stage {
    SCREE__QUERY_BETWEEN,  /* nodes */
    SCREE__QUERY_WHOLE,    /* all points are taken */
    SCREE__QUERY_MATCHING, /* looked at, those that match are taken */
    SCREE__QUERY_FINDING,  /* only looked at: the filter's fields are decoded */
    SCREE__QUERY_TAKING    /* after that: what was found is taken */
};

/* An item on its way. */
struct scree__query_walk {
    struct scree_query *query;
    const struct scree__query_consumer *consumer;
    struct scree__query_hits *hits;
    struct scree__query_worker *worker;
    struct scree__query_slot *slot;
    unsigned thread;
    bool keeps; /* records go to the slot; else they are formed and forgotten */
    bool forms; /* the consumer's form() gets each piece */
    const struct scree__query_item *item;
    const uint8_t *bytes; /* of the item; NULL: nothing is read, or a cursor reads it */

    uint64_t next_node; /* of the item */
    enum scree__query_stage stage;
    const struct scree__query_node *node;
    const struct scree__query_source *source;
    struct scree_laz_decoder *decoder; /* NULL: uncompressed, or through a cursor */
    struct scree_las_cursor *cursor;
    uint64_t at, end;   /* points of the node that are through; where this run through it ends */
    uint64_t found_end; /* behind the last point that matches */
    uint64_t before;    /* slot->count when the node began */
    enum scree_status status;
    struct scree_error err;
};

/* Do its bytes have to be read? */
bool scree__query_node_read(const struct scree_query *query,
                            const struct scree__query_consumer *consumer,
                            const struct scree__query_node *node);

/*
 * Walks through one or two items until their ends, or until walks[0] has taken `most` points of the file or a little more. walks[i].status
 * says what became of each. The slots have room for all points, where they keep them.
 */
void scree__query_walk(struct scree__query_walk *walks, unsigned count, uint64_t most);
bool scree__query_walk_ended(const struct scree__query_walk *walk);
/* Frees what a walk holds besides the worker's buffers. */
void scree__query_walk_release(struct scree__query_walk *walk);

/* Memory that a worker takes at most for nodes of so many points, the item's bytes left out. */
uint64_t scree__query_worker_bytes(const struct scree_query *query, uint64_t node_points);
void scree__query_worker_release(struct scree__query_worker *worker,
                                 struct scree__mem_budget *budget);

#endif
