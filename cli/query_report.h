/* query_report.h - what a query will take, and what came of it. */
#ifndef CLI_QUERY_REPORT_H
#define CLI_QUERY_REPORT_H

#include "scree/query.h"

struct query_outcome {
    const char *output; /* NULL: no file */
    const struct scree_query_plan *plan;
    const struct scree_query_result *result;         /* NULL: a dry run */
    const struct scree_query_statistics *statistics; /* NULL: not asked for */
    uint64_t budget_bytes, peak_budget_bytes, peak_resident_bytes;
    unsigned threads;
    double seconds;
};

/* To stdout: the plan; the statistics; one JSON document. */
void query_plan_text(const struct query_outcome *outcome);
void query_statistics_text(const struct query_outcome *outcome);
void query_json(const struct query_outcome *outcome);
/* To stderr. */
void query_summary_text(const struct query_outcome *outcome);

#endif
