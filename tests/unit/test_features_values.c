/* test_features_values.c - features against their formulas in the mathematics library's functions, and where they are not defined. */
#include "features/formulas_here.h"
#include "features/values.h"
#include "simd/level.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 7;

static double random_unit(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static double one_of(reals v)
{
    (void)formulas; /* here by its parts alone */
    double each[REALS];
    reals_store(each, v);
    for (unsigned i = 1; i < REALS; i++)
        assert_true(each[i] == each[0]);
    return each[0];
}

static void functions(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double x = exp(random_unit() * 1200 - 600);
        assert_true(fabs(one_of(cube_root(reals_all(x))) / cbrt(x) - 1) < 4 * DBL_EPSILON);
        x = i % 2 ? x : 1 + (random_unit() - 0.5) * 1e-3;
        double expected = log(x);
        assert_true(fabs(one_of(logarithm(reals_all(x))) - expected) <=
                    4 * DBL_EPSILON * fabs(expected) + 1e-18);
    }
    assert_true(one_of(logarithm(reals_all(1))) == 0);
}

static void near(float value, double expected)
{
    assert_true(fabs(value - expected) <= 1e-7 * fabs(expected) + 1e-30);
}

static void by_formulas(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        float values[1][FEATURES_VALUES];
        bool roots = i % 2;
        struct features_rules rules = {roots, i % 3 == 0 ? 2.5 : 0};
        double a = exp(random_unit() * 20 - 10), b = a * random_unit(), c = b * random_unit();
        struct features_row row = {{0.6F, 0, 0.8F}, {(float)a, (float)b, (float)c}, 1.25F, 20};
        scree__features_values(&row, 1, &rules, values);
        double l1 = row.eigenvalue[0], l2 = row.eigenvalue[1], l3 = row.eigenvalue[2];
        near(values[0][FEATURES_OMNIVARIANCE], cbrt(l1 * l2 * l3));
        near(values[0][FEATURES_EIGENVALUE_SUM], l1 + l2 + l3);
        near(values[0][FEATURES_ROUGHNESS], sqrt(l3));
        near(values[0][FEATURES_EIGENVALUE_2], l2);
        if (roots) {
            l1 = sqrt(l1);
            l2 = sqrt(l2);
            l3 = sqrt(l3);
        }
        double s = l1 + l2 + l3;
        near(values[0][FEATURES_LINEARITY], (l1 - l2) / l1);
        near(values[0][FEATURES_PLANARITY], (l2 - l3) / l1);
        near(values[0][FEATURES_SPHERICITY], l3 / l1);
        near(values[0][FEATURES_ANISOTROPY], (l1 - l3) / l1);
        near(values[0][FEATURES_SURFACE_VARIATION], l3 / s);
        near(values[0][FEATURES_EIGENENTROPY],
             -(l1 / s * log(l1 / s) + l2 / s * log(l2 / s) + l3 / s * log(l3 / s)));
        near(values[0][FEATURES_VERTICALITY], 1 - (double)0.8F);
        near(values[0][FEATURES_NORMAL_X], (double)0.6F);
        double r = rules.radius > 0 ? rules.radius : 1.25;
        near(values[0][FEATURES_DENSITY], 20 / (4.0 / 3 * acos(-1) * r * r * r));
        near(values[0][FEATURES_NEIGHBOR_DISTANCE], 1.25);
    }
}

static void undefined(void **state)
{
    (void)state;
    float values[1][FEATURES_VALUES];
    const struct features_rules rules = {false, 0};
    const struct features_row alone = {{0, 0, 0}, {0, 0, 0}, 0, 1};
    scree__features_values(&alone, 1, &rules, values);
    for (int i = 0; i < FEATURES_VALUES; i++)
        assert_true(values[0][i] == FEATURES_NO_DATA);

    const struct features_row heap = {{0, 0, 0}, {0, 0, 0}, 0, 20};
    scree__features_values(&heap, 1, &rules, values);
    assert_true(values[0][FEATURES_LINEARITY] == FEATURES_NO_DATA);
    assert_true(values[0][FEATURES_NORMAL_Z] == FEATURES_NO_DATA);
    assert_true(values[0][FEATURES_VERTICALITY] == FEATURES_NO_DATA);
    assert_true(values[0][FEATURES_DENSITY] == FEATURES_NO_DATA);
    assert_true(values[0][FEATURES_EIGENVALUE_SUM] == 0);
    assert_true(values[0][FEATURES_ROUGHNESS] == 0);
    assert_true(values[0][FEATURES_NEIGHBOR_DISTANCE] == 0);

    const struct features_row line = {{0, 0, 0}, {4, 0, 0}, 3, 20};
    scree__features_values(&line, 1, &rules, values);
    assert_true(values[0][FEATURES_LINEARITY] == 1);
    assert_true(values[0][FEATURES_EIGENENTROPY] == 0);
    assert_true(values[0][FEATURES_VERTICALITY] == FEATURES_NO_DATA);
}

/* Rows of all kinds, some of them without shapes. */
static struct features_row random_row(int i)
{
    const double a = exp(random_unit() * 40 - 20), b = a * random_unit(), c = b * random_unit();
    struct features_row row = {{0.6F, -0.64F, 0.48F}, {(float)a, (float)b, (float)c}, 0.5F, 20};
    if (i % 7 == 3)
        row.eigenvalue[2] = 0;
    if (i % 11 == 5)
        row = (struct features_row){{0, 0, 0}, {0, 0, 0}, 0, (uint32_t)i % 4};
    return row;
}

enum { ROWS = 1003 };

/* Any number of rows at once and at each level: the same bits. */
static void levels(void **state)
{
    (void)state;
    static struct features_row rows[ROWS];
    static float expected[ROWS][FEATURES_VALUES], values[ROWS][FEATURES_VALUES];
    for (int i = 0; i < ROWS; i++)
        rows[i] = random_row(i);
    for (int roots = 0; roots < 2; roots++) {
        const struct features_rules rules = {roots != 0, 0};
        scree__simd_force(SCREE__SIMD_PLAIN);
        for (uint32_t i = 0; i < ROWS; i++)
            scree__features_values(&rows[i], 1, &rules, &expected[i]);
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_AVX512; level++) {
            scree__simd_force((enum scree__simd_level)level);
            memset(values, 0, sizeof values);
            scree__features_values(rows, ROWS, &rules, values);
            assert_memory_equal(values, expected, sizeof values);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions),
        cmocka_unit_test(by_formulas),
        cmocka_unit_test(undefined),
        cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
