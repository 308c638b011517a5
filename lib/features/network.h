/*
 * network.h - ground points as a Delaunay network, into which more may be put at any time: for places where single triangles (facet.h) are dear to
 * find, because a great many points lie along their circles. Four points on one circle are settled as they are there (exact.h): the network of the same points is the same.
 *
 *   scree__features_network_init(&network, budget, points, count, err)
 *   scree__features_network_find(), _add() any number of times; one thread
 *   scree__features_network_release(&network)
 */
#ifndef SCREE_LIB_FEATURES_NETWORK_H
#define SCREE_LIB_FEATURES_NETWORK_H

#include "features/facet.h"
#include "mem/budget.h"

/* Counter-clockwise corners; neighbour[i] is across from corner[i]. A ghost has the corner FEATURES_GHOST: its two others are an edge of the hull, and it lies outside of
 * that. */
struct features_triangle {
    uint32_t corner[3], neighbour[3];
};

#define FEATURES_GHOST UINT32_MAX

struct scree__features_network {
    struct scree__mem_budget *budget;
    struct features_corner *points;
    uint64_t point_count, point_capacity;
    struct features_triangle *triangles;
    uint8_t *
        marks; /* of triangles, the caller's: 0 at first, and when a triangle becomes another one */
    uint64_t triangle_count, triangle_capacity, mark_capacity;
    uint32_t *stack; /* triangles whose edge across from corner 0 may be wrong */
    uint64_t depth, stack_capacity;
    uint32_t last; /* where the next walk begins */
};

/*
 * points: copied; within FEATURES_GROUND_MAX, best in an order in which neighbours tend to follow each other; of those at one (x, y) the lowest counts. Fewer than three places, or all on a line: there
 * are no triangles until others are added. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET. Release it after failure, too.
 */
SCREE_MUST_CHECK enum scree_status
scree__features_network_init(struct scree__features_network *network,
                             struct scree__mem_budget *budget, const struct features_corner *points,
                             uint32_t count, struct scree_error *err);
void scree__features_network_release(struct scree__features_network *network);
/* After a failure there is nothing to do but to release the network. Errors: as above. */
SCREE_MUST_CHECK enum scree_status
scree__features_network_add(struct scree__features_network *network,
                            const struct features_corner *point, struct scree_error *err);

/* Where a place is: in a triangle, on its edge across from corner[edge], at corner[corner]; 3: on none. ghost: outside of the hull, beyond the
 * ghost's edge. */
struct features_spot {
    uint32_t triangle;
    unsigned edge, corner;
    bool ghost;
};

/* False: there are no triangles. */
bool scree__features_network_find(struct scree__features_network *network, struct features_place p,
                                  struct features_spot *spot);

static inline bool features_is_ghost(const struct features_triangle *triangle)
{
    return triangle->corner[0] == FEATURES_GHOST || triangle->corner[1] == FEATURES_GHOST ||
           triangle->corner[2] == FEATURES_GHOST;
}

/* The corner that is v. */
static inline unsigned features_corner_of(const struct features_triangle *triangle, uint32_t v)
{
    return triangle->corner[0] == v ? 0 : triangle->corner[1] == v ? 1 : 2;
}

/* Not for ghosts. */
static inline void scree__features_network_facet(const struct scree__features_network *network,
                                                 uint32_t triangle, struct features_facet *facet)
{
    for (unsigned i = 0; i < 3; i++)
        facet->corner[i] = network->points[network->triangles[triangle].corner[i]];
}

#endif
