/* svx_answers.c - what is asked of an opened index: columns by name, ids, tags, deletions, places; and reads from its segments. */
#include "vectors/svx_inside.h"
#include "vectors/manifest.h"
#include "vectors/tags.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/several.h"

#include <stdio.h>
#include <string.h>

uint32_t scree__vectors_svx_column_count(const struct scree__vectors_svx *svx)
{
    return svx->super.column_count;
}

const struct scree__vectors_column *scree__vectors_svx_column(const struct scree__vectors_svx *svx,
                                                              uint32_t column)
{
    return &svx->columns[column].public_;
}

enum scree_status scree__vectors_svx_find(const struct scree__vectors_svx *svx, const char *name,
                                          uint32_t *column, struct scree_error *err)
{
    char names[400] = "";
    uint32_t count = svx->super.column_count;
    if (name == NULL && count == 1) {
        *column = 0;
        return SCREE_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(name, svx->columns[i].head.name) == 0) {
            *column = i;
            return SCREE_OK;
        }
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s'%s'", i > 0 ? ", " : "",
                 svx->columns[i].head.name);
    }
    if (name == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has %u columns; which one? (%s)",
                                scree_source_name(svx->source), count, names);
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has no column '%s', only %s",
                            scree_source_name(svx->source), name, names);
}

static uint64_t load_little(const uint8_t *p, uint32_t bytes)
{
    if (bytes == 4)
        return scree__base_load32(p);
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << 8 * i;
    return value;
}

uint64_t scree__vectors_svx_id(const struct scree__vectors_svx *svx,
                               const struct scree__vectors_column *column,
                               const struct scree__vectors_block *block, uint32_t at)
{
    uint32_t bytes = column->shapes[block->segment].id_bytes;
    return svx->segments[block->segment].super.id_base +
           load_little(block->ids + (size_t)at * bytes, bytes);
}

uint32_t scree__vectors_svx_tag(const struct scree__vectors_svx *svx,
                                const struct scree__vectors_column *column,
                                const struct scree__vectors_block *block, uint32_t at)
{
    const struct scree__vectors_segment *segment = &svx->segments[block->segment];
    uint32_t bytes = column->shapes[block->segment].tag_bytes;
    uint64_t set = bytes == 0 ? 0 : load_little(block->tags + (size_t)at * bytes, bytes);
    /* A number that is not there is that of no set, not of another segment's. */
    return bytes == 0 || set < segment->super.tag_set_count ? segment->tag_set_first + (uint32_t)set
                                                            : UINT32_MAX;
}

bool scree__vectors_svx_has_deletions(const struct scree__vectors_svx *svx)
{
    for (uint32_t i = 0; i < svx->segment_count; i++) {
        if (svx->segments[i].deleted_count > 0)
            return true;
    }
    return false;
}

bool scree__vectors_svx_deleted(const struct scree__vectors_svx *svx, uint32_t segment, uint64_t id)
{
    const struct scree__vectors_segment *in = &svx->segments[segment];
    uint64_t begin = 0, end = in->deleted_count;
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (in->deleted[middle] < id)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < in->deleted_count && in->deleted[begin] == id;
}

static uint32_t sets_of(const struct scree__vectors_segment *segment)
{
    return segment->tags != NULL ? segment->super.tag_set_count : 1;
}

uint32_t scree__vectors_svx_tag_set_count(const struct scree__vectors_svx *svx)
{
    const struct scree__vectors_segment *last = &svx->segments[svx->segment_count - 1];
    return last->tag_set_first + sets_of(last);
}

enum scree_status scree__vectors_svx_tag_sets(const struct scree__vectors_svx *svx, const char *tag,
                                              uint8_t *allowed, struct scree_error *err)
{
    bool found = false;
    for (uint32_t i = 0; i < svx->segment_count; i++) {
        const struct scree__vectors_segment *segment = &svx->segments[i];
        uint8_t *own = allowed + segment->tag_set_first;
        memset(own, 0, sets_of(segment));
        found |= segment->tags != NULL && scree__vectors_tags_find(segment->tags, tag, own);
    }
    if (found)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: no vector has the tag '%.200s'",
                            scree_source_name(svx->source), tag);
}

uint64_t scree__vectors_svx_head_bytes(const struct scree__vectors_svx *svx)
{
    return svx->manifest_bytes > 0 ? svx->manifest_bytes : svx->super.head_bytes;
}

struct scree_range scree__vectors_svx_list_range(const struct scree__vectors_column *column,
                                                 uint32_t list, bool extra)
{
    const struct scree__vectors_list *l = &column->lists[list];
    const struct scree__vectors_shape *shape = scree__vectors_list_shape(column, list);
    uint64_t bytes = scree__vectors_scan_bytes(shape, l->count);
    if (extra && shape->bits > 1)
        bytes = scree__vectors_extra_at(shape, l->count) +
                scree__vectors_extra_part_bytes(shape, l->count);
    return (struct scree_range){l->block_offset, (size_t)bytes, NULL};
}

struct scree_range scree__vectors_svx_row_range(const struct scree__vectors_column *column,
                                                struct scree__vectors_row_ref ref)
{
    uint32_t stride = scree__vectors_row_stride(&column->shape);
    uint64_t offset = column->lists[ref.list].rows_offset + (uint64_t)ref.at * stride;
    return (struct scree_range){offset, stride, NULL};
}

/* ------------------------------------------------------------------------------------------ reads */

/* Ranges of each segment behind each other, in the order in which they came. */
static void sort_ranges(uint32_t list_count, const struct scree_range *ranges,
                        const uint32_t *lists, uint32_t count, struct scree_range *sorted,
                        struct scree__io_part *parts, uint32_t segment_count)
{
    uint32_t at = 0;
    for (uint32_t segment = 0; segment < segment_count; segment++) {
        parts[segment].ranges = sorted + at;
        for (uint32_t i = 0; i < count; i++) {
            if (lists[i] / list_count == segment)
                sorted[at++] = ranges[i];
        }
        parts[segment].count = (size_t)(sorted + at - parts[segment].ranges);
    }
}

enum scree_status scree__vectors_svx_read(struct scree__vectors_svx *svx, uint32_t list_count,
                                          const struct scree_range *ranges, const uint32_t *lists,
                                          uint32_t count, struct scree_error *err)
{
    struct scree__io_part parts[SCREE__VECTORS_SEGMENTS_MAX];
    void *memory;
    if (svx->segment_count == 1)
        return scree_source_read_many(svx->segments[0].source, ranges, count, err);
    enum scree_status status =
        scree__mem_alloc(svx->budget, count * sizeof *ranges, &memory, "places in the index", err);
    if (status != SCREE_OK)
        return status;
    sort_ranges(list_count, ranges, lists, count, memory, parts, svx->segment_count);
    uint32_t used = 0;
    for (uint32_t i = 0; i < svx->segment_count; i++) {
        if (parts[i].count == 0)
            continue;
        parts[used] = parts[i];
        parts[used++].source = svx->segments[i].source;
    }
    status = scree__io_read_several(parts, used, err);
    scree__mem_free(svx->budget, memory, count * sizeof *ranges);
    return status;
}
