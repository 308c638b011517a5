/* enrich_report.h - what an enrichment will take, and what came of it: as text and as JSON. */
#ifndef CLI_ENRICH_REPORT_H
#define CLI_ENRICH_REPORT_H

#include "cli/spent.h"
#include "scree/features.h"

#include <stdbool.h>

/* Of one file, to stdout. */
void enrich_plan_text(const char *input, const struct scree_enrich_plan *plan,
                      const struct spent *outcome);
/* To stderr. */
void enrich_summary_text(const char *output, const struct scree_enrich_result *result,
                         const struct spent *outcome);
/* One line about one file of a batch, to stderr. */
void enrich_file_text(const struct scree_enrich_file *file, bool dry_run);
void enrich_batch_text(const struct scree_enrich_batch_result *result, const struct spent *outcome,
                       bool dry_run);

/* Parts of a document. */
void enrich_plan_json(cJSON *to, const struct scree_enrich_plan *plan);
/* How scores agree with class 6, but for what cannot be added up. */
void enrich_match_json(cJSON *object, const struct scree_enrich_match *match);
void enrich_result_json(cJSON *to, const struct scree_enrich_result *result);
void enrich_file_json(cJSON *to, const struct scree_enrich_file *file);
void enrich_batch_json(cJSON *to, const struct scree_enrich_batch_result *result);
void enrich_outcome_json(cJSON *to, const struct spent *outcome);

#endif
