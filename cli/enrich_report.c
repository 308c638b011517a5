/* enrich_report.c - what an enrichment will take, and what came of it. */
#include "cli/enrich_report.h"
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CPU time of a point, from the file and back: decoding, neighbours and features, encoding. Measured on a shared EPYC (Zen 4); to say whether it is minutes or hours. */
#define SECONDS_A_POINT 1.1e-6

static double seconds_of(uint64_t points, const struct spent *outcome)
{
    return (double)points * SECONDS_A_POINT / (outcome->threads > 0 ? outcome->threads : 1);
}

void enrich_plan_text(const char *input, const struct scree_enrich_plan *plan,
                      const struct spent *outcome)
{
    printf("input        ");
    put_clean(stdout, input);
    printf(", %s\n", size_text(plan->input_bytes).text);
    printf("points       %s; %s file%s around with %s points\n", count_text(plan->point_count).text,
           count_text(plan->neighbor_count).text, plural(plan->neighbor_count),
           count_text(plan->neighbor_points).text);
    printf("CRS          ");
    put_clean(stdout, plan->crs_name[0] != '\0' ? plan->crs_name : "unknown");
    printf(", unit ");
    put_clean(stdout, plan->unit_name[0] != '\0' ? plan->unit_name : "unknown (taken for metre)");
    printf("\noutput       %u features, records of %u bytes, about %s\n", plan->feature_count,
           plan->record_bytes, size_text(plan->output_bytes).text);
    printf("memory       %s hold all points, %s are the least; the budget is %s: %s\n",
           size_text(plan->memory_bytes).text, size_text(plan->floor_bytes).text,
           size_text(outcome->budget_bytes).text,
           plan->fits                                   ? "fits"
           : plan->floor_bytes <= outcome->budget_bytes ? "points go through scratch"
                                                        : "does NOT fit");
    if (plan->scratch_bytes > 0)
        printf("scratch      %s\n", size_exact_text(plan->scratch_bytes).text);
    else
        printf("scratch      none\n");
    printf("time         about %s, %u thread%s\n",
           seconds_text(seconds_of(plan->point_count, outcome)).text, outcome->threads,
           plural(outcome->threads));
}

/* What is not defined, as where no point reaches the threshold, is a dash. */
static void put_figure(const char *name, double value, char end)
{
    if (isfinite(value))
        fprintf(stderr, " %s %.3f%c", name, value, end);
    else
        fprintf(stderr, " %s -%c", name, end);
}

static void put_match(const struct scree_enrich_result *result)
{
    const struct scree_enrich_match *whole = &result->whole;
    if ((result->features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) == 0)
        return;
    if (!result->is_judged) {
        fprintf(stderr, "  building no points of class 6 to compare with\n");
        return;
    }
    fprintf(stderr, "  building against class 6, from a score of %.2f:", result->threshold);
    put_figure("precision", whole->precision, ',');
    put_figure("recall", whole->recall, ',');
    put_figure("F1", whole->f1, ',');
    put_figure("AUC", whole->auc, '\n');
}

/* The feature of which most points have no value. */
static void put_no_data(const struct scree_enrich_result *result)
{
    unsigned worst = 0;
    for (unsigned f = 1; f < SCREE_FEATURE_COUNT; f++)
        if (result->no_data[f] > result->no_data[worst])
            worst = f;
    if (result->no_data[worst] > 0)
        fprintf(stderr, "  no data  at most %s points (%s)\n",
                count_text(result->no_data[worst]).text,
                scree_feature_info((enum scree_feature)worst)->name);
}

void enrich_summary_text(const char *output, const struct scree_enrich_result *result,
                         const struct spent *outcome)
{
    put_clean(stderr, output);
    fprintf(stderr, ": %s points, %s", count_text(result->point_count).text,
            size_text(result->output_bytes).text);
    if (result->input_bytes > 0)
        fprintf(stderr, ", %.1f%% of the input",
                100.0 * (double)result->output_bytes / (double)result->input_bytes);
    fputc('\n', stderr);
    put_no_data(result);
    put_match(result);
    if (result->written_class_count > 0)
        fprintf(stderr, "  class    %s points of class 1 are class 6 now\n",
                count_text(result->written_class_count).text);
    if (result->verified_count > 0)
        fprintf(stderr, "  verified %s points by a scan of everything: all equal\n",
                count_text(result->verified_count).text);
    spent_text(outcome, result->point_count, result->scratch_bytes);
}

void enrich_file_text(const struct scree_enrich_file *file, bool dry_run)
{
    fprintf(stderr, "[%llu/%llu] ", (unsigned long long)file->index + 1,
            (unsigned long long)file->count);
    put_clean(stderr, file->outcome == SCREE_ENRICH_FAILED ? file->input : file->output);
    if (file->outcome == SCREE_ENRICH_FAILED) {
        fputs(": failed: ", stderr);
        put_clean(stderr, file->error->message);
    } else if (file->outcome == SCREE_ENRICH_SKIPPED) {
        fputs(": is done already", stderr);
    } else if (file->plan != NULL) {
        fprintf(stderr, ": %s points", count_text(file->plan->point_count).text);
        if (dry_run)
            fprintf(stderr, ", %s of memory, %s of scratch",
                    size_text(file->plan->memory_bytes).text,
                    size_text(file->plan->scratch_bytes).text);
        else
            fprintf(stderr, " in %s", seconds_text(file->seconds).text);
        if (file->result != NULL && file->result->is_judged)
            fprintf(stderr, ", F1 %.2f, AUC %.2f", file->result->whole.f1, file->result->whole.auc);
    }
    fputc('\n', stderr);
}

void enrich_batch_text(const struct scree_enrich_batch_result *result, const struct spent *outcome,
                       bool dry_run)
{
    fprintf(stderr, "%s file%s: %s %s, %s skipped, %s failed; %s side file%s copied\n",
            count_text(result->file_count).text, plural(result->file_count),
            count_text(result->done_count).text, dry_run ? "to do" : "done",
            count_text(result->skipped_count).text, count_text(result->failed_count).text,
            count_text(result->side_file_count).text, plural(result->side_file_count));
    if (dry_run) {
        fprintf(stderr,
                "  %s points; at a time %s of memory (the budget is %s) and %s of scratch; about "
                "%s of output, about %s\n",
                count_text(result->point_count).text,
                size_text(result->memory_bytes < outcome->budget_bytes ? result->memory_bytes
                                                                       : outcome->budget_bytes)
                    .text,
                size_text(outcome->budget_bytes).text, size_text(result->scratch_bytes).text,
                size_text(result->output_bytes).text,
                seconds_text(seconds_of(result->point_count, outcome)).text);
        return;
    }
    spent_text(outcome, result->point_count, 0);
}

/* -------------------------------------------------------------------------------------------- JSON */

void enrich_plan_json(cJSON *to, const struct scree_enrich_plan *plan)
{
    cJSON *object = json_object(to, "plan");
    json_u64(object, "points", plan->point_count);
    json_u64(object, "input_bytes", plan->input_bytes);
    json_u64(object, "neighbor_files", plan->neighbor_count);
    json_u64(object, "neighbor_points", plan->neighbor_points);
    json_u64(object, "features", plan->feature_count);
    json_u64(object, "record_bytes", plan->record_bytes);
    json_text(object, "crs", plan->crs_name);
    json_text(object, "unit", plan->unit_name);
    json_u64(object, "memory_bytes", plan->memory_bytes);
    json_u64(object, "floor_bytes", plan->floor_bytes);
    json_u64(object, "planned_scratch_bytes", plan->scratch_bytes);
    json_u64(object, "planned_output_bytes", plan->output_bytes);
    json_bool(object, "fits", plan->fits);
}

void enrich_match_json(cJSON *object, const struct scree_enrich_match *match)
{
    json_u64(object, "building_points", match->building_count);
    json_u64(object, "found", match->found_count);
    json_u64(object, "false", match->false_count);
    json_u64(object, "other_points", match->other_count);
    json_double(object, "precision", match->precision);
    json_double(object, "recall", match->recall);
    json_double(object, "f1", match->f1);
}

static void match_json(cJSON *to, const char *name, const struct scree_enrich_match *match)
{
    cJSON *object = json_object(to, name);
    enrich_match_json(object, match);
    json_double(object, "auc", match->auc);
}

static void scores_json(cJSON *to, const char *name, const uint64_t *counts)
{
    cJSON *array = json_array(to, name);
    for (unsigned b = 0; b < SCREE_ENRICH_SCORE_BINS; b++)
        json_u64(array, NULL, counts[b]);
}

/* Where score and class 6 disagree. */
static void places_json(cJSON *to, const struct scree_enrich_result *result)
{
    cJSON *object = json_object(to, "disagreement");
    json_u64(object, "places", result->cluster_count);
    json_u64(object, "missed", result->cluster_missed_count);
    json_u64(object, "false", result->cluster_false_count);
    json_double(object, "cell_size", result->cell_size);
    cJSON *largest = json_array(object, "largest");
    for (uint32_t i = 0; i < result->largest_count; i++) {
        const struct scree_enrich_cluster *cluster = &result->largest[i];
        cJSON *place = json_object(largest, NULL);
        json_u64(place, "points", cluster->missed_count + cluster->false_count);
        json_u64(place, "missed", cluster->missed_count);
        json_u64(place, "false", cluster->false_count);
        json_double(place, "x", cluster->x);
        json_double(place, "y", cluster->y);
        json_doubles(place, "min", cluster->min, 2);
        json_doubles(place, "max", cluster->max, 2);
    }
}

static void building_json(cJSON *to, const struct scree_enrich_result *result)
{
    static const char *const names[SCREE_ENRICH_BANDS] = {"0-2 m", "2-5 m", "5-10 m", "10-20 m",
                                                          "20 m and more"};
    if ((result->features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) == 0)
        return;
    cJSON *object = json_object(to, "building");
    json_bool(object, "class_6_present", result->is_judged);
    json_double(object, "threshold", result->threshold);
    json_u64(object, "class_6_without_score", result->building_no_data);
    match_json(object, "whole", &result->whole);
    cJSON *bands = json_object(object, "by_height");
    for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++)
        match_json(bands, names[b], &result->bands[b]);
    if (result->is_split) {
        cJSON *surfaces = json_object(object, "by_surface");
        match_json(surfaces, "wall", &result->walls);
        match_json(surfaces, "roof", &result->roofs);
    }
    cJSON *scores = json_object(object, "score_histogram");
    scores_json(scores, "class_6", result->building_scores);
    scores_json(scores, "others", result->other_scores);
    if (result->is_judged && result->cell_size > 0)
        places_json(object, result);
}

void enrich_result_json(cJSON *to, const struct scree_enrich_result *result)
{
    cJSON *object = json_object(to, "result");
    json_u64(object, "points", result->point_count);
    json_u64(object, "input_bytes", result->input_bytes);
    json_u64(object, "output_bytes", result->output_bytes);
    json_u64(object, "scratch_bytes", result->scratch_bytes);
    cJSON *no_data = json_object(object, "no_data");
    for (unsigned f = 0; f < SCREE_FEATURE_COUNT; f++)
        if ((result->features & SCREE_FEATURE_BIT(f)) != 0)
            json_u64(no_data, scree_feature_info((enum scree_feature)f)->name, result->no_data[f]);
    json_u64(object, "ground_points", result->ground_count);
    json_u64(object, "retried", result->retried_count);
    json_u64(object, "searched_alone", result->single_count);
    json_u64(object, "duplicates_of_neighbors", result->duplicate_count);
    json_u64(object, "verified", result->verified_count);
    json_u64(object, "classes_written", result->written_class_count);
    if (result->residual_count > 0) {
        cJSON *residuals = json_object(object, "ground_residuals");
        json_u64(residuals, "count", result->residual_count);
        json_double(residuals, "p50", result->residual_p50);
        json_double(residuals, "p95", result->residual_p95);
        json_double(residuals, "max", result->residual_max);
    }
    if (result->is_covered) {
        cJSON *gap = json_object(object, "ground_gap");
        json_double(gap, "radius", result->gap_radius);
        json_double(gap, "x", result->gap_at[0]);
        json_double(gap, "y", result->gap_at[1]);
        json_double(gap, "cell_size", result->cell_size);
    }
    building_json(object, result);
    json_text(object, "warnings", result->warnings);
}

/* Its text in the place of an object: a tenth of the memory, of which a folder of many files takes that of each. */
static void make_raw(cJSON *to, cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);
    cJSON *raw = text != NULL ? cJSON_CreateRaw(text) : NULL;
    free(text);
    if (raw == NULL || !cJSON_ReplaceItemViaPointer(to, object, raw))
        cJSON_Delete(raw);
}

void enrich_file_json(cJSON *to, const struct scree_enrich_file *file)
{
    static const char *const outcomes[] = {"done", "skipped", "failed"};
    cJSON *object = json_object(to, NULL);
    json_text(object, "input", file->input);
    json_text(object, "output", file->output);
    json_text(object, "outcome", outcomes[file->outcome % 3]);
    json_double(object, "seconds", file->seconds);
    if (file->error != NULL)
        json_text(object, "error", file->error->message);
    if (file->plan != NULL)
        enrich_plan_json(object, file->plan);
    if (file->result != NULL)
        enrich_result_json(object, file->result);
    make_raw(to, object);
}

void enrich_batch_json(cJSON *to, const struct scree_enrich_batch_result *result)
{
    cJSON *object = json_object(to, "batch");
    json_u64(object, "files", result->file_count);
    json_u64(object, "done", result->done_count);
    json_u64(object, "skipped", result->skipped_count);
    json_u64(object, "failed", result->failed_count);
    json_u64(object, "side_files", result->side_file_count);
    json_u64(object, "points", result->point_count);
    json_u64(object, "memory_bytes", result->memory_bytes);
    json_u64(object, "planned_scratch_bytes", result->scratch_bytes);
    json_u64(object, "planned_output_bytes", result->output_bytes);
}

void enrich_outcome_json(cJSON *to, const struct spent *outcome)
{
    json_u64(to, "threads", outcome->threads);
    json_u64(to, "budget_bytes", outcome->budget_bytes);
    json_double(to, "seconds", outcome->seconds);
    json_u64(to, "peak_budget_bytes", outcome->peak_budget_bytes);
    json_u64(to, "peak_resident_bytes", outcome->peak_resident_bytes);
}
