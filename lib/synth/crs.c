/* crs.c - a VLR from what a person calls the coordinate reference system. */
#include "synth/crs.h"
#include "base/error.h"
#include "par/context.h"

#include <stdio.h>
#include <string.h>

#define RECORD_WKT 2112
#define RECORD_GEO_KEYS 34735

/*
 * GeoKeyDirectoryTag of RGF93 / Lambert-93 and NGF-IGN69 heights, in little-endian shorts: header
 * (1.1.0, 5 keys), then key, 0, 1, value: projected model, EPSG 2154, metres, EPSG 5720, metres.
 */
static const uint8_t default_keys[48] = {
    1, 0,  1, 0, 0, 0, 5,    0,    /* */
    0, 4,  0, 0, 1, 0, 1,    0,    /* 1024 GTModelTypeGeoKey */
    0, 12, 0, 0, 1, 0, 0x6A, 0x08, /* 3072 ProjectedCSTypeGeoKey */
    4, 12, 0, 0, 1, 0, 0x29, 0x23, /* 3076 ProjLinearUnitsGeoKey */
    0, 16, 0, 0, 1, 0, 0x58, 0x16, /* 4096 VerticalCSTypeGeoKey */
    3, 16, 0, 0, 1, 0, 0x29, 0x23, /* 4099 VerticalUnitsGeoKey */
};

static void set_vlr(struct scree__synth_crs *crs, uint16_t record_id, const char *description,
                    const void *payload, uint64_t payload_bytes)
{
    memset(&crs->vlr, 0, sizeof crs->vlr);
    snprintf(crs->vlr.user_id, sizeof crs->vlr.user_id, "LASF_Projection");
    snprintf(crs->vlr.description, sizeof crs->vlr.description, "%s", description);
    crs->vlr.record_id = record_id;
    crs->vlr.payload = payload;
    crs->vlr.payload_bytes = payload_bytes;
    crs->has_vlr = true;
}

enum scree_status scree__synth_crs_init(struct scree__synth_crs *crs, struct scree_context *context,
                                        const char *text, unsigned point_format,
                                        struct scree_error *err)
{
    memset(crs, 0, sizeof *crs);
    bool is_default = text == NULL || strcmp(text, SCREE__SYNTH_DEFAULT_CRS) == 0;
    if (!is_default && text[0] == '\0')
        return SCREE_OK;
    if (is_default && point_format < 6) {
        set_vlr(crs, RECORD_GEO_KEYS, "GeoTIFF keys", default_keys, sizeof default_keys);
        return SCREE_OK;
    }
    struct scree_error own = SCREE_ERROR_INIT;
    enum scree_status status =
        scree_las_crs_from_text(is_default ? SCREE__SYNTH_DEFAULT_CRS : text, &crs->wkt, &own);
    if (status == SCREE_E_UNSUPPORTED && is_default) {
        scree__par_log(context, SCREE_LOG_WARNING,
                       "the files carry no coordinate reference system: %s", own.message);
        return SCREE_OK;
    }
    if (status != SCREE_OK)
        return scree__base_fail(err, status, "%s", own.message);
    if (crs->wkt.wkt == NULL)
        return SCREE_OK;
    crs->is_wkt = true;
    set_vlr(crs, RECORD_WKT, "OGC WKT", crs->wkt.wkt, strlen(crs->wkt.wkt) + 1);
    return SCREE_OK;
}

void scree__synth_crs_release(struct scree__synth_crs *crs)
{
    scree_las_crs_release(&crs->wkt);
}
