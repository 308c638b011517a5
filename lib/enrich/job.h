/*
 * job.h - one run of the engine, as its parts share it.
 *
 *     engine.c   the face: open, plan, run
 *     survey.c   which files belong to the survey; the CRS and its units
 *     lattice.c  whole coordinates that all files share
 *     size.c     how the budget is divided
 *     thin.c     the ground thinned by a grid (lows.h)
 *     read.c     files into the store (store.h): a tree of boxes, in memory or on scratch
 *     window.c   part by part, in parallel: neighbours, shapes, counts (window_slice.h); seek.c: what a part cannot decide
 *     heights.c  above the ground
 *     shelf.c    rows on their way to the writer; rows.c: out in the input's order; values.c: features from them
 */
#ifndef SCREE_LIB_ENRICH_JOB_H
#define SCREE_LIB_ENRICH_JOB_H

#include "enrich/engine.h"
#include "enrich/values.h"
#include "enrich/window.h"

/* From a file's whole coordinates to the survey's. */
struct scree__enrich_lattice {
    double unit; /* of a step, in units of the CRS */
    int64_t factor
        [3]; /* steps a step of the input's; 0: no whole number, `ratio` is used and rounded */
    double ratio[3];
    int64_t base[3];  /* subtracted, so that 32 bits do */
    double offset[2]; /* of x and y, in units: the coordinate of whole 0 plus base */
};

struct scree__enrich_file {
    char *path;
    struct scree_source *source;
    struct scree_las_reader *reader; /* of the input; of others only while they are read */
    struct scree_las_header header;
    uint64_t file_bytes;
    bool exact;
    bool named; /* by the options: it is not left out */
    int64_t
        shift[3]; /* exact: steps of the input's lattice that are added; with the scales equal */
    double scale[3], offset[3]; /* else: in steps of the input's, times scale, plus offset */
};

struct scree__enrich_engine {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree_enrich_options options;
    struct scree__enrich_around *around; /* NULL: no batch */
    struct scree__enrich_file *files;    /* files[0]: the input */
    uint64_t bad_file;                   /* could not be decoded; 0: none but the input */
    uint64_t file_count, file_capacity;
    struct scree__enrich_lattice lattice;
    struct scree__enrich_survey survey;
    struct scree__enrich_context_file *survey_files;
    struct scree_las_crs crs;
    char unit_name[80];
    bool tagged; /* files overlap */
    struct scree__enrich_plan plan;
    struct scree__enrich_question question;
    struct scree__enrich_rules rules;
    bool ran, check_all;
    uint64_t unit_count;
    uint8_t *channels; /* with check_all: of the points of each unit of the input; bits */

    /* How the budget is divided (size.c). */
    uint64_t leaf_points, range_points;
    uint32_t block_bytes, shelf_block_bytes;
    unsigned workers;
};

/* survey.c */
SCREE_MUST_CHECK enum scree_status scree__enrich_survey_open(struct scree__enrich_engine *engine,
                                                             struct scree_error *err);
void scree__enrich_survey_release(struct scree__enrich_engine *engine);
/* units.c: metres a horizontal unit of a WKT; 0: it does not say. name: room for 80. */
double scree__enrich_unit_of(const char *wkt, char *name);
/* The same of heights. */
double scree__enrich_height_unit_of(const char *wkt, char *name);
/* What the options say of it; 0: nothing. name: room for 80. */
double scree__enrich_unit_given(enum scree_enrich_unit unit, char *name);
/* Lengths of the options in units, with their defaults. survey->unit_metres is set. */
void scree__enrich_lengths(const struct scree_enrich_options *options,
                           struct scree__enrich_survey *survey);

/* lattice.c */
SCREE_MUST_CHECK enum scree_status scree__enrich_lattice_make(struct scree__enrich_engine *engine,
                                                              struct scree_error *err);
void scree__enrich_lattice_join(struct scree__enrich_engine *engine,
                                struct scree__enrich_file *file);
/* False: beyond 32 bits. */
bool scree__enrich_lattice_put(const struct scree__enrich_lattice *lattice,
                               const struct scree__enrich_file *file, const int32_t record[3],
                               int32_t at[3]);
/* A coordinate of the input's CRS on the lattice, rounded and clamped. */
int32_t scree__enrich_lattice_of(const struct scree__enrich_engine *engine, unsigned axis,
                                 double coordinate);

/* Cells of a side in units, from the origin of the CRS on. */
void scree__enrich_lattice_cells(const struct scree__enrich_engine *engine, double side,
                                 struct scree__enrich_cells_grid *grid);

/* size.c */
void scree__enrich_size(struct scree__enrich_engine *engine, uint64_t points, uint64_t around);

/* read.c: all files into the store. */
SCREE_MUST_CHECK enum scree_status scree__enrich_read(struct scree__enrich_engine *engine,
                                                      struct scree__enrich_store *store,
                                                      struct scree_error *err);
void scree__enrich_read_box(const struct scree__enrich_engine *engine, bool around, int32_t min[3],
                            int32_t max[3]);

/* run.c: what comes after reading. filled: the points of the survey. */
struct scree__enrich_filler {
    void *user;
    enum scree_status (*fill)(void *user, struct scree__enrich_store *store,
                              struct scree_error *err);
};
SCREE_MUST_CHECK enum scree_status scree__enrich_compute(struct scree__enrich_engine *engine,
                                                         uint64_t point_count, const int32_t min[3],
                                                         const int32_t max[3],
                                                         const struct scree__enrich_filler *filler,
                                                         struct scree__enrich_rows **rows,
                                                         struct scree_error *err);
/* The question that options ask, on a lattice. */
SCREE_MUST_CHECK enum scree_status scree__enrich_ask(struct scree__enrich_engine *engine,
                                                     struct scree_error *err);

/* rows.c: takes shelf and scratch. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_rows_new(struct scree_context *context, struct scree__enrich_shelf *shelf,
                       struct scree__spill_scratch *scratch,
                       const struct scree__enrich_rules *rules,
                       const struct scree__enrich_statistics *statistics,
                       struct scree__enrich_rows **rows, struct scree_error *err);

#endif
