/*
 * heights.h - the ground around a part of a survey, between heights.c, which says how high points lie above it, and heights_tree.c, which asks the
 * survey's tree about what lies farther away. One thread each.
 */
#ifndef SCREE_LIB_ENRICH_HEIGHTS_H
#define SCREE_LIB_ENRICH_HEIGHTS_H

#include "enrich/window.h"
#include "features/ground.h"
#include "features/network.h"

/* Triangles of the survey's network that are remembered. */
#define ENRICH_FACETS 4096u
#define ENRICH_FACET_HEADS 4096u
#define ENRICH_HULL_EDGES 32u
/* Ground points of a part that are looked at again (heights_check.c): seldom are there so many, and a part that is one column of ground would have nothing else. */
#define ENRICH_CLAIMS 16u

struct scree__enrich_facet {
    struct features_facet facet;
    bool good;     /* its circumcircle is within the reach */
    uint16_t next; /* of the same cell, counted from 1 */
};

struct scree__enrich_ground {
    struct scree__enrich_window *window;
    struct scree__features_ground near; /* coordinates about the window's middle, as all in here */
    int64_t whole_min[2], whole_max[2]; /* all ground points in here are in `near` */
    int64_t region_min[2], region_max[2]; /* no other points matter */
    double reach2;
    uint32_t hint; /* the nearest point of the last place; FEATURES_NO_GROUND: none */
    /* Points of the core whose nearest ground may be elsewhere, later with their cells above them. */
    uint64_t *far;
    uint64_t far_count, far_capacity;

    struct scree__enrich_facet facets[ENRICH_FACETS];
    uint32_t facet_count;
    uint16_t heads[ENRICH_FACET_HEADS]; /* by cell */
    unsigned cell_shift;

    struct features_place hull[ENRICH_HULL_EDGES][2]; /* nothing lies beyond these edges */
    uint32_t hull_count;

    uint32_t claims[ENRICH_CLAIMS]; /* ground points of the core that are above the ground */
    uint32_t claim_count;

    uint64_t looks;  /* at points, in searches for triangles that took very many */
    bool no_network; /* there is no room for one */
    bool networked;  /* they are found in this instead: */
    struct scree__features_network network;
    struct scree__enrich_facet of_network; /* the last one from there */
};

/* Is all of a triangle's circle in what was read? */
bool scree__enrich_circle_whole(const struct scree__enrich_ground *ground,
                                const struct features_circle *circle);

/* A ground point of the region in the circumcircle of a triangle about p, which `near` does not have; it has it afterwards. looks: how many points were looked at is added. */
SCREE_MUST_CHECK enum scree_status scree__enrich_ground_in_circle(
    struct scree__enrich_ground *ground, const struct features_facet *facet,
    const struct features_circle *circle, struct features_place p, struct features_corner *point,
    bool *found, uint64_t *looks, struct scree_error *err);
/* The window's points are then the ground points within `reach` of a place of the survey, in x and y, of its coordinates. *whole false: there are too many. */
SCREE_MUST_CHECK enum scree_status scree__enrich_ground_collect(struct scree__enrich_ground *ground,
                                                                const int32_t at[3], double reach,
                                                                bool *whole,
                                                                struct scree_error *err);
/* Three ground points of the region about p, if p is not outside of their hull. first: one of them. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_ground_surround(struct scree__enrich_ground *ground, struct features_place p,
                              const struct features_corner *first, struct features_facet *facet,
                              bool *found, struct scree_error *err);
/* Any ground point of the region on the left of the line from a to b. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_ground_beyond(struct scree__enrich_ground *ground, struct features_place a,
                            struct features_place b, bool opposite, struct features_corner *point,
                            bool *found, struct scree_error *err);

/* ---------------------------------------------------------------------------- heights_check.c */

/* A point of the core has its height: notes ground that lies above the ground. */
static inline void scree__enrich_ground_note(struct scree__enrich_ground *ground, uint32_t i)
{
    const struct scree__enrich_window *window = ground->window;
    if (window->values[i].height > 0 && (window->core[i].roles & ENRICH_GROUND) != 0 &&
        ground->claim_count < ENRICH_CLAIMS)
        ground->claims[ground->claim_count++] = i;
}
/* Is it another ground point that these lie above? They are forgotten. SCREE_E_DATA: it is not. */
SCREE_MUST_CHECK enum scree_status scree__enrich_ground_check(struct scree__enrich_ground *ground,
                                                              struct scree_error *err);

/* -------------------------------------------------------------------------- heights_network.c */

/* A triangle took so many looks to find: after too many of those the part gets a network, if the budget has room for it. */
SCREE_MUST_CHECK enum scree_status scree__enrich_network_begin(struct scree__enrich_ground *ground,
                                                               uint64_t looks,
                                                               struct scree_error *err);
void scree__enrich_network_end(struct scree__enrich_ground *ground);
/* A triangle that was found otherwise. Without room for it there is no network any more. */
SCREE_MUST_CHECK enum scree_status scree__enrich_network_add(struct scree__enrich_ground *ground,
                                                             const struct features_facet *facet,
                                                             struct scree_error *err);
/*
 * The survey's triangle at p, on the better side where p lies on an edge; NULL: p is outside of the survey's network. *empty: nothing is known, because the part has no network, or one without triangles.
 * *known stays until the next one is found.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_network_find(struct scree__enrich_ground *ground, struct features_place p,
                           bool *empty, const struct scree__enrich_facet **known,
                           struct scree_error *err);

/* ----------------------------------------------------------------------------- heights_lift.c */

/* A search in a circle looked at so many points: after very many of them leaves are remembered from then on, if the budget has room for it. */
void scree__enrich_lift_begin(struct scree__enrich_window *window, uint64_t looks);
/* With lifts: remembers that of a leaf's ground points none is in a circle. bowl: the circle's, about p; least: of all values of it at the leaf's points. */
void scree__enrich_lift_keep(struct scree__enrich_window *window,
                             const struct scree__enrich_node *node,
                             const struct features_bowl *bowl, struct features_place p,
                             double least);
/* With lifts: is it known that no ground point of a node is in a circle, or on it? bowl: the circle's, about p. */
bool scree__enrich_lift_clears(const struct scree__enrich_window *window,
                               const struct scree__enrich_node *node,
                               const struct features_bowl *bowl, struct features_place p);

/* ------------------------------------------------------------------------------ heights_far.c */

/* Of one place. */
static inline uint32_t scree__enrich_ground_asked(const struct scree__enrich_window *window)
{
    return window->question->ground_mode == SCREE_GROUND_IDW ? window->question->idw_count : 1;
}

/* The height of a point of the core from the window's hits, which are the nearest ground points. */
void scree__enrich_height_by_points(struct scree__enrich_window *window, uint32_t point,
                                    uint32_t count);
/* Heights of the points that are on the list, which is empty afterwards. node: they are under it. */
SCREE_MUST_CHECK enum scree_status scree__enrich_far_heights(struct scree__enrich_ground *ground,
                                                             const struct scree__enrich_node *node,
                                                             struct scree_error *err);

#endif
