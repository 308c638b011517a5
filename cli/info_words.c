/* info_words.c - words for the numbers of LAS headers and records. */
#include "cli/info.h"

#include <stdio.h>
#include <string.h>

const char *info_format_words(unsigned point_format)
{
    static const char *const words[] = {
        "no GPS time",
        "GPS time",
        "RGB",
        "GPS time, RGB",
        "GPS time, waveform",
        "GPS time, RGB, waveform",
        "GPS time, up to 15 returns",
        "GPS time, RGB, up to 15 returns",
        "GPS time, RGB, NIR, up to 15 returns",
        "GPS time, waveform, up to 15 returns",
        "GPS time, RGB, NIR, waveform, up to 15 returns",
    };
    return point_format < sizeof words / sizeof words[0] ? words[point_format] : "?";
}

const char *info_compressor_words(unsigned compressor)
{
    static const char *const words[] = {"none", "pointwise", "pointwise chunked",
                                        "layered chunked"};
    return compressor < sizeof words / sizeof words[0] ? words[compressor] : "?";
}

const char *info_type_words(const struct scree_las_extra_byte *field)
{
    static const char *const words[] = {
        "bytes",    "uint8",     "int8",      "uint16",    "int16",     "uint32",   "int32",
        "uint64",   "int64",     "float",     "double",    "uint8[2]",  "int8[2]",  "uint16[2]",
        "int16[2]", "uint32[2]", "int32[2]",  "uint64[2]", "int64[2]",  "float[2]", "double[2]",
        "uint8[3]", "int8[3]",   "uint16[3]", "int16[3]",  "uint32[3]", "int32[3]", "uint64[3]",
        "int64[3]", "float[3]",  "double[3]",
    };
    return field->data_type < sizeof words / sizeof words[0] ? words[field->data_type] : "?";
}

static double little_endian_double(const uint8_t *bytes)
{
    uint64_t bits = 0;
    double value;
    for (unsigned i = 8; i > 0; i--)
        bits = bits << 8 | bytes[i - 1];
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool info_field_scale(const struct scree_las_extra_byte *field, double *scale, double *offset)
{
    bool has_scale = (field->options & 0x08) != 0, has_offset = (field->options & 0x10) != 0;
    *scale = 1;
    *offset = 0;
    if (field->data_type == 0) /* there, options is a length */
        return false;
    /* The first of three values each, at bytes 112 and 136 of the descriptor. */
    if (has_scale)
        *scale = little_endian_double(field->raw + 112);
    if (has_offset)
        *offset = little_endian_double(field->raw + 136);
    return has_scale || has_offset;
}

bool info_date(const struct scree_las_header *header, char date[16])
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = header->creation_year, day = header->creation_day, month = 0;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day == 0 || day > 365u + leap || year == 0)
        return false;
    for (; month < 12; month++) {
        unsigned length = days[month] + (month == 1 && leap);
        if (day <= length)
            break;
        day -= length;
    }
    snprintf(date, 16, "%04u-%02u-%02u", year % 10000, (month + 1) % 100, day % 100);
    return true;
}

void info_guid(const struct scree_las_header *header, char guid[37])
{
    /* A number of 4 bytes, two of 2, all little-endian, then 8 bytes in order. */
    static const unsigned char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t used = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            guid[used++] = '-';
        used += (size_t)snprintf(guid + used, 37 - used, "%02x", header->guid[order[i]]);
    }
}
