/*
 * svx_inside.h - an opened index from the inside: its head, and what is kept of its lists.
 *
 *   svx_open.c     the head, checked
 *   svx_blocks.c   blocks of lists on demand
 *   svx_rows.c     rerank rows on demand
 */
#ifndef SCREE_LIB_VECTORS_SVX_INSIDE_H
#define SCREE_LIB_VECTORS_SVX_INSIDE_H

#include "vectors/svx_format.h"
#include "mem/budget.h"
#include "par/context.h"
#include "par/lock.h"

enum scree__vectors_state {
    SCREE__VECTORS_ABSENT = 0,
    SCREE__VECTORS_LOADING = 1, /* by one thread; others wait */
    SCREE__VECTORS_PRESENT = 2
};

/* The scan or the extra part of a list, in memory or not. */
struct scree__vectors_piece {
    uint8_t *bytes;
    uint64_t byte_count; /* taken */
    uint32_t pins;
    enum scree__vectors_state state;
    bool listed; /* among those that nobody uses */
    struct scree__vectors_piece *newer, *older;
};

/* A rerank row in memory. */
struct scree__vectors_row_slot {
    uint64_t key; /* list << 32 | row */
    uint8_t *bytes;
    uint32_t next; /* in the chain of its hash; UINT32_MAX ends it */
    uint32_t pins;
    enum scree__vectors_state state;
    bool used, recent, alone; /* alone: of no table, taken for one caller */
};

struct scree__vectors_row_cache {
    struct scree__vectors_row_slot *slots;
    uint32_t *heads;
    uint8_t *memory;
    uint32_t slot_count, head_count, hand;
    uint64_t slot_bytes, slots_bytes, heads_bytes, memory_bytes;
};

struct scree__vectors_svx_column {
    struct scree__vectors_column public_;
    struct scree__vectors_column_head head;
    struct scree__vectors_list *lists;
    float *centroids;
    uint8_t *rotation;
    struct scree__vectors_recall_point *recalls;
    struct scree__vectors_piece *pieces; /* [list_count][2] */
    uint64_t lists_bytes, centroids_bytes, recalls_bytes, pieces_bytes;
    uint64_t rows_share_bytes; /* of the cache */
    struct scree__vectors_row_cache rows;
};

struct scree__vectors_svx {
    struct scree_source *source;
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__vectors_super super;
    struct scree__vectors_svx_column *columns;
    uint8_t *tags;
    uint64_t *deleted; /* ids, ascending */
    uint64_t deleted_count, deleted_bytes;
    struct scree__par_lock lock; /* of all that follows, and of pieces and slots */
    struct scree__par_signal changed;
    struct scree__vectors_piece *newest, *oldest;
    uint64_t piece_bytes, piece_limit_bytes;
};

/* Bytes of the scan part in memory, where all packs are whole. */
static inline uint64_t scree__vectors_whole_scan_bytes(const struct scree__vectors_shape *shape,
                                                       uint32_t count)
{
    return scree__vectors_packs_bytes(shape->padded_dim, count) +
           (uint64_t)count * (shape->id_bytes + shape->tag_bytes);
}

/* Frees what nobody uses until `bytes` more fit the budget, as far as that goes. Without the lock. */
bool scree__vectors_svx_give_way(struct scree__vectors_svx *svx);
void scree__vectors_svx_release_rows(struct scree__vectors_svx *svx);

#endif
