/*
 * scree/features.h - what each point's surroundings look like: geometric features of LAS, LAZ and COPC files as extra dimensions, and of
 * points in memory.
 *
 *     scree_enrich_options_init(), fill in
 *     scree_enrich_open(context, options, &job)      headers, the files around, the plan; nothing is written
 *     scree_enrich_plan(job)                         what it will take
 *     scree_enrich_run(job, &result)                 reads, computes, writes, publishes
 *     scree_enrich_close(job)
 *
 * Points in memory: scree_enrich_points(). Many files: scree_enrich_batch().
 *
 * A feature is a function of a point's k nearest neighbours (itself among them), of all points within a radius, or of the k nearest
 * within a radius, in the whole survey: the file and the files around it. Results are exact, and the same bits for every number of
 * threads, every budget and every processor: distances and sums are whole numbers of lattice units (the files' scale), ties go by (distance, x, y, z),
 * and what follows uses + - * / and square roots of doubles in a fixed order. Since 0.1.
 */
#ifndef SCREE_FEATURES_H
#define SCREE_FEATURES_H

#include "base.h"
#include "io.h"
#include "las.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------- features */

/*
 * In the order in which they are written. l1 >= l2 >= l3: eigenvalues of the neighbours' covariance (n - 1); e3: the eigenvector of l3,
 * upwards. u: the unit of the CRS. Sources: Weinmann et al. 2015 (ISPRS J. 105); Hackel et al. 2016 (CVPR).
 */
enum scree_feature {
    SCREE_FEATURE_NORMAL_X, /* e3 */
    SCREE_FEATURE_NORMAL_Y,
    SCREE_FEATURE_NORMAL_Z,
    SCREE_FEATURE_LINEARITY,           /* (l1 - l2) / l1 */
    SCREE_FEATURE_PLANARITY,           /* (l2 - l3) / l1 */
    SCREE_FEATURE_SPHERICITY,          /* l3 / l1 */
    SCREE_FEATURE_ANISOTROPY,          /* (l1 - l3) / l1 */
    SCREE_FEATURE_SURFACE_VARIATION,   /* l3 / (l1 + l2 + l3) */
    SCREE_FEATURE_OMNIVARIANCE,        /* cube root of l1 l2 l3; u2 */
    SCREE_FEATURE_EIGENENTROPY,        /* - sum of p ln p, p = l / (l1 + l2 + l3) */
    SCREE_FEATURE_EIGENVALUE_SUM,      /* u2 */
    SCREE_FEATURE_VERTICALITY,         /* 1 - |z of e3| */
    SCREE_FEATURE_ROUGHNESS,           /* square root of l3: standard deviation from the plane; u */
    SCREE_FEATURE_DENSITY,             /* neighbours by the volume of their sphere; 1 / u3 */
    SCREE_FEATURE_NEIGHBOR_DISTANCE,   /* to the farthest neighbour; u */
    SCREE_FEATURE_HEIGHT_ABOVE_GROUND, /* signed; u */
    SCREE_FEATURE_NEIGHBOR_COUNT,      /* other points within count_radius */
    SCREE_FEATURE_WALL_SCORE,          /* 0 to 1: like a wall */
    SCREE_FEATURE_ROOF_SCORE,          /* 0 to 1: like a roof */
    SCREE_FEATURE_BUILDING_SCORE,      /* the larger of the two */
    SCREE_FEATURE_EIGENVALUE_1,        /* u2 */
    SCREE_FEATURE_EIGENVALUE_2,
    SCREE_FEATURE_EIGENVALUE_3,
    SCREE_FEATURE_COUNT
};

#define SCREE_FEATURE_BIT(feature) ((uint64_t)1 << (feature))

/* The value of a feature that is not defined, in rows of floats and in files that are not compact. Never NaN. */
#define SCREE_FEATURE_NO_DATA (-9999.0F)

struct scree_feature_info {
    const char *name;     /* "NormalX": as PDAL spells it where it has the same */
    const char *ign_name; /* "normal_x": as the IGN LiDAR HD data set tool does */
    const char *unit;     /* "", "u", "u2", "1/u3" */
    const char *formula;  /* "(l1-l2)/l1": short enough for a descriptor */
    /* How it is stored when compact: LAS extra-bytes data type; value = stored * scale. 9 is float: as it is. */
    uint8_t compact_type;
    double compact_scale;
    int64_t compact_no_data; /* of integers; values are clamped so that they never meet it */
};

/* Static storage; NULL for what is no feature. */
SCREE_API const struct scree_feature_info *scree_feature_info(enum scree_feature feature);

enum scree_enrich_mode {
    SCREE_ENRICH_CORE = 0,    /* NormalX to HeightAboveGround */
    SCREE_ENRICH_BUILDING = 1 /* and NeighborCount, WallScore, RoofScore, BuildingScore */
};

/* A mask of SCREE_FEATURE_BIT(). */
SCREE_API uint64_t scree_enrich_mode_features(enum scree_enrich_mode mode);

/*
 * Reads a list such as "Linearity,Planarity" or "+Eigenvalue1,+Eigenvalue2,+Eigenvalue3": names, either spelling, case ignored. Without a sign: just these. With "+" or "-" at
 * every name: the mode's features and these, or without these. Errors: SCREE_E_ARGUMENT.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_enrich_features_parse(const char *text, enum scree_enrich_mode mode, uint64_t *features,
                            struct scree_error *err);

/* -------------------------------------------------------------------------------------- options */

enum scree_eigen_mode {
    SCREE_EIGEN_RAW = 0, /* ratios of the eigenvalues */
    SCREE_EIGEN_SQRT = 1 /* of their square roots (Demantke et al. 2011) */
};

enum scree_ground_mode {
    SCREE_GROUND_TIN = 0,     /* Delaunay network of the ground points; beyond it the nearest one */
    SCREE_GROUND_NEAREST = 1, /* the ground point that is nearest in x and y */
    SCREE_GROUND_IDW = 2      /* the idw_count nearest, weighted by 1 / distance squared */
};

enum scree_score_mode {
    SCREE_SCORE_CALIBRATED = 0,
    SCREE_SCORE_SEED = 1 /* formulas of the IGN LiDAR HD data set tool 1.0, with our height */
};

enum scree_neighbors_mode {
    SCREE_NEIGHBORS_AUTO = 0,  /* files of the input's folder whose bounds come near */
    SCREE_NEIGHBORS_NONE = 1,  /* only context files */
    SCREE_NEIGHBORS_FOLDER = 2 /* of neighbors_folder, recursively */
};

enum scree_enrich_output_kind {
    SCREE_ENRICH_OUTPUT_SAME = 0, /* as the input: LAS, LAZ or COPC */
    SCREE_ENRICH_OUTPUT_LAS = 1,
    SCREE_ENRICH_OUTPUT_LAZ = 2,
    SCREE_ENRICH_OUTPUT_COPC = 3
};

/* Of x, y and z. */
enum scree_enrich_unit {
    SCREE_ENRICH_UNIT_OF_CRS = 0, /* metres where it does not tell, with a warning */
    SCREE_ENRICH_METRE = 1,
    SCREE_ENRICH_FOOT = 2,          /* 0.3048 m */
    SCREE_ENRICH_US_SURVEY_FOOT = 3 /* 1200 / 3937 m */
};

/* Lengths that are given in metres, whatever the unit of the CRS is. */
#define SCREE_ENRICH_METRIC_RADIUS 1u
#define SCREE_ENRICH_METRIC_COUNT_RADIUS 2u
#define SCREE_ENRICH_METRIC_GROUND_REACH 4u
#define SCREE_ENRICH_METRIC_GROUND_CELL 8u

#define SCREE_ENRICH_K_MAX 1000u
#define SCREE_ENRICH_IDW_MAX 32u

/* Set `size` and defaults with scree_enrich_options_init(); fields are only ever added at the end. What pointers lead to is copied by
 * scree_enrich_open(). Lengths are in units of the CRS, but for those of metric_lengths. */
struct scree_enrich_options {
    size_t size;

    /* What is computed. */
    enum scree_enrich_mode mode;
    uint64_t features; /* 0: those of the mode */
    uint32_t k;        /* 20; 0: all within radius */
    double radius;     /* 0: none; with k: the k nearest within it */
    enum scree_eigen_mode eigen_mode;
    enum scree_ground_mode ground_mode;
    uint32_t idw_count;         /* 3 */
    uint64_t ground_classes[4]; /* a bit for each class; class 2 */
    double ground_reach;        /* 0: 100 m. See HeightAboveGround in docs/enrich.md */
    double count_radius;        /* of NeighborCount; 0: 2 m */
    enum scree_score_mode score_mode;
    bool noise_neighbors;    /* classes 7 and 18 count as neighbours */
    bool withheld_neighbors; /* points that are flagged as withheld do */

    /* The survey around. */
    const char *input;
    enum scree_neighbors_mode neighbors;
    const char *neighbors_folder;
    /* More of the survey. As of all files but the input only points within a margin around its bounds count (docs/enrich.md, "The survey around a file"). */
    const char *const *context_files;
    uint64_t context_count;
    bool
        ignore_overlap; /* points of other files within the input's bounds do not count; else those do that the input has not */
    const char
        *crs; /* NULL: the files'; else as for scree_las_crs_from_text(), whatever the files say */

    /* How it is stored. */
    const char *output;
    enum scree_enrich_output_kind output_kind;
    bool replace; /* an existing output */
    bool compact;
    bool ign_names;

    /* How it is run. */
    const char *scratch_folder; /* NULL: beside the output, or /tmp without one */
    bool compress_scratch;
    const struct scree_source_options *source_options;
    const struct scree_sink_options *sink_options;
    uint64_t
        window_points; /* tests: of a window at most; 0: by the budget. Never shows in a result */
    uint32_t halo_percent; /* tests: of what the density says; 0: 100. Never shows in a result */
    bool force_scratch;    /* tests: as if the points did not fit the budget */
    uint64_t
        verify_count; /* after the run, so many points are computed once more, each by a scan of everything: SCREE_E_DATA when one bit differs */
    bool strip;       /* the output is the input without earlier features; nothing is computed */
    bool
        write_class; /* points of class 1 (unclassified) with a building score at the threshold become 6 */
    double building_threshold; /* 0: 0.5 */
    const char *
        report; /* a path for a JSON report; its text stands beside it, .txt for .json; NULL: none */
    const char *map; /* a path for a picture, PNG; NULL: none */
    bool
        las14; /* a file of LAS 1.0 to 1.3 becomes one of 1.4, for readers that look for the new dimensions there alone; strip gives its own header back */
    double
        ground_cell; /* of the ground points in each square of this side, from the origin of the CRS on, the lowest alone is ground; 0: all are */
    enum scree_enrich_unit
        unit; /* of the coordinates: where the CRS does not tell one, or a wrong one */
    uint32_t metric_lengths; /* SCREE_ENRICH_METRIC_...: these are in metres */
};

/* All defaults, and `size`; the input has to be set, and an output. */
SCREE_API void scree_enrich_options_init(struct scree_enrich_options *options);

/* ----------------------------------------------------------------------------- points in memory */

/*
 * On a lattice: coordinate = whole number * scale. Either x, y, z, or `coordinates`, which are put on the lattice by rounding (shortest distance, halves
 * away from zero) about the first point.
 */
struct scree_enrich_cloud {
    size_t size; /* sizeof this */
    uint64_t count;
    const int32_t *x, *y, *z;
    const double *coordinates; /* x y z of each point */
    double scale[3];           /* above 0 */
    const uint8_t *classes;    /* LAS classes; NULL: none is ground, none is noise */
    const uint8_t *returns;    /* return number + 16 * number of returns; NULL: single returns */
    double metres;             /* in a unit; 0: 1, or what options.unit says */
};

/*
 * rows: count * (number of features) floats, point by point, features in their order. input, output and what belongs to files are not
 * looked at. Errors: SCREE_E_ARGUMENT, SCREE_E_BUDGET, SCREE_E_MEMORY, SCREE_E_IO (scratch), SCREE_E_CANCELLED. One run on a context at a time.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_enrich_points(struct scree_context *context, const struct scree_enrich_options *options,
                    const struct scree_enrich_cloud *cloud, float *rows, struct scree_error *err);

/* ------------------------------------------------------------------------------------- one file */

struct scree_enrich_plan {
    uint64_t point_count, input_bytes;
    uint64_t neighbor_count, neighbor_points; /* files around, and their points at most */
    uint64_t memory_bytes;  /* that would hold all at once; what is taken is at most the budget */
    uint64_t floor_bytes;   /* the smallest budget that does */
    uint64_t scratch_bytes; /* room on disk; 0 where the budget holds all */
    uint64_t output_bytes;  /* estimate */
    uint32_t feature_count, record_bytes; /* of the output */
    const char *crs_name, *unit_name;     /* "" when not known; valid until the job is closed */
    bool fits;                            /* nothing goes to scratch */
};

#define SCREE_ENRICH_BANDS \
    5u /* of height above ground: below 2, 2 to 5, 5 to 10, 10 to 20, 20 m and more */

/* How a building score compares with the file's own class 6: points at or above the threshold against points of the class. */
struct scree_enrich_match {
    uint64_t building_count;      /* points of class 6 */
    uint64_t found_count;         /* of which at the threshold */
    uint64_t false_count;         /* points of other classes at the threshold */
    uint64_t other_count;         /* points of other classes */
    double precision, recall, f1; /* NaN where there is nothing to divide by */
    double
        auc; /* the chance that a point of class 6 has a higher score than another one; NaN without either */
};

#define SCREE_ENRICH_SCORE_BINS 20u /* of a histogram of scores: 0 to 0.05 ... 0.95 to 1 */
#define SCREE_ENRICH_CLUSTERS 10u

/*
 * A place where the score at the threshold and class 6 disagree: cells of the report's raster that touch each other, in each of which points that are wrong (class 6 below the threshold,
 * or another class at it) are more than those that are rightly found.
 */
struct scree_enrich_cluster {
    double x, y;                        /* mean of its wrong points, to a cell */
    double min[2], max[2];              /* of its cells */
    uint64_t missed_count, false_count; /* class 6 below the threshold; other classes at it */
};

struct scree_enrich_result {
    uint64_t point_count, input_bytes, output_bytes, scratch_bytes;
    uint64_t no_data[SCREE_FEATURE_COUNT]; /* points without a value */
    uint64_t features;                     /* mask of those written */
    uint64_t ground_count, retried_count, single_count, duplicate_count;
    uint64_t verified_count;      /* points computed a second time, all equal */
    uint64_t written_class_count; /* with write_class: points of class 1 that are 6 now */
    /* Ground points against the network of the others, in units; count 0: not looked at. */
    uint64_t residual_count;
    double residual_p50, residual_p95, residual_max;
    /* With a building score. Points without a score (noise too) are in building_no_data alone. */
    bool is_judged;            /* the file has points of class 6 */
    uint64_t building_no_data; /* points of class 6 without a score */
    double threshold;
    struct scree_enrich_match whole, bands[SCREE_ENRICH_BANDS];
    bool
        is_split; /* WallScore and RoofScore are written: walls have more of the one, roofs are all others */
    struct scree_enrich_match walls, roofs;
    uint64_t building_scores[SCREE_ENRICH_SCORE_BINS]; /* points of class 6 by score */
    uint64_t other_scores[SCREE_ENRICH_SCORE_BINS];
    /* Of a raster over the file's bounds, cells of so many units; 0: they are no numbers. */
    double cell_size;
    /* Judged: all clusters, and the largest of them by points, ties by their first cell (rows from the south, from the west). */
    uint64_t cluster_count, cluster_missed_count, cluster_false_count;
    uint32_t largest_count;
    struct scree_enrich_cluster largest[SCREE_ENRICH_CLUSTERS];
    /*
     * The largest circle without a ground point of this file, about the centre of a cell that has points: what its radius is to the centre of the nearest cell with ground, which is within
     * 0.71 of cell_size. Units; is_covered false: there are no heights, no ground or no raster.
     */
    bool is_covered;
    double gap_radius, gap_at[2];
    char warnings[2000]; /* of the report: a line each, "" when there are none */
};

struct scree_enrich_job;

/* Errors: those of scree_las_open() for every file of the survey, SCREE_E_ARGUMENT, SCREE_E_UNSUPPORTED (a CRS in degrees), SCREE_E_EXISTS, SCREE_E_BUDGET. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_enrich_open(struct scree_context *context, const struct scree_enrich_options *options,
                  struct scree_enrich_job **job, struct scree_error *err);
/* Valid until the job is closed. */
SCREE_API const struct scree_enrich_plan *scree_enrich_plan(const struct scree_enrich_job *job);
/*
 * Once a job. All or nothing: the output appears when it is complete, checked (verify_count) and flushed; report and map before it. result may be NULL.
 * Errors: SCREE_E_MISMATCH: a feature's name is another program's dimension already; SCREE_E_UNSUPPORTED: more dimensions than a file can have.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_enrich_run(struct scree_enrich_job *job,
                                                              struct scree_enrich_result *result,
                                                              struct scree_error *err);
SCREE_API void scree_enrich_close(struct scree_enrich_job *job); /* accepts NULL */

/* -------------------------------------------------------------------------------- many files */

enum scree_enrich_outcome {
    SCREE_ENRICH_DONE,
    SCREE_ENRICH_SKIPPED, /* the output was there, of the same input, neighbours and options */
    SCREE_ENRICH_FAILED
};

/* What became of one input; valid during the call. */
struct scree_enrich_file {
    const char *input, *output;
    enum scree_enrich_outcome outcome;
    uint64_t index, count; /* the index-th of so many */
    double seconds;
    const struct scree_enrich_plan *plan;     /* NULL where it was not opened */
    const struct scree_enrich_result *result; /* NULL where it was not run */
    const struct scree_error *error;          /* of a failure */
};

/* Set `size` and defaults with scree_enrich_batch_options_init(); fields are only ever added at the end. */
struct scree_enrich_batch_options {
    size_t size;
    const struct scree_enrich_options
        *each;                 /* input, output, report and map are the batch's to set */
    const char *const *inputs; /* files and folders */
    uint64_t input_count;
    const char *output_folder;
    bool redo;    /* also what is done already, or of another program */
    bool dry_run; /* opens and plans; writes nothing */
    bool reports; /* NAME.enrich.json and .txt beside each output */
    bool maps;    /* NAME.enrich.png */
    void *user;
    void (*file)(void *user, const struct scree_enrich_file *file); /* from the calling thread */
};

struct scree_enrich_batch_result {
    uint64_t file_count, done_count, skipped_count, failed_count, side_file_count;
    uint64_t point_count; /* of files that were done (dry run: opened) */
    uint64_t memory_bytes, scratch_bytes, output_bytes; /* dry run: the most, the most, the sum */
};

/* All defaults, and `size`. */
SCREE_API void scree_enrich_batch_options_init(struct scree_enrich_batch_options *options);
/*
 * Every LAS, LAZ and COPC file of the inputs, one after the other with all threads and the whole budget, the smallest first. A folder's tree is mirrored under output_folder (itself
 * left out where it lies within), with its *.json, *.txt and *.prj, times kept. A file that fails is told of, and the next one follows: the call is SCREE_OK unless the
 * batch itself cannot go on. What is done is written down in output_folder/.scree-enrich.jsonl, a JSON object a line; an output is skipped when it is of the same options,
 * input and neighbours. Errors: SCREE_E_EXISTS: another run works on the folder; SCREE_E_ARGUMENT: two inputs would have one output; SCREE_E_IO; SCREE_E_CANCELLED.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_enrich_batch(struct scree_context *context, const struct scree_enrich_batch_options *options,
                   struct scree_enrich_batch_result *result, struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
