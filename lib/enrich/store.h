/*
 * store.h - the points of a survey as a tree of boxes, in memory or on scratch.
 *
 *   scree__enrich_store_init(store, context, settings)
 *   scree__enrich_store_add(store, worker, points, count)     from all threads
 *   scree__enrich_store_finish(store)                         builds the tree
 *   scree__enrich_leaf_first(), scree__enrich_leaf_next()     the points of a leaf, piece by piece; from all threads
 *   scree__enrich_store_release(store)
 *
 * Leaves hold up to leaf_points points, or all that are at one position. What the tree looks like depends on the budget; no result does.
 */
#ifndef SCREE_LIB_ENRICH_STORE_H
#define SCREE_LIB_ENRICH_STORE_H

#include "enrich/grid.h"
#include "enrich/point.h"
#include "par/context.h"
#include "par/lock.h"
#include "spill/scratch.h"

#define ENRICH_NONE UINT32_MAX
/* No leaf is wider than this: windows about it have coordinates that kernels can take. */
#define ENRICH_LEAF_SIDE ((int64_t)1 << 26)

struct scree__enrich_node {
    int32_t min[3], max[3]; /* of the points in it */
    uint32_t child[2];      /* ENRICH_NONE: a leaf */
    uint64_t count, wanted, neighbors, ground, early;
    uint64_t first;                  /* leaf in memory: its first point */
    struct scree__spill_block chain; /* leaf on scratch: its last block; bytes 0: none */
};

struct scree__enrich_store_settings {
    bool in_memory;
    bool tagged;            /* points are struct scree__enrich_tagged; duplicates are left out */
    uint64_t leaf_points;   /* at most in a leaf */
    uint64_t points;        /* about how many will come */
    int32_t min[3], max[3]; /* about where they will be */
    uint32_t block_bytes;   /* on scratch */
    struct scree__spill_scratch *scratch;
};

struct scree__enrich_cells; /* points on their way to scratch */

struct scree__enrich_store {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__enrich_store_settings settings;
    uint32_t stride;
    uint64_t count, duplicates;

    /* In memory: blocks while points come, one run afterwards. */
    struct scree__par_lock lock;
    uint8_t **blocks;
    uint64_t block_count, block_capacity, last_used;
    uint8_t *points;
    uint64_t points_bytes;
    /* On scratch. */
    struct scree__enrich_cells *cells;

    struct scree__enrich_node *nodes;
    uint64_t node_count, node_capacity;
    uint32_t root; /* ENRICH_NONE: no points */
};

SCREE_MUST_CHECK enum scree_status
scree__enrich_store_init(struct scree__enrich_store *store, struct scree_context *context,
                         const struct scree__enrich_store_settings *settings,
                         struct scree_error *err);
/* All points of one call are of one segment (index >> ENRICH_INDEX_BITS). points: stride bytes each. SCREE_E_BUDGET in memory: there are more
 * than was thought. */
SCREE_MUST_CHECK enum scree_status scree__enrich_store_add(struct scree__enrich_store *store,
                                                           unsigned worker, const void *points,
                                                           uint32_t count, uint32_t segment,
                                                           struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__enrich_store_finish(struct scree__enrich_store *store,
                                                              struct scree_error *err);
void scree__enrich_store_release(struct scree__enrich_store *store);

/* ---------------------------------------------------------------------------------------- leaves */

static inline bool scree__enrich_is_leaf(const struct scree__enrich_node *node)
{
    return node->child[0] == ENRICH_NONE;
}

static inline bool scree__enrich_one_position(const struct scree__enrich_node *node)
{
    return node->min[0] == node->max[0] && node->min[1] == node->max[1] &&
           node->min[2] == node->max[2];
}

/* All its points lie above one another. */
static inline bool scree__enrich_one_place(const struct scree__enrich_node *node)
{
    return node->min[0] == node->max[0] && node->min[1] == node->max[1];
}

struct scree__enrich_piece {
    const uint8_t *points; /* stride bytes each */
    uint32_t count, segment;
};

/* Walks a leaf. buffer: block_bytes and work, for stores on scratch. */
struct scree__enrich_leaf {
    const struct scree__enrich_store *store;
    const struct scree__enrich_node *node;
    struct scree__spill_block next;
    uint64_t done;
    uint8_t *buffer;
};

/* Bytes of a leaf's buffer; 0 in memory. */
uint64_t scree__enrich_leaf_bytes(const struct scree__enrich_store *store);
void scree__enrich_leaf_first(const struct scree__enrich_store *store,
                              const struct scree__enrich_node *node, uint8_t *buffer,
                              struct scree__enrich_leaf *leaf);
/* piece->count 0: the end. */
SCREE_MUST_CHECK enum scree_status scree__enrich_leaf_next(struct scree__enrich_leaf *leaf,
                                                           struct scree__enrich_piece *piece,
                                                           struct scree_error *err);

/* ----------------------------------------------------------------------------- inside the store */

/* One cell of a grid while a set of points is cut. */
struct scree__enrich_cell {
    int32_t min[3], max[3];
    uint64_t count, wanted, neighbors, ground, early;
};

void scree__enrich_cell_init(struct scree__enrich_cell *cell);
static inline void scree__enrich_cell_add(struct scree__enrich_cell *cell,
                                          const struct scree__enrich_point *p)
{
    const int32_t at[3] = {p->x, p->y, p->z};
    for (int a = 0; a < 3; a++) {
        cell->min[a] = at[a] < cell->min[a] ? at[a] : cell->min[a];
        cell->max[a] = at[a] > cell->max[a] ? at[a] : cell->max[a];
    }
    uint32_t roles = p->what >> ENRICH_INDEX_BITS;
    cell->count++;
    cell->wanted += roles >> 1 & 1;
    cell->neighbors += roles & 1;
    cell->ground +=
        (roles & (ENRICH_GROUND | ENRICH_NEIGHBOR)) == (ENRICH_GROUND | ENRICH_NEIGHBOR);
    cell->early += (roles & (ENRICH_EARLY | ENRICH_NEIGHBOR)) == (ENRICH_EARLY | ENRICH_NEIGHBOR);
}

/* Must a set of points with this box and count be cut? */
bool scree__enrich_must_cut(const struct scree__enrich_store *store,
                            const struct scree__enrich_cell *cell);
unsigned scree__enrich_cut_bits(const struct scree__enrich_store *store, uint64_t count);
SCREE_MUST_CHECK enum scree_status scree__enrich_add_node(struct scree__enrich_store *store,
                                                          const struct scree__enrich_cell *cell,
                                                          uint32_t *node, struct scree_error *err);
/* The tree over cells[0, 1 << bits) whose nodes are nodes[i] (ENRICH_NONE: empty). */
SCREE_MUST_CHECK enum scree_status scree__enrich_join_cells(struct scree__enrich_store *store,
                                                            const uint32_t *nodes, unsigned bits,
                                                            uint32_t *root,
                                                            struct scree_error *err);
/* Of points with tags: moves those that stay to the front and tells how many they are. */
uint32_t scree__enrich_drop_duplicates(struct scree__enrich_tagged *points, uint32_t count);

/* store_memory.c, store_scratch.c */
enum scree_status scree__enrich_memory_add(struct scree__enrich_store *store, const void *points,
                                           uint32_t count, struct scree_error *err);
enum scree_status scree__enrich_memory_finish(struct scree__enrich_store *store,
                                              struct scree_error *err);
void scree__enrich_memory_release(struct scree__enrich_store *store);
enum scree_status scree__enrich_scratch_begin(struct scree__enrich_store *store,
                                              struct scree_error *err);
enum scree_status scree__enrich_scratch_add(struct scree__enrich_store *store, unsigned worker,
                                            const void *points, uint32_t count, uint32_t segment,
                                            struct scree_error *err);
enum scree_status scree__enrich_scratch_finish(struct scree__enrich_store *store,
                                               struct scree_error *err);
void scree__enrich_scratch_release(struct scree__enrich_store *store);

/* The head of a block on scratch. */
struct scree__enrich_block {
    struct scree__spill_block before; /* of the same chain; bytes 0: none */
    uint32_t count, segment;
};

#endif
