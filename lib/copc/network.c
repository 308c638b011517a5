/* network.c - a conversion's inputs and output, wherever they are. */
#include "copc/network.h"
#include "io/sink.h"
#include "io/sink_object.h"
#include "io/source.h"
#include "mem/budget.h"

#include <string.h>
#include <strings.h>

/* A store takes 10 000 parts. The output of LAZ is about as large as the input. */
#define PARTS_AIM 5000u
#define REMOTE_GROUP_FILES 16u

void scree__copc_network_options(struct scree_convert_job *job,
                                 const struct scree_convert_options *options)
{
    scree_source_options_init(&job->source_options);
    scree_sink_options_init(&job->sink_options);
    if (options->source_options != NULL) {
        size_t size = options->source_options->size;
        memcpy(&job->source_options, options->source_options,
               size < sizeof job->source_options ? size : sizeof job->source_options);
    }
    if (options->sink_options != NULL) {
        size_t size = options->sink_options->size;
        memcpy(&job->sink_options, options->sink_options,
               size < sizeof job->sink_options ? size : sizeof job->sink_options);
    }
    job->source_options.context = job->context;
    job->sink_options.context = job->context;
    job->sink_options.replace = options->replace;
}

enum scree_status scree__copc_network_look(struct scree_convert_job *job, const char *path,
                                           struct scree_source **source, struct scree_error *err)
{
    return scree_source_open(path, &job->source_options, source, err);
}

uint64_t scree__copc_network_group(const struct scree_convert_job *job)
{
    for (uint64_t i = 0; i < job->input_count; i++) {
        if (scree_location_is_remote(job->inputs[i].path))
            return REMOTE_GROUP_FILES;
    }
    return SCREE__COPC_GROUP_FILES;
}

static bool is_over_tls(const struct scree_convert_job *job, const char *location)
{
    const char *endpoint = job->source_options.s3 != NULL ? job->source_options.s3->endpoint : NULL;
    if (strncasecmp(location, "s3://", 5) == 0)
        return endpoint == NULL || strncasecmp(endpoint, "http://", 7) != 0;
    return strncasecmp(location, "https://", 8) == 0;
}

/* Each thread keeps two connections or so. */
static uint64_t connection_bytes(const struct scree_convert_job *job)
{
    bool over_tls = is_over_tls(job, job->output);
    for (uint64_t i = 0; i < job->input_count && !over_tls; i++)
        over_tls = is_over_tls(job, job->inputs[i].path);
    uint64_t threads = scree_context_threads(job->context);
    return over_tls ? 2 * (threads + 1) * SCREE__IO_CONNECTION_BYTES : 0;
}

enum scree_status scree__copc_network_reserve(struct scree_convert_job *job,
                                              struct scree_error *err)
{
    uint64_t bytes = connection_bytes(job);
    if (scree__copc_network_group(job) == REMOTE_GROUP_FILES)
        bytes += REMOTE_GROUP_FILES * scree__io_source_reserve_bytes(&job->source_options);
    if (scree_location_is_remote(job->output)) {
        uint64_t part = job->plan.input_bytes / PARTS_AIM;
        if (job->sink_options.part_bytes < part)
            job->sink_options.part_bytes = part;
        bytes += scree__io_sink_reserve_bytes(&job->sink_options);
    }
    enum scree_status status = scree__mem_reserve(scree__par_budget(job->context), bytes,
                                                  "reading and writing over the network", err);
    if (status == SCREE_OK)
        job->network_bytes = bytes;
    return status;
}

void scree__copc_network_release(struct scree_convert_job *job)
{
    scree_sink_close(job->sink);
    scree__mem_release(scree__par_budget(job->context), job->network_bytes);
}

enum scree_status scree__copc_network_source(struct scree_convert_job *job, const char *path,
                                             struct scree_source **source, struct scree_error *err)
{
    return scree__io_source_open_reserved(path, &job->source_options, source, err);
}

enum scree_status scree__copc_network_begin(struct scree_convert_job *job, struct scree_error *err)
{
    if (!scree_location_is_remote(job->output))
        return SCREE_OK;
    return scree__io_sink_open_reserved(job->output, &job->sink_options, &job->sink, err);
}

enum scree_status scree__copc_network_sink(struct scree_convert_job *job, struct scree_sink **sink,
                                           struct scree_error *err)
{
    if (job->stream != NULL)
        return scree__io_sink_open_scratch(job->scratch_folder, job->output, sink, err);
    if (job->sink == NULL)
        return scree_sink_open_file(job->output, job->replace, sink, err);
    *sink = job->sink;
    job->sink = NULL;
    return SCREE_OK;
}
