/* build_append.c - a further segment of an index; build_append.h has the order of calls, docs/formats/svx.md the files. */
#include "vectors/build_append.h"
#include "vectors/deletions.h"
#include "vectors/manifest.h"
#include "vectors/opened.h"
#include "base/error.h"
#include "io/edit.h"
#include "simd/crc32c.h"

#include <stdio.h>
#include <string.h>

struct scree__vectors_append {
    struct scree_vectors_index *index;
    struct scree_vectors_column_options columns[SCREE_VECTORS_COLUMNS_MAX];
    uint8_t first[SCREE__VECTORS_SUPER_BYTES]; /* of the index, when it was opened */
    uint64_t least_id, most_id;                /* of an index that is one file */
    uint64_t next_id;
    struct scree__vectors_manifest_edit edit;
    struct scree_sink *deletions; /* the lock of NAME.del, where the index is one file */
    uint32_t number;              /* of the new segment */
    char path[4096];
    bool published; /* the segment is there */
};

/* ------------------------------------------------------------------------------------------- open */

enum scree_status scree__vectors_id_range(struct scree__vectors_svx *svx, uint64_t *least,
                                          uint64_t *most, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    *least = UINT64_MAX;
    *most = 0;
    for (uint32_t i = 0; i < svx->super.column_count; i++) {
        const struct scree__vectors_column *column = &svx->columns[i].public_;
        for (uint32_t list = 0; list < column->list_count && status == SCREE_OK; list++) {
            struct scree__vectors_block block;
            status = scree__vectors_svx_lists_take(svx, i, &list, 1, false, &block, err);
            if (status != SCREE_OK)
                return status;
            for (uint32_t at = 0; at < block.count; at++) {
                uint64_t id = scree__vectors_svx_id(svx, column, &block, at);
                *least = id < *least ? id : *least;
                *most = id > *most ? id : *most;
            }
            scree__vectors_svx_lists_give(svx, &block, 1);
        }
    }
    return status;
}

/* The columns that the caller names, in the index's order; settings are the index's. */
static enum scree_status order_columns(struct scree_vectors_build_job *job, struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    const struct scree__vectors_svx *svx = append->index->svx;
    uint32_t count = svx->super.column_count;
    for (uint32_t i = 0; i < job->options.column_count; i++) {
        const struct scree_vectors_column_options *wanted = &job->options.columns[i];
        uint32_t at;
        enum scree_status status = scree__vectors_svx_find(svx, wanted->name, &at, err);
        if (status != SCREE_OK)
            return status;
        const struct scree__vectors_column_head *head = &svx->columns[at].head;
        struct scree_vectors_column_options *to = &append->columns[at];
        if (to->name != NULL)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "two columns are called '%s'",
                                    head->name);
        *to = *wanted;
        to->name = head->name;
        to->metric = head->shape.metric;
        to->bits = head->shape.bits;
        to->rerank = head->shape.rerank;
        to->list_count = head->list_count;
        if (to->input.dim == 0)
            to->input.dim = head->shape.dim;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (append->columns[i].name == NULL)
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "%s: rows have to come for its column '%s', too",
                                    job->options.output, svx->columns[i].head.name);
    }
    job->options.columns = append->columns;
    job->options.column_count = count;
    return SCREE_OK;
}

static uint64_t after(uint64_t id)
{
    return id < UINT64_MAX ? id + 1 : id;
}

static enum scree_status find_ids(struct scree__vectors_append *append, struct scree_error *err)
{
    struct scree__vectors_svx *svx = append->index->svx;
    uint64_t most = 0;
    bool any = false;
    if (svx->manifest_bytes == 0) {
        enum scree_status status =
            scree__vectors_id_range(svx, &append->least_id, &append->most_id, err);
        append->next_id = append->least_id <= append->most_id ? after(append->most_id) : 0;
        return status;
    }
    for (uint32_t i = 0; i < svx->segment_count; i++) {
        const struct scree__vectors_segment *segment = &svx->segments[i];
        if (segment->least_id > segment->most_id)
            continue;
        most = segment->most_id > most ? segment->most_id : most;
        any = true;
    }
    append->next_id = any ? after(most) : 0;
    return SCREE_OK;
}

enum scree_status scree__vectors_append_open(struct scree_vectors_build_job *job,
                                             struct scree_error *err)
{
    const char *path = job->options.output;
    struct scree_vectors_open_options wanted;
    void *memory;
    if (path == NULL || path[0] == '\0')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no index is named");
    if (scree_location_is_remote(path))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: only a local index can be changed",
                                path);
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__vectors_append), &memory, "append", err);
    if (status != SCREE_OK)
        return status;
    job->append = memory;
    job->whole_lists = true;
    memset(memory, 0, sizeof(struct scree__vectors_append));
    struct scree__vectors_append *append = job->append;
    uint64_t before = scree__mem_budget_used(job->budget);
    scree_vectors_open_options_init(&wanted);
    wanted.source_options = job->options.source_options;
    wanted.cache_bytes = 1;
    status = scree_vectors_open(job->context, path, &wanted, &append->index, err);
    if (status == SCREE_OK) {
        uint64_t bytes = scree_source_bytes(append->index->source);
        size_t count = bytes < sizeof append->first ? (size_t)bytes : sizeof append->first;
        status = scree_source_read(append->index->source, 0, append->first, count, err);
    }
    if (status == SCREE_OK)
        status = find_ids(append, err);
    if (status == SCREE_OK)
        status = order_columns(job, err);
    job->append_bytes = scree__mem_budget_used(job->budget) - before;
    return status;
}

void scree__vectors_append_close(struct scree_vectors_build_job *job)
{
    struct scree__vectors_append *append = job->append;
    if (append == NULL)
        return;
    scree__vectors_manifest_release(&append->edit);
    scree_sink_close(append->deletions);
    scree_vectors_close(append->index);
    scree__mem_free(NULL, append, sizeof *append);
    job->append = NULL;
}

uint64_t scree__vectors_append_first_id(const struct scree_vectors_build_job *job)
{
    return job->append->next_id;
}

void scree__vectors_append_column(struct scree_vectors_build_job *job, uint32_t index)
{
    const struct scree__vectors_column *from = &job->append->index->svx->columns[index].public_;
    struct scree__vectors_build_column *column = &job->columns[index];
    column->head.seed = from->seed;
    memcpy(column->rotation, from->rotation, from->rotation_bytes);
}

/* -------------------------------------------------------------------------------------- centroids */

enum scree_status scree__vectors_read_centroids(struct scree__vectors_svx *svx, uint32_t column,
                                                uint8_t *section, struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &svx->columns[column].head;
    uint64_t bytes = scree__vectors_centroids_bytes(head->list_count, head->shape.dim);
    enum scree_status status = scree_source_read(svx->segments[0].source, head->centroids_offset,
                                                 section, (size_t)bytes, err);
    if (status == SCREE_OK && scree__simd_crc32c(0, section, (size_t)bytes) != head->centroids_crc)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: centroids at byte %llu: a wrong CRC",
                                  scree_source_name(svx->segments[0].source),
                                  (unsigned long long)head->centroids_offset);
    return status;
}

uint64_t scree__vectors_append_bytes(const struct scree__vectors_build_column *column)
{
    return scree__vectors_centroids_bytes(column->cell_count, column->head.shape.dim) +
           scree__vectors_lists_bytes(column->cell_count, column->head.shape.dim);
}

enum scree_status scree__vectors_append_lists(struct scree_vectors_build_job *job, uint32_t index,
                                              struct scree__vectors_lists *lists,
                                              struct scree_error *err)
{
    struct scree__vectors_svx *svx = job->append->index->svx;
    struct scree__vectors_build_column *column = &job->columns[index];
    const struct scree__vectors_column *from = &svx->columns[index].public_;
    uint64_t bytes = scree__vectors_centroids_bytes(column->cell_count, column->head.shape.dim);
    void *section;
    enum scree_status status = scree__mem_alloc(job->budget, bytes, &section, "centroids", err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_read_centroids(svx, index, section, err);
    column->centroids_at = scree__spill_scratch_bytes(job->scratch);
    if (status == SCREE_OK)
        status = scree__vectors_scratch_write(job, section, bytes, err);
    scree__mem_free(job->budget, section, bytes);
    if (status == SCREE_OK)
        status =
            scree__vectors_lists_init(lists, job->budget, from->centroids, from->centroid_stride,
                                      from->list_count, column->head.shape.dim, err);
    return status;
}

/* -------------------------------------------------------------------------------------- the files */

static enum scree_status fail_changed(const char *path, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_EXISTS,
                            "%s: another run has changed it meanwhile: run this again", path);
}

static enum scree_status check_unchanged(const struct scree_vectors_build_job *job,
                                         struct scree_error *err)
{
    const struct scree__vectors_append *append = job->append;
    uint8_t now[SCREE__VECTORS_SUPER_BYTES];
    struct scree_source *source = NULL;
    uint64_t bytes = scree_source_bytes(append->index->source);
    size_t count = bytes < sizeof now ? (size_t)bytes : sizeof now;
    enum scree_status status = scree_source_open_file(job->options.output, &source, err);
    if (status == SCREE_OK && scree_source_bytes(source) != bytes)
        status = fail_changed(job->options.output, err);
    if (status == SCREE_OK)
        status = scree_source_read(source, 0, now, count, err);
    if (status == SCREE_OK && memcmp(now, append->first, count) != 0)
        status = fail_changed(job->options.output, err);
    scree_source_close(source);
    return status;
}

/* Numbers of files that are there, from runs that were killed, are left out. */
static enum scree_status choose_number(struct scree_vectors_build_job *job, uint32_t first,
                                       struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    for (append->number = first; append->number < first + 4096; append->number++) {
        if (!scree__vectors_segment_name(job->options.output, append->number, append->path))
            return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long",
                                    job->options.output);
        if (!scree__io_is_there(append->path))
            return SCREE_OK;
    }
    return scree__base_fail(err, SCREE_E_EXISTS,
                            "%s exists: remove what is no segment (scree index gc)", append->path);
}

/* With their lock: what was deleted since the index was opened. */
static enum scree_status reload_deletions(struct scree__vectors_svx *svx, const char *path,
                                          struct scree_error *err)
{
    struct scree__vectors_segment *segment = &svx->segments[0];
    scree__mem_free(svx->budget, segment->deleted, segment->deleted_bytes);
    segment->deleted = NULL;
    segment->deleted_count = segment->deleted_bytes = 0;
    return scree__vectors_deletions_load(svx, path, NULL, err);
}

enum scree_status scree__vectors_append_begin(struct scree_vectors_build_job *job,
                                              struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    struct scree__vectors_svx *svx = append->index->svx;
    const char *path = job->options.output;
    char deletions[4096];
    enum scree_status status;
    if (svx->segment_count >= SCREE__VECTORS_SEGMENTS_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: has %u segments, as many as can be; merge them first", path,
                                svx->segment_count);
    if (svx->manifest_bytes > 0) {
        status = scree__vectors_manifest_begin(path, job->budget, &append->edit, err);
    } else {
        append->edit.budget = job->budget;
        status = scree_sink_open_file(path, true, &append->edit.sink, err);
        if (status == SCREE_OK && !scree__vectors_deletions_name(path, deletions))
            status = scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long", path);
        if (status == SCREE_OK)
            status = scree_sink_open_file(deletions, true, &append->deletions, err);
        if (status == SCREE_OK)
            status = reload_deletions(svx, path, err);
    }
    if (status == SCREE_OK)
        status = check_unchanged(job, err);
    if (status == SCREE_OK)
        status = choose_number(job, svx->manifest_bytes > 0 ? svx->next_number : 2, err);
    if (status == SCREE_OK)
        status = scree_sink_open_file(append->path, false, &job->place, err);
    return status;
}

/* ------------------------------------------------------------------------------- ids it replaces */

/* Calls for each row that the segment has in some column. */
static enum scree_status for_ids(struct scree_vectors_build_job *job,
                                 void (*one)(void *arg, uint64_t id), void *arg,
                                 struct scree_error *err)
{
    uint64_t ids[256], rows = job->plan.row_count;
    uint32_t sets[256], cells[256];
    enum scree_status status = SCREE_OK;
    for (uint64_t first = 0; first < rows && status == SCREE_OK; first += 256) {
        uint32_t count = rows - first < 256 ? (uint32_t)(rows - first) : 256;
        bool there[256] = {false};
        status = scree__vectors_names_read(&job->names, job->scratch, first, count, ids, sets, err);
        for (uint32_t c = 0; c < job->column_count && status == SCREE_OK; c++) {
            status = scree__vectors_scratch_read(job, job->columns[c].assigned_at + 4 * first,
                                                 cells, 4 * (uint64_t)count, err);
            for (uint32_t i = 0; i < count; i++)
                there[i] |= cells[i] != SCREE__VECTORS_NO_LIST;
        }
        for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
            if (there[i])
                one(arg, ids[i]);
        }
    }
    return status;
}

struct gathering {
    const struct scree__vectors_manifest *manifest;
    uint64_t least, most; /* of all ids of the segment */
    uint64_t count;       /* of those that segments before may hold */
    uint64_t *ids;        /* NULL: they are only counted */
};

static void gather_id(void *arg, uint64_t id)
{
    struct gathering *g = arg;
    g->least = id < g->least ? id : g->least;
    g->most = id > g->most ? id : g->most;
    for (uint32_t i = 0; i < g->manifest->segment_count; i++) {
        const struct scree__vectors_manifest_segment *segment = &g->manifest->segments[i];
        if (id < segment->least_id || id > segment->most_id)
            continue;
        if (g->ids != NULL)
            g->ids[g->count] = id;
        g->count++;
        return;
    }
}

/* Ids that the new segment has are deleted from all before it: the last one counts. */
static enum scree_status hide_replaced(struct scree_vectors_build_job *job,
                                       struct scree__vectors_id_changes *changes,
                                       struct scree__vectors_manifest_segment *fresh,
                                       struct scree_error *err)
{
    struct scree__vectors_manifest *manifest = job->append->edit.manifest;
    struct gathering g = {manifest, UINT64_MAX, 0, 0, NULL};
    void *memory = NULL;
    enum scree_status status = for_ids(job, gather_id, &g, err);
    fresh->least_id = g.least;
    fresh->most_id = g.most;
    uint64_t bytes = 8 * g.count;
    if (status == SCREE_OK && bytes > 0)
        status = scree__mem_alloc(job->budget, bytes, &memory, "ids that are replaced", err);
    if (status != SCREE_OK || bytes == 0)
        return status;
    g.ids = memory;
    g.count = 0;
    status = for_ids(job, gather_id, &g, err);
    if (status == SCREE_OK)
        status = scree__vectors_ids_delete(manifest, g.ids, g.count, job->budget, changes, err);
    scree__mem_free(job->budget, memory, bytes);
    return status;
}

/* --------------------------------------------------------------------------------------- manifest */

/* An index of one file becomes segment 1 of one of several: the same file under another name. */
static enum scree_status first_manifest(struct scree_vectors_build_job *job,
                                        struct scree__vectors_id_changes *changes,
                                        struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    struct scree_vectors_index *index = append->index;
    struct scree__vectors_svx *svx = index->svx;
    char name[4096];
    void *memory;
    enum scree_status status =
        scree__mem_alloc(job->budget, sizeof *append->edit.manifest, &memory, "manifest", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, sizeof *append->edit.manifest);
    append->edit.manifest = memory;
    struct scree__vectors_manifest *manifest = append->edit.manifest;
    struct scree__vectors_manifest_segment *segment = &manifest->segments[0];
    manifest->segment_count = 1;
    manifest->next_number = 2;
    segment->number = 1;
    segment->least_id = append->least_id;
    segment->most_id = append->most_id;
    status = scree__vectors_manifest_image(index->source, true, job->budget, segment, err);
    changes->images[0] = segment->image;
    changes->image_bytes[0] = segment->image_bytes;
    if (status == SCREE_OK)
        status =
            scree__vectors_ids_delete(manifest, svx->segments[0].deleted,
                                      svx->segments[0].deleted_count, job->budget, changes, err);
    if (status == SCREE_OK && svx->super.recalls_bytes > 0) {
        status = scree__mem_alloc(job->budget, svx->super.recalls_bytes, &memory, "recalls", err);
        if (status == SCREE_OK) {
            manifest->recalls = changes->recalls = memory;
            manifest->recalls_bytes = svx->super.recalls_bytes;
            changes->recalls_bytes = svx->super.recalls_bytes;
            status = scree_source_read(index->source, svx->super.recalls_offset, memory,
                                       svx->super.recalls_bytes, err);
        }
    }
    if (status == SCREE_OK && !scree__vectors_segment_name(job->options.output, 1, name))
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long",
                                  job->options.output);
    return status == SCREE_OK ? scree__io_second_name(job->options.output, name, err) : status;
}

static enum scree_status write_manifest(struct scree_vectors_build_job *job,
                                        struct scree__vectors_id_changes *changes,
                                        struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    struct scree_source *source = NULL;
    enum scree_status status = SCREE_OK;
    if (append->edit.manifest == NULL)
        status = first_manifest(job, changes, err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_manifest *manifest = append->edit.manifest;
    struct scree__vectors_manifest_segment *fresh = &manifest->segments[manifest->segment_count];
    memset(fresh, 0, sizeof *fresh);
    uint64_t before = changes->deleted_count;
    status = hide_replaced(job, changes, fresh, err);
    job->replaced_count = changes->deleted_count - before;
    if (status == SCREE_OK)
        status = scree_source_open_file(append->path, &source, err);
    if (status == SCREE_OK)
        status = scree__vectors_manifest_image(source, false, job->budget, fresh, err);
    changes->images[1] = fresh->image;
    changes->image_bytes[1] = fresh->image_bytes;
    scree_source_close(source);
    if (status != SCREE_OK)
        return status;
    fresh->number = append->number;
    manifest->next_number = append->number + 1;
    manifest->segment_count++;
    return scree__vectors_manifest_commit(&append->edit, err);
}

enum scree_status scree__vectors_append_finish(struct scree_vectors_build_job *job,
                                               struct scree_error *err)
{
    struct scree__vectors_append *append = job->append;
    void *memory;
    append->published = true;
    enum scree_status status = scree__mem_alloc(
        job->budget, sizeof(struct scree__vectors_id_changes), &memory, "manifest", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_id_changes *changes = memory;
    memset(changes, 0, sizeof *changes);
    status = write_manifest(job, changes, err);
    scree__vectors_id_changes_release(changes, job->budget);
    scree__mem_free(job->budget, changes, sizeof *changes);
    if (status != SCREE_OK)
        return status;
    append->published = false; /* it stays */
    if (append->deletions != NULL) {
        char deletions[4096];
        if (scree__vectors_deletions_name(job->options.output, deletions))
            scree__io_remove(deletions);
    }
    return SCREE_OK;
}

void scree__vectors_append_undo(struct scree_vectors_build_job *job)
{
    struct scree__vectors_append *append = job->append;
    if (append->published)
        scree__io_remove(append->path);
}
