/* crs_plain.c - coordinate reference systems in a build without PROJ: WKT passes through. */
#include "las/crs.h"

#if !SCREE_HAVE_PROJ

#include "base/error.h"
#include "mem/budget.h"

#include <stdio.h>
#include <string.h>

enum scree_status scree__las_crs_from_wkt(const char *wkt, struct scree_las_crs *crs,
                                          struct scree_error *err)
{
    crs->wkt = scree__mem_string_copy(wkt);
    if (crs->wkt == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "CRS text");
    scree__las_crs_describe(wkt, crs);
    if (!scree__las_crs_is_wkt1(wkt))
        snprintf(crs->note, sizeof crs->note, "built without PROJ: kept as it is, not as WKT1");
    return SCREE_OK;
}

enum scree_status scree__las_crs_from_geotiff(const struct scree__las_geotiff *geotiff,
                                              struct scree_las_crs *crs, struct scree_error *err)
{
    (void)crs;
    if (!scree__las_geotiff_has(geotiff, SCREE__GT_PROJECTED_CS_TYPE) &&
        !scree__las_geotiff_has(geotiff, SCREE__GT_GEOGRAPHIC_TYPE))
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "the CRS is in GeoTIFF keys, and scree is built without PROJ: give its "
                            "WKT with --crs");
}

enum scree_status scree__las_crs_from_person(const char *text, struct scree_las_crs *crs,
                                             struct scree_error *err)
{
    if (!scree__las_crs_is_wkt1(text))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "\"%.100s\": scree is built without PROJ, only WKT1 will do", text);
    return scree__las_crs_from_wkt(text, crs, err);
}

bool scree__las_crs_wkt_reads(const char *text, char *why, size_t capacity)
{
    (void)text;
    snprintf(why, capacity, "%s", "");
    return true;
}

bool scree__las_crs_same_meaning(const char *a, const char *b)
{
    (void)a;
    (void)b;
    return false;
}

#endif
