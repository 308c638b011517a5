/*
 * run.c - a survey from its points to its rows: the store is filled, cut into parts, and workers take part after part.
 *
 * Whether it all stays in memory is planned (size.c). Where the plan turns out wrong, because headers are, everything goes through scratch instead.
 */
#include "base/error.h"
#include "enrich/job.h"
#include "enrich/thin.h"

#include <stdatomic.h>
#include <string.h>

struct run {
    struct scree__enrich_engine *engine;
    struct scree__spill_scratch *scratch;
    struct scree__enrich_store store;
    struct scree__enrich_shelf shelf;
    uint32_t *parts;
    uint64_t part_count, part_capacity;
    atomic_uint_least64_t next;
    struct scree__enrich_tally tally;
};

/* -------------------------------------------------------------------------------------------- parts */

static enum scree_status add_part(struct run *run, uint32_t node, struct scree_error *err)
{
    void *array = run->parts;
    enum scree_status status =
        scree__mem_grow(run->engine->budget, &array, &run->part_capacity, run->part_count + 1,
                        sizeof *run->parts, "the parts of a survey", err);
    run->parts = array;
    if (status == SCREE_OK)
        run->parts[run->part_count++] = node;
    return status;
}

static bool too_wide(const struct scree__enrich_node *node)
{
    for (int a = 0; a < 3; a++)
        if ((int64_t)node->max[a] - node->min[a] > ENRICH_LEAF_SIDE)
            return true;
    return false;
}

/* The largest nodes with so many points at most. */
static enum scree_status find_parts(struct run *run, uint32_t at, uint64_t most,
                                    struct scree_error *err)
{
    const struct scree__enrich_node *node = &run->store.nodes[at];
    if (node->wanted == 0)
        return SCREE_OK;
    if (scree__enrich_is_leaf(node) || (node->count <= most && !too_wide(node)))
        return add_part(run, at, err);
    uint32_t left = node->child[0], right = node->child[1];
    enum scree_status status = find_parts(run, left, most, err);
    return status == SCREE_OK ? find_parts(run, right, most, err) : status;
}

/* Half a window is the part, the rest its halo; and there are some parts for each worker. */
static uint64_t part_points(const struct run *run)
{
    uint64_t most = run->engine->question.window_points / 5 * 2;
    uint64_t share = run->store.count / (4 * (uint64_t)run->engine->workers) + 1;
    share = share < 8192 ? 8192 : share;
    return most < share ? most : share;
}

static enum scree_status work(void *arg, uint64_t index, unsigned worker, struct scree_error *err)
{
    struct run *run = arg;
    struct scree__enrich_window window;
    (void)index;
    (void)worker;
    memset(&window, 0, sizeof window);
    window.context = run->engine->context;
    window.store = &run->store;
    window.question = &run->engine->question;
    window.shelf = &run->shelf;
    window.tally = &run->tally;
    window.rules = &run->engine->rules;
    enum scree_status status = scree__enrich_window_init(&window, err);
    while (status == SCREE_OK) {
        uint64_t part = atomic_fetch_add(&run->next, 1);
        if (part >= run->part_count)
            break;
        status = scree__enrich_window_run(&window, run->parts[part], err);
    }
    if (status != SCREE_OK) /* the others need not go on */
        atomic_store(&run->next, run->part_count);
    scree__enrich_window_release(&window);
    return status;
}

/* -------------------------------------------------------------------------------------------- stages */

static const char *scratch_folder(const struct scree__enrich_engine *engine, char *room,
                                  size_t room_bytes)
{
    const struct scree_enrich_options *options = &engine->options;
    if (options->scratch_folder != NULL)
        return options->scratch_folder;
    if (options->output == NULL || scree_location_is_remote(options->output))
        return "/tmp";
    const char *slash = strrchr(options->output, '/');
    size_t length = slash != NULL ? (size_t)(slash - options->output) + 1 : 0;
    if (length == 0 || length >= room_bytes)
        return ".";
    memcpy(room, options->output, length);
    room[length] = '\0';
    return room;
}

static enum scree_status open_scratch(struct run *run, struct scree_error *err)
{
    struct scree__enrich_engine *engine = run->engine;
    char room[4096];
    return scree__spill_scratch_open(
        scratch_folder(engine, room, sizeof room), engine->plan.scratch_bytes,
        engine->options.compress_scratch ? SCREE__SPILL_LZ4 : SCREE__SPILL_PLAIN, 4, &run->scratch,
        err);
}

static enum scree_status fill_store(struct run *run, const int32_t min[3], const int32_t max[3],
                                    const struct scree__enrich_filler *filler,
                                    struct scree_error *err)
{
    struct scree__enrich_engine *engine = run->engine;
    struct scree__enrich_store_settings settings = {.in_memory = engine->plan.fits,
                                                    .tagged = engine->tagged,
                                                    .leaf_points = engine->leaf_points,
                                                    .points = engine->plan.point_count +
                                                              engine->plan.context_count,
                                                    .block_bytes = engine->block_bytes,
                                                    .scratch = run->scratch};
    memcpy(settings.min, min, sizeof settings.min);
    memcpy(settings.max, max, sizeof settings.max);
    enum scree_status status =
        scree__enrich_store_init(&run->store, engine->context, &settings, err);
    if (status == SCREE_OK)
        status = filler->fill(filler->user, &run->store, err);
    if (status == SCREE_OK && settings.in_memory &&
        run->store.count >= (uint64_t)1 << ENRICH_INDEX_BITS)
        status = scree__base_fail(err, SCREE_E_BUDGET, "more points than memory is planned for");
    if (status == SCREE_OK)
        status = scree__enrich_store_finish(&run->store, err);
    if (status == SCREE_OK && engine->question.heights && engine->question.ground_cells.side > 0)
        status = scree__enrich_thin(&run->store, &engine->question.ground_cells, err);
    return status;
}

static enum scree_status open_shelf(struct run *run, uint64_t point_count, struct scree_error *err)
{
    const struct scree__enrich_engine *engine = run->engine;
    struct scree__enrich_shelf_settings settings = {.shapes = engine->question.shapes,
                                                    .counts = engine->question.counts,
                                                    .heights = engine->question.heights,
                                                    .k = engine->question.k,
                                                    .in_memory = engine->plan.fits,
                                                    .point_count = point_count,
                                                    .range_points = engine->range_points,
                                                    .block_bytes = engine->shelf_block_bytes,
                                                    .scratch = run->scratch};
    if (settings.in_memory)
        settings.range_points = point_count > 0 ? point_count : 1;
    return scree__enrich_shelf_init(&run->shelf, engine->context, &settings, err);
}

static enum scree_status compute_parts(struct run *run, uint64_t point_count,
                                       struct scree_error *err)
{
    struct scree__enrich_engine *engine = run->engine;
    enum scree_status status = SCREE_OK;
    scree__par_stage_begin(engine->context, "neighbours", point_count);
    if (run->store.root != ENRICH_NONE)
        status = find_parts(run, run->store.root, part_points(run), err);
    if (status == SCREE_OK && run->part_count > 0)
        status = scree__par_for(
            scree__par_pool(engine->context),
            engine->workers < run->part_count ? engine->workers : run->part_count, work, run, err);
    if (status == SCREE_OK)
        status = scree__enrich_shelf_close(&run->shelf, err);
    if (status == SCREE_OK)
        scree__par_stage_end(engine->context);
    return status;
}

static void set_statistics(const struct run *run, uint64_t point_count,
                           struct scree__enrich_statistics *statistics)
{
    const struct scree__enrich_engine *engine = run->engine;
    memset(statistics, 0, sizeof *statistics);
    statistics->point_count = point_count;
    for (uint32_t i = 0; i < engine->rules.count; i++) {
        enum scree__enrich_lack lack = scree__enrich_lack_of(engine->rules.selected[i]);
        statistics->no_data[engine->rules.selected[i]] = atomic_load(&run->tally.lacks[lack]);
    }
    statistics->ground_count = atomic_load(&run->tally.ground);
    statistics->retried_count = atomic_load(&run->tally.retried);
    statistics->single_count = atomic_load(&run->tally.single);
    statistics->duplicate_count = run->store.duplicates;
    statistics->scratch_bytes = run->scratch != NULL ? scree__spill_scratch_bytes(run->scratch) : 0;
}

static void warn(const struct run *run, const struct scree__enrich_statistics *statistics)
{
    const struct scree__enrich_engine *engine = run->engine;
    const char *name = engine->file_count > 0 ? engine->files[0].path : "the points";
    if (!engine->question.heights || statistics->point_count == 0)
        return;
    if (run->store.root == ENRICH_NONE || run->store.nodes[run->store.root].ground == 0)
        scree__par_log(engine->context, SCREE_LOG_WARNING,
                       "%s: no point is classified as ground: there are no heights above it", name);
    else if (atomic_load(&run->tally.lacks[ENRICH_LACK_HEIGHT]) > 0)
        scree__par_log(engine->context, SCREE_LOG_WARNING,
                       "%s: %llu points are more than %g units from any ground point: they have no "
                       "height above it",
                       name, (unsigned long long)atomic_load(&run->tally.lacks[ENRICH_LACK_HEIGHT]),
                       engine->survey.ground_reach);
}

static enum scree_status run_once(struct run *run, uint64_t point_count, const int32_t min[3],
                                  const int32_t max[3], const struct scree__enrich_filler *filler,
                                  struct scree__enrich_rows **rows, struct scree_error *err)
{
    struct scree__enrich_engine *engine = run->engine;
    struct scree__enrich_statistics statistics;
    enum scree_status status = engine->plan.fits ? SCREE_OK : open_scratch(run, err);
    if (status == SCREE_OK)
        status = fill_store(run, min, max, filler, err);
    if (status == SCREE_OK)
        status = open_shelf(run, point_count, err);
    if (status == SCREE_OK)
        status = compute_parts(run, point_count, err);
    if (status == SCREE_OK) {
        set_statistics(run, point_count, &statistics);
        warn(run, &statistics);
    }
    scree__enrich_store_release(&run->store);
    if (status == SCREE_OK)
        status = scree__enrich_rows_new(engine->context, &run->shelf, run->scratch, &engine->rules,
                                        &statistics, rows, err);
    if (status == SCREE_OK)
        run->scratch = NULL; /* the rows' now */
    scree__enrich_shelf_release(&run->shelf);
    scree__spill_scratch_close(run->scratch);
    scree__mem_free(engine->budget, run->parts, run->part_capacity * sizeof *run->parts);
    return status;
}

enum scree_status scree__enrich_compute(struct scree__enrich_engine *engine, uint64_t point_count,
                                        const int32_t min[3], const int32_t max[3],
                                        const struct scree__enrich_filler *filler,
                                        struct scree__enrich_rows **rows, struct scree_error *err)
{
    struct scree_error own = SCREE_ERROR_INIT;
    struct run run;
    memset(&run, 0, sizeof run);
    run.engine = engine;
    enum scree_status status = run_once(&run, point_count, min, max, filler, rows, &own);
    if (status == SCREE_E_BUDGET && engine->plan.fits) {
        scree__par_log(engine->context, SCREE_LOG_INFO,
                       "memory holds less than was planned: once more, through scratch");
        engine->options.force_scratch = true;
        scree__enrich_size(engine, point_count, engine->plan.context_count);
        own = (struct scree_error)SCREE_ERROR_INIT;
        memset(&run, 0, sizeof run);
        run.engine = engine;
        status = run_once(&run, point_count, min, max, filler, rows, &own);
    }
    if (status != SCREE_OK) {
        (void)scree__base_fail(err, status, "%s", own.message);
        if (err != NULL)
            err->need_bytes = own.need_bytes;
    }
    return status;
}
