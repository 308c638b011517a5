/*
 * temporal_read.c - spans of nodes by the temporal index. Pages are read from the root page down,
 * depth by depth; a pointer whose times miss the window settles all nodes under it at once. At the
 * end every node must have been settled, and none twice: an index that leaves a node out would lose
 * its points.
 */
#include "copc/temporal_read.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/preorder.h"
#include "par/context.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Pages read together; larger pages pass through in pieces of this. */
#define BATCH_BYTES ((uint64_t)4 << 20)
#define BATCH_PAGES 256u

#define UNSETTLED UINT64_MAX /* begin of a span that no entry has settled */

struct page {
    struct scree_copc_key key;
    uint64_t offset;
    uint32_t bytes;
    double time_min, time_max; /* as its pointer says; NaN: nothing is said */
};

struct walk {
    const struct scree__copc_temporal *index;
    double t0, t1;
    const struct scree_copc_entry *nodes;
    struct scree__copc_temporal_span *spans;
    uint32_t *order; /* nodes with points, in preorder */
    uint64_t order_count, settled;
    struct page *pages; /* read or to be read, in order of depth */
    uint64_t page_count, page_capacity, page_bytes;
    uint8_t *buffer;
    uint64_t buffer_bytes;
    struct scree_error *err;
};

/* The bytes of a page, wholly in memory or piece by piece. */
struct feed {
    struct walk *walk;
    const struct page *page;
    uint64_t at;          /* in the file */
    const uint8_t *bytes; /* of [from, to) */
    uint64_t from, to;
};

SCREE_PRINTF(3, 4)
static enum scree_status refuse(const struct walk *walk, uint64_t at, const char *format, ...)
{
    char message[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return scree__base_fail(walk->err, SCREE_E_DATA, "%s: temporal index at byte %" PRIu64 ": %s",
                            scree_source_name(walk->index->source), at, message);
}

/* -------------------------------------------------------------------------------------- settling */

static enum scree_status settle(struct walk *walk, uint32_t node, uint64_t at, uint64_t begin,
                                uint64_t end)
{
    const struct scree_copc_key key = walk->nodes[node].key;
    if (walk->spans[node].begin != UNSETTLED)
        return refuse(walk, at, "node %d-%d-%d-%d is there twice", key.level, key.x, key.y, key.z);
    if (begin >= end)
        begin = end = 0;
    walk->spans[node] = (struct scree__copc_temporal_span){begin, end};
    walk->settled++;
    return SCREE_OK;
}

static uint64_t find(const struct walk *walk, struct scree_copc_key key)
{
    return scree__copc_preorder_find(walk->order, walk->order_count, walk->nodes,
                                     sizeof *walk->nodes, key);
}

static bool is_at(const struct walk *walk, uint64_t place, struct scree_copc_key top)
{
    return place < walk->order_count &&
           scree__copc_key_under(walk->nodes[walk->order[place]].key, top);
}

/* All nodes of a subtree whose times miss the window. */
static enum scree_status settle_subtree(struct walk *walk, struct scree_copc_key top, uint64_t at)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t i = find(walk, top); status == SCREE_OK && is_at(walk, i, top); i++)
        status = settle(walk, walk->order[i], at, 0, 0);
    return status;
}

/* --------------------------------------------------------------------------------------- reading */

/* The next `bytes` (48 or less, or 8 of many samples), which lie within the page; NULL: *status says why not. */
static const uint8_t *need(struct feed *feed, uint64_t bytes, enum scree_status *status)
{
    struct walk *walk = feed->walk;
    const uint64_t end = feed->page->offset + feed->page->bytes;
    *status = SCREE_OK;
    if (bytes > end - feed->at) {
        *status = refuse(walk, feed->at,
                         "an entry goes beyond its page, which ends at byte %" PRIu64, end);
        return NULL;
    }
    if (feed->at < feed->from || feed->at + bytes > feed->to) {
        feed->from = feed->at;
        feed->to = end - feed->at < walk->buffer_bytes ? end : feed->at + walk->buffer_bytes;
        feed->bytes = walk->buffer;
        *status = scree_source_read(walk->index->source, feed->from, walk->buffer,
                                    (size_t)(feed->to - feed->from), walk->err);
        if (*status != SCREE_OK)
            return NULL;
    }
    return feed->bytes + (feed->at - feed->from);
}

static enum scree_status add_page(struct walk *walk, const struct page *page, uint64_t at)
{
    const uint64_t begin = walk->index->begin + SCREE__TEMPORAL_HEADER_BYTES;
    const uint64_t end = walk->index->end;
    if (page->offset < begin || page->offset > end || page->bytes > end - page->offset ||
        page->bytes < SCREE__TEMPORAL_NODE_BYTES)
        return refuse(walk, at,
                      "the page at byte %" PRIu64 " of %" PRIu32
                      " bytes does not lie in bytes %" PRIu64 " to %" PRIu64,
                      page->offset, page->bytes, begin, end);
    if (page->bytes > end - begin - walk->page_bytes)
        return refuse(walk, at, "pages overlap: together they are larger than the index");
    walk->page_bytes += page->bytes;
    void *pages = walk->pages;
    enum scree_status status =
        scree__mem_grow(walk->index->budget, &pages, &walk->page_capacity, walk->page_count + 1,
                        sizeof *walk->pages, "temporal index pages", walk->err);
    walk->pages = pages;
    if (status == SCREE_OK)
        walk->pages[walk->page_count++] = *page;
    return status;
}

static enum scree_status take_pointer(struct feed *feed, struct scree__temporal_entry *entry)
{
    struct walk *walk = feed->walk;
    const uint64_t at = feed->at;
    enum scree_status status;
    const uint8_t *p = need(feed, SCREE__TEMPORAL_POINTER_BYTES, &status);
    if (p == NULL)
        return status;
    scree__temporal_pointer_load(p, entry);
    feed->at += SCREE__TEMPORAL_POINTER_BYTES;
    if (entry->time_min > entry->time_max)
        return refuse(walk, at, "times of a page from %.17g to %.17g", entry->time_min,
                      entry->time_max);
    if (!is_at(walk, find(walk, entry->key), entry->key))
        return SCREE_OK;
    /* NaN is neither: such a page has no point that matches, but reading it is right, too. */
    if (entry->time_max < walk->t0 || entry->time_min > walk->t1)
        return settle_subtree(walk, entry->key, at);
    const struct page page = {entry->key, entry->page_offset, entry->page_bytes, entry->time_min,
                              entry->time_max};
    return add_page(walk, &page, at);
}

/* The samples of a node that is asked for, and its span. */
static enum scree_status take_samples(struct feed *feed, uint32_t node, uint32_t sample_count)
{
    struct walk *walk = feed->walk;
    const struct page *page = feed->page;
    const uint32_t stride = walk->index->header.stride;
    const uint64_t points = (uint64_t)walk->nodes[node].point_count, start = feed->at;
    uint64_t begin = 0, end = points;
    double before = -INFINITY;
    for (uint32_t i = 0; i < sample_count;) {
        enum scree_status status;
        const uint8_t *p = need(feed, 8, &status);
        if (p == NULL)
            return status;
        uint64_t here = (feed->to - feed->at) / 8;
        for (; here > 0 && i < sample_count; here--, i++, p += 8, feed->at += 8) {
            const double time = scree__base_load_f64(p);
            if (!scree__temporal_in_order(before, time))
                return refuse(walk, feed->at, "sample %" PRIu32 " of a node decreases", i);
            if (time < page->time_min || time > page->time_max)
                return refuse(walk, feed->at, "a sample outside the times of its page");
            before = time;
            if (time < walk->t0)
                begin = scree__temporal_sample_point(i, points, stride) + 1;
            else if (end == points && (time > walk->t1 || isnan(time)))
                end = scree__temporal_sample_point(i, points, stride);
        }
    }
    return settle(walk, node, start, begin, end);
}

static enum scree_status take_node(struct feed *feed, const struct scree__temporal_entry *entry)
{
    struct walk *walk = feed->walk;
    const uint64_t at = feed->at;
    const uint64_t bytes = 8 * (uint64_t)entry->sample_count;
    const struct scree_copc_key key = entry->key;
    feed->at += SCREE__TEMPORAL_NODE_BYTES;
    if (bytes > feed->page->offset + feed->page->bytes - feed->at)
        return refuse(walk, at, "an entry of %" PRIu32 " samples goes beyond its page",
                      entry->sample_count);
    const uint64_t place = find(walk, key);
    if (place == walk->order_count ||
        scree__copc_key_compare(walk->nodes[walk->order[place]].key, key) != 0) {
        feed->at += bytes; /* not asked for */
        return SCREE_OK;
    }
    const struct scree_copc_entry *node = &walk->nodes[walk->order[place]];
    const uint64_t wanted =
        scree__temporal_sample_count((uint64_t)node->point_count, walk->index->header.stride);
    if (entry->sample_count != wanted)
        return refuse(
            walk, at, "node %d-%d-%d-%d of %d points has %" PRIu32 " samples, not %" PRIu64,
            key.level, key.x, key.y, key.z, node->point_count, entry->sample_count, wanted);
    return take_samples(feed, walk->order[place], entry->sample_count);
}

static enum scree_status take_page(struct feed *feed)
{
    struct walk *walk = feed->walk;
    const uint64_t end = feed->page->offset + feed->page->bytes;
    enum scree_status status = SCREE_OK;
    while (status == SCREE_OK && feed->at < end) {
        struct scree__temporal_entry entry;
        const uint8_t *p = need(feed, SCREE__TEMPORAL_NODE_BYTES, &status);
        if (p == NULL)
            return status;
        scree__temporal_entry_load(p, &entry);
        if (!scree__copc_key_valid(entry.key) || !scree__copc_key_under(entry.key, feed->page->key))
            return refuse(walk, feed->at, "key %d-%d-%d-%d is not under its page's",
                          entry.key.level, entry.key.x, entry.key.y, entry.key.z);
        status = entry.sample_count == 0 ? take_pointer(feed, &entry) : take_node(feed, &entry);
    }
    return status;
}

/* How many pages from `first` on fit one batch; at least 1. *bytes: of all. */
static uint64_t batch_of(const struct walk *walk, uint64_t first, uint64_t last, uint64_t *bytes)
{
    uint64_t i = first;
    *bytes = 0;
    while (i < last && i - first < BATCH_PAGES &&
           (i == first || *bytes + walk->pages[i].bytes <= BATCH_BYTES))
        *bytes += walk->pages[i++].bytes;
    return i - first;
}

static enum scree_status need_buffer(struct walk *walk, uint64_t bytes)
{
    void *memory;
    if (bytes > BATCH_BYTES)
        bytes = BATCH_BYTES;
    if (bytes <= walk->buffer_bytes)
        return SCREE_OK;
    scree__mem_free(walk->index->budget, walk->buffer, walk->buffer_bytes);
    walk->buffer = NULL;
    walk->buffer_bytes = 0;
    enum scree_status status =
        scree__mem_alloc(walk->index->budget, bytes, &memory, "temporal index pages", walk->err);
    if (status == SCREE_OK) {
        walk->buffer = memory;
        walk->buffer_bytes = bytes;
    }
    return status;
}

static enum scree_status take_batch(struct walk *walk, uint64_t first, uint64_t count,
                                    uint64_t bytes)
{
    struct scree_range ranges[BATCH_PAGES];
    struct page pages[BATCH_PAGES]; /* walk->pages may move while they are taken */
    uint64_t at = 0;
    enum scree_status status = need_buffer(walk, bytes);
    if (status != SCREE_OK)
        return status;
    const bool whole = bytes <= walk->buffer_bytes;
    for (uint64_t i = 0; i < count; i++) {
        pages[i] = walk->pages[first + i];
        ranges[i] =
            (struct scree_range){pages[i].offset, pages[i].bytes, whole ? walk->buffer + at : NULL};
        at += pages[i].bytes;
    }
    if (whole)
        status = scree_source_read_many(walk->index->source, ranges, count, walk->err);
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        struct feed feed = {
            .walk = walk, .page = &pages[i], .at = pages[i].offset, .bytes = walk->buffer};
        if (whole) {
            feed.bytes = ranges[i].bytes;
            feed.from = pages[i].offset;
            feed.to = pages[i].offset + pages[i].bytes;
        }
        status = take_page(&feed);
    }
    return status;
}

static enum scree_status take_pages(struct walk *walk)
{
    uint64_t depth_end;
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0; status == SCREE_OK && done < walk->page_count; done = depth_end) {
        depth_end = walk->page_count;
        for (uint64_t first = done; status == SCREE_OK && first < depth_end;) {
            uint64_t bytes, count = batch_of(walk, first, depth_end, &bytes);
            status = take_batch(walk, first, count, bytes);
            first += count;
        }
    }
    return status;
}

/* ----------------------------------------------------------------------------------------- whole */

static enum scree_status begin_walk(struct walk *walk, uint64_t node_count)
{
    void *memory;
    if (node_count >= UINT32_MAX)
        return scree__base_fail(walk->err, SCREE_E_UNSUPPORTED, "%" PRIu64 " nodes", node_count);
    enum scree_status status =
        scree__mem_alloc(walk->index->budget, node_count * sizeof *walk->order, &memory,
                         "nodes of the temporal index", walk->err);
    if (status != SCREE_OK)
        return status;
    walk->order = memory;
    for (uint64_t i = 0; i < node_count; i++) {
        if (walk->nodes[i].point_count <= 0)
            continue;
        walk->spans[i].begin = UNSETTLED;
        walk->order[walk->order_count++] = (uint32_t)i;
    }
    scree__copc_preorder_sort(walk->order, walk->order_count, walk->nodes, sizeof *walk->nodes);
    return SCREE_OK;
}

static enum scree_status check_settled(const struct walk *walk)
{
    for (uint64_t i = 0; walk->settled < walk->order_count && i < walk->order_count; i++) {
        const struct scree_copc_key key = walk->nodes[walk->order[i]].key;
        if (walk->spans[walk->order[i]].begin == UNSETTLED)
            return refuse(walk, walk->index->begin, "it lacks node %d-%d-%d-%d", key.level, key.x,
                          key.y, key.z);
    }
    return SCREE_OK;
}

enum scree_status scree__copc_temporal_spans(const struct scree__copc_temporal *index, double t0,
                                             double t1, const struct scree_copc_entry *nodes,
                                             uint64_t node_count,
                                             struct scree__copc_temporal_span *spans,
                                             struct scree_error *err)
{
    struct walk walk = {
        .index = index, .t0 = t0, .t1 = t1, .nodes = nodes, .spans = spans, .err = err};
    if (isnan(t0) || isnan(t1))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a time window with NaN");
    memset(spans, 0, node_count * sizeof *spans);
    if (t0 > t1)
        return SCREE_OK;
    enum scree_status status = begin_walk(&walk, node_count);
    if (status == SCREE_OK && walk.order_count > 0) {
        const struct page root = {
            {0, 0, 0, 0}, index->header.root_page_offset, index->header.root_page_bytes, NAN, NAN};
        status = add_page(&walk, &root, index->begin);
    }
    if (status == SCREE_OK)
        status = take_pages(&walk);
    if (status == SCREE_OK)
        status = check_settled(&walk);
    scree__mem_free(index->budget, walk.order, node_count * sizeof *walk.order);
    scree__mem_free(index->budget, walk.pages, walk.page_capacity * sizeof *walk.pages);
    scree__mem_free(index->budget, walk.buffer, walk.buffer_bytes);
    return status;
}

enum scree_status scree__copc_temporal_open(const struct scree_las_reader *reader,
                                            struct scree_context *context,
                                            struct scree__copc_temporal *index, bool *found,
                                            struct scree_error *err)
{
    uint8_t bytes[SCREE__TEMPORAL_HEADER_BYTES];
    struct scree_source *source = scree_las_source(reader);
    const struct scree_las_vlr *record =
        scree_las_find_vlr(reader, SCREE__TEMPORAL_USER_ID, SCREE__TEMPORAL_RECORD);
    memset(index, 0, sizeof *index);
    *found = record != NULL;
    if (record == NULL)
        return SCREE_OK;
    index->source = source;
    index->budget = scree__par_budget(context);
    index->begin = record->payload_offset;
    index->end = record->payload_offset + record->payload_bytes;
    const unsigned long long at = index->begin;
    if (record->payload_bytes < sizeof bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: temporal index at byte %llu: %" PRIu64 " bytes hold no header",
                                scree_source_name(source), at, record->payload_bytes);
    enum scree_status status = scree_source_read(source, index->begin, bytes, sizeof bytes, err);
    if (status != SCREE_OK)
        return status;
    scree__temporal_header_load(bytes, &index->header);
    if (index->header.version != SCREE__TEMPORAL_VERSION)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: temporal index at byte %llu: version %" PRIu32 ", not 1",
                                scree_source_name(source), at, index->header.version);
    if (index->header.stride == 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: temporal index at byte %llu: stride 0",
                                scree_source_name(source), at);
    return SCREE_OK;
}
