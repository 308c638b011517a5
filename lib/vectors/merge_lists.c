/*
 * merge_lists.c - segments around the same centroids become one file without anything being encoded anew: count_all() finds what is left of each
 * list, the layout of a build gives it its place, scree__vectors_merge_join() writes it.
 */
#include "vectors/merge_joining.h"
#include "vectors/build_append.h"
#include "vectors/opened.h"
#include "base/error.h"
#include "io/place.h"
#include "io/sink.h"
#include "simd/crc32c.h"

#include <string.h>

/* --------------------------------------------------------------------------------------- counting */

static enum scree_status count_list(void *arg, uint64_t list, unsigned worker,
                                    struct scree_error *err)
{
    struct scree__vectors_joining *j = arg;
    uint8_t *block = scree__vectors_joining_memory(j, worker);
    uint64_t *rows = &j->job->columns[j->column].cell_rows[list];
    for (uint32_t s = 0; s < j->merge->segment_count; s++) {
        const struct scree__vectors_merge_segment *segment = &j->merge->segments[s];
        uint32_t count = scree__vectors_joining_count(j, s, list);
        if (count == 0)
            continue;
        enum scree_status status = scree__vectors_merge_read_block(
            segment, j->column, (uint32_t)list, scree__vectors_joining_ahead(j, worker, 2 * s),
            block, err);
        if (status != SCREE_OK)
            return status;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t id = scree__vectors_merge_id(segment, j->column, count, block, i);
            if (scree__vectors_joining_deleted(segment, id))
                continue;
            ++*rows;
            j->least[worker] = id < j->least[worker] ? id : j->least[worker];
            j->most[worker] = id > j->most[worker] ? id : j->most[worker];
        }
        scree__par_stage_add(j->job->context, count);
    }
    return SCREE_OK;
}

static enum scree_status count_column(struct scree__vectors_joining *j, struct scree_error *err)
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
            uint64_t bytes = scree__vectors_joining_block(j, s, list);
            largest = bytes > largest ? bytes : largest;
            all += scree__vectors_joining_count(j, s, list);
        }
    }
    status =
        scree__vectors_merge_for_lists(j, scree__vectors_align(largest, 64) + 64, count_list, err);
    for (uint32_t list = 0; list < column->cell_count; list++)
        column->head.vector_count += column->cell_rows[list];
    if (j->column == 0) {
        j->merge->result->vector_count = column->head.vector_count;
        j->merge->result->deleted_count = all - column->head.vector_count;
    }
    return status;
}

static enum scree_status count_all(struct scree__vectors_joining *j, struct scree_error *err)
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
    struct scree__vectors_joining j = {.merge = merge, .job = memory};
    memset(j.job, 0, sizeof *j.job);
    status = begin_job(merge, j.job, err);
    if (status == SCREE_OK)
        status = count_all(&j, err);
    if (status == SCREE_OK) {
        fill_super(merge, j.job);
        status = scree__vectors_build_layout(j.job, err);
    }
    if (status == SCREE_OK)
        status = scree__vectors_merge_join(&j, err);
    if (status == SCREE_OK)
        status = copy_recalls(merge, j.job, err);
    if (status == SCREE_OK)
        status = scree__vectors_build_finish(j.job, err);
    merge->result->output_bytes = j.job->super.file_bytes;
    scree_vectors_build_close(j.job);
    return status;
}
