/* region.c - limits on integers, and where boxes lie. */
#include "query/region.h"
#include "base/bytes.h"

#include <math.h>
#include <string.h>

/* The value rises with the record (scale > 0, and rounding keeps order), so that halving finds the step. */
int64_t scree__query_first_at_least(double bound, double scale, double offset)
{
    int64_t low = INT32_MIN, high = (int64_t)INT32_MAX + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        double value = (double)middle * scale + offset;
        if (value >= bound)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool limits_axis(const struct scree__query_region *region, int axis)
{
    return region->bounds_axes == 1 ? axis == 2 : axis < (int)region->bounds_axes;
}

static void set_axis(struct scree__query_limits *limits, int axis, double min, double max)
{
    double scale = limits->scale[axis], offset = limits->offset[axis];
    int64_t low = scree__query_first_at_least(min, scale, offset);
    int64_t high = scree__query_first_at_least(max, scale, offset) - 1;
    if (low > high) {
        limits->none = true;
        return;
    }
    limits->low[axis] = (int32_t)low;
    limits->high[axis] = (int32_t)high;
    limits->has_axis[axis] = low > INT32_MIN || high < INT32_MAX;
}

void scree__query_limits_make(const struct scree__query_region *region, const double scale[3],
                              const double offset[3], struct scree__query_limits *limits)
{
    memset(limits, 0, sizeof *limits);
    limits->region = region;
    limits->any = region->bounds_axes > 0 || region->has_polygon || region->has_circle;
    for (int axis = 0; axis < 3; axis++) {
        limits->scale[axis] = scale[axis];
        limits->offset[axis] = offset[axis];
        limits->low[axis] = INT32_MIN;
        limits->high[axis] = INT32_MAX;
        if (limits_axis(region, axis))
            set_axis(limits, axis, region->min[axis], region->max[axis]);
    }
}

bool scree__query_region_needs_z(const struct scree__query_region *region)
{
    return limits_axis(region, 2);
}

/* ---------------------------------------------------------------------------------------- boxes */

static enum scree__query_side bounds_side(const struct scree__query_region *region,
                                          const double min[3], const double max[3])
{
    enum scree__query_side side = SCREE__QUERY_INSIDE;
    for (int axis = 0; axis < 3; axis++) {
        if (!limits_axis(region, axis))
            continue;
        if (max[axis] < region->min[axis] || min[axis] >= region->max[axis])
            return SCREE__QUERY_OUTSIDE;
        if (!(min[axis] >= region->min[axis] && max[axis] < region->max[axis]))
            side = SCREE__QUERY_CROSSING;
    }
    return side;
}

/* Certain answers keep clear of the rim by more than squares and sums can be rounded. */
static enum scree__query_side circle_side(const double circle[3], const double min[3],
                                          const double max[3])
{
    double near_square = 0, far_square = 0, r_square = circle[2] * circle[2];
    for (int axis = 0; axis < 2; axis++) {
        double below = min[axis] - circle[axis], above = circle[axis] - max[axis];
        double near = fmax(fmax(below, above), 0), far = fmax(fabs(below), fabs(above));
        near_square += near * near;
        far_square += far * far;
    }
    if (near_square > r_square * (1 + 1e-12))
        return SCREE__QUERY_OUTSIDE;
    return far_square < r_square * (1 - 1e-12) ? SCREE__QUERY_INSIDE : SCREE__QUERY_CROSSING;
}

enum scree__query_side scree__query_region_side(const struct scree__query_region *region,
                                                const double min[3], const double max[3])
{
    enum scree__query_side sides[3] = {bounds_side(region, min, max), SCREE__QUERY_INSIDE,
                                       SCREE__QUERY_INSIDE};
    if (sides[0] != SCREE__QUERY_OUTSIDE && region->has_circle)
        sides[1] = circle_side(region->circle, min, max);
    if (sides[0] != SCREE__QUERY_OUTSIDE && region->has_polygon)
        sides[2] = scree__query_polygon_side(&region->polygon, min, max);
    enum scree__query_side side = SCREE__QUERY_INSIDE;
    for (int i = 0; i < 3; i++) {
        if (sides[i] == SCREE__QUERY_OUTSIDE)
            return SCREE__QUERY_OUTSIDE;
        if (sides[i] == SCREE__QUERY_CROSSING)
            side = SCREE__QUERY_CROSSING;
    }
    return side;
}

/* --------------------------------------------------------------------------------------- points */

static void apply_axis(const struct scree__query_limits *limits, int axis, const uint8_t *records,
                       size_t stride, size_t count, uint8_t *keep)
{
    const uint8_t *p = records + 4 * axis;
    int32_t low = limits->low[axis];
    uint32_t width = (uint32_t)limits->high[axis] - (uint32_t)low;
    for (size_t i = 0; i < count; i++) {
        uint32_t above = scree__base_load32(p + i * stride) - (uint32_t)low;
        keep[i] &= above <= width;
    }
}

static void apply_shapes(const struct scree__query_limits *limits, const uint8_t *records,
                         size_t stride, size_t count, uint8_t *keep)
{
    const struct scree__query_region *region = limits->region;
    double r_square = region->circle[2] * region->circle[2];
    for (size_t i = 0; i < count; i++) {
        if (keep[i] == 0)
            continue;
        const uint8_t *p = records + i * stride;
        double x = (double)scree__base_load_i32(p) * limits->scale[0] + limits->offset[0];
        double y = (double)scree__base_load_i32(p + 4) * limits->scale[1] + limits->offset[1];
        if (region->has_circle) {
            double dx = x - region->circle[0], dy = y - region->circle[1];
            keep[i] = dx * dx + dy * dy <= r_square;
        }
        if (region->has_polygon && keep[i] != 0)
            keep[i] = scree__query_polygon_has(&region->polygon, x, y);
    }
}

void scree__query_limits_apply(const struct scree__query_limits *limits, const uint8_t *records,
                               size_t stride, size_t count, uint8_t *keep)
{
    if (limits->none) {
        memset(keep, 0, count);
        return;
    }
    for (int axis = 0; axis < 3; axis++)
        if (limits->has_axis[axis])
            apply_axis(limits, axis, records, stride, count, keep);
    if (limits->region->has_circle || limits->region->has_polygon)
        apply_shapes(limits, records, stride, count, keep);
}
