/* header.c - the public header block: bytes to struct with every field checked, and back. */
#include "las/header.h"
#include "las/reader.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>

/* Byte 104: two bits say "compressed"; only the higher one is in use, both together marked
 * experiments before LAZ 1.0. */
#define FORMAT_MASK 0x3Fu
#define FORMAT_COMPRESSED 0x80u
#define WAVEFORMS_INTERNAL 0x0002u

uint32_t scree_las_format_bytes(unsigned point_format)
{
    static const uint8_t bytes[] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};
    return point_format < sizeof bytes ? bytes[point_format] : 0;
}

uint32_t scree__las_header_bytes(unsigned version_minor)
{
    return version_minor >= 4 ? 375 : version_minor == 3 ? 235 : 227;
}

void scree__las_text_read(const uint8_t *field, size_t field_bytes, char *text)
{
    size_t length = 0;
    while (length < field_bytes && field[length] != 0)
        length++;
    while (length > 0 && field[length - 1] == ' ')
        length--;
    memcpy(text, field, length);
    text[length] = '\0';
}

void scree__las_text_write(const char *text, size_t field_bytes, uint8_t *field)
{
    size_t length = strnlen(text, field_bytes);
    memset(field, 0, field_bytes);
    memcpy(field, text, length);
}

static void parse_counts(const uint8_t *bytes, struct scree_las_header *header)
{
    header->legacy_point_count = scree__base_load32(bytes + 107);
    header->point_count = header->legacy_point_count;
    for (int i = 0; i < 5; i++) {
        header->legacy_return_counts[i] = scree__base_load32(bytes + 111 + 4 * i);
        header->return_counts[i] = header->legacy_return_counts[i];
    }
    if (header->version_minor < 4)
        return;
    header->evlr_offset = scree__base_load64(bytes + 235);
    header->evlr_count = scree__base_load32(bytes + 243);
    uint64_t count = scree__base_load64(bytes + 247);
    if (count == 0 && header->legacy_point_count != 0)
        return;
    header->point_count = count;
    for (int i = 0; i < 15; i++)
        header->return_counts[i] = scree__base_load64(bytes + 255 + 8 * i);
}

static void parse(const uint8_t *bytes, struct scree_las_header *header)
{
    header->version_major = bytes[24];
    header->version_minor = bytes[25];
    header->file_source_id = scree__base_load16(bytes + 4);
    /* Reserved bytes before LAS 1.2, with whatever in them. */
    header->global_encoding = header->version_minor >= 2 ? scree__base_load16(bytes + 6) : 0;
    memcpy(header->guid, bytes + 8, 16);
    scree__las_text_read(bytes + 26, 32, header->system_id);
    scree__las_text_read(bytes + 58, 32, header->generating_software);
    header->creation_day = scree__base_load16(bytes + 90);
    header->creation_year = scree__base_load16(bytes + 92);
    header->header_bytes = scree__base_load16(bytes + 94);
    header->point_offset = scree__base_load32(bytes + 96);
    header->vlr_count = scree__base_load32(bytes + 100);
    header->point_format = bytes[104] & FORMAT_MASK;
    header->record_bytes = scree__base_load16(bytes + 105);
    for (int axis = 0; axis < 3; axis++) {
        header->scale[axis] = scree__base_load_f64(bytes + 131 + 8 * axis);
        header->offset[axis] = scree__base_load_f64(bytes + 155 + 8 * axis);
        header->max[axis] = scree__base_load_f64(bytes + 179 + 16 * axis);
        header->min[axis] = scree__base_load_f64(bytes + 187 + 16 * axis);
    }
    if (header->version_minor >= 3)
        header->waveform_offset = scree__base_load64(bytes + 227);
    parse_counts(bytes, header);
}

static enum scree_status check_sizes(const struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    uint32_t least = scree__las_header_bytes(header->version_minor);
    if (header->header_bytes < least)
        return scree__las_fail(reader, err, SCREE_E_DATA, 94,
                               "the header size is %u, LAS 1.%u has %u or more",
                               header->header_bytes, header->version_minor, least);
    if (header->point_offset < header->header_bytes)
        return scree__las_fail(reader, err, SCREE_E_DATA, 96,
                               "the points begin at byte %u, within the header of %u bytes",
                               header->point_offset, header->header_bytes);
    if (header->point_offset > reader->file_bytes)
        return scree__las_fail(reader, err, SCREE_E_DATA, 96,
                               "truncated: the points begin at byte %u, the file has %" PRIu64
                               " bytes",
                               header->point_offset, reader->file_bytes);
    uint32_t base = scree_las_format_bytes(header->point_format);
    if (base == 0)
        return scree__las_fail(reader, err, SCREE_E_UNSUPPORTED, 104,
                               "point data record format %u, scree reads 0 to 10",
                               header->point_format);
    if (header->record_bytes < base)
        return scree__las_fail(reader, err, SCREE_E_DATA, 105,
                               "a point record of %u bytes, format %u has %u or more",
                               header->record_bytes, header->point_format, base);
    return SCREE_OK;
}

/* Every 32-bit integer must stand for a finite coordinate. */
static enum scree_status check_grid(const struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    for (unsigned axis = 0; axis < 3; axis++) {
        double scale = header->scale[axis], offset = header->offset[axis];
        if (!isfinite(scale) || scale <= 0)
            return scree__las_fail(reader, err, SCREE_E_DATA, 131 + 8 * axis,
                                   "the %c scale is %g, a positive number is expected", "xyz"[axis],
                                   scale);
        if (!isfinite(offset) || !isfinite(scale * 2147483648.0 + fabs(offset)))
            return scree__las_fail(reader, err, SCREE_E_DATA, 155 + 8 * axis,
                                   "the %c offset is %g with scale %g, coordinates are not finite",
                                   "xyz"[axis], offset, scale);
    }
    return SCREE_OK;
}

enum scree_status scree__las_header_read(struct scree_las_reader *reader, struct scree_error *err)
{
    uint8_t bytes[SCREE__LAS_HEADER_BYTES_MAX] = {0};
    size_t there = reader->file_bytes < sizeof bytes ? (size_t)reader->file_bytes : sizeof bytes;
    enum scree_status status = scree_source_read(reader->source, 0, bytes, there, err);
    if (status != SCREE_OK)
        return status;
    if (there < 4 || memcmp(bytes, "LASF", 4) != 0)
        return scree__las_fail(reader, err, SCREE_E_DATA, 0,
                               "not a LAS or LAZ file: it does not begin with \"LASF\"");
    if (there < 227)
        return scree__las_fail(reader, err, SCREE_E_DATA, there,
                               "truncated: the header has 227 bytes or more, the file %zu", there);
    if (bytes[24] != 1 || bytes[25] > 5)
        return scree__las_fail(reader, err, SCREE_E_UNSUPPORTED, 24,
                               "LAS version %u.%u, scree reads 1.0 to 1.5", bytes[24], bytes[25]);
    uint32_t least = scree__las_header_bytes(bytes[25]);
    if (there < least)
        return scree__las_fail(reader, err, SCREE_E_DATA, there,
                               "truncated: the header of LAS 1.%u has %u bytes, the file %zu",
                               bytes[25], least, there);
    parse(bytes, &reader->header);
    reader->format_byte = bytes[104];
    status = check_sizes(reader, err);
    if (status != SCREE_OK)
        return status;
    return check_grid(reader, err);
}

static bool bounds_are_possible(const struct scree_las_header *header)
{
    for (int axis = 0; axis < 3; axis++) {
        double scale = header->scale[axis], offset = header->offset[axis];
        double low = header->min[axis], high = header->max[axis];
        /* One unit of slack: bounds may be of the coordinates before they were rounded. */
        if (!isfinite(low) || !isfinite(high) || low > high ||
            low < offset - 2147483649.0 * scale || high > offset + 2147483648.0 * scale)
            return false;
    }
    return true;
}

enum scree_status scree__las_header_remarks(struct scree_las_reader *reader,
                                            struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    enum scree_status status = SCREE_OK;
    uint64_t sum = 0;
    bool fits = true;
    for (int i = 0; i < 15; i++)
        fits = fits && scree__base_add64(sum, header->return_counts[i], &sum);
    if (header->legacy_point_count != 0 && header->legacy_point_count != header->point_count)
        status = scree__las_remark(reader, err,
                                   "the header's 32-bit point count is %u, the 64-bit one %" PRIu64,
                                   header->legacy_point_count, header->point_count);
    if (status == SCREE_OK && !(fits && sum == header->point_count))
        status = scree__las_remark(reader, err,
                                   "the header's counts by return add up to %" PRIu64
                                   ", the points are %" PRIu64,
                                   fits ? sum : UINT64_MAX, header->point_count);
    if (status == SCREE_OK && header->point_count > 0 && !bounds_are_possible(header))
        status = scree__las_remark(reader, err,
                                   "the header's bounds are impossible: x %g to %g, y %g to %g, z "
                                   "%g to %g",
                                   header->min[0], header->max[0], header->min[1], header->max[1],
                                   header->min[2], header->max[2]);
    if (status == SCREE_OK && header->point_format > 5 && header->version_minor < 4)
        status = scree__las_remark(reader, err, "point format %u in a file of LAS 1.%u",
                                   header->point_format, header->version_minor);
    if (status == SCREE_OK && header->waveform_offset != 0 &&
        (header->global_encoding & WAVEFORMS_INTERNAL) != 0)
        status = scree__las_remark(reader, err,
                                   "waveform packets at byte %" PRIu64 " of the file are not read",
                                   header->waveform_offset);
    return status;
}

void scree__las_header_write(const struct scree_las_header *header, uint8_t *bytes)
{
    memset(bytes, 0, header->header_bytes);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature, no text */
    memcpy(bytes, "LASF", 4);
    scree__base_store16(bytes + 4, header->file_source_id);
    scree__base_store16(bytes + 6, header->global_encoding);
    memcpy(bytes + 8, header->guid, 16);
    bytes[24] = header->version_major;
    bytes[25] = header->version_minor;
    scree__las_text_write(header->system_id, 32, bytes + 26);
    scree__las_text_write(header->generating_software, 32, bytes + 58);
    scree__base_store16(bytes + 90, header->creation_day);
    scree__base_store16(bytes + 92, header->creation_year);
    scree__base_store16(bytes + 94, header->header_bytes);
    scree__base_store32(bytes + 96, header->point_offset);
    scree__base_store32(bytes + 100, header->vlr_count);
    bytes[104] = (uint8_t)(header->point_format | (header->compressed ? FORMAT_COMPRESSED : 0));
    scree__base_store16(bytes + 105, header->record_bytes);
    scree__base_store32(bytes + 107, header->legacy_point_count);
    for (int i = 0; i < 5; i++)
        scree__base_store32(bytes + 111 + 4 * i, header->legacy_return_counts[i]);
    for (int axis = 0; axis < 3; axis++) {
        scree__base_store_f64(bytes + 131 + 8 * axis, header->scale[axis]);
        scree__base_store_f64(bytes + 155 + 8 * axis, header->offset[axis]);
        scree__base_store_f64(bytes + 179 + 16 * axis, header->max[axis]);
        scree__base_store_f64(bytes + 187 + 16 * axis, header->min[axis]);
    }
    if (header->version_minor >= 3)
        scree__base_store64(bytes + 227, header->waveform_offset);
    if (header->version_minor < 4)
        return;
    scree__base_store64(bytes + 235, header->evlr_offset);
    scree__base_store32(bytes + 243, header->evlr_count);
    scree__base_store64(bytes + 247, header->point_count);
    for (int i = 0; i < 15; i++)
        scree__base_store64(bytes + 255 + 8 * i, header->return_counts[i]);
}
