/*
 * facet.h - one triangle of the ground as a triangulated irregular network: the Delaunay triangulation of ground points, exact, in lattice units.
 *
 * The triangle that holds a place is found without the others: from any triangle of ground points about the place, to a better one as long as a ground
 * point lies in its circumcircle (the simplex method on the points lifted to a paraboloid, whose lower hull the triangulation is). Four points on one
 * circle are settled by their coordinates (exact.h), so that the triangle is the same whatever the first one was.
 */
#ifndef SCREE_LIB_FEATURES_FACET_H
#define SCREE_LIB_FEATURES_FACET_H

#include "features/exact.h"

/* Coordinates are within this. */
#define FEATURES_GROUND_MAX ((int32_t)1 << 28)

struct features_corner {
    int32_t x, y, z;
};

/* Counter-clockwise, of an area above 0. */
struct features_facet {
    struct features_corner corner[3];
};

static inline struct features_place features_place_of(const struct features_corner *corner)
{
    const struct features_place p = {corner->x, corner->y};
    return p;
}

/* Is p in the triangle, or on its edge? */
static inline bool features_facet_holds(const struct features_facet *facet, struct features_place p)
{
    const struct features_place a = features_place_of(&facet->corner[0]),
                                b = features_place_of(&facet->corner[1]),
                                c = features_place_of(&facet->corner[2]);
    return features_turn(a, b, p) >= 0 && features_turn(b, c, p) >= 0 &&
           features_turn(c, a, p) >= 0;
}

/* Three of four points, one in each quadrant about p, as a triangle that holds p. NULL: that quadrant has none. False: there is none. */
bool scree__features_facet_start(const struct features_corner *const quadrant[4],
                                 struct features_place p, struct features_facet *facet);
/* The quadrant about p of another place. */
static inline unsigned features_quadrant(int64_t dx, int64_t dy)
{
    if (dy >= 0 && dx > 0)
        return 0;
    return dx <= 0 && dy > 0 ? 1 : dx < 0 ? 2 : 3;
}

/* From a triangle that holds p to the one with `found`, which lies in its circumcircle, that holds p, too. */
void scree__features_facet_turn(struct features_facet *facet, const struct features_corner *found,
                                struct features_place p);
/* Does `at` lie in the circumcircle? Not for the corners' own places. */
bool scree__features_facet_rejects(const struct features_facet *facet, struct features_place at);

/*
 * The paraboloid about a place p, minus the plane through a triangle's lifted corners: where it is below 0, there the circle is. What an offset's value may be
 * wrong by is at most scree__features_bowl_slack().
 */
struct features_bowl {
    double a, b, c, slack_a, slack_b, slack_c;
};

void scree__features_facet_bowl(const struct features_facet *facet, struct features_place p,
                                struct features_bowl *bowl);
double scree__features_bowl_slack(const struct features_bowl *bowl, double dx, double dy);

struct features_circle {
    double radius2;           /* squared; the same for the same three corners */
    double centre[2], radius; /* a little larger than it is */
};

void scree__features_facet_circle(const struct features_facet *facet,
                                  struct features_circle *circle);

/* z minus the height of the triangle at p, which it holds; on an edge from that edge alone, at a corner from that. */
double scree__features_facet_above(const struct features_facet *facet, struct features_place p,
                                   int32_t z);
/* The edge across from the corner that p lies on; 3: none. */
unsigned scree__features_facet_edge(const struct features_facet *facet, struct features_place p);

#endif
