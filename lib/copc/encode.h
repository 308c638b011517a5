/*
 * encode.h - a node into a chunk: its points collected, put into order of GPS time, encoded. One
 * encoder a worker, one slot for each node in flight; memory grows to the largest node.
 */
#ifndef SCREE_LIB_COPC_ENCODE_H
#define SCREE_LIB_COPC_ENCODE_H

#include "scree/laz.h"
#include "copc/cube.h"
#include "copc/octree.h"
#include "copc/order.h"
#include "copc/pick.h"
#include "copc/radix.h"

/* What an encoder takes for each point of the largest node beside its record. */
#define SCREE__COPC_ENCODE_BYTES 16u

/* An encoded node, waiting for its turn to be written. */
struct scree__copc_slot {
    uint8_t *chunk;
    uint64_t chunk_capacity, chunk_bytes;
    struct scree_copc_key key;
    bool has_gps_time; /* at least one that is not NaN */
    double gps_time_min, gps_time_max;
};

struct scree__copc_encoder {
    struct scree_laz_encoder *laz;
    void *laz_memory;
    size_t laz_bytes;
    uint64_t *places;  /* room for twice the node's points: to sort them by GPS time */
    uint8_t *records;  /* the node's, in order */
    uint64_t capacity; /* points, of places and records */
    uint32_t record_bytes;
    scree__copc_pick pick;
};

SCREE_MUST_CHECK enum scree_status scree__copc_encoder_init(struct scree__copc_encoder *encoder,
                                                            struct scree__mem_budget *budget,
                                                            const struct scree_laz_layout *layout,
                                                            struct scree_error *err);
/* Gives back what has grown with the nodes. */
void scree__copc_encoder_shrink(struct scree__copc_encoder *encoder,
                                struct scree__mem_budget *budget);
void scree__copc_encoder_release(struct scree__copc_encoder *encoder,
                                 struct scree__mem_budget *budget);

/*
 * Encodes a node into the slot. order, level: of all points; order is packed. room_points: of the largest node that is to come, so that memory is taken once. A stored point that lies outside the
 * node's box as readers compute it would be an error of ours: it is checked, and SCREE_E_DATA.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_encode_node(
    struct scree__copc_encoder *encoder, struct scree__mem_budget *budget,
    const struct scree_laz_layout *layout, const struct scree__copc_points *points,
    const struct scree__copc_cube *cube, const uint32_t *order, const uint8_t *level,
    const struct scree__copc_node *node, uint64_t room_points, struct scree__copc_slot *slot,
    struct scree_error *err);

/* Once the chunk is written: its memory may serve for the next one. */
void scree__copc_slot_rest(struct scree__copc_slot *slot, struct scree__mem_budget *budget);
void scree__copc_slot_release(struct scree__copc_slot *slot, struct scree__mem_budget *budget);

#endif
