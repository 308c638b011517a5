/*
 * test_vectors_segments.c - an index of several segments, while it changes: whoever has it open keeps what it opened, through appends, deletions, evaluations,
 * merges in its place and gc; who opens it sees all of a change.
 */
#include "scree/vectors.h"
#include "temporary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DIM 8u
#define ROWS 400u
#define QUERIES 20u
#define K 5u

static char folder[64], path[200];
static struct scree_context *context;
static float queries[QUERIES * DIM];

struct answers {
    uint64_t ids[QUERIES * K];
    float distances[QUERIES * K];
};

/* Rows that are the same for the same number. */
static void write_rows(const char *name, uint32_t first, uint32_t count)
{
    char file_path[200];
    uint32_t head[2] = {count, DIM};
    snprintf(file_path, sizeof file_path, "%s/%s", folder, name);
    FILE *file = fopen(file_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 4, 2, file), 2);
    for (uint32_t i = first; i < first + count; i++) {
        float row[DIM];
        for (uint32_t d = 0; d < DIM; d++)
            row[d] = (float)((i + 1) * (2 * d + 3) * 2654435761u >> 20) / 64;
        assert_int_equal(fwrite(row, sizeof row, 1, file), 1);
        if (i < QUERIES)
            memcpy(queries + (size_t)i * DIM, row, sizeof row);
    }
    assert_int_equal(fclose(file), 0);
}

static void build(const char *name, bool append)
{
    char location[200];
    snprintf(location, sizeof location, "%s/%s", folder, name);
    struct scree_vectors_column_options column = {.name = append ? NULL : "v",
                                                  .input = {.location = location},
                                                  .bits = 2,
                                                  .rerank = SCREE_VECTORS_RERANK_FP32,
                                                  .list_count = 9};
    struct scree_vectors_build_options options;
    struct scree_vectors_build_result result;
    struct scree_vectors_build_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_vectors_build_options_init(&options);
    options.columns = &column;
    options.column_count = 1;
    options.output = path;
    options.append = append;
    if (scree_vectors_build_open(context, &options, &job, &err) != SCREE_OK ||
        scree_vectors_build_run(job, &result, &err) != SCREE_OK)
        fail_msg("%s: %s", name, err.message);
    scree_vectors_build_close(job);
}

/* cache_bytes 1: every search reads anew. */
static struct scree_vectors_index *open_index(void)
{
    struct scree_vectors_open_options options;
    struct scree_vectors_index *index;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_vectors_open_options_init(&options);
    options.cache_bytes = 1;
    if (scree_vectors_open(context, path, &options, &index, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return index;
}

static void search(struct scree_vectors_index *index, struct answers *answers)
{
    struct scree_vectors_search_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_vectors_search_options_init(&options);
    options.k = K;
    options.nprobe = 9;
    if (scree_vectors_search(index, &options, queries, QUERIES, answers->ids, answers->distances,
                             NULL, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
}

static void readers_keep_what_they_opened(void **state)
{
    (void)state;
    enum { STEPS = 6 };
    struct scree_vectors_index *readers[STEPS];
    struct answers seen[STEPS], now;
    struct scree_error err = SCREE_ERROR_INIT;
    const char *inputs[] = {path};
    uint32_t removed;
    for (unsigned step = 0; step < STEPS; step++) {
        const uint64_t gone[] = {0, 3 * ROWS / 2};
        uint64_t count;
        struct scree_vectors_merge_options merge;
        struct scree_vectors_merge_result merged;
        struct scree_vectors_recall_info recall = {K, 9, 0, 1};
        switch (step) {
        case 0:
            build("a.fbin", false);
            break;
        case 1:
        case 2:
            build(step == 1 ? "b.fbin" : "c.fbin", true);
            break;
        case 3:
            assert_int_equal(scree_vectors_delete(context, path, gone, 2, &count, &err), SCREE_OK);
            break;
        case 4:
            assert_int_equal(scree_vectors_recalls_store(path, 0, &recall, 1, 20, &err), SCREE_OK);
            build("c.fbin", true);
            break;
        default:
            scree_vectors_merge_options_init(&merge);
            merge.inputs = inputs;
            merge.input_count = 1;
            merge.output = path;
            merge.replace = true;
            assert_int_equal(scree_vectors_merge(context, &merge, &merged, &err), SCREE_OK);
            assert_int_equal(scree_vectors_gc(path, &removed, &err), SCREE_OK);
            assert_int_equal(removed, 0); /* the merge has removed them */
        }
        readers[step] = open_index();
        search(readers[step], &seen[step]);
        /* Each step but recalls and the merge has changed what is found; the merge has not. */
        if (step > 0 && step < 5)
            assert_true(memcmp(&seen[step], &seen[step - 1], sizeof now) != 0);
        for (unsigned old = 0; old < step; old++) {
            search(readers[old], &now);
            if (memcmp(&now, &seen[old], sizeof now) != 0)
                fail_msg("the reader of step %u sees something else after step %u", old, step);
        }
    }
    assert_memory_equal(&seen[5], &seen[4], sizeof now);
    for (unsigned step = 0; step < STEPS; step++)
        scree_vectors_close(readers[step]);
}

static int begin(void **state)
{
    struct scree_context_options options;
    (void)state;
    scree_context_options_init(&options);
    options.threads = 2;
    options.memory_bytes = (uint64_t)128 << 20;
    snprintf(folder, sizeof folder, "%s/scree_vectors_XXXXXX", temporary_base());
    if (mkdtemp(folder) == NULL || scree_context_new(&options, &context, NULL) != SCREE_OK)
        return -1;
    snprintf(path, sizeof path, "%s/it.svx", folder);
    write_rows("a.fbin", 0, ROWS);
    write_rows("b.fbin", ROWS, ROWS);
    write_rows("c.fbin", 0, 30);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scree_context_free(context);
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(readers_keep_what_they_opened)};
    return cmocka_run_group_tests(tests, begin, end);
}
