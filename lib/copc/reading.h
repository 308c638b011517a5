/*
 * reading.h - the first phase as its files share it: read.c opens inputs group by group and gathers what their units said, read_units.c decodes units
 * and puts their points where the run wants them.
 */
#ifndef SCREE_LIB_COPC_READING_H
#define SCREE_LIB_COPC_READING_H

#include "copc/job.h"
#include "copc/look.h"
#include "copc/network.h"

/* Records decoded at a time: input and output stay in the second-level cache. */
#define SCREE__COPC_PIECE_POINTS 4096u

struct scree__copc_open_file {
    struct scree__copc_input *input;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree__las_map map;
    bool in_place; /* records are decoded where they go */
    bool waits;    /* and become those of the output later */
    struct scree__las_map_copy *copies;
    uint32_t copy_capacity;
    uint64_t first_item; /* of the group's items */
};

/* What one unit's points said. */
struct scree__copc_item {
    struct scree__las_map_stats stats;
    struct scree_las_summary summary;
    uint64_t out_of_range_point; /* within the file */
};

/* One unit that is being decoded. */
struct scree__copc_strand {
    const struct scree_las_reader *reader; /* that the cursor belongs to; NULL: it is closed */
    struct scree_las_cursor *cursor;
    uint8_t *piece;  /* records as they are in the file */
    uint8_t *mapped; /* and as they go to a bucket */
    uint64_t piece_bytes, mapped_bytes;
    const struct scree__copc_open_file *file;
    struct scree__copc_item *item;
    struct scree_las_unit unit;
    uint64_t unit_index, done; /* done: points of the unit */
};

/* Two chunks that are decoded side by side take less time than one after the other. */
struct scree__copc_reader {
    struct scree__copc_strand strands[2];
};

struct scree__copc_reading {
    struct scree_convert_job *job;
    struct scree__copc_read_to *to;
    uint8_t *extra_defaults;
    uint64_t unit_number;  /* of the group's first unit, among all */
    uint64_t sample_every; /* units; 0: all are read */
    struct scree__copc_open_file files[SCREE__COPC_GROUP_FILES];
    unsigned file_count;
    struct scree__copc_item *items;
    uint64_t item_count;
    scree__copc_look look;
    struct scree__copc_reader *workers;
    unsigned threads;
    unsigned strands_max; /* of a worker: 1, or 2 where the budget has room for them */
    unsigned strands;     /* in this group */
};

/* The file that has this item, a unit of the group's. */
struct scree__copc_open_file *scree__copc_reading_file(struct scree__copc_reading *reading,
                                                       uint64_t item);
/* All units of the files that are open, or a sample of them. */
SCREE_MUST_CHECK enum scree_status scree__copc_reading_units(struct scree__copc_reading *reading,
                                                             struct scree_error *err);
/* Before the files are closed. Cursors keep their memory, for files to come. */
void scree__copc_reading_leave_files(struct scree__copc_reading *reading);
void scree__copc_reading_release(struct scree__copc_reading *reading);

#endif
