/* geotiff.h - the GeoTIFF key directory that LAS files before 1.4 carry in three VLRs of the user
 * LASF_Projection. Borrows the payloads; allocates nothing. */
#ifndef SCREE_LIB_LAS_GEOTIFF_H
#define SCREE_LIB_LAS_GEOTIFF_H

#include "scree/base.h"

/* Record ids. */
enum { SCREE__GEOTIFF_KEYS = 34735, SCREE__GEOTIFF_DOUBLES = 34736, SCREE__GEOTIFF_ASCII = 34737 };

/* Keys, by the names of the GeoTIFF specification. */
enum {
    SCREE__GT_MODEL_TYPE = 1024,
    SCREE__GT_CITATION = 1026,
    SCREE__GT_GEOGRAPHIC_TYPE = 2048,
    SCREE__GT_GEOG_CITATION = 2049,
    SCREE__GT_GEOG_GEODETIC_DATUM = 2050,
    SCREE__GT_GEOG_PRIME_MERIDIAN = 2051,
    SCREE__GT_GEOG_LINEAR_UNITS = 2052,
    SCREE__GT_GEOG_LINEAR_UNIT_SIZE = 2053,
    SCREE__GT_GEOG_ANGULAR_UNITS = 2054,
    SCREE__GT_GEOG_ANGULAR_UNIT_SIZE = 2055,
    SCREE__GT_GEOG_ELLIPSOID = 2056,
    SCREE__GT_GEOG_SEMI_MAJOR_AXIS = 2057,
    SCREE__GT_GEOG_SEMI_MINOR_AXIS = 2058,
    SCREE__GT_GEOG_INV_FLATTENING = 2059,
    SCREE__GT_GEOG_PRIME_MERIDIAN_LONG = 2061,
    SCREE__GT_GEOG_TOWGS84 = 2062,
    SCREE__GT_PROJECTED_CS_TYPE = 3072,
    SCREE__GT_PCS_CITATION = 3073,
    SCREE__GT_PROJECTION = 3074,
    SCREE__GT_PROJ_COORD_TRANS = 3075,
    SCREE__GT_PROJ_LINEAR_UNITS = 3076,
    SCREE__GT_PROJ_LINEAR_UNIT_SIZE = 3077,
    SCREE__GT_PROJ_STD_PARALLEL_1 = 3078,
    SCREE__GT_PROJ_STD_PARALLEL_2 = 3079,
    SCREE__GT_PROJ_NAT_ORIGIN_LONG = 3080,
    SCREE__GT_PROJ_NAT_ORIGIN_LAT = 3081,
    SCREE__GT_PROJ_FALSE_EASTING = 3082,
    SCREE__GT_PROJ_FALSE_NORTHING = 3083,
    SCREE__GT_PROJ_FALSE_ORIGIN_LONG = 3084,
    SCREE__GT_PROJ_FALSE_ORIGIN_LAT = 3085,
    SCREE__GT_PROJ_FALSE_ORIGIN_EASTING = 3086,
    SCREE__GT_PROJ_FALSE_ORIGIN_NORTHING = 3087,
    SCREE__GT_PROJ_CENTER_LONG = 3088,
    SCREE__GT_PROJ_CENTER_LAT = 3089,
    SCREE__GT_PROJ_CENTER_EASTING = 3090,
    SCREE__GT_PROJ_CENTER_NORTHING = 3091,
    SCREE__GT_PROJ_SCALE_AT_NAT_ORIGIN = 3092,
    SCREE__GT_PROJ_SCALE_AT_CENTER = 3093,
    SCREE__GT_PROJ_AZIMUTH_ANGLE = 3094,
    SCREE__GT_PROJ_STRAIGHT_VERT_POLE_LONG = 3095,
    SCREE__GT_PROJ_RECTIFIED_GRID_ANGLE = 3096,
    SCREE__GT_VERTICAL_CS_TYPE = 4096,
    SCREE__GT_VERTICAL_CITATION = 4097,
    SCREE__GT_VERTICAL_DATUM = 4098,
    SCREE__GT_VERTICAL_UNITS = 4099,
    SCREE__GT_VERTICAL_UNIT_SIZE = 4100
};

enum { SCREE__GT_USER_DEFINED = 32767 };

struct scree__las_geotiff {
    const uint8_t *keys, *doubles, *ascii;
    uint32_t key_count; /* 0: an empty directory */
    uint64_t keys_bytes, double_count, ascii_bytes;
};

/*
 * Checks the directory's own structure: header, version 1, room for as many keys as it says (each
 * SCREE_E_DATA). No payload, or one of zeros alone, is a directory without keys. Payloads may be
 * NULL where their size is 0.
 */
SCREE_MUST_CHECK enum scree_status
scree__las_geotiff_init(struct scree__las_geotiff *geotiff, const uint8_t *keys,
                        uint64_t keys_bytes, const uint8_t *doubles, uint64_t doubles_bytes,
                        const uint8_t *ascii, uint64_t ascii_bytes, struct scree_error *err);

bool scree__las_geotiff_has(const struct scree__las_geotiff *geotiff, unsigned key);

/* A number of 16 bits; 0 when the key is absent. SCREE_E_DATA: it is of another type, or lies
 * outside. */
SCREE_MUST_CHECK enum scree_status
scree__las_geotiff_short(const struct scree__las_geotiff *geotiff, unsigned key, unsigned *value,
                         struct scree_error *err);

/* The first of the keys (0 ends them, at most `limit`) that is there; `fallback` when none is.
 * SCREE_E_DATA: of another type, outside its record, or not finite. */
SCREE_MUST_CHECK enum scree_status
scree__las_geotiff_double(const struct scree__las_geotiff *geotiff, const uint16_t *keys,
                          size_t limit, double fallback, double *value, struct scree_error *err);

/* A text, without the '|' at its end, cut to `size` with its NUL; "" when it is absent or lies
 * outside: texts are names, nothing depends on them. */
void scree__las_geotiff_text(const struct scree__las_geotiff *geotiff, unsigned key, char *text,
                             size_t size);

#endif
