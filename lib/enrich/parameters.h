/*
 * parameters.h - the record "scree"/1 that an enriched file carries: JSON, one object.
 *
 *   scree        version of the program
 *   ...          every option that shows in a value, with lengths in units of the CRS
 *   dimensions   name, formula and unit of each, in the order of a record
 *   input        the file before it was enriched: name, bytes, digest of its first and last 64 KiB
 *   neighbors    how many files around were part of the survey, a digest of all of them, and the first hundred
 *
 * and, from rewrite.c, what it takes to give the original back. Equal runs on equal files make equal bytes: no date, no folder, no count of threads.
 */
#ifndef SCREE_LIB_ENRICH_PARAMETERS_H
#define SCREE_LIB_ENRICH_PARAMETERS_H

#include "enrich/engine.h"
#include "enrich/fields.h"
#include "enrich/identity.h"

SCREE_MUST_CHECK enum scree_status scree__enrich_parameters_make(
    const struct scree_enrich_options *options, const struct scree__enrich_survey *survey,
    const struct scree_las_reader *reader, const struct scree__enrich_field *fields,
    uint32_t field_count, struct scree__enrich_text *text, struct scree_error *err);

/* "m", "ft", "" for a unit's name. */
const char *scree__enrich_short_unit(const char *unit_name);

/* The part that no file's identity is in: what the options mean. For a batch's journal. */
void scree__enrich_parameters_of_options(const struct scree_enrich_options *options,
                                         struct scree__enrich_text *text);

#endif
