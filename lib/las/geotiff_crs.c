/* geotiff_crs.c - which CRS a directory of GeoTIFF keys names: horizontal, units, vertical. */
#include "las/geotiff_build.h"

#if SCREE_HAVE_PROJ

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MODEL_NONE = 0, MODEL_PROJECTED = 1, MODEL_GEOGRAPHIC = 2, MODEL_GEOCENTRIC = 3 };

/* How sure proj_identify() has to be (of 100) that an EPSG entry is what was built from keys. 90:
 * equivalent, under another name. */
enum { SURE = 90 };

void scree__las_geotiff_note(struct scree__las_geotiff_build *build, const char *format, ...)
{
    size_t length = strlen(build->note);
    if (length > 0 && length + 2 < build->note_size) {
        memcpy(build->note + length, "; ", 3);
        length += 2;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(build->note + length, build->note_size - length, format, args);
    va_end(args);
}

PJ *scree__las_geotiff_epsg(struct scree__las_geotiff_build *build, unsigned code,
                            PJ_CATEGORY category)
{
    char text[16];
    snprintf(text, sizeof text, "%u", code);
    return proj_create_from_database(build->proj, "EPSG", text, category, 0, NULL);
}

static void set_unit(struct scree__las_geotiff_unit *unit, const char *name, double factor)
{
    unit->given = true;
    snprintf(unit->name, sizeof unit->name, "%s", name);
    unit->factor = factor;
}

enum scree_status scree__las_geotiff_unit(struct scree__las_geotiff_build *build, unsigned code_key,
                                          unsigned size_key, const char *category,
                                          struct scree__las_geotiff_unit *unit)
{
    uint16_t key = (uint16_t)size_key;
    unsigned code;
    double size = 0, factor = 0;
    const char *name = NULL, *found = NULL;
    memset(unit, 0, sizeof *unit);
    enum scree_status status = scree__las_geotiff_short(build->keys, code_key, &code, build->err);
    if (status != SCREE_OK || code == 0)
        return status;
    if (code == SCREE__GT_USER_DEFINED) {
        status = scree__las_geotiff_double(build->keys, &key, 1, 0, &size, build->err);
        if (status == SCREE_OK && size > 0)
            set_unit(unit, "unknown", size);
        return status;
    }
    snprintf(unit->code, sizeof unit->code, "%u", code);
    if (!proj_uom_get_info_from_database(build->proj, "EPSG", unit->code, &name, &factor, &found) ||
        strcmp(found, category) != 0 || !(factor > 0))
        scree__las_geotiff_note(build, "GeoTIFF key %u: there is no %s unit %u", code_key, category,
                                code);
    else
        set_unit(unit, name, factor);
    return SCREE_OK;
}

/* The EPSG's entry instead of what was built, where they are the same thing. */
static void identify(struct scree__las_geotiff_build *build, PJ **crs)
{
    int *confidence = NULL;
    PJ_OBJ_LIST *list = scree__las_crs_identify(build->proj, *crs, &confidence);
    if (list != NULL && proj_list_get_count(list) > 0 && confidence[0] >= SURE) {
        PJ *known = proj_list_get(build->proj, list, 0);
        if (known != NULL && !proj_is_deprecated(known) &&
            proj_is_equivalent_to_with_ctx(build->proj, known, *crs,
                                           PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS)) {
            proj_destroy(*crs);
            *crs = known;
        } else {
            proj_destroy(known);
        }
    }
    proj_int_list_destroy(confidence);
    proj_list_destroy(list);
}

/* Metres in one unit of the first axis; 0 when not known. */
static double axis_factor(struct scree__las_geotiff_build *build, const PJ *crs)
{
    double factor = 0;
    PJ *cs = proj_crs_get_coordinate_system(build->proj, crs);
    if (cs != NULL)
        proj_cs_get_axis_info(build->proj, cs, 0, NULL, NULL, NULL, &factor, NULL, NULL, NULL);
    proj_destroy(cs);
    return factor;
}

/* Puts a CRS into the units that the file says, where they are not its own: state plane
 * coordinates in feet under the code of the CRS in metres are common. The US survey foot and the
 * foot differ by 2e-6. */
static void apply_unit(struct scree__las_geotiff_build *build,
                       const struct scree__las_geotiff_unit *unit, PJ **crs)
{
    double own = axis_factor(build, *crs);
    if (!unit->given || own == 0 || fabs(own - unit->factor) <= 1e-9 * own)
        return;
    PJ *altered = proj_crs_alter_cs_linear_unit(build->proj, *crs, unit->name, unit->factor,
                                                unit->code[0] != '\0' ? "EPSG" : NULL,
                                                unit->code[0] != '\0' ? unit->code : NULL);
    if (altered == NULL) {
        scree__las_geotiff_note(build, "unit \"%s\" cannot be applied", unit->name);
        return;
    }
    proj_destroy(*crs);
    *crs = altered;
    identify(build, crs);
}

/* Axes of polar stereographic coordinates both point away from the pole. */
static PJ_CARTESIAN_CS_2D_TYPE axes(struct scree__las_geotiff_build *build)
{
    enum { POLAR_STEREOGRAPHIC = 15 };
    static const uint16_t key = SCREE__GT_PROJ_NAT_ORIGIN_LAT;
    unsigned method;
    double latitude;
    if (scree__las_geotiff_short(build->keys, SCREE__GT_PROJ_COORD_TRANS, &method, NULL) !=
            SCREE_OK ||
        method != POLAR_STEREOGRAPHIC ||
        scree__las_geotiff_double(build->keys, &key, 1, 90, &latitude, NULL) != SCREE_OK)
        return PJ_CART2D_EASTING_NORTHING;
    return latitude < 0 ? PJ_CART2D_SOUTH_POLE_EASTING_NORTH_NORTHING_NORTH
                        : PJ_CART2D_NORTH_POLE_EASTING_SOUTH_NORTHING_SOUTH;
}

static enum scree_status own_projected(struct scree__las_geotiff_build *build,
                                       const struct scree__las_geotiff_unit *linear, PJ **crs)
{
    char name[160];
    scree__las_geotiff_text(build->keys, SCREE__GT_PCS_CITATION, name, sizeof name);
    if (name[0] == '\0')
        scree__las_geotiff_text(build->keys, SCREE__GT_CITATION, name, sizeof name);
    PJ *base = NULL, *conversion = NULL, *cs = NULL;
    enum scree_status status = scree__las_geotiff_geographic(build, &base);
    if (status == SCREE_OK && base == NULL)
        status = scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                  "GeoTIFF keys: a user-defined projected CRS \"%s\" without a "
                                  "geographic one; name the CRS with --crs",
                                  name);
    if (status == SCREE_OK)
        status = scree__las_geotiff_conversion(build, linear, &conversion);
    if (status == SCREE_OK) {
        cs = proj_create_cartesian_2D_cs(build->proj, axes(build),
                                         linear->given ? linear->name : "metre",
                                         linear->given ? linear->factor : 1);
        *crs = proj_create_projected_crs(build->proj, name[0] != '\0' ? name : "unknown", base,
                                         conversion, cs);
        if (*crs == NULL)
            status = scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                      "GeoTIFF keys: PROJ refuses the user-defined CRS \"%s\"; "
                                      "name the CRS with --crs",
                                      name);
        else
            identify(build, crs);
    }
    proj_destroy(cs);
    proj_destroy(conversion);
    proj_destroy(base);
    return status;
}

static enum scree_status projected(struct scree__las_geotiff_build *build, unsigned code, PJ **crs)
{
    struct scree__las_geotiff_unit linear;
    enum scree_status status = scree__las_geotiff_unit(
        build, SCREE__GT_PROJ_LINEAR_UNITS, SCREE__GT_PROJ_LINEAR_UNIT_SIZE, "linear", &linear);
    if (status != SCREE_OK)
        return status;
    if (code == 0 || code == SCREE__GT_USER_DEFINED) {
        if (scree__las_geotiff_has(build->keys, SCREE__GT_PROJ_COORD_TRANS) ||
            scree__las_geotiff_has(build->keys, SCREE__GT_PROJECTION) || code != 0)
            return own_projected(build, &linear, crs);
        scree__las_geotiff_note(build, "the GeoTIFF keys say \"projected\", but not which CRS");
        return SCREE_OK;
    }
    *crs = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_CRS);
    if (*crs == NULL)
        return scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                "GeoTIFF key 3072: PROJ does not know EPSG:%u; name the CRS with "
                                "--crs",
                                code);
    if (proj_get_type(*crs) == PJ_TYPE_PROJECTED_CRS)
        apply_unit(build, &linear, crs);
    return SCREE_OK;
}

static enum scree_status geocentric(struct scree__las_geotiff_build *build, PJ **crs)
{
    PJ *base = NULL;
    struct scree__las_geotiff_unit linear = {0};
    enum scree_status status = scree__las_geotiff_geographic(build, &base);
    if (status == SCREE_OK && base != NULL && proj_get_type(base) != PJ_TYPE_GEOCENTRIC_CRS)
        status = scree__las_geotiff_unit(build, SCREE__GT_GEOG_LINEAR_UNITS,
                                         SCREE__GT_GEOG_LINEAR_UNIT_SIZE, "linear", &linear);
    if (status != SCREE_OK || base == NULL || proj_get_type(base) == PJ_TYPE_GEOCENTRIC_CRS) {
        *crs = base;
        return status;
    }
    PJ *datum = proj_crs_get_datum(build->proj, base);
    if (datum == NULL)
        datum = proj_crs_get_datum_ensemble(build->proj, base);
    if (datum != NULL)
        *crs = proj_create_geocentric_crs_from_datum(build->proj, proj_get_name(base), datum,
                                                     linear.given ? linear.name : "metre",
                                                     linear.given ? linear.factor : 1);
    if (*crs == NULL)
        status = scree__base_fail(build->err, SCREE_E_UNSUPPORTED,
                                  "GeoTIFF keys: PROJ makes no geocentric CRS of \"%s\"; name the "
                                  "CRS with --crs",
                                  proj_get_name(base));
    else
        identify(build, crs);
    proj_destroy(datum);
    proj_destroy(base);
    return status;
}

static enum scree_status horizontal(struct scree__las_geotiff_build *build, PJ **crs)
{
    unsigned model, projected_code, geographic_code;
    const struct scree__las_geotiff *keys = build->keys;
    enum scree_status status =
        scree__las_geotiff_short(keys, SCREE__GT_MODEL_TYPE, &model, build->err);
    if (status == SCREE_OK)
        status = scree__las_geotiff_short(keys, SCREE__GT_PROJECTED_CS_TYPE, &projected_code,
                                          build->err);
    if (status == SCREE_OK)
        status =
            scree__las_geotiff_short(keys, SCREE__GT_GEOGRAPHIC_TYPE, &geographic_code, build->err);
    if (status != SCREE_OK)
        return status;
    bool projects = projected_code != 0 || scree__las_geotiff_has(keys, SCREE__GT_PROJECTION) ||
                    scree__las_geotiff_has(keys, SCREE__GT_PROJ_COORD_TRANS);
    bool said = model >= MODEL_PROJECTED && model <= MODEL_GEOCENTRIC;
    if (model == MODEL_PROJECTED || (!said && projects) ||
        (model == MODEL_GEOGRAPHIC && projects && geographic_code == 0))
        return projected(build, projected_code, crs);
    if (model == MODEL_GEOCENTRIC)
        return geocentric(build, crs);
    return scree__las_geotiff_geographic(build, crs);
}

/* Codes of the GeoTIFF 1.0 tables (5101 to 5106 are datums in the EPSG's own) to those of today. */
static unsigned vertical_code(unsigned code)
{
    static const uint16_t today[] = {5701, 5702, 5703, 5736, 5705, 5706};
    return code >= 5101 && code <= 5106 ? today[code - 5101] : code;
}

static PJ *from_vertical_datum(struct scree__las_geotiff_build *build, unsigned code,
                               const struct scree__las_geotiff_unit *unit)
{
    char name[160], text[16];
    PJ *datum = scree__las_geotiff_epsg(build, code, PJ_CATEGORY_DATUM);
    if (datum == NULL)
        return NULL;
    snprintf(name, sizeof name, "%s height", proj_get_name(datum));
    snprintf(text, sizeof text, "%u", code);
    PJ *crs = proj_create_vertical_crs_ex(
        build->proj, name, proj_get_name(datum), "EPSG", text, unit->given ? unit->name : "metre",
        unit->given ? unit->factor : 1, NULL, NULL, NULL, NULL, NULL);
    proj_destroy(datum);
    return crs;
}

/* NULL, with a note, for what is not to be had: heights without a CRS are still heights. */
static PJ *vertical_from(struct scree__las_geotiff_build *build, unsigned code, unsigned datum,
                         const struct scree__las_geotiff_unit *unit)
{
    PJ *crs = NULL;
    if (code >= 5001 && code <= 5033) {
        scree__las_geotiff_note(build, "heights are above the ellipsoid (GeoTIFF vertical code %u)",
                                code);
        return NULL;
    }
    if (code != 0 && code != SCREE__GT_USER_DEFINED)
        crs = scree__las_geotiff_epsg(build, vertical_code(code), PJ_CATEGORY_CRS);
    else if (vertical_code(datum) != datum)
        crs = scree__las_geotiff_epsg(build, vertical_code(datum), PJ_CATEGORY_CRS);
    else if (datum != 0 && datum != SCREE__GT_USER_DEFINED)
        crs = from_vertical_datum(build, datum, unit);
    if (crs != NULL && proj_get_type(crs) != PJ_TYPE_VERTICAL_CRS) {
        proj_destroy(crs);
        crs = NULL;
    }
    if (crs == NULL) {
        char citation[100];
        scree__las_geotiff_text(build->keys, SCREE__GT_VERTICAL_CITATION, citation,
                                sizeof citation);
        scree__las_geotiff_note(build, "vertical CRS \"%s\" (code %u, datum %u) is left out",
                                citation, code, datum);
    }
    return crs;
}

static enum scree_status vertical(struct scree__las_geotiff_build *build, PJ **crs)
{
    unsigned code, datum;
    struct scree__las_geotiff_unit unit;
    enum scree_status status =
        scree__las_geotiff_short(build->keys, SCREE__GT_VERTICAL_CS_TYPE, &code, build->err);
    if (status == SCREE_OK)
        status =
            scree__las_geotiff_short(build->keys, SCREE__GT_VERTICAL_DATUM, &datum, build->err);
    if (status != SCREE_OK || (code == 0 && datum == 0 &&
                               !scree__las_geotiff_has(build->keys, SCREE__GT_VERTICAL_CITATION)))
        return status;
    status = scree__las_geotiff_unit(build, SCREE__GT_VERTICAL_UNITS, SCREE__GT_VERTICAL_UNIT_SIZE,
                                     "linear", &unit);
    if (status != SCREE_OK)
        return status;
    *crs = vertical_from(build, code, datum, &unit);
    if (*crs != NULL)
        apply_unit(build, &unit, crs);
    return SCREE_OK;
}

static void add_vertical(struct scree__las_geotiff_build *build, PJ *height, PJ **crs)
{
    char name[320];
    PJ_TYPE type = proj_get_type(*crs);
    if (type != PJ_TYPE_PROJECTED_CRS && type != PJ_TYPE_GEOGRAPHIC_2D_CRS) {
        scree__las_geotiff_note(build, "vertical CRS \"%s\" is left out: \"%s\" has heights",
                                proj_get_name(height), proj_get_name(*crs));
        return;
    }
    snprintf(name, sizeof name, "%s + %s", proj_get_name(*crs), proj_get_name(height));
    PJ *both = proj_create_compound_crs(build->proj, name, *crs, height);
    if (both == NULL)
        return;
    proj_destroy(*crs);
    *crs = both;
    identify(build, crs);
}

enum scree_status scree__las_geotiff_crs(struct scree__las_geotiff_build *build, PJ **crs)
{
    PJ *height = NULL;
    *crs = NULL;
    enum scree_status status = horizontal(build, crs);
    if (status == SCREE_OK && *crs != NULL)
        status = vertical(build, &height);
    if (status == SCREE_OK && height != NULL)
        add_vertical(build, height, crs);
    if (status != SCREE_OK) {
        proj_destroy(*crs);
        *crs = NULL;
    }
    proj_destroy(height);
    return status;
}

#endif
