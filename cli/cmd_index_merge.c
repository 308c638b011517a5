/* cmd_index_merge.c - scree index merge, scree index gc: one file of several segments; what nothing refers to. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>

struct merge_arguments {
    struct common_options common;
    const char *output;
    uint64_t lists, seed;
    unsigned retrain;
};

#define AT(member) offsetof(struct merge_arguments, member)

static const struct option_entry merge_options[] = {
    {"output", 'o', "FILE", OPTION_TEXT, AT(output), 0, 0,
     "the index that is made: a file, or s3://; may be the input itself, with --force"},
    {"retrain", 0, NULL, OPTION_FLAG, AT(retrain), 0, 0,
     "build it anew from the rows that it keeps, with new centroids"},
    {"lists", 0, "N", OPTION_INTEGER, AT(lists), 1, 1u << 24,
     "with --retrain: lists (default: by the number of vectors)"},
    {"seed", 0, "N", OPTION_INTEGER, AT(seed), 0, UINT64_MAX,
     "with --retrain: of everything that is drawn at random (default: 1)"},
    COMMON_FORCE,
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_TMP("folder for scratch; beside the output unless given"),
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

static void say(const struct common_options *common, const char *output,
                const struct scree_vectors_merge_result *result)
{
    if (common->json) {
        cJSON *document = json_document("index merge");
        json_text(document, "output", locations_shown(output).text);
        json_u64(document, "segments", result->segment_count);
        json_u64(document, "vectors", result->vector_count);
        json_u64(document, "deleted", result->deleted_count);
        json_bool(document, "rebuilt", result->rebuilt);
        json_u64(document, "output_bytes", result->output_bytes);
        json_u64(document, "peak_resident_bytes", session_peak_resident_bytes());
        json_print(document);
    } else if (!common->quiet) {
        put_clean(stderr, locations_shown(output).text);
        fprintf(stderr, ": %s, %s vectors of %s segment%s, %s deleted ones left out%s\n",
                size_text(result->output_bytes).text, count_text(result->vector_count).text,
                count_text(result->segment_count).text, plural(result->segment_count),
                count_text(result->deleted_count).text, result->rebuilt ? "; built anew" : "");
    }
}

static enum scree_status merge(struct session *session, struct locations *locations,
                               const struct merge_arguments *arguments, char **inputs,
                               uint32_t count, struct scree_error *err)
{
    struct scree_vectors_merge_options wanted;
    struct scree_vectors_merge_result result;
    scree_vectors_merge_options_init(&wanted);
    wanted.inputs = (const char *const *)inputs;
    wanted.input_count = count;
    wanted.output = arguments->output;
    wanted.replace = arguments->common.force > 0;
    wanted.retrain = arguments->retrain > 0;
    wanted.list_count = (uint32_t)arguments->lists;
    wanted.seed = arguments->seed;
    locations_begin(locations, &arguments->common, session->context);
    enum scree_status status = locations_prepare(locations, arguments->output, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = locations_prepare(locations, inputs[i], err);
    wanted.source_options = &locations->source;
    wanted.sink_options = &locations->sink;
    wanted.scratch_folder = locations_scratch(wanted.output, arguments->common.tmp);
    if (status == SCREE_OK)
        status = scree_vectors_merge(session->context, &wanted, &result, err);
    progress_finish(&session->progress);
    if (status == SCREE_OK)
        say(&arguments->common, arguments->output, &result);
    return status;
}

static int run_merge(int argc, char **argv)
{
    struct merge_arguments arguments = {.seed = 1};
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct locations locations = {0};
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_merge, argc, argv, &arguments, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc == at)
        return options_misuse(&command_index_merge, "expected an index");
    if (arguments.output == NULL)
        return options_misuse(&command_index_merge, "--output: where does the merged index go?");
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = merge(&session, &locations, &arguments, argv + at, (uint32_t)(argc - at), &err);
    session_end(&session);
    locations_end(&locations);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

static const struct option_entry gc_options[] = {COMMON_JSON, COMMON_QUIET, COMMON_END};

static int run_gc(int argc, char **argv)
{
    struct common_options common = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    uint32_t removed = 0;
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_gc, argc, argv, &common, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at != 1)
        return options_misuse(&command_index_gc, "expected one index, got %d", argc - at);
    enum scree_status status = scree_vectors_gc(argv[at], &removed, &err);
    if (status != SCREE_OK)
        return (int)status_report(status, &err);
    if (common.json) {
        cJSON *document = json_document("index gc");
        json_text(document, "file", argv[at]);
        json_u64(document, "removed", removed);
        json_print(document);
    } else if (!common.quiet) {
        put_clean(stderr, argv[at]);
        fprintf(stderr, ": %u file%s removed\n", removed, plural(removed));
    }
    return EXIT_CODE_DONE;
}

const struct command command_index_merge = {
    .name = "index merge",
    .synopsis = "INDEX.svx... -o OUT.svx",
    .summary = "make one file of an index's segments",
    .about =
        "Makes one file of all segments of an index, or of several indexes with the same columns, "
        "without what is deleted. Segments of one index have the same centroids: their lists are "
        "joined as they are, and searches find what they found. With --retrain, or where indexes "
        "have different centroids, the index is built anew from the fp32 or fp16 rows that it "
        "keeps. The output appears only when it is complete.\n"
        "With the input's own name as the output and --force, its segments are removed afterwards. "
        "Programs on this machine that have the index open keep what they opened; those that read "
        "it over a network get an error and have to open it again.",
    .example = "scree index merge vectors.svx -o merged.svx --memory 256M",
    .options = merge_options,
    .run = run_merge};

const struct command command_index_gc = {
    .name = "index gc",
    .synopsis = "INDEX.svx",
    .summary = "remove segment files that the index does not name",
    .about =
        "Removes files INDEX.svx.segment-N that are no part of the index as it is now: what killed "
        "runs leave behind. Not while an older copy of INDEX.svx is in use that needs them.",
    .example = "scree index gc vectors.svx",
    .options = gc_options,
    .run = run_gc};
