/* validate_rules.c - the table of rules, and how findings reach the caller. docs/validate.md
 * explains each rule. */
#include "copc/validate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR SCREE_FINDING_ERROR
#define WARNING SCREE_FINDING_WARNING

const struct scree__copc_rule_row scree__copc_rules[SCREE__RULE_COUNT] = {
    [SCREE__LAS_SIGNATURE] = {"LAS-signature", ERROR, "all readers"},
    [SCREE__LAS_VERSION] = {"LAS-version", ERROR, "all readers"},
    [SCREE__LAS_HEADER_SIZE] = {"LAS-header-size", ERROR, "all readers"},
    [SCREE__LAS_HEADER_LONG] = {"LAS-header-size", WARNING, "copc-validator"},
    [SCREE__LAS_FORMAT] = {"LAS-format", ERROR, ""},
    [SCREE__LAS_RECORD_LENGTH] = {"LAS-record-length", ERROR, "all readers"},
    [SCREE__LAS_POINT_OFFSET] = {"LAS-point-offset", ERROR, "all readers"},
    [SCREE__LAS_POINT_COUNT] = {"LAS-point-count", ERROR, "all readers"},
    [SCREE__LAS_LEGACY_COUNT] = {"LAS-legacy-count", ERROR, "copc-validator"},
    [SCREE__LAS_LEGACY_SET] = {"LAS-legacy-count", WARNING, ""},
    [SCREE__LAS_LEGACY_RETURNS] = {"LAS-legacy-returns", WARNING, "copc-validator"},
    [SCREE__LAS_RETURN_SUM] = {"LAS-return-sum", ERROR, "copc-validator"},
    [SCREE__LAS_RETURN_SUM_LOW] = {"LAS-return-sum", WARNING, "copc-validator"},
    [SCREE__LAS_RETURN_COUNTS] = {"LAS-return-counts", ERROR, ""},
    [SCREE__LAS_RETURN_NUMBER] = {"LAS-return-number", WARNING, "copc-validator"},
    [SCREE__LAS_SCALE] = {"LAS-scale", ERROR, "all readers"},
    [SCREE__LAS_BOUNDS] = {"LAS-bounds", ERROR, "untwine"},
    [SCREE__LAS_BOUNDS_POINTS] = {"LAS-bounds-points", ERROR, "all that filter by header"},
    [SCREE__LAS_BOUNDS_LOOSE] = {"LAS-bounds-loose", WARNING, ""},
    [SCREE__LAS_GPS_NAN] = {"LAS-gps-nan", WARNING, ""},
    [SCREE__LAS_GPS_ENCODING] = {"LAS-gps-encoding", WARNING, ""},
    [SCREE__LAS_VLR] = {"LAS-vlr", ERROR, "copc.js"},
    [SCREE__LAS_VLR_PADDING] = {"LAS-vlr-padding", WARNING, ""},
    [SCREE__LAS_EVLR] = {"LAS-evlr", ERROR, "copc.js"},
    [SCREE__LAS_EVLR_END] = {"LAS-evlr-end", WARNING, ""},
    [SCREE__LAS_TRAILING] = {"LAS-trailing", WARNING, ""},
    [SCREE__LAS_WKT_BIT] = {"LAS-wkt-bit", ERROR, ""},
    [SCREE__LAS_WKT] = {"LAS-wkt", WARNING, ""},
    [SCREE__LAS_EXTRA_BYTES] = {"LAS-extra-bytes", ERROR, "PDAL"},
    [SCREE__LAS_EXTRA_BYTES_SHORT] = {"LAS-extra-bytes", WARNING, ""},
    [SCREE__LAS_DUPLICATE_VLR] = {"LAS-duplicate-vlr", WARNING, "copc-validator"},
    [SCREE__LAS_OPEN] = {"LAS-open", ERROR, "scree"},
    [SCREE__LAZ_VLR] = {"LAZ-vlr", ERROR, "all LAZ readers"},
    [SCREE__LAZ_BIT] = {"LAZ-bit", WARNING, ""},
    [SCREE__LAZ_ITEMS] = {"LAZ-items", ERROR, "all LAZ readers"},
    [SCREE__LAZ_TABLE] = {"LAZ-table", ERROR, "LASzip"},
    [SCREE__LAZ_TABLE_VERSION] = {"LAZ-table-version", ERROR, "LASzip"},
    [SCREE__LAZ_CHUNKS] = {"LAZ-chunks", ERROR, "LASzip"},
    [SCREE__LAZ_POINT_COUNT] = {"LAZ-point-count", ERROR, "all LAZ readers"},
    [SCREE__LAZ_DECODE] = {"LAZ-decode", ERROR, "all LAZ readers"},
    [SCREE__S1] = {"S1", ERROR, "copc-validator"},
    [SCREE__S2] = {"S2", ERROR, "copc-validator"},
    [SCREE__S3] = {"S3", ERROR, "all COPC readers"},
    [SCREE__S4] = {"S4", ERROR, "all COPC readers"},
    [SCREE__S5] = {"S5", ERROR, "copc-validator"},
    [SCREE__S6] = {"S6", WARNING, "readers that choose levels by spacing"},
    [SCREE__S7] = {"S7", ERROR, "copc-validator"},
    [SCREE__S8] = {"S8", ERROR, "copc.js"},
    [SCREE__S10] = {"S10", ERROR, "all COPC readers"},
    [SCREE__S10_EMPTY] = {"S10", WARNING, ""},
    [SCREE__S11] = {"S11", ERROR, ""},
    [SCREE__S12] = {"S12", ERROR, "sequential LAZ readers"},
    [SCREE__COPC_KEYS] = {"COPC-keys", ERROR, "laspy, copc.js"},
    [SCREE__COPC_PAGES] = {"COPC-pages", ERROR, "all COPC readers"},
    [SCREE__COPC_PAGE_KEYS] = {"COPC-page-keys", ERROR, "readers that load pages when needed"},
    [SCREE__COPC_POINT_COUNT] = {"COPC-point-count", ERROR, "sequential LAZ readers"},
    [SCREE__COPC_GPS_RANGE] = {"COPC-gps-range", ERROR, "copc-validator"},
    [SCREE__COPC_GPS_LOOSE] = {"COPC-gps-range", WARNING, ""},
    [SCREE__COPC_GPS_ORDER] = {"COPC-gps-order", WARNING, "copc-validator, temporal indexes"},
    [SCREE__COPC_BLACK] = {"COPC-black", WARNING, "copc-validator"},
    [SCREE__COPC_INTENSITY] = {"COPC-intensity", WARNING, "copc-validator"},
    [SCREE__R1] = {"R1", ERROR, "PDAL, iTowns"},
    [SCREE__R2] = {"R2", ERROR, "PDAL, giro3d"},
    [SCREE__R3] = {"R3", ERROR, "giro3d, iTowns, copc-validator"},
    [SCREE__R4] = {"R4", WARNING, "Potree, giro3d, copc-validator"},
    [SCREE__R5] = {"R5", ERROR, "iTowns, copc-validator"},
    [SCREE__R6] = {"R6", WARNING, "copc-validator"},
    [SCREE__R6_END] = {"R6", WARNING, ""},
    [SCREE__R7] = {"R7", WARNING, "giro3d, iTowns, copc-validator"},
    [SCREE__R8] = {"R8", ERROR, "copc-validator, readers that query by box"},
    [SCREE__R8_NEAR] = {"R8", WARNING, "copc-validator"},
    [SCREE__R9] = {"R9", ERROR, "copc-validator, sequential LAZ readers"},
    [SCREE__R10] = {"R10", ERROR, "copc-validator, sequential LAZ readers"},
    [SCREE__R10_ZERO] = {"R10", WARNING, "copc-validator"},
    [SCREE__R12] = {"R12", ERROR, "copc.js"},
    [SCREE__R13] = {"R13", ERROR, "copc-validator"},
    [SCREE__R14] = {"R14", WARNING, "copc.js, 360-geo"},
    [SCREE__R15] = {"R15", WARNING, "giro3d, laspy"},
    [SCREE__R16] = {"R16", WARNING, "giro3d, iTowns"},
    [SCREE__T1] = {"T1", ERROR, "temporal index readers"},
    [SCREE__T2] = {"T2", ERROR, "temporal index readers"},
    [SCREE__T3] = {"T3", ERROR, "temporal index readers"},
    [SCREE__T6] = {"T6", ERROR, "temporal index readers"},
    [SCREE__T8] = {"T8", ERROR, "temporal index readers"},
    [SCREE__T9] = {"T9", WARNING, ""},
    [SCREE__T10] = {"T10", ERROR, "temporal index readers"},
    [SCREE__T11] = {"T11", WARNING, ""},
    [SCREE__T12] = {"T12", ERROR, "temporal index readers"},
    [SCREE__T12_LOOSE] = {"T12", WARNING, ""},
    [SCREE__T13] = {"T13", WARNING, ""},
    [SCREE__T14] = {"T14", ERROR, "temporal index readers"},
    [SCREE__T15] = {"T15", ERROR, "temporal index readers"},
    [SCREE__T19] = {"T19", WARNING, "readers that take the index as a whole"},
};

static void tell(const struct scree__copc_check *check, enum scree__copc_rule rule,
                 const char *message)
{
    const struct scree__copc_rule_row *row = &scree__copc_rules[rule];
    const struct scree_finding finding = {row->severity, row->name, row->minds, message};
    if (check->options.finding != NULL)
        check->options.finding(check->options.user, &finding);
}

static void count(struct scree__copc_check *check, enum scree__copc_rule rule, uint64_t findings)
{
    check->said[rule] += findings;
    if (scree__copc_rules[rule].severity == SCREE_FINDING_ERROR)
        check->report->error_count += findings;
    else
        check->report->warning_count += findings;
}

void scree__copc_say(struct scree__copc_check *check, enum scree__copc_rule rule,
                     const char *format, ...)
{
    count(check, rule, 1);
    if (check->said[rule] > SCREE__FINDINGS_A_RULE)
        return;
    char message[1200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    tell(check, rule, message);
}

void scree__copc_say_more(struct scree__copc_check *check, enum scree__copc_rule rule,
                          uint64_t more)
{
    count(check, rule, more);
}

void scree__copc_say_rest(struct scree__copc_check *check)
{
    for (int rule = 0; rule < SCREE__RULE_COUNT; rule++) {
        if (check->said[rule] <= SCREE__FINDINGS_A_RULE)
            continue;
        char message[64];
        (void)snprintf(message, sizeof message, "... and %" PRIu64 " more",
                       check->said[rule] - SCREE__FINDINGS_A_RULE);
        tell(check, (enum scree__copc_rule)rule, message);
    }
}

bool scree__copc_is_finding(enum scree_status status)
{
    return status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED;
}

const char *scree__copc_without_name(const struct scree__copc_check *check, const char *message)
{
    const char *name = scree_source_name(check->source);
    const size_t length = strlen(name);
    if (strncmp(message, name, length) == 0 && strncmp(message + length, ": ", 2) == 0)
        return message + length + 2;
    return message;
}
