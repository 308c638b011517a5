/*
 * test_convert.c - a conversion's promises, through the public calls: the same bytes whatever the
 * way, nothing lost, all or nothing, inputs read once, and clear refusals. (What the octree looks
 * like is test_octree_naive.c's; records against other decoders, tests/oracle.)
 */
#include "las_make.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"
#include "scree/synth.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WARNING_BYTES 8192

static char folder[256];
static char warnings[WARNING_BYTES];

static const char *path_of(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void keep_warning(void *user, enum scree_log_level level, const char *message)
{
    (void)user;
    size_t used = strlen(warnings);
    if (level == SCREE_LOG_WARNING && used + 1 < sizeof warnings)
        snprintf(warnings + used, sizeof warnings - used, "%s\n", message);
}

static struct scree_context *context_of(unsigned threads, uint64_t memory_bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.threads = threads;
    options.memory_bytes = memory_bytes;
    options.log = keep_warning;
    warnings[0] = '\0';
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    return context;
}

static struct scree_convert_options options_of(const char *const *inputs, uint64_t count,
                                               const char *output)
{
    struct scree_convert_options options;
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = count;
    options.output = output;
    options.replace = true;
    return options;
}

static enum scree_status convert_with(struct scree_context *context,
                                      const struct scree_convert_options *options,
                                      struct scree_convert_result *result, struct scree_error *err)
{
    struct scree_convert_job *job = NULL;
    enum scree_status status = scree_convert_open(context, options, &job, err);
    if (status == SCREE_OK)
        status = scree_convert_run(job, result, err);
    scree_convert_close(job);
    return status;
}

static void convert_well(const struct scree_convert_options *options, unsigned threads,
                         struct scree_convert_result *result)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_of(threads, (uint64_t)1 << 30);
    struct scree_convert_result own;
    enum scree_status status = convert_with(context, options, result != NULL ? result : &own, &err);
    if (status != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

static enum scree_status convert_badly(const struct scree_convert_options *options, char *message,
                                       size_t message_bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_result result;
    struct scree_context *context = context_of(2, (uint64_t)1 << 30);
    enum scree_status status = convert_with(context, options, &result, &err);
    scree_context_free(context);
    assert_int_not_equal(status, SCREE_OK);
    assert_int_equal(err.status, status);
    snprintf(message, message_bytes, "%s", err.message);
    return status;
}

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static void assert_no_output(const char *path)
{
    char part[600];
    snprintf(part, sizeof part, "%s.part", path);
    assert_false(is_there(path));
    assert_false(is_there(part));
}

static void assert_same_files(const char *a, const char *b)
{
    struct las_bytes first = las_bytes_of_file(a), second = las_bytes_of_file(b);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.bytes, second.bytes, first.count);
    las_bytes_free(&first);
    las_bytes_free(&second);
}

static void assert_valid(const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_of(2, (uint64_t)1 << 30);
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_source *source;
    scree_validate_options_init(&options);
    assert_int_equal(scree_source_open_file(path, &source, &err), SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, &err), SCREE_OK);
    assert_true(report.is_copc);
    assert_int_equal(report.error_count, 0);
    assert_int_equal(report.points_checked, report.point_count);
    scree_source_close(source);
    scree_context_free(context);
}

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* A small file of the recipe, records as given or made up. */
static void make_file(const char *path, const struct las_recipe *recipe, const uint8_t *records)
{
    uint8_t *own = records == NULL ? las_make_records(recipe) : NULL;
    struct las_bytes file = las_make(recipe, records != NULL ? records : own);
    write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
    free(own);
}

static void make_survey(const char *path, uint64_t points, uint32_t tiles, unsigned format)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_of(2, (uint64_t)1 << 30);
    struct scree_synth_options options;
    struct scree_synth_result result;
    scree_synth_options_init(&options);
    options.output = path;
    options.point_count = points;
    options.tile_count = tiles;
    options.point_format = format;
    options.replace = true;
    options.crs = "";
    if (scree_synth_run(context, &options, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

static uint64_t records_of(const char *path, struct las_outcome *outcome)
{
    struct scree_source *source;
    assert_int_equal(scree_source_open_file(path, &source, NULL), SCREE_OK);
    *outcome = las_read_source(source, 0, 1000);
    scree_source_close(source);
    assert_int_equal(outcome->status, SCREE_OK);
    return outcome->point_count;
}

/* ------------------------------------------------------------------------------------- promises */

static void same_bytes_for_any_threads_and_order(void **state)
{
    (void)state;
    make_survey(path_of("tiles"), 400000, 4, 7);
    struct scree_path_list list = {0};
    static const char *const endings[] = {".laz", NULL};
    assert_int_equal(scree_paths_expand(path_of("tiles"), endings, &list, NULL), SCREE_OK);
    assert_int_equal(list.count, 4);
    const char *forward[4] = {list.paths[0], list.paths[1], list.paths[2], list.paths[3]};
    const char *shuffled[4] = {list.paths[2], list.paths[0], list.paths[3], list.paths[1]};
    struct scree_convert_options options = options_of(forward, 4, path_of("one.copc.laz"));
    struct scree_convert_result result;
    convert_well(&options, 1, &result);
    assert_int_equal(result.points_in, 400000);
    assert_int_equal(result.points_out, 400000);
    assert_true(result.node_count > 4);
    assert_valid(path_of("one.copc.laz"));
    for (unsigned threads = 2; threads <= 4; threads += 2) {
        options = options_of(shuffled, 4, path_of("other.copc.laz"));
        convert_well(&options, threads, NULL);
        assert_same_files(path_of("one.copc.laz"), path_of("other.copc.laz"));
    }
    scree_path_list_release(&list);
}

static uint64_t bytes_read_so_far(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    unsigned long long bytes = 0;
    if (file != NULL) {
        if (fscanf(file, "rchar: %llu", &bytes) != 1)
            bytes = 0;
        fclose(file);
    }
    return bytes;
}

static void inputs_are_read_once(void **state)
{
    (void)state;
    if (bytes_read_so_far() == 0)
        skip();
    make_survey(path_of("once.laz"), 300000, 1, 6);
    struct stat info;
    assert_int_equal(stat(path_of("once.laz"), &info), 0);
    const char *inputs[] = {path_of("once.laz")};
    struct scree_convert_options options = options_of(inputs, 1, path_of("once.copc.laz"));
    uint64_t before = bytes_read_so_far();
    convert_well(&options, 2, NULL);
    uint64_t read = bytes_read_so_far() - before;
    /* Once the file, and a second time its header, VLRs and chunk table. */
    assert_in_range(read, (uint64_t)info.st_size, (uint64_t)info.st_size + 65536);
}

static uint32_t sorted_record_bytes;

static int compare_whole(const void *a, const void *b)
{
    return memcmp(a, b, sorted_record_bytes);
}

/* Formats 6 to 8 are those of the output: records come through bit for bit, in memory and by way of scratch. */
static void every_byte_of_every_record_comes_through(void **state)
{
    (void)state;
    for (unsigned format = 6; format <= 8; format++) {
        struct las_recipe recipe = {.version_minor = 4,
                                    .point_format = format,
                                    .extra_bytes = 5,
                                    .point_count = 3000,
                                    .chunk_points = 500};
        make_file(path_of("noise.laz"), &recipe, NULL);
        struct las_outcome in, out;
        uint64_t count = records_of(path_of("noise.laz"), &in);
        sorted_record_bytes = in.record_bytes;
        qsort(in.records, count, in.record_bytes, compare_whole);
        for (uint64_t batch = 0; batch <= 700; batch += 700) {
            const char *inputs[] = {path_of("noise.laz")};
            struct scree_convert_options options = options_of(inputs, 1, path_of("noise.copc.laz"));
            struct scree_context *context = context_of(2, (uint64_t)1 << 30);
            struct scree_convert_job *job;
            assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
            job->batch_points = batch;
            assert_int_equal(scree_convert_run(job, NULL, NULL), SCREE_OK);
            scree_convert_close(job);
            scree_context_free(context);
            assert_int_equal(records_of(path_of("noise.copc.laz"), &out), count);
            assert_int_equal(out.record_bytes, in.record_bytes);
            qsort(out.records, count, out.record_bytes, compare_whole);
            assert_memory_equal(in.records, out.records, count * in.record_bytes);
            las_outcome_free(&out);
        }
        las_outcome_free(&in);
    }
}

static void budget_is_kept_or_named(void **state)
{
    (void)state;
    make_survey(path_of("budget.laz"), 500000, 1, 6);
    const char *inputs[] = {path_of("budget.laz")};
    const char *output = path_of("budget.copc.laz");
    struct scree_convert_options options = options_of(inputs, 1, output);
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_result result;
    struct scree_context *context = context_of(2, (uint64_t)8 << 20);
    assert_int_equal(convert_with(context, &options, &result, &err), SCREE_E_BUDGET);
    uint64_t need = err.need_bytes;
    assert_true(need > (uint64_t)8 << 20);
    assert_no_output(output);
    scree_context_free(context);

    context = context_of(2, need);
    memset(&err, 0, sizeof err);
    if (convert_with(context, &options, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true(scree_context_peak_bytes(context) <= need);
    scree_context_free(context);
    assert_valid(output);
}

/* With many threads, and decoders of large records, reading takes most of the least budget. Chunks are decoded by pairs where there is room, and one by one where there is none. */
static void pairs_of_chunks_keep_the_budget(void **state)
{
    (void)state;
    enum { THREADS = 64, CHUNK = 100 };
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .point_count = 400 * CHUNK,
                                .chunk_points = CHUNK,
                                .extra_bytes = 200};
    make_file(path_of("pairs.laz"), &recipe, NULL);
    const char *input = path_of("pairs.laz"), *output = path_of("pairs.copc.laz");
    struct scree_convert_options options = options_of(&input, 1, output);
    struct scree_convert_job *job;
    struct scree_convert_result result;
    struct scree_context *context = context_of(THREADS, (uint64_t)4 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
    uint64_t budgets[] = {scree_convert_plan(job)->floor_bytes,
                          scree_convert_plan(job)->memory_bytes};
    assert_int_equal(scree_convert_run(job, &result, NULL), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    assert_int_equal(rename(output, path_of("pairs_whole.copc.laz")), 0);
    for (unsigned i = 0; i < 2; i++) {
        context = context_of(THREADS, budgets[i]);
        assert_int_equal(convert_with(context, &options, &result, NULL), SCREE_OK);
        scree_context_free(context);
        assert_same_files(output, path_of("pairs_whole.copc.laz"));
        assert_int_equal(unlink(output), 0);
    }
}

static void an_existing_output_is_kept(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 100};
    char message[1000];
    make_file(path_of("in.las"), &recipe, NULL);
    write_file(path_of("precious.copc.laz"), "precious", 8);
    const char *inputs[] = {path_of("in.las")};
    struct scree_convert_options options = options_of(inputs, 1, path_of("precious.copc.laz"));
    options.replace = false;
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_EXISTS);
    struct las_bytes kept = las_bytes_of_file(path_of("precious.copc.laz"));
    assert_int_equal(kept.count, 8);
    las_bytes_free(&kept);
    options.replace = true;
    convert_well(&options, 1, NULL);
    assert_valid(path_of("precious.copc.laz"));
}

/* A damaged input among good ones: no output, and an output that was there before is untouched. */
static void a_damaged_input_leaves_no_trace(void **state)
{
    (void)state;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = 3000, .chunk_points = 500};
    char message[1000];
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    write_file(path_of("good.laz"), file.bytes, file.count);
    memset(file.bytes + las_point_offset(&file) + file.count / 3, 0xA5, 64);
    write_file(path_of("damaged.laz"), file.bytes, file.count);
    const char *inputs[] = {path_of("good.laz"), path_of("damaged.laz")};
    const char *output = path_of("damaged.copc.laz");
    struct scree_convert_options options = options_of(inputs, 2, output);
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_DATA);
    assert_non_null(strstr(message, "damaged.laz"));
    assert_non_null(strstr(message, "chunk"));
    assert_no_output(output);
    write_file(output, "before", 6);
    convert_badly(&options, message, sizeof message);
    struct las_bytes kept = las_bytes_of_file(output);
    assert_int_equal(kept.count, 6);
    las_bytes_free(&kept);
    las_bytes_free(&file);
    free(records);
}

static void an_input_that_changes_is_noticed(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 2000};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_result result;
    struct scree_convert_job *job;
    make_file(path_of("moving.las"), &recipe, NULL);
    const char *inputs[] = {path_of("moving.las")};
    const char *output = path_of("moving.copc.laz");
    struct scree_convert_options options = options_of(inputs, 1, output);
    struct scree_context *context = context_of(1, (uint64_t)1 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    recipe.point_count = 2500;
    make_file(path_of("moving.las"), &recipe, NULL);
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_E_IO);
    assert_non_null(strstr(err.message, "changed"));
    scree_convert_close(job);
    assert_no_output(output);

    memset(&err, 0, sizeof err);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    assert_int_equal(unlink(path_of("moving.las")), 0);
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_E_IO);
    scree_convert_close(job);
    assert_no_output(output);
    scree_context_free(context);
}

/* Of a hundred files one vanishes, grows or is cut off between planning and reading; in memory and through scratch. */
static void one_of_a_hundred_files_changes(void **state)
{
    (void)state;
    enum { FILES = 100 };
    static char names[FILES][512];
    const char *inputs[FILES];
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = 120, .chunk_points = 50};
    for (int i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "%s/hundred_%02d.laz", folder, i);
        inputs[i] = names[i];
        make_file(names[i], &recipe, NULL);
    }
    const char *output = path_of("hundred.copc.laz");
    struct scree_convert_options options = options_of(inputs, FILES, output);
    for (int what = 0; what < 6; what++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_convert_result result;
        struct scree_convert_job *job;
        struct scree_context *context = context_of(what % 2 ? 4 : 1, (uint64_t)1 << 30);
        assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
        job->batch_points = what >= 3 ? 1000 : 0;
        recipe.point_count = what % 3 == 0 ? 121 : 120;
        make_file(names[57], &recipe, NULL);
        if (what % 3 == 1)
            assert_int_equal(truncate(names[57], 1000), 0);
        else if (what % 3 == 2)
            assert_int_equal(unlink(names[57]), 0);
        assert_int_not_equal(scree_convert_run(job, &result, &err), SCREE_OK);
        assert_non_null(strstr(err.message, "hundred_57.laz"));
        scree_convert_close(job);
        scree_context_free(context);
        assert_no_output(output);
        recipe.point_count = 120;
        make_file(names[57], &recipe, NULL);
    }
    convert_well(&options, 4, NULL);
    assert_valid(output);
}

/* --------------------------------------------------------------------------------- what goes in */

static void files_without_points(void **state)
{
    (void)state;
    struct las_recipe empty = {.version_minor = 4, .point_format = 8, .point_count = 0};
    struct las_recipe one = {.version_minor = 4, .point_format = 6, .point_count = 1};
    char message[1000];
    make_file(path_of("empty.las"), &empty, NULL);
    make_file(path_of("single.las"), &one, NULL);
    const char *inputs[] = {path_of("empty.las"), path_of("single.las")};
    const char *output = path_of("single.copc.laz");
    struct scree_convert_options options = options_of(inputs, 1, output);
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_DATA);
    assert_non_null(strstr(message, "no points"));
    assert_no_output(output);
    options = options_of(inputs, 2, output);
    struct scree_convert_result result;
    convert_well(&options, 2, &result);
    assert_int_equal(result.points_out, 1);
    assert_int_equal(result.node_count, 1);
    assert_valid(output);
    struct las_outcome outcome;
    assert_int_equal(records_of(output, &outcome), 1);
    assert_int_equal(outcome.record_bytes, 30); /* the empty file's format does not count */
    las_outcome_free(&outcome);
}

static void a_million_points_at_one_position(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 1000000};
    uint8_t *records = las_make_records(&recipe);
    for (uint64_t i = 0; i < recipe.point_count; i++)
        memcpy(records + i * 30, records, 12);
    make_file(path_of("coincident.las"), &recipe, records);
    const char *inputs[] = {path_of("coincident.las")};
    struct scree_convert_options options = options_of(inputs, 1, path_of("coincident.copc.laz"));
    struct scree_convert_result result;
    convert_well(&options, 2, &result);
    assert_int_equal(result.points_out, 1000000);
    assert_int_equal(result.node_count, 1);
    assert_valid(path_of("coincident.copc.laz"));
    free(records);
}

/* Two tiles 2 000 km apart: at a millimetre they fit 32 bits around a common middle, at a tenth of
 * one they do not. */
static void tiles_far_apart(void **state)
{
    (void)state;
    char message[1000];
    const char *inputs[] = {path_of("west.las"), path_of("east.las")};
    for (int fine = 0; fine < 2; fine++) {
        for (int east = 0; east < 2; east++) {
            struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 5000};
            uint8_t *records = las_make_records(&recipe);
            struct las_bytes file = las_make(&recipe, records);
            double scale = fine ? 0.0001 : 0.001, shift = east ? 2e6 : 0;
            for (int a = 0; a < 3; a++) {
                double old_scale = scree__base_load_f64(file.bytes + 131 + 8 * a);
                double old_offset = scree__base_load_f64(file.bytes + 155 + 8 * a);
                double move = a == 0 ? shift : 0;
                scree__base_store_f64(file.bytes + 131 + 8 * a, scale);
                scree__base_store_f64(file.bytes + 155 + 8 * a, old_offset + move);
                for (int m = 0; m < 2; m++) {
                    uint8_t *at = file.bytes + 179 + 16 * a + 8 * m;
                    double units = (scree__base_load_f64(at) - old_offset) / old_scale;
                    scree__base_store_f64(at, units * scale + old_offset + move);
                }
            }
            write_file(inputs[east], file.bytes, file.count);
            las_bytes_free(&file);
            free(records);
        }
        struct scree_convert_options options = options_of(inputs, 2, path_of("far.copc.laz"));
        if (fine) {
            assert_int_equal(unlink(path_of("far.copc.laz")), 0);
            assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_MISMATCH);
            assert_non_null(strstr(message, "--scale 0.001"));
            assert_no_output(path_of("far.copc.laz"));
            options.scale[0] = options.scale[1] = options.scale[2] = 0.001;
        }
        struct scree_convert_result result;
        convert_well(&options, 2, &result);
        assert_int_equal(result.points_out, 10000);
        assert_valid(path_of("far.copc.laz"));
    }
}

/* Bounds, legacy counts and return counts in the header say nothing true; the points do. */
static void headers_that_lie(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 7, .point_count = 4000};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    write_file(path_of("true.las"), file.bytes, file.count);
    for (int i = 0; i < 6; i++)
        scree__base_store_f64(file.bytes + 179 + 8 * i, i % 2 ? 1e9 : -1e9);
    scree__base_store32(file.bytes + 107, 17);
    for (int i = 0; i < 15; i++)
        scree__base_store64(file.bytes + 255 + 8 * i, 3);
    write_file(path_of("lying.las"), file.bytes, file.count);
    const char *honest[] = {path_of("true.las")}, *lying[] = {path_of("lying.las")};
    struct scree_convert_options options = options_of(honest, 1, path_of("true.copc.laz"));
    convert_well(&options, 1, NULL);
    options = options_of(lying, 1, path_of("lying.copc.laz"));
    convert_well(&options, 1, NULL);
    assert_non_null(strstr(warnings, "lying.las"));
    assert_same_files(path_of("true.copc.laz"), path_of("lying.copc.laz"));
    las_bytes_free(&file);
    free(records);
}

/* One chunk with all the points: decoded piece by piece, by one thread. */
static void one_large_chunk(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 300000};
    uint8_t *records = las_make_records(&recipe);
    make_file(path_of("plain.las"), &recipe, records);
    recipe.chunk_points = 5000000;
    make_file(path_of("one_chunk.laz"), &recipe, records);
    const char *plain[] = {path_of("plain.las")}, *chunk[] = {path_of("one_chunk.laz")};
    struct scree_convert_options options = options_of(plain, 1, path_of("plain.copc.laz"));
    convert_well(&options, 2, NULL);
    options = options_of(chunk, 1, path_of("one_chunk.copc.laz"));
    convert_well(&options, 2, NULL);
    assert_same_files(path_of("plain.copc.laz"), path_of("one_chunk.copc.laz"));
    free(records);
}

/* -------------------------------------------------------------------------------------- joining */

/* Thousands of nodes: the hierarchy takes several pages, none above 64 KiB, and every node is
 * reached. */
static void a_hierarchy_of_many_pages(void **state)
{
    (void)state;
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 700000};
    uint8_t *records = las_make_records(&recipe);
    for (uint32_t i = 0; i < recipe.point_count;
         i++) { /* along a line a node takes 128 points at most */
        scree__base_store32(records + i * 30, i * 3);
        scree__base_store32(records + i * 30 + 4, i * 2);
        scree__base_store32(records + i * 30 + 8, i / 1000);
    }
    make_file(path_of("many.las"), &recipe, records);
    free(records);
    const char *inputs[] = {path_of("many.las")};
    const char *output = path_of("many.copc.laz");
    struct scree_convert_options options = options_of(inputs, 1, output);
    struct scree_convert_job *job;
    struct scree_convert_result result;
    struct scree_context *context = context_of(2, (uint64_t)1 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    job->limits.leaf_max = 60;
    job->limits.leaf_min = 10;
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    assert_true(result.node_count > 2 * 2048);
    assert_true(result.page_count > 2);
    assert_int_equal(result.points_out, 700000);
    assert_valid(output);
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    assert_int_equal(scree_source_open_file(output, &source, NULL), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    assert_int_equal(scree_copc_open(reader, NULL, &copc, NULL), SCREE_OK);
    assert_int_equal(scree_copc_entry_count(copc), result.node_count);
    assert_int_equal(scree_copc_page_count(copc), result.page_count);
    assert_true(scree_copc_info(copc)->root_page_bytes <= 65536);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
}

static void formats_are_joined(void **state)
{
    (void)state;
    static const struct {
        unsigned a, b, out;
        uint32_t bytes;
    } cases[] = {{0, 1, 6, 30}, {1, 2, 7, 36}, {6, 8, 8, 38}, {3, 10, 8, 38}, {4, 9, 6, 30}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct las_recipe a = {.version_minor = cases[i].a < 6 ? 3 : 4,
                               .point_format = cases[i].a,
                               .point_count = 700};
        struct las_recipe b = {.version_minor = cases[i].b < 6 ? 3 : 4,
                               .point_format = cases[i].b,
                               .point_count = 800};
        make_file(path_of("a.las"), &a, NULL);
        make_file(path_of("b.las"), &b, NULL);
        const char *inputs[] = {path_of("a.las"), path_of("b.las")};
        struct scree_convert_options options = options_of(inputs, 2, path_of("ab.copc.laz"));
        convert_well(&options, 2, NULL);
        bool waves = cases[i].a == 4 || cases[i].b == 10;
        assert_int_equal(strstr(warnings, "waveform") != NULL, waves);
        assert_valid(path_of("ab.copc.laz"));
        struct las_outcome outcome;
        assert_int_equal(records_of(path_of("ab.copc.laz"), &outcome), 1500);
        assert_int_equal(outcome.record_bytes, cases[i].bytes);
        las_outcome_free(&outcome);
    }
}

static void patch16(const char *path, size_t at, uint16_t value)
{
    struct las_bytes file = las_bytes_of_file(path);
    scree__base_store16(file.bytes + at, value);
    write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
}

static void two_kinds_of_gps_time_are_refused(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    char message[1000];
    make_file(path_of("week.las"), &recipe, NULL);
    make_file(path_of("standard.las"), &recipe, NULL);
    patch16(path_of("week.las"), 6, 0);
    patch16(path_of("standard.las"), 6, SCREE_LAS_GPS_STANDARD_TIME);
    const char *inputs[] = {path_of("week.las"), path_of("standard.las")};
    struct scree_convert_options options = options_of(inputs, 2, path_of("gps.copc.laz"));
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "week.las"));
    assert_non_null(strstr(message, "standard.las"));
    assert_no_output(path_of("gps.copc.laz"));
    options = options_of(inputs + 1, 1, path_of("gps.copc.laz"));
    convert_well(&options, 1, NULL);
    struct las_bytes file = las_bytes_of_file(path_of("gps.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 6),
                     SCREE_LAS_GPS_STANDARD_TIME | SCREE_LAS_WKT);
    las_bytes_free(&file);
}

static void crs_texts_must_agree(void **state)
{
    (void)state;
    static const char metres[] = "LOCAL_CS[\"a\",UNIT[\"metre\",1]]";
    static const char feet[] = "LOCAL_CS[\"b\",UNIT[\"foot\",0.3048]]";
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    struct scree_las_vlr wkt = {.user_id = "LASF_Projection", .record_id = 2112};
    char message[1000];
    recipe.vlrs = &wkt;
    recipe.vlr_count = 1;
    wkt.payload = (const uint8_t *)metres;
    wkt.payload_bytes = sizeof metres;
    make_file(path_of("metres.las"), &recipe, NULL);
    wkt.payload = (const uint8_t *)feet;
    wkt.payload_bytes = sizeof feet;
    make_file(path_of("feet.las"), &recipe, NULL);
    const char *inputs[] = {path_of("metres.las"), path_of("feet.las")};
    struct scree_convert_options options = options_of(inputs, 2, path_of("crs.copc.laz"));
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "metres.las"));
    assert_non_null(strstr(message, "--crs"));
    assert_no_output(path_of("crs.copc.laz"));
    options.crs = metres;
    convert_well(&options, 1, NULL);
    assert_valid(path_of("crs.copc.laz"));
}

/* What files say of their CRS is read once where they say the same; what was noted of it is said of each, and one that says something else is heard. */
static void crs_that_was_said_before(void **state)
{
    (void)state;
    static const char *const texts[] = {"PROJCS[\"half", "PROJCS[\"half",
                                        "LOCAL_CS[\"b\",UNIT[\"metre\",1]]"};
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 50};
    struct scree_las_vlr wkt = {.user_id = "LASF_Projection", .record_id = 2112};
    const char *inputs[] = {path_of("said_a.las"), path_of("said_b.las"), path_of("said_c.las")};
    const char *output = path_of("said.copc.laz");
    char message[1000];
    recipe.vlrs = &wkt;
    recipe.vlr_count = 1;
    for (unsigned i = 0; i < 3; i++) {
        wkt.payload = (const uint8_t *)texts[i];
        wkt.payload_bytes = strlen(texts[i]);
        make_file(inputs[i], &recipe, NULL);
    }
    struct scree_convert_options options = options_of(inputs, 2, output);
    convert_well(&options, 1, NULL);
    bool noted = strstr(warnings, "said_a.las: PROJ") != NULL; /* not without PROJ */
    assert_true(noted == (strstr(warnings, "said_b.las: PROJ") != NULL));
    options.input_count = 3;
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_MISMATCH);
    assert_non_null(strstr(message, "said_c.las"));
    options.input_count = 2;
    options.inputs = inputs + 1;
    assert_int_equal(convert_badly(&options, message, sizeof message), SCREE_E_MISMATCH);
}

/* ------------------------------------------------------------------------------------ repairing */

static void returns_and_colours_are_repaired_when_asked(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 7, .point_count = 300};
    uint8_t *records = las_make_records(&recipe);
    for (uint64_t i = 0; i < recipe.point_count; i++) {
        uint8_t *record = records + i * 36;
        record[14] = (uint8_t)(i == 0 ? 0x00 : i == 1 ? 0x13 : 0x21); /* 0 of 0, 3 of 1, 1 of 2 */
        for (int c = 0; c < 3; c++)
            scree__base_store16(record + 30 + 2 * c, (uint16_t)(i % 256));
    }
    make_file(path_of("repair.las"), &recipe, records);
    const char *inputs[] = {path_of("repair.las")};
    for (int repair = 0; repair < 2; repair++) {
        struct scree_convert_options options = options_of(inputs, 1, path_of("repair.copc.laz"));
        options.fix_returns = options.scale_colors = repair;
        convert_well(&options, 2, NULL);
        assert_int_equal(strstr(warnings, "--fix-returns") != NULL, !repair);
        assert_int_equal(strstr(warnings, "--scale-colors") != NULL, !repair);
        struct las_outcome outcome;
        assert_int_equal(records_of(path_of("repair.copc.laz"), &outcome), 300);
        uint64_t zero = 0, excess = 0, color_max = 0;
        for (uint64_t i = 0; i < 300; i++) {
            const uint8_t *record = outcome.records + i * 36;
            zero += (record[14] & 15) == 0;
            excess += (record[14] & 15) > record[14] >> 4;
            uint64_t red = scree__base_load16(record + 30);
            color_max = red > color_max ? red : color_max;
        }
        assert_int_equal(zero, repair ? 0 : 1);
        assert_int_equal(excess, repair ? 0 : 1);
        assert_int_equal(color_max, repair ? 65535 : 255);
        las_outcome_free(&outcome);
    }
    free(records);
}

/* --------------------------------------------------------------------------------- header, VLRs */

static void records_are_forwarded(void **state)
{
    (void)state;
    static const uint8_t note[] = "made by hand", large[65000] = {1, 2, 3};
    struct scree_las_vlr vlrs[4] = {
        {.user_id = "someone", .record_id = 7, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "copc", .record_id = 1, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "LAStools", .record_id = 30, .payload = note, .payload_bytes = sizeof note},
        {.user_id = "someone", .record_id = 8, .payload = large, .payload_bytes = sizeof large}};
    struct scree_las_vlr evlr = {.user_id = "someone",
                                 .record_id = 9,
                                 .extended = true,
                                 .payload = note,
                                 .payload_bytes = sizeof note};
    for (uint64_t count = 3; count <= 4; count++) {
        struct las_recipe recipe = {.version_minor = 4,
                                    .point_format = 6,
                                    .point_count = 60,
                                    .vlrs = vlrs,
                                    .vlr_count = count,
                                    .evlrs = &evlr,
                                    .evlr_count = 1};
        make_file(path_of("v1.las"), &recipe, NULL);
        recipe.point_count = 70;
        make_file(path_of("v2.las"), &recipe, NULL);
        const char *inputs[] = {path_of("v1.las"), path_of("v2.las")};
        struct scree_convert_options options = options_of(inputs, 2, path_of("v.copc.laz"));
        convert_well(&options, 1, NULL);
        assert_valid(path_of("v.copc.laz"));
        struct scree_source *source;
        struct scree_las_reader *reader;
        assert_int_equal(scree_source_open_file(path_of("v.copc.laz"), &source, NULL), SCREE_OK);
        assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
        unsigned found[10] = {0};
        for (uint64_t i = 0; i < scree_las_vlr_count(reader); i++) {
            const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
            assert_string_not_equal(vlr->user_id, "LAStools");
            if (strcmp(vlr->user_id, "someone") == 0) {
                found[vlr->record_id]++;
                assert_memory_equal(vlr->payload, vlr->record_id == 8 ? large : note,
                                    vlr->payload_bytes);
                /* With the large one the head would pass 64 KiB: then they come after the points.
                 */
                assert_int_equal(vlr->extended, vlr->record_id == 9 || count == 4);
            }
        }
        assert_int_equal(found[7], 1);
        assert_int_equal(found[8], count == 4);
        assert_int_equal(found[9], 1);
        assert_true(scree_copc_is(reader));
        scree_las_close(reader);
        scree_source_close(source);
    }
}

static void header_of_the_output(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 40};
    make_file(path_of("old.las"), &recipe, NULL);
    make_file(path_of("new.las"), &recipe, NULL);
    patch16(path_of("old.las"), 90, 300);
    patch16(path_of("old.las"), 92, 2019);
    patch16(path_of("new.las"), 90, 20);
    patch16(path_of("new.las"), 92, 2023);
    patch16(path_of("old.las"), 4, 5);
    patch16(path_of("new.las"), 4, 5);
    const char *inputs[] = {path_of("old.las"), path_of("new.las")};
    struct scree_convert_options options = options_of(inputs, 2, path_of("h.copc.laz"));
    convert_well(&options, 1, NULL);
    struct las_bytes file = las_bytes_of_file(path_of("h.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 90), 20);
    assert_int_equal(scree__base_load16(file.bytes + 92), 2023);
    assert_int_equal(scree__base_load16(file.bytes + 4), 5);
    assert_memory_equal(file.bytes + 58, "scree ", 6);
    las_bytes_free(&file);
    options.creation_seconds = 1709164800; /* 29 February 2024 */
    convert_well(&options, 1, NULL);
    file = las_bytes_of_file(path_of("h.copc.laz"));
    assert_int_equal(scree__base_load16(file.bytes + 90), 60);
    assert_int_equal(scree__base_load16(file.bytes + 92), 2024);
    las_bytes_free(&file);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree-convert-XXXXXX", temporary_base());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_for_any_threads_and_order),
        cmocka_unit_test(pairs_of_chunks_keep_the_budget),
        cmocka_unit_test(inputs_are_read_once),
        cmocka_unit_test(every_byte_of_every_record_comes_through),
        cmocka_unit_test(budget_is_kept_or_named),
        cmocka_unit_test(an_existing_output_is_kept),
        cmocka_unit_test(a_damaged_input_leaves_no_trace),
        cmocka_unit_test(an_input_that_changes_is_noticed),
        cmocka_unit_test(one_of_a_hundred_files_changes),
        cmocka_unit_test(files_without_points),
        cmocka_unit_test(a_million_points_at_one_position),
        cmocka_unit_test(tiles_far_apart),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(one_large_chunk),
        cmocka_unit_test(a_hierarchy_of_many_pages),
        cmocka_unit_test(formats_are_joined),
        cmocka_unit_test(two_kinds_of_gps_time_are_refused),
        cmocka_unit_test(crs_texts_must_agree),
        cmocka_unit_test(crs_that_was_said_before),
        cmocka_unit_test(returns_and_colours_are_repaired_when_asked),
        cmocka_unit_test(records_are_forwarded),
        cmocka_unit_test(header_of_the_output),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
