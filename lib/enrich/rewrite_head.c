/*
 * rewrite_head.c - the bytes before the points: the header with its new sizes, VLRs one after the other as they were but for those that change, and the bytes between
 * the last of them and the points, which some writers put there.
 */
#include "enrich/rewrite.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/format.h"
#include "las/vlr.h"
#include "scree/copc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_POINT_OFFSET = 96,
    AT_VLR_COUNT = 100,
    AT_FORMAT = 104,
    AT_RECORD_BYTES = 105,
    LASZIP_FIXED_BYTES = 34 /* of a LASzip record, before its items */
};

#define FORMAT_COMPRESSED 0x80u
#define RECORD_SIGNATURE 0xAABBu /* what LAS 1.0 has where later versions have a reserved 0 */

enum scree_status scree__enrich_head_put(struct scree__enrich_writing *writing, const void *bytes,
                                         uint64_t count, struct scree_error *err)
{
    void *memory = writing->head;
    enum scree_status status =
        scree__mem_grow(writing->budget, &memory, &writing->head_capacity,
                        writing->head_bytes + count, 1, "header and VLRs", err);
    if (status != SCREE_OK)
        return status;
    writing->head = memory;
    if (bytes == NULL)
        memset(writing->head + writing->head_bytes, 0, (size_t)count);
    else if (count > 0)
        memcpy(writing->head + writing->head_bytes, bytes, (size_t)count);
    writing->head_bytes += count;
    return SCREE_OK;
}

static enum scree_status put_range(struct scree__enrich_writing *writing, uint64_t offset,
                                   uint64_t count, struct scree_error *err)
{
    void *memory = writing->head;
    enum scree_status status =
        scree__mem_grow(writing->budget, &memory, &writing->head_capacity,
                        writing->head_bytes + count, 1, "header and VLRs", err);
    if (status != SCREE_OK)
        return status;
    writing->head = memory;
    status = count == 0
                 ? SCREE_OK
                 : scree_source_read(writing->source, offset, writing->head + writing->head_bytes,
                                     (size_t)count, err);
    writing->head_bytes += count;
    return status;
}

/* ------------------------------------------------------------------------------------ extra bytes */

enum scree_status scree__enrich_extra_payload(struct scree__enrich_writing *writing,
                                              const struct scree_las_vlr *vlr, uint8_t **payload,
                                              uint64_t *bytes, struct scree_error *err)
{
    const uint64_t each = SCREE__ENRICH_DESCRIPTOR_BYTES;
    const uint64_t before = writing->extra_first * each;
    const uint64_t after = before + writing->extra_drop * each;
    const uint64_t added = writing->new_descriptor_count * each;
    void *memory;
    *payload = NULL;
    *bytes = vlr->payload_bytes - (after - before) + added;
    if (!vlr->extended && *bytes > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: would have %" PRIu64
                                " dimensions of extra bytes, a record holds the descriptors of 341",
                                scree_source_name(writing->source), *bytes / each);
    enum scree_status status =
        scree__mem_alloc(writing->budget, *bytes, &memory, "extra bytes descriptors", err);
    if (status != SCREE_OK || *bytes == 0)
        return status;
    *payload = memory;
    if (before > 0)
        memcpy(*payload, vlr->payload, (size_t)before);
    if (added > 0)
        memcpy(*payload + before, writing->new_descriptors, (size_t)added);
    if (vlr->payload_bytes > after)
        memcpy(*payload + before + added, vlr->payload + after,
               (size_t)(vlr->payload_bytes - after));
    return SCREE_OK;
}

/* The record's own header, with another length, and the payload. */
static enum scree_status put_changed(struct scree__enrich_writing *writing,
                                     const struct scree_las_vlr *vlr, const void *payload,
                                     uint64_t bytes, struct scree_error *err)
{
    const uint64_t at = writing->head_bytes;
    enum scree_status status =
        put_range(writing, vlr->payload_offset - SCREE__LAS_VLR_BYTES, SCREE__LAS_VLR_BYTES, err);
    if (status == SCREE_OK)
        scree__base_store16(writing->head + at + 20, (uint16_t)bytes);
    return status == SCREE_OK ? scree__enrich_head_put(writing, payload, bytes, err) : status;
}

static enum scree_status put_new(struct scree__enrich_writing *writing, const char *user,
                                 uint16_t record, const char *description, const void *payload,
                                 uint64_t bytes, uint32_t *count, struct scree_error *err)
{
    struct scree_las_vlr vlr = {.record_id = record, .payload_bytes = bytes};
    uint8_t header[SCREE__LAS_VLR_BYTES];
    snprintf(vlr.user_id, sizeof vlr.user_id, "%s", user);
    snprintf(vlr.description, sizeof vlr.description, "%s", description);
    scree__las_vlr_header_write(&vlr, false, header);
    if (writing->first_minor == 0)
        scree__base_store16(header, RECORD_SIGNATURE);
    enum scree_status status = scree__enrich_head_put(writing, header, sizeof header, err);
    if (status == SCREE_OK)
        status = scree__enrich_head_put(writing, payload, bytes, err);
    (*count)++;
    return status;
}

static enum scree_status put_extra(struct scree__enrich_writing *writing,
                                   const struct scree_las_vlr *vlr, uint32_t *count,
                                   struct scree_error *err)
{
    uint8_t *payload;
    uint64_t bytes;
    enum scree_status status = scree__enrich_extra_payload(writing, vlr, &payload, &bytes, err);
    if (status == SCREE_OK && bytes == 0 && writing->own.added_record)
        (*count)--; /* it came with ours, and goes with them */
    else if (status == SCREE_OK)
        status = put_changed(writing, vlr, payload, bytes, err);
    if (payload != NULL)
        scree__mem_free(writing->budget, payload, bytes);
    return status;
}

static enum scree_status add_extra(struct scree__enrich_writing *writing, uint32_t *count,
                                   struct scree_error *err)
{
    const uint64_t bytes = (uint64_t)writing->new_descriptor_count * SCREE__ENRICH_DESCRIPTOR_BYTES;
    if (writing->extra_vlr != UINT64_MAX || writing->new_descriptor_count == 0)
        return SCREE_OK;
    if (bytes > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: would have %u dimensions of extra bytes, a record holds the "
                                "descriptors of 341",
                                scree_source_name(writing->source), writing->new_descriptor_count);
    return put_new(writing, SCREE__LAS_EXTRA_BYTES_USER, SCREE__LAS_EXTRA_BYTES_ID,
                   "Extra Bytes Record", writing->new_descriptors, bytes, count, err);
}

/* ----------------------------------------------------------------------------------------- LASzip */

static bool is_laszip(const struct scree_las_vlr *vlr)
{
    return vlr->record_id == SCREE__LAS_LASZIP_ID &&
           strcmp(vlr->user_id, SCREE__LAS_LASZIP_USER) == 0;
}

/* What the record says beside its items stays where they stay: version, options, the number of special EVLRs. */
static enum scree_status put_laszip(struct scree__enrich_writing *writing,
                                    const struct scree_las_vlr *vlr, struct scree_error *err)
{
    uint8_t payload[LASZIP_FIXED_BYTES + 6 * SCREE_LAZ_ITEMS_MAX];
    const size_t bytes = scree_laz_layout_vlr_bytes(&writing->layout);
    scree_laz_layout_vlr_write(&writing->layout, payload);
    if (vlr->payload_bytes >= LASZIP_FIXED_BYTES) {
        memcpy(payload + 4, vlr->payload + 4, 8);    /* version, options */
        memcpy(payload + 16, vlr->payload + 16, 16); /* special EVLRs and their place */
        if (scree__base_load32(vlr->payload + 12) == 0 &&
            writing->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS)
            scree__base_store32(payload + 12, 0); /* the other way to say: variable */
    }
    return put_changed(writing, vlr, payload, bytes, err);
}

static enum scree_status add_laszip(struct scree__enrich_writing *writing, uint32_t *count,
                                    struct scree_error *err)
{
    uint8_t payload[LASZIP_FIXED_BYTES + 6 * SCREE_LAZ_ITEMS_MAX];
    if (!writing->compressed || writing->header->compressed)
        return SCREE_OK;
    scree_laz_layout_vlr_write(&writing->layout, payload);
    return put_new(writing, SCREE__LAS_LASZIP_USER, SCREE__LAS_LASZIP_ID, "LAZ by scree", payload,
                   scree_laz_layout_vlr_bytes(&writing->layout), count, err);
}

/* ------------------------------------------------------------------------------------------ whole */

static enum scree_status put_vlr(struct scree__enrich_writing *writing, uint64_t index,
                                 uint32_t *count, struct scree_error *err)
{
    const struct scree_las_vlr *vlr = scree_las_vlr(writing->reader, index);
    if (index == writing->extra_vlr &&
        (writing->extra_drop > 0 || writing->new_descriptor_count > 0))
        return put_extra(writing, vlr, count, err);
    if (index == writing->own.vlr) {
        if (writing->parameters != NULL)
            return put_changed(writing, vlr, writing->parameters, writing->parameters_bytes, err);
        (*count)--;
        return SCREE_OK;
    }
    if (is_laszip(vlr) && writing->compressed)
        return put_laszip(writing, vlr, err);
    if ((is_laszip(vlr) && !writing->compressed) ||
        (strcmp(vlr->user_id, SCREE__COPC_USER_ID) == 0 &&
         vlr->record_id == SCREE__COPC_INFO_RECORD && !writing->is_copc &&
         scree_copc_is(writing->reader))) {
        (*count)--;
        return SCREE_OK;
    }
    return put_range(writing, vlr->payload_offset - SCREE__LAS_VLR_BYTES,
                     SCREE__LAS_VLR_BYTES + vlr->payload_bytes, err);
}

/* Our own two records come last, in the order in which a file without either gets them. */
static enum scree_status add_records(struct scree__enrich_writing *writing, uint32_t *count,
                                     struct scree_error *err)
{
    enum scree_status status = add_laszip(writing, count, err);
    if (status == SCREE_OK)
        status = add_extra(writing, count, err);
    if (status == SCREE_OK && writing->parameters != NULL && !writing->own.has_record)
        status =
            put_new(writing, SCREE__ENRICH_USER, SCREE__ENRICH_RECORD, "features of scree enrich",
                    writing->parameters, writing->parameters_bytes, count, err);
    return status;
}

enum scree_status scree__enrich_head_make(struct scree__enrich_writing *writing,
                                          struct scree_error *err)
{
    const struct scree_las_header *header = writing->header;
    uint64_t end = header->header_bytes;
    uint32_t count = header->vlr_count;
    enum scree_status status = put_range(writing, 0, header->header_bytes, err);
    if (status == SCREE_OK)
        status = scree__enrich_version_change(writing, err);
    for (uint64_t i = 0; i < scree_las_vlr_count(writing->reader) && status == SCREE_OK; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(writing->reader, i);
        if (vlr->extended)
            continue;
        status = put_vlr(writing, i, &count, err);
        end = vlr->payload_offset + vlr->payload_bytes;
    }
    if (status == SCREE_OK)
        status = add_records(writing, &count, err);
    if (status == SCREE_OK) /* bytes before the points that belong to no record */
        status = put_range(writing, end, header->point_offset - end, err);
    if (status != SCREE_OK)
        return status;
    if (writing->head_bytes > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: the points would begin beyond byte 2^32",
                                scree_source_name(writing->source));
    uint8_t *head = writing->head;
    scree__base_store32(head + AT_POINT_OFFSET, (uint32_t)writing->head_bytes);
    scree__base_store32(head + AT_VLR_COUNT, count);
    scree__base_store16(head + AT_RECORD_BYTES, (uint16_t)writing->out_bytes);
    if (writing->compressed != header->compressed)
        head[AT_FORMAT] =
            (uint8_t)(header->point_format | (writing->compressed ? FORMAT_COMPRESSED : 0));
    return SCREE_OK;
}
