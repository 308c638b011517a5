/* manifest.c - a manifest's bytes. */
#include "vectors/manifest.h"
#include "vectors/svx_format.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <stdio.h>
#include <string.h>

static const uint8_t magic[8] = {0x89, 'S', 'V', 'M', 0x0D, 0x0A, 0x1A, 0x0A};

#define HEAD SCREE__VECTORS_MANIFEST_HEAD_BYTES
#define ENTRY SCREE__VECTORS_SEGMENT_BYTES

bool scree__vectors_is_manifest(const uint8_t *bytes)
{
    return memcmp(bytes, magic, sizeof magic) == 0;
}

bool scree__vectors_segment_name(const char *location, uint32_t number, char name[4096])
{
    bool url = scree_location_is_remote(location) && strncmp(location, "s3://", 5) != 0;
    size_t bytes = url ? strcspn(location, "?") : strlen(location);
    int length =
        snprintf(name, 4096, "%.*s.segment-%u%s", (int)bytes, location, number, location + bytes);
    return length > 0 && length < 4096;
}

/* ---------------------------------------------------------------------------------------- reading */

enum scree_status scree__vectors_manifest_length(const uint8_t *bytes, const char *name,
                                                 uint64_t *length, struct scree_error *err)
{
    *length = scree__base_load64(bytes + 16);
    if (scree__base_load16(bytes + 8) != 1 || scree__base_load32(bytes + 12) != 0)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: a manifest of version %u with features %x", name,
                                scree__base_load16(bytes + 8), scree__base_load32(bytes + 12));
    if (*length < HEAD + ENTRY + 4 || *length > (uint64_t)1 << 40)
        return scree__base_fail(err, SCREE_E_DATA, "%s: a manifest of %llu bytes cannot be", name,
                                (unsigned long long)*length);
    return SCREE_OK;
}

static bool within(uint64_t offset, uint64_t bytes, uint64_t begin, uint64_t end)
{
    return offset >= begin && offset <= end && bytes <= end - offset && offset % 64 == 0;
}

static bool ascending(const uint8_t *ids, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        if (scree__base_load64(ids + 8 * i) <= scree__base_load64(ids + 8 * (i - 1)))
            return false;
    }
    return true;
}

static const char *load_segment(const uint8_t *bytes, uint64_t begin, uint64_t end,
                                const uint8_t *p, struct scree__vectors_manifest_segment *segment)
{
    uint64_t image_at = scree__base_load64(p + 32), deleted_at = scree__base_load64(p + 48);
    segment->number = scree__base_load32(p);
    segment->columns_crc = scree__base_load32(p + 4);
    segment->file_bytes = scree__base_load64(p + 8);
    segment->least_id = scree__base_load64(p + 16);
    segment->most_id = scree__base_load64(p + 24);
    segment->image_bytes = scree__base_load64(p + 40);
    segment->deleted_count = scree__base_load64(p + 56);
    if (!within(image_at, segment->image_bytes, begin, end))
        return "the head of a segment lies outside";
    if (segment->deleted_count > end / 8 ||
        !within(deleted_at, 8 * segment->deleted_count, begin, end))
        return "deleted ids lie outside";
    segment->image = bytes + image_at;
    segment->deleted = bytes + deleted_at;
    return ascending(segment->deleted, segment->deleted_count) ? NULL
                                                               : "deleted ids are not in order";
}

static const char *load_all(const uint8_t *bytes, uint64_t end,
                            struct scree__vectors_manifest *manifest)
{
    manifest->generation = scree__base_load64(bytes + 24);
    manifest->segment_count = scree__base_load32(bytes + 32);
    manifest->next_number = scree__base_load32(bytes + 36);
    manifest->recalls_bytes = scree__base_load32(bytes + 40);
    uint64_t recalls_at = scree__base_load64(bytes + 48);
    if (manifest->segment_count < 1 || manifest->segment_count > SCREE__VECTORS_SEGMENTS_MAX)
        return "its number of segments cannot be";
    uint64_t begin = HEAD + manifest->segment_count * (uint64_t)ENTRY;
    if (begin > end || manifest->recalls_bytes % SCREE__VECTORS_RECALL_BYTES != 0 ||
        manifest->recalls_bytes > SCREE__VECTORS_RECALLS_MAX * SCREE__VECTORS_RECALL_BYTES ||
        !within(recalls_at, manifest->recalls_bytes, begin, end))
        return "segments or recalls lie outside";
    manifest->recalls = bytes + recalls_at;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        const char *fault = load_segment(bytes, begin, end, bytes + HEAD + (size_t)i * ENTRY,
                                         &manifest->segments[i]);
        if (fault != NULL)
            return fault;
        if (manifest->segments[i].number >= manifest->next_number ||
            (i > 0 && manifest->segments[i].number <= manifest->segments[i - 1].number))
            return "numbers of segments are not in order";
    }
    return NULL;
}

enum scree_status scree__vectors_manifest_load(const uint8_t *bytes, uint64_t byte_count,
                                               const char *name,
                                               struct scree__vectors_manifest *manifest,
                                               struct scree_error *err)
{
    memset(manifest, 0, sizeof *manifest);
    manifest->file_bytes = byte_count;
    uint64_t end = byte_count - 4;
    uint32_t found = scree__simd_crc32c(0, bytes, (size_t)end);
    if (found != scree__base_load32(bytes + end))
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: the manifest has the CRC %08x, expected %08x", name, found,
                                scree__base_load32(bytes + end));
    const char *fault = load_all(bytes, end, manifest);
    return fault == NULL ? SCREE_OK
                         : scree__base_fail(err, SCREE_E_DATA, "%s: manifest: %s", name, fault);
}

/* ---------------------------------------------------------------------------------------- writing */

struct writing {
    struct scree_sink *sink;
    uint64_t at;
    uint32_t crc;
};

static enum scree_status put(struct writing *w, const void *bytes, uint64_t count,
                             struct scree_error *err)
{
    if (count == 0)
        return SCREE_OK;
    w->crc = scree__simd_crc32c(w->crc, bytes, (size_t)count);
    w->at += count;
    return scree_sink_write(w->sink, bytes, (size_t)count, err);
}

static enum scree_status put_aligned(struct writing *w, const void *bytes, uint64_t count,
                                     struct scree_error *err)
{
    static const uint8_t zeros[64] = {0};
    enum scree_status status = put(w, zeros, (64 - w->at % 64) % 64, err);
    return status == SCREE_OK ? put(w, bytes, count, err) : status;
}

static void store_segment(const struct scree__vectors_manifest_segment *segment, uint64_t image_at,
                          uint64_t deleted_at, uint8_t p[ENTRY])
{
    memset(p, 0, ENTRY);
    scree__base_store32(p, segment->number);
    scree__base_store32(p + 4, segment->columns_crc);
    scree__base_store64(p + 8, segment->file_bytes);
    scree__base_store64(p + 16, segment->least_id);
    scree__base_store64(p + 24, segment->most_id);
    scree__base_store64(p + 32, image_at);
    scree__base_store64(p + 40, segment->image_bytes);
    scree__base_store64(p + 48, deleted_at);
    scree__base_store64(p + 56, segment->deleted_count);
}

/* Header and table, of places that follow from the sizes. */
static enum scree_status put_tables(struct writing *w,
                                    const struct scree__vectors_manifest *manifest,
                                    struct scree_error *err)
{
    uint8_t head[HEAD] = {0}, entry[ENTRY];
    uint64_t first = scree__vectors_align(HEAD + manifest->segment_count * (uint64_t)ENTRY, 64);
    uint64_t end = first;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        end = scree__vectors_align(end + manifest->segments[i].image_bytes, 64);
        end = scree__vectors_align(end + 8 * manifest->segments[i].deleted_count, 64);
    }
    memcpy(head, magic, sizeof magic);
    scree__base_store16(head + 8, 1);
    scree__base_store64(head + 16, end + manifest->recalls_bytes + 4);
    scree__base_store64(head + 24, manifest->generation);
    scree__base_store32(head + 32, manifest->segment_count);
    scree__base_store32(head + 36, manifest->next_number);
    scree__base_store32(head + 40, manifest->recalls_bytes);
    scree__base_store64(head + 48, end);
    enum scree_status status = put(w, head, sizeof head, err);
    uint64_t at = first;
    for (uint32_t i = 0; i < manifest->segment_count && status == SCREE_OK; i++) {
        const struct scree__vectors_manifest_segment *segment = &manifest->segments[i];
        uint64_t deleted_at = scree__vectors_align(at + segment->image_bytes, 64);
        store_segment(segment, at, deleted_at, entry);
        status = put(w, entry, sizeof entry, err);
        at = scree__vectors_align(deleted_at + 8 * segment->deleted_count, 64);
    }
    return status;
}

enum scree_status scree__vectors_manifest_write(const struct scree__vectors_manifest *manifest,
                                                struct scree_sink *sink, struct scree_error *err)
{
    struct writing w = {sink, 0, 0};
    uint8_t crc[4];
    enum scree_status status = put_tables(&w, manifest, err);
    for (uint32_t i = 0; i < manifest->segment_count && status == SCREE_OK; i++) {
        const struct scree__vectors_manifest_segment *segment = &manifest->segments[i];
        status = put_aligned(&w, segment->image, segment->image_bytes, err);
        if (status == SCREE_OK)
            status = put_aligned(&w, segment->deleted, 8 * segment->deleted_count, err);
    }
    if (status == SCREE_OK)
        status = put_aligned(&w, manifest->recalls, manifest->recalls_bytes, err);
    scree__base_store32(crc, w.crc);
    return status == SCREE_OK ? scree_sink_write(sink, crc, sizeof crc, err) : status;
}
