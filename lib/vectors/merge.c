/* merge.c - inputs of a merge, opened and compared; which of the two ways; and what is removed afterwards. */
#include "vectors/merge.h"
#include "vectors/deletions.h"
#include "vectors/manifest.h"
#include "vectors/opened.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/edit.h"
#include "io/sink.h"
#include "simd/crc32c.h"

#include <string.h>

void scree_vectors_merge_options_init(struct scree_vectors_merge_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->seed = 1;
}

/* ---------------------------------------------------------------------------------------- reading */

static enum scree_status wrong_crc(const struct scree__vectors_merge_segment *segment,
                                   uint64_t offset, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: what lies at byte %llu has a wrong CRC",
                            scree_source_name(segment->segment->source),
                            (unsigned long long)offset);
}

static const struct scree__vectors_list *list_of(const struct scree__vectors_merge_segment *segment,
                                                 uint32_t column, uint32_t list)
{
    const struct scree__vectors_svx_column *it = &segment->svx->columns[column];
    return &it->lists[(size_t)segment->at * it->head.list_count + list];
}

struct scree__vectors_merge_end
scree__vectors_merge_end_of(const struct scree__vectors_merge_segment *segment, uint32_t column,
                            uint32_t first, uint32_t end)
{
    const struct scree__vectors_column_head *head = &segment->segment->heads[column];
    struct scree__vectors_merge_end out = {0, 0};
    for (uint32_t list = first; list < end; list++) {
        const struct scree__vectors_list *it = list_of(segment, column, list);
        uint64_t blocks = it->block_offset + scree__vectors_block_bytes(&head->shape, it->count);
        uint64_t rows = it->rows_offset + (uint64_t)it->count * head->row_stride;
        out.blocks = blocks > out.blocks ? blocks : out.blocks;
        out.rows = rows > out.rows ? rows : out.rows;
    }
    return out;
}

enum scree_status
scree__vectors_merge_read_block(const struct scree__vectors_merge_segment *segment, uint32_t column,
                                uint32_t list, struct scree__vectors_ahead *ahead, uint8_t *bytes,
                                struct scree_error *err)
{
    const struct scree__vectors_list *from = list_of(segment, column, list);
    const struct scree__vectors_shape *shape = &segment->segment->heads[column].shape;
    uint64_t all = scree__vectors_block_bytes(shape, from->count);
    uint64_t extra_at = scree__vectors_extra_at(shape, from->count);
    enum scree_status status = scree__vectors_ahead_read(ahead, segment->segment->source,
                                                         from->block_offset, bytes, all, err);
    if (status != SCREE_OK)
        return status;
    if (scree__simd_crc32c(0, bytes, (size_t)scree__vectors_scan_bytes(shape, from->count)) !=
        from->scan_crc)
        return wrong_crc(segment, from->block_offset, err);
    if (scree__simd_crc32c(0, bytes + extra_at,
                           (size_t)scree__vectors_extra_part_bytes(shape, from->count)) !=
        from->extra_crc)
        return wrong_crc(segment, from->block_offset + extra_at, err);
    return SCREE_OK;
}

enum scree_status scree__vectors_merge_read_rows(const struct scree__vectors_merge_segment *segment,
                                                 uint32_t column, uint32_t list, uint32_t first,
                                                 uint32_t count, struct scree__vectors_ahead *ahead,
                                                 uint8_t *bytes, struct scree_error *err)
{
    uint32_t stride = segment->segment->heads[column].row_stride;
    uint64_t at = list_of(segment, column, list)->rows_offset + (uint64_t)first * stride;
    enum scree_status status = scree__vectors_ahead_read(ahead, segment->segment->source, at, bytes,
                                                         (uint64_t)count * stride, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        const uint8_t *row = bytes + (size_t)i * stride;
        if (scree__simd_crc32c(0, row, stride - 4) != scree__base_load32(row + stride - 4))
            status = wrong_crc(segment, at + (uint64_t)i * stride, err);
    }
    return status;
}

static uint64_t load_little(const uint8_t *p, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << 8 * i;
    return value;
}

uint64_t scree__vectors_merge_id(const struct scree__vectors_merge_segment *segment,
                                 uint32_t column, uint32_t count, const uint8_t *block, uint32_t at)
{
    const struct scree__vectors_shape *shape = &segment->segment->heads[column].shape;
    const uint8_t *ids = block + (uint64_t)count * (shape->padded_dim / 8 + 12);
    return segment->segment->super.id_base +
           load_little(ids + (size_t)at * shape->id_bytes, shape->id_bytes);
}

uint32_t scree__vectors_merge_set(const struct scree__vectors_merge_segment *segment,
                                  uint32_t column, uint32_t count, const uint8_t *block,
                                  uint32_t at)
{
    const struct scree__vectors_shape *shape = &segment->segment->heads[column].shape;
    const uint8_t *tags = block + (uint64_t)count * (shape->padded_dim / 8 + 12 + shape->id_bytes);
    if (shape->tag_bytes == 0 || segment->sets == NULL)
        return 0;
    uint64_t set = load_little(tags + (size_t)at * shape->tag_bytes, shape->tag_bytes);
    return set < segment->segment->super.tag_set_count ? segment->sets[set] : 0;
}

/* ---------------------------------------------------------------------------------------- inputs */

static bool same_kind(const struct scree__vectors_column_head *a,
                      const struct scree__vectors_column_head *b)
{
    return strcmp(a->name, b->name) == 0 && a->shape.dim == b->shape.dim &&
           a->shape.bits == b->shape.bits && a->shape.metric == b->shape.metric &&
           a->shape.rerank == b->shape.rerank;
}

static bool same_lists(const struct scree__vectors_column_head *a,
                       const struct scree__vectors_column_head *b)
{
    return a->list_count == b->list_count && a->rotation_crc == b->rotation_crc &&
           a->centroids_crc == b->centroids_crc;
}

/* *joins: around the same centroids. */
static enum scree_status compare_inputs(const struct scree__vectors_merge *merge, bool *joins,
                                        struct scree_error *err)
{
    const struct scree__vectors_svx *first = merge->inputs[0]->svx;
    *joins = true;
    for (uint32_t i = 1; i < merge->input_count; i++) {
        const struct scree__vectors_svx *svx = merge->inputs[i]->svx;
        bool same = svx->super.column_count == first->super.column_count;
        for (uint32_t c = 0; same && c < first->super.column_count; c++) {
            same = same_kind(&first->columns[c].head, &svx->columns[c].head);
            *joins = *joins && same && same_lists(&first->columns[c].head, &svx->columns[c].head);
        }
        if (!same)
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "%s: its columns are not those of %s (names, dimensions, "
                                    "metric, bits, rerank)",
                                    merge->options->inputs[i], merge->options->inputs[0]);
    }
    return SCREE_OK;
}

static enum scree_status open_inputs(struct scree__vectors_merge *merge, struct scree_error *err)
{
    struct scree_vectors_open_options wanted;
    enum scree_status status = SCREE_OK;
    void *memory;
    scree_vectors_open_options_init(&wanted);
    wanted.source_options = merge->options->source_options;
    wanted.cache_bytes = 1;
    for (uint32_t i = 0; i < merge->options->input_count && status == SCREE_OK; i++) {
        status = scree_vectors_open(merge->context, merge->options->inputs[i], &wanted,
                                    &merge->inputs[i], err);
        if (status == SCREE_OK)
            merge->segment_count += merge->inputs[i]->svx->segment_count;
        merge->input_count += status == SCREE_OK;
    }
    if (status != SCREE_OK)
        return status;
    merge->segments_bytes = merge->segment_count * sizeof *merge->segments;
    status = scree__mem_alloc(merge->budget, merge->segments_bytes, &memory, "segments", err);
    if (status != SCREE_OK)
        return status;
    merge->segments = memory;
    memset(memory, 0, merge->segments_bytes);
    uint32_t at = 0;
    for (uint32_t i = 0; i < merge->input_count; i++) {
        struct scree__vectors_svx *svx = merge->inputs[i]->svx;
        for (uint32_t s = 0; s < svx->segment_count; s++, at++)
            merge->segments[at] =
                (struct scree__vectors_merge_segment){svx, &svx->segments[s], s, NULL, 0};
    }
    return status;
}

/* Sets of tags of all segments, with new numbers. */
static enum scree_status number_tags(struct scree__vectors_merge *merge,
                                     struct scree__vectors_merge_segment *segment, char *line,
                                     size_t capacity, struct scree_error *err)
{
    const struct scree__vectors_segment *from = segment->segment;
    void *memory;
    if (from->tags == NULL)
        return SCREE_OK;
    segment->sets_bytes = from->super.tag_set_count * sizeof *segment->sets;
    enum scree_status status =
        scree__mem_alloc(merge->budget, segment->sets_bytes, &memory, "tags", err);
    if (status != SCREE_OK)
        return status;
    segment->sets = memory;
    for (uint32_t set = 0; set < from->super.tag_set_count && status == SCREE_OK; set++) {
        size_t bytes = scree__vectors_tags_text(from->tags, set, line, capacity);
        if (bytes > capacity)
            return scree__base_fail(err, SCREE_E_DATA, "%s: a set of tags of %zu bytes",
                                    scree_source_name(from->source), bytes);
        status = scree__vectors_tags_line(&merge->tags, line, bytes, &segment->sets[set], err);
    }
    return status;
}

static enum scree_status gather_tags(struct scree__vectors_merge *merge, struct scree_error *err)
{
    const size_t capacity = SCREE__VECTORS_TAGS_A_ROW * (SCREE__VECTORS_TAG_BYTES_MAX + 1u);
    void *line;
    for (uint32_t i = 0; i < merge->segment_count; i++)
        merge->has_tags |= merge->segments[i].segment->tags != NULL;
    if (!merge->has_tags)
        return SCREE_OK;
    enum scree_status status = scree__mem_alloc(merge->budget, capacity, &line, "tags", err);
    if (status != SCREE_OK) {
        merge->has_tags = false;
        return status;
    }
    status = scree__vectors_tags_init(&merge->tags, merge->budget, err);
    for (uint32_t i = 0; i < merge->segment_count && status == SCREE_OK; i++)
        status = number_tags(merge, &merge->segments[i], line, capacity, err);
    scree__mem_free(merge->budget, line, capacity);
    return status;
}

static void release(struct scree__vectors_merge *merge)
{
    for (uint32_t i = 0; merge->segments != NULL && i < merge->segment_count; i++)
        scree__mem_free(merge->budget, merge->segments[i].sets, merge->segments[i].sets_bytes);
    scree__mem_free(merge->budget, merge->segments, merge->segments_bytes);
    if (merge->has_tags)
        scree__vectors_tags_release(&merge->tags);
    for (uint32_t i = 0; i < merge->input_count; i++)
        scree_vectors_close(merge->inputs[i]);
    scree_sink_close(merge->place);
}

/* ------------------------------------------------------------------------------------------- run */

static enum scree_status check(const struct scree_vectors_merge_options *options,
                               struct scree_error *err)
{
    if (options->output == NULL || options->output[0] == '\0')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no output is named");
    if (options->input_count < 1 || options->input_count > SCREE__VECTORS_MERGE_INPUTS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%u indexes; expected 1 to %u",
                                options->input_count, SCREE__VECTORS_MERGE_INPUTS_MAX);
    return SCREE_OK;
}

/* The output is locked before the inputs are read: where it is one of them, nobody changes it meanwhile. */
static enum scree_status open_place(struct scree__vectors_merge *merge, struct scree_error *err)
{
    scree_sink_options_init(&merge->sink_options);
    const struct scree_sink_options *wanted = merge->options->sink_options;
    if (wanted != NULL)
        memcpy(&merge->sink_options, wanted,
               wanted->size < sizeof merge->sink_options ? wanted->size
                                                         : sizeof merge->sink_options);
    merge->sink_options.replace = merge->options->replace;
    if (scree_location_is_remote(merge->options->output))
        return SCREE_OK;
    return scree_sink_open(merge->options->output, &merge->sink_options, &merge->place, err);
}

/* Segments that stand under the output's name, and its deletions: nothing speaks of them now. */
static void remove_old(const struct scree__vectors_merge *merge)
{
    char name[4096];
    if (scree_location_is_remote(merge->options->output))
        return;
    for (uint32_t i = 0; i < merge->input_count; i++) {
        const struct scree__vectors_svx *svx = merge->inputs[i]->svx;
        if (strcmp(merge->options->inputs[i], merge->options->output) != 0)
            continue;
        for (uint32_t s = 0; svx->manifest_bytes > 0 && s < svx->segment_count; s++) {
            if (scree__vectors_segment_name(merge->options->output, svx->segments[s].number, name))
                scree__io_remove(name);
        }
        if (scree__vectors_deletions_name(merge->options->output, name))
            scree__io_remove(name);
    }
}

enum scree_status scree_vectors_merge(struct scree_context *context,
                                      const struct scree_vectors_merge_options *wanted,
                                      struct scree_vectors_merge_result *result,
                                      struct scree_error *err)
{
    struct scree_vectors_merge_options options;
    bool joins = false;
    scree_vectors_merge_options_init(&options);
    memcpy(&options, wanted, wanted->size < sizeof options ? wanted->size : sizeof options);
    struct scree__vectors_merge merge = {.context = context,
                                         .budget = scree__par_budget(context),
                                         .options = &options,
                                         .result = result};
    memset(result, 0, sizeof *result);
    enum scree_status status = check(&options, err);
    if (status == SCREE_OK)
        status = open_place(&merge, err);
    if (status == SCREE_OK)
        status = open_inputs(&merge, err);
    if (status == SCREE_OK)
        status = compare_inputs(&merge, &joins, err);
    if (status == SCREE_OK)
        status = gather_tags(&merge, err);
    result->segment_count = merge.segment_count;
    result->rebuilt = !joins || options.retrain;
    if (status == SCREE_OK)
        status = result->rebuilt ? scree__vectors_merge_rows(&merge, err)
                                 : scree__vectors_merge_lists(&merge, err);
    if (status == SCREE_OK)
        remove_old(&merge);
    release(&merge);
    return status;
}

/* -------------------------------------------------------------------------------------------- gc */

#define GC_NUMBERS 4096u /* above those of the current generation */

static bool is_current(const struct scree__vectors_manifest *manifest, uint32_t number)
{
    for (uint32_t i = 0; manifest != NULL && i < manifest->segment_count; i++) {
        if (manifest->segments[i].number == number)
            return true;
    }
    return false;
}

static void remove_others(const char *path, const struct scree__vectors_manifest *manifest,
                          uint32_t *removed)
{
    char name[4096];
    uint32_t end = (manifest != NULL ? manifest->next_number : 1) + GC_NUMBERS;
    for (uint32_t number = 1; number < end; number++) {
        if (!is_current(manifest, number) && scree__vectors_segment_name(path, number, name))
            *removed += scree__io_remove(name);
    }
    if (manifest != NULL && scree__vectors_deletions_name(path, name))
        *removed += scree__io_remove(name);
}

enum scree_status scree_vectors_gc(const char *path, uint32_t *removed_count,
                                   struct scree_error *err)
{
    struct scree__vectors_manifest_edit edit = {0};
    struct scree_sink *lock = NULL;
    bool several;
    *removed_count = 0;
    if (scree_location_is_remote(path))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: only a local index can be changed",
                                path);
    enum scree_status status = scree__vectors_path_is_manifest(path, &several, err);
    if (status != SCREE_OK)
        return status;
    if (several)
        status = scree__vectors_manifest_begin(path, NULL, &edit, err);
    else
        status = scree_sink_open_file(path, true, &lock, err);
    if (status == SCREE_OK)
        remove_others(path, edit.manifest, removed_count);
    scree__vectors_manifest_release(&edit);
    scree_sink_close(lock);
    return status;
}
