/*
 * own.h - which parts of a file are ours: the parameter record ("scree"/1, JSON), and with it the dimensions of an earlier enrichment.
 */
#ifndef SCREE_LIB_ENRICH_OWN_H
#define SCREE_LIB_ENRICH_OWN_H

#include "scree/las.h"
#include "mem/budget.h"

#define SCREE__ENRICH_USER "scree"
#define SCREE__ENRICH_RECORD 1u

/* One descriptor of extra bytes, and where it stands. */
struct scree__enrich_descriptor {
    uint64_t vlr;           /* index among the reader's records */
    uint32_t index;         /* within that record */
    uint32_t offset, bytes; /* of its field, from the begin of the extra bytes */
    char name[33];
    uint8_t data_type;
};

struct scree__enrich_descriptors {
    struct scree__enrich_descriptor *all; /* in the order of the record */
    uint64_t count, capacity;
    uint32_t undocumented;   /* bytes at the record's end that none describes */
    bool overrun;            /* there are descriptors for which the record has no bytes */
    uint64_t last_vlr;       /* the last record with descriptors; UINT64_MAX: there is none */
    uint32_t last_vlr_count; /* descriptors in that one, those without bytes too */
};

SCREE_MUST_CHECK enum scree_status
scree__enrich_descriptors_read(const struct scree_las_reader *reader,
                               struct scree__enrich_descriptors *descriptors,
                               struct scree_error *err);
void scree__enrich_descriptors_release(struct scree__enrich_descriptors *descriptors);

/* The header before it became one of LAS 1.4. */
struct scree__enrich_old_header {
    bool is; /* it did, and can be had back */
    uint8_t version_minor;
    uint16_t bytes;
    uint8_t reserved[2]; /* at byte 6: global encoding, from LAS 1.2 on */
    uint32_t return_counts[5];
};

/* What an earlier run has left in a file. */
struct scree__enrich_own {
    bool has_record;
    uint64_t vlr;       /* the parameter record; indices are the reader's */
    bool has_fields;    /* its dimensions are there */
    uint64_t extra_vlr; /* the record that describes them */
    uint32_t first,
        count; /* the descriptors there, those of undocumented bytes that came with them included */
    uint32_t at, bytes; /* their values in a record's extra bytes */
    bool added_record;  /* the extra-bytes record came with them */
    struct scree__enrich_old_header old_header;
    const char *text; /* the JSON; borrowed of the reader, not terminated */
    uint64_t text_bytes;
};

/*
 * A file without our record has nothing of ours. SCREE_E_DATA: the record names dimensions, and only some of them are there, or not side by side: another program has been at them.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_own_find(const struct scree_las_reader *reader,
                       const struct scree__enrich_descriptors *descriptors,
                       struct scree__enrich_own *own, struct scree_error *err);

#endif
