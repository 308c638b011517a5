/*
 * decode.c - items into records that match.
 *
 *     a node that is wanted whole     decoded straight into the slot, or a piece at a time where the records are not kept
 *     else, where matches are rare    the fields of the filter first; the others only if a point matches, and only up to the last
 *     else                            all fields at once, piece by piece, what matches is moved to the slot
 */
#include "query/decode.h"
#include "base/error.h"
#include "laz/leave.h"

#include <string.h>

/* Fewer points than this are not worth being decoded side by side with another chunk's. */
#define PAIR_POINTS 256u
/* Records that conditions look at together: their columns of doubles stay in the first-level cache. */
#define LOOK_POINTS 1024u

bool scree__query_node_read(const struct scree_query *query,
                            const struct scree__query_consumer *consumer,
                            const struct scree__query_node *node)
{
    return consumer->needs_records || scree__query_node_tested(query, node);
}

enum scree_status scree__query_room(struct scree__mem_budget *budget, uint8_t **buffer,
                                    uint64_t *capacity, uint64_t bytes, struct scree_error *err)
{
    void *memory;
    if (bytes <= *capacity)
        return SCREE_OK;
    scree__mem_free(budget, *buffer, *capacity);
    *buffer = NULL;
    *capacity = 0;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "query", err);
    if (status != SCREE_OK)
        return status;
    *buffer = memory;
    *capacity = bytes;
    return SCREE_OK;
}

static size_t piece_points(uint32_t record_bytes)
{
    size_t points = SCREE__QUERY_PIECE_BYTES / record_bytes / LOOK_POINTS * LOOK_POINTS;
    if (points < LOOK_POINTS)
        return LOOK_POINTS;
    return points < SCREE__QUERY_PIECE ? points : SCREE__QUERY_PIECE;
}

uint64_t scree__query_worker_bytes(const struct scree_query *query, uint64_t node_points)
{
    uint64_t decoder = 0, piece = 0, compact = 0, mapped = 0;
    for (uint64_t i = 0; i < query->source_count; i++) {
        const struct scree__query_source *source = &query->sources[i];
        if (!source->met)
            continue;
        uint64_t bytes = scree_laz_decoder_bytes(&source->layout);
        decoder = bytes > decoder ? bytes : decoder;
        uint64_t points = piece_points(source->header.record_bytes);
        bytes = points * source->header.record_bytes;
        piece = bytes > piece ? bytes : piece;
        compact = bytes > compact ? bytes : compact;
        bytes = points * query->header.record_bytes;
        mapped = bytes > mapped ? bytes : mapped;
    }
    uint64_t keep = node_points > SCREE__QUERY_PIECE ? node_points : SCREE__QUERY_PIECE;
    return decoder + piece + compact + mapped + keep +
           scree__query_filter_work_bytes(&query->filter, LOOK_POINTS);
}

void scree__query_worker_release(struct scree__query_worker *worker,
                                 struct scree__mem_budget *budget)
{
    scree__mem_free(budget, worker->chunk, worker->chunk_capacity);
    scree__mem_free(budget, worker->decoder, worker->decoder_capacity);
    scree__mem_free(budget, worker->piece, worker->piece_capacity);
    scree__mem_free(budget, worker->compact, worker->compact_capacity);
    scree__mem_free(budget, worker->mapped, worker->mapped_capacity);
    scree__mem_free(budget, worker->keep, worker->keep_capacity);
    scree__mem_free(budget, worker->work, worker->work_capacity);
    memset(worker, 0, sizeof *worker);
}

/* -------------------------------------------------------------------------------- one run through a node */

static enum scree_status in_node(struct scree__query_walk *walk, enum scree_status status)
{
    if (status != SCREE_OK)
        scree__base_error_prefix(&walk->err, "%s: chunk at byte %llu", walk->source->path,
                                 (unsigned long long)walk->node->offset);
    return status;
}

static const uint8_t *chunk_of(const struct scree__query_walk *walk)
{
    return walk->bytes + (walk->node->offset - walk->item->offset);
}

static enum scree_status begin_decoder(struct scree__query_walk *walk, uint32_t fields)
{
    struct scree__query_worker *worker = walk->worker;
    const struct scree_laz_layout *layout = &walk->source->layout;
    size_t bytes = scree_laz_decoder_bytes(layout);
    enum scree_status status = scree__query_room(walk->query->budget, &worker->decoder,
                                                 &worker->decoder_capacity, bytes, &walk->err);
    if (status != SCREE_OK)
        return status;
    status =
        scree_laz_decoder_init(worker->decoder, bytes, layout, fields, &walk->decoder, &walk->err);
    /* Whoever gets the records looks at what was asked for, or has the rest cleared; a map reads all of them. */
    if (status == SCREE_OK && !walk->source->mapped)
        scree__laz_decoder_leave(walk->decoder);
    if (status == SCREE_OK)
        status = scree_laz_decoder_begin(walk->decoder, chunk_of(walk), (size_t)walk->node->bytes,
                                         walk->node->point_count, &walk->err);
    return in_node(walk, status);
}

/* keep: a byte for each point that is looked at before any is forgotten. */
static enum scree_status make_room(struct scree__query_walk *walk, uint64_t keep)
{
    struct scree__mem_budget *budget = walk->query->budget;
    struct scree__query_worker *worker = walk->worker;
    uint32_t record_bytes = walk->source->header.record_bytes;
    uint64_t piece = (uint64_t)piece_points(record_bytes) * record_bytes;
    bool straight = walk->stage == SCREE__QUERY_WHOLE && walk->keeps && !walk->source->mapped;
    enum scree_status status = SCREE_OK;
    if (!straight)
        status =
            scree__query_room(budget, &worker->piece, &worker->piece_capacity, piece, &walk->err);
    if (status == SCREE_OK)
        status = scree__query_room(budget, &worker->keep, &worker->keep_capacity, keep, &walk->err);
    if (status == SCREE_OK && keep > 0)
        status = scree__query_room(
            budget, &worker->work, &worker->work_capacity,
            scree__query_filter_work_bytes(&walk->query->filter, LOOK_POINTS), &walk->err);
    return status;
}

/* A run through the node, of points [0, end), for what the stage does. */
static enum scree_status begin_run(struct scree__query_walk *walk, enum scree__query_stage stage,
                                   uint64_t end, uint32_t fields)
{
    static const bool looks[] = {false, false, true, true, false};
    walk->stage = stage;
    walk->at = 0;
    walk->end = end;
    walk->decoder = NULL;
    uint64_t keep = !looks[stage] ? 0 : stage == SCREE__QUERY_FINDING ? end : SCREE__QUERY_PIECE;
    enum scree_status status = make_room(walk, keep);
    if (status != SCREE_OK)
        return status;
    if (walk->bytes == NULL) {
        status = scree_las_cursor_new(walk->source->reader, fields, &walk->cursor, &walk->err);
        return status == SCREE_OK ? scree_las_cursor_open(walk->cursor, 0, &walk->err) : status;
    }
    return walk->source->layout.compressor == SCREE_LAZ_NONE ? SCREE_OK
                                                             : begin_decoder(walk, fields);
}

/* A chunk that was decoded to its last point has to end where it says. */
static enum scree_status end_run(struct scree__query_walk *walk)
{
    size_t consumed;
    if (walk->decoder == NULL || walk->at < walk->node->point_count)
        return SCREE_OK;
    enum scree_status status = scree_laz_decoder_end(walk->decoder, &consumed, &walk->err);
    if (status == SCREE_OK && consumed != walk->node->bytes)
        status =
            scree__base_fail(&walk->err, SCREE_E_DATA, "its %llu points took %zu of its %llu bytes",
                             (unsigned long long)walk->node->point_count, consumed,
                             (unsigned long long)walk->node->bytes);
    return in_node(walk, status);
}

/* ---------------------------------------------------------------------------------- out of a piece */

static size_t compact(const uint8_t *records, const uint8_t *keep, size_t count, size_t bytes,
                      uint8_t *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (keep[i] != 0)
            memcpy(to + kept++ * bytes, records + i * bytes, bytes);
    return kept;
}

/* Clears what was not asked for; undecoded fields hold the chunk's first values until then. */
static void clear_unasked(const struct scree__query_walk *walk, uint8_t *records, uint64_t count)
{
    const uint8_t *bits = walk->query->kept_bits;
    size_t bytes = walk->query->header.record_bytes;
    if (bits == NULL || !walk->consumer->clean)
        return;
    for (uint64_t i = 0; i < count; i++)
        for (size_t b = 0; b < bytes; b++)
            records[i * bytes + b] &= bits[b];
}

static uint8_t *slot_end(const struct scree__query_walk *walk)
{
    return walk->slot->records + walk->slot->count * walk->query->header.record_bytes;
}

/* These records match, and are as they come out. */
static enum scree_status hand_over(struct scree__query_walk *walk, const uint8_t *records,
                                   size_t count)
{
    struct scree__query_slot *slot = walk->slot;
    enum scree_status status = SCREE_OK;
    if (walk->forms) {
        status = walk->consumer->form(walk->consumer->self, slot, records, count, walk->thread,
                                      &walk->err);
        slot->formed += count;
    }
    slot->count += count;
    return status;
}

/* A buffer of the worker's that holds a piece. */
static enum scree_status piece_buffer(struct scree__query_walk *walk, uint8_t **buffer,
                                      uint64_t *capacity, uint32_t record_bytes)
{
    uint64_t points = piece_points(walk->source->header.record_bytes);
    return scree__query_room(walk->query->budget, buffer, capacity, points * record_bytes,
                             &walk->err);
}

/* Records of a file on their way out: all of them (keep NULL), or those to keep. */
static enum scree_status add_records(struct scree__query_walk *walk, const uint8_t *records,
                                     const uint8_t *keep, size_t count)
{
    struct scree__query_worker *worker = walk->worker;
    uint32_t in = walk->source->header.record_bytes, out = walk->query->header.record_bytes;
    bool mapped = walk->source->mapped;
    uint8_t *end = walk->keeps ? slot_end(walk) : NULL, *to = end;
    enum scree_status status = SCREE_OK;
    if (keep != NULL) {
        if (end == NULL || mapped) {
            status = piece_buffer(walk, &worker->compact, &worker->compact_capacity, in);
            to = worker->compact;
        }
        if (status != SCREE_OK)
            return status;
        count = compact(records, keep, count, in, to);
        records = to;
    }
    if (mapped) {
        struct scree__las_map_stats stats;
        memset(&stats, 0, sizeof stats);
        if (end == NULL)
            status = piece_buffer(walk, &worker->mapped, &worker->mapped_capacity, out);
        if (status != SCREE_OK)
            return status;
        to = end != NULL ? end : worker->mapped;
        scree__las_map_records(&walk->source->map, records, count, to, &stats);
        walk->slot->out_of_range += stats.out_of_range;
        records = to;
    } else if (end != NULL && records != end) {
        memcpy(end, records, count * (size_t)in);
        records = end;
    }
    if (end != NULL)
        clear_unasked(walk, end, count);
    return hand_over(walk, records, count);
}

/* Fills keep for a piece; returns how many match. */
static size_t look(const struct scree__query_walk *walk, const uint8_t *records, size_t count,
                   uint8_t *keep)
{
    uint32_t record_bytes = walk->source->header.record_bytes;
    size_t kept = 0;
    if (walk->at < walk->node->begin) {
        memset(keep, 0, count);
        return 0;
    }
    for (size_t done = 0; done < count; done += LOOK_POINTS) {
        size_t now = count - done < LOOK_POINTS ? count - done : LOOK_POINTS;
        scree__query_filter_apply(&walk->query->filter, &walk->source->bound, walk->node->inside,
                                  records + done * record_bytes, now, record_bytes, keep + done,
                                  walk->worker->work);
    }
    for (size_t i = 0; i < count; i++)
        kept += keep[i];
    return kept;
}

/* `count` records of the run that is on, which begin at point walk->at. */
static enum scree_status take_piece(struct scree__query_walk *walk, const uint8_t *records,
                                    size_t count)
{
    uint8_t *keep = walk->worker->keep;
    switch (walk->stage) {
    case SCREE__QUERY_WHOLE:
        if (walk->keeps && records == slot_end(walk)) {
            clear_unasked(walk, slot_end(walk), count);
            return hand_over(walk, records, count);
        }
        return add_records(walk, records, NULL, count);
    case SCREE__QUERY_MATCHING: {
        size_t kept = look(walk, records, count, keep);
        if (walk->consumer->needs_records)
            return kept > 0 ? add_records(walk, records, kept < count ? keep : NULL, count)
                            : SCREE_OK;
        walk->slot->count += kept;
        return SCREE_OK;
    }
    case SCREE__QUERY_FINDING:
        if (look(walk, records, count, keep + walk->at) > 0)
            walk->found_end = walk->at + count;
        return SCREE_OK;
    default:
        return add_records(walk, records, keep + walk->at, count);
    }
}

/* ---------------------------------------------------------------------------------------- stages */

/* Only layers can be decoded by themselves. Where six nodes in ten have a match, the second run costs more than it saves. */
static bool two_runs_pay(const struct scree__query_walk *walk, uint32_t first)
{
    if (!walk->consumer->needs_records || walk->item->alone ||
        walk->source->layout.compressor != SCREE_LAZ_LAYERED ||
        (walk->consumer->fields & ~first) == 0)
        return false;
    uint64_t nodes = atomic_load(&walk->hits->nodes);
    return atomic_load(&walk->hits->matched) * 10 < nodes * 6 || nodes < 4;
}

static enum scree_status begin_tested(struct scree__query_walk *walk)
{
    const struct scree__query_bound *bound = &walk->source->bound;
    uint32_t first = walk->node->inside ? bound->fields : bound->all_fields;
    walk->slot->tested += walk->node->end - walk->node->begin;
    walk->found_end = 0;
    if (two_runs_pay(walk, first))
        return begin_run(walk, SCREE__QUERY_FINDING, walk->node->end, first);
    if (walk->consumer->needs_records)
        first |= walk->consumer->fields;
    return begin_run(walk, SCREE__QUERY_MATCHING, walk->node->end, first);
}

/* The item's next node. */
static enum scree_status begin_node(struct scree__query_walk *walk)
{
    struct scree__query_slot *slot = walk->slot;
    walk->node = &walk->query->nodes[walk->item->first_node + walk->next_node++];
    walk->source = &walk->query->sources[walk->node->source];
    walk->before = slot->count;
    if (!scree__query_node_read(walk->query, walk->consumer, walk->node)) {
        slot->count += walk->node->end - walk->node->begin;
        slot->nodes_inside++;
        return SCREE_OK;
    }
    slot->nodes_read++;
    if (scree__query_node_tested(walk->query, walk->node))
        return begin_tested(walk);
    slot->nodes_inside++;
    return begin_run(walk, SCREE__QUERY_WHOLE, walk->node->end, walk->consumer->fields);
}

static void note_hit(struct scree__query_walk *walk)
{
    if (walk->stage == SCREE__QUERY_WHOLE)
        return;
    atomic_fetch_add(&walk->hits->nodes, 1);
    if (walk->slot->count > walk->before)
        atomic_fetch_add(&walk->hits->matched, 1);
}

/* A run has come to its end: the second one through the same node, or none. */
static enum scree_status next_stage(struct scree__query_walk *walk)
{
    enum scree_status status = end_run(walk);
    if (status != SCREE_OK)
        return status;
    if (walk->stage == SCREE__QUERY_FINDING && walk->found_end > 0)
        return begin_run(walk, SCREE__QUERY_TAKING, walk->found_end, walk->consumer->fields);
    note_hit(walk);
    scree_las_cursor_free(walk->cursor);
    walk->cursor = NULL;
    walk->stage = SCREE__QUERY_BETWEEN;
    return SCREE_OK;
}

bool scree__query_walk_ended(const struct scree__query_walk *walk)
{
    return walk->status != SCREE_OK ||
           (walk->stage == SCREE__QUERY_BETWEEN && walk->next_node == walk->item->node_count);
}

/* Goes on to where records are to be had. False: there are none any more. */
static bool find_piece(struct scree__query_walk *walk)
{
    while (!scree__query_walk_ended(walk)) {
        if (walk->stage == SCREE__QUERY_BETWEEN)
            walk->status = begin_node(walk);
        else if (walk->at == walk->end)
            walk->status = next_stage(walk);
        else
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------------------------------- pieces */

static size_t piece_size(const struct scree__query_walk *walk)
{
    uint64_t left = walk->end - walk->at, most = piece_points(walk->source->header.record_bytes);
    /* What lies before the span is decoded, too, but not looked at. */
    if (walk->at < walk->node->begin && left > walk->node->begin - walk->at)
        left = walk->node->begin - walk->at;
    return (size_t)(left < most ? left : most);
}

/* Where decoded records go. */
static uint8_t *piece_place(const struct scree__query_walk *walk)
{
    bool straight = walk->stage == SCREE__QUERY_WHOLE && walk->keeps && !walk->source->mapped;
    return straight ? slot_end(walk) : walk->worker->piece;
}

static void took(struct scree__query_walk *walk, const uint8_t *records, size_t count)
{
    if (walk->status == SCREE_OK)
        walk->status = take_piece(walk, records, count);
    walk->at += count;
}

static void step(struct scree__query_walk *walk, size_t count)
{
    uint32_t record_bytes = walk->source->header.record_bytes;
    uint8_t *place = piece_place(walk);
    const uint8_t *records = place;
    if (walk->cursor != NULL) {
        size_t got = 0;
        walk->status = scree_las_cursor_next(walk->cursor, place, count, &got, &walk->err);
        if (walk->status == SCREE_OK && got != count)
            walk->status = scree__base_fail(&walk->err, SCREE_E_DATA, "%s: points are missing",
                                            walk->source->path);
    } else if (walk->decoder != NULL) {
        walk->status = in_node(
            walk, scree_laz_decoder_next(walk->decoder, place, record_bytes, count, &walk->err));
    } else {
        records = chunk_of(walk) + walk->at * record_bytes;
    }
    took(walk, records, count);
}

static void step_two(struct scree__query_walk *walks, size_t count)
{
    struct scree_laz_part parts[2];
    for (unsigned i = 0; i < 2; i++)
        parts[i] = (struct scree_laz_part){walks[i].decoder,
                                           piece_place(&walks[i]),
                                           walks[i].source->header.record_bytes,
                                           count,
                                           &walks[i].err,
                                           SCREE_OK};
    scree_laz_decoder_next_two(parts);
    for (unsigned i = 0; i < 2; i++) {
        walks[i].status = in_node(&walks[i], parts[i].status);
        took(&walks[i], parts[i].records, count);
    }
}

void scree__query_walk(struct scree__query_walk *walks, unsigned count, uint64_t most)
{
    for (uint64_t done = 0; done < most;) {
        bool more[2] = {find_piece(&walks[0]), count > 1 && find_piece(&walks[1])};
        if (walks[0].status != SCREE_OK || (!more[0] && !more[1]))
            return;
        size_t sizes[2] = {more[0] ? piece_size(&walks[0]) : 0,
                           more[1] ? piece_size(&walks[1]) : 0};
        size_t least = sizes[0] < sizes[1] ? sizes[0] : sizes[1];
        if (least >= PAIR_POINTS && walks[0].decoder != NULL && walks[1].decoder != NULL) {
            step_two(walks, least);
            continue;
        }
        /* The end of a chunk goes first, so that the next one has company from its start. */
        unsigned which = !more[0] || (more[1] && sizes[1] < sizes[0]);
        step(&walks[which], sizes[which]);
        done += which == 0 ? sizes[0] : 0;
    }
}

void scree__query_walk_release(struct scree__query_walk *walk)
{
    scree_las_cursor_free(walk->cursor);
    walk->cursor = NULL;
}
