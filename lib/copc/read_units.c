/*
 * read_units.c - units of the inputs, decoded and mapped, two at a time by each worker where there is room. A point goes to its place in memory, or to
 * its bucket on scratch.
 */
#include "copc/reading.h"
#include "base/error.h"
#include "las/reader.h"

#include <string.h>

/* A sample for cutting buckets takes so many points of a unit. */
#define SAMPLE_POINTS 512u

struct scree__copc_open_file *scree__copc_reading_file(struct scree__copc_reading *reading,
                                                       uint64_t item)
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

/* ------------------------------------------------------------------------------------ one unit */

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

static enum scree_status ready_strand(const struct scree__copc_reading *reading,
                                      struct scree__copc_strand *strand,
                                      const struct scree__copc_open_file *file,
                                      struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    enum scree_status status =
        need_bytes(budget, &strand->piece, &strand->piece_bytes,
                   (uint64_t)SCREE__COPC_PIECE_POINTS * file->map.in_bytes, err);
    if (status == SCREE_OK && reading->to->records == NULL)
        status = need_bytes(budget, &strand->mapped, &strand->mapped_bytes,
                            (uint64_t)SCREE__COPC_PIECE_POINTS * file->map.out_bytes, err);
    if (status != SCREE_OK)
        return status;
    if (strand->reader != file->reader) {
        strand->reader = NULL;
        uint32_t fields = reading->to->colors_only       ? SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_RGB
                          : reading->to->weights != NULL ? SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z
                                                         : SCREE_LAZ_FIELD_ALL;
        status = scree__las_cursor_move(&strand->cursor, file->reader, fields, err);
        if (status == SCREE_OK)
            strand->reader = file->reader;
    }
    return status;
}

static enum scree_status begin_unit(struct scree__copc_reading *reading,
                                    struct scree__copc_strand *strand, uint64_t index,
                                    struct scree_error *err)
{
    const struct scree__copc_open_file *file = scree__copc_reading_file(reading, index);
    strand->file = file;
    strand->item = &reading->items[index];
    strand->unit_index = index - file->first_item;
    strand->done = 0;
    scree_las_unit(file->reader, strand->unit_index, &strand->unit);
    enum scree_status status = ready_strand(reading, strand, file, err);
    if (status == SCREE_OK)
        status = scree_las_cursor_open(strand->cursor, strand->unit_index, err);
    return status;
}

/* Where the next mapped records go; for the store, that is their final place. */
static uint8_t *place_of(const struct scree__copc_reading *reading,
                         const struct scree__copc_strand *strand)
{
    if (reading->to->records == NULL)
        return strand->mapped;
    return reading->to->records +
           (strand->file->input->first_point + strand->unit.first_point + strand->done) *
               reading->job->form.bytes;
}

static bool is_unfinished(const struct scree__copc_strand *strand)
{
    return strand->done < strand->unit.point_count;
}

/* What the decoder is asked for next. */
static struct scree_las_part next_part(const struct scree__copc_reading *reading,
                                       const struct scree__copc_strand *strand,
                                       struct scree_error *err)
{
    uint64_t left = strand->unit.point_count - strand->done;
    struct scree_las_part part = {.cursor = strand->cursor, .err = err};
    part.records = strand->file->in_place ? place_of(reading, strand) : strand->piece;
    part.capacity = left < SCREE__COPC_PIECE_POINTS ? (size_t)left : SCREE__COPC_PIECE_POINTS;
    if (reading->to->records != NULL)
        scree__mem_touch(place_of(reading, strand), part.capacity * reading->job->form.bytes);
    return part;
}

/* Maps what was decoded, and delivers it. */
static enum scree_status take_part(struct scree__copc_reading *reading,
                                   struct scree__copc_strand *strand, unsigned worker,
                                   const struct scree_las_part *part, struct scree_error *err)
{
    const struct scree_convert_job *job = reading->job;
    struct scree__copc_item *item = strand->item;
    uint8_t *out = place_of(reading, strand);
    uint64_t out_of_range = item->stats.out_of_range;
    enum scree_status status = part->status;
    if (status != SCREE_OK)
        return status;
    if (part->count == 0)
        return scree__base_fail(
            err, SCREE_E_DATA, "%s: unit %llu: %llu points expected, %llu found",
            strand->file->input->path, (unsigned long long)strand->unit_index,
            (unsigned long long)strand->unit.point_count, (unsigned long long)strand->done);
    if (strand->file->waits)
        scree__las_map_wait(&strand->file->map, out, part->count, &item->stats);
    else if (strand->file->in_place)
        scree__las_map_in_place(&strand->file->map, out, part->count, &item->stats);
    else
        scree__las_map_records(&strand->file->map, part->records, part->count, out, &item->stats);
    if (out_of_range == 0 && item->stats.out_of_range > 0)
        item->out_of_range_point =
            strand->unit.first_point + strand->done + item->stats.first_out_of_range;
    const struct scree__copc_form form =
        strand->file->waits ? job->form : scree__copc_form_out(job->plan.record_bytes);
    reading->look(&form, out, part->count, &item->summary, &item->stats);
    if (reading->to->partition != NULL)
        status = scree__copc_partition_add(reading->to->partition, worker, out, part->count, err);
    strand->done += part->count;
    scree__par_stage_add(job->context, part->count);
    return status;
}

/* --------------------------------------------------------------------------------------- units */

/* A piece of each strand that is not at its end. */
static void read_pieces(struct scree__copc_reading *reading, unsigned worker, unsigned count,
                        struct scree_error errs[2], enum scree_status status[2])
{
    struct scree__copc_strand *strands = reading->workers[worker].strands;
    struct scree_las_part parts[2];
    unsigned busy[2], busy_count = 0;
    for (unsigned i = 0; i < count; i++) {
        if (status[i] != SCREE_OK || !is_unfinished(&strands[i]))
            continue;
        parts[busy_count] = next_part(reading, &strands[i], &errs[i]);
        busy[busy_count++] = i;
    }
    if (busy_count == 2)
        scree_las_cursor_next_two(parts);
    else if (busy_count == 1)
        parts[0].status = scree_las_cursor_next(parts[0].cursor, parts[0].records,
                                                parts[0].capacity, &parts[0].count, parts[0].err);
    for (unsigned i = 0; i < busy_count; i++)
        status[busy[i]] = take_part(reading, &strands[busy[i]], worker, &parts[i], &errs[busy[i]]);
}

/* Units [index * strands, ... + strands), side by side. The error is that of the first unit that fails, as if they had been read in turn. */
static enum scree_status read_units(void *arg, uint64_t index, unsigned worker,
                                    struct scree_error *err)
{
    struct scree__copc_reading *reading = arg;
    struct scree__copc_strand *strands = reading->workers[worker].strands;
    struct scree_error errs[2] = {SCREE_ERROR_INIT, SCREE_ERROR_INIT};
    enum scree_status status[2] = {SCREE_OK, SCREE_OK};
    uint64_t first = index * reading->strands, left = reading->item_count - first;
    unsigned count = left < reading->strands ? 1 : reading->strands;
    for (unsigned i = 0; i < count; i++)
        status[i] = begin_unit(reading, &strands[i], first + i, &errs[i]);
    while (status[0] == SCREE_OK &&
           (is_unfinished(&strands[0]) ||
            (count == 2 && status[1] == SCREE_OK && is_unfinished(&strands[1])))) {
        status[0] = scree__par_check_cancel(reading->job->context, &errs[0]);
        if (status[0] == SCREE_OK)
            read_pieces(reading, worker, count, errs, status);
    }
    unsigned failed = status[0] != SCREE_OK ? 0 : 1;
    if (status[failed] != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = errs[failed];
    return status[failed];
}

/* The first points of a unit stand for all. */
static enum scree_status sample_unit(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    struct scree__copc_reading *reading = arg;
    struct scree__copc_strand *strand = &reading->workers[worker].strands[0];
    size_t count = 0;
    if ((reading->unit_number + index) % reading->sample_every != 0)
        return SCREE_OK;
    enum scree_status status = begin_unit(reading, strand, index, err);
    if (status == SCREE_OK)
        status = scree_las_cursor_next(strand->cursor, strand->piece, SAMPLE_POINTS, &count, err);
    if (status != SCREE_OK || count == 0)
        return status;
    struct scree__las_map_stats stats; /* the reading proper counts */
    memset(&stats, 0, sizeof stats);
    scree__las_map_records(&strand->file->map, strand->piece, count, strand->mapped, &stats);
    uint64_t weight = strand->unit.point_count / count * reading->sample_every;
    for (size_t i = 0; i < count; i++) {
        uint64_t code = scree__copc_code(reading->to->cube,
                                         strand->mapped + i * reading->job->plan.record_bytes);
        __atomic_fetch_add(
            &reading->to->weights[code >> 3 * (SCREE__COPC_CODE_LEVELS - SCREE__COPC_PART_LEVELS)],
            weight, __ATOMIC_RELAXED);
    }
    return SCREE_OK;
}

enum scree_status scree__copc_reading_units(struct scree__copc_reading *reading,
                                            struct scree_error *err)
{
    struct scree__par_pool *pool = scree__par_pool(reading->job->context);
    if (reading->sample_every > 0)
        return scree__par_for(pool, reading->item_count, sample_unit, reading, err);
    uint64_t jobs = (reading->item_count + reading->strands - 1) / reading->strands;
    return scree__par_for(pool, jobs, read_units, reading, err);
}

void scree__copc_reading_leave_files(struct scree__copc_reading *reading)
{
    for (unsigned t = 0; t < reading->threads; t++)
        for (unsigned i = 0; i < 2; i++)
            reading->workers[t].strands[i].reader = NULL;
}

void scree__copc_reading_release(struct scree__copc_reading *reading)
{
    struct scree__mem_budget *budget = scree__par_budget(reading->job->context);
    for (unsigned t = 0; reading->workers != NULL && t < reading->threads; t++) {
        for (unsigned i = 0; i < 2; i++) {
            struct scree__copc_strand *strand = &reading->workers[t].strands[i];
            scree_las_cursor_free(strand->cursor);
            scree__mem_free(budget, strand->piece, strand->piece_bytes);
            scree__mem_free(budget, strand->mapped, strand->mapped_bytes);
        }
    }
    scree__mem_free(budget, reading->workers, reading->threads * sizeof *reading->workers);
    scree__mem_free(budget, reading->extra_defaults, reading->job->schema.bytes);
    scree__mem_free(budget, reading, sizeof *reading);
}
