/*
 * consumer.h - who takes the records of an answer: a file, a count, statistics, a caller.
 *
 * Nodes are decoded in parallel, piece by piece; `form` gets the records that match while they are in the cache, in the order of the item, and
 * adds to the item's slot; `take` gets the slots one by one, in order unless the consumer does not mind. `help` is called by workers before they decode: work that take left
 * for them (encoding).
 */
#ifndef SCREE_LIB_QUERY_CONSUMER_H
#define SCREE_LIB_QUERY_CONSUMER_H

#include "query/job.h"

/* One item's points on their way out. */
struct scree__query_slot {
    uint8_t *records; /* those that match, as they come out, where the consumer keeps them */
    uint64_t records_capacity; /* bytes */
    uint64_t first;            /* exact queries: the place of its first point in the answer */
    uint64_t count;
    uint64_t most;   /* that count can come to */
    uint64_t formed; /* of them, form has had */
    uint8_t *text;   /* what form made of them */
    uint64_t text_capacity, text_bytes;
    struct scree_las_summary summary;
    uint64_t tested, nodes_read, nodes_inside;
    uint64_t bytes_read, requests;
    uint64_t out_of_range; /* coordinates that the joint grid cannot hold */
    void *own;             /* the consumer's, by slot; see slot_bytes */
};

struct scree__query_consumer {
    void *self;
    bool needs_records; /* false: only counts matter */
    bool keeps_records; /* take wants them in the slot */
    uint32_t fields;    /* SCREE_LAZ_FIELD_* that it looks at */
    bool any_order;     /* of slots: form puts rows where slot->first says, or only sums are kept */
    bool clean;         /* what the dims leave out has to be 0; only where records are kept */
    uint32_t form_bytes;  /* of memory a point that form takes at most, for the plan of memory */
    uint64_t fixed_bytes; /* of memory that it takes besides, while the query works */
    uint64_t slot_bytes;  /* of `own` */
    enum scree_status (*form)(void *self, struct scree__query_slot *slot, const uint8_t *records,
                              uint64_t count, unsigned worker,
                              struct scree_error *err); /* may be NULL */
    enum scree_status (*help)(void *self, unsigned worker,
                              struct scree_error *err); /* may be NULL */
    enum scree_status (*take)(void *self, struct scree__query_slot *slot, struct scree_error *err);
};

/* run.c: everything, in order, up to the limit. */
SCREE_MUST_CHECK enum scree_status scree__query_work(struct scree_query *query,
                                                     const struct scree__query_consumer *consumer,
                                                     struct scree_query_result *result,
                                                     struct scree_error *err);

/* memory.c: is there room for it? SCREE_E_BUDGET names the budget that would do. Nothing of the consumer's own may have been taken yet. */
SCREE_MUST_CHECK enum scree_status
scree__query_memory_check(const struct scree_query *query,
                          const struct scree__query_consumer *consumer, struct scree_error *err);
/* A budget that is enough for any consumer but a conversion to COPC; and for that, about. */
uint64_t scree__query_memory_least(const struct scree_query *query);
uint64_t scree__query_convert_bytes(const struct scree_query *query);
/* stats.c: what statistics take for themselves. */
uint64_t scree__query_stats_bytes(const struct scree_query *query);

/* Makes room in a buffer of the budget's; what was in it is lost. */
SCREE_MUST_CHECK enum scree_status scree__query_room(struct scree__mem_budget *budget,
                                                     uint8_t **buffer, uint64_t *capacity,
                                                     uint64_t bytes, struct scree_error *err);

#endif
