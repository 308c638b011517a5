/*
 * svx.h - an opened index, as search sees it: columns, their rotation and centroids, the directory of their lists, and the lists' bytes, which are
 * read on demand, together, and kept. Every byte that is given out has passed its CRC-32C after it came from the source.
 *
 *     scree__vectors_svx_open()                  head: superblock, columns, directories, centroids
 *     scree__vectors_svx_lists_take()            blocks of several lists at once; missing ones with one read_many
 *     scree__vectors_svx_lists_give()
 *     scree__vectors_svx_rows_take()             rerank rows, likewise
 *     scree__vectors_svx_rows_give()
 *     scree__vectors_svx_close()                 after everything was given back
 *
 * Threads: any number of them may take and give at once. What is taken does not move or change until it is given back. What is not in use stays in
 * the cache until room is needed.
 *
 * The bytes of the file are docs/formats/svx.md; here they are as the machine likes them.
 */
#ifndef SCREE_LIB_VECTORS_SVX_H
#define SCREE_LIB_VECTORS_SVX_H

#include "scree/vectors.h"
#include "vectors/quantizer.h"

/* What of a column decides the sizes of its pieces; quantizer.h has those of codes. */
struct scree__vectors_shape {
    uint32_t dim, padded_dim;
    uint32_t bits;      /* of a code, a dimension */
    uint32_t id_bytes;  /* 4 or 8 */
    uint32_t tag_bytes; /* 0, 1, 2 or 4 */
    enum scree_vectors_metric metric;
    enum scree_vectors_rerank rerank;
};

/* What a rerank row holds, without its CRC: fp32 4 * dim; fp16 2 * dim; sq8 float low, float step, dim bytes; 0 for none. */
uint32_t scree__vectors_row_bytes(const struct scree__vectors_shape *shape);

/* One list, from the directory. */
struct scree__vectors_list {
    uint64_t block_offset; /* in the file: of packs, ids and tags; the extra part follows */
    uint64_t rows_offset;  /* of its rerank rows */
    uint32_t count;        /* of its vectors */
    uint32_t scan_crc, extra_crc;
    /* Largest and smallest distance of a vector to the centroid, rounded up and down. */
    float radius, min_radius;
};

/* What `eval` has found: with so many probes and candidates so much recall. Sorted by probes. */
struct scree__vectors_recall_point {
    uint32_t k, nprobe, candidates; /* candidates: reranked at most, 0: as the bound says */
    float recall;
};

struct scree__vectors_column {
    char name[SCREE_VECTORS_NAME_BYTES + 1];
    struct scree__vectors_shape shape;
    uint64_t vector_count; /* of all segments */
    uint32_t list_count;   /* centroids */
    uint64_t seed;         /* of the build */
    /* Files that the column lies in. Each has a list around each centroid: that of segment s around centroid c has the number s * list_count + c. */
    uint32_t segment_count;
    const struct scree__vectors_shape
        *shapes; /* [segment_count]; they differ in id_bytes and tag_bytes */
    /* [segment_count * list_count], in the order of the files: near lists are neighbours. */
    const struct scree__vectors_list *lists;
    /* [list_count][centroid_stride], not rotated; 64-byte aligned, zeros behind dim. */
    const float *centroids;
    uint32_t centroid_stride; /* in floats: dim rounded up to 16 */
    const uint8_t *rotation;  /* the rotation's state, as rotation.h makes and takes it */
    uint32_t rotation_bytes;
    const struct scree__vectors_recall_point *recalls;
    uint32_t recall_count;
};

static inline uint32_t scree__vectors_all_lists(const struct scree__vectors_column *column)
{
    return column->segment_count * column->list_count;
}

static inline const struct scree__vectors_shape *
scree__vectors_list_shape(const struct scree__vectors_column *column, uint32_t list)
{
    return &column->shapes[list / column->list_count];
}

static inline const float *scree__vectors_list_centroid(const struct scree__vectors_column *column,
                                                        uint32_t list)
{
    return column->centroids + (size_t)(list % column->list_count) * column->centroid_stride;
}

struct scree__vectors_svx; /* opaque */

struct scree__vectors_svx_options {
    struct scree_context *context; /* budget, log, cancellation; NULL: none */
    /* For blocks and rows that are kept; what is needed at once is taken beyond it. */
    uint64_t cache_bytes;
    /* Requests for rerank rows of a query: spans are united until there are no more, as far as they do not grow by much. 0: the source decides. */
    uint32_t row_requests;
    /*
     * Opens segment `number` of an index of several files, `bytes` long; a source that did not change since. NULL: such an index is SCREE_E_UNSUPPORTED.
     */
    enum scree_status (*open_segment)(void *user, uint32_t number, uint64_t bytes,
                                      struct scree_source **source, struct scree_error *err);
    void *user;
};

/*
 * Opens an index over a source - of an index file, or of a manifest -, which stays the caller's and must outlive it. Errors: SCREE_E_DATA (damaged; which field, which byte),
 * SCREE_E_UNSUPPORTED (a later version), SCREE_E_BUDGET, SCREE_E_IO.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_open(struct scree_source *source,
                        const struct scree__vectors_svx_options *options,
                        struct scree__vectors_svx **svx, struct scree_error *err);
void scree__vectors_svx_close(struct scree__vectors_svx *svx); /* accepts NULL */

uint32_t scree__vectors_svx_column_count(const struct scree__vectors_svx *svx);
const struct scree__vectors_column *scree__vectors_svx_column(const struct scree__vectors_svx *svx,
                                                              uint32_t column);
/* By name; NULL name: the only column. SCREE_E_ARGUMENT names those that there are. */
SCREE_MUST_CHECK enum scree_status scree__vectors_svx_find(const struct scree__vectors_svx *svx,
                                                           const char *name, uint32_t *column,
                                                           struct scree_error *err);

/* The bytes of a list, while it is taken. */
struct scree__vectors_block {
    uint32_t count; /* vectors */
    uint32_t segment;
    const uint8_t *packs; /* 64-byte aligned; all of them whole, as in quantizer.h */
    /* Little-endian, id_bytes and tag_bytes a vector; see _svx_id(), _svx_tag(). */
    const uint8_t *ids, *tags;
    /* Where they were asked for and the column has more than one bit, else NULL: as in quantizer.h. */
    const uint8_t *extra;
    const float *extra_factors;
    void *entry; /* this and `whole` are the cache's */
    bool whole;
};

/*
 * Gives the blocks of `count` different lists; what is not there is read at once, neighbours together. extra: with the further bits. On failure
 * nothing is taken.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_lists_take(struct scree__vectors_svx *svx, uint32_t column,
                              const uint32_t *lists, uint32_t count, bool extra,
                              struct scree__vectors_block *blocks, struct scree_error *err);
void scree__vectors_svx_lists_give(struct scree__vectors_svx *svx,
                                   const struct scree__vectors_block *blocks, uint32_t count);

/* The id and the set of tags of vector `at` of a block; sets of all segments are counted on. */
uint64_t scree__vectors_svx_id(const struct scree__vectors_svx *svx,
                               const struct scree__vectors_column *column,
                               const struct scree__vectors_block *block, uint32_t at);
uint32_t scree__vectors_svx_tag(const struct scree__vectors_svx *svx,
                                const struct scree__vectors_column *column,
                                const struct scree__vectors_block *block, uint32_t at);
/* Has the id been deleted from this segment? */
bool scree__vectors_svx_deleted(const struct scree__vectors_svx *svx, uint32_t segment,
                                uint64_t id);
bool scree__vectors_svx_has_deletions(const struct scree__vectors_svx *svx);

/* Which of the file's sets of tags hold the tag: allowed[scree__vectors_svx_tag_set_count()], set to 0 or 1. SCREE_E_ARGUMENT: no such tag. */
uint32_t scree__vectors_svx_tag_set_count(const struct scree__vectors_svx *svx);
SCREE_MUST_CHECK enum scree_status scree__vectors_svx_tag_sets(const struct scree__vectors_svx *svx,
                                                               const char *tag, uint8_t *allowed,
                                                               struct scree_error *err);

struct scree__vectors_row_ref {
    uint32_t list, at; /* vector `at` of that list */
};

/* So many bytes of a row are asked for from memory when it is taken, before it is certain that it is the one. */
#define SCREE__VECTORS_ROW_PREFETCHED 512u

/*
 * Rerank rows of a column that has some: rows[i] points to the scree__vectors_row_bytes() of refs[i], 4-byte aligned. Rows that are not there are
 * read at once, neighbours together. pins[count] is for giving them back.
 */
SCREE_MUST_CHECK enum scree_status
scree__vectors_svx_rows_take(struct scree__vectors_svx *svx, uint32_t column,
                             const struct scree__vectors_row_ref *refs, uint32_t count,
                             const uint8_t **rows, void **pins, struct scree_error *err);
void scree__vectors_svx_rows_give(struct scree__vectors_svx *svx, uint32_t column,
                                  void *const *pins, uint32_t count);

/* For `plan`: where a list's bytes lie, and a row's. */
struct scree_range scree__vectors_svx_list_range(const struct scree__vectors_column *column,
                                                 uint32_t list, bool extra);
struct scree_range scree__vectors_svx_row_range(const struct scree__vectors_column *column,
                                                struct scree__vectors_row_ref ref);
uint64_t scree__vectors_svx_head_bytes(const struct scree__vectors_svx *svx);

#endif
