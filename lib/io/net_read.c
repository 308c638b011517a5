/*
 * net_read.c - ranges of a remote object. Short ones go through the cache, in whole blocks; long
 * ones take from the cache what it has at their begin and end, and are fetched for the rest as they
 * are: what is as long as a COPC node is read once, and would only push the hierarchy out.
 */
#include "base/error.h"
#include "io/net_source.h"

#include <string.h>

/* Rounds in which blocks of ours may be pushed out before we have copied them. */
#define ROUNDS_MAX 6

struct reading {
    struct scree__net_source *source;
    struct scree__net_session *session;
    size_t want_count, piece_count;
    bool prefetches; /* nobody waits, nothing is copied */
};

static void add_piece(struct reading *reading, uint64_t offset, uint64_t byte_count, uint8_t *to,
                      uint32_t slot)
{
    reading->session->pieces[reading->piece_count++] =
        (struct scree__net_piece){offset, byte_count, to, slot};
}

/* A range below a block's size: up to two parts of blocks. */
static void want_blocks(struct reading *reading, uint64_t offset, uint64_t byte_count, uint8_t *to)
{
    while (byte_count > 0) {
        uint64_t block = offset / SCREE__NET_BLOCK_BYTES;
        uint32_t from = (uint32_t)(offset % SCREE__NET_BLOCK_BYTES);
        uint64_t part = SCREE__NET_BLOCK_BYTES - from;
        if (part > byte_count)
            part = byte_count;
        reading->session->wants[reading->want_count++] =
            (struct scree__net_want){block, from, (uint32_t)part, to};
        offset += part;
        byte_count -= part;
        to += part;
    }
}

/* What of a long range is cached at its begin; then at its end; the rest is a piece. */
static void want_directly(struct reading *reading, uint64_t offset, uint64_t byte_count,
                          uint8_t *to)
{
    struct scree__net_cache *cache = &reading->source->cache;
    uint64_t end = offset + byte_count;
    while (offset < end) {
        uint32_t from = (uint32_t)(offset % SCREE__NET_BLOCK_BYTES);
        uint64_t part = SCREE__NET_BLOCK_BYTES - from;
        part = part < end - offset ? part : end - offset;
        if (!scree__net_cache_look(cache, offset / SCREE__NET_BLOCK_BYTES, from, to, (size_t)part))
            break;
        offset += part;
        to += part;
    }
    while (offset < end) {
        uint64_t block = (end - 1) / SCREE__NET_BLOCK_BYTES, begin = block * SCREE__NET_BLOCK_BYTES;
        uint32_t from = begin < offset ? (uint32_t)(offset - begin) : 0;
        begin += from;
        if (!scree__net_cache_look(cache, block, from, to + (begin - offset),
                                   (size_t)(end - begin)))
            break;
        end = begin;
    }
    if (offset < end)
        add_piece(reading, offset, end - offset, to, SCREE__NET_NO_SLOT);
}

static void claim(struct reading *reading, uint64_t block, uint32_t slot)
{
    uint64_t offset = block * SCREE__NET_BLOCK_BYTES;
    uint64_t left = reading->source->source.bytes - offset;
    add_piece(reading, offset, left < SCREE__NET_BLOCK_BYTES ? left : SCREE__NET_BLOCK_BYTES,
              scree__net_cache_memory(&reading->source->cache, slot), slot);
}

/* Satisfies wants from the cache, claims what it lacks, keeps the rest for the next round. */
static void go_through_wants(struct reading *reading, bool use_cache)
{
    struct scree__net_want *wants = reading->session->wants;
    size_t kept = 0;
    for (size_t i = 0; i < reading->want_count; i++) {
        struct scree__net_want want = wants[i];
        enum scree__net_cache_answer answer = SCREE__NET_CACHE_FULL;
        uint32_t slot = SCREE__NET_NO_SLOT;
        if (use_cache)
            answer = scree__net_cache_take(&reading->source->cache, want.block, want.from, want.to,
                                           want.byte_count, &slot);
        if (answer == SCREE__NET_CACHE_CLAIMED)
            claim(reading, want.block, slot);
        if (answer == SCREE__NET_CACHE_FULL && want.byte_count > 0)
            add_piece(reading, want.block * SCREE__NET_BLOCK_BYTES + want.from, want.byte_count,
                      want.to, SCREE__NET_NO_SLOT);
        bool later = answer == SCREE__NET_CACHE_CLAIMED || answer == SCREE__NET_CACHE_BUSY;
        if (later && !reading->prefetches)
            wants[kept++] = want;
    }
    reading->want_count = kept;
}

static void end_claims(struct reading *reading, bool done)
{
    struct scree__net_cache *cache = &reading->source->cache;
    for (size_t i = 0; i < reading->piece_count; i++) {
        uint32_t slot = reading->session->pieces[i].slot;
        if (slot == SCREE__NET_NO_SLOT)
            continue;
        if (done)
            scree__net_cache_publish(cache, slot);
        else
            scree__net_cache_abandon(cache, slot);
    }
    reading->piece_count = 0;
}

static enum scree_status fetch(struct reading *reading, struct scree_error *err)
{
    struct scree__net_session *session = reading->session;
    enum scree_status status =
        scree__net_fetch(reading->source, session, session->pieces, reading->piece_count, err);
    end_claims(reading, status == SCREE_OK);
    return status;
}

/* A piece of the caller's memory and a claim for each want: both fit, as there are at most two
 * wants or one piece for a range. */
static enum scree_status satisfy(struct reading *reading, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (unsigned round = 0; status == SCREE_OK; round++) {
        go_through_wants(reading, round < ROUNDS_MAX);
        if (reading->piece_count > 0)
            status = fetch(reading, err);
        else if (reading->want_count > 0)
            scree__net_cache_wait(&reading->source->cache, reading->session->wants[0].block);
        else
            break;
    }
    return status;
}

static void want_ranges(struct reading *reading, const struct scree_range *ranges, size_t count)
{
    reading->want_count = reading->piece_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct scree_range *range = &ranges[i];
        if (range->byte_count == 0)
            continue;
        if (range->byte_count <= SCREE__NET_BLOCK_BYTES)
            want_blocks(reading, range->offset, range->byte_count, range->bytes);
        else
            want_directly(reading, range->offset, range->byte_count, range->bytes);
    }
}

static enum scree_status read_batch(struct reading *reading, const struct scree_range *ranges,
                                    size_t count, struct scree_error *err)
{
    want_ranges(reading, ranges, count);
    return satisfy(reading, err);
}

enum scree_status scree__net_read_many(struct scree_source *base, const struct scree_range *ranges,
                                       size_t range_count, struct scree_error *err)
{
    struct scree__net_source *source = (struct scree__net_source *)base;
    struct reading reading = {.source = source};
    if (source->whole != NULL) {
        for (size_t i = 0; i < range_count; i++) {
            if (ranges[i].byte_count > 0)
                memcpy(ranges[i].bytes, source->whole + ranges[i].offset, ranges[i].byte_count);
        }
        return SCREE_OK;
    }
    enum scree_status status = scree__net_session_take(source, &reading.session, err);
    for (size_t at = 0; status == SCREE_OK && at < range_count; at += SCREE__NET_BATCH_RANGES) {
        size_t count = range_count - at;
        if (count > SCREE__NET_BATCH_RANGES)
            count = SCREE__NET_BATCH_RANGES;
        status = read_batch(&reading, ranges + at, count, err);
    }
    scree__net_session_give(source, reading.session);
    return status;
}

/* ------------------------------------------------------------------------------ several sources */

#define TOGETHER 16u /* sources whose requests run at once; more take turns */

/* As satisfy(): nobody waits for others while it has claims of its own that nobody fetches. */
static enum scree_status satisfy_all(struct reading *readings, size_t count,
                                     struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (unsigned round = 0; status == SCREE_OK; round++) {
        struct scree__net_fetching fetchings[TOGETHER];
        size_t fetching_count = 0;
        struct reading *waits = NULL;
        for (size_t i = 0; i < count; i++) {
            struct reading *reading = &readings[i];
            go_through_wants(reading, round < ROUNDS_MAX);
            if (reading->piece_count > 0)
                fetchings[fetching_count++] = (struct scree__net_fetching){
                    reading->source,
                    reading->session,
                    {reading->session->pieces, reading->piece_count, 0, 0}};
            else if (reading->want_count > 0)
                waits = reading;
        }
        if (fetching_count > 0)
            status = scree__net_fetch_several(fetchings, fetching_count, err);
        else if (waits != NULL)
            scree__net_cache_wait(&waits->source->cache, waits->session->wants[0].block);
        else
            break;
        for (size_t i = 0; i < count; i++)
            end_claims(&readings[i], status == SCREE_OK);
    }
    return status;
}

/* Up to TOGETHER parts whose ranges are one batch each. */
static enum scree_status read_together(const struct scree__io_part *parts, size_t count,
                                       struct scree_error *err)
{
    struct reading readings[TOGETHER] = {{0}};
    size_t taken = 0;
    enum scree_status status = SCREE_OK;
    for (; taken < count && status == SCREE_OK; taken += status == SCREE_OK) {
        struct reading *reading = &readings[taken];
        reading->source = (struct scree__net_source *)parts[taken].source;
        status = scree__net_session_take(reading->source, &reading->session, err);
        if (status == SCREE_OK)
            want_ranges(reading, parts[taken].ranges, parts[taken].count);
    }
    if (status == SCREE_OK)
        status = satisfy_all(readings, count, err);
    for (size_t i = 0; i < taken; i++)
        scree__net_session_give(readings[i].source, readings[i].session);
    return status;
}

enum scree_status scree__net_read_several(const struct scree__io_part *parts, size_t part_count,
                                          struct scree_error *err)
{
    struct scree__io_part together[TOGETHER];
    size_t count = 0;
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < part_count && status == SCREE_OK; i++) {
        const struct scree__net_source *source = (struct scree__net_source *)parts[i].source;
        if (source->whole != NULL || parts[i].count > SCREE__NET_BATCH_RANGES)
            status = scree__net_read_many(parts[i].source, parts[i].ranges, parts[i].count, err);
        else
            together[count++] = parts[i];
        if (status == SCREE_OK && count == TOGETHER) {
            status = read_together(together, count, err);
            count = 0;
        }
    }
    return status == SCREE_OK && count > 0 ? read_together(together, count, err) : status;
}

/* As many blocks as half the cache holds: what is prefetched is to be there when it is read. */
enum scree_status scree__net_prefetch(struct scree_source *base, const struct scree_range *ranges,
                                      size_t range_count, struct scree_error *err)
{
    struct scree__net_source *source = (struct scree__net_source *)base;
    struct reading reading = {.source = source, .prefetches = true};
    uint32_t left = source->cache.slot_count / 2;
    if (source->whole != NULL)
        return SCREE_OK;
    enum scree_status status = scree__net_session_take(source, &reading.session, err);
    for (size_t i = 0; i < range_count && status == SCREE_OK && left > 0; i++) {
        uint64_t block = ranges[i].offset / SCREE__NET_BLOCK_BYTES;
        uint64_t last = (ranges[i].offset + ranges[i].byte_count - 1) / SCREE__NET_BLOCK_BYTES;
        for (; block <= last && left > 0 && status == SCREE_OK; block++, left--) {
            reading.session->wants[reading.want_count++] =
                (struct scree__net_want){block, 0, 0, NULL};
            if (reading.want_count == SCREE__NET_PIECES_MAX)
                status = satisfy(&reading, err);
        }
    }
    if (status == SCREE_OK)
        status = satisfy(&reading, err);
    scree__net_session_give(source, reading.session);
    return status;
}
