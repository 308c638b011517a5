/* naive_octree.c - see naive_octree.h. The headings are those of docs/decisions/octree.md. */
#include "naive_octree.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

#define NEVER 255
#define LEVEL_MAX 30

struct cube {
    int32_t level, x, y, z;
    bool split, alive;
    struct cube *parent, *children[8];
    size_t *members, member_count; /* places in the order */
    size_t own;                    /* points whose owner it is */
};

struct point {
    const uint8_t *record;
    size_t record_bytes;
    int32_t at[3];
    double time;
    uint8_t path[NAIVE_DEPTH_MAX]; /* the Morton code, one octal digit a level: 4 z + 2 y + x */
    int natural;
    struct cube *owner;
    int64_t place; /* in its node, among those of its time */
};

struct build {
    const struct naive_input *input;
    struct naive_octree *out;
    struct point *points; /* in order, once sorted */
    int32_t min[3], max[3];
    double finest, padding; /* of the cube, below the lowest coordinates */
    int64_t factor[3];
    wide side;
    int depth;
};

static void *get(size_t count, size_t bytes)
{
    void *memory = calloc(count + 1, bytes);
    if (memory == NULL)
        abort();
    return memory;
}

static void load(struct build *b)
{
    const struct naive_input *in = b->input;
    b->points = get(in->count, sizeof *b->points);
    for (size_t i = 0; i < in->count; i++) {
        struct point *p = &b->points[i];
        p->record = in->records + i * in->record_bytes;
        p->record_bytes = in->record_bytes;
        memcpy(p->at, p->record, 12);
        memcpy(&p->time, p->record + 22, 8);
        for (int a = 0; a < 3; a++) {
            if (i == 0 || p->at[a] < b->min[a])
                b->min[a] = p->at[a];
            if (i == 0 || p->at[a] > b->max[a])
                b->max[a] = p->at[a];
        }
    }
}

/* --------------------------------------------------------------------------- units, cube, cells */

static double coordinate(const struct build *b, int axis, int32_t at)
{
    return at * b->input->scale[axis] + b->input->offset[axis];
}

/* Units; and whether the integers will do. */
static bool find_units(struct build *b)
{
    const double *scale = b->input->scale;
    bool whole = true;
    b->finest = fmin(scale[0], fmin(scale[1], scale[2]));
    b->padding = b->finest / 2;
    for (int a = 0; a < 3; a++) {
        double ratio = scale[a] / b->finest;
        b->factor[a] = (int64_t)floor(ratio + 0.5);
        if (fabs(ratio - (double)b->factor[a]) > 1e-12 * (double)b->factor[a])
            whole = false;
        double low = fabs(coordinate(b, a, b->min[a])), high = fabs(coordinate(b, a, b->max[a]));
        if (fmax(low, high) * DBL_EPSILON > b->finest / 64) /* "does not resolve" */
            whole = false;
    }
    return whole;
}

static int ceil_log2(wide number)
{
    int bits = 0;
    while (((wide)1 << bits) < number)
        bits++;
    return bits;
}

static wide find_extent(const struct build *b)
{
    wide extent = 0;
    for (int a = 0; a < 3; a++) {
        wide one = ((wide)b->max[a] - b->min[a]) * b->factor[a] + 1;
        if (one > extent)
            extent = one;
    }
    return extent;
}

static void set_side(struct build *b, wide extent, int face_depth)
{
    wide step = (wide)1 << face_depth;
    b->side = (extent + step - 1) / step * step;
    b->depth = ceil_log2(b->side);
    if (b->depth > NAIVE_DEPTH_MAX)
        b->depth = NAIVE_DEPTH_MAX;
    b->out->halfsize = (double)b->side * b->finest / 2;
}

static void cells_of_integers(const struct build *b, struct point *p)
{
    for (int a = 0; a < 3; a++) {
        wide u = ((wide)p->at[a] - b->min[a]) * b->factor[a];
        wide cell = (2 * u + 1) * ((wide)1 << b->depth) / (2 * b->side);
        for (int d = 0; d < b->depth; d++)
            p->path[d] |= (uint8_t)(((cell >> (b->depth - 1 - d)) & 1) << a);
    }
}

static void cells_of_doubles(const struct build *b, struct point *p)
{
    for (int a = 0; a < 3; a++) {
        double low = b->input->file_center[a] - b->input->file_halfsize;
        double high = b->input->file_center[a] + b->input->file_halfsize;
        for (int d = 0; d < b->depth; d++) {
            double middle = low + (high - low) / 2;
            bool upper = coordinate(b, a, p->at[a]) >= middle;
            p->path[d] |= (uint8_t)(upper << a);
            *(upper ? &low : &high) = middle;
        }
    }
}

/* ---------------------------------------------------------------------------------------- order */

static int compare_times(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    if (a != b)
        return a < b ? -1 : 1;
    return (signbit(b) != 0) - (signbit(a) != 0);
}

static int compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    int by = memcmp(a->path, b->path, sizeof a->path);
    if (by == 0)
        by = compare_times(a->time, b->time);
    if (by == 0)
        by = memcmp(a->record, b->record, a->record_bytes);
    return by;
}

/* The page says that stored positions differ in their deepest cells; where 42 levels do not do, as
 * the converter has it, positions that share the deepest cell count as one. */
static bool same_position(const struct point *a, const struct point *b)
{
    return memcmp(a->path, b->path, sizeof a->path) == 0;
}

static void sort(struct build *b)
{
    size_t count = b->input->count;
    for (size_t i = 0; i < count; i++) {
        memset(b->points[i].path, 0, sizeof b->points[i].path);
        if (b->out->halved)
            cells_of_doubles(b, &b->points[i]);
        else
            cells_of_integers(b, &b->points[i]);
    }
    qsort(b->points, count, sizeof *b->points, compare_points);
    b->points[0].natural = 0;
    for (size_t i = 1; i < count; i++) {
        struct point *p = &b->points[i];
        int shared = 0;
        while (shared < b->depth && p->path[shared] == p[-1].path[shared])
            shared++;
        p->natural = shared > 6 ? shared - 6 : 0;
        if (same_position(p, p - 1))
            p->natural = NEVER;
    }
}

/* ---------------------------------------------------------------------------------------- nodes */

/* Rule 1. Takes the members. */
static struct cube *divide(struct build *b, struct cube *parent, int octant, size_t *members,
                           size_t member_count)
{
    struct cube *cube = get(1, sizeof *cube);
    cube->members = members;
    cube->member_count = member_count;
    cube->parent = parent;
    cube->alive = true;
    if (parent != NULL) {
        cube->level = parent->level + 1;
        cube->x = parent->x * 2 + (octant & 1);
        cube->y = parent->y * 2 + (octant >> 1 & 1);
        cube->z = parent->z * 2 + (octant >> 2 & 1);
    }
    bool single = true;
    for (size_t i = 1; i < member_count; i++)
        single = single && same_position(&b->points[members[i]], &b->points[members[0]]);
    cube->split = member_count > b->input->leaf_max && !single && cube->level < LEVEL_MAX;
    if (member_count > b->input->leaf_max) {
        b->out->single_leaves += single;
        b->out->level_30_leaves += !single && cube->level == LEVEL_MAX;
    }
    for (int o = 0; cube->split && o < 8; o++) {
        size_t *part = get(member_count, sizeof *part), count = 0;
        for (size_t i = 0; i < member_count; i++)
            if (b->points[members[i]].path[cube->level] == o)
                part[count++] = members[i];
        if (count > 0)
            cube->children[o] = divide(b, cube, o, part, count);
        else
            free(part);
    }
    return cube;
}

static void give(struct point *point, struct cube *owner)
{
    if (point->owner != NULL)
        point->owner->own--;
    point->owner = owner;
    owner->own++;
}

/* Rule 2. */
static void give_naturally(struct build *b, struct cube *root)
{
    for (size_t i = 0; i < b->input->count; i++) {
        struct cube *cube = root;
        b->points[i].owner = NULL;
        while (cube->split && cube->level < b->points[i].natural)
            cube = cube->children[b->points[i].path[cube->level]];
        give(&b->points[i], cube);
    }
}

static void kill_all(struct cube *cube)
{
    cube->alive = false;
    if (cube->own > 0)
        abort();
    for (int o = 0; o < 8; o++)
        if (cube->children[o] != NULL)
            kill_all(cube->children[o]);
}

/* Rule 3. */
static void take_last(struct build *b, struct cube *cube)
{
    if (!cube->split)
        return;
    for (size_t i = cube->member_count; cube->own == 0 && i-- > 0;) {
        struct point *p = &b->points[cube->members[i]];
        if (p->owner->level > cube->level) {
            b->out->robbed += p->owner->split && p->owner->own == 1;
            b->out->taken++;
            give(p, cube);
        }
    }
    if (cube->own == 0) {
        b->out->exhausted++;
        kill_all(cube);
        return;
    }
    for (int o = 0; o < 8; o++)
        if (cube->children[o] != NULL)
            take_last(b, cube->children[o]);
}

/* Rule 4. */
static void give_up(struct build *b, struct cube *cube)
{
    bool is_leaf = true;
    for (int o = 0; o < 8; o++) {
        struct cube *child = cube->children[o];
        if (child == NULL || !child->alive)
            continue;
        give_up(b, child);
        is_leaf = is_leaf && !child->alive;
    }
    if (!is_leaf)
        return;
    if (cube->parent != NULL && cube->own < b->input->leaf_min && cube->own > 0) {
        b->out->given++;
        b->out->cascades += cube->split;
        for (size_t i = 0; i < cube->member_count; i++)
            if (b->points[cube->members[i]].owner == cube)
                give(&b->points[cube->members[i]], cube->parent);
    }
    if (cube->own == 0)
        cube->alive = false;
}

static int32_t deepest(const struct cube *cube)
{
    int32_t level = cube->alive ? cube->level : 0;
    for (int o = 0; o < 8; o++) {
        int32_t below = cube->children[o] != NULL ? deepest(cube->children[o]) : 0;
        level = below > level ? below : level;
    }
    return level;
}

static struct cube *build_once(struct build *b)
{
    sort(b);
    size_t count = b->input->count, *members = get(count, sizeof *members);
    for (size_t i = 0; i < count; i++)
        members[i] = i;
    b->out->single_leaves = b->out->level_30_leaves = b->out->taken = b->out->exhausted = 0;
    b->out->robbed = b->out->given = b->out->cascades = 0;
    struct cube *root = divide(b, NULL, 0, members, count);
    give_naturally(b, root);
    take_last(b, root);
    give_up(b, root);
    return root;
}

static void free_cube(struct cube *cube)
{
    for (int o = 0; o < 8; o++)
        if (cube->children[o] != NULL)
            free_cube(cube->children[o]);
    free(cube->members);
    free(cube);
}

/* ---------------------------------------------------------------------------------- cube, again */

static struct cube *build_until_deep_enough(struct build *b)
{
    wide extent = find_extent(b);
    int face_depth = 0;
    while (((wide)1 << (face_depth + 8)) <= extent && face_depth < LEVEL_MAX)
        face_depth++;
    for (;;) {
        set_side(b, extent, face_depth);
        struct cube *root = build_once(b);
        int32_t level = deepest(root);
        if (level <= face_depth)
            return root;
        free_cube(root);
        face_depth = level;
        b->out->rebuilds++;
    }
}

static struct cube *build_by_halving(struct build *b)
{
    double size = 0, largest = 0;
    for (int a = 0; a < 3; a++) {
        double low = coordinate(b, a, b->min[a]), high = coordinate(b, a, b->max[a]);
        size = fmax(size, high - low);
        largest = fmax(largest, fmax(fabs(low), fabs(high)));
    }
    b->padding = fmax(b->finest / 2, 8 * DBL_EPSILON * largest);
    b->out->halfsize = size / 2 + b->padding;
    b->depth = NAIVE_DEPTH_MAX;
    return build_once(b);
}

/* ------------------------------------------------------------------ order in a node, file order */

/* The points lie in order, so that addresses settle ties. */
static int compare_in_node(const void *left, const void *right)
{
    const struct point *a = *(const struct point *const *)left;
    const struct point *b = *(const struct point *const *)right;
    int by = compare_times(a->time, b->time);
    if (by == 0)
        by = (a->place > b->place) - (a->place < b->place);
    return by != 0 ? by : (a > b) - (a < b);
}

/* The number of the cell at this depth, or at the deepest, on an axis: its bit in the path's digits. */
static int64_t cell_of(const struct build *b, const struct point *point, unsigned bit, int depth)
{
    int64_t cell = 0;
    for (int d = 0; d < b->depth && d < depth; d++)
        cell = 2 * cell + (point->path[d] >> bit & 1);
    return cell;
}

/* Points of one time: what comes before the order of all points. */
static void place_equal_times(const struct build *b, int level, struct point **list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct point *point = list[i];
        int64_t row = cell_of(b, point, 1, level + 6), column = cell_of(b, point, 0, level + 16);
        list[i]->place = count <= 15
                             ? point->record[14] % 16
                             : row % 64 * ((int64_t)1 << 50) + (row % 2 == 0 ? column : -column);
    }
}

static void place_in_node(const struct build *b, int level, struct point **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i]->place = 0;
    qsort(list, count, sizeof *list, compare_in_node);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare_times(list[end]->time, list[i]->time) == 0;)
            end++;
        place_equal_times(b, level, list + i, end - i);
    }
    qsort(list, count, sizeof *list, compare_in_node);
}

static void put_node(struct build *b, const struct cube *cube)
{
    struct naive_node *node = &b->out->nodes[b->out->node_count++];
    struct point **list = get(cube->own, sizeof *list);
    node->level = cube->level;
    node->x = cube->x;
    node->y = cube->y;
    node->z = cube->z;
    node->records = get(cube->own, sizeof *node->records);
    for (size_t i = 0; i < cube->member_count; i++)
        if (b->points[cube->members[i]].owner == cube)
            list[node->count++] = &b->points[cube->members[i]];
    place_in_node(b, cube->level, list, node->count);
    for (size_t i = 0; i < node->count; i++)
        node->records[i] = list[i]->record;
    free(list);
}

static void put_nodes(struct build *b, const struct cube *cube, bool upper_levels)
{
    for (int o = 0; o < 8; o++)
        if (cube->children[o] != NULL)
            put_nodes(b, cube->children[o], upper_levels);
    if (cube->alive && (cube->level <= 2) == upper_levels)
        put_node(b, cube);
}

void naive_octree_build(const struct naive_input *input, struct naive_octree *octree)
{
    struct build b = {.input = input, .out = octree};
    memset(octree, 0, sizeof *octree);
    load(&b);
    octree->halved = !find_units(&b);
    struct cube *root = octree->halved ? build_by_halving(&b) : build_until_deep_enough(&b);
    octree->nodes = get(input->count, sizeof *octree->nodes); /* none is empty */
    put_nodes(&b, root, false);
    put_nodes(&b, root, true);
    octree->deepest = deepest(root);
    octree->spacing = 2 * octree->halfsize / 128;
    for (int a = 0; a < 3; a++)
        octree->center[a] = coordinate(&b, a, b.min[a]) - b.padding + octree->halfsize;
    free_cube(root);
    free(b.points);
}

void naive_octree_release(struct naive_octree *octree)
{
    for (size_t i = 0; i < octree->node_count; i++)
        free(octree->nodes[i].records);
    free(octree->nodes);
    memset(octree, 0, sizeof *octree);
}
