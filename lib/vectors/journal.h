/*
 * journal.h - a file that is only appended to while a job runs, so that the next run of the same job can go on: records, each with a CRC. What comes
 * behind the last whole record, or the first that is damaged, does not count. No lock of its own: whoever holds the job's output holds it.
 */
#ifndef SCREE_LIB_VECTORS_JOURNAL_H
#define SCREE_LIB_VECTORS_JOURNAL_H

#include "scree/base.h"

struct scree__vectors_journal;

/* Of a record that is there. */
struct scree__vectors_record {
    uint32_t type, number; /* the caller's */
    uint64_t offset;       /* of its payload */
    uint64_t byte_count;
};

/* Opens the file, or makes it. The caller closes it. SCREE_E_IO. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_open(const char *path, struct scree__vectors_journal **journal,
                            struct scree_error *err);
/* Leaves the file, or removes it. Accepts NULL. */
void scree__vectors_journal_close(struct scree__vectors_journal *journal, bool remove);

/* The next record from the begin on, its CRC checked; false: there is none, and appending goes on here. */
bool scree__vectors_journal_next(struct scree__vectors_journal *journal,
                                 struct scree__vectors_record *record);
/* Bytes of a record's payload. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_read(struct scree__vectors_journal *journal, uint64_t offset, void *bytes,
                            size_t count, struct scree_error *err);
/* Forgets all records. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_clear(struct scree__vectors_journal *journal, struct scree_error *err);

/* A record of byte_count bytes, which come in pieces: begin, add ..., end. Nothing counts before the end. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_begin(struct scree__vectors_journal *journal, uint32_t type, uint32_t number,
                             uint64_t byte_count, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_add(struct scree__vectors_journal *journal, const void *bytes, size_t count,
                           struct scree_error *err);
/* flush: to the disk, so that it outlives the machine, too. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_journal_end(struct scree__vectors_journal *journal, bool flush,
                           struct scree_error *err);

#endif
