/* scratch.c - an unlinked file of blocks. */
#include "spill/scratch.h"
#include "base/error.h"
#include "mem/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct scree__spill_scratch {
    int descriptor;
    char *folder;
    atomic_uint_least64_t position;
};

static enum scree_status check_room(const char *folder, uint64_t expected_bytes,
                                    struct scree_error *err)
{
    struct statvfs info;
    if (statvfs(folder, &info) != 0)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "scratch folder %s", folder);
    uint64_t room = (uint64_t)info.f_bavail * info.f_frsize;
    if (room < expected_bytes)
        return scree__base_fail(
            err, SCREE_E_IO,
            "scratch folder %s: %llu bytes are needed, %llu are free (--tmp names another)", folder,
            (unsigned long long)expected_bytes, (unsigned long long)room);
    return SCREE_OK;
}

/* Without a name where the system can do that, else unlinked at once. */
static int open_unlinked(const char *folder)
{
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return descriptor;
    char path[4096];
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

enum scree_status scree__spill_scratch_open(const char *folder, uint64_t expected_bytes,
                                            struct scree__spill_scratch **out,
                                            struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status = check_room(folder, expected_bytes, err);
    if (status != SCREE_OK)
        return status;
    status = scree__mem_alloc(NULL, sizeof(struct scree__spill_scratch), &memory, "scratch", err);
    if (status != SCREE_OK)
        return status;
    struct scree__spill_scratch *scratch = memory;
    memset(scratch, 0, sizeof *scratch);
    scratch->descriptor = -1;
    scratch->folder = scree__mem_string_copy(folder);
    if (scratch->folder == NULL) {
        status = scree__base_fail(err, SCREE_E_MEMORY, "scratch: out of memory");
        goto out;
    }
    scratch->descriptor = open_unlinked(folder);
    if (scratch->descriptor < 0)
        status =
            scree__base_fail_errno(err, SCREE_E_IO, errno, "cannot create scratch in %s", folder);
out:
    if (status != SCREE_OK) {
        scree__spill_scratch_close(scratch);
        return status;
    }
    *out = scratch;
    return SCREE_OK;
}

void scree__spill_scratch_close(struct scree__spill_scratch *scratch)
{
    if (scratch == NULL)
        return;
    if (scratch->descriptor >= 0)
        close(scratch->descriptor);
    scree__mem_string_free(scratch->folder);
    scree__mem_free(NULL, scratch, sizeof *scratch);
}

enum scree_status scree__spill_scratch_write(struct scree__spill_scratch *scratch,
                                             const void *bytes, uint64_t count, uint64_t *offset,
                                             struct scree_error *err)
{
    const uint8_t *from = bytes;
    uint64_t at = atomic_fetch_add(&scratch->position, count);
    *offset = at;
    while (count > 0) {
        ssize_t put = pwrite(scratch->descriptor, from, count, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) /* nothing written would go on for ever */
            return scree__base_fail_errno(err, SCREE_E_IO, put < 0 ? errno : ENOSPC,
                                          "cannot write scratch in %s", scratch->folder);
        from += put;
        at += (uint64_t)put;
        count -= (uint64_t)put;
    }
    return SCREE_OK;
}

enum scree_status scree__spill_scratch_read(struct scree__spill_scratch *scratch, uint64_t offset,
                                            void *bytes, uint64_t count, struct scree_error *err)
{
    uint8_t *to = bytes;
    while (count > 0) {
        ssize_t got = pread(scratch->descriptor, to, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return scree__base_fail_errno(err, SCREE_E_IO, got < 0 ? errno : EIO,
                                          "cannot read scratch in %s at byte %llu", scratch->folder,
                                          (unsigned long long)offset);
        to += got;
        offset += (uint64_t)got;
        count -= (uint64_t)got;
    }
    return SCREE_OK;
}

void scree__spill_scratch_drop(struct scree__spill_scratch *scratch, uint64_t offset,
                               uint64_t count)
{
    (void)fallocate(scratch->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                    (off_t)count);
}

uint64_t scree__spill_scratch_bytes(const struct scree__spill_scratch *scratch)
{
    return scratch != NULL ? atomic_load(&scratch->position) : 0;
}
