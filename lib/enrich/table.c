/* table.c - the features: names, units, formulas, how they are stored; lists of them as people write them. */
#include "base/bytes.h"
#include "base/error.h"
#include "enrich/rows.h"

#include <string.h>
#include <strings.h>

enum { TYPE_U8 = 1, TYPE_U16 = 3, TYPE_I16 = 4, TYPE_I32 = 6, TYPE_FLOAT = 9 };

#define RATIO TYPE_U16, 1.0 / 65534, 65535
#define NORMAL TYPE_I16, 1.0 / 32767, -32768
#define SCORE TYPE_U8, 1.0 / 254, 255
#define PLAIN TYPE_FLOAT, 1.0, 0

static const struct scree_feature_info table[SCREE_FEATURE_COUNT] = {
    [SCREE_FEATURE_NORMAL_X] = {"NormalX", "normal_x", "", "e3, upwards", NORMAL},
    [SCREE_FEATURE_NORMAL_Y] = {"NormalY", "normal_y", "", "e3, upwards", NORMAL},
    [SCREE_FEATURE_NORMAL_Z] = {"NormalZ", "normal_z", "", "e3, upwards", NORMAL},
    [SCREE_FEATURE_LINEARITY] = {"Linearity", "linearity", "", "(l1-l2)/l1", RATIO},
    [SCREE_FEATURE_PLANARITY] = {"Planarity", "planarity", "", "(l2-l3)/l1", RATIO},
    [SCREE_FEATURE_SPHERICITY] = {"Sphericity", "sphericity", "", "l3/l1", RATIO},
    [SCREE_FEATURE_ANISOTROPY] = {"Anisotropy", "anisotropy", "", "(l1-l3)/l1", RATIO},
    [SCREE_FEATURE_SURFACE_VARIATION] = {"SurfaceVariation", "roughness", "", "l3/S", RATIO},
    [SCREE_FEATURE_OMNIVARIANCE] = {"Omnivariance", "omnivariance", "u2", "cbrt(l1*l2*l3)", PLAIN},
    [SCREE_FEATURE_EIGENENTROPY] = {"Eigenentropy", "eigenentropy", "", "-sum p ln p, p=l/S",
                                    TYPE_U16, 1.0 / 32768, 65535},
    [SCREE_FEATURE_EIGENVALUE_SUM] = {"EigenvalueSum", "eigenvalue_sum", "u2", "S=l1+l2+l3", PLAIN},
    [SCREE_FEATURE_VERTICALITY] = {"Verticality", "verticality", "", "1-|e3z|", RATIO},
    [SCREE_FEATURE_ROUGHNESS] = {"Roughness", "curvature", "u", "sqrt(l3)", PLAIN},
    [SCREE_FEATURE_DENSITY] = {"Density", "density", "1/u3", "n/(4/3 pi r^3)", PLAIN},
    [SCREE_FEATURE_NEIGHBOR_DISTANCE] = {"NeighborDistance", "neighbor_distance", "u", "farthest",
                                         PLAIN},
    [SCREE_FEATURE_HEIGHT_ABOVE_GROUND] = {"HeightAboveGround", "height_above_ground", "u",
                                           "z-ground", TYPE_I32, 0.001, INT32_MIN},
    [SCREE_FEATURE_NEIGHBOR_COUNT] = {"NeighborCount", "num_points_2m", "", "others within r",
                                      TYPE_U16, 1.0, 65535},
    [SCREE_FEATURE_WALL_SCORE] = {"WallScore", "wall_score", "", "wall, 0-1", SCORE},
    [SCREE_FEATURE_ROOF_SCORE] = {"RoofScore", "roof_score", "", "roof, 0-1", SCORE},
    [SCREE_FEATURE_BUILDING_SCORE] = {"BuildingScore", "building_score", "", "max(wall, roof)",
                                      SCORE},
    [SCREE_FEATURE_EIGENVALUE_1] = {"Eigenvalue1", "eigenvalue_1", "u2", "l1", PLAIN},
    [SCREE_FEATURE_EIGENVALUE_2] = {"Eigenvalue2", "eigenvalue_2", "u2", "l2", PLAIN},
    [SCREE_FEATURE_EIGENVALUE_3] = {"Eigenvalue3", "eigenvalue_3", "u2", "l3", PLAIN},
};

const struct scree_feature_info *scree_feature_info(enum scree_feature feature)
{
    return (unsigned)feature < SCREE_FEATURE_COUNT ? &table[feature] : NULL;
}

uint64_t scree_enrich_mode_features(enum scree_enrich_mode mode)
{
    uint64_t core = SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND + 1) - 1;
    uint64_t building = SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE + 1) - 1;
    return mode == SCREE_ENRICH_BUILDING ? building : core;
}

/* Our names first: "roughness" is Roughness, though the other spelling has it for another feature. */
static int find(const char *name, size_t length)
{
    for (int spelling = 0; spelling < 2; spelling++)
        for (int f = 0; f < SCREE_FEATURE_COUNT; f++) {
            const char *known = spelling == 0 ? table[f].name : table[f].ign_name;
            if (strlen(known) == length && strncasecmp(known, name, length) == 0)
                return f;
        }
    return -1;
}

enum scree_status scree_enrich_features_parse(const char *text, enum scree_enrich_mode mode,
                                              uint64_t *features, struct scree_error *err)
{
    bool relative = false, absolute = false;
    uint64_t mask = scree_enrich_mode_features(mode), listed = 0;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, ",");
        char sign = *at == '+' || *at == '-' ? *at : '\0';
        const char *name = sign != '\0' ? at + 1 : at;
        size_t name_length = length - (sign != '\0');
        int feature = find(name, name_length);
        if (feature < 0)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "there is no feature \"%.*s\"",
                                    (int)name_length, name);
        relative |= sign != '\0';
        absolute |= sign == '\0';
        if (sign == '-')
            mask &= ~SCREE_FEATURE_BIT(feature);
        else if (sign == '+')
            mask |= SCREE_FEATURE_BIT(feature);
        listed |= SCREE_FEATURE_BIT(feature);
        at += length + (at[length] == ',');
    }
    if (relative && absolute)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "\"%s\": either every feature has a sign or none has", text);
    *features = relative ? mask : listed;
    if (*features == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "\"%s\" leaves no feature", text);
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------ as stored */

uint8_t scree__enrich_stored_type(enum scree_feature feature, bool compact)
{
    return compact ? table[feature].compact_type : TYPE_FLOAT;
}

uint32_t scree__enrich_stored_bytes(enum scree_feature feature, bool compact)
{
    switch (scree__enrich_stored_type(feature, compact)) {
    case TYPE_U8:
        return 1;
    case TYPE_U16:
    case TYPE_I16:
        return 2;
    default:
        return 4;
    }
}

/* The integers of a type that mean values: no_data is at one end and left out. */
static void limits_of(const struct scree_feature_info *info, int64_t *low, int64_t *high)
{
    *low = 0;
    *high = 254;
    if (info->compact_type == TYPE_U16)
        *high = 65534;
    if (info->compact_type == TYPE_I16) {
        *low = -32767;
        *high = 32767;
    }
    if (info->compact_type == TYPE_I32) {
        *low = -INT32_MAX;
        *high = INT32_MAX;
    }
}

/* Whole numbers of a type, and what they stand for. */
struct steps {
    double scale, low, high;
    int64_t least, most, no_data;
};

static void steps_init(const struct scree_feature_info *info, struct steps *steps)
{
    limits_of(info, &steps->least, &steps->most);
    steps->low = (double)steps->least;
    steps->high = (double)steps->most;
    steps->scale = info->compact_scale;
    steps->no_data = info->compact_no_data;
}

static inline uint32_t step_of(const struct steps *steps, float value)
{
    if (value == SCREE_FEATURE_NO_DATA)
        return (uint32_t)steps->no_data;
    const double step = (double)value / steps->scale;
    if (step <= steps->low)
        return (uint32_t)steps->least;
    if (step >= steps->high)
        return (uint32_t)steps->most;
    return (uint32_t)(int64_t)(step < 0 ? step - 0.5 : step + 0.5);
}

static void store_floats(const float *values, size_t apart, uint32_t count, uint8_t *bytes,
                         size_t stride)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i * apart], sizeof bits);
        scree__base_store32(bytes + i * stride, bits);
    }
}

void scree__enrich_store(enum scree_feature feature, bool compact, const float *values,
                         size_t apart, uint32_t count, uint8_t *bytes, size_t stride)
{
    struct steps steps;
    if (scree__enrich_stored_type(feature, compact) == TYPE_FLOAT) {
        store_floats(values, apart, count, bytes, stride);
        return;
    }
    steps_init(&table[feature], &steps);
    const uint32_t size = scree__enrich_stored_bytes(feature, true);
    for (uint32_t i = 0; i < count; i++, bytes += stride) {
        const uint32_t bits = step_of(&steps, values[i * apart]);
        for (uint32_t b = 0; b < size; b++)
            bytes[b] = (uint8_t)(bits >> 8 * b);
    }
}
