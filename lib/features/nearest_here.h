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

/* A squared distance, and how many lie within. */
struct threshold {
    int32_t d2;
    uint32_t count;
};

/* ------------------------------------------------------------------------------------ selection */

/* Where a query is, in all lanes. */
struct place {
    lanes xy, z;
};

/* Appends the lanes of `in` to what is kept. */
static inline uint32_t keep_lanes(const struct features_candidates *candidates, uint32_t kept,
                                  lanes xy, lanes z, lanes d2, uint32_t in)
{
    lanes_pack(candidates->kept_xy + kept, xy, in);
    lanes_pack(candidates->kept_z + kept, z, in);
    lanes_pack(candidates->kept_d2 + kept, d2, in);
    return kept + lanes_bits(in);
}

/* Keeps the candidates within d2 of a place, and counts them; after them come lanes as far away as can be. */
static uint32_t keep_within(const struct features_candidates *candidates, const struct place *at,
                            int32_t d2)
{
    const lanes most = lanes_all(d2);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < candidates->count; i += LANES) {
        lanes xy = lanes_sub16(lanes_load(candidates->xy + i), at->xy);
        lanes z = lanes_sub16(lanes_load(candidates->z + i), at->z);
        lanes distance2 = lanes_add(lanes_madd16(xy, xy), lanes_madd16(z, z));
        uint32_t in = lanes_at_most(distance2, most);
        if (candidates->count - i < LANES)
            in &= (1u << (candidates->count - i)) - 1;
        /* Packing nothing costs less than a branch that is guessed wrong, where packing is one instruction. */
        if (LANES > 4 || in != 0)
            kept = keep_lanes(candidates, kept, xy, z, distance2, in);
    }
    lanes_store(candidates->kept_d2 + kept, lanes_all(INT32_MAX));
    return kept;
}

/* Keeps k or more candidates, or all within `bound`; how many, and the distance within which all are kept. */
static struct threshold keep_enough(const struct features_candidates *candidates,
                                    const struct place *at, const struct features_want *want,
                                    int32_t bound)
{
    struct threshold kept = {
        want->k != 0 && want->guess2 < (uint64_t)bound ? (int32_t)want->guess2 : bound, 0};
    for (;;) {
        kept.count = keep_within(candidates, at, kept.d2);
        if (kept.count >= want->k || kept.d2 == bound)
            return kept;
        int64_t wider = 2 * (int64_t)kept.d2 + 1;
        if (kept.count < want->k / 2)
            wider *= 2;
        kept.d2 = wider < bound ? (int32_t)wider : bound;
    }
}

static uint32_t count_kept(const struct features_candidates *candidates, uint32_t kept, int32_t d2)
{
    const lanes most = lanes_all(d2);
    uint32_t count = 0;
    for (uint32_t i = 0; i < kept; i += LANES)
        count += lanes_bits(lanes_at_most(lanes_load(candidates->kept_d2 + i), most));
    return count;
}

/*
 * A squared distance within which lie k of those kept, or, where several are equally far, the last below which lie fewer. Count within -1 < k < count
 * within high. Interpolates, because counts grow almost evenly with the squared distance on surfaces, and halves every third
 * time, because they need not.
 */
static struct threshold find_threshold(const struct features_candidates *candidates, uint32_t k,
                                       struct threshold high)
{
    const uint32_t kept = high.count;
    struct threshold low = {-1, 0};
    for (unsigned round = 1; high.d2 - low.d2 > 1; round++) {
        int32_t width = high.d2 - low.d2;
        int32_t step = width / 2;
        if (round % 3 != 0)
            step = (int32_t)((double)width * ((double)(k - low.count) + 0.3) /
                             (double)(high.count - low.count));
        step = step < 1 ? 1 : step >= width ? width - 1 : step;
        struct threshold middle = {low.d2 + step, 0};
        middle.count = count_kept(candidates, kept, middle.d2);
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

static void add_one(const struct features_candidates *candidates, uint32_t i,
                    struct features_moments *moments)
{
    uint32_t xy = (uint32_t)candidates->kept_xy[i];
    int32_t x = (int16_t)(xy & 0xFFFFu), y = (int16_t)(xy >> 16),
            z = (int16_t)((uint32_t)candidates->kept_z[i] & 0xFFFFu);
    const int32_t sum[3] = {x, y, z};
    const int32_t products[6] = {x * x, x * y, x * z, y * y, y * z, z * z};
    uint64_t d2 = (uint64_t)candidates->kept_d2[i];
    for (int j = 0; j < 3; j++)
        moments->sum[j] += sum[j];
    for (int j = 0; j < 6; j++)
        moments->low[j] += products[j];
    moments->reach2 = d2 > moments->reach2 ? d2 : moments->reach2;
    moments->count++;
}

/* Adds those of kept[first, end) that lie within d2; end - first, to whole lanes, times d2 is below 2^31. */
static void add_lanes(const struct features_candidates *candidates, uint32_t first, uint32_t end,
                      int32_t d2, struct features_moments *moments)
{
    const lanes low16 = lanes_all(0xFFFF), one = lanes_all(1), most = lanes_all(d2);
    lanes zero = lanes_all(0), sum[9], farthest = zero;
    for (int j = 0; j < 9; j++)
        sum[j] = zero;
    for (uint32_t i = first; i < end; i += LANES) {
        lanes distance2 = lanes_load(candidates->kept_d2 + i);
        lanes d = lanes_where(distance2, most, lanes_load(candidates->kept_xy + i));
        lanes dz = lanes_where(distance2, most, lanes_load(candidates->kept_z + i));
        lanes dx = lanes_and(d, low16), dy = lanes_high16(d);
        sum[0] = lanes_add(sum[0], lanes_madd16(dx, one));
        sum[1] = lanes_add(sum[1], lanes_madd16(dy, one));
        sum[2] = lanes_add(sum[2], lanes_madd16(dz, one));
        sum[3] = lanes_add(sum[3], lanes_madd16(dx, dx));
        sum[4] = lanes_add(sum[4], lanes_madd16(dx, dy));
        sum[5] = lanes_add(sum[5], lanes_madd16(dx, dz));
        sum[6] = lanes_add(sum[6], lanes_madd16(dy, dy));
        sum[7] = lanes_add(sum[7], lanes_madd16(dy, dz));
        sum[8] = lanes_add(sum[8], lanes_madd16(dz, dz));
        farthest = lanes_larger(farthest, lanes_where(distance2, most, distance2));
    }
    for (int j = 0; j < 3; j++)
        moments->sum[j] += lanes_sum(sum[j]);
    for (int j = 0; j < 6; j++)
        moments->low[j] += lanes_sum(sum[3 + j]);
    uint64_t reach2 = (uint64_t)lanes_largest(farthest);
    moments->reach2 = reach2 > moments->reach2 ? reach2 : moments->reach2;
}

/* Adds those of `kept` that lie within the threshold, in blocks whose sums fit 32 bits. */
static void add_within(const struct features_candidates *candidates, uint32_t kept,
                       struct threshold within, struct features_moments *moments)
{
    uint32_t block = within.d2 == 0 ? UINT32_MAX : (uint32_t)(INT32_MAX / within.d2);
    if (block < LANES) {
        for (uint32_t i = 0; i < kept; i++)
            if (candidates->kept_d2[i] <= within.d2)
                add_one(candidates, i, moments);
        return;
    }
    block -= block % LANES;
    for (uint32_t first = 0; first < kept; first += block) {
        if (kept - first <= block) {
            add_lanes(candidates, first, kept, within.d2, moments);
            break;
        }
        add_lanes(candidates, first, first + block, within.d2, moments);
    }
    moments->count += within.count;
}

/* By x, then y, then z. */
static uint64_t order_of(const struct features_candidates *candidates, uint32_t i)
{
    uint32_t xy = (uint32_t)candidates->kept_xy[i] ^ 0x80008000u;
    return (uint64_t)(xy & 0xFFFFu) << 32 | (xy & 0xFFFF0000u) |
           (((uint32_t)candidates->kept_z[i] ^ 0x8000u) & 0xFFFFu);
}

/* Adds `need` of those kept that are exactly d2 away: those that come first by x, y, z. */
static void add_ties(const struct features_candidates *candidates, uint32_t kept, int32_t d2,
                     uint32_t need, struct features_moments *moments)
{
    uint64_t after = 0;
    while (need > 0) {
        uint64_t first = UINT64_MAX;
        uint32_t at = 0;
        for (uint32_t i = 0; i < kept; i++) {
            if (candidates->kept_d2[i] != d2)
                continue;
            uint64_t order = order_of(candidates, i) + 1;
            if (order > after && order < first) {
                first = order;
                at = i;
            }
        }
        for (uint32_t i = at; i < kept && need > 0; i++)
            if (candidates->kept_d2[i] == d2 && order_of(candidates, i) + 1 == first) {
                add_one(candidates, i, moments);
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
    const struct place place = {lanes_all((int32_t)(at[0] | at[1] << 16)),
                                lanes_all((int32_t)at[2])};
    if (!complete && (want->k == 0 || want->sure2 == 0))
        return false;
    struct threshold within =
        keep_enough(candidates, &place, want, bound < INT32_MAX ? (int32_t)bound : INT32_MAX - 1);
    const uint32_t kept = within.count;
    if (!complete && kept < want->k)
        return false;
    memset(moments, 0, sizeof *moments);
    if (want->k != 0 && kept > want->k)
        within = find_threshold(candidates, want->k, within);
    if (within.count > 0)
        add_within(candidates, kept, within, moments);
    if (want->k != 0 && kept > want->k && within.count < want->k)
        add_ties(candidates, kept, within.d2 + 1, want->k - within.count, moments);
    return true;
}

static uint32_t within(const struct features_candidates *candidates, const uint32_t at[3],
                       uint32_t limit2)
{
    const lanes xy = lanes_all((int32_t)(at[0] | at[1] << 16)), z = lanes_all((int32_t)at[2]),
                most = lanes_all((int32_t)limit2), one = lanes_all(1);
    uint32_t whole = candidates->count / LANES * LANES, count = 0;
    lanes counts = lanes_all(0);
    for (uint32_t i = 0; i < candidates->count; i += LANES) {
        lanes d = lanes_sub16(lanes_load(candidates->xy + i), xy);
        lanes dz = lanes_sub16(lanes_load(candidates->z + i), z);
        lanes d2 = lanes_add(lanes_madd16(d, d), lanes_madd16(dz, dz));
        if (i < whole)
            counts = lanes_add(counts, lanes_where(d2, most, one));
        else
            count = lanes_bits(lanes_at_most(d2, most) & ((1u << (candidates->count - i)) - 1));
    }
    return count + (uint32_t)lanes_sum(counts);
}

#endif
