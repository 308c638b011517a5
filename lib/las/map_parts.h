/* map_parts.h - the steps of the record mapping; see map.h for what they do together. */
#ifndef SCREE_LIB_LAS_MAP_PARTS_H
#define SCREE_LIB_LAS_MAP_PARTS_H

#include "las/map.h"

/* Records mapped at a time. A step runs over the whole block before the next one begins: each is a
 * loop without branches on the map, and 256 records in and out (17 KB in formats 6 and 7) stay in
 * the first-level cache between steps. */
enum { SCREE__LAS_MAP_BLOCK = 256 };

/* Coordinates of up to SCREE__LAS_MAP_BLOCK records; first_index is the block's place in the run.
 */
void scree__las_map_coordinates(const struct scree__las_map *map, const uint8_t *in, size_t count,
                                uint8_t *out, size_t first_index,
                                struct scree__las_map_stats *stats);

#endif
