/* source.c - local files and memory as sources. */
#include "scree/io.h"
#include "base/error.h"
#include "mem/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scree_source {
    int descriptor; /* -1: memory */
    const uint8_t *memory;
    uint64_t bytes;
    char *name;
};

static enum scree_status source_new(const char *name, struct scree_source **out,
                                    struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree_source), &memory, "source", err);
    if (status != SCREE_OK)
        return status;
    struct scree_source *source = memory;
    memset(source, 0, sizeof *source);
    source->descriptor = -1;
    source->name = scree__mem_string_copy(name);
    if (source->name == NULL) {
        scree_source_close(source);
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", name);
    }
    *out = source;
    return SCREE_OK;
}

enum scree_status scree_source_open_file(const char *path, struct scree_source **out,
                                         struct scree_error *err)
{
    *out = NULL;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
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
    struct scree_source *source;
    enum scree_status status = source_new(path, &source, err);
    if (status != SCREE_OK) {
        close(descriptor);
        return status;
    }
    source->descriptor = descriptor;
    source->bytes = (uint64_t)info.st_size;
    *out = source;
    return SCREE_OK;
}

enum scree_status scree_source_open_memory(const void *bytes, uint64_t byte_count, const char *name,
                                           struct scree_source **out, struct scree_error *err)
{
    enum scree_status status = source_new(name, out, err);
    if (status != SCREE_OK)
        return status;
    (*out)->memory = bytes;
    (*out)->bytes = byte_count;
    return SCREE_OK;
}

void scree_source_close(struct scree_source *source)
{
    if (source == NULL)
        return;
    if (source->descriptor >= 0)
        close(source->descriptor);
    scree__mem_string_free(source->name);
    scree__mem_free(NULL, source, sizeof *source);
}

uint64_t scree_source_bytes(const struct scree_source *source)
{
    return source->bytes;
}

const char *scree_source_name(const struct scree_source *source)
{
    return source->name;
}

static enum scree_status read_descriptor(struct scree_source *source, uint64_t offset,
                                         uint8_t *bytes, size_t byte_count, struct scree_error *err)
{
    while (byte_count > 0) {
        ssize_t got = pread(source->descriptor, bytes, byte_count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: reading at byte %llu",
                                          source->name, (unsigned long long)offset);
        if (got == 0)
            return scree__base_fail(err, SCREE_E_IO,
                                    "%s: the file became shorter while it was read (at byte %llu)",
                                    source->name, (unsigned long long)offset);
        bytes += got;
        offset += (uint64_t)got;
        byte_count -= (size_t)got;
    }
    return SCREE_OK;
}

enum scree_status scree_source_read(struct scree_source *source, uint64_t offset, void *bytes,
                                    size_t byte_count, struct scree_error *err)
{
    if (byte_count == 0)
        return SCREE_OK;
    if (offset > source->bytes || byte_count > source->bytes - offset) {
        uint64_t there = offset < source->bytes ? source->bytes - offset : 0;
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: truncated: %llu bytes expected at byte %llu, %llu there (the "
                                "file has %llu bytes)",
                                source->name, (unsigned long long)byte_count,
                                (unsigned long long)offset, (unsigned long long)there,
                                (unsigned long long)source->bytes);
    }
    if (source->descriptor < 0) {
        memcpy(bytes, source->memory + offset, byte_count);
        return SCREE_OK;
    }
    return read_descriptor(source, offset, bytes, byte_count, err);
}

enum scree_status scree_source_read_many(struct scree_source *source,
                                         const struct scree_range *ranges, size_t range_count,
                                         struct scree_error *err)
{
    for (size_t i = 0; i < range_count; i++) {
        enum scree_status status =
            scree_source_read(source, ranges[i].offset, ranges[i].bytes, ranges[i].byte_count, err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}
