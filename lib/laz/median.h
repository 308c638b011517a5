/* median.h - the streaming median of five that predicts x and y differences. */
#ifndef SCREE_LIB_LAZ_MEDIAN_H
#define SCREE_LIB_LAZ_MEDIAN_H

#include "laz/model.h"

struct laz_median {
    int32_t v[5];      /* ascending */
    uint32_t drop_low; /* which end gives way to the next value */
};

LAZ_INLINE int32_t laz_max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

LAZ_INLINE int32_t laz_min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

LAZ_INLINE uint32_t laz_median_get(const struct laz_median *median)
{
    return (uint32_t)median->v[2];
}

LAZ_INLINE void laz_median_insert(struct laz_median *median, uint32_t value)
{
    int32_t x = (int32_t)value;
    int32_t middle = median->v[2];
    const int32_t *kept = median->v + median->drop_low;
    int32_t a = kept[0], b = kept[1], c = kept[2], d = kept[3];
    median->drop_low = (x > middle) | ((x == middle) & (median->drop_low ^ 1u));
    median->v[0] = laz_min32(a, x);
    median->v[1] = laz_max32(a, laz_min32(b, x));
    median->v[2] = laz_max32(b, laz_min32(c, x));
    median->v[3] = laz_max32(c, laz_min32(d, x));
    median->v[4] = laz_max32(d, x);
}

/* Contexts made of a bit count: its lowest bit cleared, at most `limit` (even). */
LAZ_INLINE unsigned laz_even(unsigned k, unsigned limit)
{
    return k < limit ? k & ~1u : limit;
}

#endif
