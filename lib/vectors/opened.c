/* opened.c - an index as the public interface has it. */
#include "vectors/opened.h"
#include "vectors/searching.h"
#include "vectors/svx_inside.h"
#include "vectors/deletions.h"
#include "base/error.h"

#include <string.h>

#define CACHE_BYTES ((uint64_t)256 << 20)
#define HEAD_BYTES (2u << 20) /* heads of a million vectors of 768 dimensions */

void scree_vectors_open_options_init(struct scree_vectors_open_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* The head comes with the first request of a remote source, the recalls, if there are any, with the one for its end. */
static enum scree_status open_source(struct scree_vectors_index *index, const char *location,
                                     const struct scree_source_options *wanted,
                                     struct scree_error *err)
{
    struct scree_source_options options;
    scree_source_options_init(&options);
    if (wanted != NULL)
        memcpy(&options, wanted, wanted->size < sizeof options ? wanted->size : sizeof options);
    options.context = index->context;
    if (options.head_bytes < HEAD_BYTES)
        options.head_bytes = HEAD_BYTES;
    options.tail_bytes = 0;
    if (options.cache_bytes < 2 * (uint64_t)HEAD_BYTES)
        options.cache_bytes = 2 * (uint64_t)HEAD_BYTES;
    return scree_source_open(location, &options, &index->source, err);
}

/* location NULL: over the source. */
static enum scree_status open_index(struct scree_context *context, const char *location,
                                    struct scree_source *source,
                                    const struct scree_vectors_open_options *options,
                                    struct scree_vectors_index **out, struct scree_error *err)
{
    void *memory;
    struct scree_vectors_open_options wanted;
    *out = NULL;
    scree_vectors_open_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    if (wanted.cache_bytes == 0)
        wanted.cache_bytes =
            context != NULL ? scree_context_budget_bytes(context) / 2 : CACHE_BYTES;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_vectors_index), &memory, "index", err);
    if (status != SCREE_OK)
        return status;
    struct scree_vectors_index *index = memory;
    memset(index, 0, sizeof *index);
    index->context = context;
    index->source = source;
    index->own_source = location != NULL;
    if (location != NULL)
        status = open_source(index, location, wanted.source_options, err);
    struct scree__vectors_svx_options inner = {context, wanted.cache_bytes};
    if (status == SCREE_OK)
        status = scree__vectors_svx_open(index->source, &inner, &index->svx, err);
    if (status == SCREE_OK)
        status = scree__vectors_deletions_load(index->svx, location, wanted.source_options, err);
    if (status == SCREE_OK)
        status = scree__vectors_searching_new(context, index->svx, &index->searching, err);
    if (status != SCREE_OK) {
        scree_vectors_close(index);
        return status;
    }
    *out = index;
    return SCREE_OK;
}

enum scree_status scree_vectors_open(struct scree_context *context, const char *location,
                                     const struct scree_vectors_open_options *options,
                                     struct scree_vectors_index **index, struct scree_error *err)
{
    return open_index(context, location, NULL, options, index, err);
}

enum scree_status scree_vectors_open_source(struct scree_context *context,
                                            struct scree_source *source,
                                            const struct scree_vectors_open_options *options,
                                            struct scree_vectors_index **index,
                                            struct scree_error *err)
{
    return open_index(context, NULL, source, options, index, err);
}

void scree_vectors_close(struct scree_vectors_index *index)
{
    if (index == NULL)
        return;
    scree__vectors_searching_free(index->searching);
    scree__vectors_svx_close(index->svx);
    if (index->own_source)
        scree_source_close(index->source);
    scree__mem_free(NULL, index, sizeof *index);
}

void scree_vectors_info(const struct scree_vectors_index *index, struct scree_vectors_info *info)
{
    const struct scree__vectors_super *super = &index->svx->super;
    memset(info, 0, sizeof *info);
    info->file_bytes = super->file_bytes;
    info->head_bytes = super->head_bytes;
    info->row_count = super->row_count;
    info->column_count = super->column_count;
    info->tag_set_count = super->tag_bytes > 0 ? super->tag_set_count : 0;
    info->deleted_count = index->svx->deleted_count;
    memcpy(info->writer, super->writer, sizeof info->writer);
}

void scree_vectors_column_info(const struct scree_vectors_index *index, uint32_t column,
                               struct scree_vectors_column_info *info)
{
    const struct scree__vectors_svx_column *from = &index->svx->columns[column];
    const struct scree__vectors_column_head *head = &from->head;
    memset(info, 0, sizeof *info);
    info->name = head->name;
    info->metric = head->shape.metric;
    info->rerank = head->shape.rerank;
    info->dim = head->shape.dim;
    info->bits = head->shape.bits;
    info->list_count = head->list_count;
    info->vector_count = head->vector_count;
    info->skipped_count = head->skipped_count;
    info->codes_bytes = head->codes_bytes;
    info->rows_bytes = head->rows_bytes;
    info->seed = head->seed;
    info->recall_count = from->public_.recall_count;
    for (uint32_t i = 0; i < head->list_count; i++) {
        info->empty_list_count += from->lists[i].count == 0;
        if (from->lists[i].count > info->largest_list)
            info->largest_list = from->lists[i].count;
    }
}

void scree_vectors_recall_info(const struct scree_vectors_index *index, uint32_t column,
                               uint32_t at, struct scree_vectors_recall_info *info)
{
    const struct scree__vectors_recall_point *from = &index->svx->columns[column].recalls[at];
    info->k = from->k;
    info->nprobe = from->nprobe;
    info->candidates = from->candidates;
    info->recall = from->recall;
}
