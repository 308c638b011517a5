/*
 * amend_layout.c - where everything lies in a new file. VLRs keep their order and places as far as
 * nothing before them grows; a CRS that fits into the place of the old one is padded with zero
 * bytes. The points follow in one piece, then the EVLRs, the new index last.
 */
#include "base/error.h"
#include "copc/amend.h"
#include "las/vlr.h"

#include <inttypes.h>
#include <string.h>

#define PROJECTION "LASF_Projection"
#define WKT_RECORD 2112u
#define GEOTIFF_FIRST 34735u
#define GEOTIFF_LAST 34737u

static enum scree__amend_kind kind_of(const struct scree__amend *amend,
                                      const struct scree_las_vlr *vlr)
{
    if (strcmp(vlr->user_id, SCREE__COPC_USER_ID) == 0 &&
        vlr->record_id == SCREE__COPC_HIERARCHY_RECORD)
        return SCREE__AMEND_HIERARCHY;
    if (amend->stride > 0 && strcmp(vlr->user_id, SCREE__TEMPORAL_USER_ID) == 0 &&
        vlr->record_id == SCREE__TEMPORAL_RECORD)
        return SCREE__AMEND_DROP;
    if (amend->crs.wkt == NULL || strcmp(vlr->user_id, PROJECTION) != 0)
        return SCREE__AMEND_KEEP;
    if (vlr->record_id == WKT_RECORD) /* readers look for it among the VLRs */
        return vlr->extended ? SCREE__AMEND_DROP : SCREE__AMEND_WKT;
    /* Keys that would go on to say the old CRS. */
    return vlr->record_id >= GEOTIFF_FIRST && vlr->record_id <= GEOTIFF_LAST ? SCREE__AMEND_DROP
                                                                             : SCREE__AMEND_KEEP;
}

static void fill_records(struct scree__amend *amend)
{
    bool has_wkt = false;
    for (uint64_t i = 0; i < amend->record_count; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(amend->reader, i);
        struct scree__amend_record *record = &amend->records[i];
        memset(record, 0, sizeof *record);
        record->kind = kind_of(amend, vlr);
        if (record->kind == SCREE__AMEND_WKT && has_wkt)
            record->kind = SCREE__AMEND_DROP; /* one is enough */
        has_wkt = has_wkt || record->kind == SCREE__AMEND_WKT;
        record->extended = vlr->extended;
        record->is_temporal = strcmp(vlr->user_id, SCREE__TEMPORAL_USER_ID) == 0 &&
                              vlr->record_id == SCREE__TEMPORAL_RECORD;
        record->payload_bytes = record->new_payload_bytes = vlr->payload_bytes;
        record->offset =
            vlr->payload_offset - (vlr->extended ? SCREE__LAS_EVLR_BYTES : SCREE__LAS_VLR_BYTES);
        if (record->kind == SCREE__AMEND_WKT && record->payload_bytes < amend->wkt_bytes)
            record->new_payload_bytes = amend->wkt_bytes;
    }
    amend->insert_wkt = amend->crs.wkt != NULL && !has_wkt;
}

/* One list; returns where it ends. */
static uint64_t place_list(struct scree__amend *amend, bool extended, uint64_t at, uint64_t *count)
{
    *count = 0;
    for (uint64_t i = 0; i < amend->record_count; i++) {
        struct scree__amend_record *record = &amend->records[i];
        if (record->extended != extended || record->kind == SCREE__AMEND_DROP)
            continue;
        record->new_offset = at;
        at += (extended ? SCREE__LAS_EVLR_BYTES : SCREE__LAS_VLR_BYTES) + record->new_payload_bytes;
        (*count)++;
    }
    return at;
}

/* What was free between the VLRs and the points takes up growth, and else stays. */
static uint64_t place_points(const struct scree__amend *amend)
{
    const uint64_t old_points = amend->header->point_offset;
    if (amend->new_vlr_end > amend->old_vlr_end && amend->new_vlr_end <= old_points)
        return old_points;
    return amend->new_vlr_end +
           (amend->new_vlr_end > amend->old_vlr_end ? 0 : old_points - amend->old_vlr_end);
}

enum scree_status scree__amend_layout(struct scree__amend *amend, struct scree_error *err)
{
    void *memory;
    amend->record_count = scree_las_vlr_count(amend->reader);
    amend->wkt_bytes = amend->crs.wkt != NULL ? strlen(amend->crs.wkt) + 1 : 0;
    if (amend->wkt_bytes > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "the CRS takes %" PRIu64 " bytes of WKT: a VLR holds 65535",
                                amend->wkt_bytes);
    enum scree_status status = SCREE_OK;
    if (amend->records == NULL) {
        status = scree__mem_alloc(amend->budget, amend->record_count * sizeof *amend->records,
                                  &memory, "VLRs", err);
        if (status != SCREE_OK)
            return status;
        amend->records = memory;
    }
    fill_records(amend);
    amend->old_vlr_end = amend->header->header_bytes;
    for (uint64_t i = 0; i < amend->record_count; i++)
        if (!amend->records[i].extended)
            amend->old_vlr_end =
                amend->records[i].offset + SCREE__LAS_VLR_BYTES + amend->records[i].payload_bytes;
    amend->new_vlr_end =
        place_list(amend, false, amend->header->header_bytes, &amend->new_vlr_count);
    if (amend->insert_wkt) {
        amend->new_vlr_end += SCREE__LAS_VLR_BYTES + amend->wkt_bytes;
        amend->new_vlr_count++;
    }
    amend->new_point_offset = place_points(amend);
    amend->new_evlr_offset =
        amend->points_end - amend->header->point_offset + amend->new_point_offset;
    amend->new_index_offset =
        place_list(amend, true, amend->new_evlr_offset, &amend->new_evlr_count);
    amend->new_evlr_count += amend->stride > 0;
    if (amend->new_point_offset > UINT32_MAX || amend->new_evlr_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "the points would begin at byte %" PRIu64,
                                amend->new_point_offset);
    return SCREE_OK;
}

bool scree__amend_moves_index(const struct scree__amend *amend)
{
    for (uint64_t i = 0; i < amend->record_count; i++)
        if (amend->records[i].is_temporal && amend->records[i].kind == SCREE__AMEND_KEEP &&
            amend->records[i].new_offset != amend->records[i].offset)
            return true;
    return false;
}

/* The root page moves as its record does. */
static uint64_t place_root_page(const struct scree__amend *amend)
{
    const uint64_t root = scree_copc_info(amend->copc)->root_page_offset;
    for (uint64_t i = 0; i < amend->record_count; i++) {
        const struct scree__amend_record *record = &amend->records[i];
        const uint64_t end = record->offset + record->payload_bytes + SCREE__LAS_EVLR_BYTES;
        if (record->kind == SCREE__AMEND_HIERARCHY && root >= record->offset && root < end)
            return root - record->offset + record->new_offset;
    }
    return root;
}

void scree__amend_place(struct scree__amend *amend)
{
    uint8_t *head = amend->head;
    scree__base_store32(head + 96, (uint32_t)amend->new_point_offset);
    scree__base_store32(head + 100, (uint32_t)amend->new_vlr_count);
    scree__base_store64(head + 235, amend->new_evlr_count > 0 ? amend->new_evlr_offset : 0);
    scree__base_store32(head + 243, (uint32_t)amend->new_evlr_count);
    scree__base_store64(head + SCREE__COPC_INFO_PAYLOAD_OFFSET + 40, place_root_page(amend));
    if (amend->crs.wkt != NULL)
        scree__base_store16(head + 6, (uint16_t)(scree__base_load16(head + 6) | SCREE_LAS_WKT));
}
