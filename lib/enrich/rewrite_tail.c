/*
 * rewrite_tail.c - what follows the points: copied range by range, with patches where a record changes. The header's offsets of EVLRs and waveforms move along, and so
 * does what the COPC info record says of the hierarchy.
 */
#include "enrich/rewrite.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/temporal_format.h"
#include "las/vlr.h"
#include "scree/copc.h"

#include <inttypes.h>
#include <string.h>

#define PIECE_BYTES ((uint64_t)1 << 20)

#define WAVEFORM_RECORD 65535u

enum { AT_WAVEFORMS = 227, AT_EVLR_OFFSET = 235, AT_EVLR_COUNT = 243 };

/* ------------------------------------------------------------------------------------- where it is */

/* Behind the chunk table, where there is one that can be read. UINT64_MAX: not known. */
static enum scree_status table_end(const struct scree__enrich_writing *writing, uint64_t *end,
                                   struct scree_error *err)
{
    const uint64_t file = scree_source_bytes(writing->source);
    const struct scree_laz_layout *layout = scree_las_layout(writing->reader);
    const uint32_t count = (uint32_t)scree_las_unit_count(writing->reader);
    uint8_t bytes[8];
    void *table = NULL, *chunks = NULL;
    size_t table_bytes = 0;
    struct scree_error ignored = SCREE_ERROR_INIT;
    *end = UINT64_MAX;
    if (!scree_las_has_chunk_table(writing->reader))
        return SCREE_OK;
    enum scree_status status =
        scree_source_read(writing->source, writing->header->point_offset, bytes, 8, err);
    const uint64_t at = scree__base_load64(bytes);
    if (status != SCREE_OK || at >= file) /* -1: it is at the file's very end */
        return status;
    uint64_t most = scree_laz_chunk_table_bound(count);
    most = most < file - at ? most : file - at;
    const uint64_t list = (uint64_t)count * sizeof(struct scree_laz_chunk);
    status = scree__mem_alloc(writing->budget, most, &table, "chunk table", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(writing->budget, list, &chunks, "chunk table", err);
    if (status == SCREE_OK)
        status = scree_source_read(writing->source, at, table, (size_t)most, err);
    if (status == SCREE_OK &&
        scree_laz_chunk_table_read(table, (size_t)most,
                                   layout->chunk_points == SCREE_LAZ_VARIABLE_CHUNKS, chunks, count,
                                   &table_bytes, &ignored) == SCREE_OK)
        *end = at + table_bytes;
    scree__mem_free(writing->budget, table, table != NULL ? most : 0);
    scree__mem_free(writing->budget, chunks, chunks != NULL ? list : 0);
    return status;
}

/* The first EVLR that can be read; UINT64_MAX: none. */
static uint64_t first_evlr(const struct scree__enrich_writing *writing)
{
    for (uint64_t i = 0; i < scree_las_vlr_count(writing->reader); i++)
        if (scree_las_vlr(writing->reader, i)->extended)
            return scree_las_vlr(writing->reader, i)->payload_offset - SCREE__LAS_EVLR_BYTES;
    return UINT64_MAX;
}

static enum scree_status find_begin(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const struct scree_las_header *header = writing->header;
    const uint64_t file = scree_source_bytes(writing->source), evlrs = first_evlr(writing);
    uint64_t begin = UINT64_MAX;
    enum scree_status status = SCREE_OK;
    if (scree_las_layout(writing->reader)->compressor == SCREE_LAZ_NONE)
        begin = header->point_offset + header->point_count * header->record_bytes;
    else
        status = table_end(writing, &begin, err);
    if (begin == UINT64_MAX || begin > evlrs)
        begin = evlrs;
    writing->tail_begin = begin < file ? begin : file;
    return status;
}

/* ---------------------------------------------------------------------------------------- patches */

enum scree_status scree__enrich_patch_add(struct scree__enrich_writing *writing, uint64_t offset,
                                          uint64_t old_bytes, const void *bytes, uint64_t new_bytes,
                                          void *owned, struct scree_error *err)
{
    if (writing->patch_count == SCREE__ENRICH_PATCHES_MAX || offset < writing->tail_begin) {
        scree__mem_free(writing->budget, owned, new_bytes);
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: at byte %" PRIu64 ": a record lies where it cannot be changed",
                                scree_source_name(writing->source), offset);
    }
    uint32_t at = writing->patch_count++;
    for (; at > 0 && writing->patches[at - 1].offset > offset; at--)
        writing->patches[at] = writing->patches[at - 1];
    writing->patches[at] = (struct scree__enrich_patch){offset, old_bytes, new_bytes, bytes, owned};
    return SCREE_OK;
}

uint64_t scree__enrich_tail_place(const struct scree__enrich_writing *writing, uint64_t offset)
{
    uint64_t place = offset - writing->tail_begin + writing->new_tail_begin;
    for (uint32_t i = 0; i < writing->patch_count; i++)
        if (writing->patches[i].offset + writing->patches[i].old_bytes <= offset)
            place += writing->patches[i].new_bytes - writing->patches[i].old_bytes;
    return place;
}

/* An EVLR whose payload becomes another one, or that goes (payload NULL). */
static enum scree_status replace_evlr(struct scree__enrich_writing *writing,
                                      const struct scree_las_vlr *evlr, const void *payload,
                                      uint64_t bytes, bool gone, struct scree_error *err)
{
    const uint64_t at = evlr->payload_offset - SCREE__LAS_EVLR_BYTES;
    const uint64_t old = SCREE__LAS_EVLR_BYTES + evlr->payload_bytes;
    void *memory;
    if (gone)
        return scree__enrich_patch_add(writing, at, old, NULL, 0, NULL, err);
    enum scree_status status =
        scree__mem_alloc(writing->budget, SCREE__LAS_EVLR_BYTES + bytes, &memory, "EVLR", err);
    if (status != SCREE_OK)
        return status;
    uint8_t *to = memory;
    status = scree_source_read(writing->source, at, to, SCREE__LAS_EVLR_BYTES, err);
    if (status != SCREE_OK) {
        scree__mem_free(writing->budget, memory, SCREE__LAS_EVLR_BYTES + bytes);
        return status;
    }
    scree__base_store64(to + 20, bytes);
    if (bytes > 0)
        memcpy(to + SCREE__LAS_EVLR_BYTES, payload, (size_t)bytes);
    return scree__enrich_patch_add(writing, at, old, to, SCREE__LAS_EVLR_BYTES + bytes, memory,
                                   err);
}

static enum scree_status replace_extra(struct scree__enrich_writing *writing,
                                       const struct scree_las_vlr *evlr, struct scree_error *err)
{
    uint8_t *payload;
    uint64_t bytes;
    enum scree_status status = scree__enrich_extra_payload(writing, evlr, &payload, &bytes, err);
    if (status == SCREE_OK)
        status = replace_evlr(writing, evlr, payload, bytes,
                              bytes == 0 && writing->own.added_record, err);
    if (payload != NULL)
        scree__mem_free(writing->budget, payload, bytes);
    return status;
}

/* Of a COPC file that becomes something else. */
static bool is_octree_record(const struct scree_las_vlr *vlr)
{
    return strcmp(vlr->user_id, SCREE__COPC_USER_ID) == 0 ||
           (strcmp(vlr->user_id, SCREE__TEMPORAL_USER_ID) == 0 &&
            vlr->record_id == SCREE__TEMPORAL_RECORD);
}

/* Does the record of LAS 1.3 with waveforms lie behind the points? */
static enum scree_status find_waveforms(struct scree__enrich_writing *writing,
                                        struct scree_error *err)
{
    const struct scree_las_header *header = writing->header;
    const uint64_t at = header->waveform_offset, file = scree_source_bytes(writing->source);
    uint8_t bytes[SCREE__LAS_EVLR_BYTES];
    if (header->version_minor != 3 || writing->version_minor < 4 || at < writing->tail_begin ||
        at > file || file - at < sizeof bytes)
        return SCREE_OK;
    enum scree_status status = scree_source_read(writing->source, at, bytes, sizeof bytes, err);
    writing->has_waveforms = status == SCREE_OK && memcmp(bytes + 2, "LASF_Spec\0", 10) == 0 &&
                             scree__base_load16(bytes + 18) == WAVEFORM_RECORD &&
                             scree__base_load64(bytes + 20) <= file - at - sizeof bytes;
    return status;
}

enum scree_status scree__enrich_tail_find(struct scree__enrich_writing *writing,
                                          struct scree_error *err)
{
    const bool loses_octree = scree_copc_is(writing->reader) && !writing->is_copc;
    enum scree_status status = find_begin(writing, err);
    if (status == SCREE_OK)
        status = find_waveforms(writing, err);
    for (uint64_t i = 0; i < scree_las_vlr_count(writing->reader) && status == SCREE_OK; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(writing->reader, i);
        if (!vlr->extended)
            continue;
        if (i == writing->extra_vlr &&
            (writing->extra_drop > 0 || writing->new_descriptor_count > 0))
            status = replace_extra(writing, vlr, err);
        else if (i == writing->own.vlr)
            status = replace_evlr(writing, vlr, writing->parameters, writing->parameters_bytes,
                                  writing->parameters == NULL, err);
        else if (loses_octree && is_octree_record(vlr))
            status = replace_evlr(writing, vlr, NULL, 0, true, err);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------- writing */

static enum scree_status copy_range(struct scree__enrich_writing *writing, uint64_t offset,
                                    uint64_t bytes, uint8_t *piece, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0, now; done < bytes && status == SCREE_OK; done += now) {
        now = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;
        status = scree__par_check_cancel(writing->context, err);
        if (status == SCREE_OK)
            status = scree_source_read(writing->source, offset + done, piece, (size_t)now, err);
        if (status == SCREE_OK)
            status = scree_sink_write(writing->sink, piece, (size_t)now, err);
    }
    return status;
}

static enum scree_status copy_tail(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const uint64_t end = scree_source_bytes(writing->source);
    uint64_t at = writing->tail_begin;
    void *piece;
    enum scree_status status =
        scree__mem_alloc(writing->budget, PIECE_BYTES, &piece, "a piece of the file", err);
    if (status != SCREE_OK)
        return status;
    for (uint32_t i = 0; i < writing->patch_count && status == SCREE_OK; i++) {
        const struct scree__enrich_patch *patch = &writing->patches[i];
        status = copy_range(writing, at, patch->offset - at, piece, err);
        if (status == SCREE_OK && patch->new_bytes > 0)
            status = scree_sink_write(writing->sink, patch->bytes, (size_t)patch->new_bytes, err);
        at = patch->offset + patch->old_bytes;
    }
    if (status == SCREE_OK)
        status = copy_range(writing, at, end - at, piece, err);
    scree__mem_free(writing->budget, piece, PIECE_BYTES);
    return status;
}

/* Offsets in the header, and the root page's in the COPC info record. */
static enum scree_status patch_head(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const struct scree_las_header *header = writing->header;
    uint8_t *head = writing->head;
    uint32_t gone = 0;
    if (writing->version_minor >= 3 && header->waveform_offset >= writing->tail_begin &&
        header->waveform_offset < scree_source_bytes(writing->source))
        scree__base_store64(head + AT_WAVEFORMS,
                            scree__enrich_tail_place(writing, header->waveform_offset));
    for (uint32_t i = 0; i < writing->patch_count; i++)
        gone += writing->patches[i].new_bytes == 0;
    if (writing->version_minor >= 4 && header->evlr_count > 0 &&
        header->evlr_offset >= writing->tail_begin) {
        const bool none = gone == header->evlr_count;
        scree__base_store64(head + AT_EVLR_OFFSET,
                            none ? 0 : scree__enrich_tail_place(writing, header->evlr_offset));
        scree__base_store32(head + AT_EVLR_COUNT, header->evlr_count - gone);
    }
    if (writing->has_waveforms) { /* an EVLR in LAS 1.4, which LAS 1.3 does not count */
        scree__base_store64(head + AT_EVLR_OFFSET,
                            scree__enrich_tail_place(writing, header->waveform_offset));
        scree__base_store32(head + AT_EVLR_COUNT, 1);
    }
    if (writing->old_header.is)
        scree__enrich_version_finish(writing);
    if (writing->is_copc) {
        struct scree_copc_info info;
        scree__copc_info_load(head + SCREE__COPC_INFO_PAYLOAD_OFFSET, &info);
        scree__base_store64(head + SCREE__COPC_INFO_PAYLOAD_OFFSET + 40,
                            scree__enrich_tail_place(writing, info.root_page_offset));
    }
    return scree_sink_patch(writing->sink, 0, head, (size_t)writing->head_bytes, err);
}

enum scree_status scree__enrich_tail_write(struct scree__enrich_writing *writing,
                                           struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    writing->new_tail_begin = scree_sink_position(writing->sink);
    if (writing->is_copc)
        status = scree__enrich_copc_move(writing, err);
    if (status == SCREE_OK)
        status = copy_tail(writing, err);
    return status == SCREE_OK ? patch_head(writing, err) : status;
}
