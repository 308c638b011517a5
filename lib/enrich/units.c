/* units.c - the lengths of a CRS's horizontal and vertical unit, from its WKT. */
#include "enrich/job.h"

#include <stdlib.h>
#include <string.h>

/* Where the brackets that begin at `open` end. */
static const char *close_of(const char *open)
{
    int depth = 0;
    bool quoted = false;
    for (const char *at = open; *at != '\0'; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        depth += *at == '[' || *at == '(';
        depth -= *at == ']' || *at == ')';
        if (depth == 0)
            return at;
    }
    return open + strlen(open);
}

/* "UNIT["name",factor": the last one within [begin, end) that is not inside of another keyword's brackets. */
static double read_unit(const char *begin, const char *end, const char *keyword, bool top,
                        char *name)
{
    size_t length = strlen(keyword);
    double factor = 0;
    int depth = 0;
    bool quoted = false;
    for (const char *at = begin; at < end; at++) {
        bool starts = !quoted && (!top || depth == 0) && strncmp(at, keyword, length) == 0 &&
                      at[length] == '[' && at[length + 1] == '"';
        if (*at == '"')
            quoted = !quoted;
        if (!quoted) {
            depth += *at == '[' || *at == '(';
            depth -= *at == ']' || *at == ')';
        }
        if (!starts || (at > begin && at[-1] >= 'A' && at[-1] <= 'Z'))
            continue;
        const char *text = at + length + 2, *quote = strchr(text, '"');
        if (quote == NULL || quote >= end || quote[1] != ',')
            continue;
        size_t chars = (size_t)(quote - text) < 79 ? (size_t)(quote - text) : 79;
        memcpy(name, text, chars);
        name[chars] = '\0';
        factor = strtod(quote + 2, NULL);
    }
    return factor > 0 && factor < 1e6 ? factor : 0;
}

struct kind {
    const char *crs, *unit;
    bool top;
};

static double find_unit(const char *wkt, const struct kind *kinds, size_t count, char *name)
{
    name[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(wkt, kinds[i].crs);
        if (at == NULL)
            continue;
        const char *open = at + strlen(kinds[i].crs) - 1;
        return read_unit(open + 1, close_of(open), kinds[i].unit, kinds[i].top, name);
    }
    return 0;
}

double scree__enrich_unit_of(const char *wkt, char *name)
{
    static const struct kind kinds[] = {{"PROJCS[", "UNIT", true},
                                        {"LOCAL_CS[", "UNIT", true},
                                        {"GEOCCS[", "UNIT", true},
                                        {"PROJCRS[", "LENGTHUNIT", false},
                                        {"ENGCRS[", "LENGTHUNIT", false}};
    return find_unit(wkt, kinds, sizeof kinds / sizeof *kinds, name);
}

double scree__enrich_height_unit_of(const char *wkt, char *name)
{
    static const struct kind kinds[] = {{"VERT_CS[", "UNIT", true},
                                        {"VERTCRS[", "LENGTHUNIT", false}};
    return find_unit(wkt, kinds, sizeof kinds / sizeof *kinds, name);
}
