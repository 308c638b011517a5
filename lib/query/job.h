/*
 * job.h - one query, as its parts share it.
 *
 *     query.c     the public face: options in, a plan, the ways to run
 *     filter.c    what is asked of a point, from the options' texts; keeping the records of a block that match
 *     sources.c   the inputs: opened, their nodes chosen
 *     join.c      what comes out: format, grid, extra bytes, CRS, header; each input's way there
 *     decode.c    a node into records that match
 *     run.c       all nodes, in parallel, delivered in order
 *     consumer.h  who takes the records: files, counts, statistics, callers
 */
#ifndef SCREE_LIB_QUERY_JOB_H
#define SCREE_LIB_QUERY_JOB_H

#include "scree/copc.h"
#include "scree/query.h"
#include "copc/forward.h"
#include "las/crs.h"
#include "las/map.h"
#include "las/schema.h"
#include "par/context.h"
#include "query/region.h"
#include "query/where.h"
#include "query/words.h"

/* What is asked of every point, but for what differs between files. */
struct scree__query_filter {
    struct scree__query_region region;
    bool has_window, has_classes, has_returns, has_where;
    struct scree__query_window window;
    bool classes[256];
    bool returns[16][16];
    struct scree__query_where where;
};

/* The same for the records of one file. */
struct scree__query_bound {
    struct scree__query_limits limits;
    bool tests;          /* anything but the region is asked */
    uint32_t fields;     /* SCREE_LAZ_FIELD_* of those tests */
    uint32_t all_fields; /* and of the region's */
    unsigned format;
    uint32_t gps_at;
    struct scree__query_column *where; /* filter.where.field_count of them */
};

struct scree__query_source {
    char *path;
    uint64_t file_bytes;
    struct scree_source *source; /* NULL: closed for now */
    struct scree_las_reader
        *reader;    /* only where points have to be found by decoding, or a cursor reads them */
    uint32_t users; /* items that need it open */
    bool remote, copc, met;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree__query_bound bound;
    /* The way to the records that come out. */
    bool mapped;
    struct scree__las_map map;
    struct scree__las_map_copy *copies;
    uint32_t copy_capacity;
};

/* What is decoded in one go: a chunk, or a run of records. */
struct scree__query_node {
    uint64_t offset, bytes;
    uint64_t begin, end; /* points of it that can match: all, or a span that an index leaves */
    uint64_t point_count;
    uint32_t source;
    uint8_t level;
    bool inside;     /* the region holds all of it */
    bool sequential; /* chunks that are found by decoding: the reader's one unit */
};

/* What one worker does at a time: nodes that follow each other in a file, read as one range. */
struct scree__query_item {
    uint64_t first_node;
    uint32_t node_count;
    bool alone; /* too large to be held: decoded in pieces, between the others */
    uint64_t offset, bytes, point_count;
    uint64_t first_point; /* points that can match in the items before */
};

struct scree_query {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__query_filter filter;
    char *crs_text, *dims_text;
    double resolution;
    int level;
    uint64_t limit;
    struct scree_source_options source_options;
    struct scree_sink_options sink_options;

    struct scree__query_source *sources;
    uint64_t source_count;
    uint64_t open_count, open_most;
    uint64_t opened,
        hierarchy_bytes; /* headers that were read; of their hierarchies, as far as they say */
    struct scree__query_node *nodes; /* in the order of the answer */
    uint64_t node_count, node_capacity;
    struct scree__query_item *items;
    uint64_t item_count, item_capacity;

    /* What comes out. */
    struct scree_las_header header;
    struct scree__las_schema schema;
    struct scree_las_crs crs;
    struct scree__las_crs_said crs_said; /* by the input that was joined last, */
    char crs_note[256];                  /* and what was noted of that */
    struct scree__copc_forward forward;
    struct scree__query_columns columns; /* of the records that come out */
    struct scree__query_columns dims;    /* those that are asked for; all without `dims` */
    bool identical;     /* all inputs that are met have records of one kind: nothing is mapped */
    uint64_t first_met; /* the first of them, whose VLRs are kept */
    uint32_t output_fields; /* SCREE_LAZ_FIELD_* of the dims */
    uint8_t *kept_bits;     /* record_bytes: what dims keeps; NULL: everything */
    uint8_t *extra_defaults;
    struct scree_query_plan plan;
};

/* filter.c */
SCREE_MUST_CHECK enum scree_status
scree__query_filter_make(struct scree_query *query, const struct scree_query_options *options,
                         struct scree_error *err);
void scree__query_filter_release(struct scree__query_filter *filter);
SCREE_MUST_CHECK enum scree_status scree__query_filter_bind(const struct scree_query *query,
                                                            const struct scree_las_reader *reader,
                                                            struct scree__query_source *source,
                                                            struct scree_error *err);
size_t scree__query_filter_work_bytes(const struct scree__query_filter *filter, size_t count);
/* keep[i]: does record i match? inside: the region is known to hold it. */
void scree__query_filter_apply(const struct scree__query_filter *filter,
                               const struct scree__query_bound *bound, bool inside,
                               const uint8_t *records, size_t count, uint32_t record_bytes,
                               uint8_t *keep, void *work);

/* sources.c */
SCREE_MUST_CHECK enum scree_status
scree__query_sources_open(struct scree_query *query, const struct scree_query_options *options,
                          struct scree_error *err);
void scree__query_sources_release(struct scree_query *query);
/* A use of a source begins and ends; from one thread at a time. */
SCREE_MUST_CHECK enum scree_status
scree__query_source_hold(struct scree_query *query, uint32_t index, struct scree_error *err);
void scree__query_source_let(struct scree_query *query, uint32_t index);
/* Opens header and VLRs of a source anew. The reader is the caller's. */
SCREE_MUST_CHECK enum scree_status scree__query_source_reader(struct scree_query *query,
                                                              uint32_t index,
                                                              struct scree_las_reader **reader,
                                                              struct scree_error *err);

/* items.c: the order of the nodes, and what is worked on together; fills the plan. */
SCREE_MUST_CHECK enum scree_status scree__query_items_make(struct scree_query *query,
                                                           struct scree_error *err);

/* Is the node looked at point by point? */
bool scree__query_node_tested(const struct scree_query *query,
                              const struct scree__query_node *node);
/* Do all points of all nodes match, so that an item's first_point is its place in the answer? */
bool scree__query_is_exact(const struct scree_query *query);
/* Then: has every point come? */
SCREE_MUST_CHECK enum scree_status
scree__query_check_exact(const struct scree_query *query, uint64_t count, struct scree_error *err);

/* join.c */
SCREE_MUST_CHECK enum scree_status scree__query_join_add(struct scree_query *query, uint64_t index,
                                                         const struct scree_las_reader *reader,
                                                         struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__query_join_finish(struct scree_query *query,
                                                            struct scree_error *err);
void scree__query_join_release(struct scree_query *query);

#endif
