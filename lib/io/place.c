/* place.c - positional writes to the file behind a sink. */
#include "io/place.h"
#include "base/error.h"

#include <errno.h>
#include <unistd.h>

enum scree_status scree__io_place_size(struct scree_sink *sink, uint64_t bytes,
                                       struct scree_error *err)
{
    int code;
    do
        code = ftruncate(scree__io_sink_descriptor(sink), (off_t)bytes);
    while (code != 0 && errno == EINTR);
    if (code != 0)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot make it %llu bytes long",
                                      scree_sink_name(sink), (unsigned long long)bytes);
    return SCREE_OK;
}

enum scree_status scree__io_place_write(struct scree_sink *sink, uint64_t offset, const void *bytes,
                                        size_t count, struct scree_error *err)
{
    const uint8_t *from = bytes;
    while (count > 0) {
        ssize_t put = pwrite(scree__io_sink_descriptor(sink), from, count, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) /* nothing written would go on for ever */
            return scree__base_fail_errno(err, SCREE_E_IO, put < 0 ? errno : ENOSPC,
                                          "%s: cannot write at byte %llu", scree_sink_name(sink),
                                          (unsigned long long)offset);
        from += put;
        offset += (uint64_t)put;
        count -= (size_t)put;
    }
    return SCREE_OK;
}

enum scree_status scree__io_place_read(struct scree_sink *sink, uint64_t offset, void *bytes,
                                       size_t count, struct scree_error *err)
{
    uint8_t *to = bytes;
    while (count > 0) {
        ssize_t got = pread(scree__io_sink_descriptor(sink), to, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return scree__base_fail_errno(err, SCREE_E_IO, got < 0 ? errno : EIO,
                                          "%s: cannot read at byte %llu", scree_sink_name(sink),
                                          (unsigned long long)offset);
        to += got;
        offset += (uint64_t)got;
        count -= (size_t)got;
    }
    return SCREE_OK;
}

enum scree_status scree__io_place_flush(struct scree_sink *sink, struct scree_error *err)
{
    int code;
    do
        code = fsync(scree__io_sink_descriptor(sink));
    while (code != 0 && errno == EINTR);
    return code == 0 ? SCREE_OK
                     : scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot flush to disk",
                                              scree_sink_name(sink));
}
