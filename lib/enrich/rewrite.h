/*
 * rewrite.h - a file once more, with other extra bytes: each record as it was and the new fields' bytes, all else byte for byte. In order:
 *
 *     rewrite.c         what is asked for, whether it can be done; the whole
 *     rewrite_head.c    the new header and VLRs; rewrite_version.c: a header of LAS 1.4 from an older one, and back
 *     rewrite_points.c  the points: chunk by chunk in parallel; rewrite_slots.c: the memory of those in flight
 *     rewrite_layers.c  chunks of formats 6 to 10 whose old layers are copied
 *     rewrite_tail.c    what follows the points: EVLRs, and what nothing describes
 *     rewrite_copc.c    hierarchy and temporal index: the same nodes at other places
 *
 * Kept: point format, version (but with las14), every other byte of the header, records and bytes before and behind the points in their order, chunks (in LAZ) with their points. Changed:
 * the length of a record, sizes and offsets, the extra-bytes record, the LASzip record, our own parameter record.
 */
#ifndef SCREE_LIB_ENRICH_REWRITE_H
#define SCREE_LIB_ENRICH_REWRITE_H

#include "enrich/fields.h"
#include "enrich/invariants.h"
#include "enrich/own.h"
#include "par/context.h"

#include <stdatomic.h>

enum scree__enrich_kind { SCREE__ENRICH_SAME, SCREE__ENRICH_LAS, SCREE__ENRICH_LAZ };

struct scree__enrich_change {
    const struct scree__enrich_field
        *fields; /* in the order of the rows; count 0: takes ours away */
    uint32_t field_count;
    const struct scree__enrich_invariants *invariants; /* NULL, or: what is written is looked at */
    const char
        *parameters; /* the JSON of the parameter record; see parameters.h; NULL without fields */
    enum scree__enrich_kind kind;
    bool
        las14; /* a file of LAS 1.0 to 1.3 becomes one of 1.4; else one that became so gets its old header back */
    bool
        checked; /* all of the input's points have been decoded, every field: need not be done again */
    const uint8_t
        *channels; /* known then: of each unit, which scanner channels its points are of; bits */
    /*
     * Values of points [first, first + count) in the file's order: count rows of field_count. From any thread. points: their records as they are in the input.
     */
    void *user;
    enum scree_status (*values)(void *user, uint64_t first, uint32_t count, float *values,
                                struct scree_error *err);
    /* NULL, or: may change the records on their way (record_bytes apart, new fields in place). From any thread. */
    void (*touch)(void *user, uint64_t first, uint32_t count, uint8_t *records,
                  uint32_t record_bytes, const float *values);
};

struct scree__enrich_rewritten {
    uint64_t point_count, output_bytes;
    uint32_t record_bytes; /* of the output */
    uint32_t field_at;     /* where in it the first new field is */
};

/*
 * Writes the whole file to the sink and does not commit it. Errors: SCREE_E_MISMATCH: a field's name is another program's already; SCREE_E_UNSUPPORTED: more than 341
 * fields or 65 535 bytes a record, descriptors that do not fit their records; SCREE_E_DATA; SCREE_E_BUDGET: the largest chunk, of which one has to be in memory.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_rewrite(struct scree_context *context, const struct scree_las_reader *reader,
                      const struct scree__enrich_change *change, struct scree_sink *sink,
                      struct scree__enrich_rewritten *rewritten, struct scree_error *err);

/* ------------------------------------------------------------------ shared by the files above only */

/* Bytes of the input behind the points that are replaced, and where they come to lie. */
struct scree__enrich_patch {
    uint64_t offset, old_bytes, new_bytes;
    const uint8_t *bytes; /* new_bytes; borrowed or `owned` */
    void *owned;
};

#define SCREE__ENRICH_PATCHES_MAX 8u

/* Points a chunk where the input's chunks cannot stay. */
#define SCREE__ENRICH_CHUNK_POINTS 50000u
/* A chunk of more points is cut, unless it is a node of an octree. */
#define SCREE__ENRICH_CHUNK_POINTS_MOST 1000000u

struct scree__enrich_writing {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    const struct scree_las_reader *reader;
    const struct scree_las_header *header;
    struct scree_source *source;
    const struct scree__enrich_change *change;
    struct scree_sink *sink;

    struct scree__enrich_descriptors descriptors;
    struct scree__enrich_own own;
    bool is_copc; /* and stays it */
    struct scree__enrich_old_header
        old_header;         /* of the file before any enrichment; is: the output's is of LAS 1.4 */
    unsigned first_minor;   /* the version of that file */
    unsigned version_minor; /* of the output */
    bool has_waveforms;     /* that the input, of LAS 1.3, does not count among EVLRs */
    atomic_uint_least64_t return_counts[16]; /* with an old header: counted on the way */

    /* Of a record: [0, keep_at) as it was, the new fields, and what follows the dropped bytes. */
    uint32_t in_bytes, out_bytes, keep_at, drop_bytes, field_bytes;

    /* Descriptors: the new ones go into one record, at the place of the old ones or at its end. */
    uint64_t extra_vlr; /* UINT64_MAX: a new record */
    uint32_t extra_first, extra_drop;
    uint8_t *new_descriptors;
    uint32_t new_descriptor_count;
    char *parameters; /* payload of the parameter record, and a NUL behind it */
    uint32_t parameters_bytes;

    bool compressed; /* the output */
    bool splices;    /* its chunks have the input's layers */
    struct scree_laz_layout layout;

    uint8_t *head; /* all up to the points */
    uint64_t head_bytes, head_capacity;
    uint64_t old_point_offset;

    uint64_t points_written;
    struct scree_laz_chunk *chunks; /* as written, for the table */
    uint64_t *chunk_offsets;
    uint64_t chunk_count, chunk_capacity, offset_capacity;

    uint64_t tail_begin, new_tail_begin; /* of what follows the points and their table */
    struct scree__enrich_patch patches[SCREE__ENRICH_PATCHES_MAX]; /* by offset */
    uint32_t patch_count;
};

SCREE_MUST_CHECK enum scree_status scree__enrich_head_make(struct scree__enrich_writing *writing,
                                                           struct scree_error *err);
/* Bytes behind the head's end; bytes NULL: zeros. */
SCREE_MUST_CHECK enum scree_status scree__enrich_head_put(struct scree__enrich_writing *writing,
                                                          const void *bytes, uint64_t count,
                                                          struct scree_error *err);

/* Which version the output has, and what is remembered of the old header. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_version_choose(struct scree__enrich_writing *writing, struct scree_error *err);
/* The head, which is the input's header and no more, becomes that version's; counts and places of EVLRs are not known yet. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_version_change(struct scree__enrich_writing *writing, struct scree_error *err);
/* Counts by return of `count` records. From any thread. */
void scree__enrich_version_count(struct scree__enrich_writing *writing, const uint8_t *records,
                                 uint32_t record_bytes, uint32_t count);
/* Then the counts are known. */
void scree__enrich_version_finish(struct scree__enrich_writing *writing);
/* In JSON, for the parameter record, with a comma before; "" without an old header. */
void scree__enrich_version_tell(const struct scree__enrich_writing *writing, char *text,
                                size_t text_bytes);
/* The payload of an extra-bytes record with the old descriptors out and the new ones in; free with scree__mem_free(budget, *payload, *bytes). */
SCREE_MUST_CHECK enum scree_status
scree__enrich_extra_payload(struct scree__enrich_writing *writing, const struct scree_las_vlr *vlr,
                            uint8_t **payload, uint64_t *bytes, struct scree_error *err);
/* Does each of the input's chunks become one of the output? */
bool scree__enrich_chunks_stay(const struct scree__enrich_writing *writing);
/* Can the layers of what is kept stay as they are? They are of the same items then, and nothing looks at the records. */
bool scree__enrich_layers_stay(const struct scree__enrich_writing *writing);

/* A chunk as it is written: head, then pieces. */
struct scree__enrich_splice {
    uint8_t *head; /* room for scree_laz_layered_fixed_bytes() of the output's layout */
    size_t head_bytes;
    const uint8_t *pieces[3]; /* borrowed */
    uint64_t bytes[3], total;
    unsigned count;
};

/* Of chunks of the new fields alone, which have records of format 6. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_fields_layout(const struct scree__enrich_writing *writing,
                            struct scree_laz_layout *layout, struct scree_error *err);
/* What is before the fields' bytes in such a record. point: the input's; NULL: its chunk is of one channel, whichever it is. */
void scree__enrich_fields_record(uint8_t *record, const uint8_t *point);
/* old: the input's chunk, unit->bytes of it; fields: the chunk of the new fields, or NULL. */
SCREE_MUST_CHECK enum scree_status scree__enrich_splice(const struct scree__enrich_writing *writing,
                                                        const struct scree_las_unit *unit,
                                                        const uint8_t *old, const uint8_t *fields,
                                                        struct scree__enrich_splice *splice,
                                                        struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__enrich_points_write(struct scree__enrich_writing *writing,
                                                              struct scree_error *err);
/* The tail, and what the header and the info record say of it. */
SCREE_MUST_CHECK enum scree_status scree__enrich_tail_find(struct scree__enrich_writing *writing,
                                                           struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__enrich_tail_write(struct scree__enrich_writing *writing,
                                                            struct scree_error *err);
/* Where a byte of the old tail comes to lie. */
uint64_t scree__enrich_tail_place(const struct scree__enrich_writing *writing, uint64_t offset);
SCREE_MUST_CHECK enum scree_status scree__enrich_patch_add(struct scree__enrich_writing *writing,
                                                           uint64_t offset, uint64_t old_bytes,
                                                           const void *bytes, uint64_t new_bytes,
                                                           void *owned, struct scree_error *err);
/* Patches for the hierarchy and the temporal index, with the chunks' new places. */
SCREE_MUST_CHECK enum scree_status scree__enrich_copc_move(struct scree__enrich_writing *writing,
                                                           struct scree_error *err);

#endif
