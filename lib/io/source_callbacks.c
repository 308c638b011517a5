/* source_callbacks.c - bytes that the caller reads. */
#include "io/source.h"

struct callback_source {
    struct scree_source source;
    struct scree_source_callbacks callbacks;
};

static enum scree_status read_many(struct scree_source *source, const struct scree_range *ranges,
                                   size_t range_count, struct scree_error *err)
{
    const struct callback_source *it = (const struct callback_source *)source;
    return it->callbacks.read_many(it->callbacks.user, ranges, range_count, err);
}

static void release(struct scree_source *source)
{
    const struct callback_source *it = (const struct callback_source *)source;
    if (it->callbacks.close != NULL)
        it->callbacks.close(it->callbacks.user);
}

static const struct scree__io_source_kind kind = {
    .read_many = read_many, .release = release, .struct_bytes = sizeof(struct callback_source)};

enum scree_status scree_source_open_callbacks(const struct scree_source_callbacks *callbacks,
                                              const char *name, struct scree_source **out,
                                              struct scree_error *err)
{
    enum scree_status status = scree__io_source_new(&kind, name, out, err);
    if (status != SCREE_OK)
        return status;
    ((struct callback_source *)*out)->callbacks = *callbacks;
    (*out)->bytes = callbacks->byte_count;
    return SCREE_OK;
}
