/* crs.h - the coordinate reference system that the files carry: WKT, GeoTIFF keys or nothing. */
#ifndef SCREE_LIB_SYNTH_CRS_H
#define SCREE_LIB_SYNTH_CRS_H

#include "scree/las.h"
#include "scree/synth.h"

#define SCREE__SYNTH_DEFAULT_CRS "EPSG:2154+5720"

struct scree__synth_crs {
    struct scree_las_crs wkt; /* holds the payload */
    struct scree_las_vlr vlr;
    bool has_vlr, is_wkt;
};

/*
 * Formats 6 to 10 say it in WKT; formats 0 to 5 the default in GeoTIFF keys, anything else in WKT
 * (which takes a LAS 1.4 header). The default is left out, with a warning, where the library cannot
 * write WKT; what a person asked for is SCREE_E_UNSUPPORTED there. Release it in any case.
 */
SCREE_MUST_CHECK enum scree_status scree__synth_crs_init(struct scree__synth_crs *crs,
                                                         struct scree_context *context,
                                                         const char *text, unsigned point_format,
                                                         struct scree_error *err);
void scree__synth_crs_release(struct scree__synth_crs *crs);

#endif
