/* report.c - what is seen of the points while they are written. */
#include "enrich/report.h"
#include "base/bytes.h"
#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BUILDING 6u
#define CELLS_ACROSS 720.0 /* of the map, along its longer side */
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
    if (!(longer > 0) || !isfinite(across) || !isfinite(down) || header->point_count == 0)
        return SCREE_OK;
    double size = longer / CELLS_ACROSS;
    const double sparse = sqrt(across * down * POINTS_A_CELL / (double)header->point_count);
    size = round_up(sparse > size ? sparse : size);
    while (longer / size > 2 * CELLS_ACROSS)
        size *= 2;
    report->cell_size = size;
    report->origin[0] = header->min[0];
    report->origin[1] = header->min[1];
    report->width = (uint32_t)(across / size) + 1;
    report->height = (uint32_t)(down / size) + 1;
    const uint64_t count = (uint64_t)report->width * report->height;
    enum scree_status status =
        scree__mem_alloc(report->budget, count * sizeof *report->cells, &memory, "the map", err);
    if (status != SCREE_OK)
        return status;
    report->cells = memory;
    for (uint64_t i = 0; i < count; i++)
        report->cells[i] = (struct scree__enrich_map_cell){
            .top = SCREE__ENRICH_NO_HEIGHT, .height = SCREE__ENRICH_NO_HEIGHT, .score = 255};
    return SCREE_OK;
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
    report->height_at = report->score_at = -1;
    for (uint32_t i = 0; i < feature_count; i++) {
        if (features[i] == SCREE_FEATURE_HEIGHT_ABOVE_GROUND)
            report->height_at = (int32_t)i;
        if (features[i] == SCREE_FEATURE_BUILDING_SCORE)
            report->score_at = (int32_t)i;
    }
    report->threshold_given = options->building_threshold > 0 ? options->building_threshold : 0.5;
    report->threshold = (float)report->threshold_given;
    report->metres = metres_per_unit > 0 ? metres_per_unit : 1;
    memcpy(report->scale, header->scale, sizeof report->scale);
    memcpy(report->offset, header->offset, sizeof report->offset);
    const uint64_t bytes = SCREE_ENRICH_BANDS * sizeof *report->bands;
    status = scree__mem_alloc(budget, bytes, &memory, "report", err);
    if (status == SCREE_OK) {
        report->bands = memory;
        memset(memory, 0, bytes);
    }
    if (status == SCREE_OK && options->map != NULL)
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
    scree__mem_free(budget, report->bands, SCREE_ENRICH_BANDS * sizeof *report->bands);
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

static void count_up(uint16_t *count)
{
    *count = (uint16_t)(*count + (*count < UINT16_MAX));
}

static void add_to_cell(struct scree__enrich_report *report, const uint8_t *record, float height,
                        float score, bool building, bool found)
{
    double at[2];
    for (int axis = 0; axis < 2; axis++)
        at[axis] = (scree__base_load_i32(record + 4 * axis) * report->scale[axis] +
                    report->offset[axis] - report->origin[axis]) /
                   report->cell_size;
    if (!(at[0] >= 0 && at[0] < report->width && at[1] >= 0 && at[1] < report->height))
        return;
    struct scree__enrich_map_cell *cell =
        &report->cells[(uint64_t)at[1] * report->width + (uint64_t)at[0]];
    const int32_t top = scree__base_load_i32(record + 8);
    count_up(&cell->points);
    cell->top = top > cell->top ? top : cell->top;
    if (height != SCREE_FEATURE_NO_DATA) {
        const double mm = (double)height * report->metres * 1000;
        const int32_t kept = mm > 2e9 ? 2000000000 : mm < -2e9 ? -2000000000 : (int32_t)mm;
        cell->height = kept > cell->height ? kept : cell->height;
    }
    if (score == SCREE_FEATURE_NO_DATA)
        return;
    const uint8_t step = (uint8_t)(score * 254.0F + 0.5F);
    if (cell->score == 255 || step > cell->score)
        cell->score = step;
    if (building || found)
        count_up(building ? found ? &cell->found : &cell->missed : &cell->false_alarms);
}

void scree__enrich_report_add(struct scree__enrich_report *report, const uint8_t *records,
                              uint32_t record_bytes, const float *rows, uint32_t count)
{
    scree__par_lock_take(&report->lock);
    for (uint32_t i = 0; i < count; i++, records += record_bytes, rows += report->feature_count) {
        const unsigned class = scree__enrich_class_of(report->point_format, records);
        const float height =
            report->height_at < 0 ? SCREE_FEATURE_NO_DATA : rows[report->height_at];
        float score = report->score_at < 0 ? SCREE_FEATURE_NO_DATA : rows[report->score_at];
        const bool building = class == BUILDING, noise = class == 7 || class == 18;
        report->class_counts[class]++;
        if ((report->ground_classes[class / 64] >> class % 64 & 1) != 0) {
            const int32_t at[3] = {scree__base_load_i32(records), scree__base_load_i32(records + 4),
                                   scree__base_load_i32(records + 8)};
            scree__enrich_residuals_add(&report->residuals, at);
        }
        if (score == SCREE_FEATURE_NO_DATA || noise) {
            report->building_no_data += building && report->score_at >= 0;
            score = SCREE_FEATURE_NO_DATA;
        } else {
            score = score < 0 ? 0 : score > 1 ? 1 : score;
            const unsigned step = (unsigned)((double)score * (SCREE__ENRICH_SCORE_STEPS - 1) + 0.5);
            struct scree__enrich_score_tally *band = &report->bands[band_of(
                height == SCREE_FEATURE_NO_DATA ? 0 : (double)height * report->metres)];
            (building ? band->building : band->other)[step]++;
            if (score >= report->threshold)
                (*(building ? &band->found : &band->false_alarms))++;
        }
        if (report->cells != NULL && !noise)
            add_to_cell(report, records, height, score, building,
                        score != SCREE_FEATURE_NO_DATA && score >= report->threshold);
    }
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

static void warn(struct scree_enrich_result *result, const char *format, double value)
{
    const size_t used = strlen(result->warnings);
    char line[200];
    snprintf(line, sizeof line, format, value);
    snprintf(result->warnings + used, sizeof result->warnings - used, "%s%s", used > 0 ? "\n" : "",
             line);
}

static void add_warnings(const struct scree__enrich_report *report,
                         struct scree_enrich_result *result)
{
    const uint64_t flat = result->no_data[SCREE_FEATURE_HEIGHT_ABOVE_GROUND];
    if (report->height_at >= 0 && report->class_counts[2] == 0)
        warn(result, "of class 2 (ground) this file has %.0f points", 0);
    if (report->height_at >= 0 && flat > 0)
        warn(result, "%.1f%% of the points have no height above ground",
             100.0 * (double)flat / (double)result->point_count);
    if (result->residual_count > 0 && result->residual_p95 * report->metres > 0.5)
        warn(result,
             "ground points lie far from the network of the others (p95 %.2f m): is class 2 right?",
             result->residual_p95 * report->metres);
    if (report->score_at < 0)
        return;
    if (!result->is_judged)
        warn(result, "%.0f points of class 6: the building score cannot be verified", 0);
    else if (result->whole.f1 < 0.6)
        warn(result, "F1 against class 6 is %.2f, below 0.60", result->whole.f1);
    if (result->is_judged && result->whole.auc < 0.85)
        warn(result, "AUC against class 6 is %.2f, below 0.85", result->whole.auc);
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

enum scree_status scree__enrich_report_finish(struct scree__enrich_report *report,
                                              struct scree_enrich_result *result,
                                              struct scree_error *err)
{
    struct scree__enrich_score_tally *all = &report->bands[0];
    enum scree_status status = judge_ground(report, result, err);
    if (status != SCREE_OK)
        return status;
    result->threshold = report->threshold_given;
    result->building_no_data = report->building_no_data;
    for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++)
        match(&report->bands[b], &result->bands[b]);
    for (unsigned b = 1; b < SCREE_ENRICH_BANDS; b++) {
        all->found += report->bands[b].found;
        all->false_alarms += report->bands[b].false_alarms;
        for (unsigned s = 0; s < SCREE__ENRICH_SCORE_STEPS; s++) {
            all->building[s] += report->bands[b].building[s];
            all->other[s] += report->bands[b].other[s];
        }
    }
    match(all, &result->whole);
    result->is_judged = report->score_at >= 0 && report->class_counts[BUILDING] > 0;
    add_warnings(report, result);
    return SCREE_OK;
}
