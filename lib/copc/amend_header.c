/* amend_header.c - the header and the info VLR, as the points are. */
#include "copc/amend.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where fields lie (LAS 1.4). */
#define ENCODING_AT 6u
#define LEGACY_COUNT_AT 107u
#define LEGACY_RETURNS_AT 111u
#define MAX_X_AT 179u /* max x, min x, max y, min y, max z, min z */
#define COUNT_AT 247u
#define RETURNS_AT 255u
#define GPS_MIN_AT (SCREE__COPC_INFO_PAYLOAD_OFFSET + 56u)
#define GPS_MAX_AT (SCREE__COPC_INFO_PAYLOAD_OFFSET + 64u)

void scree__amend_tell(struct scree__amend *amend, const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    amend->result->change_count++;
    if (amend->options.change != NULL)
        amend->options.change(amend->options.user, message);
}

static void put64(struct scree__amend *amend, unsigned at, uint64_t value, const char *what)
{
    const uint64_t before = scree__base_load64(amend->head + at);
    if (before == value)
        return;
    scree__base_store64(amend->head + at, value);
    scree__amend_tell(amend, "%s: %" PRIu64 " -> %" PRIu64, what, before, value);
}

static void put32(struct scree__amend *amend, unsigned at, uint32_t value, const char *what)
{
    const uint32_t before = scree__base_load32(amend->head + at);
    if (before == value)
        return;
    scree__base_store32(amend->head + at, value);
    scree__amend_tell(amend, "%s: %" PRIu32 " -> %" PRIu32, what, before, value);
}

/* By bits: NaN becomes a number, too. */
static void put_double(struct scree__amend *amend, unsigned at, double value, const char *what)
{
    const double before = scree__base_load_f64(amend->head + at);
    if (before == value)
        return;
    scree__base_store_f64(amend->head + at, value);
    scree__amend_tell(amend, "%s: %.17g -> %.17g", what, before, value);
}

static void repair_counts(struct scree__amend *amend)
{
    char what[48];
    put64(amend, COUNT_AT, amend->summary.point_count, "point count");
    for (unsigned i = 0; i < 15; i++) {
        (void)snprintf(what, sizeof what, "points of return %u", i + 1);
        put64(amend, RETURNS_AT + 8 * i, amend->summary.return_counts[i], what);
    }
    put32(amend, LEGACY_COUNT_AT, 0, "legacy point count");
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(what, sizeof what, "legacy points of return %u", i + 1);
        put32(amend, LEGACY_RETURNS_AT + 4 * i, 0, what);
    }
}

static void repair_bounds(struct scree__amend *amend)
{
    static const char *const names[3][2] = {
        {"max x", "min x"}, {"max y", "min y"}, {"max z", "min z"}};
    const struct scree_las_header *h = amend->header;
    for (unsigned a = 0; a < 3 && amend->summary.point_count > 0; a++) {
        const double first = amend->summary.min[a] * h->scale[a] + h->offset[a];
        const double last = amend->summary.max[a] * h->scale[a] + h->offset[a];
        put_double(amend, MAX_X_AT + 16 * a, fmax(first, last), names[a][0]);
        put_double(amend, MAX_X_AT + 16 * a + 8, fmin(first, last), names[a][1]);
    }
}

void scree__amend_repair(struct scree__amend *amend)
{
    repair_counts(amend);
    repair_bounds(amend);
    if (amend->has_gps_time) {
        put_double(amend, GPS_MIN_AT, amend->gps_time_min, "lowest GPS time");
        put_double(amend, GPS_MAX_AT, amend->gps_time_max, "highest GPS time");
    }
    const uint16_t encoding = scree__base_load16(amend->head + ENCODING_AT);
    if ((encoding & SCREE_LAS_WKT) == 0) {
        scree__base_store16(amend->head + ENCODING_AT, (uint16_t)(encoding | SCREE_LAS_WKT));
        scree__amend_tell(amend, "the bit for WKT in the global encoding: 0 -> 1");
    }
}
