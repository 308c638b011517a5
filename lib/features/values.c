/* values.c - features by their formulas, and the two functions of the mathematics library that they need, so that a result does not depend on whose library it is. */
#include "features/values.h"

#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* A third of the exponent is within a tenth of the root; four of Halley's steps, each of which
 * triples the digits. */
double scree__features_cube_root(double x)
{
    if (!(x > 0))
        return 0;
    double y = from_bits(bits_of(x) / 3 + 0x2A9F7625B6B0A000u);
    for (int i = 0; i < 4; i++) {
        double cube = y * y * y;
        y = y * ((cube + 2.0 * x) / (2.0 * cube + x));
    }
    return y;
}

/* The mantissa of 1.4142135623730951. */
#define ROOT_OF_2 0x6A09E667F3BCDu

/* x = 2^e m, m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh((m - 1) / (m + 1)), |argument| < 0.1716. */
double scree__features_logarithm(double x)
{
    static const double inverse[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                     1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
    uint64_t bits = bits_of(x), fraction = bits & 0xFFFFFFFFFFFFFu;
    /* Mantissas beyond the root of 2 are halved: which of them is as good as random, so no branch. */
    uint64_t above = (ROOT_OF_2 - fraction) >> 63;
    int exponent = (int)(bits >> 52) - 1023 + (int)above;
    double m = from_bits(fraction | (uint64_t)(0x3FF - above) << 52);
    double t = (m - 1.0) / (m + 1.0), t2 = t * t, sum = 0;
    for (unsigned i = 0; i < sizeof inverse / sizeof *inverse; i++)
        sum = (sum + inverse[i]) * t2;
    return exponent * 0.6931471805599453 + 2.0 * (t + t * sum);
}

static float float_of(bool defined, double value)
{
    return defined ? (float)value : FEATURES_NO_DATA;
}

static double entropy(const double l[3], double sum)
{
    double entropy = 0;
    for (int i = 0; i < 3; i++) {
        double p = l[i] / sum;
        if (p > 1e-300)
            entropy -= p * scree__features_logarithm(p);
    }
    return entropy;
}

static double density(const struct features_row *row, double radius)
{
    double r = radius > 0 ? radius : (double)row->reach;
    return row->count / (4.1887902047863905 * r * r * r);
}

/* From the eigenvalues in the mode of the rules. */
static void set_ratios(const double l[3], bool defined, float *values)
{
    double sum = l[0] + l[1] + l[2];
    values[FEATURES_LINEARITY] = float_of(defined, (l[0] - l[1]) / l[0]);
    values[FEATURES_PLANARITY] = float_of(defined, (l[1] - l[2]) / l[0]);
    values[FEATURES_SPHERICITY] = float_of(defined, l[2] / l[0]);
    values[FEATURES_ANISOTROPY] = float_of(defined, (l[0] - l[2]) / l[0]);
    values[FEATURES_SURFACE_VARIATION] = float_of(defined, l[2] / sum);
    values[FEATURES_EIGENENTROPY] = float_of(defined, defined ? entropy(l, sum) : 0);
}

void scree__features_values(const struct features_row *row, const struct features_rules *rules,
                            float values[FEATURES_VALUES])
{
    const double l[3] = {row->eigenvalue[0], row->eigenvalue[1], row->eigenvalue[2]};
    bool enough = row->count >= 3, spread = enough && l[0] > 0;
    bool normal = row->normal[0] != 0 || row->normal[1] != 0 || row->normal[2] != 0;
    double ratio[3];
    for (int i = 0; i < 3; i++) {
        ratio[i] = rules->square_roots ? sqrt(l[i]) : l[i];
        values[FEATURES_NORMAL_X + i] = normal ? row->normal[i] : FEATURES_NO_DATA;
        values[FEATURES_EIGENVALUE_1 + i] = enough ? row->eigenvalue[i] : FEATURES_NO_DATA;
    }
    set_ratios(ratio, spread, values);
    values[FEATURES_OMNIVARIANCE] = float_of(enough, scree__features_cube_root(l[0] * l[1] * l[2]));
    values[FEATURES_EIGENVALUE_SUM] = float_of(enough, l[0] + l[1] + l[2]);
    values[FEATURES_VERTICALITY] = float_of(normal, 1.0 - fabs((double)row->normal[2]));
    values[FEATURES_ROUGHNESS] = float_of(enough, sqrt(l[2]));
    values[FEATURES_DENSITY] = float_of(row->count > 0 && (rules->radius > 0 || row->reach > 0),
                                        density(row, rules->radius));
    values[FEATURES_NEIGHBOR_DISTANCE] = float_of(row->count > 1, row->reach);
}
