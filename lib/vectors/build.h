/*
 * build.h - a build from the inside. Phases, in order, with their functions:
 *
 *   scree_vectors_build_open()          build_open.c    inputs, names, ids and tags; the plan
 *   scree__vectors_build_train()        build_train.c   a sample of the rows, k-means, centroids rounded as the file keeps them
 *   scree__vectors_build_assign()       build_assign.c  first read: every row checked, its list to scratch (4 bytes), counts
 *   scree__vectors_build_layout()       build_layout.c  prefix sums: where everything will be
 *   scree__vectors_build_encode()       build_encode.c  second read: codes and rerank rows, each at its place in its list's block
 *   scree__vectors_build_seal()         build_seal.c    block by block: records into packs and columns, CRCs
 *   scree__vectors_build_finish()       build_layout.c  directories, column table, superblock last
 *
 * While a block is filled it holds records, a row after the other: signs, factors, extra, extra factors, id, tag, norm. Sealing turns it into what
 * docs/formats/svx.md says, in the same place. So a row needs two writes at most, wherever it goes, and memory for gathering them only speeds it up.
 */
#ifndef SCREE_LIB_VECTORS_BUILD_H
#define SCREE_LIB_VECTORS_BUILD_H

#include "vectors/input.h"
#include "vectors/lists.h"
#include "vectors/names.h"
#include "vectors/svx_format.h"
#include "mem/budget.h"
#include "par/context.h"
#include "spill/scratch.h"

#define SCREE__VECTORS_TILE_ROWS 256u
#define SCREE__VECTORS_TILE_BYTES ((uint64_t)1 << 20)
/* A list whose block would be larger is divided into several around the same centroid: blocks are read and sealed as a whole. */
#define SCREE__VECTORS_BLOCK_BYTES_MAX ((uint64_t)8 << 20)
#define SCREE__VECTORS_BUDGET_MIN ((uint64_t)64 << 20)
#define SCREE__VECTORS_NO_LIST UINT32_MAX

struct scree__vectors_build_column {
    const struct scree_vectors_column_options *options;
    struct scree__vectors_input input;
    struct scree__vectors_column_head head;
    uint32_t cell_count; /* centroids; a cell becomes one list, or several */
    uint64_t sample_rows;
    uint32_t record_bytes, tile_rows;
    uint64_t assigned_at;  /* in scratch: u32 for each row */
    uint64_t centroids_at; /* in scratch: the section of the file, for cells */
    uint64_t *cell_rows;   /* [cell_count] */
    uint32_t *cell_first;  /* [cell_count + 1]: its first list */
    uint32_t *list_cell;   /* [list_count] */
    struct scree__vectors_list *lists;
    uint64_t cell_rows_bytes, cell_first_bytes, list_cell_bytes, lists_bytes;
    uint8_t *rotation;
};

struct scree__vectors_append; /* build_append.c */
struct scree__vectors_resume; /* build_resume.c */

struct scree_vectors_build_job {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree_vectors_build_options options;
    struct scree_sink_options sink_options;
    unsigned threads;
    char *folder;
    struct scree__vectors_build_column *columns;
    uint32_t column_count;
    struct scree__vectors_names names; /* ids and tags of the rows */
    struct scree__vectors_super super;
    struct scree_vectors_build_plan plan;
    struct scree__spill_scratch *scratch;
    struct scree__vectors_append *append; /* NULL: a new index */
    bool whole_lists;        /* cells are not divided: the centroids are another file's */
    uint64_t append_bytes;   /* of the budget, for the index that is appended to */
    uint64_t replaced_count; /* ids of earlier segments */
    struct scree__vectors_resume *resume; /* NULL: a killed run begins anew */
    uint32_t resumed;         /* 1: centroids, 2: lists of rows too, 3: what is written too */
    struct scree_sink *place; /* where the file comes to be: the output, or scratch for an object */
};

static inline uint32_t scree__vectors_stride(uint32_t dim)
{
    return (dim + 15) / 16 * 16;
}

/* List numbers and other words of a run of scratch that was written in one piece. */
SCREE_MUST_CHECK enum scree_status scree__vectors_scratch_read(struct scree_vectors_build_job *job,
                                                               uint64_t offset, void *bytes,
                                                               uint64_t count,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_scratch_write(struct scree_vectors_build_job *job,
                                                                const void *bytes, uint64_t count,
                                                                struct scree_error *err);

/* What each phase takes from the budget, at least. */
uint64_t scree__vectors_train_bytes(const struct scree_vectors_build_job *job,
                                    const struct scree__vectors_build_column *column);
uint64_t scree__vectors_assign_bytes(const struct scree_vectors_build_job *job,
                                     const struct scree__vectors_build_column *column);
uint64_t scree__vectors_encode_bytes(const struct scree_vectors_build_job *job,
                                     const struct scree__vectors_build_column *column);
uint64_t scree__vectors_seal_bytes(const struct scree_vectors_build_job *job,
                                   const struct scree__vectors_build_column *column);

SCREE_MUST_CHECK enum scree_status
scree__vectors_build_train(struct scree_vectors_build_job *job,
                           struct scree__vectors_build_column *column,
                           struct scree__vectors_lists *lists, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_build_assign(struct scree_vectors_build_job *job,
                            struct scree__vectors_build_column *column,
                            const struct scree__vectors_lists *lists, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_build_layout(struct scree_vectors_build_job *job,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_build_encode(struct scree_vectors_build_job *job,
                            struct scree__vectors_build_column *column, uint64_t rows_done,
                            struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_build_seal(struct scree_vectors_build_job *job,
                          struct scree__vectors_build_column *column, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_build_finish(struct scree_vectors_build_job *job,
                                                               struct scree_error *err);

/* Where scratch lies: what is named, else the output's folder. NULL: no memory. */
char *scree__vectors_folder_of(const char *scratch_folder, const char *output);

/* Records of a list, list->count of them, as a block of the file; fills the CRCs of *list. */
void scree__vectors_seal_block(const struct scree__vectors_shape *shape, uint32_t record_bytes,
                               const uint8_t *records, uint8_t *block,
                               struct scree__vectors_list *list);

/* The centroid section, centroids[cell_count][stride] that are changed to what it holds; section: scree__vectors_centroids_bytes(). */
void scree__vectors_centroids_round(float *centroids, size_t stride, uint32_t count, uint32_t dim,
                                    uint8_t *section);
/* One centroid of a section; and components [begin, begin + count) of one. */
void scree__vectors_centroid_load(const uint8_t *section, uint32_t dim, uint32_t index,
                                  float *centroid);
void scree__vectors_centroid_part(const uint8_t *section, uint32_t dim, uint32_t index,
                                  uint32_t begin, uint32_t count, float *values);

/* The lists around the centroids of a section. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_lists_from_section(struct scree__vectors_lists *lists,
                                  struct scree__mem_budget *budget, const uint8_t *section,
                                  uint32_t count, uint32_t dim, struct scree_error *err);

/* A rerank row with its CRC: scree__vectors_row_stride() bytes. */
void scree__vectors_row_store(const struct scree__vectors_shape *shape, const float *row,
                              const float *centroid, uint8_t *bytes);

#endif
