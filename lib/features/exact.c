/* exact.c - the circle test: doubles where they are sure, 128 bits else. */
#include "features/exact.h"

#include <math.h>
#include <stddef.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

static int sign_of(int64_t v)
{
    return (v > 0) - (v < 0);
}

/* Above 0: inside. Differences stay below 2^30, so products of four fit 128 bits. */
static int circle_exact(const int64_t p[3][2])
{
    features_wide sum = 0;
    for (int i = 0; i < 3; i++) {
        const int64_t *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
        int64_t lift = p[i][0] * p[i][0] + p[i][1] * p[i][1];
        sum += (features_wide)(a[0] * b[1] - a[1] * b[0]) * lift;
    }
    return (sum > 0) - (sum < 0);
}

static int circle_sign(const int64_t p[3][2])
{
    double sum = 0, size = 0;
    for (int i = 0; i < 3; i++) {
        const int64_t *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
        double lift = (double)(p[i][0] * p[i][0] + p[i][1] * p[i][1]);
        double left = (double)(a[0] * b[1]), right = (double)(a[1] * b[0]);
        sum += (left - right) * lift;
        size += (fabs(left) + fabs(right)) * lift;
    }
    /* Some ten roundings of 2^-53 each. */
    if (fabs(sum) > size * 4e-15)
        return sum > 0 ? 1 : -1;
    return circle_exact(p);
}

static bool before(struct features_place a, struct features_place b)
{
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}

/* On the circle: the last point by (x, y) that settles it. */
static bool lifted_inside(const struct features_place point[4])
{
    int order[4] = {0, 1, 2, 3};
    for (int i = 1; i < 4; i++)
        for (int j = i; j > 0 && before(point[order[j]], point[order[j - 1]]); j--) {
            int swap = order[j];
            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
    for (int i = 3; i > 0; i--) {
        const struct features_place a = point[0], b = point[1], c = point[2], d = point[3];
        int side = 0;
        switch (order[i]) {
        case 0:
            side = sign_of(features_turn(d, b, c));
            break;
        case 1:
            side = sign_of(features_turn(a, d, c));
            break;
        case 2:
            side = sign_of(features_turn(a, b, d));
            break;
        default:
            return false;
        }
        if (side != 0)
            return side > 0;
    }
    return false;
}

bool scree__features_in_circle(struct features_place a, struct features_place b,
                               struct features_place c, struct features_place d)
{
    const int64_t p[3][2] = {{(int64_t)a.x - d.x, (int64_t)a.y - d.y},
                             {(int64_t)b.x - d.x, (int64_t)b.y - d.y},
                             {(int64_t)c.x - d.x, (int64_t)c.y - d.y}};
    int sign = circle_sign(p);
    if (sign != 0)
        return sign > 0;
    const struct features_place points[4] = {a, b, c, d};
    return lifted_inside(points);
}
