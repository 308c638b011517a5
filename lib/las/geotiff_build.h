/*
 * geotiff_build.h - from GeoTIFF keys to a CRS, through PROJ.
 *
 *     geotiff_crs.c          which CRS the keys name: model, codes, units, the vertical one
 *     geotiff_geographic.c   geographic CRS: by code, datum or ellipsoid
 *     geotiff_projection.c   user-defined projections: method and parameters
 */
#ifndef SCREE_LIB_LAS_GEOTIFF_BUILD_H
#define SCREE_LIB_LAS_GEOTIFF_BUILD_H

#include "las/geotiff.h"

#if SCREE_HAVE_PROJ

#include <proj.h>
#include <proj_experimental.h>

struct scree__las_geotiff_build {
    const struct scree__las_geotiff *keys;
    PJ_CONTEXT *proj;
    char *note; /* what could not be carried over; grows, one line */
    size_t note_size;
    struct scree_error *err;
};

/* What a file says of its lengths or angles. */
struct scree__las_geotiff_unit {
    bool given; /* and known */
    char name[64], code[8];
    double factor; /* metres or radians in one */
};

/* proj_identify() among the EPSG's (crs_proj.c); NULL also for what it cannot be asked: *confidence is left then. */
PJ_OBJ_LIST *scree__las_crs_identify(PJ_CONTEXT *proj, const PJ *crs, int **confidence);

/*
 * The CRS that the keys name; *crs NULL where they name none. The caller destroys *crs.
 * SCREE_E_DATA: keys that contradict the format; SCREE_E_UNSUPPORTED: a CRS that we cannot make of
 * them.
 */
SCREE_MUST_CHECK enum scree_status scree__las_geotiff_crs(struct scree__las_geotiff_build *build,
                                                          PJ **crs);

/* *crs NULL where the keys name no geographic CRS. */
SCREE_MUST_CHECK enum scree_status
scree__las_geotiff_geographic(struct scree__las_geotiff_build *build, PJ **crs);

/* The conversion of a user-defined projected CRS, from its code or from method and parameters. */
SCREE_MUST_CHECK enum scree_status
scree__las_geotiff_conversion(struct scree__las_geotiff_build *build,
                              const struct scree__las_geotiff_unit *linear, PJ **conversion);

/* The unit that a key names by its code, or a size key by its size. not `given` where it is absent,
 * and, with a note, where PROJ does not know it. */
SCREE_MUST_CHECK enum scree_status scree__las_geotiff_unit(struct scree__las_geotiff_build *build,
                                                           unsigned code_key, unsigned size_key,
                                                           const char *category,
                                                           struct scree__las_geotiff_unit *unit);

/* An object of the EPSG database; NULL when PROJ does not know the code. */
PJ *scree__las_geotiff_epsg(struct scree__las_geotiff_build *build, unsigned code,
                            PJ_CATEGORY category);

void scree__las_geotiff_note(struct scree__las_geotiff_build *build, const char *format, ...)
    SCREE_PRINTF(2, 3);

#endif
#endif
