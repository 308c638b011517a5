/*
 * read.c - the first phase: every input decoded once, in parallel over its units, each record
 * mapped to the output's format and grid and put where the run wants it: at its place in memory, or into its bucket on scratch. Files are opened a
 * group at a time, so that ten thousand tiles need no ten thousand descriptors.
 */
#include "copc/reading.h"
#include "base/error.h"
#include "copc/salvage.h"

#include <string.h>

/* A sample for cutting buckets: so many units, but no more than this part of all, as they are read whole. */
#define SAMPLE_UNITS 512u
#define SAMPLE_SHARE 16u

/* What the files that are open at once take, and notes on their units. */
static uint64_t group_bytes(const struct scree_convert_job *job)
{
    uint64_t most = 0;
    for (uint64_t first = 0; first < job->input_count; first += SCREE__COPC_GROUP_FILES) {
        uint64_t bytes = 0;
        for (uint64_t i = first; i < job->input_count && i < first + SCREE__COPC_GROUP_FILES; i++)
            bytes += job->inputs[i].reader_bytes +
                     job->inputs[i].unit_count * sizeof(struct scree__copc_item);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* With so many units at a time for each worker. */
static uint64_t reading_bytes(const struct scree_convert_job *job, unsigned strands)
{
    unsigned at_once = scree_context_threads(job->context) * strands;
    uint32_t record_bytes = 0;
    for (uint64_t i = 0; i < job->input_count; i++)
        if (job->inputs[i].header.record_bytes > record_bytes)
            record_bytes = job->inputs[i].header.record_bytes;
    uint64_t each =
        job->largest_decoder_bytes +
        (uint64_t)SCREE__COPC_PIECE_POINTS * (2 * record_bytes + job->plan.record_bytes) +
        (1 << 20);
    /* A single large chunk keeps one worker busy, not all. */
    uint64_t units = job->largest_unit_bytes * at_once;
    if (units > job->plan.input_bytes)
        units = job->plan.input_bytes;
    return each * at_once + units + group_bytes(job);
}

uint64_t scree__copc_read_bytes(const struct scree_convert_job *job)
{
    return reading_bytes(job, 1);
}

/* Units by pairs where there is memory for them: no run is refused for their sake. */
static unsigned strands_of(const struct scree_convert_job *job,
                           const struct scree__copc_read_to *to)
{
    uint64_t bytes = scree__mem_budget_used(scree__par_budget(job->context)) + to->beside_bytes +
                     reading_bytes(job, 2);
    return to->weights == NULL && bytes <= scree_context_budget_bytes(job->context) ? 2 : 1;
}

/* -------------------------------------------------------------------------------------- opening */

static enum scree_status check_unchanged(const struct scree__copc_input *input,
                                         const struct scree_las_reader *reader,
                                         struct scree_error *err)
{
    const struct scree_las_header *now = scree_las_header(reader);
    const struct scree_las_header *then = &input->header;
    if (scree_source_bytes(scree_las_source(reader)) != input->file_bytes ||
        now->point_count != then->point_count || now->record_bytes != then->record_bytes ||
        now->point_format != then->point_format ||
        memcmp(now->scale, then->scale, sizeof now->scale) != 0 ||
        memcmp(now->offset, then->offset, sizeof now->offset) != 0 ||
        scree_las_unit_count(reader) != input->unit_count)
        return scree__base_fail(err, SCREE_E_IO,
                                "%s: the file changed after the conversion had begun", input->path);
    return SCREE_OK;
}

/* Without its extra bytes. */
static void begin_map(const struct scree_convert_job *job, const struct scree__copc_input *input,
                      struct scree__las_map *map)
{
    const struct scree_las_header *header = &input->header;
    memset(map, 0, sizeof *map);
    map->in_format = header->point_format;
    map->out_format = job->plan.point_format;
    map->in_bytes = header->record_bytes;
    map->out_bytes = job->plan.record_bytes;
    map->fix_returns = job->fix_returns;
    map->scale_colors = input->widen_colors;
    for (int a = 0; a < 3; a++) {
        map->in_scale[a] = header->scale[a];
        map->in_offset[a] = header->offset[a];
        map->out_scale[a] = job->grid.scale[a];
        map->out_offset[a] = job->grid.offset[a];
        map->exact[a] =
            scree__las_map_grid_shift(header->scale[a], header->offset[a], job->grid.scale[a],
                                      job->grid.offset[a], &map->shift[a]);
    }
}

struct scree__copc_form scree__copc_read_form(const struct scree_convert_job *job)
{
    unsigned format = job->inputs[0].header.point_format;
    struct scree__las_map map;
    for (uint64_t i = 0; i < job->input_count; i++) {
        begin_map(job, &job->inputs[i], &map);
        if (map.in_format != format || !scree__las_map_may_wait(&map) || job->scale_colors)
            return scree__copc_form_out(job->plan.record_bytes);
    }
    return scree__copc_form_old(format);
}

static enum scree_status make_map(struct scree__copc_reading *reading,
                                  struct scree__copc_open_file *file, struct scree_error *err)
{
    const struct scree_convert_job *job = reading->job;
    struct scree__las_map *map = &file->map;
    begin_map(job, file->input, map);
    map->extra_defaults = reading->extra_defaults;
    uint32_t count = scree_las_extra_byte_count(file->reader);
    if (count > 0) {
        void *memory;
        enum scree_status status =
            scree__mem_alloc(scree__par_budget(job->context), count * sizeof *file->copies, &memory,
                             "extra bytes", err);
        if (status != SCREE_OK)
            return status;
        file->copies = memory;
        file->copy_capacity = count;
        map->copies = file->copies;
        map->copy_count = scree__las_schema_copies(&job->schema, file->reader, file->copies);
    }
    file->waits = reading->to->records != NULL && scree__copc_form_waits(&job->form);
    file->in_place = file->waits || scree__las_map_is_identity(map);
    return SCREE_OK;
}

/* Files without one are not even opened. */
static bool has_sampled_unit(const struct scree__copc_reading *reading,
                             const struct scree__copc_open_file *file)
{
    uint64_t first = reading->unit_number + file->first_item, every = reading->sample_every;
    if (every == 0)
        return true;
    uint64_t next = (first + every - 1) / every * every;
    return next < first + file->input->unit_count;
}

static enum scree_status open_file(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct scree__copc_reading *reading = arg;
    struct scree__copc_open_file *file = &reading->files[index];
    (void)worker;
    if (!has_sampled_unit(reading, file))
        return SCREE_OK;
    enum scree_status status =
        scree__copc_network_source(reading->job, file->input->path, &file->source, err);
    if (status == SCREE_OK)
        status =
            scree__copc_salvage_open(reading->job, file->input, file->source, &file->reader, err);
    if (status == SCREE_OK)
        status = check_unchanged(file->input, file->reader, err);
    if (status == SCREE_OK)
        status = make_map(reading, file, err);
    if (status == SCREE_OK)
        file->input->lacks_extra_bytes =
            scree_las_extra_byte_count(file->reader) < reading->job->schema.count;
    return status;
}

static void close_group(struct scree__copc_reading *reading)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    scree__copc_reading_leave_files(reading);
    for (unsigned i = 0; i < reading->file_count; i++) {
        struct scree__copc_open_file *file = &reading->files[i];
        scree_las_close(file->reader);
        scree_source_close(file->source);
        scree__mem_free(budget, file->copies, file->copy_capacity * sizeof *file->copies);
    }
    scree__mem_free(budget, reading->items, reading->item_count * sizeof *reading->items);
    reading->items = NULL;
    reading->item_count = 0;
    reading->file_count = 0;
}

static void add_stats(struct scree__las_map_stats *sum, const struct scree__las_map_stats *stats)
{
    sum->zero_returns += stats->zero_returns;
    sum->excess_returns += stats->excess_returns;
    sum->fixed_returns += stats->fixed_returns;
    sum->overlap_classes += stats->overlap_classes;
    sum->wave_packets += stats->wave_packets;
    sum->out_of_range += stats->out_of_range;
    if (stats->color_max > sum->color_max)
        sum->color_max = stats->color_max;
    if (stats->rounding_max > sum->rounding_max)
        sum->rounding_max = stats->rounding_max;
}

static enum scree_status gather_items(struct scree__copc_reading *reading, struct scree_error *err)
{
    for (uint64_t i = 0; i < reading->item_count; i++) {
        struct scree__copc_open_file *file = scree__copc_reading_file(reading, i);
        struct scree__copc_item *item = &reading->items[i];
        if (reading->to->colors_only) {
            if (item->stats.color_max > file->input->stats.color_max)
                file->input->stats.color_max = item->stats.color_max;
            continue;
        }
        if (item->stats.out_of_range > 0)
            return scree__base_fail(err, SCREE_E_MISMATCH,
                                    "%s: the coordinates of point %llu do not fit 32 bits at scale "
                                    "%g and offset %.3f %.3f "
                                    "%.3f, which the inputs' headers suggest: the bounds in a "
                                    "header may be wrong, or --scale "
                                    "must be larger",
                                    file->input->path, (unsigned long long)item->out_of_range_point,
                                    reading->job->grid.scale[0], reading->job->grid.offset[0],
                                    reading->job->grid.offset[1], reading->job->grid.offset[2]);
        add_stats(&file->input->stats, &item->stats);
        scree_las_summary_merge(&reading->to->summary, &item->summary);
    }
    return SCREE_OK;
}

static enum scree_status read_group(struct scree__copc_reading *reading, uint64_t first,
                                    unsigned count, struct scree_error *err)
{
    struct scree_convert_job *job = reading->job;
    struct scree__par_pool *pool = scree__par_pool(job->context);
    void *memory;
    memset(reading->files, 0, sizeof reading->files);
    reading->file_count = count;
    for (unsigned i = 0; i < count; i++) {
        reading->files[i].input = &job->inputs[first + i];
        reading->files[i].first_item = reading->item_count;
        reading->item_count += job->inputs[first + i].unit_count;
    }
    enum scree_status status =
        scree__mem_alloc(scree__par_budget(job->context),
                         reading->item_count * sizeof *reading->items, &memory, "units", err);
    if (status != SCREE_OK)
        goto out;
    reading->items = memory;
    memset(memory, 0, reading->item_count * sizeof *reading->items);
    for (uint64_t i = 0; i < reading->item_count; i++)
        scree_las_summary_init(&reading->items[i].summary);
    status = scree__par_for(pool, count, open_file, reading, err);
    /* Rather a unit for each worker than two for some. */
    reading->strands =
        reading->item_count >= 2 * (uint64_t)reading->threads ? reading->strands_max : 1;
    if (status == SCREE_OK)
        status = scree__copc_reading_units(reading, err);
    if (status == SCREE_OK)
        status = gather_items(reading, err);
out:
    reading->unit_number += reading->item_count;
    close_group(reading);
    return status;
}

/* ---------------------------------------------------------------------------------------- whole */

static enum scree_status make_defaults(struct scree__copc_reading *reading, struct scree_error *err)
{
    struct scree_convert_job *job = reading->job;
    void *memory;
    if (job->schema.bytes == 0)
        return SCREE_OK;
    enum scree_status status = scree__mem_alloc(scree__par_budget(job->context), job->schema.bytes,
                                                &memory, "extra bytes", err);
    if (status != SCREE_OK)
        return status;
    reading->extra_defaults = memory;
    scree__las_schema_defaults(&job->schema, reading->extra_defaults);
    return SCREE_OK;
}

uint64_t scree__copc_read_sample_units(const struct scree_convert_job *job)
{
    uint64_t units = 0;
    for (uint64_t i = 0; i < job->input_count; i++)
        units += job->inputs[i].unit_count;
    units /= SAMPLE_SHARE;
    return units < SAMPLE_UNITS ? units : SAMPLE_UNITS;
}

static void plan_sample(struct scree__copc_reading *reading)
{
    uint64_t units = 0;
    if (reading->to->weights == NULL)
        return;
    for (uint64_t i = 0; i < reading->job->input_count; i++)
        units += reading->job->inputs[i].unit_count;
    uint64_t wanted = scree__copc_read_sample_units(reading->job);
    reading->sample_every = units / (wanted > 0 ? wanted : 1) + 1;
}

enum scree_status scree__copc_read(struct scree_convert_job *job, struct scree__copc_read_to *to,
                                   struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    struct scree__copc_reading *reading;
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, sizeof *reading, &memory, "reading", err);
    if (status != SCREE_OK)
        return status;
    reading = memory;
    memset(reading, 0, sizeof *reading);
    reading->job = job;
    reading->to = to;
    reading->threads = scree_context_threads(job->context);
    reading->strands_max = strands_of(job, to);
    reading->look = scree__copc_look_choose();
    bool proper = to->weights == NULL && !to->colors_only;
    scree_las_summary_init(&to->summary);
    status = scree__mem_alloc(budget, reading->threads * sizeof *reading->workers, &memory,
                              "reading", err);
    if (status != SCREE_OK)
        goto out;
    reading->workers = memory;
    memset(memory, 0, reading->threads * sizeof *reading->workers);
    status = make_defaults(reading, err);
    plan_sample(reading);
    scree__par_stage_begin(job->context,
                           proper            ? "read"
                           : to->colors_only ? "look at colours"
                                             : "sample",
                           to->weights != NULL ? 0 : job->plan.point_count);
    uint64_t group = scree__copc_network_group(job);
    for (uint64_t i = 0; i < job->input_count && status == SCREE_OK; i += group) {
        uint64_t left = job->input_count - i;
        status = read_group(reading, i, (unsigned)(left < group ? left : group), err);
    }
    if (status == SCREE_OK && proper && to->summary.point_count != job->plan.point_count)
        status = scree__base_fail(err, SCREE_E_DATA, "%llu points were expected, %llu were read",
                                  (unsigned long long)job->plan.point_count,
                                  (unsigned long long)to->summary.point_count);
    if (status == SCREE_OK)
        scree__par_stage_end(job->context);
out:
    scree__copc_reading_release(reading);
    return status;
}
