/* convert_report.h - what a conversion will take, and what came of it: as text and as JSON. */
#ifndef CLI_CONVERT_REPORT_H
#define CLI_CONVERT_REPORT_H

#include "cli/spent.h"
#include "scree/copc.h"

#include <stdbool.h>

struct convert_outcome {
    const char *output;
    struct spent spent;
    const struct scree_convert_plan *plan;
    const struct scree_convert_result *result; /* NULL: planned only */
    const struct scree_convert_loss *losses;   /* of --salvage */
    uint64_t loss_count;
};

void convert_plan_text(const struct convert_outcome *outcome);                  /* to stdout */
void convert_summary_text(const struct convert_outcome *outcome, bool verbose); /* to stderr */
void convert_json(const struct convert_outcome *outcome);                       /* to stdout */

#endif
