/*
 * run.c - all items of a query: made in parallel into slots, taken in order, a bounded number in flight (par/pool.h). Files that are read over
 * a network are fetched ahead, many ranges at a time, by whoever takes; local ones are read by whoever decodes.
 */
#include "query/consumer.h"
#include "query/decode.h"
#include "base/error.h"

#include <string.h>

/* Ranges fetched in one call: enough for a connection to be busy, and a few of them in flight. */
#define BATCH_BYTES ((uint64_t)8 << 20)
#define BATCH_ITEMS 128u
#define BATCHES 8u
/* Slots for each thread: a worker that is done early finds the next item. */
#define SLOTS_PER_THREAD 4u

/* Chunks that were fetched ahead: those of items [first, end). */
struct batch {
    uint8_t *bytes;
    uint64_t capacity, first, end;
};

struct run {
    struct scree_query *query;
    const struct scree__query_consumer *consumer;
    struct scree_query_result *result;
    struct scree__query_hits hits;
    unsigned threads, window;
    struct scree__query_worker *workers;
    struct scree__query_slot *slots;
    const uint8_t **fetched; /* by slot: the item's bytes; NULL: not fetched ahead */
    uint64_t first, end;     /* the items of this stretch: no large ones among them */
    struct batch batches[BATCHES];
    uint64_t fetched_end;
    atomic_bool enough; /* the limit is reached */
    uint64_t left;      /* points up to it */
};

/* -------------------------------------------------------------------------------------- reading */

static bool item_read(const struct run *run, const struct scree__query_item *item)
{
    for (uint64_t i = 0; i < item->node_count; i++)
        if (scree__query_node_read(run->query, run->consumer,
                                   &run->query->nodes[item->first_node + i]))
            return true;
    return false;
}

static uint32_t item_source(const struct run *run, const struct scree__query_item *item)
{
    return run->query->nodes[item->first_node].source;
}

/* Items that are only counted are not fetched. */
static uint64_t fetch_bytes(const struct run *run, uint64_t index)
{
    const struct scree__query_item *item = &run->query->items[index];
    return item_read(run, item) ? item->bytes : 0;
}

static struct batch *free_batch(struct run *run)
{
    for (unsigned i = 0; i < BATCHES; i++)
        if (run->batches[i].first == run->batches[i].end)
            return &run->batches[i];
    return NULL;
}

/* Gathers ranges of items from fetched_end on: those that touch become one. */
static size_t gather(struct run *run, struct batch *batch, struct scree_range *ranges,
                     uint64_t *total)
{
    size_t count = 0;
    uint32_t source = item_source(run, &run->query->items[run->fetched_end]);
    batch->first = batch->end = run->fetched_end;
    *total = 0;
    while (batch->end < run->end && batch->end - batch->first < BATCH_ITEMS) {
        const struct scree__query_item *item = &run->query->items[batch->end];
        uint64_t bytes = fetch_bytes(run, batch->end);
        if (item_source(run, item) != source || (*total > 0 && *total + bytes > BATCH_BYTES))
            break;
        if (count > 0 && ranges[count - 1].offset + ranges[count - 1].byte_count == item->offset)
            ranges[count - 1].byte_count += (size_t)bytes;
        else if (bytes > 0)
            ranges[count++] = (struct scree_range){item->offset, (size_t)bytes, NULL};
        *total += bytes;
        batch->end++;
    }
    return count;
}

static enum scree_status fetch_batch(struct run *run, struct scree_error *err)
{
    struct scree_range ranges[BATCH_ITEMS];
    struct batch *batch = free_batch(run);
    uint64_t total, at = 0;
    if (batch == NULL)
        return SCREE_OK; /* what is fetched ahead is enough for now */
    uint32_t source = item_source(run, &run->query->items[run->fetched_end]);
    size_t count = gather(run, batch, ranges, &total);
    enum scree_status status = scree__query_source_hold(run->query, source, err);
    if (status == SCREE_OK)
        status = scree__query_room(run->query->budget, &batch->bytes, &batch->capacity, total, err);
    for (size_t i = 0; i < count && status == SCREE_OK; i++) {
        ranges[i].bytes = batch->bytes + at;
        at += ranges[i].byte_count;
    }
    if (status == SCREE_OK)
        status = scree_source_read_many(run->query->sources[source].source, ranges, count, err);
    scree__query_source_let(run->query, source);
    run->result->requests += count;
    run->result->bytes_read += total;
    run->fetched_end = batch->end;
    return status;
}

/* Where the bytes of an item lie in its batch. */
static const uint8_t *find_fetched(const struct run *run, uint64_t index)
{
    for (unsigned b = 0; b < BATCHES; b++) {
        const struct batch *batch = &run->batches[b];
        if (index < batch->first || index >= batch->end)
            continue;
        const uint8_t *at = batch->bytes;
        for (uint64_t i = batch->first; i < index; i++)
            at += fetch_bytes(run, i);
        return at;
    }
    return NULL;
}

/* Item `index` is about to enter the window: its file is opened, its bytes are fetched where that is done ahead. */
static enum scree_status prepare(struct run *run, uint64_t index, struct scree_error *err)
{
    const struct scree__query_item *item = &run->query->items[index];
    struct scree__query_source *source = &run->query->sources[item_source(run, item)];
    unsigned slot = (unsigned)((index - run->first) % run->window);
    enum scree_status status = scree__query_source_hold(run->query, item_source(run, item), err);
    run->fetched[slot] = NULL;
    if (status != SCREE_OK || !source->remote || !item_read(run, item))
        return status;
    if (run->fetched_end < index)
        run->fetched_end = index;
    /* One batch more than is needed now: its fetching overlaps with the decoding of this one. */
    while (status == SCREE_OK && run->fetched_end < run->end &&
           run->fetched_end <= index + run->window && free_batch(run) != NULL)
        status = fetch_batch(run, err);
    run->fetched[slot] = find_fetched(run, index);
    return status;
}

static void let_batches(struct run *run, uint64_t taken_end)
{
    for (unsigned b = 0; b < BATCHES; b++)
        if (run->batches[b].end <= taken_end)
            run->batches[b].first = run->batches[b].end = 0;
}

/* -------------------------------------------------------------------------------------- one item */

static enum scree_status read_item(struct run *run, const struct scree__query_item *item,
                                   struct scree__query_worker *worker,
                                   struct scree__query_slot *slot, const uint8_t **bytes,
                                   struct scree_error *err)
{
    enum scree_status status = scree__query_room(run->query->budget, &worker->chunk,
                                                 &worker->chunk_capacity, item->bytes, err);
    if (status == SCREE_OK)
        status = scree_source_read(run->query->sources[item_source(run, item)].source, item->offset,
                                   worker->chunk, (size_t)item->bytes, err);
    *bytes = worker->chunk;
    slot->bytes_read += item->bytes;
    slot->requests++;
    return status;
}

static void empty_slot(struct scree__query_slot *slot)
{
    slot->count = slot->tested = slot->nodes_read = slot->nodes_inside = 0;
    slot->bytes_read = slot->requests = slot->out_of_range = slot->text_bytes = 0;
}

static enum scree_status decode_item(struct run *run, const struct scree__query_item *item,
                                     const uint8_t *bytes, struct scree__query_worker *worker,
                                     struct scree__query_slot *slot, struct scree_error *err)
{
    struct scree__query_decoding decoding = {run->query, run->consumer, &run->hits, worker, slot};
    enum scree_status status = SCREE_OK;
    if (run->consumer->needs_records)
        status = scree__query_room(run->query->budget, &slot->records, &slot->records_capacity,
                                   item->point_count * run->query->header.record_bytes, err);
    for (uint64_t i = 0; i < item->node_count && status == SCREE_OK; i++) {
        const struct scree__query_node *node = &run->query->nodes[item->first_node + i];
        status = scree__query_decode(
            &decoding, node, bytes != NULL ? bytes + (node->offset - item->offset) : NULL, err);
    }
    return status;
}

static enum scree_status make(void *arg, uint64_t index, unsigned slot_index, unsigned worker,
                              struct scree_error *err)
{
    struct run *run = arg;
    const struct scree__query_item *item = &run->query->items[run->first + index];
    struct scree__query_slot *slot = &run->slots[slot_index];
    const uint8_t *bytes = run->fetched[slot_index];
    enum scree_status status = SCREE_OK;
    empty_slot(slot);
    if (run->consumer->help != NULL)
        status = run->consumer->help(run->consumer->self, worker, err);
    if (status != SCREE_OK || atomic_load(&run->enough))
        return status;
    if (bytes == NULL && item_read(run, item))
        status = read_item(run, item, &run->workers[worker], slot, &bytes, err);
    if (status == SCREE_OK)
        status = decode_item(run, item, bytes, &run->workers[worker], slot, err);
    if (status == SCREE_OK && run->consumer->form != NULL && run->query->limit == 0)
        status = run->consumer->form(run->consumer->self, slot, worker, err);
    scree__par_stage_add(run->query->context, item->point_count);
    return status;
}

static enum scree_status check_range(const struct run *run, const struct scree__query_slot *slot,
                                     struct scree_error *err)
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
static enum scree_status deliver(struct run *run, struct scree__query_slot *slot,
                                 struct scree_error *err)
{
    enum scree_status status = check_range(run, slot, err);
    if (run->query->limit > 0) {
        if (slot->count >= run->left) {
            slot->count = run->left;
            atomic_store(&run->enough, true);
        }
        run->left -= slot->count;
        if (status == SCREE_OK && run->consumer->form != NULL)
            status = run->consumer->form(run->consumer->self, slot, 0, err);
    }
    if (status == SCREE_OK && slot->count > 0 && run->consumer->take != NULL)
        status = run->consumer->take(run->consumer->self, slot, err);
    run->result->points_matched += slot->count;
    run->result->points_tested += slot->tested;
    run->result->nodes_read += slot->nodes_read;
    run->result->nodes_inside += slot->nodes_inside;
    run->result->bytes_read += slot->bytes_read;
    run->result->requests += slot->requests;
    empty_slot(slot);
    return status;
}

static enum scree_status take(void *arg, uint64_t index, unsigned slot, struct scree_error *err)
{
    struct run *run = arg;
    enum scree_status status = deliver(run, &run->slots[slot], err);
    scree__query_source_let(run->query, item_source(run, &run->query->items[run->first + index]));
    let_batches(run, run->first + index + 1);
    uint64_t next = run->first + index + run->window;
    if (status == SCREE_OK && next < run->end && !atomic_load(&run->enough))
        status = prepare(run, next, err);
    else if (status == SCREE_OK && next < run->end)
        run->fetched[slot] = NULL;
    return status;
}

/* ------------------------------------------------------------------------------------- stretches */

/* Items that workers share. */
static enum scree_status run_stretch(struct run *run, struct scree_error *err)
{
    struct scree__par_lane_job lane = {.count = run->end - run->first,
                                       .window = run->window,
                                       .arg = run,
                                       .make = make,
                                       .take = take};
    enum scree_status status = SCREE_OK;
    run->fetched_end = run->first;
    for (uint64_t i = run->first; i < run->end && i < run->first + run->window; i++)
        if (status == SCREE_OK)
            status = prepare(run, i, err);
    if (status == SCREE_OK)
        status = scree__par_lane(scree__par_pool(run->query->context), &lane, err);
    let_batches(run, UINT64_MAX);
    return status;
}

static enum scree_status help_item(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct run *run = arg;
    (void)index;
    return run->consumer->help(run->consumer->self, worker, err);
}

/* A piece of a large item is in the first slot. */
static enum scree_status take_piece(void *arg, bool *enough, struct scree_error *err)
{
    struct run *run = arg;
    uint64_t points =
        run->slots[0].tested > run->slots[0].count ? run->slots[0].tested : run->slots[0].count;
    enum scree_status status = SCREE_OK;
    if (run->consumer->form != NULL && run->query->limit == 0)
        status = run->consumer->form(run->consumer->self, &run->slots[0], 0, err);
    if (status == SCREE_OK)
        status = deliver(run, &run->slots[0], err);
    if (status == SCREE_OK && run->consumer->help != NULL)
        status =
            scree__par_for(scree__par_pool(run->query->context), run->threads, help_item, run, err);
    if (status == SCREE_OK)
        status = scree__par_check_cancel(run->query->context, err);
    scree__par_stage_add(run->query->context, points);
    *enough = atomic_load(&run->enough);
    return status;
}

/* One large item: decoded by one thread, piece by piece. */
static enum scree_status run_alone(struct run *run, uint64_t index, struct scree_error *err)
{
    struct scree_query *query = run->query;
    const struct scree__query_item *item = &query->items[index];
    const struct scree__query_node *node = &query->nodes[item->first_node];
    struct scree__query_slot *slot = &run->slots[0];
    struct scree__query_decoding decoding = {query, run->consumer, &run->hits, &run->workers[0],
                                             slot};
    const uint8_t *bytes = NULL;
    empty_slot(slot);
    if (!item_read(run, item)) {
        slot->count = node->end - node->begin;
        slot->nodes_inside = 1;
        return deliver(run, slot, err);
    }
    enum scree_status status = scree__query_source_hold(query, node->source, err);
    if (status == SCREE_OK && run->consumer->needs_records)
        status = scree__query_room(query->budget, &slot->records, &slot->records_capacity,
                                   (uint64_t)SCREE__QUERY_ALONE_POINTS * query->header.record_bytes,
                                   err);
    if (status == SCREE_OK && !node->sequential)
        status = read_item(run, item, &run->workers[0], slot, &bytes, err);
    if (status == SCREE_OK)
        status = scree__query_decode_alone(&decoding, node, bytes, take_piece, run, err);
    if (node->sequential)
        run->result->bytes_read += node->bytes;
    scree__query_source_let(query, node->source);
    return status;
}

static enum scree_status run_items(struct run *run, struct scree_error *err)
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
        status = run_stretch(run, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- memory */

/* As many slots as the budget has room for beside the workers' own memory; one at least. */
static unsigned choose_window(const struct run *run)
{
    const struct scree_query *query = run->query;
    const struct scree__query_consumer *consumer = run->consumer;
    uint64_t points = 0, bytes = 0;
    for (uint64_t i = 0; i < query->item_count; i++) {
        const struct scree__query_item *item = &query->items[i];
        if (item->alone)
            continue;
        points = item->point_count > points ? item->point_count : points;
        bytes = item->bytes > bytes ? item->bytes : bytes;
    }
    uint64_t record = consumer->needs_records ? query->header.record_bytes : 0;
    uint64_t slot = points * (record + consumer->form_bytes) + consumer->slot_bytes + 4096;
    uint64_t workers =
        consumer->fixed_bytes + run->threads * (scree__query_worker_bytes(query, points) + bytes);
    uint64_t budget = scree_context_budget_bytes(query->context);
    uint64_t used = scree__mem_budget_used(query->budget);
    uint64_t room = budget > used ? (budget - used) / 8 * 7 : 0;
    room = room > workers ? room - workers : 0;
    uint64_t window = room / slot;
    if (window > (uint64_t)run->threads * SLOTS_PER_THREAD)
        window = (uint64_t)run->threads * SLOTS_PER_THREAD;
    return window > 0 ? (unsigned)window : 1;
}

static enum scree_status run_init(struct run *run, struct scree_error *err)
{
    struct scree__mem_budget *budget = run->query->budget;
    void *memory;
    uint64_t bytes = run->threads * sizeof *run->workers;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "query", err);
    if (status != SCREE_OK)
        return status;
    run->workers = memset(memory, 0, bytes);
    bytes = run->window * sizeof *run->slots;
    status = scree__mem_alloc(budget, bytes, &memory, "query", err);
    if (status != SCREE_OK)
        return status;
    run->slots = memset(memory, 0, bytes);
    bytes = run->window * sizeof *run->fetched;
    status = scree__mem_alloc(budget, bytes, &memory, "query", err);
    if (status != SCREE_OK)
        return status;
    run->fetched = memset(memory, 0, bytes);
    for (unsigned i = 0; i < run->window && run->consumer->slot_bytes > 0; i++) {
        status = scree__mem_alloc(budget, run->consumer->slot_bytes, &memory, "query", err);
        if (status != SCREE_OK)
            return status;
        run->slots[i].own = memory;
    }
    return SCREE_OK;
}

static void run_release(struct run *run)
{
    struct scree__mem_budget *budget = run->query->budget;
    for (unsigned i = 0; i < run->threads && run->workers != NULL; i++)
        scree__query_worker_release(&run->workers[i], budget);
    for (unsigned i = 0; i < run->window && run->slots != NULL; i++) {
        scree__mem_free(budget, run->slots[i].records, run->slots[i].records_capacity);
        scree__mem_free(budget, run->slots[i].text, run->slots[i].text_capacity);
        scree__mem_free(budget, run->slots[i].own, run->consumer->slot_bytes);
    }
    for (unsigned b = 0; b < BATCHES; b++)
        scree__mem_free(budget, run->batches[b].bytes, run->batches[b].capacity);
    scree__mem_free(budget, run->workers, run->threads * sizeof *run->workers);
    scree__mem_free(budget, run->slots, run->window * sizeof *run->slots);
    scree__mem_free(budget, run->fetched, run->window * sizeof *run->fetched);
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
    struct run run;
    memset(&run, 0, sizeof run);
    memset(result, 0, sizeof *result);
    run.query = query;
    run.consumer = consumer;
    run.result = result;
    run.threads = scree_context_threads(query->context);
    run.window = choose_window(&run);
    run.left = query->limit;
    atomic_init(&run.enough, false);
    atomic_init(&run.hits.nodes, 0);
    atomic_init(&run.hits.matched, 0);
    scree__par_stage_begin(query->context, "query", query->plan.points_at_most);
    enum scree_status status = run_init(&run, err);
    if (status == SCREE_OK)
        status = run_items(&run, err);
    run_release(&run);
    let_all(query);
    if (status == SCREE_OK)
        scree__par_stage_end(query->context);
    return status;
}
