/*
 * rewrite_copc.c - a COPC file stays one: the entries of its hierarchy point to the same nodes' new chunks, and what points to pages of the hierarchy or of a temporal
 * index moves along. Both records keep their lengths. Points keep their order within nodes, so that the times of a temporal index stay true.
 */
#include "enrich/rewrite.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/hierarchy_read.h"
#include "copc/temporal_format.h"
#include "las/vlr.h"

#include <inttypes.h>
#include <string.h>

/* A record whose payload is patched in memory. */
struct moved {
    struct scree__enrich_writing *writing;
    uint8_t *bytes;
    uint64_t offset, count; /* of the payload in the old file */
    uint64_t place;         /* in the new one */
};

static enum scree_status fail(const struct scree__enrich_writing *writing, uint64_t offset,
                              const char *what, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: at byte %" PRIu64 ": %s",
                            scree_source_name(writing->source), offset, what);
}

static enum scree_status load(struct moved *moved, const struct scree_las_vlr *evlr,
                              struct scree_error *err)
{
    struct scree__enrich_writing *writing = moved->writing;
    void *memory;
    moved->offset = evlr->payload_offset;
    moved->count = evlr->payload_bytes;
    moved->place = scree__enrich_tail_place(writing, evlr->payload_offset);
    if (!evlr->extended || moved->count == 0)
        return fail(writing, evlr->payload_offset, "a COPC record that is no EVLR, or empty", err);
    enum scree_status status =
        scree__mem_alloc(writing->budget, moved->count, &memory, "hierarchy pages", err);
    if (status != SCREE_OK)
        return status;
    moved->bytes = memory;
    status = scree_source_read(writing->source, moved->offset, memory, (size_t)moved->count, err);
    if (status == SCREE_OK)
        status = scree__enrich_patch_add(writing, moved->offset, moved->count, memory, moved->count,
                                         memory, err);
    else
        scree__mem_free(writing->budget, memory, moved->count);
    return status;
}

static bool within(const struct moved *moved, uint64_t offset, uint64_t bytes)
{
    return offset >= moved->offset && offset - moved->offset <= moved->count &&
           bytes <= moved->count - (offset - moved->offset);
}

/* --------------------------------------------------------------------------------------- hierarchy */

/* The unit whose chunk begins there; units are in order of their place. */
static bool find_unit(const struct scree__enrich_writing *writing, uint64_t offset, uint64_t *index,
                      struct scree_las_unit *unit)
{
    uint64_t low = 0, high = scree_las_unit_count(writing->reader);
    while (low < high) {
        *index = low + (high - low) / 2;
        scree_las_unit(writing->reader, *index, unit);
        if (unit->offset == offset)
            return true;
        if (unit->offset < offset)
            low = *index + 1;
        else
            high = *index;
    }
    return false;
}

static enum scree_status move_entry(const struct moved *moved, struct scree_copc_entry *entry,
                                    struct scree_error *err)
{
    const struct scree__enrich_writing *writing = moved->writing;
    struct scree_las_unit unit;
    uint64_t index;
    if (entry->point_count == SCREE__COPC_PAGE_POINTER) {
        if (!within(moved, entry->offset, (uint32_t)entry->byte_count))
            return fail(writing, entry->offset, "a hierarchy page outside of its record", err);
        entry->offset += moved->place - moved->offset;
        return SCREE_OK;
    }
    if (entry->point_count <= 0)
        return SCREE_OK;
    if (!find_unit(writing, entry->offset, &index, &unit) || index >= writing->chunk_count ||
        unit.point_count != (uint64_t)entry->point_count)
        return fail(writing, entry->offset,
                    "a node of the hierarchy that is no chunk of the chunk table", err);
    entry->offset = writing->chunk_offsets[index];
    entry->byte_count = (int32_t)writing->chunks[index].bytes;
    return SCREE_OK;
}

static enum scree_status move_hierarchy(struct moved *moved,
                                        const struct scree__copc_hierarchy *hierarchy,
                                        struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t p = 0; p < hierarchy->page_count && status == SCREE_OK; p++) {
        const struct scree__copc_page *page = &hierarchy->pages[p];
        if (!within(moved, page->offset, page->bytes))
            return fail(moved->writing, page->offset, "a hierarchy page outside of its record",
                        err);
        uint8_t *at = moved->bytes + (page->offset - moved->offset);
        for (uint64_t i = 0; i + SCREE__COPC_ENTRY_BYTES <= page->bytes && status == SCREE_OK;
             i += SCREE__COPC_ENTRY_BYTES) {
            struct scree_copc_entry entry;
            scree__copc_entry_load(at + i, &entry);
            status = move_entry(moved, &entry, err);
            scree__copc_entry_store(at + i, &entry);
        }
    }
    return status;
}

/* Pages that overlap would be moved twice. */
static enum scree_status check_pages(const struct scree__enrich_writing *writing,
                                     const struct scree__copc_hierarchy *hierarchy,
                                     const struct scree_las_vlr *evlr, struct scree_error *err)
{
    uint64_t bytes = 0;
    for (uint64_t p = 0; p < hierarchy->page_count; p++)
        bytes += hierarchy->pages[p].bytes;
    return bytes <= evlr->payload_bytes
               ? SCREE_OK
               : fail(writing, evlr->payload_offset, "hierarchy pages that overlap", err);
}

/* ---------------------------------------------------------------------------------- temporal index */

/* One page: the places of the pages below it. *count_left: entries that there may be at most in all. */
static enum scree_status move_page(struct moved *moved, uint64_t offset, uint64_t bytes,
                                   unsigned depth, uint64_t *left, struct scree_error *err)
{
    if (depth > 64 || !within(moved, offset, bytes) || bytes > *left)
        return fail(moved->writing, offset, "a page of the temporal index that cannot be", err);
    *left -= bytes;
    uint8_t *at = moved->bytes + (offset - moved->offset);
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0; done < bytes && status == SCREE_OK;) {
        struct scree__temporal_entry entry;
        uint64_t size = SCREE__TEMPORAL_NODE_BYTES;
        if (bytes - done >= size) {
            scree__temporal_entry_load(at + done, &entry);
            size = entry.sample_count > 0 ? size + 8 * (uint64_t)entry.sample_count
                                          : SCREE__TEMPORAL_POINTER_BYTES;
        }
        if (size > bytes - done)
            return fail(moved->writing, offset + done, "the temporal index is damaged", err);
        if (entry.sample_count == 0) {
            scree__temporal_pointer_load(at + done, &entry);
            status = move_page(moved, entry.page_offset, entry.page_bytes, depth + 1, left, err);
            scree__base_store64(at + done + 20, entry.page_offset + moved->place - moved->offset);
        }
        done += size;
    }
    return status;
}

static enum scree_status move_temporal(struct moved *moved, struct scree_error *err)
{
    struct scree__temporal_header header;
    uint64_t left = moved->count;
    if (moved->count < SCREE__TEMPORAL_HEADER_BYTES)
        return fail(moved->writing, moved->offset, "the temporal index is damaged", err);
    scree__temporal_header_load(moved->bytes, &header);
    enum scree_status status =
        move_page(moved, header.root_page_offset, header.root_page_bytes, 0, &left, err);
    header.root_page_offset += moved->place - moved->offset;
    scree__temporal_header_store(moved->bytes, &header);
    return status;
}

/* ------------------------------------------------------------------------------------------ whole */

static enum scree_status move_records(struct scree__enrich_writing *writing,
                                      const struct scree__copc_hierarchy *hierarchy,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < scree_las_vlr_count(writing->reader) && status == SCREE_OK; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(writing->reader, i);
        struct moved moved = {.writing = writing};
        if (strcmp(vlr->user_id, SCREE__COPC_USER_ID) == 0 &&
            vlr->record_id == SCREE__COPC_HIERARCHY_RECORD) {
            status = check_pages(writing, hierarchy, vlr, err);
            if (status == SCREE_OK)
                status = load(&moved, vlr, err);
            if (status == SCREE_OK)
                status = move_hierarchy(&moved, hierarchy, err);
        } else if (strcmp(vlr->user_id, SCREE__TEMPORAL_USER_ID) == 0 &&
                   vlr->record_id == SCREE__TEMPORAL_RECORD) {
            status = load(&moved, vlr, err);
            if (status == SCREE_OK)
                status = move_temporal(&moved, err);
        }
    }
    return status;
}

enum scree_status scree__enrich_copc_move(struct scree__enrich_writing *writing,
                                          struct scree_error *err)
{
    struct scree_copc *copc = NULL;
    enum scree_status status = scree_copc_open(writing->reader, writing->context, &copc, err);
    if (status == SCREE_OK)
        status = move_records(writing, scree__copc_hierarchy_of(copc), err);
    scree_copc_close(copc);
    return status;
}
