/* decode.h - nodes into records that match: one worker's part. */
#ifndef SCREE_LIB_QUERY_DECODE_H
#define SCREE_LIB_QUERY_DECODE_H

#include "query/consumer.h"

#include <stdatomic.h>

/* Records decoded and looked at together: with their masks they stay in the second-level cache. */
#define SCREE__QUERY_PIECE 2048u

/* How often nodes that were looked at point by point had a match: decides whether to look before decoding the rest. */
struct scree__query_hits {
    atomic_uint_least64_t nodes, matched;
};

struct scree__query_worker {
    uint8_t *chunk; /* bytes of the item, where they were not fetched ahead */
    uint64_t chunk_capacity;
    uint8_t *decoder; /* memory of the running decoder */
    uint64_t decoder_capacity;
    uint8_t *piece, *compact; /* records as they are in the file; those that match */
    uint64_t piece_capacity, compact_capacity;
    uint8_t *keep; /* a byte a point */
    uint64_t keep_capacity;
    uint8_t *work; /* of conditions */
    uint64_t work_capacity;
};

struct scree__query_decoding {
    struct scree_query *query;
    const struct scree__query_consumer *consumer;
    struct scree__query_hits *hits;
    struct scree__query_worker *worker;
    struct scree__query_slot *slot;
};

/* Is the node looked at point by point? */
bool scree__query_node_tested(const struct scree_query *query,
                              const struct scree__query_node *node);
/* Do its bytes have to be read? */
bool scree__query_node_read(const struct scree_query *query,
                            const struct scree__query_consumer *consumer,
                            const struct scree__query_node *node);

/* Adds what matches of a node whose `bytes` bytes are at `chunk` to the slot, which has room for all its points. */
SCREE_MUST_CHECK enum scree_status scree__query_decode(struct scree__query_decoding *decoding,
                                                       const struct scree__query_node *node,
                                                       const uint8_t *chunk,
                                                       struct scree_error *err);

/*
 * A node that is too large for a slot: `piece` is called for each run of up to 32 pieces with the slot filled, and the slot is emptied
 * after it. chunk NULL: through the cursor of the source's reader.
 */
SCREE_MUST_CHECK enum scree_status scree__query_decode_alone(
    struct scree__query_decoding *decoding, const struct scree__query_node *node,
    const uint8_t *chunk,
    enum scree_status (*piece)(void *arg, bool *enough, struct scree_error *err), void *arg,
    struct scree_error *err);
#define SCREE__QUERY_ALONE_POINTS (32 * SCREE__QUERY_PIECE)

/* Memory that a worker takes for nodes of so many points. */
uint64_t scree__query_worker_bytes(const struct scree_query *query, uint64_t node_points);
void scree__query_worker_release(struct scree__query_worker *worker,
                                 struct scree__mem_budget *budget);

#endif
