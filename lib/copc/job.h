/*
 * job.h - one conversion, as its phases share it. convert.c is the public face, inputs.c plans,
 * build.c runs.
 */
#ifndef SCREE_LIB_COPC_JOB_H
#define SCREE_LIB_COPC_JOB_H

#include "scree/copc.h"
#include "copc/cube.h"
#include "copc/forward.h"
#include "copc/octree.h"
#include "copc/partition.h"
#include "copc/record.h"
#include "las/crs.h"
#include "las/map.h"
#include "las/schema.h"
#include "par/context.h"

struct scree__copc_input {
    char *path;
    struct scree_las_header header;
    uint64_t file_bytes, unit_count;
    uint64_t reader_bytes;             /* memory that it takes while it is open */
    uint64_t first_point;              /* place of its first point among all */
    bool lacks_extra_bytes;            /* the joint schema has fields that it has not */
    struct scree__las_map_stats stats; /* filled while it is read */
    bool widen_colors;                 /* 8-bit colours, known before it is read */
    bool damaged;                      /* salvage: only these units are read */
    struct scree_las_unit *units;
    uint64_t kept_unit_count, unit_capacity;
};

struct scree_convert_job {
    struct scree_context *context;
    struct scree__copc_limits limits;

    /* Options, copied. */
    char *output, *crs_text;
    char *scratch_folder; /* NULL: beside the output */
    bool replace, fix_returns, scale_colors, compress_scratch, salvage;
    double scale[3];
    int64_t creation_seconds;
    uint32_t temporal_stride; /* 0: no temporal index; `auto` is settled when planning */

    struct scree_source_options source_options;
    struct scree_sink_options sink_options;

    uint64_t network_bytes;  /* reserved, see network.h */
    struct scree_sink *sink; /* the output, begun; NULL: local */
    struct scree_sink
        *stream; /* not NULL: gets the whole output, made on scratch, at the end. Borrowed */

    /* Found while planning. Inputs are in order of path, those without points left out. */
    struct scree__copc_input *inputs;
    uint64_t input_count, input_capacity;
    struct scree__las_schema schema;
    bool schema_differs;
    struct scree_las_crs crs;
    struct scree__las_crs_said crs_said; /* by the input that was added last, */
    char crs_note[256];                  /* and what was noted of that */
    struct scree__copc_forward forward;
    struct scree__copc_grid grid;
    struct scree_las_header header; /* of the output, but for what the points tell */
    struct scree__copc_form form;   /* of records in memory, when all fit */
    uint64_t largest_unit_bytes;    /* of all inputs */
    size_t largest_decoder_bytes;
    struct scree_convert_plan plan;
    uint64_t
        planned_used_bytes; /* taken from the budget when the plan was made: what every phase keeps */
    struct scree_convert_loss *losses; /* salvage */
    uint64_t loss_count, loss_capacity, points_lost;
    bool ran;
    uint64_t
        batch_points; /* 0: what the budget allows; else points held at once when spilling (tests set it) */
};

/* Where the points of a reading go; exactly one of the first three is set. */
struct scree__copc_read_to {
    uint8_t
        *records; /* room for plan.point_count records of the job's form, in the inputs' order */
    struct scree__copc_partition *partition; /* buckets on scratch */
    uint64_t *weights;                   /* a sample: points a cell of sample_region, estimated */
    const struct scree__copc_cube *cube; /* with weights */
    bool colors_only;                    /* none of them: find each input's largest colour */
    uint64_t beside_bytes; /* memory that the points' destination takes while they are read */
    struct scree_las_summary summary; /* out: of all points read */
    uint64_t largest_node; /* of points in memory: points of their largest node; 0: not found yet */
};

/* inputs.c: opens every input, one at a time; fills all of the job that is found while planning. */
SCREE_MUST_CHECK enum scree_status scree__copc_plan(struct scree_convert_job *job,
                                                    const char *const *paths, uint64_t path_count,
                                                    struct scree_error *err);

/* read.c: decodes and maps every input, once. */
SCREE_MUST_CHECK enum scree_status scree__copc_read(struct scree_convert_job *job,
                                                    struct scree__copc_read_to *to,
                                                    struct scree_error *err);
/* read_report.c: warns of what was noticed while reading. */
void scree__copc_read_report(const struct scree_convert_job *job);

/*
 * spill.c: the run when the points do not fit the budget. read: NULL; or all points, in memory, when what comes after reading did not fit beside
 * them: no input is read again. Its records go back to the budget, whatever happens.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_build_spilled(struct scree_convert_job *job,
                                                             struct scree__copc_read_to *read,
                                                             struct scree_convert_result *result,
                                                             struct scree_error *err);
/* spill.c: the smallest budget that lets an ordinary survey through, and scratch bytes. */
uint64_t scree__copc_spill_floor(const struct scree_convert_job *job);

/* build.c: the whole run. */
SCREE_MUST_CHECK enum scree_status scree__copc_build(struct scree_convert_job *job,
                                                     struct scree_convert_result *result,
                                                     struct scree_error *err);

/* read.c: memory that reading takes beside the points. */
uint64_t scree__copc_read_bytes(const struct scree_convert_job *job);
/* read.c: what records in memory are to be like. The grid and the output's records are known. */
struct scree__copc_form scree__copc_read_form(const struct scree_convert_job *job);
/* read.c: units that a sample takes; 0: there are so few that a sample would be a second reading. */
uint64_t scree__copc_read_sample_units(const struct scree_convert_job *job);

#endif
