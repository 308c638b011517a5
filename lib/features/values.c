/* values.c - features by their formulas (formulas_here.h), and where they are not defined. */
#include "features/values.h"
#include "features/nearest.h"

#include <math.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

static float float_of(bool defined, double value)
{
    return defined ? (float)value : FEATURES_NO_DATA;
}

static double density(const struct features_row *row, double radius)
{
    double r = radius > 0 ? radius : (double)row->reach;
    return row->count / (4.1887902047863905 * r * r * r);
}

static void take_values(const struct features_row *row, const struct features_formulas *from,
                        unsigned lane, double radius, float *values)
{
    bool enough = row->count >= 3, spread = enough && row->eigenvalue[0] > 0;
    bool normal = row->normal[0] != 0 || row->normal[1] != 0 || row->normal[2] != 0;
    for (int i = 0; i < 3; i++) {
        values[FEATURES_NORMAL_X + i] = normal ? row->normal[i] : FEATURES_NO_DATA;
        values[FEATURES_EIGENVALUE_1 + i] = enough ? row->eigenvalue[i] : FEATURES_NO_DATA;
    }
    values[FEATURES_LINEARITY] = float_of(spread, from->linearity[lane]);
    values[FEATURES_PLANARITY] = float_of(spread, from->planarity[lane]);
    values[FEATURES_SPHERICITY] = float_of(spread, from->sphericity[lane]);
    values[FEATURES_ANISOTROPY] = float_of(spread, from->anisotropy[lane]);
    values[FEATURES_SURFACE_VARIATION] = float_of(spread, from->variation[lane]);
    values[FEATURES_EIGENENTROPY] = float_of(spread, from->entropy[lane]);
    values[FEATURES_OMNIVARIANCE] = float_of(enough, from->omnivariance[lane]);
    values[FEATURES_EIGENVALUE_SUM] = float_of(enough, from->sum[lane]);
    values[FEATURES_VERTICALITY] = float_of(normal, 1.0 - fabs((double)row->normal[2]));
    values[FEATURES_ROUGHNESS] = float_of(enough, from->roughness[lane]);
    values[FEATURES_DENSITY] =
        float_of(row->count > 0 && (radius > 0 || row->reach > 0), density(row, radius));
    values[FEATURES_NEIGHBOR_DISTANCE] = float_of(row->count > 1, row->reach);
}

static void some_values(const struct features_loops *loops, const struct features_row *rows,
                        unsigned count, const struct features_rules *rules,
                        float (*values)[FEATURES_VALUES])
{
    struct features_formulas formulas;
    formulas.square_roots = rules->square_roots;
    for (int i = 0; i < 3; i++) {
        for (unsigned j = 0; j < count; j++)
            formulas.value[i][j] = rows[j].eigenvalue[i];
        for (unsigned j = count; j % 8 != 0; j++)
            formulas.value[i][j] = 0;
    }
    loops->formulas(&formulas, count);
    for (unsigned j = 0; j < count; j++)
        take_values(&rows[j], &formulas, j, rules->radius, values[j]);
}

void scree__features_values(const struct features_row *rows, uint32_t count,
                            const struct features_rules *rules, float (*values)[FEATURES_VALUES])
{
    const struct features_loops *loops = scree__features_loops();
    for (uint32_t i = 0; i < count; i += FEATURES_SHAPES)
        some_values(loops, rows + i, count - i < FEATURES_SHAPES ? count - i : FEATURES_SHAPES,
                    rules, values + i);
}
