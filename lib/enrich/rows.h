/*
 * rows.h - the features of all points of an input, in the input's order: from memory, or from scratch a range at a time.
 *
 * A row is a float for each selected feature, in the order of enum scree_feature; SCREE_FEATURE_NO_DATA where one is not defined.
 */
#ifndef SCREE_LIB_ENRICH_ROWS_H
#define SCREE_LIB_ENRICH_ROWS_H

#include "scree/features.h"

struct scree__enrich_rows;

/* What is known when all rows are. */
struct scree__enrich_statistics {
    uint64_t point_count;
    uint64_t no_data
        [SCREE_FEATURE_COUNT]; /* points whose value is not defined; 0 for features that are not selected */
    uint64_t ground_count; /* ground points of the input */
    uint64_t retried_count,
        single_count;       /* points that needed a wider window, or a search of their own */
    uint64_t scratch_bytes; /* written, all in all */
    uint64_t
        duplicate_count; /* points of files around that the input has as well, and that do not count */
    /*
     * The ground checked against itself: how far ground points of a sample (of the input, by a hash of their place) lie from the network of the others; units. count 0:
     * there are too few, or no height was asked for.
     */
    uint64_t residual_count;
    double residual_p50, residual_p95, residual_max;
};

uint64_t scree__enrich_rows_count(const struct scree__enrich_rows *rows); /* of points */
/* Floats a row, and which: features[0, count). */
uint32_t scree__enrich_rows_features(const struct scree__enrich_rows *rows,
                                     const enum scree_feature **features);
const struct scree__enrich_statistics *
scree__enrich_rows_statistics(const struct scree__enrich_rows *rows);

/* The next `count` rows, from one thread at a time: begins at the first point. Beyond the last is SCREE_E_ARGUMENT. */
SCREE_MUST_CHECK enum scree_status scree__enrich_rows_next(struct scree__enrich_rows *rows,
                                                           uint64_t count, float *out,
                                                           struct scree_error *err);
/*
 * Rows [first, first + count), from any thread. Where rows are on scratch, ranges of some hundred thousand are in memory at a time, two of them: the calls of
 * all threads together should move forward. Errors: SCREE_E_IO, SCREE_E_BUDGET, SCREE_E_MEMORY.
 */
SCREE_MUST_CHECK enum scree_status scree__enrich_rows_read(struct scree__enrich_rows *rows,
                                                           uint64_t first, uint64_t count,
                                                           float *out, struct scree_error *err);
void scree__enrich_rows_close(struct scree__enrich_rows *rows); /* accepts NULL */

/* ------------------------------------------------------------------------------------ as stored */

/* Bytes of a feature in a record, and its LAS extra-bytes data type (9: float). */
uint32_t scree__enrich_stored_bytes(enum scree_feature feature, bool compact);
uint8_t scree__enrich_stored_type(enum scree_feature feature, bool compact);
/* Puts `count` values, so many floats apart, into records, so many bytes apart, little-endian: rounded to the nearest step (halves away from zero) and clamped when compact. */
void scree__enrich_store(enum scree_feature feature, bool compact, const float *values,
                         size_t apart, uint32_t count, uint8_t *bytes, size_t stride);

#endif
