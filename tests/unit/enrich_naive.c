/* enrich_naive.c - features the slow way. */
#include "enrich_naive.h"
#include "tin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int32_t below(uint64_t *seed, int32_t limit)
{
    return (int32_t)(next(seed) >> 20) % limit < 0
               ? 0
               : (int32_t)((next(seed) >> 33) % (uint64_t)limit);
}

static void place(unsigned kind, uint32_t i, uint64_t *seed, int32_t p[3], uint8_t *class)
{
    int32_t x = below(seed, 6000), y = below(seed, 6000), part = below(seed, 10);
    *class = 1;
    p[0] = x;
    p[1] = y;
    p[2] = x / 20 + below(seed, 5);
    if (kind == 0 && part < 5) {
        *class = (uint8_t)(x > 2000 && x < 3000 && y > 2000 && y < 3500 ? 6 : 2);
        if (*class == 6)
            p[2] = 900 + x / 4;
    } else if (kind == 0) {
        p[2] += part == 5 ? below(seed, 1500) : part == 6 ? -300 : below(seed, 40);
        *class = (uint8_t)(part == 6 ? 7 : part == 7 ? 2 : 5);
    }
    if (kind == 1) {
        p[2] = below(seed, 6000);
        *class = (uint8_t)(part < 2 ? 2 : 1);
    }
    if (kind == 2) {
        p[0] = 7 * below(seed, 4);
        p[1] = below(seed, 3);
        p[2] = below(seed, 2);
        *class = (uint8_t)(part < 3 ? 2 : part == 4 ? 18 : 1);
    }
    if (kind == 4 || kind == 5) { /* one column, one position */
        p[0] = 1;
        p[1] = 2;
        p[2] = kind == 4 ? below(seed, 100000) : 5;
        *class = (uint8_t)(part < 5 ? 2 : 1);
    }
    if (kind == 3) {
        int32_t spread = i % 97 == 0 ? 2000000 : i % 7 == 0 ? 30000 : 300;
        p[0] = below(seed, spread) - (i % 3 == 0 ? 100000 : 0);
        p[1] = below(seed, spread);
        p[2] = below(seed, spread / 10);
        *class = (uint8_t)(part < 4 ? 2 : 1);
    }
}

void naive_cloud_make(struct naive_cloud *cloud, unsigned kind, uint32_t count, uint64_t seed)
{
    cloud->count = count;
    cloud->x = malloc((count + 1) * 4);
    cloud->y = malloc((count + 1) * 4);
    cloud->z = malloc((count + 1) * 4);
    cloud->classes = malloc(count + 1);
    cloud->returns = malloc(count + 1);
    for (uint32_t i = 0; i < count; i++) {
        int32_t p[3];
        place(kind, i, &seed, p, &cloud->classes[i]);
        cloud->x[i] = p[0];
        cloud->y[i] = p[1];
        cloud->z[i] = p[2];
        cloud->returns[i] = (uint8_t)(below(&seed, 3) == 0 ? 0x21 : 0x11);
    }
}

void naive_cloud_free(struct naive_cloud *cloud)
{
    free(cloud->x);
    free(cloud->y);
    free(cloud->z);
    free(cloud->classes);
    free(cloud->returns);
}

/* ----------------------------------------------------------------------------------- neighbours */

struct candidate {
    double d2;
    int32_t p[3];
    bool early;
};

static int by_distance(const void *a, const void *b)
{
    const struct candidate *p = a, *q = b;
    if (p->d2 != q->d2)
        return p->d2 < q->d2 ? -1 : 1;
    for (int i = 0; i < 3; i++)
        if (p->p[i] != q->p[i])
            return p->p[i] < q->p[i] ? -1 : 1;
    return 0;
}

/* Eigenvalues and vectors of a symmetric matrix, by Jacobi's rotations. */
static void jacobi(double a[3][3], double value[3], double vector[3][3])
{
    memset(vector, 0, 9 * sizeof(double));
    for (int i = 0; i < 3; i++)
        vector[i][i] = 1;
    for (int round = 0; round < 60; round++)
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (a[p][q] == 0)
                    continue;
                double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
                double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
                double c = 1 / sqrt(t * t + 1), s = t * c;
                for (int k = 0; k < 3; k++) {
                    double kp = a[k][p], kq = a[k][q];
                    a[k][p] = c * kp - s * kq;
                    a[k][q] = s * kp + c * kq;
                }
                for (int k = 0; k < 3; k++) {
                    double pk = a[p][k], qk = a[q][k], vp = vector[k][p], vq = vector[k][q];
                    a[p][k] = c * pk - s * qk;
                    a[q][k] = s * pk + c * qk;
                    vector[k][p] = c * vp - s * vq;
                    vector[k][q] = s * vp + c * vq;
                }
            }
    for (int i = 0; i < 3; i++)
        value[i] = a[i][i] > 0 ? a[i][i] : 0;
}

static void sort_values(double value[3], double vector[3][3])
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            if (value[j] < value[j + 1]) {
                double v = value[j];
                value[j] = value[j + 1];
                value[j + 1] = v;
                for (int k = 0; k < 3; k++) {
                    v = vector[k][j];
                    vector[k][j] = vector[k][j + 1];
                    vector[k][j + 1] = v;
                }
            }
}

static void shape(const struct candidate *near, uint32_t n, double unit, double radius, float *row)
{
    double mean[3] = {0, 0, 0}, c[3][3], l[3], v[3][3];
    double reach = n > 0 ? sqrt(near[n - 1].d2) * unit : 0;
    double r = radius > 0 ? radius : reach;
    memset(c, 0, sizeof c);
    for (uint32_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++)
            mean[a] += ((double)near[i].p[a] - near[0].p[a]) / n;
    for (uint32_t i = 0; i < n; i++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                c[a][b] += ((double)near[i].p[a] - near[0].p[a] - mean[a]) *
                           ((double)near[i].p[b] - near[0].p[b] - mean[b]) * unit * unit /
                           (n > 1 ? n - 1 : 1);
    jacobi(c, l, v);
    sort_values(l, v);
    double up = v[2][2] < 0 ? -1 : 1, sum = l[0] + l[1] + l[2], entropy = 0;
    bool line = !(l[1] > 1e-9 * l[0]);
    for (int f = 0; f < SCREE_FEATURE_COUNT; f++)
        row[f] = SCREE_FEATURE_NO_DATA;
    if (n > 1)
        row[SCREE_FEATURE_NEIGHBOR_DISTANCE] = (float)reach;
    if (n > 0 && r > 0)
        row[SCREE_FEATURE_DENSITY] = (float)(n / (4.0 / 3.0 * acos(-1.0) * r * r * r));
    if (n < 3)
        return;
    row[SCREE_FEATURE_OMNIVARIANCE] = (float)cbrt(l[0] * l[1] * l[2]);
    row[SCREE_FEATURE_EIGENVALUE_SUM] = (float)sum;
    row[SCREE_FEATURE_ROUGHNESS] = (float)sqrt(l[2]);
    for (int i = 0; i < 3; i++) {
        row[SCREE_FEATURE_EIGENVALUE_1 + i] = (float)l[i];
        entropy -= l[i] > 0 ? l[i] / sum * log(l[i] / sum) : 0;
    }
    if (!(l[0] > 0))
        return;
    row[SCREE_FEATURE_LINEARITY] = (float)((l[0] - l[1]) / l[0]);
    row[SCREE_FEATURE_PLANARITY] = (float)((l[1] - l[2]) / l[0]);
    row[SCREE_FEATURE_SPHERICITY] = (float)(l[2] / l[0]);
    row[SCREE_FEATURE_ANISOTROPY] = (float)((l[0] - l[2]) / l[0]);
    row[SCREE_FEATURE_SURFACE_VARIATION] = (float)(l[2] / sum);
    row[SCREE_FEATURE_EIGENENTROPY] = (float)entropy;
    if (line)
        return;
    for (int i = 0; i < 3; i++)
        row[SCREE_FEATURE_NORMAL_X + i] = (float)(up * v[i][2]);
    row[SCREE_FEATURE_VERTICALITY] = (float)(1 - fabs(v[2][2]));
}

/* ---------------------------------------------------------------------------------------- ground */

static bool good_triangle(const struct scree__features_tin *tin, uint32_t t, double reach)
{
    struct features_circle circle;
    for (int i = 0; i < 3; i++)
        if (tin->network.triangles[t].corner[i] == FEATURES_GHOST)
            return false;
    scree__features_tin_circle(tin, t, &circle);
    return circle.radius2 <= reach * reach;
}

static float height(struct scree__features_tin *tin, uint32_t ground, const int32_t p[3],
                    double reach, double unit)
{
    struct features_spot spot;
    if (scree__features_tin_find(tin, p[0], p[1], &spot) && !spot.ghost && spot.corner == 3 &&
        (good_triangle(tin, spot.triangle, reach) ||
         (spot.edge != 3 &&
          good_triangle(tin, tin->network.triangles[spot.triangle].neighbour[spot.edge], reach))))
        return (float)(scree__features_tin_above(tin, &spot, p[0], p[1], p[2]) * unit);
    double best = 1e300;
    int32_t at[3] = {0, 0, 0};
    for (uint32_t i = 0; i < ground; i++) {
        double dx = (double)tin->x[i] - p[0], dy = (double)tin->y[i] - p[1];
        double d2 = dx * dx + dy * dy;
        bool first =
            d2 < best ||
            (d2 == best && (tin->x[i] < at[0] || (tin->x[i] == at[0] && tin->y[i] < at[1]) ||
                            (tin->x[i] == at[0] && tin->y[i] == at[1] && tin->z[i] < at[2])));
        if (!first)
            continue;
        best = d2;
        at[0] = tin->x[i];
        at[1] = tin->y[i];
        at[2] = tin->z[i];
    }
    return best <= reach * reach ? (float)(((double)p[2] - at[2]) * unit) : SCREE_FEATURE_NO_DATA;
}

void naive_heights(const struct naive_cloud *cloud, double unit, double reach, float *rows)
{
    struct scree__features_tin tin;
    int32_t *g = malloc((size_t)(cloud->count + 1) * 12);
    int32_t *x = g, *y = g + cloud->count, *z = y + cloud->count;
    uint32_t ground = 0;
    for (uint32_t i = 0; i < cloud->count; i++)
        if (cloud->classes[i] == 2) {
            x[ground] = cloud->x[i];
            y[ground] = cloud->y[i];
            z[ground++] = cloud->z[i];
        }
    if (scree__features_tin_build(NULL, x, y, z, ground, &tin, NULL) != SCREE_OK)
        abort();
    for (uint32_t i = 0; i < cloud->count; i++) {
        const int32_t p[3] = {cloud->x[i], cloud->y[i], cloud->z[i]};
        rows[(size_t)i * SCREE_FEATURE_COUNT + SCREE_FEATURE_HEIGHT_ABOVE_GROUND] =
            height(&tin, ground, p, reach, unit);
    }
    scree__features_tin_release(&tin);
    free(g);
}

/* Of ground points at one x, y the lowest; then the k nearest, weighted by 1 / distance². */
float naive_height_by_points(const struct naive_cloud *cloud, uint32_t i, double unit, uint32_t k,
                             double reach)
{
    double used = -1, weights = 0, sum = 0;
    int32_t after[2] = {INT32_MIN, INT32_MIN};
    const double z = cloud->z[i];
    for (uint32_t n = 0; n < k; n++) {
        double best = 1e300;
        int32_t at[3] = {0, 0, 0};
        for (uint32_t j = 0; j < cloud->count; j++) {
            const int32_t q[3] = {cloud->x[j], cloud->y[j], cloud->z[j]};
            const double dx = (double)q[0] - cloud->x[i], dy = (double)q[1] - cloud->y[i],
                         d2 = dx * dx + dy * dy;
            const bool later =
                d2 > used ||
                (d2 == used && (q[0] > after[0] || (q[0] == after[0] && q[1] > after[1])));
            const bool better =
                d2 < best || (d2 == best && (q[0] < at[0] || (q[0] == at[0] && q[1] < at[1]) ||
                                             (q[0] == at[0] && q[1] == at[1] && q[2] < at[2])));
            if (cloud->classes[j] != 2 || !later || !better || d2 > reach * reach)
                continue;
            best = d2;
            memcpy(at, q, sizeof at);
        }
        if (best > reach * reach)
            break;
        if (best == 0 || k == 1)
            return (float)((z - at[2]) * unit);
        sum += 1 / best * (z - at[2]);
        weights += 1 / best;
        used = best;
        memcpy(after, at, sizeof after);
    }
    return weights > 0 ? (float)(sum / weights * unit) : SCREE_FEATURE_NO_DATA;
}

void naive_rows(const struct naive_cloud *cloud, double unit, uint32_t k, double radius,
                double count_radius, double reach, float *rows)
{
    struct candidate *all = malloc((cloud->count + 1) * sizeof *all);
    double limit2 = radius > 0 ? radius / unit * radius / unit * (1 + 1e-9) : 1e300;
    double count2 = count_radius / unit * count_radius / unit * (1 + 1e-9);
    for (uint32_t i = 0; i < cloud->count; i++) {
        const int32_t p[3] = {cloud->x[i], cloud->y[i], cloud->z[i]};
        uint32_t n = 0, others = 0;
        for (uint32_t j = 0; j < cloud->count; j++) {
            const int32_t q[3] = {cloud->x[j], cloud->y[j], cloud->z[j]};
            bool noise = cloud->classes[j] == 7 || cloud->classes[j] == 18;
            double d2 = 0;
            for (int a = 0; a < 3; a++)
                d2 += ((double)p[a] - q[a]) * ((double)p[a] - q[a]);
            if (j != i && !noise && d2 <= count2)
                others++;
            /* Itself is one of its neighbours, even noise. */
            if ((noise && j != i) || d2 > limit2)
                continue;
            all[n].d2 = d2;
            if (j == i && noise)
                all[n].d2 = -1; /* first of all: it is not one of those that compete */
            memcpy(all[n++].p, q, sizeof q);
        }
        qsort(all, n, sizeof *all, by_distance);
        if (n > 0 && all[0].d2 < 0)
            all[0].d2 = 0;
        n = k > 0 && n > k ? k : n;
        shape(all, n, unit, k == 0 ? radius : 0, rows + (size_t)i * SCREE_FEATURE_COUNT);
        rows[(size_t)i * SCREE_FEATURE_COUNT + SCREE_FEATURE_NEIGHBOR_COUNT] = (float)others;
    }
    free(all);
    naive_heights(cloud, unit, floor(reach / unit + 0.5), rows);
}
