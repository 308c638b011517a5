/*
 * journal.h - what a batch has done, in its output folder: a JSON object a line, of which the last about a file counts. Holding it open is the lock against a second
 * run. A line that a killed run has left unfinished is passed over.
 */
#ifndef SCREE_LIB_ENRICH_JOURNAL_H
#define SCREE_LIB_ENRICH_JOURNAL_H

#include "scree/features.h"

#define SCREE__ENRICH_JOURNAL ".scree-enrich.jsonl"

struct scree__enrich_journal;

struct scree__enrich_entry {
    const char *output; /* as the batch names it */
    bool done;          /* else it failed */
    uint64_t options;   /* digests: of the options, */
    uint64_t around;    /* of the folders whose files may be neighbours */
    uint64_t input_bytes, output_bytes;
    int64_t input_time_ns, output_time_ns;
};

/* What else is written of a run; nobody reads it back. */
struct scree__enrich_told {
    const char *input, *error; /* error NULL: none */
    uint64_t point_count, peak_bytes, input_digest;
    double seconds;
};

/* Makes the file where it is not there. SCREE_E_EXISTS: another run holds it. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_journal_open(const char *folder, struct scree__enrich_journal **journal,
                           struct scree_error *err);
/* The last about an output; NULL: nothing is known. */
const struct scree__enrich_entry *
scree__enrich_journal_find(const struct scree__enrich_journal *journal, const char *output);
SCREE_MUST_CHECK enum scree_status
scree__enrich_journal_add(struct scree__enrich_journal *journal,
                          const struct scree__enrich_entry *entry,
                          const struct scree__enrich_told *told, struct scree_error *err);
void scree__enrich_journal_close(struct scree__enrich_journal *journal); /* accepts NULL */

#endif
