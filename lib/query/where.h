/*
 * where.h - conditions on the fields of a point: "intensity > 100 && !(class in (7, 18) || withheld)".
 *
 *     condition   = term { ("||" | "or") term }
 *     term        = factor { ("&&" | "and") factor }
 *     factor      = ("!" | "not") factor | "(" condition ")" | comparison
 *     comparison  = value [ ("==" | "=" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" "(" number { "," number } ")" ]
 *     value       = field | number
 *
 * A field alone means field != 0. Names may stand in "..." or `...`. Values are doubles and compare as IEEE 754 says.
 * The text becomes a program of a bounded number of steps without loops, run over blocks of points.
 */
#ifndef SCREE_LIB_QUERY_WHERE_H
#define SCREE_LIB_QUERY_WHERE_H

#include "query/columns.h"

enum {
    SCREE__QUERY_WHERE_BYTES_MAX = 65536, /* of text */
    SCREE__QUERY_WHERE_FIELDS_MAX = 64,
    SCREE__QUERY_WHERE_DEPTH_MAX = 64 /* of nesting, and so of the program's stack */
};

enum scree__query_code {
    SCREE__QUERY_EQ,
    SCREE__QUERY_NE,
    SCREE__QUERY_LT,
    SCREE__QUERY_LE,
    SCREE__QUERY_GT,
    SCREE__QUERY_GE,
    SCREE__QUERY_IN,
    SCREE__QUERY_AND,
    SCREE__QUERY_OR,
    SCREE__QUERY_NOT
};

/* A field (its index) or, with is_number, values[index]. */
struct scree__query_value {
    bool is_number;
    uint32_t index;
};

/* Comparisons push a mask; IN: left in values[right.index], `count` of them; the others pop and push. */
struct scree__query_step {
    enum scree__query_code code;
    struct scree__query_value left, right;
    uint32_t count;
};

struct scree__query_field {
    char name[SCREE__QUERY_NAME_BYTES];
    uint32_t column; /* in the text, from 1 */
};

struct scree__query_where {
    struct scree__query_step *steps;
    uint64_t step_count, step_capacity;
    double *values;
    uint64_t value_count, value_capacity;
    struct scree__query_field fields[SCREE__QUERY_WHERE_FIELDS_MAX];
    uint32_t field_count, depth; /* masks on the stack at most */
};

/* Errors: SCREE_E_ARGUMENT, with the column. Release after failure, too. */
SCREE_MUST_CHECK enum scree_status scree__query_where_parse(const char *text,
                                                            struct scree__query_where *where,
                                                            struct scree_error *err);
void scree__query_where_release(struct scree__query_where *where);

/* Finds the fields among a file's columns: bound[field_count]. SCREE_E_MISMATCH names one that is not there. */
SCREE_MUST_CHECK enum scree_status
scree__query_where_bind(const struct scree__query_where *where,
                        const struct scree__query_columns *columns, const char *file,
                        struct scree__query_column *bound, struct scree_error *err);

/* Bytes of `work` for blocks of up to `count` points. */
size_t scree__query_where_work_bytes(const struct scree__query_where *where, size_t count);

/* keep[i] &= condition of record i. work: aligned to 8. */
void scree__query_where_apply(const struct scree__query_where *where,
                              const struct scree__query_column *bound, const uint8_t *records,
                              size_t stride, size_t count, uint8_t *keep, void *work);

#endif
