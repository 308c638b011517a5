/* summary.c - what the header says of the points, gathered while they go by. */
#include "scree/las.h"
#include "base/bytes.h"
#include "las/range.h"

void scree_las_summary_init(struct scree_las_summary *summary)
{
    memset(summary, 0, sizeof *summary);
    for (int axis = 0; axis < 3; axis++) {
        summary->min[axis] = INT32_MAX;
        summary->max[axis] = INT32_MIN;
    }
}

void scree_las_summary_add(struct scree_las_summary *summary, unsigned point_format,
                           const uint8_t *records, size_t stride_bytes, uint64_t count)
{
    const unsigned mask = point_format < 6 ? 7 : 15;
    struct scree__las_range x = {summary->min[0], summary->max[0]},
                            y = {summary->min[1], summary->max[1]},
                            z = {summary->min[2], summary->max[2]};
    /* In turns: nearly all points have the same return number, and a counter's next sum waits for the last one to be stored. */
    uint64_t returns[4][16] = {{0}};
    for (uint64_t i = 0; i < count; i++, records += stride_bytes) {
        scree__las_range_add(&x, scree__base_load_i32(records));
        scree__las_range_add(&y, scree__base_load_i32(records + 4));
        scree__las_range_add(&z, scree__base_load_i32(records + 8));
        returns[i & 3][records[14] & mask]++;
    }
    for (int i = 0; i < 15; i++)
        summary->return_counts[i] +=
            returns[0][i + 1] + returns[1][i + 1] + returns[2][i + 1] + returns[3][i + 1];
    const struct scree__las_range axes[3] = {x, y, z};
    for (int axis = 0; axis < 3; axis++) {
        summary->min[axis] = axes[axis].min;
        summary->max[axis] = axes[axis].max;
    }
    summary->point_count += count;
}

void scree_las_summary_merge(struct scree_las_summary *summary,
                             const struct scree_las_summary *other)
{
    summary->point_count += other->point_count;
    for (int i = 0; i < 15; i++)
        summary->return_counts[i] += other->return_counts[i];
    for (int axis = 0; axis < 3; axis++) {
        if (other->min[axis] < summary->min[axis])
            summary->min[axis] = other->min[axis];
        if (other->max[axis] > summary->max[axis])
            summary->max[axis] = other->max[axis];
    }
}
