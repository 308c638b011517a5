/* map_parts.h - the steps of the record mapping; see map.h for what they do together. */
#ifndef SCREE_LIB_LAS_MAP_PARTS_H
#define SCREE_LIB_LAS_MAP_PARTS_H

#include "las/map.h"
#include "base/bytes.h"

/* Records mapped at a time. A step runs over the whole block before the next one begins: each is a
 * loop without branches on the map, and 256 records in and out (17 KB in formats 6 and 7) stay in
 * the first-level cache between steps. */
enum { SCREE__LAS_MAP_BLOCK = 256 };

/* Where a record of each format has its parts; 0: it does not have that part (the core is always at
 * 0). */
struct scree__las_map_places {
    uint8_t base_bytes, gps, rgb, nir, wave;
};

/* What return bytes and classes said. */
struct scree__las_map_core {
    uint64_t zero_returns, excess_returns, overlap_classes;
};

/* byte: return number in the low half, number of returns in the high half. */
static inline void scree__las_map_count_return(struct scree__las_map_core *core, unsigned byte)
{
    unsigned number = byte & 15, of = byte >> 4;
    core->zero_returns += number == 0;
    core->excess_returns += number > of;
}

/* Scan angle rank, whole degrees, in units of 0.006: rank * 500 / 3 is never half a unit, so that
 * adding a third (the sign of the remainder) before cutting off rounds to nearest. */
static inline uint16_t scree__las_map_scan_angle(int8_t rank)
{
    return (uint16_t)(int16_t)((rank * 500 + (rank < 0 ? -1 : 1)) / 3);
}

/* The core of formats 0 to 5 after the coordinates: bytes 12 to 19 in one load, 12 to 19 of formats
 * 6 to 10 in one store. */
static inline void scree__las_map_old_core(const uint8_t *in, uint8_t *out,
                                           struct scree__las_map_core *core)
{
    enum { CLASS_OVERLAP = 12, FLAG_OVERLAP = 8 };
    uint64_t old = scree__base_load64(in + 12);
    unsigned old_return = (unsigned)(old >> 16) & 255, old_class = (unsigned)(old >> 24) & 255;
    unsigned overlap = (old_class & 31) == CLASS_OVERLAP;
    unsigned new_return = (old_return & 7) | (old_return & 0x38) << 1;
    unsigned flags = old_class >> 5 | overlap * FLAG_OVERLAP | (old_return & 0xC0);
    unsigned new_class = overlap ? 1 : old_class & 31;
    uint64_t angle = scree__las_map_scan_angle((int8_t)(uint8_t)(old >> 32));
    scree__las_map_count_return(core, new_return);
    core->overlap_classes += overlap;
    uint64_t user = (old >> 40) & 255;
    scree__base_store64(out + 12, (old & 0xFFFF) | (uint64_t)new_return << 16 |
                                      (uint64_t)flags << 24 | (uint64_t)new_class << 32 |
                                      user << 40 | angle << 48);
    scree__base_store16(out + 20, (uint16_t)(old >> 48));
}

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
