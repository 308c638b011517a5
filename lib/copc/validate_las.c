/* validate_las.c - the public header block, LAS 1.0 to 1.5, and what it says of itself. */
#include "base/bytes.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define HEADER_MIN 227u /* LAS 1.0 to 1.2 */
#define MINOR_MAX 5u
#define HEADER_READ 375u

static const uint16_t header_sizes[MINOR_MAX + 1] = {227, 227, 227, 235, 375, 393};
static const uint8_t last_formats[MINOR_MAX + 1] = {1, 1, 3, 5, 10, 10};

static void load_header(const uint8_t *p, size_t bytes, struct scree__copc_check *check)
{
    struct scree_las_header *h = &check->header;
    h->version_major = p[24];
    h->version_minor = p[25];
    h->global_encoding = scree__base_load16(p + 6);
    h->header_bytes = scree__base_load16(p + 94);
    h->point_offset = scree__base_load32(p + 96);
    h->vlr_count = scree__base_load32(p + 100);
    h->point_format = p[104] & 0x3F;
    check->format_bit = (p[104] & 0x80) != 0;
    h->record_bytes = scree__base_load16(p + 105);
    h->point_count = h->legacy_point_count = scree__base_load32(p + 107);
    for (unsigned i = 0; i < 5; i++)
        h->return_counts[i] = h->legacy_return_counts[i] = scree__base_load32(p + 111 + 4 * i);
    for (unsigned i = 0; i < 3; i++) {
        h->scale[i] = scree__base_load_f64(p + 131 + 8 * i);
        h->offset[i] = scree__base_load_f64(p + 155 + 8 * i);
        h->max[i] = scree__base_load_f64(p + 179 + 16 * i);
        h->min[i] = scree__base_load_f64(p + 187 + 16 * i);
    }
    if (h->version_minor >= 3 && bytes >= 235)
        h->waveform_offset = scree__base_load64(p + 227);
    if (h->version_minor < 4 || bytes < HEADER_READ)
        return;
    h->evlr_offset = scree__base_load64(p + 235);
    h->evlr_count = scree__base_load32(p + 243);
    uint64_t count = scree__base_load64(p + 247);
    if (count == 0 && h->legacy_point_count != 0)
        return;
    h->point_count = count;
    for (unsigned i = 0; i < 15; i++)
        h->return_counts[i] = scree__base_load64(p + 255 + 8 * i);
}

static bool check_sizes(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    if (h->version_major != 1 || h->version_minor > MINOR_MAX) {
        scree__copc_say(check, SCREE__LAS_VERSION, "version %u.%u at byte 24; LAS 1.0 to 1.5 exist",
                        h->version_major, h->version_minor);
        return false;
    }
    const uint16_t wanted = header_sizes[h->version_minor];
    if (h->header_bytes < wanted || h->header_bytes > check->file_bytes) {
        scree__copc_say(check, SCREE__LAS_HEADER_SIZE,
                        "header size %u at byte 94; LAS 1.%u has %u bytes, the file %" PRIu64,
                        h->header_bytes, h->version_minor, wanted, check->file_bytes);
        return false;
    }
    if (h->header_bytes > wanted)
        scree__copc_say(check, SCREE__LAS_HEADER_LONG,
                        "header size %u at byte 94 is more than the %u bytes of LAS 1.%u",
                        h->header_bytes, wanted, h->version_minor);
    return true;
}

static void check_format(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    const uint32_t own = scree_las_format_bytes(h->point_format);
    if (own == 0 || h->point_format > last_formats[h->version_minor])
        scree__copc_say(check, SCREE__LAS_FORMAT,
                        "point format %u at byte 104; LAS 1.%u has 0 to %u", h->point_format,
                        h->version_minor, last_formats[h->version_minor]);
    if (own == 0)
        return;
    if (h->record_bytes < own)
        scree__copc_say(check, SCREE__LAS_RECORD_LENGTH,
                        "record length %u at byte 105; point format %u takes %u", h->record_bytes,
                        h->point_format, own);
    else
        check->extra_bytes = h->record_bytes - own;
}

static void check_legacy(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    if (h->version_minor < 4)
        return;
    const uint64_t legacy = h->legacy_point_count;
    if (legacy != 0 && legacy != h->point_count)
        scree__copc_say(check, SCREE__LAS_LEGACY_COUNT,
                        "legacy point count %" PRIu64 " at byte 107, point count %" PRIu64
                        " at byte 247",
                        legacy, h->point_count);
    else if (legacy != 0 && h->point_format >= 6)
        scree__copc_say(check, SCREE__LAS_LEGACY_SET,
                        "legacy point count at byte 107 is set; LAS 1.4 wants 0 for point format "
                        "%u",
                        h->point_format);
    else if (legacy == 0 && h->point_format < 6 && h->point_count <= UINT32_MAX &&
             h->point_count != 0)
        scree__copc_say(check, SCREE__LAS_LEGACY_SET,
                        "legacy point count at byte 107 is 0; LAS 1.4 wants %" PRIu64
                        " for point format %u",
                        h->point_count, h->point_format);
    bool zero = true, equal = true;
    for (unsigned i = 0; i < 5; i++) {
        zero = zero && h->legacy_return_counts[i] == 0;
        equal = equal && h->legacy_return_counts[i] == h->return_counts[i];
    }
    if (!zero && !equal)
        scree__copc_say(check, SCREE__LAS_LEGACY_RETURNS,
                        "legacy counts by return at byte 111 are neither 0 nor those at byte 255");
}

static void check_returns(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    const char *where = h->version_minor < 4 ? "111" : "255";
    uint64_t sum = 0;
    for (unsigned i = 0; i < 15; i++) {
        if (h->return_counts[i] > UINT64_MAX - sum)
            sum = UINT64_MAX;
        else
            sum += h->return_counts[i];
    }
    if (sum > h->point_count)
        scree__copc_say(check, SCREE__LAS_RETURN_SUM,
                        "counts by return at byte %s add up to %" PRIu64 " of %" PRIu64 " points",
                        where, sum, h->point_count);
    else if (sum < h->point_count)
        scree__copc_say(check, SCREE__LAS_RETURN_SUM_LOW,
                        "counts by return at byte %s add up to %" PRIu64 " of %" PRIu64 " points",
                        where, sum, h->point_count);
}

static void check_coordinates(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    for (unsigned i = 0; i < 3; i++) {
        const char axis = "xyz"[i];
        if (!isfinite(h->scale[i]) || h->scale[i] == 0)
            scree__copc_say(check, SCREE__LAS_SCALE, "%c scale %g at byte %u", axis, h->scale[i],
                            131 + 8 * i);
        if (!isfinite(h->offset[i]))
            scree__copc_say(check, SCREE__LAS_SCALE, "%c offset %g at byte %u", axis, h->offset[i],
                            155 + 8 * i);
        if (h->point_count != 0 &&
            (!isfinite(h->min[i]) || !isfinite(h->max[i]) || h->min[i] > h->max[i]))
            scree__copc_say(check, SCREE__LAS_BOUNDS, "%c bounds [%.15g, %.15g] at byte %u", axis,
                            h->min[i], h->max[i], 179 + 16 * i);
    }
}

enum scree_status scree__copc_check_header(struct scree__copc_check *check, bool *readable,
                                           struct scree_error *err)
{
    *readable = false;
    const size_t bytes = check->file_bytes < HEADER_READ ? (size_t)check->file_bytes : HEADER_READ;
    const uint8_t *p;
    enum scree_status status = scree__copc_peek(check, 0, bytes, &p, err);
    if (status != SCREE_OK)
        return status;
    if (bytes < 4 || memcmp(p, "LASF", 4) != 0) {
        scree__copc_say(check, SCREE__LAS_SIGNATURE, "the file does not begin with LASF");
        return SCREE_OK;
    }
    if (bytes < HEADER_MIN) {
        scree__copc_say(check, SCREE__LAS_HEADER_SIZE,
                        "the file ends at byte %zu, within the header", bytes);
        return SCREE_OK;
    }
    load_header(p, bytes, check);
    *readable = check_sizes(check);
    if (!*readable)
        return SCREE_OK;
    const struct scree_las_header *h = &check->header;
    check->report->point_count = h->point_count;
    if (h->point_offset < h->header_bytes || h->point_offset > check->file_bytes)
        scree__copc_say(check, SCREE__LAS_POINT_OFFSET,
                        "points begin at byte %" PRIu32 " (byte 96); the header ends at %u, the "
                        "file at %" PRIu64,
                        h->point_offset, h->header_bytes, check->file_bytes);
    check_format(check);
    check_legacy(check);
    check_returns(check);
    check_coordinates(check);
    return SCREE_OK;
}

void scree__copc_check_extent(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    if (h->compressed || check->format_bit || h->record_bytes == 0 ||
        check->said[SCREE__LAS_RECORD_LENGTH] > 0 || h->point_offset > check->file_bytes)
        return;
    uint64_t room = check->file_bytes - h->point_offset;
    if (h->evlr_count > 0 && h->evlr_offset >= h->point_offset &&
        h->evlr_offset <= check->file_bytes)
        room = h->evlr_offset - h->point_offset;
    const uint64_t fits = room / h->record_bytes;
    if (h->point_count > fits) {
        scree__copc_say(check, SCREE__LAS_POINT_COUNT,
                        "the header says %" PRIu64 " points; from byte %" PRIu32
                        " on there is room for %" PRIu64 " of %u bytes",
                        h->point_count, h->point_offset, fits, h->record_bytes);
        return;
    }
    const uint64_t left = room - h->point_count * h->record_bytes;
    if (left != 0 && h->waveform_offset == 0)
        scree__copc_say(check, SCREE__LAS_TRAILING,
                        "%" PRIu64 " bytes follow the last point, at byte %" PRIu64, left,
                        h->point_offset + h->point_count * h->record_bytes);
}
