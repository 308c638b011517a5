/* cmd_enrich.c - scree enrich: what each point's surroundings look like, as extra dimensions of LAS, LAZ and COPC files. */
#include "cli/command.h"
#include "cli/enrich_numbers.h"
#include "cli/enrich_report.h"
#include "cli/enrich_standing.h"
#include "cli/locations.h"
#include "cli/numbers.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define K_NOT_GIVEN UINT64_MAX

enum report_choice { REPORT_AUTO, REPORT_NONE, REPORT_ALWAYS };

struct enrich_arguments {
    struct common_options common;
    unsigned mode, eigen_mode, ground, score, names, out, overlap,
        unit; /* choices, in the library's order */
    uint64_t k, idw_count, verify;
    struct enrich_lengths lengths;
    struct number_list threshold;
    const char *features, *ground_classes, *neighbors, *context, *crs;
    unsigned compact, noise_neighbors, withheld_neighbors, strip, write_class, las14;
    unsigned report; /* enum report_choice */
    unsigned tmp_compression;
};

#define AT(member) offsetof(struct enrich_arguments, member)

static const struct option_entry options[] = {
    {"mode", 0, "core|building", OPTION_CHOICE, AT(mode), 0, 0,
     "core: NormalX to HeightAboveGround; building: also NeighborCount, WallScore, RoofScore and "
     "BuildingScore, with a report and a map"},
    {"features", 0, "LIST", OPTION_TEXT, AT(features), 0, 0,
     "just these, such as Linearity,Planarity; or with signs on top of the mode's: "
     "+Eigenvalue1,-Density"},
    {"k", 'k', "N", OPTION_INTEGER, AT(k), 0, SCREE_ENRICH_K_MAX,
     "nearest neighbours, the point itself among them (default: 20; none with --radius alone)"},
    {"radius", 'r', "R", OPTION_TEXT, AT(lengths.radius), 0, 0,
     "all neighbours within R, in units of the CRS, or with one (2m, 6ft, 6us-ft), as all lengths; "
     "with --k: the nearest N of these"},
    {"eigen-mode", 0, "raw|sqrt", OPTION_CHOICE, AT(eigen_mode), 0, 0,
     "what ratios are made of: eigenvalues, or their square roots"},
    {"ground", 0, "tin|nearest|idw", OPTION_CHOICE, AT(ground), 0, 0,
     "the ground under a point: a network of triangles (the nearest ground point outside of it), "
     "the nearest ground point, or the weighted mean of a few"},
    {"ground-class", 0, "LIST", OPTION_TEXT, AT(ground_classes), 0, 0,
     "classes that are ground, such as 2,9 (default: 2)"},
    {"ground-reach", 0, "R", OPTION_TEXT, AT(lengths.ground_reach), 0, 0,
     "how far ground may be, in units of the CRS (default: 100 m); beyond, there is no height"},
    {"ground-cell", 0, "S", OPTION_TEXT, AT(lengths.ground_cell), 0, 0,
     "of the ground points in each square of side S, in units of the CRS, the lowest alone is "
     "ground (default: all are)"},
    {"idw-count", 0, "N", OPTION_INTEGER, AT(idw_count), 1, SCREE_ENRICH_IDW_MAX,
     "ground points that --ground idw weighs (default: 3)"},
    {"count-radius", 0, "R", OPTION_TEXT, AT(lengths.count_radius), 0, 0,
     "radius of NeighborCount, in units of the CRS (default: 2 m)"},
    {"score", 0, "calibrated|seed", OPTION_CHOICE, AT(score), 0, 0,
     "formulas of the scores; seed: those of the IGN LiDAR HD data set tool"},
    {"noise-neighbors", 0, NULL, OPTION_FLAG, AT(noise_neighbors), 0, 0,
     "points of classes 7 and 18 count as neighbours"},
    {"withheld-neighbors", 0, NULL, OPTION_FLAG, AT(withheld_neighbors), 0, 0,
     "points that are flagged as withheld count as neighbours"},
    {"neighbors", 0, "auto|none|DIR", OPTION_TEXT, AT(neighbors), 0, 0,
     "where the survey goes on: files of the input's folder whose bounds come near (default), "
     "nowhere, or the files of DIR"},
    {"context", 0, "FILES", OPTION_TEXT, AT(context), 0, 0,
     "more of the survey: a file, folder, pattern or @list; neighbours only, never written"},
    {"tile-overlap", 0, "unique|ignore", OPTION_CHOICE, AT(overlap), 0, 0,
     "points of other files within the input's bounds: those that the input has not count, or "
     "none"},
    {"crs", 0, "TEXT", OPTION_TEXT, AT(crs), 0, 0,
     "coordinate reference system, whatever the files say: for its unit; nothing is reprojected"},
    {"unit", 0, "crs|m|ft|us-ft", OPTION_CHOICE, AT(unit), 0, 0,
     "unit of the coordinates: the CRS's (default), or this one where it does not tell one or a "
     "wrong one"},
    {"out", 0, "same|las|laz|copc", OPTION_CHOICE, AT(out), 0, 0,
     "kind of the output (default: the input's, with a COPC file's own nodes, or what the output's "
     "name says); copc: a new octree"},
    {"las14", 0, NULL, OPTION_FLAG, AT(las14), 0, 0,
     "LAS 1.0 to 1.3 becomes LAS 1.4, for programs that look for the new dimensions there alone; "
     "records stay, and --strip gives the old header back"},
    {"compact", 0, NULL, OPTION_FLAG, AT(compact), 0, 0,
     "whole numbers with scales instead of floats, where a range is known: four digits or more, "
     "in some two thirds of the room"},
    {"names", 0, "scree|ign", OPTION_CHOICE, AT(names), 0, 0,
     "NormalX, Planarity ... as PDAL spells them, or normal_x, planarity ... as the IGN tool does"},
    {"strip", 0, NULL, OPTION_FLAG, AT(strip), 0, 0,
     "take the features of an earlier run away: the original records and VLRs come back"},
    {"report", 0, "auto|none|always", OPTION_CHOICE, AT(report), 0, 0,
     "NAME.enrich.json, .txt and .png beside the output; auto: in mode building"},
    {"write-class", 0, NULL, OPTION_FLAG, AT(write_class), 0, 0,
     "points of class 1 whose building score is at the threshold become class 6; nothing else "
     "ever changes a class"},
    {"threshold", 0, "S", OPTION_DOUBLES, AT(threshold), 0, 0,
     "building score from which a point counts as building, 0 to 1 (default: 0.5)"},
    {"verify", 0, "N", OPTION_COUNT, AT(verify), 1, 100000000,
     "compute N points once more by a scan of everything; one other bit is a failure"},
    COMMON_REMOTE,
    {"force", 'f', NULL, OPTION_FLAG, COMMON_AT(force), 0, 0,
     "replace an existing output; in a folder, do again what is done already"},
    {"dry-run", 0, NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0,
     "show points, memory, scratch and time; write nothing"},
    COMMON_MEMORY,
    COMMON_HUGE_PAGES,
    COMMON_THREADS,
    COMMON_TMP("folder for what does not fit --memory; beside the output unless given"),
    {"tmp-compression", 0, "none|lz4", OPTION_CHOICE, AT(tmp_compression), 0, 0,
     "lz4 makes that smaller, for a little more work"},
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say the time of each stage"),
    COMMON_END};

/* ----------------------------------------------------------------------------------------- options */

static bool ends_in(const char *path, const char *ending)
{
    const size_t length = strlen(path), bytes = strlen(ending);
    return length > bytes && strcasecmp(path + length - bytes, ending) == 0;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return !scree_location_is_remote(path) && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int check_numbers(const struct enrich_arguments *arguments,
                         struct scree_enrich_options *wanted)
{
    const int code = enrich_set_lengths(&arguments->lengths, wanted);
    if (code != EXIT_CODE_DONE)
        return code;
    if (arguments->threshold.count > 0)
        wanted->building_threshold = arguments->threshold.values[0];
    if (arguments->threshold.count > 1 ||
        (arguments->threshold.count > 0 && !(wanted->building_threshold > 0)) ||
        wanted->building_threshold > 1)
        return options_misuse(&command_enrich, "--threshold: expected one number, above 0 to 1");
    if (arguments->ground_classes != NULL &&
        !enrich_parse_classes(arguments->ground_classes, wanted->ground_classes))
        return options_misuse(&command_enrich, "--ground-class %s: expected classes such as 2,9",
                              arguments->ground_classes);
    if (arguments->k != K_NOT_GIVEN)
        wanted->k = (uint32_t)arguments->k;
    else if (wanted->radius > 0)
        wanted->k = 0;
    if (wanted->k == 0 && !(wanted->radius > 0))
        return options_misuse(&command_enrich, "--k 0 needs a --radius");
    return EXIT_CODE_DONE;
}

static int set_options(const struct enrich_arguments *arguments,
                       struct scree_enrich_options *wanted)
{
    struct scree_error err = SCREE_ERROR_INIT;
    const int code = check_numbers(arguments, wanted);
    if (code != EXIT_CODE_DONE)
        return code;
    wanted->mode = (enum scree_enrich_mode)arguments->mode;
    wanted->eigen_mode = (enum scree_eigen_mode)arguments->eigen_mode;
    wanted->ground_mode = (enum scree_ground_mode)arguments->ground;
    wanted->score_mode = (enum scree_score_mode)arguments->score;
    wanted->unit = (enum scree_enrich_unit)arguments->unit;
    wanted->output_kind = (enum scree_enrich_output_kind)arguments->out;
    if (arguments->idw_count > 0)
        wanted->idw_count = (uint32_t)arguments->idw_count;
    wanted->noise_neighbors = arguments->noise_neighbors > 0;
    wanted->withheld_neighbors = arguments->withheld_neighbors > 0;
    wanted->ignore_overlap = arguments->overlap == 1;
    wanted->compact = arguments->compact > 0;
    wanted->ign_names = arguments->names == 1;
    wanted->las14 = arguments->las14 > 0;
    wanted->strip = arguments->strip > 0;
    wanted->write_class = arguments->write_class > 0;
    wanted->verify_count = arguments->verify;
    wanted->crs = arguments->crs;
    wanted->scratch_folder = arguments->common.tmp;
    wanted->compress_scratch = arguments->tmp_compression == 1;
    wanted->replace = arguments->common.force > 0;
    if (arguments->neighbors != NULL && strcmp(arguments->neighbors, "none") == 0) {
        wanted->neighbors = SCREE_NEIGHBORS_NONE;
    } else if (arguments->neighbors != NULL && strcmp(arguments->neighbors, "auto") != 0) {
        wanted->neighbors = SCREE_NEIGHBORS_FOLDER;
        wanted->neighbors_folder = arguments->neighbors;
        if (!is_folder(arguments->neighbors))
            return options_misuse(&command_enrich,
                                  "--neighbors %s: expected auto, none or a folder",
                                  arguments->neighbors);
    }
    if (arguments->features != NULL &&
        scree_enrich_features_parse(arguments->features, wanted->mode, &wanted->features, &err) !=
            SCREE_OK)
        return options_misuse(&command_enrich, "--features: %s", err.message);
    if (arguments->strip > 0 && (arguments->features != NULL || arguments->verify > 0 ||
                                 arguments->write_class > 0 || arguments->las14 > 0))
        return options_misuse(&command_enrich, "--strip computes nothing, and takes no --features, "
                                               "--verify, --write-class or --las14");
    return EXIT_CODE_DONE;
}

static bool wants_reports(const struct enrich_arguments *arguments,
                          const struct scree_enrich_options *wanted)
{
    const uint64_t features =
        wanted->features != 0 ? wanted->features : scree_enrich_mode_features(wanted->mode);
    const bool scored = (features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) != 0;
    return !wanted->strip &&
           (arguments->report == REPORT_ALWAYS || (arguments->report == REPORT_AUTO && scored));
}

/* ---------------------------------------------------------------------------------------- one file */

/* What the output's name says, where no --out does. */
static void kind_by_name(struct scree_enrich_options *wanted)
{
    const bool octree = ends_in(wanted->input, ".copc.laz");
    if (wanted->output_kind != SCREE_ENRICH_OUTPUT_SAME)
        return;
    if (ends_in(wanted->output, ".las") && ends_in(wanted->input, ".laz"))
        wanted->output_kind = SCREE_ENRICH_OUTPUT_LAS;
    else if (ends_in(wanted->output, ".copc.laz") && !octree)
        wanted->output_kind = SCREE_ENRICH_OUTPUT_COPC;
    else if (ends_in(wanted->output, ".laz") && ends_in(wanted->input, ".las"))
        wanted->output_kind = SCREE_ENRICH_OUTPUT_LAZ;
}

/* What a job is, or has done. */
static void tell_file(const struct common_options *common,
                      const struct scree_enrich_options *wanted, const struct scree_enrich_job *job,
                      const struct scree_enrich_result *result, const struct spent *outcome)
{
    if (common->json) {
        cJSON *document = json_document("enrich");
        json_text(document, "input", wanted->input);
        json_text(document, "output", wanted->output);
        enrich_plan_json(document, scree_enrich_plan(job));
        if (!common->dry_run)
            enrich_result_json(document, result);
        enrich_outcome_json(document, outcome);
        json_print(document);
    } else if (common->dry_run) {
        enrich_plan_text(wanted->input, scree_enrich_plan(job), outcome);
    }
    if (!common->dry_run && !common->quiet)
        enrich_summary_text(wanted->output, result, outcome);
}

static enum scree_status run_file(struct session *session, struct locations *locations,
                                  const struct enrich_arguments *arguments,
                                  struct scree_enrich_options *wanted, struct scree_error *err)
{
    const struct common_options *common = &arguments->common;
    struct scree_enrich_job *job = NULL;
    struct scree_enrich_result result;
    char report[4096], map[4096];
    kind_by_name(wanted);
    if (wants_reports(arguments, wanted) && !scree_location_is_remote(wanted->output)) {
        const int length = (int)strlen(wanted->output) - 4;
        snprintf(report, sizeof report, "%.*s.enrich.json", length, wanted->output);
        snprintf(map, sizeof map, "%.*s.enrich.png", length, wanted->output);
        wanted->report = report;
        wanted->map = map;
    }
    enum scree_status status = locations_prepare(locations, wanted->input, err);
    if (status == SCREE_OK)
        status = locations_prepare(locations, wanted->output, err);
    if (status == SCREE_OK)
        status = scree_enrich_open(session->context, wanted, &job, err);
    if (status == SCREE_OK && !common->dry_run)
        status = scree_enrich_run(job, &result, err);
    const struct spent outcome = spent_of(session);
    progress_finish(&session->progress);
    if (status == SCREE_OK)
        tell_file(common, wanted, job, &result, &outcome);
    scree_enrich_close(job);
    wanted->report = wanted->map = NULL; /* they are ours */
    return status;
}

/* -------------------------------------------------------------------------------------- many files */

struct batch_inputs {
    struct scree_path_list files;
    const char **paths;
    uint64_t count;
};

/* Folders stay folders, for their trees are mirrored; patterns and lists become files. */
static enum scree_status find_inputs(char **words, int count, struct batch_inputs *inputs,
                                     struct scree_error *err)
{
    static const char *const endings[] = {".las", ".laz", NULL};
    enum scree_status status = SCREE_OK;
    for (int i = 0; i < count && status == SCREE_OK; i++)
        if (!is_folder(words[i]))
            status = scree_paths_expand(words[i], endings, &inputs->files, err);
    inputs->paths = malloc((inputs->files.count + (uint64_t)count) * sizeof *inputs->paths);
    if (inputs->paths == NULL)
        status_out_of_memory();
    for (int i = 0; i < count; i++)
        if (is_folder(words[i]))
            inputs->paths[inputs->count++] = words[i];
    for (uint64_t i = 0; i < inputs->files.count; i++)
        inputs->paths[inputs->count++] = inputs->files.paths[i];
    return status;
}

struct listener {
    struct session *session;
    const struct common_options *common;
    cJSON *files; /* NULL: no document is wanted */
    struct enrich_standing standing;
};

static void hear(void *user, const struct scree_enrich_file *file)
{
    struct listener *listener = user;
    const bool failed = file->outcome == SCREE_ENRICH_FAILED;
    if (listener->files != NULL)
        enrich_file_json(listener->files, file);
    enrich_standing_add(&listener->standing, file);
    if (listener->common->quiet && !failed)
        return;
    progress_pause(&listener->session->progress);
    enrich_file_text(file, listener->common->dry_run > 0);
}

static enum scree_status
run_folder(struct session *session, const struct enrich_arguments *arguments,
           const struct scree_enrich_options *wanted, const struct batch_inputs *inputs,
           const char *output, struct scree_enrich_batch_result *result, struct scree_error *err)
{
    const struct common_options *common = &arguments->common;
    struct scree_enrich_batch_options batch;
    cJSON *document = common->json ? json_document("enrich") : NULL;
    struct listener listener = {.session = session, .common = common};
    listener.files = document != NULL ? json_array(document, "files") : NULL;
    scree_enrich_batch_options_init(&batch);
    batch.each = wanted;
    batch.inputs = inputs->paths;
    batch.input_count = inputs->count;
    batch.output_folder = output;
    batch.redo = common->force > 0;
    batch.dry_run = common->dry_run > 0;
    batch.reports = batch.maps = wants_reports(arguments, wanted);
    batch.user = &listener;
    batch.file = hear;
    enum scree_status status = scree_enrich_batch(session->context, &batch, result, err);
    const struct spent outcome = spent_of(session);
    progress_finish(&session->progress);
    if (document != NULL && status == SCREE_OK) {
        enrich_batch_json(document, result);
        enrich_standing_json(document, &listener.standing);
        enrich_outcome_json(document, &outcome);
        json_print(document);
    } else if (document != NULL) {
        cJSON_Delete(document);
    }
    if (status == SCREE_OK && !common->quiet)
        enrich_batch_text(result, &outcome, batch.dry_run);
    if (status == SCREE_OK && !common->quiet)
        enrich_standing_text(&listener.standing);
    enrich_standing_release(&listener.standing);
    return status;
}

/* ------------------------------------------------------------------------------------------- whole */

static bool is_one_file(int count, char **words, const char *output)
{
    return count == 1 && !is_folder(words[0]) && !is_folder(output) &&
           (ends_in(output, ".las") || ends_in(output, ".laz")) && words[0][0] != '@' &&
           strpbrk(words[0], "*?[") == NULL;
}

static enum scree_status work(struct session *session, struct locations *locations,
                              const struct enrich_arguments *arguments,
                              struct scree_enrich_options *wanted, char **words, int count,
                              struct scree_enrich_batch_result *result, struct scree_error *err)
{
    static const char *const endings[] = {".las", ".laz", NULL};
    struct scree_path_list context = {0};
    const char *output = words[count - 1];
    enum scree_status status = SCREE_OK;
    locations_begin(locations, &arguments->common, session->context);
    wanted->source_options = &locations->source;
    wanted->sink_options = &locations->sink;
    if (arguments->context != NULL)
        status = scree_paths_expand(arguments->context, endings, &context, err);
    wanted->context_files = (const char *const *)context.paths;
    wanted->context_count = context.count;
    if (status == SCREE_OK && is_one_file(count - 1, words, output)) {
        wanted->input = words[0];
        wanted->output = output;
        status = run_file(session, locations, arguments, wanted, err);
    } else if (status == SCREE_OK) {
        struct batch_inputs inputs = {0};
        status = find_inputs(words, count - 1, &inputs, err);
        if (status == SCREE_OK)
            status = run_folder(session, arguments, wanted, &inputs, output, result, err);
        scree_path_list_release(&inputs.files);
        free(inputs.paths);
    }
    scree_path_list_release(&context);
    return status;
}

static int run(int argc, char **argv)
{
    struct enrich_arguments arguments = {.k = K_NOT_GIVEN};
    struct scree_enrich_options wanted;
    struct scree_enrich_batch_result result = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct locations locations = {0};
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_enrich, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at < 2)
        return options_misuse(&command_enrich, "expected inputs and an output, got %s",
                              argc == at ? "nothing" : "only one of them");
    scree_enrich_options_init(&wanted);
    const int code = set_options(&arguments, &wanted);
    if (code != EXIT_CODE_DONE)
        return code;
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status =
            work(&session, &locations, &arguments, &wanted, argv + at, argc - at, &result, &err);
    session_end(&session);
    locations_end(&locations);
    if (status != SCREE_OK)
        return (int)status_report(status, &err);
    return result.failed_count > 0 ? EXIT_CODE_PARTLY : EXIT_CODE_DONE;
}

const struct command command_enrich = {
    .name = "enrich",
    .synopsis = "IN... OUT",
    .summary = "add what each point's surroundings look like to LAS, LAZ and COPC files",
    .about =
        "Adds geometric features to every point as extra dimensions: normal, linearity, planarity, "
        "roughness, density, height above ground and more, from its exact nearest neighbours in "
        "the "
        "whole survey: the file and the files around it. Results are the same bits whatever the "
        "tiling, threads or memory. Order, format, header, VLRs and every byte of a record stay; "
        "enriching again replaces, --strip takes the features away.\n"
        "One file becomes one file. A folder (or several inputs, a pattern in quotes, @list.txt) "
        "becomes a folder with the same tree, with *.json, *.txt and *.prj beside; what is done "
        "already is skipped, what fails is listed and does not stop the rest (exit code 4). The "
        "journal is OUT/.scree-enrich.jsonl.\n"
        "Formula, neighbours and unit stand in each dimension's description, all parameters in the "
        "VLR scree/1. What has no value is -9999 (compact: the no_data of the descriptor), never "
        "NaN.",
    .example = "scree enrich tiles/ enriched/ --mode building --memory 2G",
    .options = options,
    .run = run};
