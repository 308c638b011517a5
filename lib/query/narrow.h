/*
 * narrow.h - the one place where an index of time makes nodes smaller before they are read: given the nodes that a query has
 * chosen of a file and its window of time, which points of each can matter. Exactness does not rest on it: every
 * point that is left is still tested.
 */
#ifndef SCREE_LIB_QUERY_NARROW_H
#define SCREE_LIB_QUERY_NARROW_H

#include "query/job.h"

/*
 * Sets begin and end of query->nodes[first_node ...], all of them of source `index` and in the order of the entries of
 * `copc` that have points; takes out nodes that hold nothing in the window. Only with query->filter.has_window.
 */
SCREE_MUST_CHECK enum scree_status scree__query_narrow(struct scree_query *query, uint32_t index,
                                                       const struct scree_las_reader *reader,
                                                       const struct scree_copc *copc,
                                                       uint64_t first_node,
                                                       struct scree_error *err);

#endif
