/*
 * lattice.c - whole coordinates that all files of a survey share: steps of the finest of the input's scales, about a base that lets 32 bits do.
 */
#include "base/error.h"
#include "enrich/job.h"

#include <math.h>
#include <string.h>

/* Shares of a step by which files may differ that mean the same lattice: what decimal scales are off as doubles. */
#define SAME 1e-4

static double nearest(double x)
{
    return floor(x + 0.5);
}

enum scree_status scree__enrich_lattice_make(struct scree__enrich_engine *engine,
                                             struct scree_error *err)
{
    struct scree__enrich_lattice *lattice = &engine->lattice;
    const struct scree_las_header *header = &engine->files[0].header;
    memset(lattice, 0, sizeof *lattice);
    lattice->unit = header->scale[0];
    for (int a = 1; a < 3; a++)
        lattice->unit = header->scale[a] < lattice->unit ? header->scale[a] : lattice->unit;
    if (!(lattice->unit > 0))
        return scree__base_fail(err, SCREE_E_DATA, "%s: a scale of %g", engine->files[0].path,
                                lattice->unit);
    for (int a = 0; a < 2; a++)
        lattice->offset[a] = header->offset[a];
    for (int a = 0; a < 3; a++) {
        double ratio = header->scale[a] / lattice->unit, whole = nearest(ratio);
        lattice->ratio[a] = ratio;
        lattice->factor[a] =
            whole >= 1 && whole <= 1e6 && fabs(ratio - whole) <= 1e-9 * whole ? (int64_t)whole : 0;
        if (lattice->factor[a] == 0)
            scree__par_log(
                engine->context, SCREE_LOG_WARNING,
                "%s: scale %g of axis %d is no multiple of %g: places are rounded to the "
                "finer one",
                engine->files[0].path, header->scale[a], a, lattice->unit);
        double middle =
            ((header->min[a] + header->max[a]) / 2 - header->offset[a]) / header->scale[a];
        middle = middle >= -2147483648.0 && middle <= 2147483647.0 ? middle : 0;
        if (lattice->factor[a] != 1)
            lattice->base[a] = lattice->factor[a] != 0
                                   ? (int64_t)nearest(middle) * lattice->factor[a]
                                   : (int64_t)nearest(middle * ratio);
    }
    return SCREE_OK;
}

void scree__enrich_lattice_join(struct scree__enrich_engine *engine,
                                struct scree__enrich_file *file)
{
    const struct scree_las_header *input = &engine->files[0].header, *header = &file->header;
    file->exact = true;
    for (int a = 0; a < 3; a++) {
        double shift = (header->offset[a] - input->offset[a]) / input->scale[a];
        bool same = header->scale[a] == input->scale[a] && fabs(shift - nearest(shift)) <= SAME &&
                    fabs(shift) < 4e15;
        file->exact = file->exact && same;
        file->shift[a] = same ? (int64_t)nearest(shift) : 0;
        file->scale[a] = header->scale[a] / input->scale[a];
        file->offset[a] = shift;
    }
}

static bool on_axis(const struct scree__enrich_lattice *lattice,
                    const struct scree__enrich_file *file, int a, int32_t record, int32_t *at)
{
    int64_t steps;
    if (file->exact)
        steps = record + file->shift[a];
    else {
        double x = nearest(record * file->scale[a] + file->offset[a]);
        if (!(x > -9e15 && x < 9e15))
            return false;
        steps = (int64_t)x;
    }
    if (lattice->factor[a] != 0) {
        if (steps > INT64_MAX / 2097152 || steps < -(INT64_MAX / 2097152))
            return false;
        steps *= lattice->factor[a];
    } else {
        steps = (int64_t)nearest((double)steps * lattice->ratio[a]);
    }
    steps -= lattice->base[a];
    *at = (int32_t)steps;
    return steps >= INT32_MIN && steps <= INT32_MAX;
}

bool scree__enrich_lattice_put(const struct scree__enrich_lattice *lattice,
                               const struct scree__enrich_file *file, const int32_t record[3],
                               int32_t at[3])
{
    for (int a = 0; a < 3; a++)
        if (!on_axis(lattice, file, a, record[a], &at[a]))
            return false;
    return true;
}

int32_t scree__enrich_lattice_of(const struct scree__enrich_engine *engine, unsigned axis,
                                 double coordinate)
{
    const struct scree_las_header *header = &engine->files[0].header;
    double steps = (coordinate - header->offset[axis]) / engine->lattice.unit -
                   (double)engine->lattice.base[axis];
    if (!(steps > -2147483648.0))
        return INT32_MIN;
    return steps < 2147483647.0 ? (int32_t)nearest(steps) : INT32_MAX;
}

/*
 * From a shift by parts of a step, tenths or eighths of one as a rule, the origin is as far from the next whole number as it can be told, so that files
 * whose offsets differ by whole steps have the same cells.
 */
#define ORIGIN_ROUNDED 0.45

void scree__enrich_lattice_cells(const struct scree__enrich_engine *engine, double side,
                                 struct scree__enrich_cells_grid *grid)
{
    const struct scree__enrich_lattice *lattice = &engine->lattice;
    const double steps = nearest(side / lattice->unit);
    grid->side = steps < 1 ? 1 : steps < 1e12 ? (int64_t)steps : INT64_C(1000000000000);
    for (int a = 0; a < 2; a++) {
        const double origin = floor(lattice->offset[a] / lattice->unit + ORIGIN_ROUNDED);
        grid->origin[a] =
            lattice->base[a] + (origin > -4e15 && origin < 4e15 ? (int64_t)origin : 0);
    }
}
