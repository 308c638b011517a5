/*
 * look.h - what has to be known of every record as it goes by: the bounds, how many there are of each return, and, where records wait, what the mapping would have
 * counted. One loop over records that are still in the cache. Plain C and AVX2 give the same.
 */
#ifndef SCREE_LIB_COPC_LOOK_H
#define SCREE_LIB_COPC_LOOK_H

#include "scree/las.h"
#include "copc/record.h"
#include "las/map.h"

/* Adds `count` records, tightly packed, to *summary; of a form that waits to *stats, too, as scree__las_map_count_waiting() does. */
typedef void (*scree__copc_look)(const struct scree__copc_form *form, const uint8_t *records,
                                 uint64_t count, struct scree_las_summary *summary,
                                 struct scree__las_map_stats *stats);

/* The fastest that the level in force has. */
scree__copc_look scree__copc_look_choose(void);

#endif
