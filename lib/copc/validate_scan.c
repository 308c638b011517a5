/* validate_scan.c - a look at every point: boxes, returns, GPS times, colours. */
#include "copc/validate_scan.h"
#include "base/bytes.h"

#include <math.h>
#include <string.h>

void scree__copc_scan_init(struct scree__copc_scan *scan, const struct scree__copc_check *check)
{
    static const uint8_t gps_at[11] = {0, 20, 0, 20, 20, 20, 22, 22, 22, 22, 22};
    static const uint8_t rgb_at[11] = {0, 0, 20, 28, 0, 28, 0, 30, 30, 0, 30};
    const unsigned format = check->header.point_format;
    scan->header = &check->header;
    scan->info = check->has_info ? &check->info : NULL;
    scan->wide_returns = format >= 6;
    scan->gps = format <= 10 ? gps_at[format] : 0;
    scan->rgb = format <= 10 ? rgb_at[format] : 0;
}

void scree__copc_tally_init(struct scree__copc_tally *tally)
{
    memset(tally, 0, sizeof *tally);
    for (unsigned i = 0; i < 3; i++) {
        tally->min[i] = INT32_MAX;
        tally->max[i] = INT32_MIN;
    }
    tally->gps_min = INFINITY;
    tally->gps_max = -INFINITY;
}

/* ---------------------------------------------------------------------------------------- notes */

static void keep(struct scree__copc_notes *notes, const struct scree__copc_note *note)
{
    unsigned at = notes->kept;
    while (at > 0 && notes->first[at - 1].unit > note->unit)
        at--;
    if (at == SCREE__FINDINGS_A_RULE)
        return;
    if (notes->kept < SCREE__FINDINGS_A_RULE)
        notes->kept++;
    memmove(&notes->first[at + 1], &notes->first[at],
            (notes->kept - at - 1) * sizeof *notes->first);
    notes->first[at] = *note;
}

struct scree__copc_note *scree__copc_note_point(struct scree__copc_unit *unit,
                                                enum scree__copc_note_kind kind, uint64_t at)
{
    struct scree__copc_note *note = &unit->notes[kind];
    if (note->count++ == 0) {
        note->unit = unit->index;
        note->point = at;
    }
    return note;
}

void scree__copc_tally_merge(struct scree__copc_tally *tally, const struct scree__copc_tally *other)
{
    tally->points += other->points;
    for (unsigned i = 0; i < 3; i++) {
        tally->min[i] = other->min[i] < tally->min[i] ? other->min[i] : tally->min[i];
        tally->max[i] = other->max[i] > tally->max[i] ? other->max[i] : tally->max[i];
    }
    for (unsigned i = 0; i < 16; i++)
        tally->returns[i] += other->returns[i];
    tally->gps_min = fmin(tally->gps_min, other->gps_min);
    tally->gps_max = fmax(tally->gps_max, other->gps_max);
    tally->color_bits |= other->color_bits;
    tally->intensity_bits |= other->intensity_bits;
    for (unsigned kind = 0; kind < SCREE__NOTE_KINDS; kind++) {
        tally->notes[kind].units += other->notes[kind].units;
        tally->notes[kind].points += other->notes[kind].points;
        for (unsigned i = 0; i < other->notes[kind].kept; i++)
            keep(&tally->notes[kind], &other->notes[kind].first[i]);
    }
}

void scree__copc_unit_begin(struct scree__copc_unit *unit, uint64_t index)
{
    unit->index = index;
    unit->points = 0;
    unit->has_box = unit->ordered = false;
    unit->gps_before = -INFINITY;
    unit->times = NULL;
    for (unsigned kind = 0; kind < SCREE__NOTE_KINDS; kind++)
        unit->notes[kind].count = 0;
}

void scree__copc_unit_end(struct scree__copc_unit *unit, struct scree__copc_tally *tally)
{
    for (unsigned kind = 0; kind < SCREE__NOTE_KINDS; kind++) {
        struct scree__copc_note *note = &unit->notes[kind];
        if (note->count == 0)
            continue;
        /* Boxes are noted as near first; the worst point decides what the node's finding is. */
        unsigned as = kind == SCREE__NOTE_BOX_NEAR && note->worst >= 1 ? SCREE__NOTE_BOX_FAR : kind;
        tally->notes[as].units++;
        tally->notes[as].points += note->count;
        keep(&tally->notes[as], note);
    }
    tally->points += unit->points;
}

/* ---------------------------------------------------------------------------------------- scans */

static void scan_extent(struct scree__copc_tally *tally, const uint8_t *records, uint32_t stride,
                        uint64_t count)
{
    for (unsigned axis = 0; axis < 3; axis++) {
        int32_t min = tally->min[axis], max = tally->max[axis];
        const uint8_t *p = records + 4 * axis;
        for (uint64_t i = 0; i < count; i++, p += stride) {
            const int32_t value = scree__base_load_i32(p);
            min = value < min ? value : min;
            max = value > max ? value : max;
        }
        tally->min[axis] = min;
        tally->max[axis] = max;
    }
}

/* Coordinates as every reader computes them: record * scale + offset in f64. No tolerance: the
 * distance is noted. */
static void scan_box(const struct scree_las_header *h, struct scree__copc_unit *unit,
                     const uint8_t *records, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *p = records + i * h->record_bytes;
        double at[3], worst = 0;
        bool inside = true;
        for (unsigned axis = 0; axis < 3; axis++) {
            at[axis] = scree__base_load_i32(p + 4 * axis) * h->scale[axis] + h->offset[axis];
            if (at[axis] >= unit->min[axis] && at[axis] <= unit->max[axis])
                continue;
            inside = false;
            const double by = fmax(unit->min[axis] - at[axis], at[axis] - unit->max[axis]);
            worst = fmax(worst, by / fabs(h->scale[axis]));
        }
        if (inside)
            continue;
        struct scree__copc_note *note =
            scree__copc_note_point(unit, SCREE__NOTE_BOX_NEAR, unit->points + i);
        if (note->count == 1) {
            memcpy(note->at, at, sizeof at);
            note->worst = worst;
        }
        note->worst = fmax(note->worst, worst);
    }
}

static void scan_returns(const struct scree__copc_scan *scan, struct scree__copc_unit *unit,
                         struct scree__copc_tally *tally, const uint8_t *records, uint64_t count)
{
    const unsigned bits = scan->wide_returns ? 4 : 3, mask = (1u << bits) - 1;
    const uint8_t *p = records + 14;
    for (uint64_t i = 0; i < count; i++, p += scan->header->record_bytes) {
        const unsigned number = *p & mask, of = *p >> bits & mask;
        tally->returns[number]++;
        if (number == 0 || number > of)
            (void)scree__copc_note_point(unit, SCREE__NOTE_RETURN, unit->points + i);
    }
}

/* A time that is not a number is noted and otherwise left out. */
static void scan_gps(const struct scree__copc_scan *scan, struct scree__copc_unit *unit,
                     struct scree__copc_tally *tally, const uint8_t *records, uint64_t count)
{
    const uint8_t *p = records + scan->gps;
    for (uint64_t i = 0; i < count; i++, p += scan->header->record_bytes) {
        const double time = scree__base_load_f64(p);
        const uint64_t at = unit->points + i;
        if (isnan(time)) {
            (void)scree__copc_note_point(unit, SCREE__NOTE_GPS_NAN, at);
            unit->gps_before = INFINITY; /* nothing but NaN and infinity may follow */
            continue;
        }
        tally->gps_min = time < tally->gps_min ? time : tally->gps_min;
        tally->gps_max = time > tally->gps_max ? time : tally->gps_max;
        if (scan->info == NULL)
            continue;
        struct scree__copc_note *note = NULL;
        if (!(time >= scan->info->gps_time_min && time <= scan->info->gps_time_max))
            note = scree__copc_note_point(unit, SCREE__NOTE_GPS_OUTSIDE, at);
        if (note != NULL && note->count == 1)
            note->worst = time;
        if (unit->ordered && time < unit->gps_before)
            (void)scree__copc_note_point(unit, SCREE__NOTE_GPS_ORDER, at);
        unit->gps_before = time;
    }
}

static void scan_colors(const struct scree__copc_scan *scan, struct scree__copc_unit *unit,
                        struct scree__copc_tally *tally, const uint8_t *records, uint64_t count)
{
    const uint8_t *p = records + scan->rgb;
    for (uint64_t i = 0; i < count; i++, p += scan->header->record_bytes) {
        const uint16_t red = scree__base_load16(p), green = scree__base_load16(p + 2),
                       blue = scree__base_load16(p + 4);
        const uint16_t any = (uint16_t)(red | green | blue);
        tally->color_bits |= any;
        if (any == 0 && scan->info != NULL)
            (void)scree__copc_note_point(unit, SCREE__NOTE_BLACK, unit->points + i);
    }
}

static void scan_intensities(struct scree__copc_tally *tally, const uint8_t *records,
                             uint32_t stride, uint64_t count)
{
    uint16_t bits = 0;
    for (const uint8_t *p = records + 12; count > 0; count--, p += stride)
        bits |= scree__base_load16(p);
    tally->intensity_bits |= bits;
}

void scree__copc_scan_records(const struct scree__copc_scan *scan, struct scree__copc_unit *unit,
                              struct scree__copc_tally *tally, const uint8_t *records,
                              uint64_t count)
{
    scan_extent(tally, records, scan->header->record_bytes, count);
    scan_intensities(tally, records, scan->header->record_bytes, count);
    if (unit->has_box)
        scan_box(scan->header, unit, records, count);
    scan_returns(scan, unit, tally, records, count);
    if (scan->gps != 0)
        scan_gps(scan, unit, tally, records, count);
    if (scan->rgb != 0)
        scan_colors(scan, unit, tally, records, count);
    unit->points += count;
}
