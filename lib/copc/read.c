/*
 * read.c - the first phase: every input decoded once, in parallel over its units, each record
 * mapped to the output's format and grid and put where the run wants it: at its place in memory, or into its bucket on scratch. Files are opened a
 * group at a time, so that ten thousand tiles need no ten thousand descriptors.
 */
#include "copc/job.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/salvage.h"

#include <stdio.h>
#include <string.h>

/* Files open at once; a fraction of the usual limit of 1024 descriptors. */
#define GROUP_FILES 128u
/* Records decoded at a time: input and output stay in the second-level cache. */
#define PIECE_POINTS 4096u
#define NAMED_FILES_MAX 4u
/* A sample for cutting buckets: so many units, and so many points of each. */
#define SAMPLE_UNITS 512u
#define SAMPLE_POINTS 512u
/* Coordinates that moved by less than this part of a unit were carried over, not rounded. */
#define ROUNDING_WORTH_SAYING 0.01

struct open_file {
    struct scree__copc_input *input;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree__las_map map;
    struct scree__las_map_copy *copies;
    uint32_t copy_capacity;
    uint64_t first_item; /* of the group's items */
};

/* What one unit's points said. */
struct item {
    struct scree__las_map_stats stats;
    struct scree_las_summary summary;
    uint64_t out_of_range_point; /* within the file */
};

struct worker {
    const struct scree_las_reader *reader; /* that the cursor belongs to */
    struct scree_las_cursor *cursor;
    uint8_t *piece;  /* records as they are in the file */
    uint8_t *mapped; /* and as they go to a bucket */
    uint64_t piece_bytes, mapped_bytes;
};

struct reading {
    struct scree_convert_job *job;
    struct scree__copc_read_to *to;
    uint8_t *extra_defaults;
    uint64_t unit_number;  /* of the group's first unit, among all */
    uint64_t sample_every; /* units; 0: all are read */
    struct open_file files[GROUP_FILES];
    unsigned file_count;
    struct item *items;
    uint64_t item_count;
    struct worker *workers;
    unsigned threads;
};

uint64_t scree__copc_read_bytes(const struct scree_convert_job *job)
{
    unsigned threads = scree_context_threads(job->context);
    uint32_t record_bytes = 0;
    for (uint64_t i = 0; i < job->input_count; i++)
        if (job->inputs[i].header.record_bytes > record_bytes)
            record_bytes = job->inputs[i].header.record_bytes;
    uint64_t per_worker = job->largest_decoder_bytes +
                          (uint64_t)PIECE_POINTS * (2 * record_bytes + job->plan.record_bytes) +
                          (1 << 20);
    /* A single large chunk keeps one worker busy, not all. */
    uint64_t units = job->largest_unit_bytes * threads;
    if (units > job->plan.input_bytes)
        units = job->plan.input_bytes;
    return per_worker * threads + units;
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

static enum scree_status make_map(struct reading *reading, struct open_file *file,
                                  struct scree_error *err)
{
    const struct scree_convert_job *job = reading->job;
    const struct scree_las_header *header = scree_las_header(file->reader);
    struct scree__las_map *map = &file->map;
    memset(map, 0, sizeof *map);
    map->in_format = header->point_format;
    map->out_format = job->plan.point_format;
    map->in_bytes = header->record_bytes;
    map->out_bytes = job->plan.record_bytes;
    map->fix_returns = job->fix_returns;
    map->scale_colors = file->input->widen_colors;
    map->extra_defaults = reading->extra_defaults;
    for (int a = 0; a < 3; a++) {
        map->in_scale[a] = header->scale[a];
        map->in_offset[a] = header->offset[a];
        map->out_scale[a] = job->grid.scale[a];
        map->out_offset[a] = job->grid.offset[a];
        map->exact[a] =
            scree__las_map_grid_shift(header->scale[a], header->offset[a], job->grid.scale[a],
                                      job->grid.offset[a], &map->shift[a]);
    }
    uint32_t count = scree_las_extra_byte_count(file->reader);
    if (count == 0)
        return SCREE_OK;
    void *memory;
    enum scree_status status = scree__mem_alloc(
        scree__par_budget(job->context), count * sizeof *file->copies, &memory, "extra bytes", err);
    if (status != SCREE_OK)
        return status;
    file->copies = memory;
    file->copy_capacity = count;
    map->copies = file->copies;
    map->copy_count = scree__las_schema_copies(&job->schema, file->reader, file->copies);
    return SCREE_OK;
}

static enum scree_status open_file(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct reading *reading = arg;
    struct open_file *file = &reading->files[index];
    (void)worker;
    enum scree_status status = scree_source_open_file(file->input->path, &file->source, err);
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

static void close_group(struct reading *reading)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    for (unsigned t = 0; t < reading->threads; t++) {
        scree_las_cursor_free(reading->workers[t].cursor);
        reading->workers[t].cursor = NULL;
        reading->workers[t].reader = NULL;
    }
    for (unsigned i = 0; i < reading->file_count; i++) {
        struct open_file *file = &reading->files[i];
        scree_las_close(file->reader);
        scree_source_close(file->source);
        scree__mem_free(budget, file->copies, file->copy_capacity * sizeof *file->copies);
    }
    scree__mem_free(budget, reading->items, reading->item_count * sizeof *reading->items);
    reading->items = NULL;
    reading->item_count = 0;
    reading->file_count = 0;
}

/* ------------------------------------------------------------------------------------- decoding */

static struct open_file *file_of_item(struct reading *reading, uint64_t item)
{
    unsigned low = 0, high = reading->file_count;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (reading->files[middle].first_item <= item)
            low = middle;
        else
            high = middle;
    }
    return &reading->files[low];
}

static enum scree_status need_bytes(struct scree__mem_budget *budget, uint8_t **bytes,
                                    uint64_t *have, uint64_t need, struct scree_error *err)
{
    void *memory;
    if (*have >= need)
        return SCREE_OK;
    scree__mem_free(budget, *bytes, *have);
    *bytes = NULL;
    *have = 0;
    enum scree_status status = scree__mem_alloc(budget, need, &memory, "decoded records", err);
    if (status == SCREE_OK) {
        *bytes = memory;
        *have = need;
    }
    return status;
}

static enum scree_status ready_worker(struct reading *reading, struct worker *worker,
                                      const struct open_file *file, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    enum scree_status status = need_bytes(budget, &worker->piece, &worker->piece_bytes,
                                          (uint64_t)PIECE_POINTS * file->map.in_bytes, err);
    if (status == SCREE_OK && reading->to->records == NULL)
        status = need_bytes(budget, &worker->mapped, &worker->mapped_bytes,
                            (uint64_t)PIECE_POINTS * file->map.out_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (worker->reader != file->reader) {
        scree_las_cursor_free(worker->cursor);
        worker->cursor = NULL;
        worker->reader = NULL;
        uint32_t fields = reading->to->colors_only       ? SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_RGB
                          : reading->to->weights != NULL ? SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z
                                                         : SCREE_LAZ_FIELD_ALL;
        status = scree_las_cursor_new(file->reader, fields, &worker->cursor, err);
        if (status == SCREE_OK)
            worker->reader = file->reader;
    }
    return status;
}

/* Where the mapped records of the next piece go; for the store, that is their final place. */
static uint8_t *place_of(const struct reading *reading, const struct worker *worker,
                         const struct open_file *file, uint64_t point)
{
    if (reading->to->records == NULL)
        return worker->mapped;
    return reading->to->records +
           (file->input->first_point + point) * reading->job->plan.record_bytes;
}

static enum scree_status deliver(struct reading *reading, struct item *item, unsigned worker,
                                 const uint8_t *records, size_t count, struct scree_error *err)
{
    const struct scree_convert_job *job = reading->job;
    scree_las_summary_add(&item->summary, job->plan.point_format, records, job->plan.record_bytes,
                          count);
    if (reading->to->partition == NULL)
        return SCREE_OK;
    return scree__copc_partition_add(reading->to->partition, worker, records, count, err);
}

/* A sample of one unit: its first points stand for all. */
static enum scree_status sample_unit(struct reading *reading, struct worker *worker,
                                     const struct open_file *file, uint64_t points,
                                     struct item *item, struct scree_error *err)
{
    size_t count;
    enum scree_status status =
        scree_las_cursor_next(worker->cursor, worker->piece, SAMPLE_POINTS, &count, err);
    if (status != SCREE_OK || count == 0)
        return status;
    scree__las_map_records(&file->map, worker->piece, count, worker->mapped, &item->stats);
    memset(&item->stats, 0, sizeof item->stats); /* the reading proper counts */
    uint64_t weight = points / count * reading->sample_every;
    for (size_t i = 0; i < count; i++) {
        uint64_t code = scree__copc_code(reading->to->cube,
                                         worker->mapped + i * reading->job->plan.record_bytes);
        __atomic_fetch_add(
            &reading->to->weights[code >> 3 * (SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS)],
            weight, __ATOMIC_RELAXED);
    }
    return SCREE_OK;
}

static enum scree_status read_unit(void *arg, uint64_t index, unsigned worker_index,
                                   struct scree_error *err)
{
    struct reading *reading = arg;
    struct scree_convert_job *job = reading->job;
    struct worker *worker = &reading->workers[worker_index];
    struct open_file *file = file_of_item(reading, index);
    struct item *item = &reading->items[index];
    uint64_t unit_index = index - file->first_item;
    struct scree_las_unit unit;
    if (reading->sample_every > 0 && (reading->unit_number + index) % reading->sample_every != 0)
        return SCREE_OK;
    scree_las_unit(file->reader, unit_index, &unit);
    enum scree_status status = ready_worker(reading, worker, file, err);
    if (status == SCREE_OK)
        status = scree_las_cursor_open(worker->cursor, unit_index, err);
    if (status != SCREE_OK)
        return status;
    if (reading->sample_every > 0)
        return sample_unit(reading, worker, file, unit.point_count, item, err);
    uint64_t done = 0;
    for (;;) {
        size_t count;
        status = scree__par_check_cancel(job->context, err);
        if (status == SCREE_OK)
            status =
                scree_las_cursor_next(worker->cursor, worker->piece, PIECE_POINTS, &count, err);
        if (status != SCREE_OK)
            return status;
        if (count == 0)
            break;
        if (count > unit.point_count - done)
            return scree__base_fail(err, SCREE_E_DATA, "%s: unit %llu has more points than it says",
                                    file->input->path, (unsigned long long)unit_index);
        uint64_t out_of_range = item->stats.out_of_range;
        uint8_t *out = place_of(reading, worker, file, unit.first_point + done);
        scree__las_map_records(&file->map, worker->piece, count, out, &item->stats);
        if (out_of_range == 0 && item->stats.out_of_range > 0)
            item->out_of_range_point = unit.first_point + done + item->stats.first_out_of_range;
        status = deliver(reading, item, worker_index, out, count, err);
        if (status != SCREE_OK)
            return status;
        done += count;
        scree__par_stage_add(job->context, count);
    }
    if (done != unit.point_count)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: unit %llu: %llu points expected, %llu found",
                                file->input->path, (unsigned long long)unit_index,
                                (unsigned long long)unit.point_count, (unsigned long long)done);
    return SCREE_OK;
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

static enum scree_status gather_items(struct reading *reading, struct scree_error *err)
{
    for (uint64_t i = 0; i < reading->item_count; i++) {
        struct open_file *file = file_of_item(reading, i);
        struct item *item = &reading->items[i];
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

static enum scree_status read_group(struct reading *reading, uint64_t first, unsigned count,
                                    struct scree_error *err)
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
    if (status == SCREE_OK)
        status = scree__par_for(pool, reading->item_count, read_unit, reading, err);
    if (status == SCREE_OK)
        status = gather_items(reading, err);
out:
    reading->unit_number += reading->item_count;
    close_group(reading);
    return status;
}

/* ---------------------------------------------------------------------- what is said afterwards */

typedef uint64_t (*counted)(const struct scree_convert_job *job,
                            const struct scree__copc_input *input);

static uint64_t count_zero_returns(const struct scree_convert_job *job,
                                   const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.zero_returns;
}

static uint64_t count_excess_returns(const struct scree_convert_job *job,
                                     const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.excess_returns;
}

static uint64_t count_eight_bit(const struct scree_convert_job *job,
                                const struct scree__copc_input *input)
{
    (void)job;
    return input->stats.color_max > 0 && input->stats.color_max <= 255 ? input->header.point_count
                                                                       : 0;
}

static uint64_t count_rounded(const struct scree_convert_job *job,
                              const struct scree__copc_input *input)
{
    for (int a = 0; a < 3; a++)
        if (input->stats.rounding_max > job->grid.scale[a] * ROUNDING_WORTH_SAYING)
            return input->header.point_count;
    return 0;
}

static uint64_t count_lacking(const struct scree_convert_job *job,
                              const struct scree__copc_input *input)
{
    (void)job;
    return input->lacks_extra_bytes ? input->header.point_count : 0;
}

/* One warning for all files concerned: how many points, in which files, and `what`. */
static void warn_of(const struct scree_convert_job *job, counted count_of, const char *what)
{
    char names[512] = "";
    uint64_t points = 0, files = 0;
    for (uint64_t i = 0; i < job->input_count; i++) {
        uint64_t count = count_of(job, &job->inputs[i]);
        if (count == 0)
            continue;
        points += count;
        if (files++ < NAMED_FILES_MAX) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                     job->inputs[i].path);
        }
    }
    if (points > 0)
        scree__par_log(job->context, SCREE_LOG_WARNING, "%llu points in %llu file%s (%s%s) %s",
                       (unsigned long long)points, (unsigned long long)files, files == 1 ? "" : "s",
                       names, files > NAMED_FILES_MAX ? ", ..." : "", what);
}

void scree__copc_read_report(const struct scree_convert_job *job)
{
    char text[160];
    double rounding = 0;
    for (uint64_t i = 0; i < job->input_count; i++)
        if (job->inputs[i].stats.rounding_max > rounding)
            rounding = job->inputs[i].stats.rounding_max;
    warn_of(job, count_zero_returns,
            job->fix_returns ? "had return number 0: set to 1"
                             : "have return number 0: kept (--fix-returns repairs them)");
    warn_of(job, count_excess_returns,
            job->fix_returns
                ? "had a return number above the number of returns: the latter was raised"
                : "have a return number above the number of returns: kept (--fix-returns repairs "
                  "them)");
    warn_of(
        job, count_eight_bit,
        job->scale_colors
            ? "had 8-bit colours: scaled to 16 bits"
            : "have 8-bit colours, which viewers show black: kept (--scale-colors repairs them)");
    snprintf(text, sizeof text, "were rounded to the output's grid; the largest error is %.3g",
             rounding);
    warn_of(job, count_rounded, text);
    warn_of(job, count_lacking,
            "lack extra bytes that other inputs have: filled with no_data, or 0");
}

/* ---------------------------------------------------------------------------------------- whole */

static enum scree_status make_defaults(struct reading *reading, struct scree_error *err)
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

static void plan_sample(struct reading *reading)
{
    uint64_t units = 0;
    if (reading->to->weights == NULL)
        return;
    for (uint64_t i = 0; i < reading->job->input_count; i++)
        units += reading->job->inputs[i].unit_count;
    reading->sample_every = units / SAMPLE_UNITS + 1;
}

static void release(struct reading *reading)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    for (unsigned t = 0; reading->workers != NULL && t < reading->threads; t++) {
        scree__mem_free(budget, reading->workers[t].piece, reading->workers[t].piece_bytes);
        scree__mem_free(budget, reading->workers[t].mapped, reading->workers[t].mapped_bytes);
    }
    scree__mem_free(budget, reading->workers, reading->threads * sizeof *reading->workers);
    scree__mem_free(budget, reading->extra_defaults, reading->job->schema.bytes);
    scree__mem_free(budget, reading, sizeof *reading);
}

enum scree_status scree__copc_read(struct scree_convert_job *job, struct scree__copc_read_to *to,
                                   struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    struct reading *reading;
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, sizeof *reading, &memory, "reading", err);
    if (status != SCREE_OK)
        return status;
    reading = memory;
    memset(reading, 0, sizeof *reading);
    reading->job = job;
    reading->to = to;
    reading->threads = scree_context_threads(job->context);
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
    for (uint64_t i = 0; i < job->input_count && status == SCREE_OK; i += GROUP_FILES) {
        uint64_t left = job->input_count - i;
        status = read_group(reading, i, left < GROUP_FILES ? (unsigned)left : GROUP_FILES, err);
    }
    if (status == SCREE_OK && proper && to->summary.point_count != job->plan.point_count)
        status = scree__base_fail(err, SCREE_E_DATA, "%llu points were expected, %llu were read",
                                  (unsigned long long)job->plan.point_count,
                                  (unsigned long long)to->summary.point_count);
    if (status == SCREE_OK)
        scree__par_stage_end(job->context);
out:
    release(reading);
    return status;
}
