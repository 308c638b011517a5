/* build_key.c - what the bytes of an index depend on, as text; and whether a build of it can be resumed. */
#include "vectors/build_resume.h"
#include "io/edit.h"

#include <stdio.h>
#include <string.h>

struct text {
    char *to;
    size_t used;
    bool fits;
};

static void add_text(struct text *text, const char *name, const char *value)
{
    int count = snprintf(text->to + text->used, SCREE__VECTORS_KEY_BYTES - text->used, "%s=%s\n",
                         name, value);
    text->fits = text->fits && count > 0 && (size_t)count < SCREE__VECTORS_KEY_BYTES - text->used;
    text->used += text->fits ? (size_t)count : 0;
}

static void add_number(struct text *text, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    add_text(text, name, digits);
}

static void add_file(struct text *text, const char *name, const char *path)
{
    uint64_t bytes = 0;
    int64_t time_ns = 0;
    add_text(text, name, path != NULL ? path : "");
    if (path == NULL)
        return;
    text->fits = text->fits && scree__io_file_time(path, &bytes, &time_ns);
    add_number(text, "bytes", bytes);
    add_number(text, "time", (uint64_t)time_ns);
}

bool scree__vectors_resume_key(const struct scree_vectors_build_job *job, char *to, size_t *bytes)
{
    struct text text = {to, 0, true};
    const struct scree_vectors_build_options *options = &job->options;
    add_text(&text, "scree", scree_version());
    for (uint32_t i = 0; i < options->column_count; i++) {
        const struct scree_vectors_column_options *column = &options->columns[i];
        add_text(&text, "column", column->name);
        add_file(&text, "input", column->input.location);
        add_number(&text, "format", (uint64_t)column->input.format);
        add_number(&text, "dim", column->input.dim);
        add_number(&text, "metric", (uint64_t)column->metric);
        add_number(&text, "bits", column->bits);
        add_number(&text, "rerank", (uint64_t)column->rerank);
        add_number(&text, "lists", column->list_count);
    }
    add_file(&text, "ids", options->ids);
    add_file(&text, "tags", options->tags);
    add_number(&text, "seed", options->seed);
    add_number(&text, "list_bytes", options->list_bytes);
    add_number(&text, "sample", options->sample_rows);
    add_number(&text, "skip", options->skip_invalid);
    *bytes = text.used;
    return text.fits;
}

static bool is_local_file(const char *location)
{
    return location == NULL || !scree_location_is_remote(location);
}

bool scree__vectors_resume_possible(const struct scree_vectors_build_job *job)
{
    const struct scree_vectors_build_options *options = &job->options;
    bool local = job->append == NULL && options->checkpoint_seconds != UINT32_MAX &&
                 !scree_location_is_remote(options->output) && options->id_values == NULL &&
                 is_local_file(options->ids) && is_local_file(options->tags);
    for (uint32_t i = 0; local && i < options->column_count; i++)
        local = options->columns[i].input.location != NULL &&
                is_local_file(options->columns[i].input.location);
    return local;
}
