/* job.c - one file: options, engine, plan, and the run. */
#include "enrich/enrichment.h"
#include "base/error.h"
#include "enrich/own.h"
#include "las/header.h"
#include "las/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------- opening */

static enum scree_status copy_string(const char **string, struct scree_error *err)
{
    if (*string == NULL)
        return SCREE_OK;
    *string = scree__mem_string_copy(*string);
    return *string != NULL ? SCREE_OK
                           : scree__base_fail(err, SCREE_E_MEMORY, "options: out of memory");
}

/* All strings become the job's. What fails half way leaves NULLs. */
static enum scree_status copy_options(struct scree_enrich_job *job,
                                      const struct scree_enrich_options *given,
                                      struct scree_error *err)
{
    struct scree_enrich_options *own = &job->options;
    scree__enrich_options_take(own, given);
    const char **strings[] = {&own->input,          &own->neighbors_folder, &own->crs, &own->output,
                              &own->scratch_folder, &own->report,           &own->map};
    const char *const *files = own->context_files;
    const uint64_t count = files != NULL ? own->context_count : 0;
    enum scree_status status = SCREE_OK;
    void *memory;
    own->context_files = NULL;
    own->context_count = 0;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (status != SCREE_OK)
            *strings[i] = NULL;
        else if ((status = copy_string(strings[i], err)) != SCREE_OK)
            *strings[i] = NULL;
    }
    if (status != SCREE_OK || count == 0)
        return status;
    status = scree__mem_alloc(NULL, count * sizeof *files, &memory, "list of files", err);
    if (status != SCREE_OK)
        return status;
    const char **list = memory;
    memset(list, 0, count * sizeof *list);
    own->context_files = list;
    own->context_count = count;
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        list[i] = files[i];
        status = copy_string(&list[i], err);
    }
    return status;
}

static enum scree_status check_options(const struct scree_enrich_job *job, struct scree_error *err)
{
    const struct scree_enrich_options *options = &job->options;
    if (options->input == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no input is given");
    if (options->strip && (options->write_class || options->verify_count > 0 || options->las14))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: features are taken away, and nothing is computed",
                                options->input);
    if (options->building_threshold < 0 || options->building_threshold > 1)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a building score is between 0 and 1");
    return SCREE_OK;
}

static enum scree_status open_for_strip(struct scree_enrich_job *job, struct scree_error *err)
{
    enum scree_status status =
        scree_source_open(job->options.input, job->options.source_options, &job->source, err);
    if (status == SCREE_OK)
        status = scree_las_open(job->source, job->context, &job->own_reader, err);
    job->reader = job->own_reader;
    return status;
}

static enum scree_status make_fields(struct scree_enrich_job *job, struct scree_error *err)
{
    static const char *const grounds[] = {"TIN", "nearest", "IDW"};
    const struct scree_enrich_options *options = &job->options;
    const struct scree__enrich_terms terms = {
        .k = options->k,
        .radius = job->survey->radius,
        .count_radius = job->survey->count_radius,
        .ground_cell = job->survey->ground_cell,
        .square_roots = options->eigen_mode == SCREE_EIGEN_SQRT,
        .ground = grounds[options->ground_mode % 3],
        .unit = scree__enrich_short_unit(job->survey->unit_name)};
    job->field_count = scree__enrich_fields_make(job->survey->features, options->compact,
                                                 options->ign_names, &terms, job->fields);
    scree__enrich_invariants_init(&job->invariants, job->fields, job->field_count);
    const bool scored =
        (job->survey->features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) != 0;
    if (options->write_class && !scored)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "classes are written by the building score, which is not asked "
                                "for: mode building has it");
    return scree__enrich_parameters_make(options, job->survey, job->reader, job->fields,
                                         job->field_count, &job->parameters, err);
}

static void make_plan(struct scree_enrich_job *job)
{
    const struct scree_las_header *header = scree_las_header(job->reader);
    struct scree_enrich_plan *plan = &job->plan;
    uint32_t added = 0;
    plan->point_count = header->point_count;
    plan->input_bytes = scree_source_bytes(scree_las_source(job->reader));
    plan->feature_count = job->field_count;
    plan->crs_name = job->survey != NULL ? job->survey->crs_name : "";
    plan->unit_name = job->survey != NULL ? job->survey->unit_name : "";
    for (uint32_t i = 0; i < job->field_count; i++)
        added += job->fields[i].bytes;
    plan->record_bytes = header->record_bytes + added;
    /* Floats of features are noise to a codec: some three quarters of their bytes stay. */
    plan->output_bytes = plan->input_bytes + (header->compressed ? plan->point_count * added / 4 * 3
                                                                 : plan->point_count * added);
    /* Descriptors and parameters, each in a record of its own (54 bytes). */
    if (job->field_count > 0)
        plan->output_bytes +=
            job->field_count * SCREE__ENRICH_DESCRIPTOR_BYTES + job->parameters.bytes + 108;
    if (job->options.las14 && header->version_minor < 4)
        plan->output_bytes +=
            scree__las_header_bytes(4) - scree__las_header_bytes(header->version_minor);
    if (job->engine == NULL) {
        plan->fits = true;
        return;
    }
    const struct scree__enrich_plan *engine = scree__enrich_engine_plan(job->engine);
    plan->neighbor_count = job->survey->file_count;
    plan->neighbor_points = engine->context_count;
    plan->memory_bytes = engine->memory_bytes;
    plan->floor_bytes = engine->floor_bytes;
    plan->scratch_bytes = engine->scratch_bytes;
    plan->fits = engine->fits;
    if (job->options.output_kind == SCREE_ENRICH_OUTPUT_COPC)
        plan->scratch_bytes += plan->output_bytes;
}

enum scree_status scree__enrich_job_open(struct scree_context *context,
                                         const struct scree_enrich_options *options,
                                         struct scree__enrich_around *around,
                                         struct scree_enrich_job **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_enrich_job), &memory, "enrichment", err);
    if (status != SCREE_OK)
        return status;
    struct scree_enrich_job *job = memory;
    memset(job, 0, sizeof *job);
    job->context = context;
    status = copy_options(job, options, err);
    if (status == SCREE_OK)
        status = check_options(job, err);
    if (status == SCREE_OK && job->options.strip) {
        status = open_for_strip(job, err);
    } else if (status == SCREE_OK) {
        status = scree__enrich_engine_open(context, &job->options, around, &job->engine, err);
        if (status == SCREE_OK) {
            job->survey = scree__enrich_engine_survey(job->engine);
            job->reader = scree__enrich_engine_reader(job->engine);
            status = make_fields(job, err);
        }
    }
    if (status == SCREE_OK)
        make_plan(job);
    if (status != SCREE_OK) {
        scree_enrich_close(job);
        return status;
    }
    *out = job;
    return SCREE_OK;
}

enum scree_status scree_enrich_open(struct scree_context *context,
                                    const struct scree_enrich_options *options,
                                    struct scree_enrich_job **out, struct scree_error *err)
{
    return scree__enrich_job_open(context, options, NULL, out, err);
}

const struct scree_enrich_plan *scree_enrich_plan(const struct scree_enrich_job *job)
{
    return &job->plan;
}

void scree_enrich_close(struct scree_enrich_job *job)
{
    if (job == NULL)
        return;
    scree__enrich_rows_close(job->rows);
    scree__enrich_report_free(job->report);
    scree__enrich_text_release(&job->parameters);
    scree__enrich_engine_close(job->engine);
    scree_las_close(job->own_reader);
    scree_source_close(job->source);
    struct scree_enrich_options *own = &job->options;
    const char *strings[] = {own->input,          own->neighbors_folder, own->crs, own->output,
                             own->scratch_folder, own->report,           own->map};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        scree__mem_string_free((char *)strings[i]);
    for (uint64_t i = 0; i < own->context_count; i++)
        scree__mem_string_free((char *)own->context_files[i]);
    scree__mem_free(NULL, (void *)own->context_files,
                    own->context_count * sizeof *own->context_files);
    scree__mem_free(NULL, job, sizeof *job);
}

/* ------------------------------------------------------------------------------------- done before? */

/* The record of the output begins with what this job's would. */
static bool same_parameters(const struct scree_enrich_job *job,
                            const struct scree_las_reader *reader)
{
    const struct scree_las_vlr *vlr =
        scree_las_find_vlr(reader, SCREE__ENRICH_USER, SCREE__ENRICH_RECORD);
    if (job->options.strip)
        return false;
    const uint64_t bytes = job->parameters.bytes - 1; /* without the closing brace */
    return vlr != NULL && vlr->payload != NULL && vlr->payload_bytes > bytes &&
           memcmp(vlr->payload, job->parameters.text, (size_t)bytes) == 0 &&
           memcmp(vlr->payload + bytes, ",\"undocumented_bytes\"", 21) == 0;
}

bool scree__enrich_job_is_done(const struct scree_enrich_job *job)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_error ignored = SCREE_ERROR_INIT;
    bool done = scree_source_open_file(job->options.output, &source, &ignored) == SCREE_OK &&
                scree_las_open(source, NULL, &reader, &ignored) == SCREE_OK &&
                scree_las_header(reader)->point_count == job->plan.point_count &&
                same_parameters(job, reader);
    scree_las_close(reader);
    scree_source_close(source);
    return done;
}

/* ------------------------------------------------------------------------------------------ the run */

static void take_statistics(const struct scree_enrich_job *job, struct scree_enrich_result *result)
{
    const struct scree__enrich_statistics *statistics = scree__enrich_rows_statistics(job->rows);
    memcpy(result->no_data, statistics->no_data, sizeof result->no_data);
    result->ground_count = statistics->ground_count;
    result->retried_count = statistics->retried_count;
    result->single_count = statistics->single_count;
    result->duplicate_count = statistics->duplicate_count;
    result->scratch_bytes = statistics->scratch_bytes;
    result->residual_count = statistics->residual_count;
    result->residual_p50 = statistics->residual_p50;
    result->residual_p95 = statistics->residual_p95;
    result->residual_max = statistics->residual_max;
}

static enum scree_status compute(struct scree_enrich_job *job, struct scree_enrich_result *result,
                                 struct scree_error *err)
{
    const enum scree_feature *features;
    if (job->engine == NULL)
        return SCREE_OK;
    const bool scored =
        (job->survey->features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) != 0;
    const bool seen = job->options.report != NULL || job->options.map != NULL || scored;
    if (!seen && scree_las_layout(job->reader)->compressor == SCREE_LAZ_LAYERED &&
        job->options.output_kind != SCREE_ENRICH_OUTPUT_LAS)
        scree__enrich_engine_check_all(job->engine); /* then its layers can be copied */
    enum scree_status status = scree__enrich_engine_run(job->engine, &job->rows, err);
    if (status != SCREE_OK)
        return status;
    take_statistics(job, result);
    result->features = job->survey->features;
    const uint32_t count = scree__enrich_rows_features(job->rows, &features);
    if (count != job->field_count)
        return scree__base_fail(err, SCREE_E_DATA, "%s: rows of %u features, %u were asked for",
                                job->options.input, count, job->field_count);
    if (job->options.verify_count > 0)
        status =
            scree__enrich_job_verify(job, job->options.verify_count, &result->verified_count, err);
    if (status == SCREE_OK && seen)
        status =
            scree__enrich_report_new(scree__par_budget(job->context), job->reader, &job->options,
                                     job->survey->unit_metres, features, count, &job->report, err);
    return status;
}

/* JSON at the path, text beside it. */
static enum scree_status save_report(struct scree_enrich_job *job,
                                     const struct scree_enrich_result *result,
                                     struct scree_error *err)
{
    const char *path = job->options.report;
    const size_t length = strlen(path);
    const bool json = length > 5 && strcmp(path + length - 5, ".json") == 0;
    struct scree__enrich_text text = {0}, plain = {0};
    char other[4096];
    scree__enrich_report_json(&text, job->options.input, result);
    scree__enrich_report_text(&plain, job->options.input, result);
    snprintf(other, sizeof other, "%.*s.txt", (int)(json ? length - 5 : length), path);
    enum scree_status status = scree__enrich_text_save(&text, path, err);
    if (status == SCREE_OK)
        status = scree__enrich_text_save(&plain, other, err);
    scree__enrich_text_release(&text);
    scree__enrich_text_release(&plain);
    return status;
}

/* What the report found, as the job's other warnings are told; but not what the run has said already. */
static void log_warnings(const struct scree_enrich_job *job,
                         const struct scree_enrich_result *result)
{
    for (const char *at = result->warnings + job->report->told_bytes; *at != '\0';) {
        at += *at == '\n';
        const size_t length = strcspn(at, "\n");
        scree__par_log(job->context, SCREE_LOG_WARNING, "%s: %.*s", job->options.input, (int)length,
                       at);
        at += length;
    }
}

static enum scree_status save_map(const struct scree_enrich_job *job,
                                  const struct scree_enrich_result *result, struct scree_error *err)
{
    if (job->report->cells != NULL)
        return scree__enrich_map_save(job->report, job->options.input, result, job->options.map,
                                      err);
    scree__par_log(job->context, SCREE_LOG_WARNING,
                   "%s: there is nothing to draw a map of (the bounds are no numbers)",
                   job->options.input);
    return SCREE_OK;
}

enum scree_status scree__enrich_job_tell(struct scree_enrich_job *job, struct scree_error *err)
{
    struct scree_enrich_result *result = job->result;
    enum scree_status status = SCREE_OK;
    if (job->report == NULL)
        return SCREE_OK;
    result->written_class_count = job->written_class_count;
    status = scree__enrich_report_finish(job->report, result, err);
    if (status == SCREE_OK)
        log_warnings(job, result);
    if (status == SCREE_OK && job->options.report != NULL)
        status = save_report(job, result, err);
    if (status == SCREE_OK && job->options.map != NULL)
        status = save_map(job, result, err);
    scree__enrich_report_free(job->report); /* what follows may need the memory */
    job->report = NULL;
    return status;
}

enum scree_status scree_enrich_run(struct scree_enrich_job *job, struct scree_enrich_result *result,
                                   struct scree_error *err)
{
    struct scree_enrich_result own = {0};
    struct scree__enrich_rewritten rewritten = {0};
    result = result != NULL ? result : &own;
    memset(result, 0, sizeof *result);
    if (job->run || job->options.output == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: %s", job->options.input,
                                job->run ? "the job has run" : "no output is given");
    job->run = true;
    result->point_count = job->plan.point_count;
    result->input_bytes = job->plan.input_bytes;
    job->result = result;
    enum scree_status status = compute(job, result, err);
    if (status == SCREE_OK)
        status = scree__enrich_job_write(job, &rewritten, err);
    result->output_bytes = rewritten.output_bytes;
    job->result = NULL;
    return status;
}
