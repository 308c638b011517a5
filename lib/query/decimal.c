/* decimal.c - numbers as text. */
#include "query/out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 12u

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

/* Is the double that nearest to a decimal of so many places? Both are exact up to 2^53, and division rounds correctly. */
static bool has_places(double value, unsigned places, int64_t *units)
{
    double scaled = value * powers[places];
    if (!(fabs(scaled) < 0x1p53))
        return false;
    double whole = floor(scaled + 0.5);
    *units = (int64_t)whole;
    return whole / powers[places] == value;
}

/*
 * Scale and offset of a survey are decimals ("0.001", "652000"), though doubles hold them but nearly. Where both are,
 * a coordinate is written as the decimal that is meant, without the noise of a product of doubles.
 */
void scree__query_decimal_plan(struct scree__query_cell *cell)
{
    const struct scree__query_column *column = &cell->column;
    bool wide = column->kind == SCREE__QUERY_U64 || column->kind == SCREE__QUERY_I64 ||
                column->kind == SCREE__QUERY_F32 || column->kind == SCREE__QUERY_F64;
    if (!column->scaled || wide)
        return;
    for (unsigned places = 0; places <= PLACES_MAX; places++) {
        if (!has_places(column->scale, places, &cell->factor) ||
            !has_places(column->offset, places, &cell->shift))
            continue;
        cell->places = places;
        cell->decimal = llabs(cell->factor) < INT64_C(1)
                                                  << 29; /* times 2^32, plus 2^53: below 2^63 */
        return;
    }
}

size_t scree__query_unsigned_text(uint64_t value, char *text)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    return count;
}

size_t scree__query_integer_text(int64_t value, char *text)
{
    if (value >= 0)
        return scree__query_unsigned_text((uint64_t)value, text);
    text[0] = '-';
    return 1 + scree__query_unsigned_text(0 - (uint64_t)value, text + 1);
}

size_t scree__query_decimal_text(int64_t units, unsigned places, char *text)
{
    char digits[32];
    size_t at = 0, sign = 0;
    uint64_t left = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;
    if (units < 0)
        text[sign++] = '-';
    do {
        digits[at++] = (char)('0' + left % 10);
        left /= 10;
        if (at == places)
            digits[at++] = '.';
    } while (left > 0 || at < places + (places > 0) + 1);
    for (size_t i = 0; i < at; i++)
        text[sign + i] = digits[at - 1 - i];
    return sign + at;
}

static size_t special_text(double value, char *text)
{
    const char *word = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length is what comes back */
    memcpy(text, word, strlen(word));
    return strlen(word);
}

/* A locale may have put a comma. */
static size_t with_point(const char *from, char *text)
{
    size_t length = strlen(from);
    for (size_t i = 0; i < length; i++)
        text[i] = from[i] == ',' ? '.' : from[i];
    return length;
}

/* Six places and fewer, which nearly all times are: an exact whole over an exact power of ten. */
static size_t short_text(double value, char *text)
{
    int64_t units;
    if (!(fabs(value) < 1e9) || !has_places(value, 6, &units) || (units == 0 && signbit(value)))
        return 0;
    size_t length = scree__query_decimal_text(units, 6, text);
    while (text[length - 1] == '0')
        length--;
    return text[length - 1] == '.' ? length - 1 : length;
}

size_t scree__query_double_text(double value, char *text)
{
    char copy[40];
    if (!isfinite(value))
        return special_text(value, text);
    size_t length = short_text(value, text);
    for (int digits = 15; length == 0 && digits <= 17; digits++) {
        snprintf(copy, sizeof copy, "%.*g", digits, value);
        if (digits == 17 || strtod(copy, NULL) == value)
            length = with_point(copy, text);
    }
    return length;
}

size_t scree__query_float_text(float value, char *text)
{
    char copy[40];
    size_t length = 0;
    if (!isfinite(value))
        return special_text((double)value, text);
    for (int digits = 6; length == 0 && digits <= 9; digits++) {
        snprintf(copy, sizeof copy, "%.*g", digits, (double)value);
        if (digits == 9 || strtof(copy, NULL) == value)
            length = with_point(copy, text);
    }
    return length;
}
