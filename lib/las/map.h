/*
 * map.h - records of any format and grid into records of one output format and grid: 0-10 to 6, 7
 * or 8.
 *
 * Field rules (0-5 to 6-8): return number and number of returns as they are; class 12 becomes class
 * 1 with the overlap flag, else class & 31; synthetic, key-point and withheld flags, scan direction
 * and edge of flight line keep their meaning; scan angle rank becomes 0.006 degree units, rounded
 * half away from zero; absent GPS time is 0; absent colours are 0; wave packets are dropped.
 * Formats 6-10: byte for byte. Extra bytes: byte for byte to their place in the joint schema; what
 * an input lacks gets the schema's default bytes. Coordinates: shifted as integers where the grids
 * agree, else rounded to the nearest unit (half away from zero).
 */
#ifndef SCREE_LIB_LAS_MAP_H
#define SCREE_LIB_LAS_MAP_H

#include "scree/las.h"

/* One run of extra bytes that an input has: from its offset to the output's offset. */
struct scree__las_map_copy {
    uint32_t from, to, bytes; /* offsets from the start of the extra bytes */
};

struct scree__las_map {
    unsigned in_format, out_format; /* 0-10; 6, 7 or 8 */
    uint32_t in_bytes, out_bytes;   /* record lengths */
    bool exact[3];                  /* the axis is a shift of integers */
    int64_t shift[3];               /* out = in + shift, where exact */
    double in_scale[3], in_offset[3], out_scale[3], out_offset[3]; /* elsewhere */
    bool fix_returns;  /* return number 0 becomes 1; then too few returns become the number */
    bool scale_colors; /* red, green, blue by 257 (above 255: 65535); NIR is kept */
    const uint8_t *extra_defaults; /* out_bytes - base(out_format) bytes; NULL: zeros */
    uint32_t copy_count;
    const struct scree__las_map_copy *copies;
};

/* What went by; start from zeros, add up over runs. */
struct scree__las_map_stats {
    uint64_t zero_returns;    /* return number 0 (before any repair) */
    uint64_t excess_returns;  /* return number above number of returns */
    uint64_t fixed_returns;   /* points changed by fix_returns */
    uint64_t overlap_classes; /* class 12 translated */
    uint64_t wave_packets; /* points with a wave packet that was dropped (descriptor index not 0) */
    uint64_t out_of_range; /* points with a coordinate that does not fit 32 bits on the output's
                              grid (that coordinate is written as 0) */
    uint64_t first_out_of_range; /* index, within this call's run, of the first such point when
                                    out_of_range went from 0 */
    uint16_t color_max;          /* largest red, green or blue (before scaling) */
    double rounding_max; /* largest |new - old| coordinate, in coordinate units, where not exact */
};

/*
 * Can values on grid (scale, offset) be carried to the output's grid by a shift of integers? True
 * when the scales are equal and the offsets a whole number of units apart (how near is near enough:
 * see map.c); *shift is then that number.
 */
bool scree__las_map_grid_shift(double in_scale, double in_offset, double out_scale,
                               double out_offset, int64_t *shift);

/* Do records stay as they are, but perhaps for the return byte? Then they need no mapping: count and fix them in place. */
bool scree__las_map_is_identity(const struct scree__las_map *map);
void scree__las_map_in_place(const struct scree__las_map *map, uint8_t *records, size_t count,
                             struct scree__las_map_stats *stats);

/*
 * May the rest of a record's mapping wait? Of formats 0 to 3 without extra bytes in formats 6 and 7, shifted, where nothing but the format changes: they
 * are shorter as they are. Then scree__las_map_wait() moves them to the output's grid in place, scree__las_map_count_waiting() counts what
 * scree__las_map_records() would; one at a time, scree__las_map_waited() (map_old.h) makes it what that would have made it.
 */
bool scree__las_map_may_wait(const struct scree__las_map *map);
void scree__las_map_wait(const struct scree__las_map *map, uint8_t *records, size_t count,
                         struct scree__las_map_stats *stats);
void scree__las_map_count_waiting(unsigned in_format, const uint8_t *records, size_t count,
                                  struct scree__las_map_stats *stats);

/* Maps `count` records. in and out do not overlap; tightly packed. Cannot fail: trouble is counted.
 */
void scree__las_map_records(const struct scree__las_map *map, const uint8_t *in, size_t count,
                            uint8_t *out, struct scree__las_map_stats *stats);

#endif
