/* options.c - defaults, and options of other versions. */
#include "enrich/engine.h"

#include <string.h>

void scree_enrich_options_init(struct scree_enrich_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->k = 20;
    options->idw_count = 3;
    options->ground_classes[0] = 1u << 2;
}

void scree__enrich_options_take(struct scree_enrich_options *own,
                                const struct scree_enrich_options *given)
{
    scree_enrich_options_init(own);
    memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
    own->size = sizeof *own;
}
