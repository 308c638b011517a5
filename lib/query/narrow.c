/* narrow.c - nodes and windows of time. Without an index of time, every node keeps all its points. */
#include "query/narrow.h"
#include "copc/temporal_read.h"
#include "mem/budget.h"

#include <string.h>

struct narrowing {
    struct scree_query *query;
    uint64_t first_node, count;
    struct scree_copc_entry *entries; /* of the nodes */
    struct scree__copc_temporal_span *spans;
};

static uint64_t narrowing_bytes(const struct narrowing *narrowing)
{
    return narrowing->count * (sizeof *narrowing->entries + sizeof *narrowing->spans);
}

static void pick_entries(const struct narrowing *narrowing, const struct scree_copc *copc)
{
    uint64_t filled = 0;
    for (uint64_t i = 0; i < scree_copc_entry_count(copc) && filled < narrowing->count; i++)
        if (scree_copc_entries(copc)[i].point_count > 0)
            narrowing->entries[filled++] = scree_copc_entries(copc)[i];
}

/* Nodes that hold nothing in the window go. */
static void keep_spans(const struct narrowing *narrowing)
{
    struct scree_query *query = narrowing->query;
    uint64_t kept = narrowing->first_node;
    for (uint64_t i = 0; i < narrowing->count; i++) {
        struct scree__query_node node = query->nodes[narrowing->first_node + i];
        node.begin = narrowing->spans[i].begin;
        node.end = narrowing->spans[i].end;
        if (node.begin < node.end)
            query->nodes[kept++] = node;
    }
    query->node_count = kept;
}

static enum scree_status narrow_by(struct narrowing *narrowing,
                                   const struct scree__copc_temporal *index,
                                   const struct scree_copc *copc, struct scree_error *err)
{
    const struct scree__query_window *window = &narrowing->query->filter.window;
    struct scree__mem_budget *budget = narrowing->query->budget;
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, narrowing_bytes(narrowing), &memory,
                                                "nodes in a window of time", err);
    if (status != SCREE_OK)
        return status;
    narrowing->entries = memory;
    narrowing->spans = (struct scree__copc_temporal_span *)(narrowing->entries + narrowing->count);
    pick_entries(narrowing, copc);
    status = scree__copc_temporal_spans(index, window->begin, window->end, narrowing->entries,
                                        narrowing->count, narrowing->spans, err);
    if (status == SCREE_OK)
        keep_spans(narrowing);
    scree__mem_free(budget, memory, narrowing_bytes(narrowing));
    return status;
}

enum scree_status scree__query_narrow(struct scree_query *query, uint32_t index,
                                      const struct scree_las_reader *reader,
                                      const struct scree_copc *copc, uint64_t first_node,
                                      struct scree_error *err)
{
    struct scree__copc_temporal temporal;
    struct scree_error why = SCREE_ERROR_INIT;
    struct narrowing narrowing = {
        .query = query, .first_node = first_node, .count = query->node_count - first_node};
    bool found = false;
    if (narrowing.count == 0)
        return SCREE_OK;
    enum scree_status status =
        scree__copc_temporal_open(reader, query->context, &temporal, &found, &why);
    if (status == SCREE_OK && found)
        status = narrow_by(&narrowing, &temporal, copc, &why);
    if (status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED) {
        scree__par_log(query->context, SCREE_LOG_WARNING, "%s: done without the temporal index: %s",
                       query->sources[index].path, why.message);
        return SCREE_OK;
    }
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}
