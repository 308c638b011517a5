/* cmd_index_delete.c - scree index delete: ids that searches leave out. */
#include "cli/index.h"
#include "cli/json.h"
#include "cli/numbers.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_entry options[] = {COMMON_MEMORY, COMMON_JSON, COMMON_QUIET, COMMON_END};

struct ids {
    uint64_t *values;
    size_t count, capacity;
};

static void add_id(struct ids *ids, uint64_t id)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity == 0 ? 256 : 2 * ids->capacity;
        ids->values = realloc(ids->values, ids->capacity * sizeof *ids->values);
        if (ids->values == NULL)
            status_out_of_memory();
    }
    ids->values[ids->count++] = id;
}

/* A line an id. */
static bool read_lines(FILE *file, struct ids *ids, unsigned long *line)
{
    char text[64];
    for (*line = 1; fgets(text, sizeof text, file) != NULL; ++*line) {
        uint64_t id;
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] == '\0')
            continue;
        if (!parse_integer(text, &id))
            return false;
        add_id(ids, id);
    }
    return true;
}

static int read_file(const char *path, struct ids *ids)
{
    unsigned long line = 0;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (file == NULL)
        return options_misuse(&command_index_delete, "%s: cannot be read", path);
    bool good = read_lines(file, ids, &line) && ferror(file) == 0;
    if (file != stdin)
        (void)fclose(file);
    return good ? EXIT_CODE_DONE
                : options_misuse(&command_index_delete, "%s: line %lu: expected an id", path, line);
}

static int gather(int argc, char **argv, int at, struct ids *ids)
{
    for (int i = at; i < argc; i++) {
        uint64_t id;
        int code = EXIT_CODE_DONE;
        if (parse_integer(argv[i], &id))
            add_id(ids, id);
        else if (argv[i][0] == '@')
            code = read_file(argv[i] + 1, ids);
        else
            code = options_misuse(&command_index_delete, "%s: expected an id, or @FILE", argv[i]);
        if (code != EXIT_CODE_DONE)
            return code;
    }
    return EXIT_CODE_DONE;
}

static void say(const struct common_options *common, const char *path, uint64_t named,
                uint64_t deleted)
{
    if (common->json) {
        cJSON *document = json_document("index delete");
        json_text(document, "file", path);
        json_u64(document, "named", named);
        json_u64(document, "deleted", deleted);
        json_print(document);
    } else if (!common->quiet) {
        put_clean(stderr, path);
        fprintf(stderr, ": %s ids deleted\n", count_text(deleted).text);
    }
}

static int run(int argc, char **argv)
{
    struct common_options common = {0};
    struct session session = {0};
    struct ids ids = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t deleted = 0;
    int at = 0;
    enum parse_outcome parsed = options_parse(&command_index_delete, argc, argv, &common, &at);
    if (parsed != PARSE_RUN)
        return parsed == PARSE_DONE ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    if (argc - at < 2)
        return options_misuse(&command_index_delete, "expected an index and ids");
    int code = gather(argc, argv, at + 1, &ids);
    if (code == EXIT_CODE_DONE) {
        enum scree_status status = session_begin(&session, &common, &err);
        if (status == SCREE_OK)
            status = scree_vectors_delete(session.context, argv[at], ids.values, ids.count,
                                          &deleted, &err);
        session_end(&session);
        if (status == SCREE_OK)
            say(&common, argv[at], ids.count, deleted);
        else
            code = (int)status_report(status, &err);
    }
    free(ids.values);
    return code;
}

const struct command command_index_delete = {
    .name = "index delete",
    .synopsis = "INDEX.svx ID...|@FILE",
    .summary = "delete vectors by their ids",
    .about = "Searches leave these ids out from now on. They are kept in INDEX.svx.del, which is "
             "replaced as a whole and has to go where the index goes. @FILE has an id a line, @- "
             "is standard input.",
    .example = "scree index delete vectors.svx 17 4711 @old-ids.txt",
    .options = options,
    .run = run};
