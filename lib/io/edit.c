/* edit.c - changing a file in place: append, flush, switch, flush. */
#include "io/edit.h"
#include "base/error.h"
#include "mem/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)1 << 20)

struct scree__io_edit {
    char *name;
    int descriptor;
    bool switched, touched; /* touched: something was appended */
    uint64_t old_bytes;     /* length to go back to */
    uint64_t end;           /* of what is appended, but for the buffer */
    size_t buffered;
    uint8_t *buffer;
};

static enum scree_status fail_io(const struct scree__io_edit *edit, const char *what,
                                 struct scree_error *err)
{
    return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: %s", edit->name, what);
}

static enum scree_status lock(struct scree__io_edit *edit, uint64_t file_bytes,
                              struct scree_error *err)
{
    struct stat info;
    edit->descriptor = open(edit->name, O_RDWR | O_CLOEXEC);
    if (edit->descriptor < 0)
        return fail_io(edit, "cannot open for writing", err);
    if (flock(edit->descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return fail_io(edit, "cannot lock", err);
        return scree__base_fail(err, SCREE_E_EXISTS, "%s: another run is changing this file",
                                edit->name);
    }
    if (fstat(edit->descriptor, &info) != 0)
        return fail_io(edit, "cannot look at it", err);
    if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size != file_bytes)
        return scree__base_fail(
            err, SCREE_E_IO, "%s: has changed while it was read: %llu bytes, not %llu", edit->name,
            (unsigned long long)info.st_size, (unsigned long long)file_bytes);
    return SCREE_OK;
}

enum scree_status scree__io_edit_open(const char *path, uint64_t file_bytes, uint64_t end,
                                      struct scree__io_edit **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__io_edit), &memory, "edit", err);
    if (status != SCREE_OK)
        return status;
    struct scree__io_edit *edit = memory;
    memset(edit, 0, sizeof *edit);
    edit->descriptor = -1;
    edit->old_bytes = file_bytes;
    edit->end = end;
    edit->name = scree__mem_string_copy(path);
    if (edit->name == NULL)
        status = scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", path);
    if (status == SCREE_OK)
        status = scree__mem_alloc(NULL, BUFFER_BYTES, &memory, "edit", err);
    if (status == SCREE_OK) {
        edit->buffer = memory;
        status = lock(edit, file_bytes, err);
    }
    if (status != SCREE_OK) {
        scree__io_edit_close(edit);
        return status;
    }
    *out = edit;
    return SCREE_OK;
}

static enum scree_status write_at(struct scree__io_edit *edit, uint64_t offset,
                                  const uint8_t *bytes, size_t count, struct scree_error *err)
{
    while (count > 0) {
        ssize_t put = pwrite(edit->descriptor, bytes, count, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0) /* would go on for ever */
            errno = ENOSPC;
        if (put <= 0)
            return fail_io(edit, "cannot write", err);
        bytes += put;
        offset += (uint64_t)put;
        count -= (size_t)put;
    }
    return SCREE_OK;
}

static enum scree_status flush(struct scree__io_edit *edit, struct scree_error *err)
{
    edit->touched = edit->touched || edit->buffered > 0;
    enum scree_status status = write_at(edit, edit->end, edit->buffer, edit->buffered, err);
    if (status == SCREE_OK) {
        edit->end += edit->buffered;
        edit->buffered = 0;
    }
    return status;
}

enum scree_status scree__io_edit_append(struct scree__io_edit *edit, const void *bytes,
                                        size_t count, struct scree_error *err)
{
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t now = BUFFER_BYTES - edit->buffered;
        if (now > count)
            now = count;
        memcpy(edit->buffer + edit->buffered, from, now);
        edit->buffered += now;
        from += now;
        count -= now;
        if (edit->buffered == BUFFER_BYTES) {
            enum scree_status status = flush(edit, err);
            if (status != SCREE_OK)
                return status;
        }
    }
    return SCREE_OK;
}

static int cut(const struct scree__io_edit *edit, uint64_t bytes)
{
    int code;
    do
        code = ftruncate(edit->descriptor, (off_t)bytes);
    while (code != 0 && errno == EINTR);
    return code;
}

static enum scree_status sync_to_disk(const struct scree__io_edit *edit, struct scree_error *err)
{
    int code;
    do
        code = fsync(edit->descriptor);
    while (code != 0 && errno == EINTR);
    return code == 0 ? SCREE_OK : fail_io(edit, "cannot flush to disk", err);
}

enum scree_status scree__io_edit_switch(struct scree__io_edit *edit, uint64_t offset,
                                        const void *bytes, const void *old_bytes, size_t count,
                                        struct scree_error *err)
{
    if (offset > SCREE__IO_SWITCH_BYTES || count > SCREE__IO_SWITCH_BYTES - offset)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: a switch of %zu bytes at byte %llu",
                                edit->name, count, (unsigned long long)offset);
    enum scree_status status = flush(edit, err);
    if (status == SCREE_OK && edit->touched && edit->end < edit->old_bytes &&
        cut(edit, edit->end) != 0)
        status = fail_io(edit, "cannot shorten", err);
    if (status == SCREE_OK && edit->touched)
        status = sync_to_disk(edit, err);
    if (status != SCREE_OK)
        return status;
    status = write_at(edit, offset, bytes, count, err);
    if (status != SCREE_OK) {
        (void)write_at(edit, offset, old_bytes, count, NULL);
        return status;
    }
    edit->switched = true; /* from here on the new file is there, flushed or not */
    return sync_to_disk(edit, err);
}

void scree__io_edit_close(struct scree__io_edit *edit)
{
    if (edit == NULL)
        return;
    if (edit->descriptor >= 0) {
        if (edit->touched && !edit->switched)
            (void)cut(edit, edit->old_bytes);
        close(edit->descriptor);
    }
    scree__mem_free(NULL, edit->buffer, BUFFER_BYTES);
    scree__mem_string_free(edit->name);
    scree__mem_free(NULL, edit, sizeof *edit);
}

enum scree_status scree__io_real_path(const char *path, char *to, size_t capacity,
                                      struct scree_error *err)
{
    char found[PATH_MAX];
    if (realpath(path, found) == NULL)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", path);
    if (strlen(found) >= capacity)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long", path);
    snprintf(to, capacity, "%s", found);
    return SCREE_OK;
}

unsigned scree__io_mode_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (unsigned)(info.st_mode & 07777) : 0666u;
}

void scree__io_mode_set(const char *path, unsigned mode)
{
    (void)chmod(path, (mode_t)mode);
}

enum scree_status scree__io_second_name(const char *path, const char *name, struct scree_error *err)
{
    struct stat one, other;
    if (link(path, name) == 0)
        return SCREE_OK;
    if (errno != EEXIST)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot be a second name of %s",
                                      name, path);
    if (stat(path, &one) == 0 && stat(name, &other) == 0 && one.st_ino == other.st_ino &&
        one.st_dev == other.st_dev)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_EXISTS, "%s exists, and is another file than %s", name,
                            path);
}

bool scree__io_file_time(const char *path, uint64_t *bytes, int64_t *time_ns)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *bytes = (uint64_t)info.st_size;
    *time_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return true;
}

bool scree__io_is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool scree__io_remove(const char *path)
{
    return unlink(path) == 0;
}
