/* test_vectors_memory.c - an index of rows and ids in memory is the one of the same rows and ids in files. */
#include "scree/vectors.h"
#include "las_make.h"
#include "vectors_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 900u
#define DIM 12u

static float rows[ROWS * DIM];
static uint64_t ids[ROWS];
static struct scree_context *context;

static const char *path_of(char path[300], const char *name)
{
    snprintf(path, 300, "%s", las_temporary_path(name));
    return path;
}

static void write_file(const char *name, const void *bytes, size_t count)
{
    char path[300];
    FILE *file = fopen(path_of(path, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* Rows and ids as files: plain floats, and a whole number a line. */
static void write_files(void)
{
    char text[ROWS * 24], *at = text;
    for (unsigned i = 0; i < ROWS; i++)
        at += snprintf(at, 24, "%llu\n", (unsigned long long)ids[i]);
    write_file("rows.f4", rows, sizeof rows);
    write_file("ids.txt", text, (size_t)(at - text));
}

static enum scree_status build(const char *output, const struct scree_vectors_input *input,
                               struct scree_vectors_build_options *options, struct scree_error *err)
{
    struct scree_vectors_column_options column = {.name = "v",
                                                  .input = *input,
                                                  .bits = 4,
                                                  .rerank = SCREE_VECTORS_RERANK_FP32,
                                                  .list_count = 7};
    struct scree_vectors_build_job *job = NULL;
    struct scree_vectors_build_result result;
    char path[300];
    options->output = path_of(path, output);
    options->columns = &column;
    options->column_count = 1;
    enum scree_status status = scree_vectors_build_open(context, options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    return status;
}

static struct scree_vectors_input in_memory(uint64_t row_count)
{
    return (struct scree_vectors_input){.format = SCREE_VECTORS_FORMAT_F4,
                                        .dim = DIM,
                                        .memory = rows,
                                        .memory_bytes = row_count * DIM * sizeof(float)};
}

static void must_build(const char *output, const struct scree_vectors_input *input,
                       struct scree_vectors_build_options *options)
{
    struct scree_error err = SCREE_ERROR_INIT;
    if (build(output, input, options, &err) != SCREE_OK)
        fail_msg("%s: %s", output, err.message);
}

static void same_bytes(const char *left, const char *right)
{
    char path[300];
    struct las_bytes a = las_bytes_of_file(path_of(path, left));
    struct las_bytes b = las_bytes_of_file(path_of(path, right));
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.bytes, b.bytes, a.count);
    las_bytes_free(&a);
    las_bytes_free(&b);
}

static void gives_the_same_index(void **state)
{
    struct scree_vectors_build_options options;
    struct scree_vectors_input file, memory = in_memory(ROWS);
    char path[300], ids_path[300], journal[300];
    (void)state;
    file = (struct scree_vectors_input){
        .location = path_of(path, "rows.f4"), .format = SCREE_VECTORS_FORMAT_F4, .dim = DIM};
    for (unsigned with_ids = 0; with_ids < 2; with_ids++) {
        scree_vectors_build_options_init(&options);
        options.replace = true;
        options.ids = with_ids ? path_of(ids_path, "ids.txt") : NULL;
        must_build("file.svx", &file, &options);
        options.ids = NULL;
        options.id_values = with_ids ? ids : NULL;
        options.id_count = with_ids ? ROWS : 0;
        must_build("memory.svx", &memory, &options);
        same_bytes("file.svx", "memory.svx");
    }
    assert_int_equal(access(path_of(journal, "memory.svx.resume"), F_OK), -1);
}

/* Rows and ids go on as a segment: each row is found under its id. */
static void appends(void **state)
{
    struct scree_vectors_build_options options;
    struct scree_vectors_input first = in_memory(ROWS / 2), second = first;
    struct scree_vectors_index *index;
    struct scree_error err = SCREE_ERROR_INIT;
    char path[300];
    (void)state;
    second.memory = rows + (size_t)ROWS / 2 * DIM;
    scree_vectors_build_options_init(&options);
    options.id_values = ids;
    options.id_count = ROWS / 2;
    options.replace = true;
    must_build("parts.svx", &first, &options);
    options.append = true;
    options.id_values = ids + ROWS / 2;
    must_build("parts.svx", &second, &options);
    assert_int_equal(scree_vectors_open(context, path_of(path, "parts.svx"), NULL, &index, &err),
                     SCREE_OK);
    struct scree_vectors_search_options search;
    scree_vectors_search_options_init(&search);
    search.k = 1;
    search.nprobe = 7;
    for (unsigned i = 0; i < ROWS; i += 50) {
        uint64_t id = 0;
        float distance = -1;
        assert_int_equal(scree_vectors_search(index, &search, rows + (size_t)i * DIM, 1, &id,
                                              &distance, NULL, NULL, &err),
                         SCREE_OK);
        assert_int_equal(id, ids[i]);
    }
    scree_vectors_close(index);
}

static void refuses(void **state)
{
    struct scree_vectors_build_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_input input = in_memory(ROWS);
    (void)state;
    scree_vectors_build_options_init(&options);
    options.id_values = ids;
    options.id_count = ROWS - 1;
    assert_int_equal(build("none.svx", &input, &options, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "ids in memory"));
    options.id_values = NULL;
    err = (struct scree_error)SCREE_ERROR_INIT;
    input.memory_bytes -= 4;
    assert_int_equal(build("none.svx", &input, &options, &err), SCREE_E_DATA);
    assert_non_null(strstr(err.message, "rows in memory: truncated"));
    err = (struct scree_error)SCREE_ERROR_INIT;
    input.format = SCREE_VECTORS_FORMAT_AUTO;
    assert_int_equal(build("none.svx", &input, &options, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "the format says which"));
}

static void reads_rows(void **state)
{
    struct scree_vectors_input input = in_memory(ROWS);
    struct scree_vectors_rows *opened;
    float row[2 * DIM];
    (void)state;
    assert_int_equal(scree_vectors_rows_open(context, &input, NULL, NULL, &opened, NULL), SCREE_OK);
    assert_int_equal(scree_vectors_rows_count(opened), ROWS);
    assert_int_equal(scree_vectors_rows_read(opened, 5, 2, row, NULL), SCREE_OK);
    assert_memory_equal(row, rows + 5 * DIM, sizeof row);
    scree_vectors_rows_close(opened);
}

static int tidy(void **state)
{
    static const char *const names[] = {"rows.f4",
                                        "ids.txt",
                                        "file.svx",
                                        "memory.svx",
                                        "parts.svx",
                                        "parts.svx.segment-1",
                                        "parts.svx.segment-2"};
    char path[300];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(path, names[i]));
    scree_context_free(context);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_same_index),
                                       cmocka_unit_test(appends), cmocka_unit_test(refuses),
                                       cmocka_unit_test(reads_rows)};
    vectors_clusters(rows, ROWS, DIM, 12, 3, 5);
    for (unsigned i = 0; i < ROWS; i++)
        ids[i] = 7 + (uint64_t)i * 5000000000u;
    if (scree_context_new(NULL, &context, NULL) != SCREE_OK)
        return 1;
    write_files();
    return cmocka_run_group_tests(tests, NULL, tidy);
}
