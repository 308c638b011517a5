/* geotiff_geographic.c - the geographic CRS of GeoTIFF keys. */
#include "las/geotiff_build.h"

#if SCREE_HAVE_PROJ

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Degrees, longitude first: the axis order that LAS coordinates have and WKT1 supposes. */
static PJ *degrees(struct scree__las_geotiff_build *build)
{
    return proj_create_ellipsoidal_2D_cs(build->proj, PJ_ELLPS2D_LONGITUDE_LATITUDE, NULL, 0);
}

static void name_of(struct scree__las_geotiff_build *build, char *name, size_t size)
{
    scree__las_geotiff_text(build->keys, SCREE__GT_GEOG_CITATION, name, size);
    if (name[0] == '\0')
        snprintf(name, size, "unknown");
}

/* A datum by its code: the EPSG's own geographic CRS on it, if it has one, else a nameless one. */
static PJ *from_datum(struct scree__las_geotiff_build *build, unsigned code)
{
    char text[16], name[160];
    snprintf(text, sizeof text, "%u", code);
    PJ *crs = NULL;
    PJ_OBJ_LIST *list =
        proj_query_geodetic_crs_from_datum(build->proj, "EPSG", "EPSG", text, "geographic 2D");
    for (int i = 0; list != NULL && crs == NULL && i < proj_list_get_count(list); i++) {
        crs = proj_list_get(build->proj, list, i);
        if (crs != NULL && proj_is_deprecated(crs)) {
            proj_destroy(crs);
            crs = NULL;
        }
    }
    proj_list_destroy(list);
    if (crs != NULL)
        return crs;
    PJ *datum = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_DATUM);
    PJ *cs = degrees(build);
    name_of(build, name, sizeof name);
    if (datum != NULL && cs != NULL)
        crs = proj_create_geographic_crs_from_datum(build->proj, name, datum, cs);
    proj_destroy(cs);
    proj_destroy(datum);
    return crs;
}

struct ellipsoid {
    char name[64];
    double semi_major, inverse_flattening; /* 0: a sphere */
};

/* From the axes that the keys give; semi_major 0 where they do not. */
static enum scree_status own_ellipsoid(struct scree__las_geotiff_build *build,
                                       struct ellipsoid *ellipsoid)
{
    static const uint16_t keys[] = {SCREE__GT_GEOG_SEMI_MAJOR_AXIS, SCREE__GT_GEOG_SEMI_MINOR_AXIS,
                                    SCREE__GT_GEOG_INV_FLATTENING};
    double values[3];
    for (int i = 0; i < 3; i++) {
        enum scree_status status =
            scree__las_geotiff_double(build->keys, &keys[i], 1, 0, &values[i], build->err);
        if (status != SCREE_OK)
            return status;
    }
    double major = values[0], minor = values[1], inverse = values[2];
    if (inverse == 0 && minor > 0 && minor < major)
        inverse = major / (major - minor);
    if (major != 0 && (!(major > 1e3 && major < 1e9) || (inverse != 0 && !(inverse > 1))))
        return scree__base_fail(build->err, SCREE_E_DATA,
                                "GeoTIFF keys 2057-2059: no ellipsoid has a semi-major axis of "
                                "%g and an inverse flattening of %g",
                                major, inverse);
    const char *name = "unknown";
    if (major == 6378137 && fabs(inverse - 298.257223563) < 2e-7)
        name = "WGS 84";
    else if (major == 6378137 && fabs(inverse - 298.257222101) < 2e-7)
        name = "GRS 1980";
    snprintf(ellipsoid->name, sizeof ellipsoid->name, "%s", name);
    ellipsoid->semi_major = major;
    ellipsoid->inverse_flattening = inverse;
    return SCREE_OK;
}

static enum scree_status find_ellipsoid(struct scree__las_geotiff_build *build,
                                        struct ellipsoid *ellipsoid)
{
    unsigned code;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_GEOG_ELLIPSOID, &code, build->err);
    if (status != SCREE_OK)
        return status;
    if (code == 0 || code == SCREE__GT_USER_DEFINED)
        return own_ellipsoid(build, ellipsoid);
    PJ *known = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_ELLIPSOID);
    if (known == NULL)
        return own_ellipsoid(build, ellipsoid);
    proj_ellipsoid_get_parameters(build->proj, known, &ellipsoid->semi_major, NULL, NULL,
                                  &ellipsoid->inverse_flattening);
    snprintf(ellipsoid->name, sizeof ellipsoid->name, "%s", proj_get_name(known));
    proj_destroy(known);
    return SCREE_OK;
}

/* Longitude of the prime meridian in degrees; by code only Greenwich is told apart from others. */
static enum scree_status find_meridian(struct scree__las_geotiff_build *build, double *longitude)
{
    static const uint16_t key = SCREE__GT_GEOG_PRIME_MERIDIAN_LONG;
    unsigned code;
    double factor = 1;
    *longitude = 0;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_GEOG_PRIME_MERIDIAN, &code, build->err);
    if (status != SCREE_OK)
        return status;
    PJ *known = code == 0 || code == SCREE__GT_USER_DEFINED
                    ? NULL
                    : scree__las_geotiff_epsg(build, code, PJ_CATEGORY_PRIME_MERIDIAN);
    if (known == NULL)
        return scree__las_geotiff_double(build->keys, &key, 1, 0, longitude, build->err);
    proj_prime_meridian_get_parameters(build->proj, known, longitude, &factor, NULL);
    *longitude *= factor * 180 / 3.14159265358979323846; /* the factor gives radians */
    proj_destroy(known);
    return SCREE_OK;
}

static enum scree_status from_ellipsoid(struct scree__las_geotiff_build *build, PJ **crs)
{
    struct ellipsoid ellipsoid;
    double meridian = 0;
    enum scree_status status = find_ellipsoid(build, &ellipsoid);
    if (status == SCREE_OK)
        status = find_meridian(build, &meridian);
    if (status != SCREE_OK || ellipsoid.semi_major == 0)
        return status;
    char name[160], datum[128];
    name_of(build, name, sizeof name);
    snprintf(datum, sizeof datum, "Unknown based on %s ellipsoid", ellipsoid.name);
    PJ *cs = degrees(build);
    *crs =
        proj_create_geographic_crs(build->proj, name, datum, ellipsoid.name, ellipsoid.semi_major,
                                   ellipsoid.inverse_flattening,
                                   meridian == 0 ? "Greenwich" : "unknown", meridian, NULL, 0, cs);
    proj_destroy(cs);
    return SCREE_OK;
}

/* Parameters of a transformation to WGS 84 are no part of a CRS. */
static enum scree_status note_towgs84(struct scree__las_geotiff_build *build)
{
    static const uint16_t key = SCREE__GT_GEOG_TOWGS84;
    double first;
    enum scree_status status =
        scree__las_geotiff_double(build->keys, &key, 1, 0, &first, build->err);
    if (status == SCREE_OK && first != 0)
        scree__las_geotiff_note(build, "the parameters to WGS 84 (GeoTIFF key 2062) are left out");
    return status;
}

enum scree_status scree__las_geotiff_geographic(struct scree__las_geotiff_build *build, PJ **crs)
{
    unsigned code, datum;
    *crs = NULL;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_GEOGRAPHIC_TYPE, &code, build->err);
    if (status == SCREE_OK)
        status = scree__las_geotiff_short(build->keys, SCREE__GT_GEOG_GEODETIC_DATUM, &datum,
                                          build->err);
    if (status != SCREE_OK)
        return status;
    if (code != 0 && code != SCREE__GT_USER_DEFINED) {
        *crs = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_CRS);
        if (*crs == NULL)
            return scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                    "GeoTIFF key 2048: PROJ does not know EPSG:%u; name the CRS "
                                    "with --crs",
                                    code);
        return SCREE_OK;
    }
    if (datum != 0 && datum != SCREE__GT_USER_DEFINED)
        *crs = from_datum(build, datum);
    if (*crs == NULL)
        status = from_ellipsoid(build, crs);
    return status == SCREE_OK ? note_towgs84(build) : status;
}

#endif
