/* map_grid.c - coordinates from one grid (scale, offset) to another. */
#include "las/map_parts.h"
#include "base/bytes.h"

#include <math.h>

/*
 * Two scales count as equal when over all of int32 no coordinate moves by more than 2^-10 of a
 * unit: a relative difference of 2^-41. Scales that programs compute in different ways (0.001,
 * 1 / 1000., 1 / (1 / 0.001)) differ by a few 2^-53; scales that mean different things by far more.
 */
static const double scale_tolerance = 0x1p-41;

/*
 * Offsets are decimal numbers that were rounded to f64 (at most half a last place, 2^-53 of the
 * value) or computed as units * scale (the same again for the scale and for the product), on both
 * sides. So a whole number of units may come out wrong by up to 3 * 2^-53 * (|a| + |b|) / scale
 * units; 8 leaves room for the subtraction and the division here. An offset of 1e7 with scale 0.001
 * gives 2e-5 units. Where this bound exceeds 2^-10 of a unit f64 cannot tell the grids apart, and
 * integers would be a pretence.
 */
static const double offset_roundings = 8 * 0x1p-53;
static const double offset_tolerance_max = 0x1p-10;

/* Beyond two times the range of int32 no coordinate could come out in range. */
static const double shift_max = 0x1p33;

bool scree__las_map_grid_shift(double in_scale, double in_offset, double out_scale,
                               double out_offset, int64_t *shift)
{
    if (!(in_scale > 0 && out_scale > 0 && isfinite(in_scale) && isfinite(out_scale)))
        return false;
    if (!isfinite(in_offset) || !isfinite(out_offset))
        return false;
    if (in_scale == out_scale && in_offset == out_offset) {
        *shift = 0; /* the same grid, however coarse doubles are out there */
        return true;
    }
    if (fabs(in_scale - out_scale) > scale_tolerance * out_scale)
        return false;
    double units = (in_offset - out_offset) / out_scale;
    if (!(fabs(units) <= shift_max))
        return false;
    int64_t whole = (int64_t)(units < 0 ? units - 0.5 : units + 0.5);
    double tolerance = offset_roundings * (fabs(in_offset) + fabs(out_offset)) / out_scale;
    if (tolerance > offset_tolerance_max || fabs(units - (double)whole) > tolerance)
        return false;
    *shift = whole;
    return true;
}

/* The low 32 bits of v where it fits, else 0; *bad collects a bit for what does not fit. */
static inline uint32_t fit(int64_t v, uint8_t *bad)
{
    uint32_t low = (uint32_t)(uint64_t)v;
    uint32_t fits = v == (int32_t)low;
    *bad = (uint8_t)(*bad | (fits ^ 1));
    return low & (0u - fits);
}

/* All three axes as integers: the usual case. */
static void shift_all(const struct scree__las_map *map, const uint8_t *in, size_t count,
                      uint8_t *out, uint8_t *bad)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    int64_t x = map->shift[0], y = map->shift[1], z = map->shift[2];
    for (size_t i = 0; i < count; i++, in += in_bytes, out += out_bytes) {
        uint8_t flag = 0;
        uint32_t a = fit(scree__base_load_i32(in) + x, &flag);
        uint32_t b = fit(scree__base_load_i32(in + 4) + y, &flag);
        uint32_t c = fit(scree__base_load_i32(in + 8) + z, &flag);
        scree__base_store32(out, a);
        scree__base_store32(out + 4, b);
        scree__base_store32(out + 8, c);
        bad[i] = flag;
    }
}

static void shift_axis(const struct scree__las_map *map, int axis, const uint8_t *in, size_t count,
                       uint8_t *out, uint8_t *bad)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    int64_t shift = map->shift[axis];
    for (size_t i = 0; i < count; i++) {
        uint32_t v = fit(scree__base_load_i32(in + i * in_bytes) + shift, &bad[i]);
        scree__base_store32(out + i * out_bytes, v);
    }
}

/* The nearest integer, halves away from zero, for |q| < 2^62: without q + 0.5, which is wrong for
 * the f64 before 0.5. */
static inline int64_t round_away(double q)
{
    int64_t whole = (int64_t)q;
    double rest = q - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

static void round_axis(const struct scree__las_map *map, int axis, const uint8_t *in, size_t count,
                       uint8_t *out, uint8_t *bad, double *rounding_max)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    double in_scale = map->in_scale[axis], in_offset = map->in_offset[axis];
    double out_scale = map->out_scale[axis], out_offset = map->out_offset[axis];
    double worst = *rounding_max;
    for (size_t i = 0; i < count; i++) {
        double old = scree__base_load_i32(in + i * in_bytes) * in_scale + in_offset;
        double units = (old - out_offset) / out_scale;
        int64_t whole = fabs(units) < 0x1p32 ? round_away(units) : INT64_MAX; /* also for NaN */
        uint8_t flag = 0;
        uint32_t v = fit(whole, &flag);
        scree__base_store32(out + i * out_bytes, v);
        bad[i] |= flag;
        double error = fabs((double)whole * out_scale + out_offset - old);
        if (!flag && error > worst)
            worst = error;
    }
    *rounding_max = worst;
}

static void count_bad(const uint8_t *bad, size_t count, size_t first_index,
                      struct scree__las_map_stats *stats)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += bad[i];
    if (sum == 0)
        return;
    if (stats->out_of_range == 0) {
        size_t i = 0;
        while (bad[i] == 0)
            i++;
        stats->first_out_of_range = first_index + i;
    }
    stats->out_of_range += sum;
}

void scree__las_map_coordinates(const struct scree__las_map *map, const uint8_t *in, size_t count,
                                uint8_t *out, size_t first_index,
                                struct scree__las_map_stats *stats)
{
    uint8_t bad[SCREE__LAS_MAP_BLOCK] = {0};
    if (map->exact[0] && map->exact[1] && map->exact[2]) {
        shift_all(map, in, count, out, bad);
    } else {
        for (int axis = 0; axis < 3; axis++) {
            const uint8_t *from = in + 4 * axis;
            uint8_t *to = out + 4 * axis;
            if (map->exact[axis])
                shift_axis(map, axis, from, count, to, bad);
            else
                round_axis(map, axis, from, count, to, bad, &stats->rounding_max);
        }
    }
    count_bad(bad, count, first_index, stats);
}
