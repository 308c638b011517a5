/* main.c - scree's front door: picks the command. */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/status.h"
#include "scree/base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {&command_convert,  &command_info,   &command_query,
                                                 &command_validate, &command_enrich, &command_amend,
                                                 &command_synth,    &command_index,  NULL};

static const struct command *find_command(const char *name)
{
    for (unsigned i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static void help_all(FILE *out)
{
    fprintf(out, "usage: scree COMMAND [option]... ARGUMENT...\n\n"
                 "A toolkit for point collections that are larger than memory.\n\nCommands:\n");
    for (unsigned i = 0; commands[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out,
            "\nscree help COMMAND explains one of them; scree --version says the version.\n"
            "\nExit codes: 0 done; 1 data or files; 2 wrong use; 3 memory budget too small;\n"
            "4 some of several files failed, or points were lost (--salvage); 130 interrupted.\n");
}

static int unknown_command(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]] = {NULL};
    for (unsigned i = 0; commands[i] != NULL; i++)
        names[i] = commands[i]->name;
    const char *near = help_suggest(word, names);
    fprintf(stderr, "scree: unknown command '%s'", word);
    if (near != NULL)
        fprintf(stderr, "; do you mean '%s'?", near);
    fprintf(stderr, "\nscree --help lists the commands\n");
    return EXIT_CODE_USAGE;
}

/* The command that argv[at] names, with argv[at + 1] on the second level; NULL: there is none. */
static const struct command *named_command(int argc, char **argv, int at)
{
    const struct command *command = find_command(argv[at]);
    if (command == NULL || command->commands == NULL || argc <= at + 1)
        return command;
    for (unsigned i = 0; command->commands[i] != NULL; i++) {
        const char *blank = strchr(command->commands[i]->name, ' ');
        if (blank != NULL && strcmp(blank + 1, argv[at + 1]) == 0)
            return command->commands[i];
    }
    return NULL;
}

/* --man [COMMAND] and --completion are for the build, see manual.h. */
static int help_on(int argc, char **argv)
{
    if (argc < 3) {
        help_all(stdout);
        return EXIT_CODE_DONE;
    }
    const bool page = strcmp(argv[2], "--man") == 0;
    if (strcmp(argv[2], "--completion") == 0) {
        manual_completion(commands);
        return EXIT_CODE_DONE;
    }
    if (page && argc == 3) {
        manual_page(NULL, commands);
        return EXIT_CODE_DONE;
    }
    const struct command *command = named_command(argc, argv, page ? 3 : 2);
    if (command == NULL)
        return unknown_command(argv[argc - 1]);
    if (page)
        manual_page(command, commands);
    else
        help_command(command);
    return EXIT_CODE_DONE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help_all(stderr);
        return EXIT_CODE_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0) {
        printf("scree %s\n", scree_version());
        return EXIT_CODE_DONE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        help_all(stdout);
        return EXIT_CODE_DONE;
    }
    if (strcmp(word, "help") == 0)
        return help_on(argc, argv);
    const struct command *command = word[0] != '-' ? find_command(word) : NULL;
    if (command == NULL)
        return unknown_command(word);
    return command->run(argc - 1, argv + 1);
}

/* A standard stream that was closed would be the next file that is opened. Reserved for reading, so
 * that writes to it still fail. */
static bool reserve_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (fcntl(stream, F_GETFD) == -1 && open("/dev/null", O_RDONLY) != stream)
            return false;
    }
    return true;
}

/* SCREE_CPU chooses the instructions that the library may use; unset or empty: the best there are. */
static int choose_cpu(void)
{
    struct scree_error err = SCREE_ERROR_INIT, named = SCREE_ERROR_INIT;
    const char *level = getenv("SCREE_CPU");
    if (level == NULL || level[0] == '\0')
        return EXIT_CODE_DONE;
    enum scree_status status = scree_cpu_force(level, &err);
    if (status == SCREE_OK)
        return EXIT_CODE_DONE;
    snprintf(named.message, sizeof named.message, "SCREE_CPU: %.900s", err.message);
    return (int)status_report(status, &named);
}

int main(int argc, char **argv)
{
    if (!reserve_streams())
        return EXIT_CODE_FAILED;
    int code = choose_cpu();
    if (code != EXIT_CODE_DONE)
        return code;
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, which is reported */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file beyond `ulimit -f` */
    return status_close_stdout(dispatch(argc, argv));
}
