/*
 * report.h - what is seen of the points while they are written: how the building score agrees with the file's own class 6, by height above ground and on walls and roofs; and a raster,
 * for the map, for places of disagreement and for gaps in the ground.
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

/* A place of the raster. */
struct scree__enrich_map_cell {
    int32_t top;                                  /* highest Z, as stored */
    int32_t height;                               /* most above the ground, in millimetres */
    uint32_t points, found, missed, false_alarms; /* what goes beyond is told */
    uint8_t score;                                /* highest, of 254; 255: none */
    bool ground;                                  /* has a ground point */
    bool seen;                                    /* belongs to a cluster that was counted */
};

struct scree__enrich_report {
    struct scree__mem_budget *budget;
    struct scree__par_lock lock;
    unsigned point_format;
    uint32_t feature_count;
    int32_t height_at, score_at, wall_at, roof_at; /* in a row; -1: not there */
    float threshold;
    double threshold_given;
    double metres; /* a unit */
    double scale[3], offset[3];
    struct scree__enrich_score_tally
        *tallies; /* SCREE_ENRICH_BANDS of roofs, as many of walls, and one for sums */
    uint64_t class_counts[256];
    uint64_t building_no_data;
    uint64_t ground_classes[4];
    bool noise_is_ground, withheld_is_ground;
    struct scree__enrich_residuals residuals;

    double origin[2], cell_size; /* of the raster, units */
    uint32_t width, height;
    struct scree__enrich_map_cell *cells; /* NULL: bounds that are no numbers */
    uint64_t outside;                     /* points beyond the header's bounds */
    size_t told_bytes;                    /* of the result's warnings: what the run has told */
    bool overflow;                        /* a cell has more points than it counts */
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

/* places.c: clusters of disagreement, and the widest gap in the ground, from the raster into the result. Errors: SCREE_E_BUDGET, SCREE_E_MEMORY. */
SCREE_MUST_CHECK enum scree_status scree__enrich_places_find(struct scree__enrich_report *report,
                                                             struct scree_enrich_result *result,
                                                             struct scree_error *err);

/* map.c: the raster, which has to be there, as a picture, PNG; after scree__enrich_report_finish(). */
SCREE_MUST_CHECK enum scree_status scree__enrich_map_save(const struct scree__enrich_report *report,
                                                          const char *name,
                                                          const struct scree_enrich_result *result,
                                                          const char *path,
                                                          struct scree_error *err);

/* The class of a record. */
unsigned scree__enrich_class_of(unsigned point_format, const uint8_t *record);

#endif
