/* validate_copc.c - what COPC asks of the header and the VLRs: S1 to S7, R10, R13, R14. */
#include "base/bytes.h"
#include "copc/format.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* copc.js fetches this much before anything else and slices the VLRs out of it. */
#define HEAD_BYTES 65536u

/* Writers' root cubes are 128 (untwine, copc-lib), 147 (PDAL) or 256 (LAStools) spacings wide.
 * Beyond these bounds it is not the spacing of the root: copc_converter before 0.14 wrote the
 * finest level's. */
#define SPACINGS_MIN 4.0
#define SPACINGS_MAX 2048.0

static void check_file_kind(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    if (h->version_minor != 4)
        scree__copc_say(check, SCREE__S1, "COPC is LAS 1.4; byte 25 says 1.%u", h->version_minor);
    if (h->header_bytes != SCREE__COPC_INFO_VLR_OFFSET)
        scree__copc_say(check, SCREE__S1, "COPC has a header of 375 bytes; byte 94 says %u",
                        h->header_bytes);
    if (h->point_format < 6 || h->point_format > 8)
        scree__copc_say(check, SCREE__S2, "COPC has point format 6, 7 or 8; byte 104 says %u",
                        h->point_format);
    if (!h->compressed)
        scree__copc_say(check, SCREE__S1, "COPC is LAZ; there is no LASzip VLR");
}

/* Sets has_info when there is one, wherever it is. */
static enum scree_status find_info(struct scree__copc_check *check, struct scree_error *err)
{
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, SCREE__COPC_USER_ID, SCREE__COPC_INFO_RECORD, &from);
    if (record == NULL) {
        scree__copc_say(check, SCREE__S3, "there is no COPC info VLR (copc/1)");
        return SCREE_OK;
    }
    if (record->extended || record->offset != SCREE__COPC_INFO_VLR_OFFSET)
        scree__copc_say(check, SCREE__S3,
                        "the COPC info VLR must be the first, at byte 375; it is %s at byte "
                        "%" PRIu64,
                        record->extended ? "an EVLR" : "", record->offset);
    if (record->payload_bytes != SCREE__COPC_INFO_BYTES)
        scree__copc_say(check, SCREE__S3,
                        "the COPC info VLR at byte %" PRIu64 " has %" PRIu64 " bytes, not 160",
                        record->offset, record->payload_bytes);
    if (record->payload_bytes < SCREE__COPC_INFO_BYTES)
        return SCREE_OK;
    const uint8_t *p;
    enum scree_status status =
        scree__copc_peek(check, record->payload_offset, SCREE__COPC_INFO_BYTES, &p, err);
    if (status != SCREE_OK)
        return status;
    scree__copc_info_load(p, &check->info);
    check->has_info = true;
    check->report->is_copc = !record->extended && record->offset == SCREE__COPC_INFO_VLR_OFFSET &&
                             record->payload_bytes == SCREE__COPC_INFO_BYTES;
    return SCREE_OK;
}

static void check_info(struct scree__copc_check *check)
{
    const struct scree_copc_info *info = &check->info;
    bool cube = isfinite(info->halfsize) && info->halfsize > 0;
    for (unsigned i = 0; i < 3; i++)
        cube = cube && isfinite(info->center[i]) && fabs(info->center[i]) < 1e300;
    check->has_cube = cube;
    if (!cube)
        scree__copc_say(check, SCREE__S4,
                        "center (%.15g, %.15g, %.15g) and halfsize %.15g of the info VLR are not a "
                        "cube",
                        info->center[0], info->center[1], info->center[2], info->halfsize);
    for (unsigned i = 0; i < SCREE__COPC_INFO_RESERVED_COUNT; i++) {
        if (info->reserved[i] != 0)
            scree__copc_say(check, SCREE__S5,
                            "reserved word %u of the info VLR is %" PRIu64 ", not 0", i,
                            info->reserved[i]);
    }
    const double spacings = 2 * info->halfsize / info->spacing;
    if (!isfinite(info->spacing) || info->spacing <= 0)
        scree__copc_say(check, SCREE__S6, "spacing %.15g in the info VLR", info->spacing);
    else if (cube && (spacings < SPACINGS_MIN || spacings > SPACINGS_MAX))
        scree__copc_say(check, SCREE__S6,
                        "spacing %.15g in a root cube of %.15g: not that of the root level?",
                        info->spacing, 2 * info->halfsize);
    if (!(info->gps_time_min <= info->gps_time_max))
        scree__copc_say(check, SCREE__COPC_GPS_RANGE, "GPS time range [%.15g, %.15g]",
                        info->gps_time_min, info->gps_time_max);
}

static void check_bounds(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    const struct scree_copc_info *info = &check->info;
    for (unsigned i = 0; i < 3 && check->has_cube && h->point_count > 0; i++) {
        const double low = info->center[i] - info->halfsize,
                     high = info->center[i] + info->halfsize;
        const double slack = fabs(h->scale[i]);
        if (h->min[i] < low - slack || h->max[i] > high + slack)
            scree__copc_say(
                check, SCREE__R13,
                "header bounds [%.15g, %.15g] in %c are outside the cube [%.15g, %.15g]", h->min[i],
                h->max[i], "xyz"[i], low, high);
    }
}

static void check_chunk_size(struct scree__copc_check *check, uint32_t chunk_points)
{
    if (chunk_points == 0)
        scree__copc_say(check, SCREE__R10_ZERO,
                        "chunk size 0 in the LASzip VLR; variable chunks are 4294967295");
    else if (chunk_points != SCREE_LAZ_VARIABLE_CHUNKS)
        scree__copc_say(check, SCREE__R10,
                        "chunk size %" PRIu32 " in the LASzip VLR; variable chunks are 4294967295",
                        chunk_points);
}

/* The layout says what it means; the validator of the field looks at the bytes. */
static enum scree_status check_laszip(struct scree__copc_check *check, struct scree_error *err)
{
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, "laszip encoded", 22204, &from);
    if (record == NULL || record->payload_bytes < 16)
        return SCREE_OK;
    const uint8_t *p;
    enum scree_status status = scree__copc_peek(check, record->payload_offset, 16, &p, err);
    if (status == SCREE_OK)
        check_chunk_size(check, scree__base_load32(p + 12));
    return status;
}

enum scree_status scree__copc_check_copc(struct scree__copc_check *check, struct scree_error *err)
{
    check_file_kind(check);
    enum scree_status status = find_info(check, err);
    if (status == SCREE_OK && check->has_info) {
        check_info(check);
        check_bounds(check);
    }
    if (status == SCREE_OK)
        status = check_laszip(check, err);
    if (check->vlr_end > HEAD_BYTES)
        scree__copc_say(check, SCREE__R14,
                        "the VLRs end at byte %" PRIu64 "; readers fetch the first 65536 bytes",
                        check->vlr_end);
    return status;
}
