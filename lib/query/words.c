/* words.c - classes and returns. */
#include "query/words.h"
#include "base/error.h"

#include <string.h>

static bool read_small(const char **at, unsigned max, unsigned *number)
{
    const char *p = *at;
    unsigned value = 0;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (unsigned)(*p - '0');
        if (value > max)
            return false;
    }
    *at = p;
    *number = value;
    return true;
}

static enum scree_status refuse(const char *what, const char *text, const char *at,
                                const char *expected, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: column %zu: expected %s, found '%.20s'",
                            what, (size_t)(at - text) + 1, expected, at);
}

enum scree_status scree__query_classes_parse(const char *text, bool wanted[256],
                                             struct scree_error *err)
{
    static const char expected[] = "numbers from 0 to 255 such as 2,6,10-17";
    memset(wanted, 0, 256 * sizeof *wanted);
    for (const char *at = text;; at++) {
        unsigned first, last;
        if (!read_small(&at, 255, &first))
            return refuse("class", text, at, expected, err);
        last = first;
        if (*at == '-') {
            at++;
            if (!read_small(&at, 255, &last) || last < first)
                return refuse("class", text, at, expected, err);
        }
        for (unsigned c = first; c <= last; c++)
            wanted[c] = true;
        if (*at == '\0')
            return SCREE_OK;
        if (*at != ',')
            return refuse("class", text, at, expected, err);
    }
}

enum { FIRST, LAST, INTERMEDIATE, SINGLE, WORDS };
static const char *const words[] = {"first", "last", "intermediate", "single"};

static bool matches(int word, unsigned number, unsigned of)
{
    switch (word) {
    case FIRST:
        return number == 1;
    case LAST:
        return number == of;
    case INTERMEDIATE:
        return number > 1 && number < of;
    default:
        return of == 1;
    }
}

enum scree_status scree__query_returns_parse(const char *text, bool wanted[16][16],
                                             struct scree_error *err)
{
    static const char expected[] = "first, last, intermediate, single or a number up to 15";
    memset(wanted, 0, 16 * 16 * sizeof(bool));
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        const char *begin = at;
        unsigned n = 0;
        int word = 0;
        while (word < WORDS &&
               (strlen(words[word]) != length || strncmp(at, words[word], length) != 0))
            word++;
        if (word == WORDS && (!read_small(&at, 15, &n) || at != begin + length))
            return refuse("return", text, begin, expected, err);
        for (unsigned number = 0; number < 16; number++)
            for (unsigned of = 0; of < 16; of++)
                if (word < WORDS ? matches(word, number, of) : number == n)
                    wanted[number][of] = true;
        at = begin + length;
        if (*at == '\0')
            return SCREE_OK;
    }
}
