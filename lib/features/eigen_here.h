/*
 * eigen_here.h - symmetric 3 x 3 matrices, one a lane. The eigenvalue that lies farther from the other two comes from the characteristic polynomial, by
 * Newton's method from a chord that is near enough everywhere; its vector from cross products of rows; the other two from
 * the 2 x 2 matrix that is left in the plane across it. So no eigenvalue is worse than a rounding of the largest, also where two or
 * all three are nearly equal (after D. Eberly, "A Robust Eigensolver for 3 x 3 Symmetric Matrices", 2014, with another way to the first value).
 */
#ifndef SCREE_LIB_FEATURES_EIGEN_HERE_H
#define SCREE_LIB_FEATURES_EIGEN_HERE_H

#include "features/nearest.h"
#include "features/reals.h"

/* xx xy xz yy yz zz */
struct matrix {
    reals at[6];
};

struct vector {
    reals at[3];
};

/* a * b - c * d */
static inline reals minor(reals a, reals b, reals c, reals d)
{
    return reals_sub(reals_mul(a, b), reals_mul(c, d));
}

static inline struct vector cross(const struct vector *a, const struct vector *b)
{
    struct vector out = {{minor(a->at[1], b->at[2], a->at[2], b->at[1]),
                          minor(a->at[2], b->at[0], a->at[0], b->at[2]),
                          minor(a->at[0], b->at[1], a->at[1], b->at[0])}};
    return out;
}

static inline reals dot(const struct vector *a, const struct vector *b)
{
    return reals_add(reals_add(reals_mul(a->at[0], b->at[0]), reals_mul(a->at[1], b->at[1])),
                     reals_mul(a->at[2], b->at[2]));
}

static inline struct vector image_of(const struct matrix *m, const struct vector *v)
{
    const struct vector row[3] = {{{m->at[0], m->at[1], m->at[2]}},
                                  {{m->at[1], m->at[3], m->at[4]}},
                                  {{m->at[2], m->at[4], m->at[5]}}};
    struct vector out = {{dot(&row[0], v), dot(&row[1], v), dot(&row[2], v)}};
    return out;
}

static inline struct vector choose(reals_mask mask, const struct vector *yes,
                                   const struct vector *no)
{
    struct vector out;
    for (int i = 0; i < 3; i++)
        out.at[i] = reals_select(mask, yes->at[i], no->at[i]);
    return out;
}

static inline struct vector scaled(const struct vector *v, reals scale)
{
    struct vector out;
    for (int i = 0; i < 3; i++)
        out.at[i] = reals_mul(v->at[i], scale);
    return out;
}

static inline struct vector upright(void)
{
    struct vector out = {{reals_all(0.0), reals_all(0.0), reals_all(1.0)}};
    return out;
}

/* The unit vector that m - value * 1 maps to nothing: the longest cross product of two of its
 * rows. */
static inline struct vector null_vector(const struct matrix *m, reals value)
{
    const struct vector row[3] = {{{reals_sub(m->at[0], value), m->at[1], m->at[2]}},
                                  {{m->at[1], reals_sub(m->at[3], value), m->at[4]}},
                                  {{m->at[2], m->at[4], reals_sub(m->at[5], value)}}};
    struct vector best = cross(&row[1], &row[2]), other = cross(&row[0], &row[2]);
    reals best2 = dot(&best, &best), other2 = dot(&other, &other);
    reals_mask longer = reals_greater(other2, best2);
    best = choose(longer, &other, &best);
    best2 = reals_select(longer, other2, best2);
    other = cross(&row[0], &row[1]);
    other2 = dot(&other, &other);
    longer = reals_greater(other2, best2);
    best = choose(longer, &other, &best);
    best2 = reals_select(longer, other2, best2);
    reals_mask found = reals_greater(best2, reals_all(0.0));
    reals length = reals_sqrt(reals_select(found, best2, reals_all(1.0)));
    struct vector unit = scaled(&best, reals_div(reals_all(1.0), length)), up = upright();
    return choose(found, &unit, &up);
}

/* A unit vector across v. */
static inline struct vector across(const struct vector *v)
{
    const reals zero = reals_all(0.0);
    reals_mask x = reals_greater(reals_abs(v->at[0]), reals_abs(v->at[1]));
    reals side = reals_select(x, v->at[0], v->at[1]);
    reals length2 = reals_add(reals_mul(side, side), reals_mul(v->at[2], v->at[2]));
    struct vector out = {{reals_select(x, reals_negative(v->at[2]), zero),
                          reals_select(x, zero, v->at[2]),
                          reals_select(x, v->at[0], reals_negative(v->at[1]))}};
    return scaled(&out, reals_div(reals_all(1.0), reals_sqrt(length2)));
}

/* The root in [sqrt(3)/2, 1] of 4 c^3 - 3 c = r, for r in [0, 1]: four steps from the chord. */
static inline reals third_angle(reals r)
{
    const reals three = reals_all(3.0), four = reals_all(4.0), twelve = reals_all(12.0);
    reals c = reals_add(reals_all(0.8660254037844386), reals_mul(reals_all(0.1339745962155614), r));
    for (int i = 0; i < 4; i++) {
        reals c2 = reals_mul(c, c);
        reals value = reals_sub(reals_mul(reals_sub(reals_mul(four, c2), three), c), r);
        c = reals_sub(c, reals_div(value, reals_sub(reals_mul(twelve, c2), three)));
    }
    return c;
}

struct pair {
    reals large, small;
    struct vector small_vector;
};

/* The eigenvalues of m in the plane of a and b. */
static inline struct pair solve_plane(const struct matrix *m, const struct vector *a,
                                      const struct vector *b)
{
    const reals zero = reals_all(0.0), one = reals_all(1.0), half_of = reals_all(0.5);
    struct vector ma = image_of(m, a), mb = image_of(m, b);
    reals aa = dot(a, &ma), ab = dot(a, &mb), bb = dot(b, &mb);
    reals mean = reals_mul(half_of, reals_add(aa, bb));
    reals half = reals_mul(half_of, reals_sub(aa, bb));
    reals radius = reals_sqrt(reals_add(reals_mul(half, half), reals_mul(ab, ab)));
    reals_mask below = reals_greater(zero, half);
    reals minus_ab = reals_negative(ab);
    reals along_a = reals_select(below, reals_sub(radius, half), minus_ab);
    reals along_b = reals_select(below, minus_ab, reals_add(half, radius));
    reals length2 = reals_add(reals_mul(along_a, along_a), reals_mul(along_b, along_b));
    reals_mask found = reals_greater(length2, zero);
    reals scale = reals_div(one, reals_sqrt(reals_select(found, length2, one)));
    along_a = reals_select(found, reals_mul(along_a, scale), one);
    along_b = reals_select(found, reals_mul(along_b, scale), zero);
    struct pair pair = {.large = reals_add(mean, radius), .small = reals_sub(mean, radius)};
    for (int i = 0; i < 3; i++)
        pair.small_vector.at[i] =
            reals_add(reals_mul(along_a, a->at[i]), reals_mul(along_b, b->at[i]));
    return pair;
}

struct solution {
    reals value[3]; /* largest first */
    struct vector vector;
};

static inline struct solution solve_one(const struct matrix *m)
{
    const reals zero = reals_all(0.0), one = reals_all(1.0), two = reals_all(2.0);
    reals mean = reals_div(reals_add(reals_add(m->at[0], m->at[3]), m->at[5]), reals_all(3.0));
    reals xx = reals_sub(m->at[0], mean), yy = reals_sub(m->at[3], mean),
          zz = reals_sub(m->at[5], mean);
    reals xy = m->at[1], xz = m->at[2], yz = m->at[4];
    reals diagonal = reals_add(reals_add(reals_mul(xx, xx), reals_mul(yy, yy)), reals_mul(zz, zz));
    reals off = reals_add(reals_add(reals_mul(xy, xy), reals_mul(xz, xz)), reals_mul(yz, yz));
    reals p2 = reals_div(reals_add(diagonal, reals_mul(two, off)), reals_all(6.0));
    reals_mask apart = reals_greater(p2, zero);
    reals safe_p2 = reals_select(apart, p2, one), p = reals_sqrt(safe_p2);
    reals det = reals_add(
        reals_sub(reals_mul(xx, minor(yy, zz, yz, yz)), reals_mul(xy, minor(xy, zz, yz, xz))),
        reals_mul(xz, minor(xy, yz, yy, xz)));
    reals r = reals_div(det, reals_mul(reals_mul(two, safe_p2), p));
    reals size = reals_abs(r);
    reals shift = reals_mul(reals_mul(two, p),
                            third_angle(reals_select(reals_greater(size, one), one, size)));
    reals_mask smallest = reals_greater(zero, r); /* is the one apart */
    reals lone_value = reals_select(smallest, reals_sub(mean, shift), reals_add(mean, shift));
    struct vector lone = null_vector(m, lone_value), image = image_of(m, &lone);
    lone_value = dot(&lone, &image);
    struct vector a = across(&lone), b = cross(&lone, &a), up = upright();
    struct pair pair = solve_plane(m, &a, &b);
    struct solution out;
    out.value[0] = reals_select(apart, reals_select(smallest, pair.large, lone_value), mean);
    out.value[1] = reals_select(apart, reals_select(smallest, pair.small, pair.large), mean);
    out.value[2] = reals_select(apart, reals_select(smallest, lone_value, pair.small), mean);
    out.vector = choose(smallest, &lone, &pair.small_vector);
    out.vector = choose(apart, &out.vector, &up);
    return out;
}

static void solve(struct features_matrices *matrices, unsigned count)
{
    for (unsigned i = 0; i < count; i += REALS) {
        struct matrix m;
        for (int j = 0; j < 6; j++)
            m.at[j] = reals_load(matrices->at[j] + i);
        struct solution solution = solve_one(&m);
        for (int j = 0; j < 3; j++) {
            reals_store(matrices->value[j] + i, solution.value[j]);
            reals_store(matrices->vector[j] + i, solution.vector.at[j]);
        }
    }
}

#endif
