/* extra_bytes.c - the descriptors of the bytes that a record has beyond its format's own. */
#include "las/header.h"
#include "las/reader.h"
#include "las/vlr.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>

#define DESCRIPTOR_BYTES 192u
#define DATA_TYPE_MAX 30u

/* Bytes that a descriptor's field takes in a record; 0: of no size, or of an unknown type. */
static uint32_t field_bytes(const uint8_t *descriptor)
{
    static const uint8_t scalar[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    unsigned type = descriptor[2];
    if (type == 0)
        return descriptor[3];
    if (type > DATA_TYPE_MAX)
        return 0;
    return scalar[(type - 1) % 10] * ((type - 1) / 10 + 1);
}

static enum scree_status append(struct scree_las_reader *reader, const uint8_t *descriptor,
                                uint32_t offset, uint32_t bytes, struct scree_error *err)
{
    void *memory = reader->extras;
    enum scree_status status =
        scree__mem_grow(reader->budget, &memory, &reader->extra_capacity, reader->extra_count + 1,
                        sizeof *reader->extras, "extra bytes descriptors", err);
    if (status != SCREE_OK)
        return status;
    reader->extras = memory;
    struct scree_las_extra_byte *extra = &reader->extras[reader->extra_count++];
    memset(extra, 0, sizeof *extra);
    extra->offset = offset;
    extra->bytes = bytes;
    if (descriptor == NULL) {
        /* Bytes that nothing describes; more than `options` can count keep their count here only.
         */
        extra->options = (uint8_t)(bytes <= UINT8_MAX ? bytes : UINT8_MAX);
        extra->raw[3] = extra->options;
        return SCREE_OK;
    }
    memcpy(extra->raw, descriptor, DESCRIPTOR_BYTES);
    extra->data_type = descriptor[2];
    extra->options = descriptor[3];
    scree__las_text_read(descriptor + 4, 32, extra->name);
    scree__las_text_read(descriptor + 160, 32, extra->description);
    return SCREE_OK;
}

/* Adds the descriptors of one record from *offset on. *stop: positions are unknown from here on. */
static enum scree_status add_record(struct scree_las_reader *reader,
                                    const struct scree_las_vlr *vlr, uint32_t total,
                                    uint32_t *offset, bool *stop, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (vlr->payload_bytes % DESCRIPTOR_BYTES != 0)
        status = scree__las_remark(
            reader, err, "the extra-bytes record has %" PRIu64 " bytes, which is no multiple of %u",
            vlr->payload_bytes, DESCRIPTOR_BYTES);
    uint64_t count = vlr->payload == NULL ? 0 : vlr->payload_bytes / DESCRIPTOR_BYTES;
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        const uint8_t *descriptor = vlr->payload + i * DESCRIPTOR_BYTES;
        uint32_t bytes = field_bytes(descriptor);
        if (bytes == 0 && descriptor[2] == 0) {
            status = scree__las_remark(
                reader, err, "extra-bytes descriptor %" PRIu64 " is of no size: left out", i);
            continue;
        }
        if (bytes == 0 || bytes > total - *offset) {
            *stop = true;
            if (bytes == 0)
                return scree__las_remark(reader, err,
                                         "extra-bytes descriptor %" PRIu64
                                         " is of unknown type %u: it and what follows are left out",
                                         i, descriptor[2]);
            return scree__las_remark(reader, err,
                                     "extra-bytes descriptor %" PRIu64
                                     " needs %u bytes, the record has %u left: left out",
                                     i, bytes, total - *offset);
        }
        status = append(reader, descriptor, *offset, bytes, err);
        *offset += bytes;
    }
    return status;
}

enum scree_status scree__las_extra_bytes_read(struct scree_las_reader *reader,
                                              struct scree_error *err)
{
    const struct scree_las_header *header = &reader->header;
    uint32_t total = header->record_bytes - scree_las_format_bytes(header->point_format);
    uint32_t offset = 0;
    bool stop = false;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < reader->vlr_count && !stop && status == SCREE_OK; i++) {
        const struct scree_las_vlr *vlr = &reader->vlrs[i];
        if (vlr->record_id == SCREE__LAS_EXTRA_BYTES_ID &&
            strcmp(vlr->user_id, SCREE__LAS_EXTRA_BYTES_USER) == 0)
            status = add_record(reader, vlr, total, &offset, &stop, err);
    }
    if (status != SCREE_OK || offset == total)
        return status;
    status = scree__las_remark(reader, err, "%u bytes of a record are extra bytes without a name",
                               total - offset);
    if (status != SCREE_OK)
        return status;
    return append(reader, NULL, offset, total - offset, err);
}

uint32_t scree_las_extra_byte_count(const struct scree_las_reader *reader)
{
    return (uint32_t)reader->extra_count;
}

const struct scree_las_extra_byte *scree_las_extra_byte(const struct scree_las_reader *reader,
                                                        uint32_t index)
{
    return index < reader->extra_count ? &reader->extras[index] : NULL;
}
