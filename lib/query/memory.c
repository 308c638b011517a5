/*
 * memory.c - how many items are in flight, and the least budget. What each part of a run takes at most is known before it starts; what does not fit
 * the budget with one item in flight is refused with the budget that would do.
 */
#include "query/out.h"
#include "query/run.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/job.h"

#include <string.h>

/* Slots for each thread: a worker that is done early finds the next item. */
#define SLOTS_PER_THREAD 4u
/* Fetched in one call: enough for a connection to be busy. */
#define BATCH_BYTES ((uint64_t)8 << 20)
/* Beside what a slot's buffers hold. */
#define SLOT_BYTES 4096u

/* What the parts take, in bytes. */
struct costs {
    uint64_t points, bytes; /* of the largest item of a stretch */
    uint64_t items;         /* in the stretches */
    uint64_t set,
        slot; /* for one item of a stretch: a worker's buffers with the chunk; what waits to be taken */
    uint64_t alone; /* for the largest item that is alone */
    uint64_t least; /* with one item in flight, what the consumer takes for itself included */
    bool remote;
};

bool scree__query_keeps_records(const struct scree_query *query,
                                const struct scree__query_consumer *consumer)
{
    return consumer->needs_records &&
           (consumer->keeps_records || (consumer->form != NULL && query->limit > 0));
}

static uint64_t slot_bytes(const struct scree_query *query,
                           const struct scree__query_consumer *consumer, uint64_t points)
{
    uint64_t record = scree__query_keeps_records(query, consumer) ? query->header.record_bytes : 0;
    return points * (record + consumer->form_bytes) + consumer->slot_bytes + SLOT_BYTES;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Chunks that are found by decoding go through a cursor, which holds as much as one may have (las/cursor.c). */
static uint64_t cursor_bytes(const struct scree__query_source *source,
                             const struct scree__query_node *node)
{
    const struct scree_laz_layout *layout = &source->layout;
    bool whole =
        layout->compressor == SCREE_LAZ_POINTWISE || node->point_count < layout->chunk_points;
    uint64_t points = whole ? node->point_count : layout->chunk_points, bytes;
    if (!scree__base_mul64(points, (uint64_t)layout->record_bytes * 4 + 64, &bytes))
        return node->bytes;
    return smaller(node->bytes, bytes + 65536);
}

static void weigh_items(const struct scree_query *query, struct costs *costs, bool *alone,
                        uint64_t *alone_chunk)
{
    for (uint64_t i = 0; i < query->item_count; i++) {
        const struct scree__query_item *item = &query->items[i];
        const struct scree__query_node *node = &query->nodes[item->first_node];
        costs->remote |= query->sources[node->source].remote;
        if (item->alone) {
            const struct scree__query_source *source = &query->sources[node->source];
            uint64_t chunk = node->sequential ? cursor_bytes(source, node) : item->bytes;
            *alone = true;
            *alone_chunk = chunk > *alone_chunk ? chunk : *alone_chunk;
            continue;
        }
        costs->items++;
        costs->points = item->point_count > costs->points ? item->point_count : costs->points;
        costs->bytes = item->bytes > costs->bytes ? item->bytes : costs->bytes;
    }
}

static void weigh(const struct scree_query *query, const struct scree__query_consumer *consumer,
                  struct costs *costs)
{
    uint64_t alone_chunk = 0;
    bool alone = false;
    *costs = (struct costs){0};
    weigh_items(query, costs, &alone, &alone_chunk);
    costs->set = scree__query_worker_bytes(query, costs->points) + costs->bytes;
    costs->slot = slot_bytes(query, consumer, costs->points);
    /* A source that has to be opened again takes its cache. */
    if (costs->remote)
        costs->slot += query->source_options.cache_bytes;
    if (alone)
        costs->alone = scree__query_worker_bytes(query, 0) + alone_chunk +
                       slot_bytes(query, consumer, SCREE__QUERY_ALONE_POINTS + SCREE__QUERY_PIECE);
    costs->least = costs->set + costs->slot;
    if (costs->alone > costs->least)
        costs->least = costs->alone;
    costs->least += consumer->fixed_bytes;
}

/* As many groups in flight as `room` has place for. */
static uint64_t window_for(const struct scree__query_run *run, const struct costs *costs,
                           unsigned lanes, uint64_t room)
{
    uint64_t set = lanes * costs->set, slot = lanes * costs->slot;
    uint64_t window = room / (set + slot);
    if (window >= run->threads)
        window = (room - run->threads * set) / slot;
    return smaller(window, (uint64_t)run->threads * SLOTS_PER_THREAD);
}

/* Fetching ahead takes up to half of what there is. */
static void choose_batches(struct scree__query_memory *memory, const struct costs *costs,
                           uint64_t *room)
{
    uint64_t bytes = costs->bytes > BATCH_BYTES ? costs->bytes : BATCH_BYTES;
    uint64_t spare = *room > costs->least ? *room - costs->least : 0;
    memory->batch_bytes = bytes;
    memory->batches = (unsigned)smaller(SCREE__QUERY_BATCHES, smaller(*room / 2, spare) / bytes);
    *room -= memory->batches * bytes;
}

enum scree_status scree__query_memory_choose(struct scree__query_run *run, struct scree_error *err)
{
    struct scree__query_memory *memory = &run->memory;
    struct costs costs;
    enum scree_status status = scree__query_memory_check(run->query, run->consumer, err);
    if (status != SCREE_OK)
        return status;
    weigh(run->query, run->consumer, &costs);
    uint64_t room = scree_context_budget_bytes(run->query->context) -
                    scree__mem_budget_used(run->query->budget) - run->consumer->fixed_bytes;
    if (costs.remote)
        choose_batches(memory, &costs, &room);
    /* Two chunks at a time where each thread has enough of them. */
    memory->lanes = costs.items >= 4u * run->threads ? 2 : 1;
    uint64_t window = window_for(run, &costs, memory->lanes, room);
    if (memory->lanes == 2 && window < run->threads) {
        memory->lanes = 1;
        window = window_for(run, &costs, 1, room);
    }
    memory->window = window > 0 ? (unsigned)window : 1;
    memory->sets = (unsigned)smaller(run->threads, memory->window);
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------- refusals */

enum scree_status scree__query_memory_check(const struct scree_query *query,
                                            const struct scree__query_consumer *consumer,
                                            struct scree_error *err)
{
    struct costs costs;
    weigh(query, consumer, &costs);
    uint64_t budget = scree_context_budget_bytes(query->context);
    uint64_t used = scree__mem_budget_used(query->budget);
    if (used + costs.least <= budget)
        return SCREE_OK;
    if (err != NULL && err->status == SCREE_OK)
        err->need_bytes = used + costs.least;
    return scree__base_fail(err, SCREE_E_BUDGET,
                            "the largest piece of work, %llu points, needs %llu bytes beside the "
                            "%llu that are taken, more than the budget of %llu",
                            (unsigned long long)costs.points, (unsigned long long)costs.least,
                            (unsigned long long)used, (unsigned long long)budget);
}

/* A conversion of the points as LAS: what it will ask for when it has opened them, or a little more. */
uint64_t scree__query_convert_bytes(const struct scree_query *query)
{
    struct scree_convert_job job;
    const uint64_t record = query->header.record_bytes;
    memset(&job, 0, sizeof job);
    job.context = query->context;
    job.limits.leaf_max = SCREE__COPC_LEAF_MAX;
    job.limits.leaf_min = SCREE__COPC_LEAF_MIN;
    /* The longest format that there is, with the extra bytes. */
    job.plan.point_format = 8;
    job.plan.extra_bytes =
        query->header.record_bytes - scree_las_format_bytes(query->header.point_format);
    job.plan.record_bytes = scree_las_format_bytes(8) + job.plan.extra_bytes;
    job.plan.point_count = query->plan.points_at_most;
    job.plan.input_bytes = job.plan.point_count * record;
    job.largest_unit_bytes = smaller(65536 * record, (uint64_t)4 << 20); /* las/units.c */
    job.largest_decoder_bytes = 2 * 4096 * record;                       /* copc/read.c */
    return scree__copc_spill_floor(&job) + ((uint64_t)1 << 20);
}

uint64_t scree__query_memory_least(const struct scree_query *query)
{
    const struct scree__query_consumer kinds[] = {
        {.needs_records = true,
         .keeps_records = true,
         .fixed_bytes = scree__query_ring_bytes_of(query)},
        {.needs_records = true,
         .form_bytes = (uint32_t)query->dims.count * SCREE__QUERY_CELL_BYTES_MAX + 2},
        {.needs_records = true, .fixed_bytes = scree__query_stats_bytes(query)},
    };
    uint64_t least = 0;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct costs costs;
        weigh(query, &kinds[i], &costs);
        least = costs.least > least ? costs.least : least;
    }
    return scree__mem_budget_used(query->budget) + least;
}
