/* table_head.c - what stands before the rows of a table: names (CSV), a PLY header, an NPY header. The latter two hold the number of rows and
 * are as long whatever it is, so that they can be written anew at the end. */
#include "query/out.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for the number of rows: 2^64 has 20 digits. */
#define COUNT_DIGITS 20u

SCREE_PRINTF(2, 3)
static void put(struct scree__query_table *table, const char *format, ...)
{
    va_list args;
    uint64_t room = table->head_capacity - table->head_bytes;
    va_start(args, format);
    int length = vsnprintf(table->head + table->head_bytes, (size_t)room, format, args);
    va_end(args);
    if (length > 0)
        table->head_bytes += (uint64_t)length < room ? (uint64_t)length : room - 1;
}

/* RFC 4180: a name with a comma, a quote or a break in it is quoted, its quotes doubled. */
static void csv_head(struct scree__query_table *table)
{
    for (uint64_t i = 0; i < table->cell_count; i++) {
        const char *name = table->cells[i].column.name;
        put(table, "%s", i > 0 ? "," : "");
        if (strpbrk(name, ",\"\r\n") == NULL) {
            put(table, "%s", name);
            continue;
        }
        put(table, "\"");
        for (; *name != '\0'; name++)
            put(table, *name == '"' ? "\"\"" : "%c", *name);
        put(table, "\"");
    }
    put(table, "\r\n");
}

/* A name of letters, digits and underscores. */
static void put_plain_name(struct scree__query_table *table, const char *name)
{
    if (*name >= '0' && *name <= '9')
        put(table, "_");
    if (*name == '\0')
        put(table, "unnamed");
    for (; *name != '\0'; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9');
        put(table, "%c", plain ? *name : '_');
    }
}

static void ply_head(struct scree__query_table *table)
{
    static const char *const types[] = {"uchar", "char", "ushort", "short", "uint",
                                        "int",   "",     "",       "float", "double"};
    char count[COUNT_DIGITS + 1];
    int digits = snprintf(count, sizeof count, "%llu", (unsigned long long)table->rows);
    put(table, "ply\nformat binary_little_endian 1.0\ncomment made by scree %s%*s\n",
        scree_version(), (int)COUNT_DIGITS - digits, "");
    put(table, "element vertex %s\n", count);
    for (uint64_t i = 0; i < table->cell_count; i++) {
        put(table, "property %s ", types[table->cells[i].as]);
        put_plain_name(table, table->cells[i].column.name);
        put(table, "\n");
    }
    put(table, "end_header\n");
}

/* A string of Python: quotes and backslashes escaped, other bytes than ASCII as underscores. */
static void put_python_name(struct scree__query_table *table, const char *name, uint64_t index)
{
    put(table, "'");
    if (*name == '\0')
        put(table, "unnamed%llu", (unsigned long long)index);
    for (; *name != '\0'; name++)
        put(table, *name == '\'' || *name == '\\' ? "\\%c" : "%c",
            *name >= ' ' && *name < 127 ? *name : '_');
    put(table, "'");
}

/* NPY 1.0, or 2.0 where the header is long: magic, version, length, a Python literal, blanks up to a multiple of 64, a line break. */
static void npy_head(struct scree__query_table *table)
{
    static const char *const types[] = {"|u1", "|i1", "<u2", "<i2", "<u4",
                                        "<i4", "<u8", "<i8", "<f4", "<f8"};
    char count[COUNT_DIGITS + 1];
    int digits = snprintf(count, sizeof count, "%llu", (unsigned long long)table->rows);
    table->head_bytes = 12;
    put(table, "{'descr': [");
    for (uint64_t i = 0; i < table->cell_count; i++) {
        put(table, "%s(", i > 0 ? ", " : "");
        put_python_name(table, table->cells[i].column.name, i);
        put(table, ", '%s')", types[table->cells[i].as]);
    }
    put(table, "], 'fortran_order': False, 'shape': (%s,), }%*s", count, (int)COUNT_DIGITS - digits,
        "");
    bool is_long = table->head_bytes + 64 > UINT16_MAX;
    if (!is_long) {
        memmove(table->head + 10, table->head + 12, (size_t)table->head_bytes - 12);
        table->head_bytes -= 2;
    }
    while (table->head_bytes % 64 != 63)
        put(table, " ");
    put(table, "\n");
    memcpy(table->head, "\x93NUMPY", 6);
    table->head[6] = is_long ? 2 : 1;
    table->head[7] = 0;
    if (is_long)
        scree__base_store32((uint8_t *)table->head + 8, (uint32_t)table->head_bytes - 12);
    else
        scree__base_store16((uint8_t *)table->head + 8, (uint16_t)(table->head_bytes - 10));
}

enum scree_status scree__query_head_make(struct scree__query_table *table, struct scree_error *err)
{
    void *memory;
    if (table->head == NULL) {
        table->head_capacity = 1024 + table->cell_count * (2 * SCREE__QUERY_NAME_BYTES + 64);
        enum scree_status status =
            scree__mem_alloc(NULL, table->head_capacity, &memory, "header", err);
        if (status != SCREE_OK)
            return status;
        table->head = memory;
    }
    table->head_bytes = 0;
    if (table->format == SCREE_QUERY_CSV)
        csv_head(table);
    else if (table->format == SCREE_QUERY_PLY)
        ply_head(table);
    else
        npy_head(table);
    return SCREE_OK;
}
