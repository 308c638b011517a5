/* nearest.h - the smallest so far: of upper bounds, whose largest is the limit for lower ones, and of results. Both are heaps with the largest on top. */
#ifndef SCREE_LIB_VECTORS_NEAREST_H
#define SCREE_LIB_VECTORS_NEAREST_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct scree__vectors_uppers {
    float *values;
    uint32_t count, k;
};

/* What a lower bound has to be below to matter. */
static inline float scree__vectors_uppers_limit(const struct scree__vectors_uppers *uppers)
{
    return uppers->count == uppers->k ? uppers->values[0] : INFINITY;
}

static inline void scree__vectors_uppers_add(struct scree__vectors_uppers *uppers, float value)
{
    float *heap = uppers->values;
    uint32_t at;
    if (uppers->count < uppers->k) {
        for (at = uppers->count++; at > 0 && heap[(at - 1) / 2] < value; at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
        heap[at] = value;
        return;
    }
    if (!(value < heap[0]))
        return;
    at = 0;
    for (uint32_t child; (child = 2 * at + 1) < uppers->k; at = child) {
        if (child + 1 < uppers->k && heap[child] < heap[child + 1])
            child++;
        if (heap[child] <= value)
            break;
        heap[at] = heap[child];
    }
    heap[at] = value;
}

struct scree__vectors_near {
    uint64_t id;
    float distance;
};

struct scree__vectors_nearest {
    struct scree__vectors_near *items;
    uint32_t count, k;
};

static inline bool scree__vectors_nearer(struct scree__vectors_near a, struct scree__vectors_near b)
{
    return a.distance < b.distance || (a.distance == b.distance && a.id < b.id);
}

static inline float scree__vectors_nearest_limit(const struct scree__vectors_nearest *nearest)
{
    return nearest->count == nearest->k ? nearest->items[0].distance : INFINITY;
}

void scree__vectors_nearest_add(struct scree__vectors_nearest *nearest,
                                struct scree__vectors_near item);
/* In order of (distance, id), nearest first; it is no heap any more. */
void scree__vectors_nearest_sort(struct scree__vectors_nearest *nearest);

#endif
