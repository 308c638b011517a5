/*
 * temporal_read.h - which points of which nodes can lie in a window of GPS time, by the temporal
 * index of a COPC file (EVLR copc_temporal/1000).
 *
 *     scree__copc_temporal_open(reader, context, &index, &found)     the header: one small read
 *     scree__copc_temporal_spans(&index, t0, t1, nodes, count, spans)
 *     nothing to close
 *
 * A node without points in the window has an empty span. Of the others, all points with
 * t0 <= GPS time <= t1 lie in [begin, end) of the chunk, counted in points from the chunk's first;
 * what else is in there (up to stride - 1 points at either end) the caller filters out. NaN is in no
 * window; -0.0 equals 0.0. No point is lost, whatever times repeat at the samples: the published
 * rule for a node's range loses those between the last sample before t0 and the first one after it
 * (docs/formats/copc_temporal.md).
 *
 * What the index says is believed only where it can be checked: pages lie within the record, each
 * is read once, a node is named once, has the samples that stride and the hierarchy's point count
 * make, and these do not decrease and lie within the times of the pages above. Anything else is
 * SCREE_E_DATA: the caller does without the index then, or gives up. (What cannot be checked here:
 * that the samples are the points' own times. scree_validate() does.)
 */
#ifndef SCREE_LIB_COPC_TEMPORAL_READ_H
#define SCREE_LIB_COPC_TEMPORAL_READ_H

#include "copc/temporal_format.h"
#include "mem/budget.h"
#include "scree/copc.h"

/* Plain data; borrows the source and the context's budget. Threads may share it. */
struct scree__copc_temporal {
    struct scree_source *source;
    struct scree__mem_budget *budget;
    struct scree__temporal_header header;
    uint64_t begin, end; /* of the record's payload in the file */
};

/* Points [begin, end) of a node's chunk. */
struct scree__copc_temporal_span {
    uint64_t begin, end;
};

/*
 * *found false, and SCREE_OK: the file has no temporal index. A version other than 1 is
 * SCREE_E_UNSUPPORTED, a header that contradicts itself or the file SCREE_E_DATA.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_temporal_open(const struct scree_las_reader *reader,
                                                             struct scree_context *context,
                                                             struct scree__copc_temporal *index,
                                                             bool *found, struct scree_error *err);

/*
 * Fills spans[i] for nodes[i]. nodes: entries of the hierarchy, in any order, each key once (such
 * as those that a box has left); entries without points get an empty span. Only pages whose times
 * meet the window and that can hold one of the nodes are read, those of one depth with one
 * scree_source_read_many(). Either bound may be infinite; t0 > t1 is an empty window; NaN is
 * SCREE_E_ARGUMENT. Memory: 4 bytes a node and up to 4 MiB of pages, from the budget.
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_temporal_spans(const struct scree__copc_temporal *index, double t0, double t1,
                           const struct scree_copc_entry *nodes, uint64_t node_count,
                           struct scree__copc_temporal_span *spans, struct scree_error *err);

#endif
