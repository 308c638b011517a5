/*
 * window.c - the rows of one part of a survey.
 *
 * The part's points and a halo around them, as wide as their density says, are searched as one window (lib/features). Rows whose neighbours may lie
 * outside of it are few; they are sought in the whole survey, point by point, or, where a leaf has many of them, in a window of their own with a
 * halo as wide as they need. A part whose window does not fit is cut further.
 */
#include "enrich/window.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

/* Halos of so many times the radius of k points at the part's density leave one point in a thousand undecided. */
#define HALO_RADII 4.0
/* Fewer undecided points than this of one leaf are sought one by one. */
#define SINGLE_MAX 48u
#define RETRIES 3u

/* Bytes a point of a window: coordinates, roles; sorting, index and nodes, or the ground's network. */
#define WINDOW_POINT_BYTES (13u + 72u)
/* And of each point of the part. */
#define CORE_POINT_BYTES                                                       \
    (sizeof(struct scree__enrich_core) + sizeof(struct scree__enrich_values) + \
     sizeof(struct features_row))

uint64_t scree__enrich_window_bytes(const struct scree__enrich_store *store,
                                    const struct scree__enrich_question *question, uint64_t points)
{
    return points * WINDOW_POINT_BYTES + points / 2 * CORE_POINT_BYTES +
           scree__enrich_seek_bytes(store) +
           ((uint64_t)question->k + 64) * sizeof(struct scree__enrich_hit) +
           12 * (uint64_t)ENRICH_WINDOW_ROOM + (256u << 10);
}

static enum scree_status take_memory(struct scree__enrich_window *window, uint64_t bytes, void *out,
                                     struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(window->store->budget, bytes, &memory, "a window of the survey", err);
    memcpy(out, &memory, sizeof memory);
    return status;
}

enum scree_status scree__enrich_window_init(struct scree__enrich_window *window,
                                            struct scree_error *err)
{
    uint64_t n = window->question->window_points;
    window->capacity = n;
    window->core_capacity = n / 2;
    enum scree_status status = scree__enrich_seek_init(&window->seek, window->store, err);
    if (status == SCREE_OK)
        status = take_memory(window, (n + ENRICH_WINDOW_ROOM) * 4, &window->x, err);
    if (status == SCREE_OK)
        status = take_memory(window, (n + ENRICH_WINDOW_ROOM) * 4, &window->y, err);
    if (status == SCREE_OK)
        status = take_memory(window, (n + ENRICH_WINDOW_ROOM) * 4, &window->z, err);
    if (status == SCREE_OK)
        status = take_memory(window, n, &window->roles, err);
    if (status == SCREE_OK)
        status =
            take_memory(window, window->core_capacity * sizeof *window->core, &window->core, err);
    if (status == SCREE_OK)
        status = take_memory(window, window->core_capacity * sizeof *window->values,
                             &window->values, err);
    if (status == SCREE_OK)
        status =
            take_memory(window, window->core_capacity * sizeof *window->rows, &window->rows, err);
    if (status == SCREE_OK)
        status = take_memory(window, (window->question->k + 64) * sizeof *window->hits,
                             &window->hits, err);
    if (status == SCREE_OK && scree__enrich_shelf_work_bytes(window->shelf) > 0)
        status = take_memory(window, scree__enrich_shelf_work_bytes(window->shelf),
                             &window->put_work, err);
    return status;
}

void scree__enrich_window_release(struct scree__enrich_window *window)
{
    struct scree__mem_budget *budget = window->store->budget;
    uint64_t n = window->capacity;
    scree__mem_free(budget, window->x, (n + ENRICH_WINDOW_ROOM) * 4);
    scree__mem_free(budget, window->y, (n + ENRICH_WINDOW_ROOM) * 4);
    scree__mem_free(budget, window->z, (n + ENRICH_WINDOW_ROOM) * 4);
    scree__mem_free(budget, window->roles, n);
    scree__mem_free(budget, window->core, window->core_capacity * sizeof *window->core);
    scree__mem_free(budget, window->values, window->core_capacity * sizeof *window->values);
    scree__mem_free(budget, window->rows, window->core_capacity * sizeof *window->rows);
    scree__mem_free(budget, window->hits, (window->question->k + 64) * sizeof *window->hits);
    if (window->put_work != NULL)
        scree__mem_free(budget, window->put_work, scree__enrich_shelf_work_bytes(window->shelf));
    scree__mem_free(budget, window->leaves, window->leaf_capacity * sizeof *window->leaves);
    scree__enrich_seek_release(&window->seek);
}

/* ------------------------------------------------------------------------------------- gathering */

static enum scree_status add_leaf(struct scree__enrich_window *window, uint32_t node,
                                  struct scree_error *err)
{
    void *array = window->leaves;
    enum scree_status status = scree__mem_grow(
        window->store->budget, &array, &window->leaf_capacity, window->leaf_count + 1,
        sizeof *window->leaves, "a window of the survey", err);
    window->leaves = array;
    if (status == SCREE_OK)
        window->leaves[window->leaf_count++] =
            (struct scree__enrich_part){node, window->core_count};
    return status;
}

/* The points under a node, into core. */
static enum scree_status load_core(struct scree__enrich_window *window, uint32_t at,
                                   struct scree_error *err)
{
    const struct scree__enrich_store *store = window->store;
    const struct scree__enrich_node *node = &store->nodes[at];
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    if (!scree__enrich_is_leaf(node)) {
        enum scree_status status = load_core(window, node->child[0], err);
        return status == SCREE_OK ? load_core(window, node->child[1], err) : status;
    }
    enum scree_status status = add_leaf(window, at, err);
    scree__enrich_leaf_first(store, node, window->seek.buffer, &leaf);
    do {
        if (status == SCREE_OK)
            status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status != SCREE_OK)
            return status;
        for (uint32_t i = 0; i < piece.count; i++) {
            const struct scree__enrich_point *p =
                (const struct scree__enrich_point *)(const void *)(piece.points +
                                                                   (size_t)i * store->stride);
            window->core[window->core_count++] = (struct scree__enrich_core){
                {p->x, p->y, p->z},
                p->what >> ENRICH_INDEX_BITS,
                (uint64_t)piece.segment << ENRICH_INDEX_BITS | (p->what & ENRICH_INDEX_MASK)};
        }
    } while (piece.count > 0);
    return SCREE_OK;
}

struct gather {
    struct scree__enrich_window *window;
    const struct scree__enrich_node *core;
    int64_t min[3], max[3];
    uint32_t role;
    uint64_t copies; /* of a position that is a leaf, at most */
    struct scree__enrich_walk *walk;
    bool full;
};

static bool gather_meets(void *user, const struct scree__enrich_node *node)
{
    const struct gather *gather = user;
    if (node == gather->core ||
        (gather->role == ENRICH_GROUND ? node->ground : node->neighbors) == 0)
        return false;
    for (int a = 0; a < 3; a++)
        if (node->min[a] > gather->max[a] || node->max[a] < gather->min[a])
            return false;
    return true;
}

static void gather_add(struct gather *gather, const struct scree__enrich_point *p, uint32_t roles)
{
    struct scree__enrich_window *window = gather->window;
    if (window->count == window->capacity) {
        gather->full = gather->walk->done = true;
        return;
    }
    window->x[window->count] = scree__enrich_minus(p->x, window->middle[0]);
    window->y[window->count] = scree__enrich_minus(p->y, window->middle[1]);
    window->z[window->count] = scree__enrich_minus(p->z, window->middle[2]);
    window->roles[window->count++] =
        (uint8_t)((p->what >> ENRICH_INDEX_BITS & ~ENRICH_WANTED) | roles);
}

static void gather_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct gather *gather = user;
    uint64_t copies = 1;
    bool one = scree__enrich_one_position(node);
    if (one && gather->role != ENRICH_GROUND)
        copies = node->neighbors < gather->copies ? node->neighbors : gather->copies;
    for (uint32_t i = 0; i < count && !gather->full; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        if (!(p->what >> ENRICH_INDEX_BITS & gather->role) || p->x < gather->min[0] ||
            p->x > gather->max[0] || p->y < gather->min[1] || p->y > gather->max[1] ||
            p->z < gather->min[2] || p->z > gather->max[2])
            continue;
        for (uint64_t c = 0; c < copies && !gather->full; c++)
            gather_add(gather, p, one && c < node->early ? ENRICH_EARLY : 0);
    }
}

enum scree_status scree__enrich_window_gather(struct scree__enrich_window *window, uint32_t core,
                                              const int64_t min[3], const int64_t max[3],
                                              uint32_t role, uint64_t copies, bool *whole,
                                              struct scree_error *err)
{
    struct gather gather = {.window = window, .role = role, .copies = copies};
    struct scree__enrich_walk walk = {.user = &gather, .meets = gather_meets, .take = gather_take};
    gather.core = core == ENRICH_NONE ? NULL : &window->store->nodes[core];
    gather.walk = &walk;
    memcpy(gather.min, min, sizeof gather.min);
    memcpy(gather.max, max, sizeof gather.max);
    memcpy(walk.at, window->middle, sizeof walk.at);
    enum scree_status status = scree__enrich_walk(&window->seek, &walk, err);
    *whole = !gather.full;
    return status;
}

/* ---------------------------------------------------------------------------------------- halos */

static int64_t halo_of(const struct scree__enrich_window *window,
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
    if (question->counts && halo < question->count_radius)
        halo = question->count_radius;
    return halo > ENRICH_REACH ? ENRICH_REACH : halo;
}

/* ---------------------------------------------------------------------------------- one window */

/* Points [first, end) of the part, and a halo around the box [min, max]. */
struct piece {
    uint32_t node, first, end;
    bool retry; /* only for those that are undecided */
    int32_t min[3], max[3];
    int64_t halo;
};

static bool is_undecided(const struct scree__enrich_window *window, uint32_t i)
{
    return (window->core[i].roles & ENRICH_WANTED) != 0 && window->values[i].row.reach < 0;
}

static void place_core(struct scree__enrich_window *window, const struct piece *piece)
{
    for (int a = 0; a < 3; a++)
        window->middle[a] = (int32_t)(((int64_t)piece->min[a] + piece->max[a]) / 2);
    window->count = 0;
    for (uint32_t i = piece->first; i < piece->end; i++) {
        const struct scree__enrich_core *core = &window->core[i];
        uint32_t roles = core->roles & ~ENRICH_WANTED;
        if (piece->retry ? is_undecided(window, i) : (core->roles & ENRICH_WANTED) != 0)
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

/* Others within the count radius, and the share of early returns among them and the point itself. */
static void set_count(struct scree__enrich_window *window, uint32_t i, uint64_t count,
                      uint64_t early)
{
    uint64_t share = count > 0 ? (early * 255 + count / 2) / count : 0;
    uint64_t others = (window->core[i].roles & ENRICH_NEIGHBOR) && count > 0 ? count - 1 : count;
    others = others > 0xFFFFFF ? 0xFFFFFF : others;
    window->values[i].count = (uint32_t)(share << 24 | others);
}

static enum scree_status count_around(struct scree__enrich_window *window,
                                      const struct piece *piece,
                                      const struct scree__features_index *index,
                                      const struct scree__features_points *points,
                                      struct scree_error *err)
{
    struct scree__mem_budget *budget = window->store->budget;
    struct scree__features_index early;
    uint32_t *all = (uint32_t *)(void *)window->rows, *of_them = all + window->count;
    memset(all, 0, (size_t)window->count * 8);
    for (uint32_t i = 0; i < window->count; i++)
        if (!(window->roles[i] & ENRICH_EARLY))
            window->roles[i] &= (uint8_t)~ENRICH_NEIGHBOR;
    enum scree_status status = scree__features_index_build(budget, points, &early, err);
    if (status == SCREE_OK)
        status = scree__features_count(budget, index, index, window->question->count2, all, err);
    if (status == SCREE_OK)
        status =
            scree__features_count(budget, index, &early, window->question->count2, of_them, err);
    scree__features_index_release(&early);
    for (uint32_t i = piece->first; i < piece->end && status == SCREE_OK; i++)
        if (window->core[i].roles & ENRICH_NEIGHBOR)
            set_count(window, i, all[i - piece->first], of_them[i - piece->first]);
    return status;
}

static enum scree_status search_piece(struct scree__enrich_window *window,
                                      const struct piece *piece,
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
    for (uint32_t i = piece->first; i < piece->end && status == SCREE_OK && shapes; i++)
        if (window->roles[i - piece->first] & ENRICH_WANTED)
            window->values[i].row = window->rows[i - piece->first];
    if (status == SCREE_OK && window->question->counts && !piece->retry)
        status = count_around(window, piece, &index, &points, err);
    scree__features_index_release(&index);
    return status;
}

/* *whole false: the points around do not fit, and nothing was done. */
static enum scree_status run_piece(struct scree__enrich_window *window, const struct piece *piece,
                                   bool *whole, struct scree_error *err)
{
    int64_t box_min[3], box_max[3];
    struct features_request request;
    bool few_copies = piece->retry || !window->question->counts;
    uint64_t copies = few_copies && window->question->k > 0 ? window->question->k : UINT64_MAX;
    for (int a = 0; a < 3; a++) {
        box_min[a] = piece->min[a] - piece->halo;
        box_max[a] = piece->max[a] + piece->halo;
    }
    place_core(window, piece);
    set_request(window, box_min, box_max, &request);
    enum scree_status status = scree__enrich_window_gather(window, piece->node, box_min, box_max,
                                                           ENRICH_NEIGHBOR, copies, whole, err);
    if (status == SCREE_OK && *whole)
        status = search_piece(window, piece, &request, err);
    return status;
}

/* -------------------------------------------------------------------------------------- one by one */

static enum scree_status seek_shape(struct scree__enrich_window *window, uint32_t i,
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

static enum scree_status seek_counts(struct scree__enrich_window *window, uint32_t i,
                                     struct scree_error *err)
{
    uint64_t count, early;
    enum scree_status status = scree__enrich_seek_count(
        &window->seek, window->core[i].at, window->question->count2, &count, &early, err);
    if (status == SCREE_OK)
        set_count(window, i, count, early);
    return status;
}

/* What is the same place has the same surroundings: points of a leaf at one position follow each other. */
static bool same_as_before(const struct scree__enrich_window *window, uint32_t i)
{
    return i > 0 &&
           memcmp(window->core[i].at, window->core[i - 1].at, sizeof window->core[i].at) == 0 &&
           (window->core[i].roles & (ENRICH_NEIGHBOR | ENRICH_WANTED)) ==
               (window->core[i - 1].roles & (ENRICH_NEIGHBOR | ENRICH_WANTED));
}

static enum scree_status seek_left(struct scree__enrich_window *window, uint32_t first,
                                   uint32_t end, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = first; i < end && status == SCREE_OK; i++) {
        if (!is_undecided(window, i))
            continue;
        if (i > first && same_as_before(window, i) && !(window->values[i - 1].row.reach < 0))
            window->values[i].row = window->values[i - 1].row;
        else
            status = seek_shape(window, i, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- retries */

/* The box of the undecided points of a leaf, the halo that they are likely to need, and their number. */
static uint32_t find_undecided(const struct scree__enrich_window *window, struct piece *piece)
{
    uint32_t undecided = 0;
    piece->halo = 1;
    for (int a = 0; a < 3; a++) {
        piece->min[a] = INT32_MAX;
        piece->max[a] = INT32_MIN;
    }
    for (uint32_t i = piece->first; i < piece->end; i++) {
        if (!is_undecided(window, i))
            continue;
        double need = -(double)window->values[i].row.reach / window->question->unit + 2;
        int64_t needed = need < (double)ENRICH_REACH ? (int64_t)need : ENRICH_REACH;
        piece->halo = needed > piece->halo ? needed : piece->halo;
        for (int a = 0; a < 3; a++) {
            int32_t at = window->core[i].at[a];
            piece->min[a] = at < piece->min[a] ? at : piece->min[a];
            piece->max[a] = at > piece->max[a] ? at : piece->max[a];
        }
        undecided++;
    }
    return undecided;
}

static enum scree_status retry_leaf(struct scree__enrich_window *window, uint32_t leaf,
                                    struct scree_error *err)
{
    struct piece piece = {.node = window->leaves[leaf].node,
                          .first = window->leaves[leaf].first,
                          .end = leaf + 1 < window->leaf_count ? window->leaves[leaf + 1].first
                                                               : window->core_count,
                          .retry = true};
    enum scree_status status = SCREE_OK;
    bool whole = true;
    for (unsigned i = 0; i < RETRIES && status == SCREE_OK && whole; i++) {
        uint32_t undecided = find_undecided(window, &piece);
        if (i == 0)
            atomic_fetch_add(&window->tally->retried, undecided);
        if (undecided < SINGLE_MAX)
            break;
        status = run_piece(window, &piece, &whole, err);
    }
    return status == SCREE_OK ? seek_left(window, piece.first, piece.end, err) : status;
}

/* ------------------------------------------------------------------------------------------ parts */

/* What the part's points lack goes to the tally. */
static void settle_tally(struct scree__enrich_window *window)
{
    for (unsigned l = 0; l < ENRICH_LACKS; l++)
        atomic_fetch_add(&window->tally->lacks[l], window->lacks[l]);
    atomic_fetch_add(&window->tally->ground, window->ground);
    memset(window->lacks, 0, sizeof window->lacks);
    window->ground = 0;
}

static enum scree_status put_one(struct scree__enrich_window *window, uint64_t source,
                                 uint32_t roles, const struct scree__enrich_values *values,
                                 struct scree_error *err)
{
    scree__enrich_lacks(window->rules, values, window->lacks);
    window->ground += (roles & ENRICH_GROUND) != 0;
    return scree__enrich_shelf_put(window->shelf, source, values, window->put_work, err);
}

static enum scree_status put_values(struct scree__enrich_window *window, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < window->core_count && status == SCREE_OK; i++) {
        if (!(window->core[i].roles & ENRICH_WANTED))
            continue;
        wanted++;
        status =
            put_one(window, window->core[i].source, window->core[i].roles, &window->values[i], err);
    }
    settle_tally(window);
    scree__par_stage_add(window->context, wanted);
    return status;
}

/* Everything but the heights of the part in core. *whole false: it has to be cut. */
static enum scree_status find_shapes(struct scree__enrich_window *window, uint32_t at, bool *whole,
                                     struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    struct piece piece = {.node = at, .end = window->core_count};
    enum scree_status status = SCREE_OK;
    memcpy(piece.min, node->min, sizeof piece.min);
    memcpy(piece.max, node->max, sizeof piece.max);
    piece.halo = halo_of(window, node);
    *whole = false;
    if (!scree__enrich_one_position(node))
        status = run_piece(window, &piece, whole, err);
    if (status != SCREE_OK || (!*whole && !scree__enrich_is_leaf(node)))
        return status;
    for (uint32_t l = 0; l < window->leaf_count && status == SCREE_OK && window->question->shapes;
         l++)
        status = retry_leaf(window, l, err);
    for (uint32_t i = 0; i < window->core_count && window->question->counts && status == SCREE_OK;
         i++) {
        uint32_t roles = window->core[i].roles;
        if (!(roles & ENRICH_WANTED) || (*whole && (roles & ENRICH_NEIGHBOR)))
            continue;
        if (same_as_before(window, i))
            window->values[i].count = window->values[i - 1].count;
        else
            status = seek_counts(window, i, err);
    }
    *whole = true;
    return status;
}

/*
 * A leaf at one position that is too large for a window: its points are of two kinds, those that count and those that do not, and all of a kind
 * have the same row.
 */
static enum scree_status run_position(struct scree__enrich_window *window, uint32_t at,
                                      struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    enum scree_status status = SCREE_OK;
    window->core_count = 2;
    window->leaf_count = 0;
    for (uint32_t kind = 0; kind < 2; kind++) {
        memset(&window->values[kind], 0, sizeof window->values[kind]);
        window->values[kind].height = SCREE_FEATURE_NO_DATA;
        memcpy(window->core[kind].at, node->min, sizeof node->min);
        window->core[kind].roles = ENRICH_WANTED | (kind ? ENRICH_NEIGHBOR : 0);
        if (status == SCREE_OK && window->question->shapes)
            status = seek_shape(window, kind, err);
        if (status == SCREE_OK && window->question->counts)
            status = seek_counts(window, kind, err);
    }
    if (status == SCREE_OK && window->question->heights)
        status = scree__enrich_heights(window, at, err);
    scree__enrich_leaf_first(window->store, node, window->seek.buffer, &leaf);
    do {
        if (status == SCREE_OK)
            status = scree__enrich_leaf_next(&leaf, &piece, err);
        for (uint32_t i = 0; i < piece.count && status == SCREE_OK; i++) {
            const struct scree__enrich_point *p =
                (const struct scree__enrich_point *)(const void *)(piece.points +
                                                                   (size_t)i *
                                                                       window->store->stride);
            uint32_t roles = p->what >> ENRICH_INDEX_BITS;
            if (roles & ENRICH_WANTED)
                status = put_one(window,
                                 (uint64_t)piece.segment << ENRICH_INDEX_BITS |
                                     (p->what & ENRICH_INDEX_MASK),
                                 roles, &window->values[roles & ENRICH_NEIGHBOR], err);
        }
    } while (status == SCREE_OK && piece.count > 0);
    settle_tally(window);
    scree__par_stage_add(window->context, node->wanted);
    return status;
}

/* Nothing is known yet: every row is undecided. */
static void clear_values(struct scree__enrich_window *window)
{
    for (uint32_t i = 0; i < window->core_count; i++) {
        memset(&window->values[i], 0, sizeof window->values[i]);
        window->values[i].row.reach = -1.0F;
        window->values[i].height = SCREE_FEATURE_NO_DATA;
    }
}

enum scree_status scree__enrich_window_run(struct scree__enrich_window *window, uint32_t at,
                                           struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    bool whole = false;
    if (node->wanted == 0)
        return SCREE_OK;
    enum scree_status status = scree__par_check_cancel(window->context, err);
    if (status != SCREE_OK)
        return status;
    if (node->count > window->core_capacity && scree__enrich_is_leaf(node))
        return run_position(window, at, err);
    if (node->count <= window->core_capacity) {
        window->core_count = 0;
        window->leaf_count = 0;
        status = load_core(window, at, err);
        clear_values(window);
        if (status == SCREE_OK && !window->question->shapes && !window->question->counts)
            whole = true;
        else if (status == SCREE_OK)
            status = find_shapes(window, at, &whole, err);
        if (status == SCREE_OK && whole && window->question->heights)
            status = scree__enrich_heights(window, at, err);
        if (status != SCREE_OK || whole)
            return status == SCREE_OK ? put_values(window, err) : status;
    }
    status = scree__enrich_window_run(window, node->child[0], err);
    return status == SCREE_OK ? scree__enrich_window_run(window, node->child[1], err) : status;
}
