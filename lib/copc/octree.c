/*
 * octree.c - the level rule. One walk down and up the part of the octree that a batch covers; the points of a cube are a range of the
 * Morton order, and its children are found where the prefix is the cube's level.
 */
#include "copc/octree.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/octree_loops.h"
#include "copc/order.h"
#include "copc/record.h"

#include <string.h>

#define NEVER 254u /* first in no cell: the same position as the point before */

struct walk {
    struct scree__copc_octree *octree;
    const struct scree__copc_batch *batch;
    unsigned open_count; /* cubes that go on in the next batch: levels 0 to open_count - 1 */
    bool again;
    struct scree_error *err;
};

/* What a visit leaves behind for the parent. */
struct outcome {
    bool open; /* goes on in the next batch */
    bool leaf;
    uint64_t point_count; /* 0: no node */
    uint32_t node;        /* index, where there is one */
};

/* A cube's range in the batch. */
struct range {
    unsigned level;
    uint64_t begin, end;
    bool from_before, goes_on;
};

static struct range range_of(const struct walk *walk, unsigned level, uint64_t begin, uint64_t end)
{
    struct range range = {level, begin, end, false, false};
    range.from_before = begin == 0 && (int)level <= walk->batch->open_before;
    range.goes_on = end == walk->batch->count && (int)level <= walk->batch->open_after;
    return range;
}

/* The level at which a point is the first in its cell. */
static unsigned natural_level(const struct walk *walk, uint64_t i)
{
    unsigned prefix = walk->batch->prefix[i];
    if (prefix >= walk->octree->cube->depth)
        return NEVER;
    return prefix < SCREE__COPC_CELL_LEVELS ? 0 : prefix - (SCREE__COPC_CELL_LEVELS - 1);
}

static bool is_one_position(const struct walk *walk, uint64_t begin, uint64_t end)
{
    for (uint64_t i = begin + 1; i < end; i++)
        if (walk->batch->prefix[i] < walk->octree->cube->depth)
            return false;
    return true;
}

static bool is_split(const struct walk *walk, const struct range *range)
{
    uint64_t count = range->end - range->begin;
    if (range->level >= SCREE__COPC_LEVEL_MAX)
        return false;
    if (range->from_before || range->goes_on) /* more than one cell, so more than one position */
        return walk->batch->count_of(walk->batch->arg, range->goes_on, range->level) >
               walk->octree->limits.leaf_max;
    return count > walk->octree->limits.leaf_max &&
           !is_one_position(walk, range->begin, range->end);
}

/* ---------------------------------------------------------------------------------------- carried points */

static void release_carry(struct scree__copc_octree *octree, struct scree__copc_carry *carry)
{
    scree__mem_free(octree->budget, carry->records, carry->capacity * octree->record_bytes);
    memset(carry, 0, sizeof *carry);
}

/* Room for so many points in all. Not doubled: a carry may be a large part of the budget. */
static enum scree_status reserve_carry(struct walk *walk, struct scree__copc_carry *carry,
                                       uint64_t count)
{
    struct scree__mem_budget *budget = walk->octree->budget;
    uint32_t record_bytes = walk->octree->record_bytes;
    void *memory;
    if (count <= carry->capacity)
        return SCREE_OK;
    enum scree_status status =
        scree__mem_alloc(budget, count * record_bytes, &memory,
                         "points of a node that reaches beyond a batch", walk->err);
    if (status != SCREE_OK)
        return status;
    if (carry->count > 0)
        memcpy(memory, carry->records, carry->count * record_bytes);
    scree__mem_free(budget, carry->records, carry->capacity * record_bytes);
    carry->records = memory;
    carry->capacity = count;
    return SCREE_OK;
}

/* Appends the points of the batch in [begin, end) that are of this level. */
static enum scree_status carry_on(struct walk *walk, struct scree__copc_carry *carry,
                                  unsigned level, uint64_t begin, uint64_t end)
{
    const struct scree__copc_batch *batch = walk->batch;
    uint32_t record_bytes = walk->octree->record_bytes;
    const uint8_t *at = batch->level + begin, *stop = batch->level + end;
    uint64_t count = scree__copc_count_level(at, end - begin, (uint8_t)level);
    enum scree_status status = reserve_carry(walk, carry, carry->count + count);
    if (status != SCREE_OK)
        return status;
    while (at < stop && (at = memchr(at, (int)level, (size_t)(stop - at))) != NULL) {
        scree__copc_record_copy(
            carry->records + carry->count++ * record_bytes,
            batch->records +
                (uint64_t)scree__copc_place_id(batch->order[at - batch->level]) * record_bytes,
            record_bytes);
        at++;
    }
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------------------- nodes */

static enum scree_status add_node(struct walk *walk, const struct range *range,
                                  uint64_t point_count, struct outcome *outcome)
{
    struct scree__copc_octree *octree = walk->octree;
    void *nodes = octree->nodes;
    enum scree_status status =
        scree__mem_grow(octree->budget, &nodes, &octree->node_capacity, octree->node_count + 1,
                        sizeof *octree->nodes, "octree nodes", walk->err);
    octree->nodes = nodes;
    if (status != SCREE_OK)
        return status;
    if (octree->node_count >= UINT32_MAX - 1)
        return scree__base_fail(walk->err, SCREE_E_UNSUPPORTED, "more than 2^32 octree nodes");
    struct scree__copc_node *node = &octree->nodes[octree->node_count];
    memset(node, 0, sizeof *node);
    node->begin = range->begin;
    node->end = range->end;
    node->point_count = point_count;
    node->level = range->level;
    node->parent = (uint32_t)octree->node_count;
    if (range->from_before) {
        node->was_open = true;
        node->carry = octree->open[range->level].carry;
        memset(&octree->open[range->level].carry, 0, sizeof node->carry);
    }
    outcome->node = (uint32_t)octree->node_count++;
    return SCREE_OK;
}

/* The cube goes on in the next batch: what it has here is collected when the batch is settled. */
static void keep_open(struct walk *walk, const struct range *range, struct outcome *outcome)
{
    walk->octree->open[range->level].begin = range->begin;
    if (range->level >= walk->open_count)
        walk->open_count = range->level + 1;
    outcome->open = true;
}

static void begin_open(struct walk *walk, const struct range *range)
{
    if (range->goes_on && !range->from_before)
        memset(&walk->octree->open[range->level], 0, sizeof walk->octree->open[0]);
}

/* A leaf: every point of the cube that no ancestor took. */
static enum scree_status visit_leaf(struct walk *walk, const struct range *range,
                                    struct outcome *outcome)
{
    uint8_t *level = walk->batch->level;
    const uint8_t *prefix = walk->batch->prefix;
    uint8_t depth = (uint8_t)walk->octree->cube->depth, leaf = (uint8_t)range->level;
    uint64_t own = range->from_before ? walk->octree->open[range->level].carry.count : 0;
    own += scree__copc_settle_leaf(prefix + range->begin, level + range->begin,
                                   range->end - range->begin, depth, leaf);
    outcome->leaf = true;
    outcome->point_count = own;
    begin_open(walk, range);
    if (range->goes_on) {
        keep_open(walk, range, outcome);
        return SCREE_OK;
    }
    return own == 0 ? SCREE_OK : add_node(walk, range, own, outcome);
}

/* Points of the cube in this batch that are first in a cell of this level. */
static uint64_t count_natural(const struct walk *walk, const struct range *range)
{
    const uint8_t *level = walk->batch->level, *prefix = walk->batch->prefix;
    unsigned depth = walk->octree->cube->depth;
    unsigned high = range->level + SCREE__COPC_CELL_LEVELS - 1, low = range->level == 0 ? 0 : high;
    high = high < depth ? high : depth - 1;
    if (depth == 0 || low > high)
        return 0;
    return scree__copc_count_free(prefix + range->begin, level + range->begin,
                                  range->end - range->begin, (uint8_t)low, (uint8_t)(high - low));
}

/* Those. When it ends without any, the last one that no ancestor took is made one (rule 3). */
static uint64_t count_own(struct walk *walk, const struct range *range)
{
    const struct scree__copc_open *open = &walk->octree->open[range->level];
    uint8_t *level = walk->batch->level;
    uint64_t own = count_natural(walk, range);
    if (own > 0 || range->goes_on || (range->from_before && open->own > 0))
        return own;
    for (uint64_t i = range->end; i > range->begin; i--) {
        if (level[i - 1] == SCREE__COPC_NO_LEVEL && natural_level(walk, i - 1) > range->level) {
            level[i - 1] = (uint8_t)range->level;
            return 1;
        }
    }
    if (range->from_before && open->has_spare)
        walk->again = true;
    return 0;
}

static bool has_spare(const struct walk *walk, const struct range *range)
{
    for (uint64_t i = range->begin; i < range->end; i++)
        if (walk->batch->level[i] == SCREE__COPC_NO_LEVEL && natural_level(walk, i) > range->level)
            return true;
    return false;
}

/* (Morton code, GPS time, bytes) of two records, as in the order of all points. */
static int compare_records(const struct scree__copc_octree *octree, const uint8_t *a,
                           const uint8_t *b)
{
    const uint8_t *records[2] = {a, b};
    uint64_t cells[2][3];
    for (int r = 0; r < 2; r++) {
        int32_t at[3] = {scree__base_load_i32(records[r]), scree__base_load_i32(records[r] + 4),
                         scree__base_load_i32(records[r] + 8)};
        scree__copc_cube_cells(octree->cube, at, cells[r]);
    }
    /* The axis whose cells differ in the highest bit decides; of equals, z before y before x. */
    int axis = 2;
    for (int other = 1; other >= 0; other--) {
        uint64_t most = cells[0][axis] ^ cells[1][axis], here = cells[0][other] ^ cells[1][other];
        if (most < here && most < (most ^ here))
            axis = other;
    }
    if (cells[0][axis] != cells[1][axis])
        return cells[0][axis] < cells[1][axis] ? -1 : 1;
    const struct scree__copc_form form = scree__copc_form_out(octree->record_bytes);
    return scree__copc_record_compare(&form, a, b);
}

/* Merges `from` into `into`, both in order. */
static enum scree_status merge_carry(struct walk *walk, struct scree__copc_carry *into,
                                     const struct scree__copc_carry *from)
{
    struct scree__copc_octree *octree = walk->octree;
    uint32_t bytes = octree->record_bytes;
    struct scree__copc_carry merged = {NULL, 0, 0};
    enum scree_status status = reserve_carry(walk, &merged, into->count + from->count);
    if (status != SCREE_OK)
        return status;
    uint64_t a = 0, b = 0;
    while (a < into->count || b < from->count) {
        const uint8_t *first = into->records + a * bytes, *second = from->records + b * bytes;
        bool left =
            b >= from->count || (a < into->count && compare_records(octree, first, second) <= 0);
        memcpy(merged.records + merged.count++ * bytes, left ? first : second, bytes);
        a += left;
        b += !left;
    }
    release_carry(octree, into);
    *into = merged;
    return SCREE_OK;
}

/* Gives a small leaf's points to its parent, at `level`. The leaf is the last node of the list. */
static enum scree_status give_to_parent(struct walk *walk, unsigned level,
                                        const struct outcome *child)
{
    struct scree__copc_octree *octree = walk->octree;
    struct scree__copc_node *node = &octree->nodes[child->node];
    enum scree_status status = SCREE_OK;
    for (uint64_t i = node->begin; i < node->end; i++)
        if (walk->batch->level[i] == level + 1)
            walk->batch->level[i] = (uint8_t)level;
    if (node->carry.count > 0) /* then the parent was open, too */
        status = merge_carry(walk, &octree->open[level].carry, &node->carry);
    release_carry(octree, &node->carry);
    octree->node_count--;
    return status;
}

static enum scree_status visit(struct walk *walk, unsigned level, uint64_t begin, uint64_t end,
                               struct outcome *outcome);

/* The children of a split cube, and what becomes of small leaves. *own grows by what they give. */
static enum scree_status visit_children(struct walk *walk, const struct range *range, uint64_t *own,
                                        uint32_t children[8], uint32_t *child_count)
{
    for (uint64_t from = range->begin; from < range->end;) {
        const uint8_t *prefix = walk->batch->prefix;
        const uint8_t *next = memchr(prefix + from + 1, (int)range->level, range->end - from - 1);
        uint64_t to = next != NULL ? (uint64_t)(next - prefix) : range->end;
        struct outcome child;
        enum scree_status status = visit(walk, range->level + 1, from, to, &child);
        if (status != SCREE_OK)
            return status;
        from = to;
        if (child.open || child.point_count == 0)
            continue;
        if (child.leaf && child.point_count < walk->octree->limits.leaf_min) {
            status = give_to_parent(walk, range->level, &child);
            if (status != SCREE_OK)
                return status;
            *own += child.point_count;
        } else {
            children[(*child_count)++] = child.node;
        }
    }
    return SCREE_OK;
}

static enum scree_status visit(struct walk *walk, unsigned level, uint64_t begin, uint64_t end,
                               struct outcome *outcome)
{
    struct scree__copc_octree *octree = walk->octree;
    struct range range = range_of(walk, level, begin, end);
    memset(outcome, 0, sizeof *outcome);
    if (!is_split(walk, &range))
        return visit_leaf(walk, &range, outcome);

    struct scree__copc_open *open = &octree->open[level];
    uint64_t before = range.from_before ? open->carry.count : 0;
    uint64_t natural = count_own(walk, &range);
    uint64_t own = natural;
    bool spare = range.goes_on && has_spare(walk, &range);
    uint32_t children[8];
    uint32_t child_count = 0;
    if (range.from_before) {
        child_count = open->child_count;
        memcpy(children, open->children, sizeof children);
    }
    begin_open(walk, &range);
    open->has_spare |= spare;
    enum scree_status status = visit_children(walk, &range, &own, children, &child_count);
    if (status != SCREE_OK)
        return status;
    if (range.goes_on) {
        open->own += natural;
        open->child_count = child_count;
        memcpy(open->children, children, sizeof children);
        keep_open(walk, &range, outcome);
        return SCREE_OK;
    }
    own += before;
    outcome->leaf = child_count == 0;
    outcome->point_count = own;
    if (own == 0)
        return SCREE_OK; /* then ancestors took all there is, and there are no children */
    status = add_node(walk, &range, own, outcome);
    for (uint32_t i = 0; i < child_count && status == SCREE_OK; i++)
        octree->nodes[children[i]].parent = outcome->node;
    return status;
}

/* ------------------------------------------------------------------------------------------------- batch */

/* Collects what the batch has of open cubes, and of those that ended in it. */
static enum scree_status settle_carries(struct walk *walk)
{
    struct scree__copc_octree *octree = walk->octree;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = octree->first_new; i < octree->node_count && status == SCREE_OK; i++) {
        struct scree__copc_node *node = &octree->nodes[i];
        if (node->was_open)
            status = carry_on(walk, &node->carry, node->level, node->begin, node->end);
        if (node->level > octree->deepest)
            octree->deepest = node->level;
    }
    for (unsigned level = 0; level < walk->open_count && status == SCREE_OK; level++)
        status = carry_on(walk, &octree->open[level].carry, level, octree->open[level].begin,
                          walk->batch->count);
    return status;
}

enum scree_status scree__copc_octree_batch(struct scree__copc_octree *octree,
                                           const struct scree__copc_batch *batch, bool *again,
                                           struct scree_error *err)
{
    struct walk walk = {octree, batch, 0, false, err};
    struct outcome root;
    scree__mem_touch(batch->level, batch->count);
    memset(batch->level, SCREE__COPC_NO_LEVEL, batch->count);
    octree->first_new = octree->node_count;
    enum scree_status status = visit(&walk, 0, 0, batch->count, &root);
    *again = walk.again;
    if (status == SCREE_OK && !walk.again)
        status = settle_carries(&walk);
    return status;
}

void scree__copc_octree_batch_done(struct scree__copc_octree *octree)
{
    for (uint64_t i = octree->first_new; i < octree->node_count; i++)
        release_carry(octree, &octree->nodes[i].carry);
    octree->first_new = octree->node_count;
}

void scree__copc_octree_init(struct scree__copc_octree *octree, struct scree__mem_budget *budget,
                             const struct scree__copc_limits *limits,
                             const struct scree__copc_cube *cube, uint32_t record_bytes)
{
    memset(octree, 0, sizeof *octree);
    octree->budget = budget;
    octree->limits = *limits;
    octree->cube = cube;
    octree->record_bytes = record_bytes;
}

void scree__copc_octree_release(struct scree__copc_octree *octree)
{
    for (uint64_t i = octree->first_new; i < octree->node_count; i++)
        release_carry(octree, &octree->nodes[i].carry);
    for (unsigned level = 0; level <= SCREE__COPC_LEVEL_MAX; level++)
        release_carry(octree, &octree->open[level].carry);
    scree__mem_free(octree->budget, octree->nodes, octree->node_capacity * sizeof *octree->nodes);
    octree->nodes = NULL;
    octree->node_count = octree->node_capacity = octree->first_new = 0;
}
