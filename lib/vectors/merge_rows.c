/* merge_rows.c - a merge with new centroids: the rows that the index keeps, their ids and tags go to scratch, and a build reads them there. */
#include "vectors/merge.h"
#include "vectors/build.h"
#include "vectors/half.h"
#include "vectors/opened.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/sink.h"

#include <stdio.h>
#include <string.h>

#define ROWS_AT_ONCE 256u
#define AHEAD_BYTES ((uint64_t)4 << 20) /* for blocks, and for rows */
#define LINE_BYTES (SCREE__VECTORS_TAGS_A_ROW * (SCREE__VECTORS_TAG_BYTES_MAX + 1u) + 1u)

struct rows {
    struct scree__vectors_merge *merge;
    struct scree_sink *values, *ids, *tags;
    uint8_t *block, *stored;
    float *decoded;
    char *line;
    uint64_t block_bytes, stored_bytes, decoded_bytes;
    struct scree__vectors_ahead blocks_ahead, rows_ahead;
    uint64_t ahead_bytes;
    uint64_t deleted_count, count;
};

static enum scree_status check(const struct scree__vectors_merge *merge, struct scree_error *err)
{
    const struct scree__vectors_svx *svx = merge->inputs[0]->svx;
    const struct scree__vectors_column_head *head = &svx->columns[0].head;
    const char *name = merge->options->inputs[0];
    const char *why = merge->options->retrain ? "new centroids" : "inputs with different centroids";
    if (svx->super.column_count > 1)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: %s take a build from rows, which can be done for one column, "
                                "not for %u: build it from its input",
                                name, why, svx->super.column_count);
    if (head->shape.rerank != SCREE_VECTORS_RERANK_FP32 &&
        head->shape.rerank != SCREE_VECTORS_RERANK_FP16)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: %s take a build from rows, and it keeps none of floats: build "
                                "it from its input",
                                name, why);
    return SCREE_OK;
}

/* ----------------------------------------------------------------------------------- to scratch */

static void decode(const struct scree__vectors_shape *shape, const uint8_t *row, float norm,
                   float *values)
{
    for (uint32_t d = 0; d < shape->dim; d++) {
        if (shape->rerank == SCREE_VECTORS_RERANK_FP16) {
            values[d] = scree__vectors_half_to_float(scree__base_load16(row + 2 * (size_t)d));
        } else {
            uint32_t bits = scree__base_load32(row + 4 * (size_t)d);
            memcpy(&values[d], &bits, sizeof bits);
        }
        if (shape->metric == SCREE_VECTORS_COSINE)
            values[d] *= norm;
    }
}

static float norm_of(const struct scree__vectors_shape *shape, const uint8_t *block, uint32_t count,
                     uint32_t at)
{
    const uint8_t *part = block + scree__vectors_extra_at(shape, count);
    float norm = 1;
    if (shape->metric != SCREE_VECTORS_COSINE)
        return norm;
    if (shape->bits > 1)
        part += (size_t)count * (scree__vectors_extra_bytes(shape->padded_dim, shape->bits) + 8);
    uint32_t bits = scree__base_load32(part + 4 * (size_t)at);
    memcpy(&norm, &bits, sizeof norm);
    return norm;
}

static enum scree_status put_names(struct rows *r,
                                   const struct scree__vectors_merge_segment *segment, uint64_t id,
                                   uint32_t count, uint32_t at, struct scree_error *err)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%llu\n", (unsigned long long)id);
    enum scree_status status = scree_sink_write(r->ids, text, (size_t)length, err);
    if (status != SCREE_OK || !r->merge->has_tags)
        return status;
    size_t bytes = 0;
    const uint8_t *tags = segment->segment->tags;
    if (tags != NULL) {
        const struct scree__vectors_shape *shape = &segment->segment->heads[0].shape;
        const uint8_t *p = r->block +
                           (size_t)count * (shape->padded_dim / 8 + 12 + shape->id_bytes) +
                           (size_t)at * shape->tag_bytes;
        uint32_t set = 0;
        for (uint32_t i = 0; i < shape->tag_bytes; i++)
            set |= (uint32_t)p[i] << 8 * i;
        if (set < segment->segment->super.tag_set_count)
            bytes = scree__vectors_tags_text(tags, set, r->line, LINE_BYTES - 1);
    }
    r->line[bytes] = '\n';
    return scree_sink_write(r->tags, r->line, bytes + 1, err);
}

static enum scree_status put_list(struct rows *r,
                                  const struct scree__vectors_merge_segment *segment, uint32_t list,
                                  struct scree_error *err)
{
    const struct scree__vectors_svx_column *column = &segment->svx->columns[0];
    const struct scree__vectors_shape *shape = &segment->segment->heads[0].shape;
    uint32_t count = column->lists[(size_t)segment->at * column->head.list_count + list].count;
    uint32_t stride = column->head.row_stride;
    enum scree_status status = scree__par_check_cancel(r->merge->context, err);
    if (status == SCREE_OK && count > 0)
        status = scree__vectors_merge_read_block(segment, 0, list, &r->blocks_ahead, r->block, err);
    for (uint32_t first = 0; first < count && status == SCREE_OK; first += ROWS_AT_ONCE) {
        uint32_t n = count - first < ROWS_AT_ONCE ? count - first : ROWS_AT_ONCE;
        status = scree__vectors_merge_read_rows(segment, 0, list, first, n, &r->rows_ahead,
                                                r->stored, err);
        for (uint32_t i = 0; i < n && status == SCREE_OK; i++) {
            uint64_t id = scree__vectors_merge_id(segment, 0, count, r->block, first + i);
            if (scree__vectors_svx_deleted(segment->svx, segment->at, id)) {
                r->deleted_count++;
                continue;
            }
            decode(shape, r->stored + (size_t)i * stride,
                   norm_of(shape, r->block, count, first + i), r->decoded);
            r->count++;
            status = scree_sink_write(r->values, r->decoded, 4 * (size_t)shape->dim, err);
            if (status == SCREE_OK)
                status = put_names(r, segment, id, count, first + i, err);
        }
        scree__par_stage_add(r->merge->context, n);
    }
    return status;
}

static enum scree_status take_memory(struct rows *r, struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &r->merge->inputs[0]->svx->columns[0].head;
    void *memory;
    for (uint32_t s = 0; s < r->merge->segment_count; s++) {
        const struct scree__vectors_merge_segment *segment = &r->merge->segments[s];
        const struct scree__vectors_svx_column *column = &segment->svx->columns[0];
        for (uint32_t i = 0; i < column->head.list_count; i++) {
            uint64_t bytes = scree__vectors_block_bytes(
                &segment->segment->heads[0].shape,
                column->lists[(size_t)segment->at * column->head.list_count + i].count);
            r->block_bytes = bytes > r->block_bytes ? bytes : r->block_bytes;
        }
    }
    r->stored_bytes = ROWS_AT_ONCE * (uint64_t)head->row_stride;
    r->decoded_bytes = 4 * (uint64_t)head->shape.dim;
    enum scree_status status =
        scree__mem_alloc(r->merge->budget, r->block_bytes, &memory, "a list", err);
    if (status != SCREE_OK)
        return status;
    r->block = memory;
    status = scree__mem_alloc(r->merge->budget, r->stored_bytes, &memory, "rows", err);
    if (status != SCREE_OK)
        return status;
    r->stored = memory;
    status = scree__mem_alloc(r->merge->budget, r->decoded_bytes, &memory, "rows", err);
    if (status != SCREE_OK)
        return status;
    r->decoded = memory;
    status = scree__mem_alloc(r->merge->budget, LINE_BYTES, &memory, "tags", err);
    if (status != SCREE_OK)
        return status;
    r->line = memory;
    /* Without these it takes a request a list. */
    if (scree__mem_alloc(r->merge->budget, 2 * AHEAD_BYTES, &memory, "lists", NULL) == SCREE_OK) {
        r->ahead_bytes = 2 * AHEAD_BYTES;
        r->blocks_ahead = (struct scree__vectors_ahead){.bytes = memory, .room = AHEAD_BYTES};
        r->rows_ahead = (struct scree__vectors_ahead){.bytes = r->blocks_ahead.bytes + AHEAD_BYTES,
                                                      .room = AHEAD_BYTES};
    }
    return SCREE_OK;
}

static void give_memory(struct rows *r)
{
    struct scree__mem_budget *budget = r->merge->budget;
    scree__mem_free(budget, r->block, r->block_bytes);
    scree__mem_free(budget, r->stored, r->stored_bytes);
    scree__mem_free(budget, r->decoded, r->decoded_bytes);
    scree__mem_free(budget, r->line, LINE_BYTES);
    scree__mem_free(budget, r->blocks_ahead.bytes, r->ahead_bytes);
    r->block = r->stored = NULL;
    r->decoded = NULL;
    r->line = NULL;
    r->blocks_ahead.bytes = NULL;
}

static enum scree_status put_all(struct rows *r, const char *folder, struct scree_error *err)
{
    enum scree_status status = take_memory(r, err);
    if (status == SCREE_OK)
        status = scree__io_sink_open_scratch(folder, "rows of the index", &r->values, err);
    if (status == SCREE_OK)
        status = scree__io_sink_open_scratch(folder, "ids of the index", &r->ids, err);
    if (status == SCREE_OK)
        status = scree__io_sink_open_scratch(folder, "tags of the index", &r->tags, err);
    scree__par_stage_begin(r->merge->context, "rows", 0);
    for (uint32_t s = 0; s < r->merge->segment_count && status == SCREE_OK; s++) {
        const struct scree__vectors_merge_segment *segment = &r->merge->segments[s];
        uint32_t lists = segment->svx->columns[0].head.list_count;
        struct scree__vectors_merge_end end = scree__vectors_merge_end_of(segment, 0, 0, lists);
        r->blocks_ahead.begin = r->blocks_ahead.end = r->rows_ahead.begin = r->rows_ahead.end = 0;
        r->blocks_ahead.until = end.blocks;
        r->rows_ahead.until = end.rows;
        for (uint32_t list = 0; list < lists && status == SCREE_OK; list++)
            status = put_list(r, segment, list, err);
    }
    scree__par_stage_end(r->merge->context);
    if (status == SCREE_OK)
        status = scree_sink_commit(r->values, err); /* flushes: nothing is published */
    if (status == SCREE_OK)
        status = scree_sink_commit(r->ids, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(r->tags, err);
    give_memory(r);
    return status;
}

/* ------------------------------------------------------------------------------------------ build */

static void path_of(const struct scree_sink *sink, char path[64])
{
    snprintf(path, 64, "/proc/self/fd/%d", scree__io_sink_descriptor(sink));
}

static enum scree_status build(struct rows *r, struct scree_error *err)
{
    struct scree__vectors_merge *merge = r->merge;
    const struct scree__vectors_column_head *head = &merge->inputs[0]->svx->columns[0].head;
    char values[64], ids[64], tags[64];
    struct scree_vectors_build_job *job;
    struct scree_vectors_build_result result;
    path_of(r->values, values);
    path_of(r->ids, ids);
    path_of(r->tags, tags);
    struct scree_vectors_column_options column = {
        .name = head->name,
        .input = {.location = values, .format = SCREE_VECTORS_FORMAT_F4, .dim = head->shape.dim},
        .metric = head->shape.metric,
        .bits = head->shape.bits,
        .rerank = head->shape.rerank,
        .list_count = merge->options->list_count};
    struct scree_vectors_build_options options;
    scree_vectors_build_options_init(&options);
    options.output = merge->options->output;
    options.replace = merge->options->replace;
    options.columns = &column;
    options.column_count = 1;
    options.ids = ids;
    options.tags = merge->has_tags ? tags : NULL;
    options.seed = merge->options->seed;
    options.scratch_folder = merge->options->scratch_folder;
    options.sink_options = &merge->sink_options;
    enum scree_status status = scree_vectors_build_open(merge->context, &options, &job, err);
    if (status != SCREE_OK)
        return status;
    job->place = merge->place; /* with its lock */
    merge->place = NULL;
    status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    merge->result->output_bytes = status == SCREE_OK ? result.output_bytes : 0;
    return status;
}

enum scree_status scree__vectors_merge_rows(struct scree__vectors_merge *merge,
                                            struct scree_error *err)
{
    struct rows r = {.merge = merge};
    enum scree_status status = check(merge, err);
    if (status != SCREE_OK)
        return status;
    char *folder = scree__vectors_folder_of(merge->options->scratch_folder, merge->options->output);
    if (folder == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "out of memory");
    status = put_all(&r, folder, err);
    merge->result->vector_count = r.count;
    merge->result->deleted_count = r.deleted_count;
    if (status == SCREE_OK && r.count == 0)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: all of its vectors are deleted",
                                  merge->options->inputs[0]);
    if (status == SCREE_OK)
        status = build(&r, err);
    scree_sink_close(r.values);
    scree_sink_close(r.ids);
    scree_sink_close(r.tags);
    scree__mem_string_free(folder);
    return status;
}
