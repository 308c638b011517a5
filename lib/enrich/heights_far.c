/*
 * heights_far.c - heights above the nearest ground points, also where these are far from the part.
 *
 * Points whose nearest ground points may be elsewhere are taken cell by cell, the wider the farther away these are. Where the k nearest of a cell's middle are within d of it, and its
 * points within s, the k nearest of each of these are within d + 2 s of the middle: those are read, and looked at for each point.
 */
#include "enrich/heights.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fewer points of a cell than this are asked about one by one. */
#define FAR_FEW 4u
/* Cells of more points are cut, unless the ground is so many times as far away as they are wide: then it is read for many of them at once. */
#define FAR_MANY 64u
#define FAR_SPANS 8.0
/* Codes are the high halves: a cut takes two bits. */
#define FAR_FIRST 64u
#define FAR_LAST 32u

void scree__enrich_height_by_points(struct scree__enrich_window *window, uint32_t i, uint32_t count)
{
    const struct scree__enrich_core *core = &window->core[i];
    double sum = 0, weights = 0;
    window->values[i].height = SCREE_FEATURE_NO_DATA;
    if (count == 0)
        return;
    for (uint32_t h = 0; h < count && window->hits[0].d2 > 0; h++) {
        double weight = 1.0 / (double)window->hits[h].d2;
        sum += weight * ((double)core->at[2] - window->hits[h].at[2]);
        weights += weight;
    }
    double above = count == 1 || window->hits[0].d2 == 0
                       ? (double)core->at[2] - window->hits[0].at[2]
                       : sum / weights;
    window->values[i].height = (float)(above * window->question->unit);
}

struct far_cell {
    const uint64_t *points; /* the core's, in the low halves */
    uint64_t count;
    int32_t at[3];
    double span;    /* of its points from its middle */
    unsigned shift; /* its points have the same bits from here on */
};

static int compare_cells(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

/* The bits of x in every second place. */
static uint32_t spread(uint32_t x)
{
    x = (x | x << 8) & 0x00FF00FFu;
    x = (x | x << 4) & 0x0F0F0F0Fu;
    x = (x | x << 2) & 0x33333333u;
    return (x | x << 1) & 0x55555555u;
}

/* In Morton order of cells, 65 536 along the longer side. */
static void sort_far(struct scree__enrich_ground *ground, const struct scree__enrich_node *node)
{
    const struct scree__enrich_window *window = ground->window;
    uint64_t side = 0;
    unsigned shift = 0;
    for (int a = 0; a < 2; a++) {
        const uint64_t one = (uint64_t)((int64_t)node->max[a] - node->min[a]);
        side = one > side ? one : side;
    }
    while (side >> shift > 0xFFFF)
        shift++;
    for (uint64_t f = 0; f < ground->far_count; f++) {
        const int32_t *at = window->core[ground->far[f]].at;
        const uint64_t x = (uint64_t)((int64_t)at[0] - node->min[0]) >> shift,
                       y = (uint64_t)((int64_t)at[1] - node->min[1]) >> shift;
        ground->far[f] |= (uint64_t)(spread((uint32_t)x) | spread((uint32_t)y) << 1) << 32;
    }
    qsort(ground->far, ground->far_count, sizeof *ground->far, compare_cells);
}

static const int32_t *far_place(const struct scree__enrich_ground *ground,
                                const struct far_cell *cell, uint64_t i)
{
    return ground->window->core[(uint32_t)cell->points[i]].at;
}

static void set_middle(const struct scree__enrich_ground *ground, struct far_cell *cell)
{
    int32_t min[2], max[2];
    memcpy(min, far_place(ground, cell, 0), sizeof min);
    memcpy(max, min, sizeof max);
    for (uint64_t i = 1; i < cell->count; i++)
        for (int a = 0; a < 2; a++) {
            const int32_t at = far_place(ground, cell, i)[a];
            min[a] = at < min[a] ? at : min[a];
            max[a] = at > max[a] ? at : max[a];
        }
    double span2 = 0;
    memset(cell->at, 0, sizeof cell->at);
    for (int a = 0; a < 2; a++) {
        cell->at[a] = (int32_t)(((int64_t)min[a] + max[a]) / 2);
        const double side = (double)((int64_t)max[a] - min[a]) / 2 + 1;
        span2 += side * side;
    }
    cell->span = sqrt(span2) + 1;
}

/* The window's points, which are now ground points of the survey, about the cell's middle. */
static enum scree_status build_far(const struct scree__enrich_window *window,
                                   const struct far_cell *cell, struct scree__features_ground *near,
                                   struct scree_error *err)
{
    struct scree__mem_budget *budget = window->store->budget;
    const uint64_t bytes = ((uint64_t)window->count + 1) * sizeof(struct features_corner);
    void *memory = NULL;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "the ground", err);
    if (status != SCREE_OK)
        return status;
    struct features_corner *points = memory;
    for (uint32_t i = 0; i < window->count; i++)
        points[i] =
            (struct features_corner){(int32_t)((int64_t)window->x[i] - cell->at[0]),
                                     (int32_t)((int64_t)window->y[i] - cell->at[1]), window->z[i]};
    status = scree__features_ground_build(budget, points, window->count, near, err);
    scree__mem_free(budget, memory, bytes);
    return status;
}

/* The nearest ones are among the window's points. */
static enum scree_status far_heights_here(struct scree__enrich_window *window,
                                          const struct far_cell *cell, struct scree_error *err)
{
    struct scree__features_ground near = {0};
    const uint32_t k = scree__enrich_ground_asked(window);
    const uint64_t reach = (uint64_t)window->question->ground_reach;
    struct features_near found[SCREE_ENRICH_IDW_MAX];
    uint32_t hint = FEATURES_NO_GROUND;
    enum scree_status status = build_far(window, cell, &near, err);
    for (uint64_t i = 0; i < cell->count && status == SCREE_OK; i++) {
        const uint32_t point = (uint32_t)cell->points[i];
        const int32_t *at = window->core[point].at;
        const struct features_place p = {(int32_t)((int64_t)at[0] - cell->at[0]),
                                         (int32_t)((int64_t)at[1] - cell->at[1])};
        const uint32_t count =
            scree__features_ground_nearest(&near, p, k, reach * reach, hint, found);
        hint = count > 0 ? found[0].index : hint;
        for (uint32_t h = 0; h < count; h++)
            window->hits[h] = (struct scree__enrich_hit){
                found[h].d2,
                {found[h].at.x + cell->at[0], found[h].at.y + cell->at[1], found[h].at.z}};
        scree__enrich_height_by_points(window, point, count);
    }
    scree__features_ground_release(&near);
    return status;
}

static enum scree_status far_heights_singly(struct scree__enrich_window *window,
                                            const struct far_cell *cell, struct scree_error *err)
{
    const uint32_t k = scree__enrich_ground_asked(window);
    const uint64_t reach = (uint64_t)window->question->ground_reach;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < cell->count && status == SCREE_OK; i++) {
        const uint32_t point = (uint32_t)cell->points[i];
        uint32_t count;
        status = scree__enrich_seek_ground(&window->seek, window->core[point].at, k, reach * reach,
                                           window->hits, &count, err);
        if (status == SCREE_OK)
            scree__enrich_height_by_points(window, point, count);
    }
    return status;
}

static enum scree_status far_cell_heights(struct scree__enrich_ground *ground,
                                          const struct far_cell *whole, struct scree_error *err);

/* A quarter after the other: cells whose codes have the same bits from `shift` on. */
static enum scree_status far_quarters(struct scree__enrich_ground *ground,
                                      const struct far_cell *whole, struct scree_error *err)
{
    const unsigned shift = whole->shift - 2;
    enum scree_status status = SCREE_OK;
    for (uint64_t f = 0; f < whole->count && status == SCREE_OK;) {
        struct far_cell cell = {.points = whole->points + f, .shift = shift};
        while (f < whole->count && whole->points[f] >> shift == cell.points[0] >> shift)
            f++;
        cell.count = (uint64_t)(whole->points + f - cell.points);
        status = far_cell_heights(ground, &cell, err);
    }
    return status;
}

static enum scree_status far_cell_heights(struct scree__enrich_ground *ground,
                                          const struct far_cell *whole, struct scree_error *err)
{
    struct scree__enrich_window *window = ground->window;
    const uint32_t k = scree__enrich_ground_asked(window);
    struct far_cell cell = *whole;
    bool fits = false;
    uint32_t count;
    if (cell.count < FAR_FEW)
        return far_heights_singly(window, &cell, err);
    set_middle(ground, &cell);
    double reach = (double)window->question->ground_reach + cell.span;
    enum scree_status status = scree__enrich_seek_ground(
        &window->seek, cell.at, k, (uint64_t)(reach * reach), window->hits, &count, err);
    if (status != SCREE_OK)
        return status;
    if (count == k) {
        const double d = sqrt((double)window->hits[k - 1].d2) + 2 * cell.span + 1;
        reach = d < reach ? d : reach;
    }
    const bool cuts = cell.shift > FAR_LAST;
    if (cuts && cell.count > FAR_MANY && cell.span * FAR_SPANS > reach)
        return far_quarters(ground, &cell, err);
    status = scree__enrich_ground_collect(ground, cell.at, reach, &fits, err);
    if (status == SCREE_OK && fits)
        return far_heights_here(window, &cell, err);
    if (status != SCREE_OK)
        return status;
    return cuts ? far_quarters(ground, &cell, err) : far_heights_singly(window, &cell, err);
}

enum scree_status scree__enrich_far_heights(struct scree__enrich_ground *ground,
                                            const struct scree__enrich_node *node,
                                            struct scree_error *err)
{
    const struct far_cell all = {
        .points = ground->far, .count = ground->far_count, .shift = FAR_FIRST};
    sort_far(ground, node);
    enum scree_status status = far_cell_heights(ground, &all, err);
    ground->far_count = 0;
    return status;
}
