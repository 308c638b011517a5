/* command.h - what a subcommand is: its words in the help, its option table, its function. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

struct command {
    const char *name;
    const char *synopsis; /* what comes after the options: "IN... OUT.copc.laz" */
    const char *summary;  /* one line of `scree --help` */
    const char *about;    /* a paragraph or more; '\n' separates them */
    const char *example;
    const struct option_entry *options; /* ends with a NULL name */
    int (*run)(int argc, char **argv);  /* argv[0] is the command's name; returns the exit code */
    const struct command *const *commands; /* of a second level, NULL at the end; NULL: none */
};

extern const struct command command_convert, command_info, command_query, command_validate,
    command_amend, command_enrich, command_synth, command_index;

#endif
