/* Random questions, answered by the query and by looking at every point. */
#include "context.h"
#include "query_naive.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Not all answers may be empty, or the comparison says nothing. */
static void ask_many(const char *path, uint64_t first, unsigned count)
{
    struct naive_file file;
    struct naive_question question;
    unsigned answered = 0, partly = 0;
    naive_open(&file, path);
    for (uint64_t seed = first; seed < first + count; seed++) {
        naive_ask(&question, &file, seed);
        uint64_t points = naive_compare(&file, &question, seed, (unsigned)(1 + seed % 3));
        answered += points > 0;
        partly += points > 0 && points < file.count;
    }
    assert_true(answered > count / 4 && partly > count / 8);
    naive_close(&file);
}

static void ask_octree(unsigned format)
{
    char path[256];
    snprintf(path, sizeof path, "%s", naive_make_copc(format, 20000, 800, "q.copc.laz"));
    ask_many(path, format * 1000, 30);
    unlink(path);
}

static void of_octrees(void **state)
{
    (void)state;
    ask_octree(1); /* becomes 6 */
    ask_octree(7);
}

static void of_octrees_with_near_infrared(void **state)
{
    (void)state;
    ask_octree(8);
}

static void of_plain_files(void **state)
{
    (void)state;
    char path[256];
    for (unsigned format = 0; format <= 10; format++) {
        snprintf(path, sizeof path, "%s",
                 naive_make_las(format, 6000, format % 2 == 0 ? "q.laz" : "q.las"));
        ask_many(path, format * 1000, 10);
        unlink(path);
    }
}

static void of_extra_bytes_and_odd_times(void **state)
{
    (void)state;
    static const uint32_t chunks[] = {0, 500, SCREE_LAZ_VARIABLE_CHUNKS};
    char path[256];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s",
                 naive_make_extra(i == 0 ? 3 : 7, 3000, chunks[i], "e.las"));
        ask_many(path, 20000 + i * 1000, 20);
        unlink(path);
    }
}

static enum scree_status give_nothing(void *user, const uint8_t *records, uint64_t count,
                                      struct scree_error *err)
{
    (void)user;
    (void)records;
    (void)count;
    (void)err;
    return SCREE_OK;
}

static enum scree_status query_all(const char *path, unsigned threads, struct scree_error *err)
{
    struct scree_context *context = context_with(threads, 0);
    struct scree_query_options options;
    struct scree_query *query;
    scree_query_options_init(&options);
    options.inputs = &path;
    options.input_count = 1;
    enum scree_status status = scree_query_open(context, &options, &query, err);
    if (status == SCREE_OK)
        status = scree_query_each(query, give_nothing, NULL, NULL, err);
    scree_query_close(query);
    scree_context_free(context);
    return status;
}

static void write_file(const char *path, const struct las_bytes *file)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file->bytes, 1, file->count, out), file->count);
    assert_int_equal(fclose(out), 0);
}

/* Which chunk is damaged is told, whoever is decoded beside it. */
static void damaged_chunks_are_named(void **state)
{
    (void)state;
    char path[256], where[64];
    unsigned noticed = 0;
    for (unsigned format = 3; format <= 7; format += 4) {
        struct naive_file intact;
        snprintf(path, sizeof path, "%s", naive_make_las(format, 30000, "d.laz"));
        naive_open(&intact, path);
        struct las_bytes file = las_bytes_of_file(path);
        assert_true(intact.unit_count >= 8);
        for (uint64_t u = 0; u < intact.unit_count; u++) {
            const struct scree_las_unit *unit = &intact.units[u];
            uint8_t *at = file.bytes + unit->offset + unit->bytes / 2, saved[64];
            memcpy(saved, at, sizeof saved);
            memset(at, 0xFF, sizeof saved);
            write_file(path, &file);
            memcpy(at, saved, sizeof saved);
            snprintf(where, sizeof where, "chunk at byte %llu:", (unsigned long long)unit->offset);
            for (unsigned threads = 1; threads <= 2; threads++) {
                struct scree_error err = SCREE_ERROR_INIT;
                enum scree_status status = query_all(path, threads, &err);
                if (status == SCREE_OK)
                    continue; /* such bytes can have a meaning */
                assert_int_equal(status, SCREE_E_DATA);
                if (strstr(err.message, where) == NULL)
                    fail_msg("expected '%s', got '%s'", where, err.message);
                noticed++;
            }
        }
        las_bytes_free(&file);
        naive_close(&intact);
        unlink(path);
    }
    assert_true(noticed >= 36); /* of 40 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_octrees),
        cmocka_unit_test(of_octrees_with_near_infrared),
        cmocka_unit_test(of_plain_files),
        cmocka_unit_test(of_extra_bytes_and_odd_times),
        cmocka_unit_test(damaged_chunks_are_named),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return failed;
}
