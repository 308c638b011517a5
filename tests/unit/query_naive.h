/*
 * query_naive.h - queries answered a second time, by looking at every point of a file in plain order with plain arithmetic, from what docs/query.md
 * says; and random questions to compare with.
 */
#ifndef SCREE_TESTS_QUERY_NAIVE_H
#define SCREE_TESTS_QUERY_NAIVE_H

#include "scree/copc.h"
#include "scree/query.h"

struct naive_file {
    char path[512];
    struct scree_las_header header;
    uint8_t *records; /* in the order of the file */
    uint8_t *levels;  /* of the points */
    uint64_t count;
    struct scree_las_unit *units;
    uint64_t unit_count;
    double spacing; /* 0: no octree */
    struct scree_las_extra_byte *extras;
    uint32_t extra_count;
    double gps_min, gps_max;
};

void naive_open(struct naive_file *file, const char *path);
void naive_close(struct naive_file *file);

enum { NAIVE_RINGS = 6, NAIVE_RING_VERTICES = 12, NAIVE_TREE = 16 };

/* A condition: leaves compare a field with values. */
struct naive_condition {
    char op[4]; /* "&&" "||" "!" or a comparison, "in", "nin" (not in) */
    int left, right;
    char field[40];
    double values[4];
    int value_count;
};

struct naive_question {
    struct scree_query_options options;
    const char *inputs[1];
    char polygon[8192], time[120], classes[80], returns[80], where[2048], dims[80];
    struct {
        double x[NAIVE_RING_VERTICES], y[NAIVE_RING_VERTICES];
        int count, owner;
    } rings[NAIVE_RINGS];
    int ring_count;
    double t0, t1;
    bool class_wanted[256];
    bool first, last, intermediate, single, number[16];
    struct naive_condition tree[NAIVE_TREE];
    int tree_count, root;
};

void naive_ask(struct naive_question *question, const struct naive_file *file, uint64_t seed);
/* The same, with a window of time in any case where the file has times. */
void naive_ask_when(struct naive_question *question, const struct naive_file *file, uint64_t seed);
/* A description for a message. */
void naive_print(const struct naive_question *question, uint64_t seed);

/* Does point i match? */
bool naive_matches(const struct naive_file *file, const struct naive_question *question,
                   uint64_t i);
/* Records that match, in order, to be freed; *count of them. */
uint8_t *naive_answer(const struct naive_file *file, const struct naive_question *question,
                      uint64_t *count);

/* One number of a record by name, as the program calls it. False: the format has no such field. */
bool naive_field(const struct naive_file *file, const uint8_t *record, const char *name,
                 double *value);

/* Opens the question with `threads`, compares the records and the count with the naive answer; fails the test where they differ. Returns the
 * number of points. */
uint64_t naive_compare(const struct naive_file *file, const struct naive_question *question,
                       uint64_t seed, unsigned threads);

/* Made in a temporary folder: a COPC file of many small nodes, a LAZ, a LAS with extra bytes ... Returns its path. */
const char *naive_make_copc(unsigned format, uint64_t points, unsigned leaf_max, const char *name);
const char *naive_make_las(unsigned format, uint64_t points, const char *name);
const char *naive_make_extra(unsigned format, uint64_t points, uint32_t chunk_points,
                             const char *name);

#endif
