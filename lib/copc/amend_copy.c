/*
 * amend_copy.c - a new file from ranges of the old one. What speaks of places moves along: the
 * chunk table's offset, chunks and pages in the hierarchy. Published by a rename when it is
 * complete.
 */
#include "base/error.h"
#include "copc/amend.h"
#include "io/edit.h"
#include "las/vlr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PIECE_BYTES ((uint64_t)1 << 20)
#define PIECE_ENTRIES 1024u

struct copy {
    struct scree__amend *amend;
    struct scree_sink *sink;
    uint8_t *piece;
    struct scree__copc_page *pages; /* by offset */
    uint64_t page_count;
};

static enum scree_status copy_range(struct copy *copy, uint64_t offset, uint64_t bytes,
                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0, now; done < bytes && status == SCREE_OK; done += now) {
        now = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;
        status = scree__par_check_cancel(copy->amend->context, err);
        if (status == SCREE_OK)
            status = scree_source_read(copy->amend->source, offset + done, copy->piece, (size_t)now,
                                       err);
        if (status == SCREE_OK)
            status = scree_sink_write(copy->sink, copy->piece, (size_t)now, err);
        scree__par_stage_add(copy->amend->context, now);
    }
    return status;
}

/* ------------------------------------------------------------------------------------- hierarchy */

/* One page, its entries moved. page_shift, chunk_shift: to be added, modulo 2^64. */
static enum scree_status copy_page(struct copy *copy, const struct scree__copc_page *page,
                                   uint64_t page_shift, uint64_t chunk_shift,
                                   struct scree_error *err)
{
    uint8_t bytes[PIECE_ENTRIES * SCREE__COPC_ENTRY_BYTES];
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0, now; done < page->bytes && status == SCREE_OK; done += now) {
        now = page->bytes - done < sizeof bytes ? page->bytes - done : sizeof bytes;
        status =
            scree_source_read(copy->amend->source, page->offset + done, bytes, (size_t)now, err);
        for (uint64_t i = 0; i < now; i += SCREE__COPC_ENTRY_BYTES) {
            struct scree_copc_entry entry;
            scree__copc_entry_load(bytes + i, &entry);
            if (entry.point_count != 0)
                entry.offset +=
                    entry.point_count == SCREE__COPC_PAGE_POINTER ? page_shift : chunk_shift;
            scree__copc_entry_store(bytes + i, &entry);
        }
        if (status == SCREE_OK)
            status = scree_sink_write(copy->sink, bytes, (size_t)now, err);
    }
    return status;
}

/* The record's payload: its pages, and what lies between them. */
static enum scree_status copy_hierarchy(struct copy *copy, const struct scree__amend_record *record,
                                        uint64_t header_bytes, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    const uint64_t begin = record->offset + header_bytes, end = begin + record->payload_bytes;
    const uint64_t page_shift = record->new_offset - record->offset;
    const uint64_t chunk_shift = amend->new_point_offset - amend->header->point_offset;
    uint64_t at = begin;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < copy->page_count && status == SCREE_OK; i++) {
        const struct scree__copc_page *page = &copy->pages[i];
        if (page->offset < begin || page->offset >= end)
            continue;
        status = copy_range(copy, at, page->offset - at, err);
        if (status == SCREE_OK)
            status = copy_page(copy, page, page_shift, chunk_shift, err);
        at = page->offset + page->bytes;
    }
    return status == SCREE_OK ? copy_range(copy, at, end - at, err) : status;
}

static void sift(struct scree__copc_page *pages, uint64_t at, uint64_t count)
{
    struct scree__copc_page moved = pages[at];
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && pages[child].offset < pages[child + 1].offset;
        if (pages[child].offset <= moved.offset)
            break;
        pages[at] = pages[child];
    }
    pages[at] = moved;
}

/* Is the page wholly within a hierarchy record? */
static bool page_is_inside(const struct scree__amend *amend, const struct scree__copc_page *page)
{
    for (uint64_t i = 0; i < amend->record_count; i++) {
        const struct scree__amend_record *record = &amend->records[i];
        const uint64_t begin =
            record->offset + (record->extended ? SCREE__LAS_EVLR_BYTES : SCREE__LAS_VLR_BYTES);
        if (record->kind == SCREE__AMEND_HIERARCHY && page->offset >= begin &&
            page->offset - begin <= record->payload_bytes &&
            page->bytes <= record->payload_bytes - (page->offset - begin))
            return true;
    }
    return false;
}

/* Sorted, within the records and not overlapping: else they cannot be moved. */
static enum scree_status take_pages(struct copy *copy, struct scree_error *err)
{
    const struct scree__copc_hierarchy *hierarchy = copy->amend->hierarchy;
    void *memory;
    copy->page_count = hierarchy->page_count;
    enum scree_status status =
        scree__mem_alloc(copy->amend->budget, copy->page_count * sizeof *copy->pages, &memory,
                         "hierarchy pages", err);
    if (status != SCREE_OK)
        return status;
    copy->pages = memory;
    memcpy(memory, hierarchy->pages, copy->page_count * sizeof *copy->pages);
    for (uint64_t i = copy->page_count / 2; i > 0; i--)
        sift(copy->pages, i - 1, copy->page_count);
    for (uint64_t last = copy->page_count; last > 1; last--) {
        struct scree__copc_page largest = copy->pages[0];
        copy->pages[0] = copy->pages[last - 1];
        copy->pages[last - 1] = largest;
        sift(copy->pages, 0, last - 1);
    }
    for (uint64_t i = 0; i < copy->page_count; i++) {
        const struct scree__copc_page *page = &copy->pages[i];
        if (!page_is_inside(copy->amend, page) ||
            (i > 0 && page[-1].offset + page[-1].bytes > page->offset))
            return scree__base_fail(err, SCREE_E_DATA,
                                    "%s: hierarchy page at byte %" PRIu64
                                    ": pages overlap or leave their record, they cannot be moved",
                                    scree_source_name(copy->amend->source), page->offset);
    }
    return SCREE_OK;
}

/* --------------------------------------------------------------------------------------- records */

static enum scree_status write_wkt(struct copy *copy, uint64_t payload_bytes,
                                   struct scree_error *err)
{
    static const uint8_t zeros[4096];
    const struct scree__amend *amend = copy->amend;
    enum scree_status status =
        scree_sink_write(copy->sink, amend->crs.wkt, (size_t)amend->wkt_bytes, err);
    for (uint64_t left = payload_bytes - amend->wkt_bytes, now; left > 0 && status == SCREE_OK;
         left -= now) {
        now = left < sizeof zeros ? left : sizeof zeros;
        status = scree_sink_write(copy->sink, zeros, (size_t)now, err);
    }
    return status;
}

/* The record's own header, but for a length that is another one. */
static enum scree_status copy_record(struct copy *copy, const struct scree__amend_record *record,
                                     struct scree_error *err)
{
    uint8_t header[SCREE__LAS_EVLR_BYTES];
    const uint64_t header_bytes = record->extended ? SCREE__LAS_EVLR_BYTES : SCREE__LAS_VLR_BYTES;
    enum scree_status status =
        scree_source_read(copy->amend->source, record->offset, header, (size_t)header_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (record->kind == SCREE__AMEND_WKT)
        scree__base_store16(header + 20, (uint16_t)record->new_payload_bytes);
    status = scree_sink_write(copy->sink, header, (size_t)header_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (record->kind == SCREE__AMEND_WKT)
        return write_wkt(copy, record->new_payload_bytes, err);
    if (record->kind == SCREE__AMEND_HIERARCHY)
        return copy_hierarchy(copy, record, header_bytes, err);
    return copy_range(copy, record->offset + header_bytes, record->payload_bytes, err);
}

static enum scree_status copy_list(struct copy *copy, bool extended, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < amend->record_count && status == SCREE_OK; i++)
        if (amend->records[i].extended == extended && amend->records[i].kind != SCREE__AMEND_DROP)
            status = copy_record(copy, &amend->records[i], err);
    return status;
}

static enum scree_status insert_wkt(struct copy *copy, struct scree_error *err)
{
    struct scree_las_vlr vlr = {.record_id = 2112, .payload_bytes = copy->amend->wkt_bytes};
    uint8_t header[SCREE__LAS_VLR_BYTES];
    if (!copy->amend->insert_wkt)
        return SCREE_OK;
    snprintf(vlr.user_id, sizeof vlr.user_id, "LASF_Projection");
    snprintf(vlr.description, sizeof vlr.description, "OGC WKT coordinate system");
    scree__las_vlr_header_write(&vlr, false, header);
    enum scree_status status = scree_sink_write(copy->sink, header, sizeof header, err);
    return status == SCREE_OK ? write_wkt(copy, copy->amend->wkt_bytes, err) : status;
}

/* ----------------------------------------------------------------------------------------- whole */

/* The last bytes before the points: what was there, or nothing. */
static enum scree_status copy_gap(struct copy *copy, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    const uint64_t bytes = amend->new_point_offset - amend->new_vlr_end;
    return copy_range(copy, amend->header->point_offset - bytes, bytes, err);
}

static enum scree_status copy_points(struct copy *copy, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    const uint64_t offset = amend->header->point_offset;
    uint8_t bytes[8];
    enum scree_status status = scree_source_read(amend->source, offset, bytes, sizeof bytes, err);
    if (status != SCREE_OK)
        return status;
    const uint64_t table = scree__base_load64(bytes);
    if (table < offset + sizeof bytes || table >= amend->points_end)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: at byte %" PRIu64 ": the chunk table's offset %" PRId64
                                " is not behind the points",
                                scree_source_name(amend->source), offset, (int64_t)table);
    scree__base_store64(bytes, table - offset + amend->new_point_offset);
    status = scree_sink_write(copy->sink, bytes, sizeof bytes, err);
    if (status != SCREE_OK)
        return status;
    return copy_range(copy, offset + sizeof bytes, amend->points_end - offset - sizeof bytes, err);
}

static enum scree_status put(void *user, const void *bytes, size_t count, struct scree_error *err)
{
    return scree_sink_write(user, bytes, count, err);
}

static enum scree_status write_index(struct copy *copy, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    struct scree_las_vlr vlr;
    uint8_t header[SCREE__LAS_EVLR_BYTES];
    if (amend->stride == 0)
        return SCREE_OK;
    scree__temporal_vlr(&vlr, amend->index_bytes);
    scree__las_vlr_header_write(&vlr, true, header);
    enum scree_status status = scree_sink_write(copy->sink, header, sizeof header, err);
    if (status == SCREE_OK)
        status = scree__temporal_index_write(&amend->index, amend->new_index_offset + sizeof header,
                                             put, copy->sink, err);
    return status;
}

static enum scree_status write_all(struct copy *copy, struct scree_error *err)
{
    const struct scree__amend *amend = copy->amend;
    /* The header; the info VLR follows as a record, and is patched in the end. */
    enum scree_status status =
        scree_sink_write(copy->sink, amend->head, SCREE__COPC_INFO_VLR_OFFSET, err);
    if (status == SCREE_OK)
        status = copy_list(copy, false, err);
    if (status == SCREE_OK)
        status = insert_wkt(copy, err);
    if (status == SCREE_OK)
        status = copy_gap(copy, err);
    if (status == SCREE_OK)
        status = copy_points(copy, err);
    if (status == SCREE_OK)
        status = copy_list(copy, true, err);
    if (status == SCREE_OK && scree_sink_position(copy->sink) != amend->new_index_offset)
        status = scree__base_fail(err, SCREE_E_DATA, "the new file is not as planned");
    if (status == SCREE_OK)
        status = write_index(copy, err);
    if (status == SCREE_OK)
        status = scree_sink_patch(copy->sink, SCREE__COPC_INFO_PAYLOAD_OFFSET,
                                  amend->head + SCREE__COPC_INFO_PAYLOAD_OFFSET,
                                  SCREE__COPC_INFO_BYTES, err);
    return status;
}

enum scree_status scree__amend_copy(struct scree__amend *amend, bool replace,
                                    struct scree_error *err)
{
    struct copy copy = {.amend = amend};
    struct scree__io_edit *lock = NULL; /* against a run that changes the file meanwhile */
    const unsigned mode = scree__io_mode_of(amend->path);
    void *memory = NULL;
    scree__par_stage_begin(amend->context, "copy", scree_source_bytes(amend->source));
    enum scree_status status =
        scree__mem_alloc(amend->budget, PIECE_BYTES, &memory, "a piece of the file", err);
    copy.piece = memory;
    if (status == SCREE_OK && amend->options.output == NULL)
        status = scree__io_edit_open(amend->path, scree_source_bytes(amend->source),
                                     amend->evlr_end, &lock, err);
    if (status == SCREE_OK)
        status = take_pages(&copy, err);
    if (status == SCREE_OK)
        status = scree_sink_open_file(amend->output, replace, &copy.sink, err);
    if (status == SCREE_OK)
        status = write_all(&copy, err);
    if (status == SCREE_OK) {
        amend->result->bytes_after = scree_sink_position(copy.sink);
        status = scree_sink_commit(copy.sink, err);
    }
    if (status == SCREE_OK) {
        scree__par_stage_end(amend->context);
        if (amend->options.output == NULL)
            scree__io_mode_set(amend->output, mode);
    }
    scree_sink_close(copy.sink);
    scree__io_edit_close(lock);
    scree__mem_free(amend->budget, copy.piece, copy.piece != NULL ? PIECE_BYTES : 0);
    scree__mem_free(amend->budget, copy.pages, copy.page_count * sizeof *copy.pages);
    return status;
}
