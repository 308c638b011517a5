/* test_enrich_invariants.c - what has to hold of every point: right values pass, whichever they are; each wrong one is found, by its number; a job with a wrong one has no output. */
#include "enrich/enrichment.h"
#include "enrich/heights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS = 3000, STRIDE = 100 };

static const enum scree_feature checked[9] = {
    SCREE_FEATURE_NORMAL_X,     SCREE_FEATURE_NORMAL_Y,     SCREE_FEATURE_NORMAL_Z,
    SCREE_FEATURE_LINEARITY,    SCREE_FEATURE_PLANARITY,    SCREE_FEATURE_SPHERICITY,
    SCREE_FEATURE_EIGENVALUE_1, SCREE_FEATURE_EIGENVALUE_2, SCREE_FEATURE_EIGENVALUE_3};

struct written {
    struct scree__enrich_field fields[SCREE_FEATURE_COUNT];
    uint32_t count;
    struct scree__enrich_invariants invariants;
    float values[SCREE_FEATURE_COUNT][POINTS];
    uint8_t records[POINTS * STRIDE];
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static double share(uint32_t *state)
{
    return next(state) / 16777216.0;
}

/* As a run makes them: doubles, rounded once. Some points have none; some are flat, or a line. */
static void set_point(struct written *written, uint32_t i, uint32_t *state)
{
    const uint32_t kind = next(state) % 8;
    double l[3], n[3], length = 0;
    for (unsigned a = 0; a < 3; a++) {
        l[a] = share(state) * (a > 0 ? l[a - 1] : 100) * (kind == 1 && a == 2 ? 0 : 1);
        n[a] = share(state) * 2 - 1;
        length += n[a] * n[a];
    }
    for (unsigned a = 0; a < 3; a++) {
        written->values[checked[a]][i] = (float)(n[a] / sqrt(length));
        written->values[checked[6 + a]][i] = (float)l[a];
    }
    written->values[SCREE_FEATURE_LINEARITY][i] = (float)((l[0] - l[1]) / l[0]);
    written->values[SCREE_FEATURE_PLANARITY][i] = (float)((l[1] - l[2]) / l[0]);
    written->values[SCREE_FEATURE_SPHERICITY][i] = (float)(l[2] / l[0]);
    for (unsigned f = 0; kind == 0 && f < 9; f++)
        written->values[checked[f]][i] = SCREE_FEATURE_NO_DATA;
}

static void make(struct written *written, uint64_t features, bool compact)
{
    static const struct scree__enrich_terms terms = {.k = 20, .ground = "TIN", .unit = "m"};
    uint32_t state = 3;
    memset(written, 0, sizeof *written);
    written->count = scree__enrich_fields_make(features, compact, false, &terms, written->fields);
    scree__enrich_invariants_init(&written->invariants, written->fields, written->count);
    for (uint32_t i = 0; i < POINTS; i++)
        set_point(written, i, &state);
    uint32_t at = 0;
    for (uint32_t f = 0; f < written->count; f++) {
        scree__enrich_store(written->fields[f].feature, compact,
                            written->values[written->fields[f].feature], 1, POINTS,
                            written->records + at, STRIDE);
        at += written->fields[f].bytes;
    }
    assert_true(at <= STRIDE);
}

static enum scree_status check(const struct written *written, struct scree_error *err)
{
    return scree__enrich_invariants_check(&written->invariants, written->records, STRIDE, POINTS,
                                          1000, "made.las", err);
}

/* The point's value is another one: found, with its number and the feature's name. */
static void spoil(struct written *written, enum scree_feature feature, uint32_t point, float value)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint8_t kept[STRIDE], *record = written->records + (size_t)point * STRIDE;
    uint32_t at = 0;
    char place[40];
    memcpy(kept, record, STRIDE);
    for (uint32_t f = 0; written->fields[f].feature != feature; f++)
        at += written->fields[f].bytes;
    scree__enrich_store(feature, written->fields[0].compact, &value, 1, 1, record + at, STRIDE);
    if (memcmp(kept, record, STRIDE) == 0)
        fail_msg("%s of point %u is %g already", scree_feature_info(feature)->name, point,
                 (double)value);
    if (check(written, &err) != SCREE_E_DATA)
        fail_msg("%s of point %u made %.9g: not seen", scree_feature_info(feature)->name, point,
                 (double)value);
    snprintf(place, sizeof place, "made.las: point %u: ", point + 1000);
    assert_memory_equal(err.message, place, strlen(place));
    assert_non_null(strstr(err.message, scree_feature_info(feature)->name));
    memcpy(record, kept, STRIDE);
    assert_int_equal(check(written, NULL), SCREE_OK);
}

static void spoil_point(struct written *written, uint32_t i, bool compact)
{
    const bool none = written->values[SCREE_FEATURE_LINEARITY][i] == SCREE_FEATURE_NO_DATA;
    for (unsigned f = 0; f < 9; f++) {
        const float value = written->values[checked[f]][i];
        if (none) {
            spoil(written, checked[f], i, 0.25F);
            continue;
        }
        spoil(written, checked[f], i, SCREE_FEATURE_NO_DATA);
        if (f >= 6) {
            spoil(written, checked[f], i, f == 6 ? -1.0F : f == 7 ? 101.0F : -1e-30F);
            spoil(written, checked[f], i, NAN);
            continue;
        }
        if (!compact)
            spoil(written, checked[f], i, NAN);
        if (f >= 3)
            spoil(written, checked[f], i,
                  value + (value > 0.5F ? -1 : 1) * (compact ? 4.6e-5F : 3e-6F));
        else if (fabsf(value) > (compact ? 0.9F : 0.5F))
            spoil(written, checked[f], i, value * (compact ? 1 - 7.5e-5F : 1 + 1e-5F));
    }
}

static void test_values(void **state)
{
    (void)state;
    static struct written written;
    uint64_t features = SCREE_FEATURE_BIT(SCREE_FEATURE_COUNT) - 1;
    for (int compact = 0; compact < 2; compact++) {
        struct scree_error err = SCREE_ERROR_INIT;
        make(&written, features, compact != 0);
        assert_int_equal(written.invariants.count, 3);
        if (check(&written, &err) != SCREE_OK)
            fail_msg("%s", err.message);
        for (uint32_t i = 0; i < POINTS; i += 271)
            spoil_point(&written, i, compact != 0);
        spoil_point(&written, POINTS - 1, compact != 0);
    }
}

/* Of three that belong together one is not written: there is nothing to look at. */
static void test_subsets(void **state)
{
    (void)state;
    static struct written written;
    for (unsigned f = 0; f < 9; f++) {
        make(&written,
             (SCREE_FEATURE_BIT(SCREE_FEATURE_COUNT) - 1) & ~SCREE_FEATURE_BIT(checked[f]), false);
        assert_int_equal(written.invariants.count, 2);
        assert_int_equal(check(&written, NULL), SCREE_OK);
        for (uint32_t t = 0; t < 2; t++)
            assert_true(written.invariants.threes[t].which != (f < 3 ? 1 : f < 6 ? 0 : 2));
    }
}

/* --------------------------------------------------------------------------------- ground points */

enum { GROUND = 400 };

struct ground_made {
    struct scree__enrich_window window;
    struct scree__enrich_question question;
    struct scree__enrich_ground ground;
    struct scree__enrich_core core[GROUND];
    struct scree__enrich_values values[GROUND];
    struct features_corner corners[GROUND];
};

/* Two at each place, the second one higher, all in the part; the window's middle is not at 0. */
static void make_ground(struct ground_made *made)
{
    uint32_t state = 9;
    memset(made, 0, sizeof *made);
    made->question = (struct scree__enrich_question){
        .name = "made.las", .heights = true, .unit = 0.01, .ground_mode = SCREE_GROUND_TIN};
    made->window.question = &made->question;
    made->window.core = made->core;
    made->window.values = made->values;
    made->ground.window = &made->window;
    for (unsigned a = 0; a < 3; a++)
        made->window.middle[a] = 500000 + (int32_t)a;
    for (unsigned a = 0; a < 2; a++) {
        made->ground.whole_min[a] = -20000;
        made->ground.whole_max[a] = 20000;
    }
    for (unsigned i = 0; i < GROUND; i++) {
        const int32_t up = i % 2 == 0 ? 0 : 1 + (int32_t)(next(&state) % 500);
        for (unsigned a = 0; a < 3; a++) {
            const int32_t at = (int32_t)(next(&state) % 20000) - 10000;
            made->core[i].at[a] =
                i % 2 == 0 ? at + made->window.middle[a] : made->core[i - 1].at[a];
        }
        made->core[i].at[2] += up;
        made->core[i].roles = ENRICH_GROUND | ENRICH_WANTED | ENRICH_NEIGHBOR;
        made->core[i].source = 7000 + i;
        made->values[i].height = (float)(up * 0.01);
        made->corners[i] = (struct features_corner){made->core[i].at[0] - made->window.middle[0],
                                                    made->core[i].at[1] - made->window.middle[1],
                                                    made->core[i].at[2] - made->window.middle[2]};
    }
    assert_int_equal(
        scree__features_ground_build(NULL, made->corners, GROUND, &made->ground.near, NULL),
        SCREE_OK);
}

static enum scree_status check_ground(struct ground_made *made, unsigned first, unsigned end,
                                      struct scree_error *err)
{
    for (unsigned i = first; i < end; i++)
        scree__enrich_ground_note(&made->ground, i);
    return scree__enrich_ground_check(&made->ground, err);
}

static void test_ground(void **state)
{
    (void)state;
    static struct ground_made made;
    struct scree_error err = SCREE_ERROR_INIT;
    make_ground(&made);
    for (unsigned first = 0; first < GROUND; first += 20)
        assert_int_equal(check_ground(&made, first, first + 20, NULL), SCREE_OK);
    for (unsigned i = 1; i < GROUND; i += 38) { /* a height that no ground point explains */
        made.values[i].height += 0.01F;
        assert_int_equal(check_ground(&made, i - 1, i + 1, &err), SCREE_E_DATA);
        made.values[i].height -= 0.01F;
        char place[80];
        snprintf(place, sizeof place, "made.las: point %u: HeightAboveGround ", 7000 + i);
        assert_memory_equal(err.message, place, strlen(place));
        err = (struct scree_error)SCREE_ERROR_INIT;
        made.core[i].at[0] += 30000; /* beyond what was read: not known */
        assert_int_equal(check_ground(&made, i - 1, i + 1, NULL), SCREE_OK);
        made.core[i].at[0] -= 29999; /* no ground point at its place */
        assert_int_equal(check_ground(&made, i - 1, i + 1, NULL), SCREE_E_DATA);
        made.core[i].roles = ENRICH_WANTED | ENRICH_NEIGHBOR; /* and none itself */
        assert_int_equal(check_ground(&made, i - 1, i + 1, NULL), SCREE_OK);
    }
    scree__features_ground_release(&made.ground.near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_subsets),
                                       cmocka_unit_test(test_ground)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
