/* enrich_standing.h - how building scores of a folder's files agree with their own class 6: all of them together, and the worst. */
#ifndef CLI_ENRICH_STANDING_H
#define CLI_ENRICH_STANDING_H

#include "cli/json.h"
#include "scree/features.h"

#define STANDING_WORST 10u

struct enrich_standing_file {
    char *name;
    struct scree_enrich_match match;
};

/* All zero at first. */
struct enrich_standing {
    uint64_t judged, unjudged; /* files with a score: that have class 6, that have not */
    struct scree_enrich_match sum;
    struct enrich_standing_file worst[STANDING_WORST]; /* by F1, those that came first before */
    unsigned worst_count;
};

void enrich_standing_add(struct enrich_standing *standing, const struct scree_enrich_file *file);
/* To stderr; nothing where there are no scores. */
void enrich_standing_text(const struct enrich_standing *standing);
void enrich_standing_json(cJSON *to, const struct enrich_standing *standing);
void enrich_standing_release(struct enrich_standing *standing);

#endif
