/* scratch.c - an unlinked file of blocks. */
#include "spill/scratch.h"
#include "base/error.h"
#include "mem/budget.h"
#include "par/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if SCREE_HAVE_LZ4
#include <lz4.h>
#endif

/* Smaller blocks than this are not given back to the file system: holes of a few pages each cost it more than they free, most of all when the file is
 * closed. They are written over. */
#define HOLE_BYTES 65536u
#define SPARES 2048u
/* Of the last spares so many are looked at. */
#define SPARES_SEEN 16u

struct spare {
    uint64_t offset;
    uint32_t bytes;
};

struct scree__spill_scratch {
    int descriptor;
    char *folder;
    enum scree__spill_compression compression;
    uint32_t stride;
    atomic_uint_least64_t position;
    struct scree__par_lock lock;
    struct spare spares[SPARES]; /* blocks that were dropped */
    uint32_t spare_count;
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
                                            enum scree__spill_compression compression,
                                            uint32_t stride, struct scree__spill_scratch **out,
                                            struct scree_error *err)
{
    void *memory;
    *out = NULL;
#if !SCREE_HAVE_LZ4
    if (compression == SCREE__SPILL_LZ4)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "scratch: built without LZ4");
#endif
    enum scree_status status = check_room(folder, expected_bytes, err);
    if (status != SCREE_OK)
        return status;
    status = scree__mem_alloc(NULL, sizeof(struct scree__spill_scratch), &memory, "scratch", err);
    if (status != SCREE_OK)
        return status;
    struct scree__spill_scratch *scratch = memory;
    memset(scratch, 0, sizeof *scratch);
    scratch->descriptor = -1;
    scree__par_lock_init(&scratch->lock);
    scratch->compression = compression;
    scratch->stride = stride > 0 ? stride : 1;
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
    scree__par_lock_release(&scratch->lock);
    scree__mem_string_free(scratch->folder);
    scree__mem_free(NULL, scratch, sizeof *scratch);
}

uint64_t scree__spill_work_bytes(const struct scree__spill_scratch *scratch, uint32_t bytes)
{
#if SCREE_HAVE_LZ4
    if (scratch->compression == SCREE__SPILL_LZ4 && bytes <= LZ4_MAX_INPUT_SIZE)
        return (uint64_t)LZ4_compressBound((int)bytes) + bytes;
#endif
    (void)scratch;
    (void)bytes;
    return 0;
}

#if SCREE_HAVE_LZ4
/*
 * Records column by column: first bytes of all, second bytes of all ... Neighbours in a column are alike, neighbours in a
 * record are not. What is beyond whole records stays at the end.
 */
static void to_columns(const uint8_t *records, uint32_t count, uint32_t stride, uint8_t *columns)
{
    uint32_t rows = count / stride;
    for (uint32_t column = 0; column < stride; column++)
        for (uint32_t row = 0; row < rows; row++)
            columns[column * rows + row] = records[row * stride + column];
    memcpy(columns + rows * stride, records + rows * stride, count - rows * stride);
}

static void to_records(const uint8_t *columns, uint32_t count, uint32_t stride, uint8_t *records)
{
    uint32_t rows = count / stride;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t column = 0; column < stride; column++)
            records[row * stride + column] = columns[column * rows + row];
    memcpy(records + rows * stride, columns + rows * stride, count - rows * stride);
}
#endif

/* Bytes in `work`; 0 when compression does not pay. */
static uint32_t compress(const struct scree__spill_scratch *scratch, const void *bytes,
                         uint32_t count, void *work)
{
#if SCREE_HAVE_LZ4
    if (scratch->compression == SCREE__SPILL_LZ4 && work != NULL && count <= LZ4_MAX_INPUT_SIZE) {
        int bound = LZ4_compressBound((int)count);
        uint8_t *columns = (uint8_t *)work + bound;
        to_columns(bytes, count, scratch->stride, columns);
        int stored = LZ4_compress_default((const char *)columns, work, (int)count, bound);
        return stored > 0 && (uint32_t)stored < count ? (uint32_t)stored : 0;
    }
#endif
    (void)scratch;
    (void)bytes;
    (void)count;
    (void)work;
    return 0;
}

/* Where a block goes: the place of one that was dropped, or the end. */
static uint64_t place_of(struct scree__spill_scratch *scratch, uint32_t bytes)
{
    uint64_t offset = UINT64_MAX;
    scree__par_lock_take(&scratch->lock);
    for (uint32_t i = 0; i < SPARES_SEEN && i < scratch->spare_count; i++) {
        struct spare *spare = &scratch->spares[scratch->spare_count - 1 - i];
        if (spare->bytes < bytes)
            continue;
        offset = spare->offset;
        *spare = scratch->spares[--scratch->spare_count];
        break;
    }
    scree__par_lock_give(&scratch->lock);
    return offset != UINT64_MAX ? offset : atomic_fetch_add(&scratch->position, bytes);
}

enum scree_status scree__spill_scratch_write(struct scree__spill_scratch *scratch,
                                             const void *bytes, uint32_t count, void *work,
                                             struct scree__spill_block *block,
                                             struct scree_error *err)
{
    uint32_t compressed = compress(scratch, bytes, count, work);
    const uint8_t *from = compressed > 0 ? work : bytes;
    block->bytes = count;
    block->stored = compressed > 0 ? compressed : count;
    block->offset = place_of(scratch, block->stored);
    uint64_t at = block->offset, left = block->stored;
    while (left > 0) {
        ssize_t put = pwrite(scratch->descriptor, from, left, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) /* nothing written would go on for ever */
            return scree__base_fail_errno(err, SCREE_E_IO, put < 0 ? errno : ENOSPC,
                                          "cannot write scratch in %s", scratch->folder);
        from += put;
        at += (uint64_t)put;
        left -= (uint64_t)put;
    }
    return SCREE_OK;
}

static enum scree_status read_bytes(struct scree__spill_scratch *scratch, uint64_t offset,
                                    uint8_t *to, uint64_t count, struct scree_error *err)
{
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

enum scree_status scree__spill_scratch_read(struct scree__spill_scratch *scratch,
                                            const struct scree__spill_block *block, void *bytes,
                                            void *work, struct scree_error *err)
{
    if (block->stored == block->bytes)
        return read_bytes(scratch, block->offset, bytes, block->bytes, err);
    enum scree_status status = read_bytes(scratch, block->offset, work, block->stored, err);
#if SCREE_HAVE_LZ4
    if (status != SCREE_OK)
        return status;
    uint8_t *columns = (uint8_t *)work + LZ4_compressBound((int)block->bytes);
    if (LZ4_decompress_safe(work, (char *)columns, (int)block->stored, (int)block->bytes) !=
        (int)block->bytes)
        return scree__base_fail(err, SCREE_E_IO, "scratch in %s: a block at byte %llu has changed",
                                scratch->folder, (unsigned long long)block->offset);
    to_records(columns, block->bytes, scratch->stride, bytes);
#endif
    return status;
}

void scree__spill_scratch_drop(struct scree__spill_scratch *scratch,
                               const struct scree__spill_block *block)
{
    if (block->stored < HOLE_BYTES) {
        scree__par_lock_take(&scratch->lock);
        if (scratch->spare_count < SPARES)
            scratch->spares[scratch->spare_count++] = (struct spare){block->offset, block->stored};
        scree__par_lock_give(&scratch->lock);
        return;
    }
    (void)fallocate(scratch->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    (off_t)block->offset, (off_t)block->stored);
}

uint64_t scree__spill_scratch_bytes(const struct scree__spill_scratch *scratch)
{
    return scratch != NULL ? atomic_load(&scratch->position) : 0;
}
