/*
 * spill.c - the run when the points do not fit the budget:
 *
 *   guess      spill_guess.c    bounds, and where the mass is, from the headers and a sample of the points
 *   partition  spill_move.c     each input decoded once, records into buckets on scratch, under a cube guessed from the headers
 *   repair     here             the guess was wrong: partitioned again under the true cube
 *   cut        spill_buckets.c  a bucket is too large: cut again, by counts, or deeper
 *   sweep      spill_sweep.c    runs of buckets that fit (batches), in Morton order: load, sort, settle, write
 *
 * Nothing of this shows in the result: the octree is settled across batches as if there were one. Points that were read into memory, and whose
 * largest node then did not fit beside them, join at `repair`: no input is read a second time.
 */
#include "copc/spilled.h"
#include "base/error.h"
#include "copc/order.h"
#include "copc/write.h"

#include <string.h>

/* Scratch blocks of all buckets of all threads together take a quarter of the budget. */
#define BLOCKS_SHARE 4u
/* Buckets to a batch when the sample was right: small enough that a wrong one is seldom too large. */
#define BUCKETS_A_BATCH 8u
/* Chunks of levels 0 to 2 wait in so much of the budget, and on scratch beyond it: most surveys' take 2 to 8 MB. */
#define WAIT_SHARE 16u
#define WAIT_BYTES_MAX ((uint64_t)16 << 20)
/* Carried points of cubes that reach across batches; nodes hold some 20 000 points, one to a level. */
#define CARRIED_POINTS 500000u
#define PARTITIONS_BYTES ((uint64_t)8 << 20) /* cells of the partition at work, buckets, lists */
/* Batches are halved while there are fewer partitions than this. */
#define PARTITIONS_MANY 8192u
/* A batch of so many times leaf_max points is small, and still worth the while. */
#define SMALL_BATCH_LEAVES 4u
/* The most points of an inner node but for those that leaves give it: its 2^21 cells. */
#define INNER_POINTS_MAX ((uint64_t)1 << 21)

/* ------------------------------------------------------------------------------------------------ memory */

/* What a batch needs beside its points, with so many nodes in flight. */
static uint64_t sweep_bytes(const struct scree_convert_job *job, unsigned window)
{
    unsigned threads = scree_context_threads(job->context);
    return scree__copc_write_bytes(job, job->limits.leaf_max, window) +
           scree__copc_order_bytes(0, threads) + CARRIED_POINTS / 2 * job->plan.record_bytes +
           PARTITIONS_BYTES;
}

static uint64_t point_bytes(const struct scree_convert_job *job)
{
    /* The record, its order, prefix and level; and the sort of the cells under work, guessed at half. */
    return job->plan.record_bytes + SCREE__COPC_POINT_BYTES + sizeof(uint64_t) / 2;
}

uint64_t scree__copc_extents_bytes(const struct scree_convert_job *job, unsigned copies)
{
    uint64_t block_points = SCREE__COPC_PART_BLOCK_MIN / job->plan.record_bytes + 1;
    return job->plan.point_count / block_points * sizeof(struct scree__copc_extent) * copies;
}

uint64_t scree__copc_spill_floor(const struct scree_convert_job *job)
{
    unsigned threads = scree_context_threads(job->context);
    uint64_t sweep = sweep_bytes(job, 1) +
                     SMALL_BATCH_LEAVES * job->limits.leaf_max * point_bytes(job) +
                     scree__copc_extents_bytes(job, 1);
    /* Beside reading: blocks, and cells for each worker. */
    uint64_t read = (scree__copc_read_bytes(job) + ((uint64_t)(threads + 8) << 20)) /
                        (BLOCKS_SHARE - 1) * BLOCKS_SHARE +
                    scree__copc_extents_bytes(job, 3);
    return (sweep > read ? sweep : read) + scree__mem_budget_used(scree__par_budget(job->context));
}

static uint64_t batch_point_bytes(const struct scree_convert_job *job)
{
    return job->plan.record_bytes + SCREE__COPC_POINT_BYTES;
}

/* A budget in which nothing goes to scratch, with a node of so many points. */
static uint64_t memory_bytes(const struct scree_convert_job *job, uint64_t largest_node)
{
    uint64_t bytes = job->plan.point_count * batch_point_bytes(job) + job->planned_used_bytes +
                     scree__copc_write_bytes(job, largest_node, 1);
    return bytes > job->plan.memory_bytes ? bytes : job->plan.memory_bytes;
}

/*
 * Where the largest node is not known: an inner node with all its cells, or the most points that one position may have. In a run of batches it has
 * room beside the bucket that cannot be cut, or the smallest batch, and what is carried.
 */
static uint64_t guess_batches_bytes(struct scree__copc_spilled *spilled, uint64_t *largest)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t inner = INNER_POINTS_MAX + job->limits.leaf_max, carried = inner;
    uint64_t alike = 0, batch = SMALL_BATCH_LEAVES * job->limits.leaf_max;
    if (spilled->indivisible > spilled->batch_points) {
        batch = spilled->indivisible;
        alike = scree__copc_spilled_most_alike(spilled);
        if (carried > job->plan.point_count - batch)
            carried = job->plan.point_count - batch;
    }
    if (inner > job->plan.point_count)
        inner = job->plan.point_count;
    *largest = alike > inner ? alike : inner;
    return sweep_bytes(job, 1) + scree__copc_extents_bytes(job, 1) + job->planned_used_bytes +
           (batch + carried) * batch_point_bytes(job) + scree__copc_write_bytes(job, *largest, 1);
}

/* A sweep has room for so many points of a batch beside what it holds when the largest node is encoded. */
static uint64_t most_batch_points(const struct scree__copc_spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t limit = scree_context_budget_bytes(job->context);
    uint64_t others =
        spilled->beside_bytes + scree__copc_write_bytes(job, spilled->largest_node, 1);
    return limit > others ? (limit - others) / batch_point_bytes(job) : 0;
}

/* A budget that would do, after one was not enough: the largest node has room beside a small batch, or beside all points. */
static uint64_t enough_bytes(struct scree__copc_spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t largest = spilled->largest_node, in_batches;
    uint64_t batch = SMALL_BATCH_LEAVES * job->limits.leaf_max;
    if (spilled->indivisible > batch)
        batch = spilled->indivisible;
    if (spilled->measured && largest > batch) /* its points may lie at one place */
        batch = largest;
    if (batch > job->plan.point_count)
        batch = job->plan.point_count;
    if (spilled->measured) {
        in_batches = spilled->beside_bytes + batch * batch_point_bytes(job) +
                     scree__copc_write_bytes(job, largest, 1);
        in_batches += in_batches / 16; /* smaller batches carry more */
    } else {
        in_batches = guess_batches_bytes(spilled, &largest);
    }
    if (in_batches < job->plan.floor_bytes)
        in_batches = job->plan.floor_bytes;
    uint64_t in_memory = memory_bytes(job, largest);
    uint64_t need = in_memory < in_batches ? in_memory : in_batches;
    return need + need / 64; /* lists of nodes */
}

/* The cells of the last partition where they are counted: how many have points, and what that says of nodes of levels 0 and 1, whose cells are
 * those of levels 7 and 8: 8 and 64 to a cell of the partition. */
static uint64_t look_at_cells(struct scree__copc_spilled *spilled)
{
    enum { OCTANTS = 8 };
    uint64_t filled = 0, root = 0, octants[OCTANTS] = {0};
    if (spilled->partition_count == 0)
        return 0;
    const struct scree__copc_partition *last = spilled->partitions[spilled->partition_count - 1];
    if (last->counts == NULL)
        return 0;
    spilled->top_node = 0;
    for (uint32_t cell = 0; cell < SCREE__COPC_PART_CELLS; cell++) {
        uint64_t count = last->counts[cell];
        filled += count > 0;
        root += count < 8 ? count : 8;
        octants[cell / (SCREE__COPC_PART_CELLS / OCTANTS)] += count < 64 ? count : 64;
    }
    if (last->region.level > 0) /* a part of the cube */
        return filled;
    spilled->top_node = root;
    for (unsigned i = 0; i < OCTANTS; i++)
        if (octants[i] > spilled->top_node)
            spilled->top_node = octants[i];
    return filled;
}

/* A node may have so many points, or has. */
static uint64_t top_node(const struct scree__copc_spilled *spilled)
{
    return spilled->top_node > spilled->largest_node ? spilled->top_node : spilled->largest_node;
}

static void size_batches(struct scree__copc_spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t limit = scree_context_budget_bytes(job->context);
    /* Cells: the list doubles while it grows. */
    uint64_t used = scree__mem_budget_used(spilled->budget) +
                    3 * look_at_cells(spilled) * sizeof(struct scree__copc_cell);
    unsigned window = scree__copc_write_window(scree_context_threads(job->context));
    while (window > 1 && sweep_bytes(job, window) > limit / 2)
        window /= 2;
    uint64_t sweep = sweep_bytes(job, window);
    uint64_t top = sweep_bytes(job, 1) - scree__copc_write_bytes(job, job->limits.leaf_max, 1) +
                   scree__copc_write_bytes(job, top_node(spilled), 1);
    if (top > sweep && top <= limit / 2)
        sweep = top;
    used += sweep;
    spilled->wait_bytes = limit / WAIT_SHARE < WAIT_BYTES_MAX ? limit / WAIT_SHARE : WAIT_BYTES_MAX;
    used += spilled->wait_bytes;
    spilled->block_bytes = limit / BLOCKS_SHARE;
    spilled->batch_points = limit > used ? (limit - used) / point_bytes(job) : 1;
    if (spilled->batch_points < job->limits.leaf_max / 4) {
        spilled->batch_points = job->limits.leaf_max / 4 + 1;
        spilled->wait_bytes = 0;
    }
    if (job->batch_points > 0)
        spilled->batch_points = job->batch_points;
    if (spilled->batch_points > UINT32_MAX - 1)
        spilled->batch_points = UINT32_MAX - 1;
}

/* ---------------------------------------------------------------------------------------------- run */

uint64_t scree__copc_spilled_target(const struct scree__copc_spilled *spilled)
{
    return spilled->batch_points / BUCKETS_A_BATCH + 1;
}

/* Does every bucket that can be cut fit a batch? */
static bool buckets_fit(const struct scree__copc_spilled *spilled)
{
    for (uint64_t i = 0; i < spilled->bucket_count; i++)
        if (spilled->buckets[i].count > spilled->batch_points)
            return false;
    return true;
}

/* The end of a run that sweeps did not get through: for want of memory with a budget that would do. */
static enum scree_status refuse(struct scree__copc_spilled *spilled, enum scree_status status,
                                const struct scree_error *here, struct scree_error *err)
{
    if (status != SCREE_E_BUDGET)
        return scree__base_fail(err, status, "%s", here->message);
    uint64_t need = enough_bytes(spilled);
    if (err != NULL && err->status == SCREE_OK)
        err->need_bytes = here->need_bytes > need ? here->need_bytes : need;
    if (spilled->indivisible > spilled->batch_points)
        return scree__base_fail(err, status,
                                "%llu points lie so close together that they cannot be split: %s",
                                (unsigned long long)spilled->indivisible, here->message);
    return scree__base_fail(err, status, "%s", here->message);
}

/* Partitions the points under the cube of their bounds and a depth, unless that is done, and cuts what is larger than most_points or a batch. */
static enum scree_status arrange(struct scree__copc_spilled *spilled, bool under_cube,
                                 unsigned depth, uint64_t most_points, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    spilled->settled_bytes = 0;
    if (!under_cube) {
        scree__copc_cube_init(&spilled->cube, &spilled->job->grid, spilled->summary.min,
                              spilled->summary.max, depth);
        scree__par_log(spilled->job->context, SCREE_LOG_INFO, "partitioning scratch again");
        status = scree__copc_spilled_again(spilled, err);
    }
    if (status != SCREE_OK)
        return status;
    size_batches(spilled);
    if (spilled->batch_points > most_points)
        spilled->batch_points = most_points;
    return scree__copc_spilled_place(spilled, err);
}

/* Looks at all nodes, and writes none: what the largest one needs is then known. */
static enum scree_status measure(struct scree__copc_spilled *spilled, unsigned *deepest,
                                 struct scree_error *err)
{
    spilled->settled_bytes = 0;
    enum scree_status status = scree__copc_spilled_sweep(spilled, NULL, deepest, err);
    if (status != SCREE_OK)
        return status;
    spilled->measured = true;
    spilled->beside_bytes = spilled->settled_bytes - scree__copc_spilled_largest_batch(spilled) *
                                                         batch_point_bytes(spilled->job);
    return SCREE_OK;
}

/* Points that lie close together may make a node that needs most of the budget. Then a look at all nodes comes first, not a failure in the midst of the
 * output. */
static bool must_measure(const struct scree__copc_spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    return !spilled->measured && job->batch_points == 0 &&
           (spilled->indivisible > spilled->batch_points ||
            scree__copc_write_bytes(job, top_node(spilled), 1) >
                scree_context_budget_bytes(job->context) / 2);
}

/* Buckets are arranged: all batches, after a look at their nodes where that is wise. */
static enum scree_status sweep(struct scree__copc_spilled *spilled,
                               struct scree_convert_result *result, unsigned *deepest,
                               struct scree_error *err)
{
    if (must_measure(spilled)) {
        enum scree_status status = measure(spilled, deepest, err);
        if (status != SCREE_OK || *deepest > spilled->cube.face_depth)
            return status;
    }
    uint64_t batch = scree__copc_spilled_largest_batch(spilled);
    if (spilled->measured && most_batch_points(spilled) < batch)
        return scree__base_fail(
            err, SCREE_E_BUDGET,
            "a node of %llu points needs %llu bytes beside a batch of %llu points, the budget is "
            "%llu",
            (unsigned long long)spilled->largest_node,
            (unsigned long long)scree__copc_write_bytes(spilled->job, spilled->largest_node, 1),
            (unsigned long long)batch,
            (unsigned long long)scree_context_budget_bytes(spilled->job->context));
    if (spilled->measured) {
        uint64_t room = (most_batch_points(spilled) - batch) * batch_point_bytes(spilled->job);
        spilled->wait_bytes = spilled->wait_bytes < room ? spilled->wait_bytes : room;
    }
    return scree__copc_spilled_sweep(spilled, result, deepest, err);
}

/* After a failure for want of memory: smaller batches that leave room for the largest node where it is known, else half as large ones. False when there are
 * none: the points of one place, or one node, take the room. */
static bool shrink_batches(struct scree__copc_spilled *spilled)
{
    const struct scree_convert_job *job = spilled->job;
    uint64_t points = spilled->batch_points / 2;
    if (spilled->measured && most_batch_points(spilled) < spilled->batch_points)
        points = most_batch_points(spilled) / 16 * 15;
    if (job->batch_points > 0 || spilled->indivisible > spilled->batch_points ||
        points < job->limits.leaf_max / 4 || spilled->partition_count >= PARTITIONS_MANY)
        return false;
    spilled->batch_points = points;
    return true;
}

/* Points are on scratch. under_cube: partitioned under the cube of their own bounds, with the first depth. */
static enum scree_status build(struct scree__copc_spilled *spilled, bool under_cube,
                               struct scree_convert_result *result, struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    unsigned depth =
        scree__copc_cube_first_face_depth(&job->grid, spilled->summary.min, spilled->summary.max);
    uint64_t most_points = UINT64_MAX;
    size_batches(spilled); /* what reading and its blocks took is free again */
    for (bool arranged = false;;) {
        struct scree_error here = SCREE_ERROR_INIT;
        unsigned deepest = 0;
        enum scree_status status = SCREE_OK;
        if (!arranged)
            status = arrange(spilled, under_cube, depth, most_points, &here);
        if (status != SCREE_OK)
            return refuse(spilled, status, &here, err);
        status = sweep(spilled, result, &deepest, &here);
        if (status == SCREE_OK && deepest <= spilled->cube.face_depth)
            return SCREE_OK;
        if (status == SCREE_OK) {
            depth = deepest;
            arranged = under_cube = spilled->measured = false;
            continue;
        }
        if (status == SCREE_E_BUDGET && !spilled->measured)
            (void)measure(spilled, &deepest,
                          NULL); /* where there is no room for that, either, by halves */
        if (status != SCREE_E_BUDGET || !shrink_batches(spilled))
            return refuse(spilled, status, &here, err);
        scree__par_log(job->context, SCREE_LOG_INFO, "%s: again, with smaller batches",
                       here.message);
        most_points = spilled->batch_points;
        arranged = buckets_fit(spilled);
        under_cube = arranged;
    }
}

/* The cube that points within these bounds are partitioned under at first. */
static void begin_cube(struct scree__copc_spilled *spilled, const int32_t min[3],
                       const int32_t max[3])
{
    const struct scree_convert_job *job = spilled->job;
    unsigned depth = scree__copc_cube_first_face_depth(&job->grid, min, max);
    scree__copc_cube_init(&spilled->cube, &job->grid, min, max, depth);
}

/* Reads the inputs onto scratch, under a cube that the headers promise. *guessed: and which is the right one. */
static enum scree_status read_inputs(struct scree__copc_spilled *spilled, bool *guessed,
                                     struct scree_error *err)
{
    struct scree_convert_job *job = spilled->job;
    const struct scree_las_summary *summary = &spilled->summary;
    int32_t min[3], max[3];
    scree__copc_spilled_guess_bounds(job, min, max);
    begin_cube(spilled, min, max);
    enum scree_status status = scree__copc_spilled_read(spilled, err);
    if (status != SCREE_OK)
        return status;
    scree__copc_read_report(job);
    *guessed =
        memcmp(min, summary->min, sizeof min) == 0 && memcmp(max, summary->max, sizeof max) == 0;
    return SCREE_OK;
}

/*
 * Points that were read into memory, onto scratch. Where their largest node has no room even without other points, they
 * are refused before that.
 */
static enum scree_status take_read(struct scree__copc_spilled *spilled,
                                   struct scree__copc_read_to *read, struct scree_error *err)
{
    const struct scree_convert_plan *plan = &spilled->job->plan;
    uint64_t limit = scree_context_budget_bytes(spilled->job->context);
    uint64_t node = spilled->job->planned_used_bytes + read->largest_node * plan->record_bytes +
                    scree__copc_write_bytes(spilled->job, read->largest_node, 1);
    spilled->summary = read->summary;
    spilled->largest_node = read->largest_node;
    if (node > limit) {
        if (err != NULL && err->status == SCREE_OK)
            err->need_bytes = memory_bytes(spilled->job, read->largest_node) / 64 * 65;
        return scree__base_fail(
            err, SCREE_E_BUDGET,
            "a node of %llu points needs %llu bytes, the budget is %llu: they lie so close "
            "together that they cannot be split",
            (unsigned long long)read->largest_node, (unsigned long long)node,
            (unsigned long long)limit);
    }
    begin_cube(spilled, read->summary.min, read->summary.max);
    return scree__copc_spilled_take(spilled, read->records, err);
}

/* The folder of the output. */
static void folder_of(const char *path, char *folder, size_t folder_bytes)
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 1 : (slash == path ? 1 : (size_t)(slash - path));
    if (bytes >= folder_bytes)
        bytes = folder_bytes - 1;
    memcpy(folder, slash == NULL ? "." : path, bytes);
    folder[bytes] = '\0';
}

enum scree_status scree__copc_build_spilled(struct scree_convert_job *job,
                                            struct scree__copc_read_to *read,
                                            struct scree_convert_result *result,
                                            struct scree_error *err)
{
    struct scree__copc_spilled spilled;
    char folder[4096];
    bool guessed = read != NULL; /* their bounds are known */
    memset(&spilled, 0, sizeof spilled);
    spilled.job = job;
    spilled.budget = scree__par_budget(job->context);
    size_batches(&spilled);
    folder_of(job->output, folder, sizeof folder);
    enum scree_status status = scree__spill_scratch_open(
        job->scratch_folder != NULL ? job->scratch_folder : folder,
        job->plan.point_count * job->plan.record_bytes / (job->compress_scratch ? 2 : 1),
        job->compress_scratch ? SCREE__SPILL_LZ4 : SCREE__SPILL_PLAIN, job->plan.record_bytes,
        &spilled.scratch, err);
    if (status == SCREE_OK)
        status =
            read != NULL ? take_read(&spilled, read, err) : read_inputs(&spilled, &guessed, err);
    if (read != NULL) {
        scree__mem_free(spilled.budget, read->records, job->plan.point_count * job->form.bytes);
        read->records = NULL;
    }
    if (status == SCREE_OK)
        status = build(&spilled, guessed, result, err);
    result->scratch_bytes = scree__spill_scratch_bytes(spilled.scratch);
    scree__copc_spilled_release(&spilled);
    scree__spill_scratch_close(spilled.scratch);
    return status;
}
