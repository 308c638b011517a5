/* node_order.h - the records of a node, collected in the order that docs/decisions/octree.md has for them: GPS time first. */
#ifndef SCREE_LIB_COPC_NODE_ORDER_H
#define SCREE_LIB_COPC_NODE_ORDER_H

#include "copc/cube.h"
#include "copc/record.h"

/* More points of one time than this are not the returns of a pulse. */
#define SCREE__COPC_PULSE_POINTS 15u
/* They lie in rows: so many levels below the node's make its rows, and these its columns. */
#define SCREE__COPC_ROW_LEVELS 6u
#define SCREE__COPC_COLUMN_LEVELS 16u

/* Where a node's points are. */
struct scree__copc_node_source {
    const uint8_t *records;
    struct scree__copc_form form;
    const struct scree__copc_cube *cube;
    unsigned level; /* of the node */
};

/*
 * Copies the records of places[0, count), which are in the order of all points, to `to`, as the output has them: by GPS time as scree__copc_gps_key() has it; up to
 * SCREE__COPC_PULSE_POINTS of one time by return number, more by rows of the node, to and fro; and then in the order of all points. The keys in the
 * places do not matter. other: room for as many; both are used up.
 */
void scree__copc_node_order(const struct scree__copc_node_source *from, uint64_t *places,
                            uint64_t *other, uint64_t count, uint8_t *to);

#endif
