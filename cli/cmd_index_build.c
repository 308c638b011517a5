/* cmd_index_build.c - scree index build: vectors into an index file. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

struct build_arguments {
    struct common_options common;
    const char *metric, *bits, *rerank, *lists, *ids, *tags;
    uint64_t list_bytes, seed, sample, dim;
    unsigned format, skip_invalid;
};

#define AT(member) offsetof(struct build_arguments, member)

static const struct option_entry options[] = {
    {"metric", 0, INDEX_METRICS, OPTION_TEXT, AT(metric), 0, 0,
     "how near two vectors are: squared Euclidean distance (default), cosine of the angle, inner "
     "product"},
    {"bits", 0, "1-8", OPTION_TEXT, AT(bits), 0, 0,
     "bits of a code for each dimension (default: 1); 5 and more do without rerank rows"},
    {"rerank", 0, INDEX_RERANKS, OPTION_TEXT, AT(rerank), 0, 0,
     "what is kept of each vector to settle the order of the nearest (default: fp16)"},
    {"lists", 0, "N", OPTION_TEXT, AT(lists), 0, 0,
     "lists that vectors are divided into (default: the square root of their number, or as many "
     "as --list-bytes asks for)"},
    {"list-bytes", 0, "SIZE", OPTION_SIZE, AT(list_bytes), 0, 0,
     "codes of a list, on average at most (default: 256K)"},
    {"ids", 0, "FILE", OPTION_TEXT, AT(ids), 0, 0,
     "ids of the rows: a whole number a line, or npy of whole numbers (default: row numbers, from "
     "0)"},
    INDEX_TAGS(AT(tags)),
    INDEX_SKIP_INVALID(AT(skip_invalid)),
    {"format", 0, INDEX_FORMATS, OPTION_CHOICE, AT(format), 0, 0,
     "of the inputs (default: by their names); f4, f2, f8, u1: plain numbers, with --dim"},
    {"dim", 0, "N", OPTION_INTEGER, AT(dim), SCREE_VECTORS_DIM_MIN, SCREE_VECTORS_DIM_MAX,
     "dimensions: of plain numbers; of other formats what is expected"},
    {"sample", 0, "N", OPTION_COUNT, AT(sample), 1, UINT32_MAX,
     "rows to train with (default: 64 a list, at most 128 MiB)"},
    {"seed", 0, "N", OPTION_INTEGER, AT(seed), 0, UINT64_MAX,
     "of everything that is drawn at random (default: 1)"},
    COMMON_FORCE,
    {"dry-run", 'n', NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0,
     "check the inputs, print the plan, write nothing"},
    COMMON_MEMORY,
    COMMON_HUGE_PAGES,
    COMMON_THREADS,
    COMMON_TMP("folder for scratch, 4 bytes a row; beside the output unless given"),
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

struct outcome {
    const struct scree_vectors_build_options *wanted;
    const struct scree_vectors_build_plan *plan;
    const struct scree_vectors_build_result *result; /* NULL: a plan only */
    uint64_t budget_bytes;
    unsigned threads;
    double seconds;
};

static void say_json(const struct outcome *outcome)
{
    cJSON *document = json_document("index build");
    json_text(document, "output", locations_shown(outcome->wanted->output).text);
    json_u64(document, "rows", outcome->plan->row_count);
    json_u64(document, "budget_bytes", outcome->budget_bytes);
    json_u64(document, "floor_bytes", outcome->plan->floor_bytes);
    json_u64(document, "threads", outcome->threads);
    const struct scree_vectors_build_result *result = outcome->result;
    json_u64(document, "output_bytes",
             result != NULL ? result->output_bytes : outcome->plan->output_bytes);
    json_u64(document, "scratch_bytes",
             result != NULL ? result->scratch_bytes : outcome->plan->scratch_bytes);
    cJSON *columns = json_array(document, "columns");
    for (uint32_t i = 0; i < outcome->plan->column_count; i++) {
        const struct scree_vectors_column_options *wanted = &outcome->wanted->columns[i];
        cJSON *column = json_object(columns, NULL);
        json_text(column, "name", wanted->name);
        json_u64(column, "dim", outcome->plan->columns[i].dim);
        json_text(column, "metric", index_metric_word(wanted->metric));
        json_u64(column, "bits", wanted->bits);
        json_text(column, "rerank", index_rerank_word(wanted->rerank));
        json_u64(column, "sample_rows", outcome->plan->columns[i].sample_rows);
        json_u64(column, "lists",
                 result != NULL ? result->columns[i].list_count
                                : outcome->plan->columns[i].list_count);
        if (result == NULL)
            continue;
        json_u64(column, "vectors", result->columns[i].vector_count);
        json_u64(column, "skipped", result->columns[i].skipped_count);
        json_u64(column, "largest_list", result->columns[i].largest_list);
    }
    if (result != NULL) {
        json_double(document, "seconds", outcome->seconds);
        json_u64(document, "resumed", result->resumed);
        json_u64(document, "peak_resident_bytes", session_peak_resident_bytes());
    }
    json_print(document);
}

static void say_plan(const struct outcome *outcome)
{
    const struct scree_vectors_build_plan *plan = outcome->plan;
    printf("rows         %s\n", count_text(plan->row_count).text);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const struct scree_vectors_column_options *column = &outcome->wanted->columns[i];
        fputs("column       ", stdout);
        put_clean(stdout, column->name);
        printf(": %u dimensions, %s, %u bit%s, rerank %s; %s lists, from %s rows\n",
               plan->columns[i].dim, index_metric_word(column->metric), column->bits,
               plural(column->bits), index_rerank_word(column->rerank),
               count_text(plan->columns[i].list_count).text,
               count_text(plan->columns[i].sample_rows).text);
    }
    fputs("output       ", stdout);
    put_clean(stdout, locations_shown(outcome->wanted->output).text);
    printf(", about %s\n", size_text(plan->output_bytes).text);
    printf("memory       %s are the least; the budget is %s: %s\n",
           size_text(plan->floor_bytes).text, size_text(outcome->budget_bytes).text,
           plan->floor_bytes <= outcome->budget_bytes ? "fits" : "does NOT fit");
    printf("scratch      about %s\n", size_text(plan->scratch_bytes).text);
    printf("threads      %u\n", outcome->threads);
}

static void say_summary(const struct outcome *outcome)
{
    const struct scree_vectors_build_result *result = outcome->result;
    if (result->resumed > 0)
        fprintf(stderr, "went on from where a killed run had ended\n");
    put_clean(stderr, locations_shown(outcome->wanted->output).text);
    fprintf(stderr, ": %s, in %s\n", size_text(result->output_bytes).text,
            seconds_text(outcome->seconds).text);
    for (uint32_t i = 0; i < outcome->plan->column_count; i++) {
        fputs("  ", stderr);
        put_clean(stderr, outcome->wanted->columns[i].name);
        fprintf(stderr, ": %s vectors of %u dimensions in %s lists, the largest of %s",
                count_text(result->columns[i].vector_count).text, outcome->plan->columns[i].dim,
                count_text(result->columns[i].list_count).text,
                count_text(result->columns[i].largest_list).text);
        if (result->columns[i].skipped_count > 0)
            fprintf(stderr, "; %s row%s left out",
                    count_text(result->columns[i].skipped_count).text,
                    plural(result->columns[i].skipped_count));
        fputc('\n', stderr);
    }
}

static enum scree_status locate(struct locations *locations, struct session *session,
                                const struct common_options *common,
                                struct scree_vectors_build_options *wanted, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    locations_begin(locations, common, session->context);
    for (uint32_t i = 0; i < wanted->column_count && status == SCREE_OK; i++) {
        if (wanted->columns[i].input.location != NULL)
            status = locations_prepare(locations, wanted->columns[i].input.location, err);
    }
    if (status == SCREE_OK && wanted->ids != NULL)
        status = locations_prepare(locations, wanted->ids, err);
    if (status == SCREE_OK && wanted->tags != NULL)
        status = locations_prepare(locations, wanted->tags, err);
    if (status == SCREE_OK)
        status = locations_prepare(locations, wanted->output, err);
    wanted->source_options = &locations->source;
    wanted->sink_options = &locations->sink;
    wanted->scratch_folder = locations_scratch(wanted->output, wanted->scratch_folder);
    return status;
}

static enum scree_status work(struct session *session, const struct build_arguments *arguments,
                              const struct scree_vectors_build_options *wanted,
                              struct scree_error *err)
{
    const struct common_options *common = &arguments->common;
    struct scree_vectors_build_job *job = NULL;
    struct scree_vectors_build_result result;
    struct outcome outcome = {.wanted = wanted,
                              .budget_bytes = scree_context_budget_bytes(session->context),
                              .threads = scree_context_threads(session->context)};
    enum scree_status status = scree_vectors_build_open(session->context, wanted, &job, err);
    if (status != SCREE_OK)
        return status;
    outcome.plan = scree_vectors_build_plan(job);
    if (!common->dry_run) {
        status = scree_vectors_build_run(job, &result, err);
        outcome.result = &result;
    }
    outcome.seconds = progress_seconds(&session->progress);
    progress_finish(&session->progress);
    if (status == SCREE_OK && common->json)
        say_json(&outcome);
    else if (status == SCREE_OK && common->dry_run)
        say_plan(&outcome);
    if (status == SCREE_OK && !common->dry_run && !common->quiet)
        say_summary(&outcome);
    if (status == SCREE_OK && common->dry_run && outcome.plan->floor_bytes > outcome.budget_bytes) {
        status = err->status = SCREE_E_BUDGET;
        err->need_bytes = outcome.plan->floor_bytes;
        snprintf(err->message, sizeof err->message, "%.900s: the memory budget is too small",
                 wanted->output);
    }
    scree_vectors_build_close(job);
    return status;
}

static int check(const struct build_arguments *arguments, int count)
{
    if (count < 2)
        return options_misuse(&command_index_build, "expected inputs and an output, got %s",
                              count == 0 ? "nothing" : "only one of them");
    if (count - 1 > (int)SCREE_VECTORS_COLUMNS_MAX)
        return options_misuse(&command_index_build, "expected at most %u columns",
                              SCREE_VECTORS_COLUMNS_MAX);
    if (arguments->common.tmp != NULL && arguments->common.tmp[0] == '\0')
        return options_misuse(&command_index_build, "--tmp: expected a folder");
    return EXIT_CODE_DONE;
}

static int run(int argc, char **argv)
{
    static char names[SCREE_VECTORS_COLUMNS_MAX][65];
    static struct scree_vectors_column_options columns[SCREE_VECTORS_COLUMNS_MAX];
    struct build_arguments arguments = {.seed = 1};
    struct scree_vectors_build_options wanted;
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct locations locations = {0};
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_build, argc, argv, &arguments, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    int code = check(&arguments, argc - at);
    if (code != EXIT_CODE_DONE)
        return code;
    uint32_t count = (uint32_t)(argc - at - 1);
    if (!index_columns(&command_index_build, argv + at, count, arguments.metric, arguments.bits,
                       arguments.rerank, arguments.lists, columns, names))
        return EXIT_CODE_USAGE;
    scree_vectors_build_options_init(&wanted);
    for (uint32_t i = 0; i < count; i++) {
        columns[i].input.format = (enum scree_vectors_format)arguments.format;
        columns[i].input.dim = (uint32_t)arguments.dim;
    }
    wanted.output = argv[argc - 1];
    wanted.replace = arguments.common.force > 0;
    wanted.columns = columns;
    wanted.column_count = count;
    wanted.ids = arguments.ids;
    wanted.tags = arguments.tags;
    wanted.seed = arguments.seed;
    if (arguments.list_bytes > 0)
        wanted.list_bytes = arguments.list_bytes;
    wanted.sample_rows = arguments.sample;
    wanted.skip_invalid = arguments.skip_invalid > 0;
    wanted.scratch_folder = arguments.common.tmp;

    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = locate(&locations, &session, &arguments.common, &wanted, &err);
    if (status == SCREE_OK)
        status = work(&session, &arguments, &wanted, &err);
    session_end(&session);
    locations_end(&locations);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

const struct command command_index_build = {
    .name = "index build",
    .synopsis = "[NAME=]FILE... OUT.svx",
    .summary = "build an index of vectors",
    .about =
        "Builds an index of vectors in one file. FILE holds the vectors of a column: .npy, .fvecs, "
        ".bvecs, .fbin, .u8bin, or plain numbers with --format and --dim; '-' is standard input. "
        "Without a name the column is called 'vector'. Several columns have equally many rows; "
        "settings such as --bits go for all, or for one as NAME=VALUE, commas between them.\n"
        "The input is read twice, standard input goes to scratch. The output appears only when it "
        "is complete, and its bytes depend on the input and the settings, not on threads, memory "
        "or processor. A build that is killed leaves OUT.svx.part and OUT.svx.resume; the same "
        "command goes on from there.",
    .example = "scree index build vectors.npy vectors.svx --metric cosine --memory 256M",
    .options = options,
    .run = run};
