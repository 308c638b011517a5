/* options.c - defaults. */
#include "scree/features.h"

#include <string.h>

void scree_enrich_options_init(struct scree_enrich_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->k = 20;
    options->idw_count = 3;
    options->ground_classes[0] = 1u << 2;
}
