/*
 * heights_lift.c - how deep in a circle a leaf's ground points lie at most, from when they were looked at last.
 *
 * Lifted to a paraboloid, points on one circle lie on a plane, and a circle is a plane, too: what lies below it is inside. When none of a leaf's points was in a circle, its plane is
 * remembered, and how high above it the lowest one was. Where the plane of another circle lies lower than that all over the leaf's box, none is in that circle either: so it is
 * nearly always for points along one circle, though their boxes meet all circles that are looked at there.
 */
#include "enrich/heights.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* More than the roundings of 2^-53 of a few dozen operations. */
#define ROUNDINGS 1e-14
/* Of one search: some leaves. */
#define LOOKS_MANY 4096u

static struct scree__enrich_lift *place_of(const struct scree__enrich_window *window, uint32_t node)
{
    return &window->lifts[(node * 0x9E3779B1u >> 16) % ENRICH_LIFTS];
}

void scree__enrich_lift_begin(struct scree__enrich_window *window, uint64_t looks)
{
    const uint64_t bytes = ENRICH_LIFTS * sizeof *window->lifts;
    void *memory = NULL;
    if (looks < LOOKS_MANY || window->lifts != NULL)
        return;
    if (scree__mem_alloc(window->store->budget, bytes, &memory, "the ground", NULL) == SCREE_OK)
        window->lifts = memset(memory, 0, bytes);
}

/* The circle's plane about the box's middle; what it may be wrong by anywhere in the box. */
static double move_bowl(const struct scree__enrich_window *window,
                        const struct scree__enrich_node *node, const struct features_bowl *bowl,
                        struct features_place p, struct scree__enrich_lift *lift, double half[2])
{
    double at[2];
    for (int a = 0; a < 2; a++) {
        const int64_t middle = ((int64_t)node->min[a] + node->max[a]) / 2;
        at[a] = (double)(middle - window->middle[a]);
        half[a] = (double)((int64_t)node->max[a] - node->min[a]) / 2 + 1;
    }
    const double x = at[0] - p.x, y = at[1] - p.y;
    lift->a = bowl->a - 2 * x;
    lift->b = bowl->b - 2 * y;
    lift->c = bowl->c + bowl->a * x + bowl->b * y - (x * x + y * y);
    const double far[2] = {fabs(x) + half[0], fabs(y) + half[1]};
    const double size = far[0] * far[0] + far[1] * far[1] + fabs(bowl->a) * far[0] +
                        fabs(bowl->b) * far[1] + fabs(bowl->c);
    return ROUNDINGS * size + scree__features_bowl_slack(bowl, far[0], far[1]);
}

void scree__enrich_lift_keep(struct scree__enrich_window *window,
                             const struct scree__enrich_node *node,
                             const struct features_bowl *bowl, struct features_place p,
                             double least)
{
    const uint32_t number = (uint32_t)(node - window->store->nodes);
    struct scree__enrich_lift *lift = place_of(window, number);
    double half[2];
    lift->node = number + 1;
    lift->least = least - move_bowl(window, node, bowl, p, lift, half);
}

bool scree__enrich_lift_clears(const struct scree__enrich_window *window,
                               const struct scree__enrich_node *node,
                               const struct features_bowl *bowl, struct features_place p)
{
    const uint32_t number = (uint32_t)(node - window->store->nodes);
    const struct scree__enrich_lift *lift = place_of(window, number);
    struct scree__enrich_lift other;
    double half[2];
    if (lift->node != number + 1)
        return false;
    const double wrong = move_bowl(window, node, bowl, p, &other, half);
    return lift->least + (lift->c - other.c) - fabs(lift->a - other.a) * half[0] -
               fabs(lift->b - other.b) * half[1] >
           wrong;
}
