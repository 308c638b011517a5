/* columns.c - which columns a record has, and reading them. */
#include "query/columns.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* A column of the formats 0 to 5 and of 6 to 10; kind < 0: absent. */
struct place {
    int kind;
    uint8_t at, shift, mask;
};

struct standard {
    const char *name, *alias;
    struct place old, new;
    uint32_t laz_field;
};

#define ABSENT      \
    {               \
        -1, 0, 0, 0 \
    }
#define BITS(at, shift, mask)              \
    {                                      \
        SCREE__QUERY_BITS, at, shift, mask \
    }
#define WHOLE(kind, at)               \
    {                                 \
        SCREE__QUERY_##kind, at, 0, 0 \
    }

/* Up to the GPS time, which is at 20 or 22. */
static const struct standard standards[] = {
    {"x", NULL, WHOLE(I32, 0), WHOLE(I32, 0), SCREE_LAZ_FIELD_XY},
    {"y", NULL, WHOLE(I32, 4), WHOLE(I32, 4), SCREE_LAZ_FIELD_XY},
    {"z", NULL, WHOLE(I32, 8), WHOLE(I32, 8), SCREE_LAZ_FIELD_Z},
    {"intensity", NULL, WHOLE(U16, 12), WHOLE(U16, 12), SCREE_LAZ_FIELD_INTENSITY},
    {"return_number", NULL, BITS(14, 0, 7), BITS(14, 0, 15), SCREE_LAZ_FIELD_XY},
    {"number_of_returns", NULL, BITS(14, 3, 7), BITS(14, 4, 15), SCREE_LAZ_FIELD_XY},
    {"synthetic", NULL, BITS(15, 5, 1), BITS(15, 0, 1), SCREE_LAZ_FIELD_FLAGS},
    {"key_point", NULL, BITS(15, 6, 1), BITS(15, 1, 1), SCREE_LAZ_FIELD_FLAGS},
    {"withheld", NULL, BITS(15, 7, 1), BITS(15, 2, 1), SCREE_LAZ_FIELD_FLAGS},
    {"overlap", NULL, ABSENT, BITS(15, 3, 1), SCREE_LAZ_FIELD_FLAGS},
    {"scanner_channel", NULL, ABSENT, BITS(15, 4, 3), SCREE_LAZ_FIELD_XY},
    {"scan_direction", "scan_direction_flag", BITS(14, 6, 1), BITS(15, 6, 1),
     SCREE_LAZ_FIELD_FLAGS},
    {"edge_of_flight_line", "edge", BITS(14, 7, 1), BITS(15, 7, 1), SCREE_LAZ_FIELD_FLAGS},
    {"classification", "class", BITS(15, 0, 31), WHOLE(U8, 16), SCREE_LAZ_FIELD_CLASSIFICATION},
    {"scan_angle", "scan_angle_rank", WHOLE(I8, 16), WHOLE(I16, 18), SCREE_LAZ_FIELD_SCAN_ANGLE},
    {"user_data", NULL, WHOLE(U8, 17), WHOLE(U8, 17), SCREE_LAZ_FIELD_USER_DATA},
    {"point_source_id", "point_source", WHOLE(U16, 18), WHOLE(U16, 20),
     SCREE_LAZ_FIELD_POINT_SOURCE},
};

enum { GPS_TIME, RED, GREEN, BLUE, NIR, OPTIONAL_COUNT };
static const char *const optional_names[] = {"gps_time", "red", "green", "blue", "nir"};

/* Where a format has GPS time, colour, near infrared; 0: it has none. */
static const uint8_t gps_at[11] = {0, 20, 0, 20, 20, 20, 22, 22, 22, 22, 22};
static const uint8_t rgb_at[11] = {0, 0, 20, 28, 0, 28, 0, 30, 30, 0, 30};
static const uint8_t nir_at[11] = {0, 0, 0, 0, 0, 0, 0, 0, 36, 0, 36};

/* Whole units of scan angle in formats 6 to 10. */
static const double scan_angle_unit = 0.006;

static const uint8_t kind_bytes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 1};

static enum scree_status add(struct scree__query_columns *columns,
                             const struct scree__query_column *column, struct scree_error *err)
{
    void *memory = columns->columns;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &columns->capacity, columns->count + 1,
                        sizeof *columns->columns, "list of columns", err);
    columns->columns = memory;
    if (status == SCREE_OK)
        columns->columns[columns->count++] = *column;
    return status;
}

static enum scree_status add_standard(struct scree__query_columns *columns, unsigned format,
                                      const double scale[3], const double offset[3],
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < sizeof standards / sizeof *standards && status == SCREE_OK; i++) {
        const struct standard *standard = &standards[i];
        const struct place *place = format < 6 ? &standard->old : &standard->new;
        if (place->kind < 0)
            continue;
        struct scree__query_column column = {.kind = (enum scree__query_kind)place->kind,
                                             .at = place->at,
                                             .shift = place->shift,
                                             .mask = place->mask,
                                             .laz_field = standard->laz_field,
                                             .scale = 1};
        snprintf(column.name, sizeof column.name, "%s", standard->name);
        column.bytes = kind_bytes[column.kind];
        if (i < 3) {
            column.scaled = true;
            column.scale = scale[i];
            column.offset = offset[i];
        } else if (format >= 6 && place->kind == SCREE__QUERY_I16) {
            column.scaled = true;
            column.scale = scan_angle_unit;
        }
        status = add(columns, &column, err);
    }
    return status;
}

static enum scree_status add_optional(struct scree__query_columns *columns, unsigned format,
                                      struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (unsigned i = 0; i < OPTIONAL_COUNT && status == SCREE_OK; i++) {
        struct scree__query_column column = {
            .kind = SCREE__QUERY_U16, .laz_field = SCREE_LAZ_FIELD_RGB, .scale = 1};
        if (i == GPS_TIME) {
            column.kind = SCREE__QUERY_F64;
            column.at = gps_at[format];
            column.laz_field = SCREE_LAZ_FIELD_GPS_TIME;
        } else if (i == NIR) {
            column.at = nir_at[format];
            column.laz_field = SCREE_LAZ_FIELD_NIR;
        } else if (rgb_at[format] != 0) {
            column.at = rgb_at[format] + 2 * (i - RED);
        }
        if (column.at == 0)
            continue;
        column.bytes = kind_bytes[column.kind];
        snprintf(column.name, sizeof column.name, "%s", optional_names[i]);
        status = add(columns, &column, err);
    }
    return status;
}

/* Types 1 to 10 of extra bytes, and the arrays of two and three of them. */
static enum scree_status add_extra(struct scree__query_columns *columns, uint32_t base,
                                   const struct scree_las_extra_byte *extra,
                                   struct scree_error *err)
{
    if (extra->data_type == 0 || extra->data_type > 30)
        return SCREE_OK;
    unsigned parts = (extra->data_type - 1u) / 10 + 1;
    enum scree_status status = SCREE_OK;
    for (unsigned part = 0; part < parts && status == SCREE_OK; part++) {
        struct scree__query_column column = {
            .kind = (enum scree__query_kind)((extra->data_type - 1) % 10),
            .laz_field = SCREE_LAZ_FIELD_EXTRA_BYTES,
            .scale = 1};
        column.bytes = kind_bytes[column.kind];
        column.at = base + extra->offset + part * column.bytes;
        if ((extra->options & 8) != 0)
            column.scale = scree__base_load_f64(extra->raw + 112 + 8 * part);
        if ((extra->options & 16) != 0)
            column.offset = scree__base_load_f64(extra->raw + 136 + 8 * part);
        column.scaled = (extra->options & 24) != 0;
        if (parts == 1)
            snprintf(column.name, sizeof column.name, "%s", extra->name);
        else
            snprintf(column.name, sizeof column.name, "%s[%u]", extra->name, part);
        status = add(columns, &column, err);
    }
    return status;
}

enum scree_status scree__query_columns_make(struct scree__query_columns *columns,
                                            unsigned point_format, const double scale[3],
                                            const double offset[3],
                                            const struct scree_las_extra_byte *extras,
                                            uint32_t extra_count, struct scree_error *err)
{
    memset(columns, 0, sizeof *columns);
    if (point_format > 10)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "point format %u", point_format);
    enum scree_status status = add_standard(columns, point_format, scale, offset, err);
    if (status == SCREE_OK)
        status = add_optional(columns, point_format, err);
    uint32_t base = scree_las_format_bytes(point_format);
    for (uint32_t i = 0; i < extra_count && status == SCREE_OK; i++)
        status = add_extra(columns, base, &extras[i], err);
    if (status != SCREE_OK)
        scree__query_columns_release(columns);
    return status;
}

void scree__query_columns_release(struct scree__query_columns *columns)
{
    scree__mem_free(NULL, columns->columns, columns->capacity * sizeof *columns->columns);
    memset(columns, 0, sizeof *columns);
}

/* ---------------------------------------------------------------------------------------- names */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Case, underscores and blanks ignored. */
static bool alike(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_' || *a == ' ')
            a++;
        while (*b == '_' || *b == ' ')
            b++;
        if (small(*a) != small(*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

/* The name that stands in for an alias. */
static const char *standard_name(const char *name)
{
    for (size_t i = 0; i < sizeof standards / sizeof *standards; i++)
        if (alike(name, standards[i].name) ||
            (standards[i].alias != NULL && alike(name, standards[i].alias)))
            return standards[i].name;
    for (unsigned i = 0; i < OPTIONAL_COUNT; i++)
        if (alike(name, optional_names[i]))
            return optional_names[i];
    return NULL;
}

bool scree__query_columns_known(const char *name)
{
    return standard_name(name) != NULL;
}

const struct scree__query_column *
scree__query_columns_find(const struct scree__query_columns *columns, const char *name)
{
    const char *standard = standard_name(name);
    const struct scree__query_column *found = NULL;
    for (uint64_t i = 0; i < columns->count; i++)
        if (strcmp(columns->columns[i].name, name) == 0)
            return &columns->columns[i];
    for (uint64_t i = 0; i < columns->count; i++) {
        const struct scree__query_column *column = &columns->columns[i];
        if (standard != NULL && strcmp(column->name, standard) == 0)
            return column;
        if (!alike(column->name, name))
            continue;
        if (found != NULL)
            return NULL;
        found = column;
    }
    return found;
}

void scree__query_columns_list(const struct scree__query_columns *columns, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint64_t i = 0; i < columns->count; i++) {
        const char *name = columns->columns[i].name;
        if (used + strlen(name) + sizeof ", , ..." > bytes) {
            snprintf(text + used, bytes - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i > 0 ? ", " : "", name);
    }
}

/* --------------------------------------------------------------------------------------- values */

static void load_wide(const struct scree__query_column *column, const uint8_t *p, size_t stride,
                      size_t count, double *values)
{
    switch (column->kind) {
    case SCREE__QUERY_U64:
        for (size_t i = 0; i < count; i++)
            values[i] = (double)scree__base_load64(p + i * stride);
        break;
    case SCREE__QUERY_I64:
        for (size_t i = 0; i < count; i++)
            values[i] = (double)(int64_t)scree__base_load64(p + i * stride);
        break;
    case SCREE__QUERY_F32:
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = scree__base_load32(p + i * stride);
            float value;
            memcpy(&value, &bits, sizeof value);
            values[i] = (double)value;
        }
        break;
    default:
        for (size_t i = 0; i < count; i++)
            values[i] = scree__base_load_f64(p + i * stride);
        break;
    }
}

static void load_raw(const struct scree__query_column *column, const uint8_t *p, size_t stride,
                     size_t count, double *values)
{
    switch (column->kind) {
    case SCREE__QUERY_BITS:
        for (size_t i = 0; i < count; i++)
            values[i] = p[i * stride] >> column->shift & column->mask;
        break;
    case SCREE__QUERY_U8:
        for (size_t i = 0; i < count; i++)
            values[i] = p[i * stride];
        break;
    case SCREE__QUERY_I8:
        for (size_t i = 0; i < count; i++)
            values[i] = (int8_t)p[i * stride];
        break;
    case SCREE__QUERY_U16:
        for (size_t i = 0; i < count; i++)
            values[i] = scree__base_load16(p + i * stride);
        break;
    case SCREE__QUERY_I16:
        for (size_t i = 0; i < count; i++)
            values[i] = (int16_t)scree__base_load16(p + i * stride);
        break;
    case SCREE__QUERY_U32:
        for (size_t i = 0; i < count; i++)
            values[i] = scree__base_load32(p + i * stride);
        break;
    case SCREE__QUERY_I32:
        for (size_t i = 0; i < count; i++)
            values[i] = scree__base_load_i32(p + i * stride);
        break;
    default:
        load_wide(column, p, stride, count, values);
        break;
    }
}

void scree__query_column_load(const struct scree__query_column *column, const uint8_t *records,
                              size_t stride, size_t count, double *values)
{
    load_raw(column, records + column->at, stride, count, values);
    if (!column->scaled)
        return;
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] * column->scale + column->offset;
}
