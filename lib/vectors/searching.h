/* searching.h - what searches keep with an opened index: columns made ready, and searchers that wait for the next query. */
#ifndef SCREE_LIB_VECTORS_SEARCHING_H
#define SCREE_LIB_VECTORS_SEARCHING_H

#include "par/lock.h"
#include "vectors/opened.h"
#include "vectors/searcher.h"

struct scree__vectors_idle {
    struct scree__vectors_searcher searcher;
    struct scree__vectors_idle *next;
};

struct scree__vectors_ready_column {
    bool ready;
    struct scree__vectors_target target;
    struct scree__vectors_idle *idle;
};

struct scree__vectors_searching {
    struct scree__mem_budget *budget;
    struct scree__vectors_svx *svx;
    struct scree__par_lock lock; /* of columns */
    uint32_t column_count;
    struct scree__vectors_ready_column *columns;
};

SCREE_MUST_CHECK enum scree_status
scree__vectors_searching_new(struct scree_context *context, struct scree__vectors_svx *svx,
                             struct scree__vectors_searching **searching, struct scree_error *err);
void scree__vectors_searching_free(struct scree__vectors_searching *searching); /* accepts NULL */

/* The caller's options, of whatever version they are, with defaults for what it does not know; NULL: defaults. */
void scree__vectors_search_options_take(struct scree_vectors_search_options *own,
                                        const struct scree_vectors_search_options *given);

/* Checks options, finds the column and makes it ready; all of *want but the filter. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_want_set(struct scree__vectors_searching *searching,
                        const struct scree_vectors_search_options *options, uint32_t *column,
                        struct scree__vectors_want *want, struct scree_error *err);

/* A searcher of a column that is ready, and back; what it has done is added to *statistics (may be NULL). */
SCREE_MUST_CHECK enum scree_status
scree__vectors_searcher_take(struct scree__vectors_searching *searching, uint32_t column,
                             struct scree__vectors_idle **idle, struct scree_error *err);
void scree__vectors_searcher_give(struct scree__vectors_searching *searching, uint32_t column,
                                  struct scree__vectors_idle *idle,
                                  struct scree_vectors_search_statistics *statistics);

#endif
