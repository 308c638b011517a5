/*
 * hierarchy_read.h - the walk over all hierarchy pages of a COPC file. scree_copc_open() stops at
 * the first fault that matters; the validator hears all of them and goes on.
 */
#ifndef SCREE_LIB_COPC_HIERARCHY_READ_H
#define SCREE_LIB_COPC_HIERARCHY_READ_H

#include "mem/budget.h"
#include "scree/copc.h"

/* What can be wrong with a page or an entry. Up to FATAL_LAST the entry or page is left out. */
enum scree__copc_fault {
    SCREE__COPC_PAGE_RANGE,    /* not within the file */
    SCREE__COPC_PAGE_SIZE,     /* zero, or not a multiple of 32 */
    SCREE__COPC_PAGE_TWICE,    /* a page that was read already: a loop, or two pointers to it */
    SCREE__COPC_PAGE_DEPTH,    /* nested too deep */
    SCREE__COPC_PAGE_TOTAL,    /* all pages together are larger than the file */
    SCREE__COPC_KEY_INVALID,   /* level or coordinate outside the octree */
    SCREE__COPC_COUNT_INVALID, /* a point count below -1 */
    SCREE__COPC_CHUNK_SIZE,    /* points, but no bytes */
    SCREE__COPC_CHUNK_RANGE,   /* not within the file */
    SCREE__COPC_KEY_TWICE,
    SCREE__COPC_FATAL_LAST = SCREE__COPC_KEY_TWICE,
    SCREE__COPC_PAGE_NO_ROOT,    /* the page lacks the entry of the key that its pointer names */
    SCREE__COPC_PAGE_SCOPE,      /* the entry is not under the page's key */
    SCREE__COPC_EMPTY_HAS_CHUNK, /* no points, but an offset or a size */
    SCREE__COPC_FAULT_COUNT
};

struct scree__copc_page {
    struct scree_copc_key key; /* that its pointer names; the root page: 0-0-0-0 */
    uint64_t offset, bytes;
    unsigned depth;
};

struct scree__copc_hierarchy {
    struct scree__mem_budget *budget;
    struct scree_copc_entry *entries; /* by level, x, y, z; keys are unique */
    uint64_t entry_count, entry_capacity;
    struct scree__copc_page *pages; /* that were read, in order of reading (breadth first) */
    uint64_t page_count, page_capacity;
    uint64_t *seen; /* set of page offsets: open addressing, 0 is free */
    uint64_t seen_count, seen_capacity;
};

/* A listener for faults. Another status than SCREE_OK ends the walk with it. message: what and
 * where, without the file's name. */
struct scree__copc_listener {
    void *user;
    enum scree_status (*fault)(void *user, enum scree__copc_fault fault, const char *message,
                               struct scree_error *err);
};

/* Which nodes matter. A node that does not is left out; a page that hangs under one is not read. */
struct scree__copc_pruner {
    void *user;
    bool (*wanted)(void *user, struct scree_copc_key key);
};

/*
 * Reads every page from the root page on (that hangs under a wanted key, where pruner is not NULL). Each is within the file and read once, all together are
 * no larger than the file. Release the hierarchy after failure, too.
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_hierarchy_read(struct scree_source *source, const struct scree_copc_info *info,
                           struct scree__mem_budget *budget,
                           const struct scree__copc_listener *listener,
                           const struct scree__copc_pruner *pruner,
                           struct scree__copc_hierarchy *hierarchy, struct scree_error *err);

/* scree_copc_open() with a pruner. */
SCREE_MUST_CHECK enum scree_status scree__copc_open_pruned(const struct scree_las_reader *reader,
                                                           struct scree_context *context,
                                                           const struct scree__copc_pruner *pruner,
                                                           struct scree_copc **copc,
                                                           struct scree_error *err);
/* Bytes of the pages that were read. */
uint64_t scree__copc_page_bytes(const struct scree_copc *copc);
void scree__copc_hierarchy_release(struct scree__copc_hierarchy *hierarchy);

/* Of an open file; info_read.c. */
const struct scree__copc_hierarchy *scree__copc_hierarchy_of(const struct scree_copc *copc);

/* The entry of a key; NULL when there is none. Logarithmic. */
const struct scree_copc_entry *
scree__copc_hierarchy_find(const struct scree__copc_hierarchy *hierarchy,
                           struct scree_copc_key key);

/* In place, n log n, no further memory. */
void scree__copc_entries_sort(struct scree_copc_entry *entries, uint64_t count,
                              int (*compare)(const struct scree_copc_entry *a,
                                             const struct scree_copc_entry *b));
/* By offset, size, key. */
int scree__copc_entry_compare_offset(const struct scree_copc_entry *a,
                                     const struct scree_copc_entry *b);

#endif
