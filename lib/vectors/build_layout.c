/* build_layout.c - from counts to places: cells become lists, sections get their offsets; and the head, written last. */
#include "vectors/build.h"
#include "base/error.h"
#include "io/place.h"
#include "simd/crc32c.h"

#include <stdio.h>
#include <string.h>

/* Rows that a list holds at most. */
static uint64_t rows_a_list(const struct scree__vectors_build_column *column)
{
    uint64_t rows = SCREE__VECTORS_BLOCK_BYTES_MAX / column->record_bytes;
    return rows < 64 ? 64 : rows;
}

static enum scree_status take(struct scree_vectors_build_job *job, uint64_t bytes, void **memory,
                              struct scree_error *err)
{
    return scree__mem_alloc(job->budget, bytes, memory, "the directory of lists", err);
}

/* A cell's rows are divided as evenly as whole numbers allow; the first lists get one more. */
static enum scree_status divide_cells(struct scree_vectors_build_job *job,
                                      struct scree__vectors_build_column *column,
                                      struct scree_error *err)
{
    /* Lists of a segment are those of the index: none is divided. */
    uint64_t most = job->whole_lists ? SCREE__VECTORS_LIST_COUNT_MAX : rows_a_list(column);
    uint64_t lists = 0;
    void *memory;
    column->cell_first_bytes = ((uint64_t)column->cell_count + 1) * sizeof(uint32_t);
    enum scree_status status = take(job, column->cell_first_bytes, &memory, err);
    if (status != SCREE_OK)
        return status;
    column->cell_first = memory;
    for (uint32_t cell = 0; cell < column->cell_count; cell++) {
        uint64_t rows = column->cell_rows[cell];
        if (job->whole_lists && rows > most)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: a list of %llu rows",
                                    column->head.name, (unsigned long long)rows);
        column->cell_first[cell] = (uint32_t)lists;
        lists += rows == 0 ? 1 : (rows + most - 1) / most;
        if (lists > SCREE__VECTORS_LISTS_MAX)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: more than %u lists",
                                    column->head.name, SCREE__VECTORS_LISTS_MAX);
    }
    column->cell_first[column->cell_count] = (uint32_t)lists;
    column->head.list_count = (uint32_t)lists;
    column->lists_bytes = lists * sizeof *column->lists;
    column->list_cell_bytes = lists * sizeof *column->list_cell;
    status = take(job, column->lists_bytes, &memory, err);
    if (status != SCREE_OK)
        return status;
    column->lists = memory;
    memset(memory, 0, column->lists_bytes);
    status = take(job, column->list_cell_bytes, &memory, err);
    if (status != SCREE_OK)
        return status;
    column->list_cell = memory;
    for (uint32_t cell = 0; cell < column->cell_count; cell++) {
        uint32_t first = column->cell_first[cell], count = column->cell_first[cell + 1] - first;
        uint64_t each = column->cell_rows[cell] / count, more = column->cell_rows[cell] % count;
        for (uint32_t i = 0; i < count; i++) {
            column->lists[first + i].count = (uint32_t)(each + (i < more));
            column->list_cell[first + i] = cell;
        }
    }
    return SCREE_OK;
}

static uint64_t place_head(struct scree__vectors_build_column *column, uint64_t at)
{
    struct scree__vectors_column_head *head = &column->head;
    head->rotation_offset = at;
    at = scree__vectors_align(at + head->rotation_bytes, 64);
    head->directory_offset = at;
    at = scree__vectors_align(at + (uint64_t)head->list_count * SCREE__VECTORS_LIST_BYTES, 64);
    head->centroids_offset = at;
    return scree__vectors_align(
        at + scree__vectors_centroids_bytes(head->list_count, head->shape.dim), 64);
}

static uint64_t place_codes(struct scree__vectors_build_column *column, uint64_t at)
{
    column->head.codes_offset = at;
    for (uint32_t i = 0; i < column->head.list_count; i++) {
        column->lists[i].block_offset = at;
        at += scree__vectors_block_bytes(&column->head.shape, column->lists[i].count);
    }
    column->head.codes_bytes = at - column->head.codes_offset;
    return at;
}

static uint64_t place_rows(struct scree__vectors_build_column *column, uint64_t at)
{
    uint32_t stride = scree__vectors_row_stride(&column->head.shape);
    if (stride == 0)
        return at;
    column->head.row_stride = stride;
    column->head.rows_offset = at;
    for (uint32_t i = 0; i < column->head.list_count; i++) {
        column->lists[i].rows_offset = at;
        at += (uint64_t)column->lists[i].count * stride;
    }
    column->head.rows_bytes = at - column->head.rows_offset;
    return scree__vectors_align(at, 64);
}

enum scree_status scree__vectors_build_layout(struct scree_vectors_build_job *job,
                                              struct scree_error *err)
{
    uint64_t at = SCREE__VECTORS_SUPER_BYTES + job->column_count * SCREE__VECTORS_COLUMN_BYTES;
    enum scree_status status = SCREE_OK;
    if (job->names.section_bytes > 0) {
        job->super.tags_offset = at;
        job->super.tags_bytes = job->names.section_bytes;
        at = scree__vectors_align(at + job->names.section_bytes, 64);
    }
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++) {
        status = divide_cells(job, &job->columns[i], err);
        if (status == SCREE_OK)
            at = place_head(&job->columns[i], at);
    }
    if (status != SCREE_OK)
        return status;
    job->super.head_bytes = at;
    for (uint32_t i = 0; i < job->column_count; i++)
        at = place_codes(&job->columns[i], at);
    for (uint32_t i = 0; i < job->column_count; i++)
        at = place_rows(&job->columns[i], at);
    job->super.file_bytes = at;
    return scree__io_place_size(job->place, at, err);
}

/* ------------------------------------------------------------------------------------- the head */

#define PIECE_BYTES 65536u

/* A run of scratch to the file, a piece at a time. */
static enum scree_status copy_scratch(struct scree_vectors_build_job *job, uint64_t from,
                                      uint64_t to, uint64_t count, uint32_t *crc, uint8_t *piece,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    while (count > 0 && status == SCREE_OK) {
        size_t n = count < PIECE_BYTES ? (size_t)count : PIECE_BYTES;
        status = scree__vectors_scratch_read(job, from, piece, n, err);
        if (status == SCREE_OK)
            status = scree__io_place_write(job->place, to, piece, n, err);
        *crc = scree__simd_crc32c(*crc, piece, n);
        from += n;
        to += n;
        count -= n;
    }
    return status;
}

/* The centroids of lists: that of its cell for each. */
static enum scree_status write_centroids(struct scree_vectors_build_job *job,
                                         struct scree__vectors_build_column *column, uint8_t *piece,
                                         struct scree_error *err)
{
    uint64_t scales = 8 * (uint64_t)column->head.shape.dim;
    uint64_t one = 2 * (uint64_t)column->head.shape.dim;
    uint64_t to = column->head.centroids_offset;
    enum scree_status status = copy_scratch(job, column->centroids_at, to, scales,
                                            &column->head.centroids_crc, piece, err);
    to += scales;
    /* Cells that are not divided follow each other in both. */
    for (uint32_t list = 0; list < column->head.list_count && status == SCREE_OK;) {
        uint32_t cell = column->list_cell[list], run = 1;
        while (list + run < column->head.list_count && column->list_cell[list + run] == cell + run)
            run++;
        status = copy_scratch(job, column->centroids_at + scales + cell * one, to, run * one,
                              &column->head.centroids_crc, piece, err);
        to += run * one;
        list += run;
    }
    return status;
}

static enum scree_status write_directory(struct scree_vectors_build_job *job,
                                         struct scree__vectors_build_column *column, uint8_t *piece,
                                         struct scree_error *err)
{
    enum { BATCH = PIECE_BYTES / SCREE__VECTORS_LIST_BYTES };
    enum scree_status status = SCREE_OK;
    uint64_t to = column->head.directory_offset;
    for (uint32_t at = 0; at < column->head.list_count && status == SCREE_OK; at += BATCH) {
        uint32_t left = column->head.list_count - at, count = left < BATCH ? left : BATCH;
        for (uint32_t i = 0; i < count; i++)
            scree__vectors_list_store(&column->lists[at + i],
                                      piece + i * SCREE__VECTORS_LIST_BYTES);
        size_t bytes = (size_t)count * SCREE__VECTORS_LIST_BYTES;
        column->head.directory_crc = scree__simd_crc32c(column->head.directory_crc, piece, bytes);
        status = scree__io_place_write(job->place, to, piece, bytes, err);
        to += bytes;
    }
    return status;
}

static enum scree_status write_head(struct scree_vectors_build_job *job, uint8_t *piece,
                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    uint8_t table[SCREE_VECTORS_COLUMNS_MAX * SCREE__VECTORS_COLUMN_BYTES];
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++) {
        struct scree__vectors_build_column *column = &job->columns[i];
        column->head.rotation_crc =
            scree__simd_crc32c(0, column->rotation, column->head.rotation_bytes);
        status = scree__io_place_write(job->place, column->head.rotation_offset, column->rotation,
                                       column->head.rotation_bytes, err);
        if (status == SCREE_OK)
            status = write_centroids(job, column, piece, err);
        if (status == SCREE_OK)
            status = write_directory(job, column, piece, err);
        scree__vectors_column_store(&column->head, table + i * SCREE__VECTORS_COLUMN_BYTES);
    }
    if (status == SCREE_OK && job->names.section_bytes > 0) {
        job->super.tags_crc = scree__simd_crc32c(0, job->names.section, job->names.section_bytes);
        status = scree__io_place_write(job->place, job->super.tags_offset, job->names.section,
                                       job->names.section_bytes, err);
    }
    size_t table_bytes = (size_t)job->column_count * SCREE__VECTORS_COLUMN_BYTES;
    if (status == SCREE_OK)
        status =
            scree__io_place_write(job->place, SCREE__VECTORS_SUPER_BYTES, table, table_bytes, err);
    if (status != SCREE_OK)
        return status;
    uint8_t super[SCREE__VECTORS_SUPER_BYTES];
    job->super.columns_crc = scree__simd_crc32c(0, table, table_bytes);
    snprintf(job->super.writer, sizeof job->super.writer, "scree %s", scree_version());
    scree__vectors_super_store(&job->super, super);
    return scree__io_place_write(job->place, 0, super, sizeof super, err);
}

/* The finished file from scratch to the object, from begin to end. */
static enum scree_status upload(struct scree_vectors_build_job *job, uint8_t *piece,
                                struct scree_error *err)
{
    struct scree_sink *sink;
    enum scree_status status = scree_sink_open(job->options.output, &job->sink_options, &sink, err);
    if (status != SCREE_OK)
        return status;
    scree__par_stage_begin(job->context, "upload", job->super.file_bytes);
    for (uint64_t at = 0; at < job->super.file_bytes && status == SCREE_OK;) {
        uint64_t left = job->super.file_bytes - at;
        size_t count = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        status = scree__par_check_cancel(job->context, err);
        if (status == SCREE_OK)
            status = scree__io_place_read(job->place, at, piece, count, err);
        if (status == SCREE_OK)
            status = scree_sink_write(sink, piece, count, err);
        at += count;
        scree__par_stage_add(job->context, count);
    }
    scree__par_stage_end(job->context);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    return status;
}

enum scree_status scree__vectors_build_finish(struct scree_vectors_build_job *job,
                                              struct scree_error *err)
{
    void *piece;
    enum scree_status status =
        scree__mem_alloc(job->budget, PIECE_BYTES, &piece, "the head of the index", err);
    if (status != SCREE_OK)
        return status;
    status = write_head(job, piece, err);
    if (status == SCREE_OK && scree_location_is_remote(job->options.output))
        status = upload(job, piece, err);
    else if (status == SCREE_OK)
        status = scree_sink_commit(job->place, err);
    scree__mem_free(job->budget, piece, PIECE_BYTES);
    return status;
}
