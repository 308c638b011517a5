/*
 * search.c - group by group (a leaf of the index): candidates from a box around the group, then each point's neighbours among them.
 *
 * The box's margin is a guess, from the group before and the group's own size. Points with too few neighbours that are sure
 * to be the nearest (nearer than the box's faces) go round again with a wider box; those for whom that does not help soon, one by one, by a
 * walk over the index. Guesses cost time, never exactness.
 */
#include "features/search.h"
#include "base/error.h"
#include "features/eigen.h"
#include "features/far.h"
#include "features/nearest.h"
#include "features/runs.h"

#include <math.h>
#include <string.h>

struct search {
    struct scree__mem_budget *budget;
    const struct scree__features_index *index;
    const struct scree__features_points *points;
    const struct features_request *request;
    const struct features_loops *loops;
    struct features_row *rows;
    struct scree_error *err;

    struct features_candidates near;
    struct features_far far;
    uint64_t capacity; /* of the candidates */
    uint64_t far_capacity;
    int64_t margin;  /* that served the group before */
    uint64_t guess2; /* from the point before */
    uint64_t undecided;
};

/* A query: where it is, and which row it fills. */
struct query {
    int32_t at[3];
    uint32_t row;
    bool counts; /* is in the index; else it is its own neighbour on top */
};

#define GROUP_MAX FEATURES_LEAF_POINTS

struct group {
    struct query query[GROUP_MAX];
    unsigned count;
    struct features_box box;
    int64_t margin;
    unsigned rounds; /* with margins that were too small */
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------------------------- candidates */

/* xy, z and their kept_ parts, d2 */
#define NEAR_ARRAYS 5

static enum scree_status reserve_near(struct search *search, uint64_t count)
{
    uint64_t need = count + FEATURES_ROOM;
    if (need <= search->capacity)
        return SCREE_OK;
    scree__mem_free(search->budget, search->near.xy,
                    search->capacity * NEAR_ARRAYS * sizeof(int32_t));
    search->near.xy = NULL;
    search->capacity = 0;
    void *memory;
    need = need + need / 2;
    enum scree_status status = scree__mem_alloc(
        search->budget, need * NEAR_ARRAYS * sizeof(int32_t), &memory, "neighbours", search->err);
    if (status != SCREE_OK)
        return status;
    search->capacity = need;
    search->near.xy = memory;
    search->near.z = search->near.xy + need;
    search->near.kept_xy = search->near.z + need;
    search->near.kept_z = search->near.kept_xy + need;
    search->near.kept_d2 = search->near.kept_z + need;
    return SCREE_OK;
}

/* Room for the nearest k of a walk. */
static enum scree_status reserve_far(struct search *search)
{
    uint64_t need = smaller(search->request->k, search->index->count);
    if (need <= search->far_capacity)
        return SCREE_OK;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(search->budget, need * 12, &memory, "neighbours", search->err);
    if (status != SCREE_OK)
        return status;
    search->far_capacity = need;
    search->far.d2 = memory;
    search->far.at = (uint32_t *)(search->far.d2 + need);
    return SCREE_OK;
}

static void take_near(struct search *search, const struct features_runs *runs,
                      const struct features_box *box)
{
    const struct scree__features_index *index = search->index;
    search->near.count = 0;
    for (int a = 0; a < 3; a++) {
        search->near.low[a] = (int32_t)box->min[a];
        search->near.span[a] = (uint32_t)(box->max[a] - box->min[a]);
    }
    for (uint32_t i = 0; i < runs->count; i++) {
        uint32_t first = runs->run[i].first;
        search->loops->take(&search->near, index->x + first, index->y + first, index->z + first,
                            runs->run[i].count);
    }
}

/* ---------------------------------------------------------------------------------------- rows */

/* What was found for queries of a group, on its way into rows. */
struct found {
    struct features_moments moments[GROUP_MAX];
    uint32_t row[GROUP_MAX];
    bool final[GROUP_MAX];
    unsigned count;
};

static void set_row(const struct features_moments *moments, const struct features_shape *shape,
                    double unit, struct features_row *row)
{
    for (int a = 0; a < 3; a++) {
        row->normal[a] = (float)shape->normal[a];
        row->eigenvalue[a] = (float)(shape->value[a] * unit * unit);
    }
    row->reach = (float)(sqrt((double)moments->reach2) * unit);
    row->count = moments->count;
}

void scree__features_row(const struct features_moments *moments, double unit,
                         struct features_row *row)
{
    struct features_shape shape;
    scree__features_shapes(scree__features_loops(), moments, 1, &shape);
    set_row(moments, &shape, unit, row);
}

static void fill_rows(struct search *search, const struct found *found)
{
    double unit = search->request->unit;
    struct features_shape shapes[GROUP_MAX];
    scree__features_shapes(search->loops, found->moments, found->count, shapes);
    for (unsigned i = 0; i < found->count; i++) {
        struct features_row *row = &search->rows[found->row[i]];
        set_row(&found->moments[i], &shapes[i], unit, row);
        if (!found->final[i]) {
            row->reach = row->reach > 0 ? -1.5F * row->reach : -1.0F;
            search->undecided++;
        }
    }
}

/* The largest distance, squared, below which no point outside the box [min, max] lies; any such
 * point is at least one unit beyond a face. */
static uint64_t sure_distance2(const struct features_box *box, const int32_t at[3], bool all)
{
    if (all)
        return UINT64_MAX;
    int64_t nearest = INT64_MAX;
    for (int a = 0; a < 3; a++)
        nearest = smaller(nearest, smaller(at[a] - box->min[a], box->max[a] - at[a]) + 1);
    nearest = nearest < 0 ? 0 : smaller(nearest, (int64_t)1 << 31);
    return (uint64_t)(nearest * nearest);
}

/* As far as the window is whole around a point. */
static uint64_t window_distance2(const struct features_request *request, const int32_t at[3])
{
    int64_t nearest = INT64_MAX;
    for (int a = 0; a < 3; a++) {
        if (request->min[a] > -FEATURES_OPEN)
            nearest = smaller(nearest, at[a] - request->min[a] + 1);
        if (request->max[a] < FEATURES_OPEN)
            nearest = smaller(nearest, request->max[a] - at[a] + 1);
    }
    if (nearest > (int64_t)1 << 31)
        return UINT64_MAX;
    return nearest < 0 ? 0 : (uint64_t)(nearest * nearest);
}

/* Whether no point outside the window can be among the neighbours that were found. */
static bool is_final(const struct features_request *request, const int32_t at[3], uint32_t wanted,
                     const struct features_moments *moments)
{
    uint64_t whole2 = window_distance2(request, at);
    if (request->limit2 < whole2 || whole2 == UINT64_MAX)
        return true;
    return wanted != 0 && moments->count >= wanted && moments->reach2 < whole2;
}

/* How many neighbours a query wants besides what it is itself. */
static uint32_t wanted_by(const struct search *search, const struct query *query)
{
    uint32_t k = search->request->k;
    return k > 1 && !query->counts ? k - 1 : k;
}

/* Takes the moments that were written behind the last ones found. */
static void keep_found(const struct search *search, struct found *found, const struct query *query)
{
    struct features_moments *moments = &found->moments[found->count];
    found->final[found->count] =
        is_final(search->request, query->at, wanted_by(search, query), moments);
    found->row[found->count++] = query->row;
    moments->count += !query->counts;
}

/* Answers what the candidates answer; the queries that they do not are kept. */
static void answer_near(struct search *search, struct group *group, const struct features_box *box,
                        bool all)
{
    const struct features_request *request = search->request;
    unsigned left = 0;
    uint64_t farthest2 = 0;
    struct found answers;
    answers.count = 0;
    for (unsigned i = 0; i < group->count; i++) {
        const struct query *query = &group->query[i];
        struct features_moments *moments = &answers.moments[answers.count];
        /* When all points are candidates, any limit is within what is sure. */
        uint64_t limit2 = request->limit2 < UINT64_MAX ? request->limit2 : UINT64_MAX - 1;
        struct features_want want = {wanted_by(search, query), limit2,
                                     sure_distance2(box, query->at, all), search->guess2};
        uint32_t at[3];
        for (int a = 0; a < 3; a++)
            at[a] = (uint32_t)(query->at[a] - box->min[a]);
        if (!search->loops->nearest(&search->near, at, &want, moments)) {
            group->query[left++] = *query;
            continue;
        }
        search->guess2 = moments->reach2 + moments->reach2 / 2 + 1;
        farthest2 = moments->reach2 > farthest2 ? moments->reach2 : farthest2;
        keep_found(search, &answers, query);
    }
    fill_rows(search, &answers);
    if (left < group->count)
        search->margin = (int64_t)sqrt((double)farthest2) + 1;
    group->count = left;
}

static enum scree_status answer_far(struct search *search, struct group *group)
{
    enum scree_status status = reserve_far(search);
    if (status != SCREE_OK)
        return status;
    struct found answers;
    answers.count = 0;
    for (unsigned i = 0; i < group->count; i++) {
        const struct query *query = &group->query[i];
        scree__features_far_nearest(&search->far, query->at, wanted_by(search, query),
                                    search->request->limit2, &answers.moments[answers.count]);
        keep_found(search, &answers, query);
    }
    fill_rows(search, &answers);
    group->count = 0;
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------- groups */

static void enclose(struct group *group)
{
    for (int a = 0; a < 3; a++) {
        group->box.min[a] = INT64_MAX;
        group->box.max[a] = INT64_MIN;
        for (unsigned i = 0; i < group->count; i++) {
            group->box.min[a] = smaller(group->box.min[a], group->query[i].at[a]);
            group->box.max[a] = larger(group->box.max[a], group->query[i].at[a]);
        }
    }
}

/* The box with its margin, within what coordinates can be. */
static struct features_box widen(const struct group *group)
{
    struct features_box box;
    for (int a = 0; a < 3; a++) {
        box.min[a] = larger(group->box.min[a] - group->margin, -(int64_t)FEATURES_COORDINATE_MAX);
        box.max[a] = smaller(group->box.max[a] + group->margin, FEATURES_COORDINATE_MAX);
    }
    return box;
}

static bool fits_near(const struct group *group, const struct features_box *box)
{
    for (int a = 0; a < 3; a++)
        if (group->box.max[a] - group->box.min[a] + group->margin > FEATURES_NEAR_REACH ||
            box->max[a] - box->min[a] > UINT16_MAX)
            return false;
    return true;
}

/* Boxes do not get wider for ever. */
#define ROUNDS 4u

/* One round with the group's margin. */
static enum scree_status round_of(struct search *search, struct group *group)
{
    struct features_box box = widen(group);
    struct features_runs runs;
    scree__features_find_runs(search->index, &box, &runs);
    if (search->request->k != 0) {
        /* A margin that was right elsewhere may hold far too much here. */
        uint64_t many = 64 * (uint64_t)search->request->k + 4096;
        while (runs.points > many && group->margin > 1 && group->rounds == 0) {
            group->margin /= 2;
            box = widen(group);
            scree__features_find_runs(search->index, &box, &runs);
        }
        if (runs.points > many || group->rounds == ROUNDS)
            return answer_far(search, group);
    }
    if (!fits_near(group, &box))
        return answer_far(search, group);
    enum scree_status status = reserve_near(search, scree__features_runs_total(&runs));
    if (status != SCREE_OK)
        return status;
    take_near(search, &runs, &box);
    answer_near(search, group, &box, features_inside(&search->index->nodes[0], &box));
    return SCREE_OK;
}

static int64_t first_margin(const struct search *search, const struct group *group)
{
    const struct features_request *request = search->request;
    int64_t limit = smaller((int64_t)sqrt((double)request->limit2), FEATURES_COORDINATE_MAX) + 1;
    if (request->k == 0)
        return limit;
    int64_t side = 0;
    for (int a = 0; a < 3; a++)
        side = larger(side, group->box.max[a] - group->box.min[a]);
    int64_t margin = search->margin != 0 ? search->margin : side + 1;
    return smaller(margin, limit);
}

static enum scree_status search_group(struct search *search, struct group *group)
{
    enclose(group);
    group->margin = first_margin(search, group);
    group->rounds = 0;
    enum scree_status status = SCREE_OK;
    while (group->count > 0 && status == SCREE_OK) {
        status = round_of(search, group);
        if (group->count == 0)
            break;
        enclose(group);
        group->rounds++;
        group->margin =
            smaller(group->margin + group->margin / 2 + 1, 2 * (int64_t)FEATURES_COORDINATE_MAX);
    }
    return status;
}

/* A leaf at one position has one answer. */
static enum scree_status search_position(struct search *search, const struct features_node *leaf)
{
    const struct scree__features_index *index = search->index;
    struct group group = {.count = 0};
    uint64_t undecided = search->undecided;
    uint32_t first = 0;
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        if (!(index->source[i] & FEATURES_SOURCE_WANTED))
            continue;
        uint32_t row = index->source[i] & ~FEATURES_SOURCE_WANTED;
        if (group.count == 0 && first == 0) {
            group.query[0] = (struct query){{leaf->min[0], leaf->min[1], leaf->min[2]}, row, true};
            group.count = 1;
            enum scree_status status = search_group(search, &group);
            if (status != SCREE_OK)
                return status;
            first = row + 1;
            undecided = search->undecided - undecided;
        } else {
            search->rows[row] = search->rows[first - 1];
            search->undecided += undecided;
        }
    }
    return SCREE_OK;
}

static enum scree_status search_leaf(struct search *search, const struct features_node *leaf)
{
    const struct scree__features_index *index = search->index;
    if (memcmp(leaf->min, leaf->max, sizeof leaf->min) == 0)
        return search_position(search, leaf);
    struct group group = {.count = 0};
    for (uint32_t i = leaf->first; i < leaf->first + leaf->count; i++) {
        if (!(index->source[i] & FEATURES_SOURCE_WANTED))
            continue;
        group.query[group.count++] = (struct query){{index->x[i], index->y[i], index->z[i]},
                                                    index->source[i] & ~FEATURES_SOURCE_WANTED,
                                                    true};
    }
    return group.count > 0 ? search_group(search, &group) : SCREE_OK;
}

/* Points that are wanted but do not count: one by one. */
static enum scree_status search_others(struct search *search)
{
    const struct scree__features_points *points = search->points;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < points->count && status == SCREE_OK; i++) {
        if ((points->roles[i] & (FEATURES_WANTED | FEATURES_NEIGHBOUR)) != FEATURES_WANTED)
            continue;
        struct group group = {.count = 1};
        group.query[0] = (struct query){{points->x[i], points->y[i], points->z[i]}, i, false};
        if (search->index->count == 0) {
            struct found alone = {.row = {i}, .count = 1};
            alone.final[0] =
                is_final(search->request, group.query[0].at, search->request->k, &alone.moments[0]);
            alone.moments[0].count = 1;
            fill_rows(search, &alone);
        } else {
            status = search_group(search, &group);
        }
    }
    return status;
}

enum scree_status scree__features_search(struct scree__mem_budget *budget,
                                         const struct scree__features_index *index,
                                         const struct scree__features_points *points,
                                         const struct features_request *request,
                                         struct features_row *rows, uint64_t *undecided,
                                         struct scree_error *err)
{
    struct search search = {.budget = budget,
                            .index = index,
                            .points = points,
                            .request = request,
                            .loops = scree__features_loops(),
                            .rows = rows,
                            .guess2 = UINT64_MAX,
                            .err = err};
    search.far.index = index;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < index->node_count && status == SCREE_OK; i++)
        if (index->nodes[i].child_count == 0)
            status = search_leaf(&search, &index->nodes[i]);
    if (status == SCREE_OK)
        status = search_others(&search);
    *undecided = search.undecided;
    scree__mem_free(budget, search.near.xy, search.capacity * NEAR_ARRAYS * sizeof(int32_t));
    scree__mem_free(budget, search.far.d2, search.far_capacity * 12);
    return status;
}
