/* build_open.c - opening a build: names, inputs, ids and tags are checked, sizes planned; then its phases, one after the other. */
#include "vectors/build_append.h"
#include "vectors/build_resume.h"
#include "vectors/rows.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/sink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_A_LIST 64u
#define SAMPLE_A_LIST_LEAST 16u
#define SAMPLE_BYTES ((uint64_t)128 << 20)
#define LIST_BYTES ((uint64_t)256 << 10)
#define RESERVE_BYTES ((uint64_t)4 << 20) /* for what has no number here: connections, names */

void scree_vectors_build_options_init(struct scree_vectors_build_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->seed = 1;
    options->list_bytes = LIST_BYTES;
    options->checkpoint_seconds = 20;
}

enum scree_status scree__vectors_scratch_read(struct scree_vectors_build_job *job, uint64_t offset,
                                              void *bytes, uint64_t count, struct scree_error *err)
{
    uint8_t *to = bytes;
    enum scree_status status = SCREE_OK;
    while (count > 0 && status == SCREE_OK) {
        uint32_t n = count < (1u << 30) ? (uint32_t)count : 1u << 30;
        struct scree__spill_block block = {offset, n, n};
        status = scree__spill_scratch_read(job->scratch, &block, to, NULL, err);
        to += n;
        offset += n;
        count -= n;
    }
    return status;
}

enum scree_status scree__vectors_scratch_write(struct scree_vectors_build_job *job,
                                               const void *bytes, uint64_t count,
                                               struct scree_error *err)
{
    const uint8_t *from = bytes;
    enum scree_status status = SCREE_OK;
    while (count > 0 && status == SCREE_OK) {
        uint32_t n = count < (1u << 30) ? (uint32_t)count : 1u << 30;
        struct scree__spill_block block;
        status = scree__spill_scratch_write(job->scratch, from, n, NULL, &block, err);
        from += n;
        count -= n;
    }
    if (status == SCREE_OK)
        scree__par_scratch_add(job->context, (uint64_t)(from - (const uint8_t *)bytes));
    return status;
}

/* ---------------------------------------------------------------------------------------- options */

static enum scree_status check_column(const struct scree_vectors_build_options *options,
                                      uint32_t index, struct scree_error *err)
{
    const struct scree_vectors_column_options *column = &options->columns[index];
    const char *fault = scree__vectors_name_fault(column->name != NULL ? column->name : "");
    if (fault != NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "column %u: its name %s", index, fault);
    for (uint32_t i = 0; i < index; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no name is a fault */
        if (strcmp(options->columns[i].name, column->name) == 0)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "two columns are called '%s'",
                                    column->name);
    }
    if (column->bits < 1 || column->bits > SCREE_VECTORS_BITS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "column '%s': %u bits; expected 1 to 8",
                                column->name, column->bits);
    if (column->metric > SCREE_VECTORS_IP || column->rerank > SCREE_VECTORS_RERANK_SQ8)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "column '%s': unknown metric or rerank",
                                column->name);
    if (column->list_count > SCREE__VECTORS_LISTS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "column '%s': %u lists; expected at most %u",
                                column->name, column->list_count, SCREE__VECTORS_LISTS_MAX);
    return SCREE_OK;
}

static enum scree_status check_options(const struct scree_vectors_build_options *options,
                                       struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (options->output == NULL || options->output[0] == '\0')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no output is named");
    if (options->column_count < 1 || options->column_count > SCREE_VECTORS_COLUMNS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%u columns; expected 1 to %u",
                                options->column_count, SCREE_VECTORS_COLUMNS_MAX);
    for (uint32_t i = 0; i < options->column_count && status == SCREE_OK; i++)
        status = check_column(options, i, err);
    return status;
}

char *scree__vectors_folder_of(const char *scratch_folder, const char *output)
{
    char path[4096];
    if (scratch_folder != NULL)
        return scree__mem_string_copy(scratch_folder);
    if (scree_location_is_remote(output))
        return scree__mem_string_copy("/tmp");
    const char *slash = strrchr(output, '/');
    size_t bytes = slash == NULL ? 0 : slash == output ? 1 : (size_t)(slash - output);
    if (bytes == 0)
        return scree__mem_string_copy(".");
    snprintf(path, sizeof path, "%.*s", (int)bytes, output);
    return scree__mem_string_copy(path);
}

/* ------------------------------------------------------------------------------------------- plan */

static uint32_t choose_lists(const struct scree_vectors_build_job *job,
                             const struct scree__vectors_build_column *column)
{
    uint64_t rows = column->input.row_count, lists = column->options->list_count;
    if (job->append != NULL)
        return column->options->list_count;
    if (lists == 0) {
        uint64_t bytes;
        uint64_t wanted = job->options.list_bytes > 0 ? job->options.list_bytes : LIST_BYTES;
        lists = (uint64_t)ceil(sqrt((double)rows));
        if (!scree__base_mul64(rows, column->record_bytes, &bytes))
            bytes = UINT64_MAX;
        if (bytes / wanted > lists)
            lists = bytes / wanted;
    }
    lists = lists > rows ? rows : lists;
    return lists > SCREE__VECTORS_LISTS_MAX ? SCREE__VECTORS_LISTS_MAX : (uint32_t)lists;
}

static uint64_t choose_sample(const struct scree_vectors_build_job *job,
                              const struct scree__vectors_build_column *column)
{
    uint64_t rows = job->options.sample_rows, lists = column->cell_count;
    if (job->append != NULL)
        return 0;
    if (rows == 0) {
        uint64_t fit = SAMPLE_BYTES / (4 * (uint64_t)column->input.dim);
        rows = SAMPLE_A_LIST * lists;
        if (rows > fit)
            rows = fit > SAMPLE_A_LIST_LEAST * lists ? fit : SAMPLE_A_LIST_LEAST * lists;
    }
    rows = rows < lists ? lists : rows;
    return rows < column->input.row_count ? rows : column->input.row_count;
}

static uint32_t record_bytes_of(const struct scree__vectors_shape *shape)
{
    return (uint32_t)(scree__vectors_scan_bytes(shape, 1) +
                      scree__vectors_extra_part_bytes(shape, 1));
}

static void plan_column(struct scree_vectors_build_job *job,
                        struct scree__vectors_build_column *column, uint32_t index)
{
    struct scree__vectors_shape *shape = &column->head.shape;
    shape->id_bytes = job->super.id_bytes;
    shape->tag_bytes = job->super.tag_bytes;
    column->record_bytes = record_bytes_of(shape);
    column->cell_count = choose_lists(job, column);
    column->sample_rows = choose_sample(job, column);
    uint64_t tile = SCREE__VECTORS_TILE_BYTES / (4 * (uint64_t)shape->dim);
    column->tile_rows = tile < 1                          ? 1
                        : tile > SCREE__VECTORS_TILE_ROWS ? SCREE__VECTORS_TILE_ROWS
                                                          : (uint32_t)tile;
    job->plan.columns[index].dim = shape->dim;
    job->plan.columns[index].list_count = column->cell_count;
    job->plan.columns[index].sample_rows = column->sample_rows;
    uint64_t rows = column->input.row_count;
    job->plan.scratch_bytes +=
        4 * rows + scree__vectors_centroids_bytes(column->cell_count, shape->dim);
    job->plan.output_bytes += rows * (column->record_bytes + scree__vectors_row_stride(shape)) +
                              (uint64_t)column->cell_count * (SCREE__VECTORS_LIST_BYTES + 32) +
                              scree__vectors_centroids_bytes(column->cell_count, shape->dim);
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* One column after the other; what the other columns keep meanwhile are their counts. */
static void plan_memory(struct scree_vectors_build_job *job)
{
    uint64_t kept = job->names.section_bytes + RESERVE_BYTES + job->append_bytes, phase = 0;
    for (uint32_t i = 0; i < job->column_count; i++) {
        const struct scree__vectors_build_column *column = &job->columns[i];
        uint64_t lists = (uint64_t)column->cell_count + column->input.row_count *
                                                            column->record_bytes /
                                                            SCREE__VECTORS_BLOCK_BYTES_MAX;
        kept += column->head.rotation_bytes;
        if (job->column_count > 1)
            kept += lists * (sizeof(struct scree__vectors_list) + 16);
        phase = most(phase, job->append != NULL ? scree__vectors_append_bytes(column)
                                                : scree__vectors_train_bytes(job, column));
        phase = most(phase, scree__vectors_assign_bytes(job, column));
        phase = most(phase, scree__vectors_encode_bytes(job, column));
        phase = most(phase, scree__vectors_seal_bytes(job, column));
    }
    uint64_t floor = kept + phase;
    job->plan.floor_bytes = most(floor, SCREE__VECTORS_BUDGET_MIN);
    job->plan.memory_bytes = job->budget->limit_bytes;
}

/* ------------------------------------------------------------------------------------------- open */

static enum scree_status open_column(struct scree_vectors_build_job *job, uint32_t index,
                                     struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    const struct scree_vectors_column_options *options = &job->options.columns[index];
    void *memory;
    column->options = options;
    enum scree_status status =
        scree__vectors_input_open(job->context, &column->input, &options->input,
                                  job->options.source_options, job->folder, err);
    if (status != SCREE_OK)
        return status;
    const char *name = scree_source_name(column->input.source);
    if (column->input.row_count == 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: holds no vectors", name);
    if (column->input.row_count != job->columns[0].input.row_count)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: %llu rows, but column '%s' has %llu",
                                name, (unsigned long long)column->input.row_count,
                                job->options.columns[0].name,
                                (unsigned long long)job->columns[0].input.row_count);
    struct scree__vectors_column_head *head = &column->head;
    snprintf(head->name, sizeof head->name, "%s", options->name);
    head->shape.dim = column->input.dim;
    head->shape.padded_dim = scree__vectors_padded_dim(head->shape.dim);
    head->shape.bits = options->bits;
    head->shape.metric = options->metric;
    head->shape.rerank = options->rerank;
    head->seed = job->options.seed;
    head->rotation_bytes = scree__vectors_rotation_bytes(head->shape.padded_dim);
    status = scree__mem_alloc(job->budget, head->rotation_bytes, &memory, "rotation", err);
    if (status != SCREE_OK)
        return status;
    column->rotation = memory;
    if (job->append != NULL)
        scree__vectors_append_column(job, index);
    else
        scree__vectors_rotation_make(head->seed + index, head->shape.padded_dim, column->rotation);
    return SCREE_OK;
}

/* Ids get four bytes each where they lie close enough together. */
static void choose_widths(struct scree_vectors_build_job *job)
{
    const struct scree__vectors_names *names = &job->names;
    bool narrow = names->most_id - names->least_id <= UINT32_MAX;
    job->super.id_bytes = narrow ? 4 : 8;
    job->super.id_base = narrow ? names->least_id : 0;
    job->super.tag_bytes = names->section_bytes == 0 ? 0 : names->set_count <= 256 ? 1 : 2;
    job->super.tag_set_count = names->set_count;
    job->super.column_count = job->column_count;
    job->super.row_count = names->row_count;
}

/* Rows without ids go on where the index ends. */
static enum scree_status number_rows(struct scree_vectors_build_job *job, struct scree_error *err)
{
    uint64_t first = scree__vectors_append_first_id(job), rows = job->names.row_count;
    if (first > UINT64_MAX - rows)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: its largest id leaves no room for %llu more: name ids",
                                job->options.output, (unsigned long long)rows);
    job->names.first_id = job->names.least_id = first;
    job->names.most_id = first + rows - 1;
    return SCREE_OK;
}

static enum scree_status open_all(struct scree_vectors_build_job *job, struct scree_error *err)
{
    void *memory;
    uint64_t bytes = job->options.column_count * sizeof *job->columns;
    enum scree_status status = scree__mem_alloc(NULL, bytes, &memory, "columns", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, bytes);
    job->columns = memory;
    job->column_count = job->options.column_count;
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++)
        status = open_column(job, i, err);
    if (status != SCREE_OK)
        return status;
    uint64_t rows = job->columns[0].input.row_count;
    status = scree__spill_scratch_open(job->folder, 4 * job->column_count * rows,
                                       SCREE__SPILL_PLAIN, 4, &job->scratch, err);
    const struct scree__vectors_names_from from = {job->options.ids, job->options.tags,
                                                   job->options.id_values, job->options.id_count};
    if (status == SCREE_OK)
        status = scree__vectors_names_open(&job->names, &from, rows, job->options.source_options,
                                           job->scratch, job->budget, err);
    if (status == SCREE_OK && job->append != NULL && from.ids == NULL && from.id_values == NULL)
        status = number_rows(job, err);
    if (status != SCREE_OK)
        return status;
    choose_widths(job);
    job->plan.row_count = rows;
    job->plan.column_count = job->column_count;
    job->plan.scratch_bytes = scree__spill_scratch_bytes(job->scratch);
    for (uint32_t i = 0; i < job->column_count; i++)
        plan_column(job, &job->columns[i], i);
    if (scree_location_is_remote(job->options.output))
        job->plan.scratch_bytes += job->plan.output_bytes;
    plan_memory(job);
    return SCREE_OK;
}

enum scree_status scree_vectors_build_open(struct scree_context *context,
                                           const struct scree_vectors_build_options *options,
                                           struct scree_vectors_build_job **out,
                                           struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_vectors_build_job), &memory, "build", err);
    if (status != SCREE_OK)
        return status;
    struct scree_vectors_build_job *job = memory;
    memset(job, 0, sizeof *job);
    job->context = context;
    job->budget = scree__par_budget(context);
    job->threads = scree__par_pool_threads(scree__par_pool(context));
    scree_vectors_build_options_init(&job->options);
    memcpy(&job->options, options,
           options->size < sizeof job->options ? options->size : sizeof job->options);
    scree_sink_options_init(&job->sink_options);
    if (job->options.sink_options != NULL)
        memcpy(&job->sink_options, job->options.sink_options,
               job->options.sink_options->size < sizeof job->sink_options
                   ? job->options.sink_options->size
                   : sizeof job->sink_options);
    job->sink_options.replace = job->options.replace;
    if (job->options.append)
        status = scree__vectors_append_open(job, err);
    if (status == SCREE_OK)
        status = check_options(&job->options, err);
    if (status == SCREE_OK) {
        job->folder = scree__vectors_folder_of(job->options.scratch_folder, job->options.output);
        status = job->folder != NULL ? open_all(job, err)
                                     : scree__base_fail(err, SCREE_E_MEMORY, "out of memory");
    }
    if (status != SCREE_OK) {
        scree_vectors_build_close(job);
        return status;
    }
    *out = job;
    return SCREE_OK;
}

const struct scree_vectors_build_plan *
scree_vectors_build_plan(const struct scree_vectors_build_job *job)
{
    return &job->plan;
}

void scree_vectors_build_close(struct scree_vectors_build_job *job)
{
    if (job == NULL)
        return;
    for (uint32_t i = 0; i < job->column_count; i++) {
        struct scree__vectors_build_column *column = &job->columns[i];
        scree__vectors_input_release(&column->input);
        scree__mem_free(job->budget, column->rotation, column->head.rotation_bytes);
        scree__mem_free(job->budget, column->cell_rows, column->cell_rows_bytes);
        scree__mem_free(job->budget, column->cell_first, column->cell_first_bytes);
        scree__mem_free(job->budget, column->list_cell, column->list_cell_bytes);
        scree__mem_free(job->budget, column->lists, column->lists_bytes);
    }
    scree__mem_free(NULL, job->columns, job->column_count * sizeof *job->columns);
    scree__vectors_names_release(&job->names, job->budget);
    scree__spill_scratch_close(job->scratch);
    scree__vectors_resume_close(job);
    scree_sink_close(job->place);
    scree__vectors_append_close(job);
    scree__mem_string_free(job->folder);
    scree__mem_free(NULL, job, sizeof *job);
}

/* -------------------------------------------------------------------------------------------- run */

static enum scree_status train_and_assign(struct scree_vectors_build_job *job, uint32_t index,
                                          struct scree_error *err)
{
    struct scree__vectors_lists lists = {0};
    struct scree__vectors_build_column *column = &job->columns[index];
    bool found;
    enum scree_status status = scree__vectors_resume_train(job, index, &lists, &found, err);
    if (status == SCREE_OK && !found) {
        status = job->append != NULL ? scree__vectors_append_lists(job, index, &lists, err)
                                     : scree__vectors_build_train(job, column, &lists, err);
        if (status == SCREE_OK)
            status = scree__vectors_resume_trained(job, index, err);
    }
    if (status == SCREE_OK)
        status = scree__vectors_resume_assign(job, index, &found, err);
    if (status != SCREE_OK || found) {
        scree__vectors_lists_release(&lists);
        return status;
    }
    if (status == SCREE_OK)
        status = scree__vectors_build_assign(job, column, &lists, err);
    if (status == SCREE_OK)
        status = scree__vectors_resume_assigned(job, index, err);
    scree__vectors_lists_release(&lists);
    return status;
}

static enum scree_status open_place(struct scree_vectors_build_job *job, struct scree_error *err)
{
    if (job->place != NULL) /* a merge has opened it */
        return SCREE_OK;
    if (job->append != NULL)
        return scree__vectors_append_begin(job, err);
    if (scree_location_is_remote(job->options.output))
        return scree__io_sink_open_scratch(job->folder, job->options.output, &job->place, err);
    if (!scree__vectors_resume_possible(job))
        return scree_sink_open(job->options.output, &job->sink_options, &job->place, err);
    enum scree_status status =
        scree__io_sink_open_kept(job->options.output, job->sink_options.replace, &job->place, err);
    return status == SCREE_OK ? scree__vectors_resume_open(job, err) : status;
}

static enum scree_status encode_and_seal(struct scree_vectors_build_job *job, uint32_t index,
                                         struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    uint64_t rows_done;
    enum scree_status status = scree__vectors_resume_rows(job, index, &rows_done, err);
    if (status != SCREE_OK || rows_done == UINT64_MAX)
        return status;
    status = scree__vectors_build_encode(job, column, rows_done, err);
    if (status == SCREE_OK)
        status = scree__vectors_resume_sealing(job, index, err);
    if (status == SCREE_OK)
        status = scree__vectors_build_seal(job, column, err);
    return status == SCREE_OK ? scree__vectors_resume_sealed(job, index, err) : status;
}

static void fill_result(const struct scree_vectors_build_job *job,
                        struct scree_vectors_build_result *result)
{
    memset(result, 0, sizeof *result);
    result->row_count = job->plan.row_count;
    result->output_bytes = job->super.file_bytes;
    result->replaced_count = job->replaced_count;
    result->resumed = job->resumed;
    result->scratch_bytes = scree__spill_scratch_bytes(job->scratch);
    for (uint32_t i = 0; i < job->column_count; i++) {
        const struct scree__vectors_build_column *column = &job->columns[i];
        result->columns[i].vector_count = column->head.vector_count;
        result->columns[i].skipped_count = column->head.skipped_count;
        result->columns[i].list_count = column->head.list_count;
        for (uint32_t list = 0; list < column->head.list_count; list++) {
            if (column->lists[list].count > result->columns[i].largest_list)
                result->columns[i].largest_list = column->lists[list].count;
        }
    }
}

enum scree_status scree_vectors_build_run(struct scree_vectors_build_job *job,
                                          struct scree_vectors_build_result *result,
                                          struct scree_error *err)
{
    if (job->plan.floor_bytes > job->budget->limit_bytes) {
        enum scree_status status = scree__base_fail(
            err, SCREE_E_BUDGET, "%s: the memory budget is too small", job->options.output);
        if (err != NULL)
            err->need_bytes = job->plan.floor_bytes;
        return status;
    }
    enum scree_status status = open_place(job, err);
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++)
        status = train_and_assign(job, i, err);
    if (status == SCREE_OK)
        status = scree__vectors_build_layout(job, err);
    if (status == SCREE_OK)
        status = scree__vectors_resume_placed(job, err);
    for (uint32_t i = 0; i < job->column_count && status == SCREE_OK; i++)
        status = encode_and_seal(job, i, err);
    if (status == SCREE_OK)
        status = scree__vectors_build_finish(job, err);
    if (status == SCREE_OK && job->append != NULL) {
        status = scree__vectors_append_finish(job, err);
        if (status != SCREE_OK)
            scree__vectors_append_undo(job);
    }
    if (status == SCREE_OK)
        fill_result(job, result);
    return status;
}
