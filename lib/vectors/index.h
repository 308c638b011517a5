/* index.h - an opened index: its columns made ready for searches, and searchers that wait for the next one. */
#ifndef SCREE_LIB_VECTORS_INDEX_H
#define SCREE_LIB_VECTORS_INDEX_H

#include "par/lock.h"
#include "vectors/searcher.h"

struct scree__vectors_idle {
    struct scree__vectors_searcher searcher;
    struct scree__vectors_idle *next;
};

struct scree__vectors_open_column {
    bool ready;
    struct scree__vectors_target target;
    struct scree__vectors_idle *idle;
};

struct scree_vectors_index {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree_source *source; /* NULL: the caller's */
    struct scree__vectors_svx *svx;
    struct scree__par_lock lock; /* of columns */
    uint32_t column_count;
    struct scree__vectors_open_column *columns;
};

/* Checks options, finds the column and makes it ready; all of *want but the filter. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_want_set(struct scree_vectors_index *index,
                        const struct scree_vectors_search_options *options, uint32_t *column,
                        struct scree__vectors_want *want, struct scree_error *err);

/* A searcher of a column that is ready, and back; what it has done is added to *statistics (may be NULL). */
SCREE_MUST_CHECK enum scree_status scree__vectors_searcher_take(struct scree_vectors_index *index,
                                                                uint32_t column,
                                                                struct scree__vectors_idle **idle,
                                                                struct scree_error *err);
void scree__vectors_searcher_give(struct scree_vectors_index *index, uint32_t column,
                                  struct scree__vectors_idle *idle,
                                  struct scree_vectors_search_statistics *statistics);

#endif
