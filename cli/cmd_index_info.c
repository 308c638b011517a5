/* cmd_index_info.c - scree index info, scree index verify: what is in an index, and whether it is whole. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/locations.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>

static const struct option_entry options[] = {
    COMMON_MEMORY,
    COMMON_THREADS,
    COMMON_REMOTE,
    COMMON_PROGRESS,
    COMMON_JSON,
    COMMON_QUIET,
    COMMON_VERBOSE("show what eval has measured; say what remote files took"),
    COMMON_END};

static void info_text(const char *path, const struct scree_vectors_index *index, bool verbose)
{
    struct scree_vectors_info info;
    scree_vectors_info(index, &info);
    put_clean(stdout, locations_shown(path).text);
    printf("\n  size         %s, of it %s that every search reads\n",
           size_exact_text(info.file_bytes).text, size_text(info.head_bytes).text);
    printf("  rows         %s\n  written by   ", count_text(info.row_count).text);
    put_clean(stdout, info.writer);
    putchar('\n');
    if (info.tag_set_count > 0)
        printf("  tags         %s different sets\n", count_text(info.tag_set_count).text);
    if (info.deleted_count > 0)
        printf("  deleted      %s ids\n", count_text(info.deleted_count).text);
    if (info.segment_count > 0)
        printf("  generation   %s, of %s segment%s\n", count_text(info.generation).text,
               count_text(info.segment_count).text, plural(info.segment_count));
    for (uint32_t i = 0; i < info.segment_count; i++) {
        struct scree_vectors_segment_info s;
        scree_vectors_segment_info(index, i, &s);
        printf("    %-10u %s, %s rows, %s deleted, ids %llu to %llu\n", s.number,
               size_text(s.file_bytes).text, count_text(s.row_count).text,
               count_text(s.deleted_count).text, (unsigned long long)s.least_id,
               (unsigned long long)s.most_id);
    }
    for (uint32_t i = 0; i < info.column_count; i++) {
        struct scree_vectors_column_info c;
        scree_vectors_column_info(index, i, &c);
        printf("  column       ");
        put_clean(stdout, c.name);
        printf("\n    vectors    %s of %u dimensions, %s\n", count_text(c.vector_count).text, c.dim,
               index_metric_word(c.metric));
        if (c.skipped_count > 0)
            printf("    left out   %s rows\n", count_text(c.skipped_count).text);
        printf("    lists      %s, the largest of %s vectors, %s empty\n",
               count_text(c.list_count).text, count_text(c.largest_list).text,
               count_text(c.empty_list_count).text);
        double each = c.vector_count > 0 ? (double)c.codes_bytes / (double)c.vector_count : 0;
        printf("    codes      %u bit%s, %s, %.1f bytes a vector\n", c.bits, plural(c.bits),
               size_text(c.codes_bytes).text, each);
        printf("    rerank     %s, %s\n", index_rerank_word(c.rerank),
               size_text(c.rows_bytes).text);
        for (uint32_t at = 0; at < c.recall_count && verbose; at++) {
            struct scree_vectors_recall_info recall;
            scree_vectors_recall_info(index, i, at, &recall);
            printf("    recall@%u  %.4f with %u lists\n", recall.k, (double)recall.recall,
                   recall.nprobe);
        }
    }
}

static void column_json(cJSON *columns, const struct scree_vectors_index *index, uint32_t column)
{
    struct scree_vectors_column_info c;
    scree_vectors_column_info(index, column, &c);
    cJSON *to = json_object(columns, NULL);
    json_text(to, "name", c.name);
    json_u64(to, "vectors", c.vector_count);
    json_u64(to, "skipped", c.skipped_count);
    json_u64(to, "dim", c.dim);
    json_text(to, "metric", index_metric_word(c.metric));
    json_u64(to, "bits", c.bits);
    json_text(to, "rerank", index_rerank_word(c.rerank));
    json_u64(to, "lists", c.list_count);
    json_u64(to, "empty_lists", c.empty_list_count);
    json_u64(to, "largest_list", c.largest_list);
    json_u64(to, "codes_bytes", c.codes_bytes);
    json_u64(to, "rows_bytes", c.rows_bytes);
    json_u64(to, "seed", c.seed);
    cJSON *recalls = json_array(to, "recalls");
    for (uint32_t at = 0; at < c.recall_count; at++) {
        struct scree_vectors_recall_info recall;
        scree_vectors_recall_info(index, column, at, &recall);
        cJSON *one = json_object(recalls, NULL);
        json_u64(one, "k", recall.k);
        json_u64(one, "nprobe", recall.nprobe);
        json_u64(one, "candidates", recall.candidates);
        json_double(one, "recall", (double)recall.recall);
    }
}

static void info_json(cJSON *document, const struct scree_vectors_index *index)
{
    struct scree_vectors_info info;
    scree_vectors_info(index, &info);
    json_u64(document, "file_bytes", info.file_bytes);
    json_u64(document, "head_bytes", info.head_bytes);
    json_u64(document, "rows", info.row_count);
    json_text(document, "writer", info.writer);
    json_u64(document, "tag_sets", info.tag_set_count);
    json_u64(document, "deleted", info.deleted_count);
    json_u64(document, "generation", info.generation);
    cJSON *segments = json_array(document, "segments");
    for (uint32_t i = 0; i < info.segment_count; i++) {
        struct scree_vectors_segment_info s;
        scree_vectors_segment_info(index, i, &s);
        cJSON *one = json_object(segments, NULL);
        json_text(one, "name", s.name);
        json_u64(one, "file_bytes", s.file_bytes);
        json_u64(one, "rows", s.row_count);
        json_u64(one, "deleted", s.deleted_count);
        json_u64(one, "least_id", s.least_id);
        json_u64(one, "most_id", s.most_id);
    }
    cJSON *columns = json_array(document, "columns");
    for (uint32_t i = 0; i < info.column_count; i++)
        column_json(columns, index, i);
}

/* Opens the index that the command line names, and shows or verifies it. */
static int run_one(const struct command *command, int argc, char **argv, bool verify)
{
    struct common_options common = {0};
    struct session session = {0};
    struct locations locations = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_open_options wanted;
    struct scree_vectors_index *index = NULL;
    int at = 0;
    enum parse_outcome parsed = options_parse(command, argc, argv, &common, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at != 1)
        return options_misuse(command, "expected one index, got %d", argc - at);
    enum scree_status status = session_begin(&session, &common, &err);
    if (status == SCREE_OK) {
        locations_begin(&locations, &common, session.context);
        status = locations_prepare(&locations, argv[at], &err);
    }
    scree_vectors_open_options_init(&wanted);
    wanted.source_options = &locations.source;
    if (status == SCREE_OK)
        status = scree_vectors_open(session.context, argv[at], &wanted, &index, &err);
    if (status == SCREE_OK && verify)
        status = scree_vectors_verify(index, &err);
    progress_finish(&session.progress);
    if (status == SCREE_OK && common.json) {
        cJSON *document = json_document(verify ? "index verify" : "index info");
        json_text(document, "file", locations_shown(argv[at]).text);
        info_json(document, index);
        json_print(document);
    } else if (status == SCREE_OK && !verify) {
        info_text(argv[at], index, common.verbose > 0);
    } else if (status == SCREE_OK && !common.quiet) {
        put_clean(stderr, locations_shown(argv[at]).text);
        fputs(": whole\n", stderr);
    }
    scree_vectors_close(index);
    session_end(&session);
    locations_end(&locations);
    return status == SCREE_OK ? EXIT_CODE_DONE : (int)status_report(status, &err);
}

static int run_info(int argc, char **argv)
{
    return run_one(&command_index_info, argc, argv, false);
}

static int run_verify(int argc, char **argv)
{
    return run_one(&command_index_verify, argc, argv, true);
}

const struct command command_index_info = {
    .name = "index info",
    .synopsis = "INDEX.svx",
    .summary = "show what is in an index",
    .about = "Shows the columns of an index, their lists, codes and sizes. Only its head is read.",
    .example = "scree index info https://example.org/vectors.svx",
    .options = options,
    .run = run_info};

const struct command command_index_verify = {
    .name = "index verify",
    .synopsis = "INDEX.svx",
    .summary = "check every byte of an index",
    .about = "Reads all of an index: every checksum, every number that has to fit another. The "
             "first fault is said with its place, and the exit code is 1.",
    .example = "scree index verify vectors.svx",
    .options = options,
    .run = run_verify};
