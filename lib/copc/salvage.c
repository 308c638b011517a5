/*
 * salvage.c - which points of a damaged input can be had: a survey that decodes all of it before
 * anything is planned, so that the plan's counts are those of the output. What it keeps, and why, is
 * in docs/decisions/salvage.md:
 *
 *   a chunk that fails         lost as a whole: its streams do not say where the damage is
 *   no chunk table             chunks of formats 0 to 5 follow each other, and only decoding one
 *                              tells where the next begins: kept up to the end of a file that was
 *                              cut off; else up to the last chunk but one before the fault
 *   points beyond the end      lost
 */
#include "copc/salvage.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PIECE_POINTS 4096u

struct outcome {
    bool damaged;
    uint64_t kept; /* points from the unit's first on */
    uint64_t chunk, offset;
    char reason[200];
};

struct worker {
    struct scree_las_cursor *cursor;
    uint8_t *piece;
};

struct survey {
    struct scree_convert_job *job;
    struct scree__copc_input *input;
    struct scree_las_reader *reader;
    struct worker *workers;
    unsigned threads, window;
    uint64_t piece_bytes;
    struct outcome *outcomes; /* of the lane's window */
    uint64_t points_kept, points_lost;
};

/* -------------------------------------------------------------------------------------- one unit */

/* The first of `count` points that lies outside the header's bounds; count: none. */
static size_t first_outside(const struct scree_las_header *header, const uint8_t *records,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *record = records + i * header->record_bytes;
        for (int a = 0; a < 3; a++) {
            double low = header->min[a], high = header->max[a];
            if (!(isfinite(low) && isfinite(high) && low <= high))
                continue;
            double at =
                (int32_t)scree__base_load32(record + 4 * a) * header->scale[a] + header->offset[a];
            /* Headers are rounded this way and that. */
            double slack = header->scale[a] * 2;
            if (at < low - slack || at > high + slack)
                return i;
        }
    }
    return count;
}

/* Points of a chunk where only decoding finds the next. */
static uint64_t chunk_points_of(const struct survey *survey)
{
    const struct scree_laz_layout *layout = scree_las_layout(survey->reader);
    return layout->compressor == SCREE_LAZ_POINTWISE ? UINT64_MAX : layout->chunk_points;
}

/*
 * A fault at a point of a unit of chunks that only decoding finds. A chunk's end is confirmed by
 * nothing but the chunk behind it being good; so a fault in one leaves the one before in doubt as well.
 * But where the fault is that the file ends, and all points so far were possible, it was cut off there.
 */
static void judge_sequential(const struct survey *survey,
                             const struct scree__las_cursor_place *place, uint64_t fault_point,
                             bool cut_off, struct outcome *outcome)
{
    uint64_t chunk_points = chunk_points_of(survey), chunk = fault_point / chunk_points;
    outcome->damaged = true;
    outcome->chunk = place->chunk;
    outcome->offset = place->offset;
    outcome->kept = fault_point;
    if (cut_off)
        return;
    outcome->kept = chunk > 0 ? (chunk - 1) * chunk_points : 0;
    if (chunk > 0) {
        outcome->chunk--;
        outcome->offset = place->offset_before;
    }
}

static void note_failure(const struct survey *survey, const struct scree_las_unit *unit,
                         const struct scree__las_cursor_place *place, const struct scree_error *why,
                         struct outcome *outcome)
{
    const char *message = why->message;
    char prefix[sizeof why->message];
    outcome->damaged = true;
    outcome->kept = 0;
    outcome->chunk = place->chunk;
    outcome->offset = place->offset;
    if (unit->sequential)
        judge_sequential(survey, place, place->done, place->at_end, outcome);
    snprintf(prefix, sizeof prefix, "%s: chunk %" PRIu64 " at byte %" PRIu64 ": ",
             survey->input->path, place->chunk, place->offset);
    if (strncmp(message, prefix, strlen(prefix)) == 0)
        message += strlen(prefix);
    snprintf(outcome->reason, sizeof outcome->reason, "%s", message);
}

/* Of a sequential unit, the `count` points after `done`: are they possible? */
static bool all_inside(const struct survey *survey, const struct worker *worker,
                       const struct scree__las_cursor_place *place, uint64_t done, size_t count,
                       struct outcome *outcome)
{
    size_t outside = first_outside(scree_las_header(survey->reader), worker->piece, count);
    if (outside == count)
        return true;
    judge_sequential(survey, place, done + outside, false, outcome);
    snprintf(outcome->reason, sizeof outcome->reason,
             "point %" PRIu64 " lies outside the bounds in the header, and there is no chunk table "
             "that would tell where chunks begin",
             done + outside);
    return false;
}

/* The same chunk after chunk, so that `place`, taken before, is that of the points. */
static enum scree_status decode_sequential(const struct survey *survey, struct worker *worker,
                                           const struct scree_las_unit *unit,
                                           struct outcome *outcome, struct scree_error *err)
{
    uint64_t chunk_points = chunk_points_of(survey), done = 0;
    enum scree_status status = SCREE_OK;
    while (status == SCREE_OK && done < unit->point_count) {
        struct scree__las_cursor_place before, after;
        uint64_t left = chunk_points - done % chunk_points;
        size_t count;
        scree__las_cursor_place(worker->cursor, &before);
        status = scree__par_check_cancel(survey->job->context, err);
        if (status != SCREE_OK)
            return status;
        status =
            scree_las_cursor_next(worker->cursor, worker->piece,
                                  left < PIECE_POINTS ? (size_t)left : PIECE_POINTS, &count, err);
        scree__las_cursor_place(worker->cursor, &after);
        if (status == SCREE_E_DATA)
            count = after.done > done ? (size_t)(after.done - done) : 0;
        if ((status == SCREE_OK || status == SCREE_E_DATA) &&
            !all_inside(survey, worker, &before, done, count, outcome))
            return SCREE_OK;
        done += count;
        scree__par_stage_add(survey->job->context, count);
    }
    return status;
}

static enum scree_status decode_chunk(const struct survey *survey, struct worker *worker,
                                      const struct scree_las_unit *unit, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t done = 0; status == SCREE_OK && done < unit->point_count;) {
        size_t count;
        status = scree__par_check_cancel(survey->job->context, err);
        if (status != SCREE_OK)
            return status;
        status = scree_las_cursor_next(worker->cursor, worker->piece, PIECE_POINTS, &count, err);
        done += count;
        scree__par_stage_add(survey->job->context, count);
    }
    return status;
}

static enum scree_status examine(void *arg, uint64_t index, unsigned slot, unsigned worker,
                                 struct scree_error *err)
{
    struct survey *survey = arg;
    struct outcome *outcome = &survey->outcomes[slot];
    struct scree_error why = SCREE_ERROR_INIT;
    struct scree_las_unit unit;
    scree_las_unit(survey->reader, index, &unit);
    memset(outcome, 0, sizeof *outcome);
    outcome->kept = unit.point_count;
    struct worker *mine = &survey->workers[worker];
    enum scree_status status = scree_las_cursor_open(mine->cursor, index, &why);
    if (status == SCREE_OK && unit.sequential)
        status = decode_sequential(survey, mine, &unit, outcome, &why);
    else if (status == SCREE_OK)
        status = decode_chunk(survey, mine, &unit, &why);
    if (status == SCREE_E_DATA) {
        struct scree__las_cursor_place place;
        scree__las_cursor_place(mine->cursor, &place);
        note_failure(survey, &unit, &place, &why, outcome);
        return SCREE_OK;
    }
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}

/* ---------------------------------------------------------------------------------- what is kept */

static enum scree_status keep_unit(struct survey *survey, const struct scree_las_unit *unit,
                                   uint64_t points, struct scree_error *err)
{
    struct scree__copc_input *input = survey->input;
    void *memory = input->units;
    if (points == 0)
        return SCREE_OK;
    enum scree_status status = scree__mem_grow(
        scree__par_budget(survey->job->context), &memory, &input->unit_capacity,
        input->kept_unit_count + 1, sizeof *input->units, "units of a damaged file", err);
    input->units = memory;
    if (status != SCREE_OK)
        return status;
    struct scree_las_unit *kept = &input->units[input->kept_unit_count++];
    *kept = *unit;
    kept->first_point = survey->points_kept;
    kept->point_count = points;
    survey->points_kept += points;
    return SCREE_OK;
}

/* The first loss: the units before it were sound, and are listed now. */
static enum scree_status begin_list(struct survey *survey, uint64_t unit_count,
                                    struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (survey->input->damaged)
        return SCREE_OK;
    survey->input->damaged = true;
    survey->points_kept = 0;
    for (uint64_t i = 0; i < unit_count && status == SCREE_OK; i++) {
        struct scree_las_unit unit;
        scree_las_unit(survey->reader, i, &unit);
        status = keep_unit(survey, &unit, unit.point_count, err);
    }
    return status;
}

static enum scree_status add_loss(struct survey *survey, uint64_t chunk, uint64_t offset,
                                  uint64_t first_point, uint64_t points, const char *reason,
                                  struct scree_error *err)
{
    struct scree_convert_job *job = survey->job;
    void *memory = job->losses;
    enum scree_status status =
        scree__mem_grow(scree__par_budget(job->context), &memory, &job->loss_capacity,
                        job->loss_count + 1, sizeof *job->losses, "list of losses", err);
    job->losses = memory;
    if (status != SCREE_OK)
        return status;
    struct scree_convert_loss *loss = &job->losses[job->loss_count];
    loss->file = scree__mem_string_copy(survey->input->path);
    loss->reason = scree__mem_string_copy(reason);
    loss->chunk = chunk;
    loss->offset = offset;
    loss->first_point = first_point;
    loss->point_count = points;
    job->loss_count++;
    if (loss->file == NULL || loss->reason == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "list of losses: out of memory");
    survey->points_lost += points;
    scree__par_log(job->context, SCREE_LOG_WARNING,
                   "%s: chunk %" PRIu64 " at byte %" PRIu64 ": %" PRIu64
                   " points lost, from point %" PRIu64 " on: %s",
                   loss->file, chunk, offset, points, first_point, reason);
    return SCREE_OK;
}

static enum scree_status take(void *arg, uint64_t index, unsigned slot, struct scree_error *err)
{
    struct survey *survey = arg;
    const struct outcome *outcome = &survey->outcomes[slot];
    struct scree_las_unit unit;
    enum scree_status status = SCREE_OK;
    scree_las_unit(survey->reader, index, &unit);
    if (outcome->damaged) {
        status = begin_list(survey, index, err);
        if (status == SCREE_OK)
            status =
                add_loss(survey, outcome->chunk, outcome->offset, unit.first_point + outcome->kept,
                         unit.point_count - outcome->kept, outcome->reason, err);
    }
    if (status == SCREE_OK && survey->input->damaged)
        status = keep_unit(survey, &unit, outcome->kept, err);
    else if (status == SCREE_OK)
        survey->points_kept += unit.point_count;
    return status;
}

/* ----------------------------------------------------------------------------------------- whole */

static void release(struct survey *survey)
{
    struct scree__mem_budget *budget = scree__par_budget(survey->job->context);
    for (unsigned t = 0; survey->workers != NULL && t < survey->threads; t++) {
        scree_las_cursor_free(survey->workers[t].cursor);
        scree__mem_free(budget, survey->workers[t].piece, survey->piece_bytes);
    }
    scree__mem_free(budget, survey->workers, survey->threads * sizeof *survey->workers);
    scree__mem_free(budget, survey->outcomes, survey->window * sizeof *survey->outcomes);
}

static enum scree_status prepare(struct survey *survey, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(survey->job->context);
    void *memory;
    survey->threads = scree_context_threads(survey->job->context);
    survey->window = 2 * survey->threads;
    survey->piece_bytes = (uint64_t)PIECE_POINTS * scree_las_header(survey->reader)->record_bytes;
    enum scree_status status =
        scree__mem_alloc(budget, survey->threads * sizeof *survey->workers, &memory, "survey", err);
    if (status != SCREE_OK)
        return status;
    survey->workers = memory;
    memset(memory, 0, survey->threads * sizeof *survey->workers);
    status =
        scree__mem_alloc(budget, survey->window * sizeof *survey->outcomes, &memory, "survey", err);
    if (status != SCREE_OK)
        return status;
    survey->outcomes = memory;
    for (unsigned t = 0; t < survey->threads && status == SCREE_OK; t++) {
        struct worker *worker = &survey->workers[t];
        status = scree__mem_alloc(budget, survey->piece_bytes, &memory, "decoded records", err);
        if (status != SCREE_OK)
            break;
        worker->piece = memory;
        status = scree_las_cursor_new(survey->reader, SCREE_LAZ_FIELD_ALL, &worker->cursor, err);
    }
    return status;
}

static enum scree_status examine_units(struct survey *survey, struct scree_error *err)
{
    struct scree__par_lane_job lane = {.count = scree_las_unit_count(survey->reader),
                                       .arg = survey,
                                       .make = examine,
                                       .take = take};
    enum scree_status status = prepare(survey, err);
    lane.window = survey->window;
    if (status == SCREE_OK)
        status = scree__par_lane(scree__par_pool(survey->job->context), &lane, err);
    release(survey);
    return status;
}

enum scree_status scree__copc_salvage(struct scree_convert_job *job,
                                      struct scree__copc_input *input,
                                      struct scree_las_reader *reader, struct scree_error *err)
{
    struct survey survey = {.job = job, .input = input, .reader = reader};
    const struct scree__las_cut *cut = &reader->cut;
    uint64_t units = scree_las_unit_count(reader);
    enum scree_status status = examine_units(&survey, err);
    if (status == SCREE_OK && cut->point_count > 0) {
        status = begin_list(&survey, units, err);
        if (status == SCREE_OK)
            status = add_loss(&survey, cut->chunk, cut->offset, cut->first_point, cut->point_count,
                              cut->reason, err);
    }
    if (status != SCREE_OK)
        return status;
    if (survey.points_kept + survey.points_lost != reader->claimed_points)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "%s: %" PRIu64 " points kept and %" PRIu64 " lost do not make the header's %" PRIu64,
            input->path, survey.points_kept, survey.points_lost, reader->claimed_points);
    job->points_lost += survey.points_lost;
    if (input->damaged)
        scree__las_sound_units(reader, input->units, input->kept_unit_count);
    return SCREE_OK;
}

enum scree_status scree__copc_salvage_open(struct scree_convert_job *job,
                                           const struct scree__copc_input *input,
                                           struct scree_source *source,
                                           struct scree_las_reader **reader,
                                           struct scree_error *err)
{
    if (!input->damaged)
        return scree_las_open(source, job->context, reader, err);
    enum scree_status status = scree__las_open_damaged(source, job->context, reader, err);
    if (status == SCREE_OK)
        scree__las_sound_units(*reader, input->units, input->kept_unit_count);
    return status;
}

void scree__copc_salvage_release(struct scree_convert_job *job)
{
    struct scree__mem_budget *budget = scree__par_budget(job->context);
    for (uint64_t i = 0; i < job->input_count; i++)
        scree__mem_free(budget, job->inputs[i].units,
                        job->inputs[i].unit_capacity * sizeof *job->inputs[i].units);
    for (uint64_t i = 0; i < job->loss_count; i++) {
        scree__mem_string_free((char *)job->losses[i].file);
        scree__mem_string_free((char *)job->losses[i].reason);
    }
    scree__mem_free(budget, job->losses, job->loss_capacity * sizeof *job->losses);
}
