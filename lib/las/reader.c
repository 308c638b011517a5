/*
 * reader.c - opening a LAS or LAZ file: the order of things, and the getters.
 *
 *     header.c       the public header block
 *     vlr.c          VLRs; then, here, the LASzip VLR that says whether and how the file is
 * compressed units.c        where the points lie: units_table.c (chunk table), units_walk.c (no
 * table) vlr.c          EVLRs extra_bytes.c  what the record has beyond its format cursor.c reads
 * the points of a unit
 */
#include "las/reader.h"
#include "las/vlr.h"
#include "base/error.h"
#include "par/context.h"

#include <string.h>

#define FORMAT_BITS_COMPRESSED 0xC0u
#define FORMAT_BIT_COMPRESSED 0x80u
/* Of the LASzip VLR: points of formats 6 to 10, cut down to formats 1 to 5. */
#define OPTION_COMPATIBILITY 0x1u

/* Finds out whether the file is compressed: by its LASzip VLR; the bits of byte 104 must agree. */
static enum scree_status read_layout(struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_vlr *vlr =
        scree_las_find_vlr(reader, SCREE__LAS_LASZIP_USER, SCREE__LAS_LASZIP_ID);
    unsigned bits = reader->format_byte & FORMAT_BITS_COMPRESSED;
    reader->layout.compressor = SCREE_LAZ_NONE;
    reader->layout.record_bytes = reader->header.record_bytes;
    if (vlr == NULL && bits == FORMAT_BIT_COMPRESSED)
        return scree__las_fail(reader, err, SCREE_E_DATA, 104,
                               "the points are marked as compressed, but there is no LASzip VLR "
                               "(\"%s\", %u)",
                               SCREE__LAS_LASZIP_USER, SCREE__LAS_LASZIP_ID);
    if (vlr == NULL && bits != 0)
        return scree__las_fail(reader, err, SCREE_E_UNSUPPORTED, 104,
                               "the points are compressed in a form older than LAZ 1.0 (0x%02X "
                               "without a LASzip VLR)",
                               reader->format_byte);
    if (vlr == NULL)
        return SCREE_OK;
    enum scree_status status =
        scree_laz_layout_parse(vlr->payload, (size_t)vlr->payload_bytes,
                               reader->header.record_bytes, &reader->layout, err);
    if (status != SCREE_OK) {
        scree__base_error_prefix(err, "%s: VLR at byte %llu", scree_source_name(reader->source),
                                 (unsigned long long)vlr->payload_offset - SCREE__LAS_VLR_BYTES);
        return status;
    }
    reader->header.compressed = true;
    if ((reader->layout.options & OPTION_COMPATIBILITY) != 0)
        return scree__las_remark(reader, err,
                                 "LAS 1.4 points in compatibility mode: read as format %u, what is "
                                 "new in 1.4 stays in extra bytes",
                                 reader->header.point_format);
    return SCREE_OK;
}

static enum scree_status read_all(struct scree_las_reader *reader, struct scree_error *err)
{
    static enum scree_status (*const steps[])(struct scree_las_reader *, struct scree_error *) = {
        scree__las_header_read,   scree__las_vlrs_read,  read_layout,
        scree__las_units_read,    scree__las_evlrs_read, scree__las_extra_bytes_read,
        scree__las_header_remarks};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum scree_status status = steps[i](reader, err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

enum scree_status scree__las_open(struct scree_source *source, struct scree_context *context,
                                  bool salvage, struct scree_las_reader **out,
                                  struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree_las_reader), &memory, "LAS reader", err);
    if (status != SCREE_OK)
        return status;
    struct scree_las_reader *reader = memory;
    memset(reader, 0, sizeof *reader);
    reader->source = source;
    reader->budget = budget;
    reader->salvage = salvage;
    reader->file_bytes = scree_source_bytes(source);
    status = read_all(reader, err);
    if (status != SCREE_OK) {
        scree_las_close(reader);
        return status;
    }
    *out = reader;
    return SCREE_OK;
}

enum scree_status scree_las_open(struct scree_source *source, struct scree_context *context,
                                 struct scree_las_reader **out, struct scree_error *err)
{
    return scree__las_open(source, context, false, out, err);
}

void scree_las_close(struct scree_las_reader *reader)
{
    if (reader == NULL)
        return;
    struct scree__mem_budget *budget = reader->budget;
    scree__las_vlrs_release(reader);
    scree__las_remarks_release(reader);
    scree__mem_free(budget, reader->extras, reader->extra_capacity * sizeof *reader->extras);
    scree__mem_free(budget, reader->chunks, reader->chunk_capacity * sizeof *reader->chunks);
    scree__mem_free(budget, reader, sizeof *reader);
}

const struct scree_las_header *scree_las_header(const struct scree_las_reader *reader)
{
    return &reader->header;
}

struct scree_source *scree_las_source(const struct scree_las_reader *reader)
{
    return reader->source;
}

const struct scree_laz_layout *scree_las_layout(const struct scree_las_reader *reader)
{
    return &reader->layout;
}
