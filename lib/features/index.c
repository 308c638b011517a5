/*
 * index.c - Morton order by radix sort over 30-bit keys, then an octree over the sorted run. Where
 * 1024 cells an axis do not tell points apart, the cell is sorted once more within its own box.
 */
#include "features/index.h"
#include "base/error.h"

#include <string.h>

#define KEY_LEVELS 10u /* 10 bits an axis */
#define DIGIT_BITS 10u
#define DIGITS (1u << DIGIT_BITS)

struct keyed {
    uint32_t key, at;
};

struct build {
    struct scree__features_index *index;
    const struct scree__features_points *points;
    struct keyed *keyed, *other; /* the run in order, and room to sort */
    struct scree_error *err;
};

/* Spreads 10 bits so that two free bits lie between any two. */
static uint32_t spread(uint32_t v)
{
    v = (v | v << 16) & 0x030000FFu;
    v = (v | v << 8) & 0x0300F00Fu;
    v = (v | v << 4) & 0x030C30C3u;
    return (v | v << 2) & 0x09249249u;
}

struct box {
    int32_t min[3], max[3];
};

static struct box box_of(const struct scree__features_points *points, const struct keyed *keyed,
                         uint32_t count)
{
    struct box box = {{INT32_MAX, INT32_MAX, INT32_MAX}, {INT32_MIN, INT32_MIN, INT32_MIN}};
    for (uint32_t i = 0; i < count; i++) {
        const int32_t p[3] = {points->x[keyed[i].at], points->y[keyed[i].at],
                              points->z[keyed[i].at]};
        for (int a = 0; a < 3; a++) {
            box.min[a] = p[a] < box.min[a] ? p[a] : box.min[a];
            box.max[a] = p[a] > box.max[a] ? p[a] : box.max[a];
        }
    }
    return box;
}

static uint32_t box_side(const struct box *box)
{
    uint32_t side = 0;
    for (int a = 0; a < 3; a++) {
        uint32_t extent = (uint32_t)box->max[a] - (uint32_t)box->min[a];
        side = extent > side ? extent : side;
    }
    return side;
}

static void sort_pass(const struct keyed *from, struct keyed *to, uint32_t count, uint32_t *starts,
                      unsigned shift)
{
    uint32_t sum = 0;
    for (uint32_t d = 0; d < DIGITS; d++) {
        uint32_t n = starts[d];
        starts[d] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++)
        to[starts[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

static void insertion_sort(struct keyed *run, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct keyed moved = run[i];
        uint32_t at = i;
        for (; at > 0 && run[at - 1].key > moved.key; at--)
            run[at] = run[at - 1];
        run[at] = moved;
    }
}

/* Sorts build->keyed[first ...] by key, stable. */
static void sort_run(struct build *build, uint32_t first, uint32_t count)
{
    struct keyed *run = build->keyed + first, *other = build->other + first;
    if (count <= 64) {
        insertion_sort(run, count);
        return;
    }
    uint32_t digits[3][DIGITS];
    memset(digits, 0, sizeof digits);
    for (uint32_t i = 0; i < count; i++)
        for (unsigned d = 0; d < 3; d++)
            digits[d][run[i].key >> DIGIT_BITS * d & (DIGITS - 1)]++;
    for (unsigned d = 0; d < 3; d++) {
        if (digits[d][run[0].key >> DIGIT_BITS * d & (DIGITS - 1)] == count)
            continue;
        sort_pass(run, other, count, digits[d], DIGIT_BITS * d);
        memcpy(run, other, (size_t)count * sizeof *run);
    }
}

/* Gives the points of a run their keys within their own box, and sorts them. */
static void key_run(struct build *build, uint32_t first, uint32_t count, const struct box *box)
{
    const struct scree__features_points *points = build->points;
    struct keyed *run = build->keyed + first;
    unsigned shift = 0;
    while (box_side(box) >> shift >= 1u << KEY_LEVELS)
        shift++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t x = ((uint32_t)points->x[run[i].at] - (uint32_t)box->min[0]) >> shift;
        uint32_t y = ((uint32_t)points->y[run[i].at] - (uint32_t)box->min[1]) >> shift;
        uint32_t z = ((uint32_t)points->z[run[i].at] - (uint32_t)box->min[2]) >> shift;
        run[i].key = spread(x) | spread(y) << 1 | spread(z) << 2;
    }
    sort_run(build, first, count);
}

/* The first of run[begin, end) whose key is `key` or more. */
static uint32_t find_key(const struct keyed *run, uint32_t begin, uint32_t end, uint32_t key)
{
    while (begin < end) {
        uint32_t middle = begin + (end - begin) / 2;
        if (run[middle].key < key)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static enum scree_status add_nodes(struct build *build, uint32_t count, uint32_t *first)
{
    struct scree__features_index *index = build->index;
    void *array = index->nodes;
    enum scree_status status =
        scree__mem_grow(index->budget, &array, &index->node_capacity, index->node_count + count,
                        sizeof *index->nodes, "the index of a window", build->err);
    index->nodes = array;
    if (status != SCREE_OK)
        return status;
    *first = (uint32_t)index->node_count;
    index->node_count += count;
    return SCREE_OK;
}

struct cut {
    uint32_t first[9]; /* of the parts, and the end */
    unsigned count;
};

/* Cuts a run of one cell of `level` into its occupied cells of the next level that tells them
 * apart. */
static void cut_run(const struct keyed *keyed, uint32_t first, uint32_t count, unsigned *level,
                    struct cut *cut)
{
    uint32_t low = keyed[first].key, high = keyed[first + count - 1].key;
    unsigned next = *level + 1;
    while ((low ^ high) >> 3 * (KEY_LEVELS - next) == 0)
        next++;
    unsigned shift = 3 * (KEY_LEVELS - next);
    uint32_t at = first, end = first + count;
    cut->count = 0;
    while (at < end) {
        cut->first[cut->count++] = at;
        uint32_t beyond = (keyed[at].key >> shift) + 1;
        at = find_key(keyed, at + 1, end, beyond << shift);
    }
    cut->first[cut->count] = end;
    *level = next;
}

static void set_box(struct features_node *node, const struct box *box)
{
    memcpy(node->min, box->min, sizeof box->min);
    memcpy(node->max, box->max, sizeof box->max);
}

/* The box of a node from those of its children. */
static void join_children(struct features_node *nodes, uint32_t node)
{
    struct features_node *joined = &nodes[node];
    const struct features_node *child = &nodes[joined->child];
    struct box box;
    memcpy(box.min, child->min, sizeof box.min);
    memcpy(box.max, child->max, sizeof box.max);
    for (uint32_t i = 1; i < joined->child_count; i++)
        for (int a = 0; a < 3; a++) {
            box.min[a] = child[i].min[a] < box.min[a] ? child[i].min[a] : box.min[a];
            box.max[a] = child[i].max[a] > box.max[a] ? child[i].max[a] : box.max[a];
        }
    set_box(joined, &box);
}

/* Where all keys of a run are equal: keys within its own box. False: all points are at one
 * position. */
static bool key_again(struct build *build, uint32_t first, uint32_t count, struct box *box)
{
    *box = box_of(build->points, build->keyed + first, count);
    if (box_side(box) == 0)
        return false;
    key_run(build, first, count, box);
    return true;
}

/*
 * Fills the node for a run that agrees in its first `level` levels of key. Depth: 10 levels for each 10 bits of coordinates, so at most 40
 * calls deep.
 */
static enum scree_status build_node(struct build *build, uint32_t node, uint32_t first,
                                    uint32_t count, unsigned level)
{
    struct features_node *filled = &build->index->nodes[node];
    struct box box;
    bool same = build->keyed[first].key == build->keyed[first + count - 1].key;
    filled->first = first;
    filled->count = count;
    filled->child = filled->child_count = 0;
    if (count <= FEATURES_LEAF_POINTS || (same && !key_again(build, first, count, &box))) {
        box = box_of(build->points, build->keyed + first, count);
        set_box(filled, &box);
        return SCREE_OK;
    }
    level = same ? 0 : level;
    struct cut cut;
    uint32_t child;
    cut_run(build->keyed, first, count, &level, &cut);
    enum scree_status status = add_nodes(build, cut.count, &child);
    if (status != SCREE_OK)
        return status;
    build->index->nodes[node].child = child;
    build->index->nodes[node].child_count = cut.count;
    for (unsigned i = 0; i < cut.count && status == SCREE_OK; i++)
        status = build_node(build, child + i, cut.first[i], cut.first[i + 1] - cut.first[i], level);
    if (status == SCREE_OK)
        join_children(build->index->nodes, node);
    return status;
}

/* Copies the points in order; the padding is the last point again. */
static void place_points(struct build *build)
{
    struct scree__features_index *index = build->index;
    const struct scree__features_points *points = build->points;
    for (uint32_t i = 0; i < index->count; i++) {
        uint32_t at = build->keyed[i].at;
        index->x[i] = points->x[at];
        index->y[i] = points->y[at];
        index->z[i] = points->z[at];
        index->source[i] = at | (points->roles[at] & FEATURES_WANTED ? FEATURES_SOURCE_WANTED : 0);
    }
    for (uint32_t i = index->count; i < index->count + FEATURES_PAD; i++) {
        index->x[i] = index->x[index->count - 1];
        index->y[i] = index->y[index->count - 1];
        index->z[i] = index->z[index->count - 1];
        index->source[i] = 0;
    }
}

static uint64_t place_bytes(uint32_t count)
{
    return ((uint64_t)count + FEATURES_PAD) * 4 * sizeof(uint32_t);
}

static enum scree_status allocate_places(struct scree__features_index *index,
                                         struct scree_error *err)
{
    void *memory;
    enum scree_status status = scree__mem_alloc(index->budget, place_bytes(index->count), &memory,
                                                "the points of a window", err);
    if (status != SCREE_OK)
        return status;
    size_t room = (size_t)index->count + FEATURES_PAD;
    index->x = memory;
    index->y = index->x + room;
    index->z = index->y + room;
    index->source = (uint32_t *)(index->z + room);
    return SCREE_OK;
}

/* Of keyed points, and as much of the room to sort them. */
static uint64_t run_bytes(const struct build *build)
{
    return (uint64_t)build->points->count * sizeof *build->keyed;
}

static uint32_t pick_neighbours(struct build *build)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < build->points->count; i++)
        if (build->points->roles[i] & FEATURES_NEIGHBOUR)
            build->keyed[count++].at = i;
    return count;
}

static enum scree_status build_sorted(struct build *build)
{
    struct scree__features_index *index = build->index;
    index->count = pick_neighbours(build);
    if (index->count == 0)
        return SCREE_OK;
    struct box box = box_of(build->points, build->keyed, index->count);
    key_run(build, 0, index->count, &box);
    uint32_t root;
    enum scree_status status = add_nodes(build, 1, &root);
    if (status == SCREE_OK)
        status = build_node(build, root, 0, index->count, 0);
    scree__mem_free(index->budget, build->other, run_bytes(build));
    build->other = NULL;
    if (status == SCREE_OK)
        status = allocate_places(index, build->err);
    if (status == SCREE_OK)
        place_points(build);
    return status;
}

enum scree_status scree__features_index_build(struct scree__mem_budget *budget,
                                              const struct scree__features_points *points,
                                              struct scree__features_index *index,
                                              struct scree_error *err)
{
    memset(index, 0, sizeof *index);
    index->budget = budget;
    struct build build = {.index = index, .points = points, .err = err};
    void *memory = NULL;
    enum scree_status status = SCREE_OK;
    if (points->count == 0)
        return SCREE_OK;
    status =
        scree__mem_alloc(budget, run_bytes(&build), &memory, "sorting the points of a window", err);
    build.keyed = memory;
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, run_bytes(&build), &memory,
                                  "sorting the points of a window", err);
    build.other = status == SCREE_OK ? memory : NULL;
    if (status == SCREE_OK)
        status = build_sorted(&build);
    scree__mem_free(budget, build.keyed, run_bytes(&build));
    scree__mem_free(budget, build.other, run_bytes(&build));
    return status;
}

void scree__features_index_release(struct scree__features_index *index)
{
    if (index->x != NULL)
        scree__mem_free(index->budget, index->x, place_bytes(index->count));
    scree__mem_free(index->budget, index->nodes, index->node_capacity * sizeof *index->nodes);
    memset(index, 0, sizeof *index);
}
