/* cmd_query.c - scree query: the points of files that lie in a place, in a time, or have certain attributes. */
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/locations.h"
#include "cli/numbers.h"
#include "cli/query_report.h"
#include "cli/query_words.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/query.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMATS "las|laz|copc|csv|ply|npy" /* in the order of enum scree_query_format, from 1 */

struct query_arguments {
    struct common_options common;
    const char *output, *bounds, *polygon, *circle, *crs, *resolution, *time, *classes, *returns;
    const char *where, *dims;
    uint64_t level, limit;
    unsigned format; /* index into FORMATS; UINT_MAX: not given */
    unsigned count, stats;
};

#define AT(member) offsetof(struct query_arguments, member)

static const struct option_entry options[] = {
    {"output", 'o', "FILE", OPTION_TEXT, AT(output), 0, 0,
     "where the points go: a name that ends in .las, .laz, .copc.laz, .csv, .ply or .npy, or - for "
     "standard output (with --format)"},
    {"format", 0, FORMATS, OPTION_CHOICE, AT(format), 0, 0,
     "format of the output, whatever its name says"},
    {"count", 0, NULL, OPTION_FLAG, AT(count), 0, 0, "say how many points match; write nothing"},
    {"stats", 0, NULL, OPTION_FLAG, AT(stats), 0, 0,
     "show smallest, largest and mean value of each dimension, with --json also histograms"},
    {"bounds", 0, "X0,Y0,X1,Y1", OPTION_TEXT, AT(bounds), 0, 0,
     "points with X0 <= x < X1 and Y0 <= y < Y1; or X0,Y0,Z0,X1,Y1,Z1"},
    {"polygon", 0, "FILE|WKT", OPTION_TEXT, AT(polygon), 0, 0,
     "points in an area: a file with WKT or GeoJSON, or the text itself; holes and several "
     "polygons "
     "count"},
    {"circle", 0, "X,Y,R", OPTION_TEXT, AT(circle), 0, 0, "points at most R away from (X, Y)"},
    {"crs", 0, "TEXT", OPTION_TEXT, AT(crs), 0, 0,
     "coordinate reference system of --bounds, --polygon or --circle, where it is not the files': "
     "EPSG:4326, WKT or a PROJ string; x is east or longitude"},
    {"resolution", 0, "R", OPTION_TEXT, AT(resolution), 0, 0,
     "only as many levels of the octree as points R apart take"},
    {"level", 0, "L", OPTION_INTEGER, AT(level), 0, 32, "only levels 0 to L of the octree"},
    {"limit", 0, "N", OPTION_COUNT, AT(limit), 1, UINT64_MAX,
     "the first N points, coarse levels first"},
    {"time", 0, "T0,T1", OPTION_TEXT, AT(time), 0, 0,
     "points with T0 <= GPS time < T1: numbers as in the files, or ISO 8601 in UTC, "
     "2024-06-11T08:30:00Z"},
    {"class", 0, "LIST", OPTION_TEXT, AT(classes), 0, 0, "points of these classes: 2,6,10-17"},
    {"return", 0, "LIST", OPTION_TEXT, AT(returns), 0, 0,
     "first, last, intermediate, single, or numbers of returns: first,3"},
    {"where", 0, "CONDITION", OPTION_TEXT, AT(where), 0, 0,
     "a condition on fields: 'intensity > 100 && !(class in (7, 18))'"},
    {"dims", 0, "LIST", OPTION_TEXT, AT(dims), 0, 0,
     "only these fields: x,y,z,class (the others are neither decoded nor written; 0 in LAS)"},
    COMMON_REMOTE,
    COMMON_FORCE,
    {"dry-run", 0, NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0,
     "show what would be read, from headers and hierarchy alone"},
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_TMP(
        "folder for scratch, which COPC and standard output need; beside the output unless given"),
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say the time of each stage"),
    COMMON_END};

static int check_purpose(const struct query_arguments *arguments)
{
    unsigned purposes =
        (arguments->output != NULL) + (arguments->count > 0) + (arguments->stats > 0);
    bool to_stdout = arguments->output != NULL && strcmp(arguments->output, "-") == 0;
    if (purposes > 1)
        return options_misuse(&command_query, "-o, --count and --stats: only one of them");
    if (purposes == 0 && arguments->common.dry_run == 0)
        return options_misuse(&command_query, "expected -o FILE, --count, --stats or --dry-run");
    if (to_stdout && arguments->format == UINT_MAX)
        return options_misuse(&command_query, "-o -: expected --format %s", FORMATS);
    if (to_stdout && arguments->common.json > 0 && arguments->common.dry_run == 0)
        return options_misuse(&command_query, "-o - and --json both want standard output");
    return EXIT_CODE_DONE;
}

static int read_numbers(const struct query_arguments *arguments, struct scree_query_options *wanted)
{
    double numbers[6];
    if (arguments->bounds != NULL) {
        unsigned count = query_numbers(arguments->bounds, numbers, 6);
        if (count != 4 && count != 6)
            return options_misuse(&command_query,
                                  "--bounds %s: expected X0,Y0,X1,Y1 or X0,Y0,Z0,X1,Y1,Z1",
                                  arguments->bounds);
        wanted->bounds_axes = count / 2;
        for (unsigned a = 0; a < count / 2; a++) {
            wanted->bounds_min[a] = numbers[a];
            wanted->bounds_max[a] = numbers[count / 2 + a];
        }
    }
    if (arguments->circle != NULL) {
        if (query_numbers(arguments->circle, wanted->circle, 3) != 3)
            return options_misuse(&command_query, "--circle %s: expected X,Y,R", arguments->circle);
        wanted->has_circle = true;
    }
    if (arguments->resolution != NULL &&
        (query_numbers(arguments->resolution, &wanted->resolution, 1) != 1 ||
         !(wanted->resolution > 0)))
        return options_misuse(&command_query, "--resolution %s: expected a number above 0",
                              arguments->resolution);
    return EXIT_CODE_DONE;
}

static void copy_texts(const struct query_arguments *arguments, struct scree_query_options *wanted)
{
    wanted->crs = arguments->crs;
    wanted->level = arguments->level == UINT64_MAX ? -1 : (int)arguments->level;
    wanted->limit = arguments->limit;
    wanted->time = arguments->time;
    wanted->classes = arguments->classes;
    wanted->returns = arguments->returns;
    wanted->where = arguments->where;
    wanted->dims = arguments->dims;
}

static enum scree_status write_output(struct scree_query *query,
                                      const struct query_arguments *arguments,
                                      struct scree_query_result *result, struct scree_error *err)
{
    struct scree_query_output output;
    scree_query_output_init(&output);
    if (strcmp(arguments->output, "-") == 0)
        output.descriptor = STDOUT_FILENO;
    else
        output.path = arguments->output;
    if (arguments->format != UINT_MAX)
        output.format = (enum scree_query_format)(arguments->format + 1);
    output.replace = arguments->common.force > 0;
    output.scratch_folder = arguments->common.tmp;
    return scree_query_run(query, &output, result, err);
}

static void report(const struct query_arguments *arguments, const struct query_outcome *outcome)
{
    const struct common_options *common = &arguments->common;
    if (common->json > 0)
        query_json(outcome);
    else if (outcome->result == NULL)
        query_plan_text(outcome);
    else if (outcome->statistics != NULL)
        query_statistics_text(outcome);
    else if (arguments->count > 0)
        printf("%llu\n", (unsigned long long)outcome->result->points_matched);
    if (outcome->result != NULL && common->quiet == 0)
        query_summary_text(outcome);
}

static enum scree_status work(struct session *session, const struct query_arguments *arguments,
                              const struct scree_query_options *wanted, struct scree_error *err)
{
    struct scree_query *query = NULL;
    struct scree_query_result result;
    struct scree_query_statistics statistics = {0};
    struct query_outcome outcome = {.output = arguments->output,
                                    .budget_bytes = scree_context_budget_bytes(session->context),
                                    .threads = scree_context_threads(session->context)};
    enum scree_status status = scree_query_open(session->context, wanted, &query, err);
    if (status != SCREE_OK)
        return status;
    outcome.plan = scree_query_plan(query);
    if (arguments->common.dry_run == 0) {
        outcome.result = &result;
        if (arguments->stats > 0) {
            status = scree_query_stats(query, &statistics, &result, err);
            outcome.statistics = &statistics;
        } else {
            status = arguments->count > 0 ? scree_query_count(query, &result, err)
                                          : write_output(query, arguments, &result, err);
        }
    }
    outcome.seconds = progress_seconds(&session->progress);
    outcome.peak_budget_bytes = scree_context_peak_bytes(session->context);
    outcome.peak_resident_bytes = session_peak_resident_bytes();
    progress_finish(&session->progress);
    if (status == SCREE_OK)
        report(arguments, &outcome);
    scree_query_statistics_release(&statistics);
    scree_query_close(query);
    return status;
}

/* Where remote inputs are read, and an output in a store is written. */
static enum scree_status locate(struct locations *locations, const struct session *session,
                                const struct query_arguments *arguments,
                                struct scree_query_options *wanted, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    locations_begin(locations, &arguments->common, session->context);
    for (uint64_t i = 0; i < wanted->input_count && status == SCREE_OK; i++)
        status = locations_prepare(locations, wanted->inputs[i], err);
    if (status == SCREE_OK && arguments->output != NULL)
        status = locations_prepare(locations, arguments->output, err);
    wanted->source_options = &locations->source;
    wanted->sink_options = &locations->sink;
    return status;
}

/* With what the words stand for. */
static int run_with(const struct query_arguments *arguments, struct scree_query_options *wanted,
                    char *const *words, uint64_t word_count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct inputs inputs = {0};
    struct locations locations = {0};
    bool is_file = arguments->output != NULL && strcmp(arguments->output, "-") != 0;
    enum scree_status status =
        inputs_find(&inputs, words, word_count, is_file ? arguments->output : "", &err);
    if (status == SCREE_OK) {
        wanted->inputs = inputs.paths;
        wanted->input_count = inputs.count;
        status = session_begin(&session, &arguments->common, &err);
    }
    if (status == SCREE_OK)
        status = locate(&locations, &session, arguments, wanted, &err);
    if (status == SCREE_OK)
        status = work(&session, arguments, wanted, &err);
    wanted->source_options = NULL; /* they are of the locations */
    wanted->sink_options = NULL;
    session_end(&session);
    locations_end(&locations);
    inputs_release(&inputs);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

static int run(int argc, char **argv)
{
    struct query_arguments arguments = {.level = UINT64_MAX, .format = UINT_MAX};
    struct scree_query_options wanted;
    char *polygon = NULL;
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_query, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (at == argc)
        return options_misuse(&command_query, "no file is named");
    scree_query_options_init(&wanted);
    int code = check_purpose(&arguments);
    if (code == EXIT_CODE_DONE)
        code = read_numbers(&arguments, &wanted);
    if (code != EXIT_CODE_DONE)
        return code;
    copy_texts(&arguments, &wanted);
    if (arguments.polygon != NULL && (polygon = query_polygon_text(arguments.polygon)) == NULL)
        return EXIT_CODE_FAILED;
    wanted.polygon = polygon;
    code = run_with(&arguments, &wanted, argv + at, (uint64_t)(argc - at));
    free(polygon);
    return code;
}

const struct command command_query = {
    .name = "query",
    .synopsis = "IN...",
    .summary = "take points by place, detail, time and attributes",
    .about =
        "Takes the points of LAS, LAZ and COPC files that lie in a place, at a level of detail, in "
        "a time, or have certain attributes; all that is asked for has to hold. IN is a file, a "
        "folder, a pattern in quotes, or @list.txt; together they are one cloud. Of COPC files "
        "only "
        "the parts of the hierarchy and the nodes that matter are read.\n"
        "Without a question all points come out, in order: a way from LAZ to LAS and back. "
        "docs/query.md says to the last bit which points match.",
    .example = "scree query city.copc.laz --bounds 651000,6861000,651100,6861100 -o out.laz",
    .options = options,
    .run = run};
