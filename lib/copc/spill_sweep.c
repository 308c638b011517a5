/* spill_sweep.c - batches of buckets, in Morton order: loaded, sorted (order.c), settled (octree.c), written (write.c). */
#include "copc/spilled.h"
#include "base/error.h"
#include "copc/order.h"
#include "copc/write.h"

#include <string.h>

static uint64_t count_of_cube(void *arg, bool at_end, unsigned level)
{
    const struct scree__copc_spilled *spilled = arg;
    const struct scree__copc_bucket *bucket =
        &spilled->buckets[at_end ? spilled->batch_end - 1 : spilled->batch_begin];
    uint64_t code = spilled->cells[at_end ? bucket->last_cell : bucket->first_cell].code;
    uint64_t span = scree__copc_code_span(level);
    uint64_t begin = code & ~(span - 1);
    return scree__copc_spilled_points_below(spilled, begin + span) -
           scree__copc_spilled_points_below(spilled, begin);
}

struct loading {
    struct scree__copc_spilled *spilled;
    const struct scree__copc_extent **extents;
    uint64_t *places;
    uint8_t *work; /* [worker] */
    uint64_t work_bytes;
};

static enum scree_status load_extent(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    const struct loading *loading = arg;
    struct scree__copc_spilled *spilled = loading->spilled;
    const struct scree__copc_extent *extent = loading->extents[index];
    uint32_t record_bytes = spilled->job->plan.record_bytes;
    /* None where scratch is not compressed. */
    uint8_t *work = loading->work == NULL ? NULL : loading->work + worker * loading->work_bytes;
    enum scree_status status = scree__par_check_cancel(spilled->job->context, err);
    if (status == SCREE_OK)
        status = scree__spill_scratch_read(spilled->scratch, &extent->block,
                                           spilled->records + loading->places[index] * record_bytes,
                                           work, err);
    return status;
}

static enum scree_status load_batch(struct scree__copc_spilled *spilled, uint64_t *points,
                                    struct scree_error *err)
{
    struct loading loading = {spilled, NULL, NULL, NULL, 0};
    unsigned threads = scree_context_threads(spilled->job->context);
    uint64_t count = 0, at = 0;
    uint32_t largest = 0;
    void *memory, *work;
    for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++) {
        const struct scree__copc_bucket *bucket = &spilled->buckets[b];
        count += bucket->partition->first_extent[bucket->bucket + 1] -
                 bucket->partition->first_extent[bucket->bucket];
    }
    uint64_t list_bytes = count * (sizeof *loading.extents + sizeof *loading.places);
    enum scree_status status =
        scree__mem_alloc(spilled->budget, list_bytes, &memory, "loading a batch", err);
    if (status != SCREE_OK)
        return status;
    loading.extents = memory;
    loading.places = (uint64_t *)(loading.extents + count);
    *points = 0;
    for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++) {
        const struct scree__copc_bucket *bucket = &spilled->buckets[b];
        const struct scree__copc_partition *partition = bucket->partition;
        for (uint64_t i = partition->first_extent[bucket->bucket];
             i < partition->first_extent[bucket->bucket + 1]; i++) {
            if (partition->extents[i].block.bytes > largest)
                largest = partition->extents[i].block.bytes;
            loading.extents[at] = &partition->extents[i];
            loading.places[at++] = *points;
            *points += partition->extents[i].count;
        }
    }
    loading.work_bytes = scree__spill_work_bytes(spilled->scratch, largest);
    status = scree__mem_alloc(spilled->budget, loading.work_bytes * threads, &work,
                              "loading a batch", err);
    loading.work = work;
    if (status == SCREE_OK)
        status = scree__par_for(scree__par_pool(spilled->job->context), count, load_extent,
                                &loading, err);
    scree__mem_free(spilled->budget, work, loading.work_bytes * threads);
    scree__mem_free(spilled->budget, loading.extents, list_bytes);
    return status;
}

/* The next run of buckets that fits a batch. */
static void take_buckets(struct scree__copc_spilled *spilled)
{
    uint64_t points = 0;
    spilled->batch_begin = spilled->batch_end;
    while (spilled->batch_end < spilled->bucket_count &&
           (points == 0 ||
            points + spilled->buckets[spilled->batch_end].count <= spilled->batch_points))
        points += spilled->buckets[spilled->batch_end++].count;
}

/* What the octree needs to know of the batch's place among the others. */
static void find_borders(struct scree__copc_spilled *spilled, struct scree__copc_batch *batch)
{
    const struct scree__copc_cell *cells = spilled->cells;
    uint64_t first = spilled->buckets[spilled->batch_begin].first_cell;
    uint64_t last = spilled->buckets[spilled->batch_end - 1].last_cell;
    batch->open_before = batch->open_after = -1;
    if (first > 0) {
        batch->open_before =
            (int)scree__copc_shared_levels(cells[first - 1].code, cells[first].code);
        spilled->prefix[0] = (uint8_t)batch->open_before;
    }
    if (last + 1 < spilled->cell_count)
        batch->open_after = (int)scree__copc_shared_levels(cells[last].code, cells[last + 1].code);
}

/* Loads the batch and puts it into Morton order. */
static enum scree_status order_batch(struct scree__copc_spilled *spilled,
                                     struct scree__copc_points *points, struct scree_error *err)
{
    uint64_t first = spilled->buckets[spilled->batch_begin].first_cell;
    const struct scree__copc_cell *last =
        &spilled->cells[spilled->buckets[spilled->batch_end - 1].last_cell];
    points->records = spilled->records;
    points->form = scree__copc_form_out(spilled->job->plan.record_bytes);
    enum scree_status status = load_batch(spilled, &points->count, err);
    if (status != SCREE_OK)
        return status;
    unsigned common =
        scree__copc_shared_levels(spilled->cells[first].code, last->code + last->span - 1);
    return scree__copc_order(spilled->job->context, points, &spilled->cube, common, spilled->order,
                             spilled->prefix, err);
}

/* What is held now beside the batch, and the nodes that can be encoded now: for a refusal that names the right number. */
static void note_need(struct scree__copc_spilled *spilled, const struct scree__copc_octree *octree)
{
    uint64_t used = scree__mem_budget_used(spilled->budget);
    if (used > spilled->settled_bytes)
        spilled->settled_bytes = used;
    for (uint64_t i = octree->first_new; i < octree->node_count; i++)
        if (octree->nodes[i].point_count > spilled->largest_node)
            spilled->largest_node = octree->nodes[i].point_count;
}

/* Nothing is written where writing is NULL, or once the octree is deeper than the cube is made for. */
static enum scree_status sweep_batch(struct scree__copc_spilled *spilled,
                                     struct scree__copc_octree *octree,
                                     struct scree__copc_writing *writing, struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    struct scree__copc_points points = {NULL, {0, 0, 0}, 0};
    bool again = false;
    enum scree_status status = order_batch(spilled, &points, err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_batch batch = {.records = spilled->records,
                                      .order = spilled->order,
                                      .prefix = spilled->prefix,
                                      .level = spilled->level,
                                      .count = points.count,
                                      .arg = spilled,
                                      .count_of = count_of_cube};
    find_borders(spilled, &batch);
    status = scree__copc_octree_batch(octree, &batch, &again, err);
    if (status == SCREE_OK && again) {
        if (err != NULL && err->status == SCREE_OK)
            err->need_bytes = job->plan.memory_bytes;
        status = scree__base_fail(err, SCREE_E_BUDGET,
                                  "these points can only be converted in memory: %llu bytes",
                                  (unsigned long long)job->plan.memory_bytes);
    }
    if (status == SCREE_OK)
        note_need(spilled, octree);
    if (status == SCREE_OK && writing != NULL && octree->deepest <= spilled->cube.face_depth)
        status = scree__copc_write_batch(writing, &points,
                                         scree__copc_order_pack(spilled->order, points.count),
                                         spilled->level, octree, err);
    scree__copc_octree_batch_done(octree);
    return status;
}

/* All batches. result: NULL: nothing is written, only measured. */
static enum scree_status sweep_batches(struct scree__copc_spilled *spilled,
                                       struct scree_convert_result *result, unsigned *deepest,
                                       struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    struct scree__copc_octree octree;
    struct scree__copc_writing *writing = NULL;
    enum scree_status status = SCREE_OK;
    scree__copc_octree_init(&octree, spilled->budget, &job->limits, &spilled->cube,
                            job->plan.record_bytes);
    if (result != NULL)
        status = scree__copc_write_begin(job, &spilled->cube, spilled->scratch, &writing, err);
    if (writing != NULL)
        scree__copc_write_wait_bytes(writing, spilled->wait_bytes);
    /* Sorted, and written. */
    scree__par_stage_begin(job->context, result != NULL ? "build" : "measure",
                           2 * job->plan.point_count);
    spilled->batch_begin = spilled->batch_end = 0;
    while (status == SCREE_OK && spilled->batch_end < spilled->bucket_count) {
        take_buckets(spilled);
        status = sweep_batch(spilled, &octree, writing, err);
    }
    *deepest = octree.deepest;
    if (status == SCREE_OK && result != NULL && octree.deepest <= spilled->cube.face_depth)
        status = scree__copc_write_end(writing, &spilled->summary, &octree, result, err);
    if (status == SCREE_OK)
        scree__par_stage_end(job->context);
    scree__copc_write_free(writing);
    scree__copc_octree_release(&octree);
    return status;
}

uint64_t scree__copc_spilled_largest_batch(struct scree__copc_spilled *spilled)
{
    uint64_t largest = 0;
    for (spilled->batch_end = 0; spilled->batch_end < spilled->bucket_count;) {
        uint64_t points = 0;
        take_buckets(spilled);
        for (uint64_t b = spilled->batch_begin; b < spilled->batch_end; b++)
            points += spilled->buckets[b].count;
        largest = points > largest ? points : largest;
    }
    return largest;
}

/* Room for the largest batch there will be. */
static enum scree_status allocate_batch(struct scree__copc_spilled *spilled, uint64_t *largest,
                                        struct scree_error *err)
{
    void *memory;
    *largest = scree__copc_spilled_largest_batch(spilled);
    enum scree_status status =
        scree__mem_alloc(spilled->budget, *largest * spilled->job->plan.record_bytes, &memory,
                         "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->records = memory;
    status = scree__mem_alloc(spilled->budget, *largest * sizeof *spilled->order, &memory,
                              "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->order = memory;
    status = scree__mem_alloc(spilled->budget, *largest * 2, &memory, "a batch of points", err);
    if (status != SCREE_OK)
        return status;
    spilled->prefix = memory;
    spilled->level = spilled->prefix + *largest;
    return SCREE_OK;
}

static void release_batch(struct scree__copc_spilled *spilled, uint64_t largest)
{
    scree__mem_free(spilled->budget, spilled->prefix, largest * 2);
    scree__mem_free(spilled->budget, spilled->order, largest * sizeof *spilled->order);
    scree__mem_free(spilled->budget, spilled->records, largest * spilled->job->plan.record_bytes);
    spilled->prefix = spilled->level = NULL;
    spilled->order = NULL;
    spilled->records = NULL;
}

enum scree_status scree__copc_spilled_sweep(struct scree__copc_spilled *spilled,
                                            struct scree_convert_result *result, unsigned *deepest,
                                            struct scree_error *err)
{
    uint64_t largest;
    *deepest = 0;
    enum scree_status status = allocate_batch(spilled, &largest, err);
    if (status == SCREE_OK)
        status = sweep_batches(spilled, result, deepest, err);
    release_batch(spilled, largest);
    return status;
}
