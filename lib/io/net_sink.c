/*
 * net_sink.c - an object of an S3 store as a sink. Its head stays in memory until the end, for
 * patches; what comes after is cut into parts, uploaded while the next one is filled.
 */
#include "base/error.h"
#include "io/net_upload.h"
#include "io/sink_object.h"
#include "mem/budget.h"
#include "par/context.h"

#include <string.h>

/* S3's limits: parts have 5 MiB or more but for the last, there are 10 000 at most. */
#define PART_BYTES_MIN ((uint64_t)5 << 20)
#define PART_BYTES_MAX ((uint64_t)5 << 30)
#define PARTS_MAX 10000u
/* Doubling every 1000 parts, 8 MiB make 8 TiB: more than the 5 TiB that an object may have. */
#define PARTS_PER_SIZE 1000u
#define BUFFERS_MAX 8u
/* How much is written between two looks at the uploads. */
#define PUMP_EVERY_BYTES ((uint64_t)256 << 10)
#define ABORT_DEADLINE_MS 15000u

struct buffer {
    uint8_t *memory;
    uint64_t capacity, used;
    unsigned number; /* of the part it holds; 0: none */
    bool uploading;
    struct scree__net_call call;
};

struct scree__io_s3_sink {
    struct scree_sink_options options;
    struct scree__net_settings settings;
    struct scree__net_s3 s3;
    struct scree__net_upload upload;
    struct scree__mem_budget *budget; /* NULL: its memory has been reserved, and does not grow */
    bool reserved;
    char *name;
    struct buffer head; /* part 1 */
    struct buffer buffers[BUFFERS_MAX];
    struct buffer *filling; /* NULL: none */
    unsigned buffer_count, part_count;
    uint64_t position, unpumped_bytes;
    char (*etags)[SCREE__NET_ETAG_BYTES];
    uint64_t etag_capacity;
};

/* ------------------------------------------------------------------------------------------ open */

static enum scree_status buffer_make(struct scree__io_s3_sink *sink, struct buffer *buffer,
                                     uint64_t bytes, struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status = scree__mem_alloc(sink->budget, bytes, &memory, sink->name, err);
    if (status != SCREE_OK)
        return status;
    scree__mem_free(sink->budget, buffer->memory, buffer->capacity);
    buffer->memory = memory;
    buffer->capacity = bytes;
    return SCREE_OK;
}

static void sanitize(struct scree_sink_options *options)
{
    if (options->part_bytes < PART_BYTES_MIN)
        options->part_bytes = PART_BYTES_MIN;
    if (options->head_bytes < PART_BYTES_MIN)
        options->head_bytes = PART_BYTES_MIN;
    if (options->part_bytes > PART_BYTES_MAX)
        options->part_bytes = PART_BYTES_MAX;
    if (options->head_bytes > PART_BYTES_MAX)
        options->head_bytes = PART_BYTES_MAX;
    if (options->part_count == 0)
        options->part_count = 1;
    if (options->part_count > BUFFERS_MAX)
        options->part_count = BUFFERS_MAX;
}

static enum scree_status make(struct scree__io_s3_sink *sink, const char *location,
                              const struct scree_sink_options *options, struct scree_error *err)
{
    sink->options = *options;
    sink->options.http = NULL;
    sink->options.s3 = NULL;
    sanitize(&sink->options);
    sink->budget = sink->reserved ? NULL : scree__par_budget(options->context);
    sink->name = scree__mem_string_copy(location);
    if (sink->name == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", location);
    enum scree_status status = scree__net_s3_init(&sink->s3, location, options->s3, err);
    if (status == SCREE_OK)
        status = scree__net_settings_init(&sink->settings, options->http, options->context, err);
    if (status == SCREE_OK)
        status = buffer_make(sink, &sink->head, sink->options.head_bytes, err);
    sink->buffer_count = sink->options.part_count;
    for (unsigned i = 0; i < sink->buffer_count && status == SCREE_OK; i++)
        status = buffer_make(sink, &sink->buffers[i], sink->options.part_bytes, err);
    /* Room for all parts' tags now rather than in the middle of a run. */
    void *etags = NULL;
    if (status == SCREE_OK)
        status = scree__mem_grow(sink->budget, &etags, &sink->etag_capacity, PARTS_MAX,
                                 SCREE__NET_ETAG_BYTES, sink->name, err);
    sink->etags = etags;
    if (status == SCREE_OK)
        status = scree__net_engine_new(&sink->settings, &sink->upload.engine, err);
    sink->upload.name = sink->name;
    sink->upload.s3 = &sink->s3;
    sink->upload.replace = sink->options.replace;
    sink->part_count = 1;
    return status;
}

uint64_t scree__io_sink_reserve_bytes(const struct scree_sink_options *options)
{
    struct scree_sink_options wanted = *options;
    sanitize(&wanted);
    /* The tags of all parts, and their list as it is sent. */
    return wanted.head_bytes + wanted.part_count * wanted.part_bytes +
           PARTS_MAX * (uint64_t)(4 * SCREE__NET_ETAG_BYTES);
}

enum scree_status scree__io_s3_sink_open(const char *location,
                                         const struct scree_sink_options *options, bool reserved,
                                         struct scree__io_s3_sink **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__io_s3_sink), &memory, "sink", err);
    if (status != SCREE_OK)
        return status;
    struct scree__io_s3_sink *sink = memory;
    memset(sink, 0, sizeof *sink);
    sink->reserved = reserved;
    status = make(sink, location, options, err);
    if (status == SCREE_OK)
        status = scree__net_upload_check(&sink->upload, err);
    /* Now, so that a store that refuses does so before any work. To its end, also when the run is
     * cancelled: what has been begun can only be taken back by its id. */
    sink->settings.context = NULL;
    if (status == SCREE_OK)
        status = scree__net_upload_begin(&sink->upload, err);
    sink->settings.context = options->context;
    if (status != SCREE_OK) {
        scree__io_s3_sink_close(sink);
        return status;
    }
    *out = sink;
    return SCREE_OK;
}

/* ----------------------------------------------------------------------------------------- parts */

static enum scree_status take_result(struct scree__io_s3_sink *sink, struct buffer *buffer,
                                     struct scree_error *err)
{
    const struct scree__net_job *job = &buffer->call.job;
    if (!buffer->uploading || job->state == SCREE__NET_RUNNING)
        return SCREE_OK;
    buffer->uploading = false;
    if (job->state != SCREE__NET_ENDED)
        return scree__base_fail(err, job->err.status, "%s", job->err.message);
    if (buffer->call.etag[0] == '\0')
        return scree__base_fail(err, SCREE_E_IO, "%s: %s: the answer has no ETag", sink->name,
                                buffer->call.what);
    memcpy(sink->etags[buffer->number - 1], buffer->call.etag, SCREE__NET_ETAG_BYTES);
    buffer->number = 0;
    buffer->used = 0;
    return SCREE_OK;
}

static enum scree_status pump(struct scree__io_s3_sink *sink, unsigned wait_ms,
                              struct scree_error *err)
{
    enum scree_status status = scree__net_engine_pump(sink->upload.engine, wait_ms, err);
    for (unsigned i = 0; i < sink->buffer_count && status == SCREE_OK; i++)
        status = take_result(sink, &sink->buffers[i], err);
    if (status == SCREE_OK)
        status = take_result(sink, &sink->head, err);
    sink->unpumped_bytes = 0;
    return status;
}

/* Starts to upload what a buffer holds. */
static enum scree_status upload(struct scree__io_s3_sink *sink, struct buffer *buffer,
                                struct scree_error *err)
{
    scree__net_upload_part(&sink->upload, &buffer->call, buffer->number, buffer->memory,
                           buffer->used);
    buffer->uploading = true;
    while (!scree__net_engine_start(sink->upload.engine, &buffer->call.job)) {
        enum scree_status status = pump(sink, 1000, err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

static struct buffer *idle_buffer(struct scree__io_s3_sink *sink)
{
    for (unsigned i = 0; i < sink->buffer_count; i++) {
        if (!sink->buffers[i].uploading)
            return &sink->buffers[i];
    }
    return NULL;
}

/* A buffer for the next part; waits until one is free. */
static enum scree_status begin_part(struct scree__io_s3_sink *sink, struct scree_error *err)
{
    struct buffer *buffer;
    while ((buffer = idle_buffer(sink)) == NULL) {
        enum scree_status status = pump(sink, 1000, err);
        if (status != SCREE_OK)
            return status;
    }
    if (sink->part_count == PARTS_MAX)
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED,
            "%s: an object has %u parts at most, and %llu bytes fill them (a larger memory budget "
            "allows larger parts)",
            sink->name, PARTS_MAX, (unsigned long long)sink->position);
    /* Larger parts as the object grows; where memory is short, as large as they are. */
    uint64_t bytes = sink->options.part_bytes << (sink->part_count / PARTS_PER_SIZE);
    bytes = bytes < PART_BYTES_MAX ? bytes : PART_BYTES_MAX;
    if (bytes > buffer->capacity && !sink->reserved)
        (void)!buffer_make(sink, buffer, bytes, NULL); /* else as large as it is */
    buffer->number = ++sink->part_count;
    buffer->used = 0;
    sink->filling = buffer;
    return SCREE_OK;
}

static uint64_t fill(struct buffer *buffer, const uint8_t *bytes, uint64_t byte_count)
{
    uint64_t room = buffer->capacity - buffer->used;
    if (byte_count > room)
        byte_count = room;
    if (byte_count > 0)
        memcpy(buffer->memory + buffer->used, bytes, (size_t)byte_count);
    buffer->used += byte_count;
    return byte_count;
}

enum scree_status scree__io_s3_sink_write(struct scree__io_s3_sink *sink, const void *bytes,
                                          size_t byte_count, struct scree_error *err)
{
    const uint8_t *from = bytes;
    enum scree_status status = SCREE_OK;
    for (uint64_t left = byte_count; left > 0 && status == SCREE_OK;) {
        bool in_head = sink->head.used < sink->head.capacity;
        if (!in_head && sink->filling == NULL)
            status = begin_part(sink, err);
        if (status != SCREE_OK)
            return status;
        struct buffer *buffer = in_head ? &sink->head : sink->filling;
        uint64_t done = fill(buffer, from, left);
        from += done;
        left -= done;
        sink->position += done;
        sink->unpumped_bytes += done;
        if (!in_head && buffer->used == buffer->capacity) {
            sink->filling = NULL;
            status = upload(sink, buffer, err);
        }
    }
    if (status == SCREE_OK && sink->unpumped_bytes >= PUMP_EVERY_BYTES)
        status = pump(sink, 0, err);
    return status;
}

enum scree_status scree__io_s3_sink_patch(struct scree__io_s3_sink *sink, uint64_t offset,
                                          const void *bytes, size_t byte_count,
                                          struct scree_error *err)
{
    if (offset > sink->position || byte_count > sink->position - offset)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: patch beyond the end", sink->name);
    if (byte_count > 0 && (offset >= sink->head.used || byte_count > sink->head.used - offset))
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED,
            "%s: bytes %llu to %llu are to change, and only the first %llu of an object can",
            sink->name, (unsigned long long)offset, (unsigned long long)(offset + byte_count),
            (unsigned long long)sink->head.used);
    if (byte_count > 0)
        memcpy(sink->head.memory + offset, bytes, byte_count);
    return SCREE_OK;
}

uint64_t scree__io_s3_sink_position(const struct scree__io_s3_sink *sink)
{
    return sink->position;
}

/* -------------------------------------------------------------------------------- commit and close */

static bool is_uploading(const struct scree__io_s3_sink *sink)
{
    bool any = sink->head.uploading;
    for (unsigned i = 0; i < sink->buffer_count; i++)
        any = any || sink->buffers[i].uploading;
    return any;
}

enum scree_status scree__io_s3_sink_commit(struct scree__io_s3_sink *sink, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (sink->position == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: an object without bytes", sink->name);
    if (sink->filling != NULL)
        status = upload(sink, sink->filling, err);
    sink->filling = NULL;
    sink->head.number = 1;
    if (status == SCREE_OK)
        status = upload(sink, &sink->head, err);
    while (status == SCREE_OK && is_uploading(sink))
        status = pump(sink, 1000, err);
    if (status != SCREE_OK)
        return status;
    return scree__net_upload_complete(&sink->upload,
                                      (const char(*)[SCREE__NET_ETAG_BYTES])sink->etags,
                                      sink->part_count, sink->position, sink->budget, err);
}

/* Also when the run was cancelled, and not for long. */
static void take_back(struct scree__io_s3_sink *sink)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = sink->settings.context;
    if (sink->upload.engine == NULL || sink->upload.id[0] == '\0')
        return;
    scree__net_engine_drop(sink->upload.engine);
    sink->settings.context = NULL;
    if (sink->settings.http.deadline_ms > ABORT_DEADLINE_MS)
        sink->settings.http.deadline_ms = ABORT_DEADLINE_MS;
    if (scree__net_upload_abort(&sink->upload, &err) != SCREE_OK)
        scree__par_log(context, SCREE_LOG_WARNING,
                       "%s; what was uploaded stays in the bucket, unseen, until its rule for "
                       "incomplete uploads removes it",
                       err.message);
}

void scree__io_s3_sink_close(struct scree__io_s3_sink *sink)
{
    if (sink == NULL)
        return;
    take_back(sink);
    scree__net_engine_free(sink->upload.engine);
    scree__mem_free(sink->budget, sink->head.memory, sink->head.capacity);
    for (unsigned i = 0; i < sink->buffer_count; i++)
        scree__mem_free(sink->budget, sink->buffers[i].memory, sink->buffers[i].capacity);
    scree__mem_free(sink->budget, sink->etags, sink->etag_capacity * SCREE__NET_ETAG_BYTES);
    scree__net_settings_release(&sink->settings);
    scree__net_s3_release(&sink->s3);
    scree__mem_string_free(sink->name);
    scree__mem_free(NULL, sink, sizeof *sink);
}
