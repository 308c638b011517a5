/*
 * names.h - what rows are called: their ids, and the sets of tags that they carry. Rows are numbered as in the inputs.
 */
#ifndef SCREE_LIB_VECTORS_NAMES_H
#define SCREE_LIB_VECTORS_NAMES_H

#include "vectors/input.h"
#include "mem/budget.h"
#include "spill/scratch.h"

struct scree__vectors_names {
    /* Ids: the row's number; or of an npy file, or in memory; or, from a text, u64 on scratch. */
    enum { SCREE__VECTORS_IDS_ROWS, SCREE__VECTORS_IDS_NPY, SCREE__VECTORS_IDS_SCRATCH } kind;
    struct scree__vectors_input npy;
    uint64_t ids_at;
    uint64_t first_id; /* of row numbers */
    uint64_t row_count;
    uint64_t least_id, most_id;
    /* Tags: u32 on scratch, the number of the set; none where section_bytes is 0. */
    uint64_t tags_at;
    uint32_t set_count;
    uint8_t *section; /* of the file */
    uint64_t section_bytes;
};

/* From where, each NULL or a location; id_values: instead of ids, id_count of them in memory. */
struct scree__vectors_names_from {
    const char *ids, *tags;
    const uint64_t *id_values;
    uint64_t id_count;
};

/* Reads them through. SCREE_E_DATA: what is not a number, another number of rows than row_count. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_names_open(struct scree__vectors_names *names,
                          const struct scree__vectors_names_from *from, uint64_t row_count,
                          const struct scree_source_options *source_options,
                          struct scree__spill_scratch *scratch, struct scree__mem_budget *budget,
                          struct scree_error *err);
void scree__vectors_names_release(struct scree__vectors_names *names,
                                  struct scree__mem_budget *budget);

/* Of rows [first, first + count), at most 256: ids and, where there are tags, sets (else zeros). From any thread. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_names_read(const struct scree__vectors_names *names,
                          struct scree__spill_scratch *scratch, uint64_t first, uint32_t count,
                          uint64_t *ids, uint32_t *sets, struct scree_error *err);

#endif
