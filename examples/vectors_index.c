/*
 * vectors_index.c - builds an index of a file of vectors, and finds the nearest of the file's first rows.
 *
 *     cc vectors_index.c $(pkg-config --cflags --libs scree) -o vectors_index && ./vectors_index vectors.npy vectors.svx
 */
#include <scree/scree.h>

#include <inttypes.h>
#include <stdio.h>

#define QUERIES 3
#define K 5 /* nearest of each */

static enum scree_status build(struct scree_context *context, const char *vectors,
                               const char *output, struct scree_error *err)
{
    struct scree_vectors_build_options options;
    struct scree_vectors_build_job *job = NULL;
    struct scree_vectors_build_result result;
    struct scree_vectors_column_options column = {.name = "vector",
                                                  .input = {.location = vectors},
                                                  .bits = 4,
                                                  .rerank = SCREE_VECTORS_RERANK_FP16};
    scree_vectors_build_options_init(&options);
    options.output = output;
    options.columns = &column;
    options.column_count = 1;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    if (status == SCREE_OK)
        printf("%" PRIu64 " vectors, %" PRIu64 " bytes\n", result.row_count, result.output_bytes);
    scree_vectors_build_close(job);
    return status;
}

static enum scree_status search(struct scree_context *context, const char *vectors,
                                const char *path, struct scree_error *err)
{
    struct scree_vectors_input input = {.location = vectors};
    struct scree_vectors_search_options options;
    struct scree_vectors_rows *rows = NULL;
    struct scree_vectors_index *index = NULL;
    uint64_t ids[QUERIES * K];
    float distances[QUERIES * K], queries[QUERIES * 1024];
    scree_vectors_search_options_init(&options);
    options.k = K;
    enum scree_status status = scree_vectors_rows_open(context, &input, NULL, NULL, &rows, err);
    if (status == SCREE_OK)
        status = scree_vectors_rows_dim(rows) > 1024
                     ? SCREE_E_UNSUPPORTED
                     : scree_vectors_rows_read(rows, 0, QUERIES, queries, err);
    if (status == SCREE_OK)
        status = scree_vectors_open(context, path, NULL, &index, err);
    if (status == SCREE_OK)
        status = scree_vectors_search(index, &options, queries, QUERIES, ids, distances, NULL, NULL,
                                      err);
    for (int i = 0; i < QUERIES * K && status == SCREE_OK; i++)
        printf("query %d: %" PRIu64 " at %g\n", i / K, ids[i], (double)distances[i]);
    scree_vectors_close(index);
    scree_vectors_rows_close(rows);
    return status;
}

int main(int argc, char **argv)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = NULL;
    enum scree_status status =
        argc == 3 ? scree_context_new(NULL, &context, &err) : SCREE_E_ARGUMENT;
    if (status == SCREE_OK)
        status = build(context, argv[1], argv[2], &err);
    if (status == SCREE_OK)
        status = search(context, argv[1], argv[2], &err);
    if (status != SCREE_OK)
        fprintf(stderr, "%s: %s\n", scree_status_name(status), err.message);
    scree_context_free(context);
    return status == SCREE_OK ? 0 : 1;
}
