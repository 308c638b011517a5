/* opened.c - an index as the public interface has it. */
#include "vectors/opened.h"
#include "vectors/searching.h"
#include "vectors/svx_inside.h"
#include "vectors/deletions.h"
#include "vectors/manifest.h"
#include "base/error.h"
#include "io/several.h"

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

#define SEGMENT_CACHE_BYTES \
    (256u << 10) /* of a remote segment's source: rows are kept by the index itself */
#define ROW_REQUESTS 10u

struct opening {
    struct scree_context *context;
    const char *location;
    const struct scree_source_options *wanted;
    bool segment_failed; /* could not be opened */
};

static enum scree_status open_segment(void *user, uint32_t number, uint64_t bytes,
                                      struct scree_source **source, struct scree_error *err)
{
    struct opening *opening = user;
    struct scree_source_options options;
    char name[4096];
    scree_source_options_init(&options);
    if (opening->wanted != NULL)
        memcpy(&options, opening->wanted,
               opening->wanted->size < sizeof options ? opening->wanted->size : sizeof options);
    options.context = opening->context;
    options.cache_bytes = SEGMENT_CACHE_BYTES;
    if (!scree__vectors_segment_name(opening->location, number, name))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: too long", opening->location);
    enum scree_status status = scree__io_source_open_known(name, bytes, &options, source, err);
    opening->segment_failed = status == SCREE_E_IO;
    return status;
}

/*
 * The file under the name, and what it says of others. A manifest may be replaced, and segments that only the old one knew removed, between the
 * two: then the new one is read.
 */
static enum scree_status open_file(struct scree_vectors_index *index, const char *location,
                                   const struct scree_vectors_open_options *wanted,
                                   struct scree_error *err)
{
    struct opening opening = {index->context, location, wanted->source_options, false};
    struct scree__vectors_svx_options inner = {.context = index->context,
                                               .cache_bytes = wanted->cache_bytes};
    if (location != NULL) {
        inner.open_segment = open_segment;
        inner.user = &opening;
        inner.row_requests = scree_location_is_remote(location) ? ROW_REQUESTS : 0;
    }
    for (unsigned attempt = 0;; attempt++) {
        struct scree_error own = SCREE_ERROR_INIT;
        enum scree_status status = SCREE_OK;
        if (location != NULL)
            status = open_source(index, location, wanted->source_options, &own);
        opening.segment_failed = false;
        if (status == SCREE_OK)
            status = scree__vectors_svx_open(index->source, &inner, &index->svx, &own);
        if (status == SCREE_OK)
            return status;
        if (!opening.segment_failed || attempt == 3) {
            if (err != NULL)
                *err = own;
            return status;
        }
        scree_source_close(index->source);
        index->source = NULL;
    }
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
    status = open_file(index, location, &wanted, err);
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
    const struct scree__vectors_svx *svx = index->svx;
    memset(info, 0, sizeof *info);
    info->file_bytes = svx->manifest_bytes;
    info->head_bytes = scree__vectors_svx_head_bytes(svx);
    info->column_count = svx->super.column_count;
    info->segment_count = svx->manifest_bytes > 0 ? svx->segment_count : 0;
    info->generation = svx->generation;
    for (uint32_t i = 0; i < svx->segment_count; i++) {
        const struct scree__vectors_segment *segment = &svx->segments[i];
        info->file_bytes += segment->super.file_bytes;
        info->row_count += segment->super.row_count;
        info->tag_set_count += segment->super.tag_bytes > 0 ? segment->super.tag_set_count : 0;
        info->deleted_count += segment->deleted_count;
    }
    memcpy(info->writer, svx->super.writer, sizeof info->writer);
}

void scree_vectors_segment_info(const struct scree_vectors_index *index, uint32_t at,
                                struct scree_vectors_segment_info *info)
{
    const struct scree__vectors_segment *segment = &index->svx->segments[at];
    memset(info, 0, sizeof *info);
    info->name = scree_source_name(segment->source);
    info->number = segment->number;
    info->file_bytes = segment->super.file_bytes;
    info->row_count = segment->super.row_count;
    info->deleted_count = segment->deleted_count;
    info->least_id = segment->least_id;
    info->most_id = segment->most_id;
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
    info->vector_count = from->public_.vector_count;
    for (uint32_t s = 0; s < index->svx->segment_count; s++) {
        const struct scree__vectors_column_head *part = &index->svx->segments[s].heads[column];
        info->skipped_count += part->skipped_count;
        info->codes_bytes += part->codes_bytes;
        info->rows_bytes += part->rows_bytes;
    }
    info->seed = head->seed;
    info->recall_count = from->public_.recall_count;
    for (uint32_t i = 0; i < head->list_count; i++) {
        uint64_t count = 0;
        for (uint32_t s = 0; s < index->svx->segment_count; s++)
            count += from->lists[(size_t)s * head->list_count + i].count;
        info->empty_list_count += count == 0;
        if (count > info->largest_list)
            info->largest_list = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
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
