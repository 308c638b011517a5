/* source_file.c - a local file as a source. */
#include "base/error.h"
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_source {
    struct scree_source source;
    int descriptor;
};

static enum scree_status read_range(struct file_source *file, const struct scree_range *range,
                                    struct scree_error *err)
{
    uint64_t offset = range->offset;
    uint8_t *bytes = range->bytes;
    for (size_t left = range->byte_count; left > 0;) {
        ssize_t got = pread(file->descriptor, bytes, left, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: reading at byte %llu",
                                          file->source.name, (unsigned long long)offset);
        if (got == 0)
            return scree__base_fail(err, SCREE_E_IO,
                                    "%s: the file became shorter while it was read (at byte %llu)",
                                    file->source.name, (unsigned long long)offset);
        bytes += got;
        offset += (uint64_t)got;
        left -= (size_t)got;
    }
    return SCREE_OK;
}

static enum scree_status read_many(struct scree_source *source, const struct scree_range *ranges,
                                   size_t range_count, struct scree_error *err)
{
    for (size_t i = 0; i < range_count; i++) {
        enum scree_status status = read_range((struct file_source *)source, &ranges[i], err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

static enum scree_status prefetch(struct scree_source *source, const struct scree_range *ranges,
                                  size_t range_count, struct scree_error *err)
{
    (void)err;
    for (size_t i = 0; i < range_count; i++)
        (void)posix_fadvise(((struct file_source *)source)->descriptor, (off_t)ranges[i].offset,
                            (off_t)ranges[i].byte_count, POSIX_FADV_WILLNEED);
    return SCREE_OK;
}

static void release(struct scree_source *source)
{
    close(((struct file_source *)source)->descriptor);
}

static const struct scree__io_source_kind kind = {.read_many = read_many,
                                                  .prefetch = prefetch,
                                                  .release = release,
                                                  .struct_bytes = sizeof(struct file_source)};

enum scree_status scree_source_open_file(const char *path, struct scree_source **out,
                                         struct scree_error *err)
{
    *out = NULL;
    /* A pipe's other end is not waited for: it is refused below. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", path);
    struct stat info;
    if (fstat(descriptor, &info) != 0) {
        int code = errno;
        close(descriptor);
        return scree__base_fail_errno(err, SCREE_E_IO, code, "%s", path);
    }
    if (!S_ISREG(info.st_mode)) {
        close(descriptor);
        return scree__base_fail(err, SCREE_E_IO, "%s: not a regular file", path);
    }
    enum scree_status status = scree__io_source_new(&kind, path, out, err);
    if (status != SCREE_OK) {
        close(descriptor);
        return status;
    }
    ((struct file_source *)*out)->descriptor = descriptor;
    (*out)->bytes = (uint64_t)info.st_size;
    return SCREE_OK;
}
