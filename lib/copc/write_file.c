/* write_file.c - what is before and after the nodes of an output: header and VLRs, hierarchy, temporal index, EVLRs. */
#include "copc/writing.h"
#include "base/error.h"
#include "copc/network.h"
#include "copc/pages.h"

#include <stdio.h>
#include <string.h>

/* copc.js takes the VLRs out of the first 64 KiB; what is beyond costs it a request each. */
#define HEAD_BYTES 65536u
#define EVLR_HEADER_BYTES 60u
#define VLR_HEADER_BYTES 54u

/* ----------------------------------------------------------------------------------------- head */

static void make_vlr(struct scree_las_vlr *vlr, const char *user_id, uint16_t record_id,
                     const char *description, const void *payload, uint64_t bytes)
{
    memset(vlr, 0, sizeof *vlr);
    snprintf(vlr->user_id, sizeof vlr->user_id, "%s", user_id);
    snprintf(vlr->description, sizeof vlr->description, "%s", description);
    vlr->record_id = record_id;
    vlr->payload = payload;
    vlr->payload_bytes = bytes;
}

/* Do the forwarded VLRs fit the head, beside our own? Otherwise they follow the points as EVLRs. */
static bool forwarded_fit_head(const struct scree__copc_writing *writing, uint64_t own_bytes)
{
    const struct scree__copc_forward *forward = &writing->job->forward;
    uint64_t bytes = own_bytes;
    for (uint64_t i = 0; i < forward->count; i++)
        if (!forward->records[i].vlr.extended)
            bytes += VLR_HEADER_BYTES + forward->records[i].vlr.payload_bytes;
    return bytes <= HEAD_BYTES;
}

enum scree_status scree__copc_write_head(struct scree__copc_writing *writing,
                                         struct scree_error *err)
{
    struct scree_convert_job *job = writing->job;
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    const struct scree__copc_forward *forward = &job->forward;
    uint8_t info[SCREE__COPC_INFO_BYTES];
    uint64_t wkt_bytes = strlen(job->crs.wkt) + 1;
    uint64_t extra_bytes = scree__las_schema_descriptor_count(&job->schema) * 192;
    uint64_t list_bytes = (forward->count + 3) * sizeof(struct scree_las_vlr);
    void *extra = NULL, *list = NULL;
    if (extra_bytes > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%llu extra-bytes fields: their VLR holds 341",
                                (unsigned long long)(extra_bytes / 192));
    enum scree_status status = scree__mem_alloc(budget, extra_bytes, &extra, "extra bytes", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, list_bytes, &list, "VLRs", err);
    if (status != SCREE_OK)
        goto out;
    struct scree_las_vlr *vlrs = list;
    uint64_t count = 0;
    scree__copc_info_store(info, &writing->info);
    make_vlr(&vlrs[count++], SCREE__COPC_USER_ID, SCREE__COPC_INFO_RECORD, "COPC info VLR", info,
             sizeof info);
    make_vlr(&vlrs[count++], "LASF_Projection", 2112, "OGC WKT coordinate system", job->crs.wkt,
             wkt_bytes);
    if (extra_bytes > 0) {
        scree__las_schema_write(&job->schema, extra);
        make_vlr(&vlrs[count++], "LASF_Spec", 4, "Extra bytes", extra, extra_bytes);
    }
    uint64_t own = 375 + (count + 1) * VLR_HEADER_BYTES + sizeof info + wkt_bytes + extra_bytes +
                   scree_laz_layout_vlr_bytes(&writing->layout);
    writing->forwarded_in_head = forwarded_fit_head(writing, own);
    for (uint64_t i = 0; writing->forwarded_in_head && i < forward->count; i++)
        if (!forward->records[i].vlr.extended)
            vlrs[count++] = forward->records[i].vlr;
    status = scree_las_writer_new(writing->sink, &job->header, vlrs, count, &writing->layout,
                                  &writing->writer, err);
out:
    scree__mem_free(budget, list, list_bytes);
    scree__mem_free(budget, extra, extra_bytes);
    return status;
}

/* ----------------------------------------------------------------------------------------- tail */

static enum scree_status write_hierarchy(struct scree__copc_writing *writing,
                                         const struct scree__copc_octree *octree,
                                         struct scree_convert_result *result,
                                         struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    struct scree__copc_pages pages;
    struct scree_las_vlr evlr;
    uint64_t count = octree->node_count;
    void *memory;
    enum scree_status status = scree_las_writer_end_points(writing->writer, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, count * sizeof(struct scree__copc_page_node), &memory,
                                  "hierarchy", err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_page_node *nodes = memory;
    for (uint64_t i = 0; i < count; i++) {
        nodes[i].entry = writing->entries[i].entry;
        nodes[i].parent = octree->nodes[i].parent;
    }
    uint64_t payload = scree_sink_position(writing->sink) + EVLR_HEADER_BYTES;
    status = scree__copc_pages_build(&pages, budget, nodes, count, SCREE__COPC_PAGE_ENTRIES,
                                     payload, err);
    scree__mem_free(budget, nodes, count * sizeof *nodes);
    if (status != SCREE_OK)
        return status;
    make_vlr(&evlr, SCREE__COPC_USER_ID, SCREE__COPC_HIERARCHY_RECORD, "EPT hierarchy", pages.bytes,
             pages.byte_count);
    evlr.extended = true;
    uint64_t offset = 0;
    status = scree_las_writer_add_evlr(writing->writer, &evlr, NULL, &offset, err);
    if (status == SCREE_OK && offset != payload)
        status = scree__base_fail(err, SCREE_E_DATA, "the hierarchy is not where it was planned");
    writing->info.root_page_offset = payload;
    writing->info.root_page_bytes = pages.root_bytes;
    result->page_count = pages.page_count;
    scree__copc_pages_release(&pages, budget);
    return status;
}

static enum scree_status put_temporal(void *user, const void *bytes, size_t count,
                                      struct scree_error *err)
{
    return scree_sink_write(user, bytes, count, err);
}

static enum scree_status write_temporal(struct scree__copc_writing *writing,
                                        struct scree_error *err)
{
    struct scree_las_vlr evlr;
    uint64_t bytes, offset;
    if (writing->samples == NULL)
        return SCREE_OK;
    scree__copc_write_release_samples(writing);
    enum scree_status status = scree__temporal_index_plan(&writing->temporal, &bytes, err);
    if (status != SCREE_OK)
        return status;
    scree__temporal_vlr(&evlr, bytes);
    status = scree__las_writer_begin_evlr(writing->writer, &evlr, &offset, err);
    if (status == SCREE_OK)
        status = scree__temporal_index_write(&writing->temporal, offset, put_temporal,
                                             writing->sink, err);
    if (status == SCREE_OK && scree_sink_position(writing->sink) != offset + bytes)
        status = scree__base_fail(err, SCREE_E_DATA, "the temporal index is not as planned");
    return status;
}

static enum scree_status write_forwarded(struct scree__copc_writing *writing,
                                         struct scree_error *err)
{
    const struct scree__copc_forward *forward = &writing->job->forward;
    for (uint64_t i = 0; i < forward->count; i++) {
        const struct scree__copc_forwarded *record = &forward->records[i];
        struct scree_source *source = NULL;
        enum scree_status status = SCREE_OK;
        if (!record->vlr.extended && writing->forwarded_in_head)
            continue;
        struct scree_las_vlr evlr = record->vlr;
        evlr.extended = true;
        if (record->path != NULL)
            status = scree__copc_network_source(writing->job, record->path, &source, err);
        if (status == SCREE_OK)
            status = scree_las_writer_add_evlr(writing->writer, &evlr, source, NULL, err);
        scree_source_close(source);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

static enum scree_status end_file(struct scree__copc_writing *writing,
                                  const struct scree_las_summary *summary, struct scree_error *err)
{
    uint8_t info[SCREE__COPC_INFO_BYTES];
    if (writing->points_written != summary->point_count)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "%llu points were read and %llu written (an error of scree: please report it)",
            (unsigned long long)summary->point_count, (unsigned long long)writing->points_written);
    enum scree_status status = scree_las_writer_finish(writing->writer, summary, err);
    if (status != SCREE_OK)
        return status;
    scree__copc_info_store(info, &writing->info);
    status =
        scree_sink_patch(writing->sink, SCREE__COPC_INFO_PAYLOAD_OFFSET, info, sizeof info, err);
    if (status != SCREE_OK)
        return status;
    status = scree_sink_commit(writing->sink, err);
    if (status == SCREE_OK && writing->job->stream != NULL)
        status = scree__io_sink_copy(writing->sink, writing->job->stream, err);
    return status;
}

static void fill_result(const struct scree__copc_writing *writing,
                        const struct scree__copc_octree *octree,
                        struct scree_convert_result *result)
{
    result->points_in = writing->job->plan.point_count;
    result->points_out = writing->points_written;
    result->input_bytes = writing->job->plan.input_bytes;
    result->output_bytes = scree_sink_position(writing->sink);
    result->node_count = octree->node_count;
    result->level_count = octree->deepest + 1;
    for (uint64_t i = 0; i < octree->node_count; i++) {
        const struct scree__copc_node *node = &octree->nodes[i];
        result->level_nodes[node->level]++;
        result->level_points[node->level] += node->point_count;
        if (node->point_count > result->largest_node_points)
            result->largest_node_points = node->point_count;
    }
}

enum scree_status scree__copc_write_tail(struct scree__copc_writing *writing,
                                         const struct scree_las_summary *summary,
                                         const struct scree__copc_octree *octree,
                                         struct scree_convert_result *result,
                                         struct scree_error *err)
{
    enum scree_status status = write_hierarchy(writing, octree, result, err);
    if (status == SCREE_OK)
        status = write_temporal(writing, err);
    if (status == SCREE_OK)
        status = write_forwarded(writing, err);
    if (status == SCREE_OK)
        status = end_file(writing, summary, err);
    if (status == SCREE_OK)
        fill_result(writing, octree, result);
    return status;
}
