/*
 * rewrite_points.h - what rewrite_points.c has in flight: a window of slots, each of which is a chunk, or a run of records. Slots belong to one thread at
 * a time; those that the lane has handed out are filled in parallel.
 */
#ifndef SCREE_LIB_ENRICH_REWRITE_POINTS_H
#define SCREE_LIB_ENRICH_REWRITE_POINTS_H

#include "enrich/rewrite.h"

struct scree__enrich_slot {
    struct scree_las_cursor *cursor;
    struct scree_laz_encoder *encoder;
    void *encoder_memory;
    uint8_t *piece; /* records as they were */
    float *values;  /* of a piece */
    uint8_t *
        records; /* of the chunk, as they will be; with splices: as scree__enrich_fields_layout() has them */
    uint8_t *chunk;
    uint64_t chunk_capacity, chunk_bytes;
    uint8_t *old; /* with splices: the input's chunk */
    struct scree__enrich_splice splice;
    uint64_t first_point, point_count;
};

struct scree__enrich_points {
    struct scree__enrich_writing *writing;
    struct scree__enrich_slot *slots;
    unsigned window;
    bool direct;          /* a unit is a chunk */
    uint64_t slot_points; /* the most */
    uint64_t piece_points;
    struct scree_laz_layout layout; /* of what is encoded */
    uint32_t record_bytes;          /* of that; 0: nothing is */
    uint64_t old_bytes;             /* the largest chunk's; 0: no splices */
    size_t head_bytes;
    uint32_t decoded; /* fields that have to be; 0: none */
    size_t encoder_bytes;
    struct scree_las_cursor *cursor; /* not direct: the one that goes through all */
    uint64_t unit, round;
};

/* As many slots as threads keep busy, and as the budget has room for; at least one. Errors: SCREE_E_MEMORY, SCREE_E_BUDGET. What was taken before a
 * failure goes with scree__enrich_slots_release(), too. */
SCREE_MUST_CHECK enum scree_status scree__enrich_slots_make(struct scree__enrich_points *points,
                                                            struct scree_error *err);
void scree__enrich_slots_release(struct scree__enrich_points *points);

#endif
