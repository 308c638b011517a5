/*
 * validate.h - what the parts of the validator share. One struct scree__copc_check goes through
 * them in this order; each says what it finds with scree__copc_say() and leaves what it learnt:
 *
 *     validate_las.c        the header, and where points and records must lie
 *     validate_vlr.c        the lists of VLRs and EVLRs, CRS, extra bytes
 *     validate_laz.c        the LASzip VLR and the chunk table
 *     validate_copc.c       the info VLR and the demands on header and VLRs
 *     validate_hierarchy.c  pages, nodes, and their agreement with the chunk table
 *     validate_temporal.c   the temporal index, where there is one
 *     validate_points.c     the points, in parallel; validate_scan.c looks at them, and
 *                           validate_times.c at them beside the temporal index; validate_tally.c
 *                           says what they told
 *
 * The parts read the bytes themselves, so that a file that scree_las_open() refuses is still judged
 * as far as it goes.
 */
#ifndef SCREE_LIB_COPC_VALIDATE_H
#define SCREE_LIB_COPC_VALIDATE_H

#include "copc/hierarchy_read.h"
#include "mem/budget.h"
#include "scree/copc.h"
#include "scree/las.h"

/* Rows of the table in validate_rules.c; two rows can share a rule's name and differ in severity.
 */
enum scree__copc_rule {
    SCREE__LAS_SIGNATURE,
    SCREE__LAS_VERSION,
    SCREE__LAS_HEADER_SIZE,
    SCREE__LAS_HEADER_LONG,
    SCREE__LAS_FORMAT,
    SCREE__LAS_RECORD_LENGTH,
    SCREE__LAS_POINT_OFFSET,
    SCREE__LAS_POINT_COUNT,
    SCREE__LAS_LEGACY_COUNT,
    SCREE__LAS_LEGACY_SET,
    SCREE__LAS_LEGACY_RETURNS,
    SCREE__LAS_RETURN_SUM,
    SCREE__LAS_RETURN_SUM_LOW,
    SCREE__LAS_RETURN_COUNTS,
    SCREE__LAS_RETURN_NUMBER,
    SCREE__LAS_SCALE,
    SCREE__LAS_BOUNDS,
    SCREE__LAS_BOUNDS_POINTS,
    SCREE__LAS_BOUNDS_LOOSE,
    SCREE__LAS_GPS_NAN,
    SCREE__LAS_GPS_ENCODING,
    SCREE__LAS_VLR,
    SCREE__LAS_VLR_PADDING,
    SCREE__LAS_EVLR,
    SCREE__LAS_EVLR_END,
    SCREE__LAS_TRAILING,
    SCREE__LAS_WKT_BIT,
    SCREE__LAS_WKT,
    SCREE__LAS_EXTRA_BYTES,
    SCREE__LAS_EXTRA_BYTES_SHORT,
    SCREE__LAS_DUPLICATE_VLR,
    SCREE__LAS_OPEN,
    SCREE__LAZ_VLR,
    SCREE__LAZ_BIT,
    SCREE__LAZ_ITEMS,
    SCREE__LAZ_TABLE,
    SCREE__LAZ_TABLE_VERSION,
    SCREE__LAZ_CHUNKS,
    SCREE__LAZ_POINT_COUNT,
    SCREE__LAZ_DECODE,
    SCREE__S1,
    SCREE__S2,
    SCREE__S3,
    SCREE__S4,
    SCREE__S5,
    SCREE__S6,
    SCREE__S7,
    SCREE__S8,
    SCREE__S10,
    SCREE__S10_EMPTY,
    SCREE__S11,
    SCREE__S12,
    SCREE__COPC_KEYS,
    SCREE__COPC_PAGES,
    SCREE__COPC_PAGE_KEYS,
    SCREE__COPC_POINT_COUNT,
    SCREE__COPC_GPS_RANGE,
    SCREE__COPC_GPS_LOOSE,
    SCREE__COPC_GPS_ORDER,
    SCREE__COPC_BLACK,
    SCREE__COPC_INTENSITY,
    SCREE__R1,
    SCREE__R2,
    SCREE__R3,
    SCREE__R4,
    SCREE__R5,
    SCREE__R6,
    SCREE__R6_END,
    SCREE__R7,
    SCREE__R8,
    SCREE__R8_NEAR,
    SCREE__R9,
    SCREE__R10,
    SCREE__R10_ZERO,
    SCREE__R12,
    SCREE__R13,
    SCREE__R14,
    SCREE__R15,
    SCREE__R16,
    SCREE__T1,
    SCREE__T2,
    SCREE__T3,
    SCREE__T6,
    SCREE__T8,
    SCREE__T9,
    SCREE__T10,
    SCREE__T11,
    SCREE__T12,
    SCREE__T12_LOOSE,
    SCREE__T13,
    SCREE__T14,
    SCREE__T15,
    SCREE__T19,
    SCREE__RULE_COUNT
};

struct scree__copc_rule_row {
    const char *name;
    enum scree_severity severity;
    const char *minds;
};
extern const struct scree__copc_rule_row scree__copc_rules[SCREE__RULE_COUNT];

/* A repeated finding is said this often, then counted. */
#define SCREE__FINDINGS_A_RULE 10u

/* A VLR or EVLR as the file has it. */
struct scree__copc_record {
    char user_id[17]; /* bytes that cannot be printed are '?' */
    uint16_t record_id;
    bool extended;
    uint64_t offset; /* of its header */
    uint64_t payload_offset, payload_bytes;
};

/* What the temporal index says of a node, and its points' times. */
struct scree__copc_times {
    uint64_t samples_at; /* in the file */
    uint32_t sample_count;
    bool fits;       /* as many as stride and point count make */
    bool known;      /* min and max are those of all its points */
    double min, max; /* of times that are numbers; NaN: there are none */
};

/* A page of the temporal index, as its pointer has it. */
struct scree__copc_times_page {
    struct scree_copc_key key;
    uint64_t offset;
    uint32_t bytes;
    double time_min, time_max;
};

#define SCREE__COPC_WINDOW_BYTES 65536u

struct scree__copc_check {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree_source *source;
    struct scree_validate_options options;
    struct scree_validate_report *report;
    uint64_t said[SCREE__RULE_COUNT];

    uint64_t file_bytes;
    struct scree_las_header header; /* as the bytes say; text fields are not filled */
    bool format_bit;                /* bit 7 of the format byte: compressed */
    uint32_t extra_bytes;           /* record length beyond the format's own */
    bool claims_copc;               /* by a COPC record or by its name */

    struct scree__copc_record *records;
    uint64_t record_count, record_capacity;
    uint64_t vlr_end, evlr_end; /* where the lists end; evlr_end 0: there is none */

    struct scree_laz_layout layout;
    bool has_layout, has_chunks;
    struct scree_laz_chunk *chunks; /* of the chunk table; the first lies at point_offset + 8 */
    uint32_t chunk_count;

    struct scree_copc_info info;
    bool has_info, has_cube;
    struct scree__copc_hierarchy hierarchy;
    struct scree_copc_entry *nodes; /* entries with points, by offset */
    uint64_t node_count, node_capacity;

    struct scree__copc_times *times; /* by entry of the hierarchy; NULL: no temporal index */
    uint32_t times_stride;
    struct scree__copc_times_page *times_pages; /* the root page first */
    uint64_t times_page_count, times_page_capacity;

    struct scree_las_reader *reader; /* NULL: scree_las_open() refused the file */

    uint64_t window_offset;
    size_t window_bytes;
    uint8_t window[SCREE__COPC_WINDOW_BYTES];
};

/* ----------------------------------------------------------------------------- validate_rules.c */

/* One finding. Counted always, told to the caller while the rule has been said fewer than
 * SCREE__FINDINGS_A_RULE times. */
void scree__copc_say(struct scree__copc_check *check, enum scree__copc_rule rule,
                     const char *format, ...) SCREE_PRINTF(3, 4);
/* `more` findings of the rule that nobody has made a message of. */
void scree__copc_say_more(struct scree__copc_check *check, enum scree__copc_rule rule,
                          uint64_t more);
/* "... and 123 more" for each rule that has more. */
void scree__copc_say_rest(struct scree__copc_check *check);
/* A message of another part without the file's name before it. */
const char *scree__copc_without_name(const struct scree__copc_check *check, const char *message);
/* Is the failure one of the file, which makes it a finding? */
bool scree__copc_is_finding(enum scree_status status);

/* ------------------------------------------------------------------------------- validate_vlr.c */

/* Bytes of the file through a window of 64 KiB; valid until the next call. The range must lie
 * within the file and be no longer than the window. */
SCREE_MUST_CHECK enum scree_status scree__copc_peek(struct scree__copc_check *check,
                                                    uint64_t offset, size_t bytes,
                                                    const uint8_t **out, struct scree_error *err);
/* The first record of that kind from index *from on, and *from behind it; NULL at the end. */
const struct scree__copc_record *scree__copc_next_record(const struct scree__copc_check *check,
                                                         const char *user_id, uint16_t record_id,
                                                         uint64_t *from);
/* The two lists; sets claims_copc. */
SCREE_MUST_CHECK enum scree_status scree__copc_check_records(struct scree__copc_check *check,
                                                             struct scree_error *err);
/* CRS, extra bytes, duplicates. */
SCREE_MUST_CHECK enum scree_status scree__copc_check_vlrs(struct scree__copc_check *check,
                                                          struct scree_error *err);

/* ------------------------------------------------------------------------------ the other parts */

/* *readable false: there is no LAS header to go on with. */
SCREE_MUST_CHECK enum scree_status
scree__copc_check_header(struct scree__copc_check *check, bool *readable, struct scree_error *err);
/* What can be said of an uncompressed file's extent, once the EVLRs are known. */
void scree__copc_check_extent(struct scree__copc_check *check);
SCREE_MUST_CHECK enum scree_status scree__copc_check_laz(struct scree__copc_check *check,
                                                         struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__copc_check_copc(struct scree__copc_check *check,
                                                          struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__copc_check_hierarchy(struct scree__copc_check *check,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__copc_check_temporal(struct scree__copc_check *check,
                                                              struct scree_error *err);
/* T12, after the points. */
void scree__copc_check_page_times(struct scree__copc_check *check);
SCREE_MUST_CHECK enum scree_status scree__copc_check_points(struct scree__copc_check *check,
                                                            struct scree_error *err);

#endif
