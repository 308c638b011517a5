/*
 * heights_network.c - triangles of a part where they are dear to find one by one: a great many ground points along the circle of each (a ring of ground around
 * nothing). Those points of the part's surroundings that are known are put into a network of their own. Its triangles are the survey's where their
 * circles lie in what was read; the tree is asked about each of the others once: what lies in its circle becomes part of the network, and where nothing
 * does the triangle stays, because nothing that is added later can be in its circle either. So it is with edges of the hull.
 */
#include "enrich/heights.h"
#include "base/error.h"

#include <string.h>

/* Of triangles and ghosts of the network: no ground point of the region is in the circle, or beyond the edge. */
#define SETTLED 1u
/* A search for a triangle that looks at so many ground points or fewer is as it should be. */
#define LOOKS_FEW 4096u
/* What building the network costs, in looks for each point, and at least; when so many looks were made in vain it would have been cheaper. */
#define BUILD_LOOKS 512u
#define BUILD_LOOKS_LEAST ((uint64_t)1 << 21)

/* Without room for a network, or for more in it, triangles are found one by one. */
static enum scree_status give_up(struct scree__enrich_ground *ground, enum scree_status status,
                                 const struct scree_error *own, struct scree_error *err)
{
    if (status == SCREE_OK)
        return status;
    scree__enrich_network_end(ground);
    ground->no_network = true;
    if (status == SCREE_E_BUDGET)
        return SCREE_OK;
    return scree__base_fail(err, status, "%s", own->message);
}

enum scree_status scree__enrich_network_begin(struct scree__enrich_ground *ground, uint64_t looks,
                                              struct scree_error *err)
{
    const struct scree__features_ground *near = &ground->near;
    const uint32_t count = near->count + near->beside;
    struct scree_error own = SCREE_ERROR_INIT;
    if (looks <= LOOKS_FEW || ground->networked || ground->no_network)
        return SCREE_OK;
    ground->looks += looks;
    if (ground->looks < BUILD_LOOKS * (uint64_t)count + BUILD_LOOKS_LEAST)
        return SCREE_OK;
    ground->networked = true;
    enum scree_status status = scree__features_network_init(
        &ground->network, ground->window->store->budget, near->points, count, &own);
    return give_up(ground, status, &own, err);
}

void scree__enrich_network_end(struct scree__enrich_ground *ground)
{
    if (ground->networked)
        scree__features_network_release(&ground->network);
    ground->networked = ground->no_network = false;
    ground->looks = 0;
}

static enum scree_status add_facet(struct scree__enrich_ground *ground,
                                   const struct features_facet *facet, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (unsigned i = 0; i < 3 && status == SCREE_OK; i++)
        status = scree__features_network_add(&ground->network, &facet->corner[i], err);
    return status;
}

enum scree_status scree__enrich_network_add(struct scree__enrich_ground *ground,
                                            const struct features_facet *facet,
                                            struct scree_error *err)
{
    struct scree_error own = SCREE_ERROR_INIT;
    if (!ground->networked)
        return SCREE_OK;
    return give_up(ground, add_facet(ground, facet, &own), &own, err);
}

/* Nothing of the region is in its circle or beyond it: `found` false; else it is in the network now. */
static enum scree_status settle(struct scree__enrich_ground *ground, uint32_t at,
                                struct features_place p, bool *found, struct scree_error *err)
{
    struct scree__features_network *network = &ground->network;
    const struct features_triangle *triangle = &network->triangles[at];
    struct features_corner point;
    enum scree_status status;
    uint64_t looks = 0;
    *found = false;
    if (network->marks[at] & SETTLED)
        return SCREE_OK;
    if (features_is_ghost(triangle)) {
        const unsigned ghost = features_corner_of(triangle, FEATURES_GHOST);
        const uint32_t a = triangle->corner[(ghost + 1) % 3], b = triangle->corner[(ghost + 2) % 3];
        status = scree__enrich_ground_beyond(ground, features_place_of(&network->points[a]),
                                             features_place_of(&network->points[b]), false, &point,
                                             found, err);
    } else {
        struct features_facet facet;
        struct features_circle circle;
        scree__features_network_facet(network, at, &facet);
        scree__features_facet_circle(&facet, &circle);
        if (scree__enrich_circle_whole(ground, &circle))
            status = SCREE_OK;
        else
            status = scree__enrich_ground_in_circle(ground, &facet, &circle, p, &point, found,
                                                    &looks, err);
    }
    if (status == SCREE_OK && *found)
        return scree__features_network_add(network, &point, err);
    network->marks[at] |= SETTLED;
    return status;
}

static void keep(struct scree__enrich_ground *ground, uint32_t at,
                 const struct scree__enrich_facet **known)
{
    struct scree__enrich_facet *kept = &ground->of_network;
    struct features_circle circle;
    scree__features_network_facet(&ground->network, at, &kept->facet);
    scree__features_facet_circle(&kept->facet, &circle);
    kept->good = circle.radius2 <= ground->reach2;
    *known = kept;
}

static enum scree_status find(struct scree__enrich_ground *ground, struct features_place p,
                              bool *empty, const struct scree__enrich_facet **known,
                              struct scree_error *err)
{
    struct scree__features_network *network = &ground->network;
    struct features_spot spot;
    for (;;) {
        bool more = false;
        *known = NULL;
        *empty = !scree__features_network_find(network, p, &spot);
        if (*empty)
            return SCREE_OK;
        enum scree_status status = settle(ground, spot.triangle, p, &more, err);
        if (status != SCREE_OK || (!more && spot.ghost))
            return status;
        if (more)
            continue;
        keep(ground, spot.triangle, known);
        if (spot.edge == 3 || (*known)->good)
            return SCREE_OK;
        /* The triangle across the edge may be a better one. */
        const uint32_t other = network->triangles[spot.triangle].neighbour[spot.edge];
        status = settle(ground, other, p, &more, err);
        if (status == SCREE_OK && more)
            continue;
        if (status == SCREE_OK && !features_is_ghost(&network->triangles[other]))
            keep(ground, other, known);
        return status;
    }
}

enum scree_status scree__enrich_network_find(struct scree__enrich_ground *ground,
                                             struct features_place p, bool *empty,
                                             const struct scree__enrich_facet **known,
                                             struct scree_error *err)
{
    struct scree_error own = SCREE_ERROR_INIT;
    *empty = true;
    *known = NULL;
    if (!ground->networked)
        return SCREE_OK;
    enum scree_status status = find(ground, p, empty, known, &own);
    if (status == SCREE_OK)
        return SCREE_OK;
    *empty = true;
    *known = NULL;
    return give_up(ground, status, &own, err);
}
