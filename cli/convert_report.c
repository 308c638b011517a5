/* convert_report.c - what a conversion will take, and what came of it. */
#include "cli/convert_report.h"
#include "cli/json.h"
#include "cli/text.h"

#include <stdio.h>

static const char *crs_name(const struct scree_convert_plan *plan)
{
    return plan->crs_name != NULL && plan->crs_name[0] != '\0' ? plan->crs_name : "unknown";
}

static uint64_t points_lost(const struct convert_outcome *outcome)
{
    uint64_t points = 0;
    for (uint64_t i = 0; i < outcome->loss_count; i++)
        points += outcome->losses[i].point_count;
    return points;
}

void convert_plan_text(const struct convert_outcome *outcome)
{
    const struct scree_convert_plan *plan = outcome->plan;
    printf("input        %s file%s, %s\n", count_text(plan->input_count).text,
           plural(plan->input_count), size_exact_text(plan->input_bytes).text);
    printf("points       %s", count_text(plan->point_count).text);
    if (outcome->loss_count > 0)
        printf("; %s more are lost", count_text(points_lost(outcome)).text);
    putchar('\n');
    printf("output       ");
    put_clean(stdout, outcome->output);
    printf(", about %s\n", size_text(plan->output_bytes).text);
    printf("format       %u, %u bytes per point, %u of them extra bytes\n", plan->point_format,
           (unsigned)plan->record_bytes, (unsigned)plan->extra_bytes);
    printf("CRS          ");
    put_clean(stdout, crs_name(plan));
    printf("\nscale        %s, %s, %s\n", number_text(plan->scale[0]).text,
           number_text(plan->scale[1]).text, number_text(plan->scale[2]).text);
    printf("offset       %s, %s, %s\n", number_text(plan->offset[0]).text,
           number_text(plan->offset[1]).text, number_text(plan->offset[2]).text);
    printf("memory       %s hold all points, %s are the least; the budget is %s: %s\n",
           size_text(plan->memory_bytes).text, size_text(plan->floor_bytes).text,
           size_text(outcome->spent.budget_bytes).text,
           plan->fits                                         ? "fits"
           : plan->floor_bytes <= outcome->spent.budget_bytes ? "points go through scratch"
                                                              : "does NOT fit");
    if (plan->scratch_bytes > 0)
        printf("scratch      %s\n", size_exact_text(plan->scratch_bytes).text);
    else
        printf("scratch      none\n");
    if (plan->temporal_stride > 0)
        printf("times        index with a stride of %s\n", count_text(plan->temporal_stride).text);
    printf("threads      %u\n", outcome->spent.threads);
}

static void level_table(const struct scree_convert_result *result)
{
    fprintf(stderr, "  level %12s %16s %14s\n", "nodes", "points", "points/node");
    for (unsigned i = 0; i < result->level_count && i < SCREE_COPC_LEVELS_MAX; i++) {
        uint64_t nodes = result->level_nodes[i], points = result->level_points[i];
        fprintf(stderr, "  %5u %12s %16s %14s\n", i, count_text(nodes).text,
                count_text(points).text, count_text(nodes > 0 ? points / nodes : 0).text);
    }
}

void convert_summary_text(const struct convert_outcome *outcome, bool verbose)
{
    const struct scree_convert_result *result = outcome->result;
    double points = (double)result->points_out;
    put_clean(stderr, outcome->output);
    fprintf(stderr, ": %s points in %s %s points out", count_text(result->points_in).text,
            result->points_in == result->points_out + result->points_lost ? "=" : "!=",
            count_text(result->points_out).text);
    if (result->points_lost > 0)
        fprintf(stderr, " + %s lost", count_text(result->points_lost).text);
    fputc('\n', stderr);
    fprintf(stderr,
            "  octree   %s node%s on %u level%s, %s hierarchy page%s, largest node %s points\n",
            count_text(result->node_count).text, plural(result->node_count), result->level_count,
            plural(result->level_count), count_text(result->page_count).text,
            plural(result->page_count), count_text(result->largest_node_points).text);
    fprintf(stderr, "  size     %s", size_exact_text(result->output_bytes).text);
    if (result->points_out > 0)
        fprintf(stderr, ", %.2f bytes per point", (double)result->output_bytes / points);
    if (result->input_bytes > 0)
        fprintf(stderr, ", %.1f%% of the input",
                100.0 * (double)result->output_bytes / (double)result->input_bytes);
    fputc('\n', stderr);
    spent_text(&outcome->spent, result->points_out, result->scratch_bytes);
    if (verbose)
        level_table(result);
}

static void plan_json(cJSON *document, const struct convert_outcome *outcome)
{
    const struct scree_convert_plan *plan = outcome->plan;
    cJSON *object = json_object(document, "plan");
    json_u64(object, "input_count", plan->input_count);
    json_u64(object, "input_bytes", plan->input_bytes);
    json_u64(object, "points", plan->point_count);
    json_u64(object, "point_format", plan->point_format);
    json_u64(object, "record_bytes", plan->record_bytes);
    json_u64(object, "extra_bytes", plan->extra_bytes);
    json_text(object, "crs", plan->crs_name != NULL ? plan->crs_name : "");
    json_doubles(object, "scale", plan->scale, 3);
    json_doubles(object, "offset", plan->offset, 3);
    json_u64(object, "memory_bytes", plan->memory_bytes);
    json_u64(object, "floor_bytes", plan->floor_bytes);
    json_u64(object, "budget_bytes", outcome->spent.budget_bytes);
    json_u64(object, "planned_scratch_bytes", plan->scratch_bytes);
    json_u64(object, "output_bytes", plan->output_bytes);
    json_bool(object, "fits", plan->fits);
    json_u64(object, "temporal_stride", plan->temporal_stride);
}

static void result_json(cJSON *document, const struct convert_outcome *outcome)
{
    const struct scree_convert_result *result = outcome->result;
    cJSON *object = json_object(document, "result");
    json_u64(object, "points_in", result->points_in);
    json_u64(object, "points_out", result->points_out);
    json_u64(object, "points_lost", result->points_lost);
    json_u64(object, "input_bytes", result->input_bytes);
    json_u64(object, "output_bytes", result->output_bytes);
    json_u64(object, "scratch_bytes", result->scratch_bytes);
    json_u64(object, "nodes", result->node_count);
    json_u64(object, "pages", result->page_count);
    json_u64(object, "largest_node_points", result->largest_node_points);
    cJSON *levels = json_array(object, "levels");
    for (unsigned i = 0; i < result->level_count && i < SCREE_COPC_LEVELS_MAX; i++) {
        cJSON *level = json_object(levels, NULL);
        json_u64(level, "level", i);
        json_u64(level, "nodes", result->level_nodes[i]);
        json_u64(level, "points", result->level_points[i]);
    }
    json_double(object, "seconds", outcome->spent.seconds);
    json_u64(object, "peak_budget_bytes", outcome->spent.peak_budget_bytes);
    json_u64(object, "peak_resident_bytes", outcome->spent.peak_resident_bytes);
}

static void losses_json(cJSON *document, const struct convert_outcome *outcome)
{
    cJSON *losses = json_array(document, "losses");
    for (uint64_t i = 0; i < outcome->loss_count; i++) {
        const struct scree_convert_loss *loss = &outcome->losses[i];
        cJSON *object = json_object(losses, NULL);
        json_text(object, "file", loss->file);
        json_u64(object, "chunk", loss->chunk);
        json_u64(object, "offset", loss->offset);
        json_u64(object, "first_point", loss->first_point);
        json_u64(object, "points_lost", loss->point_count);
        json_text(object, "reason", loss->reason);
    }
}

void convert_json(const struct convert_outcome *outcome)
{
    cJSON *document = json_document("convert");
    json_text(document, "output", outcome->output);
    json_bool(document, "dry_run", outcome->result == NULL);
    json_u64(document, "threads", outcome->spent.threads);
    json_text(document, "cpu", scree_cpu_level());
    plan_json(document, outcome);
    losses_json(document, outcome);
    if (outcome->result != NULL)
        result_json(document, outcome);
    json_print(document);
}
