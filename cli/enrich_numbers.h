/* enrich_numbers.h - lengths and classes of the command line of scree enrich. */
#ifndef CLI_ENRICH_NUMBERS_H
#define CLI_ENRICH_NUMBERS_H

#include "scree/features.h"

/* As given; NULL: not. */
struct enrich_lengths {
    const char *radius, *count_radius, *ground_reach, *ground_cell;
};

/* "2,9" */
bool enrich_parse_classes(const char *text, uint64_t classes[4]);
/* Into the options; those with a unit become metres, which is noted there. The exit code: 0, or that of wrong usage, which was told. */
int enrich_set_lengths(const struct enrich_lengths *lengths, struct scree_enrich_options *wanted);

#endif
