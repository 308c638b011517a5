/* invariants.c - what has to hold of every point. */
#include "enrich/invariants.h"
#include "base/bytes.h"
#include "base/error.h"
#include "enrich/rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define EXACT 1e-6

enum { RATIOS, NORMALS, EIGENVALUES };

static const struct {
    enum scree_feature features[3];
    const char *law;
    double steps; /* of a compact field: so many of them, at most, are lost */
} laws[SCREE__ENRICH_INVARIANTS] = {
    {{SCREE_FEATURE_LINEARITY, SCREE_FEATURE_PLANARITY, SCREE_FEATURE_SPHERICITY},
     "their sum has to be 1",
     1.5}, /* half a step each */
    {{SCREE_FEATURE_NORMAL_X, SCREE_FEATURE_NORMAL_Y, SCREE_FEATURE_NORMAL_Z},
     "their length has to be 1",
     0.8660255}, /* half a step on each of three axes: half the square root of 3 */
    {{SCREE_FEATURE_EIGENVALUE_1, SCREE_FEATURE_EIGENVALUE_2, SCREE_FEATURE_EIGENVALUE_3},
     "none may be larger than the one before, or below 0",
     0},
};

void scree__enrich_invariants_init(struct scree__enrich_invariants *invariants,
                                   const struct scree__enrich_field *fields, uint32_t field_count)
{
    invariants->count = 0;
    for (uint32_t l = 0; l < SCREE__ENRICH_INVARIANTS; l++) {
        struct scree__enrich_three *three = &invariants->threes[invariants->count];
        uint32_t found = 0, at = 0;
        three->which = l;
        for (uint32_t f = 0; f < field_count; at += fields[f++].bytes)
            for (unsigned i = 0; i < 3; i++)
                if (fields[f].feature == laws[l].features[i]) {
                    three->at[i] = at;
                    three->compact = fields[f].compact;
                    found++;
                }
        invariants->count += found == 3;
    }
}

/* ------------------------------------------------------------------------------------------ values */

static double load(const uint8_t *at)
{
    return (double)scree__base_load_f32(at);
}

/* A value as a reader finds it; no_data as it is for floats. */
static double value_of(enum scree_feature feature, bool compact, const uint8_t *at)
{
    const struct scree_feature_info *info = scree_feature_info(feature);
    int64_t stored;
    if (scree__enrich_stored_type(feature, compact) == 9)
        return load(at);
    stored = info->compact_type == 4 ? (int16_t)scree__base_load16(at) : scree__base_load16(at);
    return stored == info->compact_no_data ? (double)SCREE_FEATURE_NO_DATA
                                           : (double)stored * info->compact_scale;
}

static bool holds(uint32_t law, const double v[3], double lost)
{
    switch (law) {
    case RATIOS:
        return fabs(v[0] + v[1] + v[2] - 1) <= lost;
    case NORMALS:
        return fabs(sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) - 1) <= lost;
    default:
        return v[0] >= v[1] && v[1] >= v[2] && v[2] >= 0;
    }
}

static bool is_empty(const double v[3])
{
    const double none = (double)SCREE_FEATURE_NO_DATA;
    return v[0] == none && v[1] == none && v[2] == none;
}

/* ------------------------------------------------------------------------------------------ checks */

/* How many of the records are right before one that is not, or that has no values: the quick way, floats. */
static uint32_t right_floats(const struct scree__enrich_three *three, const uint8_t *at,
                             uint32_t stride, uint32_t count)
{
    const uint8_t *a = at + three->at[0], *b = at + three->at[1], *c = at + three->at[2];
    for (uint32_t i = 0; i < count; i++, a += stride, b += stride, c += stride) {
        const double v[3] = {load(a), load(b), load(c)};
        bool right;
        if (three->which == RATIOS)
            right = fabs(v[0] + v[1] + v[2] - 1) <= EXACT;
        else if (three->which == NORMALS) /* the length's square: twice as far from 1 */
            right = fabs(v[0] * v[0] + v[1] * v[1] + v[2] * v[2] - 1) <= 2 * EXACT - EXACT * EXACT;
        else
            right = holds(EIGENVALUES, v, 0);
        if (!right)
            return i;
    }
    return count;
}

/* The same of compact ones, in steps: sums of two bytes, or of their squares. */
static uint32_t right_steps(const struct scree__enrich_three *three, const uint8_t *at,
                            uint32_t stride, uint32_t count)
{
    const uint8_t *a = at + three->at[0], *b = at + three->at[1], *c = at + three->at[2];
    for (uint32_t i = 0; i < count; i++, a += stride, b += stride, c += stride) {
        const uint32_t v[3] = {scree__base_load16(a), scree__base_load16(b), scree__base_load16(c)};
        if (three->which == RATIOS) {
            if (v[0] + v[1] + v[2] - 65533 > 2 || v[0] == 65535 || v[1] == 65535 || v[2] == 65535)
                return i;
            continue;
        }
        int64_t length2 = 0;
        for (unsigned n = 0; n < 3; n++)
            length2 += (int64_t)(int16_t)v[n] * (int16_t)v[n];
        /* 2 * 32767 * (0.866 + 0.033) = 58 902: what half steps and 1e-6 may do to the square. */
        if ((uint64_t)(length2 - 32767 * 32767 + 58900) > 2 * 58900)
            return i;
    }
    return count;
}

static enum scree_status check_one(const struct scree__enrich_three *three, const uint8_t *at,
                                   uint64_t point, const char *name, struct scree_error *err)
{
    const enum scree_feature *features = laws[three->which].features;
    double v[3], lost = EXACT;
    for (unsigned i = 0; i < 3; i++)
        v[i] = value_of(features[i], three->compact, at + three->at[i]);
    if (three->compact)
        lost += laws[three->which].steps * scree_feature_info(features[0])->compact_scale;
    if (holds(three->which, v, lost) || is_empty(v))
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: point %" PRIu64 ": %s %.9g, %s %.9g, %s %.9g: %s (an error of "
                            "scree: please report it)",
                            name, point, scree_feature_info(features[0])->name, v[0],
                            scree_feature_info(features[1])->name, v[1],
                            scree_feature_info(features[2])->name, v[2], laws[three->which].law);
}

enum scree_status scree__enrich_invariants_check(const struct scree__enrich_invariants *invariants,
                                                 const uint8_t *at, uint32_t stride, uint32_t count,
                                                 uint64_t first, const char *name,
                                                 struct scree_error *err)
{
    for (uint32_t t = 0; t < invariants->count; t++) {
        const struct scree__enrich_three *three = &invariants->threes[t];
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t *here = at + (size_t)i * stride;
            i += three->compact && three->which != EIGENVALUES
                     ? right_steps(three, here, stride, count - i)
                     : right_floats(three, here, stride, count - i);
            if (i == count)
                break;
            enum scree_status status =
                check_one(three, at + (size_t)i * stride, first + i, name, err);
            if (status != SCREE_OK)
                return status;
        }
    }
    return SCREE_OK;
}
