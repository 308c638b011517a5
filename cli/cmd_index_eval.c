/* cmd_index_eval.c - scree index eval: recall by number of lists, measured and stored. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eval_arguments {
    struct common_options common;
    const char *query, *column;
    uint64_t k, queries, seed, dim;
    unsigned format;
};

#define AT(member) offsetof(struct eval_arguments, member)

static const struct option_entry options[] = {
    {"query", 0, "FILE", OPTION_TEXT, AT(query), 0, 0,
     "vectors to search for (default: some of the index itself)"},
    {"format", 0, INDEX_FORMATS, OPTION_CHOICE, AT(format), 0, 0,
     "of the queries (default: by their name)"},
    {"dim", 0, "N", OPTION_INTEGER, AT(dim), SCREE_VECTORS_DIM_MIN, SCREE_VECTORS_DIM_MAX,
     "dimensions of queries that are plain numbers"},
    {"column", 0, "NAME", OPTION_TEXT, AT(column), 0, 0,
     "column to evaluate, if there are several"},
    {"neighbours", 'k', "N", OPTION_INTEGER, AT(k), 1, 1000, "recall of how many (default: 10)"},
    {"queries", 0, "N", OPTION_COUNT, AT(queries), 1, 100000,
     "queries that are taken from the index (default: 200)"},
    {"seed", 0, "N", OPTION_INTEGER, AT(seed), 0, UINT64_MAX, "of their choice (default: 1)"},
    {"dry-run", 'n', NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0, "measure, but store nothing"},
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

struct work {
    const struct eval_arguments *arguments;
    struct session session;
    struct locations locations;
    struct scree_vectors_index *index;
    float *values;
    uint64_t query_count;
    uint32_t column; /* number */
};

static enum scree_status read_queries(struct work *work, struct scree_error *err)
{
    struct scree_vectors_input input;
    struct scree_vectors_rows *rows = NULL;
    const struct eval_arguments *arguments = work->arguments;
    if (arguments->query == NULL)
        return SCREE_OK;
    index_input(arguments->query, arguments->format, arguments->dim, &input);
    enum scree_status status = SCREE_OK;
    if (input.location != NULL)
        status = locations_prepare(&work->locations, input.location, err);
    if (status == SCREE_OK)
        status = scree_vectors_rows_open(work->session.context, &input, &work->locations.source,
                                         NULL, &rows, err);
    if (status != SCREE_OK)
        return status;
    struct scree_vectors_column_info column;
    scree_vectors_column_info(work->index, work->column, &column);
    work->query_count = scree_vectors_rows_count(rows);
    if (scree_vectors_rows_dim(rows) != column.dim) {
        status = err->status = SCREE_E_ARGUMENT;
        snprintf(err->message, sizeof err->message,
                 "%.900s: queries of %u dimensions, the column has %u", arguments->query,
                 scree_vectors_rows_dim(rows), column.dim);
    } else {
        work->values = malloc((work->query_count + 1) * column.dim * sizeof *work->values);
        if (work->values == NULL)
            status_out_of_memory();
        status = scree_vectors_rows_read(rows, 0, work->query_count, work->values, err);
    }
    scree_vectors_rows_close(rows);
    return status;
}

static enum scree_status find_column(struct work *work, struct scree_error *err)
{
    struct scree_vectors_info info;
    const char *wanted = work->arguments->column;
    scree_vectors_info(work->index, &info);
    for (uint32_t i = 0; i < info.column_count; i++) {
        struct scree_vectors_column_info column;
        scree_vectors_column_info(work->index, i, &column);
        if (wanted != NULL ? strcmp(column.name, wanted) == 0 : info.column_count == 1) {
            work->column = i;
            return SCREE_OK;
        }
    }
    snprintf(err->message, sizeof err->message,
             wanted != NULL ? "there is no column '%.200s'" : "which column? (--column)", wanted);
    return err->status = SCREE_E_ARGUMENT;
}

static void say(const struct work *work, const char *path,
                const struct scree_vectors_eval_point *points, uint32_t count, bool stored)
{
    cJSON *document = work->arguments->common.json ? json_document("index eval") : NULL;
    cJSON *array = NULL;
    if (document != NULL) {
        json_text(document, "file", locations_shown(path).text);
        json_u64(document, "k", work->arguments->k);
        json_bool(document, "stored", stored);
        array = json_array(document, "points");
    } else {
        printf("%8s %10s %12s %10s\n", "lists", "recall", "codes", "rows");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (array == NULL) {
            printf("%8u %10.4f %12.0f %10.1f\n", points[i].nprobe, (double)points[i].recall,
                   (double)points[i].codes, (double)points[i].rows);
            continue;
        }
        cJSON *one = json_object(array, NULL);
        json_u64(one, "nprobe", points[i].nprobe);
        json_double(one, "recall", (double)points[i].recall);
        json_double(one, "codes", (double)points[i].codes);
        json_double(one, "rows", (double)points[i].rows);
    }
    if (document != NULL)
        json_print(document);
    else if (!stored && !work->arguments->common.quiet)
        fprintf(stderr, "not stored\n");
}

static enum scree_status eval(struct work *work, const char *path, struct scree_error *err)
{
    const struct eval_arguments *arguments = work->arguments;
    struct scree_vectors_open_options wanted;
    struct scree_vectors_eval_options how;
    struct scree_vectors_search_options search;
    struct scree_vectors_eval_point points[SCREE_VECTORS_EVAL_POINTS];
    struct scree_vectors_recall_info recalls[SCREE_VECTORS_EVAL_POINTS];
    uint32_t count = 0;
    locations_begin(&work->locations, &arguments->common, work->session.context);
    enum scree_status status = locations_prepare(&work->locations, path, err);
    scree_vectors_open_options_init(&wanted);
    wanted.source_options = &work->locations.source;
    if (status == SCREE_OK)
        status = scree_vectors_open(work->session.context, path, &wanted, &work->index, err);
    if (status == SCREE_OK)
        status = find_column(work, err);
    if (status == SCREE_OK)
        status = read_queries(work, err);
    scree_vectors_eval_options_init(&how);
    scree_vectors_search_options_init(&search);
    search.column = arguments->column;
    search.k = (uint32_t)arguments->k;
    how.search = &search;
    how.queries = work->values;
    how.query_count = work->values != NULL ? work->query_count : arguments->queries;
    how.seed = arguments->seed;
    if (status == SCREE_OK)
        status = scree_vectors_eval(work->index, &how, points, &count, err);
    if (status != SCREE_OK)
        return status;
    for (uint32_t i = 0; i < count; i++)
        recalls[i] = (struct scree_vectors_recall_info){(uint32_t)arguments->k, points[i].nprobe, 0,
                                                        points[i].recall};
    bool store = arguments->common.dry_run == 0 && !scree_location_is_remote(path);
    if (store)
        status = scree_vectors_recalls_store(path, work->column, recalls, count,
                                             (uint32_t)how.query_count, err);
    progress_finish(&work->session.progress);
    if (status == SCREE_OK)
        say(work, path, points, count, store);
    return status;
}

static int run(int argc, char **argv)
{
    struct eval_arguments arguments = {.k = 10, .queries = 200, .seed = 1};
    struct work work = {.arguments = &arguments};
    struct scree_error err = SCREE_ERROR_INIT;
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_eval, argc, argv, &arguments, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at != 1)
        return options_misuse(&command_index_eval, "expected one index, got %d", argc - at);
    enum scree_status status = session_begin(&work.session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = eval(&work, argv[at], &err);
    scree_vectors_close(work.index);
    session_end(&work.session);
    locations_end(&work.locations);
    free(work.values);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

const struct command command_index_eval = {
    .name = "index eval",
    .synopsis = "INDEX.svx",
    .summary = "measure recall by the number of lists, and store it in the index",
    .about = "Searches with 1, 2, 3, 4, 6, 8 ... lists, compares with the exact nearest, and "
             "stores the recalls in the index, where search --recall finds them. The file is the "
             "old one or the new one at any moment. An index in a store or on a server is measured "
             "only.",
    .example = "scree index eval vectors.svx -k 10",
    .options = options,
    .run = run};
