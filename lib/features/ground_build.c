/* ground_build.c - ground points into their cells. */
#include "features/ground.h"
#include "base/error.h"

#include <string.h>

/* Cells with more points are cut. */
#define CELL_POINTS 64u
/* Beside the grid. */
#define BESIDE_POINTS 1024u

struct build {
    struct scree__features_ground *ground;
    struct features_corner
        *from;      /* the same places as in the ground's points, before they are put in order */
    uint32_t write; /* of the points in order */
    struct scree_error *err;
};

static void set_box(const struct features_corner *points, uint32_t count,
                    struct features_ground_level *level)
{
    level->min[0] = level->max[0] = points[0].x;
    level->min[1] = level->max[1] = points[0].y;
    for (uint32_t i = 1; i < count; i++) {
        const int32_t x = points[i].x, y = points[i].y;
        level->min[0] = x < level->min[0] ? x : level->min[0];
        level->max[0] = x > level->max[0] ? x : level->max[0];
        level->min[1] = y < level->min[1] ? y : level->min[1];
        level->max[1] = y > level->max[1] ? y : level->max[1];
    }
}

static enum scree_status add_level(struct build *build, uint32_t first, uint32_t count,
                                   uint32_t *number)
{
    struct scree__features_ground *ground = build->ground;
    struct features_ground_level level = {.cells = (uint32_t)ground->cell_count};
    uint64_t across, down;
    set_box(build->from + first, count, &level);
    for (level.shift = 0;; level.shift++) {
        across = ((uint64_t)((int64_t)level.max[0] - level.min[0]) >> level.shift) + 1;
        down = ((uint64_t)((int64_t)level.max[1] - level.min[1]) >> level.shift) + 1;
        if (across * down <= count / 2 + 16)
            break;
    }
    level.across = (uint32_t)across;
    void *array = ground->levels;
    enum scree_status status =
        scree__mem_grow(ground->budget, &array, &ground->level_capacity, ground->level_count + 1,
                        sizeof level, "the ground", build->err);
    ground->levels = array;
    array = ground->cells;
    if (status == SCREE_OK)
        status = scree__mem_grow(ground->budget, &array, &ground->cell_capacity,
                                 ground->cell_count + across * down + 1, sizeof *ground->cells,
                                 "the ground", build->err);
    ground->cells = array;
    if (status != SCREE_OK)
        return status;
    memset(ground->cells + ground->cell_count, 0, (across * down + 1) * sizeof *ground->cells);
    ground->cell_count += across * down + 1;
    *number = (uint32_t)ground->level_count;
    ground->levels[ground->level_count++] = level;
    return SCREE_OK;
}

/* Puts points [first, first + count) in the order of a level's cells; each cell's `first` is then where it ends. Returns the number of cells. */
static uint32_t sort_cells(struct build *build, const struct features_ground_level *level,
                           uint32_t first, uint32_t count)
{
    struct features_ground_cell *cells = build->ground->cells;
    const struct features_corner *from = build->from + first;
    const uint32_t end = (uint32_t)build->ground->cell_count - 1;
    uint32_t sum = first;
    for (uint32_t i = 0; i < count; i++)
        cells[scree__features_ground_cell(level, from[i].x, from[i].y)].first++;
    for (uint32_t c = level->cells; c < end; c++) {
        const uint32_t points = cells[c].first;
        cells[c].first = sum;
        sum += points;
    }
    for (uint32_t i = 0; i < count; i++)
        build->ground
            ->points[cells[scree__features_ground_cell(level, from[i].x, from[i].y)].first++] =
            from[i];
    return end - level->cells;
}

/* Those of a cell, each place once. */
static void put_places(struct build *build, uint32_t first, uint32_t end)
{
    struct features_corner *points = build->ground->points;
    const uint32_t begin = build->write;
    for (uint32_t i = first; i < end; i++) {
        const struct features_corner point = points[i];
        uint32_t at = begin;
        while (at < build->write && (points[at].x != point.x || points[at].y != point.y))
            at++;
        if (at == build->write)
            points[build->write++] = point;
        else if (point.z < points[at].z)
            points[at].z = point.z;
    }
}

static bool one_place(struct features_corner *points, uint32_t count)
{
    int32_t lowest = points[0].z;
    for (uint32_t i = 1; i < count; i++) {
        if (points[i].x != points[0].x || points[i].y != points[0].y)
            return false;
        lowest = points[i].z < lowest ? points[i].z : lowest;
    }
    points[0].z = lowest;
    return true;
}

static enum scree_status build_level(struct build *build, uint32_t first, uint32_t count,
                                     uint32_t *number)
{
    struct scree__features_ground *ground = build->ground;
    enum scree_status status = add_level(build, first, count, number);
    if (status != SCREE_OK)
        return status;
    const struct features_ground_level level = ground->levels[*number];
    const uint32_t cells = sort_cells(build, &level, first, count);
    uint32_t begin = first;
    for (uint32_t c = level.cells; c < level.cells + cells && status == SCREE_OK; c++) {
        const uint32_t end = ground->cells[c].first, points = end - begin;
        ground->cells[c].first = build->write;
        if (points > CELL_POINTS && one_place(ground->points + begin, points)) {
            ground->points[build->write++] = ground->points[begin];
        } else if (points > CELL_POINTS) {
            uint32_t inner;
            memcpy(build->from + begin, ground->points + begin, points * sizeof *build->from);
            status = build_level(build, begin, points, &inner);
            if (status == SCREE_OK)
                ground->cells[c].inner = inner + 1;
        } else {
            put_places(build, begin, end);
        }
        begin = end;
    }
    ground->cells[level.cells + cells].first = build->write;
    return status;
}

enum scree_status scree__features_ground_build(struct scree__mem_budget *budget,
                                               struct features_corner *points, uint32_t count,
                                               struct scree__features_ground *ground,
                                               struct scree_error *err)
{
    struct build build = {ground, points, 0, err};
    void *memory = NULL;
    uint32_t number;
    memset(ground, 0, sizeof *ground);
    ground->budget = budget;
    ground->point_capacity = (uint64_t)count + BESIDE_POINTS;
    enum scree_status status = scree__mem_alloc(
        budget, ground->point_capacity * sizeof *ground->points, &memory, "the ground", err);
    if (status != SCREE_OK)
        return status;
    ground->points = memory;
    ground->beside_limit = BESIDE_POINTS;
    if (count > 0)
        status = build_level(&build, 0, count, &number);
    ground->count = build.write;
    return status;
}

void scree__features_ground_release(struct scree__features_ground *ground)
{
    if (ground->points != NULL)
        scree__mem_free(ground->budget, ground->points,
                        ground->point_capacity * sizeof *ground->points);
    scree__mem_free(ground->budget, ground->cells, ground->cell_capacity * sizeof *ground->cells);
    scree__mem_free(ground->budget, ground->levels,
                    ground->level_capacity * sizeof *ground->levels);
    memset(ground, 0, sizeof *ground);
}

void scree__features_ground_add(struct scree__features_ground *ground,
                                const struct features_corner *point)
{
    ground->points[ground->count + ground->beside_next] = *point;
    ground->beside_next++;
    if (ground->beside < ground->beside_next)
        ground->beside = ground->beside_next;
    if (ground->beside_next == ground->beside_limit)
        ground->beside_next = 0;
}
