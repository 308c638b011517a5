/* eigen.c - covariances from exact sums; the matrices are solved several at a time by the loops of the level. */
#include "features/eigen.h"

#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* Below this share of the largest eigenvalue the second one is rounding: the points are on a line. */
#define LINE_SHARE 1e-14

static const int first_axis[6] = {0, 0, 0, 1, 1, 2}, second_axis[6] = {0, 1, 2, 1, 2, 2};

/* n * (sum of products) - (sum) * (sum), divided by n * (n - 1): exact up to the division where the
 * numbers are ordinary. */
static void covariance(const struct features_moments *moments, unsigned lane,
                       struct features_matrices *matrices)
{
    if (moments->count < 2) {
        for (int i = 0; i < 6; i++)
            matrices->at[i][lane] = 0;
        return;
    }
    double n = moments->count, scale = 1.0 / (n * (n - 1.0));
    /* n * n * reach2 < 2^62 bounds both terms. */
    bool exact = moments->count <= 1u << 20 &&
                 moments->reach2 <= ((uint64_t)1 << 62) / moments->count / moments->count;
    for (int i = 0; i < 6; i++) {
        int64_t a = moments->sum[first_axis[i]], b = moments->sum[second_axis[i]];
        if (exact) {
            int64_t sum = moments->low[i] + moments->high[i] * 4294967296;
            matrices->at[i][lane] = (double)((int64_t)moments->count * sum - a * b) * scale;
        } else {
            int64_t low = moments->low[i] & 0xFFFFFFFF;
            int64_t high = moments->high[i] + (moments->low[i] - low) / 4294967296;
            double sum = (double)high * 4294967296.0 + (double)low;
            matrices->at[i][lane] = (sum - (double)a * (double)b / n) / (n - 1.0);
        }
    }
}

static void point_up(double v[3])
{
    bool down = v[2] < 0 || (v[2] == 0 && (v[1] < 0 || (v[1] == 0 && v[0] < 0)));
    for (int i = 0; i < 3; i++)
        v[i] = down ? 0.0 - v[i] : v[i] + 0.0;
}

static void take_shape(const struct features_matrices *matrices, unsigned lane, uint32_t count,
                       struct features_shape *shape)
{
    for (int i = 0; i < 3; i++) {
        shape->value[i] = matrices->value[i][lane] > 0 ? matrices->value[i][lane] : 0;
        shape->normal[i] = matrices->vector[i][lane];
    }
    if (count < 3 || !(shape->value[1] > LINE_SHARE * shape->value[0]))
        memset(shape->normal, 0, sizeof shape->normal);
    else
        point_up(shape->normal);
}

void scree__features_shapes(const struct features_loops *loops,
                            const struct features_moments *moments, unsigned count,
                            struct features_shape *shapes)
{
    struct features_matrices matrices;
    for (unsigned i = 0; i < count; i++)
        covariance(&moments[i], i, &matrices);
    for (unsigned i = count; i % 8 != 0; i++)
        for (int j = 0; j < 6; j++)
            matrices.at[j][i] = 0;
    loops->solve(&matrices, count);
    for (unsigned i = 0; i < count; i++)
        take_shape(&matrices, i, moments[i].count, &shapes[i]);
}
