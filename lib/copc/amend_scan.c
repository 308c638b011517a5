/* amend_scan.c - one pass over all points of a COPC file, node by node, in parallel. */
#include "base/error.h"
#include "copc/amend.h"

#include <inttypes.h>
#include <string.h>

#define PIECE_BYTES 262144u /* records decoded at a time: what stays in a core's own cache */

struct worker {
    struct scree_laz_decoder *decoder;
    void *decoder_memory;
    uint8_t *records;
};

/* A node, from its decoding to its turn. */
struct slot {
    struct scree__temporal_samples samples;
    struct scree_las_summary summary;
    bool has_gps_time;
    double gps_time_min, gps_time_max;
};

struct scan {
    struct scree__amend *amend;
    const struct scree_laz_layout *layout;
    struct worker *workers;
    struct slot *slots;
    unsigned threads, window;
    size_t decoder_bytes;
    uint64_t piece_points;
};

static enum scree_status refuse_order(const struct scree__amend *amend,
                                      const struct scree_copc_entry *node, uint64_t point,
                                      double before, double time, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "%s: node %d-%d-%d-%d (chunk at byte %" PRIu64 "), point %" PRIu64
                            ": GPS time %.17g comes after %.17g; a temporal index needs the points "
                            "of each node in order of time (scree convert puts them so)",
                            scree_source_name(amend->source), node->key.level, node->key.x,
                            node->key.y, node->key.z, node->offset, point, time, before);
}

/* GPS times of the next `count` points of a node. *before: the last one's; first 0: none. */
static enum scree_status take_times(const struct scan *scan, const struct scree_copc_entry *node,
                                    struct slot *slot, const uint8_t *records, uint64_t first,
                                    uint64_t count, double *before, struct scree_error *err)
{
    const uint32_t record_bytes = scan->layout->record_bytes, stride = scan->amend->stride;
    const uint8_t *p = records + SCREE__COPC_GPS_TIME_AT;
    for (uint64_t i = 0; i < count; i++, p += record_bytes) {
        const double time = scree__base_load_f64(p);
        if (stride > 0 && first + i > 0 && !scree__temporal_in_order(*before, time))
            return refuse_order(scan->amend, node, first + i, *before, time, err);
        *before = time;
        if (isnan(time))
            continue;
        if (!slot->has_gps_time || time < slot->gps_time_min)
            slot->gps_time_min = time;
        if (!slot->has_gps_time || time > slot->gps_time_max)
            slot->gps_time_max = time;
        slot->has_gps_time = true;
    }
    if (stride > 0)
        scree__temporal_samples_take(&slot->samples, records + SCREE__COPC_GPS_TIME_AT,
                                     record_bytes, first, count, (uint64_t)node->point_count,
                                     stride);
    return SCREE_OK;
}

static enum scree_status decode_node(const struct scan *scan, struct worker *worker,
                                     const struct scree_copc_entry *node, const uint8_t *chunk,
                                     struct slot *slot, struct scree_error *err)
{
    const uint64_t points = (uint64_t)node->point_count;
    double before = 0;
    enum scree_status status =
        scree_laz_decoder_begin(worker->decoder, chunk, (size_t)node->byte_count, points, err);
    for (uint64_t done = 0, now; status == SCREE_OK && done < points; done += now) {
        now = points - done < scan->piece_points ? points - done : scan->piece_points;
        status = scree_laz_decoder_next(worker->decoder, worker->records,
                                        scan->layout->record_bytes, (size_t)now, err);
        if (status != SCREE_OK)
            break;
        scree_las_summary_add(&slot->summary, scan->amend->header->point_format, worker->records,
                              scan->layout->record_bytes, now);
        status = take_times(scan, node, slot, worker->records, done, now, &before, err);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(scan->amend->context, err);
    }
    return status;
}

static enum scree_status make_node(void *arg, uint64_t index, unsigned slot_index,
                                   unsigned worker_index, struct scree_error *err)
{
    const struct scan *scan = arg;
    struct scree__amend *amend = scan->amend;
    const struct scree_copc_entry *node = &amend->chunks[index];
    struct slot *slot = &scan->slots[slot_index];
    struct scree_error why = SCREE_ERROR_INIT;
    void *chunk;
    scree_las_summary_init(&slot->summary);
    slot->has_gps_time = false;
    enum scree_status status = scree__mem_alloc(amend->budget, (uint64_t)node->byte_count, &chunk,
                                                "the chunk of one node", err);
    if (status != SCREE_OK)
        return status;
    if (amend->stride > 0)
        status = scree__temporal_samples_begin(&slot->samples, amend->budget,
                                               (uint64_t)node->point_count, amend->stride, err);
    if (status == SCREE_OK)
        status =
            scree_source_read(amend->source, node->offset, chunk, (size_t)node->byte_count, err);
    if (status == SCREE_OK) {
        status = decode_node(scan, &scan->workers[worker_index], node, chunk, slot, &why);
        if (status == SCREE_E_DATA) /* the codec knows no file */
            (void)scree__base_fail(err, status,
                                   "%s: node %d-%d-%d-%d (chunk at byte %" PRIu64 "): %.600s",
                                   scree_source_name(amend->source), node->key.level, node->key.x,
                                   node->key.y, node->key.z, node->offset, why.message);
        else if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
            *err = why;
    }
    scree__mem_free(amend->budget, chunk, (uint64_t)node->byte_count);
    return status;
}

static void widen_times(struct scree__amend *amend, const struct slot *slot)
{
    if (!slot->has_gps_time)
        return;
    if (!amend->has_gps_time || slot->gps_time_min < amend->gps_time_min)
        amend->gps_time_min = slot->gps_time_min;
    if (!amend->has_gps_time || slot->gps_time_max > amend->gps_time_max)
        amend->gps_time_max = slot->gps_time_max;
    amend->has_gps_time = true;
}

static enum scree_status take_node(void *arg, uint64_t index, unsigned slot_index,
                                   struct scree_error *err)
{
    const struct scan *scan = arg;
    struct scree__amend *amend = scan->amend;
    const struct slot *slot = &scan->slots[slot_index];
    scree_las_summary_merge(&amend->summary, &slot->summary);
    widen_times(amend, slot);
    scree__par_stage_add(amend->context, (uint64_t)amend->chunks[index].point_count);
    if (amend->stride == 0)
        return SCREE_OK;
    return scree__temporal_index_add(&amend->index, amend->chunks[index].key, &slot->samples,
                                     slot->has_gps_time ? slot->gps_time_min : NAN,
                                     slot->has_gps_time ? slot->gps_time_max : NAN, err);
}

static void release(struct scan *scan)
{
    struct scree__mem_budget *budget = scan->amend->budget;
    const uint64_t piece = scan->piece_points * scan->layout->record_bytes;
    for (unsigned t = 0; scan->workers != NULL && t < scan->threads; t++) {
        scree__mem_free(budget, scan->workers[t].decoder_memory, scan->decoder_bytes);
        scree__mem_free(budget, scan->workers[t].records, piece);
    }
    for (unsigned s = 0; scan->slots != NULL && s < scan->window; s++)
        scree__temporal_samples_release(&scan->slots[s].samples, budget);
    scree__mem_free(budget, scan->workers, scan->threads * sizeof *scan->workers);
    scree__mem_free(budget, scan->slots, scan->window * sizeof *scan->slots);
}

static enum scree_status allocate(struct scan *scan, struct scree_error *err)
{
    struct scree__mem_budget *budget = scan->amend->budget;
    const uint64_t piece = scan->piece_points * scan->layout->record_bytes;
    /* Heights matter to bounds alone. */
    const uint32_t fields =
        SCREE_LAZ_FIELD_GPS_TIME | (scan->amend->options.repair_header ? SCREE_LAZ_FIELD_Z : 0);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, scan->threads * sizeof *scan->workers, &memory, "workers", err);
    if (status != SCREE_OK)
        return status;
    scan->workers = memory;
    memset(memory, 0, scan->threads * sizeof *scan->workers);
    status = scree__mem_alloc(budget, scan->window * sizeof *scan->slots, &memory, "nodes", err);
    if (status != SCREE_OK)
        return status;
    scan->slots = memory;
    memset(memory, 0, scan->window * sizeof *scan->slots);
    for (unsigned t = 0; t < scan->threads && status == SCREE_OK; t++) {
        struct worker *worker = &scan->workers[t];
        status = scree__mem_alloc(budget, scan->decoder_bytes, &worker->decoder_memory,
                                  "LAZ decoder", err);
        if (status == SCREE_OK)
            status = scree_laz_decoder_init(worker->decoder_memory, scan->decoder_bytes,
                                            scan->layout, fields, &worker->decoder, err);
        if (status == SCREE_OK)
            status = scree__mem_alloc(budget, piece, &memory, "points", err);
        if (status == SCREE_OK)
            worker->records = memory;
    }
    return status;
}

static enum scree_status run(struct scree__amend *amend, unsigned window, struct scree_error *err)
{
    struct scan scan = {.amend = amend,
                        .layout = scree_las_layout(amend->reader),
                        .threads = scree_context_threads(amend->context),
                        .window = window};
    scan.decoder_bytes = scree_laz_decoder_bytes(scan.layout);
    scan.piece_points = PIECE_BYTES / scan.layout->record_bytes + 1;
    scree_las_summary_init(&amend->summary);
    amend->has_gps_time = false;
    scree__temporal_index_init(&amend->index, amend->budget, amend->scratch, amend->stride);
    scree__par_stage_begin(amend->context, "scan", amend->point_count);
    enum scree_status status = allocate(&scan, err);
    if (status == SCREE_OK) {
        struct scree__par_lane_job lane = {amend->chunk_count, window, &scan, make_node, take_node};
        status = scree__par_lane(scree__par_pool(amend->context), &lane, err);
    }
    if (status == SCREE_OK)
        scree__par_stage_end(amend->context);
    release(&scan);
    return status;
}

uint64_t scree__amend_scan_bytes(const struct scree__amend *amend)
{
    const struct scree_laz_layout *layout = scree_las_layout(amend->reader);
    const unsigned threads = scree_context_threads(amend->context);
    const uint64_t nodes = amend->hierarchy->entry_count;
    uint64_t chunk = 0, samples = 0;
    for (uint64_t i = 0; i < amend->chunk_count; i++) {
        const uint64_t bytes = (uint64_t)amend->chunks[i].byte_count;
        const uint64_t points = (uint64_t)amend->chunks[i].point_count;
        const uint64_t here =
            amend->stride > 0 ? 8 * scree__temporal_sample_count(points, amend->stride) : 0;
        chunk = bytes > chunk ? bytes : chunk;
        samples = here > samples ? here : samples;
    }
    uint64_t bytes = scree__mem_budget_used(amend->budget) + chunk +
                     threads * (sizeof(struct worker) + scree_laz_decoder_bytes(layout) +
                                PIECE_BYTES + layout->record_bytes) +
                     sizeof(struct slot);
    /* A list that grows and its successor are there together; samples on scratch come back one
     * node at a time. */
    if (amend->stride > 0)
        bytes += 3 * nodes * sizeof(struct scree__temporal_kept) +
                 scree__temporal_pages_memory(nodes) + samples;
    return bytes + ((uint64_t)1 << 20);
}

/* Nodes without points are part of the octree, too. */
static enum scree_status add_empty_nodes(struct scree__amend *amend, struct scree_error *err)
{
    const struct scree__temporal_samples none = {0};
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < amend->hierarchy->entry_count && status == SCREE_OK; i++)
        if (amend->hierarchy->entries[i].point_count == 0)
            status = scree__temporal_index_add(&amend->index, amend->hierarchy->entries[i].key,
                                               &none, NAN, NAN, err);
    return status;
}

enum scree_status scree__amend_scan(struct scree__amend *amend, struct scree_error *err)
{
    struct scree_error why = SCREE_ERROR_INIT;
    const unsigned threads = scree_context_threads(amend->context);
    enum scree_status status = run(amend, threads == 1 ? 1 : 2 * threads, &why);
    if (status == SCREE_E_BUDGET && threads > 1) { /* one node at a time needs a fraction */
        scree__temporal_index_release(&amend->index);
        why = (struct scree_error)SCREE_ERROR_INIT;
        status = run(amend, 1, &why);
    }
    if (status != SCREE_OK) {
        if (err != NULL && err->status == SCREE_OK)
            *err = why;
        return status;
    }
    if (amend->stride == 0)
        return SCREE_OK;
    status = add_empty_nodes(amend, err);
    if (status == SCREE_OK)
        status = scree__temporal_index_plan(&amend->index, &amend->index_bytes, &why);
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        (void)scree__base_fail(err, status, "%s: %.900s", scree_source_name(amend->source),
                               why.message);
    return status;
}
