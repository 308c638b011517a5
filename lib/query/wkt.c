/* wkt.c - polygons in well-known text. */
#include "query/polygon.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const char *text, *at;
    struct scree__query_polygon *polygon;
    struct scree_error *err;
};

static enum scree_status refuse(const struct reader *reader, const char *expected)
{
    size_t column = (size_t)(reader->at - reader->text) + 1;
    if (*reader->at == '\0')
        return scree__base_fail(reader->err, SCREE_E_ARGUMENT,
                                "polygon: column %zu: expected %s, found the end", column,
                                expected);
    return scree__base_fail(reader->err, SCREE_E_ARGUMENT,
                            "polygon: column %zu: expected %s, found '%.20s'", column, expected,
                            reader->at);
}

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

/* A word in upper case, whatever its case in the text. */
static bool take_word(struct reader *reader, const char *word)
{
    const char *p = reader->at;
    for (; *word != '\0'; p++, word++) {
        char c = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        if (c != *word)
            return false;
    }
    if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
        return false;
    reader->at = p;
    skip_blanks(reader);
    return true;
}

static bool take(struct reader *reader, char c)
{
    if (*reader->at != c)
        return false;
    reader->at++;
    skip_blanks(reader);
    return true;
}

static enum scree_status read_number(struct reader *reader, double *number)
{
    size_t length = strspn(reader->at, "+-.0123456789eE");
    char copy[64], *end;
    if (length == 0 || length >= sizeof copy)
        return refuse(reader, "a number");
    memcpy(copy, reader->at, length);
    copy[length] = '\0';
    *number = strtod(copy, &end);
    if (end != copy + length)
        return refuse(reader, "a number");
    reader->at += length;
    skip_blanks(reader);
    return SCREE_OK;
}

/* "x y", perhaps with z and m, which do not count. */
static enum scree_status read_vertex(struct reader *reader)
{
    double number[2] = {0, 0}, ignored;
    enum scree_status status = read_number(reader, &number[0]);
    if (status == SCREE_OK)
        status = read_number(reader, &number[1]);
    for (int i = 0; i < 2 && status == SCREE_OK && *reader->at != ',' && *reader->at != ')'; i++)
        status = read_number(reader, &ignored);
    if (status != SCREE_OK)
        return status;
    return scree__query_polygon_add_vertex(reader->polygon, number[0], number[1], reader->err);
}

static enum scree_status read_ring(struct reader *reader)
{
    enum scree_status status;
    if (!take(reader, '('))
        return refuse(reader, "'('");
    do
        status = read_vertex(reader);
    while (status == SCREE_OK && take(reader, ','));
    if (status == SCREE_OK && !take(reader, ')'))
        status = refuse(reader, "',' or ')'");
    return status == SCREE_OK ? scree__query_polygon_end_ring(reader->polygon, reader->err)
                              : status;
}

static enum scree_status read_polygon(struct reader *reader)
{
    enum scree_status status;
    if (take_word(reader, "EMPTY"))
        return SCREE_OK;
    if (!take(reader, '('))
        return refuse(reader, "'(' or EMPTY");
    do
        status = read_ring(reader);
    while (status == SCREE_OK && take(reader, ','));
    if (status == SCREE_OK && !take(reader, ')'))
        status = refuse(reader, "',' or ')'");
    if (status == SCREE_OK)
        scree__query_polygon_end(reader->polygon);
    return status;
}

static enum scree_status read_several(struct reader *reader)
{
    enum scree_status status;
    if (take_word(reader, "EMPTY"))
        return SCREE_OK;
    if (!take(reader, '('))
        return refuse(reader, "'(' or EMPTY");
    do
        status = read_polygon(reader);
    while (status == SCREE_OK && take(reader, ','));
    if (status == SCREE_OK && !take(reader, ')'))
        status = refuse(reader, "',' or ')'");
    return status;
}

enum scree_status scree__query_wkt_read(const char *text, struct scree__query_polygon *polygon,
                                        struct scree_error *err)
{
    struct reader reader = {text, text, polygon, err};
    skip_blanks(&reader);
    if (strncmp(reader.at, "SRID=", 5) == 0) {
        const char *end = strchr(reader.at, ';');
        if (end == NULL)
            return refuse(&reader, "';' after SRID");
        reader.at = end + 1;
        skip_blanks(&reader);
    }
    bool several = take_word(&reader, "MULTIPOLYGON");
    if (!several && !take_word(&reader, "POLYGON"))
        return refuse(&reader, "POLYGON, MULTIPOLYGON or GeoJSON");
    if (!take_word(&reader, "ZM") && !take_word(&reader, "Z"))
        (void)take_word(&reader, "M");
    enum scree_status status = several ? read_several(&reader) : read_polygon(&reader);
    if (status == SCREE_OK && *reader.at != '\0')
        status = refuse(&reader, "the end");
    return status;
}
