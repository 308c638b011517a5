/*
 * verify_ground.c - the ground below a place from scans of every ground point, as many as it takes: the nearest ones and three around the place from the first;
 * from each other one the point that lies deepest in the triangle's circumcircle, until there is none.
 */
#include "enrich/verify.h"

#include <math.h>
#include <string.h>

static const struct features_place here = {0, 0};

static int64_t turn(const struct features_corner *a, const struct features_corner *b)
{
    return features_turn(here, features_place_of(a), features_place_of(b));
}

static uint32_t asked(const struct verify *verify)
{
    const struct scree__enrich_question *question = &verify->engine->question;
    return question->ground_mode == SCREE_GROUND_IDW ? question->idw_count : 1;
}

/* ------------------------------------------------------------------------------------------- nearest */

static bool is_before(const struct features_near *a, const struct features_near *b)
{
    if (a->d2 != b->d2)
        return a->d2 < b->d2;
    return a->at.x != b->at.x ? a->at.x < b->at.x : a->at.y < b->at.y;
}

static void keep_nearest(const struct verify *verify, struct verify_ground *ground,
                         const struct features_near *one)
{
    const uint64_t reach = (uint64_t)verify->engine->question.ground_reach;
    struct features_near *near = ground->nearest;
    uint32_t at = 0;
    if (one->d2 > reach * reach)
        return;
    while (at < ground->nearest_count && is_before(&near[at], one))
        at++;
    if (at < ground->nearest_count && near[at].at.x == one->at.x && near[at].at.y == one->at.y) {
        near[at].at.z = one->at.z < near[at].at.z ? one->at.z : near[at].at.z;
        return;
    }
    if (at == asked(verify))
        return;
    ground->nearest_count += ground->nearest_count < asked(verify);
    memmove(near + at + 1, near + at, (ground->nearest_count - at - 1) * sizeof *near);
    near[at] = *one;
}

/* -------------------------------------------------------------------------------------- three around */

/* Is q behind p as seen from a? */
static bool is_behind(const struct features_corner *a, const struct features_corner *q)
{
    return turn(a, q) == 0 && (int64_t)a->x * q->x + (int64_t)a->y * q->y < 0;
}

/* Into the wedge; or it shows that the place is surrounded, by the wedge's ends and itself. */
static void widen(struct verify_ground *ground, const struct features_corner *q)
{
    if (ground->around || (q->x == 0 && q->y == 0))
        return;
    if (!ground->seen) {
        ground->seen = true;
        ground->left = ground->right = *q;
        return;
    }
    const bool line = turn(&ground->right, &ground->left) == 0;
    if (line && is_behind(&ground->right, q)) {
        /* Half a circle: the next one beside the line closes it, on either side. */
        ground->left = *q;
        return;
    }
    if (line && is_behind(&ground->right, &ground->left)) {
        const int64_t side = turn(&ground->right, q);
        if (side == 0)
            return;
        ground->facet = side > 0 ? (struct features_facet){{ground->right, *q, ground->left}}
                                 : (struct features_facet){{ground->left, *q, ground->right}};
        ground->around = true;
        return;
    }
    const int64_t left = turn(&ground->left, q), right = turn(&ground->right, q);
    if (left <= 0 && right >= 0 && !is_behind(&ground->left, q) && !is_behind(&ground->right, q))
        return; /* within */
    if (left > 0 && right > 0) {
        ground->left = *q;
    } else if (left < 0 && right < 0) {
        ground->right = *q;
    } else {
        ground->facet = (struct features_facet){{ground->right, ground->left, *q}};
        ground->around = true;
    }
}

static void keep_around(struct verify_ground *ground, const struct features_corner *point)
{
    const double d2 = (double)point->x * point->x + (double)point->y * point->y;
    struct features_corner *quadrant = &ground->quadrant[features_quadrant(point->x, point->y)];
    double *best = &ground->quadrant2[features_quadrant(point->x, point->y)];
    const bool same = *best == d2 && point->x == quadrant->x && point->y == quadrant->y;
    if (d2 > 0 && (*best == 0 || d2 < *best || (same && point->z < quadrant->z))) {
        *best = d2;
        *quadrant = *point;
    }
    widen(ground, point);
}

/* ------------------------------------------------------------------------------------------ triangles */

static bool same_place(const struct features_corner *a, const struct features_corner *b)
{
    return a->x == b->x && a->y == b->y;
}

/* Deeper in the circle than what was found before? Or nearer, beyond an edge. */
static void keep_best(struct verify_ground *ground, const struct features_corner *point)
{
    const struct features_place at = features_place_of(point);
    double worth = (double)point->x * point->x + (double)point->y * point->y;
    for (unsigned i = 0; i < 3; i++)
        if (same_place(&ground->facet.corner[i], point) &&
            point->z < ground->facet.corner[i].z) /* lower ones count */
            ground->facet.corner[i].z = point->z;
    if (ground->state == VERIFY_GROUND_BEYOND) {
        const unsigned edge = scree__features_facet_edge(&ground->facet, here);
        if (features_turn(features_place_of(&ground->facet.corner[(edge + 2) % 3]),
                          features_place_of(&ground->facet.corner[(edge + 1) % 3]), at) <= 0)
            return;
    } else {
        struct features_bowl bowl;
        if (!scree__features_facet_rejects(&ground->facet, at))
            return;
        scree__features_facet_bowl(&ground->facet, here, &bowl);
        worth -= bowl.a * point->x + bowl.b * point->y + bowl.c;
    }
    if (ground->found && same_place(&ground->best, point)) {
        ground->best.z = point->z < ground->best.z ? point->z : ground->best.z;
        return;
    }
    if (!ground->found || worth < ground->worth) {
        ground->found = true;
        ground->worth = worth;
        ground->best = *point;
    }
}

void scree__verify_ground_look(const struct verify *verify, struct verify_ground *ground,
                               const struct features_corner *point)
{
    if (verify->stage == VERIFY_NEAR) {
        const struct features_near one = {(uint64_t)((int64_t)point->x * point->x) +
                                              (uint64_t)((int64_t)point->y * point->y),
                                          *point, 0};
        keep_nearest(verify, ground, &one);
        keep_around(ground, point);
    } else if (ground->state == VERIFY_GROUND_TURNS || ground->state == VERIFY_GROUND_BEYOND) {
        keep_best(ground, point);
    }
}

void scree__verify_ground_join(const struct verify *verify, struct verify_ground *ground,
                               const struct verify_ground *other)
{
    for (uint32_t i = 0; i < other->nearest_count; i++)
        keep_nearest(verify, ground, &other->nearest[i]);
    for (unsigned q = 0; q < 4; q++)
        if (other->quadrant2[q] > 0)
            keep_around(ground, &other->quadrant[q]);
    if (other->around && !ground->around) {
        ground->facet = other->facet;
        ground->around = true;
    } else if (other->seen && !ground->around) {
        widen(ground, &other->right);
        widen(ground, &other->left);
    }
    for (unsigned i = 0; i < 3 && ground->state == VERIFY_GROUND_TURNS; i++)
        if (other->facet.corner[i].z < ground->facet.corner[i].z)
            ground->facet.corner[i].z = other->facet.corner[i].z;
    if (other->found)
        keep_best(ground, &other->best);
}

/* The first triangle: of the nearest points, if they surround the place, else any. */
static void begin(const struct verify *verify, struct verify_ground *ground)
{
    const struct features_corner *quadrant[4];
    struct features_facet near;
    for (unsigned q = 0; q < 4; q++)
        quadrant[q] = ground->quadrant2[q] > 0 ? &ground->quadrant[q] : NULL;
    const bool on_ground = ground->nearest_count > 0 && ground->nearest[0].d2 == 0;
    ground->state = VERIFY_GROUND_DONE;
    if (verify->engine->question.ground_mode != SCREE_GROUND_TIN || on_ground || !ground->around)
        return;
    if (scree__features_facet_start(quadrant, here, &near))
        ground->facet = near;
    ground->state = VERIFY_GROUND_TURNS;
}

/* Nothing lies in the triangle's circle. */
static void judge(const struct verify *verify, struct verify_ground *ground)
{
    const double reach = (double)verify->engine->question.ground_reach;
    struct features_circle circle;
    scree__features_facet_circle(&ground->facet, &circle);
    ground->good = circle.radius2 <= reach * reach;
    const bool edge = scree__features_facet_edge(&ground->facet, here) != 3;
    ground->state =
        !ground->good && edge && !ground->second ? VERIFY_GROUND_BEYOND : VERIFY_GROUND_DONE;
}

static void go_beyond(struct verify_ground *ground)
{
    const unsigned edge = scree__features_facet_edge(&ground->facet, here);
    const struct features_corner v = ground->facet.corner[(edge + 2) % 3],
                                 u = ground->facet.corner[(edge + 1) % 3];
    ground->second = true;
    ground->state = ground->found ? VERIFY_GROUND_TURNS : VERIFY_GROUND_DONE;
    if (ground->found)
        ground->facet = (struct features_facet){{v, u, ground->best}};
}

bool scree__verify_ground_settle(const struct verify *verify, struct verify_ground *ground)
{
    if (ground->state == VERIFY_GROUND_NEW)
        begin(verify, ground);
    else if (ground->state == VERIFY_GROUND_BEYOND)
        go_beyond(ground);
    else if (ground->state == VERIFY_GROUND_TURNS && ground->found)
        scree__features_facet_turn(&ground->facet, &ground->best, here);
    else if (ground->state == VERIFY_GROUND_TURNS)
        judge(verify, ground);
    ground->found = false;
    return ground->state != VERIFY_GROUND_DONE;
}

float scree__verify_ground_height(const struct verify *verify, const struct verify_ground *ground)
{
    const double unit = verify->engine->question.unit;
    double sum = 0, weights = 0;
    if (ground->good)
        return (float)(scree__features_facet_above(&ground->facet, here, 0) * unit);
    if (ground->nearest_count == 0)
        return SCREE_FEATURE_NO_DATA;
    if (ground->nearest_count == 1 || ground->nearest[0].d2 == 0)
        return (float)((double)(0 - (int64_t)ground->nearest[0].at.z) * unit);
    for (uint32_t i = 0; i < ground->nearest_count; i++) {
        const double weight = 1.0 / (double)ground->nearest[i].d2;
        sum += weight * (double)(0 - (int64_t)ground->nearest[i].at.z);
        weights += weight;
    }
    return (float)(sum / weights * unit);
}
