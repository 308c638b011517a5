/* cmd_index_append.c - scree index append: rows that come later, as a further segment. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

struct append_arguments {
    struct common_options common;
    const char *ids, *tags;
    uint64_t dim;
    unsigned format, skip_invalid;
};

#define AT(member) offsetof(struct append_arguments, member)

static const struct option_entry options[] = {
    {"ids", 0, "FILE", OPTION_TEXT, AT(ids), 0, 0,
     "ids of the rows: a whole number a line, or npy of whole numbers (default: on from the "
     "largest of the index); those that the index has are replaced"},
    INDEX_TAGS(AT(tags)),
    INDEX_SKIP_INVALID(AT(skip_invalid)),
    {"format", 0, INDEX_FORMATS, OPTION_CHOICE, AT(format), 0, 0,
     "of the inputs (default: by their names); f4, f2, f8, u1: plain numbers"},
    {"dim", 0, "N", OPTION_INTEGER, AT(dim), SCREE_VECTORS_DIM_MIN, SCREE_VECTORS_DIM_MAX,
     "dimensions that are expected (default: those of the index)"},
    {"dry-run", 'n', NULL, OPTION_FLAG, COMMON_AT(dry_run), 0, 0,
     "check the inputs, write nothing"},
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_TMP("folder for scratch, 4 bytes a row; beside the index unless given"),
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("say more of what is done"),
    COMMON_END};

static void say(const struct common_options *common, const char *path,
                const struct scree_vectors_build_plan *plan,
                const struct scree_vectors_build_result *result)
{
    uint64_t rows = plan->row_count, skipped = 0;
    for (uint32_t i = 0; i < plan->column_count && result != NULL; i++)
        skipped += result->columns[i].skipped_count;
    if (common->json) {
        cJSON *document = json_document("index append");
        json_text(document, "file", path);
        json_u64(document, "rows", rows);
        json_u64(document, "floor_bytes", plan->floor_bytes);
        if (result != NULL) {
            json_u64(document, "skipped", skipped);
            json_u64(document, "replaced", result->replaced_count);
            json_u64(document, "output_bytes", result->output_bytes);
            json_u64(document, "peak_resident_bytes", session_peak_resident_bytes());
        }
        json_print(document);
    } else if (!common->quiet) {
        put_clean(stderr, path);
        fprintf(stderr, ": %s rows", count_text(rows).text);
        if (result != NULL)
            fprintf(stderr, " in a segment of %s, %s left out, %s ids replaced",
                    size_text(result->output_bytes).text, count_text(skipped).text,
                    count_text(result->replaced_count).text);
        fputc('\n', stderr);
    }
}

static enum scree_status work(struct session *session, const struct common_options *common,
                              struct locations *locations,
                              struct scree_vectors_build_options *wanted, struct scree_error *err)
{
    struct scree_vectors_build_job *job = NULL;
    struct scree_vectors_build_result result;
    enum scree_status status = SCREE_OK;
    locations_begin(locations, common, session->context);
    for (uint32_t i = 0; i < wanted->column_count && status == SCREE_OK; i++) {
        if (wanted->columns[i].input.location != NULL)
            status = locations_prepare(locations, wanted->columns[i].input.location, err);
    }
    if (status == SCREE_OK && wanted->ids != NULL)
        status = locations_prepare(locations, wanted->ids, err);
    if (status == SCREE_OK && wanted->tags != NULL)
        status = locations_prepare(locations, wanted->tags, err);
    wanted->source_options = &locations->source;
    wanted->sink_options = &locations->sink;
    if (status == SCREE_OK)
        status = scree_vectors_build_open(session->context, wanted, &job, err);
    if (status == SCREE_OK && !common->dry_run)
        status = scree_vectors_build_run(job, &result, err);
    progress_finish(&session->progress);
    if (status == SCREE_OK)
        say(common, wanted->output, scree_vectors_build_plan(job),
            common->dry_run ? NULL : &result);
    scree_vectors_build_close(job);
    return status;
}

static int run(int argc, char **argv)
{
    static char names[SCREE_VECTORS_COLUMNS_MAX][65];
    static struct scree_vectors_column_options columns[SCREE_VECTORS_COLUMNS_MAX];
    struct append_arguments arguments = {0};
    struct scree_vectors_build_options wanted;
    struct scree_error err = SCREE_ERROR_INIT;
    struct session session = {0};
    struct locations locations = {0};
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_append, argc, argv, &arguments, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at < 2 || argc - at - 1 > (int)SCREE_VECTORS_COLUMNS_MAX)
        return options_misuse(&command_index_append, "expected inputs and an index");
    uint32_t count = (uint32_t)(argc - at - 1);
    if (!index_columns(&command_index_append, argv + at, count, NULL, NULL, NULL, NULL, columns,
                       names))
        return EXIT_CODE_USAGE;
    scree_vectors_build_options_init(&wanted);
    for (uint32_t i = 0; i < count; i++) {
        columns[i].input.format = (enum scree_vectors_format)arguments.format;
        columns[i].input.dim = (uint32_t)arguments.dim;
    }
    /* Without a name: the only column, whatever it is called. */
    if (count == 1 && strncmp(argv[at], "vector=", 7) != 0 && strcmp(names[0], "vector") == 0)
        columns[0].name = NULL;
    wanted.append = true;
    wanted.output = argv[argc - 1];
    wanted.columns = columns;
    wanted.column_count = count;
    wanted.ids = arguments.ids;
    wanted.tags = arguments.tags;
    wanted.skip_invalid = arguments.skip_invalid > 0;
    wanted.scratch_folder = arguments.common.tmp;
    enum scree_status status = session_begin(&session, &arguments.common, &err);
    if (status == SCREE_OK)
        status = work(&session, &arguments.common, &locations, &wanted, &err);
    session_end(&session);
    locations_end(&locations);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

const struct command command_index_append = {
    .name = "index append",
    .synopsis = "[NAME=]FILE... INDEX.svx",
    .summary = "add rows to an index, as a further segment",
    .about =
        "Adds rows to a local index: they are encoded around its centroids, into a file "
        "INDEX.svx.segment-N beside it, and INDEX.svx becomes a small file that names all "
        "segments (the first time, the index itself is segment 1). Nothing that was written before "
        "changes, so that whoever has the index open goes on with what it opened; the next one "
        "that opens it sees all of the rows. All files have to go where the index goes.\n"
        "An id that the index has already is replaced: the rows that had it are deleted. 'merge' "
        "makes one file of the segments again.",
    .example = "scree index append new.npy vectors.svx --ids new-ids.txt",
    .options = options,
    .run = run};
