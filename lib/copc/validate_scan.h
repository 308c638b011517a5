/*
 * validate_scan.h - what the validator gathers from points. One tally belongs to one worker;
 * tallies add up to the same whatever worker saw which unit, so that findings do not depend on
 * threads.
 */
#ifndef SCREE_LIB_COPC_VALIDATE_SCAN_H
#define SCREE_LIB_COPC_VALIDATE_SCAN_H

#include "copc/validate.h"

/* What is noted by unit, with the place of its first point. */
enum scree__copc_note_kind {
    SCREE__NOTE_DECODE,      /* the unit cannot be decoded */
    SCREE__NOTE_BOX_FAR,     /* points outside the node's box, by a scale unit or more */
    SCREE__NOTE_BOX_NEAR,    /* by less */
    SCREE__NOTE_RETURN,      /* return number 0, or above the number of returns */
    SCREE__NOTE_GPS_NAN,     /* a GPS time that is not a number */
    SCREE__NOTE_GPS_OUTSIDE, /* GPS time outside the info VLR's range */
    SCREE__NOTE_GPS_ORDER,   /* GPS time below that of the point before */
    SCREE__NOTE_BLACK,       /* red, green and blue are 0 */
    SCREE__NOTE_SAMPLES,     /* a sample of the temporal index is not the point's time */
    SCREE__NOTE_KINDS
};

struct scree__copc_note {
    uint64_t unit, point; /* the first point, counted within the unit */
    uint64_t count;       /* points of the unit */
    double worst;         /* boxes: the largest distance, in scale units; GPS: the first time */
    double at[3];         /* boxes: the first point; samples: the first one, and its point's time */
    char message[400];    /* decoding */
};

/* The notes of the smallest units: those that are going to be said. */
struct scree__copc_notes {
    struct scree__copc_note first[SCREE__FINDINGS_A_RULE];
    unsigned kept;
    uint64_t units, points;
};

struct scree__copc_tally {
    uint64_t points;
    int32_t min[3], max[3]; /* of records; min > max: none */
    uint64_t returns[16];
    double gps_min, gps_max;             /* of times that are numbers; min > max: none */
    uint16_t color_bits, intensity_bits; /* all values or-ed: at most 255 when every value is */
    struct scree__copc_notes notes[SCREE__NOTE_KINDS];
};

/* Where the fields of a point format lie in a record; gps and rgb 0: there is none. */
struct scree__copc_scan {
    const struct scree_las_header *header;
    const struct scree_copc_info *info; /* NULL: no range and no order to judge */
    bool wide_returns;                  /* formats 6 to 10: four bits each */
    uint32_t gps, rgb;
};

/* One unit while it is read. */
struct scree__copc_unit {
    uint64_t index, points; /* points seen */
    bool has_box, ordered;  /* ordered: GPS times are compared with the one before */
    double min[3], max[3];
    double gps_before;
    struct scree__copc_times *times; /* NULL: the temporal index has nothing of it */
    struct scree__copc_note notes[SCREE__NOTE_KINDS]; /* count 0: nothing */
};

void scree__copc_scan_init(struct scree__copc_scan *scan, const struct scree__copc_check *check);
void scree__copc_tally_init(struct scree__copc_tally *tally);
void scree__copc_tally_merge(struct scree__copc_tally *tally,
                             const struct scree__copc_tally *other);
void scree__copc_unit_begin(struct scree__copc_unit *unit, uint64_t index);
/* The next `count` records of the unit. */
void scree__copc_scan_records(const struct scree__copc_scan *scan, struct scree__copc_unit *unit,
                              struct scree__copc_tally *tally, const uint8_t *records,
                              uint64_t count);
/* At point `at` of the unit something is to be noted; its count tells whether it is the first. */
struct scree__copc_note *scree__copc_note_point(struct scree__copc_unit *unit,
                                                enum scree__copc_note_kind kind, uint64_t at);
/* validate_times.c: before scree__copc_scan_records() for the same ones. point_count: of the unit;
 * unit->times is set, and was begun. */
void scree__copc_times_begin(struct scree__copc_times *times);
SCREE_MUST_CHECK enum scree_status
scree__copc_times_take(const struct scree__copc_check *check, const struct scree__copc_scan *scan,
                       struct scree__copc_unit *unit, const uint8_t *records, uint64_t count,
                       uint64_t point_count, struct scree_error *err);
/* validate_tally.c: the node whose chunk the unit is; NULL when no node names it. */
const struct scree_copc_entry *scree__copc_unit_node(const struct scree__copc_check *check,
                                                     const struct scree_las_unit *unit);
/* Says what all units together have told. */
void scree__copc_tally_say(struct scree__copc_check *check, const struct scree__copc_tally *tally,
                           const struct scree__copc_scan *scan);
/* Puts the unit's notes into the tally. */
void scree__copc_unit_end(struct scree__copc_unit *unit, struct scree__copc_tally *tally);

#endif
