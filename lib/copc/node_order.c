/*
 * node_order.c - a node's records by GPS time: places are sorted by the upper 32 bits of what varies in the times. Points whose keys are equal are
 * mostly the returns of a pulse: they are settled when their records are copied. Sorts are stable, so that what is equal stays in the order of
 * all points.
 */
#include "copc/node_order.h"

#include <stdbool.h>
#include <string.h>

/* So many records ahead of the loops, which take 2 ns a point and more, they are fetched: whole, as they are copied next. */
#define AHEAD 48u
/* Times that are looked at before all are. */
#define PROBES 16u

struct span {
    uint64_t min, max;
};

/* What the coordinates of a node span. */
struct box {
    struct scree__las_range x, y, z;
};

static const struct box nothing = {
    {INT32_MAX, INT32_MIN}, {INT32_MAX, INT32_MIN}, {INT32_MAX, INT32_MIN}};

static void widen(struct box *box, const uint8_t *record)
{
    scree__las_range_add(&box->x, scree__base_load_i32(record));
    scree__las_range_add(&box->y, scree__base_load_i32(record + 4));
    scree__las_range_add(&box->z, scree__base_load_i32(record + 8));
}

static const uint8_t *record_of(const struct scree__copc_node_source *from, uint64_t place)
{
    return from->records + (uint64_t)scree__copc_place_id(place) * from->form.bytes;
}

static uint64_t time_of(const struct scree__copc_node_source *from, uint64_t place)
{
    return scree__copc_form_time(&from->form, record_of(from, place));
}

static void fetch(const struct scree__copc_node_source *from, uint64_t place)
{
    const uint8_t *record = record_of(from, place);
    __builtin_prefetch(record);
    __builtin_prefetch(record + from->form.bytes - 1);
}

/* ------------------------------------------------------------------------------------- many points of one time */

static unsigned below(const struct scree__copc_node_source *from, unsigned levels)
{
    unsigned depth = from->level + levels;
    return from->cube->depth > depth ? from->cube->depth - depth : 0;
}

/* Row, and place in it: upwards in even ones, downwards in odd ones. */
static uint32_t row_key(const struct scree__copc_node_source *from, const uint8_t *record)
{
    int32_t at[3];
    uint64_t cells[3];
    scree__copc_record_position(record, at);
    scree__copc_cube_cells(from->cube, at, cells);
    uint64_t row = cells[1] >> below(from, SCREE__COPC_ROW_LEVELS);
    uint64_t column = cells[0] >> below(from, SCREE__COPC_COLUMN_LEVELS);
    column ^= (uint64_t)0 - (row & 1);
    return (uint32_t)(row << SCREE__COPC_COLUMN_LEVELS |
                      (column & (((uint64_t)1 << SCREE__COPC_COLUMN_LEVELS) - 1)));
}

static bool seem_timeless(const struct scree__copc_node_source *from, const uint64_t *places,
                          uint64_t count)
{
    uint64_t first = time_of(from, places[0]);
    for (uint64_t i = 1; i <= PROBES; i++)
        if (time_of(from, places[(count - 1) * i / PROBES]) != first)
            return false;
    return count > SCREE__COPC_PULSE_POINTS;
}

/* digits, bits: of the keys; constants at every call that matters. */
static inline __attribute__((always_inline)) bool
number_rows_by(const struct scree__copc_node_source *from, uint64_t *places, uint64_t count,
               struct box *span, struct scree__copc_digits *counters, unsigned digits,
               unsigned bits)
{
    struct box box = nothing;
    uint64_t first = time_of(from, places[0]), differ = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            fetch(from, places[i + AHEAD]);
        widen(&box, record_of(from, places[i]));
        differ |= time_of(from, places[i]) ^ first;
        uint32_t key = row_key(from, record_of(from, places[i]));
        places[i] = scree__copc_place(key, scree__copc_place_id(places[i]));
        scree__copc_digits_add(counters, key, digits, bits);
    }
    *span = box;
    return differ == 0;
}

/* Keys by rows, and their digits. False: the times differ. */
static bool number_rows(const struct scree__copc_node_source *from, uint64_t *places,
                        uint64_t count, struct box *span, struct scree__copc_digits *digits)
{
    scree__copc_digits_init(digits, SCREE__COPC_ROW_LEVELS + SCREE__COPC_COLUMN_LEVELS, count);
    if (scree__copc_digits_are(digits, 2))
        return number_rows_by(from, places, count, span, digits, 2, SCREE__COPC_DIGIT_BITS_MAX);
    return number_rows_by(from, places, count, span, digits, digits->count, digits->bits);
}

/* ------------------------------------------------------------------------------------------------- by time */

static struct span load_times(const struct scree__copc_node_source *from, const uint64_t *places,
                              uint64_t *times, uint64_t count, struct box *box_span)
{
    struct box box = nothing;
    struct span span = {UINT64_MAX, 0};
    for (uint64_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            fetch(from, places[i + AHEAD]);
        widen(&box, record_of(from, places[i]));
        uint64_t time = time_of(from, places[i]);
        times[i] = time;
        span.min = time < span.min ? time : span.min;
        span.max = time > span.max ? time : span.max;
    }
    *box_span = box;
    return span;
}

static inline __attribute__((always_inline)) void
number_times(uint64_t *places, const uint64_t *times, uint64_t count, uint64_t least,
             unsigned shift, struct scree__copc_digits *counters, unsigned digits, unsigned bits)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t key = (uint32_t)((times[i] - least) >> shift);
        places[i] = scree__copc_place(key, scree__copc_place_id(places[i]));
        scree__copc_digits_add(counters, key, digits, bits);
    }
}

/* By the upper bits of the times. other: the times of the places. */
static uint64_t *sort_times(uint64_t *places, uint64_t *other, uint64_t count, struct span span)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll((span.max - span.min) | 1);
    unsigned shift = bits > 32 ? bits - 32 : 0;
    struct scree__copc_digits digits;
    scree__copc_digits_init(&digits, bits - shift, count);
    if (scree__copc_digits_are(&digits, 3))
        number_times(places, other, count, span.min, shift, &digits, 3, SCREE__COPC_DIGIT_BITS_MAX);
    else
        number_times(places, other, count, span.min, shift, &digits, digits.count, digits.bits);
    return scree__copc_digits_sort(&digits, places, other, count);
}

/* The end of the run of equal keys that begins here. */
static uint64_t run_end(const uint64_t *places, uint64_t begin, uint64_t count)
{
    uint64_t end = begin + 1;
    while (end < count && (places[end] ^ places[begin]) >> 32 == 0)
        end++;
    return end;
}

/* Time, then return number. */
static bool comes_after(const struct scree__copc_node_source *from, uint64_t a, uint64_t b)
{
    uint64_t time_a = time_of(from, a), time_b = time_of(from, b);
    return time_a != time_b ? time_a > time_b
                            : scree__copc_form_return(&from->form, record_of(from, a)) >
                                  scree__copc_form_return(&from->form, record_of(from, b));
}

/* A run of two or more equal keys that is no longer than a pulse. */
static void settle_places(const struct scree__copc_node_source *from, uint64_t *places,
                          uint64_t count)
{
    uint64_t first = places[0], second = places[1];
    bool back = comes_after(from, first, second);
    places[0] = back ? second : first; /* mostly there are two, and either may come first */
    places[1] = back ? first : second;
    for (uint64_t i = 2; i < count; i++) {
        uint64_t place = places[i], at = i;
        for (; at > 0 && comes_after(from, places[at - 1], place); at--)
            places[at] = places[at - 1];
        places[at] = place;
    }
}

/*
 * A run of equal keys that is longer than a pulse: by the bits that the keys did not hold, which are 32 at most, so that the keys of the runs in it mean
 * equal times.
 */
static void settle_run(const struct scree__copc_node_source *from, uint64_t *places,
                       uint64_t *other, uint64_t count)
{
    struct box box;
    struct scree__copc_digits digits;
    struct span span = load_times(from, places, other, count, &box);
    uint64_t *sorted = sort_times(places, other, count, span);
    if (sorted != places)
        memcpy(places, sorted, count * sizeof *places);
    for (uint64_t begin = 0, end; begin < count; begin = end) {
        end = run_end(places, begin, count);
        if (end - begin <= SCREE__COPC_PULSE_POINTS) {
            if (end - begin > 1)
                settle_places(from, places + begin, end - begin);
            continue;
        }
        (void)number_rows(from, places + begin, end - begin, &box, &digits);
        sorted = scree__copc_digits_sort(&digits, places + begin, other + begin, end - begin);
        if (sorted != places + begin)
            memcpy(places + begin, sorted, (end - begin) * sizeof *places);
    }
    /* No equal keys are left. */
    for (uint64_t i = 0; i < count; i++)
        places[i] = scree__copc_place((uint32_t)i, scree__copc_place_id(places[i]));
}

static void settle_runs(const struct scree__copc_node_source *from, uint64_t *places,
                        uint64_t *other, uint64_t count)
{
    for (uint64_t i = SCREE__COPC_PULSE_POINTS; i < count; i++) {
        uint64_t begin = i - SCREE__COPC_PULSE_POINTS;
        if ((places[i] ^ places[begin]) >> 32 != 0)
            continue;
        uint64_t end = run_end(places, begin, count);
        settle_run(from, places + begin, other + begin, end - begin);
        i = end + SCREE__COPC_PULSE_POINTS - 1;
    }
}

/* ------------------------------------------------------------------------------------------------- records */

struct collecting {
    const struct scree__copc_node_source *from;
    uint64_t *places;
    uint64_t count, settled; /* runs of equal keys are to be settled from that place on */
    uint8_t *to;
    struct scree__las_map_old_tables tables; /* of records that have waited */
};

/* format, out_bytes: constants at every call but that for the output's own records, so that each is a loop of its own. */
static inline __attribute__((always_inline)) void collect_as(struct collecting *collecting,
                                                             unsigned format, uint32_t out_bytes)
{
    const struct scree__copc_node_source *from = collecting->from;
    uint64_t *places = collecting->places;
    const uint64_t count = collecting->count;
    uint64_t settled = collecting->settled;
    uint8_t *to = collecting->to;
    for (uint64_t i = 0; i < count; i++, to += out_bytes) {
        if (i + AHEAD < count)
            fetch(from, places[i + AHEAD]);
        if (i >= settled && i + 1 < count && (places[i] ^ places[i + 1]) >> 32 == 0) {
            settled = run_end(places, i, count);
            settle_places(from, places + i, settled - i);
        }
        const uint8_t *record = record_of(from, places[i]);
        if (format < 6)
            scree__las_map_waited_by(&collecting->tables, record, to, format);
        else
            scree__copc_record_copy(to, record, out_bytes);
    }
}

static void collect(struct collecting *collecting)
{
    if (scree__copc_form_waits(&collecting->from->form))
        scree__las_map_old_tabulate(&collecting->tables);
    switch (collecting->from->form.format) {
    case 0:
        collect_as(collecting, 0, 30);
        break;
    case 1:
        collect_as(collecting, 1, 30);
        break;
    case 2:
        collect_as(collecting, 2, 36);
        break;
    case 3:
        collect_as(collecting, 3, 36);
        break;
    default:
        collect_as(collecting, 6, collecting->from->form.bytes);
        break;
    }
}

void scree__copc_node_order(const struct scree__copc_node_source *from, uint64_t *places,
                            uint64_t *other, uint64_t count, uint8_t *to,
                            struct scree__las_range axes[3])
{
    struct collecting collecting = {.from = from, .count = count, .settled = count, .to = to};
    struct box box;
    struct scree__copc_digits digits;
    if (seem_timeless(from, places, count) && number_rows(from, places, count, &box, &digits)) {
        collecting.places = scree__copc_digits_sort(&digits, places, other, count);
    } else {
        struct span span = load_times(from, places, other, count, &box);
        collecting.places = sort_times(places, other, count, span);
        collecting.settled = 0;
        settle_runs(from, collecting.places, collecting.places == places ? other : places, count);
    }
    collect(&collecting);
    axes[0] = box.x;
    axes[1] = box.y;
    axes[2] = box.z;
}
