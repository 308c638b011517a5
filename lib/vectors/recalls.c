/* recalls.c - what an evaluation has found goes into the file: behind its end first, then by the superblock, so that it is the old file or the new one. */
#include "vectors/manifest.h"
#include "vectors/svx_inside.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/edit.h"
#include "simd/crc32c.h"

#include <stdlib.h>
#include <string.h>

/* By column, k, lists. */
static int compare(const void *a, const void *b)
{
    static const unsigned places[] = {0, 4, 8};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t x = scree__base_load32((const uint8_t *)a + places[i]);
        uint32_t y = scree__base_load32((const uint8_t *)b + places[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static void store(const struct scree_vectors_recall_info *from, uint32_t column,
                  uint32_t query_count, uint8_t *p)
{
    uint32_t bits;
    memcpy(&bits, &from->recall, sizeof bits);
    scree__base_store32(p, column);
    scree__base_store32(p + 4, from->k);
    scree__base_store32(p + 8, from->nprobe);
    scree__base_store32(p + 12, from->candidates);
    scree__base_store32(p + 16, bits);
    scree__base_store32(p + 20, query_count);
}

/* Old recalls of other columns or other k, and the new ones. */
static uint32_t gather(uint32_t old_bytes, const uint8_t *old, uint32_t column,
                       const struct scree_vectors_recall_info *points, uint32_t count,
                       uint32_t query_count, uint8_t *to)
{
    uint32_t used = 0;
    for (uint32_t at = 0; at < old_bytes; at += SCREE__VECTORS_RECALL_BYTES) {
        const uint8_t *p = old + at;
        if (scree__base_load32(p) == column && count > 0 &&
            scree__base_load32(p + 4) == points[0].k)
            continue;
        if (used + count < SCREE__VECTORS_RECALLS_MAX)
            memcpy(to + (size_t)used++ * SCREE__VECTORS_RECALL_BYTES, p,
                   SCREE__VECTORS_RECALL_BYTES);
    }
    for (uint32_t i = 0; i < count; i++)
        store(&points[i], column, query_count, to + (size_t)used++ * SCREE__VECTORS_RECALL_BYTES);
    qsort(to, used, SCREE__VECTORS_RECALL_BYTES, compare);
    return used;
}

static enum scree_status append(const char *path, uint64_t length, const uint8_t *old_super,
                                struct scree__vectors_super *super, const uint8_t *recalls,
                                struct scree_error *err)
{
    static const uint8_t zeros[SCREE__VECTORS_ALIGNMENT] = {0};
    struct scree__io_edit *edit = NULL;
    uint8_t bytes[SCREE__VECTORS_SUPER_BYTES];
    uint64_t end = super->file_bytes;
    super->recalls_offset = scree__vectors_align(end, SCREE__VECTORS_ALIGNMENT);
    super->recalls_crc = scree__simd_crc32c(0, recalls, super->recalls_bytes);
    super->file_bytes = super->recalls_offset + super->recalls_bytes;
    scree__vectors_super_store(super, bytes);
    enum scree_status status = scree__io_edit_open(path, length, end, &edit, err);
    if (status == SCREE_OK)
        status = scree__io_edit_append(edit, zeros, (size_t)(super->recalls_offset - end), err);
    if (status == SCREE_OK)
        status = scree__io_edit_append(edit, recalls, super->recalls_bytes, err);
    if (status == SCREE_OK)
        status = scree__io_edit_switch(edit, 0, bytes, old_super, sizeof bytes, err);
    scree__io_edit_close(edit);
    return status;
}

static enum scree_status read_old(const char *path, uint8_t *old_super,
                                  struct scree__vectors_super *super, uint8_t *old,
                                  uint64_t *length, struct scree_error *err)
{
    struct scree_source *source = NULL;
    enum scree_status status = scree_source_open_file(path, &source, err);
    if (status != SCREE_OK)
        return status;
    *length = scree_source_bytes(source);
    status = scree_source_read(source, 0, old_super, SCREE__VECTORS_SUPER_BYTES, err);
    if (status == SCREE_OK)
        status = scree__vectors_super_load(old_super, path, super, err);
    if (status == SCREE_OK && super->recalls_bytes > 0)
        status = scree_source_read(source, super->recalls_offset, old, super->recalls_bytes, err);
    if (status == SCREE_OK && super->recalls_bytes > 0 &&
        scree__simd_crc32c(0, old, super->recalls_bytes) != super->recalls_crc)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: recalls at byte %llu: a wrong CRC", path,
                                  (unsigned long long)super->recalls_offset);
    scree_source_close(source);
    return status;
}

static enum scree_status store_in_file(const char *path, uint32_t column,
                                       const struct scree_vectors_recall_info *points,
                                       uint32_t count, uint32_t query_count, uint8_t *old,
                                       uint8_t *all, struct scree_error *err)
{
    uint8_t old_super[SCREE__VECTORS_SUPER_BYTES];
    struct scree__vectors_super super;
    uint64_t length = 0;
    enum scree_status status = read_old(path, old_super, &super, old, &length, err);
    if (status == SCREE_OK && column >= super.column_count)
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has no column %u", path, column);
    if (status != SCREE_OK)
        return status;
    super.recalls_bytes = SCREE__VECTORS_RECALL_BYTES *
                          gather(super.recalls_bytes, old, column, points, count, query_count, all);
    return append(path, length, old_super, &super, all, err);
}

static enum scree_status store_in_manifest(const char *path, uint32_t column,
                                           const struct scree_vectors_recall_info *points,
                                           uint32_t count, uint32_t query_count, uint8_t *all,
                                           struct scree_error *err)
{
    struct scree__vectors_manifest_edit edit;
    enum scree_status status = scree__vectors_manifest_begin(path, NULL, &edit, err);
    if (status == SCREE_OK) {
        edit.manifest->recalls_bytes = SCREE__VECTORS_RECALL_BYTES *
                                       gather(edit.manifest->recalls_bytes, edit.manifest->recalls,
                                              column, points, count, query_count, all);
        edit.manifest->recalls = all;
        status = scree__vectors_manifest_commit(&edit, err);
    }
    scree__vectors_manifest_release(&edit);
    return status;
}

enum scree_status scree_vectors_recalls_store(const char *path, uint32_t column,
                                              const struct scree_vectors_recall_info *points,
                                              uint32_t count, uint32_t query_count,
                                              struct scree_error *err)
{
    const uint64_t bytes = SCREE__VECTORS_RECALLS_MAX * SCREE__VECTORS_RECALL_BYTES;
    void *memory;
    bool several;
    if (count > 256)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%u recalls; expected at most 256", count);
    enum scree_status status = scree__vectors_path_is_manifest(path, &several, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(NULL, 2 * bytes, &memory, "recalls", err);
    if (status != SCREE_OK)
        return status;
    uint8_t *old = memory, *all = old + bytes;
    status = several ? store_in_manifest(path, column, points, count, query_count, all, err)
                     : store_in_file(path, column, points, count, query_count, old, all, err);
    scree__mem_free(NULL, memory, 2 * bytes);
    return status;
}

static enum scree_status copy_from_manifest(const uint8_t *bytes, uint64_t byte_count,
                                            const char *name,
                                            struct scree__vectors_manifest *manifest,
                                            struct scree__mem_budget *budget, void **memory,
                                            uint64_t *count, struct scree_error *err)
{
    enum scree_status status = scree__vectors_manifest_load(bytes, byte_count, name, manifest, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, manifest->recalls_bytes, memory, "recalls", err);
    if (status != SCREE_OK)
        return status;
    *count = manifest->recalls_bytes;
    if (*count > 0)
        memcpy(*memory, manifest->recalls, manifest->recalls_bytes);
    return status;
}

enum scree_status scree__vectors_recalls_copy(struct scree__vectors_svx *svx,
                                              struct scree__mem_budget *budget, void **memory,
                                              uint64_t *bytes, struct scree_error *err)
{
    void *all = NULL, *manifest = NULL;
    enum scree_status status;
    *memory = NULL;
    *bytes = 0;
    if (svx->manifest_bytes == 0) {
        uint64_t count = svx->super.recalls_bytes;
        status = scree__mem_alloc(budget, count, memory, "recalls", err);
        if (status == SCREE_OK)
            *bytes = count;
        return status == SCREE_OK ? scree_source_read(svx->source, svx->super.recalls_offset,
                                                      *memory, (size_t)count, err)
                                  : status;
    }
    status = scree__mem_alloc(budget, svx->manifest_bytes, &all, "manifest", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, sizeof(struct scree__vectors_manifest), &manifest,
                                  "manifest", err);
    if (status == SCREE_OK)
        status = scree_source_read(svx->source, 0, all, (size_t)svx->manifest_bytes, err);
    if (status == SCREE_OK)
        status = copy_from_manifest(all, svx->manifest_bytes, scree_source_name(svx->source),
                                    manifest, budget, memory, bytes, err);
    scree__mem_free(budget, all, svx->manifest_bytes);
    scree__mem_free(budget, manifest, sizeof(struct scree__vectors_manifest));
    return status;
}
