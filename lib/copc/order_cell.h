/* order_cell.h - the points of one cell into Morton order; see order.h. */
#ifndef SCREE_LIB_COPC_ORDER_CELL_H
#define SCREE_LIB_COPC_ORDER_CELL_H

#include "copc/order.h"

/* Levels that the key of a place holds: 30 bits. */
#define SCREE__COPC_KEY_LEVELS 10u
/* Scratch is for so many places at least: 512 KiB. */
#define SCREE__COPC_CELL_SCRATCH 65536u
#define SCREE__COPC_PLACE_BYTES 8u

/* One a worker; from zeros. */
struct scree__copc_cell_sorter {
    struct scree__mem_budget *budget;
    const struct scree__copc_points *points;
    const struct scree__copc_cube *cube;
    uint64_t *order; /* of all points */
    uint8_t *prefix;
    uint64_t *scratch;
    uint64_t capacity;
};

/*
 * Sorts order[begin, end): points of one cell, whose keys are the next SCREE__COPC_KEY_LEVELS levels of their codes, or as many as there are; `below`
 * is how many levels are left after those. Sets the prefixes but for that of `begin`. Where the budget has no room for scratch it sorts in place.
 */
void scree__copc_cell_sort(struct scree__copc_cell_sorter *sorter, uint64_t begin, uint64_t end,
                           unsigned below);
void scree__copc_cell_release(struct scree__copc_cell_sorter *sorter);

#endif
