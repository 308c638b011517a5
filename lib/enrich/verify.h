/* verify.h - what the scans of a whole survey have in common: for neighbours (verify.c), and for the ground (verify_ground.c). */
#ifndef SCREE_LIB_ENRICH_VERIFY_H
#define SCREE_LIB_ENRICH_VERIFY_H

#include "enrich/enrichment.h"
#include "enrich/job.h"
#include "features/ground.h"
#include "par/lock.h"

/* What a scan looks for. */
enum verify_stage {
    VERIFY_PLACES,  /* the queries' own */
    VERIFY_LOWS,    /* the lowest ground points of cells, where these alone are ground */
    VERIFY_NEAR,    /* neighbours, and the ground that is nearest or around */
    VERIFY_TRIANGLE /* ground points that show that a triangle is not one of the network's */
};

enum verify_ground_state {
    VERIFY_GROUND_NEW,
    VERIFY_GROUND_TURNS, /* a triangle holds the place: is any ground point in its circle? */
    VERIFY_GROUND_BEYOND, /* ... it is too large, and the place on its edge: is there one on the other side? */
    VERIFY_GROUND_DONE
};

/* The ground about a query, in coordinates about its own place. */
struct verify_ground {
    struct features_near nearest[SCREE_ENRICH_IDW_MAX];
    uint32_t nearest_count;
    /* What is seen lies to the left of `right` and to the right of `left`, within less than half a circle, until it lies all around. */
    bool seen, around;
    struct features_corner left, right;
    struct features_corner quadrant[4]; /* the nearest ones */
    double quadrant2[4];
    struct features_facet facet;

    enum verify_ground_state state;
    bool second; /* the triangle is that on the other side of an edge */
    bool good;   /* it is the network's, and not too large */
    /* Of a scan: the best that was found. */
    bool found;
    struct features_corner best;
    double worth;
};

/* A neighbour, or one of those that may be. */
struct verify_candidate {
    uint64_t d2;
    int32_t at[3];
    uint32_t file;
    uint64_t time;
    bool dropped;
};

struct verify_query {
    uint64_t point;
    int32_t at[3];
    bool counts; /* it is a neighbour itself */
    /* The nearest so far, sorted; room for `capacity`. */
    struct verify_candidate *near;
    uint32_t near_count;
    uint64_t within,
        early; /* others within the count radius; of all in it, those of early returns */
    struct features_moments moments; /* k 0: of all within the radius */
    struct verify_ground ground;
};

struct verify {
    struct scree_enrich_job *job;
    const struct scree__enrich_engine *engine;
    struct scree__mem_budget *budget;
    struct verify_query *queries; /* of each worker, one set after the other */
    struct verify_candidate *room;
    uint64_t count;
    uint32_t capacity, wanted;
    unsigned workers;
    enum verify_stage stage;

    bool heights;                   /* the ground is looked at */
    struct scree__enrich_lows lows; /* of cells, if there are any */
    uint64_t lows_most;             /* that have room */
    bool lows_failed;               /* there was no memory, though the budget had room */
    struct scree__par_lock lock;    /* of lows, while they are put */

    /* The file at hand. */
    uint32_t number;
    const struct scree__enrich_file *file;
    const struct scree_las_reader *reader;
    struct scree_las_cursor **cursors;
    uint8_t **records;
};

/* ---------------------------------------------------------------------------- verify_lows.c */

/* Before the scan; each ground point of it, from all threads; after it: `heights` tells whether all cells had room. */
void scree__verify_lows_begin(struct verify *verify);
void scree__verify_lows_look(struct verify *verify, const int32_t at[3]);
SCREE_MUST_CHECK enum scree_status scree__verify_lows_end(struct verify *verify,
                                                          struct scree_error *err);
/* Is a ground point the lowest of its cell? Without cells they all are. */
bool scree__verify_is_lowest(const struct verify *verify, const int32_t at[3]);
void scree__verify_lows_release(struct verify *verify);

/* -------------------------------------------------------------------------- verify_ground.c */

/* A ground point, about the query's place. From all threads, on queries of their own. */
void scree__verify_ground_look(const struct verify *verify, struct verify_ground *ground,
                               const struct features_corner *point);
/* What another worker has found, too. */
void scree__verify_ground_join(const struct verify *verify, struct verify_ground *ground,
                               const struct verify_ground *other);
/* After a scan, of VERIFY_NEAR or VERIFY_TRIANGLE: true when another one has to follow. */
bool scree__verify_ground_settle(const struct verify *verify, struct verify_ground *ground);
/* The height, when all is settled. */
float scree__verify_ground_height(const struct verify *verify, const struct verify_ground *ground);

#endif
