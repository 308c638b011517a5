/*
 * test_convert.c - a conversion's promises, through the public calls: the same bytes whatever the
 * way, nothing lost, all or nothing, inputs read once, and clear refusals. (What the octree looks
 * like is test_octree_naive.c's; records against other decoders, tests/oracle.)
 */
#include "conversion.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"
#include "scree/synth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------------------------- promises */

static void same_bytes_for_any_threads_and_order(void **state)
{
    (void)state;
    conversion_make_survey(conversion_path("tiles"), 400000, 4, 7);
    struct scree_path_list list = {0};
    static const char *const endings[] = {".laz", NULL};
    assert_int_equal(scree_paths_expand(conversion_path("tiles"), endings, &list, NULL), SCREE_OK);
    assert_int_equal(list.count, 4);
    const char *forward[4] = {list.paths[0], list.paths[1], list.paths[2], list.paths[3]};
    const char *shuffled[4] = {list.paths[2], list.paths[0], list.paths[3], list.paths[1]};
    struct scree_convert_options options =
        conversion_options(forward, 4, conversion_path("one.copc.laz"));
    struct scree_convert_result result;
    conversion_succeeds(&options, 1, &result);
    assert_int_equal(result.points_in, 400000);
    assert_int_equal(result.points_out, 400000);
    assert_true(result.node_count > 4);
    conversion_is_valid(conversion_path("one.copc.laz"));
    for (unsigned threads = 2; threads <= 4; threads += 2) {
        options = conversion_options(shuffled, 4, conversion_path("other.copc.laz"));
        conversion_succeeds(&options, threads, NULL);
        conversion_same_files(conversion_path("one.copc.laz"), conversion_path("other.copc.laz"));
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
    conversion_make_survey(conversion_path("once.laz"), 300000, 1, 6);
    struct stat info;
    assert_int_equal(stat(conversion_path("once.laz"), &info), 0);
    const char *inputs[] = {conversion_path("once.laz")};
    struct scree_convert_options options =
        conversion_options(inputs, 1, conversion_path("once.copc.laz"));
    uint64_t before = bytes_read_so_far();
    conversion_succeeds(&options, 2, NULL);
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
        conversion_make_file(conversion_path("noise.laz"), &recipe, NULL);
        struct las_outcome in, out;
        uint64_t count = conversion_records(conversion_path("noise.laz"), &in);
        sorted_record_bytes = in.record_bytes;
        qsort(in.records, count, in.record_bytes, compare_whole);
        for (uint64_t batch = 0; batch <= 700; batch += 700) {
            const char *inputs[] = {conversion_path("noise.laz")};
            struct scree_convert_options options =
                conversion_options(inputs, 1, conversion_path("noise.copc.laz"));
            struct scree_context *context = conversion_context(2, (uint64_t)1 << 30);
            struct scree_convert_job *job;
            assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
            job->batch_points = batch;
            assert_int_equal(scree_convert_run(job, NULL, NULL), SCREE_OK);
            scree_convert_close(job);
            scree_context_free(context);
            assert_int_equal(conversion_records(conversion_path("noise.copc.laz"), &out), count);
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
    conversion_make_survey(conversion_path("budget.laz"), 500000, 1, 6);
    const char *inputs[] = {conversion_path("budget.laz")};
    const char *output = conversion_path("budget.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, 1, output);
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_result result;
    struct scree_context *context = conversion_context(2, (uint64_t)8 << 20);
    assert_int_equal(conversion_run(context, &options, &result, &err), SCREE_E_BUDGET);
    uint64_t need = err.need_bytes;
    assert_true(need > (uint64_t)8 << 20);
    conversion_left_nothing(output);
    scree_context_free(context);

    context = conversion_context(2, need);
    memset(&err, 0, sizeof err);
    if (conversion_run(context, &options, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true(scree_context_peak_bytes(context) <= need);
    scree_context_free(context);
    conversion_is_valid(output);
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
    conversion_make_file(conversion_path("pairs.laz"), &recipe, NULL);
    const char *input = conversion_path("pairs.laz"), *output = conversion_path("pairs.copc.laz");
    struct scree_convert_options options = conversion_options(&input, 1, output);
    struct scree_convert_job *job;
    struct scree_convert_result result;
    struct scree_context *context = conversion_context(THREADS, (uint64_t)4 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
    uint64_t budgets[] = {scree_convert_plan(job)->floor_bytes,
                          scree_convert_plan(job)->memory_bytes};
    assert_int_equal(scree_convert_run(job, &result, NULL), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    assert_int_equal(rename(output, conversion_path("pairs_whole.copc.laz")), 0);
    for (unsigned i = 0; i < 2; i++) {
        context = conversion_context(THREADS, budgets[i]);
        assert_int_equal(conversion_run(context, &options, &result, NULL), SCREE_OK);
        scree_context_free(context);
        conversion_same_files(output, conversion_path("pairs_whole.copc.laz"));
        assert_int_equal(unlink(output), 0);
    }
}

static void an_existing_output_is_kept(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 100};
    char message[1000];
    conversion_make_file(conversion_path("in.las"), &recipe, NULL);
    conversion_write_file(conversion_path("precious.copc.laz"), "precious", 8);
    const char *inputs[] = {conversion_path("in.las")};
    struct scree_convert_options options =
        conversion_options(inputs, 1, conversion_path("precious.copc.laz"));
    options.replace = false;
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_EXISTS);
    struct las_bytes kept = las_bytes_of_file(conversion_path("precious.copc.laz"));
    assert_int_equal(kept.count, 8);
    las_bytes_free(&kept);
    options.replace = true;
    conversion_succeeds(&options, 1, NULL);
    conversion_is_valid(conversion_path("precious.copc.laz"));
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
    conversion_write_file(conversion_path("good.laz"), file.bytes, file.count);
    memset(file.bytes + las_point_offset(&file) + file.count / 3, 0xA5, 64);
    conversion_write_file(conversion_path("damaged.laz"), file.bytes, file.count);
    const char *inputs[] = {conversion_path("good.laz"), conversion_path("damaged.laz")};
    const char *output = conversion_path("damaged.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, 2, output);
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_DATA);
    assert_non_null(strstr(message, "damaged.laz"));
    assert_non_null(strstr(message, "chunk"));
    conversion_left_nothing(output);
    conversion_write_file(output, "before", 6);
    conversion_fails(&options, message, sizeof message);
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
    conversion_make_file(conversion_path("moving.las"), &recipe, NULL);
    const char *inputs[] = {conversion_path("moving.las")};
    const char *output = conversion_path("moving.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, 1, output);
    struct scree_context *context = conversion_context(1, (uint64_t)1 << 30);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    recipe.point_count = 2500;
    conversion_make_file(conversion_path("moving.las"), &recipe, NULL);
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_E_IO);
    assert_non_null(strstr(err.message, "changed"));
    scree_convert_close(job);
    conversion_left_nothing(output);

    memset(&err, 0, sizeof err);
    assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
    assert_int_equal(unlink(conversion_path("moving.las")), 0);
    assert_int_equal(scree_convert_run(job, &result, &err), SCREE_E_IO);
    scree_convert_close(job);
    conversion_left_nothing(output);
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
        snprintf(names[i], sizeof names[i], "%s%02d.laz", conversion_path("hundred_"), i);
        inputs[i] = names[i];
        conversion_make_file(names[i], &recipe, NULL);
    }
    const char *output = conversion_path("hundred.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, FILES, output);
    for (int what = 0; what < 6; what++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_convert_result result;
        struct scree_convert_job *job;
        struct scree_context *context = conversion_context(what % 2 ? 4 : 1, (uint64_t)1 << 30);
        assert_int_equal(scree_convert_open(context, &options, &job, &err), SCREE_OK);
        job->batch_points = what >= 3 ? 1000 : 0;
        recipe.point_count = what % 3 == 0 ? 121 : 120;
        conversion_make_file(names[57], &recipe, NULL);
        if (what % 3 == 1)
            assert_int_equal(truncate(names[57], 1000), 0);
        else if (what % 3 == 2)
            assert_int_equal(unlink(names[57]), 0);
        assert_int_not_equal(scree_convert_run(job, &result, &err), SCREE_OK);
        assert_non_null(strstr(err.message, "hundred_57.laz"));
        scree_convert_close(job);
        scree_context_free(context);
        conversion_left_nothing(output);
        recipe.point_count = 120;
        conversion_make_file(names[57], &recipe, NULL);
    }
    conversion_succeeds(&options, 4, NULL);
    conversion_is_valid(output);
}

/* --------------------------------------------------------------------------------- what goes in */

static void files_without_points(void **state)
{
    (void)state;
    struct las_recipe empty = {.version_minor = 4, .point_format = 8, .point_count = 0};
    struct las_recipe one = {.version_minor = 4, .point_format = 6, .point_count = 1};
    char message[1000];
    conversion_make_file(conversion_path("empty.las"), &empty, NULL);
    conversion_make_file(conversion_path("single.las"), &one, NULL);
    const char *inputs[] = {conversion_path("empty.las"), conversion_path("single.las")};
    const char *output = conversion_path("single.copc.laz");
    struct scree_convert_options options = conversion_options(inputs, 1, output);
    assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_DATA);
    assert_non_null(strstr(message, "no points"));
    conversion_left_nothing(output);
    options = conversion_options(inputs, 2, output);
    struct scree_convert_result result;
    conversion_succeeds(&options, 2, &result);
    assert_int_equal(result.points_out, 1);
    assert_int_equal(result.node_count, 1);
    conversion_is_valid(output);
    struct las_outcome outcome;
    assert_int_equal(conversion_records(output, &outcome), 1);
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
    conversion_make_file(conversion_path("coincident.las"), &recipe, records);
    const char *inputs[] = {conversion_path("coincident.las")};
    struct scree_convert_options options =
        conversion_options(inputs, 1, conversion_path("coincident.copc.laz"));
    struct scree_convert_result result;
    conversion_succeeds(&options, 2, &result);
    assert_int_equal(result.points_out, 1000000);
    assert_int_equal(result.node_count, 1);
    conversion_is_valid(conversion_path("coincident.copc.laz"));
    free(records);
}

/* Two tiles 2 000 km apart: at a millimetre they fit 32 bits around a common middle, at a tenth of
 * one they do not. */
static void tiles_far_apart(void **state)
{
    (void)state;
    char message[1000];
    const char *inputs[] = {conversion_path("west.las"), conversion_path("east.las")};
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
            conversion_write_file(inputs[east], file.bytes, file.count);
            las_bytes_free(&file);
            free(records);
        }
        struct scree_convert_options options =
            conversion_options(inputs, 2, conversion_path("far.copc.laz"));
        if (fine) {
            assert_int_equal(unlink(conversion_path("far.copc.laz")), 0);
            assert_int_equal(conversion_fails(&options, message, sizeof message), SCREE_E_MISMATCH);
            assert_non_null(strstr(message, "--scale 0.001"));
            conversion_left_nothing(conversion_path("far.copc.laz"));
            options.scale[0] = options.scale[1] = options.scale[2] = 0.001;
        }
        struct scree_convert_result result;
        conversion_succeeds(&options, 2, &result);
        assert_int_equal(result.points_out, 10000);
        conversion_is_valid(conversion_path("far.copc.laz"));
    }
}

/* Bounds, legacy counts and return counts in the header say nothing true; the points do. */
static void headers_that_lie(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 7, .point_count = 4000};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    conversion_write_file(conversion_path("true.las"), file.bytes, file.count);
    for (int i = 0; i < 6; i++)
        scree__base_store_f64(file.bytes + 179 + 8 * i, i % 2 ? 1e9 : -1e9);
    scree__base_store32(file.bytes + 107, 17);
    for (int i = 0; i < 15; i++)
        scree__base_store64(file.bytes + 255 + 8 * i, 3);
    conversion_write_file(conversion_path("lying.las"), file.bytes, file.count);
    const char *honest[] = {conversion_path("true.las")}, *lying[] = {conversion_path("lying.las")};
    struct scree_convert_options options =
        conversion_options(honest, 1, conversion_path("true.copc.laz"));
    conversion_succeeds(&options, 1, NULL);
    options = conversion_options(lying, 1, conversion_path("lying.copc.laz"));
    conversion_succeeds(&options, 1, NULL);
    assert_non_null(strstr(conversion_warnings, "lying.las"));
    conversion_same_files(conversion_path("true.copc.laz"), conversion_path("lying.copc.laz"));
    las_bytes_free(&file);
    free(records);
}

/* One chunk with all the points: decoded piece by piece, by one thread. */
static void one_large_chunk(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 300000};
    uint8_t *records = las_make_records(&recipe);
    conversion_make_file(conversion_path("plain.las"), &recipe, records);
    recipe.chunk_points = 5000000;
    conversion_make_file(conversion_path("one_chunk.laz"), &recipe, records);
    const char *plain[] = {conversion_path("plain.las")},
               *chunk[] = {conversion_path("one_chunk.laz")};
    struct scree_convert_options options =
        conversion_options(plain, 1, conversion_path("plain.copc.laz"));
    conversion_succeeds(&options, 2, NULL);
    options = conversion_options(chunk, 1, conversion_path("one_chunk.copc.laz"));
    conversion_succeeds(&options, 2, NULL);
    conversion_same_files(conversion_path("plain.copc.laz"), conversion_path("one_chunk.copc.laz"));
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_for_any_threads_and_order),
        cmocka_unit_test(inputs_are_read_once),
        cmocka_unit_test(every_byte_of_every_record_comes_through),
        cmocka_unit_test(budget_is_kept_or_named),
        cmocka_unit_test(pairs_of_chunks_keep_the_budget),
        cmocka_unit_test(an_existing_output_is_kept),
        cmocka_unit_test(a_damaged_input_leaves_no_trace),
        cmocka_unit_test(an_input_that_changes_is_noticed),
        cmocka_unit_test(one_of_a_hundred_files_changes),
        cmocka_unit_test(files_without_points),
        cmocka_unit_test(a_million_points_at_one_position),
        cmocka_unit_test(tiles_far_apart),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(one_large_chunk),
    };
    return cmocka_run_group_tests(tests, conversion_make_folder, conversion_remove_folder);
}
