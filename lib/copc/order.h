/*
 * order.h - points into Morton order: (Morton code, GPS time, the record's bytes), a total order of
 * what is stored, so that the order of the inputs leaves no trace.
 */
#ifndef SCREE_LIB_COPC_ORDER_H
#define SCREE_LIB_COPC_ORDER_H

#include "copc/cube.h"
#include "copc/record.h"
#include "par/context.h"

/* Tightly packed. */
struct scree__copc_points {
    const uint8_t *records;
    struct scree__copc_form form;
    uint64_t count; /* below 2^32 */
};

/* Records are fetched so many ahead of where their order jumps about: about the latency of memory at 10 ns a record. */
#define SCREE__COPC_AHEAD 16u

/* What a point takes beside its record while it is sorted and settled: order (8 bytes), prefix and level. */
#define SCREE__COPC_POINT_BYTES 10u

/* GPS time, then the bytes of the output's record: the order of points at one position. */
int scree__copc_record_compare(const struct scree__copc_form *form, const uint8_t *a,
                               const uint8_t *b);

/* What scree__copc_order() takes beside its results, at most, when no cell of the first 6 levels
 * holds more than cell_points. With less it is slower: only the part that does not depend on
 * cell_points is needed. */
uint64_t scree__copc_order_bytes(uint64_t cell_points, unsigned threads);

/*
 * order[i]: the record that comes i-th, as scree__copc_place_id() of it. prefix[i]: levels that it shares with the one before it
 * (cube->depth: the same cell at the deepest level); prefix[0] = 0. Both have room for
 * points->count.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_order(struct scree_context *context,
                                                     const struct scree__copc_points *points,
                                                     const struct scree__copc_cube *cube,
                                                     unsigned common_levels, uint64_t *order,
                                                     uint8_t *prefix, struct scree_error *err);

/* The numbers of the records alone, packed into the first half of the same memory: all that is needed once levels are known. */
uint32_t *scree__copc_order_pack(uint64_t *order, uint64_t count);

#endif
