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
    COMMON_VERBOSE("show up to ten findings of each rule, not two"),
    COMMON_END};

/* So that a file with many faults of a few kinds still fits one screen. */
#define SHOWN_A_RULE 2u
#define RULES_MAX 128u

/* How often a rule was broken; one name can come with both severities. */
struct tally {
    const char *rule;
    enum scree_severity severity;
    uint64_t count, shown;
};

/* Where the findings of one file go. */
struct judgement {
    struct session *session;
    const char *prefix; /* the file's name where there are several, else NULL */
    cJSON *findings;    /* NULL: lines on stdout */
    uint64_t shown_max; /* lines a rule */
    struct tally tallies[RULES_MAX];
    unsigned tally_count;
};

static const char *severity_name(enum scree_severity severity)
{
    return severity == SCREE_FINDING_ERROR ? "error" : "warning";
}

static struct tally *tally_of(struct judgement *judgement, const struct scree_finding *finding)
{
    for (unsigned i = 0; i < judgement->tally_count; i++) {
        struct tally *tally = &judgement->tallies[i];
        if (tally->severity == finding->severity && strcmp(tally->rule, finding->rule) == 0)
            return tally;
    }
    if (judgement->tally_count == RULES_MAX)
        return &judgement->tallies[RULES_MAX - 1];
    struct tally *tally = &judgement->tallies[judgement->tally_count++];
    *tally = (struct tally){finding->rule, finding->severity, 0, 0};
    return tally;
}

/* Those that were not shown, rule by rule. */
static void say_rest(const struct judgement *judgement)
{
    for (unsigned i = 0; i < judgement->tally_count; i++) {
        const struct tally *tally = &judgement->tallies[i];
        if (tally->count > tally->shown)
            printf("%s%s%s %s: ... and %s more\n",
                   judgement->prefix != NULL ? judgement->prefix : "",
                   judgement->prefix != NULL ? ": " : "",
                   tally->severity == SCREE_FINDING_ERROR ? "ERROR" : "WARNING", tally->rule,
                   count_text(tally->count - tally->shown).text);
    }
}

static void on_finding(void *user, const struct scree_finding *finding)
{
    struct judgement *judgement = user;
    struct tally *tally = tally_of(judgement, finding);
    unsigned long long more = 0;
    if (sscanf(finding->message, "... and %llu more", &more) == 1) {
        tally->count += more; /* what the library has only counted */
        return;
    }
    tally->count++;
    if (judgement->findings != NULL) {
        cJSON *object = json_object(judgement->findings, NULL);
        json_text(object, "severity", severity_name(finding->severity));
        json_text(object, "rule", finding->rule);
        json_text(object, "message", finding->message);
        json_text(object, "minds", finding->minds);
        return;
    }
    if (tally->shown == judgement->shown_max)
        return;
    tally->shown++;
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
    if (report->temporal_stride > 0)
        printf(", indexed by time with a stride of %s", count_text(report->temporal_stride).text);
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
    json_u64(file, "temporal_stride", report->temporal_stride);
    json_u64(file, "temporal_pages", report->temporal_page_count);
}

/* With true counts: of each rule ten findings at most are told one by one. */
static void rules_json(cJSON *file, const struct judgement *judgement)
{
    cJSON *rules = json_array(file, "rules");
    for (unsigned i = 0; i < judgement->tally_count; i++) {
        const struct tally *tally = &judgement->tallies[i];
        cJSON *rule = json_object(rules, NULL);
        json_text(rule, "severity", severity_name(tally->severity));
        json_text(rule, "rule", tally->rule);
        json_u64(rule, "count", tally->count);
    }
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
    struct judgement judgement = {.session = session,
                                  .prefix = several ? shown.text : NULL,
                                  .shown_max = arguments->common.verbose > 0 ? 10 : SHOWN_A_RULE};
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
        rules_json(file, &judgement);
    } else {
        say_rest(&judgement);
        verdict_text(shown.text, &report);
    }
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
