/*
 * build.c - the main job, phase by phase:
 *
 *   plan    inputs.c   scree__copc_plan()          every header; what the output will be
 *   read    read.c     scree__copc_read()          each input decoded once, records in the output's format and grid
 *   sort    order.c    scree__copc_order()         Morton order under the points' true cube (cube.c)
 *   nodes   octree.c   scree__copc_octree_batch()  which point goes to which node
 *   write   write.c    scree__copc_write_batch()   nodes encoded in parallel, written in file order, published
 *
 * Here with all points in memory: 10 bytes each beside the record, 5 once levels are known, and one batch. What a phase has done with serves the next
 * one (mem/shelf.h), as fresh pages are dear. Records of formats 0 to 3 stay as they are, on the output's grid, until
 * they are copied into their node (record.h), as they are shorter. Where they do not fit the budget, spill.c puts the
 * points into buckets on scratch while it reads, and goes through the other phases batch by batch. The result is the same.
 */
#include "copc/job.h"
#include "base/error.h"
#include "copc/order.h"
#include "copc/write.h"
#include "mem/shelf.h"

#include <string.h>

struct memory {
    uint8_t *records;
    uint64_t *order;
    uint64_t order_bytes; /* of it that are still there */
    uint8_t *prefix, *level;
};

static const char levels[] = "the points' levels";

static enum scree_status allocate(struct scree_convert_job *job, struct memory *memory,
                                  struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    uint64_t count = job->plan.point_count;
    void *block;
    enum scree_status status =
        scree__mem_alloc(budget, count * job->form.bytes, &block, "the points", err);
    if (status != SCREE_OK)
        return status;
    memory->records = block;
    status =
        scree__mem_alloc(budget, count * sizeof *memory->order, &block, "the points' order", err);
    if (status != SCREE_OK)
        return status;
    memory->order = block;
    memory->order_bytes = count * sizeof *memory->order;
    status = scree__mem_alloc(budget, count, &block, levels, err);
    memory->prefix = block;
    return status;
}

/* When decoders are done: of their memory, what there is. */
static enum scree_status allocate_levels(const struct scree_convert_job *job, struct memory *memory,
                                         struct scree_error *err)
{
    void *block;
    enum scree_status status = scree__mem_alloc_rested(scree__par_budget(job->context),
                                                       job->plan.point_count, &block, levels, err);
    memory->level = block;
    return status;
}

/*
 * The cube depends on the depth of the octree (its faces must be clear of the grid down to the deepest node), and the octree on the cube: begin
 * with a depth that costs under 1/128 of the side and nearly always does, and go deeper while nodes turn out to be.
 */
static enum scree_status find_nodes(struct scree_convert_job *job, struct memory *memory,
                                    const struct scree_las_summary *summary,
                                    struct scree__copc_cube *cube,
                                    struct scree__copc_octree *octree, struct scree_error *err)
{
    struct scree__copc_points points = {memory->records, job->form, job->plan.point_count};
    struct scree__copc_batch batch = {.records = memory->records,
                                      .order = memory->order,
                                      .prefix = memory->prefix,
                                      .level = memory->level,
                                      .count = points.count,
                                      .open_before = -1,
                                      .open_after = -1};
    unsigned face_depth = scree__copc_cube_first_face_depth(&job->grid, summary->min, summary->max);
    for (;;) {
        bool again;
        scree__copc_cube_init(cube, &job->grid, summary->min, summary->max, face_depth);
        scree__par_stage_begin(job->context, "sort", points.count);
        enum scree_status status =
            scree__copc_order(job->context, &points, cube, 0, memory->order, memory->prefix, err);
        scree__copc_octree_release(octree);
        scree__copc_octree_init(octree, scree__par_budget(job->context), &job->limits, cube,
                                job->plan.record_bytes);
        if (status == SCREE_OK)
            status = scree__copc_octree_batch(octree, &batch, &again, err);
        if (status != SCREE_OK)
            return status;
        scree__par_stage_end(job->context);
        if (octree->deepest <= cube->face_depth)
            break;
        face_depth = octree->deepest;
    }
    scree__mem_rest(scree__par_budget(job->context), memory->prefix, points.count);
    memory->prefix = NULL;
    return SCREE_OK;
}

static enum scree_status write_file(struct scree_convert_job *job, struct memory *memory,
                                    const struct scree_las_summary *summary,
                                    const struct scree__copc_cube *cube,
                                    const struct scree__copc_octree *octree,
                                    struct scree_convert_result *result, struct scree_error *err)
{
    struct scree__copc_points points = {memory->records, job->form, job->plan.point_count};
    struct scree__copc_writing *writing;
    scree__par_stage_begin(job->context, "write", points.count);
    const uint32_t *order = scree__copc_order_pack(memory->order, points.count);
    memory->order_bytes = scree__mem_rest_tail(scree__par_budget(job->context), memory->order,
                                               memory->order_bytes, points.count * sizeof *order);
    enum scree_status status = scree__copc_write_begin(job, cube, NULL, &writing, err);
    if (status == SCREE_OK)
        status = scree__copc_write_batch(writing, &points, order, memory->level, octree, err);
    if (status == SCREE_OK)
        status = scree__copc_write_end(writing, summary, octree, result, err);
    if (status == SCREE_OK)
        scree__par_stage_end(job->context);
    scree__copc_write_free(writing);
    return status;
}

static uint64_t largest_node(const struct scree__copc_octree *octree)
{
    uint64_t largest = 0;
    for (uint64_t i = 0; i < octree->node_count; i++)
        if (octree->nodes[i].point_count > largest)
            largest = octree->nodes[i].point_count;
    return largest;
}

/* Is there room to encode the largest node beside all points? Better known before anything is written. */
static enum scree_status check_largest_node(const struct scree_convert_job *job,
                                            uint64_t point_count, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    uint64_t bytes = scree__copc_write_bytes(job, point_count, 1);
    enum scree_status status = scree__mem_reserve(budget, bytes, "the largest node", err);
    if (status == SCREE_OK)
        scree__mem_release(budget, bytes);
    return status;
}

/*
 * *read (out): all points, where they were read and what comes after did not fit beside them: SCREE_E_BUDGET. They are the caller's then.
 */
static enum scree_status build_in_memory(struct scree_convert_job *job,
                                         struct scree__copc_read_to *read,
                                         struct scree_convert_result *result,
                                         struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    uint64_t count = job->plan.point_count;
    struct memory memory;
    struct scree__copc_read_to to;
    struct scree__copc_cube cube;
    struct scree__copc_octree octree;
    memset(&memory, 0, sizeof memory);
    memset(&to, 0, sizeof to);
    memset(&octree, 0, sizeof octree);
    octree.budget = budget;
    enum scree_status status = allocate(job, &memory, err);
    to.records = memory.records;
    if (status == SCREE_OK)
        status = scree__copc_read(job, &to, err);
    bool was_read = status == SCREE_OK;
    if (was_read)
        scree__copc_read_report(job);
    if (status == SCREE_OK)
        status = allocate_levels(job, &memory, err);
    if (status == SCREE_OK)
        status = find_nodes(job, &memory, &to.summary, &cube, &octree, err);
    if (status == SCREE_OK)
        to.largest_node = largest_node(&octree);
    if (status == SCREE_OK)
        status = check_largest_node(job, to.largest_node, err);
    if (status == SCREE_OK)
        status = write_file(job, &memory, &to.summary, &cube, &octree, result, err);
    scree__copc_octree_release(&octree);
    scree__mem_free(budget, memory.level, count);
    scree__mem_free(budget, memory.prefix, count);
    scree__mem_free(budget, memory.order, memory.order_bytes);
    if (was_read && status == SCREE_E_BUDGET)
        *read = to;
    else
        scree__mem_free(budget, memory.records, count * job->form.bytes);
    return status;
}

/* --scale-colors needs to know which inputs have 8-bit colours before they are mapped: their colours are read first. */
static enum scree_status look_at_colors(struct scree_convert_job *job, struct scree_error *err)
{
    struct scree__copc_read_to to;
    if (!job->scale_colors || job->plan.point_format < 7)
        return SCREE_OK;
    memset(&to, 0, sizeof to);
    to.colors_only = true;
    enum scree_status status = scree__copc_read(job, &to, err);
    for (uint64_t i = 0; i < job->input_count && status == SCREE_OK; i++) {
        struct scree__copc_input *input = &job->inputs[i];
        input->widen_colors = input->stats.color_max > 0 && input->stats.color_max <= 255;
    }
    return status;
}

static enum scree_status check_budget(const struct scree_convert_job *job, struct scree_error *err)
{
    uint64_t budget = scree_context_budget_bytes(job->context);
    if (budget >= job->plan.floor_bytes)
        return SCREE_OK;
    if (err != NULL && err->status == SCREE_OK)
        err->need_bytes = job->plan.floor_bytes;
    return scree__base_fail(err, SCREE_E_BUDGET,
                            "converting %llu points needs %llu bytes, the budget is %llu",
                            (unsigned long long)job->plan.point_count,
                            (unsigned long long)job->plan.floor_bytes, (unsigned long long)budget);
}

enum scree_status scree__copc_build(struct scree_convert_job *job,
                                    struct scree_convert_result *result, struct scree_error *err)
{
    enum scree_status status = check_budget(job, err);
    if (status == SCREE_OK)
        status = look_at_colors(job, err);
    if (status != SCREE_OK)
        return status;
    if (!job->plan.fits || job->batch_points > 0)
        return scree__copc_build_spilled(job, NULL, result, err);
    struct scree_error here = SCREE_ERROR_INIT;
    struct scree__copc_read_to read;
    memset(&read, 0, sizeof read);
    status = build_in_memory(job, &read, result, &here);
    if (read.records != NULL) {
        /* A node that is far larger than those of a survey: without the other points in memory there may be room for it. */
        scree__par_log(job->context, SCREE_LOG_INFO, "%s: on, through scratch", here.message);
        return scree__copc_build_spilled(job, &read, result, err);
    }
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = here;
    return status;
}
