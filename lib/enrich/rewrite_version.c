/*
 * rewrite_version.c - a header of LAS 1.4 from one of 1.0 to 1.3, for readers that look for descriptors of extra bytes in 1.4 alone, and the old one back. The fields of older
 * versions stand at the same places in 1.4, so that what is put in is the rest of its 375 bytes, before whatever a writer has behind its header.
 */
#include "enrich/rewrite.h"
#include "base/bytes.h"
#include "base/error.h"
#include "las/header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_RESERVED = 6, /* before LAS 1.2; then the global encoding */
    AT_VERSION_MINOR = 25,
    AT_HEADER_BYTES = 94,
    AT_LEGACY_COUNT = 107,
    AT_LEGACY_RETURNS = 111,
    AT_WAVEFORMS = 227,
    AT_COUNT = 247,
    AT_RETURNS = 255
};

/* What an old header has at the same places as one of LAS 1.4. */
static uint32_t common_bytes(unsigned version_minor)
{
    return scree__las_header_bytes(version_minor);
}

static enum scree_status remember(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const struct scree_las_header *header = writing->header;
    struct scree__enrich_old_header *old = &writing->old_header;
    old->is = true;
    old->version_minor = header->version_minor;
    old->bytes = header->header_bytes;
    memcpy(old->return_counts, header->legacy_return_counts, sizeof old->return_counts);
    return scree_source_read(writing->source, AT_RESERVED, old->reserved, sizeof old->reserved,
                             err);
}

enum scree_status scree__enrich_version_choose(struct scree__enrich_writing *writing,
                                               struct scree_error *err)
{
    const unsigned is = writing->header->version_minor;
    const struct scree__enrich_old_header *old = &writing->own.old_header;
    const bool wanted = writing->change->las14 && writing->change->field_count > 0;
    memset(&writing->old_header, 0, sizeof writing->old_header);
    writing->first_minor = old->is ? old->version_minor : is;
    writing->version_minor = wanted && writing->first_minor < 4 ? 4 : writing->first_minor;
    if (writing->version_minor == writing->first_minor)
        return SCREE_OK;
    if (!old->is)
        return remember(writing, err);
    writing->old_header = *old;
    return SCREE_OK;
}

static void go_back(struct scree__enrich_writing *writing)
{
    const struct scree__enrich_old_header *old = &writing->own.old_header;
    const uint32_t common = common_bytes(old->version_minor), whole = scree__las_header_bytes(4);
    uint8_t *head = writing->head;
    memmove(head + common, head + whole, (size_t)(writing->head_bytes - whole));
    writing->head_bytes -= whole - common;
    head[AT_VERSION_MINOR] = old->version_minor;
    scree__base_store16(head + AT_HEADER_BYTES, old->bytes);
    memcpy(head + AT_RESERVED, old->reserved, sizeof old->reserved);
    scree__base_store32(head + AT_LEGACY_COUNT, (uint32_t)writing->header->point_count);
    for (int i = 0; i < 5; i++)
        scree__base_store32(head + AT_LEGACY_RETURNS + 4 * i, old->return_counts[i]);
}

static enum scree_status go_on(struct scree__enrich_writing *writing, struct scree_error *err)
{
    const uint32_t common = common_bytes(writing->first_minor), whole = scree__las_header_bytes(4);
    const uint64_t behind = writing->head_bytes - common;
    if (whole + behind > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: its header of %" PRIu64
                                " bytes would have more than 65535 as one of LAS 1.4",
                                scree_source_name(writing->source), writing->head_bytes);
    enum scree_status status = scree__enrich_head_put(writing, NULL, whole - common, err);
    if (status != SCREE_OK)
        return status;
    uint8_t *head = writing->head;
    memmove(head + whole, head + common, (size_t)behind);
    memset(head + common, 0, whole - common);
    head[AT_VERSION_MINOR] = 4;
    scree__base_store16(head + AT_HEADER_BYTES, (uint16_t)(whole + behind));
    if (writing->first_minor < 2) /* whatever stands there was no global encoding */
        memset(head + AT_RESERVED, 0, sizeof writing->old_header.reserved);
    return SCREE_OK;
}

enum scree_status scree__enrich_version_change(struct scree__enrich_writing *writing,
                                               struct scree_error *err)
{
    if (writing->own.old_header.is)
        go_back(writing);
    return writing->old_header.is ? go_on(writing, err) : SCREE_OK;
}

void scree__enrich_version_count(struct scree__enrich_writing *writing, const uint8_t *records,
                                 uint32_t record_bytes, uint32_t count)
{
    const uint8_t mask = writing->header->point_format < 6 ? 7 : 15;
    uint64_t counts[16] = {0};
    for (uint32_t i = 0; i < count; i++)
        counts[records[(size_t)i * record_bytes + 14] & mask]++;
    for (int i = 1; i < 16; i++)
        if (counts[i] > 0)
            atomic_fetch_add_explicit(&writing->return_counts[i], counts[i], memory_order_relaxed);
}

void scree__enrich_version_finish(struct scree__enrich_writing *writing)
{
    const bool legacy = writing->header->point_format < 6; /* newer formats have no 32-bit counts */
    const uint64_t count = writing->header->point_count;
    uint8_t *head = writing->head;
    scree__base_store32(head + AT_LEGACY_COUNT, legacy ? (uint32_t)count : 0);
    scree__base_store64(head + AT_COUNT, count);
    for (int i = 0; i < 15; i++) {
        const uint64_t of_return = atomic_load(&writing->return_counts[i + 1]);
        scree__base_store64(head + AT_RETURNS + 8 * i, of_return);
        if (i < 5)
            scree__base_store32(head + AT_LEGACY_RETURNS + 4 * i, legacy ? (uint32_t)of_return : 0);
    }
}

void scree__enrich_version_tell(const struct scree__enrich_writing *writing, char *text,
                                size_t text_bytes)
{
    const struct scree__enrich_old_header *old = &writing->old_header;
    const uint32_t *returns = old->return_counts;
    text[0] = '\0';
    if (old->is)
        snprintf(text, text_bytes,
                 ",\"upgraded_from\":{\"version_minor\":%u,\"point_format\":%u,\"header_bytes\":%u,"
                 "\"bytes_6_7\":%u,\"return_counts\":[%u,%u,%u,%u,%u]}",
                 old->version_minor, writing->header->point_format, old->bytes,
                 scree__base_load16(old->reserved), returns[0], returns[1], returns[2], returns[3],
                 returns[4]);
}
