/* enrich_numbers.c - lengths and classes of the command line of scree enrich. */
#include "cli/enrich_numbers.h"
#include "cli/command.h"
#include "cli/numbers.h"
#include "cli/status.h"

#include <stdio.h>
#include <string.h>

bool enrich_parse_classes(const char *text, uint64_t classes[4])
{
    memset(classes, 0, 4 * sizeof *classes);
    for (const char *at = text; *at != '\0';) {
        char word[8];
        uint64_t value;
        const size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof word)
            return false;
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        if (!parse_integer(word, &value) || value > 255)
            return false;
        classes[value / 64] |= (uint64_t)1 << value % 64;
        at += length + (at[length] == ',');
    }
    return text[0] != '\0';
}

int enrich_set_lengths(const struct enrich_lengths *lengths, struct scree_enrich_options *wanted)
{
    const struct {
        const char *name, *text;
        double *length;
        uint32_t bit;
    } all[] = {
        {"radius", lengths->radius, &wanted->radius, SCREE_ENRICH_METRIC_RADIUS},
        {"count-radius", lengths->count_radius, &wanted->count_radius,
         SCREE_ENRICH_METRIC_COUNT_RADIUS},
        {"ground-reach", lengths->ground_reach, &wanted->ground_reach,
         SCREE_ENRICH_METRIC_GROUND_REACH},
        {"ground-cell", lengths->ground_cell, &wanted->ground_cell,
         SCREE_ENRICH_METRIC_GROUND_CELL},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bool metric = false;
        if (all[i].text == NULL)
            continue;
        if (!parse_length(all[i].text, all[i].length, &metric))
            return options_misuse(&command_enrich,
                                  "--%s %s: expected a length above 0, such as 2, 2m, 6ft or "
                                  "6us-ft",
                                  all[i].name, all[i].text);
        wanted->metric_lengths |= metric ? all[i].bit : 0;
    }
    return EXIT_CODE_DONE;
}
