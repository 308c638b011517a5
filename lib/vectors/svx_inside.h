/*
 * svx_inside.h - an opened index from the inside: its head, and what is kept of its lists.
 *
 *   svx_open.c     the head, read and checked
 *   svx_unpack.c   its sections into memory
 *   svx_answers.c  what is asked of it
 *   svx_blocks.c   blocks of lists on demand
 *   svx_rows.c     rerank rows on demand; svx_spans.c: in few requests
 *   svx_manifest.c an index of several files, opened
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

/* A file of the index: the only one, or one that its manifest names. */
struct scree__vectors_segment {
    struct scree_source *source;
    bool own_source;
    uint32_t number;
    uint64_t least_id, most_id; /* of a manifest */
    struct scree__vectors_super super;
    struct scree__vectors_column_head *heads; /* [column_count] */
    uint8_t *tags;
    uint32_t tag_set_first; /* its sets of tags are counted on from this */
    uint64_t *deleted;      /* ids, ascending */
    uint64_t deleted_count, deleted_bytes;
};

/* Where a section's bytes come from and go to. */
struct scree__vectors_section {
    uint64_t offset, byte_count;
    uint32_t crc;
    const char *what;
    uint8_t *bytes;
};

#define SCREE__VECTORS_SECTIONS_MAX (3 * SCREE_VECTORS_COLUMNS_MAX + 2)

struct scree__vectors_svx_column {
    struct scree__vectors_column public_;
    struct scree__vectors_column_head head; /* of the first segment */
    struct scree__vectors_shape *shapes;
    struct scree__vectors_list *lists;
    float *centroids;
    uint8_t *rotation;
    struct scree__vectors_recall_point *recalls;
    struct scree__vectors_piece *pieces; /* [all lists][2] */
    uint64_t shapes_bytes, lists_bytes, centroids_bytes, recalls_bytes, pieces_bytes;
    uint64_t rows_share_bytes; /* of the cache */
    struct scree__vectors_row_cache rows;
};

struct scree__vectors_svx {
    struct scree_source *source;
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__vectors_super super; /* of the first segment */
    uint32_t row_requests;
    struct scree__vectors_segment *segments;
    uint32_t segment_count;
    /* Of a manifest; else zero. */
    uint64_t generation, manifest_bytes;
    uint32_t next_number;
    struct scree__vectors_svx_column *columns;
    struct scree__par_lock lock; /* of all that follows, and of pieces and slots */
    struct scree__par_signal changed;
    struct scree__vectors_piece *newest, *oldest;
    uint64_t piece_bytes, piece_limit_bytes;
};

/* What a few lists or rows that are taken need meanwhile is on the stack, of so many 64-bit words. */
#define SCREE__VECTORS_FEW_WORDS 512u

/* Bytes of the scan part in memory, where all packs are whole. */
static inline uint64_t scree__vectors_whole_scan_bytes(const struct scree__vectors_shape *shape,
                                                       uint32_t count)
{
    return scree__vectors_packs_bytes(shape->padded_dim, count) +
           (uint64_t)count * (shape->id_bytes + shape->tag_bytes);
}

/*
 * Reads ranges of the lists that `lists` names, one each, from their segments, all at once.
 */
SCREE_MUST_CHECK enum scree_status scree__vectors_svx_read(struct scree__vectors_svx *svx,
                                                           uint32_t list_count,
                                                           const struct scree_range *ranges,
                                                           const uint32_t *lists, uint32_t count,
                                                           struct scree_error *err);

/*
 * svx_spans.c: the same for rows of `stride` bytes. Where these are more than svx->row_requests, those that lie near each other are read with what is
 * between them.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_read_rows(struct scree__vectors_svx *svx, uint32_t list_count,
                             const struct scree_range *ranges, const uint32_t *lists,
                             uint32_t count, struct scree_error *err);

/* svx_unpack.c: sections that were checked against their CRCs, into the structs of segment `at`. shared: centroids and rotation come with them. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_unpack(struct scree__vectors_svx *svx, uint32_t at,
                          const struct scree__vectors_section *sections, bool shared,
                          struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_svx_unpack_recalls(struct scree__vectors_svx *svx,
                                                                     const uint8_t *bytes,
                                                                     uint32_t byte_count,
                                                                     struct scree_error *err);
/* recalls.c: the recalls as they are in the file, memory of *bytes. */
SCREE_MUST_CHECK enum scree_status scree__vectors_recalls_copy(struct scree__vectors_svx *svx,
                                                               struct scree__mem_budget *budget,
                                                               void **memory, uint64_t *bytes,
                                                               struct scree_error *err);
/* Zeroed, from the index's budget; into *to. */
SCREE_MUST_CHECK enum scree_status scree__vectors_svx_alloc(struct scree__vectors_svx *svx,
                                                            uint64_t bytes, void *to,
                                                            const char *what,
                                                            struct scree_error *err);
/* The sections of a segment: rotation, directory, centroids of each column, then tags, then recalls. Returns how many. */
uint32_t scree__vectors_svx_sections(const struct scree__vectors_super *super,
                                     const struct scree__vectors_column_head *heads,
                                     struct scree__vectors_section *sections);
/* svx_manifest.c: opens what its first bytes say is a manifest. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_open_manifest(struct scree__vectors_svx *svx,
                                 const struct scree__vectors_svx_options *options,
                                 struct scree_error *err);

/* Frees what nobody uses until `bytes` more fit the budget, as far as that goes. Without the lock. */
bool scree__vectors_svx_give_way(struct scree__vectors_svx *svx);
void scree__vectors_svx_release_rows(struct scree__vectors_svx *svx);

#endif
