/*
 * searcher_scan.c - candidates from codes. First bits of list after list give hits, with bounds on their distances; these are kept until there are some
 * hundred; while there is no limit yet, the nearest of them are looked at with all their bits at once. Then settle_hits() looks at the nearest of them first, with all their bits: that brings the limit down,
 * which rules out most of the others.
 */
#include "vectors/filter.h"
#include "vectors/kernels.h"
#include "vectors/searcher_parts.h"

#include <math.h>
#include <string.h>

/* From so many hits below the limit on, those with the least estimates come first. */
#define ORDERED_FROM 32u

struct scan {
    struct scree__vectors_searcher *searcher;
    const struct scree__vectors_want *want;
    float within; /* as compared */
    uint32_t extra_bytes;
    uint64_t pack_bytes; /* of 64 rows */
};

static float limit_of(const struct scan *scan)
{
    float limit = scree__vectors_uppers_limit(&scan->searcher->uppers);
    return limit < scan->within ? limit : scan->within;
}

/* By the filter that there is. */
static bool is_wanted(const struct scan *scan, uint32_t slot, uint32_t at)
{
    const struct scree__vectors_target *target = scan->searcher->target;
    return scree__vectors_filter_allows(scan->want->filter, target->svx, target->column,
                                        &scan->searcher->blocks[slot], at);
}

/* Those that the filter lets through. */
static uint32_t filter_seen(const struct scan *scan, uint32_t slot, uint32_t begin, uint32_t end,
                            struct scree__vectors_seen *seen)
{
    uint32_t count = begin;
    for (uint32_t i = begin; i < end; i++) {
        seen->row[count] = seen->row[i];
        seen->factor[count] = seen->factor[i];
        if (!scan->want->whole)
            seen->estimate[count] = seen->estimate[i];
        count += is_wanted(scan, slot, seen->row[count]);
    }
    return count;
}

/* Hits whose estimates are below `near`, their lower bounds below the limit. */
static void take_hits(const struct scan *scan, float near, struct scree__vectors_seen *seen)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const uint32_t lists = searcher->pending_count;
    const float limit = limit_of(scan);
    seen->count = seen->list_count = 0;
    for (uint32_t p = 0; p < lists; p++) {
        const struct scree__vectors_pending *list = &searcher->pending[p];
        const uint32_t end = p + 1 < lists ? list[1].first_hit : searcher->hits.count;
        const uint32_t begin = seen->count;
        searcher->query.kernels->select(&searcher->hits, list->first_hit, end, near, limit,
                                        !scan->want->whole, seen);
        if (scan->want->filter != NULL)
            seen->count = filter_seen(scan, list->slot, begin, seen->count, seen);
        for (uint32_t i = begin; i < seen->count; i++)
            seen->slot[i] = list->slot;
        seen->list[seen->list_count] = list;
        seen->end[seen->list_count] = seen->count;
        seen->list_count += seen->count > begin;
    }
}

/* Estimates are those of the first bits, which have errors of their own. */
static void find_errors(struct scree__vectors_seen *seen)
{
    for (uint32_t p = 0, i = 0; p < seen->list_count; p++)
        for (; i < seen->end[p]; i++)
            seen->error[i] = seen->factor[i] * seen->list[p]->pack_error;
}

static enum scree_status add_candidates(const struct scan *scan,
                                        const struct scree__vectors_seen *seen,
                                        struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const uint64_t need = searcher->candidate_count + SCREE__VECTORS_HITS_ROOM;
    if (need > searcher->candidate_capacity) {
        enum scree_status status =
            SCREE__VECTORS_GROW(searcher, candidates, candidate_capacity, need, err);
        if (status != SCREE_OK)
            return status;
    }
    float upper[SCREE__VECTORS_HITS_ROOM];
    searcher->candidate_count += searcher->query.kernels->keep(
        seen, limit_of(scan), searcher->candidates + searcher->candidate_count, upper);
    /* Of those that are not below the limit nothing is kept. */
    if (searcher->uppers.in_order)
        searcher->query.kernels->uppers(searcher->uppers.values, upper, seen->count);
    for (uint32_t i = 0; !searcher->uppers.in_order && i < seen->count; i++)
        scree__vectors_uppers_add(&searcher->uppers, upper[i]);
    return SCREE_OK;
}

/* Hits with estimates below `near` become candidates, or are ruled out. */
static enum scree_status look_at(const struct scan *scan, float near, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    struct scree__vectors_seen seen;
    take_hits(scan, near, &seen);
    if (seen.count == 0)
        return SCREE_OK;
    if (scan->want->whole) {
        searcher->done.whole_codes += seen.count;
        scree__vectors_scan_whole(&searcher->query, &seen);
    } else {
        find_errors(&seen);
    }
    return add_candidates(scan, &seen, err);
}

/* The hits with the least estimates, about a dozen, become candidates, or are ruled out. */
static enum scree_status look_at_nearest(const struct scan *scan, struct scree_error *err)
{
    enum { DOZEN = 16 };
    struct scree__vectors_hits *hits = &scan->searcher->hits;
    const uint32_t padded = (hits->count + 15u) / 16 * 16;
    for (uint32_t i = hits->count; i < padded; i++)
        hits->estimate[i] = INFINITY;
    return look_at(scan, scan->searcher->query.kernels->limit(hits->estimate, padded, DOZEN), err);
}

/* All hits become candidates, or are ruled out: first those with the least estimates, then what is left below the limit that these have made. */
static enum scree_status settle_hits(const struct scan *scan, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_hits *hits = &searcher->hits;
    enum scree_status status = SCREE_OK;
    if (searcher->query.kernels->below(hits->low, hits->count, limit_of(scan), NULL) >=
        ORDERED_FROM)
        status = look_at_nearest(scan, err);
    if (status == SCREE_OK && searcher->hits.count > 0)
        status = look_at(scan, INFINITY, err);
    searcher->hits.count = 0;
    searcher->pending_count = 0;
    return status;
}

static void begin_list(const struct scan *scan, uint32_t slot)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_block *block = &searcher->blocks[slot];
    searcher->pending[searcher->pending_count++] =
        (struct scree__vectors_pending){slot,
                                        searcher->hits.count,
                                        searcher->query.add,
                                        searcher->query.pack_error,
                                        searcher->query.whole_error,
                                        block->count,
                                        block->packs,
                                        block->extra,
                                        block->extra_factors};
}

static enum scree_status scan_block(const struct scan *scan, uint32_t slot, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_block *block = &searcher->blocks[slot];
    uint32_t rows, width;
    begin_list(scan, slot);
    for (uint32_t first = 0; first < block->count; first += rows) {
        uint32_t p = first / SCREE__VECTORS_PACK_ROWS;
        width = scree__vectors_pack_width(block->count, p);
        rows = block->count - first;
        if (rows > SCREE__VECTORS_SCAN_ROWS)
            rows = SCREE__VECTORS_SCAN_ROWS;
        else if (rows > SCREE__VECTORS_PACK_ROWS &&
                 scree__vectors_pack_width(block->count, p + 1) != SCREE__VECTORS_PACK_ROWS)
            rows = SCREE__VECTORS_PACK_ROWS;
        float limit = limit_of(scan);
        scree__vectors_scan_packs(&searcher->query, block->packs + p * scan->pack_bytes, width,
                                  rows, first, limit, &searcher->hits);
        enum scree_status status = SCREE_OK;
        if (!(limit < INFINITY))
            status = look_at_nearest(scan, err);
        const bool full = searcher->hits.count > SCREE__VECTORS_HITS_KEPT;
        if (status == SCREE_OK && (full || !(limit_of(scan) < INFINITY))) {
            status = settle_hits(scan, err);
            begin_list(scan, slot);
        }
        if (status != SCREE_OK)
            return status;
    }
    searcher->done.codes += block->count;
    return SCREE_OK;
}

enum scree_status scree__vectors_scan_lists(struct scree__vectors_searcher *searcher,
                                            const struct scree__vectors_want *want, uint32_t count,
                                            struct scree_error *err)
{
    const struct scree__vectors_target *target = searcher->target;
    const uint32_t dim = target->quantizer.padded_dim;
    const struct scan scan = {searcher, want, scree__vectors_compared(target, want->within),
                              scree__vectors_extra_bytes(dim, target->quantizer.bits),
                              scree__vectors_pack_bytes(dim, SCREE__VECTORS_PACK_ROWS)};
    enum scree_status status = SCREE_OK;
    searcher->hits.count = 0;
    searcher->pending_count = 0;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        struct scree__vectors_probe it = searcher->probes[i];
        if (scree__vectors_beyond(target, it, searcher->length, limit_of(&scan)))
            continue;
        if (searcher->pending_count == SCREE__VECTORS_PENDING_MAX)
            status = settle_hits(&scan, err);
        scree__vectors_query_list(&searcher->query, it.distance2, it.product);
        if (status == SCREE_OK)
            status = scan_block(&scan, i, err);
        searcher->done.lists++;
    }
    return status == SCREE_OK ? settle_hits(&scan, err) : status;
}
