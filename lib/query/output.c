/* output.c - an answer as a file: which format, where the bytes go, published at the end. */
#include "query/out.h"
#include "base/error.h"
#include "copc/job.h"
#include "io/sink.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

void scree_query_output_init(struct scree_query_output *output)
{
    memset(output, 0, sizeof *output);
    output->size = sizeof *output;
    output->descriptor = -1;
    output->creation_seconds = -1;
}

enum scree_query_format scree_query_format_of_name(const char *path)
{
    static const struct {
        const char *ending;
        enum scree_query_format format;
    } endings[] = {{".copc.laz", SCREE_QUERY_COPC}, {".laz", SCREE_QUERY_LAZ},
                   {".las", SCREE_QUERY_LAS},       {".csv", SCREE_QUERY_CSV},
                   {".ply", SCREE_QUERY_PLY},       {".npy", SCREE_QUERY_NPY}};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t bytes = strlen(endings[i].ending);
        if (length > bytes && strcasecmp(path + length - bytes, endings[i].ending) == 0)
            return endings[i].format;
    }
    return SCREE_QUERY_BY_NAME;
}

struct writing {
    struct scree_query *query;
    const struct scree_query_output *output;
    enum scree_query_format format;
    char folder[4096]; /* of scratch */
    struct scree_sink *sink,
        *stream; /* where writers write; where a descriptor's bytes go in the end */
    struct scree_query_result *result;
    enum { OPENING, WORKING, CONVERTING } at;
};

static enum scree_status check_output(const struct scree_query *query,
                                      const struct scree_query_output *output,
                                      enum scree_query_format *format, struct scree_error *err)
{
    struct stat out, in;
    *format = output->format;
    if (output->path != NULL && *format == SCREE_QUERY_BY_NAME)
        *format = scree_query_format_of_name(output->path);
    if (*format < SCREE_QUERY_LAS || *format > SCREE_QUERY_NPY)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: expected a name that ends in .las, .laz, .copc.laz, .csv, "
                                ".ply or .npy, or a format",
                                output->path != NULL ? output->path : "output");
    if (output->path == NULL)
        return output->descriptor >= 0 ? SCREE_OK
                                       : scree__base_fail(err, SCREE_E_ARGUMENT, "no output");
    if (stat(output->path, &out) != 0)
        return SCREE_OK;
    for (uint64_t i = 0; i < query->source_count; i++)
        if (stat(query->sources[i].path, &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: is both an input and the output",
                                    output->path);
    if (!output->replace)
        return scree__base_fail(err, SCREE_E_EXISTS, "%s exists already (--force replaces it)",
                                output->path);
    return SCREE_OK;
}

static void choose_folder(struct writing *writing)
{
    const struct scree_query_output *output = writing->output;
    const char *slash = output->path != NULL ? strrchr(output->path, '/') : NULL;
    if (output->scratch_folder != NULL)
        snprintf(writing->folder, sizeof writing->folder, "%s", output->scratch_folder);
    else if (output->path == NULL || scree_location_is_remote(output->path))
        snprintf(writing->folder, sizeof writing->folder, "/tmp");
    else if (slash == NULL)
        snprintf(writing->folder, sizeof writing->folder, ".");
    else
        snprintf(writing->folder, sizeof writing->folder, "%.*s",
                 slash == output->path ? 1 : (int)(slash - output->path), output->path);
}

static const char *output_name(const struct writing *writing)
{
    return writing->output->path != NULL ? writing->output->path : "output";
}

/* A stream cannot be corrected: only CSV goes there directly. */
static enum scree_status open_sink(struct writing *writing, struct scree_error *err)
{
    const struct scree_query_output *output = writing->output;
    if (output->path != NULL && writing->format != SCREE_QUERY_COPC) {
        struct scree_sink_options options = writing->query->sink_options;
        options.replace = output->replace;
        return scree_sink_open(output->path, &options, &writing->sink, err);
    }
    enum scree_status status = SCREE_OK;
    if (output->path == NULL)
        status = scree__io_sink_open_stream(output->descriptor, "output", &writing->stream, err);
    if (status == SCREE_OK && writing->format == SCREE_QUERY_CSV) {
        writing->sink = writing->stream;
        writing->stream = NULL;
        return SCREE_OK;
    }
    if (status == SCREE_OK)
        status =
            scree__io_sink_open_scratch(writing->folder, output_name(writing), &writing->sink, err);
    return status;
}

static enum scree_status write_las(struct writing *writing, struct scree_error *err)
{
    struct scree__query_las las;
    struct scree__query_consumer consumer;
    enum scree_status status = scree__query_las_begin(&las, writing->query, writing->sink,
                                                      writing->format == SCREE_QUERY_LAZ,
                                                      writing->output->creation_seconds, err);
    if (status == SCREE_OK) {
        scree__query_las_consumer(&las, &consumer);
        writing->at = WORKING;
        status = scree__query_work(writing->query, &consumer, writing->result, err);
    }
    if (status == SCREE_OK)
        status = scree__query_las_finish(&las, err);
    scree__query_las_release(&las);
    return status;
}

static enum scree_status write_table(struct writing *writing, struct scree_error *err)
{
    struct scree__query_table table;
    struct scree__query_consumer consumer;
    enum scree_status status =
        scree__query_table_begin(&table, writing->query, writing->sink, writing->format, err);
    if (status == SCREE_OK) {
        scree__query_table_consumer(&table, &consumer);
        writing->at = WORKING;
        status = scree__query_work(writing->query, &consumer, writing->result, err);
    }
    if (status == SCREE_OK)
        status = scree__query_table_finish(&table, err);
    scree__query_table_release(&table);
    return status;
}

/*
 * The points went to scratch as LAS; a conversion makes the octree of them. It opens its inputs by name, which an unlinked file has but in
 * /proc. For a stream the conversion's output is scratch, too, and goes there when it is complete.
 */
static enum scree_status convert_scratch(struct writing *writing, struct scree_error *err)
{
    struct scree_convert_options options;
    struct scree_convert_job *job = NULL;
    struct scree_convert_result result = {0};
    char name[64];
    const char *input = name;
    snprintf(name, sizeof name, "/proc/self/fd/%d", scree__io_sink_descriptor(writing->sink));
    scree_convert_options_init(&options);
    options.inputs = &input;
    options.input_count = 1;
    options.output = output_name(writing);
    options.replace = writing->output->replace || writing->stream != NULL;
    options.scratch_folder = writing->folder;
    options.sink_options = &writing->query->sink_options;
    options.creation_seconds = writing->output->creation_seconds;
    enum scree_status status = scree_convert_open(writing->query->context, &options, &job, err);
    if (status == SCREE_OK) {
        job->stream = writing->stream;
        status = scree_convert_run(job, &result, err);
    }
    if (status == SCREE_OK && writing->stream != NULL)
        status = scree_sink_commit(writing->stream, err);
    if (status == SCREE_OK && result.points_out != writing->result->points_matched)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: points were lost", options.output);
    if (status == SCREE_OK)
        writing->result->output_bytes = result.output_bytes;
    scree_convert_close(job);
    return status;
}

static enum scree_status write_copc(struct writing *writing, struct scree_error *err)
{
    enum scree_status status = write_las(writing, err);
    if (status == SCREE_OK && writing->result->points_matched == 0)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: no point matches, and a COPC file needs at least one",
                                output_name(writing));
    if (status == SCREE_OK)
        status = scree_sink_commit(writing->sink, err);
    if (status != SCREE_OK)
        return status;
    writing->at = CONVERTING;
    return convert_scratch(writing, err);
}

static enum scree_status finish(struct writing *writing, struct scree_error *err)
{
    writing->result->output_bytes = scree_sink_position(writing->sink);
    if (writing->stream == NULL)
        return scree_sink_commit(writing->sink, err);
    enum scree_status status = scree__io_sink_copy(writing->sink, writing->stream, err);
    return status == SCREE_OK ? scree_sink_commit(writing->stream, err) : status;
}

static void warn_of_dims(const struct writing *writing)
{
    if (writing->query->kept_bits != NULL && writing->format <= SCREE_QUERY_COPC)
        scree__par_log(writing->query->context, SCREE_LOG_WARNING,
                       "fields that --dims does not name are 0 in the output");
}

/* What a refusal names is enough for what would have come after it, too. */
static void raise_need(const struct writing *writing, struct scree_error *err)
{
    const struct scree_query *query = writing->query;
    if (err == NULL || writing->at == CONVERTING)
        return;
    if (writing->at == OPENING)
        err->need_bytes += scree__query_memory_least(query) - scree__mem_budget_used(query->budget);
    uint64_t convert = writing->format == SCREE_QUERY_COPC ? scree__query_convert_bytes(query) : 0;
    if (err->need_bytes < convert)
        err->need_bytes = convert;
}

enum scree_status scree_query_run(struct scree_query *query, const struct scree_query_output *given,
                                  struct scree_query_result *result, struct scree_error *err)
{
    struct scree_query_output output;
    struct scree_query_result ignored = {0};
    struct writing writing;
    scree_query_output_init(&output);
    memcpy(&output, given, given->size < sizeof output ? given->size : sizeof output);
    memset(&writing, 0, sizeof writing);
    writing.query = query;
    writing.output = &output;
    writing.result = result != NULL ? result : &ignored;
    enum scree_status status = check_output(query, &output, &writing.format, err);
    if (status != SCREE_OK)
        return status;
    choose_folder(&writing);
    warn_of_dims(&writing);
    status = open_sink(&writing, err);
    if (status == SCREE_OK && writing.format == SCREE_QUERY_COPC) {
        status = write_copc(&writing, err);
    } else if (status == SCREE_OK) {
        status = writing.format <= SCREE_QUERY_LAZ ? write_las(&writing, err)
                                                   : write_table(&writing, err);
        if (status == SCREE_OK)
            status = finish(&writing, err);
    }
    scree_sink_close(writing.sink);
    scree_sink_close(writing.stream);
    if (status == SCREE_E_BUDGET)
        raise_need(&writing, err);
    return status;
}
