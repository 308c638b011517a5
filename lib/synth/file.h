/* file.h - one tile, one file. */
#ifndef SCREE_LIB_SYNTH_FILE_H
#define SCREE_LIB_SYNTH_FILE_H

#include "synth/crs.h"
#include "synth/record.h"

/* What is made in parallel and taken in order: a chunk, and all that its making needs. */
struct scree__synth_slot {
    struct scree__synth_scene scene;
    struct scree__synth_block block;
    struct scree_las_summary summary;
    uint64_t point_count;
    size_t chunk_bytes;
    uint8_t *records, *chunk;
    void *encoder_memory;
    struct scree_laz_encoder *encoder; /* NULL: LAS */
};

/* What all files of a run share. */
struct scree__synth_run {
    struct scree_context *context;
    const struct scree_synth_options *options;
    const struct scree__synth_crs *crs;
    struct scree__synth_survey survey;
    struct scree__synth_world world;
    bool compressed;
    struct scree_laz_layout layout;
    uint32_t record_bytes, chunk_points;
    size_t records_bytes, chunk_bound, encoder_bytes; /* of a slot's buffers */
    struct scree__synth_slot **slots;
    unsigned slot_count, slot_capacity;
};

/* Memory for as many slots as the threads can use and the budget has room for; at least one, else
 * the budget's error. Release them in any case. */
SCREE_MUST_CHECK enum scree_status scree__synth_slots_init(struct scree__synth_run *run,
                                                           struct scree_error *err);
void scree__synth_slots_release(struct scree__synth_run *run);

/* Writes a tile to `path`; *file_bytes is its size. After a failure there is no file. */
SCREE_MUST_CHECK enum scree_status scree__synth_file_write(struct scree__synth_run *run,
                                                           uint32_t tile, const char *path,
                                                           uint64_t *file_bytes,
                                                           struct scree_error *err);

#endif
