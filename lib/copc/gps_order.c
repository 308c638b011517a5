/*
 * gps_order.c - by the upper 32 bits of what varies in the times, and what is equal then by the rest. A node's times mostly span less than 2^36 steps of
 * a double, so that equal means the returns of one pulse.
 */
#include "copc/gps_order.h"
#include "copc/order.h"
#include "copc/record.h"

#include <string.h>

/* So many records ahead of the loop, which takes 2 ns a point, they are fetched: whole, as they are copied next. */
#define AHEAD 48u

struct source {
    const uint8_t *records;
    uint32_t record_bytes;
};

struct span {
    uint64_t min, max;
};

/* Times as sortable numbers. */
static struct span load_times(const struct source *source, const uint64_t *places, uint64_t *times,
                              uint64_t count)
{
    const uint8_t *records = source->records;
    uint32_t record_bytes = source->record_bytes;
    struct span span = {UINT64_MAX, 0};
    for (uint64_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            const uint8_t *next =
                records + (uint64_t)scree__copc_place_id(places[i + AHEAD]) * record_bytes;
            __builtin_prefetch(next);
            __builtin_prefetch(next + record_bytes - 1);
        }
        uint64_t time = scree__copc_gps_key(
            scree__base_load64(records + (uint64_t)scree__copc_place_id(places[i]) * record_bytes +
                               SCREE__COPC_GPS_TIME_AT));
        times[i] = time;
        span.min = time < span.min ? time : span.min;
        span.max = time > span.max ? time : span.max;
    }
    return span;
}

static void settle_runs(const struct source *source, uint64_t *places, uint64_t *other,
                        uint64_t count);

/* other: the times of the places. */
static uint64_t *sort_times(const struct source *source, uint64_t *places, uint64_t *other,
                            uint64_t count, struct span span)
{
    if (span.min >= span.max)
        return places;
    unsigned bits = 64u - (unsigned)__builtin_clzll(span.max - span.min);
    unsigned shift = bits > 32 ? bits - 32 : 0;
    for (uint64_t i = 0; i < count; i++)
        places[i] = scree__copc_place((uint32_t)((other[i] - span.min) >> shift),
                                      scree__copc_place_id(places[i]));
    uint64_t *sorted = scree__copc_radix_sort(places, other, count);
    if (shift > 0)
        settle_runs(source, sorted, sorted == places ? other : places, count);
    return sorted;
}

/* Runs whose keys are equal, by the bits that the keys did not hold. A run's times span less than 2^32: this goes no deeper. */
static void settle_runs(const struct source *source, uint64_t *places, uint64_t *other,
                        uint64_t count)
{
    for (uint64_t from = 0, to; from + 1 < count; from = to) {
        for (to = from + 1; to < count && (places[to] ^ places[from]) >> 32 == 0;)
            to++;
        if (to - from == 1)
            continue;
        struct span span = load_times(source, places + from, other + from, to - from);
        uint64_t *sorted = sort_times(source, places + from, other + from, to - from, span);
        if (sorted != places + from)
            memcpy(places + from, sorted, (to - from) * sizeof *places);
    }
}

uint64_t *scree__copc_gps_sort(const uint8_t *records, uint32_t record_bytes, uint64_t *places,
                               uint64_t *other, uint64_t count)
{
    struct source source = {records, record_bytes};
    struct span span = load_times(&source, places, other, count);
    return sort_times(&source, places, other, count, span);
}
