/* deletions.c - reading and replacing INDEX.del; the superblock is told once, after the file is there. */
#include "vectors/deletions.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/edit.h"
#include "simd/crc32c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = {0x89, 'S', 'V', 'D', 0x0D, 0x0A, 0x1A, 0x0A};

#define HEAD_BYTES 24u /* magic, u32 version, u32 CRC of the index's column table, u64 count */
#define COUNT_MAX ((uint64_t)1 << 40)

bool scree__vectors_deletions_name(const char *location, char name[4096])
{
    bool url = scree_location_is_remote(location) && strncmp(location, "s3://", 5) != 0;
    size_t bytes = url ? strcspn(location, "?") : strlen(location);
    int length = snprintf(name, 4096, "%.*s.del%s", (int)bytes, location, location + bytes);
    return length > 0 && length < 4096;
}

static enum scree_status check(const uint8_t *bytes, uint64_t length, uint32_t columns_crc,
                               const char *name, struct scree_error *err)
{
    if (length < HEAD_BYTES + 4 || memcmp(bytes, magic, sizeof magic) != 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: not a list of deleted ids", name);
    if (scree__simd_crc32c(0, bytes, length - 4) != scree__base_load32(bytes + length - 4))
        return scree__base_fail(err, SCREE_E_DATA, "%s: another CRC than its last four bytes say",
                                name);
    if (scree__base_load32(bytes + 8) != 1)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: version %u of the format", name,
                                scree__base_load32(bytes + 8));
    if (scree__base_load32(bytes + 12) != columns_crc)
        return scree__base_fail(err, SCREE_E_DATA, "%s: belongs to another index", name);
    uint64_t count = scree__base_load64(bytes + 16);
    if (count > COUNT_MAX || HEAD_BYTES + 8 * count + 4 != length)
        return scree__base_fail(err, SCREE_E_DATA, "%s: %llu ids do not make %llu bytes", name,
                                (unsigned long long)count, (unsigned long long)length);
    return SCREE_OK;
}

enum scree_status scree__vectors_deletions_read(struct scree_source *source, uint32_t columns_crc,
                                                struct scree__mem_budget *budget, uint64_t **ids,
                                                uint64_t *count, struct scree_error *err)
{
    void *bytes = NULL, *memory = NULL;
    const char *name = scree_source_name(source);
    uint64_t length = scree_source_bytes(source);
    enum scree_status status = scree__mem_alloc(budget, length, &bytes, "deleted ids", err);
    if (status == SCREE_OK)
        status = scree_source_read(source, 0, bytes, (size_t)length, err);
    if (status == SCREE_OK)
        status = check(bytes, length, columns_crc, name, err);
    if (status == SCREE_OK) {
        *count = scree__base_load64((uint8_t *)bytes + 16);
        status = scree__mem_alloc(budget, 8 * *count, &memory, "deleted ids", err);
        *ids = memory;
    }
    for (uint64_t i = 0; status == SCREE_OK && i < *count; i++) {
        (*ids)[i] = scree__base_load64((uint8_t *)bytes + HEAD_BYTES + 8 * i);
        if (i > 0 && (*ids)[i] <= (*ids)[i - 1])
            status = scree__base_fail(err, SCREE_E_DATA, "%s: its ids are not in order", name);
    }
    if (status != SCREE_OK && memory != NULL) {
        scree__mem_free(budget, memory, 8 * *count);
        *ids = NULL;
    }
    scree__mem_free(budget, bytes, length);
    return status;
}

enum scree_status scree__vectors_deletions_load(struct scree__vectors_svx *svx,
                                                const char *location,
                                                const struct scree_source_options *options,
                                                struct scree_error *err)
{
    char name[4096];
    struct scree_source *source = NULL;
    /* Those of an index of several files are in its manifest. */
    if (svx->manifest_bytes > 0 || (svx->super.features & SCREE__VECTORS_FEATURE_DELETIONS) == 0)
        return SCREE_OK;
    if (location == NULL || !scree__vectors_deletions_name(location, name))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: has deletions, in a file that only a location leads to",
                                scree_source_name(svx->source));
    enum scree_status status = scree_source_open(name, options, &source, err);
    if (status != SCREE_OK) {
        scree__base_error_prefix(err, "%s has deletions", scree_source_name(svx->source));
        return status;
    }
    struct scree__vectors_segment *segment = &svx->segments[0];
    status = scree__vectors_deletions_read(source, svx->super.columns_crc, svx->budget,
                                           &segment->deleted, &segment->deleted_count, err);
    if (status != SCREE_OK)
        segment->deleted_count = 0;
    segment->deleted_bytes = 8 * segment->deleted_count;
    scree_source_close(source);
    return status;
}

/* ---------------------------------------------------------------------------------------- deleting */

static int compare_ids(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static enum scree_status write_ids(const char *name, uint32_t columns_crc, const uint64_t *ids,
                                   uint64_t count, struct scree_error *err)
{
    uint8_t head[HEAD_BYTES], word[8];
    struct scree_sink *sink = NULL;
    enum scree_status status = scree_sink_open_file(name, true, &sink, err);
    if (status != SCREE_OK)
        return status;
    memcpy(head, magic, sizeof magic);
    scree__base_store32(head + 8, 1);
    scree__base_store32(head + 12, columns_crc);
    scree__base_store64(head + 16, count);
    uint32_t crc = scree__simd_crc32c(0, head, sizeof head);
    status = scree_sink_write(sink, head, sizeof head, err);
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        scree__base_store64(word, ids[i]);
        crc = scree__simd_crc32c(crc, word, sizeof word);
        status = scree_sink_write(sink, word, sizeof word, err);
    }
    scree__base_store32(word, crc);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, word, 4, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    return status;
}

/* The superblock with the bit set, in place. */
static enum scree_status set_feature(const char *path, uint64_t length, const uint8_t *old,
                                     struct scree__vectors_super *super, struct scree_error *err)
{
    uint8_t bytes[SCREE__VECTORS_SUPER_BYTES];
    struct scree__io_edit *edit = NULL;
    super->features |= SCREE__VECTORS_FEATURE_DELETIONS;
    scree__vectors_super_store(super, bytes);
    enum scree_status status = scree__io_edit_open(path, length, super->file_bytes, &edit, err);
    if (status == SCREE_OK)
        status = scree__io_edit_switch(edit, 0, bytes, old, sizeof bytes, err);
    scree__io_edit_close(edit);
    return status;
}

static enum scree_status read_super(const char *path, uint8_t *bytes,
                                    struct scree__vectors_super *super, uint64_t *length,
                                    struct scree_error *err)
{
    struct scree_source *source = NULL;
    enum scree_status status = scree_source_open_file(path, &source, err);
    if (status != SCREE_OK)
        return status;
    *length = scree_source_bytes(source);
    status = scree_source_read(source, 0, bytes, SCREE__VECTORS_SUPER_BYTES, err);
    if (status == SCREE_OK)
        status = scree__vectors_super_load(bytes, path, super, err);
    scree_source_close(source);
    return status;
}

/* Old and new ones, each once. */
static uint64_t unite(uint64_t *ids, uint64_t count)
{
    uint64_t kept = 0;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (uint64_t i = 0; i < count; i++) {
        if (kept == 0 || ids[i] != ids[kept - 1])
            ids[kept++] = ids[i];
    }
    return kept;
}

/* In a manifest: of each segment the ids that its range allows. */
static enum scree_status delete_in_manifest(const char *path, uint64_t *ids, uint64_t count,
                                            struct scree__mem_budget *budget,
                                            uint64_t *deleted_count, struct scree_error *err)
{
    struct scree__vectors_manifest_edit edit;
    void *memory = NULL;
    enum scree_status status = scree__vectors_manifest_begin(path, budget, &edit, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, sizeof(struct scree__vectors_id_changes), &memory,
                                  "deleted ids", err);
    struct scree__vectors_id_changes *changes = memory;
    if (status == SCREE_OK) {
        memset(changes, 0, sizeof *changes);
        status = scree__vectors_ids_delete(edit.manifest, ids, count, budget, changes, err);
    }
    *deleted_count = 0;
    for (uint32_t i = 0; status == SCREE_OK && i < edit.manifest->segment_count; i++)
        *deleted_count += edit.manifest->segments[i].deleted_count;
    if (status == SCREE_OK)
        status = scree__vectors_manifest_commit(&edit, err);
    if (changes != NULL)
        scree__vectors_id_changes_release(changes, budget);
    scree__mem_free(budget, changes, sizeof *changes);
    scree__vectors_manifest_release(&edit);
    return status;
}

static enum scree_status delete_beside(const char *path, const char *name, const uint64_t *ids,
                                       uint64_t count, struct scree__mem_budget *budget,
                                       uint64_t *deleted_count, struct scree_error *err)
{
    uint8_t bytes[SCREE__VECTORS_SUPER_BYTES];
    struct scree__vectors_super super;
    uint64_t *old = NULL, old_count = 0, length = 0;
    void *memory = NULL;
    enum scree_status status = read_super(path, bytes, &super, &length, err);
    bool has = status == SCREE_OK && (super.features & SCREE__VECTORS_FEATURE_DELETIONS) != 0;
    struct scree_source *source = NULL;
    if (status == SCREE_OK && has)
        status = scree_source_open_file(name, &source, err);
    if (status == SCREE_OK && has)
        status =
            scree__vectors_deletions_read(source, super.columns_crc, budget, &old, &old_count, err);
    scree_source_close(source);
    uint64_t all_bytes = 8 * (old_count + count);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, all_bytes, &memory, "deleted ids", err);
    if (status == SCREE_OK && all_bytes > 0) {
        uint64_t *all = memory;
        if (old_count > 0)
            memcpy(all, old, 8 * old_count);
        if (count > 0)
            memcpy(all + old_count, ids, 8 * count);
        *deleted_count = unite(all, old_count + count);
        status = write_ids(name, super.columns_crc, all, *deleted_count, err);
    }
    if (status == SCREE_OK && !has && all_bytes > 0)
        status = set_feature(path, length, bytes, &super, err);
    scree__mem_free(budget, memory, all_bytes);
    scree__mem_free(budget, old, 8 * old_count);
    return status;
}

enum scree_status scree_vectors_delete(struct scree_context *context, const char *path,
                                       const uint64_t *ids, uint64_t count, uint64_t *deleted_count,
                                       struct scree_error *err)
{
    char name[4096];
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *copy = NULL;
    bool several;
    if (scree_location_is_remote(path) || !scree__vectors_deletions_name(path, name))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: only a local index can be changed",
                                path);
    enum scree_status status = scree__vectors_path_is_manifest(path, &several, err);
    if (status != SCREE_OK)
        return status;
    if (!several)
        return delete_beside(path, name, ids, count, budget, deleted_count, err);
    status = scree__mem_alloc(budget, 8 * count, &copy, "deleted ids", err);
    if (status == SCREE_OK && count > 0)
        memcpy(copy, ids, 8 * count);
    if (status == SCREE_OK)
        status = delete_in_manifest(path, copy, count, budget, deleted_count, err);
    scree__mem_free(budget, copy, 8 * count);
    return status;
}

/* ------------------------------------------------------------------------------- in a manifest */

static enum scree_status add_ids(struct scree__vectors_manifest_segment *segment,
                                 const uint64_t *ids, uint64_t count,
                                 struct scree__mem_budget *budget,
                                 struct scree__vectors_id_changes *changes, uint32_t at,
                                 struct scree_error *err)
{
    uint64_t bytes = 8 * (segment->deleted_count + count), used = 0, old = 0;
    void *memory;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "deleted ids", err);
    if (status != SCREE_OK)
        return status;
    uint8_t *to = memory;
    for (uint64_t i = 0; i < count || old < segment->deleted_count;) {
        uint64_t a = i < count ? ids[i] : UINT64_MAX, b = UINT64_MAX;
        if (old < segment->deleted_count)
            b = scree__base_load64(segment->deleted + 8 * old);
        bool from_old = i == count || (old < segment->deleted_count && b <= a);
        scree__base_store64(to + 8 * used++, from_old ? b : a);
        old += from_old;
        i += i < count && (!from_old || a == b);
    }
    changes->deleted_count += used - segment->deleted_count;
    scree__mem_free(budget, changes->deleted[at], changes->deleted_bytes[at]);
    changes->deleted[at] = to;
    changes->deleted_bytes[at] = bytes;
    segment->deleted = to;
    segment->deleted_count = used;
    return SCREE_OK;
}

enum scree_status scree__vectors_ids_delete(struct scree__vectors_manifest *manifest, uint64_t *ids,
                                            uint64_t count, struct scree__mem_budget *budget,
                                            struct scree__vectors_id_changes *changes,
                                            struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    count = count > 0 ? unite(ids, count) : 0;
    for (uint32_t i = 0; i < manifest->segment_count && status == SCREE_OK; i++) {
        struct scree__vectors_manifest_segment *segment = &manifest->segments[i];
        uint64_t first = 0, end = count;
        while (first < end && ids[first] < segment->least_id)
            first++;
        while (end > first && ids[end - 1] > segment->most_id)
            end--;
        if (end > first)
            status = add_ids(segment, ids + first, end - first, budget, changes, i, err);
    }
    return status;
}

void scree__vectors_id_changes_release(struct scree__vectors_id_changes *changes,
                                       struct scree__mem_budget *budget)
{
    for (uint32_t i = 0; i < SCREE__VECTORS_SEGMENTS_MAX; i++)
        scree__mem_free(budget, changes->deleted[i], changes->deleted_bytes[i]);
    for (unsigned i = 0; i < 2; i++)
        scree__mem_free(budget, (void *)(uintptr_t)changes->images[i], changes->image_bytes[i]);
    scree__mem_free(budget, (void *)(uintptr_t)changes->recalls, changes->recalls_bytes);
    memset(changes, 0, sizeof *changes);
}
