/* options.c - reads a command's arguments with its table; getopt_long does the splitting. */
#include "cli/options.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/numbers.h"
#include "cli/status.h"
#include "scree/base.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64
#define LONG_BASE 256 /* getopt_long's values of long options; below are the letters */

int options_misuse(const struct command *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "scree %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nscree %s --help shows how it is used\n", command->name);
    return EXIT_CODE_USAGE;
}

static bool parse_choice(const char *text, const char *choices, unsigned *index)
{
    size_t bytes = strlen(text);
    *index = 0;
    for (const char *p = choices;; (*index)++) {
        size_t length = strcspn(p, "|");
        if (length == bytes && strncmp(p, text, bytes) == 0)
            return true;
        if (p[length] == '\0')
            return false;
        p += length + 1;
    }
}

static enum parse_outcome refuse(const struct command *command, const struct option_entry *option,
                                 const char *text, const char *expected)
{
    options_misuse(command, "--%s %s: expected %s", option->name, text, expected);
    return PARSE_USAGE;
}

static enum parse_outcome set_count(const struct command *command,
                                    const struct option_entry *option, const char *text,
                                    uint64_t *count)
{
    bool whole = option->kind != OPTION_COUNT;
    uint64_t value = 0;
    if (!(whole ? parse_integer(text, &value) : parse_count(text, &value)))
        return refuse(command, option, text,
                      option->kind == OPTION_AUTO ? "auto or a whole number"
                      : whole                     ? "a whole number"
                                                  : "a number such as 20000, 500K or 20M");
    if (value < option->min || value > option->max) {
        options_misuse(command, "--%s %s: expected %llu to %llu", option->name, text,
                       (unsigned long long)option->min, (unsigned long long)option->max);
        return PARSE_USAGE;
    }
    *count = value;
    return PARSE_RUN;
}

static enum parse_outcome set_size(const struct command *command, const struct option_entry *option,
                                   const char *text, uint64_t *bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree_size_parse(text, machine_memory_bytes(), bytes, &err) == SCREE_OK)
        return PARSE_RUN;
    options_misuse(command, "--%s: %s", option->name, err.message);
    return PARSE_USAGE;
}

static enum parse_outcome set_option(const struct command *command,
                                     const struct option_entry *option, const char *text,
                                     void *arguments)
{
    void *to = (char *)arguments + option->offset;
    switch (option->kind) {
    case OPTION_FLAG:
        *(unsigned *)to += 1;
        return PARSE_RUN;
    case OPTION_SIZE:
        return set_size(command, option, text, to);
    case OPTION_COUNT:
    case OPTION_INTEGER:
        return set_count(command, option, text, to);
    case OPTION_AUTO:
        if (strcmp(text, "auto") != 0)
            return set_count(command, option, text, to);
        *(uint64_t *)to = OPTION_AUTO_VALUE;
        return PARSE_RUN;
    case OPTION_TEXT:
        *(const char **)to = text;
        return PARSE_RUN;
    case OPTION_CHOICE:
        if (parse_choice(text, option->argument, to))
            return PARSE_RUN;
        return refuse(command, option, text, option->argument);
    case OPTION_DOUBLES:
        if (parse_numbers(text, to))
            return PARSE_RUN;
        return refuse(command, option, text, "a number, or three with commas between");
    case OPTION_HELP:
        help_command(command);
        return PARSE_DONE;
    case OPTION_VERSION:
        printf("scree %s\n", scree_version());
        return PARSE_DONE;
    }
    return PARSE_USAGE;
}

/* What getopt_long wants, from the table. Returns the number of options. */
static int getopt_tables(const struct option_entry *entries, struct option *longs, char *shorts)
{
    int count = 0;
    size_t used = 0;
    shorts[used++] = ':'; /* "argument missing" is told apart from "unknown" */
    for (; count < OPTIONS_MAX && entries[count].name != NULL; count++) {
        const struct option_entry *entry = &entries[count];
        longs[count] =
            (struct option){entry->name, entry->argument != NULL ? required_argument : no_argument,
                            NULL, LONG_BASE + count};
        if (entry->letter != 0) {
            shorts[used++] = entry->letter;
            if (entry->argument != NULL)
                shorts[used++] = ':';
        }
    }
    shorts[used] = '\0';
    memset(&longs[count], 0, sizeof longs[count]);
    return count;
}

static const struct option_entry *find_option(const struct option_entry *entries, int value)
{
    if (value >= LONG_BASE)
        return &entries[value - LONG_BASE];
    for (; entries->name != NULL; entries++) {
        if (entries->letter != 0 && entries->letter == value)
            return entries;
    }
    return NULL;
}

static void refuse_unknown(const struct command *command, const char *word)
{
    if (optopt >= LONG_BASE)
        options_misuse(command, "--%s takes no argument",
                       command->options[optopt - LONG_BASE].name);
    else if (optopt != 0)
        options_misuse(command, "unknown option -%c", optopt);
    else {
        const char *names[OPTIONS_MAX + 1] = {NULL};
        for (int i = 0; i < OPTIONS_MAX && command->options[i].name != NULL; i++)
            names[i] = command->options[i].name;
        char bare[64];
        snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        const char *near = help_suggest(bare, names);
        if (near != NULL)
            options_misuse(command, "unknown option %s (do you mean --%s?)", word, near);
        else
            options_misuse(command, "unknown option %s", word);
    }
}

enum parse_outcome options_parse(const struct command *command, int argc, char **argv,
                                 void *arguments, int *first_operand)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
    getopt_tables(command->options, longs, shorts);
    opterr = 0;
    optind = 0; /* the GNU way to start afresh */
    for (;;) {
        int value = getopt_long(argc, argv, shorts, longs, NULL);
        if (value == -1)
            break;
        if (value == '?') {
            refuse_unknown(command, argv[optind - 1]);
            return PARSE_USAGE;
        }
        const struct option_entry *option =
            find_option(command->options, value == ':' ? optopt : value);
        if (value == ':' || option == NULL) {
            options_misuse(command, "%s: an argument is missing", argv[optind - 1]);
            return PARSE_USAGE;
        }
        enum parse_outcome outcome = set_option(command, option, optarg, arguments);
        if (outcome != PARSE_RUN)
            return outcome;
    }
    *first_operand = optind;
    return PARSE_RUN;
}
