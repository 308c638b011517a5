/* cmd_index_search.c - scree index search, scree index plan: the nearest of queries, and what reading for them would take. */
#include "cli/index.h"
#include "cli/index_output.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/numbers.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search_arguments {
    struct common_options common;
    const char *query, *column, *output, *tag, *ids, *id_bits;
    uint64_t k, nprobe, bits, dim, rerank_most;
    struct number_list recall, within, deviations;
    unsigned format, no_rerank;
};

#define AT(member) offsetof(struct search_arguments, member)

#define QUERY_OPTIONS                                                                         \
    {"query",   0, "FILE|-", OPTION_TEXT,                                                     \
     AT(query), 0, 0,        "vectors to search for: as the inputs of index build"},          \
        {"column",   0, "NAME", OPTION_TEXT,                                                  \
         AT(column), 0, 0,      "column to search in, if there are several"},                 \
        {"format",                                                                            \
         0,                                                                                   \
         INDEX_FORMATS,                                                                       \
         OPTION_CHOICE,                                                                       \
         AT(format),                                                                          \
         0,                                                                                   \
         0,                                                                                   \
         "of the queries (default: by their name)"},                                          \
        {"dim",                                                                               \
         0,                                                                                   \
         "N",                                                                                 \
         OPTION_INTEGER,                                                                      \
         AT(dim),                                                                             \
         SCREE_VECTORS_DIM_MIN,                                                               \
         SCREE_VECTORS_DIM_MAX,                                                               \
         "dimensions of queries that are plain numbers"},                                     \
        {"nprobe", 0, "N", OPTION_INTEGER, AT(nprobe), 1, UINT32_MAX, "lists to look at"},    \
        {"recall",                                                                            \
         0,                                                                                   \
         "SHARE",                                                                             \
         OPTION_DOUBLES,                                                                      \
         AT(recall),                                                                          \
         0,                                                                                   \
         0,                                                                                   \
         "as many lists as index eval found to be needed for it (default: 0.95, if it did)"}, \
    {                                                                                         \
        "bits", 0, "N", OPTION_INTEGER, AT(bits), 1, 8,                                       \
            "bits of the codes to use: 1 reads only the first (default: all)"                 \
    }

static const struct option_entry search_options[] = {
    QUERY_OPTIONS,
    {"neighbours", 'k', "N", OPTION_INTEGER, AT(k), 1, 65536, "how many to find (default: 10)"},
    {"output", 'o', "FILE", OPTION_TEXT, AT(output), 0, 0,
     "write to FILE.txt, .json, .ivecs or .npy; without it, text on standard output"},
    {"no-rerank", 0, NULL, OPTION_FLAG, AT(no_rerank), 0, 0,
     "take distances from codes, even where there are rows"},
    {"rerank-most", 0, "N", OPTION_INTEGER, AT(rerank_most), 1, UINT32_MAX,
     "rows to compare, a query (default: as many as the error bound leaves)"},
    {"deviations", 0, "NUMBER", OPTION_DOUBLES, AT(deviations), 0, 0,
     "how many standard deviations the error bound is wide (default: 2.3)"},
    {"within", 0, "DISTANCE", OPTION_DOUBLES, AT(within), 0, 0,
     "only what is nearer than this, as distances are printed"},
    {"ids", 0, "A-B", OPTION_TEXT, AT(ids), 0, 0, "only these ids, both ends included"},
    {"id-bits", 0, "FILE", OPTION_TEXT, AT(id_bits), 0, 0,
     "only ids whose bit is set: bit i % 8, from the lowest, of byte i / 8 of FILE"},
    {"tag", 0, "TAG", OPTION_TEXT, AT(tag), 0, 0, "only vectors with this tag"},
    COMMON_FORCE,
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say what was compared, and what remote files took"),
    COMMON_END};

static const struct option_entry plan_options[] = {QUERY_OPTIONS, COMMON_MEMORY, COMMON_THREADS,
                                                   COMMON_REMOTE, COMMON_JSON,   COMMON_END};

/* What both commands have open. */
struct work {
    const struct search_arguments *arguments;
    struct session session;
    struct locations locations;
    struct scree_source *source; /* of the index */
    struct scree_vectors_index *index;
    struct scree_vectors_rows *queries;
    struct scree_vectors_search_options wanted;
    struct scree_vectors_id_range range;
    uint8_t *id_bits;
};

static enum scree_status fail(struct scree_error *err, enum scree_status status, const char *what)
{
    err->status = status;
    snprintf(err->message, sizeof err->message, "%.900s", what);
    return status;
}

/* "A-B", both included. */
static bool parse_range(const char *text, struct scree_vectors_id_range *range)
{
    char first[24];
    size_t bytes = strcspn(text, "-");
    if (bytes == 0 || bytes >= sizeof first || text[bytes] != '-')
        return false;
    memcpy(first, text, bytes);
    first[bytes] = '\0';
    if (!parse_integer(first, &range->begin) || !parse_integer(text + bytes + 1, &range->end) ||
        range->end < range->begin || range->end == UINT64_MAX)
        return false;
    range->end++;
    return true;
}

static enum scree_status read_id_bits(struct work *work, struct scree_error *err)
{
    struct scree_source *source = NULL;
    enum scree_status status =
        locations_open(&work->locations, work->arguments->id_bits, &source, err);
    if (status != SCREE_OK)
        return status;
    uint64_t bytes = scree_source_bytes(source);
    if (bytes > scree_context_budget_bytes(work->session.context) / 4)
        status = fail(err, SCREE_E_BUDGET, "--id-bits: larger than a quarter of the budget");
    if (status == SCREE_OK) {
        work->id_bits = malloc(bytes + 1);
        if (work->id_bits == NULL)
            status_out_of_memory();
        status = scree_source_read(source, 0, work->id_bits, (size_t)bytes, err);
    }
    work->wanted.id_bits = work->id_bits;
    work->wanted.id_bit_count = 8 * bytes;
    scree_source_close(source);
    return status;
}

static int fill_options(const struct command *command, struct work *work)
{
    const struct search_arguments *arguments = work->arguments;
    struct scree_vectors_search_options *wanted = &work->wanted;
    scree_vectors_search_options_init(wanted);
    wanted->column = arguments->column;
    wanted->k = (uint32_t)arguments->k;
    wanted->nprobe = (uint32_t)arguments->nprobe;
    wanted->bits = (uint32_t)arguments->bits;
    wanted->no_rerank = arguments->no_rerank > 0;
    wanted->rerank_most = (uint32_t)arguments->rerank_most;
    wanted->tag = arguments->tag;
    if (arguments->recall.count > 0) {
        wanted->recall = (float)arguments->recall.values[0];
        if (!(wanted->recall > 0 && wanted->recall <= 1) || arguments->recall.count > 1)
            return options_misuse(command, "--recall: expected a share, such as 0.95");
    }
    if (arguments->within.count > 1 || arguments->deviations.count > 1)
        return options_misuse(command, "--within, --deviations: expected one number");
    if (arguments->deviations.count == 1)
        wanted->deviations = (float)arguments->deviations.values[0];
    if (arguments->within.count == 1)
        wanted->within = (float)arguments->within.values[0];
    if (arguments->ids != NULL) {
        if (!parse_range(arguments->ids, &work->range))
            return options_misuse(command, "--ids %s: expected A-B", arguments->ids);
        wanted->id_ranges = &work->range;
        wanted->id_range_count = 1;
    }
    return EXIT_CODE_DONE;
}

static enum scree_status open_all(struct work *work, const char *path, struct scree_error *err)
{
    struct scree_vectors_input input;
    struct scree_vectors_open_options wanted;
    struct scree_vectors_info info;
    const struct search_arguments *arguments = work->arguments;
    index_input(arguments->query, arguments->format, arguments->dim, &input);
    locations_begin(&work->locations, &arguments->common, work->session.context);
    enum scree_status status = locations_prepare(&work->locations, path, err);
    if (status == SCREE_OK && input.location != NULL)
        status = locations_prepare(&work->locations, input.location, err);
    scree_vectors_open_options_init(&wanted);
    wanted.source_options = &work->locations.source;
    if (status == SCREE_OK)
        status = scree_vectors_open(work->session.context, path, &wanted, &work->index, err);
    if (status == SCREE_OK)
        status = scree_vectors_rows_open(work->session.context, &input, &work->locations.source,
                                         arguments->common.tmp, &work->queries, err);
    if (status == SCREE_OK && arguments->id_bits != NULL)
        status = read_id_bits(work, err);
    if (status != SCREE_OK)
        return status;
    uint32_t dim = scree_vectors_rows_dim(work->queries);
    bool fits = false;
    scree_vectors_info(work->index, &info);
    for (uint32_t i = 0; i < info.column_count; i++) {
        struct scree_vectors_column_info column;
        scree_vectors_column_info(work->index, i, &column);
        if (arguments->column == NULL || strcmp(arguments->column, column.name) == 0)
            fits = fits || column.dim == dim;
    }
    if (fits)
        return SCREE_OK;
    snprintf(err->message, sizeof err->message,
             "%.400s: queries of %u dimensions, which no such column of %.400s has",
             arguments->query, dim, path);
    return err->status = SCREE_E_ARGUMENT;
}

static void close_all(struct work *work)
{
    scree_vectors_rows_close(work->queries);
    scree_vectors_close(work->index);
    session_end(&work->session);
    locations_end(&work->locations);
    free(work->id_bits);
}

/* Queries at once: enough for all threads, and results that take little memory. */
static uint64_t batch_of(uint32_t dim, uint32_t k)
{
    uint64_t bytes = 4 * (uint64_t)dim + 16 * (uint64_t)k;
    uint64_t batch = ((uint64_t)8 << 20) / bytes;
    return batch < 16 ? 16 : batch > 4096 ? 4096 : batch;
}

static void add_statistics(struct scree_vectors_search_statistics *all,
                           const struct scree_vectors_search_statistics *one)
{
    all->nprobe = one->nprobe;
    all->list_count += one->list_count;
    all->code_count += one->code_count;
    all->whole_code_count += one->whole_code_count;
    all->row_count += one->row_count;
}

static enum scree_status search_all(struct work *work, struct index_output *output,
                                    struct scree_vectors_search_statistics *all,
                                    struct scree_error *err)
{
    uint32_t dim = scree_vectors_rows_dim(work->queries), k = output->k;
    uint64_t batch = batch_of(dim, k);
    if (batch > output->query_count)
        batch = output->query_count + 1;
    float *values = malloc(batch * dim * sizeof *values);
    float *distances = malloc(batch * k * sizeof *distances);
    uint64_t *ids = malloc(batch * k * sizeof *ids);
    uint32_t *counts = malloc(batch * sizeof *counts);
    if (values == NULL || distances == NULL || ids == NULL || counts == NULL)
        status_out_of_memory();
    enum scree_status status = SCREE_OK;
    for (uint64_t at = 0; at < output->query_count && status == SCREE_OK; at += batch) {
        uint64_t left = output->query_count - at, count = left < batch ? left : batch;
        struct scree_vectors_search_statistics one;
        status = scree_vectors_rows_read(work->queries, at, count, values, err);
        if (status == SCREE_OK)
            status = scree_vectors_search(work->index, &work->wanted, values, count, ids, distances,
                                          counts, &one, err);
        if (status == SCREE_OK) {
            add_statistics(all, &one);
            status = index_output_add(output, count, ids, distances, counts, err);
        }
    }
    free(values);
    free(distances);
    free(ids);
    free(counts);
    return status;
}

static void say_statistics(const struct work *work, uint64_t queries, double seconds,
                           const struct scree_vectors_search_statistics *all)
{
    const struct common_options *common = &work->arguments->common;
    if (common->quiet || common->verbose == 0)
        return;
    double n = queries > 0 ? (double)queries : 1;
    fprintf(stderr, "%s quer%s in %s: %u lists each, %.0f codes, %.1f of them whole, %.1f rows\n",
            count_text(queries).text, queries == 1 ? "y" : "ies", seconds_text(seconds).text,
            all->nprobe, (double)all->code_count / n, (double)all->whole_code_count / n,
            (double)all->row_count / n);
}

static enum scree_status search(struct work *work, const char *path, struct scree_error *err)
{
    const struct search_arguments *arguments = work->arguments;
    struct scree_vectors_search_statistics all = {0};
    struct index_output output = {.form = arguments->common.json ? INDEX_JSON : INDEX_TEXT,
                                  .k = (uint32_t)arguments->k};
    if (arguments->output != NULL)
        (void)index_output_form(arguments->output, &output.form);
    enum scree_status status = open_all(work, path, err);
    if (status != SCREE_OK)
        return status;
    output.query_count = scree_vectors_rows_count(work->queries);
    if (arguments->output != NULL)
        status = locations_prepare(&work->locations, arguments->output, err);
    struct scree_sink_options sink = work->locations.sink;
    sink.replace = arguments->common.force > 0;
    if (status == SCREE_OK)
        status =
            index_output_begin(&output, arguments->output, &sink, locations_shown(path).text, err);
    double begun = progress_seconds(&work->session.progress);
    if (status == SCREE_OK)
        status = search_all(work, &output, &all, err);
    double seconds = progress_seconds(&work->session.progress) - begun;
    if (status == SCREE_OK)
        status = index_output_end(&output, err);
    index_output_close(&output);
    progress_finish(&work->session.progress);
    if (status == SCREE_OK)
        say_statistics(work, output.query_count, seconds, &all);
    return status;
}

static int begin(const struct command *command, int argc, char **argv,
                 struct search_arguments *arguments, struct work *work, int *at)
{
    enum index_output_form form;
    work->arguments = arguments;
    enum parse_outcome parsed = options_parse(command, argc, argv, arguments, at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? -1 : EXIT_CODE_USAGE;
    if (argc - *at != 1)
        return options_misuse(command, "expected one index, got %d", argc - *at);
    if (arguments->query == NULL)
        return options_misuse(command, "--query: which vectors are searched for?");
    if (arguments->output != NULL && !index_output_form(arguments->output, &form))
        return options_misuse(command, "--output %s: expected .txt, .json, .ivecs or .npy",
                              arguments->output);
    return fill_options(command, work);
}

static int run_search(int argc, char **argv)
{
    struct search_arguments arguments = {.k = 10};
    struct work work = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    int at = 0;
    int code = begin(&command_index_search, argc, argv, &arguments, &work, &at);
    if (code != EXIT_CODE_DONE)
        return code < 0 ? EXIT_CODE_DONE : code;
    enum scree_status status = session_begin(&work.session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = search(&work, argv[at], &err);
    close_all(&work);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

static enum scree_status plan_query(struct work *work, uint64_t query, cJSON *array,
                                    struct scree_error *err)
{
    uint32_t dim = scree_vectors_rows_dim(work->queries), count = 0, room = 65536;
    float *values = malloc(dim * sizeof *values);
    struct scree_vectors_planned_read *reads = malloc(room * sizeof *reads);
    if (values == NULL || reads == NULL)
        status_out_of_memory();
    enum scree_status status = scree_vectors_rows_read(work->queries, query, 1, values, err);
    if (status == SCREE_OK)
        status =
            scree_vectors_search_plan(work->index, &work->wanted, values, reads, room, &count, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        if (array == NULL) {
            printf("%llu\t%u\t%llu\t%llu\t%.9g\t%u\n", (unsigned long long)query, reads[i].list,
                   (unsigned long long)reads[i].offset, (unsigned long long)reads[i].byte_count,
                   (double)reads[i].distance, reads[i].segment);
            continue;
        }
        cJSON *one = json_object(array, NULL);
        json_u64(one, "query", query);
        json_u64(one, "list", reads[i].list);
        json_u64(one, "offset", reads[i].offset);
        json_u64(one, "bytes", reads[i].byte_count);
        json_double(one, "distance", (double)reads[i].distance);
        json_u64(one, "segment", reads[i].segment);
    }
    free(values);
    free(reads);
    return status;
}

static int run_plan(int argc, char **argv)
{
    struct search_arguments arguments = {.k = 10};
    struct work work = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_info info;
    int at = 0;
    int code = begin(&command_index_plan, argc, argv, &arguments, &work, &at);
    if (code != EXIT_CODE_DONE)
        return code < 0 ? EXIT_CODE_DONE : code;
    enum scree_status status = session_begin(&work.session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = open_all(&work, argv[at], &err);
    if (status == SCREE_OK) {
        cJSON *document = arguments.common.json ? json_document("index plan") : NULL;
        scree_vectors_info(work.index, &info);
        if (document != NULL)
            json_u64(document, "head_bytes", info.head_bytes);
        else
            printf("# head: bytes 0 to %llu\n# query, list, offset, bytes, distance, segment\n",
                   (unsigned long long)info.head_bytes);
        cJSON *array = document != NULL ? json_array(document, "reads") : NULL;
        uint64_t count = scree_vectors_rows_count(work.queries);
        for (uint64_t i = 0; i < count && status == SCREE_OK; i++)
            status = plan_query(&work, i, array, &err);
        if (document != NULL && status == SCREE_OK)
            json_print(document);
        else
            cJSON_Delete(document);
    }
    close_all(&work);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

const struct command command_index_search = {
    .name = "index search",
    .synopsis = "INDEX.svx --query FILE",
    .summary = "find the nearest vectors of queries",
    .about =
        "Finds the nearest of each query. As text, a line has the query's number, the rank from 1, "
        "the id and the distance: squared, 1 - cosine, or the negative inner product, by the "
        "column's metric. .ivecs and .npy hold ids, -1 where fewer were found. Codes and rows are "
        "read as needed, from a file, a server or a store, and every checksum is checked.",
    .example = "scree index search m.svx --query q.bvecs -k 10 --recall 0.95 -o r.ivecs",
    .options = search_options,
    .run = run_search};

const struct command command_index_plan = {
    .name = "index plan",
    .synopsis = "INDEX.svx --query FILE",
    .summary = "show what a search would read",
    .about = "Shows the reads of codes that a search would make, nearest list first: query, list, "
             "offset, bytes, distance to the centroid, number of the segment (0: the index "
             "itself). Only the head of the index is read.",
    .example = "scree index plan s3://bucket/m.svx --query q.npy --nprobe 8",
    .options = plan_options,
    .run = run_plan};
