/* svx_unpack.c - sections of a head, as they are in the file, into memory; every number against the others. */
#include "vectors/svx_inside.h"
#include "vectors/build.h"
#include "vectors/tags.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

enum scree_status scree__vectors_svx_alloc(struct scree__vectors_svx *svx, uint64_t bytes, void *to,
                                           const char *what, struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status = scree__mem_alloc(svx->budget, bytes, &memory, what, err);
    if (status == SCREE_OK && bytes > 0)
        memset(memory, 0, bytes);
    memcpy(to, &memory, sizeof memory);
    return status;
}

/* Lists follow each other without gaps, so that their places follow from their counts. */
static enum scree_status unpack_lists(struct scree__vectors_svx *svx,
                                      struct scree__vectors_svx_column *column, uint32_t at,
                                      const struct scree__vectors_column_head *head,
                                      const uint8_t *bytes, struct scree_error *err)
{
    struct scree__vectors_list *lists = column->lists + (size_t)at * head->list_count;
    uint64_t block = head->codes_offset, rows = head->rows_offset, vectors = 0;
    uint64_t end = head->codes_offset + head->codes_bytes;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < head->list_count; i++) {
        struct scree__vectors_list *list = &lists[i];
        scree__vectors_list_load(bytes + (size_t)i * SCREE__VECTORS_LIST_BYTES, list);
        uint64_t size = scree__vectors_block_bytes(&head->shape, list->count);
        bool fits = list->count <= SCREE__VECTORS_LIST_COUNT_MAX && list->block_offset == block &&
                    list->rows_offset == rows && size <= end - block &&
                    list->radius >= list->min_radius && list->min_radius >= 0 &&
                    scree__base_load32(bytes + (size_t)i * SCREE__VECTORS_LIST_BYTES + 36) == 0;
        if (!fits)
            return scree__base_fail(err, SCREE_E_DATA,
                                    "%s: column '%s': list %u does not fit the rest",
                                    scree_source_name(svx->source), head->name, i);
        block += size;
        rows += (uint64_t)list->count * head->row_stride;
        vectors += list->count;
    }
    if ((vectors != head->vector_count || block != end))
        status = scree__base_fail(
            err, SCREE_E_DATA, "%s: column '%s': its lists hold %llu vectors, expected %llu",
            scree_source_name(svx->source), head->name, (unsigned long long)vectors,
            (unsigned long long)head->vector_count);
    return status;
}

static enum scree_status unpack_centroids(struct scree__vectors_svx *svx,
                                          struct scree__vectors_svx_column *column,
                                          const uint8_t *bytes, struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &column->head;
    uint32_t stride = scree__vectors_stride(head->shape.dim);
    column->centroids_bytes = (uint64_t)head->list_count * stride * sizeof(float);
    enum scree_status status = scree__vectors_svx_alloc(svx, column->centroids_bytes,
                                                        &column->centroids, "centroids", err);
    for (uint32_t i = 0; i < head->list_count && status == SCREE_OK; i++) {
        float *centroid = column->centroids + (size_t)i * stride;
        scree__vectors_centroid_load(bytes, head->shape.dim, i, centroid);
        if (scree__vectors_bad_component(centroid, head->shape.dim) < head->shape.dim)
            status =
                scree__base_fail(err, SCREE_E_DATA, "%s: column '%s': centroid %u is not finite",
                                 scree_source_name(svx->source), head->name, i);
    }
    return status;
}

static enum scree_status unpack_recalls(struct scree__vectors_svx *svx,
                                        struct scree__vectors_svx_column *column, uint32_t index,
                                        const uint8_t *bytes, uint32_t all, struct scree_error *err)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all; i++)
        count += scree__base_load32(bytes + (size_t)i * SCREE__VECTORS_RECALL_BYTES) == index;
    column->recalls_bytes = count * sizeof *column->recalls;
    enum scree_status status =
        scree__vectors_svx_alloc(svx, column->recalls_bytes, &column->recalls, "recalls", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_recall_point *to = column->recalls;
    for (uint32_t i = 0; i < all; i++) {
        const uint8_t *p = bytes + (size_t)i * SCREE__VECTORS_RECALL_BYTES;
        if (scree__base_load32(p) != index)
            continue;
        uint32_t bits = scree__base_load32(p + 16);
        *to = (struct scree__vectors_recall_point){
            scree__base_load32(p + 4), scree__base_load32(p + 8), scree__base_load32(p + 12), 0};
        memcpy(&to->recall, &bits, sizeof bits);
        if (!(to->recall >= 0 && to->recall <= 1) || to->k == 0 || to->nprobe == 0)
            return scree__base_fail(err, SCREE_E_DATA, "%s: recall %u cannot be",
                                    scree_source_name(svx->source), i);
        to++;
    }
    column->public_.recalls = column->recalls;
    column->public_.recall_count = count;
    return SCREE_OK;
}

enum scree_status scree__vectors_svx_unpack_recalls(struct scree__vectors_svx *svx,
                                                    const uint8_t *bytes, uint32_t byte_count,
                                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < svx->super.column_count && status == SCREE_OK; i++)
        status = unpack_recalls(svx, &svx->columns[i], i, bytes,
                                byte_count / SCREE__VECTORS_RECALL_BYTES, err);
    return status;
}

/* Memory for lists of all segments, and what they share. */
static enum scree_status begin_column(struct scree__vectors_svx *svx,
                                      struct scree__vectors_svx_column *column,
                                      const struct scree__vectors_section *sections,
                                      struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &column->head;
    struct scree__vectors_column *to = &column->public_;
    uint64_t lists = (uint64_t)svx->segment_count * head->list_count;
    if (lists > SCREE__VECTORS_LISTS_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: column '%s': more than %u lists",
                                scree_source_name(svx->source), head->name,
                                SCREE__VECTORS_LISTS_MAX);
    column->lists_bytes = lists * sizeof *column->lists;
    column->pieces_bytes = 2 * lists * sizeof *column->pieces;
    column->shapes_bytes = svx->segment_count * sizeof *column->shapes;
    enum scree_status status =
        scree__vectors_svx_alloc(svx, head->rotation_bytes, &column->rotation, "rotation", err);
    if (status == SCREE_OK)
        memcpy(column->rotation, sections[0].bytes, head->rotation_bytes);
    if (status == SCREE_OK)
        status =
            scree__vectors_svx_alloc(svx, column->shapes_bytes, &column->shapes, "columns", err);
    if (status == SCREE_OK)
        status =
            scree__vectors_svx_alloc(svx, column->lists_bytes, &column->lists, "directory", err);
    if (status == SCREE_OK)
        status = unpack_centroids(svx, column, sections[2].bytes, err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_alloc(svx, column->pieces_bytes, &column->pieces, "lists", err);
    memcpy(to->name, head->name, sizeof to->name);
    to->shape = head->shape;
    to->list_count = head->list_count;
    to->seed = head->seed;
    to->segment_count = svx->segment_count;
    to->shapes = column->shapes;
    to->lists = column->lists;
    to->centroids = column->centroids;
    to->centroid_stride = scree__vectors_stride(head->shape.dim);
    to->rotation = column->rotation;
    to->rotation_bytes = head->rotation_bytes;
    return status;
}

static enum scree_status unpack_tags(struct scree__vectors_svx *svx,
                                     struct scree__vectors_segment *segment,
                                     const struct scree__vectors_section *tags,
                                     struct scree_error *err)
{
    if (tags->byte_count == 0)
        return SCREE_OK;
    const char *fault =
        scree__vectors_tags_fault(tags->bytes, tags->byte_count, segment->super.tag_set_count);
    if (fault != NULL)
        return scree__base_fail(err, SCREE_E_DATA, "%s: tags at byte %llu: %s",
                                scree_source_name(svx->source), (unsigned long long)tags->offset,
                                fault);
    enum scree_status status =
        scree__vectors_svx_alloc(svx, tags->byte_count, &segment->tags, "tags", err);
    if (status == SCREE_OK)
        memcpy(segment->tags, tags->bytes, (size_t)tags->byte_count);
    return status;
}

enum scree_status scree__vectors_svx_unpack(struct scree__vectors_svx *svx, uint32_t at,
                                            const struct scree__vectors_section *sections,
                                            bool shared, struct scree_error *err)
{
    struct scree__vectors_segment *segment = &svx->segments[at];
    uint32_t columns = segment->super.column_count;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < columns && status == SCREE_OK; i++) {
        struct scree__vectors_svx_column *column = &svx->columns[i];
        const struct scree__vectors_column_head *head = &segment->heads[i];
        if (shared)
            status = begin_column(svx, column, sections + 3 * i, err);
        if (status != SCREE_OK)
            return status;
        column->shapes[at] = head->shape;
        column->public_.vector_count += head->vector_count;
        status = unpack_lists(svx, column, at, head, sections[3 * i + 1].bytes, err);
    }
    return status == SCREE_OK ? unpack_tags(svx, segment, &sections[3 * columns], err) : status;
}
