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

/* ---------------------------------------------------------------------------------------- input */

/* How a file holds vectors. AUTO: by the ending of its name. */
enum scree_vectors_format {
    SCREE_VECTORS_FORMAT_AUTO,
    SCREE_VECTORS_FORMAT_NPY,   /* NumPy: <f4, <f2, <f8 or |u1, two axes, C order */
    SCREE_VECTORS_FORMAT_FVECS, /* each row: u32 dim, floats */
    SCREE_VECTORS_FORMAT_BVECS, /* each row: u32 dim, bytes */
    SCREE_VECTORS_FORMAT_FBIN,  /* u32 rows, u32 dim, floats */
    SCREE_VECTORS_FORMAT_U8BIN, /* u32 rows, u32 dim, bytes */
    SCREE_VECTORS_FORMAT_F4,    /* plain numbers, little-endian; dim has to be said */
    SCREE_VECTORS_FORMAT_F2,
    SCREE_VECTORS_FORMAT_F8,
    SCREE_VECTORS_FORMAT_U1
};

/* Where vectors come from. All zero but location (or descriptor): by the ending of its name. */
struct scree_vectors_input {
    const char *location; /* file, http(s)://, s3://; NULL: a descriptor */
    int descriptor;       /* read to its end, once, to scratch; standard input is 0 */
    enum scree_vectors_format format;
    uint32_t dim; /* of plain numbers; else 0, or what has to be found */
    /* Instead of both: rows in memory, as a file of that format would hold them (F4 and dim: float[rows][dim] of this machine, where that is
     * little-endian). The caller's until what reads them is closed. */
    const void *memory;
    uint64_t memory_bytes;
};

struct scree_vectors_rows;

/*
 * Opens a file of vectors, queries for example. source_options may be NULL; scratch_folder is for descriptors, NULL: /tmp. The caller owns *rows.
 * Errors: SCREE_E_DATA (truncated, a header that cannot be), SCREE_E_UNSUPPORTED, SCREE_E_ARGUMENT (no format, no dim, another dim),
 * SCREE_E_IO.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_rows_open(struct scree_context *context, const struct scree_vectors_input *input,
                        const struct scree_source_options *source_options,
                        const char *scratch_folder, struct scree_vectors_rows **rows,
                        struct scree_error *err);
SCREE_API void scree_vectors_rows_close(struct scree_vectors_rows *rows); /* accepts NULL */
/* Rows of the file, NaN and all. */
SCREE_API uint64_t scree_vectors_rows_count(const struct scree_vectors_rows *rows);
/* Numbers of a row. */
SCREE_API uint32_t scree_vectors_rows_dim(const struct scree_vectors_rows *rows);
/* Rows [first, first + count) to values[count][dim]. SCREE_E_DATA: also NaN, infinity and values beyond 1e16, with row and column. One thread at a time. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_rows_read(struct scree_vectors_rows *rows, uint64_t first, uint64_t count,
                        float *values, struct scree_error *err);

/* ---------------------------------------------------------------------------------------- build */

struct scree_vectors_column_options {
    const char *name; /* UTF-8, no control characters, 1 to 64 bytes; not svx.... */
    struct scree_vectors_input input;
    enum scree_vectors_metric metric;
    uint32_t bits; /* of a code, a dimension: 1 to 8 */
    enum scree_vectors_rerank rerank;
    uint32_t list_count; /* 0: by the number of rows and list_bytes */
};

/*
 * A build: scree_vectors_build_open(), _plan(), _run(), _close(). Set `size` and defaults with scree_vectors_build_options_init(); fields are only
 * ever added at the end. Strings and arrays have to live until the job is closed.
 *
 * The bytes of the output depend on the input's rows and on columns, ids, tags, seed, list_bytes, sample_rows and skip_invalid: not on threads,
 * budget or processor.
 */
struct scree_vectors_build_options {
    size_t size;
    const char *output; /* a file, or s3://bucket/key */
    bool replace;
    const struct scree_vectors_column_options *columns; /* with equal numbers of rows */
    uint32_t column_count;
    /*
     * Ids of the rows, the same for all columns: a file with a whole number a line, or npy of i4, i8, u4, u8 in one axis. NULL: the row's number, from
     * 0. They need not differ.
     */
    const char *ids;
    const char *tags;    /* a file with a line a row: tags between commas, or nothing. NULL: none */
    uint64_t seed;       /* 1 */
    uint64_t list_bytes; /* codes of a list, at most, where list_count is 0: 256 KiB */
    uint64_t
        sample_rows; /* for training; 0: 64 a list, but not more than 128 MiB unless 16 a list take that */
    bool skip_invalid;          /* leave out rows with NaN or infinity, rather than fail */
    const char *scratch_folder; /* NULL: the output's folder */
    const struct scree_source_options *source_options; /* NULL: defaults */
    const struct scree_sink_options *sink_options;     /* NULL: defaults */
    /*
     * The rows go to the local index `output`, which exists, as a further segment: a file `output`.segment-N beside it, while `output` becomes a manifest that
     * names all segments, or a newer one. Columns are those of the index, each once, by name (NULL: the only one); metric, bits, rerank, lists, seed and
     * sample are the index's own. Rows without ids go on from its largest one. An id that the index has is replaced: the rows that had it are deleted. Rows
     * of one append may share ids, as those of a build. Searches see all of it or nothing, from their next scree_vectors_open() on. SCREE_E_EXISTS: another
     * run changes the index.
     */
    bool append;
    /*
     * A build of local files to a local file keeps a journal, `output`.resume, beside `output`.part: after a kill the next run with the same inputs (by
     * length and time) and settings goes on from it, and gives the same bytes. How often it notes how far the second read is: 20; UINT32_MAX: no journal.
     */
    uint32_t checkpoint_seconds;
    /* Instead of `ids`: one for each row, in memory. A build of what is in memory keeps no journal. */
    const uint64_t *id_values;
    uint64_t id_count; /* has to be the number of rows */
};

/* All defaults, and `size`; output and columns have to be set. */
SCREE_API void scree_vectors_build_options_init(struct scree_vectors_build_options *options);

/* Known before a row is read. */
struct scree_vectors_build_plan {
    uint64_t row_count;
    uint64_t floor_bytes;   /* the least budget; below it the build is refused */
    uint64_t memory_bytes;  /* what it takes at most, at this budget */
    uint64_t scratch_bytes; /* about */
    uint64_t output_bytes;  /* about */
    uint32_t column_count;
    struct {
        uint32_t dim, list_count; /* lists: before large ones are divided */
        uint64_t sample_rows;
    } columns[SCREE_VECTORS_COLUMNS_MAX];
};

struct scree_vectors_build_result {
    uint64_t row_count; /* of each input */
    uint64_t output_bytes, scratch_bytes;
    struct {
        uint64_t vector_count, skipped_count;
        uint32_t list_count, largest_list;
    } columns[SCREE_VECTORS_COLUMNS_MAX];
    /* Of an append: ids that were deleted from earlier segments, as far as their ranges tell. */
    uint64_t replaced_count;
    /* What a killed run had finished: 0 nothing, 1 centroids, 2 which list each row goes to, 3 parts of the output. */
    uint32_t resumed;
};

struct scree_vectors_build_job;

/*
 * Opens and checks all inputs; reads a descriptor to its end. Errors: SCREE_E_ARGUMENT (names, numbers of rows, options), SCREE_E_DATA (an input),
 * SCREE_E_EXISTS, SCREE_E_IO, SCREE_E_UNSUPPORTED.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_build_open(struct scree_context *context,
                         const struct scree_vectors_build_options *options,
                         struct scree_vectors_build_job **job, struct scree_error *err);
/* Valid until the job is closed. */
SCREE_API const struct scree_vectors_build_plan *
scree_vectors_build_plan(const struct scree_vectors_build_job *job);
/* Once. SCREE_E_BUDGET: err->need_bytes would do. The output is there when this succeeds, and otherwise what was there before. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_build_run(struct scree_vectors_build_job *job,
                        struct scree_vectors_build_result *result, struct scree_error *err);
SCREE_API void scree_vectors_build_close(struct scree_vectors_build_job *job); /* accepts NULL */

/* ---------------------------------------------------------------------------------------- an index */

struct scree_vectors_index;

/* Set `size` and defaults with scree_vectors_open_options_init(); fields are only ever added at the end. */
struct scree_vectors_open_options {
    size_t size;
    const struct scree_source_options *source_options; /* NULL: defaults */
    uint64_t
        cache_bytes; /* of codes and rows that are kept; 0: half of the context's budget, or 256 MiB without one */
};

/* All defaults, and `size`. */
SCREE_API void scree_vectors_open_options_init(struct scree_vectors_open_options *options);

/*
 * Opens an index: reads its head, and no codes. What it learns stays in memory until it is closed; the context has to live as long. The caller owns
 * *index. Any number of threads may use one index at once. options: NULL for defaults.
 * Errors: SCREE_E_DATA (damaged: what, where), SCREE_E_UNSUPPORTED (a later version), SCREE_E_IO, SCREE_E_BUDGET.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_open(struct scree_context *context, const char *location,
                   const struct scree_vectors_open_options *options,
                   struct scree_vectors_index **index, struct scree_error *err);
/* The same over a source, which stays the caller's and has to live as long: scree_source_open_callbacks() makes one of the caller's own reads. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_open_source(struct scree_context *context, struct scree_source *source,
                          const struct scree_vectors_open_options *options,
                          struct scree_vectors_index **index, struct scree_error *err);
SCREE_API void scree_vectors_close(struct scree_vectors_index *index); /* accepts NULL */

struct scree_vectors_info {
    uint64_t file_bytes, head_bytes; /* the head is what every search reads first */
    uint64_t row_count;              /* that were read to build it */
    uint32_t column_count;
    uint32_t tag_set_count; /* different sets of tags; 0: no tags */
    uint64_t deleted_count; /* ids, of all segments */
    char writer[32];
    uint32_t segment_count; /* files beside the index's manifest; 0: the index is one file */
    uint64_t generation;    /* of the manifest; 0: none */
};

/* One of the files of an index. Pointers are valid until the index is closed. */
struct scree_vectors_segment_info {
    const char *name;
    uint32_t number;
    uint64_t file_bytes, row_count, deleted_count;
    uint64_t least_id, most_id;
};

/* Pointers are valid until the index is closed. */
struct scree_vectors_column_info {
    const char *name;
    enum scree_vectors_metric metric;
    enum scree_vectors_rerank rerank;
    uint32_t dim, bits, list_count, empty_list_count, largest_list;
    uint64_t vector_count, skipped_count;
    uint64_t codes_bytes, rows_bytes;
    uint64_t seed;
    uint32_t recall_count; /* see scree_vectors_recall_info() */
};

/* What `eval` has stored: with so many probes so much recall of the k nearest. */
struct scree_vectors_recall_info {
    uint32_t k, nprobe, candidates;
    float recall;
};

/* Of the whole index; this and what follows is known since it was opened: nothing is read. */
SCREE_API void scree_vectors_info(const struct scree_vectors_index *index,
                                  struct scree_vectors_info *info);
/* at < info.segment_count */
SCREE_API void scree_vectors_segment_info(const struct scree_vectors_index *index, uint32_t at,
                                          struct scree_vectors_segment_info *info);
/* column < info.column_count */
SCREE_API void scree_vectors_column_info(const struct scree_vectors_index *index, uint32_t column,
                                         struct scree_vectors_column_info *info);
/* at < column's recall_count */
SCREE_API void scree_vectors_recall_info(const struct scree_vectors_index *index, uint32_t column,
                                         uint32_t at, struct scree_vectors_recall_info *info);

/*
 * Reads every byte of the index and checks it: all CRCs, that what has to be zero is, that ids and factors are what they can be. The first fault is
 * SCREE_E_DATA. Takes memory for one list at a time a thread.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_vectors_verify(struct scree_vectors_index *index,
                                                                  struct scree_error *err);

/* --------------------------------------------------------------------------------------- search */

/*
 * A query compares itself with all centroids, which are in memory since the index was opened; reads the codes of the `nprobe` nearest lists, all at once; and
 * then the rerank rows that the codes' error bounds leave, all at once. What is read is checked, and kept for further queries as far as cache_bytes go.
 *
 * Threads: calls of up to 12 queries each may come from any number of threads at once. A call with more queries uses the context's threads: one such
 * call at a time on a context.
 */

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
    float deviations;     /* how far the bound is from the estimate: 2.3 standard deviations */
    float within;         /* only vectors nearer than this, as distances are given; infinity */
    /* Which vectors may be found; all that are given have to allow it. */
    const struct scree_vectors_id_range *id_ranges;
    uint32_t id_range_count; /* 0: all ids */
    const uint8_t *
        id_bits; /* id i is allowed if bit i % 8, from the lowest, of byte i / 8 is set; NULL: all ids */
    uint64_t id_bit_count;
    const char *tag; /* NULL: with any tags, or none */
};

/* All defaults, and `size`. */
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
 * SCREE_E_CANCELLED, SCREE_E_UNSUPPORTED (a big-endian machine).
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
    float distance;   /* from the query to the list's centroid, not squared */
    uint32_t segment; /* number of the file; 0: the index is one file */
};

/*
 * The reads of codes that a query would make, nearest list first, from the index's head alone: nothing is read. reads: room for nprobe of them (or as
 * many as there are lists), times the number of segments. Rows are known only when codes are: their number is not part of a plan. Errors: as scree_vectors_search().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_search_plan(struct scree_vectors_index *index,
                          const struct scree_vectors_search_options *options, const float *query,
                          struct scree_vectors_planned_read *reads, uint32_t room, uint32_t *count,
                          struct scree_error *err);

/* How well a column is found. Set `size` and defaults with scree_vectors_eval_options_init(). */
struct scree_vectors_eval_options {
    size_t size;
    const struct scree_vectors_search_options
        *search; /* nprobe and recall are not used; NULL: defaults */
    /* Queries of the caller, [query_count][dim]; NULL: query_count vectors of the index itself, each not counted among its own nearest. */
    const float *queries;
    uint64_t query_count; /* 200 */
    uint64_t seed;        /* of the choice: 1 */
};

/* All defaults, and `size`. */
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

/*
 * Puts what was measured for one k into a local index: points of the same column and k are replaced. The file is the old one or the new one at any
 * moment; who has it open goes on with the old. Errors: SCREE_E_ARGUMENT, SCREE_E_DATA, SCREE_E_IO, SCREE_E_EXISTS (another run edits it).
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_recalls_store(const char *path, uint32_t column,
                            const struct scree_vectors_recall_info *points, uint32_t count,
                            uint32_t query_count, struct scree_error *err);

/*
 * Deletes ids from a local index: searches leave them out from the next scree_vectors_open() on; who has the index open goes on with what it knows. They are
 * kept in a file beside it, `path`.del, which is replaced as a whole, and which has to go where the index goes; those of an index of several files are in its
 * manifest, for each segment whose least and most id allow them. An index without them is a merge or a new build.
 * Ids that are not there do no harm. *deleted_count: all that are recorded now. Takes 16 bytes an id. Errors: SCREE_E_UNSUPPORTED (a remote
 * index), SCREE_E_DATA, SCREE_E_IO, SCREE_E_EXISTS (another run deletes), SCREE_E_BUDGET.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_delete(struct scree_context *context, const char *path, const uint64_t *ids,
                     uint64_t count, uint64_t *deleted_count, struct scree_error *err);

/* ---------------------------------------------------------------------------------------- merge */

/* Several segments into one file. Set `size` and defaults with scree_vectors_merge_options_init(); fields are only ever added at the end. */
struct scree_vectors_merge_options {
    size_t size;
    const char *const
        *inputs;          /* locations of indexes, of one file or several; with the same columns */
    uint32_t input_count; /* 1 to 64 */
    const char *output;   /* a file, or s3://bucket/key; may be the only input, with `replace` */
    bool replace;
    /*
     * A build from the rows that the index keeps (fp32 or fp16), with new centroids, rather than lists joined as they are. It is done anyway where inputs
     * have different centroids. Of one column only. SCREE_E_UNSUPPORTED: there are no such rows.
     */
    bool retrain;
    uint32_t list_count;                               /* of a build: 0: by the number of rows */
    uint64_t seed;                                     /* of a build: 1 */
    const char *scratch_folder;                        /* NULL: the output's folder */
    const struct scree_source_options *source_options; /* NULL: defaults */
    const struct scree_sink_options *sink_options;     /* NULL: defaults */
};

struct scree_vectors_merge_result {
    uint32_t segment_count; /* that went into it */
    uint64_t vector_count;  /* of the first column */
    uint64_t deleted_count; /* of it, vectors that were left out */
    uint64_t output_bytes;
    bool rebuilt;
};

/* All defaults, and `size`; inputs and output have to be set. */
SCREE_API void scree_vectors_merge_options_init(struct scree_vectors_merge_options *options);

/*
 * One file of all vectors that are not deleted, within the context's budget. Lists that are joined hold their vectors in the order of inputs and segments, and a
 * search finds in the file what it found in a single input, to the bit. Ids that several inputs have stay as often as they have them. The output is there
 * when this succeeds, and otherwise what was there before; where it takes the place of an input, the segments of that are removed then:
 * who has them open keeps them, on one machine. The same inputs give the same bytes, for any budget and number of threads.
 * Errors: SCREE_E_ARGUMENT (other columns), SCREE_E_UNSUPPORTED, SCREE_E_BUDGET (err->need_bytes), SCREE_E_EXISTS, those of opening and reading.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_merge(struct scree_context *context,
                    const struct scree_vectors_merge_options *options,
                    struct scree_vectors_merge_result *result, struct scree_error *err);

/*
 * Removes files beside a local index that are named as its segments and are none of its current generation: what killed runs leave, and what a merge in its
 * place could not remove. Not while another index still refers to them. *removed_count: files.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_vectors_gc(const char *path, uint32_t *removed_count, struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
