/* median.h - the streaming medians of five that predict x and y differences, two by two. */
#ifndef SCREE_LIB_LAZ_MEDIAN_H
#define SCREE_LIB_LAZ_MEDIAN_H

#include "laz/model.h"

/* Of x and of y, which are updated together; not in vectors, whose steps wait for each other longer
 * than they save. */
struct laz_medians {
    int32_t v[5][2];      /* ascending */
    uint32_t drop_low[2]; /* which end gives way to the next value: all ones, the lowest */
};

LAZ_INLINE int32_t laz_max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

LAZ_INLINE int32_t laz_min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

LAZ_INLINE uint32_t laz_median_x(const struct laz_medians *medians)
{
    return (uint32_t)medians->v[2][0];
}

LAZ_INLINE uint32_t laz_median_y(const struct laz_medians *medians)
{
    return (uint32_t)medians->v[2][1];
}

LAZ_INLINE void laz_median_insert(struct laz_medians *medians, unsigned which, uint32_t value)
{
    int32_t x = (int32_t)value;
    int32_t middle = medians->v[2][which];
    uint32_t drop_low = medians->drop_low[which];
    int32_t(*kept)[2] = medians->v + (drop_low & 1u);
    int32_t a = kept[0][which], b = kept[1][which], c = kept[2][which], d = kept[3][which];
    medians->drop_low[which] = laz_mask(x > middle) | (laz_mask(x == middle) & ~drop_low);
    medians->v[0][which] = laz_min32(a, x);
    medians->v[1][which] = laz_max32(a, laz_min32(b, x));
    medians->v[2][which] = laz_max32(b, laz_min32(c, x));
    medians->v[3][which] = laz_max32(c, laz_min32(d, x));
    medians->v[4][which] = laz_max32(d, x);
}

LAZ_INLINE void laz_medians_insert(struct laz_medians *medians, uint32_t x, uint32_t y)
{
    laz_median_insert(medians, 0, x);
    laz_median_insert(medians, 1, y);
}

/* Contexts made of a bit count: its lowest bit cleared, at most `limit` (even). */
LAZ_INLINE unsigned laz_even(unsigned k, unsigned limit)
{
    return k < limit ? k & ~1u : limit;
}

#endif
