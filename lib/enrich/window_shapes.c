/*
 * window_shapes.c - neighbours of a part's points: in a window with a halo as wide as their density says, then in wider ones, then one by
 * one.
 */
#include "base/error.h"
#include "enrich/window_slice.h"

#include <math.h>

/* Halos of so many times the radius of k points at the part's density leave one point in a thousand undecided. */
#define HALO_RADII 4.0
/* Fewer undecided points than this of one leaf are sought one by one. */
#define SINGLE_MAX 48u
#define RETRIES 3u

/* ---------------------------------------------------------------------------------------- halos */

int64_t scree__enrich_window_halo(const struct scree__enrich_window *window,
                                  const struct scree__enrich_node *node)
{
    const struct scree__enrich_question *question = window->question;
    int64_t halo = 1;
    if (question->shapes && question->k > 0) {
        double side[3], n = node->neighbors > 0 ? (double)node->neighbors : 1.0;
        for (int a = 0; a < 3; a++)
            side[a] = (double)node->max[a] - node->min[a] + 1.0;
        double face = side[0] * side[1];
        face = side[0] * side[2] > face ? side[0] * side[2] : face;
        face = side[1] * side[2] > face ? side[1] * side[2] : face;
        double radius = sqrt(face * question->k / (3.14159265358979 * n)) * HALO_RADII;
        radius *= question->halo_percent / 100.0;
        halo = radius < (double)ENRICH_REACH ? (int64_t)radius + 1 : ENRICH_REACH;
    } else if (question->shapes) {
        halo = question->limit;
    }
    halo = halo > question->limit ? question->limit : halo;
    return halo > ENRICH_REACH ? ENRICH_REACH : halo;
}

/* ---------------------------------------------------------------------------------- one window */

static bool is_undecided(const struct scree__enrich_window *window, uint32_t i)
{
    return (window->core[i].roles & ENRICH_WANTED) != 0 && window->values[i].row.reach < 0;
}

static void place_core(struct scree__enrich_window *window, const struct scree__enrich_slice *slice)
{
    for (int a = 0; a < 3; a++)
        window->middle[a] = (int32_t)(((int64_t)slice->min[a] + slice->max[a]) / 2);
    window->count = 0;
    for (uint32_t i = slice->first; i < slice->end; i++) {
        const struct scree__enrich_core *core = &window->core[i];
        uint32_t roles = core->roles & ~ENRICH_WANTED;
        if (slice->retry ? is_undecided(window, i) : (core->roles & ENRICH_WANTED) != 0)
            roles |= ENRICH_WANTED;
        window->x[window->count] = scree__enrich_minus(core->at[0], window->middle[0]);
        window->y[window->count] = scree__enrich_minus(core->at[1], window->middle[1]);
        window->z[window->count] = scree__enrich_minus(core->at[2], window->middle[2]);
        window->roles[window->count++] = (uint8_t)roles;
    }
}

/* All of the survey in the box is in the window; it is open where the survey ends. */
static void set_request(const struct scree__enrich_window *window, const int64_t box_min[3],
                        const int64_t box_max[3], struct features_request *request)
{
    const struct scree__enrich_node *root = &window->store->nodes[window->store->root];
    request->k = window->question->k;
    request->limit2 = window->question->limit2;
    request->unit = window->question->unit;
    for (int a = 0; a < 3; a++) {
        request->min[a] =
            box_min[a] <= root->min[a] ? -FEATURES_OPEN : box_min[a] - window->middle[a];
        request->max[a] =
            box_max[a] >= root->max[a] ? FEATURES_OPEN : box_max[a] - window->middle[a];
    }
}

static enum scree_status search_slice(struct scree__enrich_window *window,
                                      const struct scree__enrich_slice *slice,
                                      const struct features_request *request,
                                      struct scree_error *err)
{
    struct scree__mem_budget *budget = window->store->budget;
    struct scree__features_points points = {window->x, window->y, window->z, window->roles,
                                            window->count};
    struct scree__features_index index;
    uint64_t undecided = 0;
    bool shapes = window->question->shapes;
    enum scree_status status = scree__features_index_build(budget, &points, &index, err);
    if (status == SCREE_OK && shapes)
        status =
            scree__features_search(budget, &index, &points, request, window->rows, &undecided, err);
    for (uint32_t i = slice->first; i < slice->end && status == SCREE_OK && shapes; i++)
        if (window->roles[i - slice->first] & ENRICH_WANTED)
            window->values[i].row = window->rows[i - slice->first];
    if (status == SCREE_OK && slice->counts && !slice->retry)
        status = scree__enrich_window_count(window, slice, &index, &points, err);
    scree__features_index_release(&index);
    return status;
}

enum scree_status scree__enrich_window_search(struct scree__enrich_window *window,
                                              const struct scree__enrich_slice *slice, bool *whole,
                                              struct scree_error *err)
{
    int64_t box_min[3], box_max[3];
    struct features_request request;
    bool few_copies = slice->retry || !slice->counts;
    uint64_t copies = few_copies && window->question->k > 0 ? window->question->k : UINT64_MAX;
    for (int a = 0; a < 3; a++) {
        box_min[a] = slice->min[a] - slice->halo;
        box_max[a] = slice->max[a] + slice->halo;
    }
    place_core(window, slice);
    set_request(window, box_min, box_max, &request);
    enum scree_status status = scree__enrich_window_gather(window, slice->node, box_min, box_max,
                                                           ENRICH_NEIGHBOR, copies, whole, err);
    if (status == SCREE_OK && *whole)
        status = search_slice(window, slice, &request, err);
    return status;
}

/* -------------------------------------------------------------------------------------- one by one */

enum scree_status scree__enrich_window_seek_shape(struct scree__enrich_window *window, uint32_t i,
                                                  struct scree_error *err)
{
    const struct scree__enrich_question *question = window->question;
    const struct scree__enrich_core *core = &window->core[i];
    struct features_moments moments;
    bool counts = (core->roles & ENRICH_NEIGHBOR) != 0;
    uint32_t count, others = question->k > 1 && !counts ? question->k - 1 : question->k;
    enum scree_status status;
    atomic_fetch_add(&window->tally->single, 1);
    if (question->k == 0) {
        status =
            scree__enrich_seek_moments(&window->seek, core->at, question->limit2, &moments, err);
    } else {
        memset(&moments, 0, sizeof moments);
        status = scree__enrich_seek_nearest(&window->seek, core->at, others, question->limit2,
                                            window->hits, &count, err);
        for (uint32_t h = 0; h < count && status == SCREE_OK; h++)
            scree__enrich_add_moment(&moments, core->at, &window->hits[h], 1);
    }
    moments.count += !counts;
    if (status == SCREE_OK)
        scree__features_row(&moments, question->unit, &window->values[i].row);
    return status;
}

static enum scree_status seek_left(struct scree__enrich_window *window, uint32_t first,
                                   uint32_t end, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = first; i < end && status == SCREE_OK; i++) {
        if (!is_undecided(window, i))
            continue;
        if (i > first && scree__enrich_same_as_before(window, i) &&
            !(window->values[i - 1].row.reach < 0))
            window->values[i].row = window->values[i - 1].row;
        else
            status = scree__enrich_window_seek_shape(window, i, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- retries */

/* The box of the undecided points of a leaf, the halo that they are likely to need, and their number. */
static uint32_t find_undecided(const struct scree__enrich_window *window,
                               struct scree__enrich_slice *slice)
{
    uint32_t undecided = 0;
    slice->halo = 1;
    for (int a = 0; a < 3; a++) {
        slice->min[a] = INT32_MAX;
        slice->max[a] = INT32_MIN;
    }
    for (uint32_t i = slice->first; i < slice->end; i++) {
        if (!is_undecided(window, i))
            continue;
        double need = -(double)window->values[i].row.reach / window->question->unit + 2;
        int64_t needed = need < (double)ENRICH_REACH ? (int64_t)need : ENRICH_REACH;
        slice->halo = needed > slice->halo ? needed : slice->halo;
        for (int a = 0; a < 3; a++) {
            int32_t at = window->core[i].at[a];
            slice->min[a] = at < slice->min[a] ? at : slice->min[a];
            slice->max[a] = at > slice->max[a] ? at : slice->max[a];
        }
        undecided++;
    }
    return undecided;
}

static enum scree_status retry_leaf(struct scree__enrich_window *window, uint32_t leaf,
                                    struct scree_error *err)
{
    struct scree__enrich_slice slice = {
        .node = window->leaves[leaf].node,
        .first = window->leaves[leaf].first,
        .end = leaf + 1 < window->leaf_count ? window->leaves[leaf + 1].first : window->core_count,
        .retry = true};
    enum scree_status status = SCREE_OK;
    bool whole = true;
    for (unsigned i = 0; i < RETRIES && status == SCREE_OK && whole; i++) {
        uint32_t undecided = find_undecided(window, &slice);
        if (i == 0)
            atomic_fetch_add(&window->tally->retried, undecided);
        if (undecided < SINGLE_MAX)
            break;
        status = scree__enrich_window_search(window, &slice, &whole, err);
    }
    return status == SCREE_OK ? seek_left(window, slice.first, slice.end, err) : status;
}

enum scree_status scree__enrich_window_retry(struct scree__enrich_window *window,
                                             struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t l = 0; l < window->leaf_count && status == SCREE_OK; l++)
        status = retry_leaf(window, l, err);
    return status;
}
