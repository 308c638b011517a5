/* residual.c - the ground checked against itself. */
#include "enrich/residual.h"
#include "features/ground.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points that a window is meant to have where all are ground; half of that is plenty, and there is room for four times as many. */
#define POINTS_WANTED 120.0
#define POINTS_LEAST 12u

static uint64_t hash_of(uint64_t n)
{
    n = (n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    n = (n ^ n >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    return n ^ n >> 27;
}

/* Places a window in each square: wholly within, where the square is wide enough. */
static void place_windows(struct scree__enrich_residuals *residuals)
{
    const double room = residuals->side - 2 * sqrt(residuals->reach2);
    for (uint32_t i = 0; i < residuals->across * residuals->down; i++) {
        const uint32_t square[2] = {i % residuals->across, i / residuals->across};
        for (unsigned axis = 0; axis < 2; axis++) {
            const double share = (double)(hash_of(2 * (uint64_t)i + axis) >> 40) / (1 << 24);
            residuals->windows[i].middle[axis] =
                (int32_t)(residuals->low[axis] + residuals->side * square[axis] +
                          sqrt(residuals->reach2) + room * share);
        }
        residuals->windows[i].count = 0;
    }
}

enum scree_status scree__enrich_residuals_init(struct scree__enrich_residuals *residuals,
                                               struct scree__mem_budget *budget,
                                               const struct scree_las_header *header,
                                               struct scree_error *err)
{
    double wide[2];
    void *memory;
    memset(residuals, 0, sizeof *residuals);
    residuals->budget = budget;
    for (int axis = 0; axis < 2; axis++) {
        residuals->low[axis] = (header->min[axis] - header->offset[axis]) / header->scale[axis];
        wide[axis] = (header->max[axis] - header->min[axis]) / header->scale[axis];
        if (!(wide[axis] > 1 && wide[axis] < 4294967296.0 &&
              fabs(residuals->low[axis]) < 2147483648.0))
            return SCREE_OK;
    }
    residuals->reach2 =
        POINTS_WANTED / 3.14159265 * wide[0] * wide[1] / (double)(header->point_count + 1);
    const double longer = wide[0] > wide[1] ? wide[0] : wide[1];
    const double least = 2 * sqrt(residuals->reach2) * 1.02;
    residuals->side = longer / SCREE__ENRICH_SQUARES;
    residuals->side = residuals->side < least ? least : residuals->side;
    residuals->across = (uint32_t)(wide[0] / residuals->side);
    residuals->down = (uint32_t)(wide[1] / residuals->side);
    const uint64_t count = (uint64_t)residuals->across * residuals->down;
    if (count == 0)
        return SCREE_OK;
    enum scree_status status =
        scree__mem_alloc(budget, count * sizeof *residuals->windows, &memory, "ground points", err);
    if (status != SCREE_OK)
        return status;
    residuals->windows = memory;
    place_windows(residuals);
    return SCREE_OK;
}

void scree__enrich_residuals_add(struct scree__enrich_residuals *residuals, const int32_t at[3])
{
    double square[2], d2 = 0;
    if (residuals->windows == NULL)
        return;
    for (int axis = 0; axis < 2; axis++)
        square[axis] = (at[axis] - residuals->low[axis]) / residuals->side;
    if (!(square[0] >= 0 && square[0] < residuals->across && square[1] >= 0 &&
          square[1] < residuals->down))
        return;
    struct scree__enrich_ground_window *window =
        &residuals->windows[(uint64_t)square[1] * residuals->across + (uint64_t)square[0]];
    for (int axis = 0; axis < 2; axis++) {
        const double d = (double)at[axis] - window->middle[axis];
        d2 += d * d;
    }
    if (d2 > residuals->reach2)
        return;
    if (window->count < SCREE__ENRICH_WINDOW_POINTS)
        memcpy(window->points[window->count].at, at, sizeof window->points[0].at);
    window->count++;
}

/* ------------------------------------------------------------------------------------------- judging */

static int compare_places(const void *a, const void *b)
{
    const int32_t *x = ((const struct scree__enrich_ground_point *)a)->at;
    const int32_t *y = ((const struct scree__enrich_ground_point *)b)->at;
    for (int axis = 0; axis < 3; axis++)
        if (x[axis] != y[axis])
            return x[axis] < y[axis] ? -1 : 1;
    return 0;
}

static int compare_sizes(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint32_t nearest_to_middle(const struct scree__enrich_ground_window *window)
{
    uint32_t best = 0;
    double best2 = INFINITY;
    for (uint32_t i = 0; i < window->count; i++) {
        const double dx = (double)window->points[i].at[0] - window->middle[0];
        const double dy = (double)window->points[i].at[1] - window->middle[1];
        if (dx * dx + dy * dy < best2) {
            best2 = dx * dx + dy * dy;
            best = i;
        }
    }
    return best;
}

/* How far the network of the ground is from z at a place; below 0: the place is outside of it. */
static double distance(const struct scree__features_ground *ground)
{
    const struct features_place p = {0, 0};
    struct features_facet facet;
    uint64_t looks = 0;
    if (!scree__features_ground_around(ground, p, &facet))
        return -1;
    for (;;) {
        struct features_circle circle;
        scree__features_facet_circle(&facet, &circle);
        const uint32_t found = scree__features_ground_within(ground, &facet, &circle, p, &looks);
        if (found == FEATURES_NO_GROUND)
            return fabs(scree__features_facet_above(&facet, p, 0));
        scree__features_facet_turn(&facet, &ground->points[found], p);
    }
}

/* The size of one residual; below 0: there is none. */
static enum scree_status judge(struct scree__mem_budget *budget,
                               struct scree__enrich_ground_window *window, double *size,
                               struct scree_error *err)
{
    struct features_corner others[SCREE__ENRICH_WINDOW_POINTS];
    struct scree__features_ground ground = {0};
    uint32_t count = 0;
    *size = -1;
    if (window->count < POINTS_LEAST || window->count > SCREE__ENRICH_WINDOW_POINTS)
        return SCREE_OK;
    qsort(window->points, window->count, sizeof *window->points, compare_places);
    const int32_t *left = window->points[nearest_to_middle(window)].at;
    for (uint32_t i = 0; i < window->count; i++) {
        const int32_t *point = window->points[i].at;
        int32_t at[3];
        /* It, and others at its very place, which would be the network there. */
        if (point[0] == left[0] && point[1] == left[1])
            continue;
        for (int axis = 0; axis < 3; axis++) {
            const int64_t d = (int64_t)point[axis] - left[axis];
            if (d > FEATURES_GROUND_MAX || d < -FEATURES_GROUND_MAX)
                return SCREE_OK;
            at[axis] = (int32_t)d;
        }
        others[count++] = (struct features_corner){at[0], at[1], at[2]};
    }
    enum scree_status status = scree__features_ground_build(budget, others, count, &ground, err);
    if (status == SCREE_OK)
        *size = distance(&ground);
    scree__features_ground_release(&ground);
    return status;
}

enum scree_status scree__enrich_residuals_finish(struct scree__enrich_residuals *residuals,
                                                 struct scree__enrich_spread *spread,
                                                 struct scree_error *err)
{
    double sizes[SCREE__ENRICH_SQUARES * SCREE__ENRICH_SQUARES];
    enum scree_status status = SCREE_OK;
    memset(spread, 0, sizeof *spread);
    const uint32_t count = residuals->windows == NULL ? 0 : residuals->across * residuals->down;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        double size;
        status = judge(residuals->budget, &residuals->windows[i], &size, err);
        if (status == SCREE_OK && size >= 0)
            sizes[spread->count++] = size;
    }
    if (status != SCREE_OK || spread->count == 0)
        return status;
    qsort(sizes, spread->count, sizeof *sizes, compare_sizes);
    spread->p50 = sizes[(spread->count - 1) / 2];
    spread->p95 = sizes[(spread->count - 1) * 95 / 100];
    spread->most = sizes[spread->count - 1];
    return SCREE_OK;
}

void scree__enrich_residuals_release(struct scree__enrich_residuals *residuals)
{
    scree__mem_free(residuals->budget, residuals->windows,
                    (uint64_t)residuals->across * residuals->down * sizeof *residuals->windows);
    memset(residuals, 0, sizeof *residuals);
}
