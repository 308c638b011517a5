/*
 * vlr.c - variable length records: the walk over VLRs before the points and EVLRs behind them.
 *
 * Neither count nor sizes are believed: a record is looked at only if it ends before the points
 * (VLR) or the file (EVLR) do. The first one that does not ends the walk with a remark: the points
 * are readable without.
 */
#include "las/vlr.h"
#include "las/header.h"
#include "las/reader.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>

/* EVLRs up to the first limit are held in memory, until all of them together reach the second. */
#define EVLR_HELD_BYTES ((uint64_t)1 << 20)
#define EVLRS_HELD_BYTES ((uint64_t)16 << 20)

static void parse(const uint8_t *bytes, bool extended, struct scree_las_vlr *vlr)
{
    memset(vlr, 0, sizeof *vlr);
    vlr->extended = extended;
    scree__las_text_read(bytes + 2, 16, vlr->user_id);
    vlr->record_id = scree__base_load16(bytes + 18);
    vlr->payload_bytes = extended ? scree__base_load64(bytes + 20) : scree__base_load16(bytes + 20);
    scree__las_text_read(bytes + (extended ? 28 : 22), 32, vlr->description);
}

void scree__las_vlr_header_write(const struct scree_las_vlr *vlr, bool extended, uint8_t *bytes)
{
    memset(bytes, 0, extended ? SCREE__LAS_EVLR_BYTES : SCREE__LAS_VLR_BYTES);
    scree__las_text_write(vlr->user_id, 16, bytes + 2);
    scree__base_store16(bytes + 18, vlr->record_id);
    if (extended)
        scree__base_store64(bytes + 20, vlr->payload_bytes);
    else
        scree__base_store16(bytes + 20, (uint16_t)vlr->payload_bytes);
    scree__las_text_write(vlr->description, 32, bytes + (extended ? 28 : 22));
}

/* Reads the payload into memory, if it is to be held, and appends the record. */
static enum scree_status add(struct scree_las_reader *reader, struct scree_las_vlr *vlr,
                             struct scree_error *err)
{
    void *memory = reader->vlrs;
    enum scree_status status =
        scree__mem_grow(reader->budget, &memory, &reader->vlr_capacity, reader->vlr_count + 1,
                        sizeof *vlr, "list of variable length records", err);
    if (status != SCREE_OK)
        return status;
    reader->vlrs = memory;
    uint8_t *payload = NULL;
    bool held =
        vlr->payload_bytes > 0 &&
        (!vlr->extended || (vlr->payload_bytes <= EVLR_HELD_BYTES &&
                            vlr->payload_bytes <= EVLRS_HELD_BYTES - reader->evlr_held_bytes));
    if (held) {
        status = scree__mem_alloc(reader->budget, vlr->payload_bytes, &memory,
                                  "variable length record", err);
        if (status != SCREE_OK)
            return status;
        payload = memory;
        if (vlr->extended)
            reader->evlr_held_bytes += vlr->payload_bytes;
    }
    vlr->payload = payload;
    reader->vlrs[reader->vlr_count++] = *vlr;
    if (!held)
        return SCREE_OK;
    return scree_source_read(reader->source, vlr->payload_offset, payload,
                             (size_t)vlr->payload_bytes, err);
}

enum scree_status scree__las_vlrs_read(struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    uint64_t offset = header->header_bytes;
    for (uint32_t i = 0; i < header->vlr_count; i++) {
        uint8_t bytes[SCREE__LAS_VLR_BYTES];
        struct scree_las_vlr vlr;
        uint64_t room = header->point_offset - offset;
        if (room < sizeof bytes) {
            if (room > 0 && header->point_offset == reader->file_bytes)
                return scree__las_fail(reader, err, SCREE_E_DATA, offset,
                                       "truncated: the header of VLR %u has %zu bytes, the file "
                                       "ends after %" PRIu64,
                                       i, sizeof bytes, room);
            return scree__las_remark(reader, err,
                                     "the header says %u VLRs, %u fit before the points at byte %u",
                                     header->vlr_count, i, header->point_offset);
        }
        enum scree_status status =
            scree_source_read(reader->source, offset, bytes, sizeof bytes, err);
        if (status != SCREE_OK)
            return status;
        parse(bytes, false, &vlr);
        vlr.payload_offset = offset + sizeof bytes;
        if (vlr.payload_bytes > room - sizeof bytes)
            return scree__las_remark(reader, err,
                                     "VLR %u of %u at byte %" PRIu64 " has %" PRIu64
                                     " bytes and runs into the points at byte %u: left out",
                                     i, header->vlr_count, offset, vlr.payload_bytes,
                                     header->point_offset);
        status = add(reader, &vlr, err);
        if (status != SCREE_OK)
            return status;
        offset = vlr.payload_offset + vlr.payload_bytes;
    }
    return SCREE_OK;
}

/* The first byte that can belong to an EVLR: uncompressed points end where they say. */
static uint64_t points_end(const struct scree_las_reader *reader)
{
    const struct scree_las_header *header = &reader->header;
    uint64_t end = header->point_offset;
    if (reader->layout.compressor == SCREE_LAZ_NONE)
        end += header->point_count * header->record_bytes; /* checked when the units were made */
    return end;
}

enum scree_status scree__las_evlrs_read(struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    uint64_t offset = header->evlr_offset;
    if (header->evlr_count > 0 && offset < points_end(reader))
        return scree__las_remark(reader, err,
                                 "the header says %u EVLRs at byte %" PRIu64
                                 ", before the end of the points: left out",
                                 header->evlr_count, offset);
    for (uint32_t i = 0; i < header->evlr_count; i++) {
        uint8_t bytes[SCREE__LAS_EVLR_BYTES];
        struct scree_las_vlr vlr;
        uint64_t room = offset < reader->file_bytes ? reader->file_bytes - offset : 0;
        if (room < sizeof bytes)
            return scree__las_remark(reader, err,
                                     "EVLR %u of %u at byte %" PRIu64
                                     " is not in the file of %" PRIu64 " bytes: left out",
                                     i, header->evlr_count, offset, reader->file_bytes);
        enum scree_status status =
            scree_source_read(reader->source, offset, bytes, sizeof bytes, err);
        if (status != SCREE_OK)
            return status;
        parse(bytes, true, &vlr);
        vlr.payload_offset = offset + sizeof bytes;
        if (vlr.payload_bytes > room - sizeof bytes)
            return scree__las_remark(reader, err,
                                     "EVLR %u of %u at byte %" PRIu64 " has %" PRIu64
                                     " bytes, the file ends after %" PRIu64 ": left out",
                                     i, header->evlr_count, offset, vlr.payload_bytes,
                                     (uint64_t)(room - sizeof bytes));
        status = add(reader, &vlr, err);
        if (status != SCREE_OK)
            return status;
        offset = vlr.payload_offset + vlr.payload_bytes;
    }
    return SCREE_OK;
}

void scree__las_vlrs_release(struct scree_las_reader *reader)
{
    for (uint64_t i = 0; i < reader->vlr_count; i++)
        scree__mem_free(reader->budget, (void *)reader->vlrs[i].payload,
                        reader->vlrs[i].payload_bytes);
    scree__mem_free(reader->budget, reader->vlrs, reader->vlr_capacity * sizeof *reader->vlrs);
}

uint64_t scree_las_vlr_count(const struct scree_las_reader *reader)
{
    return reader->vlr_count;
}

const struct scree_las_vlr *scree_las_vlr(const struct scree_las_reader *reader, uint64_t index)
{
    return index < reader->vlr_count ? &reader->vlrs[index] : NULL;
}

const struct scree_las_vlr *scree_las_find_vlr(const struct scree_las_reader *reader,
                                               const char *user_id, uint16_t record_id)
{
    for (uint64_t i = 0; i < reader->vlr_count; i++)
        if (reader->vlrs[i].record_id == record_id && strcmp(reader->vlrs[i].user_id, user_id) == 0)
            return &reader->vlrs[i];
    return NULL;
}
