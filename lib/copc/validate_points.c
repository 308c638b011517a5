/*
 * validate_points.c - every point, or the first of each unit when the check is shallow. Units are
 * read in parallel, each worker with cursors and a tally of its own; what is said of them is said
 * afterwards, from the merged tally (validate_tally.c).
 */
#include "base/error.h"
#include "copc/format.h"
#include "copc/validate_scan.h"
#include "par/context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Points read at a time: what stays in a core's own cache. The fixed part of a layered chunk (the
 * record, a count, 4 bytes for each of up to 12 layers and each extra byte) is below 8 records. */
#define PIECE_BYTES 262144u
#define PIECE_POINTS_MIN 8u

/* A unit on its way. */
struct strand {
    struct scree_las_cursor *cursor;
    uint8_t *records;
    struct scree_las_unit place;
    struct scree__copc_unit unit;
    bool ended;
    enum scree_status status;
    struct scree_error why;
};

struct worker {
    struct strand strands[2];
    struct scree__copc_tally tally;
};

struct job {
    struct scree__copc_check *check;
    struct scree__copc_scan scan;
    struct worker *workers;
    unsigned worker_count;
    unsigned strand_count;    /* units that a worker reads side by side: two take less time so */
    uint64_t record_capacity; /* points */
};

/* -------------------------------------------------------------------------------------- reading */

/* What the temporal index has of the unit, where node and chunk agree on the number of points. */
static struct scree__copc_times *times_of(const struct scree__copc_check *check,
                                          const struct scree_copc_entry *node,
                                          const struct scree_las_unit *unit)
{
    if (node == NULL || check->times == NULL || (uint64_t)node->point_count != unit->point_count)
        return NULL;
    const struct scree_copc_entry *entry = scree__copc_hierarchy_find(&check->hierarchy, node->key);
    struct scree__copc_times *times = &check->times[entry - check->hierarchy.entries];
    return times->sample_count > 0 ? times : NULL;
}

static void note_failure(struct strand *strand)
{
    struct scree__copc_note *note = &strand->unit.notes[SCREE__NOTE_DECODE];
    note->unit = strand->unit.index;
    note->point = strand->unit.points;
    note->count = 1;
    (void)snprintf(note->message, sizeof note->message, "%s", strand->why.message);
}

/* Records of the strand's unit; none: it has ended. */
static enum scree_status take_piece(struct job *job, struct worker *worker, struct strand *strand,
                                    size_t count)
{
    enum scree_status status = SCREE_OK;
    strand->ended = count == 0;
    if (count > 0 && strand->unit.times != NULL)
        status = scree__copc_times_take(job->check, &job->scan, &strand->unit, strand->records,
                                        count, strand->place.point_count, &strand->why);
    if (status != SCREE_OK)
        return status;
    scree__copc_scan_records(&job->scan, &strand->unit, &worker->tally, strand->records, count);
    scree__par_stage_add(job->check->context, count);
    return scree__par_check_cancel(job->check->context, &strand->why);
}

/* A piece of each strand that goes on. False: none does. */
static bool read_pieces(struct job *job, struct worker *worker, unsigned count)
{
    struct scree_las_part parts[2];
    struct strand *busy[2];
    unsigned busy_count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct strand *strand = &worker->strands[i];
        if (strand->status != SCREE_OK || strand->ended)
            continue;
        parts[busy_count] = (struct scree_las_part){.cursor = strand->cursor,
                                                    .records = strand->records,
                                                    .capacity = job->record_capacity,
                                                    .err = &strand->why};
        busy[busy_count++] = strand;
    }
    if (busy_count == 2)
        scree_las_cursor_next_two(parts);
    else if (busy_count == 1)
        parts[0].status = scree_las_cursor_next(parts[0].cursor, parts[0].records,
                                                parts[0].capacity, &parts[0].count, parts[0].err);
    for (unsigned i = 0; i < busy_count; i++)
        busy[i]->status = parts[i].status == SCREE_OK
                              ? take_piece(job, worker, busy[i], parts[i].count)
                              : parts[i].status;
    return busy_count > 0;
}

static void read_all(struct job *job, struct worker *worker, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct strand *strand = &worker->strands[i];
        strand->status = scree_las_cursor_open(strand->cursor, strand->unit.index, &strand->why);
        if (strand->unit.times != NULL)
            scree__copc_times_begin(strand->unit.times);
    }
    while (read_pieces(job, worker, count)) {
    }
    for (unsigned i = 0; i < count; i++)
        if (worker->strands[i].status == SCREE_OK && worker->strands[i].unit.times != NULL)
            worker->strands[i].unit.times->known = true;
}

/* The first record of a chunk is stored as it is; a layered chunk also says its size and count. */
static enum scree_status read_first(struct job *job, struct worker *worker, struct strand *strand,
                                    struct scree_error *err)
{
    const struct scree_las_unit *unit = &strand->place;
    const struct scree__copc_check *check = job->check;
    const uint32_t record_bytes = check->header.record_bytes;
    uint64_t bytes = record_bytes;
    const bool layered = check->has_layout && check->layout.compressor == SCREE_LAZ_LAYERED;
    if (layered)
        bytes = scree_laz_layered_fixed_bytes(&check->layout);
    if (unit->point_count == 0)
        return SCREE_OK;
    if (bytes > unit->bytes || bytes > job->record_capacity * record_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "the chunk at byte %" PRIu64 " has %" PRIu64
                                " bytes; its fixed part takes %" PRIu64,
                                unit->offset, unit->bytes, bytes);
    enum scree_status status =
        scree_source_read(check->source, unit->offset, strand->records, (size_t)bytes, err);
    if (status != SCREE_OK)
        return status;
    if (strand->unit.times != NULL) {
        /* What the samples tell of the node's times stays. */
        const struct scree__copc_times kept = *strand->unit.times;
        status = scree__copc_times_take(check, &job->scan, &strand->unit, strand->records, 1,
                                        unit->point_count, err);
        *strand->unit.times = kept;
        if (status != SCREE_OK)
            return status;
    }
    scree__copc_scan_records(&job->scan, &strand->unit, &worker->tally, strand->records, 1);
    scree__par_stage_add(check->context, 1);
    if (!layered || unit->sequential)
        return SCREE_OK;
    uint64_t chunk_bytes = 0;
    uint32_t points = 0;
    status = scree_laz_layered_chunk_size(&check->layout, strand->records, (size_t)bytes,
                                          &chunk_bytes, &points, err);
    if (status == SCREE_OK && (chunk_bytes != unit->bytes || points != unit->point_count))
        return scree__base_fail(err, SCREE_E_DATA,
                                "the chunk at byte %" PRIu64 " says %" PRIu32 " points in %" PRIu64
                                " bytes, the chunk table %" PRIu64 " in %" PRIu64,
                                unit->offset, points, chunk_bytes, unit->point_count, unit->bytes);
    return status;
}

static void begin_unit(struct job *job, struct strand *strand, uint64_t index)
{
    scree_las_unit(job->check->reader, index, &strand->place);
    scree__copc_unit_begin(&strand->unit, index);
    const struct scree_copc_entry *node = scree__copc_unit_node(job->check, &strand->place);
    strand->unit.ordered = node != NULL;
    strand->unit.times = times_of(job->check, node, &strand->place);
    if (node != NULL && job->check->has_cube) {
        strand->unit.has_box = true;
        scree__copc_node_box(&job->check->info, node->key, strand->unit.min, strand->unit.max);
    }
    strand->ended = false;
    strand->status = SCREE_OK;
    strand->why = (struct scree_error)SCREE_ERROR_INIT;
}

static enum scree_status end_unit(struct worker *worker, struct strand *strand,
                                  struct scree_error *err)
{
    if (strand->status != SCREE_OK && !scree__copc_is_finding(strand->status)) {
        if (err != NULL && err->status == SCREE_OK)
            *err = strand->why;
        return strand->status;
    }
    if (strand->status != SCREE_OK)
        note_failure(strand);
    scree__copc_unit_end(&strand->unit, &worker->tally);
    return SCREE_OK;
}

/* Units [index * strand_count, ... + strand_count), as far as there are. */
static enum scree_status check_units(void *arg, uint64_t index, unsigned worker_index,
                                     struct scree_error *err)
{
    struct job *job = arg;
    struct worker *worker = &job->workers[worker_index];
    uint64_t first = index * job->strand_count;
    uint64_t left = scree_las_unit_count(job->check->reader) - first;
    unsigned count = left < job->strand_count ? (unsigned)left : job->strand_count;
    enum scree_status status = SCREE_OK;
    for (unsigned i = 0; i < count; i++)
        begin_unit(job, &worker->strands[i], first + i);
    if (!job->check->options.shallow)
        read_all(job, worker, count);
    for (unsigned i = 0; i < count && status == SCREE_OK; i++) {
        struct strand *strand = &worker->strands[i];
        if (job->check->options.shallow)
            strand->status = read_first(job, worker, strand, &strand->why);
        status = end_unit(worker, strand, err);
    }
    return status;
}

/* -------------------------------------------------------------------------------------- workers */

static void release_workers(struct job *job)
{
    struct scree__mem_budget *budget = job->check->budget;
    const uint64_t record_bytes = job->record_capacity * job->check->header.record_bytes;
    for (unsigned i = 0; job->workers != NULL && i < 2 * job->worker_count; i++) {
        struct strand *strand = &job->workers[i / 2].strands[i % 2];
        scree_las_cursor_free(strand->cursor);
        scree__mem_free(budget, strand->records, record_bytes);
    }
    scree__mem_free(budget, job->workers, job->worker_count * sizeof *job->workers);
    job->workers = NULL;
}

static enum scree_status make_workers(struct job *job, struct scree_error *err)
{
    struct scree__mem_budget *budget = job->check->budget;
    const uint64_t record_bytes = job->record_capacity * job->check->header.record_bytes;
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, job->worker_count * sizeof *job->workers,
                                                &memory, "the validator's workers", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, job->worker_count * sizeof *job->workers);
    job->workers = memory;
    for (unsigned i = 0; i < job->worker_count; i++)
        scree__copc_tally_init(&job->workers[i].tally);
    for (unsigned i = 0; status == SCREE_OK && i < job->strand_count * job->worker_count; i++) {
        struct strand *strand = &job->workers[i % job->worker_count].strands[i / job->worker_count];
        void *records = NULL;
        status = scree__mem_alloc(budget, record_bytes, &records, "points", err);
        strand->records = records;
        if (status == SCREE_OK && !job->check->options.shallow)
            status =
                scree_las_cursor_new(job->check->reader, SCREE_LAZ_FIELD_ALL, &strand->cursor, err);
    }
    if (status != SCREE_OK)
        release_workers(job);
    return status;
}

/* All units with `threads` workers, `strands` units at a time; the tally is that of worker 0 afterwards. */
static enum scree_status run(struct job *job, unsigned threads, unsigned strands,
                             struct scree_error *err)
{
    struct scree_context *context = job->check->context;
    const uint64_t units = scree_las_unit_count(job->check->reader);
    const uint64_t groups = units / strands + (units % strands > 0);
    job->worker_count = threads;
    job->strand_count = strands;
    enum scree_status status = make_workers(job, err);
    if (status != SCREE_OK)
        return status;
    scree__par_stage_begin(context, "check",
                           job->check->options.shallow ? units : job->check->header.point_count);
    if (threads > 1) {
        status = scree__par_for(scree__par_pool(context), groups, check_units, job, err);
    } else {
        for (uint64_t i = 0; status == SCREE_OK && i < groups; i++) {
            status = scree__par_check_cancel(context, err);
            if (status == SCREE_OK)
                status = check_units(job, i, 0, err);
        }
    }
    scree__par_stage_end(context);
    for (unsigned i = 1; status == SCREE_OK && i < threads; i++)
        scree__copc_tally_merge(&job->workers[0].tally, &job->workers[i].tally);
    if (status != SCREE_OK)
        release_workers(job);
    return status;
}

/* ---------------------------------------------------------------------------------------- whole */

enum scree_status scree__copc_check_points(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree_las_header *h = &check->header;
    if (check->reader == NULL || h->record_bytes < 20)
        return SCREE_OK;
    struct job job = {.check = check, .record_capacity = PIECE_BYTES / h->record_bytes};
    if (job.record_capacity < PIECE_POINTS_MIN)
        job.record_capacity = PIECE_POINTS_MIN;
    scree__copc_scan_init(&job.scan, check);
    unsigned threads = check->context != NULL ? scree_context_threads(check->context) : 1;
    struct scree_error why = SCREE_ERROR_INIT;
    const bool pairs = !check->options.shallow && check->header.compressed;
    enum scree_status status = run(&job, threads, pairs ? 2 : 1, &why);
    if (status == SCREE_E_BUDGET && (pairs || threads > 1)) { /* this needs a fraction */
        why = (struct scree_error)SCREE_ERROR_INIT;
        status = run(&job, 1, 1, &why);
    }
    if (status != SCREE_OK) {
        if (err != NULL && err->status == SCREE_OK)
            *err = why;
        return status;
    }
    check->report->points_checked = job.workers[0].tally.points;
    scree__copc_tally_say(check, &job.workers[0].tally, &job.scan);
    release_workers(&job);
    return SCREE_OK;
}
