/*
 * writer.c - LAS and LAZ files: header and VLRs at the beginning, EVLRs and the header's final
 * numbers at the end. The points are in writer_points.c.
 */
#include "las/writer.h"
#include "las/header.h"
#include "las/vlr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mem/budget.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static enum scree_status check_version(const char *name, const struct scree_las_header *header,
                                       struct scree_error *err)
{
    /* The first LAS 1.x that knows each point format. */
    static const uint8_t since[] = {2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4};
    uint32_t base = scree_las_format_bytes(header->point_format);
    if (header->version_major != 1 || header->version_minor < 2 || header->version_minor > 4)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: LAS %u.%u cannot be written, 1.2 to 1.4 can", name,
                                header->version_major, header->version_minor);
    if (base == 0 || header->version_minor < since[header->point_format])
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: point data record format %u is not in LAS 1.%u", name,
                                header->point_format, header->version_minor);
    if (header->record_bytes < base)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: a record of %u bytes, format %u has %u or more", name,
                                header->record_bytes, header->point_format, base);
    for (int axis = 0; axis < 3; axis++) {
        if (!isfinite(header->scale[axis]) || header->scale[axis] <= 0 ||
            !isfinite(header->offset[axis]))
            return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: scale %g and offset %g for %c",
                                    name, header->scale[axis], header->offset[axis], "xyz"[axis]);
    }
    return SCREE_OK;
}

static enum scree_status check_layout(const char *name, const struct scree_las_header *header,
                                      const struct scree_laz_layout *layout,
                                      struct scree_error *err)
{
    if (layout->compressor != SCREE_LAZ_CHUNKED && layout->compressor != SCREE_LAZ_LAYERED)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: LAZ compressor %u cannot be written",
                                name, layout->compressor);
    if (layout->record_bytes != header->record_bytes)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: the header's records have %u bytes, the LAZ layout's %u", name,
                                header->record_bytes, layout->record_bytes);
    if (layout->chunk_points == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: chunks of 0 points", name);
    return SCREE_OK;
}

/* Adds up where the points begin, and refuses what a VLR cannot hold. */
static enum scree_status place_points(struct scree_las_writer *writer,
                                      const struct scree_las_vlr *vlrs, uint64_t vlr_count,
                                      struct scree_error *err)
{
    const char *name = scree_sink_name(writer->sink);
    struct scree_las_header *header = &writer->header;
    uint64_t offset = header->header_bytes;
    for (uint64_t i = 0; i < vlr_count; i++) {
        const struct scree_las_vlr *vlr = &vlrs[i];
        if (vlr->payload_bytes > UINT16_MAX || (vlr->payload_bytes > 0 && vlr->payload == NULL))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "%s: record %s/%u of %" PRIu64
                                    " bytes cannot be a VLR (65535 bytes, in memory)",
                                    name, vlr->user_id, vlr->record_id, vlr->payload_bytes);
        if (vlr->record_id == SCREE__LAS_LASZIP_ID &&
            strcmp(vlr->user_id, SCREE__LAS_LASZIP_USER) == 0)
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "%s: the LASzip VLR is the writer's to add", name);
        offset += SCREE__LAS_VLR_BYTES + vlr->payload_bytes;
    }
    if (header->compressed) {
        offset += SCREE__LAS_VLR_BYTES + scree_laz_layout_vlr_bytes(&writer->layout);
        vlr_count++;
    }
    if (offset > UINT32_MAX || vlr_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: %" PRIu64 " VLRs take %" PRIu64 " bytes, more than 2^32", name,
                                vlr_count, offset);
    header->point_offset = (uint32_t)offset;
    header->vlr_count = (uint32_t)vlr_count;
    return SCREE_OK;
}

static enum scree_status write_vlr(struct scree_sink *sink, const struct scree_las_vlr *vlr,
                                   struct scree_error *err)
{
    uint8_t bytes[SCREE__LAS_VLR_BYTES];
    scree__las_vlr_header_write(vlr, false, bytes);
    enum scree_status status = scree_sink_write(sink, bytes, sizeof bytes, err);
    if (status != SCREE_OK || vlr->payload_bytes == 0)
        return status;
    return scree_sink_write(sink, vlr->payload, (size_t)vlr->payload_bytes, err);
}

static enum scree_status write_laszip_vlr(struct scree_las_writer *writer, struct scree_error *err)
{
    uint8_t payload[34 + 6 * SCREE_LAZ_ITEMS_MAX];
    struct scree_las_vlr vlr = {
        .user_id = SCREE__LAS_LASZIP_USER, .record_id = SCREE__LAS_LASZIP_ID, .payload = payload};
    vlr.payload_bytes = scree_laz_layout_vlr_bytes(&writer->layout);
    if (vlr.payload_bytes > sizeof payload)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: a LASzip VLR of %" PRIu64 " bytes",
                                scree_sink_name(writer->sink), vlr.payload_bytes);
    snprintf(vlr.description, sizeof vlr.description, "LAZ by scree %s", scree_version());
    scree_laz_layout_vlr_write(&writer->layout, payload);
    return write_vlr(writer->sink, &vlr, err);
}

/* Header, VLRs, and for LAZ the place of the chunk table's offset: -1 until it is known. */
static enum scree_status write_start(struct scree_las_writer *writer,
                                     const struct scree_las_vlr *vlrs, uint64_t vlr_count,
                                     struct scree_error *err)
{
    uint8_t bytes[SCREE__LAS_HEADER_BYTES_MAX];
    scree__las_header_write(&writer->header, bytes);
    enum scree_status status =
        scree_sink_write(writer->sink, bytes, writer->header.header_bytes, err);
    for (uint64_t i = 0; i < vlr_count && status == SCREE_OK; i++)
        status = write_vlr(writer->sink, &vlrs[i], err);
    if (status != SCREE_OK || !writer->header.compressed)
        return status;
    status = write_laszip_vlr(writer, err);
    if (status != SCREE_OK)
        return status;
    memset(bytes, 0xFF, 8);
    return scree_sink_write(writer->sink, bytes, 8, err);
}

static void copy_header(struct scree_las_writer *writer, const struct scree_las_header *from)
{
    struct scree_las_header *header = &writer->header;
    *header = *from;
    header->compressed = writer->layout.compressor != SCREE_LAZ_NONE;
    header->header_bytes = (uint16_t)scree__las_header_bytes(from->version_minor);
    header->point_offset = header->vlr_count = header->evlr_count = 0;
    header->evlr_offset = header->waveform_offset = header->point_count = 0;
    header->legacy_point_count = 0;
    memset(header->return_counts, 0, sizeof header->return_counts);
    memset(header->legacy_return_counts, 0, sizeof header->legacy_return_counts);
    memset(header->min, 0, sizeof header->min);
    memset(header->max, 0, sizeof header->max);
}

enum scree_status scree_las_writer_new(struct scree_sink *sink,
                                       const struct scree_las_header *header,
                                       const struct scree_las_vlr *vlrs, uint64_t vlr_count,
                                       const struct scree_laz_layout *layout,
                                       struct scree_las_writer **out, struct scree_error *err)
{
    const char *name = scree_sink_name(sink);
    void *memory;
    *out = NULL;
    if (scree_sink_position(sink) != 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: not at its beginning", name);
    enum scree_status status = check_version(name, header, err);
    if (status == SCREE_OK && layout != NULL)
        status = check_layout(name, header, layout, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(NULL, sizeof **out, &memory, "LAS writer", err);
    if (status != SCREE_OK)
        return status;
    struct scree_las_writer *writer = memory;
    memset(writer, 0, sizeof *writer);
    writer->sink = sink;
    if (layout != NULL)
        writer->layout = *layout;
    copy_header(writer, header);
    status = place_points(writer, vlrs, vlr_count, err);
    if (status == SCREE_OK)
        status = write_start(writer, vlrs, vlr_count, err);
    if (status != SCREE_OK) {
        scree_las_writer_free(writer);
        return status;
    }
    *out = writer;
    return SCREE_OK;
}

void scree_las_writer_free(struct scree_las_writer *writer)
{
    if (writer == NULL)
        return;
    scree__mem_free(NULL, writer->chunks, writer->chunk_capacity * sizeof *writer->chunks);
    scree__mem_free(NULL, writer->piece, SCREE__LAS_WRITER_PIECE_BYTES);
    scree__mem_free(NULL, writer, sizeof *writer);
}

static enum scree_status copy_payload(struct scree_las_writer *writer,
                                      const struct scree_las_vlr *evlr, struct scree_source *source,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (writer->piece == NULL) {
        void *memory;
        status =
            scree__mem_alloc(NULL, SCREE__LAS_WRITER_PIECE_BYTES, &memory, "EVLR payload", err);
        if (status != SCREE_OK)
            return status;
        writer->piece = memory;
    }
    for (uint64_t done = 0; done < evlr->payload_bytes && status == SCREE_OK;) {
        uint64_t now = evlr->payload_bytes - done;
        if (now > SCREE__LAS_WRITER_PIECE_BYTES)
            now = SCREE__LAS_WRITER_PIECE_BYTES;
        status =
            scree_source_read(source, evlr->payload_offset + done, writer->piece, (size_t)now, err);
        if (status == SCREE_OK)
            status = scree_sink_write(writer->sink, writer->piece, (size_t)now, err);
        done += now;
    }
    return status;
}

enum scree_status scree__las_writer_begin_evlr(struct scree_las_writer *writer,
                                               const struct scree_las_vlr *evlr, uint64_t *offset,
                                               struct scree_error *err)
{
    const char *name = scree_sink_name(writer->sink);
    uint8_t bytes[SCREE__LAS_EVLR_BYTES];
    if (writer->header.version_minor < 4)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: LAS 1.%u has no EVLRs", name,
                                writer->header.version_minor);
    if (writer->header.evlr_count == UINT32_MAX || evlr->payload_bytes > SIZE_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: too many EVLRs", name);
    enum scree_status status = scree_las_writer_end_points(writer, err);
    if (status != SCREE_OK)
        return status;
    uint64_t position = scree_sink_position(writer->sink);
    scree__las_vlr_header_write(evlr, true, bytes);
    status = scree_sink_write(writer->sink, bytes, sizeof bytes, err);
    if (status != SCREE_OK)
        return status;
    if (writer->header.evlr_count++ == 0)
        writer->header.evlr_offset = position;
    if (offset != NULL)
        *offset = position + sizeof bytes;
    return SCREE_OK;
}

enum scree_status scree_las_writer_add_evlr(struct scree_las_writer *writer,
                                            const struct scree_las_vlr *evlr,
                                            struct scree_source *source, uint64_t *offset,
                                            struct scree_error *err)
{
    if (evlr->payload_bytes > 0 && evlr->payload == NULL && source == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: EVLR %s/%u without a payload",
                                scree_sink_name(writer->sink), evlr->user_id, evlr->record_id);
    enum scree_status status = scree__las_writer_begin_evlr(writer, evlr, offset, err);
    if (status != SCREE_OK || evlr->payload_bytes == 0)
        return status;
    if (evlr->payload != NULL)
        return scree_sink_write(writer->sink, evlr->payload, (size_t)evlr->payload_bytes, err);
    return copy_payload(writer, evlr, source, err);
}

static enum scree_status fill_counts(struct scree_las_writer *writer,
                                     const struct scree_las_summary *summary,
                                     struct scree_error *err)
{
    struct scree_las_header *header = &writer->header;
    header->point_count = summary->point_count;
    memcpy(header->return_counts, summary->return_counts, sizeof header->return_counts);
    if (summary->point_count > UINT32_MAX && header->version_minor < 4)
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED, "%s: LAS 1.%u cannot count %" PRIu64 " points, 1.4 can",
            scree_sink_name(writer->sink), header->version_minor, summary->point_count);
    if (header->point_format > 5 || summary->point_count > UINT32_MAX)
        return SCREE_OK;
    header->legacy_point_count = (uint32_t)summary->point_count;
    for (int i = 0; i < 5; i++)
        header->legacy_return_counts[i] = (uint32_t)summary->return_counts[i];
    return SCREE_OK;
}

enum scree_status scree_las_writer_finish(struct scree_las_writer *writer,
                                          const struct scree_las_summary *summary,
                                          struct scree_error *err)
{
    uint8_t bytes[SCREE__LAS_HEADER_BYTES_MAX];
    struct scree_las_header *header = &writer->header;
    if (writer->point_count != summary->point_count)
        return scree__base_fail(
            err, SCREE_E_DATA, "%s: %" PRIu64 " points were written, %" PRIu64 " were expected",
            scree_sink_name(writer->sink), writer->point_count, summary->point_count);
    enum scree_status status = scree_las_writer_end_points(writer, err);
    if (status == SCREE_OK)
        status = fill_counts(writer, summary, err);
    if (status != SCREE_OK)
        return status;
    for (int axis = 0; axis < 3 && summary->point_count > 0; axis++) {
        header->min[axis] = summary->min[axis] * header->scale[axis] + header->offset[axis];
        header->max[axis] = summary->max[axis] * header->scale[axis] + header->offset[axis];
    }
    scree__las_header_write(header, bytes);
    return scree_sink_patch(writer->sink, 0, bytes, header->header_bytes, err);
}
