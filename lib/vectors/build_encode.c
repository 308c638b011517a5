/*
 * build_encode.c - the second read of the input: rows become records and rerank rows, in parallel; then, in the order of the input, each goes to the
 * next free place of its list, by way of a small buffer a list where the budget has room for one.
 */
#include "vectors/build_resume.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/place.h"

#include <string.h>

/* Memory of one thread: of a row that is encoded. */
struct worker {
    float *work, *from_origin, *rotated, *centroid;
    uint8_t *signs, *extra;
};

/* Memory of one tile. */
struct slot {
    uint8_t *raw, *records, *rows;
    float *values;
    uint32_t *cells, *sets;
    uint64_t *ids;
    float *radii;
};

struct encoding {
    struct scree_vectors_build_job *job;
    struct scree__vectors_build_column *column;
    struct scree__vectors_quantizer quantizer;
    uint32_t stride, record_bytes, row_stride, worker_floats;
    float *origin;
    uint8_t *section; /* centroids of cells as in the file */
    float *frames;    /* [cell_count][2][padded_dim], or NULL: made for each row */
    uint8_t *workers, *slots;
    uint64_t worker_bytes, slot_bytes;
    unsigned window;
    uint32_t *filled; /* [list_count]: rows that have come */
    uint32_t *begun;  /* [list_count]: of these, in the file before this run */
    uint64_t first_tile;
    uint64_t *next;    /* [cell_count]: rows of the cell that have come */
    uint8_t *gathered; /* [list_count][gather_rows][record_bytes + row_stride], or NULL */
    uint32_t gather_rows;
    /* What was taken, for giving it back. */
    struct {
        void *memory;
        uint64_t bytes;
    } blocks[12];
    unsigned block_count;
};

/* ---------------------------------------------------------------------------------------- memory */

static uint64_t worker_bytes_of(const struct scree__vectors_build_column *column)
{
    const struct scree__vectors_shape *shape = &column->head.shape;
    uint64_t floats =
        scree__vectors_encode_floats(shape->padded_dim) + 3 * (uint64_t)shape->padded_dim;
    return 4 * floats + scree__vectors_align(shape->padded_dim / 8, 64) +
           scree__vectors_align(scree__vectors_extra_bytes(shape->padded_dim, shape->bits), 64);
}

static uint64_t slot_bytes_of(const struct scree__vectors_build_column *column)
{
    uint64_t t = column->tile_rows;
    return scree__vectors_align(t * column->input.row_bytes, 64) +
           4 * t * scree__vectors_stride(column->head.shape.dim) +
           scree__vectors_align(t * column->record_bytes, 64) +
           scree__vectors_align(t * scree__vectors_row_stride(&column->head.shape), 64) +
           scree__vectors_align(t * (4 + 4 + 8 + 4), 64) + 4 * 64;
}

static unsigned window_of(const struct scree_vectors_build_job *job)
{
    return job->threads == 1 ? 1 : job->threads + 1;
}

/* A list for each cell, and as many as the largest blocks make of the rest. */
static uint64_t lists_at_most(const struct scree__vectors_build_column *column)
{
    uint64_t rows = SCREE__VECTORS_BLOCK_BYTES_MAX / column->record_bytes;
    return column->cell_count + column->input.row_count / (rows < 64 ? 64 : rows) + 1;
}

uint64_t scree__vectors_encode_bytes(const struct scree_vectors_build_job *job,
                                     const struct scree__vectors_build_column *column)
{
    uint64_t lists = lists_at_most(column);
    return scree__vectors_centroids_bytes(column->cell_count, column->head.shape.dim) +
           4 * (uint64_t)column->head.shape.dim + job->threads * worker_bytes_of(column) +
           window_of(job) * slot_bytes_of(column) + 16 * lists +
           lists * (sizeof(struct scree__vectors_list) + 8) + 8 * (uint64_t)column->cell_count;
}

static enum scree_status take_block(struct encoding *e, uint64_t bytes, void *to, const char *what,
                                    struct scree_error *err)
{
    void *memory;
    enum scree_status status = scree__mem_alloc(e->job->budget, bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    e->blocks[e->block_count].memory = memory;
    e->blocks[e->block_count++].bytes = bytes;
    memcpy(to, &memory, sizeof memory);
    return SCREE_OK;
}

static uint64_t room(const struct scree_vectors_build_job *job)
{
    uint64_t used = scree__mem_budget_used(job->budget), limit = job->budget->limit_bytes;
    return used < limit ? limit - used : 0;
}

/* What is needed; then, where there is room, frames of all cells; then buffers. */
static enum scree_status take_memory(struct encoding *e, struct scree_error *err)
{
    struct scree__vectors_build_column *column = e->column;
    const struct scree__vectors_shape *shape = &column->head.shape;
    uint64_t lists = column->head.list_count;
    enum scree_status status =
        take_block(e, scree__vectors_centroids_bytes(column->cell_count, shape->dim), &e->section,
                   "centroids", err);
    if (status == SCREE_OK)
        status = take_block(e, 4 * (uint64_t)shape->dim, &e->origin, "origin", err);
    if (status == SCREE_OK)
        status = take_block(e, e->job->threads * e->worker_bytes, &e->workers, "workers", err);
    if (status == SCREE_OK)
        status = take_block(e, e->window * e->slot_bytes, &e->slots, "rows", err);
    if (status == SCREE_OK)
        status = take_block(e, 4 * lists, &e->filled, "counts", err);
    if (status == SCREE_OK)
        status = take_block(e, 4 * lists, &e->begun, "counts", err);
    if (status == SCREE_OK)
        status = take_block(e, 8 * (uint64_t)column->cell_count, &e->next, "counts", err);
    if (status != SCREE_OK)
        return status;
    memset(e->filled, 0, 4 * lists);
    memset(e->begun, 0, 4 * lists);
    memset(e->next, 0, 8 * (uint64_t)column->cell_count);
    uint64_t frames = 8 * (uint64_t)column->cell_count * shape->padded_dim;
    uint64_t one = lists * (e->record_bytes + e->row_stride);
    const uint64_t spare = (uint64_t)1 << 20;
    if (frames + spare < room(e->job))
        status = take_block(e, frames, &e->frames, "rotated centroids", err);
    uint64_t rows = room(e->job) > spare ? (room(e->job) - spare) / one : 0;
    uint64_t plenty = 65536 / (e->record_bytes + e->row_stride) + 1;
    rows = rows > plenty ? plenty : rows;
    if (status == SCREE_OK && rows > 1) {
        e->gather_rows = (uint32_t)rows;
        status = take_block(e, rows * one, &e->gathered, "buffers of lists", err);
    }
    return status;
}

static void release(struct encoding *e)
{
    for (unsigned i = 0; i < e->block_count; i++)
        scree__mem_free(e->job->budget, e->blocks[i].memory, e->blocks[i].bytes);
}

static struct worker worker_at(const struct encoding *e, unsigned index)
{
    uint8_t *p = e->workers + index * e->worker_bytes;
    uint32_t padded = e->column->head.shape.padded_dim;
    struct worker w;
    w.work = (float *)(void *)p;
    w.from_origin = w.work + scree__vectors_encode_floats(padded);
    w.rotated = w.from_origin + padded;
    w.centroid = w.rotated + padded;
    w.signs = (uint8_t *)(w.centroid + padded);
    w.extra = w.signs + scree__vectors_align(padded / 8, 64);
    return w;
}

static struct slot slot_at(const struct encoding *e, unsigned index)
{
    const struct scree__vectors_build_column *column = e->column;
    uint64_t t = column->tile_rows;
    uint8_t *p = e->slots + index * e->slot_bytes;
    struct slot s;
    s.raw = p;
    p += scree__vectors_align(t * column->input.row_bytes, 64);
    s.values = (float *)(void *)p;
    p += 4 * t * e->stride;
    s.records = p;
    p += scree__vectors_align(t * e->record_bytes, 64);
    s.rows = p;
    p += scree__vectors_align(t * e->row_stride, 64);
    s.ids = (uint64_t *)(void *)p;
    s.cells = (uint32_t *)(void *)(s.ids + t);
    s.sets = s.cells + t;
    s.radii = (float *)(void *)(s.sets + t);
    return s;
}

/* ------------------------------------------------------------------------------------- encoding */

static void fill_frame(const struct encoding *e, uint32_t cell, float *centroid,
                       struct scree__vectors_frame *frame)
{
    scree__vectors_centroid_load(e->section, e->column->head.shape.dim, cell, centroid);
    frame->centroid = centroid;
    scree__vectors_frame_fill(&e->quantizer, e->origin, frame);
}

static enum scree_status make_frames(void *arg, uint64_t cell, unsigned worker,
                                     struct scree_error *err)
{
    struct encoding *e = arg;
    struct worker w = worker_at(e, worker);
    uint32_t padded = e->column->head.shape.padded_dim;
    float *at = e->frames + 2 * cell * padded;
    struct scree__vectors_frame frame = {NULL, at, at + padded};
    (void)err;
    fill_frame(e, (uint32_t)cell, w.centroid, &frame);
    return SCREE_OK;
}

static void store_little(uint8_t *p, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void copy_floats(uint8_t *to, const float *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        scree__base_store32(to + 4 * (size_t)i, bits);
    }
}

static void encode_row(const struct encoding *e, const struct worker *w, const struct slot *s,
                       uint32_t i, float norm)
{
    const struct scree__vectors_shape *shape = &e->column->head.shape;
    uint32_t signs = shape->padded_dim / 8, cell = s->cells[i];
    uint32_t extra = scree__vectors_extra_bytes(shape->padded_dim, shape->bits);
    float factors[3], extra_factors[2];
    struct scree__vectors_codes codes = {w->signs, factors, w->extra, extra_factors};
    struct scree__vectors_frame frame = {w->centroid, w->from_origin, w->rotated};
    const float *row = s->values + (size_t)i * e->stride;
    if (e->frames != NULL) {
        scree__vectors_centroid_load(e->section, shape->dim, cell, w->centroid);
        frame.from_origin = e->frames + 2 * (size_t)cell * shape->padded_dim;
        frame.rotated = frame.from_origin + shape->padded_dim;
    } else {
        fill_frame(e, cell, w->centroid, &frame);
    }
    scree__vectors_encode(&e->quantizer, &frame, row, e->stride, 1, w->work, &codes, &s->radii[i]);
    uint8_t *p = s->records + (size_t)i * e->record_bytes;
    memcpy(p, w->signs, signs);
    copy_floats(p + signs, factors, 3);
    p += signs + 12;
    if (shape->bits > 1) {
        memcpy(p, w->extra, extra);
        copy_floats(p + extra, extra_factors, 2);
        p += extra + 8;
    }
    store_little(p, s->ids[i] - e->job->super.id_base, shape->id_bytes);
    p += shape->id_bytes;
    store_little(p, s->sets[i], shape->tag_bytes);
    p += shape->tag_bytes;
    if (shape->metric == SCREE_VECTORS_COSINE)
        copy_floats(p, &norm, 1);
    if (e->row_stride > 0)
        scree__vectors_row_store(shape, row, w->centroid, s->rows + (size_t)i * e->row_stride);
}

static uint32_t rows_of_tile(const struct encoding *e, uint64_t tile)
{
    uint64_t left = e->column->input.row_count - tile * e->column->tile_rows;
    return left < e->column->tile_rows ? (uint32_t)left : e->column->tile_rows;
}

static enum scree_status make(void *arg, uint64_t index, unsigned slot, unsigned worker,
                              struct scree_error *err)
{
    struct encoding *e = arg;
    uint64_t tile = e->first_tile + index;
    struct scree__vectors_build_column *column = e->column;
    struct worker w = worker_at(e, worker);
    struct slot s = slot_at(e, slot);
    uint32_t count = rows_of_tile(e, tile), dim = column->head.shape.dim;
    uint64_t first = tile * column->tile_rows;
    enum scree_status status =
        scree__vectors_input_read(&column->input, first, count, s.raw, s.values, e->stride, err);
    if (status == SCREE_OK)
        status = scree__vectors_scratch_read(e->job, column->assigned_at + 4 * first, s.cells,
                                             4 * (uint64_t)count, err);
    if (status == SCREE_OK)
        status = scree__vectors_names_read(&e->job->names, e->job->scratch, first, count, s.ids,
                                           s.sets, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        float *row = s.values + (size_t)i * e->stride, norm = 0;
        bool bad = scree__vectors_bad_component(row, dim) < dim;
        if (bad != (s.cells[i] == SCREE__VECTORS_NO_LIST) ||
            (!bad && s.cells[i] >= column->cell_count))
            return scree__base_fail(
                err, SCREE_E_IO, "%s: row %llu has changed since it was read first",
                scree_source_name(column->input.source), (unsigned long long)(first + i));
        if (bad)
            continue;
        if (column->head.shape.metric == SCREE_VECTORS_COSINE)
            norm = scree__vectors_normalise(row, dim);
        encode_row(e, &w, &s, i, norm);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- placing */

static enum scree_status write_rows(struct encoding *e, uint32_t list, uint32_t first,
                                    uint32_t count, const uint8_t *records, const uint8_t *rows,
                                    struct scree_error *err)
{
    const struct scree__vectors_list *to = &e->column->lists[list];
    enum scree_status status =
        scree__io_place_write(e->job->place, to->block_offset + (uint64_t)first * e->record_bytes,
                              records, (size_t)count * e->record_bytes, err);
    if (status == SCREE_OK && e->row_stride > 0)
        status =
            scree__io_place_write(e->job->place, to->rows_offset + (uint64_t)first * e->row_stride,
                                  rows, (size_t)count * e->row_stride, err);
    return status;
}

/* Records come first in a list's buffer, then rows. */
static uint8_t *buffer_of(const struct encoding *e, uint32_t list)
{
    return e->gathered + (size_t)list * e->gather_rows * (e->record_bytes + e->row_stride);
}

/* The last `count` rows of a list, that are in its buffer from the begin on; but not those of an earlier run. */
static enum scree_status write_gathered(struct encoding *e, uint32_t list, uint32_t count,
                                        struct scree_error *err)
{
    const uint8_t *records = buffer_of(e, list), *rows = records + e->gather_rows * e->record_bytes;
    uint32_t first = e->filled[list] - count;
    uint32_t skip = e->begun[list] > first ? e->begun[list] - first : 0;
    if (skip >= count)
        return SCREE_OK;
    return write_rows(e, list, first + skip, count - skip, records + (size_t)skip * e->record_bytes,
                      rows + (size_t)skip * e->row_stride, err);
}

static enum scree_status place_row(struct encoding *e, uint32_t list, const uint8_t *record,
                                   const uint8_t *row, struct scree_error *err)
{
    uint32_t at = e->filled[list]++;
    if (e->gathered == NULL)
        return write_rows(e, list, at, 1, record, row, err);
    uint8_t *records = buffer_of(e, list), *rows = records + e->gather_rows * e->record_bytes;
    uint32_t slot = at % e->gather_rows;
    memcpy(records + slot * e->record_bytes, record, e->record_bytes);
    if (e->row_stride > 0)
        memcpy(rows + (size_t)slot * e->row_stride, row, e->row_stride);
    return slot + 1 < e->gather_rows ? SCREE_OK : write_gathered(e, list, slot + 1, err);
}

/* What is in the buffers of all lists; it stays there, too. */
static enum scree_status write_all_gathered(struct encoding *e, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t list = 0; list < e->column->head.list_count && status == SCREE_OK; list++) {
        uint32_t left = e->gathered != NULL ? e->filled[list] % e->gather_rows : 0;
        if (left > 0)
            status = write_gathered(e, list, left, err);
    }
    return status;
}

/* The last rows of all lists. */
static enum scree_status flush(struct encoding *e, struct scree_error *err)
{
    enum scree_status status = write_all_gathered(e, err);
    for (uint32_t list = 0; list < e->column->head.list_count && status == SCREE_OK; list++) {
        if (e->filled[list] != e->column->lists[list].count)
            status = scree__base_fail(err, SCREE_E_IO, "%s: list %u: %u rows came, expected %u",
                                      e->column->head.name, list, e->filled[list],
                                      e->column->lists[list].count);
    }
    return status;
}

/* The list that the next row of a cell goes to: its first lists are filled first. */
static uint32_t next_list(struct encoding *e, uint32_t cell)
{
    const struct scree__vectors_build_column *column = e->column;
    uint32_t list = column->cell_first[cell], end = column->cell_first[cell + 1];
    uint64_t at = e->next[cell]++;
    while (list + 1 < end && at >= column->lists[list].count)
        at -= column->lists[list++].count;
    return list;
}

static enum scree_status take(void *arg, uint64_t index, unsigned slot, struct scree_error *err)
{
    struct encoding *e = arg;
    uint64_t tile = e->first_tile + index;
    struct slot s = slot_at(e, slot);
    uint32_t count = rows_of_tile(e, tile);
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        if (s.cells[i] == SCREE__VECTORS_NO_LIST)
            continue;
        uint32_t list = next_list(e, s.cells[i]);
        struct scree__vectors_list *to = &e->column->lists[list];
        if (e->filled[list] >= to->count)
            return scree__base_fail(err, SCREE_E_IO, "%s has changed since it was read first",
                                    scree_source_name(e->column->input.source));
        /* A float's rounding in the sum of squares is far below 2^-20 of it. */
        float up = s.radii[i] * (1 + 0x1p-20f), down = s.radii[i] * (1 - 0x1p-20f);
        to->min_radius = e->filled[list] == 0 || down < to->min_radius ? down : to->min_radius;
        to->radius = up > to->radius ? up : to->radius;
        status = place_row(e, list, s.records + (size_t)i * e->record_bytes,
                           s.rows + (size_t)i * e->row_stride, err);
    }
    scree__par_stage_add(e->job->context, count);
    if (status == SCREE_OK && scree__vectors_resume_due(e->job)) {
        status = write_all_gathered(e, err);
        if (status == SCREE_OK)
            status = scree__vectors_resume_encoded(e->job, e->column,
                                                   tile * e->column->tile_rows + count, err);
    }
    return status;
}

/* Rows that an earlier run has placed: counted once more, from the lists of rows. */
static enum scree_status skip_rows(struct encoding *e, uint64_t rows, struct scree_error *err)
{
    uint32_t cells[256];
    enum scree_status status = SCREE_OK;
    for (uint64_t first = 0; first < rows && status == SCREE_OK; first += 256) {
        uint64_t count = rows - first < 256 ? rows - first : 256;
        status = scree__vectors_scratch_read(e->job, e->column->assigned_at + 4 * first, cells,
                                             4 * count, err);
        for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
            if (cells[i] < e->column->cell_count)
                e->filled[next_list(e, cells[i])]++;
        }
    }
    memcpy(e->begun, e->filled, e->column->head.list_count * sizeof *e->begun);
    e->first_tile = rows / e->column->tile_rows;
    if (rows == e->column->input.row_count)
        e->first_tile = (rows + e->column->tile_rows - 1) / e->column->tile_rows;
    return status;
}

static enum scree_status prepare(struct encoding *e, struct scree_error *err)
{
    struct scree__vectors_build_column *column = e->column;
    uint32_t dim = column->head.shape.dim;
    uint64_t section = scree__vectors_centroids_bytes(column->cell_count, dim);
    enum scree_status status =
        scree__vectors_scratch_read(e->job, column->centroids_at, e->section, section, err);
    if (status != SCREE_OK)
        return status;
    /* The mean of the lists' centroids, in blocks so that they need not be in memory as floats: as scree__vectors_origin() does it. */
    enum { BLOCK = 64 };
    float part[BLOCK];
    for (uint32_t begin = 0; begin < dim; begin += BLOCK) {
        uint32_t n = dim - begin < BLOCK ? dim - begin : BLOCK;
        double sums[BLOCK] = {0};
        for (uint32_t list = 0; list < column->head.list_count; list++) {
            scree__vectors_centroid_part(e->section, dim, column->list_cell[list], begin, n, part);
            for (uint32_t i = 0; i < n; i++)
                sums[i] += part[i];
        }
        for (uint32_t i = 0; i < n; i++)
            e->origin[begin + i] = (float)(sums[i] / column->head.list_count);
    }
    if (e->frames == NULL)
        return SCREE_OK;
    return scree__par_for(scree__par_pool(e->job->context), column->cell_count, make_frames, e,
                          err);
}

enum scree_status scree__vectors_build_encode(struct scree_vectors_build_job *job,
                                              struct scree__vectors_build_column *column,
                                              uint64_t rows_done, struct scree_error *err)
{
    const struct scree__vectors_shape *shape = &column->head.shape;
    struct encoding e = {.job = job, .column = column};
    e.quantizer = (struct scree__vectors_quantizer){
        shape->dim, shape->padded_dim, shape->bits,
        shape->metric == SCREE_VECTORS_L2 ? SCREE__VECTORS_L2 : SCREE__VECTORS_PRODUCT,
        column->rotation};
    e.stride = scree__vectors_stride(shape->dim);
    e.record_bytes = column->record_bytes;
    e.row_stride = scree__vectors_row_stride(shape);
    e.worker_bytes = scree__vectors_align(worker_bytes_of(column), 64);
    e.slot_bytes = scree__vectors_align(slot_bytes_of(column), 64);
    e.window = window_of(job);
    enum scree_status status = take_memory(&e, err);
    if (status == SCREE_OK)
        status = prepare(&e, err);
    if (status == SCREE_OK && rows_done > 0)
        status = skip_rows(&e, rows_done, err);
    if (status == SCREE_OK) {
        uint64_t rows = column->input.row_count;
        uint64_t tiles = (rows + column->tile_rows - 1) / column->tile_rows;
        struct scree__par_lane_job lane = {tiles - e.first_tile, e.window, &e, make, take};
        scree__par_stage_begin(job->context, "encode", rows);
        status = scree__par_lane(scree__par_pool(job->context), &lane, err);
        scree__par_stage_end(job->context);
    }
    if (status == SCREE_OK)
        status = flush(&e, err);
    release(&e);
    return status;
}
