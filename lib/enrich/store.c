/* store.c - what both kinds of store share: nodes, the tree over a grid's cells, walks over leaves, duplicates. */
#include "enrich/store.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum scree_status scree__enrich_store_init(struct scree__enrich_store *store,
                                           struct scree_context *context,
                                           const struct scree__enrich_store_settings *settings,
                                           struct scree_error *err)
{
    memset(store, 0, sizeof *store);
    store->context = context;
    store->budget = scree__par_budget(context);
    store->settings = *settings;
    store->stride = settings->tagged ? (uint32_t)sizeof(struct scree__enrich_tagged)
                                     : (uint32_t)sizeof(struct scree__enrich_point);
    store->root = ENRICH_NONE;
    scree__par_lock_init(&store->lock);
    return settings->in_memory ? SCREE_OK : scree__enrich_scratch_begin(store, err);
}

enum scree_status scree__enrich_store_add(struct scree__enrich_store *store, unsigned worker,
                                          const void *points, uint32_t count, uint32_t segment,
                                          struct scree_error *err)
{
    if (count == 0)
        return SCREE_OK;
    if (store->settings.in_memory)
        return scree__enrich_memory_add(store, points, count, err);
    return scree__enrich_scratch_add(store, worker, points, count, segment, err);
}

enum scree_status scree__enrich_store_finish(struct scree__enrich_store *store,
                                             struct scree_error *err)
{
    return store->settings.in_memory ? scree__enrich_memory_finish(store, err)
                                     : scree__enrich_scratch_finish(store, err);
}

void scree__enrich_store_release(struct scree__enrich_store *store)
{
    if (store->context == NULL)
        return;
    scree__enrich_memory_release(store);
    scree__enrich_scratch_release(store);
    scree__mem_free(store->budget, store->nodes, store->node_capacity * sizeof *store->nodes);
    scree__par_lock_release(&store->lock);
    memset(store, 0, sizeof *store);
}

/* ----------------------------------------------------------------------------------------- nodes */

void scree__enrich_cell_init(struct scree__enrich_cell *cell)
{
    memset(cell, 0, sizeof *cell);
    for (int a = 0; a < 3; a++) {
        cell->min[a] = INT32_MAX;
        cell->max[a] = INT32_MIN;
    }
}

bool scree__enrich_must_cut(const struct scree__enrich_store *store,
                            const struct scree__enrich_cell *cell)
{
    int64_t side = 0;
    for (int a = 0; a < 3; a++) {
        int64_t extent = (int64_t)cell->max[a] - cell->min[a];
        side = extent > side ? extent : side;
    }
    return side > ENRICH_LEAF_SIDE || (side > 0 && cell->count > store->settings.leaf_points);
}

unsigned scree__enrich_cut_bits(const struct scree__enrich_store *store, uint64_t count)
{
    unsigned bits = 3;
    while (bits < ENRICH_GRID_BITS && store->settings.leaf_points << (bits - 1) < count)
        bits++;
    return bits;
}

enum scree_status scree__enrich_add_node(struct scree__enrich_store *store,
                                         const struct scree__enrich_cell *cell, uint32_t *node,
                                         struct scree_error *err)
{
    void *array = store->nodes;
    enum scree_status status =
        scree__mem_grow(store->budget, &array, &store->node_capacity, store->node_count + 1,
                        sizeof *store->nodes, "the tree of a survey", err);
    store->nodes = array;
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_node *added = &store->nodes[store->node_count];
    memset(added, 0, sizeof *added);
    memcpy(added->min, cell->min, sizeof added->min);
    memcpy(added->max, cell->max, sizeof added->max);
    added->child[0] = added->child[1] = ENRICH_NONE;
    added->count = cell->count;
    added->wanted = cell->wanted;
    added->neighbors = cell->neighbors;
    added->ground = cell->ground;
    added->early = cell->early;
    *node = (uint32_t)store->node_count++;
    return SCREE_OK;
}

static enum scree_status join_two(struct scree__enrich_store *store, uint32_t left, uint32_t right,
                                  uint32_t *out, struct scree_error *err)
{
    const struct scree__enrich_node *l = &store->nodes[left], *r = &store->nodes[right];
    struct scree__enrich_cell cell;
    for (int a = 0; a < 3; a++) {
        cell.min[a] = l->min[a] < r->min[a] ? l->min[a] : r->min[a];
        cell.max[a] = l->max[a] > r->max[a] ? l->max[a] : r->max[a];
    }
    cell.count = l->count + r->count;
    cell.wanted = l->wanted + r->wanted;
    cell.neighbors = l->neighbors + r->neighbors;
    cell.ground = l->ground + r->ground;
    cell.early = l->early + r->early;
    enum scree_status status = scree__enrich_add_node(store, &cell, out, err);
    if (status == SCREE_OK) {
        store->nodes[*out].child[0] = left;
        store->nodes[*out].child[1] = right;
    }
    return status;
}

enum scree_status scree__enrich_join_cells(struct scree__enrich_store *store, const uint32_t *nodes,
                                           unsigned bits, uint32_t *root, struct scree_error *err)
{
    if (bits == 0) {
        *root = nodes[0];
        return SCREE_OK;
    }
    uint32_t left, right;
    enum scree_status status = scree__enrich_join_cells(store, nodes, bits - 1, &left, err);
    if (status == SCREE_OK)
        status = scree__enrich_join_cells(store, nodes + ((size_t)1 << (bits - 1)), bits - 1,
                                          &right, err);
    if (status != SCREE_OK)
        return status;
    if (left == ENRICH_NONE || right == ENRICH_NONE) {
        *root = left == ENRICH_NONE ? right : left;
        return SCREE_OK;
    }
    return join_two(store, left, right, root, err);
}

/* ---------------------------------------------------------------------------------------- leaves */

uint64_t scree__enrich_leaf_bytes(const struct scree__enrich_store *store)
{
    if (store->settings.in_memory)
        return 0;
    return store->settings.block_bytes +
           scree__spill_work_bytes(store->settings.scratch, store->settings.block_bytes);
}

void scree__enrich_leaf_first(const struct scree__enrich_store *store,
                              const struct scree__enrich_node *node, uint8_t *buffer,
                              struct scree__enrich_leaf *leaf)
{
    memset(leaf, 0, sizeof *leaf);
    leaf->store = store;
    leaf->node = node;
    leaf->next = node->chain;
    leaf->buffer = buffer;
}

/* In memory a piece is a run of points of the leaf; segments do not matter there: the whole has fewer points than one. */
static void next_in_memory(struct scree__enrich_leaf *leaf, struct scree__enrich_piece *piece)
{
    uint64_t left = leaf->node->count - leaf->done;
    piece->count = left > 1u << 20 ? 1u << 20 : (uint32_t)left;
    piece->segment = 0;
    piece->points = leaf->store->points + (leaf->node->first + leaf->done) * leaf->store->stride;
    leaf->done += piece->count;
}

enum scree_status scree__enrich_leaf_next(struct scree__enrich_leaf *leaf,
                                          struct scree__enrich_piece *piece,
                                          struct scree_error *err)
{
    if (leaf->store->settings.in_memory) {
        next_in_memory(leaf, piece);
        return SCREE_OK;
    }
    piece->count = 0;
    if (leaf->next.bytes == 0)
        return SCREE_OK;
    struct scree__enrich_block head;
    enum scree_status status =
        scree__spill_scratch_read(leaf->store->settings.scratch, &leaf->next, leaf->buffer,
                                  leaf->buffer + leaf->store->settings.block_bytes, err);
    if (status != SCREE_OK)
        return status;
    memcpy(&head, leaf->buffer, sizeof head);
    piece->points = leaf->buffer + sizeof head;
    piece->count = head.count;
    piece->segment = head.segment;
    leaf->next = head.before;
    leaf->done += head.count;
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------ duplicates */

static int by_place(const void *a, const void *b)
{
    const struct scree__enrich_tagged *p = a, *q = b;
    if (p->point.x != q->point.x)
        return p->point.x < q->point.x ? -1 : 1;
    if (p->point.y != q->point.y)
        return p->point.y < q->point.y ? -1 : 1;
    if (p->point.z != q->point.z)
        return p->point.z < q->point.z ? -1 : 1;
    if (p->time != q->time)
        return p->time < q->time ? -1 : 1;
    return p->file < q->file ? -1 : p->file > q->file;
}

static bool same_point(const struct scree__enrich_tagged *p, const struct scree__enrich_tagged *q)
{
    return p->point.x == q->point.x && p->point.y == q->point.y && p->point.z == q->point.z &&
           p->time == q->time;
}

/*
 * A point that several files have counts as often as in the file that has it most often: of each file, in order, only those stay that go beyond
 * what the files before it had. The input is the first one, so its points all stay.
 */
uint32_t scree__enrich_drop_duplicates(struct scree__enrich_tagged *points, uint32_t count)
{
    qsort(points, count, sizeof *points, by_place);
    uint32_t kept = 0, had = 0, of_file = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool same = i > 0 && same_point(&points[i], &points[i - 1]);
        if (!same)
            had = of_file = 0;
        else if (points[i].file != points[i - 1].file) {
            had = of_file > had ? of_file : had;
            of_file = 0;
        }
        of_file++;
        if (of_file > had)
            points[kept++] = points[i];
    }
    return kept;
}
