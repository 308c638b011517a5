/* values.h - the features of a point from what the shelf keeps of it. */
#ifndef SCREE_LIB_ENRICH_VALUES_H
#define SCREE_LIB_ENRICH_VALUES_H

#include "enrich/shelf.h"
#include "features/values.h"
#include "scree/features.h"

struct scree__enrich_rules {
    struct features_rules features;
    enum scree_score_mode score_mode;
    double metres;       /* in a unit */
    bool shapes, scores; /* is one of them selected? */
    uint32_t count;
    enum scree_feature selected[SCREE_FEATURE_COUNT];
};

/* What has to be computed for a mask of features. */
bool scree__enrich_needs_shapes(uint64_t features);
bool scree__enrich_needs_counts(uint64_t features, enum scree_score_mode mode);
bool scree__enrich_needs_heights(uint64_t features);

void scree__enrich_select(struct scree__enrich_rules *rules, uint64_t features);
#define ENRICH_DERIVED_AT_ONCE 64u
/* rules->count floats of each of `count` points: 1 to ENRICH_DERIVED_AT_ONCE. */
void scree__enrich_derive(const struct scree__enrich_rules *rules,
                          const struct scree__enrich_values *values, uint32_t count, float *out);

/* What can be missing of a point; features that share a reason are counted once. */
enum scree__enrich_lack {
    ENRICH_LACK_POINTS, /* fewer than three */
    ENRICH_LACK_SPREAD, /* ... or all at one place */
    ENRICH_LACK_NORMAL, /* ... or on a line */
    ENRICH_LACK_DENSITY,
    ENRICH_LACK_DISTANCE,
    ENRICH_LACK_HEIGHT,
    ENRICH_LACK_SCORE,
    ENRICH_LACK_NOTHING,
    ENRICH_LACKS
};

void scree__enrich_lacks(const struct scree__enrich_rules *rules,
                         const struct scree__enrich_values *values, uint64_t lacks[ENRICH_LACKS]);
enum scree__enrich_lack scree__enrich_lack_of(enum scree_feature feature);

#endif
