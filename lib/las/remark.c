/* remark.c - what a reader says of its file: remarks, which leave it readable, and failures. */
#include "las/reader.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A file can have as many faults as it has bytes; a person reads a few. */
#define REMARKS_MAX 100

enum scree_status scree__las_remark(struct scree_las_reader *reader, struct scree_error *err,
                                    const char *format, ...)
{
    if (reader->remark_count > REMARKS_MAX)
        return SCREE_OK;
    char text[400] = "more remarks are left out";
    if (reader->remark_count < REMARKS_MAX) {
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
    }
    void *array = reader->remarks;
    enum scree_status status =
        scree__mem_grow(reader->budget, &array, &reader->remark_capacity, reader->remark_count + 1,
                        sizeof(char *), "remarks", err);
    if (status != SCREE_OK)
        return status;
    reader->remarks = array;
    char *copy = scree__mem_string_copy(text);
    if (copy == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "remarks: out of memory");
    reader->remarks[reader->remark_count++] = copy;
    return SCREE_OK;
}

void scree__las_remarks_release(struct scree_las_reader *reader)
{
    for (uint64_t i = 0; i < reader->remark_count; i++)
        scree__mem_string_free(reader->remarks[i]);
    scree__mem_free(reader->budget, reader->remarks, reader->remark_capacity * sizeof(char *));
}

enum scree_status scree__las_fail(const struct scree_las_reader *reader, struct scree_error *err,
                                  enum scree_status status, uint64_t offset, const char *format,
                                  ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return scree__base_fail(err, status, "%s: at byte %" PRIu64 ": %s",
                            scree_source_name(reader->source), offset, text);
}

uint64_t scree_las_remark_count(const struct scree_las_reader *reader)
{
    return reader->remark_count;
}

const char *scree_las_remark(const struct scree_las_reader *reader, uint64_t index)
{
    return index < reader->remark_count ? reader->remarks[index] : NULL;
}
