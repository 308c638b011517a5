/* rows.c - files of vectors by name, or from a descriptor; and as the public interface has them. */
#include "vectors/rows.h"
#include "base/error.h"
#include "io/sink.h"
#include "mem/budget.h"
#include "par/context.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 65536u
#define LOOK_MS 100 /* whoever writes to a pipe may be slow: cancelling is noticed this soon */

/* Until there is something to read, or the end. A file always has. */
static enum scree_status wait_for(struct scree_context *context, int descriptor,
                                  struct scree_error *err)
{
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    for (;;) {
        enum scree_status status = scree__par_check_cancel(context, err);
        if (status != SCREE_OK)
            return status;
        int ready = poll(&wanted, 1, LOOK_MS);
        if (ready > 0)
            return SCREE_OK;
        if (ready < 0 && errno != EINTR)
            return scree__base_fail_errno(err, SCREE_E_IO, errno, "standard input");
    }
}

static enum scree_status copy_descriptor(struct scree_context *context, int descriptor,
                                         struct scree_sink *sink, struct scree_error *err)
{
    uint8_t piece[PIECE_BYTES];
    for (;;) {
        enum scree_status status = wait_for(context, descriptor, err);
        if (status != SCREE_OK)
            return status;
        ssize_t got = read(descriptor, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return scree__base_fail_errno(err, SCREE_E_IO, errno, "standard input");
        if (got == 0)
            return scree_sink_commit(sink, err); /* flushes it: nothing is published */
        status = scree_sink_write(sink, piece, (size_t)got, err);
        if (status != SCREE_OK)
            return status;
    }
}

/* The source has a descriptor of its own, so that the sink can go. */
static enum scree_status open_descriptor(struct scree_context *context, int descriptor,
                                         const char *folder, struct scree_source **source,
                                         struct scree_error *err)
{
    struct scree_sink *sink;
    char path[64];
    enum scree_status status = scree__io_sink_open_scratch(folder, "standard input", &sink, err);
    if (status != SCREE_OK)
        return status;
    status = copy_descriptor(context, descriptor, sink, err);
    snprintf(path, sizeof path, "/proc/self/fd/%d", scree__io_sink_descriptor(sink));
    if (status == SCREE_OK)
        status = scree_source_open_file(path, source, err);
    scree_sink_close(sink);
    return status;
}

enum scree_status scree__vectors_input_open(struct scree_context *context,
                                            struct scree__vectors_input *input,
                                            const struct scree_vectors_input *wanted,
                                            const struct scree_source_options *source_options,
                                            const char *folder, struct scree_error *err)
{
    struct scree_source *source = NULL;
    memset(input, 0, sizeof *input);
    bool from_memory = wanted->location == NULL && wanted->memory != NULL;
    if (wanted->location == NULL && wanted->format == SCREE_VECTORS_FORMAT_AUTO)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s",
                                from_memory
                                    ? "rows in memory: the format says which numbers these are"
                                    : "standard input: --format says which numbers these are");
    enum scree_status status =
        wanted->location != NULL ? scree_source_open(wanted->location, source_options, &source, err)
        : from_memory            ? scree_source_open_memory(wanted->memory, wanted->memory_bytes,
                                                            "rows in memory", &source, err)
                      : open_descriptor(context, wanted->descriptor, folder, &source, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_input_init(input, source, wanted->format, wanted->dim, err);
    input->source = source;
    input->owned = true;
    return status;
}

/* ------------------------------------------------------------------------------ public interface */

struct scree_vectors_rows {
    struct scree__vectors_input input;
    struct scree__mem_budget *budget;
    uint8_t *raw;
    uint64_t raw_bytes;
};

#define BATCH 64u

enum scree_status scree_vectors_rows_open(struct scree_context *context,
                                          const struct scree_vectors_input *input,
                                          const struct scree_source_options *source_options,
                                          const char *scratch_folder,
                                          struct scree_vectors_rows **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    struct scree__mem_budget *budget = scree__par_budget(context);
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_vectors_rows), &memory, "rows", err);
    if (status != SCREE_OK)
        return status;
    struct scree_vectors_rows *rows = memory;
    memset(rows, 0, sizeof *rows);
    rows->budget = budget;
    status = scree__vectors_input_open(context, &rows->input, input, source_options,
                                       scratch_folder != NULL ? scratch_folder : "/tmp", err);
    if (status == SCREE_OK) {
        uint64_t bytes = BATCH * rows->input.row_bytes;
        status = scree__mem_alloc(budget, bytes, &memory, "rows", err);
        if (status == SCREE_OK) {
            rows->raw = memory;
            rows->raw_bytes = bytes;
        }
    }
    if (status != SCREE_OK) {
        scree_vectors_rows_close(rows);
        return status;
    }
    *out = rows;
    return SCREE_OK;
}

void scree_vectors_rows_close(struct scree_vectors_rows *rows)
{
    if (rows == NULL)
        return;
    scree__vectors_input_release(&rows->input);
    scree__mem_free(rows->budget, rows->raw, rows->raw_bytes);
    scree__mem_free(NULL, rows, sizeof *rows);
}

uint64_t scree_vectors_rows_count(const struct scree_vectors_rows *rows)
{
    return rows->input.row_count;
}

uint32_t scree_vectors_rows_dim(const struct scree_vectors_rows *rows)
{
    return rows->input.dim;
}

enum scree_status scree_vectors_rows_read(struct scree_vectors_rows *rows, uint64_t first,
                                          uint64_t count, float *values, struct scree_error *err)
{
    uint32_t dim = rows->input.dim;
    enum scree_status status = SCREE_OK;
    if (first > rows->input.row_count || count > rows->input.row_count - first)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has %llu rows",
                                scree_source_name(rows->input.source),
                                (unsigned long long)rows->input.row_count);
    for (uint64_t at = 0; at < count && status == SCREE_OK; at += BATCH) {
        uint64_t n = count - at < BATCH ? count - at : BATCH;
        status = scree__vectors_input_read(&rows->input, first + at, n, rows->raw,
                                           values + at * dim, dim, err);
        for (uint64_t i = at; i < at + n && status == SCREE_OK; i++) {
            if (scree__vectors_bad_component(values + i * dim, dim) < dim)
                status = scree__vectors_refuse_row(&rows->input, first + i, values + i * dim, err);
        }
    }
    return status;
}
