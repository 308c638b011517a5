/*
 * job_write.c - rows into the output. To another kind of file by the same way, but for the octree: then the enriched points go to scratch as they would to a file, and from
 * there through a conversion.
 */
#include "base/error.h"
#include "copc/format.h"
#include "enrich/enrichment.h"
#include "io/sink.h"
#include "scree/copc.h"

#include <stdio.h>
#include <string.h>

#define UNCLASSIFIED 1u
#define BUILDING 6u

static enum scree_status values(void *user, uint64_t first, uint32_t count, float *out,
                                struct scree_error *err)
{
    const struct scree_enrich_job *job = user;
    return scree__enrich_rows_read(job->rows, first, count, out, err);
}

/* Points of class 1 that the score calls buildings. */
static void write_classes(struct scree_enrich_job *job, uint32_t count, uint8_t *records,
                          uint32_t record_bytes, const float *rows)
{
    const struct scree__enrich_report *report = job->report;
    const unsigned format = report->point_format;
    uint64_t written = 0;
    for (uint32_t i = 0; i < count; i++, records += record_bytes, rows += job->field_count) {
        const float score = rows[report->score_at];
        if (score == SCREE_FEATURE_NO_DATA || score < report->threshold ||
            scree__enrich_class_of(format, records) != UNCLASSIFIED)
            continue;
        uint8_t *class = records + (format < 6 ? 15 : 16);
        *class = (uint8_t)(format < 6 ? (*class & ~31u) | BUILDING : BUILDING);
        written++;
    }
    atomic_fetch_add_explicit(&job->written_class_count, written, memory_order_relaxed);
}

static void look(void *user, uint64_t first, uint32_t count, uint8_t *records,
                 uint32_t record_bytes, const float *rows)
{
    struct scree_enrich_job *job = user;
    (void)first;
    scree__enrich_report_add(job->report, records, record_bytes, rows, count);
    if (job->options.write_class)
        write_classes(job, count, records, record_bytes, rows);
}

static struct scree__enrich_change change_of(struct scree_enrich_job *job)
{
    struct scree__enrich_change change = {
        .fields = job->fields,
        .field_count = job->field_count,
        .invariants = &job->invariants,
        .parameters = job->parameters.text,
        .kind = SCREE__ENRICH_SAME,
        .las14 = job->options.las14,
        .user = job,
        .values = values,
        .checked = job->engine != NULL && scree__enrich_engine_checked(job->engine),
        .channels = job->engine != NULL ? scree__enrich_engine_channels(job->engine) : NULL,
        .touch = job->report != NULL ? look : NULL};
    if (job->options.output_kind == SCREE_ENRICH_OUTPUT_LAS)
        change.kind = SCREE__ENRICH_LAS;
    if (job->options.output_kind == SCREE_ENRICH_OUTPUT_LAZ)
        change.kind = SCREE__ENRICH_LAZ;
    return change;
}

static enum scree_status write_file(struct scree_enrich_job *job,
                                    struct scree__enrich_rewritten *rewritten,
                                    struct scree_error *err)
{
    struct scree_sink_options options;
    struct scree_sink *sink = NULL;
    const struct scree__enrich_change change = change_of(job);
    scree_sink_options_init(&options);
    if (job->options.sink_options != NULL)
        memcpy(&options, job->options.sink_options,
               job->options.sink_options->size < sizeof options ? job->options.sink_options->size
                                                                : sizeof options);
    options.replace = job->options.replace;
    enum scree_status status = scree_sink_open(job->options.output, &options, &sink, err);
    if (status == SCREE_OK)
        status = scree__enrich_rewrite(job->context, job->reader, &change, sink, rewritten, err);
    if (status == SCREE_OK)
        status = scree__enrich_job_tell(job, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    return status;
}

/* ------------------------------------------------------------------------------------------ octree */

static void folder_of(const struct scree_enrich_job *job, char *folder, size_t bytes)
{
    const char *path = job->options.output, *slash = strrchr(path, '/');
    if (job->options.scratch_folder != NULL)
        snprintf(folder, bytes, "%s", job->options.scratch_folder);
    else if (slash == NULL || scree_location_is_remote(path))
        snprintf(folder, bytes, "%s", slash == NULL ? "." : "/tmp");
    else
        snprintf(folder, bytes, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static enum scree_status convert(struct scree_enrich_job *job, int descriptor,
                                 struct scree__enrich_rewritten *rewritten, struct scree_error *err)
{
    char path[64];
    const char *const inputs[1] = {path};
    struct scree_convert_options options;
    struct scree_convert_job *conversion = NULL;
    struct scree_convert_result result;
    scree_convert_options_init(&options);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = job->options.output;
    options.replace = job->options.replace;
    options.crs = job->options.crs;
    options.scratch_folder = job->options.scratch_folder;
    options.compress_scratch = job->options.compress_scratch;
    options.sink_options = job->options.sink_options;
    enum scree_status status = scree_convert_open(job->context, &options, &conversion, err);
    if (status == SCREE_OK)
        status = scree_convert_run(conversion, &result, err);
    if (status == SCREE_OK)
        rewritten->output_bytes = result.output_bytes;
    scree_convert_close(conversion);
    return status;
}

static enum scree_status write_octree(struct scree_enrich_job *job,
                                      struct scree__enrich_rewritten *rewritten,
                                      struct scree_error *err)
{
    char folder[4096];
    struct scree_sink *scratch = NULL;
    struct scree__enrich_change change = change_of(job);
    if (scree_copc_is(job->reader)) /* an octree of its own is not the one that scree builds */
        change.kind = SCREE__ENRICH_LAZ;
    folder_of(job, folder, sizeof folder);
    enum scree_status status =
        scree__io_sink_open_scratch(folder, job->options.input, &scratch, err);
    if (status == SCREE_OK)
        status = scree__enrich_rewrite(job->context, job->reader, &change, scratch, rewritten, err);
    if (status == SCREE_OK)
        status = scree__enrich_job_tell(job, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(scratch, err);
    scree__enrich_rows_close(job->rows); /* the conversion needs the memory */
    job->rows = NULL;
    if (status == SCREE_OK)
        status = convert(job, scree__io_sink_descriptor(scratch), rewritten, err);
    scree_sink_close(scratch);
    return status;
}

enum scree_status scree__enrich_job_write(struct scree_enrich_job *job,
                                          struct scree__enrich_rewritten *rewritten,
                                          struct scree_error *err)
{
    if (job->options.output_kind == SCREE_ENRICH_OUTPUT_COPC)
        return write_octree(job, rewritten, err);
    return write_file(job, rewritten, err);
}
