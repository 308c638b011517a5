/*
 * sink.c - a file that appears only when it is complete: written as NAME.part under a lock,
 * flushed, then renamed.
 */
#include "io/sink.h"
#include "base/error.h"
#include "io/ahead.h"
#include "io/location.h"
#include "io/sink_object.h"
#include "mem/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* One write call a MiB: enough to make the calls' cost vanish, small beside any budget. */
#define BUFFER_BYTES ((size_t)1 << 20)
/* What is as long as a chunk is written as it is: copying it would take longer than a call. */
#define DIRECT_BYTES ((size_t)128 << 10)

/* After so many bytes the system is asked to begin writing them to disk: what is left to flush at the end is little, and no core waits for it. */
#define WRITE_BACK_BYTES ((uint64_t)8 << 20)
/* Of bytes that are placed here and there: all that is there by then. */
#define PLACED_WRITE_BACK_BYTES ((uint64_t)32 << 20)

#define PATH_BYTES 4096u /* what Linux takes */

struct scree_sink {
    char *name, *part_name;
    int descriptor;
    bool replace, committed, part_is_ours;
    bool nameless; /* scratch or a stream: nothing is published */
    bool stream;   /* bytes can only be appended; the descriptor is borrowed */
    uint64_t flushed_bytes;
    uint64_t begun_bytes; /* of those: writing them to disk was begun */
    atomic_uint_least64_t placed_bytes;
    size_t buffered;
    uint8_t *buffer;
    struct scree__io_s3_sink *object; /* an object of a store; the rest is name only */
};

static enum scree_status fail_io(struct scree_sink *sink, const char *what, struct scree_error *err)
{
    return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: %s", sink->part_name, what);
}

static enum scree_status refuse_existing(const char *path, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_EXISTS, "%s exists already (--force replaces it)", path);
}

static char *with_part_ending(const char *path)
{
    char text[PATH_BYTES];
    snprintf(text, sizeof text, "%s.part", path);
    return scree__mem_string_copy(text);
}

static enum scree_status empty(struct scree_sink *sink, struct scree_error *err)
{
    int code;
    do
        code = ftruncate(sink->descriptor, 0);
    while (code != 0 && errno == EINTR);
    return code == 0 ? SCREE_OK : fail_io(sink, "cannot empty", err);
}

static enum scree_status sync_to_disk(struct scree_sink *sink, struct scree_error *err)
{
    int code;
    do
        code = fsync(sink->descriptor);
    while (code != 0 && errno == EINTR);
    return code == 0 ? SCREE_OK : fail_io(sink, "cannot flush to disk", err);
}

/*
 * Opens and locks the .part file. Between open and lock another run may have renamed or removed it:
 * then the name stands for another file (or none), and we try again.
 */
static enum scree_status open_part(struct scree_sink *sink, bool keep, struct scree_error *err)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        int descriptor = open(sink->part_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor < 0)
            return fail_io(sink, "cannot create", err);
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            int code = errno;
            close(descriptor);
            if (code != EWOULDBLOCK)
                return scree__base_fail_errno(err, SCREE_E_IO, code, "%s: cannot lock",
                                              sink->part_name);
            return scree__base_fail(err, SCREE_E_EXISTS, "%s: another run is writing this output",
                                    sink->part_name);
        }
        struct stat held, named;
        if (fstat(descriptor, &held) == 0 && stat(sink->part_name, &named) == 0 &&
            held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
            if (S_ISREG(held.st_mode) && held.st_nlink > 1) {
                /* A run that ended between link() and unlink(): this is the published file. */
                int code = unlink(sink->part_name) != 0 ? errno : 0;
                close(descriptor);
                if (code != 0)
                    return scree__base_fail_errno(err, SCREE_E_IO, code, "%s: cannot remove",
                                                  sink->part_name);
                continue;
            }
            sink->descriptor = descriptor;
            sink->part_is_ours = true;
            if (!S_ISREG(held.st_mode))
                return scree__base_fail(err, SCREE_E_IO, "%s: not a regular file", sink->part_name);
            return keep ? SCREE_OK : empty(sink, err);
        }
        close(descriptor);
    }
    return scree__base_fail(err, SCREE_E_IO, "%s: keeps being replaced by others", sink->part_name);
}

static enum scree_status open_file(const char *path, bool replace, bool keep,
                                   struct scree_sink **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    struct stat info;
    if (strlen(path) + sizeof ".part" > PATH_BYTES)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long", path);
    if (stat(path, &info) == 0) {
        if (!S_ISREG(info.st_mode))
            return scree__base_fail(err, SCREE_E_IO, "%s: exists and is not a regular file", path);
        if (!replace)
            return refuse_existing(path, err);
    }
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_sink), &memory, "sink", err);
    if (status != SCREE_OK)
        return status;
    struct scree_sink *sink = memory;
    memset(sink, 0, sizeof *sink);
    sink->descriptor = -1;
    sink->replace = replace;
    sink->name = scree__mem_string_copy(path);
    sink->part_name = with_part_ending(path);
    if (sink->name == NULL || sink->part_name == NULL) {
        status = scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", path);
        goto out;
    }
    status = scree__mem_alloc(NULL, BUFFER_BYTES, &memory, "output buffer", err);
    if (status != SCREE_OK)
        goto out;
    sink->buffer = memory;
    status = open_part(sink, keep, err);
out:
    if (status != SCREE_OK) {
        scree_sink_close(sink);
        return status;
    }
    *out = sink;
    return SCREE_OK;
}

enum scree_status scree_sink_open_file(const char *path, bool replace, struct scree_sink **sink,
                                       struct scree_error *err)
{
    return open_file(path, replace, false, sink, err);
}

enum scree_status scree__io_sink_open_kept(const char *path, bool replace, struct scree_sink **sink,
                                           struct scree_error *err)
{
    enum scree_status status = scree__io_location_check_local(path, err);
    return status == SCREE_OK ? open_file(path, replace, true, sink, err) : status;
}

static enum scree_status open_object(const char *location, const struct scree_sink_options *options,
                                     bool reserved, struct scree_sink **out,
                                     struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_sink), &memory, "sink", err);
    if (status != SCREE_OK)
        return status;
    struct scree_sink *sink = memory;
    memset(sink, 0, sizeof *sink);
    sink->descriptor = -1;
    sink->name = scree__mem_string_copy(location);
    if (sink->name == NULL)
        status = scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", location);
    if (status == SCREE_OK)
        status = scree__io_s3_sink_open(location, options, reserved, &sink->object, err);
    if (status != SCREE_OK) {
        scree_sink_close(sink);
        return status;
    }
    *out = sink;
    return SCREE_OK;
}

void scree_sink_options_init(struct scree_sink_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->part_bytes = (uint64_t)8 << 20;
    options->head_bytes = (uint64_t)5 << 20;
    options->part_count = 2;
}

static enum scree_status open_location(const char *location,
                                       const struct scree_sink_options *options, bool reserved,
                                       struct scree_sink **out, struct scree_error *err)
{
    struct scree_sink_options wanted;
    *out = NULL;
    scree_sink_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    if (scree__io_location_is_s3(location))
        return open_object(location, &wanted, reserved, out, err);
    if (scree_location_is_remote(location))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%.8s...: an output is a local file or s3://bucket/key", location);
    enum scree_status status = scree__io_location_check_local(location, err);
    return status == SCREE_OK ? scree_sink_open_file(location, wanted.replace, out, err) : status;
}

enum scree_status scree_sink_open(const char *location, const struct scree_sink_options *options,
                                  struct scree_sink **out, struct scree_error *err)
{
    return open_location(location, options, false, out, err);
}

enum scree_status scree__io_sink_open_reserved(const char *location,
                                               const struct scree_sink_options *options,
                                               struct scree_sink **out, struct scree_error *err)
{
    return open_location(location, options, true, out, err);
}

static enum scree_status write_at(struct scree_sink *sink, uint64_t offset, const uint8_t *bytes,
                                  size_t byte_count, struct scree_error *err)
{
    while (byte_count > 0) {
        ssize_t put = sink->stream ? write(sink->descriptor, bytes, byte_count)
                                   : pwrite(sink->descriptor, bytes, byte_count, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0) /* would go on for ever */
            errno = ENOSPC;
        if (put <= 0)
            return fail_io(sink, "cannot write", err);
        bytes += put;
        offset += (uint64_t)put;
        byte_count -= (size_t)put;
    }
    return SCREE_OK;
}

static void begin_write_back(struct scree_sink *sink)
{
    if (sink->nameless || sink->flushed_bytes - sink->begun_bytes < WRITE_BACK_BYTES)
        return;
    scree__io_begin_write_back(sink->descriptor, sink->begun_bytes,
                               sink->flushed_bytes - sink->begun_bytes);
    sink->begun_bytes = sink->flushed_bytes;
}

static enum scree_status flush(struct scree_sink *sink, struct scree_error *err)
{
    enum scree_status status =
        write_at(sink, sink->flushed_bytes, sink->buffer, sink->buffered, err);
    if (status != SCREE_OK)
        return status;
    sink->flushed_bytes += sink->buffered;
    sink->buffered = 0;
    begin_write_back(sink);
    return SCREE_OK;
}

enum scree_status scree_sink_write(struct scree_sink *sink, const void *bytes, size_t byte_count,
                                   struct scree_error *err)
{
    if (sink->object != NULL)
        return scree__io_s3_sink_write(sink->object, bytes, byte_count, err);
    const uint8_t *from = bytes;
    if (byte_count > BUFFER_BYTES - sink->buffered || byte_count >= DIRECT_BYTES) {
        enum scree_status status = flush(sink, err);
        if (status != SCREE_OK)
            return status;
    }
    if (byte_count >= DIRECT_BYTES) {
        enum scree_status status = write_at(sink, sink->flushed_bytes, from, byte_count, err);
        if (status != SCREE_OK)
            return status;
        sink->flushed_bytes += byte_count;
        begin_write_back(sink);
        return SCREE_OK;
    }
    if (byte_count > 0)
        memcpy(sink->buffer + sink->buffered, from, byte_count);
    sink->buffered += byte_count;
    return SCREE_OK;
}

enum scree_status scree_sink_patch(struct scree_sink *sink, uint64_t offset, const void *bytes,
                                   size_t byte_count, struct scree_error *err)
{
    if (sink->object != NULL)
        return scree__io_s3_sink_patch(sink->object, offset, bytes, byte_count, err);
    uint64_t end = scree_sink_position(sink);
    if (sink->stream)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: what is written cannot be changed",
                                sink->part_name);
    if (offset > end || byte_count > end - offset)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: patch beyond the end", sink->part_name);
    enum scree_status status = flush(sink, err);
    if (status != SCREE_OK)
        return status;
    return write_at(sink, offset, bytes, byte_count, err);
}

uint64_t scree_sink_position(const struct scree_sink *sink)
{
    if (sink->object != NULL)
        return scree__io_s3_sink_position(sink->object);
    return sink->flushed_bytes + sink->buffered;
}

const char *scree_sink_name(const struct scree_sink *sink)
{
    return sink->name;
}

bool scree__io_sink_can_place(const struct scree_sink *sink)
{
    return sink->object == NULL && !sink->stream;
}

enum scree_status scree__io_sink_place_begin(struct scree_sink *sink, uint64_t end,
                                             struct scree_error *err)
{
    enum scree_status status = flush(sink, err);
    int code = status == SCREE_OK ? scree__io_reserve(sink->descriptor, end) : 0;
    if (code == 0)
        return status;
    errno = code;
    return fail_io(sink, "cannot write", err);
}

enum scree_status scree__io_sink_place(struct scree_sink *sink, uint64_t offset, const void *bytes,
                                       size_t byte_count, struct scree_error *err)
{
    enum scree_status status = write_at(sink, offset, bytes, byte_count, err);
    uint64_t before = atomic_fetch_add(&sink->placed_bytes, byte_count);
    if (status == SCREE_OK && !sink->nameless &&
        before / PLACED_WRITE_BACK_BYTES != (before + byte_count) / PLACED_WRITE_BACK_BYTES)
        scree__io_begin_write_back(sink->descriptor, 0, 0);
    return status;
}

void scree__io_sink_place_end(struct scree_sink *sink, uint64_t end)
{
    sink->flushed_bytes = end;
}

/* Makes the rename itself durable. File systems that cannot sync a folder are left at that. */
static void sync_folder_of(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 1 : (slash == path ? 1 : (size_t)(slash - path));
    if (bytes >= sizeof folder)
        return;
    memcpy(folder, slash == NULL ? "." : path, bytes);
    folder[bytes] = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
}

/* rename() that fails where the new name is taken. ENOSYS or EINVAL: the system or the file system cannot do that. */
static int rename_to_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
    (void)from;
    (void)to;
    errno = ENOSYS;
    return -1;
#endif
}

/*
 * Where neither renameat2() nor link() can be had: an empty file claims the name, and is replaced. Between the two a run that is killed leaves
 * that empty file; the other order, looking and then renaming, could lose somebody's data.
 */
static enum scree_status publish_by_claim(struct scree_sink *sink, struct scree_error *err)
{
    int claim = open(sink->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (claim < 0 && errno == EEXIST)
        return refuse_existing(sink->name, err);
    if (claim < 0)
        return fail_io(sink, "cannot rename to its final name", err);
    close(claim);
    if (rename(sink->part_name, sink->name) == 0)
        return SCREE_OK;
    int code = errno;
    (void)unlink(sink->name);
    errno = code;
    return fail_io(sink, "cannot rename to its final name", err);
}

/* Never in the place of a file that has appeared meanwhile. */
static enum scree_status publish_new(struct scree_sink *sink, struct scree_error *err)
{
    if (rename_to_new(sink->part_name, sink->name) == 0)
        return SCREE_OK;
    if (errno == EEXIST)
        return refuse_existing(sink->name, err);
    if (errno != ENOSYS && errno != EINVAL)
        return fail_io(sink, "cannot rename to its final name", err);
    if (link(sink->part_name, sink->name) == 0) {
        (void)unlink(sink->part_name);
        return SCREE_OK;
    }
    if (errno == EEXIST)
        return refuse_existing(sink->name, err);
    return publish_by_claim(sink, err);
}

static enum scree_status publish(struct scree_sink *sink, struct scree_error *err)
{
    if (!sink->replace)
        return publish_new(sink, err);
    if (rename(sink->part_name, sink->name) != 0)
        return fail_io(sink, "cannot rename to its final name", err);
    return SCREE_OK;
}

enum scree_status scree_sink_commit(struct scree_sink *sink, struct scree_error *err)
{
    if (sink->object != NULL)
        return scree__io_s3_sink_commit(sink->object, err);
    enum scree_status status = flush(sink, err);
    if (status != SCREE_OK || sink->nameless)
        return status;
    status = sync_to_disk(sink, err);
    if (status == SCREE_OK)
        status = publish(sink, err);
    if (status != SCREE_OK)
        return status;
    sink->committed = true;
    sync_folder_of(sink->name);
    return SCREE_OK;
}

void scree_sink_close(struct scree_sink *sink)
{
    if (sink == NULL)
        return;
    if (sink->part_is_ours && !sink->committed)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a part that is ours has a name */
        (void)unlink(sink->part_name);
    if (sink->descriptor >= 0 && !sink->stream)
        close(sink->descriptor);
    scree__io_s3_sink_close(sink->object);
    scree__mem_free(NULL, sink->buffer, BUFFER_BYTES);
    scree__mem_string_free(sink->name);
    scree__mem_string_free(sink->part_name);
    scree__mem_free(NULL, sink, sizeof *sink);
}

/* ------------------------------------------------------------------------------ without a name */

/* Without a name where the system can do that, else unlinked at once. */
static int open_unlinked(const char *folder)
{
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return descriptor;
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s/.scree-scratch-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0)
        (void)unlink(path);
    return descriptor;
}

static enum scree_status nameless_new(const char *name, bool stream, struct scree_sink **out,
                                      struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_sink), &memory, "sink", err);
    if (status != SCREE_OK)
        return status;
    struct scree_sink *sink = memory;
    memset(sink, 0, sizeof *sink);
    sink->descriptor = -1;
    sink->nameless = true;
    sink->stream = stream;
    sink->name = scree__mem_string_copy(name);
    sink->part_name = scree__mem_string_copy(name);
    if (sink->name == NULL || sink->part_name == NULL)
        status = scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", name);
    if (status == SCREE_OK)
        status = scree__mem_alloc(NULL, BUFFER_BYTES, &memory, "output buffer", err);
    if (status != SCREE_OK) {
        scree_sink_close(sink);
        return status;
    }
    sink->buffer = memory;
    *out = sink;
    return SCREE_OK;
}

enum scree_status scree__io_sink_open_scratch(const char *folder, const char *name,
                                              struct scree_sink **out, struct scree_error *err)
{
    enum scree_status status = nameless_new(name, false, out, err);
    if (status != SCREE_OK)
        return status;
    (*out)->descriptor = open_unlinked(folder);
    if ((*out)->descriptor >= 0)
        return SCREE_OK;
    status = scree__base_fail_errno(err, SCREE_E_IO, errno, "cannot create scratch in %s", folder);
    scree_sink_close(*out);
    *out = NULL;
    return status;
}

enum scree_status scree__io_sink_open_stream(int descriptor, const char *name,
                                             struct scree_sink **out, struct scree_error *err)
{
    enum scree_status status = nameless_new(name, true, out, err);
    if (status == SCREE_OK)
        (*out)->descriptor = descriptor;
    return status;
}

int scree__io_sink_descriptor(const struct scree_sink *sink)
{
    return sink->descriptor;
}

enum scree_status scree__io_sink_copy(struct scree_sink *from, struct scree_sink *to,
                                      struct scree_error *err)
{
    uint64_t at = 0, end = scree_sink_position(from);
    enum scree_status status = flush(from, err);
    while (status == SCREE_OK && at < end) {
        size_t bytes = end - at < BUFFER_BYTES ? (size_t)(end - at) : BUFFER_BYTES;
        ssize_t got = pread(from->descriptor, from->buffer, bytes, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return scree__base_fail_errno(err, SCREE_E_IO, got < 0 ? errno : EIO,
                                          "%s: reading scratch at byte %llu", from->name,
                                          (unsigned long long)at);
        status = scree_sink_write(to, from->buffer, (size_t)got, err);
        at += (uint64_t)got;
    }
    return status;
}
