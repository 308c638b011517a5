/* nearest_here.h - the loops of nearest.h for the level of the including translation unit. */
#ifndef SCREE_LIB_FEATURES_NEAREST_HERE_H
#define SCREE_LIB_FEATURES_NEAREST_HERE_H

#include "features/lanes.h"
#include "features/nearest.h"

static void take(struct features_candidates *candidates, const int32_t *x, const int32_t *y,
                 const int32_t *z, uint32_t count)
{
    const lanes low_x = lanes_all(candidates->low[0]),
                span_x = lanes_all((int32_t)candidates->span[0]);
    const lanes low_y = lanes_all(candidates->low[1]),
                span_y = lanes_all((int32_t)candidates->span[1]);
    const lanes low_z = lanes_all(candidates->low[2]),
                span_z = lanes_all((int32_t)candidates->span[2]);
    uint32_t taken = candidates->count;
    for (uint32_t i = 0; i < count; i += LANES) {
        lanes dx = lanes_sub(lanes_load(x + i), low_x);
        lanes dy = lanes_sub(lanes_load(y + i), low_y);
        lanes dz = lanes_sub(lanes_load(z + i), low_z);
        uint32_t in = lanes_at_most_unsigned(dx, span_x) & lanes_at_most_unsigned(dy, span_y) &
                      lanes_at_most_unsigned(dz, span_z);
        if (count - i < LANES)
            in &= (1u << (count - i)) - 1;
        lanes_pack(candidates->xy + taken, lanes_join16(dx, dy), in);
        lanes_pack(candidates->z + taken, dz, in);
        taken += lanes_bits(in);
    }
    candidates->count = taken;
}

/* Squared distances from the point at (xy, z) to all candidates; those beyond the last are as far
 * as can be. */
static void measure(const struct features_candidates *candidates, lanes xy, lanes z)
{
    for (uint32_t i = 0; i < candidates->count; i += LANES) {
        lanes d = lanes_sub16(lanes_load(candidates->xy + i), xy);
        lanes dz = lanes_sub16(lanes_load(candidates->z + i), z);
        lanes_store(candidates->d2 + i, lanes_add(lanes_madd16(d, d), lanes_madd16(dz, dz)));
    }
    lanes_store(candidates->d2 + candidates->count, lanes_all(INT32_MAX));
}

static uint32_t count_within(const struct features_candidates *candidates, int32_t d2)
{
    const lanes most = lanes_all(d2);
    uint32_t count = 0;
    for (uint32_t i = 0; i < candidates->count; i += LANES)
        count += lanes_bits(lanes_at_most(lanes_load(candidates->d2 + i), most));
    return count;
}

/* A squared distance within which lie k candidates, or, where several are equally far, the last
 * below which lie fewer; count: how many lie within. */
struct threshold {
    int32_t d2;
    uint32_t count;
};

/*
 * low and high enclose the k-th distance: count within low < k < count within high. Interpolates, because counts grow almost evenly with
 * the squared distance on surfaces, and halves every third time, because they need not.
 */
static struct threshold find_threshold(const struct features_candidates *candidates, uint32_t k,
                                       struct threshold high)
{
    struct threshold low = {-1, 0};
    for (unsigned round = 1; high.d2 - low.d2 > 1; round++) {
        int32_t width = high.d2 - low.d2;
        int32_t step = width / 2;
        if (round % 3 != 0)
            step = (int32_t)((double)width * ((double)(k - low.count) + 0.3) /
                             (double)(high.count - low.count));
        step = step < 1 ? 1 : step >= width ? width - 1 : step;
        struct threshold middle = {low.d2 + step, 0};
        middle.count = count_within(candidates, middle.d2);
        if (middle.count == k)
            return middle;
        if (middle.count < k)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ------------------------------------------------------------------------------------- moments */

#define PICKED 512u

struct picked {
    lanes at_xy, at_z; /* the query */
    int32_t xy[PICKED + FEATURES_ROOM], z[PICKED + FEATURES_ROOM];
    uint32_t count;
};

static void add_lanes(struct features_moments *moments, const struct picked *picked)
{
    const lanes low16 = lanes_all(0xFFFF), one = lanes_all(1);
    lanes zero = lanes_all(0), sum[9], farthest = zero;
    for (int j = 0; j < 9; j++)
        sum[j] = zero;
    for (uint32_t i = 0; i < picked->count; i += LANES) {
        lanes d = lanes_sub16(lanes_load(picked->xy + i), picked->at_xy);
        lanes dz = lanes_sub16(lanes_load(picked->z + i), picked->at_z);
        lanes dx = lanes_and(d, low16), dy = lanes_high16(d);
        lanes xx = lanes_madd16(dx, dx), yy = lanes_madd16(dy, dy), zz = lanes_madd16(dz, dz);
        sum[0] = lanes_add(sum[0], lanes_madd16(dx, one));
        sum[1] = lanes_add(sum[1], lanes_madd16(dy, one));
        sum[2] = lanes_add(sum[2], lanes_madd16(dz, one));
        sum[3] = lanes_add(sum[3], xx);
        sum[4] = lanes_add(sum[4], lanes_madd16(dx, dy));
        sum[5] = lanes_add(sum[5], lanes_madd16(dx, dz));
        sum[6] = lanes_add(sum[6], yy);
        sum[7] = lanes_add(sum[7], lanes_madd16(dy, dz));
        sum[8] = lanes_add(sum[8], zz);
        farthest = lanes_larger(farthest, lanes_add(lanes_add(xx, yy), zz));
    }
    for (int j = 0; j < 3; j++)
        moments->sum[j] += lanes_sum(sum[j]);
    for (int j = 0; j < 6; j++)
        moments->low[j] += lanes_sum(sum[3 + j]);
    uint64_t reach2 = (uint64_t)lanes_largest(farthest);
    moments->reach2 = reach2 > moments->reach2 ? reach2 : moments->reach2;
}

/* The picked points are padded with the query itself, which adds nothing. */
static void flush(struct features_moments *moments, struct picked *picked)
{
    lanes_store(picked->xy + picked->count, picked->at_xy);
    lanes_store(picked->z + picked->count, picked->at_z);
    add_lanes(moments, picked);
    moments->count += picked->count;
    picked->count = 0;
}

static void add_one(const struct features_candidates *candidates, uint32_t i, struct picked *picked,
                    struct features_moments *moments)
{
    picked->xy[0] = candidates->xy[i];
    picked->z[0] = candidates->z[i];
    picked->count = 1;
    flush(moments, picked);
}

/* Adds all candidates within d2. A block's sums fit 32 bits: block * d2 < 2^31. */
static void add_within(const struct features_candidates *candidates, int32_t d2,
                       struct picked *picked, struct features_moments *moments)
{
    const lanes most = lanes_all(d2);
    uint32_t block = d2 == 0 ? PICKED : (uint32_t)(INT32_MAX / d2);
    if (block < LANES) {
        for (uint32_t i = 0; i < candidates->count; i++)
            if (candidates->d2[i] <= d2)
                add_one(candidates, i, picked, moments);
        return;
    }
    block = block > PICKED ? PICKED : block;
    for (uint32_t i = 0; i < candidates->count; i += LANES) {
        uint32_t in = lanes_at_most(lanes_load(candidates->d2 + i), most);
        if (in == 0)
            continue;
        uint32_t bits = lanes_bits(in);
        if (picked->count + bits > block)
            flush(moments, picked);
        lanes_pack(picked->xy + picked->count, lanes_load(candidates->xy + i), in);
        lanes_pack(picked->z + picked->count, lanes_load(candidates->z + i), in);
        picked->count += bits;
    }
    flush(moments, picked);
}

/* By x, then y, then z. */
static uint64_t place_of(const struct features_candidates *candidates, uint32_t i)
{
    uint32_t xy = (uint32_t)candidates->xy[i];
    return (uint64_t)(xy & 0xFFFFu) << 32 | (xy & 0xFFFF0000u) |
           ((uint32_t)candidates->z[i] & 0xFFFFu);
}

/* Adds `need` of the candidates that are exactly d2 away: those that come first by x, y, z. */
static void add_ties(const struct features_candidates *candidates, int32_t d2, uint32_t need,
                     struct picked *picked, struct features_moments *moments)
{
    uint64_t after = 0;
    while (need > 0) {
        uint64_t first = UINT64_MAX;
        uint32_t at = 0;
        for (uint32_t i = 0; i < candidates->count; i++) {
            if (candidates->d2[i] != d2)
                continue;
            uint64_t place = place_of(candidates, i) + 1;
            if (place > after && place < first) {
                first = place;
                at = i;
            }
        }
        for (uint32_t i = at; i < candidates->count && need > 0; i++)
            if (candidates->d2[i] == d2 && place_of(candidates, i) + 1 == first) {
                add_one(candidates, i, picked, moments);
                need--;
            }
        after = first;
    }
}

static bool nearest(const struct features_candidates *candidates, const uint32_t at[3],
                    const struct features_want *want, struct features_moments *moments)
{
    bool complete = want->limit2 < want->sure2;
    uint64_t bound = complete ? want->limit2 : want->sure2 - 1;
    struct threshold within = {bound < INT32_MAX ? (int32_t)bound : INT32_MAX - 1, 0};
    struct picked picked;
    picked.at_xy = lanes_all((int32_t)(at[0] | at[1] << 16));
    picked.at_z = lanes_all((int32_t)at[2]);
    picked.count = 0;
    measure(candidates, picked.at_xy, picked.at_z);
    within.count = count_within(candidates, within.d2);
    if (!complete && (want->k == 0 || within.count < want->k))
        return false;
    memset(moments, 0, sizeof *moments);
    if (want->k == 0 || within.count <= want->k) {
        add_within(candidates, within.d2, &picked, moments);
        return true;
    }
    within = find_threshold(candidates, want->k, within);
    if (within.count > 0)
        add_within(candidates, within.d2, &picked, moments);
    if (within.count < want->k)
        add_ties(candidates, within.d2 + 1, want->k - within.count, &picked, moments);
    return true;
}

static uint32_t within(const struct features_candidates *candidates, const uint32_t at[3],
                       uint32_t limit2)
{
    const lanes xy = lanes_all((int32_t)(at[0] | at[1] << 16)), z = lanes_all((int32_t)at[2]),
                most = lanes_all((int32_t)limit2);
    uint32_t count = 0, whole = candidates->count / LANES * LANES;
    for (uint32_t i = 0; i < candidates->count; i += LANES) {
        lanes d = lanes_sub16(lanes_load(candidates->xy + i), xy);
        lanes dz = lanes_sub16(lanes_load(candidates->z + i), z);
        uint32_t in = lanes_at_most(lanes_add(lanes_madd16(d, d), lanes_madd16(dz, dz)), most);
        if (i >= whole)
            in &= (1u << (candidates->count - i)) - 1;
        count += lanes_bits(in);
    }
    return count;
}

#endif
