/* cmd_index.c - scree index: the second level of commands. */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/index.h"
#include "cli/status.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&command_index_build,
                                                 &command_index_search,
                                                 &command_index_info,
                                                 &command_index_verify,
                                                 &command_index_eval,
                                                 &command_index_plan,
                                                 &command_index_append,
                                                 &command_index_delete,
                                                 &command_index_merge,
                                                 &command_index_gc,
                                                 NULL};

static void help_all(FILE *out)
{
    fprintf(out, "usage: scree index COMMAND [option]... ARGUMENT...\n\n"
                 "Nearest neighbours among vectors: an index in one file, built within a memory\n"
                 "budget, searched from a disk, an HTTP server or an object store.\n\nCommands:\n");
    for (unsigned i = 0; commands[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name + strlen("index "), commands[i]->summary);
    fprintf(out, "\nscree index COMMAND --help explains one of them.\n");
}

static int run(int argc, char **argv)
{
    const char *names[sizeof commands / sizeof commands[0]] = {NULL};
    if (argc < 2) {
        help_all(stderr);
        return EXIT_CODE_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        help_all(stdout);
        return EXIT_CODE_DONE;
    }
    for (unsigned i = 0; commands[i] != NULL; i++) {
        names[i] = commands[i]->name + strlen("index ");
        if (strcmp(names[i], word) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    }
    const char *near = help_suggest(word, names);
    fprintf(stderr, "scree index: unknown command '%s'", word);
    if (near != NULL)
        fprintf(stderr, "; do you mean '%s'?", near);
    fprintf(stderr, "\nscree index --help lists the commands\n");
    return EXIT_CODE_USAGE;
}

static const struct option_entry options[] = {COMMON_END};

const struct command command_index = {
    .name = "index",
    .synopsis = "build|search|info|append|merge ...",
    .summary = "nearest neighbours among vectors: build, search and check an index",
    .about = "scree index COMMAND --help explains a command; scree index --help lists them.",
    .example = "scree index build vectors.npy vectors.svx",
    .options = options,
    .run = run,
    .commands = commands};
