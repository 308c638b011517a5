/*
 * amend.h - one amendment, as its parts share it. In order:
 *
 *     amend.c          what is wanted, whether it can be done, and which way
 *     amend_open.c     the file: opened, and where its parts lie
 *     amend_scan.c     all points: samples, order of time, counts and bounds
 *     amend_header.c   the fixed first bytes of the new file
 *     amend_layout.c   where VLRs and EVLRs of a new file lie
 *     amend_copy.c     a new file, by ranges of the old one
 */
#ifndef SCREE_LIB_COPC_AMEND_H
#define SCREE_LIB_COPC_AMEND_H

#include "copc/format.h"
#include "copc/hierarchy_read.h"
#include "copc/temporal_index.h"
#include "par/context.h"
#include "scree/copc.h"

/* The LAS header, and the info VLR behind it: all that has a fixed place. */
#define SCREE__AMEND_HEAD_BYTES (SCREE__COPC_INFO_PAYLOAD_OFFSET + SCREE__COPC_INFO_BYTES)

enum scree__amend_kind {
    SCREE__AMEND_KEEP,
    SCREE__AMEND_HIERARCHY, /* offsets in it move with the points */
    SCREE__AMEND_WKT,       /* its payload is the new CRS */
    SCREE__AMEND_DROP
};

/* A VLR or EVLR of the old file, and where it comes to lie. */
struct scree__amend_record {
    enum scree__amend_kind kind;
    bool extended, is_temporal;
    uint64_t offset, payload_bytes;         /* offset: of its header */
    uint64_t new_offset, new_payload_bytes; /* not for those that are dropped */
};

struct scree__amend {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree_amend_options options; /* as given; path and output are the caller's */
    struct scree_amend_result *result;
    char path[4096], output[4096]; /* links followed */
    struct scree_source *source;
    struct scree_las_reader *reader;
    const struct scree_las_header *header;
    struct scree_copc *copc;
    const struct scree__copc_hierarchy *hierarchy;
    uint64_t point_count;            /* of all nodes */
    struct scree_copc_entry *chunks; /* entries with points, by offset */
    uint64_t chunk_count;
    uint64_t points_end; /* where the EVLRs begin, or the file ends */
    uint64_t evlr_end;   /* where they end */

    uint8_t old_head[SCREE__AMEND_HEAD_BYTES], head[SCREE__AMEND_HEAD_BYTES];

    struct scree_las_crs crs; /* wkt NULL: stays as it is */

    /* From the scan. */
    uint32_t stride; /* of the index that is made; 0: none */
    struct scree__spill_scratch *scratch;
    struct scree__temporal_index index;
    uint64_t index_bytes; /* payload of its EVLR */
    struct scree_las_summary summary;
    bool has_gps_time;
    double gps_time_min, gps_time_max;

    /* From the layout; what amend_copy.c goes by. */
    struct scree__amend_record *records;
    uint64_t record_count;
    bool insert_wkt;
    uint64_t wkt_bytes; /* payload: at least the text and its NUL */
    uint64_t new_vlr_count, new_evlr_count, new_vlr_end, new_point_offset, new_evlr_offset;
    uint64_t new_index_offset; /* of its EVLR's header */
    uint64_t old_vlr_end;
};

/* "point count: 5 -> 6", to whoever listens. */
void scree__amend_tell(struct scree__amend *amend, const char *format, ...) SCREE_PRINTF(2, 3);

/* amend_open.c: fills everything up to old_head. With repair_header a wrong point count is no
 * hindrance. */
SCREE_MUST_CHECK enum scree_status scree__amend_open(struct scree__amend *amend,
                                                     struct scree_error *err);
/*
 * What lies behind the last EVLR: nothing, or what a killed run has left there? Anything else is not
 * ours to overwrite: SCREE_E_UNSUPPORTED.
 */
SCREE_MUST_CHECK enum scree_status scree__amend_check_tail(struct scree__amend *amend,
                                                           struct scree_error *err);

/* amend_scan.c: decodes every node once. Fills the index (where there is a stride), the summary and
 * the range of GPS times. */
SCREE_MUST_CHECK enum scree_status scree__amend_scan(struct scree__amend *amend,
                                                     struct scree_error *err);

/* What it takes at least, with what is taken already; samples that wait in memory come on top. */
uint64_t scree__amend_scan_bytes(const struct scree__amend *amend);

/* amend_header.c: what the scan says of counts, bounds and times, into head; tells each change. */
void scree__amend_repair(struct scree__amend *amend);

/* amend_layout.c: sets all of the layout. The index counts where stride is above 0. */
SCREE_MUST_CHECK enum scree_status scree__amend_layout(struct scree__amend *amend,
                                                       struct scree_error *err);
/* Would a temporal index that is kept lie elsewhere? It holds absolute offsets. */
bool scree__amend_moves_index(const struct scree__amend *amend);
/* Offsets and counts of the layout, into head. */
void scree__amend_place(struct scree__amend *amend);

/* amend_copy.c: the new file, published as amend->output. */
SCREE_MUST_CHECK enum scree_status scree__amend_copy(struct scree__amend *amend, bool replace,
                                                     struct scree_error *err);

#endif
