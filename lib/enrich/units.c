/* units.c - the lengths of a CRS's horizontal and vertical unit, from its WKT or as the options say; lengths of the options in them. */
#include "enrich/job.h"

#include <math.h>
#include <stdio.h>
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

double scree__enrich_unit_given(enum scree_enrich_unit unit, char *name)
{
    static const char *const names[] = {"", "metre", "foot", "US survey foot"};
    static const double metres[] = {0, 1, 0.3048, 1200.0 / 3937};
    const unsigned known = (unsigned)unit < sizeof metres / sizeof *metres ? (unsigned)unit : 0;
    snprintf(name, 80, "%s", names[known]);
    return metres[known];
}

/* Rounded to billionths of a unit: 6 feet are 6 where the unit is a foot. */
static double in_units(double length, bool metric, double metres)
{
    return metric ? floor(length / metres * 1e9 + 0.5) / 1e9 : length;
}

void scree__enrich_lengths(const struct scree_enrich_options *options,
                           struct scree__enrich_survey *survey)
{
    const uint32_t metric = options->metric_lengths;
    const double metres = survey->unit_metres;
    survey->radius = in_units(options->radius, metric & SCREE_ENRICH_METRIC_RADIUS, metres);
    survey->count_radius =
        in_units(options->count_radius, metric & SCREE_ENRICH_METRIC_COUNT_RADIUS, metres);
    survey->ground_reach =
        in_units(options->ground_reach, metric & SCREE_ENRICH_METRIC_GROUND_REACH, metres);
    survey->ground_cell =
        in_units(options->ground_cell, metric & SCREE_ENRICH_METRIC_GROUND_CELL, metres);
    if (!(survey->count_radius > 0))
        survey->count_radius = 2 * (1 / metres);
    if (!(survey->ground_reach > 0))
        survey->ground_reach = 100 * (1 / metres);
}
