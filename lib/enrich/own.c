/* own.c - what an earlier enrichment has left in a file. */
#include "enrich/own.h"
#include "enrich/fields.h"
#include "base/bytes.h"
#include "base/error.h"
#include "las/header.h"
#include "las/vlr.h"

#include <cjson/cJSON.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ descriptors */

static uint32_t size_of(const uint8_t *descriptor)
{
    static const uint8_t scalar[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    const unsigned type = descriptor[2];
    if (type == 0)
        return descriptor[3];
    return type > 30 ? 0 : scalar[(type - 1) % 10] * ((type - 1) / 10 + 1);
}

static enum scree_status add(struct scree__enrich_descriptors *descriptors, uint64_t vlr,
                             uint32_t index, uint32_t offset, const uint8_t *raw,
                             struct scree_error *err)
{
    void *memory = descriptors->all;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &descriptors->capacity, descriptors->count + 1,
                        sizeof *descriptors->all, "extra bytes descriptors", err);
    if (status != SCREE_OK)
        return status;
    descriptors->all = memory;
    struct scree__enrich_descriptor *one = &descriptors->all[descriptors->count++];
    memset(one, 0, sizeof *one);
    one->vlr = vlr;
    one->index = index;
    one->offset = offset;
    one->bytes = size_of(raw);
    one->data_type = raw[2];
    scree__las_text_read(raw + 4, 32, one->name);
    return SCREE_OK;
}

/* The descriptors of one record, as lib/las goes through them. *offset: where the next field lies. */
static enum scree_status add_record(struct scree__enrich_descriptors *descriptors,
                                    const struct scree_las_vlr *vlr, uint64_t number,
                                    uint32_t total, uint32_t *offset, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    const uint64_t count =
        vlr->payload == NULL ? 0 : vlr->payload_bytes / SCREE__ENRICH_DESCRIPTOR_BYTES;
    descriptors->last_vlr = number;
    descriptors->last_vlr_count = (uint32_t)count;
    descriptors->overrun = descriptors->overrun || (vlr->payload == NULL && vlr->payload_bytes > 0);
    for (uint32_t i = 0; i < count && !descriptors->overrun && status == SCREE_OK; i++) {
        const uint8_t *raw = vlr->payload + (size_t)i * SCREE__ENRICH_DESCRIPTOR_BYTES;
        const uint32_t bytes = size_of(raw);
        if (bytes == 0 && raw[2] == 0)
            continue;
        descriptors->overrun = bytes == 0 || bytes > total - *offset;
        if (descriptors->overrun)
            break;
        status = add(descriptors, number, i, *offset, raw, err);
        *offset += bytes;
    }
    return status;
}

enum scree_status scree__enrich_descriptors_read(const struct scree_las_reader *reader,
                                                 struct scree__enrich_descriptors *descriptors,
                                                 struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    const uint32_t total = header->record_bytes - scree_las_format_bytes(header->point_format);
    uint32_t offset = 0;
    enum scree_status status = SCREE_OK;
    memset(descriptors, 0, sizeof *descriptors);
    descriptors->last_vlr = UINT64_MAX;
    for (uint64_t i = 0; i < scree_las_vlr_count(reader) && status == SCREE_OK; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
        if (vlr->record_id == SCREE__LAS_EXTRA_BYTES_ID &&
            strcmp(vlr->user_id, SCREE__LAS_EXTRA_BYTES_USER) == 0)
            status = add_record(descriptors, vlr, i, total, &offset, err);
    }
    descriptors->undocumented = total - offset;
    return status;
}

void scree__enrich_descriptors_release(struct scree__enrich_descriptors *descriptors)
{
    scree__mem_free(NULL, descriptors->all, descriptors->capacity * sizeof *descriptors->all);
    memset(descriptors, 0, sizeof *descriptors);
}

/* ------------------------------------------------------------------------------------------- ours */

static enum scree_status refuse(const struct scree_las_reader *reader, const char *what,
                                struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: the record of an earlier enrichment (%s/%u) %s",
                            scree_source_name(scree_las_source(reader)), SCREE__ENRICH_USER,
                            SCREE__ENRICH_RECORD, what);
}

static const struct scree__enrich_descriptor *
named(const struct scree__enrich_descriptors *descriptors, const char *name, uint64_t *place)
{
    for (*place = 0; *place < descriptors->count; (*place)++)
        if (strcmp(descriptors->all[*place].name, name) == 0)
            return &descriptors->all[*place];
    return NULL;
}

/* The dimensions that the record names: a run of descriptors within one record. */
static enum scree_status find_fields(const struct scree_las_reader *reader, const cJSON *names,
                                     const struct scree__enrich_descriptors *descriptors,
                                     struct scree__enrich_own *own, uint64_t *first,
                                     struct scree_error *err)
{
    const cJSON *item;
    uint64_t count = 0, missing = 0, next = 0;
    cJSON_ArrayForEach(item, names)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        uint64_t place;
        if (!cJSON_IsString(name))
            return refuse(reader, "is not as scree writes it", err);
        const struct scree__enrich_descriptor *one = named(descriptors, name->valuestring, &place);
        if (one == NULL) {
            missing++;
            continue;
        }
        if (count > 0 && (place != next || one->vlr != own->extra_vlr))
            return refuse(reader, "names dimensions that another program has moved", err);
        if (count == 0) {
            *first = place;
            own->extra_vlr = one->vlr;
            own->first = one->index;
            own->at = one->offset;
        }
        own->bytes += one->bytes;
        next = place + 1;
        count++;
    }
    if (count > 0 && missing > 0)
        return refuse(reader, "names dimensions of which another program has removed some", err);
    own->count = (uint32_t)count;
    own->has_fields = count > 0;
    return SCREE_OK;
}

/* Undocumented bytes got descriptors so that ours find theirs; these go with ours, unless another program's fields follow. */
static void take_undocumented(const cJSON *root,
                              const struct scree__enrich_descriptors *descriptors, uint64_t first,
                              struct scree__enrich_own *own)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "undocumented_bytes");
    uint64_t left = cJSON_IsNumber(item) && item->valuedouble > 0 && item->valuedouble <= 65535
                        ? (uint64_t)item->valuedouble
                        : 0;
    if (first + own->count != descriptors->count || descriptors->undocumented > 0)
        return;
    while (left > 0 && first > 0) {
        const struct scree__enrich_descriptor *one = &descriptors->all[first - 1];
        if (one->data_type != 0 || one->name[0] != '\0' || one->bytes > left ||
            one->vlr != own->extra_vlr)
            return;
        left -= one->bytes;
        first--;
        own->first--;
        own->count++;
    }
}

static bool take_number(const cJSON *object, const char *name, double most, uint32_t *number)
{
    const cJSON *item = name != NULL ? cJSON_GetObjectItemCaseSensitive(object, name) : object;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most))
        return false;
    *number = (uint32_t)item->valuedouble;
    return true;
}

/* Is the header still the one that scree made of the old one? Another program may have added EVLRs, or made another format of the points. */
static bool header_is_ours(const struct scree_las_reader *reader,
                           const struct scree__enrich_old_header *old, uint32_t point_format)
{
    const struct scree_las_header *header = scree_las_header(reader);
    const uint32_t least = scree__las_header_bytes(old->version_minor);
    bool waveforms = false;
    for (uint64_t i = 0; i < scree_las_vlr_count(reader); i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
        waveforms =
            waveforms || (vlr->extended && old->version_minor == 3 &&
                          vlr->payload_offset - SCREE__LAS_EVLR_BYTES == header->waveform_offset);
    }
    return header->version_minor == 4 && header->point_format == point_format &&
           header->evlr_count == waveforms && old->bytes >= least &&
           header->header_bytes == scree__las_header_bytes(4) + old->bytes - least;
}

static void take_old_header(const struct scree_las_reader *reader, const cJSON *root,
                            struct scree__enrich_old_header *old)
{
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(root, "upgraded_from");
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(from, "return_counts");
    uint32_t minor, format, bytes, reserved;
    if (!take_number(from, "version_minor", 3, &minor) ||
        !take_number(from, "point_format", 10, &format) ||
        !take_number(from, "header_bytes", UINT16_MAX, &bytes) ||
        !take_number(from, "bytes_6_7", UINT16_MAX, &reserved))
        return;
    for (int i = 0; i < 5; i++)
        if (!take_number(cJSON_GetArrayItem(counts, i), NULL, UINT32_MAX, &old->return_counts[i]))
            return;
    old->version_minor = (uint8_t)minor;
    old->bytes = (uint16_t)bytes;
    scree__base_store16(old->reserved, (uint16_t)reserved);
    old->is = header_is_ours(reader, old, format);
}

enum scree_status scree__enrich_own_find(const struct scree_las_reader *reader,
                                         const struct scree__enrich_descriptors *descriptors,
                                         struct scree__enrich_own *own, struct scree_error *err)
{
    memset(own, 0, sizeof *own);
    own->vlr = own->extra_vlr = UINT64_MAX;
    for (uint64_t i = 0; i < scree_las_vlr_count(reader) && !own->has_record; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
        own->has_record =
            vlr->record_id == SCREE__ENRICH_RECORD && strcmp(vlr->user_id, SCREE__ENRICH_USER) == 0;
        if (own->has_record) {
            own->vlr = i;
            own->text = (const char *)vlr->payload;
            own->text_bytes = vlr->payload == NULL ? 0 : vlr->payload_bytes;
        }
    }
    if (!own->has_record)
        return SCREE_OK;
    cJSON *root = cJSON_ParseWithLength(own->text, (size_t)own->text_bytes);
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(root, "dimensions");
    uint64_t first = 0;
    enum scree_status status = SCREE_OK;
    if (root == NULL || !cJSON_IsArray(names))
        status = refuse(reader, "is not as scree writes it", err);
    if (status == SCREE_OK)
        status = find_fields(reader, names, descriptors, own, &first, err);
    if (status == SCREE_OK && own->has_fields) {
        own->added_record =
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "extra_bytes_record_added"));
        take_undocumented(root, descriptors, first, own);
    }
    if (status == SCREE_OK)
        take_old_header(reader, root, &own->old_header);
    cJSON_Delete(root);
    return status;
}
