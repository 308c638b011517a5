/* fuzz_copc.c - any bytes as a COPC file: its info record and every page of its hierarchy. What comes out keeps what scree/copc.h promises. */
#include "scree/copc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int compare(const struct scree_copc_key *a, const struct scree_copc_key *b)
{
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return a->z < b->z ? -1 : a->z > b->z;
}

static void check(const struct scree_copc *copc, size_t size)
{
    const struct scree_copc_entry *entries = scree_copc_entries(copc);
    uint64_t count = scree_copc_entry_count(copc);
    if (count > size / 32 || scree_copc_page_count(copc) > size / 32)
        abort();
    for (uint64_t i = 0; i < count; i++) {
        const struct scree_copc_entry *entry = &entries[i];
        if (i > 0 && compare(&entries[i - 1].key, &entry->key) >= 0)
            abort();
        if (entry->point_count < 0 || entry->byte_count < 0)
            abort();
        if (entry->point_count > 0 &&
            (entry->offset > size || (uint64_t)entry->byte_count > size - entry->offset))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_copc *copc = NULL;
    if (scree_source_open_memory(data, size, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    if (scree_las_open(source, NULL, &reader, NULL) == SCREE_OK &&
        scree_copc_open(reader, NULL, &copc, NULL) == SCREE_OK)
        check(copc, size);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
    return 0;
}
