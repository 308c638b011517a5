/* svx_check.c - every byte of an index: CRCs, zeros between, numbers that can be. The head was checked when it was opened. */
#include "vectors/opened.h"
#include "vectors/input.h"
#include "vectors/svx_inside.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <math.h>
#include <string.h>

#define PIECE_BYTES ((uint64_t)1 << 20)

struct checking {
    struct scree__vectors_svx *svx;
    const struct scree__vectors_svx_column *column;
};

static enum scree_status fault(const struct checking *c, uint64_t list, const char *what,
                               struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: column '%s', list %llu at byte %llu: %s",
                            scree_source_name(c->svx->source), c->column->head.name,
                            (unsigned long long)list,
                            (unsigned long long)c->column->lists[list].block_offset, what);
}

static bool all_zero(const uint8_t *bytes, uint64_t count)
{
    uint8_t any = 0;
    for (uint64_t i = 0; i < count; i++)
        any |= bytes[i];
    return any == 0;
}

static bool all_finite(const uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if ((scree__base_load32(bytes + 4 * i) & 0x7f800000u) == 0x7f800000u)
            return false;
    }
    return true;
}

static const char *check_block(const struct checking *c, const struct scree__vectors_list *list,
                               const uint8_t *block)
{
    const struct scree__vectors_shape *shape = &c->column->head.shape;
    uint64_t n = list->count, scan = scree__vectors_scan_bytes(shape, n);
    uint64_t at = scree__vectors_extra_at(shape, n);
    uint64_t extra = scree__vectors_extra_part_bytes(shape, n);
    uint64_t signs = shape->padded_dim / 8;
    if (scree__simd_crc32c(0, block, scan) != list->scan_crc)
        return "another CRC of the scan part than the directory says";
    if (scree__simd_crc32c(0, block + at, extra) != list->extra_crc)
        return "another CRC of the extra part than the directory says";
    if (!all_zero(block + scan, at - scan) ||
        !all_zero(block + at + extra, scree__vectors_block_bytes(shape, n) - at - extra))
        return "bytes between its parts that are not zero";
    for (uint64_t first = 0; first < n; first += SCREE__VECTORS_PACK_ROWS) {
        uint64_t w = n - first < SCREE__VECTORS_PACK_ROWS ? n - first : SCREE__VECTORS_PACK_ROWS;
        if (!all_finite(block + first * (signs + 12) + w * signs, 3 * w))
            return "a factor that is not finite";
    }
    const uint8_t *tags = block + n * (signs + 12 + shape->id_bytes);
    for (uint64_t i = 0; i < n && shape->tag_bytes > 0; i++) {
        uint32_t set = 0;
        for (uint32_t b = 0; b < shape->tag_bytes; b++)
            set |= (uint32_t)tags[i * shape->tag_bytes + b] << 8 * b;
        if (set >= c->svx->super.tag_set_count)
            return "a set of tags that is not there";
    }
    uint64_t codes = n * scree__vectors_extra_bytes(shape->padded_dim, shape->bits);
    if (!all_finite(block + at + codes, (extra - codes) / 4))
        return "a factor of the whole code that is not finite";
    return NULL;
}

static enum scree_status check_rows(const struct checking *c,
                                    const struct scree__vectors_list *list, uint64_t index,
                                    uint8_t *memory, uint64_t memory_bytes, struct scree_error *err)
{
    uint32_t stride = c->column->head.row_stride;
    uint64_t batch = stride == 0 ? 1 : memory_bytes / stride;
    enum scree_status status = SCREE_OK;
    for (uint64_t first = 0; first < list->count && stride > 0 && status == SCREE_OK;
         first += batch) {
        uint64_t n = list->count - first < batch ? list->count - first : batch;
        status = scree_source_read(c->svx->source, list->rows_offset + first * stride, memory,
                                   (size_t)(n * stride), err);
        for (uint64_t i = 0; i < n && status == SCREE_OK; i++) {
            const uint8_t *row = memory + i * stride;
            uint32_t payload = scree__vectors_row_bytes(&c->column->head.shape);
            if (scree__simd_crc32c(0, row, stride - 4) != scree__base_load32(row + stride - 4))
                status = fault(c, index, "a rerank row with a wrong CRC", err);
            else if (!all_zero(row + payload, stride - 4 - payload))
                status = fault(c, index, "a rerank row with bytes that are not zero", err);
        }
    }
    return status;
}

static enum scree_status check_list(void *arg, uint64_t index, unsigned worker,
                                    struct scree_error *err)
{
    const struct checking *c = arg;
    const struct scree__vectors_list *list = &c->column->lists[index];
    uint64_t bytes = scree__vectors_block_bytes(&c->column->head.shape, list->count);
    uint64_t memory_bytes = bytes > PIECE_BYTES ? bytes : PIECE_BYTES;
    void *memory;
    (void)worker;
    if (list->count == 0)
        return list->scan_crc == 0 && list->extra_crc == 0
                   ? SCREE_OK
                   : fault(c, index, "it is empty, but has a CRC", err);
    enum scree_status status =
        scree__mem_alloc(c->svx->budget, memory_bytes, &memory, "a list of the index", err);
    if (status != SCREE_OK)
        return status;
    status = scree_source_read(c->svx->source, list->block_offset, memory, (size_t)bytes, err);
    const char *what = status == SCREE_OK ? check_block(c, list, memory) : NULL;
    if (what != NULL)
        status = fault(c, index, what, err);
    if (status == SCREE_OK)
        status = check_rows(c, list, index, memory, memory_bytes, err);
    scree__mem_free(c->svx->budget, memory, memory_bytes);
    scree__par_stage_add(c->svx->context, list->count);
    return status;
}

/* Zeros between sections: [begin, end). */
static enum scree_status check_gap(struct scree__vectors_svx *svx, uint64_t begin, uint64_t end,
                                   struct scree_error *err)
{
    uint8_t bytes[SCREE__VECTORS_ALIGNMENT];
    if (begin > end || end - begin >= sizeof bytes)
        return scree__base_fail(
            err, SCREE_E_DATA, "%s: a section ends at byte %llu, the next begins at %llu",
            scree_source_name(svx->source), (unsigned long long)begin, (unsigned long long)end);
    enum scree_status status =
        scree_source_read(svx->source, begin, bytes, (size_t)(end - begin), err);
    if (status == SCREE_OK && !all_zero(bytes, end - begin))
        status = scree__base_fail(err, SCREE_E_DATA, "%s: bytes %llu to %llu are not zero",
                                  scree_source_name(svx->source), (unsigned long long)begin,
                                  (unsigned long long)end);
    return status;
}

/* The sections in the order of the file, one behind the other. */
static enum scree_status check_order(struct scree__vectors_svx *svx, struct scree_error *err)
{
    const struct scree__vectors_super *super = &svx->super;
    uint64_t at = SCREE__VECTORS_SUPER_BYTES + super->column_count * SCREE__VECTORS_COLUMN_BYTES;
    enum scree_status status = SCREE_OK;
    if (super->tags_bytes > 0) {
        status = check_gap(svx, at, super->tags_offset, err);
        at = super->tags_offset + super->tags_bytes;
    }
    for (uint32_t i = 0; i < super->column_count && status == SCREE_OK; i++) {
        const struct scree__vectors_column_head *head = &svx->columns[i].head;
        status = check_gap(svx, at, head->rotation_offset, err);
        at = head->rotation_offset + head->rotation_bytes;
        if (status == SCREE_OK)
            status = check_gap(svx, at, head->directory_offset, err);
        at = head->directory_offset + (uint64_t)head->list_count * SCREE__VECTORS_LIST_BYTES;
        if (status == SCREE_OK)
            status = check_gap(svx, at, head->centroids_offset, err);
        at = head->centroids_offset +
             scree__vectors_centroids_bytes(head->list_count, head->shape.dim);
    }
    if (status == SCREE_OK)
        status = check_gap(svx, at, super->head_bytes, err);
    at = super->head_bytes;
    for (uint32_t i = 0; i < super->column_count && status == SCREE_OK; i++) {
        const struct scree__vectors_column_head *head = &svx->columns[i].head;
        status = check_gap(svx, at, head->codes_offset, err);
        at = head->codes_offset + head->codes_bytes;
    }
    for (uint32_t i = 0; i < super->column_count && status == SCREE_OK; i++) {
        const struct scree__vectors_column_head *head = &svx->columns[i].head;
        if (head->row_stride == 0)
            continue;
        status = check_gap(svx, at, head->rows_offset, err);
        at = head->rows_offset + head->rows_bytes;
    }
    if (status == SCREE_OK && super->recalls_bytes > 0)
        return SCREE_OK; /* appended, perhaps more than once */
    return status == SCREE_OK ? check_gap(svx, at, super->file_bytes, err) : status;
}

static enum scree_status check_file(struct scree__vectors_svx *svx, struct scree_error *err)
{
    enum scree_status status = check_order(svx, err);
    uint64_t vectors = 0;
    for (uint32_t i = 0; i < svx->super.column_count; i++)
        vectors += svx->columns[i].head.vector_count;
    scree__par_stage_begin(svx->context, "verify", vectors);
    for (uint32_t i = 0; i < svx->super.column_count && status == SCREE_OK; i++) {
        struct checking c = {svx, &svx->columns[i]};
        status = scree__par_for(scree__par_pool(svx->context), c.column->head.list_count,
                                check_list, &c, err);
    }
    scree__par_stage_end(svx->context);
    return status;
}

/* A segment as a file of its own: its head once more, and that it is the one that the manifest means. */
static enum scree_status check_segment(struct scree__vectors_svx *all,
                                       const struct scree__vectors_segment *segment,
                                       struct scree_error *err)
{
    struct scree__vectors_svx_options options = {.context = all->context};
    struct scree__vectors_svx *svx;
    enum scree_status status = scree__vectors_svx_open(segment->source, &options, &svx, err);
    if (status != SCREE_OK)
        return status;
    if (svx->super.columns_crc != segment->super.columns_crc)
        status =
            scree__base_fail(err, SCREE_E_DATA, "%s: not the segment that %s means",
                             scree_source_name(segment->source), scree_source_name(all->source));
    if (status == SCREE_OK)
        status = check_file(svx, err);
    scree__vectors_svx_close(svx);
    return status;
}

enum scree_status scree_vectors_verify(struct scree_vectors_index *index, struct scree_error *err)
{
    struct scree__vectors_svx *svx = index->svx;
    enum scree_status status = SCREE_OK;
    if (svx->manifest_bytes == 0)
        return check_file(svx, err);
    for (uint32_t i = 0; i < svx->segment_count && status == SCREE_OK; i++)
        status = check_segment(svx, &svx->segments[i], err);
    return status;
}
