/*
 * input.h - files of vectors as rows of floats: npy, fvecs, bvecs, fbin, u8bin, and plain numbers. A file's length is checked against its header
 * before anything is allocated by it.
 *
 * Threads: read only once open; any number may read at once, with raw memory of their own.
 */
#ifndef SCREE_LIB_VECTORS_INPUT_H
#define SCREE_LIB_VECTORS_INPUT_H

#include "scree/vectors.h"

enum scree__vectors_element {
    SCREE__VECTORS_F4,
    SCREE__VECTORS_F2,
    SCREE__VECTORS_F8,
    SCREE__VECTORS_U1,
    SCREE__VECTORS_I4, /* ids only, as the three that follow */
    SCREE__VECTORS_U4,
    SCREE__VECTORS_I8,
    SCREE__VECTORS_U8
};

struct scree__vectors_input {
    struct scree_source *source;
    bool owned; /* the source is closed with the input */
    enum scree__vectors_element element;
    uint32_t element_bytes;
    uint32_t dim;
    uint64_t row_count;
    uint64_t data_offset;
    uint64_t row_bytes;    /* in the file, with its prefix */
    uint32_t prefix_bytes; /* 4 for fvecs and bvecs: the row's dim */
};

/*
 * Reads the header. source: the caller's unless `owned` is set afterwards. dim: of raw formats; else 0, or what has to be found. Errors: SCREE_E_DATA,
 * SCREE_E_UNSUPPORTED (a type of numbers, Fortran order), SCREE_E_ARGUMENT (no format, no dim, another dim), SCREE_E_IO.
 */
SCREE_MUST_CHECK enum scree_status scree__vectors_input_init(struct scree__vectors_input *input,
                                                             struct scree_source *source,
                                                             enum scree_vectors_format format,
                                                             uint32_t dim, struct scree_error *err);
void scree__vectors_input_release(struct scree__vectors_input *input);

/* An npy file of whole numbers in one dimension: ids. */
SCREE_MUST_CHECK enum scree_status scree__vectors_input_init_ids(struct scree__vectors_input *input,
                                                                 struct scree_source *source,
                                                                 struct scree_error *err);

/* Rows [first, first + count), in raw[count * row_bytes] as they are in the file, to rows, row_stride floats apart. Not checked for NaN. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_input_read(const struct scree__vectors_input *input, uint64_t first, uint64_t count,
                          uint8_t *raw, float *rows, size_t row_stride, struct scree_error *err);
/* The same for single rows, ascending, at most 256. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_input_read_some(const struct scree__vectors_input *input, const uint64_t *wanted,
                               uint32_t count, uint8_t *raw, float *rows, size_t row_stride,
                               struct scree_error *err);
/* Of an input of ids. SCREE_E_DATA: a negative one. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_input_read_ids(const struct scree__vectors_input *input, uint64_t first,
                              uint64_t count, uint8_t *raw, uint64_t *ids, struct scree_error *err);

/* Values beyond this are refused like infinity: the square of a distance would not fit a float. */
#define SCREE__VECTORS_VALUE_MAX 1e16f
/* The first component that is NaN, infinite or too large; dim: none. */
uint32_t scree__vectors_bad_component(const float *row, uint32_t dim);
/* Says which it is. */
enum scree_status scree__vectors_refuse_row(const struct scree__vectors_input *input, uint64_t row,
                                            const float *values, struct scree_error *err);
/* Gives a row the length 1, and says what its length was. A row of zeros stays. */
float scree__vectors_normalise(float *row, uint32_t dim);

#endif
