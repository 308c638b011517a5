/*
 * fetch.c - chunks of files that are read over a network, fetched ahead, many ranges at a time, by whoever takes. Local ones are read by
 * whoever decodes, without the layers at their ends that nobody asks for.
 */
#include "query/run.h"
#include "laz/leave.h"

#include <string.h>

#define BATCH_ITEMS 128u
/* Chunks of fewer bytes are read whole: what is left out of them costs less than a second read. */
#define WHOLE_BYTES 16384u

bool scree__query_item_read(const struct scree__query_run *run,
                            const struct scree__query_item *item)
{
    for (uint64_t i = 0; i < item->node_count; i++)
        if (scree__query_node_read(run->query, run->consumer,
                                   &run->query->nodes[item->first_node + i]))
            return true;
    return false;
}

uint32_t scree__query_item_source(const struct scree__query_run *run,
                                  const struct scree__query_item *item)
{
    return run->query->nodes[item->first_node].source;
}

/* ---------------------------------------------------------------------------------------- local */

/* Fields that are decoded of a node, in any run through it. */
static uint32_t node_fields(const struct scree__query_run *run,
                            const struct scree__query_node *node)
{
    const struct scree__query_bound *bound = &run->query->sources[node->source].bound;
    uint32_t fields = run->consumer->needs_records ? run->consumer->fields : 0;
    return scree__query_node_tested(run->query, node) ? fields | bound->all_fields : fields;
}

static enum scree_status read_part(const struct scree__query_run *run,
                                   const struct scree__query_node *node, uint64_t begin,
                                   uint64_t end, uint8_t *chunk, struct scree__query_slot *slot,
                                   struct scree_error *err)
{
    slot->bytes_read += end - begin;
    slot->requests++;
    return scree_source_read(run->query->sources[node->source].source, node->offset + begin,
                             chunk + begin, (size_t)(end - begin), err);
}

/* A layered chunk: its head says where the last layer that is wanted ends. */
static enum scree_status read_layers(const struct scree__query_run *run,
                                     const struct scree__query_node *node, uint8_t *chunk,
                                     struct scree__query_slot *slot, struct scree_error *err)
{
    const struct scree_laz_layout *layout = &run->query->sources[node->source].layout;
    uint64_t head = scree_laz_layered_fixed_bytes(layout);
    if (node->bytes < WHOLE_BYTES || node->bytes < head)
        return read_part(run, node, 0, node->bytes, chunk, slot, err);
    enum scree_status status = read_part(run, node, 0, head, chunk, slot, err);
    if (status != SCREE_OK)
        return status;
    uint64_t wanted = scree__laz_layered_wanted(layout, node_fields(run, node), chunk);
    /* Of a chunk that says that it is longer, all is read that there is; the decoder refuses it. */
    return read_part(run, node, head, wanted < node->bytes ? wanted : node->bytes, chunk, slot,
                     err);
}

static bool wants_all(const struct scree__query_run *run, const struct scree__query_item *item)
{
    for (uint64_t i = 0; i < item->node_count; i++) {
        const struct scree__query_node *node = &run->query->nodes[item->first_node + i];
        if (node_fields(run, node) == SCREE_LAZ_FIELD_ALL ||
            run->query->sources[node->source].layout.compressor != SCREE_LAZ_LAYERED)
            return true;
    }
    return false;
}

enum scree_status scree__query_item_load(const struct scree__query_run *run,
                                         const struct scree__query_item *item,
                                         struct scree__query_worker *worker,
                                         struct scree__query_slot *slot, const uint8_t **bytes,
                                         struct scree_error *err)
{
    enum scree_status status = scree__query_room(run->query->budget, &worker->chunk,
                                                 &worker->chunk_capacity, item->bytes, err);
    *bytes = worker->chunk;
    if (status == SCREE_OK && wants_all(run, item)) {
        slot->bytes_read += item->bytes;
        slot->requests++;
        return scree_source_read(run->query->sources[scree__query_item_source(run, item)].source,
                                 item->offset, worker->chunk, (size_t)item->bytes, err);
    }
    for (uint64_t i = 0; i < item->node_count && status == SCREE_OK; i++) {
        const struct scree__query_node *node = &run->query->nodes[item->first_node + i];
        if (scree__query_node_read(run->query, run->consumer, node))
            status =
                read_layers(run, node, worker->chunk + (node->offset - item->offset), slot, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- network */

/* Items that are only counted are not fetched. */
static uint64_t fetch_bytes(const struct scree__query_run *run, uint64_t index)
{
    const struct scree__query_item *item = &run->query->items[index];
    return scree__query_item_read(run, item) ? item->bytes : 0;
}

static struct scree__query_batch *free_batch(struct scree__query_run *run)
{
    for (unsigned i = 0; i < run->memory.batches; i++)
        if (run->batches[i].first == run->batches[i].end)
            return &run->batches[i];
    return NULL;
}

/* Gathers ranges of items from fetched_end on: those that touch become one. */
static size_t gather(struct scree__query_run *run, struct scree__query_batch *batch,
                     struct scree_range *ranges, uint64_t *total)
{
    size_t count = 0;
    uint32_t source = scree__query_item_source(run, &run->query->items[run->fetched_end]);
    batch->first = batch->end = run->fetched_end;
    *total = 0;
    while (batch->end < run->end && batch->end - batch->first < BATCH_ITEMS) {
        const struct scree__query_item *item = &run->query->items[batch->end];
        uint64_t bytes = fetch_bytes(run, batch->end);
        if (scree__query_item_source(run, item) != source ||
            (*total > 0 && *total + bytes > run->memory.batch_bytes))
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

static enum scree_status fetch_batch(struct scree__query_run *run, struct scree_error *err)
{
    struct scree_range ranges[BATCH_ITEMS];
    struct scree__query_batch *batch = free_batch(run);
    uint64_t total, at = 0;
    if (batch == NULL)
        return SCREE_OK; /* what is fetched ahead is enough for now */
    uint32_t source = scree__query_item_source(run, &run->query->items[run->fetched_end]);
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
static const uint8_t *find_fetched(const struct scree__query_run *run, uint64_t index)
{
    for (unsigned b = 0; b < run->memory.batches; b++) {
        const struct scree__query_batch *batch = &run->batches[b];
        if (index < batch->first || index >= batch->end)
            continue;
        const uint8_t *at = batch->bytes;
        for (uint64_t i = batch->first; i < index; i++)
            at += fetch_bytes(run, i);
        return at;
    }
    return NULL;
}

enum scree_status scree__query_fetch(struct scree__query_run *run, uint64_t index,
                                     struct scree_error *err)
{
    const struct scree__query_item *item = &run->query->items[index];
    uint32_t from = scree__query_item_source(run, item);
    unsigned slots = run->memory.window * run->memory.lanes;
    unsigned slot = (unsigned)((index - run->first) % slots);
    enum scree_status status = scree__query_source_hold(run->query, from, err);
    run->fetched[slot] = NULL;
    if (status != SCREE_OK || !run->query->sources[from].remote ||
        !scree__query_item_read(run, item))
        return status;
    if (run->fetched_end < index)
        run->fetched_end = index;
    /* One batch more than is needed now: its fetching overlaps with the decoding of this one. */
    while (status == SCREE_OK && run->fetched_end < run->end && run->fetched_end <= index + slots &&
           free_batch(run) != NULL)
        status = fetch_batch(run, err);
    run->fetched[slot] = find_fetched(run, index);
    return status;
}

void scree__query_fetch_let(struct scree__query_run *run, uint64_t taken_end)
{
    for (unsigned b = 0; b < run->memory.batches; b++)
        if (run->batches[b].end <= taken_end)
            run->batches[b].first = run->batches[b].end = 0;
}
