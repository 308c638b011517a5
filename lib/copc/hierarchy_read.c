/* hierarchy_read.c - the walk over all hierarchy pages: bounded, each page once. */
#include "copc/hierarchy_read.h"
#include "copc/preorder.h"
#include "base/error.h"
#include "copc/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Pages nest by octree level, so 33 is the most that a sound file can have; twice that is for files
 * with pages that only point on. */
#define DEPTH_MAX 66u
/* Pages that are known are fetched together, up to so many bytes. */
#define BATCH_BYTES ((size_t)1 << 20)

struct walk {
    struct scree_source *source;
    const struct scree__copc_listener *listener;
    const struct scree__copc_pruner *pruner; /* NULL: everything is wanted */
    struct scree__copc_hierarchy *hierarchy;
    uint8_t *batch; /* pages, or a piece of one */
    uint64_t file_bytes, total_page_bytes;
    struct scree_error *err;
};

SCREE_PRINTF(3, 4)
static enum scree_status tell(struct walk *walk, enum scree__copc_fault fault, const char *format,
                              ...)
{
    char message[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return walk->listener->fault(walk->listener->user, fault, message, walk->err);
}

/* ------------------------------------------------------------------------------------------ set */

static uint64_t hash(uint64_t value)
{
    value *= UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio */
    return value ^ value >> 32;
}

/* Adds to a set that has room; false when it was there. */
static bool set_put(uint64_t *slots, uint64_t capacity, uint64_t value)
{
    uint64_t at = hash(value) & (capacity - 1);
    for (; slots[at] != 0; at = (at + 1) & (capacity - 1)) {
        if (slots[at] == value)
            return false;
    }
    slots[at] = value;
    return true;
}

/* Page offsets are never 0: the LAS header is there. */
static enum scree_status mark_seen(struct scree__copc_hierarchy *h, uint64_t offset, bool *fresh,
                                   struct scree_error *err)
{
    if (h->seen_count * 2 >= h->seen_capacity) {
        uint64_t capacity = h->seen_capacity == 0 ? 64 : h->seen_capacity * 2;
        void *memory;
        enum scree_status status = scree__mem_alloc(h->budget, capacity * sizeof *h->seen, &memory,
                                                    "hierarchy pages", err);
        if (status != SCREE_OK)
            return status;
        memset(memory, 0, capacity * sizeof *h->seen);
        for (uint64_t i = 0; i < h->seen_capacity; i++) {
            if (h->seen[i] != 0)
                (void)set_put(memory, capacity, h->seen[i]);
        }
        scree__mem_free(h->budget, h->seen, h->seen_capacity * sizeof *h->seen);
        h->seen = memory;
        h->seen_capacity = capacity;
    }
    *fresh = set_put(h->seen, h->seen_capacity, offset);
    h->seen_count += *fresh;
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------- sorting */

static void sift(struct scree_copc_entry *entries, uint64_t at, uint64_t count,
                 int (*compare)(const struct scree_copc_entry *, const struct scree_copc_entry *))
{
    struct scree_copc_entry moved = entries[at];
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(&entries[child], &entries[child + 1]) < 0)
            child++;
        if (compare(&entries[child], &moved) <= 0)
            break;
        entries[at] = entries[child];
    }
    entries[at] = moved;
}

/* Heapsort: qsort() of the C library takes memory that no budget knows of. */
void scree__copc_entries_sort(struct scree_copc_entry *entries, uint64_t count,
                              int (*compare)(const struct scree_copc_entry *a,
                                             const struct scree_copc_entry *b))
{
    for (uint64_t i = count / 2; i > 0; i--)
        sift(entries, i - 1, count, compare);
    for (uint64_t last = count; last > 1; last--) {
        struct scree_copc_entry largest = entries[0];
        entries[0] = entries[last - 1];
        entries[last - 1] = largest;
        sift(entries, 0, last - 1, compare);
    }
}

int scree__copc_entry_compare_offset(const struct scree_copc_entry *a,
                                     const struct scree_copc_entry *b)
{
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->byte_count != b->byte_count)
        return a->byte_count < b->byte_count ? -1 : 1;
    return scree__copc_key_compare(a->key, b->key);
}

/* The offset decides between entries of one key, so that which of them stays does not depend on
 * the sort. */
static int compare_keys(const struct scree_copc_entry *a, const struct scree_copc_entry *b)
{
    int by_key = scree__copc_key_compare(a->key, b->key);
    if (by_key != 0)
        return by_key;
    if (a->point_count != b->point_count)
        return a->point_count > b->point_count ? -1 : 1;
    return scree__copc_entry_compare_offset(a, b);
}

/* -------------------------------------------------------------------------------------- walking */

/* Queues a page, if it can be read. */
static enum scree_status add_page(struct walk *walk, struct scree_copc_key key, uint64_t offset,
                                  uint64_t bytes, unsigned depth)
{
    struct scree__copc_hierarchy *h = walk->hierarchy;
    const unsigned long long at = offset, size = bytes;
    if (offset == 0 || offset > walk->file_bytes || bytes > walk->file_bytes - offset)
        return tell(walk, SCREE__COPC_PAGE_RANGE,
                    "hierarchy page %d-%d-%d-%d at byte %llu of %llu bytes does not lie within the "
                    "file of %llu bytes",
                    key.level, key.x, key.y, key.z, at, size, (unsigned long long)walk->file_bytes);
    if (bytes == 0 || bytes % SCREE__COPC_ENTRY_BYTES != 0)
        return tell(walk, SCREE__COPC_PAGE_SIZE,
                    "hierarchy page %d-%d-%d-%d at byte %llu: its size of %llu bytes is not a "
                    "multiple of 32 above 0",
                    key.level, key.x, key.y, key.z, at, size);
    if (depth > DEPTH_MAX)
        return tell(walk, SCREE__COPC_PAGE_DEPTH,
                    "hierarchy page %d-%d-%d-%d at byte %llu: pages are nested more than %u deep",
                    key.level, key.x, key.y, key.z, at, DEPTH_MAX);
    bool fresh;
    enum scree_status status = mark_seen(h, offset, &fresh, walk->err);
    if (status != SCREE_OK)
        return status;
    if (!fresh)
        return tell(walk, SCREE__COPC_PAGE_TWICE,
                    "hierarchy page %d-%d-%d-%d at byte %llu is pointed to a second time",
                    key.level, key.x, key.y, key.z, at);
    if (bytes > walk->file_bytes - walk->total_page_bytes)
        return tell(walk, SCREE__COPC_PAGE_TOTAL,
                    "hierarchy page %d-%d-%d-%d at byte %llu: all pages together are larger than "
                    "the file, so they overlap",
                    key.level, key.x, key.y, key.z, at);
    walk->total_page_bytes += bytes;
    void *pages = h->pages;
    status = scree__mem_grow(h->budget, &pages, &h->page_capacity, h->page_count + 1,
                             sizeof *h->pages, "hierarchy pages", walk->err);
    h->pages = pages;
    if (status == SCREE_OK)
        h->pages[h->page_count++] = (struct scree__copc_page){key, offset, bytes, depth};
    return status;
}

/* Tells what is wrong with the entry's chunk; *sound: it can stay. */
static enum scree_status check_chunk(struct walk *walk, const struct scree_copc_entry *entry,
                                     uint64_t at, bool *sound)
{
    const struct scree_copc_key key = entry->key;
    const unsigned long long where = at, offset = entry->offset;
    if (entry->point_count == 0) {
        if (entry->offset == 0 && entry->byte_count == 0)
            return SCREE_OK;
        return tell(walk, SCREE__COPC_EMPTY_HAS_CHUNK,
                    "node %d-%d-%d-%d (entry at byte %llu) has no points, but offset %llu and size "
                    "%d",
                    key.level, key.x, key.y, key.z, where, offset, entry->byte_count);
    }
    *sound = false;
    if (entry->byte_count <= 0)
        return tell(walk, SCREE__COPC_CHUNK_SIZE,
                    "node %d-%d-%d-%d (entry at byte %llu) has %d points in %d bytes", key.level,
                    key.x, key.y, key.z, where, entry->point_count, entry->byte_count);
    if (entry->offset > walk->file_bytes ||
        (uint64_t)entry->byte_count > walk->file_bytes - entry->offset)
        return tell(walk, SCREE__COPC_CHUNK_RANGE,
                    "node %d-%d-%d-%d (entry at byte %llu): its %d bytes at byte %llu do not lie "
                    "within the file of %llu bytes",
                    key.level, key.x, key.y, key.z, where, entry->byte_count, offset,
                    (unsigned long long)walk->file_bytes);
    *sound = true;
    return SCREE_OK;
}

static enum scree_status take_entry(struct walk *walk, const struct scree__copc_page *page,
                                    const struct scree_copc_entry *entry, uint64_t at)
{
    struct scree__copc_hierarchy *h = walk->hierarchy;
    const struct scree_copc_key key = entry->key;
    const unsigned long long where = at;
    if (!scree__copc_key_valid(key))
        return tell(walk, SCREE__COPC_KEY_INVALID,
                    "hierarchy entry at byte %llu: key %d-%d-%d-%d is outside the octree", where,
                    key.level, key.x, key.y, key.z);
    if (entry->point_count < SCREE__COPC_PAGE_POINTER)
        return tell(walk, SCREE__COPC_COUNT_INVALID,
                    "node %d-%d-%d-%d (entry at byte %llu): point count %d", key.level, key.x,
                    key.y, key.z, where, entry->point_count);
    if (!scree__copc_key_under(key, page->key)) {
        enum scree_status status =
            tell(walk, SCREE__COPC_PAGE_SCOPE,
                 "node %d-%d-%d-%d (entry at byte %llu) is not under %d-%d-%d-%d, the key of its "
                 "page",
                 key.level, key.x, key.y, key.z, where, page->key.level, page->key.x, page->key.y,
                 page->key.z);
        if (status != SCREE_OK)
            return status;
    }
    if (walk->pruner != NULL && !walk->pruner->wanted(walk->pruner->user, key))
        return SCREE_OK;
    if (entry->point_count == SCREE__COPC_PAGE_POINTER)
        return add_page(walk, key, entry->offset,
                        entry->byte_count > 0 ? (uint64_t)entry->byte_count : 0, page->depth + 1);
    bool sound = true;
    enum scree_status status = check_chunk(walk, entry, at, &sound);
    if (status != SCREE_OK || !sound)
        return status;
    void *entries = h->entries;
    status = scree__mem_grow(h->budget, &entries, &h->entry_capacity, h->entry_count + 1,
                             sizeof *h->entries, "hierarchy entries", walk->err);
    h->entries = entries;
    if (status == SCREE_OK) {
        struct scree_copc_entry *taken = &h->entries[h->entry_count++];
        *taken = *entry;
        if (entry->point_count == 0) { /* no chunk, whatever the file says of one */
            taken->offset = 0;
            taken->byte_count = 0;
        }
    }
    return status;
}

/* Entries of a page; at: where they are in the file. */
static enum scree_status take_entries(struct walk *walk, const struct scree__copc_page *page,
                                      const uint8_t *bytes, size_t byte_count, uint64_t at,
                                      bool *has_root)
{
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; status == SCREE_OK && i < byte_count; i += SCREE__COPC_ENTRY_BYTES) {
        struct scree_copc_entry entry;
        scree__copc_entry_load(bytes + i, &entry);
        if (entry.point_count >= 0 && scree__copc_key_compare(entry.key, page->key) == 0)
            *has_root = true;
        status = take_entry(walk, page, &entry, at + i);
    }
    return status;
}

static enum scree_status tell_no_root(struct walk *walk, const struct scree__copc_page *page)
{
    return tell(walk, SCREE__COPC_PAGE_NO_ROOT,
                "hierarchy page at byte %llu lacks the entry of its own key %d-%d-%d-%d",
                (unsigned long long)page->offset, page->key.level, page->key.x, page->key.y,
                page->key.z);
}

/* A page that is larger than a batch, piece by piece. */
static enum scree_status read_large_page(struct walk *walk, struct scree__copc_page page)
{
    bool has_root = false;
    for (uint64_t done = 0; done < page.bytes;) {
        size_t bytes = BATCH_BYTES;
        if (bytes > page.bytes - done)
            bytes = (size_t)(page.bytes - done);
        enum scree_status status =
            scree_source_read(walk->source, page.offset + done, walk->batch, bytes, walk->err);
        if (status == SCREE_OK)
            status = take_entries(walk, &page, walk->batch, bytes, page.offset + done, &has_root);
        if (status != SCREE_OK)
            return status;
        done += bytes;
    }
    return has_root ? SCREE_OK : tell_no_root(walk, &page);
}

#define BATCH_PAGES 64u

/* Reads pages from `first` on, as many as fit a batch; *read tells how many. */
static enum scree_status read_pages(struct walk *walk, uint64_t first, uint64_t *read)
{
    struct scree__copc_hierarchy *h = walk->hierarchy;
    struct scree_range ranges[BATCH_PAGES];
    size_t count = 0, bytes = 0;
    *read = 1;
    if (h->pages[first].bytes > BATCH_BYTES)
        return read_large_page(walk, h->pages[first]);
    while (count < BATCH_PAGES && first + count < h->page_count &&
           h->pages[first + count].bytes <= BATCH_BYTES - bytes) {
        const struct scree__copc_page *page = &h->pages[first + count];
        ranges[count++] =
            (struct scree_range){page->offset, (size_t)page->bytes, walk->batch + bytes};
        bytes += (size_t)page->bytes;
    }
    enum scree_status status = scree_source_read_many(walk->source, ranges, count, walk->err);
    for (size_t i = 0; i < count && status == SCREE_OK; i++) {
        const struct scree__copc_page page = h->pages[first + i]; /* the list may move */
        bool has_root = false;
        status = take_entries(walk, &page, ranges[i].bytes, ranges[i].byte_count, page.offset,
                              &has_root);
        if (status == SCREE_OK && !has_root)
            status = tell_no_root(walk, &page);
    }
    *read = count;
    return status;
}

/* Sorts, and leaves out all but the first entry of a key. */
static enum scree_status make_unique(struct walk *walk)
{
    struct scree__copc_hierarchy *h = walk->hierarchy;
    scree__copc_entries_sort(h->entries, h->entry_count, compare_keys);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < h->entry_count; i++) {
        struct scree_copc_key key = h->entries[i].key;
        if (kept > 0 && scree__copc_key_compare(h->entries[kept - 1].key, key) == 0) {
            enum scree_status status = tell(
                walk, SCREE__COPC_KEY_TWICE,
                "node %d-%d-%d-%d has a second entry (%d points at byte %llu)", key.level, key.x,
                key.y, key.z, h->entries[i].point_count, (unsigned long long)h->entries[i].offset);
            if (status != SCREE_OK)
                return status;
            continue;
        }
        h->entries[kept++] = h->entries[i];
    }
    h->entry_count = kept;
    return SCREE_OK;
}

enum scree_status scree__copc_hierarchy_read(struct scree_source *source,
                                             const struct scree_copc_info *info,
                                             struct scree__mem_budget *budget,
                                             const struct scree__copc_listener *listener,
                                             const struct scree__copc_pruner *pruner,
                                             struct scree__copc_hierarchy *hierarchy,
                                             struct scree_error *err)
{
    memset(hierarchy, 0, sizeof *hierarchy);
    hierarchy->budget = budget;
    struct walk walk = {.source = source,
                        .listener = listener,
                        .pruner = pruner,
                        .hierarchy = hierarchy,
                        .file_bytes = scree_source_bytes(source),
                        .err = err};
    const struct scree_copc_key root = {0, 0, 0, 0};
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, BATCH_BYTES, &memory, "hierarchy pages", err);
    if (status != SCREE_OK)
        return status;
    walk.batch = memory;
    status = add_page(&walk, root, info->root_page_offset, info->root_page_bytes, 0);
    /* Pages are added at the end while the walk goes on. */
    for (uint64_t i = 0, read; status == SCREE_OK && i < hierarchy->page_count; i += read)
        status = read_pages(&walk, i, &read);
    scree__mem_free(budget, memory, BATCH_BYTES);
    return status == SCREE_OK ? make_unique(&walk) : status;
}

void scree__copc_hierarchy_release(struct scree__copc_hierarchy *h)
{
    scree__mem_free(h->budget, h->entries, h->entry_capacity * sizeof *h->entries);
    scree__mem_free(h->budget, h->pages, h->page_capacity * sizeof *h->pages);
    scree__mem_free(h->budget, h->seen, h->seen_capacity * sizeof *h->seen);
    memset(h, 0, sizeof *h);
}

const struct scree_copc_entry *
scree__copc_hierarchy_find(const struct scree__copc_hierarchy *hierarchy, struct scree_copc_key key)
{
    uint64_t begin = 0, end = hierarchy->entry_count;
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        int order = scree__copc_key_compare(hierarchy->entries[middle].key, key);
        if (order == 0)
            return &hierarchy->entries[middle];
        if (order < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}
