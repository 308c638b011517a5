/* report_text.c - a report as JSON, and as text. */
#include "enrich/report.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <math.h>
#include <string.h>

static const char *const band_names[SCREE_ENRICH_BANDS] = {"below 2 m", "2 to 5 m", "5 to 10 m",
                                                           "10 to 20 m", "20 m and more"};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* -------------------------------------------------------------------------------------------- JSON */

static void add_number(struct scree__enrich_text *text, const char *name, double value)
{
    scree__enrich_text_add(text, ",\"%s\":", name);
    scree__enrich_text_add_number(text, value);
}

static void add_match(struct scree__enrich_text *text, const struct scree_enrich_match *match)
{
    scree__enrich_text_add(text,
                           "\"building_points\":%" PRIu64 ",\"found\":%" PRIu64
                           ",\"false\":%" PRIu64 ",\"other_points\":%" PRIu64,
                           match->building_count, match->found_count, match->false_count,
                           match->other_count);
    add_number(text, "precision", match->precision);
    add_number(text, "recall", match->recall);
    add_number(text, "f1", match->f1);
    add_number(text, "auc", match->auc);
}

static void add_counts(struct scree__enrich_text *text, const char *name, const uint64_t *counts)
{
    scree__enrich_text_add(text, "\"%s\":[", name);
    for (unsigned b = 0; b < SCREE_ENRICH_SCORE_BINS; b++)
        scree__enrich_text_add(text, "%s%" PRIu64, b > 0 ? "," : "", counts[b]);
    scree__enrich_text_add(text, "]");
}

static void add_pair(struct scree__enrich_text *text, const char *name, const double pair[2])
{
    scree__enrich_text_add(text, ",\"%s\":[", name);
    scree__enrich_text_add_number(text, pair[0]);
    scree__enrich_text_add(text, ",");
    scree__enrich_text_add_number(text, pair[1]);
    scree__enrich_text_add(text, "]");
}

static void add_disagreement(struct scree__enrich_text *text,
                             const struct scree_enrich_result *result)
{
    scree__enrich_text_add(
        text, ",\"disagreement\":{\"places\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"false\":%" PRIu64,
        result->cluster_count, result->cluster_missed_count, result->cluster_false_count);
    add_number(text, "cell_size", result->cell_size);
    scree__enrich_text_add(text, ",\"largest\":[");
    for (uint32_t i = 0; i < result->largest_count; i++) {
        const struct scree_enrich_cluster *cluster = &result->largest[i];
        scree__enrich_text_add(
            text, "%s{\"points\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"false\":%" PRIu64,
            i > 0 ? "," : "", cluster->missed_count + cluster->false_count, cluster->missed_count,
            cluster->false_count);
        add_number(text, "x", cluster->x);
        add_number(text, "y", cluster->y);
        add_pair(text, "min", cluster->min);
        add_pair(text, "max", cluster->max);
        scree__enrich_text_add(text, "}");
    }
    scree__enrich_text_add(text, "]}");
}

static void add_surface(struct scree__enrich_text *text, const char *name,
                        const struct scree_enrich_match *match)
{
    scree__enrich_text_add(text, "\"%s\":{", name);
    add_match(text, match);
    scree__enrich_text_add(text, "}");
}

static void add_building(struct scree__enrich_text *text, const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, ",\"building\":{\"class_6_present\":%s",
                           result->is_judged ? "true" : "false");
    add_number(text, "threshold", result->threshold);
    scree__enrich_text_add(text, ",\"class_6_without_score\":%" PRIu64 ",",
                           result->building_no_data);
    add_match(text, &result->whole);
    scree__enrich_text_add(text, ",\"by_height\":[");
    for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++) {
        scree__enrich_text_add(text, "%s{\"height\":\"%s\",", b > 0 ? "," : "", band_names[b]);
        add_match(text, &result->bands[b]);
        scree__enrich_text_add(text, "}");
    }
    scree__enrich_text_add(text, "]");
    if (result->is_split) {
        scree__enrich_text_add(text, ",\"by_surface\":{");
        add_surface(text, "wall", &result->walls);
        scree__enrich_text_add(text, ",");
        add_surface(text, "roof", &result->roofs);
        scree__enrich_text_add(text, "}");
    }
    scree__enrich_text_add(text, ",\"score_histogram\":{");
    add_counts(text, "class_6", result->building_scores);
    scree__enrich_text_add(text, ",");
    add_counts(text, "others", result->other_scores);
    scree__enrich_text_add(text, "}");
    if (result->is_judged && result->cell_size > 0)
        add_disagreement(text, result);
    scree__enrich_text_add(text, "}");
}

static void add_ground(struct scree__enrich_text *text, const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, ",\"ground\":{\"points\":%" PRIu64 ",\"residuals\":%" PRIu64,
                           result->ground_count, result->residual_count);
    if (result->residual_count > 0) {
        add_number(text, "p50", result->residual_p50);
        add_number(text, "p95", result->residual_p95);
        add_number(text, "max", result->residual_max);
    }
    if (result->is_covered) {
        scree__enrich_text_add(text, ",\"largest_gap\":{\"radius\":");
        scree__enrich_text_add_number(text, result->gap_radius);
        add_number(text, "x", result->gap_at[0]);
        add_number(text, "y", result->gap_at[1]);
        add_number(text, "cell_size", result->cell_size);
        scree__enrich_text_add(text, "}");
    }
    scree__enrich_text_add(text, "}");
}

static void add_warnings(struct scree__enrich_text *text, const char *warnings)
{
    scree__enrich_text_add(text, ",\"warnings\":[");
    for (const char *at = warnings; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)length, at);
        scree__enrich_text_add(text, "%s", at != warnings ? "," : "");
        scree__enrich_text_add_string(text, line);
        at += length + (at[length] == '\n');
    }
    scree__enrich_text_add(text, "]");
}

static bool has(const struct scree_enrich_result *result, enum scree_feature feature)
{
    return (result->features & SCREE_FEATURE_BIT(feature)) != 0;
}

void scree__enrich_report_json(struct scree__enrich_text *text, const char *name,
                               const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, "{\"schema\":1,\"scree\":\"%s\",\"file\":", scree_version());
    scree__enrich_text_add_string(text, base_name(name));
    scree__enrich_text_add(text, ",\"points\":%" PRIu64 ",\"no_data\":{", result->point_count);
    const char *comma = "";
    for (unsigned f = 0; f < SCREE_FEATURE_COUNT; f++)
        if (has(result, (enum scree_feature)f)) {
            scree__enrich_text_add(text, "%s\"%s\":%" PRIu64, comma,
                                   scree_feature_info((enum scree_feature)f)->name,
                                   result->no_data[f]);
            comma = ",";
        }
    scree__enrich_text_add(text, "}");
    add_ground(text, result);
    if (has(result, SCREE_FEATURE_BUILDING_SCORE))
        add_building(text, result);
    if (result->verified_count > 0)
        scree__enrich_text_add(text, ",\"verified\":%" PRIu64, result->verified_count);
    if (result->written_class_count > 0)
        scree__enrich_text_add(text, ",\"classes_written\":%" PRIu64, result->written_class_count);
    add_warnings(text, result->warnings);
    scree__enrich_text_add(text, "}\n");
}

/* -------------------------------------------------------------------------------------------- text */

static void add_cell(struct scree__enrich_text *text, double value)
{
    if (isfinite(value))
        scree__enrich_text_add(text, "%10.3f", value);
    else
        scree__enrich_text_add(text, "%10s", "-");
}

static void add_row(struct scree__enrich_text *text, const char *name,
                    const struct scree_enrich_match *match)
{
    scree__enrich_text_add(text, "  %-14s%12" PRIu64 "%12" PRIu64, name, match->building_count,
                           match->other_count);
    add_cell(text, match->precision);
    add_cell(text, match->recall);
    add_cell(text, match->f1);
    add_cell(text, match->auc);
    scree__enrich_text_add(text, "\n");
}

static void add_table(struct scree__enrich_text *text, const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, "\nBuilding score, %.2f and more, against class 6\n",
                           result->threshold);
    scree__enrich_text_add(text, "  %-14s%12s%12s%10s%10s%10s%10s\n", "above ground", "class 6",
                           "others", "precision", "recall", "F1", "AUC");
    for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++)
        add_row(text, band_names[b], &result->bands[b]);
    if (result->is_split) {
        add_row(text, "like a wall", &result->walls);
        add_row(text, "like a roof", &result->roofs);
    }
    add_row(text, "all", &result->whole);
    if (result->building_no_data > 0)
        scree__enrich_text_add(text, "  %" PRIu64 " points of class 6 have no score\n",
                               result->building_no_data);
}

static double share_of(uint64_t count, uint64_t of)
{
    return of > 0 ? (double)count / (double)of : 0;
}

/* A bar for each share of the points, as long as it is. */
static void add_histogram(struct scree__enrich_text *text, const struct scree_enrich_result *result)
{
    static const char bar[] = "########################################";
    const int widest = sizeof bar - 1;
    const struct scree_enrich_match *whole = &result->whole;
    if (whole->building_count + whole->other_count == 0)
        return;
    scree__enrich_text_add(text, "\nPoints by building score\n  %-12s%12s  %-*s%12s\n", "score",
                           "class 6", widest, "", "others");
    for (unsigned b = 0; b < SCREE_ENRICH_SCORE_BINS; b++) {
        const double building = share_of(result->building_scores[b], whole->building_count);
        const double other = share_of(result->other_scores[b], whole->other_count);
        const int length = (int)(other * widest + 0.5);
        scree__enrich_text_add(text, "  %.2f to %.2f%12" PRIu64 "  %-*.*s%12" PRIu64 "%s%.*s\n",
                               (double)b / SCREE_ENRICH_SCORE_BINS,
                               (b + 1.0) / SCREE_ENRICH_SCORE_BINS, result->building_scores[b],
                               widest, (int)(building * widest + 0.5), bar, result->other_scores[b],
                               length > 0 ? "  " : "", length, bar);
    }
}

static void add_places(struct scree__enrich_text *text, const struct scree_enrich_result *result)
{
    if (result->largest_count == 0)
        return;
    scree__enrich_text_add(
        text,
        "\nWhere score and class 6 disagree: %" PRIu64 " place%s (of cells of %g), %" PRIu64
        " points missed, %" PRIu64 " false; the largest\n  %2s%15s%15s%18s%12s%12s%12s\n",
        result->cluster_count, result->cluster_count == 1 ? "" : "s", result->cell_size,
        result->cluster_missed_count, result->cluster_false_count, "", "x", "y", "extent", "points",
        "missed", "false");
    for (uint32_t i = 0; i < result->largest_count; i++) {
        const struct scree_enrich_cluster *cluster = &result->largest[i];
        char extent[40];
        snprintf(extent, sizeof extent, "%.6g x %.6g", cluster->max[0] - cluster->min[0],
                 cluster->max[1] - cluster->min[1]);
        scree__enrich_text_add(
            text, "  %2u%15.1f%15.1f%18s%12" PRIu64 "%12" PRIu64 "%12" PRIu64 "\n", i + 1,
            cluster->x, cluster->y, extent, cluster->missed_count + cluster->false_count,
            cluster->missed_count, cluster->false_count);
    }
}

static void add_ground_text(struct scree__enrich_text *text,
                            const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, "\nGround: %" PRIu64 " points", result->ground_count);
    if (result->residual_count > 0)
        scree__enrich_text_add(text,
                               "; %" PRIu64
                               " of them against the network of the others: p50 %.3f, p95 "
                               "%.3f, at most %.3f",
                               result->residual_count, result->residual_p50, result->residual_p95,
                               result->residual_max);
    if (result->is_covered)
        scree__enrich_text_add(text,
                               "\nWithout a ground point of this file: a circle of %.6g about "
                               "%.1f %.1f, to a cell of %g",
                               result->gap_radius, result->gap_at[0], result->gap_at[1],
                               result->cell_size);
    scree__enrich_text_add(text, "\n");
}

void scree__enrich_report_text(struct scree__enrich_text *text, const char *name,
                               const struct scree_enrich_result *result)
{
    scree__enrich_text_add(text, "%s: %" PRIu64 " points, by scree %s\n", base_name(name),
                           result->point_count, scree_version());
    if (has(result, SCREE_FEATURE_HEIGHT_ABOVE_GROUND))
        add_ground_text(text, result);
    scree__enrich_text_add(text, "\nPoints without a value\n");
    for (unsigned f = 0; f < SCREE_FEATURE_COUNT; f++)
        if (has(result, (enum scree_feature)f))
            scree__enrich_text_add(text, "  %-20s%12" PRIu64 "%8.2f%%\n",
                                   scree_feature_info((enum scree_feature)f)->name,
                                   result->no_data[f],
                                   result->point_count > 0 ? 100.0 * (double)result->no_data[f] /
                                                                 (double)result->point_count
                                                           : 0.0);
    if (has(result, SCREE_FEATURE_BUILDING_SCORE) && result->is_judged)
        add_table(text, result);
    if (has(result, SCREE_FEATURE_BUILDING_SCORE))
        add_histogram(text, result);
    add_places(text, result);
    if (result->written_class_count > 0)
        scree__enrich_text_add(text, "\n%" PRIu64 " points of class 1 were made class 6\n",
                               result->written_class_count);
    if (result->warnings[0] != '\0')
        scree__enrich_text_add(text, "\nTo look at\n");
    for (const char *at = result->warnings; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        scree__enrich_text_add(text, "  %.*s\n", (int)length, at);
        at += length + (at[length] == '\n');
    }
}
