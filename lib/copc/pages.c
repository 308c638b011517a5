/*
 * pages.c - cutting the hierarchy. From the leaves up, each node counts the entries of its subtree
 * that would lie in its page; where they become too many, the child with the most is given a page
 * of its own and leaves one pointer behind.
 */
#include "copc/pages.h"
#include "base/error.h"
#include "copc/format.h"

#include <string.h>

struct cutter {
    const struct scree__copc_page_node *nodes;
    uint64_t node_count;
    uint64_t page_entries;
    uint32_t *entries;     /* of the node's subtree in its page, with itself */
    uint32_t *first_child; /* lists of children; node_count: none */
    uint32_t *next_sibling;
    uint32_t *page; /* page of the node's own entry */
    bool *starts_page;
};

/* Cuts children off `node` until its page part fits. */
static void fit_page(struct cutter *cutter, uint64_t node)
{
    while (cutter->entries[node] > cutter->page_entries) {
        uint64_t largest = cutter->node_count;
        for (uint32_t child = cutter->first_child[node]; child < cutter->node_count;
             child = cutter->next_sibling[child])
            if (!cutter->starts_page[child] && cutter->entries[child] > 1 &&
                (largest == cutter->node_count ||
                 cutter->entries[child] > cutter->entries[largest]))
                largest = child;
        if (largest == cutter->node_count)
            return; /* only single entries are left: at most 9 in all */
        cutter->starts_page[largest] = true;
        cutter->entries[node] -= cutter->entries[largest] - 1; /* one pointer stays */
    }
}

static void cut(struct cutter *cutter)
{
    uint32_t none = (uint32_t)cutter->node_count;
    uint64_t root = cutter->node_count - 1;
    for (uint64_t i = 0; i < cutter->node_count; i++) {
        cutter->entries[i] = 1;
        cutter->first_child[i] = cutter->next_sibling[i] = none;
        cutter->starts_page[i] = false;
    }
    for (uint64_t i = 0; i < cutter->node_count; i++) {
        fit_page(cutter, i); /* its children come before it: their counts are final */
        if (i == root)
            break;
        uint32_t parent = cutter->nodes[i].parent;
        cutter->next_sibling[i] = cutter->first_child[parent];
        cutter->first_child[parent] = (uint32_t)i;
        cutter->entries[parent] += cutter->entries[i];
    }
    cutter->starts_page[root] = true;
}

/* Numbers the pages from the root down, and counts the entries of each. counts: one a page, zeroed.
 * Returns the number of pages. */
static uint64_t number_pages(struct cutter *cutter, uint32_t *counts)
{
    uint64_t page_count = 0;
    for (uint64_t i = cutter->node_count; i-- > 0;) {
        uint64_t parent_page = cutter->page[cutter->nodes[i].parent];
        if (cutter->starts_page[i]) {
            if (i + 1 != cutter->node_count)
                counts[parent_page]++; /* the pointer */
            cutter->page[i] = (uint32_t)page_count++;
        } else {
            cutter->page[i] = (uint32_t)parent_page;
        }
        counts[cutter->page[i]]++;
    }
    return page_count;
}

/* Entries from the root down; a page's own root comes first in it. */
static void fill_pages(const struct cutter *cutter, uint8_t *bytes, uint64_t *starts,
                       uint32_t *used, const uint32_t *counts, uint64_t payload_offset)
{
    for (uint64_t i = cutter->node_count; i-- > 0;) {
        const struct scree_copc_entry *entry = &cutter->nodes[i].entry;
        uint64_t page = cutter->page[i];
        if (cutter->starts_page[i] && i + 1 != cutter->node_count) {
            uint64_t parent_page = cutter->page[cutter->nodes[i].parent];
            struct scree_copc_entry pointer = *entry;
            pointer.offset = payload_offset + starts[page];
            pointer.byte_count = (int32_t)(counts[page] * SCREE__COPC_ENTRY_BYTES);
            pointer.point_count = SCREE__COPC_PAGE_POINTER;
            scree__copc_entry_store(bytes + starts[parent_page] +
                                        used[parent_page]++ * (uint64_t)SCREE__COPC_ENTRY_BYTES,
                                    &pointer);
        }
        scree__copc_entry_store(
            bytes + starts[page] + used[page]++ * (uint64_t)SCREE__COPC_ENTRY_BYTES, entry);
    }
}

enum scree_status scree__copc_pages_build(struct scree__copc_pages *pages,
                                          struct scree__mem_budget *budget,
                                          const struct scree__copc_page_node *nodes,
                                          uint64_t node_count, uint64_t page_entries,
                                          uint64_t payload_offset, struct scree_error *err)
{
    static const char what[] = "hierarchy";
    struct cutter cutter = {.nodes = nodes, .node_count = node_count, .page_entries = page_entries};
    /* Six numbers a node (entries, two links, page; a page's count and fill), a page's start, and
     * the flag. */
    uint64_t work_bytes = node_count * (6 * sizeof(uint32_t) + sizeof(uint64_t) + sizeof(bool));
    void *memory;
    memset(pages, 0, sizeof *pages);
    if (node_count == 0 || node_count >= UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "hierarchy of %llu nodes",
                                (unsigned long long)node_count);
    enum scree_status status = scree__mem_alloc(budget, work_bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, work_bytes);
    uint64_t *starts = memory;
    cutter.entries = (uint32_t *)(starts + node_count);
    cutter.first_child = cutter.entries + node_count;
    cutter.next_sibling = cutter.first_child + node_count;
    cutter.page = cutter.next_sibling + node_count;
    uint32_t *counts = cutter.page + node_count;
    uint32_t *used = counts + node_count;
    cutter.starts_page = (bool *)(used + node_count);

    cut(&cutter);
    pages->page_count = number_pages(&cutter, counts);
    for (uint64_t p = 0; p < pages->page_count; p++) {
        starts[p] = pages->byte_count;
        pages->byte_count += counts[p] * (uint64_t)SCREE__COPC_ENTRY_BYTES;
    }
    pages->root_bytes = counts[0] * (uint64_t)SCREE__COPC_ENTRY_BYTES;
    uint8_t *bytes = NULL;
    status = scree__mem_alloc(budget, pages->byte_count, &memory, what, err);
    if (status == SCREE_OK) {
        bytes = memory;
        fill_pages(&cutter, bytes, starts, used, counts, payload_offset);
        pages->bytes = bytes;
    }
    scree__mem_free(budget, starts, work_bytes);
    return status;
}

void scree__copc_pages_release(struct scree__copc_pages *pages, struct scree__mem_budget *budget)
{
    scree__mem_free(budget, pages->bytes, pages->byte_count);
    memset(pages, 0, sizeof *pages);
}
