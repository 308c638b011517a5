/*
 * columns.h - the fields of a record by name: where they lie, and their values as numbers. Names are those of the LAS
 * specification, written with or without underscores, in any case; extra bytes go by their own names.
 */
#ifndef SCREE_LIB_QUERY_COLUMNS_H
#define SCREE_LIB_QUERY_COLUMNS_H

#include "scree/las.h"
#include "mem/budget.h"

enum scree__query_kind {
    SCREE__QUERY_U8,
    SCREE__QUERY_I8,
    SCREE__QUERY_U16,
    SCREE__QUERY_I16,
    SCREE__QUERY_U32,
    SCREE__QUERY_I32,
    SCREE__QUERY_U64,
    SCREE__QUERY_I64,
    SCREE__QUERY_F32,
    SCREE__QUERY_F64,
    SCREE__QUERY_BITS /* of a byte: byte >> shift & mask */
};

#define SCREE__QUERY_NAME_BYTES 64u

/* One number of a record: raw, or raw * scale + offset where scaled. */
struct scree__query_column {
    char name[SCREE__QUERY_NAME_BYTES]; /* as outputs call it */
    enum scree__query_kind kind;
    uint32_t at, bytes; /* in the record */
    uint8_t shift, mask;
    bool scaled;
    double scale, offset;
    uint32_t laz_field; /* SCREE_LAZ_FIELD_* that decodes it */
};

struct scree__query_columns {
    struct scree__query_column *columns;
    uint64_t count, capacity;
};

/* All columns of a record: those of the format in the specification's order, then the extra bytes, arrays element by
 * element ("NAME[0]"); undocumented bytes have none. Not counted: there are a few hundred at most. */
SCREE_MUST_CHECK enum scree_status
scree__query_columns_make(struct scree__query_columns *columns, unsigned point_format,
                          const double scale[3], const double offset[3],
                          const struct scree_las_extra_byte *extras, uint32_t extra_count,
                          struct scree_error *err);
void scree__query_columns_release(struct scree__query_columns *columns);

/* The column that a name means: exactly; else, case and underscores ignored, where that is but one. */
const struct scree__query_column *
scree__query_columns_find(const struct scree__query_columns *columns, const char *name);

/* Is it the name of a column that some point format has? For a message that says which kind of mistake it is. */
bool scree__query_columns_known(const char *name);

/* Their names, for a message: as many as `bytes` hold, then "...". */
void scree__query_columns_list(const struct scree__query_columns *columns, char *text,
                               size_t bytes);

/* The values of `count` records. */
void scree__query_column_load(const struct scree__query_column *column, const uint8_t *records,
                              size_t stride, size_t count, double *values);

#endif
