/*
 * temporal_pages.h - which entry of a temporal index lies in which page. The result depends on keys,
 * sample counts and times alone.
 *
 * The root page is at most 16 KiB, others at most 256 KiB, unless the entry of one node alone is
 * larger. A page below another one is at least 16 KiB, unless it hangs off the root page, which has
 * no other way to stay small. Pages follow each other in the order of a depth-first walk, so that
 * those of one region are neighbours; entries of a page are in order of level, x, y, z.
 */
#ifndef SCREE_LIB_COPC_TEMPORAL_PAGES_H
#define SCREE_LIB_COPC_TEMPORAL_PAGES_H

#include "copc/temporal_format.h"
#include "mem/budget.h"

#define SCREE__TEMPORAL_ROOT_PAGE_BYTES ((uint64_t)16 << 10)
#define SCREE__TEMPORAL_PAGE_BYTES ((uint64_t)256 << 10)
#define SCREE__TEMPORAL_PAGE_BYTES_MIN ((uint64_t)16 << 10)

struct scree__temporal_page_node {
    struct scree_copc_key key;
    uint32_t sample_count;     /* 0: a node without points, which gets no entry */
    double time_min, time_max; /* of its numbers; both NaN: it has none */
};

/* An entry of a page: a node's own, or the pointer to the page that begins with it. */
struct scree__temporal_item {
    uint32_t node;
    bool is_pointer;
};

struct scree__temporal_page {
    uint64_t start, bytes; /* start: from the first page's */
    uint64_t first_item, item_count;
};

struct scree__temporal_pages {
    struct scree__temporal_item *items;
    struct scree__temporal_page *pages; /* the root page first */
    uint64_t item_count, page_count, byte_count;
    /* By node; of the subtree that it is the top of. */
    uint32_t *page_of;
    double *subtree_min, *subtree_max;
    void *memory; /* all of the above */
    uint64_t memory_bytes;
};

/*
 * nodes: item_bytes apart, each begins with a struct scree__temporal_page_node; any order, each key
 * once, at least one, with every node's parent: else SCREE_E_DATA. A page beyond 4 GiB:
 * SCREE_E_UNSUPPORTED. Release after failure, too.
 */
SCREE_MUST_CHECK enum scree_status scree__temporal_pages_plan(struct scree__temporal_pages *pages,
                                                              struct scree__mem_budget *budget,
                                                              const void *nodes, size_t item_bytes,
                                                              uint64_t node_count,
                                                              struct scree_error *err);
void scree__temporal_pages_release(struct scree__temporal_pages *pages,
                                   struct scree__mem_budget *budget);

/* Memory for that many nodes, while it is planned. */
uint64_t scree__temporal_pages_memory(uint64_t node_count);

#endif
