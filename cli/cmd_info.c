/* cmd_info.c - scree info: what is in a file. */
#include "cli/command.h"
#include "cli/info.h"
#include "cli/inputs.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>

struct info_arguments {
    struct common_options common;
    unsigned nodes;
};

#define AT(member) offsetof(struct info_arguments, member)

static const struct option_entry options[] = {
    {"nodes", 0, NULL, OPTION_FLAG, AT(nodes), 0, 0,
     "list the nodes of a COPC file: level-x-y-z, points, offset and bytes in the file"},
    COMMON_REMOTE,
    COMMON_JSON,
    COMMON_VERBOSE("show the coordinate reference system as WKT; say what remote files took"),
    COMMON_END};

static enum exit_code show(struct locations *locations, const struct info_arguments *arguments,
                           const char *path, cJSON *files)
{
    struct info info;
    struct scree_error err = SCREE_ERROR_INIT;
    cJSON *file = NULL;
    if (files != NULL) {
        file = json_object(files, NULL);
        json_text(file, "file", locations_shown(path).text);
    }
    enum scree_status status = info_open(&info, path, locations, &err);
    /* A hierarchy that cannot be read leaves the rest worth showing. */
    if (info.header != NULL && file != NULL)
        info_json(&info, arguments->nodes > 0, file);
    else if (info.header != NULL)
        info_text(&info, arguments->common.verbose > 0, arguments->nodes > 0);
    locations_say_statistics(locations, info.source);
    info_release(&info);
    if (status == SCREE_OK)
        return EXIT_CODE_DONE;
    if (file != NULL)
        json_text(file, "error", err.message);
    return status_report(status, &err);
}

static int run(int argc, char **argv)
{
    struct info_arguments arguments = {.common = {.threads = 1, .progress = PROGRESS_NONE}};
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_info, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (at == argc)
        return options_misuse(&command_info, "no file is named");

    struct session session;
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status != SCREE_OK)
        return status_report(status, &err);
    struct inputs inputs;
    status = inputs_find_each(&inputs, argv + at, (uint64_t)(argc - at), &err);
    if (status != SCREE_OK) {
        inputs_release(&inputs);
        session_end(&session);
        return status_report(status, &err);
    }
    struct locations locations;
    locations_begin(&locations, &arguments.common, session.context);
    cJSON *document = arguments.common.json ? json_document("info") : NULL;
    cJSON *files = document != NULL ? json_array(document, "files") : NULL;
    bool several = inputs.count > 1;
    int code = EXIT_CODE_DONE;
    for (uint64_t i = 0; i < inputs.count && !session_interrupted(); i++) {
        if (i > 0 && files == NULL)
            putchar('\n');
        enum exit_code one = show(&locations, &arguments, inputs.paths[i], files);
        if (one != EXIT_CODE_DONE)
            code = several ? EXIT_CODE_PARTLY : (int)one;
    }
    if (session_interrupted())
        code = EXIT_CODE_INTERRUPTED;
    locations_end(&locations);
    inputs_release(&inputs);
    session_end(&session);
    if (document != NULL)
        json_print(document);
    return code;
}

const struct command command_info = {
    .name = "info",
    .synopsis = "IN...",
    .summary = "show what is in LAS, LAZ and COPC files",
    .about = "Shows what is in LAS, LAZ and COPC files: header, coordinate reference system, "
             "records, extra bytes, compression, and the octree of COPC files with the points of "
             "each level. IN is a file, a folder, a pattern, a list (@list.txt), or a location. No "
             "point is decoded.",
    .example = "scree info city.copc.laz",
    .options = options,
    .run = run};
