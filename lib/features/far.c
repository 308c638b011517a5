/* far.c - the neighbour search in 64 bits. */
#include "features/far.h"

#include <string.h>

static int64_t offset(int32_t a, int32_t b)
{
    return (int64_t)a - b;
}

static void swap(const struct features_far *far, uint32_t i, uint32_t j)
{
    uint64_t d2 = far->d2[i];
    uint32_t at = far->at[i];
    far->d2[i] = far->d2[j];
    far->at[i] = far->at[j];
    far->d2[j] = d2;
    far->at[j] = at;
}

/* The order of neighbours: by distance, then x, y, z. */
static bool before(const struct features_far *far, uint32_t i, uint32_t j)
{
    const struct scree__features_index *index = far->index;
    uint32_t a = far->at[i], b = far->at[j];
    if (far->d2[i] != far->d2[j])
        return far->d2[i] < far->d2[j];
    if (index->x[a] != index->x[b])
        return index->x[a] < index->x[b];
    if (index->y[a] != index->y[b])
        return index->y[a] < index->y[b];
    return index->z[a] < index->z[b];
}

/* The middle one of three, so that sorted runs are cut in halves. */
static uint32_t pivot_of(const struct features_far *far, uint32_t begin, uint32_t end)
{
    uint32_t a = begin, b = begin + (end - begin) / 2, c = end - 1;
    if (before(far, b, a))
        return before(far, c, b) ? b : before(far, c, a) ? c : a;
    return before(far, c, a) ? a : before(far, c, b) ? c : b;
}

/* Moves the first k of [0, count) in order to the front, in any order among themselves. Equal ones
 * (coincident points) are spread over both sides, so that they cost no more than others. */
static void select_first(const struct features_far *far, uint32_t count, uint32_t k)
{
    uint32_t begin = 0, end = count;
    while (end - begin > 1) {
        swap(far, begin, pivot_of(far, begin, end));
        uint32_t i = begin, j = end;
        for (;;) {
            do
                i++;
            while (i < end && before(far, i, begin));
            do
                j--;
            while (before(far, begin, j));
            if (i >= j)
                break;
            swap(far, i, j);
        }
        swap(far, begin, j);
        if (j == k || j + 1 == k)
            return;
        if (j > k)
            end = j;
        else
            begin = j + 1;
    }
}

static void add(const struct features_far *far, uint32_t i, const int32_t query[3],
                struct features_moments *moments)
{
    static const int first[6] = {0, 0, 0, 1, 1, 2}, second[6] = {0, 1, 2, 1, 2, 2};
    const struct scree__features_index *index = far->index;
    uint32_t at = far->at[i];
    int64_t d[3] = {offset(index->x[at], query[0]), offset(index->y[at], query[1]),
                    offset(index->z[at], query[2])};
    for (int a = 0; a < 3; a++)
        moments->sum[a] += d[a];
    for (int a = 0; a < 6; a++) {
        int64_t product = d[first[a]] * d[second[a]];
        int64_t low = product & 0xFFFFFFFF;
        moments->low[a] += low;
        moments->high[a] += (product - low) / 4294967296;
    }
    moments->reach2 = far->d2[i] > moments->reach2 ? far->d2[i] : moments->reach2;
    moments->count++;
}

static void measure(const struct features_far *far, const int32_t query[3])
{
    const struct scree__features_index *index = far->index;
    for (uint32_t i = 0; i < far->count; i++) {
        uint32_t at = far->at[i];
        int64_t x = offset(index->x[at], query[0]), y = offset(index->y[at], query[1]),
                z = offset(index->z[at], query[2]);
        far->d2[i] = (uint64_t)(x * x) + (uint64_t)(y * y) + (uint64_t)(z * z);
    }
}

/* Moves those within `most` to the front. */
static uint32_t keep_within(const struct features_far *far, uint64_t most)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < far->count; i++)
        if (far->d2[i] <= most)
            swap(far, count++, i);
    return count;
}

bool scree__features_far_nearest(const struct features_far *far, const int32_t query[3],
                                 const struct features_want *want, struct features_moments *moments)
{
    bool complete = want->limit2 < want->sure2;
    measure(far, query);
    uint32_t count = keep_within(far, complete ? want->limit2 : want->sure2 - 1);
    if (!complete && (want->k == 0 || count < want->k))
        return false;
    if (want->k != 0 && count > want->k) {
        select_first(far, count, want->k);
        count = want->k;
    }
    memset(moments, 0, sizeof *moments);
    for (uint32_t i = 0; i < count; i++)
        add(far, i, query, moments);
    return true;
}
