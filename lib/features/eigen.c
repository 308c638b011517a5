/*
 * eigen.c - a symmetric 3 x 3 matrix. The eigenvalue that lies farther from the other two comes from the characteristic polynomial, by
 * Newton's method from a line that is near enough everywhere; its vector from cross products of rows; the other two from
 * the 2 x 2 matrix that is left in the plane across it. So no eigenvalue is worse than a rounding of the largest, also where two or all three are
 * nearly equal (after D. Eberly, "A Robust Eigensolver for 3 x 3 Symmetric Matrices", 2014, with another way to the first value).
 */
#include "features/eigen.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* xx xy xz yy yz zz */
struct matrix {
    double at[6];
};

/* Below this share of the largest eigenvalue the second one is rounding: the points are on a line. */
#define LINE_SHARE 1e-14

static const int first_axis[6] = {0, 0, 0, 1, 1, 2}, second_axis[6] = {0, 1, 2, 1, 2, 2};

/* n * (sum of products) - (sum) * (sum), divided by n * (n - 1): exact up to the division where the
 * numbers are ordinary. */
static void covariance(const struct features_moments *moments, struct matrix *matrix)
{
    double n = moments->count, scale = 1.0 / (n * (n - 1.0));
    /* n * n * reach2 < 2^62 bounds both terms. */
    bool exact = moments->count <= 1u << 20 &&
                 moments->reach2 <= ((uint64_t)1 << 62) / moments->count / moments->count;
    for (int i = 0; i < 6; i++) {
        int64_t a = moments->sum[first_axis[i]], b = moments->sum[second_axis[i]];
        if (exact) {
            int64_t sum = moments->low[i] + moments->high[i] * 4294967296;
            matrix->at[i] = (double)((int64_t)moments->count * sum - a * b) * scale;
        } else {
            int64_t low = moments->low[i] & 0xFFFFFFFF;
            int64_t high = moments->high[i] + (moments->low[i] - low) / 4294967296;
            double sum = (double)high * 4294967296.0 + (double)low;
            matrix->at[i] = (sum - (double)a * (double)b / n) / (n - 1.0);
        }
    }
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void times(const struct matrix *m, const double v[3], double out[3])
{
    out[0] = m->at[0] * v[0] + m->at[1] * v[1] + m->at[2] * v[2];
    out[1] = m->at[1] * v[0] + m->at[3] * v[1] + m->at[4] * v[2];
    out[2] = m->at[2] * v[0] + m->at[4] * v[1] + m->at[5] * v[2];
}

/* The vector that `m` - value * 1 maps to nothing: the longest cross product of two of its rows. */
static void null_vector(const struct matrix *m, double value, double out[3])
{
    const double row[3][3] = {{m->at[0] - value, m->at[1], m->at[2]},
                              {m->at[1], m->at[3] - value, m->at[4]},
                              {m->at[2], m->at[4], m->at[5] - value}};
    double candidate[3][3], length2[3];
    for (int i = 0; i < 3; i++) {
        cross(row[i == 2 ? 1 : 0], row[i == 0 ? 1 : 2], candidate[i]);
        length2[i] = dot(candidate[i], candidate[i]);
    }
    int best = length2[1] > length2[0] ? 1 : 0;
    best = length2[2] > length2[best] ? 2 : best;
    if (!(length2[best] > 0)) {
        out[0] = out[1] = 0;
        out[2] = 1;
        return;
    }
    double scale = 1.0 / sqrt(length2[best]);
    for (int a = 0; a < 3; a++)
        out[a] = candidate[best][a] * scale;
}

/* Two unit vectors across v. */
static void plane_across(const double v[3], double a[3], double b[3])
{
    if (fabs(v[0]) > fabs(v[1])) {
        double scale = 1.0 / sqrt(v[0] * v[0] + v[2] * v[2]);
        a[0] = -v[2] * scale;
        a[1] = 0;
        a[2] = v[0] * scale;
    } else {
        double scale = 1.0 / sqrt(v[1] * v[1] + v[2] * v[2]);
        a[0] = 0;
        a[1] = v[2] * scale;
        a[2] = -v[1] * scale;
    }
    cross(v, a, b);
}

/* The root in [sqrt(3)/2, 1] of 4 c^3 - 3 c = r, for r in [0, 1]: three steps from the chord. */
static double third_angle(double r)
{
    double c = 0.8660254037844386 + 0.1339745962155614 * r;
    for (int i = 0; i < 4; i++) {
        double c2 = c * c;
        c -= ((4.0 * c2 - 3.0) * c - r) / (12.0 * c2 - 3.0);
    }
    return c;
}

struct pair {
    double large, small;
    double small_vector[3];
};

/* The eigenvalues of m in the plane of a and b. */
static void solve_plane(const struct matrix *m, const double a[3], const double b[3],
                        struct pair *pair)
{
    double ma[3], mb[3];
    times(m, a, ma);
    times(m, b, mb);
    double aa = dot(a, ma), ab = dot(a, mb), bb = dot(b, mb);
    double mean = 0.5 * (aa + bb), half = 0.5 * (aa - bb);
    double radius = sqrt(half * half + ab * ab);
    pair->large = mean + radius;
    pair->small = mean - radius;
    double along_a = -ab, along_b = half + radius;
    if (half < 0) {
        along_a = radius - half;
        along_b = -ab;
    }
    double length = sqrt(along_a * along_a + along_b * along_b);
    for (int i = 0; i < 3; i++)
        pair->small_vector[i] = length > 0 ? (along_a * a[i] + along_b * b[i]) / length : a[i];
}

/* values: largest first; vector: of the smallest. */
static void solve(const struct matrix *m, double value[3], double vector[3])
{
    double mean = (m->at[0] + m->at[3] + m->at[5]) / 3.0;
    double xx = m->at[0] - mean, yy = m->at[3] - mean, zz = m->at[5] - mean;
    double xy = m->at[1], xz = m->at[2], yz = m->at[4];
    double p2 = (xx * xx + yy * yy + zz * zz + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0;
    if (!(p2 > 0)) {
        value[0] = value[1] = value[2] = mean;
        vector[0] = vector[1] = 0;
        vector[2] = 1;
        return;
    }
    double p = sqrt(p2);
    double det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
    double r = det / (2.0 * p2 * p);
    double c = third_angle(fabs(r) < 1.0 ? fabs(r) : 1.0);
    double lone[3], across[3], other[3], image[3];
    bool largest = r >= 0;
    null_vector(m, largest ? mean + 2.0 * p * c : mean - 2.0 * p * c, lone);
    times(m, lone, image);
    double lone_value = dot(lone, image);
    struct pair pair;
    plane_across(lone, across, other);
    solve_plane(m, across, other, &pair);
    value[0] = largest ? lone_value : pair.large;
    value[1] = largest ? pair.large : pair.small;
    value[2] = largest ? pair.small : lone_value;
    memcpy(vector, largest ? pair.small_vector : lone, 3 * sizeof *vector);
}

static void point_up(double v[3])
{
    bool down = v[2] < 0 || (v[2] == 0 && (v[1] < 0 || (v[1] == 0 && v[0] < 0)));
    for (int i = 0; i < 3; i++)
        v[i] = down ? 0.0 - v[i] : v[i] + 0.0;
}

void scree__features_shape(const struct features_moments *moments, struct features_shape *shape)
{
    memset(shape, 0, sizeof *shape);
    if (moments->count < 2)
        return;
    struct matrix matrix;
    covariance(moments, &matrix);
    solve(&matrix, shape->value, shape->normal);
    for (int i = 0; i < 3; i++)
        shape->value[i] = shape->value[i] > 0 ? shape->value[i] : 0;
    if (moments->count < 3 || !(shape->value[1] > LINE_SHARE * shape->value[0]))
        memset(shape->normal, 0, sizeof shape->normal);
    else
        point_up(shape->normal);
}
