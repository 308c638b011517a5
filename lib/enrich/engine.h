/*
 * engine.h - from a file (and the files around it) to rows of features.
 *
 *   scree__enrich_engine_open(context, options, &engine, err)     headers of all files; what cannot be done is refused here
 *   scree__enrich_engine_plan(engine), _survey(engine), _reader(engine)
 *   scree__enrich_engine_run(engine, &rows, err)                  rows.h: in the order of the input's points
 *   scree__enrich_rows_close(rows)
 *   scree__enrich_engine_close(engine)
 *
 * One run on a context at a time. Progress: the stages "read", "neighbours". Warnings go to the context's log.
 */
#ifndef SCREE_LIB_ENRICH_ENGINE_H
#define SCREE_LIB_ENRICH_ENGINE_H

#include "scree/features.h"
#include "enrich/around.h"
#include "enrich/rows.h"

struct scree__enrich_engine;

struct scree__enrich_plan {
    uint64_t point_count;   /* of the input */
    uint64_t context_count; /* of the files around, at most: by their headers */
    uint64_t
        memory_bytes; /* that would hold all of it; what is taken is this or the budget, whichever is less */
    uint64_t floor_bytes;   /* the smallest budget for it */
    uint64_t scratch_bytes; /* 0: fits in memory */
    bool fits;
};

/* A file of the survey besides the input. */
struct scree__enrich_context_file {
    const char *path;
    uint64_t file_bytes, point_count;
    bool exact; /* its lattice is the input's, or shifted by whole units */
};

/* What the options mean for this input. Stays until the engine is closed. */
struct scree__enrich_survey {
    uint64_t features; /* mask */
    double
        unit_metres; /* of x and y; 1 where the CRS does not say (and then a warning was given) */
    const char *unit_name; /* "metre", "US survey foot" ...; "" when not known */
    const char *crs_name;  /* "" when not known */
    double radius, count_radius, ground_reach; /* in units */
    double ground_cell;                        /* 0: none */
    double margin; /* files whose bounds come this near are part of the survey */
    uint64_t file_count;
    const struct scree__enrich_context_file *files; /* sorted by path */
};

/*
 * Takes the options' strings as they are: they stay until the engine is closed. Errors: SCREE_E_ARGUMENT (options that contradict each other), SCREE_E_UNSUPPORTED (a geographic CRS),
 * SCREE_E_BUDGET (below 64 MiB), those of scree_las_open() for the input. A context file that cannot be read is an error, too: without it results
 * would be others. around: what a batch knows of files; with it, only context files that the options name are errors, others are left out. Stays until the engine is closed.
 * NULL: nothing.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_engine_open(struct scree_context *context, const struct scree_enrich_options *options,
                          struct scree__enrich_around *around, struct scree__enrich_engine **engine,
                          struct scree_error *err);
/* The caller's options, of whatever version they are, with defaults for what it does not know. */
void scree__enrich_options_take(struct scree_enrich_options *own,
                                const struct scree_enrich_options *given);
const struct scree__enrich_plan *
scree__enrich_engine_plan(const struct scree__enrich_engine *engine);
const struct scree__enrich_survey *
scree__enrich_engine_survey(const struct scree__enrich_engine *engine);
/* The input's. Any number of cursors of it may be used beside and after the run. */
const struct scree_las_reader *
scree__enrich_engine_reader(const struct scree__enrich_engine *engine);

/*
 * Reads and computes. Afterwards the engine holds nothing but the reader: all memory and scratch are those of the rows. Once an
 * engine. Errors: SCREE_E_DATA, SCREE_E_IO, SCREE_E_BUDGET, SCREE_E_MEMORY, SCREE_E_CANCELLED.
 */
SCREE_MUST_CHECK enum scree_status scree__enrich_engine_run(struct scree__enrich_engine *engine,
                                                            struct scree__enrich_rows **rows,
                                                            struct scree_error *err);
/* Before a run: it decodes all fields of the input's points, and so has checked them. */
void scree__enrich_engine_check_all(struct scree__enrich_engine *engine);
bool scree__enrich_engine_checked(const struct scree__enrich_engine *engine);
/* After such a run, for formats 6 to 10: which scanner channels the points of each unit of the input are of, bits; else NULL. */
const uint8_t *scree__enrich_engine_channels(const struct scree__enrich_engine *engine);
/* After a run that failed: the file around that could not be decoded, unless the options name it; NULL: it was something else. */
const char *scree__enrich_engine_bad_neighbor(const struct scree__enrich_engine *engine);
void scree__enrich_engine_close(struct scree__enrich_engine *engine); /* accepts NULL */

#endif
