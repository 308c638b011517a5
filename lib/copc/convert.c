/* convert.c - the public face of a conversion: options in, a job, a plan, a run. */
#include "copc/job.h"
#include "base/error.h"
#include "copc/salvage.h"
#include "copc/network.h"
#include "mem/shelf.h"

#include <string.h>
#include <sys/stat.h>

void scree_convert_options_init(struct scree_convert_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->creation_seconds = -1;
}

static enum scree_status check_options(const struct scree_convert_options *options,
                                       struct scree_error *err)
{
    if (options->input_count == 0 || options->inputs == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no input");
    if (options->output == NULL || options->output[0] == '\0')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no output");
    bool any = options->scale[0] != 0 || options->scale[1] != 0 || options->scale[2] != 0;
    for (int a = 0; any && a < 3; a++)
        if (!(options->scale[a] > 0 && options->scale[a] < 1e300))
            return scree__base_fail(err, SCREE_E_ARGUMENT, "scale %g: expected a positive number",
                                    options->scale[a]);
    return SCREE_OK;
}

static enum scree_status copy_options(struct scree_convert_job *job,
                                      const struct scree_convert_options *options,
                                      struct scree_error *err)
{
    job->replace = options->replace;
    job->fix_returns = options->fix_returns;
    job->scale_colors = options->scale_colors;
    job->compress_scratch = options->compress_scratch;
    job->salvage = options->salvage;
    job->creation_seconds = options->creation_seconds;
    job->temporal_stride = options->temporal_stride;
    memcpy(job->scale, options->scale, sizeof job->scale);
    job->output = scree__mem_string_copy(options->output);
    if (options->crs != NULL)
        job->crs_text = scree__mem_string_copy(options->crs);
    if (options->scratch_folder != NULL)
        job->scratch_folder = scree__mem_string_copy(options->scratch_folder);
    if (job->output == NULL || (options->crs != NULL && job->crs_text == NULL) ||
        (options->scratch_folder != NULL && job->scratch_folder == NULL))
        return scree__base_fail(err, SCREE_E_MEMORY, "options: out of memory");
    return SCREE_OK;
}

enum scree_status scree_convert_open(struct scree_context *context,
                                     const struct scree_convert_options *given,
                                     struct scree_convert_job **out, struct scree_error *err)
{
    struct scree_convert_options options;
    void *memory;
    struct stat existing;
    *out = NULL;
    scree_convert_options_init(&options);
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    enum scree_status status = check_options(&options, err);
    if (status != SCREE_OK)
        return status;
    if (!options.replace && stat(options.output, &existing) == 0)
        return scree__base_fail(err, SCREE_E_EXISTS, "%s exists already (--force replaces it)",
                                options.output);
    status = scree__mem_alloc(NULL, sizeof(struct scree_convert_job), &memory, "job", err);
    if (status != SCREE_OK)
        return status;
    struct scree_convert_job *job = memory;
    memset(job, 0, sizeof *job);
    job->context = context;
    job->limits.leaf_max = SCREE__COPC_LEAF_MAX;
    job->limits.leaf_min = SCREE__COPC_LEAF_MIN;
    scree__copc_network_options(job, &options);
    status = copy_options(job, &options, err);
    if (status == SCREE_OK)
        status = scree__copc_plan(job, options.inputs, options.input_count, err);
    if (status != SCREE_OK) {
        scree_convert_close(job);
        return status;
    }
    *out = job;
    return SCREE_OK;
}

const struct scree_convert_plan *scree_convert_plan(const struct scree_convert_job *job)
{
    return &job->plan;
}

enum scree_status scree_convert_run(struct scree_convert_job *job,
                                    struct scree_convert_result *result, struct scree_error *err)
{
    struct scree_convert_result ignored;
    if (job->ran)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a job runs once");
    job->ran = true;
    if (result == NULL)
        result = &ignored;
    memset(result, 0, sizeof *result);
    enum scree_status status = scree__copc_network_begin(job, err);
    if (status == SCREE_OK)
        status = scree__copc_build(job, result, err);
    (void)scree__mem_shelf_clear(scree__par_budget(job->context));
    result->points_lost = job->points_lost;
    result->points_in += job->points_lost;
    return status;
}

const struct scree_convert_loss *scree_convert_losses(const struct scree_convert_job *job,
                                                      uint64_t *count)
{
    *count = job->loss_count;
    return job->losses;
}

void scree_convert_close(struct scree_convert_job *job)
{
    if (job == NULL)
        return;
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    scree__copc_salvage_release(job);
    scree__copc_network_release(job);
    for (uint64_t i = 0; i < job->input_count; i++)
        scree__mem_string_free(job->inputs[i].path);
    scree__mem_free(NULL, job->inputs, job->input_capacity * sizeof *job->inputs);
    scree__las_schema_release(&job->schema);
    scree_las_crs_release(&job->crs);
    scree__las_crs_said_release(&job->crs_said);
    scree__copc_forward_release(&job->forward, budget);
    scree__mem_string_free(job->output);
    scree__mem_string_free(job->crs_text);
    scree__mem_string_free(job->scratch_folder);
    scree__mem_free(NULL, job, sizeof *job);
}
