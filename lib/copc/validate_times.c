/* validate_times.c - the samples of a temporal index beside the points that they are said to be of. */
#include "copc/temporal_format.h"
#include "copc/validate_scan.h"

#include <string.h>

/* Samples read at a time. */
#define PIECE_SAMPLES 512u

static void widen(struct scree__copc_times *times, double time)
{
    if (isnan(time))
        return;
    if (!(time >= times->min)) /* NaN as yet */
        times->min = time;
    if (!(time <= times->max))
        times->max = time;
}

void scree__copc_times_begin(struct scree__copc_times *times)
{
    times->min = times->max = NAN;
    times->known = false;
}

enum scree_status scree__copc_times_take(const struct scree__copc_check *check,
                                         const struct scree__copc_scan *scan,
                                         struct scree__copc_unit *unit, const uint8_t *records,
                                         uint64_t count, uint64_t point_count,
                                         struct scree_error *err)
{
    const uint32_t record_bytes = check->header.record_bytes, stride = check->times_stride;
    const uint64_t first = unit->points;
    struct scree__copc_times *times = unit->times;
    const uint8_t *p = records + scan->gps;
    for (uint64_t i = 0; i < count; i++, p += record_bytes)
        widen(times, scree__base_load_f64(p));
    if (!times->fits || count == 0)
        return SCREE_OK;
    uint8_t samples[8 * PIECE_SAMPLES];
    uint64_t at = (first + stride - 1) / stride; /* the first sample of these points */
    while (at < times->sample_count) {
        uint64_t now = times->sample_count - at, taken = 0;
        if (scree__temporal_sample_point(at, point_count, stride) >= first + count)
            return SCREE_OK;
        now = now < PIECE_SAMPLES ? now : PIECE_SAMPLES;
        enum scree_status status = scree_source_read(check->source, times->samples_at + 8 * at,
                                                     samples, (size_t)(8 * now), err);
        if (status != SCREE_OK)
            return status;
        for (; taken < now; taken++, at++) {
            const uint64_t point = scree__temporal_sample_point(at, point_count, stride);
            if (point >= first + count)
                return SCREE_OK;
            const double sample = scree__base_load_f64(samples + 8 * taken);
            const double time =
                scree__base_load_f64(records + (point - first) * record_bytes + scan->gps);
            if (sample == time || (isnan(sample) && isnan(time)))
                continue;
            struct scree__copc_note *note =
                scree__copc_note_point(unit, SCREE__NOTE_SAMPLES, point);
            if (note->count == 1) {
                note->at[0] = sample;
                note->at[1] = time;
            }
        }
    }
    return SCREE_OK;
}
