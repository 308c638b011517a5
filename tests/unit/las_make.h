/* las_make.h - LAS and LAZ files for the tests of lib/las: made from a recipe, held in memory. */
#ifndef SCREE_TESTS_LAS_MAKE_H
#define SCREE_TESTS_LAS_MAKE_H

#include "scree/las.h"

struct las_bytes {
    uint8_t *bytes;
    size_t count;
};

struct las_recipe {
    unsigned version_minor, point_format;
    uint32_t extra_bytes;
    uint64_t point_count;
    uint32_t chunk_points; /* 0: LAS; SCREE_LAZ_VARIABLE_CHUNKS: chunks of 7, 8, 9 ... points */
    const struct scree_las_vlr *vlrs;
    uint64_t vlr_count;
    const struct scree_las_vlr *evlrs;
    uint64_t evlr_count;
};

/* A header that the writer takes: grid of 0.01, some text and dates. */
void las_make_header(const struct las_recipe *recipe, struct scree_las_header *header);
/* point_count records that look like a survey in x, y, z and GPS time, and like noise elsewhere. */
uint8_t *las_make_records(const struct las_recipe *recipe);
/* The file, through the writer; records NULL: those of las_make_records(). Free with las_bytes_free(). Fails the test on any error. */
struct las_bytes las_make(const struct las_recipe *recipe, const uint8_t *records);

struct las_bytes las_bytes_of_file(const char *path);
void las_bytes_free(struct las_bytes *file);

/* A path in a folder of this process. las_tidy(), at a program's end, removes it and made.las in
 * it. */
const char *las_temporary_path(const char *name);
void las_tidy(void);
/* The same, as the end of a group of tests. */
int las_tear_down(void **state);

/* What came out of a file. status tells whether it opened and decoded. */
struct las_outcome {
    enum scree_status status;
    struct scree_error err;
    bool opened, has_table;
    uint64_t point_count, unit_count, vlr_count, remark_count;
    uint32_t record_bytes;
    uint8_t *records;
    char remark[400]; /* the first one */
};

/*
 * Opens and decodes all units, `step` records a call. budget_bytes 0: no context. Checks on the way
 * that the units are in order and complete, and that all memory is given back.
 */
struct las_outcome las_read_bytes(const struct las_bytes *file, uint64_t budget_bytes, size_t step);
struct las_outcome las_read_source(struct scree_source *source, uint64_t budget_bytes, size_t step);
void las_outcome_free(struct las_outcome *outcome);

/* Offset of the payload of the LASzip VLR, and of the points. */
size_t las_laszip_offset(const struct las_bytes *file);
uint32_t las_point_offset(const struct las_bytes *file);
/* Offset of the chunk table. */
size_t las_table_offset(const struct las_bytes *file);

/* The folder with the sample files, NULL when there is none: SCREE_TEST_DATA, or beside the source.
 */
const char *las_data_folder(void);

#endif
