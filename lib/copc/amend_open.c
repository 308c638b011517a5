/* amend_open.c - the file that is to be amended: opened, and where its parts lie. */
#include "base/error.h"
#include "copc/amend.h"
#include "io/edit.h"
#include "las/reader.h"
#include "las/vlr.h"

#include <inttypes.h>
#include <string.h>

static const char *name_of(const struct scree__amend *amend)
{
    return amend->path;
}

/* A fault that matters will be said when the file is opened. */
static enum scree_status ignore(void *user, enum scree__copc_fault fault, const char *message,
                                struct scree_error *err)
{
    (void)user;
    (void)message;
    if (fault <= SCREE__COPC_FATAL_LAST)
        return scree__base_fail(err, SCREE_E_DATA, "hierarchy");
    return SCREE_OK;
}

/* Points by the hierarchy, for a header that may be wrong. */
static uint64_t count_points(const struct scree__amend *amend)
{
    struct scree_error ignored = SCREE_ERROR_INIT;
    const struct scree__copc_listener listener = {NULL, ignore};
    struct scree__copc_hierarchy hierarchy;
    struct scree_copc_info info;
    uint64_t count = SCREE__LAS_COUNT_OF_HEADER;
    if (!amend->options.repair_header ||
        memcmp(amend->old_head + SCREE__COPC_INFO_VLR_OFFSET + 2, "copc", 5) != 0)
        return count;
    scree__copc_info_load(amend->old_head + SCREE__COPC_INFO_PAYLOAD_OFFSET, &info);
    if (scree__copc_hierarchy_read(amend->source, &info, amend->budget, &listener, NULL, &hierarchy,
                                   &ignored) == SCREE_OK)
        count = 0;
    for (uint64_t i = 0; count != SCREE__LAS_COUNT_OF_HEADER && i < hierarchy.entry_count; i++)
        count += (uint64_t)hierarchy.entries[i].point_count;
    scree__copc_hierarchy_release(&hierarchy);
    return count;
}

static enum scree_status open_input(struct scree__amend *amend, struct scree_error *err)
{
    enum scree_status status =
        scree__io_real_path(amend->options.path, amend->path, sizeof amend->path, err);
    if (status == SCREE_OK)
        status = scree_source_open_file(amend->path, &amend->source, err);
    if (status == SCREE_OK && scree_source_bytes(amend->source) >= sizeof amend->old_head)
        status = scree_source_read(amend->source, 0, amend->old_head, sizeof amend->old_head, err);
    if (status == SCREE_OK)
        status = scree__las_open_counted(amend->source, amend->context, count_points(amend),
                                         &amend->reader, err);
    if (status == SCREE_OK)
        status = scree_copc_open(amend->reader, amend->context, &amend->copc, err);
    if (status != SCREE_OK)
        return status;
    amend->header = scree_las_header(amend->reader);
    amend->hierarchy = scree__copc_hierarchy_of(amend->copc);
    amend->result->bytes_before = amend->result->bytes_after = scree_source_bytes(amend->source);
    memcpy(amend->head, amend->old_head, sizeof amend->head);
    return SCREE_OK;
}

/* Where the EVLRs begin and end; the lists have to be whole, or what is missing would be lost. */
static enum scree_status find_ends(struct scree__amend *amend, struct scree_error *err)
{
    uint64_t lists[2] = {0, 0};
    amend->points_end = amend->evlr_end = scree_source_bytes(amend->source);
    for (uint64_t i = 0; i < scree_las_vlr_count(amend->reader); i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(amend->reader, i);
        lists[vlr->extended]++;
        if (vlr->extended)
            amend->evlr_end = vlr->payload_offset + vlr->payload_bytes;
    }
    if (lists[1] > 0)
        amend->points_end = amend->header->evlr_offset;
    if (lists[0] != amend->header->vlr_count || lists[1] != amend->header->evlr_count)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: the header says %" PRIu32 " VLRs and %" PRIu32
                                " EVLRs, %" PRIu64 " and %" PRIu64 " can be read",
                                name_of(amend), amend->header->vlr_count, amend->header->evlr_count,
                                lists[0], lists[1]);
    return SCREE_OK;
}

static enum scree_status take_chunks(struct scree__amend *amend, struct scree_error *err)
{
    const struct scree__copc_hierarchy *h = amend->hierarchy;
    void *memory;
    enum scree_status status = scree__mem_alloc(
        amend->budget, h->entry_count * sizeof *amend->chunks, &memory, "nodes", err);
    if (status != SCREE_OK)
        return status;
    amend->chunks = memory;
    for (uint64_t i = 0; i < h->entry_count; i++) {
        const struct scree_copc_entry *entry = &h->entries[i];
        if (entry->point_count <= 0)
            continue;
        if (entry->offset < amend->header->point_offset ||
            entry->offset + (uint64_t)entry->byte_count > amend->points_end)
            return scree__base_fail(err, SCREE_E_DATA,
                                    "%s: node %d-%d-%d-%d: its %d bytes at byte %" PRIu64
                                    " are not among the points",
                                    name_of(amend), entry->key.level, entry->key.x, entry->key.y,
                                    entry->key.z, entry->byte_count, entry->offset);
        amend->chunks[amend->chunk_count++] = *entry;
        amend->point_count += (uint64_t)entry->point_count;
    }
    scree__copc_entries_sort(amend->chunks, amend->chunk_count, scree__copc_entry_compare_offset);
    amend->result->point_count = amend->point_count;
    amend->result->node_count = amend->chunk_count;
    if (amend->chunk_count == 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: has no points", name_of(amend));
    return SCREE_OK;
}

enum scree_status scree__amend_open(struct scree__amend *amend, struct scree_error *err)
{
    enum scree_status status = open_input(amend, err);
    if (status == SCREE_OK)
        status = find_ends(amend, err);
    if (status == SCREE_OK)
        status = take_chunks(amend, err);
    return status;
}

/* Do pages or the chunk table lie there? */
static enum scree_status is_tail_used(const struct scree__amend *amend, bool *used,
                                      struct scree_error *err)
{
    uint8_t bytes[8];
    enum scree_status status =
        scree_source_read(amend->source, amend->header->point_offset, bytes, sizeof bytes, err);
    *used = status != SCREE_OK || scree__base_load64(bytes) >= amend->evlr_end; /* also -1 */
    for (uint64_t i = 0; i < amend->hierarchy->page_count; i++)
        *used = *used || amend->hierarchy->pages[i].offset >= amend->evlr_end;
    return status;
}

enum scree_status scree__amend_check_tail(struct scree__amend *amend, struct scree_error *err)
{
    struct scree_las_vlr vlr;
    uint8_t ours[SCREE__LAS_EVLR_BYTES], there[20];
    static const uint8_t zeros[sizeof there];
    bool used;
    const uint64_t file_bytes = scree_source_bytes(amend->source);
    const uint64_t left = file_bytes - amend->evlr_end;
    const size_t count = left < sizeof there ? (size_t)left : sizeof there;
    if (count == 0)
        return SCREE_OK;
    enum scree_status status = is_tail_used(amend, &used, err);
    if (status == SCREE_OK)
        status = scree_source_read(amend->source, amend->evlr_end, there, count, err);
    if (status != SCREE_OK)
        return status;
    scree__temporal_vlr(&vlr, 0);
    scree__las_vlr_header_write(&vlr, true, ours);
    if (!used && (memcmp(there, ours, count) == 0 || memcmp(there, zeros, count) == 0))
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "%s: %" PRIu64 " bytes at byte %" PRIu64
                            " lie behind the last EVLR and nothing says what they are",
                            name_of(amend), left, amend->evlr_end);
}
