/* cloud.c - points in memory: the same engine without files. */
#include "base/error.h"
#include "enrich/job.h"

#include <math.h>
#include <string.h>

#define BATCH 4096u

struct cloud {
    struct scree__enrich_engine *engine;
    const struct scree_enrich_cloud *from;
    int64_t factor[3];
};

static enum scree_status place_of(const struct cloud *cloud, uint64_t i, int32_t at[3],
                                  struct scree_error *err)
{
    const struct scree_enrich_cloud *from = cloud->from;
    for (int a = 0; a < 3; a++) {
        double steps;
        if (from->coordinates != NULL) {
            double off =
                (from->coordinates[3 * i + (uint64_t)a] - from->coordinates[a]) / from->scale[a];
            steps = off < 0 ? -floor(0.5 - off) : floor(off + 0.5);
        } else {
            const int32_t *axis = a == 0 ? from->x : a == 1 ? from->y : from->z;
            steps = axis[i];
        }
        steps *= (double)cloud->factor[a];
        if (!(steps >= -2147483648.0 && steps <= 2147483647.0))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "point %llu does not fit whole coordinates of %g",
                                    (unsigned long long)i, cloud->engine->lattice.unit);
        at[a] = (int32_t)steps;
    }
    return SCREE_OK;
}

static uint32_t roles_of(const struct cloud *cloud, uint64_t i)
{
    const struct scree_enrich_options *options = &cloud->engine->options;
    unsigned class = cloud->from->classes != NULL ? cloud->from->classes[i] : 1;
    unsigned returns = cloud->from->returns != NULL ? cloud->from->returns[i] : 0x11;
    if ((class == 7 || class == 18) && !options->noise_neighbors)
        return ENRICH_WANTED;
    return ENRICH_WANTED | ENRICH_NEIGHBOR |
           (options->ground_classes[class >> 6] >> (class & 63) & 1 ? ENRICH_GROUND : 0) |
           ((returns & 15) < returns >> 4 ? ENRICH_EARLY : 0);
}

static enum scree_status fill(void *user, struct scree__enrich_store *store,
                              struct scree_error *err)
{
    struct cloud *cloud = user;
    struct scree__enrich_point batch[BATCH];
    uint32_t count = 0;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < cloud->from->count && status == SCREE_OK; i++) {
        int32_t at[3];
        status = place_of(cloud, i, at, err);
        batch[count++] = (struct scree__enrich_point){at[0], at[1], at[2],
                                                      ENRICH_ROLE(roles_of(cloud, i)) |
                                                          ((uint32_t)i & ENRICH_INDEX_MASK)};
        if (status == SCREE_OK &&
            (count == BATCH || i + 1 == cloud->from->count || ((i + 1) & ENRICH_INDEX_MASK) == 0)) {
            status = scree__enrich_store_add(store, 0, batch, count,
                                             (uint32_t)(i >> ENRICH_INDEX_BITS), err);
            count = 0;
        }
    }
    return status;
}

/* Scales that are whole multiples of the finest. */
static enum scree_status set_lattice(struct cloud *cloud, struct scree_error *err)
{
    const double *scale = cloud->from->scale;
    double unit = scale[0];
    for (int a = 0; a < 3; a++) {
        if (!(scale[a] > 0))
            return scree__base_fail(err, SCREE_E_ARGUMENT, "a scale of %g", scale[a]);
        unit = scale[a] < unit ? scale[a] : unit;
    }
    cloud->engine->lattice.unit = unit;
    for (int a = 0; a < 3; a++) {
        double whole = floor(scale[a] / unit + 0.5);
        if (fabs(scale[a] / unit - whole) > 1e-9 * whole || whole > 1e6)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "scale %g is no multiple of %g",
                                    scale[a], unit);
        cloud->factor[a] = (int64_t)whole;
    }
    if (cloud->from->coordinates != NULL && cloud->from->count > 0)
        for (int a = 0; a < 2; a++)
            cloud->engine->lattice.offset[a] = cloud->from->coordinates[a];
    return SCREE_OK;
}

static enum scree_status find_box(const struct cloud *cloud, int32_t min[3], int32_t max[3],
                                  struct scree_error *err)
{
    int32_t at[3] = {0};
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < cloud->from->count && status == SCREE_OK; i++) {
        status = place_of(cloud, i, at, err);
        for (int a = 0; a < 3; a++) {
            min[a] = i == 0 || at[a] < min[a] ? at[a] : min[a];
            max[a] = i == 0 || at[a] > max[a] ? at[a] : max[a];
        }
    }
    return status;
}

static enum scree_status set_engine(struct cloud *cloud, const struct scree_enrich_options *given,
                                    struct scree_error *err)
{
    struct scree__enrich_engine *engine = cloud->engine;
    const struct scree_enrich_options *options = &engine->options;
    scree__enrich_options_take(&engine->options, given);
    const double stated = scree__enrich_unit_given(options->unit, engine->unit_name);
    const double metres = cloud->from->metres > 0 ? cloud->from->metres : stated;
    engine->survey.unit_metres = metres > 0 ? metres : 1;
    engine->survey.features =
        options->features != 0 ? options->features : scree_enrich_mode_features(options->mode);
    scree__enrich_lengths(options, &engine->survey);
    enum scree_status status = set_lattice(cloud, err);
    if (status == SCREE_OK)
        status = scree__enrich_ask(engine, err);
    return status;
}

enum scree_status scree_enrich_points(struct scree_context *context,
                                      const struct scree_enrich_options *options,
                                      const struct scree_enrich_cloud *given, float *out,
                                      struct scree_error *err)
{
    struct scree__enrich_engine engine;
    struct cloud cloud = {.engine = &engine};
    struct scree__enrich_filler filler = {&cloud, fill};
    struct scree__enrich_rows *rows = NULL;
    int32_t min[3] = {0, 0, 0}, max[3] = {0, 0, 0};
    struct scree_enrich_cloud own = {0};
    memcpy(&own, given, given->size < sizeof own ? given->size : sizeof own);
    memset(&engine, 0, sizeof engine);
    engine.context = context;
    engine.budget = scree__par_budget(context);
    const struct scree_enrich_cloud *from = cloud.from = &own;
    if (from->coordinates == NULL && (from->x == NULL || from->y == NULL || from->z == NULL) &&
        from->count > 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a cloud without coordinates");
    enum scree_status status = set_engine(&cloud, options, err);
    if (status == SCREE_OK)
        status = find_box(&cloud, min, max, err);
    if (status != SCREE_OK)
        return status;
    scree__enrich_size(&engine, from->count, 0);
    status = scree__enrich_compute(&engine, from->count, min, max, &filler, &rows, err);
    if (status == SCREE_OK)
        status = scree__enrich_rows_next(rows, from->count, out, err);
    scree__enrich_rows_close(rows);
    return status;
}
