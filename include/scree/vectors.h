/*
 * scree/vectors.h - nearest neighbours among vectors: an index in one file (.svx) that is built inside a memory budget and searched from a disk,
 * an HTTP server or an object store. docs/formats/svx.md has the bytes.
 *
 * A column is a set of vectors of one dimension under one metric; a file holds one or more, by name. Each vector has a 64-bit id.
 * Since 0.1.
 */
#ifndef SCREE_VECTORS_H
#define SCREE_VECTORS_H

#include "base.h"
#include "io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How near two vectors are. The numbers are those of the file. */
enum scree_vectors_metric {
    SCREE_VECTORS_L2 = 0, /* squared Euclidean distance; small is near */
    SCREE_VECTORS_COSINE =
        1, /* 1 - cosine of the angle; small is near; vectors are normalised, their norms kept */
    SCREE_VECTORS_IP = 2 /* inner product; large is near, and results are given as its negative */
};

/* What is kept of each vector beside its code, to settle the order of the nearest. */
enum scree_vectors_rerank {
    SCREE_VECTORS_RERANK_NONE = 0,
    SCREE_VECTORS_RERANK_FP32 = 1,
    SCREE_VECTORS_RERANK_FP16 = 2, /* IEEE binary16, rounded to nearest even */
    SCREE_VECTORS_RERANK_SQ8 = 3   /* the residual to the list's centroid, 8 bits a dimension */
};

#define SCREE_VECTORS_DIM_MIN 2u
#define SCREE_VECTORS_DIM_MAX 65536u
#define SCREE_VECTORS_BITS_MAX 8u
#define SCREE_VECTORS_NAME_BYTES 64u /* of a column's name, without the end */
#define SCREE_VECTORS_COLUMNS_MAX 64u

/* --------------------------------------------------------------------------------------- search */

/*
 *     scree_vectors_index_open()      head, centroids and directory: one read, or two
 *     scree_vectors_search()          as often as wanted
 *     scree_vectors_index_close()
 *
 * A query compares itself with all centroids, reads the codes of the `nprobe` nearest lists (all at once), and then the rerank rows that the codes'
 * error bounds leave (all at once). What is read is checked, and kept for further queries as far as cache_bytes go.
 *
 * Threads: calls of one query each may come from any number of threads at once. A call with more queries uses the context's threads: one such call
 * at a time on a context.
 */
struct scree_vectors_index;

struct scree_vectors_index_options {
    size_t size;
    uint64_t
        cache_bytes; /* for codes and rows, from the context's budget: 256 MiB, or a half of the budget if that is less */
    const struct scree_source_options *source_options; /* NULL: defaults */
};

SCREE_API void scree_vectors_index_options_init(struct scree_vectors_index_options *options);

/*
 * Opens an index at a location, or over a source, which stays the caller's and has to live as long. options: NULL for defaults. context: budget, threads,
 * cancellation; it outlives the index. The caller owns *index.
 * Errors: those of scree_source_open(); SCREE_E_DATA (damaged), SCREE_E_UNSUPPORTED (of a later version), SCREE_E_BUDGET.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_index_open(struct scree_context *context, const char *location,
                         const struct scree_vectors_index_options *options,
                         struct scree_vectors_index **index, struct scree_error *err);
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_index_open_source(struct scree_context *context, struct scree_source *source,
                                const struct scree_vectors_index_options *options,
                                struct scree_vectors_index **index, struct scree_error *err);
SCREE_API void scree_vectors_index_close(struct scree_vectors_index *index); /* accepts NULL */

/* A column as searches see it. name lives as long as the index. */
struct scree_vectors_column_view {
    const char *name;
    uint64_t vector_count;
    uint32_t dim, bits, list_count;
    enum scree_vectors_metric metric;
    enum scree_vectors_rerank rerank;
};

SCREE_API uint32_t scree_vectors_index_column_count(const struct scree_vectors_index *index);
/* name: NULL for the only one. SCREE_E_ARGUMENT: no such column, or not the only one. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_index_column(const struct scree_vectors_index *index, const char *name,
                           struct scree_vectors_column_view *column, struct scree_error *err);

/* Ids [begin, end). */
struct scree_vectors_id_range {
    uint64_t begin, end;
};

/* What is searched for. Set `size` and defaults with scree_vectors_search_options_init(); fields are only ever added at the end. */
struct scree_vectors_search_options {
    size_t size;
    const char *column; /* NULL: the only one */
    uint32_t k;         /* how many of the nearest: 10; at most 65536 */
    /*
     * Lists to look at. 0: as many as an evaluation found to be needed for `recall` (SCREE_E_ARGUMENT if none has); where `recall` is 0 too: for 0.95, if there
     * was one, else a sixteenth of the lists, at least 8.
     */
    uint32_t nprobe;
    float recall;
    uint32_t bits;        /* of codes: 1: only the first of each dimension is read; 0: all */
    bool no_rerank;       /* distances are estimates from codes, even where there are rows */
    uint32_t rerank_most; /* rows to compare, a query; 0: as many as the bound leaves */
    float deviations;     /* how far the bound is from the estimate: 1.9 standard deviations */
    float within;         /* only vectors nearer than this, as distances are given; infinity */
    /* Which vectors may be found; all that are given have to allow it. */
    const struct scree_vectors_id_range *id_ranges;
    uint32_t id_range_count; /* 0: all ids */
    const uint8_t *
        id_bits; /* id i is allowed if bit i % 8, from the lowest, of byte i / 8 is set; NULL: all ids */
    uint64_t id_bit_count;
    const char *tag; /* NULL: with any tags, or none */
};

SCREE_API void scree_vectors_search_options_init(struct scree_vectors_search_options *options);

/* What a call has done, over all its queries. */
struct scree_vectors_search_statistics {
    uint32_t nprobe;           /* as it was chosen */
    uint64_t list_count;       /* lists whose codes were compared */
    uint64_t code_count;       /* of these codes */
    uint64_t whole_code_count; /* of these, codes whose further bits were looked at */
    uint64_t row_count;        /* rerank rows compared */
};

/*
 * Finds the k nearest of each of query_count queries, queries[query_count][dim]. Results: ids[query_count][k] and distances[query_count][k], nearest first,
 * equals by id; behind those that were found UINT64_MAX and infinity. Distances are what the metric says: squared, 1 - cosine, or the negative inner
 * product; exact to rounding where there are rows of floats. counts[query_count]: how many were found; may be NULL, as may statistics.
 * Results do not depend on threads, on what is in the cache, or on the processor.
 * Errors: SCREE_E_ARGUMENT (options; a query with values beyond 1e16 or not finite), SCREE_E_DATA (a damaged block: its place), SCREE_E_IO, SCREE_E_BUDGET,
 * SCREE_E_CANCELLED.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_search(struct scree_vectors_index *index,
                     const struct scree_vectors_search_options *options, const float *queries,
                     uint64_t query_count, uint64_t *ids, float *distances, uint32_t *counts,
                     struct scree_vectors_search_statistics *statistics, struct scree_error *err);

/* A read that a query would make. */
struct scree_vectors_planned_read {
    uint64_t offset, byte_count;
    uint32_t list;
    float distance; /* from the query to the list's centroid, not squared */
};

/*
 * The reads of codes that a query would make, nearest list first, from the index's head alone: nothing is read. reads: room for nprobe of them (or as
 * many as there are lists). Rows are known only when codes are: their number is not part of a plan. Errors: as scree_vectors_search().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_search_plan(struct scree_vectors_index *index,
                          const struct scree_vectors_search_options *options, const float *query,
                          struct scree_vectors_planned_read *reads, uint32_t room, uint32_t *count,
                          struct scree_error *err);

/* How well a column is found. Set `size` and defaults with scree_vectors_eval_options_init(). */
struct scree_vectors_eval_options {
    size_t size;
    struct scree_vectors_search_options search; /* nprobe and recall are not used */
    /* Queries of the caller, [query_count][dim]; NULL: query_count vectors of the index itself, each not counted among its own nearest. */
    const float *queries;
    uint64_t query_count; /* 200 */
    uint64_t seed;        /* of the choice: 1 */
};

SCREE_API void scree_vectors_eval_options_init(struct scree_vectors_eval_options *options);

struct scree_vectors_eval_point {
    uint32_t nprobe;
    float recall;      /* the mean share of the k nearest that was found */
    float codes, rows; /* compared, a query */
};

#define SCREE_VECTORS_EVAL_POINTS 24u

/*
 * Searches with 1, 2, 3, 4, 6, 8, 12 ... lists and compares with the exact nearest, which are found by reading all rerank rows once. points: room for
 * SCREE_VECTORS_EVAL_POINTS. Errors: SCREE_E_UNSUPPORTED (a column without rows of floats), SCREE_E_ARGUMENT, and those of scree_vectors_search().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_vectors_eval(
    struct scree_vectors_index *index, const struct scree_vectors_eval_options *options,
    struct scree_vectors_eval_point *points, uint32_t *count, struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
