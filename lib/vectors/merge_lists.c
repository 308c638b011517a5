/*
 * merge_lists.c - segments around the same centroids become one file without anything being encoded anew: count_all() finds what is left of each
 * list, the layout of a build gives it its place, join_all() writes it.
 */
#include "vectors/merge.h"
#include "vectors/build_append.h"
#include "vectors/opened.h"
#include "base/error.h"
#include "io/place.h"
#include "io/sink.h"
#include "simd/crc32c.h"

#include <string.h>

#define PIECE_BYTES ((uint64_t)1 << 20) /* rerank rows at once */

struct joining {
    struct scree__vectors_merge *merge;
    struct scree_vectors_build_job *job;
    uint32_t column;
    uint64_t largest_in, largest_out; /* blocks */
    uint8_t *memory;                  /* of workers */
    uint64_t worker_bytes;
    /* While ids are counted: of each worker. */
    uint64_t *least, *most;
};

static uint32_t count_of(const struct joining *j, uint32_t segment, uint64_t list)
{
    const struct scree__vectors_merge_segment *from = &j->merge->segments[segment];
    const struct scree__vectors_svx_column *column = &from->svx->columns[j->column];
    return column->lists[(size_t)from->at * column->head.list_count + list].count;
}

static uint64_t block_in(const struct joining *j, uint32_t segment, uint64_t list)
{
    return scree__vectors_block_bytes(&j->merge->segments[segment].segment->heads[j->column].shape,
                                      count_of(j, segment, list));
}

static bool is_deleted(const struct scree__vectors_merge_segment *segment, uint64_t id)
{
    return scree__vectors_svx_deleted(segment->svx, segment->at, id);
}

/* Items one after the other where memory for all threads is too much. */
static enum scree_status for_lists(struct joining *j, uint64_t worker_bytes, scree__par_item item,
                                   struct scree_error *err)
{
    struct scree_vectors_build_job *job = j->job;
    uint32_t lists = job->columns[j->column].cell_count;
    uint64_t bytes = worker_bytes * job->threads;
    void *memory;
    struct scree_error own = SCREE_ERROR_INIT;
    j->worker_bytes = worker_bytes;
    enum scree_status status = scree__mem_alloc(job->budget, bytes, &memory, "lists", &own);
    if (status == SCREE_OK) {
        j->memory = memory;
        status = scree__par_for(scree__par_pool(job->context), lists, item, j, err);
        scree__mem_free(job->budget, memory, bytes);
        return status;
    }
    if (status != SCREE_E_BUDGET)
        return scree__base_fail(err, status, "%s", own.message);
    status = scree__mem_alloc(job->budget, worker_bytes, &memory, "a list", err);
    if (status != SCREE_OK)
        return status;
    j->memory = memory;
    for (uint32_t list = 0; list < lists && status == SCREE_OK; list++) {
        status = scree__par_check_cancel(job->context, err);
        if (status == SCREE_OK)
            status = item(j, list, 0, err);
    }
    scree__mem_free(job->budget, memory, worker_bytes);
    return status;
}

/* --------------------------------------------------------------------------------------- counting */

static enum scree_status count_list(void *arg, uint64_t list, unsigned worker,
                                    struct scree_error *err)
{
    struct joining *j = arg;
    uint8_t *block = j->memory + worker * j->worker_bytes;
    uint64_t *rows = &j->job->columns[j->column].cell_rows[list];
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        const struct scree__vectors_merge_segment *segment = &j->merge->segments[s];
        uint32_t count = count_of(j, s, list);
        if (count == 0)
            continue;
        enum scree_status status =
            scree__vectors_merge_read_block(segment, j->column, (uint32_t)list, block, err);
        if (status != SCREE_OK)
            return status;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t id = scree__vectors_merge_id(segment, j->column, count, block, i);
            if (is_deleted(segment, id))
                continue;
            ++*rows;
            j->least[worker] = id < j->least[worker] ? id : j->least[worker];
            j->most[worker] = id > j->most[worker] ? id : j->most[worker];
        }
        scree__par_stage_add(j->job->context, count);
    }
    return SCREE_OK;
}

static enum scree_status count_column(struct joining *j, struct scree_error *err)
{
    struct scree_vectors_build_job *job = j->job;
    struct scree__vectors_build_column *column = &job->columns[j->column];
    void *memory;
    column->cell_rows_bytes = 8 * (uint64_t)column->cell_count;
    enum scree_status status =
        scree__mem_alloc(job->budget, column->cell_rows_bytes, &memory, "counts of lists", err);
    if (status != SCREE_OK)
        return status;
    column->cell_rows = memory;
    memset(memory, 0, column->cell_rows_bytes);
    uint64_t largest = 0, all = 0;
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        for (uint32_t list = 0; list < column->cell_count; list++) {
            uint64_t bytes = block_in(j, s, list);
            largest = bytes > largest ? bytes : largest;
            all += count_of(j, s, list);
        }
    }
    status = for_lists(j, scree__vectors_align(largest, 64) + 64, count_list, err);
    for (uint32_t list = 0; list < column->cell_count; list++)
        column->head.vector_count += column->cell_rows[list];
    if (j->column == 0) {
        j->merge->result->vector_count = column->head.vector_count;
        j->merge->result->deleted_count = all - column->head.vector_count;
    }
    return status;
}

static enum scree_status count_all(struct joining *j, struct scree_error *err)
{
    struct scree_vectors_build_job *job = j->job;
    uint64_t bytes = 2 * sizeof *j->least * job->threads, least = UINT64_MAX, most = 0, all = 0;
    void *memory;
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        for (uint32_t c = 0; c < job->column_count; c++)
            all += j->merge->segments[s].segment->heads[c].vector_count;
    }
    enum scree_status status = scree__mem_alloc(job->budget, bytes, &memory, "ids", err);
    if (status != SCREE_OK)
        return status;
    j->least = memory;
    j->most = j->least + job->threads;
    for (unsigned i = 0; i < job->threads; i++) {
        j->least[i] = UINT64_MAX;
        j->most[i] = 0;
    }
    scree__par_stage_begin(job->context, "count", all);
    for (j->column = 0; j->column < job->column_count && status == SCREE_OK; j->column++)
        status = count_column(j, err);
    scree__par_stage_end(job->context);
    for (unsigned i = 0; i < job->threads; i++) {
        least = j->least[i] < least ? j->least[i] : least;
        most = j->most[i] > most ? j->most[i] : most;
    }
    scree__mem_free(job->budget, memory, bytes);
    bool narrow = least > most || most - least <= UINT32_MAX;
    job->super.id_bytes = narrow ? 4 : 8;
    job->super.id_base = narrow && least <= most ? least : 0;
    return status;
}

/* ---------------------------------------------------------------------------------------- joining */

static void store_little(uint8_t *p, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

/* Vector `at` of a block of the file as a record, as build_encode.c makes them. */
static void make_record(const struct joining *j, const struct scree__vectors_merge_segment *segment,
                        const uint8_t *block, uint32_t count, uint32_t at, uint8_t *p)
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
static enum scree_status join_rows(const struct joining *j,
                                   const struct scree__vectors_merge_segment *segment,
                                   uint32_t list, uint32_t count, const uint8_t *block,
                                   uint8_t *piece, uint64_t *to, struct scree_error *err)
{
    uint32_t stride = j->job->columns[j->column].head.row_stride;
    uint32_t batch = stride == 0 ? 1 : (uint32_t)(PIECE_BYTES / stride);
    enum scree_status status = SCREE_OK;
    batch = batch < 1 ? 1 : batch;
    for (uint32_t first = 0; first < count && stride > 0 && status == SCREE_OK; first += batch) {
        uint32_t n = count - first < batch ? count - first : batch, kept = 0;
        status = scree__vectors_merge_read_rows(segment, j->column, list, first, n, piece, err);
        for (uint32_t i = 0; i < n && status == SCREE_OK; i++) {
            uint64_t id = scree__vectors_merge_id(segment, j->column, count, block, first + i);
            if (is_deleted(segment, id))
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
    struct joining *j = arg;
    struct scree__vectors_build_column *column = &j->job->columns[j->column];
    struct scree__vectors_list *list = &column->lists[index];
    uint8_t *in = j->memory + worker * j->worker_bytes, *out = in + j->largest_in;
    uint8_t *records = out + j->largest_out, *piece = records + j->largest_out;
    uint64_t rows_at = list->rows_offset;
    uint32_t used = 0;
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        const struct scree__vectors_merge_segment *segment = &j->merge->segments[s];
        uint32_t count = count_of(j, s, index), before = used;
        if (count == 0)
            continue;
        enum scree_status status =
            scree__vectors_merge_read_block(segment, j->column, (uint32_t)index, in, err);
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
            if (is_deleted(segment, scree__vectors_merge_id(segment, j->column, count, in, i)))
                continue;
            if (used == list->count)
                return scree__base_fail(err, SCREE_E_IO, "%s: changed while it was read",
                                        scree_source_name(segment->segment->source));
            make_record(j, segment, in, count, i, records + (size_t)used++ * column->record_bytes);
        }
        if (status == SCREE_OK)
            status = join_rows(j, segment, (uint32_t)index, count, in, piece, &rows_at, err);
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

static enum scree_status join_column(struct joining *j, struct scree_error *err)
{
    struct scree__vectors_build_column *column = &j->job->columns[j->column];
    j->largest_in = j->largest_out = 0;
    for (uint32_t list = 0; list < column->cell_count; list++) {
        uint64_t out = scree__vectors_block_bytes(&column->head.shape, column->lists[list].count);
        j->largest_out = out > j->largest_out ? out : j->largest_out;
        for (uint32_t s = 0; s < j->merge->segment_count; s++) {
            uint64_t in = block_in(j, s, list);
            j->largest_in = in > j->largest_in ? in : j->largest_in;
        }
    }
    /* Records take no more than their block. */
    uint64_t piece = column->head.row_stride > PIECE_BYTES ? column->head.row_stride : PIECE_BYTES;
    return for_lists(j, scree__vectors_align(j->largest_in + 2 * j->largest_out + piece, 64),
                     join_list, err);
}

static enum scree_status join_all(struct joining *j, struct scree_error *err)
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

/* -------------------------------------------------------------------------------------------- job */

static enum scree_status begin_column(struct scree__vectors_merge *merge,
                                      struct scree_vectors_build_job *job, uint32_t index,
                                      struct scree_error *err)
{
    struct scree__vectors_svx *svx = merge->inputs[0]->svx;
    const struct scree__vectors_svx_column *from = &svx->columns[index];
    struct scree__vectors_build_column *column = &job->columns[index];
    struct scree__vectors_column_head *head = &column->head;
    uint64_t bytes = scree__vectors_centroids_bytes(from->head.list_count, from->head.shape.dim);
    void *memory;
    memcpy(head->name, from->head.name, sizeof head->name);
    head->shape = from->head.shape;
    head->seed = from->head.seed;
    head->rotation_bytes = from->head.rotation_bytes;
    for (uint32_t s = 0; s < merge->segment_count; s++)
        head->skipped_count += merge->segments[s].segment->heads[index].skipped_count;
    column->cell_count = from->head.list_count;
    enum scree_status status =
        scree__mem_alloc(job->budget, head->rotation_bytes, &memory, "rotation", err);
    if (status != SCREE_OK)
        return status;
    column->rotation = memory;
    memcpy(column->rotation, from->rotation, head->rotation_bytes);
    status = scree__mem_alloc(job->budget, bytes, &memory, "centroids", err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_read_centroids(svx, index, memory, err);
    column->centroids_at = scree__spill_scratch_bytes(job->scratch);
    if (status == SCREE_OK)
        status = scree__vectors_scratch_write(job, memory, bytes, err);
    scree__mem_free(job->budget, memory, bytes);
    return status;
}

static enum scree_status begin_job(struct scree__vectors_merge *merge,
                                   struct scree_vectors_build_job *job, struct scree_error *err)
{
    void *memory;
    job->context = merge->context;
    job->budget = merge->budget;
    job->threads = scree__par_pool_threads(scree__par_pool(merge->context));
    job->whole_lists = true;
    scree_vectors_build_options_init(&job->options);
    job->options.output = merge->options->output;
    job->sink_options = merge->sink_options;
    job->place = merge->place;
    merge->place = NULL;
    job->column_count = merge->inputs[0]->svx->super.column_count;
    uint64_t bytes = job->column_count * sizeof *job->columns;
    enum scree_status status = scree__mem_alloc(NULL, bytes, &memory, "columns", err);
    if (status != SCREE_OK) {
        job->column_count = 0;
        return status;
    }
    job->columns = memory;
    memset(memory, 0, bytes);
    job->folder = scree__vectors_folder_of(merge->options->scratch_folder, merge->options->output);
    if (job->folder == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "out of memory");
    if (job->place == NULL)
        status = scree__io_sink_open_scratch(job->folder, job->options.output, &job->place, err);
    if (status == SCREE_OK)
        status =
            scree__spill_scratch_open(job->folder, 0, SCREE__SPILL_PLAIN, 4, &job->scratch, err);
    if (status == SCREE_OK && merge->has_tags) {
        job->names.section_bytes = scree__vectors_tags_section_bytes(&merge->tags);
        status = scree__mem_alloc(job->budget, job->names.section_bytes, &memory, "tags", err);
        job->names.section = status == SCREE_OK ? memory : NULL;
        if (status == SCREE_OK)
            scree__vectors_tags_store(&merge->tags, job->names.section);
        else
            job->names.section_bytes = 0;
    }
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++)
        status = begin_column(merge, job, i, err);
    return status;
}

/* Sizes, once it is known what ids and sets take. */
static void fill_super(struct scree__vectors_merge *merge, struct scree_vectors_build_job *job)
{
    job->super.column_count = job->column_count;
    job->super.tag_set_count = merge->has_tags ? (uint32_t)merge->tags.set_count : 0;
    job->super.tag_bytes = !merge->has_tags ? 0 : merge->tags.set_count <= 256 ? 1 : 2;
    for (uint32_t i = 0; i < job->column_count; i++) {
        struct scree__vectors_build_column *column = &job->columns[i];
        struct scree__vectors_shape *shape = &column->head.shape;
        shape->id_bytes = job->super.id_bytes;
        shape->tag_bytes = job->super.tag_bytes;
        column->record_bytes = (uint32_t)(scree__vectors_scan_bytes(shape, 1) +
                                          scree__vectors_extra_part_bytes(shape, 1));
        uint64_t rows = column->head.vector_count + column->head.skipped_count;
        job->super.row_count = rows > job->super.row_count ? rows : job->super.row_count;
    }
}

/* What was measured holds on: the lists are the same. */
static enum scree_status copy_recalls(struct scree__vectors_merge *merge,
                                      struct scree_vectors_build_job *job, struct scree_error *err)
{
    struct scree_vectors_index *from = merge->inputs[0];
    struct scree__vectors_super *super = &job->super;
    uint64_t bytes = 0;
    void *memory = NULL;
    if (merge->input_count > 1)
        return SCREE_OK;
    enum scree_status status =
        scree__vectors_recalls_copy(from->svx, merge->budget, &memory, &bytes, err);
    if (status != SCREE_OK || bytes == 0)
        return status;
    super->recalls_offset = super->file_bytes;
    super->recalls_bytes = (uint32_t)bytes;
    super->recalls_crc = scree__simd_crc32c(0, memory, (size_t)bytes);
    super->file_bytes += bytes;
    status = scree__io_place_size(job->place, super->file_bytes, err);
    if (status == SCREE_OK)
        status =
            scree__io_place_write(job->place, super->recalls_offset, memory, (size_t)bytes, err);
    scree__mem_free(merge->budget, memory, bytes);
    return status;
}

enum scree_status scree__vectors_merge_lists(struct scree__vectors_merge *merge,
                                             struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_vectors_build_job), &memory, "merge", err);
    if (status != SCREE_OK)
        return status;
    struct joining j = {.merge = merge, .job = memory};
    memset(j.job, 0, sizeof *j.job);
    status = begin_job(merge, j.job, err);
    if (status == SCREE_OK)
        status = count_all(&j, err);
    if (status == SCREE_OK) {
        fill_super(merge, j.job);
        status = scree__vectors_build_layout(j.job, err);
    }
    if (status == SCREE_OK)
        status = join_all(&j, err);
    if (status == SCREE_OK)
        status = copy_recalls(merge, j.job, err);
    if (status == SCREE_OK)
        status = scree__vectors_build_finish(j.job, err);
    merge->result->output_bytes = j.job->super.file_bytes;
    scree_vectors_build_close(j.job);
    return status;
}
