/* spill_guess.c - where the points are, before they are read: what headers promise, and a sample. A wrong guess costs time. */
#include "copc/spilled.h"

#include <math.h>
#include <string.h>

static int32_t to_units(double value, double scale, double offset)
{
    double units = floor((value - offset) / scale + 0.5);
    return units < -2147483648.0 ? INT32_MIN : units > 2147483647.0 ? INT32_MAX : (int32_t)units;
}

/* The bounds in an input's header, as record integers. False where an axis has none that make sense: then min > max there. */
static bool header_bounds(const struct scree_convert_job *job,
                          const struct scree__copc_input *input, int32_t min[3], int32_t max[3])
{
    const struct scree_las_header *header = &input->header;
    bool all = true;
    for (int a = 0; a < 3; a++) {
        bool usable = isfinite(header->min[a]) && isfinite(header->max[a]) &&
                      header->min[a] <= header->max[a];
        min[a] = INT32_MAX;
        max[a] = INT32_MIN;
        if (usable) {
            min[a] = to_units(header->min[a], job->grid.scale[a], job->grid.offset[a]);
            max[a] = to_units(header->max[a], job->grid.scale[a], job->grid.offset[a]);
        }
        all &= usable;
    }
    return all;
}

void scree__copc_spilled_guess_bounds(const struct scree_convert_job *job, int32_t min[3],
                                      int32_t max[3])
{
    for (int a = 0; a < 3; a++) {
        min[a] = INT32_MAX;
        max[a] = INT32_MIN;
    }
    for (uint64_t i = 0; i < job->input_count; i++) {
        int32_t low[3], high[3];
        (void)header_bounds(job, &job->inputs[i], low, high);
        for (int a = 0; a < 3; a++) {
            min[a] = low[a] < min[a] ? low[a] : min[a];
            max[a] = high[a] > max[a] ? high[a] : max[a];
        }
    }
    for (int a = 0; a < 3; a++)
        if (min[a] > max[a])
            min[a] = max[a] = 0;
}

/* Spreads an input's points evenly over the cells of its box; returns how many. */
static uint64_t add_box(const struct scree__copc_cube *cube, const int32_t min[3],
                        const int32_t max[3], uint64_t points, uint64_t *weights)
{
    uint64_t low[3], high[3], cells = 1;
    unsigned shift = cube->depth - SCREE__COPC_PART_LEVELS;
    scree__copc_cube_cells(cube, min, low);
    scree__copc_cube_cells(cube, max, high);
    for (int a = 0; a < 3; a++) {
        low[a] >>= shift;
        high[a] >>= shift;
        cells *= high[a] - low[a] + 1;
    }
    for (uint64_t x = low[0]; x <= high[0]; x++)
        for (uint64_t y = low[1]; y <= high[1]; y++)
            for (uint64_t z = low[2]; z <= high[2]; z++)
                weights[scree__copc_morton(x, y, z)] += points / cells;
    return cells;
}

/* Cells of all boxes: thousands that each fill the cube would take long, and say little. */
#define BOX_CELLS_MAX ((uint64_t)1 << 26)

static void weigh_boxes(const struct scree__copc_spilled *spilled, uint64_t *weights)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t cells = 0;
    if (spilled->cube.depth < SCREE__COPC_PART_LEVELS)
        return;
    for (uint64_t i = 0; i < job->input_count && cells < BOX_CELLS_MAX; i++) {
        int32_t min[3], max[3];
        if (header_bounds(job, &job->inputs[i], min, max))
            cells += add_box(&spilled->cube, min, max, job->inputs[i].header.point_count, weights);
    }
}

enum scree_status scree__copc_spilled_weigh(struct scree__copc_spilled *spilled, uint64_t *weights,
                                            struct scree_error *err)
{
    struct scree__copc_read_to to;
    memset(&to, 0, sizeof to);
    to.cube = &spilled->cube;
    to.weights = weights;
    weigh_boxes(spilled, weights);
    if (scree__copc_read_sample_units(spilled->job) == 0)
        return SCREE_OK;
    enum scree_status status = scree__copc_read(spilled->job, &to, err);
    for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++)
        weights[cell] = (weights[cell] + 1) / 2;
    return status;
}
