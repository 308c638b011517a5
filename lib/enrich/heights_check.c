/*
 * heights_check.c - ground points lie on the ground: none is below it, and what lies above it does so by the height of another ground point at its x and y. The first is looked at of
 * every point that is put on the shelf (window.c); here the second, of some points of a part, by a look at every ground point that was read.
 */
#include "base/error.h"
#include "enrich/heights.h"

#include <inttypes.h>
#include <string.h>

struct claim {
    uint32_t point; /* of the core */
    struct features_place at;
    int32_t z, lowest;
    bool found;
};

/* One of 64 bits. */
static uint64_t bit_of(int32_t x, int32_t y)
{
    return (uint64_t)1 << (((uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u) >> 26);
}

static void look(struct claim *claims, uint32_t count, const struct features_corner *point)
{
    for (uint32_t c = 0; c < count; c++)
        if (claims[c].at.x == point->x && claims[c].at.y == point->y &&
            (!claims[c].found || point->z < claims[c].lowest)) {
            claims[c].lowest = point->z;
            claims[c].found = true;
        }
}

static enum scree_status refuse(const struct scree__enrich_window *window, uint32_t point,
                                struct scree_error *err)
{
    return scree__enrich_ground_wrong(window, window->core[point].source,
                                      window->values[point].height, err);
}

enum scree_status scree__enrich_ground_wrong(const struct scree__enrich_window *window,
                                             uint64_t point, float height, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: point %" PRIu64
                            ": HeightAboveGround %.9g of a ground point: it has to be 0, or that "
                            "above the lowest one at its place (an error of scree: please report "
                            "it)",
                            window->question->name, point, (double)height);
}

/* Those whose places are in what was read. */
static uint32_t collect(const struct scree__enrich_ground *ground, struct claim *claims)
{
    const struct scree__enrich_window *window = ground->window;
    const int32_t *middle = window->middle;
    uint32_t count = 0;
    for (uint32_t i = 0; i < ground->claim_count; i++) {
        const struct scree__enrich_core *core = &window->core[ground->claims[i]];
        const struct features_place at = {(int32_t)((int64_t)core->at[0] - middle[0]),
                                          (int32_t)((int64_t)core->at[1] - middle[1])};
        if (at.x >= ground->whole_min[0] && at.x <= ground->whole_max[0] &&
            at.y >= ground->whole_min[1] && at.y <= ground->whole_max[1])
            claims[count++] = (struct claim){ground->claims[i], at,
                                             scree__enrich_minus(core->at[2], middle[2]), 0, false};
    }
    return count;
}

enum scree_status scree__enrich_ground_check(struct scree__enrich_ground *ground,
                                             struct scree_error *err)
{
    const struct scree__enrich_window *window = ground->window;
    struct claim claims[ENRICH_CLAIMS];
    const uint32_t count = collect(ground, claims);
    ground->claim_count = 0;
    uint64_t bits = 0;
    for (uint32_t c = 0; c < count; c++)
        bits |= bit_of(claims[c].at.x, claims[c].at.y);
    for (uint32_t i = 0; count > 0 && i < ground->near.count + ground->near.beside; i++) {
        const struct features_corner *point = &ground->near.points[i];
        if ((bits & bit_of(point->x, point->y)) != 0)
            look(claims, count, point);
    }
    for (uint32_t c = 0; c < count; c++) {
        const double above = (double)claims[c].z - claims[c].lowest;
        if (!claims[c].found ||
            (float)(above * window->question->unit) != window->values[claims[c].point].height)
            return refuse(window, claims[c].point, err);
    }
    return SCREE_OK;
}
