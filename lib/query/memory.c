/*
 * memory.c - how many items are in flight. What each part of a run takes at most is known before it starts; what does not fit the budget with
 * one item in flight is refused with the budget that would do.
 */
#include "query/run.h"
#include "base/error.h"

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
    bool remote;
};

static uint64_t slot_bytes(const struct scree__query_run *run, uint64_t points)
{
    const struct scree__query_consumer *consumer = run->consumer;
    uint64_t record = run->keeps ? run->query->header.record_bytes : 0;
    return points * (record + consumer->form_bytes) + consumer->slot_bytes + SLOT_BYTES;
}

static void weigh(const struct scree__query_run *run, struct costs *costs)
{
    const struct scree_query *query = run->query;
    uint64_t alone_chunk = 0;
    bool alone = false;
    *costs = (struct costs){0};
    for (uint64_t i = 0; i < query->item_count; i++) {
        const struct scree__query_item *item = &query->items[i];
        const struct scree__query_node *node = &query->nodes[item->first_node];
        costs->remote |= query->sources[node->source].remote;
        if (item->alone) {
            alone = true;
            if (!node->sequential && item->bytes > alone_chunk)
                alone_chunk = item->bytes;
            continue;
        }
        costs->items++;
        costs->points = item->point_count > costs->points ? item->point_count : costs->points;
        costs->bytes = item->bytes > costs->bytes ? item->bytes : costs->bytes;
    }
    costs->set = scree__query_worker_bytes(query, costs->points) + costs->bytes;
    costs->slot = slot_bytes(run, costs->points);
    /* A source that has to be opened again takes its cache. */
    if (costs->remote)
        costs->slot += query->source_options.cache_bytes;
    if (alone)
        costs->alone = scree__query_worker_bytes(query, 0) + alone_chunk +
                       slot_bytes(run, SCREE__QUERY_ALONE_POINTS + SCREE__QUERY_PIECE);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* As many groups in flight as `room` has place for. */
static uint64_t window_for(const struct scree__query_run *run, const struct costs *costs,
                           unsigned lanes, uint64_t room)
{
    uint64_t set = lanes * costs->set, slot = lanes * costs->slot;
    uint64_t window = room / (set + slot);
    if (window >= run->threads)
        window = (room - run->threads * set) / slot;
    return least(window, (uint64_t)run->threads * SLOTS_PER_THREAD);
}

enum scree_status scree__query_memory_choose(struct scree__query_run *run, struct scree_error *err)
{
    struct scree__query_memory *memory = &run->memory;
    struct costs costs;
    weigh(run, &costs);
    uint64_t budget = scree_context_budget_bytes(run->query->context);
    uint64_t used = scree__mem_budget_used(run->query->budget) + run->consumer->fixed_bytes;
    uint64_t floor = costs.set + costs.slot > costs.alone ? costs.set + costs.slot : costs.alone;
    if (used + floor > budget) {
        if (err != NULL && err->status == SCREE_OK)
            err->need_bytes = used + floor;
        return scree__base_fail(err, SCREE_E_BUDGET,
                                "the largest piece of work, %llu points, needs %llu bytes beside "
                                "the %llu that are taken, more than the budget of %llu",
                                (unsigned long long)costs.points, (unsigned long long)floor,
                                (unsigned long long)used, (unsigned long long)budget);
    }
    uint64_t room = budget - used;
    if (costs.remote) {
        memory->batch_bytes = costs.bytes > BATCH_BYTES ? costs.bytes : BATCH_BYTES;
        memory->batches = (unsigned)least(SCREE__QUERY_BATCHES, room / 2 / memory->batch_bytes);
        if (room - memory->batches * memory->batch_bytes < floor)
            memory->batches = 0;
        room -= memory->batches * memory->batch_bytes;
    }
    /* Two chunks at a time where each thread has enough of them. */
    memory->lanes = costs.items >= 4u * run->threads ? 2 : 1;
    uint64_t window = window_for(run, &costs, memory->lanes, room);
    if (memory->lanes == 2 && window < run->threads) {
        memory->lanes = 1;
        window = window_for(run, &costs, 1, room);
    }
    memory->window = window > 0 ? (unsigned)window : 1;
    memory->sets = (unsigned)least(run->threads, memory->window);
    return SCREE_OK;
}
