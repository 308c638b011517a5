/*
 * map_old.h - one record of formats 0 to 3 as formats 6 and 7 have it. The places of its parts are constants at every call, so that loops over records
 * have no branches on the format.
 */
#ifndef SCREE_LIB_LAS_MAP_OLD_H
#define SCREE_LIB_LAS_MAP_OLD_H

#include "base/bytes.h"

#include <stdbool.h>

/* "Overlap" of formats 0 to 5: a flag in others. */
#define SCREE__LAS_MAP_OVERLAP_CLASS 12u

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
    enum { FLAG_OVERLAP = 8 };
    uint64_t old = scree__base_load64(in + 12);
    unsigned old_return = (unsigned)(old >> 16) & 255, old_class = (unsigned)(old >> 24) & 255;
    unsigned overlap = (old_class & 31) == SCREE__LAS_MAP_OVERLAP_CLASS;
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

/* The same of a record that stays as it is: its bytes 14 and 15. */
static inline void scree__las_map_count_old(struct scree__las_map_core *core, unsigned returns,
                                            unsigned class)
{
    unsigned number = returns & 7, of = (returns >> 3) & 7;
    core->zero_returns += number == 0;
    core->excess_returns += number > of;
    core->overlap_classes += (class & 31) == SCREE__LAS_MAP_OVERLAP_CLASS;
}

/* Where formats 0 to 3 have GPS time and colours; 0: they have none. */
#define SCREE__LAS_MAP_OLD_GPS(format) ((format) == 1 || (format) == 3 ? 20u : 0u)
#define SCREE__LAS_MAP_OLD_RGB(format) ((format) == 2 ? 20u : (format) == 3 ? 28u : 0u)

/* What follows the core: in format 7 if `colored`, else in format 6. */
static inline void scree__las_map_old_rest(const uint8_t *in, uint8_t *out, unsigned gps_at,
                                           unsigned rgb_at, bool colored)
{
    scree__base_store64(out + 22, gps_at != 0 ? scree__base_load64(in + gps_at) : 0);
    if (colored) {
        scree__base_store32(out + 30, rgb_at != 0 ? scree__base_load32(in + rgb_at) : 0);
        scree__base_store16(out + 34, rgb_at != 0 ? scree__base_load16(in + rgb_at + 4) : 0);
    }
}

/* A record that has waited (scree__las_map_may_wait()), in format 6, or in format 7 if it has colours. */
static inline void scree__las_map_waited(const uint8_t *in, uint8_t *out, unsigned in_format)
{
    struct scree__las_map_core seen = {0, 0, 0}; /* it was counted before it waited */
    unsigned rgb_at = SCREE__LAS_MAP_OLD_RGB(in_format);
    scree__base_store64(out, scree__base_load64(in));
    scree__base_store32(out + 8, scree__base_load32(in + 8));
    scree__las_map_old_core(in, out, &seen);
    scree__las_map_old_rest(in, out, SCREE__LAS_MAP_OLD_GPS(in_format), rgb_at, rgb_at != 0);
}

/* What scree__las_map_old_core() makes of bytes 14 to 16, for many records: a third of the time. */
struct scree__las_map_old_tables {
    uint16_t returns[256]; /* bytes 14 and 15 of the new record, */
    uint32_t classes[256]; /* 14 to 17, */
    uint16_t angles[256];  /* 18 and 19, to be joined by "or" */
};

static inline void scree__las_map_old_tabulate(struct scree__las_map_old_tables *tables)
{
    struct scree__las_map_core seen = {0, 0, 0};
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned at = 14; at <= 16; at++) {
            uint8_t in[20] = {0}, out[22];
            in[at] = (uint8_t)byte;
            scree__las_map_old_core(in, out, &seen);
            if (at == 14)
                tables->returns[byte] = scree__base_load16(out + 14);
            else if (at == 15)
                tables->classes[byte] = scree__base_load32(out + 14);
            else
                tables->angles[byte] = scree__base_load16(out + 18);
        }
    }
}

/* scree__las_map_waited() by tables. */
static inline void scree__las_map_waited_by(const struct scree__las_map_old_tables *tables,
                                            const uint8_t *in, uint8_t *out, unsigned in_format)
{
    unsigned rgb_at = SCREE__LAS_MAP_OLD_RGB(in_format);
    uint64_t old = scree__base_load64(in + 12);
    uint64_t middle = tables->returns[in[14]] | tables->classes[in[15]];
    scree__base_store64(out, scree__base_load64(in));
    scree__base_store32(out + 8, scree__base_load32(in + 8));
    scree__base_store64(out + 12, (old & 0xFFFF) | middle << 16 | (old & (uint64_t)255 << 40) |
                                      (uint64_t)tables->angles[in[16]] << 48);
    scree__base_store16(out + 20, (uint16_t)(old >> 48));
    scree__las_map_old_rest(in, out, SCREE__LAS_MAP_OLD_GPS(in_format), rgb_at, rgb_at != 0);
}

#endif
