/* cmd_validate.c - scree validate: does a file keep the rules of LAS, LAZ and COPC? */
#include "cli/command.h"
#include "cli/inputs.h"
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
    COMMON_VERBOSE("show up to ten findings of each rule, not two; of several files, too"),
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
    uint64_t shown_max; /* lines a rule; 0: the rules are named with the verdict */
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

/* Of several files: the rules that one broke, behind its verdict. */
static void name_rules(const struct judgement *judgement, enum scree_severity severity)
{
    const char *before = severity == SCREE_FINDING_ERROR ? "; errors: " : "; warnings: ";
    for (unsigned i = 0; i < judgement->tally_count; i++) {
        const struct tally *tally = &judgement->tallies[i];
        if (tally->severity != severity)
            continue;
        printf("%s%s", before, tally->rule);
        if (tally->count > 1)
            printf(" (%s)", count_text(tally->count).text);
        before = ", ";
    }
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
    if (tally->shown >= judgement->shown_max)
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

static void verdict_text(const char *path, const struct scree_validate_report *report,
                         const struct judgement *judgement)
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
    printf(", %s error%s, %s warning%s", count_text(report->error_count).text,
           plural(report->error_count), count_text(report->warning_count).text,
           plural(report->warning_count));
    if (judgement->shown_max == 0) {
        name_rules(judgement, SCREE_FINDING_ERROR);
        name_rules(judgement, SCREE_FINDING_WARNING);
    }
    putchar('\n');
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

/* All files of a call. */
struct batch {
    struct session session;
    struct locations locations;
    struct inputs inputs;
    const struct validate_arguments *arguments;
    cJSON *files; /* NULL: text */
    uint64_t valid_count, broken_count, failed_count;
};

static struct judgement judgement_of(struct batch *batch, const char *shown)
{
    bool several = batch->inputs.count > 1;
    struct judgement judgement = {.session = &batch->session, .prefix = several ? shown : NULL};
    if (batch->arguments->common.verbose > 0)
        judgement.shown_max = 10;
    else
        judgement.shown_max = several ? 0 : SHOWN_A_RULE;
    return judgement;
}

static enum scree_status examine(struct batch *batch, const char *path, struct judgement *judgement,
                                 struct scree_validate_report *report, struct scree_error *err)
{
    struct scree_source *source = NULL;
    struct scree_validate_options wanted;
    scree_validate_options_init(&wanted);
    wanted.shallow = batch->arguments->shallow > 0;
    wanted.user = judgement;
    wanted.finding = on_finding;
    enum scree_status status = locations_open(&batch->locations, path, &source, err);
    if (status == SCREE_OK)
        status = scree_validate(batch->session.context, source, &wanted, report, err);
    locations_say_statistics(&batch->locations, source);
    scree_source_close(source);
    progress_finish(&batch->session.progress);
    return status;
}

/* Judges one file. Returns how a call for it alone would end. */
static enum exit_code judge(struct batch *batch, const char *path)
{
    const struct shown_location shown = locations_shown(path);
    struct scree_validate_report report = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct judgement judgement = judgement_of(batch, shown.text);
    cJSON *file = NULL;
    if (batch->files != NULL) {
        file = json_object(batch->files, NULL);
        json_text(file, "file", shown.text);
        judgement.findings = cJSON_CreateArray();
        if (judgement.findings == NULL)
            status_out_of_memory();
    }
    enum scree_status status = examine(batch, path, &judgement, &report, &err);
    if (status != SCREE_OK) {
        batch->failed_count += status != SCREE_E_CANCELLED;
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
        if (judgement.shown_max > 0)
            say_rest(&judgement);
        verdict_text(shown.text, &report, &judgement);
    }
    if (report.error_count == 0)
        batch->valid_count++;
    else
        batch->broken_count++;
    return report.error_count == 0 ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}

/* A file that is not valid outweighs one of which nothing is known. */
static int judge_all(struct batch *batch)
{
    enum exit_code one = EXIT_CODE_DONE;
    for (uint64_t i = 0; i < batch->inputs.count && one != EXIT_CODE_INTERRUPTED; i++) {
        one = judge(batch, batch->inputs.paths[i]);
        if (session_interrupted())
            one = EXIT_CODE_INTERRUPTED;
    }
    if (one == EXIT_CODE_INTERRUPTED || batch->inputs.count == 1)
        return one;
    if (batch->broken_count > 0)
        return EXIT_CODE_FAILED;
    return batch->failed_count > 0 ? EXIT_CODE_PARTLY : EXIT_CODE_DONE;
}

static void summarize_text(const struct batch *batch)
{
    if (batch->inputs.count == 1 || batch->files != NULL)
        return;
    printf("%s files: %s valid, %s not valid, %s not readable",
           count_text(batch->inputs.count).text, count_text(batch->valid_count).text,
           count_text(batch->broken_count).text, count_text(batch->failed_count).text);
    uint64_t judged = batch->valid_count + batch->broken_count + batch->failed_count;
    if (judged < batch->inputs.count)
        printf(", %s not looked at", count_text(batch->inputs.count - judged).text);
    putchar('\n');
}

static void summarize_json(const struct batch *batch, cJSON *document)
{
    json_u64(document, "files_valid", batch->valid_count);
    json_u64(document, "files_not_valid", batch->broken_count);
    json_u64(document, "files_not_readable", batch->failed_count);
    json_print(document);
}

static int run(int argc, char **argv)
{
    struct validate_arguments arguments = {0};
    struct batch batch = {.arguments = &arguments};
    int at = 0;
    enum parse_outcome outcome = options_parse(&command_validate, argc, argv, &arguments, &at);
    if (outcome != PARSE_RUN)
        return outcome == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (at == argc)
        return options_misuse(&command_validate, "no file is named");

    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = session_begin(&batch.session, &arguments.common, &err);
    if (status != SCREE_OK)
        return status_report(status, &err);
    int code = EXIT_CODE_DONE;
    status = inputs_find_each(&batch.inputs, argv + at, (uint64_t)(argc - at), &err);
    if (status == SCREE_OK) {
        locations_begin(&batch.locations, &arguments.common, batch.session.context);
        cJSON *document = arguments.common.json ? json_document("validate") : NULL;
        batch.files = document != NULL ? json_array(document, "files") : NULL;
        code = judge_all(&batch);
        summarize_text(&batch);
        locations_end(&batch.locations);
        if (document != NULL)
            summarize_json(&batch, document);
    } else {
        code = status_report(status, &err);
    }
    inputs_release(&batch.inputs);
    session_end(&batch.session);
    return code;
}

const struct command command_validate = {
    .name = "validate",
    .synopsis = "IN...",
    .summary = "check files against the rules of LAS, LAZ and COPC 1.0",
    .about =
        "Checks files against the rules of LAS and LAZ, and of COPC 1.0 where a file is or claims "
        "to be one. All points are decoded. IN is a file, a folder, a pattern in quotes, "
        "@list.txt, "
        "or a location. There is a line for each violation: its rule, what and where, and which "
        "readers are known to mind; then a verdict. Of several files there is one line each, which "
        "names the rules, and a last one that counts them. The exit code is 0 when no file has "
        "errors; warnings do not count.",
    .example = "scree validate city.copc.laz",
    .options = options,
    .run = run};
