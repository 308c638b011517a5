/* build_seal.c - block by block: from records, as they came, to packs and columns, with their CRCs. */
#include "vectors/build.h"
#include "io/place.h"
#include "simd/crc32c.h"

#include <string.h>

struct sealing {
    struct scree_vectors_build_job *job;
    struct scree__vectors_build_column *column;
    uint8_t *memory;      /* two blocks for each worker */
    uint64_t block_bytes; /* of the largest */
};

static uint64_t largest_at_most(const struct scree__vectors_build_column *column)
{
    uint64_t rows = SCREE__VECTORS_BLOCK_BYTES_MAX / column->record_bytes;
    rows = rows < 64 ? 64 : rows;
    if (rows > column->input.row_count)
        rows = column->input.row_count;
    return scree__vectors_block_bytes(&column->head.shape, rows);
}

uint64_t scree__vectors_seal_bytes(const struct scree_vectors_build_job *job,
                                   const struct scree__vectors_build_column *column)
{
    uint64_t lists = (uint64_t)column->cell_count + column->input.row_count * column->record_bytes /
                                                        SCREE__VECTORS_BLOCK_BYTES_MAX;
    return 2 * job->threads * largest_at_most(column) +
           lists * (sizeof(struct scree__vectors_list) + 8) + 8 * (uint64_t)column->cell_count;
}

/* Rows [first, first + width) as one pack; returns its end. */
static uint8_t *store_pack(const uint8_t *records, uint32_t record_bytes, uint32_t signs,
                           uint32_t width, uint8_t *to)
{
    for (uint32_t k = 0; k < signs; k++)
        for (uint32_t j = 0; j < width; j++)
            *to++ = records[(size_t)j * record_bytes + k];
    for (uint32_t factor = 0; factor < 3; factor++)
        for (uint32_t j = 0; j < width; j++, to += 4)
            memcpy(to, records + (size_t)j * record_bytes + signs + 4 * (size_t)factor, 4);
    return to;
}

/* The same `bytes` at `at` of every record, one behind the other. */
static uint8_t *store_column(const uint8_t *records, uint32_t record_bytes, uint32_t count,
                             uint32_t at, uint32_t bytes, uint8_t *to)
{
    for (uint32_t i = 0; i < count && bytes > 0; i++, to += bytes)
        memcpy(to, records + (size_t)i * record_bytes + at, bytes);
    return to;
}

void scree__vectors_seal_block(const struct scree__vectors_shape *shape, uint32_t record_bytes,
                               const uint8_t *records, uint8_t *block,
                               struct scree__vectors_list *list)
{
    uint32_t signs = shape->padded_dim / 8, count = list->count, at = signs + 12;
    uint32_t extra = scree__vectors_extra_bytes(shape->padded_dim, shape->bits);
    uint8_t *to = block;
    for (uint32_t first = 0; first < count; first += SCREE__VECTORS_PACK_ROWS) {
        uint32_t left = count - first;
        uint32_t width = left < SCREE__VECTORS_PACK_ROWS ? left : SCREE__VECTORS_PACK_ROWS;
        to = store_pack(records + (size_t)first * record_bytes, record_bytes, signs, width, to);
    }
    uint32_t id_at = at + (shape->bits > 1 ? extra + 8 : 0), tag_at = id_at + shape->id_bytes;
    to = store_column(records, record_bytes, count, id_at, shape->id_bytes, to);
    to = store_column(records, record_bytes, count, tag_at, shape->tag_bytes, to);
    list->scan_crc = scree__simd_crc32c(0, block, (size_t)(to - block));
    uint8_t *part = block + scree__vectors_extra_at(shape, count);
    memset(to, 0, (size_t)(part - to));
    to = part;
    if (shape->bits > 1) {
        to = store_column(records, record_bytes, count, at, extra, to);
        to = store_column(records, record_bytes, count, at + extra, 8, to);
    }
    if (shape->metric == SCREE_VECTORS_COSINE)
        to = store_column(records, record_bytes, count, tag_at + shape->tag_bytes, 4, to);
    list->extra_crc = scree__simd_crc32c(0, part, (size_t)(to - part));
    memset(to, 0, (size_t)(block + scree__vectors_block_bytes(shape, count) - to));
}

static enum scree_status seal_list(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct sealing *s = arg;
    struct scree__vectors_list *list = &s->column->lists[index];
    uint8_t *records = s->memory + 2 * worker * s->block_bytes;
    uint8_t *block = records + s->block_bytes;
    uint64_t bytes = scree__vectors_block_bytes(&s->column->head.shape, list->count);
    if (list->count == 0)
        return SCREE_OK;
    enum scree_status status =
        scree__io_place_read(s->job->place, list->block_offset, records,
                             (size_t)list->count * s->column->record_bytes, err);
    if (status == SCREE_OK) {
        scree__vectors_seal_block(&s->column->head.shape, s->column->record_bytes, records, block,
                                  list);
        status = scree__io_place_write(s->job->place, list->block_offset, block, bytes, err);
    }
    scree__par_stage_add(s->job->context, list->count);
    return status;
}

enum scree_status scree__vectors_build_seal(struct scree_vectors_build_job *job,
                                            struct scree__vectors_build_column *column,
                                            struct scree_error *err)
{
    struct sealing s = {job, column, NULL, 0};
    void *memory;
    for (uint32_t i = 0; i < column->head.list_count; i++) {
        uint64_t bytes = scree__vectors_block_bytes(&column->head.shape, column->lists[i].count);
        s.block_bytes = bytes > s.block_bytes ? bytes : s.block_bytes;
    }
    uint64_t all = 2 * job->threads * s.block_bytes;
    enum scree_status status = scree__mem_alloc(job->budget, all, &memory, "blocks", err);
    if (status != SCREE_OK)
        return status;
    s.memory = memory;
    scree__par_stage_begin(job->context, "seal", column->head.vector_count);
    status =
        scree__par_for(scree__par_pool(job->context), column->head.list_count, seal_list, &s, err);
    scree__par_stage_end(job->context);
    scree__mem_free(job->budget, memory, all);
    return status;
}
