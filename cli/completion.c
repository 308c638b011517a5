/* completion.c - completion for bash from the tables; the script needs nothing but bash. */
#include "cli/command.h"
#include "cli/manual.h"

#include <stdio.h>
#include <string.h>

/* The words that a choice is one of, with blanks between. */
static void put_choices(const char *argument)
{
    for (; *argument != '\0'; argument++)
        putchar(*argument == '|' ? ' ' : *argument);
}

/* Is an argument the name of something on disk? Its name in the help says so. */
static const char *disk_kind(const struct option_entry *option)
{
    if (strcmp(option->argument, "DIR") == 0 || strcmp(option->argument, "auto|none|DIR") == 0)
        return "<dir>";
    return strstr(option->argument, "FILE") != NULL ? "<file>" : "<none>";
}

static void command_options(const struct command *command)
{
    printf("    '%s') echo \"", command->name);
    for (const struct option_entry *option = command->options; option->name != NULL; option++)
        printf("%s--%s", option == command->options ? "" : " ", option->name);
    printf("\" ;;\n");
}

/* Lines of a `case`: '<command> --option' and '<command> -letter'. */
static void command_values(const struct command *command)
{
    for (const struct option_entry *option = command->options; option->name != NULL; option++) {
        if (option->argument == NULL)
            continue;
        printf("    '%s --%s'", command->name, option->name);
        if (option->letter != 0)
            printf(" | '%s -%c'", command->name, option->letter);
        printf(") echo '");
        if (option->kind == OPTION_CHOICE)
            put_choices(option->argument);
        else
            fputs(disk_kind(option), stdout);
        printf("' ;;\n");
    }
}

static void each(const struct command *const *commands, void (*print)(const struct command *))
{
    for (; *commands != NULL; commands++) {
        print(*commands);
        if ((*commands)->commands != NULL)
            each((*commands)->commands, print);
    }
}

/* The last words of the names: what is typed. */
static void names(const struct command *const *commands)
{
    for (; *commands != NULL; commands++) {
        const char *blank = strrchr((*commands)->name, ' ');
        printf("%s ", blank != NULL ? blank + 1 : (*commands)->name);
    }
}

static void groups(const struct command *const *commands)
{
    for (; *commands != NULL; commands++) {
        if ((*commands)->commands == NULL)
            continue;
        printf("    '%s') echo '", (*commands)->name);
        names((*commands)->commands);
        printf("--help' ;;\n");
    }
}

/* Words that begin with `=` or follow one come apart in COMP_WORDS: --progress=plain is three. */
static const char script[] =
    "_scree() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev='' command='' i words line\n"
    "    [ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    if [ \"$cur\" = '=' ]; then\n"
    "        cur=''\n"
    "    elif [ \"$prev\" = '=' ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    i=1\n"
    "    if [ \"$COMP_CWORD\" -gt 1 ]; then\n"
    "        command=${COMP_WORDS[1]}\n"
    "        i=2\n"
    "        if [ -n \"$(_scree_group \"$command\")\" ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
    "            command=\"$command ${COMP_WORDS[2]}\"\n"
    "            i=3\n"
    "        fi\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    if [ \"$COMP_CWORD\" -lt \"$i\" ] || [ -z \"$command\" ]; then\n"
    "        words=\"$(_scree_group '') help --help --version\"\n"
    "    elif [ \"$command\" = help ]; then\n"
    "        words=$(_scree_group '')\n"
    "    elif [ \"$COMP_CWORD\" = \"$i\" ] && [ -n \"$(_scree_group \"$command\")\" ]; then\n"
    "        words=$(_scree_group \"$command\")\n"
    "    elif words=$(_scree_values \"$command $prev\"); [ -n \"$words\" ]; then\n"
    "        case $words in\n"
    "        '<none>') return ;;\n"
    "        '<file>' | '<dir>') ;;\n"
    "        esac\n"
    "    elif [ \"${cur:0:1}\" = - ]; then\n"
    "        words=$(_scree_options \"$command\")\n"
    "    else\n"
    "        words='<file>'\n"
    "    fi\n"
    "    case $words in\n"
    "    '<file>') words=$(compgen -f -- \"$cur\") || : ;;\n"
    "    '<dir>') words=$(compgen -d -- \"$cur\") || : ;;\n"
    "    *) words=$(compgen -W \"$words\" -- \"$cur\") || : ;;\n"
    "    esac\n"
    "    while IFS= read -r line; do\n"
    "        [ -z \"$line\" ] || COMPREPLY+=(\"$line\")\n"
    "    done <<< \"$words\"\n"
    "}\n"
    "complete -o filenames -F _scree scree\n";

void manual_completion(const struct command *const *commands)
{
    printf("# Completion of scree for bash, made from the program's option tables. Source it, or "
           "put it where bash-completion looks.\n"
           "_scree_group() {\n    case $1 in\n    '') echo '");
    names(commands);
    printf("' ;;\n");
    groups(commands);
    printf("    esac\n}\n_scree_options() {\n    case $1 in\n");
    each(commands, command_options);
    printf("    esac\n}\n_scree_values() {\n    case $1 in\n");
    each(commands, command_values);
    printf("    esac\n}\n%s", script);
}
