/*
 * report.h - what is seen of the points while they are written: how the building score agrees with the file's own class 6, by height above ground; and a raster for the map.
 *
 *     scree__enrich_report_new(context, reader, options, features, count)
 *     scree__enrich_report_add()        any thread; sums and extremes, so that the order does not matter
 *     scree__enrich_report_finish()     numbers into the result
 *     scree__enrich_report_text(), _json(), scree__enrich_map_save()
 */
#ifndef SCREE_LIB_ENRICH_REPORT_H
#define SCREE_LIB_ENRICH_REPORT_H

#include "enrich/residual.h"
#include "enrich/text.h"
#include "mem/budget.h"
#include "par/lock.h"
#include "scree/features.h"

#define SCREE__ENRICH_SCORE_STEPS 1001u /* histogram of scores: 0, 0.001 ... 1 */

/* Points by score, in one band of height. */
struct scree__enrich_score_tally {
    uint64_t building[SCREE__ENRICH_SCORE_STEPS], other[SCREE__ENRICH_SCORE_STEPS];
    uint64_t found, false_alarms; /* at the threshold */
};

#define SCREE__ENRICH_NO_HEIGHT INT32_MIN

/* A place of the map. */
struct scree__enrich_map_cell {
    int32_t top;                                  /* highest Z, as stored */
    int32_t height;                               /* most above the ground, in millimetres */
    uint16_t points, found, missed, false_alarms; /* these up to 65535 */
    uint8_t score;                                /* highest, of 254; 255: none */
};

struct scree__enrich_report {
    struct scree__mem_budget *budget;
    struct scree__par_lock lock;
    unsigned point_format;
    uint32_t feature_count;
    int32_t height_at, score_at; /* in a row; -1: not there */
    float threshold;
    double threshold_given;
    double metres; /* a unit */
    double scale[3], offset[3];
    struct scree__enrich_score_tally *bands; /* SCREE_ENRICH_BANDS */
    uint64_t class_counts[256];
    uint64_t building_no_data;
    uint64_t ground_classes[4];
    struct scree__enrich_residuals residuals;

    double origin[2], cell_size; /* of the map, units */
    uint32_t width, height;
    struct scree__enrich_map_cell *cells; /* NULL: no map */
};

/* Without a score and a height there is little to see, but no error. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_report_new(struct scree__mem_budget *budget, const struct scree_las_reader *reader,
                         const struct scree_enrich_options *options, double metres_per_unit,
                         const enum scree_feature *features, uint32_t feature_count,
                         struct scree__enrich_report **report, struct scree_error *err);
/* Records as they were in the input, record_bytes apart, and their rows. */
void scree__enrich_report_add(struct scree__enrich_report *report, const uint8_t *records,
                              uint32_t record_bytes, const float *rows, uint32_t count);
/* Fills what the result has of this, warnings included; the result's statistics are there already. */
SCREE_MUST_CHECK enum scree_status scree__enrich_report_finish(struct scree__enrich_report *report,
                                                               struct scree_enrich_result *result,
                                                               struct scree_error *err);
void scree__enrich_report_free(struct scree__enrich_report *report); /* accepts NULL */

/* One document; name: of the file. */
void scree__enrich_report_json(struct scree__enrich_text *text, const char *name,
                               const struct scree_enrich_result *result);
void scree__enrich_report_text(struct scree__enrich_text *text, const char *name,
                               const struct scree_enrich_result *result);

/* map.c: the raster as a picture, PNG. */
SCREE_MUST_CHECK enum scree_status scree__enrich_map_save(const struct scree__enrich_report *report,
                                                          const char *name,
                                                          const struct scree_enrich_result *result,
                                                          const char *path,
                                                          struct scree_error *err);

/* The class of a record. */
unsigned scree__enrich_class_of(unsigned point_format, const uint8_t *record);

#endif
