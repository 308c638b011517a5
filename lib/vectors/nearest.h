/* nearest.h - the smallest so far: of upper bounds, whose largest is the limit for lower ones, and of results: heaps with the largest on top. */
#ifndef SCREE_LIB_VECTORS_NEAREST_H
#define SCREE_LIB_VECTORS_NEAREST_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Up to so many are kept in order, which takes no decisions (kernels.h: uppers); more are a heap. */
#define SCREE__VECTORS_UPPERS_IN_ORDER 16u

struct scree__vectors_uppers {
    float *
        values; /* [k], and UPPERS_IN_ORDER at least: in order those of k places at the end, before them -infinity */
    uint32_t k;
    bool in_order;
};

static inline void scree__vectors_uppers_begin(struct scree__vectors_uppers *uppers, uint32_t k)
{
    uppers->k = k;
    uppers->in_order = k <= SCREE__VECTORS_UPPERS_IN_ORDER;
    for (uint32_t i = 0; i < k || i < SCREE__VECTORS_UPPERS_IN_ORDER; i++)
        uppers->values[i] = i + k < SCREE__VECTORS_UPPERS_IN_ORDER ? -INFINITY : INFINITY;
}

/* What a lower bound has to be below to matter. */
static inline float scree__vectors_uppers_limit(const struct scree__vectors_uppers *uppers)
{
    return uppers->values[uppers->in_order ? SCREE__VECTORS_UPPERS_IN_ORDER - 1 : 0];
}

/* Where they are a heap. */
static inline void scree__vectors_uppers_add(struct scree__vectors_uppers *uppers, float value)
{
    float *values = uppers->values;
    if (!(value < values[0]))
        return;
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < uppers->k; at = child) {
        if (child + 1 < uppers->k && values[child] < values[child + 1])
            child++;
        if (values[child] <= value)
            break;
        values[at] = values[child];
    }
    values[at] = value;
}

/* A row that may be among the nearest. */
struct scree__vectors_candidate {
    float low, estimate;
    uint32_t slot, at; /* block of the query, vector of the block */
};

struct scree__vectors_near {
    uint64_t id;
    float distance;
};

struct scree__vectors_nearest {
    struct scree__vectors_near *items;
    uint32_t count, k;
    bool in_order; /* it is no heap any more */
};

static inline bool scree__vectors_nearer(struct scree__vectors_near a, struct scree__vectors_near b)
{
    return a.distance < b.distance || (a.distance == b.distance && a.id < b.id);
}

static inline float scree__vectors_nearest_limit(const struct scree__vectors_nearest *nearest)
{
    return nearest->count == nearest->k ? nearest->items[0].distance : INFINITY;
}

/* Of so many at once each is put in its place by counting those before it, which takes no decisions. */
#define SCREE__VECTORS_NEAREST_FEW 64u

struct scree__vectors_kernels;

static inline void scree__vectors_nearest_begin(struct scree__vectors_nearest *nearest, uint32_t k)
{
    nearest->count = 0;
    nearest->k = k;
    nearest->in_order = false;
}

/* The nearest of up to NEAREST_FEW, none of them NaN, when there is none yet and none comes after. distances: room for a multiple of 16. */
void scree__vectors_nearest_few(struct scree__vectors_nearest *nearest,
                                const struct scree__vectors_kernels *kernels,
                                const float *distances, const uint64_t *ids, uint32_t count);
void scree__vectors_nearest_add(struct scree__vectors_nearest *nearest,
                                struct scree__vectors_near item);
/* In order of (distance, id), nearest first. */
void scree__vectors_nearest_sort(struct scree__vectors_nearest *nearest);

#endif
