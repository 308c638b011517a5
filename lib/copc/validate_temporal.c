/*
 * validate_temporal.c - the temporal index (copc_temporal/1000, draft 2): header, pages, entries; and,
 * once the points are known, whether its samples and the times of its pages are theirs. The size of
 * the root page is at byte 24 of the header, as every writer and reader has it; the draft's table
 * says 20.
 */
#include "copc/format.h"
#include "copc/preorder.h"
#include "copc/temporal_format.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the draft advises. */
#define ROOT_PAGE_BYTES 16384u
#define PAGE_BYTES 262144u

struct index {
    struct scree__copc_check *check;
    const struct scree__copc_record *record;
    struct scree__temporal_header header;
    uint64_t nodes, pages, page_bytes; /* walked */
    int32_t level;                     /* of the last entry of this page */
    bool disordered;                   /* this page's entries are, and it was said */
};

static enum scree_status queue_page(struct index *index, const struct scree__copc_times_page *page,
                                    struct scree_error *err)
{
    struct scree__copc_check *check = index->check;
    const struct scree__copc_record *record = index->record;
    const uint64_t begin = record->payload_offset + SCREE__TEMPORAL_HEADER_BYTES;
    const uint64_t end = record->payload_offset + record->payload_bytes;
    if (page->offset < begin || page->offset > end || page->bytes > end - page->offset ||
        page->bytes < SCREE__TEMPORAL_NODE_BYTES) {
        scree__copc_say(check, SCREE__T10,
                        "temporal index: the page at byte %" PRIu64 " of %" PRIu32
                        " bytes is outside bytes %" PRIu64 " to %" PRIu64,
                        page->offset, page->bytes, begin, end);
        return SCREE_OK;
    }
    if (page->bytes > record->payload_bytes - index->page_bytes) {
        scree__copc_say(check, SCREE__T10,
                        "temporal index: the page at byte %" PRIu64
                        ": pages overlap, together they are larger than the index",
                        page->offset);
        return SCREE_OK;
    }
    index->page_bytes += page->bytes;
    void *pages = check->times_pages;
    enum scree_status status = scree__mem_grow(
        check->budget, &pages, &check->times_page_capacity, check->times_page_count + 1,
        sizeof *check->times_pages, "temporal index pages", err);
    check->times_pages = pages;
    if (status == SCREE_OK)
        check->times_pages[check->times_page_count++] = *page;
    return status;
}

/* T14: the samples of one node never decrease. Keeps the first and last as the node's times, for a
 * check that does not see all points. */
static enum scree_status check_samples(struct index *index, struct scree_copc_key key,
                                       struct scree__copc_times *times, struct scree_error *err)
{
    double before = -INFINITY;
    for (uint32_t i = 0; i < times->sample_count; i++) {
        const uint8_t *p;
        enum scree_status status =
            scree__copc_peek(index->check, times->samples_at + 8 * (uint64_t)i, 8, &p, err);
        if (status != SCREE_OK)
            return status;
        const double time = scree__base_load_f64(p);
        if (!scree__temporal_in_order(before, time)) {
            scree__copc_say(index->check, SCREE__T14,
                            "temporal index: node %d-%d-%d-%d: sample %" PRIu32 " decreases",
                            key.level, key.x, key.y, key.z, i);
            return SCREE_OK;
        }
        times->min = i == 0 ? time : times->min;
        times->max = before = time;
    }
    /* A last sample without a number does not tell the highest one. */
    times->known = isnan(times->max) == isnan(times->min);
    return SCREE_OK;
}

/* What the index has of a node; NULL, and said: it should have nothing. */
static struct scree__copc_times *take_node(struct index *index, struct scree_copc_key key,
                                           uint64_t at, uint32_t samples)
{
    struct scree__copc_check *check = index->check;
    const struct scree_copc_entry *node = scree__copc_hierarchy_find(&check->hierarchy, key);
    if (node == NULL || node->point_count == 0) {
        scree__copc_say(check, SCREE__T10,
                        "temporal index: node %d-%d-%d-%d is not in the hierarchy", key.level,
                        key.x, key.y, key.z);
        return NULL;
    }
    struct scree__copc_times *times = &check->times[node - check->hierarchy.entries];
    if (times->sample_count > 0) {
        scree__copc_say(check, SCREE__T10, "temporal index: node %d-%d-%d-%d is there twice",
                        key.level, key.x, key.y, key.z);
        return NULL;
    }
    const uint64_t wanted =
        scree__temporal_sample_count((uint64_t)node->point_count, index->header.stride);
    times->samples_at = at;
    times->sample_count = samples;
    times->fits = samples == wanted;
    if (!times->fits)
        scree__copc_say(check, SCREE__T14,
                        "temporal index: node %d-%d-%d-%d of %d points has %" PRIu32
                        " samples; a stride of %" PRIu32 " makes %" PRIu64,
                        key.level, key.x, key.y, key.z, node->point_count, samples,
                        index->header.stride, wanted);
    return times;
}

static enum scree_status walk_pointer(struct index *index, struct scree__temporal_entry *entry,
                                      uint64_t at, struct scree_error *err)
{
    const struct scree_copc_key key = entry->key;
    const uint8_t *p;
    enum scree_status status =
        scree__copc_peek(index->check, at, SCREE__TEMPORAL_POINTER_BYTES, &p, err);
    if (status != SCREE_OK)
        return status;
    scree__temporal_pointer_load(p, entry);
    if (!scree__copc_key_valid(key) ||
        scree__copc_hierarchy_find(&index->check->hierarchy, key) == NULL)
        scree__copc_say(index->check, SCREE__T8,
                        "temporal index: the page pointer at byte %" PRIu64
                        " is for %d-%d-%d-%d, which is not in the hierarchy",
                        at, key.level, key.x, key.y, key.z);
    const struct scree__copc_times_page page = {key, entry->page_offset, entry->page_bytes,
                                                entry->time_min, entry->time_max};
    return queue_page(index, &page, err);
}

/* T11: breadth first. */
static void check_order(struct index *index, struct scree_copc_key key, uint64_t at)
{
    if (key.level < index->level && !index->disordered) {
        index->disordered = true;
        scree__copc_say(index->check, SCREE__T11,
                        "temporal index: the entry of %d-%d-%d-%d at byte %" PRIu64
                        " follows one of level %d in its page",
                        key.level, key.x, key.y, key.z, at, index->level);
    }
    index->level = key.level;
}

/* One entry at *at; moves *at behind it, to `end` where it makes no sense. *largest: bytes of the
 * largest node's entry. */
static enum scree_status walk_entry(struct index *index, struct scree_copc_key top, uint64_t *at,
                                    uint64_t end, uint64_t *largest, struct scree_error *err)
{
    struct scree__copc_check *check = index->check;
    const uint64_t left = end - *at;
    const uint8_t *p;
    enum scree_status status = SCREE_OK;
    uint64_t bytes = 0;
    if (left >= SCREE__TEMPORAL_NODE_BYTES) {
        struct scree__temporal_entry entry;
        status = scree__copc_peek(check, *at, SCREE__TEMPORAL_NODE_BYTES, &p, err);
        if (status != SCREE_OK)
            return status;
        scree__temporal_entry_load(p, &entry);
        const struct scree_copc_key key = entry.key;
        check_order(index, key, *at);
        bytes = entry.sample_count == 0
                    ? SCREE__TEMPORAL_POINTER_BYTES
                    : SCREE__TEMPORAL_NODE_BYTES + 8 * (uint64_t)entry.sample_count;
        if (bytes <= left && (!scree__copc_key_valid(key) || !scree__copc_key_under(key, top)))
            scree__copc_say(check, SCREE__T8,
                            "temporal index: %d-%d-%d-%d (entry at byte %" PRIu64
                            ") is not under %d-%d-%d-%d, the key of its page",
                            key.level, key.x, key.y, key.z, *at, top.level, top.x, top.y, top.z);
        if (bytes <= left && entry.sample_count > 0) {
            struct scree__copc_times *times =
                take_node(index, key, *at + SCREE__TEMPORAL_NODE_BYTES, entry.sample_count);
            index->nodes++;
            *largest = bytes > *largest ? bytes : *largest;
            if (times != NULL)
                status = check_samples(index, key, times, err);
        } else if (bytes <= left) {
            status = walk_pointer(index, &entry, *at, err);
        }
    }
    if (bytes == 0 || bytes > left) {
        scree__copc_say(check, SCREE__T6,
                        "temporal index: the entry at byte %" PRIu64
                        " goes beyond its page, which ends at byte %" PRIu64,
                        *at, end);
        bytes = left;
    }
    *at += bytes;
    return status;
}

/* Larger than advised, and not by one node alone. */
static void check_page_size(struct index *index, const struct scree__copc_times_page *page,
                            uint64_t largest)
{
    const bool is_root = index->pages == 0;
    if (page->bytes - largest > (is_root ? ROOT_PAGE_BYTES : PAGE_BYTES))
        scree__copc_say(index->check, is_root ? SCREE__T9 : SCREE__T13,
                        "temporal index: the %spage at byte %" PRIu64 " has %" PRIu32
                        " bytes; %u are advised",
                        is_root ? "root " : "", page->offset, page->bytes,
                        is_root ? ROOT_PAGE_BYTES : PAGE_BYTES);
}

static void check_totals(struct index *index)
{
    struct scree__copc_check *check = index->check;
    char missing[80] = "";
    for (uint64_t i = 0; i < check->hierarchy.entry_count && missing[0] == '\0'; i++) {
        const struct scree_copc_key key = check->hierarchy.entries[i].key;
        if (check->hierarchy.entries[i].point_count > 0 && check->times[i].sample_count == 0)
            (void)snprintf(missing, sizeof missing, "; %d-%d-%d-%d is missing", key.level, key.x,
                           key.y, key.z);
    }
    if (index->nodes != index->header.node_count || index->nodes != check->node_count ||
        missing[0] != '\0')
        scree__copc_say(check, SCREE__T10,
                        "temporal index: its pages have %" PRIu64 " nodes, its header says %" PRIu32
                        ", the hierarchy has %" PRIu64 " with points%s",
                        index->nodes, index->header.node_count, check->node_count, missing);
    if (index->pages != index->header.page_count)
        scree__copc_say(check, SCREE__T3,
                        "temporal index: it has %" PRIu64 " pages, its header says %" PRIu32,
                        index->pages, index->header.page_count);
    const uint64_t room = index->record->payload_bytes - SCREE__TEMPORAL_HEADER_BYTES;
    if (index->page_bytes != room)
        scree__copc_say(check, SCREE__T19,
                        "temporal index: its pages take %" PRIu64 " of the %" PRIu64
                        " bytes behind its header: they do not follow each other",
                        index->page_bytes, room);
}

static enum scree_status walk_pages(struct index *index, struct scree_error *err)
{
    struct scree__copc_check *check = index->check;
    enum scree_status status = SCREE_OK;
    for (; status == SCREE_OK && index->pages < check->times_page_count; index->pages++) {
        const struct scree__copc_times_page page = check->times_pages[index->pages];
        const uint64_t end = page.offset + page.bytes;
        uint64_t at = page.offset, largest = 0;
        index->level = 0;
        index->disordered = false;
        while (status == SCREE_OK && at < end)
            status = walk_entry(index, page.key, &at, end, &largest, err);
        if (status == SCREE_OK)
            check_page_size(index, &page, largest);
    }
    if (status == SCREE_OK)
        check_totals(index);
    check->report->temporal_page_count = index->pages;
    return status;
}

static enum scree_status read_header(struct index *index, bool *sound, struct scree_error *err)
{
    const struct scree__copc_record *record = index->record;
    struct scree__temporal_header *h = &index->header;
    *sound = false;
    if (record->payload_bytes < SCREE__TEMPORAL_HEADER_BYTES) {
        scree__copc_say(index->check, SCREE__T3,
                        "temporal index at byte %" PRIu64 ": %" PRIu64 " bytes hold no header",
                        record->payload_offset, record->payload_bytes);
        return SCREE_OK;
    }
    const uint8_t *p;
    enum scree_status status = scree__copc_peek(index->check, record->payload_offset,
                                                SCREE__TEMPORAL_HEADER_BYTES, &p, err);
    if (status != SCREE_OK)
        return status;
    scree__temporal_header_load(p, h);
    if (h->version != 1 || h->stride == 0 || h->reserved != 0) {
        scree__copc_say(index->check, SCREE__T3,
                        "temporal index at byte %" PRIu64 ": version %" PRIu32 ", stride %" PRIu32
                        ", reserved %" PRIu32,
                        record->payload_offset, h->version, h->stride, h->reserved);
        return SCREE_OK;
    }
    *sound = true;
    const struct scree__copc_times_page root = {
        {0, 0, 0, 0}, h->root_page_offset, h->root_page_bytes, NAN, NAN};
    return queue_page(index, &root, err);
}

static enum scree_status allocate_times(struct scree__copc_check *check, uint32_t stride,
                                        struct scree_error *err)
{
    const uint64_t bytes = check->hierarchy.entry_count * sizeof *check->times;
    void *memory;
    enum scree_status status = scree__mem_alloc(check->budget, bytes, &memory, "times", err);
    if (status != SCREE_OK)
        return status;
    if (bytes > 0)
        memset(memory, 0, bytes);
    check->times = memory;
    check->report->temporal_stride = stride;
    check->times_stride = stride;
    return SCREE_OK;
}

static void check_record(struct scree__copc_check *check, const struct scree__copc_record *record,
                         uint64_t from)
{
    const struct scree__copc_record *second =
        scree__copc_next_record(check, SCREE__TEMPORAL_USER_ID, SCREE__TEMPORAL_RECORD, &from);
    if (!record->extended)
        scree__copc_say(check, SCREE__T1,
                        "the temporal index at byte %" PRIu64 " is a VLR, not an EVLR",
                        record->offset);
    if (second != NULL)
        scree__copc_say(check, SCREE__T1, "there is a second temporal index, at byte %" PRIu64,
                        second->offset);
}

enum scree_status scree__copc_check_temporal(struct scree__copc_check *check,
                                             struct scree_error *err)
{
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, SCREE__TEMPORAL_USER_ID, SCREE__TEMPORAL_RECORD, &from);
    if (record == NULL || !check->has_info)
        return SCREE_OK;
    struct index index = {.check = check, .record = record};
    bool sound;
    check_record(check, record, from);
    enum scree_status status = read_header(&index, &sound, err);
    if (status == SCREE_OK && sound)
        status = allocate_times(check, index.header.stride, err);
    if (status == SCREE_OK && sound)
        status = walk_pages(&index, err);
    return status;
}

/* ------------------------------------------------------------------------- once points are known */

/* Times of whole subtrees into times[]: entries are in order of level, so children come behind their
 * parents. */
static void add_up(struct scree__copc_check *check)
{
    const struct scree__copc_hierarchy *h = &check->hierarchy;
    for (uint64_t i = h->entry_count; i-- > 1;) {
        const struct scree_copc_entry *parent =
            scree__copc_hierarchy_find(h, scree__copc_key_parent(h->entries[i].key));
        if (parent == NULL)
            continue; /* R3 */
        struct scree__copc_times *to = &check->times[parent - h->entries];
        const struct scree__copc_times *times = &check->times[i];
        to->known = to->known && times->known;
        if (!isnan(times->min) && !(times->min >= to->min))
            to->min = times->min;
        if (!isnan(times->max) && !(times->max <= to->max))
            to->max = times->max;
    }
}

static bool same_time(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_pointer(struct scree__copc_check *check,
                          const struct scree__copc_times_page *page)
{
    const struct scree_copc_key key = page->key;
    const struct scree_copc_entry *node = scree__copc_hierarchy_find(&check->hierarchy, key);
    if (node == NULL)
        return; /* T8 */
    const struct scree__copc_times *times = &check->times[node - check->hierarchy.entries];
    if (!times->known)
        return;
    if (times->min < page->time_min || times->max > page->time_max)
        scree__copc_say(check, SCREE__T12,
                        "temporal index: the points under %d-%d-%d-%d have times from %.17g to "
                        "%.17g, its page pointer says %.17g to %.17g",
                        key.level, key.x, key.y, key.z, times->min, times->max, page->time_min,
                        page->time_max);
    else if (!same_time(times->min, page->time_min) || !same_time(times->max, page->time_max))
        scree__copc_say(check, SCREE__T12_LOOSE,
                        "temporal index: the points under %d-%d-%d-%d have times from %.17g to "
                        "%.17g, its page pointer says %.17g to %.17g",
                        key.level, key.x, key.y, key.z, times->min, times->max, page->time_min,
                        page->time_max);
}

void scree__copc_check_page_times(struct scree__copc_check *check)
{
    if (check->times == NULL)
        return;
    for (uint64_t i = 0; i < check->hierarchy.entry_count; i++)
        if (check->hierarchy.entries[i].point_count == 0)
            check->times[i] = (struct scree__copc_times){.known = true, .min = NAN, .max = NAN};
    add_up(check);
    for (uint64_t p = 1; p < check->times_page_count; p++) /* the root page has no pointer */
        check_pointer(check, &check->times_pages[p]);
}
