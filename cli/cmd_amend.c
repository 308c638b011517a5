/* cmd_amend.c - scree amend: a temporal index, the CRS, a true header, for a COPC file that is
 * there. */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/copc.h"

#include <stdio.h>

struct amend_arguments {
    struct common_options common;
    uint64_t temporal_index;
    const char *crs, *output;
    unsigned repair_header;
};

#define AT(member) offsetof(struct amend_arguments, member)

static const struct option_entry options[] = {
    COMMON_TEMPORAL_INDEX(AT(temporal_index)),
    {"crs", 0, "TEXT", OPTION_TEXT, AT(crs), 0, 0,
     "set the coordinate reference system: EPSG:2154, EPSG:2154+5720, WKT or a PROJ string; "
     "nothing "
     "is reprojected"},
    {"repair-header", 0, NULL, OPTION_FLAG, AT(repair_header), 0, 0,
     "set point counts, counts by return, bounds and GPS time range to what the points have"},
    {"output", 'o', "FILE", OPTION_TEXT, AT(output), 0, 0,
     "write a copy, and leave the file as it is"},
    COMMON_FORCE,
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_TMP("folder for samples that do not fit --memory; beside the output unless given"),
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

struct listener {
    struct session *session;
    cJSON *changes; /* NULL: lines on stderr */
    bool quiet;
};

static void on_change(void *user, const char *what)
{
    struct listener *listener = user;
    if (listener->changes != NULL) {
        json_text(listener->changes, NULL, what);
        return;
    }
    if (listener->quiet)
        return;
    progress_pause(&listener->session->progress);
    fputs("  ", stderr);
    put_clean(stderr, what);
    fputc('\n', stderr);
}

static void summary_text(const char *path, const char *output,
                         const struct scree_amend_result *result)
{
    put_clean(stderr, output != NULL ? output : path);
    if (result->change_count == 0)
        fprintf(stderr, ": %s\n",
                output != NULL ? "a copy, nothing to change" : "nothing to change");
    else
        fprintf(stderr, ": %s change%s %s, %s points in %s node%s\n",
                count_text(result->change_count).text, plural(result->change_count),
                result->in_place ? "in place"
                : output != NULL ? "in a copy"
                                 : "in a new file under the old name",
                count_text(result->point_count).text, count_text(result->node_count).text,
                plural(result->node_count));
}

static void summary_json(cJSON *document, const struct session *session, const char *path,
                         const char *output, const struct scree_amend_result *result,
                         cJSON *changes)
{
    json_text(document, "file", path);
    json_text(document, "output", output != NULL ? output : path);
    json_bool(document, "in_place", result->in_place);
    json_u64(document, "points", result->point_count);
    json_u64(document, "nodes", result->node_count);
    json_u64(document, "temporal_stride", result->temporal_stride);
    json_u64(document, "bytes_before", result->bytes_before);
    json_u64(document, "bytes_after", result->bytes_after);
    json_u64(document, "peak_budget_bytes", scree_context_peak_bytes(session->context));
    json_u64(document, "peak_resident_bytes", session_peak_resident_bytes());
    json_adopt(document, "changes", changes);
    json_print(document);
}

static enum scree_status amend(struct session *session, const struct amend_arguments *arguments,
                               const char *path, struct scree_error *err)
{
    struct scree_amend_options wanted;
    struct scree_amend_result result;
    struct listener listener = {session, NULL, arguments->common.quiet > 0};
    if (arguments->common.json) {
        listener.changes = cJSON_CreateArray();
        if (listener.changes == NULL)
            status_out_of_memory();
    }
    scree_amend_options_init(&wanted);
    wanted.path = path;
    wanted.output = arguments->output;
    wanted.replace = arguments->common.force > 0;
    wanted.temporal_stride = arguments->temporal_index == OPTION_AUTO_VALUE
                                 ? SCREE_TEMPORAL_AUTO
                                 : (uint32_t)arguments->temporal_index;
    wanted.crs = arguments->crs;
    wanted.repair_header = arguments->repair_header > 0;
    wanted.scratch_folder = arguments->common.tmp;
    wanted.user = &listener;
    wanted.change = on_change;
    enum scree_status status = scree_amend(session->context, &wanted, &result, err);
    progress_finish(&session->progress);
    if (status != SCREE_OK)
        cJSON_Delete(listener.changes);
    else if (listener.changes != NULL)
        summary_json(json_document("amend"), session, path, arguments->output, &result,
                     listener.changes);
    else if (!arguments->common.quiet)
        summary_text(path, arguments->output, &result);
    return status;
}

static int run(int argc, char **argv)
{
    struct amend_arguments arguments = {0};
    struct session session = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_amend, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at != 1)
        return options_misuse(&command_amend, "expected one file, got %d", argc - at);
    if (arguments.temporal_index == 0 && arguments.crs == NULL && arguments.repair_header == 0)
        return options_misuse(&command_amend,
                              "what is to be changed? (--temporal-index, --crs, --repair-header)");
    if (arguments.output != NULL && arguments.output[0] == '\0')
        return options_misuse(&command_amend, "--output: expected a file");
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = amend(&session, &arguments, argv[at], &err);
    session_end(&session);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

const struct command command_amend = {
    .name = "amend",
    .synopsis = "FILE.copc.laz",
    .summary = "add a temporal index to a COPC file, set its CRS, repair its header",
    .about = "Changes a COPC file, whoever wrote it, without touching its points. A temporal index "
             "is appended in place, and so is what the header says; another CRS means a new file "
             "under the old name. Either way the file is the old one or the new one at any moment, "
             "also when the program is killed.",
    .example = "scree amend city.copc.laz --temporal-index auto",
    .options = options,
    .run = run};
