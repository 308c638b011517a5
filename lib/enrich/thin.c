/*
 * thin.c - the ground of a survey thinned by a grid, part by part of its tree: the lowest ground points of the part's cells, then whether leaves around the part have
 * lower ones in the same cells, then all others of the part are ground no more.
 *
 * The order of the parts does not matter: what a part gives up is not the lowest of its cell, so no other part misses it. Leaves around are found by their boxes, the low
 * ones first, and those that lie above what is known of their cells are not read; so cells may be wider than parts.
 */
#include "enrich/thin.h"
#include "base/error.h"
#include "enrich/seek.h"

#include <string.h>

/* Of a part at most; a leaf may have more. */
#define PART_POINTS 32768u
/* A box over more cells than this is read without a look at each of them. */
#define CELLS_ASKED 16

struct thinning {
    struct scree__enrich_store *store;
    struct scree__enrich_lows lows;
    struct scree__enrich_seek seek;
    const struct scree__enrich_node *part;
    uint8_t *buffer; /* of a leaf on scratch, and what writing takes */
};

static bool is_ground(const struct scree__enrich_point *point)
{
    const uint32_t both = ENRICH_ROLE(ENRICH_GROUND | ENRICH_NEIGHBOR);
    return (point->what & both) == both;
}

static struct scree__enrich_point *point_of(const uint8_t *points, uint64_t i, uint32_t stride)
{
    return (struct scree__enrich_point *)(void *)(uintptr_t)(points + i * stride);
}

/* ------------------------------------------------------------------------------------- around a part */

/* May a node have a lower point than is known, in any of the part's cells? */
static bool is_lower_somewhere(const struct thinning *thinning,
                               const struct scree__enrich_node *node)
{
    const struct scree__enrich_cells_grid *grid = &thinning->lows.grid;
    int64_t first[2], last[2];
    for (unsigned a = 0; a < 2; a++) {
        first[a] = scree__enrich_cell_of(grid, a, node->min[a]);
        last[a] = scree__enrich_cell_of(grid, a, node->max[a]);
        const int64_t low = scree__enrich_cell_of(grid, a, thinning->part->min[a]);
        const int64_t high = scree__enrich_cell_of(grid, a, thinning->part->max[a]);
        first[a] = first[a] < low ? low : first[a];
        last[a] = last[a] > high ? high : last[a];
        if (first[a] > last[a])
            return false;
        if (last[a] - first[a] >= CELLS_ASKED)
            return true;
    }
    if ((last[0] - first[0] + 1) * (last[1] - first[1] + 1) > CELLS_ASKED)
        return true;
    for (int64_t cx = first[0]; cx <= last[0]; cx++)
        for (int64_t cy = first[1]; cy <= last[1]; cy++) {
            /* A place of the cell that is on the lattice: the part has one where it counts. */
            int64_t x = cx * grid->side - grid->origin[0], y = cy * grid->side - grid->origin[1];
            x = x < thinning->part->min[0] ? thinning->part->min[0] : x;
            y = y < thinning->part->min[1] ? thinning->part->min[1] : y;
            const struct scree__enrich_low *low =
                scree__enrich_lows_find(&thinning->lows, (int32_t)x, (int32_t)y);
            if (low != NULL && node->min[2] <= low->at[2])
                return true;
        }
    return false;
}

static bool meets(void *user, const struct scree__enrich_node *node)
{
    const struct thinning *thinning = user;
    return node != thinning->part && node->ground > 0 && is_lower_somewhere(thinning, node);
}

static void take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                 uint32_t count, uint32_t stride)
{
    struct thinning *thinning = user;
    (void)node;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p = point_of(points, i, stride);
        if (!is_ground(p))
            continue;
        const int32_t at[3] = {p->x, p->y, p->z};
        struct scree__enrich_low *low = scree__enrich_lows_find(&thinning->lows, p->x, p->y);
        if (low != NULL && scree__enrich_is_lower(at, low->at))
            memcpy(low->at, at, sizeof low->at);
    }
}

static enum scree_status look_around(struct thinning *thinning, struct scree_error *err)
{
    const struct scree__enrich_node *part = thinning->part;
    struct scree__enrich_walk walk = {
        .at = {part->min[0], part->min[1], INT32_MIN}, /* the lowest first */
        .user = thinning,
        .meets = meets,
        .take = take};
    return scree__enrich_walk(&thinning->seek, &walk, err);
}

/* --------------------------------------------------------------------------------------- of a part */

/* The leaf's ground points into the table. */
static enum scree_status put_leaf(struct thinning *thinning, struct scree__enrich_node *node,
                                  struct scree_error *err)
{
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    enum scree_status status;
    scree__enrich_leaf_first(thinning->store, node, thinning->buffer, &leaf);
    do {
        status = scree__enrich_leaf_next(&leaf, &piece, err);
        for (uint32_t i = 0; status == SCREE_OK && i < piece.count; i++) {
            const struct scree__enrich_point *p =
                point_of(piece.points, i, thinning->store->stride);
            const int32_t at[3] = {p->x, p->y, p->z};
            if (is_ground(p))
                status = scree__enrich_lows_put(&thinning->lows, at, err);
        }
    } while (status == SCREE_OK && piece.count > 0);
    return status;
}

/* Takes the role from all but the lowest; returns how many keep it. */
static uint32_t thin_points(const struct thinning *thinning, const uint8_t *points, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct scree__enrich_point *p = point_of(points, i, thinning->store->stride);
        if (!is_ground(p))
            continue;
        const struct scree__enrich_low *low = scree__enrich_lows_find(&thinning->lows, p->x, p->y);
        if (low->at[0] == p->x && low->at[1] == p->y && low->at[2] == p->z)
            kept++;
        else
            p->what &= ~ENRICH_ROLE(ENRICH_GROUND);
    }
    return kept;
}

/* A leaf on scratch is written anew, block by block, and its old blocks are given back. */
static enum scree_status thin_chain(struct thinning *thinning, struct scree__enrich_node *node,
                                    uint64_t *kept, struct scree_error *err)
{
    struct scree__enrich_store *store = thinning->store;
    struct scree__spill_block chain = {0}, old;
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    enum scree_status status = SCREE_OK;
    scree__enrich_leaf_first(store, node, thinning->buffer, &leaf);
    while (status == SCREE_OK) {
        old = leaf.next;
        status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status != SCREE_OK || piece.count == 0)
            break;
        struct scree__enrich_block head;
        *kept += thin_points(thinning, piece.points, piece.count);
        memset(&head, 0, sizeof head);
        head.before = chain;
        head.count = piece.count;
        head.segment = piece.segment;
        memcpy(thinning->buffer, &head, sizeof head);
        status = scree__spill_scratch_write(
            store->settings.scratch, thinning->buffer,
            (uint32_t)(sizeof head + (uint64_t)piece.count * store->stride),
            thinning->buffer + store->settings.block_bytes, &chain, err);
        if (status == SCREE_OK)
            scree__spill_scratch_drop(store->settings.scratch, &old);
    }
    node->chain = chain;
    return status;
}

static enum scree_status thin_leaf(struct thinning *thinning, struct scree__enrich_node *node,
                                   struct scree_error *err)
{
    struct scree__enrich_store *store = thinning->store;
    uint64_t kept = 0;
    enum scree_status status = SCREE_OK;
    if (store->settings.in_memory)
        kept = thin_points(thinning, store->points + node->first * store->stride,
                           (uint32_t)node->count);
    else
        status = thin_chain(thinning, node, &kept, err);
    node->ground = kept;
    return status;
}

/* All leaves with ground under a node. */
static enum scree_status each_leaf(struct thinning *thinning, uint32_t at,
                                   enum scree_status (*leaf)(struct thinning *,
                                                             struct scree__enrich_node *,
                                                             struct scree_error *),
                                   struct scree_error *err)
{
    struct scree__enrich_node *node = &thinning->store->nodes[at];
    if (node->ground == 0)
        return SCREE_OK;
    if (scree__enrich_is_leaf(node))
        return leaf(thinning, node, err);
    enum scree_status status = each_leaf(thinning, node->child[0], leaf, err);
    return status == SCREE_OK ? each_leaf(thinning, node->child[1], leaf, err) : status;
}

static enum scree_status thin_part(struct thinning *thinning, uint32_t at, struct scree_error *err)
{
    thinning->part = &thinning->store->nodes[at];
    scree__enrich_lows_clear(&thinning->lows);
    enum scree_status status = scree__par_check_cancel(thinning->store->context, err);
    if (status == SCREE_OK)
        status = each_leaf(thinning, at, put_leaf, err);
    if (status == SCREE_OK)
        status = look_around(thinning, err);
    return status == SCREE_OK ? each_leaf(thinning, at, thin_leaf, err) : status;
}

static enum scree_status thin_node(struct thinning *thinning, uint32_t at, struct scree_error *err)
{
    struct scree__enrich_node *node = &thinning->store->nodes[at];
    if (node->ground == 0)
        return SCREE_OK;
    if (scree__enrich_is_leaf(node) || node->count <= PART_POINTS)
        return thin_part(thinning, at, err);
    enum scree_status status = thin_node(thinning, node->child[0], err);
    return status == SCREE_OK ? thin_node(thinning, node->child[1], err) : status;
}

/* Children come before the nodes above them. */
static void count_again(struct scree__enrich_store *store)
{
    for (uint64_t i = 0; i < store->node_count; i++) {
        struct scree__enrich_node *node = &store->nodes[i];
        if (!scree__enrich_is_leaf(node))
            node->ground =
                store->nodes[node->child[0]].ground + store->nodes[node->child[1]].ground;
    }
}

enum scree_status scree__enrich_thin(struct scree__enrich_store *store,
                                     const struct scree__enrich_cells_grid *grid,
                                     struct scree_error *err)
{
    struct thinning thinning = {.store = store};
    const uint64_t bytes = scree__enrich_leaf_bytes(store);
    void *memory = NULL;
    if (store->root == ENRICH_NONE || store->nodes[store->root].ground == 0)
        return SCREE_OK;
    scree__enrich_lows_init(&thinning.lows, store->budget, grid);
    enum scree_status status = scree__enrich_seek_init(&thinning.seek, store, err);
    if (status == SCREE_OK && bytes > 0)
        status = scree__mem_alloc(store->budget, bytes, &memory, "points from scratch", err);
    thinning.buffer = memory;
    if (status == SCREE_OK)
        status = thin_node(&thinning, store->root, err);
    if (status == SCREE_OK)
        count_again(store);
    scree__mem_free(store->budget, memory, memory != NULL ? bytes : 0);
    scree__enrich_seek_release(&thinning.seek);
    scree__enrich_lows_release(&thinning.lows);
    return status;
}
