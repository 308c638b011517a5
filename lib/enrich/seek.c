/* seek.c - walks over a survey's tree. */
#include "enrich/seek.h"
#include "base/error.h"

#include <string.h>

/* A tree has at most a level for each bit of three coordinates, give or take rounding. */
#define DEPTH 192u

uint64_t scree__enrich_seek_bytes(const struct scree__enrich_store *store)
{
    if (store->settings.in_memory)
        return 0;
    return scree__enrich_leaf_bytes(store) +
           ENRICH_CACHED * store->settings.leaf_points * store->stride;
}

enum scree_status scree__enrich_seek_init(struct scree__enrich_seek *seek,
                                          const struct scree__enrich_store *store,
                                          struct scree_error *err)
{
    void *memory = NULL;
    memset(seek, 0, sizeof *seek);
    seek->store = store;
    for (unsigned i = 0; i < ENRICH_CACHED; i++)
        seek->cached[i] = ENRICH_NONE;
    if (store->settings.in_memory)
        return SCREE_OK;
    seek->buffer_bytes = scree__enrich_leaf_bytes(store);
    seek->cache_bytes = scree__enrich_seek_bytes(store) - seek->buffer_bytes;
    enum scree_status status =
        scree__mem_alloc(store->budget, seek->buffer_bytes, &memory, "points from scratch", err);
    seek->buffer = memory;
    if (status == SCREE_OK)
        status =
            scree__mem_alloc(store->budget, seek->cache_bytes, &memory, "points from scratch", err);
    seek->cache = status == SCREE_OK ? memory : NULL;
    return status;
}

void scree__enrich_seek_release(struct scree__enrich_seek *seek)
{
    if (seek->store == NULL)
        return;
    scree__mem_free(seek->store->budget, seek->buffer, seek->buffer_bytes);
    scree__mem_free(seek->store->budget, seek->cache, seek->cache_bytes);
    memset(seek, 0, sizeof *seek);
}

/* ----------------------------------------------------------------------------------------- walks */

static unsigned cache_slot(struct scree__enrich_seek *seek, uint32_t node)
{
    unsigned oldest = 0;
    for (unsigned i = 0; i < ENRICH_CACHED; i++) {
        if (seek->cached[i] == node)
            return i;
        oldest = seek->used[i] < seek->used[oldest] ? i : oldest;
    }
    return oldest;
}

static enum scree_status cached_leaf(struct scree__enrich_seek *seek, uint32_t at,
                                     const uint8_t **points, uint32_t *count,
                                     struct scree_error *err)
{
    const struct scree__enrich_store *store = seek->store;
    unsigned slot = cache_slot(seek, at);
    uint8_t *kept = seek->cache + slot * store->settings.leaf_points * store->stride;
    seek->used[slot] = ++seek->clock;
    *points = kept;
    if (seek->cached[slot] == at) {
        *count = seek->cached_count[slot];
        return SCREE_OK;
    }
    struct scree__enrich_leaf leaf;
    struct scree__enrich_piece piece;
    seek->cached[slot] = ENRICH_NONE;
    *count = 0;
    scree__enrich_leaf_first(store, &store->nodes[at], seek->buffer, &leaf);
    do {
        enum scree_status status = scree__enrich_leaf_next(&leaf, &piece, err);
        if (status != SCREE_OK)
            return status;
        memcpy(kept + (size_t)*count * store->stride, piece.points,
               (size_t)piece.count * store->stride);
        *count += piece.count;
    } while (piece.count > 0);
    seek->cached[slot] = at;
    seek->cached_count[slot] = *count;
    return SCREE_OK;
}

/* A leaf at one position needs no reading. */
static void take_position(const struct scree__enrich_store *store, struct scree__enrich_walk *walk,
                          const struct scree__enrich_node *node)
{
    struct scree__enrich_tagged one;
    uint32_t roles =
        (node->neighbors > 0 ? ENRICH_NEIGHBOR : 0) | (node->ground > 0 ? ENRICH_GROUND : 0);
    memset(&one, 0, sizeof one);
    one.point =
        (struct scree__enrich_point){node->min[0], node->min[1], node->min[2], ENRICH_ROLE(roles)};
    walk->take(walk->user, node, (const uint8_t *)&one, 1, store->stride);
}

static enum scree_status take_leaf(struct scree__enrich_seek *seek, struct scree__enrich_walk *walk,
                                   uint32_t at, struct scree_error *err)
{
    const struct scree__enrich_store *store = seek->store;
    const struct scree__enrich_node *node = &store->nodes[at];
    const uint8_t *points;
    uint32_t count;
    if (scree__enrich_one_position(node)) {
        take_position(store, walk, node);
        return SCREE_OK;
    }
    if (store->settings.in_memory) {
        walk->take(walk->user, node, store->points + node->first * store->stride,
                   (uint32_t)node->count, store->stride);
        return SCREE_OK;
    }
    enum scree_status status = cached_leaf(seek, at, &points, &count, err);
    if (status == SCREE_OK)
        walk->take(walk->user, node, points, count, store->stride);
    return status;
}

static double box_distance(const struct scree__enrich_walk *walk,
                           const struct scree__enrich_node *node)
{
    double sum = 0;
    for (int a = 0; a < (walk->flat ? 2 : 3); a++) {
        double d = 0;
        if (walk->at[a] < node->min[a])
            d = (double)node->min[a] - walk->at[a];
        else if (walk->at[a] > node->max[a])
            d = (double)walk->at[a] - node->max[a];
        sum += d * d;
    }
    return sum;
}

enum scree_status scree__enrich_walk(struct scree__enrich_seek *seek,
                                     struct scree__enrich_walk *walk, struct scree_error *err)
{
    const struct scree__enrich_node *nodes = seek->store->nodes;
    uint32_t stack[DEPTH];
    unsigned depth = 0;
    walk->done = false;
    if (seek->store->root != ENRICH_NONE)
        stack[depth++] = seek->store->root;
    while (depth > 0 && !walk->done) {
        uint32_t at = stack[--depth];
        const struct scree__enrich_node *node = &nodes[at];
        if (!walk->meets(walk->user, node) ||
            (walk->swallow != NULL && walk->swallow(walk->user, node)))
            continue;
        if (scree__enrich_is_leaf(node)) {
            enum scree_status status = take_leaf(seek, walk, at, err);
            if (status != SCREE_OK)
                return status;
            continue;
        }
        if (depth + 2 > DEPTH)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED, "the tree of the survey is too deep");
        bool left_first = box_distance(walk, &nodes[node->child[0]]) <=
                          box_distance(walk, &nodes[node->child[1]]);
        stack[depth++] = node->child[left_first ? 1 : 0];
        stack[depth++] = node->child[left_first ? 0 : 1];
    }
    return SCREE_OK;
}

/* --------------------------------------------------------------------------------------- nearest */

struct nearest {
    const int32_t *at;
    bool flat;
    uint32_t role, k, count;
    uint64_t limit2;
    struct scree__enrich_hit *hits; /* sorted */
};

/* UINT64_MAX: beyond reach. */
static uint64_t distance2(const int32_t a[3], const int32_t b[3], bool flat)
{
    uint64_t sum = 0;
    for (int i = 0; i < (flat ? 2 : 3); i++) {
        int64_t d = (int64_t)a[i] - b[i];
        if (d > ENRICH_REACH || d < -ENRICH_REACH)
            return UINT64_MAX;
        sum += (uint64_t)(d * d);
    }
    return sum;
}

static uint64_t box_distance2(const int32_t at[3], const struct scree__enrich_node *node, bool flat)
{
    int32_t near[3];
    for (int a = 0; a < 3; a++)
        near[a] = at[a] < node->min[a] ? node->min[a] : at[a] > node->max[a] ? node->max[a] : at[a];
    return distance2(at, near, flat);
}

static bool nearest_meets(void *user, const struct scree__enrich_node *node)
{
    const struct nearest *nearest = user;
    if ((nearest->role == ENRICH_GROUND ? node->ground : node->neighbors) == 0)
        return false;
    uint64_t d2 = box_distance2(nearest->at, node, nearest->flat);
    /* Nothing but a lower point of the same place is better than one that is there. */
    if (nearest->flat && nearest->count > 0 && nearest->hits[0].d2 == 0)
        return d2 == 0 && node->min[2] < nearest->hits[0].at[2];
    return d2 <= nearest->limit2 &&
           (nearest->count < nearest->k || d2 <= nearest->hits[nearest->count - 1].d2);
}

static bool before(const struct scree__enrich_hit *a, const struct scree__enrich_hit *b)
{
    if (a->d2 != b->d2)
        return a->d2 < b->d2;
    for (int i = 0; i < 3; i++)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i];
    return false;
}

/* Into its place; the last one falls off when there are k. */
static void insert_hit(struct nearest *nearest, const struct scree__enrich_hit *hit)
{
    uint32_t place = nearest->count;
    if (nearest->flat)
        for (uint32_t i = 0; i < nearest->count; i++)
            if (nearest->hits[i].at[0] == hit->at[0] && nearest->hits[i].at[1] == hit->at[1]) {
                if (hit->at[2] < nearest->hits[i].at[2])
                    nearest->hits[i].at[2] = hit->at[2];
                return;
            }
    while (place > 0 && before(hit, &nearest->hits[place - 1]))
        place--;
    if (place >= nearest->k)
        return;
    uint32_t last = nearest->count < nearest->k ? nearest->count++ : nearest->k - 1;
    for (uint32_t i = last; i > place; i--)
        nearest->hits[i] = nearest->hits[i - 1];
    nearest->hits[place] = *hit;
}

static void nearest_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                         uint32_t count, uint32_t stride)
{
    struct nearest *nearest = user;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        struct scree__enrich_hit hit = {0, {p->x, p->y, p->z}};
        if (!(p->what >> ENRICH_INDEX_BITS & nearest->role))
            continue;
        hit.d2 = distance2(nearest->at, hit.at, nearest->flat);
        if (hit.d2 > nearest->limit2 ||
            (nearest->count == nearest->k && hit.d2 > nearest->hits[nearest->k - 1].d2))
            continue;
        uint64_t copies = 1;
        if (scree__enrich_one_position(node) && !nearest->flat)
            copies = node->neighbors < nearest->k ? node->neighbors : nearest->k;
        for (uint64_t c = 0; c < copies; c++)
            insert_hit(nearest, &hit);
    }
}

static enum scree_status seek_nearest(struct scree__enrich_seek *seek, struct nearest *nearest,
                                      uint32_t *count, struct scree_error *err)
{
    struct scree__enrich_walk walk = {
        .flat = nearest->flat, .user = nearest, .meets = nearest_meets, .take = nearest_take};
    memcpy(walk.at, nearest->at, sizeof walk.at);
    if (nearest->limit2 == UINT64_MAX)
        nearest->limit2--;
    enum scree_status status = scree__enrich_walk(seek, &walk, err);
    *count = nearest->count;
    return status;
}

enum scree_status scree__enrich_seek_nearest(struct scree__enrich_seek *seek, const int32_t at[3],
                                             uint32_t k, uint64_t limit2,
                                             struct scree__enrich_hit *hits, uint32_t *count,
                                             struct scree_error *err)
{
    struct nearest nearest = {at, false, ENRICH_NEIGHBOR, k, 0, limit2, hits};
    return seek_nearest(seek, &nearest, count, err);
}

enum scree_status scree__enrich_seek_ground(struct scree__enrich_seek *seek, const int32_t at[3],
                                            uint32_t k, uint64_t limit2,
                                            struct scree__enrich_hit *hits, uint32_t *count,
                                            struct scree_error *err)
{
    struct nearest nearest = {at, true, ENRICH_GROUND, k, 0, limit2, hits};
    return seek_nearest(seek, &nearest, count, err);
}

void scree__enrich_lowest_ground(const struct scree__enrich_node *node, const uint8_t **points,
                                 uint32_t *count, uint32_t stride)
{
    const uint8_t *lowest = NULL;
    int32_t least = 0;
    if (!scree__enrich_one_place(node))
        return;
    for (uint32_t i = 0; i < *count; i++) {
        const uint8_t *at = *points + (size_t)i * stride;
        const struct scree__enrich_point *p = (const struct scree__enrich_point *)(const void *)at;
        if (!(p->what >> ENRICH_INDEX_BITS & ENRICH_GROUND) || (lowest != NULL && p->z >= least))
            continue;
        lowest = at;
        least = p->z;
    }
    *points = lowest != NULL ? lowest : *points;
    *count = lowest != NULL;
}

/* ---------------------------------------------------------------------------------------- within */

struct within {
    const int32_t *at;
    uint64_t limit2, count, early;
    struct features_moments *moments; /* NULL: counts alone */
};

static bool within_meets(void *user, const struct scree__enrich_node *node)
{
    const struct within *within = user;
    return node->neighbors > 0 && box_distance2(within->at, node, false) <= within->limit2;
}

/* The farthest corner of a box is within the radius. */
static bool within_swallow(void *user, const struct scree__enrich_node *node)
{
    struct within *within = user;
    int32_t far[3];
    if (within->moments != NULL)
        return false;
    for (int a = 0; a < 3; a++) {
        int64_t low = (int64_t)within->at[a] - node->min[a],
                high = (int64_t)node->max[a] - within->at[a];
        far[a] = low > high ? node->min[a] : node->max[a];
    }
    if (distance2(within->at, far, false) > within->limit2)
        return false;
    within->count += node->neighbors;
    within->early += node->early;
    return true;
}

void scree__enrich_add_moment(struct features_moments *moments, const int32_t at[3],
                              const struct scree__enrich_hit *hit, uint64_t copies)
{
    const int64_t d[3] = {(int64_t)hit->at[0] - at[0], (int64_t)hit->at[1] - at[1],
                          (int64_t)hit->at[2] - at[2]};
    unsigned j = 0;
    moments->count += (uint32_t)copies;
    moments->reach2 = hit->d2 > moments->reach2 ? hit->d2 : moments->reach2;
    for (int a = 0; a < 3; a++)
        moments->sum[a] += d[a] * (int64_t)copies;
    for (int a = 0; a < 3; a++)
        for (int b = a; b < 3; b++, j++) {
            int64_t product = d[a] * d[b];
            moments->low[j] += (int64_t)((uint64_t)product & 0xFFFFFFFFu) * (int64_t)copies;
            moments->high[j] += (product >> 32) * (int64_t)copies;
        }
}

static void within_take(void *user, const struct scree__enrich_node *node, const uint8_t *points,
                        uint32_t count, uint32_t stride)
{
    struct within *within = user;
    uint64_t copies = scree__enrich_one_position(node) ? node->neighbors : 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct scree__enrich_point *p =
            (const struct scree__enrich_point *)(const void *)(points + (size_t)i * stride);
        const int32_t there[3] = {p->x, p->y, p->z};
        uint64_t d2 = distance2(within->at, there, false);
        if (!(p->what >> ENRICH_INDEX_BITS & ENRICH_NEIGHBOR) || d2 > within->limit2)
            continue;
        within->count += copies;
        within->early +=
            scree__enrich_one_position(node) ? node->early : p->what >> (ENRICH_INDEX_BITS + 3) & 1;
        struct scree__enrich_hit hit = {d2, {p->x, p->y, p->z}};
        if (within->moments != NULL)
            scree__enrich_add_moment(within->moments, within->at, &hit, copies);
    }
}

static enum scree_status seek_within(struct scree__enrich_seek *seek, struct within *within,
                                     struct scree_error *err)
{
    struct scree__enrich_walk walk = {
        .user = within, .meets = within_meets, .swallow = within_swallow, .take = within_take};
    memcpy(walk.at, within->at, sizeof walk.at);
    if (within->limit2 == UINT64_MAX)
        within->limit2--;
    return scree__enrich_walk(seek, &walk, err);
}

enum scree_status scree__enrich_seek_moments(struct scree__enrich_seek *seek, const int32_t at[3],
                                             uint64_t limit2, struct features_moments *moments,
                                             struct scree_error *err)
{
    struct within within = {at, limit2, 0, 0, moments};
    memset(moments, 0, sizeof *moments);
    return seek_within(seek, &within, err);
}

enum scree_status scree__enrich_seek_count(struct scree__enrich_seek *seek, const int32_t at[3],
                                           uint64_t limit2, uint64_t *count, uint64_t *early,
                                           struct scree_error *err)
{
    struct within within = {at, limit2, 0, 0, NULL};
    enum scree_status status = seek_within(seek, &within, err);
    *count = within.count;
    *early = within.early;
    return status;
}
