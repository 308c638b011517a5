/* help.h - the texts of --help, made from the tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stddef.h>

struct command;

void help_command(const struct command *command);

/* The name that `word` is most likely meant to be; NULL when none comes near. `names` ends with
 * NULL. */
const char *help_suggest(const char *word, const char *const *names);

#endif
