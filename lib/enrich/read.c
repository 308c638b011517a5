/* read.c - all files of a survey into its store: unit by unit, on all threads, place, class and flags alone where the format lets them be had. */
#include "base/bytes.h"
#include "base/error.h"
#include "enrich/job.h"

#include <string.h>

#define BATCH 4096u

struct reader {
    struct scree__enrich_engine *engine;
    struct scree__enrich_store *store;
    struct scree__enrich_file *file;
    uint32_t number; /* of the file */
    uint32_t fields;
    unsigned workers;
    struct scree_las_cursor **cursors; /* one a worker */
    uint8_t **records;
    uint8_t **points;
    int32_t min[3], max[3]; /* of other files only points in here count */
    int32_t inner_min[2], inner_max[2];
};

static bool class_in(const uint64_t classes[4], unsigned class)
{
    return classes[class >> 6] >> (class & 63) & 1;
}

/* Roles of a record. */
static uint32_t roles_of(const struct scree__enrich_engine *engine, unsigned format,
                         const uint8_t *record)
{
    unsigned class, number, of;
    bool withheld;
    if (format >= 6) {
        class = record[16];
        withheld = record[15] & 4;
        number = record[14] & 15;
        of = record[14] >> 4;
    } else {
        class = record[15] & 31;
        withheld = record[15] & 0x80;
        number = record[14] & 7;
        of = record[14] >> 3 & 7;
    }
    bool noise = class == 7 || class == 18;
    if ((noise && !engine->options.noise_neighbors) ||
        (withheld && !engine->options.withheld_neighbors))
        return 0;
    return ENRICH_NEIGHBOR | (class_in(engine->options.ground_classes, class) ? ENRICH_GROUND : 0) |
           (number < of ? ENRICH_EARLY : 0);
}

static uint64_t time_of(unsigned format, const uint8_t *record)
{
    if (format >= 6)
        return scree__base_load64(record + 22);
    return format == 0 || format == 2 ? 0 : scree__base_load64(record + 20);
}

static bool counts_around(const struct reader *reader, const int32_t at[3])
{
    for (int a = 0; a < 2; a++)
        if (at[a] < reader->min[a] || at[a] > reader->max[a])
            return false;
    bool inner = true;
    for (int a = 0; a < 2; a++)
        inner = inner && at[a] >= reader->inner_min[a] && at[a] <= reader->inner_max[a];
    return !(inner && reader->engine->options.ignore_overlap);
}

/* A record as the store takes it. *kept false: it does not belong to the survey. */
static enum scree_status take_record(const struct reader *reader, const uint8_t *record,
                                     uint64_t index, struct scree__enrich_tagged *out, bool *kept,
                                     struct scree_error *err)
{
    const struct scree__enrich_engine *engine = reader->engine;
    unsigned format = reader->file->header.point_format;
    const int32_t place[3] = {scree__base_load_i32(record), scree__base_load_i32(record + 4),
                              scree__base_load_i32(record + 8)};
    int32_t at[3];
    bool input = reader->number == 0;
    *kept = scree__enrich_lattice_put(&engine->lattice, reader->file, place, at);
    if (!*kept && input)
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED,
            "%s: point %llu is too far from the others for whole coordinates of "
            "%g",
            reader->file->path, (unsigned long long)index, engine->lattice.unit);
    uint32_t roles = roles_of(engine, format, record) | (input ? ENRICH_WANTED : 0);
    *kept = *kept && (input || (roles != 0 && counts_around(reader, at)));
    out->point = (struct scree__enrich_point){
        at[0], at[1], at[2],
        ENRICH_ROLE(roles) | (input ? (uint32_t)index & ENRICH_INDEX_MASK : 0)};
    out->time = engine->tagged ? time_of(format, record) : 0;
    out->file = reader->number;
    out->unused = 0;
    return SCREE_OK;
}

/* Only one worker has the unit. */
static void note_channels(const struct reader *reader, uint64_t unit, const uint8_t *records,
                          size_t count)
{
    unsigned channels = 0;
    for (size_t i = 0; i < count; i++)
        channels |= 1u << (records[i * reader->file->header.record_bytes + 15] >> 4 & 3);
    reader->engine->channels[unit] |= (uint8_t)channels;
}

static enum scree_status take_batch(struct reader *reader, unsigned worker, uint64_t first,
                                    size_t count, struct scree_error *err)
{
    uint32_t stride = reader->store->stride, record_bytes = reader->file->header.record_bytes;
    uint8_t *points = reader->points[worker];
    uint32_t kept = 0, segment = (uint32_t)(first >> ENRICH_INDEX_BITS);
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < count && status == SCREE_OK; i++) {
        struct scree__enrich_tagged one;
        bool keep;
        uint32_t now = (uint32_t)((first + i) >> ENRICH_INDEX_BITS);
        if (now != segment) {
            status = scree__enrich_store_add(reader->store, worker, points, kept, segment, err);
            kept = 0;
            segment = now;
        }
        if (status == SCREE_OK)
            status = take_record(reader, reader->records[worker] + i * record_bytes, first + i,
                                 &one, &keep, err);
        if (status == SCREE_OK && keep)
            memcpy(points + (size_t)kept++ * stride, &one, stride);
    }
    if (status == SCREE_OK)
        status = scree__enrich_store_add(reader->store, worker, points, kept, segment, err);
    scree__par_stage_add(reader->engine->context, count);
    return status;
}

static enum scree_status read_unit(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct reader *reader = arg;
    struct scree_las_unit unit;
    enum scree_status status = SCREE_OK;
    size_t count = 1;
    const uint32_t fields =
        reader->number == 0 && reader->engine->check_all ? SCREE_LAZ_FIELD_ALL : reader->fields;
    if (reader->cursors[worker] == NULL)
        status = scree_las_cursor_new(reader->file->reader, fields, &reader->cursors[worker], err);
    if (status == SCREE_OK)
        status = scree_las_cursor_open(reader->cursors[worker], index, err);
    scree_las_unit(reader->file->reader, index, &unit);
    for (uint64_t at = unit.first_point; status == SCREE_OK && count > 0; at += count) {
        status = scree_las_cursor_next(reader->cursors[worker], reader->records[worker], BATCH,
                                       &count, err);
        if (status == SCREE_OK && count > 0)
            status = take_batch(reader, worker, at, count, err);
        if (status == SCREE_OK && reader->number == 0 && reader->engine->channels != NULL)
            note_channels(reader, index, reader->records[worker], count);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(reader->engine->context, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------------- whole files */

static enum scree_status reopen(struct scree__enrich_engine *engine,
                                struct scree__enrich_file *file, struct scree_error *err)
{
    struct scree_source_options options;
    scree_source_options_init(&options);
    if (engine->options.source_options != NULL)
        options = *engine->options.source_options;
    options.context = engine->context;
    enum scree_status status = scree_source_open(file->path, &options, &file->source, err);
    if (status == SCREE_OK)
        status = scree_las_open(file->source, engine->context, &file->reader, err);
    if (status == SCREE_OK &&
        (scree_las_header(file->reader)->point_count != file->header.point_count ||
         scree_las_header(file->reader)->record_bytes != file->header.record_bytes))
        status = scree__base_fail(err, SCREE_E_IO, "%s: it has changed", file->path);
    return status;
}

static enum scree_status read_file(struct reader *reader, struct scree_error *err)
{
    struct scree__enrich_engine *engine = reader->engine;
    enum scree_status status = SCREE_OK;
    bool mine = reader->file->reader == NULL;
    if (mine)
        status = reopen(engine, reader->file, err);
    for (unsigned w = 0; w < reader->workers && status == SCREE_OK; w++) {
        void *memory = NULL;
        status =
            scree__mem_alloc(engine->budget, (uint64_t)BATCH * reader->file->header.record_bytes,
                             &memory, "records", err);
        reader->records[w] = memory;
    }
    if (status == SCREE_OK)
        status = scree__par_for(scree__par_pool(engine->context),
                                scree_las_unit_count(reader->file->reader), read_unit, reader, err);
    for (unsigned w = 0; w < reader->workers; w++) {
        scree_las_cursor_free(reader->cursors[w]);
        scree__mem_free(engine->budget, reader->records[w],
                        (uint64_t)BATCH * reader->file->header.record_bytes);
        reader->cursors[w] = NULL;
        reader->records[w] = NULL;
    }
    if (mine) {
        scree_las_close(reader->file->reader);
        scree_source_close(reader->file->source);
        reader->file->reader = NULL;
        reader->file->source = NULL;
    }
    return status;
}

void scree__enrich_read_box(const struct scree__enrich_engine *engine, bool around, int32_t min[3],
                            int32_t max[3])
{
    const struct scree_las_header *header = &engine->files[0].header;
    double margin = around ? engine->survey.margin : 0;
    for (unsigned a = 0; a < 3; a++) {
        min[a] = scree__enrich_lattice_of(engine, a, header->min[a] - (a < 2 ? margin : 0));
        max[a] = scree__enrich_lattice_of(engine, a, header->max[a] + (a < 2 ? margin : 0));
        if (max[a] < min[a])
            max[a] = min[a];
    }
}

static uint64_t all_points(const struct scree__enrich_engine *engine)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < engine->file_count; i++)
        total += engine->files[i].header.point_count;
    return total;
}

enum scree_status scree__enrich_read(struct scree__enrich_engine *engine,
                                     struct scree__enrich_store *store, struct scree_error *err)
{
    unsigned workers = scree_context_threads(engine->context);
    struct reader reader = {.engine = engine, .store = store, .workers = workers};
    int32_t inner_min[3], inner_max[3];
    void *memory = NULL;
    uint64_t bytes = workers * (sizeof *reader.cursors + 2 * sizeof *reader.records);
    uint64_t batch_bytes = (uint64_t)BATCH * store->stride;
    enum scree_status status = scree__mem_alloc(engine->budget, bytes, &memory, "readers", err);
    if (status != SCREE_OK)
        return status;
    reader.cursors = memset(memory, 0, bytes);
    reader.records = (uint8_t **)(void *)(reader.cursors + workers);
    reader.points = reader.records + workers;
    reader.fields = SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z | SCREE_LAZ_FIELD_CLASSIFICATION |
                    SCREE_LAZ_FIELD_FLAGS | (engine->tagged ? SCREE_LAZ_FIELD_GPS_TIME : 0);
    scree__enrich_read_box(engine, true, reader.min, reader.max);
    scree__enrich_read_box(engine, false, inner_min, inner_max);
    memcpy(reader.inner_min, inner_min, sizeof reader.inner_min);
    memcpy(reader.inner_max, inner_max, sizeof reader.inner_max);
    for (unsigned w = 0; w < workers && status == SCREE_OK; w++) {
        status = scree__mem_alloc(engine->budget, batch_bytes, &memory, "readers", err);
        reader.points[w] = memory;
    }
    scree__par_stage_begin(engine->context, "read", all_points(engine));
    for (uint64_t f = 0; f < engine->file_count && status == SCREE_OK; f++) {
        reader.file = &engine->files[f];
        reader.number = (uint32_t)f;
        status = read_file(&reader, err);
        if (status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED)
            engine->bad_file = f;
    }
    if (status == SCREE_OK)
        scree__par_stage_end(engine->context);
    for (unsigned w = 0; w < workers; w++)
        scree__mem_free(engine->budget, reader.points[w], batch_bytes);
    scree__mem_free(engine->budget, reader.cursors, bytes);
    return status;
}
