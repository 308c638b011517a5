/*
 * scree/copc.h - cloud-optimized point clouds: build one from many files, look inside one, judge
 * one.
 *
 * Converting:
 *     scree_convert_options_init(), fill in
 *     scree_convert_open(context, options, &job)      reads all headers; nothing is written
 *     scree_convert_plan(job)                         what it will take
 *     scree_convert_run(job, &result)                 reads, builds, writes, publishes
 *     scree_convert_close(job)
 *
 * Threads: a job belongs to one thread at a time, and works on its context's; one runs on a context at
 * a time. An open COPC file does not change: any thread may ask it. Since 0.1.
 */
#ifndef SCREE_COPC_H
#define SCREE_COPC_H

#include "base.h"
#include "io.h"
#include "las.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------- converting */

/* Set `size` and defaults with scree_convert_options_init(); fields are only ever added at the end. Strings and lists are
 * copied by scree_convert_open(). */
struct scree_convert_options {
    size_t size;
    const char *const *inputs; /* paths of LAS, LAZ or COPC files */
    uint64_t input_count;
    const char *output;
    bool replace; /* an existing output */
    const char *
        crs; /* NULL: the inputs'; else as for scree_las_crs_from_text(), whatever the inputs say */
    double scale[3];   /* all 0: chosen from the inputs */
    bool fix_returns;  /* number of returns 0 or below the return number, return number 0: raised to
                          fit */
    bool scale_colors; /* multiply colours by 257 (8 to 16 bit) where a file uses 8 bits only */
    const char
        *scratch_folder; /* where points wait that do not fit the budget; NULL: beside the output */
    bool compress_scratch;    /* with LZ4: half the room, a little more work */
    int64_t creation_seconds; /* Unix time for the header's date; -1: the newest date among the
                                 inputs */
    uint32_t temporal_stride; /* write a temporal index with the time of every so-many-th point;
                                 0: none; SCREE_TEMPORAL_AUTO: by the number of points */
    bool salvage; /* keep what damaged inputs have left; scree_convert_open() decodes all inputs to
                     find out, and scree_convert_losses() tells what is lost */
    /* For inputs and outputs that are not local; NULL: defaults. What their pointers lead to stays
     * until the job is closed. Context and replace are the job's. */
    const struct scree_source_options *source_options;
    const struct scree_sink_options *sink_options;
};

/* Points of an input that its file does not give any more. */
struct scree_convert_loss {
    const char *file;                  /* the path */
    uint64_t chunk, offset;            /* in the file; where the damage was found (LAS: chunk 0) */
    uint64_t first_point, point_count; /* of the file's points, those lost */
    const char *reason;
};

/* 100 below 100 million points, 500 below a billion, 1000 above. */
#define SCREE_TEMPORAL_AUTO 0xFFFFFFFFu

/* What a job will do and take; from headers and chunk tables alone. */
struct scree_convert_plan {
    uint64_t input_count, input_bytes, point_count;
    unsigned point_format; /* of the output: 6, 7 or 8 */
    uint32_t record_bytes, extra_bytes;
    double scale[3], offset[3];
    const char *crs_name;  /* valid until the job is closed; "" when unknown */
    uint64_t memory_bytes; /* that would hold all points at once */
    uint64_t floor_bytes;  /* the smallest budget that an ordinary survey gets through with */
    /*
     * Room on disk; 0 where the budget holds all points: their records' bytes, or half with compress_scratch. A few parts in a hundred come on top:
     * the compressed points of the coarsest nodes. A run in memory goes on through scratch where one node turns out too large beside all points
     * (hundreds of thousands at one position, or throughout a volume); scree_convert_result.scratch_bytes tells.
     */
    uint64_t scratch_bytes;
    uint64_t output_bytes;    /* estimate */
    uint32_t temporal_stride; /* 0: no temporal index */
    bool fits; /* memory_bytes is within the context's budget: nothing goes to scratch */
};

#define SCREE_COPC_LEVELS_MAX 33

struct scree_convert_result {
    uint64_t points_in; /* what the inputs say they have: points_out + points_lost */
    uint64_t points_out, input_bytes, output_bytes;
    uint64_t scratch_bytes; /* written to scratch, all in all */
    uint64_t node_count, page_count, largest_node_points;
    unsigned level_count;
    uint64_t level_nodes[SCREE_COPC_LEVELS_MAX], level_points[SCREE_COPC_LEVELS_MAX];
    uint64_t points_lost; /* with options.salvage; see scree_convert_losses() */
};

struct scree_convert_job;

/* All defaults, and `size`; inputs and output have to be set. */
SCREE_API void scree_convert_options_init(struct scree_convert_options *options);
/*
 * Opens every input, checks that they can be combined (format, CRS, GPS time type), and plans.
 * Warnings go to the context's log. The options are copied. Errors: those of scree_las_open(),
 * SCREE_E_MISMATCH (names the files), SCREE_E_EXISTS.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_convert_open(struct scree_context *context, const struct scree_convert_options *options,
                   struct scree_convert_job **job, struct scree_error *err);
/* Valid until the job is closed. */
SCREE_API const struct scree_convert_plan *scree_convert_plan(const struct scree_convert_job *job);
/* Once a job. result may be NULL. After any failure no output appears. Errors: SCREE_E_BUDGET
 * (err->need_bytes would do), SCREE_E_DATA, SCREE_E_IO, SCREE_E_EXISTS, SCREE_E_CANCELLED ... */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_convert_run(struct scree_convert_job *job,
                                                               struct scree_convert_result *result,
                                                               struct scree_error *err);
/*
 * With options.salvage: what the inputs have lost, in order of path and point; *count may be 0. Known
 * once the job is open; the plan's point_count is without them. Valid until the job is closed.
 */
SCREE_API const struct scree_convert_loss *scree_convert_losses(const struct scree_convert_job *job,
                                                                uint64_t *count);
SCREE_API void scree_convert_close(struct scree_convert_job *job); /* accepts NULL */

/* -------------------------------------------------------------------------------------- reading */

struct scree_copc_key {
    int32_t level, x, y, z;
};

/* One hierarchy entry. point_count > 0: a chunk; 0: no points here, and offset and byte_count are 0;
 * a page pointer never appears here. */
struct scree_copc_entry {
    struct scree_copc_key key;
    uint64_t offset;
    int32_t byte_count, point_count;
};

struct scree_copc_info {
    double center[3], halfsize, spacing;
    uint64_t root_page_offset, root_page_bytes;
    double gps_time_min, gps_time_max;
    uint64_t reserved[11];
};

struct scree_copc;

/* Is there a COPC info VLR where the specification wants it? */
SCREE_API bool scree_copc_is(const struct scree_las_reader *reader);
/*
 * Reads the info VLR and every hierarchy page. Bounded: pages lie within the file, none is read
 * twice, keys are valid and unique. Borrows the reader. Errors: SCREE_E_DATA, SCREE_E_UNSUPPORTED
 * (not COPC), SCREE_E_BUDGET.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_copc_open(const struct scree_las_reader *reader,
                                                             struct scree_context *context,
                                                             struct scree_copc **copc,
                                                             struct scree_error *err);
SCREE_API void scree_copc_close(struct scree_copc *copc); /* accepts NULL */
/* The info VLR. Valid until it is closed. */
SCREE_API const struct scree_copc_info *scree_copc_info(const struct scree_copc *copc);
/* Entries of all hierarchy pages. */
SCREE_API uint64_t scree_copc_entry_count(const struct scree_copc *copc);
/* All of them, in order of level, x, y, z. Valid until it is closed. */
SCREE_API const struct scree_copc_entry *scree_copc_entries(const struct scree_copc *copc);
/* Hierarchy pages, the root page among them. */
SCREE_API uint64_t scree_copc_page_count(const struct scree_copc *copc);

/* ------------------------------------------------------------------------------------- amending */

/* Changes to a COPC file that leave its points as they are. At least one is asked for. Set `size` and defaults with
 * scree_amend_options_init(); fields are only ever added at the end. */
struct scree_amend_options {
    size_t size;
    const char *path;
    const char *output;       /* a copy with the changes; NULL: the file itself */
    bool replace;             /* an existing output */
    uint32_t temporal_stride; /* as for a conversion; an index that is there is replaced */
    const char *crs;          /* NULL: stays; else as for scree_las_crs_from_text() */
    bool repair_header; /* counts, counts by return, bounds and GPS range as the points have them */
    const char
        *scratch_folder; /* for samples that do not fit the budget; NULL: beside the output */
    void *user;
    void (*change)(void *user, const char *what); /* one line for each change */
};

struct scree_amend_result {
    uint64_t point_count, node_count, change_count; /* change_count 0: all was so already */
    uint64_t bytes_before, bytes_after;
    uint32_t temporal_stride; /* of the index that was written; 0: none was */
    bool in_place;            /* false: a new file was written (and renamed, without an output) */
};

/* All defaults, and `size`: nothing is asked for. */
SCREE_API void scree_amend_options_init(struct scree_amend_options *options);
/*
 * All or nothing: after a failure, or a kill at any moment, the file is the old one or the new one.
 * Errors: those of scree_las_open() and scree_copc_open(); SCREE_E_UNSUPPORTED: a temporal index of
 * nodes that are not in order of time (names node and point), bytes of unknown meaning behind the
 * last EVLR; SCREE_E_ARGUMENT: nothing is asked for; SCREE_E_EXISTS: the output, or another run at work on the file.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_amend(struct scree_context *context,
                                                         const struct scree_amend_options *options,
                                                         struct scree_amend_result *result,
                                                         struct scree_error *err);

/* ----------------------------------------------------------------------------------- validating */

enum scree_severity { SCREE_FINDING_WARNING = 1, SCREE_FINDING_ERROR = 2 };

struct scree_finding {
    enum scree_severity severity;
    const char *rule;  /* "S4", "R8", "LAS-point-count" ...: docs/validate.md lists them */
    const char *minds; /* the readers known to fail on it; "" when it is the specification alone */
    const char *message; /* what and where */
};

/* Set `size` and defaults with scree_validate_options_init(); fields are only ever added at the end. */
struct scree_validate_options {
    size_t size;
    bool shallow; /* only the first point of each chunk, instead of all */
    void *user;
    void (*finding)(void *user, const struct scree_finding *finding); /* from one thread */
};

struct scree_validate_report {
    bool is_copc, is_laz;
    uint64_t error_count, warning_count;
    uint64_t point_count, points_checked, node_count, page_count;
    uint32_t temporal_stride; /* of a temporal index that could be read; 0: none */
    uint64_t temporal_page_count;
};

/* All defaults, and `size`. */
SCREE_API void scree_validate_options_init(struct scree_validate_options *options);
/*
 * Checks a file against LAS, LAZ and, where it is or claims to be one, COPC 1.0. Violations are
 * findings, and the call returns SCREE_OK; a status other than SCREE_OK means that the file could
 * not be judged (SCREE_E_IO, SCREE_E_MEMORY ...). A repeated finding is said at most ten times a
 * rule, then counted. The source is borrowed. options may be NULL, and so may report.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_validate(struct scree_context *context, struct scree_source *source,
               const struct scree_validate_options *options, struct scree_validate_report *report,
               struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
