/* geotiff_projection.c - user-defined projections of GeoTIFF keys: methods and their parameters, as
 * a table. */
#include "las/geotiff_build.h"

#if SCREE_HAVE_PROJ

#include "base/error.h"

#include <math.h>
#include <stdio.h>

enum { PARAMETERS_MAX = 7, KEYS_MAX = 4 };

/* A parameter of a method, with its EPSG code, and the keys that may hold it: programs do not agree
 * whether an origin is natural, false or a centre. */
struct parameter {
    const char *name, *code;
    uint16_t keys[KEYS_MAX];
    PJ_UNIT_TYPE type;
    double fallback;
    bool required;
};

struct method {
    unsigned coordinate_transformation; /* value of GeoTIFF key 3075 */
    const char *name, *code;            /* the EPSG's */
    struct parameter parameters[PARAMETERS_MAX];
};

#define LAT_KEYS                                                                                  \
    {                                                                                             \
        SCREE__GT_PROJ_NAT_ORIGIN_LAT, SCREE__GT_PROJ_FALSE_ORIGIN_LAT, SCREE__GT_PROJ_CENTER_LAT \
    }
#define LON_KEYS                                                               \
    {                                                                          \
        SCREE__GT_PROJ_NAT_ORIGIN_LONG, SCREE__GT_PROJ_FALSE_ORIGIN_LONG,      \
            SCREE__GT_PROJ_CENTER_LONG, SCREE__GT_PROJ_STRAIGHT_VERT_POLE_LONG \
    }
#define EAST_KEYS                                                          \
    {                                                                      \
        SCREE__GT_PROJ_FALSE_EASTING, SCREE__GT_PROJ_FALSE_ORIGIN_EASTING, \
            SCREE__GT_PROJ_CENTER_EASTING                                  \
    }
#define NORTH_KEYS                                                           \
    {                                                                        \
        SCREE__GT_PROJ_FALSE_NORTHING, SCREE__GT_PROJ_FALSE_ORIGIN_NORTHING, \
            SCREE__GT_PROJ_CENTER_NORTHING                                   \
    }
#define SCALE_KEYS                                                         \
    {                                                                      \
        SCREE__GT_PROJ_SCALE_AT_NAT_ORIGIN, SCREE__GT_PROJ_SCALE_AT_CENTER \
    }
#define NATURAL_LAT                                                             \
    {                                                                           \
        "Latitude of natural origin", "8801", LAT_KEYS, PJ_UT_ANGULAR, 0, false \
    }
#define NATURAL_LON                                                              \
    {                                                                            \
        "Longitude of natural origin", "8802", LON_KEYS, PJ_UT_ANGULAR, 0, false \
    }
#define NATURAL_SCALE                                                               \
    {                                                                               \
        "Scale factor at natural origin", "8805", SCALE_KEYS, PJ_UT_SCALE, 1, false \
    }
#define FALSE_EAST                                                 \
    {                                                              \
        "False easting", "8806", EAST_KEYS, PJ_UT_LINEAR, 0, false \
    }
#define FALSE_NORTH                                                  \
    {                                                                \
        "False northing", "8807", NORTH_KEYS, PJ_UT_LINEAR, 0, false \
    }
#define PARALLEL(name, code, key)                 \
    {                                             \
        name, code, {key}, PJ_UT_ANGULAR, 0, true \
    }
#define FIRST_PARALLEL \
    PARALLEL("Latitude of 1st standard parallel", "8823", SCREE__GT_PROJ_STD_PARALLEL_1)
#define SECOND_PARALLEL \
    PARALLEL("Latitude of 2nd standard parallel", "8824", SCREE__GT_PROJ_STD_PARALLEL_2)
#define WITH_SCALE                                                       \
    {                                                                    \
        NATURAL_LAT, NATURAL_LON, NATURAL_SCALE, FALSE_EAST, FALSE_NORTH \
    }
#define WITHOUT_SCALE                                     \
    {                                                     \
        NATURAL_LAT, NATURAL_LON, FALSE_EAST, FALSE_NORTH \
    }
#define CONIC                                                                         \
    {                                                                                 \
        {"Latitude of false origin", "8821", LAT_KEYS, PJ_UT_ANGULAR, 0, false},      \
            {"Longitude of false origin", "8822", LON_KEYS, PJ_UT_ANGULAR, 0, false}, \
            FIRST_PARALLEL, SECOND_PARALLEL,                                          \
            {"Easting at false origin", "8826", EAST_KEYS, PJ_UT_LINEAR, 0, false},   \
        {                                                                             \
            "Northing at false origin", "8827", NORTH_KEYS, PJ_UT_LINEAR, 0, false    \
        }                                                                             \
    }
#define OBLIQUE_LINE                                                                                 \
    {"Latitude of projection centre", "8811", LAT_KEYS, PJ_UT_ANGULAR, 0, false},                    \
        {"Longitude of projection centre", "8812", LON_KEYS, PJ_UT_ANGULAR, 0, false},               \
        {"Azimuth of initial line", "8813", {SCREE__GT_PROJ_AZIMUTH_ANGLE}, PJ_UT_ANGULAR, 0, true}, \
        {"Angle from Rectified to Skew Grid",                                                        \
         "8814",                                                                                     \
         {SCREE__GT_PROJ_RECTIFIED_GRID_ANGLE},                                                      \
         PJ_UT_ANGULAR,                                                                              \
         90,                                                                                         \
         false},                                                                                     \
    {                                                                                                \
        "Scale factor on initial line", "8815", SCALE_KEYS, PJ_UT_SCALE, 1, false                    \
    }

enum { MERCATOR = 7, POLAR = 15 };

static const struct method methods[] = {
    {1, "Transverse Mercator", "9807", WITH_SCALE},
    {3, "Hotine Oblique Mercator (variant A)", "9812", {OBLIQUE_LINE, FALSE_EAST, FALSE_NORTH}},
    {MERCATOR, "Mercator (variant A)", "9804", WITH_SCALE},
    {8, "Lambert Conic Conformal (2SP)", "9802", CONIC},
    {9, "Lambert Conic Conformal (1SP)", "9801", WITH_SCALE},
    {10, "Lambert Azimuthal Equal Area", "9820", WITHOUT_SCALE},
    {11, "Albers Equal Area", "9822", CONIC},
    {POLAR, "Polar Stereographic (variant A)", "9810", WITH_SCALE},
    {16, "Oblique Stereographic", "9809", WITH_SCALE},
    {18, "Cassini-Soldner", "9806", WITHOUT_SCALE},
    {22, "American Polyconic", "9818", WITHOUT_SCALE},
    {26, "New Zealand Map Grid", "9811", WITHOUT_SCALE},
    {27, "Transverse Mercator (South Orientated)", "9808", WITH_SCALE},
    {9815,
     "Hotine Oblique Mercator (variant B)",
     "9815",
     {OBLIQUE_LINE,
      {"Easting at projection centre", "8816", EAST_KEYS, PJ_UT_LINEAR, 0, false},
      {"Northing at projection centre", "8817", NORTH_KEYS, PJ_UT_LINEAR, 0, false}}},
};

static const struct method mercator_b = {MERCATOR,
                                         "Mercator (variant B)",
                                         "9805",
                                         {FIRST_PARALLEL, NATURAL_LON, FALSE_EAST, FALSE_NORTH}};

/* GeoTIFF's "natural origin" of a polar stereographic projection is the latitude of true scale. */
static const struct method polar_b = {
    POLAR,
    "Polar Stereographic (variant B)",
    "9829",
    {{"Latitude of standard parallel", "8832", LAT_KEYS, PJ_UT_ANGULAR, 0, true},
     {"Longitude of origin", "8833", LON_KEYS, PJ_UT_ANGULAR, 0, false},
     FALSE_EAST,
     FALSE_NORTH}};

static enum scree_status find_method(struct scree__las_geotiff_build *build,
                                     const struct method **method)
{
    unsigned code;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_PROJ_COORD_TRANS, &code, build->err);
    if (status != SCREE_OK)
        return status;
    *method = NULL;
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        if (methods[m].coordinate_transformation == code)
            *method = &methods[m];
    if (*method == NULL)
        return scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                "GeoTIFF key 3075: projection method %u of a user-defined CRS is "
                                "not supported; name the CRS with --crs",
                                code);
    if (code == MERCATOR && scree__las_geotiff_has(build->keys, SCREE__GT_PROJ_STD_PARALLEL_1) &&
        !scree__las_geotiff_has(build->keys, SCREE__GT_PROJ_SCALE_AT_NAT_ORIGIN))
        *method = &mercator_b;
    if (code == POLAR) {
        static const uint16_t keys[KEYS_MAX] = LAT_KEYS;
        double latitude;
        status = scree__las_geotiff_double(build->keys, keys, KEYS_MAX, 90, &latitude, build->err);
        if (status == SCREE_OK && fabs(latitude) != 90)
            *method = &polar_b;
    }
    return status;
}

static enum scree_status read_parameter(struct scree__las_geotiff_build *build,
                                        const struct method *method,
                                        const struct parameter *parameter, double *value)
{
    bool found = !parameter->required;
    for (int k = 0; k < KEYS_MAX && parameter->keys[k] != 0; k++)
        found = found || scree__las_geotiff_has(build->keys, parameter->keys[k]);
    if (!found)
        return scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                "GeoTIFF keys: %s lacks its parameter \"%s\" (key %u); name the "
                                "CRS with --crs",
                                method->name, parameter->name, parameter->keys[0]);
    enum scree_status status = scree__las_geotiff_double(build->keys, parameter->keys, KEYS_MAX,
                                                         parameter->fallback, value, build->err);
    if (status == SCREE_OK && parameter->type == PJ_UT_SCALE && *value == 0)
        *value = 1; /* how some programs write a scale that does not apply */
    return status;
}

static enum scree_status from_method(struct scree__las_geotiff_build *build,
                                     const struct scree__las_geotiff_unit *linear, PJ **conversion)
{
    const struct method *method = NULL;
    struct scree__las_geotiff_unit angular;
    enum scree_status status = find_method(build, &method);
    if (status == SCREE_OK)
        status = scree__las_geotiff_unit(build, SCREE__GT_GEOG_ANGULAR_UNITS,
                                         SCREE__GT_GEOG_ANGULAR_UNIT_SIZE, "angular", &angular);
    if (status != SCREE_OK)
        return status;
    PJ_PARAM_DESCRIPTION values[PARAMETERS_MAX];
    int count = 0;
    for (; count < PARAMETERS_MAX && method->parameters[count].name != NULL; count++) {
        const struct parameter *parameter = &method->parameters[count];
        PJ_PARAM_DESCRIPTION *to = &values[count];
        *to = (PJ_PARAM_DESCRIPTION){parameter->name, "EPSG", parameter->code, 0, NULL, 0,
                                     parameter->type};
        if (parameter->type == PJ_UT_LINEAR) {
            to->unit_name = linear->given ? linear->name : "metre";
            to->unit_conv_factor = linear->given ? linear->factor : 1;
        } else if (parameter->type == PJ_UT_ANGULAR) {
            to->unit_name = angular.given ? angular.name : "degree";
            to->unit_conv_factor = angular.given ? angular.factor : 0.017453292519943295;
        } else {
            to->unit_name = "unity";
            to->unit_conv_factor = 1;
        }
        status = read_parameter(build, method, parameter, &to->value);
        if (status != SCREE_OK)
            return status;
    }
    *conversion = proj_create_conversion(build->proj, "unknown", NULL, NULL, method->name, "EPSG",
                                         method->code, count, values);
    return SCREE_OK;
}

enum scree_status scree__las_geotiff_conversion(struct scree__las_geotiff_build *build,
                                                const struct scree__las_geotiff_unit *linear,
                                                PJ **conversion)
{
    unsigned code;
    *conversion = NULL;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_PROJECTION, &code, build->err);
    if (status == SCREE_OK && code != 0 && code != SCREE__GT_USER_DEFINED)
        *conversion = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_COORDINATE_OPERATION);
    if (status == SCREE_OK && *conversion == NULL)
        status = from_method(build, linear, conversion);
    if (status == SCREE_OK && *conversion == NULL)
        status = scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                  "GeoTIFF keys: PROJ refuses the user-defined projection; name "
                                  "the CRS with --crs");
    return status;
}

#endif
