/* cmd_convert.c - scree convert: many LAS and LAZ files become one COPC file. */
#include "cli/command.h"
#include "cli/convert_report.h"
#include "cli/inputs.h"
#include "cli/locations.h"
#include "cli/numbers.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/copc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct convert_arguments {
    struct common_options common;
    const char *crs;
    struct number_list scale;
    unsigned fix_returns, scale_colors, salvage;
    uint64_t temporal_index;
    unsigned tmp_compression; /* index into "none|lz4" */
};

#define AT(member) offsetof(struct convert_arguments, member)

static const struct option_entry options[] = {
    {"crs", 0, "TEXT", OPTION_TEXT, AT(crs), 0, 0,
     "coordinate reference system of the points, whatever the inputs say: EPSG:2154, "
     "EPSG:2154+5720, WKT or a PROJ string; nothing is reprojected"},
    {"scale", 0, "S|SX,SY,SZ", OPTION_DOUBLES, AT(scale), 0, 0,
     "coordinate resolution of the output, such as 0.001 (default: the inputs')"},
    {"fix-returns", 0, NULL, OPTION_FLAG, AT(fix_returns), 0, 0,
     "repair return numbers that are 0 or above the number of returns"},
    {"scale-colors", 0, NULL, OPTION_FLAG, AT(scale_colors), 0, 0,
     "widen 8-bit colours to the 16 bits that viewers expect"},
    COMMON_TEMPORAL_INDEX(AT(temporal_index)),
    {"salvage", 0, NULL, OPTION_FLAG, AT(salvage), 0, 0,
     "convert what damaged inputs have left, and list what they have lost; without it, damage is "
     "a failure"},
    COMMON_REMOTE,
    COMMON_FORCE,
    {"dry-run", 0, NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0,
     "show points, format, CRS, memory and size of the output from the headers alone; write "
     "nothing"},
    COMMON_MEMORY,
    COMMON_HUGE_PAGES,
    COMMON_THREADS,
    COMMON_TMP("folder for points that do not fit --memory; beside the output unless given"),
    {"tmp-compression", 0, "none|lz4", OPTION_CHOICE, AT(tmp_compression), 0, 0,
     "lz4 halves what is put there, for a little more work"},
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say the time of each stage and the points of each level"),
    COMMON_END};

static bool has_copc_ending(const char *path)
{
    static const char ending[] = ".copc.laz";
    size_t bytes = strlen(path), ending_bytes = sizeof ending - 1;
    return bytes > ending_bytes && strcasecmp(path + bytes - ending_bytes, ending) == 0;
}

/* The date of reproducible builds: seconds since 1970. -1 when it is not set. */
static bool source_date(int64_t *seconds)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t value = 0;
    *seconds = -1;
    if (text == NULL)
        return true;
    if (!parse_integer(text, &value) || value > 253402300799u) /* the end of the year 9999 */
        return false;
    *seconds = (int64_t)value;
    return true;
}

static int check_arguments(const struct convert_arguments *arguments, int argc, char **argv, int at,
                           int64_t *date)
{
    const struct common_options *common = &arguments->common;
    if (argc - at < 2)
        return options_misuse(&command_convert, "expected inputs and an output, got %s",
                              argc == at ? "nothing" : "only one of them");
    if (!has_copc_ending(argv[argc - 1]))
        return options_misuse(&command_convert,
                              "the output comes last and ends in .copc.laz; '%s' does not",
                              argv[argc - 1]);
    for (unsigned i = 0; i < arguments->scale.count; i++) {
        if (!(arguments->scale.values[i] > 0))
            return options_misuse(&command_convert, "--scale: expected numbers above 0");
    }
    if (common->tmp != NULL && common->tmp[0] == '\0')
        return options_misuse(&command_convert, "--tmp: expected a folder");
    if (!source_date(date))
        return options_misuse(&command_convert,
                              "SOURCE_DATE_EPOCH: expected whole seconds since 1970, got '%s'",
                              getenv("SOURCE_DATE_EPOCH"));
    return EXIT_CODE_DONE;
}

static void say_left_out(const struct inputs *inputs, const char *output,
                         const struct common_options *common)
{
    if (common->quiet)
        return;
    if (inputs->output_left_out) {
        fputs("scree: note: ", stderr);
        put_clean(stderr, output);
        fputs(" lies among the inputs; it is left out\n", stderr);
    }
    if (inputs->unfinished_count > 0)
        fprintf(stderr, "scree: note: %s unfinished file%s (*.part) left out\n",
                count_text(inputs->unfinished_count).text, plural(inputs->unfinished_count));
    if (inputs->repeated_count > 0)
        fprintf(stderr, "scree: note: %s input%s named more than once, read once\n",
                count_text(inputs->repeated_count).text, plural(inputs->repeated_count));
}

/* Where remote inputs and an output in a store are read and written; scratch has to be local. */
static enum scree_status locate(struct locations *locations, const struct session *session,
                                const struct common_options *common,
                                struct scree_convert_options *wanted, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    locations_begin(locations, common, session->context);
    /* Inputs are read once, from begin to end: a small cache for header and chunk table. */
    locations->source.cache_bytes = (uint64_t)1 << 20;
    for (uint64_t i = 0; i < wanted->input_count && status == SCREE_OK; i++)
        status = locations_prepare(locations, wanted->inputs[i], err);
    if (status == SCREE_OK)
        status = locations_prepare(locations, wanted->output, err);
    wanted->source_options = &locations->source;
    wanted->sink_options = &locations->sink;
    wanted->scratch_folder = locations_scratch(wanted->output, wanted->scratch_folder);
    return status;
}

/* Plans, and converts unless it is a dry run. */
static enum scree_status work(struct session *session, const struct convert_arguments *arguments,
                              const struct scree_convert_options *wanted, bool *complete,
                              struct scree_error *err)
{
    const struct common_options *common = &arguments->common;
    struct scree_convert_job *job = NULL;
    struct scree_convert_result result = {0};
    struct convert_outcome outcome = {.output = wanted->output, .spent = spent_of(session)};
    enum scree_status status = scree_convert_open(session->context, wanted, &job, err);
    if (status != SCREE_OK)
        return status;
    outcome.plan = scree_convert_plan(job);
    outcome.losses = scree_convert_losses(job, &outcome.loss_count);
    *complete = outcome.loss_count == 0;
    if (!common->dry_run) {
        status = scree_convert_run(job, &result, err);
        outcome.result = &result;
    }
    outcome.spent = spent_of(session);
    progress_finish(&session->progress);
    if (status == SCREE_OK && common->json)
        convert_json(&outcome);
    else if (status == SCREE_OK && common->dry_run)
        convert_plan_text(&outcome);
    if (status == SCREE_OK && !common->dry_run && !common->quiet)
        convert_summary_text(&outcome, common->verbose > 0);
    if (status == SCREE_OK && common->dry_run &&
        outcome.plan->floor_bytes > outcome.spent.budget_bytes) {
        status = err->status = SCREE_E_BUDGET;
        err->need_bytes = outcome.plan->floor_bytes;
        snprintf(err->message, sizeof err->message, "%.900s: the memory budget is too small",
                 wanted->output);
    }
    scree_convert_close(job);
    return status;
}

static int run(int argc, char **argv)
{
    struct convert_arguments arguments = {0};
    struct scree_convert_options wanted;
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct inputs inputs = {0};
    struct locations locations = {0};
    int at = 0;
    bool complete = true;
    scree_convert_options_init(&wanted);
    enum parse_outcome outcome = options_parse(&command_convert, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    int code = check_arguments(&arguments, argc, argv, at, &wanted.creation_seconds);
    if (code != EXIT_CODE_DONE)
        return code;
    wanted.output = argv[argc - 1];
    wanted.replace = arguments.common.force > 0;
    wanted.crs = arguments.crs;
    wanted.scratch_folder = arguments.common.tmp;
    wanted.temporal_stride = arguments.temporal_index == OPTION_AUTO_VALUE
                                 ? SCREE_TEMPORAL_AUTO
                                 : (uint32_t)arguments.temporal_index;
    wanted.compress_scratch = arguments.tmp_compression == 1;
    for (unsigned i = 0; i < 3 && arguments.scale.count > 0; i++)
        wanted.scale[i] = arguments.scale.values[arguments.scale.count == 3 ? i : 0];
    wanted.fix_returns = arguments.fix_returns > 0;
    wanted.scale_colors = arguments.scale_colors > 0;
    wanted.salvage = arguments.salvage > 0;

    enum scree_status status =
        inputs_find(&inputs, argv + at, (uint64_t)(argc - 1 - at), wanted.output, &err);
    if (status == SCREE_OK) {
        say_left_out(&inputs, wanted.output, &arguments.common);
        wanted.inputs = inputs.paths;
        wanted.input_count = inputs.count;
        status = session_begin(&session, &arguments.common, &err);
    }
    if (status == SCREE_OK)
        status = locate(&locations, &session, &arguments.common, &wanted, &err);
    if (status == SCREE_OK)
        status = work(&session, &arguments, &wanted, &complete, &err);
    session_end(&session);
    locations_end(&locations);
    inputs_release(&inputs);
    if (status != SCREE_OK)
        return (int)status_report(status, &err);
    return complete ? EXIT_CODE_DONE : EXIT_CODE_PARTLY;
}

const struct command command_convert = {
    .name = "convert",
    .synopsis = "IN... OUT.copc.laz",
    .summary = "turn LAS and LAZ files into one COPC file",
    .about =
        "Turns LAS, LAZ and COPC files into one cloud-optimized COPC 1.0 file. IN is a file, a "
        "folder (searched with all its folders), a pattern in quotes, or @list.txt with a path per "
        "line. All points and all their fields come through; the output appears only when it is "
        "complete.\n"
        "The header's date is SOURCE_DATE_EPOCH where that is set, else the newest of the inputs.",
    .example = "scree convert tiles/ city.copc.laz --memory 2G",
    .options = options,
    .run = run};
