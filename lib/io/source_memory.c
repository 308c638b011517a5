/* source_memory.c - bytes that the caller holds as a source. */
#include "io/source.h"

#include <string.h>

struct memory_source {
    struct scree_source source;
    const uint8_t *bytes;
};

static enum scree_status read_many(struct scree_source *source, const struct scree_range *ranges,
                                   size_t range_count, struct scree_error *err)
{
    const struct memory_source *memory = (const struct memory_source *)source;
    (void)err;
    for (size_t i = 0; i < range_count; i++) {
        if (ranges[i].byte_count > 0)
            memcpy(ranges[i].bytes, memory->bytes + ranges[i].offset, ranges[i].byte_count);
    }
    return SCREE_OK;
}

static const struct scree__io_source_kind kind = {.read_many = read_many,
                                                  .struct_bytes = sizeof(struct memory_source)};

enum scree_status scree_source_open_memory(const void *bytes, uint64_t byte_count, const char *name,
                                           struct scree_source **out, struct scree_error *err)
{
    enum scree_status status = scree__io_source_new(&kind, name, out, err);
    if (status != SCREE_OK)
        return status;
    ((struct memory_source *)*out)->bytes = bytes;
    (*out)->bytes = byte_count;
    return SCREE_OK;
}
