/* Record mapping against a second implementation, written field by field from the format
 * descriptions and map.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

#include "las/map.h"
#include "las/map_old.h"

enum { MAX_RECORD = 96, COUNT = 700 };

static uint64_t seed = 0x243F6A8885A308D3u;

static uint32_t random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32);
}

static void random_bytes(uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)random32();
}

/* ---------------------------------------------------------------------- the slow implementation */

/* A point with every field that any format has, as plain numbers. */
struct point {
    int32_t xyz[3];
    unsigned intensity, return_number, return_count, flags, channel, direction, edge, class;
    unsigned user, source, color[3], nir, wave_index;
    int angle; /* 0.006 degrees */
    uint8_t gps[8];
    bool has_color, old_overlap;
};

static const struct {
    int bytes, gps, color, nir, wave;
} layouts[11] = {
    {20, -1, -1, -1, -1}, {28, 20, -1, -1, -1}, {26, -1, 20, -1, -1}, {34, 20, 28, -1, -1},
    {57, 20, -1, -1, 28}, {63, 20, 28, -1, 34}, {30, 22, -1, -1, -1}, {36, 22, 30, -1, -1},
    {38, 22, 30, 36, -1}, {59, 22, -1, -1, 30}, {67, 22, 30, 36, 38},
};

static unsigned get(const uint8_t *p, int bytes)
{
    unsigned v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void put(uint8_t *p, unsigned v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

static void read_old_core(const uint8_t *p, struct point *point)
{
    point->return_number = p[14] & 7;
    point->return_count = (p[14] >> 3) & 7;
    point->direction = (p[14] >> 6) & 1;
    point->edge = p[14] >> 7;
    point->class = p[15] & 31;
    point->flags = ((p[15] >> 5) & 1) | ((p[15] >> 6) & 1) << 1 | (unsigned)(p[15] >> 7) << 2;
    if (point->class == 12) {
        point->old_overlap = true;
        point->class = 1;
        point->flags |= 8;
    }
    point->angle = (int)round((int8_t)p[16] / 0.006);
    point->user = p[17];
    point->source = get(p + 18, 2);
}

static void read_new_core(const uint8_t *p, struct point *point)
{
    point->return_number = p[14] & 15;
    point->return_count = p[14] >> 4;
    point->flags = p[15] & 15;
    point->channel = (p[15] >> 4) & 3;
    point->direction = (p[15] >> 6) & 1;
    point->edge = p[15] >> 7;
    point->class = p[16];
    point->user = p[17];
    point->angle = (int16_t)get(p + 18, 2);
    point->source = get(p + 20, 2);
}

static struct point read_point(const uint8_t *p, unsigned format)
{
    struct point point;
    memset(&point, 0, sizeof point);
    for (int d = 0; d < 3; d++)
        point.xyz[d] = (int32_t)get(p + 4 * d, 4);
    point.intensity = get(p + 12, 2);
    if (format < 6)
        read_old_core(p, &point);
    else
        read_new_core(p, &point);
    if (layouts[format].gps >= 0)
        memcpy(point.gps, p + layouts[format].gps, 8);
    point.has_color = layouts[format].color >= 0;
    for (int c = 0; c < 3 && point.has_color; c++)
        point.color[c] = get(p + layouts[format].color + 2 * c, 2);
    if (layouts[format].nir >= 0)
        point.nir = get(p + layouts[format].nir, 2);
    if (layouts[format].wave >= 0)
        point.wave_index = p[layouts[format].wave];
    return point;
}

static void write_point(const struct point *point, unsigned format, uint8_t *p)
{
    for (int d = 0; d < 3; d++)
        put(p + 4 * d, (unsigned)point->xyz[d], 4);
    put(p + 12, point->intensity, 2);
    p[14] = (uint8_t)(point->return_number | point->return_count << 4);
    p[15] =
        (uint8_t)(point->flags | point->channel << 4 | point->direction << 6 | point->edge << 7);
    p[16] = (uint8_t)point->class;
    p[17] = (uint8_t)point->user;
    put(p + 18, (unsigned)point->angle, 2);
    put(p + 20, point->source, 2);
    memcpy(p + 22, point->gps, 8);
    for (int c = 0; c < 3 && format >= 7; c++)
        put(p + 30 + 2 * c, point->color[c], 2);
    if (format == 8)
        put(p + 36, point->nir, 2);
}

static void slow_fix(struct point *point, struct scree__las_map_stats *stats)
{
    struct point before = *point;
    if (point->return_number == 0)
        point->return_number = 1;
    if (point->return_count < point->return_number)
        point->return_count = point->return_number;
    if (before.return_number != point->return_number || before.return_count != point->return_count)
        stats->fixed_returns++;
}

static void slow_coordinates(const struct scree__las_map *map, struct point *point, size_t index,
                             struct scree__las_map_stats *stats)
{
    bool bad = false;
    for (int d = 0; d < 3; d++) {
        double old = point->xyz[d] * map->in_scale[d] + map->in_offset[d];
        double value = map->exact[d] ? (double)point->xyz[d] + (double)map->shift[d]
                                     : round((old - map->out_offset[d]) / map->out_scale[d]);
        bool fits = value >= INT32_MIN && value <= INT32_MAX;
        if (fits && !map->exact[d])
            stats->rounding_max = fmax(stats->rounding_max,
                                       fabs(value * map->out_scale[d] + map->out_offset[d] - old));
        point->xyz[d] = fits ? (int32_t)value : 0;
        bad |= !fits;
    }
    if (bad && stats->out_of_range++ == 0)
        stats->first_out_of_range = index;
}

static void slow_map(const struct scree__las_map *map, const uint8_t *in, size_t count,
                     uint8_t *out, struct scree__las_map_stats *stats)
{
    uint32_t out_base = (uint32_t)layouts[map->out_format].bytes;
    for (size_t i = 0; i < count; i++, in += map->in_bytes, out += map->out_bytes) {
        struct point point = read_point(in, map->in_format);
        stats->zero_returns += point.return_number == 0;
        stats->excess_returns += point.return_number > point.return_count;
        stats->overlap_classes += point.old_overlap;
        stats->wave_packets += point.wave_index != 0;
        if (map->fix_returns)
            slow_fix(&point, stats);
        for (int c = 0; c < 3; c++) {
            if (point.color[c] > stats->color_max)
                stats->color_max = (uint16_t)point.color[c];
            if (map->scale_colors)
                point.color[c] = point.color[c] > 255 ? 65535 : point.color[c] * 257;
        }
        slow_coordinates(map, &point, i, stats);
        write_point(&point, map->out_format, out);
        for (uint32_t b = 0; b < map->out_bytes - out_base; b++)
            out[out_base + b] = map->extra_defaults != NULL ? map->extra_defaults[b] : 0;
        for (uint32_t c = 0; c < map->copy_count; c++)
            memcpy(out + out_base + map->copies[c].to,
                   in + layouts[map->in_format].bytes + map->copies[c].from, map->copies[c].bytes);
    }
}

/* ---------------------------------------------------------------------------------------- tests */

static uint8_t in_records[COUNT * MAX_RECORD], out_records[COUNT * MAX_RECORD + 1],
    slow_records[COUNT * MAX_RECORD];

static struct scree__las_map plain_map(unsigned in_format, unsigned out_format)
{
    struct scree__las_map map = {.in_format = in_format,
                                 .out_format = out_format,
                                 .in_bytes = (uint32_t)layouts[in_format].bytes,
                                 .out_bytes = (uint32_t)layouts[out_format].bytes,
                                 .exact = {true, true, true}};
    for (int d = 0; d < 3; d++)
        map.in_scale[d] = map.out_scale[d] = 0.01;
    return map;
}

static void check_same(const struct scree__las_map *map, size_t count)
{
    struct scree__las_map_stats stats = {0}, slow_stats = {0};
    out_records[count * map->out_bytes] = 0xA5;
    scree__las_map_records(map, in_records, count, out_records, &stats);
    slow_map(map, in_records, count, slow_records, &slow_stats);
    assert_memory_equal(out_records, slow_records, count * map->out_bytes);
    assert_int_equal(out_records[count * map->out_bytes], 0xA5);
    assert_int_equal(stats.zero_returns, slow_stats.zero_returns);
    assert_int_equal(stats.excess_returns, slow_stats.excess_returns);
    assert_int_equal(stats.fixed_returns, slow_stats.fixed_returns);
    assert_int_equal(stats.overlap_classes, slow_stats.overlap_classes);
    assert_int_equal(stats.wave_packets, slow_stats.wave_packets);
    assert_int_equal(stats.out_of_range, slow_stats.out_of_range);
    assert_int_equal(stats.first_out_of_range, slow_stats.first_out_of_range);
    assert_int_equal(stats.color_max, slow_stats.color_max);
    assert_true(stats.rounding_max == slow_stats.rounding_max);
}

static void every_pair_of_formats(void **state)
{
    (void)state;
    for (unsigned in_format = 0; in_format <= 10; in_format++)
        for (unsigned out_format = 6; out_format <= 8; out_format++)
            for (int options = 0; options < 16; options++) {
                struct scree__las_map map = plain_map(in_format, out_format);
                map.fix_returns = options & 1;
                map.scale_colors = options & 2;
                if (options & 4)
                    for (int d = 0; d < 3; d++)
                        map.shift[d] = (int32_t)random32() / 4;
                struct scree__las_map_copy all = {0, 0, 7};
                if (options & 8) {
                    map.in_bytes += 7;
                    map.out_bytes += 7;
                    map.copies = &all;
                    map.copy_count = 1;
                }
                random_bytes(in_records, COUNT * map.in_bytes);
                check_same(&map, COUNT);
                check_same(&map, 1);
                check_same(&map, 256);
            }
}

/* Coordinates and counts at once, the rest later, and by tables: together what the mapping at once gives. */
static void check_waiting(const struct scree__las_map *map, size_t count)
{
    struct scree__las_map_stats stats = {0}, at_once = {0};
    struct scree__las_map_old_tables tables;
    uint8_t record[2][MAX_RECORD];
    scree__las_map_old_tabulate(&tables);
    scree__las_map_records(map, in_records, count, slow_records, &at_once);
    scree__las_map_wait(map, in_records, count, &stats);
    scree__las_map_count_waiting(map->in_format, in_records, count, &stats);
    assert_int_equal(stats.zero_returns, at_once.zero_returns);
    assert_int_equal(stats.excess_returns, at_once.excess_returns);
    assert_int_equal(stats.overlap_classes, at_once.overlap_classes);
    assert_int_equal(stats.out_of_range, at_once.out_of_range);
    assert_int_equal(stats.first_out_of_range, at_once.first_out_of_range);
    assert_int_equal(stats.color_max, at_once.color_max);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *in = in_records + i * map->in_bytes;
        memset(record, 0xA5, sizeof record);
        scree__las_map_waited(in, record[0], map->in_format);
        scree__las_map_waited_by(&tables, in, record[1], map->in_format);
        assert_memory_equal(record[0], slow_records + i * map->out_bytes, map->out_bytes);
        assert_memory_equal(record[0], record[1], MAX_RECORD);
        assert_int_equal(record[0][map->out_bytes], 0xA5);
    }
}

static void old_records_may_wait(void **state)
{
    (void)state;
    for (unsigned in_format = 0; in_format <= 10; in_format++)
        for (unsigned out_format = 6; out_format <= 8; out_format++)
            for (int shifts = 0; shifts < 3; shifts++) {
                struct scree__las_map map = plain_map(in_format, out_format);
                for (int d = 0; d < 3; d++)
                    map.shift[d] = shifts == 0 ? 0 : (int32_t)random32() / (shifts == 1 ? 64 : 1);
                bool colored = in_format == 2 || in_format == 3;
                assert_int_equal(scree__las_map_may_wait(&map),
                                 in_format < 4 && out_format == (colored ? 7 : 6));
                if (!scree__las_map_may_wait(&map))
                    continue;
                random_bytes(in_records, COUNT * map.in_bytes);
                check_waiting(&map, COUNT);
                map.fix_returns = true;
                assert_false(scree__las_map_may_wait(&map));
                map.fix_returns = false;
                map.exact[1] = false;
                assert_false(scree__las_map_may_wait(&map));
            }
}

static void small_values(void **state)
{
    (void)state; /* every classification byte, return byte and scan angle rank; dark colours */
    for (unsigned value = 0; value < 256; value++)
        for (unsigned in_format = 0; in_format <= 10; in_format++) {
            struct scree__las_map map = plain_map(in_format, 8);
            map.scale_colors = true;
            memset(in_records, (int)value, 3 * map.in_bytes);
            for (int b = 0; b < 16; b++)
                in_records[map.in_bytes - 1 - (uint32_t)b] &= (uint8_t)(b % 2 ? 0xFF : 0);
            check_same(&map, 3);
        }
}

static void identity_is_byte_for_byte(void **state)
{
    (void)state;
    for (unsigned format = 6; format <= 8; format++) {
        struct scree__las_map map = plain_map(format, format);
        struct scree__las_map_copy parts[2] = {{0, 0, 3}, {3, 3, 8}};
        map.in_bytes = map.out_bytes = map.in_bytes + 11;
        map.copies = parts;
        map.copy_count = 2;
        random_bytes(in_records, COUNT * map.in_bytes);
        check_same(&map, COUNT);
        assert_memory_equal(in_records, out_records, COUNT * map.in_bytes);
    }
}

static void extra_bytes_move_and_default(void **state)
{
    (void)state;
    static const uint8_t defaults[20] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const struct scree__las_map_copy copies[] = {
        {0, 4, 1}, {1, 6, 2}, {3, 0, 4}, {7, 9, 8}, {15, 17, 3}};
    for (unsigned in_format = 0; in_format <= 10; in_format++)
        for (int with_defaults = 0; with_defaults < 2; with_defaults++) {
            struct scree__las_map map = plain_map(in_format, 6 + in_format % 3);
            map.in_bytes += 18;
            map.out_bytes += 20;
            map.copies = copies;
            map.copy_count = 5;
            map.extra_defaults = with_defaults ? defaults : NULL;
            random_bytes(in_records, COUNT * map.in_bytes);
            check_same(&map, COUNT);
            map.copy_count = 0;
            check_same(&map, COUNT);
        }
}

static void shifts_beyond_32_bits_are_counted(void **state)
{
    (void)state;
    struct scree__las_map map = plain_map(1, 6);
    static const int64_t shifts[] = {1, -1, INT32_MAX, (int64_t)1 << 33, -((int64_t)1 << 33)};
    for (size_t s = 0; s < sizeof shifts / sizeof *shifts; s++) {
        map.shift[s % 3] = shifts[s];
        random_bytes(in_records, COUNT * map.in_bytes);
        check_same(&map, COUNT);
    }
    memset(&map.shift, 0, sizeof map.shift);
    memset(in_records, 0, COUNT * map.in_bytes);
    put(in_records + 500 * 28 + 8, INT32_MAX, 4);
    map.shift[2] = 1;
    struct scree__las_map_stats stats = {0};
    scree__las_map_records(&map, in_records, COUNT, out_records, &stats);
    assert_int_equal(stats.out_of_range, 1);
    assert_int_equal(stats.first_out_of_range, 500);
    assert_int_equal(get(out_records + 500 * 30 + 8, 4), 0);
    scree__las_map_records(&map, in_records + 28, COUNT - 1, out_records, &stats);
    assert_int_equal(stats.out_of_range, 2);
    assert_int_equal(stats.first_out_of_range, 500); /* of the first run */
}

static void rounding_stays_within_half_a_unit(void **state)
{
    (void)state;
    for (int axes = 1; axes < 8; axes++) {
        struct scree__las_map map = plain_map(3, 7);
        for (int d = 0; d < 3; d++) {
            map.exact[d] = !(axes >> d & 1);
            map.shift[d] = 12 - d;
            map.in_scale[d] = 0.00025 * (d + 1);
            map.in_offset[d] = 1234.5678 * d;
            map.out_scale[d] = 0.001;
            map.out_offset[d] = 1000.0 * d;
        }
        random_bytes(in_records, COUNT * map.in_bytes);
        check_same(&map, COUNT);
        struct scree__las_map_stats stats = {0};
        scree__las_map_records(&map, in_records, COUNT, out_records, &stats);
        assert_int_equal(stats.out_of_range, 0);
        assert_true(stats.rounding_max > 0.00024 && stats.rounding_max < 0.00050001);
    }
}

static void rounding_halves_and_what_does_not_fit(void **state)
{
    (void)state;
    struct scree__las_map map = plain_map(6, 6);
    map.exact[0] = false;
    map.in_scale[0] = 0.5;
    map.out_scale[0] = 1;
    static const int32_t from[] = {1, -1, 3, -3, 2, 0, 5}, to[] = {1, -1, 2, -2, 1, 0, 3};
    memset(in_records, 0, 7 * 30);
    for (int i = 0; i < 7; i++)
        put(in_records + 30 * i, (unsigned)from[i], 4);
    check_same(&map, 7);
    for (int i = 0; i < 7; i++)
        assert_int_equal((int32_t)get(out_records + 30 * i, 4), to[i]);

    static const double scales[] = {1e300, NAN, INFINITY, 1e9};
    for (int s = 0; s < 4; s++) {
        map.in_scale[0] = scales[s];
        put(in_records + 30, 17, 4);
        struct scree__las_map_stats stats = {0};
        scree__las_map_records(&map, in_records + 30, 1, out_records, &stats);
        assert_int_equal(stats.out_of_range, 1);
        assert_int_equal(get(out_records, 4), 0);
        assert_true(stats.rounding_max == 0);
    }
}

static void returns_are_fixed_as_documented(void **state)
{
    (void)state;
    static const uint8_t from[] = {0x00, 0x10, 0x13, 0x33, 0x0F, 0xF0, 0x21};
    static const uint8_t to[] = {0x11, 0x11, 0x33, 0x33, 0xFF, 0xF1, 0x21};
    struct scree__las_map map = plain_map(7, 7);
    map.fix_returns = true;
    memset(in_records, 0, 7 * 36);
    for (int i = 0; i < 7; i++)
        in_records[36 * i + 14] = from[i];
    struct scree__las_map_stats stats = {0};
    scree__las_map_records(&map, in_records, 7, out_records, &stats);
    for (int i = 0; i < 7; i++)
        assert_int_equal(out_records[36 * i + 14], to[i]);
    assert_int_equal(stats.fixed_returns, 5);
    assert_int_equal(stats.zero_returns, 3);
    assert_int_equal(stats.excess_returns, 2);
}

static void grids_that_agree(void **state)
{
    (void)state;
    int64_t shift = -1;
    assert_true(scree__las_map_grid_shift(0.01, 0, 0.01, 0, &shift));
    assert_int_equal(shift, 0);
    shift = -1; /* equal grids agree even where a double cannot resolve a unit */
    assert_true(scree__las_map_grid_shift(0.001, 1e13, 0.001, 1e13, &shift));
    assert_int_equal(shift, 0);
    assert_true(scree__las_map_grid_shift(0.001, 4500000.123, 0.001, 4400000, &shift));
    assert_int_equal(shift, 100000123);
    assert_true(scree__las_map_grid_shift(0.001, 4400000, 0.001, 4500000.123, &shift));
    assert_int_equal(shift, -100000123);
    assert_true(scree__las_map_grid_shift(1e-7, -123.4567891, 1e-7, 0, &shift));
    assert_int_equal(shift, -1234567891);
    assert_true(scree__las_map_grid_shift(1 / (1 / 0.001), 0.5, 0.001, 1.5, &shift));
    assert_int_equal(shift, -1000);
    for (int i = 0; i < 2000; i++) { /* offsets computed as units * scale, scales of all kinds */
        static const double scales[] = {0.01, 0.001, 0.0001, 0.00025, 0.01 * 0.3048, 1e-7};
        double scale = scales[i % 6];
        int32_t a = (int32_t)random32(), b = (int32_t)random32() / 3;
        assert_true(scree__las_map_grid_shift(scale, a * scale, scale, b * scale, &shift));
        assert_int_equal(shift, (int64_t)a - b);
    }
}

static void grids_that_do_not_agree(void **state)
{
    (void)state;
    int64_t shift = 77;
    assert_false(scree__las_map_grid_shift(0.01, 0, 0.001, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, 0, 0.01000001, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, 0.005, 0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, 100.0001, 0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(0, 0, 0, 0, &shift));
    assert_false(scree__las_map_grid_shift(NAN, 0, NAN, 0, &shift));
    assert_false(scree__las_map_grid_shift(-0.01, 0, -0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, INFINITY, 0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, NAN, 0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(0.01, 1e300, 0.01, 0, &shift));
    assert_false(scree__las_map_grid_shift(1e-9, 10.0, 1e-9, 0, &shift)); /* beyond 2^33 units */
    assert_false(scree__las_map_grid_shift(1e-9, 1e7, 1e-9, 1e7 - 1, &shift)); /* f64 too coarse */
    assert_int_equal(shift, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_formats),
        cmocka_unit_test(old_records_may_wait),
        cmocka_unit_test(small_values),
        cmocka_unit_test(identity_is_byte_for_byte),
        cmocka_unit_test(extra_bytes_move_and_default),
        cmocka_unit_test(shifts_beyond_32_bits_are_counted),
        cmocka_unit_test(rounding_stays_within_half_a_unit),
        cmocka_unit_test(rounding_halves_and_what_does_not_fit),
        cmocka_unit_test(returns_are_fixed_as_documented),
        cmocka_unit_test(grids_that_agree),
        cmocka_unit_test(grids_that_do_not_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
