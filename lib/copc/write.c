/*
 * write.c - encoding nodes and writing the file. Nodes are encoded in parallel and written in file order: a node after its
 * descendants along the Morton curve, but levels 0 to 2 last of all, so that one read at the end of the file yields the
 * hierarchy and a first overview. Where nodes come in batches, those chunks wait on scratch.
 */
#include "copc/write.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/network.h"
#include "copc/pages.h"
#include "copc/temporal_index.h"
#include "io/sink.h"
#include "las/writer.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The deepest level of those that are written last. */
#define OVERVIEW_LEVEL 2u
/* copc.js takes the VLRs out of the first 64 KiB; what is beyond costs it a request each. */
#define HEAD_BYTES 65536u
#define EVLR_HEADER_BYTES 60u
#define VLR_HEADER_BYTES 54u

struct entry {
    struct scree_copc_entry entry;
    bool held; /* its chunk waits on scratch */
    struct scree__spill_block block;
};

struct encoder {
    struct scree__copc_encoder encoder;
    atomic_flag busy;
};

struct scree__copc_writing {
    struct scree_convert_job *job;
    const struct scree__copc_cube *cube;
    struct scree__spill_scratch *scratch;
    struct scree_laz_layout layout;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    bool forwarded_in_head;

    struct entry *entries; /* by node number */
    uint64_t entry_capacity, entry_count;
    struct encoder *encoders;
    struct scree__copc_slot *slots;
    struct scree__temporal_samples *samples; /* one a slot; NULL: no temporal index is wanted */
    struct scree__temporal_index temporal;
    unsigned threads, window;
    unsigned narrowed; /* the window that the memory of encoders and slots was grown for */

    /* The batch that is written. */
    const struct scree__copc_points *points;
    const uint64_t *order;
    const uint8_t *level;
    const struct scree__copc_octree *octree;
    uint32_t *list;      /* node numbers, in file order */
    uint32_t *run;       /* those that are encoded now, with one window */
    uint64_t run_points; /* of the largest of them */

    struct scree_copc_info info;
    bool has_gps_time;
    uint64_t points_written;
};

unsigned scree__copc_write_window(unsigned threads)
{
    return threads == 1 ? 1 : 2 * threads;
}

/* Of `window` nodes in flight. temporal_stride 0: no temporal index. */
static uint64_t nodes_bytes(const struct scree_laz_layout *layout, uint32_t temporal_stride,
                            uint64_t node_points, unsigned threads, unsigned window)
{
    uint64_t points = node_points * (SCREE__COPC_ENCODE_BYTES + layout->record_bytes);
    uint64_t samples = temporal_stride > 0 && node_points > 0
                           ? 8 * scree__temporal_sample_count(node_points, temporal_stride)
                           : 0;
    return points * (window < threads ? window : threads) +
           ((uint64_t)scree_laz_encode_bound(layout, node_points) + samples) * window;
}

uint64_t scree__copc_write_bytes(const struct scree_convert_job *job, uint64_t node_points,
                                 unsigned window)
{
    struct scree_laz_layout layout;
    unsigned threads = scree_context_threads(job->context);
    if (scree_laz_layout_init(&layout, job->plan.point_format, job->plan.extra_bytes,
                              SCREE_LAZ_VARIABLE_CHUNKS, NULL) != SCREE_OK)
        return 0; /* the run will say so */
    return nodes_bytes(&layout, job->temporal_stride, node_points, threads, window) +
           (uint64_t)scree_laz_encoder_bytes(&layout) * threads + ((uint64_t)1 << 20);
}

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

static enum scree_status begin_file(struct scree__copc_writing *writing, struct scree_error *err)
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

/* ---------------------------------------------------------------------------------------- nodes */

/* While the encoder still has the node's records, in their order. */
static enum scree_status sample_node(const struct scree__copc_writing *writing, unsigned encoder,
                                     uint64_t point_count, struct scree__temporal_samples *samples,
                                     struct scree_error *err)
{
    uint32_t stride = writing->job->temporal_stride;
    enum scree_status status = scree__temporal_samples_begin(
        samples, scree__par_budget(writing->job->context), point_count, stride, err);
    if (status == SCREE_OK)
        scree__temporal_samples_take(
            samples, writing->encoders[encoder].encoder.records + SCREE__COPC_GPS_TIME_AT,
            writing->layout.record_bytes, 0, point_count, point_count, stride);
    return status;
}

static enum scree_status make_node(void *arg, uint64_t index, unsigned slot, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__copc_writing *writing = arg;
    unsigned count = writing->narrowed < writing->threads ? writing->narrowed : writing->threads;
    unsigned e = worker % count;
    /* No more nodes are in flight than there are encoders or workers: one is free. */
    while (atomic_flag_test_and_set_explicit(&writing->encoders[e].busy, memory_order_acquire))
        e = (e + 1) % count;
    enum scree_status status = scree__copc_encode_node(
        &writing->encoders[e].encoder, scree__par_budget(writing->job->context), &writing->layout,
        writing->points, writing->cube, writing->order, writing->level,
        &writing->octree->nodes[writing->run[index]], writing->run_points, &writing->slots[slot],
        err);
    if (status == SCREE_OK && writing->samples != NULL)
        status = sample_node(writing, e, writing->octree->nodes[writing->run[index]].point_count,
                             &writing->samples[slot], err);
    atomic_flag_clear_explicit(&writing->encoders[e].busy, memory_order_release);
    return status;
}

static void note_gps_times(struct scree__copc_writing *writing, const struct scree__copc_slot *slot)
{
    if (!slot->has_gps_time)
        return;
    if (!writing->has_gps_time || slot->gps_time_min < writing->info.gps_time_min)
        writing->info.gps_time_min = slot->gps_time_min;
    if (!writing->has_gps_time || slot->gps_time_max > writing->info.gps_time_max)
        writing->info.gps_time_max = slot->gps_time_max;
    writing->has_gps_time = true;
}

static enum scree_status take_node(void *arg, uint64_t index, unsigned slot_index,
                                   struct scree_error *err)
{
    struct scree__copc_writing *writing = arg;
    const struct scree__copc_slot *slot = &writing->slots[slot_index];
    uint32_t number = writing->run[index];
    const struct scree__copc_node *node = &writing->octree->nodes[number];
    struct entry *entry = &writing->entries[number];
    enum scree_status status;
    entry->held = writing->scratch != NULL && node->level <= OVERVIEW_LEVEL;
    if (entry->held)
        status = scree__spill_scratch_write(writing->scratch, slot->chunk,
                                            (uint32_t)slot->chunk_bytes, NULL, &entry->block, err);
    else
        status = scree_las_writer_add_chunk(writing->writer, slot->chunk, slot->chunk_bytes,
                                            node->point_count, &entry->entry.offset, err);
    if (status != SCREE_OK)
        return status;
    entry->entry.key = slot->key;
    entry->entry.byte_count = (int32_t)slot->chunk_bytes;
    entry->entry.point_count = (int32_t)node->point_count;
    note_gps_times(writing, slot);
    if (writing->samples != NULL)
        status =
            scree__temporal_index_add(&writing->temporal, slot->key, &writing->samples[slot_index],
                                      slot->has_gps_time ? slot->gps_time_min : NAN,
                                      slot->has_gps_time ? slot->gps_time_max : NAN, err);
    writing->points_written += node->point_count;
    scree__par_stage_add(writing->job->context, node->point_count);
    return status;
}

/* Memory that encoders and slots have grown to. */
static uint64_t held_bytes(const struct scree__copc_writing *writing)
{
    uint64_t bytes = 0;
    for (unsigned t = 0; t < writing->threads; t++)
        bytes += writing->encoders[t].encoder.capacity *
                 (SCREE__COPC_ENCODE_BYTES + writing->layout.record_bytes);
    for (unsigned s = 0; s < writing->window; s++)
        bytes += writing->slots[s].chunk_capacity +
                 (writing->samples != NULL ? 8 * writing->samples[s].capacity : 0);
    return bytes;
}

static void release_samples(struct scree__copc_writing *writing)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    for (unsigned s = 0; writing->samples != NULL && s < writing->window; s++)
        scree__temporal_samples_release(&writing->samples[s], budget);
}

static void release_held(struct scree__copc_writing *writing)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    for (unsigned t = 0; t < writing->threads; t++)
        scree__copc_encoder_shrink(&writing->encoders[t].encoder, budget);
    for (unsigned s = 0; s < writing->window; s++)
        scree__copc_slot_release(&writing->slots[s], budget);
    release_samples(writing);
}

/* How many nodes like this one may be in flight with so much memory. */
static unsigned window_of(const struct scree__copc_writing *writing, uint32_t node, uint64_t room)
{
    unsigned window = writing->window;
    uint64_t points = writing->octree->nodes[node].point_count;
    while (window > 1 && nodes_bytes(&writing->layout, writing->job->temporal_stride, points,
                                     writing->threads, window) > room)
        window /= 2;
    return window;
}

/* Encodes and writes the nodes of the list; large ones few at a time where memory asks for it. */
static enum scree_status write_list(struct scree__copc_writing *writing, uint64_t count,
                                    struct scree_error *err)
{
    uint64_t limit = scree_context_budget_bytes(writing->job->context);
    uint64_t others =
        scree__mem_budget_used(scree__par_budget(writing->job->context)) - held_bytes(writing);
    uint64_t room = limit > others ? limit - others : 0;
    enum scree_status status = SCREE_OK;
    for (uint64_t begin = 0, end; begin < count && status == SCREE_OK; begin = end) {
        unsigned window = window_of(writing, writing->list[begin], room);
        writing->run_points = 0;
        for (end = begin; end < count; end++) {
            uint64_t points = writing->octree->nodes[writing->list[end]].point_count;
            if (window_of(writing, writing->list[end], room) != window)
                break;
            if (points > writing->run_points)
                writing->run_points = points;
        }
        /* What is held was grown for other nodes, or beside smaller points. */
        if (window != writing->narrowed || window < writing->window || held_bytes(writing) > room)
            release_held(writing);
        writing->narrowed = window;
        writing->run = writing->list + begin;
        struct scree__par_lane_job lane = {end - begin, window, writing, make_node, take_node};
        status = scree__par_lane(scree__par_pool(writing->job->context), &lane, err);
    }
    if (writing->narrowed < writing->window)
        release_held(writing);
    return status;
}

enum scree_status scree__copc_write_batch(struct scree__copc_writing *writing,
                                          const struct scree__copc_points *points,
                                          const uint64_t *order, const uint8_t *level,
                                          const struct scree__copc_octree *octree,
                                          struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    uint64_t count = octree->node_count - octree->first_new;
    void *memory = writing->entries;
    if (count == 0)
        return SCREE_OK;
    enum scree_status status =
        scree__mem_grow(budget, &memory, &writing->entry_capacity, octree->node_count,
                        sizeof *writing->entries, "nodes", err);
    writing->entries = memory;
    writing->entry_count = octree->node_count;
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, count * sizeof *writing->list, &memory, "nodes", err);
    if (status != SCREE_OK)
        return status;
    writing->list = memory;
    writing->points = points;
    writing->order = order;
    writing->level = level;
    writing->octree = octree;
    uint64_t at = 0;
    for (int overview = 0; overview < 2; overview++)
        for (uint64_t i = octree->first_new; i < octree->node_count; i++)
            if ((octree->nodes[i].level <= OVERVIEW_LEVEL) == (overview == 1))
                writing->list[at++] = (uint32_t)i;
    status = write_list(writing, count, err);
    scree__mem_free(budget, writing->list, count * sizeof *writing->list);
    writing->list = NULL;
    return status;
}

/* Chunks that waited on scratch, in order of their nodes. */
static enum scree_status write_held(struct scree__copc_writing *writing, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    for (uint64_t i = 0; i < writing->entry_count; i++) {
        struct scree_copc_entry *entry = &writing->entries[i].entry;
        uint64_t bytes = (uint64_t)entry->byte_count;
        void *chunk;
        if (!writing->entries[i].held)
            continue;
        enum scree_status status = scree__mem_alloc(budget, bytes, &chunk, "overview nodes", err);
        if (status != SCREE_OK)
            return status;
        status = scree__spill_scratch_read(writing->scratch, &writing->entries[i].block, chunk,
                                           NULL, err);
        if (status == SCREE_OK)
            status = scree_las_writer_add_chunk(writing->writer, chunk, bytes,
                                                (uint64_t)entry->point_count, &entry->offset, err);
        scree__mem_free(budget, chunk, bytes);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
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
    release_samples(writing);
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

/* ---------------------------------------------------------------------------------------- whole */

static enum scree_status allocate(struct scree__copc_writing *writing, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, writing->window * sizeof *writing->slots, &memory, "nodes", err);
    if (status != SCREE_OK)
        return status;
    writing->slots = memory;
    memset(memory, 0, writing->window * sizeof *writing->slots);
    if (writing->job->temporal_stride > 0) {
        status = scree__mem_alloc(budget, writing->window * sizeof *writing->samples, &memory,
                                  "nodes", err);
        if (status != SCREE_OK)
            return status;
        writing->samples = memory;
        memset(memory, 0, writing->window * sizeof *writing->samples);
    }
    status = scree__mem_alloc(budget, writing->threads * sizeof *writing->encoders, &memory,
                              "nodes", err);
    if (status != SCREE_OK)
        return status;
    writing->encoders = memory;
    memset(memory, 0, writing->threads * sizeof *writing->encoders);
    for (unsigned t = 0; t < writing->threads && status == SCREE_OK; t++) {
        atomic_flag_clear(&writing->encoders[t].busy);
        status =
            scree__copc_encoder_init(&writing->encoders[t].encoder, budget, &writing->layout, err);
    }
    return status;
}

void scree__copc_write_free(struct scree__copc_writing *writing)
{
    if (writing == NULL)
        return;
    struct scree__mem_budget *budget = scree__par_budget(writing->job->context);
    for (unsigned t = 0; writing->encoders != NULL && t < writing->threads; t++)
        scree__copc_encoder_release(&writing->encoders[t].encoder, budget);
    for (unsigned s = 0; writing->slots != NULL && s < writing->window; s++)
        scree__copc_slot_release(&writing->slots[s], budget);
    scree__mem_free(budget, writing->encoders, writing->threads * sizeof *writing->encoders);
    scree__mem_free(budget, writing->slots, writing->window * sizeof *writing->slots);
    release_samples(writing);
    scree__mem_free(budget, writing->samples, writing->window * sizeof *writing->samples);
    scree__temporal_index_release(&writing->temporal);
    scree__mem_free(budget, writing->entries, writing->entry_capacity * sizeof *writing->entries);
    scree_las_writer_free(writing->writer);
    scree_sink_close(writing->sink);
    scree__mem_free(budget, writing, sizeof *writing);
}

enum scree_status scree__copc_write_begin(struct scree_convert_job *job,
                                          const struct scree__copc_cube *cube,
                                          struct scree__spill_scratch *scratch,
                                          struct scree__copc_writing **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(scree__par_budget(job->context), sizeof(struct scree__copc_writing),
                         &memory, "writing", err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_writing *writing = memory;
    memset(writing, 0, sizeof *writing);
    writing->job = job;
    writing->cube = cube;
    writing->scratch = scratch;
    writing->threads = scree_context_threads(job->context);
    writing->window = scree__copc_write_window(writing->threads);
    writing->narrowed = writing->window;
    scree__temporal_index_init(&writing->temporal, scree__par_budget(job->context), scratch,
                               job->temporal_stride);
    memcpy(writing->info.center, cube->center, sizeof writing->info.center);
    writing->info.halfsize = cube->halfsize;
    writing->info.spacing = cube->halfsize * 2 / (1u << SCREE__COPC_CELL_LEVELS);
    status = scree_laz_layout_init(&writing->layout, job->plan.point_format, job->plan.extra_bytes,
                                   SCREE_LAZ_VARIABLE_CHUNKS, err);
    if (status == SCREE_OK)
        status = allocate(writing, err);
    if (status == SCREE_OK)
        status = scree__copc_network_sink(job, &writing->sink, err);
    if (status == SCREE_OK)
        status = begin_file(writing, err);
    if (status != SCREE_OK) {
        scree__copc_write_free(writing);
        return status;
    }
    *out = writing;
    return SCREE_OK;
}

enum scree_status scree__copc_write_end(struct scree__copc_writing *writing,
                                        const struct scree_las_summary *summary,
                                        const struct scree__copc_octree *octree,
                                        struct scree_convert_result *result,
                                        struct scree_error *err)
{
    enum scree_status status = write_held(writing, err);
    if (status == SCREE_OK)
        status = write_hierarchy(writing, octree, result, err);
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
