/*
 * flight.h - the survey's geometry: area, tiles, flight lines, and where each pulse of a line goes.
 *
 * Lines run north and south by turns, 70 % of a swath apart. The part of a line's swath that lies
 * in one tile is a strip. A strip has a fixed number of pulse slots, evenly spaced in time; the
 * mirror swings across the strip while the aircraft moves on, so slot after slot draws a zigzag.
 */
#ifndef SCREE_LIB_SYNTH_FLIGHT_H
#define SCREE_LIB_SYNTH_FLIGHT_H

#include "scree/synth.h"

#include "synth/scene.h"

/* Slots come in blocks: the unit in which points are shared out (see plan.h). */
#define SCREE__SYNTH_BLOCK_SLOTS 512u
/* A slot can be cut further, for pulses between the regular ones. */
#define SCREE__SYNTH_SLOT_PARTS 32u

struct scree__synth_survey {
    uint64_t seed, point_count;
    uint32_t tile_count, columns, rows, line_count;
    int64_t side;           /* of a tile, mm */
    int64_t width, height;  /* mm */
    int64_t swath, spacing; /* mm */
    int64_t altitude;       /* above ground, mm */
    int64_t speed;          /* mm/s */
    int64_t first_line;     /* x of the middle of line 0 */
};

struct scree__synth_strip {
    uint32_t line, tile;
    int64_t x0, x1, y0;                  /* y0: south side */
    int64_t middle;                      /* x under the aircraft */
    bool north;                          /* direction of flight */
    bool west_edge, east_edge;           /* the swath's own edges, not the tile's */
    bool west_neighbour, east_neighbour; /* a line overlaps there */
    uint64_t slot_count, scan_slots;     /* slots of a swing of the mirror */
    uint64_t block_count;
    uint64_t y_step;    /* mm a slot, in 2^-24 */
    uint64_t tick_step; /* ticks a slot, in 2^-20 */
    uint64_t first_tick;
};

/* When a pulse leaves, and where to. */
struct scree__synth_shot {
    struct scree__synth_ray ray;
    uint64_t ticks;     /* of 2^-24 s: one unit in the last place of today's GPS time as a double */
    int16_t scan_angle; /* 0.006 degrees, negative to the left */
    bool forward;       /* scan direction flag */
    bool edge, overlap;
};

SCREE_MUST_CHECK enum scree_status
scree__synth_survey_init(struct scree__synth_survey *survey,
                         const struct scree_synth_options *options, struct scree_error *err);

/* Points of tiles [0, tile) together. */
uint64_t scree__synth_points_before(const struct scree__synth_survey *survey, uint32_t tile);

/* Lines that cross a tile: [*first, *end). */
void scree__synth_tile_lines(const struct scree__synth_survey *survey, uint32_t tile,
                             uint32_t *first, uint32_t *end);
/* Area of all strips of a tile, mm2. */
uint64_t scree__synth_tile_area(const struct scree__synth_survey *survey, uint32_t tile);
/* slot_area: mm2 for a slot. */
void scree__synth_strip_init(const struct scree__synth_survey *survey, uint32_t tile, uint32_t line,
                             uint64_t slot_area, struct scree__synth_strip *strip);

/* part in [0, SCREE__SYNTH_SLOT_PARTS): so far into the slot. */
void scree__synth_shoot(const struct scree__synth_survey *survey,
                        const struct scree__synth_strip *strip, uint64_t slot, uint32_t part,
                        struct scree__synth_shot *shot);

#endif
