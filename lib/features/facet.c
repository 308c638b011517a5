/* facet.c - triangles of the ground. */
#include "features/facet.h"

#include <math.h>
#include <stddef.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* More than a few roundings of 2^-53. */
#define SLACK 2e-15

static unsigned next3(unsigned i)
{
    return i == 2 ? 0 : i + 1;
}

static unsigned before3(unsigned i)
{
    return i == 0 ? 2 : i - 1;
}

static struct features_place place(const struct features_facet *facet, unsigned corner)
{
    return features_place_of(&facet->corner[corner]);
}

/* ------------------------------------------------------------------------------------------ finding */

bool scree__features_facet_start(const struct features_corner *const quadrant[4],
                                 struct features_place p, struct features_facet *facet)
{
    /* All but one quadrant: from each to the next is a left turn of less than half a circle, but for the last. */
    for (unsigned without = 0; without < 4; without++) {
        const struct features_corner *a = quadrant[(without + 1) % 4],
                                     *b = quadrant[(without + 2) % 4],
                                     *c = quadrant[(without + 3) % 4];
        if (a == NULL || b == NULL || c == NULL)
            continue;
        if (features_turn(features_place_of(c), features_place_of(a), p) < 0)
            continue;
        *facet = (struct features_facet){{*a, *b, *c}};
        return true;
    }
    return false;
}

void scree__features_facet_turn(struct features_facet *facet, const struct features_corner *found,
                                struct features_place p)
{
    const struct features_place d = features_place_of(found);
    for (unsigned i = 0; i < 3; i++) {
        const struct features_place u = place(facet, next3(i)), v = place(facet, before3(i));
        if (features_turn(u, v, d) > 0 && features_turn(v, d, p) >= 0 &&
            features_turn(d, u, p) >= 0) {
            facet->corner[i] = *found;
            return;
        }
    }
}

bool scree__features_facet_rejects(const struct features_facet *facet, struct features_place at)
{
    for (unsigned i = 0; i < 3; i++)
        if (facet->corner[i].x == at.x && facet->corner[i].y == at.y)
            return false;
    return scree__features_in_circle(place(facet, 0), place(facet, 1), place(facet, 2), at);
}

/* ----------------------------------------------------------------------------------------- circles */

static double square_length(double x, double y)
{
    return x * x + y * y;
}

void scree__features_facet_bowl(const struct features_facet *facet, struct features_place p,
                                struct features_bowl *bowl)
{
    double x[3], y[3], w[3];
    for (unsigned i = 0; i < 3; i++) {
        x[i] = (double)facet->corner[i].x - p.x;
        y[i] = (double)facet->corner[i].y - p.y;
        w[i] = square_length(x[i], y[i]);
    }
    const double bx = x[1] - x[0], by = y[1] - y[0], bw = w[1] - w[0];
    const double cx = x[2] - x[0], cy = y[2] - y[0], cw = w[2] - w[0];
    const double area = (double)features_turn(place(facet, 0), place(facet, 1), place(facet, 2));
    const double size = w[0] + w[1] + w[2];
    bowl->a = (bw * cy - cw * by) / area;
    bowl->b = (cw * bx - bw * cx) / area;
    bowl->slack_a = SLACK * size * (fabs(cy) + fabs(by)) / area;
    bowl->slack_b = SLACK * size * (fabs(cx) + fabs(bx)) / area;
    bowl->c = w[0] - bowl->a * x[0] - bowl->b * y[0];
    bowl->slack_c = bowl->slack_a * fabs(x[0]) + bowl->slack_b * fabs(y[0]) +
                    SLACK * (w[0] + fabs(bowl->a * x[0]) + fabs(bowl->b * y[0]));
}

double scree__features_bowl_slack(const struct features_bowl *bowl, double dx, double dy)
{
    return bowl->slack_a * fabs(dx) + bowl->slack_b * fabs(dy) + bowl->slack_c +
           SLACK *
               (square_length(dx, dy) + fabs(bowl->a * dx) + fabs(bowl->b * dy) + fabs(bowl->c));
}

static bool place_before(struct features_place a, struct features_place b)
{
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}

void scree__features_facet_circle(const struct features_facet *facet,
                                  struct features_circle *circle)
{
    unsigned first = 0;
    for (unsigned i = 1; i < 3; i++)
        first = place_before(place(facet, i), place(facet, first)) ? i : first;
    /* From the first corner on, counter-clockwise: an order that does not depend on how the triangle came about. */
    const struct features_place a = place(facet, first), b = place(facet, next3(first)),
                                d = place(facet, before3(first));
    const double bx = (double)b.x - a.x, by = (double)b.y - a.y, dx = (double)d.x - a.x,
                 dy = (double)d.y - a.y;
    const double scale = 0.5 / (double)features_turn(a, b, d);
    const double b2 = bx * bx + by * by, d2 = dx * dx + dy * dy;
    const double x = (dy * b2 - by * d2) * scale, y = (bx * d2 - dx * b2) * scale;
    circle->radius2 = x * x + y * y;
    circle->centre[0] = a.x + x;
    circle->centre[1] = a.y + y;
    circle->radius = sqrt(circle->radius2) * 1.000001 + 1;
}

/* ----------------------------------------------------------------------------------------- heights */

unsigned scree__features_facet_edge(const struct features_facet *facet, struct features_place p)
{
    for (unsigned i = 0; i < 3; i++)
        if (features_turn(place(facet, next3(i)), place(facet, before3(i)), p) == 0)
            return i;
    return 3;
}

/* From an edge's ends alone, so that the triangles on both sides say the same. */
static double above_edge(const struct features_corner *v, const struct features_corner *w,
                         struct features_place p, int32_t z)
{
    const struct features_place a = features_place_of(v), b = features_place_of(w);
    if (place_before(b, a))
        return above_edge(w, v, p, z);
    const int64_t dx = (int64_t)b.x - a.x, dy = (int64_t)b.y - a.y;
    const int64_t along = dx * ((int64_t)p.x - a.x) + dy * ((int64_t)p.y - a.y);
    const int64_t length2 = dx * dx + dy * dy;
    const features_wide sum = (features_wide)(length2 - along) * ((int64_t)z - v->z) +
                              (features_wide)along * ((int64_t)z - w->z);
    return (double)sum / (double)length2;
}

double scree__features_facet_above(const struct features_facet *facet, struct features_place p,
                                   int32_t z)
{
    for (unsigned i = 0; i < 3; i++)
        if (facet->corner[i].x == p.x && facet->corner[i].y == p.y)
            return (double)z - facet->corner[i].z;
    const unsigned edge = scree__features_facet_edge(facet, p);
    if (edge != 3)
        return above_edge(&facet->corner[next3(edge)], &facet->corner[before3(edge)], p, z);
    features_wide sum = 0;
    int64_t area = 0;
    for (unsigned i = 0; i < 3; i++) {
        const int64_t share = features_turn(place(facet, next3(i)), place(facet, before3(i)), p);
        sum += (features_wide)share * ((int64_t)z - facet->corner[i].z);
        area += share;
    }
    return (double)sum / (double)area;
}
