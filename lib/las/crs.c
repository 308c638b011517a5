/* crs.c - the coordinate reference system of a file: where it is said, and which saying counts. */
#include "las/crs.h"
#include "base/error.h"
#include "mem/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WKT_RECORD = 2112 };
static const char projection_user[] = "LASF_Projection";

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A copy up to the first NUL, blanks at both ends cut; *text NULL where nothing is left. Free it
 * with scree__mem_string_free(). */
static enum scree_status trimmed(const char *from, uint64_t bytes, char **text,
                                 struct scree_error *err)
{
    size_t length = strnlen(from, (size_t)bytes);
    *text = NULL;
    while (length > 0 && is_blank(from[length - 1]))
        length--;
    while (length > 0 && is_blank(*from)) {
        from++;
        length--;
    }
    if (length == 0)
        return SCREE_OK;
    void *memory;
    enum scree_status status = scree__mem_alloc(NULL, length + 1, &memory, "CRS text", err);
    if (status != SCREE_OK)
        return status;
    char *copy = memory;
    memcpy(copy, from, length);
    copy[length] = '\0';
    *text = scree__mem_string_copy(copy);
    scree__mem_free(NULL, memory, length + 1);
    return *text != NULL ? SCREE_OK : scree__base_fail(err, SCREE_E_MEMORY, "CRS text");
}

static bool begins(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strncmp(text, *words, strlen(*words)) == 0)
            return true;
    return false;
}

bool scree__las_crs_is_wkt1(const char *text)
{
    static const char *const words[] = {"PROJCS",  "GEOGCS",   "GEOCCS",    "COMPD_CS",
                                        "VERT_CS", "LOCAL_CS", "FITTED_CS", NULL};
    return begins(text, words);
}

void scree__las_crs_describe(const char *wkt, struct scree_las_crs *crs)
{
    static const char *const geocentric[] = {"GEOCCS", NULL};
    static const char *const geographic[] = {"GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", NULL};
    crs->geocentric = begins(wkt, geocentric);
    crs->geographic = begins(wkt, geographic);
    const char *quote = strchr(wkt, '"');
    const char *end = quote != NULL ? strchr(quote + 1, '"') : NULL;
    if (end != NULL)
        snprintf(crs->name, sizeof crs->name, "%.*s",
                 (int)(end - quote - 1 > 200 ? 200 : end - quote - 1), quote + 1);
}

static enum scree_status read_geotiff(const struct scree__las_crs_records *records,
                                      struct scree_las_crs *crs, struct scree_error *err)
{
    struct scree__las_geotiff geotiff;
    enum scree_status status =
        scree__las_geotiff_init(&geotiff, records->keys, records->keys_bytes, records->doubles,
                                records->doubles_bytes, records->ascii, records->ascii_bytes, err);
    if (status == SCREE_OK && geotiff.key_count > 0)
        status = scree__las_crs_from_geotiff(&geotiff, crs, err);
    if (status == SCREE_OK && crs->wkt != NULL)
        crs->origin = SCREE_CRS_GEOTIFF;
    return status;
}

/* Before 1.4 the keys are what counts, unless the header says WKT. What they cannot say the WKT
 * beside them may. */
static enum scree_status read_geotiff_or_wkt(const struct scree__las_crs_records *records,
                                             const char *wkt, struct scree_las_crs *crs,
                                             struct scree_error *err)
{
    struct scree_error trouble = SCREE_ERROR_INIT;
    enum scree_status status = read_geotiff(records, crs, &trouble);
    if (status == SCREE_OK && crs->wkt != NULL)
        return SCREE_OK;
    scree_las_crs_release(crs);
    enum scree_status second = scree__las_crs_from_wkt(wkt, crs, err);
    if (second != SCREE_OK)
        return second;
    crs->origin = SCREE_CRS_WKT;
    if (status != SCREE_OK && crs->note[0] == '\0')
        snprintf(crs->note, sizeof crs->note, "the WKT record counts: %.200s", trouble.message);
    return SCREE_OK;
}

/* Do the GeoTIFF keys count, and the WKT only where they fail? */
static bool keys_come_first(const struct scree__las_crs_records *records)
{
    return records->keys_bytes > 0 && !records->wkt_bit && records->version_minor < 4;
}

enum scree_status scree__las_crs_from_records(const struct scree__las_crs_records *records,
                                              struct scree_las_crs *crs, struct scree_error *err)
{
    memset(crs, 0, sizeof *crs);
    char *wkt = NULL;
    enum scree_status status = SCREE_OK;
    if (records->wkt != NULL)
        status = trimmed((const char *)records->wkt, records->wkt_bytes, &wkt, err);
    if (status != SCREE_OK)
        return status;
    if (wkt == NULL) {
        status = read_geotiff(records, crs, err);
    } else if (keys_come_first(records)) {
        status = read_geotiff_or_wkt(records, wkt, crs, err);
    } else {
        status = scree__las_crs_from_wkt(wkt, crs, err);
        crs->origin = SCREE_CRS_WKT;
    }
    scree__mem_string_free(wkt);
    if (status != SCREE_OK)
        scree_las_crs_release(crs);
    return status;
}

static bool is_blank_payload(const struct scree_las_vlr *vlr)
{
    for (uint64_t i = 0; i < vlr->payload_bytes && vlr->payload[i] != '\0'; i++)
        if (!is_blank((char)vlr->payload[i]))
            return false;
    return true;
}

/* The first record of the CRS with this id that has a payload (WKT: that is not blank). */
static enum scree_status find_payload(const struct scree_las_reader *reader, uint16_t id,
                                      const uint8_t **payload, uint64_t *bytes,
                                      struct scree_error *err)
{
    uint64_t count = scree_las_vlr_count(reader);
    for (uint64_t i = 0; i < count; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
        if (vlr->record_id != id || vlr->payload_bytes == 0 ||
            strcmp(vlr->user_id, projection_user) != 0)
            continue;
        if (vlr->payload == NULL)
            return scree__base_fail(err, SCREE_E_DATA,
                                    "the CRS record %u at byte %" PRIu64 " has %" PRIu64
                                    " bytes: that is no CRS",
                                    id, vlr->payload_offset, vlr->payload_bytes);
        if (id == WKT_RECORD && is_blank_payload(vlr))
            continue;
        *payload = vlr->payload;
        *bytes = vlr->payload_bytes;
        break;
    }
    return SCREE_OK;
}

static enum scree_status find_records(const struct scree_las_reader *reader,
                                      struct scree__las_crs_records *records,
                                      struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    memset(records, 0, sizeof *records);
    records->wkt_bit = (header->global_encoding & SCREE_LAS_WKT) != 0;
    records->version_minor = header->version_minor;
    enum scree_status status =
        find_payload(reader, WKT_RECORD, &records->wkt, &records->wkt_bytes, err);
    if (status == SCREE_OK)
        status =
            find_payload(reader, SCREE__GEOTIFF_KEYS, &records->keys, &records->keys_bytes, err);
    if (status == SCREE_OK)
        status = find_payload(reader, SCREE__GEOTIFF_DOUBLES, &records->doubles,
                              &records->doubles_bytes, err);
    if (status == SCREE_OK)
        status =
            find_payload(reader, SCREE__GEOTIFF_ASCII, &records->ascii, &records->ascii_bytes, err);
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s", scree_source_name(scree_las_source(reader)));
    return status;
}

enum scree_status scree_las_crs_read(const struct scree_las_reader *reader,
                                     struct scree_las_crs *crs, struct scree_error *err)
{
    struct scree__las_crs_records records;
    memset(crs, 0, sizeof *crs);
    enum scree_status status = find_records(reader, &records, err);
    if (status != SCREE_OK)
        return status;
    status = scree__las_crs_from_records(&records, crs, err);
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s", scree_source_name(scree_las_source(reader)));
    return status;
}

enum scree_status scree__las_crs_glance(const struct scree_las_reader *reader,
                                        struct scree_las_crs *crs, struct scree_error *err)
{
    struct scree__las_crs_records records;
    char *wkt = NULL;
    memset(crs, 0, sizeof *crs);
    enum scree_status status = find_records(reader, &records, err);
    if (status == SCREE_OK && records.wkt != NULL && !keys_come_first(&records))
        status = trimmed((const char *)records.wkt, records.wkt_bytes, &wkt, err);
    if (status != SCREE_OK)
        return status;
    if (wkt != NULL && scree__las_crs_is_wkt1(wkt)) {
        scree__las_crs_describe(wkt, crs);
        crs->wkt = wkt;
        crs->origin = SCREE_CRS_WKT;
        return SCREE_OK;
    }
    scree__mem_string_free(wkt);
    return scree_las_crs_read(reader, crs, err);
}

enum scree_status scree__las_crs_said(const struct scree_las_reader *reader,
                                      struct scree__las_crs_said *said, struct scree_error *err)
{
    struct scree__las_crs_records records;
    void *memory;
    memset(said, 0, sizeof *said);
    enum scree_status status = find_records(reader, &records, err);
    if (status != SCREE_OK)
        return status;
    const uint8_t *const payloads[] = {records.wkt, records.keys, records.doubles, records.ascii};
    const uint64_t bytes[] = {records.wkt_bytes, records.keys_bytes, records.doubles_bytes,
                              records.ascii_bytes,
                              (uint64_t)records.wkt_bit << 8 | records.version_minor};
    uint64_t count = sizeof bytes;
    for (unsigned i = 0; i < 4; i++)
        count += bytes[i];
    status = scree__mem_alloc(NULL, count, &memory, "CRS", err);
    if (status != SCREE_OK)
        return status;
    said->bytes = memory;
    said->count = count;
    memcpy(said->bytes, bytes, sizeof bytes);
    uint8_t *to = said->bytes + sizeof bytes;
    for (unsigned i = 0; i < 4; to += bytes[i++])
        if (bytes[i] > 0)
            memcpy(to, payloads[i], (size_t)bytes[i]);
    return SCREE_OK;
}

bool scree__las_crs_said_same(const struct scree__las_crs_said *a,
                              const struct scree__las_crs_said *b)
{
    return a->bytes != NULL && b->bytes != NULL && a->count == b->count &&
           memcmp(a->bytes, b->bytes, (size_t)a->count) == 0;
}

void scree__las_crs_said_release(struct scree__las_crs_said *said)
{
    scree__mem_free(NULL, said->bytes, said->count);
    memset(said, 0, sizeof *said);
}

enum scree_status scree_las_crs_from_text(const char *text, struct scree_las_crs *crs,
                                          struct scree_error *err)
{
    char *copy;
    memset(crs, 0, sizeof *crs);
    enum scree_status status = trimmed(text, strlen(text), &copy, err);
    if (status != SCREE_OK)
        return status;
    if (copy == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "the CRS is empty");
    status = scree__las_crs_from_person(copy, crs, err);
    scree__mem_string_free(copy);
    if (status == SCREE_OK)
        crs->origin = SCREE_CRS_WKT;
    else
        scree_las_crs_release(crs);
    return status;
}

bool scree_las_crs_equal(const struct scree_las_crs *a, const struct scree_las_crs *b)
{
    if (a->wkt == NULL || b->wkt == NULL)
        return a->wkt == NULL && b->wkt == NULL;
    return strcmp(a->wkt, b->wkt) == 0 || scree__las_crs_same_meaning(a->wkt, b->wkt);
}

void scree_las_crs_release(struct scree_las_crs *crs)
{
    if (crs == NULL)
        return;
    scree__mem_string_free(crs->wkt);
    memset(crs, 0, sizeof *crs);
}
