/*
 * svx_spans.c - rerank rows in few requests. Of a store, thirty rows in ten requests come sooner than in thirty, even with what lies between them: a
 * request costs as much as a megabyte. So the smallest gaps are read with the rows around them until there are svx->row_requests spans left, as long as all
 * gaps together stay below GAPS_MAX.
 */
#include "vectors/svx_inside.h"

#include <stdlib.h>
#include <string.h>

#define GAPS_MAX ((uint64_t)8 << 20)

struct item {
    uint64_t offset;
    uint32_t segment, index; /* of its range */
    uint64_t gap;            /* to the next one */
    bool joined;             /* to the next one */
};

static int by_place(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* The largest gap that is joined; false: none has to be. */
static bool choose_gap(struct item *items, uint32_t count, uint64_t row_bytes, uint32_t most,
                       uint64_t *sizes, uint64_t *largest)
{
    uint32_t gaps = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool last = i + 1 == count || items[i + 1].segment != items[i].segment;
        items[i].gap = last ? UINT64_MAX : items[i + 1].offset - items[i].offset - row_bytes;
        if (!last)
            sizes[gaps++] = items[i].gap;
    }
    if (count <= most || gaps == 0)
        return false;
    qsort(sizes, gaps, sizeof *sizes, by_size);
    uint32_t wanted = count - most < gaps ? count - most : gaps, taken = 0;
    while (taken < wanted && sum + sizes[taken] <= GAPS_MAX)
        sum += sizes[taken++];
    if (taken > 0)
        *largest = sizes[taken - 1];
    return taken > 0;
}

/* Spans of joined items as ranges into `memory`, or NULL: counts its bytes. Single rows go where they are wanted. */
static uint32_t make_spans(const struct item *items, uint32_t count,
                           const struct scree_range *ranges, const uint32_t *lists,
                           struct scree_range *spans, uint32_t *span_lists, uint8_t *memory,
                           uint64_t *bytes)
{
    uint32_t used = 0;
    *bytes = 0;
    for (uint32_t first = 0, last; first < count; first = last + 1) {
        const struct scree_range *from = &ranges[items[first].index];
        for (last = first; items[last].joined; last++)
            continue;
        spans[used] = *from;
        span_lists[used] = lists[items[first].index];
        if (last > first) {
            spans[used].byte_count =
                (size_t)(items[last].offset - items[first].offset) + from->byte_count;
            spans[used].bytes = memory != NULL ? memory + *bytes : NULL;
            *bytes += spans[used].byte_count;
        }
        used++;
    }
    return used;
}

static void copy_rows(const struct item *items, uint32_t count, const struct scree_range *ranges,
                      const struct scree_range *spans)
{
    for (uint32_t first = 0, last, span = 0; first < count; first = last + 1, span++) {
        for (last = first; items[last].joined; last++)
            continue;
        for (uint32_t i = first; i <= last && last > first; i++) {
            const struct scree_range *to = &ranges[items[i].index];
            /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): of joined rows make_spans() had memory */
            memcpy(to->bytes,
                   (uint8_t *)spans[span].bytes + (items[i].offset - items[first].offset),
                   to->byte_count);
        }
    }
}

struct arrays {
    struct item *items;
    struct scree_range *spans;
    uint64_t *sizes;
    uint32_t *lists;
};

static enum scree_status read_joined(struct scree__vectors_svx *svx, uint32_t list_count,
                                     const struct scree_range *ranges, const uint32_t *lists,
                                     uint32_t count, const struct arrays *a,
                                     struct scree_error *err)
{
    uint64_t bytes;
    void *memory = NULL;
    (void)make_spans(a->items, count, ranges, lists, a->spans, a->lists, NULL, &bytes);
    if (scree__mem_alloc(svx->budget, bytes, &memory, "rows of the index", NULL) != SCREE_OK)
        return scree__vectors_svx_read(svx, list_count, ranges, lists, count, err);
    uint32_t spans = make_spans(a->items, count, ranges, lists, a->spans, a->lists, memory, &bytes);
    enum scree_status status =
        scree__vectors_svx_read(svx, list_count, a->spans, a->lists, spans, err);
    if (status == SCREE_OK)
        copy_rows(a->items, count, ranges, a->spans);
    scree__mem_free(svx->budget, memory, bytes);
    return status;
}

enum scree_status scree__vectors_svx_read_rows(struct scree__vectors_svx *svx, uint32_t list_count,
                                               const struct scree_range *ranges,
                                               const uint32_t *lists, uint32_t count,
                                               struct scree_error *err)
{
    void *memory;
    uint64_t largest = 0;
    struct arrays a;
    const uint64_t bytes =
        count * (sizeof *a.items + sizeof *a.spans + sizeof *a.sizes + sizeof *a.lists);
    if (svx->row_requests == 0 || count <= svx->row_requests)
        return scree__vectors_svx_read(svx, list_count, ranges, lists, count, err);
    enum scree_status status =
        scree__mem_alloc(svx->budget, bytes, &memory, "rows of the index", err);
    if (status != SCREE_OK)
        return status;
    a.items = memory;
    a.spans = (struct scree_range *)(void *)(a.items + count);
    a.sizes = (uint64_t *)(void *)(a.spans + count);
    a.lists = (uint32_t *)(void *)(a.sizes + count);
    for (uint32_t i = 0; i < count; i++)
        a.items[i] = (struct item){ranges[i].offset, lists[i] / list_count, i, 0, false};
    qsort(a.items, count, sizeof *a.items, by_place);
    if (choose_gap(a.items, count, ranges[0].byte_count, svx->row_requests, a.sizes, &largest)) {
        for (uint32_t i = 0; i < count; i++)
            a.items[i].joined = a.items[i].gap <= largest;
        status = read_joined(svx, list_count, ranges, lists, count, &a, err);
    } else {
        status = scree__vectors_svx_read(svx, list_count, ranges, lists, count, err);
    }
    scree__mem_free(svx->budget, memory, bytes);
    return status;
}
