/* numbers.c - strict numbers: anything that is not wholly understood is refused. */
#include "cli/numbers.h"
#include "cli/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool add_digit(uint64_t *value, char digit)
{
    uint64_t units = (uint64_t)(digit - '0');
    if (*value > (UINT64_MAX - units) / 10)
        return false;
    *value = *value * 10 + units;
    return true;
}

bool parse_integer(const char *text, uint64_t *value)
{
    uint64_t sum = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (!is_digit(*text) || !add_digit(&sum, *text))
            return false;
    }
    *value = sum;
    return true;
}

/* The power of ten that a suffix stands for; -1 for anything else. */
static int suffix_zeros(const char *suffix)
{
    if (suffix[0] == '\0')
        return 0;
    if (suffix[1] != '\0')
        return -1;
    switch (suffix[0]) {
    case 'k':
    case 'K':
        return 3;
    case 'm':
    case 'M':
        return 6;
    case 'g':
    case 'G':
        return 9;
    default:
        return -1;
    }
}

bool parse_count(const char *text, uint64_t *count)
{
    uint64_t value = 0;
    int decimals = 0;
    const char *p = text;
    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) {
        if (!add_digit(&value, *p))
            return false;
    }
    if (*p == '.') {
        p++;
        if (!is_digit(*p))
            return false;
        for (; is_digit(*p); p++, decimals++) {
            if (!add_digit(&value, *p))
                return false;
        }
    }
    int zeros = suffix_zeros(p) - decimals;
    if (suffix_zeros(p) < 0 || zeros < 0) /* a part of a point is left over */
        return false;
    for (; zeros > 0; zeros--) {
        if (!add_digit(&value, '0'))
            return false;
    }
    *count = value;
    return true;
}

bool parse_numbers(const char *text, struct number_list *list)
{
    struct number_list found = {{0, 0, 0}, 0};
    if (text[strspn(text, "0123456789+-.eE,")] != '\0')
        return false;
    for (const char *p = text;; p++) {
        char *end;
        if (found.count == 3)
            return false;
        double value = strtod(p, &end);
        if (end == p || !isfinite(value) || (*end != ',' && *end != '\0'))
            return false;
        found.values[found.count++] = value;
        p = end;
        if (*p == '\0')
            break;
    }
    if (found.count == 2)
        return false;
    *list = found;
    return true;
}

bool parse_length(const char *text, double *length, bool *metric)
{
    static const struct {
        const char *name;
        double metres;
    } units[] = {{"", 0}, {"m", 1}, {"ft", 0.3048}, {"us-ft", 1200.0 / 3937}};
    struct number_list list;
    char number[64];
    const size_t digits = strspn(text, "0123456789+-.eE");
    if (digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (!parse_numbers(number, &list) || list.count != 1 || !(list.values[0] > 0))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text + digits, units[i].name) == 0) {
            *metric = i > 0;
            *length = i > 0 ? list.values[0] * units[i].metres : list.values[0];
            return true;
        }
    return false;
}

uint64_t machine_memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}
