/* map_parts.h - the steps of the record mapping; see map.h for what they do together. */
#ifndef SCREE_LIB_LAS_MAP_PARTS_H
#define SCREE_LIB_LAS_MAP_PARTS_H

#include "las/map.h"
#include "las/map_old.h"

/* Records mapped at a time. A step runs over the whole block before the next one begins: each is a
 * loop without branches on the map, and 256 records in and out (17 KB in formats 6 and 7) stay in
 * the first-level cache between steps. */
enum { SCREE__LAS_MAP_BLOCK = 256 };

/* Where a record of each format has its parts; 0: it does not have that part (the core is always at
 * 0). */
struct scree__las_map_places {
    uint8_t base_bytes, gps, rgb, nir, wave;
};

static inline void scree__las_map_add_core(struct scree__las_map_stats *stats,
                                           const struct scree__las_map_core *core)
{
    stats->zero_returns += core->zero_returns;
    stats->excess_returns += core->excess_returns;
    stats->overlap_classes += core->overlap_classes;
}

/*
 * Whole records of formats 0 to 3 without extra bytes, in formats 6 and 7, shifted: what most of the old surveys are, in one loop (map_whole.c). False: the map
 * wants something else, or a coordinate does not fit; nothing is counted then, and the steps have to do it.
 */
bool scree__las_map_whole(const struct scree__las_map *map, const uint8_t *in, size_t count,
                          uint8_t *out, struct scree__las_map_stats *stats);

/* Coordinates of up to SCREE__LAS_MAP_BLOCK records; first_index is the block's place in the run.
 */
void scree__las_map_coordinates(const struct scree__las_map *map, const uint8_t *in, size_t count,
                                uint8_t *out, size_t first_index,
                                struct scree__las_map_stats *stats);

#endif
