/*
 * las_vlrs.c - which VLRs and EVLRs go into an answer. One input: all of its own but those that describe its layout. Several:
 * what a conversion forwards, the CRS, the joint extra bytes.
 */
#include "query/out.h"
#include "base/error.h"

#include <string.h>

struct left_out {
    const char *user_id;
    uint32_t first_record, last_record;
};

/* Of one input: described anew, or untrue of another order of the points. */
static const struct left_out left_out[] = {
    {"laszip encoded", 0, 65535}, {"copc", 0, 65535},
    {"copc_temporal", 0, 65535},  {"LAStools", 30, 30}, /* LAX: a spatial index */
    {"LASF_Spec", 7, 7},                                /* superseded */
};

static bool is_left_out(const struct scree__query_las *las, const struct scree_las_vlr *vlr)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (strcmp(vlr->user_id, left_out[i].user_id) == 0 &&
            vlr->record_id >= left_out[i].first_record && vlr->record_id <= left_out[i].last_record)
            return true;
    return strcmp(vlr->user_id, "LASF_Spec") == 0 && vlr->record_id == 65535 &&
           !las->keeps_waveforms;
}

static bool is_projection(const struct scree_las_vlr *vlr)
{
    return strcmp(vlr->user_id, "LASF_Projection") == 0 &&
           (vlr->record_id == 2112 || (vlr->record_id >= 34735 && vlr->record_id <= 34737));
}

static void add(struct scree__query_las *las, const struct scree_las_vlr *vlr)
{
    /* A record that no VLR can hold goes behind the points; before LAS 1.4 there is no such place. */
    bool extended = vlr->payload_bytes > UINT16_MAX || vlr->payload == NULL;
    if (vlr->payload_bytes == 0)
        extended = false;
    if (vlr->extended && las->header.version_minor == 4)
        extended = true;
    if (extended)
        las->evlrs[las->evlr_count++] = *vlr;
    else
        las->vlrs[las->vlr_count++] = *vlr;
}

static void say_lost(const struct scree__query_las *las)
{
    if (las->evlr_count > 0 && las->header.version_minor < 4)
        scree__par_log(las->query->context, SCREE_LOG_WARNING,
                       "%llu extended records are left out: LAS 1.%u has no place for them",
                       (unsigned long long)las->evlr_count, las->header.version_minor);
}

static enum scree_status make_room(struct scree__query_las *las, uint64_t count,
                                   struct scree_error *err)
{
    void *memory;
    las->record_capacity = count;
    enum scree_status status =
        scree__mem_alloc(NULL, count * sizeof *las->vlrs, &memory, "list of VLRs", err);
    if (status != SCREE_OK)
        return status;
    las->vlrs = memory;
    status = scree__mem_alloc(NULL, count * sizeof *las->evlrs, &memory, "list of EVLRs", err);
    las->evlrs = status == SCREE_OK ? memory : NULL;
    return status;
}

static enum scree_status choose_own(struct scree__query_las *las, struct scree_error *err)
{
    uint64_t count = scree_las_vlr_count(las->reader);
    enum scree_status status = make_room(las, count + 1, err);
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++)
        if (!is_left_out(las, scree_las_vlr(las->reader, i)))
            add(las, scree_las_vlr(las->reader, i));
    return status;
}

/* The joint extra bytes, as one VLR. */
static enum scree_status add_extra_bytes(struct scree__query_las *las, struct scree_error *err)
{
    const struct scree__las_schema *schema = &las->query->schema;
    void *memory;
    if (schema->count == 0)
        return SCREE_OK;
    las->extra_payload_bytes = scree__las_schema_descriptor_count(schema) * 192;
    enum scree_status status =
        scree__mem_alloc(NULL, las->extra_payload_bytes, &memory, "extra bytes", err);
    if (status != SCREE_OK)
        return status;
    las->extra_payload = memory;
    scree__las_schema_write(schema, las->extra_payload);
    const struct scree_las_vlr vlr = {.user_id = "LASF_Spec",
                                      .record_id = 4,
                                      .payload_bytes = las->extra_payload_bytes,
                                      .payload = las->extra_payload};
    add(las, &vlr);
    return SCREE_OK;
}

static void add_wkt(struct scree__query_las *las)
{
    const char *wkt = las->query->crs.wkt;
    if (wkt == NULL || strlen(wkt) + 1 > UINT16_MAX)
        return;
    const struct scree_las_vlr vlr = {.user_id = "LASF_Projection",
                                      .record_id = 2112,
                                      .payload_bytes = strlen(wkt) + 1,
                                      .payload = (const uint8_t *)wkt};
    add(las, &vlr);
}

/* Records that keep their kind also keep the way in which the first input says its CRS. */
static enum scree_status choose_joint(struct scree__query_las *las, struct scree_error *err)
{
    struct scree_query *query = las->query;
    enum scree_status status = SCREE_OK;
    if (query->identical)
        status = scree__query_source_reader(query, (uint32_t)query->first_met, &las->reader, err);
    if (status != SCREE_OK)
        return status;
    uint64_t own = las->reader != NULL ? scree_las_vlr_count(las->reader) : 0;
    status = make_room(las, own + query->forward.count + 2, err);
    for (uint64_t i = 0; i < own && status == SCREE_OK; i++)
        if (is_projection(scree_las_vlr(las->reader, i)))
            add(las, scree_las_vlr(las->reader, i));
    if (status == SCREE_OK && las->reader == NULL)
        add_wkt(las);
    for (uint64_t i = 0; i < query->forward.count && status == SCREE_OK; i++) {
        const struct scree__copc_forwarded *record = &query->forward.records[i];
        if (record->path != NULL)
            scree__par_log(query->context, SCREE_LOG_WARNING,
                           "%s: record %s/%u of %llu bytes is left out of an answer of several "
                           "files",
                           record->path, record->vlr.user_id, record->vlr.record_id,
                           (unsigned long long)record->vlr.payload_bytes);
        else
            add(las, &record->vlr);
    }
    return status == SCREE_OK ? add_extra_bytes(las, err) : status;
}

enum scree_status scree__query_vlrs_choose(struct scree__query_las *las, struct scree_error *err)
{
    enum scree_status status = las->reader != NULL ? choose_own(las, err) : choose_joint(las, err);
    if (status == SCREE_OK)
        say_lost(las);
    return status;
}

void scree__query_vlrs_release(struct scree__query_las *las)
{
    scree__mem_free(NULL, las->vlrs, las->record_capacity * sizeof *las->vlrs);
    scree__mem_free(NULL, las->evlrs, las->record_capacity * sizeof *las->evlrs);
    scree__mem_free(NULL, las->extra_payload, las->extra_payload_bytes);
}
