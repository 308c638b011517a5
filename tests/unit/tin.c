/* tin.c - the ground's network of all of a test's points, and heights above it. */
#include "tin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

enum scree_status scree__features_tin_build(struct scree__mem_budget *budget, const int32_t *x,
                                            const int32_t *y, const int32_t *z, uint32_t count,
                                            struct scree__features_tin *tin,
                                            struct scree_error *err)
{
    struct features_corner *points = malloc((count + 1) * sizeof *points);
    if (points == NULL)
        return SCREE_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        points[i] = (struct features_corner){x[i], y[i], z[i]};
    *tin = (struct scree__features_tin){.x = x, .y = y, .z = z};
    enum scree_status status =
        scree__features_network_init(&tin->network, budget, points, count, err);
    free(points);
    return status;
}

void scree__features_tin_release(struct scree__features_tin *tin)
{
    scree__features_network_release(&tin->network);
}

/* --------------------------------------------------------------------------------------- heights */

static unsigned next3(unsigned i)
{
    return i == 2 ? 0 : i + 1;
}

static unsigned before3(unsigned i)
{
    return i == 0 ? 2 : i - 1;
}

static struct features_place place(const struct scree__features_tin *tin, uint32_t vertex)
{
    return features_place_of(&tin->network.points[vertex]);
}

/* A box around the circumcircle, a little too large rather than too small. */
static void set_reach(const struct scree__features_tin *tin, const struct features_triangle *t,
                      struct features_height *height)
{
    struct features_place a = place(tin, t->corner[0]), b = place(tin, t->corner[1]),
                          c = place(tin, t->corner[2]);
    double bx = (double)b.x - a.x, by = (double)b.y - a.y, cx = (double)c.x - a.x,
           cy = (double)c.y - a.y;
    double scale = 0.5 / (double)features_turn(a, b, c);
    double b2 = bx * bx + by * by, c2 = cx * cx + cy * cy;
    double x = (cy * b2 - by * c2) * scale, y = (bx * c2 - cx * b2) * scale;
    double radius = sqrt(x * x + y * y) * 1.000001 + 1;
    height->reach_min[0] = a.x + x - radius;
    height->reach_min[1] = a.y + y - radius;
    height->reach_max[0] = a.x + x + radius;
    height->reach_max[1] = a.y + y + radius;
}

/* On the edge of two triangles: from its ends alone, so that both say the same. */
static double above_edge(const struct scree__features_tin *tin, uint32_t v, uint32_t w,
                         struct features_place p, int32_t z)
{
    struct features_place a = place(tin, v), b = place(tin, w);
    if (b.x < a.x || (b.x == a.x && b.y < a.y))
        return above_edge(tin, w, v, p, z);
    int64_t dx = (int64_t)b.x - a.x, dy = (int64_t)b.y - a.y;
    int64_t along = dx * ((int64_t)p.x - a.x) + dy * ((int64_t)p.y - a.y);
    int64_t length2 = dx * dx + dy * dy;
    features_wide sum = (features_wide)(length2 - along) * ((int64_t)z - tin->z[v]) +
                        (features_wide)along * ((int64_t)z - tin->z[w]);
    return (double)sum / (double)length2;
}

static double above_triangle(const struct scree__features_tin *tin,
                             const struct features_triangle *t, struct features_place p, int32_t z)
{
    features_wide sum = 0;
    int64_t area = 0;
    for (unsigned i = 0; i < 3; i++) {
        int64_t share =
            features_turn(place(tin, t->corner[next3(i)]), place(tin, t->corner[before3(i)]), p);
        sum += (features_wide)share * ((int64_t)z - tin->z[t->corner[i]]);
        area += share;
    }
    return (double)sum / (double)area;
}

void scree__features_tin_height(struct scree__features_tin *tin, int32_t x, int32_t y, int32_t z,
                                struct features_height *height)
{
    struct features_spot spot;
    memset(height, 0, sizeof *height);
    if (!scree__features_tin_find(tin, x, y, &spot) || spot.ghost)
        return;
    height->inside = true;
    height->above = scree__features_tin_above(tin, &spot, x, y, z);
    set_reach(tin, &tin->network.triangles[spot.triangle], height);
}

bool scree__features_tin_find(struct scree__features_tin *tin, int32_t x, int32_t y,
                              struct features_spot *spot)
{
    const struct features_place p = {x, y};
    return scree__features_network_find(&tin->network, p, spot);
}

double scree__features_tin_above(const struct scree__features_tin *tin,
                                 const struct features_spot *spot, int32_t x, int32_t y, int32_t z)
{
    const struct features_triangle *t = &tin->network.triangles[spot->triangle];
    struct features_place p = {x, y};
    if (spot->corner != 3)
        return (double)z - tin->z[t->corner[spot->corner]];
    if (spot->edge != 3)
        return above_edge(tin, t->corner[next3(spot->edge)], t->corner[before3(spot->edge)], p, z);
    return above_triangle(tin, t, p, z);
}

void scree__features_tin_circle(const struct scree__features_tin *tin, uint32_t triangle,
                                struct features_circle *circle)
{
    struct features_facet facet;
    scree__features_network_facet(&tin->network, triangle, &facet);
    scree__features_facet_circle(&facet, circle);
}
