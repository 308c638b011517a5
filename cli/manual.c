/* manual.c - man pages from the tables: what manual.h says of them. */
#include "cli/manual.h"
#include "cli/command.h"
#include "scree/base.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Text for troff, one that can be copied: hyphens are minus signs; '\n' begins a paragraph. */
static void put(const char *text)
{
    bool line_begins = true;
    for (; *text != '\0'; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        line_begins = *text == '\n';
        if (*text == '\n')
            fputs("\n.PP\n", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '~' || *text == '^')
            printf("\\(%s", *text == '~' ? "ti" : "ha");
        else
            putchar(*text);
    }
}

/* "index build" with '-' between. Returns the text, which is static. */
static const char *page_name(const struct command *command)
{
    static char name[64];
    snprintf(name, sizeof name, "scree%s%s", command != NULL ? "-" : "",
             command != NULL ? command->name : "");
    for (char *at = name; *at != '\0'; at++)
        *at = *at == ' ' ? '-' : *at;
    return name;
}

static void title(const struct command *command)
{
    printf(".TH ");
    for (const char *at = page_name(command); *at != '\0'; at++)
        putchar(toupper((unsigned char)*at));
    printf(" 1 \"@DATE@\" \"scree %s\" \"scree manual\"\n", scree_version());
}

static void option_entry(const struct option_entry *option)
{
    printf(".TP\n");
    if (option->letter != 0)
        printf("\\fB\\-%c\\fR, ", option->letter);
    printf("\\fB\\-\\-");
    put(option->name);
    printf("\\fR");
    if (option->argument != NULL) {
        printf(" \\fI");
        put(option->argument);
        printf("\\fR");
    }
    putchar('\n');
    put(option->help);
    putchar('\n');
}

/* SEE ALSO is by hand; here is what each command is for. */
static void list(const struct command *const *commands)
{
    printf(".SH COMMANDS\n");
    for (; *commands != NULL; commands++) {
        printf(".TP\n.BR ");
        put(page_name(*commands));
        printf(" (1)\n");
        put((*commands)->summary);
        putchar('\n');
    }
}

static void general_page(const struct command *const *commands)
{
    title(NULL);
    printf(".SH NAME\nscree \\- toolkit for point collections that are larger than memory\n"
           ".SH SYNOPSIS\n.B scree\n.I COMMAND\n.RI [ option ]...\n.IR ARGUMENT ...\n.PP\n"
           ".B scree help\n.RI [ COMMAND ]\n.PP\n.B scree \\-\\-version\n"
           ".SH DESCRIPTION\n.\\\" MORE\n");
    list(commands);
}

void manual_page(const struct command *command, const struct command *const *commands)
{
    if (command == NULL) {
        general_page(commands);
        return;
    }
    title(command);
    printf(".SH NAME\n");
    put(page_name(command));
    printf(" \\- ");
    put(command->summary);
    printf("\n.SH SYNOPSIS\n.B scree %s\n", command->name);
    printf(command->commands != NULL ? ".I COMMAND\n.RI [ option ]...\n" : ".RI [ option ]...\n");
    put(command->commands != NULL ? "ARGUMENT..." : command->synopsis);
    printf("\n.SH DESCRIPTION\n");
    if (command->commands == NULL) {
        put(command->about);
        putchar('\n');
    }
    printf(".\\\" MORE\n");
    if (command->commands != NULL)
        list(command->commands);
    printf(".SH OPTIONS\n");
    for (const struct option_entry *option = command->options; option->name != NULL; option++)
        option_entry(option);
}
