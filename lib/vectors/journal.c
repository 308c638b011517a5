/* journal.c - records appended to a file: u32 type, u32 number, u64 bytes, payload, u32 CRC-32C of all of these. */
#include "vectors/journal.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mem/budget.h"
#include "simd/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_HEAD 16u
#define PIECE_BYTES 65536u

struct scree__vectors_journal {
    int descriptor;
    char *path;
    uint64_t end;  /* of the last whole record */
    uint64_t at;   /* while one is written */
    uint64_t left; /* of its payload */
    uint32_t crc;
    uint8_t piece[PIECE_BYTES];
};

static enum scree_status fail(const struct scree__vectors_journal *journal, const char *what,
                              struct scree_error *err)
{
    return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: %s", journal->path, what);
}

enum scree_status scree__vectors_journal_open(const char *path, struct scree__vectors_journal **out,
                                              struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__vectors_journal), &memory, "journal", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_journal *journal = memory;
    memset(journal, 0, sizeof *journal);
    journal->descriptor = -1;
    journal->path = scree__mem_string_copy(path);
    if (journal->path == NULL) {
        scree__vectors_journal_close(journal, false);
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", path);
    }
    journal->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (journal->descriptor < 0) {
        status = fail(journal, "cannot create", err);
        scree__vectors_journal_close(journal, false);
        return status;
    }
    *out = journal;
    return SCREE_OK;
}

void scree__vectors_journal_close(struct scree__vectors_journal *journal, bool remove)
{
    if (journal == NULL)
        return;
    if (remove)
        (void)unlink(journal->path);
    if (journal->descriptor >= 0)
        close(journal->descriptor);
    scree__mem_string_free(journal->path);
    scree__mem_free(NULL, journal, sizeof *journal);
}

/* ---------------------------------------------------------------------------------------- reading */

enum scree_status scree__vectors_journal_read(struct scree__vectors_journal *journal,
                                              uint64_t offset, void *bytes, size_t count,
                                              struct scree_error *err)
{
    uint8_t *to = bytes;
    while (count > 0) {
        ssize_t got = pread(journal->descriptor, to, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO;
        if (got <= 0)
            return fail(journal, "cannot read", err);
        to += got;
        offset += (uint64_t)got;
        count -= (size_t)got;
    }
    return SCREE_OK;
}

bool scree__vectors_journal_next(struct scree__vectors_journal *journal,
                                 struct scree__vectors_record *record)
{
    struct stat info;
    uint8_t head[RECORD_HEAD], stored[4];
    if (fstat(journal->descriptor, &info) != 0)
        return false;
    uint64_t size = (uint64_t)info.st_size;
    if (size < journal->end + RECORD_HEAD + 4 ||
        scree__vectors_journal_read(journal, journal->end, head, sizeof head, NULL) != SCREE_OK)
        return false;
    record->type = scree__base_load32(head);
    record->number = scree__base_load32(head + 4);
    record->byte_count = scree__base_load64(head + 8);
    record->offset = journal->end + RECORD_HEAD;
    if (record->byte_count > size - journal->end - RECORD_HEAD - 4)
        return false;
    uint32_t crc = scree__simd_crc32c(0, head, sizeof head);
    for (uint64_t at = 0; at < record->byte_count;) {
        uint64_t left = record->byte_count - at;
        size_t count = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        if (scree__vectors_journal_read(journal, record->offset + at, journal->piece, count,
                                        NULL) != SCREE_OK)
            return false;
        crc = scree__simd_crc32c(crc, journal->piece, count);
        at += count;
    }
    if (scree__vectors_journal_read(journal, record->offset + record->byte_count, stored, 4,
                                    NULL) != SCREE_OK ||
        scree__base_load32(stored) != crc)
        return false;
    journal->end = record->offset + record->byte_count + 4;
    return true;
}

/* ---------------------------------------------------------------------------------------- writing */

/* What is behind the last whole record goes: it could hold an old record just where the next one ends. */
static enum scree_status cut(const struct scree__vectors_journal *journal, struct scree_error *err)
{
    int code;
    do
        code = ftruncate(journal->descriptor, (off_t)journal->end);
    while (code != 0 && errno == EINTR);
    return code == 0 ? SCREE_OK : fail(journal, "cannot shorten", err);
}

enum scree_status scree__vectors_journal_clear(struct scree__vectors_journal *journal,
                                               struct scree_error *err)
{
    journal->end = 0;
    return cut(journal, err);
}

static enum scree_status put(struct scree__vectors_journal *journal, const void *bytes,
                             size_t count, struct scree_error *err)
{
    const uint8_t *from = bytes;
    journal->crc = scree__simd_crc32c(journal->crc, bytes, count);
    while (count > 0) {
        ssize_t put = pwrite(journal->descriptor, from, count, (off_t)journal->at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = ENOSPC;
        if (put <= 0)
            return fail(journal, "cannot write", err);
        from += put;
        journal->at += (uint64_t)put;
        count -= (size_t)put;
    }
    return SCREE_OK;
}

enum scree_status scree__vectors_journal_begin(struct scree__vectors_journal *journal,
                                               uint32_t type, uint32_t number, uint64_t byte_count,
                                               struct scree_error *err)
{
    uint8_t head[RECORD_HEAD];
    scree__base_store32(head, type);
    scree__base_store32(head + 4, number);
    scree__base_store64(head + 8, byte_count);
    journal->at = journal->end;
    journal->left = byte_count;
    journal->crc = 0;
    enum scree_status status = cut(journal, err);
    return status == SCREE_OK ? put(journal, head, sizeof head, err) : status;
}

enum scree_status scree__vectors_journal_add(struct scree__vectors_journal *journal,
                                             const void *bytes, size_t count,
                                             struct scree_error *err)
{
    if (count > journal->left)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: a record longer than it was to be",
                                journal->path);
    journal->left -= count;
    return count > 0 ? put(journal, bytes, count, err) : SCREE_OK;
}

enum scree_status scree__vectors_journal_end(struct scree__vectors_journal *journal, bool flush,
                                             struct scree_error *err)
{
    uint8_t crc[4];
    if (journal->left > 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: a record shorter than it was to be",
                                journal->path);
    scree__base_store32(crc, journal->crc);
    enum scree_status status = put(journal, crc, sizeof crc, err);
    int code = 0;
    if (status != SCREE_OK)
        return status;
    while (flush && (code = fdatasync(journal->descriptor)) != 0 && errno == EINTR)
        continue;
    if (code != 0)
        return fail(journal, "cannot flush to disk", err);
    journal->end = journal->at;
    return SCREE_OK;
}
