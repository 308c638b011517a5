/* info_read.c - opening a COPC file: the info VLR, then the whole hierarchy. */
#include "base/error.h"
#include "copc/format.h"
#include "copc/hierarchy_read.h"
#include "par/context.h"

#include <math.h>
#include <string.h>

struct scree_copc {
    struct scree__mem_budget *budget;
    struct scree_copc_info info;
    struct scree__copc_hierarchy hierarchy;
};

bool scree_copc_is(const struct scree_las_reader *reader)
{
    if (scree_las_vlr_count(reader) == 0)
        return false;
    const struct scree_las_vlr *vlr = scree_las_vlr(reader, 0);
    return !vlr->extended && vlr->record_id == SCREE__COPC_INFO_RECORD &&
           strcmp(vlr->user_id, SCREE__COPC_USER_ID) == 0 &&
           vlr->payload_bytes == SCREE__COPC_INFO_BYTES &&
           vlr->payload_offset == SCREE__COPC_INFO_PAYLOAD_OFFSET && vlr->payload != NULL;
}

/* Faults that leave the nodes readable are the validator's business. */
static enum scree_status refuse(void *user, enum scree__copc_fault fault, const char *message,
                                struct scree_error *err)
{
    const char *name = user;
    if (fault > SCREE__COPC_FATAL_LAST)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA, "%s: %s", name, message);
}

static enum scree_status check_kind(const struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    const char *name = scree_source_name(scree_las_source(reader));
    if (!scree_copc_is(reader))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: not a COPC file (no COPC info VLR at byte 375)", name);
    if (header->version_minor != 4 || !header->compressed || header->point_format < 6 ||
        header->point_format > 8)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: COPC 1.0 is LAZ 1.4 of point format 6, 7 or 8; this is %s "
                                "1.%u, point format %u",
                                name, header->compressed ? "LAZ" : "LAS", header->version_minor,
                                header->point_format);
    return SCREE_OK;
}

static enum scree_status check_cube(const struct scree_copc_info *info, const char *name,
                                    struct scree_error *err)
{
    bool sound = isfinite(info->halfsize) && info->halfsize >= 0;
    for (unsigned i = 0; i < 3; i++)
        sound = sound && isfinite(info->center[i]);
    if (sound)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: COPC info at byte 429: center (%g, %g, %g) and halfsize %g are "
                            "not a cube",
                            name, info->center[0], info->center[1], info->center[2],
                            info->halfsize);
}

enum scree_status scree__copc_open_pruned(const struct scree_las_reader *reader,
                                          struct scree_context *context,
                                          const struct scree__copc_pruner *pruner,
                                          struct scree_copc **out, struct scree_error *err)
{
    *out = NULL;
    enum scree_status status = check_kind(reader, err);
    if (status != SCREE_OK)
        return status;
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree_source *source = scree_las_source(reader);
    void *memory;
    status = scree__mem_alloc(budget, sizeof(struct scree_copc), &memory, "COPC reader", err);
    if (status != SCREE_OK)
        return status;
    struct scree_copc *copc = memory;
    memset(copc, 0, sizeof *copc);
    copc->budget = budget;
    scree__copc_info_load(scree_las_vlr(reader, 0)->payload, &copc->info);
    status = check_cube(&copc->info, scree_source_name(source), err);
    if (status == SCREE_OK) {
        /* The listener only reads the name. */
        struct scree__copc_listener listener = {(void *)(uintptr_t)scree_source_name(source),
                                                refuse};
        status = scree__copc_hierarchy_read(source, &copc->info, budget, &listener, pruner,
                                            &copc->hierarchy, err);
    }
    if (status != SCREE_OK) {
        scree_copc_close(copc);
        return status;
    }
    *out = copc;
    return SCREE_OK;
}

enum scree_status scree_copc_open(const struct scree_las_reader *reader,
                                  struct scree_context *context, struct scree_copc **copc,
                                  struct scree_error *err)
{
    return scree__copc_open_pruned(reader, context, NULL, copc, err);
}

uint64_t scree__copc_page_bytes(const struct scree_copc *copc)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < copc->hierarchy.page_count; i++)
        bytes += copc->hierarchy.pages[i].bytes;
    return bytes;
}

void scree_copc_close(struct scree_copc *copc)
{
    if (copc == NULL)
        return;
    scree__copc_hierarchy_release(&copc->hierarchy);
    scree__mem_free(copc->budget, copc, sizeof *copc);
}

const struct scree_copc_info *scree_copc_info(const struct scree_copc *copc)
{
    return &copc->info;
}

const struct scree__copc_hierarchy *scree__copc_hierarchy_of(const struct scree_copc *copc)
{
    return &copc->hierarchy;
}

uint64_t scree_copc_entry_count(const struct scree_copc *copc)
{
    return copc->hierarchy.entry_count;
}

const struct scree_copc_entry *scree_copc_entries(const struct scree_copc *copc)
{
    return copc->hierarchy.entries;
}

uint64_t scree_copc_page_count(const struct scree_copc *copc)
{
    return copc->hierarchy.page_count;
}
