/* build_assign.c - the first read of the input: every row is checked and gets its cell. */
#include "vectors/build.h"
#include "base/error.h"

#include <string.h>

struct assigning {
    struct scree_vectors_build_job *job;
    struct scree__vectors_build_column *column;
    const struct scree__vectors_lists *lists;
    uint8_t *memory; /* slots */
    uint64_t slot_bytes, raw_bytes, rows_bytes;
};

static uint64_t slot_bytes(const struct scree__vectors_build_column *column)
{
    uint64_t raw = scree__vectors_align(column->tile_rows * column->input.row_bytes, 64);
    uint64_t rows =
        (uint64_t)column->tile_rows * scree__vectors_stride(column->head.shape.dim) * sizeof(float);
    return raw + rows + scree__vectors_align((uint64_t)column->tile_rows * sizeof(uint32_t), 64);
}

static unsigned window_of(const struct scree_vectors_build_job *job)
{
    return job->threads == 1 ? 1 : job->threads + 1;
}

uint64_t scree__vectors_assign_bytes(const struct scree_vectors_build_job *job,
                                     const struct scree__vectors_build_column *column)
{
    return scree__vectors_lists_bytes(column->cell_count, column->head.shape.dim) +
           window_of(job) * slot_bytes(column) + 8 * (uint64_t)column->cell_count;
}

static uint32_t rows_of_tile(const struct scree__vectors_build_column *column, uint64_t tile)
{
    uint64_t left = column->input.row_count - tile * column->tile_rows;
    return left < column->tile_rows ? (uint32_t)left : column->tile_rows;
}

static enum scree_status make(void *arg, uint64_t tile, unsigned slot, unsigned worker,
                              struct scree_error *err)
{
    struct assigning *a = arg;
    const struct scree__vectors_input *input = &a->column->input;
    uint32_t count = rows_of_tile(a->column, tile), dim = input->dim;
    uint32_t stride = scree__vectors_stride(dim);
    uint8_t *raw = a->memory + slot * a->slot_bytes;
    float *rows = (float *)(void *)(raw + a->raw_bytes);
    uint32_t *cells = (uint32_t *)(void *)(raw + a->raw_bytes + a->rows_bytes);
    uint64_t first = tile * a->column->tile_rows;
    (void)worker;
    enum scree_status status =
        scree__vectors_input_read(input, first, count, raw, rows, stride, err);
    bool any_bad = false;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        float *row = rows + (size_t)i * stride;
        if (scree__vectors_bad_component(row, dim) < dim) {
            if (!a->job->options.skip_invalid)
                return scree__vectors_refuse_row(input, first + i, row, err);
            any_bad = true;
            continue;
        }
        if (a->column->head.shape.metric == SCREE_VECTORS_COSINE)
            (void)scree__vectors_normalise(row, dim);
    }
    if (status != SCREE_OK)
        return status;
    if (!any_bad) {
        scree__vectors_assign(a->lists, rows, stride, count, cells, NULL);
        return SCREE_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        const float *row = rows + (size_t)i * stride;
        cells[i] = SCREE__VECTORS_NO_LIST;
        if (scree__vectors_bad_component(row, dim) == dim)
            scree__vectors_assign(a->lists, row, stride, 1, &cells[i], NULL);
    }
    return SCREE_OK;
}

static enum scree_status take(void *arg, uint64_t tile, unsigned slot, struct scree_error *err)
{
    struct assigning *a = arg;
    uint32_t count = rows_of_tile(a->column, tile);
    const uint32_t *cells = (const uint32_t *)(const void *)(a->memory + slot * a->slot_bytes +
                                                             a->raw_bytes + a->rows_bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (cells[i] == SCREE__VECTORS_NO_LIST)
            a->column->head.skipped_count++;
        else
            a->column->cell_rows[cells[i]]++;
    }
    scree__par_stage_add(a->job->context, count);
    return scree__vectors_scratch_write(a->job, cells, count * sizeof *cells, err);
}

enum scree_status scree__vectors_build_assign(struct scree_vectors_build_job *job,
                                              struct scree__vectors_build_column *column,
                                              const struct scree__vectors_lists *lists,
                                              struct scree_error *err)
{
    void *memory = NULL;
    unsigned window = window_of(job);
    uint64_t rows = column->input.row_count;
    struct assigning a = {job, column, lists, NULL, slot_bytes(column), 0, 0};
    a.raw_bytes = scree__vectors_align(column->tile_rows * column->input.row_bytes, 64);
    a.rows_bytes =
        (uint64_t)column->tile_rows * scree__vectors_stride(column->head.shape.dim) * sizeof(float);
    column->cell_rows_bytes = 8 * (uint64_t)column->cell_count;
    enum scree_status status =
        scree__mem_alloc(job->budget, column->cell_rows_bytes, &memory, "counts of lists", err);
    if (status != SCREE_OK)
        return status;
    column->cell_rows = memory;
    memset(memory, 0, column->cell_rows_bytes);
    memory = NULL;
    status = scree__mem_alloc(job->budget, window * a.slot_bytes, &memory, "rows", err);
    if (status != SCREE_OK)
        return status;
    a.memory = memory;
    column->assigned_at = scree__spill_scratch_bytes(job->scratch);
    struct scree__par_lane_job lane = {(rows + column->tile_rows - 1) / column->tile_rows, window,
                                       &a, make, take};
    scree__par_stage_begin(job->context, "assign", rows);
    status = scree__par_lane(scree__par_pool(job->context), &lane, err);
    scree__par_stage_end(job->context);
    scree__mem_free(job->budget, memory, window * a.slot_bytes);
    column->head.vector_count = rows - column->head.skipped_count;
    if (status == SCREE_OK && column->head.vector_count == 0)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: no row is without NaN or infinity",
                                  scree_source_name(column->input.source));
    return status;
}
