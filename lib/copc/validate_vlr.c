/* validate_vlr.c - the lists of VLRs and EVLRs, and the records that every kind of file has: CRS
 * and extra bytes. */
#include "base/bytes.h"
#include "copc/validate.h"
#include "las/crs.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define VLR_HEADER_BYTES 54u
#define EVLR_HEADER_BYTES 60u
#define EXTRA_BYTE_BYTES 192u

enum scree_status scree__copc_peek(struct scree__copc_check *check, uint64_t offset, size_t bytes,
                                   const uint8_t **out, struct scree_error *err)
{
    *out = check->window;
    if (offset >= check->window_offset && check->window_bytes >= bytes &&
        offset - check->window_offset <= check->window_bytes - bytes) {
        *out = check->window + (offset - check->window_offset);
        return SCREE_OK;
    }
    uint64_t rest = check->file_bytes - offset;
    size_t take = rest < sizeof check->window ? (size_t)rest : sizeof check->window;
    check->window_bytes = 0;
    enum scree_status status = scree_source_read(check->source, offset, check->window, take, err);
    if (status != SCREE_OK)
        return status;
    check->window_offset = offset;
    check->window_bytes = take;
    return SCREE_OK;
}

const struct scree__copc_record *scree__copc_next_record(const struct scree__copc_check *check,
                                                         const char *user_id, uint16_t record_id,
                                                         uint64_t *from)
{
    while (*from < check->record_count) {
        const struct scree__copc_record *record = &check->records[(*from)++];
        if (record->record_id == record_id && strcmp(record->user_id, user_id) == 0)
            return record;
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------- lists */

static enum scree_status add_record(struct scree__copc_check *check, const uint8_t *p,
                                    uint64_t offset, bool extended, struct scree_error *err)
{
    void *records = check->records;
    enum scree_status status =
        scree__mem_grow(check->budget, &records, &check->record_capacity, check->record_count + 1,
                        sizeof *check->records, "variable length records", err);
    check->records = records;
    if (status != SCREE_OK)
        return status;
    struct scree__copc_record *record = &check->records[check->record_count++];
    memset(record, 0, sizeof *record);
    for (unsigned i = 0; i < 16 && p[2 + i] != 0; i++)
        record->user_id[i] = p[2 + i] >= 0x20 && p[2 + i] < 0x7F ? (char)p[2 + i] : '?';
    record->record_id = scree__base_load16(p + 18);
    record->extended = extended;
    record->offset = offset;
    record->payload_offset = offset + (extended ? EVLR_HEADER_BYTES : VLR_HEADER_BYTES);
    record->payload_bytes = extended ? scree__base_load64(p + 20) : scree__base_load16(p + 20);
    return SCREE_OK;
}

/* One list from *at on, which must end by `end`. */
static enum scree_status walk_list(struct scree__copc_check *check, bool extended, uint32_t count,
                                   uint64_t *at, uint64_t end, struct scree_error *err)
{
    const uint32_t head = extended ? EVLR_HEADER_BYTES : VLR_HEADER_BYTES;
    const enum scree__copc_rule rule = extended ? SCREE__LAS_EVLR : SCREE__LAS_VLR;
    const char *kind = extended ? "EVLR" : "VLR";
    for (uint32_t i = 0; i < count; i++) {
        if (*at > end || end - *at < head) {
            scree__copc_say(check, rule,
                            "%s %" PRIu32 " of %" PRIu32 " would begin at byte %" PRIu64
                            ", but the list must end at byte %" PRIu64,
                            kind, i + 1, count, *at, end);
            return SCREE_OK;
        }
        const uint8_t *p;
        enum scree_status status = scree__copc_peek(check, *at, head, &p, err);
        if (status == SCREE_OK)
            status = add_record(check, p, *at, extended, err);
        if (status != SCREE_OK)
            return status;
        const struct scree__copc_record *record = &check->records[check->record_count - 1];
        if (record->payload_bytes > end - *at - head) {
            scree__copc_say(check, rule,
                            "%s %" PRIu32 " (%s/%u) at byte %" PRIu64 ": its %" PRIu64
                            " bytes go beyond byte %" PRIu64,
                            kind, i + 1, record->user_id, record->record_id, *at,
                            record->payload_bytes, end);
            check->record_count--;
            return SCREE_OK;
        }
        *at = record->payload_offset + record->payload_bytes;
    }
    return SCREE_OK;
}

static enum scree_status walk_vlrs(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree_las_header *h = &check->header;
    uint64_t end = h->point_offset < check->file_bytes ? h->point_offset : check->file_bytes;
    check->vlr_end = h->header_bytes;
    enum scree_status status = walk_list(check, false, h->vlr_count, &check->vlr_end, end, err);
    if (status != SCREE_OK || check->said[SCREE__LAS_VLR] > 0 || check->vlr_end >= end ||
        h->point_offset > check->file_bytes)
        return status;
    /* LAS 1.0 has two signature bytes before the points, and writers of 1.1 kept them. */
    if (h->version_minor > 1 || end - check->vlr_end != 2)
        scree__copc_say(check, SCREE__LAS_VLR_PADDING,
                        "%" PRIu64 " bytes between the last VLR (ends at byte %" PRIu64
                        ") and the points",
                        end - check->vlr_end, check->vlr_end);
    return SCREE_OK;
}

static enum scree_status walk_evlrs(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree_las_header *h = &check->header;
    if (h->evlr_count == 0)
        return SCREE_OK;
    if (h->evlr_offset < h->point_offset || h->evlr_offset >= check->file_bytes) {
        scree__copc_say(check, SCREE__LAS_EVLR,
                        "%" PRIu32 " EVLRs are to begin at byte %" PRIu64
                        " (byte 235); points begin at byte %" PRIu32 ", the file ends at %" PRIu64,
                        h->evlr_count, h->evlr_offset, h->point_offset, check->file_bytes);
        return SCREE_OK;
    }
    check->evlr_end = h->evlr_offset;
    enum scree_status status =
        walk_list(check, true, h->evlr_count, &check->evlr_end, check->file_bytes, err);
    if (status == SCREE_OK && check->said[SCREE__LAS_EVLR] == 0 &&
        check->evlr_end != check->file_bytes)
        scree__copc_say(check, SCREE__LAS_EVLR_END,
                        "%" PRIu64 " bytes follow the last of %" PRIu32
                        " EVLRs, which ends at byte %" PRIu64,
                        check->file_bytes - check->evlr_end, h->evlr_count, check->evlr_end);
    return status;
}

static bool claims_copc(const struct scree__copc_check *check)
{
    uint64_t from = 0, from2 = 0;
    if (scree__copc_next_record(check, "copc", 1, &from) != NULL ||
        scree__copc_next_record(check, "copc", 1000, &from2) != NULL)
        return true;
    static const char ending[] = ".copc.laz";
    const char *name = scree_source_name(check->source);
    size_t length = strlen(name);
    return length >= sizeof ending - 1 &&
           strcasecmp(name + length - (sizeof ending - 1), ending) == 0;
}

enum scree_status scree__copc_check_records(struct scree__copc_check *check,
                                            struct scree_error *err)
{
    enum scree_status status = walk_vlrs(check, err);
    if (status == SCREE_OK)
        status = walk_evlrs(check, err);
    if (status != SCREE_OK)
        return status;
    uint64_t from = 0;
    check->header.compressed =
        scree__copc_next_record(check, "laszip encoded", 22204, &from) != NULL;
    check->claims_copc = claims_copc(check);
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------------ CRS */

static bool is_wkt1(const char *text)
{
    static const char *const heads[] = {"PROJCS[",   "GEOGCS[",  "COMPD_CS[",
                                        "LOCAL_CS[", "VERT_CS[", "GEOCCS["};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if (strncasecmp(text, heads[i], strlen(heads[i])) == 0)
            return true;
    }
    return false;
}

/* Can PROJ make a CRS of it? (Without PROJ nothing is said.) */
static enum scree_status check_wkt_meaning(struct scree__copc_check *check,
                                           const struct scree__copc_record *record,
                                           struct scree_error *err)
{
    const uint64_t bytes = record->payload_bytes;
    const uint8_t *p;
    char why[200];
    void *memory;
    if (bytes == 0 || bytes > SCREE__COPC_WINDOW_BYTES)
        return SCREE_OK;
    enum scree_status status = scree__copc_peek(check, record->payload_offset, bytes, &p, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(check->budget, bytes + 1, &memory, "WKT", err);
    if (status != SCREE_OK)
        return status;
    char *text = memory;
    memcpy(text, p, bytes);
    text[bytes] = '\0';
    if (text[0] != '\0' && !scree__las_crs_wkt_reads(text, why, sizeof why))
        scree__copc_say(check, check->claims_copc ? SCREE__R5 : SCREE__LAS_WKT,
                        "PROJ cannot read the WKT at byte %" PRIu64 ": %s", record->payload_offset,
                        why);
    scree__mem_free(check->budget, memory, bytes + 1);
    return SCREE_OK;
}

/* What clients make of the text; for COPC only. */
static enum scree_status check_wkt_text(struct scree__copc_check *check,
                                        const struct scree__copc_record *record,
                                        struct scree_error *err)
{
    char head[24] = {0};
    const uint8_t *p;
    size_t take =
        record->payload_bytes < sizeof head - 1 ? (size_t)record->payload_bytes : sizeof head - 1;
    enum scree_status status = SCREE_OK;
    if (take > 0) {
        status = scree__copc_peek(check, record->payload_offset, take, &p, err);
        if (status != SCREE_OK)
            return status;
        for (size_t i = 0; i < take && p[i] != 0; i++)
            head[i] = p[i] >= 0x20 && p[i] < 0x7F ? (char)p[i] : '?';
    }
    const unsigned long long at = record->payload_offset;
    if (head[0] == 0) {
        scree__copc_say(check, SCREE__R5, "the WKT at byte %llu is empty", at);
        return SCREE_OK;
    }
    if (record->extended)
        scree__copc_say(check, SCREE__R6, "the WKT is an EVLR, at byte %llu", at);
    if (!is_wkt1(head))
        scree__copc_say(check, SCREE__R6, "the WKT at byte %llu is not WKT 1 (%s...)", at, head);
    else if (strncasecmp(head, "GEOCCS[", 7) == 0)
        scree__copc_say(check, SCREE__R6, "the WKT at byte %llu is geocentric (GEOCCS)", at);
    status =
        scree__copc_peek(check, record->payload_offset + record->payload_bytes - 1, 1, &p, err);
    if (status == SCREE_OK && *p != 0)
        scree__copc_say(check, SCREE__R6_END, "the WKT at byte %llu does not end with a zero byte",
                        at);
    return status;
}

static enum scree_status check_wkt(struct scree__copc_check *check, struct scree_error *err)
{
    const struct scree_las_header *h = &check->header;
    const bool bit = (h->global_encoding & SCREE_LAS_WKT) != 0;
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, "LASF_Projection", 2112, &from);
    if (h->version_minor >= 4 && h->point_format >= 6 && !bit)
        scree__copc_say(check, SCREE__LAS_WKT_BIT,
                        "bit 4 (WKT) of the global encoding at byte 6 is not set; point format %u "
                        "requires it",
                        h->point_format);
    else if (h->version_minor >= 4 && bit && record == NULL && !check->claims_copc)
        scree__copc_say(check, SCREE__LAS_WKT,
                        "the global encoding at byte 6 says WKT, but there is no WKT record");
    else if (h->version_minor >= 4 && !bit && record != NULL)
        scree__copc_say(check, SCREE__LAS_WKT,
                        "there is a WKT record at byte %" PRIu64
                        ", but the global encoding at byte 6 does not say so",
                        record->offset);
    enum scree_status status = SCREE_OK;
    if (record != NULL)
        status = check_wkt_meaning(check, record, err);
    if (status != SCREE_OK || !check->claims_copc)
        return status;
    if (record == NULL) {
        scree__copc_say(check, SCREE__R5, "there is no WKT record (LASF_Projection/2112)");
        return SCREE_OK;
    }
    const struct scree__copc_record *second =
        scree__copc_next_record(check, "LASF_Projection", 2112, &from);
    if (second != NULL)
        scree__copc_say(check, SCREE__R5, "there is a second WKT record, at byte %" PRIu64,
                        second->offset);
    return check_wkt_text(check, record, err);
}

/* ---------------------------------------------------------------------------------- extra bytes */

/* Bytes that a descriptor stands for; 0: no such type. */
static uint32_t described_bytes(uint8_t type, uint8_t options)
{
    static const uint8_t sizes[10] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    if (type == 0)
        return options;
    return type > 30 ? 0 : sizes[(type - 1) % 10] * ((type - 1u) / 10 + 1);
}

static enum scree_status sum_descriptors(struct scree__copc_check *check,
                                         const struct scree__copc_record *record, uint64_t *sum,
                                         struct scree_error *err)
{
    for (uint64_t i = 0; i < record->payload_bytes / EXTRA_BYTE_BYTES; i++) {
        const uint64_t at = record->payload_offset + i * EXTRA_BYTE_BYTES;
        const uint8_t *p;
        enum scree_status status = scree__copc_peek(check, at, EXTRA_BYTE_BYTES, &p, err);
        if (status != SCREE_OK)
            return status;
        const uint8_t type = p[2];
        if (type > 30)
            scree__copc_say(check, SCREE__LAS_EXTRA_BYTES,
                            "extra-bytes descriptor at byte %" PRIu64 ": data type %u", at, type);
        else if (type > 10)
            scree__copc_say(check, check->claims_copc ? SCREE__R12 : SCREE__LAS_EXTRA_BYTES_SHORT,
                            "extra-bytes descriptor at byte %" PRIu64
                            ": data type %u, one of the deprecated arrays",
                            at, type);
        *sum += described_bytes(type, p[3]);
    }
    return SCREE_OK;
}

static enum scree_status check_extra_bytes(struct scree__copc_check *check, struct scree_error *err)
{
    uint64_t sum = 0, from = 0;
    const struct scree__copc_record *record;
    bool any = false;
    while ((record = scree__copc_next_record(check, "LASF_Spec", 4, &from)) != NULL) {
        any = true;
        if (record->payload_bytes % EXTRA_BYTE_BYTES != 0)
            scree__copc_say(check, SCREE__LAS_EXTRA_BYTES,
                            "extra-bytes record at byte %" PRIu64 ": %" PRIu64
                            " bytes are not a multiple of 192",
                            record->offset, record->payload_bytes);
        enum scree_status status = sum_descriptors(check, record, &sum, err);
        if (status != SCREE_OK)
            return status;
    }
    if (sum > check->extra_bytes)
        scree__copc_say(check, SCREE__LAS_EXTRA_BYTES,
                        "extra-bytes descriptors stand for %" PRIu64 " bytes; the record length %u "
                        "leaves %u",
                        sum, check->header.record_bytes, check->extra_bytes);
    else if (any && sum < check->extra_bytes)
        scree__copc_say(check, SCREE__LAS_EXTRA_BYTES_SHORT,
                        "extra-bytes descriptors stand for %" PRIu64 " of %u extra bytes", sum,
                        check->extra_bytes);
    return SCREE_OK;
}

static void check_duplicates(struct scree__copc_check *check)
{
    static const struct {
        const char *user_id;
        uint16_t record_id;
    } single[] = {{"LASF_Projection", 2112}, {"copc", 1}, {"copc", 1000}, {"LASF_Spec", 4}};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        if (i == 0 && check->claims_copc)
            continue; /* R5 */
        uint64_t from = 0;
        (void)scree__copc_next_record(check, single[i].user_id, single[i].record_id, &from);
        const struct scree__copc_record *again =
            scree__copc_next_record(check, single[i].user_id, single[i].record_id, &from);
        if (again != NULL)
            scree__copc_say(check, SCREE__LAS_DUPLICATE_VLR,
                            "there is a second %s/%u record, at byte %" PRIu64, again->user_id,
                            again->record_id, again->offset);
    }
}

enum scree_status scree__copc_check_vlrs(struct scree__copc_check *check, struct scree_error *err)
{
    enum scree_status status = check_wkt(check, err);
    if (status == SCREE_OK)
        status = check_extra_bytes(check, err);
    if (status == SCREE_OK)
        check_duplicates(check);
    return status;
}
