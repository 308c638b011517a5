/* cmd_validate.c - scree validate: does a file keep the rules of LAS, LAZ and COPC? */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"
#include "scree/copc.h"

#include <stdio.h>
#include <string.h>

struct validate_arguments {
    struct common_options common;
    unsigned shallow;
};

#define AT(member) offsetof(struct validate_arguments, member)

static const struct option_entry options[] = {
    {"shallow", 0, NULL, OPTION_FLAG, AT(shallow), 0, 0,
     "decode only the first point of each chunk: quick, but misses damage inside"},
    COMMON_REMOTE,
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

/* Where the findings of one file go. */
struct judgement {
    struct session *session;
    const char *prefix; /* the file's name where there are several, else NULL */
    cJSON *findings;    /* NULL: lines on stdout */
};

static const char *severity_name(enum scree_severity severity)
{
    return severity == SCREE_FINDING_ERROR ? "error" : "warning";
}

static void on_finding(void *user, const struct scree_finding *finding)
{
    struct judgement *judgement = user;
    if (judgement->findings != NULL) {
        cJSON *object = json_object(judgement->findings, NULL);
        json_text(object, "severity", severity_name(finding->severity));
        json_text(object, "rule", finding->rule);
        json_text(object, "message", finding->message);
        json_text(object, "minds", finding->minds);
        return;
    }
    progress_pause(&judgement->session->progress);
    if (judgement->prefix != NULL) {
        put_clean(stdout, judgement->prefix);
        fputs(": ", stdout);
    }
    printf("%s %s: ", finding->severity == SCREE_FINDING_ERROR ? "ERROR" : "WARNING",
           finding->rule);
    put_clean(stdout, finding->message);
    if (finding->minds[0] != '\0')
        printf(" (minds: %s)", finding->minds);
    putchar('\n');
}

static const char *kind_name(const struct scree_validate_report *report)
{
    return report->is_copc ? "COPC 1.0" : report->is_laz ? "LAZ" : "LAS";
}

static void verdict_text(const char *path, const struct scree_validate_report *report)
{
    put_clean(stdout, path);
    printf(": %s %s: %s point%s", report->error_count == 0 ? "valid" : "NOT valid",
           kind_name(report), count_text(report->point_count).text, plural(report->point_count));
    if (report->is_copc)
        printf(" in %s node%s", count_text(report->node_count).text, plural(report->node_count));
    if (report->points_checked != report->point_count)
        printf(" (%s decoded)", count_text(report->points_checked).text);
    printf(", %s error%s, %s warning%s\n", count_text(report->error_count).text,
           plural(report->error_count), count_text(report->warning_count).text,
           plural(report->warning_count));
}

static void verdict_json(cJSON *file, const struct scree_validate_report *report)
{
    json_bool(file, "valid", report->error_count == 0);
    json_text(file, "kind", kind_name(report));
    json_u64(file, "errors", report->error_count);
    json_u64(file, "warnings", report->warning_count);
    json_u64(file, "points", report->point_count);
    json_u64(file, "points_checked", report->points_checked);
    json_u64(file, "nodes", report->node_count);
    json_u64(file, "pages", report->page_count);
}

static enum exit_code judge(struct session *session, struct locations *locations,
                            const struct validate_arguments *arguments, const char *path,
                            bool several, cJSON *files)
{
    const struct shown_location shown = locations_shown(path);
    struct scree_source *source = NULL;
    struct scree_validate_report report = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_validate_options wanted;
    struct judgement judgement = {session, several ? shown.text : NULL, NULL};
    cJSON *file = NULL;
    if (files != NULL) {
        file = json_object(files, NULL);
        json_text(file, "file", shown.text);
        judgement.findings = cJSON_CreateArray();
        if (judgement.findings == NULL)
            status_out_of_memory();
    }
    scree_validate_options_init(&wanted);
    wanted.shallow = arguments->shallow > 0;
    wanted.user = &judgement;
    wanted.finding = on_finding;
    enum scree_status status = locations_open(locations, path, &source, &err);
    if (status == SCREE_OK)
        status = scree_validate(session->context, source, &wanted, &report, &err);
    locations_say_statistics(locations, source);
    scree_source_close(source);
    progress_finish(&session->progress);
    if (status != SCREE_OK) {
        if (file != NULL)
            json_text(file, "error", err.message);
        cJSON_Delete(judgement.findings);
        return status_report(status, &err);
    }
    if (file != NULL) {
        verdict_json(file, &report);
        json_adopt(file, "findings", judgement.findings);
    } else
        verdict_text(shown.text, &report);
    return report.error_count == 0 ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}

static int run(int argc, char **argv)
{
    struct validate_arguments arguments = {0};
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_validate, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (at == argc)
        return options_misuse(&command_validate, "no file is named");

    struct session session;
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status != SCREE_OK)
        return status_report(status, &err);
    struct locations locations;
    locations_begin(&locations, &arguments.common, session.context);
    cJSON *document = arguments.common.json ? json_document("validate") : NULL;
    cJSON *files = document != NULL ? json_array(document, "files") : NULL;
    bool several = argc - at > 1;
    int code = EXIT_CODE_DONE;
    for (int i = at; i < argc; i++) {
        enum exit_code one = judge(&session, &locations, &arguments, argv[i], several, files);
        if (one != EXIT_CODE_DONE)
            code = several && one != EXIT_CODE_INTERRUPTED ? EXIT_CODE_FAILED : (int)one;
        if (session_interrupted()) {
            code = EXIT_CODE_INTERRUPTED;
            break;
        }
    }
    locations_end(&locations);
    session_end(&session);
    if (document != NULL)
        json_print(document);
    return code;
}

const struct command command_validate = {
    .name = "validate",
    .synopsis = "FILE...",
    .summary = "check files against the rules of LAS, LAZ and COPC 1.0",
    .about =
        "Checks files against the rules of LAS and LAZ, and of COPC 1.0 where a file is or claims "
        "to be one. All points are decoded. There is a line for each violation: its rule, what and "
        "where, and which readers are known to mind; then a verdict. The exit code is 0 when no "
        "file has errors, else 1; warnings do not count.",
    .example = "scree validate city.copc.laz",
    .options = options,
    .run = run};
