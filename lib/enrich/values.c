/*
 * values.c - features by lib/features, and the scores.
 *
 * Scores are from 0 to 1. Calibrated: fitted to classified files; buildings are smooth, stand well above the ground, and send back one
 * return where plants send several. Seed: as the IGN LiDAR HD data set tool 1.0 has them, heights aside.
 */
#include "enrich/values.h"

#include <string.h>

#define SCORES                                                                                   \
    (SCREE_FEATURE_BIT(SCREE_FEATURE_WALL_SCORE) | SCREE_FEATURE_BIT(SCREE_FEATURE_ROOF_SCORE) | \
     SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE))

bool scree__enrich_needs_heights(uint64_t features)
{
    return (features & (SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND) | SCORES)) != 0;
}

bool scree__enrich_needs_counts(uint64_t features, enum scree_score_mode mode)
{
    return (features & SCREE_FEATURE_BIT(SCREE_FEATURE_NEIGHBOR_COUNT)) != 0 ||
           (mode == SCREE_SCORE_CALIBRATED && (features & SCORES) != 0);
}

bool scree__enrich_needs_shapes(uint64_t features)
{
    return (features & ~(SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND) |
                         SCREE_FEATURE_BIT(SCREE_FEATURE_NEIGHBOR_COUNT))) != 0;
}

void scree__enrich_select(struct scree__enrich_rules *rules, uint64_t features)
{
    rules->count = 0;
    rules->shapes = scree__enrich_needs_shapes(features);
    rules->scores = (features & SCORES) != 0;
    for (unsigned f = 0; f < SCREE_FEATURE_COUNT; f++)
        if (features & SCREE_FEATURE_BIT(f))
            rules->selected[rules->count++] = (enum scree_feature)f;
}

/* ----------------------------------------------------------------------------------------- scores */

static double clip(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Everything that scores look at; heights in metres. */
struct seen {
    double up, height, variation, deviation, planarity, early;
};

static double wall_seed(const struct seen *seen)
{
    return (1 - seen->up) * clip((seen->height - 1.5) / 5);
}

static double roof_seed(const struct seen *seen)
{
    return seen->up * clip((seen->height - 2) / 8) * (1 - clip(seen->deviation / 0.5));
}

/* x from low to high as 0 to 1. */
static double ramp(double x, double low, double high)
{
    return clip((x - low) / (high - low));
}

/*
 * How much a point is one of a building: above 0 where it rather is. A logistic regression on files with class 6, by tools/fit_scores, whose intercept is moved so that 0
 * is the threshold with the best F1. bench/results/enrich-*.md has how good it is on files that it was not fitted to.
 */
static double building_odds(const struct seen *seen)
{
    return -6.15 + 7.76 * ramp(seen->height, 0, 2) + 0.75 * ramp(seen->height, 2, 5) -
           2.14 * ramp(seen->height, 5, 20) - 1.64 * ramp(seen->variation, 0, 0.02) -
           1.42 * ramp(seen->variation, 0.02, 0.12) + 0.90 * seen->planarity +
           0.05 * ramp(seen->deviation, 0, 0.1) + 0.97 * ramp(seen->deviation, 0.1, 0.5) +
           0.73 * ramp(seen->early, 0, 0.1) - 4.62 * ramp(seen->early, 0.1, 0.6) +
           0.02 * ramp(1 - seen->up, 0, 0.3) - 0.30 * ramp(1 - seen->up, 0.3, 1);
}

/* From odds to a score from 0 to 1, 0.5 for 0, without an exponential function. */
static double score_of(double odds)
{
    return 0.5 + 0.5 * odds / (1 + (odds < 0 ? -odds : odds));
}

/* Surfaces with normals between these are as much walls as roofs. */
static double wall_share(const struct seen *seen)
{
    return 2 * ramp(0.6 - seen->up, 0, 0.2);
}

static double wall_calibrated(const struct seen *seen)
{
    return score_of(building_odds(seen)) * clip(wall_share(seen));
}

static double roof_calibrated(const struct seen *seen)
{
    return score_of(building_odds(seen)) * clip(2 - wall_share(seen));
}

static void set_scores(const struct scree__enrich_rules *rules,
                       const struct scree__enrich_values *values, const float *shape,
                       float scores[3])
{
    struct seen seen;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): scores have shapes */
    if (shape[FEATURES_NORMAL_Z] == SCREE_FEATURE_NO_DATA ||
        values->height == SCREE_FEATURE_NO_DATA)
        return;
    seen.up = shape[FEATURES_NORMAL_Z] < 0 ? -(double)shape[FEATURES_NORMAL_Z]
                                           : (double)shape[FEATURES_NORMAL_Z];
    seen.height = (double)values->height * rules->metres;
    seen.variation = (double)shape[FEATURES_SURFACE_VARIATION];
    seen.deviation = (double)shape[FEATURES_ROUGHNESS] * rules->metres;
    seen.planarity = (double)shape[FEATURES_PLANARITY];
    seen.early = (values->count >> 24) / 255.0;
    bool seed = rules->score_mode == SCREE_SCORE_SEED;
    scores[0] = (float)(seed ? wall_seed(&seen) : wall_calibrated(&seen));
    scores[1] = (float)(seed ? roof_seed(&seen) : roof_calibrated(&seen));
    scores[2] = scores[0] > scores[1] ? scores[0] : scores[1];
}

/* --------------------------------------------------------------------------------------- features */

static void select_values(const struct scree__enrich_rules *rules,
                          const struct scree__enrich_values *values, const float *shape, float *out)
{
    float scores[3] = {SCREE_FEATURE_NO_DATA, SCREE_FEATURE_NO_DATA, SCREE_FEATURE_NO_DATA};
    if (rules->scores)
        set_scores(rules, values, shape, scores);
    for (uint32_t i = 0; i < rules->count; i++) {
        enum scree_feature f = rules->selected[i];
        if (f <= SCREE_FEATURE_NEIGHBOR_DISTANCE)
            out[i] = shape[f];
        else if (f >= SCREE_FEATURE_EIGENVALUE_1)
            out[i] = shape[FEATURES_EIGENVALUE_1 + (f - SCREE_FEATURE_EIGENVALUE_1)];
        else if (f == SCREE_FEATURE_HEIGHT_ABOVE_GROUND)
            out[i] = values->height;
        else if (f == SCREE_FEATURE_NEIGHBOR_COUNT)
            out[i] = (float)(values->count & 0xFFFFFFu);
        else
            out[i] = scores[f - SCREE_FEATURE_WALL_SCORE];
    }
}

static void find_shapes(const struct scree__enrich_rules *rules,
                        const struct scree__enrich_values *values, uint32_t count,
                        float (*shapes)[FEATURES_VALUES])
{
    struct features_row rows[ENRICH_DERIVED_AT_ONCE];
    rows[0] = values[0].row;
    for (uint32_t i = 1; i < count; i++)
        rows[i] = values[i].row;
    scree__features_values(rows, count, &rules->features, shapes);
}

void scree__enrich_derive(const struct scree__enrich_rules *rules,
                          const struct scree__enrich_values *values, uint32_t count, float *out)
{
    float shapes[ENRICH_DERIVED_AT_ONCE][FEATURES_VALUES];
    if (rules->shapes)
        find_shapes(rules, values, count, shapes);
    for (uint32_t i = 0; i < count; i++)
        select_values(rules, &values[i], shapes[i], out + (size_t)i * rules->count);
}

void scree__enrich_lacks(const struct scree__enrich_rules *rules,
                         const struct scree__enrich_values *values, uint64_t lacks[ENRICH_LACKS])
{
    const struct features_row *row = &values->row;
    bool normal = row->normal[0] != 0 || row->normal[1] != 0 || row->normal[2] != 0;
    bool height = values->height != SCREE_FEATURE_NO_DATA;
    lacks[ENRICH_LACK_POINTS] += row->count < 3;
    lacks[ENRICH_LACK_SPREAD] += row->count < 3 || !(row->eigenvalue[0] > 0);
    lacks[ENRICH_LACK_NORMAL] += !normal;
    lacks[ENRICH_LACK_DENSITY] +=
        row->count == 0 || !(rules->features.radius > 0 || row->reach > 0);
    lacks[ENRICH_LACK_DISTANCE] += row->count <= 1;
    lacks[ENRICH_LACK_HEIGHT] += !height;
    lacks[ENRICH_LACK_SCORE] += !normal || !height;
}

enum scree__enrich_lack scree__enrich_lack_of(enum scree_feature feature)
{
    switch (feature) {
    case SCREE_FEATURE_NORMAL_X:
    case SCREE_FEATURE_NORMAL_Y:
    case SCREE_FEATURE_NORMAL_Z:
    case SCREE_FEATURE_VERTICALITY:
        return ENRICH_LACK_NORMAL;
    case SCREE_FEATURE_OMNIVARIANCE:
    case SCREE_FEATURE_EIGENVALUE_SUM:
    case SCREE_FEATURE_ROUGHNESS:
    case SCREE_FEATURE_EIGENVALUE_1:
    case SCREE_FEATURE_EIGENVALUE_2:
    case SCREE_FEATURE_EIGENVALUE_3:
        return ENRICH_LACK_POINTS;
    case SCREE_FEATURE_DENSITY:
        return ENRICH_LACK_DENSITY;
    case SCREE_FEATURE_NEIGHBOR_DISTANCE:
        return ENRICH_LACK_DISTANCE;
    case SCREE_FEATURE_HEIGHT_ABOVE_GROUND:
        return ENRICH_LACK_HEIGHT;
    case SCREE_FEATURE_NEIGHBOR_COUNT:
        return ENRICH_LACK_NOTHING;
    case SCREE_FEATURE_WALL_SCORE:
    case SCREE_FEATURE_ROOF_SCORE:
    case SCREE_FEATURE_BUILDING_SCORE:
        return ENRICH_LACK_SCORE;
    default:
        return ENRICH_LACK_SPREAD;
    }
}
