/* test_features_values.c - features against their formulas in the mathematics library's functions, and where they are not defined. */
#include "features/values.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t seed = 7;

static double random_unit(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static void functions(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double x = exp(random_unit() * 1200 - 600);
        assert_true(fabs(scree__features_cube_root(x) / cbrt(x) - 1) < 4 * DBL_EPSILON);
        x = i % 2 ? x : 1 + (random_unit() - 0.5) * 1e-3;
        double expected = log(x);
        assert_true(fabs(scree__features_logarithm(x) - expected) <=
                    4 * DBL_EPSILON * fabs(expected) + 1e-18);
    }
    assert_true(scree__features_cube_root(0) == 0);
    assert_true(scree__features_logarithm(1) == 0);
}

static void near(float value, double expected)
{
    assert_true(fabs(value - expected) <= 1e-7 * fabs(expected) + 1e-30);
}

static void formulas(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        float values[FEATURES_VALUES];
        bool roots = i % 2;
        struct features_rules rules = {roots, i % 3 == 0 ? 2.5 : 0};
        double a = exp(random_unit() * 20 - 10), b = a * random_unit(), c = b * random_unit();
        struct features_row row = {{0.6F, 0, 0.8F}, {(float)a, (float)b, (float)c}, 1.25F, 20};
        scree__features_values(&row, &rules, values);
        double l1 = row.eigenvalue[0], l2 = row.eigenvalue[1], l3 = row.eigenvalue[2];
        near(values[FEATURES_OMNIVARIANCE], cbrt(l1 * l2 * l3));
        near(values[FEATURES_EIGENVALUE_SUM], l1 + l2 + l3);
        near(values[FEATURES_ROUGHNESS], sqrt(l3));
        near(values[FEATURES_EIGENVALUE_2], l2);
        if (roots) {
            l1 = sqrt(l1);
            l2 = sqrt(l2);
            l3 = sqrt(l3);
        }
        double s = l1 + l2 + l3;
        near(values[FEATURES_LINEARITY], (l1 - l2) / l1);
        near(values[FEATURES_PLANARITY], (l2 - l3) / l1);
        near(values[FEATURES_SPHERICITY], l3 / l1);
        near(values[FEATURES_ANISOTROPY], (l1 - l3) / l1);
        near(values[FEATURES_SURFACE_VARIATION], l3 / s);
        near(values[FEATURES_EIGENENTROPY],
             -(l1 / s * log(l1 / s) + l2 / s * log(l2 / s) + l3 / s * log(l3 / s)));
        near(values[FEATURES_VERTICALITY], 1 - (double)0.8F);
        near(values[FEATURES_NORMAL_X], (double)0.6F);
        double r = rules.radius > 0 ? rules.radius : 1.25;
        near(values[FEATURES_DENSITY], 20 / (4.0 / 3 * acos(-1) * r * r * r));
        near(values[FEATURES_NEIGHBOR_DISTANCE], 1.25);
    }
}

static void undefined(void **state)
{
    (void)state;
    float values[FEATURES_VALUES];
    const struct features_rules rules = {false, 0};
    const struct features_row alone = {{0, 0, 0}, {0, 0, 0}, 0, 1};
    scree__features_values(&alone, &rules, values);
    for (int i = 0; i < FEATURES_VALUES; i++)
        assert_true(values[i] == FEATURES_NO_DATA);

    const struct features_row heap = {{0, 0, 0}, {0, 0, 0}, 0, 20};
    scree__features_values(&heap, &rules, values);
    assert_true(values[FEATURES_LINEARITY] == FEATURES_NO_DATA);
    assert_true(values[FEATURES_NORMAL_Z] == FEATURES_NO_DATA);
    assert_true(values[FEATURES_VERTICALITY] == FEATURES_NO_DATA);
    assert_true(values[FEATURES_DENSITY] == FEATURES_NO_DATA);
    assert_true(values[FEATURES_EIGENVALUE_SUM] == 0);
    assert_true(values[FEATURES_ROUGHNESS] == 0);
    assert_true(values[FEATURES_NEIGHBOR_DISTANCE] == 0);

    const struct features_row line = {{0, 0, 0}, {4, 0, 0}, 3, 20};
    scree__features_values(&line, &rules, values);
    assert_true(values[FEATURES_LINEARITY] == 1);
    assert_true(values[FEATURES_EIGENENTROPY] == 0);
    assert_true(values[FEATURES_VERTICALITY] == FEATURES_NO_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions),
        cmocka_unit_test(formulas),
        cmocka_unit_test(undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
