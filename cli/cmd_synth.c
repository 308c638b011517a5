/* cmd_synth.c - scree synth: a made-up survey. */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/synth.h"

#include <stdio.h>
#include <string.h>

struct synth_arguments {
    struct common_options common;
    uint64_t points, tiles, format, seed, chunk_points;
    struct number_list density;
    const char *crs;
};

#define AT(member) offsetof(struct synth_arguments, member)

static const struct option_entry options[] = {
    {"points", 'n', "N", OPTION_COUNT, AT(points), 1, UINT64_MAX,
     "points in all tiles together, such as 500K or 20M; required"},
    {"tiles", 0, "K", OPTION_INTEGER, AT(tiles), 1, 1000000,
     "files to cut the survey into; more than one: OUT is a folder (default: 1)"},
    {"format", 0, "F", OPTION_INTEGER, AT(format), 0, 10,
     "point data record format, 0 to 10 (default: 6)"},
    {"seed", 's', "S", OPTION_INTEGER, AT(seed), 0, UINT64_MAX,
     "another seed, another survey (default: 0)"},
    {"density", 0, "D", OPTION_DOUBLES, AT(density), 0, 0, "points per square metre (default: 10)"},
    {"chunk-size", 0, "N", OPTION_COUNT, AT(chunk_points), 1, 0xFFFFFFFEu,
     "points per LAZ chunk (default: 50K)"},
    {"crs", 0, "TEXT", OPTION_TEXT, AT(crs), 0, 0,
     "coordinate reference system, such as EPSG:25832+7837; \"\" for none (default: "
     "EPSG:2154+5720)"},
    COMMON_THREADS,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_FORCE,
    COMMON_END};

static void report_text(const char *output, const struct scree_synth_result *result, double seconds)
{
    put_clean(stderr, output);
    fprintf(stderr, ": %s points in %s file%s, %s, %.0f x %.0f m, %s\n",
            count_text(result->point_count).text, count_text(result->file_count).text,
            plural(result->file_count), size_exact_text(result->output_bytes).text, result->width_m,
            result->height_m, seconds_text(seconds).text);
}

static void report_json(const char *output, const struct scree_synth_result *result, double seconds)
{
    cJSON *document = json_document("synth");
    json_text(document, "output", output);
    json_u64(document, "points", result->point_count);
    json_u64(document, "files", result->file_count);
    json_u64(document, "output_bytes", result->output_bytes);
    json_double(document, "width_m", result->width_m);
    json_double(document, "height_m", result->height_m);
    json_double(document, "seconds", seconds);
    json_print(document);
}

static void fill(struct scree_synth_options *wanted, const struct synth_arguments *arguments,
                 const char *output)
{
    wanted->output = output;
    wanted->replace = arguments->common.force > 0;
    wanted->point_count = arguments->points;
    wanted->tile_count = (uint32_t)arguments->tiles;
    wanted->point_format = (unsigned)arguments->format;
    wanted->seed = arguments->seed;
    wanted->chunk_points = (uint32_t)arguments->chunk_points;
    wanted->points_per_m2 = arguments->density.values[0];
    wanted->crs = arguments->crs;
}

static int run(int argc, char **argv)
{
    struct scree_synth_options wanted;
    scree_synth_options_init(&wanted);
    struct synth_arguments arguments = {.tiles = wanted.tile_count > 0 ? wanted.tile_count : 1,
                                        .format = wanted.point_format,
                                        .seed = wanted.seed,
                                        .chunk_points = wanted.chunk_points,
                                        .density = {{wanted.points_per_m2, 0, 0}, 1},
                                        .crs = wanted.crs};
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_synth, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at != 1)
        return options_misuse(&command_synth, "expected one output, got %d", argc - at);
    if (arguments.points == 0)
        return options_misuse(&command_synth, "--points is missing, for example --points 2M");
    if (arguments.density.count != 1 || !(arguments.density.values[0] > 0))
        return options_misuse(&command_synth, "--density: expected one number above 0");
    fill(&wanted, &arguments, argv[at]);

    struct session session;
    struct scree_synth_result result = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = scree_synth_run(session.context, &wanted, &result, &err);
    double seconds = progress_seconds(&session.progress);
    session_end(&session);
    if (status != SCREE_OK)
        return status_report(status, &err);
    if (arguments.common.json)
        report_json(argv[at], &result, seconds);
    if (!arguments.common.quiet)
        report_text(argv[at], &result, seconds);
    return EXIT_CODE_DONE;
}

const struct command command_synth = {
    .name = "synth",
    .synopsis = "OUT --points N",
    .summary = "make up an airborne survey, for demos, tests and benchmarks",
    .about =
        "Makes up an airborne laser survey: terrain, buildings, trees, overlapping flight lines, "
        "several returns per pulse, GPS time, colours and classes as the point format has them. "
        "OUT is a .las or .laz file, or a folder of LAZ tiles with --tiles. The same options "
        "always make the same bytes.",
    .example = "scree synth town.laz --points 20M",
    .options = options,
    .run = run};
