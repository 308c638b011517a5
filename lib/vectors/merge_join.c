/* merge_join.c - what is left of a list in all segments becomes a list of the output: records as a build makes them, and rerank rows as they are. */
#include "vectors/merge_joining.h"
#include "vectors/build_append.h"
#include "base/error.h"
#include "io/place.h"

#include <string.h>

#define PIECE_BYTES ((uint64_t)1 << 20) /* rerank rows at once */

static void store_little(uint8_t *p, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

/* Vector `at` of a block of the file as a record, as build_encode.c makes them. */
static void make_record(const struct scree__vectors_joining *j,
                        const struct scree__vectors_merge_segment *segment, const uint8_t *block,
                        uint32_t count, uint32_t at, uint8_t *p)
{
    const struct scree__vectors_shape *from = &segment->segment->heads[j->column].shape;
    const struct scree__vectors_shape *to = &j->job->columns[j->column].head.shape;
    uint32_t signs = from->padded_dim / 8, first = at / SCREE__VECTORS_PACK_ROWS;
    uint32_t extra = scree__vectors_extra_bytes(from->padded_dim, from->bits);
    first *= SCREE__VECTORS_PACK_ROWS;
    uint32_t width =
        count - first < SCREE__VECTORS_PACK_ROWS ? count - first : SCREE__VECTORS_PACK_ROWS;
    const uint8_t *pack = block + (size_t)first * (signs + 12);
    uint32_t row = at - first;
    for (uint32_t k = 0; k < signs; k++)
        *p++ = pack[(size_t)k * width + row];
    for (uint32_t factor = 0; factor < 3; factor++, p += 4)
        memcpy(p, pack + (size_t)width * (signs + 4 * factor) + 4 * (size_t)row, 4);
    const uint8_t *part = block + scree__vectors_extra_at(from, count);
    if (from->bits > 1) {
        memcpy(p, part + (size_t)at * extra, extra);
        memcpy(p + extra, part + (size_t)count * extra + 8 * (size_t)at, 8);
        p += extra + 8;
        part += (size_t)count * (extra + 8);
    }
    store_little(
        p, scree__vectors_merge_id(segment, j->column, count, block, at) - j->job->super.id_base,
        to->id_bytes);
    p += to->id_bytes;
    store_little(p, scree__vectors_merge_set(segment, j->column, count, block, at), to->tag_bytes);
    p += to->tag_bytes;
    if (from->metric == SCREE_VECTORS_COSINE)
        memcpy(p, part + 4 * (size_t)at, 4);
}

/* Rerank rows of those that are left: kept[] says which, `to` is where the next one goes. */
static enum scree_status join_rows(const struct scree__vectors_joining *j,
                                   const struct scree__vectors_merge_segment *segment,
                                   uint32_t list, uint32_t count, const uint8_t *block,
                                   struct scree__vectors_ahead *ahead, uint8_t *piece, uint64_t *to,
                                   struct scree_error *err)
{
    uint32_t stride = j->job->columns[j->column].head.row_stride;
    uint32_t batch = stride == 0 ? 1 : (uint32_t)(PIECE_BYTES / stride);
    enum scree_status status = SCREE_OK;
    batch = batch < 1 ? 1 : batch;
    for (uint32_t first = 0; first < count && stride > 0 && status == SCREE_OK; first += batch) {
        uint32_t n = count - first < batch ? count - first : batch, kept = 0;
        status =
            scree__vectors_merge_read_rows(segment, j->column, list, first, n, ahead, piece, err);
        for (uint32_t i = 0; i < n && status == SCREE_OK; i++) {
            uint64_t id = scree__vectors_merge_id(segment, j->column, count, block, first + i);
            if (scree__vectors_joining_deleted(segment, id))
                continue;
            if (kept != i)
                memmove(piece + (size_t)kept * stride, piece + (size_t)i * stride, stride);
            kept++;
        }
        if (status == SCREE_OK && kept > 0)
            status = scree__io_place_write(j->job->place, *to, piece, (size_t)kept * stride, err);
        *to += (uint64_t)kept * stride;
    }
    return status;
}

static enum scree_status join_list(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__vectors_joining *j = arg;
    struct scree__vectors_build_column *column = &j->job->columns[j->column];
    struct scree__vectors_list *list = &column->lists[index];
    uint8_t *in = scree__vectors_joining_memory(j, worker), *out = in + j->largest_in;
    uint8_t *records = out + j->largest_out, *piece = records + j->largest_out;
    uint64_t rows_at = list->rows_offset;
    uint32_t used = 0;
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        const struct scree__vectors_merge_segment *segment = &j->merge->segments[s];
        uint32_t count = scree__vectors_joining_count(j, s, index), before = used;
        if (count == 0)
            continue;
        enum scree_status status = scree__vectors_merge_read_block(
            segment, j->column, (uint32_t)index, scree__vectors_joining_ahead(j, worker, 2 * s), in,
            err);
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
            if (scree__vectors_joining_deleted(
                    segment, scree__vectors_merge_id(segment, j->column, count, in, i)))
                continue;
            if (used == list->count)
                return scree__base_fail(err, SCREE_E_IO, "%s: changed while it was read",
                                        scree_source_name(segment->segment->source));
            make_record(j, segment, in, count, i, records + (size_t)used++ * column->record_bytes);
        }
        if (status == SCREE_OK)
            status =
                join_rows(j, segment, (uint32_t)index, count, in,
                          scree__vectors_joining_ahead(j, worker, 2 * s + 1), piece, &rows_at, err);
        if (status != SCREE_OK)
            return status;
        const struct scree__vectors_svx_column *from = &segment->svx->columns[j->column];
        const struct scree__vectors_list *old =
            &from->lists[(size_t)segment->at * from->head.list_count + index];
        if (used > before) {
            list->min_radius = before == 0 || old->min_radius < list->min_radius ? old->min_radius
                                                                                 : list->min_radius;
            list->radius = old->radius > list->radius ? old->radius : list->radius;
        }
    }
    if (used == 0)
        return SCREE_OK;
    scree__vectors_seal_block(&column->head.shape, column->record_bytes, records, out, list);
    scree__par_stage_add(j->job->context, used);
    return scree__io_place_write(j->job->place, list->block_offset, out,
                                 scree__vectors_block_bytes(&column->head.shape, list->count), err);
}

static enum scree_status join_column(struct scree__vectors_joining *j, struct scree_error *err)
{
    struct scree__vectors_build_column *column = &j->job->columns[j->column];
    j->largest_in = j->largest_out = 0;
    for (uint32_t list = 0; list < column->cell_count; list++) {
        uint64_t out = scree__vectors_block_bytes(&column->head.shape, column->lists[list].count);
        j->largest_out = out > j->largest_out ? out : j->largest_out;
        for (uint32_t s = 0; s < j->merge->segment_count; s++) {
            uint64_t in = scree__vectors_joining_block(j, s, list);
            j->largest_in = in > j->largest_in ? in : j->largest_in;
        }
    }
    /* Records take no more than their block. */
    uint64_t piece = column->head.row_stride > PIECE_BYTES ? column->head.row_stride : PIECE_BYTES;
    return scree__vectors_merge_for_lists(
        j, scree__vectors_align(j->largest_in + 2 * j->largest_out + piece, 64), join_list, err);
}

enum scree_status scree__vectors_merge_join(struct scree__vectors_joining *j,
                                            struct scree_error *err)
{
    struct scree_vectors_build_job *job = j->job;
    enum scree_status status = SCREE_OK;
    uint64_t all = 0;
    for (uint32_t i = 0; i < job->column_count; i++)
        all += job->columns[i].head.vector_count;
    scree__par_stage_begin(job->context, "join", all);
    for (j->column = 0; j->column < job->column_count && status == SCREE_OK; j->column++)
        status = join_column(j, err);
    scree__par_stage_end(job->context);
    return status;
}
