/* validate_tally.c - what the points have told, as findings. */
#include "copc/validate_scan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define SECONDS_A_WEEK 604800.0

const struct scree_copc_entry *scree__copc_unit_node(const struct scree__copc_check *check,
                                                     const struct scree_las_unit *unit)
{
    if (unit->sequential)
        return NULL;
    uint64_t begin = 0, end = check->node_count;
    while (begin < end) {
        const uint64_t middle = begin + (end - begin) / 2;
        if (check->nodes[middle].offset == unit->offset)
            return &check->nodes[middle];
        if (check->nodes[middle].offset < unit->offset)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

static void name_unit(const struct scree__copc_check *check, uint64_t index, char *text,
                      size_t capacity)
{
    struct scree_las_unit unit;
    scree_las_unit(check->reader, index, &unit);
    const struct scree_copc_entry *node = scree__copc_unit_node(check, &unit);
    if (node != NULL)
        (void)snprintf(text, capacity, "node %d-%d-%d-%d (chunk %" PRIu64 " at byte %" PRIu64 ")",
                       node->key.level, node->key.x, node->key.y, node->key.z, index, unit.offset);
    else
        (void)snprintf(text, capacity, "%s %" PRIu64 " at byte %" PRIu64,
                       check->header.compressed ? "chunk" : "run", index, unit.offset);
}

static void say_boxes(struct scree__copc_check *check, const struct scree__copc_notes *notes,
                      enum scree__copc_rule rule)
{
    for (unsigned i = 0; i < notes->kept; i++) {
        const struct scree__copc_note *note = &notes->first[i];
        char where[96];
        name_unit(check, note->unit, where, sizeof where);
        scree__copc_say(check, rule,
                        "%s: %" PRIu64 " points outside the node's box, by up to %.3g scale units; "
                        "first point %" PRIu64 " at (%.15g, %.15g, %.15g)",
                        where, note->count, note->worst, note->point, note->at[0], note->at[1],
                        note->at[2]);
    }
    scree__copc_say_more(check, rule, notes->units - notes->kept);
}

static void say_decode(struct scree__copc_check *check, const struct scree__copc_notes *notes)
{
    for (unsigned i = 0; i < notes->kept; i++) {
        const struct scree__copc_note *note = &notes->first[i];
        struct scree_las_unit unit;
        scree_las_unit(check->reader, note->unit, &unit);
        const struct scree_copc_entry *node = scree__copc_unit_node(check, &unit);
        const char *message = scree__copc_without_name(check, note->message);
        if (node != NULL)
            scree__copc_say(check, SCREE__LAZ_DECODE, "node %d-%d-%d-%d: %s", node->key.level,
                            node->key.x, node->key.y, node->key.z, message);
        else
            scree__copc_say(check, SCREE__LAZ_DECODE, "%s", message);
    }
    scree__copc_say_more(check, SCREE__LAZ_DECODE, notes->units - notes->kept);
}

static void say_samples(struct scree__copc_check *check, const struct scree__copc_notes *notes)
{
    for (unsigned i = 0; i < notes->kept; i++) {
        const struct scree__copc_note *note = &notes->first[i];
        char where[96];
        name_unit(check, note->unit, where, sizeof where);
        scree__copc_say(check, SCREE__T15,
                        "temporal index: %s: %" PRIu64 " samples are not the times of their "
                        "points; the first %.17g, point %" PRIu64 " has %.17g",
                        where, note->count, note->at[0], note->point, note->at[1]);
    }
    scree__copc_say_more(check, SCREE__T15, notes->units - notes->kept);
}

/* One finding for the whole file, with the first place. */
static void say_summary(struct scree__copc_check *check, const struct scree__copc_notes *notes,
                        enum scree__copc_rule rule, const char *what)
{
    if (notes->units == 0)
        return;
    char where[96];
    name_unit(check, notes->first[0].unit, where, sizeof where);
    scree__copc_say(check, rule, "%" PRIu64 " points %s; first %s, point %" PRIu64, notes->points,
                    what, where, notes->first[0].point);
}

static void say_bounds(struct scree__copc_check *check, const struct scree__copc_tally *tally,
                       bool complete)
{
    const struct scree_las_header *h = &check->header;
    for (unsigned i = 0; i < 3 && tally->points > 0; i++) {
        const double a = tally->min[i] * h->scale[i] + h->offset[i];
        const double b = tally->max[i] * h->scale[i] + h->offset[i];
        const double low = fmin(a, b), high = fmax(a, b), slack = fabs(h->scale[i]);
        if (low < h->min[i] - slack || high > h->max[i] + slack)
            scree__copc_say(check, SCREE__LAS_BOUNDS_POINTS,
                            "points in %c are in [%.15g, %.15g], outside the header's [%.15g, "
                            "%.15g]",
                            "xyz"[i], low, high, h -> min[i], h -> max[i]);
        else if (complete && (low > h->min[i] + slack || high < h->max[i] - slack))
            scree__copc_say(check, SCREE__LAS_BOUNDS_LOOSE,
                            "points in %c are in [%.15g, %.15g]; the header says [%.15g, %.15g]",
                            "xyz"[i], low, high, h -> min[i], h -> max[i]);
    }
}

/* Counts that are all 0 were not filled in, which the sum has told. */
static void say_returns(struct scree__copc_check *check, const struct scree__copc_tally *tally)
{
    const struct scree_las_header *h = &check->header;
    const unsigned returns = h->version_minor < 4 ? 5 : 15;
    unsigned wrong = 0, first = 0;
    bool filled = false;
    for (unsigned i = returns; i > 0; i--) {
        filled = filled || h->return_counts[i - 1] != 0;
        if (tally->returns[i] != h->return_counts[i - 1]) {
            wrong++;
            first = i;
        }
    }
    if (filled && wrong > 0)
        scree__copc_say(check, SCREE__LAS_RETURN_COUNTS,
                        "%u counts by return in the header are wrong; the first: %" PRIu64
                        " points of return %u, the header says %" PRIu64,
                        wrong, tally->returns[first], first, h->return_counts[first - 1]);
}

/* Adjusted standard times in a file that does not say so are the usual mistake. */
static void say_encoding(struct scree__copc_check *check, const struct scree__copc_tally *tally)
{
    if ((check->header.global_encoding & SCREE_LAS_GPS_STANDARD_TIME) == 0 &&
        tally->gps_min <= tally->gps_max && (tally->gps_min < 0 || tally->gps_max > SECONDS_A_WEEK))
        scree__copc_say(check, SCREE__LAS_GPS_ENCODING,
                        "GPS times are in [%.15g, %.15g]; by bit 0 of the global encoding at byte "
                        "6 they are seconds of the week, 0 to %.15g",
                        tally->gps_min, tally->gps_max, SECONDS_A_WEEK);
}

/* Counts and ranges, which only all points together can tell. */
static void say_totals(struct scree__copc_check *check, const struct scree__copc_tally *tally)
{
    const struct scree_las_header *h = &check->header;
    if (tally->points != h->point_count)
        scree__copc_say(check, SCREE__LAS_POINT_COUNT,
                        "the file has %" PRIu64 " points, the header says %" PRIu64, tally->points,
                        h->point_count);
    say_returns(check, tally);
    if (check->has_info && tally->gps_min <= tally->gps_max &&
        tally->notes[SCREE__NOTE_GPS_OUTSIDE].units == 0 &&
        (tally->gps_min != check->info.gps_time_min || tally->gps_max != check->info.gps_time_max))
        scree__copc_say(check, SCREE__COPC_GPS_LOOSE,
                        "GPS times are in [%.15g, %.15g]; the info VLR says [%.15g, %.15g]",
                        tally->gps_min, tally->gps_max, check->info.gps_time_min,
                        check->info.gps_time_max);
}

void scree__copc_tally_say(struct scree__copc_check *check, const struct scree__copc_tally *tally,
                           const struct scree__copc_scan *scan)
{
    const struct scree__copc_notes *notes = tally->notes;
    const bool complete = !check->options.shallow && notes[SCREE__NOTE_DECODE].units == 0;
    say_decode(check, &notes[SCREE__NOTE_DECODE]);
    if (complete)
        say_totals(check, tally);
    say_bounds(check, tally, complete);
    say_encoding(check, tally);
    say_boxes(check, &notes[SCREE__NOTE_BOX_FAR], SCREE__R8);
    say_boxes(check, &notes[SCREE__NOTE_BOX_NEAR], SCREE__R8_NEAR);
    say_summary(check, &notes[SCREE__NOTE_RETURN], SCREE__LAS_RETURN_NUMBER,
                "have return number 0, or one above their number of returns");
    say_summary(check, &notes[SCREE__NOTE_GPS_NAN], SCREE__LAS_GPS_NAN,
                "have a GPS time that is not a number");
    if (notes[SCREE__NOTE_GPS_OUTSIDE].units > 0) {
        char what[160];
        (void)snprintf(what, sizeof what,
                       "have a GPS time outside [%.15g, %.15g], the range in the info VLR "
                       "(%.15g, say)",
                       check->info.gps_time_min, check->info.gps_time_max,
                       notes[SCREE__NOTE_GPS_OUTSIDE].first[0].worst);
        say_summary(check, &notes[SCREE__NOTE_GPS_OUTSIDE], SCREE__COPC_GPS_RANGE, what);
    }
    say_summary(check, &notes[SCREE__NOTE_GPS_ORDER], SCREE__COPC_GPS_ORDER,
                "have a GPS time before that of the point before them in the node");
    if (check->times != NULL)
        say_summary(check, &notes[SCREE__NOTE_GPS_ORDER], SCREE__T2,
                    "are not in order of time, so that a temporal index loses some");
    say_samples(check, &notes[SCREE__NOTE_SAMPLES]);
    say_summary(check, &notes[SCREE__NOTE_BLACK], SCREE__COPC_BLACK, "have the colour 0, 0, 0");
    if (scan->rgb != 0 && check->claims_copc && tally->points > 0 && tally->color_bits > 0 &&
        tally->color_bits <= 255)
        scree__copc_say(check, SCREE__R7, "no colour value is above 255: 8 bits in 16");
    if (check->claims_copc && tally->intensity_bits > 0 && tally->intensity_bits <= 255)
        scree__copc_say(check, SCREE__COPC_INTENSITY, "no intensity is above 255: 8 bits in 16");
}
