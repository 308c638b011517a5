/*
 * ground.h - ground points of a window, so that those near a place, in a circle or of a position are found in a few steps: a grid of cells in rows, and in crowded
 * cells finer grids. Of points at one (x, y) the lowest counts. Points that turn up later are kept beside the grid.
 *
 *   scree__features_ground_build(budget, x, y, z, count, &ground, err)
 *   scree__features_ground_at(), _around(), _within(), _nearest() any number of times, from all threads; _add() by one
 *   scree__features_ground_release(&ground)
 */
#ifndef SCREE_LIB_FEATURES_GROUND_H
#define SCREE_LIB_FEATURES_GROUND_H

#include "features/facet.h"
#include "mem/budget.h"

#define FEATURES_NO_GROUND UINT32_MAX

struct features_ground_cell {
    uint32_t first; /* its points end where the next cell's begin */
    uint32_t inner; /* the level that it is cut into, counted from 1; 0: none */
};

struct features_ground_level {
    int32_t min[2], max[2];
    uint32_t across,
        cells;      /* the first one's index; after the last one there is one without points */
    unsigned shift; /* cells are 1 << shift wide */
};

/* The index of the cell of a place in a level's box. */
static inline uint32_t scree__features_ground_cell(const struct features_ground_level *level,
                                                   int32_t x, int32_t y)
{
    return level->cells + ((uint32_t)((int64_t)y - level->min[1]) >> level->shift) * level->across +
           ((uint32_t)((int64_t)x - level->min[0]) >> level->shift);
}

struct scree__features_ground {
    struct scree__mem_budget *budget;
    struct features_corner *points;
    uint32_t count;        /* in cells */
    uint32_t beside;       /* after those */
    uint32_t beside_limit, /* room for so many; the next one takes the place of the oldest */
        beside_next;
    uint64_t point_capacity;
    struct features_ground_cell *cells;
    uint64_t cell_count, cell_capacity;
    struct features_ground_level *levels;
    uint64_t level_count, level_capacity;
};

/* points: within FEATURES_GROUND_MAX; worked over, and not needed any more afterwards. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET. Release it after failure, too. */
SCREE_MUST_CHECK enum scree_status
scree__features_ground_build(struct scree__mem_budget *budget, struct features_corner *points,
                             uint32_t count, struct scree__features_ground *ground,
                             struct scree_error *err);
void scree__features_ground_release(struct scree__features_ground *ground);
/* A point that was not given when it was built, with the lowest z at its place. */
void scree__features_ground_add(struct scree__features_ground *ground,
                                const struct features_corner *point);

/* The point at p; FEATURES_NO_GROUND: none. */
uint32_t scree__features_ground_at(const struct scree__features_ground *ground,
                                   struct features_place p);
/* A triangle of points near p that holds p. False: three points that surround p have not been found. */
bool scree__features_ground_around(const struct scree__features_ground *ground,
                                   struct features_place p, struct features_facet *facet);
/* A point in the circumcircle of a triangle that holds p, deep in it and near p; FEATURES_NO_GROUND: none. looks: how many points were looked at is added. */
uint32_t scree__features_ground_within(const struct scree__features_ground *ground,
                                       const struct features_facet *facet,
                                       const struct features_circle *circle,
                                       struct features_place p, uint64_t *looks);

struct features_near {
    uint64_t d2; /* in x and y */
    struct features_corner at;
    uint32_t index;
};

/* The nearest ones by (d2, x, y), at most k of them, within limit2; returns how many. hint: a point that may be near, the `index` of one that was for a place close by; or FEATURES_NO_GROUND. near: room for k. */
uint32_t scree__features_ground_nearest(const struct scree__features_ground *ground,
                                        struct features_place p, uint32_t k, uint64_t limit2,
                                        uint32_t hint, struct features_near *near);

#endif
