/* validate_hierarchy.c - pages and nodes: S7 to S12, R1 to R4, R15, R16. All n log n in the nodes.
 */
#include "copc/format.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <string.h>

/* A page this large is 32,768 entries, which a viewer waits for before it draws. */
#define PAGE_BYTES_MUCH ((uint64_t)1 << 20)
/* giro3d and laspy fetch pages one after the other when they open a file. */
#define PAGES_MANY 10000u
/* Ten times what PDAL and untwine aim at; viewers decode a node in one go. */
#define NODE_POINTS_MANY 1000000

static const enum scree__copc_rule rule_of[SCREE__COPC_FAULT_COUNT] = {
    [SCREE__COPC_PAGE_RANGE] = SCREE__S8,
    [SCREE__COPC_PAGE_SIZE] = SCREE__S8,
    [SCREE__COPC_PAGE_TWICE] = SCREE__COPC_PAGES,
    [SCREE__COPC_PAGE_DEPTH] = SCREE__COPC_PAGES,
    [SCREE__COPC_PAGE_TOTAL] = SCREE__COPC_PAGES,
    [SCREE__COPC_KEY_INVALID] = SCREE__S11,
    [SCREE__COPC_COUNT_INVALID] = SCREE__S10,
    [SCREE__COPC_CHUNK_SIZE] = SCREE__S10,
    [SCREE__COPC_CHUNK_RANGE] = SCREE__S10,
    [SCREE__COPC_KEY_TWICE] = SCREE__COPC_KEYS,
    [SCREE__COPC_PAGE_NO_ROOT] = SCREE__R1,
    [SCREE__COPC_PAGE_SCOPE] = SCREE__COPC_PAGE_KEYS,
    [SCREE__COPC_EMPTY_HAS_CHUNK] = SCREE__S10_EMPTY,
};

static enum scree_status on_fault(void *user, enum scree__copc_fault fault, const char *message,
                                  struct scree_error *err)
{
    (void)err;
    scree__copc_say(user, rule_of[fault], "%s", message);
    return SCREE_OK;
}

/* ---------------------------------------------------------------------------------------- pages */

static enum scree_status check_overlap(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree__copc_hierarchy *h = &check->hierarchy;
    const uint64_t bytes = h->page_count * sizeof(struct scree_copc_entry);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(check->budget, bytes, &memory, "hierarchy pages", err);
    if (status != SCREE_OK)
        return status;
    struct scree_copc_entry *order = memory;
    for (uint64_t i = 0; i < h->page_count; i++) {
        /* Child pages have their size from an i32; a root page beyond that leaves no room. */
        int32_t size = h->pages[i].bytes < INT32_MAX ? (int32_t)h->pages[i].bytes : INT32_MAX;
        order[i] = (struct scree_copc_entry){h->pages[i].key, h->pages[i].offset, size, 0};
    }
    scree__copc_entries_sort(order, h->page_count, scree__copc_entry_compare_offset);
    for (uint64_t i = 1; i < h->page_count; i++) {
        if (order[i - 1].offset + (uint64_t)order[i - 1].byte_count > order[i].offset)
            scree__copc_say(check, SCREE__COPC_PAGES,
                            "the hierarchy pages at bytes %" PRIu64 " and %" PRIu64 " overlap",
                            order[i - 1].offset, order[i].offset);
    }
    scree__mem_free(check->budget, memory, bytes);
    return SCREE_OK;
}

static void check_pages(struct scree__copc_check *check)
{
    const struct scree__copc_hierarchy *h = &check->hierarchy;
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, SCREE__COPC_USER_ID, SCREE__COPC_HIERARCHY_RECORD, &from);
    if (record == NULL)
        scree__copc_say(check, SCREE__S7, "there is no COPC hierarchy record (copc/1000)");
    for (uint64_t i = 0; i < h->page_count; i++) {
        const struct scree__copc_page *page = &h->pages[i];
        if (record != NULL &&
            (page->offset < record->payload_offset ||
             page->offset + page->bytes > record->payload_offset + record->payload_bytes))
            scree__copc_say(check, SCREE__S8,
                            "the hierarchy page at byte %" PRIu64 " of %" PRIu64
                            " bytes is outside the hierarchy record (bytes %" PRIu64 " to %" PRIu64
                            ")",
                            page->offset, page->bytes, record->payload_offset,
                            record->payload_offset + record->payload_bytes);
        if (page->bytes > PAGE_BYTES_MUCH)
            scree__copc_say(check, SCREE__R15,
                            "the hierarchy page at byte %" PRIu64 " has %" PRIu64 " bytes",
                            page->offset, page->bytes);
    }
    if (h->page_count > PAGES_MANY)
        scree__copc_say(check, SCREE__R15, "there are %" PRIu64 " hierarchy pages", h->page_count);
}

/* ---------------------------------------------------------------------------------------- nodes */

static void check_node(struct scree__copc_check *check, const struct scree_copc_entry *entry)
{
    const struct scree_copc_key key = entry->key;
    if (key.level > 0) {
        const struct scree_copc_key up = scree__copc_key_parent(key);
        if (scree__copc_hierarchy_find(&check->hierarchy, up) == NULL)
            scree__copc_say(check, SCREE__R3, "node %d-%d-%d-%d: its parent %d-%d-%d-%d is missing",
                            key.level, key.x, key.y, key.z, up.level, up.x, up.y, up.z);
    }
    if (entry->point_count == 0)
        scree__copc_say(check, SCREE__R4, "node %d-%d-%d-%d has no points", key.level, key.x, key.y,
                        key.z);
    else if (entry->point_count > NODE_POINTS_MANY)
        scree__copc_say(check, SCREE__R16, "node %d-%d-%d-%d has %d points", key.level, key.x,
                        key.y, key.z, entry->point_count);
}

static void check_nodes(struct scree__copc_check *check)
{
    const struct scree__copc_hierarchy *h = &check->hierarchy;
    uint64_t points = 0;
    for (uint64_t i = 0; i < h->entry_count; i++) {
        check_node(check, &h->entries[i]);
        points += (uint64_t)h->entries[i].point_count;
    }
    const struct scree_copc_key root = {0, 0, 0, 0};
    const struct scree_copc_entry *top = scree__copc_hierarchy_find(h, root);
    if (top == NULL)
        scree__copc_say(check, SCREE__R2, "the root node 0-0-0-0 is missing");
    else if (top->point_count == 0 && check->header.point_count > 0)
        scree__copc_say(check, SCREE__R2, "the root node 0-0-0-0 has no points");
    if (points != check->header.point_count)
        scree__copc_say(check, SCREE__COPC_POINT_COUNT,
                        "the nodes have %" PRIu64 " points, the header %" PRIu64, points,
                        check->header.point_count);
}

/* ------------------------------------------------------------------------ nodes and chunk table */

static enum scree_status sort_nodes(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree__copc_hierarchy *h = &check->hierarchy;
    uint64_t count = 0;
    for (uint64_t i = 0; i < h->entry_count; i++)
        count += h->entries[i].point_count > 0;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(check->budget, count * sizeof *check->nodes, &memory, "nodes", err);
    if (status != SCREE_OK)
        return status;
    check->nodes = memory;
    check->node_capacity = count;
    for (uint64_t i = 0; i < h->entry_count; i++) {
        if (h->entries[i].point_count > 0)
            check->nodes[check->node_count++] = h->entries[i];
    }
    scree__copc_entries_sort(check->nodes, check->node_count, scree__copc_entry_compare_offset);
    return SCREE_OK;
}

static void check_node_overlap(struct scree__copc_check *check)
{
    for (uint64_t i = 1; i < check->node_count; i++) {
        const struct scree_copc_entry *a = &check->nodes[i - 1], *b = &check->nodes[i];
        if (a->offset + (uint64_t)a->byte_count > b->offset)
            scree__copc_say(check, SCREE__S12,
                            "the chunks of nodes %d-%d-%d-%d (byte %" PRIu64
                            ") and %d-%d-%d-%d (byte "
                            "%" PRIu64 ") overlap",
                            a->key.level, a->key.x, a->key.y, a->key.z, a->offset, b->key.level,
                            b->key.x, b->key.y, b->key.z, b->offset);
    }
}

static void say_no_chunk(struct scree__copc_check *check, const struct scree_copc_entry *node)
{
    scree__copc_say(check, SCREE__S12,
                    "node %d-%d-%d-%d: the chunk table has no chunk at byte %" PRIu64,
                    node->key.level, node->key.x, node->key.y, node->key.z, node->offset);
}

static void compare_chunk(struct scree__copc_check *check, const struct scree_copc_entry *node,
                          const struct scree_laz_chunk *chunk)
{
    const bool points = check->layout.chunk_points != SCREE_LAZ_VARIABLE_CHUNKS ||
                        (uint64_t)node->point_count == chunk->point_count;
    if ((uint64_t)node->byte_count == chunk->bytes && points)
        return;
    scree__copc_say(check, SCREE__S12,
                    "node %d-%d-%d-%d at byte %" PRIu64
                    " has %d points in %d bytes, its chunk %" PRIu64 " in %" PRIu64,
                    node->key.level, node->key.x, node->key.y, node->key.z, node->offset,
                    node->point_count, node->byte_count, chunk->point_count, chunk->bytes);
}

/* Both are in file order: one pass. */
static void compare_with_chunks(struct scree__copc_check *check)
{
    uint64_t at = (uint64_t)check->header.point_offset + 8, n = 0;
    for (uint32_t i = 0; i < check->chunk_count; i++) {
        while (n < check->node_count && check->nodes[n].offset < at)
            say_no_chunk(check, &check->nodes[n++]);
        if (n < check->node_count && check->nodes[n].offset == at)
            compare_chunk(check, &check->nodes[n++], &check->chunks[i]);
        else if (check->chunks[i].bytes > 0)
            scree__copc_say(check, SCREE__S12,
                            "chunk %" PRIu32 " at byte %" PRIu64 " (%" PRIu64
                            " points) belongs to no node",
                            i, at, check->chunks[i].point_count);
        at += check->chunks[i].bytes;
    }
    while (n < check->node_count)
        say_no_chunk(check, &check->nodes[n++]);
}

enum scree_status scree__copc_check_hierarchy(struct scree__copc_check *check,
                                              struct scree_error *err)
{
    if (!check->has_info)
        return SCREE_OK;
    const struct scree__copc_listener listener = {check, on_fault};
    enum scree_status status = scree__copc_hierarchy_read(
        check->source, &check->info, check->budget, &listener, NULL, &check->hierarchy, err);
    if (status != SCREE_OK)
        return status;
    check->report->node_count = check->hierarchy.entry_count;
    check->report->page_count = check->hierarchy.page_count;
    check_pages(check);
    status = check_overlap(check, err);
    if (status == SCREE_OK)
        check_nodes(check);
    if (status == SCREE_OK)
        status = sort_nodes(check, err);
    if (status != SCREE_OK)
        return status;
    check_node_overlap(check);
    if (check->has_chunks)
        compare_with_chunks(check);
    return SCREE_OK;
}
