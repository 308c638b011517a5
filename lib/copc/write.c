/*
 * write.c - encoding nodes and writing them. Nodes are encoded in parallel and written in file order: a node after its
 * descendants along the Morton curve, but levels 0 to 2 last of all, so that one read at the end of the file yields the
 * hierarchy and a first overview. Where nodes come in batches, those chunks wait: in memory, or what is beyond the room for that on scratch.
 */
#include "copc/write.h"
#include "base/error.h"
#include "copc/network.h"
#include "copc/writing.h"

#include <math.h>
#include <string.h>

/* The deepest level of those that are written last. */
#define OVERVIEW_LEVEL 2u

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

/* A chunk that belongs at the end of the file: some 6 MB in all, however large the survey. */
static enum scree_status hold_chunk(struct scree__copc_writing *writing,
                                    const struct scree__copc_slot *slot,
                                    struct scree__copc_write_entry *entry, struct scree_error *err)
{
    entry->held = true;
    if (slot->chunk_bytes <= writing->wait_bytes &&
        scree__mem_alloc(scree__par_budget(writing->job->context), slot->chunk_bytes, &entry->chunk,
                         "overview nodes", NULL) == SCREE_OK) {
        memcpy(entry->chunk, slot->chunk, slot->chunk_bytes);
        writing->wait_bytes -= slot->chunk_bytes;
        return SCREE_OK;
    }
    enum scree_status status = scree__spill_scratch_write(
        writing->scratch, slot->chunk, (uint32_t)slot->chunk_bytes, NULL, &entry->block, err);
    scree__par_scratch_add(writing->job->context, entry->block.stored);
    return status;
}

static enum scree_status take_node(void *arg, uint64_t index, unsigned slot_index,
                                   struct scree_error *err)
{
    struct scree__copc_writing *writing = arg;
    struct scree__copc_slot *slot = &writing->slots[slot_index];
    uint32_t number = writing->run[index];
    const struct scree__copc_node *node = &writing->octree->nodes[number];
    struct scree__copc_write_entry *entry = &writing->entries[number];
    enum scree_status status;
    if (writing->scratch != NULL && node->level <= OVERVIEW_LEVEL)
        status = hold_chunk(writing, slot, entry, err);
    else
        status = scree_las_writer_add_chunk(writing->writer, slot->chunk, slot->chunk_bytes,
                                            node->point_count, &entry->entry.offset, err);
    if (status != SCREE_OK)
        return status;
    scree__copc_slot_rest(slot, scree__par_budget(writing->job->context));
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

void scree__copc_write_release_samples(struct scree__copc_writing *writing)
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
    scree__copc_write_release_samples(writing);
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
                                          const uint32_t *order, const uint8_t *level,
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
    if (status != SCREE_OK)
        return status;
    memset(writing->entries + writing->entry_count, 0,
           (octree->node_count - writing->entry_count) * sizeof *writing->entries);
    writing->entry_count = octree->node_count;
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

static void free_held(struct scree__copc_writing *writing, struct scree__copc_write_entry *entry)
{
    scree__mem_free(scree__par_budget(writing->job->context), entry->chunk,
                    (uint64_t)entry->entry.byte_count);
    entry->chunk = NULL;
}

static enum scree_status write_held_chunk(struct scree__copc_writing *writing,
                                          struct scree__copc_write_entry *held,
                                          struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    struct scree_copc_entry *entry = &held->entry;
    uint64_t bytes = (uint64_t)entry->byte_count;
    if (held->chunk == NULL) {
        status = scree__mem_alloc(scree__par_budget(writing->job->context), bytes, &held->chunk,
                                  "overview nodes", err);
        if (status == SCREE_OK)
            status =
                scree__spill_scratch_read(writing->scratch, &held->block, held->chunk, NULL, err);
    }
    if (status == SCREE_OK)
        status = scree_las_writer_add_chunk(writing->writer, held->chunk, bytes,
                                            (uint64_t)entry->point_count, &entry->offset, err);
    free_held(writing, held);
    return status;
}

/* Chunks that waited, in order of their nodes. */
static enum scree_status write_held(struct scree__copc_writing *writing, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < writing->entry_count && status == SCREE_OK; i++)
        if (writing->entries[i].held)
            status = write_held_chunk(writing, &writing->entries[i], err);
    return status;
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
    scree__copc_write_release_samples(writing);
    scree__mem_free(budget, writing->samples, writing->window * sizeof *writing->samples);
    scree__temporal_index_release(&writing->temporal);
    for (uint64_t i = 0; i < writing->entry_count; i++)
        free_held(writing, &writing->entries[i]);
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
        status = scree__copc_write_head(writing, err);
    if (status != SCREE_OK) {
        scree__copc_write_free(writing);
        return status;
    }
    *out = writing;
    return SCREE_OK;
}

void scree__copc_write_wait_bytes(struct scree__copc_writing *writing, uint64_t bytes)
{
    writing->wait_bytes = bytes;
}

enum scree_status scree__copc_write_end(struct scree__copc_writing *writing,
                                        const struct scree_las_summary *summary,
                                        const struct scree__copc_octree *octree,
                                        struct scree_convert_result *result,
                                        struct scree_error *err)
{
    enum scree_status status = write_held(writing, err);
    return status == SCREE_OK ? scree__copc_write_tail(writing, summary, octree, result, err)
                              : status;
}
