/*
 * test_salvage.c - what is kept of damaged inputs: the output is, byte for byte, that of a file which
 * holds the other points only; what is reported as lost is what was damaged; and without salvage,
 * damage is a failure that leaves nothing behind.
 */
#include "context.h"
#include "las_make.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "laz_vectors.h"
#include "scree/copc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 6000u
#define CHUNK 500u
#define LOSSES_MAX 16u

static char folder[256];

static const char *path_of(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

struct salvaged {
    enum scree_status status;
    struct scree_error err;
    struct scree_convert_result result;
    uint64_t loss_count;
    struct {
        uint64_t chunk, offset, first_point, point_count;
        char file[300], reason[300];
    } losses[LOSSES_MAX];
};

/* batch_points: 0 in memory, else through scratch in batches of so many. */
static struct salvaged convert(const char *const *inputs, uint64_t count, const char *output,
                               bool salvage, unsigned threads, uint64_t batch_points)
{
    struct salvaged out = {.err = SCREE_ERROR_INIT};
    struct scree_context *context = context_with(threads, (uint64_t)1 << 30);
    struct scree_convert_options options;
    struct scree_convert_job *job = NULL;
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = count;
    options.output = output;
    options.replace = true;
    options.salvage = salvage;
    unlink(output);
    out.status = scree_convert_open(context, &options, &job, &out.err);
    if (out.status == SCREE_OK) {
        const struct scree_convert_loss *losses = scree_convert_losses(job, &out.loss_count);
        for (uint64_t i = 0; i < out.loss_count && i < LOSSES_MAX; i++) {
            out.losses[i].chunk = losses[i].chunk;
            out.losses[i].offset = losses[i].offset;
            out.losses[i].first_point = losses[i].first_point;
            out.losses[i].point_count = losses[i].point_count;
            snprintf(out.losses[i].file, sizeof out.losses[i].file, "%s", losses[i].file);
            snprintf(out.losses[i].reason, sizeof out.losses[i].reason, "%s", losses[i].reason);
        }
        job->batch_points = batch_points;
        out.status = scree_convert_run(job, &out.result, &out.err);
    }
    scree_convert_close(job);
    scree_context_free(context);
    return out;
}

static void assert_same_files(const char *a, const char *b)
{
    struct las_bytes first = las_bytes_of_file(a), second = las_bytes_of_file(b);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.bytes, second.bytes, first.count);
    las_bytes_free(&first);
    las_bytes_free(&second);
}

static struct las_recipe recipe_of(unsigned format, uint32_t chunk_points)
{
    struct las_recipe recipe = {.version_minor = format >= 6   ? 4
                                                 : format >= 4 ? 3
                                                               : 2,
                                .point_format = format,
                                .extra_bytes = format == 7 ? 3 : 0,
                                .point_count = POINTS,
                                .chunk_points = chunk_points};
    return recipe;
}

/* The COPC file of the recipe's points without [first, first + count). */
static void convert_rest(const struct las_recipe *recipe, const uint8_t *records, uint64_t first,
                         uint64_t count, const char *output)
{
    struct las_recipe rest = *recipe;
    uint32_t record_bytes = scree_las_format_bytes(recipe->point_format) + recipe->extra_bytes;
    uint8_t *kept = malloc((size_t)recipe->point_count * record_bytes);
    assert_non_null(kept);
    memcpy(kept, records, (size_t)first * record_bytes);
    memcpy(kept + first * record_bytes, records + (first + count) * record_bytes,
           (size_t)(recipe->point_count - first - count) * record_bytes);
    rest.point_count -= count;
    if (rest.chunk_points != 0)
        rest.chunk_points = CHUNK;
    struct las_bytes file = las_make(&rest, kept);
    write_file(path_of("rest.laz"), file.bytes, file.count);
    const char *input = path_of("rest.laz");
    struct salvaged out = convert(&input, 1, output, false, 2, 0);
    if (out.status != SCREE_OK)
        fail_msg("%s", out.err.message);
    las_bytes_free(&file);
    free(kept);
}

/* Every way through a conversion gives the same; without salvage it fails, and nothing is left. */
static struct salvaged salvage_all_ways(const char *input, const char *expected)
{
    static const struct {
        unsigned threads;
        uint64_t batch_points;
    } ways[] = {{1, 0}, {4, 0}, {3, 700}};
    const char *output = path_of("salvaged.copc.laz");
    struct salvaged strict = convert(&input, 1, output, false, 2, 0), first = strict;
    assert_int_equal(strict.status, SCREE_E_DATA);
    assert_non_null(strstr(strict.err.message, "damaged."));
    assert_false(is_there(output));
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct salvaged out =
            convert(&input, 1, output, true, ways[i].threads, ways[i].batch_points);
        if (out.status != SCREE_OK)
            fail_msg("%s", out.err.message);
        assert_int_equal(out.result.points_out + out.result.points_lost, POINTS);
        assert_int_equal(out.result.points_in, POINTS);
        if (expected != NULL)
            assert_same_files(output, expected);
        if (i > 0)
            assert_memory_equal(out.losses, first.losses, sizeof out.losses);
        first = out;
    }
    return first;
}

static size_t chunk_offset(const struct las_bytes *file, unsigned chunk, size_t *bytes)
{
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_unit unit;
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "m", &source, NULL),
                     SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, NULL), SCREE_OK);
    scree_las_unit(reader, chunk, &unit);
    *bytes = (size_t)unit.bytes;
    scree_las_close(reader);
    scree_source_close(source);
    return (size_t)unit.offset;
}

static void noise(uint8_t *bytes, size_t count)
{
    uint32_t seed = 4711;
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(laz_vectors_next(&seed) >> 9);
}

static const struct {
    unsigned format;
    uint32_t chunk_points;
} kinds[] = {{0, CHUNK}, {1, CHUNK}, {3, CHUNK}, {6, CHUNK}, {7, CHUNK}, {8, CHUNK}};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* Noise in one chunk: that chunk is lost, and nothing else. */
static void a_chunk_of_noise(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct las_recipe recipe = recipe_of(kinds[i].format, kinds[i].chunk_points);
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        size_t bytes, at = chunk_offset(&file, 4, &bytes);
        noise(file.bytes + at + bytes / 2, bytes / 3);
        write_file(path_of("damaged.laz"), file.bytes, file.count);
        convert_rest(&recipe, records, 4 * CHUNK, CHUNK, path_of("rest.copc.laz"));
        struct salvaged out = salvage_all_ways(path_of("damaged.laz"), path_of("rest.copc.laz"));
        assert_int_equal(out.loss_count, 1);
        assert_int_equal(out.losses[0].chunk, 4);
        assert_int_equal(out.losses[0].offset, at);
        assert_int_equal(out.losses[0].first_point, 4 * CHUNK);
        assert_int_equal(out.losses[0].point_count, CHUNK);
        assert_string_equal(out.losses[0].file, path_of("damaged.laz"));
        assert_true(out.losses[0].reason[0] != '\0');
        las_bytes_free(&file);
        free(records);
    }
}

/* Several chunks, one of them the last, in chunks of varying size. */
static void several_chunks(void **state)
{
    struct las_recipe recipe = recipe_of(6, SCREE_LAZ_VARIABLE_CHUNKS);
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    const char *input = path_of("damaged.laz"), *output = path_of("salvaged.copc.laz");
    uint64_t lost = 0;
    (void)state;
    static const unsigned damaged[] = {3, 40, 41, 90};
    for (unsigned i = 0; i < 4; i++) {
        size_t bytes, at = chunk_offset(&file, damaged[i], &bytes);
        noise(file.bytes + at + bytes - 40, 36);
    }
    write_file(input, file.bytes, file.count);
    struct salvaged out = convert(&input, 1, output, true, 3, 0);
    assert_int_equal(out.status, SCREE_OK);
    assert_int_equal(out.loss_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(out.losses[i].chunk, damaged[i]);
        assert_int_equal(out.losses[i].point_count, 7 + damaged[i]);
        lost += out.losses[i].point_count;
    }
    assert_int_equal(out.result.points_lost, lost);
    assert_int_equal(out.result.points_out, POINTS - lost);
    las_bytes_free(&file);
    free(records);
}

/* A file that was cut off: layered chunks that are whole, pointwise ones up to the cut, LAS records
 * that are whole. */
static void cut_files(void **state)
{
    static const unsigned shares[] = {20, 50, 77, 97};
    (void)state;
    for (size_t i = 0; i <= KINDS; i++) {
        struct las_recipe recipe =
            i < KINDS ? recipe_of(kinds[i].format, kinds[i].chunk_points) : recipe_of(3, 0);
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        uint32_t begin = las_point_offset(&file);
        for (unsigned j = 0; j < sizeof shares / sizeof shares[0]; j++) {
            size_t bytes = begin + (file.count - begin) * shares[j] / 100;
            write_file(path_of("damaged.laz"), file.bytes, bytes);
            const char *input = path_of("damaged.laz");
            struct salvaged out = j == 1 ? salvage_all_ways(input, NULL)
                                         : convert(&input, 1, path_of("salvaged.copc.laz"), true,
                                                   1 + j, 900 * (j % 2));
            assert_int_equal(out.status, SCREE_OK);
            uint64_t kept = out.result.points_out;
            assert_int_equal(out.loss_count, 1);
            assert_int_equal(out.losses[0].first_point, kept);
            if (recipe.chunk_points == 0) {
                assert_int_equal(kept, (bytes - begin) / scree_las_format_bytes(3));
            } else {
                assert_int_equal(out.losses[0].chunk, kept / CHUNK);
                assert_true(out.losses[0].offset <= bytes);
                /* By far most of what comes before the cut is there. */
                assert_true(kept + 2 * CHUNK >= (uint64_t)POINTS * shares[j] / 100);
                assert_true(recipe.point_format < 6 || kept % CHUNK == 0);
            }
            convert_rest(&recipe, records, kept, POINTS - kept, path_of("rest.copc.laz"));
            assert_same_files(path_of("salvaged.copc.laz"), path_of("rest.copc.laz"));
        }
        las_bytes_free(&file);
        free(records);
    }
}

/* No chunk table and noise in the middle: only chunks whose ends are confirmed are kept. */
static void noise_without_a_table(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 3; format++) {
        struct las_recipe recipe = recipe_of(format, CHUNK);
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        size_t bytes, at = chunk_offset(&file, 6, &bytes), table = las_table_offset(&file);
        noise(file.bytes + at + bytes / 2, bytes / 3);
        write_file(path_of("damaged.laz"), file.bytes, table);
        const char *input = path_of("damaged.laz");
        struct salvaged out = convert(&input, 1, path_of("salvaged.copc.laz"), true, 2, 0);
        uint64_t kept = out.result.points_out;
        assert_int_equal(out.status, SCREE_OK);
        assert_int_equal(out.loss_count, 1);
        assert_int_equal(kept + out.result.points_lost, POINTS);
        /* Chunk 6 is noise from its middle on; the fault may show there or in chunk 7. */
        assert_true(kept == 5 * CHUNK || kept == 6 * CHUNK);
        assert_int_equal(out.losses[0].chunk, kept / CHUNK);
        convert_rest(&recipe, records, kept, POINTS - kept, path_of("rest.copc.laz"));
        assert_same_files(path_of("salvaged.copc.laz"), path_of("rest.copc.laz"));
        las_bytes_free(&file);
        free(records);
    }
}

/* Any single changed bit of a chunk with a table: at most this chunk is lost. LAZ has no checksums, so
 * that some changes show nowhere; strict and salvaging conversions agree on which do. */
static void single_bits(void **state)
{
    uint32_t seed = 31;
    unsigned found = 0, rounds = 0;
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct las_recipe recipe = recipe_of(kinds[i].format, kinds[i].chunk_points);
        uint8_t *records = las_make_records(&recipe);
        struct las_bytes file = las_make(&recipe, records);
        size_t bytes, at = chunk_offset(&file, 7, &bytes);
        convert_rest(&recipe, records, 7 * CHUNK, CHUNK, path_of("rest.copc.laz"));
        for (unsigned round = 0; round < 8; round++, rounds++) {
            uint8_t *byte = file.bytes + at + laz_vectors_next(&seed) % bytes, was = *byte;
            *byte ^= (uint8_t)(1u << laz_vectors_next(&seed) % 8);
            write_file(path_of("damaged.laz"), file.bytes, file.count);
            *byte = was;
            const char *input = path_of("damaged.laz"), *output = path_of("salvaged.copc.laz");
            struct salvaged strict = convert(&input, 1, output, false, 2, 0);
            struct salvaged out = convert(&input, 1, output, true, 2, 0);
            if (strict.status == SCREE_OK || strict.status == SCREE_E_MISMATCH) {
                assert_int_equal(out.loss_count, 0);
                continue;
            }
            assert_int_equal(out.status, SCREE_OK);
            assert_int_equal(out.loss_count, 1);
            assert_int_equal(out.losses[0].chunk, 7);
            assert_int_equal(out.losses[0].point_count, CHUNK);
            assert_same_files(output, path_of("rest.copc.laz"));
            found++;
        }
        las_bytes_free(&file);
        free(records);
    }
    print_message("%u of %u changed bits were found out\n", found, rounds);
    assert_true(found > rounds / 2);
}

/* Of several inputs the sound ones come through whole; one that has nothing left is named. */
static void among_others(void **state)
{
    struct las_recipe recipe = recipe_of(7, CHUNK);
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records);
    (void)state;
    write_file(path_of("sound.laz"), file.bytes, file.count);
    write_file(path_of("damaged.laz"), file.bytes, las_point_offset(&file) + 100);
    const char *inputs[] = {path_of("damaged.laz"), path_of("sound.laz")};
    const char *output = path_of("salvaged.copc.laz");
    struct salvaged alone = convert(&inputs[1], 1, path_of("rest.copc.laz"), true, 2, 0);
    assert_int_equal(alone.status, SCREE_OK);
    assert_int_equal(alone.loss_count, 0);
    struct salvaged out = convert(inputs, 2, output, true, 2, 0);
    assert_int_equal(out.status, SCREE_OK);
    assert_int_equal(out.loss_count, 1);
    assert_int_equal(out.losses[0].point_count, POINTS);
    assert_string_equal(out.losses[0].file, inputs[0]);
    assert_int_equal(out.result.points_in, 2 * POINTS);
    assert_int_equal(out.result.points_out, POINTS);
    assert_same_files(output, path_of("rest.copc.laz"));

    out = convert(inputs, 1, output, true, 2, 0);
    assert_int_equal(out.status, SCREE_E_DATA);
    assert_false(is_there(output));
    las_bytes_free(&file);
    free(records);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", las_temporary_path("."));
    char *end = strrchr(folder, '/');
    if (end != NULL)
        *end = '\0';
    return mkdir(folder, 0777) == 0 || is_there(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"damaged.laz", "rest.laz", "sound.laz", "rest.copc.laz",
                                        "salvaged.copc.laz"};
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_of_noise), cmocka_unit_test(several_chunks),
        cmocka_unit_test(cut_files),        cmocka_unit_test(noise_without_a_table),
        cmocka_unit_test(single_bits),      cmocka_unit_test(among_others),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
