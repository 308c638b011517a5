/* fuzz_temporal.c - any bytes as a COPC file with a temporal index: spans of several time windows lie
 * within their nodes, and a wider window's spans hold a narrower one's. */
#include "copc/temporal_read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a file that was small to begin with. */
#define NODES_MAX 4096u

static void look(const struct scree__copc_temporal *index, const struct scree_copc_entry *nodes,
                 uint64_t count)
{
    static struct scree__copc_temporal_span wide[NODES_MAX], narrow[NODES_MAX];
    static const double windows[][2] = {
        {-INFINITY, INFINITY}, {100, 111}, {103.5, 109}, {105, 105}};
    for (size_t w = 0; w + 1 < sizeof windows / sizeof *windows; w++) {
        if (scree__copc_temporal_spans(index, windows[w][0], windows[w][1], nodes, count, wide,
                                       NULL) != SCREE_OK ||
            scree__copc_temporal_spans(index, windows[w + 1][0], windows[w + 1][1], nodes, count,
                                       narrow, NULL) != SCREE_OK)
            continue;
        for (uint64_t i = 0; i < count; i++) {
            if (wide[i].begin > wide[i].end || wide[i].end > (uint64_t)nodes[i].point_count)
                abort();
            if (narrow[i].begin < narrow[i].end &&
                (narrow[i].begin < wide[i].begin || narrow[i].end > wide[i].end))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_copc *copc = NULL;
    struct scree__copc_temporal index;
    bool found = false;
    if (scree_source_open_memory(data, size, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    if (scree_las_open(source, NULL, &reader, NULL) == SCREE_OK &&
        scree_copc_open(reader, NULL, &copc, NULL) == SCREE_OK &&
        scree_copc_entry_count(copc) <= NODES_MAX &&
        scree__copc_temporal_open(reader, NULL, &index, &found, NULL) == SCREE_OK && found)
        look(&index, scree_copc_entries(copc), scree_copc_entry_count(copc));
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
    return 0;
}
