/* build_resume.c - the journal of a build; build_resume.h has its records. */
#include "vectors/build_resume.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "vectors/journal.h"
#include "io/place.h"

#include <stdio.h>
#include <string.h>

enum { KEY = 1, TRAINED, ASSIGNED, ENCODED, SEALING, SEALED };

#define MARK_BYTES 16u /* what OUTPUT.part begins with until its superblock is written */
#define PIECE_BYTES 65536u
#define NS_PER_S ((uint64_t)1000000000)

struct column_state {
    struct scree__vectors_record trained, assigned, encoded, sealed; /* type 0: none */
};

struct scree__vectors_resume {
    struct scree__vectors_journal *journal;
    uint8_t mark[MARK_BYTES];
    uint64_t told_ns; /* when it was said last how far it is */
    struct column_state *columns;
    uint64_t columns_bytes;
    char key[SCREE__VECTORS_KEY_BYTES];
    size_t key_bytes;
    uint8_t piece[PIECE_BYTES];
};

/* ------------------------------------------------------------------------------------------- open */

static enum scree_status put_record(struct scree__vectors_resume *resume, uint32_t type,
                                    uint32_t number, const void *bytes, size_t count, bool flush,
                                    struct scree_error *err)
{
    enum scree_status status =
        scree__vectors_journal_begin(resume->journal, type, number, count, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_add(resume->journal, bytes, count, err);
    return status == SCREE_OK ? scree__vectors_journal_end(resume->journal, flush, err) : status;
}

/* The first record is the same key: then the mark is taken from it. */
static bool same_key(struct scree__vectors_resume *resume)
{
    struct scree__vectors_record record;
    if (!scree__vectors_journal_next(resume->journal, &record) || record.type != KEY ||
        record.byte_count != MARK_BYTES + resume->key_bytes)
        return false;
    if (scree__vectors_journal_read(resume->journal, record.offset, resume->mark, MARK_BYTES,
                                    NULL) != SCREE_OK)
        return false;
    for (size_t at = 0; at < resume->key_bytes;) {
        size_t left = resume->key_bytes - at, count = left < PIECE_BYTES ? left : PIECE_BYTES;
        if (scree__vectors_journal_read(resume->journal, record.offset + MARK_BYTES + at,
                                        resume->piece, count, NULL) != SCREE_OK ||
            memcmp(resume->piece, resume->key + at, count) != 0)
            return false;
        at += count;
    }
    return true;
}

/* Does OUTPUT.part belong to the journal? */
static bool same_mark(const struct scree_vectors_build_job *job)
{
    uint8_t mark[MARK_BYTES];
    return scree__io_place_read(job->place, 0, mark, sizeof mark, NULL) == SCREE_OK &&
           memcmp(mark, job->resume->mark, sizeof mark) == 0;
}

static void take_records(struct scree_vectors_build_job *job)
{
    struct scree__vectors_resume *resume = job->resume;
    struct scree__vectors_record record;
    bool placed = same_mark(job);
    while (scree__vectors_journal_next(resume->journal, &record)) {
        if (record.number >= job->column_count)
            continue;
        struct column_state *column = &resume->columns[record.number];
        if (record.type == TRAINED)
            column->trained = record;
        else if (record.type == ASSIGNED)
            column->assigned = record;
        else if (record.type == ENCODED && placed)
            column->encoded = record;
        else if (record.type == SEALING)
            memset(&column->encoded, 0, sizeof column->encoded);
        else if (record.type == SEALED && placed)
            column->sealed = record;
    }
    job->resumed = placed && resume->columns[0].assigned.type != 0 ? 3
                   : resume->columns[0].assigned.type != 0         ? 2
                   : resume->columns[0].trained.type != 0          ? 1
                                                                   : 0;
}

/* A journal of this run: without what was in the place, or of another run. */
static enum scree_status begin_afresh(struct scree_vectors_build_job *job, struct scree_error *err)
{
    struct scree__vectors_resume *resume = job->resume;
    uint64_t now = scree__base_clock_ns() ^ (uint64_t)(uintptr_t)job << 20;
    memcpy(resume->mark, "svx.part", 8);
    scree__base_store64(resume->mark + 8, now);
    enum scree_status status = scree__vectors_journal_clear(resume->journal, err);
    if (status == SCREE_OK)
        status = scree__io_place_size(job->place, 0, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_begin(resume->journal, KEY, 0,
                                              MARK_BYTES + resume->key_bytes, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_add(resume->journal, resume->mark, MARK_BYTES, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_add(resume->journal, resume->key, resume->key_bytes, err);
    return status == SCREE_OK ? scree__vectors_journal_end(resume->journal, false, err) : status;
}

enum scree_status scree__vectors_resume_open(struct scree_vectors_build_job *job,
                                             struct scree_error *err)
{
    char path[4096];
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__vectors_resume), &memory, "journal", err);
    if (status != SCREE_OK)
        return status;
    job->resume = memory;
    struct scree__vectors_resume *resume = job->resume;
    memset(resume, 0, sizeof *resume);
    resume->columns_bytes = job->column_count * sizeof *resume->columns;
    status = scree__mem_alloc(NULL, resume->columns_bytes, &memory, "journal", err);
    if (status != SCREE_OK)
        return status;
    resume->columns = memory;
    memset(memory, 0, resume->columns_bytes);
    int length = snprintf(path, sizeof path, "%s.resume", job->options.output);
    if (length < 0 || (size_t)length >= sizeof path)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long",
                                job->options.output);
    bool known = scree__vectors_resume_key(job, resume->key, &resume->key_bytes);
    status = scree__vectors_journal_open(path, &resume->journal, err);
    if (status != SCREE_OK)
        return status;
    if (known && same_key(resume)) {
        take_records(job);
        if (job->resumed == 3 || scree__io_place_size(job->place, 0, err) == SCREE_OK)
            return SCREE_OK;
        return SCREE_E_IO;
    }
    return begin_afresh(job, err);
}

void scree__vectors_resume_close(struct scree_vectors_build_job *job)
{
    struct scree__vectors_resume *resume = job->resume;
    if (resume == NULL)
        return;
    scree__vectors_journal_close(resume->journal, true);
    scree__mem_free(NULL, resume->columns, resume->columns_bytes);
    scree__mem_free(NULL, resume, sizeof *resume);
    job->resume = NULL;
}

/* ----------------------------------------------------------------------------- journal and scratch */

/* A part of a record to scratch. */
static enum scree_status to_scratch(struct scree_vectors_build_job *job, uint64_t offset,
                                    uint64_t bytes, struct scree_error *err)
{
    struct scree__vectors_resume *resume = job->resume;
    enum scree_status status = SCREE_OK;
    for (uint64_t at = 0; at < bytes && status == SCREE_OK;) {
        size_t count = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
        status =
            scree__vectors_journal_read(resume->journal, offset + at, resume->piece, count, err);
        if (status == SCREE_OK)
            status = scree__vectors_scratch_write(job, resume->piece, count, err);
        at += count;
    }
    return status;
}

static enum scree_status from_scratch(struct scree_vectors_build_job *job, uint64_t offset,
                                      uint64_t bytes, struct scree_error *err)
{
    struct scree__vectors_resume *resume = job->resume;
    enum scree_status status = SCREE_OK;
    for (uint64_t at = 0; at < bytes && status == SCREE_OK;) {
        size_t count = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
        status = scree__vectors_scratch_read(job, offset + at, resume->piece, count, err);
        if (status == SCREE_OK)
            status = scree__vectors_journal_add(resume->journal, resume->piece, count, err);
        at += count;
    }
    return status;
}

/* ------------------------------------------------------------------------------------ centroids */

enum scree_status scree__vectors_resume_train(struct scree_vectors_build_job *job, uint32_t index,
                                              struct scree__vectors_lists *lists, bool *found,
                                              struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    const uint32_t dim = column->head.shape.dim;
    void *section;
    *found = job->resume != NULL && job->resume->columns[index].trained.type != 0;
    if (!*found)
        return SCREE_OK;
    const struct scree__vectors_record *record = &job->resume->columns[index].trained;
    uint64_t cells = (record->byte_count - 8 * (uint64_t)dim) / (2 * (uint64_t)dim);
    if (cells < 1 || cells > column->cell_count ||
        record->byte_count != scree__vectors_centroids_bytes((uint32_t)cells, dim))
        return scree__base_fail(err, SCREE_E_DATA, "%s.resume: a record of %llu bytes",
                                job->options.output, (unsigned long long)record->byte_count);
    column->cell_count = (uint32_t)cells;
    column->centroids_at = scree__spill_scratch_bytes(job->scratch);
    enum scree_status status =
        scree__mem_alloc(job->budget, record->byte_count, &section, "centroids", err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_journal_read(job->resume->journal, record->offset, section,
                                         (size_t)record->byte_count, err);
    if (status == SCREE_OK)
        status = scree__vectors_scratch_write(job, section, record->byte_count, err);
    if (status == SCREE_OK && job->resume->columns[index].assigned.type == 0)
        status = scree__vectors_lists_from_section(lists, job->budget, section, (uint32_t)cells,
                                                   dim, err);
    scree__mem_free(job->budget, section, record->byte_count);
    return status;
}

enum scree_status scree__vectors_resume_trained(struct scree_vectors_build_job *job, uint32_t index,
                                                struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    uint64_t bytes = scree__vectors_centroids_bytes(column->cell_count, column->head.shape.dim);
    if (job->resume == NULL)
        return SCREE_OK;
    enum scree_status status =
        scree__vectors_journal_begin(job->resume->journal, TRAINED, index, bytes, err);
    if (status == SCREE_OK)
        status = from_scratch(job, column->centroids_at, bytes, err);
    return status == SCREE_OK ? scree__vectors_journal_end(job->resume->journal, false, err)
                              : status;
}

/* ------------------------------------------------------------------------------------- assignment */

static enum scree_status count_cells(struct scree_vectors_build_job *job,
                                     struct scree__vectors_build_column *column,
                                     struct scree_error *err)
{
    uint32_t cells[256];
    uint64_t rows = column->input.row_count, skipped = 0;
    enum scree_status status = SCREE_OK;
    for (uint64_t first = 0; first < rows && status == SCREE_OK; first += 256) {
        uint64_t count = rows - first < 256 ? rows - first : 256;
        status = scree__vectors_scratch_read(job, column->assigned_at + 4 * first, cells, 4 * count,
                                             err);
        for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
            if (cells[i] < column->cell_count)
                column->cell_rows[cells[i]]++;
            else
                skipped++;
        }
    }
    column->head.skipped_count = skipped;
    column->head.vector_count = rows - skipped;
    return status;
}

enum scree_status scree__vectors_resume_assign(struct scree_vectors_build_job *job, uint32_t index,
                                               bool *found, struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    void *memory;
    *found = job->resume != NULL && job->resume->columns[index].assigned.type != 0;
    if (!*found)
        return SCREE_OK;
    const struct scree__vectors_record *record = &job->resume->columns[index].assigned;
    if (record->byte_count != 4 * column->input.row_count)
        return scree__base_fail(err, SCREE_E_DATA, "%s.resume: a record of %llu bytes",
                                job->options.output, (unsigned long long)record->byte_count);
    column->cell_rows_bytes = 8 * (uint64_t)column->cell_count;
    enum scree_status status =
        scree__mem_alloc(job->budget, column->cell_rows_bytes, &memory, "counts of lists", err);
    if (status != SCREE_OK)
        return status;
    column->cell_rows = memory;
    memset(memory, 0, column->cell_rows_bytes);
    column->assigned_at = scree__spill_scratch_bytes(job->scratch);
    status = to_scratch(job, record->offset, record->byte_count, err);
    return status == SCREE_OK ? count_cells(job, column, err) : status;
}

enum scree_status scree__vectors_resume_assigned(struct scree_vectors_build_job *job,
                                                 uint32_t index, struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    uint64_t bytes = 4 * column->input.row_count;
    if (job->resume == NULL)
        return SCREE_OK;
    enum scree_status status =
        scree__vectors_journal_begin(job->resume->journal, ASSIGNED, index, bytes, err);
    if (status == SCREE_OK)
        status = from_scratch(job, column->assigned_at, bytes, err);
    return status == SCREE_OK ? scree__vectors_journal_end(job->resume->journal, false, err)
                              : status;
}

/* --------------------------------------------------------------------------------------- encoding */

enum scree_status scree__vectors_resume_placed(struct scree_vectors_build_job *job,
                                               struct scree_error *err)
{
    if (job->resume == NULL)
        return SCREE_OK;
    job->resume->told_ns = scree__base_clock_ns();
    return scree__io_place_write(job->place, 0, job->resume->mark, MARK_BYTES, err);
}

enum scree_status scree__vectors_resume_rows(struct scree_vectors_build_job *job, uint32_t index,
                                             uint64_t *rows, struct scree_error *err)
{
    struct scree__vectors_build_column *column = &job->columns[index];
    const uint32_t lists = column->head.list_count;
    uint8_t bytes[SCREE__VECTORS_LIST_BYTES];
    enum scree_status status = SCREE_OK;
    *rows = 0;
    if (job->resume == NULL)
        return SCREE_OK;
    const struct column_state *state = &job->resume->columns[index];
    struct scree__vectors_journal *journal = job->resume->journal;
    if (state->sealed.type != 0 &&
        state->sealed.byte_count == (uint64_t)lists * SCREE__VECTORS_LIST_BYTES) {
        for (uint32_t i = 0; i < lists && status == SCREE_OK; i++) {
            status = scree__vectors_journal_read(journal, state->sealed.offset + i * sizeof bytes,
                                                 bytes, sizeof bytes, err);
            scree__vectors_list_load(bytes, &column->lists[i]);
        }
        *rows = UINT64_MAX;
        return status;
    }
    if (state->encoded.type == 0 || state->encoded.byte_count != 8 + 8 * (uint64_t)lists)
        return SCREE_OK;
    status = scree__vectors_journal_read(journal, state->encoded.offset, bytes, 8, err);
    uint64_t done = scree__base_load64(bytes);
    for (uint32_t i = 0; i < lists && status == SCREE_OK; i++) {
        status = scree__vectors_journal_read(journal, state->encoded.offset + 8 + 8 * (uint64_t)i,
                                             bytes, 8, err);
        column->lists[i].radius = scree__base_load_f32(bytes);
        column->lists[i].min_radius = scree__base_load_f32(bytes + 4);
    }
    *rows = done;
    return status;
}

bool scree__vectors_resume_due(struct scree_vectors_build_job *job)
{
    if (job->resume == NULL)
        return false;
    uint64_t wait = job->options.checkpoint_seconds * NS_PER_S;
    return scree__base_clock_ns() - job->resume->told_ns >= wait;
}

enum scree_status scree__vectors_resume_encoded(struct scree_vectors_build_job *job,
                                                const struct scree__vectors_build_column *column,
                                                uint64_t rows, struct scree_error *err)
{
    struct scree__vectors_journal *journal = job->resume->journal;
    const uint32_t lists = column->head.list_count;
    uint8_t bytes[8];
    enum scree_status status = scree__io_place_flush(job->place, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_begin(journal, ENCODED, (uint32_t)(column - job->columns),
                                              8 + 8 * (uint64_t)lists, err);
    scree__base_store64(bytes, rows);
    if (status == SCREE_OK)
        status = scree__vectors_journal_add(journal, bytes, sizeof bytes, err);
    for (uint32_t i = 0; i < lists && status == SCREE_OK; i++) {
        scree__base_store_f32(bytes, column->lists[i].radius);
        scree__base_store_f32(bytes + 4, column->lists[i].min_radius);
        status = scree__vectors_journal_add(journal, bytes, sizeof bytes, err);
    }
    if (status == SCREE_OK)
        status = scree__vectors_journal_end(journal, true, err);
    job->resume->told_ns = scree__base_clock_ns();
    return status;
}

/* Blocks that are sealed are no records any more: on the disk before the first of them. */
enum scree_status scree__vectors_resume_sealing(struct scree_vectors_build_job *job, uint32_t index,
                                                struct scree_error *err)
{
    return job->resume == NULL ? SCREE_OK
                               : put_record(job->resume, SEALING, index, NULL, 0, true, err);
}

enum scree_status scree__vectors_resume_sealed(struct scree_vectors_build_job *job, uint32_t index,
                                               struct scree_error *err)
{
    const struct scree__vectors_build_column *column = &job->columns[index];
    uint8_t bytes[SCREE__VECTORS_LIST_BYTES];
    /* The last column is followed by the end. */
    if (job->resume == NULL || index + 1 == job->column_count)
        return SCREE_OK;
    struct scree__vectors_journal *journal = job->resume->journal;
    enum scree_status status = scree__io_place_flush(job->place, err);
    if (status == SCREE_OK)
        status = scree__vectors_journal_begin(
            journal, SEALED, index, (uint64_t)column->head.list_count * sizeof bytes, err);
    for (uint32_t i = 0; i < column->head.list_count && status == SCREE_OK; i++) {
        scree__vectors_list_store(&column->lists[i], bytes);
        status = scree__vectors_journal_add(journal, bytes, sizeof bytes, err);
    }
    return status == SCREE_OK ? scree__vectors_journal_end(journal, true, err) : status;
}
