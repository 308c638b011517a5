/*
 * pages.h - the hierarchy cut into pages: subtrees, none larger than page_entries entries, the root
 * page first.
 */
#ifndef SCREE_LIB_COPC_PAGES_H
#define SCREE_LIB_COPC_PAGES_H

#include "scree/copc.h"
#include "mem/budget.h"

/* 64 KiB: what a reader fetches in one request without thinking about it. */
#define SCREE__COPC_PAGE_ENTRIES 2048u

struct scree__copc_page_node {
    struct scree_copc_entry entry;
    uint32_t parent; /* index; the root's is its own */
};

struct scree__copc_pages {
    uint8_t *bytes; /* all pages back to back, as in the file */
    uint64_t byte_count;
    uint64_t root_bytes; /* of the first page */
    uint64_t page_count;
};

/*
 * nodes: a node after its descendants, the root last. payload_offset: where in the file the pages
 * will begin. Free with scree__copc_pages_release().
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_pages_build(struct scree__copc_pages *pages, struct scree__mem_budget *budget,
                        const struct scree__copc_page_node *nodes, uint64_t node_count,
                        uint64_t page_entries, uint64_t payload_offset, struct scree_error *err);

void scree__copc_pages_release(struct scree__copc_pages *pages, struct scree__mem_budget *budget);

#endif
