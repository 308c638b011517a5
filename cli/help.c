/* help.c - the texts of --help, made from the tables; suggestions for words that are not known. */
#include "cli/help.h"
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#define HELP_WIDTH 80
#define HELP_COLUMN 30 /* where the explanation of an option begins */

/* Prints `text` in lines of at most HELP_WIDTH, the later ones indented; the cursor is at `column`.
 */
static void wrap(const char *text, int column, int indent)
{
    bool begun = false;
    while (*text != '\0') {
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            column = indent;
            begun = false;
            text++;
            continue;
        }
        int word = (int)strcspn(text, " \n");
        if (begun && column + 1 + word > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (begun) {
            putchar(' ');
            column++;
        }
        printf("%.*s", word, text);
        column += word;
        begun = true;
        text += word;
        text += *text == ' ';
    }
    putchar('\n');
}

static void help_option(const struct option_entry *option)
{
    char letter[5] = "    ";
    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int column = printf("  %s--%s%s%s", letter, option->name, option->argument != NULL ? " " : "",
                        option->argument != NULL ? option->argument : "");
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    wrap(option->help, HELP_COLUMN, HELP_COLUMN);
}

void help_command(const struct command *command)
{
    printf("usage: scree %s [option]... %s\n\n", command->name, command->synopsis);
    wrap(command->about, 0, 0);
    printf("\nOptions:\n");
    for (const struct option_entry *option = command->options; option->name != NULL; option++)
        help_option(option);
    printf("\nExample:\n  %s\n", command->example);
}

#define WORD_MAX 32

/* Insertions, removals and replacements that lead from a to b. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    if (a_bytes > WORD_MAX || b_bytes > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_bytes; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_bytes; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_bytes; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shortest = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shortest ? replaced : shortest;
        }
    }
    return row[b_bytes];
}

const char *help_suggest(const char *word, const char *const *names)
{
    const char *best = NULL;
    unsigned least = 3; /* more than two changes away is another word */
    size_t bytes = strlen(word);
    for (; *names != NULL; names++) {
        unsigned changes = distance(word, *names);
        if (bytes >= 2 && strncmp(word, *names, bytes) == 0)
            changes = 1;
        if (changes < least && changes < strlen(*names)) {
            least = changes;
            best = *names;
        }
    }
    return best;
}
