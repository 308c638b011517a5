/*
 * window.c - the rows of one part of a survey.
 *
 * The part's points and a halo around them, as wide as their density says, are searched as one window (lib/features). Rows whose neighbours may lie
 * outside of it are few; they are sought in the whole survey, point by point, or, where a leaf has many of them, in a window of their own with a
 * halo as wide as they need. A part whose window does not fit is cut further.
 */
#include "base/error.h"
#include "enrich/window_slice.h"

#include <string.h>

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
    scree__mem_free(budget, window->lifts, ENRICH_LIFTS * sizeof *window->lifts);
    scree__mem_free(budget, window->leaves, window->leaf_capacity * sizeof *window->leaves);
    scree__enrich_seek_release(&window->seek);
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
    if ((roles & ENRICH_GROUND) != 0) {
        window->ground++;
        if (window->question->heights && !(values->height >= 0))
            return scree__enrich_ground_wrong(window, source, values->height, err);
    }
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

/* Neighbours and counts in one window, or, where there is no room for all points within the count radius, neighbours alone. */
static enum scree_status search_part(struct scree__enrich_window *window,
                                     struct scree__enrich_slice *slice, bool *whole,
                                     struct scree_error *err)
{
    const struct scree__enrich_question *question = window->question;
    const struct scree__enrich_node *node = &window->store->nodes[slice->node];
    int64_t halo = scree__enrich_window_halo(window, node);
    slice->counts = question->counts;
    slice->halo = slice->counts && halo < question->count_radius ? question->count_radius : halo;
    enum scree_status status = scree__enrich_window_search(window, slice, whole, err);
    if (status != SCREE_OK || *whole || !slice->counts)
        return status;
    slice->counts = false;
    if (!question->shapes)
        *whole = true;
    else if (slice->halo > halo) {
        slice->halo = halo;
        status = scree__enrich_window_search(window, slice, whole, err);
    }
    return status;
}

/* Counts of those that the window has not counted. */
static enum scree_status count_left(struct scree__enrich_window *window,
                                    const struct scree__enrich_slice *slice,
                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (!slice->counts && !scree__enrich_one_position(&window->store->nodes[slice->node]))
        return scree__enrich_window_count_all(window, slice->node, err);
    for (uint32_t i = 0; i < window->core_count && status == SCREE_OK; i++) {
        uint32_t roles = window->core[i].roles;
        if (!(roles & ENRICH_WANTED) || (slice->counts && (roles & ENRICH_NEIGHBOR)))
            continue;
        if (scree__enrich_same_as_before(window, i))
            window->values[i].count = window->values[i - 1].count;
        else
            status = scree__enrich_window_seek_count(window, i, err);
    }
    return status;
}

/* Everything but the heights of the part in core. *whole false: it has to be cut. */
static enum scree_status find_shapes(struct scree__enrich_window *window, uint32_t at, bool *whole,
                                     struct scree_error *err)
{
    const struct scree__enrich_node *node = &window->store->nodes[at];
    struct scree__enrich_slice slice = {.node = at, .end = window->core_count};
    enum scree_status status = SCREE_OK;
    memcpy(slice.min, node->min, sizeof slice.min);
    memcpy(slice.max, node->max, sizeof slice.max);
    *whole = false;
    if (!scree__enrich_one_position(node))
        status = search_part(window, &slice, whole, err);
    if (status != SCREE_OK || (!*whole && !scree__enrich_is_leaf(node)))
        return status;
    *whole = true;
    if (window->question->shapes)
        status = scree__enrich_window_retry(window, err);
    if (status == SCREE_OK && window->question->counts)
        status = count_left(window, &slice, err);
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
    struct scree__enrich_piece piece = {0};
    enum scree_status status = SCREE_OK;
    window->core_count = 2;
    window->leaf_count = 0;
    for (uint32_t kind = 0; kind < 2; kind++) {
        memset(&window->values[kind], 0, sizeof window->values[kind]);
        window->values[kind].height = SCREE_FEATURE_NO_DATA;
        memcpy(window->core[kind].at, node->min, sizeof node->min);
        window->core[kind].roles = ENRICH_WANTED | (kind ? ENRICH_NEIGHBOR : 0);
        if (status == SCREE_OK && window->question->shapes)
            status = scree__enrich_window_seek_shape(window, kind, err);
        if (status == SCREE_OK && window->question->counts)
            status = scree__enrich_window_seek_count(window, kind, err);
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
        status = scree__enrich_window_load(window, at, err);
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
