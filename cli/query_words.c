/* query_words.c - what the words of `scree query` stand for. */
#include "cli/query_words.h"
#include "cli/status.h"
#include "cli/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREA_BYTES_MAX ((size_t)64 << 20)

/* With commas, blanks or both between them: what people copy from elsewhere has either. */
unsigned query_numbers(const char *text, double *numbers, unsigned most)
{
    const char *at = text + strspn(text, " \t");
    for (unsigned count = 0; count < most;) {
        size_t length = strspn(at, "+-.0123456789eE");
        char copy[64], *end;
        if (length == 0 || length >= sizeof copy)
            return 0;
        memcpy(copy, at, length);
        copy[length] = '\0';
        numbers[count] = strtod(copy, &end);
        if (end != copy + length || !isfinite(numbers[count]))
            return 0;
        count++;
        at += length;
        size_t blanks = strspn(at, " \t");
        bool comma = at[blanks] == ',';
        at += blanks + comma;
        at += strspn(at, " \t");
        if (*at == '\0')
            return comma ? 0 : count;
        if (blanks == 0 && !comma)
            return 0;
    }
    return 0;
}

static char *refuse(const char *path, const char *why)
{
    fputs("scree query: --polygon ", stderr);
    put_clean(stderr, path);
    fprintf(stderr, ": %s\n", why);
    return NULL;
}

static char *read_file(const char *path, FILE *file)
{
    size_t capacity = 65536, used = 0;
    char *text = malloc(capacity);
    for (;;) {
        if (text == NULL)
            status_out_of_memory();
        used += fread(text + used, 1, capacity - used - 1, file);
        if (used < capacity - 1)
            break;
        if (used >= AREA_BYTES_MAX)
            break;
        capacity *= 2;
        char *larger = realloc(text, capacity);
        if (larger == NULL)
            free(text);
        text = larger;
    }
    const char *why = ferror(file)                 ? "cannot be read"
                      : used >= AREA_BYTES_MAX     ? "is larger than 64 MiB"
                      : memchr(text, 0, used) != 0 ? "is no text"
                                                   : NULL;
    text[used] = '\0';
    if (why == NULL)
        return text;
    free(text);
    return refuse(path, why);
}

char *query_polygon_text(const char *words)
{
    FILE *file = fopen(words, "re");
    if (file != NULL) {
        char *text = read_file(words, file);
        (void)fclose(file);
        return text;
    }
    const char *why = strerror(errno);
    if (strchr(words, '(') == NULL && strchr(words, '{') == NULL)
        return refuse(words, why);
    char *text = strdup(words);
    if (text == NULL)
        status_out_of_memory();
    return text;
}
