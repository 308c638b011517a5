/* report.c - what is seen of the points while they are written. */
#include "enrich/report.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUILDING 6u
#define TALLIES (2 * SCREE_ENRICH_BANDS) /* bands of roofs, then of walls; one more is for sums */
/* A score that is worse than these is not to be trusted on the file. */
#define F1_LEAST 0.60
#define AUC_LEAST 0.85
#define CELLS_ACROSS 720.0 /* of the raster, along its longer side */
#define POINTS_A_CELL 4.0  /* at least, on average: else the map has holes */

unsigned scree__enrich_class_of(unsigned point_format, const uint8_t *record)
{
    return point_format < 6 ? record[15] & 31u : record[16];
}

/* The smallest of 1, 2, 5, 10 ... times a power of ten that is not below. */
static double round_up(double size)
{
    double step = pow(10, floor(log10(size)));
    const double digits = size / step;
    return step * (digits <= 1.000001 ? 1 : digits <= 2.000001 ? 2 : digits <= 5.000001 ? 5 : 10);
}

static enum scree_status make_cells(struct scree__enrich_report *report,
                                    const struct scree_las_header *header, struct scree_error *err)
{
    const double across = header->max[0] - header->min[0], down = header->max[1] - header->min[1];
    const double longer = across > down ? across : down;
    void *memory;
    const double points = header->point_count > 0 ? (double)header->point_count : 1;
    if (!isfinite(longer) || !(across >= 0) || !(down >= 0))
        return SCREE_OK;
    double size = longer / CELLS_ACROSS;
    const double sparse = sqrt(across * down * POINTS_A_CELL / points);
    size = longer > 1e-200 ? round_up(sparse > size ? sparse : size) : 1; /* one place: one cell */
    while (longer / size > 2 * CELLS_ACROSS)
        size *= 2;
    report->cell_size = size;
    report->origin[0] = header->min[0];
    report->origin[1] = header->min[1];
    report->width = (uint32_t)(across / size) + 1;
    report->height = (uint32_t)(down / size) + 1;
    const uint64_t count = (uint64_t)report->width * report->height;
    enum scree_status status = scree__mem_alloc(report->budget, count * sizeof *report->cells,
                                                &memory, "the raster of a report", err);
    if (status != SCREE_OK)
        return status;
    report->cells = memory;
    for (uint64_t i = 0; i < count; i++)
        report->cells[i] = (struct scree__enrich_map_cell){
            .top = SCREE__ENRICH_NO_HEIGHT, .height = SCREE__ENRICH_NO_HEIGHT, .score = 255};
    return SCREE_OK;
}

static void find_columns(struct scree__enrich_report *report, const enum scree_feature *features)
{
    report->height_at = report->score_at = report->wall_at = report->roof_at = -1;
    for (uint32_t i = 0; i < report->feature_count; i++) {
        if (features[i] == SCREE_FEATURE_HEIGHT_ABOVE_GROUND)
            report->height_at = (int32_t)i;
        if (features[i] == SCREE_FEATURE_BUILDING_SCORE)
            report->score_at = (int32_t)i;
        if (features[i] == SCREE_FEATURE_WALL_SCORE)
            report->wall_at = (int32_t)i;
        if (features[i] == SCREE_FEATURE_ROOF_SCORE)
            report->roof_at = (int32_t)i;
    }
}

enum scree_status
scree__enrich_report_new(struct scree__mem_budget *budget, const struct scree_las_reader *reader,
                         const struct scree_enrich_options *options, double metres_per_unit,
                         const enum scree_feature *features, uint32_t feature_count,
                         struct scree__enrich_report **out, struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree__enrich_report), &memory, "report", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_report *report = memory;
    memset(report, 0, sizeof *report);
    scree__par_lock_init(&report->lock);
    report->budget = budget;
    report->point_format = header->point_format;
    report->feature_count = feature_count;
    find_columns(report, features);
    report->threshold_given = options->building_threshold > 0 ? options->building_threshold : 0.5;
    report->threshold = (float)report->threshold_given;
    report->metres = metres_per_unit > 0 ? metres_per_unit : 1;
    memcpy(report->scale, header->scale, sizeof report->scale);
    memcpy(report->offset, header->offset, sizeof report->offset);
    report->noise_is_ground = options->noise_neighbors;
    report->withheld_is_ground = options->withheld_neighbors;
    const uint64_t bytes = (TALLIES + 1) * sizeof *report->tallies;
    status = scree__mem_alloc(budget, bytes, &memory, "report", err);
    if (status == SCREE_OK) {
        report->tallies = memory;
        memset(memory, 0, bytes);
    }
    if (status == SCREE_OK)
        status = make_cells(report, header, err);
    memcpy(report->ground_classes, options->ground_classes, sizeof report->ground_classes);
    if (status == SCREE_OK && report->height_at >= 0)
        status = scree__enrich_residuals_init(&report->residuals, budget, header, err);
    if (status != SCREE_OK)
        scree__enrich_report_free(report);
    else
        *out = report;
    return status;
}

void scree__enrich_report_free(struct scree__enrich_report *report)
{
    if (report == NULL)
        return;
    struct scree__mem_budget *budget = report->budget;
    scree__par_lock_release(&report->lock);
    scree__enrich_residuals_release(&report->residuals);
    scree__mem_free(budget, report->tallies, (TALLIES + 1) * sizeof *report->tallies);
    scree__mem_free(budget, report->cells,
                    (uint64_t)report->width * report->height * sizeof *report->cells);
    scree__mem_free(budget, report, sizeof *report);
}

/* ----------------------------------------------------------------------------------------- points */

/* Band of a height in metres; without one, the lowest. */
static unsigned band_of(double metres)
{
    return metres < 2 ? 0 : metres < 5 ? 1 : metres < 10 ? 2 : metres < 20 ? 3 : 4;
}

static void count_up(struct scree__enrich_report *report, uint32_t *count)
{
    report->overflow = report->overflow || *count == UINT32_MAX;
    *count += *count < UINT32_MAX;
}

/* A point as the report sees it; no score: it is not judged. */
struct sight {
    int32_t at[3];
    float height, score;
    bool building, noise, ground, found;
};

/* As the survey has it: noise and withheld points are no ground, but when they are told to. */
static bool is_ground(const struct scree__enrich_report *report, const uint8_t *record,
                      const struct sight *sight, unsigned class)
{
    const bool withheld =
        report->point_format < 6 ? (record[15] & 0x80) != 0 : (record[15] & 4) != 0;
    return (report->ground_classes[class / 64] >> class % 64 & 1) != 0 &&
           !(sight->noise && !report->noise_is_ground) &&
           !(withheld && !report->withheld_is_ground);
}

static struct scree__enrich_map_cell *cell_of(struct scree__enrich_report *report,
                                              const struct sight *sight)
{
    double at[2];
    for (int axis = 0; axis < 2; axis++)
        at[axis] =
            (sight->at[axis] * report->scale[axis] + report->offset[axis] - report->origin[axis]) /
            report->cell_size;
    if (!(at[0] >= 0 && at[0] < report->width && at[1] >= 0 && at[1] < report->height))
        return NULL;
    return &report->cells[(uint64_t)at[1] * report->width + (uint64_t)at[0]];
}

static void add_to_cell(struct scree__enrich_report *report, const struct sight *sight)
{
    struct scree__enrich_map_cell *cell = cell_of(report, sight);
    if (cell == NULL) {
        report->outside++;
        return;
    }
    cell->ground = cell->ground || sight->ground;
    if (sight->noise)
        return;
    count_up(report, &cell->points);
    cell->top = sight->at[2] > cell->top ? sight->at[2] : cell->top;
    if (sight->height != SCREE_FEATURE_NO_DATA) {
        const double mm = (double)sight->height * report->metres * 1000;
        const int32_t kept = mm > 2e9 ? 2000000000 : mm < -2e9 ? -2000000000 : (int32_t)mm;
        cell->height = kept > cell->height ? kept : cell->height;
    }
    if (sight->score == SCREE_FEATURE_NO_DATA)
        return;
    const uint8_t step = (uint8_t)(sight->score * 254.0F + 0.5F);
    if (cell->score == 255 || step > cell->score)
        cell->score = step;
    if (sight->building || sight->found)
        count_up(report, !sight->building ? &cell->false_alarms
                         : sight->found   ? &cell->found
                                          : &cell->missed);
}

/* Where both scores are equal it is a roof. */
static bool is_wall(const struct scree__enrich_report *report, const float *row)
{
    return report->wall_at >= 0 && report->roof_at >= 0 &&
           row[report->wall_at] > row[report->roof_at];
}

static void add_to_tally(struct scree__enrich_report *report, const struct sight *sight, bool wall)
{
    const double metres =
        sight->height == SCREE_FEATURE_NO_DATA ? 0 : (double)sight->height * report->metres;
    const unsigned step = (unsigned)((double)sight->score * (SCREE__ENRICH_SCORE_STEPS - 1) + 0.5);
    struct scree__enrich_score_tally *tally =
        &report->tallies[(wall ? SCREE_ENRICH_BANDS : 0) + band_of(metres)];
    (sight->building ? tally->building : tally->other)[step]++;
    if (sight->found)
        (*(sight->building ? &tally->found : &tally->false_alarms))++;
}

static void add_point(struct scree__enrich_report *report, const uint8_t *record, const float *row)
{
    const unsigned class = scree__enrich_class_of(report->point_format, record);
    struct sight sight = {
        .height = report->height_at < 0 ? SCREE_FEATURE_NO_DATA : row[report->height_at],
        .score = report->score_at < 0 ? SCREE_FEATURE_NO_DATA : row[report->score_at],
        .building = class == BUILDING,
        .noise = class == 7 || class == 18};
    for (int axis = 0; axis < 3; axis++)
        sight.at[axis] = scree__base_load_i32(record + 4 * axis);
    report->class_counts[class]++;
    sight.ground = is_ground(report, record, &sight, class);
    if (sight.ground)
        scree__enrich_residuals_add(&report->residuals, sight.at);
    if (sight.score == SCREE_FEATURE_NO_DATA || sight.noise) {
        report->building_no_data += sight.building && report->score_at >= 0;
        sight.score = SCREE_FEATURE_NO_DATA;
    } else {
        sight.score = sight.score < 0 ? 0 : sight.score > 1 ? 1 : sight.score;
        sight.found = sight.score >= report->threshold;
        add_to_tally(report, &sight, is_wall(report, row));
    }
    if (report->cells != NULL)
        add_to_cell(report, &sight);
}

void scree__enrich_report_add(struct scree__enrich_report *report, const uint8_t *records,
                              uint32_t record_bytes, const float *rows, uint32_t count)
{
    scree__par_lock_take(&report->lock);
    for (uint32_t i = 0; i < count; i++)
        add_point(report, records + (size_t)i * record_bytes,
                  rows + (size_t)i * report->feature_count);
    scree__par_lock_give(&report->lock);
}

/* ---------------------------------------------------------------------------------------- numbers */

static double quotient(double a, double b)
{
    return b > 0 ? a / b : (double)NAN;
}

static void match(const struct scree__enrich_score_tally *tally, struct scree_enrich_match *out)
{
    double above = 0, pairs = 0;
    memset(out, 0, sizeof *out);
    for (unsigned s = SCREE__ENRICH_SCORE_STEPS; s-- > 0;) {
        out->building_count += tally->building[s];
        out->other_count += tally->other[s];
        /* Pairs in which the building's score is higher, and half of those in which both are as high. */
        pairs += (double)tally->other[s] * (above + (double)tally->building[s] / 2);
        above += (double)tally->building[s];
    }
    out->found_count = tally->found;
    out->false_count = tally->false_alarms;
    const double found = (double)out->found_count;
    out->precision = quotient(found, found + (double)out->false_count);
    out->recall = quotient(found, (double)out->building_count);
    out->f1 = quotient(2 * found, (double)out->building_count + found + (double)out->false_count);
    out->auc = quotient(pairs, (double)out->building_count * (double)out->other_count);
}

static void warn(struct scree_enrich_result *result, const char *format, ...) SCREE_PRINTF(2, 3);
static void warn(struct scree_enrich_result *result, const char *format, ...)
{
    const size_t used = strlen(result->warnings);
    char line[200];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(result->warnings + used, sizeof result->warnings - used, "%s%s", used > 0 ? "\n" : "",
             line);
}

/* Of the ground, and of what this is built on. */
static void warn_of_ground(struct scree__enrich_report *report, struct scree_enrich_result *result)
{
    const uint64_t flat = result->no_data[SCREE_FEATURE_HEIGHT_ABOVE_GROUND];
    if (report->height_at >= 0 && flat > 0)
        warn(result, "%.1f%% of the points have no height above ground",
             100.0 * (double)flat / (double)result->point_count);
    report->told_bytes = strlen(result->warnings);
    if (result->residual_count > 0 && result->residual_p95 * report->metres > 0.5)
        warn(result,
             "ground points lie far from the network of the others (p95 %.2f m): is class 2 right?",
             result->residual_p95 * report->metres);
    if (report->outside > 0)
        warn(result,
             "%" PRIu64 " points lie beyond the bounds that the header gives: they are not in the "
             "map, nor in places of disagreement",
             report->outside);
    if (report->overflow)
        warn(result, "a place has more than 4294967295 points: places of disagreement count less");
}

static void warn_of_score(const struct scree__enrich_report *report,
                          struct scree_enrich_result *result)
{
    const bool no_ground = report->class_counts[2] == 0, no_building = !result->is_judged;
    if (report->score_at < 0) {
        if (report->height_at >= 0 && no_ground)
            warn(result, "no point of class 2 (ground): heights cannot be verified");
        return;
    }
    if (no_ground || no_building)
        warn(result, "no point of %s: the building score cannot be verified",
             !no_building ? "class 2 (ground)"
             : no_ground  ? "class 2 (ground) or 6 (building)"
                          : "class 6 (building)");
    if (result->is_judged && result->whole.f1 < F1_LEAST)
        warn(result, "F1 against class 6 is %.2f, below %.2f", result->whole.f1, F1_LEAST);
    if (result->is_judged && result->whole.auc < AUC_LEAST)
        warn(result, "AUC against class 6 is %.2f, below %.2f", result->whole.auc, AUC_LEAST);
}

static enum scree_status judge_ground(struct scree__enrich_report *report,
                                      struct scree_enrich_result *result, struct scree_error *err)
{
    struct scree__enrich_spread spread;
    enum scree_status status = scree__enrich_residuals_finish(&report->residuals, &spread, err);
    if (status != SCREE_OK || spread.count == 0)
        return status;
    result->residual_count = spread.count;
    result->residual_p50 = spread.p50 * report->scale[2];
    result->residual_p95 = spread.p95 * report->scale[2];
    result->residual_max = spread.most * report->scale[2];
    return SCREE_OK;
}

static void add_tally(struct scree__enrich_score_tally *to,
                      const struct scree__enrich_score_tally *tally)
{
    to->found += tally->found;
    to->false_alarms += tally->false_alarms;
    for (unsigned s = 0; s < SCREE__ENRICH_SCORE_STEPS; s++) {
        to->building[s] += tally->building[s];
        to->other[s] += tally->other[s];
    }
}

/* Of `count` tallies, from the first one on, so many apart: their sum is the last tally afterwards. */
static void match_sum(const struct scree__enrich_report *report, unsigned first, unsigned apart,
                      unsigned count, struct scree_enrich_match *out)
{
    struct scree__enrich_score_tally *sum = &report->tallies[TALLIES];
    memset(sum, 0, sizeof *sum);
    for (unsigned i = 0; i < count; i++)
        add_tally(sum, &report->tallies[first + i * apart]);
    match(sum, out);
}

static void judge_score(struct scree__enrich_report *report, struct scree_enrich_result *result)
{
    const struct scree__enrich_score_tally *sum = &report->tallies[TALLIES];
    result->threshold = report->threshold_given;
    result->building_no_data = report->building_no_data;
    result->is_judged = report->score_at >= 0 && report->class_counts[BUILDING] > 0;
    result->is_split = report->score_at >= 0 && report->wall_at >= 0 && report->roof_at >= 0;
    for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++)
        match_sum(report, b, SCREE_ENRICH_BANDS, 2, &result->bands[b]);
    match_sum(report, 0, 1, SCREE_ENRICH_BANDS, &result->roofs);
    match_sum(report, SCREE_ENRICH_BANDS, 1, SCREE_ENRICH_BANDS, &result->walls);
    match_sum(report, 0, 1, TALLIES, &result->whole);
    for (unsigned s = 0; s < SCREE__ENRICH_SCORE_STEPS; s++) {
        const unsigned bin = s * SCREE_ENRICH_SCORE_BINS / (SCREE__ENRICH_SCORE_STEPS - 1);
        const unsigned at = bin < SCREE_ENRICH_SCORE_BINS ? bin : SCREE_ENRICH_SCORE_BINS - 1;
        result->building_scores[at] += sum->building[s];
        result->other_scores[at] += sum->other[s];
    }
}

enum scree_status scree__enrich_report_finish(struct scree__enrich_report *report,
                                              struct scree_enrich_result *result,
                                              struct scree_error *err)
{
    enum scree_status status = judge_ground(report, result, err);
    if (status != SCREE_OK)
        return status;
    judge_score(report, result);
    status = scree__enrich_places_find(report, result, err);
    if (status != SCREE_OK)
        return status;
    warn_of_ground(report, result);
    warn_of_score(report, result);
    return SCREE_OK;
}
