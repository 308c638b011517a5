/* build_train.c - a sample of the rows, centroids from it, and these rounded to what the file keeps of them. */
#include "vectors/build.h"
#include "vectors/draw.h"
#include "vectors/kmeans.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define BATCH 256u

/* Where each block of memory of a phase comes from: 64 bytes for the rounding of each. */
#define SLACK 4096u

static uint64_t sample_bytes(const struct scree__vectors_build_column *column)
{
    return column->sample_rows * scree__vectors_stride(column->head.shape.dim) * sizeof(float);
}

static uint64_t centroid_bytes(const struct scree__vectors_build_column *column)
{
    return (uint64_t)column->cell_count * scree__vectors_stride(column->head.shape.dim) *
           sizeof(float);
}

uint64_t scree__vectors_train_bytes(const struct scree_vectors_build_job *job,
                                    const struct scree__vectors_build_column *column)
{
    uint64_t reading = BATCH * column->input.row_bytes;
    uint64_t training = scree__vectors_kmeans_bytes(column->sample_rows, column->head.shape.dim,
                                                    column->cell_count, job->threads);
    uint64_t rounding = scree__vectors_centroids_bytes(column->cell_count, column->head.shape.dim) +
                        scree__vectors_lists_bytes(column->cell_count, column->head.shape.dim);
    uint64_t first = sample_bytes(column) + (training > reading ? training : reading);
    return centroid_bytes(column) + (first > rounding ? first : rounding) + SLACK;
}

/*
 * Row i of the sample is one of the rows of the i-th of `count` equal parts of the input, drawn by the seed: the rows come in order, no two alike,
 * spread over all of it, and the same whatever reads them.
 */
static uint64_t sampled_row(uint64_t seed, uint64_t i, uint64_t count, uint64_t rows)
{
    uint64_t each = rows / count, more = rows % count;
    uint64_t begin = each * i + (i < more ? i : more);
    uint64_t state = seed ^ (i + 1) * 0xd1342543de82ef95u;
    return begin + scree__vectors_draw_below(&state, each + (i < more));
}

/* Rows with NaN are left out here, whatever is done about them later. */
static enum scree_status read_sample(struct scree_vectors_build_job *job,
                                     struct scree__vectors_build_column *column, uint8_t *raw,
                                     float *rows, uint64_t *kept, struct scree_error *err)
{
    uint64_t wanted[BATCH];
    uint32_t dim = column->head.shape.dim, stride = scree__vectors_stride(dim);
    enum scree_status status = SCREE_OK;
    *kept = 0;
    scree__par_stage_begin(job->context, "sample", column->sample_rows);
    for (uint64_t at = 0; at < column->sample_rows && status == SCREE_OK; at += BATCH) {
        uint64_t left = column->sample_rows - at;
        uint32_t count = left < BATCH ? (uint32_t)left : BATCH;
        for (uint32_t i = 0; i < count; i++)
            wanted[i] = sampled_row(column->head.seed, at + i, column->sample_rows,
                                    column->input.row_count);
        status = scree__par_check_cancel(job->context, err);
        float *to = rows + *kept * stride;
        if (status == SCREE_OK)
            status =
                scree__vectors_input_read_some(&column->input, wanted, count, raw, to, stride, err);
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
            float *row = to + (size_t)i * stride, *slot = rows + *kept * stride;
            if (scree__vectors_bad_component(row, dim) < dim)
                continue;
            if (column->head.shape.metric == SCREE_VECTORS_COSINE)
                (void)scree__vectors_normalise(row, dim);
            if (slot != row)
                memmove(slot, row, dim * sizeof *row);
            ++*kept;
        }
        scree__par_stage_add(job->context, count);
    }
    scree__par_stage_end(job->context);
    return status;
}

static enum scree_status train(struct scree_vectors_build_job *job,
                               struct scree__vectors_build_column *column, float *centroids,
                               struct scree_error *err)
{
    void *raw = NULL, *rows = NULL;
    uint64_t kept, raw_bytes = BATCH * column->input.row_bytes;
    uint32_t dim = column->head.shape.dim, stride = scree__vectors_stride(dim);
    enum scree_status status =
        scree__mem_alloc(job->budget, sample_bytes(column), &rows, "sample", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(job->budget, raw_bytes, &raw, "rows of the input", err);
    if (status == SCREE_OK)
        status = read_sample(job, column, raw, rows, &kept, err);
    scree__mem_free(job->budget, raw, raw_bytes);
    if (status == SCREE_OK && kept == 0)
        status = scree__base_fail(err, SCREE_E_DATA,
                                  "%s: no row of the sample is without NaN or infinity",
                                  scree_source_name(column->input.source));
    if (status == SCREE_OK) {
        if (column->cell_count > kept)
            column->cell_count = (uint32_t)kept;
        struct scree__vectors_kmeans_options options = {.list_count = column->cell_count,
                                                        .seed = column->head.seed};
        scree__par_stage_begin(job->context, "train", 0);
        status = scree__vectors_kmeans(job->context, &options, rows, stride, kept, dim, centroids,
                                       stride, err);
        scree__par_stage_end(job->context);
    }
    scree__mem_free(job->budget, rows, sample_bytes(column));
    return status;
}

void scree__vectors_centroids_round(float *centroids, size_t stride, uint32_t count, uint32_t dim,
                                    uint8_t *section)
{
    uint8_t *values = section + 8 * (size_t)dim;
    for (uint32_t i = 0; i < dim; i++) {
        float low = centroids[i], high = low;
        for (uint32_t c = 1; c < count; c++) {
            float value = centroids[c * stride + i];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        float scale = (high - low) / 65535;
        scree__base_store_f32(section + 4 * (size_t)i, low);
        scree__base_store_f32(section + 4 * ((size_t)dim + i), scale);
        for (uint32_t c = 0; c < count; c++) {
            float steps = scale > 0 ? (centroids[c * stride + i] - low) / scale + 0.5f : 0;
            uint32_t whole = steps >= 65535 ? 65535 : (uint32_t)steps;
            scree__base_store16(values + 2 * ((size_t)c * dim + i), (uint16_t)whole);
        }
    }
    for (uint32_t c = 0; c < count; c++)
        scree__vectors_centroid_load(section, dim, c, centroids + c * stride);
}

void scree__vectors_centroid_part(const uint8_t *section, uint32_t dim, uint32_t index,
                                  uint32_t begin, uint32_t count, float *values)
{
    const uint8_t *low = section + 4 * (size_t)begin, *scale = low + 4 * (size_t)dim;
    const uint8_t *steps = section + 8 * (size_t)dim + 2 * ((size_t)index * dim + begin);
    for (uint32_t i = 0; i < count; i++) {
        float product = scree__base_load_f32(scale + 4 * (size_t)i) *
                        (float)scree__base_load16(steps + 2 * (size_t)i);
        values[i] = scree__base_load_f32(low + 4 * (size_t)i) + product;
    }
}

void scree__vectors_centroid_load(const uint8_t *section, uint32_t dim, uint32_t index,
                                  float *centroid)
{
    scree__vectors_centroid_part(section, dim, index, 0, dim, centroid);
}

enum scree_status scree__vectors_build_train(struct scree_vectors_build_job *job,
                                             struct scree__vectors_build_column *column,
                                             struct scree__vectors_lists *lists,
                                             struct scree_error *err)
{
    void *centroids = NULL, *section = NULL;
    uint64_t centroids_bytes = centroid_bytes(column), section_bytes = 0;
    uint32_t dim = column->head.shape.dim, stride = scree__vectors_stride(dim);
    enum scree_status status =
        scree__mem_alloc(job->budget, centroids_bytes, &centroids, "centroids", err);
    if (status == SCREE_OK) {
        memset(centroids, 0, centroids_bytes);
        status = train(job, column, centroids, err);
    }
    if (status == SCREE_OK) {
        section_bytes = scree__vectors_centroids_bytes(column->cell_count, dim);
        status = scree__mem_alloc(job->budget, section_bytes, &section, "centroids", err);
    }
    if (status == SCREE_OK) {
        scree__vectors_centroids_round(centroids, stride, column->cell_count, dim, section);
        column->centroids_at = scree__spill_scratch_bytes(job->scratch);
        status = scree__vectors_scratch_write(job, section, section_bytes, err);
    }
    scree__mem_free(job->budget, section, section_bytes);
    if (status == SCREE_OK)
        status = scree__vectors_lists_init(lists, job->budget, centroids, stride,
                                           column->cell_count, dim, err);
    scree__mem_free(job->budget, centroids, centroids_bytes);
    return status;
}

enum scree_status scree__vectors_lists_from_section(struct scree__vectors_lists *lists,
                                                    struct scree__mem_budget *budget,
                                                    const uint8_t *section, uint32_t count,
                                                    uint32_t dim, struct scree_error *err)
{
    const uint32_t stride = scree__vectors_stride(dim);
    const uint64_t bytes = (uint64_t)count * stride * sizeof(float);
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "centroids", err);
    if (status != SCREE_OK)
        return status;
    float *centroids = memory;
    memset(memory, 0, bytes);
    for (uint32_t c = 0; c < count; c++)
        scree__vectors_centroid_load(section, dim, c, centroids + (size_t)c * stride);
    status = scree__vectors_lists_init(lists, budget, centroids, stride, count, dim, err);
    scree__mem_free(budget, memory, bytes);
    return status;
}
