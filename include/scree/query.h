/*
 * scree/query.h - the points of LAS, LAZ and COPC files that lie in a place, at a level of detail, in a time, or have
 * certain attributes; as records, as numbers about them, or as a file.
 *
 *     scree_query_options_init(), fill in
 *     scree_query_open(context, options, &query)     reads headers and the hierarchy pages that matter
 *     scree_query_plan(query)                        what it will take
 *     one of
 *         scree_query_each(query, batch, ...)        the records, in order
 *         scree_query_run(query, output, ...)        a file
 *         scree_query_count(query, ...)              how many
 *         scree_query_stats(query, ...)              smallest, largest, mean, histogram of each dimension
 *     scree_query_close(query)
 *
 * What matches, to the last bit, is written down in docs/query.md. Every result is the same for every number of
 * threads and every budget. A query belongs to one thread at a time; it works on the context's threads. Since 0.1.
 */
#ifndef SCREE_QUERY_H
#define SCREE_QUERY_H

#include "base.h"
#include "las.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts are NUL-terminated and copied; NULL: not asked for. All that is asked for must hold of a point. */
struct scree_query_options {
    size_t size;
    const char *const *
        inputs; /* LAS, LAZ and COPC: files, http(s)://, s3://; their order is the order of the points */
    uint64_t input_count;

    unsigned bounds_axes;                /* 0: no bounds; 2: x and y; 3: x, y and z */
    double bounds_min[3], bounds_max[3]; /* min <= coordinate < max, in units of the CRS */
    const char *polygon;                 /* WKT or GeoJSON: polygons, with holes, several */
    bool has_circle;
    double circle[3]; /* centre x, centre y, radius; the rim belongs to it */
    const char *
        crs; /* of bounds, polygon and circle, where it is not the files': as for scree_las_crs_from_text() */

    double resolution; /* above 0: levels 0 to the first whose spacing is this or less */
    int level;         /* 0 or more: levels 0 to this one; -1: all */
    uint64_t limit;    /* above 0: the first so many points, coarse levels first */

    const char *time; /* "t0,t1": t0 <= GPS time < t1; numbers as in the file, or ISO 8601 in UTC */
    const char *classes; /* "2,6,10-17" */
    const char
        *returns;      /* "first", "last", "intermediate", "single", numbers; several with commas */
    const char *where; /* "intensity > 100 && !(class in (7, 18))" */
    const char *dims;  /* "x,y,z,class": what is to come out; NULL: everything */
    /* For inputs and outputs that are not local; NULL: defaults. What their pointers lead to stays
     * until the query is closed. Context and replace are the query's. */
    const struct scree_source_options *source_options;
    const struct scree_sink_options *sink_options;
};

struct scree_query_plan {
    uint64_t input_count, inputs_met; /* given; that can hold a point of the answer */
    uint64_t input_points;            /* in all inputs, by their headers */
    uint64_t points_at_most;          /* of the answer */
    uint64_t node_count;              /* chunks, or runs of records, that will be looked at */
    uint64_t fetch_bytes;             /* of them */
    uint64_t page_count, page_bytes;  /* of hierarchies, read already */
    unsigned level_count;             /* levels of the octree that take part; 1 without an octree */
    uint64_t level_nodes[33], level_points[33];
    unsigned point_format; /* of records that come out */
    uint32_t record_bytes;
    double scale[3], offset[3];
    const char *crs_name; /* valid until the query is closed; "" when unknown */
};

struct scree_query_result {
    uint64_t points_matched;
    uint64_t points_tested;            /* decoded and looked at one by one */
    uint64_t nodes_read, nodes_inside; /* decoded; of them, those that matched as a whole */
    uint64_t bytes_read, requests;     /* of chunks; hierarchy pages are in the plan */
    uint64_t output_bytes;             /* of a file */
};

struct scree_query;

/* All defaults, and `size`: every point of no input. */
SCREE_API void scree_query_options_init(struct scree_query_options *options);
/*
 * Errors: SCREE_E_ARGUMENT (a text that cannot be understood: says at which column), SCREE_E_MISMATCH (inputs that
 * do not go together; a field that a file has not), SCREE_E_UNSUPPORTED, those of scree_las_open() and
 * scree_copc_open(). Warnings go to the context's log.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_query_open(struct scree_context *context, const struct scree_query_options *options,
                 struct scree_query **query, struct scree_error *err);
/* Valid until the query is closed. */
SCREE_API const struct scree_query_plan *scree_query_plan(const struct scree_query *query);
/* Header of the records that come out: format, record length, grid, encoding. Counts and bounds are not set. Valid
 * until the query is closed. */
SCREE_API const struct scree_las_header *scree_query_header(const struct scree_query *query);
/* Descriptors of the extra bytes of those records, as for scree_las_extra_byte(): the input's own, or the joint ones of several. A field of an input that
 * another has not is there once, with `offset` where it lies. `raw` is of the input that brought it. Valid until the query is closed. */
SCREE_API uint32_t scree_query_extra_byte_count(const struct scree_query *query);
/* index < scree_query_extra_byte_count(). */
SCREE_API const struct scree_las_extra_byte *scree_query_extra_byte(const struct scree_query *query,
                                                                    uint32_t index);
SCREE_API void scree_query_close(struct scree_query *query); /* accepts NULL */

/* Some of the records of an answer: count * record_bytes bytes, valid during the call. One call at a time, in order;
 * any thread. A status other than SCREE_OK ends the query with it. */
typedef enum scree_status (*scree_query_batch)(void *user, const uint8_t *records, uint64_t count,
                                               struct scree_error *err);

/* Hands out all records in order. Fields that `dims` leaves out are zero. result may be NULL, here and below. A
 * query can be run more than once. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_query_each(struct scree_query *query,
                                                              scree_query_batch batch, void *user,
                                                              struct scree_query_result *result,
                                                              struct scree_error *err);

/* Counts; what lies wholly inside is not even read. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_query_count(struct scree_query *query,
                                                               struct scree_query_result *result,
                                                               struct scree_error *err);

/* --------------------------------------------------------------------------------------- files */

enum scree_query_format {
    SCREE_QUERY_BY_NAME = 0, /* .las .laz .copc.laz .csv .ply .npy, case ignored */
    SCREE_QUERY_LAS = 1,
    SCREE_QUERY_LAZ = 2,
    SCREE_QUERY_COPC = 3,
    SCREE_QUERY_CSV = 4,
    SCREE_QUERY_PLY = 5,
    SCREE_QUERY_NPY = 6
};

struct scree_query_output {
    size_t size;
    const char *path; /* a file or s3://bucket/key; NULL: `descriptor` */
    int descriptor; /* open for writing; borrowed. Formats whose beginning is known only at the end pass through
                         scratch */
    enum scree_query_format format; /* needed with `descriptor` */
    bool replace;                   /* an existing file */
    const char *scratch_folder;     /* NULL: beside the output, or /tmp for a descriptor */
    int64_t creation_seconds;       /* Unix time for a LAS header's date; -1: the inputs' */
};

/* All defaults, and `size`: no path and no descriptor. */
SCREE_API void scree_query_output_init(struct scree_query_output *output);
/* What a name says: a format; SCREE_QUERY_BY_NAME when it says nothing. */
SCREE_API enum scree_query_format scree_query_format_of_name(const char *path);
/*
 * Writes the answer to a file, which appears when it is complete. An output that is one of the inputs is
 * SCREE_E_ARGUMENT. An answer without points is a file without points; as COPC, which cannot be empty, SCREE_E_DATA.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_query_run(struct scree_query *query, const struct scree_query_output *output,
                struct scree_query_result *result, struct scree_error *err);

/* ------------------------------------------------------------------------------------- numbers */

#define SCREE_QUERY_BINS 32

struct scree_query_dimension {
    char name[64];
    uint64_t count;            /* of points whose value is a number */
    double min, max, mean;     /* 0 without such points */
    unsigned bin_count;        /* 0: no histogram */
    double bin_begin, bin_end; /* bins are equally wide; the last one includes bin_end */
    uint64_t bins[SCREE_QUERY_BINS];
};

struct scree_query_statistics {
    uint64_t dimension_count;
    struct scree_query_dimension *dimensions; /* the library's; scree_query_statistics_release() */
};

/* Of the dimensions in `dims` (or all), decoding no others. The mean is summed in the order of the points. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_query_stats(struct scree_query *query, struct scree_query_statistics *statistics,
                  struct scree_query_result *result, struct scree_error *err);
/* Frees the dimensions, and makes the struct all zero. */
SCREE_API void scree_query_statistics_release(struct scree_query_statistics *statistics);

#ifdef __cplusplus
}
#endif

#endif
