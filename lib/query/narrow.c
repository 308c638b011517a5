/* narrow.c - nodes and windows of time. Without an index of time, every node keeps all its points. */
#include "query/narrow.h"

enum scree_status scree__query_narrow(struct scree_query *query, uint32_t index,
                                      const struct scree_las_reader *reader,
                                      const struct scree_copc *copc, uint64_t first_node,
                                      struct scree_error *err)
{
    (void)query;
    (void)index;
    (void)reader;
    (void)copc;
    (void)first_node;
    (void)err;
    return SCREE_OK;
}
