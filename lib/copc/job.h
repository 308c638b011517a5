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
#include "las/map.h"
#include "las/schema.h"
#include "par/context.h"

struct scree__copc_input {
    char *path;
    struct scree_las_header header;
    uint64_t file_bytes, unit_count;
    uint64_t first_point;              /* place of its first point among all */
    bool lacks_extra_bytes;            /* the joint schema has fields that it has not */
    struct scree__las_map_stats stats; /* filled while it is read */
};

struct scree_convert_job {
    struct scree_context *context;
    struct scree__copc_limits limits;

    /* Options, copied. */
    char *output, *crs_text;
    bool replace, fix_returns, scale_colors;
    double scale[3];
    int64_t creation_seconds;

    /* Found while planning. Inputs are in order of path, those without points left out. */
    struct scree__copc_input *inputs;
    uint64_t input_count, input_capacity;
    struct scree__las_schema schema;
    bool schema_differs;
    struct scree_las_crs crs;
    struct scree__copc_forward forward;
    struct scree__copc_grid grid;
    struct scree_las_header header; /* of the output, but for what the points tell */
    uint64_t largest_unit_bytes;    /* of all inputs */
    size_t largest_decoder_bytes;
    struct scree_convert_plan plan;
    bool ran;
};

/* Where the points of a run are, between reading and writing. */
struct scree__copc_store {
    uint8_t *records; /* plan.point_count records of plan.record_bytes */
    struct scree_las_summary summary;
};

/* inputs.c: opens every input, one at a time; fills all of the job that is found while planning. */
SCREE_MUST_CHECK enum scree_status scree__copc_plan(struct scree_convert_job *job,
                                                    const char *const *paths, uint64_t path_count,
                                                    struct scree_error *err);

/* read.c: decodes and maps every input into the store, and says what was noticed. */
SCREE_MUST_CHECK enum scree_status scree__copc_read(struct scree_convert_job *job,
                                                    struct scree__copc_store *store,
                                                    struct scree_error *err);

/* write.c: encodes the nodes, writes the file, publishes it. order, level: see order.h, octree.h.
 */
SCREE_MUST_CHECK enum scree_status
scree__copc_write(struct scree_convert_job *job, const struct scree__copc_store *store,
                  const struct scree__copc_cube *cube, const uint32_t *order, const uint8_t *level,
                  const struct scree__copc_octree *octree, struct scree_convert_result *result,
                  struct scree_error *err);

/* build.c: the whole run. */
SCREE_MUST_CHECK enum scree_status scree__copc_build(struct scree_convert_job *job,
                                                     struct scree_convert_result *result,
                                                     struct scree_error *err);

/* write.c: memory that writing takes beside the points, with nodes of leaf_max points. */
uint64_t scree__copc_write_bytes(uint64_t leaf_max, uint32_t record_bytes, unsigned threads);
/* read.c: the same for reading. */
uint64_t scree__copc_read_bytes(const struct scree_convert_job *job);

#endif
