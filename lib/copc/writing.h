/* writing.h - one output that is being written, as its files share it: write.c encodes and writes nodes, write_file.c what is before and after them. */
#ifndef SCREE_LIB_COPC_WRITING_H
#define SCREE_LIB_COPC_WRITING_H

#include "copc/job.h"
#include "copc/encode.h"
#include "copc/format.h"
#include "copc/temporal_index.h"
#include "io/sink.h"
#include "las/writer.h"
#include "spill/scratch.h"

#include <stdatomic.h>

struct scree__copc_write_entry {
    struct scree_copc_entry entry;
    bool held;                       /* its chunk waits: */
    void *chunk;                     /* in memory, byte_count bytes; */
    struct scree__spill_block block; /* or, where that is NULL, on scratch */
};

struct scree__copc_write_encoder {
    struct scree__copc_encoder encoder;
    atomic_flag busy;
};

struct scree__copc_writing {
    struct scree_convert_job *job;
    const struct scree__copc_cube *cube;
    struct scree__spill_scratch *scratch;
    struct scree_laz_layout layout;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    bool forwarded_in_head;

    struct scree__copc_write_entry *entries; /* by node number */
    uint64_t entry_capacity, entry_count;
    uint64_t wait_bytes; /* so much more may wait in memory */
    struct scree__copc_write_encoder *encoders;
    struct scree__copc_slot *slots;
    struct scree__temporal_samples *samples; /* one a slot; NULL: no temporal index is wanted */
    struct scree__temporal_index temporal;
    unsigned threads, window;
    unsigned narrowed; /* the window that the memory of encoders and slots was grown for */

    /* The batch that is written. */
    const struct scree__copc_points *points;
    const uint32_t *order;
    const uint8_t *level;
    const struct scree__copc_octree *octree;
    uint32_t *list;      /* node numbers, in file order */
    uint32_t *run;       /* those that are encoded now, with one window */
    uint64_t run_points; /* of the largest of them */

    struct scree_copc_info info;
    bool has_gps_time;
    uint64_t points_written;
};

/* Header, VLRs. The sink is open. */
SCREE_MUST_CHECK enum scree_status scree__copc_write_head(struct scree__copc_writing *writing,
                                                          struct scree_error *err);
/* Hierarchy, temporal index, forwarded EVLRs; then the output is published. All nodes are written. */
SCREE_MUST_CHECK enum scree_status scree__copc_write_tail(struct scree__copc_writing *writing,
                                                          const struct scree_las_summary *summary,
                                                          const struct scree__copc_octree *octree,
                                                          struct scree_convert_result *result,
                                                          struct scree_error *err);
void scree__copc_write_release_samples(struct scree__copc_writing *writing);

#endif
