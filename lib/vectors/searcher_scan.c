/*
 * searcher_scan.c - candidates from codes. First bits of list after list give hits, with bounds on their distances; these are kept until there are some
 * hundred, or until there is no limit yet. Then settle_hits() looks at the nearest of them first, with all their bits: that brings the limit down,
 * which rules out most of the others.
 */
#include "vectors/filter.h"
#include "vectors/kernels.h"
#include "vectors/searcher_parts.h"

#include <math.h>
#include <string.h>

/* From so many hits on, those with the least estimates come first. */
#define ORDERED_FROM 24u

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

/* Hits that are looked at together. */
struct looked_at {
    uint32_t count;
    uint32_t slot[SCREE__VECTORS_WHOLE_ROWS], at[SCREE__VECTORS_WHOLE_ROWS];
    float estimate[SCREE__VECTORS_WHOLE_ROWS], error[SCREE__VECTORS_WHOLE_ROWS];
    struct scree__vectors_whole_row row[SCREE__VECTORS_WHOLE_ROWS];
};

/* Numbers of hits that are to be looked at; which of the pending lists hit i is from. */
struct order {
    uint32_t count;
    uint32_t hit[SCREE__VECTORS_HITS_ROOM + 16];
    uint8_t list[SCREE__VECTORS_HITS_ROOM];
};

static void find_lists(const struct scree__vectors_searcher *searcher, struct order *order)
{
    const uint32_t lists = searcher->pending_count;
    for (uint32_t p = 0; p < lists; p++) {
        const struct scree__vectors_pending *it = &searcher->pending[p];
        uint32_t end = p + 1 < lists ? it[1].first_hit : searcher->hits.count;
        memset(order->list + it->first_hit, (int)p, end - it->first_hit);
    }
}

/* Where row `at` of a list lies. */
static void find_row(const struct scan *scan, const struct scree__vectors_pending *list,
                     uint32_t at, struct scree__vectors_whole_row *row)
{
    const uint32_t pack = at / SCREE__VECTORS_PACK_ROWS;
    row->pack = list->packs + pack * scan->pack_bytes;
    row->width = scree__vectors_pack_width(list->row_count, pack);
    row->row = at % SCREE__VECTORS_PACK_ROWS;
    row->extra = list->extra + (size_t)at * scan->extra_bytes;
    row->extra_factors = list->extra_factors + 2 * (size_t)at;
    row->add = list->add;
    row->whole_error = list->whole_error;
    __builtin_prefetch(row->extra);
    __builtin_prefetch(row->extra_factors);
}

/* By the filter that there is. */
static bool is_wanted(const struct scan *scan, uint32_t slot, uint32_t at)
{
    const struct scree__vectors_target *target = scan->searcher->target;
    return scree__vectors_filter_allows(scan->want->filter, target->svx, target->column,
                                        &scan->searcher->blocks[slot], at);
}

/* The next hits that are still below the limit, from order->hit[*next] on. For whole codes the others are written, too, and written over: that takes no decisions. */
static void gather(const struct scan *scan, const struct order *order, uint32_t *next,
                   struct looked_at *some)
{
    const struct scree__vectors_hits *hits = &scan->searcher->hits;
    const float limit = limit_of(scan);
    const bool whole = scan->want->whole, filtered = scan->want->filter != NULL;
    uint32_t i = *next, count = 0;
    for (; i < order->count && count < SCREE__VECTORS_WHOLE_ROWS; i++) {
        const uint32_t hit = order->hit[i];
        const struct scree__vectors_pending *list = &scan->searcher->pending[order->list[hit]];
        bool in = hits->low[hit] < limit;
        if (!whole && !in) /* mostly */
            continue;
        some->slot[count] = list->slot;
        some->at[count] = hits->row[hit];
        some->estimate[count] = hits->estimate[hit];
        some->error[count] = hits->error[hit];
        if (whole)
            find_row(scan, list, hits->row[hit], &some->row[count]);
        if (filtered)
            in = in && is_wanted(scan, list->slot, hits->row[hit]);
        count += in;
    }
    some->count = count;
    *next = i;
}

static enum scree_status add_candidates(const struct scan *scan, const struct looked_at *some,
                                        struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    if (searcher->candidate_count + some->count > searcher->candidate_capacity) {
        enum scree_status status = SCREE__VECTORS_GROW(searcher, candidates, candidate_capacity,
                                                       searcher->candidate_count + 256, err);
        if (status != SCREE_OK)
            return status;
    }
    const float limit = limit_of(scan);
    float upper[SCREE__VECTORS_WHOLE_ROWS];
    uint64_t count = searcher->candidate_count;
    for (uint32_t i = 0; i < some->count; i++) {
        float low = some->estimate[i] - some->error[i];
        upper[i] = some->estimate[i] + some->error[i];
        searcher->candidates[count] =
            (struct scree__vectors_candidate){low, some->estimate[i], some->slot[i], some->at[i]};
        count += low < limit;
    }
    searcher->candidate_count = count;
    /* Of those that are not below the limit nothing is kept. */
    if (searcher->uppers.in_order)
        searcher->query.kernels->uppers(searcher->uppers.values, upper, some->count);
    for (uint32_t i = 0; !searcher->uppers.in_order && i < some->count; i++)
        scree__vectors_uppers_add(&searcher->uppers, upper[i]);
    return SCREE_OK;
}

static enum scree_status look_at(const struct scan *scan, const struct order *order,
                                 struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    enum scree_status status = SCREE_OK;
    struct looked_at some;
    for (uint32_t next = 0; next < order->count && status == SCREE_OK;) {
        gather(scan, order, &next, &some);
        if (scan->want->whole && some.count > 0) {
            searcher->done.whole_codes += some.count;
            scree__vectors_scan_whole(&searcher->query, some.row, some.count, some.estimate,
                                      some.error);
        }
        status = add_candidates(scan, &some, err);
    }
    return status;
}

/* All hits become candidates, or are ruled out: first those with the least estimates, then what is left below the limit that these have made. */
static enum scree_status settle_hits(const struct scan *scan, struct scree_error *err)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    struct scree__vectors_hits *hits = &searcher->hits;
    enum scree_status status = SCREE_OK;
    struct order order;
    find_lists(searcher, &order);
    if (hits->count >= ORDERED_FROM) {
        float least, middling = kernels->middling(hits->estimate, hits->count, &least);
        order.count = kernels->below(hits->estimate, hits->count, middling, order.hit);
        status = look_at(scan, &order, err);
        for (uint32_t i = 0; i < order.count; i++)
            hits->low[order.hit[i]] = INFINITY; /* done with */
    }
    if (hits->count > 0 && status == SCREE_OK) {
        order.count = kernels->below(hits->low, hits->count, limit_of(scan), order.hit);
        status = look_at(scan, &order, err);
    }
    hits->count = 0;
    searcher->pending_count = 0;
    return status;
}

static void begin_list(const struct scan *scan, uint32_t slot)
{
    struct scree__vectors_searcher *searcher = scan->searcher;
    const struct scree__vectors_block *block = &searcher->blocks[slot];
    searcher->pending[searcher->pending_count++] = (struct scree__vectors_pending){
        slot,         searcher->hits.count, searcher->query.add, searcher->query.whole_error,
        block->count, block->packs,         block->extra,        block->extra_factors};
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
        bool full = searcher->hits.count > SCREE__VECTORS_HITS_KEPT;
        if (limit < INFINITY && !full)
            continue;
        enum scree_status status = settle_hits(scan, err);
        if (status != SCREE_OK)
            return status;
        begin_list(scan, slot);
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
