/*
 * build.c - the main job, phase by phase:
 *
 *   plan    inputs.c   scree__copc_plan()          every header; what the output will be
 *   read    read.c     scree__copc_read()          each input decoded once, records in the output's
 * format and grid sort    order.c    scree__copc_order()         Morton order under the points'
 * true cube (cube.c) nodes   octree.c   scree__copc_octree_build()  which point goes to which node
 *   write   write.c    scree__copc_write()         nodes encoded in parallel, written in file
 * order, published
 *
 * All points are held in memory: 6 bytes each beside the record. Where they do not fit the budget,
 * the plan says which budget would do; spilling to scratch will enter between read and sort, bucket
 * by bucket, without a change to the result.
 */
#include "copc/job.h"
#include "base/error.h"
#include "copc/order.h"

#include <string.h>

struct ordered {
    uint32_t *order;
    uint8_t *prefix, *level;
};

static enum scree_status check_budget(const struct scree_convert_job *job, struct scree_error *err)
{
    const struct scree_convert_plan *plan = &job->plan;
    if (plan->point_count >= UINT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%llu points: up to %u can be converted in memory",
                                (unsigned long long)plan->point_count, UINT32_MAX - 1);
    if (plan->fits)
        return SCREE_OK;
    if (err != NULL && err->status == SCREE_OK)
        err->need_bytes = plan->memory_bytes;
    return scree__base_fail(err, SCREE_E_BUDGET,
                            "converting %llu points in memory needs %llu bytes, the budget is %llu",
                            (unsigned long long)plan->point_count,
                            (unsigned long long)plan->memory_bytes,
                            (unsigned long long)scree_context_budget_bytes(job->context));
}

static enum scree_status allocate(struct scree_convert_job *job, struct scree__copc_store *store,
                                  struct ordered *ordered, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    uint64_t count = job->plan.point_count;
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, count * job->plan.record_bytes, &memory, "the points", err);
    if (status != SCREE_OK)
        return status;
    store->records = memory;
    status =
        scree__mem_alloc(budget, count * sizeof *ordered->order, &memory, "the points' order", err);
    if (status != SCREE_OK)
        return status;
    ordered->order = memory;
    status = scree__mem_alloc(budget, 2 * count, &memory, "the points' levels", err);
    if (status != SCREE_OK)
        return status;
    ordered->prefix = memory;
    ordered->level = ordered->prefix + count;
    return SCREE_OK;
}

/*
 * The cube depends on the depth of the octree (its faces must be clear of the grid down to the
 * deepest node), and the octree on the cube: begin with a depth that costs under 1/128 of the side
 * and nearly always does, and go deeper while nodes turn out to be.
 */
static enum scree_status find_nodes(struct scree_convert_job *job,
                                    const struct scree__copc_store *store,
                                    const struct ordered *ordered, struct scree__copc_cube *cube,
                                    struct scree__copc_octree *octree, struct scree_error *err)
{
    const struct scree_las_summary *summary = &store->summary;
    struct scree__copc_points points = {store->records, job->plan.record_bytes,
                                        job->plan.point_count};
    unsigned face_depth = scree__copc_cube_first_face_depth(&job->grid, summary->min, summary->max);
    for (;;) {
        scree__copc_cube_init(cube, &job->grid, summary->min, summary->max, face_depth);
        scree__par_stage_begin(job->context, "sort", points.count);
        enum scree_status status =
            scree__copc_order(job->context, &points, cube, ordered->order, ordered->prefix, err);
        if (status == SCREE_OK)
            status = scree__copc_octree_build(octree, scree__par_budget(job->context),
                                              ordered->prefix, ordered->level, points.count,
                                              cube->depth, &job->limits, err);
        if (status != SCREE_OK)
            return status;
        scree__par_stage_end(job->context);
        if (octree->deepest <= cube->face_depth)
            return SCREE_OK;
        face_depth = octree->deepest;
    }
}

enum scree_status scree__copc_build(struct scree_convert_job *job,
                                    struct scree_convert_result *result, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    struct scree__copc_store store;
    struct ordered ordered;
    struct scree__copc_cube cube;
    struct scree__copc_octree octree;
    uint64_t count = job->plan.point_count;
    memset(&store, 0, sizeof store);
    memset(&ordered, 0, sizeof ordered);
    memset(&octree, 0, sizeof octree);
    enum scree_status status = check_budget(job, err);
    if (status != SCREE_OK)
        return status;
    status = allocate(job, &store, &ordered, err);
    if (status == SCREE_OK)
        status = scree__copc_read(job, &store, err);
    if (status == SCREE_OK)
        status = find_nodes(job, &store, &ordered, &cube, &octree, err);
    if (status == SCREE_OK)
        status = scree__copc_write(job, &store, &cube, ordered.order, ordered.level, &octree,
                                   result, err);
    scree__copc_octree_release(&octree, budget);
    scree__mem_free(budget, ordered.prefix, 2 * count);
    scree__mem_free(budget, ordered.order, count * sizeof *ordered.order);
    scree__mem_free(budget, store.records, count * job->plan.record_bytes);
    return status;
}
