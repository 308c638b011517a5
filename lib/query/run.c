/*
 * run.c - all items of a query: made in parallel into slots, taken in order, a bounded number in flight (par/pool.h).
 */
#include "query/run.h"
#include "base/error.h"

#include <string.h>

/* Items that are put in order of size together: what a disk is read in should not be all over the file. */
#define SORTED_ITEMS 128u

/* --------------------------------------------------------------------------------------- groups */

static void empty_slot(struct scree__query_slot *slot)
{
    slot->count = slot->most = slot->formed = slot->tested = slot->nodes_read = 0;
    slot->nodes_inside = slot->bytes_read = slot->requests = slot->out_of_range = 0;
    slot->text_bytes = 0;
}

static void release_slot(struct scree__query_run *run, struct scree__query_slot *slot)
{
    struct scree__mem_budget *budget = run->query->budget;
    scree__mem_free(budget, slot->records, slot->records_capacity);
    scree__mem_free(budget, slot->text, slot->text_capacity);
    slot->records = slot->text = NULL;
    slot->records_capacity = slot->text_capacity = 0;
}

/* Begins the way through an item, whose bytes are `fetched` or will be read. */
static void begin_walk(struct scree__query_run *run, struct scree__query_walk *walk,
                       const struct scree__query_item *item, uint64_t most,
                       struct scree__query_worker *worker, struct scree__query_slot *slot,
                       const uint8_t *fetched)
{
    bool reads = scree__query_item_read(run, item);
    bool sequential = run->query->nodes[item->first_node].sequential;
    *walk =
        (struct scree__query_walk){.query = run->query,
                                   .consumer = run->consumer,
                                   .hits = &run->hits,
                                   .worker = worker,
                                   .slot = slot,
                                   .keeps = run->keeps,
                                   .forms = run->consumer->form != NULL && run->query->limit == 0,
                                   .item = item,
                                   .bytes = fetched,
                                   .err = SCREE_ERROR_INIT};
    empty_slot(slot);
    slot->first = item->first_point;
    slot->most = most;
    if (reads && fetched == NULL && !sequential)
        walk->status = scree__query_item_load(run, item, worker, slot, &walk->bytes, &walk->err);
    if (walk->status == SCREE_OK && run->keeps)
        walk->status =
            scree__query_room(run->query->budget, &slot->records, &slot->records_capacity,
                              most * run->query->header.record_bytes, &walk->err);
}

static enum scree_status end_walk(struct scree__query_walk *walk, struct scree_error *err)
{
    scree__query_walk_release(walk);
    if (walk->status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = walk->err;
    return walk->status;
}

/* A group: one or two items. */
static enum scree_status make(void *arg, uint64_t index, unsigned slot_index, unsigned worker,
                              struct scree_error *err)
{
    struct scree__query_run *run = arg;
    struct scree__query_walk walks[2];
    unsigned lanes = run->memory.lanes, count = 0;
    unsigned set = run->memory.sets < run->threads ? slot_index : worker;
    struct scree__query_slot *slots = &run->slots[slot_index * lanes];
    enum scree_status status = SCREE_OK;
    uint64_t points = 0, first = run->first + index * lanes;
    for (unsigned i = 0; i < lanes; i++)
        empty_slot(&slots[i]);
    if (run->consumer->help != NULL)
        status = run->consumer->help(run->consumer->self, worker, err);
    if (status != SCREE_OK || atomic_load(&run->enough))
        return status;
    for (; count < lanes && first + count < run->end; count++) {
        const struct scree__query_item *item = &run->query->items[first + count];
        begin_walk(run, &walks[count], item, item->point_count, &run->workers[set * lanes + count],
                   &slots[count], run->fetched[slot_index * lanes + count]);
        walks[count].thread = worker;
        points += item->point_count;
    }
    scree__query_walk(walks, count, UINT64_MAX);
    for (unsigned i = 0; i < count; i++) {
        enum scree_status ended = end_walk(&walks[i], err);
        status = status == SCREE_OK ? ended : status;
    }
    scree__par_stage_add(run->query->context, points);
    return status;
}

static enum scree_status check_range(const struct scree__query_run *run,
                                     const struct scree__query_slot *slot, struct scree_error *err)
{
    if (slot->out_of_range == 0)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA,
                            "%llu points of the inputs lie outside the bounds in their headers, "
                            "and do not fit the joint grid (scale %g, %g, %g)",
                            (unsigned long long)slot->out_of_range, run->query->header.scale[0],
                            run->query->header.scale[1], run->query->header.scale[2]);
}

/* Hands a slot to the consumer, cut where the limit is. */
static enum scree_status deliver(struct scree__query_run *run, struct scree__query_slot *slot,
                                 struct scree_error *err)
{
    enum scree_status status = check_range(run, slot, err);
    if (run->query->limit > 0) {
        if (slot->count >= run->left) {
            slot->count = run->left;
            atomic_store(&run->enough, true);
        }
        run->left -= slot->count;
        slot->most = slot->count;
        if (status == SCREE_OK && run->consumer->form != NULL)
            status =
                run->consumer->form(run->consumer->self, slot, slot->records, slot->count, 0, err);
    }
    if (status == SCREE_OK && slot->count > 0 && run->consumer->take != NULL)
        status = run->consumer->take(run->consumer->self, slot, err);
    run->result->points_matched += slot->count;
    run->result->points_tested += slot->tested;
    run->result->nodes_read += slot->nodes_read;
    run->result->nodes_inside += slot->nodes_inside;
    run->result->bytes_read += slot->bytes_read;
    run->result->requests += slot->requests;
    slot->first += slot->count;
    empty_slot(slot);
    return status;
}

static enum scree_status take(void *arg, uint64_t index, unsigned slot_index,
                              struct scree_error *err)
{
    struct scree__query_run *run = arg;
    unsigned lanes = run->memory.lanes, slots = run->memory.window * lanes;
    enum scree_status status = SCREE_OK;
    uint64_t first = run->first + index * lanes;
    for (unsigned i = 0; i < lanes && first + i < run->end; i++) {
        uint64_t item = first + i, next = item + slots;
        if (status == SCREE_OK)
            status = deliver(run, &run->slots[slot_index * lanes + i], err);
        scree__query_source_let(run->query,
                                scree__query_item_source(run, &run->query->items[item]));
        scree__query_fetch_let(run, item + 1);
        if (status == SCREE_OK && next < run->end && !atomic_load(&run->enough))
            status = scree__query_fetch(run, next, err);
        else if (status == SCREE_OK && next < run->end)
            run->fetched[slot_index * lanes + i] = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------------------------- stretches */

/* Items that workers share. */
static enum scree_status run_stretch(struct scree__query_run *run, struct scree_error *err)
{
    unsigned lanes = run->memory.lanes, slots = run->memory.window * lanes;
    struct scree__par_lane_job lane = {.count = (run->end - run->first + lanes - 1) / lanes,
                                       .window = run->memory.window,
                                       .arg = run,
                                       .make = make,
                                       .take = take};
    enum scree_status status = SCREE_OK;
    run->fetched_end = run->first;
    for (uint64_t i = run->first; i < run->end && i < run->first + slots; i++)
        if (status == SCREE_OK)
            status = scree__query_fetch(run, i, err);
    if (status == SCREE_OK)
        status = scree__par_lane(scree__par_pool(run->query->context), &lane, err);
    scree__query_fetch_let(run, UINT64_MAX);
    return status;
}

static enum scree_status help_item(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__query_run *run = arg;
    (void)index;
    return run->consumer->help(run->consumer->self, worker, err);
}

/* A part of a large item is in the first slot. */
static enum scree_status take_part(struct scree__query_run *run, struct scree_error *err)
{
    enum scree_status status = deliver(run, &run->slots[0], err);
    if (status == SCREE_OK && run->consumer->help != NULL)
        status =
            scree__par_for(scree__par_pool(run->query->context), run->threads, help_item, run, err);
    return status == SCREE_OK ? scree__par_check_cancel(run->query->context, err) : status;
}

/* One large item: decoded by one thread, part by part. */
static enum scree_status run_alone(struct scree__query_run *run, uint64_t index,
                                   struct scree_error *err)
{
    const uint64_t most = SCREE__QUERY_ALONE_POINTS + SCREE__QUERY_PIECE;
    struct scree_query *query = run->query;
    const struct scree__query_item *item = &query->items[index];
    const struct scree__query_node *node = &query->nodes[item->first_node];
    struct scree__query_walk walk;
    enum scree_status status = scree__query_source_hold(query, node->source, err);
    if (status != SCREE_OK)
        return status;
    begin_walk(run, &walk, item, most, &run->workers[0], &run->slots[0], NULL);
    for (uint64_t at = 0; !scree__query_walk_ended(&walk) && !atomic_load(&run->enough);) {
        scree__query_walk(&walk, 1, SCREE__QUERY_ALONE_POINTS);
        if (walk.status == SCREE_OK)
            walk.status = take_part(run, &walk.err);
        run->slots[0].most = most;
        scree__par_stage_add(query->context, walk.at - at);
        at = walk.at;
    }
    if (node->sequential)
        run->result->bytes_read += node->bytes;
    scree__query_source_let(query, node->source);
    scree__query_worker_release(&run->workers[0], query->budget);
    release_slot(run, &run->slots[0]);
    return end_walk(&walk, err);
}

static bool goes_before(const struct scree__query_item *a, const struct scree__query_item *b,
                        bool by_size)
{
    return by_size ? a->point_count > b->point_count : a->first_node < b->first_node;
}

/* The stretch's items by size, large ones first, or as they were: SORTED_ITEMS by themselves. */
static void sort_items(const struct scree__query_run *run, bool by_size)
{
    for (uint64_t i = run->first + 1; i < run->end; i++) {
        struct scree__query_item *items = run->query->items, moved = items[i];
        uint64_t first = i - (i - run->first) % SORTED_ITEMS, to = i;
        for (; to > first && goes_before(&moved, &items[to - 1], by_size); to--)
            items[to] = items[to - 1];
        items[to] = moved;
    }
}

static bool any_remote(const struct scree__query_run *run)
{
    for (uint64_t i = run->first; i < run->end; i++)
        if (run->query->sources[scree__query_item_source(run, &run->query->items[i])].remote)
            return true;
    return false;
}

/*
 * Two items that a worker walks through side by side should end together: what is left of the larger one is decoded alone, which takes
 * longer. Where the order of slots is free, items of like sizes become neighbours, and small ones come last, so that workers end together, too.
 */
static enum scree_status run_sorted(struct scree__query_run *run, struct scree_error *err)
{
    bool sorts = run->consumer->any_order && run->query->limit == 0 && !any_remote(run);
    if (sorts)
        sort_items(run, true);
    enum scree_status status = run_stretch(run, err);
    if (sorts)
        sort_items(run, false);
    return status;
}

static enum scree_status run_items(struct scree__query_run *run, struct scree_error *err)
{
    struct scree_query *query = run->query;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0;
         i < query->item_count && status == SCREE_OK && !atomic_load(&run->enough);) {
        if (query->items[i].alone) {
            status = run_alone(run, i++, err);
            continue;
        }
        run->first = i;
        while (i < query->item_count && !query->items[i].alone)
            i++;
        run->end = i;
        status = run_sorted(run, err);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------- whole */

static enum scree_status alloc_zeroed(struct scree__query_run *run, uint64_t bytes, void **memory,
                                      struct scree_error *err)
{
    enum scree_status status = scree__mem_alloc(run->query->budget, bytes, memory, "query", err);
    if (status == SCREE_OK)
        memset(*memory, 0, bytes);
    return status;
}

static unsigned slot_count(const struct scree__query_run *run)
{
    return run->memory.window * run->memory.lanes;
}

static unsigned worker_count(const struct scree__query_run *run)
{
    return run->memory.sets * run->memory.lanes;
}

static enum scree_status run_init(struct scree__query_run *run, struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        alloc_zeroed(run, worker_count(run) * sizeof *run->workers, &memory, err);
    if (status != SCREE_OK)
        return status;
    run->workers = memory;
    status = alloc_zeroed(run, slot_count(run) * sizeof *run->slots, &memory, err);
    if (status != SCREE_OK)
        return status;
    run->slots = memory;
    status = alloc_zeroed(run, slot_count(run) * sizeof *run->fetched, &memory, err);
    if (status != SCREE_OK)
        return status;
    run->fetched = memory;
    for (unsigned i = 0; i < slot_count(run) && run->consumer->slot_bytes > 0; i++) {
        status = alloc_zeroed(run, run->consumer->slot_bytes, &memory, err);
        if (status != SCREE_OK)
            return status;
        run->slots[i].own = memory;
    }
    return SCREE_OK;
}

static void run_release(struct scree__query_run *run)
{
    struct scree__mem_budget *budget = run->query->budget;
    for (unsigned i = 0; i < worker_count(run) && run->workers != NULL; i++)
        scree__query_worker_release(&run->workers[i], budget);
    for (unsigned i = 0; i < slot_count(run) && run->slots != NULL; i++) {
        release_slot(run, &run->slots[i]);
        scree__mem_free(budget, run->slots[i].own, run->consumer->slot_bytes);
    }
    for (unsigned b = 0; b < SCREE__QUERY_BATCHES; b++)
        scree__mem_free(budget, run->batches[b].bytes, run->batches[b].capacity);
    scree__mem_free(budget, run->workers, worker_count(run) * sizeof *run->workers);
    scree__mem_free(budget, run->slots, slot_count(run) * sizeof *run->slots);
    scree__mem_free(budget, run->fetched, slot_count(run) * sizeof *run->fetched);
}

/* After a failure uses of sources may be left over; nothing is in flight any more. */
static void let_all(struct scree_query *query)
{
    for (uint64_t i = 0; i < query->source_count; i++)
        query->sources[i].users = query->sources[i].reader != NULL;
}

enum scree_status scree__query_work(struct scree_query *query,
                                    const struct scree__query_consumer *consumer,
                                    struct scree_query_result *result, struct scree_error *err)
{
    struct scree__query_run run;
    memset(&run, 0, sizeof run);
    memset(result, 0, sizeof *result);
    run.query = query;
    run.consumer = consumer;
    run.result = result;
    run.threads = scree_context_threads(query->context);
    run.keeps = scree__query_keeps_records(query, consumer);
    run.left = query->limit;
    atomic_init(&run.enough, false);
    atomic_init(&run.hits.nodes, 0);
    atomic_init(&run.hits.matched, 0);
    scree__par_stage_begin(query->context, "query", query->plan.points_at_most);
    enum scree_status status = scree__query_memory_choose(&run, err);
    if (status == SCREE_OK)
        status = run_init(&run, err);
    if (status == SCREE_OK)
        status = run_items(&run, err);
    run_release(&run);
    let_all(query);
    if (status == SCREE_OK)
        scree__par_stage_end(query->context);
    return status;
}
