/*
 * decode.c - nodes into records that match.
 *
 *     a node that is wanted whole     decoded straight into the slot
 *     else, where matches are rare    the fields of the filter first; the others only if a point matches, and only up to the last
 *     else                            all fields at once, piece by piece, what matches is moved to the slot
 */
#include "query/decode.h"
#include "base/error.h"

#include <string.h>

bool scree__query_node_tested(const struct scree_query *query, const struct scree__query_node *node)
{
    return !node->inside || query->sources[node->source].bound.tests;
}

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

uint64_t scree__query_worker_bytes(const struct scree_query *query, uint64_t node_points)
{
    uint64_t record = query->header.record_bytes, decoder = 0;
    for (uint64_t i = 0; i < query->source_count; i++) {
        const struct scree__query_source *source = &query->sources[i];
        if (!source->met)
            continue;
        uint64_t bytes = scree_laz_decoder_bytes(&source->layout);
        decoder = bytes > decoder ? bytes : decoder;
        record = source->header.record_bytes > record ? source->header.record_bytes : record;
    }
    return decoder + 2 * SCREE__QUERY_PIECE * record + node_points +
           scree__query_filter_work_bytes(&query->filter, SCREE__QUERY_PIECE);
}

void scree__query_worker_release(struct scree__query_worker *worker,
                                 struct scree__mem_budget *budget)
{
    scree__mem_free(budget, worker->chunk, worker->chunk_capacity);
    scree__mem_free(budget, worker->decoder, worker->decoder_capacity);
    scree__mem_free(budget, worker->piece, worker->piece_capacity);
    scree__mem_free(budget, worker->compact, worker->compact_capacity);
    scree__mem_free(budget, worker->keep, worker->keep_capacity);
    scree__mem_free(budget, worker->work, worker->work_capacity);
    memset(worker, 0, sizeof *worker);
}

/* -------------------------------------------------------------------------------- one run through a node */

struct pass {
    struct scree__query_decoding *decoding;
    const struct scree__query_source *source;
    const struct scree__query_node *node;
    const uint8_t *chunk;
    struct scree_laz_decoder *decoder; /* NULL: uncompressed, or through a cursor */
    struct scree_las_cursor *cursor;
    uint64_t at; /* points that are through */
};

static enum scree_status in_node(const struct pass *pass, enum scree_status status,
                                 struct scree_error *err)
{
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s: chunk at byte %llu", pass->source->path,
                                 (unsigned long long)pass->node->offset);
    return status;
}

static enum scree_status pass_begin(struct pass *pass, struct scree__query_decoding *decoding,
                                    const struct scree__query_node *node, const uint8_t *chunk,
                                    uint32_t fields, struct scree_error *err)
{
    struct scree__mem_budget *budget = decoding->query->budget;
    struct scree__query_worker *worker = decoding->worker;
    memset(pass, 0, sizeof *pass);
    pass->decoding = decoding;
    pass->source = &decoding->query->sources[node->source];
    pass->node = node;
    pass->chunk = chunk;
    const struct scree_laz_layout *layout = &pass->source->layout;
    if (chunk == NULL) {
        enum scree_status opened =
            scree_las_cursor_new(pass->source->reader, fields, &pass->cursor, err);
        return opened == SCREE_OK ? scree_las_cursor_open(pass->cursor, 0, err) : opened;
    }
    if (layout->compressor == SCREE_LAZ_NONE)
        return SCREE_OK;
    size_t bytes = scree_laz_decoder_bytes(layout);
    enum scree_status status =
        scree__query_room(budget, &worker->decoder, &worker->decoder_capacity, bytes, err);
    if (status != SCREE_OK)
        return status;
    status = scree_laz_decoder_init(worker->decoder, bytes, layout, fields, &pass->decoder, err);
    if (status == SCREE_OK)
        status = scree_laz_decoder_begin(pass->decoder, chunk, (size_t)node->bytes,
                                         node->point_count, err);
    return in_node(pass, status, err);
}

/* The next records: `count` of them, which there have to be. into: where decoded ones go. */
static enum scree_status pass_next(struct pass *pass, size_t count, uint8_t *into,
                                   const uint8_t **records, struct scree_error *err)
{
    uint32_t record_bytes = pass->source->header.record_bytes;
    enum scree_status status = SCREE_OK;
    *records = into;
    if (pass->cursor != NULL) {
        size_t got = 0;
        status = scree_las_cursor_next(pass->cursor, into, count, &got, err);
        if (status == SCREE_OK && got != count)
            status =
                scree__base_fail(err, SCREE_E_DATA, "%s: points are missing", pass->source->path);
    } else if (pass->decoder != NULL) {
        status = in_node(
            pass, scree_laz_decoder_next(pass->decoder, into, record_bytes, count, err), err);
    } else {
        *records = pass->chunk + pass->at * record_bytes;
    }
    pass->at += count;
    return status;
}

/* A chunk that was decoded to its last point has to end where it says. */
static enum scree_status pass_end(struct pass *pass, struct scree_error *err)
{
    size_t consumed;
    if (pass->decoder == NULL || pass->at < pass->node->point_count)
        return SCREE_OK;
    enum scree_status status = scree_laz_decoder_end(pass->decoder, &consumed, err);
    if (status == SCREE_OK && consumed != pass->node->bytes)
        status = scree__base_fail(err, SCREE_E_DATA, "its %llu points took %zu of its %llu bytes",
                                  (unsigned long long)pass->node->point_count, consumed,
                                  (unsigned long long)pass->node->bytes);
    return in_node(pass, status, err);
}

static size_t piece_size(const struct pass *pass, uint64_t end)
{
    uint64_t left = end - pass->at;
    /* What lies before the span is decoded, too, but not looked at. */
    if (pass->at < pass->node->begin && left > pass->node->begin - pass->at)
        left = pass->node->begin - pass->at;
    return left < SCREE__QUERY_PIECE ? (size_t)left : SCREE__QUERY_PIECE;
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
static void clear_unasked(const struct scree__query_decoding *decoding, uint8_t *records,
                          uint64_t count)
{
    const struct scree_query *query = decoding->query;
    size_t bytes = query->header.record_bytes;
    if (query->kept_bits == NULL || !decoding->consumer->clean)
        return;
    for (uint64_t i = 0; i < count; i++)
        for (size_t b = 0; b < bytes; b++)
            records[i * bytes + b] &= query->kept_bits[b];
}

/* Adds records of a file to the slot: all of them, or those to keep. */
static enum scree_status add_records(struct scree__query_decoding *decoding,
                                     const struct scree__query_source *source,
                                     const uint8_t *records, const uint8_t *keep, size_t count,
                                     struct scree_error *err)
{
    const struct scree_query *query = decoding->query;
    struct scree__query_worker *worker = decoding->worker;
    struct scree__query_slot *slot = decoding->slot;
    size_t in_bytes = source->header.record_bytes, out_bytes = query->header.record_bytes;
    uint8_t *to = slot->records + slot->count * out_bytes;
    if (!source->mapped) {
        if (keep != NULL)
            count = compact(records, keep, count, in_bytes, to);
        else
            memcpy(to, records, count * in_bytes);
    } else {
        struct scree__las_map_stats stats;
        memset(&stats, 0, sizeof stats);
        if (keep != NULL) {
            enum scree_status status =
                scree__query_room(query->budget, &worker->compact, &worker->compact_capacity,
                                  SCREE__QUERY_PIECE * in_bytes, err);
            if (status != SCREE_OK)
                return status;
            count = compact(records, keep, count, in_bytes, worker->compact);
            records = worker->compact;
        }
        scree__las_map_records(&source->map, records, count, to, &stats);
        slot->out_of_range += stats.out_of_range;
    }
    clear_unasked(decoding, to, count);
    slot->count += count;
    return SCREE_OK;
}

/* ---------------------------------------------------------------------------------------- ways */

static enum scree_status make_room(struct scree__query_decoding *decoding,
                                   const struct scree__query_source *source, uint64_t keep_count,
                                   struct scree_error *err)
{
    struct scree_query *query = decoding->query;
    struct scree__query_worker *worker = decoding->worker;
    enum scree_status status =
        scree__query_room(query->budget, &worker->piece, &worker->piece_capacity,
                          (uint64_t)SCREE__QUERY_PIECE * source->header.record_bytes, err);
    if (status == SCREE_OK)
        status = scree__query_room(query->budget, &worker->keep, &worker->keep_capacity, keep_count,
                                   err);
    if (status == SCREE_OK)
        status = scree__query_room(
            query->budget, &worker->work, &worker->work_capacity,
            scree__query_filter_work_bytes(&query->filter, SCREE__QUERY_PIECE), err);
    return status;
}

/* All points: decoded where they will stay, unless they are mapped on the way. */
static enum scree_status take_whole(struct scree__query_decoding *decoding, struct pass *pass,
                                    struct scree_error *err)
{
    const struct scree__query_source *source = pass->source;
    struct scree__query_slot *slot = decoding->slot;
    uint64_t count = pass->node->point_count;
    enum scree_status status = SCREE_OK;
    if (!source->mapped && pass->decoder != NULL) {
        const uint8_t *records;
        uint8_t *to = slot->records + slot->count * source->header.record_bytes;
        status = pass_next(pass, (size_t)count, to, &records, err);
        clear_unasked(decoding, to, count);
        slot->count += count;
        return status;
    }
    status = make_room(decoding, source, 0, err);
    while (status == SCREE_OK && pass->at < count) {
        const uint8_t *records;
        size_t now = piece_size(pass, count);
        status = pass_next(pass, now, decoding->worker->piece, &records, err);
        if (status == SCREE_OK)
            status = add_records(decoding, source, records, NULL, now, err);
    }
    return status;
}

/* Fills keep for a piece that begins at point `at`; returns how many match. */
static size_t look(struct scree__query_decoding *decoding, const struct pass *pass, uint64_t at,
                   const uint8_t *records, size_t count, uint8_t *keep)
{
    size_t kept = 0;
    if (at < pass->node->begin) {
        memset(keep, 0, count);
        return 0;
    }
    scree__query_filter_apply(&decoding->query->filter, &pass->source->bound, pass->node->inside,
                              records, count, pass->source->header.record_bytes, keep,
                              decoding->worker->work);
    for (size_t i = 0; i < count; i++)
        kept += keep[i];
    return kept;
}

/* One run: looks at each piece and takes what matches; only counts where no records are needed. */
static enum scree_status take_matching(struct scree__query_decoding *decoding, struct pass *pass,
                                       struct scree_error *err)
{
    struct scree__query_slot *slot = decoding->slot;
    enum scree_status status = make_room(decoding, pass->source, SCREE__QUERY_PIECE, err);
    while (status == SCREE_OK && pass->at < pass->node->end) {
        const uint8_t *records;
        uint64_t at = pass->at;
        size_t now = piece_size(pass, pass->node->end);
        status = pass_next(pass, now, decoding->worker->piece, &records, err);
        if (status != SCREE_OK)
            break;
        size_t kept = look(decoding, pass, at, records, now, decoding->worker->keep);
        if (!decoding->consumer->needs_records)
            slot->count += kept;
        else if (kept > 0)
            status = add_records(decoding, pass->source, records,
                                 kept < now ? decoding->worker->keep : NULL, now, err);
    }
    return status;
}

/* The first of two runs: keep for the whole node, and behind the last point that matches. */
static enum scree_status find_matching(struct scree__query_decoding *decoding, struct pass *pass,
                                       uint64_t *end, struct scree_error *err)
{
    *end = 0;
    enum scree_status status = make_room(decoding, pass->source, pass->node->end, err);
    while (status == SCREE_OK && pass->at < pass->node->end) {
        const uint8_t *records;
        uint64_t at = pass->at;
        size_t now = piece_size(pass, pass->node->end);
        status = pass_next(pass, now, decoding->worker->piece, &records, err);
        if (status == SCREE_OK &&
            look(decoding, pass, at, records, now, decoding->worker->keep + at) > 0)
            *end = pass->at;
    }
    return status;
}

static enum scree_status take_found(struct scree__query_decoding *decoding, struct pass *pass,
                                    uint64_t end, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    while (status == SCREE_OK && pass->at < end) {
        const uint8_t *records, *keep = decoding->worker->keep + pass->at;
        size_t now = piece_size(pass, end);
        status = pass_next(pass, now, decoding->worker->piece, &records, err);
        if (status == SCREE_OK)
            status = add_records(decoding, pass->source, records, keep, now, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------------ one node */

static uint32_t filter_fields(const struct scree__query_source *source,
                              const struct scree__query_node *node)
{
    return node->inside ? source->bound.fields : source->bound.all_fields;
}

/* Only layers can be decoded by themselves. Where six nodes in ten have a match, the second run costs more than it saves. */
static bool two_runs_pay(const struct scree__query_decoding *decoding,
                         const struct scree__query_source *source, uint32_t first)
{
    if (source->layout.compressor != SCREE_LAZ_LAYERED ||
        (decoding->consumer->fields & ~first) == 0)
        return false;
    uint64_t nodes = atomic_load(&decoding->hits->nodes);
    return atomic_load(&decoding->hits->matched) * 10 < nodes * 6 || nodes < 4;
}

static void note_hit(struct scree__query_hits *hits, bool matched)
{
    atomic_fetch_add(&hits->nodes, 1);
    if (matched)
        atomic_fetch_add(&hits->matched, 1);
}

static enum scree_status decode_tested(struct scree__query_decoding *decoding,
                                       const struct scree__query_node *node, const uint8_t *chunk,
                                       struct scree_error *err)
{
    const struct scree__query_source *source = &decoding->query->sources[node->source];
    const struct scree__query_consumer *consumer = decoding->consumer;
    uint32_t first = filter_fields(source, node);
    uint64_t before = decoding->slot->count, end = 0;
    struct pass pass;
    bool twice = consumer->needs_records && two_runs_pay(decoding, source, first);
    uint32_t fields = first | (consumer->needs_records && !twice ? consumer->fields : 0);
    enum scree_status status = pass_begin(&pass, decoding, node, chunk, fields, err);
    if (status == SCREE_OK)
        status =
            twice ? find_matching(decoding, &pass, &end, err) : take_matching(decoding, &pass, err);
    if (status == SCREE_OK)
        status = pass_end(&pass, err);
    if (twice && status == SCREE_OK && end > 0) {
        status = pass_begin(&pass, decoding, node, chunk, consumer->fields, err);
        if (status == SCREE_OK)
            status = take_found(decoding, &pass, end, err);
        if (status == SCREE_OK)
            status = pass_end(&pass, err);
    }
    note_hit(decoding->hits, decoding->slot->count > before);
    decoding->slot->tested += node->end - node->begin;
    return status;
}

enum scree_status scree__query_decode(struct scree__query_decoding *decoding,
                                      const struct scree__query_node *node, const uint8_t *chunk,
                                      struct scree_error *err)
{
    struct scree__query_slot *slot = decoding->slot;
    if (!scree__query_node_read(decoding->query, decoding->consumer, node)) {
        slot->count += node->end - node->begin;
        slot->nodes_inside++;
        return SCREE_OK;
    }
    slot->nodes_read++;
    if (scree__query_node_tested(decoding->query, node))
        return decode_tested(decoding, node, chunk, err);
    struct pass pass;
    slot->nodes_inside++;
    enum scree_status status =
        pass_begin(&pass, decoding, node, chunk, decoding->consumer->fields, err);
    if (status == SCREE_OK)
        status = take_whole(decoding, &pass, err);
    return status == SCREE_OK ? pass_end(&pass, err) : status;
}

/* ---------------------------------------------------------------------------------- large nodes */

static enum scree_status alone_piece(struct scree__query_decoding *decoding, struct pass *pass,
                                     bool tested, struct scree_error *err)
{
    const uint8_t *records;
    uint64_t at = pass->at;
    size_t now = piece_size(pass, pass->node->end), kept = now;
    enum scree_status status = pass_next(pass, now, decoding->worker->piece, &records, err);
    if (status != SCREE_OK)
        return status;
    if (tested) {
        kept = look(decoding, pass, at, records, now, decoding->worker->keep);
        decoding->slot->tested += now;
    }
    if (!decoding->consumer->needs_records)
        decoding->slot->count += kept;
    else if (kept > 0)
        status = add_records(decoding, pass->source, records,
                             kept < now ? decoding->worker->keep : NULL, now, err);
    return status;
}

enum scree_status scree__query_decode_alone(struct scree__query_decoding *decoding,
                                            const struct scree__query_node *node,
                                            const uint8_t *chunk,
                                            enum scree_status (*piece)(void *arg, bool *enough,
                                                                       struct scree_error *err),
                                            void *arg, struct scree_error *err)
{
    const struct scree__query_source *source = &decoding->query->sources[node->source];
    bool tested = scree__query_node_tested(decoding->query, node), enough = false;
    uint32_t fields = (tested ? filter_fields(source, node) : 0) |
                      (decoding->consumer->needs_records ? decoding->consumer->fields : 0);
    struct pass pass;
    decoding->slot->nodes_read++;
    decoding->slot->nodes_inside += !tested;
    enum scree_status status = pass_begin(&pass, decoding, node, chunk, fields, err);
    if (status == SCREE_OK)
        status = make_room(decoding, source, SCREE__QUERY_PIECE, err);
    for (unsigned i = 0; status == SCREE_OK && pass.at < node->end && !enough; i++) {
        status = alone_piece(decoding, &pass, tested, err);
        if (status == SCREE_OK && (i % 32 == 31 || pass.at == node->end))
            status = piece(arg, &enough, err);
    }
    if (status == SCREE_OK && !enough)
        status = pass_end(&pass, err);
    scree_las_cursor_free(pass.cursor);
    return status;
}
