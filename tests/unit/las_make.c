/* las_make.c - see las_make.h. */
#include "las_make.h"
#include "base/bytes.h"
#include "mem/budget.h"
#include "par/context.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

void las_make_header(const struct las_recipe *recipe, struct scree_las_header *header)
{
    memset(header, 0, sizeof *header);
    header->version_major = 1;
    header->version_minor = (uint8_t)recipe->version_minor;
    header->point_format = (uint8_t)recipe->point_format;
    header->record_bytes =
        (uint16_t)(scree_las_format_bytes(recipe->point_format) + recipe->extra_bytes);
    header->file_source_id = 4711;
    header->global_encoding = SCREE_LAS_GPS_STANDARD_TIME;
    for (int i = 0; i < 16; i++)
        header->guid[i] = (uint8_t)(i * 7 + 1);
    snprintf(header->system_id, sizeof header->system_id, "a system");
    snprintf(header->generating_software, sizeof header->generating_software,
             "exactly thirty-two characters, x");
    header->creation_day = 123;
    header->creation_year = 2024;
    for (int axis = 0; axis < 3; axis++) {
        header->scale[axis] = 0.01;
        header->offset[axis] = 100000.0 * (axis + 1);
    }
}

uint8_t *las_make_records(const struct las_recipe *recipe)
{
    size_t bytes = scree_las_format_bytes(recipe->point_format) + recipe->extra_bytes;
    size_t total = bytes * (size_t)recipe->point_count;
    uint8_t *records = malloc(total + 1);
    uint32_t state = 12345 + recipe->point_format;
    assert_non_null(records);
    for (size_t i = 0; i < total; i++) {
        state = state * 1664525u + 1013904223u;
        records[i] = (uint8_t)(state >> 24);
    }
    for (uint64_t i = 0; i < recipe->point_count; i++) {
        uint8_t *record = records + i * bytes;
        for (int axis = 0; axis < 3; axis++)
            scree__base_store32(record + 4 * axis, (uint32_t)(i * 13 + record[axis]) - 500u);
        if (recipe->point_format > 5)
            scree__base_store_f64(record + 22, 1e8 + (double)i * 0.25);
        else if (recipe->point_format == 1 || recipe->point_format > 2)
            scree__base_store_f64(record + 20, 1e8 + (double)i * 0.25);
    }
    return records;
}

/* Starting threads takes longer than reading a small file, so the last context is kept. */
static struct scree_context *kept_context;
static uint64_t kept_bytes;

static char temporary_folder[256];

const char *las_temporary_path(const char *name)
{
    static char path[320];
    if (temporary_folder[0] == '\0') {
        snprintf(temporary_folder, sizeof temporary_folder, "%s/scree-las-XXXXXX",
                 temporary_base());
        assert_non_null(mkdtemp(temporary_folder));
    }
    snprintf(path, sizeof path, "%s/%s", temporary_folder, name);
    return path;
}

void las_tidy(void)
{
    scree_context_free(kept_context);
    kept_context = NULL;
    if (temporary_folder[0] == '\0')
        return;
    unlink(las_temporary_path("made.las"));
    rmdir(temporary_folder);
    temporary_folder[0] = '\0';
}

int las_tear_down(void **state)
{
    (void)state;
    las_tidy();
    return 0;
}

static uint64_t chunk_size(const struct las_recipe *recipe, uint64_t index, uint64_t left)
{
    uint64_t size = recipe->chunk_points;
    if (recipe->chunk_points == SCREE_LAZ_VARIABLE_CHUNKS)
        size = 7 + index;
    return size < left ? size : left;
}

static void add_chunks(struct scree_las_writer *writer, const struct scree_laz_layout *layout,
                       const struct las_recipe *recipe, const uint8_t *records)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_laz_encoder *encoder;
    size_t memory_bytes = (scree_laz_encoder_bytes(layout) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, memory_bytes);
    size_t capacity = scree_laz_encode_bound(layout, recipe->point_count);
    uint8_t *chunk = malloc(capacity);
    assert_true(memory != NULL && chunk != NULL);
    assert_int_equal(scree_laz_encoder_init(memory, memory_bytes, layout, &encoder, &err),
                     SCREE_OK);
    uint64_t done = 0;
    for (uint64_t i = 0; done < recipe->point_count; i++) {
        uint64_t points = chunk_size(recipe, i, recipe->point_count - done), offset;
        size_t bytes;
        assert_int_equal(scree_laz_encode(encoder, records + done * layout->record_bytes,
                                          layout->record_bytes, points, chunk, capacity, &bytes,
                                          &err),
                         SCREE_OK);
        assert_int_equal(scree_las_writer_add_chunk(writer, chunk, bytes, points, &offset, &err),
                         SCREE_OK);
        assert_true(offset > 0);
        done += points;
    }
    free(chunk);
    free(memory);
}

struct las_bytes las_make(const struct las_recipe *recipe, const uint8_t *records)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree_las_summary summary;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    const char *path = las_temporary_path("made.las");
    bool laz = recipe->chunk_points != 0;
    uint8_t *own = records == NULL ? las_make_records(recipe) : NULL;
    records = records == NULL ? own : records;
    las_make_header(recipe, &header);
    assert_int_equal(scree_sink_open_file(path, true, &sink, &err), SCREE_OK);
    if (laz)
        assert_int_equal(scree_laz_layout_init(&layout, recipe->point_format, recipe->extra_bytes,
                                               recipe->chunk_points, &err),
                         SCREE_OK);
    if (scree_las_writer_new(sink, &header, recipe->vlrs, recipe->vlr_count, laz ? &layout : NULL,
                             &writer, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_las_summary_init(&summary);
    scree_las_summary_add(&summary, recipe->point_format, records, header.record_bytes,
                          recipe->point_count);
    if (laz && recipe->point_count > 0)
        add_chunks(writer, &layout, recipe, records);
    else if (!laz)
        assert_int_equal(scree_las_writer_add_records(writer, records, recipe->point_count, &err),
                         SCREE_OK);
    for (uint64_t i = 0; i < recipe->evlr_count; i++)
        assert_int_equal(scree_las_writer_add_evlr(writer, &recipe->evlrs[i], NULL, NULL, &err),
                         SCREE_OK);
    assert_int_equal(scree_las_writer_finish(writer, &summary, &err), SCREE_OK);
    free(own);
    scree_las_writer_free(writer);
    assert_int_equal(scree_sink_commit(sink, &err), SCREE_OK);
    scree_sink_close(sink);
    return las_bytes_of_file(path);
}

struct las_bytes las_bytes_of_file(const char *path)
{
    struct las_bytes file = {NULL, 0};
    FILE *stream = fopen(path, "rb");
    struct stat info;
    assert_non_null(stream);
    assert_int_equal(fstat(fileno(stream), &info), 0);
    file.count = (size_t)info.st_size;
    file.bytes = malloc(file.count + 1);
    assert_non_null(file.bytes);
    assert_int_equal(fread(file.bytes, 1, file.count, stream), file.count);
    fclose(stream);
    return file;
}

void las_bytes_free(struct las_bytes *file)
{
    free(file->bytes);
    file->bytes = NULL;
    file->count = 0;
}

static void read_units(struct scree_las_reader *reader, size_t step, struct las_outcome *outcome)
{
    struct scree_las_cursor *cursor = NULL;
    uint64_t done = 0, end = 0, capacity = 0;
    outcome->status = scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &outcome->err);
    uint8_t *piece = malloc(step * outcome->record_bytes);
    assert_non_null(piece);
    for (uint64_t i = 0; i < outcome->unit_count && outcome->status == SCREE_OK; i++) {
        struct scree_las_unit unit;
        size_t count = 1;
        scree_las_unit(reader, i, &unit);
        assert_int_equal(unit.first_point, done);
        assert_true(unit.offset >= end);
        end = unit.offset + unit.bytes;
        outcome->status = scree_las_cursor_open(cursor, i, &outcome->err);
        while (outcome->status == SCREE_OK && count > 0) {
            outcome->status = scree_las_cursor_next(cursor, piece, step, &count, &outcome->err);
            if (outcome->status != SCREE_OK || count == 0)
                break;
            size_t bytes = outcome->record_bytes;
            if (done + count > capacity) {
                capacity = 2 * (done + count);
                outcome->records = realloc(outcome->records, (size_t)capacity * bytes);
                assert_non_null(outcome->records);
            }
            memcpy(outcome->records + done * bytes, piece, count * bytes);
            done += count;
        }
        if (outcome->status == SCREE_OK)
            assert_int_equal(done, unit.first_point + unit.point_count);
    }
    if (outcome->status == SCREE_OK)
        assert_int_equal(done, outcome->point_count);
    scree_las_cursor_free(cursor);
    free(piece);
}

static struct scree_context *context_of(uint64_t budget_bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options options;
    if (kept_context != NULL && kept_bytes == budget_bytes)
        return kept_context;
    scree_context_free(kept_context);
    scree_context_options_init(&options);
    options.memory_bytes = kept_bytes = budget_bytes;
    options.threads = 1;
    assert_int_equal(scree_context_new(&options, &kept_context, &err), SCREE_OK);
    return kept_context;
}

struct las_outcome las_read_source(struct scree_source *source, uint64_t budget_bytes, size_t step)
{
    struct las_outcome outcome;
    struct scree_context *context = NULL;
    struct scree_las_reader *reader;
    memset(&outcome, 0, sizeof outcome);
    if (budget_bytes > 0)
        context = context_of(budget_bytes);
    outcome.status = scree_las_open(source, context, &reader, &outcome.err);
    if (outcome.status == SCREE_OK) {
        outcome.opened = true;
        outcome.has_table = scree_las_has_chunk_table(reader);
        outcome.point_count = scree_las_header(reader)->point_count;
        outcome.record_bytes = scree_las_header(reader)->record_bytes;
        outcome.unit_count = scree_las_unit_count(reader);
        outcome.vlr_count = scree_las_vlr_count(reader);
        outcome.remark_count = scree_las_remark_count(reader);
        if (outcome.remark_count > 0)
            snprintf(outcome.remark, sizeof outcome.remark, "%s", scree_las_remark(reader, 0));
        read_units(reader, step, &outcome);
    } else {
        assert_null(reader);
    }
    assert_int_equal(outcome.status, outcome.err.status);
    scree_las_close(reader);
    if (context != NULL)
        assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    return outcome;
}

struct las_outcome las_read_bytes(const struct las_bytes *file, uint64_t budget_bytes, size_t step)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made.las", &source, &err),
                     SCREE_OK);
    struct las_outcome outcome = las_read_source(source, budget_bytes, step);
    scree_source_close(source);
    return outcome;
}

void las_outcome_free(struct las_outcome *outcome)
{
    free(outcome->records);
    outcome->records = NULL;
}

uint32_t las_point_offset(const struct las_bytes *file)
{
    return scree__base_load32(file->bytes + 96);
}

size_t las_laszip_offset(const struct las_bytes *file)
{
    size_t offset = scree__base_load16(file->bytes + 94);
    for (uint32_t i = 0; i < scree__base_load32(file->bytes + 100); i++) {
        if (memcmp(file->bytes + offset + 2, "laszip encoded", 15) == 0)
            return offset + 54;
        offset += 54 + (size_t)scree__base_load16(file->bytes + offset + 20);
    }
    fail_msg("the file has no LASzip VLR");
    return 0;
}

size_t las_table_offset(const struct las_bytes *file)
{
    return (size_t)scree__base_load64(file->bytes + las_point_offset(file));
}

const char *las_data_folder(void)
{
    const char *folder = getenv("SCREE_TEST_DATA");
    if (folder == NULL)
        folder = SCREE_SOURCE_DIR "/../shared/data";
    return access(folder, R_OK) == 0 ? folder : NULL;
}
