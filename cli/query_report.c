/* query_report.c - what a query will take, and what came of it. */
#include "cli/query_report.h"
#include "cli/json.h"
#include "cli/text.h"

#include <stdio.h>

void query_plan_text(const struct query_outcome *outcome)
{
    const struct scree_query_plan *plan = outcome->plan;
    printf("input        %s file%s, %s of them can hold points of the answer\n",
           count_text(plan->input_count).text, plural(plan->input_count),
           count_text(plan->inputs_met).text);
    printf("points       %s at most, of %s\n", count_text(plan->points_at_most).text,
           count_text(plan->input_points).text);
    printf("nodes        %s on %u level%s, %s\n", count_text(plan->node_count).text,
           plan->level_count, plural(plan->level_count), size_exact_text(plan->fetch_bytes).text);
    if (plan->page_count > 0)
        printf("hierarchy    %s page%s, %s\n", count_text(plan->page_count).text,
               plural(plan->page_count), size_exact_text(plan->page_bytes).text);
    printf("format       %u, %u bytes per point\n", plan->point_format,
           (unsigned)plan->record_bytes);
    printf("CRS          ");
    put_clean(stdout, plan->crs_name[0] != '\0' ? plan->crs_name : "unknown");
    printf("\n");
    if (plan->page_count == 0)
        return;
    printf("  level %12s %16s\n", "nodes", "points");
    for (unsigned i = 0; i < plan->level_count && i < 33; i++)
        printf("  %5u %12s %16s\n", i, count_text(plan->level_nodes[i]).text,
               count_text(plan->level_points[i]).text);
}

void query_statistics_text(const struct query_outcome *outcome)
{
    const struct scree_query_statistics *statistics = outcome->statistics;
    printf("%-24s %14s %20s %20s %20s\n", "dimension", "points", "min", "max", "mean");
    for (uint64_t i = 0; i < statistics->dimension_count; i++) {
        const struct scree_query_dimension *d = &statistics->dimensions[i];
        put_column(stdout, d->name, 24);
        printf(" %14s", count_text(d->count).text);
        if (d->count > 0)
            printf(" %20s %20s %20s", number_text(d->min).text, number_text(d->max).text,
                   number_text(d->mean).text);
        printf("\n");
    }
}

void query_summary_text(const struct query_outcome *outcome)
{
    const struct scree_query_result *result = outcome->result;
    const struct scree_query_plan *plan = outcome->plan;
    if (outcome->output != NULL) {
        put_clean(stderr, outcome->output);
        fprintf(stderr, ": ");
    }
    fprintf(stderr, "%s point%s matched, %s tested, of %s\n",
            count_text(result->points_matched).text, plural(result->points_matched),
            count_text(result->points_tested).text, count_text(plan->input_points).text);
    fprintf(stderr, "  read     %s of %s node%s, %s, %s request%s",
            count_text(result->nodes_read).text, count_text(plan->node_count).text,
            plural(plan->node_count), size_text(result->bytes_read).text,
            count_text(result->requests).text, plural(result->requests));
    if (plan->page_count > 0)
        fprintf(stderr, "; %s hierarchy page%s, %s", count_text(plan->page_count).text,
                plural(plan->page_count), size_text(plan->page_bytes).text);
    fprintf(stderr, "\n  time     %s, %u thread%s\n", seconds_text(outcome->seconds).text,
            outcome->threads, plural(outcome->threads));
    fprintf(stderr, "  memory   peak %s of a budget of %s",
            size_text(outcome->peak_budget_bytes).text, size_text(outcome->budget_bytes).text);
    if (outcome->peak_resident_bytes > 0)
        fprintf(stderr, "; peak resident %s", size_text(outcome->peak_resident_bytes).text);
    if (result->output_bytes > 0)
        fprintf(stderr, "\n  size     %s", size_exact_text(result->output_bytes).text);
    fputc('\n', stderr);
}

static void plan_json(cJSON *document, const struct scree_query_plan *plan)
{
    cJSON *object = json_object(document, "plan");
    json_u64(object, "input_count", plan->input_count);
    json_u64(object, "inputs_met", plan->inputs_met);
    json_u64(object, "input_points", plan->input_points);
    json_u64(object, "points_at_most", plan->points_at_most);
    json_u64(object, "nodes", plan->node_count);
    json_u64(object, "fetch_bytes", plan->fetch_bytes);
    json_u64(object, "pages", plan->page_count);
    json_u64(object, "page_bytes", plan->page_bytes);
    json_u64(object, "point_format", plan->point_format);
    json_u64(object, "record_bytes", plan->record_bytes);
    json_doubles(object, "scale", plan->scale, 3);
    json_doubles(object, "offset", plan->offset, 3);
    json_text(object, "crs", plan->crs_name);
    cJSON *levels = json_array(object, "levels");
    for (unsigned i = 0; i < plan->level_count && i < 33; i++) {
        cJSON *level = json_object(levels, NULL);
        json_u64(level, "level", i);
        json_u64(level, "nodes", plan->level_nodes[i]);
        json_u64(level, "points", plan->level_points[i]);
    }
}

static void result_json(cJSON *document, const struct query_outcome *outcome)
{
    const struct scree_query_result *result = outcome->result;
    cJSON *object = json_object(document, "result");
    json_u64(object, "points_matched", result->points_matched);
    json_u64(object, "points_tested", result->points_tested);
    json_u64(object, "nodes_read", result->nodes_read);
    json_u64(object, "nodes_inside", result->nodes_inside);
    json_u64(object, "bytes_read", result->bytes_read);
    json_u64(object, "requests", result->requests);
    json_u64(object, "output_bytes", result->output_bytes);
    json_double(object, "seconds", outcome->seconds);
    json_u64(object, "peak_budget_bytes", outcome->peak_budget_bytes);
    json_u64(object, "peak_resident_bytes", outcome->peak_resident_bytes);
}

static void statistics_json(cJSON *document, const struct scree_query_statistics *statistics)
{
    cJSON *dimensions = json_array(document, "dimensions");
    for (uint64_t i = 0; i < statistics->dimension_count; i++) {
        const struct scree_query_dimension *d = &statistics->dimensions[i];
        cJSON *object = json_object(dimensions, NULL);
        json_text(object, "name", d->name);
        json_u64(object, "count", d->count);
        if (d->count == 0)
            continue;
        json_double(object, "min", d->min);
        json_double(object, "max", d->max);
        json_double(object, "mean", d->mean);
        if (d->bin_count == 0)
            continue;
        cJSON *histogram = json_object(object, "histogram");
        json_double(histogram, "begin", d->bin_begin);
        json_double(histogram, "end", d->bin_end);
        cJSON *bins = json_array(histogram, "counts");
        for (unsigned b = 0; b < d->bin_count; b++) {
            char digits[24];
            snprintf(digits, sizeof digits, "%llu", (unsigned long long)d->bins[b]);
            json_raw(bins, NULL, digits);
        }
    }
}

void query_json(const struct query_outcome *outcome)
{
    cJSON *document = json_document("query");
    json_bool(document, "dry_run", outcome->result == NULL);
    if (outcome->output != NULL)
        json_text(document, "output", outcome->output);
    json_u64(document, "threads", outcome->threads);
    plan_json(document, outcome->plan);
    if (outcome->result != NULL)
        result_json(document, outcome);
    if (outcome->statistics != NULL)
        statistics_json(document, outcome->statistics);
    json_print(document);
}
